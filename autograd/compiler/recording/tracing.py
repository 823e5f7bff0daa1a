"""Tracing: running a function on Values and keeping what it did as a Program.

The recording *is* the eager run: the graph below the results is the program, read off in an order
in which inputs come first. What a graph does not show is told by the engine: comparisons and
conversions to int, on which the function's way may depend, become guards; a number that leaves the
graph unseen (`.data`, `.grad`, a copy) can't be guarded and is an error. What was made outside the
recording (a model's parameters) is an input too, read afresh whenever the program runs.
"""

from __future__ import annotations

import math
from _thread import get_ident
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from numbers import Integral
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.flat_code import flat
from autograd.compiler.ir.program import Guard, Program
from autograd.compiler.recording.outside_sources import watched
from autograd.compiler.recording.reachable_objects import values_of
from autograd.compiler.recording.reading import Reader
from autograd.compiler.recording.recording_tape import RecordingTape
from autograd.compiler.recording.texts_that_return import comes_back, streams
from autograd.engine.graph import is_left_over, mark_recorded, reachable
from autograd.engine.lexical_guard import is_asked_by_c_code, is_only_shown
from autograd.engine.modes import (
    TEXT,
    begin_recording,
    caller_line,
    end_recording,
    traced_by,
    watching,
)
from autograd.engine.primitives import TABLE, Primitive, describe
from autograd.engine.text import place
from autograd.engine.value import Value
from autograd.transforms.derivatives import Derivative

__all__ = [
    "ORDER",
    "PASS",
    "PASS_SETTING",
    "Decision",
    "RecordingError",
    "Trace",
    "among_doubles",
    "check_current",
    "difference",
    "is_of_the_table",
    "read_off",
]


class RecordingError(TypeError):
    """A function can't be compiled as it stands: a number escapes from the recording."""


class Decision(NamedTuple):
    """A comparison that the function made, what came out, how many nodes there were by then, and
    whether it is one of order that does not hold and that C code asked for."""

    symbol: str
    a: Any
    b: Any
    out: bool
    line: str
    place: int
    by_c_code: bool = False


class Trace:
    """One recording: told by the engine of every node made and every decision taken. `first` is
    another one of the same function, with which it is compared. A function that is known to ask for
    nothing from outside is not watched."""

    def __init__(
        self,
        arguments: Sequence[Value],
        names: Sequence[str] = (),
        first: Trace | None = None,
        is_watched: bool = True,
    ) -> None:
        self.arguments = list(arguments)
        # Not as labels, which the function may ask for.
        self._names = dict(zip(map(id, arguments), names, strict=False))
        self.decisions: list[Decision] = []
        self.thread = get_ident()
        self.tape: RecordingTape = RecordingTape(arguments, None if first is None else first.tape)
        self.made: Callable[[Value], None] = self.tape.add
        """Told of every node that was computed, and of every constant made into a leaf."""
        self._leak: RecordingError | None = None
        self.looks_for_anomalies = False
        """Whether something was decided in a block of `detect_anomaly`."""

        self._raised: RecordingError | None = None
        """A leak that f was told of there and then."""
        self._functions: list[Any] = []
        self._hands_over = False
        self._is_watched = is_watched
        self._streams = streams()
        self._reached: set[int] | None = None
        mark_recorded(self.arguments)

    def run(self, f: Callable[[], Any]) -> Any:
        """Call f, under this recording; RecordingError where a number escaped, even if f caught
        it. A text is made as ever, for f may be about to raise an error with it."""
        try:  # before it is there: an interrupt may come with the call that appends it
            begin_recording(self)
            with traced_by(self):
                result = f()
        except Exception as error:
            if self._raised is None or error is self._raised:
                raise
            raise self._raised from error  # of which f made another
        finally:
            end_recording(self)
        if self._leak is not None:
            raise self._leak
        return result

    def calling(self, f: Any) -> AbstractContextManager[None]:
        """The block in which a user's function is called. (Not a derivative's, which calls one.)"""
        if isinstance(f, Derivative) or not self._is_watched:
            return nullcontext()
        self._functions.append(f)
        return watched(self._asked_outside, self._handed_over)

    def _handed_over(self) -> None:
        """Another thread may now work for the function."""
        self._hands_over = True

    def _asked_outside(self, how: str, line: str) -> None:
        """The function asks for what is another number at every call."""
        is_setting = "context variable" in how or "asks for" in how
        remedy = PASS_SETTING if is_setting else PASS
        text = f"a compiled function {how} ({line}), and would not again; {remedy}"
        self._leak = self._leak or RecordingError(text)

    # -- what the engine tells ---------------------------------------------------------------------

    def decided(self, symbol: str, a: Value, b: Any, out: bool, line: str) -> None:
        """A comparison of a with b (a Value or a number) came out as `out`; for the symbol "int", a
        was converted to the int b."""
        self.looks_for_anomalies = self.looks_for_anomalies or watching()
        by_c_code = not out and symbol in OPPOSITE and is_asked_by_c_code()
        here = len(self.tape.nodes)
        self.decisions.append(Decision(symbol, a, b, out, place(line), here, by_c_code))

    def escapes(self, node: Value, how: str, line: str) -> None:
        """A number was about to leave the graph, or to enter it: harmless for a constant that stays
        one, else an error."""
        if how == TEXT and is_only_shown() and not comes_back(self._streams):
            return
        if not self._matters(node, how):
            return
        self._leak = self._leak or self._leaking(node, how, line)
        if how != TEXT:
            self._raised = self._leak
            raise self._leak

    def _leaking(self, node: Value, how: str, line: str) -> RecordingError:
        name = self._names.get(id(node), node.label)
        shown = "" if name is None else f" of {name!r}"
        remedy = next((text for sign, text in REMEDIES.items() if sign in how), OTHERWISE)
        return RecordingError(
            f"a compiled function {how}{shown} ({place(line)}): what follows would stay as it was "
            f"when the function was recorded; {remedy}"
        )

    def looks(self, node: Value, where: str, line: str) -> None:
        """The function looks at the graph of one of these nodes, as it can't at a number's."""
        if not self.owns(node) or (node.primitive is None and not self.varies([node])):
            return
        self._leak = self._leak or RecordingError(
            f"a compiled function looks at the graph ({where}) of what it computes "
            f"({place(line)}): that is another one while it is recorded; look at a graph outside "
            "of compiled functions"
        )
        self._raised = self._leak
        raise self._leak

    def _matters(self, node: Value, how: str) -> bool:
        return how == "assigns .data" or self.varies(reachable([node]))

    def raised(self, name: str, error: BaseException) -> None:
        """A user's primitive has raised, which is fine unless the function catches it."""
        self._leak = RecordingError(
            f"a compiled function catches the {type(error).__name__} that {name} raises "
            f"({place(caller_line())}): whether it does again can't be told without calling it; "
            "decide by a comparison instead"
        )

    def repeats(
        self, decisions: Sequence[Decision], results: Sequence[Any], first_results: Sequence[Any]
    ) -> bool:
        """Whether the same was done in the first recording, in every node, in these decisions, and
        for these results."""
        if len(results) != len(first_results) or len(self.decisions) != len(decisions):
            return False
        if not self.tape.is_as_first():
            return False
        return all(map(self._is_same, results, first_results)) and all(
            p[3:] == q[3:]
            and p.symbol == q.symbol
            and self._is_same(p.a, q.a)
            and self._is_same(p.b, q.b)
            for p, q in zip(self.decisions, decisions, strict=True)
        )

    def _is_same(self, x: Any, y: Any) -> bool:
        if isinstance(x, (Value, float)):
            return self.tape.same(x, y)
        return type(x) is type(y) and bool(x == y)

    # -- what the transforms ask -------------------------------------------------------------------

    def varies(self, nodes: Iterable[Value]) -> bool:
        """Whether one of these nodes is an argument or was made outside of the recording."""
        return self.tape.varies(nodes)

    def owns(self, node: object) -> bool:
        """Whether the node was made in this recording."""
        return self.tape.owns(node)

    def concerns(self, node: object) -> bool:
        """Whether what another thread does with this node would be missing in the recording: the
        node is its own, or one from outside, and the thread may be at work for the function."""
        if self.owns(node):
            return True
        if not self._hands_over:
            return False
        if self._reached is None:
            self._reached = {id(x) for f in self._functions for x in values_of(f)}
        return id(node) in self._reached


PASS: Final = "pass the number, or a seed, as an argument"
PASS_SETTING: Final = "pass it as an argument (in static_argnames, if it is no number)"
DERIVE: Final = "take derivatives inside a compiled function with grad or value_and_grad"
REMEDIES: Final = {
    "backward": DERIVE,
    "grad": DERIVE,
    "text": "decide by comparisons and int(x), which are seen, and write texts of the results",
    "round(": "round(v * 100) / 100 rounds to places and is seen, autograd.round stays a Value",
    "hashes": "look up by int(x) or round(x), or compare: x == 1.0, x in [1.0, 2.0]",
    "another thread": "compute in the thread and context that call the function",
}
"""What to write instead, by what is in the words for the way out."""
OTHERWISE: Final = (
    "keep it a Value (autograd.exp and the like instead of math's), or compute outside of the "
    "compiled function"
)


# -- from the graph to the program -----------------------------------------------------------------


class Recorded(NamedTuple):
    """A program, and the Values from outside that its inputs after the arguments are read from."""

    program: Program
    captured: list[Value]


def difference(first: Recorded, second: Recorded) -> str | None:
    """Where two recordings differ, in words; None if they don't."""
    a, b = first.program, second.program
    if len(first.captured) != len(second.captured) or any(
        x is not y for x, y in zip(first.captured, second.captured, strict=True)
    ):
        return " in the Values they capture"
    same = flat(a.code).same_as(flat(b.code))
    for i, (p, q) in enumerate(() if same else zip(a.code, b.code, strict=False)):
        same = p[:2] == q[:2] and repr(p.value) == repr(q.value)  # NaN, and the sign of 0, too
        if not same:
            return f" at operation {i} ({p.name} {p.value!r}, then {q.name} {q.value!r})"
    if len(a.code) != len(b.code) or a.outputs != b.outputs:
        return " in length"
    if [guard[:3] for guard in a.guards] != [guard[:3] for guard in b.guards]:
        return " in their decisions"
    return None


def is_of_the_table(program: Program) -> bool:
    """Whether no operation is a user's."""
    return all(row.builtin for name in program.names if (row := TABLE.get(name)) is not None)


def check_current(primitive: Primitive) -> None:
    """Raises RecordingError for a primitive that is no longer what its name means in programs."""
    if TABLE.get(primitive.name) is not primitive:
        raise RecordingError(
            f"a compiled function uses a primitive {primitive.name!r} that has been defined anew "
            "since; use the one that autograd.primitive returned last"
        )


def read_off(trace: Trace, results: Sequence[Any], names: Sequence[str]) -> Recorded:
    """The program that computes these results (Values and floats) from the trace's arguments, whose
    names are given, in the order in which the function did."""
    reader = Reader(trace.tape, len(names), check_current, _check_captured)
    of_users = trace.tape.of_users()
    asked = [x for x in of_users if (row := x.primitive) is not None and row.lowering is None]
    guards = _guards(reader, trace.decisions, [*results, *asked])
    outputs = [reader.register(x) for x in results]
    guards += [_called(reader, node) for node in asked]
    shown = [*names, *[v.label or f"captured{i}" for i, v in enumerate(reader.captured)]]
    program = Program(reader.finish(), tuple(shown), tuple(outputs), tuple(guards))
    return Recorded(program, reader.captured)


def _guards(reader: Reader, decisions: Sequence[Decision], results: Sequence[Any]) -> list[Guard]:
    """Read all that these results and the decisions need; the guards of the decisions, each where
    it was taken."""
    reader.need([*results, *[x for decision in decisions for x in (decision.a, decision.b)]])
    found = []
    for decision in decisions:
        reader.read_until(decision.place)
        asked = _of_c_code(decision) if decision.by_c_code else [decision]
        found += [_guard(reader, one) for one in asked]
    reader.read_until(reader.nodes)
    return found


def _of_c_code(decision: Decision) -> list[Decision]:
    """A comparison that does not hold, and whether the opposite does: not for want of a number.
    NumPy's functions have ways of their own with NaN in arrays of floats, and none in arrays of
    objects."""
    operands = (decision.a, decision.b)
    is_missing = any(map(_is_missing, operands))
    found = [decision, decision._replace(symbol=OPPOSITE[decision.symbol], out=not is_missing)]
    if is_missing:
        values = [x for x in operands if isinstance(x, Value)]
        found += [decision._replace(symbol="!=", a=x, b=x, out=_is_missing(x)) for x in values]
    return found


def _is_missing(x: Any) -> bool:
    number = x.data if isinstance(x, Value) else x
    return bool(number != number)


def _check_captured(node: Value) -> None:
    """RecordingError for a Value that is left over from a recording."""
    if is_left_over(node):
        raise RecordingError(
            "a compiled function uses a Value that it, or another one, kept when it was "
            "recorded (in a list, a dict, a cache, an attribute): it stands for numbers of "
            "that call; keep nothing, and return what is to be kept"
        )


def _called(reader: Reader, node: Value) -> Guard:
    """A guard that always holds, for which this operation is computed."""
    register = reader.register(node)
    itself = reader.emit("eq", register, register)
    always = reader.emit("or", itself, reader.emit("not", itself))
    return Guard(always, True, True, f"{node.op}")


def _guard(reader: Reader, decision: Decision) -> Guard:
    symbol, a, b, out, line = decision[:5]
    if symbol == "int":
        register = reader.emit("eq", reader.register(a), reader.const(float(b)))
        return Guard(register, True, ("int", b), line)
    if not isinstance(b, (Value, float)):
        symbol, b = among_doubles(symbol, b, line)
    left, right = reader.register(a), reader.register(b)
    name, swapped, negated = ORDER[symbol]
    if swapped:
        left, right = right, left
    return Guard(reader.emit(name, left, right), out != negated, out, line)


OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
"""Of numbers that are not NaN."""
ORDER: dict[str, tuple[str, bool, bool]] = {
    "<": ("lt", False, False),
    "<=": ("le", False, False),
    ">": ("lt", True, False),
    ">=": ("le", True, False),
    "==": ("eq", False, False),
    "!=": ("eq", False, True),
}


def among_doubles(symbol: str, b: Any, line: str) -> tuple[str, float]:
    """A comparison with a number that need not be a double (an int, a Fraction), as one with a
    double that comes out alike for every double."""
    if getattr(b, "dtype", None) is not None and not isinstance(b, (float, Integral)):
        raise RecordingError(
            f"a compiled function compares with a {describe(b)}, for which NumPy would round the "
            f"Value; write float(...) around it ({place(line)})"
        )
    try:
        near = float(b)
    except OverflowError:
        near = math.inf if b > 0 else -math.inf
    if near != near or near == b:
        return symbol, near
    if symbol in ("==", "!="):
        return symbol, math.nan  # equal to none
    if math.isinf(near):
        largest = math.nextafter(math.inf, 0.0) if near > 0 else near
    else:
        largest = near if Fraction(near) < Fraction(b) else math.nextafter(near, -math.inf)
    # No double is b. So less than b are those up to the largest double that is.
    return ("<=" if symbol in ("<", "<=") else ">"), largest
