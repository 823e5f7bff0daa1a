"""Functions of the table that no processor and no C library has, for a device: `engine/gamma`,
`engine/special` and `engine/statistics`, line by line, where the sources stand too.
"""

from __future__ import annotations

import math
import re
from typing import Final

from autograd.engine import gamma

__all__ = ["SPECIAL", "functions_for"]

BUILT_IN: Final = frozenset(["erfinv", "lgamma"])
"""Which CUDA's library has."""


def _table(name: str, numbers: list[float]) -> str:
    entries = ", ".join(map(repr, numbers))
    return f"static __device__ const double {name}[] = {{{entries}}};"


_TEXTS: Final = {
    "as_order": """\
static __device__ int as_order(double n)
{ return 0.0 <= n && n <= 100.0 && n == floor(n) ? (int)n : -1; }
""",
    "power": """\
static __device__ __noinline__ double power(double a, double b)
{ return b == 2.0 ? a * a : pow(a, b); }
""",
    "exp_square": """\
static __device__ __noinline__ double exp_square(double x, double c)
{
    if (!(fabs(x) < 60.0)) return x != x ? NAN : 0.0;
    const double scaled = 134217729.0 * x, head = scaled - (scaled - x);
    return exp(c * head * head) * exp(c * (x - head) * (x + head));
}
""",
    "distribution": """\
static __device__ __noinline__ double distribution(double x)
{
    if (!(fabs(x) < 60.0)) return x != x ? NAN : x > 0.0 ? 1.0 : 0.0;
    const double half = 0.7071067811865476, z = x * half;
    double scaled = 134217729.0 * x;
    const double head = scaled - (scaled - x), tail = x - head;
    scaled = 134217729.0 * half;
    const double c_head = scaled - (scaled - half), c_tail = half - c_head;
    double rest = ((head * c_head - z) + head * c_tail + tail * c_head) + tail * c_tail;
    rest += x * -4.833646656726457e-17;
    return 0.5 * (erfc(-z) + 1.1283791670955126 * exp_square(z, -1.0) * rest);
}
""",
    "erfcx_ratio": """\
static __device__ __noinline__ double erfcx_ratio(double order, double x)
{
    const int n = as_order(order);
    if (x != x || n < 0) return NAN;
    if (x >= 0.5) {
        const double wide = sqrt((double)n) + 14.0 / x;
        double ratio = 0.0;
        for (int k = n + 25 + (int)(wide * wide); k >= n; k--)
            ratio = 0.5 / (x + (k + 1) * ratio);
        return ratio;
    }
    double before = 1.1283791670955126 * exp_square(x, -1.0), out = erfc(x);
    for (int k = 1; k <= n; k++) {
        const double next = x > -INFINITY ? (before - 2.0 * x * out) / (2.0 * k) : INFINITY;
        before = out, out = next;
    }
    return out / before;
}
""",
    "inverse_mills": """\
static __device__ __noinline__ double inverse_mills(double x)
{
    if (x > -2.0 || x != x)
        return 0.3989422804014327 * exp_square(x, -0.5) / distribution(x);
    return 1.4142135623730951 * erfcx_ratio(1.0, -x * 0.7071067811865476) - x;
}
""",
    "log_ndtr": """\
static __device__ __noinline__ double log_ndtr(double x)
{
    if (x > 0.0) return log1p(-distribution(-x));
    if (x > -1.0) return log(distribution(x));
    return -log(inverse_mills(x)) - 0.5 * x * x - 0.9189385332046728;
}
""",
    "sine": """\
static __device__ __noinline__ double sine(double x) /* of pi x */
{
    const double whole = rint(x), out = sin(3.141592653589793 * (x - whole));
    return fmod(whole, 2.0) != 0.0 ? -out : out;
}
""",
    "cosine": """\
static __device__ double cosine(double x) /* of pi x */
{
    const double rest = fabs(fmod(x, 2.0));
    return rest < 1.0 ? sine(0.5 - rest) : sine(rest - 1.5);
}
""",
    "sinc_series": """\
static __device__ __noinline__ double sinc_series(int n, double x)
{
    const double pi = 3.141592653589793;
    int k = (n + 1) / 2;
    double term = pow(pi, 2.0 * k) / (2 * k + 1) * (k % 2 == 0 ? 1.0 : -1.0), total = 0.0;
    if (n % 2 == 1) term *= x;
    const double squared = pi * x * (pi * x);
    while (fabs(term) > 1e-18 * fabs(total)) {
        total += term;
        k += 1;
        const double shrunk = (2 * k - 1.0) / (2 * k + 1.0);
        term *= -squared * shrunk / ((2 * k - n) * (2 * k - n - 1.0));
    }
    return total;
}
""",
    "sinc_derivative": """\
static __device__ __noinline__ double sinc_derivative(double order, double x)
{
    const double pi = 3.141592653589793;
    const int n = as_order(order);
    if (n < 0 || !isfinite(x)) return n < 0 || x != x ? NAN : 0.0;
    if (fabs(x) < 0.5 * n) return sinc_series(n, x);
    const double s = sine(x), c = cosine(x);
    double out = x == 0.0 ? 1.0 : s / pi / x, wave = 1.0 / pi;
    for (int k = 1; k <= n; k++) {
        wave *= pi;
        const double turned = k % 4 == 0 ? s : k % 4 == 1 ? c : k % 4 == 2 ? -s : -c;
        out = (wave * turned - k * out) / x;
    }
    return out;
}
""",
    "bernoulli": _table("bernoulli", gamma.BERNOULLI) + "\n",
    "factorials": _table("factorials", [float(math.factorial(n)) for n in range(102)]) + "\n",
    "over_power": """\
static __device__ __noinline__ double over_power(double factor, double x, int n)
{
    const double whole = power(x, -(double)n);
    if (whole > 1e-290) return factor * whole;
    return factor * power(x, -(double)(n / 2)) * power(x, (double)(n / 2 - n));
}
""",
    "cotangent_derivative": """\
static __device__ __noinline__ double cotangent_derivative(int n, double x)
{
    const double c = cosine(x) / sine(x);
    double now[104], raised[104];
    now[0] = 0.0, now[1] = 1.0;
    int size = 2;
    for (int round = 0; round < n; round++, size++) {
        for (int i = 0; i <= size; i++) raised[i] = 0.0;
        for (int i = 1; i < size; i++) {
            raised[i - 1] -= i * now[i];
            raised[i + 1] -= i * now[i];
        }
        for (int i = 0; i <= size; i++) now[i] = raised[i];
    }
    double total = now[size - 1];
    for (int i = size - 2; i >= 0; i--) total = total * c + now[i];
    return total * power(3.141592653589793, n + 1.0);
}
""",
    "polygamma_right": """\
static __device__ __noinline__ double polygamma_right(int n, double x)
{
    const double factorial = factorials[n];
    double total = 0.0;
    while (x < 16.0 + n) {
        total += factorial * power(x, -(n + 1.0));
        x += 1.0;
    }
    const double squared = x * x;
    if (n == 0) {
        double series = 0.5 / x, term = 1.0 / squared;
        for (int k = 1; k <= 11; k++) {
            series += bernoulli[k - 1] * term / (2 * k);
            term /= squared;
        }
        return log(x) - (series + total);
    }
    double series = over_power(factorial / n, x, n) + over_power(0.5 * factorial, x, n + 1);
    double term = over_power(factorial * (n + 1) / 2.0, x, n + 2);
    for (int k = 1; k <= 11; k++) {
        series += bernoulli[k - 1] * term;
        term *= (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2 * k + 2) * squared);
    }
    return n % 2 == 1 ? series + total : -(series + total);
}
""",
    "polygamma": """\
static __device__ __noinline__ double polygamma(double order, double x)
{
    const int n = as_order(order);
    const bool is_even = n % 2 == 0;
    if (n < 0 || x != x || x == -INFINITY) return NAN;
    if (x == INFINITY) return n == 0 ? INFINITY : 0.0;
    if (x == 0.0 && is_even) return -copysign(INFINITY, x);
    if (x <= 0.0 && x == floor(x)) return is_even ? NAN : INFINITY;
    if (x > 0.0) return polygamma_right(n, x);
    const double reflected = polygamma_right(n, 1.0 - x);
    return (is_even ? reflected : -reflected) - cotangent_derivative(n, x);
}
""",
    "digamma": """\
static __device__ double digamma(double x) { return polygamma(0.0, x); }
""",
    "change": """\
static __device__ __noinline__ double change(double a, double b, double m)
{ return -power(a, -m) * expm1(-m * log1p(b / a)); }
""",
    "polygamma_difference": """\
static __device__ __noinline__ double polygamma_difference(double order, double a, double b)
{
    const int n = as_order(order);
    if (n >= 0 && a == INFINITY && isfinite(b)) return 0.0;
    if (!(n >= 0 && 0.0 < a && a < INFINITY && 0.0 < b && b < INFINITY))
        return polygamma(order, a) - polygamma(order, a + b);
    const double factorial = factorials[n];
    double total = 0.0;
    while (a < 16.0 + n) {
        total += factorial * change(a, b, n + 1.0);
        a += 1.0;
    }
    total += 0.5 * factorial * change(a, b, n + 1.0);
    total += n == 0 ? log1p(b / a) : factorial / n * change(a, b, (double)n);
    double size = factorials[n + 1] / 2.0;
    for (int k = 1; k <= 11; k++) {
        total += bernoulli[k - 1] * size * change(a, b, 2.0 * k + n);
        size *= (2 * k + n) * (2 * k + n + 1) / ((2 * k + 1) * (2.0 * k + 2));
    }
    return n % 2 == 1 ? total : -total;
}
""",
    "stirling_rest": """\
static __device__ __noinline__ double stirling_rest(double x)
{
    double term = 1.0 / x, total = 0.0;
    const double squared = term * term;
    for (int k = 1; k <= 11; k++) {
        total += bernoulli[k - 1] / (2 * k * (2 * k - 1)) * term;
        term *= squared;
    }
    return total;
}
""",
    "lbeta": """\
static __device__ __noinline__ double lbeta(double a, double b)
{
    const double small = a <= b ? a : b, large = a <= b ? b : a, both = small + large;
    if (!(0.0 < small && small <= large && large < INFINITY)) {
        if (large == INFINITY && small > 0.0) return -INFINITY;
        return lgamma(small) + lgamma(large) - lgamma(both);
    }
    if (large < 10.0)
        return lgamma(small) + log(both / large * (tgamma(1.0 + large) / tgamma(1.0 + both)));
    const double further = log1p(small / large);
    const double log_of_both = both == INFINITY ? log(large) + further : log(both);
    double rest = stirling_rest(large) - stirling_rest(both);
    const double far = -(large - 0.5) * further;
    if (small < 10.0) return lgamma(small) + rest + small - small * log_of_both + far;
    rest += stirling_rest(small);
    const double near = (small - 0.5) * -log1p(large / small);
    return 0.9189385332046728 - 0.5 * log_of_both + rest + near + far;
}
""",
    "order_statistic": """\
template <typename... A> static __device__ double order_statistic(double k, A... given)
{
    const double xs[] = {given...};
    const int n = (int)sizeof...(given);
    for (int i = 0; i < n; i++)
        if (xs[i] != xs[i]) return NAN;
    for (int i = 0; i < n; i++) {
        int place = 0; /* among the sorted ones; equal ones in their order */
        for (int j = 0; j < n; j++) place += xs[j] < xs[i] || (j < i && xs[j] == xs[i]);
        if ((double)place == k) return xs[i];
    }
    return NAN;
}
""",
}
"""Each after those that it calls."""

SPECIAL: Final = BUILT_IN | {
    "digamma",
    "erfcx_ratio",
    "inverse_mills",
    "lbeta",
    "log_ndtr",
    "order_statistic",
    "polygamma",
    "polygamma_difference",
    "sinc_derivative",
}
"""Operations of programs that call no Python on a device, though they do on the CPU."""

_WORD: Final = re.compile(r"[a-z]\w*")


def functions_for(names: frozenset[str] | set[str]) -> list[str]:
    """The texts of the special functions among these operations, and of what they call."""
    wanted = SPECIAL & names
    kept = []
    for name, text in reversed(_TEXTS.items()):
        if name in wanted:
            kept.append(text)
            wanted |= _TEXTS.keys() & set(_WORD.findall(text))
    return kept[::-1]
