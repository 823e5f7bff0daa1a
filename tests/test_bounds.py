"""What a compiled function keeps has bounds, and its work grows no faster than what it keeps."""

from __future__ import annotations

import gc
import inspect
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Hashable, Sequence
from random import Random
from typing import Any

import pytest
from eagerly import eagerly
from programs import printed_by
from work import work_grows_with

import autograd
from autograd import exp, grad, jit, sin, tanh, vmap
from autograd.engine.primitives import TABLE
from autograd.transforms.tree import flatten

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
path_tree = pytest.importorskip("autograd.compiler.path_tree")
vector_specializations = pytest.importorskip("autograd.compiler.vector_specializations")
specializations = pytest.importorskip("autograd.compiler.specializations")


# -- how a path is found ---------------------------------------------------------------------------


class Path:
    def __init__(self, *outcomes: Hashable) -> None:
        self.outcomes: Sequence[Hashable] = outcomes


def attempts(tree: Any, wanted: Sequence[Hashable], known: bool = True) -> tuple[Any, int]:
    """The path that is found for decisions that come out so, and how many are tried."""
    tried = 0

    def attempt(path: Path) -> tuple[int, Hashable]:
        nonlocal tried
        tried += 1
        for i, outcome in enumerate(path.outcomes):
            if wanted[i] != outcome:
                return i, wanted[i] if known else path_tree.UNKNOWN
        return -1, None

    return tree.find(attempt), tried


def steps(n: int) -> list[Path]:
    """As of a loop that ends after another number of steps each time."""
    return [Path(*[True] * i, False) for i in range(n)]


@pytest.mark.parametrize("order", ["up", "down", "shuffled"])
def test_a_path_is_found_in_few_attempts(order: str) -> None:
    """No more than the logarithm of how many there are, whichever was recorded first."""
    paths = steps(1000)
    recorded = {"up": paths, "down": paths[::-1], "shuffled": Random(1).sample(paths, 1000)}[order]
    tree = path_tree.PathTree()
    for path in recorded:
        assert attempts(tree, path.outcomes)[0] is None
        tree.add(path)
    for path in Random(2).sample(paths, 300):
        found, tried = attempts(tree, path.outcomes)
        assert found is path
        assert tried <= 12
        assert attempts(tree, path.outcomes) == (path, 1)


def test_a_whole_number_leads_to_its_path_at_once() -> None:
    tree = path_tree.PathTree()
    paths = [Path(("int", i), i % 2 == 0) for i in range(500)]
    for path in paths:
        tree.add(path)
    assert all(attempts(tree, path.outcomes)[1] <= 2 for path in paths)
    assert attempts(tree, [("int", 500), True]) == (None, 1)
    for path in paths[:3]:
        assert attempts(tree, path.outcomes, known=False)[0] is path


def test_paths_with_the_same_decisions() -> None:
    """Whatever made them two, the later one is right."""
    tree = path_tree.PathTree()
    first, other, second = Path(True, False), Path(False), Path(True, False)
    for path in (first, other, second):
        tree.add(path)
    assert attempts(tree, other.outcomes)[0] is other
    assert attempts(tree, first.outcomes)[0] is second
    assert len(tree) == 3
    assert set(tree.paths) == {first, other, second}


def test_random_trees_find_what_they_hold() -> None:
    rng = Random(3)
    for _ in range(200):
        wanted = {tuple(rng.choices([True, False], k=6)) for _ in range(20)}
        # A path may end early, but none is the beginning of another one: a decision is to come.
        paths = [Path(*outcomes) for outcomes in wanted]
        tree = path_tree.PathTree()
        for path in paths:
            tree.add(path)
        for path in paths:
            assert attempts(tree, path.outcomes)[0] is path
        other = tuple(rng.choices([True, False], k=6))
        assert other in wanted or attempts(tree, other)[0] is None


def counted(compiled: Any, act: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many programs are run in Python's way to them."""
    count = 0
    run = specializations.Specialization.run

    def counting(self: Any, numbers: Any) -> Any:
        nonlocal count
        count += 1
        return run(self, numbers)

    with monkeypatch.context() as patch:
        patch.setattr(specializations.Specialization, "run", counting)
        act()
    return count


def halvings(x: Any) -> Any:
    n = 0
    while x > 1.0:
        x = x / 2.0
        n += 1
    return x + n


@pytest.mark.parametrize("f", [halvings, grad(halvings), lambda x: x * int(x)])
def test_few_programs_are_run(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 paths of one function, taken in turns, for each call some five."""
    compiled = jit(f)
    points = [1.5 * 2.0**i for i in range(40)]
    wanted = {x: eagerly(f, x) for x in points}
    recording = counted(compiled, lambda: [compiled(x) for x in points], monkeypatch)
    assert recording <= 2 * 40 * 7
    calling = counted(
        compiled, lambda: [compiled(x) == wanted[x] or 1 / 0 for x in points], monkeypatch
    )
    assert calling <= 40 * 7
    assert compiled.stats().paths == 40


def test_keeping_paths_is_not_quadratic() -> None:
    """Four times as many take about four times the work."""

    def prepare(n: int) -> Callable[[], Any]:
        paths = [Path(("int", i)) for i in range(n)]
        tree = path_tree.PathTree()
        return lambda: [tree.add(path) for path in paths]

    assert work_grows_with(prepare, 100) < 5.0


# -- bounds ----------------------------------------------------------------------------------------


def test_the_warning_names_the_decision_that_splits() -> None:
    """Not the one that is met most often."""

    def f(x: Any) -> Any:
        for i in range(20):  # met twenty times, and always alike
            if x < -i - 1.0:
                return x
        return x * int(x * 2.0)

    compiled = jit(f, max_paths=4)
    for i in range(4):
        compiled(i + 0.2)
    line = f.__code__.co_firstlineno + 4
    with pytest.warns(RuntimeWarning, match=rf"int\(.*x \* 2\.0.*line {line}:"):
        assert compiled(4.2) == 4.2 * 8
    g = jit(lambda x: sum(i for i in (1, 2, 3) if x < 3.0) * x, max_paths=1)
    assert g(1.0) == 6.0
    with pytest.warns(RuntimeWarning, match=r"decision on x < 3\.0 in .*test_bounds"):
        assert g(5.0) == 0.0


def counted_loop(x: Any) -> Any:
    y = x * 2.0
    if y > 3.0:  # in two ways
        y = y + 1.0
    n = 0
    while n < y:  # another number each time
        n += 1
    return y * n


def whole_and_sign(x: Any) -> Any:
    out = x * 2.0 if x > 0 else x * 3.0
    return out + int(abs(x)) * (2.0 if out > 0 else 3.0)


def loop_that_ends_inside(x: Any) -> Any:
    n = 0
    while x > -1.0:  # met as often as the next one, and always alike
        if n >= x:
            break
        n += 1
    return x * n


def newton(x: Any) -> Any:
    y = x
    for _ in range(100):
        if abs(y * y - x) <= 1e-9 * x:
            break
        y = (y + x / y) / 2.0
    return y


def sum_up_to_a_whole_number(x: Any) -> Any:
    return sum(x for _ in range(int(x)) if x > -1.0)


SPLITTING: Any = [
    (counted_loop, range(20), "while n < y"),
    (whole_and_sign, [s * (i + 0.5) for i in range(10) for s in (1, -1)], "int(abs(x))"),
    (loop_that_ends_inside, range(20), "if n >= x"),
    (newton, [10.0**i for i in range(20)], "if abs"),
    (sum_up_to_a_whole_number, range(20), "int(x)"),
]


@pytest.mark.parametrize(("f", "points", "text"), SPLITTING)
@pytest.mark.parametrize("transform", [lambda f: f, grad], ids=["itself", "grad"])
def test_the_rounds_of_a_loop_are_one_decision(
    f: Any, points: Any, text: str, transform: Any
) -> None:
    """The warning names the line without whose decisions there would be fewest paths, whichever
    numbers they compare."""
    compiled = jit(transform(f), max_paths=8)
    with pytest.warns(RuntimeWarning, match="8 different paths") as caught:
        _ = [compiled(float(x)) for x in points]
    lines, first = inspect.getsourcelines(f)
    line = first + next(i for i, written in enumerate(lines) if text in written)
    assert f"line {line}:" in str(caught[0].message)


def test_nestings_have_a_bound() -> None:
    """Beyond it calls run uncompiled, with one warning, and what is known stays fast."""
    f = lambda xs: sum(x * i for i, x in enumerate(xs))  # noqa: E731
    compiled = jit(f, max_nestings=5)
    for n in range(1, 6):
        compiled([1.0] * n)
    with pytest.warns(
        RuntimeWarning, match="5 different nestings.*or raise max_nestings"
    ) as caught:
        assert compiled([2.0] * 6) == 30.0
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [compiled([2.0] * n) for n in range(1, 9)] == [n * (n - 1.0) for n in range(1, 9)]
    stats = compiled.stats()
    assert (stats.nestings, stats.paths, stats.uncompiled) == (5, 5, 4)


def test_static_values_have_a_bound() -> None:
    compiled = jit(lambda x, n: x**n, static_argnames="n", max_nestings=3)
    with pytest.warns(RuntimeWarning, match="nestings of arguments or static values"):
        assert [compiled(2.0, n) for n in range(10)] == [2.0**n for n in range(10)]
    assert (compiled.stats().nestings, compiled.stats().uncompiled) == (3, 7)


def test_keys_and_dtypes_have_a_bound() -> None:
    compiled = jit(lambda d: sum(d.values()), max_nestings=3)
    with pytest.warns(RuntimeWarning, match="nestings"):
        assert [compiled({f"k{i}": 1.0, "b": 2.0}) for i in range(10)] == [3.0] * 10
    assert compiled.stats().nestings == 3


@pytest.mark.filterwarnings("ignore:.*nestings:RuntimeWarning")
@pytest.mark.parametrize("reduce", [None, "sum"])
def test_nestings_of_batches_have_a_bound(reduce: Any) -> None:
    f = vmap(lambda x: (x * x).sum(), reduce=reduce, max_nestings=3)
    for n in range(1, 10):
        rows = np.arange(2.0 * n).reshape(2, n)
        np.testing.assert_allclose(f(rows), (rows * rows).sum(axis=None if reduce else 1))
    assert f.stats().nestings == 3
    assert f.stats().uncompiled == 12
    with pytest.raises(ValueError, match="can't be bound to these; raise max_nestings"):
        f.bind(np.ones((2, 20)))


def test_a_bound_is_a_whole_number() -> None:
    for wrong in (0, 1.0, True):
        with pytest.raises(ValueError, match="max_nestings is a whole number from 1"):
            jit(abs, max_nestings=wrong)  # type: ignore[arg-type]


def test_nothing_of_a_call_beyond_the_bound_is_kept() -> None:
    """Neither its static arguments nor its numbers."""

    class Rate:
        k = 2.0

    compiled = jit(lambda x, rate: x * rate.k, static_argnames="rate", max_nestings=1)
    compiled(1.0, Rate())
    rate = Rate()
    with pytest.warns(RuntimeWarning, match="nestings"):
        assert compiled(3.0, rate) == 6.0
    gone = weakref.ref(rate)
    del rate
    gc.collect()
    assert gone() is None


MEMORY = """
    import sys
    import warnings
    from autograd import jit

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6

    warnings.simplefilter("ignore")
    count = int(sys.argv[2])
    calls = {
        "lengths": (jit(sum, max_nestings=100), lambda i: ([1.0] * (i + 1),)),
        "static values": (
            jit(lambda x, n: x * n, static_argnames="n", max_nestings=100), lambda i: (2.0, i)
        ),
        "keys": (
            jit(lambda d: sum(d.values()), max_nestings=100),
            lambda i: ({f"k{i}": 1.0, "b": 2.0},),
        ),
    }
    f, arguments = calls[sys.argv[1]]
    other = jit(lambda x: x * 2)
    other(1.0), other(1.0)
    before = resident()
    for i in range(count):
        for _ in range(2):
            f(*arguments(i))
    print(resident() - before, f.stats().nestings)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["lengths", "static values", "keys"])
def test_memory_has_a_bound(kind: str) -> None:
    """In megabytes: 400 lists of other lengths took 500, and 2,000 five times that."""
    grown, nestings = map(float, printed_by(MEMORY, kind, 150).split())
    assert nestings == 100
    assert grown < 60


# -- vmap: interpreted, then compiled --------------------------------------------------------------

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, 2.0, 1e300, -1e-300, 5e-324]


class Never:
    """In the place of the threads that compile in the background."""

    def submit(self, work: Callable[[], Any]) -> None:
        pass


def in_both_tiers(
    monkeypatch: pytest.MonkeyPatch, f: Any, args: Sequence[Any], **options: Any
) -> list[Any]:
    """The results of machine code and of the interpreter."""
    found = []
    for limit, tier in ((10**9, "compiled"), (-1, "interpreted")):
        with monkeypatch.context() as patch:
            patch.setattr(specializations, "COMPILED_AT_ONCE", limit)
            patch.setattr(vector_specializations, "COMPILERS", Never())
            mapped = vmap(f, **options)
            found.append(mapped(*args))
            assert set(mapped.stats().tiers) == {tier}
    return found


def equal_bits(a: Any, b: Any) -> bool:
    """Alike to the bit, but for which NaN it is."""
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    return bool(((a.view("u8") == b.view("u8")) | (np.isnan(a) & np.isnan(b))).all())


PRIMITIVES = [
    row for row in TABLE.values() if row.builtin and row.arity and row.lowering is not None
]
"""Those of which programs are ever interpreted: the others call Python."""


@pytest.mark.parametrize("row", PRIMITIVES, ids=lambda row: row.name)
@pytest.mark.parametrize("reduce", [None, "sum"])
def test_rows_have_the_same_bits_in_both_tiers(
    row: Any, reduce: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So results do not change when the machine code is ready."""
    rng = np.random.default_rng(1)
    for count in (1, 9, 2051):
        drawn = rng.normal(size=(row.arity, count)) * 10 ** rng.uniform(-3, 3, (row.arity, count))
        columns = np.where(rng.random(drawn.shape) < 0.3, rng.choice(SPECIAL, drawn.shape), drawn)
        found = in_both_tiers(monkeypatch, row, list(columns), reduce=reduce)
        assert equal_bits(*found)


def test_rows_on_several_paths_in_both_tiers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions, shared numbers, nestings and batches that end in the middle of a vector."""

    def f(p: Any, x: Any) -> Any:
        y = x[0] * p["w"] + p["b"][1]
        if y > x[1]:
            y = tanh(y) * exp(x[1])
        return [y if int(x[0]) % 2 else y / x[1], {"z": x[2] * y}]

    rows = np.random.default_rng(2).normal(size=(1029, 3))
    p = {"w": 0.7, "b": [1.0, -0.3]}
    for g in (f, grad(lambda p, x: f(p, x)[0], argnums=1)):
        a, b = in_both_tiers(monkeypatch, g, (p, rows), in_axes=(None, 0))
        assert equal_bits(flatten(a)[0], flatten(b)[0])
    for reduce in ("sum", "mean"):
        a, b = in_both_tiers(monkeypatch, f, (p, rows), in_axes=(None, 0), reduce=reduce)
        assert a == b


def test_batches_are_interpreted_until_they_are_compiled() -> None:
    """The first results are there at once, and are the later ones to the bit."""

    def f(x: Any) -> Any:
        y = x
        for i in range(300):
            y = sin(y) * x + i
        return y

    rows = np.linspace(-2.0, 2.0, 1003)
    for threads in (1, 2):
        mapped = vmap(grad(f), threads=threads)
        first = mapped(rows)
        assert mapped.stats().tiers == ("interpreted",)
        end = time.monotonic() + 60
        while mapped.stats().tiers != ("compiled",):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert equal_bits(first, mapped(rows))


def test_a_batch_of_many_numbers_is_not_quadratic() -> None:
    """Sums of many results: the places of these are found in one pass."""

    def prepare(n: int) -> Callable[[], Any]:
        structure = flatten([1.0] * n)[1]
        return lambda: vector_specializations._result_fields(structure, 0, True)

    assert work_grows_with(prepare, 100) < 5.0


# -- small stacks ----------------------------------------------------------------------------------

SMALL_STACK = """
    import sys
    import threading
    import time
    import numpy
    import autograd as ag
    from autograd import grad, jit, sin, vmap

    def chain(n):
        def f(x):
            y = x
            for i in range(n):
                y = sin(y) * x + i
            return y
        return f

    def deep(x, n=300):
        return x if n == 0 else sin(deep(x, n - 1)) * x

    def wide(x):
        ys = [sin(x * i) for i in range(1500)]
        out = x * 0
        for some in (ys, ys[::-1], ys):
            for y in some:
                out = out * 0.5 + y * y
        return out

    def ready(f, *args):
        first = numpy.array(f(*args))
        f(*args)
        while f.stats().tiers == ("interpreted",) and not f._kept[0].stays_interpreted:
            time.sleep(0.01)
        return numpy.array_equal(first, f(*args))

    cases = {
        "several": lambda: all([
            ready(jit(grad(chain(20))), 1.0),
            ready(jit(grad(deep)), 1.0),
            rows(vmap(grad(chain(20)))),
            jit(grad(chain(300))).bind(numpy.array(1.0))() is not None,
            deep(ag.Value(1.0), 900).backward() is None,
        ]),
        "inputs": lambda: ready(jit(lambda xs: sum(xs)), [1.0] * 29_000),
        "long": lambda: ready(jit(grad(chain(500))), 1.0),
        "rows": lambda: rows(vmap(wide, threads=2)),
    }

    def rows(f):
        x = numpy.linspace(-1.0, 1.0, 2000)
        first = f(x)
        while "interpreted" in f.stats().tiers:
            time.sleep(0.01)
        return numpy.array_equal(first, f(x))

    found = []
    threading.stack_size(int(sys.argv[1]) * 1024)
    thread = threading.Thread(target=lambda: found.append(cases[sys.argv[2]]()))
    thread.start()
    thread.join()
    print(found, threading.stack_size() // 1024)
"""


@pytest.mark.parametrize("case", ["several", "inputs", "long", "rows"])
def test_threads_with_small_stacks(case: str) -> None:
    """Neither LLVM nor its code takes more of the stack than the smallest ones have, nor does a
    recording that is freed. (CPython 3.13 frees a caller's own chain of hundreds of uncompiled
    Values, as it frees any objects, by recursion, which takes more; 3.14 looks at the stack.)"""
    freed_by_recursion = not autograd.compiled and sys.version_info[:2] == (3, 13)
    size = 1024 if freed_by_recursion and case == "several" else 128
    assert printed_by(SMALL_STACK, size, case) == f"[True] {size}"
