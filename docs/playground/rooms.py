"""What the page asks of Python: one message in, one answer out, both as JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from time import perf_counter
from typing import Any

import autograd
from playground.code_room import run_for_page
from playground.network_room import NetworkRoom, Settings

__all__ = ["answer", "begin", "run_for_page"]

network: NetworkRoom | None = None


def begin() -> None:
    """After Python's memory was restored: chance must not be the same for everyone."""
    random.seed()


def answer(message: str) -> str:
    """`{"do": name, ...}` in, the answer of that function out; `{"error": sentence}` where the
    request cannot be met."""
    request: dict[str, Any] = json.loads(message)
    try:
        found = DOES[request.pop("do")](**request)
    except (ValueError, TypeError, ArithmeticError) as error:
        found = {"error": str(error)}
    return json.dumps(found)


# -- the network room ------------------------------------------------------------------------------


def network_set(settings: dict[str, Any]) -> dict[str, Any]:
    """Other settings; a new network where they need one."""
    global network  # noqa: PLW0603  the room that the page is in
    wanted = Settings.of(settings)
    if network is None or network.settings.restarts(wanted):
        network = NetworkRoom(wanted)
    else:
        network.change(wanted)
    return {**network.described(), **_complete(network)}


def network_restart() -> dict[str, Any]:
    """The same network from its first step."""
    global network  # noqa: PLW0603
    network = NetworkRoom(_network().settings)
    return {**network.described(), **_complete(network)}


def network_steps(count: int, seconds: float, numbers: bool) -> dict[str, Any]:
    """Some training steps, and pictures drawn for so long; the numbers if they are asked for."""
    room = _network()
    began = perf_counter()
    for _ in range(count):
        room.step()
    spent = 1e3 * (perf_counter() - began)
    found: dict[str, Any] = room.frame() if numbers else {"steps": room.steps}
    found["milliseconds"] = spent
    if seconds > 0 and (pictures := room.pictures.advance(seconds)):
        found["pictures"] = pictures
    return found


def network_now() -> dict[str, Any]:
    """Everything there is to see at this moment."""
    return _complete(_network())


def network_why(name: str, sample: int | None = None) -> dict[str, Any]:
    return _network().why(name, sample)


def _network() -> NetworkRoom:
    if network is None:
        raise ValueError("there is no network yet: send its settings first")
    return network


def _complete(room: NetworkRoom) -> dict[str, Any]:
    room.pictures.rows = []
    pictures = None
    while pictures is None:
        pictures = room.pictures.advance(1.0)
    return {**room.frame(), "pictures": pictures}


def expression(key: str, formula: str, inputs: dict[str, float], language: str) -> dict[str, Any]:
    from autograd.cli.expressions import compute
    from autograd import draw
    e = compute(formula, inputs).root
    e.backward()
    return {"state": {"picture": draw(e).pipe("svg", encoding="utf-8")}}

def sample(sample: int, language: str) -> dict[str, Any]:
    from autograd import draw
    loss = _network().sample_loss(sample)
    loss.backward()
    return {"state": {"picture": draw(loss).pipe("svg", encoding="utf-8")}}

DOES: dict[str, Callable[..., Any]] = {
    "version": lambda: {"version": autograd.__version__},
    "network": network_set,
    "restart": network_restart,
    "steps": network_steps,
    "now": network_now,
    "why": network_why,
    "expression": expression,
    "sample": sample,
}
