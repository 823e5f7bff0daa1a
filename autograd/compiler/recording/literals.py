"""A function with Values in the place of the numbers that its names begin with.

`t = 0.0` and then `t = t + h` in a loop is arithmetic of floats, of which a recording sees nothing:
each round would have a number of its own. With a Value there, `t` is one of the numbers that a
state names. What is done with it has to come to the same: see `are_alike`.
"""

from __future__ import annotations

import dis
from collections.abc import Container, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any, Final, TypeAlias

from autograd.engine.value import Value, inputs_and_partials

__all__ = ["are_alike", "with_literals"]

STORING: Final = frozenset(
    {"STORE_FAST", "STORE_DEREF", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"}
    | {"UNPACK_EX", "UNPACK_SEQUENCE"}
)
BY_COUNT: Final = frozenset(["BUILD_LIST", "BUILD_TUPLE", "COPY", "SWAP"])
"""They take as much as they say."""
TAKEN: Final[dict[str, int]] = {
    **dict.fromkeys(["LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF"], 0),
    **dict.fromkeys(["LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"], 0),
    **dict.fromkeys(["LOAD_CONST", "LOAD_SMALL_INT", "LOAD_GLOBAL", "PUSH_NULL"], 0),
    **dict.fromkeys(["EXTENDED_ARG", "NOP"], 0),
    **dict.fromkeys(["LOAD_ATTR", "LOAD_METHOD", "UNARY_NEGATIVE", "UNARY_POSITIVE"], 1),
    **dict.fromkeys(["BINARY_OP", "BINARY_SUBSCR", "COMPARE_OP"], 2),
    **dict.fromkeys(["STORE_FAST", "STORE_DEREF", "STORE_FAST_LOAD_FAST"], 1),
    "STORE_FAST_STORE_FAST": 2,
    **dict.fromkeys(["CALL_INTRINSIC_1", "LIST_TO_TUPLE", "UNPACK_EX", "UNPACK_SEQUENCE"], 1),
}
"""How much others take from the stack. After one that is not here nothing is known of it."""
_Item: TypeAlias = "int | tuple[_Item, ...] | None"
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


def _initial(code: CodeType) -> list[int]:
    """The places of the constants that are given a name, and are nobody's exponent."""
    named: set[int] = set()
    exponents: set[int] = set()
    stack = _Stack()
    for one in dis.get_instructions(code):
        taken = stack.taken_by(one)
        if one.opname in STORING:
            named.update(*map(_constants, taken))
        elif one.opname == "BINARY_OP" and one.argrepr.startswith("**"):
            exponents.update(_constants(taken[-1]))
    return sorted(named - exponents)


class _Stack:
    """Which constants are on the stack, as far down as that is known: in `a, t = x, 0.0` all is
    computed first, and named then. An item is the place of a constant, a tuple of items, or None.
    """

    def __init__(self) -> None:
        self._items: list[_Item] = []

    def taken_by(self, one: dis.Instruction) -> list[_Item]:
        """What an instruction takes, the top last; it is carried out."""
        name, count = one.opname, one.arg or 0
        if name == "PRECALL":
            return []  # CALL takes them
        if name in ("LIST_APPEND", "LIST_EXTEND"):  # a list further down, as of `0.0, *x, 0.5`
            found, *between, part = self._take(count + 1)
            self._items += [None if found is None else (found, part), *between]
            return []
        if name == "CALL":
            count += 2
        elif name not in BY_COUNT:
            count = TAKEN.get(name, -1)
        if count < 0:
            self._items.clear()
            return [None]
        taken = self._take(count)
        self._items += _given(one, taken)
        return taken

    def _take(self, count: int) -> list[_Item]:
        """As many, the top last; None for those that are not known."""
        known = self._items[-count:] if count else []
        del self._items[len(self._items) - len(known) :]
        return [None] * (count - len(known)) + known


def _given(one: dis.Instruction, taken: list[_Item]) -> list[_Item]:
    """What it puts on the stack for what it takes, the top last."""
    match one.opname:
        case "LOAD_CONST":
            return [one.arg]
        case "COPY":
            return [*taken, taken[0]]
        case "SWAP":
            return [taken[-1], *taken[1:-1], taken[0]]
        case "BUILD_LIST" | "BUILD_TUPLE":
            return [tuple(taken)]
        case "LIST_TO_TUPLE":
            return taken
        case "CALL_INTRINSIC_1":
            return taken if one.argrepr == "INTRINSIC_LIST_TO_TUPLE" else [None]
        case "CALL":
            return [None]
    argument = one.arg if one.opcode >= dis.HAVE_ARGUMENT else None
    effect = dis.stack_effect(one.opcode, argument, jump=False)
    return [None] * (len(taken) + effect)


def _constants(item: _Item) -> Iterator[int]:
    """The places in an item."""
    if isinstance(item, int):
        yield item
    elif item is not None:
        for part in item:
            yield from _constants(part)


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
