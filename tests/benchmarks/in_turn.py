"""Calls of ours and of a peer in one process, a few of each in turn: the least of many bursts.

On a machine that is busy with other work, two processes that run one after the other are not
disturbed alike; bursts of some 0.1 milliseconds, in turn, find a quiet moment each. The environment
has to have our package, compiled, and the peers: NumPy for C, CasADi for `casadi-c`. Stands alone:

    python tests/benchmarks/in_turn.py hessian mlp garch_hessian pairs
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import jit_black_scholes
import jit_hessian
import jit_mlp
import loops
from compiling import Call

BURST = 100_000  # nanoseconds
ROUNDS = 300


def calls(script: Any, peer: str, size: int, program: str | None = None) -> dict[str, Call]:
    """Those of a peer, prepared."""
    name = "ours" if peer == "chainrule" else peer.partition("-")[0]
    prepare = getattr(script, name)
    return dict(prepare(Namespace(peer=peer, size=size, program=program, source=None)).calls)


def function_of(call: Call) -> Callable[[], object]:
    """The statement as a function, without one of Python's around it where there is none."""
    if call.statement == "f()":
        out: Callable[[], object] = call.names["f"]
        return out
    run: Callable[[], object] = eval(f"lambda: {call.statement}", dict(call.names))
    return run


def nanoseconds(f: Callable[[], object], count: int) -> float:
    """What so many calls take, one after the other: each of them."""
    start = perf_counter_ns()
    for _ in range(count):
        f()
    return (perf_counter_ns() - start) / count


def least(functions: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Microseconds of a call of each."""
    counts = {
        name: max(1, int(BURST / min(nanoseconds(f, 20) for _ in range(5))))
        for name, f in functions.items()
    }
    best = dict.fromkeys(functions, float("inf"))
    for _ in range(ROUNDS):
        for name, f in functions.items():
            best[name] = min(best[name], nanoseconds(f, counts[name]) / 1e3)
    return best


WORKLOADS: dict[str, tuple[Any, int, str, str]] = {
    "hessian": (jit_hessian, 20, "casadi-c", "call"),
    "mlp": (jit_mlp, 100, "c-simd", "call"),
    "black_scholes": (jit_black_scholes, 1000, "c-simd", "in place"),
}
SIZES = {"pairs": 100, "mlp": 64}


def main(names: list[str]) -> None:
    for name in names:
        known = (loops, SIZES.get(name, 10_000), "c", "call")
        script, size, peer, statement = WORKLOADS.get(name, known)
        program = None if name in WORKLOADS else name
        ours, theirs = (calls(script, one, size, program) for one in ("chainrule", peer))
        # Named, for they keep the arrays alive.
        own, other_call = ours.get("in place", ours["call"]), theirs[statement]
        found = least({"chainrule": function_of(own), peer: function_of(other_call)})
        mine, other = found.values()
        print(f"{name}: {mine:.4g} us, {peer} {other:.4g} us: {mine / other:.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
