"""A program as columns: one row per operation in arrays of integers, instead of one object each.

What is compared, counted and repeated thousands of times is a number here, so that loops are found
by arithmetic on whole arrays. Rows are the operations in order, and the guards where they are
checked. Row i has the address i; a constant or an input has a negative address, and no row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from autograd.compiler.ir.flat_code import CONST, INPUT, NAMES, flat
from autograd.compiler.ir.program import Op, Program
from autograd.compiler.ir.row_columns import row_columns

__all__ = [
    "ALONE",
    "FAILS",
    "HOLDS",
    "Rows",
    "distinct",
    "program_of",
    "rows_from",
    "without_added_zeros",
]

HOLDS: Final = "guard holds"  # that is no name of a primitive
FAILS: Final = "guard fails"
ALONE: Final = " alone"
"""After the name of a function that is to give the same bits for several numbers as for each."""


class Rows(NamedTuple):
    """`names[codes[i]]` is what row i does with the addresses `operands[starts[i]:starts[i + 1]]`.
    The address ~k is input k; from `~inputs` down, that of a constant. `results` are addresses."""

    names: tuple[str, ...]
    codes: Any
    starts: Any
    operands: Any
    constants: Any
    inputs: int
    results: Any

    @property
    def length(self) -> int:
        """How many rows."""
        return len(self.codes)


def rows_from(program: Program, alone: Sequence[bool] = (), may_move: Collection[str] = ()) -> Rows:
    """The rows of a program, constants and inputs in order, used or not.

    Those of the registers that are `alone` have names that say so. A row that reads one other row
    alone, and which none reads, stands behind that one if its name is among those that may move;
    such rows have names to themselves, which read the same.
    """
    import numpy

    code = flat(program.code)
    named, used = code.kinds, code.kinds_used()
    if alone:
        named = numpy.array(code.kinds, numpy.int32)
        named[numpy.array(alone, bool) & (named != CONST) & (named != INPUT)] += len(NAMES)
        used = {*numpy.flatnonzero(numpy.bincount(named)).tolist()}
    kinds = sorted(used - {CONST, INPUT})
    names = (*[_name(kind) for kind in kinds], HOLDS, FAILS)
    inputs = len(program.inputs)
    tested = [guard.register for guard in program.guards]
    fails = [not guard.expected for guard in program.guards]
    moving = [name in may_move for name in names]
    columns = row_columns(code, named, inputs, kinds, (tested, fails), moving)
    codes, starts, operands, addresses = columns
    return Rows(
        names * 2 if may_move else names,
        numpy.asarray(codes, numpy.int32),
        numpy.asarray(starts, numpy.int32),
        numpy.asarray(operands, numpy.int32),
        numpy.array(code.values, float),
        inputs,
        numpy.array([addresses[i] for i in program.outputs], numpy.int64),
    )


def _name(kind: int) -> str:
    return NAMES[kind] if kind < len(NAMES) else NAMES[kind - len(NAMES)] + ALONE


def program_of(program: Program, columns: Rows) -> Program:
    """The program of these rows, with the inputs' names and the guards' lines of another one. Each
    input and each constant stands where it is used first."""
    code: list[Op] = []
    registers: dict[int, int] = {}
    guards = list(program.guards)
    tested = 0
    operands, starts = columns.operands.tolist(), columns.starts.tolist()

    def register(address: int) -> int:
        if address not in registers:
            k = ~address - columns.inputs
            op = Op("input", (), k + columns.inputs)
            registers[address] = len(code)
            code.append(op if k < 0 else Op("const", (), float(columns.constants[k])))
        return registers[address]

    for i, number in enumerate(columns.codes.tolist()):
        name = columns.names[number]
        given = tuple([register(a) for a in operands[starts[i] : starts[i + 1]]])
        if name in (HOLDS, FAILS):
            guards[tested] = guards[tested]._replace(register=given[0], expected=name == HOLDS)
            tested += 1
        else:
            registers[i] = len(code)
            code.append(Op(name, given))
    outputs = tuple([register(address) for address in columns.results.tolist()])
    return Program(tuple(code), program.inputs, outputs, tuple(guards))


def distinct(numbers: Any) -> Any:
    """Each of these once, in order: as `numpy.unique`, which loads `numpy.ma` first, and that takes
    longer than all the rest for most programs."""
    import numpy

    ordered = numpy.sort(numbers)
    is_first = numpy.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]


def without_added_zeros(rows: Rows) -> Rows:
    """The rows where results are added to sums that begin with 0.0: a result that is a number plus
    0.0 is that number, but for the sign of a zero, which such a sum does not take over."""
    import numpy

    if "add" not in rows.names or not len(rows.constants):
        return rows
    is_zero = (rows.constants == 0.0) & ~numpy.signbit(rows.constants)
    zeros = ~(numpy.flatnonzero(is_zero) + rows.inputs)
    first, last = rows.operands[rows.starts[:-1]], rows.operands[rows.starts[1:] - 1]
    adds = rows.codes == rows.names.index("add")
    of = numpy.where(numpy.isin(last, zeros), first, last)
    adds &= numpy.isin(last, zeros) | numpy.isin(first, zeros)
    adds &= numpy.isin(numpy.arange(rows.length), rows.results)
    adds[rows.operands[rows.operands >= 0]] = False  # needed by others too
    kept = ~adds
    # What is added to 0.0 may be a sum with 0.0 itself: one is taken away, and that is enough.
    moved = numpy.cumsum(kept) - 1

    def renumbered(addresses: Any) -> Any:
        return numpy.where(addresses >= 0, moved[numpy.maximum(addresses, 0)], addresses)

    inner = numpy.maximum(rows.results, 0)
    is_dropped = (rows.results >= 0) & adds[inner]
    results = numpy.where(is_dropped, of[inner], rows.results)
    widths = numpy.diff(rows.starts)
    starts = numpy.concatenate(([0], numpy.cumsum(widths[kept])))
    operands = renumbered(rows.operands[numpy.repeat(kept, widths)])
    return rows._replace(
        codes=rows.codes[kept], starts=starts, operands=operands, results=renumbered(results)
    )
