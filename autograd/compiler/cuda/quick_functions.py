"""Divisions, roots and functions as straight lines, for the numbers that they are mostly given.

CUDA's begin with the question whether a number is a rare one. A branch at every call keeps the
compiler from doing several at once, and from loading a polynomial's coefficients once for all of
them. The forms here do the library's operations, so they give its bits, and say in `is_usual`
whether the number is one of those that they are for; else their result is worth nothing.

What the library does with ordinary numbers is taken from it by telling the compiler the answer to
its first question: a number that is none of them is replaced by one that is. Where a version asks
another one, the branch stays, and so do the numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["ALWAYS", "QUICK", "quick_functions"]

_COMMON: Final = """\
static __device__ __forceinline__ float high(double x)
{
    return __int_as_float(__double2hiint(x));
}
static __device__ __forceinline__ double size_of(double x)
{
    return __hiloint2double(__double2hiint(x) & 0x7fffffff, __double2loint(x));
}
"""

# Newton's method from the processor's estimate, and a correction of the quotient: the operations
# that nvcc writes for `/` and `sqrt`, with its bounds. Quotients by one number share its inverse.
_RATIO: Final = """\
#ifdef __CUDA_ARCH__
static __device__ __forceinline__ double estimate_of_inverse(double b)
{
    double y;
    asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(y) : "d"(b));
    return y;
}
#endif
static __device__ __forceinline__ double near_inverse(double b)
{
    double y = __hiloint2double(__double2hiint(estimate_of_inverse(b)), 1);
    double e = fma(-b, y, 1.0);
    e = fma(e, e, e);
    y = fma(y, e, y);
    e = fma(-b, y, 1.0);
    return fma(y, e, y);
}
static __device__ __forceinline__ double quick_ratio(double a, double b, bool &is_usual)
{
    const double y = near_inverse(b), near = a * y;
    const double q = fma(y, fma(-b, near, a), near);
    is_usual &= fabsf(high(a)) >= 6.5827683646048100446e-37f;
    is_usual &= fabsf(fmaf(0.0f, high(b), high(q))) > 1.469367938527859385e-39f;
    return q;
}
"""

_SQRT: Final = """\
#ifdef __CUDA_ARCH__
static __device__ __forceinline__ double estimate_of_inverse_sqrt(double a)
{
    double y;
    asm("rsqrt.approx.ftz.f64 %0, %1;" : "=d"(y) : "d"(a));
    return y;
}
#endif
static __device__ __forceinline__ double quick_sqrt(double a, bool &is_usual)
{
    const int shifted = __double2hiint(a) - 0x3500000;
    double y = __hiloint2double(__double2hiint(estimate_of_inverse_sqrt(a)), shifted);
    double e = fma(a, -(y * y), 1.0);
    y = fma(fma(e, 0.375, 0.5), y * e, y);
    const double near = a * y;
    const double half = __hiloint2double(__double2hiint(y) - 0x100000, __double2loint(y));
    is_usual &= (unsigned)shifted < 0x7ca00000u;
    return fma(fma(near, -near, a), half, near);
}
"""

_EXP: Final = """\
static __device__ __forceinline__ double quick_exp(double x, bool &is_usual)
{
    const float limit = __int_as_float(0x4086232b);
    const bool is = fabsf(high(x)) < limit;
    is_usual &= is;
    x = is ? x : 0.0;
    __builtin_assume(fabsf(high(x)) < limit);
    return exp(x);
}
"""

_LOG: Final = """\
static __device__ __forceinline__ double quick_log(double x, bool &is_usual)
{
    const bool is = __double2hiint(x) > 0xfffff && __double2hiint(x) < 0x7ff00000;
    is_usual &= is;
    x = is ? x : 1.0;
    __builtin_assume(__double2hiint(x) > 0xfffff);
    __builtin_assume((unsigned)(__double2hiint(x) - 1) < 0x7fefffffu);
    return log(x);
}
"""

_COSH: Final = """\
static __device__ __forceinline__ double quick_cosh(double x, bool &is_usual)
{
    const bool is = (unsigned)__double2hiint(size_of(x)) < 0x408633cfu;
    is_usual &= is;
    x = is ? x : 0.0;
    __builtin_assume((unsigned)__double2hiint(size_of(x)) < 0x408633cfu);
    return cosh(x);
}
"""

# Both of the library's forms, of which it takes one: in a warp there are mostly rows for each.
_TANH: Final = """\
static __device__ __forceinline__ double quick_tanh(double x, bool &)
{
    const double limit = __longlong_as_double(0x3fe4f92224dd2f1aLL);
    const bool is_small = !(size_of(x) >= limit);
    const double small = is_small ? x : 0.0, large = is_small ? 1.0 : x;
    __builtin_assume(!(size_of(small) >= limit));
    __builtin_assume(size_of(large) >= limit);
    const double near = tanh(small), far = tanh(large);
    return is_small ? near : far;
}
"""

QUICK: Final = {
    "div": _RATIO,
    "sqrt": _SQRT,
    "exp": _EXP,
    "log": _LOG,
    "cosh": _COSH,
    "tanh": _TANH,
}
"""By the name of an operation."""
ALWAYS: Final = frozenset({"tanh"})
"""Those that are right for every number."""
_RARE: Final = {"div": ("ratio", "double x, double y", "x / y")}


def quick_functions(names: Iterable[str]) -> list[str]:
    """The texts of these operations, and of `rare_...`, which is right for every number and stands
    in one place."""
    used = sorted(set(names))
    lines = [_COMMON, *[QUICK[name] for name in used]] if used else []
    for name in used:
        if name not in ALWAYS:
            shown, taken, text = _RARE.get(name, (name, "double x", f"{name}(x)"))
            lines += [
                f"static __device__ __noinline__ double rare_{shown}({taken})",
                f"{{ return {text}; }}",
            ]
    return lines
