"""Refuses to run where threads run Python at the same time: free-threaded Python without its lock.

What threads share here (caches of compiled functions, settings) is right because Python's global
lock lets one of them run at a time. Free-threaded builds of Python (3.13t and later) have that lock
too, switched off; with it on, everything holds.
"""

from __future__ import annotations

import sys

if not getattr(sys, "_is_gil_enabled", lambda: True)():
    raise ImportError(
        "Chainrule isn't safe without Python's global interpreter lock, which this free-threaded "
        "Python runs without. Start it with the lock, `python -X gil=1` or PYTHON_GIL=1, or use "
        "the ordinary build of this Python."
    )
