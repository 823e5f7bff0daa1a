"""Rows that are spread over a cluster: what `vmap` of Dask arrays sends to the workers.

shipping      a compiled function as bytes, and what a worker keeps of it
row_chunks    Dask arrays, cut alike along the axis of their rows
chunk_graphs  the tasks: one for each chunk, and sums in a fixed tree
"""
