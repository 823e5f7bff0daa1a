"""Exercises can be done in the head: every number of every one is small, over many seeds."""

import base64
import json
import re
from pathlib import Path

import pytest

from autograd import exercise
from autograd.drawing.number_text import figure
from autograd.engine.graph import edges, topological_order
from autograd.exploring.quiz import questions_about

pytestmark = pytest.mark.one_form

LIMITS = {1: (12, 1.0), 2: (20, 1.0), 3: (30, 0.5)}  # as the docstring says


@pytest.mark.parametrize("level", LIMITS)
def test_every_number_is_small(level):
    """Values, local derivatives, messages and gradients of 500 exercises."""
    largest, unit = LIMITS[level]
    for seed in range(500):
        root = exercise(seed, level).root
        nodes, arrows = topological_order(root), edges(root)
        numbers = [x for node in nodes for x in (node.data, node.grad)]
        numbers += [
            x for arrow in arrows for x in (arrow.partial, arrow.partial * arrow.output.grad)
        ]
        for x in numbers:
            assert abs(x) <= largest, seed
            assert (x / unit).is_integer(), seed
        assert any(node.grad for node in nodes if not node.op), seed


@pytest.mark.parametrize(("level", "several"), [(1, 0), (2, 1), (3, 2)])
def test_how_often_something_is_used_again(level, several):
    for seed in range(100):
        root = exercise(seed, level).root
        uses = {}
        for arrow in edges(root):
            uses[id(arrow.parent)] = uses.get(id(arrow.parent), 0) + 1
        again = sum(n - 1 for n in uses.values())
        assert again >= several if several else again == 0


def test_the_same_seed_gives_the_same_exercise():
    assert repr(exercise(7, 2)) == repr(exercise(7, 2))
    assert repr(exercise(7, 2)) != repr(exercise(8, 2))
    assert repr(exercise(7, 2)) != repr(exercise(7, 3))
    assert len({exercise(seed, 2).formula for seed in range(50)}) > 40


def test_without_a_seed_it_is_another_each_time():
    assert len({repr(exercise(level=2)) for _ in range(5)}) > 1


def test_it_is_the_formula_that_it_names():
    found = exercise(3, 3)
    root = found.quiz().exploration.moment.graph.root
    assert root.data == found.root.data
    assert str(found.seed) in repr(found)


def test_the_quiz_shows_every_question_in_full():
    """A box per value with all its messages: nothing is left out of a picture so small."""
    for seed in range(10):
        quiz = exercise(seed, 3).quiz().exploration
        graph = quiz.moment.graph
        assert len(quiz.quiz.questions) == len(graph.order) + 2 * len(graph.edges)


@pytest.mark.parametrize(("seed", "level"), [(25, 3), (1, 2)])
def test_no_two_questions_have_one_name(seed, level, tmp_path):
    """Not even where what is used again feeds the root itself."""
    for lang in ("en", "zh"):
        found = exercise(seed, level, lang=lang)
        labels = [question.label for question in found.quiz().exploration.quiz.questions]
        assert len(set(labels)) == len(labels)
        page = Path(found.sheet(tmp_path / "sheet.html")).read_text("utf-8")
        rows = re.findall(r'class="row"><span>([^<]*)</span>', page)
        assert len(set(rows)) == len(rows) == len(labels)
        assert "a.grad =" in rows


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_words_of_a_sheet_are_as_large_as_on_the_screen(tmp_path, level):
    """A picture that is wider than an upright page lies on one that lies, not made smaller: A4 has
    269 mm, 762 points, between its margins then."""
    for seed in range(3):
        path = exercise(seed=seed, level=level).sheet(tmp_path / "sheet.html")
        page = Path(path).read_text("utf-8")
        picture = base64.b64decode(re.search(r"svg\+xml;base64,([^\"]+)", page)[1]).decode()
        width = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', picture)[1])
        assert width <= (762 if "A4 landscape" in page else 516)


def test_sheets(tmp_path):
    found = exercise(5, 2)
    blank = Path(found.sheet(tmp_path / "blank.html")).read_text("utf-8")
    solved = Path(found.sheet(tmp_path / "solved.html", answers=True)).read_text("utf-8")
    assert found.formula in blank
    assert blank.count("&nbsp;") == solved.count("<b>") > 8
    quiz = found.quiz().exploration
    answers = re.findall(r"<b>([^<]*)</b>", solved)
    asked = questions_about(quiz.moment.graph, quiz.moment.picture.level)
    assert sorted(answers) == sorted(figure(question.asked.truth) for question in asked)


def test_what_is_refused(tmp_path):
    with pytest.raises(ValueError, match="level must be 1, 2 or 3"):
        exercise(1, 4)
    with pytest.raises(ValueError, match="level must be 1, 2 or 3"):
        exercise(1, True)
    with pytest.raises(TypeError, match="whole number"):
        exercise(1.5)
    with pytest.raises(ValueError, match="lang must be"):
        exercise(1, lang="xx")
    with pytest.raises(ValueError, match=r"\.html"):
        exercise(1).sheet(tmp_path / "sheet.pdf")
    with pytest.raises(ValueError, match=r"\.html"):
        exercise(1).save(tmp_path / "sheet.svg")
    assert list(tmp_path.iterdir()) == []


def test_it_shows_itself():
    bundle = exercise(1)._repr_mimebundle_()
    assert json.dumps(bundle)
    assert "chainrule-saved" in bundle["text/html"]
