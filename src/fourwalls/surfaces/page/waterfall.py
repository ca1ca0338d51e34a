"""Where each bar of the page begins and ends, in percent of its width; the templates only draw."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, Availability, Gap
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.surfaces import evidence_words, wording

Paint = Literal["missed", "inside", "between", "unknown", "residual", "untraced", "month"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One rectangle of a bar.

    Attributes:
        paint: What it stands for; the style sheet gives colour and texture.
        start, width: In percent of the drawing.
    """

    paint: Paint
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar.

    Attributes:
        pieces: Its rectangles, from the left.
        whisker: Ends of the range, in percent; None where no range can be shown.
        title: The bar in words.
    """

    pieces: tuple[Piece, ...]
    whisker: tuple[float, float] | None
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a waterfall.

    Attributes:
        label: What it is called.
        paint: What it stands for.
        side: The side of the wall in words; "" for rows that have none.
        note: Whose it is, or what it means.
        counted: Order lines or units, in words.
        share: Share of the asset's order lines, or of the units wanted, in words.
        bar: The drawing; None where there is no figure.
        leaves: Where the thread to the row below goes out, in percent.
        rises: Whether the repair would cost sales: the row adds to what still stands.
        is_printed: Whether it goes on paper.
    """

    label: str
    paint: Paint
    side: str
    note: str
    counted: str
    share: wording.Said
    bar: Bar | None
    leaves: float
    rises: bool = False
    is_printed: bool = True


def steps(asset: AssetDiagnosis, level: float) -> tuple[Step, ...]:
    """From the lines that missed, through what each stage's repair recovers, to what is left.

    Empty where the gap or the missed lines are refused, and where no line missed.
    """
    if isinstance(asset.gap, Refusal) or isinstance(asset.gap.missed, Refusal):
        return ()
    gap, missed = asset.gap, asset.gap.missed
    if missed.value <= 0 or not asset.n_lines:
        return ()
    fall = _Fall(asset.n_lines, missed, level, [s.share for s in gap.stages])
    rows = [fall.first("Missed lines", "late, overdue or cancelled"), *_stage_steps(fall, asset, "service")]
    rows.append(fall.down("Not recoverable", "residual", "", "missed even at every standard", gap.residual))
    rows.append(fall.down("Not traced", "untraced", "", "stage times absent or out of order", gap.untraced))
    return tuple(rows)


def shelf_steps(asset: AssetDiagnosis, level: float) -> tuple[Step, ...]:
    """From the units that met an empty shelf, through what each stage's repair would sell, to what is left.

    A stage whose repair would cost sales (a forecast that is too high) adds to what stands. Empty where nothing is
    known of shelves, and where no unit was lost.
    """
    known = asset.availability
    if isinstance(known, Refusal) or isinstance(known.lost, Refusal):
        return ()
    if known.lost.value <= 0 or not known.wanted_units:
        return ()
    fall = _Fall(known.wanted_units, known.lost, level, [s.share for s in known.stages])
    rows = [fall.first("Lost units", "wanted, but the shelf was empty"), *_stage_steps(fall, asset, "stock")]
    note = "as far as judged" if known.unjudged else "lost even at every standard"
    rows.append(fall.down("Not recoverable", "residual", "", note, known.residual))
    return tuple(rows)


def printed(rows: tuple[Step, ...], most: int) -> tuple[Step, ...]:
    """The same rows, of which so many stages go on paper: those with the widest bars."""
    widths = {i: sum(p.width for p in row.bar.pieces) if row.bar else 0.0 for i, row in enumerate(rows) if row.side}
    kept = set(sorted(widths, key=lambda i: -widths[i])[:most])
    return tuple(replace(row, is_printed=i in kept or not row.side) for i, row in enumerate(rows))


def _stage_steps(fall: _Fall, asset: AssetDiagnosis, flow: wording.Flow) -> list[Step]:
    rows = []
    shown = {(s.stage, s.wall) for s in wording.stages(asset, flow)}
    split = wording.split(asset, flow)
    for s in () if isinstance(split, Refusal) else split.stages:
        if (s.stage, s.wall) not in shown:
            fall.skip(s.share)
            continue
        who = wording.whose(wording.contributions_to(s, wording.taken(asset, flow)))
        rows.append(fall.down(wording.stage(s.stage), s.wall, wording.WALLS[s.wall], who, s.share))
    return rows


def split_bar(asset: AssetDiagnosis, widest: float, flow: wording.Flow = "service") -> Bar | None:
    """What an asset could recover in one flow, split by side, on a scale that all assets share; None if it is refused.

    A side on which repairs would cost more than they bring has no piece, nor has an asset where they do so in all; the
    title tells.

    Args:
        asset: The asset.
        widest: Order lines or units at the right end of the scale.
        flow: Which flow.
    """
    split = wording.split(asset, flow)
    if isinstance(split, Refusal) or isinstance(split.total, Refusal):
        return None
    widest = widest or 1.0
    total, n = split.total, wording.measure(asset, flow)
    pieces: list[Piece] = []
    start = 0.0
    sums = wording.by_wall(split)
    for wall, lines in sums.items():
        width = lines / widest * 100
        if width > 0 and total.value > 0:
            pieces.append(Piece(wall, start, width))
            start += width
    ends = (total.low * n / widest * 100, total.high * n / widest * 100)
    parts = [f"{wording.WALLS[wall]} {wording.lines(x)}" for wall, x in sums.items() if x]
    in_all = wording.lines_of(total, n, flow=flow)
    title = f"{', '.join(parts) or 'nothing to recover'}; in all {in_all}"
    return Bar(tuple(pieces), _inside_drawing(ends), title)


def money_bar(asset: AssetDiagnosis, widest: float) -> Bar | None:
    """Margin lost a year, split by side, on a scale that all assets share; None where nothing is priced.

    Args:
        asset: The asset.
        widest: Amount at the right end of the scale.
    """
    total = evidence_words.lost_in_all(asset)
    if total is None:
        return None
    pieces: list[Piece] = []
    start, scale = 0.0, 100 / (widest or 1.0)
    sums = evidence_words.sides_of(asset)
    for wall, amount in sums.items():
        if amount > 0:
            pieces.append(Piece(wall, start, amount * scale))
            start += amount * scale
    told = [f"{wording.WALLS[w]} {evidence_words.money(x, total.unit)}" for w, x in sums.items() if x]
    title = f"{', '.join(told) or 'nothing lost'}; in all {wording.said(total)} a year"
    return Bar(tuple(pieces), _inside_drawing((total.low * scale, total.high * scale)), title)


def widest_loss(assets: Iterable[AssetDiagnosis]) -> float:
    """The amount that the shared scale of `money_bar` must reach."""
    totals = (evidence_words.lost_in_all(a) for a in assets)
    return max((t.high for t in totals if t is not None), default=0.0)


def widest_gap(assets: Iterable[AssetDiagnosis], flow: wording.Flow = "service") -> float:
    """Order lines or units that the shared scale of split bars must reach."""
    ends = [0.0]
    for asset in assets:
        split = wording.split(asset, flow)
        if isinstance(split, Gap | Availability) and isinstance(split.total, Estimate) and split.total.value > 0:
            of_sides = sum(max(x, 0.0) for x in wording.by_wall(split).values())
            ends.append(max(split.total.high * wording.measure(asset, flow), of_sides))
    return max(ends)


@dataclass(frozen=True, slots=True)
class Month:
    """One month's column in the picture of coverage.

    Attributes:
        label: The month in words.
        lines: Its order lines, in words.
        start, width, height: In percent of the drawing.
    """

    label: str
    lines: str
    start: float
    width: float
    height: float


def months(coverage: Sequence[tuple[str, int]]) -> tuple[Month, ...]:
    """Columns for the order lines of each month."""
    most = max((n for _, n in coverage), default=0)
    step = 100 / len(coverage) if coverage else 0.0
    return tuple(
        Month(wording.month(first), wording.count(n), i * step, step * 0.8, n / most * 100 if most else 0.0)
        for i, (first, n) in enumerate(coverage)
    )


class _Fall:
    """A waterfall under construction: the height still standing, and its scale."""

    def __init__(self, n: float, top: Estimate, level: float, parts: Sequence[Figure]) -> None:
        """Scales the drawing so that everything fits.

        Args:
            n: Order lines or units that shares are shares of.
            top: Where it begins.
            level: Coverage of the ranges, as the page announces it.
            parts: What it takes off; what is below 0 adds.
        """
        self.n, self.top, self.level = n, top, level
        self.standing = top.value
        heights = list(itertools.accumulate((_value(p) for p in parts), lambda at, p: at - p, initial=top.value))
        self.floor, self.ceiling = min(0.0, *heights), max(top.high, *heights)

    def first(self, label: str, note: str) -> Step:
        """Where it begins."""
        nought, end = self._percent(0.0), self._percent(self.top.value)
        ends = (self._percent(self.top.low), self._percent(self.top.high))
        share = wording.said(self.top, self.level)
        bar = Bar((Piece("missed", nought, end - nought),), _inside_drawing(ends), f"{label}: {share}")
        return Step(label, "missed", "", note, wording.lines(self.top.value * self.n), share, bar, end)

    def skip(self, figure: Figure) -> None:
        """Takes a figure off without a row: it is too small to be one."""
        self.standing -= _value(figure)

    def down(self, label: str, paint: Paint, side: str, note: str, figure: Figure) -> Step:
        """One row that takes its figure off what still stands, or adds it where it is below 0."""
        share = wording.said(figure, self.level)
        before = self.standing
        if isinstance(figure, Refusal):
            return Step(label, paint, side, note, wording.NOT_KNOWN, share, None, self._percent(before))
        self.standing = before - figure.value
        rises = figure.value < 0
        left, right = sorted((self._percent(self.standing), self._percent(before)))
        ends = (self._percent(before - figure.high), self._percent(before - figure.low))
        told = "its repair would cost sales" if rises else ""
        title = "; ".join(x for x in (f"{label}{f', {side}' if side else ''}: {share}", told) if x)
        bar = Bar((Piece(paint, left, right - left),), _inside_drawing(ends), title)
        lines = wording.lines(figure.value * self.n)
        return Step(label, paint, side, note, lines, share, bar, self._percent(self.standing), rises)

    def _percent(self, share: float) -> float:
        """A place on the scale, from the lowest to the highest that stands."""
        return min(100.0, max(0.0, (share - self.floor) / (self.ceiling - self.floor) * 100))


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else 0.0


def _inside_drawing(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = (min(100.0, max(0.0, x)) for x in ends)
    return low, high
