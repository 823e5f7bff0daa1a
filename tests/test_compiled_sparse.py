"""Sparse derivatives in compiled functions: the places are found once per path, the numbers come of
the program."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import pytest

import autograd
from autograd import jit, sin, sparse_hessian, sparse_jacobian, vmap

np = pytest.importorskip("numpy", reason="NumPy is not installed")
sp = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
pytest.importorskip("llvmlite", reason="llvmlite is not installed")


def rosenbrock(x: Any) -> Any:
    return autograd.sum(100.0 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def branching(x: Any) -> Any:
    return x[0] ** 2 * x[1] + x[2] * (x[0] if x[0] > 0 else x[1])


def tall(x: Any) -> list[Any]:
    return [sin(x[0] * y) for y in x] + [x[0]]


def bits(matrix: Any) -> tuple[Any, ...]:
    """Places and numbers."""
    return matrix.shape, matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()


def test_to_the_bit_of_the_uncompiled() -> None:
    """A Hessian by few colours, Jacobians in reverse and forward."""
    for made in (
        sparse_hessian(rosenbrock),
        sparse_jacobian(lambda x: [a * b for a, b in pairwise(x)]),
        sparse_jacobian(tall),
    ):
        compiled = jit(made)
        for start in (0.1, -0.4, 0.9):
            x = np.linspace(start, 1.0, 40)
            found = compiled(x)
            assert isinstance(found, sp.csr_array)
            assert found.dtype == float
            assert bits(found) == bits(made(x))
        assert compiled.stats().paths == 1


def test_another_branch_has_another_pattern() -> None:
    compiled = jit(sparse_hessian(branching))
    for point in ([3.0, 4.0, 5.0], [-3.0, 4.0, 5.0], [2.0, 1.0, 1.0]):
        assert bits(compiled(point)) == bits(sparse_hessian(branching)(point))
    again = pickle.loads(pickle.dumps(compiled))
    assert bits(again([-3.0, 4.0, 5.0])) == bits(compiled([-3.0, 4.0, 5.0]))


def test_beside_other_results() -> None:
    compiled = jit(lambda x: {"value": rosenbrock(x), "hessian": sparse_hessian(rosenbrock)(x)})
    x = [0.3, 0.5, 0.7]
    for _ in range(3):
        found = compiled(x)
        assert found["value"] == rosenbrock(x)
        assert bits(found["hessian"]) == bits(sparse_hessian(rosenbrock)(x))


def test_a_batch_of_matrices_is_told() -> None:
    with pytest.raises(TypeError, match="use a dense transform"):
        vmap(sparse_hessian(branching))(np.ones((2, 3)))
