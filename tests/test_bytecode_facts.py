"""What is read off the bytecode of this Python: on every version the same source has the same
facts, and is followed as a loop or not."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from eagerly import eagerly, same

import autograd
from autograd import jit, value_and_grad
from autograd.compiler.recording import bytecode_facts
from autograd.compiler.recording.bytecode_facts import Facts, WholeNumberTest
from autograd.compiler.recording.closed_functions import closed

NAMES = bytecode_facts.LOADS | bytecode_facts.STORES | {bytecode_facts.BOTH}
OTHERS = 0x20 | 0x80 | 0x200  # `co_flags` of generators and coroutines
SOURCES = sorted(Path(ast.__file__).parent.glob("[a-d]*.py"))  # the standard library


def functions_in(code: CodeType) -> Iterator[CodeType]:
    if not code.co_flags & OTHERS:
        yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from functions_in(inner)


def test_the_stack_is_known_in_all_functions() -> None:
    """Some 2,000 of the standard library: how much is on the stack at each instruction fits
    together, and no instruction reads or writes local names in a way that is not known."""
    count = 0
    for path in SOURCES:
        for code in functions_in(compile(path.read_bytes(), path.name, "exec")):
            facts = Facts(code)
            assert facts._depths, code
            assert {one.opname for one in facts._all if "_FAST" in one.opname} <= NAMES, code
            count += 1
    assert count > 1000


def offsets(facts: Facts, name: str) -> list[int]:
    return [one.offset for one in facts._all if one.opname == name]


def after_a_comprehension(factors: Any) -> Any:
    scaled = [y * 3.0 for y in factors]
    unused = scaled[0]
    while scaled[0] < 1.0:
        scaled = [y * 2.0 for y in scaled]
    return unused


def test_names_that_are_still_read() -> None:
    facts = Facts(after_a_comprehension.__code__)
    for offset in offsets(facts, "COMPARE_OP"):
        assert facts.rest(offset) == 0
        assert facts.live(offset) - {"y"} == {"scaled", "unused"}


def conversions(a: Any, b: Any) -> Any:
    while int(a) > 3 or round(a) % 4 == 2 or math.floor(a) < b or max(a, b) > 2.0:
        a = a * 0.5
    return a


def test_calls_of_which_it_is_known_what_comes() -> None:
    """`int`, `round`, `math.floor` and `max`, and what two of them are tested for."""
    facts = Facts(conversions.__code__)
    find = {"int": int, "round": round, "math": math, "max": max}.get
    calls = [offset for offset in offsets(facts, "CALL") if facts.is_known_call(offset, find)]
    assert len(set(calls)) >= 4  # a loop's test may stand twice in the code
    assert [offset for offset in calls if facts.is_choice(offset)]
    tests = {facts.test_after(offset) for offset in calls} - {None}
    assert tests == {WholeNumberTest(None, ">", 3), WholeNumberTest(4, "==", 2)}


# -- what stands in a loop that is followed --------------------------------------------------------


def with_a_list(p: Any) -> Any:
    state = [p[0], p[1]]
    while state[0] > 1.0:
        state = [0.5 * x for x in state]
    return state[0] + state[1]


def with_a_tuple(p: Any) -> Any:
    state = (p[0], p[1])
    while state[0] > 1.0:
        state = tuple(0.5 * x for x in state)
    return state[0] + state[1]


def with_the_name_again(p: Any) -> Any:
    x = p[0]
    while x > 1.0:
        x = sum([0.25 * x for x in [x, x]]) + 0.0 * p[1]
    return x


def with_a_sign(p: Any) -> Any:
    x = p[0]
    while x > 1.0:
        x = +(0.5 * x) + 0.0 * p[1]
    return x


def with_parts(p: Any) -> Any:
    rest, x = [p[1]], p[0]
    while x > 1.0:
        x = autograd.dot([0.25 * x, *rest], (2.0, *[0.0 * y for y in rest]))
    return x


def with_a_slice(p: Any) -> Any:
    state = [p[0], p[1], p[1]]
    while state[0] > 1.0:
        state[0:2] = [0.5 * state[0], state[2]]
    return state[0] + state[1]


LOOPS = [with_a_list, with_a_tuple, with_the_name_again, with_a_sign, with_parts, with_a_slice]


@pytest.mark.parametrize("f", LOOPS)
@pytest.mark.parametrize("derivative", [None, value_and_grad])
def test_it_is_followed_as_a_loop(f: Any, derivative: Callable[..., Any] | None) -> None:
    """One path for every number of rounds, whatever instructions this Python has for it."""
    assert closed(f) is not None
    compiled = jit(f if derivative is None else derivative(f))
    for n in range(30):
        p = [1.5**n, 0.25]
        wanted = eagerly(f, p) if derivative is None else derivative(f)(p)
        assert same(compiled(p), wanted)
    assert compiled.stats().paths == 1


def guarded(p: Any) -> Any:
    x = p[0]
    try:
        while x > 1.0:
            x = 0.5 * x
    finally:
        x = x + p[1]
    return x


def compared_by_identity(p: Any) -> Any:
    x, before = p[0], p[1]
    while x > 1.0 and x is not before:
        x, before = 0.5 * x, x
    return x


@pytest.mark.parametrize("f", [guarded, compared_by_identity])
def test_it_is_not_followed(f: Any) -> None:
    """An exception's way, and which object it is, are not part of a state."""
    assert closed(f) is None
    compiled = jit(f)
    for n in range(10):
        assert same(compiled([1.5**n, 0.25]), eagerly(f, [1.5**n, 0.25]))
