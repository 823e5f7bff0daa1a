"""`explore` in a notebook: what it needs, what it carries, and how it goes on."""

import json
import re
import sys
from pathlib import Path

import pytest

from autograd import Value, explore
from autograd.exploring import Exploration, explorable

pytestmark = pytest.mark.one_form

TOY = "c = a + b; d = b + 1; e = c * d"


def exploration(**options):
    return Exploration(explorable(TOY, (), {"a": 2, "b": 1}), **options)


def test_without_anywidget_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match="pip install anywidget"):
        explore(TOY)


def test_going_on_where_another_was():
    """Numbers, losses, the step size and the answers of a quiz."""
    before = exploration(descend=True)
    before.receive({"set": {"a": 5}})
    before.receive({"descend": {"rate": 0.01}})
    before.receive({"quiz": True})
    truth = before.moment.graph.gradient(before.moment.leaves["b"])
    before.receive({"answer": {"question": "n1-grad", "text": repr(truth)}})
    after = exploration(descend=True)
    after.resume(before)
    assert after.state() == before.state()
    assert after.receive({"quiz": False}) == before.receive({"quiz": False})


def test_a_widget_carries_messages():
    """As JSON, whose null every kernel understands. What is sent is answered by its number; a view
    that begins gets the state of now."""
    pytest.importorskip("anywidget")
    widget = explore(TOY, a=2, b=1)
    sent = []
    widget.send = sent.append
    widget._answer(widget, {"id": "7", "message": '{"set": {"b": -3}}'}, [])
    assert sent[0]["id"] == "7"
    assert json.loads(sent[0]["reply"])["texts"]["n4-value"] == "value 2"
    widget._answer(widget, {"id": "8", "message": "null"}, [])
    assert json.loads(sent[1]["reply"]) == json.loads(json.dumps(widget.exploration.state()))
    assert json.loads(widget.state)["texts"]["n4-value"] == "value 6"


def test_the_widget_s_module_keeps_to_itself():
    """What VS Code's webviews and Colab's frames forbid, it does without: other modules, addresses,
    the element of its script, and code in texts."""
    pytest.importorskip("anywidget")
    module = explore(TOY)._esm
    assert "export default {render};" in module
    assert not re.search(r"^\s*import\b|\bimport\(", module, re.MULTILINE)
    addresses = set(re.findall(r"\w+://[^\"'`\s]*", module))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of a namespace
    for word in ("currentScript", "eval(", "new Function", "document.getElementById", "fetch("):
        assert word not in module
    assert "://" not in explore(TOY)._css
    assert "@import" not in explore(TOY)._css


def test_a_widget_saves_itself(tmp_path):
    pytest.importorskip("anywidget")
    path = explore(Value(2.0, "a") * 3, lang="zh").save(tmp_path / "e.html")
    assert "chainrule-saved" in Path(path).read_text("utf-8")
