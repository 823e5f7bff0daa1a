"""The table of units in the last place in docs/compiling.md: how far functions in lanes are from
the engine, at points that reach the most that was found, and at others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

import numpy

from autograd import grad
from autograd.compiler.native.simd_target import host_vectors
from autograd.compiler.vmap import Mapped
from autograd.engine.primitives import TABLE

PAGE = (Path(__file__).parent.parent / "docs" / "compiling.md").read_text("utf-8")
ROWS = {
    name: (int(value), int(slope))
    for names, value, slope in re.findall(
        r"^\| ((?:`\w+` ?)+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE
    )
    for name in re.findall(r"\w+", names)
}
# Points, of millions, where the difference from the engine is the largest that was found in
# two, four or eight lanes.
FARTHEST = {
    "exp": [9.483723865185109],
    "expm1": [0.003276391687399016, 0.026042142534823842],
    "exp2": [-2.0202549382391233, -8.78394574083888],
    "log": [6.042573788603537, 1.0035305487302617],
    "log1p": [4.92317271267714, 0.018181332606348022],
    "log2": [1.0005539673408348, 1.399470308527862],
    "log10": [1.0650007958708194, 0.9685633016302599],
    "cbrt": [0.2007410724944106, 5.41523058337024, 12.719898125184159, -3.811666179821311e-41],
    "sin": [-7.818428606677193, -2497.541563986665],
    "cos": [-2497.541563986665, -7.818428606677193],
    "tan": [7.821750487513238, -5.242519989407706, -7.11489075692982e159],
    "asin": [-0.791395479338604, -0.5077330153124713],
    "acos": [0.9893591329249176],
    "atan": [-0.12520366045252396, -0.14284187944019466],
    "sinh": [-0.8416487740271896, 9.807341611278716],
    "cosh": [9.807341611278716, -0.8416487740271896],
    "tanh": [2.7766745051469357, -0.45484100174172326, -4.209029534594107],
    "asinh": [-0.42251730768200324, -0.23039109971618998],
    "acosh": [1.0000076018876682, 1.104025452024258],
    "atanh": [-0.20367499532797773, -0.03082119530735561],
    "erf": [-0.003989707751285376, -1.3010489554971585],
    "erfc": [1.236670422357987, 1.1981340312588884, -1.3010489554971585],
    "normal_cdf": [-1.7293842811130418, -1.728573558522541, 3.684005301854409],
    "sigmoid": [-1.772877934289583, -1.1559776833611863, 0.5093235787075621],
    "softplus": [-3.923624855879635, -2.5296761617436303],
    "elu": [-1.0291179847924763, -709.4330262451713],
    "pow": [6.898536029472201, 1.0037015227230572, 0.027144088342524242],
    "atan2": [-0.5229974288958985, 0.12520366045252396, -2.366553591577998],
}
SECOND = {
    "elu": [-9.959107053628074, -9.959107053628074],
    "pow": [-1.0000014562476882, 1.20716339877365, -3.4384611877814515e-20],
    "atan2": [1.0000000000000167, 1.0, 2.363804976942969],
}


def test_the_table_is_about_these_functions() -> None:
    assert set(ROWS) == set(FARTHEST)


@pytest.mark.parametrize("lanes", [2, 4, 0])
@pytest.mark.parametrize("name", FARTHEST)
def test_units_in_the_table_hold(name: str, lanes: int) -> None:
    """Against the same program with scalar functions, whose bits are the engine's."""
    row = TABLE[name]
    rng = numpy.random.default_rng(8)
    tame, wild = rng.uniform(-3, 3, (2, 3000)), 10.0 ** rng.uniform(-300, 300, (2, 1000))
    signs = rng.choice([-1.0, 1.0], (2, 1000))
    first, second = numpy.hstack([tame, wild * signs])
    x = numpy.append(first, FARTHEST[name])
    columns = (x,)
    if row.arity == 2:
        columns = (x, numpy.append(second, SECOND[name]))
    value, slope = ROWS[name]
    calls: list[tuple[Any, int]] = [(row, value), (grad(row), slope)]
    if row.arity == 2 and name != "elu":
        calls.append((grad(row, 1), slope))
    for f, units in calls:
        want = Mapped(f, vectors=host_vectors(2, library=False, own=False))(*columns)
        got = Mapped(f, vectors=host_vectors(lanes))(*columns)
        assert numpy.array_equal(numpy.isfinite(want), numpy.isfinite(got))
        normal = numpy.isfinite(want) & (abs(want) > 1e-300)
        assert numpy.abs(_order(want) - _order(got))[normal].max() <= units


def _order(x: Any) -> Any:
    """Doubles as whole numbers, neighbours one apart."""
    whole = x.view(numpy.int64)
    return numpy.where(whole < 0, numpy.int64(-(2**63)) - whole, whole)


@pytest.mark.parametrize("name", FARTHEST)
def test_scalar_functions_have_the_bits_of_the_engine(name: str) -> None:
    """With which the table compares."""
    row, slope = TABLE[name], grad(TABLE[name])
    exact = host_vectors(2, library=False, own=False)
    points = list(zip(*[FARTHEST[name], *([SECOND[name]] if row.arity == 2 else [])], strict=True))
    columns = [numpy.array(column) for column in zip(*points, strict=True)]
    assert Mapped(row, vectors=exact)(*columns).tolist() == [row(*point) for point in points]
    assert Mapped(slope, vectors=exact)(*columns).tolist() == [slope(*point) for point in points]
