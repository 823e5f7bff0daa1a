"""Chainrule: scalar reverse-mode automatic differentiation that can be read, drawn and trusted.

>>> from autograd import Value
>>> a, b = Value(2.0, label="a"), Value(1.0, label="b")
>>> c = a + b
>>> d = b + 1
>>> e = c * d
>>> e.backward()
>>> a.grad, b.grad
(2.0, 5.0)

The names that would shadow Python's own (`sum max min abs pow round`) are here too, but not in
`__all__`: write `autograd.sum(...)`.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from autograd import (
    _import_guard,  # noqa: F401 (first: it refuses to run in a mixture)
    _moved,  # noqa: F401 (names that pickles of 0.1.0 use)
)
from autograd.engine import functions as _functions
from autograd.engine import primitives as _primitives
from autograd.engine import value as _value
from autograd.engine.functions import dot, log_softmax, logsumexp, mean, norm, prod, softmax
from autograd.engine.graph import paths
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
    elu,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    fmod,
    gelu,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    maximum,
    minimum,
    primitive,
    reciprocal,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    softsign,
    sqrt,
    square,
    tan,
    tanh,
    where,
)
from autograd.engine.value import Value
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if _TYPE_CHECKING:
    from autograd.check import check_grad
    from autograd.compiler import jit, vmap
    from autograd.drawing import draw
    from autograd.drawing.player import steps
    from autograd.explaining import explain
    from autograd.transforms.implicit import implicit_fixed_point, implicit_root
    from autograd.transforms.sparse import sparse_hessian, sparse_jacobian

sum, max, min = _functions.sum, _functions.max, _functions.min
abs, pow, round = _primitives.abs_, _primitives.pow_, _primitives.round_

compiled: bool = not _value.__file__.endswith(".py")
"""Whether this installation runs the ahead-of-time compiled form of the engine."""

__all__ = [
    "Primitive",
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "check_grad",
    "clip",
    "compiled",
    "copysign",
    "cos",
    "cosh",
    "detect_anomaly",
    "dot",
    "draw",
    "elu",
    "erf",
    "erfc",
    "exp",
    "explain",
    "expm1",
    "floor",
    "fmod",
    "gelu",
    "grad",
    "hessian",
    "hvp",
    "hypot",
    "implicit_fixed_point",
    "implicit_root",
    "jacobian",
    "jit",
    "jvp",
    "leaky_relu",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_grad",
    "norm",
    "paths",
    "primitive",
    "prod",
    "reciprocal",
    "record_lines",
    "relu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sparse_hessian",
    "sparse_jacobian",
    "sqrt",
    "square",
    "steps",
    "tan",
    "tanh",
    "value_and_grad",
    "vjp",
    "vmap",
    "where",
]


_LAZY = {
    "check_grad": "autograd.check",
    "draw": "autograd.drawing",
    "explain": "autograd.explaining",
    "implicit_fixed_point": "autograd.transforms.implicit",
    "implicit_root": "autograd.transforms.implicit",
    "jit": "autograd.compiler",
    "sparse_hessian": "autograd.transforms.sparse",
    "sparse_jacobian": "autograd.transforms.sparse",
    "steps": "autograd.drawing.player",
    "vmap": "autograd.compiler",
}


def __getattr__(name: str) -> _Any:
    """What needs more of the standard library, or others', is loaded when first asked for."""
    if name in _LAZY:
        found = getattr(_import_module(_LAZY[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
