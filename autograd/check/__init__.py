"""Is this gradient right, and if not, which slip was it?

`gradients` does the checking: `differences` finds derivatives from values alone, `slips` tries out
on the `recorded` graph what people do, and `report` is what comes out. The ideas of what was done
are in `components`, `places`, `rules` (with the `mistakes` for every operation), `several` and
`values`; `naming` calls nodes by the names of the function's own variables.
"""

from autograd.check.gradients import check_grad
from autograd.check.report import Component, GradientCheck
from autograd.check.slips import Slip

__all__ = ["Component", "GradientCheck", "Slip", "check_grad"]
