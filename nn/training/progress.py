"""A progress bar, by tqdm, on a terminal or in a notebook; elsewhere nothing."""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import Any

from nn.training.history import Record

__all__ = ["Progress"]


class Progress:
    """Counts the steps of a training and shows the loss. Without tqdm it stays silent.

    tqdm comes with `pip install tqdm`.
    """

    def __init__(self, wanted: bool, epochs: int, steps_each: int, done: int) -> None:
        self.epochs = epochs
        self.bar = _bar(epochs * steps_each, done * steps_each) if wanted else None

    def begin_epoch(self, epoch: int) -> None:
        if self.bar is not None:
            self.bar.set_description(f"epoch {epoch}/{self.epochs}", refresh=False)

    def step(self) -> None:
        if self.bar is not None:
            self.bar.update()

    def end_epoch(self, record: Record) -> None:
        if self.bar is not None:
            shown = {
                "loss": record.loss,
                "val_loss": record.validation_loss,
                "acc": record.accuracy if record.validation_accuracy is None else None,
                "val_acc": record.validation_accuracy,
                "lr": record.lr,
            }
            self.bar.set_postfix({k: x for k, x in shown.items() if x is not None}, refresh=False)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def _bar(total: int, initial: int) -> Any:
    """None where the output is no terminal or notebook, or where tqdm is missing."""
    in_notebook = _in_notebook()
    if not in_notebook and not (sys.stderr is not None and sys.stderr.isatty()):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tqdm.auto recommends widgets
            tqdm = importlib.import_module("tqdm.auto" if in_notebook else "tqdm")
            return tqdm.tqdm(total=total, initial=initial, unit="step")
    except ImportError:
        return None


def _in_notebook() -> bool:
    """Whether a Jupyter kernel shows what is printed."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
