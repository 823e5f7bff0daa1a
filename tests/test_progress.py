"""What a training shows while it runs: on a terminal, in notebooks, with and without tqdm."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import nn
from nn.training import progress

pytestmark = pytest.mark.one_form

X, Y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def redirected(monkeypatch: pytest.MonkeyPatch) -> tuple[Terminal, Terminal]:
    """The standard output and error output."""
    found = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", found[0])
    monkeypatch.setattr(sys, "stderr", found[1])
    return found


def train(**settings: Any) -> nn.History:
    return nn.fit(nn.MLP(1, [1], seed=0), X, Y, batch_size=2, **{"epochs": 3, **settings})


def in_notebook(monkeypatch: pytest.MonkeyPatch, widgets: bool) -> None:
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(progress, "_has_widgets", lambda: widgets)


def test_a_line_without_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written over, and ended, with the figures of the last epoch."""
    monkeypatch.setitem(sys.modules, "tqdm", None)  # not installed
    monkeypatch.setattr(progress, "SHOWN_EVERY", 0.0)
    streams = redirected(monkeypatch)
    train()
    text = streams[1].getvalue()
    assert text.count("\n") == 1
    assert text.startswith("\repoch 1/3")
    assert text.rpartition("\r")[2].startswith("epoch 3/3, loss 0.")
    assert text.rpartition("\r")[2].rstrip().endswith("lr 0.01")
    assert streams[0].getvalue() == ""


def test_a_line_is_not_written_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(progress, "SHOWN_EVERY", 3600.0)
    streams = redirected(monkeypatch)
    train(epochs=50)
    assert streams[1].getvalue().count("\r") == 2


@pytest.mark.parametrize("installed", [True, False])
def test_nothing_is_red_in_a_notebook(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error output would be."""
    if installed:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    in_notebook(monkeypatch, widgets=False)
    streams = redirected(monkeypatch)
    train()
    assert "epoch 3/3" in streams[0].getvalue()
    assert streams[1].getvalue() == ""


def test_a_bar_of_widgets_that_stops_early_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed below its total, it would be shown as failed, in red."""
    closed: list[tuple[int, int]] = []

    class Bar:
        def __init__(self, total: int, initial: int, unit: str) -> None:
            self.total, self.n = total, initial

        def update(self) -> None:
            self.n += 1

        def set_description(self, text: str, refresh: bool) -> None: ...
        def set_postfix(self, figures: Any, refresh: bool) -> None: ...

        def close(self) -> None:
            closed.append((self.n, self.total))

    in_notebook(monkeypatch, widgets=True)
    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=Bar))
    train(callback=lambda history: len(history) == 2)
    assert closed == [(4, 4)]


def test_a_bar_on_a_terminal_that_stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    streams = redirected(monkeypatch)
    train(callback=lambda history: len(history) == 2)
    assert "4/4" in streams[1].getvalue().split("\r")[-1]
