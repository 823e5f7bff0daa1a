"""What a network of two inputs decides, everywhere around the samples.

Of two classes the first is orange and the second blue, and the colour says how sure the network is;
of several classes each has a colour, a marker and a region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd
from autograd import Value
from nn.dropout import mode
from nn.figure_style import (
    MARKERS,
    MINUS,
    Theme,
    add_legend,
    as_text,
    axes_for,
    colours_of,
    figure_text,
)
from nn.frame_columns import column_names, in_order
from nn.output_meaning import Meaning, meaning_of, trained_columns
from nn.validation import as_count, as_entries, as_float, as_list, as_numbers, counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decision_boundary"]


OUTPUT = "an output of the model"


class Reading(NamedTuple):
    """How the outputs of a model become one number, and which colours that number gets."""

    score: Callable[[Sequence[float]], float]
    centre: float  # white: the boundary
    reach: float  # full colour: this far from the centre
    meaning: str


class Grid(NamedTuple):
    """What a model answers around the samples: `scores[i][j]` at `(across[j], up[i])`."""

    across: list[float]
    up: list[float]
    scores: list[list[float]]


class Classes(NamedTuple):
    """The labels, in the order of the outputs, and for each sample the place of its own."""

    labels: tuple[Any, ...]
    places: list[int]


def decision_boundary(
    model: Callable[[Any], Any],
    X: Iterable[Iterable[float]],
    y: Iterable[Any],
    *,
    threshold: float | None = None,
    resolution: int = 60,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """What a model of two inputs answers everywhere around the samples, and where it changes sides.

    `X` has rows of two numbers, the columns of a frame by their names; `y` their classes: 0 and 1,
    -1 and 1, indices of the outputs, or text labels. Of two classes, the first is drawn in orange
    circles, the second in blue triangles, the boundary as a black line (white in the dark). How the
    colour in between is read from the output, `fit` has put down in the model; of a model trained
    otherwise:

    - one output that ends in a sigmoid: as a probability, with the boundary at 0.5
    - one output otherwise: a logit, of which the colour shows the sigmoid, or, for classes -1 and
      1, a score with its margins at -1 and 1 (dotted); the boundary is at 0
    - two outputs: the logits or probabilities of the two classes, the boundary where they are equal
    - more outputs, up to seven: each class has the region where its output is the largest
    - with a `threshold`: one output as it is, the boundary there. For a network that was trained
      to answer 0 or 1 itself, pass 0.5.

    The model is asked on a grid of resolution x resolution points, without recording and without
    dropout. Raises ValueError or TypeError for samples, classes or a model that do not fit this.

    >>> from nn import MLP
    >>> ax = decision_boundary(MLP(2, [8, 1], seed=0), [[0, 1], [1, 0]], [0, 1])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x0', 'x1')
    """
    if not callable(model):
        raise TypeError(f"model must be a function of two inputs, got {model!r}")
    colours = colours_of(theme, ax)
    meaning = meaning_of(model)
    columns = trained_columns(model)
    X = in_order("X", X, columns)
    names = _two_names(column_names(X) or columns)
    points = _points(X)
    resolution = as_count("resolution", resolution, least=2)
    with mode(model, training=False):
        first = model(list(points[0]))
        classes = _classes(y, len(points), len(as_entries(first)), meaning)
        reading = None
        if threshold is not None or len(classes.labels) == 2:
            reading = _reading(first, classes.labels, threshold, meaning)
        across, up = (_spread(line, resolution) for line in zip(*points, strict=True))
        with autograd.no_grad():
            outputs = [[as_numbers(OUTPUT, model([u, v])) for u in across] for v in up]
    if all(isnan(x) for row in outputs for point in row for x in point):
        raise ValueError("the model answers nan everywhere; are its parameters still numbers?")

    ax = axes_for(ax, colours, (5.2, 4.0))
    if reading is None:
        _draw_regions(ax, colours, across, up, outputs)
    else:
        grid = Grid(across, up, [[reading.score(point) for point in row] for row in outputs])
        _draw_scores(ax, colours, reading, grid)
        _draw_lines(ax, colours, reading, grid)
    _draw_samples(ax, colours, points, classes)
    ax.set_xlabel(as_text(names[0]))
    ax.set_ylabel(as_text(names[1]))
    add_legend(ax, colours, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False)
    return ax


def _draw_regions(
    ax: Axes,
    colours: Theme,
    across: list[float],
    up: list[float],
    outputs: list[list[list[float]]],
) -> None:
    """For each of several classes its colour where its output is the largest, and lines between."""
    from matplotlib.colors import ListedColormap

    count = len(outputs[0][0])
    largest = [
        [nan if any(map(isnan, point)) else point.index(max(point)) for point in row]
        for row in outputs
    ]
    _fill(
        ax,
        Grid(across, up, largest),
        interpolation="nearest",
        cmap=ListedColormap([colours.of_class(k)[1] for k in range(count)]),
        vmin=-0.5,
        vmax=count - 0.5,
    )
    for k in range(count):
        lead = [[_lead(point, k) for point in row] for row in outputs]
        known = [x for row in lead for x in row if not isnan(x)]
        if min(known, default=0.0) < 0.0 < max(known, default=0.0):
            ax.contour(across, up, lead, levels=[0.0], linewidths=[1.4], colors=[colours.text])


def _lead(point: Sequence[float], k: int) -> float:
    """How far one output is above the largest of the others."""
    lead = point[k] - max((x for j, x in enumerate(point) if j != k), default=-inf)
    return lead if isfinite(lead) else nan


def _draw_scores(ax: Axes, colours: Theme, reading: Reading, grid: Grid) -> None:
    """Colours that say what the model answers, and a bar that says what they mean."""
    from matplotlib.colors import LinearSegmentedColormap

    low, high = reading.centre - reading.reach, reading.centre + reading.reach
    stops = [colours.orange_tint, colours.background, colours.blue_tint]
    within = [[x if isnan(x) else min(max(x, low), high) for x in row] for row in grid.scores]
    filled = _fill(
        ax,
        grid._replace(scores=within),
        interpolation="bilinear",
        cmap=LinearSegmentedColormap.from_list("orange to blue", stops),
        vmin=low,
        vmax=high,
    )
    bar = ax.figure.colorbar(filled, ax=ax, ticks=[low, reading.centre, high], pad=0.02)
    bar.set_label(reading.meaning, color=colours.text)
    bar.ax.tick_params(color=colours.text, labelcolor=colours.text)
    bar.ax.axhline(reading.centre, color=colours.text, linewidth=1.8)
    bar.outline.set_edgecolor(colours.faint)  # type: ignore[operator,unused-ignore]


def _fill(ax: Axes, grid: Grid, **options: Any) -> Any:
    """The scores as colours, up to the outermost points of the grid."""
    across, up = grid.across, grid.up
    extent = (*_pixel_edges(across), *_pixel_edges(up))
    filled = ax.imshow(grid.scores, extent=extent, origin="lower", aspect="auto", **options)
    ax.set_xlim(across[0], across[-1])
    ax.set_ylim(up[0], up[-1])
    return filled


def _draw_lines(ax: Axes, colours: Theme, reading: Reading, grid: Grid) -> None:
    """The boundary, and of a score the margins, as far as they run through the picture."""
    known = [x for row in grid.scores for x in row if not isnan(x)]
    lines = [(reading.centre, "solid", 1.8)]
    if reading.meaning == SCORE:
        lines = [(-1.0, "dotted", 1.2), *lines, (1.0, "dotted", 1.2)]
    lines = [line for line in lines if min(known) < line[0] < max(known)]
    if lines:
        levels, styles, widths = zip(*lines, strict=True)
        ax.contour(
            grid.across,
            grid.up,
            [[x if isfinite(x) else nan for x in row] for row in grid.scores],
            levels=levels,
            linestyles=styles,
            linewidths=widths,
            colors=[colours.text],
        )


def _draw_samples(
    ax: Axes, colours: Theme, points: Sequence[tuple[float, float]], classes: Classes
) -> None:
    for k, label in enumerate(classes.labels):
        chosen = [point for point, found in zip(points, classes.places, strict=True) if found == k]
        if chosen:
            name = label if isinstance(label, str) else figure_text(label)
            ax.scatter(
                [x for x, _ in chosen],
                [y for _, y in chosen],
                s=30 if len(points) <= 300 else 12,
                marker=MARKERS[k],
                color=colours.of_class(k)[0],
                edgecolor=colours.background,
                linewidth=0.7,
                label=f"class {as_text(name)}",
                zorder=3,
            )


SCORE = "score"


def _reading(
    out: Any, labels: Sequence[Any], threshold: float | None, meaning: Meaning | None
) -> Reading:
    """Of two classes: from what `fit` has put down, or from one answer, the last operation in it,
    and the classes."""
    outputs = as_entries(out)
    ops = {output.op for output in outputs if isinstance(output, Value)}
    signs = -1 in labels
    probability = f"probability of class {as_text(labels[1])}"
    if threshold is not None:
        threshold = as_float("threshold", threshold)
        if len(outputs) > 1 or not isfinite(threshold):
            raise ValueError(f"threshold is a finite number, for one output; got {threshold}")
        return Reading(lambda o: o[0], threshold, 1.0 if signs else 0.5, "output")
    kind = "" if meaning is None or meaning.classes is None else meaning.outputs
    if len(outputs) == 2:
        if kind == "probabilities" or ops == {"softmax_share"}:
            return Reading(lambda o: o[1], 0.5, 0.5, probability)
        if kind == "scores" or ops == {"sigmoid"}:
            return Reading(lambda o: o[1] - o[0], 0.0, 1.0, f"output 1 {MINUS} output 0")
        return Reading(lambda o: float(autograd.softmax(o)[1]), 0.5, 0.5, probability)
    if kind == "probabilities" or ops == {"sigmoid"}:
        return Reading(lambda o: o[0], 0.5, 0.5, probability)
    if meaning is not None and kind == "scores":
        centre = meaning.threshold
        return Reading(lambda o: o[0], centre, 0.5 if centre else 1.0, SCORE if signs else "output")
    if signs and kind != "logits":
        return Reading(lambda o: o[0], 0.0, 1.0, SCORE)
    return Reading(lambda o: float(autograd.sigmoid(o[0])), 0.5, 0.5, probability)


def _points(X: object) -> list[tuple[float, float]]:
    rows = as_list(X)
    if not rows:
        raise ValueError(f"X must have a row of two numbers for each sample, got {X!r}")
    points = []
    for i, row in enumerate(rows):
        entries = as_list(row)
        if entries is None or len(entries) != 2:
            size = "a single number" if entries is None else counted(len(entries), "number")
            raise ValueError(f"X[{i}] must have two numbers, to be drawn in a plane; got {size}")
        u, v = (as_float(f"X[{i}][{j}]", x) for j, x in enumerate(entries))
        if not (isfinite(u) and isfinite(v)):
            raise ValueError(f"X[{i}] must have two finite numbers, got {u} and {v}")
        points.append((u, v))
    return points


def _two_names(columns: Sequence[str]) -> Sequence[str]:
    return columns if len(columns) == 2 else ("x0", "x1")


def _classes(y: Any, count: int, outputs: int, meaning: Meaning | None) -> Classes:
    entries = as_list(y)
    if entries is None or len(entries) != count:
        size = "a single thing" if entries is None else len(entries)
        raise ValueError(f"y must have a class for each of the {count} rows of X, got {size}")
    if outputs > len(MARKERS):
        raise ValueError(
            f"the model has {outputs} outputs; regions are drawn of up to {len(MARKERS)}"
        )
    if all(isinstance(entry, str) for entry in entries):
        return _text_classes([str(entry) for entry in entries], max(2, outputs), meaning)
    labels = [as_float(f"y[{i}]", x) for i, x in enumerate(entries)]
    found = set(labels)
    if outputs > 2 and found <= set(range(outputs)):
        return Classes(tuple(range(outputs)), list(map(int, labels)))
    if outputs > 2:
        shown = listed(list(map(figure_text, sorted(found))), at_most=5)
        raise ValueError(
            f"the model has {outputs} outputs: the classes in y are their indices, "
            f"from 0 to {outputs - 1}; got {shown}"
        )
    for pair in ((0, 1), (-1, 1)):
        if found <= set(pair):
            return Classes(pair, [pair.index(int(label)) for label in labels])
    shown = listed(list(map(figure_text, sorted(found))), at_most=5)
    raise ValueError(f"the classes in y are 0 and 1, or -1 and 1; got {shown}")


def _text_classes(labels: Sequence[str], count: int, meaning: Meaning | None) -> Classes:
    known: tuple[Any, ...] = tuple(sorted(set(labels)))
    if meaning is not None and meaning.names(labels) and meaning.classes is not None:
        known = meaning.classes
    if len(known) != count:
        raise ValueError(
            f"y has {counted(len(known), 'text label')}, "
            f"{listed(list(map(repr, known)), at_most=5)}; the model tells {count} classes apart"
        )
    return Classes(known, [known.index(label) for label in labels])


def _spread(coordinates: Sequence[float], count: int) -> list[float]:
    """As many numbers, evenly spaced, from a little below the least to a little above the most."""
    low, high = min(coordinates), max(coordinates)
    margin = 0.12 * (high - low) or 1.0
    low, high = low - margin, high + margin
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def _pixel_edges(centres: Sequence[float]) -> tuple[float, float]:
    half = (centres[1] - centres[0]) / 2
    return centres[0] - half, centres[-1] + half
