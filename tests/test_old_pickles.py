"""What 0.1.0 pickled is read, and goes on as it did. The numbers here are what 0.1.0 itself said.

pickles-0.1.0/make_pickles.py made the files; modules have moved since then.
"""

from __future__ import annotations

import math
import pickle
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn

FOLDER = Path(__file__).parent / "pickles-0.1.0"


def old(name: str) -> Any:
    return pickle.loads((FOLDER / f"{name}.pickle").read_bytes())


def close(*numbers: float) -> Any:
    return pytest.approx(list(numbers), rel=1e-12, abs=1e-15)


def weights(model: Any) -> list[float]:
    return [p.data for p in model.parameters()]


# -- graphs and what is told of them ---------------------------------------------------------------


def test_a_graph() -> None:
    """e = (a + b)(b + 1) with its gradients; another pass adds to them."""
    e, a, b = old("graph")
    assert repr((e, a, b)) == (
        "(Value(data=6.0, grad=1.0, label='e'), Value(data=2.0, grad=2.0, label='a'),"
        " Value(data=1.0, grad=5.0, label='b'))"
    )
    e.backward()
    assert (a.grad, b.grad) == (4.0, 10.0)


def test_a_node_of_many_inputs() -> None:
    """tanh e + a² + exp b, by its derivatives."""
    total, a, b = old("fan")
    assert [total.data] == close(7.718269540109841)
    total.backward()
    assert [a.grad, b.grad] == close(6.00004915309481, 7.718404711196072)


def test_paths() -> None:
    found = old("paths")
    assert (found.count, found.total, found.complete) == (2, 5.0, True)
    assert [row.product for row in found.rows] == [2.0, 3.0]
    assert "sum over all paths: 2 + 3 = 5 = ∂e/∂b" in str(found)


def test_edge_visits() -> None:
    found = old("edge_visits")
    assert (found.leaves, found.count, found.path_steps, found.edges) == (2, 3, 6, 5)
    assert (found.busiest.parent.data, found.busiest.partial, found.busiest_visits) == (3, 2, 2)
    assert "3 paths from 2 leaves to e" in str(found)


def test_an_explanation() -> None:
    found = old("explanation")
    assert found.path.product == 2.0
    assert "∂e/∂a = 2" in str(found)


def test_a_gradient_check() -> None:
    right, wrong = old("check"), old("check_wrong")
    assert (right.ok, wrong.ok) == (True, False)
    assert "the only component is right" in str(right)
    assert "likely mistake" in str(wrong)


def test_pictures() -> None:
    """A diagram keeps its source and a player its steps."""
    summary = "5 values, 5 edges. e = 6. de/da = 2, de/db = 5."
    diagram, player = old("draw"), old("steps")
    assert (diagram.summary, player.summary) == (summary, summary)
    assert "value 6" in diagram.source
    assert len(player.steps) == 13
    assert "<script" in player.html()


# -- functions and programs ------------------------------------------------------------------------


class WithoutDrawNetwork(pickle.Unpickler):
    """`nn.draw_network` is gone since."""

    def find_class(self, module: str, name: str) -> Any:
        return None if name == "draw_network" else super().find_class(module, name)


def test_public_names() -> None:
    """Each of the classes, functions and primitives is the one that has the name now."""
    with (FOLDER / "public.pickle").open("rb") as file:
        public = WithoutDrawNetwork(file).load()
    assert public["nn"].pop("draw_network") is None
    for module, names in public.items():
        for name, x in names.items():
            assert x is getattr(import_module(module), name), name


def test_a_program() -> None:
    program = old("program")
    assert program.evaluate([-2.0]) == [-2.0]
    assert "guard 0: not r2  # <stdin>, line 43" in str(program)
    with pytest.raises(Exception, match="<stdin>, line 43"):
        program.evaluate([2.0])


def test_what_jit_made() -> None:
    """A function by its name, its gradient, and a lambda by the paths that it had taken."""
    pytest.importorskip("llvmlite")
    assert [old("jit_unrecorded")([2.0, 3.0, 4.0]) for _ in range(2)] == [24.0, 24.0]
    gradient = old("jit_grad")
    assert gradient([2.0, 3.0]) == [3.0, 2.0]
    assert gradient([5.0, 7.0]) == [7.0, 5.0]
    decides = old("jit_paths")
    assert [decides(1.5), decides(-1.0)] == close(1.5 * math.exp(1.5), -1.0)
    assert decides.stats().paths == 2


def test_stats() -> None:
    stats = old("stats")
    assert (stats.paths, stats.guards, stats.operations) == (2, 2, 4)
    assert stats.tiers == ("recorded", "compiled")
    assert stats.compiling_seconds > 0.0


def test_what_vmap_made() -> None:
    pytest.importorskip("llvmlite")
    numpy = pytest.importorskip("numpy")
    assert old("vmap")(numpy.array([[1.0, 2.0], [3.0, 4.0]])).tolist() == [2.0, 12.0]


# -- networks --------------------------------------------------------------------------------------


def test_a_model() -> None:
    model = old("model")
    assert repr(model) == "MLP(2 → 3 → 1, tanh, 13 parameters)"
    outputs = [model([1.0, 2.0]).data, model([-0.5, 0.25]).data]
    assert outputs == close(0.22367926492403667, -0.029525259824270886)


def test_adam_goes_on() -> None:
    """With what it had remembered of the first step."""
    model, adam = old("adam")
    losses = []
    for _ in range(2):
        adam.zero_grad()
        loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
        loss.backward()
        adam.step()
        losses.append(loss.data)
    assert losses == close(0.6026738837088841, 0.46817156579602437)
    assert adam.steps == 3
    assert weights(model)[:3] == close(-0.7712931289254396, 0.790963856628408, 0.029774676394921214)


def test_sgd_goes_on() -> None:
    """A first step down a gradient of 1, and a second one with its momentum."""
    sgd = old("sgd")
    first = sgd.parameters[0].data
    for moved in (0.1, 0.1 + 0.19):
        for p in sgd.parameters:
            p.grad = 1.0
        sgd.step()
        assert [sgd.parameters[0].data] == close(first - moved)


def test_a_history() -> None:
    history = old("history")
    assert history["loss"] == close(0.6972105384277417, 0.6941328382046197, 0.6917120764764121)
    assert (history.best.epoch, history.classes, history.stopped) == (3, (0, 1), None)
    assert "3 epochs" in repr(history)


def test_an_evaluation() -> None:
    assert old("evaluation") == (pytest.approx(0.6888716290898158, rel=1e-12), 0.5)


def test_modules_that_have_moved_are_attributes_as_before():
    """`autograd.value` and `nn.networks`, without an import of their own."""
    assert autograd.value.Value is autograd.Value
    assert autograd.primitives.TABLE["exp"] is autograd.exp
    assert nn.networks.MLP is nn.MLP
    with pytest.raises(AttributeError, match=r"draw\(model\)"):
        nn.draw_network  # noqa: B018
