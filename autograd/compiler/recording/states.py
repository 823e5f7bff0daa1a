"""States: where a function is when it decides something, and what its names stand for.

What a closed function does after a decision follows from its state there and from what comes out.
So two decisions in one state are one and the same, whether they come in one round of a loop and the
next, or in two calls; and the function is a graph of states. A state is known up to the numbers:
which Values they are tells one from another, what they are worth does not.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Hashable, Mapping, Sequence
from types import BuiltinFunctionType, FrameType, FunctionType
from typing import Any, Final, NamedTuple

from autograd.compiler.recording.bytecode_facts import Facts, WholeNumberTest
from autograd.compiler.recording.closed_functions import Closed, closed, found_by
from autograd.compiler.recording.literals import with_literals
from autograd.compiler.recording.tracing import Trace
from autograd.engine.loaded_modules import package_of
from autograd.engine.value import Value, inputs_and_partials

__all__ = ["Followed", "StateTrace", "Stop", "Unknown", "forms_of"]

MOST: Final = 400  # Values; with more, a state is too large to be compared at every decision
PLAIN: Final = (type(None), bool, int, str)
CONTAINERS: Final = (list, tuple, dict)
CALLABLE: Final = (FunctionType, BuiltinFunctionType, type)


class Unknown(Exception):
    """The state can't be known."""


class Stop(NamedTuple):
    """A decision: the state in which it was taken, the Values that it names, what was compared and
    what came out; how many nodes there were; for a conversion to int, the test that is all that
    becomes of the number."""

    state: Hashable
    values: list[Value]
    symbol: str
    a: Value
    b: Any
    outcome: Hashable
    place: int
    test: WholeNumberTest | None
    line: str


class Followed:
    """A closed function in a form that is followed: as it stands, or with literals."""

    def __init__(self, f: FunctionType, known: Closed, literals: Mapping[int, Value]) -> None:
        self.f = f
        self.code = f.__code__
        self.closed = known
        self.facts = Facts(known.code)  # whose instructions are the same, and whose constants show
        self.literals = literals


def forms_of(f: Any) -> list[Followed]:
    """Those of a function, the more general one first; none if it can't be followed."""
    known = closed(f)
    if known is None:
        return []
    # Of floats, sum keeps what is rounded off.
    found = None if known.has(sum) else with_literals(f)
    general = [] if found is None else [Followed(found[0], known, found[1])]
    return [*general, Followed(f, known, {})]


class StateTrace(Trace):
    """A recording of a closed function that keeps the state at every decision."""

    def __init__(
        self,
        arguments: Sequence[Value],
        names: Sequence[str],
        form: Followed,
    ) -> None:
        super().__init__(arguments, names)
        self.literals: Mapping[int, Value] = form.literals
        """The Values that stand for numbers in the function's code, by their id."""
        self.stops: list[Stop] = []
        self.is_known = True
        """Whether every state was."""
        self._form = form
        self._varying = [True] * len(arguments)
        self._before: tuple[int, str, int] = (-1, "", 0)  # the instruction, and its last decision

    def depends(self, x: Any) -> bool:
        """Whether a Value depends on what is not the same at every call."""
        if id(x) in self.literals or not isinstance(x, Value):
            return False
        if not self.tape.owns(x):
            return True
        nodes, known = self.tape.nodes, self._varying
        for node in nodes[len(known) : x._place + 1]:
            known.append(any(map(self._is_varying, inputs_and_partials(node)[0])))
        return known[x._place]

    def _is_varying(self, x: Any) -> bool:
        """The same, of what is known already."""
        if id(x) in self.literals or not isinstance(x, Value):
            return False
        return self._varying[x._place] if self.tape.owns(x) else True

    def decided(self, symbol: str, a: Value, b: Any, out: bool, line: str) -> None:
        """A decision, and where the function is."""
        super().decided(symbol, a, b, out, line)
        if not self.is_known:
            return
        try:
            self.stops.append(self._stop(symbol, a, b, out))
        except Unknown:
            self.is_known = False
            self.stops.clear()

    def _stop(self, symbol: str, a: Value, b: Any, out: bool) -> Stop:
        frame = self._frame()
        facts, offset = self._form.facts, frame.f_lasti
        if facts.rest(offset) != 0:
            raise Unknown
        test = None
        if facts.is_call(offset):
            if not facts.is_known_call(offset, found_by(self._form.f).get):
                raise Unknown
            test = facts.test_after(offset) if symbol == "int" else None
        elif not facts.compares(offset, symbol):
            raise Unknown
        # One conversion makes several decisions, of which that for the number is the last.
        last, told, count = self._before
        goes_on = last == offset and facts.is_call(offset) and told != "int"
        count = count + 1 if goes_on else 0
        self._before = offset, symbol, count
        if facts.is_choice(offset) and (symbol not in ("<", ">") or count):
            raise Unknown  # of lists
        names = facts.live(offset)
        held = {name: x for name, x in frame.f_locals.items() if name in names}
        reader = _Reader(self._form.closed, self)
        compared = [reader.read(a), "" if symbol == "int" else reader.read(b)]
        shown = [(name, reader.read(held[name])) for name in sorted(held)]
        outcome: Hashable = out
        if symbol == "int":
            outcome = ("int", b) if test is None else test.holds(b)
        state = (offset, count, symbol, tuple(compared), tuple(shown), test)
        decision = self.decisions[-1]
        return Stop(
            state, reader.values, symbol, a, b, outcome, decision.place, test, decision.line
        )

    def _frame(self) -> FrameType:
        """The function's own, if it is the one that decides."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and package_of(frame) == "autograd":
            frame = frame.f_back
        if frame is None or frame.f_code is not self._form.code or frame.f_back is None:
            raise Unknown
        if package_of(frame.f_back) != "autograd":  # it was called by itself, or in a way of C's
            raise Unknown
        return frame


class _Same:
    """An object, known by its identity, and kept for that."""

    def __init__(self, x: object) -> None:
        self._x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._x is other._x

    def __hash__(self) -> int:
        return id(self._x)


class _Reader:
    """Reads what names stand for; Values by which of them it is, the first first."""

    def __init__(self, f: Closed, trace: StateTrace) -> None:
        self.values: list[Value] = []
        self._f = f
        self._trace = trace
        self._numbers: dict[int, int] = {}
        self._containers: dict[int, int] = {}

    def read(self, x: Any) -> Hashable:
        """The same for what is the same but for the numbers. Raises Unknown for what is not only
        numbers, texts, lists and the like."""
        kind = type(x)
        if kind is Value:
            number = self._numbers.setdefault(id(x), len(self.values))
            if number == len(self.values):
                if number == MOST:
                    raise Unknown
                self.values.append(x)
            # What the function has from outside, its literals too, may come from there once more:
            # then it is what the name stands for in this state, and in no other.
            outside = None if self._trace.owns(x) else _Same(x)
            return number, self._trace.depends(x), outside
        if kind is float:
            if x != x:
                raise Unknown  # a list finds a NaN in itself by which object it is
            return float, struct.pack("d", x)
        if kind in PLAIN:
            return kind, x
        if kind in CONTAINERS:
            known = self._containers.get(id(x))
            if known is not None:
                return "again", known
            self._containers[id(x)] = len(self._containers)
            return kind, self._parts(x)
        if kind in CALLABLE and self._f.has(x):
            return _Same(x)
        raise Unknown

    def _parts(self, x: Any) -> tuple[Hashable, ...]:
        """What is in a container."""
        if type(x) is not dict:
            return tuple([self.read(part) for part in x])
        if not all(type(key) is str for key in x):
            raise Unknown
        return tuple([(key, self.read(part)) for key, part in x.items()])
