"""Formulas that a person types, turned into graphs: for the command line and for `explore`.

expressions  `compute`: a formula and numbers for its names, as a graph
notation     formulas as they stand on paper, for suggestions
"""

from autograd.reading.expressions import Computation, ExpressionError, assignment, compute

__all__ = ["Computation", "ExpressionError", "assignment", "compute"]
