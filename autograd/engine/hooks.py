"""What Value needs of modules that import `value` themselves. To avoid a circle, each of them puts
its functions into HOOKS when it is imported; `autograd.engine` imports them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

__all__ = ["HOOKS"]


@final
class Hooks:
    """Functions of a Value, by the module that enters them."""

    # apply
    apply: Callable[[Any, tuple[Any, ...]], Any]  # a primitive and its inputs: the new node

    # backward
    backward: Callable[[Any, object], None]  # a root, and what its adjoint is to be

    # graph
    zero_grad: Callable[[Any], None]  # a root

    # observers, while a mode is on
    made: Callable[[Any], None]  # a new node, or a constant as a leaf
    hashed: Callable[[Any], None]  # a Value as a key of a set or a dict
    looked: Callable[[Any, str], None]  # somebody looks at the graph of a Value, and where
    whole: Callable[[Any, Callable[[float], int], Any], int]  # a number converted to int

    # serialization
    copy: Callable[[Any], Any]
    deep_copy: Callable[[Any, dict[int, Any]], Any]
    reduce: Callable[[Any], Any]


HOOKS: Final = Hooks()
