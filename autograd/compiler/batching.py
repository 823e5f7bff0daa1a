"""The arguments of a mapped function: which of them have rows, along which axis, and how many; and
its results, as arrays of all rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from copy import copy
from functools import cache
from typing import Any, NamedTuple

from autograd.arrays.refusals import refuse_own_classes
from autograd.compiler.recording.beyond_numbers import beyond_numbers, is_flag, state_of
from autograd.compiler.recording.plain_floats import is_running_plainly
from autograd.engine.modes import MODES, tracer, watching
from autograd.engine.primitives import describe
from autograd.engine.value import Value
from autograd.transforms.tree import (
    Structure,
    flatten,
    is_array,
    named_children,
    opened,
    replaced,
    size_of,
)

__all__ = [
    "Batch",
    "Call",
    "Inputs",
    "Leaf",
    "divisor",
    "empty",
    "inputs_of",
    "is_in_place",
    "placed",
    "result_axes",
    "row_shape",
    "rows_at",
    "views",
]


Build = Callable[[Iterator[Any]], Any]
"""Makes an argument of its leaves."""


class Leaf(NamedTuple):
    """A number or an array in the arguments, and the axis of its rows (None: no rows)."""

    content: Any
    axis: int | None
    name: str

    def objects(self) -> list[Any]:
        """What may be a Value."""
        if not is_array(self.content):
            return [self.content]
        return self.content.ravel().tolist() if self.content.dtype == object else []

    def row(self, i: int) -> Any:
        """The part of one row, or what all rows share."""
        if self.axis is None:
            return self.content
        return self.content[(slice(None),) * self.axis + (i,)]

    def first(self) -> Any:
        """The part of the first row, with the axis of rows."""
        return self.content[(slice(None),) * (self.axis or 0) + (slice(0, 1),)]

    def rows(self, chosen: Any) -> Any:
        """A copy of the parts of some rows, or of what all rows share."""
        if self.axis is None:
            return self.content.copy() if is_array(self.content) else self.content
        return self.content.take(chosen, self.axis)

    def row_of_ones(self) -> Any:
        """The like of a row, where there is none."""
        import numpy

        if self.axis is None:
            return self.content
        return numpy.ones(row_shape(self.content, self.axis))


class Call(NamedTuple):
    """The arguments of one call, for all rows or for one."""

    args: tuple[Any, ...]
    keywords: dict[str, Any]

    def replaced(self, other: Callable[[Any], Any]) -> Call:
        """The same with others in the places of some parts, as in `replaced` of a nesting."""
        args = tuple([replaced(x, other) for x in self.args])
        return Call(args, {name: replaced(x, other) for name, x in self.keywords.items()})


class Batch:
    """The arguments of one call: leaves, and everything else as a key.

    Those by place have rows along the axes that `in_axes` says, those by keyword along axis 0;
    `static` ones, by their names and places, are handed over as they are.
    """

    def __init__(
        self, call: Call, in_axes: Any, names: Sequence[str], static: Collection[str | int]
    ) -> None:
        self._call = call
        self.leaves: list[Leaf] = []
        self._kinds: list[Hashable] = []
        axes = _per_argument(in_axes, call.args)
        shown = [names[i] if i < len(names) else f"argument {i}" for i in range(len(call.args))]
        self._builds = [
            self._fixed(x)
            if i in static or name in static or (axis is None and is_flag(x))
            else self._mapped(x, axis, name)
            for i, (x, axis, name) in enumerate(zip(call.args, axes, shown, strict=True))
        ]
        self._named_builds = {
            name: self._fixed(x) if name in static else self._keyword(x, name)
            for name, x in call.keywords.items()
        }
        self.key: Hashable = (*self._kinds, *call.keywords)
        self.length = _length(self.leaves)

    def _mapped(self, x: Any, axes: Any, name: str) -> Build:
        self._kinds.append(beyond_numbers(x))
        return _take_apart(x, axes, name, self.leaves, self._kinds)

    def _keyword(self, x: Any, name: str) -> Build:
        try:
            return self._mapped(x, 0, name)
        except TypeError as error:
            error.add_note(
                "arguments by keyword are mapped along axis 0, as in JAX; pass what all rows share "
                "by place, with None in in_axes"
            )
            raise

    def _fixed(self, x: Any) -> Build:
        # As in a key of `jit`: with the type, and written out.
        self._kinds.append(("static", type(x), x, repr(x), state_of(x)))
        return lambda contents: x

    @property
    def is_for_the_engine(self) -> bool:
        """Whether its rows are run uncompiled: with a Value in the arguments, or where each
        operation is watched, by a recording, a run on floats beside one, or detect_anomaly."""
        if MODES.active != 0 and (tracer() is not None or watching()):
            return True
        return self._has_values or is_running_plainly()

    @property
    def _has_values(self) -> bool:
        return any(isinstance(x, Value) for leaf in self.leaves for x in leaf.objects())

    def in_place_shapes(self) -> list[tuple[bool, tuple[int, ...], bool]] | None:
        """Of arguments that are arrays with their rows, if any, along axis 0: whether each has
        rows, the shape of one, and whether it can be written to. None for others."""
        args = self._call.args
        if self._call.keywords or len(self.leaves) != len(args):
            return None
        if any(
            leaf.content is not x or not is_array(x) or leaf.axis
            for leaf, x in zip(self.leaves, args, strict=True)
        ):
            return None
        return [
            (
                leaf.axis is not None,
                row_shape(leaf.content, leaf.axis),
                leaf.content.flags.writeable,
            )
            for leaf in self.leaves
        ]

    def row(self, i: int) -> Call:
        """The arguments of the function for one row; for row 0 of none, arguments like these."""
        return self.of([leaf.row(i) if self.length else leaf.row_of_ones() for leaf in self.leaves])

    def forgetting(self) -> Batch:
        """The same without the arguments that it was made of."""
        out = copy(self)
        out._call = Call((), {})
        return out

    def rows(self, chosen: Any) -> Call:
        """A copy of the arguments for some rows."""
        return self.of([leaf.rows(chosen) for leaf in self.leaves])

    def of(self, contents: Iterable[Any]) -> Call:
        """Arguments like these, with other contents in the places of the leaves."""
        parts = iter(contents)
        args = tuple([build(parts) for build in self._builds])
        return Call(args, {name: build(parts) for name, build in self._named_builds.items()})


def _per_argument(axes: Any, args: tuple[Any, ...]) -> Sequence[Any]:
    if not isinstance(axes, (tuple, list)):
        return [axes] * len(args)
    if len(axes) != len(args):
        raise ValueError(
            f"in_axes has {len(axes)} entries, and the function was called with {len(args)} "
            f"argument{'' if len(args) == 1 else 's'} by place; give one entry for each"
        )
    return axes


def _take_apart(x: Any, axes: Any, name: str, leaves: list[Leaf], kinds: list[Hashable]) -> Build:
    """Append the leaves of an argument, and what it is beside them; how to put others in their
    places."""
    if is_array(x):
        refuse_own_classes(x, name)
        axis = _axis(x, axes, name)
        leaves.append(Leaf(x, axis, name))
        kinds.append((axis is not None, row_shape(x, axis)))
        return next
    children, kind, assemble = opened(x)
    if assemble is None:
        if axes is not None:
            raise TypeError(
                f"in_axes maps {name} along axis {axes!r}, and it is {describe(x)}; pass a NumPy "
                "array (numpy.array), or None in in_axes for what all rows share"
            )
        if not isinstance(x, Value):
            flatten(x, name)  # an error, for anything but a number
        leaves.append(Leaf(x, None, name))
        kind_of_number: Any = type(x)
        kinds.append(None if kind_of_number is float else kind_of_number)
        return next
    kinds.append((*kind, len(children)))
    places = _child_axes(x, axes, name, len(children))
    names = [name + written for written in named_children(x, children)[1]]
    parts = zip(children, places, names, strict=True)
    builds = [_take_apart(*part, leaves, kinds) for part in parts]
    put = assemble
    return lambda contents: put([build(contents) for build in builds])


def _child_axes(x: Any, axes: Any, name: str, count: int) -> Sequence[Any]:
    if axes is None or isinstance(axes, int):
        return [axes] * count
    if isinstance(x, dict) and isinstance(axes, dict) and x.keys() == axes.keys():
        return [axes[key] for key in x]
    places = opened(axes)[0]
    if len(places) != count or isinstance(x, dict) or isinstance(axes, dict):
        raise ValueError(
            f"in_axes for {name} has another nesting ({_outline(axes)}) than {name} has "
            f"({_outline(x)}); give one axis for all of it, or one for each of its parts"
        )
    return places


def _outline(x: Any) -> str:
    """A container in a few words."""
    if isinstance(x, dict):
        return f"a dict of {', '.join(map(repr, x)) or 'nothing'}"
    children, kind, assemble = opened(x)
    return describe(x) if assemble is None else f"a {kind[0].__name__} of {len(children)}"


@cache
def _in_place_types() -> tuple[Any, Any]:
    import numpy

    return numpy.ndarray, numpy.dtype(float)


def is_in_place(x: Any) -> Any:
    """Whether it is an array that machine code can read where it is."""
    array, double = _in_place_types()
    if type(x) is not array or (x.dtype is not double and x.dtype != double):  # as in a pickle
        return False
    return x.flags.c_contiguous and x.flags.aligned


def _axis(x: Any, axis: Any, name: str) -> int | None:
    """Which axis of an array holds the rows, from 0."""
    if axis is None:
        return None
    if type(axis) is not int:
        raise TypeError(f"in_axes for {name} is an axis or None, got {describe(axis)}")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(
            f"in_axes maps {name} along axis {axis}, and it has the shape {x.shape}; name an axis "
            "that it has, or None for what all rows share"
        )
    return axis % int(x.ndim)


def row_shape(x: Any, axis: int | None) -> tuple[int, ...]:
    """The shape of an array without the axis of its rows."""
    shape: tuple[int, ...] = x.shape
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]


def _length(leaves: Sequence[Leaf]) -> int:
    """How many rows there are."""
    lengths = [
        (leaf.content.shape[leaf.axis], leaf.name) for leaf in leaves if leaf.axis is not None
    ]
    if not lengths:
        raise ValueError("vmap got no array to take rows from; give in_axes an axis for one")
    first, name = lengths[0]
    for other, culprit in lengths:
        if other != first:
            raise ValueError(
                f"all batches have the same number of rows, but {name} has {first} and {culprit} "
                f"has {other}; pass arrays of one length, or None in in_axes for what rows share"
            )
    return int(first)


# -- as machine code reads them --------------------------------------------------------------------


class Inputs(NamedTuple):
    """Arrays of doubles, rows along axis 0 where they have any; the numbers that all rows share;
    how many rows there are."""

    arrays: list[Any]
    numbers: list[float]
    rows: int

    def some(self, chosen: Any, has_rows: Sequence[bool]) -> Inputs:
        """The same of some rows: for an array of their numbers copies, for a slice views."""
        pairs = list(zip(self.arrays, has_rows, strict=True))
        arrays = [array[chosen] if rows else array for array, rows in pairs]
        return Inputs(arrays, self.numbers, len(arrays[has_rows.index(True)]))


def inputs_of(batch: Batch) -> Inputs:
    """The arguments of a call, converted where that is needed."""
    arrays, numbers = [], []
    for leaf in batch.leaves:
        if is_array(leaf.content):
            arrays.append(_doubles(leaf))
        else:
            numbers.append(float(leaf.content))
    return Inputs(arrays, numbers, batch.length)


def _doubles(leaf: Leaf) -> Any:
    """A leaf's array as contiguous doubles, rows along axis 0."""
    import numpy

    x = leaf.content
    if not leaf.axis and is_in_place(x):
        return x
    if x.dtype.kind not in "biuf":
        numbers, _ = flatten(x, leaf.name)  # an error, but for an array of plain objects
        x = numpy.array(numbers, float).reshape(x.shape)
    if leaf.axis is not None:
        x = numpy.moveaxis(x, leaf.axis, 0)
    return numpy.require(x, float, ["C", "A"])


# -- results ---------------------------------------------------------------------------------------


def empty(rows: int, outputs: Structure) -> list[Any]:
    """Arrays for the results of all rows, one for every place of the nesting."""
    import numpy

    return [numpy.empty((rows, *(shape or ()))) for shape in outputs.shapes]


def placed(blocks: Sequence[Any], outputs: Structure, out_axes: Any) -> Any:
    """The results of all rows, whose arrays have them along axis 0, in their nesting and with the
    rows along `out_axes`: one axis for all, or a nesting of them."""
    if out_axes == 0 and type(out_axes) is int:
        return outputs.build(blocks)
    axes = result_axes(outputs, out_axes)
    return outputs.build([rows_at(x, axis) for x, axis in zip(blocks, axes, strict=True)])


def result_axes(outputs: Structure, out_axes: Any) -> list[int | None]:
    """The axis of the rows, from 0, for every place of a nesting of results; None for what is the
    same in all of them."""
    count = len(outputs.shapes)
    if type(out_axes) is int and out_axes == 0:
        return [0] * count
    axes: list[int | None] = [None] * count
    _spread(out_axes, outputs.build(range(count)), "the result", axes)
    return [
        None if axis is None else _axis_of_result(axis, len(shape or ()) + 1)
        for axis, shape in zip(axes, outputs.shapes, strict=True)
    ]


def _axis_of_result(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"out_axes puts rows along axis {axis}, and with them the result has {ndim} "
            f"ax{'is' if ndim == 1 else 'es'}"
        )
    return axis % ndim


def _spread(axes: Any, example: Any, name: str, out: list[int | None]) -> None:
    """The axis for every place of a nesting, which holds the number of the place."""
    children, _, assemble = opened(example)
    if assemble is None:
        if axes is not None and type(axes) is not int:
            raise TypeError(f"out_axes for {name} is an axis or None, got {describe(axes)}")
        if type(example) is int:  # and no text, which is as it was
            out[example] = axes
        return
    try:
        parts = _child_axes(example, axes, name, len(children))
    except ValueError as error:
        raise ValueError(str(error).replace("in_axes", "out_axes", 1)) from None
    written = named_children(example, children)[1]
    for axis, child, part in zip(parts, children, written, strict=True):
        _spread(axis, child, name + part, out)


def rows_at(x: Any, axis: int | None) -> Any:
    """Rows from axis 0 to another one; with None what is the same in each, once."""
    import numpy

    if axis is None:
        if not len(x) or not numpy.array_equal(x, numpy.broadcast_to(x[:1], x.shape), True):
            raise ValueError(
                "out_axes is None for a result that is not the same for all rows; give it an axis"
            )
        return x[0]
    return numpy.moveaxis(x, 0, axis)


def divisor(reduce: str | None, rows: int, name: str) -> int:
    """What the sums over so many rows are divided by. ValueError for the mean over none."""
    if reduce != "mean":
        return 1
    if rows == 0:
        raise ValueError(f"vmap of {name}: there is no mean over no rows")
    return rows


def views(flat: Any, outputs: Structure) -> list[Any]:
    """A flat array as views, one for every place of the nesting."""
    parts, start = [], 0
    for shape in outputs.shapes:
        stop = start + size_of(shape)
        part = flat[start:stop]
        parts.append(part if shape is not None and len(shape) == 1 else part.reshape(shape or ()))
        start = stop
    return parts
