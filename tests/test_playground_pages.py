"""The built playground in headless Chromium: each room, its address, both languages, and what it
never does. Needs Chromium, Node and the packages of docs/playground/package.json."""

import functools
import http.server
import importlib.util
import mimetypes
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from playground import build
from test_player import CHROMIUM, Page, browser

__all__ = ["browser"]  # a fixture

HERE = Path(build.__file__).parent
MODULES = Path(os.environ.get("CHAINRULE_NODE_MODULES") or HERE / "node_modules")
HAS = {
    "Chromium": CHROMIUM,
    "Node": shutil.which("node"),
    "npm ci --prefix docs/playground, or CHAINRULE_NODE_MODULES": (MODULES / "pyodide").is_dir(),
    "hatchling": importlib.util.find_spec("hatchling"),
    "pip": importlib.util.find_spec("pip"),
}
MISSING = [name for name, found in HAS.items() if not found]
pytestmark = [
    pytest.mark.one_form,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]

PATIENCE = 120  # seconds, for a machine that does much else


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of the built site, on a server of this machine."""
    out = tmp_path_factory.mktemp("playground") / "site"
    subprocess.run([sys.executable, str(HERE / "build.py"), "--out", str(out)], check=True)
    mimetypes.add_type("text/javascript", ".mjs")
    mimetypes.add_type("application/wasm", ".wasm")
    handler = functools.partial(Quiet, directory=str(out))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Room(Page):
    """A tab with the playground; at the end it must have no error and asked no other host."""

    def __init__(self, browser, site, width=1280):
        super().__init__(browser)
        browser.events.clear()
        self.site = site
        for domain in ("Network", "Log"):
            self.send(f"{domain}.enable")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.send("Emulation.setDeviceMetricsOverride", **size)

    def go(self, address, ready=True):
        self.send("Page.navigate", url=f"{self.site}index.html?{time.monotonic()}{address}")
        self.wait_for("document.readyState === 'complete'", PATIENCE)
        if ready:
            self.wait_for("document.getElementById('status').dataset.state === 'ready'", PATIENCE)
        return self

    def click(self, selector):
        self.js(f"document.querySelector({selector!r}).click()")

    def wait_text(self, selector, part):
        quoted = f"document.querySelector({selector!r})"
        self.wait_for(f"{quoted} !== null && {quoted}.textContent.includes({part!r})", PATIENCE)

    def hash(self):
        return self.js("location.hash")

    def choose(self, selector, value, event="change"):
        self.js(f"document.querySelector({selector!r}).value = {value!r}")
        self.happen(selector, event)

    def happen(self, selector, event):
        made = f"new Event({event!r}, {{bubbles: true}})"
        self.js(f"document.querySelector({selector!r}).dispatchEvent({made})")

    def end(self):
        assert self.errors() == []
        urls = [
            event["params"]["request"]["url"]
            for event in self.browser.events
            if event.get("method") == "Network.requestWillBeSent"
        ]
        assert [url for url in urls if not url.startswith((self.site, "data:", "blob:"))] == []
        self.browser.send("Target.closeTarget", targetId=self.target)


@pytest.fixture
def room(browser, site):
    room = Room(browser, site)
    yield room
    room.end()


# -- the expression room ---------------------------------------------------------------------------


def test_the_first_picture_is_there_before_python(room):
    room.go("", ready=False)
    room.wait_for("document.querySelector('#explorer svg .cr-node') !== null", PATIENCE)
    assert "grad 2 + 3 = 5" in room.shown("#explorer")
    room.wait_for("document.getElementById('status').dataset.state === 'ready'", PATIENCE)


def test_a_number_that_moves_moves_every_gradient(room):
    room.go("#expression?e=e+%3D+(a%2Bb)*(b%2B1)&at=a:2,b:1")
    room.wait_for("document.querySelector('#explorer svg') !== null", PATIENCE)
    room.choose("#explorer input[type=range]", "4", "input")  # a
    room.wait_text("#explorer .cr-stage", "grad 2 + 5 = 7")  # (b+1) + (a+b)
    room.wait_for("location.hash.includes('a:4,b:1')", PATIENCE)


def test_a_formula_in_the_address_its_steps_and_reasons(room):
    room.go("#expression?e=y+%3D+relu(w*x)&at=w:-1.5,x:2&view=explained")
    room.wait_text("#view-explained", "dead relu")
    assert room.js("document.getElementById('formula').value") == "y = relu(w*x)"
    room.click("#tab-player")
    room.wait_for("document.querySelector('#view-player iframe') !== null", PATIENCE)
    room.wait_for("location.hash.includes('view=player')", PATIENCE)
    again = room.hash()
    room.go(again)
    room.wait_for("document.querySelector('#view-player iframe') !== null", PATIENCE)
    assert room.hash() == again


def test_a_bad_formula_is_answered_in_the_engine_s_words(room):
    room.go("")
    room.js("document.getElementById('formula').value = 'e = a^2'")
    room.click(".formula button")
    room.wait_text("#formula-error", "'^' is not a power; write x ** 2")
    assert "grad 2 + 3 = 5" in room.shown("#explorer")  # what was there stays


def test_a_bad_formula_in_chinese(room):
    room.go("#expression?lang=zh")
    room.js("document.getElementById('formula').value = 'e = relux(a)'")
    room.click(".formula button")
    room.wait_text("#formula-error", "没有 'relux' 这个函数；是不是 relu？")


def test_a_quiz_and_an_exercise(room):
    room.go("#expression?e=e+%3D+(a%2Bb)*(b%2B1)&at=a:2,b:1&quiz=1")
    room.wait_for("document.querySelector('#explorer .cr-quiz input') !== null", PATIENCE)
    assert "grad 2 + 3 = 5" not in room.shown("#explorer")
    assert room.js("document.getElementById('tab-explained').disabled")
    room.choose("#level", "2")
    room.click("#exercise")
    room.wait_for("document.getElementById('formula').value !== 'e = (a+b)*(b+1)'", PATIENCE)
    room.wait_for("location.hash.includes('quiz=1')", PATIENCE)
    room.wait_for("document.querySelector('#explorer .cr-quiz input') !== null", PATIENCE)


@pytest.mark.parametrize("number", ["nan", "1e309", "abc"])
def test_a_link_without_a_number_opens_with_the_usual_one(room, number):
    room.go(f"#expression?e=y+%3D+a*b&at=a:{number},b:3")
    room.wait_text("#formula-error", "The link has no number for a; the usual one stands there.")
    room.wait_for("document.querySelector('#explorer svg .cr-node') !== null", PATIENCE)
    assert room.js("document.getElementById('formula').value") == "y = a*b"


def test_back_leads_to_the_formula_before(room):
    room.go("#expression?e=y+%3D+a*b&at=a:2,b:3")
    room.wait_for("document.querySelector('#explorer svg') !== null", PATIENCE)
    long = room.js("history.length")
    room.choose("#explorer input[type=range]", "4", "input")
    room.wait_for("location.hash.includes('a:4,b:3')", PATIENCE)
    assert room.js("history.length") == long
    room.js("document.getElementById('formula').value = 'z = a + b'")
    room.click(".formula button")
    room.wait_for("location.hash.includes('z+')", PATIENCE)
    room.click("#exercise")
    room.wait_for("location.hash.includes('quiz=1')", PATIENCE)
    assert room.js("history.length") == long + 2
    room.js("history.back()")
    room.wait_for("document.getElementById('formula').value === 'z = a + b'", PATIENCE)
    room.js("history.back()")
    room.wait_for("document.getElementById('formula').value === 'y = a*b'", PATIENCE)
    room.wait_for("location.hash.includes('a:4,b:3')", PATIENCE)
    room.wait_for("document.querySelector('#explorer input[type=range]').value === '4'", PATIENCE)


def test_quiz_me_by_key_goes_to_the_first_question(room):
    room.go("#expression")
    room.wait_for("document.querySelector('#explorer .cr-ask') !== null", PATIENCE)
    room.click("#explorer .cr-ask")  # a click without a pointer, as Enter makes one
    first = "document.querySelector('#explorer .cr-quiz input')"
    room.wait_for(f"{first} !== null && document.activeElement === {first}", PATIENCE)


def test_on_a_phone_no_question_hides_below_others(browser, site):
    room = Room(browser, site, 390)
    room.go("#expression?quiz=1")
    groups = "document.querySelector('#explorer .cr-groups')"
    room.wait_for(f"{groups} !== null", PATIENCE)
    assert room.js(f"{groups}.scrollHeight <= {groups}.clientHeight")
    room.end()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_picture_fits(browser, site, theme):
    """It runs from top to bottom, no wider than its frame, and moves as on a page."""
    room = Room(browser, site, 390)
    scheme = {"name": "prefers-color-scheme", "value": theme}
    room.send("Emulation.setEmulatedMedia", features=[scheme])
    room.go("#expression")
    stage = "document.querySelector('#explorer .cr-stage')"
    upright = f"{stage}.querySelector('svg').viewBox.baseVal"
    room.wait_for(f"{upright}.width < 1.2 * {upright}.height", PATIENCE)
    assert room.js(f"{stage}.scrollWidth <= {stage}.clientWidth")
    assert "grad 2 + 3 = 5" in room.shown("#explorer")
    room.choose("#explorer input[type=range]", "4", "input")  # a
    room.wait_text("#explorer .cr-stage", "grad 2 + 5 = 7")
    assert room.js(f"{stage}.scrollWidth <= {stage}.clientWidth")
    room.end()


# -- the network room ------------------------------------------------------------------------------


def test_training_by_steps_and_by_the_clock(room):
    room.go("#network?data=clouds")
    room.wait_text("#progress", "step 0")
    before = float(room.text("#training-loss"))
    room.click("#one-step")
    room.wait_text("#progress", "step 1 ")
    room.click("#play")
    steps = "Number(document.querySelector('#progress').textContent.match(/\\d+/))"
    room.wait_for(f"{steps} > 60", PATIENCE)
    room.click("#play")
    room.wait_text("#play", "Play")
    assert float(room.text("#training-loss")) < 0.8 * before


def test_the_address_of_a_training_gives_the_same_training(room):
    room.go(
        "#network?data=xor&noise=0.05&layers=3-2&activation=relu&loss=mse_loss&rate=0.01&seed=4"
    )
    for i in range(1, 4):
        room.click("#one-step")
        room.wait_text("#progress", f"step {i} ")
    room.wait_for("location.hash.includes('steps=3')", PATIENCE)
    address, loss = room.hash(), room.text("#training-loss")
    room.go("#code").go(address)
    room.wait_text("#progress", "step 3 ")
    assert room.text("#training-loss") == loss
    assert room.hash() == address


def test_a_weight_and_a_sample_say_why(room):
    room.go("#network?weight=layer0.neuron1.w0&steps=5")
    room.wait_text("#why", "∂loss/∂layer0.neuron1.w0")
    assert "for the next batch of 10 samples" in room.text("#why")
    room.choose("#sample", "3")
    room.wait_text("#why", "sample 3, class")
    room.wait_for("document.querySelector('#sample-graph svg .cr-node') !== null", PATIENCE)
    room.wait_for("location.hash.includes('sample=3')", PATIENCE)
    room.happen("#diagram .weight .hit", "click")
    room.wait_text("#why", "∂loss/∂layer0.neuron0.w0")


def clicked(room, selector, times):
    """Click so often that no answer comes in between."""
    element = f"document.querySelector({selector!r})"
    room.js(f"for (let i = 0; i < {times}; i++) {element}?.click()")


def has_layers(room, widths):
    """Title, address, neurons and their pictures are those of these hidden layers."""
    neurons = 3 + sum(widths)
    blank = "Object.assign(document.createElement('canvas'), {width: c.width, height: c.height})"
    painted = f"c => c.toDataURL() !== {blank}.toDataURL()"
    canvases = "[...document.querySelectorAll('#diagram canvas')]"
    room.wait_for(f"{canvases}.filter({painted}).length === {neurons}", PATIENCE)
    if len(widths) > 1:
        room.wait_text("#layers-title", f"{len(widths)} hidden layers")
    room.wait_for(f"location.hash.includes('layers={'-'.join(map(str, widths))}')", PATIENCE)
    assert room.js("document.querySelectorAll('#diagram .neuron').length") == neurons
    assert room.text("#network-error") == ""


def test_layers_and_neurons_are_added_and_taken_away(room):
    room.go("#network")
    room.wait_text("#progress", "step 0")
    room.click("#more-layers")
    has_layers(room, [4, 4])
    clicked(room, "#diagram .resizer button:last-child", 2)
    has_layers(room, [6, 4])
    room.click("#diagram .resizer button")
    has_layers(room, [5, 4])
    room.click("#fewer-layers")
    has_layers(room, [5])


def test_layers_and_neurons_are_added_quickly_and_during_training(room):
    room.go("#network?layers=3-2")
    room.wait_text("#layers-title", "2 hidden layers")
    room.click("#play")
    room.wait_for(
        "Number(document.querySelector('#progress').textContent.match(/\\d+/)) > 5", PATIENCE
    )
    clicked(room, "#diagram .resizer button:last-child", 9)
    has_layers(room, [8, 2])
    room.click("#play")
    clicked(room, "#more-layers", 9)
    has_layers(room, [8, 2, 2, 2])
    room.click("#play")
    room.wait_for(
        "Number(document.querySelector('#progress').textContent.match(/\\d+/)) > 2", PATIENCE
    )


def test_settings_that_cannot_be_are_refused_in_words(room):
    room.go("#network?layers=99")
    room.wait_text("#network-error", "the neurons of a layer must be from 1 to 8; got 99")


@pytest.mark.parametrize("setting", ["rate=nan", "seed=abc", "layers=3-x"])
def test_a_setting_that_is_no_number_is_the_usual_one(room, setting):
    room.go(f"#network?{setting}")
    name = setting.partition("=")[0]
    room.wait_text("#network-error", f"The link has no number for {name}; the usual one")
    room.wait_text("#progress", "step 0")
    assert room.text("#layers-title") == "1 hidden layer"


# -- the code room ---------------------------------------------------------------------------------


def run(room, code):
    room.choose("#editor", code, "input")
    room.click("#run")
    room.wait_for("!document.getElementById('run').disabled", PATIENCE)


def test_a_program_shows_text_and_pictures(room):
    room.go("#code")
    room.click("#run")
    room.wait_text("#code-status", "Done in")
    assert "e = 6, the gradient of b is 5" in room.text("#outputs")
    room.wait_for("document.querySelectorAll('#outputs iframe').length === 2", PATIENCE)
    tall = "[...document.querySelectorAll('#outputs iframe')].every(f => f.clientHeight > 150)"
    room.wait_for(tall, PATIENCE)


def test_an_error_begins_at_the_program_s_line(room):
    room.go("#code")
    run(room, "x = 1\nx.nothing\n")
    assert room.text("#outputs .error").splitlines()[1] == '  File "your code", line 2, in <module>'
    assert room.text("#code-status") == "An error, line 2."


def test_an_endless_loop_can_be_stopped(room):
    room.go("#code")
    room.choose("#editor", "print('begun', flush=True)\nwhile True:\n    pass\n", "input")
    room.click("#run")
    room.wait_text("#outputs", "begun")
    room.click("#stop")
    room.wait_text("#code-status", "Stopped")
    run(room, "print(6 * 7)")
    assert room.text("#outputs").strip() == "42"


def test_python_that_breaks_down_is_started_anew(room):
    room.go("#code")
    run(room, "import sys\nsys.setrecursionlimit(10**9)\nf = lambda: f()\nf()")
    room.wait_text("#code-status", "Python broke down")
    run(room, "print(6 * 7)")
    assert room.text("#outputs").strip() == "42"
    room.browser.events.clear()  # Pyodide reports it on the console


def test_a_program_in_the_address(room):
    room.go("#code")
    code = "# “quoted” 中文 & <tags>\nprint(1)\n"
    room.choose("#editor", code, "input")
    room.wait_for("location.hash.includes('z=')", PATIENCE)
    address = room.hash()
    room.go("#network").go(address)
    room.wait_for("document.getElementById('editor').value.includes('quoted')", PATIENCE)
    assert room.js("document.getElementById('editor').value") == code
    room.go("#code?example=01_the_chain_rule")
    room.wait_for("document.getElementById('editor').value.startsWith('# %%')", PATIENCE)


def test_a_link_without_a_program_opens_the_usual_one(room):
    room.go("#code?z=@@@")
    room.wait_text("#code-status", "The link does not hold a whole program")
    assert "Values remember where they come from" in room.js("editor.value")


def test_the_first_notebook_runs_to_its_end(room):
    room.go("#code?example=00_build_your_own_value")
    room.wait_for("document.getElementById('editor').value.startsWith('# %%')", PATIENCE)
    room.click("#run")
    room.wait_text("#code-status", "Done in")
    assert "a chain of 300: 1" in room.text("#outputs")


def test_html_of_a_program_reaches_neither_the_page_nor_the_network(room):
    room.go("#code")
    script = "try { parent.document.title = 'taken' } catch {}"
    html = f"<script>{script}</script>"
    run(room, f"class A:\n  def _repr_html_(self):\n    return {html!r}\nA()")
    room.wait_for("document.querySelector('#outputs iframe') !== null", PATIENCE)
    time.sleep(0.3)
    assert room.js("document.title") == "Chainrule playground"


@pytest.fixture
def elsewhere():
    """Another host, by its port, and the paths that it was asked for."""
    asked = []

    class Counted(Quiet):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()

        do_POST = do_OPTIONS = do_HEAD = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


REACHING = """
import js
from pyodide.code import run_js

host = {host!r}
tried = {{
    "xhr": "let x = new XMLHttpRequest(); x.open('GET', 'http://HOST/xhr', false); x.send()",
    "fetch": "fetch('http://HOST/fetch', {{mode: 'no-cors'}}).catch(() => {{}})",
    "import": "import('http://HOST/import').catch(() => {{}})",
    "socket": "new WebSocket('ws://HOST/socket')",
    "source": "new EventSource('http://HOST/source')",
    "scripts": "importScripts('http://HOST/scripts')",
    "worker": "new Worker({site!r} + 'worker.js', {{type: 'module'}}).onerror = () => {{}}",
    "nested": "new Worker(URL.createObjectURL(new Blob([`fetch('http://HOST/nested')`])))",
}}
for name, code in tried.items():
    try:
        run_js(code.replace("HOST", host))
    except Exception as error:
        print(name, "is refused")
try:
    js.fetch(f"http://{{host}}/python")
except Exception:
    pass
print("tried")
"""


def test_a_program_reaches_no_other_host(room, elsewhere):
    host, asked = elsewhere
    room.go("#code")
    run(room, REACHING.format(host=host, site=room.site))
    assert room.text("#outputs").splitlines()[-1] == "tried"
    assert "xhr is refused" in room.text("#outputs")
    time.sleep(1)
    assert asked == []
    run(room, f"import js\njs.fetch({room.site!r} + 'icon.svg')\nprint(6 * 7)")
    assert room.text("#outputs").strip() == "42"
    room.browser.events.clear()  # the refusals are on the console


# -- everywhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_room_fits_and_speaks_both_languages(browser, site, width, language):
    room = Room(browser, site, width)
    words = {"en": "Show", "zh": "显示"}
    for name in ("expression", "network", "code"):
        room.go(f"#{name}?lang={language}")
        assert room.text(".formula button") == words[language]
        assert room.js("document.documentElement.scrollWidth <= innerWidth")
        assert "undefined" not in room.js("document.body.innerText")
    room.click("#language")
    other = "zh" if language == "en" else "en"
    room.wait_for(f"location.hash.includes('lang={other}')", PATIENCE)
    assert room.text(".formula button") == words[other]
    room.end()


def test_the_theme_is_switched_by_hand(room):
    room.go("#network")
    light = room.js("getComputedStyle(document.body).backgroundColor")
    room.click("#theme")
    assert room.js("getComputedStyle(document.body).backgroundColor") != light
    assert room.text("#theme") == "Light"


def test_tabs_and_samples_go_by_keys(room):
    room.go("#network")
    room.wait_text("#progress", "step 0")
    room.js("document.getElementById('plane').focus()")
    room.press("ArrowRight")
    room.wait_for("location.hash.includes('sample=0')", PATIENCE)
    room.go("#expression")
    room.js("document.getElementById('tab-explore').focus()")
    room.press("ArrowRight")
    room.wait_for("document.activeElement.id === 'tab-player'", PATIENCE)
