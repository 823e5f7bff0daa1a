"""Data in Dask arrays and frames: what `fit` has to know of them, found in one pass over their
chunks; and the samples, which stay where they are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from nn.array_rows import first_missing
from nn.frame_columns import column_labels, in_order
from nn.training.cluster_errors import telling_of_the_cluster
from nn.training.dataset import Row
from nn.training.objective import Objective
from nn.validation import is_missing

__all__ = [
    "ChunkedData",
    "ChunkedRows",
    "ChunkedSamples",
    "chunked_data",
    "chunked_rows",
    "computed",
    "is_chunked",
    "missing_number",
]

EXAMPLES: Final = 1000  # rows, and targets that differ


def is_chunked(x: Any) -> bool:
    """Whether it is an array or a frame of Dask's."""
    return "dask" in sys.modules and hasattr(type(x), "__dask_graph__")


def chunked_data(X: Any, y: Any, trained_on: Sequence[str], name: str = "") -> ChunkedData | None:
    """Inputs and targets of which at least one is Dask's; None for others.

    Raises TypeError or ValueError for inputs that are no numbers, missing numbers, and other
    lengths of X and y, as `read_rows` and `read_targets` do.
    """
    if not is_chunked(X) and not is_chunked(y):
        return None
    data = ChunkedData(f"{name}X", f"{name}y", X, y, trained_on)
    data.look_through()
    return data


class ChunkedRows(NamedTuple):
    """Inputs as doubles in a Dask array, each row in one chunk; and the names of their columns,
    none of an array."""

    rows: Any
    columns: list[str]


def chunked_rows(name: str, X: Any, trained_on: Sequence[str]) -> ChunkedRows:
    """Inputs, of a frame the columns that a model was trained on, in their order. Raises TypeError
    or ValueError for what are no numbers, and for other columns."""
    is_frame = hasattr(type(X), "columns") and X.ndim == 2
    columns = [str(label) for label in X.columns] if is_frame else []
    if columns:
        in_order(name, getattr(X, "_meta", X), trained_on)  # an error, for other columns
        labels = dict(zip(columns, X.columns, strict=True))
        columns = list(trained_on) or columns
        X = X[[labels[column] for column in columns]]
    rows = _as_array(name, X)
    if rows.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} holds {rows.dtype}; inputs are numbers: {name}.astype(float) if it has such, "
            "or code what it means in numbers"
        )
    rows = rows.astype(float)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2:
        raise ValueError(
            f"{name} has a row of numbers for each sample; it has the shape {rows.shape}"
        )
    return ChunkedRows(rows.rechunk({1: -1}), columns)


class ChunkedData:
    """X and y as Dask arrays, cut alike; and in memory some of their rows, among which there are
    all targets, if these are few."""

    def __init__(self, x_name: str, y_name: str, X: Any, y: Any, trained_on: Sequence[str]) -> None:
        import dask.array

        self._names = x_name, y_name
        self.rows, self.columns = chunked_rows(x_name, X, trained_on)
        """Doubles; and the names of the inputs, none of an array."""
        self.labels = column_labels(getattr(y, "_meta", y) if is_chunked(y) else y)
        """Names of the targets' columns, as they may be of one-hot ones."""
        rows, targets = self.rows, _as_array(y_name, y)
        targets = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
        if targets.ndim > 2:
            raise ValueError(f"{y_name} has a target for each sample; it has {targets.ndim} axes")
        if targets.ndim == 2 and targets.dtype.kind not in "biuf":
            raise TypeError(
                f"{y_name} holds {targets.dtype}; rows of targets are numbers: "
                f"{y_name}.astype(float) if it has such"
            )
        if len(rows) != len(targets):
            raise ValueError(
                f"{x_name} and {y_name} must have one entry for each sample; "
                f"got {len(rows)} in {x_name} and {len(targets)} in {y_name}"
            )
        if not len(rows):
            raise ValueError(f"{x_name} is empty; there must be at least one sample")
        full = tuple([size for size in rows.chunks[0] if size])
        self.rows = rows.rechunk({0: full})  # of empty chunks Dask finds no mean and no maximum
        cuts = {0: full, **({1: -1} if targets.ndim == 2 else {})}
        self.targets = dask.array.asarray(targets).rechunk(cuts)
        self.example_rows: list[Row] = []
        self.example_targets: list[Any] = []

    def look_through(self) -> None:
        """Check every number, and find the examples: the first rows, and of the targets that there
        are no more than some each at least once."""
        import dask

        look, tell = dask.delayed(missing_number), dask.delayed(_distinct)
        blocks = self.rows.to_delayed().ravel().tolist()
        target_blocks = self.targets.to_delayed().ravel().tolist()
        missing, distinct, rows, targets = computed(
            (
                [look(block) for block in blocks],
                [tell(block) for block in target_blocks],
                self.rows[:EXAMPLES],
                self.targets[:EXAMPLES],
            )
        )
        self._refuse_missing(self._names[0], missing, self.rows)
        self._refuse_missing(self._names[1], [part[0] for part in distinct], self.targets)
        others: list[Any] = []
        for _, found in distinct:
            others += [x for x in found if x not in others]
            if len(others) > EXAMPLES:
                break
        self.example_targets = [*targets.tolist(), *others[:EXAMPLES]]
        self.example_rows = rows.tolist()
        more = len(self.example_targets) - len(self.example_rows)
        self.example_rows += [self.example_rows[0]] * more

    def _refuse_missing(self, name: str, found: Sequence[Any], array: Any) -> None:
        first = 0
        for part, size in zip(found, array.chunks[0], strict=True):
            if part is not None:
                i, j, x = part
                place = f"{name}[{first + i}]" + (f"[{j}]" if array.ndim == 2 else "")
                raise ValueError(f"{place} is {x}; fill in missing numbers, or leave the row out")
            first += size

    def samples(self, objective: Objective) -> ChunkedSamples:
        """Rows, and targets in the form that the loss takes."""
        return ChunkedSamples(objective, self.rows, self.targets)


@dataclass(frozen=True)
class ChunkedSamples:
    """Inputs, and targets as they were given, in Dask arrays that are cut alike."""

    objective: Objective
    inputs: Any
    given: Any

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, indices: Sequence[int]) -> ChunkedSamples:
        import numpy

        chosen = numpy.array(indices)
        return ChunkedSamples(self.objective, self.inputs[chosen], self.given[chosen])

    def like_these(self) -> tuple[list[Row], list[Any]]:
        """Two rows with the mean and the standard deviation of all, and two such targets."""
        parts = [self.inputs] if self.objective.classes is not None else [self.inputs, self.given]
        rows, *targets = [_two_like(*computed((x.mean(axis=0), x.std(axis=0)))) for x in parts]
        return rows, targets[0] if targets else []

    def by_class(self, table: Any) -> Any:
        """For each sample its class's row in a table."""
        one_hot = self.given.ndim == 2
        names = None if one_hot else list(self.objective.classes or ())
        chunks = (self.given.chunks[0], *[(n,) for n in table.shape[1:]])
        return self.given.map_blocks(
            _picked,
            labels=names,
            table=table,
            dtype=float,
            chunks=chunks,
            drop_axis=[1] if one_hot and table.ndim == 1 else [],
            new_axis=[1] if not one_hot and table.ndim == 2 else [],
        )


def computed(results: Any) -> Any:
    """A nesting of Dask arrays, computed; single numbers as floats."""
    import dask

    with telling_of_the_cluster():
        found = dask.compute(results)[0]
    return tuple([x.item() if getattr(x, "ndim", 1) == 0 else x for x in found])


def _plain_types(frame: Any) -> Any:
    """A frame or a series of types that NumPy has: pandas' own as floats, or as objects."""
    kinds = frame.dtypes if frame.ndim == 2 else [frame.dtype]
    if not any(hasattr(kind, "na_value") for kind in kinds) and len(set(kinds)) == 1:
        return frame
    are_numbers = all(getattr(kind, "_is_numeric", kind.kind in "biuf") for kind in kinds)
    return frame.astype(float if are_numbers else object)


def _as_array(name: str, x: Any) -> Any:
    import dask.array
    import numpy

    if hasattr(type(x), "to_dask_array"):
        with telling_of_the_cluster():
            return _plain_types(x).to_dask_array(lengths=True)
    if is_chunked(x) and not isinstance(x, dask.array.Array):
        raise TypeError(
            f"{name} is something delayed, or a bag, of Dask, which has no rows; make an "
            "array of it (dask.array.from_delayed), or compute it"
        )
    if is_chunked(x):
        with telling_of_the_cluster():
            return x.compute_chunk_sizes() if numpy.isnan(x.shape).any() else x
    entries = numpy.asarray(x)
    if entries.dtype.kind == "U":  # which may be made of texts and of NaN, that is one then
        entries = numpy.asarray(x, object)
    return dask.array.from_array(entries, chunks=-1)


# -- of a chunk ------------------------------------------------------------------------------------


def missing_number(block: Any) -> tuple[int, int, float] | None:
    """Row and column of the first that is not finite, and what it is."""
    place = first_missing(block)
    return None if place is None else (place[0], place[-1], float(block[place]))


def _missing_label(labels: Sequence[Any]) -> tuple[int, int, Any] | None:
    """The same of labels, which may be texts, and lacking in as many ways as pandas has."""
    return next(((i, i, x) for i, x in enumerate(labels) if is_missing(x)), None)


def _distinct(block: Any) -> tuple[Any, list[Any]]:
    """The first that is missing; and which targets there are, as far as they are few."""
    import numpy

    if block.dtype.kind not in "biuf":
        labels = block.tolist()
        return _missing_label(labels), list(dict.fromkeys(labels))[: EXAMPLES + 1]
    found = numpy.unique(block, axis=0 if block.ndim == 2 else None)
    return missing_number(block), found[: EXAMPLES + 1].tolist()


def _picked(block: Any, labels: list[Any] | None, table: Any) -> Any:
    """The rows of a table for the targets of a chunk: one-hot, or of labels."""
    import numpy

    if labels is None:
        return table[block.argmax(axis=1)]
    if block.dtype.kind not in "biuf":
        places = {label: i for i, label in enumerate(labels)}
        return table[[places[x] for x in block.tolist()]]
    order = numpy.argsort(labels)
    return table[order[numpy.searchsorted(numpy.array(labels)[order], block)]]


def _two_like(mean: Any, spread: Any) -> list[Any]:
    if isinstance(mean, float):
        return [mean - spread, mean + spread]
    return [(mean - spread).tolist(), (mean + spread).tolist()]
