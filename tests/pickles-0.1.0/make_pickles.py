"""Made the pickles beside it, with Chainrule 0.1.0 and Python 3.11: python - < make_pickles.py

Not to be run again with a later version: test_old_pickles.py holds that what 0.1.0 wrote is read.
"""

from __future__ import annotations

import math
import pickle
import sys
from pathlib import Path
from typing import Any

import autograd
import nn
from autograd import Value, check_grad, explain, grad, jit, paths, vmap


def graphs() -> dict[str, Any]:
    """Values, and what is told of them."""
    a, b = Value(2.0, "a"), Value(1.0, "b")
    e = (a + b) * (b + 1)
    e.label = "e"
    total = autograd.sum([e.tanh(), a**2, autograd.exp(b)])
    e.backward()
    return {
        "graph": (e, a, b),
        "fan": (total, a, b),
        "paths": paths(e, b),
        "edge_visits": autograd.graph.edge_visits(e),
        "explanation": explain(a, e),
        "draw": autograd.draw(e),
        "steps": autograd.steps(e),
        "check": check_grad(lambda x: x * x, 3.0),
        "check_wrong": check_grad(lambda x: x * x, 3.0, analytic=lambda x: x),
    }


def compiled() -> dict[str, Any]:
    """Functions and programs."""
    gradient = jit(grad(math.prod))
    gradient([2.0, 3.0])
    decides = jit(lambda x: autograd.exp(x) * x if x > 0 else x)
    decides(1.5)
    decides(-1.0)
    return {
        "jit_unrecorded": jit(math.prod),
        "jit_grad": gradient,
        "jit_paths": decides,
        "vmap": vmap(math.prod),
        "stats": decides.stats(),
        "program": decides.program(),
    }


def networks() -> dict[str, Any]:
    """Models, optimisers, and what training tells."""
    model = nn.MLP(2, [3, 1], activation="tanh", seed=1)
    adam = nn.Adam(model.parameters(), lr=0.01)
    nn.mse_loss([model([1.0, 2.0])], [1.0]).backward()
    adam.step()
    found = {
        "model": model,
        "adam": (model, adam),
        "sgd": nn.SGD(model.parameters(), lr=0.1, momentum=0.9),
    }
    found = {name: pickle.loads(pickle.dumps(x)) for name, x in found.items()}
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    history = nn.fit(model, corners, [0, 1, 1, 0], epochs=3, progress=False)
    return found | {"history": history, "evaluation": nn.evaluate(model, corners[:2], [0, 1])}


def public() -> dict[str, Any]:
    """Every class and function of the two packages, which a pickle holds by its name."""
    parts = {"autograd": autograd.__all__, "nn": nn.__all__, "nn.schedules": ["cosine", "step"]}
    return {
        module: {name: x for name in names if callable(x := getattr(sys.modules[module], name))}
        for module, names in parts.items()
    }


for name, x in {**graphs(), **compiled(), **networks(), "public": public()}.items():
    Path(f"{name}.pickle").write_bytes(pickle.dumps(x, protocol=4))
