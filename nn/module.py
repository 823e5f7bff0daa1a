"""What every model shares: finding its parameters, naming them, and keeping them in a file.

A model is a class with Values in its attributes. `Module` finds them, in lists, tuples, dicts,
NumPy arrays and other modules too, in the order in which they were assigned.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, ClassVar

from autograd import Value
from nn.jsonio import FilePath, decoded, write_json
from nn.validation import as_float, counted, listed

__all__ = ["Module", "members"]

_STAND_INS: Counter[int] = Counter()
"""The ids of Values that stand in for parameters, in `parameters_as`: leaves or not."""


class Module:
    """The base of every model.

    A parameter is a leaf Value held in an attribute. Values that are the result of an operation are
    not parameters, so a module may keep its last output.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.intercept = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.intercept
    >>> line = Line()
    >>> line.state_dict()
    {'slope': 2.0, 'intercept': 1.0}
    >>> line
    Line(2 parameters)
    """

    short_names: ClassVar[Mapping[str, str]] = {}
    """Attribute -> its name in those of the parameters: with "weights": "w" they are w0, w1 ..."""

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter once, with its name, in the order of assignment.

        A shared parameter goes by the first of its names. A parameter without a label gets its
        name as its label, so that diagrams and messages tell parameters apart.

        >>> from nn import Neuron
        >>> [name for name, parameter in Neuron(2).named_parameters()]
        ['w0', 'w1', 'b']
        """
        named: dict[str, Value] = {}
        for name, parameter in _leaves_of(self, "", set()):
            if name in named:
                raise ValueError(f"{type(self).__name__} has two parameters called {name!r}")
            named[name] = parameter
            if parameter.label is None:
                parameter.label = name
        return list(named.items())

    def parameters(self) -> list[Value]:
        """Every parameter once, in order."""
        return [parameter for _, parameter in self.named_parameters()]

    @contextmanager
    def parameters_as(self, values: Sequence[Any]) -> Iterator[None]:
        """Inside the block the model computes with these numbers or Values, one for each of
        `parameters()` in order, so that it can be differentiated as a function of them.

        Raises ValueError for another number of them. (PyTorch's functional_call.)

        >>> from autograd import grad
        >>> from nn import Neuron
        >>> neuron = Neuron.from_weights([0.25, 0.5], 1.0, "linear")
        >>> def response(p):
        ...     with neuron.parameters_as(p):
        ...         return neuron([3.0, 4.0])
        >>> grad(response)([1.0, 1.0, 1.0])
        [3.0, 4.0, 1.0]
        """
        parameters = self.parameters()
        if len(values) != len(parameters):
            raise ValueError(
                f"{self!r} needs a value for each parameter, got {counted(len(values), 'value')}"
            )
        new = {id(p): value for p, value in zip(parameters, values, strict=True)}
        undo: list[tuple[dict[str, Any], str, Any]] = []
        stand_ins = Counter(map(id, values))
        _STAND_INS.update(stand_ins)
        try:
            _replace(self, new, undo, set())
            yield
        finally:
            _STAND_INS.subtract(stand_ins)
            for i in stand_ins:
                if not _STAND_INS[i]:
                    del _STAND_INS[i]
            for attributes, name, held in undo:
                attributes[name] = held

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, float]:
        """The numbers of the model: name -> float."""
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Take the numbers of another model of the same shape.

        Raises ValueError if a name is missing or unknown, TypeError if a value is not a number;
        then nothing changes.

        >>> from nn import MLP
        >>> a, b = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
        >>> a.load_state_dict(b.state_dict())
        >>> a.state_dict() == b.state_dict()
        True
        """
        self._load(state, "the state")

    def save(self, path: FilePath) -> None:
        """Write the numbers to a JSON file, exactly.

        A file that is there is replaced in one go or, if anything fails, left as it is. NaN and the
        infinities become the strings "nan", "inf" and "-inf".
        """
        write_json(path, {"module": repr(self), "parameters": self.state_dict()})

    def load(self, path: FilePath) -> None:
        """Read back what `save` wrote, into a model of the same shape.

        Raises ValueError or TypeError, naming the file and the culprit, if it does not fit; then
        nothing changes.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
            state = {name: decoded(x) for name, x in document["parameters"].items()}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"{os.fspath(path)!r} was not written by Module.save ({error!r})"
            ) from error
        self._load(state, f"{os.fspath(path)!r} (saved from {document.get('module')!r:.200})")

    def _load(self, state: Mapping[str, float], source: str) -> None:
        named = self.named_parameters()
        missing = [name for name, _ in named if name not in state]
        unknown = list(set(state) - {name for name, _ in named})
        if missing or unknown:
            raise ValueError(
                f"{source} does not fit {self!r}: {len(state)} names against {len(named)}"
                + _named("; missing", missing)
                + _named("; not in the model", sorted(unknown, key=str))
            )
        loaded = [as_float(repr(name), state[name]) for name, _ in named]
        for (_, parameter), number in zip(named, loaded, strict=True):
            parameter.data = number

    def __repr__(self) -> str:
        return f"{type(self).__name__}({counted(len(self.parameters()), 'parameter')})"


def members(holder: Any) -> Iterator[tuple[str, Any]]:
    """What a module or container holds, each with its name there."""
    if isinstance(holder, Module):
        for attribute, held in vars(holder).items():
            short = holder.short_names.get(attribute)
            if short and isinstance(held, (list, tuple)):
                yield from ((f"{short}{i}", entry) for i, entry in enumerate(held))
            else:
                yield short or attribute, held
    elif isinstance(holder, dict):
        yield from ((str(key), entry) for key, entry in holder.items())
    elif isinstance(holder, (list, tuple)):
        yield from ((str(i), entry) for i, entry in enumerate(holder))
    elif str(getattr(holder, "dtype", "")) == "object":  # a NumPy array of Values
        yield from ((str(i), entry) for i, entry in enumerate(holder.flat))


def _leaves_of(holder: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Value]]:
    """The leaf Values below a module or container, with qualified names; each object once."""
    for name, held in members(holder):
        if id(held) in seen:
            continue
        if isinstance(held, Value):
            seen.add(id(held))
            if not held.op or _STAND_INS[id(held)] > 0:
                yield prefix + name, held
        elif not isinstance(held, (int, float, str)):
            seen.add(id(held))
            yield from _leaves_of(held, f"{prefix}{name}.", seen)


def _replace(
    held: Any, new: Mapping[int, Any], undo: list[tuple[dict[str, Any], str, Any]], seen: set[int]
) -> Any:
    """`held` with other parameters: modules changed in place, containers copied."""
    if isinstance(held, Value):
        return new.get(id(held), held)
    if isinstance(held, Module):
        if id(held) not in seen:
            seen.add(id(held))
            attributes = vars(held)
            for name, inner in list(attributes.items()):
                other = _replace(inner, new, undo, seen)
                if other is not inner:
                    undo.append((attributes, name, inner))
                    attributes[name] = other
        return held
    if isinstance(held, dict):
        return _like(held, {key: _replace(x, new, undo, seen) for key, x in held.items()})
    if isinstance(held, (list, tuple)):
        entries = [_replace(x, new, undo, seen) for x in held]
        if all(a is b for a, b in zip(entries, held, strict=True)):
            return held
        if isinstance(held, tuple):
            return getattr(type(held), "_make", type(held))(entries)
        out = copy(held)  # of its own kind
        out[:] = entries
        return out
    if str(getattr(held, "dtype", "")) == "object":
        out = held.copy()
        out.flat[:] = [_replace(x, new, undo, seen) for x in held.flat]
        return out
    return held


def _like(held: dict[Any, Any], entries: dict[Any, Any]) -> dict[Any, Any]:
    if all(entries[key] is held[key] for key in held):
        return held
    out = copy(held)
    out.update(entries)
    return out


def _named(title: str, names: list[str]) -> str:
    return f"{title} {listed(list(map(repr, names)), at_most=3)}" if names else ""
