"""What a pilot would have seen on its own past: power is a curve measured on placebo windows, not a formula.

The evaluation is run as it will be run, in windows of the history in which nothing was done: at many dates (placebo in
time), on the candidate and on other sets of as many units (placebo in space). Every window says what the method finds
without an effect; adding an effect moves that by just so much, hence the share of windows that would call it is the power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fourwalls.pilot.choice import held_out_cohorts
from fourwalls.pilot.inference import noise_of, own_noise, placebo_freedom, t_quantile
from fourwalls.pilot.methods import Cohort, Fit, Grid, Method, fit
from fourwalls.pilot.weights import Floats, Ints

Flags = npt.NDArray[np.bool_]

LEAST_BEFORE = 8
"""Periods a window needs before its start."""
MOST_DATES = 25


@dataclass(frozen=True, slots=True)
class Window:
    """One date of the past at which the pilot might have begun.

    Attributes:
        start: Number of the first period of the window.
        length: Periods.
    """

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Past:
    """What a candidate's pilot would have found on its past, where nothing was done.

    Attributes:
        units: Numbers of its units.
        own: Effects found on the candidate itself, one for each date, shape (dates,).
        draws: Effects a set like it would find, all windows, shape (windows,).
        bars: What an effect would have had to exceed to be called, shape (windows,).
        late: Which windows lie in the second half of the history, shape (windows,): the pilot itself will have at least
            as much past to learn from, so power is read off these, false alarms off all.
        error: Root mean squared held-out gap of the candidate [outcome].
    """

    units: Ints
    own: Floats
    draws: Floats
    bars: Floats
    late: Flags
    error: float

    @property
    def false_positive_share(self) -> float:
        """Share of windows in which an effect would have been called though there was none."""
        return float(np.mean(np.abs(self.draws) > self.bars))

    @property
    def noise(self) -> float:
        """Root mean squared effect found where there was none [outcome]."""
        return float(np.sqrt(np.mean(self.draws[self.late] ** 2)))

    def power(self, effect: float) -> float:
        """Share of windows in which `effect` would have been called, on the right side."""
        sign = 1.0 if effect >= 0 else -1.0
        return float(np.mean(sign * (self.draws + effect)[self.late] > self.bars[self.late]))

    def detectable(self, power: float) -> float:
        """Smallest effect called with this power [outcome]: the minimum detectable effect."""
        # Upward and downward effects are called alike often on average; a planner needs one number.
        bars, draws = self.bars[self.late], self.draws[self.late]
        needed = np.concatenate([bars - draws, bars + draws])
        return float(np.quantile(needed, power, method="higher"))


@dataclass(slots=True)
class _Sets:
    """Placebo sets of one size at one date, fitted once for all candidates."""

    effects: Floats
    spreads: Floats
    held_effects: Floats
    held_spreads: Floats
    held_paths: Floats
    members: list[set[int]] = field(default_factory=list)


def windows(periods: int, length: int, most: int = MOST_DATES) -> list[Window]:
    """Dates at which a pilot of that length might have begun, evenly over the history, the latest first among equals."""
    first, last = max(LEAST_BEFORE, periods // 3), periods - length
    if last < first:
        return []
    dates = np.unique(np.linspace(first, last, min(most, last - first + 1)).round().astype(int))
    return [Window(int(d), length) for d in dates]


def pasts(
    method: Method,
    grid: Grid,
    candidates: Sequence[Ints],
    excluded: Sequence[Ints],
    length: int,
    *,
    level: float,
    seed: int,
    least_windows: int = 500,
) -> list[Past]:
    """What each candidate's pilot of this length would have found on its past.

    Args:
        method: The method that will judge it.
        grid: The history.
        candidates: Numbers of the units of each candidate.
        excluded: For each candidate, units that cannot be its controls.
        length: Periods of the pilot.
        level: Coverage of the interval that will judge it.
        seed: Of the placebo sets.
        least_windows: Windows (dates × sets) for each candidate.
    """
    dates = windows(grid.outcomes.shape[1], length, max(MOST_DATES, least_windows // len(grid.outcomes) + 1))
    late = [2 * date.start >= grid.outcomes.shape[1] or date == dates[-1] for date in dates]
    parts: list[list[tuple[float, Floats, Floats, float]]] = [[] for _ in candidates]
    rng = np.random.default_rng(seed)
    for date in dates:
        by_size: dict[int, _Sets] = {}
        for number, (units, gone) in enumerate(zip(candidates, excluded, strict=True)):
            size = len(units)
            if size not in by_size:
                wanted = -(-least_windows // len(dates)) + 10
                by_size[size] = _placebo_sets(method, grid, date, size, wanted, rng)
            parts[number].append(_one_date(method, grid, units, gone, date, by_size[size], level))
    return [
        Past(
            units,
            np.array([p[0] for p in found]),
            np.concatenate([p[1] for p in found]),
            np.concatenate([p[2] for p in found]),
            np.concatenate([np.full(len(p[1]), is_late) for p, is_late in zip(found, late, strict=True)]),
            float(np.sqrt(np.mean([p[3] ** 2 for p in found]))),
        )
        for units, found in zip(candidates, parts, strict=True)
    ]


def _placebo_sets(
    method: Method, grid: Grid, window: Window, size: int, wanted: int, rng: np.random.Generator
) -> _Sets:
    everyone = np.arange(len(grid.outcomes))
    picks = (
        [np.sort(rng.permutation(everyone)[:size]) for _ in range(wanted)]
        if size > 1
        else [np.array([u]) for u in rng.permutation(everyone)[: max(wanted, 1)]]
    )
    now = [_fit(method, grid, window, pick, np.delete(everyone, pick)) for pick in picks]
    return _Sets(
        np.array([real.att for real, _ in now]),
        np.array([real.spread for real, _ in now]),
        np.array([held.att for _, held in now]),
        np.array([held.spread for _, held in now]),
        np.array([held.gap[held.moments >= 0] for _, held in now]),
        [set(pick.tolist()) for pick in picks],
    )


def _fit(method: Method, grid: Grid, window: Window, units: Ints, controls: Ints) -> tuple[Fit, Fit]:
    """The window's effect, and what is found in the held-out periods before it."""
    cohort = Cohort(window.start, units, window.start + window.length)
    earlier = held_out_cohorts([cohort], grid.outcomes.shape[1])
    real = fit(method, grid, [cohort], controls)
    return real, fit(method, grid, earlier or [cohort], controls)


def _one_date(
    method: Method, grid: Grid, units: Ints, gone: Ints, window: Window, sets: _Sets, level: float
) -> tuple[float, Floats, Floats, float]:
    """Own effect, draws, bars and held-out error of one candidate at one date."""
    controls = np.delete(np.arange(len(grid.outcomes)), np.concatenate([units, gone]))
    real, held = _fit(method, grid, window, units, controls)
    own = set(units.tolist())
    apart = np.array([not (own & members) for members in sets.members])
    path = held.gap[held.moments >= 0]
    ratios = own_noise(path, sets.held_paths[apart], len(controls))
    scaled = ratios * np.sqrt(real.spread / sets.spreads[apart]) * sets.effects[apart]
    before = ratios * np.sqrt(held.spread / sets.held_spreads[apart]) * sets.held_effects[apart]
    freedom = placebo_freedom(len(controls))
    se, se_before = noise_of(scaled, freedom), noise_of(before, freedom)
    widened = np.maximum(1.0, np.abs(before) / se_before) if se_before > 0 else np.ones(len(before))
    quantile = t_quantile(level, freedom)
    return real.att, scaled, quantile * se * widened, float(np.sqrt(np.mean(path**2)))
