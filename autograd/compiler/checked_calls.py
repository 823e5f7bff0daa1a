"""Calls of a `jit` function in check mode: as they would be made, and then by the function itself.

Where the two differ, it is looked whether the inputs have changed meanwhile (a captured Value, an
array, in another thread's hands); then the call is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Protocol

from autograd.compiler.bound import FirstTime
from autograd.compiler.checking import (
    TRIES,
    Checkable,
    Checks,
    Uncompiled,
    are_same,
    captured_numbers,
)
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.texts_in_results import flatten_result
from autograd.compiler.specializations import Specialization
from autograd.engine.modes import MODES

__all__ = ["CheckedCalls"]

Failures = Callable[[Arguments, Any], Sequence[Exception]]
Take = Callable[[Arguments], tuple[Hashable, Any]]
"""Makes a call: the way that it takes, and its result; no way (None) where there is nothing to
check."""


class ToCheck(Checkable, Protocol):
    """The same, with all that an unchecked call does."""

    _entries: list[Callable[..., Any]]

    def _record(self, arguments: Arguments) -> Any: ...
    def _taken(self, arguments: Arguments, known: Specialization, results: list[float]) -> Any: ...


class CheckedCalls:
    """The calls of a compiled function, some of them checked."""

    def __init__(self, function: ToCheck, checks: Checks) -> None:
        self._function = function
        self._checks = checks

    def call(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The function's result. Raises CheckFailed if it is not what the function itself gives."""

        def take(arguments: Arguments) -> tuple[Hashable, Any]:
            return self._either(args, keywords, arguments)

        return self._compared(args, keywords, take, self._failures)

    def bound(self, args: tuple[Any, ...], first_time: FirstTime) -> FirstTime:
        """How a function is bound whose results, for what is in its arguments then, are checked."""

        def checked_first_time() -> tuple[Callable[[], Any] | None, Any]:
            run, result = first_time()
            return None if run is None else partial(self._run, args, run), result

        return checked_first_time

    def _run(self, args: tuple[Any, ...], run: Callable[[], Any]) -> Any:
        def take(_: Arguments) -> tuple[Hashable, Any]:
            result = run()
            return None if result is NotImplemented else run, result

        return self._compared(args, {}, take, self._failures_in_place)

    def _compared(
        self, args: tuple[Any, ...], keywords: dict[str, Any], take: Take, failures: Failures
    ) -> Any:
        for _ in range(TRIES):
            arguments = self._function._arguments(args, keywords)
            captured = captured_numbers(self._function)
            way, result = take(arguments)
            if way is None or not self._checks.due(way):
                return result
            found = failures(arguments, result)
            if not found:
                return result
            before = [*arguments.numbers, *captured]
            if are_same(before, self._numbers_now(args, keywords)):
                raise found[0]
        return result

    def _numbers_now(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> list[float]:
        arguments = self._function._arguments(args, keywords)
        return [*arguments.numbers, *captured_numbers(self._function)]

    def _either(
        self, args: tuple[Any, ...], keywords: dict[str, Any], arguments: Arguments
    ) -> tuple[Hashable, Any]:
        """As an unchecked call would do it; no way where the function was run for it."""
        function = self._function
        if MODES.active == 0 and not keywords:
            for enter in function._entries:
                result = enter(*args)
                if result is not NotImplemented:
                    return enter, result
        known, results = function._known(arguments)
        if known is None:
            return None, self._recorded(arguments)
        return known, function._taken(arguments, known, results)

    def _recorded(self, arguments: Arguments) -> Any:
        """The result of a call for which the function is recorded: on Values, and on floats."""
        result = self._function._record(arguments)
        if not arguments.are_floats:
            expected = Uncompiled(self._function, arguments)
            found = expected.compare_with_plain_numbers(*flatten_result(result))
            if found:
                raise found[0]
        return result

    def _failures(self, arguments: Arguments, result: Any) -> Sequence[Exception]:
        expected = Uncompiled(self._function, arguments)
        try:
            numbers, structure = flatten_result(result)
        except TypeError as error:
            return [expected.failure(f"gives no numbers ({error})")]
        return expected.compare(numbers, structure, result=result)

    def _failures_in_place(self, arguments: Arguments, result: Any) -> Sequence[Exception]:
        """The same where the result is a nesting of arrays, or one of them all."""
        expected = Uncompiled(self._function, arguments)
        if expected.path is None:
            return [expected.failure("takes a path that is not recorded")]
        return expected.compare(flatten_result(result)[0], expected.path.outputs)
