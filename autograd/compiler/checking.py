"""Check mode: a share of the calls of a compiled function also runs the function uncompiled, and
compares.

What a recording can't see (a global number that was changed, a function that was replaced) and what
is wrong in the compiler itself shows there, and nowhere else. Off, it costs nothing: a compiled
function that is checked has no short way past this module, one that isn't never comes here.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rounding import SLACK, Units, as_compiled, reach
from autograd.compiler.recording.arguments import Arguments
from autograd.compiler.recording.plain_floats import number_names, plain_run, unlike_plain
from autograd.compiler.recording.texts_in_results import flatten_result
from autograd.compiler.specializations import Specialization
from autograd.engine.locks import cached_property, new_lock
from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.derivatives import Derivative
from autograd.transforms.tree import Structure, is_array, opened

__all__ = [
    "TRIES",
    "CheckFailed",
    "Checkable",
    "Checks",
    "Share",
    "Uncompiled",
    "are_same",
    "captured_numbers",
    "checks_of",
    "same_bits",
]

Share = bool | float | None
"""Which share of the calls is checked: True for all; None where the environment decides."""

VARIABLE: Final = "CHAINRULE_CHECK"
TRIES: Final = 3  # while another thread changes the inputs
MOST_GUARDS: Final = 20  # that are shown
MOST_NUMBERS: Final = 10
CHANGED: Final = (
    "What it depends on beside its arguments and Values (a global number, a function it calls) has "
    "changed since it was recorded, or the compiler is wrong."
)
ANOTHER: Final = (
    "Compiled, all numbers are doubles: decide by what a number is worth, not by what it is "
    "(isinstance, type, an exception), and hand over floats and arrays of float64, or name the "
    "argument in static_argnames."
)


class CheckFailed(AssertionError):
    """A compiled function gave something else than the function itself: in the message both
    numbers, where in the result they stand, and the decisions of the path that was taken.

    It is raised only where calls are checked: by `jit(f, check=True)`, `vmap(f, check=True)` or the
    environment variable CHAINRULE_CHECK.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)


def checks_of(check: Share) -> Checks | None:
    """What keeps count of a compiled function's checked calls; None where none is checked. Raises
    TypeError and ValueError for what is no share."""
    if check is None:
        return _of_environment(os.environ.get(VARIABLE, ""))
    if not isinstance(check, (bool, int, float)):
        raise TypeError(f"check is True, False or a share of the calls, got {describe(check)}")
    if not 0.0 <= check <= 1.0:
        raise ValueError(f"check is a share of the calls, from 0 to 1, got {describe(check)}")
    return Checks(float(check)) if check else None


def _of_environment(text: str) -> Checks | None:
    try:
        share = float(text or 0)
    except ValueError:
        share = math.nan
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{VARIABLE} is a share of the calls, from 0 to 1 (all), got {text!r}")
    return Checks(share) if share else None


class Checks:
    """Which calls are checked: of each way that calls take (a path, as machine code) the first, and
    then every so many. No random number is drawn."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.count = 0
        """How many calls, or rows, have been checked."""
        self._calls: dict[Hashable, int] = {}
        self._lock = new_lock()

    def due(self, way: Hashable, calls: int = 1) -> list[int]:
        """Which of the next so many calls that take this way are to be checked."""
        with self._lock:
            begin = self._calls.get(way, 0)
            self._calls[way] = begin + calls
            chosen = [i for i in range(calls) if self._is_due(begin + i)]
            self.count += len(chosen)
        return chosen

    def _is_due(self, n: int) -> bool:
        return n == 0 or int((n + 1) * self.share) > int(n * self.share)


class Checkable(Protocol):
    """A function that `jit` has compiled."""

    f: Callable[..., Any]

    @property
    def _name(self) -> str: ...
    @property
    def captured(self) -> list[Value]: ...
    def _arguments(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Arguments: ...
    def _known(self, arguments: Arguments) -> tuple[Specialization | None, list[float]]: ...


class Uncompiled:
    """One call's arguments as they were before it, and what the function itself gives for them."""

    def __init__(self, function: Checkable, arguments: Arguments) -> None:
        self._function = function
        self._arguments = arguments
        values, plain = arguments.eagerly, arguments.plainly
        # Derivatives are those of a transform called with plain numbers, and so where they stand
        # within a function: its zeros may have other signs when it is called with Values.
        f: Any = function.f
        self._ways = (plain,) if isinstance(f, Derivative) else (values, plain)

    @cached_property
    def path(self) -> Specialization | None:
        """The specialization that fits."""
        return self._function._known(self._arguments)[0]

    def compare(
        self,
        numbers: Sequence[float],
        structure: Structure,
        units: Units = as_compiled,
        result: Any = None,
    ) -> list[CheckFailed]:
        """What there is to say against these results, as numbers and, if given, in their
        nesting."""
        failures = []
        for way in self._ways:
            found = self._against(way, numbers, structure, units, result)
            if found is None:
                return self.compare_with_plain_numbers(numbers, structure)
            failures.append(found)
        return failures[:1]

    def compare_with_plain_numbers(
        self, numbers: Sequence[float], structure: Structure
    ) -> list[CheckFailed]:
        """What there is to say against these results where the function runs as it was written, on
        floats and on the arguments as they are: beyond rounding, and unless that raises."""
        arguments, path = self._arguments, self.path
        if path is None or isinstance(self._function.f, Derivative):
            return []  # a derivative's function gets the same either way
        inputs = [*arguments.numbers, *[value.data for value in path.captured]]
        ways = [("for the arguments as they are", arguments.as_given)]
        if not arguments.are_floats:
            ways.append(("for floats", arguments.plainly))
        for words, call in ways:
            plain = plain_run(call)
            if plain.result is not None:
                shown = (words, "compiled")
                program = partial(path.program_of, arguments)
                parts = partial(arguments.parts_from, call)
                found = unlike_plain(plain, numbers, structure, program, inputs, parts, shown)
                if found and not arguments.trace()[0].looks_for_anomalies:
                    return [self.failure(f"is another function: {found}", ANOTHER)]
        return []

    def result(self) -> tuple[list[Any], Structure]:
        """The function's own result, by the first way."""
        return flatten_result(self._ways[0]())

    def reach(self, units: Units) -> list[float] | None:
        """By how much each result may be off; None where no specialization fits."""
        if self.path is None:
            return None
        inputs = [*self._arguments.numbers, *[value.data for value in self.path.captured]]
        return reach(self.path.program_of(self._arguments), inputs, units).of_results

    def _against(
        self,
        way: Callable[[], Any],
        numbers: Sequence[float],
        structure: Structure,
        units: Units,
        result: Any,
    ) -> CheckFailed | None:
        try:
            want, outputs = flatten_result(way())
        except Exception as error:  # noqa: BLE001 (which is the finding)
            failure = self.failure(f"gives a result, where f raises {error!r}")
            failure.__cause__ = error
            return failure
        if any(isinstance(x, Value) for x in want):
            return None  # a transform around this call differentiates what f has captured
        right = outputs.unflatten([float(x) for x in want])
        if outputs != structure or (result is not None and types_of(result) != types_of(right)):
            given = structure.unflatten(numbers) if result is None else result
            return self.failure(f"gives {describe(given)}, where f gives {describe(right)}")
        places = [i for i, x in enumerate(want) if not same_bits(x, numbers[i])]
        if places:
            places = self._beyond_rounding(places, numbers, want, units)
        if not places:
            return None
        i = places[0]
        names = number_names(right)
        more = f" ({len(places)} of {len(want)} numbers differ)" if len(want) > 1 else ""
        text = f"gives {numbers[i]!r} for {names[i]}, where f gives {float(want[i])!r}{more}"
        return self.failure(text)

    def _beyond_rounding(
        self,
        places: list[int],
        got: Sequence[float],
        want: Sequence[float],
        units: Units,
    ) -> list[int]:
        """Those places where the numbers differ by more than compiled code may be off; where it may
        not be off, also in the sign of a zero."""
        allowed = self.reach(units)
        if allowed is None:
            return places
        return [
            i
            for i in places
            if allowed[i] == 0.0 or not abs(got[i] - want[i]) <= SLACK * allowed[i]
        ]

    def failure(self, text: str, why: str = CHANGED) -> CheckFailed:
        """An error with these words."""
        numbers = self._arguments.numbers
        shown = zip(self._arguments.names, numbers, strict=True)
        given = [f"{name} = {x!r}" for name, x in [*shown][:MOST_NUMBERS]]
        given += ["..."] * (len(numbers) > MOST_NUMBERS)
        return CheckFailed(
            f"compiled, {self._function._name} {text}, at {', '.join(given) or 'no numbers'}. "
            f"{why}\n"
            + (
                "It runs uncompiled here"
                if self.path is None
                else guards_shown(self.path.program_of(self._arguments))
            )
        )


def guards_shown(program: Program) -> str:
    """The decisions of a path, each in a line."""
    if not program.guards:
        return "The path taken has no decisions."
    lines = [f"  {text}" for text in program.decisions()[:MOST_GUARDS]]
    left = len(program.guards) - MOST_GUARDS
    return "\n".join(["The path taken decides:", *lines, *[f"  and {left} more"] * (left > 0)])


def same_bits(a: float, b: float) -> bool:
    """Whether all bits are equal; all NaNs are one."""
    return (a != a and b != b) or struct.pack("<d", a) == struct.pack("<d", b)


def captured_numbers(function: Checkable) -> list[float]:
    """What is in the Values that a function captures."""
    return [value.data for value in function.captured]


def are_same(before: Sequence[float], now: Sequence[float]) -> bool:
    """Whether these are the same numbers, to the bit."""
    return len(before) == len(now) and all(map(same_bits, before, now))


def types_of(tree: Any) -> Any:
    """The types of a result's numbers, in their nesting."""
    if is_array(tree):
        return type(tree), tree.dtype
    children, _, assemble = opened(tree)
    return type(tree) if assemble is None else (type(tree), *map(types_of, children))
