"""The reverse pass: from a root down, each node sends adjoint x local derivative to its inputs.

A node may send only once it has received everything itself. micrograd sorts the graph beforehand;
here the order is found on the way, as in Kahn's topological sort (1962):

1. Walk down from the root and count, at every node, the edges that will report to it.
2. Begin with the root. A node that has sent its messages is done; whoever received one has one
   report less to wait for, and is ready when there is none left.

Nothing is recursive, so a chain of a million nodes is an ordinary graph. Adjoints of nodes are
collected in `_grad`, where an earlier pass has left nothing of use. A leaf has an older gradient
there, so its adjoint of this pass is collected beside it (in `_pa`, free in a leaf), and added at
the end: to all leaves at once, so that an interrupted pass changes none.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from typing import Any, Final, final
from weakref import ref

from autograd.engine.hooks import HOOKS
from autograd.engine.locks import in_child, new_lock
from autograd.engine.modes import MODES, notify_escape, watching
from autograd.engine.observers import check_messages, check_zeros
from autograd.engine.operands import to_float
from autograd.engine.value import Value

__all__ = ["PASS_LOCK", "cuts_at_zero", "get_grad", "set_grad"]

PASS_LOCK: Final[Any] = new_lock()

# A `map` of these is one call into C, which no signal can split and no tracer sees.
get_grad: Final[Any] = vars(Value)["_grad"].__get__
set_grad: Final[Any] = vars(Value)["_grad"].__set__


@final
class Pass:
    """What a reverse pass has met, so that one that did not finish can be taken back."""

    __slots__ = ("_running", "leaves", "nodes")

    def __init__(self) -> None:
        self._running: Any = None
        self.nodes: list[Value] = []
        self.leaves: list[Value] = []

    def begun(self) -> Any:
        """A lock: the pass runs while it is held. Nothing else refers to it for long, so it is over
        with the pass whatever ends that."""
        lock = allocate_lock()
        self._running = ref(lock)
        return lock

    def runs(self) -> bool:
        lock = None if self._running is None else self._running()
        return lock is not None and lock.locked()

    def stop_in_child(self) -> None:
        """If another thread is at it; the next pass takes it back."""
        if not PASS_LOCK._is_owned():
            self._running = None


_PASS: Final = Pass()
in_child(_PASS.stop_in_child)


def _backward(root: Value, gradient: object) -> None:
    """One pass at a time, whatever threads and signals do."""
    seed = to_float(gradient, "backward's gradient must be")
    if MODES.active != 0:
        notify_escape(root, "calls backward()")
    with PASS_LOCK:
        if _PASS.runs():
            raise RuntimeError(
                "backward was called in the middle of another backward of the same thread, "
                "as from a signal handler; call it when that one has returned"
            )
        try:
            with _PASS.begun():
                _reverse_pass(root, seed)
        except BaseException:
            _forget_pass()
            raise


def _forget_pass() -> None:
    """Take back the counts of a pass, done or interrupted, and let go of its nodes. If this is
    interrupted too, the next pass begins with it."""
    for node in _PASS.nodes:
        node._waiting = 0
    for leaf in _PASS.leaves:
        leaf._waiting = 0
    _PASS.nodes = []
    _PASS.leaves = []


def _reverse_pass(root: Value, seed: float) -> None:
    if _PASS.nodes:
        _forget_pass()
    nodes = _PASS.nodes = [root]
    leaves: list[Value] = []
    _PASS.leaves = leaves
    _count_consumers(nodes, leaves)
    if root._primitive is None:
        leaves.append(root)
        root._pa = seed
    else:
        root._grad = seed
        _send_messages(root)
        if MODES.active != 0 and watching():
            check_zeros(root)
    totals = [leaf._grad + leaf._pa for leaf in leaves]
    deque(map(set_grad, leaves, totals), maxlen=0)
    for leaf in leaves:
        leaf._waiting = 0
    _PASS.nodes = []
    _PASS.leaves = []


def _count_consumers(nodes: list[Value], leaves: list[Value]) -> None:
    """From the root, which is all there is in `nodes`, find every node below: adjoint 0, and in
    `_waiting` the number of edges that will report to it. A leaf collects its adjoint of this pass
    in `_pa`, which it has no other use for; its count only says that it was met, since it passes
    nothing on."""
    # An edge is treated alike in `_a`, in `_b` and in a fan. It is written out three times, because
    # here and in `_send_messages` is where a pass spends its time; a test holds all three to a pass
    # over `parents` and `partials`.
    for node in nodes:  # which grows on the way
        a = node._a
        if a is not None:
            if a._primitive is None:
                if a._waiting == 0:
                    leaves.append(a)
                    a._waiting = 1
                    a._pa = 0.0
            elif a._waiting == 0:
                nodes.append(a)
                a._waiting = 1
                a._grad = 0.0
            else:
                a._waiting += 1
        b = node._b
        if b is not None:
            if b._primitive is None:
                if b._waiting == 0:
                    leaves.append(b)
                    b._waiting = 1
                    b._pa = 0.0
            elif b._waiting == 0:
                nodes.append(b)
                b._waiting = 1
                b._grad = 0.0
            else:
                b._waiting += 1
        fan = node._fan
        if fan is not None:
            for x in fan.inputs:
                if isinstance(x, Value):
                    if x._primitive is None:
                        if x._waiting == 0:
                            leaves.append(x)
                            x._waiting = 1
                            x._pa = 0.0
                    elif x._waiting == 0:
                        nodes.append(x)
                        x._waiting = 1
                        x._grad = 0.0
                    else:
                        x._waiting += 1


def _send_messages(root: Value) -> None:
    """From the root down, each node once, when all its consumers have reported."""
    factor: float  # declared, or mypyc would box it
    watched = MODES.active != 0 and watching()
    ready: list[Value] = [root]
    while ready:
        node = ready.pop()
        adjoint = node._grad
        if adjoint == 0.0:
            _send_nothing(node, ready)
            continue
        if watched:
            check_messages(node, adjoint)
        a = node._a
        if a is not None:
            factor = node._pa
            if a._primitive is None:
                if factor != 0.0 or not cuts_at_zero(node, 0):
                    a._pa += adjoint * factor
            else:
                if factor != 0.0 or not cuts_at_zero(node, 0):
                    a._grad += adjoint * factor
                a._waiting -= 1
                if a._waiting == 0:
                    ready.append(a)
        b = node._b
        if b is not None:
            factor = node._pb
            if b._primitive is None:
                if factor != 0.0 or not cuts_at_zero(node, 1):
                    b._pa += adjoint * factor
            else:
                if factor != 0.0 or not cuts_at_zero(node, 1):
                    b._grad += adjoint * factor
                b._waiting -= 1
                if b._waiting == 0:
                    ready.append(b)
        fan = node._fan
        if fan is not None:
            factors = fan.factors
            for i, x in enumerate(fan.inputs):
                if isinstance(x, Value):
                    factor = factors[i]
                    if x._primitive is None:
                        if factor != 0.0 or not cuts_at_zero(node, i):
                            x._pa += adjoint * factor
                    else:
                        if factor != 0.0 or not cuts_at_zero(node, i):
                            x._grad += adjoint * factor
                        x._waiting -= 1
                        if x._waiting == 0:
                            ready.append(x)


def _send_nothing(node: Value, ready: list[Value]) -> None:
    """Report to the inputs without a message: an adjoint of exactly 0 stays 0 along any edge."""
    for x in node._beneath():
        if x._primitive is not None:
            x._waiting -= 1
            if x._waiting == 0:
                ready.append(x)


def cuts_at_zero(node: Value, i: int) -> bool:
    """Whether the node selects, or not, its input i: a local derivative of exactly 0 then means "no
    path"."""
    return node._primitive is not None and node._primitive.cuts_input(i)


HOOKS.backward = _backward
