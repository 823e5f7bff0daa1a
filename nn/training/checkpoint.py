"""Checkpoints of `fit`: everything that the rest of a training depends on, in one JSON file.

The file holds what `Module.save` writes, so `model.load` reads the weights from it, and under
"training" the optimiser, the schedule, the state of the random numbers, the history, the best
weights so far, and the settings that a training has to be resumed with.
"""

from __future__ import annotations

import os
import warnings
from array import array
from collections.abc import Iterator, Mapping
from json import dumps
from pathlib import Path
from time import monotonic
from typing import Any

from nn.array_rows import ArrayRows
from nn.jsonio import FilePath, encoded, read_json, write_json
from nn.model_file import UNREADABLE, check_description, described, said
from nn.training.dataset import Samples, Targets
from nn.training.history import History, columns_of
from nn.training.resumption import Expected, fitting_state

__all__ = ["Checkpoint", "data_digest"]

AT_MOST_EVERY = 1.0  # seconds: short epochs need not wait for the disk
SHARE = 0.05  # of the time, at most, is spent writing


class Checkpoint:
    """Writes the latest of the states that it is given, and reads it back.

    A write that fails (a full disk) is told in a warning and tried again later: the training, which
    may have taken hours, is worth more than its file. `raise_failure` tells of the last one.
    """

    def __init__(self, path: FilePath, settings: Mapping[str, Any], model: Any) -> None:
        if not Path(path).resolve().parent.is_dir():
            raise FileNotFoundError(
                f"checkpoint={os.fspath(path)!r}: there is no such directory; make it first"
            )
        if Path(path).is_dir():
            raise IsADirectoryError(
                f"checkpoint={os.fspath(path)!r} is a directory; name a file in it"
            )
        self.path = path
        self.settings = dict(settings)
        self.model = model
        self.pending: dict[str, Any] | None = None
        self.next_at = monotonic()
        self.failure: OSError | None = None

    def keep(self, state: dict[str, Any]) -> None:
        """Take the state after an epoch, to be written now or, at the latest, by `flush`."""
        self.pending = state
        if monotonic() >= self.next_at:
            self.flush()

    def flush(self) -> None:
        if self.pending is None:
            return
        start = monotonic()
        try:
            write_json(self.path, self._document(self.pending), indent=None)
            self.pending = self.failure = None
        except OSError as error:
            if self.failure is None:
                name = os.fspath(self.path)
                message = f"the checkpoint {name!r} could not be written: {error}; training goes on"
                warnings.warn(message, RuntimeWarning, stacklevel=6)
            self.failure = error
        now = monotonic()
        self.next_at = now + max(AT_MOST_EVERY, (now - start) / SHARE)

    def _document(self, state: Mapping[str, Any]) -> dict[str, Any]:
        training = {**state, "settings": self.settings}
        training["history"] = columns_of(training["history"])
        numbers = {**self.model.state_dict(), **training.pop("parameters")}
        document = encoded({**described(self.model), "parameters": numbers, "training": training})
        return {**document, "digest": digest_of(document)}

    def raise_failure(self, history: History) -> None:
        """Raise the error of the last write, if it failed; its `history` is that of the training,
        which is over."""
        if self.failure is not None:
            self.failure.history = history  # type: ignore[attr-defined]
            self.failure.add_note(
                f"The training is over and the model has its weights; only the checkpoint "
                f"{os.fspath(self.path)!r} is not that of the last epoch. The history is in this "
                "error's attribute `history`."
            )
            raise self.failure

    def read(self, expected: Expected) -> dict[str, Any] | None:
        """The state in the file, checked to the last entry; None if there is no file.

        Raises ValueError if it is no checkpoint, or one of a training with other settings, or
        damaged.
        """
        name = repr(os.fspath(self.path))
        try:
            document = read_json(self.path)
            check_description(document)
            if not isinstance(document.get("training"), dict):
                raise ValueError("it has no 'training'")
            if not isinstance(document["training"].get("settings"), dict):
                raise ValueError("it has no 'settings' of a training")
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            raise ValueError(
                f"{name} was not written by fit(..., checkpoint=...): {said(error)}"
            ) from error
        try:
            self._check_settings(document["training"]["settings"], name)
            state = fitting_state(document, expected)
            if "digest" in document and document["digest"] != digest_of(document):
                raise ValueError(
                    "some of its numbers are not those that were written: its digest differs "
                    "(an edited file is taken without 'digest')"
                )
            return state
        except UNREADABLE as error:
            raise ValueError(f"the checkpoint in {name} does not fit: {said(error)}") from error

    def _check_settings(self, theirs: Mapping[str, Any], name: str) -> None:
        for key, ours in encoded(self.settings).items():
            if theirs.get(key) != ours:
                was = f"{key}={theirs.get(key)!r:.200}, and this call has {ours!r}"
                was = "other data" if key == "data" else was
                raise ValueError(
                    f"it is of a training with {was}; a training is resumed with the settings "
                    "and data it was begun with. To begin a new one from its weights: "
                    f"model.load({name}), without resume"
                )
        if unknown := sorted(theirs.keys() - self.settings.keys()):
            raise ValueError(f"it has a setting {unknown[0]!r:.80}, which this training has not")


def digest_of(document: Mapping[str, Any]) -> str:
    """Of all but the digest itself: as a resumed training is the same to the last bit, so is its
    file."""
    from hashlib import sha256

    parts = {name: part for name, part in document.items() if name != "digest"}
    return sha256(dumps(parts, sort_keys=True).encode()).hexdigest()


def data_digest(*parts: Samples | None) -> str:
    """Differs for different data."""
    from hashlib import sha256

    digest = sha256()
    for part in filter(None, parts):
        for text in _written(part.targets):
            digest.update(text.encode())
        for row in part.rows.blocks() if isinstance(part.rows, ArrayRows) else part.rows:
            digest.update(array("d", row) if isinstance(row, list) else row)
    return digest.hexdigest()


def _written(targets: Targets) -> Iterator[str]:
    """What `repr` says of a list of them."""
    if not isinstance(targets, ArrayRows):
        yield repr(targets)
        return
    for i, row in enumerate(targets):
        yield f"{', ' if i else '['}{row!r}"
    yield "]"
