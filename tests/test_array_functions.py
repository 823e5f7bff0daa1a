"""NumPy's functions at the boundary: a table of calls, each with floats, Values, compiled, batched,
and at awkward points; and the type of arrays that functions get."""

from __future__ import annotations

import copy
import doctest
import math
import operator
import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import Value, grad, hessian, jacobian, jit, vmap
from autograd.transforms.tree import flatten

np = pytest.importorskip("numpy")

from autograd.arrays.value_array import ValueArray, pack_values  # noqa: E402 (it loads NumPy)

NAN, INF = math.nan, math.inf
Call = Callable[[Any], Any]

B = np.array([0.7, -0.4, 1.9, 0.3])
M = np.array([[2.0, 0.3], [-0.1, 1.5]])
with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    MATRIX = np.matrix(M)


def words(names: str) -> list[str]:
    return names.split()


# Differentiable at SMOOTH, where no two elements tie and none is at a kink. By name; several calls
# of one function are numbered.
SMOOTH_CALLS: dict[str, Call] = {
    # ufuncs of one input
    **{
        name: (lambda x, name=name: getattr(np, name)(x))
        for name in words(
            "exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan arcsin "
            "arccos arctan sinh cosh tanh arcsinh arctanh deg2rad rad2deg radians degrees absolute "
            "fabs negative positive conjugate sinc i0 fix floor ceil trunc rint sign abs "
            "nan_to_num angle real imag real_if_close round around"
        )
    },
    "arccosh": lambda x: np.arccosh(x + 1.0),
    "round to decimals": lambda x: np.round(x, 1),
    "round to tens": lambda x: np.round(x * 100.0, -1),
    # of two
    **{
        name: (lambda x, name=name: getattr(np, name)(x, B))
        for name in words(
            "add subtract multiply divide true_divide maximum minimum fmax fmin arctan2 hypot fmod "
            "remainder mod floor_divide logaddexp logaddexp2 copysign power float_power"
        )
    },
    "power of ours": lambda x: np.power(2.0, x),
    "heaviside": lambda x: np.heaviside(x - 0.5, 0.5),
    "ldexp": lambda x: np.ldexp(x, 3),
    "ldexp far": lambda x: np.ldexp(np.ldexp(x * 1e-300, 1030), -1500) * np.ldexp(1.0, 470),
    "divmod": lambda x: np.divmod(x, B),
    "modf": lambda x: np.modf(x * 3.0),
    "operators": lambda x: (x + 1, 2 - x, x * x, 1 / x, x**2, 2**x, x % 0.3, x // 0.3, -x, +x),
    "abs of an array": lambda x: abs(x - 0.5),
    # reductions
    **{
        name: (lambda x, name=name: getattr(np, name)(x.reshape(2, 2), axis=0))
        for name in words(
            "sum prod mean std var max min amax amin ptp median cumsum cumprod nansum nanprod "
            "nanmean nanstd nanvar nanmax nanmin nanmedian nancumsum nancumprod sort average"
        )
    },
    "sum of all": np.sum,
    "sum where": lambda x: np.sum(x, where=[True, False, True, True], initial=2.0),
    "sum kept": lambda x: np.sum(x.reshape(2, 2), axis=(0, 1), keepdims=True),
    "max from": lambda x: np.max(x, initial=0.4, where=np.array([True, True, False, True])),
    "std of a sample": lambda x: np.std(x, ddof=1),
    "var of a sample": lambda x: np.var(x.reshape(2, 2), axis=1, ddof=1, keepdims=True),
    "average weighted": lambda x: np.average(x.reshape(2, 2), axis=1, weights=[1.0, 3.0]),
    "average by ours": lambda x: np.average(B, weights=x, returned=True),
    "quantile": lambda x: np.quantile(x, [0.0, 0.3, 0.5, 1.0]),
    "quantile of a method": lambda x: np.quantile(x, 0.3, method="hazen"),
    "quantile higher": lambda x: np.quantile(x, 0.3, method="higher", keepdims=True),
    "percentile": lambda x: np.percentile(x.reshape(2, 2), 30, axis=1),
    "nanquantile": lambda x: np.nanquantile(x, 0.6),
    "nanpercentile": lambda x: np.nanpercentile(x, [25, 75]),
    "maximum.reduce": np.maximum.reduce,
    "add.accumulate": np.add.accumulate,
    "multiply.outer": lambda x: np.multiply.outer(x, B[:2]),
    "add.reduceat": lambda x: np.add.reduceat(x, [0, 2, 1]),
    "subtract.reduce": np.subtract.reduce,
    "hypot.reduce": np.hypot.reduce,
    "logaddexp.reduce": np.logaddexp.reduce,
    "cov": lambda x: np.cov(x.reshape(2, 2)),
    "cov of two": lambda x: np.cov(x, B, bias=True),
    "corrcoef": lambda x: np.corrcoef(x, B),
    "bincount": lambda x: np.bincount([0, 2, 2, 1], weights=x, minlength=5),
    "trace": lambda x: np.trace(x.reshape(2, 2)),
    # order, tables, sets
    "partition": lambda x: np.partition(x, 2)[2],
    "sort of all": lambda x: np.sort(x.reshape(2, 2), axis=None),
    "interp": lambda x: np.interp(x, [0.0, 0.35, 0.6, 1.0], [1.0, -1.0, 4.0, 2.0]),
    "interp of a table": lambda x: np.interp([0.1, 0.5, 3.0], [0.0, 0.4, 1.0, 2.0], x),
    "interp between ours": lambda x: np.interp(0.5, np.sort(x), B, left=-1.0, right=x[0]),
    "unique": np.unique,
    "union1d": lambda x: np.union1d(x, B),
    "setdiff1d": lambda x: np.setdiff1d(x, B),
    "setxor1d": lambda x: np.setxor1d(x, B),
    # selections
    "clip": lambda x: np.clip(x, 0.3, 0.7),
    "clip below": lambda x: np.clip(x, 0.5, None),
    "clip into": lambda x: np.clip(x, 0.3, 0.7, out=np.zeros_like(x)),
    "where": lambda x: np.where(x > 0.5, x**2, -x),
    "select": lambda x: np.select([x < 0.3, x < 0.7], [x, x**2], 5.0),
    "piecewise": lambda x: np.piecewise(x, [x < 0.5, x >= 0.5], [np.exp, lambda y: 2 * y]),
    "choose": lambda x: np.choose([0, 1, 0, 1], [x, B]),
    "compress": lambda x: np.compress([True, False, True, False], x),
    "extract": lambda x: np.extract(x > 0.5, x),
    "take": lambda x: np.take(x, [3, 0, 0]),
    "take_along_axis": lambda x: np.take_along_axis(x, np.argsort(x), 0),
    "boolean mask": lambda x: x[x > 0.5],
    # products
    "dot": lambda x: np.dot(x, B),
    "dot of matrices": lambda x: np.dot(M, x.reshape(2, 2)),
    "inner": lambda x: np.inner(x.reshape(2, 2), M),
    "vdot": lambda x: np.vdot(x, B),
    "outer": lambda x: np.outer(x, B),
    "matmul": lambda x: np.matmul(x.reshape(2, 2), M),
    "matmul of vectors": lambda x: x @ B,
    "matmul in place": lambda x: operator.imatmul(x.reshape(2, 2).copy(), M),
    "matmul of axes": lambda x: np.matmul(
        x.reshape(2, 2), np.stack([M, M], 1), axes=[(1, 0), (0, 2), (-1, 0)]
    ),
    "vecdot of columns": lambda x: (
        np.vecdot(x.reshape(2, 2), M, axis=0) if hasattr(np, "vecdot") else x
    ),
    "matmul of a stack": lambda x: np.stack([M, 2 * M]) @ x.reshape(2, 2),
    "vector by matrix": lambda x: x[:2] @ M + M @ x[2:],
    "tensordot": lambda x: np.tensordot(x.reshape(2, 2, 1), M, axes=([0, 1], [1, 0])),
    "tensordot of one axis": lambda x: np.tensordot(x.reshape(2, 2), M, 1),
    "einsum": lambda x: np.einsum("ij,jk,k->i", x.reshape(2, 2), M, B[:2]),
    "einsum of a path": lambda x: np.einsum("ij,jk->ik", x.reshape(2, 2), M, optimize=True),
    "kron": lambda x: np.kron(x[:2], B[:2]),
    "cross": lambda x: np.cross(x[:3], B[:3]),
    "convolve": lambda x: np.convolve(x, B[:3]),
    "convolve same": lambda x: np.convolve(x, B[:2], "same"),
    "convolve valid": lambda x: np.convolve(B[:2], x, "valid"),
    "correlate": lambda x: np.correlate(x, B[:3]),
    "correlate full": lambda x: np.correlate(B[:2], x, "full"),
    "correlate same": lambda x: np.correlate(B[:2], x, "same"),
    "vander": lambda x: np.vander(x, 3),
    "polyval": lambda x: np.polyval(x, 1.5),
    "polyval of ours": lambda x: np.polyval([1.0, -2.0, 0.5], x),
    "poly": np.poly,
    "polyadd": lambda x: np.polyadd(x, B[:2]),
    "polymul": lambda x: np.polymul(x, B[:2]),
    "polyder": np.polyder,
    "polyint": np.polyint,
    # differences and integrals
    "diff": lambda x: np.diff(x, n=2),
    "diff with ends": lambda x: np.diff(x, prepend=0.0, append=x[0]),
    "ediff1d": np.ediff1d,
    "gradient": lambda x: np.gradient(x, 0.5),
    "gradient of a grid": lambda x: np.gradient(B, np.cumsum(x)),
    "gradient of an even grid": lambda x: np.gradient(B, np.arange(4.0) + (x - SMOOTH)),
    "gradient of an even grid's ends": lambda x: np.gradient(
        B, np.arange(4.0) + (x - SMOOTH), edge_order=2
    ),
    "gradient of both axes": lambda x: np.gradient(np.outer(x, B), 0.5, np.cumsum(x), edge_order=2),
    "trapezoid": lambda x: getattr(np, "trapezoid", None)(x, B) if hasattr(np, "trapezoid") else x,
    "linspace": lambda x: np.linspace(x[0], x[1], 4),
    "linspace of one": lambda x: np.linspace(x[0], x[1], 1),
    "linspace of one, open": lambda x: np.linspace(x[0], x[1], 1, endpoint=False, retstep=True),
    "logspace of one": lambda x: np.logspace(x[0], x[1], 1),
    "linspace open": lambda x: np.linspace(0.0, x, 3, endpoint=False, retstep=True),
    "logspace": lambda x: np.logspace(x[0], 1.0, 3),
    "unwrap": lambda x: np.unwrap(x * 20.0),
    "unwrap of a period": lambda x: np.unwrap(x.reshape(2, 2) * 9.0, 3.0, axis=0, period=2.5),
    # linear algebra
    "solve": lambda x: np.linalg.solve(x.reshape(2, 2) + M, B[:2]),
    "solve a matrix": lambda x: np.linalg.solve(M, x.reshape(2, 2)),
    "solve a stack": lambda x: np.linalg.solve(x.reshape(2, 1, 1, 2) + M, M),
    "inv": lambda x: np.linalg.inv(x.reshape(2, 2) + M),
    "det": lambda x: np.linalg.det(x.reshape(2, 2)),
    "det of three": lambda x: np.linalg.det(np.diag(x[:3]) + np.outer(B[:3], x[1:])),
    "slogdet": lambda x: np.linalg.slogdet(x.reshape(2, 2) - M)[1],
    "cholesky": lambda x: np.linalg.cholesky(x.reshape(2, 2) @ x.reshape(2, 2).T),
    "matrix_power": lambda x: np.linalg.matrix_power(x.reshape(2, 2), 5),
    "matrix_power below 0": lambda x: np.linalg.matrix_power(x.reshape(2, 2) + M, -2),
    "multi_dot": lambda x: np.linalg.multi_dot([M, x.reshape(2, 2), M]),
    "tensorsolve": lambda x: np.linalg.tensorsolve(x.reshape(2, 2) + M, B[:2]),
    "tensorinv": lambda x: np.linalg.tensorinv((x.reshape(2, 2) + M).reshape(2, 2, 1), ind=1),
    "norm": np.linalg.norm,
    "norm 1": lambda x: np.linalg.norm(x - 0.5, 1),
    "norm 3": lambda x: np.linalg.norm(x, 3),
    "norm inf": lambda x: np.linalg.norm(x, np.inf),
    "norm -inf": lambda x: np.linalg.norm(x, -np.inf),
    "norm of rows": lambda x: np.linalg.norm(x.reshape(2, 2), axis=1, keepdims=True),
    "norm of a matrix": lambda x: np.linalg.norm(x.reshape(2, 2)),
    "norm fro": lambda x: np.linalg.norm(x.reshape(2, 2), "fro"),
    "norm 1 of a matrix": lambda x: np.linalg.norm(x.reshape(2, 2), 1),
    "norm -1 of a matrix": lambda x: np.linalg.norm(x.reshape(2, 2), -1),
    "norm inf of a matrix": lambda x: np.linalg.norm(x.reshape(2, 2), np.inf),
    # shapes
    "reshape": lambda x: np.reshape(x, (2, 2)),
    "ravel": lambda x: np.ravel(x.reshape(2, 2)),
    "transpose": lambda x: np.transpose(x.reshape(2, 2)),
    "swapaxes": lambda x: np.swapaxes(x.reshape(2, 2), 0, 1),
    "moveaxis": lambda x: np.moveaxis(x.reshape(2, 2), 0, 1),
    "concatenate": lambda x: np.concatenate([x, [1, 2]]),
    "stack": lambda x: np.stack([x, B]),
    "stack numbers": lambda x: np.stack([x[0], 1.0, x[1]]),
    "hstack": lambda x: np.hstack([x, x[0]]),
    "vstack": lambda x: np.vstack([x, B]),
    "dstack": lambda x: np.dstack([x, B]),
    "column_stack": lambda x: np.column_stack([x, B]),
    "block": lambda x: np.block([[x[:2], x[2:]], [B[:2], B[2:]]]),
    "append": lambda x: np.append(x, 3),
    "insert": lambda x: np.insert(x, 1, 7),
    "delete": lambda x: np.delete(x, 1),
    "repeat": lambda x: np.repeat(x, 2),
    "tile": lambda x: np.tile(x, (2, 2)),
    "resize": lambda x: np.resize(x, (2, 3)),
    "roll": lambda x: np.roll(x, 1),
    "flip": np.flip,
    "rot90": lambda x: np.rot90(x.reshape(2, 2)),
    "squeeze": lambda x: np.squeeze(x.reshape(1, 4)),
    "expand_dims": lambda x: np.expand_dims(x, 0),
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 4)),
    "broadcast_arrays": lambda x: list(np.broadcast_arrays(x, B.reshape(4, 1))),
    "atleast_2d": np.atleast_2d,
    "meshgrid": lambda x: list(np.meshgrid(x, B)),
    "split": lambda x: np.split(x, 2),
    "array_split": lambda x: np.array_split(x, 3),
    "pad": lambda x: np.pad(x, 1),
    "pad by reflection": lambda x: np.pad(x, 1, "reflect"),
    "diag": np.diag,
    "diagflat": lambda x: np.diagflat(x.reshape(2, 2)),
    "diagonal": lambda x: np.diagonal(x.reshape(2, 2)),
    "tril": lambda x: np.tril(x.reshape(2, 2)),
    "triu": lambda x: np.triu(x.reshape(2, 2)),
    "trim_zeros": lambda x: np.trim_zeros(np.append(x, 0.0)),
    "copy": np.copy,
    "apply_along_axis": lambda x: np.apply_along_axis(np.max, 0, x.reshape(2, 2)),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x.reshape(2, 2), [0]),
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "ones_like": lambda x: np.ones_like(x) * x,
    "full_like": lambda x: np.full_like(x, x[0]),
    # methods
    "methods": lambda x: [
        x.sum(), x.prod(), x.mean(), x.std(), x.var(), x.max(), x.min(), x.cumsum(), x.cumprod(),
        x.clip(0.3, 0.7), x.round(1), x.dot(B), x.reshape(2, 2).trace(), x.reshape(2, 2).T,
        x.repeat(2), x.take([1, 0]), x.flatten(), x.ravel(), x.copy(), x.astype(float), x.squeeze(),
        x.reshape(2, 2).sum(axis=1, keepdims=True), x.compress([True, False, True, True]),
        x.reshape(2, 2).diagonal(), x.swapaxes(0, 0), x.conj(), x.conjugate(), x.real, x.imag,
        x[::-1], x.reshape(2, 2)[:, 1], x[[0, 2]], x[..., None],
    ],
}  # fmt: skip

# Kinds of results without a derivative: bools, places.
STEP_CALLS: dict[str, Call] = {
    **{
        name: (lambda x, name=name: getattr(np, name)(x))
        for name in words(
            "isnan isinf isfinite signbit logical_not all any argmax argmin argsort nonzero "
            "flatnonzero argwhere count_nonzero isreal iscomplex isposinf isneginf shape ndim size "
            "iscomplexobj isrealobj nanargmax nanargmin"
        )
    },
    **{
        name: (lambda x, name=name: getattr(np, name)(x, B))
        for name in words(
            "equal not_equal less less_equal greater greater_equal logical_and logical_or "
            "logical_xor isclose allclose array_equal array_equiv isin"
        )
    },
    "comparisons": lambda x: [x < 0.5, x <= B, x > B, x >= 0.5, x == x[0], x != x[0], 0.5 < x],  # noqa: SIM300
    "searchsorted": lambda x: np.searchsorted([0.1, 0.5, 0.8], x),
    "searchsorted right": lambda x: np.searchsorted(np.sort(x), [0.1, 0.5, 0.8], side="right"),
    "digitize": lambda x: np.digitize(x, [0.1, 0.5, 0.8]),
    "digitize downwards": lambda x: np.digitize(x, [0.8, 0.5, 0.1], right=True),
    "argpartition": lambda x: np.argpartition(x, 0)[0],
    "lexsort": lambda x: np.lexsort((x, [0, 1, 0, 1])),
    "isclose of tolerances": lambda x: np.isclose(x, x + 1e-3, [0.0, 0.1, 0.0, 0.0], B * B / 50),
    "logical_or.accumulate": lambda x: np.logical_or.accumulate(np.floor(x + 0.5)),
    "methods": lambda x: [x.argmax(), x.argmin(), x.argsort(), x.all(), x.any(), x.nonzero()[0],
                          np.sort(x).searchsorted(0.0), (x > 0.5).sum(), x.astype(bool)],
    "unique with places": lambda x: np.unique(x, True, True, True)[1:],
    "argmax of columns": lambda x: np.argmax(x.reshape(2, 2), axis=0),
    "all of rows": lambda x: np.all(x.reshape(2, 2) > 0.4, axis=1, keepdims=True),
    "maximum.reduce of bools": lambda x: np.logical_and.reduce(x > 0.2),
    "logical_xor.reduce": np.logical_xor.reduce,
    "logical_xor.reduce of one": lambda x: np.logical_xor.reduce(x[:1]),
}  # fmt: skip

CALLS = {**SMOOTH_CALLS, **{f"{name} (step)": call for name, call in STEP_CALLS.items()}}

SMOOTH = np.array([0.62, 0.27, 0.83, 0.41])
AWKWARD = {
    "nan first": [NAN, 0.5, 0.5, -1.0],
    "nan last": [0.5, 2.0, -0.5, NAN],
    "infinities": [INF, -INF, 0.5, 1.0],
    "ties": [0.5, 0.5, -0.5, 0.5],
    "zeros": [0.0, -0.0, 1.0, 0.0],
}

# Where NumPy gives something else, and why not we.
DIFFERENT = {
    **{(name, "infinities"): "the limit, as for autograd's own" for name in
       ("i0", "sinc", "floor_divide", "divmod", "operators")},
    **{(name, "infinities"): "an element itself, where NumPy adds 0 * inf" for name in
       ("quantile", "nanpercentile", "linspace of one", "logspace of one")},
    **{(name, "nan first"): "LAPACK passes over NaN in its choice of a pivot" for name in
       ("solve", "inv", "tensorsolve", "tensorinv")},
    ("cholesky", "infinities"): "LAPACK's factor of inf and NaN has a 0",
}  # fmt: skip


def of_ours(x: Any) -> Any:
    """The array as a function of a transform gets it."""
    return pack_values([Value(number) for number in np.ravel(x).tolist()], np.shape(x))


def numbers(result: Any) -> list[float]:
    return [x.data if isinstance(x, Value) else x for x in flatten(result)[0]]


def of_numpy(call: Call, x: Any) -> list[float]:
    """What NumPy gives for plain floats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return flatten(call(np.array(x)))[0]


def same(found: Any, expected: Any) -> bool:
    """To a few ulp of the largest; NaN is NaN, and of either sign."""
    return np.allclose(found, expected, rtol=1e-11, atol=1e-13, equal_nan=True)


def difference_quotients(call: Call, x: Any) -> Any:
    """The Jacobian of NumPy's function of floats, by central differences of fourth order."""
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = 1e-4
        near = np.subtract(of_numpy(call, x + step), of_numpy(call, x - step))
        far = np.subtract(of_numpy(call, x + 2 * step), of_numpy(call, x - 2 * step))
        columns.append((8 * near - far) / 12e-4)
    return np.stack(columns, 1)


def test_the_table_is_large() -> None:
    assert len(CALLS) >= 150


@pytest.mark.parametrize("name", CALLS)
def test_values_are_those_of_numpy(name: str) -> None:
    """With an array of Values, and within a transform, the numbers that NumPy has for floats."""
    call = CALLS[name]
    expected = of_numpy(call, SMOOTH)
    assert same(numbers(call(of_ours(SMOOTH))), expected)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("point", AWKWARD)
def test_awkward_points_are_those_of_numpy(name: str, point: str) -> None:
    """NaN, infinities and ties give what NumPy gives for floats, or the same class of error."""
    call, x = CALLS[name], AWKWARD[point]
    if (name, point) in DIFFERENT:
        pytest.skip(DIFFERENT[name, point])
    try:
        expected = of_numpy(call, x)
    except (ValueError, TypeError, ArithmeticError, np.linalg.LinAlgError) as error:
        with pytest.raises(type(error)):
            call(of_ours(x))
        return
    found = numbers(call(of_ours(x)))
    assert len(found) == len(expected)
    assert same(found, expected), (found, expected)


@pytest.mark.parametrize("name", SMOOTH_CALLS)
def test_derivatives_are_those_of_difference_quotients(name: str) -> None:
    """All of them, in one Jacobian."""
    call = SMOOTH_CALLS[name]
    found = jacobian(lambda x: np.array(flatten(call(x))[0]))(SMOOTH)
    assert np.allclose(found, difference_quotients(call, SMOOTH), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", CALLS)
def test_compiled_and_batched(name: str) -> None:
    """jit and vmap give what NumPy gives for floats, on the path of their recording and off it."""
    call = CALLS[name]

    def flat(x: Any) -> Any:
        return flatten(call(x))[0]

    other = np.array([0.31, 0.72, 0.55, 0.14])
    expected = of_numpy(call, SMOOTH), of_numpy(call, other)
    compiled = jit(flat)
    assert same(compiled(SMOOTH), expected[0])
    assert same(compiled(other), expected[1])
    for point in ("nan first", "ties"):
        if (name, point) not in DIFFERENT:
            assert same(compiled(np.array(AWKWARD[point])), of_numpy(call, AWKWARD[point]))
    assert same(np.stack(vmap(flat)(np.stack([SMOOTH, other])), 1), expected)
    assert same(compiled(SMOOTH), expected[0])


# Empty axes ---------------------------------------------------------------------------------------

EMPTY_CALLS = {
    name: (lambda x, name=name: getattr(np, name)(x, axis=-1))
    for name in words(
        "sum prod mean std var max min argmax argmin all any median nansum nanmean nanmax cumsum "
        "cumprod sort argsort ptp nanmedian count_nonzero nanprod average"
    )
} | {
    "exp": np.exp,
    "maximum": lambda x: np.maximum(x, 1.0),
    "isnan": np.isnan,
    "norm": np.linalg.norm,
    "dot": lambda x: np.dot(x, np.zeros((0, 3))),
    "where": lambda x: np.where(x > 0, x, 1.0),
    "concatenate": lambda x: np.concatenate([x, x], axis=-1),
    "diff": np.diff,
    "linspace": lambda x: np.linspace(x, 1.0, 3),
}


@pytest.mark.parametrize("name", EMPTY_CALLS)
@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_empty_axes(name: str, shape: tuple[int, ...]) -> None:
    """Sums are 0, means NaN, extremes an error: all as NumPy has it."""
    call = EMPTY_CALLS[name]
    floats = np.zeros(shape)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = call(floats)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        with pytest.raises(type(error)):
            call(of_ours(floats))
        return
    found = call(of_ours(floats))
    assert np.shape(found) == np.shape(expected)
    assert same(numbers(found), np.ravel(expected))


# Single Values ------------------------------------------------------------------------------------

UFUNCS = sorted(
    {
        ufunc.__name__
        for ufunc in vars(np).values()
        if isinstance(ufunc, np.ufunc) and ufunc.signature is None and ufunc.nout == 1
    }
)


REFUSED = words(
    "bitwise_and bitwise_or bitwise_xor bitwise_count invert left_shift right_shift gcd lcm isnat "
    "nextafter spacing"
)


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_of_single_values(name: str) -> None:
    """A Value, or a bool where NumPy gives one; with a float, a NumPy scalar or an array without
    dimensions beside it; or an error that names the function."""
    ufunc = getattr(np, name)
    given = [0.75, 0.5][: ufunc.nin]
    if name in REFUSED:
        with pytest.raises(TypeError, match=rf"numpy\.{name} is not available"):
            ufunc(*map(Value, given))
        return
    with np.errstate(invalid="ignore"):
        expected = ufunc(*given) if name != "ldexp" else np.exp2(0.5) * 0.75
    out = ufunc(*map(Value, given))
    assert type(out) is (bool if type(expected) is np.bool_ else Value)
    assert same(numbers(out), [expected])
    for other in (float, np.float64, np.float32, np.array):
        for mixed in ([Value(0.75), other(0.5)], [other(0.75), Value(0.5)])[: 2 * ufunc.nin - 2]:
            assert same(numbers(ufunc(*mixed)), [expected])


@pytest.mark.parametrize("order", [(1.0, 0.0), (0.0, 1.0)])
def test_ties_share_in_either_order(order: tuple[float, float]) -> None:
    """np.maximum is autograd.maximum: a half to each, whichever comes first."""
    x = Value(2.0)
    np.maximum(x, 2.0).backward()
    np.minimum(2.0, x).backward()
    assert x.grad == 1.0
    assert grad(np.max)(np.array([3.0, 3.0, 1.0])).tolist() == [0.5, 0.5, 0.0]
    assert grad(lambda x: np.maximum(x, np.array(order)).sum())(np.array([1.0, 1.0])).tolist() == [
        0.5 if number == 1.0 else 1.0 for number in order
    ]


def test_nan_is_not_lost() -> None:
    """A NaN among the numbers makes selections NaN, and their derivatives."""
    x = np.array([1.0, NAN, 3.0])
    for select in (np.max, np.min, np.median, lambda x: np.quantile(x, 0.25), lambda x: x.max()):
        assert math.isnan(autograd.value_and_grad(select)(x)[0])
        assert np.isnan(grad(select)(x)).all()
    assert np.isnan(jacobian(lambda x: np.maximum(x, 0.0))(x)[1, 1])


@pytest.mark.parametrize("rank", [np.median, lambda x: np.quantile(x, 0.3)])
def test_ranks_are_no_decisions(rank: Callable[[Any], Any]) -> None:
    """One program finds the median, or a quantile, in whatever order the numbers come."""
    compiled = jit(rank)
    for order in ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 2.0, 1.0]):
        assert compiled(np.array(order)) == pytest.approx(rank(np.array(order)), rel=1e-15)
    assert "guard" not in str(compiled.program())


def test_functions_of_numbers_in_a_list() -> None:
    """np.stack of Values is an array of ours; np.array([...], like=x) too."""
    a, b = Value(2.0), Value(NAN)
    for array in (np.stack([a, b]), np.array([a, b], like=a), np.asarray([a, b], like=b)):
        assert type(array) is ValueArray
        assert math.isnan(np.max(array).data)
    assert type(np.zeros(3, like=a)) is ValueArray
    assert np.eye(2, like=a).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert np.array([1, 2], dtype=int, like=a).dtype == int


def test_plain_object_arrays_join() -> None:
    """One that a user made by np.array is taken up where a Value, or an array of ours, is beside
    it."""
    x = of_ours([1.0, 2.0])
    own = np.array([x[0], 3])
    for out in (own + x, np.maximum(own, x), np.concatenate([own, x]), np.dot(own, x) * x):
        assert type(out) is ValueArray
        assert all(type(element) in (Value, float) for element in out.flat)
    assert type(np.maximum(own, x[1])) is ValueArray


# Second derivatives -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    words("solve inv det slogdet cholesky matrix_power norm logaddexp logaddexp2 sinc i0 std "
          "corrcoef convolve exp2 hypot interp quantile median average float_power"),
)  # fmt: skip
def test_second_derivatives(name: str) -> None:
    """The Hessian of a weighted sum, against differences of the gradient."""
    call = SMOOTH_CALLS[name]

    def weighted(x: Any) -> Any:
        results = flatten(call(x))[0]
        return autograd.dot(results, [1.0 + 0.3 * i for i in range(len(results))])

    slope, h = grad(weighted), 1e-5
    columns = [(slope(SMOOTH + h * e) - slope(SMOOTH - h * e)) / (2 * h) for e in np.eye(4)]
    assert np.allclose(hessian(weighted)(SMOOTH), np.stack(columns, 1), rtol=1e-6, atol=1e-6)


def test_the_determinant_of_a_singular_matrix() -> None:
    """Its derivative is the adjugate, transposed, though there is no inverse; of order 3 too."""
    assert grad(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]])).tolist() == [
        [4.0, -2.0],
        [-2.0, 1.0],
    ]
    x = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    cofactors = [[4.0, 4.0, -4.0], [-2.0, -2.0, 2.0], [0.0, 0.0, 0.0]]
    assert grad(np.linalg.det)(x) == pytest.approx(np.array(cofactors))
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        grad(lambda a: np.linalg.inv(a).sum())(x)


def test_the_logarithm_of_a_singular_determinant() -> None:
    """log 0 is -inf, with the derivatives of det times inf: nothing is constant there."""
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    for transformed in (jacobian(lambda a: np.linalg.slogdet(a)[1]),):
        for found in (transformed(a), jit(transformed)(a)):
            assert found.tolist() == [[INF, -INF], [-INF, INF]]
    assert numbers(np.linalg.slogdet(of_ours(a))) == [0.0, -INF]


@pytest.mark.parametrize("exponents", [(-200, -200, 300), (200, 200, -300), (-150, 200, -150)])
def test_determinants_of_badly_scaled_matrices(exponents: tuple[int, ...]) -> None:
    """A determinant that is a double is found, and its derivative, though a part of the product
    overflows."""
    diagonal = np.array([10.0**k for k in exponents])
    expected = 10.0 ** sum(exponents)
    for det in (np.linalg.det, jit(np.linalg.det)):
        assert det(np.diag(diagonal)) == pytest.approx(expected)
    if sum(exponents) - min(exponents) < 308:  # the slopes are doubles too
        slopes = jacobian(lambda x: np.linalg.det(np.diag(x)))(diagonal)
        assert slopes == pytest.approx(expected / diagonal)
    assert numbers(np.linalg.det(of_ours(np.diag([1e200, 1e200, 0.5])))) == [INF]


def test_powers_of_2_beyond_every_double() -> None:
    """ldexp is right wherever its result is a double."""
    x = Value(5e-324)
    y = np.ldexp(x, 1100)
    assert y.data == math.ldexp(5e-324, 1100)
    assert np.ldexp(Value(1e308), -2000).data == math.ldexp(1e308, -2000)
    assert np.ldexp(Value(0.0), 5000).data == 0.0 or math.isnan(np.ldexp(Value(0.0), 5000).data)


def test_sinc_and_bessel_at_their_awkward_points() -> None:
    """sinc''(0) is -π²/3; I0(700) overflows nowhere on the way (mpmath)."""
    mp = pytest.importorskip("mpmath")
    second = grad(grad(np.sinc))
    assert second(0.0) == pytest.approx(-(math.pi**2) / 3, rel=1e-14)
    for x in (0.0, 0.3, 7.9, 31.0, 33.0, 130.0, 600.0, 700.0):
        value, slope = autograd.value_and_grad(np.i0)(x)
        assert value == pytest.approx(float(mp.besseli(0, x)), rel=1e-13)
        assert slope == pytest.approx(float(mp.besseli(1, x)), rel=1e-12)


def test_the_deviation_of_equal_numbers() -> None:
    """np.std has derivative 0 where all are equal, as norm has at the origin."""
    assert grad(np.std)(np.array([2.0, 2.0, 2.0])).tolist() == [0.0, 0.0, 0.0]


# The type -----------------------------------------------------------------------------------------


def test_what_functions_get() -> None:
    """The array that is differentiated is of our type; the one beside it stays what it was."""
    kinds = []

    def f(x: Any, data: Any) -> Any:
        kinds.append((type(x), x.dtype, type(data), data.dtype))
        return np.sum(x * data)

    slope = grad(f)(np.ones(2), np.array([1.0, 2.0]))
    assert kinds == [(ValueArray, object, np.ndarray, float)]
    assert (type(slope), slope.dtype) == (np.ndarray, float)


def test_the_type_is_kept() -> None:
    """By slices, shapes, arithmetic, copies and pickles; an element is a Value; comparisons are
    arrays of bools."""
    x = of_ours([[1.0, 2.0], [3.0, 4.0]])
    again = pickle.loads(pickle.dumps(x))
    for kept in (
        x[0], x[:, 1], x[x > 1.0], x.T, x.reshape(4), x.copy(), copy.copy(x), copy.deepcopy(x), -x,
        x + 1, 2 * x, x @ x, again, next(iter(x)), np.zeros_like(x), np.empty_like(x),
        x.astype(float),
    ):  # fmt: skip
        assert type(kept) is ValueArray
    assert type(x[0, 0]) is Value
    assert numbers(again) == [1.0, 2.0, 3.0, 4.0]
    assert type(x > 2.0) is np.ndarray
    assert (x > 2.0).dtype == bool
    assert repr(of_ours([1.0])) == "ValueArray([Value(data=1.0, grad=0.0)], dtype=object)"


def test_deep_copies_keep_one_node_for_one_node() -> None:
    """As for lists of Values."""
    v = Value(2.0)
    array = pack_values([v, v * 3, v], (3,))
    for again in (copy.deepcopy(array), pickle.loads(pickle.dumps(array))):
        assert again[0] is again[2] is not v


def test_an_array_of_bytes_numbers_and_single_floats() -> None:
    """What stands beside Values is converted as float() does it: uint8 does not wrap around."""
    x = of_ours([3.0, 4.0])
    assert numbers(x * np.array([200, 100], np.uint8)) == [600.0, 400.0]
    assert numbers(x + np.array([0.1, 0.2], np.float32)) == [
        3.0 + float(np.float32(0.1)),
        4.0 + float(np.float32(0.2)),
    ]
    assert numbers(x * np.array([True, False])) == [3.0, 0.0]
    assert numbers(np.zeros_like(x) / 0) == pytest.approx([NAN, NAN], nan_ok=True)
    assert numbers(np.full_like(x, -8.0) ** (1 / 3)) == pytest.approx([NAN, NAN], nan_ok=True)


def test_in_place() -> None:
    """Arrays of ours take Values and numbers; every number becomes a float."""
    x = of_ours([1.0, 2.0, 3.0])
    y = np.zeros_like(x)
    y[0] = x[0]
    y[1:] = [4, np.float32(0.5)]
    assert (y[0] is x[0], y[1:].tolist()) == (True, [4.0, 0.5])
    y += x
    y *= 2
    assert numbers(y) == [4.0, 12.0, 7.0]
    np.add.at(y, [0, 0], x[0])
    np.copyto(y, x, where=[False, True, True])
    np.put(y, [2], 7)
    assert numbers(y) == [6.0, 2.0, 7.0]
    y.sort()
    y.fill(1)
    assert y.tolist() == [1.0, 1.0, 1.0]
    out = np.exp(x, out=np.empty(3, object))
    assert out[0].op == "exp"


@pytest.mark.parametrize(
    "change",
    [
        lambda y, x: np.put(y, [0, 1], x),
        np.copyto,
        lambda y, x: np.place(y, [True, True], x),
        lambda y, x: np.putmask(y, [True, True], x),
        lambda y, x: np.put_along_axis(y, np.array([0, 1]), x, 0),
    ],
)
def test_in_place_of_whole_numbers(change: Callable[..., Any]) -> None:
    """An object array that holds anything else is itself what is changed."""
    y, x = np.array([1, 2], object), of_ours([4.0, 5.0])
    change(y, x)
    assert all(map(operator.is_, y, x))


def test_an_element_takes_one_number() -> None:
    """A list is not put into an element; an array of one number is that number."""
    y = np.zeros_like(of_ours([1.0, 2.0]))
    y[0] = of_ours([3.0])
    y[1] = np.array([[4.0]])
    assert numbers(y) == [3.0, 4.0]
    for several in ([1.0, 2.0], of_ours([1.0, 2.0]), []):
        with pytest.raises(ValueError, match="one number"):
            y[0] = several


def test_unwrapped_jumps_of_exactly_half_a_period() -> None:
    """A number is moved by whole periods: its derivative is 1 at the jump too."""
    x = np.array([0.0, math.pi, 0.0, 2 * math.pi])
    assert numbers(np.unwrap(of_ours(x))) == np.unwrap(x).tolist()
    for transformed in (jacobian(np.unwrap), jit(jacobian(np.unwrap))):
        assert transformed(x).tolist() == np.eye(4).tolist()


def test_astype_without_a_copy() -> None:
    """copy=False gives the array itself, as NumPy does where the kind is right already."""
    x = of_ours([1.0, 2.0])
    assert x.astype(float, copy=False) is x
    assert x.astype(float) is not x


def test_a_difference_of_unique_numbers_keeps_their_order() -> None:
    """NumPy sorts only what may hold a number twice."""
    x = of_ours([3.0, 1.0, 2.0])
    assert numbers(np.setdiff1d(x, [1.0], assume_unique=True)) == [3.0, 2.0]
    assert numbers(np.setdiff1d(x, [1.0])) == [2.0, 3.0]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.round(x, 1.5),
        lambda x: np.clip(x, 0.0, 1.0, min=0.5),
        lambda x: np.std(x, ddof=1, correction=1),
        lambda x: np.gradient(x, axis=(0, 0)),
        *[getattr(np, name) for name in ("cumulative_sum", "cumulative_prod") if hasattr(np, name)],
    ],
)
def test_options_that_numpy_refuses(call: Call) -> None:
    """There is an error for floats, so there is none of Values that gives a number."""
    x = np.eye(2)
    for array in (x, of_ours(x)):
        with pytest.raises((TypeError, ValueError, AttributeError)):
            call(array)


def test_indices_out_of_bounds() -> None:
    """reduceat refuses what NumPy refuses, and linspace a negative number of samples."""
    x = of_ours([1.0, 2.0, 3.0])
    for starts in ([0, -1], [3]):
        with pytest.raises(IndexError, match="out-of-bounds"):
            np.add.reduceat(x, starts)
    with pytest.raises(ValueError, match="non-negative"):
        np.linspace(x[0], x[1], -1)
    for places in ([2, -1, 0], [[0, 1, 2]], [0, 1]):
        with pytest.raises(ValueError, match="bincount takes"):
            np.bincount(places, weights=x)
    with pytest.raises(ValueError, match="not reorderable"):
        np.subtract.reduce(x.reshape(3, 1), axis=None)


class Quantity(np.ndarray):
    """Numbers with something beside them."""


@pytest.mark.parametrize("transform", [grad, jit, vmap])
@pytest.mark.parametrize(
    ("given", "words_of_it"),
    [
        (np.array([1.0, 2.0]).view(Quantity), r"class Quantity.*numpy\.asarray"),
        (np.array([1.0, 2.0]).view(np.recarray), r"class recarray.*numpy\.asarray"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), r"masked array.*x\.filled"),
        (MATRIX, r"numpy\.matrix.*numpy\.asarray"),
    ],
)
def test_arrays_with_rules_of_their_own_are_refused(
    transform: Any, given: Any, words_of_it: str
) -> None:
    """A mask is not dropped and a matrix not multiplied element by element, wherever they come."""
    with pytest.raises(TypeError, match=words_of_it):
        transform(np.sum)(given)
    with pytest.raises(TypeError, match=words_of_it):
        transform(lambda d: np.sum(d["a"]))({"a": given})


def test_masks_and_places_of_a_compiled_function() -> None:
    """NumPy's error is joined by what to write, and that works."""
    x, mask, places = np.array([1.0, 2.0]), np.array([True, False]), np.array([1, 0])
    with pytest.raises(IndexError, match=r"x\[m != 0\]"):
        jit(lambda x, m: x[m])(x, mask)
    with pytest.raises((IndexError, TypeError), match=r"int\(k\) for k in places"):
        jit(np.take)(x, places)
    assert jit(lambda x, m: x[m != 0])(x, mask).tolist() == [1.0]
    assert jit(lambda x, places: x[[int(k) for k in places]])(x, places).tolist() == [2.0, 1.0]


def to_float_array(x: Any) -> Any:
    out = np.zeros(2)
    out[0] = x[0]
    return out


def add_in_place(x: Any) -> Any:
    out = np.zeros(2)
    out += x
    return out


@pytest.mark.parametrize(
    "assign",
    [
        to_float_array,
        add_in_place,
        lambda x: np.exp(x, out=np.zeros(2)),
        lambda x: np.sum(x, out=np.zeros(())),
        lambda x: np.copyto(np.zeros(2), x),
        lambda x: np.add.at(np.zeros(2), [0], x[0]),
    ],
)
def test_float_arrays_take_no_values(assign: Call) -> None:
    """The error says how an array is made that does."""
    with pytest.raises(TypeError, match=r"dtype=object.* numpy\.zeros_like of an array of Values"):
        assign(of_ours([1.0, 2.0]))


@pytest.mark.parametrize("dtype", [int, np.float32, np.int8])
def test_values_are_doubles(dtype: Any) -> None:
    """No other kind of number can be asked for."""
    x = of_ours([1.0, 2.0])
    for ask in (x.astype, lambda kind: np.sum(x, dtype=kind), lambda kind: np.exp(x, dtype=kind)):
        with pytest.raises(TypeError, match="Value"):
            ask(dtype)


DISPATCHED = {
    f"{home.__name__}.{name}": getattr(home, name)
    for home in (np, np.linalg, np.fft)
    for name in dir(home)
    if hasattr(getattr(home, name), "_implementation")
}


NOT_ASKED = {"numpy.savez", "numpy.savez_compressed"}  # what comes first is the name of a file


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of old names
@pytest.mark.parametrize("name", sorted(DISPATCHED.keys() - NOT_ASKED))
def test_every_function_answers_or_refuses(name: str) -> None:
    """Never an AttributeError: an answer, NumPy's error for too few arguments, or a TypeError that
    names the function and says what to do."""
    x = of_ours([[2.0, 0.5], [0.25, 1.0]])
    try:
        DISPATCHED[name](x)
    except TypeError as error:
        text = str(error)
        assert "argument" in text or re.search(r"is not available.*: .{20}|of Values takes", text)
    except (ValueError, np.linalg.LinAlgError):
        pass


@pytest.mark.parametrize(
    ("call", "words_of_it"),
    [
        (np.fft.fft, "numpy.fft.fft .* complex numbers"),
        (np.linalg.svd, "numpy.linalg.svd .* autograd.implicit_root"),
        (lambda x: np.linalg.norm(x, 2), "order 2 needs singular values"),
        (lambda x: np.linalg.lstsq(x, x), "numpy.linalg.solve"),
        (np.histogram, "no derivative"),
        (lambda x: x & x, "numpy.logical_and"),
        (np.frexp, "v.data"),
        (lambda x: x + 1j, "complex numbers have no Values"),
        (lambda x: x + np.ma.masked_array([1.0], [True]), "no mask|masked"),
        (lambda x: x * MATRIX, r"numpy\.asarray\(x\)"),
        (lambda x: np.concatenate([x, MATRIX]), r"numpy\.asarray\(x\)"),
        (lambda x: np.clip(x, 0.0, 1.0, casting="safe"), "takes no casting="),
        (lambda x: np.multiply(x, np.ma.masked_array([1.0], [True])), "no mask"),
        (lambda x: np.sum(x, 0, None, None, True, 0.0, True, 1), "argument"),
        (lambda x: np.pad(x, 1, "mean"), "no mode 'mean'"),
        (lambda x: np.sort(x, order="a"), "takes no order="),
        (lambda x: np.quantile(x, x[0]), "q as a plain number"),
    ],
)
def test_refusals_say_what_to_do(call: Call, words_of_it: str) -> None:
    with pytest.raises(TypeError, match=words_of_it):
        call(of_ours([[2.0, 0.5], [0.25, 1.0]]))


def test_numpy_alone_with_a_plain_object_array() -> None:
    """Nobody asks us there; the transform adds what to do to NumPy's own error."""

    def f(x: Any) -> Any:
        return np.linalg.solve(np.array([[x[0], 1.0], [1.0, 3.0]]), np.ones(2))[0]

    for transformed in (grad(f), jit(f)):
        with pytest.raises(TypeError, match=r"numpy\.array\(\[\.\.\.\], like=x\)"):
            transformed(np.array([2.0]))

    def mended(x: Any) -> Any:
        return np.linalg.solve(np.array([[x[0], 1.0], [1.0, 3.0]], like=x), np.ones(2))[0]

    assert grad(mended)(np.array([2.0])) == pytest.approx(-6 / 25)  # 2/(3a - 1), at a = 2


def test_functions_of_elements_that_a_user_made() -> None:
    """np.vectorize and np.frompyfunc hand over the elements, and may make anything of them."""
    x = of_ours([1.0, 2.0])
    doubled = np.frompyfunc(lambda v: 2 * v, 1, 1)(x)
    assert (type(doubled), numbers(doubled)) == (ValueArray, [2.0, 4.0])
    assert np.vectorize(lambda v: v.op or "leaf")(x).tolist() == ["leaf", "leaf"]
    floats = np.vectorize(lambda v: v.data, otypes=[float])(x)
    assert (type(floats), floats.dtype) == (np.ndarray, float)


def test_other_libraries_have_their_say() -> None:
    """pandas keeps its types; ufuncs of SciPy's that autograd has are autograd's."""
    pandas = pytest.importorskip("pandas")
    special = pytest.importorskip("scipy.special")
    v = Value(2.0)
    for series in (pandas.Series([1.0, 2.0]) * v, v * pandas.Series([1.0, 2.0])):
        assert type(series) is pandas.Series
        assert series[1].data == 4.0
    assert special.expit(v).op == "sigmoid"
    assert special.erf(of_ours([0.5]))[0].data == math.erf(0.5)
    with pytest.raises(TypeError, match="gamma is not available"):
        special.gamma(v)


def test_paths_of_compiled_code() -> None:
    """What needs no decision is one path at every point: NumPy's floor was one for each number."""
    calls = {
        "floor": lambda x: np.floor(x).sum() * x[0],
        "maximum": lambda x: np.maximum(x, 0.5).sum(),
        "clip": lambda x: x.clip(0.2, 0.6).sum(),
        "max": lambda x: x.max() - x.min() + np.ptp(x),
        "trunc": lambda x: np.trunc(x).sum() * x[0],
        "heaviside": lambda x: np.heaviside(x, 0.5).sum() * x[0],
    }
    for call in calls.values():
        compiled = jit(call)
        for i in range(20):
            x = np.array([0.3 * i - 2.0, 0.5, math.sin(i)])
            assert compiled(x) == pytest.approx(call(x))
        assert compiled.stats().paths == 1


def test_the_page_is_true() -> None:
    """Its examples."""
    page = Path(__file__).parent.parent / "docs" / "numpy.md"
    assert doctest.testfile(str(page), module_relative=False).failed == 0


def test_powers_of_one_half_are_square_roots() -> None:
    """As NumPy takes them, of arrays; at zeros of both signs and infinities, compiled after any
    other call, and as data of a derivative."""
    pytest.importorskip("llvmlite")
    points = np.array([4.0, 0.0, -0.0, INF, -INF, -1.0, NAN])
    ways: list[Call] = [
        lambda x: x**0.5,
        lambda x: x ** np.float64(0.5),
        lambda x: x ** np.array(0.5),
    ]
    if np.signbit(np.power(np.array([-0.0]), 0.5))[0]:  # of the operator alone, until NumPy 2.0
        ways += [lambda x: np.power(x, 0.5), lambda x: np.power(x[1:], 0.5)]
    with np.errstate(all="ignore"):
        for f in ways:
            compiled = jit(f)
            compiled(np.ones(7))
            derivative = grad(lambda w, x, f=f: (w / f(x))[-1])
            of_data = jit(derivative)
            of_data(1.0, np.ones(2))
            for x in points:
                row = np.array([1.0, x])
                assert repr(of_data(1.0, row)) == repr(float(derivative(1.0, row)))
            want = repr(f(points).tolist())
            assert repr(compiled(points).tolist()) == want
            assert repr(jit(f)(points).tolist()) == want
            assert repr([float(y) for y in np.ravel(f(points))]) == want
        assert repr((pack_values([Value(-0.0)], (1,)) ** 0.5)[0].data) == "-0.0"
        assert repr((Value(-0.0) ** 0.5).data) == "0.0"


OF_OUR_OWN: dict[str, tuple[Call, Any]] = {
    "norm of large": (np.linalg.norm, [1e200, 1e200]),
    "norm of small": (np.linalg.norm, [1e-200, 1e-200]),
    "sinc": (np.sinc, [1.0, 2.0, 3.5, INF]),
    "floor_divide": (lambda x: x // 2.0, [INF, -INF, 7.0]),
    "floor_divide of a quotient by 0": (lambda x: x // x[1] // x, [2.0, 0.0, -3.0]),
    "i0": (np.i0, [INF, 1.0]),
    "quantile": (lambda x: np.quantile(x, 0.5), [1.0, 2.0, INF]),
    "percentile": (lambda x: np.percentile(x, 25), [1.0, 2.0, 3.0, 4.0, INF]),
    "nanquantile": (lambda x: np.nanquantile(x, 0.5), [1.0, 2.0, INF]),
    "linspace": (lambda x: np.linspace(x[0], x[1], 1), [INF, 1.0]),
    "solve": (lambda x: np.linalg.solve(np.eye(2) * x[0], x[1:]), [1.0, NAN, 1.0]),
    "std": (np.std, [1e308, 1e308, -1e308]),
    "var of small": (np.var, [1e-200, 2e-200]),
    "einsum": (lambda x: np.einsum("i->", x), [-0.0, 0.0, 0.0, 1e308, 1e308, -1e308]),
    "sum": (np.sum, [1e308, 1e308, -1e308]),
    "corrcoef": (lambda x: np.corrcoef(x, [1.0, 2.0, 4.0])[0, 1], [1e200, 2e200, 3e200]),
}


@pytest.mark.parametrize("kind", OF_OUR_OWN)
def test_numbers_that_are_not_numpys_are_compiled(kind: str) -> None:
    """That a function is another one of floats is not concluded from the differences that the page
    lists, nor from overflow in another order."""
    pytest.importorskip("llvmlite")
    f, given = OF_OUR_OWN[kind]
    x = np.array(given)
    with np.errstate(all="ignore"):
        got = jit(f)(x)
        values = pack_values([*map(Value, given)], (len(given),))
        want = flatten(f(values))[0]
    numbers = [y.data if isinstance(y, Value) else float(y) for y in want]
    assert repr(np.ravel(got).tolist()) == repr(numbers)


@pytest.mark.parametrize("x", [1.0, 1e100, 1e200, 1e-100, -3.0])
def test_other_functions_of_floats_are_refused_at_large_numbers(x: float) -> None:
    pytest.importorskip("llvmlite")
    with pytest.raises(TypeError, match="another result for plain floats"):
        jit(lambda x: x * 2.0 if isinstance(x, float) else x * 3.0)(x)
