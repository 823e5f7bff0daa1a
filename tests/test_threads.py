"""Threads that share models and graphs: what is promised, and that it holds."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import nn
from autograd import Value, grad

THREADS = 4


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(THREADS) as executor:
        yield executor
    sys.setswitchinterval(interval)


# -- parameters_as ---------------------------------------------------------------------------------


def response_of(model: nn.Module, x: list[float]) -> Callable[[Any], Any]:
    def response(p: Any) -> Any:
        with model.parameters_as(p):
            return model(x)

    return response


def test_one_model_with_other_parameters_in_each_thread(pool: ThreadPoolExecutor) -> None:
    """For a linear neuron the gradient is (x, 1) at any parameters, and its value w·x + b: each
    thread gets those of its own parameters, and the model keeps its own."""
    model = nn.Neuron.from_weights([0.25, 0.5], 1.0, "linear")
    held = model.parameters()

    def work(k: int) -> None:
        x = [3.0 + k, 4.0]
        response = response_of(model, x)
        for _ in range(100):
            assert grad(response)([1.0, k, 2.0]) == [3.0 + k, 4.0, 1.0]
            assert response([1.0, k, 2.0]) == 3.0 + k + 4.0 * k + 2.0
            assert model([1.0, 1.0]).data == 1.75

    list(pool.map(work, range(THREADS)))
    assert all(a is b for a, b in zip(model.parameters(), held, strict=True))
    assert model.state_dict() == {"w0": 0.25, "w1": 0.5, "b": 1.0}
    assert "__getattribute__" not in vars(nn.Module)


def test_a_block_in_one_thread_is_nothing_to_another() -> None:
    """While it is open there, the model here is its own: called, listed, saved and trained."""
    model = nn.MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    expected = model([1.0, 2.0]).data
    opened, done = threading.Event(), threading.Event()
    seen = []

    def hold() -> None:
        with model.parameters_as([0.0] * len(model.parameters())):
            seen.append(model([1.0, 2.0]))
            opened.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    opened.wait(30)
    try:
        assert model.state_dict() == before
        assert model([1.0, 2.0]).data == expected
        for p in model.parameters():
            p.data += 0.5
    finally:
        done.set()
        thread.join()
    assert seen == [0.0]
    assert model.state_dict() == {name: x + 0.5 for name, x in before.items()}


def test_what_the_model_is_inside_the_block() -> None:
    """Its parameters are the stand-ins, in lists, tuples, dicts, arrays and modules below, and in
    its `__dict__`; an attribute that is assigned inside is what was assigned."""

    class Model(nn.Module):
        def __init__(self) -> None:
            self.single = Value(1.0)
            self.listed = [Value(2.0), (Value(3.0),)]
            self.named = {"x": Value(4.0)}
            self.below = nn.Neuron.from_weights([5.0], 6.0, "linear")

    model = Model()
    held = dict(vars(model))
    stand_ins = [Value(10.0 * k) * 1.0 for k in range(6)]
    with model.parameters_as(stand_ins):
        inside = [model.single, model.listed[0], model.listed[1][0], model.named["x"]]
        inside += model.below.parameters()
        assert all(a is b for a, b in zip(inside, stand_ins, strict=True))
        assert all(a is b for a, b in zip(model.parameters(), stand_ins, strict=True))
        assert vars(model)["single"] is stand_ins[0]
        with model.parameters_as([float(k) for k in range(6)]):
            assert (model.single, model.listed[0], model.below([1.0])) == (0.0, 1.0, 9.0)
        assert model.single is stand_ins[0]
        model.single = other = Value(7.0)
        assert model.single is other
    assert model.single is other
    assert all(vars(model)[name] is held[name] for name in held if name != "single")
    assert [p.data for p in model.parameters()] == [7.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_a_block_that_fails_leaves_the_model_as_it_was() -> None:
    """And one of another number of values is refused before anything has changed."""
    model = nn.Neuron.from_weights([0.25, 0.5], 1.0, "linear")
    with pytest.raises(KeyError), model.parameters_as([0.0, 0.0, 0.0]):
        raise KeyError
    with pytest.raises(ValueError, match="got 2 values"):
        model.parameters_as([0.0, 0.0])
    assert model([3.0, 4.0]).data == 3.75
    assert "__getattribute__" not in vars(nn.Module)


def test_look_ups_are_pythons_own_outside_of_blocks() -> None:
    """Whoever looks first when the last block is over puts them back."""
    model = nn.Neuron.from_weights([0.25, 0.5], 1.0, "linear")
    for _ in range(3):
        with model.parameters_as([1.0, 1.0, 1.0]):
            assert "__getattribute__" in vars(nn.Module)
            assert model([3.0, 4.0]) == 8.0
        assert model([3.0, 4.0]).data == 3.75
        assert "__getattribute__" not in vars(nn.Module)


# -- backward and fit ------------------------------------------------------------------------------


def test_graphs_that_share_leaves(pool: ThreadPoolExecutor) -> None:
    """Passes take turns, so no contribution to a shared leaf is lost: k a + a b for k = 0 ... 3,
    fifty times each, has ∂a = 50 (0 + 1 + 2 + 3 + 4 b) and ∂b = 200 a."""
    a, b = Value(2.0), Value(3.0)

    def work(k: int) -> None:
        for _ in range(50):
            (k * a + a * b).backward()

    list(pool.map(work, range(THREADS)))
    assert (a.grad, b.grad) == (50 * (6 + 4 * 3.0), 200 * 2.0)


def test_derivatives_beside_backward(pool: ThreadPoolExecutor) -> None:
    """`grad` of a function that captures a Value leaves that one's gradient to `backward`."""
    shared = Value(5.0)

    def work(k: int) -> None:
        for _ in range(50):
            if k % 2:
                (shared * k).backward()
            else:
                assert grad(lambda x: x * x * shared)(3.0) == 30.0

    list(pool.map(work, range(THREADS)))
    assert shared.grad == 50 * (1 + 3)


def trained(seed: int, engine: str) -> dict[str, float]:
    rng = random.Random(seed)
    X = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(20)]
    y = [x[0] * x[1] for x in X]
    model = nn.MLP(2, [4, 1], seed=seed)
    nn.fit(model, X, y, epochs=5, seed=seed, progress=False, engine=engine, loss="mse")
    return model.state_dict()


@pytest.mark.parametrize("engine", ["eager", "jit"])
def test_models_trained_at_the_same_time(pool: ThreadPoolExecutor, engine: str) -> None:
    """Each ends with the numbers it would have had alone, to the last bit."""
    if engine == "jit":
        pytest.importorskip("llvmlite")
    alone = [trained(seed, engine) for seed in range(THREADS)]
    together = list(pool.map(lambda seed: trained(seed, engine), range(THREADS)))
    assert together == alone
