"""How arrays lie in memory, which a function may look at: strides, flags, and what shares memory.

A function gets copies of its arguments. They lie as the caller's do, on floats and on Values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from autograd.transforms.tree import hold_numbers, is_array, opened

__all__ = ["layout_of", "like_these", "values_like"]

DOUBLE: Final = 8  # bytes, which is what a pointer to a Value takes too

Convert = Callable[[Any, bool], Any]


def layout_of(x: Any) -> Hashable:
    """What makes an array differ from a plain one in the order of C; None for such a one."""
    import numpy

    if type(x) is numpy.ndarray and x.flags.c_contiguous and x.flags.writeable:
        return None
    strides = None if x.flags.c_contiguous else x.strides
    return "layout", strides, x.flags.writeable, None if type(x) is numpy.ndarray else type(x)


# -- copies on floats ------------------------------------------------------------------------------


def like_these(arguments: Sequence[Any], as_they_are: Sequence[bool], number: Convert) -> list[Any]:
    """Copies of arguments: what is there twice is there twice, arrays share memory as they do, and
    are of doubles but for those arguments that are to stay as they are. `number` makes another
    number of each, and is told whether its argument is to."""
    arrays: dict[int, tuple[Any, bool]] = {}
    for x, stays in zip(arguments, as_they_are, strict=True):
        _collect(x, stays, arrays)
    made = _copies([*arrays.values()])
    return [
        _rebuilt(x, stays, number, made) for x, stays in zip(arguments, as_they_are, strict=True)
    ]


def _collect(x: Any, stays: bool, found: dict[int, tuple[Any, bool]]) -> None:
    if is_array(x):
        found.setdefault(id(x), (x, stays))
        return
    children = opened(x)[0]
    for child in () if hold_numbers(children) else children:
        _collect(child, stays, found)


def _rebuilt(x: Any, stays: bool, number: Convert, made: dict[int, Any]) -> Any:
    """A copy of a nesting; `made` has those of its arrays, and of containers that it was seen to
    hold."""
    if id(x) in made:
        return made[id(x)]
    children, _, assemble = opened(x)
    if assemble is None:
        return number(x, stays)
    if hold_numbers(children):
        out = assemble([number(child, stays) for child in children])
    else:
        out = assemble([_rebuilt(child, stays, number, made) for child in children])
    if x is not None and not isinstance(x, tuple):
        made[id(x)] = out
    return out


def _copies(arrays: Sequence[tuple[Any, bool]]) -> dict[int, Any]:
    """By the identity of each array its copy, all views of memory that overlaps where theirs
    does."""
    if not arrays:
        return {}
    import numpy

    made: dict[int, Any] = {}
    spans = []
    for x, stays in arrays:
        if x.size == 0 or x.dtype == object or not (stays or x.dtype == float):
            made[id(x)] = numpy.array(x, x.dtype if stays else float)
        else:
            spans.append((*_span(x), x))
    spans.sort(key=lambda span: span[:2])
    while spans:
        low, end, _ = spans[0]
        together = []
        while spans and spans[0][0] < end:
            together.append(spans.pop(0))
            end = max(end, together[-1][1])
        memory = numpy.zeros(end - low, "u1")
        for _, _, x in together:
            made[id(x)] = _copy(x, len(together) == 1, memory, _address(x) - low)
    return made


def _span(x: Any) -> tuple[int, int]:
    """The addresses between which an array lies."""
    steps = [step * (count - 1) for step, count in zip(x.strides, x.shape, strict=True)]
    start = _address(x)
    return (
        start + sum(step for step in steps if step < 0),
        start + sum(step for step in steps if step > 0) + int(x.itemsize),
    )


def _address(x: Any) -> int:
    return int(x.__array_interface__["data"][0])


def _copy(x: Any, is_alone: bool, memory: Any, offset: int) -> Any:
    import numpy

    if is_alone and x.flags.owndata and type(x) is numpy.ndarray:
        out = x.copy("K")
        if out.strides == x.strides:
            out.flags.writeable = x.flags.writeable
            return out
    out = numpy.ndarray(x.shape, x.dtype, memory, offset, x.strides)
    out[...] = x
    if type(x) is not numpy.ndarray:
        out = out.view(type(x))
    out.flags.writeable = x.flags.writeable
    return out


# -- Values ----------------------------------------------------------------------------------------


def values_like(tree: Any, arguments: Any) -> Any:
    """A nesting of Values like the arguments, with its arrays laid out as theirs are. (Where
    several elements are one place in memory, as no Values are, they lie in the order of C.)"""
    if is_array(arguments):
        return tree if arguments.flags.c_contiguous else _laid_out(tree, arguments)
    children, _, assemble = opened(arguments)
    if assemble is None or not any(map(_has_strides, children)):
        return tree
    own, _, put = opened(tree)
    assert put is not None
    return put([values_like(x, like) for x, like in zip(own, children, strict=True)])


def _has_strides(x: Any) -> bool:
    if is_array(x):
        return not x.flags.c_contiguous
    children = opened(x)[0]
    return not hold_numbers(children) and any(map(_has_strides, children))


def _laid_out(values: Any, like: Any) -> Any:
    import numpy
    from numpy.lib.stride_tricks import as_strided

    low, end = _span(like)
    start, size = _address(like) - low, like.itemsize
    if any(step % size for step in (*like.strides, start)):
        return values  # fields of records
    memory = numpy.full((end - low) // size, None, object)
    strides = [step // size * DOUBLE for step in like.strides]
    out = as_strided(memory[start // size :], values.shape, strides)
    out[...] = values
    is_apart = all(a is b for a, b in zip(out.flat, values.flat, strict=True))
    return out.view(type(values)) if is_apart else values
