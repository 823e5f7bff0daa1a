"""Nested arguments come apart into numbers and go back together, each kind as what it was."""

from __future__ import annotations

import dataclasses
import doctest
from collections import OrderedDict, defaultdict
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import Value, tree
from autograd.transforms.tree import flatten


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    slope: Any
    offset: Any = 0.0


@dataclasses.dataclass
class Derived:
    side: Any
    area: Any = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.area = self.side**2


def through(nesting: Any) -> Any:
    leaves, structure = flatten(nesting)
    return structure.unflatten(leaves)


def test_docstrings() -> None:
    assert doctest.testmod(tree).failed == 0


@pytest.mark.parametrize(
    "nesting",
    [
        2.5,
        [],
        (),
        {},
        [1.0, [2.0, (3.0,)]],
        Point(1.0, [2.0]),
        {"b": 1.0, "a": (2.0, 3.0), 3: 4.0},
        Line(1.0, Point(2.0, 3.0)),
        OrderedDict(b=1.0, a=2.0),
    ],
    ids=repr,
)
def test_there_and_back(nesting: Any) -> None:
    back = through(nesting)
    assert back == nesting
    assert type(back) is type(nesting)


def test_order_is_that_of_reading() -> None:
    leaves, structure = flatten({"b": [1, 2], "a": (3, {"c": 4})})
    assert leaves == [1.0, 2.0, 3.0, 4.0]
    assert structure.unflatten([5.0, 6.0, 7.0, 8.0]) == {"b": [5.0, 6.0], "a": (7.0, {"c": 8.0})}


def test_a_container_is_copied_never_written_to() -> None:
    given = defaultdict(list, {"a": [1.0]})
    back = through(given)
    assert back == given
    assert back is not given
    assert back["missing"] == []
    line = Line(1.0, 2.0)
    leaves, structure = flatten(line)
    assert structure.unflatten([8.0, 9.0]) == Line(8.0, 9.0)
    assert (line.slope, leaves) == (1.0, [1.0, 2.0])


def test_a_field_that_init_does_not_take() -> None:
    leaves, structure = flatten(Derived(3.0))
    assert leaves == [3.0, 9.0]
    assert structure.unflatten([1.0, 2.0]).area == 2.0


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 1, 2)])
def test_arrays_of_any_shape(shape: tuple[int, ...]) -> None:
    array = np.arange(float(np.prod(shape))).reshape(shape)
    back = through(array)
    assert back.dtype == float
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("dtype", [int, np.uint8, bool, np.float32])
def test_numbers_of_every_real_type_become_floats(dtype: type) -> None:
    leaves, _ = flatten([np.array([0, 1], dtype=dtype), dtype(1), Fraction(1, 2)])
    assert leaves == [0.0, 1.0, 1.0, 0.5]
    assert all(type(x) is float for x in leaves)


def test_values_stay_what_they_are() -> None:
    v = Value(1.0)
    leaves, structure = flatten([v, np.array([v, 2.0], dtype=object)])
    assert leaves[0] is v
    assert leaves[1] is v
    _, array = structure.unflatten(leaves)
    assert array.dtype == object
    assert array[0] is v
    assert structure.unflatten([1.0, 2.0, 3.0])[1].dtype == float


@pytest.mark.parametrize(
    ("culprit", "named"),
    [
        ("text", "str 'text'"),
        (["text"], "str 'text'"),
        (1j, "complex"),
        ({1.0}, "set"),
        (np.array(["a"]), "array of <U1"),
        (np.array([1j]), "array of complex128"),
        (np.array([None], dtype=object), "None"),
    ],
)
def test_what_is_no_number_is_named(culprit: Any, named: str) -> None:
    with pytest.raises(TypeError, match=r"^the point must be a number, or lists") as error:
        flatten({"a": [1.0, culprit]}, "the point")
    assert named in str(error.value)


def test_the_wrong_count_is_said() -> None:
    with pytest.raises(ValueError, match="holds 2 numbers, got 1"):
        flatten([1.0, 2.0])[1].unflatten([1.0])


def test_structures_are_equal_where_the_same_numbers_fit() -> None:
    assert flatten([1, (2.0,)])[1] == flatten([Value(3.0), (4,)])[1]
    assert flatten([1.0])[1] != flatten((1.0,))[1]
    assert flatten({"a": 1.0})[1] != flatten({"b": 1.0})[1]
    assert flatten(np.zeros(2))[1] == flatten(np.ones(2, dtype=int))[1]
    assert flatten(np.zeros((2, 1)))[1] != flatten(np.zeros(2))[1]
