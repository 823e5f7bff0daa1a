"""Arguments that a function gets as they are, uncompiled: what a derivative does not differentiate
by, truth values, arrays however they lie in memory. Compiled, each call gives or raises the same,
whichever call was the first; where it can't, it is an error that says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from eagerly import eagerly, outcome

from autograd import grad, hessian, hvp, jacobian, jit, value_and_grad, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.recording.tracing import RecordingError  # noqa: E402


def same(got: Any, want: Any) -> bool:
    """Equal, or the same error; or an error that says that the function can't be compiled, or what
    a Value can't do."""
    if is_error(got):
        says_so = any(word in got[1] for word in ("Value", "traced"))
        return got[0] is RecordingError or says_so or (is_error(want) and got[0] is want[0])
    return not is_error(want) and repr(got) == repr(want)


def is_error(x: Any) -> bool:
    """Whether it is what `outcome` says of an error."""
    return isinstance(x, tuple) and bool(x) and isinstance(x[0], type)


def check(f: Callable[..., Any], *calls: tuple[Any, ...], transform: Any = grad) -> None:
    """Each of a few of these calls first, and all of them after it, twice; against the uncompiled
    ones."""
    derivative = transform(f)
    for first in calls[:: max(1, len(calls) // 3)]:
        compiled = jit(derivative)
        for args in (first, *calls, *calls):
            with np.errstate(all="ignore"):  # NumPy's numbers warn; ours never do
                got, want = outcome(compiled, *args), outcome(derivative, *args)
            assert same(got, want), (first, args, got, want)


@dataclasses.dataclass
class Setting:
    flag: Any
    rate: Any


# -- truth values ----------------------------------------------------------------------------------

TRUTHS: dict[str, Callable[..., Any]] = {
    "is True": lambda x, d: x * 2 if d is True else x * 3,
    "isinstance": lambda x, d: x * 2 if isinstance(d, bool) else x * 3,
    "type": lambda x, d: x * 2 if type(d) is bool else x * 3,
    "if": lambda x, d: x * 2 if d else x * 3,
    "not": lambda x, d: x * 2 if not d else x * 3,
    "a key": lambda x, d: x * {True: 2.0, False: 3.0}.get(d, 5.0),
    "an array": lambda x, d: (np.array([d] * 2) * x).sum(),
    "a sum of arrays": lambda x, d: x * (np.array([d] * 2) + np.array([d] * 2)).sum(),
    "a difference of arrays": lambda x, d: x * (np.array([d] * 2) - np.array([d] * 2)).sum(),
    "arithmetic": lambda x, d: x * (d + d) - d / 4 + x**d,
    "a mask": lambda x, d: x * np.array([1.0, 2.0])[np.array([d, not d])].sum(),
    "an index": lambda x, d: x * [2.0, 3.0][d],
    "text": lambda x, d: x * len(str(d)),
    "bits": lambda x, d: x * (~d & 3),
    "a division": lambda x, d: x * (1 / d),
}


@pytest.mark.parametrize("kind", TRUTHS)
def test_truth_values_stay_what_they_are(kind: str) -> None:
    """True and False beside numbers, of which each call may be the first."""
    check(TRUTHS[kind], (2.0, True), (2.0, False), (2.0, 1.0), (2.0, 1), (3.0, True))


@pytest.mark.parametrize("kind", TRUTHS)
def test_truth_values_of_a_function_itself(kind: str) -> None:
    """Not only of derivatives: by name and by place."""
    f = TRUTHS[kind]
    compiled = jit(f)
    for d in (True, False, True):
        want = outcome(f, 2.0, d)
        want = want if is_error(want) else float(want)
        assert same(outcome(compiled, 2.0, d), want)
        assert same(outcome(lambda d: compiled(x=2.0, d=d), d), want)  # by name


def test_truth_values_in_containers() -> None:
    """There they are numbers of the recording: a function that tells them apart is an error."""
    for make in (lambda d: [d, 1.0], lambda d: {"d": d}, lambda d: (d,), lambda d: Setting(d, 2.0)):

        def f(x: Any, held: Any) -> Any:
            d = held[0] if isinstance(held, (list, tuple)) else held
            d = d["d"] if isinstance(d, dict) else d
            return x * 2 if (d.flag if isinstance(d, Setting) else d) is True else x * 3

        check(f, (2.0, make(True)), (2.0, make(1.0)), (2.0, make(False)))  # type: ignore[no-untyped-call]
    compiled = jit(lambda held: held[1] * 2 if held[0] is True else held[1] * 3)
    assert compiled([1.0, 2.0]) == 6.0
    with pytest.raises(RecordingError, match=r"result is 4.0 for floats, 6.0 for Values"):
        compiled([True, 2.0])
    assert jit(lambda held: held[1] * 2 if held[0] else held[1] * 3)([True, 2.0]) == 4.0


def test_truth_values_shared_by_rows() -> None:
    """What all rows share stays as it is too."""
    f = vmap(lambda x, d: x * 2 if d is True else x * 3, in_axes=(0, None))
    rows = np.array([1.0, 2.0])
    for d, factor in ((True, 2.0), (False, 3.0), (True, 2.0), (1.0, 3.0)):
        assert f(rows, d).tolist() == [factor, 2.0 * factor]
    total = vmap(grad(lambda x, d: x * 2 if d is True else x * 3), (0, None), reduce="sum")
    assert [total(rows, d) for d in (True, False)] == [4.0, 6.0]


# -- plain numbers ---------------------------------------------------------------------------------

NUMBERS: dict[str, Callable[..., Any]] = {
    "a method": lambda x, z: x * z.tanh(),
    "a method of a Value": lambda x, z: x * z.detach(),
    "a list of both": lambda x, z: x * np.exp([z / 2, x])[1],
    "a list of it": lambda x, z: x * np.exp([z / 2, z])[1],
    "a reciprocal": lambda x, z: x * (1 / z),
    "a share": lambda x, z: x * (z / (z - 1)),
    "a quotient of x": lambda x, z: x / z,
    "whole parts": lambda x, z: x * (z // 2 + 2 // z),
    "a remainder": lambda x, z: x * (5 % z),
    "a root": lambda x, z: x * z**0.5,
    "a power": lambda x, z: x * z**-2,
    "an exponent": lambda x, z: x * 10.0**z,
    "a large power": lambda x, z: x * (z * 1e100) ** 4,
    "isinstance": lambda x, z: x * 2 if isinstance(z, int) else x,
    "an int's method": lambda x, z: x * z.bit_length(),
    "range": lambda x, z: x * sum(range(z)),
    "repetition": lambda x, z: sum([x] * z),
    "a type of array": lambda x, z: x * 2 if np.array([z]).dtype == int else x,
    "rounding": lambda x, z: x * round(z / 3, 1),
    "a comparison": lambda x, z: x * 2 if z > 1 else x * z,
    "a quotient under try": lambda x, z: x * quotient(z),
}


def quotient(z: Any) -> Any:
    try:
        return 1 / z
    except ZeroDivisionError:
        return 7.0


@pytest.mark.parametrize("kind", NUMBERS)
def test_plain_numbers_of_a_derivative(kind: str) -> None:
    """Each of several numbers and types first: the same numbers, the same errors."""
    numbers = [3.0, 0.0, -4.0, 3, 0, np.float64(3.0), np.float64(0.0), Fraction(1, 2), 1e300]
    check(NUMBERS[kind], *[(2.0, z) for z in numbers])


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian, hvp])
def test_plain_numbers_of_every_transform(transform: Any) -> None:
    """Whichever derivative it is."""
    given = [(2.0, 1.0)] if transform is hvp else [(2.0,)]
    for f in (NUMBERS["a method"], NUMBERS["a reciprocal"], TRUTHS["is True"]):
        check(f, *[(*x, z) for x in given for z in (3.0, 0.0, True)], transform=transform)


def test_plain_numbers_by_name_and_in_containers() -> None:
    """As keywords, in lists, dicts and dataclasses, and in the first place."""
    derivative = grad(lambda x, *, z: x * (1 / z))
    compiled = jit(derivative)
    for z in (2.0, 0.0, 4, 0):
        assert (
            outcome(lambda z: compiled(2.0, z=z), z)[:1]
            == outcome(lambda z: derivative(2.0, z=z), z)[:1]
            if z == 0
            else compiled(2.0, z=z) == 1 / z
        )
    check(lambda x, zs: x * sum(1 / z for z in zs), (2.0, [1.0, 2.0]), (2.0, [1.0, 0.0]))
    check(lambda x, s: x / s.rate * (1 / s.rate), (2.0, Setting(1, 2.0)), (2.0, Setting(1, 0.0)))
    check(lambda x, d: x * d["z"].tanh(), (2.0, {"z": 1.0}))
    check(lambda z, x: x * (1 / z), (2.0, 3.0), (0.0, 3.0), transform=lambda f: grad(f, argnums=1))


def test_machine_code_tells_types_of_data() -> None:
    """It takes what it was recorded with, and leaves other types to a recording of theirs."""
    compiled = jit(grad(lambda x, n: x * n))
    for n in (3, 3.0, np.float64(3.0)):
        assert [compiled(2.0, n) for _ in range(4)] == [3.0] * 4
    assert compiled.stats().paths == 3
    assert compiled.recordings == 3
    many = jit(grad(lambda x, ns: x * sum(ns)))
    for ns in ([1.0, 2.0], [1, 2], [1, 2.0], [1.0, 2], [1, 2.0]):
        assert [many(2.0, ns) for _ in range(3)] == [3.0] * 3
    assert many.stats().paths == 3  # of floats, of ints, of both


def test_ieee_arithmetic_of_arrays_stays() -> None:
    """NumPy's numbers do not raise, in arrays and rows."""
    with np.errstate(all="ignore"):
        check(lambda x, z: x * (1 / z).sum(), (2.0, np.array([1.0, 0.0])), (2.0, np.ones(2)))
        rows = vmap(grad(lambda x, z: x * (1 / z)), in_axes=(None, 0))
        assert rows(2.0, np.array([2.0, 0.0])).tolist() == [0.5, float("inf")]


# -- arrays ----------------------------------------------------------------------------------------

LOOKS: dict[str, Callable[[Any], Any]] = {
    "strides": lambda a: float(a.strides[0]),
    "all strides": lambda a: float(sum(i * s for i, s in enumerate(a.strides, 1))),
    "C contiguous": lambda a: float(a.flags.c_contiguous),
    "Fortran contiguous": lambda a: float(a.flags.f_contiguous),
    "writeable": lambda a: float(a.flags.writeable),
    "memory-mapped": lambda a: float(isinstance(a, np.memmap)),
    "ravel in memory's order": lambda a: a.ravel(order="K")[1],
    "reshape": lambda a: a.reshape(-1)[1],
    "items": lambda a: a.sum() * 1.0,
}


def layouts(folder: Path) -> list[Any]:
    """Arrays of one shape that lie in memory in all sorts of ways."""
    base = np.arange(24.0).reshape(4, 6)
    fixed = base[:2, :3].copy()
    fixed.flags.writeable = False
    mapped = np.memmap(folder / "numbers", float, "w+", shape=(2, 3))
    mapped[...] = base[:2, :3]
    return [
        base[:2, :3].copy(),
        np.asfortranarray(base[:2, :3]),
        base[::2, ::2],
        base[1::-1, 2::-1],
        base[:2, 5:2:-1],
        np.broadcast_to(np.array([1.0, 2.0, 3.0]), (2, 3)),
        np.broadcast_to(2.0, (2, 3)),
        fixed,
        mapped,
        np.lib.stride_tricks.sliding_window_view(np.arange(4.0), 3),
        np.array([(1.0, 2, 3.0)] * 6, "f8,i4,f8")["f2"].reshape(2, 3),
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_arrays_lie_in_memory_as_they_do_uncompiled(look: str, tmp_path: Path) -> None:
    """Of data and of what is differentiated; after any other layout: right, or an error."""
    seen = LOOKS[look]
    calls = [(2.0, a) for a in layouts(tmp_path)]
    check(lambda x, a: x * seen(a), *calls)
    for _, first in calls[::4]:
        compiled = jit(seen)
        for _, a in ((0, first), *calls, *calls):
            assert same(outcome(compiled, a), float(seen(a))), (first.strides, a.strides)
    rows = vmap(lambda x, a: x * seen(a), in_axes=(0, None))
    for _, a in calls:
        got = outcome(rows, np.array([1.0, 2.0]), a)
        assert isinstance(got, tuple) or got.tolist() == [seen(a), 2.0 * seen(a)]


SHARED: dict[str, Callable[[Any, Any], Any]] = {
    "shares_memory": lambda a, b: float(np.shares_memory(a, b)),
    "the same object": lambda a, b: float(a is b),
}


@pytest.mark.parametrize("kind", SHARED)
def test_memory_that_arguments_share(kind: str) -> None:
    """Looked at, it is an error when the function is recorded, or right."""
    look, whole = SHARED[kind], np.arange(6.0)
    pairs = [(whole[:3], whole[3:]), (whole[:3], whole[1:4]), (whole[:3].copy(), np.ones(3))]
    pairs += [(whole, whole), (whole[::2], whole[1::2]), (whole[::-1], whole)]
    for a, b in pairs:
        assert same(outcome(jit(look), a, b), look(a, b))
        found = outcome(jit(grad(lambda x, a, b: x * look(a, b))), 2.0, a, b)
        assert same(found, look(a, b))
    assert jit(lambda a, b: a[0] * b[1])(whole, whole) == 0.0
    assert jit(lambda p, q: 1.0 * (p is q) + p[0])([1.0], [1.0]) == 1.0
    both = [1.0]
    with pytest.raises(RecordingError, match=r"2.0 for floats, 1.0 for Values"):
        jit(lambda p, q: 1.0 * (p is q) + p[0])(both, both)


def test_layouts_of_results_and_of_writes() -> None:
    """A function that writes has copies that lie in the same way; the caller's stay as they are."""

    def turned(a: Any) -> Any:
        a[0] = a[0] * 2.0
        return a.ravel(order="K")

    a = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    before = a.copy(order="K")
    assert jit(turned)(a).tolist() == turned(before.copy(order="K")).tolist()
    assert a.tolist() == before.tolist()
    assert jit(lambda a: a * 2.0)(a[::-1]).tolist() == (a[::-1] * 2.0).tolist()
    assert eagerly(grad(lambda a: (a * a).sum()), a[::-1]).tolist() == (2.0 * a[::-1]).tolist()
