"""The operations of a program in columns: no object per operation, some 16 bytes.

Operation i is of a kind, a number for its name, and reads the registers `operands[starts[i]]` to
`operands[starts[i + 1] - 1]`. Of a `const` there stands, in their place, where its number is among
the `values`; of an `input` the slot. As a sequence it is that of the `Op`s.

Compiled with the engine.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, final

from mypy_extensions import i32, i64

from autograd.compiler.ir.packed_columns import vec
from autograd.engine.locks import new_lock

__all__ = ["CONST", "INPUT", "KINDS", "NAMES", "FlatCode", "Op", "flat", "kind_of"]


class Op(NamedTuple):
    """One operation: its name, the registers it reads, and the number of a `const` or the slot of
    an `input`."""

    name: str
    operands: tuple[int, ...] = ()
    value: float = 0.0


INPUT: Final = 0
CONST: Final = 1
NAMES: Final[list[str]] = ["input", "const"]
"""The names of all kinds that this process has met."""
KINDS: Final[dict[str, int]] = {"input": INPUT, "const": CONST}
_NAMING: Final[Any] = new_lock()


def kind_of(name: str) -> int:
    """The number of a name; in another process it may be another one."""
    found = KINDS.get(name)
    return _new_kind(name) if found is None else found


def _new_kind(name: str) -> int:
    with _NAMING:
        if name not in KINDS:
            NAMES.append(name)
            KINDS[name] = len(NAMES) - 1
        return KINDS[name]


@final
class FlatCode:
    """Operations in columns."""

    __slots__ = ("_times", "kinds", "operands", "starts", "values")

    def __init__(self, kinds: Any, starts: Any, operands: Any, values: Any) -> None:
        self.kinds: Any = kinds  # arrays of "i", the values of "d"
        self.starts: Any = starts
        self.operands: Any = operands
        self.values: Any = values
        self._times: dict[int, int] | None = None

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return tuple([self._op(j) for j in range(*i.indices(len(self.kinds)))])
        place = i if i >= 0 else i + len(self.kinds)
        if not 0 <= place < len(self.kinds):
            raise IndexError(f"a program of {len(self.kinds)} operations has no operation {i}")
        return self._op(place)

    def _op(self, i: int) -> Op:
        kind: int = self.kinds[i]
        start: int = self.starts[i]
        if kind == CONST:
            return Op("const", (), self.values[self.operands[start]])
        if kind == INPUT:
            return Op("input", (), self.operands[start])
        return Op(NAMES[kind], tuple(self.operands[start : self.starts[i + 1]]))

    def __iter__(self) -> Iterator[Op]:
        for i in range(len(self.kinds)):
            yield self._op(i)

    def __contains__(self, op: object) -> bool:
        return any(op == own for own in self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FlatCode) and self.same_as(other):
            return True
        if not isinstance(other, (FlatCode, tuple, list)) or len(other) != len(self):
            return False
        return all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def same_as(self, other: FlatCode) -> bool:
        """Whether these are the same columns, to the bit of every constant."""
        return bool(
            self.kinds == other.kinds
            and self.operands == other.operands
            and self.starts == other.starts
            and self.values.tobytes() == other.values.tobytes()
        )

    def kinds_used(self) -> set[int]:
        """The kinds that occur."""
        return set(self._counted())

    def constants(self) -> list[float]:
        """The numbers of the constants, in their order."""
        at = zip(self.kinds, self.starts, strict=False)  # which has one more
        return [self.values[self.operands[start]] for kind, start in at if kind == CONST]

    def count_of(self, kind: int) -> int:
        """How many operations are of a kind."""
        return self._counted().get(kind, 0)

    def _counted(self) -> dict[int, int]:
        """How many operations are of each kind that occurs."""
        if self._times is None:
            column, counts = vec[i32](self.kinds), vec[i64]([i64(0)] * len(NAMES))
            for i in range(i64(len(column))):
                counts[i64(column[i])] += 1
            self._times = {kind: int(counts[kind]) for kind in range(len(counts)) if counts[kind]}
        return self._times

    @property
    def size(self) -> int:
        """How much memory the columns take."""
        columns = (self.kinds, self.starts, self.operands, self.values)
        return sum([len(column) * column.itemsize for column in columns])

    def __reduce__(self) -> Any:
        """With the names, for their numbers are this process's."""
        used = sorted(self.kinds_used())
        place = {kind: i for i, kind in enumerate(used)}
        kinds = array("i", [place[kind] for kind in self.kinds])
        names = [NAMES[kind] for kind in used]
        return _unpickled, (names, kinds, self.starts, self.operands, self.values)


def _unpickled(names: list[str], kinds: Any, starts: Any, operands: Any, values: Any) -> FlatCode:
    here = [kind_of(name) for name in names]
    return FlatCode(array("i", [here[kind] for kind in kinds]), starts, operands, values)


def flat(code: Sequence[Any] | FlatCode) -> FlatCode:
    """These operations in columns."""
    if isinstance(code, FlatCode):
        return code
    kinds, starts, operands, values = array("i"), array("i", [0]), array("i"), array("d")
    for op in code:
        kinds.append(kind_of(op.name))
        if op.name == "const":
            operands.append(len(values))
            values.append(op.value)
        elif op.name == "input":
            operands.append(int(op.value))
        else:
            operands.extend(op.operands)
        starts.append(len(operands))
    return FlatCode(kinds, starts, operands, values)
