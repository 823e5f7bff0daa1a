"""Value: what it holds, how it computes, compares and prints, and what backward leaves behind."""

from __future__ import annotations

import gc
import math
import operator
import sys
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_formulas import Formula, graphs

import autograd
from autograd import Value
from autograd.engine.graph import topological_order
from autograd.engine.primitives import TABLE

# What it holds ------------------------------------------------------------------------------------


def test_a_new_value_is_a_leaf() -> None:
    """Data as given, gradient 0, no label, nothing it was made of."""
    v = Value(2.5)
    assert (v.data, v.grad, v.label) == (2.5, 0.0, None)
    assert (v.op, v.primitive, v.parents, v.partials, v.inputs) == ("", None, (), (), ())


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (3, 3.0),
        (True, 1.0),
        (-0.0, -0.0),
        (Fraction(1, 4), 0.25),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (Fraction(10**400, 3), math.inf),
        (2**53 + 1, 9007199254740992.0),
    ],
)
def test_every_real_number_becomes_a_float(number: Any, data: float) -> None:
    """As data, as gradient and as seed; rounded as IEEE 754 rounds."""
    v = Value(number)
    assert type(v.data) is float
    assert v.data.hex() == data.hex()
    v.data, v.grad = 1.0, number
    v.data = number
    assert (type(v.data), type(v.grad)) == (float, float)
    assert (v.data, v.grad) == (data, data)
    leaf = Value(1.0)
    leaf.backward(number)
    assert leaf.grad == data


@pytest.mark.parametrize("label", ["e", "", "σ(net₁)", "a\nb\x1b[31m", "x" * 10_000])
def test_any_text_is_a_label(label: str) -> None:
    """Kept as it is, assignable, removable."""
    v = Value(1.0, label)
    assert v.label == label
    v.label = None
    assert v.label is None
    v.label = label
    assert v.label == label


def test_results_have_no_label() -> None:
    """A result doesn't inherit a name."""
    assert (Value(1.0, "a") + Value(2.0, "b")).label is None


# Operators ----------------------------------------------------------------------------------------

BINARY: dict[str, tuple[Callable[[Any, Any], Any], float, tuple[float, float]]] = {
    # At (7, 2): the result and both derivatives by hand.
    "add": (operator.add, 9.0, (1.0, 1.0)),
    "sub": (operator.sub, 5.0, (1.0, -1.0)),
    "mul": (operator.mul, 14.0, (2.0, 7.0)),
    "div": (operator.truediv, 3.5, (0.5, -1.75)),
    "pow": (operator.pow, 49.0, (14.0, 49.0 * math.log(7.0))),
    "mod": (operator.mod, 1.0, (1.0, -3.0)),
    "floordiv": (operator.floordiv, 3.0, (0.0, 0.0)),
}
TWOS = [2, 2.0, Fraction(2)]
SEVENS = [7, 7.0, Fraction(7)]


@pytest.mark.parametrize("op", BINARY)
def test_two_values(op: str) -> None:
    """Result, name, parents in order, local derivatives, and the gradients they become."""
    compute, result, partials = BINARY[op]
    a, b = Value(7.0), Value(2.0)
    out = compute(a, b)
    assert (out.data, out.op) == (result, op)
    assert out.parents[0] is a
    assert out.parents[1] is b
    assert out.inputs == out.parents
    assert out.partials == pytest.approx(partials, rel=1e-15)
    out.backward(10.0)
    assert (a.grad, b.grad) == pytest.approx((10 * partials[0], 10 * partials[1]), rel=1e-15)


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("number", TWOS, ids=repr)
def test_a_number_on_the_right(op: str, number: Any) -> None:
    """A number is an input, not a parent: no node is made for it."""
    compute, result, partials = BINARY[op]
    a = Value(7.0)
    out = compute(a, number)
    assert out.data == result
    assert out.op == ("pow_const" if op == "pow" else op)
    assert out.parents == (a,)
    assert out.inputs == (a, 2.0)
    assert type(out.inputs[1]) is float
    assert out.partials == (partials[0],)


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("number", SEVENS, ids=repr)
def test_a_number_on_the_left(op: str, number: Any) -> None:
    """The same with the order of the inputs kept."""
    compute, result, partials = BINARY[op]
    b = Value(2.0)
    out = compute(number, b)
    assert (out.data, out.op) == (result, op)
    assert out.parents == (b,)
    assert out.inputs == (7.0, b)
    assert out.partials == pytest.approx((partials[1],), rel=1e-15)


@pytest.mark.parametrize("op", BINARY)
def test_a_bool_counts_as_a_number(op: str) -> None:
    """True is 1 on either side, as it is for a float."""
    compute = BINARY[op][0]
    assert compute(Value(3.0), True).data == compute(3.0, True)
    assert compute(True, Value(3.0)).data == compute(True, 3.0)


def test_the_same_value_twice() -> None:
    """a·a has two parents and derivative 2a."""
    a = Value(3.0)
    out = a * a
    assert out.parents == (a, a)
    assert out.partials == (3.0, 3.0)
    out.backward()
    assert a.grad == 6.0


def test_unary_operators() -> None:
    """-a and abs(a) are nodes; +a is a itself."""
    a = Value(-3.0)
    assert ((-a).data, (-a).op, (-a).partials) == (3.0, "neg", (-1.0,))
    assert (abs(a).data, abs(a).op, abs(a).partials) == (3.0, "abs", (-1.0,))
    assert +a is a


@pytest.mark.parametrize(
    "assign",
    [
        operator.iadd,
        operator.isub,
        operator.imul,
        operator.itruediv,
        operator.ipow,
        operator.imod,
        operator.ifloordiv,
    ],
)
def test_augmented_assignment_rebinds(assign: Callable[[Any, Any], Any]) -> None:
    """`v += 2` makes a new node of the old one, which is as it was."""
    old = v = Value(7.0)
    v = assign(v, 2)
    assert v is not old
    assert v.parents == (old,)
    assert old.data == 7.0


def test_divmod() -> None:
    """Quotient and remainder, on either side."""
    assert divmod(Value(7.0), 2) == (3.0, 1.0)
    assert divmod(7, Value(2.0)) == (3.0, 1.0)


def test_builtin_sum_and_prod() -> None:
    """Python's own, which start from a plain int, work."""
    a, b = Value(2.0), Value(5.0)
    total = sum([a, b, 1]) + math.prod([a, b, 2])
    total.backward()
    assert (total.data, a.grad, b.grad) == (28.0, 11.0, 5.0)


class Follows:
    """A type that knows how to add itself to a Value."""

    def __radd__(self, other: Any) -> str:
        return f"{other.data} and more"


def test_other_types_have_their_say() -> None:
    """An operand the Value doesn't know is asked for its reflected method."""
    assert Value(1.0) + Follows() == "1.0 and more"


AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 5e-324, 1e-200, 1e200, math.inf, -math.inf, math.nan]
floats = st.one_of(st.sampled_from(AWKWARD), st.floats())


def bits(x: Any) -> str:
    return "nan" if x != x else float(x).hex()


@given(floats, floats)
def test_operators_have_the_derivatives_of_the_table(a: float, b: float) -> None:
    """What + - * / ** write out for speed is, bit by bit, what the table's rules give."""
    for name, compute in (
        ("add", operator.add),
        ("sub", operator.sub),
        ("mul", operator.mul),
        ("div", operator.truediv),
        ("pow", operator.pow),
    ):
        out = compute(Value(a), Value(b))
        assert_as_in_the_table(out, name, a, b, out.partials)
        row = "pow_const" if name == "pow" else name
        out = compute(Value(a), b)
        assert_as_in_the_table(out, row, a, b, (*out.partials, None))
        if row == name:
            out = compute(a, Value(b))
            assert_as_in_the_table(out, row, a, b, (None, *out.partials))
    out = -Value(a)
    assert bits(out.data) == bits(-a)
    assert out.partials == (-1.0,)


def assert_as_in_the_table(
    out: Value, name: str, a: float, b: float, partials: tuple[Any, ...]
) -> None:
    row = TABLE[name]
    assert out.op == name
    assert bits(out.data) == bits(row.forward(a, b))
    # Fed Values, since the rule may divide by zero.
    expected = row.partials(Value(out.data), Value(a), Value(b))
    for found, factor in zip(partials, expected, strict=True):
        if found is not None:
            assert bits(found) == bits(getattr(factor, "data", factor))


# Methods ------------------------------------------------------------------------------------------

UNARY = [row for row in TABLE.values() if row.is_method and row.builtin]


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
def test_every_unary_function_is_a_method(row: autograd.Primitive) -> None:
    """By the table's name and by NumPy's, with the same number as the function."""
    x = 1.5 if row.name == "acosh" else 0.75
    for name in (row.name, row.numpy_name):
        out = getattr(Value(x), name)()
        assert out.op == row.name
        assert out.data == row(x)


def test_methods_with_a_parameter() -> None:
    """leaky_relu and elu take their slope as an argument too."""
    assert Value(-2.0).leaky_relu().data == -0.02
    assert Value(-2.0).leaky_relu(0.5).data == -1.0
    assert Value(-1.0).elu(2.0).data == pytest.approx(2 * math.expm1(-1), rel=1e-15)


def test_a_method_on_the_class_is_the_function() -> None:
    """`Value.tanh(v)`, as micrograd's users write; plain numbers are welcome."""
    assert Value.tanh(Value(0.5)) == math.tanh(0.5)
    assert Value.tanh(0.5) == math.tanh(0.5)


# Comparing, converting, printing ------------------------------------------------------------------


@given(floats, floats)
def test_comparisons_are_those_of_the_data(a: float, b: float) -> None:
    """Between Values and with numbers on either side, always a plain bool."""
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        for out in (compare(Value(a), Value(b)), compare(Value(a), b), compare(a, Value(b))):
            assert out is compare(a, b)


def test_comparison_with_other_numbers() -> None:
    """Exactly, as Python compares a float with an int or a Fraction."""
    assert Value(2.0) == 2
    assert Value(2.0) == Fraction(2)
    assert Value(1.0) == True  # noqa: E712
    assert Value(1e300) < 10**400
    assert Value(2.0**53) != 2**53 + 1
    assert Value(2.0) == 2 + 0j
    assert Value(2.0) != 2 + 1j


@pytest.mark.parametrize("other", ["2.0", None, [2.0], (2.0,), object()])
def test_a_value_is_not_equal_to_what_is_no_number(other: Any) -> None:
    """Unequal rather than an error, as for floats and strings."""
    assert Value(2.0) != other
    assert not Value(2.0) == other  # noqa: SIM201


def test_hashing_is_by_identity() -> None:
    """Equal numbers are different keys; a Value stays the same key when its data change."""
    a, b = Value(1.0), Value(1.0)
    assert a == b
    numbers = {a: "a", b: "b"}
    a.data = 5.0
    assert (numbers[a], numbers[b], len(numbers)) == ("a", "b", 2)


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -2.5, math.inf, math.nan, 5e-324])
def test_bool_is_whether_it_is_not_zero(x: float) -> None:
    """NaN is not zero."""
    assert bool(Value(x)) is (x != 0)


@pytest.mark.parametrize("x", [2.5, 3.5, -2.5, -0.2, 1e300, 7.0])
def test_rounding_gives_python_ints(x: float) -> None:
    """round, floor, ceil, trunc and int, as for a float; with digits a float."""
    v = Value(x)
    for convert in (round, math.floor, math.ceil, math.trunc, int):
        assert convert(v) == convert(x)
        assert type(convert(v)) is int
    assert round(v, 1) == round(x, 1)
    assert type(round(v, 1)) is float


@pytest.mark.parametrize("convert", [round, math.floor, math.ceil, math.trunc, int])
@pytest.mark.parametrize(("x", "error"), [(math.nan, ValueError), (math.inf, OverflowError)])
def test_rounding_what_has_no_whole_number(
    convert: Callable[[Any], int], x: float, error: type[Exception]
) -> None:
    """The error is the float's own."""
    with pytest.raises(error) as ours:
        convert(Value(x))
    with pytest.raises(error) as theirs:
        convert(x)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("spec", [".3f", "10.2e", "+g", "%", "_>12,.1f", "08.3f"])
def test_format_formats_the_data(spec: str) -> None:
    """With a format, the number; without one, the repr."""
    assert format(Value(1234.5678), spec) == format(1234.5678, spec)
    assert f"{Value(1.0)}" == str(Value(1.0)) == "Value(data=1.0, grad=0.0)"


@pytest.mark.parametrize(
    ("x", "label", "text"),
    [
        (6.0, "e", "Value(data=6.0, grad=0.0, label='e')"),
        (6, None, "Value(data=6.0, grad=0.0)"),
        (0.1, "", "Value(data=0.1, grad=0.0, label='')"),
        (-0.0, None, "Value(data=-0.0, grad=0.0)"),
        (1e22, None, "Value(data=1e+22, grad=0.0)"),
        (math.nan, "ν", "Value(data=nan, grad=0.0, label='ν')"),
        (math.inf, "it's\n", 'Value(data=inf, grad=0.0, label="it\'s\\n")'),
    ],
)
def test_repr(x: float, label: str | None, text: str) -> None:
    """Data, gradient, and the label if there is one, quoted."""
    assert repr(Value(x, label)) == str(Value(x, label)) == text


# backward -----------------------------------------------------------------------------------------


def test_leaves_accumulate_and_interior_nodes_do_not() -> None:
    """Twice the same pass doubles the leaves and nothing else."""
    a, b = Value(2.0), Value(1.0)
    c = a + b
    e = c * (b + 1)
    e.backward()
    first = (c.grad, e.grad)
    e.backward()
    assert (a.grad, b.grad) == (4.0, 10.0)
    assert (c.grad, e.grad) == first == (2.0, 1.0)


def test_interior_gradients_are_of_the_latest_pass() -> None:
    """A node below two roots shows what the last one sent."""
    a = Value(3.0)
    s = a * a
    p, q = 2 * s, 5 * s
    p.backward()
    assert s.grad == 2.0
    q.backward()
    assert s.grad == 5.0


def test_a_gradient_written_by_hand_is_added_to_in_a_leaf_only() -> None:
    """`.grad` is assignable; an interior node forgets it at the next pass."""
    a = Value(3.0)
    s = 2 * a
    out = s + 0.0
    a.grad, s.grad, out.grad = 100.0, 100.0, 100.0
    out.backward()
    assert (a.grad, s.grad, out.grad) == (102.0, 1.0, 1.0)


def test_the_seed_scales_everything() -> None:
    """backward(g) gives g times the gradients, at the root too."""
    a = Value(3.0)
    out = a * a
    out.backward(gradient=-0.5)
    assert (a.grad, out.grad) == (-3.0, -0.5)


def test_a_seed_of_zero_sends_nothing() -> None:
    """Not even along an infinite derivative."""
    a = Value(0.0)
    out = a.sqrt()
    out.backward(0.0)
    assert (a.grad, out.grad) == (0.0, 0.0)


def test_backward_on_a_leaf() -> None:
    """A leaf is its own derivative: the seed is added."""
    a = Value(3.0)
    a.backward()
    a.backward(2)
    assert (a.grad, a.data) == (3.0, 3.0)


def test_zero_grad_reaches_everything_below() -> None:
    """Itself and all nodes below, and nothing beside it."""
    a, b = Value(2.0), Value(3.0)
    c = a * b
    d = c + a
    other = c * 2
    d.backward()
    other.grad = 7.0
    d.zero_grad()
    assert [v.grad for v in (a, b, c, d)] == [0.0] * 4
    assert other.grad == 7.0


def test_detach() -> None:
    """A new leaf with the same number: no gradient flows through it."""
    a = Value(3.0, "a")
    cut = (a * a).detach()
    assert (cut.data, cut.parents, cut.grad) == (9.0, (), 0.0)
    (cut * a).backward()
    assert (a.grad, cut.grad) == (9.0, 3.0)
    assert a.detach() is not a


def test_a_diamond() -> None:
    """A node hands on only when all its consumers have reported, whatever the depths differ."""
    x = Value(2.0)
    shallow = x * 3
    deep = shallow
    for _ in range(10):
        deep = deep + 0.0
    (shallow * deep).backward()
    assert x.grad == 36.0  # d(9x²)/dx


def test_many_inputs_repeats_kept() -> None:
    """A node over a sequence names every input, numbers included, and its parents with repeats."""
    a, b = Value(2.0), Value(5.0)
    out = autograd.dot([a, 3.0, a], [b, a, 1.0])
    assert out.inputs == (a, 3.0, a, b, a, 1.0)
    assert [p is a for p in out.parents] == [True, True, False, True]
    assert out.partials == (5.0, 1.0, 2.0, 3.0)
    out.backward()
    assert (a.grad, b.grad) == (9.0, 2.0)


def test_the_primitive_is_the_row_of_the_table() -> None:
    """From a node one gets at everything known about its operation."""
    out = Value(1.0) * 2
    assert out.primitive is TABLE["mul"]
    assert out.primitive.symbol == "*"
    assert Value(1.0).exp().primitive is autograd.exp


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="it doesn't count references")
def test_the_cyclic_collector_has_nothing_to_do() -> None:
    """No operation, and no pass, makes a reference cycle."""
    gc.collect()
    gc.disable()
    try:
        x = Value(0.5, "x")
        y = autograd.sum([x, x * x, x.tanh(), autograd.softmax([x, 2 * x])[0], 2**x, x / 3])
        y.backward()
        y.zero_grad()
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


def plain_pass(root: Value) -> dict[Value, float]:
    """The reverse pass over what a node shows in public, where one edge is like any other."""
    waiting = Counter(parent for node in topological_order(root) for parent in node.parents)
    adjoints = dict.fromkeys(topological_order(root), 0.0) | {root: 1.0}
    ready = [root]
    while ready:
        node = ready.pop()
        places = [i for i, x in enumerate(node.inputs) if isinstance(x, Value)]
        for i, parent, factor in zip(places, node.parents, node.partials, strict=True):
            if adjoints[node] != 0.0 and not (factor == 0.0 and node.primitive.cuts_input(i)):
                adjoints[parent] += adjoints[node] * factor
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
    return adjoints


@pytest.mark.parametrize("numbers", [(), (0.0, -0.0, 1.0, -2.0, 1e200, math.inf, math.nan)])
@given(data=st.data())
def test_every_kind_of_edge_is_treated_alike(data: Any, numbers: tuple[float, ...]) -> None:
    """The pass treats edges in place and in a fan, of leaves and of other nodes, by code of their
    own: bit for bit as a pass does that knows only one kind."""
    graph: Formula = data.draw(graphs(numbers=numbers, sizes=st.integers(5, 40)))
    root = Value(0.0) + graph([Value(x) for x in graph.inputs])
    expected = plain_pass(root)
    root.backward()
    assert [x.grad.hex() for x in expected] == [g.hex() for g in expected.values()]
