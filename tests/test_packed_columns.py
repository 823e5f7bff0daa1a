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


def test_without_librt() -> None:
    """Uncompiled, lists take its place; compiled, the error says what to install. The engine needs
    it in neither."""
    code = """
        import sys

        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "librt":
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Blocker())
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
    missing = "compiled functions need librt, which is not installed; run: pip install librt"
    assert done.stdout.splitlines() == ["6.0", missing if autograd.compiled else "108.0"]
