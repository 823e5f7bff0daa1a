"""Very large graphs, interrupts, exceptions, threads, and the two forms of the engine.

How graphs are freed inside containers, by threads and by finalizers is in test_freeing.py; copies
of very large graphs are in test_copying.py.
"""

from __future__ import annotations

import copy
import math
import pickle
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from alive import Tag

import autograd
from autograd import Value, detect_anomaly
from autograd.engine import backward as engine
from autograd.engine.graph import topological_order

MILLION = 1_000_000


# Very large graphs --------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_collector")
def test_a_chain_of_a_million() -> None:
    """Built, differentiated, cleared and freed, without recursion and without the collector."""
    x = Value(1.0)
    for warm_up in (True, False):
        blocks = sys.getallocatedblocks()
        y = x
        for _ in range(1000 if warm_up else MILLION):
            y = y + 1.0
        y.backward()
        assert x.grad == 1.0
        y.zero_grad()
        assert (x.grad, y.grad) == (0.0, 0.0)
        del y
        assert sys.getallocatedblocks() - blocks < 1000


@pytest.mark.usefixtures("no_collector")
def test_a_fan_in_of_a_million() -> None:
    """A node with a million parents gives each its gradient, and they all go with it."""
    leaves = [Value(1.0) for _ in range(MILLION)]
    leaves[0].label = Tag()
    total = autograd.sum(leaves)
    total.backward(2.0)
    assert total.data == MILLION
    assert {leaf.grad for leaf in leaves} == {2.0}
    del leaves
    assert Tag.alive == 1
    del total
    assert Tag.alive == 0


def test_a_leaf_used_a_million_times() -> None:
    """By one node, and once more by each of many: the gradients add up."""
    x = Value(0.5)
    autograd.sum([x] * MILLION).backward()
    assert x.grad == MILLION
    total: Value | float = 0.0
    for _ in range(100_000):
        total = total + x
    assert isinstance(total, Value)
    total.backward()
    assert x.grad == MILLION + 100_000


def test_a_graph_with_more_paths_than_atoms() -> None:
    """Each node is visited once, however many paths lead to it: x doubled 1000 times."""
    x = y = Value(1.0)
    for _ in range(1000):
        y = y + y
    y.backward()
    assert y.data == x.grad == 2.0**1000


# Passes that meet ---------------------------------------------------------------------------------


def test_two_roots_over_a_shared_subgraph() -> None:
    """a = 3, s = a·a, p = 2s, q = 5s: backward of both leaves d(p + q)/da = 14a = 42 in a."""
    a = Value(3.0)
    s = a * a
    p, q = 2 * s, 5 * s
    p.backward()
    q.backward()
    assert a.grad == 42.0
    assert s.grad == 5.0


def test_backward_of_a_node_inside_a_graph() -> None:
    """A pass from the middle touches nothing above it."""
    a = Value(3.0)
    s = a * a
    p = 2 * s
    p.backward()
    s.backward()
    assert (a.grad, s.grad, p.grad) == (18.0, 1.0, 1.0)


def test_data_assigned_between_forward_and_backward() -> None:
    """The derivatives are those of the moment of recording: backward differentiates what ran.

    An optimiser assigns `.data` of parameters whose old graph may still be alive. What that graph
    computed came from the old numbers; derivatives taken at the new ones would belong to no
    computation at all. (Storing the local derivatives is also what makes backward fast.)
    """
    x, w = Value(2.0), Value(3.0)
    out = x * w
    square = out * out
    x.data, out.data = 100.0, -1.0
    assert square.data == 36.0
    assert (out.partials, square.partials) == ((3.0, 2.0), (6.0, 6.0))
    square.backward()
    assert (x.grad, w.grad) == (36.0, 24.0)
    assert (x * w).data == 300.0


def test_seeds() -> None:
    """Any real number scales a pass; infinite and NaN seeds follow IEEE 754."""
    for seed, expected in [(2, 12.0), (-0.5, -3.0), (Fraction(1, 3), 2.0), (math.inf, math.inf)]:
        a = Value(3.0)
        (a * a).backward(seed)
        assert a.grad == expected
    a = Value(3.0)
    (a * a).backward(math.nan)
    assert math.isnan(a.grad)


# Interrupts and exceptions ------------------------------------------------------------------------


def varied_graph(leaves: list[Value]) -> Value:
    """Every kind of edge: one, two and many inputs, a cut, an adjoint of 0, a shared node."""
    a, b, c = leaves
    s = a * b + c
    cut = autograd.where(s > 0, s * 2, s / 0)
    return autograd.sum([s, cut.tanh(), a, (s - b) * 0.0, 1.0]) * s


def ctrl_c() -> None:
    raise KeyboardInterrupt


class Interrupter:
    """Strikes at the n-th step of a pass, as a signal may at any of them."""

    def __init__(self, n: int, step: str, strike: Callable[[], None] = ctrl_c) -> None:
        self.countdown = n
        self.step = step
        self.strike = strike

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        """A trace function for frames of a pass, below those that guard it."""
        guards = ("_backward", "begun", "runs")
        if frame.f_code.co_filename != engine.__file__ or frame.f_code.co_name in guards:
            return None
        frame.f_trace_opcodes = self.step == "opcode"
        if event == self.step:
            self.countdown -= 1
            if self.countdown == 0:
                self.strike()
        return self.trace

    def interrupts(self, call: Callable[[], None]) -> bool:
        """Whether the call lasted until the n-th step, and so was interrupted."""
        tracing = sys.gettrace()
        sys.settrace(self.trace)
        try:
            call()
        except (KeyboardInterrupt, RuntimeError):
            return True
        finally:
            sys.settrace(tracing)
        return False


@pytest.mark.parametrize("step", ["line", "opcode"])
def test_interrupted_at_every_step(step: str) -> None:
    """Leaf gradients are untouched or complete, and the next pass is right, wherever it stopped.

    Compiled, a pass has no steps at which Python looks for signals, and the first one ends it.
    """
    leaves = [Value(0.5), Value(-1.5), Value(2.0)]
    root = varied_graph(leaves)
    root.backward()
    full = [leaf.grad for leaf in leaves]
    before = [10.0, 20.0, 30.0]
    complete = [x + dx for x, dx in zip(before, full, strict=True)]
    n = interrupts = 0
    again = True
    while again:
        n += 1
        for leaf, x in zip(leaves, before, strict=True):
            leaf.grad = x
        again = Interrupter(n, step).interrupts(root.backward)
        interrupts += again
        assert [leaf.grad for leaf in leaves] in ([before, complete] if again else [complete])
        root.zero_grad()
        root.backward()
        assert [leaf.grad for leaf in leaves] == full
    assert interrupts == 0 if autograd.compiled else interrupts > 100


@contextmanager
def ctrl_c_after(seconds: float) -> Iterator[None]:
    """A real signal, raising KeyboardInterrupt in the main thread if the block is still running."""
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
        signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signal.setitimer")
def test_interrupted_by_a_signal() -> None:
    """The same for a signal that comes when it likes; the lock of the passes is free afterwards."""
    leaves = [Value(1.0) for _ in range(2000)]
    y = leaves[0]
    for leaf in leaves:
        for _ in range(5):
            y = y + leaf
    root = autograd.sum([y, *leaves])
    start = time.perf_counter()
    root.backward()
    duration = time.perf_counter() - start
    full = [leaf.grad for leaf in leaves]
    untouched = [0.0] * len(leaves)
    for i in range(1, 21):
        root.zero_grad()
        try:
            with ctrl_c_after(max(1.2 * duration * i / 20, 1e-6)):
                root.backward()
        except KeyboardInterrupt:
            assert [leaf.grad for leaf in leaves] in (untouched, full)
        else:
            assert [leaf.grad for leaf in leaves] == full
        root.zero_grad()
        root.backward()
        assert [leaf.grad for leaf in leaves] == full
    with ThreadPoolExecutor(1) as pool:
        pool.submit(root.backward).result(timeout=60)


@pytest.mark.usefixtures("no_collector")
def test_a_graph_is_freed_after_a_pass_that_failed() -> None:
    """Nothing holds on to the nodes of a pass that an exception or an interrupt ended."""

    def fail() -> None:
        root = Value(0.0, Tag()).sqrt() * 2
        root.label = Tag()
        with detect_anomaly(), pytest.raises(FloatingPointError):
            root.backward()

    def interrupt() -> None:
        root = Value(1.0, Tag()) * 2 + 1
        root.label = Tag()
        assert Interrupter(20, "line").interrupts(root.backward) is not autograd.compiled

    for work in (fail, interrupt):
        work()
        assert Tag.alive == 0


def test_a_pass_in_the_middle_of_a_pass() -> None:
    """From a signal handler it is refused, and the pass that it interrupted has not happened."""
    leaves = [Value(0.5), Value(-1.5), Value(2.0)]
    root, other = varied_graph(leaves), leaves[0] * 3
    refused = "in the middle of another backward of the same thread"

    def strike() -> None:
        with pytest.raises(RuntimeError, match=refused) as error:
            other.backward()
        raise error.value

    for n in (1, 10, 50):
        if Interrupter(n, "line", strike).interrupts(root.backward):
            assert [leaf.grad for leaf in leaves] == [0.0, 0.0, 0.0]
        else:
            root.zero_grad()
    other.backward()
    assert leaves[0].grad == 3.0


def test_an_exception_in_a_rule_leaves_no_trace() -> None:
    """A user's primitive that raises: no node, no gradient, and the operands as they were."""

    def fail(*_: float) -> float:
        raise LookupError("no rule")

    no_value = autograd.primitive("robust_no_value", fail, lambda out, x: 1.0)
    no_rule = autograd.primitive("robust_no_rule", lambda x: x, fail)
    x = Value(2.0)
    for function in (no_value, no_rule):
        with pytest.raises(LookupError, match="no rule"):
            function(x)
    (x * x).backward()
    assert x.grad == 4.0


# Threads ------------------------------------------------------------------------------------------

THREADS = 8


@pytest.fixture
def busy_threads() -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool
    sys.setswitchinterval(interval)


def gradients_of_a_random_graph(seed: int) -> list[float]:
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1, 1)) for _ in range(5)]
    nodes = list(leaves)
    for _ in range(300):
        a, b = rng.choice(nodes), rng.choice(nodes)
        nodes.append(rng.choice([a + b, a - b, a * b, a.tanh(), autograd.dot([a, b], [b, 0.5])]))
    root = autograd.mean(nodes)
    for _ in range(3):
        root.backward()
    return [root.data, *(leaf.grad for leaf in leaves)]


def test_threads_with_graphs_of_their_own(busy_threads: ThreadPoolExecutor) -> None:
    """Eight at once compute what each would alone, to the bit."""
    alone = [gradients_of_a_random_graph(seed) for seed in range(40)]
    together = list(busy_threads.map(gradients_of_a_random_graph, range(40)))
    assert repr(together) == repr(alone)


def test_threads_that_share_leaves(busy_threads: ThreadPoolExecutor) -> None:
    """Eight graphs over the same parameters: no contribution is lost."""
    a, b = Value(2.0), Value(3.0)

    def work(k: int) -> None:
        for _ in range(50):
            s = a * b
            for _ in range(20):
                s = s + k * a
            s.backward()

    list(busy_threads.map(work, range(THREADS)))
    assert b.grad == THREADS * 50 * 2.0
    assert a.grad == sum(50 * (3.0 + 20 * k) for k in range(THREADS))


def test_threads_that_share_a_graph(busy_threads: ThreadPoolExecutor) -> None:
    """Passes over one graph take turns."""
    leaves = [Value(0.5), Value(-1.5), Value(2.0)]
    root = varied_graph(leaves)
    root.backward()
    full = [leaf.grad for leaf in leaves]
    root.zero_grad()
    list(busy_threads.map(lambda _: [root.backward() for _ in range(50)], range(THREADS)))
    assert [leaf.grad for leaf in leaves] == pytest.approx([THREADS * 50 * x for x in full])
    assert root.grad == 1.0


# The two forms ------------------------------------------------------------------------------------

# Compiled and uncompiled give this text, to the letter. What is missing are the words of errors
# that the interpreter itself writes, such as those for a wrong number of arguments.
TRANSCRIPT = """
Value(2) → Value(data=2.0, grad=0.0)
Value(True, "flag") → Value(data=1.0, grad=0.0, label='flag')
Value(10**400) → Value(data=inf, grad=0.0)
a + b, a - b, a * b, a / b → (Value(data=3.0, grad=0.0), Value(data=1.0, grad=0.0), \
Value(data=2.0, grad=0.0), Value(data=2.0, grad=0.0))
a ** 3, 3 ** a, a % 0.75, 7 // a → (Value(data=8.0, grad=0.0), Value(data=9.0, grad=0.0), \
Value(data=0.5, grad=0.0), Value(data=3.0, grad=0.0))
-a, +a, abs(-a) → (Value(data=-2.0, grad=0.0), Value(data=2.0, grad=0.0, label='a'), \
Value(data=2.0, grad=0.0))
1 / zero, -1 / zero, zero / zero → (Value(data=inf, grad=0.0), Value(data=-inf, grad=0.0), \
Value(data=nan, grad=0.0))
(1 / zero).partials, zero.sqrt().partials → ((-inf,), (inf,))
zero ** 0, (zero ** 0).partials → (Value(data=1.0, grad=0.0), (0.0,))
zero ** zero, (zero ** zero).partials → (Value(data=1.0, grad=0.0), (0.0, 0.0))
(-a) ** 0.5, (-a) ** b → (Value(data=nan, grad=0.0), Value(data=-2.0, grad=0.0))
((-a) ** b).partials, (a * a).partials, (1 - a).partials → ((1.0, nan), (2.0, 2.0), (-1.0,))
(a / b).partials, (6 / a).partials → ((1.0, -2.0), (-1.5,))
(a + 1).inputs, (1 - a).inputs → ((Value(data=2.0, grad=0.0, label='a'), 1.0), \
(1.0, Value(data=2.0, grad=0.0, label='a')))
(a * b).op, (a ** b).op, (a ** 2).op, a.op → ('mul', 'pow', 'pow_const', '')
autograd.sum([a, b, 3]), autograd.sum([]), autograd.sum([1, 2]) → \
(Value(data=6.0, grad=0.0), 0.0, 3.0)
autograd.max([a, b, 2]).partials → (0.5, 0.0)
autograd.dot([a, 1], [b, a]).partials → (1.0, 2.0, 1.0)
autograd.where(a > b, a, 5).partials, autograd.clip(a, 0, 1).partials → ((1.0,), (0.0,))
autograd.relu(zero).partials, abs(zero).partials → ((0.0,), (0.0,))
autograd.maximum(a, 2.0).partials, autograd.minimum(a, b).partials → ((0.5,), (0.0, 1.0))
autograd.maximum(nan, 1.0), autograd.relu(nan) → (Value(data=nan, grad=0.0), \
Value(data=nan, grad=0.0))
autograd.floor(a), autograd.floor(2.5), autograd.round(2.5) → (Value(data=2.0, grad=0.0), 2.0, 2.0)
a.square(), a.reciprocal(), a.sign() → (Value(data=4.0, grad=0.0), Value(data=0.5, grad=0.0), \
Value(data=1.0, grad=0.0))
a.leaky_relu(0.5), (-a).leaky_relu(0.5) → (Value(data=2.0, grad=0.0), Value(data=-1.0, grad=0.0))
a == 2, 2 == a, a == b, a != b, a == "2", a is a.detach() → (True, True, False, True, False, False)
a < 3, 3 > a, a >= b, nan == nan, nan < nan → (True, True, True, False, False)
bool(a), bool(zero), bool(nan), not a → (True, False, True, False)
round(a / 4), round(a / 3, 2), int(a * 1.75), math.floor(-a / 3) → (0, 0.67, 3, -1)
max(a, b), min([b, a]), sorted([a, b])[0] → (Value(data=2.0, grad=0.0, label='a'), \
Value(data=1.0, grad=0.0, label='b'), Value(data=1.0, grad=0.0, label='b'))
sum([a, b]), math.prod([a, a, 3]) → (Value(data=3.0, grad=0.0), Value(data=12.0, grad=0.0))
f"{a:.3f} {a:>8.1e} {a}" → "2.000  2.0e+00 Value(data=2.0, grad=0.0, label='a')"
"%d" % a → '2'
after_backward(a * b + a) → [Value(data=2.0, grad=2.0, label='a'), \
Value(data=1.0, grad=2.0, label='b'), Value(data=2.0, grad=1.0), Value(data=4.0, grad=1.0)]
after_backward((a - a) * zero.sqrt()) → [Value(data=2.0, grad=0.0, label='a'), \
Value(data=0.0, grad=0.0), Value(data=0.0, grad=0.0), Value(data=0.0, grad=0.0), \
Value(data=0.0, grad=1.0)]
copy.deepcopy(a + b), copy.copy(a), pickle.loads(pickle.dumps(a * 2)) → \
(Value(data=3.0, grad=0.0), Value(data=2.0, grad=0.0, label='a'), Value(data=4.0, grad=0.0))
exp, (a * b).primitive, a.primitive → (<primitive exp: e to the x.>, <primitive mul: a * b.>, None)
exp(0), exp(0.0), exp(zero) → (1.0, 1.0, Value(data=1.0, grad=0.0))
Value.exp(0.0), Value.exp(zero) → (1.0, Value(data=1.0, grad=0.0))
float(a) → TypeError: converting a Value to float would lose its gradient; a NumPy array that is \
to hold Values is made with dtype=object (or by numpy.stack, numpy.zeros_like of an array of \
Values), functions are autograd's (autograd.exp instead of math.exp; math.isnan(v) is v != v), and \
the bare number, which is a constant to every derivative, is v.data. A derivative of a function \
that captures Values is a Value: take it inside `with autograd.no_grad():` for a plain number
a + "1" → TypeError: an operand of a Value must be a Value or a real number (int, float, bool, \
Fraction or NumPy scalar), got str '1'; convert it with float(...)
a + object → TypeError: an operand of a Value must be a Value or a real number (int, float, bool, \
Fraction or NumPy scalar), got type <class 'object'>
a < "x" → TypeError: '<' not supported between instances of 'Value' and 'str'
a[0] → TypeError: 'Value' object is not subscriptable
a() → TypeError: 'Value' object is not callable
len(a) → TypeError: object of type 'Value' has no len()
a.nothing → AttributeError: 'Value' object has no attribute 'nothing'
setattr(a, "nothing", 1) → AttributeError: 'Value' object has no attribute 'nothing'
delattr(a, "data") → AttributeError: property 'data' of 'Value' object has no deleter
delattr(a, "grad") → AttributeError: property 'grad' of 'Value' object has no deleter
delattr(a, "label") → AttributeError: property 'label' of 'Value' object has no deleter
round(nan) → ValueError: cannot convert float NaN to integer
autograd.mean([]) → ValueError: mean of an empty sequence is not defined; give it one number or more
"""
ENTRIES = [line.split(" → ", 1) for line in TRANSCRIPT.strip().splitlines()]


def after_backward(root: Value) -> list[Value]:
    root.backward()
    return topological_order(root)


@pytest.mark.parametrize(("expression", "result"), ENTRIES, ids=[entry[0] for entry in ENTRIES])
def test_both_forms_give_the_same_transcript(expression: str, result: str) -> None:
    """Numbers, names, derivatives and messages, to the letter."""
    names = {
        "Value": Value,
        "a": Value(2.0, "a"),
        "after_backward": after_backward,
        "autograd": autograd,
        "b": Value(1.0, "b"),
        "copy": copy,
        "exp": autograd.exp,
        "math": math,
        "nan": Value(math.nan),
        "pickle": pickle,
        "zero": Value(0.0),
    }
    try:
        found = repr(eval(expression, names))
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"
        # From 3.13 on Python says more, as in test_misspelt_attributes.
        found = found.removesuffix(" and no __dict__ for setting new attributes")
    assert found == result


def test_compiled_tells_the_form() -> None:
    """True exactly where the engine's own module is not Python source."""
    assert autograd.compiled is (Path(engine.__file__).suffix != ".py")
