"""The layout: imports point down between folders, names stand for one thing, files stay small, and
importing the package is cheap. All of it is read off the code."""

import ast
import re
import subprocess
import sys
from collections import defaultdict

import pytest
from layout import FOLDERS, MODULES, SOURCE, folder_of, imports, module_named, tree_of

# A folder may import from those above it in its list, and from itself.
ORDER = [
    "autograd/engine",
    "autograd/arrays",
    "autograd/transforms",
    "autograd/compiler/ir",
    "autograd/compiler/native",
    "autograd/compiler/recording",
    "autograd/compiler/cuda",
    "autograd/compiler/cluster",
    "autograd/compiler",
    "autograd/explaining",
    "autograd/drawing",
    "autograd/check/tutor",
    "autograd/check",
    "autograd/reading",
    "autograd/exploring",
    "autograd/drawing/player",
    "autograd/cli",
]
NN = ["nn", "nn/training"]
ENTRANCES = {
    "autograd",
    "autograd/__main__",
    "autograd/hook-autograd",
    "nn",
}  # public names: they may import everything
ROOT = {
    "autograd/_conflict_check",
    "autograd/_foreign_names",
    "autograd/_interpreter_check",
    "autograd/_moved",
}
USES_NN = "autograd/cli/demo"
TABLES = {"autograd/engine/primitives"}  # one row per operation, however many there are
LINES = 500


def public_definitions(name):
    """Classes and functions at the top of a module, but private ones."""
    for node in tree_of(name).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name):
    folder = folder_of(name)
    for target in imports(name):
        found = module_named(target)
        if found is None or name in ENTRANCES or found in ROOT:
            continue
        if name.startswith("nn/"):
            if found.startswith("autograd"):
                assert found == "autograd", f"{name} imports {target}; nn uses public names only"
            elif found != "nn":
                assert NN.index(folder_of(found)) <= NN.index(folder), f"{name} imports {target}"
            continue
        if found == "nn" or found.startswith("nn/"):
            assert name == USES_NN, f"{name} imports {target}"
            continue
        if found == "autograd":  # the public names, which need everything
            assert folder in ("autograd/cli", "autograd/reading"), f"{name} imports {target}"
            continue
        assert ORDER.index(folder_of(found)) <= ORDER.index(folder), f"{name} imports {target}"


def test_there_is_no_import_circle():
    """Imports for types and within functions included; a package's own names are its modules'."""
    graph = {
        name: {
            found
            for target in imports(name)
            if (found := module_named(target)) not in (None, name, *FOLDERS)
        }
        for name in MODULES
    }
    done: set[str] = set()
    while ready := {name for name in graph.keys() - done if graph[name] <= done}:
        done |= ready
    assert graph.keys() - done == set()


def test_no_file_name_stands_twice():
    places = defaultdict(list)
    for name in MODULES.keys() - FOLDERS - {"autograd/__main__"}:
        places[name.rpartition("/")[2]].append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_public_name_stands_for_two_things():
    """Neither two classes or functions, nor a module and something of another module."""
    places = defaultdict(set)
    for name in MODULES.keys() - FOLDERS:
        places[name.rpartition("/")[2]].add(name)
        if name not in TABLES and name != "autograd/engine/ieee":  # both have a row per operation
            for defined in public_definitions(name):
                places[defined].add(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", sorted(MODULES.keys() - TABLES))
def test_files_are_short(name):
    assert len(MODULES[name].read_text("utf-8").splitlines()) <= LINES


@pytest.mark.parametrize("name", MODULES)
def test_private_names_stay_in_their_folder(name):
    for target in imports(name):
        found = module_named(target)
        if found is None or found in ROOT or "/".join(target.split(".")) in ROOT:
            continue
        private = [part for part in target.split(".") if part.startswith("_")]
        if private:
            assert folder_of(found) == folder_of(name), f"{name} imports {target}"


def test_the_page_on_the_architecture_lists_the_folders():
    """Every folder of the source, in the order in which they may import, and no other."""
    page = (SOURCE / "docs" / "architecture.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z_/]+)/` \|", page, re.MULTILINE)
    assert listed == ["autograd", *ORDER, *NN]
    assert set(listed) == FOLDERS


def test_files_that_documents_name_exist():
    for page in ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/architecture.md"]:
        for name in re.findall(
            r"`((?:autograd|nn|docs|tests)/[\w/.-]*)`", (SOURCE / page).read_text("utf-8")
        ):
            assert (SOURCE / name).exists(), f"{page} names {name}"


def test_optional_packages_stay_in_their_folders():
    allowed = {
        "anywidget": ("autograd/exploring",),
        "cloudpickle": ("autograd/compiler/cluster",),
        "dask": ("autograd/compiler/cluster", "nn/training"),
        "graphviz": ("autograd/drawing",),
        "llvmlite": ("autograd/compiler/native",),
    }
    for name in MODULES:
        for target in imports(name):
            folders = allowed.get(target.partition(".")[0])
            assert folders is None or folder_of(name) in folders, f"{name} imports {target}"


@pytest.mark.parametrize("module", ["autograd", "nn", "autograd.drawing"])
def test_importing_loads_nothing_heavy(module, tmp_path):
    """Neither an optional package nor a part of the standard library that only tools need."""
    heavy = ["graphviz", "numpy", "matplotlib", "llvmlite", "IPython", "scipy", "tqdm", "anywidget"]
    heavy += ["argparse", "subprocess", "asyncio", "sysconfig", "xml"]
    code = (
        "import sys; before = set(sys.modules)\n"
        f"import {module}\n"
        f"print(*sorted(set({heavy}) & (set(sys.modules) - before)))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
