"""Names that other libraries have, and what they are called or how the thing is done here: for the
errors about attributes and imports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["ForeignNames", "hint"]

CALLED: Final = {
    "custom_vjp": "primitive(name, forward, partials)",
    "draw_dot": "draw(root)",
    "elementwise_grad": "vmap(autograd.grad(f))",
    "hessian_vector_product": "hvp(f)",
    "holomorphic_grad": "grad(f), of real numbers",
    "make_jaxpr": "jit(f), and its program()",
    "trace": "engine.graph.topological_order(root), or draw(root) for the picture",
    **dict.fromkeys(("Function", "custom_jvp", "defvjp"), "primitive(name, forward, partials)"),
    **dict.fromkeys(("check_grads", "gradcheck"), "check_grad(f, x)"),
    **dict.fromkeys(("make_jvp", "make_jvp_reversemode"), "jvp(f, primals, tangents)"),
    **dict.fromkeys(("make_vjp", "vector_jacobian_product"), "vjp(f, *primals)"),
    **dict.fromkeys(("Parameter", "Tensor", "tensor", "Variable", "variable"), "Value(data)"),
}
"""What stands behind `autograd.` here."""

OTHERWISE: Final = {
    "cond": "write `if`, which is recorded as it runs, or autograd.where(condition, a, b)",
    "lax": "write `if`, `for` and `while`, which are recorded as they run",
    "nn": "the networks are a package of their own: import nn",
    "optim": "the optimisers are in nn: nn.SGD, nn.Adam",
    **dict.fromkeys(("fori_loop", "scan", "while_loop"), "write a loop, recorded as it runs"),
}

OF_HIPS: Final = {
    "builtins": "lists, tuples and dicts of Python's own are differentiated as they are",
    "differential_operators": "grad, jacobian, hessian and their kin are in autograd itself",
    "extend": "autograd.primitive(name, forward, partials) makes an operation of your own",
    "misc": "optimisers are in nn (nn.Adam), and arguments in any nesting need no flattening",
    "multigrad_dict": "autograd.grad takes a dict of arguments as it is",
    "numpy": "NumPy itself works inside grad, jit and vmap: import numpy (docs/numpy.md)",
    "scipy": "SciPy itself calls grad(f) (docs/howto/calibrate-with-scipy.md), and its special "
    "functions are in autograd by their names (autograd.gammaln)",
    "test_util": "autograd.check_grad(f, x) checks derivatives",
    "tracer": "Values hold the graph themselves: v.parents and v.partials",
}
"""Modules of the package of the same name on PyPI."""


def hint(name: str) -> str:
    """What to say about a name that `autograd` has not, after a semicolon; "" for nothing."""
    if name in OF_HIPS:
        return (
            f"; this is Chainrule, and not HIPS autograd (docs/installing.md, to use both); here "
            f"{OF_HIPS[name]}"
        )
    if name in OTHERWISE:
        return f"; {OTHERWISE[name]}"
    return f"; here it is autograd.{CALLED[name]}" if name in CALLED else ""


class ForeignNames:
    """Stops imports of such names with what is said of them. (Attributes can't: to Python
    `from package import name` is an import of a module, and its own words are the last.)"""

    def __init__(self, package: str, hint: Callable[[str], str]) -> None:
        self._prefix = f"{package}."
        self._hint = hint

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name.startswith(self._prefix):
            own = name.removeprefix(self._prefix)
            if said := self._hint(own):
                # Without its name, which `from package import name` would take for its own affair.
                raise ModuleNotFoundError(f"{self._prefix[:-1]} has no {own!r}{said}")


sys.meta_path.append(ForeignNames("autograd", hint))
