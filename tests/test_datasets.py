"""The data sets that come along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import nn

pytestmark = pytest.mark.one_form


def test_iris_is_that_of_scikit_learn() -> None:
    """Number by number, species by species."""
    peer = pytest.importorskip("sklearn.datasets").load_iris()
    X, y = nn.datasets.iris()
    assert peer.data.tolist() == X
    assert [peer.target_names[k] for k in peer.target] == y


def test_the_file_has_names_for_its_columns() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(nn.datasets.IRIS)
    assert list(frame) == ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    assert len(frame) == 150


def test_moons_lie_on_two_half_circles() -> None:
    """Of radius 1, around (0, 0) and (1, 0.5); half of the points on each."""
    X, y = nn.datasets.moons(101, noise=0.0)
    for (a, b), k in zip(X, y, strict=True):
        centre = (1.0, 0.5) if k else (0.0, 0.0)
        assert (a - centre[0]) ** 2 + (b - centre[1]) ** 2 == pytest.approx(1.0)
        assert b <= 0.5 if k else b >= 0.0
    assert y.count(0) == 50


def test_moons_with_noise_are_reproducible() -> None:
    """Also in another process, whatever its hash seed; mixed, not class by class."""
    X, y = nn.datasets.moons(60, noise=0.2, seed=3)
    assert (X, y) == nn.datasets.moons(60, noise=0.2, seed=3)
    assert nn.datasets.moons(60, noise=0.2, seed=4)[0] != X
    assert y != sorted(y)
    code = "import nn; print(nn.datasets.moons(60, noise=0.2, seed=3)[0][7])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.home()
    )
    assert done.stdout.strip() == str(X[7])


def test_moons_are_learned() -> None:
    X, y = nn.datasets.moons()
    model = nn.MLP(2, [16, 16, 1], seed=1)
    nn.fit(model, X, y, epochs=60, lr=0.05)
    assert nn.score(model, X, y) > 0.97


@pytest.mark.parametrize(
    ("n", "noise", "message"), [(1, 0.1, "n must be"), (9, -1.0, "noise must")]
)
def test_what_gives_no_moons(n: int, noise: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nn.datasets.moons(n, noise)
