"""What is not answered for Values, and what to write instead."""

from __future__ import annotations

from typing import Final

__all__ = ["refused"]

COMPLEX: Final = "its results are complex numbers, and a Value is a real one"
EIGEN: Final = (
    "eigenvalues and singular values come of an iteration; differentiate the equation that they "
    "solve with autograd.implicit_root"
)
SQUARES: Final = "solve the normal equations: numpy.linalg.solve(a.T @ a, a.T @ b)"
COUNTS: Final = "counts have no derivative; take them of the bare numbers, before differentiating"
WHOLE: Final = "it takes whole numbers, and a Value is a real one"
DATES: Final = "it is about dates"
FILES: Final = "it writes bare numbers; pickle keeps Values"

REASONS: Final[dict[str, str]] = {
    **dict.fromkeys(
        "fft fft2 fftn hfft ifft ifft2 ifftn ihfft irfft irfft2 irfftn rfft rfft2 rfftn".split(),
        COMPLEX + "; write sums of autograd.cos and autograd.sin, or matrix products with both",
    ),
    **dict.fromkeys("eig eigh eigvals eigvalsh svd svdvals cond matrix_rank roots".split(), EIGEN),
    **dict.fromkeys(["lstsq", "pinv", "polyfit"], SQUARES),
    "qr": "for a factor of a symmetric matrix there is numpy.linalg.cholesky",
    "polydiv": "divide coefficient by coefficient",
    **dict.fromkeys("histogram histogram2d histogramdd histogram_bin_edges".split(), COUNTS),
    **dict.fromkeys("packbits unpackbits ravel_multi_index unravel_index".split(), WHOLE),
    **dict.fromkeys(
        "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift gcd lcm "
        "bitwise_count".split(),
        WHOLE + " (for conditions: numpy.logical_and, logical_or, logical_not)",
    ),
    **dict.fromkeys(["sort_complex", "common_type"], COMPLEX),
    **dict.fromkeys("is_busday busday_count busday_offset datetime_as_string isnat".split(), DATES),
    **dict.fromkeys("save savez savez_compressed savetxt".split(), FILES),
    **dict.fromkeys(
        ["frexp", "nextafter", "spacing"], "it is about the bits of a number: ask v.data"
    ),
    "geomspace": "write numpy.exp(numpy.linspace(numpy.log(a), numpy.log(b), n))",
}

OTHERWISE: Final = (
    "write it with autograd's functions (autograd.exp, autograd.sum, ...), which take arrays, or "
    "add an operation with autograd.primitive"
)


def refused(name: str) -> TypeError:
    """The error for a function or ufunc, by its full name."""
    reason = REASONS.get(name.rpartition(".")[2], OTHERWISE)
    return TypeError(f"{name} is not available for Values and arrays of them: {reason}")
