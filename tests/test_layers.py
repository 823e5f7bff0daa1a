"""The floors of the house: imports point down only, and importing the engine is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1]
PACKAGE = SOURCE / "autograd"

# A module may import from its own floor and those below, never upwards. Whatever is not listed
# stands on the top floor.
FLOORS = {
    "_is_chainrule": 0,
    "ieee": 0,
    "text": 0,
    "modes": 0,
    "primitives": 0,
    "graph": 0,
    "value": 1,
    "functions": 1,
    "copying": 1,
    "walks": 1,
    "tree": 2,
    "transforms": 2,
    "sparse": 2,
    "implicit": 2,
}
TOP = 3
ENTRANCES = {"__init__", "__main__"}  # they may see every floor
SHOP_WINDOW = "demo"  # the one module that may use nn


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path):
    """The absolute names that a file imports anywhere in it, functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    name = name_of(path)
    if name in ENTRANCES:
        return
    floor = FLOORS.get(name, TOP)
    for target in imported(path):
        package, _, rest = target.partition(".")
        assert package != "nn" or name == SHOP_WINDOW, f"{name} uses nn"
        below = rest.partition(".")[0]
        if package == "autograd" and below != name:
            assert FLOORS.get(below, TOP) <= floor, f"{name} (floor {floor}) imports {target}"


def test_nn_uses_the_public_engine_only():
    for path in (SOURCE / "nn").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inside = node.module.startswith("autograd.")
                assert not inside, f"nn/{path.name} imports {node.module}"
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names} - {"autograd._is_chainrule"}
                assert not any(name.startswith("autograd.") for name in names)


def test_optional_packages_stay_in_their_rooms():
    """graphviz is imported in drawing alone, llvmlite in compiler alone."""
    rooms = {"graphviz": "drawing", "llvmlite": "compiler"}
    for path in modules():
        for target in imported(path):
            room = rooms.get(target.partition(".")[0])
            assert room in (None, name_of(path)), f"{path} imports {target}"


@pytest.mark.parametrize("module", ["autograd", "nn", "autograd.drawing"])
def test_importing_loads_nothing_heavy(module, tmp_path):
    """Neither an optional package nor a part of the standard library that only tools need."""
    heavy = ["graphviz", "numpy", "matplotlib", "llvmlite", "IPython", "scipy", "tqdm"]
    heavy += ["argparse", "subprocess", "asyncio", "sysconfig", "xml"]
    code = (
        "import sys; before = set(sys.modules)\n"
        f"import {module}\n"
        f"print(*sorted(set({heavy}) & (set(sys.modules) - before)))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
