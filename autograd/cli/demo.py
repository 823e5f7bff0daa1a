"""The demonstration behind `chainrule demo`: two small graphs by hand, then a network that learns.

The numbers can be checked with pencil and paper. This is the only module of autograd that uses
`nn`, and only the command uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograd.cli.tables import report
from autograd.engine.text import number, table
from autograd.engine.value import Value
from autograd.explaining.path_sums import edge_visits, paths

__all__ = ["circuit", "toy", "training"]

OURS = Path(__file__).parents[2] / "nn"
HIDES = (
    "hides Chainrule's package nn, which the network of the demo is made of; rename it, or run the "
    "command in another folder"
)
STEPS = 10_000
SHOWN = (1, 100, 1000, STEPS)
LEARNING_RATE = 0.1
TARGETS = (0.5, 0.9)


def toy() -> Value:
    """e = (a + b) * (b + 1) at a = 2, b = 1: b acts in two ways, and its gradient is their sum."""
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    e = c * d
    e.label = "e"
    e.backward()
    return e


def toy_text(e: Value) -> Iterator[str]:
    yield "The chain rule: c = a + b, d = b + 1, e = c * d\n"
    yield report(e) + "\n"
    for leaf in e.parents[0].parents:
        yield str(paths(e, leaf))
    yield str(edge_visits(e))


def circuit() -> Iterator[str]:
    """f = (x + y) * z, a multiplication above an addition."""
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    f.backward()
    yield "A circuit: q = x + y, f = q * z\n"
    yield report(f)


def training() -> Iterator[str]:
    """Two inputs, two hidden neurons, two outputs. Gradient descent moves the weights alone."""
    import nn

    if Path(nn.__file__ or "").parent != OURS:
        raise ImportError(f"{nn.__file__} {HIDES}")
    weights = (0.25, 0.25, 0.15, 0.20, 0.30, 0.35, 0.40, 0.35)
    w = [Value(weight, f"w{i}") for i, weight in enumerate(weights, 1)]
    b1, b2 = Value(0.4, "b1"), Value(0.7, "b2")
    hidden = nn.Layer.from_weights([w[0:2], w[2:4]], b1, "sigmoid")
    output = nn.Layer.from_weights([w[4:6], w[6:8]], b2, "sigmoid")
    optimizer = nn.SGD(w, lr=LEARNING_RATE)

    yield "A 2-2-2 network of sigmoid neurons learns to answer (0.5, 0.9) to (0.02, 0.04)\n"
    for step in range(1, STEPS + 1):
        outputs = output(hidden([0.02, 0.04]))
        loss = nn.half_squared_error(outputs, TARGETS)
        loss.zero_grad()
        loss.backward()
        if step == 1:
            rows = [(str(p.label), number(p.data), number(p.grad)) for p in (*w, b1, b2)]
            yield table(("parameter", "value", "gradient"), rows) + "\n"
            yield f"{'step':>6}  loss"
        if step in SHOWN:
            yield f"{step:>6}  {loss.data:.3e}"
        optimizer.step()
    found = output(hidden([0.02, 0.04]))
    reached = all(abs(o.data - t) < 1e-3 for o, t in zip(found, TARGETS, strict=True))
    verdict = "reached" if reached else "not reached"
    yield (
        f"\noutputs {found[0].data:.3f} and {found[1].data:.3f}, "
        f"targets {TARGETS[0]} and {TARGETS[1]}: {verdict}"
    )
