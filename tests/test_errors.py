"""Every message of the engine, in words: what came, the rule, and what to write instead.

Messages about anomalies are in test_modes.py, those of networks in test_nn.py, of the command line
in test_cli.py.
"""

from __future__ import annotations

import cmath
import datetime
import decimal
import math
import operator
import sys
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.engine.primitives import lookup

REAL = "a real number (int, float, bool, Fraction or NumPy scalar)"
NO_NUMBERS: list[tuple[Any, str]] = [
    (None, "None"),
    ("2.5", "str '2.5'; convert it with float(...)"),
    ("naïve \n\x1b[31m", "str 'na\\xefve \\n\\x1b[31m'; convert it with float(...)"),
    (b"2", "bytes b'2'"),
    (2j, "complex 2j"),
    ([1.0, 2.0], "list [1.0, 2.0]; take the entries one by one"),
    ((), "tuple (); take the entries one by one"),
    ({"a": 1}, "dict {'a': 1}"),
    ({1}, "set {1}"),
    (decimal.Decimal("0.1"), "Decimal('0.1'); convert it with float(...)"),
    (float, "type <class 'float'>"),
    (NotImplemented, "NotImplementedType NotImplemented"),
]
culprits = pytest.mark.parametrize(("culprit", "got"), NO_NUMBERS, ids=lambda x: repr(x)[:20])


def message(error: type[Exception], call: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


# Where a number belongs ---------------------------------------------------------------------------


@culprits
def test_data(culprit: Any, got: str) -> None:
    """In the constructor and assigned; a refused assignment changes nothing."""
    v = Value(1.0)
    assert message(TypeError, lambda: Value(culprit)) == f"Value's data must be {REAL}, got {got}"
    for name in ("data", "grad"):
        text = message(TypeError, lambda name=name: setattr(v, name, culprit))
        assert text == f"Value.{name} must be {REAL}, got {got}"
    assert (v.data, v.grad) == (1.0, 0.0)


@culprits
def test_seed(culprit: Any, got: str) -> None:
    """A refused seed changes no gradient."""
    v = Value(1.0)
    text = message(TypeError, lambda: (v * 2).backward(culprit))
    assert text == f"backward's gradient must be {REAL}, got {got}"
    assert v.grad == 0.0


OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.mod,
    operator.floordiv,
]


@pytest.mark.parametrize("compute", OPERATORS)
@pytest.mark.parametrize(("culprit", "got"), [NO_NUMBERS[i] for i in (0, 1, 4, 5, 6, 7, 8, 10)])
def test_operands(compute: Callable[[Any, Any], Any], culprit: Any, got: str) -> None:
    """On either side, but for Python's own `"text" % value`."""
    text = f"an operand of a Value must be a Value or {REAL}, got {got}"
    assert message(TypeError, lambda: compute(Value(1.0), culprit)) == text
    if not (compute is operator.mod and isinstance(culprit, str)):
        assert message(TypeError, lambda: compute(culprit, Value(1.0))) == text


def test_a_class_is_no_operand() -> None:
    """Nor is one that could answer for its instances, though an operator would find its method."""

    class Answering:
        @staticmethod
        def __rmul__(other: object) -> str:
            return "answered"

    for culprit in (Answering, Value):
        got = f"got type {culprit!r}"[:24]
        assert got in message(TypeError, lambda culprit=culprit: Value(2.0) * culprit)
        assert got in message(TypeError, lambda culprit=culprit: autograd.exp(culprit))
        assert got in message(TypeError, lambda culprit=culprit: autograd.hypot(culprit, 1.0))


@culprits
def test_arguments_of_functions(culprit: Any, got: str) -> None:
    """The function is named; with and without a Value among the arguments."""
    calls: list[tuple[str, Callable[[], object]]] = [
        ("exp", lambda: autograd.exp(culprit)),
        ("exp", lambda: Value.exp(culprit)),
        ("atan2", lambda: autograd.atan2(Value(1.0), culprit)),
        ("hypot", lambda: autograd.hypot(culprit, 1.0)),
        ("where", lambda: autograd.where(culprit, Value(1.0), 2.0)),
        ("sum", lambda: autograd.sum([1.0, culprit])),
        ("dot", lambda: autograd.dot([Value(1.0)], [culprit])),
        ("max", lambda: autograd.max([Value(1.0), culprit])),
        ("softmax", lambda: autograd.softmax([Value(1.0), culprit])),
    ]
    for name, call in calls:
        assert message(TypeError, call) == f"{name} takes a Value or {REAL}, got {got}"


def test_a_value_where_a_bare_number_belongs() -> None:
    """`p.data = p - 0.1 * g` is an easy mistake."""
    p = Value(2.0, "p")
    got = "got Value(data=2.0, grad=0.0, label='p'); its bare number is its .data"
    assert message(TypeError, lambda: Value(p)).endswith(got)
    assert message(TypeError, lambda: setattr(p, "data", p)).endswith(got)
    assert message(TypeError, lambda: setattr(p, "grad", p)).endswith(got)
    assert message(TypeError, lambda: p.backward(p)).endswith(got)


def test_culprits_of_any_size() -> None:
    """They are shown in a few words, in no time, however long or deep."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for culprit, got in (
        (deep, "list [[[[[[[...]]]]]]]; take"),
        ([1.0] * 1_000_000, "list [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, ...]; take"),
        ("9" * 1_000_000, f"str '{'9' * 36}...; convert"),
        ([Value(0.0)] * 1_000_000, "list [Value(data=0.0, grad=0.0), Value(dat...; take"),
    ):
        assert f", got {got} " in message(TypeError, lambda culprit=culprit: Value(culprit))


class Silent:
    def __repr__(self) -> str:
        raise LookupError


def test_a_culprit_that_cannot_be_shown() -> None:
    """Its type is named all the same."""
    assert ", got Silent <Silent instance at" in message(TypeError, lambda: Value(Silent()))


# Labels and attributes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "got"),
    [
        (3, "int 3"),
        (b"a", "bytes b'a'"),
        (["a"], "list ['a']"),
        (Value(1.0), "Value(data=1.0, grad=0.0)"),
    ],
)
def test_labels(label: Any, got: str) -> None:
    """Text or None; a refused label leaves the old one."""
    v = Value(1.0, "old")
    text = f"a label is a str or None, got {got}"
    assert message(TypeError, lambda: Value(1.0, label)) == text
    assert message(TypeError, lambda: setattr(v, "label", label)) == text
    assert v.label == "old"


@pytest.mark.parametrize("name", ["op", "parents", "partials", "inputs", "primitive"])
def test_what_was_recorded_cannot_be_assigned(name: str) -> None:
    """The graph is history."""
    assert name in message(AttributeError, lambda: setattr(Value(1.0), name, None))


@pytest.mark.parametrize("name", ["data", "grad", "label", "op", "parents"])
def test_nothing_can_be_deleted(name: str) -> None:
    """Nor does an attempt end the process."""
    v = Value(1.0, "a")
    assert name in message(AttributeError, lambda: delattr(v, name))
    assert repr(v) == "Value(data=1.0, grad=0.0, label='a')"


def test_misspelt_attributes() -> None:
    """A typo is not silently a new attribute."""
    v = Value(1.0)
    text = "'Value' object has no attribute 'gard'"
    # Since 3.13 Python says more.
    assert message(AttributeError, lambda: setattr(v, "gard", 0.0)).startswith(text)
    assert message(AttributeError, lambda: v.gard) == text


def test_subclasses() -> None:
    """The reason and two ways out."""
    assert message(TypeError, lambda: type("Weight", (Value,), {})) == (
        "Weight can't be a subclass of Value: results would be plain Values; keep a Value in an "
        "attribute, or add an operation with autograd.primitive"
    )


# Conversions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        float,
        math.exp,
        math.sqrt,
        math.isnan,
        lambda v: math.pow(2.0, v),
        lambda v: math.fsum([v]),
        lambda v: "%.2f" % v,  # noqa: UP031
    ],
)
def test_conversion_to_float(convert: Callable[[Any], object]) -> None:
    """math.exp(v) would lose the gradient: the fix is named."""
    assert message(TypeError, lambda: convert(Value(1.0))) == (
        "converting a Value to float would lose its gradient; a NumPy array that is to hold Values "
        "is made with dtype=object (or by numpy.stack, numpy.zeros_like of an array of Values), "
        "functions are autograd's (autograd.exp instead of math.exp; math.isnan(v) is v != v), and "
        "the bare number, which is a constant to every derivative, is v.data. A derivative of a "
        "function that captures Values is a Value: take it inside `with autograd.no_grad():` for a "
        "plain number"
    )


@pytest.mark.parametrize("convert", [complex, cmath.exp])
def test_conversion_to_complex(convert: Callable[[Any], object]) -> None:
    """A Value is real."""
    assert message(TypeError, lambda: convert(Value(1.0))) == (
        "a Value is a real number; for a complex one start from v.data"
    )


@pytest.mark.parametrize("spec", ["d", "s", "zz"])
def test_formats(spec: str) -> None:
    """Those of a float."""
    ours = message(ValueError, lambda: format(Value(1.0), spec))
    assert ours == message(ValueError, lambda: format(1.0, spec))


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="others have other words")
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (range, "'Value' object cannot be interpreted as an integer"),
        (lambda v: [1, 2][v], "list indices must be integers or slices, not Value"),
        (lambda v: v[0], "'Value' object is not subscriptable"),
        (len, "object of type 'Value' has no len()"),
        (list, "'Value' object is not iterable"),
        (lambda v: v(), "'Value' object is not callable"),
        (lambda v: v < "x", "'<' not supported between instances of 'Value' and 'str'"),
        (lambda v: v >= None, "'>=' not supported between instances of 'Value' and 'NoneType'"),
        (lambda v: v > 1j, "'>' not supported between instances of 'Value' and 'complex'"),
        (lambda v: v @ v, "unsupported operand type(s) for @: 'Value' and 'Value'"),
        (lambda v: v << 1, "unsupported operand type(s) for <<: 'Value' and 'int'"),
        (lambda v: ~v, "bad operand type for unary ~: 'Value'"),
        (
            lambda v: v + datetime.timedelta(1),
            "unsupported operand type(s) for +: 'Value' and 'datetime.timedelta'",
        ),
        (
            lambda v: v * decimal.Decimal(1),
            "unsupported operand type(s) for *: 'Value' and 'decimal.Decimal'",
        ),
    ],
)
def test_what_a_value_is_not(call: Callable[[Any], object], text: str) -> None:
    """Python's own words, with the type's right name."""
    assert message(TypeError, lambda: call(Value(1.0))) == text


# Functions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda v: autograd.exp(), "exp takes 1 input, got 0"),
        (lambda v: autograd.exp(v, v), "exp takes 1 input, got 2"),
        (autograd.atan2, "atan2 takes 2 inputs, got 1"),
        (lambda v: autograd.clip(v, 0.0), "clip takes 3 inputs, got 2"),
        (lambda v: autograd.leaky_relu(v, 0.1, 0.2), "leaky_relu takes 2 inputs, got 3"),
        (lambda v: v.leaky_relu(0.1, 0.2), "leaky_relu takes 2 inputs, got 3"),
    ],
)
def test_wrong_number_of_arguments(call: Callable[[Any], object], text: str) -> None:
    """How many there are and how many there should be."""
    assert message(TypeError, lambda: call(Value(1.0))) == text


OVER_SEQUENCES = [
    "sum",
    "prod",
    "mean",
    "norm",
    "logsumexp",
    "max",
    "min",
    "softmax",
    "log_softmax",
]


@pytest.mark.parametrize("name", OVER_SEQUENCES)
@pytest.mark.parametrize(
    ("culprit", "got"),
    [
        (Value(1.0), "Value(data=1.0, grad=0.0)"),
        (2, "int 2"),
        (None, "None"),
        ("12", "str '12'"),
        (b"12", "bytes b'12'"),
    ],
)
def test_one_thing_where_a_sequence_belongs(name: str, culprit: Any, got: str) -> None:
    """The form that was meant is shown."""
    assert message(TypeError, lambda: getattr(autograd, name)(culprit)) == (
        f"{name} takes a sequence of Values or numbers, got {got}; put it in a list: {name}([x, y])"
    )


@pytest.mark.parametrize("name", ["mean", "max", "min"])
@pytest.mark.parametrize("empty", [[], (), iter(())], ids=["list", "tuple", "iterator"])
def test_empty_sequences(name: str, empty: Any) -> None:
    """Only where there is no answer."""
    assert message(ValueError, lambda: getattr(autograd, name)(empty)) == (
        f"{name} of an empty sequence is not defined; give it one number or more"
    )


def test_sequences_of_different_length() -> None:
    """Both lengths."""
    assert message(ValueError, lambda: autograd.dot([Value(1.0)], [1, 2])) == (
        "dot needs two sequences of equal length, got 1 and 2 numbers"
    )


# Primitives of one's own --------------------------------------------------------------------------


def identity(x: float) -> float:
    return x


def one(out: Any, *xs: Any) -> Any:
    return 1.0


@pytest.mark.parametrize(
    ("define", "error", "text"),
    [
        (
            lambda: autograd.primitive("not a name", identity, one),
            TypeError,
            "a primitive's name is an identifier such as 'mish', got 'not a name'",
        ),
        (
            lambda: autograd.primitive(3, identity, one),
            TypeError,
            "a primitive's name is an identifier such as 'mish', got 3",
        ),
        (
            lambda: autograd.primitive("exp", identity, one),
            ValueError,
            "'exp' is a built-in primitive; choose another name",
        ),
        (
            lambda: autograd.primitive("backward", identity, one),
            ValueError,
            "'backward' is taken by an attribute of Value; choose another name",
        ),
        (
            lambda: autograd.primitive("errors_a", 3, one),
            TypeError,
            "primitive 'errors_a': forward and partials must be functions",
        ),
        (
            lambda: autograd.primitive("errors_b", identity, None),
            TypeError,
            "primitive 'errors_b': forward and partials must be functions",
        ),
        (
            lambda: autograd.primitive("errors_c", identity, one, arity=0),
            TypeError,
            "primitive 'errors_c': arity is a whole number from 1, or None; got 0",
        ),
        (
            lambda: autograd.primitive("errors_d", identity, one, arity=1.0),
            TypeError,
            "primitive 'errors_d': arity is a whole number from 1, or None; got 1.0",
        ),
    ],
)
def test_malformed_rows(define: Callable[[], object], error: type[Exception], text: str) -> None:
    """Refused when they are defined; nothing is registered."""
    assert message(error, define) == text
    assert "primitive is called 'errors_" in message(LookupError, lambda: lookup("errors_a"))


@culprits
def test_rules_that_give_no_number(culprit: Any, got: str) -> None:
    """The primitive and the rule are named; a forward is held to it over plain numbers too."""
    if not isinstance(culprit, (list, tuple)):
        no_rule = autograd.primitive("errors_rule", identity, lambda out, x: culprit)
        text = message(TypeError, lambda: no_rule(Value(1.0)))
        assert text == f"errors_rule's partials must return {REAL}, got {got}"
        assert no_rule(1.0) == 1.0
    no_value = autograd.primitive("errors_value", lambda x: culprit, one)
    for x in (Value(1.0), 1.0):
        text = message(TypeError, lambda x=x: no_value(x))
        assert text == f"errors_value's forward must return {REAL}, got {got}"


@pytest.mark.parametrize(
    ("arity", "factors", "counts"),
    [
        (1, (1.0, 2.0), "1 inputs, 2 factors"),
        (2, 1.0, "2 inputs, 1 factors"),
        (None, [], "2 inputs, 0 factors"),
    ],
)
def test_rules_with_the_wrong_number_of_factors(arity: Any, factors: Any, counts: str) -> None:
    """One factor for each input."""
    function = autograd.primitive(
        "errors_count", lambda *xs: xs[0], lambda out, *xs: factors, arity=arity
    )
    text = message(TypeError, lambda: function(*[Value(1.0)] * (arity or 2)))
    assert text == f"errors_count's partials must return one factor per input: {counts}"
