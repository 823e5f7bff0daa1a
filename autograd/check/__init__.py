"""Is this gradient right, and if not, which slip was it?

gradient_check       check_grad: a gradient held against difference quotients
point                the function and its arguments, as a function of a list of numbers
decisions            what the function decides by its numbers, and where it lets them out
recorded_function    the same run once on Values: its graph and its gradient
finite_differences   derivatives from values alone
verdicts             what the differences say of a derivative
results              what comes out: rows, a table, words
tutor/               what people do wrong, tried out on the recorded graph
"""

from autograd.check.gradient_check import check_grad
from autograd.check.results import Component, GradientCheck
from autograd.check.tutor.search import Slip

__all__ = ["Component", "GradientCheck", "Slip", "check_grad"]
