"""The rows of the table once more, in mpmath: any number of digits, and no rule of derivatives.

Several tests import it; pyproject.toml puts this directory on their path.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import mpmath as mp

__all__ = ["HELD", "REFERENCE", "dot"]


def _erfc(x: Any) -> Any:
    """mpmath's own does not accept 1e308."""
    return mp.erfc(max(min(x, 1000), -1000))


def _normal_cdf(x: Any) -> Any:
    return _erfc(-x / mp.sqrt(2)) / 2


def dot(*xs: Any) -> Any:
    half = len(xs) // 2
    return mp.fsum(x * y for x, y in zip(xs[:half], xs[half:], strict=True))


def _norm(*xs: Any) -> Any:
    return mp.sqrt(mp.fsum(x * x for x in xs))


def _logsumexp(*xs: Any) -> Any:
    return mp.log(mp.fsum(mp.exp(x) for x in xs))


REFERENCE: dict[str, Callable[..., Any]] = {
    "stop_gradient": lambda x: x,
    "finite_part": lambda x: x,
    "message": lambda adjoint, factor: adjoint * factor,
    "cut_message": lambda adjoint, factor: adjoint * factor,
    "greater": lambda a, b: mp.mpf(a > b),
    "where": lambda condition, a, b: a if condition != 0 else b,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "pow_const": operator.pow,
    "mod": lambda a, b: a - b * mp.floor(a / b),
    "floordiv": lambda a, b: mp.floor(a / b),
    "neg": operator.neg,
    "exp": mp.exp,
    "expm1": mp.expm1,
    "exp_difference": lambda a, b: mp.exp(a - b),
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "one_minus_square": lambda x: 1 - x * x,
    "sech2": lambda x: mp.sech(x) ** 2,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "exp_square": lambda x, c: mp.exp(c * x * x),
    "erf": lambda x: mp.erf(x) if abs(x) < 1 else mp.sign(x) * (1 - _erfc(abs(x))),
    "erfc": _erfc,
    "normal_cdf": _normal_cdf,
    "lgamma": lambda x: mp.re(mp.loggamma(x)),
    "polygamma": lambda order, x: mp.psi(int(order), x),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x, slope: x if x >= 0 else slope * x,
    "elu": lambda x, alpha: x if x >= 0 else alpha * mp.expm1(x),
    "gelu": lambda x: x * _normal_cdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "abs": abs,
    "sign": mp.sign,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "round": mp.nint,
    "atan2": mp.atan2,
    "hypot": _norm,
    "maximum": max,
    "minimum": min,
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "fmod": lambda a, b: a - b * (mp.floor if a * b > 0 else mp.ceil)(a / b),
    "clip": lambda x, lo, hi: min(max(x, lo), hi),
    "sum": lambda *xs: mp.fsum(xs),
    "prod": lambda *xs: mp.fprod(xs),
    "mean": lambda *xs: mp.fsum(xs) / len(xs),
    "dot": dot,
    "norm": _norm,
    "logsumexp": _logsumexp,
    "pivot": lambda *xs: max(xs),
    "apart": lambda x, pivot, others: mp.mpf(not (x == pivot and others < 1)),
    "beside": lambda pivot, *xs: mp.fsum(mp.exp(x - pivot) for x in xs),
    "share": lambda x, pivot, others: mp.exp(x - pivot) / (1 + others),
    "log_share": lambda x, pivot, others: x - pivot - mp.log1p(others),
    "softmax": lambda *xs: mp.exp(xs[0] - _logsumexp(*xs)),
    "log_softmax": lambda first, *xs: -mp.log1p(mp.fsum(mp.exp(x - first) for x in xs)),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
}

# Inputs that a row declares constant: their factor is 0 by decision.
HELD = {("stop_gradient", 0), ("pow_const", 1), ("polygamma", 0)}
