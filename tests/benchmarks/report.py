"""A row's measurements as a Markdown table, and whether the peers' results agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from harness import Measurement
from suites import OURS, Row

TOLERANCE = 1e-9
WORSE = 0.05

Rounds = dict[str, list[Measurement]]  # by peer


def medians(rounds: Rounds) -> dict[str, dict[str, float]]:
    """Per peer and figure, the median over the rounds."""
    return {
        peer: {
            name: median(run.figures[name] for run in measurements)
            for name in measurements[0].figures
        }
        for peer, measurements in rounds.items()
    }


def disagreement(rounds: Rounds) -> float:
    """The largest difference, relative above 1, between the peers' results."""
    checks = [run.check for measurements in rounds.values() for run in measurements]
    return max(
        abs(mine - theirs) / max(1.0, abs(mine))
        for check in checks
        for mine, theirs in zip(checks[0], check, strict=False)
    )


def table(row: Row, rounds: Rounds) -> str:
    """The figures of every peer, and how many times ours beat it beside what was aimed at."""
    figures = medians(rounds)
    names = list(dict.fromkeys(name for values in figures.values() for name in values))
    ours = [peer for peer in OURS if peer in figures]
    lines = [["", *names, "range", *(f"÷ {peer}" for peer in ours)]]
    for peer, values in figures.items():
        headlines = [run.figures[row.headline] for run in rounds[peer]]
        lines.append(
            [
                peer,
                *(number(values[name]) if name in values else "" for name in names),
                f"{number(min(headlines))} to {number(max(headlines))}",
                *(ratio(row, figures, mine, peer) for mine in ours),
            ]
        )
    agreement = f"Results differ by {disagreement(rounds):.1e} at most."
    if "chainrule" in figures and row.limit < float("inf"):
        agreement += f" Target: {row.limit:g} or less; {figures['chainrule'][row.headline]:.4g}."
    return f"### {row.name} ({row.unit})\n\n{markdown(lines)}\n\n{agreement}\n"


def worse_than(rows: Sequence[Row], results: Sequence[Rounds], earlier: str) -> str:
    """Every figure beside that of an earlier state, the least of all rounds of each; and those that
    are worse by more than `WORSE`."""
    lines = [["workload", "figure", earlier, "now", "now ÷ then"]]
    worse = []
    for row, rounds in zip(rows, results, strict=True):
        for name in rounds["chainrule"][0].figures:
            now, then = (
                min(run.figures[name] for run in rounds[peer]) for peer in ("chainrule", earlier)
            )
            times = now / then
            lines.append([row.title, name, number(then), number(now), f"{times:.3f}"])
            if times > 1.0 + WORSE:
                worse.append(f"- {row.title}, {name}: {times:.3f} times\n")
    listed = "".join(worse) or "None.\n"
    return (
        f"### Against {earlier}\n\n{markdown(lines)}\n\nWorse by more than {WORSE:.0%}:\n\n{listed}"
    )


def summary(rows: Sequence[Row], results: Sequence[Rounds]) -> str:
    """A line per row and peer: the compared figure of the peer and ours, and the ratios."""
    ours = [mine for mine in OURS if any(mine in row.peers for row in rows)]
    lines = [["workload", "collector", "peer", "peer's", *(x for y in ours for x in (y, "÷"))]]
    for row, rounds in zip(rows, results, strict=True):
        figures = medians(rounds)
        for peer in (peer for peer in figures if peer not in OURS):
            line = [f"{row.title}, {row.unit}", row.collector, peer]
            line.append(number(figures[peer][row.headline]))
            for mine in ours:
                if mine in figures:
                    line.append(number(figures[mine][row.headline]))
                    line.append(ratio(row, figures, mine, peer))
                else:
                    line += ["", ""]
            lines.append(line)
    return f"### Summary\n\n{markdown(lines)}\n"


def ratio(row: Row, figures: dict[str, dict[str, float]], mine: str, peer: str) -> str:
    if peer in OURS:
        return ""
    times = figures[peer][row.headline] / figures[mine][row.headline]
    target = row.targets.get((mine, peer))
    if target is None:
        return f"{times:.2f}"
    verdict = "" if times >= target else ", missed"
    return f"**{times:.2f}** (target {target:g}{verdict})"


def number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) > 99 else f"{figure:.3g}"


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Aligned columns, so that the table reads in a terminal as well."""
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths[:1]] + ["-" * (width - 1) + ":" for width in widths[1:]]

    def join(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cells) + " |"

    head, *body = (
        join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines
    )
    return "\n".join([head, join(rule), *body])
