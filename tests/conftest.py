"""What the tests share: runs that repeat exactly, random formulas, derivatives as graphs.

A test gets LIMIT seconds of processor time, its own processes and the fixtures that it is the first
to use included; a longer one fails the run, however fast the machine. Tests marked `one_form` are
about what no compiled module takes part in (words, pictures, pages, types): `.ci/run` tries them in
one of the two forms only.
"""

from __future__ import annotations

import gc
import math
import os
import random
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import random_formulas
from alive import Tag
from hypothesis import settings
from hypothesis.strategies import SearchStrategy

from autograd import Value
from autograd.compiler.native import machine
from autograd.engine.graph import topological_order
from autograd.engine.primitives import TABLE, message

LIMIT = 20.0  # seconds of processor time for one test

spent = pytest.StashKey[dict[str, float]]()
end = pytest.StashKey[float]()

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


def processor_time() -> float:
    """Of this process and of the children that have ended, on all cores."""
    return sum(os.times()[:4])


def pytest_addoption(parser: pytest.Parser) -> None:
    help = "seconds after which no test is begun any more"
    parser.addoption("--at-most", type=float, default=math.inf, help=help)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[spent] = {}
    config.stash[end] = time.monotonic() + config.getoption("--at-most")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    begin = processor_time()
    done = yield
    item.config.stash[spent][item.nodeid] = processor_time() - begin
    return done


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.monotonic() > item.config.stash[end]:
        pytest.skip("left out: the time given by --at-most is over")


def too_long(config: pytest.Config) -> list[str]:
    return [name for name, seconds in config.stash[spent].items() if seconds > LIMIT]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if too_long(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The longest tests, and what is wrong with those that are too long."""
    seconds = terminalreporter.config.stash[spent]
    longest = sorted(seconds, key=seconds.__getitem__, reverse=True)[:10]
    terminalreporter.section(f"seconds of processor time, of {sum(seconds.values()):.0f}")
    for name in longest:
        terminalreporter.line(f"{seconds[name]:6.1f} {name}")
    for name in too_long(terminalreporter.config):
        terminalreporter.line(f"FAILED {name}: make it smaller, no test may take {LIMIT:.0f} s")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """`random` begins the same in every test."""
    random.seed(0)


@pytest.fixture(autouse=True)
def _llvm_is_free() -> None:
    """Nothing that an earlier test has had compiled in the background is in this one's way."""
    while machine.is_busy():
        time.sleep(0.01)


@pytest.fixture
def forget() -> Iterator[None]:
    """The primitives that a test defines are gone after it, as methods too."""
    before = set(TABLE)
    yield
    for name in TABLE.keys() - before:
        if TABLE[name].is_method:
            delattr(Value, name)
        del TABLE[name]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What is freed is freed by reference counting alone; no Tags are left from before."""
    gc.collect()
    gc.disable()
    Tag.alive = 0
    yield
    gc.enable()


@pytest.fixture(scope="module")
def machine_code_once() -> Iterator[None]:
    """In tests that record the same again and again, the same assembly is compiled once."""
    code: dict[tuple[str, int, bool], machine.MachineCode] = {}
    compile_ = machine._compile_llvm

    def compiled(text: str, effort: int, loops: bool) -> machine.MachineCode:
        key = (text, effort, loops)
        if key not in code:
            code[key] = compile_(*key)
        return code[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "_compile_llvm", compiled)
        yield


@pytest.fixture(scope="session")
def formulas() -> Callable[..., SearchStrategy[random_formulas.Formula]]:
    """A function that makes a strategy: `data.draw(formulas())`.

    `rows` narrows the primitives (default: all built-in ones), `numbers` the leaves and constants.
    """
    return random_formulas.formulas


@pytest.fixture(scope="session")
def gradient_graph() -> Callable[[Value, Value], Value]:
    """The reverse pass in Values: d root/d leaf as a graph, which can be differentiated again."""

    def derivative(root: Value, leaf: Value) -> Value:
        adjoints: dict[Value, Any] = {root: Value(1.0)}
        for node in reversed(list(topological_order(root))):
            if node.primitive is None or node not in adjoints:
                continue
            factors = node.primitive.partials(node, *node.inputs)
            if not isinstance(factors, (tuple, list)):
                factors = (factors,)
            for x, factor in zip(node.inputs, factors, strict=True):
                if isinstance(x, Value):
                    adjoints[x] = adjoints.get(x, 0.0) + message(adjoints[node], factor)
        return Value(0.0) + adjoints.get(leaf, 0.0)

    return derivative


# What some tests compare with, or are about; `nox --session bare` has none of it.
OPTIONAL = {"mpmath", "nbclient", "nbformat", "numpy"}


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """A file of tests that imports what is not installed is skipped. Where it is the package that
    imports such a thing, that is an error."""
    report = yield
    raised = report.call.excinfo and report.call.excinfo.value.__cause__
    if isinstance(raised, ModuleNotFoundError) and raised.name in OPTIONAL:
        importer = traceback.extract_tb(raised.__traceback__)[-1].filename
        if os.path.dirname(importer) == os.path.dirname(__file__):
            report.outcome = "skipped"
            report.longrepr = (str(collector.path), None, f"Skipped: {raised}")
    return report


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What kinds of runs are made of functions that are recorded, in order."""
    from autograd.compiler.recording import arguments
    from autograd.compiler.recording.tracing import Trace

    found: list[str] = []
    record, run = Trace.run, arguments.plain_run
    monkeypatch.setattr(Trace, "run", lambda *given: found.append("values") or record(*given))
    monkeypatch.setattr(
        arguments, "plain_run", lambda *given: found.append("floats") or run(*given)
    )
    return found
