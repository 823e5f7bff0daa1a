"""Texts among the results of compiled functions: those of the path that was taken, or an error."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import pytest

from autograd import grad, jit, vmap
from autograd.compiler import RecordingError

pytest.importorskip("llvmlite")
np = pytest.importorskip("numpy")


class Side(Enum):
    LEFT = "left"
    RIGHT = "right"


class Found(NamedTuple):
    value: Any
    side: Any


def labelled(x: Any) -> Any:
    if x > 1:
        return {"y": x * x, "how": ["square", Found(x, Side.RIGHT)]}
    return {"y": -x, "how": ["minus", Found(2 * x, Side.LEFT)]}


def test_texts_are_those_of_the_path() -> None:
    """Both paths recorded, and taken in turn."""
    f = jit(labelled)
    for _ in range(3):
        assert f(3.0) == {"y": 9.0, "how": ["square", Found(3.0, Side.RIGHT)]}
        assert f(0.5) == {"y": -0.5, "how": ["minus", Found(1.0, Side.LEFT)]}
    assert f.recordings == 2


def test_two_paths_that_differ_in_their_texts_alone() -> None:
    f = jit(lambda x: [x, "up" if x > 0 else "down"])
    assert [f(1.0), f(-1.0), f(2.0), f(-2.0)] == [
        [1.0, "up"],
        [-1.0, "down"],
        [2.0, "up"],
        [-2.0, "down"],
    ]


def test_a_text_made_of_a_number_is_an_error() -> None:
    """It would be that of the first call for good."""
    with pytest.raises(RecordingError, match="makes a text of 'x'"):
        jit(lambda x: [x, f"x is {x}"])(1.0)
    with pytest.raises(RecordingError, match="makes a text"):
        jit(lambda x: [x, f"x is {2 * x:.3f}"])(1.0)


def test_a_text_alone_is_no_result() -> None:
    with pytest.raises(TypeError, match=r"returns must be.*got str 'up'"):
        jit(lambda x: "up")(1.0)


def test_texts_of_rows_agree() -> None:
    """One for all of them, or an error."""
    f = vmap(lambda x: [2 * x, "twice"])
    rows = np.array([1.0, 2.0])
    assert [f(rows)[1], f(rows)[0].tolist()] == ["twice", [2.0, 4.0]]
    with pytest.raises(TypeError, match="different nestings for different rows"):
        vmap(lambda x: [x, "up" if x > 0 else "down"])(np.array([1.0, -1.0]))


def test_bound_results_hold_texts() -> None:
    x = np.array(3.0)
    bound = jit(labelled).bind(x)
    x[...] = 0.5
    assert bound()["how"][0] == "minus"


def test_what_a_transform_hands_on() -> None:
    """has_aux: numbers and texts beside the gradient."""

    def loss(x: Any) -> Any:
        return x * x, {"half": x / 2, "side": "right" if x > 0 else "left", "none": None}

    f = jit(grad(loss, has_aux=True))
    for x, side in ((3.0, "right"), (-2.0, "left"), (5.0, "right"), (-1.0, "left")):
        assert f(x) == (2 * x, {"half": x / 2, "side": side, "none": None})


def test_transforms_inside() -> None:
    """A text beside a derivative."""
    f = jit(lambda x: {"slope": grad(lambda t: t * t)(x), "name": "t²"})
    assert [f(1.0), f(2.0)] == [{"slope": 2.0, "name": "t²"}, {"slope": 4.0, "name": "t²"}]
