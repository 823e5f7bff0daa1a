"""Pictures of training: what the artists hold is what the model computes."""

import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn.output_meaning import Meaning

pytestmark = pytest.mark.one_form

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")
to_hex, to_rgb = matplotlib.colors.to_hex, matplotlib.colors.to_rgb

X = [[0.0, 0.0], [0.0, 2.0], [3.0, 0.0], [3.0, 2.0]]
Y = [0, 1, 1, 0]
BLUE, ORANGE = "#0064a6", "#b34700"


@pytest.fixture(autouse=True)
def untouched():
    """No picture changes a setting of matplotlib; every figure is closed."""
    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    pyplot.close("all")


def linear(*weights, bias=0.0, activation="linear"):
    """A neuron whose decision is a straight line that one can work out by hand."""
    return nn.Neuron.from_weights(weights, bias, activation)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# -- all of them -----------------------------------------------------------------------------------

PICTURES = {
    "loss_curve": lambda **options: nn.loss_curve([1.0, 0.5], **options),
    "accuracy_curve": lambda **options: nn.accuracy_curve([0.5, 0.9], **options),
    "regions": lambda **options: nn.decision_boundary(
        lambda x: [x[0], x[1], 1.0], X, [0, 1, 2, 0], resolution=5, **options
    ),
    "decision_boundary": lambda **options: nn.decision_boundary(
        linear(1.0, 1.0), X, Y, resolution=5, **options
    ),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_every_picture_renders(draw, theme, format, tmp_path):
    path = tmp_path / f"picture.{format}"
    draw(theme=theme).figure.savefig(path)
    assert path.stat().st_size > 1000


@every_picture
def test_it_draws_into_the_axes_it_is_given(draw):
    """And makes no figure of its own then, nor any of pyplot's business."""
    figure = matplotlib.figure.Figure()
    ax = figure.add_subplot()
    assert draw(ax=ax) is ax
    assert pyplot.get_fignums() == []
    assert draw() is not ax
    assert len(pyplot.get_fignums()) == 1


@every_picture
def test_it_does_not_show(draw, monkeypatch):
    monkeypatch.setattr(pyplot, "show", lambda *_, **__: pytest.fail("shown"))
    draw()


def contrast(one, other):
    """WCAG 2's contrast ratio of two colours."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@every_picture
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_is_legible_in_its_theme(draw, theme):
    """At least 4.8:1, in the figure around the axes too."""
    ax = draw(theme=theme)
    ax.figure.canvas.draw()
    ground = ax.figure.get_facecolor()
    assert ax.get_facecolor() == ground
    shown = [t for t in ax.figure.findobj(matplotlib.text.Text) if t.get_text() and t.get_visible()]
    assert shown
    assert min(contrast(text.get_color(), ground) for text in shown) > 4.8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_stand_out_in_their_theme(theme):
    """Both curves at least 4.8:1 against the ground, and told apart by a dash as well."""
    ax = nn.loss_curve([1.0, 0.5], [1.1, 0.6], theme=theme)
    for line in ax.lines:
        assert contrast(line.get_color(), ax.get_facecolor()) > 4.8
    assert ax.lines[0].is_dashed() != ax.lines[1].is_dashed()


@every_picture
def test_bad_options_are_refused_before_anything_is_drawn(draw):
    with pytest.raises(ValueError, match="theme is 'light' or 'dark', got 'blue'"):
        draw(theme="blue")
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes or None, got 3"):
        draw(ax=3)
    assert pyplot.get_fignums() == []


def test_importing_nn_does_not_import_matplotlib(tmp_path):
    code = "import sys, nn; assert 'matplotlib' not in sys.modules; assert callable(nn.loss_curve)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@every_picture
def test_without_matplotlib_the_error_says_what_to_install(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.axes")
    with pytest.raises(ImportError) as caught:
        draw()
    message = str(caught.value)
    assert message == "pictures of training need matplotlib; run: pip install matplotlib"


# -- the loss --------------------------------------------------------------------------------------


def test_loss_curve_holds_the_losses():
    ax = nn.loss_curve([0.9, 0.3, 0.1], [1.0, 0.2, 0.4])
    assert [line.get_xdata().tolist() for line in map(as_arrays, ax.lines)] == [[1, 2, 3]] * 2
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0.9, 0.3, 0.1], [1.0, 0.2, 0.4]]
    assert ax.get_yscale() == "log"
    assert legend(ax) == ["training 0.1", "validation 0.4, lowest 0.2 in epoch 2"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def as_arrays(line):
    line.set_data(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()))
    return line


@pytest.mark.parametrize("losses", [[1.0, 0.0], [0.5, -0.5], [math.nan], [math.inf, -1.0]])
def test_the_axis_is_linear_unless_all_losses_are_positive(losses):
    assert nn.loss_curve(losses).get_yscale() == "linear"


def test_validation_may_be_measured_now_and_then():
    """The measured epochs are joined by a line; None and NaN both mean not measured."""
    ax = nn.loss_curve([4.0, 3.0, 2.0, 1.0], [None, 5.0, math.nan, 2.0])
    assert list(ax.lines[1].get_xdata()) == [2, 4]
    assert list(ax.lines[1].get_ydata()) == [5.0, 2.0]


def test_a_loss_that_is_not_finite_is_a_gap_and_named():
    ax = nn.loss_curve([1.0, math.nan, math.inf])
    assert legend(ax) == ["training 1, nan in epoch 2"]
    y = np.asarray(ax.lines[0].get_ydata())
    assert y[0] == 1.0
    assert np.isnan(y[1:]).all()


def test_losses_may_be_values_arrays_and_generators():
    for losses in ([Value(2.0), Value(1.0)], np.array([2.0, 1.0]), (x for x in (2.0, 1.0))):
        assert list(nn.loss_curve(losses).lines[0].get_ydata()) == [2.0, 1.0]


def test_a_single_epoch_is_a_dot():
    ax = nn.loss_curve([0.5])
    assert ax.lines[0].get_marker() == "o"
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    assert [x for x in ax.get_xticks() if low <= x <= high] == [1.0]


@pytest.mark.parametrize(
    ("losses", "validation", "error", "message"),
    [
        ([], None, ValueError, "losses is empty; a curve needs the loss of at least one epoch"),
        ([1.0, 2.0], [1.0], ValueError, "validation has 1 number for 2 epochs"),
        (3.0, None, TypeError, "losses must be a sequence of numbers, got 3.0"),
        ([1.0, "x"], None, TypeError, r"losses\[1\] must be a number, got the str 'x'"),
        ([1.0, None], None, TypeError, r"losses\[1\] must be a number, got the NoneType None"),
        ([1.0], ["x"], TypeError, r"validation\[0\] must be a number, got the str 'x'"),
    ],
)
def test_bad_losses(losses, validation, error, message):
    with pytest.raises(error, match=message):
        nn.loss_curve(losses, validation)
    assert pyplot.get_fignums() == []


def test_a_history_draws_itself():
    history = nn.fit(nn.MLP(1, [1], seed=0), [0.0, 1.0], [1.0, 3.0], epochs=1)
    with pytest.raises(TypeError, match=r"a history draws itself: history\.plot\(\)"):
        nn.loss_curve(history)


# -- what a network decides ------------------------------------------------------------------------


def boundary_of(ax):
    """The vertices of the solid line, and the levels of all lines."""
    (lines,) = [c for c in ax.collections if isinstance(c, matplotlib.contour.ContourSet)]
    styles = dict(zip(lines.levels, lines.get_linestyles(), strict=True))
    solid = [i for i, (_, dashes) in enumerate(styles.values()) if dashes is None]
    return lines.get_paths()[solid[0]].vertices, list(lines.levels)


def colours_of(ax):
    """The grid of numbers behind the colours, with its coordinates, and the scale."""
    (image,) = ax.images
    shown = image.get_array()
    left, right, bottom, top = image.get_extent()
    rows, columns = shown.shape
    across = left + (np.arange(columns) + 0.5) * (right - left) / columns
    up = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    return across, up, shown, image.get_clim()


def test_a_logit_is_shown_as_a_probability():
    """x0 - x1 - 0.5: the boundary is that line, and every pixel the sigmoid of its logit."""
    model = linear(1.0, -1.0, bias=-0.5)
    ax = nn.decision_boundary(model, X, Y, resolution=21)
    across, up, shown, limits = colours_of(ax)
    assert limits == (0.0, 1.0)
    assert (across[0], across[-1]) == pytest.approx((-0.36, 3.36))
    assert (up[0], up[-1]) == pytest.approx((-0.24, 2.24))
    expected = 1 / (1 + np.exp(-(across[None, :] - up[:, None] - 0.5)))
    assert np.allclose(shown, expected, atol=1e-12)
    vertices, levels = boundary_of(ax)
    assert levels == [0.5]
    assert np.allclose(vertices[:, 0] - vertices[:, 1], 0.5, atol=1e-3)


def test_the_grid_is_the_models_own_answers():
    """Of a network that is not a formula: pixel by pixel what the model says there."""
    model = nn.MLP(2, [4, 1], seed=0)
    across, up, shown, _ = colours_of(nn.decision_boundary(model, X, Y, resolution=4))
    for j, v in enumerate(up):
        for i, u in enumerate(across):
            assert shown[j, i] == pytest.approx(model([u, v]).sigmoid().data, rel=1e-9)


def test_an_output_that_ends_in_a_sigmoid_is_a_probability():
    model = linear(1.0, -1.0, activation="sigmoid")
    across, up, shown, _ = colours_of(nn.decision_boundary(model, X, Y, resolution=5))
    assert shown[1, 3] == pytest.approx(model([across[3], up[1]]).data)


def test_classes_of_a_hinge_loss_are_shown_with_margins():
    """2·x0 - 3: the boundary at 1.5, the margins at 1 and 2, colours from -1 to 1."""
    ax = nn.decision_boundary(linear(2.0, 0.0, bias=-3.0), X, [-1, -1, 1, 1], resolution=31)
    vertices, levels = boundary_of(ax)
    assert levels == [-1.0, 0.0, 1.0]
    assert np.allclose(vertices[:, 0], 1.5)
    _, _, shown, limits = colours_of(ax)
    assert limits == (-1.0, 1.0) == (shown.min(), shown.max())
    assert legend(ax) == ["class −1", "class 1"]


def test_a_threshold_shows_the_output_itself():
    """For a network that answers 0 or 1: x0 / 3, with the boundary at 0.5."""
    ax = nn.decision_boundary(linear(1 / 3, 0.0), X, Y, threshold=0.5)
    vertices, _ = boundary_of(ax)
    assert np.allclose(vertices[:, 0], 1.5)
    assert colours_of(ax)[3] == (0.0, 1.0)


@pytest.mark.parametrize(
    ("finish", "limits"),
    [
        (list, (0.0, 1.0)),
        (autograd.softmax, (0.0, 1.0)),
        (lambda outputs: [output.sigmoid() for output in outputs], (-1.0, 1.0)),
    ],
    ids=["logits", "softmax", "sigmoids"],
)
def test_two_outputs_meet_where_they_are_equal(finish, limits):
    """x0 against x1: the boundary is the diagonal, whatever monotone function comes last."""
    layer = nn.Layer.from_weights([[1.0, 0.0], [0.0, 1.0]], 0.0, "linear")
    ax = nn.decision_boundary(lambda x: finish(layer(x)), X, Y)
    vertices, _ = boundary_of(ax)
    assert np.allclose(vertices[:, 0], vertices[:, 1], atol=1e-2)
    across, up, shown, found = colours_of(ax)
    assert found == limits
    u, v = across[3], up[7]
    if limits == (0.0, 1.0):
        assert shown[7, 3] == pytest.approx(math.exp(v) / (math.exp(u) + math.exp(v)))


def test_samples_are_circles_and_triangles_of_two_colours():
    ax = nn.decision_boundary(linear(1.0, 1.0), X, Y)
    zero, one = [c for c in ax.collections if c.get_label().startswith("class")]
    assert zero.get_offsets().tolist() == [X[0], X[3]]
    assert one.get_offsets().tolist() == [X[1], X[2]]
    assert (to_hex(zero.get_facecolor()[0]), to_hex(one.get_facecolor()[0])) == (ORANGE, BLUE)
    assert len(zero.get_paths()[0].vertices) > 10 > len(one.get_paths()[0].vertices)


def test_the_colours_run_from_orange_through_white_to_blue():
    colour_map = nn.decision_boundary(linear(1.0, 1.0), X, Y).images[0].get_cmap()
    red, _, blue, _ = colour_map(0.0)
    assert red > blue
    red, _, blue, _ = colour_map(1.0)
    assert blue > red
    assert colour_map(0.5)[:3] == pytest.approx((1.0, 1.0, 1.0), abs=0.01)


def test_a_model_that_never_changes_its_mind_has_no_line():
    ax = nn.decision_boundary(linear(0.0, 0.0, bias=5.0), X, Y)
    assert not [c for c in ax.collections if isinstance(c, matplotlib.contour.ContourSet)]


def test_infinite_and_unknown_answers():
    """log x0: -inf is class 0 for sure, NaN to the left of 0 stays without colour."""
    ax = nn.decision_boundary(lambda x: autograd.log(x[0]), X, Y, resolution=11)
    across, _, shown, _ = colours_of(ax)
    assert (np.isnan(np.ma.filled(shown, np.nan))[0] == (across < 0)).all()
    vertices, _ = boundary_of(ax)
    assert np.allclose(vertices[:, 0], 1.0, atol=0.05)


def test_arrays_and_a_single_sample():
    model = linear(1.0, 1.0)
    nn.decision_boundary(model, np.array(X), np.array(Y, dtype=bool))
    ax = nn.decision_boundary(model, [[1.0, 1.0]], [1], resolution=3)
    assert colours_of(ax)[0].tolist() == [0.0, 1.0, 2.0]


def test_the_model_is_asked_without_recording_and_keeps_its_gradients():
    model = nn.MLP(2, [3, 1], seed=0)
    model([1.0, 1.0]).backward()
    before = [p.grad for p in model.parameters()]
    seen = []

    def watched(x):
        seen.append(model(x))
        return seen[-1]

    nn.decision_boundary(watched, X, Y, resolution=3)
    assert {out.op for out in seen[1:]} == {""}
    assert [p.grad for p in model.parameters()] == before


def test_the_model_is_asked_once_for_each_point():
    """Of the grid, 60 by 60 unless told otherwise; and once to see what it answers."""
    asked = Counter()

    def model(x):
        asked[tuple(x)] += 1
        return x[0] + x[1]

    nn.decision_boundary(model, X, Y)
    assert asked.total() <= 60 * 60 + 1
    assert len(asked) >= 60 * 60


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((3, X, Y), {}, TypeError, "model must be a function of two inputs, got 3"),
        ((sum, [], []), {}, ValueError, "X must have a row of two numbers for each sample"),
        ((sum, [[1.0]], [0]), {}, ValueError, r"X\[0\] must have two numbers, .* got 1 number"),
        ((sum, [1.0], [0]), {}, ValueError, r"X\[0\] must have two numbers, .* a single number"),
        ((sum, [[1.0, "a"]], [0]), {}, TypeError, r"X\[0\]\[1\] must be a number, got the str"),
        ((sum, [[1.0, math.nan]], [0]), {}, ValueError, r"X\[0\] must have two finite numbers"),
        ((sum, X, [0, 1]), {}, ValueError, "y must have a class for each of the 4 rows"),
        ((sum, X, [0, 1, 2, 3]), {}, ValueError, "0 and 1, or -1 and 1; got 0, 1, 2, 3"),
        ((sum, X, [0, -1, 1, 0]), {}, ValueError, "0 and 1, or -1 and 1; got −1, 0, 1"),
        ((sum, X, [[0]] * 4), {}, TypeError, r"y\[0\] must be a number, got the list"),
        ((sum, X, Y), {"resolution": 1}, ValueError, "resolution must be at least 2, got 1"),
        ((sum, X, Y), {"threshold": math.nan}, ValueError, "threshold is a finite number"),
        ((lambda x: [*x, 0.0], X, [0, 1, 2, 3]), {}, ValueError, "3 outputs: the classes in y are"),
        ((lambda x: [*x, 0.0], X, [0, 1, 0.5, 2]), {}, ValueError, "from 0 to 2; got 0, 0.5, 1, 2"),
        ((lambda x: [*x] * 4, X, Y), {}, ValueError, "has 8 outputs; regions are drawn of up to 7"),
        ((sum, X, ["a", "b", "c", "a"]), {}, ValueError, "3 text labels, 'a', 'b', 'c'; the model"),
        ((lambda x: [*x, 0.0], X, Y), {"threshold": 0.5}, ValueError, "number, for one output"),
        ((list, X, Y), {"threshold": 0.5}, ValueError, "a finite number, for one output"),
        ((lambda x: "yes", X, Y), {}, TypeError, "expected, got a str"),
        ((lambda x: math.nan, X, Y), {}, ValueError, "the model answers nan everywhere"),
        ((nn.Neuron(3, seed=0), X, Y), {}, ValueError, "takes 3 inputs, got 2"),
    ],
)  # fmt: skip
def test_bad_boundaries(arguments, options, error, message):
    with pytest.raises(error, match=message):
        nn.decision_boundary(*arguments, **options)
    assert pyplot.get_fignums() == []


WORDS = ["low", "middle", "high"]


@pytest.mark.parametrize("y", [[0, 1, 2, 0], ["low", "middle", "high", "low"]])
def test_three_classes_have_regions(y):
    """A colour where its output is the largest, and lines between, worked out by hand."""
    model = nn.Layer.from_weights([[0, -1], [0, 0], [0, 1]], [0.5, 0.0, -1.5], "linear")
    model.meaning = Meaning("cross_entropy", tuple(WORDS), None, "logits", 0.0)
    ax = nn.decision_boundary(model, X, y, resolution=32)
    _, up, shown, _ = colours_of(ax)
    expected = np.where(up < 0.5, 0, np.where(up > 1.5, 2, 1))
    assert (shown == expected[:, None]).all()
    lines = [c for c in ax.collections if isinstance(c, matplotlib.contour.ContourSet)]
    heights = {round(float(v[1]), 6) for c in lines for p in c.get_paths() for v in p.vertices}
    assert sorted(heights) == pytest.approx([0.5, 1.5])
    shown = WORDS if isinstance(y[0], str) else ["0", "1", "2"]
    assert legend(ax) == [f"class {word}" for word in shown]
    markers = [c.get_facecolor()[0] for c in ax.collections if c.get_label().startswith("class")]
    assert len({to_hex(colour) for colour in markers}) == 3


def test_an_unknown_answer_of_several_stays_without_colour():
    ax = nn.decision_boundary(
        lambda x: [autograd.log(x[0]), x[1], 0.0], X, [0, 1, 2, 0], resolution=9
    )
    across, _, shown, _ = colours_of(ax)
    assert (np.isnan(np.ma.filled(shown, np.nan))[0] == (across < 0)).all()


def test_text_labels_of_two_classes():
    """In the order that the model has learned, else sorted; the legend and the bar name them."""
    y = ["no", "yes", "yes", "no"]
    model = linear(1.0, 1.0)
    ax = nn.decision_boundary(model, X, y)
    assert legend(ax) == ["class no", "class yes"]
    assert ax.figure.axes[1].get_ylabel() == "probability of class yes"
    model.meaning = Meaning("binary_cross_entropy", ("yes", "no"), ("a", "b"), "logits", 0.0)
    ax = nn.decision_boundary(model, X, y)
    assert legend(ax) == ["class yes", "class no"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "b")


def test_labels_are_text_and_no_mathematics():
    ax = nn.decision_boundary(linear(1.0, 1.0), X, ["$x^{$", "_b", "_b", "$x^{$"])
    ax.figure.canvas.draw()
    assert legend(ax) == [r"class \$x^{\$", "class _b"]


def test_what_fit_has_put_down_is_how_an_output_is_read():
    """Trained to answer 0 or 1 itself: the boundary is at 0.5, without a threshold given."""
    model = linear(1.0, 0.0)
    model.meaning = Meaning("mse_loss", (0, 1), None, "scores", 0.5)
    vertices, levels = boundary_of(nn.decision_boundary(model, X, Y))
    assert levels == [0.5]
    assert np.allclose(vertices[:, 0], 0.5)


def test_the_model_is_asked_without_dropout():
    model = nn.Sequential(nn.Dropout(0.9), linear(1.0, 1.0))
    _, _, shown, _ = colours_of(nn.decision_boundary(model, X, Y, resolution=5))
    again = colours_of(nn.decision_boundary(model, X, Y, resolution=5))[2]
    assert (shown == again).all()
    assert model.training


def test_a_frame_names_its_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["width", "$height"])
    ax = nn.decision_boundary(linear(1.0, 1.0), frame, pandas.Series(Y))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", r"\$height")


def test_columns_in_another_order_make_the_same_picture():
    """They go by their names, as in `predict`."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"width": [0.0, 4.0, 1.0, 3.0], "height": [0.0, 1.0, 0.5, 0.2]})
    model = nn.MLP(2, [3, 1], seed=0)
    nn.fit(model, frame, [0, 1, 0, 1], epochs=5)
    pictures = [nn.decision_boundary(model, x, [0, 1, 0, 1]) for x in (frame, frame.iloc[:, ::-1])]
    assert [ax.get_xlabel() for ax in pictures] == ["width", "width"]
    assert pictures[0].get_xlim() == pictures[1].get_xlim()
    with pytest.raises(ValueError, match="missing: 'width'"):
        nn.decision_boundary(model, frame.rename(columns={"width": "w"}), [0, 1, 0, 1])


def test_accuracy_curve_holds_the_accuracies():
    ax = nn.accuracy_curve([0.5, 0.9, 0.8], [None, 0.6, 0.7])
    training, validation = ax.lines
    assert training.get_xydata().tolist() == [[1, 0.5], [2, 0.9], [3, 0.8]]
    assert validation.get_xydata().tolist() == [[2, 0.6], [3, 0.7]]
    assert legend(ax) == ["training 0.8, highest 0.9 in epoch 2", "validation 0.7"]
    with pytest.raises(ValueError, match="accuracies is empty; a curve needs the accuracy of"):
        nn.accuracy_curve([])


def test_a_history_has_both_curves():
    model = nn.MLP(2, [3, 1], seed=0)
    history = nn.fit(model, X, Y, epochs=3, validation=(X, Y))
    assert history.plot().get_ylabel() == "binary_cross_entropy"
    ax = history.plot("accuracy")
    assert ax.lines[0].get_ydata().tolist() == history["accuracy"]
    assert ax.lines[1].get_ydata().tolist() == history["validation_accuracy"]
    with pytest.raises(ValueError, match='plots of "loss" and "accuracy", got'):
        history.plot("lr")
    numbers = nn.fit(nn.MLP(2, [1]), X, [0.5, 1.5, 2.5, 0.1], epochs=1)
    with pytest.raises(ValueError, match="there is no accuracy"):
        numbers.plot("accuracy")


def test_networks_are_drawn_by_autograd():
    with pytest.raises(AttributeError, match=r"autograd\.draw\(model\) draws a network"):
        _ = nn.draw_network
