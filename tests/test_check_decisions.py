"""check_grad where a derivative is wrong by nature: the function decides by its numbers, or lets
them out of the graph. It names the comparison, the conversion or the way out, with its line."""

import linecache
import math
import re

import pytest

from autograd import Value, check_grad, grad, implicit_root, no_grad, where

HERE = re.escape(__file__)


def bisect(a, low=0.0, high=10.0, times=60):
    for _ in range(times):
        middle = (low + high) / 2
        low, high = (low, middle) if middle * middle > a else (middle, high)
    return low


def constant_at_1(x):
    return 1.0 if x == 1 else x**2


def stopping_product(factors):
    product = 1.0
    for x in factors:
        if x == 0:
            return 0.0
        product = product * x
    return product


def stopping_later(factors):
    product = 1.0
    for x in factors:
        product = product * x
        if product == 0:
            break
    return product


def halvings(x):
    times = 0
    while x > 1:
        x, times = x / 2, times + 1
    return x + times


def thousandths(x):
    return x + int(x * 1e7) / 1e7


def rounded(x):
    return round(x, 3)


def of_the_floor(x):
    return x * math.floor(x)


def ranked(values):
    return sorted(values).index(values[0]) * values[0]


def selected_at_0(x):
    return where(x, 2 * x, 3 * x)


CASES = {  # the function, where, and the words about the decision, the line's own text behind
    "bisection": (bisect, 2.0, r"comparison a < 2, false here", "if middle * middle > a", 60),
    "constant": (constant_at_1, 1.0, "comparison x == 1, true here", "if x == 1 else", 1),
    "product": (
        stopping_product,
        [2.0, 0.0, 3.0],
        r"comparison factors\[1\] == 0, tr",
        "x == 0",
        1,
    ),
    "later": (stopping_later, [2.0, 0.0, 3.0], "comparison product == 0, true", "product == 0", 1),
    "while": (halvings, 4.0, "comparison x > 1, false here", "while x > 1", 3),
    "int": (thousandths, 1.23456785, r"conversion int\(x \* 1e\+07\) to", "int(x * 1e7)", 1),
    "round": (rounded, 1.2345, r"round\(x, ndigits\)", "round(x, 3)", 1),
    "floor": (of_the_floor, 2.0, r"conversion math.floor\(x\) to 2", "math.floor(x)", 1),
    "sorted": (ranked, [2.0, 2.0, 3.0], "comparison values", "sorted(values)", 1),
    "where": (selected_at_0, 0.0, "where takes its side by x = 0", "where(x, 2 * x", 1),
}


@pytest.mark.parametrize("name", CASES)
def test_the_decision_is_named_with_its_line(name):
    f, x, words, source, times = CASES[name]
    notes = " ".join(row.note for row in check_grad(f, x).rows)
    found = re.search(rf"{words}.* \({HERE}, line (\d+): ", notes)
    assert found, notes
    assert source in linecache.getline(__file__, int(found[1]))
    assert (f", {times} times" in notes) == (times > 1)
    assert ".data" not in notes
    assert "no_grad" not in notes


def test_an_iteration_is_pointed_to_implicit_root_which_has_its_derivative():
    """d sqrt(a)/da is 1/(2 sqrt(2)) at 2."""
    check = check_grad(bisect, 2.0)
    assert not check
    assert "implicit_root" in str(check)
    assert grad(bisect)(2.0) == 0.0
    root = implicit_root(lambda x, a: x * x - a, bisect)
    assert grad(root)(2.0) == pytest.approx(1 / (2 * math.sqrt(2)), rel=1e-12)
    assert check_grad(root, 2.0)


def test_a_coarse_iteration_is_constant_beside_the_point_which_is_said():
    """After 12 halvings the steps are 0.002 wide, and the differences find slope 0 within one."""
    check = check_grad(lambda a: bisect(a, times=12), 2.0)
    assert check.rows[0].verdict == "ok"
    assert "constant beside this point" in str(check)
    assert "the comparison" in str(check)
    assert "implicit_root" in str(check)


def test_comparisons_that_come_out_alike_close_by_are_not_blamed():
    def f(x):
        if x < -100:
            raise ValueError("too small")
        if x > 100:
            return 0.0
        return 1.0 if x == 2 else x

    text = str(check_grad(f, 2.0))
    assert "x == 2" in text
    assert "100" not in text


def test_harmless_comparisons_are_not_mentioned():
    def f(x):
        return x * x if x > 0 else -x * x

    assert "comparison" not in str(check_grad(f, 2.0))


def test_a_kink_of_an_if_is_that_of_the_comparison():
    text = str(check_grad(lambda x: max(x, 1.0), 1.0))
    assert "the comparison x < 1, false here" in text


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x * getattr(x, "data", x), "it reads .data of x"),
        (lambda x: x + (x * x).detach() if isinstance(x, Value) else x + x * x, "by detach()"),
    ],
)
def test_ways_out_of_the_graph_are_named_with_their_line(f, words):
    check = check_grad(f, 3.0)
    assert not check
    assert words in str(check)
    assert __file__ in str(check)
    assert "comparison" not in str(check)


def test_a_no_grad_block_is_named():
    def f(x):
        with no_grad():
            square = x * x
        return square + x

    note = check_grad(f, 3.0).rows[0].note
    assert re.search(rf"it cuts x \* x off in a no_grad block \({HERE}, line \d+: square", note)


def test_both_are_said_where_there_are_both():
    def f(x):
        y = getattr(x, "data", x)
        return y * 2 if x > 1 else x + y

    text = str(check_grad(f, 1.0))
    assert ".data" in text
    assert "the comparison x > 1" in text


def test_a_function_that_returns_what_was_computed_before_is_told_so():
    a = Value(2.0, "a")
    stale = a * a

    def f(x):
        a.data = getattr(x, "data", x)
        return stale

    assert "computed before, compute it inside" in check_grad(f, 3.0).remarks[0]
    assert check_grad(lambda x: x * 0 + 1, 3.0).remarks == ()


def test_many_wrong_components_cost_a_few_more_runs():
    """Runs close by are made for the first ten; the others' decisions are named all the same."""
    calls = [0]

    def f(xs):
        calls[0] += 1
        return sum(1.0 if x == 1 else x**2 for x in xs)

    check = check_grad(f, [1.0] * 40)
    assert len(check.wrong) == 40
    assert calls[0] < 40 * 160
    assert "x" in str(check)
    assert all("the comparison" in row.note for row in check.rows)
