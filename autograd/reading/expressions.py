"""Formulas typed by a person, turned into a graph, for the command line and `explore`. No `eval`.

The text is parsed by Python's own parser, and what is on a whitelist of syntax is computed with
Values: names, numbers, `+ - * / // % **`, calls of autograd's public functions, lists as their
arguments, and comparisons as the condition of `where`. Every constant is a float from the start, so
`10**10**10` is infinite at once.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import operator
import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Final

import autograd
from autograd.engine import functions
from autograd.engine.operands import to_float
from autograd.engine.primitives import TABLE, Primitive
from autograd.engine.text import plural, printable
from autograd.engine.value import Value
from autograd.reading.notation import ALIASES, typed_out

__all__ = ["Computation", "ExpressionError", "assignment", "compute", "parsed"]

MAX_LENGTH: Final = 100_000  # characters of an expression
UNUSED: Final = re.compile("the expression does not use|nothing uses")  # errors that are no typos
SUGGESTED: Final = 200  # characters of an expression for which another is suggested
MAX_DEPTH: Final = 100  # of what stands inside what; a sum may be longer

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(autograd, name)
    for name in sorted({*TABLE, *functions.__all__, "gammaln"})
    if hasattr(autograd, name)
}
CONSTANTS: Final = {"pi": math.pi, "inf": math.inf, "nan": math.nan}

OPERATORS: Final[dict[type[ast.operator], tuple[Callable[[Any, Any], Any], Primitive]]] = {
    ast.Add: (operator.add, TABLE["add"]),
    ast.Sub: (operator.sub, TABLE["sub"]),
    ast.Mult: (operator.mul, TABLE["mul"]),
    ast.Div: (operator.truediv, TABLE["div"]),
    ast.FloorDiv: (operator.floordiv, TABLE["floordiv"]),
    ast.Mod: (operator.mod, TABLE["mod"]),
    ast.Pow: (operator.pow, TABLE["pow"]),
}
RELATIONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
REFUSALS: Final[dict[type[ast.AST], str]] = {  # for what else Python has
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
    try:
        return _computed(text, inputs)
    except ExpressionError as error:
        suggestion = "" if UNUSED.match(str(error)) else _suggestion(text, inputs)
        if not suggestion:
            raise
        said = re.split("; did you mean|; the functions are", str(error))[0]
        raise ExpressionError(f"{said}; did you mean {suggestion}") from None


def _computed(text: str, inputs: Mapping[str, float]) -> Computation:
    formulas = _formulas(parsed(text), inputs)
    scope = _Scope(formulas, inputs)
    for name, formula in formulas.items():
        scope.known[name] = _labelled(scope.value(formula), name)
    *others, last = formulas
    _check_uses(others, inputs, scope.used)
    root = scope.known[last]
    if isinstance(root, list):
        raise ExpressionError(
            f"the last statement must give one number, not a list of {len(root)}; take one of "
            f"them, as in {last}[0], or their sum, as in sum({last})"
        )
    known = [x if isinstance(x, list) else [x] for x in scope.known.values()]
    values = [value for items in known for value in items if isinstance(value, Value)]
    return Computation(root, {value.label: value for value in values if value.label})


def assignment(text: str) -> tuple[str, float]:
    """The name and the number of an input written `name=number`. Raises ExpressionError.

    >>> assignment("b=1e-3")
    ('b', 0.001)
    """
    name, equals, number = text.partition("=")
    name = unicodedata.normalize("NFKC", name.strip())  # as Python does with names in the formula
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


def parsed(text: str) -> list[ast.stmt]:
    """The statements, by Python's parser; every way it can fail is one clear ExpressionError."""
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
    if "cannot assign to function call" in message:
        said = "a statement gives one plain name, as in f = x ** 2"
    return f"the expression is not a formula{where} (character {column + 1}): {said}"


def _formulas(statements: list[ast.stmt], inputs: Mapping[str, float]) -> dict[str, ast.expr]:
    """The formula of each name that the statements give; the last one gets one if it has none."""
    formulas: dict[str, ast.expr] = {}
    for i, node in enumerate(statements, 1):
        match node:
            case ast.Assign([ast.Name(name)], formula):
                pass
            case ast.Assign():
                raise ExpressionError(
                    f"a statement gives one plain name, as in c = a + b; got {_source(node)}"
                )
            case ast.Expr(formula) if i == len(statements):
                name = "out"
                while name in formulas or name in inputs:
                    name += "_"
            case ast.Expr():
                raise ExpressionError(
                    f"statement {i} has no name, so nothing can use it; write c = ... or remove it"
                )
            case _:
                raise _refusal(node)
        if name in inputs:
            shown = printable(name)
            raise ExpressionError(
                f"{shown} is computed by the expression and also given as an input; remove "
                f"{shown}=... or rename one of them"
            )
        if name in formulas:
            raise ExpressionError(
                f"{printable(name)} is given twice; use a new name the second time"
            )
        formulas[name] = formula
    return formulas


def _check_uses(names: Sequence[str], inputs: Iterable[str], used: Collection[str]) -> None:
    """Every value that is given or computed is used."""
    idle = [printable(name) for name in inputs if name not in used]
    if idle:
        raise ExpressionError(
            f"the expression does not use {', '.join(idle)}; remove "
            f"{' '.join(f'{name}=...' for name in idle)} or correct the name"
        )
    idle = [printable(name) for name in names if name not in used]
    if idle:
        raise ExpressionError(
            f"nothing uses {', '.join(idle)}; remove the statement, or use it in the last one"
        )


def _suggestion(text: str, inputs: Mapping[str, float]) -> str:
    """The formula in the notation that is understood, in quotes; "" where it is that already."""
    if len(text) > SUGGESTED:
        return ""
    parts = re.split(r"[;\n]", text)
    assigned = [part.partition("=")[0].strip() for part in parts if "=" in part]
    variables = {*inputs, *assigned, *CONSTANTS}
    typed = _factors(typed_out(text, FUNCTIONS, variables), variables).strip()
    if not typed or typed == text.strip() or not typed.isprintable():
        return ""
    try:
        _computed(typed, inputs)
    except ExpressionError as error:
        if not (UNUSED.match(str(error)) or str(error).startswith("no value for")):
            return ""
    return f"'{typed}'"


def _factors(text: str, variables: Collection[str]) -> str:
    """Names that are two variables side by side, as the product that they are: `ab` as `a*b`."""

    def product(found: re.Match[str]) -> str:
        name = found[0]
        for i in range(1, len(name)):
            if name not in variables and name[:i] in variables and name[i:] in variables:
                return f"{name[:i]}*{name[i:]}"
        return name

    return re.sub(r"[^\W\d]\w*(?!\w*\s*[(=])", product, text)


# -- computing -------------------------------------------------------------------------------------


class _Scope:
    """What has a value while one statement after the other is computed, and what has been used."""

    def __init__(self, formulas: Mapping[str, ast.expr], inputs: Mapping[str, float]) -> None:
        self.formulas = formulas
        self.inputs = inputs
        self.used: set[str] = set()
        self.known: dict[str, Any] = {x: CONSTANTS[x] for x in CONSTANTS if x not in formulas}
        self.known |= {name: Value(data, name) for name, data in inputs.items()}

    def value(self, node: ast.expr, depth: int = 0) -> Any:
        """A number, a Value or a list of them."""
        if depth > MAX_DEPTH:
            raise ExpressionError(TOO_DEEP)
        match node:
            case ast.Constant():
                return _constant(node)
            case ast.Name(name):
                return self._named(name)
            case ast.BinOp():
                return self._chain(node, depth)
            case ast.UnaryOp(ast.USub() | ast.UAdd() as op, operand):
                (x,) = self._numbers([operand], depth)
                return -x if isinstance(op, ast.USub) else x
            case ast.List(items) | ast.Tuple(items):
                return self._numbers(items, depth)
            case ast.Subscript(items, index):
                place = _index(index)
                return _item(self.value(items, depth + 1), place)
            case ast.Call():
                name = _function_name(node)
                return _called(name, [self._input(name, x, depth + 1) for x in node.args])
        raise _refusal(node)

    def _named(self, name: str) -> Any:
        self.used.add(name)
        if name in self.known:
            return self.known[name]
        if name in self.formulas:
            raise ExpressionError(
                f"{printable(name)} is used before the statement that computes it; move that "
                "statement up, or, if a new value was meant, give it a new name"
            )
        names = self._names()
        missing = [name for name in names if name not in self.known and name not in self.formulas]
        unused = [name for name in self.inputs if name not in names]
        raise ExpressionError(_without_value(missing, unused))

    def _names(self) -> list[str]:
        """Of the numbers in all formulas, in order."""
        nodes = [node for formula in self.formulas.values() for node in ast.walk(formula)]
        functions = {node.func for node in nodes if isinstance(node, ast.Call)}
        found = [node for node in nodes if isinstance(node, ast.Name) and node not in functions]
        found.sort(key=lambda node: (node.lineno, node.col_offset))
        return list(dict.fromkeys(node.id for node in found))

    def _numbers(self, nodes: Iterable[ast.expr], depth: int) -> list[Any]:
        return [_number(self.value(node, depth + 1)) for node in nodes]

    def _chain(self, node: ast.expr, depth: int) -> Any:
        """`a + b - c`, which Python's parser nests to the left however long it is."""
        chain = []
        while isinstance(node, ast.BinOp):
            if type(node.op) not in OPERATORS:
                raise _refusal(node.op)
            chain.append(node)
            node = node.left
        left = self.value(node, depth + 1)
        for link in reversed(chain):
            right, left = _number(self.value(link.right, depth + 1)), _number(left)
            over_values, over_floats = OPERATORS[type(link.op)]
            floats = isinstance(left, float) and isinstance(right, float)
            left = over_floats(left, right) if floats else over_values(left, right)
        return left

    def _input(self, name: str, node: ast.expr, depth: int) -> Any:
        """An input of a function; the condition of `where` may be a comparison: 1.0 or 0.0."""
        if name != "where" or not isinstance(node, ast.Compare):
            return self.value(node, depth)
        for op in node.ops:
            if type(op) not in RELATIONS:
                raise _refusal(op, "compare with < <= > >= == !=")
        numbers = self._numbers([node.left, *node.comparators], depth)
        triples = zip(node.ops, numbers, numbers[1:], strict=False)
        return float(all(RELATIONS[type(op)](a, b) for op, a, b in triples))


def _called(name: str, inputs: list[Any]) -> Any:
    function = FUNCTIONS[name]
    if isinstance(function, Primitive) and any(isinstance(x, list) for x in inputs):
        raise ExpressionError(f"{name} takes numbers, got a list; write [{name}(a), {name}(b)]")
    try:
        return function(*inputs)
    except (TypeError, ValueError) as error:
        raise ExpressionError(str(error)) from None


def _index(node: ast.expr) -> int:
    try:
        return operator.index(ast.literal_eval(node))
    except (TypeError, ValueError, RecursionError, MemoryError):
        raise _refusal(node, "an index is a whole number, as in p[0]") from None


def _item(items: Any, index: int) -> Any:
    if not isinstance(items, list):
        raise ExpressionError(
            f"only a list can be indexed, as in softmax([a, b])[0]; got [{index}]"
        )
    if not -len(items) <= index < len(items):
        raise ExpressionError(f"index {index} is outside a list of {len(items)}; the first is [0]")
    return items[index]


def _constant(node: ast.Constant) -> float:
    if type(node.value) in (int, float):
        return to_float(node.value, "a constant")
    raise ExpressionError(f"a constant is a real number, as in 2 or 0.5; got {_source(node)}")


def _function_name(node: ast.Call) -> str:
    if not isinstance(node.func, ast.Name):
        raise _refusal(node.func, "only a function's bare name can be called, as in tanh(x)")
    name, count = node.func.id, len(node.args)
    if name not in FUNCTIONS:
        raise ExpressionError(_unknown_function(name))
    if node.keywords:
        raise ExpressionError(
            f"{name} takes its inputs in order, without names; got {_source(node)}"
        )
    function = FUNCTIONS[name]
    if not isinstance(function, Primitive):
        _check_count(name, count, _declared(function))
    return name


def _declared(function: Any) -> list[Parameter]:
    """Without `*others`, which is there for the sake of its own message."""
    found = signature(function).parameters.values()
    return [x for x in found if x.kind is not x.VAR_POSITIONAL]


def _check_count(name: str, count: int, parameters: list[Parameter]) -> None:
    """Of a function over sequences, which may take a number behind them, or an option."""
    needed = [x.name for x in parameters if x.default is x.empty]
    if len(needed) <= count <= len(parameters):
        return
    if needed[-1] == "q":
        raise ExpressionError(f"{name} takes a list and q, as in {name}([a, b], 0.5); got {count}")
    usage = f"{name}([a, b])" if len(needed) == 1 else f"{name}([a, b], [c, d])"
    raise ExpressionError(f"{name} takes {plural(len(needed), 'list')}, as in {usage}; got {count}")


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


# -- complaints ------------------------------------------------------------------------------------


def _refusal(node: ast.AST, remedy: str = RULE) -> ExpressionError:
    """The complaint about what is not allowed: its own remedy, or its operator's, or that given."""
    culprits = [type(node), type(getattr(node, "op", None))]
    remedy = next((REFUSALS[kind] for kind in culprits if kind in REFUSALS), remedy)
    return ExpressionError(f"{remedy}; got {_source(node)}" if hasattr(node, "lineno") else remedy)


def _source(node: ast.AST) -> str:
    try:
        return _quoted(ast.unparse(node))
    except (RecursionError, ValueError):
        return f"a long {type(node).__name__}"


def _quoted(text: str) -> str:
    mark = '"' if "'" in text else "'"
    return f"{mark}{printable(text)}{mark}"


def _without_value(missing: list[str], unused: list[str]) -> str:
    name = missing[0]
    if len(missing) == len(unused) == 1:
        a, b = printable(name), printable(unused[0])
        return f"no value for {a}, and the expression does not use {b}; write {a}=... for {b}=..."
    if len(missing) == 1 and name in FUNCTIONS:
        return f"{name} is a function; call it, as in {name}(x), or give it a value with {name}=1"
    shown = ", ".join(map(printable, missing[:10]))
    inputs = " ".join(f"{printable(name)}=1" for name in missing[:10])
    return f"no value for {shown}; add {inputs} to the command"


def _unknown_function(name: str) -> str:
    near = [ALIASES[name]] if name in ALIASES else difflib.get_close_matches(name, FUNCTIONS, 1)
    hint = f"did you mean {near[0]}?" if near else f"the functions are {', '.join(FUNCTIONS)}"
    return f"{_quoted(name)} is not a function of autograd; {hint}"
