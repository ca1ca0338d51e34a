"""Where each bar of the page begins and ends, in percent of its width; the templates only draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Gap, Wall
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.surfaces import wording

Paint = Literal["missed", "inside", "between", "unknown", "residual", "untraced", "month"]

_MOST_GROUPS = 9
_SMALLER = "smaller parts"


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
    return _Fall(asset.n_lines, missed, level).steps(asset.gap, asset.contributions)


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
    sums = wording.by_wall(asset.contributions)
    for wall, lines in sums.items():
        width = max(0.0, lines) / widest * 100
        if width > 0:
            pieces.append(Piece(wall, start, width))
            start += width
    ends = (total.low * asset.n_lines / widest * 100, total.high * asset.n_lines / widest * 100)
    return Bar(tuple(pieces), _inside_drawing(ends), _split_in_words(sums, total, asset.n_lines))


def widest_gap(assets: Iterable[AssetDiagnosis]) -> float:
    """Order lines that the shared scale of split bars must reach."""
    ends = [
        max(a.gap.total.high * a.n_lines, sum(max(0.0, x) for x in wording.by_wall(a.contributions).values()))
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

    def steps(self, gap: Gap, contributions: Sequence[Contribution]) -> tuple[Step, ...]:
        """All rows, the missed lines first."""
        rows = [self._first()]
        rows += [self._stage(group) for group in _by_stage(contributions)]
        rows.append(self._rest("Not recoverable", "residual", "missed even at every standard", gap))
        rows.append(self._rest("Not traced", "untraced", "stage times missing or out of order", gap))
        return tuple(rows)

    def _first(self) -> Step:
        end = self._percent(self.missed.value)
        ends = (self._percent(self.missed.low), self._percent(self.missed.high))
        share = wording.said(self.missed, self.level)
        bar = Bar((Piece("missed", 0.0, end),), _inside_drawing(ends), f"Missed lines: {share}")
        note = "late, overdue or cancelled"
        return Step(
            "Missed lines", "missed", "", note, wording.lines(self.missed.value * self.n_lines), share, bar, end
        )

    def _stage(self, group: Sequence[Contribution]) -> Step:
        first = group[0]
        lines = _lines(group)
        single = first.share if len(group) == 1 and isinstance(first.share, Estimate) else None
        value = lines / self.n_lines
        share = wording.said(single or Estimate(value, value, value, "share", self.level), self.level)
        label, side = wording.stage(first.stage), wording.WALLS[first.wall]
        return self._down(label, first.wall, side, _whose(group), lines, value, share, single)

    def _rest(self, label: str, paint: Literal["residual", "untraced"], note: str, gap: Gap) -> Step:
        figure: Figure = gap.residual if paint == "residual" else gap.untraced
        if isinstance(figure, Refusal):
            here = self._percent(self.standing)
            return Step(label, paint, "", note, wording.NOT_KNOWN, wording.said(figure), None, here)
        share = wording.said(figure, self.level)
        return self._down(label, paint, "", note, figure.value * self.n_lines, figure.value, share, figure)

    def _down(
        self,
        label: str,
        paint: Paint,
        side: str,
        note: str,
        lines: float,
        value: float,
        share: wording.Said,
        range_of: Estimate | None,
    ) -> Step:
        """One row that takes its value off what still stands."""
        before, after = self.standing, self.standing - value
        self.standing = after
        ends = (before - range_of.high, before - range_of.low) if range_of and range_of.low < range_of.high else None
        left, right = sorted((self._percent(before), self._percent(after)))
        whisker = _inside_drawing((self._percent(ends[0]), self._percent(ends[1]))) if ends else None
        title = f"{label}{f', {side}' if side else ''}: {share}"
        bar = Bar((Piece(paint, left, right - left),), whisker, title)
        return Step(label, paint, side, note, wording.lines(lines), share, bar, self._percent(after))

    def _percent(self, share: float) -> float:
        """A place on the scale; its right end is the upper end of the missed lines' range."""
        return min(100.0, max(0.0, share / self.missed.high * 100))


def _by_stage(contributions: Sequence[Contribution]) -> list[list[Contribution]]:
    """Contributions of one stage and side together, in the order of the chain; the smallest by side alone."""
    groups: dict[tuple[str, Wall], list[Contribution]] = {}
    for c in contributions:
        groups.setdefault((c.stage, c.wall), []).append(c)
    sides = list(wording.WALLS)

    def place(key: tuple[str, Wall]) -> tuple[int, str, int]:
        stage, wall = key
        known = wording.STAGES.index(stage) if stage in wording.STAGES else len(wording.STAGES)
        return known, stage, sides.index(wall)

    largest = sorted(groups, key=lambda key: -abs(_lines(groups[key])))[:_MOST_GROUPS]
    small: dict[Wall, list[Contribution]] = {}
    for key in [k for k in groups if k not in largest]:
        small.setdefault(key[1], []).extend(replace(c, stage=_SMALLER) for c in groups[key])
    return [groups[key] for key in sorted(largest, key=place)] + [small[wall] for wall in sides if wall in small]


def _lines(group: Sequence[Contribution]) -> float:
    return sum(c.lines for c in group)


def _whose(group: Sequence[Contribution]) -> str:
    """The parties of a group: the largest by name, the others by number."""
    sums: dict[str, float] = {}
    for c in group:
        party = wording.name(c.party_name)
        sums[party] = sums.get(party, 0.0) + c.lines
    first = max(sums, key=lambda party: sums[party])
    return first if len(sums) == 1 else f"{first} and {wording.plural(len(sums) - 1, 'other')}"


def _inside_drawing(ends: tuple[float, float]) -> tuple[float, float]:
    low, high = (min(100.0, max(0.0, x)) for x in ends)
    return low, high


def _split_in_words(sums: dict[Wall, float], total: Estimate, n_lines: int) -> str:
    parts = [f"{wording.WALLS[wall]} {wording.lines(x)}" for wall, x in sums.items() if x]
    in_all = wording.said(wording.as_lines(total, n_lines))
    return f"{', '.join(parts) or 'nothing to recover'}; in all {in_all}"
