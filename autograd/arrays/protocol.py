"""Value's answer to NumPy: `np.exp(v)`, `np.float64(2) * v`, `np.stack([v, w])`.

NumPy asks by two methods. They load `value_array`, and so NumPy, when it does: `import autograd`
loads no NumPy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from autograd.engine.modes import MODES, tracer
from autograd.engine.value import Value

__all__ = ["called"]

# What NumPy says where its own code meets an object array that nobody else is asked about.
OF_OBJECTS = ("dtype('O')", "array type object", "which has no callable", "for the input types")

# And where such an array, or a Value, is to choose elements.
OF_INDICES = ("arrays used as indices", "only integers, slices")
OF_PLACES = "from dtype('O') to dtype('int64')"
CHOOSE = (
    "numbers that are differentiated or traced are doubles: write x[m != 0] for a mask m, "
    "x[[int(k) for k in places]] for places (which a compiled function keeps as decisions), or "
    "hand them over as a static tuple"
)


def called(f: Callable[..., Any], args: Iterable[Any], others: dict[str, Any]) -> Any:
    """A user's function called on Values. Where NumPy gives up on an array that the function made
    of them with numpy.array, which is a plain one, the error says how to make one of ours."""
    observer = tracer() if MODES.active != 0 else None
    try:
        if observer is not None:
            with observer.calling(f):
                return f(*args, **others)
        return f(*args, **others)
    except TypeError as error:
        said = str(error)
        if OF_PLACES in said:
            raise TypeError(f"{said}; {CHOOSE}").with_traceback(error.__traceback__) from None
        if said.startswith("no supported conversion for types"):  # of SciPy's sparse matrices
            raise TypeError(
                "a sparse matrix of SciPy holds bare numbers and can't meet Values; write "
                f"x.toarray(). SciPy said: {said}"
            ).with_traceback(error.__traceback__) from None
        if "numpy" in sys.modules and any(words in said for words in OF_OBJECTS):
            raise TypeError(
                "NumPy knows no Values in a plain object array, as numpy.array makes it of them; "
                "make one that does with numpy.stack, or with numpy.array([...], like=x), where x "
                f"is a Value or an array of them. NumPy said: {said}"
            ).with_traceback(error.__traceback__) from None
        raise
    except IndexError as error:
        said = str(error)
        if any(words in said for words in OF_INDICES):
            raise IndexError(f"{said}; {CHOOSE}").with_traceback(error.__traceback__) from None
        raise


def __array_ufunc__(self: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    from autograd.arrays.value_array import array_ufunc

    return array_ufunc(ufunc, method, inputs, options)


def __array_function__(self: Value, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    from autograd.arrays.value_array import array_function

    return array_function(function, types, args, kwargs)


for _method in (__array_ufunc__, __array_function__):
    setattr(Value, _method.__name__, _method)
