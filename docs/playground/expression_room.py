"""The expression room: a formula whose numbers move, its steps, and why its gradients are what they
are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autograd import Value, explain, paths, steps
from autograd.exploring import Exploration, explorable
from autograd.reading.expressions import compute

__all__ = ["ExpressionRoom"]


class ExpressionRoom:
    """One formula, explored."""

    def __init__(
        self, formula: str, inputs: Mapping[str, Any], language: str, quiz: bool = False
    ) -> None:
        self.formula = formula
        source = explorable(formula, (), inputs)
        try:
            self.exploration = Exploration(source, descend=True, quiz=quiz, lang=language)
        except ValueError as error:
            raise _without_arguments(error) from None

    def _computed(self) -> tuple[Value, list[Value]]:
        """The graph at the numbers of the moment, after one backward pass; its inputs."""
        numbers = self.exploration.numbers
        found = compute(self.formula, numbers)
        found.root.backward()
        return found.root, [found.named[name] for name in numbers]

    def player(self, language: str, narrow: bool = False) -> dict[str, str]:
        """The computation step by step, as HTML; for a phone from top to bottom."""
        root, _ = self._computed()
        rankdir = "TB" if narrow else "auto"
        return {"html": steps(root, rankdir=rankdir, lang=language).html()}

    def explained(self) -> dict[str, Any]:
        """For each input, why its gradient is what it is, and the paths behind it."""
        root, inputs = self._computed()
        return {
            "reasons": [
                {
                    "name": x.label,
                    "text": explain(x, root).text,
                    "paths": paths(root, x)._repr_mimebundle_()["text/html"],
                }
                for x in inputs
            ]
        }


def _without_arguments(error: ValueError) -> ValueError:
    """Of a graph too large to be shown: without advice on arguments, which a page has not."""
    found = re.match(r"(.*), more than max_nodes=(\d+)", str(error))
    if not found:
        return error
    return ValueError(
        f"{found[1]}, more than the {found[2]} that a page shows; try a shorter formula"
    )
