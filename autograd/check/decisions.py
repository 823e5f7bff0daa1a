"""What a function decides by its numbers, and where it lets them out of the graph.

A derivative follows the operations that ran. It says nothing of the comparisons that chose them: a
bisection gets nearer to its root by comparisons alone, `1.0 if x == 1 else x**2` is a constant at 1
for who only sees the branch taken. The function is therefore run once more, watched as a recording
for `jit` is, and every comparison, conversion to int, `.data` and `no_grad` noted with its line.
Runs close by show which of the decisions come out otherwise there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final

from autograd.check.point import Point
from autograd.check.tutor.naming import Namer, call_named
from autograd.engine.graph import Graph
from autograd.engine.loaded_modules import quietly
from autograd.engine.modes import caller_line, plain_arithmetic, record_lines, traced_by
from autograd.engine.text import number, place, printable, source_at
from autograd.engine.value import UNRECORDED, Value

__all__ = ["Decisions"]

STEPS: Final = (1e-9, 1e-6, 1e-3, 1e-1)  # of 1, or |x|: how far away is close by
OFTEN: Final = 3  # decisions on one line, from which on it is a loop
TOLD: Final = 2  # lines
TRIED: Final = 10  # components for which runs close by are made

ROUNDINGS: Final = {"round": "round", "floor": "math.floor", "ceil": "math.ceil"}

ITERATION: Final = (
    "if this is an iteration towards a root or a fixed point (bisection, Newton), implicit_root "
    "and implicit_fixed_point know the derivative of what it finds"
)


@dataclass(frozen=True, slots=True)
class _Decision:
    """What came out at a line: of a comparison (`kind` is its symbol), a conversion ("int", or of
    some "digits") or a selection ("where"); or how a number left the graph ("escapes", "cut")."""

    kind: str
    operands: tuple[Any, ...]
    out: Any
    line: str

    @property
    def is_choice(self) -> bool:
        return self.kind not in ("escapes", "cut")

    def recurs(self, other: _Decision | None) -> bool:
        """Whether another run came out alike here."""
        return other is not None and (self.kind, self.line, self.out) == (
            other.kind,
            other.line,
            other.out,
        )


@dataclass
class _Run:
    """One call of the function on these seeds, as a tracer that only listens."""

    seeds: list[Value]
    decisions: list[_Decision] = field(default_factory=list)
    shown: str = "<number>"  # in the place of a number, where a Value is printed

    def made(self, node: Value) -> None:
        if node.op == "where" and isinstance(node.inputs[0], Value):
            with plain_arithmetic():
                holds = bool(node.inputs[0])
            self._note("where", (node.inputs[0],), holds, caller_line())
        elif node.op == "stop_gradient":
            self._note("cut", (node,), None, node.line or "")

    def decided(self, symbol: str, a: Any, b: Any, out: bool, line: str) -> None:
        self._note(symbol, (a, b), b if symbol == "int" else out, line)

    def escapes(self, node: Any, how: str, line: str) -> None:
        kind = "digits" if "round(" in how else "escapes"
        self._note(kind, (node,), how, line)

    def looks(self, node: Value, where: str, line: str) -> None:
        """The function looks at the graph, which is no number."""

    def raised(self, name: str, error: BaseException) -> None:
        """A user's primitive has raised; the function may catch it."""

    def varies(self, nodes: Any) -> bool:
        """Whether derivatives taken inside the function have to be graphs: what is compared may be
        one."""
        return True

    def _note(self, kind: str, operands: tuple[Any, ...], out: Any, line: str) -> None:
        self.decisions.append(_Decision(kind, operands, out, line))


class Decisions:
    """What a function decides by numbers at a point."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._names: dict[int, str] = {}
        self._base = self._run(point.numbers)
        named = zip(self._base.seeds, point.names, strict=True)
        self._name = Namer(self._names | {id(seed): name for seed, name in named})
        operands = [x for one in self._base.decisions for x in one.operands]
        self._graph = Graph([x for x in operands if isinstance(x, Value)])
        self._tried = 0

    def ways_out(self, i: int) -> list[str]:
        """Where numbers that depend on a component leave the graph, by `.data` and the like."""
        found = [one for one in self._depending(i) if not one.is_choice]
        return list(dict.fromkeys(map(self._left, found)))[:TOLD]

    def choices(self, i: int) -> list[str]:
        """The decisions by a component that come out otherwise close by, or else all of them; and
        what to do if they are those of an iteration."""
        found = [one for one in self._depending(i) if one.is_choice]
        times = Counter((one.kind, one.line) for one in found)
        blamed = self._other_close_by(i, found) or found
        once = list({(one.kind, one.line): one for one in reversed(blamed)}.values())[::-1]
        said = [self._chosen(one, times[one.kind, one.line]) for one in once[:TOLD]]
        if any(times[one.kind, one.line] >= OFTEN for one in once[:TOLD]):
            said.append(ITERATION)
        return said

    # -- runs --------------------------------------------------------------------------------------

    def _run(self, numbers: Sequence[float], named: bool = True) -> _Run:
        run = _Run([Value(x) for x in numbers])
        arguments = self._point.arguments(run.seeds)
        names = self._names if named else {}
        with quietly(), record_lines(), traced_by(run):
            try:
                call_named(self._point.f, arguments, names)
            except Exception:  # noqa: BLE001 (what came before is of interest all the same)
                return run
        return run

    def _depending(self, i: int) -> list[_Decision]:
        """The decisions that depend on a component."""
        depends = self._graph.dependents([self._base.seeds[i]])
        place_of = self._graph.place
        return [
            one
            for one in self._base.decisions
            if any(isinstance(x, Value) and depends[place_of[id(x)]] for x in one.operands)
        ]

    def _other_close_by(self, i: int, choices: Sequence[_Decision]) -> list[_Decision]:
        """Those among these that come out otherwise at the nearest points at which any does."""
        if not choices or self._tried == TRIED:
            return []
        self._tried += 1
        numbers = list(self._point.numbers)
        x = numbers[i]
        known = set(map(id, choices))
        for step in STEPS:
            found = []
            for near in (x - step * max(1.0, abs(x)), x + step * max(1.0, abs(x))):
                there = self._run([*numbers[:i], near, *numbers[i + 1 :]], named=False).decisions
                pairs = zip_longest(self._base.decisions, there)
                first = next((a for a, b in pairs if a is None or not a.recurs(b)), None)
                found += [first] if id(first) in known and first is not None else []
            if found:
                return found
        return []

    # -- in words ----------------------------------------------------------------------------------

    def _left(self, one: _Decision) -> str:
        """How a number leaves the graph."""
        (node,) = one.operands
        if one.kind == "escapes":
            return f"it {one.out} of {self._name(node)}{_at(one.line)}"
        what = "in a no_grad block" if one.line.endswith(UNRECORDED) else "by detach()"
        return f"it cuts {self._name(node.inputs[0])} off {what}{_at(one.line)}"

    def _chosen(self, one: _Decision, times: int) -> str:
        """A decision, with what it is about."""
        often = f", {times:,} times" if times > 1 else ""
        if one.kind == "where":
            asked = one.operands[0]
            said = f"where takes its side by {self._name(asked)} = {number(asked.data, 6)}"
        elif one.kind == "digits":
            said = f"round({self._name(one.operands[0])}, ndigits)"
        elif one.kind == "int":
            said = f"the conversion {self._converted(one.operands[0])} to {one.out}"
        else:
            a, b = map(self._operand, one.operands)
            said = f"the comparison {a} {one.kind} {b}, {'true' if one.out else 'false'} here"
        return f"{said}{_at(one.line)}{often}"

    def _converted(self, rounded: Value) -> str:
        """What stands in the source: the rounding of `int` is made of three operations."""
        if rounded.op in ROUNDINGS:
            return f"{ROUNDINGS[rounded.op]}({self._name(rounded.inputs[0])})"
        return f"int({self._name(rounded.inputs[1])})"

    def _operand(self, x: Any) -> str:
        return self._name(x) if isinstance(x, Value) else number(float(x), 6)


def _at(line: str) -> str:
    """Where it is, and what it says there."""
    source = source_at(line)
    said = f": {printable(source, 80)}" if source else ""
    return f" ({printable(place(line.removesuffix(UNRECORDED)), 200)}{said})" if line else ""
