#!/bin/sh
# The tests that launch kernels, and the benchmark, on a machine with a CUDA device; no network is
# asked for anything. In under three minutes.
#
#     tests/gpu/run.sh [WHEELS]
#
# WHEELS is a folder of wheels that are installed beside what the machine's Python has: this
# project's, and what is missing there. Where there is a network, and a Python of the same version,
#
#     python -m pip wheel -w WHEELS ".[cuda]" pytest hypothesis
#
# makes and fetches all of them; delete those that the machine has. Without WHEELS this checkout is
# tested as it stands. CuPy, PyTorch, JAX and Numba are tested where they can be imported.
#
# Where there is no device it compiles kernels, as everywhere, and ends with the error that says so:
# what the wheels lack is found out before the machine with the device is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3}
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT

if [ "$#" -gt 0 ]; then
    "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$site" "$1"/*.whl
    export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
else
    export PYTHONPATH="$project${PYTHONPATH:+:$PYTHONPATH}"
fi
export XLA_PYTHON_CLIENT_PREALLOCATE=false CHAINRULE_CUDA_CACHE="$site/kernels"
cd "$site" # where no checkout is imported by chance

"$python" -c "import autograd; print('chainrule', autograd.__version__, 'from', autograd.__file__)"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
timeout 30 "$python" -m pytest -q -p no:cacheprovider --rootdir "$project" \
    -c "$project/pyproject.toml" -k nvrtc "$here/../test_cuda_kernels.py"
"$python" -c "from autograd.compiler.cuda.driver import the_driver as driver
print('a driver of CUDA', *driver().version())"
# Warnings of the libraries tried here are theirs.
CHAINRULE_GPU=required timeout 80 "$python" -m pytest -q -p no:cacheprovider -W default \
    --rootdir "$project" -c "$project/pyproject.toml" -m gpu "$here"
timeout 90 "$python" "$here/benchmark.py"
