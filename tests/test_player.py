"""The player: its steps agree with the engine, and a real browser plays them."""

import base64
import importlib
import importlib.util
import json
import math
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, cli
from autograd.drawing import graphviz_program
from autograd.drawing.number_text import figure
from autograd.drawing.player import steps
from autograd.drawing.player.animation import Animation, Frame, backpropagated
from autograd.engine.graph import edges, topological_order
from autograd.engine.text import names, term

pytestmark = pytest.mark.one_form

TOY = [
    "a = 2",
    "b = 1",
    "c = a + b = 2 + 1 = 3",
    "d = b + 1 = 1 + 1 = 2",
    "e = c * d = 3 * 2 = 6",
    "e.grad = 1",
    "e → c: 1 × 2 = 2",
    "e → d: 1 × 3 = 3",
    "c → a: 2 × 1 = 2",
    "c → b: 2 × 1 = 2",
    "d → b: 3 × 1 = 3",
    "b.grad: 2 + 3 = 5",
    "e = 6; ∂e/∂a = 2, ∂e/∂b = 5",
]

HOSTILE = {
    "script": "<script>window.broken = 1</script>",
    "end of script": "</script><script>window.broken = 1</script>",
    "image": '<img src=x onerror="window.broken = 1">',
    "quotes": "\"'><b onclick='window.broken = 1'>b</b>",
    "comment": "<!-- <script> --> ]]> <![CDATA[",
    "entity": "&lt;b&gt; &amp; &#65;",
    "newlines": "two\nlines\r\n\u2028\u2029",
    "control": "a\0b\x1b[2J\x07",
    "right to left": "שלום עולם",
    "override": "\u202eevil\u202c",
    "surrogate": "a\ud800b",
    "emoji": "👩\u200d🔬 漢字",
    "long": "L" * 10_000,
    "template": "${window.broken = 1} %s {x}",
    "json": '"},{"name":"x',
}


def toy():
    a, b = Value(2.0, "a"), Value(1.0, "b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    e = c * d
    e.label = "e"
    return e


def square():
    x = Value(-3.0, "x")
    y = x * x
    y.label = "y"
    return y


# -- the steps -------------------------------------------------------------------------------------


def test_the_toy():
    assert [step.caption for step in steps(toy()).steps] == TOY


def test_what_the_steps_hold():
    """Kinds, places and numbers, in the order in which things happen."""
    found = [(step.kind, step.node, step.edge, step.numbers) for step in steps(toy()).steps]
    assert found[4:] == [
        ("value", 4, None, (6.0,)),
        ("seed", 4, None, (1.0,)),
        ("message", 2, 3, (1.0, 2.0, 2.0)),
        ("message", 3, 4, (1.0, 3.0, 3.0)),
        ("message", 0, 0, (2.0, 1.0, 2.0)),
        ("message", 1, 1, (2.0, 1.0, 2.0)),
        ("message", 1, 2, (3.0, 1.0, 3.0)),
        ("sum", 1, None, (2.0, 3.0, 5.0)),
        ("done", 4, None, ()),
    ]


def test_notes_say_why():
    notes = [step.note for step in steps(toy()).steps]
    assert notes[2] == "local derivatives: ∂c/∂a = 1, ∂c/∂b = 1"
    assert notes[6] == "e.grad × the local derivative ∂e/∂c; c.grad is complete, so c may send"
    assert notes[9] == "c.grad × the local derivative ∂c/∂b; b waits for 1 more message"
    assert notes[11] == "both messages are in: b.grad is complete"
    assert (
        notes[12] == "backpropagation walked 5 edges, each once; following every path would walk 6"
    )


def test_the_graph_stays_as_it_is():
    """Gradients that the user has, of this pass or of others, are neither used nor changed."""
    e = toy()
    nodes = topological_order(e)
    for i, node in enumerate(nodes):
        node.grad = 10.0 * i
    assert [step.caption for step in steps(e).steps] == TOY
    assert [node.grad for node in nodes] == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert topological_order(e) == nodes


@given(st.data())
def test_messages_add_up_to_the_gradients_of_the_engine(formulas, data):
    """On random graphs with awkward numbers: every value, every message and every gradient."""
    formula = data.draw(formulas())
    root = formula([Value(x) for x in formula.inputs])
    if not isinstance(root, Value):
        return
    done = backpropagated(root)
    found = Animation(done, names(topological_order(done))).frames()
    root.zero_grad()
    root.backward()
    order, arrows = topological_order(root), edges(root)
    values = [step.numbers for step in found if step.kind == "value"]
    assert same([x for (x,) in values], [node.data for node in order])

    gradients = {len(order) - 1: 1.0}
    reported = Counter()
    consumers = Counter(id(arrow.parent) for arrow in arrows)
    for step in found:
        if step.kind == "message":
            arrow = arrows[step.edge]
            adjoint, partial, sent = step.numbers
            assert order[step.node] is arrow.parent
            assert same([adjoint, partial], [arrow.output.grad, arrow.partial])
            assert reported[id(arrow.output)] == consumers[id(arrow.output)], "sent too early"
            assert same([sent], [adjoint * partial]) or sent == 0.0
            reported[id(arrow.parent)] += 1
            gradients.setdefault(step.node, sent)
        elif step.kind == "sum":
            before, _, after = step.numbers
            assert same([before], [gradients[step.node]])
            gradients[step.node] = after
    assert same([gradients[i] for i in range(len(order))], [node.grad for node in order])
    assert sorted(step.edge for step in found if step.kind == "message") == list(range(len(arrows)))


def same(found, expected):
    return list(map(repr, found)) == list(map(repr, expected)) or all(
        x == y or (math.isnan(x) and math.isnan(y)) for x, y in zip(found, expected, strict=True)
    )


def test_a_square_has_two_messages_that_can_be_told_apart():
    assert [step.caption for step in steps(square()).steps][2:] == [
        "y.grad = 1",
        "y → x (input 1): 1 × (−3) = −3",
        "y → x (input 2): 1 × (−3) = −3",
        "x.grad: −3 + (−3) = −6",
        "y = 9; ∂y/∂x = −6",
    ]


def test_three_messages_add_up_one_by_one():
    x = Value(3.0, "x")
    y = x * x + x
    y.label = "y"
    sums = [(step.caption, step.note) for step in steps(y).steps if step.kind == "sum"]
    assert sums == [
        ("x.grad: 1 + 3 = 4", "x waits for 1 more message"),
        ("x.grad: 4 + 3 = 7", "all 3 messages are in: x.grad is complete"),
    ]


def test_where_nothing_flows_the_step_says_why():
    """An adjoint of 0 sends 0 along an infinite derivative; a selection cuts even infinities."""
    x = Value(0.0, "x")
    root = autograd.sqrt(x)
    root.label = "r"
    y = 0 * root
    y.label = "y"
    caption, note = next((s.caption, s.note) for s in steps(y).steps if s.edge == 0)
    assert caption == "r → x: 0"
    assert note == "r.grad is 0, so nothing flows, even where ∂r/∂x is ∞; x.grad is complete"

    z = Value(-1.0, "z")
    kept = autograd.relu(z)
    kept.label = "k"
    w = kept * Value(math.inf, "w")
    caption, note = next((s.caption, s.note) for s in steps(w).steps if s.edge == 0)
    assert caption == "k → z: 0"
    assert note == "relu did not use z here, so nothing flows; z.grad is complete"


def test_long_names_do_not_fill_the_caption():
    y = autograd.sum([Value(1.0, f"layer0.neuron0.w{i}") for i in range(5)])
    y.label = "y"
    derivatives = [f"∂y/∂layer0.neuron0.w{i} = 1" for i in range(3)]
    assert steps(y).steps[-1].caption == f"y = 5; {', '.join(derivatives)}, …"


def test_an_input_that_was_changed_since_is_no_false_equation():
    e = toy()
    e.parents[0].parents[0].data = 100.0
    captions = [(step.caption, step.note) for step in steps(e).steps]
    assert captions[2] == ("c = a + b = 3", "computed earlier, before an input was changed")


def test_a_leaf_alone():
    captions = [step.caption for step in steps(Value(3.0, "x")).steps]
    assert captions == ["x = 3", "x.grad = 1", "x = 3; ∂x/∂x = 1"]


def test_only_a_value_can_be_played():
    with pytest.raises(TypeError, match="steps needs a Value, the root of a graph; got list"):
        steps([toy()])


def test_too_large_a_graph_is_a_message_at_once():
    x = Value(1.0)
    for _ in range(10_000):
        x = x + 1.0
    message = "10,001 nodes and 10,000 edges, too many to follow .* pass max_nodes=10001"
    with pytest.raises(ValueError, match=message):
        steps(x)


def test_too_many_edges_are_a_message_too():
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"2 nodes and 2,000 edges, .* or pass max_nodes=400"):
        steps(autograd.sum([x] * 2_000))


def test_no_graphviz_names_the_remedy(monkeypatch):
    monkeypatch.setattr(graphviz_program, "find_dot", lambda: None)
    with pytest.raises(graphviz_program.DrawingError, match="pip install graphviz-pure"):
        steps(toy())


def test_steps_is_loaded_when_it_is_asked_for():
    code = (
        "import sys, autograd; assert 'autograd.drawing.player' not in sys.modules; autograd.steps"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pickles_of_0_1_0_find_the_steps():
    """There they were instances of autograd.drawing.passes.Step."""
    assert importlib.import_module("autograd.drawing.passes").Step is Frame
    assert {type(step) for step in steps(toy()).steps} == {Frame}


# -- the page --------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a page, and the text of its scripts of data."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.data, self.attributes = Counter(), [], []
        self.in_data = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += attributes
        self.in_data = (tag, dict(attributes).get("type")) == ("script", "application/json")

    def handle_data(self, text):
        if self.in_data:
            self.data.append(json.loads(text))
            self.in_data = False


def test_a_notebook_shows_the_player_and_a_sentence():
    bundle = steps(toy())._repr_mimebundle_()
    assert list(bundle) == ["text/html", "text/plain"]
    assert bundle["text/html"].startswith('<div class="chainrule-player" id="chainrule-')
    sentence = "5 values, 5 edges. e = 6. de/da = 2, de/db = 5."
    assert bundle["text/plain"] == f"<Player of 13 steps: {sentence}>"


def test_running_a_cell_again_changes_nothing():
    assert steps(toy()).html() == steps(toy()).html()


def test_ids_tell_players_apart():
    ids = [re.search(r'id="([^"]*)"', steps(root).html())[1] for root in (toy(), square())]
    assert len(set(ids)) == 2
    assert [id for id in ids if not re.fullmatch(r"chainrule-[0-9a-f]{12}", id)] == []


def test_save_writes_a_page_that_needs_nothing_else(tmp_path):
    path = tmp_path / "e.html"
    assert steps(toy()).save(path) == str(path)
    page = path.read_text("utf-8")
    assert page.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    assert "<title>5 values, 5 edges. e = 6. de/da = 2, de/db = 5.</title>" in page
    found = Elements(page)
    assert found.tags["link"] == 0
    sources = [value for name, value in found.attributes if name in ("src", "srcset", "href")]
    assert [source[:26] for source in sources] == ["data:image/svg+xml;base64,"] * 2
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}


def test_the_command_line_writes_it(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formula = "c = a + b; d = b + 1; e = c * d"
    assert cli.main([formula, "a=2", "b=1", "--steps", "e.html"]) == 0
    assert capsys.readouterr().out.endswith("wrote e.html\n")
    (data,) = Elements((tmp_path / "e.html").read_text("utf-8")).data
    assert [step["caption"] for step in data["steps"]] == TOY


def test_the_command_line_knows_a_page_by_its_suffix(tmp_path, capsys):
    assert cli.main(["a + b", "a=2", "b=1", "--steps", str(tmp_path / "e.svg")]) == 2
    assert "--steps writes a page; end the file's name in .html" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
def test_labels_stay_text_in_the_page(label):
    """The page has the elements that any page has, the data is what it was, and no more."""
    y = Value(2.0, label) * Value(3.0, "b")
    y.label = "y"
    found = Elements(steps(y).html())
    plain = Value(2.0, "a") * Value(3.0, "b")
    plain.label = "y"
    assert found.tags == Elements(steps(plain).html()).tags
    (data,) = found.data
    name = names([y.parents[0]], 24)[id(y.parents[0])]
    assert data["nodes"][0]["name"].strip("\u2066\u2067\u2068\u2069") == name


# -- a real browser --------------------------------------------------------------------------------

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "--window-size=1000,800",
]
# The browser reads commands from file descriptor 3 and answers on 4.
LAUNCH = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(fd), fcntl.F_DUPFD, 10) for fd in sys.argv[1:3])
os.dup2(commands, 3); os.dup2(answers, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """Headless Chromium over a pipe: the DevTools protocol without any package."""

    def __init__(self, profile):
        commands, self.write_end = os.pipe()
        self.read_end, answers = os.pipe()
        command = [sys.executable, "-c", LAUNCH, str(commands), str(answers), CHROMIUM, *FLAGS]
        self.process = subprocess.Popen(
            [*command, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self.buffer = b""
        self.last = 0
        self.events = []

    def send(self, method, session=None, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read_end], [], [], 60)
            assert ready, "the browser does not answer"
            data = os.read(self.read_end, 1 << 16)
            assert data, "the browser has ended"
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def close(self):
        self.send("Browser.close")
        self.process.wait(30)
        os.close(self.read_end)
        os.close(self.write_end)


class Page:
    """One tab."""

    def __init__(self, browser):
        self.browser = browser
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def open(self, path, **media):
        features = [{"name": name.replace("_", "-"), "value": x} for name, x in media.items()]
        self.send("Emulation.setEmulatedMedia", features=features)
        self.browser.events.clear()
        self.send("Page.navigate", url=path.as_uri())
        self.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")

    def visit(self, address, selector):
        """Open an address, on a server that may still be starting, and wait for an element."""
        self.send("Page.navigate", url=address)
        end = time.monotonic() + 90
        while not self.js(f"document.querySelector({selector!r}) !== null"):
            assert time.monotonic() < end, f"{address} never showed {selector}"
            if not self.js("location.href").startswith("http"):  # refused
                self.send("Page.navigate", url=address)
            time.sleep(0.5)

    def js(self, expression):
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression, seconds=30):
        end = time.monotonic() + seconds
        while not self.js(expression):
            assert time.monotonic() < end, f"never came true: {expression}"
            time.sleep(0.02)

    def press(self, key, code=None):
        text = {"text": key} if key == " " else {}
        number = {" ": 32, "Tab": 9, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}[key]
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code or ("Space" if key == " " else key),
                windowsVirtualKeyCode=number,
                **(text if kind == "keyDown" else {}),
            )

    def point_at(self, selector):
        """Move the mouse to the middle of an element."""
        x, y = self.js(
            f"(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def text(self, selector):
        return self.js(f"document.querySelector({selector!r}).textContent")

    def shown(self, selector):
        """The texts of the picture inside an element that can be seen."""
        return self.js(
            f"[...document.querySelectorAll({selector + ' text'!r})]"
            ".filter(t => t.textContent && getComputedStyle(t).visibility === 'visible')"
            ".map(t => t.textContent.replaceAll('\\u00a0', ' '))"
        )

    def step(self):
        return self.js("Number(document.querySelector('.chainrule-player').dataset.step)")

    def errors(self):
        bad = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event for event in self.browser.events if event.get("method") in bad]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH (chromium, chromium-browser or google-chrome)")
    if sys.platform == "win32":
        pytest.skip("the browser is driven over inherited file descriptors, which Windows lacks")
    running = Browser(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def page(browser):
    tab = Page(browser)
    yield tab
    assert tab.errors() == []
    browser.send("Target.closeTarget", targetId=tab.target)


@pytest.fixture
def html(tmp_path):
    """The toy's player as a file."""
    path = tmp_path / "e.html"
    steps(toy()).save(path)
    return path


CALM = {"prefers_reduced_motion": "reduce"}


def node(name):
    """A selector of the box that says it is of this name."""
    return f'.cr-node[aria-label^="{name}"]'


def test_next_shows_every_step(page, html):
    """Captions, count and picture, click by click, from nothing to the finished picture."""
    page.open(html, **CALM)
    assert page.text(".cr-caption") == "Values first, then gradients"
    assert page.text(".cr-count") == "0 of 13"
    assert not [text for text in page.shown(".cr-node") if text.startswith(("value", "grad"))]
    assert page.shown(".cr-edge") == []
    captions = []
    for _ in TOY:
        page.js("document.querySelector('.cr-next').click()")
        captions.append(page.text(".cr-caption"))
    assert captions == TOY
    assert page.js("document.querySelector('.cr-next').disabled")
    numbers = [text for text in page.shown(".cr-node") if text.startswith(("value", "grad"))]
    assert sorted(numbers)[-5:] == [f"value {x}" for x in (1, 2, 2, 3, 6)]
    assert sum(text.startswith("grad") for text in numbers) == 5


def test_numbers_of_the_browser_are_the_engines(page, html):
    """What each box finally says is what backward() found."""
    e = toy()
    e.backward()
    page.open(html, **CALM)
    page.press("End")
    for value in topological_order(e):
        said = page.shown(node(value.label))
        assert f"value {figure(value.data)}" in said
        (grad,) = [text for text in said if text.startswith("grad")]
        assert re.fullmatch(rf"grad (.* = )?{figure(value.grad)}", grad)


def test_a_gradient_adds_up_before_the_readers_eyes(page, html):
    """b waits with 2 until the 3 has come, and only then shows what draw shows."""
    page.open(html, **CALM)
    last = [text for text in page_at(page, 13) if text.startswith("grad")]
    assert "grad 2 + …" in page_at(page, 10)
    assert "grad 2 + …" in page_at(page, 11)
    assert [text for text in page_at(page, 12) if text.startswith("grad")] == last
    assert not [text for text in page_at(page, 9) if text.startswith("grad")]


def page_at(page, step):
    page.js(
        "(() => { const s = document.querySelector('input[type=range]');"
        f" s.value = {step}; s.dispatchEvent(new Event('input')); }})()"
    )
    assert page.step() == step
    return page.shown(node("b"))


@pytest.mark.parametrize("label", ["value", "grad", "data", "value 2", "grad 3 × 1", "! value"])
def test_a_label_is_not_taken_for_a_number(page, tmp_path, label):
    """Names are there from the start; values, gradients and what is on an arrow come in time."""
    y = Value(2.0, label) * Value(0.0, "b")
    y = autograd.sqrt(y)  # with marks for what is infinite
    y.label = "y"
    steps(y).save(tmp_path / "y.html")
    page.open(tmp_path / "y.html", **CALM)
    derivatives = [f"∂v1/∂{term(label)} = 0", "∂v1/∂b = 2", "!", "∂y/∂v1 = ∞, infinite"]
    made = [f"v1 = {term(label)} * b"]
    names = [["input", label], ["input", "b"], made, ["output", "y = sqrt(v1)"]]
    values = [["value 2"], ["value 0"], ["value 0"], ["value 0"]]
    infinite = ["!", "grad ∞, infinite"]
    gradients = [["!", "grad NaN"], infinite, infinite, ["grad 1"]]
    assert (boxes(page), page.shown(".cr-edge")) == (names, [])
    page.js("location.hash = '#4'")
    page.wait_for("document.querySelector('.chainrule-player').dataset.step === '4'")
    assert boxes(page) == [name + value for name, value in zip(names, values, strict=True)]
    assert page.shown(".cr-edge") == derivatives
    page.press("End")
    assert boxes(page) == [
        [*name, *value, *grad] for name, value, grad in zip(names, values, gradients, strict=True)
    ]


def boxes(page):
    """The lines of each box that can be seen."""
    count = page.js("document.querySelectorAll('.cr-node').length")
    return [page.shown(f".cr-node:nth-last-of-type({count - i})") for i in range(count)]


@pytest.mark.parametrize("absent", ["none", "transparent"])
def test_no_alarm_before_its_time(page, tmp_path, absent):
    """What is not finite is marked when it is there, not before, whichever way Graphviz says that
    a mark has no outline."""
    x = Value(0.0, "x")
    y = autograd.sqrt(x)
    y.label = "y"
    player = steps(y)
    player.svg = re.sub('stroke="(none|transparent)"', f'stroke="{absent}"', player.svg)
    player.save(tmp_path / "y.html")
    page.open(tmp_path / "y.html", **CALM)
    seen = (
        "[...document.querySelectorAll('.cr-node, .cr-edge')].map(g =>"
        " [...g.querySelectorAll('polygon:not(.cr-head)')]"
        ".filter(p => getComputedStyle(p).visibility === 'visible').length)"
    )
    found = []
    for step in ("0", "2", "4", "5"):
        page.js(f"location.hash = '#{step}'")
        page.wait_for(f"document.querySelector('.chainrule-player').dataset.step === '{step}'")
        found.append(page.js(seen))
    assert found == [[0, 0, 0], [1, 0, 0], [2, 1, 0], [2, 1, 0]]  # the edge, x, y
    assert page.text(".cr-so-far") == ""


def test_a_message_flies_down_its_edge(page, html):
    """With motion: a pill with the message's number starts at the output and ends at the input."""
    page.open(html)
    page_at(page, 6)
    page.js("document.querySelector('.cr-next').click()")
    assert page.text(".cr-pill") == "2"
    where = "document.querySelector('.cr-pill').getBoundingClientRect().x"
    start = page.js(where)
    assert not page.shown(node("c"))[-1].startswith("grad")
    page.wait_for(f"!document.querySelector('.cr-pill') || {where} < {start - 20}")
    page.wait_for("document.querySelector('.chainrule-player').dataset.settled === '7'")
    assert page.js("document.querySelectorAll('.cr-pill').length") == 0
    assert page.shown(node("c"))[-1] == "grad 2"


def test_reduced_motion(page, html):
    """Nothing flies; a step is there at once."""
    page.open(html, **CALM)
    page_at(page, 6)
    page.js("document.querySelector('.cr-next').click()")
    assert page.js("document.querySelectorAll('.cr-pill').length") == 0
    assert page.shown(node("c"))[-1] == "grad 2"
    duration = "getComputedStyle(document.querySelector('.cr-node path')).transitionDuration"
    assert page.js(duration) == "0s"


def test_playing_goes_to_the_end_and_stops(page, html):
    page.open(html, **CALM)
    page.js("(s => { s.value = 4; })(document.querySelector('.cr-controls select'))")
    page_at(page, 9)
    page.js("document.querySelector('.cr-play').click()")
    assert page.text(".cr-play") == "Pause"
    page.wait_for("document.querySelector('.chainrule-player').dataset.settled === '13'")
    page.wait_for("document.querySelector('.cr-play').textContent === 'Play'")


def test_an_address_may_name_a_step(page, html):
    page.open(html, **CALM)
    page.js("location.hash = '#10'")
    page.wait_for("document.querySelector('.cr-count').textContent === '10 of 13'")
    page.js("location.hash = '#99'")
    page.wait_for("document.querySelector('.cr-count').textContent === '13 of 13'")
    page.js("location.hash = '#nonsense'")
    page.wait_for("document.querySelector('.cr-count').textContent === '0 of 13'")


def test_buttons_have_words(page, html):
    page.open(html)
    words = page.js("[...document.querySelectorAll('.cr-controls button')].map(b => b.textContent)")
    assert words == ["Restart", "Back", "Play", "Next"]


def test_keyboard(page, html):
    """Arrows, space, Home and End play it, without a click on a page of its own; Tab reaches it."""
    page.open(html, **CALM)
    page.press("ArrowRight")
    assert page.step() == 1
    page.press("Home")
    page.js("document.querySelector('.cr-stage').focus()")
    page.press("ArrowRight")
    page.press("ArrowRight")
    assert page.step() == 2
    page.press("ArrowLeft")
    assert page.step() == 1
    page.press("End")
    assert page.step() == 13
    page.press("Home")
    assert page.step() == 0
    page.press(" ")
    assert page.text(".cr-play") == "Pause"
    page.press(" ")
    assert page.text(".cr-play") == "Play"
    page.press("Tab")
    assert page.js("document.activeElement.getAttribute('aria-label')").startswith("a, value 2")
    page.press("ArrowRight")
    assert page.step() >= 1


def test_the_slider_and_the_buttons_keep_their_own_keys(page, html):
    page.open(html, **CALM)
    page.js("document.querySelector('input[type=range]').focus()")
    page.press("ArrowRight")
    assert page.step() == 1
    page.js("document.querySelector('.cr-next').focus()")
    page.press(" ")
    assert page.step() == 2
    assert page.text(".cr-play") == "Play"


PANEL = [
    "2 paths to e", "product of the local derivatives",
    "b–c–e", "1 × 2 = 2",
    "b–d–e", "1 × 3 = 3",
    "sum over all paths", "2 + 3 = 5 = ∂e/∂b",
]  # fmt: skip


def cells(page):
    return page.js(
        "[...document.querySelectorAll('.cr-panel :is(th, td)')].map(c => c.textContent)"
    )


def test_pointing_at_a_value_lists_its_paths(page, html):
    page.open(html, **CALM)
    page.press("End")
    page.point_at(node("b"))
    assert page.text(".cr-facts") == "bvalue 1grad ∂e/∂b = 5"
    assert cells(page) == PANEL
    traced = "[...document.querySelectorAll('.cr-node.cr-traced')].length"
    assert page.js(traced) == 4
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert cells(page) == []
    assert page.js(traced) == 0


def test_paths_through_the_same_values_can_be_told_apart(page, tmp_path):
    steps(square()).save(tmp_path / "y.html")
    page.open(tmp_path / "y.html", **CALM)
    page.point_at(node("x"))
    assert cells(page)[2:6:2] == ["x–y (input 1)", "x–y (input 2)"]


def test_pointing_moves_nothing(page, html):
    """What is below the panel stays where it is."""
    page.open(html, **CALM)
    place = "document.querySelector('details').getBoundingClientRect().y"
    before = page.js(place)
    for name in "abcde":
        page.point_at(node(name))
        assert page.js(place) == before


def test_focus_does_as_the_mouse(page, html):
    page.open(html)
    page.js(f"document.querySelector({node('b')!r}).focus()")
    assert cells(page) == PANEL
    page.js(f"document.querySelector({node('c')!r}).focus()")
    assert page.text(".cr-facts") == "c = a + bvalue 3grad ∂e/∂c = 2"


def test_very_many_paths_are_counted_not_listed(page, tmp_path):
    x = y = Value(1.0, "x")
    for _ in range(60):
        y = y + y
    steps(y).save(tmp_path / "y.html")
    page.open(tmp_path / "y.html", **CALM)
    page.js(f"document.querySelector({node('x')!r}).focus()")
    found = cells(page)
    assert found[0] == "1.15e18 paths to v60"
    assert found[-4] == "… and 1.15e18 more"
    assert found[-1] == "1.153e18 = ∂v60/∂x"
    assert len(found) == 2 * (1 + 5 + 1 + 1)
    assert x.grad == 0.0


def test_the_caption_is_announced(page, html):
    page.open(html)
    announced = page.js("document.querySelector('[aria-live=polite]').outerHTML")
    assert "cr-caption" in announced
    label = page.js("document.querySelector('.cr-node').getAttribute('aria-label')")
    assert label == "a, value 2, gradient ∂e/∂a = 2, 1 path to e"


def test_two_players_on_a_page(page, tmp_path):
    """Different ones and the same one twice: each goes its own way, and no id stands twice."""
    page_text = "<!doctype html><meta charset=utf-8>" + "".join(
        steps(root).html() for root in (toy(), square(), toy())
    )
    (tmp_path / "all.html").write_text(page_text, "utf-8")
    page.open(tmp_path / "all.html", **CALM)
    page.press("ArrowRight")  # to none of them
    page.js("document.querySelectorAll('.cr-next')[1].click()")
    counts = page.js("[...document.querySelectorAll('.cr-count')].map(c => c.textContent)")
    assert counts == ["0 of 13", "1 of 7", "0 of 13"]
    ids = page.js("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == 3
    assert len(set(ids)) == 2  # the two that are the same to the last byte
    assert page.js("document.querySelectorAll('.cr-stage svg').length") == 3


def test_scripts_blocked(page, html):
    """The finished picture and all steps in words stay."""
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(html)
    assert page.js("document.querySelectorAll('.cr-stage svg, button').length") == 0
    assert page.js("document.querySelector('.cr-stage img').naturalWidth") > 100
    assert page.js("[...document.querySelectorAll('li')].map(i => i.textContent)") == TOY
    said = page.js("document.querySelector('.cr-stage img').alt")
    assert said == "5 values, 5 edges. e = 6. de/da = 2, de/db = 5."


def test_the_picture_without_script_is_the_finished_one(html):
    """In both themes, which differ in their colours alone."""
    encoded = re.findall(r"base64,([^\"]*)", html.read_text("utf-8"))
    dark, light = (base64.b64decode(picture).decode() for picture in encoded)
    assert light == steps(toy()).svg
    assert "grad 1" in light.replace("\N{NO-BREAK SPACE}", " ")
    colour = re.compile(r'(fill|stroke)="[^"]*"')
    assert dark != light
    assert colour.sub("", dark) == colour.sub("", light)


def colours(page):
    return page.js(
        "[getComputedStyle(document.querySelector('.chainrule-player')).backgroundColor,"
        " getComputedStyle(document.querySelector('.chainrule-player')).color,"
        " getComputedStyle(document.querySelector('.cr-node .cr-fill-text')).fill]"
    )


LIGHT = ["rgb(255, 255, 255)", "rgb(27, 31, 36)", "rgb(27, 31, 36)"]
DARK = ["rgb(22, 25, 29)", "rgb(230, 237, 243)", "rgb(230, 237, 243)"]


def test_light_and_dark(page, html):
    """As the reader prefers, unless the notebook says which theme it shows."""
    page.open(html, prefers_color_scheme="light")
    assert colours(page) == LIGHT
    page.open(html, prefers_color_scheme="dark")
    assert colours(page) == DARK
    page.js("document.body.dataset.jpThemeLight = 'true'")
    assert colours(page) == LIGHT
    page.open(html, prefers_color_scheme="light")
    page.js("document.body.dataset.jpThemeLight = 'false'")
    assert colours(page) == DARK


def test_nothing_of_the_picture_keeps_its_own_light_colours(page, html):
    page.open(html, prefers_color_scheme="dark")
    bright = page.js(
        "[...document.querySelectorAll('.graph > polygon, .cr-node :is(path, polygon)')]"
        ".map(e => getComputedStyle(e).fill)"
        ".filter(c => c.startsWith('rgb(') && c.match(/\\d+/g).every(x => Number(x) > 200))"
    )
    assert bright == []


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
def test_labels_stay_text_in_the_browser(page, tmp_path, label):
    y = Value(2.0, label) * Value(3.0, "b")
    y.label = label + "'"
    steps(y).save(tmp_path / "y.html")
    page.open(tmp_path / "y.html", **CALM)
    elements = (
        "document.querySelector('.cr-stage svg').querySelectorAll(':not(g, path, polygon, text)')"
    )
    assert page.js(f"{elements}.length") == 0
    for _ in steps(y).steps:
        page.js("document.querySelector('.cr-next').click()")
    page.js("document.querySelector('.cr-node').focus()")
    assert page.js("typeof window.broken") == "undefined"
    name = names([y.parents[0]], 24)[id(y.parents[0])]
    assert name in page.text(".cr-panel b")
    assert page.js("document.documentElement.scrollWidth") <= 1000


def test_the_script_may_be_put_in_later(page, html, tmp_path):
    """As JupyterLab does: the fragment as inner HTML, then each script as a new element."""
    (tmp_path / "empty.html").write_text(
        "<!doctype html><meta charset=utf-8><main></main>", "utf-8"
    )
    page.open(tmp_path / "empty.html")
    page.js(
        f"document.querySelector('main').innerHTML = {json.dumps(steps(toy()).html())};"
        "for (const old of document.querySelectorAll('script')) {"
        "  const script = document.createElement('script');"
        "  for (const a of old.attributes) script.setAttribute(a.name, a.value);"
        "  script.textContent = old.textContent; old.replaceWith(script); }"
    )
    assert page.text(".cr-count") == "0 of 13"


# -- notebooks -------------------------------------------------------------------------------------


def notebook(path):
    """A notebook with two players as its outputs."""
    outputs = [
        {
            "output_type": "execute_result",
            "data": steps(root)._repr_mimebundle_(),
            "execution_count": 1,
            "metadata": {},
        }
        for root in (toy(), square())
    ]
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "steps(e)"}
    cells = [{**cell, "id": f"cell{i}", "outputs": [out]} for i, out in enumerate(outputs)]
    # Without a kernel's name JupyterLab asks for one, in a dialog that takes the keys.
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(
        json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}),
        "utf-8",
    )
    return path


def needs(package):
    found = importlib.util.find_spec(package) is not None
    return pytest.mark.skipif(
        not found, reason=f"{package} is not installed: pip install .[notebook]"
    )


@needs("nbconvert")
@pytest.mark.parametrize(("theme", "expected"), [("light", LIGHT), ("dark", DARK)])
def test_a_notebook_as_a_page(page, tmp_path, theme, expected):
    """In nbconvert's HTML, whose theme wins over what the reader prefers."""
    path = notebook(tmp_path / "players.ipynb")
    command = ["-m", "nbconvert", "--to", "html", "--theme", theme, str(path)]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    other = {"light": "dark", "dark": "light"}[theme]
    page.open(path.with_suffix(".html"), prefers_color_scheme=other, **CALM)
    counts = "[...document.querySelectorAll('.cr-count')].map(c => c.textContent)"
    page.wait_for(f"{counts}.length === 2")
    page.js("document.querySelectorAll('.cr-next')[1].click()")
    assert page.js(counts) == ["0 of 13", "1 of 7"]
    assert colours(page) == expected
    page.browser.events.clear()  # what the page around the player has to say


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A JupyterLab: the folder of its files, and its address."""
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name))
    (tmp_path / "files").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--port={port}", "--no-browser", "--allow-root", "--IdentityProvider.token="]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            *options,
            f"--ServerApp.root_dir={tmp_path / 'files'}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    yield tmp_path / "files", f"http://127.0.0.1:{port}/lab/tree"
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:  # it waits for kernels; they end with it
        server.kill()
        server.wait(10)


@needs("jupyterlab")
def test_in_jupyterlab(page, lab):
    """Trusted, a player plays and the notebook leaves it its keys; untrusted, it is a picture."""
    folder, address = lab
    trusted = notebook(folder / "trusted.ipynb")
    command = [sys.executable, "-m", "jupyter", "trust", str(trusted)]
    subprocess.run(command, check=True, capture_output=True)
    untrusted = notebook(folder / "untrusted.ipynb")
    untrusted.write_text(untrusted.read_text("utf-8").replace("steps(e)", "steps(f)"), "utf-8")

    page.send("Emulation.setEmulatedMedia", features=[])
    page.visit(f"{address}/trusted.ipynb", ".cr-stage svg")
    idle = "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
    page.wait_for(idle)  # JupyterLab takes the focus while it starts
    assert page.js("document.querySelectorAll('.jp-Dialog').length") == 0
    page.js("document.querySelector('.cr-stage').focus()")
    page.press("ArrowRight")
    page.press("ArrowRight")
    assert page.text(".cr-count") == "2 of 13"
    assert "cr-stage" in page.js("document.activeElement.className")

    other = Page(page.browser)
    other.visit(f"{address}/untrusted.ipynb?reset", ".cr-stage img")
    assert other.js("document.querySelectorAll('.cr-count').length") == 0
    assert other.js("document.querySelector('.cr-stage img').naturalWidth") > 100
    page.browser.events.clear()
