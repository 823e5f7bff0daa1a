"""Compiles the modules named on the command line, by their paths, with mypyc into `compiled/`.

hatch_build.py runs it in a copy of the source tree, as a process of its own, because mypyc ends the
process at the first error.

mypyc keeps what `help` shows of signatures, and drops docstrings. They are put into its C before
that is compiled; one whose place is not found fails the build. What runs only once, when a module
is imported, or seldom, a third of the code, is left unoptimised, so that GCC has less to do. And
Python finds each module in a file of its own, which only hands over to the one library: all of
these are copies of a single one that can stand for any of them.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from mypyc.build import mypycify
from mypyc.codegen.cstring import encode_bytes_as_c_string
from setuptools import Extension, setup

# Silent about modules that are not compiled, because their types are checked elsewhere.
OPTIONS = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
OPTIONS += [f"--cache-dir={os.devnull}"]

# The header replaces CPython's trashcan (it says why). Contraction is off so that a*b + c rounds as
# it does in Python. Functions are seen by their own file alone, so that the C compiler may put one
# in the place of its call; modules find each other by what they tell Python.
if sys.platform == "win32":
    FLAGS = ["/FIautograd/engine/_trashcan.h"]
else:
    FLAGS = ["-include", "autograd/engine/_trashcan.h", "-ffp-contract=off", "-Wno-error"]
    FLAGS += ["-fvisibility=hidden"]

# Of what GCC does at -O3, it pays here that functions are put in the place of their calls, by the
# same measures, and that what is rarely executed lies apart. The rest takes as long, for 2 %.
# The warning, which is in -Wall, has it read the whole file again at every `if`, as long once more.
FLAGS_OF_GCC = ["-Wno-misleading-indentation", "-O1", "-finline-small-functions"]
FLAGS_OF_GCC += ["-finline-functions", "-fpartial-inlining", "-foptimize-sibling-calls"]
FLAGS_OF_GCC += ["-freorder-blocks-and-partition", "-fstrict-aliasing", "-fipa-ra"]
FLAGS_OF_GCC += ["-fcaller-saves", "-fpeephole2", "--param=max-inline-insns-auto=30"]
FLAGS_OF_GCC += ["--param=max-inline-insns-single=200", "--param=inline-min-speedup=15"]
FLAGS_OF_GCC += ["--param=early-inlining-insns=14"]
# These find next to nothing in code that calls and branches, and take a tenth of the time. (Without
# if-conversion, which is as dear, reverse passes take 5 % longer.)
FLAGS_OF_GCC += ["-fno-tree-pta", "-fno-forward-propagate", "-fno-dse", "-fno-cprop-registers"]
FLAGS_OF_GCC += ["-fno-tree-sink", "-fno-tree-reassoc"]
# As at -O2: so that how fast a function is does not depend on the length of those before it.
FLAGS_OF_GCC += ["-falign-functions=32"]

C_FILE = Path("build/autograd/engine/__native__compiled.c")  # mypycify writes it
SHIMS = Path("build/shims.c")
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))

# Before what runs once or seldom.
SELDOM = """\
#if defined(__clang__)
#define SELDOM __attribute__((optnone, noinline))
#elif defined(__GNUC__)
#define SELDOM __attribute__((optimize("O0")))
#else
#define SELDOM
#endif
"""
DEFINITION = re.compile(r"^(?:\w[\w ]* \*?)?(\w+)\([^;{}=\n]*\)[ \n]\{$", re.MULTILINE)

# Importing a module; the class that mypyc makes of each lambda, apart from calling it; and what
# Python would call a private function by. (The table's own are rules, which are called so.)
TOP_LEVEL = r"CPyDef_\w+_____top_level__|CPyExec_\w+"
LAMBDA = r"\w+__mypyc_lambda__\d+\w*_obj(?!_____call__)\w*"
PRIVATE = r"CPyPy_(?!primitives_|\w+_obj_)\w*[a-z0-9]____[a-z]\w*"
RUNS_SELDOM = re.compile(f"{TOP_LEVEL}|{LAMBDA}|{PRIVATE}")

# Where mypyc writes the docstring of a function or method, a class, a property.
SIGNATURE = r'PyDoc_STR\("(?:[^"\\]|\\.)*'
PLACES = re.compile(
    rf"\(PyCFunction\)(?P<function>CPyPy_\w+),[^{{}}\"]*{SIGNATURE}"
    rf"|(?P<kind>CPyType_\w+)_template_ = \{{[^;]*\.tp_doc = {SIGNATURE}"
    r"|\(getter\)(?P<property>\w+),\s*(?:\(setter\)\w+|NULL),\s*NULL"
)


def docstrings(body: list[ast.stmt], inside: str) -> Iterator[tuple[str, str]]:
    """What the C calls each thing that has a docstring, and the docstring as C."""
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.ClassDef) and node.bases:
            continue  # NamedTuple, Protocol: such a class is made by Python and keeps its docstring
        name = f"{inside}___{node.name}"
        doc = encode_bytes_as_c_string((ast.get_docstring(node) or "").encode())
        decorators = [ast.unparse(x) for x in node.decorator_list]
        if isinstance(node, ast.ClassDef):
            yield from docstrings(node.body, name)
            name = f"CPyType_{name}"
        elif "property" in decorators:
            name = f"{inside}_get_{node.name}"
        else:
            name = f"CPyPy_{name}"
        if doc:
            yield name, doc


def with_docstrings(c_source: str, paths: list[str]) -> str:
    """The C that was made of these modules, with their docstrings."""
    places = defaultdict(list)
    for place in PLACES.finditer(c_source):
        places[place[place.lastgroup or 0]].append(place)
    put = []
    for path in map(Path, paths):
        for name, doc in docstrings(ast.parse(path.read_bytes()).body, path.stem):
            if len(places[name]) != 1:
                sys.exit(f"{path}: the C has {len(places[name])} places for {name}: {doc}")
            put.append((places[name][0], doc))
    parts, done = [], 0
    for place, doc in sorted(put, key=lambda found: found[0].start()):
        if place.lastgroup == "property":
            parts += [c_source[done : place.end() - len("NULL")], f'"{doc}"']
        else:
            parts += [c_source[done : place.end()], doc]
        done = place.end()
    return "".join(parts) + c_source[done:]


def partly_unoptimised(c_source: str) -> str:
    """The C with a mark at what runs seldom."""
    marked = []

    def mark(definition: re.Match[str]) -> str:
        if not RUNS_SELDOM.fullmatch(definition[1]):
            return definition[0]
        marked.append(definition[1])
        return f"SELDOM {definition[0]}"

    c_source = DEFINITION.sub(mark, c_source)
    if not any(name.endswith("top_level__") for name in marked):
        sys.exit("the C has no module's top level where it is looked for")
    return SELDOM + c_source


def not_indented(c_source: str) -> str:
    """Three fifths of what mypyc writes is spaces, which all that follows would read."""
    return "\n".join([line.lstrip(" ") for line in c_source.split("\n")])


def one_for_all(modules: list[Extension]) -> Extension:
    """The first of the modules that hand over to the library, made to do so for each of them."""
    lines = []
    for count, module in enumerate(modules):
        lines.append(f"#define PyInit___init__ PyInit___init__{count}")
        lines += [f'#include "{Path(source).as_posix()}"' for source in module.sources]
        lines.append("#undef PyInit___init__")
    SHIMS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    modules[0].sources = [str(SHIMS)]
    modules[0].include_dirs.append(".")
    return modules[0]


def is_gcc() -> bool:
    """Whether that is the C compiler, and not one that looks like it."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    command += ["-dM", "-E", "-x", "c", os.devnull]
    defined = subprocess.run(command, text=True, capture_output=True, check=False).stdout
    return "__GNUC__" in defined and "__clang__" not in defined


def main(paths: list[str]) -> None:
    library, *modules = mypycify(
        OPTIONS + paths, debug_level="0", group_name="autograd.engine._compiled"
    )
    c_source = with_docstrings(not_indented(C_FILE.read_text(encoding="utf-8")), paths)
    C_FILE.write_text(partly_unoptimised(c_source), encoding="utf-8")
    library.extra_compile_args += FLAGS  # one list, shared by all extensions
    if sys.platform != "win32" and is_gcc():
        library.extra_compile_args += FLAGS_OF_GCC
    extensions = [library, one_for_all(modules)]
    build = ["build_ext", "--build-lib", "compiled", "--build-temp", "objects"]
    setup(name="chainrule", packages=[], py_modules=[], ext_modules=extensions, script_args=build)
    made, *others = (Path("compiled", *module.name.split(".")) for module in modules)
    for other in others:
        other.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(f"{made}{SUFFIX}", f"{other}{SUFFIX}")


if __name__ == "__main__":
    main(sys.argv[1:])
