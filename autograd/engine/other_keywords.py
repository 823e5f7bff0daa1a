"""Keywords that users of PyTorch give to `backward` and `grad`: a TypeError that says how the thing
is done here. Not compiled, as little as `methods`, and off the path of a single operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Final, TypeVar, cast

from autograd.engine.value import Value

__all__ = ["refusing_keywords"]

F = TypeVar("F", bound=Callable[..., Any])

HERE: Final[dict[str, str]] = {
    "allow_unused": "what does not matter for the result has gradient 0.0; leave it out",
    "create_graph": "derivatives of derivatives come by grad of grad: grad(grad(f))(x)",
    "grad_outputs": "vjp(f, *args) gives a function of what is multiplied in",
    "inputs": (
        "backward() adds to the .grad of every leaf below; grad(f, argnums=...)(...) gives the "
        "gradient by some arguments"
    ),
    "retain_graph": (
        "a graph is kept as long as something refers to it, and may be passed again; leave it out"
    ),
}


def refusing_keywords(f: F) -> F:
    """`f`, with what to do in place of a keyword that it does not have.

    >>> from autograd import grad
    >>> grad(lambda x: x * x, create_graph=True)
    Traceback (most recent call last):
        ...
    TypeError: grad() takes no create_graph: derivatives of derivatives come by grad of grad: ...
    """

    @wraps(f)
    def called(*args: Any, **keywords: Any) -> Any:
        _refuse(f.__name__, keywords)
        return f(*args, **keywords)

    return cast("F", called)


def _refuse(name: str, keywords: Iterable[str]) -> None:
    for keyword in keywords:
        if keyword in HERE:
            raise TypeError(f"{name}() takes no {keyword}: {HERE[keyword]}")


plain_backward: Final = Value.backward


def _backward(self: Value, gradient: object = 1.0, *others: object, **keywords: object) -> None:
    if keywords or others:
        _refuse("backward", keywords)
        said = ", ".join([*map(repr, others), *(f"{key}=" for key in keywords)])
        raise TypeError(
            "backward() takes one argument, gradient, the number that the pass begins with; got "
            f"{said:.80} besides"
        )
    plain_backward(self, gradient)


setattr(Value, "backward", wraps(plain_backward)(_backward))  # noqa: B010
