"""A program as a CUDA kernel, a thread for each row: written, compiled by NVRTC, launched by the
driver."""
