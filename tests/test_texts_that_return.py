"""Texts that are printed, logged or raised, and that the function reads again: each an error, since
the number was written out. What is only shown is allowed, asyncio's own texts included."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import grad, jit

pytest.importorskip("llvmlite")

from autograd.compiler.recording.tracing import RecordingError

LINES: list[str] = []
OWN, OTHERS = io.StringIO(), io.StringIO()


class Lines(logging.Handler):
    """Keeps what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        LINES[:] = [record.getMessage()]


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    handlers = {"read": logging.StreamHandler(OWN), "kept": Lines()}
    handlers["shown"] = logging.StreamHandler(OTHERS)
    for name, handler in handlers.items():
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(handler)
    yield
    for name, handler in handlers.items():
        logging.getLogger(name).removeHandler(handler)


def raised(x: Any, write: Callable[[], Any]) -> Any:
    try:
        raise ValueError(x)
    except ValueError:
        return write()


def by_print(x: Any) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        print(x)
    return stream.getvalue()


def by_error_stream(x: Any) -> str:
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        raised(x, traceback.print_exc)
    return stream.getvalue()


def by_file(x: Any) -> str:
    stream = io.StringIO()
    raised(x, lambda: traceback.print_exc(file=stream))
    return stream.getvalue()


def by_log(x: Any) -> str:
    OWN.seek(0)
    OWN.truncate()
    logging.getLogger("read").warning("%s", x)
    return OWN.getvalue()


def by_log_of_an_error(x: Any) -> str:
    stream = OWN
    raised(x, lambda: logging.getLogger("read").exception("failed"))
    return stream.getvalue()


def by_handler(x: Any) -> str:
    logging.getLogger("kept").warning("%s", x)
    return LINES[0]


RETURN: dict[str, Callable[[Any], str]] = {
    "format_exc": lambda x: raised(x, traceback.format_exc),
    "format_exception": lambda x: raised(
        x, lambda: "".join(traceback.format_exception(ValueError(x)))
    ),
    "print redirected": by_print,
    "standard error redirected": by_error_stream,
    "print_exc into a file": by_file,
    "a log read again": by_log,
    "an error in a log": by_log_of_an_error,
    "a handler of its own": by_handler,
}


@pytest.mark.parametrize("way", RETURN)
def test_texts_that_come_back(way: str) -> None:
    write = RETURN[way]
    for f in (lambda x: x if "1.5" in write(x) else -x, lambda x: x * len(write(x))):
        for function in (f, grad(f)):
            with pytest.raises(RecordingError, match=r"makes a text of|makes a text"):
                jit(function)(2.5)


async def doubled(x: Any) -> Any:
    await asyncio.sleep(0)
    return x * 2.0


async def of_two(x: Any) -> Any:
    first, second = await asyncio.gather(doubled(x), doubled(x))
    return first + second


SHOWN: dict[str, Callable[[Any], Any]] = {
    "print": lambda x: print(x),  # noqa: PLW0108 (by its name)
    "a traceback": lambda x: raised(x, traceback.print_exc),
    "a log": lambda x: logging.getLogger("shown").warning("at %s", x),
    "an error in a log": lambda x: raised(x, lambda: logging.getLogger("shown").exception("no")),
    "asyncio": lambda x: asyncio.run(doubled(x)),
    "asyncio's gather": lambda x: asyncio.run(of_two(x)),
    "a loop of its own": lambda x: asyncio.new_event_loop().close(),
}


@pytest.mark.parametrize("way", SHOWN)
def test_texts_that_are_only_shown(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any) -> Any:
        SHOWN[way](x)
        return x * x

    assert [jit(f)(x) for x in (2.5, 1.5)] == [6.25, 2.25]
    assert jit(grad(f))(2.5) == 5.0


def test_coroutines_within_a_function() -> None:
    """A compiled function may run some, by itself."""
    compiled = jit(lambda x: asyncio.run(of_two(x)))
    assert [compiled(3.0), compiled(3.0), compiled(-1.0)] == [12.0, 12.0, -4.0]
    assert jit(grad(lambda x: asyncio.run(of_two(x))))(3.0) == 4.0
