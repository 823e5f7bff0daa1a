"""What stands in a live picture, line by line, and what is seen of it while a quiz asks.

A line is seen in full only where all that it tells has been answered: `grad 2 + 3 = 5` tells two
messages, `2 × 3 = 6` a gradient and a local derivative.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from autograd.drawing.value_boxes import ARROW_LINES, BOX_LINES, DrawnGraph
from autograd.engine.graph import Edge

__all__ = ["UNKNOWN", "Lines", "Shown", "Spoken"]

UNKNOWN: Final = "?"
ON_ARROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "full": ("derivative", "message"),
    "medium": ("derivative",),
    "small": (),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A line. full: all of it. short: the number alone. unknown: while it is asked for. needs: the
    lines without which it is not seen in full."""

    full: str
    short: str
    unknown: str
    needs: tuple[str, ...] = ()

    def where(self, key: str, hidden: frozenset[str]) -> str:
        """What is seen of it while these lines are hidden."""
        if key in hidden:
            return self.unknown
        return self.full if hidden.isdisjoint(self.needs) else self.short


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a screen reader says of a box or an arrow: words, and then lines."""

    before: str
    lines: tuple[str, ...]


class Lines:
    """Everything that stands in the picture of a graph at a level of detail, by id. Lines of
    arrows that the picture has no room for are spoken all the same."""

    def __init__(self, graph: DrawnGraph, level: str) -> None:
        self.lines: dict[str, Shown] = {}
        self.spoken: dict[str, Spoken] = {}
        self.between = graph.words.sent_back  # the lines that are spoken of an arrow
        self._drawn = level
        words = graph.words
        for i, node in enumerate(graph.order):
            found = BOX_LINES[level](graph, node)
            value = next(line.text for line in found if line.colour == "value")
            grad = next(line.text for line in found if line.colour == "grad")
            short = words.grad.format(words.spelled(graph.gradient(node)))
            needs = tuple(f"e{j}-message" for j in graph.columns.above[i])
            self.lines[f"n{i}-value"] = Shown(value, value, value)
            self.lines[f"n{i}-grad"] = Shown(grad, short, words.grad.format(UNKNOWN), needs)
            before = words.spoken_value.format(title=graph.title(node), value=value)
            self.spoken[f"n{i}"] = Spoken(before, (f"n{i}-grad",))
        for j, edge in enumerate(graph.edges):
            self._of_edge(graph, j, edge)

    def _of_edge(self, graph: DrawnGraph, j: int, edge: Edge) -> None:
        derivative, message = (line.text for line in ARROW_LINES["full"](graph, edge))
        name, _, number = derivative.rpartition(" = ")
        spelled = graph.words.spelled
        unknown = f"{name} = {UNKNOWN}{number.removeprefix(spelled(edge.partial))}"
        own, sent = f"e{j}-derivative", f"e{j}-message"
        self.lines[own] = Shown(derivative, derivative, unknown)
        # Where messages are not asked for, they wait for what they are made of.
        short = spelled(graph.sent(edge)) if self._drawn == "full" else UNKNOWN
        needs = (own, f"n{graph.columns.outputs[j]}-grad")
        self.lines[sent] = Shown(message, short, UNKNOWN, needs)
        before = graph.words.from_to_output.format(
            parent=graph.term(edge.parent), output=graph.term(edge.output)
        )
        self.spoken[f"e{j}"] = Spoken(before, (own, sent))

    def drawn(self) -> Iterable[str]:
        """The ids of the lines that the picture has."""
        on_arrows = ON_ARROWS[self._drawn]
        return [key for key in self.lines if key[0] == "n" or key.endswith(on_arrows)]

    def texts(self, hidden: frozenset[str]) -> dict[str, str]:
        """Every line of the picture, and all that is spoken, by id."""
        seen = {key: line.where(key, hidden) for key, line in self.lines.items()}
        found = {key: seen[key] for key in self.drawn()}
        for key, spoken in self.spoken.items():
            found[key] = spoken.before + self.between.join(seen[line] for line in spoken.lines)
        return found
