"""What every model shares: finding its parameters, naming them, and keeping them in a file.

A model is a class with Values in its attributes. `Module` finds them, in lists, tuples, dicts,
NumPy arrays and other modules too, in the order in which they were assigned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, cast

from autograd import Value
from nn.architecture import kept_arguments
from nn.foreign_names import attribute_hint
from nn.jsonio import FilePath
from nn.model_file import (
    check_fits,
    fitting_numbers,
    read_model_file,
    source_of,
    write_model_file,
)
from nn.output_meaning import Meaning, read_meaning
from nn.stand_ins import StandIns
from nn.validation import counted

__all__ = ["Module", "computes", "members"]

F = TypeVar("F", bound=Callable[..., Any])


def _of_a_model(load: F) -> F:
    """With an error of its own where it is called on the class, which PyTorch Lightning has so."""

    @wraps(load)
    def called(*args: Any, **keywords: Any) -> Any:
        if not (args and isinstance(args[0], Module)):
            raise TypeError(
                "load reads numbers into a model that is built: model.load(path); nn.load(path) "
                "makes the model from its file"
            )
        return load(*args, **keywords)

    return cast("F", called)


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

    if TYPE_CHECKING:
        forward: Any

    short_names: ClassVar[Mapping[str, str]] = {}
    """Attribute -> its name in those of the parameters: with "weights": "w" they are w0, w1 ..."""

    buffers: ClassVar[Sequence[str]] = ()
    """Attributes, lists of numbers, that belong to the state though no training moves them."""

    training: bool = True
    """Whether it is being trained, for `Dropout`; `train()` and `eval()` set it."""

    meaning: Meaning | None = None
    """What its outputs mean, once `fit` has trained it: for `nn.predict`, and for its file."""

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Every parameter once, with its name, in the order of assignment.

        A shared parameter goes by the first of its names. A parameter without a label gets its
        name as its label, so that diagrams and messages tell parameters apart.

        >>> from nn import Neuron
        >>> [name for name, parameter in Neuron(2).named_parameters()]
        ['w0', 'w1', 'b']
        """
        found = _Leaves()
        found.add_below(self, "")
        return list(zip(found.labelled(type(self).__name__), found.leaves, strict=True))

    def parameters(self) -> list[Value]:
        """Every parameter once, in order."""
        found = _Leaves()
        found.add_below(self, "")
        if None in map(LABEL, found.leaves):
            found.labelled(type(self).__name__)
        return found.leaves

    def parameters_as(self, values: Sequence[Any]) -> AbstractContextManager[Any]:
        """Inside the block the model computes with these numbers or Values, one for each of
        `parameters()` in order, so that it can be differentiated as a function of them.

        The parameters themselves stay as they are: in other threads and asyncio tasks the model
        computes with them, or with stand-ins of their own. Raises ValueError for another number of
        values. (PyTorch's functional_call.)

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
        return with_stand_ins(self, parameters, values)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with its path; its own is "".

        >>> from nn import MLP
        >>> [path for path, module in MLP(1, [1]).named_modules()]
        ['', 'layer0', 'layer0.neuron0']
        """
        return _modules_of(self, "", set())

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it into training mode, which `Dropout` asks for."""
        for _, module in _modules_of(self, "", set()):
            if module.training != mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all below it into the mode for predictions, without dropout."""
        return Module.train(self, False)

    def state_dict(self) -> dict[str, float]:
        """The numbers of the model: name -> float."""
        return {name: number.data for name, number in self._numbers()}

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
        self._set_numbers(fitting_numbers(self, self._names(), state, "the state"))

    def save(self, path: FilePath) -> None:
        """Write the model to a JSON file: how it is built, and its numbers, exactly.

        A file that is there is replaced in one go or, if anything fails, left as it is. NaN and the
        infinities become the strings "nan", "inf" and "-inf". `nn.load` makes the model from it.
        """
        write_model_file(path, self)

    @_of_a_model
    def load(self, path: FilePath) -> None:
        """Read back the numbers that `save` wrote, into a model that is built alike.

        Raises ValueError or TypeError, naming the file and the culprit, if it does not fit: another
        class, size or activation, a shared weight; then nothing changes. (What a class of your own
        is made with is compared as far as its attributes are called as the arguments of its
        `__init__`.)
        """
        document = read_model_file(path)
        self._load_document(document, source_of(path, document))

    def _load_document(self, document: Mapping[str, Any], source: str) -> None:
        """The numbers and the meaning in a model's file, once all of it is known to fit."""
        check_fits(document, self, source)
        self._set_numbers(
            fitting_numbers(self, self._names(), document["parameters"], source, coded=True)
        )
        self.meaning = read_meaning(document.get("meaning"))

    def _settings(self) -> dict[str, Any]:
        """What it is made with, besides its parameters and the modules in it."""
        return kept_arguments(self)

    def _numbers(self) -> Iterator[tuple[str, Value | _Entry]]:
        """The parameters, and the numbers in the buffers, by name."""
        yield from self.named_parameters()
        yield from self._buffer_entries()

    def _buffer_entries(self) -> Iterator[tuple[str, _Entry]]:
        for path, module in _modules_of(self, "", set()):
            for buffer in type(module).buffers:
                numbers = getattr(module, buffer)
                prefix = f"{path}.{buffer}" if path else buffer
                yield from ((f"{prefix}.{i}", _Entry(numbers, i)) for i in range(len(numbers)))

    def _names(self) -> list[str]:
        return [name for name, _ in self._numbers()]

    def _set_numbers(self, numbers: Sequence[float]) -> None:
        for (_, entry), number in zip(list(self._numbers()), numbers, strict=True):
            entry.data = number

    def _shared_paths(self) -> Iterator[tuple[str, str]]:
        """The second path, and the first, of what is there more than once."""
        return _repeats_of(self, "", {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` gives, in a class that defines that (as in PyTorch) and not `__call__`."""
        if not hasattr(self, "forward"):
            raise TypeError(f"{type(self).__name__} has neither __call__ nor forward: define one")
        return self.forward(*args, **kwargs)

    if not TYPE_CHECKING:  # which would believe in every name

        def __getattr__(self, name: str) -> Any:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message + attribute_hint(name), name=name, obj=self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({counted(len(self.parameters()), 'parameter')})"


class _Entry:
    """A number in a list, with the interface of a Value."""

    def __init__(self, numbers: list[float], i: int) -> None:
        self.numbers, self.i = numbers, i

    @property
    def data(self) -> float:
        return self.numbers[self.i]

    @data.setter
    def data(self, number: float) -> None:
        self.numbers[self.i] = number


def with_stand_ins(
    model: Module, parameters: Sequence[Value], values: Sequence[Any]
) -> AbstractContextManager[Any]:
    """`parameters_as`, of parameters that are known already."""
    return _STAND_INS.block(model, parameters, values)


def computes(model: object) -> bool:
    """Whether it can be called with a row of data."""
    if isinstance(model, Module) and type(model).__call__ is Module.__call__:
        return hasattr(model, "forward")
    return callable(model)


def members(holder: Any, without_numbers: bool = False) -> Iterator[tuple[str, Any]]:
    """What a module or container holds, each with its name there; of a module perhaps without the
    entries of lists of numbers and Values, of which there may be thousands."""
    if isinstance(holder, Module):
        for attribute, held in vars(holder).items():
            if without_numbers and isinstance(held, list) and NUMBERS.issuperset(map(type, held)):
                continue
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


class _Leaves:
    """The leaf Values below a module or container, each once, in order. Their names, of which there
    may be a hundred thousand, are put together when they are asked for."""

    def __init__(self) -> None:
        self.leaves: list[Value] = []
        self._prefixes: list[tuple[str, int]] = []
        """The beginning of a name, and how many it is followed by a number of; 0 is a whole one."""
        self._seen: set[int] = set()

    def names(self) -> list[str]:
        """A qualified name for each."""
        found: list[str] = []
        for prefix, count in self._prefixes:
            found += [f"{prefix}{i}" for i in range(count)] if count else [prefix]
        return found

    def labelled(self, owner: str) -> list[str]:
        """The names, after each that has no label was given its own as one. ValueError if two of
        the owner's have the same."""
        names = self.names()
        if len(set(names)) < len(names):
            [(name, _)] = Counter(names).most_common(1)
            raise ValueError(f"{owner} has two parameters called {name!r}")
        for name, parameter in zip(names, self.leaves, strict=True):
            if parameter.label is None:
                parameter.label = name
        return names

    def add_below(self, holder: Any, prefix: str) -> None:
        """Those of a module or container, whose names begin with this."""
        if type(holder) is list and _are_leaves(holder) and self._are_new(holder):
            self.leaves += holder  # at once: there may be thousands
            self._prefixes.append((prefix, len(holder)))
            return
        is_module = isinstance(holder, Module)
        short_names = holder.short_names if is_module else {}
        for name, held in vars(holder).items() if is_module else members(holder):
            short = short_names.get(name)
            if short and isinstance(held, (list, tuple)):  # whose entries are called so
                self.add_below(held, prefix + short)
                continue
            place = id(held)
            if place in self._seen:
                continue
            if isinstance(held, Value):
                self._seen.add(place)
                if not held.op or _STAND_INS.is_one(held):
                    self.leaves.append(held)
                    self._prefixes.append((prefix + (short or name), 0))
            elif not isinstance(held, (int, float, str)):
                self._seen.add(place)
                self.add_below(held, f"{prefix}{short or name}.")

    def _are_new(self, entries: list[Any]) -> bool:
        """Whether they are all different, and none of them was seen before; now they were."""
        seen = self._seen
        if not seen.isdisjoint(map(id, entries)):
            return False
        before = len(seen)
        seen.update(map(id, entries))
        if len(seen) - before == len(entries):
            return True
        seen.difference_update(map(id, entries))
        return False


def _are_leaves(entries: list[Any]) -> bool:
    return set(map(type, entries)) == {Value} and not any(map(OP, entries))


def _modules_of(holder: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
    """The modules in a module or container, itself first, with their paths; each once."""
    if isinstance(holder, Module):
        yield path, holder
        seen.add(id(holder))
    for name, held in members(holder, without_numbers=True):
        if id(held) not in seen and not isinstance(held, (Value, int, float, str)):
            seen.add(id(held))
            yield from _modules_of(held, f"{path}.{name}" if path else name, seen)


def _repeats_of(holder: Any, path: str, paths: dict[int, str]) -> Iterator[tuple[str, str]]:
    """Path -> first path of each module, container or parameter that is met again."""
    paths[id(holder)] = path
    for name, held in members(holder):
        inner = f"{path}.{name}" if path else name
        if isinstance(held, (int, float, str, bytes, type(None))):
            continue
        if id(held) in paths:
            if isinstance(held, (Value, Module)) and not name.startswith("_"):
                yield inner, paths[id(held)]
        elif isinstance(held, Value):
            if not held.op:
                paths[id(held)] = inner
        else:
            yield from _repeats_of(held, inner, paths)


NUMBERS = frozenset([Value, int, float])
OP = attrgetter("op")
LABEL = attrgetter("label")
_STAND_INS = StandIns(Module)
