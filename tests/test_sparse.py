"""Sparse Jacobians and Hessians: the numbers of the dense ones, in few sweeps."""

from __future__ import annotations

import doctest
import importlib.util
import itertools
import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, exp, floor, grad, hessian, jacobian, maximum, sin, sqrt, where
from autograd.transforms.sparse import column_colours, sparse_hessian, sparse_jacobian, star_colours

np = pytest.importorskip("numpy", reason="NumPy is not installed")
sp = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")


def test_docstrings() -> None:
    module = sys.modules["autograd.transforms.sparse"]
    assert doctest.testmod(module).failed == 0


def rosenbrock(x: Any) -> Any:
    return autograd.sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x))


def rosenbrock_hessian(x: Any) -> Any:
    """By hand: tridiagonal."""
    diagonal = np.zeros(len(x))
    diagonal[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    diagonal[1:] += 200
    beside = -400 * x[:-1]
    return sp.diags_array([beside, diagonal, beside], offsets=[-1, 0, 1])


@pytest.fixture
def sweeps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many reverse sweeps each call made."""
    counts: list[int] = []
    module = sys.modules["autograd.transforms.sparse"]
    original = module._reverse_sweeps

    def counted(call: Any, colours: Any) -> Any:
        found = original(call, colours)
        counts.append(len(found))
        return found

    monkeypatch.setattr(module, "_reverse_sweeps", counted)
    return counts


# -- what it costs ---------------------------------------------------------------------------------


def test_the_number_of_sweeps_does_not_grow(sweeps: list[int]) -> None:
    for n in (10, 100, 1000):
        x = np.linspace(-1.2, 1.0, n)
        found = sparse_hessian(rosenbrock)(x)
        assert found.nnz == 3 * n - 2
        np.testing.assert_allclose(
            found.toarray(), rosenbrock_hessian(x).toarray(), rtol=1e-13, atol=1e-12
        )
        assert max(star_colours(found)) + 1 == 3
    assert sweeps == [3, 3, 3]


def test_the_dense_hessian_entry_by_entry() -> None:
    x = np.linspace(-1.2, 1.0, 10)
    found = sparse_hessian(rosenbrock)(x)
    assert isinstance(found, sp.csr_array)
    np.testing.assert_array_equal(found.toarray(), hessian(rosenbrock)(x))


def test_an_arrow_takes_two_sweeps(sweeps: list[int]) -> None:
    def f(x: Any) -> Any:
        return autograd.sum(exp(x[0] * y) for y in x[1:])

    x = np.linspace(0.1, 1.0, 30)
    found = sparse_hessian(f)(x)
    np.testing.assert_allclose(found.toarray(), hessian(f)(x), rtol=1e-13)
    assert sweeps == [2]
    assert found.nnz == 3 * 30 - 2


def test_a_full_column_is_swept_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    pushes: list[Any] = []
    run = sys.modules["autograd.transforms.sparse"].Linearization
    original = run.push_all

    def counted(self: Any, tangents: Any) -> Any:
        pushes.extend(tangents)
        return original(self, tangents)

    monkeypatch.setattr(run, "push_all", counted)

    def residuals(x: Any) -> Any:
        return [sin(x[0] * y) for y in x[1:]]

    x = np.linspace(0.1, 1.0, 40)
    found = sparse_jacobian(residuals)(x)
    np.testing.assert_allclose(found.toarray(), np.array(jacobian(residuals)(x)), rtol=1e-15)
    assert len(pushes) == 2


def test_a_full_row_costs_one_more_sweep(sweeps: list[int]) -> None:
    def constraints(x: Any) -> Any:
        return [x[i] * x[i + 1] for i in range(len(x) - 1)] + [autograd.sum(x)]

    x = np.arange(1.0, 101.0)
    found = sparse_jacobian(constraints)(x)
    np.testing.assert_array_equal(found.toarray(), np.array(jacobian(constraints)(x)))
    assert sweeps == [3]


# -- what is stored --------------------------------------------------------------------------------


def test_what_meets_in_sums_only_has_no_entry() -> None:
    found = sparse_hessian(lambda x: x[0] ** 2 + 3 * x[1] + x[0] / 2 + x[2] * x[1])([1.0, 2.0, 3.0])
    places = set(zip(*(index.tolist() for index in found.nonzero()), strict=True))
    assert places == {(0, 0), (1, 2), (2, 1)}
    assert found.nnz == 3


def test_steps_and_comparisons_make_no_path() -> None:
    found = sparse_jacobian(lambda x: [floor(x[0]) * x[1], x[0] // x[1]])([1.5, 2.0])
    assert found.toarray().tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert found.nnz == 1
    largest = sparse_hessian(lambda x: autograd.max(list(x)))(np.arange(20.0))
    assert largest.nnz == 0


def test_a_stored_entry_may_be_zero_here() -> None:
    """The pattern is that of the graph, the same at every point of one branch."""
    f = sparse_jacobian(lambda x: [x[0] * x[1], maximum(x[0], x[1]), where(x[0], x[0], x[1])])
    assert f([0.0, 0.0]).nnz == f([1.0, 2.0]).nnz == 6
    assert f([1.0, 2.0]).toarray().tolist() == [[2.0, 1.0], [0.0, 1.0], [1.0, 0.0]]


def test_another_branch_has_another_pattern() -> None:
    f = sparse_jacobian(lambda x: [x[0] if x[0] > 0 else x[1]])
    assert f([1.0, 5.0]).toarray().tolist() == [[1.0, 0.0]]
    assert f([-1.0, 5.0]).toarray().tolist() == [[0.0, 1.0]]
    assert f([-1.0, 5.0]).nnz == 1


def test_rows_without_entries_and_constant_functions() -> None:
    found = sparse_jacobian(lambda x: [1.0, x[1], 2.0])([3.0, 4.0])
    assert found.toarray().tolist() == [[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    for f in (lambda x: 7.0, lambda x: x[0] + 2 * x[1]):
        found = sparse_hessian(f)([1.0, 2.0])
        assert (found.shape, found.nnz, found.dtype) == ((2, 2), 0, float)
    assert sparse_jacobian(lambda x: [])([1.0, 2.0]).shape == (0, 2)
    assert sparse_jacobian(lambda x: [1.0])([]).shape == (1, 0)
    assert sparse_hessian(lambda x: 1.0)([]).shape == (0, 0)


def test_one_number_is_one_row() -> None:
    found = sparse_jacobian(rosenbrock)(np.array([-1.2, 1.0]))
    np.testing.assert_allclose(found.toarray(), [grad(rosenbrock)(np.array([-1.2, 1.0]))])
    assert sparse_jacobian(lambda x: x * x)(3.0).toarray().tolist() == [[6.0]]
    assert sparse_jacobian(lambda x: x)(3.0).toarray().tolist() == [[1.0]]


def test_nestings_and_arrays_are_taken_apart_in_order() -> None:
    def f(p: Any) -> Any:
        return {"a": p["x"] * p["matrix"][0], "b": (p["matrix"][1, 0],)}

    point = {"x": 2.0, "matrix": np.array([[3.0, 5.0], [7.0, 11.0]])}
    assert sparse_jacobian(f)(point).toarray().tolist() == [
        [3.0, 2.0, 0.0, 0.0, 0.0],
        [5.0, 0.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0],
    ]
    both = sparse_jacobian(lambda x, y, n: [x * y**n], argnums=(1, 0))(2.0, 3.0, 2)
    assert both.toarray().tolist() == [[12.0, 9.0]]
    second = sparse_hessian(lambda x, y: x * x * y, argnums=(0, 1))(2.0, 3.0)
    assert second.toarray().tolist() == [[6.0, 4.0], [4.0, 0.0]]
    scaled = sparse_hessian(lambda x, *, scale: scale * x[0] ** 2)([1.0], scale=3.0)
    assert scaled.toarray().tolist() == [[6.0]]


def test_the_same_result_twice() -> None:
    def f(x: Any) -> Any:
        y = x[0] * x[1]
        return [y, y, x[1], 2 * y]

    found = sparse_jacobian(f)([3.0, 5.0]).toarray().tolist()
    assert found == [[5.0, 3.0], [5.0, 3.0], [0.0, 1.0], [10.0, 6.0]]


def test_a_nan_stays_in_its_rows() -> None:
    x = [-1.0, 2.0, 0.0, 5.0]
    found = sparse_jacobian(lambda x: [sqrt(y) for y in x])(x).toarray()
    np.testing.assert_array_equal(found, np.array(jacobian(lambda x: [sqrt(y) for y in x])(x)))
    assert math.isnan(found[0, 0])
    assert found[2, 2] == math.inf
    assert np.isfinite(found).sum() == 14


def agree(a: float, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_jacobians(data: Any, formulas: Any) -> None:
    """Of several formulas over the same inputs, at NaN, infinities and kinks too."""
    first = data.draw(formulas())
    others = [data.draw(formulas()) for _ in range(data.draw(st.integers(0, 3)))]
    parts = [first, *[g for g in others if len(g.inputs) <= len(first.inputs)]]

    def f(x: Any) -> Any:
        return [part(x[: len(part.inputs)]) for part in parts]

    dense = jacobian(f)(first.inputs)
    found = sparse_jacobian(f)(first.inputs).toarray().tolist()
    for row, expected in zip(found, dense, strict=True):
        assert all(agree(a, b) for a, b in zip(row, expected, strict=True))


def partially_separable(seed: int, n: int) -> Callable[[Any], Any]:
    """A sum of terms in a few random variables each."""
    chance = random.Random(seed)
    groups = [chance.sample(range(n), chance.randint(1, 3)) for _ in range(n)]

    def f(x: Any) -> Any:
        terms = [sin(autograd.prod([x[i] for i in group])) * x[group[0]] for group in groups]
        return autograd.sum(terms) + (x[0] * x[n - 1] if seed % 2 else 0.0)

    return f


@pytest.mark.parametrize("seed", range(12))
def test_random_hessians(seed: int) -> None:
    f = partially_separable(seed, 4 + 2 * seed)
    x = [math.cos(i) for i in range(4 + 2 * seed)]
    found = sparse_hessian(f)(x)
    np.testing.assert_allclose(found.toarray(), np.array(hessian(f)(x)), rtol=1e-12, atol=1e-12)
    assert (found != found.T).nnz == 0


# -- colours ---------------------------------------------------------------------------------------


def random_pattern(seed: int) -> Any:
    """Symmetric, sparse, some with a full row."""
    chance = random.Random(seed)
    n = chance.randint(1, 14)
    pattern = np.eye(n)
    for _ in range(chance.randint(0, 2 * n)):
        i, j = chance.randrange(n), chance.randrange(n)
        pattern[i, j] = pattern[j, i] = 1.0
    if seed % 3 == 0:
        pattern[n // 2, :] = pattern[:, n // 2] = 1.0
    return sp.csr_array(pattern)


@pytest.mark.parametrize("seed", range(60))
def test_star_colourings_are_star_colourings(seed: int) -> None:
    """By the definition: no edge within a colour, no path over four vertices in two colours."""
    pattern = random_pattern(seed)
    colours = star_colours(pattern)
    edges = {(i, j) for i, j in zip(*pattern.nonzero(), strict=True) if i != j}
    assert all(colours[i] != colours[j] for i, j in edges)
    for (a, b), (c, d) in itertools.product(edges, edges):
        if (b, c) in edges and len({a, b, c, d}) == 4:
            assert len({colours[v] for v in (a, b, c, d)}) > 2


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_one_colour_do_not_meet(seed: int) -> None:
    pattern = random_pattern(seed)
    colours = column_colours(pattern)
    assert sorted(set(colours)) == list(range(max(colours) + 1))
    for colour in set(colours):
        together = pattern.toarray()[:, [j for j, c in enumerate(colours) if c == colour]]
        assert together.sum(axis=1).max() <= 1


# -- with SciPy ------------------------------------------------------------------------------------


def test_least_squares_and_trust_constr_take_them() -> None:
    """Broyden's tridiagonal function, and Rosenbrock's, of 60 variables."""
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")

    def broyden(x: Any) -> Any:
        before, after = [0.0, *x[:-1]], [*x[1:], 0.0]
        rows = zip(before, x, after, strict=True)
        return np.array([(3 - 2 * b) * b - a - 2 * c + 1 for a, b, c in rows])

    found = optimize.least_squares(broyden, -np.ones(60), jac=sparse_jacobian(broyden))
    assert found.cost == pytest.approx(0.0, abs=1e-16)
    found = optimize.minimize(
        autograd.value_and_grad(rosenbrock),
        np.full(60, 0.9),
        jac=True,
        hess=sparse_hessian(rosenbrock),
        method="trust-constr",
    )
    np.testing.assert_allclose(found.x, np.ones(60), atol=1e-4)


def test_newton_with_a_sparse_solver() -> None:
    linalg = pytest.importorskip("scipy.sparse.linalg", reason="SciPy is not installed")
    x = np.full(200, 0.99)
    for _ in range(20):
        x = x - linalg.spsolve(sparse_hessian(rosenbrock)(x).tocsc(), grad(rosenbrock)(x))
    np.testing.assert_allclose(x, np.ones(200), atol=1e-12)


# -- mistakes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: sparse_jacobian(lambda x: [x[0]])([Value(1.0)]),
            "sparse_jacobian gives a SciPy matrix of plain numbers.*or use jacobian",
        ),
        (
            lambda: grad(lambda a: sparse_hessian(lambda x: a * x[0] ** 2)([1.0])[0, 0])(2.0),
            "sparse_hessian gives a SciPy matrix of plain numbers.*or use hessian",
        ),
        (lambda: sparse_hessian(lambda x: [x[0]])([1.0]), "sparse_hessian needs a function that"),
        (lambda: sparse_jacobian(lambda x: x)("1"), "sparse_jacobian's argument must be"),
        (lambda: sparse_hessian(lambda x: x, argnums=2)(1.0), "asked for argument 2"),
        (lambda: star_colours([[1.0]]), "colours are for a SciPy sparse matrix, got"),
    ],
)
def test_mistakes_are_told(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_a_star_colouring_is_for_square_matrices() -> None:
    with pytest.raises(ValueError, match="symmetric matrices, got one of 1×2"):
        star_colours(sp.csr_array([[1.0, 2.0]]))


def test_without_scipy_it_says_what_to_install(tmp_path: Path) -> None:
    spec = importlib.util.find_spec("autograd")
    assert spec is not None
    assert spec.origin is not None
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        f"sys.path.insert(0, {str(Path(spec.origin).parents[1])!r})\n"
        "from autograd import sparse_hessian\n"
        "try: sparse_hessian(lambda x: x)\n"
        "except ImportError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("SciPy is not installed: pip install scipy")
