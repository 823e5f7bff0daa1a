"""The player on paper, on a phone, under a finger, in Chinese; and its text can be selected."""

import json
from pathlib import Path

import pytest
from graphs_to_draw import chain
from test_player import CALM, CHROMIUM, Elements, Page, boxes, browser, node, toy

import autograd
from autograd import Value, draw, steps
from autograd.exploring.wording import LANGUAGES

__all__ = ["browser"]  # a fixture

pytestmark = [
    pytest.mark.one_form,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH"),
]
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture
def tab(browser, tmp_path):
    """The toy's player in a tab of its own."""
    page = Page(browser)
    page.path = tmp_path / "e.html"
    steps(toy()).save(page.path)
    yield page
    assert page.errors() == []
    browser.send("Target.closeTarget", targetId=page.target)


def rectangle(page, selector):
    """x, y, width, height."""
    return page.js(
        f"(r => [r.x, r.y, r.width, r.height])"
        f"(document.querySelector({selector!r}).getBoundingClientRect())"
    )


def visible(page, selector):
    return page.js(
        f"getComputedStyle(document.querySelector({selector!r})).display !== 'none'"
        f" && document.querySelector({selector!r}).getClientRects().length > 0"
    )


# -- on paper --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 5])
def test_printed_is_the_finished_picture(tab, step):
    """In light colours, without controls, whatever has been played."""
    tab.open(tab.path, prefers_color_scheme="dark", **CALM)
    tab.js(f"location.hash = '#{step}'")
    assert not visible(tab, ".cr-finished")
    tab.send("Emulation.setEmulatedMedia", media="print", features=[])
    assert visible(tab, ".cr-finished img")
    for hidden in (".cr-controls", ".cr-now", ".cr-panel", ".cr-stage > svg", "details"):
        assert not visible(tab, hidden), hidden
    background = "getComputedStyle(document.querySelector('.chainrule-player')).backgroundColor"
    assert tab.js(background) == "rgb(255, 255, 255)"
    assert tab.js("document.querySelector('.cr-finished img').naturalWidth") > 100
    tab.send("Emulation.setEmulatedMedia", media="", features=[])


def test_a_pdf_of_the_page_is_one_sheet(tab):
    tab.open(tab.path, **CALM)
    assert tab.send("Page.printToPDF")["data"].startswith("JVBER")  # %PDF


def test_steps_in_words_that_are_open_are_printed(tab):
    tab.open(tab.path, **CALM)
    tab.js("document.querySelector('details').open = true")
    tab.send("Emulation.setEmulatedMedia", media="print", features=[])
    assert visible(tab, "details li")
    tab.send("Emulation.setEmulatedMedia", media="", features=[])


# -- on a phone ------------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", [390, 320])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("root", [toy(), chain(60)], ids=["toy", "chain"])
def test_on_a_phone_the_controls_are_one_row_and_nothing_sticks_out(tab, root, lang, phone):
    steps(root, lang=lang).save(tab.path)
    tab.send("Emulation.setDeviceMetricsOverride", **PHONE | {"width": phone})
    tab.open(tab.path, **CALM)
    tab.press("End")
    controls = "[...document.querySelectorAll('.cr-controls > *')]"
    middles = tab.js(f"{controls}.map(e => (r => r.y + r.height / 2)(e.getBoundingClientRect()))")
    assert max(middles) - min(middles) < 3
    ends = tab.js(f"{controls}.map(e => e.getBoundingClientRect().right)")
    x, _, width, _ = rectangle(tab, ".chainrule-player")
    starts = tab.js(f"{controls}.map(e => e.getBoundingClientRect().left)")
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    assert max(ends) < x + width <= phone
    assert tab.js("document.documentElement.scrollWidth") <= phone
    assert tab.js("document.querySelector('input[type=range]').clientWidth") >= 40
    for button in ("restart", "back", "play", "next"):
        _, _, width, height = rectangle(tab, f".cr-{button}")
        assert min(width, height) >= 28
        name = tab.js(f"document.querySelector('.cr-{button}').getAttribute('aria-label')")
        assert name == LANGUAGES[lang].page[button]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("phone", [390, 320])
def test_on_a_phone_the_toy_is_seen_at_once(tab, phone, lang):
    steps(toy(), lang=lang).save(tab.path)
    tab.send("Emulation.setDeviceMetricsOverride", **PHONE | {"width": phone})
    tab.open(tab.path, **CALM)
    inside, frame = tab.js(
        "(s => [s.scrollWidth, s.clientWidth])(document.querySelector('.cr-stage'))"
    )
    assert inside == frame


FRAME = Path(__file__).resolve().parents[1] / "docs/playground/site/frame.html"


@pytest.mark.parametrize(("width", "fits"), [(362, True), (280, False), (900, True)])
def test_a_diagram_in_the_playground_fits_a_phone(tab, width, fits):
    """Or is as small as can be read, and scrolls; with more room it keeps its own size."""
    size = PHONE | {"width": width, "mobile": False}
    tab.send("Emulation.setDeviceMetricsOverride", **size)
    tab.open(FRAME, **CALM)
    tab.js(
        f"postMessage({{html: {json.dumps(draw(toy())._repr_mimebundle_()['text/html'])}}}, '*')"
    )
    tab.wait_for("(i => i !== null && i.complete)(document.querySelector('img'))")
    picture, natural = tab.js("(i => [i.width, i.naturalWidth])(document.querySelector('img'))")
    assert (picture <= width) == fits
    assert picture == pytest.approx({362: 362, 280: 0.53 * natural, 900: natural}[width], abs=4)


def test_on_a_phone_a_large_picture_scrolls_in_its_frame(tab):
    steps(chain(60)).save(tab.path)
    tab.send("Emulation.setDeviceMetricsOverride", **PHONE)
    tab.open(tab.path, **CALM)
    inside, frame = tab.js(
        "(s => [s.scrollWidth, s.clientWidth])(document.querySelector('.cr-stage'))"
    )
    assert inside > frame
    assert frame <= 390
    tab.js("document.querySelector('.cr-next').click()")
    x, y, width, height = rectangle(tab, ".cr-node.cr-live")
    left, top, across, down = rectangle(tab, ".cr-stage")
    assert left <= x + width / 2 <= left + across
    assert top <= y + height / 2 <= top + down


def test_under_a_finger_the_hint_says_tap(tab):
    tab.send("Emulation.setTouchEmulationEnabled", enabled=True)
    tab.open(tab.path, **CALM)
    assert tab.text(".cr-hint").startswith("Tap a value")
    tab.send("Emulation.setTouchEmulationEnabled", enabled=False)
    tab.open(tab.path, **CALM)
    assert tab.text(".cr-hint").startswith("Point at a value")


def test_a_tap_shows_the_paths(tab):
    tab.send("Emulation.setTouchEmulationEnabled", enabled=True)
    tab.open(tab.path, **CALM)
    x, y, width, height = rectangle(tab, node("b"))
    spot = [{"x": x + width / 2, "y": y + height - 4}]
    tab.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=spot)
    tab.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    tab.wait_for("document.querySelectorAll('.cr-panel tbody tr').length === 2")
    tab.send("Emulation.setTouchEmulationEnabled", enabled=False)


# -- selecting text --------------------------------------------------------------------------------


def drag(page, selector):
    """Select with the mouse from the beginning of an element to its end."""
    x, y, width, height = rectangle(page, selector)
    middle = y + height / 2
    mouse = {"button": "left", "clickCount": 1}
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + 1, y=middle)
    page.send("Input.dispatchMouseEvent", type="mousePressed", x=x + 1, y=middle, **mouse)
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + width / 2, y=middle, **mouse)
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + width - 1, y=middle, **mouse)
    page.send("Input.dispatchMouseEvent", type="mouseReleased", x=x + width - 1, y=middle, **mouse)
    return page.js("String(getSelection()).replaceAll('\\u00a0', ' ')")


def test_text_can_be_selected(tab):
    """In the picture, in the caption, in the steps in words, and in the panel on the way there."""
    tab.open(tab.path, **CALM)
    tab.press("End")
    tab.js("document.querySelector('details').open = true")
    assert "e = 6" in drag(tab, ".cr-caption")
    tab.js("getSelection().empty()")
    tab.js("document.querySelector('.cr-node text.cr-fill-value').id = 'chosen'")
    assert "value" in drag(tab, "#chosen")
    tab.js("getSelection().empty()")
    tab.js("document.querySelectorAll('li .cr-jump')[4].id = 'fifth'")
    tab.js("document.querySelector('#fifth').scrollIntoView()")
    assert "e = c * d" in drag(tab, "#fifth")
    assert tab.step() == 13  # to select is not to jump


def test_the_panel_stays_while_the_pointer_goes_there(tab):
    tab.open(tab.path, **CALM)
    tab.press("End")
    tab.point_at(node("b"))
    tab.point_at(".cr-panel tfoot")
    assert "2 + 3 = 5" in tab.text(".cr-panel")
    tab.send("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert tab.text(".cr-panel").startswith("Point")


def test_steps_in_words_are_still_buttons(tab):
    tab.open(tab.path, **CALM)
    tab.js("document.querySelector('details').open = true")
    tab.js("document.querySelectorAll('.cr-jump')[3].click()")
    assert tab.step() == 4
    tab.js("document.querySelectorAll('.cr-jump')[6].focus()")
    tab.press(" ")
    assert tab.step() == 7
    assert tab.text(".cr-play") == "Play"


# -- in Chinese ------------------------------------------------------------------------------------

LEFT_IN_ENGLISH = {"cr-phase", "cr-caption"}


def test_in_chinese(tab):
    """Captions, notes, buttons and the panel; names and numbers are the same."""
    player = steps(toy(), lang="zh")
    captions = [step.caption for step in steps(toy()).steps]
    assert [
        step.caption.replace("；", "; ").replace("，", ", ") for step in player.steps
    ] == captions
    assert player.steps[2].note == "局部导数：∂c/∂a = 1，∂c/∂b = 1"
    assert player.steps[9].note == "c.grad × 局部导数 ∂c/∂b；b 还要等 1 条消息"
    assert player.steps[11].note == "两条消息都到了：b.grad 已经完整"
    assert (
        player.steps[12].note
        == "反向传播走了 5 条边，每条只走一次；若沿每条路径各走一遍，要走 6 条"
    )
    player.save(tab.path)
    assert '<html lang="zh">' in tab.path.read_text("utf-8")
    tab.open(tab.path, **CALM)
    assert tab.text(".cr-caption") == "先算值，再算梯度"
    words = tab.js("[...document.querySelectorAll('.cr-controls button')].map(b => b.textContent)")
    assert words == ["重来", "上一步", "播放", "下一步"]
    assert tab.text(".cr-count") == "0 / 13"
    assert tab.text("summary") == "全部 13 步的文字"
    tab.press("End")
    tab.point_at(node("b"))
    assert "到 e 有 2 条路径" in tab.text(".cr-panel")
    assert "所有路径之和" in tab.text(".cr-panel")
    assert tab.text(".cr-panel .cr-is-value") == "值 1"
    assert tab.text(".cr-panel .cr-is-grad") == "梯度 ∂e/∂b = 5"
    assert boxes(tab)[1] == ["输入", "b", "值 1", "梯度 2 + 3 = 5"]
    tab.press("ArrowLeft")
    tab.press("ArrowLeft")
    assert "梯度 2 + …" in boxes(tab)[1]


def test_every_language_says_everything():
    keys = {lang: set(words.page) for lang, words in LANGUAGES.items()}
    assert len(set(map(frozenset, keys.values()))) == 1
    for lang in LANGUAGES:
        x = Value(0.0, "x")
        y = autograd.sqrt(x) * 0.0 + x * x
        player = steps(y, lang=lang)
        assert not [step for step in player.steps if "{" in step.caption + step.note]
        assert Elements(player.html()).data[0]["words"] == dict(LANGUAGES[lang].page)


def test_a_square_says_which_input_in_chinese():
    x = Value(-3.0, "x")
    captions = [step.caption for step in steps(x * x, lang="zh").steps]
    assert "v1 → x（第 2 个输入）: 1 × (−3) = −3" in captions


def test_an_unknown_language_is_an_error():
    with pytest.raises(ValueError, match="lang must be one of 'en', 'zh'; got 'fr'"):
        steps(toy(), lang="fr")


def test_captions_have_brackets_where_labels_are_formulas():
    s = Value(2.0, "a") + Value(3.0, "b")
    s.label = "a+b"
    player = steps(s * Value(4.0, "c"))
    captions = [step.caption for step in player.steps]
    assert "(a+b) = a + b = 2 + 3 = 5" in captions
    assert "v1 → (a+b): 1 × 4 = 4" in captions
    assert "(a+b) → a: 4 × 1 = 4" in captions
    dot = autograd.dot([Value(0.5, "w0"), Value(2.0, "w1")], [3.0, -1.0])
    assert "v1 = w0·3 + w1·(−1) = 0.5·3 + 2·(−1) = −0.5" in [x.caption for x in steps(dot).steps]
