"""What the outputs of a trained model mean: which classes, which columns go in.

`fit` keeps it in the model, as `model.meaning`, and a model's file holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nn.jsonio import read_number

__all__ = ["Meaning", "meaning_of", "read_meaning", "trained_columns"]

KINDS = ("numbers", "logits", "probabilities", "scores")


@dataclass(frozen=True)
class Meaning:
    """`loss` is what the model was trained for, `classes` the labels in the order of the outputs
    (None for a regression), `columns` the names of the inputs (None where they had none).

    `outputs` says what a model gives: numbers; logits or probabilities, of the classes (of the
    second, if there is one output); or scores, of which only the largest counts. Above `threshold`
    a single output stands for the second class.
    """

    loss: str
    classes: tuple[Any, ...] | None
    columns: tuple[str, ...] | None
    outputs: str
    threshold: float

    def names(self, targets: Sequence[Any]) -> bool:
        """Whether each of the targets is one of the classes."""
        return self.classes is not None and all(
            not isinstance(target, list) and target in self.classes for target in targets
        )

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "loss": self.loss,
            "classes": None if self.classes is None else list(self.classes),
            "columns": None if self.columns is None else list(self.columns),
            "outputs": self.outputs,
            "threshold": self.threshold,
        }


def meaning_of(model: Any) -> Meaning | None:
    """What `fit` has put down in a model; None for a function, and for other uses of the name."""
    found = getattr(model, "meaning", None)
    return found if isinstance(found, Meaning) else None


def trained_columns(model: Any) -> tuple[str, ...]:
    """The names of the columns that it was trained on; none where they had none."""
    meaning = meaning_of(model)
    return (meaning and meaning.columns) or ()


def read_meaning(found: Any) -> Meaning | None:
    """What `as_json` gave, from a file. Raises ValueError or TypeError, naming the entry."""
    if found is None:
        return None
    if not isinstance(found, Mapping) or set(found) != set(Meaning.__dataclass_fields__):
        raise ValueError(f"'meaning' must say {', '.join(Meaning.__dataclass_fields__)}")
    if not isinstance(found["loss"], str) or found["outputs"] not in KINDS:
        raise ValueError("'meaning' must name a loss, and 'outputs' one of " + ", ".join(KINDS))
    return Meaning(
        loss=found["loss"],
        classes=_labels("classes", found["classes"], (int, str)),
        columns=_labels("columns", found["columns"], (str,)),
        outputs=found["outputs"],
        threshold=read_number("'meaning.threshold'", found["threshold"]),
    )


def _labels(name: str, found: Any, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
    if found is None:
        return None
    if not isinstance(found, list) or not all(type(label) in kinds for label in found):
        raise ValueError(f"'meaning.{name}' must be a list of labels, got {found!r:.80}")
    if len(set(found)) < len(found) or len(found) < 1:
        raise ValueError(f"'meaning.{name}' must name each label once, got {found!r:.80}")
    return tuple(found)
