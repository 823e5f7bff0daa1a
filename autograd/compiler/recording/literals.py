"""A function with Values in the place of the numbers that its names begin with.

`t = 0.0` and then `t = t + h` in a loop is arithmetic of floats, of which a recording sees nothing:
each round would have a number of its own. With a Value there, `t` is one of the numbers that a
state names. What is done with it has to come to the same: see `are_alike`.
"""

from __future__ import annotations

import dis
from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any, Final

from autograd.engine.value import Value, inputs_and_partials

__all__ = ["are_alike", "with_literals"]

STORING: Final = frozenset(
    {"STORE_FAST", "STORE_DEREF", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"}
    | {"UNPACK_SEQUENCE"}
)
POWERS: Final = frozenset(["pow", "pow_const"])
"""Of floats, and with a plain exponent, they are computed in another way."""
DIVISION: Final = "div"
"""Of floats, that by 0 is an error."""
REMAINDERS: Final = frozenset(["floordiv", "mod"])


def with_literals(f: FunctionType) -> tuple[FunctionType, dict[int, Value]] | None:
    """The function with such Values, and these by their id; None where there is nothing to
    replace."""
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
    named, exponents = set(), set()
    for one, after in pairwise(dis.get_instructions(code)):
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


def are_alike(node: Value, constants: Sequence[Any], named: Container[int]) -> bool:
    """Whether a node is computed as it is where `constants`, those of its inputs that depend on no
    argument, are floats. What is `named`, by its id, may have been another number before."""
    varies = len(constants) < len(inputs_and_partials(node)[0])
    name = "" if node._primitive is None else node._primitive.name
    if name in POWERS:
        return not any(isinstance(x, Value) for x in constants)
    if varies or name not in REMAINDERS | {DIVISION}:
        return True
    if name in REMAINDERS:
        return False
    divisor = inputs_and_partials(node)[0][1]
    if isinstance(divisor, Value):
        return id(divisor) not in named and divisor._data != 0.0
    return bool(divisor != 0.0)
