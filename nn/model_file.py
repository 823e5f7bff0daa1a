"""The file of a model: what it is, how it is built, and its numbers.

    {"module": "MLP(2 → 1, tanh, 3 parameters)",   for a reader
     "architecture": {"": {"class": "nn.MLP"}, "layer0": {"class": "nn.Layer", ...}},
     "shared": {},                                 a second path -> the first, of the same thing
     "meaning": {"loss": "mse_loss", ...},         what `fit` has learned about the outputs
     "parameters": {"layer0.neuron0.w0": 0.25, ...}}

Files of 0.1.0 have no architecture. Everything is checked before a model changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from nn.architecture import architecture_of, check_architecture, differences_between
from nn.jsonio import FilePath, read_json, read_number, write_json
from nn.output_meaning import meaning_of, read_meaning
from nn.validation import as_float, listed

__all__ = [
    "UNREADABLE",
    "check_description",
    "check_fits",
    "described",
    "fitting_numbers",
    "read_model_file",
    "said",
    "source_of",
    "write_model_file",
]

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading text as JSON, and JSON as one of our files, may raise."""


def said(error: Exception) -> str:
    """What an error says, for the one that names the file."""
    return str(error) or type(error).__name__


def described(model: Any) -> dict[str, Any]:
    """All but the numbers."""
    paths = list(model.named_modules())
    meaning = meaning_of(model)
    return {
        "module": repr(model),
        "architecture": architecture_of(paths),
        "shared": dict(model._shared_paths()),
        "meaning": None if meaning is None else meaning.as_json(),
    }


def write_model_file(path: FilePath, model: Any) -> None:
    write_json(path, {**described(model), "parameters": model.state_dict()})


def read_model_file(path: FilePath) -> dict[str, Any]:
    """The document, checked in itself. Raises ValueError, naming the file, for any other."""
    try:
        document = read_json(path)
        check_description(document)
    except UNREADABLE as error:
        name = repr(os.fspath(path))
        raise ValueError(f"{name} was not written by Module.save: {said(error)}") from error
    return document


KNOWN = {"module", "architecture", "shared", "meaning", "parameters", "training", "digest"}


def check_description(document: dict[str, Any]) -> None:
    """Raises ValueError for what does not describe a model."""
    if not isinstance(document.get("parameters"), dict):
        raise ValueError("it has no 'parameters'")
    if unknown := sorted(document.keys() - KNOWN):
        raise ValueError(f"it has an entry {unknown[0]!r:.80}, which no model has")
    if "architecture" not in document:  # as in files of 0.1.0
        return
    check_architecture(document["architecture"])
    read_meaning(document.get("meaning"))
    if not isinstance(document.get("module"), str):
        raise ValueError("it has no text as 'module'")
    shared = document.get("shared")
    if not isinstance(shared, dict) or not all(isinstance(x, str) for x in shared.values()):
        raise ValueError(f"'shared' must name a path for each path, got {shared!r:.80}")


def source_of(path: FilePath, document: Mapping[str, Any]) -> str:
    """What messages call a file."""
    return f"{os.fspath(path)!r} (saved from {document.get('module')!r:.200})"


def check_fits(document: Mapping[str, Any], model: Any, source: str) -> None:
    """Raises ValueError if `document` is of a model that is built otherwise."""
    if "architecture" not in document:
        _check_drawn(document.get("module"), model, source)
        return
    ours = described(model)
    found = differences_between(document["architecture"], ours["architecture"])
    if not found and document["shared"] != ours["shared"]:
        odd = sorted({*document["shared"].items()} ^ {*ours["shared"].items()})
        found = "other parts are shared: " + listed([f"{a!r} with {b!r}" for a, b in odd], 2)
    if found:
        theirs, our_count = len(document["parameters"]), len(model.state_dict())
        counts = f"{theirs} numbers against {our_count}; " if theirs != our_count else ""
        raise ValueError(f"{source} does not fit {model!r}: {counts}{found}")


def _check_drawn(theirs: Any, model: Any, source: str) -> None:
    """Files of 0.1.0 say in words what they are of; of a class of ours, exactly."""
    exact = type(model).__module__ == "nn.layers"
    if exact and isinstance(theirs, str) and theirs != repr(model):
        raise ValueError(f"{source} does not fit {model!r}: it is of another model")


def fitting_numbers(
    model: Any, names: Iterable[str], state: Mapping[str, Any], source: str, coded: bool = False
) -> list[float]:
    """A number for each of the names, in order; `coded`, with JSON's strings for infinities.

    Raises ValueError for missing and unknown names, TypeError for what is no number.
    """
    wanted = list(names)
    missing = [name for name in wanted if name not in state]
    unknown = list(set(state) - set(wanted))
    if missing or unknown:
        raise ValueError(
            f"{source} does not fit {model!r}: {len(state)} names against {len(wanted)}"
            + _named("; missing", missing)
            + _named("; not in the model", sorted(unknown, key=str))
        )
    if coded:
        return [read_number(f"{source}: {name!r}", state[name]) for name in wanted]
    return [as_float(repr(name), state[name]) for name in wanted]


def _named(title: str, names: list[str]) -> str:
    return f"{title} {listed(list(map(repr, names)), at_most=3)}" if names else ""
