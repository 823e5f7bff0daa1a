#!/bin/sh
# The tests that launch kernels, and the benchmark, on a machine with a CUDA device; no network is
# asked for anything. In under three minutes.
#
#     tests/gpu/run.sh [WHEELS]
#
# WHEELS is a folder of wheels that are installed beside what the machine's Python has: this
# project's (python -m build --wheel) and what is missing there, among chainrule[cuda], pytest and
# hypothesis (python -m pip download -d WHEELS "chainrule[cuda]" pytest). Without it this checkout is
# tested as it stands. CuPy, PyTorch, JAX and Numba are tested where they can be imported.
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
CHAINRULE_GPU=required timeout 100 "$python" -m pytest -q -p no:cacheprovider \
    --rootdir "$project" -c "$project/pyproject.toml" -m gpu "$here"
timeout 80 "$python" "$here/benchmark.py"
