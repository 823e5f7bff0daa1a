"""Compiles the modules named on the command line, by their paths, with mypyc into `compiled/`.

hatch_build.py runs it in a copy of the source tree, as a process of its own, because mypyc ends the
process at the first error.

mypyc keeps what `help` shows of signatures, and drops docstrings. They are put into its C before
that is compiled; one whose place is not found fails the build. And what runs only once, when a
module is imported, a fifth of the code, is left unoptimised, so that GCC has less to do.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from mypyc.build import mypycify
from mypyc.codegen.cstring import encode_bytes_as_c_string
from setuptools import setup

# Silent about modules that are not compiled, because their types are checked elsewhere.
OPTIONS = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]

# The header replaces CPython's trashcan (it says why). Contraction is off so that a*b + c rounds as
# it does in Python. Functions are seen by their own file alone, so that the C compiler may put one
# in the place of its call; modules find each other by what they tell Python.
if sys.platform == "win32":
    FLAGS = ["/FIautograd/engine/_trashcan.h"]
else:
    FLAGS = ["-include", "autograd/engine/_trashcan.h", "-ffp-contract=off", "-Wno-error"]
    FLAGS += ["-fvisibility=hidden"]

C_FILE = Path("build/autograd/engine/__native__compiled.c")  # mypycify writes it

# Before what runs once.
ONCE = """\
#if defined(__clang__)
#define ONCE __attribute__((optnone, noinline))
#elif defined(__GNUC__)
#define ONCE __attribute__((optimize("O0")))
#else
#define ONCE
#endif
"""
TOP_LEVEL = r"char CPyDef_\w+_____top_level__\(void\) \{$"
EXECUTES = r"(?:static )?int CPyExec_\w+\(PyObject \*module\)$"
RUNS_ONCE = re.compile(rf"^ *(?={TOP_LEVEL}|{EXECUTES})", re.MULTILINE)

# Where mypyc writes the docstring of a function or method, a class, a property.
SIGNATURE = r'PyDoc_STR\("(?:[^"\\]|\\.)*'
FUNCTION = rf"\(PyCFunction\)CPyPy_%s,[^{{}}\"]*{SIGNATURE}"
CLASS = rf"CPyType_%s_template_ = \{{[^;]*\.tp_doc = {SIGNATURE}"
PROPERTY = r"\(getter\)%s,\s*(?:\(setter\)\w+|NULL),\s*"


def places(body: list[ast.stmt], inside: str) -> Iterator[tuple[str, str, str]]:
    """For each docstring: the text before its place in the C, what stands there, and itself."""
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.ClassDef) and node.bases:
            continue  # NamedTuple, Protocol: such a class is made by Python and keeps its docstring
        name = f"{inside}___{node.name}"
        doc = encode_bytes_as_c_string((ast.get_docstring(node) or "").encode())
        decorators = [ast.unparse(x) for x in node.decorator_list]
        if isinstance(node, ast.ClassDef):
            yield from places(node.body, name)
            place = CLASS % name, "", doc
        elif "property" in decorators:
            place = PROPERTY % f"{inside}_get_{node.name}", "NULL", f'"{doc}"'
        else:
            place = FUNCTION % name, "", doc
        if doc:
            yield place


def add_docstrings(paths: list[str]) -> None:
    """Put the docstrings of these modules into the C that was made of them."""
    c_source = C_FILE.read_text(encoding="utf-8")
    for path in map(Path, paths):
        for before, old, new in places(ast.parse(path.read_bytes()).body, path.stem):
            found = re.findall(before + old, c_source)
            if len(found) != 1:
                sys.exit(f"{path}: the C has {len(found)} places like {before}{old} for {new}")
            c_source = c_source.replace(found[0], found[0].removesuffix(old) + new)
    C_FILE.write_text(c_source, encoding="utf-8")


def leave_unoptimised() -> None:
    """Mark what runs once in the C, and drop the indentation, more than half of it, which takes the
    compiler 5 s to read."""
    c_source, count = RUNS_ONCE.subn("ONCE ", C_FILE.read_text(encoding="utf-8"))
    if not count:
        sys.exit("the C has no module's top level where it is looked for")
    C_FILE.write_text(ONCE + re.sub("^ +", "", c_source, flags=re.MULTILINE), encoding="utf-8")


def main(paths: list[str]) -> None:
    extensions = mypycify(OPTIONS + paths, debug_level="0", group_name="autograd.engine._compiled")
    add_docstrings(paths)
    leave_unoptimised()
    extensions[0].extra_compile_args += FLAGS  # one list, shared by all extensions
    build = ["build_ext", "--build-lib", "compiled", "--build-temp", "objects"]
    setup(name="chainrule", packages=[], py_modules=[], ext_modules=extensions, script_args=build)


if __name__ == "__main__":
    main(sys.argv[1:])
