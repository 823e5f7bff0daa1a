"""What is asked about a picture, and what an answer is worth.

Asked are the numbers that backpropagation finds: local derivatives, messages, gradients, as far as
the picture shows them, in any order. What has been answered stays. A wrong answer is told which
slip it shows (see slips); a hint comes before the answer, and the answer when it is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Final

from autograd.drawing.number_text import figure
from autograd.drawing.value_boxes import DrawnGraph
from autograd.engine.text import PARTIAL, term
from autograd.exploring.hints import hint_for
from autograd.exploring.phrases import PHRASES
from autograd.exploring.slips import Asked, diagnosis, known_slips, shown_in_full

__all__ = ["Question", "Quiz", "questions_about", "tolerance"]

ARROW: Final = "\N{RIGHTWARDS ARROW}"
FORGIVEN: Final = 1e-3  # of a sum's or a product's terms: two factors rounded to four digits


@dataclass(slots=True)
class Question:
    """A number that is asked for.

    id: of its line in the picture. label: what it is called. given: what was answered last. status:
    "open", "wrong", "right" or "shown". said: about the last answer. alone: whether nothing has
    been given away, and no answer was wrong.
    """

    asked: Asked
    id: str
    label: str
    given: str = ""
    status: str = "open"
    said: str = ""
    alone: bool = True

    @property
    def closed(self) -> bool:
        """Whether its number is seen, because it was found or asked for."""
        return self.status in ("right", "shown")

    def as_data(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.asked.kind,
            "label": self.label,
            "given": self.given,
            "status": self.status,
            "said": self.said,
            "alone": self.alone,
        }


def tolerance(asked: Asked) -> float:
    """By how much an answer may differ. Where all that the number is made of is shown in full, it
    has to be that number, or that number as it is shown; where something is rounded to four digits,
    the error of reckoning with what is shown is forgiven, and no more."""
    if asked.rounded:
        return FORGIVEN * asked.scale
    if shown_in_full(asked.truth):
        return 1e-9 * abs(asked.truth)
    last_digit: float = 10.0 ** (math.floor(math.log10(abs(asked.truth))) - 3)
    return last_digit


def questions_about(graph: DrawnGraph, level: str) -> list[Question]:
    """All that the picture shows of the pass back, in the order of that pass; numbers that are not
    finite are not asked for."""
    found: list[Question] = []
    columns = graph.columns
    for i in reversed(range(len(graph.order))):
        node = graph.order[i]
        # d root/d node would be the local derivative too, where the root uses the node itself
        label = f"{graph.term(node)}.grad"
        found.append(Question(Asked(graph, "gradient", i), f"n{i}-grad", label))
        for j in columns.into(i):
            edge = graph.edges[j]
            output, parent = (
                graph.term(edge.output),
                term(graph.short_name(edge.parent, edge.output)),
            )
            which = graph.which_input(edge)
            ratio = f"{PARTIAL}{output}/{PARTIAL}{parent}{which}"
            if level != "small":
                asked = Asked(graph, "derivative", j)
                found.append(Question(asked, f"e{j}-derivative", ratio))
            if level == "full":
                label = f"{output} {ARROW} {parent}{which}"
                found.append(Question(Asked(graph, "message", j), f"e{j}-message", label))
    return [question for question in found if math.isfinite(question.asked.truth)]


@dataclass(slots=True)
class Quiz:
    """The questions about one picture and how far they have been answered."""

    questions: list[Question] = field(default_factory=list)

    def find(self, key: Any) -> Question | None:
        """The question about the line with this id."""
        return next((question for question in self.questions if question.id == key), None)

    @property
    def hidden(self) -> frozenset[str]:
        """The lines whose numbers are not seen yet."""
        return frozenset(x.id for x in self.questions if not x.closed)

    def follow(self, other: Quiz) -> None:
        """Take over how far the same questions have been answered."""
        before = {question.id: question for question in other.questions}
        for i, question in enumerate(self.questions):
            known = before.get(question.id)
            if known is not None and known.asked.truth == question.asked.truth:
                self.questions[i] = replace(known, asked=question.asked, label=question.label)

    def answer(self, question: Question, typed: str, number: float, lang: str) -> None:
        """Take an answer; right ones stay, whatever is answered later."""
        if question.closed:
            return
        words = PHRASES[lang]
        question.given = typed
        if abs(number - question.asked.truth) <= tolerance(question.asked):
            question.status = "right"
            question.given = figure(question.asked.truth)
            question.said = words["right"]
        else:
            question.status, question.alone = "wrong", False
            question.said = diagnosis(question.asked, number, lang) or words["unknown_slip"]

    def hint(self, question: Question, lang: str) -> None:
        """Say how the number is found, without saying it."""
        if not question.closed:
            question.alone = False
            question.said = hint_for(question.asked, lang)

    def reveal(self, question: Question, lang: str) -> None:
        """Show the number."""
        if not question.closed:
            question.status, question.alone = "shown", False
            question.given = figure(question.asked.truth)
            question.said = f"{PHRASES[lang]['shown']} {hint_for(question.asked, lang)}"

    def key(self, lang: str) -> list[dict[str, Any]]:
        """All that it takes to judge answers where nothing can be computed."""
        return [
            {
                "id": question.id,
                "kind": question.asked.kind,
                "label": question.label,
                "truth": question.asked.truth,
                "tolerance": tolerance(question.asked),
                "near": question.asked.nearness,
                "figure": figure(question.asked.truth),
                "hint": hint_for(question.asked, lang),
                "slips": known_slips(question.asked, lang),
            }
            for question in self.questions
        ]

    def score(self, lang: str) -> str:
        """How many are right, and how many of them without any help."""
        right = [x for x in self.questions if x.status == "right"]
        alone = sum(x.alone for x in right)
        shown = sum(x.status == "shown" for x in self.questions)
        words = PHRASES[lang]
        text = words["score"].format(right=len(right), all=len(self.questions), alone=alone)
        if shown:
            text += words["score_shown"].format(shown=shown)
        return text + (words["all_done"] if not self.hidden else "")

    def as_data(self, lang: str) -> dict[str, Any]:
        """For a front end."""
        found = [question.as_data() for question in self.questions]
        return {"questions": found, "score": self.score(lang), "done": not self.hidden}
