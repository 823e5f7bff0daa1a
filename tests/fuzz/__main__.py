"""A differential fuzzer: python -m tests.fuzz --seconds 60

It writes random Python functions (branches, loops, recursion, exceptions, containers, NumPy,
closures, transforms, every primitive of the table ...) and compares the ways to their numbers: the
function on floats and on Values, backward, grad, jvp, finite differences; jit, jit of derivatives,
grad of jit, bind, a pickle, the reference interpreter, threads, vmap; nn.fit in both engines. What
is promised is the engine's numbers, bit for bit (or within the ulps of docs/compiling.md), at every
call, NaN, infinities and ties included; or an error of ours, which `refusals` lists with the
sentence that allows it. Of functions that remember their calls (the kind "lasting") a recording may
miss what they keep in plain numbers: what the engine itself gives otherwise after other calls is
counted with these. A difference is reported with a shrunk program. To add a kind of statement,
write its templates into one of the tables that `statements` brings together (it says how they are
read); to add a way to a number, write a `@route`.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
from random import SystemRandom

from fuzz.fuzzing import fuzz
from fuzz.routes import ROUTES
from fuzz.statements import KINDS


def main() -> int:
    """Run as the command line says; 1 if there was a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, help="how long (default: 60, without --programs)")
    parser.add_argument("--programs", type=int, help="how many programs")
    parser.add_argument("--start", type=int, default=0, help="the number of the first program")
    parser.add_argument("--seed", help="any text; the same seed, the same programs")
    kind = {"action": "append", "default": [], "choices": sorted(KINDS), "metavar": "KIND"}
    parser.add_argument("--only", **kind, help="statements of this kind; may be repeated")
    parser.add_argument("--without", **kind, help="no statements of this kind; may be repeated")
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        choices=sorted(ROUTES),
        metavar="ROUTE",
        help="this way to a number, for every program: " + ", ".join(ROUTES),
    )
    options = parser.parse_args()
    if options.seconds is None and options.programs is None:
        options.seconds = 60.0
    seed = options.seed or str(SystemRandom().randrange(10**6))
    print(f"seed {seed}", flush=True)
    faulthandler.enable()
    kinds = [k for k in options.only or KINDS if k not in options.without]
    flags = "".join(
        [f" --only {k}" for k in options.only] + [f" --without {k}" for k in options.without]
    )
    report = fuzz(
        seed,
        kinds=kinds,
        routes=options.route,
        start=options.start,
        programs=options.programs,
        seconds=options.seconds,
        say=lambda text: print(text, flush=True),
        flags=flags,
    )
    print(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
