"""What happens at a new node while a mode is on: a check for NaN and infinity, also of what is sent
back; its line noted; the tracer told.

None of this runs unless a mode is on in some thread. A tracer is told of every comparison that is
made here, because the recorded function's way depends on it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, Final

from autograd.engine.alone import ALONE
from autograd.engine.apply import apply, restore
from autograd.engine.graph import Graph, reachable
from autograd.engine.hooks import HOOKS
from autograd.engine.levels import LEVELS, current_level
from autograd.engine.modes import (
    ELSEWHERE,
    MODES,
    RUNNING,
    asked_by_us,
    caller_line,
    decided,
    modes_here,
    notify_computed,
    notify_escape,
    only_tape,
    plain_arithmetic,
    tracer,
)
from autograd.engine.primitive import Primitive
from autograd.engine.primitives import abs_, copysign, floor, stop_gradient
from autograd.engine.tape import Tape
from autograd.engine.text import place
from autograd.engine.value import Value, inputs_and_partials
from autograd.engine.zero_times_infinity import undecided_by_any_leaf

__all__ = ["check_messages", "check_zeros"]

_THREAD: Final[Any] = threading.local()


def _made(node: Value) -> None:
    """What the modes make of a new node: FloatingPointError if it is the first NaN or infinity and
    someone watches; no edges where nothing is recorded."""
    modes = modes_here()
    observer = None if modes.plain else modes.tracer
    if modes.record_lines:
        node._locate()
    if node._primitive is not None:
        if modes.detect_anomaly and not modes.plain:
            _check_result(node, observer)
        if modes.no_grad or modes.plain:
            _cut_off(node, observer)
    if observer is not None:
        tape: Tape | None = modes.tape
        if tape is None:
            observer.made(node)
        else:
            tape.add(node)
    is_alone = len(RUNNING) == 1 and observer is not None and modes.key in RUNNING
    if is_alone and modes.tape is not None and only_tape() is modes.tape:
        ALONE.begin(MODES, modes.tape.nodes)
    if RUNNING and not is_alone and node._primitive is not None:
        notify_computed(inputs_and_partials(node)[0])


def _cut_off(node: Value, observer: Any) -> None:
    """Make it a leaf; for a tracer, which has to know how it was computed, let no gradient
    through."""
    hidden = None
    if observer is not None:
        with plain_arithmetic():
            inputs, factors = inputs_and_partials(node)
            hidden = restore(node._data, 0.0, None, node._primitive, inputs, factors)
        observer.made(hidden)
    node._primitive = None if hidden is None else stop_gradient
    node._a = hidden
    node._b = None
    node._pa = 0.0
    node._pb = current_level()
    node._fan = None


def _check_result(node: Value, observer: Any) -> None:
    """Inside detect_anomaly: the first operation that makes a NaN or an infinity, unless it is an
    argument of a selection which leaves it out."""
    waiting = _waiting()
    message = _inherited(node, waiting) if waiting else ""
    if not message and not _is_finite(node):
        message = _born(node)
    if message:
        if not _inside_selection():
            waiting.clear()
            if observer is not None:
                observer.made(node)  # of which decisions tell: the function may catch the error
            raise FloatingPointError(message)
        waiting[id(node)] = node, message
    elif waiting and _selects(node) and not _inside_selection():
        waiting.clear()


def _born(node: Value) -> str:
    """What is said of a NaN or an infinity that none of the inputs accounts for; else ""."""
    data, inputs = node._data, inputs_and_partials(node)[0]
    if tracer() is not None:
        for x in [node, *node._beneath()]:
            if not _is_finite(x):
                _is_nan(x)
    numbers = [x._data if isinstance(x, Value) else x for x in inputs]
    if any([x != x for x in numbers] if data != data else [x - x != 0.0 for x in numbers]):
        return ""
    shown = ", ".join([_name(x) for x in inputs])
    return f"{node.op} made {data} of {shown} ({place(caller_line())})"


# What was made among the arguments of a selection is not reported before that has chosen. Until
# then it is kept, and whatever is computed from it, each with what would be said.


def _waiting() -> dict[int, tuple[Value, str]]:
    """By its id, each such node, which it keeps alive, and what would be said."""
    found: dict[int, tuple[Value, str]] | None = getattr(_THREAD, "waiting", None)
    if found is None:
        found = _THREAD.waiting = {}
    return found


def _inherited(node: Value, waiting: dict[int, tuple[Value, str]]) -> str:
    """What would be said of an input that this result depends on; "" if there is none."""
    inputs, factors = inputs_and_partials(node)
    chooses = _selects(node)
    for i, x in enumerate(inputs):
        if isinstance(x, Value) and id(x) in waiting and not (chooses and factors[i] == 0.0):
            return waiting[id(x)][1]
    return ""


def _selects(node: Value) -> bool:
    return node._primitive is not None and node._primitive.is_selection


def _inside_selection() -> bool:
    from autograd.engine.lexical_guard import inside_selection

    return inside_selection()


def check_messages(node: Value, adjoint: float) -> None:
    """Inside detect_anomaly: the first local derivative that turns a finite adjoint into NaN or
    infinity."""
    if adjoint == 0.0 or not math.isfinite(adjoint):
        return
    for parent, factor in zip(node.parents, node.partials, strict=True):
        if not math.isfinite(adjoint * factor):
            raise FloatingPointError(
                f"backward through {_called(node)} made {adjoint * factor}: adjoint {adjoint} "
                f"times local derivative {factor} with respect to {_name(parent)} "
                f"({place(caller_line())})"
            )


def check_zeros(root: Value) -> None:
    """Inside detect_anomaly, after a pass: an adjoint of 0 that hides an infinite local derivative,
    and is no side that a selection left out."""
    graph = Graph([root])
    for found in undecided_by_any_leaf(graph, graph.adjoints()):
        said = f"backward through {_called(found.steep.output)}: {found.sentence(_called, _name)}"
        raise FloatingPointError(f"{said} ({place(caller_line())})")


def _called(node: Value) -> str:
    return f"{node.op}({', '.join([_name(x) for x in node.inputs])})"


def _is_finite(x: Value) -> bool:
    """By comparisons, of which a tracer is told."""
    if MODES.active == 0 or tracer() is None:
        return math.isfinite(x._data)
    return bool(x < math.inf) and bool(x > -math.inf)


def _is_nan(x: Value) -> bool:
    return bool(x != x)


def _whole(node: Value, convert: Callable[[float], int], rounding: Primitive | None) -> int:
    """The whole number, of which a tracer is told as of a comparison; and of what decides whether
    there is none, for the function may catch the error."""
    if tracer() is None:
        notify_escape(node, f"converts to int, {ELSEWHERE}, the number")
        return convert(node._data)
    if not _is_finite(node):
        _is_nan(node)
    whole = convert(node._data)
    if rounding is None:  # towards 0
        rounded = apply(copysign, (apply(floor, (apply(abs_, (node,)),)), node))
    else:
        rounded = apply(rounding, (node,))
    decided("int", rounded, whole, True)
    return whole


def _name(x: object) -> str:
    if not isinstance(x, Value):
        return repr(x)
    label = x._label
    return repr(x._data) if label is None else f"{label} = {x._data!r}"


# -- keys of sets and dicts ------------------------------------------------------------------------


def _hashed(node: Value) -> None:
    """A set or a dict finds a Value by identity, and a float by its number: so a function that is
    recorded or differentiated would decide otherwise than on floats."""
    if not RUNNING and not LEVELS.here():
        MODES.here()  # which finds out whether there is still a reason to ask
        return
    if asked_by_us():  # for which identity is right
        return
    if RUNNING:
        notify_escape(node, "uses as a key of a set or dict (hashes) the number")
    wanted = {id(seed) for level in LEVELS.here() for seed in level.seeds}
    if wanted and any(id(x) in wanted for x in reachable([node])):
        raise TypeError(
            f"a differentiated function hashes a Value ({place(caller_line())}): sets, dicts and "
            "caches find a float by its number and a Value by identity, so they would decide "
            "otherwise than on floats; compare (x == 1.0, x in [1.0, 2.0]), or use int(x) or id(x) "
            "as the key"
        )


def _looked(node: Value, where: str) -> None:
    """Tell the tracer that the function, and not this project, looks at the graph of a node, which
    is another one while it is recorded."""
    observer = tracer()
    if observer is not None and not asked_by_us():
        observer.looks(node, where, caller_line())


HOOKS.made = _made
HOOKS.hashed = _hashed
HOOKS.looked = _looked
HOOKS.whole = _whole
