"""Pictures of training: the loss, what a network decides, and the network itself.

They need matplotlib, which is imported when the first one is drawn: pip install "chainrule[plot]".
Each function draws into `ax`, or into a new figure where there is none, and gives the Axes back, so
that titles, sizes and `ax.figure.savefig(...)` are matplotlib's own. Nothing is shown, and no
setting of matplotlib changes. `theme` is "light" or "dark", and colours the figure too.

Blue stands for positive and class 1, orange for negative and class 0: a pair that colour-blind
readers tell apart. A dash, a shape or a word always says the same once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, degrees, inf, isfinite, isnan, log10, nan
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd
from autograd import Value
from nn.layers import Neuron
from nn.module import Module
from nn.validation import as_float, as_list, counted, name_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decision_boundary", "draw_network", "loss_curve"]

MINUS = "\N{MINUS SIGN}"
DASHES = (0, (3.2, 1.6))


@dataclass(frozen=True)
class Theme:
    background: str
    text: str
    faint: str
    blue: str
    orange: str
    blue_tint: str
    orange_tint: str
    input_fill: str
    neuron_fill: str
    output_fill: str


THEMES = {
    "light": Theme(
        background="#ffffff",
        text="#1b1f24",
        faint="#c9ced4",
        blue="#0064a6",
        orange="#b34700",
        blue_tint="#7dbbe8",
        orange_tint="#f3ae72",
        input_fill="#e8f3fb",
        neuron_fill="#ffffff",
        output_fill="#fff6dc",
    ),
    "dark": Theme(
        background="#16191d",
        text="#e6edf3",
        faint="#454c55",
        blue="#6cb9f5",
        orange="#f0a35e",
        blue_tint="#0f4470",
        orange_tint="#6e3a10",
        input_fill="#15324a",
        neuron_fill="#16191d",
        output_fill="#3b3212",
    ),
}


# -- the loss --------------------------------------------------------------------------------------


def loss_curve(
    losses: Iterable[float],
    validation: Iterable[float | None] | None = None,
    *,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """The loss after each epoch, from 1; on a logarithmic axis if every loss is above 0.

    `validation` has an entry for each epoch too, None (or NaN) where it was not measured. The
    legend names the last and the lowest of each curve, and the first epoch with a loss that is not
    finite. Raises ValueError for no losses or two curves of different length, TypeError for what is
    not a number.

    >>> ax = loss_curve([1.0, 0.3, 0.1], [1.1, None, 0.4])
    >>> ax.get_yscale()
    'log'
    >>> ax.figure.savefig("loss.png")  # doctest: +SKIP
    """
    curves = {"training": _losses("losses", losses)}
    if not curves["training"]:
        raise ValueError("losses is empty; a curve needs the loss of at least one epoch")
    if validation is not None:
        curves["validation"] = _losses("validation", validation, may_miss=True)
    for name, curve in curves.items():
        if len(curve) != len(curves["training"]):
            raise ValueError(
                f"{name} has {_entries(len(curve))} for "
                f"{counted(len(curves['training']), 'epoch')}; it has one for each, None where it "
                "was not measured"
            )
    colours = _colours(theme, ax)
    from matplotlib.ticker import MaxNLocator

    ax = _axes(ax, colours, (5.2, 3.4))
    styles: tuple[dict[str, Any], ...] = (
        {"color": colours.blue},
        {"color": colours.orange, "linestyle": DASHES},
    )
    for (name, curve), style in zip(curves.items(), styles, strict=False):
        points = [(epoch, x) for epoch, x in enumerate(curve, 1) if x is not None]
        finite = [(epoch, x) for epoch, x in points if isfinite(x)]
        ax.plot(
            [epoch for epoch, _ in points],
            [x if isfinite(x) else nan for _, x in points],
            label=f"{name}{_milestones(points, finite)}",
            linewidth=1.8,
            marker="o" if len(points) < 2 else None,
            **style,
        )
    _loss_axis(ax, [x for curve in curves.values() for x in curve if x is not None and isfinite(x)])
    ax.xaxis.set_major_locator(
        MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    )
    if len(curves["training"]) == 1:
        ax.set_xlim(0.5, 1.5)
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    ax.grid(color=colours.faint, linewidth=0.5, alpha=0.6)
    _legend(ax, colours, loc="best", framealpha=0.85)
    return ax


def _losses(name: str, numbers: object, may_miss: bool = False) -> list[float | None]:
    entries = as_list(numbers)
    if entries is None:
        raise TypeError(f"{name} must be a sequence of numbers, got {numbers!r}")
    found: list[float | None] = []
    for i, entry in enumerate(entries):
        x = entry.data if isinstance(entry, Value) else entry
        missing = may_miss and (x is None or x != x)
        found.append(None if missing else as_float(f"{name}[{i}]", x))
    return found


def _milestones(points: Sequence[tuple[int, float]], finite: Sequence[tuple[int, float]]) -> str:
    """` 0.12, lowest 0.1 in epoch 7`; and from where on a curve has left the picture."""
    text = ""
    if finite:
        text = f" {_figure(finite[-1][1])}"
        epoch, lowest = min(finite, key=lambda point: point[1])
        if epoch != finite[-1][0]:
            text += f", lowest {_figure(lowest)} in epoch {epoch}"
    bad = [(epoch, x) for epoch, x in points if not isfinite(x)]
    return text + (f", {_figure(bad[0][1])} in epoch {bad[0][0]}" if bad else "")


def _loss_axis(ax: Axes, losses: Sequence[float]) -> None:
    """Logarithmic where it can be, with ticks that fit its range."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if not losses or min(losses) <= 0.0:
        return
    ax.set_yscale("log")
    decades = log10(max(losses)) - log10(min(losses))
    ax.yaxis.set_minor_locator(NullLocator())
    if decades < 3.0:
        few = MaxNLocator(5, steps=[1, 2, 5, 10])
        ax.yaxis.set_major_locator(few if decades < 0.8 else LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


# -- what a network decides ------------------------------------------------------------------------


class Reading(NamedTuple):
    """How the outputs of a model become one number, and which colours that number gets."""

    score: Callable[[Sequence[float]], float]
    centre: float  # white: the boundary
    reach: float  # full colour: this far from the centre
    meaning: str


def decision_boundary(
    model: Callable[[Any], Any],
    X: Iterable[Iterable[float]],
    y: Iterable[float],
    *,
    threshold: float | None = None,
    resolution: int = 60,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """What a model of two inputs answers everywhere around the samples, and where it changes sides.

    `X` has rows of two numbers; `y` their classes, 0 and 1 or -1 and 1. Class 0 (or -1) is drawn in
    orange circles, class 1 in blue triangles, the boundary as a black line (white in the dark). How
    the colour in between is read from the output:

    - one output that ends in a sigmoid: as a probability, with the boundary at 0.5
    - one output otherwise: a logit, of which the colour shows the sigmoid, or, for classes -1 and
      1, a score with its margins at -1 and 1 (dotted); the boundary is at 0
    - two outputs: the logits or probabilities of the two classes, the boundary where they are equal
    - with a `threshold`: one output as it is, the boundary there. For a network that was trained
      to answer 0 or 1 itself, pass 0.5.

    The model is asked on a grid of resolution x resolution points, without recording. Raises
    ValueError or TypeError for samples, classes or a model that do not fit this.

    >>> from nn import MLP
    >>> ax = decision_boundary(MLP(2, [8, 1], seed=0), [[0, 1], [1, 0]], [0, 1])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x0', 'x1')
    """
    if not callable(model):
        raise TypeError(f"model must be a function of two inputs, got {model!r}")
    colours = _colours(theme, ax)
    points = _points(X)
    labels = _labels(y, len(points))
    resolution = _whole("resolution", resolution, 2)
    reading = _reading(model(list(points[0])), labels, threshold)

    across, up = (_spread([point[i] for point in points], resolution) for i in (0, 1))
    with autograd.no_grad():
        scores = [[reading.score(_outputs(model([u, v]))) for u in across] for v in up]
    known = [score for row in scores for score in row if not isnan(score)]
    if not known:
        raise ValueError("the model answers nan everywhere; are its parameters still numbers?")

    ax = _axes(ax, colours, (5.2, 4.0))
    low, high = reading.centre - reading.reach, reading.centre + reading.reach
    filled = ax.imshow(
        [[nan if isnan(score) else min(max(score, low), high) for score in row] for row in scores],
        extent=(*_pixel_edges(across), *_pixel_edges(up)),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=_colour_map(colours),
        vmin=low,
        vmax=high,
    )
    ax.set_xlim(across[0], across[-1])
    ax.set_ylim(up[0], up[-1])
    bar = ax.figure.colorbar(filled, ax=ax, ticks=[low, reading.centre, high], pad=0.02)
    bar.set_label(reading.meaning, color=colours.text)
    bar.ax.tick_params(color=colours.text, labelcolor=colours.text)
    bar.ax.axhline(reading.centre, color=colours.text, linewidth=1.8)
    bar.outline.set_edgecolor(colours.faint)  # type: ignore[operator,unused-ignore]

    lines = {reading.centre: "solid"}
    if reading.meaning == SCORE:
        lines = {low: "dotted", **lines, high: "dotted"}
    lines = {level: style for level, style in lines.items() if min(known) < level < max(known)}
    if lines:
        ax.contour(
            across,
            up,
            [[score if isfinite(score) else nan for score in row] for row in scores],
            levels=list(lines),
            linestyles=list(lines.values()),
            linewidths=[1.8 if style == "solid" else 1.2 for style in lines.values()],
            colors=[colours.text],
        )
    for label, marker, colour in (
        (min(labels, default=0), "o", colours.orange),
        (1, "^", colours.blue),
    ):
        chosen = [point for point, found in zip(points, labels, strict=True) if found == label]
        if chosen:
            ax.scatter(
                [point[0] for point in chosen],
                [point[1] for point in chosen],
                s=30 if len(points) <= 300 else 12,
                marker=marker,
                color=colour,
                edgecolor=colours.background,
                linewidth=0.7,
                label=f"class {_figure(label)}",
                zorder=3,
            )
    ax.set_xlabel("x0")
    ax.set_ylabel("x1")
    _legend(ax, colours, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    return ax


PROBABILITY = "probability of class 1"
SCORE = "score"


def _reading(out: Any, labels: Sequence[int], threshold: float | None) -> Reading:
    """Found from one answer, from the last operation in it, and from the classes."""
    outputs = as_list(out)
    outputs = [out] if outputs is None else outputs
    ops = {output.op for output in outputs if isinstance(output, Value)}
    if len(outputs) not in (1, 2):
        raise ValueError(
            f"the model has {len(outputs)} outputs; a boundary is between two classes: 1 or 2"
        )
    if threshold is not None:
        threshold = as_float("threshold", threshold)
        if len(outputs) == 2 or not isfinite(threshold):
            raise ValueError(f"threshold is a finite number, for one output; got {threshold}")
        return Reading(lambda o: o[0], threshold, 1.0 if -1 in labels else 0.5, "output")
    if len(outputs) == 2:
        if ops == {"softmax"}:
            return Reading(lambda o: o[1], 0.5, 0.5, PROBABILITY)
        if ops == {"sigmoid"}:
            return Reading(lambda o: o[1] - o[0], 0.0, 1.0, f"output 1 {MINUS} output 0")
        return Reading(lambda o: float(autograd.softmax(o)[1]), 0.5, 0.5, PROBABILITY)
    if ops == {"sigmoid"}:
        return Reading(lambda o: o[0], 0.5, 0.5, PROBABILITY)
    if -1 in labels:
        return Reading(lambda o: o[0], 0.0, 1.0, SCORE)
    return Reading(lambda o: float(autograd.sigmoid(o[0])), 0.5, 0.5, PROBABILITY)


def _outputs(out: Any) -> list[float]:
    entries = as_list(out)
    return [
        x.data if isinstance(x, Value) else as_float("an output of the model", x)
        for x in ([out] if entries is None else entries)
    ]


def _points(X: object) -> list[tuple[float, float]]:
    rows = as_list(X)
    if not rows:
        raise ValueError(f"X must have a row of two numbers for each sample, got {X!r}")
    points = []
    for i, row in enumerate(rows):
        entries = as_list(row)
        if entries is None or len(entries) != 2:
            size = "a single number" if entries is None else _entries(len(entries))
            raise ValueError(f"X[{i}] must have two numbers, to be drawn in a plane; got {size}")
        u, v = (as_float(f"X[{i}][{j}]", x) for j, x in enumerate(entries))
        if not (isfinite(u) and isfinite(v)):
            raise ValueError(f"X[{i}] must have two finite numbers, got {u} and {v}")
        points.append((u, v))
    return points


def _labels(y: object, count: int) -> list[int]:
    entries = as_list(y)
    if entries is None or len(entries) != count:
        size = "a single thing" if entries is None else len(entries)
        raise ValueError(f"y must have a class for each of the {count} rows of X, got {size}")
    labels = [as_float(f"y[{i}]", x) for i, x in enumerate(entries)]
    if not (set(labels) <= {0.0, 1.0} or set(labels) <= {-1.0, 1.0}):
        found = sorted(set(labels))
        shown = ", ".join(map(_figure, found[:5])) + (", ..." if len(found) > 5 else "")
        raise ValueError(f"the classes in y are 0 and 1, or -1 and 1; got {shown}")
    return [int(label) for label in labels]


def _spread(coordinates: Sequence[float], count: int) -> list[float]:
    """As many numbers, evenly spaced, from a little below the least to a little above the most."""
    low, high = min(coordinates), max(coordinates)
    margin = 0.12 * (high - low) or 1.0
    low, high = low - margin, high + margin
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def _pixel_edges(centres: Sequence[float]) -> tuple[float, float]:
    half = (centres[1] - centres[0]) / 2
    return centres[0] - half, centres[-1] + half


def _colour_map(colours: Theme) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    stops = [colours.orange_tint, colours.background, colours.blue_tint]
    return LinearSegmentedColormap.from_list("orange to blue", stops)


# -- the network -----------------------------------------------------------------------------------


FEW = 3  # neurons in a layer, up to which there is room for numbers


class Connection(NamedTuple):
    """A weight, and where it is drawn."""

    start: tuple[float, float]
    end: tuple[float, float]
    weight: Value
    written: bool  # with its numbers, where there is room


def draw_network(
    model: Module, *, max_neurons: int = 32, ax: Axes | None = None, theme: str = "light"
) -> Axes:
    """A network with its weights and gradients: an MLP, a layer or a neuron.

    A line is a weight: blue if positive, orange and dashed if negative, the deeper the larger it
    is, and the wider the larger its gradient. The ring of a neuron is its bias, in the same way.
    Gradients are those of the last backward pass; without any, all lines are of one width. Lines
    with a weight or gradient of NaN or infinity are dotted, and counted in the legend. Where there
    is room, numbers are written on the lines. Of a layer of more than `max_neurons`, the first and
    the last ones are drawn.

    Raises TypeError for a model without layers of neurons.

    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], seed=0)
    >>> model([1.0, 2.0]).backward()
    >>> ax = draw_network(model)
    >>> [text.get_text() for text in ax.get_legend().get_texts()][:2]
    ['positive weight (ring: bias)', 'negative weight (ring: bias)']
    """
    colours = _colours(theme, ax)
    layers = _layers_of(model)
    max_neurons = _whole("max_neurons", max_neurons, 2)
    columns = [
        _column(k / len(layers), width, max_neurons)
        for k, width in enumerate([len(layers[0][0].weights), *map(len, layers)])
    ]
    connections = [
        Connection(start, end, neuron.weights[i], len(before) * len(after) <= 4)
        for (before, after), layer in zip(pairwise(columns), layers, strict=True)
        for j, end in after.items()
        for neuron in [layer[j]]
        for i, start in before.items()
    ]
    biases = [
        layer[j].bias for layer, drawn in zip(layers, columns[1:], strict=True) for j in drawn
    ]
    names = _short_names(model)
    style = _Style(colours, [c.weight for c in connections], biases)

    few = max(map(len, columns)) <= FEW
    ax = _axes(ax, colours, (max(6.4, (3.1 if few else 2.1) * len(layers)), 3.9))
    ax.set_axis_off()
    inches = ax.get_window_extent().width / ax.figure.dpi
    _draw_connections(ax, style, connections)
    _draw_neurons(ax, style, columns, layers)
    _draw_captions(ax, style, columns, layers)
    if few and inches / len(layers) >= 2.2:
        _draw_numbers(ax, colours, columns, connections, layers, names)
    _legend(
        ax,
        colours,
        handles=style.legend(),
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=2 if inches >= 4.5 else 1,
        frameon=False,
    )
    return ax


def _layers_of(model: object) -> list[list[Neuron]]:
    if isinstance(model, Neuron):
        return [[model]]
    layers: Any = getattr(model, "layers", [model])
    found: list[Any] = [getattr(layer, "neurons", None) for layer in layers]
    if not found or not all(found):
        raise TypeError(f"draw_network draws an MLP, a Layer or a Neuron, got {model!r}")
    return found


def _column(x: float, width: int, at_most: int) -> dict[int, tuple[float, float]]:
    """Where the neurons of one layer are drawn, by index, and in the middle a gap for the rest."""
    half = at_most // 2
    if width <= at_most:
        slots, slot = width, {i: i for i in range(width)}
    else:
        slots = 2 * half + 3
        slot = {
            i: i if i < half else i - width + slots
            for i in [*range(half), *range(width - half, width)]
        }
    return {i: (x, 1.0 - (row + 0.5) / slots) for i, row in slot.items()}


class _Style:
    """Colour, width and dash of a parameter, on one scale for the whole network."""

    def __init__(self, colours: Theme, weights: Sequence[Value], biases: Sequence[Value]) -> None:
        self.colours = colours
        self.parameters = list({id(p): p for p in [*weights, *biases]}.values())
        self.largest = _largest([p.data for p in self.parameters])
        self.steepest = _largest([p.grad for p in self.parameters])
        self.max_width = 5.0 if len(weights) <= 60 else 3.0

    def colour(self, p: Value) -> Any:
        from matplotlib.colors import to_rgb

        if not _is_finite(p):
            return to_rgb(self.colours.text)
        if p.data == 0.0:
            return to_rgb(self.colours.faint)
        share = 0.35 + 0.65 * abs(p.data) / self.largest
        full = to_rgb(self.colours.blue if p.data > 0.0 else self.colours.orange)
        paper = to_rgb(self.colours.background)
        return tuple(share * f + (1.0 - share) * b for f, b in zip(full, paper, strict=True))

    def width(self, p: Value) -> float:
        if not _is_finite(p):
            return self.max_width
        if not self.steepest:
            return 1.4 if self.max_width > 3.0 else 0.7
        return 0.5 + (self.max_width - 0.5) * abs(p.grad) / self.steepest

    def dash(self, p: Value) -> Any:
        if not _is_finite(p):
            return (0, (1.0, 1.5))
        return DASHES if p.data < 0.0 else "solid"

    def legend(self) -> list[Any]:
        from matplotlib.lines import Line2D

        colours = self.colours
        steepest = f"wider: larger gradient, up to {_figure(self.steepest)}"
        entries: list[tuple[str, Any, float, str]] = [
            (colours.blue, "solid", 2.0, "positive weight (ring: bias)"),
            (colours.orange, DASHES, 2.0, "negative weight (ring: bias)"),
            (colours.text, "solid", 2.0, f"deeper: larger weight, up to {_figure(self.largest)}"),
            (
                colours.text,
                "solid",
                self.max_width if self.steepest else 1.4,
                steepest if self.steepest else "no gradients yet",
            ),
        ]
        bad = sum(not _is_finite(p) for p in self.parameters)
        if bad:
            entries.append((colours.text, (0, (1.0, 1.5)), self.max_width, f"{bad} not finite"))
        return [
            Line2D([], [], color=colour, linestyle=dash, linewidth=width, label=label)
            for colour, dash, width, label in entries
        ]


def _largest(numbers: Iterable[float]) -> float:
    return max((abs(x) for x in numbers if isfinite(x)), default=0.0)


def _is_finite(p: Value) -> bool:
    return isfinite(p.data) and isfinite(p.grad)


def _draw_connections(ax: Axes, style: _Style, connections: Sequence[Connection]) -> None:
    from matplotlib.collections import LineCollection

    rank = [abs(c.weight.data) if _is_finite(c.weight) else inf for c in connections]
    order = sorted(range(len(connections)), key=rank.__getitem__)  # the deepest on top
    weights = [connections[i].weight for i in order]
    lines = LineCollection(
        [(connections[i].start, connections[i].end) for i in order],
        colors=[style.colour(w) for w in weights],
        linewidths=[style.width(w) for w in weights],
        linestyles=[style.dash(w) for w in weights],
        zorder=1,
    )
    ax.add_collection(lines)


def _draw_numbers(
    ax: Axes,
    colours: Theme,
    columns: Sequence[dict[int, tuple[float, float]]],
    connections: Sequence[Connection],
    layers: Sequence[Sequence[Neuron]],
    names: dict[int, str],
) -> None:
    for start, end, weight, written in connections:
        if written:
            _write_along(ax, colours, start, end, _numbers(weight, names))
    for layer, column in zip(layers, columns[1:], strict=True):
        for j, (x, y) in column.items():
            text = _numbers(layer[j].bias, names)
            _write(ax, colours, x, y, text, shift=(0, 24 if y > 0.5 else -24), boxed=True)


def _write_along(
    ax: Axes, colours: Theme, start: tuple[float, float], end: tuple[float, float], text: str
) -> None:
    (x0, y0), (x1, y1) = start, end
    ax.text(
        x0 + 0.3 * (x1 - x0),
        y0 + 0.3 * (y1 - y0),
        text,
        rotation=degrees(atan2(y1 - y0, x1 - x0)),
        rotation_mode="anchor",
        transform_rotates_text=True,
        ha="center",
        va="center",
        fontsize=7.5,
        linespacing=1.25,
        color=colours.text,
        parse_math=False,
        bbox=_box(colours),
        zorder=2,
    )


def _draw_neurons(
    ax: Axes,
    style: _Style,
    columns: Sequence[dict[int, tuple[float, float]]],
    layers: Sequence[Sequence[Neuron]],
) -> None:
    colours = style.colours
    crowd = max(len(column) for column in columns)
    diameter = min(23.0, 190.0 / crowd)  # in points
    for k, column in enumerate(columns):
        last = k == len(columns) - 1
        fill = (
            colours.input_fill if k == 0 else colours.output_fill if last else colours.neuron_fill
        )
        biases = [layers[k - 1][j].bias for j in column] if k else []
        ax.scatter(
            [x for x, _ in column.values()],
            [y for _, y in column.values()],
            s=diameter**2,
            facecolor=fill,
            edgecolor=[style.colour(b) for b in biases] or colours.text,
            linewidth=[min(max(style.width(b), 1.0), diameter / 4) for b in biases] or 0.8,
            linestyle=[style.dash(b) for b in biases] or "solid",
            zorder=3,
        )
    inside = diameter >= 16.0
    if len(columns[0]) <= 16:
        for i, (x, y) in columns[0].items():
            _write(ax, colours, x, y, f"x{i}", size=8.5, shift=(0 if inside else -15, 0))


def _draw_captions(
    ax: Axes,
    style: _Style,
    columns: Sequence[dict[int, tuple[float, float]]],
    layers: Sequence[Sequence[Neuron]],
) -> None:
    for k, column in enumerate(columns):
        x = next(iter(column.values()))[0]
        used = dict.fromkeys(name_of(neuron.activation) for neuron in layers[k - 1]) if k else ()
        caption = f"layer{k - 1}\n{'/'.join(used)}" if k else "inputs"
        _write(ax, style.colours, x, 1.06, caption, size=8.5)
        width = len(layers[k - 1]) if k else len(layers[0][0].weights)
        if len(column) < width:
            _write(ax, style.colours, x, 0.5, f"{width - len(column)} more", boxed=True)
    ax.set_xlim(-0.12, 1.12)
    ax.set_ylim(0.0, 1.12)


def _write(
    ax: Axes,
    colours: Theme,
    x: float,
    y: float,
    text: str,
    *,
    size: float = 7.5,
    shift: tuple[float, float] = (0, 0),
    boxed: bool = False,
) -> None:
    ax.annotate(
        text,
        (x, y),
        xytext=shift,
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        color=colours.text,
        parse_math=False,
        bbox=_box(colours) if boxed else None,
        zorder=4,
    )


def _box(colours: Theme) -> dict[str, Any]:
    """The ground of a text that lines pass behind."""
    return {"facecolor": colours.background, "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def _numbers(p: Value, names: dict[int, str]) -> str:
    return f"{names[id(p)]} = {_figure(p.data)}\ngrad {_figure(p.grad)}"


def _short_names(model: Module) -> dict[int, str]:
    """Labels; of a qualified name its last part, since the place in the picture says the rest."""
    names = {}
    for qualified, p in model.named_parameters():
        label = p.label or qualified
        label = label.rpartition(".")[2] if label == qualified else label
        shown = "".join(c if c.isprintable() else " " for c in label[:13])
        names[id(p)] = shown if len(shown) <= 12 else shown[:11] + "\N{HORIZONTAL ELLIPSIS}"
    return names


# -- what all pictures share -----------------------------------------------------------------------


def _colours(theme: str, ax: object) -> Theme:
    """Those of the theme; errors for what would go wrong only after the work is done."""
    if theme not in THEMES:
        raise ValueError(f"theme is {' or '.join(map(repr, THEMES))}, got {theme!r}")
    try:
        from matplotlib.axes import Axes
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise ImportError(
            'pictures of training need matplotlib; run: pip install "chainrule[plot]"'
        ) from None
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes or None, got {ax!r:.100}")
    return THEMES[theme]


def _axes(ax: Axes | None, colours: Theme, size: tuple[float, float]) -> Axes:
    """The Axes to draw in, in the colours of the theme."""
    if ax is None:
        from matplotlib import pyplot

        ax = pyplot.subplots(figsize=size, layout="constrained")[1]
    ax.figure.set_facecolor(colours.background)
    ax.set_facecolor(colours.background)
    ax.tick_params(which="both", color=colours.text, labelcolor=colours.text)
    for spine in ax.spines.values():
        spine.set_edgecolor(colours.text)
    for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
        text.set_color(colours.text)
    return ax


def _legend(ax: Axes, colours: Theme, **options: Any) -> None:
    ax.legend(
        fontsize=8.5,
        labelcolor=colours.text,
        facecolor=colours.background,
        edgecolor=colours.faint,
        **options,
    )


def _figure(x: float) -> str:
    """Three significant digits, with a minus sign that is one."""
    digits, e, exponent = f"{x:.3g}".partition("e")
    return f"{digits}{e}{int(exponent) if e else ''}".replace("-", MINUS)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _whole(name: str, number: Any, least: int) -> int:
    if index(number) < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return index(number)
