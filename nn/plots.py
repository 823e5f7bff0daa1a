"""Pictures of training: the loss, the accuracy, and what a network decides (from `boundaries`).

They need matplotlib, which is imported when the first one is drawn: pip install matplotlib.
Each function draws into `ax`, or into a new figure if it is None, and returns the Axes, for titles
and `ax.figure.savefig(...)`. Nothing is shown, and no setting of matplotlib changes. `theme` is
"light" or "dark", and colours the figure too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite, log10, nan
from typing import TYPE_CHECKING, TypeAlias

from autograd import Value
from nn.boundaries import decision_boundary
from nn.figure_style import add_legend, as_text, axes_for, colours_of, figure_text
from nn.validation import as_float, as_list, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["accuracy_curve", "decision_boundary", "loss_curve"]

DASHES = (0, (3.2, 1.6))
Numbers: TypeAlias = Iterable[float | None]


def loss_curve(
    losses: Iterable[float],
    validation: Numbers | None = None,
    *,
    name: str = "loss",
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """The loss after each epoch, from 1; on a logarithmic axis if every loss is above 0.

    `validation` has an entry for each epoch too, None (or NaN) where it was not measured. The
    legend names the last and the lowest of each curve, and the first epoch with a loss that is not
    finite. `name` is what the axis says. Raises ValueError for no losses or two curves of different
    length, TypeError for what is not a number.

    >>> ax = loss_curve([1.0, 0.3, 0.1], [1.1, None, 0.4])
    >>> ax.get_yscale()
    'log'
    >>> ax.figure.savefig("loss.png")  # doctest: +SKIP
    """
    curves = _read_curves("losses", "the loss", losses, validation)
    ax = _draw_curves(curves, lambda points: _milestones(points, "lowest", min), ax, theme)
    _loss_axis(ax, [x for curve in curves.values() for x in curve if x is not None and isfinite(x)])
    ax.set_ylabel(as_text(name))
    return ax


def accuracy_curve(
    accuracies: Numbers,
    validation: Numbers | None = None,
    *,
    ax: Axes | None = None,
    theme: str = "light",
) -> Axes:
    """The accuracy of each epoch, from 0 to 1; the legend names the last and the highest.

    Otherwise as `loss_curve`.

    >>> ax = accuracy_curve([0.5, 0.8, 0.9], [0.4, 0.7, 0.6])
    >>> ax.get_ylabel()
    'accuracy'
    """
    curves = _read_curves("accuracies", "the accuracy", accuracies, validation)
    ax = _draw_curves(curves, lambda points: _milestones(points, "highest", max), ax, theme)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -0.03), min(high, 1.03))
    ax.set_ylabel("accuracy")
    return ax


Curves: TypeAlias = dict[str, list[float | None]]
Milestones: TypeAlias = Callable[[Sequence[tuple[int, float]]], str]


def _read_curves(name: str, what: str, numbers: Numbers, validation: Numbers | None) -> Curves:
    curves = {"training": _losses(name, numbers)}
    epochs = len(curves["training"])
    if not epochs:
        raise ValueError(f"{name} is empty; a curve needs {what} of at least one epoch")
    if validation is not None:
        curves["validation"] = measured = _losses("validation", validation, may_miss=True)
        if len(measured) != epochs:
            raise ValueError(
                f"validation has {counted(len(measured), 'number')} for "
                f"{counted(epochs, 'epoch')}; it has one for each, None where it was not measured"
            )
    return curves


def _draw_curves(curves: Curves, milestones: Milestones, ax: Axes | None, theme: str) -> Axes:
    colours = colours_of(theme, ax)
    from matplotlib.ticker import MaxNLocator

    ax = axes_for(ax, colours, (5.2, 3.4))
    for (name, curve), colour, dashes in zip(
        curves.items(), (colours.blue, colours.orange), ("solid", DASHES), strict=False
    ):
        points = [(epoch, x) for epoch, x in enumerate(curve, 1) if x is not None]
        ax.plot(
            [epoch for epoch, _ in points],
            [x if isfinite(x) else nan for _, x in points],
            label=f"{name}{milestones(points)}",
            linewidth=1.8,
            marker="o" if len(points) < 2 else None,
            color=colour,
            linestyle=dashes,
        )
    ax.xaxis.set_major_locator(
        MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
    )
    if len(curves["training"]) == 1:
        ax.set_xlim(0.5, 1.5)
    ax.set_xlabel("epoch")
    ax.grid(color=colours.faint, linewidth=0.5, alpha=0.6)
    add_legend(ax, colours, loc="best", framealpha=0.85)
    return ax


def _losses(name: str, numbers: object, may_miss: bool = False) -> list[float | None]:
    if hasattr(numbers, "plot") and hasattr(numbers, "best"):
        raise TypeError(
            f"{name} must be a sequence of numbers; a history draws itself: history.plot()"
        )
    entries = as_list(numbers)
    if entries is None:
        raise TypeError(f"{name} must be a sequence of numbers, got {numbers!r}")
    found: list[float | None] = []
    for i, entry in enumerate(entries):
        x = entry.data if isinstance(entry, Value) else entry
        missing = may_miss and (x is None or x != x)
        found.append(None if missing else as_float(f"{name}[{i}]", x))
    return found


def _milestones(
    points: Sequence[tuple[int, float]], word: str, best: Callable[..., tuple[int, float]]
) -> str:
    """` 0.12, lowest 0.1 in epoch 7`; and where the first number is that is not finite."""
    text = ""
    finite = [(epoch, x) for epoch, x in points if isfinite(x)]
    if finite:
        text = f" {figure_text(finite[-1][1])}"
        epoch, number = best(finite, key=lambda point: point[1])
        if epoch != finite[-1][0]:
            text += f", {word} {figure_text(number)} in epoch {epoch}"
    bad = [(epoch, x) for epoch, x in points if not isfinite(x)]
    return text + (f", {figure_text(bad[0][1])} in epoch {bad[0][0]}" if bad else "")


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
