"""That jit sees what its arguments hold beside numbers: attributes of classes and slots, how arrays
lie in memory, what static functions and methods have with them."""

from __future__ import annotations

import array
import datetime
import functools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from autograd import grad, jit, vmap
from autograd.compiler import RecordingError

# -- what classes and slots hold -------------------------------------------------------------------


@dataclass
class Scaled:
    """A record whose class has a number."""

    a: float
    scale: ClassVar[float] = 2.0

    def scaled(self) -> Any:
        return self.a * self.scale


class Weighted(dict[str, float]):
    """A dict that computes with a number of its class."""

    weight = 3.0

    def __getitem__(self, key: str) -> Any:
        return dict.__getitem__(self, key) * self.weight


@pytest.fixture
def restored() -> Iterator[None]:
    yield
    Scaled.scale, Weighted.weight = 2.0, 3.0


@pytest.mark.usefixtures("restored")
def test_numbers_of_classes() -> None:
    """They are part of an argument of the class, of a dict too."""
    scaled = jit(lambda p: p.scaled())
    weighted = jit(lambda d: d["a"])
    assert [scaled(Scaled(1.0)), weighted(Weighted(a=1.0))] == [2.0, 3.0]
    Scaled.scale, Weighted.weight = 5.0, 7.0
    assert [scaled(Scaled(1.0)), weighted(Weighted(a=1.0))] == [5.0, 7.0]
    Scaled.scale, Weighted.weight = 2.0, 3.0
    assert [scaled(Scaled(4.0)), weighted(Weighted(a=4.0))] == [8.0, 12.0]
    assert scaled.recordings == 2


class WithSlot:
    __slots__ = ("__dict__", "unit")


@dataclass
class Slotted(WithSlot):
    a: float


@dataclass
class Bag:
    a: float


def made(kind: Any, a: float, **attributes: Any) -> Any:
    out = kind(a)
    for name, x in attributes.items():
        setattr(out, name, x)
    return out


class Text(str):
    __slots__ = ("unit",)


def text(word: str, unit: float) -> Text:
    out = Text(word)
    out.unit = unit
    return out


def function(k: float) -> Any:
    return lambda: k


rows = np.arange(6.0).reshape(2, 3)
DIFFERING: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "a slot": (lambda p: p.a * p.unit, made(Slotted, 2.0, unit=3.0), made(Slotted, 2.0, unit=7.0)),
    "of a text": (
        lambda p: p.a * p.l.unit,
        made(Bag, 2.0, l=text("a", 1.0)),
        made(Bag, 2.0, l=text("a", 4.0)),
    ),
    "of a key": (
        lambda d: sum(x * key.unit for key, x in d.items()),
        {text("a", 1.0): 2.0},
        {text("a", 4.0): 2.0},
    ),
    "an array's order": (
        lambda p: p.a * p.l.ravel("K")[1],
        made(Bag, 2.0, l=rows),
        made(Bag, 2.0, l=np.asfortranarray(rows)),
    ),
    "a closure": (
        lambda p: p.a * p.l(),
        made(Bag, 2.0, l=function(1.0)),
        made(Bag, 2.0, l=function(4.0)),
    ),
}


@pytest.mark.parametrize("name", DIFFERING)
def test_attributes_that_differ(name: str) -> None:
    """Each is recorded by itself, and the first is known again."""
    f, one, other = DIFFERING[name]
    compiled = jit(f)
    assert [compiled(x) for x in (one, other, one)] == [f(one), f(other), f(one)]
    assert f(one) != f(other)
    assert compiled.recordings == 2


# -- how arrays lie in memory ----------------------------------------------------------------------


def test_the_order_of_axes_in_memory() -> None:
    """Other strides are another nesting; values are the same in any."""
    compiled = jit(lambda x: x[0, 1] * x[1, 0])
    turned = np.asfortranarray(rows)
    assert [compiled(x) for x in (rows, turned, turned[::-1], rows[:, ::2], rows)] == [
        3.0,
        3.0,
        0.0,
        6.0,
        3.0,
    ]
    assert compiled.recordings == 4  # the two orders, one backwards, and another shape


def doubled_in_place(x: Any) -> Any:
    x[0] = x[0] * 2
    return x[0] + x[1]


def test_writing_to_read_only_arrays() -> None:
    """An error, as in eager, be it at the first call or later."""
    fixed = np.array([1.0, 2.0])
    fixed.flags.writeable = False
    with pytest.raises(RecordingError, match="one of them is a read-only array"):
        jit(doubled_in_place)(fixed)
    compiled = jit(doubled_in_place)
    assert compiled(np.array([1.0, 2.0])) == 4.0
    with pytest.raises(RecordingError, match="one of them is a read-only array"):
        compiled(fixed)
    assert compiled(np.array([3.0, 2.0])) == 8.0
    assert jit(lambda x: x[0] + x[1])(fixed) == 3.0


class Odd(float):
    def __add__(self, other: Any) -> Any:
        return 100.0


class Level(IntEnum):
    LOW = 3


def test_numbers_with_arithmetic_of_their_own() -> None:
    """A TypeError; enumeration members and NumPy's numbers are the numbers that they are."""
    compiled = jit(lambda x: x + 1.0)
    assert compiled(1.0) == 2.0
    for call in (
        lambda: compiled(Odd(1.0)),
        lambda: jit(lambda p: p[0] + 1.0)([Odd(1.0)]),
        lambda: jit(grad(lambda w, x: w * (x + 1.0)))(1.0, Odd(1.0)),
    ):
        with pytest.raises(TypeError, match="is a Odd, of which the function would get the number"):
            call()
    assert [compiled(Level.LOW), compiled(np.float64(2.0)), compiled(np.int8(4))] == [4, 3, 5]


# -- static arguments ------------------------------------------------------------------------------


class Machine:
    factor = 2.0

    def __init__(self) -> None:
        self.k = 1.0
        self.settings = [1.0]

    def __call__(self, x: Any) -> Any:
        return x * self.k

    def by_class(self, x: Any) -> Any:
        return x * self.k * self.factor


class Small:
    __slots__ = ("k",)

    def __init__(self) -> None:
        self.k = 1.0


@dataclass(frozen=True)
class Holds:
    inner: Any


def closing() -> Any:
    kept = [1.0]

    def f(x: Any) -> Any:
        return x * kept[0]

    f.kept = kept  # type: ignore[attr-defined]
    return f


def with_content(content: Any) -> Any:
    machine = Machine()
    machine.settings = content
    return machine


def set_k(x: Any, k: float) -> None:
    x.k = k


def set_first(x: Any, k: float) -> None:
    x.settings[0] = k


def times_first(x: Any, static: Any) -> Any:
    return x * static.settings[0]


STATIC: dict[str, tuple[Any, Callable[[Any, float], None], Callable[[Any, Any], Any]]] = {
    "a callable": (Machine(), set_k, lambda x, static: static(x)),
    "a method": (
        Machine().by_class,
        lambda m, k: set_k(m.__self__, k),
        lambda x, static: static(x),
    ),
    "a partial": (
        functools.partial(Machine().by_class),
        lambda p, k: set_k(p.func.__self__, k),
        lambda x, static: static(x),
    ),
    "in a tuple": ((Machine(),), lambda t, k: set_k(t[0], k), lambda x, static: static[0](x)),
    "in a frozen record": (
        Holds(Machine()),
        lambda h, k: set_k(h.inner, k),
        lambda x, static: static.inner(x),
    ),
    "a slot": (Small(), set_k, lambda x, static: x * static.k),
    "a closure": (
        closing(),
        lambda f, k: f.kept.__setitem__(0, k),
        lambda x, static: static(x),
    ),
    "a deque": (with_content(deque([1.0])), set_first, times_first),
    "an array": (with_content(array.array("d", [1.0])), set_first, times_first),
    "an array of objects": (with_content(np.array([1.0, None], object)), set_first, times_first),
}


@pytest.mark.parametrize("name", STATIC)
def test_static_arguments_that_change(name: str) -> None:
    """Each is recorded anew as it is now, and known again as it was."""
    static, change, f = STATIC[name]
    compiled = jit(f, static_argnames="static")
    for k in (1.0, 3.0, 1.0):
        change(static, k)
        assert compiled(2.0, static=static) == f(2.0, static)
    assert compiled.recordings == 2


def test_static_numbers_of_a_class() -> None:
    compiled = jit(lambda x, static: static.by_class(x), static_argnames="static")
    machine = Machine()
    assert compiled(1.0, static=machine) == 2.0
    Machine.factor = 5.0
    try:
        assert compiled(1.0, static=machine) == 5.0
    finally:
        Machine.factor = 2.0


def test_static_objects_that_are_equal() -> None:
    """Another object that compares by what it holds finds the same recording."""
    compiled = jit(lambda x, day: x * day.year, static_argnames="day")
    assert [compiled(1.0, day=datetime.date(year, 1, 1)) for year in (2000, 2001, 2000)] == [
        2000,
        2001,
        2000,
    ]
    assert compiled.recordings == 2
    holds = jit(lambda x, static: x * static.inner, static_argnames="static")
    assert [holds(1.0, static=Holds(k)) for k in (2.0, 3.0, 2.0)] == [2, 3, 2]
    assert holds.recordings == 2
    day = with_content(datetime.date(2000, 1, 1))
    years = jit(lambda x, static: x * static.settings.year, static_argnames="static")
    assert years(1.0, static=day) == 2000
    day.settings = datetime.date(2001, 1, 1)
    assert years(1.0, static=day) == 2001


def test_rows_with_numbers_of_a_class() -> None:
    """In a batch too."""
    f = vmap(lambda p, x: p.scaled() * x, in_axes=(None, 0))
    try:
        assert f(Scaled(1.0), np.ones(2)).tolist() == [2.0, 2.0]
        Scaled.scale = 5.0
        assert f(Scaled(1.0), np.ones(2)).tolist() == [5.0, 5.0]
    finally:
        Scaled.scale = 2.0


def test_static_objects_without_a_state() -> None:
    """What has none is found by itself."""
    compiled = jit(lambda x, static: x * 2, static_argnames="static")
    one = SimpleNamespace
    assert compiled(1.0, static=one) == compiled(1.0, static=one) == 2.0
    assert compiled.recordings == 1


def test_a_cache_of_caches_stays_as_it_is() -> None:
    """A list in a dict among the attributes that are no fields is a copy as well."""

    @dataclass
    class Point:
        a: float

    def f(point: Any) -> Any:
        point.cache["seen"].append(point.a)
        return point.a * 2.0

    point: Any = Point(3.0)
    point.cache = {"seen": []}
    compiled = jit(f)
    assert [compiled(point), compiled(point)] == [6.0, 6.0]
    assert point.cache == {"seen": []}
