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


def per_chunk() -> None:
    """The processor time of chunks of a single row, against a map_blocks that does next to
    nothing, in this process."""
    import dask
    import dask.array as da

    count = 500
    x = da.zeros((count, COLUMNS), chunks=(1, COLUMNS))
    f = vmap(lambda row: row[0])

    def spent(act) -> float:
        act()
        start = time.process_time()
        act()
        return (time.process_time() - start) / count * 1e3

    with dask.config.set(scheduler="synchronous"):
        own = spent(lambda: f(x).compute())
        dasks = spent(lambda: x.map_blocks(_first, drop_axis=1, dtype=float).compute())
    print(f"a chunk takes {own:.2f} ms of processor time, one of Dask's map_blocks {dasks:.2f} ms")


def _first(block):
    return block[:, 0]


def main() -> None:
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster

    per_chunk()
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
