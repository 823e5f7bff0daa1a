"""`explore`: an exploration in a notebook. The widget only carries messages."""

from __future__ import annotations

from functools import cache
from typing import Any

from autograd.exploring.explorable import explorable
from autograd.exploring.exploration import Exploration
from autograd.exploring.page_parts import explorer_module, explorer_styles

__all__ = ["explore"]

CARRIER = """
function render({model, el}) {
  const waiting = [];
  const arrived = reply => waiting.shift()?.(reply);
  model.on("msg:custom", arrived);
  const receive = message => new Promise(resolve => {
    waiting.push(resolve);
    model.send(message);
  });
  const here = document.createElement("div");
  el.append(here);
  const unmount = mount(here, {state: JSON.parse(model.get("state")), receive});
  return () => {
    model.off("msg:custom", arrived);
    unmount();
  };
}

export default {render};
"""
MISSING = (
    "explore needs anywidget in a notebook; run: pip install anywidget (or chainrule[notebook]), "
    "then restart the kernel"
)


def explore(
    what: Any, *args: Any, descend: bool | None = None, lang: str = "en", **given: Any
) -> Any:
    """The diagram of `draw` with a slider for every leaf: moving one moves every value, message,
    sum and path with it.

    what: a formula such as `"e = (a + b) * (b + 1)"`, whose names begin at 1 where no number is
    given; a function, called anew with Values each time, so that an `if` may take another way; a
    Value, whose graph is computed anew; or a model with a sample and its target, `explore(model, x,
    target)`, and a `loss=` of outputs and target in place of ½(output − target)². A model is
    copied, and no Value is changed.

    descend: whether there is a button for one step of gradient descent, with its step size and the
    loss so far; a model has one. lang: "en" or "zh".

    It shows itself in a notebook, where that has anywidget. Raises TypeError for what can't be
    explored, ValueError for a formula that can't be read and for a graph too large to be drawn with
    every edge (200 values), ImportError without anywidget.

    >>> from autograd import explore
    >>> explore("e = (a + b) * (b + 1)", a=2, b=1)  # doctest: +SKIP
    """
    descends = hasattr(what, "named_parameters") if descend is None else descend
    exploration = Exploration(explorable(what, args, given), descend=descends, lang=lang)
    return _widget_class()(exploration)


@cache
def _widget_class() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError as problem:
        raise ImportError(MISSING) from problem
    import json

    class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = explorer_module() + CARRIER
        _css = explorer_styles()
        state = traitlets.Unicode().tag(sync=True)

        def __init__(self, exploration: Exploration) -> None:
            self.exploration = exploration
            super().__init__(state=json.dumps(exploration.state()))
            self.on_msg(self._answer)

        def _answer(self, widget: Any, message: Any, buffers: Any) -> None:
            self.send(self.exploration.receive(message))
            self.state = json.dumps(self.exploration.state())

    return Explorer
