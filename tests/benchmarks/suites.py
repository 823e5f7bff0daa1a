"""The rows of each benchmark suite: a workload at one size, its peers and what is aimed at."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

OURS = ("chainrule", "uncompiled")


@dataclass(frozen=True)
class Row:
    """One workload at one size.

    `headline` names the figure that is compared. `targets` maps (ours, peer) to how many times as
    fast (as small) ours should be; `limit` is a bound on the compiled engine's own headline.
    """

    workload: str
    title: str
    unit: str
    headline: str
    peers: tuple[str, ...]
    size: int = 0
    collector: str = "on"
    targets: dict[tuple[str, str], float] = field(default_factory=dict)
    limit: float = math.inf
    sizes: dict[str, int] = field(default_factory=dict)  # for peers that need another size
    repeat: bool = True  # False where one round says everything

    @property
    def name(self) -> str:
        return f"{self.title}; collector {self.collector}"


def chain(operations: int, collector: str, peers: str, targets: dict[str, float]) -> Row:
    aims = {("chainrule", peer): ratio for peer, ratio in targets.items()}
    if collector == "on":
        aims["uncompiled", "micrograd"] = 2.5
    return Row(
        workload="chain",
        title=f"Chain of {operations:,} operations",
        unit="ns per operation",
        headline="build + backward",
        peers=(*OURS, *peers.split()),
        size=operations,
        collector=collector,
        targets=aims,
    )


def mlp_step(collector: str, peers: str, targets: dict[tuple[str, str], float]) -> Row:
    return Row(
        workload="mlp_step",
        title="Full-batch step of MLP 2-16-16-1, 100 samples",
        unit="ms per step",
        headline="step",
        peers=(*OURS, *peers.split()),
        collector=collector,
        targets=targets,
    )


def microgpt(collector: str) -> Row:
    return Row(
        workload="microgpt",
        title="Training step of microgpt",
        unit="ms per step",
        headline="step",
        peers=(*OURS, "microgpt"),
        size=20,
        collector=collector,
        targets={("chainrule", "microgpt"): 5.0},
    )


MEMORY = Row(
    workload="memory",
    title="Chain of 1,000,000 operations (torch: 100,000)",
    unit="resident bytes per operation",
    headline="after backward",
    peers=(*OURS, "micrograd", "xad", "torch"),
    size=1_000_000,
    collector="off",
    limit=130.0,
    sizes={"torch": 100_000},
    repeat=False,
)

EAGER = (
    chain(1_000, "on", "micrograd xad torch", {"micrograd": 8.0}),
    chain(10_000, "on", "micrograd xad torch", {"xad": 3.0}),
    chain(100_000, "on", "micrograd xad", {"micrograd": 15.0}),
    chain(1_000, "off", "micrograd", {}),
    chain(10_000, "off", "micrograd", {}),
    chain(100_000, "off", "micrograd", {"micrograd": 4.0}),
    MEMORY,
    mlp_step("on", "micrograd xad", {("chainrule", "xad"): 5.0, ("uncompiled", "micrograd"): 2.5}),
    mlp_step("off", "micrograd", {}),
    microgpt("on"),
    microgpt("off"),
)


def moons(collector: str, targets: dict[tuple[str, str], float]) -> Row:
    return Row(
        workload="moons",
        title="micrograd's demo, 100 steps through fit",
        unit="ms per step",
        headline="step",
        peers=(*OURS, "micrograd"),
        collector=collector,
        targets=targets,
    )


TRAINING = (moons("on", {("chainrule", "micrograd"): 20.0}), moons("off", {}))


def sparse_hessian(variables: int) -> Row:
    return Row(
        workload="sparse_hessian",
        title=f"Sparse Hessian of Rosenbrock, {variables:,} variables",
        unit="ms",
        headline="Hessian",
        peers=OURS,
        size=variables,
    )


TRANSFORMS = (
    Row(
        workload="gradient",
        title="grad of 10,000 operations, against recording them",
        unit="times as long",
        headline="grad / record",
        peers=OURS,
        size=10_000,
        limit=5.0,
    ),
    Row(
        workload="rosenbrock_hessian",
        title="Hessian of Rosenbrock, 20 variables",
        unit="ms",
        headline="Hessian",
        peers=(*OURS, "hips"),
        size=20,
        targets={("chainrule", "hips"): 1.0},
    ),
    sparse_hessian(100),
    sparse_hessian(1_000),
)

SUITES = {"eager": EAGER, "training": TRAINING, "transforms": TRANSFORMS}
