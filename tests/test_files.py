"""Files of pictures are written whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import autograd
from autograd import Value
from autograd.drawing.files import write_file

pytestmark = pytest.mark.one_form

resource = pytest.importorskip("resource", reason="needs limits on the size of files")

WRITERS: dict[str, Callable[[Path], object]] = {
    "render": lambda path: picture().render(path),
    "write": lambda path: picture().write(path),
    "render_with_a_format": lambda path: picture().render(path.with_suffix(""), format="svg"),
    "save": lambda path: autograd.steps(value()).save(path),
    "write_file": lambda path: write_file(path, b"new" * 1000),
}


def ending(name: str) -> str:
    """Of a file that this writes: the player is a page."""
    return "html" if name == "save" else "svg"


def value() -> Value:
    x = Value(3.0, "x")
    return x * x


def picture() -> autograd.drawing.diagram.Diagram:
    return autograd.draw(value())


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """No file can grow beyond this: a write stops half-way and the next one fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["render", "write", "save", "write_file"])
def test_a_full_disk_leaves_the_old_file(name: str, tmp_path: Path) -> None:
    """The error is raised half-way, the file is the old one, and nothing lies beside it."""
    path = tmp_path / f"e.{ending(name)}"
    path.write_bytes(b"old")
    with full_disk(1000), pytest.raises(OSError) as error:  # noqa: PT011
        WRITERS[name](path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [f"e.{ending(name)}"]


@pytest.mark.parametrize("name", ["render", "write", "save", "write_file"])
def test_a_full_disk_leaves_no_file(name: str, tmp_path: Path) -> None:
    with full_disk(1000), pytest.raises(OSError):  # noqa: PT011
        WRITERS[name](tmp_path / f"e.{ending(name)}")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_replaced_and_keeps_its_mode(name: str, tmp_path: Path) -> None:
    """And a reader that has it open reads the old one to its end."""
    path = tmp_path / f"e.{ending(name)}"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with path.open("rb") as reader:
        WRITERS[name](path)
        if name != "render_with_a_format":  # Graphviz itself writes to the file
            assert reader.read() == b"old"
    assert len(path.read_bytes()) > 1000
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    """What the umask leaves, as of any file that is opened for writing."""
    (tmp_path / "usual").write_bytes(b"")
    write_file(tmp_path / "e.svg", b"new")
    assert (tmp_path / "e.svg").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("name", ["render", "save", "write_file"])
def test_a_link_is_followed(name: str, tmp_path: Path) -> None:
    """To a file that is there, or will be."""
    (tmp_path / "far").mkdir()
    for target in (f"old.{ending(name)}", f"new.{ending(name)}"):
        (tmp_path / "far" / f"old.{ending(name)}").write_bytes(b"old")
        link = tmp_path / f"link-to-{target}"
        link.symlink_to(tmp_path / "far" / target)
        WRITERS[name](link)
        assert link.is_symlink()
        assert len((tmp_path / "far" / target).read_bytes()) > 1000


@pytest.mark.parametrize("name", ["render", "save", "write_file"])
def test_a_fifo_is_written_to(name: str, tmp_path: Path) -> None:
    """It stays one, and its reader gets everything."""
    path = tmp_path / f"e.{ending(name)}"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    WRITERS[name](path)
    reader.join(30)
    assert len(read[0]) > 1000
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["render", "save", "write_file"])
def test_a_device_is_written_to(name: str, tmp_path: Path) -> None:
    """Through a link, for a picture's name has a suffix: /dev/null takes all, /dev/full nothing."""
    for device in ("null", "full"):
        (tmp_path / f"{device}.{ending(name)}").symlink_to(f"/dev/{device}")
    WRITERS[name](tmp_path / f"null.{ending(name)}")
    with pytest.raises(OSError, match="No space left"):
        WRITERS[name](tmp_path / f"full.{ending(name)}")
    assert stat.S_ISCHR((tmp_path / f"full.{ending(name)}").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == [f"full.{ending(name)}", f"null.{ending(name)}"]


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path) -> None:
    """Not the one written beside it."""
    with pytest.raises(FileNotFoundError) as error:
        write_file(tmp_path / "missing" / "e.svg", b"")
    assert error.value.filename == str(tmp_path / "missing" / "e.svg")
    assert "there is no such directory; make it first: " in str(error.value)
    with pytest.raises(IsADirectoryError) as error:
        write_file(tmp_path, b"")
    assert str(error.value).endswith(f": {str(tmp_path)!r}")


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    """The one beside it is no longer."""
    path = tmp_path / ("e" * 251 + ".svg")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
