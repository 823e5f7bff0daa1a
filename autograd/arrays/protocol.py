"""Value's answer to NumPy: `np.exp(v)`, `np.float64(2) * v`, `np.stack([v, w])`.

NumPy asks by two methods. They load `value_array`, and so NumPy, when it does: `import autograd`
loads no NumPy.
"""

from __future__ import annotations

from typing import Any

from autograd.engine.value import Value

__all__: list[str] = []


def __array_ufunc__(self: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    from autograd.arrays.value_array import array_ufunc

    return array_ufunc(ufunc, method, inputs, options)


def __array_function__(self: Value, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    from autograd.arrays.value_array import array_function

    return array_function(function, types, args, kwargs)


for _method in (__array_ufunc__, __array_function__):
    setattr(Value, _method.__name__, _method)
