"""Why is this gradient what it is?

explanation    `explain`: the reasons put together, and written down
diagnoses      one operation in one sentence, and what to do about it
gradient_flow  where a zero, an infinity or a NaN begins
"""

from autograd.explaining.explanation import Explanation, Finding, explain, explanation

__all__ = ["Explanation", "Finding", "explain", "explanation"]
