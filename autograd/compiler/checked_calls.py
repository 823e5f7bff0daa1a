"""Calls of a `jit` function in check mode: as they would be made, and then by the function itself.

Where the two differ, it is looked whether the inputs have changed meanwhile (a captured Value, an
array, in another thread's hands); then the call is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, Protocol

from autograd.compiler.bound import FirstTime
from autograd.compiler.checking import Checks, Uncompiled, same_bits
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.texts_in_results import flatten_result
from autograd.compiler.specializations import Specialization
from autograd.engine.modes import MODES
from autograd.engine.value import Value

__all__ = ["CheckedCalls"]

TRIES: Final = 3  # while another thread changes the inputs


class ToCheck(Protocol):
    """A function that `jit` has compiled."""

    f: Callable[..., Any]
    _entries: list[Callable[..., Any]]

    @property
    def _name(self) -> str: ...
    @property
    def captured(self) -> list[Value]: ...
    def _arguments(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Arguments: ...
    def _known(self, arguments: Arguments) -> tuple[Specialization | None, list[float]]: ...
    def _record(self, arguments: Arguments) -> Any: ...
    def _taken(self, arguments: Arguments, known: Specialization, results: list[float]) -> Any: ...


class CheckedCalls:
    """The calls of a compiled function, some of them checked."""

    def __init__(self, function: ToCheck, checks: Checks) -> None:
        self._function = function
        self._checks = checks

    def call(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The function's result. Raises CheckFailed if it is not what the function itself gives."""
        for _ in range(TRIES):
            arguments = self._function._arguments(args, keywords)
            captured = self._captured()
            way, result = self._either(args, keywords, arguments)
            if way is None or not self._checks.due(way):
                return result
            found = self._failures(arguments, result)
            if found and self._are_as_before(arguments, captured, args, keywords):
                raise found[0]
            if not found:
                return result
        return result

    def bound(self, args: tuple[Any, ...], first_time: FirstTime) -> FirstTime:
        """How a function is bound whose results, for what is in its arguments then, are checked."""

        def checked_first_time() -> tuple[Callable[[], Any] | None, Any]:
            run, result = first_time()
            return None if run is None else self._checked_run(args, run), result

        return checked_first_time

    def _checked_run(self, args: tuple[Any, ...], run: Callable[[], Any]) -> Callable[[], Any]:
        def checked() -> Any:
            for _ in range(TRIES):
                arguments = self._function._arguments(args, {})
                captured = self._captured()
                result = run()
                if result is NotImplemented or not self._checks.due(run):
                    return result
                found = self._failures_in_place(arguments, result)
                if found and self._are_as_before(arguments, captured, args, {}):
                    raise found[0]
                if not found:
                    return result
            return result

        return checked

    def _either(
        self, args: tuple[Any, ...], keywords: dict[str, Any], arguments: Arguments
    ) -> tuple[Hashable, Any]:
        """The way that an unchecked call takes, and its result; no way where the function was run
        for it."""
        function = self._function
        if MODES.active == 0 and not keywords:
            for enter in function._entries:
                result = enter(*args)
                if result is not NotImplemented:
                    return enter, result
        known, results = function._known(arguments)
        if known is None:
            return None, function._record(arguments)
        return known, function._taken(arguments, known, results)

    def _failures(self, arguments: Arguments, result: Any) -> Sequence[Exception]:
        expected = Uncompiled(self._function._name, self._function.f, arguments)
        try:
            numbers, structure = flatten_result(result)
        except TypeError as error:
            return [expected.failure(f"gives no numbers ({error})", None)]
        path = lambda: self._function._known(arguments)[0]  # noqa: E731
        return expected.compare(numbers, structure, path, result=result)

    def _failures_in_place(self, arguments: Arguments, result: Any) -> Sequence[Exception]:
        """The same where the result is a nesting of arrays, or one of them all."""
        expected = Uncompiled(self._function._name, self._function.f, arguments)
        known, _ = self._function._known(arguments)
        if known is None:
            return [expected.failure("takes a path that is not recorded", None)]
        return expected.compare(flatten_result(result)[0], known.outputs, lambda: known)

    def _captured(self) -> list[float]:
        return [value.data for value in self._function.captured]

    def _are_as_before(
        self,
        arguments: Arguments,
        captured: list[float],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> bool:
        """Whether the numbers of a call are still the same."""
        before = [*arguments.numbers, *captured]
        now = [*self._function._arguments(args, keywords).numbers, *self._captured()]
        return len(before) == len(now) and all(map(same_bits, before, now))
