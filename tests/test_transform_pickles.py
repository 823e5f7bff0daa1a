"""Transforms are objects that behave like functions: named, pickled, copied, and methods."""

from __future__ import annotations

import copy
import functools
import inspect
import math
import pickle
import pydoc
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import (
    Value,
    exp,
    grad,
    hessian,
    hvp,
    implicit_fixed_point,
    implicit_root,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    value_and_grad,
    vjp,
)


def bell(x: Any) -> Any:
    """A bell, times x."""
    return exp(-x * x) * x


def total(x: Any, y: Any = 2.0) -> Any:
    return x[0] ** 2 * x[1] * y


def residual(x: Any, a: Any) -> Any:
    return x * x - a


def babylonian(x: Any, a: Any) -> Any:
    return (x + a / x) / 2


def square_root(a: float) -> float:
    return math.sqrt(a)


@grad
def slope(x: Any) -> Any:
    """Decorated, so that the function itself can't be found by its name."""
    return x**3


class Model:
    def __init__(self, w: float) -> None:
        self.w = w

    def loss(self, x: Any) -> Any:
        return self.w * x * x

    steepness = grad(loss, argnums=1)


MADE: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (grad(bell), (1.0,)),
    (grad(total, argnums=(0, 1)), ([3.0, 4.0], 2.0)),
    (grad(grad(grad(bell))), (1.0,)),
    (value_and_grad(bell), (1.0,)),
    (jacobian(grad(total)), ([3.0, 4.0],)),
    (jacfwd(total), ([3.0, 4.0],)),
    (jacrev(total), ([3.0, 4.0],)),
    (hessian(total), ([3.0, 4.0],)),
    (hvp(total), ([3.0, 4.0], [1.0, 0.0])),
    (implicit_root(residual, square_root), (4.0,)),
    (implicit_fixed_point(babylonian, square_root, tol=1e-3), (4.0,)),
    (grad(implicit_root(residual, square_root)), (4.0,)),
    (grad(functools.partial(total, y=3.0)), ([3.0, 4.0],)),
    (grad(Model(3.0).loss), (2.0,)),
    (slope, (2.0,)),
]


@pytest.mark.parametrize(
    ("made", "point"),
    MADE,
    ids=lambda x: getattr(x, "__name__", "").partition(" at 0x")[0],  # an address differs
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_transform_comes_back_from_a_pickle(made: Any, point: Any, protocol: int) -> None:
    """With its function, its options, and the same numbers."""
    again = pickle.loads(pickle.dumps(made, protocol))
    assert again(*point) == made(*point)
    assert again.__name__ == made.__name__
    assert copy.deepcopy(made)(*point) == copy.copy(made)(*point) == made(*point)


def test_sparse_transforms_too() -> None:
    pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    for made in (autograd.sparse_hessian(total), autograd.sparse_jacobian(total)):
        again = pickle.loads(pickle.dumps(made))
        assert again([3.0, 4.0]).toarray().tolist() == made([3.0, 4.0]).toarray().tolist()


def test_the_options_are_kept() -> None:
    made = grad(lambda x, y: (x * y, "aux"), 1, has_aux=True)
    assert copy.copy(made)(3.0, 4.0) == (3.0, "aux")


def test_a_method_is_pickled_with_its_object_once() -> None:
    """By the ordinary memo: the object that comes beside it is the one that it is of."""
    model = Model(3.0)
    for duplicate in (lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy):
        other, made = duplicate((model, grad(model.loss)))
        assert other is not model
        other.w = 5.0
        assert made(2.0) == 20.0


class Tree:
    """It holds a transform of a method of its own, and of itself."""

    def __init__(self) -> None:
        self.w = 3.0
        self.of_method = grad(self.loss)
        self.of_itself = grad(self)

    def loss(self, x: Any) -> Any:
        return self.w * x * x

    def __call__(self, x: Any) -> Any:
        return self.w * x

    def __repr__(self) -> str:
        return f"Tree({self.w})"


def test_an_object_that_holds_a_transform_of_itself() -> None:
    """It comes back with one that is of the copy, from whichever end one begins."""
    for duplicate in (lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy):
        tree = duplicate(Tree())
        tree.w = 5.0
        assert (tree.of_method(2.0), tree.of_itself(2.0)) == (20.0, 5.0)
        begun = duplicate(Tree().of_itself)
        assert begun.__wrapped__.of_itself is begun
        begun.__wrapped__.w = 7.0
        assert begun(2.0) == 7.0


def test_attributes_of_ones_own_are_kept() -> None:
    made: Any = grad(bell)
    made.note = "mine"
    assert pickle.loads(pickle.dumps(made)).note == copy.copy(made).note == "mine"


def test_captured_values_are_shared_in_a_deep_copy() -> None:
    class Line:
        def __init__(self) -> None:
            self.w = Value(3.0)

        def __call__(self, x: Any) -> Any:
            return self.w * x * x

    original = Line()
    line, made = copy.deepcopy((original, grad(original)))
    made(1.0).backward()
    assert line.w.grad == 2.0


def test_a_pullback_comes_back_from_a_pickle() -> None:
    _, pullback = vjp(total, [3.0, 4.0], 2.0)
    again = pickle.loads(pickle.dumps(pullback))
    assert again(1.0) == pullback(1.0) == ([48.0, 18.0], 36.0)


def test_a_lambda_is_pickled_no_better_than_by_itself() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(grad(lambda x: x))


def test_a_decorated_function_is_kept_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(slope)) is slope
    assert copy.deepcopy(slope) is slope


def test_the_compiled_form_of_a_transform_comes_back() -> None:
    if "llvmlite" not in sys.modules:
        pytest.importorskip("llvmlite", reason="llvmlite is not installed")
    made = jit(grad(bell))
    assert pickle.loads(pickle.dumps(made))(1.0) == pytest.approx(grad(bell)(1.0), rel=1e-15)


def test_it_looks_like_a_function() -> None:
    made: Any = grad(bell)
    assert made.__wrapped__ is bell
    assert made.__name__ == made.__qualname__ == "grad(bell)"
    assert made.__module__ == bell.__module__
    assert str(inspect.signature(grad(total))) == str(inspect.signature(total))
    assert list(inspect.signature(hvp(total)).parameters) == ["x", "v", "args", "others"]
    assert repr(made) == "<grad(bell)>"
    shown = pydoc.plain(pydoc.render_doc(made))
    assert "The gradient of bell" in shown
    assert "A bell, times x." in shown
    assert "grad(bell)(x" in shown
    assert functools.wraps(made)(lambda x: x).__name__ == "grad(bell)"


def test_as_an_attribute_of_a_class_it_is_a_method() -> None:
    assert Model(3.0).steepness(2.0) == 12.0
    assert Model.steepness(Model(3.0), 2.0) == 12.0


@pytest.mark.parametrize(
    "made",
    [grad, value_and_grad, jacobian, jacfwd, jacrev, hessian, hvp, vjp],
    ids=lambda x: x.__name__,
)
def test_a_value_in_the_place_of_the_function_is_told(made: Any) -> None:
    """PyTorch's habit, grad(loss, w)."""
    w = Value(3.0)
    with pytest.raises(TypeError, match=r"takes a function, got .*loss.backward\(\), then w.grad"):
        made(w * w, w)
    with pytest.raises(TypeError, match=r"takes a function, got float 9.0.*not for its result"):
        made(9.0)


def test_other_things_in_the_place_of_a_function_are_told() -> None:
    w = Value(3.0)
    with pytest.raises(TypeError, match="jvp takes a function"):
        autograd.jvp(w, (1.0,), (1.0,))
    with pytest.raises(TypeError, match="implicit_root's solve takes a function"):
        implicit_root(residual, 2.0)
    with pytest.raises(TypeError, match="implicit_root takes a function"):
        implicit_root(w, square_root)
    with pytest.raises(TypeError, match=r"argnums is an int.*grad\(f\)\(w\)"):
        grad(bell, w)
