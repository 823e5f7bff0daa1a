"""What all pictures of training share: colours, axes, legends.

Blue stands for positive and class 1, orange for negative and class 0: a pair that colour-blind
readers tell apart. A dash, a shape or a word always says the same once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "MARKERS",
    "MINUS",
    "Theme",
    "add_legend",
    "as_text",
    "axes_for",
    "colours_of",
    "figure_text",
]

MINUS = "\N{MINUS SIGN}"


class Theme(NamedTuple):
    background: str
    text: str
    faint: str
    blue: str
    orange: str
    blue_tint: str
    orange_tint: str
    more: tuple[tuple[str, str], ...]

    def of_class(self, k: int) -> tuple[str, str]:
        """Colour and tint of the k-th of several classes."""
        two = (self.orange, self.orange_tint), (self.blue, self.blue_tint)
        return (*two, *self.more)[k]


THEMES = {
    "light": Theme(
        *("#ffffff", "#1b1f24", "#c9ced4", "#0064a6", "#b34700", "#7dbbe8", "#f3ae72"),
        (
            *(("#00704a", "#8fd6b8"), ("#8a3d8a", "#dcb3dc"), ("#5d5d00", "#d6d68a")),
            *(("#54585e", "#c3c8ce"), ("#a3164f", "#f2a8c4")),
        ),
    ),
    "dark": Theme(
        *("#16191d", "#e6edf3", "#454c55", "#6cb9f5", "#f0a35e", "#0f4470", "#6e3a10"),
        (
            *(("#5fd3a8", "#0b4f38"), ("#d99bd9", "#5a285a"), ("#d3d36a", "#4d4d0c")),
            *(("#c3c8ce", "#3d434a"), ("#f59ac0", "#6b1238")),
        ),
    ),
}
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
"""One for each colour."""


def colours_of(theme: str, ax: object) -> Theme:
    """Those of the theme. Raises before any work is done if it can't be drawn."""
    if theme not in THEMES:
        raise ValueError(f"theme is {' or '.join(map(repr, THEMES))}, got {theme!r}")
    try:
        from matplotlib.axes import Axes
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise ImportError(
            "pictures of training need matplotlib; run: pip install matplotlib"
        ) from None
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes or None, got {ax!r:.100}")
    return THEMES[theme]


def axes_for(ax: Axes | None, colours: Theme, size: tuple[float, float]) -> Axes:
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


def add_legend(ax: Axes, colours: Theme, **options: Any) -> None:
    ax.legend(
        fontsize=8.5,
        labelcolor=colours.text,
        facecolor=colours.background,
        edgecolor=colours.faint,
        **options,
    )


def as_text(text: object) -> str:
    """Text as it stands, where matplotlib would take $...$ for mathematics."""
    return str(text).replace("$", r"\$")


def figure_text(x: float) -> str:
    """Three significant digits, with a minus sign that is one."""
    digits, e, exponent = f"{x:.3g}".partition("e")
    return f"{digits}{e}{int(exponent) if e else ''}".replace("-", MINUS)
