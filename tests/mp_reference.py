"""The rows of the table once more, in mpmath: any number of digits, and no rule of derivatives.

Several tests import it; pyproject.toml puts this directory on their path.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import mpmath as mp

__all__ = ["HELD", "ORDERED", "REFERENCE", "dot"]


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


def _log_normal_cdf(x: Any) -> Any:
    if x > 0:
        return mp.log1p(-_normal_cdf(-x))
    if x > -1000:
        return mp.log(_normal_cdf(x))
    return -x * x / 2 - mp.log(-x * mp.sqrt(2 * mp.pi)) + mp.log(mp.fsum(_asymptotic_terms(x)))


def _asymptotic_terms(x: Any) -> list[Any]:
    """Of the normal distribution function over density / -x, for x far below 0."""
    return [mp.fac2(2 * k - 1) * (-1 / x**2) ** k for k in range(40)]


def _log_beta(a: Any, b: Any) -> Any:
    return mp.re(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))


def _digamma_difference(order: Any, a: Any, b: Any) -> Any:
    return mp.psi(int(order), a) - mp.psi(int(order), a + b)


def _erfcx_ratio(order: Any, x: Any) -> Any:
    """By the recurrence of the repeated integrals (Abramowitz & Stegun 7.2.5)."""
    with mp.workdps(3 * mp.mp.dps):
        before, out = 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), mp.erfc(x)
        for k in range(1, int(order) + 1):
            before, out = out, (before - 2 * x * out) / (2 * k)
        return out / before


def _inverse_mills(x: Any) -> Any:
    if x < -1000:
        return -x / mp.fsum(_asymptotic_terms(x))
    return mp.exp(-x * x / 2 - _log_normal_cdf(x)) / mp.sqrt(2 * mp.pi)


def _sinc_derivative(order: Any, x: Any) -> Any:
    """By Leibniz' rule for x sinc(x)."""
    if x == 0:
        k, odd = divmod(int(order), 2)
        return mp.mpf(0) if odd else (-1) ** k * mp.pi ** (2 * k) / (2 * k + 1)
    with mp.workdps(3 * mp.mp.dps):
        out = mp.sinpi(x) / (mp.pi * x)
        for k in range(1, int(order) + 1):
            turned = (mp.sinpi(x), mp.cospi(x), -mp.sinpi(x), -mp.cospi(x))[k % 4]
            out = (mp.pi ** (k - 1) * turned - k * out) / x
        return out


def _var(*xs: Any) -> Any:
    mean = mp.fsum(xs) / len(xs)
    return mp.fsum((x - mean) ** 2 for x in xs) / len(xs)


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
    "exp2": lambda x: mp.power(2, x),
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log1p(y),
    "exp_difference": lambda a, b: mp.exp(a - b),
    "log": mp.log,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "deg2rad": lambda x: x * mp.pi / 180,
    "rad2deg": lambda x: x * 180 / mp.pi,
    "sinc": lambda x: _sinc_derivative(0, x),
    "sinc_derivative": _sinc_derivative,
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
    "log_ndtr": _log_normal_cdf,
    "erfinv": mp.erfinv,
    "inverse_mills": _inverse_mills,
    "erfcx_ratio": _erfcx_ratio,
    "digamma": lambda x: mp.psi(0, x),
    "lbeta": _log_beta,
    "polygamma_difference": _digamma_difference,
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
    "logaddexp": _logsumexp,
    "var": _var,
    "std": lambda *xs: mp.sqrt(_var(*xs)),
    "order_statistic": lambda k, *xs: sorted(xs)[int(k)],
    "sum": lambda *xs: mp.fsum(xs),
    "prod": lambda *xs: mp.fprod(xs),
    "mean": lambda *xs: mp.fsum(xs) / len(xs),
    "dot": dot,
    "norm": _norm,
    "logsumexp": _logsumexp,
    "softmax_pivot": lambda *xs: max(xs),
    "softmax_apart": lambda x, pivot, others: mp.mpf(not (x == pivot and others < 1)),
    "softmax_others": lambda pivot, *xs: mp.fsum(mp.exp(x - pivot) for x in xs),
    "softmax_share": lambda x, pivot, others: mp.exp(x - pivot) / (1 + others),
    "log_softmax_share": lambda x, pivot, others: x - pivot - mp.log1p(others),
    "softmax": lambda *xs: mp.exp(xs[0] - _logsumexp(*xs)),
    "log_softmax": lambda first, *xs: -mp.log1p(mp.fsum(mp.exp(x - first) for x in xs)),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
}

# Rows whose first input is the order of a derivative: a constant, and a whole number.
ORDERED = {"polygamma", "polygamma_difference", "erfcx_ratio", "sinc_derivative"}

# Inputs that a row declares constant: their factor is 0 by decision.
HELD = {("stop_gradient", 0), ("pow_const", 1), ("order_statistic", 0)}
HELD |= {(name, 0) for name in ORDERED}
