"""Tries the engine that was just compiled, before it is packed: `python build_checks.py MODULES` in
a folder where the compiled modules lie beside their sources.

autograd/engine/_trashcan.h relies on how this Python lays out objects and frees them, and machine
code on where they keep their content. Both hold in every Python that Chainrule was tested on; this
asks the one that is built for. hatch_build.py runs it as a process of its own, because an engine
that is wrong here may end the process. The last line it prints says what is wrong.
"""

from __future__ import annotations

import gc
import sys
import sysconfig
import threading
from importlib import import_module
from typing import Any

DEPTH = 200_000  # of a graph, which a stack of 8 MB has no room for at 50 bytes a call
STACK = 256 << 10


class Label(str):
    """A label that makes and drops a graph when it is freed, which is while others are freed."""

    freed = 0

    def __del__(self) -> None:
        Label.freed += 1
        if Label.freed % 1000 == 1:
            chain(1000)


def chain(length: int, label: str | None = None) -> Any:
    """A graph as deep as it has nodes."""
    from autograd.engine.value import Value

    out = Value(1.0, label)
    for _ in range(length):
        out = out * 0.5 + 1.0
    return out


def check_modules(names: list[str]) -> str:
    """Each is compiled, and its classes have nothing that the header's list has no room for."""
    for name in names:
        module = import_module(name)
        if not (module.__file__ or "").endswith((".so", ".pyd")):
            return f"{name} is not what was compiled"
        for kind in vars(module).values():
            if type(kind) is not type or "__mypyc_attrs__" not in vars(kind):
                continue  # no class, or one that Python makes
            if kind.__weakrefoffset__ or hasattr(kind, "__del__"):
                return f"{name}.{kind.__name__} may have neither weak references nor __del__"
    return ""


def check_freeing() -> str:
    """Deep graphs are freed on a small stack, all of it, whatever a finalizer does meanwhile."""
    drop(DEPTH)  # what is made once, and kept
    gc.collect()
    before = sys.getallocatedblocks()
    drop(DEPTH)
    left = sys.getallocatedblocks() - before
    if left > DEPTH // 100:
        return f"of a graph of {DEPTH} operations, {left} blocks of memory were not freed"
    if Label.freed != 2:
        return f"of 2 labels, {Label.freed} were freed"
    return ""


def drop(depth: int) -> None:
    """Make a graph and free it in a thread with a small stack, which recursion would exceed."""
    done = threading.Thread(target=lambda: chain(depth, Label("x")) and None)
    before = threading.stack_size(STACK)
    try:
        done.start()
    finally:
        threading.stack_size(before)
    done.join()


def check_layouts() -> str:
    """A Value's number lies in it, where machine code can read it."""
    from autograd.compiler.native.cpython_layout import layout

    if sys.maxsize < 1 << 32 or sysconfig.get_config_var("Py_TRACE_REFS"):
        return ""  # machine code doesn't read objects there
    found = layout()
    if found is None:
        return "objects of this Python don't have their content where machine code reads it"
    return "a Value refers to its number instead of holding it" if found.is_boxed else ""


def main(paths: list[str]) -> None:
    sys.path.insert(0, ".")
    names = [path.removesuffix(".py").replace("/", ".") for path in paths]
    fault = check_modules(names) or check_freeing() or check_layouts()
    if fault:
        sys.exit(fault)


if __name__ == "__main__":
    main(sys.argv[1:])
