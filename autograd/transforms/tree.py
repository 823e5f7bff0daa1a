"""Nested arguments: a float, or lists, tuples, dicts, dataclasses and NumPy arrays of such.

`flatten` takes a nesting apart into its numbers, and a `Structure` that puts numbers back in their
places: list in, list out; array in, array out. A dict keeps the order of its keys. None inside a
nesting holds no number and is carried along. A SciPy matrix (`csr_array`) holds the numbers that it
stores.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import is_
from typing import Any, Final

from autograd.arrays.refusals import refuse_own_classes
from autograd.engine.loaded_modules import loaded
from autograd.engine.operands import describe, to_float
from autograd.engine.text import printable
from autograd.engine.value import Value

__all__ = [
    "Structure",
    "are_values_among",
    "components",
    "flatten",
    "hold_numbers",
    "is_array",
    "named_children",
    "opened",
    "pack",
    "replaced",
    "size_of",
    "values_in",
    "with_entries",
    "with_values",
]

Shape = tuple[int, ...] | None  # None: a bare number
Build = Callable[[Iterator[Any]], Any]

NUMBERS: Final = frozenset([float, int, bool, Value])  # at sight: most of what a nesting holds
AS_THEY_ARE: Final = frozenset([float, Value])
CONTAINERS = "a number, or lists, tuples, dicts, dataclasses and NumPy arrays of numbers"


class Structure:
    """A nesting without its numbers.

    `shapes` has an entry for every number (None) and every array (its shape), in order. Two
    structures are equal if the same numbers fit into the same places; then they are of one `kind`,
    which is hashable.
    """

    __slots__ = ("_build", "kind", "shapes")

    def __init__(self, shapes: list[Shape], kind: Any, build: Build) -> None:
        self.shapes = shapes
        self.kind = kind
        self._build = build

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        if self._is_bare:
            return len(self.shapes)
        return sum(map(size_of, self.shapes))

    @property
    def _is_bare(self) -> bool:
        """Whether its numbers are in no arrays."""
        return self.shapes.count(None) == len(self.shapes)

    @property
    def is_single(self) -> bool:
        """Whether it is one number, bare or an array of one."""
        return self.kind is None or (self.kind[0] == "array" and self.size == 1)

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """The nesting with these numbers (floats or Values) in it, in the order of `flatten`.

        >>> numbers, structure = flatten({"w": [1, 2], "b": 3})
        >>> structure.unflatten([10 * x for x in numbers])
        {'w': [10.0, 20.0], 'b': 30.0}
        """
        if len(leaves) != self.size:
            raise ValueError(f"the nesting holds {self.size} numbers, got {len(leaves)}")
        if self._is_bare:
            return self.build(leaves)
        blocks, start = [], 0
        for shape in self.shapes:
            if shape is None:
                blocks.append(leaves[start])
                start += 1
                continue
            stop = start + size_of(shape)
            blocks.append(pack(shape, leaves[start:stop]))
            start = stop
        return self.build(blocks)

    def build(self, blocks: Sequence[Any]) -> Any:
        """The nesting with one object in the place of each number and each array."""
        return self._build(iter(blocks))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and self.kind == other.kind

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Callable[..., Structure], tuple[Any, ...]]:
        return _structure_of, (self.unflatten([0.0] * self.size),)


def _structure_of(tree: Any) -> Structure:
    return flatten(tree)[1]


def size_of(shape: Shape) -> int:
    """How many numbers a place of that shape holds."""
    return 1 if shape is None else math.prod(shape)


def pack(shape: Shape, leaves: Sequence[Any]) -> Any:
    """A bare number, or an array: of floats if all are plain, else one that holds Values."""
    if shape is None:
        return leaves[0]
    if are_values_among(leaves):
        from autograd.arrays.value_array import pack_values

        return pack_values(leaves, shape)
    import numpy

    return numpy.array(leaves, float).reshape(shape)


def flatten(tree: Any, what: str = "the nesting", name: str = "") -> tuple[list[Any], Structure]:
    """The numbers of a nesting in order (floats and Values), and its Structure.

    Numbers of every real type become floats, Values stay what they are. Raises TypeError for
    anything else, with its place; `what` says what the nesting is, `name` what it is called.

    >>> numbers, structure = flatten([1, (2.5, {"b": True})])
    >>> numbers
    [1.0, 2.5, 1.0]
    """
    if tree is None:  # which within a nesting stands for something left out
        hint = "; is a return missing?" if what.endswith("returns") else ""
        raise TypeError(f"{what} must be {CONTAINERS}, got None{hint}")
    leaves: list[Any] = []
    shapes: list[Shape] = []
    try:
        kind, build = _visit(tree, what, leaves, shapes)
    except _NoNumberError as error:
        places = (written for written, _, x in components(tree, name) if x is error.culprit)
        place = next(places, name)
        raise TypeError(_refusal(what, error.culprit, f" at {place}" if place else "")) from None
    return leaves, Structure(shapes, kind, build)


def _visit(tree: Any, what: str, leaves: list[Any], shapes: list[Shape]) -> tuple[object, Build]:
    if isinstance(tree, Value) or type(tree) is float:
        leaves.append(tree)
        shapes.append(None)
        return None, next
    if is_array(tree):
        if tree.dtype.kind not in "biufO":
            raise TypeError(f"{what} must be {CONTAINERS}, got an array of {tree.dtype}")
        refuse_own_classes(tree, what)
        entries = tree.ravel().tolist()
        leaves += entries if AS_THEY_ARE.issuperset(map(type, entries)) else map(_number, entries)
        shapes.append(tree.shape)
        return ("array", tree.shape), next
    children, kind, assemble = opened(tree)
    if assemble is None:
        leaves.append(_number(tree))
        shapes.append(None)
        return None, next
    put = assemble
    if AS_THEY_ARE.issuperset(map(type, children)):
        count = len(children)
        leaves += children
        shapes += [None] * count
        return (*kind, *[None] * count), lambda blocks: put(list(islice(blocks, count)))
    visited = [_visit(child, what, leaves, shapes) for child in children]
    builds = [build for _, build in visited]

    def build(blocks: Iterator[Any]) -> Any:
        return put([build(blocks) for build in builds])

    return (*kind, *[kind for kind, _ in visited]), build


def opened(tree: Any) -> tuple[list[Any], tuple[Any, ...], Callable[[list[Any]], Any] | None]:
    """The children of a container, what kind it is, and how to make another of them; None for the
    last where it is no container. All walks over nestings ask this function, but for arrays, whose
    numbers stay together."""
    if type(tree) in NUMBERS:
        return [], (), None
    if tree is None:
        return [], (type(None),), lambda items: None
    if isinstance(tree, dict):
        keys = list(tree)
        return list(tree.values()), (dict, *keys), lambda items: _filled(tree, keys, items)
    if isinstance(tree, list):
        return tree, (list,), list
    if isinstance(tree, tuple):
        make = getattr(type(tree), "_make", tuple)  # a NamedTuple's
        return list(tree), (type(tree),), make
    if _is_sparse(tree):
        places = (tree.indptr.tobytes(), tree.indices.tobytes())
        kind = (type(tree), tree.shape, *places)
        return tree.data.tolist(), kind, lambda items: with_entries(tree, items)
    if _is_record(type(tree)) and not isinstance(tree, type):
        names = _fields(type(tree))
        children = [getattr(tree, name) for name in names]
        return children, (type(tree),), lambda items: _with_fields(tree, names, items)
    return [], (), None


def are_values_among(leaves: Sequence[Any]) -> bool:
    """Whether some of these are Values. (Of thousands of floats none is looked at by Python.)"""
    return set(map(type, leaves)) != {float} and any(isinstance(x, Value) for x in leaves)


def hold_numbers(children: Sequence[Any]) -> bool:
    """Whether a container's children are numbers at sight, none of which need be looked at."""
    return NUMBERS.issuperset(map(type, children))


def is_array(tree: Any) -> bool:
    """Whether it is a NumPy array."""
    if type(tree) in NUMBERS:
        return False
    numpy = loaded("numpy")
    return numpy is not None and isinstance(tree, numpy.ndarray)


def _is_sparse(tree: Any) -> bool:
    """Whether it is a matrix as `sparse_jacobian` gives them."""
    sparse = loaded("scipy.sparse")
    return sparse is not None and isinstance(tree, sparse.csr_array)


def with_entries(tree: Any, items: Sequence[Any]) -> Any:
    """A SciPy matrix with other numbers stored in the same places. Values in it are kept, but SciPy
    can't compute with them."""
    if not all(isinstance(x, (float, Value)) for x in items):
        raise TypeError(
            "a SciPy matrix has one number in each place, so there is none of arrays, as vmap "
            "would make it of many; use a dense transform (hessian, jacobian)"
        )
    out = type(tree)(([0.0] * len(items), tree.indices, tree.indptr), shape=tree.shape, dtype=float)
    out.data = pack((len(items),), items)
    return out


def _filled(tree: Any, keys: list[Any], items: list[Any]) -> Any:
    """A copy, so that a defaultdict stays one."""
    out = copy.copy(tree)
    for key, item in zip(keys, items, strict=True):
        out[key] = item
    return out


def _with_fields(tree: Any, names: Sequence[str], items: list[Any]) -> Any:
    """A copy with other fields, frozen or not. `__post_init__` is not asked: what it demands of an
    argument need not hold for a gradient."""
    out = copy.copy(tree)
    for name, item in zip(names, items, strict=True):
        object.__setattr__(out, name, item)
    return out


def values_in(tree: Any) -> set[Value]:
    """The Values in anything at all, as far as it is a nesting."""
    found: set[Value] = set()
    seen: set[int] = set()  # it may contain itself
    stack = [tree]
    while stack:
        x = stack.pop()
        if isinstance(x, Value):
            found.add(x)
        elif is_array(x):
            if x.dtype == "O":
                stack.extend(x.ravel().tolist())
        elif _is_sparse(x) and x.data.dtype != "O":
            continue
        elif id(x) not in seen:
            children, _, assemble = opened(x)
            if assemble is not None:
                seen.add(id(x))
                stack.extend(children)
    return found


def with_values(tree: Any, changed: Callable[[Value], Any]) -> Any:
    """Anything at all, with something else in the place of each Value that `values_in` finds. What
    holds none is not copied."""
    if isinstance(tree, Value):
        return changed(tree)
    if not values_in(tree):
        return tree
    children, _, assemble = opened(tree)
    if assemble is None:  # an array
        return pack(tree.shape, [with_values(x, changed) for x in tree.ravel().tolist()])
    return assemble([with_values(x, changed) for x in children])


def _number(x: Any) -> Any:
    if isinstance(x, Value):
        return x
    try:
        return to_float(x, "")
    except TypeError:
        raise _NoNumberError(x) from None


class _NoNumberError(Exception):
    """Something else was found among the numbers of a nesting."""

    def __init__(self, culprit: Any) -> None:
        super().__init__()
        self.culprit = culprit


def _refusal(what: str, x: Any, place: str) -> str:
    hint = ""
    if hasattr(x, "to_numpy"):
        hint = "; a frame or a series becomes an array with .to_numpy()"
    elif hasattr(x, "parameters"):
        hint = "; a model's parameters get their gradients from loss.backward()"
    return f"{what} must be {CONTAINERS}, got {describe(x)}{place}{hint}"


def replaced(tree: Any, other: Callable[[Any], Any]) -> Any:
    """Anything at all, with what `other` gives in the place of every part for which that isn't
    None. What holds no such part is not copied."""
    found = other(tree)
    if found is not None:
        return found
    children, _, assemble = opened(tree)
    if assemble is None:
        return tree
    put = [replaced(child, other) for child in children]
    return tree if all(map(is_, put, children)) else assemble(put)


def components(
    tree: Any, name: str, path: tuple[Any, ...] = ()
) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """Every number of a nesting with its name, its path of keys, and itself, in `flatten`'s order.

    `name` and `path` are those of the nesting.

    >>> [name for name, _, _ in components({"w": [1.0, 2.0], "b": 3.0}, "p")]
    ["p['w'][0]", "p['w'][1]", "p['b']"]
    """
    if is_array(tree) and tree.ndim:
        import numpy

        for place in numpy.ndindex(tree.shape):
            yield f"{name}[{', '.join(map(str, place))}]", path + place, tree[place]
        return
    children, _, assemble = opened(tree)
    if assemble is None:
        yield name, path, tree
        return
    named = zip(*named_children(tree, children), children, strict=True)
    if hold_numbers(children):
        yield from ((name + written, (*path, key), child) for key, written, child in named)
        return
    for key, written, child in named:
        yield from components(child, name + written, (*path, key))


def named_children(tree: Any, children: Sequence[Any]) -> tuple[Sequence[Any], list[str]]:
    """The keys of a container's children, and each as it is written behind the container's name."""
    fields = _fields(type(tree))
    if isinstance(tree, (list, tuple)) and not fields:
        places = range(len(children))
        return places, [f"[{place}]" for place in places]
    keys = list(tree) if isinstance(tree, dict) else fields or range(len(children))
    return keys, [f".{key}" if fields else f"[{printable(repr(key))}]" for key in keys]


def _fields(kind: type) -> Sequence[str]:
    """The names by which a record's values are asked for; none of any other container."""
    if _is_record(kind):
        return [field.name for field in loaded("dataclasses").fields(kind)]
    return getattr(kind, "_fields", ())


def _is_record(kind: type) -> bool:
    """Whether it is a dataclass; asked of the module only where somebody has imported it."""
    dataclasses = loaded("dataclasses")
    return dataclasses is not None and dataclasses.is_dataclass(kind)
