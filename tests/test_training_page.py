"""docs/training.md: its code runs, from top to bottom, and gives what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.one_form

PAGE = Path(__file__).parent.parent / "docs" / "training.md"


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in ("pandas", "matplotlib", "sklearn"):
        pytest.importorskip(needed)
    import matplotlib
    from matplotlib import pyplot

    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(code, names)
    pyplot.close("all")
    nn, X, y = names["nn"], names["X"], names["y"]
    assert nn.predict(names["model"], X.head(3)) == ["setosa"] * 3
    assert nn.score(names["model"], X, y) > 0.93
    assert nn.predict(names["same"], X) == nn.predict(names["model"], X)
    assert names["search"].best_score_ > 0.85
