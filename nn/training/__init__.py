"""Training: `fit` takes a model and data, and gives back what happened.

fit           `fit` and `evaluate`, and the loop over epochs
dataset       what people have, as rows of floats and targets
objective     what the outputs mean: loss, targets, which predictions are right
training_step one batch, by the engine; jit_step, jit_loss: the same in machine code
rng_guard     whether random numbers are drawn
history       a record for each epoch; checkpoint keeps it, progress shows it
"""

from nn.training.fit import Evaluation, evaluate, fit

__all__ = ["Evaluation", "evaluate", "fit"]
