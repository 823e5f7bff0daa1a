"""Chainrule: scalar reverse-mode automatic differentiation that can be read, drawn and trusted.

>>> from autograd import Value
>>> a, b = Value(2.0, label="a"), Value(1.0, label="b")
>>> c = a + b
>>> d = b + 1
>>> e = c * d
>>> e.backward()
>>> a.grad, b.grad
(2.0, 5.0)

numbers      Value; exp, tanh, where and other primitives; dot, softmax, ...; primitive (yours)
derivatives  grad, value_and_grad, jacobian, jacfwd, jacrev, hessian, hvp, vjp, jvp,
             stop_gradient; sparse_..., implicit_...
compiled     jit, vmap, CheckFailed
to look at   draw, steps, paths, explain
to try       explore, exercise
to check     check_grad, detect_anomaly, record_lines
to extend    Setting: a setting that holds inside a block, as no_grad does

The names that would shadow Python's own (`sum max min abs pow round`) are here too, but not in
`__all__`: write `autograd.sum(...)`.
"""

import builtins as _builtins
from importlib import import_module as _import_module
from types import ModuleType as _Module
from typing import Any as _Any

from autograd import (
    _conflict_check,  # first: it refuses to run in a mixture
    _foreign_names,
    _interpreter_check,  # it refuses to run without Python's lock
    _moved,  # names that pickles of 0.1.0 use
    arrays,
)
from autograd.engine import functions as _functions
from autograd.engine import primitives as _primitives
from autograd.engine import value as _value
from autograd.engine.functions import (
    dot,
    log_softmax,
    logsumexp,
    mean,
    median,
    norm,
    prod,
    quantile,
    softmax,
    std,
    var,
)
from autograd.engine.modes import detect_anomaly, no_grad, record_lines
from autograd.engine.primitives import (
    Primitive,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    copysign,
    cos,
    cosh,
    deg2rad,
    digamma,
    elu,
    erf,
    erfc,
    erfinv,
    exp,
    exp2,
    expm1,
    floor,
    fmod,
    gelu,
    hypot,
    lbeta,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    log_ndtr,
    logaddexp,
    maximum,
    minimum,
    normal_cdf,
    polygamma,
    primitive,
    rad2deg,
    reciprocal,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softplus,
    softsign,
    sqrt,
    square,
    tan,
    tanh,
    where,
    xlog1py,
    xlogy,
)
from autograd.engine.setting import Setting
from autograd.engine.value import Value
from autograd.transforms import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)

sum, max, min = _functions.sum, _functions.max, _functions.min
abs, pow, round = _primitives.abs_, _primitives.pow_, _primitives.round_
gammaln = lgamma  # SciPy's name
_SHADOWING = ["abs", "max", "min", "pow", "round", "sum"]

__version__ = "0.2.0"  # the only place; pyproject.toml has it read from here

compiled = _value.__file__.endswith((".so", ".pyd"))
"""Whether this installation runs the ahead-of-time compiled form of the engine."""

# Lazy imports: these names load optional or slow modules on first use.
_LAZY = {
    "CheckFailed": "autograd.compiler",
    "check_grad": "autograd.check",
    "draw": "autograd.drawing",
    "exercise": "autograd.exploring",
    "explain": "autograd.explaining",
    "explore": "autograd.exploring",
    "implicit_fixed_point": "autograd.transforms.implicit",
    "implicit_root": "autograd.transforms.implicit",
    "jit": "autograd.compiler",
    "paths": "autograd.explaining.path_sums",
    "sparse_hessian": "autograd.transforms.sparse",
    "sparse_jacobian": "autograd.transforms.sparse",
    "steps": "autograd.drawing.player",
    "vmap": "autograd.compiler",
}

# Every public name above but those of Python's own; their types are in __init__.pyi.
__all__ = [
    name
    for name, found in sorted({**globals(), **_LAZY}.items())
    if not (name.startswith("_") or hasattr(_builtins, name) or isinstance(found, _Module))
]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> _Any:
    if name in _LAZY:
        found = getattr(_import_module(_LAZY[name]), name)
        globals()[name] = found
        return found
    if f"autograd.{name}" in _moved.MOVED:
        return _import_module(f"autograd.{name}")
    message = f"module {__name__!r} has no attribute {name!r}"
    if said := _foreign_names.hint(name):
        raise AttributeError(message + said)
    if not name.startswith("_"):
        from difflib import get_close_matches

        for nearest in get_close_matches(name, [*__all__, *_SHADOWING], n=1):
            message += f"; the nearest name is {nearest!r}"
    raise AttributeError(message)
