"""A whole foreign program: the PyPI package strands-microgpt, on its own `Value` and on ours.

Its engine module (Karpathy's microgpt as a module) is loaded by path, its `Value` is replaced,
and it trains a small transformer on a fixed list of names. The figure is milliseconds per step,
the forward pass, the backward pass and the Adam update; the losses are compared.
"""

from __future__ import annotations

from argparse import Namespace
from importlib.util import module_from_spec, spec_from_file_location
from time import process_time
from typing import Any

from harness import Measurement, load_value, main

NAMES = ["ada", "alan", "barbara", "donald", "emmy", "grace", "katherine", "leonhard", "sofia"]


def load_engine(path: str) -> Any:
    specification = spec_from_file_location("microgpt_engine", path)
    if specification is None or specification.loader is None:
        raise SystemExit(f"cannot load {path}")
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def measure(arguments: Namespace) -> Measurement:
    engine = load_engine(arguments.source)
    if arguments.peer != "microgpt":
        engine.Value = load_value(arguments.peer)
    tokenizer = engine.Tokenizer.from_docs(NAMES)
    model = engine.MicroGPT(vocab_size=tokenizer.vocab_size)
    ends = [process_time()]
    losses = model.train_on_docs(
        list(NAMES),
        tokenizer,
        num_steps=arguments.size,
        log_every=0,
        callback=lambda _step, _loss: ends.append(process_time()),
    )
    # the first step warms up; the mean, because names differ in length
    return Measurement({"step": (ends[-1] - ends[1]) / (len(ends) - 2) * 1e3}, losses)


if __name__ == "__main__":
    main(measure)
