"""NumPy's functions that move elements about, or do with them what Python's operators can: NumPy
itself runs them, on plain object arrays.

Those that fill an array in place need one that can hold Values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy

from autograd.arrays.elements import Array, advise_object, has_values, objects, plain
from autograd.arrays.refusals import refused
from autograd.arrays.ufuncs import DOUBLES

__all__ = ["ANSWERS", "LIKE", "PASSED", "run_by_numpy"]

# Elements go where they belong, or are added and multiplied by NumPy's own text.
PASSED: Final = """
    append apply_along_axis apply_over_axes argwhere array2string array_repr array_split array_str
    atleast_1d atleast_2d atleast_3d block broadcast_arrays broadcast_to can_cast choose
    column_stack compress concat concatenate copy cross delete diag diag_indices_from diagflat
    diagonal diff dsplit dstack ediff1d einsum expand_dims extract flatnonzero flip
    fliplr flipud hsplit hstack insert iscomplexobj isrealobj kron matrix_transpose
    may_share_memory meshgrid moveaxis ndim nonzero permute_dims piecewise polyadd polyder
    polyint polymul polysub ravel repeat require reshape resize result_type roll rollaxis rot90
    row_stack select shape shares_memory size split squeeze stack swapaxes take take_along_axis
    tile transpose trapezoid trapz tri tril tril_indices_from trim_zeros triu triu_indices_from
    unstack vander vsplit vstack fft.fftshift fft.ifftshift linalg.cross linalg.diagonal
    linalg.matrix_transpose
"""

PADDINGS: Final = ("constant", "edge", "reflect", "symmetric", "wrap", "empty")


def run_by_numpy(function: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's own implementation, for which these are plain arrays."""
    return _run(function, tuple(map(plain, args)), {name: plain(x) for name, x in kwargs.items()})


def _run(function: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    nobody = numpy.empty(0)
    try:
        return numpy.ndarray.__array_function__(nobody, function, (numpy.ndarray,), given, named)
    except AttributeError as error:  # an element is asked for what only arrays have
        raise refused(f"numpy.{function.__name__}, called like this,") from error


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Array:
    if not callable(mode) and mode not in PADDINGS:
        raise TypeError(
            f"numpy.pad of Values has no mode {mode!r}; there are {', '.join(PADDINGS)}, and "
            "numpy.concatenate"
        )
    return numpy.pad(objects(array), pad_width, mode, **kwargs)


# -- new arrays ------------------------------------------------------------------------------------


def _zeros_like(a: Any, dtype: Any = None, shape: Any = None) -> Any:
    return _full_like(a, 0.0, dtype, shape)


def _ones_like(a: Any, dtype: Any = None, shape: Any = None) -> Any:
    return _full_like(a, 1.0, dtype, shape)


def _empty_like(prototype: Any, dtype: Any = None, shape: Any = None) -> Any:
    return _full_like(prototype, 0.0, dtype, shape)


def _full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    given = numpy.shape(numpy.asarray(a)) if shape is None else shape
    if dtype is not None and numpy.dtype(dtype).str[1:] not in DOUBLES:
        return numpy.full(given, fill_value, dtype)
    out = numpy.empty(given, object)
    out[...] = objects(fill_value)
    return out


# What takes the place of `numpy.array(x, like=a)` and its kin, where `a` is an array of ours.
LIKE: Final = """
    array asarray asanyarray ascontiguousarray asfortranarray require zeros ones full empty eye
    identity arange tri fromiter fromfunction
"""


# -- in place --------------------------------------------------------------------------------------

IN_PLACE: Final = ("copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis")


def _in_place(name: str) -> Callable[..., Any]:
    function = getattr(numpy, name)

    def answer(target: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(target, numpy.ndarray):
            raise TypeError(f"numpy.{name}: the first argument is the array to be changed")
        given = [plain(x) for x in args]
        named = {key: plain(x) for key, x in kwargs.items()}
        holding = any(
            isinstance(x, numpy.ndarray) and x.dtype == object and has_values(x)
            for x in (*given, *named.values())
        )
        if target.dtype != object and holding:
            raise advise_object(f"numpy.{name}: an array of {target.dtype} can't hold Values")
        if name == "copyto":
            named.setdefault("casting", "unsafe")
        changed = target.view(numpy.ndarray)
        out = _run(function, (changed, *given), named)
        if changed.dtype == object:
            changed[...] = objects(changed)  # every number a double
        return out

    return answer


ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    "pad": _pad,
    "zeros_like": _zeros_like,
    "empty_like": _empty_like,
    "ones_like": _ones_like,
    "full_like": _full_like,
    **{name: _in_place(name) for name in IN_PLACE},
}
