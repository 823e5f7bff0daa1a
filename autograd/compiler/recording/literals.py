"""A function with Values in the place of the numbers that its names begin with.

`t = 0.0` and then `t = t + h` in a loop is arithmetic of floats, of which a recording sees nothing:
each round would have a number of its own. With a Value there, `t` is one of the numbers that a
state names. What is done with it has to come to the same: see `are_alike`.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any, Final

from autograd.engine.value import Value, inputs_and_partials

__all__ = ["are_alike", "with_literals"]

STORING: Final = frozenset(
    ["STORE_FAST", "STORE_DEREF", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"]
    + ["UNPACK_SEQUENCE"]
)
POWERS: Final = frozenset(["pow", "pow_const"])
"""Of floats, and with a plain exponent, they are computed in another way."""
DIVISIONS: Final = frozenset(["div", "mod", "floordiv"])
"""Of floats, those by 0 are an error."""


def with_literals(f: FunctionType) -> tuple[FunctionType, dict[int, Value]] | None:
    """The function with such Values, and these by their id; None where there is nothing to
    replace, or where floats are added up in a way of their own."""
    if f.__globals__.get("sum", builtins.sum) is builtins.sum and "sum" in f.__code__.co_names:
        return None  # which keeps what is rounded off, of floats
    made: dict[int, Value] = {}
    constants = list(f.__code__.co_consts)
    for i in _initial(f.__code__):
        constants[i] = _replaced(constants[i], made)
    defaults = _replaced(f.__defaults__, made) if f.__defaults__ else None
    if not made:
        return None
    code = f.__code__.replace(co_consts=tuple(constants))
    new = FunctionType(code, f.__globals__, f.__name__, defaults, f.__closure__)
    new.__kwdefaults__ = f.__kwdefaults__
    return new, made


def _initial(code: CodeType) -> Iterator[int]:
    """The places of the constants that are given a name, and are nobody's exponent."""
    instructions = [i for i in dis.get_instructions(code) if i.opname != "CACHE"]
    named, exponents = set(), set()
    for one, after in zip(instructions, instructions[1:], strict=False):
        if one.opname == "LOAD_CONST" and one.arg is not None:
            if after.opname in STORING:
                named.add(one.arg)
            elif after.opname == "BINARY_OP" and after.argrepr.startswith("**"):
                exponents.add(one.arg)
    yield from sorted(named - exponents)


def _replaced(x: Any, made: dict[int, Value]) -> Any:
    if type(x) is float:
        value = Value(x)
        made[id(value)] = value
        return value
    return tuple([_replaced(part, made) for part in x]) if type(x) is tuple else x


def are_alike(node: Value, varies: bool, constants: list[Any]) -> bool:
    """Whether a node is computed as it is where `constants`, those of its inputs that depend on no
    argument, are floats; and all of it, unless it `varies`."""
    name = "" if node._primitive is None else node._primitive.name
    if name in POWERS:
        return not any(isinstance(x, Value) for x in constants)
    if varies or name not in DIVISIONS:
        return True
    divisor = inputs_and_partials(node)[0][1]
    if isinstance(divisor, Value):
        return divisor._primitive is None and divisor._data != 0.0
    return bool(divisor != 0.0)
