"""LLVM assembly that runs a program over many rows: a loop over blocks of as many rows as a vector
has lanes.

Where a row's numbers are is known when the code is made: input slot i is column `offset` of an
array whose rows are `stride` numbers long; a stride of 0 means one number for all rows. The last
block may be short. Its rows are copied to a work space and the last of them repeated, so that the
code of a block never has to ask how many rows it has.

Results go to columns of arrays likewise, or are added up: every result has one running sum per lane
for every `CHUNK` rows, so the order of additions depends on the number of rows alone, not on
threads, nor on which code paths the rows take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from autograd.compiler.ir.program import Program
from autograd.compiler.native.codegen import ATTRIBUTES, NEVER, Assembly, in_pieces
from autograd.compiler.native.simd import Vectors

__all__ = ["CHUNK", "Columns", "Field", "block_kernel", "work_size"]

CHUNK: Final = 1024  # a multiple of every number of lanes


class Field(NamedTuple):
    """Where a slot is: the array, the column, and how long the array's rows are (0: no rows)."""

    array: int
    offset: int
    stride: int


class Columns(NamedTuple):
    """The places of all inputs and results. Arrays are numbered through, results' after inputs'.
    `results` is None where they are to be added up."""

    inputs: Sequence[Field]
    results: Sequence[Field] | None

    def strides(self) -> dict[int, int]:
        """The row lengths of the arrays that are used."""
        return {field.array: field.stride for field in [*self.inputs, *(self.results or ())]}


def work_size(columns: Columns, results: int, lanes: int) -> int:
    """How many numbers the work space has to hold, which begins at a multiple of 64 bytes."""
    return _Places(columns, results, lanes).size


class _Places:
    """Offsets in the work space: sums of whole blocks, sums of the last, and the rows of the last
    block of each array; at its end the last block's marks."""

    def __init__(self, columns: Columns, results: int, lanes: int) -> None:
        self.sums = 0
        self.last_sums = results * lanes if columns.results is None else 0
        self.rows: dict[int, int] = {}
        end = 2 * self.last_sums
        for array, stride in columns.strides().items():
            if stride:
                self.rows[array] = end
                end += lanes * stride
        self.marks = end
        self.size = end + 8


def block_kernel(
    program: Program,
    columns: Columns,
    vectors: Vectors,
    addresses: Mapping[tuple[str, int], int],
    is_fast_path: bool = False,
) -> str:
    """`i64 run(double **arrays, i64 begin, i64 end, double *work, void *out, double divisor)`: rows
    begin to end.

    With results in columns, `out` holds a byte for every row: 1 where it took the program's path, 0
    where it did not. With sums it gets those of every chunk from the first, over the divisor. Gives
    0 if every row took the path; else 1, and with sums these are worth nothing. With
    `is_fast_path`, results that are not finite are not to be relied on: then the byte, or what is
    given, is 2.
    """
    return str(_BlockKernel(program, columns, vectors, addresses, is_fast_path))


class _BlockKernel:
    def __init__(
        self,
        program: Program,
        columns: Columns,
        vectors: Vectors,
        addresses: Mapping[tuple[str, int], int],
        is_fast_path: bool,
    ) -> None:
        self.is_fast_path = is_fast_path
        self.unpaired = ""  # 0 where a result is finite, not yet checked
        self.finite = ""  # holds for the lanes whose results are finite
        self.program = program
        self.columns = columns
        self.lanes = vectors.lanes
        self.assembly = Assembly(program, vectors.lanes, addresses, vectors.names, vectors.scales)
        self.places = _Places(columns, len(program.outputs), vectors.lanes)
        self.is_sum = columns.results is None
        self.truth = ""  # holds for the lanes that are still on the path

    def __str__(self) -> str:
        body = self._body()
        helpers = [_PAD, _COPY]
        if self.is_sum:
            helpers += [_ADD_LAST, self._totals(), _CHUNKS]
        count = len(self.program.outputs)
        numbers = {
            "lanes": self.lanes,
            "chunk": CHUNK,
            "results": count,
            "entries": count * self.lanes,
            "bytes": 8 * self.lanes * count,
            "all_first": f"<{self.lanes} x i32> zeroinitializer",
            "numbers": ", ".join(f"i64 {lane}" for lane in range(self.lanes)),
        }
        text = "\n".join([self._function(body), *helpers])
        for name, number in numbers.items():
            text = text.replace(f"{{{name}}}", str(number))
        declarations = sorted(self.assembly.declarations)
        return "\n".join([*declarations, _MEMSET, text, ATTRIBUTES, ""])

    # -- the loop ----------------------------------------------------------------------------------

    def _function(self, body: Sequence[str]) -> str:
        """The loop around a block."""
        name = "chunk" if self.is_sum else "run"
        kind = "internal " if self.is_sum else ""
        given = (
            "ptr noalias readonly %arrays, i64 %begin, i64 %end, ptr noalias %work, ptr %out, "
            "double %divisor"
        )
        lines = [f"define {kind}i64 @{name}({given}) {{", "entry:"]
        lines += self._entry()
        lines += ["br label %head", "head:"]
        lines += ["%i = phi i64 [ %begin, %entry ], [ %next, %done ]"]
        lines += ["%all = phi i1 [ true, %entry ], [ %on, %done ]"]
        lines += ["%left = sub i64 %end, %i", "%full = icmp uge i64 %left, {lanes}"]
        lines += ["br i1 %full, label %whole, label %part"]
        lines += ["part:", *self._part(), "br label %block"]
        lines += ["whole:", *self._whole(), "br label %block"]
        lines += ["block:", *self._choices(), *body]
        lines += ["br i1 %full, label %done, label %last", "last:", *self._last(), "br label %done"]
        lines += ["done:", "%next = add i64 %i, {lanes}", "%more = icmp ult i64 %next, %end"]
        lines += ["br i1 %more, label %head, label %exit", "exit:", *self._exit(), NEVER, "}"]
        return "\n".join(lines)

    def _entry(self) -> list[str]:
        lines = []
        for array in self.columns.strides():
            lines.append(f"%at{array} = getelementptr ptr, ptr %arrays, i64 {array}")
            lines.append(f"%array{array} = load ptr, ptr %at{array}")
        for array, place in self.places.rows.items():
            lines.append(f"%rows{array} = getelementptr double, ptr %work, i64 {place}")
        if self.is_sum:
            lines.append(f"%rest = getelementptr double, ptr %work, i64 {self.places.last_sums}")
            lines.append("call void @llvm.memset.p0.i64(ptr %work, i8 0, i64 {bytes}, i1 false)")
        else:
            lines.append(f"%marks = getelementptr double, ptr %work, i64 {self.places.marks}")
        return lines

    def _part(self) -> list[str]:
        lines = []
        for array, stride in self._input_rows().items():
            lines.append(f"%from{array} = mul i64 %i, {stride}")
            lines.append(f"%src{array} = getelementptr double, ptr %array{array}, i64 %from{array}")
            places = f"ptr %src{array}, ptr %rows{array}"
            lines.append(f"call void @pad({places}, i64 {stride}, i64 %left)")
        if self.is_sum:
            lines.append("call void @llvm.memset.p0.i64(ptr %rest, i8 0, i64 {bytes}, i1 false)")
        return lines

    def _whole(self) -> list[str]:
        lines = []
        for array, stride in self._rows().items():
            lines.append(f"%step{array} = mul i64 %i, {stride}")
            lines.append(f"%now{array} = getelementptr double, ptr %array{array}, i64 %step{array}")
        if not self.is_sum:
            lines.append("%mark = getelementptr i8, ptr %out, i64 %i")
        return lines

    def _choices(self) -> list[str]:
        lines = [
            f"%b{array} = phi ptr [ %now{array}, %whole ], [ %rows{array}, %part ]"
            for array in self._rows()
        ]
        own, last = ("%work", "%rest") if self.is_sum else ("%mark", "%marks")
        return [*lines, f"%to = phi ptr [ {own}, %whole ], [ {last}, %part ]"]

    def _last(self) -> list[str]:
        """What a short block left in the work space, to where it belongs."""
        if self.is_sum:
            return ["call void @add_last(ptr %work, ptr %rest, i64 %left)"]
        lines = ["%end_mark = getelementptr i8, ptr %out, i64 %i"]
        lines.append("call void @copy(ptr %marks, ptr %end_mark, i64 %left)")
        for array, stride in self._result_rows().items():
            lines.append(f"%past{array} = mul i64 %i, {stride}")
            lines.append(f"%dst{array} = getelementptr double, ptr %array{array}, i64 %past{array}")
            lines.append(f"%size{array} = mul i64 %left, {8 * stride}")
            lines.append(f"call void @copy(ptr %rows{array}, ptr %dst{array}, i64 %size{array})")
        return lines

    def _exit(self) -> list[str]:
        lines = ["%failed = xor i1 %on, true"]
        if not self.is_sum:
            return [*lines, "%status = zext i1 %failed to i64", "ret i64 %status"]
        lines.append("%has_other = call i1 @totals(ptr %work, ptr %out, double %divisor)")
        other = "2" if self.is_fast_path else "0"
        lines.append(f"%other = select i1 %has_other, i64 {other}, i64 0")
        lines.append("%status = select i1 %failed, i64 1, i64 %other")
        return [*lines, "ret i64 %status"]

    def _rows(self) -> dict[int, int]:
        return {array: stride for array, stride in self.columns.strides().items() if stride}

    def _input_rows(self) -> dict[int, int]:
        return {field.array: field.stride for field in self.columns.inputs if field.stride}

    def _result_rows(self) -> dict[int, int]:
        return {field.array: field.stride for field in self.columns.results or ()}

    # -- a block -----------------------------------------------------------------------------------

    def _body(self) -> list[str]:
        self.assembly.operations(self._load, self._check, self._add if self.is_sum else self._store)
        lines = self.assembly.lines
        if self.unpaired:
            self._check_finite(self.unpaired)
        every = self._both(self.truth, self.finite) if self.finite else self.truth
        if self.lanes == 1 or not every:
            lines.append(f"%good = or i1 {every or 'true'}, false")
        else:
            lines.append(f"%bits = bitcast {self.assembly.truth} {every} to i{self.lanes}")
            lines.append(f"%good = icmp eq i{self.lanes} %bits, -1")
        lines.append("%on = and i1 %all, %good")
        if not self.is_sum:
            self._mark()
        return list(in_pieces(lines, "%to"))

    def _mark(self) -> None:
        """0 for another path, 1 for a row that is done, 2 for NaN where it may be wrong."""
        lines, truth = self.assembly.lines, self.assembly.truth
        kind = "i8" if self.lanes == 1 else f"<{self.lanes} x i8>"

        def bytes_of(number: int) -> str:
            numbers = ", ".join([f"i8 {number}"] * self.lanes)
            return str(number) if self.lanes == 1 else f"<{numbers}>"

        mark = bytes_of(1)
        if self.finite:
            choice = f"{kind} {bytes_of(1)}, {kind} {bytes_of(2)}"
            lines.append(f"%number = select {truth} {self.finite}, {choice}")
            mark = "%number"
        if self.truth:
            lines.append(
                f"%mark_or_0 = select {truth} {self.truth}, {kind} {mark}, {kind} {bytes_of(0)}"
            )
            mark = "%mark_or_0"
        lines.append(f"store {kind} {mark}, ptr %to, align 1")

    def _address(self, field: Field, row: int = 0) -> str:
        """Of the field in a row of the block."""
        name = self.assembly.temporary()
        base = f"%b{field.array}" if field.stride else f"%array{field.array}"
        at = field.offset + row * field.stride
        self.assembly.lines.append(f"{name} = getelementptr double, ptr {base}, i64 {at}")
        return name

    def _load(self, slot: int) -> str:
        field = self.columns.inputs[slot]
        if field.stride == 0 or self.lanes == 1:
            return self._in_all_lanes(self._loaded("double", self._address(field)))
        if field.stride == 1:
            return self._loaded(self.assembly.type, self._address(field))
        whole = "poison"
        for lane in range(self.lanes):
            number = self._loaded("double", self._address(field, lane))
            whole = self._with_lane(whole, number, lane)
        return whole

    def _loaded(self, kind: str, address: str) -> str:
        name = self.assembly.temporary()
        self.assembly.lines.append(f"{name} = load {kind}, ptr {address}, align 8")
        return name

    def _in_all_lanes(self, number: str) -> str:
        if self.lanes == 1:
            return number
        first = self._with_lane("poison", number, 0)
        name = self.assembly.temporary()
        kind = self.assembly.type
        self.assembly.lines.append(
            f"{name} = shufflevector {kind} {first}, {kind} poison, "
            f"<{self.lanes} x i32> zeroinitializer"
        )
        return name

    def _with_lane(self, whole: str, number: str, lane: int) -> str:
        name = self.assembly.temporary()
        self.assembly.lines.append(
            f"{name} = insertelement {self.assembly.type} {whole}, double {number}, i32 {lane}"
        )
        return name

    def _check(self, index: int, truth: str, expected: bool) -> None:
        assembly = self.assembly
        if not expected:
            name = f"%not{index}"
            assembly.lines.append(f"{name} = xor {assembly.truth} {truth}, {assembly.all_true()}")
            truth = name
        self.truth = self._both(self.truth, truth)

    def _both(self, known: str, truth: str) -> str:
        """The truth value that holds where both do; the first may be none."""
        if not known:
            return truth
        name = self.assembly.temporary()
        self.assembly.lines.append(f"{name} = and {self.assembly.truth} {known}, {truth}")
        return name

    def _add(self, i: int, x: str) -> None:
        lines, kind = self.assembly.lines, self.assembly.type
        lines.append(f"%s{i} = getelementptr {kind}, ptr %to, i64 {i}")
        align = 8 * self.lanes
        lines.append(f"%old{i} = load {kind}, ptr %s{i}, align {align}")
        lines.append(f"%new{i} = fadd {kind} %old{i}, {x}")
        lines.append(f"store {kind} %new{i}, ptr %s{i}, align {align}")

    def _check_finite(self, x: str) -> None:
        """A finite number less itself is 0, any other NaN, which compares with nothing: so two are
        checked at a time."""
        rest, kind = self.assembly.temporary(), self.assembly.type
        self.assembly.lines.append(f"{rest} = fsub {kind} {x}, {x}")
        if not self.unpaired:
            self.unpaired = rest
            return
        name = self.assembly.temporary()
        self.assembly.lines.append(f"{name} = fcmp ord {kind} {self.unpaired}, {rest}")
        self.unpaired = ""
        self.finite = self._both(self.finite, name)

    def _store(self, i: int, x: str) -> None:
        assert self.columns.results is not None
        if self.is_fast_path:
            self._check_finite(x)
        field, kind = self.columns.results[i], self.assembly.type
        if field.stride == 1 or self.lanes == 1:
            self.assembly.lines.append(f"store {kind} {x}, ptr {self._address(field)}, align 8")
            return
        for lane in range(self.lanes):
            part = self.assembly.temporary()
            self.assembly.lines.append(f"{part} = extractelement {kind} {x}, i32 {lane}")
            place = self._address(field, lane)
            self.assembly.lines.append(f"store double {part}, ptr {place}, align 8")

    # -- sums --------------------------------------------------------------------------------------

    def _totals(self) -> str:
        """A function that adds the lanes' sums, halves to halves."""
        kind, lines = self.assembly.type, []
        if self.lanes > 1:
            lines.append(f"%v{self.lanes} = load {kind}, ptr %src, align 8")
        else:
            lines.append("%v1 = load double, ptr %src, align 8")
        width = self.lanes
        while width > 1:
            half = width // 2
            low = ", ".join(f"i32 {j}" for j in range(half))
            high = ", ".join(f"i32 {j}" for j in range(half, width))
            wide, mask = f"<{width} x double>", f"<{half} x i32>"
            for name, lanes in (("low", low), ("high", high)):
                lines.append(
                    f"%{name}{half} = shufflevector {wide} %v{width}, {wide} poison, "
                    f"{mask} <{lanes}>"
                )
            lines.append(f"%v{half} = fadd <{half} x double> %low{half}, %high{half}")
            width = half
        if self.lanes > 1:
            lines.append("%total = extractelement <1 x double> %v1, i32 0")
        else:
            lines.append("%total = fadd double %v1, 0.0")
        return _TOTALS.replace("{adding}", "\n".join(lines))


_MEMSET: Final = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"

# Rows to the work space, the last of them repeated up to the number of lanes.
_PAD: Final = """
define internal void @pad(ptr %src, ptr %dst, i64 %stride, i64 %rows) noinline {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i1, %row_end ]
  %last = sub i64 %rows, 1
  %inside = icmp ult i64 %i, %rows
  %from = select i1 %inside, i64 %i, i64 %last
  %a = mul i64 %from, %stride
  %b = mul i64 %i, %stride
  br label %column
column:
  %j = phi i64 [ 0, %row ], [ %j1, %column ]
  %aj = add i64 %a, %j
  %bj = add i64 %b, %j
  %p = getelementptr double, ptr %src, i64 %aj
  %q = getelementptr double, ptr %dst, i64 %bj
  %x = load double, ptr %p
  store double %x, ptr %q
  %j1 = add i64 %j, 1
  %more = icmp ult i64 %j1, %stride
  br i1 %more, label %column, label %row_end
row_end:
  %i1 = add i64 %i, 1
  %again = icmp ult i64 %i1, {lanes}
  br i1 %again, label %row, label %exit
exit:
  ret void
}
"""

_COPY: Final = """
define internal void @copy(ptr %src, ptr %dst, i64 %bytes) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %p = getelementptr i8, ptr %src, i64 %i
  %q = getelementptr i8, ptr %dst, i64 %i
  %x = load i8, ptr %p
  store i8 %x, ptr %q
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %bytes
  br i1 %more, label %loop, label %exit
exit:
  ret void
}
"""

# The sums of a short block's rows, each to that of its lane.
_ADD_LAST: Final = """
define internal void @add_last(ptr %sums, ptr %rest, i64 %rows) noinline {
entry:
  %first = insertelement <{lanes} x i64> poison, i64 %rows, i32 0
  %limit = shufflevector <{lanes} x i64> %first, <{lanes} x i64> %first, {all_first}
  %mask = icmp ult <{lanes} x i64> <{numbers}>, %limit
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %p = getelementptr double, ptr %sums, i64 %i
  %q = getelementptr double, ptr %rest, i64 %i
  %x = load <{lanes} x double>, ptr %p, align 8
  %y = load <{lanes} x double>, ptr %q, align 8
  %z = fadd <{lanes} x double> %x, %y
  %new = select <{lanes} x i1> %mask, <{lanes} x double> %z, <{lanes} x double> %x
  store <{lanes} x double> %new, ptr %p, align 8
  %i1 = add i64 %i, {lanes}
  %more = icmp ult i64 %i1, {entries}
  br i1 %more, label %loop, label %exit
exit:
  ret void
}
"""

_TOTALS: Final = """
define internal i1 @totals(ptr %sums, ptr %out, double %divisor) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %other = phi i1 [ false, %entry ], [ %other1, %loop ]
  %at = mul i64 %i, {lanes}
  %src = getelementptr double, ptr %sums, i64 %at
  %dst = getelementptr double, ptr %out, i64 %i
  {adding}
  %result = fdiv double %total, %divisor
  store double %result, ptr %dst
  %rest = fsub double %total, %total
  %this = fcmp uno double %rest, 0.0
  %other1 = or i1 %other, %this
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, {results}
  br i1 %more, label %loop, label %exit
exit:
  ret i1 %other1
}
"""

_CHUNKS: Final = """
define i64 @run(ptr %arrays, i64 %begin, i64 %end, ptr %work, ptr %out, double %divisor) {
entry:
  br label %loop
loop:
  %i = phi i64 [ %begin, %entry ], [ %next, %good ]
  %to = phi ptr [ %out, %entry ], [ %to1, %good ]
  %next = add i64 %i, {chunk}
  %inside = icmp ult i64 %next, %end
  %stop = select i1 %inside, i64 %next, i64 %end
  %status = call i64 @chunk(ptr %arrays, i64 %i, i64 %stop, ptr %work, ptr %to, double %divisor)
  %bad = icmp ne i64 %status, 0
  br i1 %bad, label %exit, label %good
good:
  %to1 = getelementptr double, ptr %to, i64 {results}
  br i1 %inside, label %loop, label %exit
exit:
  ret i64 %status
}
"""
