"""Rows that are spread over a cluster: `vmap` of Dask arrays, chunk by chunk."""
