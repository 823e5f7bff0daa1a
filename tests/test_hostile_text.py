"""Labels are untrusted: whatever they hold is shown as text, in DOT, SVG, PNG and on a terminal."""

import base64
import re
import shutil
import sys
import sysconfig
import warnings
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from autograd import Value, paths
from autograd.cli.tables import report
from autograd.drawing import draw, graphviz_program
from autograd.engine.graph import topological_order
from autograd.engine.text import names, printable, term

pytestmark = pytest.mark.one_form

LABELS = {
    "script": "<script>alert(1)</script>",
    "html": "<b>bold</b>",
    "angle brackets": "<>",
    "quotes": "a\"b'c",
    "backslashes": "a\\",
    "escaped quote": '\\"];evil',
    "dot escapes": r"\N \G \E \n \l \x",
    "entity": "&lt;b&gt; &amp; &#65; &copy;",
    "end of attributes": '"]; x -> y; [label="',
    "end of svg": "</text></svg><!-- ",
    "cdata": "]]>",
    "newlines": "two\nlines\r\n",
    "null": "a\0b",
    "terminal": "\x1b[2J\x1b]0;title\x07",
    "tab": "a\tb",
    "right to left": "שלום עולם",
    "direction override": "\u202eevil\u202c",
    "isolates": "\u2066a\u2069",
    "line separator": "a\u2028b",
    "surrogate": "a\ud800b",
    "noncharacter": "a\ufffeb\uffff",
    "chinese": "漢字かな",
    "emoji": "👩\u200d🔬 🎉",
    "combining": "e\u0301",
    "long": "L" * 10_000,
    "long and wide": "漢" * 10_000,
    "comment": "/* a */ // b # c",
    "percent": "%s %(x)s {x} ${x}",
    "blank": " ",
    "keyword": "node",
    "port": "a:b:c",
}

ISOLATES = dict.fromkeys([0x2068, 0x2069])


def programs():
    """Every Graphviz there is to try: the system's, and the one that pip installs."""
    bundled = shutil.which("graphviz-pure", path=sysconfig.get_path("scripts"))
    found = {"dot": shutil.which("dot"), "graphviz-pure": bundled or shutil.which("graphviz-pure")}
    return [
        pytest.param(
            path, id=name, marks=pytest.mark.skipif(not path, reason=f"there is no {name}")
        )
        for name, path in found.items()
    ]


@pytest.fixture(params=programs())
def program(request, monkeypatch):
    monkeypatch.setattr(graphviz_program, "find_dot", lambda: request.param)


@pytest.fixture(params=LABELS.values(), ids=LABELS.keys())
def graph(request):
    x, y = Value(2.0, request.param), Value(3.0, "y")
    product = x * y
    product.label = "product"
    out = product + x * x
    out.label = request.param + "'"
    out.backward()
    return out


@pytest.mark.usefixtures("program")
def test_svg_shows_the_label_and_nothing_else(graph):
    """It parses, has the nodes and edges of the graph, no foreign element, and the text."""
    root = ElementTree.fromstring(draw(graph).pipe("svg"))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "title", "desc", "polygon", "path", "text"}
    groups = [group.get("class") for group in root.iter() if group.get("class")]
    assert (groups.count("node"), groups.count("edge")) == (5, 6)
    lines = [
        clean("".join(text.itertext())) for text in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    name = names(topological_order(graph), 24)[id(graph.parents[0].parents[0])]
    assert lines.count(clean(name)) == 1
    assert clean(f"product = {term(name)} * y") in lines


def clean(line):
    """Graphviz may write spaces as no-break spaces and drop those at the ends."""
    return re.sub(" +", " ", line.replace("\N{NO-BREAK SPACE}", " ").translate(ISOLATES)).strip()


@pytest.mark.usefixtures("program")
def test_png(graph):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "graphviz-pure has no glyphs for")
        assert draw(graph).pipe("png").startswith(b"\x89PNG")


def test_source_is_statements_of_our_own(graph):
    """No label breaks out of its angle brackets: every statement of the source is one we wrote."""
    source = draw(graph, title=graph.label).source
    statements = source.split("\n")[4:-2]
    assert source.endswith("\n}\n")
    assert len(statements) == 5 + 6
    for statement in statements:
        label = re.fullmatch(
            r"\tn\d(?: -> n\d)? \[label=<(<TABLE.*</TABLE>)>(?: \w+=[\w\"#.]+)*\]", statement
        )[1]
        text = label.replace("\\\\", "")
        assert "\\" not in text
        table = ElementTree.fromstring(text)
        assert {element.tag for element in table.iter()} <= {"TABLE", "TR", "TD", "FONT", "B"}
    assert len(source) < 20_000


@pytest.mark.usefixtures("program")
def test_html_is_one_image(graph):
    """In a page: an img element, whose alt text holds the label, in a div with a style of its own;
    of a theme that is asked for, the image alone."""
    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
    bundle = draw(graph, title=graph.label)._repr_mimebundle_()
    parser.feed(bundle["text/html"])
    div, style, (tag, attributes) = tags
    assert (div, style) == (("div", {"class": "chainrule-diagram"}), ("style", {}))
    assert (tag, set(attributes)) == ("img", {"alt", "src", "style"})
    assert attributes["alt"].endswith(bundle["text/plain"])
    assert attributes["src"].startswith("data:image/svg+xml;base64,")
    assert base64.b64decode(attributes["src"].partition(",")[2]).decode() == bundle["image/svg+xml"]
    assert all(c.isprintable() or c in "\u200d\u2068\u2069" for c in attributes["alt"])
    tags.clear()
    parser.feed(draw(graph, title=graph.label, theme="light")._repr_mimebundle_()["text/html"])
    assert [tag for tag, _ in tags] == ["img"]


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS.keys())
def test_models(label):
    """Names of parts, parameters and activations are not to be trusted either."""

    class Neuron:
        activation = type("", (), {"__name__": label})()
        weights, bias = (Value(1.0, label),), Value(2.0, label)

    class Other:
        def __repr__(self):
            return label

        def named_parameters(self):
            return [(f"{label}.{label}", Value(1.0))]

    Neuron.named_parameters = Other.named_parameters
    for model in (Neuron(), Other()):
        root = ElementTree.fromstring(draw(model).pipe("svg"))
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "title", "desc", "polygon", "path", "text"}


def test_terminal(graph):
    """Tables and path sums are printable, a line per row, and of a width to be read."""
    for text in (report(graph), str(paths(graph, graph.parents[0]))):
        lines = text.splitlines()
        assert all(c.isprintable() or c == "\u200d" for line in lines for c in line)
        assert all(len(line) < 500 for line in lines)
    assert len(report(graph).splitlines()) == 1 + 5


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("plain", "plain"),
        ("é 漢 🎉", "é 漢 🎉"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\u202e", r"\u202e"),
        ("\ud800", r"\ud800"),
        ("a\\n", r"a\n"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("\x1b" * 40, r"\x1b" * 14 + r"\x1" + "…"),
    ],
)
def test_printable(label, text):
    assert printable(label) == text


def test_names_never_clash():
    """Labels that differ only where they are cut, that look like automatic names, that repeat."""
    labels = ["v1", None, "v2", None, "w", "w", "w#2", "L" * 100 + "a", "L" * 100 + "b", ""]
    nodes = [Value(0.0, label) for label in labels]
    found = [names(nodes)[id(node)] for node in nodes]
    assert found[:7] == ["v1", "v3", "v2", "v4", "w", "w#3", "w#2"]
    assert len(set(found)) == len(nodes)


def test_a_label_of_a_million_characters_costs_nothing():
    x = Value(1.0, "x" * 1_000_000)
    assert len(draw(x * x).source) < 3_000
    assert sys.getsizeof(report(x * x)) < 1_000
