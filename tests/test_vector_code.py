"""The machine code of a block of rows: what it loads, and how."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("llvmlite")
pytest.importorskip("numpy")

from autograd.compiler.ir.flat_code import Op
from autograd.compiler.ir.program import Program
from autograd.compiler.native.simd_target import host_vectors
from autograd.compiler.native.vector_codegen import Columns, Field, block_kernel

LANES = 4


def text_of(uses: int, stride: int) -> str:
    """The assembly of a power of the first of so many columns, by multiplications."""
    code = [Op("input", (), 0), *[Op("mul", (i, 0), None) for i in range(uses)]]
    program = Program(tuple(code), ("x",), (uses,))
    columns = Columns([Field(0, 0, stride)], [Field(1, 0, 1)])
    return block_kernel(program, columns, host_vectors(LANES), {})


@pytest.mark.parametrize("uses", [1, 3, 20])
def test_what_stands_apart_is_gathered_once(uses: int) -> None:
    """Lane by lane, however often it is needed."""
    assert text_of(uses, 2).count("load double") == LANES


@pytest.mark.parametrize("uses", [1, 3, 20])
def test_what_stands_together_is_read_where_it_is_needed(uses: int) -> None:
    """For it takes one load, as it would from where it was kept; so do numbers that rows share."""
    assert text_of(uses, 1).count(f"load <{LANES} x double>") == uses + 1
    assert text_of(uses, 0).count("load double") == uses + 1


def test_vectors_on_the_stack_lie_in_one_line_of_the_cache() -> None:
    """The function asks for that, which LLVM can't grant later."""
    [head] = re.findall(r"^define .*@run.*$", text_of(3, 1), re.MULTILINE)
    assert '"stackrealign"' in head


def test_pieces_of_long_code_follow_each_other() -> None:
    """Whichever way is taken: so nothing is put off from one piece to the next."""
    text = text_of(2000, 1)
    pieces = re.findall(r"br i1 %always\d+, label %(piece\d+), label %(never\d+)", text)
    assert len(pieces) > 3
    for piece, never in pieces:
        [block] = re.findall(rf"^{never}:\n((?:.*\n)*?)br label %(\w+)$", text, re.MULTILINE)
        assert block[1] == piece
