"""NumPy's universal functions of arrays with Values: `np.exp(x)`, `x + y`, `np.maximum.reduce(x)`.

Everything here takes whatever NumPy would, and gives plain object arrays (of bools where a ufunc
gives bools).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Any, Final

import numpy

from autograd.arrays.elements import (
    ELEMENT,
    Array,
    advise_object,
    along,
    array_of,
    each,
    moved_last,
    objects,
    rows_of,
    stored,
)
from autograd.arrays.products import GENERALIZED
from autograd.arrays.refusals import refused
from autograd.arrays.scalar_functions import PAIRS, PREDICATES, number_function
from autograd.engine import functions
from autograd.engine.operands import to_float
from autograd.engine.primitives import TABLE
from autograd.engine.value import Value

__all__ = [
    "DOUBLES",
    "NOTHING",
    "Reduction",
    "call",
    "check_dtype",
    "elementwise",
    "is_of_objects",
    "of_numbers",
    "reduced",
    "reduction",
]

NOTHING: Final = object()  # where a keyword was not given

# NumPy's own loops over objects ask Python's operators, which are right for Values and floats.
OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "negative": operator.neg,
    "positive": operator.pos,
}
COMPARISONS: Final[dict[str, Callable[..., Any]]] = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}

SQRT: Final = TABLE["sqrt"]
REALS: Final = (float, int, numpy.floating, numpy.integer, numpy.bool_)
DOUBLES: Final = ("f8", "O")  # what a dtype may ask for

Reduction = Callable[[list[Any]], Any]

# What a reduction does to all elements at once; others go from left to right.
REDUCTIONS: Final[dict[str, Reduction]] = {
    "add": functions.sum,
    "multiply": functions.prod,
    "maximum": functions.max,
    "minimum": functions.min,
    "logaddexp": functions.logsumexp,
    "logical_and": lambda xs: all(map(bool, xs)),
    "logical_or": lambda xs: any(map(bool, xs)),
}


# Reductions without an identity that may go along several axes.
IN_ANY_ORDER: Final = ("maximum", "minimum", "fmax", "fmin")


def of_numbers(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """The result for single numbers, Values among them; NotImplemented where there are arrays, or
    where it takes more than one function of numbers."""
    name = ufunc.__name__
    function = OPERATORS.get(name) or COMPARISONS.get(name)
    if function is None:
        function = PREDICATES.get(name) or number_function(ufunc)
        if function is None:
            return NotImplemented
    numbers: list[Any] = []
    for x in inputs:
        if isinstance(x, Value):
            numbers.append(x)
        elif isinstance(x, REALS) or (type(x) is numpy.ndarray and x.ndim == 0 and _is_real(x)):
            numbers.append(to_float(x, ELEMENT))
        else:
            return NotImplemented
    is_root = name == "power" and _is_half(numbers[1])
    return SQRT(numbers[0]) if is_root else function(*numbers)


def _is_real(x: Array) -> bool:
    return x.dtype.kind in "biuf"


def call(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What `__array_ufunc__` is asked: a call of the ufunc or of one of its methods."""
    name = _written(ufunc)
    out = options.pop("out", None)
    if method == "__call__":
        result = _called(ufunc, inputs, out, options)
    elif method in METHODS and ufunc.nin == 2 and ufunc.signature is None:
        result = METHODS[method](ufunc, *inputs, **options)
    else:
        raise refused(f"{name}.{method}")
    if out is None or (isinstance(out, tuple) and all(x is None for x in out)):
        return result
    if isinstance(result, tuple):
        return tuple([stored(x, to, name) for x, to in zip(result, out, strict=True)])
    return stored(result, out, name)


def _written(ufunc: Any) -> str:
    name = str(ufunc.__name__)
    return f"numpy.{name}" if hasattr(numpy, name) else name


def check_dtype(dtype: Any, function: str) -> None:
    """A Value is a double: no other kind of number can be asked for."""
    if dtype is not None and numpy.dtype(dtype).str[1:] not in DOUBLES:
        raise TypeError(
            f"{function} can't give {numpy.dtype(dtype)}: Values are doubles; leave dtype out"
        )


# -- calls -----------------------------------------------------------------------------------------


def _called(ufunc: Any, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
    name = _written(ufunc)
    where = options.pop("where", True)
    dtype = options.pop("dtype", None)
    if ufunc.signature is not None:
        axes = _axes_of(ufunc, options.pop("axes", None), options.pop("axis", None))
        _only(options, ("casting", "order", "subok"), name)
        check_dtype(dtype, name)
        return _generalized(ufunc, inputs, axes)
    _only(options, ("casting", "order", "subok"), name)
    if ufunc.__name__ not in COMPARISONS and ufunc.__name__ not in PREDICATES:
        check_dtype(dtype, name)
    if where is True or (numpy.ndim(where) == 0 and bool(where)):
        return elementwise(ufunc, inputs)
    return _masked(ufunc, inputs, where, out)


def elementwise(ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """The ufunc of every element."""
    name = ufunc.__name__
    if name in COMPARISONS:
        return numpy.asarray(ufunc(*map(_comparable, inputs)), bool)
    if name in OPERATORS:
        return numpy.asarray(ufunc(*map(objects, inputs)), object)
    if ufunc.signature is not None:
        return _generalized(ufunc, inputs)
    arrays = list(map(objects, inputs))
    if name in PREDICATES:
        return each(PREDICATES[name], *arrays).astype(bool)
    if name in PAIRS:
        return tuple([each(function, *arrays) for function in PAIRS[name]])
    if name == "power" and _is_half(arrays[1][()]):
        return each(SQRT, arrays[0])
    function = number_function(ufunc)
    if function is not None:
        return each(function, *arrays)
    raise refused(_written(ufunc))


def _is_half(exponent: Any) -> bool:
    """Whether NumPy takes the square root for a power, which is -0.0 of -0.0, and of minus infinity
    NaN: where 1/2 is the exponent of all elements."""
    return type(exponent) is float and exponent == 0.5


def _comparable(x: Any) -> Array:
    """Numbers as doubles; anything else as it is: nothing equals it."""
    array = numpy.asarray(x)
    return array.astype(float).astype(object) if array.dtype.kind in "biuf" else array


def is_of_objects(ufunc: Any) -> bool:
    """Whether it was made by numpy.frompyfunc, of a function that gets the elements."""
    return bool(ufunc.types == ["O" * ufunc.nin + "->" + "O" * ufunc.nout])


def _generalized(ufunc: Any, inputs: tuple[Any, ...], axes: Any = None) -> Any:
    """Those over vectors and matrices, which are the last axes, or those named: of every operand,
    and of the result."""
    function = GENERALIZED.get(ufunc.__name__)
    if function is None:
        raise refused(_written(ufunc))
    arrays = list(map(objects, inputs))
    if axes is None:
        return function(*arrays)
    *given, last = axes
    moved = [_moved(x, places, _last(places)) for x, places in zip(arrays, given, strict=True)]
    return _moved(function(*moved), _last(last), last)


def _moved(array: Array, places: Any, to: Any) -> Array:
    return numpy.moveaxis(array, places, to) if places else array


def _last(places: Any) -> tuple[int, ...]:
    return tuple(range(-len(places), 0))


def _axes_of(ufunc: Any, axes: Any, axis: Any) -> Any:
    """For every operand and the result the places of its vector or matrix, as tuples: by NumPy's
    `axes`, or `axis`, which is the same of all vectors. None if neither is given."""
    if axes is None and axis is None:
        return None
    counts = [side.count(",") + bool(side) for side in re.findall(r"\(([^)]*)\)", ufunc.signature)]
    if axes is None:
        if any(count > 1 for count in counts):
            raise TypeError(f"{_written(ufunc)} has several axes; name them by axes=")
        axes = [(axis,) * count for count in counts]
    found = [entry if isinstance(entry, tuple) else (entry,) for entry in axes]
    if len(found) == len(counts) - 1 and not counts[-1]:
        found.append(())
    if [len(places) for places in found] != counts:
        raise ValueError(f"{_written(ufunc)}: axes has an entry for every operand and the result")
    return found


def _masked(ufunc: Any, inputs: tuple[Any, ...], where: Any, out: Any) -> Any:
    """Computed where the mask holds only; elsewhere what `out` holds, or 0 where there is none.
    (NumPy leaves what the memory holds.)"""
    *arrays, mask = numpy.broadcast_arrays(*map(objects, inputs), numpy.asarray(where, bool))
    found = elementwise(ufunc, tuple([x[mask] for x in arrays]))
    if isinstance(found, tuple):
        raise refused(f"{_written(ufunc)} with where=")
    first = out[0] if isinstance(out, tuple) else out
    if first is not None:
        full = numpy.array(numpy.broadcast_to(first, mask.shape), found.dtype, subok=False)
    else:
        full = array_of([0.0] * mask.size, mask.shape).astype(found.dtype)
    full[mask] = found
    return full


def _only(options: dict[str, Any], ignored: tuple[str, ...], name: str) -> None:
    unknown = sorted(set(options) - set(ignored))
    if unknown:
        raise TypeError(f"{name} of Values takes no {unknown[0]}=; leave it out")


# -- methods ---------------------------------------------------------------------------------------


def reduced(
    function: Reduction,
    array: Array,
    axis: Any,
    keepdims: Any = False,
    initial: Any = NOTHING,
    where: Any = True,
) -> Array:
    """The function of the list of elements along the axes (None: all)."""
    rows, axes = moved_last(array, axis)
    masks: Any = None
    if where is not True:
        masks, _ = moved_last(numpy.broadcast_to(numpy.asarray(where, bool), array.shape), axes)
    out = numpy.empty(rows.shape[:-1], object)
    for place, row in rows_of(rows):
        taken = row if masks is None else [x for x, keep in zip(row, masks[place]) if keep]  # noqa: B905
        if initial is not NOTHING and initial is not None:
            taken = [objects(initial)[()], *taken]
        out[place] = function(taken)
    if keepdims:
        return out.reshape([1 if i in axes else n for i, n in enumerate(array.shape)])
    return out


def _reduce(
    ufunc: Any,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = NOTHING,
    where: Any = True,
) -> Any:
    check_dtype(dtype, f"{_written(ufunc)}.reduce")
    name, given = ufunc.__name__, objects(array)
    several = given.ndim > 1 if axis is None else isinstance(axis, tuple) and len(axis) > 1
    if several and ufunc.identity is None and name not in IN_ANY_ORDER:
        raise ValueError(
            f"reduction operation '{name}' is not reorderable, so at most one axis may be specified"
        )
    out = reduced(reduction(ufunc), given, axis, keepdims, initial, where)
    return out.astype(bool) if _is_logical(ufunc) else out


def reduction(ufunc: Any) -> Reduction:
    """The ufunc as a function of a list; without elements NumPy's identity, or its error."""
    function = REDUCTIONS.get(ufunc.__name__) or (lambda xs: reduce(_binary(ufunc), xs))

    def of_list(xs: list[Any]) -> Any:
        if xs:
            return function(xs)
        if ufunc.identity is None:
            raise ValueError(
                f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
            )
        return bool(ufunc.identity) if _is_logical(ufunc) else float(ufunc.identity)

    return of_list


def _is_logical(ufunc: Any) -> bool:
    return str(ufunc.__name__).startswith("logical_")


def _binary(ufunc: Any) -> Callable[[Any, Any], Any]:
    name = ufunc.__name__
    function = OPERATORS.get(name) or number_function(ufunc) or PREDICATES.get(name)
    if function is None:
        raise refused(_written(ufunc))
    return function


def _accumulate(ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None) -> Any:
    check_dtype(dtype, f"{_written(ufunc)}.accumulate")
    function, given = _binary(ufunc), objects(array)
    if _is_logical(ufunc):
        given = given.astype(bool).astype(object)
    result = along(lambda row: list(accumulate(row, function)), given, axis)
    return result.astype(bool) if _is_logical(ufunc) else result


def _outer(ufunc: Any, a: Any, b: Any, **options: Any) -> Any:
    left, right = objects(a), objects(b)
    tall = left.reshape(left.shape + (1,) * right.ndim)
    return _called(ufunc, (tall, right), None, options)


def _reduceat(ufunc: Any, array: Any, indices: Any, axis: Any = 0, dtype: Any = None) -> Any:
    check_dtype(dtype, f"{_written(ufunc)}.reduceat")
    given = numpy.moveaxis(objects(array), axis, 0)
    starts = list(map(operator.index, numpy.asarray(indices).tolist()))
    for start in starts:
        if not 0 <= start < len(given):
            raise IndexError(
                f"index {start} out-of-bounds in {_written(ufunc)}.reduceat [0, {len(given)})"
            )
    blocks = []
    for i, start in enumerate(starts):
        stop = starts[i + 1] if i + 1 < len(starts) else len(given)
        block = given[start : max(stop, start + 1)]
        blocks.append(reduced(reduction(ufunc), block, 0))
    return numpy.moveaxis(numpy.stack(blocks), 0, axis)


def _at(ufunc: Any, array: Any, indices: Any, values: Any) -> None:
    """In place, one index after the other."""
    if not isinstance(array, numpy.ndarray) or array.dtype != object:
        raise advise_object(f"{_written(ufunc)}.at: the array can't hold Values")
    function, target = _binary(ufunc), array.view(numpy.ndarray)
    numbers = numpy.arange(target.size).reshape(target.shape)[indices]
    added = numpy.broadcast_to(objects(values), numbers.shape)
    for i, x in zip(numbers.flat, added.flat, strict=True):
        place = numpy.unravel_index(i, target.shape)
        target[place] = function(target[place], x)


METHODS: Final[dict[str, Callable[..., Any]]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "outer": _outer,
    "reduceat": _reduceat,
    "at": _at,
}
