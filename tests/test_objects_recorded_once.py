"""What a function that is recorded once may have from outside beside numbers and lists: arrays of
NumPy, named tuples, instances of plain classes, their methods, modules of `nn`. What might compute,
keep or draw something there is looked at as ever.
"""

from __future__ import annotations

import abc
import copy
import enum
import functools
import itertools
import pickle
import random
import struct
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import pytest

pytest.importorskip("llvmlite")

import autograd
import nn
from autograd import Value, grad, hessian, jit, log, tanh, value_and_grad
from autograd.compiler.recording.repeatable import repeatable
from autograd.compiler.recording.tracing import RecordingError

numpy = pytest.importorskip("numpy")
RETURNS = numpy.array([0.3, -1.2, 0.7, 0.1])
TABLE = numpy.array([[0.5, 1.0], [-0.25, 2.0]])
ORDER = numpy.array([1, 0])
MASK = numpy.array([True, False])
STEP = numpy.float64(0.125)


def garch(p: Any) -> Any:
    variance, total = p[0] / (1.0 - p[1]), 0.0
    for r in RETURNS:
        total = total + log(variance) + r * r / variance
        variance = p[0] + p[1] * r * r
    return 0.5 * total


def by_index(p: Any) -> Any:
    n, k = TABLE.shape
    found = [sum(TABLE[i, j] * p[j] for j in range(k)) for i in range(len(TABLE))]
    found += [w * x for row in TABLE for w, x in zip(row, p, strict=True)]
    picked = [p[ORDER[i]] * (2.0 if MASK[i] else STEP) for i in range(n)]
    return sum(x * y for x, y in itertools.product(found, picked)) + RETURNS.tolist()[0] * p[0]


class Constants(NamedTuple):
    gravity: float
    length: float

    def rate(self, x: Any) -> Any:
        return -self.gravity / self.length * autograd.sin(x)


@dataclass
class Model:
    step: float
    data: list[float] = field(default_factory=list)
    scale: ClassVar[float] = 2.0

    @property
    def half(self) -> float:
        return self.step / 2.0

    @staticmethod
    def squared(x: Any) -> Any:
        return x * x

    def slope(self, y: Any, p: Any) -> Any:
        return p[0] * (self.scale - y) * y

    def loss(self, p: Any) -> Any:
        y, total = p[1], 0.0
        for x in self.data:
            y = y + self.half * self.slope(y, p)
            total = total + self.squared(y - x)
        return total


@dataclass(frozen=True, order=True)
class Point:
    x: float
    y: float


@dataclass(slots=True)
class Slotted:
    x: float


class Activation:
    def __init__(self, slope: float, name: str) -> None:
        self.slope, self.name = slope, name

    def __call__(self, x: Any) -> Any:
        return tanh(self.slope * x)


class Config:
    rate = 0.5
    points = (Point(1.0, 2.0), Point(0.5, -1.0))


CONSTANTS = Constants(9.81, 2.0)
MODEL = Model(0.25, [0.5, 0.75, 1.0])
POINTS = [Point(1.0, 2.0), Point(-0.5, 0.25)]
SLOTTED = Slotted(3.0)
ACTIVATE = Activation(1.5, "%s")


def of_a_named_tuple(p: Any) -> Any:
    angle, speed = p
    for _ in range(5):
        angle, speed = angle + 0.1 * speed, speed + 0.1 * CONSTANTS.rate(angle)
    return angle * CONSTANTS.length


def of_objects_in_a_list(p: Any) -> Any:
    total = SLOTTED.x * p[0]
    for point in POINTS:
        total = total + (p[0] * point.x + p[1] - point.y) ** 2
    known = {POINTS[0]: 2.0}
    return total * known[POINTS[0]]


def of_a_class(p: Any) -> Any:
    return Config.rate * ACTIVATE(p[0]) + sum(q.x * p[1] for q in Config.points)


def power(n: float, p: Any) -> Any:
    return sum(x**n for x in p)


network = nn.MLP(2, [3, 2], "tanh", seed=1)
rows = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Tanh(), nn.Linear(3, 1, seed=1))


class Forward(nn.Module):
    def __init__(self) -> None:
        self.hidden, self.scale = nn.Linear(2, 1, seed=2), Value(0.5)

    def forward(self, x: Any) -> Any:
        return self.scale * self.hidden(x)


forward = Forward()


def of_modules(p: Any) -> Any:
    out = nn.mse_loss(network(p), [0.5, -0.5]) + rows(p) * forward(p)
    return out * nn.binary_cross_entropy([p[0]], [1])


KNOWN = [
    *(garch, by_index, of_a_named_tuple, MODEL.loss, of_objects_in_a_list, of_a_class),
    *(functools.partial(power, 3.0), of_modules),
]


@pytest.mark.parametrize("f", KNOWN, ids=range(len(KNOWN)))
@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian])
def test_what_the_code_shows_is_recorded_once(f: Any, transform: Any, runs: list[str]) -> None:
    """The derivatives have the bits that they have uncompiled, at other points too."""
    compiled, eager = jit(transform(f)), transform(f)
    for point in ([0.5, 0.25], [0.75, 0.125]):
        with autograd.no_grad():
            assert _bits(compiled(point)) == _bits(eager(point))
    assert runs == ["values"]


def _bits(x: Any) -> list[bytes]:
    if isinstance(x, (list, tuple, numpy.ndarray)):
        return [y for part in x for y in _bits(part)]
    return [struct.pack("d", x.data if isinstance(x, Value) else x)]


@pytest.mark.parametrize("f", KNOWN, ids=range(len(KNOWN)))
def test_functions_of_numpys_numbers_are_run_on_floats(f: Any, runs: list[str]) -> None:
    """Whose arithmetic with floats is not Python's."""
    compiled = jit(f)
    with autograd.no_grad():
        for point in ([0.5, 0.25], [0.75, 0.125]):
            expected = f([Value(x) for x in point])
            assert _bits(compiled(point)) == _bits(expected)
    assert runs == (["values", "floats"] if f in (garch, by_index) else ["values"])


@pytest.mark.filterwarnings("ignore:Bitwise inversion:DeprecationWarning")
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * ((RETURNS[0] < x) + (RETURNS[1] < x)),  # of NumPy's truth values: or
        lambda x: x * ~(RETURNS[0] < x),
    ],
)
def test_numpys_truth_values_are_told_from_pythons(f: Any) -> None:
    with pytest.raises(RecordingError, match="for plain floats"):
        jit(f)(2.0)


def test_a_division_by_a_zero_of_numpys() -> None:
    """Of which NumPy warns, where Python raises."""
    zero = numpy.array([0.0])
    assert jit(lambda x: x / zero[0])(2.0) == float("inf")
    with pytest.raises(ZeroDivisionError):
        jit(grad(lambda p, x: p * (1.0 / x)))(1.0, 0.0)


COUNTS = numpy.array([0.0, 0.0])


class Counting:
    def __init__(self) -> None:
        self.calls, self.seen = numpy.zeros((1, 1)), [0]

    def in_an_array(self, x: Any) -> Any:
        row = self.calls[0]
        row[0] = row[0] + 1.0
        return x * self.calls[0, 0]

    def in_a_list(self, x: Any) -> Any:
        self.seen[0] += 1
        return x * self.seen[0]


def counted(x: Any) -> Any:
    COUNTS[0] += 1.0
    return x * COUNTS[0]


@pytest.mark.parametrize("f", [counted, Counting().in_an_array, Counting().in_a_list])
def test_data_that_are_written_to(f: Any, runs: list[str]) -> None:
    """They are looked at after the run, through views too."""
    with pytest.raises(RecordingError, match="two recordings"):
        jit(f)(2.0)
    assert runs[:2] == ["values", "values"]


# -- what is not known -----------------------------------------------------------------------------


class Computes:
    def __getattr__(self, name: str) -> Any:
        return random.random()


class ComputesAll:
    rate = 1.0

    def __getattribute__(self, name: str) -> Any:
        return random.random()


class ByProperty:
    @property
    def rate(self) -> float:
        return random.random()


class ByCache:
    @functools.cached_property
    def rate(self) -> float:
        return 1.0


class Descriptor:
    def __get__(self, owner: Any, kind: Any) -> float:
        return random.random()


class Hiding(Descriptor):
    def __set__(self, owner: Any, x: Any) -> None: ...


class ByDescriptor:
    rate = Descriptor()


class ByHiding:
    rate = Hiding()

    def __init__(self) -> None:
        self.__dict__["rate"] = 1.0


class Draws:
    """Computes where no attribute is named."""

    rate = 1.0

    def __mul__(self, x: Any) -> Any:
        return random.random()

    __rmul__ = __mul__


class Truth:
    def __bool__(self) -> bool:
        return random.random() < 0.5


class Hashed:
    def __hash__(self) -> int:
        return random.getrandbits(1)


class Equal:
    def __eq__(self, other: object) -> bool:
        return random.random() < 0.5

    __hash__ = None  # type: ignore[assignment]


class Keys:
    @property
    def keys(self) -> Any:
        return [random.random()].copy

    def __getitem__(self, key: Any) -> Any:
        return key


class Counter:
    calls = 0

    def rate(self, x: Any) -> Any:
        self.calls += 1
        return x * self.calls

    @functools.lru_cache  # noqa: B019
    def cached(self, x: Any) -> Any:
        return x * random.random()

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return x * random.random()

    def other(self, x: Any) -> Any:
        for self in [self, Computes()]:  # noqa: B020
            x = x * self.factor
        return x

    factor = 1.0


class Names(type):
    @property
    def rate(cls) -> float:
        return random.random()


class OfNames(metaclass=Names): ...


class Color(enum.Enum):
    RED = 1.0


class Own(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        return random.random()


class Text(str):
    """Which says that it is any other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return random.random() < 0.5

    def __hash__(self) -> int:
        return hash("rate")


class Number(float):
    def __mul__(self, other: Any) -> Any:
        return random.random()


class Plain: ...


class Sub(numpy.ndarray):  # type: ignore[type-arg]
    def __getitem__(self, place: Any) -> Any:
        return random.random()


class Fake:
    """Of the name of NumPy's."""

    dtype = numpy.dtype(float)

    def __getitem__(self, place: Any) -> Any:
        return random.random()


Fake.__name__, Fake.__module__ = "ndarray", "numpy"


class FakeType(type):
    __flags__ = 0  # type: ignore[assignment]


class FakeArray(metaclass=FakeType):
    dtype = numpy.dtype(float)

    def __getitem__(self, place: Any) -> Any:
        return random.random()


FakeArray.__name__, FakeArray.__module__ = "ndarray", "numpy"


class Iterates:
    def __iter__(self) -> Iterator[float]:
        yield random.random()


class PretendsToBe:
    rate = 1.0
    __class__ = property(lambda self: Plain)  # type: ignore[assignment]


class OwnDict:
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return {"rate": 1.0}


def with_names(names: Any) -> Any:
    made = Plain()
    made.__dict__ = names
    return made


def with_class_of_a_text() -> Any:
    return type("Made", (), {Text("rate"): 1.0})()


@dataclass
class Fields:
    x: float

    def __eq__(self, other: object) -> bool:
        return random.random() < 0.5

    __hash__ = None  # type: ignore[assignment]


class Overridden(Point):
    @property
    def x(self) -> float:  # type: ignore[override]
        return random.random()


def overridden() -> Any:
    made = object.__new__(Overridden)
    object.__setattr__(made, "y", 1.0)
    return made


class Patched(nn.Tanh):
    def apply(self, x: Any) -> Any:
        return x * random.random()


class Dropping(nn.Module):
    def __init__(self) -> None:
        self.dropout = nn.Dropout(0.5, seed=1)

    def forward(self, x: Any) -> Any:
        return self.dropout(x)


class ByDtype:
    dtype = Descriptor()
    rate = 1.0


class Biased(nn.Neuron):
    @property  # type: ignore[misc]
    def bias(self) -> float:
        return random.random()


biased = nn.Linear(2, 1)
biased.neurons = [object.__new__(Biased)]


class Base(abc.ABC):
    rate: float

    @abc.abstractmethod
    def f(self) -> None: ...


class Typed(Base):
    def f(self) -> None: ...

    rate = property(lambda self: random.random())  # type: ignore[assignment]


of_iterator = with_names({"rate": itertools.count(1.0)})
target = Plain()
target.rate = 1.0  # type: ignore[attr-defined]


def asks_of(made: Any) -> Callable[[Any], Any]:
    return lambda x: x * made.rate


def asks_among(made: Any) -> Callable[[Any], Any]:
    """Where it is not known which object it is."""
    several = [Model(1.0), made]
    return lambda x: sum(x * y.rate for y in several)


COMPUTED = [
    *(Computes(), ComputesAll(), ByProperty(), ByCache(), ByDescriptor(), ByHiding()),
    *(OfNames, Color.RED, with_names(Own(rate=1.0)), with_names({Text("rate"): 1.0})),
    *(with_class_of_a_text(), PretendsToBe(), ByDtype(), OwnDict(), Typed(), of_iterator),
    *(weakref.proxy(target), type("A", (Computes,), {"rate": None})()),
]


@pytest.mark.parametrize("made", COMPUTED, ids=range(len(COMPUTED)))
@pytest.mark.parametrize("asks", [asks_of, asks_among])
def test_attributes_that_may_be_computed(made: Any, asks: Any) -> None:
    """By `__getattr__`, a descriptor, a metaclass, a dict of one's own."""
    assert repeatable(asks(made)) is None


def of_doubles(kind: Any) -> Any:
    made = RETURNS.view(kind)
    return lambda x: x * made[0]


draws, truth, hashed, equal, keys, iterates = (
    Draws(),
    Truth(),
    Hashed(),
    Equal(),
    Keys(),
    Iterates(),
)
counter, number, fake, fake_array, fields = Counter(), Number(1.0), Fake(), FakeArray(), Fields(1.0)
override, patched, dropping = overridden(), nn.Sequential(Patched()), Dropping()
singles = RETURNS.astype("f4")
objects = RETURNS.astype(object)
swapped = RETURNS.astype(">f8")
records = numpy.zeros(2, [("x", "f8")])
masked = numpy.ma.masked_less(RETURNS, 0.0)
remembers = Counter().rate
generator = random.Random(1)

NOT_SHOWN: list[Callable[..., Any]] = [
    lambda x: x * draws,
    lambda x: draws * x,
    lambda x: x if truth else 2 * x,
    lambda x: x * len({hashed: 1, x > 0: 2}),
    lambda x: x if equal == 1.0 else 2 * x,
    lambda x: x if fields == 1.0 else 2 * x,
    lambda x: x if equal in [1.0, 2.0] else 2 * x,
    lambda x: x * len(dict(keys)),
    lambda x: x * sum(iterates),
    lambda x: autograd.sum(iterates) * x,
    lambda x: counter.rate(x) + x,
    lambda x: counter.cached(x) + x,
    lambda x: counter.of_class(x) + x,
    lambda x: counter.other(x) + x,
    lambda x: x * number,
    lambda x: x * fake[0],
    lambda x: x * fake_array[0],
    lambda x: x if override == POINTS[0] else 2 * x,
    lambda x: x * override.x,
    lambda x: patched([x]),
    lambda x: dropping([x]),
    lambda x: x * singles[0],
    lambda x: x * objects[0],
    lambda x: x * swapped[0],
    lambda x: x * records[0][0],
    lambda x: x * masked[0],
    lambda x: x * RETURNS.ctypes.data,
    lambda x: x * RETURNS.__array_interface__["data"][0],
    lambda x: x * RETURNS.strides[0],
    lambda x: x * numpy.random.random(),
    lambda x: x * numpy.sum(RETURNS),
    lambda x: x * POINTS[0].__hash__(),
    lambda x: x * POINTS[0].__class__(1.0, 2.0).x,
    lambda x: remembers(x) + x,
    lambda x: x * len(MODEL.__dict__),
    lambda x: x * Point(1.0, 2.0).x,
    lambda x: x * x.real,
    lambda x: x if Model else 2 * x,
    of_doubles(Sub),
    of_doubles(numpy.matrix),
    Counter().rate,
    Counter.of_class,
    functools.partial(Counter.rate, counter),
    lambda x: x * biased.bias[0],
    lambda x: x * generator.random(),
    lambda x: x * generator.uniform(0.0, 1.0),
]


@pytest.mark.parametrize("f", NOT_SHOWN, ids=range(len(NOT_SHOWN)))
def test_objects_of_which_the_code_does_not_show_all(f: Any) -> None:
    """They may compute where an operator, a truth value or a key is asked for."""
    assert repeatable(f) is None
    assert repeatable(grad(f)) is None
    assert repeatable(Iterates()) is None


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_objects_that_were_copied(copied: Callable[[Any], Any]) -> None:
    """Copying leaves a note in the class: the names of its slots."""
    model = copied(nn.MLP(2, [3, 1]))
    assert "__slotnames__" in vars(nn.MLP)
    assert repeatable(lambda x: model([x, x])) is not None


def test_functions_of_nn_that_were_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known is the library's own code."""
    assert repeatable(lambda x: network([x, x])) is not None
    with monkeypatch.context() as patch:
        patch.setattr(nn.Layer, "__call__", lambda layer, x: [random.random(), random.random()])
        assert repeatable(lambda x: network([x, x])) is None
    with monkeypatch.context() as patch:
        patch.setattr(nn.layers, "as_vector", lambda *given: [random.random()])
        assert repeatable(lambda x: network([x, x])) is None
    with monkeypatch.context() as patch:
        patch.setattr(nn.validation, "as_entries", lambda x: [random.random(), random.random()])
        assert repeatable(lambda x: network([x, x])) is None
    with monkeypatch.context() as patch:
        patch.setattr(nn.validation, "type", lambda x: tuple, raising=False)
        assert repeatable(lambda x: network([x, x])) is None
    with network.parameters_as([0.5] * len(network.parameters())):  # attributes are computed
        assert repeatable(lambda x: network([x, x])) is None
    assert network.layers  # which asks, and from here on is Python's own look-up again
    assert repeatable(lambda x: network([x, x])) is not None


@pytest.mark.parametrize("transform", [grad, value_and_grad, hessian])
def test_derivatives_with_plain_data_are_recorded_once(transform: Any, runs: list[str]) -> None:
    """Data in lists are floats for the function, and whole numbers for their exactness."""

    def f(p: Any, xs: Any, labels: Any) -> Any:
        total = 0.0
        for x, label in zip(xs, labels, strict=True):
            z = p[0] * x + p[1]
            total = total + (z if label == 1 else -z) * x / (2.0 + label) + z**3
        return total

    compiled, eager = jit(transform(f)), transform(f)
    for point in ([0.5, 0.25], [0.75, 0.125]):
        for data in ([1.0, 2.0, -0.5], [0.5, 0.25, 0.125]):
            assert _bits(compiled(point, data, [0, 1, 1])) == _bits(eager(point, data, [0, 1, 1]))
    assert runs == ["values"]


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda p, x: p * (x - 2.0**53), 2**53 + 1),  # which no double is
        (lambda p, x: p * autograd.atan2(-x, -1.0), 0),  # whole numbers have one zero
        (lambda p, x: p * abs(x**0.5), -2.0),  # a complex number
        (lambda p, x: p * x.tanh(), 2.0),
        (lambda p, x: p * (x / 10**400), 2.0),  # which no float is divided by
        (lambda p, x: p * autograd.mean([x, p, 10**400]) if x > 3.0 else p * (10**400 // x), 2.0),
    ],
)
def test_data_of_which_floats_may_differ(f: Any, x: Any, runs: list[str]) -> None:
    """They are run as they are, whatever comes of it."""
    raised = (AttributeError, OverflowError, RecordingError)
    with suppress(*raised):
        jit(grad(f))(2.0, x)
    assert "floats" in runs
    if isinstance(x, float):
        with pytest.raises(raised):
            jit(grad(f))(2.0, x)


def test_arrays_of_data_are_run_as_they_are(runs: list[str]) -> None:
    """A derivative's function gets them as NumPy's, and once as Values."""

    def f(p: Any, table: Any, labels: Any) -> Any:
        total = 0.0
        for row, label in zip(table, labels, strict=True):
            z = sum(a * b for a, b in zip(row, p, strict=True))
            total = total + autograd.softplus(z) - label * z
        return total

    compiled, eager = jit(grad(f)), grad(f)
    for scale in (1.0, 2.0):
        point = scale * RETURNS[:2]
        found, wanted = compiled(point, TABLE, ORDER), eager(point, TABLE, ORDER)
        assert found.tobytes() == wanted.tobytes()
    assert runs == ["values", "floats"]


class Shown(tuple[Any, ...]):
    """It says that there is nothing in it."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())


def test_what_a_tuple_says_of_itself() -> None:
    """What is in one is looked at, whatever its class gives to those who go through it."""
    held = Shown([[1.0]])

    def f(p: Any) -> Any:
        held[0].append(1.0)
        return p * len(held[0])

    with pytest.raises(RecordingError, match="differ"):
        jit(grad(f))(2.0)
