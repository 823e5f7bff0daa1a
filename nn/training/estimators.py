"""`Classifier` and `Regressor`: networks as estimators of scikit-learn.

For its pipelines, grid searches and cross-validation. The network is in `model_`, a plain `nn.MLP`
with its scaler, and its training in `history_`. Imported when first asked for:
pip install scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy

from nn.foreign_names import hinting_keywords
from nn.layers import MLP, Activation
from nn.output_meaning import Meaning
from nn.training.fitting import fit
from nn.training.predicting import predict, predict_proba

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise ImportError(
        "nn.Classifier and nn.Regressor need scikit-learn; run: pip install scikit-learn"
    ) from None

__all__ = ["Classifier", "Regressor"]


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """What both share: the arguments of a network and of its training."""

    @hinting_keywords
    def __init__(
        self,
        hidden: Sequence[int] = (16,),
        *,
        activation: Activation = "tanh",
        optimizer: str = "adam",
        lr: float = 0.02,
        weight_decay: float | None = None,
        epochs: int = 100,
        batch_size: int | None = 32,
        validation: float | None = None,
        patience: int | None = None,
        engine: str | None = None,
        random_state: Any = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.patience = patience
        self.engine = engine
        self.random_state = random_state

    def _train(self, X: Any, y: Any, outputs: int, loss: str | None = None) -> None:
        seed = self.random_state
        if isinstance(seed, Integral):
            seed = int(seed)
        elif seed is not None:
            seed = int(check_random_state(seed).randint(2**31))
        if isinstance(self.hidden, (int, str)):
            raise TypeError(
                f"hidden is the widths of the hidden layers, such as (16,); got {self.hidden!r:.80}"
            )
        model = MLP(X.shape[1], [*self.hidden, outputs], self.activation, seed=seed)
        self.history_ = fit(
            model,
            X,
            y,
            loss=loss,
            optimizer=self.optimizer,
            lr=self.lr,
            weight_decay=self.weight_decay,
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=self.validation,
            patience=self.patience,
            engine=self.engine,
            seed=seed,
            scale=True,
            progress=False,
        )
        self.model_ = model

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, dtype=numpy.float64, reset=False)


class Classifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that tells classes apart, as an estimator of scikit-learn.

    `hidden` has the sizes of the hidden layers; the other arguments are those of `nn.MLP` and
    `nn.fit`. Inputs are standardised. `classes_` are the labels, in the order of the columns of
    `predict_proba`.

    >>> from nn import Classifier, datasets  # doctest: +SKIP
    >>> Classifier([8]).fit(*datasets.iris()).score(*datasets.iris()) > 0.95  # doctest: +SKIP
    True
    """

    @hinting_keywords
    def fit(self, X: Any, y: Any) -> Classifier:
        """Train a new network on rows and labels."""
        X, y = validate_data(self, X, y, dtype=numpy.float64)
        check_classification_targets(y)
        self.classes_, places = numpy.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"a classifier needs samples of at least 2 classes, got {count} class")
        self._train(X, places, 1 if count == 2 else count)
        return self

    def predict(self, X: Any) -> Any:
        """The label of each row."""
        X = self._checked(X)
        return self.classes_[numpy.array(predict(self.model_, X), int)]

    def predict_proba(self, X: Any) -> Any:
        """A row of probabilities for each row."""
        X = self._checked(X)
        return numpy.array([list(row.values()) for row in predict_proba(self.model_, X)])


class Regressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A network that estimates a number, or several, as an estimator of scikit-learn.

    `hidden` has the sizes of the hidden layers; the other arguments are those of `nn.MLP` and
    `nn.fit`. Inputs and targets are standardised.

    >>> from nn import Regressor  # doctest: +SKIP
    >>> X = [[x / 10] for x in range(20)]
    >>> y = [x[0] ** 2 for x in X]
    >>> Regressor([8], epochs=400).fit(X, y).score(X, y) > 0.95  # doctest: +SKIP
    True
    """

    @hinting_keywords
    def fit(self, X: Any, y: Any) -> Regressor:
        """Train a new network on rows and numbers."""
        X, y = validate_data(self, X, y, dtype=numpy.float64, multi_output=True, y_numeric=True)
        self._is_single = y.ndim == 1
        self._train(X, y, 1 if self._is_single else y.shape[1], "mse")
        # Targets that look like classes, 0 and 1 or one-hot rows, are numbers here.
        self.model_.meaning = Meaning("mse_loss", None, None, "numbers", 0.0)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> Any:
        """The number, or row of numbers, of each row."""
        X = self._checked(X)
        found = numpy.array(predict(self.model_, X), float)
        return found if self._is_single else found.reshape(len(found), -1)
