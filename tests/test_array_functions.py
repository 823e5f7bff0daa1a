"""NumPy's functions at the boundary: a table of calls, each with floats, Values, compiled, batched,
and at awkward points; and the type of arrays that functions get."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, jacobian, jit, vmap
from autograd.transforms.tree import flatten

np = pytest.importorskip("numpy")

from autograd.arrays.value_array import pack_values  # noqa: E402 (it loads NumPy)

NAN, INF = math.nan, math.inf
Call = Callable[[Any], Any]

B = np.array([0.7, -0.4, 1.9, 0.3])
M = np.array([[2.0, 0.3], [-0.1, 1.5]])


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
    "gradient of both axes": lambda x: np.gradient(np.outer(x, B), 0.5, np.cumsum(x), edge_order=2),
    "trapezoid": lambda x: getattr(np, "trapezoid", None)(x, B) if hasattr(np, "trapezoid") else x,
    "linspace": lambda x: np.linspace(x[0], x[1], 4),
    "linspace open": lambda x: np.linspace(0.0, x, 3, endpoint=False, retstep=True),
    "logspace": lambda x: np.logspace(x[0], 1.0, 3),
    "unwrap": lambda x: np.unwrap(x * 20.0),
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
    "methods": lambda x: [x.argmax(), x.argmin(), x.argsort(), x.all(), x.any(), x.nonzero()[0],
                          np.sort(x).searchsorted(0.0), (x > 0.5).sum(), x.astype(bool)],
    "unique with places": lambda x: np.unique(x, True, True, True)[1:],
    "argmax of columns": lambda x: np.argmax(x.reshape(2, 2), axis=0),
    "all of rows": lambda x: np.all(x.reshape(2, 2) > 0.4, axis=1, keepdims=True),
    "maximum.reduce of bools": lambda x: np.logical_and.reduce(x > 0.2),
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
       ("i0", "floor_divide", "divmod", "operators")},
    **{(name, "infinities"): "an element itself, where NumPy adds 0 * inf" for name in
       ("quantile", "nanpercentile")},
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
