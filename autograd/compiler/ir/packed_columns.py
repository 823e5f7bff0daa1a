"""Columns of numbers that grow: `librt.vecs`, which mypyc's compiled code reads and writes without
an object per number. Where librt is not installed, and nothing is compiled, lists do.

A column that was appended to is used by the name of the result: `column = append(column, x)`, or
`column = extend(column, xs)`.

`vec[i32](NO_NUMBERS, capacity=n)` has room for n more, which takes no memory before it is written
to; without the first argument, compiled code writes to all of it.
"""

from __future__ import annotations

from array import array
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from autograd.engine import value

__all__ = ["NO_NUMBERS", "append", "as_array", "extend", "pop", "vec"]

NO_NUMBERS: Final[Any] = ()


def _what_is_missing() -> str:
    """With librt, what machine code needs besides, so that one command brings all of it."""
    missing = ["librt", *(name for name in ("llvmlite", "numpy") if find_spec(name) is None)]
    listed, are = missing[0], "is"
    if len(missing) > 1:
        listed, are = f"{', '.join(missing[:-1])} and {missing[-1]}", "are"
    return (
        f"compiled functions need {listed}, which {are} not installed; "
        f"run: pip install {' '.join(missing)}"
    )


if TYPE_CHECKING:
    from librt.vecs import append, extend, pop, vec
else:
    try:
        from librt.vecs import append, extend, pop, vec
    except ImportError:
        if value.__file__.endswith((".so", ".pyd")):
            raise ImportError(_what_is_missing()) from None

        class vec(list):
            """A column of any numbers."""

            def __init__(self, numbers: Any = (), *, capacity: int = 0) -> None:
                super().__init__(numbers)

            def __class_getitem__(cls, kind: Any) -> Any:
                return cls

        def append(column: Any, number: Any) -> Any:
            column.append(number)
            return column

        def pop(column: Any) -> Any:
            number = column.pop()
            return column, number

        def extend(column: Any, numbers: Any) -> Any:
            column.extend(numbers)
            return column


def as_array(code: str, column: Any) -> Any:
    """The same numbers as an `array.array`."""
    if isinstance(column, list):
        return array(code, column)
    found = array(code)
    found.frombytes(memoryview(column).cast("B"))
    return found
