"""One step of a training on data in Dask arrays: the workers that hold the chunks find the loss and
its gradient, each for its rows; here they are added up, and the parameters moved.

It is the step of `jit_step`, whose arrays are Dask's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd import Value
from nn.dropout import mode
from nn.module import Module
from nn.training.chunked_data import computed
from nn.training.cluster_errors import ClusterLost, telling_of_the_cluster
from nn.training.dataset import Row, Samples
from nn.training.jit_loss import Arrays, ByRow, CannotCompile, CompiledModel
from nn.training.jit_step import CompiledStep
from nn.training.objective import Evaluation, Objective
from nn.training.training_step import NotFinite, TrainingStep, without_collection

__all__ = ["chunked_step"]


def chunked_step(eager: TrainingStep, model: Module, trial: Samples) -> TrainingStep:
    """The step; `trial` has a few of the samples. Raises ValueError for a model or a loss that
    can't be compiled."""
    if not eager.objective.has_known_loss:
        raise ValueError(
            "a loss of one's own gets a whole batch, and the rows of a Dask array are in several "
            "places; name one of the losses of nn, or train on data in memory (X.compute())"
        )

    def compiled() -> ChunkedStep:
        with mode(model, training=True):
            return ChunkedStep(model, eager, True, trial)

    try:
        return without_collection(compiled)
    except CannotCompile as error:
        raise ValueError(
            f"training on Dask arrays is done in machine code, which is not possible: {error}"
        ) from error


class ChunkedStep(CompiledStep):
    """A step over chunks."""

    def _compiled_model(self, model: Module, row: Row) -> CompiledModel:
        return ChunkedByRow(self.objective, self.parameters, model, row)

    def prepare(self, samples: Any) -> Any:
        if isinstance(samples, Samples):  # for validation
            return super().prepare(samples)
        return self._model.arrays(samples)

    def reason(self, batch: Any, loss: float, norm: float) -> str:
        """By one of the first rows, if it is one of them: a look at all would take them here."""
        if isinstance(batch, Samples):
            return super().reason(batch, loss, norm)
        return super().reason(self._trial, loss, norm)

    def _evaluated_by_engine(self, batch: Arrays) -> Evaluation:
        if isinstance(batch.origin, Samples):
            return super()._evaluated_by_engine(batch)
        raise NotFinite("the outputs are so large that differences of them overflow")


class Computed:
    """A mapped function whose results are computed at once."""

    def __init__(self, mapped: Any) -> None:
        self._mapped = mapped
        self.row = mapped.row
        self.program = mapped.program

    def __call__(self, *arguments: Any) -> Any:
        with telling_of_the_cluster():
            return computed(self._mapped(*arguments))


class ChunkedByRow(ByRow):
    """A model and its loss over the rows of Dask arrays."""

    def __init__(
        self, objective: Objective, parameters: Sequence[Value], model: Any, row: Row
    ) -> None:
        super().__init__(objective, parameters, model, row)
        self._gradient = Computed(self._gradient)
        self._loss = Computed(self._loss)

    def run(self, compiled: Any, *arguments: Any) -> Any:
        """An error of the cluster is none of the model."""
        try:
            return super().run(compiled, *arguments)
        except CannotCompile as error:
            if isinstance(error.__cause__, ClusterLost):
                raise error.__cause__ from error.__cause__.__cause__
            raise

    def arrays(self, samples: Any) -> Arrays:
        import numpy

        if isinstance(samples, Samples):
            return super().arrays(samples)
        places = numpy.arange(len(samples))
        classes = self.objective.classes
        if classes is None:
            nothing = samples.inputs[:, :0]
            return Arrays(samples, places, samples.inputs, samples.given.astype(float), nothing)
        labels = classes if samples.given.ndim == 1 else numpy.eye(len(classes)).tolist()
        known = Samples([[]] * len(classes), *self.objective.encode("y", labels))
        table = super().arrays(known)
        columns = [samples.by_class(x) for x in (table.targets, table.classes)]
        return Arrays(samples, places, samples.inputs, *columns)

    def with_masks(self, batch: Arrays, rng: Any) -> Arrays:
        import dask.array

        if not self._masks or isinstance(batch.origin, Samples):
            return super().with_masks(batch, rng)
        width = batch.rows.shape[1]
        drawn = super().with_masks(replace(batch, rows=_no_columns(batch)), rng).rows
        cut = dask.array.from_array(drawn, chunks=(batch.rows.chunks[0], drawn.shape[1]))
        both = dask.array.concatenate([batch.rows, cut], axis=1)
        return replace(batch, rows=both.rechunk({1: width + drawn.shape[1]}))


def _no_columns(batch: Arrays) -> Any:
    import numpy

    return numpy.empty((len(batch), 0))
