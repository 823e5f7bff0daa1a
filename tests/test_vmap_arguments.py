"""Arguments, axes and options of vmap and jit, as those who come from JAX write them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from autograd import Value, grad, jit, vmap

pytest.importorskip("llvmlite")
np = pytest.importorskip("numpy")

ONES = np.ones(2)
TABLE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def product(x: Any, y: Any) -> Any:
    return x * y


# -- arguments by keyword --------------------------------------------------------------------------


def test_keywords_are_mapped_along_axis_0() -> None:
    """Alone, beside arguments by place, and nested; `in_axes` is for the others."""
    y = np.array([3.0, 4.0])
    f = vmap(product)
    for _ in range(2):
        assert f(ONES, y=y).tolist() == [3.0, 4.0]
        assert f(x=y, y=y).tolist() == [9.0, 16.0]
        assert f(y, y).tolist() == [9.0, 16.0]
    assert vmap(product, in_axes=(None,))(2.0, y=y).tolist() == [6.0, 8.0]
    nested = vmap(lambda x, p: x * p["a"] + p["b"][0].sum())
    assert nested(ONES, p={"a": y, "b": [TABLE]}).tolist() == [9.0, 19.0]
    assert vmap(product, reduce="sum")(ONES, y=y) == 7.0
    assert vmap(grad(lambda x, s: x * x * s))(y, s=y).tolist() == [18.0, 32.0]


def test_keywords_take_the_paths_of_their_rows() -> None:
    f = vmap(lambda x, limit: 2 * x if x < limit else limit)
    out = f(np.array([1.0, 5.0, 2.0]), limit=np.array([3.0, 3.0, 1.0]))
    assert out.tolist() == [2.0, 3.0, 1.0]


def test_keywords_of_values() -> None:
    """They are differentiated like the others."""
    x, y = [Value(2.0), Value(3.0)], np.array([4.0, 5.0])
    total = vmap(product, reduce="sum")(y, y=np.array(x))
    total.backward()
    assert [v.grad for v in x] == [4.0, 5.0]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: vmap(product)(ONES, y=3.0), TypeError, "y along axis 0.*float 3"),
        (lambda: vmap(product)(ONES, y=np.ones(3)), ValueError, "x has 2 and y has 3"),
        (lambda: vmap(product)(ONES, z=ONES), TypeError, "unexpected keyword argument 'z'"),
        (lambda: vmap(product)(ONES, ONES, y=ONES), TypeError, "multiple values.*'y'"),
        (lambda: vmap(product, (0, None))(ONES, "a"), TypeError, "y must be a number.*str 'a'"),
        (lambda: vmap(product, (0, 0))(ONES), ValueError, "2 entries.*1 argument by place"),
    ],
)
def test_errors_of_arguments(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_the_note_on_keywords_says_what_to_do() -> None:
    with pytest.raises(TypeError) as caught:
        vmap(product)(ONES, y=3.0)
    assert "by place, with None in in_axes" in caught.value.__notes__[0]


# -- axes ------------------------------------------------------------------------------------------


def test_rows_of_results_stand_along_out_axes() -> None:
    assert vmap(lambda x: 2 * x, out_axes=1)(TABLE).tolist() == (2 * TABLE.T).tolist()
    assert vmap(lambda x: 2 * x, out_axes=-1)(TABLE).tolist() == (2 * TABLE.T).tolist()
    parts = vmap(
        lambda x: {"row": x, "sum": x.sum(), "two": 2.0}, out_axes={"two": None, "row": 1, "sum": 0}
    )
    out = parts(TABLE)
    assert out["row"].tolist() == TABLE.T.tolist()
    assert out["sum"].tolist() == [6.0, 15.0]
    assert out["two"] == 2.0
    cube = np.arange(24.0).reshape(2, 3, 4)
    moved = vmap(lambda x: x + 0, in_axes=1, out_axes=2)(cube)
    assert moved.tolist() == np.moveaxis(cube, 1, 2).tolist()


def test_out_axes_of_values_and_of_bound_results() -> None:
    values = np.array([[Value(1.0), Value(2.0), Value(3.0)]])
    assert vmap(lambda x: 2 * x, out_axes=1)(values).shape == (3, 1)
    x = TABLE.copy()
    bound = vmap(lambda x: 2 * x, out_axes=1).bind(x)
    x[0, 0] = 10.0
    assert bound().tolist() == (2 * x.T).tolist()


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: vmap(lambda x: x, out_axes=1)(ONES), ValueError, "axis 1.*has 1 axis"),
        (lambda: vmap(lambda x: x, out_axes="0")(ONES), TypeError, "axis or None, got str"),
        (lambda: vmap(lambda x: x, out_axes=None)(np.arange(2.0)), ValueError, "not the same for"),
        (
            lambda: vmap(lambda x: {"a": x}, out_axes={"b": 0})(ONES),
            ValueError,
            "'b'.*the result has.*'a'",
        ),
        (lambda: vmap(lambda x: x, out_axes=1, reduce="sum"), ValueError, "none left"),
    ],
)
def test_errors_of_out_axes(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_in_axes_of_dicts_go_by_the_key() -> None:
    p = {"w": 2.0, "x": np.array([3.0, 4.0])}
    f = lambda p: p["w"] * p["x"]  # noqa: E731
    assert vmap(f, in_axes=({"x": 0, "w": None},))(p).tolist() == [6.0, 8.0]
    with pytest.raises(ValueError, match=r"a dict of 'x'.*a dict of 'w', 'x'"):
        vmap(f, in_axes=({"x": 0},))(p)


# -- options ---------------------------------------------------------------------------------------


@vmap(in_axes=(None, 0))
def scaled(w: Any, x: Any) -> Any:
    """Every x times w."""
    return w * x


@jit(static_argnames="n")
def power(x: Any, n: int) -> Any:
    out = 1.0
    for _ in range(n):
        out = out * x
    return out


class Model:
    def __init__(self) -> None:
        self.w = Value(2.0)

    @jit(static_argnums=0)
    def predict(self, x: Any) -> Any:
        return self.w * x


def test_options_make_decorators() -> None:
    assert scaled(3.0, ONES).tolist() == [3.0, 3.0]
    assert scaled.__doc__ == "Every x times w."
    assert [power(2.0, 3), power(2.0, n=4), power(3.0, 2)] == [8.0, 16.0, 9.0]
    assert vmap()(lambda x: x)(ONES).tolist() == [1.0, 1.0]
    assert jit()(lambda x: x)(1.0) == 1.0
    model = Model()
    assert [model.predict(1.0), model.predict(3.0)] == [2.0, 6.0]
    model.w.data = 5.0
    assert model.predict(3.0) == 15.0


def test_static_arguments_by_their_place() -> None:
    """By name and by place, from the left and from the right."""
    f = lambda x, n: [x] * n  # noqa: E731
    for options in ({"static_argnums": 1}, {"static_argnums": [-1]}, {"static_argnames": "n"}):
        compiled = jit(f, **options)
        assert [compiled(2.0, 3), compiled(2.0, n=2)] == [[2.0] * 3, [2.0] * 2]
    more = jit(lambda *xs: xs[0] * len(xs[1]), static_argnums=1)
    assert more(2.0, "abc") == 6.0
    again = copy.deepcopy(power)
    assert again(2.0, 3) == 8.0


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"static_argnums": 2}, ValueError, "place 2.*takes 2 by place"),
        ({"static_argnums": -3}, ValueError, "place -3.*takes 2 by place"),
        ({"static_argnums": True}, TypeError, "places of arguments.*bool True"),
        ({"static_argnums": "n"}, TypeError, "places of arguments.*str 'n'"),
        ({"static_argnames": "m"}, ValueError, "'m'.*no such argument: x, y"),
        ({"static_argnames": [0]}, TypeError, "names of arguments, got int 0"),
    ],
)
def test_errors_of_static_arguments(options: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        jit(product, **options)


def test_compiled_functions_of_compiled_functions() -> None:
    """Each takes the other apart or runs it, with its static arguments."""
    twice = jit(jit(power))
    assert [twice(2.0, n=3), twice(3.0, 2)] == [8.0, 9.0]
    assert twice.f is power.f
    rows = vmap(power)
    for _ in range(2):
        assert rows(np.array([2.0, 3.0]), n=2).tolist() == [4.0, 9.0]
        assert rows(np.array([2.0, 3.0]), n=3).tolist() == [8.0, 27.0]
    assert jit(vmap(product))(ONES, y=2 * ONES).tolist() == [2.0, 2.0]
    outer = vmap(vmap(product, in_axes=(None, 0)), in_axes=(0, None))
    assert outer(ONES, np.arange(3.0)).tolist() == [[0.0, 1.0, 2.0]] * 2
    slope = jit(grad(lambda w: vmap(lambda x: w * x, reduce="sum")(TABLE[0])))
    assert slope(2.0) == 6.0


def test_what_a_mapped_function_captures_is_differentiated() -> None:
    """With respect to the argument of a transform around the call, which is no number."""
    loss = lambda w: vmap(lambda x: (w * x - 1) ** 2, reduce="mean")(TABLE[0])  # noqa: E731
    assert grad(loss)(1.0) == pytest.approx(np.mean(2 * (TABLE[0] - 1) * TABLE[0]))


def test_options_go_along_into_pickles(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, product.__module__, sys.modules[__name__])
    f = pickle.loads(pickle.dumps(vmap(product, out_axes=1, in_axes=(None, 0))))
    assert f(2.0, TABLE).tolist() == (2 * TABLE.T).tolist()
    g = pickle.loads(pickle.dumps(jit(product, static_argnums=1)))
    assert (g(3.0, 2), g.static) == (6.0, frozenset([1, "y"]))
