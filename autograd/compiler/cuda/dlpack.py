"""DLPack's structures, by which libraries hand arrays to each other: read, and made.

See dlpack.h, of version 0.8, which all libraries understand: a capsule named "dltensor" with a
tensor and the function that frees it; whoever takes it over renames it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any, Final, NamedTuple

__all__ = ["CUDA", "capsule_of", "packed_strides", "tensor_in"]

CUDA: Final = 2
"""DLPack's number for the memory of a CUDA device."""
FLOAT: Final = 2
LETTERS: Final = {0: "i", 1: "u", FLOAT: "f", 4: "b", 6: "b"}
"""By DLPack's number of a type. 4 is bfloat16, whose two bytes tell it from 6, bools of one."""
NAME, USED = b"dltensor", b"used_dltensor"


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device", ctypes.c_int32),
        ("axes", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))

_LENT: Final[dict[int, tuple[Any, ...]]] = {}
"""What a tensor that was handed out consists of, by its address, until its user frees it."""


class _Capsules(NamedTuple):
    """Python's own functions for capsules."""

    make: Any
    pointer: Any
    pointer_late: Any
    """The same, of a capsule that is being freed: by its address."""
    is_valid: Any


@cache
def _capsules() -> _Capsules:
    """Looked up when an array is first handed over, since PyPy, which has no such array, has none
    of these functions either."""
    word, text, thing = ctypes.c_void_p, ctypes.c_char_p, ctypes.py_object
    return _Capsules(
        _api("PyCapsule_New", thing, word, text, word),
        _api("PyCapsule_GetPointer", word, thing, text),
        _api("PyCapsule_GetPointer", word, word, text),
        _api("PyCapsule_IsValid", ctypes.c_int, word, text),
    )


def _api(name: str, result: Any, *arguments: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


def _free(managed: Any) -> None:
    _LENT.pop(ctypes.addressof(managed.contents), None)


def _forget(capsule: int) -> None:
    """A capsule goes that nobody took the tensor from."""
    if _capsules().is_valid(capsule, NAME):
        _LENT.pop(_capsules().pointer_late(capsule, NAME), None)


# As long as the process: C calls them.
_FREE: Final = _Deleter(_free)
_FORGET: Final = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(_forget)


def packed_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """In the order of C, in numbers."""
    return tuple([prod(shape[k + 1 :]) for k in range(len(shape))])


def capsule_of(owner: Any, pointer: int, device: int, shape: Sequence[int]) -> Any:
    """Doubles in the memory of a CUDA device, in the order of C, to be handed out; the owner lives
    as long as they are used."""
    sizes = (ctypes.c_int64 * max(len(shape), 1))(*shape)
    strides = (ctypes.c_int64 * max(len(shape), 1))(*packed_strides(shape))
    managed = _Managed(
        _Tensor(pointer, CUDA, device, len(shape), FLOAT, 64, 1, sizes, strides, 0), None, _FREE
    )
    address = ctypes.addressof(managed)
    _LENT[address] = (managed, sizes, strides, owner)
    return _capsules().make(address, NAME, ctypes.cast(_FORGET, ctypes.c_void_p))


def tensor_in(capsule: Any) -> tuple[int, tuple[int, ...], tuple[int, ...], str]:
    """What a capsule holds: the address, the shape, the strides in numbers, and their type as in an
    array interface. The capsule owns it as long as it lives. TypeError for other types."""
    found = ctypes.cast(
        _capsules().pointer(capsule, NAME), ctypes.POINTER(_Managed)
    ).contents.tensor
    letter = LETTERS.get(found.code)
    if letter is None or found.lanes != 1 or found.bits % 8:
        raise TypeError(f"numbers of DLPack's type {found.code} with {found.bits} bits")
    shape = tuple(found.shape[: found.axes])
    strides = tuple(found.strides[: found.axes]) if found.strides else packed_strides(shape)
    size = found.bits // 8
    kind = f"{'|' if size == 1 else '<'}{letter}{size}"
    return (found.data or 0) + found.offset, shape, strides, kind
