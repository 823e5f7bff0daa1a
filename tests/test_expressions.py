"""Formulas typed by a person: what they compute, and what each mistake is answered."""

import math
import sys

import pytest

import autograd
from autograd import Value
from autograd.reading.expressions import FUNCTIONS, MAX_LENGTH, ExpressionError, assignment, compute


def value(text, **inputs):
    return compute(text, inputs).root.data


def gradients(text, **inputs):
    computation = compute(text, inputs)
    computation.root.backward()
    return {name: computation.named[name].grad for name in inputs}


# -- what is computed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["e = (a+b)*(b+1)", "c = a + b; d = b + 1; e = c*d", "c = a + b\nd = b + 1\n\ne = c*d\n"],
)
def test_the_toy(text):
    computation = compute(text, {"a": 2.0, "b": 1.0})
    assert (computation.root.data, computation.root.label) == (6.0, "e")
    assert gradients(text, a=2.0, b=1.0) == {"a": 2.0, "b": 5.0}


def test_statements_name_their_values():
    named = compute("c = a + b; d = b + 1; e = c*d", {"a": 2.0, "b": 1.0}).named
    assert {name: x.data for name, x in named.items()} == {"a": 2, "b": 1, "c": 3, "d": 2, "e": 6}


def test_a_last_statement_without_a_name_is_called_out():
    assert compute("a * 2", {"a": 1.0}).root.label == "out"
    assert compute("out * 2", {"out": 1.0}).root.label == "out_"


def test_a_second_name_for_a_value_changes_nothing():
    computation = compute("b = a; b * a", {"a": 3.0})
    assert [x.label for x in computation.root.parents] == ["a", "a"]


def test_numbers_with_names_are_leaves():
    """Everything on one line, with nothing on the command line."""
    computation = compute("a = 2; b = 1; e = (a+b)*(b+1)", {})
    computation.root.backward()
    assert (computation.named["a"].grad, computation.named["b"].grad) == (2.0, 5.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 2 * 3", 11.0),
        ("-x ** 2", -25.0),
        ("+x", 5.0),
        ("2 ** 3 ** 2 + 0 * x", 512.0),
        ("x // 2 + x % 2", 3.0),
        ("1 / 4 * x", 1.25),
        ("7 // 2 + 7 % 4 + 0 * x", 6.0),
        ("abs(-x) + max([x, 7]) + min([x, 7])", 17.0),
        ("pow(x, 2)", 25.0),
        ("sum([x, 1, 2])", 8.0),
        ("sum((x, 1, 2))", 8.0),
        ("dot([x, 2], [1, x])", 15.0),
        ("softmax([x, x])[0]", 0.5),
        ("p = softmax([x, x]); p[0] + p[-1]", 1.0),
        ("w = [1, 2]; dot(w, [x, x])", 15.0),
        ("where(x > 3, 1, x)", 1.0),
        ("where(0 < x <= 4, 1, x)", 5.0),
        ("where(x != 5, 1, 2)", 2.0),
        ("cos(pi) * x", -5.0),
        ("0x10 * x", 80.0),
        ("1_000.5e-1 * x", 500.25),
        ("(x\n + 1)", 6.0),
        ("x # the fifth", 5.0),
    ],
)
def test_syntax(text, expected):
    assert value(text, x=5.0) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10**10**10", math.inf),
        ("-10**10**10", -math.inf),
        ("1/0", math.inf),
        ("exp(1000)", math.inf),
        ("0x" + "f" * 10_000, math.inf),
        ("9" * 400, math.inf),
        ("1e999", math.inf),
        ("9**9**9**9**9", math.inf),
        ("5 // 0", math.inf),
        ("2 ** -10**10", 0.0),
    ],
)
def test_constants_are_floats_and_follow_ieee_at_once(text, expected):
    """No integer arithmetic that runs for hours, no OverflowError, no ZeroDivisionError."""
    assert value(f"y = {text}; y * x", x=1.0) == expected


@pytest.mark.parametrize("text", ["log(-1)", "inf - inf", "nan", "(-8)**(1/3)", "5 % 0"])
def test_constants_without_a_value_are_nan(text):
    assert math.isnan(value(f"{text} + x", x=1.0))


def test_every_public_function_can_be_called():
    """A new primitive in the public namespace can be used in a formula with nothing added."""
    public = {
        name for name in autograd.__all__ if isinstance(getattr(autograd, name), autograd.Primitive)
    }
    assert public <= set(FUNCTIONS)
    assert {"sum", "max", "min", "abs", "pow", "round", "softmax", "logsumexp"} <= set(FUNCTIONS)


def test_tools_of_the_engine_are_not_functions():
    assert not {"message", "finite_part", "primitive", "no_grad", "Value"} & set(FUNCTIONS)


def test_names_of_any_script():
    assert gradients("Ω = é * 数; Ω * 2", é=3.0, 数=4.0) == {"é": 8.0, "数": 6.0}


def test_names_are_normalised_as_python_does():
    """Python reads the ligature ﬁ as fi; so does the command line."""
    name, number = assignment("ﬁ=2")
    assert compute("ﬁ * 2", {name: number}).root.data == 4.0


def test_example_3_in_one_formula():
    """The 2-2-2 sigmoid network with its loss and gradients."""
    text = """
    h1 = sigmoid(w1*i1 + w2*i2 + b1); h2 = sigmoid(w3*i1 + w4*i2 + b1)
    o1 = sigmoid(w5*h1 + w6*h2 + b2); o2 = sigmoid(w7*h1 + w8*h2 + b2)
    E = (0.5 - o1)**2 / 2 + (0.9 - o2)**2 / 2
    """
    weights = [0.25, 0.25, 0.15, 0.20, 0.30, 0.35, 0.40, 0.35]
    inputs = {f"w{i}": w for i, w in enumerate(weights, 1)} | {"i1": 0.02, "i2": 0.04}
    inputs |= {"b1": 0.4, "b2": 0.7}
    assert value(text, **inputs) == pytest.approx(0.0407338056927, rel=1e-11)
    found = gradients(text, **inputs)
    assert found["w1"] == pytest.approx(1.81911912141e-5, rel=1e-11)
    assert found["w8"] == pytest.approx(-0.0153919260858, rel=1e-11)
    assert found["b1"] == pytest.approx(0.00268748281115, rel=1e-11)


def test_results_are_ordinary_values():
    assert isinstance(compute("3", {}).root, Value)


# -- what is refused -------------------------------------------------------------------------------

MISTAKES = {
    # names
    "x + y": "no value for y; add y=1 to the command",
    "y + z": "no value for y, z; add y=1 z=1 to the command",
    "2 * X": "no value for X, and the expression does not use x; write X=... for x=...",
    "f(x) = x**2": "a statement gives one plain name, as in f = x ** 2",
    "2": "the expression does not use x; remove x=... or correct the name",
    "exp * x": "exp is a function; call it, as in exp(x), or give it a value with exp=1",
    "d = pi * x; pi = 3; d * pi": "pi is used before the statement that computes it",
    "x = 3": "x is computed by the expression and also given as an input; remove x=...",
    "c = x; c = 2 * x": "c is given twice; use a new name the second time",
    "d = c + x; c = x": "c is used before the statement that computes it; move that statement up",
    "c = x; d = x; x": "nothing uses c, d; remove the statement",
    "x + 1; x": "statement 1 has no name, so nothing can use it",
    "a = b = x": "a statement gives one plain name, as in c = a + b; got 'a = b = x'",
    "a, b = x, x": "a statement gives one plain name, as in c = a + b; got",
    "__class__ + x": "no value for __class__",
    # calls
    "__import__('os')": "'__import__' is not a function of autograd; the functions are abs, acos",
    "eval('x')": "'eval' is not a function of autograd",
    "print(x)": "'print' is not a function of autograd",
    "sigmod(x)": "'sigmod' is not a function of autograd; did you mean sigmoid?",
    "x(2)": "'x' is not a function of autograd",
    "sum(x, x)": "sum takes 1 list, as in sum([a, b]); got 2",
    "dot([x])": "dot takes 2 lists, as in dot([a, b], [c, d]); got 1",
    "sum(x)": "sum takes a sequence",
    "max([]) * x": "max of an empty sequence is not defined",
    "dot([x], [x, x])": "dot needs two sequences of equal length, got 1 and 2 numbers",
    "atan2(x)": "atan2 takes 2 inputs, got 1",
    "exp([x])": "exp takes numbers, got a list; write [exp(a), exp(b)]",
    "clip(x, lo=1)": "clip takes its inputs in order, without names; got 'clip(x, lo=1)'",
    "exp(*[x])": "only names, numbers, operators, lists and autograd's functions are allowed",
    "exp(x)(x)": "only a function's bare name can be called, as in tanh(x); got 'exp(x)'",
    # attributes and items
    "x.data": "attributes ('.') are not allowed; call functions by their bare names: tanh(x)",
    "x.__class__.__mro__[1].__subclasses__()": "attributes ('.') are not allowed",
    "x.exp()": "attributes ('.') are not allowed",
    "x[0]": "only a list can be indexed, as in softmax([a, b])[0]; got [0]",
    "[x][1]": "index 1 is outside a list of 1; the first is [0]",
    "[x][x]": "an index is a whole number, as in p[0]; got 'x'",
    "[x][10**10**10]": "an index is a whole number",
    "[x, x]": "the last statement must give one number, not a list of 2; take one of them, as in",
    "[x, x] * 2": "arithmetic works on numbers, not on lists; pick one item",
    "[[x]]": "arithmetic works on numbers, not on lists",
    # syntax that Python has and a formula has not
    "x ^ 2": "'^' is not a power; write x ** 2",
    "x @ x": "'@' works on matrices; write dot([a, b], [c, d])",
    "x > 0": "a comparison is not a number; use it as a condition: where(x > 0, x, 0)",
    "where(x in [1], x, 0)": "compare with < <= > >= == !=",
    "1 if x else 2": "'if ... else' is not allowed; write where(condition, a, b)",
    "x and x": "'and' and 'or' are not allowed",
    "not x": "'not' is not allowed",
    "(y := x)": "':=' is not allowed; name a value in its own statement",
    "lambda y: x": "only names, numbers, operators, lists and autograd's functions are allowed",
    "[y for y in [x]]": "only names, numbers, operators, lists",
    "{x}": "only names, numbers, operators, lists",
    "~x": "only names, numbers, operators, lists",
    "import os": "only names, numbers, operators, lists and autograd's functions are allowed",
    "def f(): x": "only names, numbers, operators, lists",
    "x += 1": "a name is given once; write c = a + b with a new name",
    "y: float = x": "types are not allowed; write name = formula",
    "'text' + x": "a constant is a real number, as in 2 or 0.5; got \"'text'\"",
    "f'{x}'": "text is not allowed; a formula holds numbers and names",
    "1j * x": "a constant is a real number, as in 2 or 0.5; got '1j'",
    "True * x": "a constant is a real number, as in 2 or 0.5; got 'True'",
    # what Python's parser refuses
    "": "the expression is empty; write one, as in 'e = (a + b) * (b + 1)'",
    " \n ": "the expression is empty",
    "x +": "the expression is not a formula near 'x +' (character 4): invalid syntax",
    "2x": "the expression is not a formula near '2x'",
    "x × 2": "invalid character '×' (U+00D7)",
    "x\x1b[2J": r"the expression is not a formula near 'x\x1b[2J'",
    "x\0": "the expression",
    "x + \ud800": r"the expression holds a character that is not text: 'x + \ud800'",
    "9" * 5000: "a whole number has more than 4,300 digits; write it with an exponent, as in 1e300",
    # size
    "(" * 10_000 + "x" + ")" * 10_000: "the expression is nested too deeply to be read",
    "-" * 10_000 + "x": "the expression is nested too deeply to be read; give names to parts of it",
    "[" * 10_000 + "x" + "]" * 10_000: "the expression is nested too deeply to be read",
    "x" + " " * MAX_LENGTH: "the expression is 100,001 characters long, more than 100,000",
}
if sys.version_info < (3, 14):  # which reads it
    MISTAKES["x" + "+x" * 20_000] = "write a long sum as sum([a, b, c])"


@pytest.mark.parametrize(
    ("text", "answer"), MISTAKES.items(), ids=[text[:20] or "empty" for text in MISTAKES]
)
def test_mistakes(text, answer):
    """Each is one line of printable text that names the culprit and the remedy."""
    with pytest.raises(ExpressionError) as caught:
        compute(text, {"x": 1.0})
    message = str(caught.value)
    assert answer in message
    assert message.isprintable()
    assert len(message) < 700


def test_a_long_sum_is_not_deep():
    """Whatever length Python's parser accepts."""
    limit = sys.getrecursionlimit()
    long = "x" + "+x" * (limit - 300)
    assert value(long, x=1.0) == limit - 299


@pytest.mark.parametrize(("before", "after"), [("-", ""), ("sin(", ")"), ("sum([", "])")])
def test_depth_has_a_limit(before, after):
    """What stands inside what, far below the depth at which Python's own recursion ends."""
    depth = {"sum([": 50}.get(before, 100)  # a list inside a call counts twice
    assert math.isfinite(value(before * depth + "x" + after * depth, x=1.0))
    with pytest.raises(ExpressionError, match=r"nested too deeply .* give names to parts of it"):
        value(before * (depth + 1) + "x" + after * (depth + 1), x=1.0)


def test_a_long_list_is_not_deep():
    assert value(f"sum([{', '.join(['x'] * 20_000)}])", x=1.0) == 20_000.0


# -- inputs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=2", ("a", 2.0)),
        (" b = -1e-3 ", ("b", -0.001)),
        ("c=−2", ("c", -2.0)),
        ("d=inf", ("d", math.inf)),
        ("数=1_000", ("数", 1000.0)),
    ],
)
def test_inputs(text, expected):
    assert assignment(text) == expected


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a", "an input is written name=number, as in a=2; got 'a'"),
        ("a+b", "if it belongs to the formula, put the whole formula in quotes"),
        ("=2", "an input is written name=number, as in a=2; got '=2'"),
        ("1a=2", "an input is written name=number"),
        ("a.b=2", "an input is written name=number"),
        ("a=", "'' is not a number, in 'a='; write digits, as in a=2 or a=1e-3"),
        ("a=two", "'two' is not a number, in 'a=two'"),
        ("a=1,5", "'1,5' is not a number"),
        ("a==2", "'=2' is not a number"),
        ("lambda=2", "'lambda' is a word of Python and can't be a name; write lambda_=2"),
        ("None=2", "'None' is a word of Python"),
        ("a=\x1b[2J", r"'\x1b[2J' is not a number"),
    ],
)
def test_wrong_inputs(text, answer):
    with pytest.raises(ExpressionError) as caught:
        assignment(text)
    assert answer in str(caught.value)
    assert str(caught.value).isprintable()
