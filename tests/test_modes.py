"""no_grad and detect_anomaly: what they switch, what they say, and whose thread they hold for."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, detect_anomaly, no_grad, record_lines

OPERATIONS: list[Callable[[Value, Value], Any]] = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.mod,
    operator.floordiv,
    lambda a, b: 2 + a,
    lambda a, b: a**3,
    lambda a, b: 3**a,
    lambda a, b: -a,
    lambda a, b: abs(a),
    lambda a, b: a.tanh(),
    lambda a, b: autograd.exp(a),
    autograd.hypot,
    lambda a, b: autograd.where(a > b, a, b),
    lambda a, b: autograd.clip(a, 0, b),
    lambda a, b: autograd.sum([a, b, 1]),
    lambda a, b: autograd.dot([a, b], [b, 2]),
    lambda a, b: autograd.max([a, b]),
    lambda a, b: autograd.softmax([a, b])[1],
]


def in_thread(work: Callable[[], object]) -> Any:
    """What it gives, or raises, in another thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


# no_grad ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compute", OPERATIONS)
def test_no_grad_records_nothing(compute: Callable[[Value, Value], Any]) -> None:
    """The same number to the bit, as a leaf; outside the block all is recorded again."""
    a, b = Value(0.75), Value(2.5)
    recorded = compute(a, b)
    with no_grad():
        out = compute(a, b)
    assert (out.parents, out.partials, out.inputs, out.op, out.primitive) == ((), (), (), "", None)
    assert out.data.hex() == recorded.data.hex()
    assert compute(a, b).op == recorded.op != ""


def test_no_grad_cuts_the_graph() -> None:
    """What was computed inside is a constant to what is computed from it."""
    a = Value(3.0)
    with no_grad():
        cut = a * a
    (cut * a).backward()
    assert (a.grad, cut.grad) == (9.0, 3.0)


def test_backward_inside_no_grad() -> None:
    """A graph recorded before is differentiated as ever."""
    a = Value(3.0)
    out = a * a
    with no_grad():
        out.backward()
    assert a.grad == 6.0


def test_no_grad_nests_and_ends_with_an_exception() -> None:
    """Recording begins again only when the outermost block ends, however it ends."""
    a = Value(1.0)
    with no_grad():
        with no_grad():
            pass
        assert (a + 1).parents == ()
    assert (a + 1).parents == (a,)
    with pytest.raises(TypeError), no_grad():
        a + "1"
    assert (a + 1).parents == (a,)


def test_no_grad_decorates() -> None:
    """The decorated function records nothing, at each of its calls."""

    @no_grad()
    def double(x: Value) -> Value:
        return x * 2

    a = Value(3.0)
    for _ in range(2):
        assert double(a).parents == ()
        assert (a * 2).parents == (a,)


def test_no_grad_holds_for_its_thread() -> None:
    """Another thread records while this one doesn't, and the other way round."""
    a = Value(3.0)

    with no_grad():
        assert in_thread(lambda: (a * 2).parents) == (a,)
        assert (a * 2).parents == ()
    opened, done = threading.Event(), threading.Event()

    def hold() -> None:
        with no_grad():
            opened.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    opened.wait(10)
    assert (a * 2).parents == (a,)
    done.set()
    thread.join()


def test_no_grad_of_eight_threads_at_once() -> None:
    """Blocks that open and close by the thousand in every thread leave nothing switched."""
    a = Value(3.0)
    failures: list[int] = []

    def work() -> None:
        for i in range(2000):
            with no_grad():
                failures.extend([i] * len((a + 1).parents))
            failures.extend([i] * (1 - len((a + 1).parents)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switching)
    assert failures == []
    assert (a + 1).parents == (a,)


# detect_anomaly -----------------------------------------------------------------------------------


def anomaly(compute: Callable[[], object]) -> str:
    """What is said of it, the file and the line of `compute` replaced by HERE."""
    with detect_anomaly(), pytest.raises(FloatingPointError) as error:
        compute()
    where = f"({__file__}, line {compute.__code__.co_firstlineno})"
    return str(error.value).replace(where, "HERE")


def test_the_message_names_operation_operands_and_line() -> None:
    """Labels where there are any; the file and line of whoever asked for the operation."""
    p, q = Value(0.0, "p"), Value(-0.0)
    big = [p, 1e308, 1e308]
    assert anomaly(lambda: p / q) == "div made nan of p = 0.0, -0.0 HERE"
    assert anomaly(lambda: 1 / p) == "div made inf of 1.0, p = 0.0 HERE"
    assert anomaly(lambda: p.log() + 1) == "log made -inf of p = 0.0 HERE"
    assert anomaly(lambda: autograd.log(p)) == "log made -inf of p = 0.0 HERE"
    assert anomaly(lambda: autograd.sum(big)) == "sum made inf of p = 0.0, 1e+308, 1e+308 HERE"


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: Value(1e308) * 10, "mul made inf of 1e+308, 10.0"),
        (lambda: Value(1e308) + 1e308, "add made inf of 1e+308, 1e+308"),
        (lambda: Value(-1e308) - 1e308, "sub made -inf of -1e+308, 1e+308"),
        (lambda: Value(-8.0) ** (1 / 3), "pow_const made nan of -8.0, 0.3333333333333333"),
        (lambda: Value(10.0) ** Value(400.0), "pow made inf of 10.0, 400.0"),
        (lambda: Value(5.0) % 0, "mod made nan of 5.0, 0.0"),
        (lambda: 5 // Value(0.0), "floordiv made inf of 5.0, 0.0"),
        (lambda: Value(1000.0).exp(), "exp made inf of 1000.0"),
        (lambda: Value(-1.0, "x").sqrt(), "sqrt made nan of x = -1.0"),
        (lambda: Value(2.0).acos(), "acos made nan of 2.0"),
        (lambda: autograd.prod([Value(1e200), 1e200]), "prod made inf of 1e+200, 1e+200"),
        (lambda: Value(math.inf) - math.inf, "sub made nan of inf, inf"),
        (lambda: Value(math.inf) * 0, "mul made nan of inf, 0.0"),
        (lambda: Value(math.inf).sin(), "sin made nan of inf"),
    ],
)
def test_the_first_nan_or_infinity_raises(compute: Callable[[], Value], message: str) -> None:
    """Quietly IEEE's without the block, loud inside, for every kind of operation."""
    assert not math.isfinite(compute().data)
    assert anomaly(compute) == f"{message} HERE"
    assert not math.isfinite(compute().data)


@pytest.mark.parametrize(
    "compute",
    [
        lambda: Value(math.nan) + 1,
        lambda: Value(math.inf) * 2,
        lambda: 1 - Value(math.inf),
        lambda: autograd.max([Value(math.nan), 1]),
        lambda: Value(2.0) * math.nan,
        lambda: Value(-math.inf).exp(),
        lambda: Value(0.0).exp(),
    ],
)
def test_what_came_in_is_not_reported_again(compute: Callable[[], Value]) -> None:
    """Only the operation that *first* makes a NaN or an infinity is to blame."""
    with detect_anomaly():
        compute()


def test_the_line_is_the_users_not_the_networks() -> None:
    """An operation inside nn is blamed on the call of the model, which is what the user wrote."""
    model = nn.MLP.from_layers([nn.Layer.from_weights([[1e308, 1e308]], 0.0, "linear")])
    message = anomaly(lambda: model([1.0, 1.0]))
    assert message.startswith("dot made inf of layer0.neuron0.w0 = 1e+308, layer0.neuron0.w1 = ")
    assert message.endswith("HERE")


def test_backward_raises_at_the_first_bad_local_derivative() -> None:
    """sqrt at 0 is finite and its derivative is not; the message tells one from the other."""
    p = Value(0.0, "p")
    out = p.sqrt() * 3
    assert anomaly(lambda: out.backward(1.0)) == (
        "backward through sqrt(p = 0.0) made inf: adjoint 3.0 times local derivative inf with "
        "respect to p = 0.0 HERE"
    )


def test_backward_raises_when_a_message_overflows() -> None:
    """Finite times finite may be infinite."""
    out = Value(1.0, "x") * 1e200
    assert anomaly(lambda: out.backward(1e200)) == (
        "backward through mul(x = 1.0, 1e+200) made inf: adjoint 1e+200 times local derivative "
        "1e+200 with respect to x = 1.0 HERE"
    )


def test_backward_is_silent_where_nothing_is_sent() -> None:
    """An adjoint of 0 and a side that was not selected meet no infinite derivative."""
    x = Value(0.0)
    with detect_anomaly():
        autograd.where(x > 0, x.sqrt(), 0.0).backward()
        (x.sqrt() * 0.0).backward()
    assert x.grad == 0.0


def test_a_pass_that_raised_changed_no_leaf() -> None:
    """Afterwards a normal pass is right, also for the nodes that the first one had reached."""
    x, y = Value(0.0), Value(2.0)
    good = y * 5
    out = good + x.sqrt() + good * y
    x.grad, y.grad = 7.0, 8.0
    with detect_anomaly(), pytest.raises(FloatingPointError):
        out.backward()
    assert (x.grad, y.grad) == (7.0, 8.0)
    out.backward()
    assert (x.grad, y.grad) == (math.inf, 8.0 + 5.0 + 20.0)
    assert good.grad == 3.0


def test_it_watches_inside_no_grad() -> None:
    """Whether a graph is recorded has nothing to do with whether the numbers are watched."""
    with detect_anomaly(), no_grad():
        with pytest.raises(FloatingPointError):
            Value(0.0).log()
        assert (Value(1.0) + 1).parents == ()
    with no_grad(), detect_anomaly(), pytest.raises(FloatingPointError):
        Value(0.0).log()


def test_watched_graphs_are_ordinary_graphs() -> None:
    """Inside the block everything is recorded with the same derivatives."""
    for compute in OPERATIONS:
        a, b = Value(0.75), Value(2.5)
        outside = compute(a, b)
        with detect_anomaly():
            inside = compute(a, b)
            inside.backward()
        assert inside.partials == outside.partials
        assert inside.op == outside.op


def test_it_ends_with_the_block_and_nests() -> None:
    """Also when the block ends with the error itself."""
    with detect_anomaly(), detect_anomaly():
        pass
    assert Value(0.0).log() == -math.inf
    assert anomaly(lambda: Value(0.0).log()) == "log made -inf of 0.0 HERE"
    assert Value(0.0).log() == -math.inf


def test_it_holds_for_its_thread() -> None:
    """Another thread computes quietly."""
    with detect_anomaly():
        assert in_thread(lambda: Value(0.0).log()) == -math.inf
        with pytest.raises(FloatingPointError):
            Value(0.0).log()


def test_it_decorates() -> None:
    """The decorated function is watched."""

    @detect_anomaly()
    def watched(x: Value) -> Value:
        return x.log()

    with pytest.raises(FloatingPointError, match="log made -inf"):
        watched(Value(0.0))


def test_a_notebook_cell_is_called_so() -> None:
    """Its file is in a temporary directory, with a number for a name."""
    cell = compile("log(Value(0.0))", "/tmp/ipykernel_4711/1234567890.py", "exec")
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"\(notebook cell, line 1\)"):
        exec(cell, {"log": autograd.log, "Value": Value, "__name__": "__main__"})


def test_rules_of_primitives_are_not_watched() -> None:
    """A rule may divide by zero on its way to a finite derivative: that is not the user's doing."""
    with detect_anomaly():
        out = autograd.hypot(Value(0.0), 0.0)
        out.backward()
        assert out.partials == (0.0,)
        assert (Value(0.0) ** Value(2.0)).partials == (0.0, 0.0)


# record_lines -------------------------------------------------------------------------------------


def here() -> str:
    """The file and line that call it, as `Value.line` writes them."""
    caller = sys._getframe(1)
    return f"{caller.f_code.co_filename}, line {caller.f_lineno}"


def line_number(where: str) -> int:
    return int(where.rpartition(" ")[2])


@pytest.mark.parametrize("compute", OPERATIONS)
def test_record_lines_notes_who_asked_for_a_value(
    compute: Callable[[Value, Value], Any],
) -> None:
    """Results and leaves made in the block name the line outside the package; others none."""
    a = Value(0.75)
    with record_lines():
        b, expected = Value(2.5), here()
        out = compute(a, b)
    code = getattr(compute, "__code__", None)  # of a lambda above; operators have none
    number = line_number(expected) + 1 if code is None else code.co_firstlineno
    assert (a.line, b.line) == (None, expected)
    assert out.line == f"{__file__}, line {number}"
    assert compute(a, b).line is None


def test_record_lines_names_the_line_that_called_a_network() -> None:
    """What nn computes inside the package belongs to the caller."""
    model = nn.MLP(2, [3, 1], seed=0)
    with record_lines():
        out, expected = model([1.0, 2.0]), here()
    nodes = [out]
    for node in nodes:
        nodes += node.parents
    assert {node.line for node in nodes if node.op} == {expected}
    assert model.parameters()[0].line is None


def test_record_lines_says_what_no_grad_left_out() -> None:
    """An operation that was not recorded is a leaf, and its line says so."""
    a = Value(2.0)
    with record_lines(), no_grad():
        outs = [a * a, a.tanh(), autograd.hypot(a, a), autograd.sum([a, a])]
        leaf, expected = Value(1.0), here()
    assert [out.line for out in outs] == [
        f"{__file__}, line {line_number(expected) - 1}, inside no_grad"
    ] * 4
    assert leaf.line == expected
    assert all(out.op == "" for out in outs)


def test_record_lines_holds_for_its_thread_and_block() -> None:
    """Other threads are not recorded, nor is anything after an exception has left the block."""
    a = Value(2.0)
    with record_lines():
        assert in_thread(lambda: a * a).line is None
    with pytest.raises(KeyError), record_lines():
        raise KeyError
    assert (a * a).line is None


def test_lines_change_nothing_else() -> None:
    """Numbers, gradients, anomalies and copies are what they are without."""
    a = Value(2.0, "a")
    with record_lines():
        out = a * a + 1
        with detect_anomaly(), pytest.raises(FloatingPointError, match="log made -inf of 0"):
            autograd.log(a * 0.0)
    out.backward()
    assert (out.data, a.grad) == (5.0, 4.0)
    for twin in (copy.copy(out), copy.deepcopy(out), pickle.loads(pickle.dumps(out))):
        assert (twin.data, twin.op, twin.line) == (5.0, "add", None)
    with pytest.raises(AttributeError):
        out.line = "elsewhere"  # type: ignore[misc]
