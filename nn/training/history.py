"""The history of a training: a record for each epoch, how it ended, and its picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, overload

from nn.plots import accuracy_curve, loss_curve
from nn.validation import counted

__all__ = ["History", "Record", "columns_of", "records_from"]

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Record:
    """One epoch.

    `loss` is the mean over the samples, each batch measured before its step, and so is `accuracy`
    (from 0 to 1; None without classes). The validation figures are those after the epoch, None
    without validation data. `gradient_norm` is the mean over the batches of the gradient's length,
    before any clipping, and `lr` the learning rate.
    """

    epoch: int
    loss: float
    validation_loss: float | None
    accuracy: float | None
    validation_accuracy: float | None
    lr: float
    gradient_norm: float
    seconds: float

    @property
    def decisive_loss(self) -> float:
        """The loss by which epochs are compared: the validation loss, if there is one."""
        return self.loss if self.validation_loss is None else self.validation_loss


COLUMNS = tuple(field.name for field in fields(Record))


def columns_of(records: Sequence[Record]) -> dict[str, list[Any]]:
    """Column name -> entries, without columns of None."""
    columns = {name: [getattr(record, name) for record in records] for name in COLUMNS}
    return {
        name: column
        for name, column in columns.items()
        if not column or any(entry is not None for entry in column)
    }


def records_from(columns: dict[str, list[Any]]) -> list[Record]:
    """The records that the columns were made from."""
    missing = [None] * len(columns["epoch"])
    return [Record(*row) for row in zip(*(columns.get(n, missing) for n in COLUMNS), strict=True)]


@dataclass
class History(Sequence[Record]):
    """The records of a training, in order: `history[-1]`, `len(history)`, `for record in history`.

    `history["loss"]` is a column, and `history.columns()` is all of them, for
    `pandas.DataFrame(history.columns())`. `best` is the best epoch. `stopped` says in words why the
    training ended before its last epoch, None if it did not; `interrupted` whether that was Ctrl-C.
    `classes` are the labels in the order of the model's outputs, None for a regression. `hints`
    say what would probably help; `engine` is "jit" where the training ran as machine code, and
    `loss_name` the loss that it was trained for.

    >>> from nn import MLP, fit
    >>> history = fit(MLP(1, [1], seed=0), [0.0, 1.0, 2.0], [1.0, 3.0, 5.0], epochs=20, lr=0.1)
    >>> len(history), history[0].epoch, history["epoch"][-1]
    (20, 1, 20)
    >>> history.best.loss == min(history["loss"])
    True
    """

    records: list[Record] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False
    classes: tuple[Any, ...] | None = None
    hints: list[str] = field(default_factory=list)
    engine: str = "eager"
    loss_name: str = "loss"

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @overload
    def __getitem__(self, key: int) -> Record: ...
    @overload
    def __getitem__(self, key: slice) -> list[Record]: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...

    def __getitem__(self, key: int | slice | str) -> Record | list[Record] | list[Any]:
        if isinstance(key, str):
            if key not in COLUMNS:
                raise KeyError(f"no column is called {key!r}; known: {', '.join(COLUMNS)}")
            return [getattr(record, key) for record in self.records]
        return self.records[key]

    @property
    def best(self) -> Record | None:
        """The epoch of the lowest validation loss (loss, without validation data); None before any
        epoch is over."""
        known = [r for r in self.records if r.decisive_loss == r.decisive_loss]
        return min(known, key=lambda r: r.decisive_loss, default=None)

    @property
    def seconds(self) -> float:
        """The time of all epochs together."""
        return sum(record.seconds for record in self.records)

    def columns(self) -> dict[str, list[Any]]:
        """Column name -> entries, without columns of None."""
        return columns_of(self.records)

    def plot(self, what: str = "loss", *, ax: Axes | None = None, theme: str = "light") -> Axes:
        """The "loss" over the epochs, or the "accuracy", of training and validation: see
        `nn.loss_curve` and `nn.accuracy_curve`."""
        if what not in ("loss", "accuracy"):
            raise ValueError(f"""there are plots of "loss" and "accuracy", got {what!r:.80}""")
        numbers, validation = self[what], self[f"validation_{what}"]
        measured = validation if any(x is not None for x in validation) else None
        if what == "loss":
            return loss_curve(numbers, measured, name=self.loss_name, ax=ax, theme=theme)
        if self.records and numbers[0] is None:
            raise ValueError("there is no accuracy: this was a training without classes")
        return accuracy_curve(numbers, measured, ax=ax, theme=theme)

    def __repr__(self) -> str:
        parts = [counted(len(self), "epoch")]
        if self.records:
            last, best = self.records[-1], self.best
            parts[0] += f" in {self.seconds:.1f} s"
            parts.append(_figures(last))
            if best is not None and best is not last:
                parts.append(f"best in epoch {best.epoch}: {_figures(best)}")
        if self.stopped:
            parts.append(f"stopped: {self.stopped}")
        return f"History({'; '.join(parts)})"


def _figures(record: Record) -> str:
    """`loss 0.12, validation loss 0.2, accuracy 0.95`, as far as they exist."""
    names = ("loss", "validation_loss", "accuracy", "validation_accuracy")
    figures = ((name.replace("_", " "), getattr(record, name)) for name in names)
    return ", ".join(f"{name} {x:.4g}" for name, x in figures if x is not None)
