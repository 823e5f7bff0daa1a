"""What PyInstaller is told of the package; a frozen program itself takes minutes to make."""

import runpy
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import autograd
from autograd._pyinstaller import hook_folders
from autograd.drawing import graphviz_program

pytestmark = pytest.mark.one_form

PACKAGE = Path(autograd.__file__).parent


def test_the_hook_is_where_the_entry_point_says():
    assert [Path(folder) for folder in hook_folders()] == [PACKAGE]
    assert (PACKAGE / "hook-autograd.py").exists()
    declared = (
        (PACKAGE.parent / "pyproject.toml").read_text("utf-8")
        if (PACKAGE.parent / "pyproject.toml").exists()
        else "".join(map(str, entry_points(group="pyinstaller40")))
    )
    assert "autograd._pyinstaller:hook_folders" in declared


def test_the_hook_names_lazy_modules_assets_and_the_program():
    found = runpy.run_path(str(PACKAGE / "hook-autograd.py"))
    assert {"autograd.drawing.player.player", "autograd.engine.value", "nn.training.loop"} <= set(
        found["hiddenimports"]
    )
    files = {(Path(path).name, Path(folder)) for path, folder in found["datas"]}
    assert ("iris.csv", Path("nn/data")) in files
    assert ("player.js", Path("autograd/drawing/player")) in files
    assert all(Path(path).exists() for path, _ in found["datas"])
    assert all(Path(path).exists() and folder == "." for path, folder in found["binaries"])


def test_a_frozen_program_draws_with_what_it_has_with_it(monkeypatch, tmp_path):
    program = tmp_path / graphviz_program.BUNDLED
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    if sys.platform != "win32":
        assert graphviz_program.bundled_dot() == str(program)
