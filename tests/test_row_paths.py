"""How `vmap` finds the path of a row: by the decisions at which paths part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from eagerly import eagerly

from autograd import exp, grad, jit, primitive, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
vector_specializations = pytest.importorskip("autograd.compiler.vector_specializations")
VectorSpecialization = vector_specializations.VectorSpecialization


def asked(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> int:
    """How many programs are run, for rows or to find where a row leaves them."""
    count = 0
    found = {name: getattr(VectorSpecialization, name) for name in ("fill", "departure")}

    def counting(name: str) -> Any:
        def run(self: Any, *args: Any) -> Any:
            nonlocal count
            count += 1
            return found[name](self, *args)

        return run

    with monkeypatch.context() as patch:
        for name in found:
            patch.setattr(VectorSpecialization, name, counting(name))
        act()
    return count


def halvings(x: Any) -> Any:
    n = 0
    while x > 1.0:
        x = x / 2.0
        n += 1
    return x + n


def of_two(x: Any) -> Any:
    return x[0] * int(x[1])


KINDS: dict[str, tuple[Callable[..., Any], Callable[[int], Any]]] = {
    "a loop": (halvings, lambda i: 1.5 * 2.0**i),
    "its derivative": (grad(halvings), lambda i: 1.5 * 2.0**i),
    "whole numbers": (lambda x: x * int(x), lambda i: i + 0.5),
    "whole numbers of exp": (lambda x: x * int(exp(x)), lambda i: 0.1 * i),
    "rows of two numbers": (of_two, lambda i: [0.5, i + 0.25]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_of_a_row_is_found_in_few_attempts(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 40 paths, some eight programs for a row, where to try all would be twenty."""
    f, row = KINDS[kind]
    rows = np.array([row(i) for i in range(40)])
    mapped = vmap(f)
    assert mapped(rows).tolist() == [eagerly(f, x) for x in rows]
    paths = mapped.stats().paths
    assert paths >= 25
    results: list[Any] = []
    assert asked(monkeypatch, lambda: results.append(mapped(rows))) <= 9 * paths
    assert results[0].tolist() == [eagerly(f, x) for x in rows]
    assert mapped.stats().paths == paths


def test_sums_over_rows_of_many_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where the results are added up."""
    rows = np.array([i + 0.5 for i in range(40)])
    total = vmap(lambda w, x: w * int(x), in_axes=(None, 0), reduce="sum")
    assert total(2.0, rows) == 2.0 * sum(range(40))
    assert asked(monkeypatch, lambda: total(2.0, rows)) <= 9 * 40
    assert total(3.0, rows) == 3.0 * sum(range(40))


def test_sums_that_are_not_used_are_not_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a row is on another path, chunks after it leave memory as it was: it may hold anything,
    and adding that up would warn of an overflow that is none of the function's."""
    kernels = pytest.importorskip("autograd.compiler.native.vector_kernels")
    made = kernels.RowKernel.__init__

    def making(self: Any, *args: Any) -> None:
        made(self, *args)
        self._empty = lambda shape, dtype=float: np.full(
            shape, np.iinfo(dtype).max if dtype == "u1" else 1.7e308, dtype
        )

    monkeypatch.setattr(kernels.RowKernel, "__init__", making)
    rows = np.where(np.arange(20 * kernels.CHUNK) < 1, -1.0, 1.0)
    total = vmap(lambda x: x * 2.0 if x > 0 else x, reduce="sum", threads=1)
    with np.errstate(all="raise"):
        assert [total(rows) for _ in range(3)] == [2.0 * (len(rows) - 1) - 1.0] * 3


def test_rows_whose_paths_call_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those are tried one after the other: a row on another path is no reason to call."""
    calls: list[float] = []

    def forward(x: float) -> float:
        calls.append(x)
        return 2.0 * x

    twice = primitive("twice_in_rows", forward, lambda out, x: 2.0)

    def f(x: Any) -> Any:
        return twice(x) * int(x)

    rows = np.array([0.5, 1.5, 2.5])
    mapped = vmap(f)
    mapped(rows)
    calls.clear()
    assert mapped(rows).tolist() == [0.0, 3.0, 10.0]
    assert set(calls) <= set(rows)


def test_paths_found_are_those_of_jit() -> None:
    """Random rows of a function with decisions of three kinds."""

    def f(p: Any) -> Any:
        x, y = p
        out = x if x > y else y * int(y * 2)
        if out != x and exp(y) < 3.0:
            out = out + round(x)
        return out

    rng = np.random.default_rng(5)
    rows = rng.normal(size=(300, 2)) * 2.0
    compiled = jit(f)
    assert vmap(f)(rows).tolist() == [compiled(row) for row in rows]
