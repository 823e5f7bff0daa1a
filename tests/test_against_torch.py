"""Every primitive and random graphs against PyTorch in float64: values, first and second
derivatives, at ordinary and at awkward numbers.

PyTorch is no dependency: these tests are skipped where it is missing, and run after `pip install
torch`. Where the two differ, DIFFERENCES says why; each entry has its line in the table of
docs/conventions.md, and an entry that nothing needs is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mp_reference import REFERENCE
from random_formulas import ROWS, Formula, graphs, ordinary

import autograd
from autograd import Value, grad, hessian
from autograd.engine.primitives import Primitive

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
functional = torch.nn.functional

INF, NAN = math.inf, math.nan
PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"


def over_sequence(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *xs: function(torch.stack(xs))


def _dot(*xs: Any) -> Any:
    half = len(xs) // 2
    return torch.dot(torch.stack(xs[:half]), torch.stack(xs[half:]))


# A plain second operand of the activations is all that PyTorch's take.
PEERS: dict[str, Callable[..., Any]] = {
    "stop_gradient": lambda x: x.detach(),
    "where": lambda condition, a, b: torch.where(condition != 0, a, b),
    "pow_const": lambda x, n: torch.pow(x, n.item()),
    "mod": torch.remainder,
    "floordiv": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "normal_cdf": torch.special.ndtr,
    "log_ndtr": torch.special.log_ndtr,
    "xlog1py": torch.special.xlog1py,
    "std": over_sequence(lambda xs: torch.std(xs, correction=0)),
    "var": over_sequence(lambda xs: torch.var(xs, correction=0)),
    "relu": torch.relu,
    "leaky_relu": lambda x, slope: functional.leaky_relu(x, slope.item()),
    "elu": lambda x, alpha: functional.elu(x, alpha.item()),
    "gelu": functional.gelu,
    "silu": functional.silu,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),  # its own is exact to 1e-9
    "softsign": functional.softsign,
    "clip": torch.clamp,
    "sum": over_sequence(torch.sum),
    "prod": over_sequence(torch.prod),
    "mean": over_sequence(torch.mean),
    "dot": _dot,
    "norm": over_sequence(torch.linalg.vector_norm),
    "logsumexp": over_sequence(lambda xs: torch.logsumexp(xs, 0)),
    "softmax": over_sequence(lambda xs: torch.softmax(xs, 0)[0]),
    "log_softmax": over_sequence(lambda xs: torch.log_softmax(xs, 0)[0]),
    "max": over_sequence(torch.max),
    "min": over_sequence(torch.min),
}
WITHOUT_PEER = {"finite_part", "message", "cut_message", "greater", "cbrt"}
WITHOUT_PEER |= {
    "softmax_pivot",
    "softmax_apart",
    "softmax_others",
    "softmax_share",
    "log_softmax_share",
}  # parts of softmax
WITHOUT_PEER |= {"exp_difference", "one_minus_square", "sech2", "lbeta", "inverse_mills"}
CONSTANT = {"pow_const": 1, "leaky_relu": 1, "elu": 1}  # for PyTorch
BOTH = [row for row in ROWS if row.name not in WITHOUT_PEER]


def peer(row: Primitive) -> Callable[..., Any]:
    return PEERS.get(row.name) or getattr(torch, row.name)


class Numbers(NamedTuple):
    """The value of a function at a point, its gradient and its Hessian."""

    value: float
    first: list[float]
    second: list[list[float]]

    def flat(self) -> dict[tuple[int, ...], float]:
        """By the inputs differentiated by: () is the value."""
        places = range(len(self.first))
        return {
            (): self.value,
            **{(i,): self.first[i] for i in places},
            **{(i, j): self.second[i][j] for i in places for j in places},
        }


def ours(f: Callable[..., Any], point: Sequence[float]) -> Numbers:
    def of_list(xs: Any) -> Any:
        return f(*xs)

    return Numbers(f(*point), grad(of_list)(list(point)), hessian(of_list)(list(point)))


def theirs(f: Callable[..., Any], point: Sequence[float]) -> Numbers:
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    out = f(*inputs)
    first = _gradient(out, inputs)
    return Numbers(out.item(), _items(first), [_items(_gradient(slope, inputs)) for slope in first])


def _gradient(out: Any, inputs: list[Any]) -> list[Any]:
    if out is None or not out.requires_grad:
        return [None] * len(inputs)
    return list(torch.autograd.grad(out, inputs, create_graph=True, allow_unused=True))


def _items(tensors: list[Any]) -> list[float]:
    return [0.0 if x is None else x.item() for x in tensors]


def close(a: float, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 1e-9 * abs(a) or abs(a - b) < 1e-300


# -- the differences -------------------------------------------------------------------------------


def exact(row: Primitive, point: Sequence[float], by: tuple[int, ...]) -> float:
    """The derivative by differences in mpmath, NaN where there is none. Steps are small next to the
    inputs, digits enough for what cancels."""
    if not all(map(math.isfinite, point)):
        return NAN
    with mp.workdps(1500):
        steps = [mp.mpf(10) ** -40 * (abs(mp.mpf(x)) or mp.mpf(10) ** -330) for x in point]
        total = mp.mpf(0)
        for signs in product((1, -1), repeat=len(by)):
            moved = [mp.mpf(x) for x in point]
            for i, sign in zip(by, signs, strict=True):
                moved[i] += sign * steps[i]
            try:
                total += math.prod(signs) * REFERENCE[row.name](*moved)
            except (ZeroDivisionError, ValueError):  # at a pole
                return NAN
        if isinstance(total, mp.mpc):
            return NAN
        try:
            return float(total / mp.fprod(2 * steps[i] for i in by))
        except OverflowError:
            return math.copysign(INF, total)


class Case(NamedTuple):
    row: Primitive
    point: tuple[float, ...]
    by: tuple[int, ...]
    ours: float
    theirs: float


class Difference(NamedTuple):
    """What the page says of these rows, and where it applies."""

    on_the_page: str
    rows: str
    applies: Callable[[Case], bool]


def more_accurate(case: Case) -> bool:
    return close(case.ours, exact(case.row, case.point, case.by))


def has_nan(case: Case) -> bool:
    return any(map(math.isnan, case.point)) and math.isnan(case.ours)


def limit(case: Case) -> bool:
    return (
        any(map(math.isinf, case.point)) and math.isnan(case.theirs) and not math.isnan(case.ours)
    )


DIFFERENCES = [
    Difference(
        "NaN is never lost", "maximum minimum clip max min relu leaky_relu elu abs sign", has_nan
    ),
    Difference(
        "the limit",
        "digamma log_ndtr gelu silu softsign atan asinh acosh atanh erf erfc normal_cdf softplus "
        "hypot norm atan2 copysign softmax log_softmax logsumexp logaddexp floordiv",
        limit,
    ),
    Difference(
        "no cancellation, no overflow",
        "tanh sigmoid expm1 silu asinh acosh atan2 norm hypot logsumexp softmax log_softmax "
        "gelu erf erfc normal_cdf log_ndtr softplus prod pow sinc logaddexp var std",
        more_accurate,
    ),
    Difference(
        "0 at the origin",
        "hypot norm atan2",
        lambda case: not any(case.point) and case.ours == 0.0,
    ),
    Difference(
        "the right-hand derivative",
        "leaky_relu elu",
        lambda case: case.point[0] == 0.0 and case.ours == 1.0,
    ),
    Difference(
        "the exponent of 0 gets nothing",
        "pow",
        lambda case: case.point[0] == 0.0 and case.ours == 0.0,
    ),
    Difference(
        "a zero stays zero",
        "pow copysign prod",
        lambda case: math.isnan(case.theirs) and not math.isnan(case.ours),
    ),
    Difference(
        "an exponent of a negative base has none",
        "pow",
        lambda case: case.point[0] < 0.0 and 1 in case.by and math.isnan(case.ours),
    ),
    Difference("IEEE 754", "pow_const", lambda case: case.point == (-INF, 0.5)),
    Difference(
        "the value is NaN",
        "mod fmod atanh",
        lambda case: math.isnan(case.row(*case.point)),
    ),
    Difference(
        "there is no derivative",
        "acosh",
        lambda case: case.point[0] < 1.0 and math.isnan(case.ours),
    ),
    Difference("a pole", "lgamma", lambda case: case.point[0] < -1e300),
    Difference("with both signs", "digamma", lambda case: math.isnan(case.row(*case.point))),
    Difference(
        "nothing depends on y there",
        "xlogy xlog1py",
        lambda case: case.point[0] == 0.0,
    ),
    Difference(
        "the value is `lo`'s",
        "clip",
        lambda case: case.point[1] == case.point[2] and case.by == (1,),
    ),
    Difference(
        "the product of the others",
        "prod",
        lambda case: not all(map(math.isfinite, case.point)),
    ),
    Difference(
        "equal shares",
        "logsumexp logaddexp",
        lambda case: case.point[0] == case.point[1],
    ),
    Difference("masked logits", "logsumexp logaddexp", lambda case: set(case.point) == {-INF}),
    Difference(
        "the small difference of larger terms",
        "log_softmax atan2",
        lambda case: len(case.by) == 2 and abs(case.ours - case.theirs) < 3e-16,
    ),
    Difference(
        "relative to 1 over the deviation",
        "std",
        lambda case: len(case.by) == 2 and abs(case.ours) * case.row(*case.point) < 1e-13,
    ),
    Difference("no underflow", "norm std", lambda case: 5e-324 in case.point),
    Difference("all whole numbers", "sinc", lambda case: abs(case.point[0]) > 1e15),
]


# -- rows ------------------------------------------------------------------------------------------

AWKWARD = [0.0, -0.0, 5e-324, 1e-200, 0.5, 1.0, -1.0, 2.0, -3.0, 40.0, -40.0, 1e200, -1.7e308]
AWKWARD += [INF, -INF, NAN]


def awkward_points(row: Primitive) -> list[tuple[float, ...]]:
    axes = [AWKWARD[:: 1 if (row.arity or 2) < 3 else 3]] * (row.arity or 2)
    if row.name in CONSTANT:
        axes[CONSTANT[row.name]] = [0.01, 1.0] if row.name != "pow_const" else AWKWARD[2:-1]
    return list(product(*axes))


def disagreements(row: Primitive) -> list[Case]:
    found = []
    for point in awkward_points(row):
        here, there = ours(row, point).flat(), theirs(peer(row), point).flat()
        for by, number in here.items():
            if CONSTANT.get(row.name, -1) not in by and not close(number, there[by]):
                found.append(Case(row, point, by, number, there[by]))
    return found


@pytest.mark.parametrize("row", BOTH, ids=lambda row: row.name)
def test_rows_agree_or_differ_as_the_page_says(row: Primitive) -> None:
    """The value, the gradient and the Hessian, NaN and infinities included."""
    reasons = [d for d in DIFFERENCES if row.name in d.rows.split()]
    needed: set[str] = set()
    for case in disagreements(row):
        claims = {d.on_the_page for d in reasons if d.applies(case)}
        assert claims, case
        needed |= claims
    assert needed == {d.on_the_page for d in reasons}


def test_the_page_has_every_difference() -> None:
    text = PAGE.read_text("utf-8").partition("## Differences from PyTorch")[2]
    for difference in DIFFERENCES:
        assert difference.on_the_page in text, difference.on_the_page


# -- random graphs ---------------------------------------------------------------------------------

quickly = settings(max_examples=150, suppress_health_check=list(HealthCheck))
# PyTorch's lgamma has a second derivative of ten digits only; `clip(x, a, a)` is in the list.
SMOOTH = [row for row in BOTH if row.name not in {*CONSTANT, "lgamma", "clip"}]


def in_torch(f: Formula) -> Callable[..., Any]:
    def tensor(x: Any) -> Any:
        return x if torch.is_tensor(x) else torch.tensor(x, dtype=torch.float64)

    def of(row: Primitive) -> Callable[..., Any]:
        return lambda *xs: peer(row)(*map(tensor, xs))

    return lambda *inputs: f.in_terms_of(of, inputs)


@quickly
@given(f=graphs(rows=SMOOTH, admits=ordinary, sizes=st.integers(5, 80)))
def test_ordinary_graphs(f: Formula) -> None:
    """Values, gradients and Hessians, to 1e-11 of the largest."""
    here = ours(lambda *xs: f(xs), f.inputs).flat()
    there = theirs(in_torch(f), f.inputs).flat()
    scale = 1.0 + max(map(abs, here.values()))
    for by, number in here.items():
        assert there[by] == pytest.approx(number, rel=0.0, abs=1e-11 * scale), by


TAME = [0.0, -0.0, 0.5, 1.0, -2.0, 3.5, INF, -INF, NAN]
SAME = [row for row in SMOOTH if not any(row.name in d.rows.split() for d in DIFFERENCES)]


@quickly
@given(f=graphs(rows=SAME, numbers=TAME, sizes=st.integers(5, 40)))
def test_graphs_over_awkward_numbers(f: Formula) -> None:
    """The same values; the same gradients, but where PyTorch multiplies 0 by infinity or NaN."""
    leaves = [Value(x) for x in f.inputs]
    root = f(leaves)
    there = theirs(in_torch(f), f.inputs)
    assert close(root.data if isinstance(root, Value) else root, there.value)
    for number, other in zip(grad(f)(f.inputs), there.first, strict=True):
        assert math.isnan(other) or number == pytest.approx(other, rel=1e-9, abs=1e-9)


def test_a_zero_stays_zero_where_pytorch_has_nan() -> None:
    """The first line of the table."""
    zero = torch.zeros((), dtype=torch.float64)
    assert theirs(lambda x: torch.where(x > 0, torch.sqrt(x), zero), [0.0]).first == pytest.approx(
        [NAN], nan_ok=True
    )
    assert theirs(lambda x: 0.0 * torch.sqrt(x), [0.0]).first == pytest.approx([NAN], nan_ok=True)
    assert grad(lambda x: autograd.where(x > 0, autograd.sqrt(x), 0.0))(0.0) == 0.0
    assert grad(lambda x: 0.0 * autograd.sqrt(x))(0.0) == 0.0
