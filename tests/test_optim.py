"""Optimisers, schedules and clipping: against PyTorch 2.13 (float64), and bad input."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest

import nn
from autograd import Value
from nn import SGD, Adam, AdamW, Optimizer, Schedule, schedules

START = [1.0, -2.0, 0.5]
GRADIENTS = [
    [0.5, -1.0, 2.0],
    [0.25, 3.0, -1.0],
    [-1.5, 0.0, 0.125],
    [1.0, 1.0, 1.0],
    [0.0, -2.0, 4.0],
]

# START after five steps with GRADIENTS: torch.optim.SGD and so on with these very arguments and
# foreach=False, one float64 tensor for each parameter, its .grad set before each step.
REFERENCE: list[tuple[type[Optimizer], dict[str, Any], list[float]]] = [
    (SGD, {}, [0.99975, -2.0010000000000003, 0.493875]),
    (SGD, {"lr": 0.1}, [0.975, -2.0999999999999996, -0.11250000000000004]),
    (
        SGD,
        {"lr": 0.1, "momentum": 0.9},
        [0.9257699999999999, -2.61219, -0.5989950000000002],
    ),
    (
        SGD,
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        [0.9081930000000001, -2.650971, -1.1015955],
    ),
    (
        SGD,
        {"lr": 0.1, "weight_decay": 0.3},
        [0.8357875602, -1.7997406704000003, -0.1651854991500001],
    ),
    (
        SGD,
        {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.3},
        [0.5702120674271359, -1.6849786845342718, -0.9789220002970722],
    ),
    (Adam, {}, [0.9982917064705116, -2.0004106674692537, 0.49742527637978096]),
    (Adam, {"lr": 0.1}, [0.8291706470511607, -2.0410667469253765, 0.24252763797809718]),
    (
        Adam,
        {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3},
        [0.8505073115580558, -2.031130539358959, 0.24689236414118448],
    ),
    (
        Adam,
        {"lr": 0.1, "weight_decay": 0.3},
        [0.7434751792794307, -1.9187857305441798, 0.21678262097237133],
    ),
    (AdamW, {}, [0.9982417691589874, -2.000310682265795, 0.49740033387020877]),
    (
        AdamW,
        {"lr": 0.1, "weight_decay": 0.3},
        [0.7056642694394039, -1.7620110874748058, 0.18836980691629845],
    ),
]


def run(optimizer: Optimizer, gradients: list[list[float]]) -> None:
    for row in gradients:
        for parameter, gradient in zip(optimizer.parameters, row, strict=True):
            parameter.grad = gradient
        optimizer.step()


@pytest.mark.parametrize(("kind", "settings", "expected"), REFERENCE)
def test_five_steps(kind: type[Optimizer], settings: dict[str, Any], expected: list[float]) -> None:
    """The parameters of PyTorch after the same five gradients."""
    parameters = [Value(x) for x in START]
    run(kind(parameters, **settings), GRADIENTS)
    assert [p.data for p in parameters] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("kind", "settings", "expected"), REFERENCE)
def test_state_goes_through_json(
    kind: type[Optimizer], settings: dict[str, Any], expected: list[float]
) -> None:
    """Two steps, a file, a new optimiser of other settings, three steps: as if nothing had been."""
    parameters = [Value(x) for x in START]
    first = kind(parameters, **settings)
    run(first, GRADIENTS[:2])
    second = kind(parameters, lr=0.5, weight_decay=0.7)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert second.state_dict() == first.state_dict()
    run(second, GRADIENTS[2:])
    assert [p.data for p in parameters] == pytest.approx(expected, rel=1e-13)


def test_a_state_is_a_copy() -> None:
    """Later steps leave a state that was taken before alone."""
    optimizer = SGD([Value(1.0)], lr=0.1, momentum=0.9)
    state = optimizer.state_dict()
    run(optimizer, [[1.0]])
    assert state["velocity"] == [0.0]
    optimizer.load_state_dict(state)
    run(optimizer, [[1.0]])
    assert state["velocity"] == [0.0]


def test_worked_example_after_one_step() -> None:
    """The 2-2-2 sigmoid network, w5 and w7 after a step of 0.1 (30 digits elsewhere)."""
    hidden = nn.Layer.from_weights([[0.25, 0.25], [0.15, 0.20]], 0.4, "sigmoid")
    output = nn.Layer.from_weights([[0.30, 0.35], [0.40, 0.35]], 0.7, "sigmoid")
    model = nn.MLP.from_layers([hidden, output])
    nn.half_squared_error(model([0.02, 0.04]), [0.5, 0.9]).backward()
    SGD(model.parameters(), lr=0.1).step()
    assert output.neurons[0].weights[0].data == pytest.approx(0.297182148491, rel=1e-11)
    assert output.neurons[1].weights[0].data == pytest.approx(0.401541646145, rel=1e-11)


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW])
def test_training_reaches_the_minimum(kind: type[Optimizer]) -> None:
    """The sum of (x - 3)² and (y + 1)² has its minimum at (3, -1)."""
    x, y = Value(0.0), Value(0.0)
    optimizer = kind([x, y], lr=0.1, weight_decay=0.0)
    for _ in range(500):
        loss = (x - 3) ** 2 + (y + 1) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (x.data, y.data) == (pytest.approx(3.0, abs=1e-3), pytest.approx(-1.0, abs=1e-3))


def test_zero_grad() -> None:
    """Gradients are 0 afterwards, numbers untouched."""
    p = Value(1.0)
    p.grad = 5.0
    SGD([p]).zero_grad()
    assert (p.data, p.grad) == (1.0, 0.0)


def test_lr_is_assignable_and_checked() -> None:
    """The next step uses it; what cannot be a learning rate leaves it as it was."""
    p = Value(1.0)
    optimizer = SGD([p], lr=0.1)
    optimizer.lr = 1
    run(optimizer, [[0.25]])
    assert p.data == 0.75
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="lr must be a finite number, 0 or more"):
            optimizer.lr = wrong
    assert optimizer.lr == 1.0


def test_parameters_may_be_any_iterable_and_shared() -> None:
    """A parameter given twice is moved once."""
    p = Value(1.0)
    optimizer = SGD((v for v in (p, p)), lr=0.5)
    run(optimizer, [[1.0]])
    assert p.data == 0.5
    assert repr(optimizer) == "SGD(lr=0.5, 1 parameter)"


def test_an_infinite_parameter_is_not_turned_into_nan_by_absent_decay() -> None:
    """Without weight decay its own number plays no part in the step."""
    for kind in (SGD, Adam):
        p = Value(math.inf)
        run(kind([p], lr=0.1), [[1.0]])
        assert p.data == math.inf


def test_huge_gradients_do_not_raise() -> None:
    """Where a square overflows the step is 0, as IEEE arithmetic has it."""
    p = Value(1.0)
    run(Adam([p], lr=0.1), [[1e200]])
    assert p.data == 1.0


def test_an_optimiser_of_ones_own() -> None:
    """A subclass gives one formula; state and checks come with the base."""

    class SignDescent(Optimizer):
        def updated(self, i: int, parameter: Value) -> float:
            return parameter.data - math.copysign(self.lr, parameter.grad)

    p, q = Value(1.0), Value(1.0)
    optimizer = SignDescent([p, q], lr=0.25)
    run(optimizer, [[3.0, -1e-9]])
    assert (p.data, q.data) == (0.75, 1.25)
    assert optimizer.state_dict() == {"lr": 0.25, "steps": 1}


# Schedules ----------------------------------------------------------------------------------------


def rates(rule: schedules.Rule, epochs: int) -> list[float]:
    optimizer = SGD([Value(0.0)], lr=0.4)
    schedule = Schedule(optimizer, rule)
    seen = [optimizer.lr]
    for _ in range(epochs):
        schedule.step()
        seen.append(optimizer.lr)
    return seen


def test_step_schedule() -> None:
    """torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5) from 0.4."""
    expected = [0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1]
    assert rates(schedules.step(3, 0.5), 8) == pytest.approx(expected, rel=1e-15)


def test_cosine_schedule() -> None:
    """CosineAnnealingLR(optimizer, 8, eta_min=0.1) from 0.4; then it stays at the floor."""
    expected = [
        *(0.4, 0.38858192987669304, 0.35606601717798214, 0.30740251485476355),
        *(0.25000000000000006, 0.19259748514523656, 0.1439339828220179, 0.111418070123307),
        *(0.1, 0.1, 0.1),
    ]
    assert rates(schedules.cosine(8, floor=0.25), 10) == pytest.approx(expected, rel=1e-14)


def test_any_function_is_a_schedule() -> None:
    """Warm-up over four epochs."""
    assert rates(lambda epoch: min(1.0, (epoch + 1) / 4), 4) == [0.1, 0.2, 0.3 + 5e-17, 0.4, 0.4]


def test_a_schedule_goes_on_where_it_was() -> None:
    """Its state is the epoch and the rate it started from."""
    optimizer = SGD([Value(0.0)], lr=0.4)
    schedule = Schedule(optimizer, schedules.step(2, 0.5))
    for _ in range(3):
        schedule.step()
    other_optimizer = SGD([Value(0.0)], lr=9.0)
    other = Schedule(other_optimizer, schedules.step(2, 0.5))
    other.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
    assert other_optimizer.lr == 0.2
    other.step()
    assert other_optimizer.lr == 0.1


# Clipping -----------------------------------------------------------------------------------------


def with_gradients(*gradients: float) -> list[Value]:
    parameters = [Value(0.0, f"p{i}") for i in range(len(gradients))]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    return parameters


def test_clipping_by_norm_keeps_the_direction() -> None:
    """(3, -4) has norm 5; down to 1 it is (0.6, -0.8)."""
    parameters = with_gradients(3.0, -4.0)
    assert nn.clip_grad_norm(parameters, 1.0) == 5.0
    assert [p.grad for p in parameters] == pytest.approx([0.6, -0.8], rel=1e-15)


def test_clipping_leaves_small_gradients_alone() -> None:
    """Bit for bit."""
    parameters = with_gradients(0.1, -0.2)
    nn.clip_grad_norm(parameters, 1.0)
    nn.clip_grad_value(parameters, 0.2)
    assert [p.grad for p in parameters] == [0.1, -0.2]


def test_clipping_by_norm_does_not_overflow() -> None:
    """The norm of (3e200, 4e200) is 5e200."""
    parameters = with_gradients(3e200, 4e200)
    assert nn.clip_grad_norm(parameters, 5.0) == pytest.approx(5e200, rel=1e-15)
    assert [p.grad for p in parameters] == pytest.approx([3.0, 4.0], rel=1e-15)


def test_clipping_by_value() -> None:
    """Each gradient by itself, infinite ones too."""
    parameters = with_gradients(0.5, -2.0, math.inf, math.nan)
    nn.clip_grad_value(parameters, 1.0)
    assert [p.grad for p in parameters[:3]] == [0.5, -1.0, 1.0]
    assert math.isnan(parameters[3].grad)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_norm_that_is_no_number_is_an_error(bad: float) -> None:
    """It names the parameter, and the gradients stay as they were."""
    parameters = with_gradients(1.0, bad, 2.0)
    with pytest.raises(FloatingPointError, match="label='p1'"):
        nn.clip_grad_norm(parameters, 1.0)
    assert (parameters[0].grad, parameters[2].grad) == (1.0, 2.0)


# Bad input ----------------------------------------------------------------------------------------

P = Value(1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SGD([]), ValueError, "there are no parameters to optimise"),
        (lambda: SGD([1.0]), TypeError, "such as model.parameters(); got a float: 1.0"),
        (lambda: SGD([P, "p"]), TypeError, "got a str"),
        (lambda: SGD([{"params": [P] * 9}]), TypeError, "got a dict: {'params': [Value("),
        (lambda: SGD(P), TypeError, "a list of Values, such as model.parameters(); got Value("),
        (lambda: SGD(nn.MLP(2, [1])), TypeError, "model.parameters(); got MLP(2 → 1"),
        (lambda: SGD(nn.Neuron(1).named_parameters()), TypeError, "got a tuple"),
        (lambda: SGD([P * 2]), ValueError, "is the result of 'mul'; only leaves"),
        (lambda: SGD([P], lr=-0.1), ValueError, "lr must be a finite number, 0 or more, got -0.1"),
        (lambda: SGD([P], lr="0.1"), TypeError, "lr must be a number, got the str '0.1'"),
        (lambda: SGD([P], lr=Value(0.1)), TypeError, "lr must be a number, got the Value"),
        (lambda: SGD([P], momentum=-1), ValueError, "momentum must be"),
        (lambda: SGD([P], nesterov=True), ValueError, "give a momentum > 0"),
        (lambda: SGD([P], weight_decay=math.nan), ValueError, "weight_decay must be"),
        (lambda: Adam([P], betas=(0.9, 1.0)), ValueError, "betas must be from 0 to below 1"),
        (lambda: Adam([P], betas=(-0.1, 0.9)), ValueError, "got -0.1"),
        (lambda: Adam([P], eps=0.0), ValueError, "eps must be greater than 0"),
        (lambda: Adam([P], eps=-1.0), ValueError, "eps must be a finite number, 0 or more"),
        (lambda: AdamW([P], weight_decay=-1.0), ValueError, "weight_decay must be"),
        (lambda: nn.clip_grad_norm([P], -1.0), ValueError, "max_norm must be"),
        (lambda: nn.clip_grad_norm([], 1.0), ValueError, "no parameters"),
        (lambda: nn.clip_grad_value([P], math.nan), ValueError, "limit must be"),
        (lambda: Schedule(SGD([P]), 0.5), TypeError, "a function epoch -> factor"),
        (lambda: Schedule(SGD([P]), lambda epoch: -1.0), ValueError, "lr must be a finite number"),
        (lambda: schedules.step(0), ValueError, "every must be at least 1"),
        (lambda: schedules.cosine(0), ValueError, "epochs must be at least 1"),
    ],
)
def test_bad_input_is_named(call: Any, error: type[Exception], message: str) -> None:
    """An error of the fitting class that says what came and what was expected."""
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"velocity": [1.0, 2.0]},
            ValueError,
            "'velocity' must have 1 number, one a parameter; got 2",
        ),
        ({"velocity": 3.0}, ValueError, "'velocity' must have 1 number"),
        ({"velocity": ["a"]}, TypeError, "'velocity' must be a number, got the str 'a'"),
        ({"momentum": None}, TypeError, "'momentum' must be a number"),
        ({"lr": -1.0}, ValueError, "lr must be a finite number"),
        ({"beta1": 0.9}, ValueError, "the state of SGD is lr, steps, momentum"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    """The key is named and the optimiser is as before."""
    optimizer = SGD([P], lr=0.1, momentum=0.5)
    before = optimizer.state_dict()
    other = SGD([P], lr=0.2, momentum=0.25).state_dict()
    with pytest.raises(error, match=re.escape(message)):
        optimizer.load_state_dict({**other, **change})
    assert optimizer.state_dict() == before
