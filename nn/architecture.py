"""How a model is built, in words that a file can hold, and what differs between two of them.

An architecture is a dict, path of a module -> its class and settings:

    {"": {"class": "nn.MLP"},
     "layer0": {"class": "nn.Layer", "n_inputs": 2, "n_outputs": 3, "activation": "tanh"}}

The settings of a class of the user's own are the arguments of its `__init__` that it keeps under
the same name, as far as JSON can say them. A class goes by its name alone, without its module: a
script and what imports it mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from typing import Any, TypeAlias

from nn.jsonio import encoded
from nn.validation import listed, name_of

__all__ = [
    "Architecture",
    "architecture_of",
    "check_architecture",
    "differences_between",
    "kept_arguments",
]

Entry: TypeAlias = dict[str, Any]
Architecture: TypeAlias = dict[str, Entry]

NESTED = 4
ENTRIES = 100
"""What goes beyond is data, not a setting."""


def architecture_of(modules: Iterable[tuple[str, Any]]) -> Architecture:
    """The classes and settings of modules, given with their paths, outer ones first.

    A neuron is left out where its layer says it all.
    """
    found: Architecture = {}
    for path, module in modules:
        entry = {"class": _class_name(type(module)), **encoded(module._settings())}
        if not _says_it_all(found.get(path.rpartition(".")[0], {}), entry):
            found[path] = entry
    return found


def _class_name(kind: type) -> str:
    return f"nn.{kind.__name__}" if kind.__module__.split(".")[0] == "nn" else kind.__name__


def _says_it_all(layer: Entry, neuron: Entry) -> bool:
    return neuron["class"] == "nn.Neuron" and all(
        layer.get(name, layer) == setting for name, setting in neuron.items() if name != "class"
    )


def kept_arguments(module: object) -> Entry:
    """The arguments of a module's `__init__` that it keeps in attributes of the same name."""
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    names = [
        p.name for p in signature(type(module).__init__).parameters.values() if p.kind in kinds
    ]
    told = {name: _told(kept) for name, kept in vars(module).items() if name in names}
    return {name: kept for name, kept in told.items() if kept is not _told}


def _told(x: Any, depth: int = 0) -> Any:
    """What JSON can say of a setting; this function itself for what it can't."""
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    if isinstance(x, (list, tuple, dict)) and depth < NESTED and len(x) <= ENTRIES:
        keys = list(x) if isinstance(x, dict) else range(len(x))
        entries = {str(key): _told(x[key], depth + 1) for key in keys}
        if _told in entries.values():
            return _told
        return entries if isinstance(x, dict) else list(entries.values())
    if callable(x) and hasattr(x, "__name__"):
        return function_named(x)
    return _told


def function_named(function: Callable[..., Any]) -> dict[str, str]:
    """A function goes by its name."""
    return {"function": name_of(function)}


# -- against a file --------------------------------------------------------------------------------


def check_architecture(found: Any) -> None:
    """Raises ValueError for what is no architecture."""
    if not isinstance(found, dict) or not isinstance(found.get(""), dict):
        raise ValueError(f"'architecture' must name the class of the model, got {found!r:.80}")
    for path, entry in found.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("class"), str):
            raise ValueError(f"'architecture' must have a class for {path!r}, got {entry!r:.80}")


def differences_between(
    theirs: Mapping[str, Mapping[str, Any]], ours: Mapping[str, Mapping[str, Any]]
) -> str:
    """In words; empty if there are none.

    >>> differences_between({"": {"class": "Net", "width": 3}}, {"": {"class": "Net", "width": 4}})
    'width is 3 in the file and 4 in the model'
    """
    found = []
    for path in {**theirs, **ours}:
        their, our = theirs.get(path, {}), ours.get(path, {})
        if not their or not our:
            found.append(_difference(f"'{path}'", their.get("class"), our.get("class")))
        elif their["class"] != our["class"]:
            where = f"'{path}'" if path else "it"
            found.append(_difference(where, their["class"], our["class"]))
        else:
            prefix = f"{path}." if path else ""
            found += [
                _difference(prefix + name, their.get(name), our.get(name))
                for name in {**their, **our}
                if their.get(name) != our.get(name)
            ]
    return listed(found, at_most=3)


def _difference(what: str, their: Any, our: Any) -> str:
    return f"{what} is {_shown(their)} in the file and {_shown(our)} in the model"


def _shown(x: Any) -> str:
    if isinstance(x, dict) and set(x) == {"function"}:
        return f"the function {x['function']!s:.80}"
    return "nothing" if x is None else f"{x!r:.80}"
