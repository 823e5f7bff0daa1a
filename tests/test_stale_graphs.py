"""Numbers assigned after a graph was computed: `explain` and `paths` say which, and what of."""

import math

import pytest

import autograd
import nn
from autograd import Value, explain, paths
from autograd.engine.primitives import TABLE


def changed(value, root):
    """The reasons of that kind."""
    return [finding for finding in explain(value, root).findings if finding.kind == "changed"]


def test_a_loss_built_outside_of_the_loop():
    """Three steps with the gradient of the first: -4 each, where the last would be -1.6."""
    w = Value(1.0, "w")
    loss = (w * 2 - 3) ** 2
    for _ in range(3):
        w.grad = 0.0
        loss.backward()
        assert w.grad == -4.0
        w.data -= 0.1 * w.grad
    (finding,) = changed(w, loss)
    assert finding.why.startswith("w was changed after v1 was computed: v1 = w * 2 is 2, and would")
    assert "inside the loop" in finding.remedy
    assert "w was changed after" in str(paths(loss, w))
    assert [finding.kind for finding in explain(loss, loss).findings] == ["changed"]


def test_the_one_of_two_factors_that_was_changed():
    """A product keeps each factor as the local derivative by the other."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a * b
    c.label = "c"
    c.backward()
    a.data = 5.0
    for value in (a, b, c):
        (finding,) = changed(value, c)
        assert finding.why == (
            "a was changed after c was computed: c = a * b is 6, and would be 15 now"
        )
    assert explain(a, c).kind == "changed"
    assert "nothing remarkable" not in str(explain(a, c))


def test_the_one_of_two_terms_whose_other_uses_follow_no_more_either():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = (a + b) * (b + 1) * 2
    a.data = 5.0
    assert changed(a, c)[0].why.startswith("a was changed")
    a.data, b.data = 2.0, 5.0
    assert changed(b, c)[0].why.startswith("b was changed")


def test_a_number_inside_the_graph():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    d = a * b
    d.label = "d"
    e = d + 1
    d.data = 4.0
    assert changed(a, e)[0].why == "d was assigned after it was computed: a * b is 6, not 4"


def test_the_same_value_with_another_slope():
    x = Value(3.0, "x")
    y = x * x
    x.data = -3.0
    assert "is 9 still, with other local derivatives" in changed(x, y)[0].why


@pytest.mark.parametrize("number", [math.nan, math.inf, -0.0, 1e-300])
def test_special_numbers_follow_from_themselves(number):
    x = Value(number, "x")
    y = autograd.tanh(x) + x * 2 + autograd.max([x, 0.0]) + autograd.logsumexp([x, 1.0])
    assert changed(x, y) == []


def test_every_operation_follows_from_its_inputs():
    """Also pow with a constant, sums of many, selections, integers of plain numbers."""
    x, y = Value(0.7, "x"), Value(1.3, "y")
    terms = [row(x) for row in TABLE.values() if row.builtin and row.is_method]
    terms += [x**2, x**y, 2**x, x % y, x // y, x / y, 1 / x, autograd.where(x > 0, x, y)]
    terms += [autograd.dot([x, y], [y, 3.0]), autograd.norm([x, y]), autograd.mean([x, y, 1])]
    assert changed(x, autograd.sum(terms)) == []


def test_a_users_own_operation_is_not_called():
    calls = []

    def forward(x):
        calls.append(x)
        return x + len(calls)

    counting = autograd.primitive("counting_calls", forward, lambda out, x: 1.0)
    x = Value(1.0, "x")
    y = counting(x) * 2
    before = len(calls)
    assert changed(x, y) == []
    assert len(calls) == before


def test_nothing_in_the_graph_is_changed_and_modes_do_not_matter():
    x = Value(2.0, "x")
    y = x * 3
    y.backward()
    x.data = 1.0
    with autograd.no_grad(), autograd.detect_anomaly():
        assert explain(x, y).kind == "changed"
    assert (y.data, x.grad, y.partials) == (6.0, 3.0, (3.0,))


def test_after_a_step_the_gradients_are_those_of_before():
    model = nn.MLP(2, [3, 1], seed=1)
    loss = (model([1.0, 2.0]) - 1) ** 2
    loss.backward()
    parameter = model.parameters()[0]
    assert changed(parameter, loss) == []
    for p in model.parameters():
        p.data -= 0.1 * p.grad
    (finding,) = changed(parameter, loss)
    assert finding.count > 3


def test_it_takes_one_walk():
    """Of 20,000 nodes, each computed once more."""
    x = Value(1.0, "x")
    y = x
    for _ in range(20_000):
        y = y * 1.0001
    x.data = 2.0
    assert changed(x, y)[0].count == 1
