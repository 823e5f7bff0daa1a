"""One thing that is explored, without any user interface: `state` and `receive` are all that a
front end needs, in a notebook, on a page or in a test.

A message that can't be followed changes nothing: the next moment is made whole before it takes the
place of the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from autograd.drawing.choosing import Limits
from autograd.drawing.number_text import figure
from autograd.drawing.picture_words import known_language
from autograd.engine.text import PARTIAL, printable
from autograd.exploring.error_phrases import error_in
from autograd.exploring.explorable import Source
from autograd.exploring.lines import UNKNOWN
from autograd.exploring.moments import Moment, veiled
from autograd.exploring.page_parts import colour_names
from autograd.exploring.phrases import PHRASES
from autograd.exploring.quiz import Question, Quiz, questions_about
from autograd.exploring.typed_numbers import NotANumber, typed_number
from autograd.exploring.wording import LANGUAGES

__all__ = ["Exploration"]

LEAST_REACH: Final = 2.0  # of a slider, on both sides of 0
STEPS: Final = 100  # of a slider, on each side
CAPTION: Final = 60  # characters of all gradients that are told above the picture
LOSSES: Final = 200  # that are kept
RATE: Final = 0.1
LIMITS: Final = Limits(200)

Reply = dict[str, Any]


class Refused(ValueError):
    """A message that can't be followed, and why."""


class Exploration:
    """A graph whose leaves can be moved, and whose gradients can be asked for.

    `state()` is a dict that tells all that is to be shown; `receive(message)` follows a message and
    replies with what is different now. Both can be written as JSON. The messages:

    `{"set": {"a": 2.5}}` moves leaves; numbers may be texts such as `"1/3"`. `{"descend": {"rate":
    0.1}}` makes one step of gradient descent. `{"reset": True}` goes back to the first numbers.
    `{"inspect": 3}` asks for the paths behind the gradient of a value, by its place in topological
    order, and `{"inspect": None}` for none. `{"language": "zh"}` changes what is said,
    `{"narrow": True}` how the picture is laid out: for a phone, and `False` for a page.

    `{"quiz": True}` hides what backpropagation finds and asks for it, `{"quiz": False}` ends that.
    `{"answer": {"question": "n1-grad", "text": "5"}}` answers a question, by the id of its line,
    `{"hint": "n1-grad"}` and `{"reveal": "n1-grad"}` ask for help.

    still: its numbers are not going to be moved, so the picture need not have room for longer ones.

    The reply has `texts`, by the ids of the picture's lines, or a new `picture` where the graph has
    another structure, or `error`: then nothing has changed.
    """

    def __init__(
        self,
        source: Source,
        *,
        descend: bool = False,
        quiz: bool = False,
        lang: str = "en",
        limits: Limits = LIMITS,
        still: bool = False,
    ) -> None:
        self.source = source
        self._limits = limits._replace(lang=known_language(lang))
        self._roomy = not still
        self.descends = descend
        self.rate = RATE
        self.narrow = False
        self.moment = self._at(source.start)
        self.losses = [self.moment.loss]
        self.place: int | None = None
        self.quiz: Quiz | None = None
        self._ask(quiz)

    @property
    def language(self) -> str:
        return self._limits.lang

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers of the leaves, by name."""
        return dict(self.moment.numbers)

    def resume(self, other: Exploration) -> None:
        """Go on where another exploration of the same graph was."""
        self._move(other.numbers)
        self.losses, self.rate = other.losses, other.rate
        self.quiz = other.quiz
        if self.quiz:
            before = self.quiz
            self._ask(True)
            self.quiz.follow(before)

    # -- what is shown -----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that there is to show."""
        return {
            "colours": colour_names(),
            **self._words(),
            **self._picture(),
            **self._changes(),
        }

    def _words(self) -> dict[str, Any]:
        words = {**LANGUAGES[self.language].page, **PHRASES[self.language]}
        return {"language": self.language, "words": words}

    def _picture(self) -> dict[str, Any]:
        moment = self.moment
        return {
            "picture": moment.picture.saying(moment.texts(self.hidden)),
            "narrowest": moment.picture.narrowest,
            "edges": moment.ends,
            "alt": moment.summary(self.language),
        }

    def _changes(self) -> dict[str, Any]:
        return {
            "texts": self.moment.texts(self.hidden),
            "caption": self._caption_of(gradients=not self.hidden),
            "controls": [self._control(name) for name in self.source.start],
            "descent": {"rate": self.rate, "losses": self.losses} if self.descends else None,
            "panel": self._panel(),
            "place": self.place,
            "narrow": self.narrow,
            "quiz": self.quiz.as_data(self.language) if self.quiz else None,
        }

    @property
    def hidden(self) -> frozenset[str]:
        """The lines that a quiz hides."""
        return self.quiz.hidden if self.quiz else frozenset()

    def _caption_of(self, gradients: bool) -> str:
        """`e = 6; ∂e/∂a = 2, ∂e/∂b = 5`, where that is short and wanted."""
        graph = self.moment.graph
        root = graph.term(graph.root)
        found = [
            f"{PARTIAL}{root}/{PARTIAL}{graph.term(x)} = {figure(graph.gradient(x))}"
            for x in graph.order
            if not x.op and x is not graph.root
        ]
        value, listed = f"{root} = {figure(graph.root.data)}", ", ".join(found)
        return f"{value}; {listed}" if gradients and listed and len(listed) <= CAPTION else value

    def _control(self, name: str) -> dict[str, Any]:
        number = self.moment.numbers[name]
        reach = max(_reach(self.source.start[name]), _reach(number / 2.0))
        place, gradient = self.moment.place_of(name), self.moment.gradient(name)
        return {
            "name": name,
            "label": printable(name, 24),
            "place": place,
            "value": number,
            "text": figure(number),
            "min": -reach,
            "max": reach,
            "step": reach / STEPS,
            "gradient": self._limits.words.grad.format(
                UNKNOWN if f"n{place}-grad" in self.hidden else figure(gradient)
            ),
        }

    def _panel(self) -> dict[str, Any] | None:
        if self.place is None:
            return None
        return veiled(self.moment.panel(self.place, LANGUAGES[self.language]), self.hidden)

    def saved(self) -> dict[str, Any]:
        """What a page needs besides the state to be a quiz without Python."""
        moment, words = self.moment, LANGUAGES[self.language]
        asking = self.quiz or Quiz(questions_about(moment.graph, moment.picture.level))
        return {
            "drawn": list(moment.lines.drawn()),
            "lines": {key: asdict(line) for key, line in moment.lines.lines.items()},
            "spoken": {key: asdict(spoken) for key, spoken in moment.lines.spoken.items()},
            "between": moment.lines.between,
            "panels": [moment.panel(i, words) for i in range(len(moment.graph.order))],
            "captions": [self._caption_of(gradients) for gradients in (False, True)],
            "questions": asking.key(self.language),
        }

    # -- what is done ------------------------------------------------------------------------------

    def receive(self, message: Any) -> Reply:
        """Follow a message; what is different now."""
        try:
            key, action, given = self._action(message)
            before = self.moment
            action(given)
        except NotANumber as problem:
            return {"error": problem.said(self.language)}
        except Refused as problem:
            return {"error": error_in(self.language, str(problem))}
        new = self.moment.picture is not before.picture
        spoken = self._words() if key == "language" else {}
        return {**spoken, **(self._picture() if new else {}), **self._changes()}

    def _action(self, message: Any) -> tuple[str, Callable[[Any], None], Any]:
        known: dict[str, Callable[[Any], None]] = self.actions()
        if not isinstance(message, Mapping) or len(message) != 1:
            raise Refused(f"a message has one key, of {', '.join(known)}")
        ((key, given),) = message.items()
        if key not in known:
            raise Refused(
                f"no message is called {printable(str(key), 40)}; there are {', '.join(known)}"
            )
        return key, known[key], given

    def actions(self) -> dict[str, Callable[[Any], None]]:
        """What can be done, by the key of its message."""
        return {
            "set": self._set,
            "descend": self._descend,
            "reset": self._reset,
            "inspect": self._inspect,
            "narrow": self._narrow,
            "language": self._speak,
            "quiz": self._ask,
            "answer": self._answer,
            "hint": self._hint,
            "reveal": self._reveal,
        }

    def _set(self, given: Any) -> None:
        if not isinstance(given, Mapping) or not given:
            raise Refused('"set" takes numbers by the names of the leaves, as in {"a": 2.5}')
        self._move({self._leaf(name): typed_number(x) for name, x in given.items()})
        self.losses = [*self.losses[:-1], self.moment.loss]

    def _leaf(self, name: Any) -> str:
        if name not in self.source.start:
            known = ", ".join(printable(x, 24) for x in self.source.start)
            raise Refused(
                f"nothing to move is called {printable(str(name), 40)}; there are {known}"
            )
        return str(name)

    def _descend(self, given: Any) -> None:
        if not isinstance(given, Mapping) or not self.descends:
            raise Refused('"descend" takes a step size, as in {"rate": 0.1}')
        rate = typed_number(given.get("rate", self.rate))
        moved = {
            name: self.moment.numbers[name] - rate * self.moment.gradient(name)
            for name in self.source.steered
        }
        for name, number in moved.items():
            if not math.isfinite(number):
                raise Refused(
                    f"the step would make {printable(name, 24)} {figure(number)}; take a smaller "
                    "step size, or start again"
                )
        self._move(moved)
        self.rate = rate
        self.losses = [*self.losses, self.moment.loss][-LOSSES:]

    def _reset(self, given: Any) -> None:
        if given is not True:
            raise Refused('"reset" takes true')
        self._move(self.source.start)
        self.losses = [self.moment.loss]

    def _move(self, numbers: Mapping[str, float]) -> None:
        every = {**self.moment.numbers, **numbers}
        try:
            moment = self._at(every, self.moment)
        except Exception as problem:
            raise Refused(_why(self.source.what, numbers, problem)) from problem
        if self.place is not None and moment.structure != self.moment.structure:
            self.place = None
        self.moment = moment
        if self.quiz:
            self._ask(True)

    def _at(self, numbers: Mapping[str, float], before: Moment | None = None) -> Moment:
        sizes = {"roomy": self._roomy, "narrow": self.narrow}
        return Moment(self.source, numbers, self._limits, before, **sizes)

    def _narrow(self, given: Any) -> None:
        if not isinstance(given, bool):
            raise Refused('"narrow" is true where there is as little room as on a phone, or false')
        if given is self.narrow:
            return
        self.narrow = given
        self._draw_anew()

    def _draw_anew(self) -> None:
        """The same moment in another picture."""
        self.moment = self._at(self.moment.numbers)
        if self.quiz:
            before = self.quiz
            self._ask(True)
            self.quiz.follow(before)

    def _inspect(self, given: Any) -> None:
        count = len(self.moment.graph.order)
        is_place = isinstance(given, int) and not isinstance(given, bool) and 0 <= given < count
        if given is not None and not is_place:
            raise Refused(f'"inspect" takes the place of a value, from 0 to {count - 1}, or null')
        self.place = given

    def _speak(self, given: Any) -> None:
        try:
            language = known_language(given)
        except ValueError as problem:
            raise Refused(str(problem)) from None
        if language != self.language:
            self._limits = self._limits._replace(lang=language)
            self._draw_anew()

    # -- questions ---------------------------------------------------------------------------------

    def _ask(self, given: Any) -> None:
        if not isinstance(given, bool):
            raise Refused('"quiz" is true, to be asked, or false')
        graph, level = self.moment.graph, self.moment.picture.level
        self.quiz = Quiz(questions_about(graph, level)) if given else None

    def _answer(self, given: Any) -> None:
        if not isinstance(given, Mapping) or given.keys() != {"question", "text"}:
            raise Refused('"answer" takes a question and a text: {"question": id, "text": "5"}')
        quiz, question = self._question(given["question"])
        number = typed_number(given["text"])
        typed = given["text"] if isinstance(given["text"], str) else figure(number)
        quiz.answer(question, printable(typed.strip(), 30), number, self.language)

    def _hint(self, given: Any) -> None:
        quiz, question = self._question(given)
        quiz.hint(question, self.language)

    def _reveal(self, given: Any) -> None:
        quiz, question = self._question(given)
        quiz.reveal(question, self.language)

    def _question(self, key: Any) -> tuple[Quiz, Question]:
        if self.quiz is None:
            raise Refused('nothing is asked; {"quiz": true} begins a quiz')
        question = self.quiz.find(key)
        if question is None:
            raise Refused(f"no question is called {printable(str(key), 40)}")
        return self.quiz, question


def _why(what: str, numbers: Mapping[str, float], problem: Exception) -> str:
    where = ", ".join(
        f"{printable(name, 24)} = {figure(x)}" for name, x in list(numbers.items())[:3]
    )
    said = printable(str(problem), 200) or type(problem).__name__
    return f"{what} has no value where {where}: {said}"


def _reach(number: float) -> float:
    """How far a slider goes to both sides of 0: twice the number, as 1, 2 or 5 times a power of
    ten.

    >>> _reach(1.0), _reach(2.0), _reach(-30.0)
    (2.0, 5.0, 100.0)
    """
    wanted = max(2.0 * abs(number), LEAST_REACH)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next((m * power for m in (1.0, 2.0, 5.0) if m * power >= wanted), 10.0 * power)
