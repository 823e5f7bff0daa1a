"""NVRTC, NVIDIA's compiler of CUDA C++ at run time, by ctypes.

It is a library of a dozen functions with a stable interface, so no binding is installed for it; it
comes from its wheel on PyPI or with the system, and compiles without a GPU.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from autograd.engine.locks import new_lock

__all__ = ["OPTIONS", "NvrtcError", "archs", "compiled", "nvrtc_version"]

OPTIONS: Final = ("--fmad=false", "--std=c++17")
"""No contraction: a product and a sum are rounded each, as by the CPU."""
PATTERNS: Final = (
    "nvidia/cu1*/lib/libnvrtc.so.*",
    "nvidia/cu1*/bin/x86_64/nvrtc64_*.dll",
    "nvidia/cuda_nvrtc/lib/libnvrtc.so.*",
    "nvidia/cuda_nvrtc/bin/nvrtc64_*.dll",
)
"""Where the wheels put it: of CUDA 13, and of CUDA 12."""

_LOCK: Final = new_lock()


class NvrtcError(RuntimeError):
    """NVRTC did not compile a kernel."""


def compiled(source: str, arch: str) -> bytes:
    """A kernel's text compiled: for a device's architecture ("sm_90") to machine code, for a
    virtual one ("compute_90") to PTX. ImportError where there is no NVRTC."""
    library = _library()
    with _LOCK:
        return _compiled(library, source, arch)


def nvrtc_version() -> tuple[int, int]:
    """As of CUDA. ImportError where there is none."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return major.value, minor.value


@cache
def archs() -> tuple[int, int]:
    """The oldest and the newest architecture that it knows."""
    library, count = _library(), ctypes.c_int()
    library.nvrtcGetNumSupportedArchs(ctypes.byref(count))
    found = (ctypes.c_int * count.value)()
    library.nvrtcGetSupportedArchs(found)
    return min(map(int, found)), max(map(int, found))


def _compiled(library: Any, source: str, arch: str) -> bytes:
    program = ctypes.c_void_p()
    text = source.encode("utf-8")
    _check(
        library,
        library.nvrtcCreateProgram(ctypes.byref(program), text, b"kernel.cu", 0, None, None),
    )
    try:
        options = [option.encode() for option in (*OPTIONS, f"--gpu-architecture={arch}")]
        given = (ctypes.c_char_p * len(options))(*options)
        status = library.nvrtcCompileProgram(program, len(options), given)
        if status:
            log = _text(library, program, "ProgramLog").rstrip(b"\0").decode(errors="replace")
            version = ".".join(map(str, nvrtc_version()))
            raise NvrtcError(f"NVRTC {version} did not compile a kernel for {arch}: {log[:2000]}")
        return _text(library, program, "PTX" if arch.startswith("compute") else "CUBIN")
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _text(library: Any, program: Any, kind: str) -> bytes:
    size = ctypes.c_size_t()
    _check(library, library[f"nvrtcGet{kind}Size"](program, ctypes.byref(size)))
    out = ctypes.create_string_buffer(size.value)
    _check(library, library[f"nvrtcGet{kind}"](program, out))
    return out.raw


def _check(library: Any, status: int) -> None:
    if status:
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise NvrtcError(f"NVRTC: {library.nvrtcGetErrorString(status).decode()}")


@cache
def _library() -> Any:
    for name in _candidates():
        try:
            return _loaded(Path(name))
        except OSError:
            continue
    raise ImportError(
        "kernels for a CUDA device are compiled by NVRTC, which is not installed; run: "
        "pip install nvidia-cuda-nvrtc (or nvidia-cuda-nvrtc-cu12 for a driver of CUDA 12)"
    )


def _loaded(file: Path) -> Any:
    """A library, behind its built-ins: that of the wheel of 13.0 does not look beside itself for
    them, and takes those that are loaded."""
    beside = sorted(file.parent.glob("*nvrtc-builtins*")) if len(file.parts) > 1 else []
    for found in beside:
        if ".alt." not in found.name:
            ctypes.CDLL(str(found))
    return ctypes.CDLL(str(file))


def _candidates(folders: Sequence[str] | None = None) -> Iterator[str]:
    """The files of wheels, then what the system finds by name."""
    from ctypes.util import find_library  # which loads much

    for folder in sys.path if folders is None else folders:
        for pattern in PATTERNS:
            for found in sorted(Path(folder or ".").glob(pattern), reverse=True):
                if "builtins" not in found.name and ".alt." not in found.name:
                    yield str(found)
    named = find_library("nvrtc")
    if named is not None:
        yield named
    yield from ("libnvrtc.so.13", "libnvrtc.so.12")
