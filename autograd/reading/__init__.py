"""Formulas that a person types, turned into graphs: for the command line and for `explore`.

expressions  `compute`: a formula and numbers for its names, as a graph
notation     formulas as they stand on paper, for suggestions
open_names   which names of a formula need a number
"""

from autograd.reading.expressions import Computation, ExpressionError, assignment, compute
from autograd.reading.open_names import open_names

__all__ = ["Computation", "ExpressionError", "assignment", "compute", "open_names"]
