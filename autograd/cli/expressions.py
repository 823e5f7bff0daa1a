"""Formulas typed by a person, turned into a graph: what the command line reads. Never `eval`.

The text is parsed by Python's own parser, checked against a whitelist of syntax, flattened into a
list of steps (so that nothing of ours recurses, however deep the text is nested) and run on Values:
names, numbers, `+ - * / // % **`, calls of autograd's public functions, lists as their arguments,
and comparisons as the condition of `where`. Every constant is a float from the start, so
`10**10**10` is infinite at once.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import keyword
import math
import operator
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import autograd
from autograd.engine import functions
from autograd.engine.primitives import TABLE, Primitive, as_float
from autograd.engine.text import plural, printable
from autograd.engine.value import Value

__all__ = ["Computation", "ExpressionError", "assignment", "compute"]

MAX_LENGTH: Final = 100_000  # characters of an expression

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(autograd, name)
    for name in sorted({*TABLE, *functions.__all__})
    if hasattr(autograd, name)
}
CONSTANTS: Final = {"pi": math.pi, "inf": math.inf, "nan": math.nan}

BINARY: Final[dict[type[ast.operator], tuple[Callable[[Any, Any], Any], Primitive]]] = {
    ast.Add: (operator.add, TABLE["add"]),
    ast.Sub: (operator.sub, TABLE["sub"]),
    ast.Mult: (operator.mul, TABLE["mul"]),
    ast.Div: (operator.truediv, TABLE["div"]),
    ast.FloorDiv: (operator.floordiv, TABLE["floordiv"]),
    ast.Mod: (operator.mod, TABLE["mod"]),
    ast.Pow: (operator.pow, TABLE["pow"]),
}
COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
REMEDIES: Final[dict[type[ast.AST], str]] = {
    ast.BitXor: "'^' is not a power; write x ** 2",
    ast.MatMult: "'@' works on matrices; write dot([a, b], [c, d])",
    ast.Attribute: "attributes ('.') are not allowed; call functions by their bare names: tanh(x)",
    ast.Compare: "a comparison is not a number; use it as a condition: where(x > 0, x, 0)",
    ast.IfExp: "'if ... else' is not allowed; write where(condition, a, b)",
    ast.BoolOp: "'and' and 'or' are not allowed; nest one where(condition, a, b) in another",
    ast.Not: "'not' is not allowed; turn the comparison round",
    ast.NamedExpr: "':=' is not allowed; name a value in its own statement: c = a + b; e = c * 2",
    ast.AugAssign: "a name is given once; write c = a + b with a new name",
    ast.AnnAssign: "types are not allowed; write name = formula",
    ast.JoinedStr: "text is not allowed; a formula holds numbers and names",
}

RULE: Final = "only names, numbers, operators, lists and autograd's functions are allowed"
TOO_DEEP: Final = (
    "the expression is nested too deeply to be read; give names to parts of it "
    "(c = ...; e = c * 2) and write a long sum as sum([a, b, c])"
)

Step = Callable[
    [list[Any]], None
]  # takes its inputs off the end of a stack and puts its result there


class ExpressionError(ValueError):
    """What is wrong with a formula: the rule it breaks, the culprit and the remedy, on one line."""


@dataclass(frozen=True, slots=True)
class Computation:
    """What an expression built: the value of its last statement, and all that has a name."""

    root: Value
    named: dict[str, Value]


def compute(text: str, inputs: Mapping[str, float]) -> Computation:
    """Build the graph of one or more statements `name = formula`, separated by `;` or newlines.

    The last statement may lack a name. `inputs` gives a number to every name that no statement
    defines; each becomes a leaf. Raises ExpressionError for anything but a formula.

    >>> e = compute("c = a + b; d = b + 1; e = c * d", {"a": 2.0, "b": 1.0}).root
    >>> e.backward()
    >>> e
    Value(data=6.0, grad=1.0, label='e')
    """
    named: dict[str, Any] = dict(CONSTANTS)
    statements = [_Statement(node, named) for node in _parsed(text)]
    _check_names(statements, inputs)
    named |= {name: Value(data, name) for name, data in inputs.items()}
    for statement in statements:
        named[statement.name] = _labelled(statement.run(), statement.name)
    root = named[statements[-1].name]
    if isinstance(root, list):
        raise ExpressionError(
            f"the last statement must give one number, not a list of {len(root)}; take one of "
            f"them, as in {statements[-1].name}[0], or their sum, as in sum({statements[-1].name})"
        )
    values = [value for value in _scalars(named.values()) if isinstance(value, Value)]
    return Computation(root, {value.label: value for value in values if value.label})


def assignment(text: str) -> tuple[str, float]:
    """The name and the number of an input written `name=number`. Raises ExpressionError.

    >>> assignment("b=1e-3")
    ('b', 0.001)
    """
    name, equals, number = text.partition("=")
    name = unicodedata.normalize(
        "NFKC", name.strip()
    )  # as Python does with the names in the formula
    number = number.strip().replace("\N{MINUS SIGN}", "-")
    if not equals or not name.isidentifier():
        raise ExpressionError(
            f"an input is written name=number, as in a=2; got {_quoted(text)} (if it belongs to "
            "the formula, put the whole formula in quotes)"
        )
    if keyword.iskeyword(name):
        raise ExpressionError(
            f"{name!r} is a word of Python and can't be a name; write {name}_={number}"
        )
    try:
        return name, float(number)
    except ValueError:
        raise ExpressionError(
            f"{_quoted(number)} is not a number, in {_quoted(text)}; write digits, as in "
            f"{name}=2 or {name}=1e-3"
        ) from None


# -- reading ---------------------------------------------------------------------------------------


def _parsed(text: str) -> list[ast.stmt]:
    """The statements, by Python's parser, every way it can fail turned into one clear message."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression is {len(text):,} characters long, more than {MAX_LENGTH:,}; build a "
            "graph of this size in Python"
        )
    source = "\n".join(line.strip() for line in text.splitlines())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about style, in text that is not a program
            statements = ast.parse(source).body
    except (RecursionError, MemoryError):
        raise ExpressionError(TOO_DEEP) from None
    except SyntaxError as error:
        if "too many nested" in str(error.msg):
            raise ExpressionError(TOO_DEEP) from None
        raise ExpressionError(_syntax(error)) from None
    except ValueError:  # a null byte, or half a surrogate pair
        raise ExpressionError(
            f"the expression holds a character that is not text: {_quoted(text)}; type it again"
        ) from None
    if not statements:
        raise ExpressionError("the expression is empty; write one, as in 'e = (a + b) * (b + 1)'")
    return statements


def _syntax(error: SyntaxError) -> str:
    message = str(error.msg)
    if "integer string conversion" in message:
        return "a whole number has more than 4,300 digits; write it with an exponent, as in 1e300"
    line, column = (error.text or "").rstrip("\n"), max((error.offset or 1) - 1, 0)
    near = line[max(column - 20, 0) : column + 20].strip()
    where = f" near {_quoted(near)}" if near else ""
    said = printable(message, 120)
    return f"the expression is not a formula{where} (character {column + 1}): {said}"


class _Statement:
    """One `name = formula`, checked and flattened into steps, which look names up in `named`."""

    def __init__(self, node: ast.stmt, named: Mapping[str, Any]) -> None:
        self.name = ""
        self.named = named
        self.loads: list[str] = []  # the names it uses, in order
        self.steps: list[Step] = []
        if isinstance(node, ast.Assign):
            if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
                raise ExpressionError(
                    f"a statement gives one plain name, as in c = a + b; got {_source(node)}"
                )
            self.name = node.targets[0].id
        elif not isinstance(node, ast.Expr):
            raise _refusal(node)
        self._flatten(node.value)

    def run(self) -> Any:
        stack: list[Any] = []
        for step in self.steps:
            step(stack)
        (result,) = stack
        return result

    def _flatten(self, node: ast.expr) -> None:
        """Steps in the order of evaluation, by a work list instead of recursion."""
        work: list[ast.expr | Step] = [node]
        while work:
            item = work.pop()
            if isinstance(item, ast.expr):
                work += reversed(self._expanded(item))
            else:
                self.steps.append(item)

    def _expanded(self, node: ast.expr) -> list[ast.expr | Step]:
        """The operands of a node, then the step that combines them."""
        match node:
            case ast.Constant():
                return [_pusher(_constant(node))]
            case ast.Name():
                self.loads.append(node.id)
                return [_loader(self.named, node.id)]
            case ast.BinOp(left, op, right):
                return [left, right, _binary(op)]
            case ast.UnaryOp(ast.USub() | ast.UAdd() as op, operand):
                return [operand, _unary(op)]
            case ast.List(elts) | ast.Tuple(elts):
                return [*elts, _lister(len(elts))]
            case ast.Subscript(value, index):
                return [value, _indexer(index)]
            case ast.Call():
                return self._call(node)
        raise _refusal(node)

    def _call(self, node: ast.Call) -> list[ast.expr | Step]:
        if not isinstance(node.func, ast.Name):
            raise _refusal(node.func, "only a function's bare name can be called, as in tanh(x)")
        name = node.func.id
        if name not in FUNCTIONS:
            raise ExpressionError(_unknown_function(name))
        if node.keywords:
            raise ExpressionError(
                f"{name} takes its inputs in order, without names; got {_source(node)}"
            )
        arguments: list[ast.expr | Step] = list(node.args)
        if name == "where" and node.args and isinstance(node.args[0], ast.Compare):
            condition = node.args[0]
            arguments[:1] = [condition.left, *condition.comparators, _comparison(condition.ops)]
        return [*arguments, _caller(name, len(node.args))]


def _check_names(statements: list[_Statement], inputs: Mapping[str, float]) -> None:
    """Every name used has a value, every value given is used, and each name is given once.

    The last statement, if it has no name of its own, gets one here.
    """
    used = {name for statement in statements for name in statement.loads}
    defined = {statement.name for statement in statements}
    known = set(inputs)
    missing: list[str] = []
    for i, statement in enumerate(statements):
        for name in statement.loads:
            if name not in known and name in defined:
                raise ExpressionError(
                    f"{_shown(name)} is used before the statement that computes it; move that "
                    "statement up, or, if a new value was meant, give it a new name"
                )
            if name not in known and name not in CONSTANTS and name not in missing:
                missing.append(name)
        if not statement.name:
            statement.name = _fresh("out", {*used, *known})
            if i + 1 < len(statements):
                raise ExpressionError(
                    f"statement {i + 1} has no name, so nothing can use it; write c = ... or "
                    "remove it"
                )
        shown = _shown(statement.name)
        if statement.name in inputs:
            raise ExpressionError(
                f"{shown} is computed by the expression and also given as an input; remove "
                f"{shown}=... or rename one of them"
            )
        if statement.name in known:
            raise ExpressionError(
                f"{statement.name} is given twice; use a new name the second time"
            )
        known.add(statement.name)
    if missing:
        raise ExpressionError(_without_value(missing))
    idle = [name for name in inputs if name not in used]
    if idle:
        raise ExpressionError(
            f"the expression does not use {', '.join(map(_shown, idle))}; remove "
            f"{' '.join(f'{_shown(name)}=...' for name in idle)} or correct the name"
        )
    idle = [statement.name for statement in statements[:-1] if statement.name not in used]
    if idle:
        raise ExpressionError(
            f"nothing uses {', '.join(map(_shown, idle))}; remove the statement, or use it in the "
            "last one"
        )


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


# -- steps -----------------------------------------------------------------------------------------


def _pusher(x: float) -> Step:
    return lambda stack: stack.append(x)


def _constant(node: ast.Constant) -> float:
    if type(node.value) in (int, float):
        return as_float(node.value, "a constant")
    raise ExpressionError(f"a constant is a real number, as in 2 or 0.5; got {_source(node)}")


def _loader(named: Mapping[str, Any], name: str) -> Step:
    return lambda stack: stack.append(named[name])


def _binary(op: ast.operator) -> Step:
    if type(op) not in BINARY:
        raise _refusal(op)
    over_values, over_floats = BINARY[type(op)]

    def step(stack: list[Any]) -> None:
        right, left = _number(stack.pop()), _number(stack.pop())
        plain = isinstance(left, float) and isinstance(right, float)
        stack.append(over_floats(left, right) if plain else over_values(left, right))

    return step


def _unary(op: ast.unaryop) -> Step:
    def step(stack: list[Any]) -> None:
        operand = _number(stack.pop())
        stack.append(-operand if isinstance(op, ast.USub) else operand)

    return step


def _comparison(ops: list[ast.cmpop]) -> Step:
    for op in ops:
        if type(op) not in COMPARISONS:
            raise _refusal(op, "compare with < <= > >= == !=")

    def step(stack: list[Any]) -> None:
        operands = [_number(x) for x in _taken(stack, len(ops) + 1)]
        triples = zip(ops, operands, operands[1:], strict=False)
        stack.append(float(all(COMPARISONS[type(op)](a, b) for op, a, b in triples)))

    return step


def _lister(count: int) -> Step:
    return lambda stack: stack.append([_number(x) for x in _taken(stack, count)])


def _indexer(node: ast.expr) -> Step:
    try:
        index = operator.index(ast.literal_eval(node))
    except (TypeError, ValueError, RecursionError, MemoryError):
        raise _refusal(node, "an index is a whole number, as in p[0]") from None

    def step(stack: list[Any]) -> None:
        items = stack.pop()
        if not isinstance(items, list):
            raise ExpressionError(
                f"only a list can be indexed, as in softmax([a, b])[0]; got [{index}]"
            )
        if not -len(items) <= index < len(items):
            raise ExpressionError(
                f"index {index} is outside a list of {len(items)}; the first is [0]"
            )
        stack.append(items[index])

    return step


def _caller(name: str, count: int) -> Step:
    function = FUNCTIONS[name]
    if not isinstance(function, Primitive):
        wanted = len(inspect.signature(function).parameters)
        if count != wanted:
            usage = f"{name}([a, b])" if wanted == 1 else f"{name}([a, b], [c, d])"
            raise ExpressionError(
                f"{name} takes {plural(wanted, 'list')}, as in {usage}; got {count}"
            )

    def step(stack: list[Any]) -> None:
        arguments = _taken(stack, count)
        if isinstance(function, Primitive) and any(isinstance(x, list) for x in arguments):
            raise ExpressionError(f"{name} takes numbers, got a list; write [{name}(a), {name}(b)]")
        try:
            stack.append(function(*arguments))
        except (TypeError, ValueError) as error:
            raise ExpressionError(str(error)) from None

    return step


def _taken(stack: list[Any], count: int) -> list[Any]:
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _number(x: Any) -> Any:
    if isinstance(x, list):
        raise ExpressionError(
            "arithmetic works on numbers, not on lists; pick one item, as in p[0], or use sum, "
            "mean or dot"
        )
    return x


def _labelled(result: Any, name: str) -> Any:
    """The result under its name. A plain number becomes a leaf, so that it can be seen; a list's
    items are called name[0], name[1] ... What already has a label keeps it."""
    if isinstance(result, list):
        return [_labelled(x, f"{name}[{i}]") for i, x in enumerate(result)]
    if not isinstance(result, Value):
        return Value(result, name)
    if result.label is None:
        result.label = name
    return result


def _scalars(items: Iterable[Any]) -> list[Any]:
    return [x for item in items for x in (item if isinstance(item, list) else [item])]


# -- complaints ------------------------------------------------------------------------------------


def _refusal(node: ast.AST, remedy: str = RULE) -> ExpressionError:
    """The complaint about a node that is not on the whitelist: its own remedy, or the one given."""
    for culprit in (node, *ast.iter_child_nodes(node)):
        if type(culprit) in REMEDIES:
            remedy = REMEDIES[type(culprit)]
            break
    return ExpressionError(f"{remedy}; got {_source(node)}" if hasattr(node, "lineno") else remedy)


def _source(node: ast.AST) -> str:
    try:
        return _quoted(ast.unparse(node))
    except (RecursionError, ValueError):
        return f"a long {type(node).__name__}"


def _quoted(text: str) -> str:
    mark = '"' if "'" in text else "'"
    return f"{mark}{printable(text, 60)}{mark}"


def _shown(name: str) -> str:
    return printable(name, 60)


def _without_value(missing: list[str]) -> str:
    name = missing[0]
    if len(missing) == 1 and name in FUNCTIONS:
        return f"{name} is a function; call it, as in {name}(x), or give it a value with {name}=1"
    shown = ", ".join(map(_shown, missing[:10]))
    inputs = " ".join(f"{_shown(name)}=1" for name in missing[:10])
    return f"no value for {shown}; add {inputs} to the command"


def _unknown_function(name: str) -> str:
    near = difflib.get_close_matches(name, FUNCTIONS, 1)
    hint = f"did you mean {near[0]}?" if near else f"the functions are {', '.join(FUNCTIONS)}"
    return f"{_quoted(name)} is not a function of autograd; {hint}"
