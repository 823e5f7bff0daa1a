"""Optimisers: one step against the gradient, and the clipping of gradients before it.

    for epoch in range(100):
        loss = mse_loss([model(x) for x in X], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

The update formulas and defaults are those of `torch.optim` (2.x). A parameter that the loss did not
reach has gradient 0, and momentum and weight decay still move it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from math import copysign, hypot, inf, isfinite, isnan
from operator import attrgetter
from sys import maxsize
from typing import Any, ClassVar, TypeAlias

from autograd import Value, maximum, sqrt
from nn.foreign_names import hinting_keywords
from nn.validation import as_count, as_float, counted, listed, non_negative

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "clip_grad_norm", "clip_grad_value"]

Numbers: TypeAlias = Sequence[Any]

Limit: TypeAlias = Callable[[str, Any], Any]
"""Gives a setting back in its type, or raises with its name."""

DATA, GRAD = attrgetter("data"), attrgetter("grad")  # mapped, faster than a comprehension
OP = attrgetter("op")


def _positive(name: str, number: object) -> float:
    found = non_negative(name, number)
    if not found:
        raise ValueError(f"{name} must be greater than 0: it keeps the division possible")
    return found


def _below_one(name: str, number: object) -> float:
    return non_negative(name, number, below=1.0)


def _steps(name: str, number: object) -> int:
    count = as_count(name, number, least=0)
    if count > 2**53:
        raise ValueError(f"{name} must be a count of steps, got {count:g}")
    return count


def _squares(name: str, numbers: Any) -> list[float]:
    for i, x in enumerate(numbers):
        if x < 0.0:
            raise ValueError(f"{name}[{i}] must be 0 or more, as a mean of squares; got {x:g}")
    return list(numbers)


class Optimizer:
    """The base of all: which parameters, how fast, and how many steps so far.

    A subclass gives `updated(i, parameter)`, the new number of the i-th parameter. Its state is in
    attributes: numbers, or lists of one number for each parameter.

    Or it gives a `rule`, which `fit` can compile: a function of this step's `settings()`, a
    parameter, its gradient, and its entries of the lists named in `memory`. It returns the new
    parameter and the new entries, and is written with operators and autograd's functions.
    """

    memory: ClassVar[tuple[str, ...]] = ()
    rule: ClassVar[Any] = None  # a static method
    limits: ClassVar[Mapping[str, Limit]] = {"lr": non_negative, "steps": _steps}

    @hinting_keywords
    def __init__(self, parameters: Iterable[Value], lr: float) -> None:
        self.parameters = _checked_parameters(parameters)
        self.lr = lr
        self.steps = 0

    @property
    def lr(self) -> float:
        """The learning rate; assignable at any time."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = non_negative("lr", lr)

    def step(self) -> None:
        """Move every parameter by its gradient."""
        self.steps += 1
        if not self.has_rule:
            for i, parameter in enumerate(self.parameters):
                parameter.data = self.updated(i, parameter)
            return
        kept = [getattr(self, name) for name in self.memory]
        numbers, gradients = map(DATA, self.parameters), map(GRAD, self.parameters)
        moved = list(map(self.rule, repeat(self.settings()), numbers, gradients, *kept))
        new, *columns = zip(*moved, strict=True)
        for parameter, number in zip(self.parameters, new, strict=True):
            parameter.data = number
        for entries, column in zip(kept, columns, strict=True):
            entries[:] = column

    @property
    def has_rule(self) -> bool:
        """True if `rule` is used: no subclass overrides `step` or `updated`."""
        kind = type(self)
        own = kind.updated is not Optimizer.updated or kind.step is not Optimizer.step
        return self.rule is not None and not own

    def updated(self, i: int, parameter: Value) -> float:
        """The new number of the i-th parameter; its memory goes on too."""
        if self.rule is None:
            raise NotImplementedError(f"{type(self).__name__} has neither updated() nor a rule")
        kept = [getattr(self, name) for name in self.memory]
        number: float
        number, *entries = self.rule(
            self.settings(), parameter.data, parameter.grad, *[column[i] for column in kept]
        )
        for column, entry in zip(kept, entries, strict=True):
            column[i] = entry
        return number

    def settings(self) -> tuple[float, ...]:
        """What the rule needs in this step besides, the same for all parameters."""
        return (self.lr,)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Settings and memory as plain numbers and lists, ready for JSON.

        >>> SGD([Value(1.0)], lr=0.1).state_dict()["lr"]
        0.1
        """
        return {
            name.lstrip("_"): list(kept) if isinstance(kept, list) else kept
            for name, kept in vars(self).items()
            if name != "parameters"
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another optimiser of the same kind, for as many parameters, was.

        Raises ValueError or TypeError, naming the key, if it does not fit; then nothing changes.
        """
        for name, kept in self.fitting_state(state).items():
            setattr(self, name, kept)

    def fitting_state(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """`state` in the types of this optimiser's own; raises as `load_state_dict` does."""
        ours = self.state_dict()
        if set(state) != set(ours):
            odd = sorted(map(str, set(state) ^ set(ours)))
            raise ValueError(
                f"the state of {type(self).__name__} is {', '.join(ours)}; "
                f"got {', '.join(map(str, state)):.200}, which differs in {listed(odd, 3):.200}"
            )
        fitting = {name: _like(name, ours[name], state[name]) for name in ours}
        for name, limit in self.limits.items():
            fitting[name] = limit(name, fitting[name])
        return fitting

    def __repr__(self) -> str:
        count = counted(len(self.parameters), "parameter")
        return f"{type(self).__name__}(lr={self.lr}, {count})"


class SGD(Optimizer):
    """Gradient descent: p ← p - lr·g.

    With momentum, v ← momentum·v + g takes the place of g; `nesterov` looks one step ahead and
    takes g + momentum·v. `weight_decay` adds weight_decay·p to the gradient.

    >>> p = Value(3.0)
    >>> optimizer = SGD([p], lr=0.1)
    >>> (p * p).backward()
    >>> optimizer.step()
    >>> round(p.data, 12)
    2.4
    """

    memory = ("velocity",)
    limits: ClassVar[Mapping[str, Limit]] = {
        **Optimizer.limits,
        "momentum": non_negative,
        "weight_decay": non_negative,
    }

    @hinting_keywords
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = non_negative("momentum", momentum)
        self.nesterov = bool(nesterov)
        self.weight_decay = non_negative("weight_decay", weight_decay)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum: give a momentum > 0")
        self.velocity = [0.0] * len(self.parameters)

    def settings(self) -> tuple[float, ...]:
        return self.lr, self.momentum, self.nesterov, self.weight_decay

    @staticmethod
    def rule(settings: Numbers, p: Any, g: Any, v: Any) -> tuple[Any, Any]:
        """A parameter's new number and velocity, from its number p, gradient g and velocity v."""
        lr, momentum, nesterov, weight_decay = settings
        g = _decaying(p, g, weight_decay)
        if momentum:
            v = momentum * v + g
            g = g + momentum * v if nesterov else v
        return p - lr * g, v


class RMSprop(Optimizer):
    """Every parameter at its own pace: the gradient over its root mean square.

        v ← alpha·v + (1-alpha)·g²      p ← p - lr·g / (√v + eps)

    (Hinton 2012, lecture 6e; the details and defaults are PyTorch's.) `centered` takes the variance
    in the place of the mean square: v - m², with the running mean m of the gradients. With
    momentum, b ← momentum·b + g / (√v + eps), and p ← p - lr·b. `weight_decay` adds weight_decay·p
    to the gradient.

    >>> p = Value(3.0)
    >>> optimizer = RMSprop([p], lr=0.1)
    >>> (p * p).backward()
    >>> optimizer.step()
    >>> round(p.data, 6)
    2.0
    """

    memory = ("mean_square", "mean", "velocity")
    limits: ClassVar[Mapping[str, Limit]] = {
        **Optimizer.limits,
        "alpha": _below_one,
        "eps": _positive,
        "momentum": non_negative,
        "weight_decay": non_negative,
        "mean_square": _squares,
    }

    @hinting_keywords
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        *,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.alpha = _below_one("alpha", alpha)
        self.eps = _positive("eps", eps)
        self.momentum = non_negative("momentum", momentum)
        self.centered = bool(centered)
        self.weight_decay = non_negative("weight_decay", weight_decay)
        self.mean_square = [0.0] * len(self.parameters)
        self.mean = [0.0] * len(self.parameters)
        self.velocity = [0.0] * len(self.parameters)

    def settings(self) -> tuple[float, ...]:
        return self.lr, self.alpha, self.eps, self.momentum, self.centered, self.weight_decay

    @staticmethod
    def rule(
        settings: Numbers, p: Any, g: Any, v: Any, m: Any, b: Any
    ) -> tuple[Any, Any, Any, Any]:
        """A parameter's new number and memory, from its number p, gradient g, the running means v
        of squared gradients and m of gradients, and the velocity b."""
        lr, alpha, eps, momentum, centered, weight_decay = settings
        g = _decaying(p, g, weight_decay)
        v = alpha * v + (1 - alpha) * g * g
        square = v
        if centered:
            m = alpha * m + (1 - alpha) * g
            square = maximum(v - m * m, 0.0)  # rounding may bring it below
        move = g / (sqrt(square) + eps)
        if momentum:
            move = b = momentum * b + move
        return p - lr * move, v, m, b


class Adam(Optimizer):
    """Every parameter at its own pace: mean gradient over root mean square gradient.

        m ← β1·m + (1-β1)·g      m̂ = m / (1-β1ᵗ)
        v ← β2·v + (1-β2)·g²     v̂ = v / (1-β2ᵗ)      p ← p - lr·m̂ / (√v̂ + eps)

    (Kingma and Ba 2015, algorithm 1.) `weight_decay` adds weight_decay·p to the gradient.

    >>> p = Value(3.0)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).backward()
    >>> optimizer.step()
    >>> round(p.data, 6)
    2.9
    """

    memory = ("mean", "mean_square")
    limits: ClassVar[Mapping[str, Limit]] = {
        **Optimizer.limits,
        "beta1": _below_one,
        "beta2": _below_one,
        "eps": _positive,
        "weight_decay": non_negative,
        "mean_square": _squares,
    }

    @hinting_keywords
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.beta1, self.beta2 = (_below_one("betas", beta) for beta in betas)
        self.eps = _positive("eps", eps)
        self.weight_decay = non_negative("weight_decay", weight_decay)
        self.mean = [0.0] * len(self.parameters)
        self.mean_square = [0.0] * len(self.parameters)

    def settings(self) -> tuple[float, ...]:
        grown = 1 - self.beta1**self.steps, 1 - self.beta2**self.steps
        return self.lr, self.beta1, self.beta2, self.eps, self.weight_decay, *grown

    @staticmethod
    def rule(settings: Numbers, p: Any, g: Any, m: Any, v: Any) -> tuple[Any, Any, Any]:
        """A parameter's new number and means, from its number p, gradient g, and the running means
        m of gradients and v of their squares."""
        return _descended(settings, p, _decaying(p, g, settings[4]), m, v)


class AdamW(Adam):
    """Adam with the decay apart from the gradient: p ← p - lr·weight_decay·p, then Adam's step.

    (Loshchilov and Hutter 2019, algorithm 2.)
    """

    @hinting_keywords
    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        *,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay=weight_decay)

    @staticmethod
    def rule(settings: Numbers, p: Any, g: Any, m: Any, v: Any) -> tuple[Any, Any, Any]:
        return _descended(settings, p * (1 - settings[0] * settings[4]), g, m, v)


def _descended(settings: Numbers, p: Any, g: Any, m: Any, v: Any) -> tuple[Any, Any, Any]:
    """Adam's step, without decay."""
    lr, beta1, beta2, eps, _, grown_mean, grown_square = settings
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return p - lr * (m / grown_mean) / (sqrt(v / grown_square) + eps), m, v


def _decaying(p: Any, g: Any, weight_decay: Any) -> Any:
    """The gradient of the loss with ½·weight_decay·p² added to it."""
    return g + weight_decay * p if weight_decay else g  # 0·∞ would be NaN


def clip_grad_norm(parameters: Iterable[Value], max_norm: float) -> float:
    """Scale all gradients down together until their Euclidean norm is at most `max_norm`.

    Gives the norm they had. Raises FloatingPointError if that is NaN or infinite; then nothing
    changes.

    >>> p, q = Value(0.0), Value(0.0)
    >>> p.grad, q.grad = 3.0, 4.0
    >>> clip_grad_norm([p, q], 1.0), round(p.grad, 12), round(q.grad, 12)
    (5.0, 0.6, 0.8)
    """
    parameters = _checked_parameters(parameters)
    max_norm = non_negative("max_norm", max_norm)
    norm = hypot(*(p.grad for p in parameters))
    if not isfinite(norm):
        culprit = max(parameters, key=lambda p: inf if isnan(p.grad) else abs(p.grad))
        raise FloatingPointError(
            f"the norm of the gradients is {norm}: {culprit!r} has gradient {culprit.grad}; "
            "autograd.detect_anomaly() finds the operation"
        )
    if norm > max_norm:
        for p in parameters:
            p.grad *= max_norm / norm
    return norm


def clip_grad_value(parameters: Iterable[Value], limit: float) -> None:
    """Bring every gradient by itself into ±limit; NaN stays NaN.

    >>> p = Value(0.0)
    >>> p.grad = -7.0
    >>> clip_grad_value([p], 1.0)
    >>> p.grad
    -1.0
    """
    limit = non_negative("limit", limit)
    for p in _checked_parameters(parameters):
        if abs(p.grad) > limit:
            p.grad = copysign(limit, p.grad)


def _checked_parameters(parameters: Iterable[Value]) -> list[Value]:
    """As a list, each once, however often it is shared."""
    if not isinstance(parameters, Iterable):
        raise TypeError(
            "an optimiser takes a list of Values, such as model.parameters(); "
            f"got {parameters!r:.80}"
        )
    parameters = list(parameters)
    if set(map(type, parameters)) == {Value} and not any(map(OP, parameters)):
        return list(dict(zip(map(id, parameters), parameters, strict=True)).values())
    checked: dict[int, Value] = {}
    for parameter in parameters:
        if not isinstance(parameter, Value):
            raise TypeError(
                "an optimiser takes Values, such as model.parameters(); "
                f"got a {type(parameter).__name__}: {parameter!r:.80}"
            )
        if parameter.op:
            raise ValueError(
                f"{parameter!r} is the result of {parameter.op!r}; only leaves can be parameters"
            )
        checked[id(parameter)] = parameter
    if not checked:
        raise ValueError("there are no parameters to optimise")
    return list(checked.values())


def _like(name: str, ours: Any, theirs: Any) -> Any:
    """`theirs` in the type of `ours`: a number, a list of as many numbers, or something else of the
    very same type."""
    if isinstance(ours, list):
        if not isinstance(theirs, (list, tuple)) or len(theirs) != len(ours):
            size = len(theirs) if isinstance(theirs, (list, tuple)) else f"{theirs!r:.80}"
            wanted = counted(len(ours), "number")
            raise ValueError(f"{name!r} must have {wanted}, one a parameter; got {size}")
        return [_like(name, 0.0, x) for x in theirs]
    if isinstance(ours, bool) and theirs in (False, True):
        return bool(theirs)
    if isinstance(ours, int) and not isinstance(ours, bool):
        return as_count(repr(name), theirs, least=-maxsize)
    if isinstance(ours, float):
        return as_float(repr(name), theirs)
    if type(ours) is not type(theirs):
        raise TypeError(f"{name!r} must be of type {type(ours).__name__}, got {theirs!r:.80}")
    return theirs
