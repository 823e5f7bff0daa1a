"""Lowering: every primitive in terms of a few dozen instructions that any machine has.

An instruction is arithmetic, a comparison, a selection, or a function of the C library; each means
in machine code, to the bit, what it means in Python. The table of primitives says of each how it is
lowered: an instruction itself, or by a rule, written with operators on `Symbol`s, whose comparisons
give truth values for `select`. The rules say the same as the forward functions of `ieee`, without
branches; tests hold the two together over the whole range of doubles.

What has neither (`lgamma`, `polygamma`, a user's primitive without a lowering) stays in the program
under its own name, and machine code calls back into Python for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from autograd.compiler.ir.meanings import TRUTH_OPERANDS, TRUTHS
from autograd.compiler.ir.passes import writer
from autograd.compiler.ir.program import Program
from autograd.compiler.ir.rewriting import rewritten_and_pruned
from autograd.compiler.ir.templates import Sketch, Template, Templates
from autograd.compiler.ir.writing import Writer
from autograd.engine import branchless
from autograd.engine.primitives import TABLE, Primitive

__all__ = [
    "BINARY",
    "INSTRUCTIONS",
    "LIBRARY",
    "UNARY",
    "Symbol",
    "lower",
    "lowered",
    "select",
    "templates_by",
]


def _rows(lowering: str) -> list[Primitive]:
    return [row for row in TABLE.values() if row.builtin and row.lowering == lowering]


UNARY: Final = frozenset(row.name for row in _rows("instruction") if row.arity == 1)
BINARY: Final = frozenset(row.name for row in _rows("instruction") if row.arity == 2)
LIBRARY: Final = frozenset(row.name for row in _rows("libm"))
"""Functions of the C library, which have the same names there."""
KEPT: Final = 64  # operands; templates for more are made anew for each program

INSTRUCTIONS: Final = frozenset(
    [*UNARY, *BINARY, *LIBRARY, "lt", "le", "eq", "and", "or", "not", "select", "const", "input"]
)


class Symbol:
    """A register of a program in the making, with the operators of a number; those of a truth value
    too, if it holds one, which as a number is 1.0 or 0.0."""

    __slots__ = ("is_truth", "register", "writer")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, writer: Writer | Sketch, register: int, is_truth: bool = False) -> None:
        self.writer = writer
        self.register = register
        self.is_truth = is_truth

    def __primitive__(self, primitive: Primitive, inputs: tuple[Any, ...]) -> Symbol:
        return self.emit(primitive.name, *inputs)

    def emit(self, name: str, *operands: Any) -> Symbol:
        writer, truths = self.writer, TRUTH_OPERANDS.get(name, 0)
        registers = [
            x.register if i < truths and isinstance(x, Symbol) else _number(writer, x)
            for i, x in enumerate(operands)
        ]
        return Symbol(writer, lower(writer, name, *registers), name in TRUTHS)

    def __add__(self, other: Any) -> Symbol:
        return self.emit("add", self, other)

    def __radd__(self, other: Any) -> Symbol:
        return self.emit("add", other, self)

    def __sub__(self, other: Any) -> Symbol:
        return self.emit("sub", self, other)

    def __rsub__(self, other: Any) -> Symbol:
        return self.emit("sub", other, self)

    def __mul__(self, other: Any) -> Symbol:
        return self.emit("mul", self, other)

    def __rmul__(self, other: Any) -> Symbol:
        return self.emit("mul", other, self)

    def __truediv__(self, other: Any) -> Symbol:
        return self.emit("div", self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return self.emit("div", other, self)

    def __pow__(self, other: Any) -> Symbol:
        return self.emit("pow", self, other)

    def __rpow__(self, other: Any) -> Symbol:
        return self.emit("pow", other, self)

    def __mod__(self, other: Any) -> Symbol:
        return self.emit("mod", self, other)

    def __floordiv__(self, other: Any) -> Symbol:
        return self.emit("floordiv", self, other)

    def __neg__(self) -> Symbol:
        return self.emit("neg", self)

    def __abs__(self) -> Symbol:
        return self.emit("abs", self)

    # Truth values, for `select`.

    def __lt__(self, other: Any) -> Symbol:
        return self.emit("lt", self, other)

    def __le__(self, other: Any) -> Symbol:
        return self.emit("le", self, other)

    def __gt__(self, other: Any) -> Symbol:
        return self.emit("lt", other, self)

    def __ge__(self, other: Any) -> Symbol:
        return self.emit("le", other, self)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]
        return self.is_equal(other)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]
        return ~self.is_equal(other)

    def is_equal(self, other: Any) -> Symbol:
        return self.emit("eq", self, other)

    def is_nan(self) -> Symbol:
        return ~self.emit("eq", self, self)

    def __and__(self, other: Symbol) -> Symbol:
        return self.emit("and", self, other)

    def __or__(self, other: Symbol) -> Symbol:
        return self.emit("or", self, other)

    def __xor__(self, other: Symbol) -> Symbol:
        return (self | other) & ~(self & other)

    def __invert__(self) -> Symbol:
        return self.emit("not", self)

    def select(self, a: Any, b: Any) -> Symbol:
        """a where this truth value holds, else b."""
        return self.emit("select", self, a, b)

    def lends_sign(self, x: Any) -> Symbol:
        """x with this sign; that of NaN is its sign bit."""
        register = _number(self.writer, x)
        return Symbol(self.writer, self.writer.emit("copysign", register, self.register))

    def __bool__(self) -> bool:
        raise TypeError(
            "a lowering has no branches: write autograd.where(...), maximum(...) and the like"
        )


select: Final[Callable[[Symbol, Any, Any], Symbol]] = branchless.select


def lowered(program: Program) -> Program:
    """The same program in instructions, and names that call back into Python. It need not have been
    made shorter before: all passes are applied on the way."""
    return rewritten_and_pruned(program, writer(), templates=OF_TABLE)


def lower(writer: Writer | Sketch, name: str, *operands: int) -> int:
    """Emit an operation in instructions."""
    if name in writer.rules:
        return _by(writer.rules[name], writer, operands)
    if name == "pow":
        return writer.power(*operands)
    if name == "copysign":
        return _with_sign(writer, *operands)
    rule = _rule(name)
    if rule is None:
        return writer.emit(name, *operands)
    if not operands:
        return writer.const(TABLE[name].forward())
    return _by(rule, writer, operands)


Rules = Mapping[str, Callable[..., Any]]
"""How operations are made of others, in the place of the table's own rules."""


def templates_by(rules: Rules) -> Templates:
    """What is written in the place of an operation by these rules, and by the table's own: None for
    an instruction, and for what stays as it is. They are kept as long as what is given here."""
    kept: dict[tuple[str, int], Template] = {}

    def template(name: str, count: int) -> Template | None:
        is_special = name in ("pow", "copysign") or name in rules
        if not is_special and _rule(name) is None:
            return None
        if not is_special and not TABLE[name].builtin:
            return _of_operation(name, count, rules)
        found = kept.get((name, count))
        if found is None:
            found = _of_operation(name, count, rules)
            if count <= KEPT:
                kept[name, count] = found
        return found

    return template


OF_TABLE: Final = templates_by({})
"""By the table's own rules alone."""


def _of_operation(name: str, count: int, rules: Rules) -> Template:
    def rule(sketch: Sketch, operands: tuple[int, ...]) -> int:
        sketch.rules = rules
        return lower(sketch, name, *operands)

    return Template(rule, count)


def _rule(name: str) -> Callable[..., Any] | None:
    """How a primitive is made of others; None for an instruction, and for what stays as it is."""
    row = TABLE.get(name)
    if row is None or isinstance(row.lowering, str):
        return None
    return row.lowering


def _by(rule: Callable[..., Any], writer: Writer | Sketch, operands: tuple[int, ...]) -> int:
    return _number(writer, rule(*[Symbol(writer, i) for i in operands]))


def _number(writer: Writer | Sketch, x: Any) -> int:
    """The register of a number: of a Symbol, or written down."""
    if not isinstance(x, Symbol):
        return writer.const(float(x))
    if x.is_truth:
        return writer.emit("select", x.register, writer.const(1.0), writer.const(0.0))
    return x.register


def _with_sign(writer: Writer | Sketch, x: int, y: int) -> int:
    """NaN has the sign +, as in ieee.copysign."""
    is_number = writer.emit("eq", y, y)
    return writer.emit("copysign", x, writer.emit("select", is_number, y, writer.const(0.0)))
