"""Loops that are followed: what tells one state, or one result, from another beside the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, exp, grad, jit

NOTHING = math.nan


def shown(tree: Any) -> Any:
    """A result with its containers, keys and texts, and its numbers to the bit."""
    if isinstance(tree, dict):
        return [(repr(key), shown(x)) for key, x in tree.items()]
    if isinstance(tree, (list, tuple)):
        return type(tree).__name__, [shown(x) for x in tree]
    return tree if isinstance(tree, str) else float(getattr(tree, "data", tree)).hex()


# -- results ---------------------------------------------------------------------------------------


def a_pair_or_a_list(a: Any) -> Any:
    if a < -10.0:
        return (a, 2.0 * a)
    if a < 0.0:
        return (a, a)
    x = a
    while x > 1.0:
        x = 0.5 * x
    return [x, a]


def with_a_text(a: Any) -> Any:
    if a < -10.0:
        return {"x": a, "by": "low"}
    if a < 0.0:
        return {"x": a, "by": "negative"}
    x = a
    while x > 1.0:
        x = 0.5 * x
    return {"x": x, "by": "loop"}


def with_equal_keys(a: Any) -> Any:
    if a < -10.0:
        return {1: a}
    if a < 0.0:
        return {1: 2.0 * a}
    x = a
    while x > 1.0:
        x = 0.5 * x
    return {True: x}


@pytest.mark.parametrize("f", [a_pair_or_a_list, with_a_text, with_equal_keys])
def test_results_of_several_nestings(f: Callable[[Any], Any]) -> None:
    """Whichever path is met first, and whether before or after the loop was found."""
    for points in ([-1.0, -20.0, 5.0, 50.0, -20.0, -2.0, 9.0], [5.0, 50.0, 9.0, -1.0, -20.0, 5.0]):
        compiled = jit(f)
        for x in points:
            assert shown(compiled(x)) == shown(f(Value(x))), x


# -- states ----------------------------------------------------------------------------------------


def with_one_dict_or_two(a: Any, b: Any) -> Any:
    kept = {"x": a}
    other = kept if b > 0.0 else dict(kept)
    x = 1.0 * a
    while x > 1.0:
        x = 0.5 * x
    kept["x"] = x
    return x + other["x"]


def with_one_list_or_two(a: Any, b: Any) -> Any:
    kept = [a]
    other = kept if b > 0.0 else list(kept)
    x = 1.0 * a
    while x > 1.0:
        x = 0.5 * x
    kept[0] = x
    return x + other[0]


def with_one_nan_or_two(a: Any, b: Any) -> Any:
    """A list finds a NaN only if it is the same object."""
    other = NOTHING if b > 0.0 else NOTHING * 1.0
    x = 1.0 * a
    while x > 1.0:
        x = 0.5 * x
    return x if other in [7.0, NOTHING] else 2.0 * x


@pytest.mark.parametrize("f", [with_one_dict_or_two, with_one_list_or_two, with_one_nan_or_two])
def test_what_is_one_object_or_two(f: Callable[[Any, Any], Any]) -> None:
    compiled = jit(f)
    for x in [(5.0, -1.0), (9.0, -1.0), (40.0, -1.0), (5.0, 1.0), (9.0, 1.0), (40.0, -1.0)]:
        assert shown(compiled(*x)) == shown(f(*map(Value, x))), x


def with_a_toggle(a: Any) -> Any:
    """The number 0.5 is what t stands for, or a factor."""
    x, t = a, 0.0
    while x > 1.0:
        x = x * 0.5
        t = 0.0 if t else 0.5
    return t + x


def with_a_restart(a: Any) -> Any:
    """Where h is 0.125, it is set to that in vain; not so elsewhere."""
    x, h = a, 0.125
    while x > 1.0:
        if x < 2.0:
            h = 0.125
        elif x > 20.0:
            h = 0.25
        x = x - h * x - 0.25
    return x * h


def with_a_toggle_in_a_tuple(a: Any) -> Any:
    """The names begin in one assignment with the argument."""
    t, x = 0.0, a
    while x > 1.0:
        t, x = 0.0 if t else 0.5, x * 0.5
    return t + x


def with_a_restart_in_a_list(a: Any) -> Any:
    """One number of the code in a list, and read again."""
    start = [0.125, a, 0.25]
    h, x, other = start
    while x > 1.0:
        if x < 2.0:
            h, start[2] = start[0], h
        elif x > 20.0:
            h, other = other, 0.25
        x = x - h * x - 0.25
    return x * h + start[2] * other


OUTSIDE = Value(0.5)


def with_a_captured_start(a: Any) -> Any:
    """The same with a Value from outside."""
    x, h = a, OUTSIDE
    while x > 1.0:
        if x < 2.0:
            h = OUTSIDE
        elif x > 20.0:
            h = 0.0625 * x
        x = 0.5 * x
    return x * h


@pytest.mark.parametrize(
    "f",
    [
        with_a_toggle,
        with_a_restart,
        with_a_toggle_in_a_tuple,
        with_a_restart_in_a_list,
        with_a_captured_start,
    ],
)
def test_what_a_name_begins_with_is_loaded_again(f: Callable[[Any], Any]) -> None:
    """In whatever order calls of few rounds and of many come, the gradient too."""
    few, many = [0.5, 1.5, 2.9, 3.5], [5.88, 7.0, 30.0, 60.0, 120.0, 1000.0]
    for points in (few + many, few[::-1] + many, many + few, [1.2, 1.5, 3.5, 1.9, *many]):
        for compiled, g in ((jit(f), f), (jit(grad(f)), grad(f))):
            for x in points:
                assert shown(compiled(x)) == shown(g(Value(x))), (points, x)


def in_one_assignment(y0: Any) -> Any:
    t, y = 0.0, y0
    while y > 0.01:
        t, y = t + 0.125, y - 0.125 * y
    return t


def in_one_of_three(x: Any) -> Any:
    low, high, a = 0.0, 4.0, x
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        if middle * middle < a:
            low = middle
        else:
            high = middle
    return low


def in_one_of_four(y0: Any) -> Any:
    t, y, h, scale = 0.0, y0, 0.125, 0.5
    while y > 0.01:
        t, y, h = t + h, y - h * y, h * scale + 0.0625
    return t


def in_a_list(y0: Any) -> Any:
    held = [0.0, y0]
    t, y = held
    while y > 0.01:
        t, y = t + 0.125, y - 0.125 * y
    return t + held[0]


def beside_what_is_computed(y0: Any) -> Any:
    t, y, half = 0.0, -exp(-y0) + 1.0, 0.5
    (u, h), y = (1.0, half), y * 4.0
    while y > 0.01:
        t, y, u = t + 0.125, y - 0.25 * h * y, u + t
    return t + u


def twice_at_once(y0: Any) -> Any:
    t = u = 0.0
    y = z = y0
    while y > 0.01:
        t, y = t + 0.125, y - 0.125 * y
    return t + u * z


def swapped(y0: Any) -> Any:
    t, y = y0, 0.0
    t, y = y, t
    while y > 0.01:
        t, y = t + 0.125, y - 0.125 * y
    return t


def the_rest_starred(y0: Any) -> Any:
    pair = [y0, 0.5 * y0]
    t, *y = 0.0, *pair
    while y[0] > 0.01:
        t, y = t + 0.125, [u - 0.125 * u for u in y]
    return t + y[1]


def starred_in_between(y0: Any) -> Any:
    t, *y, h = 0.0, y0, *(1.0, y0), 0.125
    while y[0] > 0.01:
        t, y = t + h, [y[0] - h * y[0], y[1], y[2]]
    return t * y[1] + y[2]


@pytest.mark.parametrize(
    "f",
    [
        the_rest_starred,
        starred_in_between,
        in_one_assignment,
        in_one_of_three,
        in_one_of_four,
        in_a_list,
        beside_what_is_computed,
        twice_at_once,
        swapped,
    ],
)
def test_names_that_begin_in_one_assignment(f: Callable[[Any], Any]) -> None:
    """With an argument, in whatever order: one path, recorded twice, and eager's numbers."""
    compiled = jit(f)
    points = [0.5, 0.95, 1.8, 3.5]
    for x in points:
        assert shown(compiled(x)) == shown(f(Value(x))), x
    assert (compiled.stats().paths, compiled.recordings) == (1, 2)
    compiled = jit(grad(lambda x: f(x) * x))
    for x in points:
        assert shown(compiled(x)) == shown(grad(lambda x: f(x) * x)(x)), x


def with_an_exponent(a: Any) -> Any:
    """The exponent is a number of the code, and the powers are those of floats."""
    x, n, t = a, 1.5, 2.0
    while x > 1.0:
        x, t = x * 0.5, t**n
    return t + x


def with_a_divisor(a: Any) -> Any:
    x, t, h = a, 0.25, 1.0
    while x > 1.0:
        x, t = x * 0.5, t - 0.125
        h = h / t
    return h + x


@pytest.mark.parametrize("f", [with_an_exponent, with_a_divisor])
def test_arithmetic_that_is_of_floats(f: Callable[[Any], Any]) -> None:
    """Powers, and what is divided by 0."""
    compiled = jit(f)
    for x in [0.5, 1.5, 2.5, 3.5, 1.9, 0.9, 5.0]:
        try:
            found = shown(f(x))
        except ZeroDivisionError:
            with pytest.raises(ZeroDivisionError):
                compiled(x)
        else:
            assert shown(compiled(x)) == found, x


def with_a_list_or_another(x: Any, y: Any, z: Any, w: Any, c: Any) -> Any:
    """Lists are compared item by item, and no name says which ones they are."""
    while x > 1.0:
        x = 0.5 * x
        which = 1 if c > 0.0 else 0
        if ([z, y] if which else [z, w]) == ([y, y] if which < 2 else 2.0):
            x = 0.125 * x
        which = 0
    return x


def test_lists_that_might_have_been_numbers() -> None:
    unlike, alike = (5.0, 6.0, 7.0), (5.0, 5.0, 7.0)
    points = [(5.0, *unlike, 1.0), (9.0, *unlike, -1.0), (17.0, *alike, 1.0), (17.0, *alike, -1.0)]
    for order in ([0, 1, 2, 3], [1, 0, 3, 2], [0, 1, 3, 2]):
        compiled = jit(with_a_list_or_another)
        for x in [points[i] for i in order]:
            expected = with_a_list_or_another(*map(Value, x))
            assert shown(compiled(*x)) == shown(expected), (order, x)


# -- paths beside a graph --------------------------------------------------------------------------


def with_an_order(a: Any) -> Any:
    """Half of its paths sort, which is not followed."""
    x = a
    while x > 1.0:
        x = 0.5 * x
    return sorted([x, 0.65])[1] if x > 0.6 else x


@pytest.mark.parametrize("f", [with_an_order, grad(with_an_order)])
def test_paths_that_are_not_followed_are_kept(f: Callable[[Any], Any]) -> None:
    """Each is recorded once, and the loop stays what it is."""
    compiled = jit(f)
    for x in [2.2, 4.4, 8.8, 17.6]:
        compiled(x)
    for x in [2.5, 2.7, 5.1, 2.5, 2.6, 2.7, 2.8, 5.1, 35.2, 2.5, 5.1, 2.2]:
        assert shown(compiled(x)) == shown(f(x))
    assert compiled.stats().loops > 0
    recordings = compiled.recordings
    for x in [2.5, 2.6, 2.7, 2.8, 5.1, 35.2, 70.4]:
        compiled(x)
    assert compiled.recordings == recordings


def with_a_note(p: Any) -> Any:
    x, rounds = p[0], 0.0
    while x > 1.0:
        x, rounds = 0.5 * x, rounds + 1.0
    if x < 0.6:
        p[0] = rounds
    return x


def test_a_graph_that_fails_in_every_form_is_dropped() -> None:
    compiled = jit(with_a_note)
    for x in [3.0, 6.0, 12.0, 24.0]:
        compiled([x])
    assert compiled.stats().loops > 0
    compiled([2.2])  # which writes to its argument: no form of the function is followed
    for x in [4.4, 3.0, 8.8, 2.2]:
        assert shown(compiled([x])) == shown(with_a_note([Value(x)]))
    assert compiled.stats().loops == 0


def with_whole_numbers(a: Any) -> Any:
    x = a
    while x > 100.0:
        x = 0.5 * x
    return x * int(x)


def test_whole_numbers_that_are_computed_with_leave_the_graph() -> None:
    """Then each is a path of its own, and they share their code."""
    compiled = jit(with_whole_numbers, max_paths=100)
    for k in range(60):
        x = 0.5 + k if k % 2 else 200.5 + k
        assert shown(compiled(x)) == shown(with_whole_numbers(Value(x)))
    assert compiled.stats().loops == 0
    assert compiled.stats().codes < 10
    assert compiled.recordings <= 62


def test_orders_are_recorded_once() -> None:
    """What `sorted` compares parts paths like any other decision, NaN included."""
    compiled = jit(lambda x, y: sorted([x, y, 0.65])[1])
    numbers = [0.6, 0.7, 0.9, math.nan]
    for x in [(x, y) for x in numbers for y in numbers] * 2:
        assert shown(compiled(*x)) == shown(sorted([*map(Value, x), 0.65])[1])
    recordings = compiled.recordings
    assert recordings == compiled.stats().paths
    for x in [(y, x) for x in numbers for y in numbers]:
        compiled(*x)
    assert compiled.recordings == recordings
