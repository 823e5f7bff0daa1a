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

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        by_hand = any(row.analytic is not None for row in self.rows)
        head = ["component", "AD", "numeric", "relative error", "verdict"]
        if by_hand:
            head.insert(1, "by hand")
        return head, [_cells(row, by_hand) for row in self._shown()]

    def _shown(self) -> list[Component]:
        """All rows; of very many, those that are not ok first."""
        rows = sorted(self.rows, key=lambda row: row.verdict == "ok")
        return list(self.rows) if len(rows) <= ROWS_SHOWN else rows[:ROWS_SHOWN]

    def _sentences(self) -> list[str]:
        hidden = len(self.rows) - len(self._shown())
        found = [f"and {hidden:,} more rows, all ok or like these"] if hidden else []
        found += _merged_notes(self._shown())
        found += self.remarks
        return found

    def __str__(self) -> str:
        reasons = self._sentences()
        if self.slips:
            reasons += ["likely mistakes:" if len(self.slips) > 1 else "likely mistake:"]
            reasons += [f"  {slip.sentence}" for slip in self.slips]
        return "\n".join([self.summary, table(*self._cells()), *map(wrapped, reasons)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, rows = self._cells()
        cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        texts = [*self._sentences(), *[f"Likely mistake: {slip.sentence}" for slip in self.slips]]
        below = "".join(
            f'<p style="white-space:pre-line">{html.escape(text)}</p>' for text in texts
        )
        return (
            f"<div><p><b>{html.escape(self.summary)}</b></p>"
            f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
        )


def _cells(row: Component, by_hand: bool) -> list[str]:
    error = f" {PLUS_MINUS} {row.error:.0e}" if math.isfinite(row.error) and row.error else ""
    numeric = number(row.numeric, 10) + error
    if row.slope.kind in ("kink", "jump") and math.isnan(row.numeric):
        numeric = f"{number(row.slope.left, 6)} | {number(row.slope.right, 6)}"
    relative = f"{row.relative_error:.1e}" if row.relative_error else "0"
    cells = [row.name, number(row.ad, 10), numeric, relative, row.verdict]
    if by_hand:
        cells.insert(1, "" if row.analytic is None else number(row.analytic, 10))
    return cells


def _merged_notes(rows: Sequence[Component]) -> list[str]:
    """One sentence for all components of which the same is to be said."""
    notes: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(row.note, []).append(row.name)
    return [f"{few(names)}: {note}" for note, names in notes.items()]
