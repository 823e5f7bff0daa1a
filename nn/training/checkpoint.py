"""Checkpoints of `fit`: everything that the rest of a training depends on, in one JSON file.

The file holds what `Module.save` writes, so `model.load` reads the weights from it, and under
"training" the optimiser, the schedule, the state of the random numbers, the history, the best
weights so far, and the settings that a training has to be resumed with.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from nn.jsonio import FilePath, decoded, write_json
from nn.training.dataset import Samples
from nn.training.history import columns_of

__all__ = ["Checkpoint", "data_digest"]

NEEDED = {"optimizer", "schedule", "random", "held_out", "best_weights", "history"}
AT_MOST_EVERY = 1.0  # seconds: short epochs need not wait for the disk
SHARE = 0.05  # of the time, at most, is spent writing


class Checkpoint:
    """Writes the latest of the states that it is given, and reads it back."""

    def __init__(self, path: FilePath, settings: Mapping[str, Any]) -> None:
        if not Path(path).resolve().parent.is_dir():
            raise FileNotFoundError(
                f"checkpoint={os.fspath(path)!r}: there is no such directory; make it first"
            )
        self.path = path
        self.settings = dict(settings)
        self.pending: dict[str, Any] | None = None
        self.next_at = monotonic()

    def keep(self, state: dict[str, Any]) -> None:
        """Take the state after an epoch, to be written now or, at the latest, by `flush`."""
        self.pending = state
        if monotonic() >= self.next_at:
            self.flush()

    def flush(self) -> None:
        if self.pending is not None:
            start = monotonic()
            state = {**self.pending, "settings": self.settings}
            state["history"] = columns_of(state["history"])
            head = {"module": state.pop("module"), "parameters": state.pop("parameters")}
            write_json(self.path, {**head, "training": state}, indent=None)
            self.pending, now = None, monotonic()
            self.next_at = now + max(AT_MOST_EVERY, (now - start) / SHARE)

    def read(self) -> dict[str, Any] | None:
        """The state in the file; None if there is no file.

        Raises ValueError if it is no checkpoint, or one of a training with other settings.
        """
        name = repr(os.fspath(self.path))
        try:
            document = json.loads(Path(self.path).read_text(encoding="utf-8"))
            state: dict[str, Any] = {
                **decoded(document["training"]),
                "parameters": decoded(document["parameters"]),
            }
            theirs = dict(state["settings"])
            if missing := NEEDED - set(state):
                raise LookupError(*sorted(missing))
        except FileNotFoundError:
            return None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"{name} was not written by fit(..., checkpoint=...) ({error!r})"
            ) from error
        for key, ours in self.settings.items():
            if theirs.get(key) != ours:
                was = f"{key}={theirs.get(key)!r}, and this call has {ours!r}"
                was = "other data" if key == "data" else was
                raise ValueError(
                    f"{name} is of a training with {was}; a training is resumed with the settings "
                    "and data it was begun with. To begin a new one from its weights: "
                    f"model.load({name}), without resume"
                )
        return state


def data_digest(*parts: Samples | None) -> str:
    """Differs for different data."""
    from hashlib import sha256

    digest = sha256()
    for part in filter(None, parts):
        digest.update(repr(part.targets).encode())
        for row in part.rows:
            digest.update(array("d", row).tobytes())
    return digest.hexdigest()
