"""How a build decides between the compiled and the plain form: hatch_build.py, build_checks.py."""

import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_form

pytest.importorskip("hatchling")

SOURCE = Path(__file__).resolve().parents[1]


class Application:
    """Keeps what the builder would show."""

    def __init__(self):
        self.said = []

    def display_warning(self, text):
        self.said.append(text)


@pytest.fixture
def build(monkeypatch):
    """The module of the hook, as Hatchling loads it."""
    for variable in ("CHAINRULE_PURE", "CHAINRULE_BUILD_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    found = importlib.util.spec_from_file_location("hatch_build", SOURCE / "hatch_build.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setenv("CC", f'"{sys.executable}" -c ""')  # stands for one that works
    return module


def hook_of(build):
    application = Application()
    hook = build.CustomBuildHook(str(SOURCE), {}, None, None, "", "wheel", application)
    return hook, application.said


def built(build, version="standard"):
    """What is said, and what is to be packed."""
    hook, said = hook_of(build)
    data = {"force_include": {}}
    try:
        hook.initialize(version, data)
    finally:
        hook.finalize(version, data, "")
    return said, data


def test_free_threaded_python_is_not_compiled_for(build, monkeypatch):
    known = sysconfig.get_config_var
    monkeypatch.setattr(sysconfig, "get_config_var", lambda x: x == "Py_GIL_DISABLED" or known(x))
    assert hook_of(build)[0].dependencies() == []
    said, data = built(build)
    assert "free-threaded" in said[0]
    assert data == {"force_include": {}}


def test_without_a_compiler_to_be_had_it_is_built_plain(build, monkeypatch):
    """Offline: pip is asked first, so that it need not fail."""
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert hook_of(build)[0].dependencies() == []
    said, data = built(build)
    assert "setuptools>=77, which compile, are not here and can't be fetched" in said[0]
    assert data == {"force_include": {}}
    monkeypatch.setenv("CHAINRULE_PURE", "0")
    assert hook_of(build)[0].dependencies() == build.COMPILER
    with pytest.raises(RuntimeError, match=r"could not be compiled: mypy.*, which compile"):
        built(build)


@pytest.mark.skipif(sys.platform == "win32", reason="there setuptools looks for the compiler")
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            f'"{sys.executable}" -c "exit(1)"',
            r"a C compiler and Python\.h are needed; `.*`: it fails",
        ),
        ("/nowhere/cc", r"a C compiler is needed: .*/nowhere/cc"),
    ],
)
def test_without_c_nothing_is_fetched(build, monkeypatch, command, words):
    """Neither is pip asked, nor mypy run, for a compilation that can't end well."""
    monkeypatch.setenv("CC", command)
    monkeypatch.setattr(build, "_can_be_had", lambda packages: pytest.fail("pip was asked"))
    assert hook_of(build)[0].dependencies() == []
    said, data = built(build)
    assert re.search(words, said[0])
    assert data == {"force_include": {}}
    monkeypatch.setenv("CHAINRULE_PURE", "0")
    with pytest.raises(RuntimeError, match=words):
        built(build)


def test_an_engine_that_does_not_compile_is_left_out(build, monkeypatch, tmp_path):
    """The reason is the last line of what the compiler prints; all of it for who insists."""
    root = tmp_path / "root"
    shutil.copytree(SOURCE / "autograd" / "engine", root / "autograd" / "engine")
    (root / "mypyc_build.py").write_text(
        "print('a'); print('it is like this'); raise SystemExit(1)"
    )
    monkeypatch.setattr(build, "find_spec", lambda name: name)
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", root)
    said, data = built(build)
    assert "it is like this; CHAINRULE_PURE=0 shows more" in said[0]
    assert data == {"force_include": {}}
    monkeypatch.setenv("CHAINRULE_PURE", "0")
    with pytest.raises(RuntimeError, match="could not be compiled:\na\nit is like this"):
        built(build)


def test_what_was_kept_is_packed_without_a_compiler(build, monkeypatch, tmp_path):
    """Neither mypy nor its absence is asked for."""
    monkeypatch.setenv("CHAINRULE_BUILD_CACHE", str(tmp_path))
    kept = build._kept(SOURCE)
    (kept / "autograd").mkdir(parents=True)
    (kept / "autograd" / "value.so").touch()
    monkeypatch.setattr(build, "find_spec", lambda name: None)
    assert hook_of(build)[0].dependencies() == []
    said, data = built(build)
    assert said == []
    assert list(data["force_include"].values()) == [str(Path("autograd", "value.so"))]
    assert data["infer_tag"]


def test_what_pip_was_told_is_told_to_the_pip_that_is_asked(build, monkeypatch):
    """`pip install --no-index --find-links A -f B .` runs the hook."""
    words = ["python", "-m", "pip", "install", "--no-index", "--find-links", "A", "-f", "B", "."]
    monkeypatch.setattr(Path, "read_text", lambda *_: "\0".join(words))
    assert build._options_of_pip() == ["--no-index", "--find-links=A", "--find-links=B"]
    words.remove("--no-index")
    assert build._options_of_pip() == []


@pytest.mark.parametrize(
    "ending", [["print('it is like this'); raise SystemExit(1)"], ["import os; os.abort()"]]
)
def test_an_engine_that_fails_its_checks_is_left_out(build, monkeypatch, tmp_path, ending):
    """The reason is the last line it prints, or how it ended."""
    root = tmp_path / "root"
    shutil.copytree(SOURCE / "autograd" / "engine", root / "autograd" / "engine")
    (root / "mypyc_build.py").write_text("import os; os.makedirs('compiled/autograd')")
    (root / "build_checks.py").write_text(ending[0])
    monkeypatch.setattr(build, "find_spec", lambda name: name)
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", root)
    said, data = built(build)
    assert "the compiled engine does not suit this Python: it " in said[0]
    assert data == {"force_include": {}}


def test_the_checks_find_what_is_not_compiled(tmp_path):
    """They try the very modules that are to be packed."""
    shutil.copytree(
        SOURCE / "autograd",
        tmp_path / "autograd",
        ignore=shutil.ignore_patterns("*.so", "*.pyd"),
    )
    command = [sys.executable, str(SOURCE / "build_checks.py"), "autograd/engine/value.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "autograd.engine.value is not what was compiled\n"
