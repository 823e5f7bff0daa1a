"""Rows on a cluster of two worker processes on this machine, more than the memory of each holds.

    python tests/benchmarks/cluster.py [ROWS] [ROWS_IN_A_CHUNK]

Prints what a chunk costs beside Dask's own work, what it takes to sum gradients over all rows, and
whether the sums have the same bits in one process, in two, and in two of which one is killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy

from autograd import exp, value_and_grad, vmap

COLUMNS = 8
MEMORY = 0.7  # of the data, for each worker
MOST_OF_PYTHON = 400_000_000  # bytes; with less a worker has no room for anything


def loss(w, row):
    z = w[0] * row[0]
    for j in range(1, COLUMNS):
        z = z + w[j] * row[j]
    return (1.0 / (1.0 + exp(-z)) - (1.0 if row[0] > 0 else 0.0)) ** 2


def seconds(act):
    start = time.perf_counter()
    result = act()
    return time.perf_counter() - start, result


def per_chunk(client) -> None:
    """Over chunks of a single row, against the same task graph of a function that does nothing."""
    import dask.array as da

    x = da.zeros((500, COLUMNS), chunks=(1, COLUMNS)).persist()
    f = vmap(lambda row: row[0])
    f(x).compute()
    nothing = x.map_blocks(lambda block: block[:, 0], drop_axis=1, dtype=float)
    nothing.compute()
    own = min(seconds(lambda: f(x).compute())[0] for _ in range(3))
    dasks = min(seconds(nothing.compute)[0] for _ in range(3))
    print(f"a chunk takes {own / 500 * 1e3:.2f} ms, Dask's map_blocks {dasks / 500 * 1e3:.2f} ms")


def main() -> None:
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    chunk = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    x = da.random.default_rng(0).normal(size=(rows, COLUMNS), chunks=(chunk, COLUMNS))
    w = [0.1 * j for j in range(COLUMNS)]
    total = vmap(value_and_grad(loss), in_axes=(None, 0), reduce="mean")
    limit = max(MOST_OF_PYTHON, int(MEMORY * x.nbytes))
    print(f"{rows:,} rows, {x.nbytes / 1e6:.0f} MB; each worker has {limit / 1e6:.0f} MB")
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=limit, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        per_chunk(client)
        generating = seconds(x.sum().compute)[0]
        took, found = seconds(lambda: dask.compute(total(w, x))[0])
        print(f"mean value and gradient: {took:.1f} s; x.sum() {generating:.1f} s")
        pids = client.run(os.getpid)
        future = client.compute(total(w, x))
        while not any("vmap" in str(k) for keys in client.has_what().values() for k in keys):
            time.sleep(0.05)
        time.sleep(took / 4)
        os.kill(next(iter(pids.values())), signal.SIGKILL)
        after_a_death = client.gather(future)
        same = numpy.array_equal(_flat(found), _flat(after_a_death))
        print(f"the same bits after one worker was killed: {same}")
    alone = dask.compute(total(w, x), scheduler="synchronous")[0]
    print(f"the same bits in one process: {numpy.array_equal(_flat(found), _flat(alone))}")


def _flat(result):
    value, gradient = result
    return [float(value), *map(float, gradient)]


if __name__ == "__main__":
    main()
