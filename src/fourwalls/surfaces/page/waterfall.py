"""Where each bar of the page begins and ends, in percent of its width; the templates only draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, Gap
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.surfaces import wording

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
        lines: Order lines, in words.
        share: Share of the asset's order lines, in words.
        bar: The drawing; None where there is no figure.
        leaves: Where the thread to the row below goes out, in percent.
    """

    label: str
    paint: Paint
    side: str
    note: str
    lines: str
    share: wording.Said
    bar: Bar | None
    leaves: float


def steps(asset: AssetDiagnosis, level: float) -> tuple[Step, ...]:
    """From the lines that missed, through what each stage's repair recovers, to what is left.

    Empty where the gap or the missed lines are refused, and where no line missed.
    """
    if isinstance(asset.gap, Refusal) or isinstance(asset.gap.missed, Refusal):
        return ()
    missed = asset.gap.missed
    if missed.value <= 0 or not asset.n_lines:
        return ()
    fall = _Fall(asset.n_lines, missed, level)
    rows = [fall.first()]
    for s in asset.gap.stages:
        who = wording.whose(wording.contributions_to(s, asset.contributions))
        rows.append(fall.down(wording.stage(s.stage), s.wall, wording.WALLS[s.wall], who, s.share))
    rows.append(fall.down("Not recoverable", "residual", "", "missed even at every standard", asset.gap.residual))
    rows.append(fall.down("Not traced", "untraced", "", "stage times absent or out of order", asset.gap.untraced))
    return tuple(rows)


def split_bar(asset: AssetDiagnosis, widest: float) -> Bar | None:
    """What an asset could recover, split by side, on a scale that all assets share; None if its gap is refused.

    Args:
        asset: The asset.
        widest: Order lines at the right end of the scale.
    """
    if isinstance(asset.gap, Refusal) or isinstance(asset.gap.total, Refusal):
        return None
    widest = widest or 1.0
    total = asset.gap.total
    pieces: list[Piece] = []
    start = 0.0
    sums = wording.by_wall(asset.gap)
    for wall, lines in sums.items():
        width = lines / widest * 100
        if width > 0:
            pieces.append(Piece(wall, start, width))
            start += width
    ends = (total.low * asset.n_lines / widest * 100, total.high * asset.n_lines / widest * 100)
    parts = [f"{wording.WALLS[wall]} {wording.lines(x)}" for wall, x in sums.items() if x]
    in_all = wording.lines_of(total, asset.n_lines)
    title = f"{', '.join(parts) or 'nothing to recover'}; in all {in_all}"
    return Bar(tuple(pieces), _inside_drawing(ends), title)


def widest_gap(assets: Iterable[AssetDiagnosis]) -> float:
    """Order lines that the shared scale of split bars must reach."""
    ends = [
        max(a.gap.total.high * a.n_lines, sum(wording.by_wall(a.gap).values()))
        for a in assets
        if isinstance(a.gap, Gap) and isinstance(a.gap.total, Estimate)
    ]
    return max(ends, default=0.0)


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

    def __init__(self, n_lines: int, missed: Estimate, level: float) -> None:
        self.n_lines = n_lines
        self.missed = missed
        self.level = level
        self.standing = missed.value

    def first(self) -> Step:
        """The lines that missed."""
        end = self._percent(self.missed.value)
        ends = (self._percent(self.missed.low), self._percent(self.missed.high))
        share = wording.said(self.missed, self.level)
        bar = Bar((Piece("missed", 0.0, end),), _inside_drawing(ends), f"Missed lines: {share}")
        lines = wording.lines(self.missed.value * self.n_lines)
        return Step("Missed lines", "missed", "", "late, overdue or cancelled", lines, share, bar, end)

    def down(self, label: str, paint: Paint, side: str, note: str, figure: Figure) -> Step:
        """One row that takes its figure off what still stands."""
        share = wording.said(figure, self.level)
        before = self.standing
        if isinstance(figure, Refusal):
            return Step(label, paint, side, note, wording.NOT_KNOWN, share, None, self._percent(before))
        self.standing = before - figure.value
        left, right = self._percent(self.standing), self._percent(before)
        ends = (self._percent(before - figure.high), self._percent(before - figure.low))
        title = f"{label}{f', {side}' if side else ''}: {share}"
        bar = Bar((Piece(paint, left, right - left),), _inside_drawing(ends), title)
        lines = wording.lines(figure.value * self.n_lines)
        return Step(label, paint, side, note, lines, share, bar, self._percent(self.standing))

    def _percent(self, share: float) -> float:
        """A place on the scale; its right end is the upper end of the missed lines' range."""
        return min(100.0, max(0.0, share / self.missed.high * 100))


def _inside_drawing(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = (min(100.0, max(0.0, x)) for x in ends)
    return low, high
