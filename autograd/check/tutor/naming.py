"""What the nodes of a graph are called: the names that the function's own variables have.

`v17` says nothing; the author thinks in the names of local variables. Only the frame of a call has
them, and it is complete at the moment of the return. `sys.setprofile` is what calls back at that
moment, for the function and for those that it calls. It has room for one: where a profiler is at
work already (cProfile), it is left alone, and no variable is read. The check finds the same, and
nodes without a label that are no arguments are called by their formulas (`w * 0.7 + b`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

from autograd.engine.loaded_modules import loaded
from autograd.engine.text import ELLIPSIS, formula, number, printable
from autograd.engine.value import Value
from autograd.transforms.tree import components

__all__ = ["Namer", "call_named", "few"]

WIDTH: Final = 40
DEPTH: Final = 4  # of a container that is looked into
HERE: Final = str(Path(__file__).parents[2])
LIBRARIES: Final = sys.stdlib_module_names | {"numpy", "scipy"}  # called by us too


def call_named(f: Callable[..., Any], args: Sequence[Any], found: dict[int, str]) -> Any:
    """f(*args), and names of Values in `found`, by id.

    The names are those of its local variables when it returns (`h`, `h[0]`), then those in the
    functions it calls, if they are called only once: `z` says nothing where every neuron has one.

    >>> def f(x):
    ...     square = x * x
    ...     return square + 1
    >>> found = {}
    >>> y = call_named(f, [Value(3.0)], found)
    >>> sorted(found.values())
    ['square', 'x']
    """
    frames: list[tuple[bool, Any, dict[str, Any]]] = []
    times: Counter[Any] = Counter()

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "return" and not _is_foreign(frame):
            outermost = frame.f_back is not None and frame.f_back.f_code is call_named.__code__
            times[code] += 1
            if outermost or times[code] == 1:
                frames.append((outermost, code, dict(frame.f_locals)))

    if sys.getprofile() is not None:
        return f(*args)
    sys.setprofile(note)
    try:
        result = f(*args)
    finally:
        sys.setprofile(None)
    for direct in (True, False):
        for outermost, code, variables in frames:
            if outermost == direct and (direct or times[code] == 1):
                _note(variables, found)
    return result


def _is_foreign(frame: FrameType) -> bool:
    """Whether it is no code of the user's, whose variables say something."""
    module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return frame.f_code.co_filename.startswith(HERE) or module in LIBRARIES


def _note(variables: Mapping[str, Any], found: dict[int, str]) -> None:
    taken = set(found.values())
    for variable, held in variables.items():
        if variable == "self":
            attributes = getattr(held, "__dict__", None)  # of a proxy, perhaps anything
            if isinstance(attributes, dict):
                _note(attributes, found)
        elif not variable.startswith((".", "_")) and isinstance(held, _nestings()):
            for name, path, x in components(held, variable):
                new = isinstance(x, Value) and id(x) not in found and name not in taken
                if new and len(path) <= DEPTH:
                    found[id(x)] = name
                    taken.add(name)


def _nestings() -> tuple[type, ...]:
    numpy = loaded("numpy")
    plain = (Value, list, tuple, dict)
    return plain if numpy is None else (*plain, numpy.ndarray)


class Namer:
    """Names for nodes: of the arguments, of variables, labels; else the formula, written out.

    >>> x = Value(3.0)
    >>> Namer({id(x): "x"})(x * x + 1)
    'x * x + 1'
    """

    def __init__(self, known: Mapping[int, str]) -> None:
        self.known = known
        self.written: dict[int, str] = {}

    def __call__(self, node: Any) -> str:
        if id(node) not in self.written:
            self.written[id(node)] = self._given(node) or self._formula(node, 3)
        return self.written[id(node)]

    def is_named(self, node: Any) -> bool:
        """Whether the user gave it a name."""
        return bool(self._given(node))

    def _given(self, node: Any) -> str:
        label = getattr(node, "label", None) or ""
        return self.known.get(id(node)) or (printable(label) if label.strip() else "")

    def listed(self, nodes: Sequence[Any]) -> str:
        """A few of them: `h[0], h[1] and 3 more`."""
        return few([self(node) for node in nodes])

    def _formula(self, node: Any, depth: int) -> str:
        if not node.op:
            return number(node.data, 6)

        def operand(x: Any) -> str:
            if self.is_named(x):
                return self(x)
            if depth == 0:
                return ELLIPSIS
            text = self._formula(x, depth - 1)
            return f"({text})" if _binds_less(x, node) else text

        text = formula(node, operand, lambda x: number(x, 6))
        return text if len(text) <= WIDTH or depth == 0 else self._formula(node, depth - 1)


def _binds_less(inner: Any, outer: Any) -> bool:
    """Whether a formula needs brackets inside another."""
    strength = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "//": 2, "**": 3}
    within = strength.get(inner.primitive.symbol if inner.primitive else "", 9)
    around = strength.get(outer.primitive.symbol, 0)
    return within < around or (within == around and outer.primitive.symbol not in "+*")


def few(names: Sequence[str], limit: int = 6) -> str:
    """`a, b and c`; of many, the first ones and how many more.

    >>> few(["a", "b", "c"]), few(list("abcdefgh"))
    ('a, b and c', 'a, b, c, d, e, f and 2 more')
    """
    names = list(dict.fromkeys(names))
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
