"""`explore`: an exploration in a notebook. The widget only carries messages."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any, Final

from autograd.engine.loaded_modules import loaded
from autograd.exploring.explorable import explorable
from autograd.exploring.exploration import Exploration
from autograd.exploring.page_parts import explorer_module, explorer_styles
from autograd.exploring.saved_page import saved_to

__all__ = ["explore"]

CARRIER = """
async function render({model, el}) {
  const waiting = new Map(), view = Math.random();
  let last = 0;
  const arrived = ({id, reply}) => { // every view of the widget hears all replies
    waiting.get(id)?.(JSON.parse(reply)); // as text, so that null is null in every kernel
    waiting.delete(id);
  };
  model.on("msg:custom", arrived);
  const receive = message => new Promise(resolve => {
    const id = `${view}-${last += 1}`;
    waiting.set(id, resolve);
    model.send({id, message: JSON.stringify(message)});
  });
  const here = document.createElement("div");
  el.append(here);
  const first = () => JSON.parse(model.get("state")); // where no kernel answers
  const patience = new Promise(resolve => setTimeout(() => resolve(first()), 3000));
  const state = await Promise.race([receive(null), patience]);
  const unmount = mount(here, {state, receive});
  return () => {
    model.off("msg:custom", arrived);
    unmount();
  };
}

export default {render};
"""
MISSING = (
    "explore needs anywidget in a notebook; run: pip install anywidget, "
    "then restart the kernel; autograd.steps(e, quiz=True) needs nothing"
)


KEPT: Final = 50  # explorations of cells, whose numbers serve again
_kept: dict[tuple[Any, ...], Exploration] = {}


def explore(
    what: Any,
    *args: Any,
    descend: bool | None = None,
    quiz: bool = False,
    lang: str = "en",
    **given: Any,
) -> Any:
    """The diagram of `draw` with a slider for every leaf: moving one moves every value, message,
    sum and path with it.

    what: a formula such as `"e = (a + b) * (b + 1)"`, whose names begin at 1 where no number is
    given; a function, called anew with Values each time, so that an `if` may take another way; a
    Value, whose graph is computed anew; or a model with a sample and its target, `explore(model, x,
    target)`, and a `loss=` of outputs and target in place of ½(output − target)². A model is
    copied, and no Value is changed.

    descend: whether there is a button for one step of gradient descent, with its step size and the
    loss so far; a model has one. quiz: whether it begins with questions about what backpropagation
    finds. lang: "en" or "zh".

    It shows itself in a notebook. Where its cell is run again, it goes on where it was, and "Start
    again" goes back. `.save("e.html")` writes a page in which the quiz works and the numbers stay.

    Raises TypeError for what can't be explored, ValueError for a formula that can't be read and for
    a graph too large to be drawn with every edge (200 values), DrawingError where there is no
    Graphviz, ImportError without anywidget.

    >>> from autograd import explore
    >>> explore("e = (a + b) * (b + 1)", a=2, b=1)  # doctest: +SKIP
    """
    explorer = _widget_class()
    descends = hasattr(what, "named_parameters") if descend is None else descend
    source = explorable(what, args, given)
    exploration = Exploration(source, descend=descends, quiz=quiz, lang=lang)
    cell = _running_cell()
    if cell is not None:
        key = (cell, exploration.moment.structure, *source.start.items(), descends, quiz)
        if key in _kept:
            exploration.resume(_kept.pop(key))
        _kept[key] = exploration
        while len(_kept) > KEPT:
            del _kept[next(iter(_kept))]
    return explorer(exploration)


def _running_cell() -> str | None:
    """The id of the notebook's cell that is running, where the notebook tells it."""
    ipython = loaded("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    found = parent.get("metadata", {}).get("cellId")
    return found if isinstance(found, str) else None


@cache
def _widget_class() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError as problem:
        raise ImportError(MISSING) from problem

    class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
        """exploration: what it shows, for other front ends."""

        _esm = explorer_module() + CARRIER
        _css = explorer_styles()
        state = traitlets.Unicode().tag(sync=True)

        def __init__(self, exploration: Exploration) -> None:
            self.exploration = exploration
            super().__init__(state=json.dumps(exploration.state()))
            self.on_msg(self._answer)

        def _answer(self, widget: Any, message: Any, buffers: Any) -> None:
            asked = json.loads(message["message"])  # null by a view that begins
            reply = self.exploration.state() if asked is None else self.exploration.receive(asked)
            self.send({"id": message["id"], "reply": json.dumps(reply)})

        def save(self, filename: str | os.PathLike[str]) -> str:
            """Write it as a page, and return the path."""
            return saved_to(filename, self.exploration)

    return Explorer
