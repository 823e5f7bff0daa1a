"""The explorer in a real browser: sliders, fields, keys, the quiz, and pages without Python."""

import base64
import re

import pytest
from explorer_page import ExplorerPage
from test_player import CALM, CHROMIUM, Page, browser

import nn
from autograd import exercise, steps
from autograd.cli.demo import toy
from autograd.exploring import Exploration, explorable

__all__ = ["browser"]  # a fixture

pytestmark = [
    pytest.mark.one_form,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH"),
]
TOY = "c = a + b; d = b + 1; e = c * d"
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture
def page(browser):
    tab = Page(browser)
    tab.send(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-reduced-motion", "value": "reduce"}],
    )
    yield tab
    assert tab.errors() == []
    browser.send("Target.closeTarget", targetId=tab.target)


@pytest.fixture
def shown(page):
    """Shows an exploration on the page, and gives its server."""
    servers = []

    def show(what=TOY, given=None, address="", **options):
        source = explorable(what, (), {"a": 2, "b": 1} if given is None else given)
        servers.append(ExplorerPage(Exploration(source, **options)))
        page.visit(servers[-1].address + address, "[data-mounted]")
        return servers[-1]

    yield show
    for server in servers:
        server.close()


def texts(page):
    return page.js("[...document.querySelectorAll('.cr-stage text')].map(t => t.textContent)")


def slide(page, number, place=0):
    page.js(
        f"(() => {{ const s = document.querySelectorAll('.cr-leaf input[type=range]')[{place}];"
        f" s.value = {number}; s.dispatchEvent(new Event('input')); }})()"
    )


def type_in(page, selector, text):
    """Through the keyboard, and Enter."""
    page.js(f"(f => {{ f.focus(); f.select(); }})(document.querySelector({selector!r}))")
    page.send("Input.insertText", text=text)
    enter(page)


def enter(page):
    for kind in ("keyDown", "keyUp"):
        page.send(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13
        )


# -- moving ----------------------------------------------------------------------------------------


def test_a_slider_moves_all_numbers_in_the_same_picture(page, shown):
    """a = -3: c = -2, e = -4; de/db = 2 - 2 = 0."""
    shown()
    page.js("window.before = document.querySelector('.cr-stage svg')")
    slide(page, -3)
    page.wait_for("document.querySelector('.cr-caption').textContent.startsWith('e = −4')")
    found = texts(page)
    assert "grad 2 + (−2) = 0" in found
    assert "1 × (−2) = −2" in found
    assert page.js("window.before === document.querySelector('.cr-stage svg')")
    assert page.js("document.querySelector('.cr-leaf input[type=text]').value") == "−3"
    spoken = page.js(
        "[...document.querySelectorAll('.cr-node')].map(n => n.getAttribute('aria-label'))"
    )
    assert "b: value 1, grad 2 + (−2) = 0" in spoken


def test_a_field_takes_fractions_and_says_what_is_no_number(page, shown):
    server = shown()
    type_in(page, ".cr-leaf input[type=text]", "1/3")
    page.wait_for("document.querySelector('.cr-caption').textContent.startsWith('e = 2.667')")
    assert server.exploration.numbers["a"] == 1 / 3
    type_in(page, ".cr-leaf input[type=text]", "two")
    page.wait_for("document.querySelector('.cr-note').textContent !== ''")
    assert "'two' is not a number" in page.text(".cr-note")
    assert page.js(
        "document.querySelector('.cr-leaf input[type=text]').getAttribute('aria-invalid')"
    )
    assert server.exploration.numbers["a"] == 1 / 3
    type_in(page, ".cr-leaf input[type=text]", "−2")
    page.wait_for("document.querySelector('.cr-note').textContent === ''")
    assert server.exploration.numbers["a"] == -2.0
    assert [m for m in server.messages if "set" in m] == [
        {"set": {"a": text}} for text in ("1/3", "two", "−2")
    ]


def test_the_arrow_keys_move_a_slider(page, shown):
    server = shown()
    page.js("document.querySelector('.cr-leaf input[type=range]').focus()")
    page.press("ArrowRight")
    page.wait_for("document.querySelector('.cr-leaf input[type=text]').value === '2.05'")
    assert server.exploration.numbers["a"] == 2.05


def branches(a, b):
    product = a * b
    return product * product if product.data > 0 else a - b


def test_another_way_is_another_picture(page, shown):
    shown(branches)
    assert page.js("document.querySelectorAll('.cr-node').length") == 4
    slide(page, -1)
    page.wait_for("document.querySelectorAll('.cr-node').length === 3")
    assert "value −2" in texts(page)


def test_moves_that_wait_are_made_one(page, shown):
    """However fast a slider goes, the last number counts, and no queue builds up."""
    server = shown()
    page.js(
        "(() => { const s = document.querySelector('.cr-leaf input[type=range]');"
        " for (let i = 0; i <= 60; i += 1) {"
        " s.value = i / 20; s.dispatchEvent(new Event('input')); } })()"
    )
    page.wait_for("document.querySelector('.cr-leaf input[type=text]').value === '3'")
    assert server.exploration.numbers["a"] == 3.0
    assert len(server.messages) <= 4


def test_pointing_at_a_value_lists_its_paths(page, shown):
    shown()
    page.js("document.querySelectorAll('.cr-node')[1].focus()")
    page.wait_for("document.querySelectorAll('.cr-panel td').length > 0")
    assert "1 × 3 = 3" in page.text(".cr-panel")
    slide(page, 0)
    page.wait_for("document.querySelector('.cr-panel').textContent.includes('2 + 1 = 3')")


def test_descent_and_its_sparkline(page, shown):
    shown(nn.MLP(2, [1], seed=0), {"x": [0.5, -1.0], "target": 1.0}, descend=True)
    for _ in range(3):
        page.js("document.querySelector('.cr-step').click()")
    page.wait_for(
        "(document.querySelector('.cr-spark polyline')?.getAttribute('points') ?? '')"
        ".split(' ').length === 4"
    )
    spoken = page.js("document.querySelector('.cr-spark').getAttribute('aria-label')")
    assert spoken.startswith("loss after 3 steps: from ")
    page.js("document.querySelector('.cr-reset').click()")
    page.wait_for(
        "!document.querySelector('.cr-spark').getAttribute('aria-label').includes('3 steps')"
    )


# -- the quiz --------------------------------------------------------------------------------------


def row(page, label):
    """The place of a question's row."""
    labels = page.js(
        "[...document.querySelectorAll('.cr-row .cr-name span')].map(s => s.textContent)"
    )
    return labels.index(label)


def give(page, label, text):
    place = row(page, label)
    page.js(
        f"(f => {{ f.focus(); f.select(); }})(document.querySelectorAll('.cr-row input')[{place}])"
    )
    page.js("document.querySelector('.cr-note').textContent = ''")
    page.send("Input.insertText", text=text)
    enter(page)
    page.wait_for("document.querySelector('.cr-note').textContent !== ''")
    return page.js(
        f"(r => [r.dataset.status, r.querySelector('.cr-said').textContent])"
        f"(document.querySelectorAll('.cr-row')[{place}])"
    )


def test_the_quiz_by_keyboard(page, shown):
    """A wrong answer is told its slip, aloud; after a right one the next question is at hand."""
    shown()
    page.js("document.querySelector('.cr-ask').click()")
    page.wait_for("document.querySelectorAll('.cr-row').length === 15")
    assert "grad 5" not in " ".join(texts(page))
    status, said = give(page, "b.grad", "3")
    assert status == "wrong"
    assert said.startswith("You followed one path, through d")
    live = page.js("document.querySelector('[aria-live=polite]').textContent")
    assert "b.grad: You followed one path" in live
    assert page.js("document.activeElement.getAttribute('aria-invalid')") == "true"
    assert give(page, "b.grad", "5") == ["right", ""]
    page.wait_for("document.activeElement.closest('.cr-row')?.textContent.includes('a.grad')")
    assert "grad 5" in texts(page)
    assert page.text(".cr-score") == "1 of 15 right, 0 at the first try without help"
    names = page.js(
        "[...document.querySelectorAll('.cr-row input')].map(f => f.labels[0].textContent)"
    )
    assert names[:2] == ["∂e/∂c", "∂e/∂d"]
    buttons = page.js(
        "[...document.querySelectorAll('.cr-row button')].map(b => b.getAttribute('aria-label'))"
    )
    assert buttons[:2] == ["hint for ∂e/∂c", "show ∂e/∂c"]


def test_a_hint_and_then_the_answer(page, shown):
    shown(quiz=True)
    place = row(page, "b.grad")
    button = f"document.querySelectorAll('.cr-row')[{place}].querySelectorAll('button')"
    page.js(f"{button}[0].click()")
    page.wait_for(
        f"document.querySelectorAll('.cr-row')[{place}].textContent.includes('used 2 times')"
    )
    assert "grad 5" not in texts(page)
    page.js(f"{button}[1].click()")
    page.wait_for(f"document.querySelectorAll('.cr-row')[{place}].dataset.status === 'shown'")
    assert "grad 5" in texts(page)


def test_a_question_mark_in_the_picture_leads_to_its_question(page, shown):
    shown(quiz=True)
    page.js(
        "[...document.querySelectorAll('.cr-stage text')].find(t => t.textContent === '∂c/∂b = ?')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert (
        page.js("document.activeElement.closest('.cr-row').querySelector('.cr-name').textContent")
        == "∂c/∂b"
    )
    assert page.js("document.querySelector('.cr-edge.cr-live') !== null")


def test_hidden_gradients_are_hidden_everywhere(page, shown):
    """On the page there is no tooltip, and no label of any kind tells a gradient."""
    shown(given={"a": 2.25, "b": 1.5}, quiz=True)
    page.js("document.querySelectorAll('.cr-node')[1].focus()")
    page.wait_for("document.querySelectorAll('.cr-panel td').length > 0")
    assert page.js("document.querySelectorAll('.cr-stage title').length") == 0
    everything = page.js("document.querySelector('#here').outerHTML")
    assert "6.25" not in everything  # de/db = 2.5 + 3.75
    assert "? = ∂e/∂b" in page.text(".cr-panel")


def test_in_chinese(page, shown):
    shown(address="?lang=zh")
    page.wait_for("document.querySelector('#here').lang === 'zh'")
    assert page.text(".cr-reset") == "重新开始"


def test_it_can_be_taken_away(page, shown):
    shown()
    page.js("window.unmount()")
    assert page.js("document.querySelector('#here').children.length") == 0
    assert page.js("document.querySelector('#here').className") == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("quiz", [False, True])
def test_on_a_phone(page, shown, theme, quiz):
    """Nothing is wider than the page, and nothing of the page keeps its light colours."""
    page.send("Emulation.setDeviceMetricsOverride", **PHONE)
    page.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}]
    )
    shown(quiz=quiz)
    assert page.js("document.documentElement.scrollWidth") <= 390
    colour = page.js("getComputedStyle(document.querySelector('#here')).backgroundColor")
    assert colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[theme]


REFUSED = {
    "abc": "'abc' is not a number",
    "2+3": "'2+3' is not a number",
    "5,0": "'5,0' is not a number",
    "1/0": "can't have 0 below the line",
    "1e999": "finite, such as -2, 1/3 or 0.25; got inf",
    " ": "nothing was typed",
    "": "nothing was typed",
}


@pytest.mark.parametrize("saved", [False, True])
def test_what_is_no_number_is_said_beside_its_field(page, shown, saved, tmp_path):
    """In the place of what came of the answer before, until there is an answer."""
    if saved:
        steps(toy(), quiz=True).save(tmp_path / "e.html")
        page.open(tmp_path / "e.html", **CALM)
    else:
        shown(quiz=True)
    place = row(page, "b.grad")
    here = f"document.querySelectorAll('.cr-row')[{place}]"
    for typed, reason in REFUSED.items():
        assert give(page, "b.grad", "3")[0] == "wrong"
        status, said = give(page, "b.grad", typed)
        assert (status, page.js(f"{here}.querySelector('.cr-state').textContent")) == (
            "refused",
            "",
        )
        assert reason in said
        assert reason in page.text(".cr-note")
        page.js("document.querySelectorAll('.cr-node')[0].focus()")  # as pointing at a value does
        page.wait_for("document.querySelectorAll('.cr-panel td').length > 0")
        assert page.js(f"{here}.querySelector('.cr-said').textContent") == said
        assert page.js(f"{here}.querySelector('input').value") == typed
        assert page.js(f"{here}.querySelector('input').getAttribute('aria-invalid')") == "true"
        page.js("document.querySelectorAll('.cr-node')[0].blur()")
    page.js(f"{here}.querySelectorAll('button')[0].click()")
    page.wait_for(f"{here}.dataset.status === 'wrong' && {here}.textContent.includes('2 times')")
    assert give(page, "b.grad", "5") == ["right", ""]


def test_a_field_that_is_left_as_it_was_says_nothing(page, shown):
    shown(quiz=True)
    for _ in range(3):
        page.js("document.querySelectorAll('.cr-row input')[0].focus()")
        enter(page)
        page.js("document.querySelectorAll('.cr-row input')[1].focus()")
    assert page.js("[...document.querySelectorAll('.cr-said')].every(s => !s.textContent)")


# -- pages without Python --------------------------------------------------------------------------


def test_a_saved_quiz_needs_no_python(page, tmp_path):
    steps(toy(), quiz=True).save(tmp_path / "e.html")
    page.open(tmp_path / "e.html", **CALM)
    give(page, "e.grad", "1")
    assert page.text(".cr-score") == "1 of 15 right, 1 at the first try without help"
    status, said = give(page, "b.grad", "6")
    assert (status, said) == ("wrong", "The 2 messages to b are multiplied here; they are added.")
    give(page, "b.grad", "five")
    assert "'five' is not a number" in page.text(".cr-note")
    assert give(page, "b.grad", " 10/2 ")[0] == "right"
    assert "grad 5" in texts(page)
    while page.js("document.querySelectorAll('.cr-row button:not([hidden])').length"):
        page.js("document.querySelectorAll('.cr-row button:not([hidden])')[1].click()")
        page.js("0")
    page.wait_for("document.querySelector('.cr-score').textContent.includes('All done')")
    assert (
        page.text(".cr-score")
        == "2 of 15 right, 1 at the first try without help, 13 shown. All done."
    )
    assert "grad 2 + 3 = 5" in texts(page)


def test_a_saved_page_judges_as_python_does(page, tmp_path):
    """Over right and wrong answers to a third of the questions."""
    found = exercise(4, 3)
    found.save(tmp_path / "e.html")
    page.open(tmp_path / "e.html", **CALM)
    exploration = found.quiz().exploration
    for place, question in enumerate(exploration.quiz.questions):
        for typed in ("1/2", "−1", "3", "2", "0"):
            message = {"answer": {"question": question.id, "text": typed}}
            reply = exploration.receive(message)
            expected = next(x for x in reply["quiz"]["questions"] if x["id"] == question.id)
            if place % 3 == 0:
                status, _ = give(page, question.label, typed)
                assert status == expected["status"], (question.label, typed)
            if expected["status"] == "right":
                break


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [390, 360, 320])
def test_a_saved_quiz_on_a_phone(page, tmp_path, width, lang):
    """Every button is within the frame, and the picture, which runs from top to bottom there."""
    steps(toy(), quiz=True, lang=lang).save(tmp_path / "e.html")
    page.send("Emulation.setDeviceMetricsOverride", **PHONE | {"width": width})
    page.open(tmp_path / "e.html", **CALM)
    give(page, "b.grad", "abc")
    give(page, "a.grad", "3")
    assert page.js("document.documentElement.scrollWidth") <= width
    ends = page.js(
        "[...document.querySelectorAll('.cr-row button, .cr-row input, .cr-state, .cr-said')]"
        ".map(b => b.getBoundingClientRect().right)"
    )
    frame = page.js("document.querySelector('.cr-quiz').getBoundingClientRect().right")
    assert max(ends) <= frame - 8
    inside, room, picture = page.js(
        "(s => [s.scrollWidth, s.clientWidth, s.firstChild.clientWidth])"
        "(document.querySelector('.cr-stage'))"
    )
    assert inside <= room
    assert picture > 270


def test_an_exploration_that_was_saved_says_what_it_lacks(page, tmp_path):
    from autograd.exploring.saved_page import saved_to

    saved_to(tmp_path / "e.html", Exploration(explorable(TOY, (), {"a": 2, "b": 1})))
    page.open(tmp_path / "e.html", **CALM)
    assert page.js("[...document.querySelectorAll('.cr-leaf input')].every(i => i.disabled)")
    assert "needs Python" in page.text(".cr-leaves")
    page.js("document.querySelector('.cr-ask').click()")
    page.wait_for("document.querySelectorAll('.cr-row').length === 15")
    assert "grad ?" in texts(page)
    page.js("document.querySelector('.cr-again').click()")
    page.wait_for("document.querySelectorAll('.cr-row').length === 0")
    assert "grad 2 + 3 = 5" in texts(page)


@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_sheet_prints_on_one_page(page, tmp_path, level, answers):
    for seed in range(3):
        exercise(seed, level).sheet(tmp_path / "s.html", answers=answers)
        page.open(tmp_path / "s.html")
        printed = page.send("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        count = len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed)))
        assert count == 1
