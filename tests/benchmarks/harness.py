"""What every benchmark script shares: command line, a deep stack, one line of JSON as result.

A script is run as ``python SCRIPT.py PEER [SIZE] [--collector on|off]`` by the interpreter of that
peer's environment, so it imports the one peer it was asked for and nothing else of the kind.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """The figures of one run, and numbers on which all peers have to agree."""

    figures: dict[str, float]
    check: list[float]


def load_value(peer: str) -> Any:
    """Our `Value`, after making sure that it runs in the form that is being measured."""
    autograd: Any = import_module("autograd")
    if autograd.compiled is not (peer == "chainrule"):
        raise SystemExit(f"{peer}: autograd.compiled is {autograd.compiled} in this environment")
    return autograd.Value


def main(measure: Callable[[argparse.Namespace], Measurement]) -> None:
    """Parse the command line, call `measure` and print its result.

    micrograd and microgpt sort the graph by recursion, so everything runs in a thread with a
    stack deep enough for them.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("peer")
    parser.add_argument("size", type=int, nargs="?", default=0)
    parser.add_argument("--collector", choices=("on", "off"), default="on")
    parser.add_argument("--program", help="which program of several")
    parser.add_argument("--source", help="a foreign module to load by path")
    arguments = parser.parse_args()
    if arguments.collector == "off":
        gc.disable()
    results: list[Measurement] = []
    sys.setrecursionlimit(10**8)
    threading.stack_size(1 << 30)
    thread = threading.Thread(target=lambda: results.append(measure(arguments)))
    thread.start()
    thread.join()
    if not results:
        raise SystemExit(1)
    print(json.dumps(asdict(results[0])))
