"""jit: the same numbers as the function itself, whatever it is and however it is called."""

from __future__ import annotations

import copy
import dataclasses
import fractions
import gc
import inspect
import math
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
import warnings
import weakref
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from eagerly import eagerly, outcome, same

import autograd
from autograd import (
    Value,
    detect_anomaly,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jit,
    jvp,
    log,
    no_grad,
    sin,
    sqrt,
    tanh,
    value_and_grad,
    vjp,
)

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
RecordingError = pytest.importorskip("autograd.compiler").RecordingError
specializations = pytest.importorskip("autograd.compiler.specializations")

INF, NAN = math.inf, math.nan


def agree(f: Callable[..., Any], compiled: Any, *args: Any) -> None:
    """Twice: a call may record, and the next one replays."""
    wanted = outcome(eagerly, f, *args)
    for _ in range(3):
        found = outcome(compiled, *args)
        assert same(found, wanted), (args, found, wanted)


# -- functions and transforms ----------------------------------------------------------------------


def rosenbrock(p: Any) -> Any:
    return sum(
        100 * (p[i + 1] - p[i] ** 2) ** 2 + (1 - p[i]) ** 2  # as in the textbooks
        for i in range(len(p) - 1)
    )


def mixed(p: Any) -> Any:
    a, b, c = p
    x = a if a > b else autograd.maximum(b, c) * 2
    return tanh(x) * b + autograd.dot([a, b], [c, x]) / (1 + exp(-c)) + autograd.logsumexp(p)


def tangents(p: Any) -> Any:
    return jvp(mixed, (p,), ([1.0, 0.5, -2.0],))


def cotangents(p: Any) -> Any:
    value, pullback = vjp(lambda q: [mixed(q), q[0] * q[1]], p)
    return value, pullback([2.0, -1.0])


def nested_orders(p: Any) -> Any:
    return grad(lambda x: grad(lambda y: mixed([x * y, y, p[2]]))(p[1]))(p[0])


def with_direction(p: Any) -> Any:
    return hvp(mixed)(p, [0.5, 1.0, -1.0])


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "function": mixed,
    "rosenbrock": rosenbrock,
    "grad": grad(mixed),
    "value_and_grad": value_and_grad(mixed),
    "hessian": hessian(mixed),
    "hessian of rosenbrock": hessian(rosenbrock),
    "jacobian": jacobian(lambda p: [mixed(p), p[0] * p[1], {"c": sin(p[2])}]),
    "third order": grad(lambda p: grad(lambda q: grad(mixed)([q, p[1], p[2]])[0] * q)(p[0])),
    "jvp": tangents,
    "vjp": cotangents,
    "hvp": with_direction,
    "nested": nested_orders,
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_give_the_bits_of_eager(name: str) -> None:
    """At ordinary points, and among NaN, infinities and zeros."""
    f = TRANSFORMS[name]
    plain = f if name not in ("function", "rosenbrock") else partial(eagerly, f)
    compiled = jit(f)
    rng = Random(name)
    awkward = [0.0, -0.0, 1.0, -1.0, 1e-200, 1e200, INF, -INF, NAN]
    for i in range(120):
        draw = (lambda: rng.choice(awkward)) if i % 3 == 2 else (lambda: rng.gauss(0.0, 2.0))
        point = [draw() for _ in range(3)]
        wanted = plain(point)
        for _ in range(2):
            assert same(compiled(point), wanted), point
    assert compiled.stats().paths <= 20


def test_derivatives_of_a_compiled_function() -> None:
    """Called with Values it behaves as the function."""
    compiled = jit(mixed)
    p = [0.3, -1.2, 2.0]
    for _ in range(2):
        assert grad(compiled)(p) == grad(mixed)(p)
        assert hessian(compiled)(p) == hessian(mixed)(p)
        assert jit(grad(compiled))(p) == grad(mixed)(p)
        assert compiled(p) == mixed(p)
    leaves = [Value(x) for x in p]
    out = compiled(leaves)
    out.backward()
    assert isinstance(out, Value)
    assert [x.grad for x in leaves] == grad(mixed)(p)
    assert compiled([Value(0.3), -1.2, 2.0]).data == mixed(p)


def test_compiled_functions_within_compiled_functions() -> None:
    """The inner one is part of the recording of the outer one."""
    inner = jit(lambda x: x * x if x > 0 else -x)
    f = lambda x: inner(x) + inner(x - 1) * inner(2.0)  # noqa: E731
    compiled = jit(jit(f))
    for x in (2.0, -1.0, 0.5, 1.0):
        agree(f, compiled, x)
    assert compiled.program().operations > 3


def test_recursion() -> None:
    """A compiled function that calls itself records itself whole."""

    @jit
    def factorial(n: Any) -> Any:
        return n * factorial(n - 1) if n > 1 else n

    assert [factorial(float(n)) for n in (5, 5, 3, 4, 5)] == [120.0, 120.0, 6.0, 24.0, 120.0]
    assert factorial.stats().paths == 3


def test_captured_arguments_of_a_transform() -> None:
    """Compiled inside of a function that is differentiated, the captured x counts."""

    def outer(x: Any) -> Any:
        inner = jit(lambda y: x * y * y)
        return inner(3.0) + inner(2.0) * x

    for x in (1.5, -2.0):
        assert grad(outer)(x) == 9.0 + 8.0 * x
        assert jit(grad(outer))(x) == 9.0 + 8.0 * x
        assert grad(grad(outer))(x) == 8.0
    kept: list[Any] = []

    def again(x: Any) -> Any:
        if not kept:
            kept.append(jit(lambda y: x * y))
        return kept[0](2.0)

    assert grad(again)(1.0) == 2.0
    assert kept[0].stats().paths == 0

    def watched(x: Any) -> Any:
        with detect_anomaly():
            return jit(lambda y: x * y)(2.0)

    assert grad(watched)(3.0) == 2.0


# -- arguments -------------------------------------------------------------------------------------


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclasses.dataclass
class Box:
    width: Any
    sides: Any


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: Any


def read_only(a: Any) -> Any:
    out = np.array(a)
    out.flags.writeable = False
    return out


NUMBERS: dict[str, list[Any]] = {
    "float": [0.1, -0.0, NAN],
    "int": [3, -2, 0, 2**53 + 1, 10**400],
    "bool": [True, False],
    "Fraction": [fractions.Fraction(1, 3), fractions.Fraction(5)],
    "np.float64": [np.float64(0.1), np.float64(INF)],
    "np.float32": [np.float32(0.1)],
    "np.float16": [np.float16(0.1)],
    "np.int64": [np.int64(7)],
    "np.uint8": [np.uint8(250)],
    "np.bool_": [np.True_, np.False_],
    "subclass": [type("Metres", (float,), {})(2.5)],
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_every_type(kind: str) -> None:
    """Whichever type came first; all of them are one structure, but for truth values."""
    f = lambda x: x * 2 + 1  # noqa: E731
    compiled = jit(f)
    for x in [*NUMBERS[kind], 1.5, *NUMBERS[kind], *NUMBERS["float"], 7]:
        agree(f, compiled, x)
    assert compiled.stats().paths == {"bool": 3, "np.bool_": 3}.get(kind, 1)
    assert type(compiled(NUMBERS[kind][0])) is float


def product_of(tree: Any) -> Any:
    """A number, and the nesting itself."""
    leaves, structure = autograd.transforms.tree.flatten(tree)
    total = autograd.sum([(i + 1) * x for i, x in enumerate(leaves)])
    return total, structure.unflatten([x * total for x in leaves])


TREES: dict[str, Any] = {
    "list": [1.0, 2.0],
    "long list": [float(i) for i in range(20)],
    "list of ints": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "list of bools": [True] * 9,
    "mixed list": [1, 2.5, True, np.float32(0.5), fractions.Fraction(1, 3)],
    "long mixed list": [1, 2.5] * 6,
    "tuple": (1.0, (2.0, [3.0])),
    "empty": [[], (), {}, 1.0],
    "dict": {"w": 1.0, "b": [2.0, 3.0]},
    "dict of other keys": {1: 2.0, (0, "x"): 3.0},
    "long keys": {f"key {i}": float(i) for i in range(10)},
    "named tuple": Pair(1.0, [2.0, Pair(3.0, 4.0)]),
    "dataclass": Box(2.0, {"left": 1.0, "right": Frozen(3.0)}),
    "ordered dict": OrderedDict(b=1.0, a=2.0),
    "default dict": defaultdict(float, b=1.0, a=2.0),
    "array": np.arange(6.0).reshape(2, 3),
    "long array": np.linspace(0.0, 1.0, 50),
    "array of ints": np.arange(4),
    "array of bytes": np.arange(4, dtype=np.uint8),
    "array of bools": np.array([True, False]),
    "array of float32": np.linspace(0, 1, 5, dtype=np.float32),
    "array of float16": np.linspace(0, 1, 5, dtype=np.float16),
    "array of objects": np.array([1.0, 2, fractions.Fraction(1, 2)], dtype=object),
    "swapped array": np.arange(3.0).astype(">f8"),
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided array": np.arange(12.0).reshape(3, 4)[::2, ::-1],
    "read-only array": read_only([1.0, 2.0]),
    "empty array": np.empty((0, 3)),
    "array without dimensions": np.array(2.0),
    "arrays in a dict": {"w": np.ones((2, 2)), "b": [np.zeros(1), 3.0]},
}


SEEN_BY_THE_FUNCTION = ["list of bools", "mixed list", "read-only array", "strided array"]
SEEN_BY_THE_FUNCTION += ["Fortran order"]


@pytest.mark.parametrize("kind", TREES)
def test_nested_arguments_and_results(kind: str) -> None:
    """As an argument, and what comes of it; other numbers in the same nesting too."""
    tree = TREES[kind]
    compiled = jit(product_of)
    before = copy.deepcopy(tree)
    agree(product_of, compiled, tree)
    leaves, structure = autograd.transforms.tree.flatten(tree)
    for numbers in ([x + 1 for x in leaves], [-x for x in leaves], leaves):
        agree(product_of, compiled, structure.unflatten(numbers))
    agree(product_of, compiled, tree)
    assert compiled.stats().paths == (2 if kind in SEEN_BY_THE_FUNCTION else 1)
    assert same(tree, before)
    assert type(tree) is type(before)


def test_arrays_of_one_shape_are_one_structure() -> None:
    """Whatever their type, recorded with any of them; in another order of the axes in memory, or
    read-only, they are others."""
    arrays = [
        np.arange(6).reshape(2, 3).astype(kind) for kind in ("f8", "f4", "i8", "u1", "O", ">f8")
    ]
    arrays += [np.asfortranarray(arrays[0]), arrays[0].T.copy().T, read_only(arrays[0])]
    f = lambda a: (a * a).sum() + a[1] * a[0, 0]  # noqa: E731
    for first in arrays:
        compiled = jit(f)
        compiled(first)
        for a in [*arrays, *arrays[::-1]]:
            agree(f, compiled, a)
        assert compiled.stats().paths == 3


def test_other_nestings_are_recorded_apart() -> None:
    """A length, a key, a shape or a type more or less; each falls back properly."""
    f = lambda t: product_of(t)[0]  # noqa: E731
    compiled = jit(f)
    trees = [
        [1.0, 2.0],
        [1.0, 2.0, 3.0],
        [1.0],
        (1.0, 2.0),
        [1.0, [2.0]],
        [[1.0], 2.0],
        {"a": 1.0, "b": 2.0},
        {"b": 1.0, "a": 2.0},
        {"a": 1.0, "c": 2.0},
        {"a": 1.0},
        {"a": 1.0, "b": 2.0, "c": 3.0},
        {"a": 1.0, "b": [2.0]},
        Pair(1.0, 2.0),
        np.array([1.0, 2.0]),
        np.array([[1.0, 2.0]]),
        np.array([1.0]),
        2.0,
        [float(i) for i in range(9)],
        [float(i) for i in range(10)],
        [*[float(i) for i in range(9)], [1.0]],
    ]
    for _ in range(3):
        for tree in trees:
            agree(f, compiled, tree)
    assert compiled.stats().paths == len(trees)


def test_the_order_of_keys_is_part_of_a_dict() -> None:
    f = lambda d: next(iter(d.values())) * 10 + list(d.values())[1]  # noqa: E731
    compiled = jit(f)
    for _ in range(3):
        assert compiled({"a": 1.0, "b": 2.0}) == 12.0
        assert compiled({"b": 2.0, "a": 1.0}) == 21.0
        assert compiled({"".join("a"): 3.0, "b": 4.0}) == 34.0


def test_many_numbers() -> None:
    """More than fit a stack."""
    a = np.linspace(0.0, 1.0, 40_000)
    compiled = jit(lambda a: a[0] + a[-1] * 2)
    for _ in range(3):
        assert compiled(a) == 2.0
        assert compiled(a * 2) == 4.0
    long = [float(i) for i in range(100)]
    outputs = jit(lambda x: [x * y for y in long])
    for _ in range(3):
        assert outputs(2.0) == [2 * y for y in long]


def test_arguments_and_results_may_change_after_a_call() -> None:
    """Lists, dicts and arrays that the caller goes on using, between any two calls."""
    total = jit(lambda p: product_of(p)[0])
    numbers, table, a = [1.0, 2.0], {"a": 1.0}, np.arange(4.0)
    for tree, change in [
        (numbers, lambda: numbers.append(10.0)),
        (table, lambda: table.update(b=5.0)),
        (a, lambda: a.resize((2, 2), refcheck=False)),
    ]:
        before = copy.deepcopy(tree)
        total(tree)
        change()
        for _ in range(3):
            agree(lambda p: product_of(p)[0], total, before)
            agree(lambda p: product_of(p)[0], total, tree)
    results = jit(lambda x: [x, {"a": x}, np.array([x])])
    for x in (1.0, 2.0, 3.0):
        out = results(x)
        out[1]["b"] = 7.0
        out[2].resize((1, 1), refcheck=False)
        out.append(3.0)
        assert same(results(x), [x, {"a": x}, np.array([x])])


def test_what_is_kept_is_free_of_the_recording() -> None:
    """Neither Values of the recording nor the caller's arguments stay in memory."""

    class Numbers(list[Any]):
        pass

    class Table(dict[str, Any]):
        pass

    def f(p: Any) -> Any:
        out = Table(a=[x * 2 for x in p])
        seen.append(weakref.ref(out))
        return out

    p = Numbers([1.0, 2.0])
    seen: list[Any] = [weakref.ref(p)]
    compiled = jit(f)
    compiled(p)
    del p
    gc.collect()
    assert len(seen) == 4  # the argument, two recordings, a run on floats
    assert [reference() for reference in seen] == [None] * 4
    assert compiled([1.0, 2.0]) == {"a": [2.0, 4.0]}


def test_keywords_defaults_and_stars() -> None:
    def f(a: Any, /, b: Any = 2.0, *rest: Any, c: Any = 3.0, **others: Any) -> Any:
        return a + 10 * b + 100 * c + sum(rest) + sum(others.values())

    compiled = jit(f)
    for _ in range(3):
        assert compiled(1.0) == 321.0
        assert compiled(1.0, 1.0) == compiled(1.0, b=1.0) == 311.0
        assert compiled(1.0, c=0.0, b=1.0) == compiled(1.0, b=1.0, c=0.0) == 11.0
        assert compiled(1.0, 1.0, 5.0, 6.0, d=7.0) == 329.0
        assert compiled(1.0, 1.0, a=4.0) == 315.0  # another a, among the others
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        compiled()


def test_methods_and_objects_that_can_be_called() -> None:
    class Line:
        def __init__(self) -> None:
            self.slope = Value(2.0)

        def at(self, x: Any) -> Any:
            return self.slope * x

        def __call__(self, x: Any) -> Any:
            return self.slope * x + 1

    line = Line()
    bound, called = jit(line.at), jit(line)
    for slope in (2.0, 3.0):
        line.slope.data = slope
        assert [bound(1.5), bound(2.0)] == [slope * 1.5, slope * 2.0]
        assert [called(1.5), called(2.0)] == [slope * 1.5 + 1, slope * 2.0 + 1]
    assert jit(max)(1.0, 3.0) == 3.0


def test_it_looks_like_the_function() -> None:
    compiled = jit(rosenbrock)
    assert compiled.__name__ == "rosenbrock"
    assert inspect.signature(compiled) == inspect.signature(rosenbrock)
    assert repr(compiled) == "<jit of rosenbrock: 0 paths>"
    compiled([1.0, 2.0])
    assert repr(compiled) == "<jit of rosenbrock: 1 path>"


def test_arguments_that_are_no_numbers() -> None:
    compiled = jit(lambda x, kind: x)
    for wrong in ("fast", 1j, object(), {1.0}, b"x"):
        with pytest.raises(TypeError, match=r"name arguments that are not numbers in static_arg"):
            compiled(1.0, wrong)
    with pytest.raises(TypeError, match="an argument of a compiled function must be a number"):
        compiled("x", 1.0)
    assert compiled.stats().paths == 0


def test_what_jit_takes() -> None:
    with pytest.raises(TypeError, match="jit takes a function, got int 3"):
        jit(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_paths is a whole number from 1, got int 0"):
        jit(abs, max_paths=0)
    with pytest.raises(ValueError, match="max_paths is a whole number from 1, got bool True"):
        jit(abs, max_paths=True)
    with pytest.raises(TypeError, match="static_argnames are names of arguments, got int 0"):
        jit(abs, static_argnames=[0])  # type: ignore[list-item]


# -- static arguments ------------------------------------------------------------------------------


def test_static_arguments_choose_the_form() -> None:
    """By place or by name; each value is recorded apart."""

    def power(x: Any, n: int, kind: str = "plain") -> Any:
        out = math.prod([x] * n)
        return -out if kind == "negative" else out

    compiled = jit(power, static_argnames=("n", "kind"))
    for _ in range(3):
        assert compiled(2.0, 3) == 8.0
        assert compiled(2.0, 4) == 16.0
        assert compiled(2.0, n=3) == 8.0
        assert compiled(2.0, 3, "negative") == compiled(2.0, 3, kind="negative") == -8.0
        assert compiled(3.0, 3) == 27.0
    alone = jit(power, static_argnames="n")
    assert [alone(2.0, n) for n in (1, 2, 1)] == [2.0, 4.0, 2.0]
    with pytest.raises(TypeError, match=r"static arguments are hashable, got list \[3\]"):
        compiled(2.0, [3])


def test_equal_static_arguments_of_other_types_are_others() -> None:
    """1 and 1.0 and True are equal, as are 0.0 and -0.0."""
    compiled = jit(lambda x, s: x * 2 if isinstance(s, bool) else x * (3 + s), static_argnames="s")
    g = jit(lambda x, s: x * math.copysign(1.0, s), static_argnames="s")
    names = jit(lambda x, s: x + len(type(s[0]).__name__), static_argnames="s")
    for _ in range(3):
        assert [compiled(1.0, s) for s in (1, True, 1.0)] == [4.0, 2.0, 4.0]
        assert [g(1.0, s) for s in (0.0, -0.0, 0.0)] == [1.0, -1.0, 1.0]
        assert [names(0.0, (s,)) for s in (1, 1.0, True)] == [3.0, 5.0, 4.0]


# -- captured Values -------------------------------------------------------------------------------


def test_captured_values_are_read_at_every_call() -> None:
    """Training sees every update, whichever way the number was put there."""
    w, b = Value(2.0, label="w"), Value(1.0)
    hidden = w * b  # was computed once, and is what it is
    f = lambda x: w * x + b + hidden  # noqa: E731
    compiled = jit(f)
    for number in (2.0, -1.5, 3, np.float64(0.25), np.float32(0.5), fractions.Fraction(1, 3), NAN):
        w.data = number
        agree(f, compiled, 3.0)
        agree(f, compiled, 4)
        agree(f, compiled, np.float32(4.0))
    assert compiled.stats().paths == 1
    b.data = 5
    w.data = 1.0
    agree(f, compiled, 1.0)


def test_decisions_on_captured_values_are_guards() -> None:
    w = Value(2.0)
    f = lambda x: w * x if w > x else x - w  # noqa: E731
    compiled = jit(f)
    for number in (2.0, 0.0, 5.0):
        w.data = number
        for x in (1.0, 3.0):
            agree(f, compiled, x)
    assert compiled.stats().paths == 2


def test_derivatives_by_captured_values() -> None:
    """A gradient of the argument contains the parameters; nobody's .grad changes."""
    w = Value(3.0)
    w.grad = 7.0
    compiled = jit(value_and_grad(lambda x: w * x * x))
    for number in (3.0, -2.0):
        w.data = number
        for _ in range(3):
            assert compiled(2.0) == (4 * number, 4 * number)
    assert w.grad == 7.0


def test_training_with_a_compiled_gradient() -> None:
    """Parameters as arguments and as captured Values give the same history."""
    rng = Random(5)
    data = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(8)]
    start = [0.1, -0.2]
    w = [Value(x) for x in start]

    def loss(p: Any) -> Any:
        return autograd.mean([(tanh(p[0] * x + p[1]) - y) ** 2 for x, y in data])

    step = jit(value_and_grad(loss))
    captured = jit(lambda: loss(w))
    p, histories = start, ([], [], [])
    for _ in range(20):
        value, slope = step(p)
        histories[0].append(value)
        histories[1].append(captured())
        histories[2].append(value_and_grad(loss)(p)[0])
        p = [x - 0.5 * s for x, s in zip(p, slope, strict=True)]
        for leaf, x in zip(w, p, strict=True):
            leaf.data = x
    assert histories[0] == histories[1] == histories[2]
    assert histories[0][-1] < histories[0][0]
    assert step.stats().paths == captured.stats().paths == 1


def test_a_captured_value_lives_as_long_as_the_function() -> None:
    def make() -> Any:
        w = Value(2.0)
        return jit(lambda x: w * x)

    compiled = make()
    compiled(1.0)
    gc.collect()
    assert [compiled(x) for x in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]


# -- results ---------------------------------------------------------------------------------------

CAPTURED = Value(4.0)

RESULTS: dict[str, Callable[[Any], Any]] = {
    "several": lambda x: (x, x * 2, [x * 3, {"a": x}]),
    "the argument itself": lambda x: x,
    "one number twice": lambda x: [x * 2, x * 2, x],
    "a constant": lambda x: 3,
    "constants of every type": lambda x: [True, 2, 0.5, np.float32(0.1), fractions.Fraction(1, 3)],
    "a constant Value": lambda x: Value(3.0),
    "a captured Value": lambda x: CAPTURED,
    "constants and numbers": lambda x: {"one": 1, "x": x, "y": [-0.0, x * x]},
    "nothing": lambda x: [],
    "nothing at all": lambda x: ({}, (), []),
    "a comparison": lambda x: x > 2,
    "a whole number": round,
    "an array": lambda x: np.array([x, 2.0 * x]),
    "an array without Values": lambda x: np.array([1.0, 2.0]),
    "an array of ints": lambda x: np.array([1, 2]),
    "an array without dimensions": lambda x: np.array(x, dtype=object) * 1,
    "a matrix": lambda x: np.array([[x, 1.0], [x * x, -x]]) @ np.array([[1.0], [x]]),
    "an empty array": lambda x: np.zeros((0, 2)),
    "a named tuple": lambda x: Pair(x, [x, Pair(x, 1)]),
    "a dataclass": lambda x: Box(x, {"a": Frozen(x * 2)}),
    "a default dict": lambda x: defaultdict(list, a=x),
    "a long list": lambda x: [x * i for i in range(30)],
    "a long mixed list": lambda x: [x if i % 2 else i for i in range(30)],
    "keys of every type": lambda x: {1: x, (2, "b"): x * 2, None: x * 3},
}


@pytest.mark.parametrize("kind", RESULTS)
def test_results_have_the_nesting_of_the_function(kind: str) -> None:
    f = RESULTS[kind]
    compiled = jit(f)
    for x in (1.5, 2.5, -0.0, 1.5):
        agree(f, compiled, x)
    first, second = compiled(1.5), compiled(1.5)
    assert first is not second or isinstance(first, float) or first == ()


def test_results_are_the_callers_own() -> None:
    """Changing one changes no other."""
    compiled = jit(lambda x: {"list": [x, 1.0], "array": np.array([x, x])})
    for _ in range(3):
        out = compiled(2.0)
        out["list"].append(3.0)
        out["array"][:] = 0.0
        del out["array"]
        assert compiled(2.0)["list"] == [2.0, 1.0]
        assert compiled(2.0)["array"].tolist() == [2.0, 2.0]


def test_results_that_are_no_numbers() -> None:
    for out in ("text", None, 1j, ["text"], {"a": "b"}):
        compiled = jit(lambda x, out=out: out, static_argnames="out")
        with pytest.raises(TypeError, match="what a compiled function returns must be a number"):
            compiled(1.0)
        assert compiled.stats().paths == 0


def test_functions_without_arguments() -> None:
    w = Value(2.0)
    compiled = jit(lambda: w * 3)
    for number in (2.0, 5.0):
        w.data = number
        assert [compiled(), compiled()] == [3 * number] * 2
    assert [jit(lambda: 3)() for _ in range(2)] == [3.0, 3.0]


def test_the_nesting_may_depend_on_the_path() -> None:
    f = lambda x: [x] * 3 if x > 0 else {"minus": -x}  # noqa: E731
    compiled = jit(f)
    for x in (1.0, -1.0, 2.0, -2.0) * 3:
        agree(f, compiled, x)


# -- what may go wrong meanwhile -------------------------------------------------------------------


def test_an_exception_leaves_the_function_as_it_was() -> None:
    class Odd(Exception):
        pass

    def f(x: Any) -> Any:
        if x > 10:
            raise Odd("too large")
        return x * 2

    compiled = jit(f)
    for _ in range(2):
        with pytest.raises(Odd, match="too large"):
            compiled(11.0)
    assert compiled.stats().paths == 0
    assert [compiled(1.0), compiled(2.0)] == [2.0, 4.0]
    stats = compiled.stats()
    for _ in range(3):
        with pytest.raises(Odd):
            compiled(12.0)
    assert compiled.stats().paths == stats.paths == 1
    assert compiled(3.0) == 6.0
    assert autograd.engine.modes.MODES.active == 0


def test_an_interrupt_while_recording() -> None:
    """Ctrl-C inside of the function: nothing is kept, and recording is over."""
    interrupted = [True]

    def f(x: Any) -> Any:
        if interrupted:
            raise KeyboardInterrupt
        return x * 2

    compiled = jit(f)
    with pytest.raises(KeyboardInterrupt):
        compiled(1.0)
    interrupted.clear()
    assert compiled(1.0) == 2.0
    assert autograd.engine.modes.MODES.active == 0


def test_too_many_paths() -> None:
    """The warning names the decision; the numbers stay right, and what is known stays fast."""
    f = lambda x: x * int(x)  # noqa: E731
    compiled = jit(f, max_paths=5)
    for i in range(5):
        agree(f, compiled, i + 0.5)
    message = r"taken 5 different paths; further ones run\s+uncompiled.*test_jit.py, line \d+.*max_"
    with pytest.warns(RuntimeWarning, match=message) as caught:
        assert compiled(5.5) == 27.5
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert f"line {f.__code__.co_firstlineno}:" in str(caught[0].message)
    for i in range(10):  # without another warning
        agree(f, compiled, i + 0.5)
    assert compiled.stats().paths == 5


def test_anomalies_are_looked_for_around_a_call() -> None:
    """In the block it runs as the function does, and names the line."""
    f = lambda x: log(x) * 0  # noqa: E731
    compiled = jit(f)
    assert same(compiled(0.0), NAN)
    for _ in range(2):
        with detect_anomaly(), pytest.raises(FloatingPointError, match=r"log made -inf of.* line"):
            compiled(0.0)
        with detect_anomaly():
            assert compiled(1.0) == 0.0
    assert same(compiled(0.0), NAN)
    fresh = jit(f)
    with detect_anomaly(), pytest.raises(FloatingPointError):
        fresh(0.0)


def test_no_grad_around_a_call_changes_nothing() -> None:
    """It is about the caller's graph, and a compiled function makes none."""
    for first in (True, False):
        compiled = jit(grad(lambda x: x * x * sin(x)))
        wanted = grad(lambda x: x * x * sin(x))(1.5)
        for inside in (first, not first, first):
            if inside:
                with no_grad():
                    assert compiled(1.5) == wanted
            else:
                assert compiled(1.5) == wanted


def test_no_grad_and_detach_inside() -> None:
    """They cut the derivative, and the number is still computed."""

    def f(x: Any) -> Any:
        with no_grad():
            y = x * x
            if y > 2:
                y = y - 1
        return y * x + (x * 3).detach() * x

    compiled, slope = jit(f), jit(value_and_grad(f))
    for x in (1.0, 2.0, -3.0, 0.5) * 2:
        agree(f, compiled, x)
        assert same(slope(x), value_and_grad(f)(x))
    assert grad(f)(1.0) == 1.0 + 3.0


def test_lines_recorded_around_a_call() -> None:
    compiled = jit(lambda x: x * 2)
    for _ in range(3):
        with autograd.record_lines():
            assert compiled(2.0) == 4.0


# -- threads ---------------------------------------------------------------------------------------


def in_threads(count: int, work: Callable[[int], None]) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(count)

    def run(i: int) -> None:
        try:
            start.wait()
            work(i)
        except BaseException as error:  # noqa: BLE001 (for the test's own thread)
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_call_one_compiled_function() -> None:
    """Eight, each on paths of its own and on shared ones, some of them new all the time."""

    def f(x: Any, i: Any) -> Any:
        total = x * 0
        for k in range(8):
            if i == k or x > k:
                total = total + sin(x) * k
        return [total, x]

    compiled = jit(f, max_paths=500)
    points = [k + 0.5 for k in range(-1, 9)]
    wanted = {(x, i): eagerly(f, x, float(i)) for x in points for i in range(8)}

    def work(i: int) -> None:
        rng = Random(i)
        for _ in range(150):
            x, other = rng.choice(points), rng.choice([i, i, rng.randrange(8)])
            assert compiled(x, float(other)) == wanted[x, other]

    in_threads(8, work)
    kept = [tuple(path.outcomes) for v in compiled._caches.values() for path in v.kept]
    assert len(kept) == len(set(kept))  # none is recorded twice


def test_threads_and_a_program_that_is_still_being_compiled() -> None:
    f = lambda x: [sin(x * i) for i in range(700)]  # noqa: E731
    compiled = jit(f)
    wanted = {x: eagerly(f, x) for x in (0.5, 1.5)}

    def work(i: int) -> None:
        for k in range(60):
            x = 0.5 + (i + k) % 2
            assert compiled(x) == wanted[x]

    in_threads(8, work)


def test_modes_of_another_thread_have_no_effect() -> None:
    compiled = jit(lambda x: log(x))  # noqa: PLW0108
    compiled(1.0)
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with detect_anomaly(), no_grad():
            inside.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    assert compiled(0.0) == -INF
    assert jit(grad(lambda x: x * x))(3.0) == 6.0
    leave.set()
    thread.join()


FORKED = """
    import os
    import warnings
    import numpy
    from autograd import jit, sin, vmap
    from autograd.compiler.native.machine import _LOCK

    warnings.simplefilter("ignore", DeprecationWarning)  # of forking while there are threads
    long = jit(lambda x: [sin(x * i) for i in range(5000)])
    wanted = long(1.0)
    rows = vmap(lambda x: 2 * x, threads=2)
    rows(numpy.ones(5000))
    long(1.0)
    while repr(_LOCK).startswith("<unlocked") and long.stats().tiers == ("interpreted",):
        long(1.0)
    child = os.fork()
    if child == 0:
        short = jit(lambda x: x * 2)
        medium = jit(lambda x: [sin(x * i) for i in range(300)])
        assert [short(1.0), short(2.0)] == [2.0, 4.0]
        assert rows(numpy.ones(5000)).sum() == 10_000.0
        medium(1.0)
        while medium(1.0) and medium.stats().tiers != ("compiled",):
            pass
        assert long(1.0) == wanted
        os._exit(0)
    print(os.waitpid(child, 0)[1], long(1.0) == wanted)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_while_another_thread_compiles() -> None:
    """It waits for that thread neither before nor after, and has one of its own."""
    assert in_a_process(FORKED) == "0 True"


# -- tiers -----------------------------------------------------------------------------------------


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def chain(n: int) -> Callable[[Any], Any]:
    """Steps in an order without loops."""
    kinds = Random(n).choices(range(4), k=n)

    def f(x: Any) -> Any:
        y = x
        for i, kind in enumerate(kinds):
            y = sin(y) * x + i if kind % 3 else y / (x + i) if kind else sin(x - y)
        return y if y > 0 else [y, x]

    return f


def test_short_programs_are_compiled_at_once() -> None:
    compiled = jit(chain(10))
    compiled(1.0)
    assert compiled.stats().tiers == ("recorded",)
    compiled(1.0)
    assert compiled.stats().tiers == ("compiled",)


def test_long_programs_are_interpreted_until_they_are_compiled() -> None:
    """The numbers are the same before and after, through every way in."""
    f = chain(300)
    compiled = jit(f)
    compiled(1.0)
    compiled(1.0)
    assert compiled.stats().tiers == ("interpreted",)
    for x in (0.5, 1.5, 2.5, np.float32(1.5), 2):
        agree(f, compiled, x)
    until(lambda: compiled(1.0) is not None and "interpreted" not in compiled.stats().tiers)
    for x in (0.5, 1.5, 2.5, np.float32(1.5), 2):
        agree(f, compiled, x)
    assert compiled.stats().compiling_seconds > 0.0


def test_very_long_programs_stay_interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specializations, "COMPILED_AT_ONCE", 20)
    monkeypatch.setattr(specializations, "INTERPRETED_FOR_GOOD", 100)
    f = chain(100)
    compiled = jit(f)
    for x in (0.5, -1.5, 2.5):
        agree(f, compiled, x)
    assert set(compiled.stats().tiers) == {"interpreted"}


def test_many_results_compile_in_time() -> None:
    """Each is stored as soon as it is known, or they would all wait in registers."""
    f = lambda x: [sin(x * i) for i in range(3000)]  # noqa: E731
    compiled = jit(f)
    compiled(1.0)
    compiled(1.0)
    until(lambda: compiled(1.0) is not None and "interpreted" not in compiled.stats().tiers)
    agree(f, compiled, 1.5)


def test_stats_count_what_is_there() -> None:
    compiled = jit(lambda x: x * x if x > 0 else -x)
    assert compiled.stats().paths == 0
    assert compiled.stats().tiers == ()
    with pytest.raises(ValueError, match="has recorded nothing yet; call it once"):
        compiled.program()
    compiled(1.0)
    first = compiled.stats()
    assert (first.paths, first.guards, first.operations) == (1, 1, 2)
    assert first.recording_seconds > 0.0 == first.compiling_seconds
    compiled(-1.0)
    compiled(-1.0)
    second = compiled.stats()
    assert (second.paths, second.guards, second.operations) == (2, 2, 4)
    assert second.recording_seconds > first.recording_seconds
    assert second.compiling_seconds > 0.0


def test_the_program_is_that_of_the_path_last_taken() -> None:
    compiled = jit(lambda x: x * 7 if x > 0 else x / 3)
    for x, text in [(1.0, "x * 7.0"), (-1.0, "x / 3.0"), (2.0, "x * 7.0")]:
        compiled(x)
        assert text in str(compiled.program())


# -- primitives of users ---------------------------------------------------------------------------


@pytest.mark.usefixtures("forget")
def test_a_primitive_without_a_lowering_calls_back() -> None:
    calls: list[tuple[float, ...]] = []

    def forward(a: float, b: float) -> float:
        calls.append((a, b))
        return math.hypot(a, b) + 1

    row = autograd.primitive("plus_hypot", forward, lambda out, a, b: (a / out, b / out), arity=2)
    f = lambda x: row(x, x * 2) * 3 if row(x, 1.0) > 2 else row(x, x)  # noqa: E731
    compiled, slope = jit(f), jit(grad(f))
    for x in (3.0, 0.1, 4.0, -5.0, 0.2):
        agree(f, compiled, x)
        agree(grad(f), slope, x)
    calls.clear()
    compiled(7.0)
    assert calls == [(7.0, 1.0), (7.0, 14.0)]
    with pytest.raises(ValueError, match="C has no plus_hypot"):
        compiled.source("c")


@pytest.mark.usefixtures("forget")
def test_a_primitive_with_a_lowering_does_not() -> None:
    def forward(x: float) -> float:
        calls.append(x)
        return x * math.tanh(math.log1p(math.exp(x)))

    calls: list[float] = []
    row = autograd.primitive(
        "mish_like",
        forward,
        lambda out, x: tanh(autograd.softplus(x)) + x * autograd.sigmoid(x),
        lowering=lambda x: x * tanh(autograd.log1p(exp(x))),
    )
    f = lambda x: row(x) * 2  # noqa: E731
    compiled, slope = jit(f), jit(value_and_grad(f))
    for x in (0.5, -2.0, 0.0):
        agree(f, compiled, x)
        agree(value_and_grad(f), slope, x)
    calls.clear()
    compiled(0.25)
    assert calls == []
    assert "tanh(" in compiled.source("c")


@pytest.mark.usefixtures("forget")
def test_a_primitive_of_any_number_of_inputs_calls_back() -> None:
    """With as many as it was given."""
    seen: list[int] = []

    def forward(*xs: float) -> float:
        seen.append(len(xs))
        return math.fsum(xs)

    row = autograd.primitive("fsum_of", forward, lambda out, *xs: (1.0,) * len(xs), arity=None)
    f = lambda x: row(x, x * 2) + 10 * row(x, x, x * 3, x) + 100 * row(x)  # noqa: E731
    compiled = jit(f)
    for x in (1.0, 0.5, -2.0):
        agree(f, compiled, x)
    seen.clear()
    compiled(3.0)
    assert sorted(seen) == [1, 2, 4]


@pytest.mark.usefixtures("forget")
def test_a_primitive_that_was_defined_anew() -> None:
    """Programs know primitives by their name."""
    old = autograd.primitive("defined_twice", lambda x: x + 1, lambda out, x: 1.0)
    new = autograd.primitive("defined_twice", lambda x: x + 2, lambda out, x: 1.0)
    with pytest.raises(RecordingError, match="'defined_twice' that has been defined anew since"):
        jit(lambda x: old(x) * 2)(1.0)
    assert [jit(lambda x: new(x) * 2)(1.0) for _ in range(2)] == [6.0, 6.0]


LOWERINGS: dict[str, tuple[Callable[[float], float], Callable[[Any], Any]]] = {
    "not equal": (lambda x: 0.0 if x != x else x, lambda x: autograd.where(x != x, 0.0, x)),
    "equal": (lambda x: 5.0 if x == 1.0 else x, lambda x: autograd.where(x == 1.0, 5.0, x)),
    "a branch": (lambda x: x if x > 0.25 else -x, lambda x: autograd.where(x > 0.25, x, -x)),
    "a factor": (lambda x: (x > 0.25) * x, lambda x: (x > 0.25) * x),
    "a sum": (lambda x: float((x > 0.25) + (x > 0.5)), lambda x: (x > 0.25) + (x > 0.5)),
    "the result": (lambda x: float(x > 0.25), lambda x: x > 0.25),
    "a sign": (lambda x: autograd.copysign(x > 0.25, x), lambda x: autograd.copysign(x > 0.25, x)),
    "two": (
        lambda x: x if 0.25 < x < 2.0 else 0.0,
        lambda x: autograd.where((x > 0.25) & (x < 2.0), x, 0.0),
    ),
}


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize("name", LOWERINGS)
def test_comparisons_in_a_lowering(name: str) -> None:
    """Truth values, and as numbers 1.0 and 0.0."""
    forward, lowering = LOWERINGS[name]
    compared = autograd.primitive("compared", forward, lambda out, x: 1.0, lowering=lowering)
    points = [0.1, 1.0, 0.3, 3.0, -1.0, 0.0, math.inf, math.nan]
    wanted = [forward(x) for x in points]
    compiled = jit(compared)
    assert [compiled(x) for x in points] == pytest.approx(wanted, abs=0.0, nan_ok=True)
    assert autograd.vmap(compared)(np.array(points)).tolist() == pytest.approx(
        wanted, abs=0.0, nan_ok=True
    )


@pytest.mark.usefixtures("forget")
def test_a_lowering_may_not_look_up() -> None:
    """Which asks whether something is equal, and decides."""

    def look_up(x: Any) -> Any:
        return 5.0 if x in (1.0, 2.0) else x

    looks = autograd.primitive("looks_up", look_up, lambda out, x: 1.0, lowering=look_up)
    with pytest.raises(TypeError, match=r"a lowering has no branches"):
        jit(looks)(1.0)


@pytest.mark.usefixtures("forget")
def test_a_lowering_may_not_branch() -> None:
    row = autograd.primitive(
        "branching",
        lambda x: x if x > 0 else 0.0,
        lambda out, x: autograd.where(x, 1.0, 0.0),
        lowering=lambda x: x if x > 0 else 0.0,
    )
    with pytest.raises(TypeError, match=r"a lowering has no branches: write autograd.where"):
        jit(lambda x: row(x))(1.0)  # noqa: PLW0108


@pytest.mark.usefixtures("forget")
def test_exceptions_of_a_callback_are_raised() -> None:
    """At the right call, in the right thread, and never twice."""

    def forward(x: float) -> float:
        if x > 100:
            raise LookupError(f"no entry for {x}")
        return x

    row = autograd.primitive("looked_up", forward, lambda out, x: 1.0)
    compiled = jit(lambda x: row(x) + row(x + 1))
    assert [compiled(1.0), compiled(2.0)] == [3.0, 5.0]
    for _ in range(3):
        with pytest.raises(LookupError, match=r"no entry for 200.0"):
            compiled(200.0)
        assert compiled(2.0) == 5.0

    def work(i: int) -> None:
        for k in range(50):
            x = 200.0 + i if k % 2 else float(i)
            if x > 100:
                with pytest.raises(LookupError, match=f"no entry for {x}"):
                    compiled(x)
            else:
                assert compiled(x) == 2 * x + 1

    in_threads(4, work)


def test_functions_that_the_c_library_lacks() -> None:
    f = lambda x: autograd.lgamma(x) * 2 + x  # noqa: E731
    compiled, slopes = jit(f), jit(hessian(f))
    for x in (0.5, 1.0, 3.7, -0.5, 0.0, INF, NAN):
        agree(f, compiled, x)
        agree(hessian(f), slopes, x)


# -- memory ----------------------------------------------------------------------------------------

SHAPES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "floats": (lambda x, y: x * y, (1.5, 2.5)),
    "ints": (lambda x, y: x * y, (1001, 2002)),
    "a list": (lambda p: [p[0], p[1] * 2, (p[0],)], ([1.5, 2.5],)),
    "a long list": (lambda p: [x * 2 for x in p], ([float(i) for i in range(20)],)),
    "a dict": (lambda p: {"a": p["x"], "b": [p["x"] * 2]}, ({"x": 1.5},)),
    "an array": (lambda a: a * 2, (np.arange(6.0).reshape(2, 3),)),
    "another path": (lambda x: x if x > 0 else [x, x], (-1.5,)),
    "the careful way": (lambda p: Pair(p.first, p.second * 2), (Pair(1.5, 2.5),)),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_nothing_leaks(kind: str) -> None:
    """References to arguments and results are as many as before, and so is the memory."""
    f, args = SHAPES[kind]
    compiled = jit(f)
    for _ in range(5):
        compiled(*args)
        if kind == "another path":
            compiled(1.0)
    leaves = [
        y for x in args for y in (x.values() if isinstance(x, dict) else np.ravel(x).tolist())
    ]
    held = [*args, *leaves, NotImplemented]
    gc.collect()
    before = [sys.getrefcount(x) for x in held]
    out, alone = compiled(*args), object()  # 3.14 doesn't count every local variable
    assert sys.getrefcount(out) == sys.getrefcount(alone)
    if isinstance(out, list):
        pair = [object(), object()]
        last, its_like = out[-1], pair[-1]
        assert sys.getrefcount(last) == sys.getrefcount(its_like)
        del last
    del out
    count = 1_000 if kind == "the careful way" else 2_000
    tracemalloc.start()
    try:
        for _ in range(100):
            compiled(*args)
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(count):
            compiled(*args)
        assert tracemalloc.get_traced_memory()[0] - start < 4_000
    finally:
        tracemalloc.stop()
    gc.collect()
    assert [sys.getrefcount(x) for x in held] == before


def test_arguments_that_fall_back_leak_nothing() -> None:
    """Wrong lengths, keys and types, and failing guards, after part of the work is done."""
    compiled = jit(lambda p, q: p[0] * q["a"] if p[0] > 0 else p[0] - q["a"])
    for _ in range(3):
        compiled([1.0, 2.0], {"a": 1.0})
    enter = compiled._entries[0]
    wrong = [
        ([1.0], {"a": 1.0}),
        ([1.0, "x"], {"a": 1.0}),
        ([1.0, 2.0], {"b": 1.0}),
        ([1.0, 2.0], {"a": 1.0, "b": 2.0}),
        ([1.0, 2.0], {}),
        ([1.0, 10**400], {"a": 1.0}),
        ([-1.0, 2.0], {"a": 1.0}),
        ((1.0, 2.0), {"a": 1.0}),
        ([1.0, 2.0],),
        (),
        ([1.0, Value(2.0)], {"a": 1.0}),
        ([1.0, 2.0], {1: 1.0}),
        ([1.0, True], {"a": 1.0}),
    ]
    held = [y for x in wrong for y in x]
    before = [sys.getrefcount(x) for x in [*held, NotImplemented]]
    for _ in range(50):
        for args in wrong:
            assert enter(*args) is NotImplemented
    after = [sys.getrefcount(x) for x in [*held, NotImplemented]]
    assert after == before
    with pytest.raises(TypeError):
        enter([1.0, 2.0], q={"a": 1.0})


def test_a_compiled_function_is_freed() -> None:
    """With its machine code, while another's goes on."""
    other = jit(lambda x: x + 1)
    other(1.0)
    enters = []
    for i in range(20):
        compiled = jit(lambda x, i=i: x * i, static_argnames=())
        compiled(1.0)
        compiled(2.0)
        enters.append(compiled)
    del compiled
    enters.clear()
    gc.collect()
    assert other(2.0) == 3.0


# -- pickles ---------------------------------------------------------------------------------------

MODULE = """
import autograd
from autograd import Value, grad, jit

W = Value(2.0)

def f(x, n):
    if x > 0:
        return [autograd.exp(x) * n, {"x": x}]
    return [x, {"x": -x}]

def scaled(x):
    return W * x

g = jit(f, static_argnames="n")
slope = jit(grad(lambda x: x * x if x > 1 else x))
"""

OTHER_PROCESS = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    g, slope, scaled = pickle.load(file)
assert g.stats().paths == 2 and g.stats().recording_seconds == 0.0
out = [g(1.0, 3), g(-1.0, 3), g(1.0, n=3), g(2.0, 3), slope(2.0), slope(3.0)]
assert g.stats().recording_seconds >= 0.0 and slope.stats().recording_seconds == 0.0
try:
    slope(0.5)
except LookupError as error:
    out.append(str(error)[:40])
import shipped
shipped.W.data = 5.0
out.append([scaled(1.0), scaled(2.0)])
print(repr(out))
"""


def test_pickles_carry_programs_to_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No recording is needed there; a function that can't be pickled stays behind."""
    (tmp_path / "shipped.py").write_text(MODULE, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import shipped

    g, slope, scaled = shipped.g, shipped.slope, jit(shipped.scaled)
    wanted = [g(1.0, 3), g(-1.0, 3)]
    wanted += [g(1.0, n=3), g(2.0, 3), slope(2.0), slope(3.0)]
    g = jit(shipped.f, static_argnames="n")
    g(1.0, 3), g(-1.0, 3), scaled(1.0)
    (tmp_path / "pickle").write_bytes(pickle.dumps((g, slope, scaled)))
    root = str(Path(autograd.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", OTHER_PROCESS, str(tmp_path / "pickle")],
        env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    message = "grad(<lambda>) was pickled without its s"
    assert run.stdout.strip() == repr([*wanted, message, [5.0, 10.0]])
    sys.modules.pop("shipped")


def test_pickles_in_the_same_process() -> None:
    compiled = jit(rosenbrock)
    compiled([1.0, 2.0])
    again = pickle.loads(pickle.dumps(compiled))
    assert again.stats().paths == 1
    assert again.bounds.paths == compiled.bounds.paths
    assert again([1.0, 2.0]) == compiled([1.0, 2.0])
    assert again([1.0, 2.0, 3.0]) == compiled([1.0, 2.0, 3.0])
    assert again.stats().paths == 2
    empty = pickle.loads(pickle.dumps(jit(rosenbrock)))
    assert empty([1.0, 2.0]) == compiled([1.0, 2.0])


def test_a_pickle_without_its_function_keeps_captured_values() -> None:
    """They are copies, and what they were."""
    w = Value(3.0)
    compiled = jit(lambda x: w * x if x > 0 else x)
    compiled(1.0)
    again = pickle.loads(pickle.dumps(compiled))
    w.data = 4.0
    assert [again(2.0), again(3.0)] == [6.0, 9.0]
    assert compiled(2.0) == 8.0
    with pytest.raises(LookupError, match="define it at the top of a module, or call it with such"):
        again(-1.0)


def test_copies() -> None:
    """A deep copy goes by way of a pickle's parts."""
    compiled = jit(rosenbrock)
    compiled([1.0, 2.0])
    for again in (copy.copy(compiled), copy.deepcopy(compiled)):
        assert again([1.0, 2.0]) == compiled([1.0, 2.0])


# -- arguments at fixed places ---------------------------------------------------------------------


def test_bound_arrays_are_read_in_place() -> None:
    """At every call, without being handed over again."""
    x, y = np.array([1.0, 2.0]), np.ones((2, 2))
    f = lambda p, q, s: {"sum": (p * s).sum(), "out": q @ p}  # noqa: E731
    bound = jit(f).bind(x, y, 3.0)
    for _ in range(5):
        x += 1.5
        y[0, 1] -= 2.0
        out = bound()
        wanted = eagerly(f, x, y, 3.0)
        assert float(out["sum"]) == wanted["sum"]
        assert out["out"].tolist() == wanted["out"].tolist()
        assert out is bound.result


def test_bound_results_are_overwritten() -> None:
    x = np.array([2.0])
    bound = jit(lambda p: [p[0], p * 2]).bind(x)
    first = bound()
    x[0] = 5.0
    second = bound()
    assert second is first
    assert [float(first[0]), first[1].tolist()] == [5.0, [10.0]]


def test_bound_functions_change_their_path() -> None:
    """Each path has results of its own, with a nesting of its own."""
    x = np.array([1.0, 2.0])
    f = lambda p: sorted(p) if p[0] > 0 else {"first": p[0], "both": p * 1}  # noqa: E731
    compiled = jit(f)
    bound = compiled.bind(x)
    rng = Random(3)
    for _ in range(60):
        x[:] = [rng.gauss(0.5, 1.0), rng.gauss(0.5, 1.0)]
        out, wanted = bound(), eagerly(f, x)
        if isinstance(wanted, list):
            assert [float(y) for y in out] == wanted
        else:
            assert float(out["first"]) == wanted["first"]
            assert out["both"].tolist() == wanted["both"].tolist()
    assert compiled.stats().paths == 3


def test_bound_captured_values_and_static_arguments() -> None:
    w = Value(2.0)
    x = np.array([1.0, 2.0])

    def f(n: int, p: Any, s: Any) -> Any:
        return sum(p[i] * w for i in range(n)) + s

    bound = jit(f, static_argnames="n").bind(2, x, 0.5)
    for number in (2.0, -1.0):
        w.data = number
        for _ in range(2):
            x += 1.0
            assert float(bound()) == eagerly(lambda p: f(2, p, 0.5), x)


def test_bound_callbacks_and_long_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What machine code can't do alone is done the slow way."""
    x = np.array([1.5, 2.5])
    gamma = jit(lambda p: autograd.lgamma(p[0]) + p[1]).bind(x)
    for _ in range(3):
        x += 0.5
        assert float(gamma()) == eagerly(lambda p: autograd.lgamma(p[0]) + p[1], x)
    many = np.zeros(40_000)
    last = jit(lambda p: p[-1] * 2).bind(many)
    many[-1] = 4.0
    assert float(last()) == 8.0


def test_bound_nestings() -> None:
    a, b = np.array([1.0]), np.array(2.0)
    f = lambda t, n: t["a"][0] * t["list"][0] + t["list"][1] * n  # noqa: E731
    bound = jit(f).bind({"a": a, "list": (b, 3)}, 4)
    a[0], b[...] = 10.0, 5.0
    assert float(bound()) == 62.0


def test_what_is_bound_can_not_be_differentiated() -> None:
    def f(x: Any) -> Any:
        return float(jit(lambda p: x * p[0]).bind(np.array([2.0]))()) * x

    with pytest.raises(RecordingError, match="captures a Value that a transform around this call"):
        grad(f)(3.0)


def test_what_can_not_be_bound() -> None:
    compiled = jit(lambda x: x * 2)
    for wrong in (np.arange(3), np.arange(4.0)[::2], np.arange(2, dtype=np.float32)):
        with pytest.raises(TypeError, match="bind reads its arrays in place, so they are contig"):
            compiled.bind(wrong)
    with pytest.raises(TypeError, match="bind takes arrays, numbers and lists, tuples, dicts or"):
        compiled.bind(Value(1.0))
    with pytest.raises(TypeError, match="name arguments that are not numbers in static_argnames"):
        compiled.bind("x")
    raising = jit(lambda p: p[0] * p[0].data)
    with pytest.raises(RecordingError):
        raising.bind(np.array([1.0]))


# -- without llvmlite ------------------------------------------------------------------------------


def in_a_process(code: str) -> str:
    root = str(Path(autograd.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": root, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.stderr == ""
    return run.stdout.strip()


def test_importing_loads_no_llvmlite() -> None:
    """Nor does asking for jit; making the first function does."""
    code = """
        import sys
        import autograd
        from autograd import jit
        before = "llvmlite" in sys.modules, "numpy" in sys.modules
        jit(lambda x: x)(1.0)
        print(*before, "llvmlite" in sys.modules, "numpy" in sys.modules)
    """
    assert in_a_process(code) == "False False True False"


def test_without_llvmlite_everything_else_works() -> None:
    code = """
        import sys

        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "llvmlite":
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Blocker())
        import autograd
        from autograd import Value, grad, jit
        print(grad(lambda x: x * x)(3.0))
        try:
            jit(lambda x: x)
        except ImportError as error:
            print(error)
        x = Value(2.0)
        (x * x).backward()
        print(x.grad)
    """
    assert in_a_process(code).splitlines() == [
        "6.0",
        "compiling needs llvmlite, which is not installed; run: pip install llvmlite numpy",
        "4.0",
    ]


def test_an_unknown_layout_of_objects_is_not_relied_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in another interpreter: everything goes the careful way, with the same results."""
    monkeypatch.setattr("autograd.compiler.native.cpython_layout.layout", lambda: None)
    compiled = jit(product_of)
    for kind in ("dict", "array", "named tuple", "long list"):
        agree(product_of, compiled, TREES[kind])
    assert compiled._entries == []
    x = np.array([3.0])
    bound = jit(lambda p: p[0] * 2).bind(x)
    x[0] = 4.0
    assert float(bound()) == 8.0


def test_no_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (1.0, -1.0, NAN):
            jit(lambda x: sqrt(x) / 0 * INF)(x)
