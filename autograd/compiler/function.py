"""jit: a function recorded once per path and replayed as machine code.

The first call with arguments of a new structure runs the function on Values and records what it
does. Later calls run the compiled program, which evaluates the function's decisions (guards) along
with its arithmetic. Where a decision comes out differently the function is recorded again and both
paths are kept. So the result is always that of the function itself; only the work of Python is
saved.
"""

from __future__ import annotations

import inspect
import threading
import time
import warnings
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, update_wrapper
from typing import Any, Final

from autograd.compiler.binding import Bound
from autograd.compiler.calling import Entry, Unsupported, entry
from autograd.compiler.interpreter import can_interpret
from autograd.compiler.kernels import Kernel
from autograd.compiler.lowering import lowered
from autograd.compiler.machine import require
from autograd.compiler.passes import optimised
from autograd.compiler.program import Program
from autograd.compiler.tracing import Recorded, RecordingError, Trace, read_off
from autograd.modes import MODES, tracer, watching
from autograd.primitives import describe
from autograd.tree import Structure, flatten
from autograd.value import Value

__all__ = ["Jitted", "jit"]

ENTRIES: Final = 4  # how many paths are tried before Python takes over
SHORT: Final = 400  # instructions; compiled in some 10 milliseconds
LONG: Final = 20_000  # instructions; the machine code of more is no faster than the interpreter


@cache
def _background() -> ThreadPoolExecutor:
    """One thread, for compiling while the interpreter runs."""
    return ThreadPoolExecutor(1, "chainrule-compiler")


def jit(
    f: Callable[..., Any], *, static_argnames: str | Iterable[str] = (), max_paths: int = 100
) -> Jitted:
    """The function that gives what `f` gives, as plain floats, computed by machine code.

    `f` takes numbers in any nesting (lists, tuples, dicts, arrays), may use any Python control
    flow, and may itself be a transform: `jit(grad(f))`. Arguments named in `static_argnames` are
    not traced: any hashable object, one compiled form for each. Values that `f` captures are read
    at every call. Called with Values it behaves as `f`.

    Raises RecordingError (a TypeError), naming the line, where a result would depend on a number
    that left the recording (`.data`, `.grad`), or where two recordings differ (random numbers, the
    time, `id`); ImportError without llvmlite. More than `max_paths` paths of one structure are not
    kept: a RuntimeWarning says which decision splits them, and the function runs uncompiled there.

    >>> from autograd import grad, jit
    >>> slope = jit(grad(lambda x: x * x if x > 0 else -x))
    >>> slope(3.0), slope(-3.0), slope(4.0)
    (6.0, -1.0, 8.0)
    """
    return Jitted(f, static_argnames, max_paths)


class Path:
    """One way through a function: its program, and the machine code of it."""

    def __init__(
        self, recorded: Recorded, outputs: Structure, arguments: Sequence[Any], result: Any
    ) -> None:
        self.outputs = outputs
        self._arguments = arguments  # the first ones, and what came of them: examples of their kind
        self._result = result
        self.outcomes = [guard.outcome for guard in recorded.program.guards]
        self.program = optimised(recorded.program)
        self.instructions = lowered(self.program)
        self.captured = recorded.captured
        self._kernel: Kernel | None = None
        self._better: Future[Kernel] | None = None
        self.is_kept = False

    @property
    def kernel(self) -> Kernel:
        """The machine code, made when it is first needed: at once for a short program; a longer one
        is interpreted until its machine code is ready, in the background, and one that would not
        fit the processor's instruction cache is interpreted for good."""
        if self._kernel is None:
            size = self.instructions.operations
            interpreted = size > SHORT and can_interpret(self.instructions)
            entry = self._entry()
            self._kernel = Kernel(self.instructions, entry, interpreted)
            if interpreted and size <= LONG:
                self._better = _background().submit(Kernel, self.instructions, entry)
        elif self._better is not None and self._better.done():
            self._kernel, self._better = self._better.result(), None
        return self._kernel

    def when_better(self, then: Callable[[], None]) -> None:
        """Do something when the machine code is ready that is being made in the background."""
        if self._better is not None:
            self._better.add_done_callback(lambda _: then())

    def _entry(self) -> Entry | None:
        try:
            return entry(self.instructions, self._arguments, self.captured, self._result)
        except Unsupported:
            return None

    def run(self, numbers: Sequence[float]) -> tuple[int, list[float]]:
        """-1 and the results, or the guard that failed."""
        captured = [value.data for value in self.captured] if self.captured else ()
        return self.kernel([*numbers, *captured])


class Variant:
    """The compiled forms for arguments of one structure: the paths, last used first."""

    def __init__(self, structure: Structure, names: Sequence[str]) -> None:
        self.structure = structure
        self.names = names
        self.paths: list[Path] = []
        self.warned = False

    def run(self, numbers: Sequence[float]) -> tuple[Path | None, list[float]]:
        """The path of these arguments and its results; None if there is none yet."""
        candidates = self.paths
        while candidates:
            path = candidates[0]
            failed, results = path.run(numbers)
            if failed < 0:
                if path is not self.paths[0]:
                    self.paths = [path, *[p for p in self.paths if p is not path]]
                return path, results
            taken = path.outcomes[: failed + 1]
            # Another path of these arguments made the same decisions before this one.
            candidates = [
                p
                for p in candidates
                if p.outcomes[:failed] == taken[:failed] and p.outcomes[failed] != taken[failed]
            ]
        return None, []


class Jitted:
    """What `jit` returns; called like the function."""

    def __init__(
        self, f: Callable[..., Any], static_argnames: str | Iterable[str], max_paths: int
    ) -> None:
        require()
        if not callable(f):
            raise TypeError(f"jit takes a function, got {describe(f)}")
        if type(max_paths) is not int or max_paths < 1:
            raise ValueError(f"max_paths is a whole number from 1, got {describe(max_paths)}")
        names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
        self.f: Final = f
        self.max_paths: Final = max_paths
        self._signature = _signature(f)
        self._static = frozenset(names)
        _check_static(self._static, self._signature)
        self._variants: dict[Hashable, Variant] = {}
        self._entries: list[Callable[..., Any]] = []
        self._lock = threading.RLock()
        self._recording_seconds = 0.0
        update_wrapper(self, f, updated=())

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if MODES.active == 0 and not keywords:
            for enter in self._entries:
                result = enter(*args)
                if result is not NotImplemented:
                    return result
        return self._carefully(args, keywords)

    def _carefully(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if MODES.active != 0 and tracer() is not None:
            return self.f(*args, **keywords)
        arguments = Arguments(self, args, keywords)
        if any(isinstance(x, Value) for x in arguments.numbers):
            return self.f(*args, **keywords)
        if MODES.active != 0 and watching():
            return arguments.eagerly()
        variant = self._variants.get(arguments.key)
        if variant is not None:
            path, results = variant.run(arguments.numbers)
            if path is not None:
                self._enter_at(path)
                return path.outputs.unflatten(results)
        return self._record(arguments)

    def _enter_at(self, path: Path) -> None:
        """Next time, try this path first, and without taking the arguments apart in Python."""
        enter = path.kernel.entry
        if enter is not None and not self._static:
            others = [e for e in self._entries if e is not enter]
            self._entries = [enter, *others[: ENTRIES - 1]]
            path.when_better(lambda: self._replace(enter, path))

    def _replace(self, entry: Callable[..., Any], path: Path) -> None:
        """The path's machine code is ready."""
        better = path.kernel.entry or entry
        self._entries = [better if e is entry else e for e in self._entries]

    def _record(self, arguments: Arguments) -> Any:
        path, results = self._recorded_path(arguments)
        return path.outputs.unflatten(results)

    def _recorded_path(self, arguments: Arguments) -> tuple[Path, list[float]]:
        """Run the function, keep what it did, and say what it gave."""
        with self._lock:
            variant = self._variants.get(arguments.key)
            if variant is None:
                variant = Variant(arguments.structure, arguments.names)
            start = time.perf_counter()
            recorded, outputs, results = arguments.recorded()
            self._recording_seconds += time.perf_counter() - start
            path = Path(recorded, outputs, arguments.args, outputs.unflatten(results))
            if len(variant.paths) >= self.max_paths:
                self._warn(variant)
            else:
                path.is_kept = True
                variant.paths = [path, *variant.paths]
                self._variants[arguments.key] = variant
        return path, results

    def _warn(self, variant: Variant) -> None:
        if variant.warned:
            return
        variant.warned = True
        lines = [guard.line for path in variant.paths for guard in path.program.guards]
        most = max(set(lines), key=lines.count)
        warnings.warn(
            f"{self._name} has taken {self.max_paths} different paths; further ones run "
            f"uncompiled. The decision met most often is in {most}: make it with autograd.where, "
            "or raise max_paths",
            RuntimeWarning,
            stacklevel=4,
        )

    @property
    def _name(self) -> str:
        return getattr(self.f, "__qualname__", repr(self.f))

    def _only(self) -> Path:
        paths = [path for variant in self._variants.values() for path in variant.paths]
        if not paths:
            raise ValueError(f"{self._name} has recorded nothing yet; call it once")
        return paths[0]

    def bind(self, *args: Any) -> Bound:
        """The function with its arguments at fixed places: NumPy arrays, whose present content
        every call reads, and numbers, which stay. It takes no arguments and writes its results
        over the previous ones.

        >>> import numpy
        >>> x = numpy.array([1.0, 2.0])
        >>> norm = jit(lambda p: p[0] * p[0] + p[1] * p[1]).bind(x)
        >>> x[0] = 3.0
        >>> float(norm())
        13.0
        """
        return Bound(self, args)

    def path_of(self, args: tuple[Any, ...]) -> tuple[Path, list[float]]:
        """The path that these arguments take, and the results as flat numbers."""
        arguments = Arguments(self, args, {})
        variant = self._variants.get(arguments.key)
        path, results = (None, []) if variant is None else variant.run(arguments.numbers)
        if path is None:
            path, results = self._recorded_path(arguments)
        return path, results

    def program(self) -> Program:
        """The program of the path last taken; print it to read it. ValueError before any call."""
        return self._only().program

    def __repr__(self) -> str:
        paths = sum(len(variant.paths) for variant in self._variants.values())
        return f"<jit of {self._name}: {paths} path{'s' if paths != 1 else ''}>"


class Arguments:
    """The arguments of one call: their numbers, and everything else as a key."""

    def __init__(self, jitted: Jitted, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self._f = jitted.f
        self.args = args
        self._bound: dict[int | str, Any] = {}
        static: dict[int | str, Any] = {}
        names = jitted._signature
        for i, x in enumerate(args):
            name = names[i] if i < len(names) else f"arg{i}"
            (static if name in jitted._static else self._bound)[i] = x
        for name, x in keywords.items():
            (static if name in jitted._static else self._bound)[name] = x
        self._static = static
        shown = {_shown(names, place): x for place, x in self._bound.items()}
        try:
            self.numbers, self.structure = flatten(shown, "an argument of a compiled function")
        except TypeError as error:
            raise TypeError(
                f"{error}; name arguments that are not numbers in static_argnames"
            ) from None
        self.names = [f"{name}" for name in _leaf_names(shown, self.structure)]
        kinds = (tuple(self._bound), self.structure.kind)
        try:
            self.key: Hashable = (kinds, tuple(static.items()))
            hash(self.key)
        except TypeError:
            raise TypeError(
                f"static arguments are hashable, got {describe(tuple(static.values()))}"
            ) from None

    def call(self, numbers: Sequence[Any]) -> Any:
        """The function with these in the place of the numbers."""
        tree = self.structure.unflatten(numbers)
        places = {**dict(zip(self._bound, tree.values(), strict=True)), **self._static}
        positional = [places[i] for i in sorted(p for p in places if isinstance(p, int))]
        named = {name: x for name, x in places.items() if isinstance(name, str)}
        return self._f(*positional, **named)

    def eagerly(self) -> Any:
        """What the function gives, as floats, by the engine."""
        results, outputs = flatten(self.call([Value(x) for x in self.numbers]), RESULT)
        return outputs.unflatten([_number(x) for x in results])

    def recorded(self) -> tuple[Recorded, Structure, list[float]]:
        """What the function does with these arguments: recorded twice, to see that it is all."""
        trace, first, outputs, results = self._trace()
        _, second, others, _ = self._trace()  # while the first one's nodes are still in memory
        del trace
        difference = _difference(first, second)
        if difference or outputs != others:
            raise RecordingError(
                f"two recordings of {getattr(self._f, '__qualname__', self._f)} with the same "
                f"arguments differ{difference}: it depends on more than its arguments (random "
                "numbers, the time, id(), or what earlier calls left behind); pass that as an "
                "argument"
            )
        return first, outputs, results

    def _trace(self) -> tuple[Trace, Recorded, Structure, list[float]]:
        values = [Value(x, name) for x, name in zip(self.numbers, self.names, strict=True)]
        trace = Trace(values)
        results, outputs = flatten(trace.run(lambda: self.call(values)), RESULT)
        recorded = read_off(trace, results, self.names)
        return trace, recorded, outputs, [_number(x) for x in results]


RESULT: Final = "what a compiled function returns"


def _number(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


def _difference(first: Recorded, second: Recorded) -> str | None:
    """Where two recordings differ, in words; None if they don't."""
    a, b = first.program, second.program
    if len(first.captured) != len(second.captured) or any(
        x is not y for x, y in zip(first.captured, second.captured, strict=True)
    ):
        return " in the Values they capture"
    for i, (p, q) in enumerate(zip(a.code, b.code, strict=False)):
        same = p[:2] == q[:2] and (p.value == q.value or p.value != p.value)
        if not same:
            return f" at operation {i} ({p.name} {p.value!r}, then {q.name} {q.value!r})"
    if len(a.code) != len(b.code) or a.outputs != b.outputs:
        return " in length"
    if [guard[:3] for guard in a.guards] != [guard[:3] for guard in b.guards]:
        return " in their decisions"
    return None


def _signature(f: Callable[..., Any]) -> list[str]:
    """The names of the positional arguments, as far as they are known."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _check_static(static: frozenset[str], names: Sequence[str]) -> None:
    for name in static:
        if not isinstance(name, str):
            raise TypeError(f"static_argnames are names of arguments, got {describe(name)}")


def _shown(names: Sequence[str], place: int | str) -> str:
    if isinstance(place, str):
        return place
    return names[place] if place < len(names) else f"arg{place}"


def _leaf_names(tree: Any, structure: Structure) -> list[str]:
    """A name for every number: `x`, `p[0]`, `p['w'][2]`."""
    found: list[str] = []

    def visit(node: Any, name: str) -> None:
        if isinstance(node, dict):
            for key, child in node.items():
                visit(child, f"{name}[{key!r}]")
        elif isinstance(node, (list, tuple)):
            for i, child in enumerate(node):
                visit(child, f"{name}[{i}]")
        elif hasattr(node, "__dataclass_fields__"):
            for field in node.__dataclass_fields__:
                visit(getattr(node, field), f"{name}.{field}")
        elif getattr(node, "shape", ()):
            found.extend(f"{name}[{i}]" for i in range(node.size))
        else:
            found.append(name)

    for name, child in tree.items():
        visit(child, name)
    return found
