"""How many threads share out the rows of a batch: as many as the process may use cores, where the
rows are work enough for them.

Handing work to threads and waiting for them takes some 0.1 ms (measured: 80 to 120 µs for two), and
a row takes 0.25 ns for each of its operations in arithmetic, 0.6 where functions of the C library
are among them. So a thread that is to pay gets 2,000,000 operations at least, 0.5 to 1.2 ms.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

__all__ = ["Sharing", "Threads", "cores"]

Threads = int | Literal["all"] | None

PAYS: Final = 2_000_000  # operations for each thread, those of all its rows together
CONTROLS: Final = ("CHAINRULE_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables; the first that is set counts."""


class Sharing(NamedTuple):
    """How the rows of a batch are shared out: among so many threads, among as many as there are
    cores ("all"), or among as many of those as pay (None)."""

    threads: Threads

    def among(self, operations: int) -> int:
        """Threads for so many operations, those of all rows together."""
        if isinstance(self.threads, int):
            return self.threads
        if self.threads == "all":
            return cores()
        return 1 if operations < 2 * PAYS else min(cores(), operations // PAYS)


def cores() -> int:
    """How many cores this process may use: what the environment says (read at every call), else
    what the operating system lets it use. ValueError for what is no whole number from 1."""
    for name in CONTROLS:
        text = os.environ.get(name, "")
        if text:
            return _number(name, text)
    return _granted()


def _number(name: str, text: str) -> int:
    first = text.partition(",")[0].strip()  # OpenMP: a number for every level of nesting
    if not first.isdecimal() or int(first) < 1:
        raise ValueError(f"{name} is a whole number from 1, got {text!r}; correct or unset it")
    return int(first)


def _granted() -> int:
    """By the process's affinity, and by the quota of its container."""
    if hasattr(os, "sched_getaffinity"):
        granted = len(os.sched_getaffinity(0))
    else:
        granted = os.cpu_count() or 1
    quota = _quota()
    return granted if quota is None else max(1, min(granted, quota))


@cache
def _quota(file: str = "/sys/fs/cgroup/cpu.max") -> int | None:
    """Whole cores of a container's quota (cgroup 2: "150000 100000" is one and a half); None where
    there is none."""
    try:
        limit, period = Path(file).read_text("ascii").split()
        return None if limit == "max" else int(limit) // int(period)
    except (OSError, ValueError):
        return None
