"""Compare the engine with its peers: ``python tests/benchmarks/run.py eager``.

Every peer runs in its own virtual environment, in turn (A B C A B C ...) for several rounds, on
one core. Printed are medians over the rounds and, per peer, how many times as fast the engine is
(for memory: how many times as small) with the target beside it. Results that differ between peers
by more than 1e-9 make the exit status 1; times never do.

With ``--against COMMIT`` the one peer is the engine as it was at that commit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from environments import PEERS, PROJECT, at_commit, interpreter, module_path
from harness import Measurement
from report import TOLERANCE, Rounds, disagreement, medians, summary, table, worse_than
from suites import SUITES, Row

HERE = Path(__file__).resolve().parent


def measure(row: Row, peer: str, pythons: dict[str, Path]) -> Measurement:
    """Run one workload script once, in the environment of `peer`."""
    size = row.sizes.get(peer, row.size)
    shown = peer if peer in PEERS else "chainrule"  # as it was
    command = [str(pythons[peer]), str(HERE / f"{row.workload}.py"), shown, str(size)]
    command += ["--collector", row.collector]
    if row.program:
        command += ["--program", row.program]
    if row.needs_microgpt:
        source = module_path(pythons["microgpt"], "strands_microgpt/engine.py")
        command += ["--source", str(source)]
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    environment |= {"TORCHINDUCTOR_COMPILE_THREADS": "1", "TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
    process = subprocess.run(
        command, check=False, stdout=subprocess.PIPE, text=True, env=environment
    )
    if process.returncode:
        raise SystemExit(f"{row.workload}.py failed for {peer}, see above")
    return Measurement(**json.loads(process.stdout))


def run(rows: Sequence[Row], pythons: dict[str, Path], rounds: int) -> list[Rounds]:
    """The measurements of every row, one peer after the other within each round.

    Rows that differ in what they compare alone share them.
    """
    results: list[Rounds] = [{peer: [] for peer in row.peers} for row in rows]
    for i in range(rounds):
        done: dict[Any, Measurement] = {}
        for row, result in zip(rows, results, strict=True):
            if i and not row.repeat:
                continue
            print(f"round {i + 1} of {rounds}: {row.name}", file=sys.stderr)
            for peer, measurements in result.items():
                key = (row.workload, row.program, row.size, row.collector, peer)
                if key not in done:
                    done[key] = measure(row, peer, pythons)
                measurements.append(done[key])
    return results


def select(rows: Sequence[Row], only: list[str] | None, peers: list[str] | None) -> list[Row]:
    """The rows of these workloads, each with these peers alone; None means all."""
    chosen = [
        replace(row, peers=tuple(peer for peer in row.peers if peer in (peers or row.peers)))
        for row in rows
        if row.workload in (only or row.workload)
    ]
    return [row for row in chosen if row.peers]


def parse() -> argparse.Namespace:
    description, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=description, epilog=details)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--rounds", type=int, default=5)
    workloads = sorted({row.workload for rows in SUITES.values() for row in rows})
    parser.add_argument("--only", nargs="+", choices=workloads, help="these workloads")
    parser.add_argument("--peers", nargs="+", choices=PEERS, help="these peers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement there")
    parser.add_argument(
        "--against", metavar="COMMIT", help="compare with the engine as it was there"
    )
    parser.add_argument(
        "--environments",
        type=Path,
        metavar="DIRECTORY",
        default=PROJECT / ".benchmarks",
        help="where the peers are installed (default: .benchmarks)",
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    rows = select(SUITES[arguments.suite], arguments.only, arguments.peers)
    directory, against = arguments.environments.resolve(), arguments.against
    if against:
        rows = [replace(row, peers=(against, "chainrule")) for row in rows]
    needed = dict.fromkeys(peer for row in rows for peer in row.peers)
    if any(row.needs_microgpt for row in rows):
        needed["microgpt"] = None  # ours borrow its engine module
    pythons = {
        peer: at_commit(peer, directory) if peer == against else interpreter(peer, directory)
        for peer in needed
    }
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # inherited by every peer
    results = run(rows, pythons, arguments.rounds)
    print(f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}\n")
    if against:
        print(worse_than(rows, results, against))
    else:
        for row, rounds in zip(rows, results, strict=True):
            print(table(row, rounds))
        print(summary(rows, results))
    if arguments.json:
        document = [
            {
                **asdict(row),
                "targets": [[*pair, aim] for pair, aim in row.targets.items()],
                "medians": medians(rounds),
                "rounds": {peer: [asdict(run) for run in runs] for peer, runs in rounds.items()},
            }
            for row, rounds in zip(rows, results, strict=True)
        ]
        arguments.json.write_text(json.dumps(document, indent=1))
    return int(any(disagreement(rounds) > TOLERANCE for rounds in results))


if __name__ == "__main__":
    sys.exit(main())
