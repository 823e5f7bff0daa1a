"""jit: a function recorded once per path and replayed as machine code.

The first call with arguments of a new structure runs the function on Values and records what it
does. Later calls run the compiled program, which evaluates the function's decisions (guards) along
with its arithmetic. Where a decision comes out differently the function is recorded again and both
paths are kept (`SpecializationCache.run` chooses among them). So the result is always that of the
function itself; only the work of Python is saved.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any, Final, overload

from autograd.compiler.bound import Bound, FirstTime, in_place
from autograd.compiler.bounds import Bounds
from autograd.compiler.checked_calls import CheckedCalls
from autograd.compiler.checking import Share, checks_of
from autograd.compiler.graph_specialization import Follower
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.sources import Sources
from autograd.compiler.ir.state_graph import StateGraph
from autograd.compiler.native.c_codegen import c_source
from autograd.compiler.native.kernels import CallbackFailed
from autograd.compiler.native.loop_c_codegen import c_source_with_loops
from autograd.compiler.native.machine import require
from autograd.compiler.portable import (
    Compiled,
    Unavailable,
    fingerprint,
    has_state,
    is_portable,
    undecorated,
)
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.parameters import parameters_of, static_arguments
from autograd.compiler.recording.plain_floats import is_running_plainly
from autograd.compiler.recording.tracing import RecordingError
from autograd.compiler.relatives import Relatives
from autograd.compiler.specializations import Specialization, SpecializationCache
from autograd.compiler.stats import Stats, stats_of
from autograd.engine.locks import in_turn, new_lock
from autograd.engine.modes import MODES, tracer, watching
from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.compiled_root import calls_solver
from autograd.transforms.linearization import is_differentiated
from autograd.transforms.transform import require_function

__all__ = ["CapturesDifferentiated", "Jitted", "Stats", "jit"]

_undecorated = undecorated  # its name in pickles of 0.1.0

ENTRIES: Final = 4  # how many paths are tried before Python takes over


@overload
def jit(
    f: Callable[..., Any],
    *,
    static_argnames: str | Iterable[str] = ...,
    static_argnums: int | Iterable[int] = ...,
    max_paths: int = ...,
    check: Share = ...,
    max_nestings: int = ...,
) -> Jitted: ...


@overload
def jit(
    f: None = None,
    *,
    static_argnames: str | Iterable[str] = ...,
    static_argnums: int | Iterable[int] = ...,
    max_paths: int = ...,
    check: Share = ...,
    max_nestings: int = ...,
) -> Callable[[Callable[..., Any]], Jitted]: ...


def jit(
    f: Callable[..., Any] | None = None,
    *,
    static_argnames: str | Iterable[str] = (),
    static_argnums: int | Iterable[int] = (),
    max_paths: int = 100,
    check: Share = None,
    max_nestings: int = 256,
) -> Jitted | Callable[[Callable[..., Any]], Jitted]:
    """The function that gives what `f` gives, as plain floats, computed by machine code.

    `f` takes numbers in any nesting (lists, tuples, dicts, arrays), may use any Python control
    flow, and may itself be a transform: `jit(grad(f))`. Arguments named in `static_argnames`, or
    whose places are in `static_argnums`, are not traced: any hashable object, one compiled form for
    each. Values that `f` captures are read at every call. Called with Values it behaves as `f`.
    Without `f` it is a decorator with these options: `@jit(static_argnames="n")`.

    With `check=True` every call also runs `f` and compares, to the bit; with a share (`check=0.01`)
    the first call of every path does, and then one call in a hundred. So does the environment
    variable CHAINRULE_CHECK, where `check` is not given. CheckFailed tells what differs.

    Raises RecordingError (a TypeError), naming the line, where a result would depend on a number
    that left the recording (`.data`, `.grad`), where two recordings differ (random numbers, the
    time, `id`), or where `f` gives another result for plain floats; ValueError for static arguments
    that `f` does not have; ImportError without llvmlite. More than `max_paths` paths of one nesting
    are not kept, nor more than `max_nestings` nestings (of which each length of a list is one, and
    each static value): a RuntimeWarning says so, and which decision splits most paths, and what is
    beyond runs uncompiled.

    >>> from autograd import grad, jit
    >>> slope = jit(grad(lambda x: x * x if x > 0 else -x))
    >>> slope(3.0), slope(-3.0), slope(4.0)
    (6.0, -1.0, 8.0)
    """
    if f is None:
        return partial(
            jit,
            static_argnames=static_argnames,
            static_argnums=static_argnums,
            max_paths=max_paths,
            check=check,
            max_nestings=max_nestings,
        )
    return Jitted(f, static_argnames, max_paths, static_argnums, check, max_nestings)


class CapturesDifferentiated(RecordingError):
    """A Value that is captured is the argument of a transform, so results may not be numbers."""


class Jitted(Compiled):
    """What `jit` returns; called like the function."""

    def __init__(
        self,
        f: Callable[..., Any],
        static_argnames: str | Iterable[str] = (),
        max_paths: int = 100,
        static_argnums: int | Iterable[int] = (),
        check: Share = None,
        max_nestings: int = 256,
    ) -> None:
        require_function(f, "jit")
        static = static_arguments(f, static_argnames, static_argnums)
        inner: Any = f
        if isinstance(f, Jitted):  # the same, and recorded once
            static |= f.static
            check = f.check if check is None else check
            inner = f.f
        self._begin(inner, parameters_of(inner), static, max_paths, check, max_nestings)
        self._name_after(inner)

    def _begin(
        self,
        f: Callable[..., Any],
        parameters: list[str],
        static: frozenset[str | int],
        max_paths: int,
        check: Share = None,
        max_nestings: int = 256,
    ) -> None:
        self.bounds = Bounds(max_paths, max_nestings)
        self.checks = None if isinstance(f, Unavailable) else checks_of(check)
        """Keeps count of the calls that are checked; None where none is."""
        require()
        self.check = check
        """What was asked for; None where the environment decides."""
        self.f = f
        self.parameters = parameters
        """The names of the positional arguments, as far as they are known."""
        self.static = static
        """The names and the places of the arguments that are not traced."""
        self._caches: dict[Hashable, SpecializationCache] = {}
        self._followers: dict[Hashable, Follower] = {}
        self._entries: list[Callable[..., Any]] = []
        self._shortcuts = self._entries  # none, where calls are checked
        self._entered: list[Specialization] = []  # of which these are
        self._latest: Specialization | None = None
        self._relatives = Relatives()
        self.recordings = 0
        """How often the function was recorded; grows with every new path."""
        self.recordings_begun = 0
        """The same, those included that are under way or have failed."""
        self._turn = new_lock()  # a function that is being recorded may call itself
        self._lock = new_lock()
        self._recording_seconds = 0.0

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        # Entries know nothing of recordings, of `detect_anomaly` and of names.
        if MODES.active == 0 and not keywords:
            for enter in self._shortcuts:
                result = enter(*args)
                if result is not NotImplemented:
                    return result
        return self._carefully(args, keywords)

    def _carefully(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if is_running_plainly() or (MODES.active != 0 and tracer() is not None):
            return self.f(*args, **keywords)
        arguments = self._arguments(args, keywords)
        if any(isinstance(x, Value) for x in arguments.numbers):
            return self.f(*args, **keywords)
        if MODES.active != 0 and watching():
            return arguments.eagerly()
        if self.checks is not None:
            return CheckedCalls(self, self.checks).call(args, keywords)
        return self._slowly(arguments)

    def _slowly(self, arguments: Arguments) -> Any:
        known, results = self._known(arguments)
        if known is None:
            return self._record(arguments)
        return self._taken(arguments, known, results)

    def _taken(self, arguments: Arguments, known: Specialization, results: list[float]) -> Any:
        """The result of a path that is known, which is tried first from now on."""
        if known.writes:
            arguments.check_apart()
        self._enter_at(known)
        return known.outputs.unflatten(results)

    def _known(self, arguments: Arguments) -> tuple[Specialization | None, list[float]]:
        """The specialization for these arguments, if there is one, and its results."""
        cache = self._caches.get(arguments.key)
        if cache is None:
            return None, []
        try:
            return cache.run(arguments.numbers)
        except CallbackFailed as failure:
            error = failure.error
        # Most often the same is raised again, from where it stands in the user's code. Unless it
        # came from elsewhere, as of a signal's handler: then it is raised here.
        arguments.trace()
        raise error

    def _enter_at(self, specialization: Specialization) -> None:
        """Next time, try this one first, and without taking the arguments apart in Python."""
        self._latest = specialization
        if specialization.kernel.entry is not None:
            with self._lock:
                others = [other for other in self._entered if other is not specialization]
                self._entered = [specialization, *others[: ENTRIES - 1]]
                self._renew_entries()
            specialization.when_better(self._renew_entries)

    def _renew_entries(self) -> None:
        """With the best machine code there is by now."""
        with self._lock:
            entries = [one.kernel.entry for one in self._entered]
            self._entries = [entry for entry in entries if entry is not None]
            if self.checks is None:
                self._shortcuts = self._entries

    def _arguments(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Arguments:
        return Arguments(self.f, self.parameters, self.static, args, keywords)

    def _record(self, arguments: Arguments) -> Any:
        if self._is_full(arguments.key):
            self.bounds.uncompiled += 1
            return arguments.eagerly()
        specialization, results = self._specialise(arguments)
        if is_differentiated(specialization.captured):
            return arguments.plainly()
        return specialization.outputs.unflatten(results)

    def _is_full(self, key: Hashable) -> bool:
        return self.bounds.are_reached(self._caches, key, self._name)

    def _specialise(self, arguments: Arguments) -> tuple[Specialization, list[float]]:
        def known_or_recorded() -> tuple[Specialization, list[float]]:
            known, results = self._known(arguments)  # by another thread, perhaps
            return self._recorded_or_followed(arguments) if known is None else (known, results)

        return in_turn(self._turn, known_or_recorded)

    def _recorded_or_followed(self, arguments: Arguments) -> tuple[Specialization, list[float]]:
        """A new path; or all of them, where they can be followed through loops."""
        new, results = self._recorded(arguments)
        cache = self._caches.get(arguments.key)
        if cache is None or not new.is_kept or len(cache) < 2:
            return new, results
        with self._lock:
            follower = self._followers.setdefault(arguments.key, Follower(self.f))
        if follower.is_done:
            return new, results
        graph = follower.follow(arguments, new, results)
        with self._lock:
            if graph is not None or follower.has_failed:
                cache.become(graph, new)
        if graph is None:
            return new, results
        self._latest = graph
        return graph, results

    def _recorded(self, arguments: Arguments) -> tuple[Specialization, list[float]]:
        """Run the function, keep what it did, and say what it gave."""
        with self._lock:
            self.recordings_begun += 1
        start = time.perf_counter()
        examples = arguments.examples
        recorded, outputs, results = arguments.recorded()
        seconds = time.perf_counter() - start
        new = Specialization(recorded, examples, outputs.unflatten(results), arguments.are_written)
        with self._lock:
            self._recording_seconds += seconds
            self.recordings += 1
        # Values that a transform around this call differentiates will be gone with it.
        if not is_differentiated(new.captured) and not self._is_full(arguments.key):
            new = self._keep(new, arguments.key)
        self._latest = new
        return new, results

    def _keep(self, new: Specialization, key: Hashable) -> Specialization:
        """Keep it; unless another thread has recorded the same meanwhile: then that one."""
        with self._lock:  # inside of which nobody else's code runs
            cache = self._caches.get(key) or SpecializationCache()
            known = next(filter(new.is_same_path, cache.kept), None)
            if known is not None:
                return known
            if len(cache) < self.bounds.paths:
                cache.keep(new)
                new.relate(self._relatives)
                self._caches[key] = cache
        return new

    def uncompiled(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What the function gives, by the engine."""
        self.bounds.uncompiled += 1
        return self._arguments(args, keywords).eagerly()

    @property
    def captured(self) -> list[Value]:
        """The Values from outside that the recorded paths read at every call, each once."""
        return list(dict.fromkeys([value for kept in self._kept for value in kept.captured]))

    @property
    def _kept(self) -> list[Specialization]:
        return [kept for cache in list(self._caches.values()) for kept in cache.kept]

    def _last(self) -> Specialization:
        if self._latest is None:
            raise ValueError(f"{self._name} has recorded nothing yet; call it once")
        return self._latest

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

    def binding(self, args: tuple[Any, ...]) -> FirstTime:
        """How `bind` computes the result."""

        def specialise() -> tuple[Specialization, list[float]]:
            return self._of_numbers(*self._specialise(self._arguments(args, {})))

        first_time = in_place(self._arguments(args, {}).traced, specialise)
        if self.checks is None:
            return first_time
        return CheckedCalls(self, self.checks).bound(args, first_time)

    def record(
        self, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[Specialization, list[float]]:
        """The specialization for these arguments, recorded anew, and the results as flat
        numbers."""
        return self._of_numbers(*self._recorded(self._arguments(args, keywords)))

    def _of_numbers(
        self, specialization: Specialization, results: list[float]
    ) -> tuple[Specialization, list[float]]:
        if is_differentiated(specialization.captured):
            raise CapturesDifferentiated(
                f"{self._name} captures a Value that a transform around this call differentiates "
                "with respect to, and here its results are plain numbers; hand the Value over as "
                "an argument, or call the function itself"
            )
        return specialization, results

    def program(self) -> Program | StateGraph:
        """The program of the path last taken, or the graph of all paths, where loops are followed;
        print it to read it. ValueError before any call."""
        return self._last().shown

    def source(self, language: str = "c") -> str:
        """The program of the path last taken as text, in "c" or in "llvm" assembly."""
        last = self._last()
        instructions, rolled = last.instructions, last.rolled
        if language == "c":
            if rolled is None:
                return c_source(instructions)
            return c_source_with_loops(instructions, Sources(rolled))
        if language == "llvm":
            return last.assembly
        raise ValueError(f'source comes in "c" or "llvm", got {describe(language)}')

    def stats(self) -> Stats:
        """How much is recorded and compiled so far."""
        return stats_of(
            self._kept,
            recording_seconds=self._recording_seconds,
            checked=0 if self.checks is None else self.checks.count,
            nestings=len(self._caches),
            uncompiled=self.bounds.uncompiled,
        )

    def _settings(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "static": self.static,
            "max_paths": self.bounds.paths,
            "check": self.check,
            "max_nestings": self.bounds.nestings,
            "fingerprint": fingerprint(self.f),
        }

    def _programs(self, with_function: bool) -> list[tuple[Hashable, list[Specialization]]]:
        """With the function, those that mean the same elsewhere: which Values it captures, and the
        numbers of an object that it belongs to, are its own business wherever it comes to life."""
        caches = [(key, cache.kept) for key, cache in list(self._caches.items()) if len(cache)]
        if not with_function:
            return caches
        if has_state(self.f):
            return []
        return [
            (key, [one for one in kept if _travels(one)])
            for key, kept in caches
            if is_portable(key)
        ]

    def _restore(self, f: Callable[..., Any], settings: dict[str, Any], programs: Any) -> None:
        settings = dict(settings)
        written = settings.pop("fingerprint", None)  # not in pickles of 0.1.0
        self._begin(f, **settings)
        if not isinstance(f, Unavailable) and written not in (None, fingerprint(f)):
            return  # edited since: its programs are those of another function
        for key, kept in programs:
            cache = self._caches[key] = SpecializationCache()
            for one in reversed(kept):
                cache.restore(one)
                one.relate(self._relatives)
            self._latest = self._latest or next(iter(kept), None)

    def __repr__(self) -> str:
        paths = len(self._kept)
        return f"<jit of {self._name}: {paths} path{'s' if paths != 1 else ''}>"


def _travels(one: Specialization) -> bool:
    """Whether its program is the same wherever its function comes to life: what it captures, and
    the solvers that it calls, are this process's."""
    return not one.captured and not calls_solver(one.program.names)


def _restored(
    f: bytes | None,
    name: str,
    parameters: list[str],
    static: frozenset[str],
    max_paths: int,
    saved: dict[Hashable, list[Any]],
) -> Jitted:
    """What a pickle of 0.1.0 holds."""
    out = Jitted.__new__(Jitted)
    settings = {"parameters": parameters, "static": static, "max_paths": max_paths}
    programs = [(key, [Specialization(*one) for one in kept]) for key, kept in saved.items()]
    function = Unavailable(name) if f is None else pickle.loads(f)
    out._restore(function, settings, programs)
    out._name_after(function)
    return out
