"""Data, and a recursion over some of them, whose loops several tests take apart."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import autograd

__all__ = ["DATA", "garch"]

DATA = [math.sin(3.0 * i) for i in range(90)]


def garch(p: Any) -> Any:
    """Half the negative log-likelihood of returns whose variance depends on those before."""
    h, total = 1.0, 0.0
    for before, now in pairwise(DATA[:60]):
        h = p[0] + p[1] * (before * before) + p[2] * h
        total = total + 0.5 * (autograd.log(h) + now * now / h)
    return total
