"""Sparse Jacobians and Hessians, as SciPy matrices, in few sweeps.

Which entries can differ from 0 is read off the recorded graph: entry (i, j) is stored if a path
leads from input j to result i. (Edges whose derivative is 0 by definition, as those of `floor` or
of a comparison, make no path.) A stored entry may still be 0 at this point. The graph is recorded
anew at every call, so the stored entries may change where the function takes another branch.

Then the sweeps are shared out by colouring. Rows of a Jacobian that have no column in common can
be swept together, since no entry of their sum comes from two of them; likewise columns, by a
forward sweep. A Hessian is symmetric, and a star colouring, which needs fewer colours, still lets
each entry or its mirror image be read off. For a band matrix the number of colours depends on the
width of the band alone. No library is asked for the colours: SciPy's `group_columns` is not public,
and knows no symmetry.

Sources: Curtis, Powell, Reid, "On the Estimation of Sparse Jacobian Matrices" (1974); Gebremedhin,
Manne, Pothen, "What Color Is Your Jacobian? Graph Coloring for Computing Derivatives" (2005);
Gebremedhin, Tarafdar, Manne, Pothen, "New Acyclic and Star Coloring Algorithms" (2007).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from autograd.engine import functions
from autograd.engine.graph import Graph
from autograd.engine.modes import outside_mode, plain_arithmetic, tracer
from autograd.engine.primitives import Primitive, describe
from autograd.engine.value import Value
from autograd.transforms.derivatives import Derivative, Hessian
from autograd.transforms.linearization import Argnums, Function, Linearization
from autograd.transforms.tree import with_entries

__all__ = ["column_colours", "sparse_hessian", "sparse_jacobian", "star_colours"]

Rows = Sequence[Sequence[int]]  # per row of a matrix, in which columns an entry is stored

# A forward sweep walks the graph in Python, a reverse sweep in the engine, which may be compiled.
FORWARD_COST = 8


# -- the transforms --------------------------------------------------------------------------------


def sparse_jacobian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that gives the Jacobian of `f` as a SciPy matrix (`scipy.sparse.csr_array`).

    A row per number that `f` returns, a column per number of its argument (of the arguments, one
    after the other, where `argnums` is a tuple), nestings and arrays taken apart in order. A
    function that returns one number has one row. `least_squares` and `root` take such matrices.

    Raises TypeError where the result would have to be differentiated in turn, as with Values for
    arguments or captured by `f`: the matrix holds plain numbers, and is had inside `no_grad`.
    Raises ImportError without SciPy.

    >>> from autograd.transforms.sparse import sparse_jacobian
    >>> matrix = sparse_jacobian(lambda x: [x[0] * x[1], x[2] ** 2])([3.0, 4.0, 5.0])
    >>> matrix.shape, matrix.nnz
    ((2, 3), 3)
    >>> matrix.toarray().tolist()
    [[4.0, 3.0, 0.0], [0.0, 0.0, 10.0]]
    """
    _csr_array()
    return SparseJacobian(f, argnums, has_aux)


class SparseJacobian(Derivative):
    transform = "sparse_jacobian"
    summary = "The Jacobian of {} as a SciPy matrix, for the same arguments."

    def __call__(self, *args: Any, **others: Any) -> Any:
        call = self.linearized(args, others)
        _require_numbers(call)
        pattern = _pattern(call.results, call.seeds)
        return call.with_aux(_matrix(pattern, _jacobian_entries(call, pattern), len(call.seeds)))


def sparse_hessian(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """The function that gives the second derivatives of `f`, which returns one number, as a SciPy
    matrix (`scipy.sparse.csr_array`), symmetric to the last bit.

    Rows and columns are the numbers of the argument, nestings and arrays taken apart in order. What
    is stored comes from the graph of the gradient: where x[i] and x[j] meet in sums only, there is
    no entry. `minimize(..., method="trust-constr")` takes such matrices.

    Raises TypeError if `f` does not return one number, or where the result would have to be
    differentiated in turn; ImportError without SciPy.

    >>> from autograd.transforms.sparse import sparse_hessian
    >>> matrix = sparse_hessian(lambda x: x[0] ** 2 * x[1] + x[2])([3.0, 4.0, 5.0])
    >>> matrix.toarray().tolist()
    [[8.0, 6.0, 0.0], [6.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    _csr_array()
    return SparseHessian(f, argnums, has_aux)


class SparseHessian(Hessian):
    transform = "sparse_hessian"
    summary = "The second derivatives of {} as a SciPy matrix, for the same arguments."

    def __call__(self, *args: Any, **others: Any) -> Any:
        call = self.linearized(args, others)
        _require_numbers(call)
        pattern = _symmetric(_pattern(call.results, call.seeds))
        return call.with_aux(_matrix(pattern, _hessian_entries(call, pattern), len(call.seeds)))


def _require_numbers(call: Linearization) -> None:
    """In a compiled function, whose results are plain numbers, a matrix may hold Values."""
    if call.differentiable and tracer() is None:
        raise TypeError(
            f"{call.transform} gives a SciPy matrix of plain numbers, so it can't be "
            "differentiated, and it was called with Values, inside another transform, or of a "
            "function that captures Values: call it in a `with autograd.no_grad():` block for the "
            f"plain numbers, or use {call.transform.removeprefix('sparse_')}"
        )


def _csr_array() -> Any:
    try:
        return import_module("scipy.sparse").csr_array
    except ImportError:
        raise ImportError(
            "sparse matrices are SciPy's, and SciPy is not installed: pip install scipy"
        ) from None


def _matrix(pattern: Rows, entries: Iterable[Any], width: int) -> Any:
    """The entries, row by row, in the places that the pattern has for them."""
    ends = [0]
    for row in pattern:
        ends.append(ends[-1] + len(row))
    columns = [j for row in pattern for j in row]
    places = ([0.0] * len(columns), columns, ends)
    # Of no entries at all, the type must be told.
    empty = _csr_array()(places, shape=(len(pattern), width), dtype=float)
    return with_entries(empty, list(entries))


# -- from sweeps to entries ------------------------------------------------------------------------


def _jacobian_entries(call: Linearization, pattern: Rows) -> list[Any]:
    """Rows are swept in reverse, or columns forward where that is much less to do."""
    columns = _transposed(pattern, len(call.seeds))
    # Each line of these needs a colour of its own.
    fewest_rows, fewest_columns = (max(map(len, lines), default=0) for lines in (columns, pattern))
    if FORWARD_COST * fewest_columns < fewest_rows:
        colours = _colours(columns, len(pattern))
        swept = _forward_sweeps(call, colours)
        return [swept[colours[j]][i] for i, row in enumerate(pattern) for j in row]
    colours = _colours(pattern, len(columns))
    swept = _reverse_sweeps(call, colours)
    return [swept[colours[i]][j] for i, row in enumerate(pattern) for j in row]


def _hessian_entries(call: Linearization, pattern: Rows) -> list[Any]:
    """Entry (i, j) is read off in column j of the sum of the rows of i's colour, if i alone among
    the neighbours of j has it; otherwise, in a star colouring, j alone has its own colour among
    the neighbours of i."""
    colours = _star_colours(pattern)
    swept = _reverse_sweeps(call, colours)
    counts = [Counter(colours[j] for j in row) for row in pattern]

    def entry(i: int, j: int) -> Any:
        i, j = min(i, j), max(i, j)
        return swept[colours[i]][j] if counts[j][colours[i]] == 1 else swept[colours[j]][i]

    return [entry(i, j) for i, row in enumerate(pattern) for j in row]


def _reverse_sweeps(call: Linearization, colours: Sequence[int]) -> list[list[Any]]:
    """Per colour, the sum of the rows of that colour."""
    with outside_mode("no_grad"):
        roots = [functions.sum(group) for group in _groups(call.results, colours)]
    if call.differentiable:
        return [call.pull([root], [1.0]) for root in roots]
    return call.sweep(roots)


def _forward_sweeps(call: Linearization, colours: Sequence[int]) -> list[list[Any]]:
    """Per colour, the sum of the columns of that colour."""
    count = max(colours, default=-1) + 1
    return call.push_all([[1.0 if c == this else 0.0 for c in colours] for this in range(count)])


def _groups(items: Sequence[Any], colours: Sequence[int]) -> list[list[Any]]:
    groups: list[list[Any]] = [[] for _ in range(max(colours, default=-1) + 1)]
    for x, colour in zip(items, colours, strict=True):
        groups[colour].append(x)
    return groups


# -- which entries there are -----------------------------------------------------------------------


def _pattern(roots: Sequence[Any], seeds: Sequence[Value]) -> list[list[int]]:
    """For each root, the positions of the seeds from which a path leads to it.

    The seeds that a node depends on are the bits of an integer, which is forgotten when the last
    node that is computed from it has been dealt with.
    """
    graph = Graph([x for x in roots if isinstance(x, Value)], seeds)
    unread = [0] * (len(graph.nodes) + 1)  # per node, how often its mask is still needed
    places = [graph.place.get(id(root), -1) for root in roots]
    for k in [*graph.parents, *places]:  # a place of -1 is that of plain numbers
        unread[k] += 1
    masks = [0] * len(graph.nodes)
    for k, seed in enumerate(seeds):
        if id(seed) in graph.place:
            masks[graph.place[id(seed)]] |= 1 << k
    flat: dict[Primitive, Sequence[bool]] = {}
    for i, node in enumerate(graph.nodes):
        inputs = graph.inputs(i)
        for k in _passing(node, inputs, flat):
            masks[i] |= masks[k]
        for k in inputs:
            unread[k] -= 1
            if not unread[k]:
                masks[k] = 0
    return [_bits(masks[i]) if i >= 0 else [] for i in places]


def _passing(node: Value, inputs: list[int], flat: dict[Primitive, Sequence[bool]]) -> list[int]:
    """The inputs of a node on which it depends other than by steps."""
    row = node.primitive
    if not inputs or row is None or not row.cuts or row.arity is None:
        return inputs
    if row not in flat:
        flat[row] = _flat_inputs(row, row.arity)
    pairs = zip(node.inputs, flat[row], strict=True)
    constant = [no_path for x, no_path in pairs if isinstance(x, Value)]
    return [k for k, no_path in zip(inputs, constant, strict=True) if not no_path]


def _flat_inputs(row: Primitive, arity: int) -> list[bool]:
    """Per input, whether the rule says 0 without looking at the inputs: fed Values, it makes a
    Value of whatever it looks at."""
    with plain_arithmetic():
        factors = row.partials(Value(1.0), *[Value(1.0) for _ in range(arity)])
    if not isinstance(factors, (tuple, list)):
        factors = (factors,)
    return [not isinstance(x, Value) and x == 0.0 for x in factors]


def _bits(mask: int) -> list[int]:
    """The positions of the ones, from the lowest.

    >>> _bits(0b10011)
    [0, 1, 4]
    """
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _transposed(pattern: Rows, width: int) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(width)]
    for i, row in enumerate(pattern):
        for j in row:
            columns[j].append(i)
    return columns


def _symmetric(pattern: Rows) -> list[list[int]]:
    """The pattern and its mirror image."""
    mirrored = _transposed(pattern, len(pattern))
    return [sorted({*a, *b}) for a, b in zip(pattern, mirrored, strict=True)]


# -- colours ---------------------------------------------------------------------------------------


def column_colours(matrix: Any) -> list[int]:
    """A colour (0, 1, ...) for each column of a sparse matrix, such that columns of one colour have
    no row in common.

    Their number is that of the sweeps a Jacobian needs: `sparse_jacobian` colours rows, those of
    `matrix.T`, for reverse sweeps, or columns for forward sweeps. Greedy, the fullest columns
    first.

    >>> from scipy.sparse import eye_array
    >>> column_colours(eye_array(5))
    [0, 0, 0, 0, 0]
    """
    pattern = _stored(matrix)
    return _colours(_transposed(pattern, matrix.shape[1]), len(pattern))


def star_colours(matrix: Any) -> list[int]:
    """A colour (0, 1, ...) for each row of a symmetric sparse matrix, such that neighbours differ
    and no path over four neighbours has but two colours.

    Their number is that of the sweeps of `sparse_hessian`. Greedy, the fullest rows first; two
    suffice for an arrow, three for a tridiagonal matrix.

    >>> from autograd.transforms.sparse import sparse_hessian, star_colours
    >>> chain = sparse_hessian(lambda x: sum((a * b) ** 2 for a, b in zip(x, x[1:])))
    >>> max(star_colours(chain([1.0] * 50))) + 1
    3
    """
    pattern = _stored(matrix)
    height, width = matrix.shape
    if height != width:
        raise ValueError(f"a star colouring is for symmetric matrices, got one of {height}×{width}")
    return _star_colours(_symmetric(pattern))


def _stored(matrix: Any) -> list[list[int]]:
    if not hasattr(matrix, "tocsr"):
        raise TypeError(f"colours are for a SciPy sparse matrix, got {describe(matrix)}")
    rows = matrix.tocsr()
    return [rows.indices[a:b].tolist() for a, b in zip(rows.indptr, rows.indptr[1:], strict=False)]


def _fullest_first(lines: Rows) -> list[int]:
    return sorted(range(len(lines)), key=lambda i: -len(lines[i]))


def _colours(lines: Rows, width: int) -> list[int]:
    """Different colours for lines (rows or columns) that meet. Colours in use are bits of an
    integer."""
    used = [0] * width
    colours = [0] * len(lines)
    for i in _fullest_first(lines):
        taken = 0
        for j in lines[i]:
            taken |= used[j]
        free = ~taken & (taken + 1)
        for j in lines[i]:
            used[j] |= free
        colours[i] = free.bit_length() - 1
    return colours


def _star_colours(pattern: Rows) -> list[int]:
    """Different colours for neighbours, and two-coloured stars kept apart.

    A vertex is the hub of a star if two of its neighbours, the rays, have one colour: no other
    neighbour of a ray may then have the hub's colour.
    """
    count = len(pattern)
    colours = [-1] * count
    neighbours: list[dict[int, list[int]]] = [{} for _ in range(count)]  # the coloured, by colour
    taken = [0] * count  # bits: the colours of the hubs of which this vertex is a ray
    for v in _fullest_first(pattern):
        around = [w for w in pattern[v] if w != v]
        forbidden = 0
        for w in around:
            if colours[w] >= 0:
                forbidden |= 1 << colours[w] | taken[w]
        for rays in neighbours[v].values():
            if len(rays) > 1:  # v becomes their hub
                for w in rays:
                    for colour in neighbours[w]:
                        forbidden |= 1 << colour
        free = ~forbidden & (forbidden + 1)
        colour = colours[v] = free.bit_length() - 1
        for rays in neighbours[v].values():
            if len(rays) > 1:
                for w in rays:
                    taken[w] |= free
        for w in around:
            rays = neighbours[w].setdefault(colour, [])
            rays.append(v)
            if len(rays) > 1 and colours[w] >= 0:
                for ray in rays[-2:] if len(rays) == 2 else rays[-1:]:
                    taken[ray] |= 1 << colours[w]
    return colours
