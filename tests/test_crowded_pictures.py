"""Pictures of graphs with very many or very long arrows: work linear in the graph, a sentence that
says what was shortened, and every number still there."""

import re

import pytest
from graphs_to_draw import recurrent

import autograd
from autograd import Value, draw, steps
from autograd.drawing import crowded
from autograd.drawing.picture_words import ENGLISH

pytestmark = pytest.mark.one_form


def added_again(times):
    x, y = Value(1.0, "x"), Value(0.5, "y")
    for _ in range(times):
        y = y + x
    return y


def skip_connections(times):
    y, every = Value(1.0, "x"), []
    for _ in range(times):
        y = y.tanh()
        every.append(y)
    return autograd.sum(every)


def arrows(source):
    """(tail, head) of every arrow in DOT."""
    return re.findall(r"^\t(\w+) -> (\w+) ", source, re.MULTILINE)


def columns_crossed(source):
    """The lengths of all arrows together, as dot has to lay them out (longest path from a leaf)."""
    found, column, total = arrows(source), {}, 0
    below = {}
    for tail, head in found:
        below.setdefault(head, []).append(tail)

    def place(box):
        if box not in column:
            column[box] = 1 + max(map(place, below.get(box, [])), default=-1)
        return column[box]

    for i in range(len(found)):  # bottom up, for chains are deeper than Python's stack likes
        place(f"n{i}")
    first = {}
    for tail, head in found:
        first[tail] = min(first.get(tail, place(head)), place(head))
    for tail, head in found:
        total += place(head) - (place(tail) if tail in below else first[tail] - 1)
    return total


@pytest.mark.parametrize(
    "root",
    [added_again(195), skip_connections(150), recurrent(60)],
    ids=["one leaf all along", "into one sum", "two leaves"],
)
def test_the_length_of_all_arrows_is_bounded(root):
    source = draw(root).source
    assert columns_crossed(source) <= crowded.LENGTH + len(arrows(source))
    assert "dashed boxes" in source


def test_every_edge_is_there_and_its_box_has_the_name():
    root = added_again(195)
    diagram = draw(root)
    assert len(arrows(diagram.source)) == 390
    assert set(re.findall(r"\bid=(e\d+)", diagram.source)) == {f"e{j}" for j in range(390)}
    boxes = re.findall(r"^\t(n\d+at(n\d+)) \[label=<.*<B>(\w+)</B>", diagram.source, re.MULTILINE)
    assert {name for _, _, name in boxes} == {"x"}
    assert all((box, head) in arrows(diagram.source) for box, head, _ in boxes)


def test_small_graphs_are_drawn_as_ever():
    for root in (added_again(3), skip_connections(8), recurrent(5)):
        source = draw(root).source
        assert ENGLISH.names_of_distant not in source
        assert not [box for box, _ in arrows(source) if "at" in box]


@pytest.mark.parametrize("detail", ["full", "medium", "small"])
def test_many_edges_between_two_values_are_one_arrow(detail):
    x = Value(2.0, "x")
    y = autograd.sum([x] * 500)
    y.backward()
    diagram = draw(y, detail=detail)
    assert len(arrows(diagram.source)) == 1
    assert "×500" in diagram.source
    assert ("sent in all: 500" in diagram.source) == (detail != "small")
    assert "500 edges" in diagram.words["e0"]
    assert "500 edges" in diagram.summary


def test_a_few_edges_between_two_values_stay_apart():
    x = Value(2.0, "x")
    source = draw(x * x).source
    assert len(arrows(source)) == 2
    assert "(input 2)" in source


def test_different_local_derivatives_are_said_from_where_to_where():
    x = Value(2.0, "x")
    y = autograd.dot([x] * 8, [float(i) for i in range(1, 9)])
    assert "×8, local derivatives 1 to 8" in draw(y).source
    assert "sent in all: 36" in draw(y).source


def test_the_player_has_every_edge():
    x = Value(2.0, "x")
    svg = steps(autograd.sum([x] * 9)).svg
    assert all(f'id="e{j}"' in svg for j in range(9))
