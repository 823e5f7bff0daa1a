"""A differential fuzzer: see `__main__` for what it compares.

Run from the checkout by `python -m tests.fuzz`, or imported by the tests as `fuzz`: the folder of
the tests is on the path in both cases, for what they share.
"""

import sys
from pathlib import Path

_TESTS = str(Path(__file__).parent.parent)
if _TESTS not in sys.path:
    sys.path.insert(0, _TESTS)
