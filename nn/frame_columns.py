"""Columns of frames, which a model knows by their names, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nn.validation import listed

__all__ = ["column_labels", "column_names", "in_order"]


def column_names(data: Any) -> list[str]:
    """Of a frame; none of other data."""
    if hasattr(data, "to_numpy") and hasattr(data, "columns"):
        return [str(name) for name in data.columns]
    return []


def column_labels(data: Any) -> tuple[Any, ...]:
    """Of a frame of one-hot columns, the classes: texts or whole numbers; none of other data."""
    if not hasattr(data, "to_numpy") or not hasattr(data, "columns"):
        return ()
    labels = data.columns.tolist() if hasattr(data.columns, "tolist") else list(data.columns)
    are_classes = len(set(labels)) == len(labels) and {type(x) for x in labels} in ({str}, {int})
    return tuple(labels) if are_classes else ()


def in_order(name: str, X: Any, wanted: Sequence[str]) -> Any:
    """A frame with its columns in the wanted order; data without names as they are.

    Raises ValueError for other columns, and for two of one name.
    """
    given = column_names(X)
    if twice := sorted({column for column in given if given.count(column) > 1}):
        raise ValueError(
            f"{name} has several columns called {twice[0]!r:.80}; each must have a name of its own"
        )
    if not wanted or not given or given == list(wanted):
        return X
    missing = [column for column in wanted if column not in given]
    unknown = [column for column in given if column not in wanted]
    if missing or unknown:
        raise ValueError(
            f"the columns of {name} are not those that the model was trained with"
            + (f"; missing: {listed(list(map(repr, missing)), 5)}" if missing else "")
            + (f"; not among them: {listed(list(map(repr, unknown)), 5)}" if unknown else "")
        )
    return X.iloc[:, [given.index(column) for column in wanted]]
