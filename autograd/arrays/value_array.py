"""The type of arrays that hold Values, and NumPy's two protocols for it and for Value.

An array of it is an ndarray of dtype object whose elements are Values and floats. NumPy hands every
ufunc and function with such an array, or a Value, among its arguments to `array_ufunc` or
`array_function`. The modules before this one answer, on plain object arrays; here their answers are
looked up, and made arrays of this type again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

import numpy

from autograd.arrays import (
    dense,
    ordering,
    pointwise,
    products,
    reductions,
    shaping,
    slopes,
    ufuncs,
)
from autograd.arrays.elements import array_of, has_values, objects, plain, stored
from autograd.arrays.refusals import refused
from autograd.arrays.ufuncs import DOUBLES, check_dtype
from autograd.engine.value import Value

__all__ = ["ValueArray", "array_function", "array_ufunc", "pack_values"]

Base = numpy.ndarray[Any, Any]

ADVICE: Final = {  # instead of astype, by the kind of type that was asked for
    **dict.fromkeys("iu", "for whole numbers use numpy.floor or numpy.trunc"),
    "c": "keep the real and the imaginary part as two arrays",
}


class ValueArray(Base):
    """An array of Values and floats, as functions get it from `grad`, `jit` and their kin.

    NumPy's functions and methods work on it with autograd's rules: NaN is never lost, ties share
    the gradient, every number is a double. What they can't do is a TypeError.

    >>> import numpy
    >>> from autograd import grad
    >>> grad(lambda x: numpy.maximum(x, 0.0).sum())(numpy.array([-1.0, 0.0, 2.0]))
    array([0. , 0.5, 1. ])
    """

    __array_priority__ = 20.0

    def __array_ufunc__(self, ufunc: Any, method: Any, *inputs: Any, **options: Any) -> Any:
        return array_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return array_function(function, types, args, kwargs)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return as_ours(array)

    def __setitem__(self, place: Any, x: Any) -> None:
        if type(x) not in (Value, float):
            x = objects(x)
            if x.ndim and not isinstance(self[place], numpy.ndarray):  # else it would be an element
                if x.size != 1:
                    raise ValueError(f"an element is one number, got an array of {x.shape}")
                x = x.ravel()[0]
            x = x if not isinstance(x, numpy.ndarray) or x.ndim else x[()]
        super().__setitem__(place, x)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """A copy, where doubles or objects are asked for: a Value is a double already. Itself with
        `copy=False`."""
        kind, copy = numpy.dtype(dtype), kwargs.pop("copy", True)
        if kind.str[1:] in DOUBLES:
            return self.copy() if copy else self
        if kind.kind == "b":
            return array_ufunc(numpy.not_equal, "__call__", (self, 0.0), {})
        if has_values(self):
            raise TypeError(
                f"an array of Values can't become one of {kind}: the gradient would be lost, and a "
                f"Value is a double; {ADVICE.get(kind.kind, 'leave it out')}"
            )
        return numpy.asarray(self).astype(float).astype(kind, *args, **kwargs)

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: Any = -1, **options: Any) -> None:  # type: ignore[override]
        self[...] = numpy.sort(self, axis, **options)

    def partition(self, kth: Any, axis: Any = -1, **options: Any) -> None:  # type: ignore[override]
        self[...] = numpy.partition(self, kth, axis, **options)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        return numpy.compress(condition, self, axis, out)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        numpy.put(self, indices, values, mode)

    @property  # type: ignore[misc]
    def real(self) -> Any:
        return self

    @property  # type: ignore[misc]
    def imag(self) -> Any:
        return numpy.zeros_like(self)

    def tobytes(self, *args: Any, **kwargs: Any) -> Any:
        raise refused("ndarray.tobytes")

    def tofile(self, *args: Any, **kwargs: Any) -> Any:
        raise refused("ndarray.tofile")


def pack_values(leaves: Sequence[Any], shape: tuple[int, ...]) -> ValueArray:
    """An array of these Values and floats, without dimensions too."""
    return array_of(leaves, shape).view(ValueArray)  # type: ignore[no-any-return]


# -- NumPy's protocols -----------------------------------------------------------------------------


def array_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What NumPy asks where a Value or an array of ours is an operand of a ufunc."""
    simple = method == "__call__" and not options
    if simple:
        result = ufuncs.of_numbers(ufunc, inputs)
        if result is not NotImplemented:
            return result
    if not all(map(_is_known, inputs)):
        return NotImplemented
    if ufuncs.is_of_objects(ufunc):
        return _by_user(getattr(ufunc, method), inputs, options)
    with numpy.errstate(all="ignore"):  # of numbers; what there is to say, detect_anomaly says
        if simple:
            return as_ours(ufuncs.elementwise(ufunc, inputs))
        return as_ours(ufuncs.call(ufunc, method, inputs, dict(options)))


def array_function(function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """What NumPy asks where one is an argument of any other function."""
    if not all(issubclass(kind, (numpy.ndarray, Value)) for kind in types):
        return NotImplemented
    answer = _answers().get(function)
    if answer is None:
        raise refused(_name_of(function))
    with numpy.errstate(all="ignore"):
        return as_ours(answer(args, kwargs))


def _by_user(function: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The result of a ufunc of the user's, which gets the elements: of ours if it holds Values."""
    found = function(*map(plain, inputs), **options)
    several = found if isinstance(found, tuple) else (found,)
    out = [as_ours(x) if isinstance(x, numpy.ndarray) and has_values(x) else x for x in several]
    return tuple(out) if isinstance(found, tuple) else out[0]


def _is_known(x: Any) -> bool:
    """Whether no third library has a say in operations with it."""
    protocol = getattr(type(x), "__array_ufunc__", numpy.ndarray.__array_ufunc__)
    ours = (numpy.ndarray.__array_ufunc__, ValueArray.__array_ufunc__)
    return isinstance(x, Value) or protocol in ours


def as_ours(result: Any) -> Any:
    """Object arrays as ours, one without dimensions as its element; anything else as it is."""
    if isinstance(result, (tuple, list)):
        make = getattr(type(result), "_make", type(result))  # a NamedTuple's
        return make(map(as_ours, result))
    if not isinstance(result, numpy.ndarray) or isinstance(result, ValueArray):
        return result
    if result.dtype == object:
        checked = objects(result)
        return checked.view(ValueArray) if result.ndim else checked[()]
    return result if result.ndim else result[()]


# -- which function answers ------------------------------------------------------------------------

Answer = Callable[[Any, Any], Any]


@lru_cache(maxsize=1)
def _answers() -> dict[Any, Answer]:
    """For every function of NumPy's, as far as this version has it, what takes its place."""
    own: dict[str, Callable[..., Any]] = {
        **reductions.ANSWERS,
        **ordering.ANSWERS,
        **pointwise.ANSWERS,
        **dense.ANSWERS,
        **shaping.ANSWERS,
        **products.ANSWERS,
        **slopes.ANSWERS,
        "astype": lambda x, dtype, copy=True: x.astype(dtype, copy=copy),
    }
    found: dict[Any, Answer] = {}
    for name in shaping.PASSED.split():
        _enter(found, name, _by_numpy)
    for name in shaping.LIKE.split():
        _enter(found, name, _made_like)
    for name, answer in own.items():
        _enter(found, name, partial(_by_answer, answer))
    return found


def _enter(found: dict[Any, Answer], name: str, make: Callable[[Any], Answer]) -> None:
    home, _, last = name.rpartition(".")
    function = getattr(getattr(numpy, home) if home else numpy, last, None)
    if function is not None:
        found[function] = make(function)


def _by_numpy(function: Any) -> Answer:
    def answer(args: Any, kwargs: Any) -> Any:
        named = dict(kwargs)
        out = named.pop("out", None)
        result = shaping.run_by_numpy(function, tuple(map(_lent, args)), named)
        return result if out is None else stored(result, out, _name_of(function))

    return answer


def _lent(x: Any) -> Any:
    """A function of the user's, which is to get arrays of ours though NumPy calls it."""
    if callable(x) and not isinstance(x, type):
        return lambda *args, **kwargs: numpy.asarray(x(*map(as_ours, args), **kwargs))
    return list(map(_lent, x)) if type(x) is list and any(map(callable, x)) else x


def _made_like(function: Any) -> Answer:
    def answer(args: Any, kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        wanted = kwargs.get("dtype")
        as_asked = wanted is not None and numpy.dtype(wanted).kind not in "fO"
        return made if as_asked else pack_values(objects(made).ravel().tolist(), made.shape)

    return answer


def _by_answer(answer: Callable[..., Any], function: Any) -> Answer:
    """A function of ours, called with those arguments that it knows, by NumPy's names of them."""
    name = _name_of(function)
    ours = inspect.signature(answer)
    theirs = None if _is_open_ended(ours) else _signature(function)

    def call(args: Any, kwargs: Any) -> Any:
        if theirs is None:
            return _by_our_names(answer, ours, name, args, kwargs)
        given = theirs.bind(*args, **kwargs).arguments
        out = given.pop("out", None) if "out" not in ours.parameters else None
        if "dtype" not in ours.parameters:
            check_dtype(given.pop("dtype", None), name)
        chosen = {}
        for key, x in given.items():
            if key in ours.parameters:
                if x is not numpy._NoValue:
                    chosen[key] = x
            elif not _is_default(x, theirs.parameters[key].default):
                raise TypeError(f"{name} of Values takes no {key}=; leave it out")
        result = answer(**chosen)
        return result if out is None else stored(result, out, name)

    return call


def _by_our_names(
    answer: Callable[..., Any], ours: inspect.Signature, name: str, args: Any, kwargs: Any
) -> Any:
    """For a function of NumPy's whose arguments have no names to go by."""
    named = dict(kwargs)
    given = ours.parameters
    out = named.pop("out", None) if "out" not in given else None
    if "dtype" not in given:
        check_dtype(named.pop("dtype", None), name)
    for key in named:
        if key not in given and not _is_open_ended(ours):
            raise TypeError(f"{name} of Values takes no {key}=; leave it out")
    result = answer(*args, **named)
    return result if out is None else stored(result, out, name)


def _signature(function: Any) -> inspect.Signature | None:
    """None where NumPy does not tell, or where there are arguments without a name."""
    try:
        found = inspect.signature(function)
    except ValueError:
        return None
    return None if _is_open_ended(found) else found


def _is_open_ended(signature: inspect.Signature) -> bool:
    kinds = [x.kind for x in signature.parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds


def _is_default(x: Any, default: Any) -> bool:
    return x is default or (
        isinstance(x, (str, bool, int)) and type(x) is type(default) and x == default
    )


def _name_of(function: Any) -> str:
    module = str(getattr(function, "__module__", None) or "numpy")
    return f"{module}.{function.__name__}"


# -- methods ---------------------------------------------------------------------------------------


def _method(name: str) -> Callable[..., Any]:
    function = getattr(numpy, name)

    def method(self: ValueArray, *args: Any, **kwargs: Any) -> Any:
        return array_function(function, (), (self, *args), kwargs)

    method.__name__ = name
    method.__qualname__ = f"ValueArray.{name}"
    method.__doc__ = f"numpy.{name} of this array."
    return method


METHODS: Final = """
    all any argmax argmin argpartition argsort choose clip cumprod cumsum diagonal dot max mean min
    nonzero prod ptp repeat round searchsorted std sum take trace var
"""

for _name in METHODS.split():
    setattr(ValueArray, _name, _method(_name))
