"""A specialization for many rows: the program of one path, and its kernels for all that `vmap` does
with it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from weakref import ref

from autograd.compiler.batching import Inputs
from autograd.compiler.ir.finite_fast_path import finite_fast_path
from autograd.compiler.ir.loops import Rolled
from autograd.compiler.ir.program import Program
from autograd.compiler.native.cores import Sharing
from autograd.compiler.native.machine import COMPILERS, LLVMFailed
from autograd.compiler.native.simd_math import in_vectors
from autograd.compiler.native.simd_target import Vectors
from autograd.compiler.native.vector_codegen import UNSURE, Columns, Field
from autograd.compiler.native.vector_interpreter import can_interpret_rows
from autograd.compiler.native.vector_kernels import InterpretedKernel, RowKernel
from autograd.compiler.row_forms import RowForm
from autograd.compiler.said_to_callers import warn_of_llvm
from autograd.compiler.specializations import Specialization
from autograd.engine.locks import cached_property, new_lock
from autograd.transforms.tree import Structure, size_of

__all__ = ["FixedRows", "Target", "VectorSpecialization"]


ROWS_INTERPRETED_FOR_GOOD: Final = 100_000  # instructions; LLVM takes too long over more


class Target(NamedTuple):
    """What rows are compiled for: the processor's vectors, threads, results that are kept
    (None), added up ("sum") or averaged ("mean")."""

    vectors: Vectors
    sharing: Sharing
    reduce: str | None


class _Purpose(NamedTuple):
    """What a kernel is for: whether results are added up; whether it may give up on rows whose
    results are not finite; and for how many rows."""

    is_sum: bool
    is_fast_path: bool
    wide: int = 1
    """Vectors of rows at a time."""


class FixedRows(NamedTuple):
    """Rows of one chunk at most in arrays that stay where they are: to these columns go results, to
    `out` marks or sums, over a divisor."""

    inputs: Inputs
    columns: Sequence[Any]
    out: Any
    divisor: float


class VectorSpecialization:
    """One path of rows through the function, and its machine code with and without adding up.

    Where there is a shorter program that is right where results are finite, it is tried first.
    """

    def __init__(
        self,
        specialization: Specialization,
        fields: Sequence[Field],
        has_rows: Sequence[bool],
        target: Target,
    ) -> None:
        self._specialization = specialization
        self._captured = specialization.captured
        self._program = specialization.program
        self._has_rows = has_rows
        self._target = target
        # Captured Values are inputs like numbers that all rows share, and follow these.
        shared = len(has_rows)
        numbers = sum(field.array == shared for field in fields)
        own = [Field(shared, numbers + i, 0) for i in range(len(self._captured))]
        self._inputs = [*fields, *own]
        self._first_result = shared + 1
        self._is_mostly_finite = True
        self._making = new_lock()
        self._kernels: dict[_Purpose, RowKernel] = {}
        self._forms: dict[tuple[bool, bool], RowForm] = {}

    def _full(self, is_sum: bool, rows: int) -> RowKernel:
        """The kernel that is right for all rows of the path."""
        return self._for(is_sum, False, rows)

    def _likely(self, is_sum: bool, rows: int) -> RowKernel:
        """The fastest kernel for rows like those of late."""
        return self._for(is_sum, self._is_mostly_finite, rows)

    def _for(self, is_sum: bool, is_fast_path: bool, rows: int) -> RowKernel:
        """A kernel, made when it is first needed: machine code at once for a program with loops,
        and for a short one; a longer one is interpreted until its machine code is ready, in the
        background."""
        form = self._form(is_sum, is_fast_path)
        wide = form.wide(rows, self._target.vectors.lanes)
        return self._kernel(form, _Purpose(is_sum, is_fast_path, wide))

    def _kernel(self, form: RowForm, purpose: _Purpose) -> RowKernel:
        return self._kernels.get(purpose) or self._first_kernel(form, purpose)

    def _form(self, is_sum: bool, is_fast_path: bool) -> RowForm:
        found = self._forms.get((is_sum, is_fast_path))
        if found is not None:
            return found
        with self._making:
            if (is_sum, is_fast_path) not in self._forms:
                program = self._program
                fast = finite_fast_path(program, is_sum) if is_fast_path else None
                instructions = self._in_vectors(fast or program)
                self._forms[is_sum, is_fast_path] = RowForm(instructions, is_sum, fast is not None)
            return self._forms[is_sum, is_fast_path]

    def _first_kernel(self, form: RowForm, purpose: _Purpose) -> RowKernel:
        with self._making:
            if purpose not in self._kernels:
                if form.is_compiled_at_once or not self.tells:
                    self._kernels[purpose] = self._compiled_or_interpreted(form, purpose)
                else:
                    self._kernels[purpose] = self._interpreted(purpose.is_sum)
                    if form.size <= ROWS_INTERPRETED_FOR_GOOD:
                        COMPILERS.submit(partial(_improve, ref(self), form, purpose))
            return self._kernels[purpose]

    def _compiled_or_interpreted(self, form: RowForm, purpose: _Purpose) -> RowKernel:
        """Interpreted, with a warning, where LLVM fails and there is no callback."""
        try:
            return self._compiled(form, purpose)
        except LLVMFailed as error:
            if not self.tells:
                raise
            kernel = self._interpreted(purpose.is_sum)
            warn_of_llvm(error, form.size)
            return kernel

    def improve(self, form: RowForm, purpose: _Purpose) -> None:
        """Make the machine code that takes the place of the interpreter."""
        kernel = self._compiled(form, purpose)
        with self._making:
            self._kernels[purpose] = kernel

    def is_of(self, specialization: Specialization) -> bool:
        """Whether it is that path."""
        return self._specialization is specialization

    def _compiled(self, form: RowForm, purpose: _Purpose) -> RowKernel:
        target = self._target.vectors, self._target.sharing
        callbacks = self._specialization.callbacks
        return form.kernel(self._columns(purpose.is_sum), target, purpose.wide, callbacks)

    def _interpreted(self, is_sum: bool) -> RowKernel:
        return InterpretedKernel(self._instructions, self._columns(is_sum), *self._target[:2])

    def _columns(self, is_sum: bool) -> Columns:
        return Columns(self._inputs, None if is_sum else self._results)

    @cached_property
    def _results(self) -> list[Field]:
        """Where a row's results go."""
        outputs, in_one = self._specialization.outputs, bool(self._target.reduce)
        return _result_fields(outputs, self._first_result, in_one)

    @cached_property
    def _instructions(self) -> Program:
        return in_vectors(self._program, self._target.vectors)

    def _in_vectors(self, program: Program) -> Program:
        own = program is self._program
        return self._instructions if own else in_vectors(program, self._target.vectors)

    @property
    def rolled(self) -> Rolled | None:
        """The loops of the form that was used last; None if it has none, or nothing was run."""
        return next((form.rolled for form in reversed([*self._forms.values()])), None)

    @property
    def operations(self) -> int:
        """Of that form, or of the program."""
        forms = [*self._forms.values()]
        return forms[-1].operations if forms else self._program.operations

    @property
    def outcomes(self) -> Sequence[Hashable]:
        """What came out at each of its decisions."""
        return self._specialization.outcomes

    @cached_property
    def tells(self) -> bool:
        """Whether it can say which decision comes out otherwise; not if it calls Python back, which
        a row on another path is no reason for."""
        return can_interpret_rows(self._instructions)

    def departure(self, one: Inputs) -> tuple[int, Hashable]:
        """Where a row leaves this path, as the tree of paths asks: -1, or the first decision that
        comes out otherwise, and how."""
        found = self._deciding.of(self._arrays(one))
        for i, guard in enumerate(self._instructions.guards):
            if bool(found[i]) != guard.expected:
                number = found[self._deciding.places.get(i, i)]
                return i, self._specialization.other_outcome(i, [number])
        return -1, None

    @cached_property
    def _deciding(self) -> _Deciding:
        place = len(self._has_rows) + 1  # behind the shared numbers, as those of results
        return _Deciding(self._instructions, self._inputs, place, self._target.vectors)

    def kernels(self) -> list[RowKernel]:
        """Those that have been needed."""
        return list(self._kernels.values())

    def fill(self, inputs: Inputs, out: Sequence[Any]) -> Any:
        """Write the rows' results; those of rows on other paths are worth nothing. Gives an array,
        not 0 for the rows on this one."""
        marks, status = self._likely(False, inputs.rows).fill(
            [*self._arrays(inputs), *out], inputs.rows
        )
        left = (marks == UNSURE).nonzero()[0] if status else ()
        if len(left):
            # Where many rows are computed twice, the full program alone is faster.
            self._is_mostly_finite = len(left) < 0.1 * inputs.rows
            some = inputs.some(left, self._has_rows)
            results = [x[left] for x in out]
            self._full(False, some.rows).fill([*self._arrays(some), *results], some.rows)
            for whole, part in zip(out, results, strict=True):
                whole[left] = part
        return marks

    def sums(self, inputs: Inputs, count: int) -> Any:
        """The sums of the rows' results over a count; None if a row is on another path."""
        arrays = self._arrays(inputs)
        sums, status = self._likely(True, inputs.rows).sums(arrays, inputs.rows, count)
        if status == UNSURE:
            self._is_mostly_finite = False
            sums, status = self._full(True, inputs.rows).sums(arrays, inputs.rows, count)
        return None if status else sums

    def repeating(self, is_sum: bool, fixed: FixedRows) -> Callable[[], int] | None:
        """What computes the rows of these arrays again and again: 0 if all are done. None where
        captured Values are read each time."""
        if self._captured:
            return None
        arrays = self._fixed_arrays(fixed)
        kernel: RowKernel | None = None
        run: Callable[[], int]

        def again() -> int:
            nonlocal kernel, run
            latest = self._likely(is_sum, fixed.inputs.rows)
            if latest is not kernel:
                kernel = latest
                run = latest.repeating(arrays, fixed.inputs.rows, fixed.out, fixed.divisor)
            return run()

        return again

    def function_of(
        self, is_sum: bool, fixed: FixedRows, moved: tuple[Any, Any] | None, result: Any
    ) -> Callable[[], Any]:
        """The same as a function of Python's that returns this object: see
        `RowKernel.function_of`."""
        is_fast = self._is_mostly_finite
        form = self._form(is_sum, is_fast)
        wide = form.wide_for_good(fixed.inputs.rows, self._target.vectors)
        kernel = self._kernel(form, _Purpose(is_sum, is_fast, wide))
        shown = fixed.inputs.arrays, moved, result
        given = self._fixed_arrays(fixed), fixed.inputs.rows, fixed.out, fixed.divisor
        return kernel.function_of(*given, shown)

    def _fixed_arrays(self, fixed: FixedRows) -> list[Any]:
        return [*self._arrays(fixed.inputs), *fixed.columns]

    def _arrays(self, inputs: Inputs) -> list[Any]:
        if not inputs.numbers and not self._captured:
            return [*inputs.arrays, None]
        import numpy

        shared = [*inputs.numbers, *[value.data for value in self._captured]]
        return [*inputs.arrays, numpy.array(shared, float)]


class _Deciding:
    """What comes out at every decision of a path, for one row, whichever path that takes: without
    compiling, for it is asked but a few times."""

    def __init__(
        self, instructions: Program, inputs: Sequence[Field], place: int, vectors: Vectors
    ) -> None:
        guards = instructions.guards
        self.places: dict[int, int] = {}
        """Where the number stands that a decision converts to int."""
        registers = [guard.register for guard in guards]
        for i in range(len(guards)):
            converted = instructions.converted(i)
            if converted is not None:
                self.places[i] = len(registers)
                registers.append(converted)
        self._count = len(registers)
        results = [Field(place, i, self._count) for i in range(self._count)]
        program = Program(instructions.code, instructions.inputs, tuple(registers), guards)
        self._kernel = InterpretedKernel(program, Columns(inputs, results), vectors, Sharing(1))

    def of(self, arrays: Sequence[Any]) -> list[float]:
        """For the only row of these arrays."""
        import numpy

        out = numpy.empty((1, self._count))
        self._kernel.fill([*arrays, out], 1)
        return list(out[0])


def _improve(path: ref[VectorSpecialization], form: RowForm, purpose: _Purpose) -> None:
    """In the background. Where LLVM fails, or in a child that is forked meanwhile, the program
    stays interpreted; and one that nobody will run is not compiled."""
    wanted = path()
    if wanted is not None:
        wanted.improve(form, purpose)


def _result_fields(outputs: Structure, first: int, in_one: bool) -> list[Field]:
    """Where a row's results go: to one array for each place of the nesting, or all to one."""
    if in_one:
        size = outputs.size
        return [Field(first, i, size) for i in range(size)]
    return [
        Field(first + i, j, size_of(shape))
        for i, shape in enumerate(outputs.shapes)
        for j in range(size_of(shape))
    ]
