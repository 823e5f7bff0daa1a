"""Packages in other places than an environment's folder, and installations that are refused."""

import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import autograd
import nn
from autograd.drawing.graphviz_program import find_dot

pytestmark = pytest.mark.one_form

PACKAGES = [Path(package.__file__).parent for package in (autograd, nn)]


def run(statements, path, **variables):
    """What a Python that finds modules under `path` prints, its error's last line included."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", statements],  # -P: modules of this folder are not found
        env={**os.environ, "PYTHONPATH": str(path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr.strip().rpartition("\n")[2]).strip()


def files():
    """Each file of both packages that is not compiled, and its place."""
    for package in PACKAGES:
        for path in package.rglob("*"):
            if path.is_file() and path.suffix not in {".so", ".pyd", ".pyc"}:
                yield path, path.relative_to(package.parent)


@pytest.mark.skipif(find_dot() is None, reason="pictures need Graphviz")
@pytest.mark.parametrize("bytecode", [False, True])
def test_an_application_in_a_zip_file(tmp_path, bytecode):
    """Modules, pages' assets and the data set are read out of it; nothing in it is compiled."""
    application = tmp_path / "application.pyz"
    with zipfile.ZipFile(application, "w") as archive:
        for path, place in files():
            if bytecode and path.suffix == ".py":
                code = py_compile.compile(str(path), str(tmp_path / "code"), doraise=True)
                archive.write(code, place.with_suffix(".pyc"))
            else:
                archive.write(path, place)
    used = (
        "import autograd, nn\n"
        "from autograd.exploring.page_parts import explorer_module\n"
        "a = autograd.Value(2.0, 'a')\n"
        "pages = autograd.steps(a * a).html(), explorer_module()\n"
        "print(autograd.__file__, autograd.compiled)\n"
        "print(len(nn.datasets.iris()[0]), [len(page) > 10_000 for page in pages])"
    )
    place = application / "autograd" / f"__init__.py{'c' * bytecode}"
    assert run(used, application).splitlines() == [f"{place} False", "150 [True, True]"]


def test_a_target_folder(tmp_path):
    """`pip install --target` puts the program that draws beside the packages, in no PATH."""
    for path, place in files():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / place)
    program = tmp_path / "bin" / ("graphviz-pure.exe" if os.name == "nt" else "graphviz-pure")
    program.parent.mkdir()
    program.write_text("")
    program.chmod(0o755)
    where = "from autograd.drawing.graphviz_program import find_dot; print(find_dot())"
    assert Path(run(where, tmp_path, PATH="")).samefile(program)


GIL = "import sys; sys._is_gil_enabled = lambda: {}; import {}; print('imported')"


@pytest.mark.parametrize("package", ["autograd", "nn", "autograd.engine.value"])
def test_python_without_its_lock_is_refused(package):
    """Free-threaded, as `sys._is_gil_enabled` tells; with the lock it runs."""
    path = PACKAGES[0].parent
    assert "Start it with the lock" in run(GIL.format(False, package), path)
    assert run(GIL.format(True, package), path) == "imported"


def test_every_name_is_there_without_the_functions_of_cpython():
    """PyPy's ctypes has no `pythonapi`."""
    said = run(
        "import ctypes; vars(ctypes).pop('pythonapi', None)\n"
        "from autograd import *; from nn import *; print(grad(lambda x: x * x)(3.0))",
        PACKAGES[0].parent,
    )
    assert said == "6.0"


@pytest.mark.parametrize("call", ["jit(abs)", "vmap(abs)"])
def test_an_llvmlite_that_is_too_old_is_refused(call):
    """At once, and not when a recording can't be compiled."""
    pytest.importorskip("llvmlite")
    said = run(
        "import llvmlite.binding as llvm; llvm.llvm_version_info = (15, 0, 7)\n"
        f"from autograd import *; {call}",
        PACKAGES[0].parent,
    )
    assert said == (
        "ImportError: compiling needs llvmlite 0.45 or newer, and this one has LLVM 15; "
        "run: pip install --upgrade llvmlite"
    )
