"""What a compiled function holds, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiler.specializations import Specialization

__all__ = ["KernelStats", "Stats", "stats_of"]


@dataclass(frozen=True)
class KernelStats:
    """A kernel on a CUDA device: of which paths (by their places among those of their nesting of
    arguments), whether it writes rows ("fill") or adds them up ("add"), the number of the device,
    how many rows it has been run over, the seconds that compiling it took, and what each thread
    takes: registers, and bytes of memory for what they have no room for (None if nobody knows)."""

    paths: tuple[int, ...]
    name: str
    device: int
    rows: int
    seconds: float
    registers: int | None
    spilled: int | None


@dataclass(frozen=True)
class Stats:
    """What a compiled function holds: how many paths, the guards and operations of them all, how
    each is run ("recorded" only, "interpreted" or "compiled"), the seconds it took, how many calls
    (of `vmap`, rows) were checked against the function itself, for how many nestings of arguments
    and static values, and how many calls ran uncompiled because no more of them are kept; how many
    loops were found, the share of the operations inside of them, the bytes of memory that compiled
    loops keep, and for each path why it is not compiled, "" where it is or will be; how many pieces
    of machine code there are, and for each path which of these it runs (-1 for none yet): paths
    that do the same a different number of times share one; and the kernels that a CUDA device has
    run."""

    paths: int
    guards: int
    operations: int
    tiers: tuple[str, ...]
    recording_seconds: float
    compiling_seconds: float
    checked: int = 0
    nestings: int = 0
    uncompiled: int = 0
    loops: int = 0
    in_loops: float = 0.0
    loop_bytes: int = 0
    reasons: tuple[str, ...] = ()
    codes: int = 0
    code_of: tuple[int, ...] = ()
    kernels: tuple[KernelStats, ...] = ()


def stats_of(
    kept: Sequence[Specialization],
    recording_seconds: float,
    checked: int,
    nestings: int,
    uncompiled: int,
) -> Stats:
    """Those of a function with these paths."""
    code = [one.code for one in kept]  # which other threads may be replacing
    codes = list(dict.fromkeys([x for x in code if x is not None]))
    return Stats(
        paths=len(kept),
        guards=sum(one.guards for one in kept),
        operations=sum(one.operations for one in kept),
        tiers=tuple([one.tier for one in kept]),
        recording_seconds=recording_seconds,
        compiling_seconds=sum(one.seconds for one in kept),
        checked=checked,
        nestings=nestings,
        uncompiled=uncompiled,
        loops=sum(one.loops for one in kept),
        in_loops=_share_in_loops(kept),
        loop_bytes=sum(one.bytes for one in kept),
        reasons=tuple([one.reason for one in kept]),
        codes=len(codes),
        code_of=tuple([-1 if x is None else codes.index(x) for x in code]),
    )


def _share_in_loops(kept: Sequence[Specialization]) -> float:
    """Of all operations, how many stand in loops."""
    total = sum(one.instructions.operations for one in kept)
    return min(1.0, sum(one.repeated for one in kept) / total) if total else 0.0
