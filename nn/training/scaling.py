"""`fit(..., scale=True)`: scalers that become a part of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nn.array_rows import as_rows
from nn.layers import Chain
from nn.scaler import Scaler
from nn.sequential import Sequential
from nn.training.dataset import Row

__all__ = ["has_scaler", "output_scaler_of", "scaling"]

Measure = Callable[[Sequence[Row], Sequence[Any]], None]


@contextmanager
def scaling(model: Any, n_inputs: int, n_outputs: int | None) -> Iterator[Measure]:
    """Inside the block the model has scalers, and a function measures them, but for those that are
    measured already. After an error everything is as it was. `n_outputs` is None where outputs are
    not to be scaled, as those of classes."""
    before = {name: vars(model).get(name) for name in ("scaler", "output_scaler")}
    inputs = _scaler_of(model) or _made(model, "scaler", n_inputs)
    outputs = None
    if n_outputs is not None:
        outputs = output_scaler_of(model)
        if outputs is None and isinstance(model, Chain):
            outputs = _made(model, "output_scaler", n_outputs)
    unmeasured = [scaler for scaler in (inputs, outputs) if scaler and not scaler.measured]

    def measure(rows: Sequence[Row], targets: Sequence[Any]) -> None:
        if inputs in unmeasured:
            inputs.measure(rows)
        if outputs is not None and outputs in unmeasured:
            outputs.measure(as_rows(targets))

    try:
        yield measure
    except BaseException:
        for scaler in unmeasured:
            scaler.mean, scaler.scale = [0.0] * scaler.n_inputs, [1.0] * scaler.n_inputs
        for name, scaler in before.items():
            if scaler is None:
                vars(model).pop(name, None)
        raise


def has_scaler(model: Any) -> bool:
    """Whether numbers of any size may go in."""
    return _scaler_of(model) is not None


def output_scaler_of(model: Any) -> Scaler | None:
    """The one that outputs leave through."""
    found = getattr(model, "output_scaler", None)
    return found if isinstance(found, Scaler) else None


def _scaler_of(model: Any) -> Scaler | None:
    """The one that inputs meet first."""
    found = getattr(model, "scaler", None)
    if found is None and isinstance(model, Sequential):
        found = model[0]
    return found if isinstance(found, Scaler) else None


def _made(model: Any, name: str, size: int) -> Scaler:
    if not isinstance(model, Chain):
        raise TypeError(
            f"scale=True needs a place in {type(model).__name__}: give it `self.scaler = "
            f"nn.Scaler({size})`, and compute with self.scaler(x)"
        )
    scaler = Scaler(size)
    setattr(model, name, scaler)
    return scaler
