"""Why is this gradient what it is?

explanation    `explain`: what is asked, and the answer as data and as text
analysis       the reasons, put together
diagnoses      one operation in one sentence, and what to do about it
gradient_flow  where a zero, an infinity or a NaN begins
path_sums      `paths`: the gradient as a sum over paths
staleness      numbers that were assigned after the graph was computed
copies         leaves that look like copies of a computed number
caller         what the caller has among its variables
"""

from autograd.explaining.explanation import Explanation, Finding, explain

__all__ = ["Explanation", "Finding", "explain"]
