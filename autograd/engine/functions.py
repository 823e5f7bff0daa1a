"""Functions over a sequence. Each makes one node of the graph, not a chain: a neuron's `dot` is one
node.

A sequence is a list, a tuple, an iterator or a NumPy array (of any shape, taken element by element)
of Values, numbers or both. Without a Value among them the result is a plain float.

Functions of a fixed number of inputs (`exp`, `atan2`, `where` ...) are primitives themselves: see
`primitives`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Never

from autograd.engine import primitives
from autograd.engine.apply import apply, with_floats
from autograd.engine.operands import describe, to_float
from autograd.engine.primitive import Primitive
from autograd.engine.value import Fan, Value

__all__ = [
    "dot",
    "log_softmax",
    "logsumexp",
    "max",
    "mean",
    "median",
    "min",
    "norm",
    "prod",
    "quantile",
    "softmax",
    "std",
    "sum",
    "var",
]


def _items(values: Iterable[Any], function: str, others: tuple[Never, ...] = ()) -> list[Any]:
    """The numbers of a sequence; `others` are what came beside it, where there is room for one."""
    if others:
        raise TypeError(f"{function} takes one sequence, as in {function}([a, b])")
    if isinstance(values, list):
        return values
    if isinstance(values, tuple):
        return list(values)
    if hasattr(values, "ravel"):
        return list(values.ravel())
    if isinstance(values, (Value, str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(
            f"{function} takes a sequence of Values or numbers, got {describe(values)}; "
            f"put it in a list: {function}([x, y])"
        )
    return list(values)


def _over(primitive: Primitive, items: list[Any]) -> Any:
    for x in items:
        if isinstance(x, Value):
            return apply(primitive, tuple(items))
    return primitive(*items)


def _nonempty(values: Iterable[Any], function: str, others: tuple[Never, ...] = ()) -> list[Any]:
    items = _items(values, function, others)
    if not items:
        raise ValueError(
            f"{function} of an empty sequence is not defined; give it one number or more"
        )
    return items


def sum(values: Iterable[Any], *others: Never) -> Any:
    """The sum; 0.0 for an empty sequence. Added up from left to right.

    >>> from autograd import Value, sum
    >>> sum([Value(1.0), 2, 3.5])
    Value(data=6.5, grad=0.0)
    """
    return _over(primitives.sum_, _items(values, "sum", others))


def prod(values: Iterable[Any], *others: Never) -> Any:
    """The product; 1.0 for an empty sequence. Derivatives are exact where inputs are 0.

    >>> from autograd import Value, prod
    >>> x = Value(0.0)
    >>> prod([x, 2.0, 3.0]).backward()
    >>> x.grad
    6.0
    """
    return _over(primitives.prod, _items(values, "prod", others))


def mean(values: Iterable[Any], *others: Never) -> Any:
    """The arithmetic mean. Raises ValueError for an empty sequence.

    >>> from autograd import mean
    >>> mean([1, 2, 6])
    3.0
    """
    return _over(primitives.mean, _nonempty(values, "mean", others))


def var(values: Iterable[Any], ddof: Any = 0) -> Any:
    """The variance: the sum of squared deviations from the mean, over n - ddof.

    As in NumPy, ddof is 0 unless it is given; 1 gives the unbiased estimate. Raises ValueError for
    an empty sequence, and for one of no more than ddof numbers.

    >>> from autograd import var
    >>> var([1.0, 2.0, 6.0]), var([1.0, 2.0, 6.0], ddof=1)
    (4.666666666666667, 7.0)
    """
    items = _nonempty(values, "var")
    ratio = _over_fewer(len(items), ddof, "var")
    out = _over(primitives.var, items)
    return out if ratio == 1.0 else out * ratio


def std(values: Iterable[Any], ddof: Any = 0) -> Any:
    """The standard deviation, the root of `var`; its derivative where all numbers are equal is 0.

    Without overflow or underflow on the way. Raises ValueError as `var` does.

    >>> from autograd import Value, std
    >>> xs = [Value(1.0), Value(5.0)]
    >>> std(xs).backward()
    >>> std(xs).data, xs[0].grad, xs[1].grad
    (2.0, -0.5, 0.5)
    """
    items = _nonempty(values, "std")
    ratio = math.sqrt(_over_fewer(len(items), ddof, "std"))
    out = _over(primitives.std, items)
    return out if ratio == 1.0 else out * ratio


def _over_fewer(count: int, ddof: object, function: str) -> float:
    """count / (count - ddof)"""
    fewer = to_float(ddof, f"{function}'s ddof must be")
    if not fewer < count:
        raise ValueError(
            f"{function} of {count} number{'s' if count > 1 else ''} with ddof={ddof} is not "
            "defined; give it more numbers than ddof"
        )
    return count / (count - fewer)


def median(values: Iterable[Any], *others: Never) -> Any:
    """The middle of the sorted numbers, or the mean of the two in the middle.

    Numbers that tie for a place share its gradient equally; a NaN makes it NaN. Raises ValueError
    for an empty sequence.

    >>> from autograd import Value, median
    >>> xs = [Value(5.0), Value(1.0), Value(2.0)]
    >>> median(xs).backward()
    >>> [x.grad for x in xs]
    [0.0, 0.0, 1.0]
    """
    items = _nonempty(values, "median", others)
    upper = _order_statistic(len(items) // 2, items, "median")
    if len(items) % 2 == 1:
        return upper
    return _over(primitives.mean, [_order_statistic(len(items) // 2 - 1, items, "median"), upper])


def quantile(values: Iterable[Any], q: Any) -> Any:
    """The number below which a part q of the numbers lies, for q from 0 to 1.

    As in NumPy, between the two sorted numbers beside place (n - 1) q it is interpolated linearly.
    Numbers that tie for a place share its gradient equally; a NaN makes it NaN. q is a constant.
    Raises ValueError for an empty sequence, and for a q that is not from 0 to 1.

    >>> from autograd import quantile
    >>> quantile([1.0, 2.0, 4.0], 0.5), quantile([1.0, 2.0, 4.0], 0.75)
    (2.0, 3.0)
    """
    items = _nonempty(values, "quantile")
    part = to_float(q, "quantile's q must be")
    if not 0.0 <= part <= 1.0:
        raise ValueError(f"quantile's q is from 0 to 1, got {q!r}")
    place = (len(items) - 1) * part
    below = int(place)
    rest = place - below
    lower = _order_statistic(below, items, "quantile")
    if rest == 0.0:
        return lower
    upper = _order_statistic(below + 1, items, "quantile")
    # From the nearer end, as NumPy does.
    if rest < 0.5:
        return lower + (upper - lower) * rest
    return upper - (upper - lower) * (1.0 - rest)


def _order_statistic(k: int, items: list[Any], function: str) -> Any:
    for x in items:
        if type(x) is not float and not isinstance(x, Value):
            where = f"{function} takes a Value or"
            items = [y if isinstance(y, Value) else to_float(y, where) for y in items]
            break
    return _over(primitives.order_statistic, [float(k), *items])


def dot(xs: Iterable[Any], ys: Iterable[Any]) -> Any:
    """The sum of products of two sequences of equal length (ValueError otherwise); 0.0 if both are
    empty.

    >>> from autograd import Value, dot
    >>> w = [Value(0.5), Value(-1.0)]
    >>> dot(w, [2.0, 3.0])
    Value(data=-2.0, grad=0.0)
    """
    left = _items(xs, "dot")
    right = _items(ys, "dot")
    if len(left) != len(right):
        raise ValueError(
            f"dot needs two sequences of equal length, got {len(left)} and {len(right)} numbers"
        )
    # The table's row for dot once more, for speed alone: a neuron is one of these. A test holds it
    # to the row bit by bit.
    n = len(left)
    inputs = left + right
    factors = inputs.copy()
    total = 0.0
    recorded = False
    for i in range(n):
        x, y = inputs[i], inputs[n + i]
        if isinstance(x, Value):
            a = x._data
            recorded = True
        elif type(x) is float:
            a = x
        else:
            break
        if isinstance(y, Value):
            b = y._data
            recorded = True
        elif type(y) is float:
            b = y
        else:
            break
        total += a * b
        factors[i] = b
        factors[n + i] = a
    else:
        if not recorded:
            return total
        return Value(total, None, primitives.dot, _fan=Fan(tuple(inputs), tuple(factors)))
    return _over(primitives.dot, with_floats(primitives.dot, inputs))


def norm(values: Iterable[Any], *others: Never) -> Any:
    """Euclidean length, without overflow or underflow on the way; its derivative at the origin is
    0.

    >>> from autograd import norm
    >>> norm([3.0, 4.0])
    5.0
    """
    return _over(primitives.norm, _items(values, "norm", others))


def logsumexp(values: Iterable[Any], *others: Never) -> Any:
    """log(exp(x1) + exp(x2) + ...), accurate in both tails; -inf for an empty sequence.

    Computed from the largest input, without overflow (Blanchard, Higham and Higham 2021).

    >>> from autograd import logsumexp
    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    return _over(primitives.logsumexp, _items(values, "logsumexp", others))


def max(values: Iterable[Any], *others: Never) -> Any:
    """The largest; those that tie share the gradient equally, NaN wins. ValueError for an empty
    sequence.

    >>> from autograd import Value, max
    >>> a, b, c = Value(2.0), Value(5.0), Value(5.0)
    >>> max([a, b, c]).backward()
    >>> a.grad, b.grad, c.grad
    (0.0, 0.5, 0.5)
    """
    return _over(primitives.max_, _nonempty(values, "max", others))


def min(values: Iterable[Any], *others: Never) -> Any:
    """The smallest; those that tie share the gradient equally, NaN wins. ValueError for an empty
    sequence.

    >>> from autograd import min
    >>> min([2, 1.5])
    1.5
    """
    return _over(primitives.min_, _nonempty(values, "min", others))


def softmax(values: Iterable[Any], *others: Never) -> list[Any]:
    """The list exp(xi) / sum exp(xj), values and derivatives accurate in both tails.

    n results are n nodes above two that they share, with some 5 n edges in all.

    >>> from autograd import softmax
    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return _each(
        primitives.share, with_floats(primitives.softmax, _items(values, "softmax", others))
    )


def log_softmax(values: Iterable[Any], *others: Never) -> list[Any]:
    """The list of the logarithms of softmax, finite and accurate where softmax itself is 0 or 1.

    >>> from autograd import log_softmax
    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    xs = with_floats(primitives.log_softmax, _items(values, "log_softmax", others))
    return _each(primitives.log_share, xs)


def _each(primitive: Primitive, xs: list[Any]) -> list[Any]:
    """The primitive of each input, and of what all of them share."""
    if not xs:
        return []
    pivot = _over(primitives.pivot, xs)
    others = _over(primitives.beside, [pivot, *xs])
    return [_over(primitive, [x, pivot, others]) for x in xs]
