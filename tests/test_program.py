"""Programs: what they mean, how they are printed, and that nothing which is done to them changes a
bit, whether by a pass, by lowering, or by the machine.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from eagerly import bits
from hypothesis import given, settings
from hypothesis import strategies as st
from mp_reference import ORDERED
from random_formulas import AWKWARD, NUMBERS, ROWS, Formula, formulas

import autograd
from autograd import Value, grad, jit
from autograd.engine.primitives import TABLE, Primitive

pytest.importorskip("llvmlite")

from autograd.compiler.ir import passes
from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.lowering import INSTRUCTIONS, lowered
from autograd.compiler.ir.meanings import COMPARISONS, meaning
from autograd.compiler.ir.passes import optimised, prune
from autograd.compiler.ir.program import Guard, GuardFailed, Program
from autograd.compiler.ir.rewriting import needed_for, rewritten
from autograd.compiler.ir.writing import Writer
from autograd.compiler.native.c_codegen import c_source
from autograd.compiler.native.interpreter import can_interpret
from autograd.compiler.native.kernels import Kernel
from autograd.compiler.native.llvm_codegen import scalar_kernel
from autograd.compiler.recording.tracing import Trace, read_off

INF, NAN = math.inf, math.nan
HARD = [*AWKWARD, 1.5, 2.5, -2.5, 1e308, -1e308, 1e-308, 700.0, -745.0, 40.0, -40.0, 3.0, 7.0, 1e-8]
CALLED_BACK = {row.name for row in TABLE.values() if row.builtin and row.lowering is None}
# Python computes these itself, rounded correctly, and the C library or the rule does not.
ULPS = {"hypot": 1.0, "norm": 3.0, "std": 3.0}

PASSES: dict[str, Callable[[Program], Program]] = {
    "prune": prune,
    "share": lambda program: rewritten(program, Writer()),
    "fold": lambda program: rewritten(program, Writer(fold=True)),
    "identities": lambda program: rewritten(program, Writer(identities=passes.IDENTITIES)),
    "optimised": optimised,
}


def of_inputs(name: str, count: int) -> Program:
    """One operation on all inputs."""
    code = [Op("input", (), i) for i in range(count)]
    code.append(Op(name, tuple(range(count))))
    return Program(tuple(code), tuple(f"x{i}" for i in range(count)), (count,))


def recorded(f: Callable[..., Any], numbers: Sequence[float]) -> Program:
    """The program of f of a list, as it comes out of the recording."""
    values = [Value(x) for x in numbers]
    trace = Trace(values)
    result = trace.run(lambda: f(values))
    return read_off(trace, [result], [f"x{i}" for i in range(len(numbers))]).program


def results_of(program: Program, numbers: Sequence[float]) -> list[bytes] | int:
    """Every bit of the results, or the guard that failed."""
    try:
        return list(map(bits, program.evaluate(numbers)))
    except GuardFailed as failure:
        return failure.index


# -- the program -----------------------------------------------------------------------------------


def test_a_program_is_printed_as_it_is_computed() -> None:
    """One line per operation, guards with the line of the user's code."""

    def f(x: Any, y: Any) -> Any:
        if not x < y:
            return -x % 2.0
        return autograd.clip(x**3, y, 1.0) / 2 + autograd.exp(x)

    compiled = jit(f)
    compiled(1.0, 2.0)
    text = str(compiled.program()).splitlines()
    assert text[0] == "in: x, y"
    assert text[1] == "  r2 = x < y"
    assert text[2].startswith("  guard 0: r2  # ")
    assert text[2].endswith(f"line {f.__code__.co_firstlineno + 1}")
    assert text[3:] == [
        "  r4 = x ** 3.0",
        "  r6 = clip(r4, y, 1.0)",
        "  r8 = r6 / 2.0",
        "  r9 = exp(x)",
        "  r10 = r8 + r9",
        "out: r10",
    ]
    compiled(3.0, 2.0)
    text = str(compiled.program()).splitlines()
    assert text[2].startswith("  guard 0: not r2  # ")
    assert text[3:] == ["  r3 = -x", "  r5 = r3 % 2.0", "out: r5"]


def test_programs_name_what_they_read() -> None:
    """Arguments by their place in the nesting, captured Values by label."""
    w, plain = Value(2.0, label="w"), Value(1.0)
    compiled = jit(lambda p, q: p["a"][1] * w + plain + q[0])
    compiled({"a": [1.0, 2.0]}, (3.0,))
    assert compiled.program().inputs == ("p['a'][0]", "p['a'][1]", "q[0]", "w", "captured1")


def test_evaluate_is_the_reference() -> None:
    """Guards are asked in the order of the decisions, and the first that fails is named."""
    code = (
        Op("input", (), 0),
        Op("const", (), 1.0),
        Op("lt", (0, 1)),
        Op("eq", (0, 0)),
        Op("not", (2,)),
        Op("or", (2, 4)),
        Op("and", (2, 5)),
        Op("select", (6, 1, 0)),
        Op("le", (0, 1)),
    )
    guards = (Guard(3, True, True, "here"), Guard(8, False, False, "there"))
    program = Program(code, ("x",), (7, 0), guards)
    assert program.evaluate([3.0]) == [3.0, 3.0]
    assert program.operations == 7
    for x, index in [(NAN, 0), (1.0, 1), (-INF, 1)]:
        with pytest.raises(GuardFailed, match=["here", "there"][index]) as caught:
            program.evaluate([x])
        assert caught.value.index == index
    assert Program(code, ("x",), (7, 0)).evaluate([-2.0]) == [1.0, -2.0]


def test_every_operation_has_a_meaning() -> None:
    for name in INSTRUCTIONS - {"const", "input"}:
        assert callable(meaning(name))
    assert meaning("eq")(NAN, NAN) is False
    with pytest.raises(LookupError, match="no primitive is called 'nothing' in this process"):
        meaning("nothing")


@pytest.mark.parametrize("name", ["input", "const", "lt", "le", "eq", "and", "or", "not", "select"])
def test_names_of_programs_are_taken(name: str) -> None:
    """A primitive of that name would be mistaken for an operation of every program."""
    with pytest.raises(ValueError, match=f"'{name}' is a built-in primitive; choose another name"):
        autograd.primitive(name, abs, lambda out, x: 1.0)


def test_what_is_below_a_register() -> None:
    program = recorded(lambda x: x[0] * x[1] + autograd.exp(x[2]), [1.0, 2.0, 3.0])
    product = next(i for i, op in enumerate(program.code) if op.name == "mul")
    names = [
        op.name
        for op, here in zip(program.code, needed_for(program, [product]), strict=True)
        if here
    ]
    assert names == ["input", "input", "mul"]


# -- passes, one at a time -------------------------------------------------------------------------


@pytest.mark.parametrize("transform", PASSES.values(), ids=PASSES)
@settings(max_examples=100)
@given(data=st.data())
def test_passes_keep_every_bit(transform: Callable[[Program], Program], data: Any) -> None:
    """Of random formulas, their gradients, and of any numbers put in."""
    f: Formula = data.draw(formulas())
    derived = data.draw(st.booleans())
    program = recorded((lambda xs: autograd.sum(grad(f)(xs))) if derived else f, f.inputs)
    shorter = transform(program)
    assert len(shorter.code) <= len(program.code) + 2  # a constant may be new
    assert shorter.operations <= program.operations + 1
    for numbers in [f.inputs, *data.draw(st.lists(points(len(f.inputs)), max_size=5))]:
        assert results_of(shorter, numbers) == results_of(program, numbers)


def points(count: int) -> Any:
    return st.lists(NUMBERS, min_size=count, max_size=count)


@pytest.mark.parametrize("transform", PASSES.values(), ids=PASSES)
def test_passes_keep_guards_and_their_order(transform: Callable[[Program], Program]) -> None:
    def f(xs: Any) -> Any:
        total = xs[0] * 0
        for x in xs:
            if x * 1.0 > 1 and not x - 0.0 > 3:
                total = total + x
        return total

    program = recorded(f, [0.5, 2.0, 4.0])
    after = transform(program)
    assert [guard[1:] for guard in after.guards] == [guard[1:] for guard in program.guards]
    rng = Random(1)
    for _ in range(300):
        numbers = [rng.choice([*HARD, 2.0, 4.0, 0.5]) for _ in range(3)]
        assert results_of(after, numbers) == results_of(program, numbers)


def test_prune_drops_what_nothing_needs() -> None:
    def f(xs: Any) -> Any:
        autograd.exp(xs[0])
        if xs[1] > 0:
            autograd.sin(xs[1])
        return xs[0] * 2

    code = (
        Op("input", (), 0),
        Op("exp", (0,)),
        Op("const", (), 9.0),
        Op("neg", (0,)),
        Op("eq", (0, 0)),
    )
    program = prune(Program(code, ("x", "unused"), (3,), (Guard(4, True, True, ""),)))
    assert [op.name for op in program.code] == ["input", "neg", "eq"]
    assert program.inputs == ("x", "unused")
    assert prune(program) == program
    names = {op.name for op in recorded(f, [1.0, 2.0]).code}
    assert not names & {"exp", "sin"}


def test_share_does_the_same_once() -> None:
    code = (
        Op("input", (), 0),
        Op("input", (), 1),
        *[Op(name, pair) for name in ("mul", "sub") for pair in [(0, 1), (1, 0)]],
        Op("const", (), 0.0),
        Op("const", (), -0.0),
        Op("const", (), 0.0),
        Op("div", (2, 6)),
        Op("div", (3, 7)),
        Op("div", (3, 8)),
    )
    program = PASSES["share"](Program(code, ("a", "b"), (4, 5, 9, 10, 11)))
    names = [op.name for op in program.code]
    assert names.count("mul") == 1  # the order of factors is of no consequence
    assert names.count("sub") == 2  # that of a difference is
    assert names.count("const") == 2  # 0.0 and -0.0
    assert names.count("div") == 2
    assert program.evaluate([3.0, 4.0]) == [-1.0, 1.0, INF, -INF, INF]


def test_fold_constants_computes_what_is_known() -> None:
    code = (
        Op("const", (), 2.0),
        Op("const", (), 3.0),
        Op("pow", (0, 1)),
        Op("input", (), 0),
        Op("mul", (2, 3)),
        Op("lt", (0, 1)),
    )
    program = PASSES["fold"](Program(code, ("x",), (4,), (Guard(5, True, True, ""),)))
    assert [op.name for op in prune(program).code].count("pow") == 0
    assert Op("const", (), 8.0) in program.code
    assert program.evaluate([5.0]) == [40.0]


Expression = Callable[..., int]

# What an operation on x (and y) is replaced by: a register, or the number of a constant.
IDENTITIES: dict[str, tuple[Expression, Expression | float]] = {
    "x + -0.0": (lambda w, x, y: w.emit("add", x, w.const(-0.0)), lambda w, x, y: x),
    "-0.0 + x": (lambda w, x, y: w.emit("add", w.const(-0.0), x), lambda w, x, y: x),
    "|x| + 0.0": (
        lambda w, x, y: w.emit("add", w.emit("abs", x), w.const(0.0)),
        lambda w, x, y: w.emit("abs", x),
    ),
    "(x + 0.0) + 0.0": (
        lambda w, x, y: w.emit("add", w.emit("add", x, w.const(0.0)), w.const(0.0)),
        lambda w, x, y: w.emit("add", x, w.const(0.0)),
    ),
    "x * x + 0.0": (
        lambda w, x, y: w.emit("add", w.emit("mul", x, x), w.const(0.0)),
        lambda w, x, y: w.emit("mul", x, x),
    ),
    "|x| * 3.0 + 0.0": (
        lambda w, x, y: w.emit("add", w.emit("mul", w.emit("abs", x), w.const(3.0)), w.const(0.0)),
        lambda w, x, y: w.emit("mul", w.emit("abs", x), w.const(3.0)),
    ),
    "x - 0.0": (lambda w, x, y: w.emit("sub", x, w.const(0.0)), lambda w, x, y: x),
    "x * 1.0": (lambda w, x, y: w.emit("mul", x, w.const(1.0)), lambda w, x, y: x),
    "1.0 * x": (lambda w, x, y: w.emit("mul", w.const(1.0), x), lambda w, x, y: x),
    "x * -1.0": (
        lambda w, x, y: w.emit("mul", x, w.const(-1.0)),
        lambda w, x, y: w.emit("neg", x),
    ),
    "-1.0 * x": (
        lambda w, x, y: w.emit("mul", w.const(-1.0), x),
        lambda w, x, y: w.emit("neg", x),
    ),
    "x / 1.0": (lambda w, x, y: w.emit("div", x, w.const(1.0)), lambda w, x, y: x),
    "--x": (lambda w, x, y: w.emit("neg", w.emit("neg", x)), lambda w, x, y: x),
    "||x||": (
        lambda w, x, y: w.emit("abs", w.emit("abs", x)),
        lambda w, x, y: w.emit("abs", x),
    ),
    "|-x|": (
        lambda w, x, y: w.emit("abs", w.emit("neg", x)),
        lambda w, x, y: w.emit("abs", x),
    ),
    "x ** 0.0": (lambda w, x, y: w.emit("pow", x, w.const(0.0)), 1.0),
    "x ** -0.0": (lambda w, x, y: w.emit("pow_const", x, w.const(-0.0)), 1.0),
    "x ** 1.0": (lambda w, x, y: w.emit("pow_const", x, w.const(1.0)), lambda w, x, y: x),
    "x ** 2.0": (
        lambda w, x, y: w.emit("pow_const", x, w.const(2.0)),
        lambda w, x, y: w.emit("mul", x, x),
    ),
    "message of 0.0": (lambda w, x, y: w.emit("message", w.const(0.0), x), 0.0),
    "message of -0.0": (lambda w, x, y: w.emit("message", w.const(-0.0), x), 0.0),
    "message of a constant": (
        lambda w, x, y: w.emit("message", w.const(3.0), x),
        lambda w, x, y: w.emit("mul", w.const(3.0), x),
    ),
    "message by a large factor": (
        lambda w, x, y: w.emit("message", x, w.const(-3.0)),
        lambda w, x, y: w.emit("add", w.emit("mul", x, w.const(-3.0)), w.const(0.0)),
    ),
    "cut message of 0.0": (lambda w, x, y: w.emit("cut_message", w.const(0.0), x), 0.0),
    "cut message by 0.0": (lambda w, x, y: w.emit("cut_message", x, w.const(-0.0)), 0.0),
    "cut message of a constant": (
        lambda w, x, y: w.emit("cut_message", w.const(0.5), x),
        lambda w, x, y: w.emit("message", x, w.const(0.5)),
    ),
    "cut message by a constant": (
        lambda w, x, y: w.emit("cut_message", x, w.const(0.5)),
        lambda w, x, y: w.emit("message", x, w.const(0.5)),
    ),
    "where(x, y, y)": (lambda w, x, y: w.emit("where", x, y, y), lambda w, x, y: y),
    "where(0.0, x, y)": (lambda w, x, y: w.emit("where", w.const(0.0), x, y), lambda w, x, y: y),
    "where(nan, x, y)": (lambda w, x, y: w.emit("where", w.const(NAN), x, y), lambda w, x, y: x),
    "select(p, x, x)": (
        lambda w, x, y: w.emit("select", w.emit("lt", x, y), x, x),
        lambda w, x, y: x,
    ),
    "select(known, x, y)": (
        lambda w, x, y: w.emit("select", w.emit("lt", w.const(1.0), w.const(NAN)), x, y),
        lambda w, x, y: y,
    ),
    "select(not (known and p), x, y)": (
        lambda w, x, y: w.emit(
            "select",
            w.emit("not", w.emit("and", w.emit("lt", w.const(2.0), w.const(1.0)), _less(w, x, y))),
            x,
            y,
        ),
        lambda w, x, y: x,
    ),
    "select(true and p, x, y)": (
        lambda w, x, y: w.emit(
            "select",
            w.emit("and", w.emit("le", w.const(1.0), w.const(1.0)), _less(w, x, y)),
            x,
            y,
        ),
        lambda w, x, y: w.emit("select", _less(w, x, y), x, y),
    ),
    "select(p or false, x, y)": (
        lambda w, x, y: w.emit(
            "select",
            w.emit("or", _less(w, x, y), w.emit("eq", w.const(NAN), w.const(NAN))),
            x,
            y,
        ),
        lambda w, x, y: w.emit("select", _less(w, x, y), x, y),
    ),
    "stop_gradient(x)": (lambda w, x, y: w.emit("stop_gradient", x), lambda w, x, y: x),
}


def _less(writer: Writer, x: int, y: int) -> int:
    return writer.emit("lt", x, y)


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_is_used_and_holds_for_every_double(name: str) -> None:
    """The shorter form is what comes out, and it has the same bits."""
    before, after = IDENTITIES[name]

    def program(expression: Expression | float) -> Program:
        writer = Writer()
        x, y = writer.input(0), writer.input(1)
        out = expression(writer, x, y) if callable(expression) else writer.const(expression)
        return Program(tuple(writer.code), ("x", "y"), (out,))

    long, short = program(before), program(after)
    assert str(prune(PASSES["identities"](long))) == str(prune(short))
    for numbers in itertools.product(HARD, repeat=2):
        assert results_of(short, numbers) == results_of(long, numbers)


NOT_IDENTITIES: dict[str, Expression] = {
    "x + 0.0": lambda w, x, y: w.emit("add", x, w.const(0.0)),
    "x - -0.0": lambda w, x, y: w.emit("sub", x, w.const(-0.0)),
    "x * 0.0": lambda w, x, y: w.emit("mul", x, w.const(0.0)),
    "x - x": lambda w, x, y: w.emit("sub", x, x),
    "x / x": lambda w, x, y: w.emit("div", x, x),
    "0.0 - x": lambda w, x, y: w.emit("sub", w.const(0.0), x),
    "x ** 0.5": lambda w, x, y: w.emit("pow_const", x, w.const(0.5)),
    "x * y + 0.0": lambda w, x, y: w.emit("add", w.emit("mul", x, y), w.const(0.0)),
    "|x| * 0.5 + 0.0": lambda w, x, y: w.emit(
        "add", w.emit("mul", w.emit("add", x, w.const(0.0)), w.const(0.5)), w.const(0.0)
    ),
    "message by a small factor": lambda w, x, y: w.emit("message", x, w.const(0.5)),
    "x == x": lambda w, x, y: w.emit("select", w.emit("eq", x, x), x, y),
}


@pytest.mark.parametrize("name", NOT_IDENTITIES)
def test_what_is_no_identity_is_left_alone(name: str) -> None:
    """NaN, infinity or -0.0 would come out differently."""
    writer = Writer()
    x, y = writer.input(0), writer.input(1)
    out = NOT_IDENTITIES[name](writer, x, y)
    program = prune(Program(tuple(writer.code), ("x", "y"), (out,)))
    assert str(prune(optimised(program))) == str(program)


# -- lowering, and the machine ---------------------------------------------------------------------


def numbers_for(row: Primitive, count: int) -> list[list[float]]:
    """Awkward and random points."""
    rng = Random(row.name)
    pairs = itertools.product(HARD, repeat=count) if count < 3 else ()
    drawn = [
        [rng.choice(HARD) if rng.random() < 0.5 else rng.gauss(0.0, 3.0) for _ in range(count)]
        for _ in range(600)
    ]
    found = [*map(list, pairs), *drawn]
    if row.name == "exp_square":
        return [[x, rng.choice([-1.0, -0.5])] for x, _ in found]
    if row.name in ORDERED:
        return [[float(rng.randrange(4)), *rest] for _, *rest in found]
    return found


def apart(a: float, b: float) -> float:
    """In units of the last place; 0 for the same bits, infinite where one is not finite."""
    if bits(a) == bits(b):
        return 0.0
    finite = math.isfinite(a) and math.isfinite(b)
    return abs(a - b) / math.ulp(a) if finite else INF


BUILTIN = [row for row in TABLE.values() if row.builtin]


def counts_of(row: Primitive) -> list[int]:
    if row.arity is not None:
        return [row.arity]
    return [0, 2, 4] if row.name in ("dot", "sum", "prod") else [1, 4]


@pytest.mark.parametrize("row", BUILTIN, ids=lambda row: row.name)
def test_lowering_keeps_every_bit(row: Primitive) -> None:
    """In the reference interpreter, in the native one, and as machine code."""
    counts = (
        [row.arity] if row.arity else [0, 2, 4] if row.name in ("dot", "sum", "prod") else [1, 4]
    )
    for count in counts:
        program = lowered(of_inputs(row.name, count))
        assert {op.name for op in program.code} <= INSTRUCTIONS | CALLED_BACK
        routes: list[Callable[[list[float]], float]] = [lambda p, f=program: f.evaluate(p)[0]]
        for interpreted in [False, True]:
            if not interpreted or can_interpret(program):
                kernel = Kernel(program, None, interpreted)
                routes.append(lambda p, kernel=kernel: kernel(p)[1][0])
        for point in numbers_for(row, count):
            wanted = row.forward(*point)
            for route in routes:
                assert apart(wanted, route(point)) <= ULPS.get(row.name, 0.0), point


def test_every_row_is_lowered_or_called_back() -> None:
    """By what its row says; those called back are known."""
    called_back = {
        "lgamma",
        "digamma",
        "lbeta",
        "erfinv",
        "log_ndtr",
        "inverse_mills",
        "order_statistic",
        *ORDERED,
    }
    assert called_back == CALLED_BACK
    for row in BUILTIN:
        names = {op.name for op in lowered(of_inputs(row.name, row.arity or 4)).code}
        assert names - INSTRUCTIONS == ({row.name} & CALLED_BACK)


@settings(max_examples=60)
@given(data=st.data())
def test_random_formulas_have_the_same_bits_on_every_route(data: Any) -> None:
    """Recorded, optimised, lowered, interpreted and compiled."""
    rows = [row for row in ROWS if row.name not in {*ULPS, *CALLED_BACK}]
    f: Formula = data.draw(formulas(rows=rows))
    program = recorded(f, f.inputs)
    short = lowered(optimised(program))
    compiled, interpreted = Kernel(short), Kernel(short, None, True)
    for numbers in [f.inputs, *data.draw(st.lists(points(len(f.inputs)), max_size=8))]:
        (wanted,) = program.evaluate(numbers)
        assert bits(f(numbers)) == bits(wanted)
        for kernel in (compiled, interpreted):
            failed, (found,) = kernel(numbers)
            assert failed == -1
            assert bits(found) == bits(wanted)


def test_kernels_tell_which_guard_failed() -> None:
    """The first, as `evaluate` does, in both tiers."""
    code = [Op("input", (), 0), Op("input", (), 1)]
    code += [Op(name, pair) for name in COMPARISONS for pair in [(0, 1), (1, 0)]]
    guards = tuple(Guard(2 + i, i % 2 == 0, True, str(i)) for i in range(6))
    for chosen in itertools.permutations(guards, 2):
        program = Program(tuple(code), ("x", "y"), (0,), chosen)
        for kernel in (Kernel(program), Kernel(program, None, True)):
            for numbers in itertools.product([0.0, -0.0, 1.0, INF, NAN], repeat=2):
                wanted = results_of(program, numbers)
                failed, results = kernel(numbers)
                assert failed == (wanted if isinstance(wanted, int) else -1)
                if failed == -1:
                    assert [bits(x) for x in results] == wanted


def test_machine_code_is_not_rearranged() -> None:
    """No multiply-add, no division as a product, no shortcut for NaN or -0.0."""
    for f, numbers in [
        (lambda x: x[0] * x[1] + x[2], [1 + 2**-30, 1 - 2**-30, -1.0]),
        (lambda x: x[0] / 3.0 + x[1] / 10.0 + x[2], [1.0, 2.0, 3.0]),
        (lambda x: (x[0] + x[1]) - x[1] + x[2], [1.0, 1e17, 0.0]),
        (lambda x: x[0] - x[0] + x[1] * 0.0 + x[2], [INF, -1.0, -0.0]),
    ]:
        program = lowered(optimised(recorded(f, numbers)))
        assert bits(Kernel(program)(numbers)[1][0]) == bits(f(numbers))


# -- as C ------------------------------------------------------------------------------------------

gcc = shutil.which("gcc") or shutil.which("cc")
needs_a_compiler = pytest.mark.skipif(gcc is None, reason="needs a C compiler")


def built(sources: Sequence[str], folder: Path) -> Any:
    """The functions f0, f1 ... of these sources, as a library."""
    source, library = folder / "programs.c", folder / "programs.so"
    source.write_text("\n".join(sources), "utf-8")
    options = ["-O2", "-ffp-contract=off", "-fno-builtin", "-shared", "-fPIC", "-Wall", "-Werror"]
    command = [str(gcc), *options, "-o", str(library), str(source), "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    return ctypes.CDLL(str(library))


def call(function: Any, numbers: Sequence[float], outputs: int = 1) -> tuple[int, list[float]]:
    function.restype = ctypes.c_long
    out = (ctypes.c_double * outputs)()
    failed: int = function((ctypes.c_double * len(numbers))(*numbers), out)
    return failed, list(out)


@needs_a_compiler
def test_c_source_has_the_same_bits(tmp_path: Path) -> None:
    """Every row of the table, in one library."""
    rows = [row for row in BUILTIN if row.name not in CALLED_BACK]
    programs = [lowered(of_inputs(row.name, row.arity or 4)) for row in rows]
    library = built([c_source(p, f"f{i}") for i, p in enumerate(programs)], tmp_path)
    for i, (row, program) in enumerate(zip(rows, programs, strict=True)):
        for point in numbers_for(row, row.arity or 4)[::7]:
            failed, found = call(library[f"f{i}"], point)
            assert failed == -1
            assert apart(row.forward(*point), found[0]) <= ULPS.get(row.name, 0.0), (row, point)
        assert program.operations >= 0


@needs_a_compiler
def test_c_source_checks_guards(tmp_path: Path) -> None:
    """It returns the number of the guard that failed; comments can't be closed by a file's name."""

    def f(x: Any, y: Any) -> Any:
        if x > 1 and y != 2:
            return [x * y, x + math.inf, y * math.nan, x - 1e-300]
        return [x, x, x, x]

    compiled = jit(f)
    compiled(2.0, 3.0)
    (function,) = [built([compiled.source("c")], tmp_path).compiled]
    for numbers in itertools.product(HARD, repeat=2):
        wanted = results_of(compiled.program(), numbers)
        failed, found = call(function, numbers, 4)
        assert failed == (wanted if isinstance(wanted, int) else -1)
        if failed == -1:
            assert list(map(bits, found)) == wanted
    code = compile("lambda x: x if x > 1 else -x", "a */ ?? \\ file.py", "eval")
    odd = jit(eval(code))
    odd(2.0)
    (tmp_path / "odd").mkdir()
    assert call(built([odd.source()], tmp_path / "odd").compiled, [0.5])[0] == 0


def test_sources_are_text() -> None:
    compiled = jit(lambda x: autograd.exp(x) * 2)
    compiled(1.0)
    assert "return -1;" in compiled.source("c")
    assert "define i64 @kernel" in compiled.source("llvm")
    assert compiled.source("llvm") == str(scalar_kernel(lowered(compiled.program()), {}))
    called = jit(lambda x: autograd.lgamma(x))  # noqa: PLW0108
    called(1.5)
    with pytest.raises(ValueError, match="C has no lgamma; give the primitive a lowering"):
        called.source("c")
    assert "call double" in called.source("llvm")
    with pytest.raises(ValueError, match="""in "c" or "llvm", got str 'rust'"""):
        called.source("rust")
