"""Machine code that several programs share.

Programs of one form (the same loops a different number of times, over other tables) have the same
assembly but for its holes. The first of a form is compiled with its numbers filled in. When there
is a second, one more is compiled, in which the holes where the two differ are left open, and that
runs both, and every further one that differs there alone. Nothing is assumed of how the numbers
depend on each other: what a program runs is its own assembly, with its own numbers in its holes.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from autograd.compiler.native.entry_function import found_in_self
from autograd.compiler.native.llvm_writer import Holed
from autograd.compiler.native.machine import MachineCode, compile_llvm
from autograd.engine.locks import new_lock

__all__ = ["Made", "SharedCode"]

KERNEL: Final = (ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)


class Made(NamedTuple):
    """Machine code, and the numbers in its open holes: None where it has none."""

    code: MachineCode
    given: Any = None

    def kernel(self, locked: bool) -> Callable[[Any, Any], int]:
        """The kernel as ctypes calls it, holding the lock of Python's interpreter or not."""
        if self.given is None:
            return self.code.function("kernel", *KERNEL, locked=locked)
        of_three = self.code.function("kernel", *KERNEL, ctypes.c_void_p, locked=locked)
        # With its address alone: whoever calls this keeps the array.
        place = self.given.buffer_info()[0]
        return lambda inputs, out: of_three(inputs, out, place)


class _General(NamedTuple):
    """Machine code with open holes, and the numbers that are filled into the others."""

    code: MachineCode
    holes: tuple[int, ...]
    filled: Any

    def fits(self, numbers: Any) -> bool:
        """Whether a program with these numbers differs in open holes only."""
        return bool(self._others(numbers) == self._others(self.filled))

    def _others(self, numbers: Any) -> Any:
        others = numbers[:]
        for hole in self.holes:
            others[hole] = 0
        return others

    def made(self, numbers: Any) -> Made:
        """For a program with these numbers."""
        return Made(self.code, array("q", [numbers[hole] for hole in self.holes]))


class _Form:
    """What is known of programs with one assembly."""

    def __init__(self, numbers: Any) -> None:
        self.first = numbers
        self.open: tuple[int, ...] = ()
        self.general: list[_General] = []

    def fitting(self, numbers: Any) -> _General | None:
        """Machine code that runs a program with these numbers."""
        return next((one for one in self.general if one.fits(numbers)), None)

    def open_for(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """The holes that are to be open, so that these numbers fit as well as those before."""
        differs = [k for k, (a, b) in enumerate(zip(numbers, self.first, strict=True)) if a != b]
        return tuple(sorted({*self.open, *differs}))


class SharedCode:
    """The machine code of one function's programs."""

    def __init__(self) -> None:
        self._forms: dict[bytes, _Form] = {}
        self._lock = new_lock()

    def note(self, text: Holed) -> None:
        """There is a program with this assembly, which has machine code of its own."""
        with self._lock:
            self._forms.setdefault(_key(text), _Form(_numbers(text)))

    def knows(self, text: Holed) -> bool:
        """Whether there is a program that has it in common."""
        return _key(text) in self._forms

    def has_ready(self, text: Holed) -> bool:
        """Whether there is machine code that runs such a program."""
        form = self._forms.get(_key(text))
        return form is not None and form.fitting(_numbers(text)) is not None

    def compiled(self, text: Holed, loops: bool) -> Made:
        """The machine code for such a program, compiled if need be."""
        key, numbers = _key(text), _numbers(text)
        with self._lock:
            form = self._forms.get(key)
            if form is None:
                self._forms[key] = _Form(numbers)
            else:
                found = form.fitting(numbers)
                if found is not None:
                    return found.made(numbers)
                form.open = holes = form.open_for(numbers)
        if form is None:
            return Made(compile_llvm(str(text), loops=loops))
        code = compile_llvm(text.with_parameters(holes, found_in_self()), loops=loops)
        general = _General(code, holes, numbers)
        with self._lock:
            form.general.append(general)
        return general.made(numbers)


def _numbers(text: Holed) -> Any:
    return array("q", text.numbers)


def _key(text: Holed) -> bytes:
    return blake2b(text.text.encode(), digest_size=32).digest()
