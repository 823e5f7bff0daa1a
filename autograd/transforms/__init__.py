"""Derivatives of functions, as JAX names them.

derivatives  grad, value_and_grad, jacobian, hessian, hvp, vjp, jvp
tree         nested arguments as flat lists of numbers, and back
sparse       sparse_jacobian, sparse_hessian
implicit     implicit_root, implicit_fixed_point
"""

from autograd.transforms.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]
