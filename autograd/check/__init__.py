"""Is this gradient right, and if not, which slip was it?

`gradients` does the checking: `differences` finds derivatives from values alone, `slips` tries out
the `mistakes` that people make on the `recorded` graph, `naming` calls its nodes by the names of
the function's own variables, and `report` is what comes out.
"""

from autograd.check.gradients import check_grad
from autograd.check.report import Component, GradientCheck
from autograd.check.slips import Slip

__all__ = ["Component", "GradientCheck", "Slip", "check_grad"]
