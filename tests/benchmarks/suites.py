"""The rows of each benchmark suite: a workload at one size, its peers and what is aimed at."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

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
    program: str = ""  # which one, for a workload that has several

    @property
    def name(self) -> str:
        return f"{self.title}; collector {self.collector}"

    @property
    def needs_microgpt(self) -> bool:
        """Whether it runs the foreign program's code."""
        return "microgpt" in (self.workload, self.program)


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


def compiled(
    workload: str,
    title: str,
    unit: str,
    peers: str,
    targets: dict[str, float],
    *,
    headline: str = "call",
    size: int = 0,
    limit: float = math.inf,
) -> Row:
    return Row(
        workload=workload,
        title=title,
        unit=unit,
        headline=headline,
        peers=("chainrule", *peers.split()),
        size=size,
        targets={("chainrule", peer): ratio for peer, ratio in targets.items()},
        limit=limit,
    )


def network(headline: str, peers: str, limit: float) -> Row:
    return compiled(
        "jit_network",
        f"Loss of a 2-2-2 network, 10 derivatives, from {headline}",
        "µs",
        peers,
        {},
        headline=headline,
        limit=limit,
    )


def mlp(rows: int, peers: str, ahead_of: str) -> Row:
    return compiled(
        "jit_mlp",
        f"MLP 2-16-16-1, {rows:,} rows, 337 derivatives",
        "µs",
        peers,
        dict.fromkeys(ahead_of.split(), 1.0),
        size=rows,
    )


def black_scholes(headline: str, peers: str, ahead_of: str, targets: dict[str, float]) -> Row:
    return compiled(
        "jit_black_scholes",
        f"Black–Scholes price and five Greeks, 1,000,000 points: {headline}",
        "ms",
        f"c c-simd numba {peers}",
        {**dict.fromkeys(ahead_of.split(), 1.0), **targets},
        headline=headline,
        size=1_000_000,
    )


NETWORK_PEERS = "c casadi casadi-c ddx numba numpy jax torch torch-compile"
MLP_PEERS = "c c-simd numpy numba jax ddx casadi torch torch-compile"

JIT = (
    network("floats", f"{NETWORK_PEERS} micrograd", 0.7),
    network("arrays", NETWORK_PEERS, math.inf),
    mlp(100, f"{MLP_PEERS} micrograd", "c jax numpy ddx torch-compile"),
    mlp(10_000, MLP_PEERS, "jax"),
    black_scholes("call", "numpy jax ddx torch torch-compile", "numba jax ddx torch-compile", {}),
    black_scholes("in place", "", "numba", {"c-simd": 0.67}),
    compiled(
        "jit_hessian",
        "Hessian of Rosenbrock, 20 variables, in place",
        "µs",
        "c casadi casadi-c ddx numba numpy jax torch torch-compile",
        {},
        size=20,
        limit=0.6,
    ),
)

JIT_TRAINING = (
    *(
        compiled(
            "jit_training",
            f"Training an MLP 2-16-16-1 on 1,000 moons, 1,000 epochs: {title}",
            unit,
            "torch torch-compile jax sklearn",
            dict.fromkeys(("torch", "torch-compile", "jax", "sklearn"), 1.0),
            headline=headline,
        )
        for headline, unit, title in (
            ("training", "s", "the whole"),
            ("epoch, ms", "ms", "a further epoch"),
        )
    ),
    compiled(
        "jit_moons",
        "micrograd's demo through fit in machine code",
        "ms per step",
        "micrograd",
        {"micrograd": 5_000.0},
        headline="step",
    ),
)


def loop(program: str, title: str, size: int, peers: str, seconds: float) -> tuple[Row, Row]:
    """A program with loops: until it is ready, and per call."""

    def row(headline: str, unit: str, targets: dict[str, float], limit: float) -> Row:
        compared = compiled("loops", title, unit, peers, targets, headline=headline, limit=limit)
        return replace(compared, size=size, program=program)

    aims = {peer: {"c": 0.5, "jax": 1.0}[peer] for peer in peers.split() if peer in ("c", "jax")}
    return row("ready, s", "s", {}, seconds), row("call", "µs", aims, math.inf)


MICROGPT = "microgpt, a document of 6 characters, 4,192 parameters"

LOOPS = (
    *loop("rosenbrock", "Rosenbrock, 100,000 variables", 100_000, "c jax torch casadi", 3.0),
    *loop("garch", "GARCH(1,1), 10,000 observations", 10_000, "c jax casadi", 1.0),
    *loop("garch_hessian", "its Hessian in 3 parameters", 10_000, "c jax casadi", 2.0),
    *loop("lorenz", "10,000 steps of Runge and Kutta, 3 states", 10_000, "c jax casadi", 1.0),
    *loop("residuals", "Jacobian of 40 residuals along 500 steps", 500, "c jax casadi", 2.0),
    *loop("kalman", "Kalman filter, 2 states, 10,000 observations", 10_000, "c jax casadi", 1.0),
    *loop("pairs", "All pairs of 100 bodies", 100, "c jax torch casadi", 1.0),
    *loop("hierarchical", "Hierarchical model, 5,000 rows", 5_000, "c jax torch casadi", 1.0),
    *loop("mlp", "MLP 64-64-10, one row", 64, "c casadi", 1.0),
    *loop("microgpt", MICROGPT, 0, "ddx casadi casadi-c", 3.0),
)


def classifier(program: str, title: str, seconds: float) -> tuple[Row, Row]:
    """A training in batches: until it is ready, and a further epoch."""

    def row(headline: str, targets: dict[str, float], limit: float) -> Row:
        compared = compiled(
            "jit_classifier", title, "s", "torch", targets, headline=headline, limit=limit
        )
        return replace(compared, program=program)

    return row("ready", {}, seconds), row("epoch", {"torch": 0.5}, math.inf)


CLASSIFIERS = (
    *classifier("digits 32", "64-64-10, batches of 32", 1.0),
    *classifier("digits 256", "64-64-10, batches of 256", 1.0),
    *classifier("images 32", "784-128-10, batches of 32", 5.0),
    *classifier("images 256", "784-128-10, batches of 256", 5.0),
)

SUITES = {
    "eager": EAGER,
    "training": TRAINING,
    "transforms": TRANSFORMS,
    "jit": JIT,
    "jit-training": JIT_TRAINING,
    "loops": LOOPS,
    "classifiers": CLASSIFIERS,
}
