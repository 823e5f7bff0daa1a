"""Columns of numbers: by librt, and without it."""

from __future__ import annotations

import subprocess
import sys
from array import array
from textwrap import dedent

import pytest

pytest.importorskip("llvmlite")

from mypy_extensions import i32

import autograd
from autograd.compiler.ir.packed_columns import append, as_array, vec


def test_columns_grow_and_become_arrays() -> None:
    """Begun with an array, and made one again."""
    column = vec[i32](array("i", [3, -1]))
    column = append(column, i32(5))
    assert (len(column), column[1], list(column)) == (3, -1, [3, -1, 5])
    assert as_array("i", column) == array("i", [3, -1, 5])
    assert as_array("d", [0.5]) == array("d", [0.5])


def said_without(*missing: str) -> list[str]:
    """What a program prints, which takes a derivative and then compiles one, where these packages
    are not installed."""
    code = f"""
        import sys

        sys.modules |= dict.fromkeys({missing})  # as if there were none
        import autograd
        print(autograd.grad(lambda x: x * x)(3.0))
        try:
            print(autograd.jit(autograd.hessian(lambda x: x**4))(3.0))
        except ImportError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", dedent(code)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_without_librt() -> None:
    """Uncompiled, lists take its place; compiled, the error says what to install. The engine needs
    it in neither."""
    missing = "compiled functions need librt, which is not installed; run: pip install librt"
    assert said_without("librt") == ["6.0", missing if autograd.compiled else "108.0"]


def test_all_that_is_missing_is_named_at_once() -> None:
    """After `pip install .` that is librt, llvmlite and NumPy: one command brings them."""
    missing = (
        "compiled functions need librt, llvmlite and numpy, which are not installed; "
        "run: pip install librt llvmlite numpy"
    )
    if not autograd.compiled:
        missing = (
            "compiling needs llvmlite, which is not installed; run: pip install llvmlite numpy"
        )
    assert said_without("librt", "llvmlite", "numpy") == ["6.0", missing]
