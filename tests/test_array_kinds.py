"""Where the arrays of a call are, told by what they are: no library of a device is needed."""

import subprocess
import sys
from dataclasses import dataclass

import numpy
import pytest

from autograd import Value, vmap
from autograd.compiler.array_kinds import array_kind


class Tensor:
    """As PyTorch's and JAX's arrays: the attribute is the class's, and raises off the device."""

    shape = (3,)

    def __init__(self, device):
        self.device = device

    @property
    def __cuda_array_interface__(self):
        if self.device != 2:
            raise AttributeError("not on a CUDA device")
        return {"shape": (3,), "typestr": "<f8", "version": 3}

    def __dlpack__(self):
        raise NotImplementedError

    def __dlpack_device__(self):
        return (self.device, 0)


class Capsule:
    """As arrays that know DLPack alone."""

    def __init__(self, device):
        self.device = device

    def __dlpack__(self):
        raise NotImplementedError

    def __dlpack_device__(self):
        return (self.device, 0)


@dataclass
class Params:
    w: object
    b: float


@pytest.mark.parametrize(
    ("arrays", "kind"),
    [
        ((), "numpy"),
        ((1.0, 2, True, None, "text", Value(3.0)), "numpy"),
        ((numpy.zeros(3), [1.0, {"w": numpy.zeros(2)}]), "numpy"),
        ((Tensor(1),), "numpy"),
        ((Capsule(1), Capsule(10)), "numpy"),  # the CPU, and a device that is not CUDA's
        ((Tensor(2), 1.0), "cuda"),
        ((Capsule(2),), "cuda"),
        ((Capsule(13),), "cuda"),
        (({"a": [1.0, (Tensor(2),)]},), "cuda"),
        ((Params(Tensor(2), 1.0),), "cuda"),
    ],
)
def test_arrays_are_found_in_every_nesting(arrays, kind):
    assert array_kind(arrays, {}) == kind
    assert array_kind((), {f"x{i}": x for i, x in enumerate(arrays)}) == kind


def test_a_device_array_beside_one_of_the_cpu_is_refused():
    with pytest.raises(TypeError, match=r"on a CUDA device and a numpy ndarray of shape \(5,\)"):
        vmap(lambda x, y: x * y)(Tensor(2), numpy.zeros(5))


def test_dask_arrays_are_told_from_others():
    da = pytest.importorskip("dask.array")
    rows = da.zeros((4,), chunks=2)
    assert array_kind((rows, numpy.zeros(4)), {}) == "dask"
    with pytest.raises(TypeError, match=r"and a dask Array of shape \(4,\) of Dask"):
        array_kind((rows, Tensor(2)), {})


def test_asking_imports_no_library():
    """Neither Dask nor any library of a device is loaded by a call of vmap."""
    code = (
        "import sys, numpy; from autograd import vmap\n"
        "vmap(lambda x: x * x)(numpy.ones(3))\n"
        "print(*[n for n in ('dask', 'cupy', 'torch', 'jax', 'numba') if n in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == []
