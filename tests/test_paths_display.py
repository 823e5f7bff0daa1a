"""`paths` shows itself in a notebook: a table, as text the same words."""

from html.parser import HTMLParser

import pytest
from test_graph import toy

from autograd import Value, paths

pytestmark = pytest.mark.one_form


class Table(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.rows, self.text = set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")

    def handle_data(self, data):
        self.text += data
        if self.rows and len(self.rows[-1]) < 3 and self.rows[-1]:
            self.rows[-1][-1] += data


def test_a_table_of_paths():
    _, b, _, _, e = toy()
    bundle = paths(e, b)._repr_mimebundle_()
    assert bundle["text/plain"] == str(paths(e, b))
    table = Table(bundle["text/html"])
    assert [row[0] for row in table.rows] == ["b–c–e", "b–d–e"]
    assert table.rows[0][1] == "1 × 2 = 2"
    assert "2 paths from b to e" in table.text
    assert "sum over all paths: 2 + 3 = 5 = ∂e/∂b" in table.text


def test_no_path_is_a_sentence():
    *_, e = toy()
    html = paths(e, Value(1.0, "z"))._repr_mimebundle_()["text/html"]
    assert "no path leads from z to e: ∂e/∂z = 0" in html
    assert "<table" not in html


def test_very_many_paths_do_not_fill_the_notebook():
    x = y = Value(1.0, "x")
    for _ in range(10):
        y = y + y
    found = paths(y, x)
    table = Table(found._repr_mimebundle_()["text/html"])
    assert len(table.rows) == 100
    assert "900 more in print(...)" in table.text
    assert "and 24 more" in table.text


def test_labels_stay_text():
    x = Value(2.0, "<script>alert(1)</script>")
    y = x * 3
    y.label = "<b>"
    table = Table(paths(y, x)._repr_mimebundle_()["text/html"])
    assert table.tags <= {"div", "b", "table", "tbody", "tr", "td", "br"}
    assert "<script>" in table.text
