"""Training: `fit` takes a model and data, and gives back what happened.

In reading order:

dataset        data of a user's (lists, arrays, frames) as rows of floats and targets
scaling        `fit(..., scale=True)`
objective      what the outputs mean: loss, form of the targets, which predictions are correct
training_step  one batch: loss, gradient, move of the parameters
jit_step       the same as machine code; jit_loss: the model and its loss
chunked_data   data in Dask arrays; chunked_step: a step over them; cluster_errors: if they are lost
purity         which models can't be compiled: those that draw random numbers, or change
history        a record for each epoch
checkpoint     the state of a training in a file; resumption: whether it fits
progress       a progress bar
divergence     whether a training that went to its end has gone wrong
loop           epochs, early stopping, callbacks, and how it ends
fitting        `fit` and `evaluate`
chunked_predicting  the same of `evaluate` and of what follows, where the chunks are
predicting     `predict`, `predict_proba` and `score`: what a trained model says
estimators     `Classifier`, `Regressor`: all of it for scikit-learn, imported on first use
"""

from nn.training.fitting import evaluate, fit
from nn.training.objective import Evaluation
from nn.training.predicting import predict, predict_proba, score

__all__ = ["Evaluation", "evaluate", "fit", "predict", "predict_proba", "score"]
