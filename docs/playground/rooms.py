"""What the page asks of Python: one message in, one answer out, both as JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from time import perf_counter
from typing import Any

from autograd.exploring import Exploration, exercise
from autograd.exploring.exercise import Level
from playground.code_room import run_for_page
from playground.expression_room import ExpressionRoom
from playground.in_chinese import in_chinese, paths_in_chinese, refusal_in_chinese
from playground.network_room import NetworkRoom, Settings

__all__ = ["answer", "begin", "run_for_page"]

MOST_PARAMETERS = 40  # of a network whose samples are explored


def begin() -> None:
    """After Python's memory was restored: chance must not be the same for everyone."""
    random.seed()


class Rooms:
    """The rooms of one page; a method is what a request can ask for."""

    expression_room: ExpressionRoom
    network_room: NetworkRoom | None = None

    def __init__(self) -> None:
        self.explored: dict[str, Exploration] = {}

    # -- the expression room -----------------------------------------------------------------------

    def expression(
        self, formula: str, inputs: dict[str, Any], language: str, quiz: bool = False
    ) -> dict[str, Any]:
        """Another formula; what there is to show of it."""
        self.expression_room = room = ExpressionRoom(formula, inputs, language, quiz)
        self.explored["expression"] = room.exploration
        return {"state": room.exploration.state()}

    def exercise(self, level: Level) -> dict[str, Any]:
        """A formula whose every step can be done in the head, and its numbers."""
        found = exercise(level=level)
        return {"formula": found.formula, "inputs": found.inputs}

    def player(self, language: str, narrow: bool = False) -> dict[str, Any]:
        return self.expression_room.player(language, narrow)

    def explained(self, language: str = "en") -> dict[str, Any]:
        found = self.expression_room.explained()
        return {"reasons": [_said_in(language, reason) for reason in found["reasons"]]}

    def explore(self, key: str, message: dict[str, Any]) -> dict[str, Any]:
        """A message to what is explored."""
        return self.explored[key].receive(message)

    # -- the network room --------------------------------------------------------------------------

    def network(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Other settings; a new network where they need one."""
        wanted = Settings.of(settings)
        room = self.network_room
        if room is None or room.settings.restarts(wanted):
            self.network_room = room = NetworkRoom(wanted)
        else:
            room.change(wanted)
        return {**room.described(), **complete(room)}

    def restart(self) -> dict[str, Any]:
        """The same network from its first step."""
        self.network_room = room = NetworkRoom(self._trained().settings)
        return {**room.described(), **complete(room)}

    def steps(self, count: int, seconds: float, numbers: bool) -> dict[str, Any]:
        """Some training steps, and pictures drawn for so long; the numbers if they are asked
        for."""
        room = self._trained()
        began = perf_counter()
        for _ in range(count):
            room.step()
        spent = 1e3 * (perf_counter() - began)
        found: dict[str, Any] = room.frame() if numbers else {"steps": room.steps}
        if seconds > 0 and (pictures := room.pictures.advance(seconds)):
            found["pictures"] = pictures
        return {**found, "milliseconds": spent}

    def now(self) -> dict[str, Any]:
        """Everything there is to see at this moment."""
        return complete(self._trained())

    def why(self, name: str, sample: int | None = None, language: str = "en") -> dict[str, Any]:
        return _said_in(language, self._trained().why(name, sample))

    def sample(self, sample: int, language: str) -> dict[str, Any]:
        """The graph of the loss of a sample, to be explored; drawn as a picture, neuron by neuron,
        where every parameter by itself would be too much to look at."""
        room = self._trained()
        if len(room.parameters) > MOST_PARAMETERS:
            return {"html": room.drawn(sample, language)}
        found = Exploration(room.explored(sample), descend=True, lang=language)
        self.explored["sample"] = found
        return {"state": found.state()}

    def _trained(self) -> NetworkRoom:
        if self.network_room is None:
            raise ValueError("there is no network yet: send its settings first")
        return self.network_room


def _said_in(language: str, reason: dict[str, Any]) -> dict[str, Any]:
    """The text of `explain` and the table of `paths`, for a page in that language."""
    if language != "zh":
        return reason
    return {
        **reason,
        "text": in_chinese(reason["text"]),
        "paths": paths_in_chinese(reason["paths"]),
    }


def complete(room: NetworkRoom) -> dict[str, Any]:
    """The numbers and pictures of one and the same moment."""
    return {**room.frame(), "pictures": room.pictures.whole()}


# -- messages --------------------------------------------------------------------------------------

rooms = Rooms()
REQUESTS: dict[str, Callable[..., dict[str, Any]]] = {
    name: getattr(rooms, name)
    for name, found in vars(Rooms).items()
    if callable(found) and not name.startswith("_")
}


def answer(message: str) -> str:
    """`{"do": name, ...}` in, what that gives out; `{"error": sentence}` where the request cannot
    be met, in the language of its "speak"."""
    request: dict[str, Any] = json.loads(message)
    language = request.pop("speak", "en")
    try:
        found = REQUESTS[request.pop("do")](**request)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        said = str(error)
        found = {"error": refusal_in_chinese(said) if language == "zh" else said}
    return json.dumps(found)
