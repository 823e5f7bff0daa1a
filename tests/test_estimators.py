"""Networks as estimators of scikit-learn: its own checks, searches, pipelines, pickles."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nn

pytestmark = pytest.mark.one_form

np = pytest.importorskip("numpy")
sklearn = pytest.importorskip("sklearn")

QUICK: dict[str, Any] = {"hidden": (3,), "epochs": 10, "lr": 0.1, "engine": "eager"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["Classifier", "Regressor"])
def test_scikit_learns_own_checks(kind: str) -> None:
    """All that it has for an estimator of this kind, but those it skips itself."""
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(getattr(nn, kind)(**QUICK), on_fail=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) > 40


def test_iris_by_the_names_of_its_species() -> None:
    """Labels, probabilities in the order of `classes_`, and a score."""
    X, y = nn.datasets.iris()
    model = nn.Classifier((8,), epochs=60).fit(X, y)
    assert list(model.classes_) == ["setosa", "versicolor", "virginica"]
    assert model.score(X, y) > 0.95
    shares = model.predict_proba(X)
    assert shares.shape == (150, 3)
    assert np.allclose(shares.sum(1), 1.0)
    assert (model.classes_[shares.argmax(1)] == model.predict(X)).all()
    assert nn.predict(model.model_, X[:2]) == [0, 0]
    assert len(model.history_) == 60


def test_a_regression_of_several_numbers() -> None:
    """In their own units, one column or several."""
    X = np.linspace(-1, 1, 40).reshape(-1, 2)
    y = 1000 * X**2
    model = nn.Regressor((8,), epochs=200).fit(X, y)
    assert model.predict(X).shape == (20, 2)
    assert model.score(X, y) > 0.95
    assert nn.Regressor(**QUICK).fit(X, y[:, 0]).predict(X).shape == (20,)


@pytest.mark.parametrize("low", [0.0, -1.0, 1.0])
def test_a_regression_of_numbers_that_look_like_classes(low: float) -> None:
    """0 and 1, -1 and 1, or all the same: the answers are numbers between, and no labels."""
    X = np.linspace(-1, 1, 40).reshape(-1, 1)
    y = np.where(X[:, 0] > 0, 1.0, low)
    found = nn.Regressor((3,), epochs=3, engine="eager").fit(X, y).predict(X)
    assert len(set(found)) > 20


def test_a_regression_of_one_hot_rows() -> None:
    """A number for each column."""
    X = np.linspace(-1, 1, 40).reshape(-1, 1)
    y = np.stack([X[:, 0] > 0, X[:, 0] <= 0], 1).astype(float)
    found = nn.Regressor(**QUICK).fit(X, y).predict(X)
    assert found.shape == (40, 2)
    assert not set(found.ravel()) <= {0.0, 1.0}


def test_grid_search_in_two_processes() -> None:
    """The estimators go there and come back."""
    from sklearn.model_selection import GridSearchCV

    X, y = nn.datasets.iris()
    search = GridSearchCV(nn.Classifier(**QUICK), {"hidden": [(2,), (6,)]}, n_jobs=2, cv=2)
    search.fit(X, y)
    assert search.best_score_ > 0.8
    assert search.best_params_["hidden"] in [(2,), (6,)]


def test_a_pickle_predicts_the_same() -> None:
    X, y = nn.datasets.iris()
    model = nn.Classifier(**QUICK).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(X) == model.predict_proba(X)).all()


def test_frames_in_a_pipeline() -> None:
    """The columns are checked by name."""
    pandas = pytest.importorskip("pandas")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    frame = pandas.read_csv(nn.datasets.IRIS)
    X, y = frame.drop(columns="species"), frame["species"]
    assert make_pipeline(MinMaxScaler(), nn.Classifier(**QUICK)).fit(X, y).score(X, y) > 0.8
    model = nn.Classifier(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X[X.columns[::-1]])


def test_what_is_no_list_of_widths_and_no_module_is_named() -> None:
    with pytest.raises(TypeError, match=r"hidden is the widths .*such as \(16,\); got 8$"):
        nn.Classifier(hidden=8).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match=r"it is an estimator: call its own fit\(X, y\)$"):
        nn.fit(nn.Classifier(), [[0.0], [1.0]], [0, 1])


def test_a_seed_reproduces_and_another_differs() -> None:
    X, y = nn.datasets.iris()

    def shares(random_state: Any) -> Any:
        model = nn.Classifier(**QUICK, random_state=random_state).fit(X, y)
        return model.predict_proba(X[:3]).tolist()

    assert shares(1) == shares(1) != shares(2)
    assert shares(np.int64(1)) == shares(1)
    assert shares(np.random.RandomState(1)) == shares(np.random.RandomState(1))


def test_scikit_learn_is_loaded_on_first_use(tmp_path: Path) -> None:
    """And where it is missing, the error says what to install."""
    code = (
        "import sys, nn\n"
        "assert 'sklearn' not in sys.modules and 'Classifier' in dir(nn)\n"
        "sys.modules['sklearn'] = None\n"
        "try: nn.Classifier\n"
        "except ImportError as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("need scikit-learn; run: pip install scikit-learn\n")
