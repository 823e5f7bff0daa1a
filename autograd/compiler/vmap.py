"""vmap: a function of one row, run over all rows of a batch in the lanes of vectors.

The function is recorded for one row, as `jit` records it, and the program compiled so that every
instruction works on several rows. A lane in which a decision comes out differently has left the
program's path: what it computed is thrown away, and the rows of which that is true are gathered and
run on a path of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import cache, update_wrapper
from typing import Any, Final

from autograd.compiler.batch_signatures import BatchSignature, empty, views
from autograd.compiler.batching import Batch, inputs_of, is_array, is_in_place
from autograd.compiler.ir.program import Program
from autograd.compiler.jit import Jitted, Stats
from autograd.compiler.native.simd import Vectors, host_vectors
from autograd.compiler.recording.arguments import RESULT
from autograd.engine.functions import sum as sum_of
from autograd.engine.modes import MODES, tracer, watching
from autograd.engine.primitives import describe
from autograd.transforms.tree import Structure, flatten, pack, size_of

__all__ = ["Mapped", "vmap"]


def vmap(
    f: Callable[..., Any],
    in_axes: Any = 0,
    reduce: str | None = None,
    threads: int = 1,
    *,
    max_paths: int = 100,
) -> Mapped:
    """The function that applies `f` to every row of its arguments, in machine code.

    `in_axes` says along which axis an argument's arrays are taken apart; None hands the argument
    over as it is. One entry for all arguments or a tuple of one for each, itself a nesting where an
    argument is one. The results have the nesting of what `f` returns, with arrays in the place of
    its numbers and arrays, the rows along axis 0; with `reduce="sum"` or `"mean"` they are added up
    over the rows, always in the same order, and have the shapes that `f` returns. `threads` share
    the rows out, without any effect on the numbers.

    `f` may decide on its numbers like any Python function, and be a transform, as in
    `vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")(params, rows)`. Values that it
    captures are read at every call. Numbers are those that `f` gives for the rows one by one, but
    for functions of the C library, which differ by some units in the last place where the machine
    has them for vectors. Called with Values, `f` runs row by row, uncompiled.

    Raises ValueError for batches of different lengths; RecordingError as `jit` does; ImportError
    without llvmlite and NumPy.

    >>> import numpy
    >>> from autograd import grad, vmap
    >>> slopes = vmap(grad(lambda x: x * x if x > 0 else -x))
    >>> slopes(numpy.array([3.0, -3.0, 4.0]))
    array([ 6., -1.,  8.])
    >>> total = vmap(lambda w, x: w * x[0] + x[1], in_axes=(None, 0), reduce="sum")
    >>> total(2.0, numpy.array([[1.0, 10.0], [2.0, 20.0]]))
    36.0
    """
    return Mapped(f, in_axes, reduce, threads, max_paths)


class Mapped:
    """What `vmap` returns; called like the function, with batches."""

    def __init__(
        self,
        f: Callable[..., Any],
        in_axes: Any = 0,
        reduce: str | None = None,
        threads: int = 1,
        max_paths: int = 100,
        vectors: Vectors | None = None,
    ) -> None:
        _require_numpy()
        _check(in_axes, reduce, threads)
        self.f: Final = f.f if isinstance(f, Jitted) else f
        self.in_axes: Final = in_axes
        self.reduce: Final = reduce
        self.threads: Final = threads
        self.row: Final = Jitted(self.f, (), max_paths)
        self.vectors: Final = vectors or host_vectors()
        self.name: Final[str] = getattr(self.f, "__qualname__", repr(self.f))
        self._names = self.row._parameters
        self._signatures: dict[Hashable, BatchSignature] = {}
        self._latest: BatchSignature | None = None
        self._lock = threading.RLock()
        update_wrapper(self, self.f, updated=())

    def __call__(self, *args: Any) -> Any:
        signature = self._latest
        if signature is not None and MODES.active == 0:
            inputs = signature.as_they_are(args)
            if inputs is not None:
                return signature.run(args, inputs)
        return self._carefully(args)

    def _carefully(self, args: tuple[Any, ...]) -> Any:
        batch = self.batch(args)
        observed = MODES.active != 0 and (tracer() is not None or watching())
        if observed or batch.has_values:
            return self._eagerly(batch)
        signature = self._latest = self.signature(batch)
        return signature.run(args, inputs_of(batch))

    def bind(self, *args: Any) -> BoundRows:
        """The function with its arguments at fixed places: NumPy arrays, whose present content
        every call reads, and numbers, which stay. It takes no arguments and writes its results
        over the previous ones.

        >>> import numpy
        >>> x = numpy.array([1.0, 2.0])
        >>> squares = vmap(lambda t: t * t).bind(x)
        >>> x[0] = 3.0
        >>> squares()
        array([9., 4.])
        """
        return BoundRows(self, args)

    def signature(self, batch: Batch) -> BatchSignature:
        """What is known of such arguments."""
        signature = self._signatures.get(batch.key)
        if signature is None:
            with self._lock:
                signature = self._signatures.setdefault(batch.key, BatchSignature(self, batch))
        return signature

    def batch(self, args: tuple[Any, ...]) -> Batch:
        """The arguments of a call, taken apart."""
        return Batch(args, self.in_axes, self._names)

    def program(self) -> Program:
        """The program of the row recorded last; print it to read it. ValueError before any call."""
        return self.row.program()

    def stats(self) -> Stats:
        """How much is recorded and compiled so far."""
        kernels = [signature.kernels() for signature in list(self._signatures.values())]
        return replace(
            self.row.stats(),
            tiers=tuple(
                ["compiled" if path else "recorded" for paths in kernels for path in paths]
            ),
            compiling_seconds=sum(x.seconds for paths in kernels for path in paths for x in path),
        )

    def __reduce__(self) -> Any:
        options = (self.in_axes, self.reduce, self.threads, self.row.max_paths)
        return Mapped, (self.f, *options)

    def __repr__(self) -> str:
        return f"<vmap of {self.name}>"

    def _eagerly(self, batch: Batch) -> Any:
        """What the function gives, row by row, by the engine: Values where Values went in."""
        rows: list[list[Any]] = []
        outputs = None
        for i in range(batch.length):
            numbers, structure = flatten(self.f(*batch.row(i)), RESULT)
            outputs = self.agreeing(outputs, structure, i)
            rows.append(numbers)
        if outputs is None:
            raise ValueError(
                f"vmap of {self.name} got a batch without rows while it runs uncompiled (of "
                "Values, or in a recording): it can't know what the result looks like"
            )
        if self.reduce is None:
            return _stacked(outputs, rows)
        sums = [sum_of(column) for column in zip(*rows, strict=True)]
        return outputs.unflatten([x / len(rows) for x in sums] if self.reduce == "mean" else sums)

    def agreeing(self, known: Structure | None, outputs: Structure, row: int) -> Structure:
        """The nesting of every row's results, or TypeError."""
        if known is not None and known != outputs:
            raise TypeError(
                f"{self.name} returns different nestings for different rows (row {row}); vmap puts "
                "the rows' results into arrays, so they have to be alike"
            )
        return outputs


class BoundRows:
    """What `bind` returns: called without arguments, it gives the result of the function for what
    is in the arrays now.

    The result is a nesting of arrays (without dimensions, for sums of single numbers) that the next
    call overwrites; `.result` is the same without a call.
    """

    def __init__(self, mapped: Mapped, args: tuple[Any, ...]) -> None:
        import numpy

        batch = mapped.batch(args)
        for leaf in batch.leaves:
            if is_array(leaf.content) and (leaf.axis or not is_in_place(leaf.content)):
                raise TypeError(
                    f"bind reads its arrays in place, so they are contiguous arrays of float64 "
                    f"with their rows along axis 0, and {leaf.name} is not; make one with "
                    "numpy.ascontiguousarray(x, float)"
                )
        self._args = args
        self._inputs = inputs_of(batch)
        self._form = mapped.signature(batch)
        outputs = self._form.outputs(args, self._inputs)
        self._flat = numpy.empty(outputs.size) if mapped.reduce else None
        self._columns = empty(self._inputs.rows, outputs.shapes)
        self.result: Any = outputs.build(
            self._columns if self._flat is None else views(self._flat, outputs)
        )
        self()

    def __call__(self) -> Any:
        if self._flat is None:
            self._form.fill(self._args, self._inputs, self._columns)
        else:
            self._flat[:] = self._form.sums(self._args, self._inputs)
        return self.result


def _stacked(outputs: Structure, rows: Sequence[Sequence[Any]]) -> Any:
    """Rows of results as arrays."""
    blocks, start = [], 0
    for shape in outputs.shapes:
        stop = start + size_of(shape)
        leaves = [x for row in rows for x in row[start:stop]]
        blocks.append(pack((len(rows), *(shape or ())), leaves))
        start = stop
    return outputs.build(blocks)


def _check(in_axes: Any, reduce: str | None, threads: int) -> None:
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f'reduce is None, "sum" or "mean", got {describe(reduce)}')
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads is a whole number from 1, got {describe(threads)}")
    if in_axes is None:
        raise ValueError(
            "in_axes=None maps no argument, so there are no rows; give an axis for at least one"
        )


@cache
def _require_numpy() -> None:
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise ImportError(
            "vmap needs NumPy, which is not installed; run: pip install 'chainrule[jit]'"
        ) from None
