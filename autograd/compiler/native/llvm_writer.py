"""LLVM assembly in the making: what all code generators of this folder write with.

LLVM's assembly is in static single assignment form: every result has a name of its own, code stands
in basic blocks, each of which begins with a label and ends with a jump.

Whole numbers that may be others in a program of the same form (how many rounds, where an array
begins, the address of an object) are written as *holes*. Filled in, they are constants. Programs
that have all but these in common can share machine code that reads them from an array (`Holed`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

__all__ = [
    "FROM_SELF",
    "GIVEN",
    "INVARIANT",
    "Holed",
    "Text",
    "bits_of",
    "double",
    "joined",
    "pointer",
]

HOLE: Final = re.compile("«([0-9]+)»")
GIVEN: Final = "«given»"
"""Where a function's parameters or a call's arguments end: there the array of numbers is handed
on, if there is one."""
FROM_SELF: Final = "«from self»"
"""A line where a function called by Python finds that array (see `Entry.function`)."""
INVARIANT: Final = ", !invariant.load !0"
"""Of a load of what nobody writes: it may be done before a loop, and not in it."""
NOTHING: Final = "!0 = !{}"


def joined(*texts: object) -> str:
    """Several texts as one module, with each declaration once."""
    lines = [line for text in texts for line in str(text).splitlines()]
    declared = dict.fromkeys([line for line in lines if line.startswith("declare ")])
    rest = [line for line in lines if not line.startswith("declare ")]
    return "\n".join([*declared, *rest, ""])


class Holed(NamedTuple):
    """Assembly with holes, and the numbers that belong there."""

    text: str
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return self.with_parameters(())

    def joined_with(self, other: Holed) -> Holed:
        """Both as one module."""
        first = len(self.numbers)
        moved = HOLE.sub(lambda hole: f"«{int(hole[1]) + first}»", other.text)
        return Holed(joined(self.text, moved), self.numbers + other.numbers)

    def with_parameters(self, holes: Collection[int], found: str = "") -> str:
        """With the numbers filled in, but for these holes: they are read, in this order, from an
        array that `kernel` is handed after its other arguments. A function that is called by Python
        finds it by the lines `found`."""
        places = {hole: place for place, hole in enumerate(holes)}
        lines: list[str] = []

        def filled(hole: re.Match[str]) -> str:
            place = places.get(int(hole[1]))
            if place is None:
                return str(self.numbers[int(hole[1])])
            name = f"%given{len(lines)}"
            lines.append(f"{name}.at = getelementptr i64, ptr %given, i64 {place}")
            lines.append(f"{name} = load i64, ptr {name}.at{INVARIANT}")
            return name

        for line in self.text.splitlines():
            if "«" not in line:
                lines.append(line)
            elif line == FROM_SELF:
                lines += found.splitlines()
            else:
                kind = "ptr noalias readonly" if line.startswith("define") else "ptr"
                given = f", {kind} %given" if places else ""
                lines.append(HOLE.sub(filled, line.replace(GIVEN, given)))
        has_invariants = places or any(line.endswith(INVARIANT) for line in lines)
        return "\n".join([*lines, *([NOTHING] if has_invariants else []), ""])


def pointer(address: int) -> str:
    """A place in memory, as an operand."""
    return f"inttoptr (i64 {address} to ptr)"


def double(x: float) -> str:
    """A constant by its bits: NaN and infinities have no decimal digits."""
    return f"0x{bits_of(x) % 2**64:016X}"


def bits_of(x: float) -> int:
    """A number's bits as a whole number, with a sign."""
    bits: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return bits


class Text:
    """Lines of assembly, appended one by one, and the declarations that they need."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.declarations: set[str] = set()
        self._open: list[int] = []
        self._count = 0

    def __str__(self) -> str:
        return str(self.holed())

    def holed(self) -> Holed:
        """What is written, its holes still open."""
        return Holed(self.assembly(), tuple(self._open))

    def assembly(self) -> str:
        """All lines."""
        return "\n".join([*sorted(self.declarations), *self.lines, ""])

    def hole(self, number: int) -> str:
        """A hole, as an operand of type i64."""
        self._open.append(number)
        return f"«{len(self._open) - 1}»"

    def address(self, place: int) -> str:
        """A place in memory that may be another one in a program of the same form."""
        return self.set(f"inttoptr i64 {self.hole(place)} to ptr")

    def new(self, what: str = "v") -> str:
        """A name, for a result or a label, that is not taken yet."""
        self._count += 1
        return f"%{what}{self._count}"

    def do(self, line: str) -> None:
        """Append a line."""
        self.lines.append(line)

    def set(self, expression: str) -> str:
        """Append an instruction; the name of its result."""
        name = self.new()
        self.lines.append(f"{name} = {expression}")
        return name

    # -- blocks ------------------------------------------------------------------------------------

    def begin(self, head: str) -> None:
        """Begin a function."""
        self.do(f"define {head} {{")
        self.label("%entry")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.do(f"{name.removeprefix('%')}:")

    def go(self, target: str) -> None:
        """End a block."""
        self.do(f"br label {target}")

    def branch(self, truth: str, target: str, other: str) -> None:
        """End a block: go to the target where the truth value holds, else to the other."""
        self.do(f"br i1 {truth}, label {target}, label {other}")

    def unless(self, truth: str, target: str) -> None:
        """Go on only where the truth value holds, else to the target."""
        after = self.new("on")
        self.branch(truth, after, target)
        self.label(after)

    @contextmanager
    def loop(
        self, count: object, carried: tuple[str, str, str, str] | None = None
    ) -> Iterator[str]:
        """What is written inside is done for i = 0, 1, 2 ... below the count. `carried` is a name,
        its type, what it stands for at first, and the name of what it stands for the next time."""
        before, head, body, back, done = map(self.new, ("before", "head", "body", "back", "done"))
        i, following = self.new("i"), self.new("i")
        # A phi names the blocks that lead to it. What is written inside may end in any block: so
        # the jumps in and back have small blocks to themselves, whose names are known by now.
        self.go(before)
        self.label(before)
        self.go(head)
        self.label(head)
        self.do(f"{i} = phi i64 [ 0, {before} ], [ {following}, {back} ]")
        if carried is not None:
            name, kind, first, later = carried
            self.do(f"{name} = phi {kind} [ {first}, {before} ], [ {later}, {back} ]")
        self.branch(self.set(f"icmp slt i64 {i}, {count}"), body, done)
        self.label(body)
        yield i
        self.go(back)
        self.label(back)
        self.do(f"{following} = add i64 {i}, 1")
        self.go(head)
        self.label(done)

    # -- memory ------------------------------------------------------------------------------------

    def element(self, kind: str, base: str, index: object) -> str:
        """The address of an element of an array."""
        return self.set(f"getelementptr {kind}, ptr {base}, i64 {index}")

    def load(self, kind: str, address: str, align: int = 0, note: str = "") -> str:
        """What stands there. Without `align` it begins at a multiple of its own size. `note` is
        what LLVM may know of it."""
        return self.set(f"load {kind}, ptr {address}{f', align {align}' if align else ''}{note}")

    def load_invariant(self, kind: str, address: str) -> str:
        """The same of a place that nobody writes to as long as the code is run."""
        return self.load(kind, address, note=INVARIANT)

    def store(self, kind: str, x: str, address: str, align: int = 0, note: str = "") -> None:
        """Write it there, aligned likewise."""
        self.do(f"store {kind} {x}, ptr {address}{f', align {align}' if align else ''}{note}")

    def copy(self, target: str, source: str, size: object) -> None:
        """Copy so many bytes, which may not overlap."""
        self.declarations.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        given = f"ptr {target}, ptr {source}, i64 {size}, i1 false"
        self.do(f"call void @llvm.memcpy.p0.p0.i64({given})")

    def clear(self, target: str, size: object) -> None:
        """Fill so many bytes with 0."""
        self.declarations.add("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        self.do(f"call void @llvm.memset.p0.i64(ptr {target}, i8 0, i64 {size}, i1 false)")
