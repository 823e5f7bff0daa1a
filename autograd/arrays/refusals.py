"""What is not answered for Values, and what to write instead."""

from __future__ import annotations

import sys
from typing import Any, Final

from autograd.engine.loaded_modules import loaded

__all__ = ["refuse_other_kinds", "refuse_own_classes", "refuse_sparse", "refused"]

COMPLEX: Final = (
    "its results are complex numbers, and a Value is a real one; write the real and the imaginary "
    "part as products with matrices of cosines and sines"
)
EIGEN: Final = (
    "eigenvalues and singular values come of an iteration; differentiate the equation that they "
    "solve with autograd.implicit_root"
)
SQUARES: Final = "solve the normal equations: numpy.linalg.solve(a.T @ a, a.T @ b)"
COUNTS: Final = "counts have no derivative; take them of the bare numbers, before differentiating"
WHOLE: Final = (
    "it takes whole numbers, and a Value is a real one (for conditions there are "
    "numpy.logical_and, logical_or and logical_not)"
)
DATES: Final = "it is about dates, and a Value is a number"
FILES: Final = "it writes bare numbers; pickle keeps Values"

# Names, and why there is no answer.
GROUPS: Final = {
    "fft fft2 fftn hfft ifft ifft2 ifftn ihfft irfft irfft2 irfftn rfft rfft2 rfftn": COMPLEX,
    "sort_complex common_type": COMPLEX,
    "eig eigh eigvals eigvalsh svd svdvals cond matrix_rank roots poly": EIGEN,
    "lstsq pinv polyfit": SQUARES,
    "qr": "for a factor of a symmetric matrix there is numpy.linalg.cholesky",
    "polydiv": "divide coefficient by coefficient",
    "histogram histogram2d histogramdd histogram_bin_edges": COUNTS,
    "packbits unpackbits ravel_multi_index unravel_index ix_ invert bitwise_and bitwise_or": WHOLE,
    "bitwise_xor": f"a power is written **, as in x ** 2; {WHOLE}",
    "bitwise_count left_shift right_shift gcd lcm": WHOLE,
    "is_busday busday_count busday_offset datetime_as_string isnat": DATES,
    "save savez savez_compressed savetxt tofile tobytes": FILES,
    "bincount": "it counts whole numbers, and a Value is a real one; its weights may be Values",
    "einsum_path": "ask it about numpy.empty arrays of the same shapes",
    "frexp nextafter spacing": "it is about the bits of a number: ask v.data",
    "geomspace": "write numpy.exp(numpy.linspace(numpy.log(a), numpy.log(b), n))",
}
REASONS: Final = {name: reason for names, reason in GROUPS.items() for name in names.split()}

OTHERWISE: Final = (
    "write it with autograd's functions (autograd.exp, autograd.sum, ...), which take arrays, or "
    "add an operation with autograd.primitive"
)


def refused(name: str) -> TypeError:
    """The error for a function or ufunc, by its full name."""
    reason = REASONS.get(name.rpartition(".")[2].partition(" ")[0], OTHERWISE)
    return TypeError(f"{name} is not available for Values and arrays of them: {reason}")


def refuse_other_kinds(array: Any, what: str) -> None:
    """TypeError for an array of those kinds that compute by rules of their own, which would be lost
    where it becomes an array of Values."""
    numpy = sys.modules["numpy"]
    if type(array) is numpy.ndarray:
        return
    masked = loaded("numpy.ma")  # not by asking NumPy, which would import it
    if masked is not None and isinstance(array, masked.MaskedArray):
        raise TypeError(
            f"{what} is a masked array, and an array of Values has no mask; fill it "
            "(x.filled(...)), or take what is not masked (x.compressed())"
        )
    if isinstance(array, numpy.matrix):
        raise TypeError(
            f"{what} is a numpy.matrix, which multiplies by rules of its own; make it an array "
            "(numpy.asarray(x)) and multiply with @"
        )


def refuse_own_classes(array: Any, what: str) -> None:
    """The same for an array that is to become one of Values itself, and for those of a class that
    keeps something beside the numbers (a unit, names), of which nothing would be left."""
    refuse_other_kinds(array, what)
    kind = type(array)
    is_plain = kind.__module__.partition(".")[0] in ("numpy", "autograd")
    if not is_plain or isinstance(array, sys.modules["numpy"].recarray):
        raise TypeError(
            f"{what} is an array of the class {kind.__name__}, and would be one of numbers alone; "
            "hand over the numbers (numpy.asarray(x)), and what else it keeps apart from them"
        )


def refuse_sparse(x: Any) -> None:
    """TypeError for SciPy's sparse matrices."""
    if hasattr(x, "nnz") and hasattr(x, "toarray"):
        raise TypeError(
            f"a {type(x).__name__} of SciPy holds bare numbers and can't meet Values; write "
            "x.toarray()"
        )
