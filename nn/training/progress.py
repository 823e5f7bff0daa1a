"""A progress bar, by tqdm, on a terminal or in a notebook; a line without tqdm; elsewhere nothing.

In a notebook text goes to the standard output: what is printed on the error output is red there.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from time import monotonic
from typing import Any, TextIO

from nn.training.history import Record

__all__ = ["Progress"]

SHOWN_EVERY = 0.2  # seconds


class Progress:
    """Counts the steps of a training and shows the loss.

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
            self.bar.total = self.bar.n  # a training that stops early is no failure, nor red
            self.bar.close()


class ProgressLine:
    """What is needed of a tqdm bar: one line of text that is written over."""

    def __init__(self, total: int, initial: int, file: TextIO) -> None:
        self.total, self.n, self.file = total, initial, file
        self._description = self._figures = ""
        self._width, self._next = 0, 0.0

    def set_description(self, text: str, refresh: bool) -> None:
        self._description = text

    def set_postfix(self, figures: dict[str, float], refresh: bool) -> None:
        self._figures = "".join(f", {name} {x:.3g}" for name, x in figures.items())

    def update(self) -> None:
        self.n += 1
        if monotonic() >= self._next:
            self._write()
            self._next = monotonic() + SHOWN_EVERY

    def close(self) -> None:
        self._write()
        self.file.write("\n")
        self.file.flush()

    def _write(self) -> None:
        text = f"{self._description}{self._figures}"
        self.file.write(f"\r{text.ljust(self._width)}")
        self.file.flush()
        self._width = len(text)


def _bar(total: int, initial: int) -> Any:
    """None where the output is no terminal or notebook."""
    in_notebook = _in_notebook()
    file = sys.stdout if in_notebook else sys.stderr
    if file is None or not (in_notebook or file.isatty()):
        return None
    try:
        if in_notebook and _has_widgets():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # tqdm.auto recommends widgets
                tqdm = importlib.import_module("tqdm.auto")
                return tqdm.tqdm(total=total, initial=initial, unit="step")
        tqdm = importlib.import_module("tqdm")
        return tqdm.tqdm(total=total, initial=initial, unit="step", file=file)
    except ImportError:
        return ProgressLine(total, initial, file)


def _has_widgets() -> bool:
    """Whether tqdm can show a bar of the notebook's own."""
    try:
        importlib.import_module("ipywidgets")
    except ImportError:
        return False
    return True


def _in_notebook() -> bool:
    """Whether a Jupyter kernel shows what is printed."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
