"""The playground's rooms in Python, without a browser; test_playground_pages.py has the site."""

import base64
import builtins
import json
import math
import sys
from array import array

import pytest
from playground import build, code_room, data_sets, in_chinese
from playground.expression_room import ExpressionRoom
from playground.network_room import CELLS, SPAN, NetworkRoom, Settings, plain
from playground.rooms import Rooms, answer

pytestmark = pytest.mark.one_form

# -- the network room ------------------------------------------------------------------------------


def trained(steps=0, **settings):
    room = NetworkRoom(Settings.of(settings))
    for _ in range(steps):
        room.step()
    return room


@pytest.mark.parametrize("name", data_sets.DATA_SETS)
def test_data_sets_have_two_classes_and_lie_in_the_plane(name):
    found = data_sets.points(name, 200, 0.1, seed=3)
    assert 70 < sum(k for *_, k in found) < 130
    inside = [abs(u) < SPAN and abs(v) < SPAN for u, v, _ in found]
    assert sum(inside) > 195
    assert data_sets.points(name, 200, 0.1, seed=3) == found
    assert data_sets.points(name, 200, 0.1, seed=4) != found


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mse_loss", "hinge_loss"])
@pytest.mark.parametrize("optimizer", ["SGD", "momentum", "RMSprop", "Adam"])
def test_training_lowers_the_loss(loss, optimizer):
    room = trained(data="clouds", loss=loss, optimizer=optimizer, rate=0.01)
    before = room.frame()["loss"]
    for _ in range(150):
        room.step()
    assert room.frame()["loss"] < 0.8 * before
    assert room.steps == 150


def test_gradients_belong_to_the_next_batch_at_the_present_weights():
    room = trained(7)
    parameter = room.parameters[3]
    shown = parameter.grad

    def loss_at(shift):
        kept = parameter.data
        parameter.data = kept + shift
        found = float(room.loss_of(room.batch, lambda x: plain(room.model)(x)[-1]))
        parameter.data = kept
        return found

    assert shown == pytest.approx((loss_at(1e-5) - loss_at(-1e-5)) / 2e-5, rel=1e-6)


def test_the_same_settings_give_the_same_training():
    first, second = trained(20, seed=5), trained(20, seed=5)
    assert first.frame() == second.frame()
    assert first.frame()["weights"] != trained(20, seed=6).frame()["weights"]


def test_every_epoch_sees_every_sample_once():
    room = trained(batch=10)
    batches = room._batches()
    seen = [point for _ in range(12) for point in next(batches)]
    assert sorted(seen) == sorted(room.samples)


def test_pictures_are_what_the_neurons_answer():
    room = trained(30, layers=[3])
    pictures = [array("f", base64.b64decode(text)) for text in room.pictures.whole()]
    assert len(pictures) == 4
    u0 = SPAN * (1 / CELLS - 1)
    u, v = SPAN * (2 * 4.5 / CELLS - 1), SPAN * (1 - 2 * 9.5 / CELLS)
    hidden = [neuron([u, v]).data for neuron in room.model.layers[0].neurons]
    output = room.model([u, v]).data
    at = 9 * CELLS + 4
    probability = 1 / (1 + math.exp(-output))
    assert pictures[-1][at] == pytest.approx(2 * probability - 1, rel=1e-6)
    assert max(map(abs, pictures[0])) == 1.0
    shares = [picture[at] / picture[0] for picture in pictures[:-1]]
    corner = [neuron([u0, -u0]).data for neuron in room.model.layers[0].neurons]
    assert shares == pytest.approx([x / y for x, y in zip(hidden, corner, strict=True)], rel=1e-6)


def test_pictures_drawn_a_little_at_a_time_are_complete_in_the_end():
    room = trained(5)
    whole = room.pictures.whole()
    turns = iter(lambda: room.pictures.advance(0.0), None)  # ends at once: nothing is complete yet
    assert list(turns) == []
    found = None
    while found is None:
        found = room.pictures.advance(0.0)
    assert found == whole


def test_why_says_the_gradient_of_the_batch_and_of_a_sample():
    room = trained(12)
    gradients = dict(zip(room.described()["names"], room.frame()["gradients"], strict=True))
    why = room.why("layer0.neuron1.w0", None)
    assert why["gradient"] == pytest.approx(gradients["layer0.neuron1.w0"], rel=1e-12)
    assert why["batch"] == 10
    assert "paths from layer0.neuron1.w0 to loss" in why["paths"]
    one = room.why("layer0.neuron1.w0", 3)
    u, v, k = room.samples[3]
    loss = room.loss_of([(u, v, k)], room.model)
    room.model.zero_grad()
    loss.backward()
    parameter = room.model.layers[0].neurons[1].weights[0]
    assert one["gradient"] == pytest.approx(parameter.grad, rel=1e-12)
    assert "the only path" in one["text"]
    assert "z0_1–a0_1" in one["text"]


def test_why_changes_nothing():
    room = trained(4)
    before = room.frame()
    room.why("layer1.neuron0.b", 2)
    room.explored(2).built({**room.explored(2).start})
    assert room.frame() == before


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"data": "cats"}, "data is one of moons, circle, xor, clouds, spiral; got 'cats'"),
        ({"layers": [9]}, "the neurons of a layer must be from 1 to 8; got 9"),
        ({"layers": [1] * 5}, "the number of hidden layers must be from 0 to 4; got 5"),
        ({"rate": -1.0}, "the learning rate must be from 0"),
        ({"rate": math.nan}, "the learning rate must be from 0"),
        ({"noise": "much"}, "noise must be from 0"),
        ({"batch": 0}, "the batch must be from 1 to 120; got 0"),
        ({"batch": 2.5}, "the batch must be a whole number"),
        ({"layers": [2.5]}, "the neurons of a layer must be a whole number"),
    ],
)
def test_settings_that_cannot_be(settings, words):
    with pytest.raises(ValueError, match=words):
        Settings.of(settings)


def test_another_pace_goes_on_and_other_data_begins_anew():
    rooms = Rooms()
    rooms.network({})
    rooms.steps(6, 0.0, numbers=False)
    assert rooms.network({"rate": 0.1, "batch": 4})["steps"] == 6
    assert rooms.steps(1, 0.0, numbers=True)["steps"] == 7
    assert rooms.network({"rate": 0.1, "batch": 4, "data": "xor"})["steps"] == 0


def test_a_training_that_explodes_stops_with_the_reason():
    room = trained(activation="relu", loss="mse_loss", optimizer="SGD", rate=100.0)
    with pytest.raises(ValueError, match="the training stops, the loss is"):
        all(room.step() is None for _ in range(500))
    assert room.steps < 500
    assert all(map(math.isfinite, room.frame()["weights"]))


def test_a_sample_of_a_large_network_is_drawn():
    rooms = Rooms()
    rooms.network({"layers": [6, 4]})
    assert "<img" in rooms.sample(3, "en")["html"]
    rooms.network({"layers": [2]})
    assert "<svg" in rooms.sample(3, "en")["state"]["picture"]


def test_no_hidden_layers():
    room = trained(30, layers=[], data="clouds")
    assert room.described()["widths"] == [2, 1]
    assert len(room.pictures.whole()) == 1


# -- the expression room ---------------------------------------------------------------------------


def test_an_expression_its_steps_and_its_reasons():
    room = ExpressionRoom("e = (a+b)*(b+1)", {"a": 2, "b": 1}, "en")
    assert "<svg" in room.exploration.state()["picture"]
    room.exploration.receive({"set": {"b": 3}})
    assert "chainrule-player" in room.player("en")["html"]
    told = {one["name"]: one["text"] for one in room.explained()["reasons"]}
    assert told["b"].startswith("∂e/∂b = 9")  # (a+b) + (b+1)


def test_exercises_are_formulas():
    rooms = Rooms()
    found = rooms.exercise(2)
    state = rooms.expression(**found, language="en", quiz=True)["state"]
    assert state["quiz"]["questions"]


# -- requests --------------------------------------------------------------------------------------


def asked(**request):
    return json.loads(answer(json.dumps(request)))


def test_requests_are_answered_as_json():
    state = asked(do="expression", formula="e = a*b", inputs={"a": 2}, language="zh")["state"]
    assert state["language"] == "zh"
    assert [one["name"] for one in state["controls"]] == ["a", "b"]
    moved = asked(do="explore", key="expression", message={"set": {"a": 5}})
    assert moved["controls"][0]["value"] == 5.0


def test_a_request_that_cannot_be_met_says_why():
    found = asked(do="expression", formula="e = a^2", inputs={}, language="en")
    assert "'^' is not a power; write x ** 2" in found["error"]
    assert "one of" in asked(do="network", settings={"data": "cats"})["error"]


# -- the code room ---------------------------------------------------------------------------------


def shown(code):
    found = []
    code_room.run(code, found.append)
    return found


def test_cells_show_their_headings_prints_and_last_expressions():
    assert shown("# %% One\nx = 2\nprint(x)\nx + 1\n# %%\nprint('b')\n# %% Three\nNone\n") == [
        {"heading": "One"},
        {"text": "2\n", "stream": "out"},
        {"text": "3\n", "stream": "out"},
        {"text": "b\n", "stream": "out"},
        {"heading": "Three"},
    ]


def test_pictures_are_shown_as_html():
    code = "from autograd import *\nx = Value(2.0, 'x')\ny = x * x\ny.backward()\ndraw(y)"
    (picture,) = shown(code)
    assert "<img" in picture["html"]
    (player,) = shown(f"from autograd import steps\n{code.replace('draw', 'steps')}")
    assert "chainrule-player" in player["html"]


def test_display_shows_before_the_end():
    found = shown(
        "from autograd import paths, Value\nx = Value(1.0, 'x')\ndisplay(paths(x*x, x), 7)"
    )
    assert "2 paths" in found[0]["html"]
    assert found[1] == {"text": "7\n", "stream": "out"}


def test_a_traceback_begins_at_the_program_s_own_line():
    (found,) = shown(
        "from autograd import Value\n\ndef f(x):\n    return x + 'one'\n\nf(Value(1.0))\n"
    )
    lines = found["error"].splitlines()
    assert lines[:3] == [
        "Traceback:",
        '  File "your code", line 6, in <module>',
        "    f(Value(1.0))",
    ]
    assert '  File "your code", line 4, in f' in lines
    assert lines[-1].startswith("TypeError: ")
    assert "code_room.py" not in found["details"]
    assert found["line"] == 4


def test_a_mistake_of_grammar_is_found_before_anything_runs():
    (found,) = shown("print(1)\nx = (\n")
    assert found["line"] == 2
    assert "SyntaxError: '(' was never closed" in found["error"]


def test_what_a_program_sees_and_leaves():
    kept = sys.stdout, sys.stderr, builtins.input
    (found,) = shown("input('name?')")
    assert "nobody to ask" in found["error"]
    assert shown("raise SystemExit") == []
    assert (sys.stdout, sys.stderr, builtins.input) == kept
    (again,) = shown("found")
    assert "NameError" in again["error"]


def test_a_missing_module_says_what_there_is():
    (found,) = shown("import pandas_of_the_north")
    assert "there is Python itself with autograd and nn" in found["error"]


def test_output_has_an_end():
    found = shown("for i in range(100_000):\n    print('0123456789')")
    text = "".join(one["text"] for one in found)
    assert len(text) < 1.1 * code_room.MOST_TEXT
    assert text.endswith("no more is shown")


def test_warnings_and_errors_have_a_stream_of_their_own():
    found = shown("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')")
    assert [one["stream"] for one in found] == ["out", "err", "out"]


# -- the build -------------------------------------------------------------------------------------


def test_a_notebook_becomes_a_program_in_cells():
    cells = [
        {"cell_type": "markdown", "source": ["# A title\n", "words"]},
        {"cell_type": "code", "source": ["x = 1\n", "x"]},
        {"cell_type": "markdown", "source": ["## Pictures"]},
        {"cell_type": "code", "source": ["history.plot()"]},
    ]
    title, code = build.program(cells)
    assert title == "A title"
    assert code == (
        "# %% A title\nx = 1\nx\n\n# %% Pictures\n# history.plot()  (not in the browser)\n"
    )


def test_what_an_exercise_asks_for_stands_above_its_cell():
    words = "### Exercise 1\nFind $\\partial f/\\partial x$,\n\n- **with a pencil**."
    cells = [
        {"cell_type": "markdown", "source": [words]},
        {"cell_type": "code", "source": ["answer = None"]},
        {"cell_type": "code", "source": ["answer"]},
    ]
    assert build.program(cells)[1] == (
        "# %% Exercise 1\n# Find ∂f/∂x,\n#\n# - with a pencil.\nanswer = None\n\n# %%\nanswer\n"
    )


def test_what_follows_from_what_is_missing_is_left_out_too():
    code = "import numpy as np\nx = 1\na = np.ones(\n  3)\nb = a + x\na = 2\nprint(a)"
    lines = build.without_what_is_missing(code).split("\n")
    kept = [line for line in lines if not line.startswith("#")]
    assert kept == ["x = 1", "a = 2", "print(a)"]
    assert lines[2:4] == ["# a = np.ones(  (not in the browser)", "#   3)"]


def test_chains_of_the_notebook_s_own_values_are_short_enough_to_be_freed():
    for name in ("00_build_your_own_value", "00_build_your_own_value_zh"):
        (code,) = [example["code"] for example in build.examples() if example["name"] == name]
        assert code.count("range(300):  # not 2,000: freeing so long a chain") == 2
        assert "2_000" not in code
        assert "4_001" not in code


def test_explore_sends_to_the_expression_room(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    (found,) = shown("from autograd import explore\nexplore('y = a*b', a=1, b=2)")
    assert found["error"].endswith(
        "ImportError: explore needs a notebook; in this page, use the Expression room\n"
    )
    assert "pip install" not in found["error"] + found["details"]


def test_too_large_a_graph_is_refused_without_advice_on_arguments():
    formula = "y = " + " + ".join(f"tanh(a*{i})" for i in range(150))
    with pytest.raises(ValueError, match="450 nodes, more than the 200 that a page shows") as found:
        ExpressionRoom(formula, {"a": 1}, "en")
    assert "max_nodes" not in str(found.value)
    assert "depth=" not in str(found.value)


ENGLISH = [example for example in build.examples() if example["language"] == "en"]


@pytest.mark.parametrize("example", ENGLISH, ids=lambda example: example["name"])
def test_the_notebooks_run_where_only_the_pure_engine_is(example, monkeypatch):
    for name in ("numpy", "scipy", "matplotlib", "llvmlite"):
        monkeypatch.setitem(sys.modules, name, None)
    found = shown(example["code"])
    assert [one["error"] for one in found if "error" in one] == []
    assert len(found) > 5


def test_the_palette_is_the_engine_s():
    css = build.palette_css()
    assert "color-scheme: dark; --background: #16191d;" in css
    assert ":root[data-theme=light]" in css


# -- in Chinese ------------------------------------------------------------------------------------


def test_every_reason_and_remedy_has_its_chinese():
    from autograd.explaining.diagnoses import REMEDIES

    assert in_chinese.KINDS.keys() == REMEDIES.keys()


def test_an_explanation_in_chinese_keeps_its_formulas_and_numbers():
    room = ExpressionRoom("y = relu(w*x) + w", {"w": -1.5, "x": 2.0}, "zh")
    reasons = {reason["name"]: reason for reason in room.explained()["reasons"]}
    found = in_chinese.in_chinese(reasons["x"]["text"])
    assert "relu 已死（dead relu）：" in found
    assert "    路径：x–v1–v2–y" in found
    assert "    办法：步长小一些" in found
    assert "remedy" not in found
    table = in_chinese.paths_in_chinese(reasons["w"]["paths"])
    assert "从 w 到 y 有 2 条路径" in table
    assert "所有路径之和：" in table


def test_the_rooms_speak_the_language_of_the_page():
    rooms = Rooms()
    rooms.expression("e = (a+b)*(b+1)", {"a": 2.0, "b": 1.0}, "zh")
    (_, b) = rooms.explained("zh")["reasons"]
    assert "没有异常：2 条路径之和" in b["text"]
    assert "nothing remarkable" in rooms.explained("en")["reasons"][1]["text"]
