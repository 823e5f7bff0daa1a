"""Derivatives of functions, as JAX names them.

derivatives    grad, value_and_grad, jacobian, hessian, hvp, vjp, jvp, stop_gradient
transform      what they make: objects that are called, pickled and copied
linearization  one call of a function, recorded, and its derivatives
accumulation   the reverse and forward passes, as numbers and as graphs
factor_graphs  the rules of the table, fed Values
tree           nested arguments as flat lists of numbers, and back
sparse         sparse_jacobian, sparse_hessian
implicit       implicit_root, implicit_fixed_point
theorem        the implicit function theorem on recorded graphs, for `implicit`
compiled_root  roots in compiled functions, for `implicit`
linalg         small dense matrices, for `theorem`
"""

from autograd.transforms.derivatives import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
