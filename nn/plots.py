"""Pictures of training: the loss, and what a network decides.

They need matplotlib, which is imported when the first one is drawn: pip install "chainrule[plot]".
Each function draws into `ax`, or into a new figure if it is None, and returns the Axes, for titles
and `ax.figure.savefig(...)`. Nothing is shown, and no setting of matplotlib changes. `theme` is
"light" or "dark", and colours the figure too.

Blue stands for positive and class 1, orange for negative and class 0: a pair that colour-blind
readers tell apart. A dash, a shape or a word always says the same once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite, isnan, log10, nan
from typing import TYPE_CHECKING, Any, NamedTuple

import autograd
from autograd import Value
from nn.validation import as_count, as_float, as_list, counted, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decision_boundary", "loss_curve"]

MINUS = "\N{MINUS SIGN}"
DASHES = (0, (3.2, 1.6))


class Theme(NamedTuple):
    background: str
    text: str
    faint: str
    blue: str
    orange: str
    blue_tint: str
    orange_tint: str


THEMES = {
    "light": Theme("#ffffff", "#1b1f24", "#c9ced4", "#0064a6", "#b34700", "#7dbbe8", "#f3ae72"),
    "dark": Theme("#16191d", "#e6edf3", "#454c55", "#6cb9f5", "#f0a35e", "#0f4470", "#6e3a10"),
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
    epochs = len(curves["training"])
    if not epochs:
        raise ValueError("losses is empty; a curve needs the loss of at least one epoch")
    if validation is not None:
        curves["validation"] = measured = _losses("validation", validation, may_miss=True)
        if len(measured) != epochs:
            raise ValueError(
                f"validation has {counted(len(measured), 'number')} for "
                f"{counted(epochs, 'epoch')}; it has one for each, None where it was not measured"
            )
    colours = _colours(theme, ax)
    from matplotlib.ticker import MaxNLocator

    ax = _axes(ax, colours, (5.2, 3.4))
    for (name, curve), colour, dashes in zip(
        curves.items(), (colours.blue, colours.orange), ("solid", DASHES), strict=False
    ):
        points = [(epoch, x) for epoch, x in enumerate(curve, 1) if x is not None]
        ax.plot(
            [epoch for epoch, _ in points],
            [x if isfinite(x) else nan for _, x in points],
            label=f"{name}{_milestones(points)}",
            linewidth=1.8,
            marker="o" if len(points) < 2 else None,
            color=colour,
            linestyle=dashes,
        )
    _loss_axis(ax, [x for curve in curves.values() for x in curve if x is not None and isfinite(x)])
    ax.xaxis.set_major_locator(
        MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    )
    if epochs == 1:
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


def _milestones(points: Sequence[tuple[int, float]]) -> str:
    """` 0.12, lowest 0.1 in epoch 7`; and where the first loss is that is not finite."""
    text = ""
    finite = [(epoch, x) for epoch, x in points if isfinite(x)]
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


class Grid(NamedTuple):
    """What a model answers around the samples: `scores[i][j]` at `(across[j], up[i])`."""

    across: list[float]
    up: list[float]
    scores: list[list[float]]


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
    resolution = as_count("resolution", resolution, least=2)
    reading = _reading(model(list(points[0])), labels, threshold)

    across, up = (_spread(coordinates, resolution) for coordinates in zip(*points, strict=True))
    with autograd.no_grad():
        scores = [[reading.score(_outputs(model([u, v]))) for u in across] for v in up]
    if all(isnan(score) for row in scores for score in row):
        raise ValueError("the model answers nan everywhere; are its parameters still numbers?")

    ax, grid = _axes(ax, colours, (5.2, 4.0)), Grid(across, up, scores)
    _draw_scores(ax, colours, reading, grid)
    _draw_lines(ax, colours, reading, grid)
    _draw_samples(ax, colours, points, labels)
    ax.set_xlabel("x0")
    ax.set_ylabel("x1")
    _legend(ax, colours, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    return ax


def _draw_scores(ax: Axes, colours: Theme, reading: Reading, grid: Grid) -> None:
    """Colours that say what the model answers, and a bar that says what they mean."""
    from matplotlib.colors import LinearSegmentedColormap

    low, high = reading.centre - reading.reach, reading.centre + reading.reach
    stops = [colours.orange_tint, colours.background, colours.blue_tint]
    filled = ax.imshow(
        [[x if isnan(x) else min(max(x, low), high) for x in row] for row in grid.scores],
        extent=(*_pixel_edges(grid.across), *_pixel_edges(grid.up)),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=LinearSegmentedColormap.from_list("orange to blue", stops),
        vmin=low,
        vmax=high,
    )
    ax.set_xlim(grid.across[0], grid.across[-1])
    ax.set_ylim(grid.up[0], grid.up[-1])
    bar = ax.figure.colorbar(filled, ax=ax, ticks=[low, reading.centre, high], pad=0.02)
    bar.set_label(reading.meaning, color=colours.text)
    bar.ax.tick_params(color=colours.text, labelcolor=colours.text)
    bar.ax.axhline(reading.centre, color=colours.text, linewidth=1.8)
    bar.outline.set_edgecolor(colours.faint)  # type: ignore[operator,unused-ignore]


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
    ax: Axes, colours: Theme, points: Sequence[tuple[float, float]], labels: Sequence[int]
) -> None:
    first = min(labels, default=0)  # 0 or -1
    for label, marker, colour in ((first, "o", colours.orange), (1, "^", colours.blue)):
        chosen = [point for point, found in zip(points, labels, strict=True) if found == label]
        if chosen:
            ax.scatter(
                [x for x, _ in chosen],
                [y for _, y in chosen],
                s=30 if len(points) <= 300 else 12,
                marker=marker,
                color=colour,
                edgecolor=colours.background,
                linewidth=0.7,
                label=f"class {_figure(label)}",
                zorder=3,
            )


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
        if ops == {"softmax_share"}:
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
            size = "a single number" if entries is None else counted(len(entries), "number")
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
        found = listed(list(map(_figure, sorted(set(labels)))), at_most=5)
        raise ValueError(f"the classes in y are 0 and 1, or -1 and 1; got {found}")
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


# -- what all pictures share -----------------------------------------------------------------------


def _colours(theme: str, ax: object) -> Theme:
    """Those of the theme. Raises before any work is done if it can't be drawn."""
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
