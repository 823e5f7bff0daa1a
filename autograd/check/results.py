"""What a check found: a row for every component, as data, as a table, and in words."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from autograd.check.finite_differences import Slope
from autograd.check.tutor.naming import few
from autograd.check.tutor.search import Slip
from autograd.engine.text import number, plural, table, wrapped

__all__ = ["PLUS_MINUS", "Component", "GradientCheck"]

PLUS_MINUS: Final = "\N{PLUS-MINUS SIGN}"
ROWS_SHOWN: Final = 60
HEAD: Final = ["component", "by hand", "AD", "numeric", "relative error", "verdict"]


@dataclass(frozen=True, slots=True)
class Component:
    """One derivative, from every source.

    name: how the number is reached (`p['w'][0]`), or its label. ad: what the engine says. numeric,
    error: from differences, with the estimate of their error; slope: more about them. analytic: the
    hand-written number, None where there is none. relative_error: of `analytic` against `ad`, or
    of `ad` against `numeric` where there is none.

    verdict: "ok", "wrong", "kink", "jump" (the derivative is a matter of convention, and is one of
    those that can be chosen) or "unclear" (the differences do not say). note: why.
    """

    name: str
    ad: float
    numeric: float
    error: float
    analytic: float | None
    relative_error: float
    verdict: str
    note: str
    slope: Slope

    @property
    def ok(self) -> bool:
        """Whether the check found the derivative right."""
        return self.verdict in ("ok", "kink", "jump")


@dataclass(frozen=True)
class GradientCheck:
    """What `check_grad` found: true if every component is right.

    value: of the function. rows: a Component per number. slips: the likely mistakes of a
    hand-written gradient. remarks: on the function itself. Printed, it is a table and the reasons.
    """

    value: float
    rows: tuple[Component, ...]
    slips: tuple[Slip, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every component was checked and found right."""
        return all(row.ok for row in self.rows)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The names of the components that are wrong."""
        return tuple(row.name for row in self.rows if row.verdict == "wrong")

    def __bool__(self) -> bool:
        return self.ok

    @property
    def summary(self) -> str:
        """One line: how many components there are, and how many of them are wrong."""
        count = len(self.rows)
        if self.wrong and count == 1:
            return "the only component is wrong"
        if self.wrong:
            return f"{len(self.wrong)} of {plural(count, 'component')} wrong"
        unclear = sum(not row.ok for row in self.rows)
        if unclear:
            return f"{unclear} of {plural(count, 'component')} could not be checked"
        return "the only component is right" if count == 1 else f"all {count:,} components right"

    def _lines(self) -> list[list[str]]:
        """The table: a head, a line for each row, and a column by hand where there is one."""
        lines = [HEAD, *map(_cells, self._shown())]
        if all(row.analytic is None for row in self.rows):
            return [[name, *others] for name, _, *others in lines]
        return lines

    def _shown(self) -> list[Component]:
        """All rows; of very many, those that are not ok first."""
        rows = sorted(self.rows, key=lambda row: row.verdict == "ok")
        return list(self.rows) if len(rows) <= ROWS_SHOWN else rows[:ROWS_SHOWN]

    def _sentences(self) -> list[str]:
        hidden = len(self.rows) - len(self._shown())
        more = [f"and {hidden:,} more rows, all ok or like these"] if hidden else []
        return [*more, *_merged_notes(self._shown()), *self.remarks]

    def __str__(self) -> str:
        head, *lines = self._lines()
        reasons = self._sentences()
        if self.slips:
            reasons += ["likely mistakes:" if len(self.slips) > 1 else "likely mistake:"]
            reasons += [f"  {slip.sentence}" for slip in self.slips]
        return "\n".join([self.summary, table(head, lines), *map(wrapped, reasons)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *lines = [list(map(html.escape, line)) for line in self._lines()]
        above = "".join(f"<th>{cell}</th>" for cell in head)
        cells = ["".join(f"<td>{cell}</td>" for cell in line) for line in lines]
        body = "".join(f"<tr>{line}</tr>" for line in cells)
        texts = [*self._sentences(), *[f"Likely mistake: {slip.sentence}" for slip in self.slips]]
        below = [f'<p style="white-space:pre-line">{html.escape(text)}</p>' for text in texts]
        return (
            f"<div><p><b>{html.escape(self.summary)}</b></p><table><thead><tr>{above}</tr></thead>"
            f"<tbody>{body}</tbody></table>{''.join(below)}</div>"
        )


def _cells(row: Component) -> list[str]:
    by_hand = "" if row.analytic is None else number(row.analytic, 10)
    error = f" {PLUS_MINUS} {row.error:.0e}" if math.isfinite(row.error) and row.error else ""
    numeric = number(row.numeric, 10) + error
    if row.slope.kind in ("kink", "jump") and math.isnan(row.numeric):
        numeric = f"{number(row.slope.left, 6)} | {number(row.slope.right, 6)}"
    relative = f"{row.relative_error:.1e}" if row.relative_error else "0"
    return [row.name, by_hand, number(row.ad, 10), numeric, relative, row.verdict]


def _merged_notes(rows: Sequence[Component]) -> list[str]:
    """One sentence for all components of which the same is to be said."""
    notes: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(row.note, []).append(row.name)
    return [f"{few(names)}: {note}" for note, names in notes.items()]
