"""Where the arrays of a call are: in this process's memory, in the chunks of a Dask array, or on a
CUDA device. Told by what the objects are, without importing anybody's library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from autograd.engine.loaded_modules import loaded
from autograd.engine.value import Value
from autograd.transforms.tree import is_array, opened

__all__ = ["Kind", "array_kind", "is_dask", "is_on_cuda"]

Kind = Literal["numpy", "dask", "cuda"]

PLAIN: Final = frozenset([float, int, bool, Value, str, type(None)])
CUDA_DEVICES: Final = (2, 13)
"""DLPack's numbers for memory of a CUDA device, and for memory that it manages (dlpack.h)."""


def array_kind(args: tuple[Any, ...], keywords: dict[str, Any]) -> Kind:
    """Where the arrays in the arguments of a call are; "numpy" also where there is none.

    NumPy arrays may stand beside Dask's, to which they are handed out. TypeError for arrays on a
    device beside others: which of the two would have to move is the caller's to say.

    >>> array_kind((1.0, [2.0, {"w": 3.0}]), {})
    'numpy'
    """
    firsts: dict[Kind, Any] = {}
    _look(args, firsts)
    if keywords:
        _look(keywords.values(), firsts)
    if "cuda" in firsts and len(firsts) > 1:
        raise _mixture(firsts)
    return "cuda" if "cuda" in firsts else "dask" if "dask" in firsts else "numpy"


def _look(parts: Iterable[Any], firsts: dict[Kind, Any]) -> None:
    """Note the first array of every kind in a nesting."""
    for x in parts:
        if type(x) in PLAIN:
            continue
        if is_array(x):
            firsts.setdefault("numpy", x)
        elif is_dask(x):
            firsts.setdefault("dask", x)
        elif is_on_cuda(x):
            firsts.setdefault("cuda", x)
        else:
            _look(opened(x)[0], firsts)


def is_dask(x: Any) -> bool:
    """Whether it is a collection of Dask's: an array, a data frame, something delayed."""
    return loaded("dask") is not None and hasattr(type(x), "__dask_graph__")


def is_on_cuda(x: Any) -> bool:
    """Whether it is an array in the memory of a CUDA device, of whichever library."""
    kind = type(x)
    has_interface = hasattr(kind, "__cuda_array_interface__")  # as all of PyTorch's and JAX's
    if has_interface and getattr(x, "__cuda_array_interface__", None) is not None:
        return True
    if not hasattr(kind, "__dlpack__"):
        return False
    device: Callable[[], tuple[int, int]] | None = getattr(x, "__dlpack_device__", None)
    return device is not None and int(device()[0]) in CUDA_DEVICES


def _mixture(firsts: dict[Kind, Any]) -> TypeError:
    device = _described(firsts["cuda"])
    if "dask" in firsts:
        return TypeError(
            f"one call got {device} on a CUDA device and {_described(firsts['dask'])} of Dask, "
            "which is elsewhere; pass what is on the device as a NumPy array, or compute the other "
            "one and put it on the device"
        )
    return TypeError(
        f"one call got {device} on a CUDA device and {_described(firsts['numpy'])} in the memory "
        "of the CPU; put all arrays on the device (cupy.asarray, tensor.cuda()), or none"
    )


def _described(x: Any) -> str:
    shape = getattr(x, "shape", None)
    written = "" if shape is None else f" of shape {tuple(shape)}"
    return f"a {type(x).__module__.partition('.')[0]} {type(x).__name__}{written}"
