"""The scoreboard: speed and outcomes before, now and as wanted; activity apart; the portfolio beside the asset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from scipy.special import ndtri, stdtrit

from fourwalls.errors import RegisterError, did_you_mean, listed
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register.intervals import difference
from fourwalls.register.measuring import MEASURES, Measure
from fourwalls.register.records import Recorded, Run

Moved = Literal["better", "worse", "changed", "no clear change", "cannot tell"]

# Readings at different times that a trend is drawn through.
LEAST_POINTS = 4
# Days that two periods share, as part of the shorter: above, their figures are largely the same and no trend.
MOST_SHARED = 0.5
_MONTH = 30.0


@dataclass(frozen=True, slots=True)
class Score:
    """One measure of one asset over time.

    Attributes:
        measure: Which.
        baseline, now: Of the two runs.
        target: As portfolio.toml said in the run of now; None where it says nothing.
        change: Now less baseline, with its range.
        moved: What that says; "changed" where neither way is better, or the figures have no ranges.
        is_reached: Whether now is at the target or beyond it with its whole range: True or False; None where its range holds
            the target, or there is none.
        trend: Change in 30 days, in the unit of the measure, over all runs; refused with fewer than four, or where their periods overlap.
        points: Run, last day looked at and figure, in the order of the days.
        portfolio_change: Change of the same measure in the whole portfolio.
    """

    measure: Measure
    baseline: Figure
    now: Figure
    target: float | None
    change: Figure
    moved: Moved
    is_reached: bool | None
    trend: Figure
    points: tuple[tuple[int, date, Figure], ...]
    portfolio_change: Figure


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """All measures of one asset, or of the portfolio.

    Attributes:
        asset: Its name; None for the whole portfolio.
        baseline, now: The runs compared.
        shared: Days of the shorter period that are in the other too, as part of it: changes are damped by so much.
        scores: In the order of `measuring.MEASURES`; activity last.
    """

    asset: str | None
    baseline: Run
    now: Run
    shared: float
    scores: tuple[Score, ...]

    def of(self, kind: str) -> tuple[Score, ...]:
        """Scores of one kind: "speed", "outcome" or "activity"."""
        return tuple(s for s in self.scores if s.measure.kind == kind)


def scoreboard(recorded: Sequence[Recorded], asset: str | None = None, baseline: int | None = None) -> Scoreboard:
    """The scoreboard out of recorded runs.

    Args:
        recorded: Runs in the order they were kept; the last is now.
        asset: Name of an asset; None for the whole portfolio.
        baseline: The run to compare with: that of the decision. The first, if none is named.

    Raises:
        RegisterError: There is no run, no such run, or the run of now has no such asset.
    """
    if not recorded:
        raise RegisterError("No run was recorded.", "Record one: fourwalls diagnose FOLDER --record.")
    now = recorded[-1]
    first = next((r for r in recorded if r.run.id == baseline), None) if baseline is not None else recorded[0]
    if first is None:
        raise RegisterError(f"There is no run {baseline}.", f"Choose from {listed(r.run.id for r in recorded)}.")
    names = [name for name in now.figures if name is not None]
    if asset is not None and asset not in names:
        raise RegisterError(
            f"There is no asset '{asset}'.{did_you_mean(asset, names)}", f"Choose from {listed(names)}."
        )
    ordered = sorted(recorded, key=lambda r: (r.run.end, r.run.seq))
    scores = tuple(_score(m, ordered, first, now, asset) for m in MEASURES)
    return Scoreboard(asset, first.run, now.run, shared(first.run, now.run), scores)


def shared(a: Run, b: Run) -> float:
    """Days two periods have in common, as part of the shorter, 0-1."""
    common = (min(a.end, b.end) - max(a.start, b.start)).days
    return max(common, 0) / max(min((a.end - a.start).days, (b.end - b.start).days), 1)


def _score(measure: Measure, ordered: Sequence[Recorded], first: Recorded, now: Recorded, asset: str | None) -> Score:
    points = tuple((r.run.id, r.run.end, _read(measure, r, asset)) for r in ordered)
    before, after = _read(measure, first, asset), _read(measure, now, asset)
    is_one = first.run.id == now.run.id
    change = _one_run(measure) if is_one else difference(after, before)
    whole = _one_run(measure) if is_one else difference(_read(measure, now, None), _read(measure, first, None))
    said = now.run.targets.get(measure.target) if measure.target else None
    target = measure.read_target(said) if said is not None else None
    return Score(
        measure, before, after, target, change, _moved(measure, change), _is_reached(measure, after, target),
        trend(measure.label, [(r.run, f) for r, (_, _, f) in zip(ordered, points, strict=True)]), points, whole,
    )  # fmt: skip


def _read(measure: Measure, recorded: Recorded, asset: str | None) -> Figure:
    found = recorded.figures.get(asset)
    if found is None:
        return Refusal("no_asset", measure.label, f"run {recorded.run.id} has no asset '{asset}'", "a run that has it")
    return found[measure.name]


def _one_run(measure: Measure) -> Refusal:
    return Refusal(
        "one_run", measure.label, "baseline and now are the same run", "a second recorded run, of later days"
    )


def _moved(measure: Measure, change: Figure) -> Moved:
    if isinstance(change, Refusal):
        return "cannot tell"
    if change.low <= 0 <= change.high:
        return "no clear change"
    if measure.better == "neither" or change.low == change.high:
        # What was counted without a range differs for sure, and whether by more than luck nobody knows.
        return "changed"
    return "better" if (change.low > 0) == (measure.better == "up") else "worse"


def _is_reached(measure: Measure, now: Figure, target: float | None) -> bool | None:
    if target is None or isinstance(now, Refusal) or measure.better == "neither":
        return None
    if measure.better == "up":
        return True if now.low >= target else False if now.high < target else None
    return True if now.high <= target else False if now.low > target else None


def trend(about: str, points: Sequence[tuple[Run, Figure]]) -> Figure:
    """Change in 30 days: a line by weighted least squares, weights from the ranges, which may be too narrow (Birge 1932).

    Args:
        about: What it is a trend of.
        points: Runs in the order of their days, with the figure of each.
    """
    known = [(run, f) for run, f in points if isinstance(f, Estimate)]
    # Of runs on the same days, the last counts: the others looked at the same record.
    by_day = {run.end: (run, f) for run, f in known}
    rows = list(by_day.values())
    if len(rows) < LEAST_POINTS:
        because = f"a trend needs {LEAST_POINTS} recorded runs with this reading and different last days, and there {'is' if len(rows) == 1 else 'are'} {len(rows)}"
        return Refusal("too_few_runs", about, because, "more runs, of later days")
    if any(shared(a, b) > MOST_SHARED for (a, _), (b, _) in pairwise(rows)):
        because = "periods of the runs overlap by more than half, so that their figures are largely the same"
        return Refusal("runs_overlap", about, because, "runs of periods of their own: `period` in portfolio.toml")
    days = [(run.end - rows[0][0].end).days / _MONTH for run, _ in rows]
    values = [f.value for _, f in rows]
    errors = [(f.high - f.low) / 2 / float(ndtri(0.5 + f.level / 2)) for _, f in rows]
    is_known = min(errors) > 0
    weights = [1 / e**2 for e in errors] if is_known else [1.0] * len(rows)
    middle = sum(w * x for w, x in zip(weights, days, strict=True)) / sum(weights)
    height = sum(w * y for w, y in zip(weights, values, strict=True)) / sum(weights)
    square = sum(w * (x - middle) ** 2 for w, x in zip(weights, days, strict=True))
    slope = sum(w * (x - middle) * (y - height) for w, x, y in zip(weights, days, values, strict=True)) / square
    rest = sum(w * (y - height - slope * (x - middle)) ** 2 for w, x, y in zip(weights, days, values, strict=True)) / (
        len(rows) - 2
    )
    # Points that lie further off than their own errors explain widen the range; closer ones never narrow it.
    scale = max(rest, 1.0) if is_known else rest
    level = min(f.level for _, f in rows)
    half = float(stdtrit(len(rows) - 2, 0.5 + level / 2)) * math.sqrt(scale / square)
    return Estimate(slope, slope - half, slope + half, rows[0][1].unit, level)
