"""What `fit` does for each of thousands of parameters before machine code runs, counted."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from work import lines_run

import nn
from autograd import Value, jit
from autograd.compiler import RecordingError
from autograd.compiler.recording import outside_sources
from nn.training.dataset import scale_hint

pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

COMPILED = ("autograd.engine", "autograd.transforms.factor_graphs", "mypy_extensions")
COMPILED += tuple(
    f"autograd.compiler.recording.{name}"
    for name in ("operation_columns", "recording_tape", "sweep_order")
)
Profile = Callable[[FrameType, str, Any], None]


def _calls_while_recording(width: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many calls and returns are looked at while a neuron of this width is recorded."""
    count = 0
    watch: Callable[[Any], Profile] = outside_sources._watch

    def counting(meet: Any) -> Profile:
        profile = watch(meet)

        def counted(frame: FrameType, event: str, called: Any) -> None:
            nonlocal count
            count += not frame.f_globals["__name__"].startswith(COMPILED)
            profile(frame, event, called)

        return counted

    rows = [[random.Random(i).random() for _ in range(width)] for i in range(4)]
    with monkeypatch.context() as patched:
        patched.setattr(outside_sources, "_watch", counting)
        nn.fit(nn.MLP(width, [1]), rows, [0.1, 0.2, 0.3, 0.4], epochs=1, engine="jit")
    return count


def test_a_parameter_costs_no_calls_while_the_model_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each call is looked at, to see what draws random numbers; so walks over all parameters run
    in C. (The engine's own calls, which there are where it isn't compiled, don't count.)"""
    if sys.getprofile() is not None:
        pytest.skip("recordings leave the profiler of somebody else alone")
    _calls_while_recording(2, monkeypatch)  # imports what is imported first then
    more = _calls_while_recording(600, monkeypatch) - _calls_while_recording(200, monkeypatch)
    assert more / 400 < 1


def test_parameters_are_listed_without_a_line_of_python_for_each() -> None:
    """Of a model that is labelled, wider neurons take as many lines."""
    wide, narrow = nn.MLP(800, [3, 1]), nn.MLP(200, [3, 1])
    assert lines_run(wide.parameters, of="nn.") == lines_run(narrow.parameters, of="nn.")


def test_parameters_that_are_listed_are_those_with_names() -> None:
    """Shared, held twice, of lists that overlap: each once, in one order; and labelled."""
    model = nn.MLP(3, [2, 1])
    first, second = model.layers[0].neurons
    second.weights = [second.weights[0], first.weights[1], second.weights[2]]
    second.bias = first.bias
    names = ["layer0.neuron0.w0", "layer0.neuron0.w1", "layer0.neuron0.w2", "layer0.neuron0.b"]
    names += ["layer0.neuron1.w0", "layer0.neuron1.w2"]
    names += ["layer1.neuron0.w0", "layer1.neuron0.w1", "layer1.neuron0.b"]
    assert [name for name, _ in model.named_parameters()] == names
    assert model.parameters() == [parameter for _, parameter in model.named_parameters()]
    assert [parameter.label for parameter in model.parameters()] == names


def test_a_generator_in_a_set_is_found_and_one_beside_numbers_too() -> None:
    """A set of nothing but numbers is passed over; any other is looked into."""
    numpy = pytest.importorskip("numpy")
    held = {1, "text", numpy.random.default_rng(0)}
    (generator,) = outside_sources.generators_of(held)
    assert generator in held


def test_a_generator_of_the_functions_own_in_a_set_is_refused() -> None:
    numpy = pytest.importorskip("numpy")
    generators = frozenset([1, numpy.random.default_rng(0)])

    def noisy(x: Value) -> Any:
        return x * sum(g.normal() for g in generators if g != 1)

    with pytest.raises(RecordingError, match="draws random numbers"):
        jit(noisy)(2.0)


def test_a_narrow_column_of_many_rows_is_told_from_a_wide_one() -> None:
    """Standard deviations 0.1 and 0.001, of more rows than are looked at together."""
    draw = random.Random(3).gauss
    rows = [[draw(0.0, 0.1), draw(0.0, 1e-3)] for _ in range(2000)]
    hint = scale_hint("X", rows)
    assert hint is not None
    assert hint.startswith("column 1 of X")
    assert "like it" not in hint
    assert scale_hint("X", [[x] for x, _ in rows]) is None
