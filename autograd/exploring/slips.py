"""Which slip a wrong answer shows.

What people take for a number that backpropagation finds is mostly another number of the same
picture: the local derivative for the message, one message for the sum of all. Those are told first.
The rest is what `check_grad` knows of gradients by hand (check/tutor): wrong rules, lost paths,
signs and factors. No diagnosis says the number that is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from autograd.check.tutor.common_mistakes import (
    SIGN,
    LocalDerivative,
    rules_applied,
    written_rules,
)
from autograd.check.tutor.faults_in_rules import rules_for_many, single_rules, without_factor
from autograd.check.tutor.hypotheses import GradientCase
from autograd.check.tutor.naming import Namer
from autograd.check.tutor.recorded_graph import RecordedGraph
from autograd.check.tutor.search import find_slips
from autograd.drawing.value_boxes import DrawnGraph
from autograd.engine.locks import cached_property
from autograd.exploring.phrases import PHRASES
from autograd.exploring.tutor_phrases import in_chinese

__all__ = ["Asked", "diagnosis", "known_slips", "shown_in_full"]

EXACT: Final = 1e-9  # how far numbers may be apart that are taken for the same,
ROUNDED: Final = 1e-3  # and where what is shown is rounded
LARGEST: Final = 200  # edges of a graph in which the tutor looks for slips
SAVED: Final = 40  # edges of a graph for which that is done beforehand: a second or two
TOLD: Final = 60  # slips of one number that are known beforehand

Slip = tuple[float, str]  # what is answered, and what to say


class Asked:
    """A number of the picture that is asked for.

    kind: "gradient" of the node, or "derivative" or "message" of the edge, at `place`. truth: the
    number. scale: what it would be if nothing cancelled. rounded: whether something that it is made
    of is not shown in full.
    """

    def __init__(self, graph: DrawnGraph, kind: str, place: int) -> None:
        self.graph, self.kind, self.place = graph, kind, place
        columns = graph.columns
        if kind == "gradient":
            self.node: Any = graph.order[place]
            self.truth: float = graph.gradient(self.node)
            self.terms = [graph.messages[j] for j in columns.above[place]]
            parts = self.terms
            self.scale = math.fsum(map(abs, self.terms)) or abs(self.truth)
        else:
            self.edge = graph.edges[place]
            self.node = self.edge.parent
            self.partial: float = columns.partials[place]
            self.adjoint: float = graph.gradient(self.edge.output)
            self.truth = self.partial if kind == "derivative" else graph.messages[place]
            parts = [self.partial, self.adjoint]
            if kind == "derivative":
                parts = [x.data for x in self.edge.output.parents] + [self.edge.output.data]
            self.scale = abs(self.truth)
        self.rounded = not all(map(shown_in_full, parts))

    def name(self, node: Any) -> str:
        """As part of a formula."""
        return self.graph.term(node)

    def same(self, x: float, y: float) -> bool:
        """Whether an answer is meant to be this number."""
        return math.isclose(x, y, rel_tol=self.nearness)

    @property
    def nearness(self) -> float:
        """How far apart, relatively, two numbers may be that are taken for the same."""
        return ROUNDED if self.rounded else EXACT

    @property
    def outputs(self) -> list[Any]:
        """Whom the node hears from, in the order of their messages."""
        return [self.graph.edges[j].output for j in self.graph.columns.above[self.place]]

    @cached_property
    def rules(self) -> list[tuple[LocalDerivative, float, str]]:
        """What is written in the place of the edge's local derivative, with the words for it."""
        columns = self.graph.columns
        return [
            (local, value, text)
            for local in rules_applied(columns, columns.outputs[self.place])
            if local.edges[0] == self.place
            for _, value, text, _ in written_rules(local, self.edge.output)
        ]


def shown_in_full(x: float) -> bool:
    """Whether the digits of the picture say all of a number."""
    return not math.isfinite(x) or math.isclose(float(f"{x:.4g}"), x, rel_tol=1e-12) or x == 0.0


def diagnosis(asked: Asked, x: float, lang: str = "en") -> str:
    """What to say of a wrong answer; nothing where no slip is known that gives this number."""
    return _told(asked, x, _mixed_up(asked, lang), lang)


def _told(asked: Asked, x: float, mixed_up: Iterable[Slip], lang: str) -> str:
    for number, text in mixed_up:
        if asked.same(x, number) and not asked.same(number, asked.truth):
            return text
    if _is_close(asked, x):
        return PHRASES[lang]["close"]
    return _tutored(asked, x, lang) if asked.kind == "gradient" else ""


def _is_close(asked: Asked, x: float) -> bool:
    """Whether an answer is the number rounded, or cut off, after three digits or a wrong fourth."""
    truth = asked.truth
    if truth == 0.0 or math.isclose(float(f"{truth:.3g}"), truth, rel_tol=EXACT):
        return False
    return abs(x - truth) < 10.0 ** (math.floor(math.log10(abs(truth))) - 2)


def _three_digits(truth: float) -> list[float]:
    """A number rounded after three digits, and cut off there."""
    mantissa, power = f"{truth:.17e}".split("e")
    digits = 5 if truth < 0.0 else 4  # with the sign and the point
    return [float(f"{truth:.3g}"), float(f"{mantissa[:digits]}e{power}")]


def known_slips(asked: Asked, lang: str = "en") -> list[Slip]:
    """Wrong answers whose slip is known, with what to say, for a page on which nothing can be
    computed."""
    mixed_up = list(_mixed_up(asked, lang))
    numbers = [number for number, _ in mixed_up]
    if asked.kind == "gradient" and len(asked.graph.edges) <= SAVED:
        numbers += _slipped_gradients(asked)
    numbers += _three_digits(asked.truth)
    found: dict[float, str] = {}
    for x in numbers:
        if math.isfinite(x) and x not in found and not asked.same(x, asked.truth):
            text = _told(asked, x, mixed_up, lang)
            if text:
                found[x] = text
        if len(found) == TOLD:
            break
    return list(found.items())


# -- other numbers of the picture ------------------------------------------------------------------


def _mixed_up(asked: Asked, lang: str) -> Iterator[Slip]:
    words = PHRASES[lang]
    if asked.kind == "gradient":
        yield from _instead_of_gradient(asked, words)
    elif asked.kind == "message":
        yield from _instead_of_message(asked, words, lang)
    else:
        yield from _instead_of_derivative(asked, words, lang)


def _instead_of_gradient(asked: Asked, words: Any) -> Iterator[Slip]:
    node, name, terms = asked.node, asked.name(asked.node), asked.terms
    if node is asked.graph.root:
        yield node.data, words["slip_value"].format(name=name)
        yield 0.0, words["slip_seed"]
        yield -asked.truth, words["slip_sign"]
        return
    outputs = [asked.name(output) for output in asked.outputs]
    if len(terms) > 1:
        several = {"name": name, "outputs": words["listed"].join(outputs), "count": len(terms)}
        users = asked.outputs
        twice = [sum(x is y for y in users) > 1 for x in users]  # as the factors of y * y
        for output, sent, again in zip(outputs, terms, twice, strict=True):
            key = "slip_one_use" if again else "slip_one_path"
            yield sent, words[key].format(output=output, **several)
        for k, left_out in enumerate(outputs):
            rest = math.fsum(terms[:k] + terms[k + 1 :])
            key = "slip_use_left_out" if twice[k] else "slip_left_out"
            yield rest, words[key].format(left=left_out, **several)
        yield math.prod(terms), words["slip_multiplied"].format(**several)
        yield math.fsum(terms) / len(terms), words["slip_mean"].format(**several)
        yield terms[0] - math.fsum(terms[1:]), words["slip_subtracted"].format(**several)
    partials = [asked.graph.columns.partials[j] for j in asked.graph.columns.above[asked.place]]
    yield -asked.truth, words["slip_sign"]
    yield math.fsum(partials), words["slip_no_adjoint"].format(name=name)
    adjoints = [asked.graph.gradient(output) for output in asked.outputs]
    yield math.fsum(adjoints), words["slip_no_partial"].format(name=name)
    yield node.data, words["slip_value"].format(name=name)


def _instead_of_message(asked: Asked, words: Any, lang: str) -> Iterator[Slip]:
    output, parent = asked.name(asked.edge.output), asked.name(asked.edge.parent)
    both = {"output": output, "parent": parent}
    adjoint, partial = asked.adjoint, asked.partial
    yield -asked.truth, words["slip_sign"]
    yield partial, words["slip_only_partial"].format(**both)
    yield adjoint, words["slip_only_adjoint"].format(**both)
    yield adjoint + partial, words["slip_added"].format(**both)
    yield asked.edge.output.data * partial, words["slip_value_times"].format(**both)
    for local, value, text in asked.rules:
        yield adjoint * value, words["slip_rule"].format(rule=_rule(local, text, lang), **both)
    for j in asked.graph.columns.into(asked.graph.columns.outputs[asked.place]):
        if j != asked.place:
            other = asked.name(asked.graph.edges[j].parent)
            yield asked.graph.messages[j], words["slip_other_message"].format(other=other, **both)
    whole = asked.graph.gradient(asked.edge.parent)
    yield whole, words["slip_whole"].format(**both)
    yield asked.edge.parent.data, words["slip_value"].format(name=parent)


def _instead_of_derivative(asked: Asked, words: Any, lang: str) -> Iterator[Slip]:
    node, parent = asked.edge.output, asked.edge.parent
    both = {"output": asked.name(node), "parent": asked.name(parent)}
    yield -asked.truth, words["slip_sign"]
    if node.op in ("mul", "dot"):
        yield parent.data, words["slip_own_factor"].format(**both)
        yield node.data, words["slip_product"].format(**both)
        yield 1.0, words["slip_as_sum"].format(**both)
    if node.op in ("add", "sum"):
        constants = [x for x in node.inputs if not hasattr(x, "parents")]
        for x in (*constants, parent.data, node.data):
            yield x, words["slip_sum_rule"].format(**both)
        yield 0.0, words["slip_sum_rule"].format(**both)
    for local, value, text in asked.rules:
        yield value, words["slip_rule"].format(rule=_rule(local, text, lang), **both)
    for j in asked.graph.columns.into(asked.graph.columns.outputs[asked.place]):
        if j != asked.place:
            other = asked.name(asked.graph.edges[j].parent)
            number = asked.graph.columns.partials[j]
            yield number, words["slip_other_input"].format(other=other, **both)
    yield asked.adjoint * asked.partial, words["slip_message"].format(**both)
    yield asked.adjoint, words["slip_adjoint"].format(**both)
    yield node.data, words["slip_value"].format(name=both["output"])
    yield parent.data, words["slip_value"].format(name=both["parent"])


def _rule(local: LocalDerivative, text: str, lang: str) -> str:
    name = {"square": "x**2", "pow_const": "x**n", "div": "a/b"}.get(local.op, local.op)
    return f"{name}: {text if lang == 'en' else in_chinese(text)}"


# -- what check_grad knows -------------------------------------------------------------------------


def _case(asked: Asked, answered: float) -> GradientCase:
    graph = asked.graph
    recorded = RecordedGraph(graph.root, [asked.node])
    name = Namer({id(node): graph.term(node) for node in graph.order})
    names = [name(asked.node)]
    return GradientCase(recorded, names, [(0,)], name, [answered], asked.nearness)


def _tutored(asked: Asked, x: float, lang: str) -> str:
    if len(asked.graph.edges) > LARGEST or asked.node is asked.graph.root:
        return ""
    slip = find_slips(_case(asked, x), [0], [])[0]
    words = PHRASES[lang]
    if slip.kind == SIGN:  # of a part: that of the whole is told before
        return words["slip_sign_of_one"]
    if slip.kind in ("unknown", "not finite", "no path", "rounded"):
        return ""  # which tell the derivative, or nothing of the way to it
    english = slip.text[:1].upper() + slip.text[1:]
    return words["slip_tutored"].format(text=english if lang == "en" else in_chinese(slip.text))


def _slipped_gradients(asked: Asked) -> list[float]:
    """What the gradient would be with each slip that is tried on the graph."""
    case = _case(asked, asked.truth)
    tried = [*single_rules(case), *without_factor(case), *rules_for_many(case)]
    found = [hypothesis.gradient[0] for hypothesis in tried]
    return [*found, 2.0 * asked.truth, 0.5 * asked.truth, 0.0]
