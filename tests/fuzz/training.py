"""nn.fit in both engines: random models (a random function inside of some), losses and settings."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial
from random import Random

import nn
from fuzz.cases import Case, Loaded, Point
from fuzz.comparing import outcome_of
from fuzz.routes import Finding, Found, route
from fuzz.statements import KINDS
from fuzz.truth import Truth
from fuzz.writing import Scope

__all__ = ["random_training"]

ACTIVATIONS = list(nn.ACTIVATIONS)
# Not what decides between epochs of equal loss: rounding may.
SETTINGS = [
    "shuffle=False",
    "clip_norm=0.5",
    "clip_value=0.1",
    "schedule=nn.schedules.cosine(3)",
    "validation=0.25",
    "lr=0.5",
    "seed=7",
]
OPTIMISERS = [
    "'adam'",
    "'sgd'",
    "'adamw'",
    "lambda ps: nn.SGD(ps, lr=0.1, momentum=0.9, nesterov=True)",
    "lambda ps: nn.SGD(ps, lr=0.05, momentum=0.5, weight_decay=0.1)",
    "lambda ps: nn.AdamW(ps, lr=0.02)",
]
NUMBERS = ["mse", "half_squared_error", "huber"]
NUDGE = 1e-13
"""Weights that differ by so much stand for rounding: what it does to the result, rounding may."""


def random_training(rng: Random, kinds: Sequence[str]) -> Case:
    """A function of an engine that trains a model and returns its losses and weights."""
    inputs, outputs, rows = rng.randint(1, 3), rng.choice([1, 1, 2, 3]), rng.randint(4, 9)
    x = [[_feature(rng) for _ in range(inputs)] for _ in range(rows)]
    loss, targets = _loss(rng, outputs, rows)
    lines = ["def f(engine, nudge=0.0):", *_model(rng, kinds, inputs, outputs)]
    sizes = rng.choice([[], ["batch_size=3"], ["batch_size=None"]])
    settings = ", ".join([*sizes, *rng.sample(SETTINGS, rng.randint(0, 4))])
    lines += [
        "    for p in model.parameters():",
        "        p.data *= 1 + nudge",
        f"    X = {x}",
        f"    y = {targets}",
        f"    optimizer = {rng.choice(OPTIMISERS)}",
        f"    options = dict(loss={loss}, optimizer=optimizer, engine=engine, {settings})",
        "    history = nn.fit(model, X, y, epochs=3, progress=False, **options)",
        "    losses = [r for record in history for r in (record.loss, record.accuracy or 0.0)]",
        "    return [*losses, *[p.data for p in model.parameters()]]",
    ]
    return Case("\n".join(lines), (Point("'eager'"),))


def _feature(rng: Random) -> float:
    return rng.choice([round(rng.uniform(-2, 2), 2)] * 8 + [0.0, 1.0, -1.0, 30.0])


def _loss(rng: Random, outputs: int, rows: int) -> tuple[str, list[object]]:
    """A loss, and targets that fit it."""
    custom = "lambda ps, ts: ag.mean([{} for p, t in zip(ps, ts)])"
    if outputs == 1:
        sort = rng.choice(["numbers", "binary", "hinge", "custom"])
        if sort == "binary":
            return "'binary_cross_entropy'", [float(k % 2) for k in range(rows)]
        if sort == "hinge":
            return "'hinge'", [(-1) ** k for k in range(rows)]
        targets: list[object] = [round(rng.uniform(-1, 1), 2) for _ in range(rows)]
        if sort == "custom":
            scope = Scope(rng, ["assign"], [])
            return custom.format(scope.number(2, ["p", "t", "(p - t) ** 2"])), targets
        return f"'{rng.choice(NUMBERS)}'", targets
    if rng.random() < 0.5:
        return "'cross_entropy'", [k % outputs for k in range(rows)]
    row = [[round(rng.uniform(-1, 1), 2) for _ in range(outputs)] for _ in range(rows)]
    return f"'{rng.choice(NUMBERS)}'", list(row)


SAFE = [
    *("assign", "branch", "for_loop", "lists", "dicts", "sorting", "comparisons", "closures"),
    "comprehensions",
]


def _model(rng: Random, kinds: Sequence[str], inputs: int, outputs: int) -> list[str]:
    """A network, or a module with a random function in it."""
    activations = f"{rng.choice(ACTIVATIONS)!r}, {rng.choice(ACTIVATIONS[:10])!r}"
    sizes = [rng.randint(1, 4), outputs]
    network = f"nn.MLP({inputs}, {sizes}, {activations}, seed={rng.randint(0, 99)})"
    if rng.random() < 0.4:
        return [f"    model = {network}"]
    scope = Scope(rng, [k for k in SAFE if k in kinds and k in KINDS] or ["assign"], [])
    scope.numbers += [f"x[{i}]" for i in range(inputs)] + ["self.scale"]
    scope.numbers += ["hidden[0]"] if outputs > 1 else ["hidden"]
    scope.assignable.append("out")
    scope.sequences.append("x")
    scope.lines.append(f"    out = {scope.numbers[-1]}")
    scope.result = f"[{', '.join(['out'] * outputs)}]" if outputs > 1 else "out"
    scope.statements(rng.randint(1, 3))
    body = ["        " + line for line in scope.lines]
    result = scope.number(1, scope.numbers[-4:])
    if outputs > 1:
        result = f"[{result}, *hidden[1:]]"
    above = [f"    {line}" for text in scope.module for line in text.splitlines()]
    return [
        *above,
        "    class Net(nn.Module):",
        "        def __init__(self):",
        f"            self.inner, self.scale = {network}, Value(0.7)",
        "        def __call__(self, x):",
        "            hidden = self.inner(x)",
        *body,
        f"            return {result}",
        "    model = Net()",
    ]


@route
def trained(case: Case, truth: Truth) -> Found:
    """engine="jit" against engine="eager"; that it can't be compiled is a ValueError of ours."""
    if "nn.fit" not in case.source:
        return
    f = Loaded(case).f
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = outcome_of(partial(f, "eager"))
        nudged = outcome_of(partial(f, "eager", NUDGE))
        got = outcome_of(partial(f, "jit"))
    made = "f"
    if got[0] == "raises" and "engine='jit'" in got[2]:
        sentence = "Whatever can't be compiled, or would be wrong, is left to the engine"
        yield Finding("refusal", "nn.fit", made, (0,), got, want, sentence)
    elif got[0] == "raises" or want[0] == "raises":
        if got[:2] != want[:2]:
            yield Finding("another error", "nn.fit", made, (0,), got, want)
    elif nudged[0] == "gives":
        numbers = zip(got[2], want[2], nudged[2], strict=False)
        if len(got[2]) != len(want[2]) or not all(_are_near(*row) for row in numbers):
            yield Finding("wrong number", "nn.fit", made, (0,), got, want)


def _are_near(got: float, want: float, nudged: float) -> bool:
    if got == want or (math.isnan(got) and math.isnan(want)):
        return True
    if not math.isfinite(want) or not math.isfinite(nudged):
        return math.isfinite(nudged) != math.isfinite(want)
    return abs(got - want) <= 1e-9 * (1.0 + abs(want)) + 1e3 * abs(nudged - want)
