"""detect_anomaly and guards: what a selection leaves out is no anomaly, if it is computed among the
arguments; what it takes, or nobody selects from, raises as ever.

Selections stand in statements of their own here: pytest takes what is asserted to pieces.
"""

import gc
import math
import weakref

import pytest

import autograd
import autograd as other_name
import nn
from autograd import (
    Value,
    clip,
    detect_anomaly,
    exp,
    grad,
    hessian,
    jit,
    log,
    maximum,
    no_grad,
    sin,
    sqrt,
    tanh,
    where,
)


def entropy_term(p):
    return p * log(p)


GUARDED = {
    "root": lambda x: where(x > 0, sqrt(x), 0),
    "entropy": lambda x: where(x > 0, x * log(x), 0),
    "in a function": lambda x: where(x > 0, entropy_term(x), 0),
    "by another name": lambda x: other_name.where(x > 0, other_name.log(x), 0),
    "quotient": lambda x: where(x, sin(x) / x, 1),
    "finite again": lambda x: where(x > 0, exp(-1 / x), 0),
    "nested": lambda x: where(x > 0, where(x > 1, log(x), 1 / x), x),
    "sum": lambda x: where(x > 0, autograd.sum([log(x), log(x)]), 0),
    "comprehension": lambda x: where(x > 0, autograd.sum([log(y) for y in (x, x)]), 0),
    "generator": lambda x: where(x > 0, autograd.sum(log(y) for y in (x, x)), 0),
    "several lines": lambda x: where(
        x > 0,
        1 / x,
        0,
    ),
    "goes on": lambda x: where(x > 0, sqrt(x), 0) * 2 + 1,
}

LOUD = {
    "plain": lambda x: log(x) + 1,
    "taken": lambda x: where(x <= 0, log(x), 0),
    "taken, finite again": lambda x: where(x <= 0, tanh(1 / x), 0),
    "taken by the inner one": lambda x: where(x <= 0, where(x > 1, 1.0, 1 / x), x),
    "the other side": lambda x: where(x > 0, log(x), 1 / x),
    "beside": lambda x: log(x) * where(x > 0, 1.0, 2.0),
    "Python's own max": lambda x: max(log(x), -3.0),
}


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize("x", [0.0, -1.0])
def test_what_is_left_out_is_no_anomaly(name, x):
    f = GUARDED[name]
    expected = grad(f)(x)
    assert math.isfinite(expected)
    with detect_anomaly():
        assert grad(f)(x) == expected
        assert hessian(f)(x) == hessian(f)(x)
        v = Value(x)
        f(v).backward()
        assert v.grad == expected
        with no_grad():
            assert math.isfinite(f(Value(x)).data)


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize("x", [0.0, -1.0])
def test_what_is_left_out_is_none_in_compiled_code(name, x):
    pytest.importorskip("llvmlite")
    f = GUARDED[name]
    with detect_anomaly():
        assert jit(f)(x) == f(Value(x)).data


@pytest.mark.parametrize("name", LOUD)
def test_what_is_taken_raises(name):
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"made -?inf of .* line \d+"):
        LOUD[name](Value(0.0))
    with detect_anomaly(), pytest.raises(FloatingPointError):
        grad(LOUD[name])(0.0)


def test_other_selections_leave_out_too():
    """clip gives its bound, maximum the other one; NaN is never lost, and so reported."""
    x = Value(0.0)
    with detect_anomaly():
        found = [
            clip(log(x), -5.0, 5.0),
            maximum(log(x), -5.0),
            autograd.max([log(x), -5.0, 1 - 1 / x]),
        ]
        assert found == [-5.0, -5.0, -5.0]
        with pytest.raises(FloatingPointError, match="log made nan"):
            maximum(log(x - 1), -5.0)


def test_a_statement_of_its_own_has_raised_by_then():
    x = Value(0.0)

    def two_statements():
        before = log(x)
        return where(x > 0, before, 0)

    with detect_anomaly(), pytest.raises(FloatingPointError, match="log made -inf"):
        two_statements()


def test_an_error_among_the_arguments_leaves_nothing_quiet():
    x = Value(0.0)
    with detect_anomaly():
        with pytest.raises(ZeroDivisionError):
            where(x > 0, log(x) + 1 // 0, 0)
        with pytest.raises(FloatingPointError):
            log(x)


def test_local_names_count():
    from autograd import log as ln
    from autograd import where

    x = Value(0.0)
    with detect_anomaly():
        out = where(x > 0, ln(x), 0)
    assert out == 0.0


def test_a_primitive_of_ones_own_that_cuts():
    first_of_two = autograd.primitive(
        "first_of_two", lambda a, b: a, lambda out, a, b: (1.0, 0.0), arity=2, cuts=True
    )
    x = Value(0.0)
    with detect_anomaly():
        out = first_of_two(x, log(x))
        assert out == 0.0
        with pytest.raises(FloatingPointError):
            first_of_two(log(x), x)


def test_the_line_is_that_of_the_operation():
    x = Value(0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError) as error:
        where(
            x <= 0,
            log(x),
            0,
        )
    first = test_the_line_is_that_of_the_operation.__code__.co_firstlineno
    assert f"test_guarded_anomalies.py, line {first + 5})" in str(error.value)


def test_nothing_is_kept_of_what_was_left_out():
    """A training loop in the block does not grow: a node's owner is gone with it."""

    class Owner:
        pass

    with detect_anomaly():
        owner = Owner()
        owner.node = where(Value(0.0) > 0, log(Value(0.0)), 0)
        gone = weakref.ref(owner)
        del owner
        gc.collect()
        assert gone() is None
        from autograd.engine import observers

        assert not getattr(observers._THREAD, "waiting", {})


def test_losses_with_guards_inside_are_quiet():
    logits = [Value(1000.0), Value(-1000.0)]
    with detect_anomaly():
        loss = nn.cross_entropy(logits, 0)
        loss.backward()
        loss = nn.binary_cross_entropy([logits[0]], [1.0])
        loss.backward()
    assert all(math.isfinite(x.grad) for x in logits)
