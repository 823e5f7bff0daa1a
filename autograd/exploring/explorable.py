"""What can be explored: each kind builds its graph anew from numbers for its leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from inspect import signature
from typing import Any, Protocol

from autograd.check.tutor.naming import call_named
from autograd.engine.graph import topological_order
from autograd.engine.modes import outside_mode
from autograd.engine.primitives import TABLE, describe
from autograd.engine.text import names, printable
from autograd.engine.value import Value
from autograd.reading.expressions import ExpressionError, compute
from autograd.reading.open_names import open_names
from autograd.transforms.tree import components, flatten

__all__ = ["Built", "Source", "built_by", "explorable"]

Built = tuple[Value, Mapping[str, Value]]  # a root, and the leaves that can be moved, by name


class Source(Protocol):
    """start: the numbers at first, by the names of the leaves. steered: the names of those that
    gradient descent changes. parameters: the names of those that are drawn as parameters, besides
    qualified names. what: it is, in an error."""

    start: dict[str, float]
    steered: list[str]
    parameters: list[str]
    what: str

    def built(self, numbers: Mapping[str, float]) -> Built:
        """The graph with these numbers."""


class FormulaSource:
    """A formula as text. Names without a number begin at 1."""

    def __init__(self, text: str, given: Mapping[str, Any]) -> None:
        self.text = text
        self.what = "the formula"
        names = open_names(text)
        unknown = [name for name in given if name not in names]
        if unknown and names:
            raise ExpressionError(
                f"the expression does not use {', '.join(map(printable, unknown))}; its names are "
                f"{', '.join(map(printable, names))}"
            )
        self.start = {name: _start(given[name], name) if name in given else 1.0 for name in names}
        self.steered, self.parameters = list(self.start), list[str]()

    def built(self, numbers: Mapping[str, float]) -> Built:
        found = compute(self.text, numbers)
        return found.root, {name: found.named[name] for name in numbers}


class FunctionSource:
    """A function and its arguments: numbers, and nestings of them. It is called anew each time, so
    an `if` may take another way. Values that its variables hold are called as those are."""

    def __init__(
        self, f: Callable[..., Any], args: Sequence[Any], given: Mapping[str, Any]
    ) -> None:
        self.f = f
        name = getattr(f, "__name__", "")
        self.what = name if name.isidentifier() else "the function"
        try:
            bound = signature(f).bind(*args, **given)
        except TypeError as problem:
            raise TypeError(
                f"explore calls {self.what} with the numbers that it is given, as in "
                f"explore(f, a=2, b=1): {problem}"
            ) from None
        trees = bound.arguments
        found, self._structure = flatten(list(trees.values()), "an argument of explore")
        self._bound = bound
        parts = [part for name, tree in trees.items() for part in components(tree, name)]
        self.start = {part[0]: _start(x, part[0]) for part, x in zip(parts, found, strict=True)}
        self.steered, self.parameters = list(self.start), list[str]()

    def built(self, numbers: Mapping[str, float]) -> Built:
        leaves = {name: Value(x, name) for name, x in numbers.items()}
        known: dict[int, str] = {}
        bound = self._bound
        trees = self._structure.unflatten(list(leaves.values()))
        bound.arguments.update(zip(list(bound.arguments), trees, strict=True))
        result = call_named(lambda: self.f(*bound.args, **bound.kwargs), (), known)
        if not isinstance(result, Value):
            raise TypeError(f"{self.what} has to return one Value, got {describe(result)}")
        for node in topological_order(result):
            if node.label is None and id(node) in known:
                node.label = known[id(node)]
        return result, leaves


class GraphSource:
    """A graph that is there already. It is computed anew by the operations that were recorded."""

    def __init__(self, root: Value) -> None:
        self.what = "the graph"
        self._order = topological_order(root)
        name = names(self._order)
        self._leaves = {name[id(x)]: x for x in self._order if not x.op}
        self.start = {name: x.data for name, x in self._leaves.items()}
        self.steered, self.parameters = list(self.start), list[str]()

    def built(self, numbers: Mapping[str, float]) -> Built:
        leaves = {name: Value(numbers[name], x.label) for name, x in self._leaves.items()}
        again = {id(old): leaves[name] for name, old in self._leaves.items()}
        for node in self._order:
            if node.op:
                again[id(node)] = made = _operation(node)(
                    *[again.get(id(x), x) for x in node.inputs]
                )
                made.label = node.label
        return again[id(self._order[-1])], leaves


def _operation(node: Value) -> Callable[..., Any]:
    assert node.primitive is not None
    return node.primitive


class ModelSource:
    """A model's loss on one sample: the parameters of a copy move, and what goes in."""

    def __init__(
        self, model: Any, x: Any, target: Any, loss: Callable[[Any, Any], Any] | None
    ) -> None:
        self.what = "the model"
        self._model = deepcopy(model)
        parameters = dict(self._model.named_parameters())
        self._target, self._loss = target, loss or half_of_squares
        numbers, self._structure = flatten(x, "the sample")
        given = [part[0] for part in components(x, "x")]
        self._inputs = {
            name: _start(number, name) for name, number in zip(given, numbers, strict=True)
        }
        self.steered = self.parameters = list(parameters)
        taken = self._inputs.keys() & parameters.keys()
        if taken:
            raise ValueError(
                f"explore: the model has a parameter called {min(taken)}, as its input"
            )
        self.start = {name: p.data for name, p in parameters.items()} | self._inputs

    def built(self, numbers: Mapping[str, float]) -> Built:
        model = deepcopy(self._model)  # what was built before stays as it is
        parameters = dict(model.named_parameters())
        for name, parameter in parameters.items():
            parameter.data, parameter.grad = numbers[name], 0.0
        inputs = {name: Value(numbers[name], name) for name in self._inputs}
        outputs = model(self._structure.unflatten(list(inputs.values())))
        several = isinstance(outputs, Sequence)
        for i, output in enumerate(outputs if several else [outputs]):
            if isinstance(output, Value) and output.label is None:
                output.label = f"output[{i}]" if several else "output"
        found = self._loss(outputs, self._target)
        if not isinstance(found, Value):
            raise TypeError(f"the loss has to be one Value, got {describe(found)}")
        found.label = found.label or "loss"
        return found, {**parameters, **inputs}


def half_of_squares(outputs: Any, targets: Any) -> Any:
    """½(output − target)², added up over the outputs."""
    found, _ = flatten(outputs, "the model's output")
    wanted, _ = flatten(targets, "the target")
    if len(found) != len(wanted):
        raise ValueError(
            f"the model has {len(found)} outputs, and the target {len(wanted)} numbers"
        )
    squares = [
        TABLE["square"](output - target) for output, target in zip(found, wanted, strict=True)
    ]
    return 0.5 * (squares[0] if len(squares) == 1 else TABLE["sum"](*squares))


def _start(x: Any, name: str) -> float:
    number = float(getattr(x, "data", x))
    if not math.isfinite(number):
        raise ValueError(f"explore begins at finite numbers; {name} is {number}")
    return number


def explorable(what: Any, args: Sequence[Any], given: Mapping[str, Any]) -> Source:
    """What `explore` was given, as something that builds its graph. Raises TypeError for what
    can't be explored."""
    given = dict(given)
    if isinstance(what, str):
        if args:
            raise TypeError("the numbers of a formula are given by name, as in explore('a*b', a=2)")
        return FormulaSource(what, given)
    if isinstance(what, Value):
        if args or given:
            raise TypeError("a Value has its numbers already; explore(e) takes no others")
        return GraphSource(what)
    if hasattr(what, "named_parameters"):
        loss = given.pop("loss", None)
        names = ("x", "target")
        given |= dict(zip(names, args, strict=False))
        if len(args) > 2 or set(given) != set(names):
            raise TypeError("a model is explored with one sample: explore(model, x, target)")
        return ModelSource(what, given["x"], given["target"], loss)
    if callable(what):
        return FunctionSource(what, args, given)
    raise TypeError(
        f"explore takes a formula, a function, a Value or a model; got {describe(what)}"
    )


def built_by(source: Source, numbers: Mapping[str, float]) -> Built:
    """The graph after one backward pass, whatever modes are on around it."""
    with outside_mode("no_grad"), outside_mode("detect_anomaly"):
        root, leaves = source.built(numbers)
        root.backward()
    return root, leaves
