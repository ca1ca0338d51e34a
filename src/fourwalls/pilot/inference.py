"""How sure an effect is: what the same method finds where nothing was done, or when a unit is left out.

placebo    The method is run on controls as if they had been treated; what it finds there is its noise, scaled to the
           spread of the real contrast and read against Student's t (Abadie, Diamond and Hainmueller 2010; Arkhangelsky
           et al. 2021, algorithm 4).
jackknife  Every unit is left out in turn (Arkhangelsky et al. 2021, algorithm 3); needs several treated units of each
           start, since one has no jackknife.
conformal  The effect is taken off, and the treated's residuals after the start are compared with those before, in
           moving blocks (Chernozhukov, Wüthrich and Zhu 2021, JASA 116); for very few controls and a long record.

Every interval is widened by what the method wrongly found in the last periods *before* the start, where that is more
than its noise there: a method that sees an effect before anything was done must not be narrow afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
from scipy import special, stats

from fourwalls.figures import Refusal
from fourwalls.pilot.methods import Cohort, Fit, Grid, Method, fit
from fourwalls.pilot.weights import Floats, Ints
from fourwalls.resampling import LEVEL

How = Literal["placebo", "jackknife", "conformal"]

MOST_PLACEBOS = 200
LEAST_CONTROLS = 5
"""Fewer controls cannot show by placebo what chance does."""
LEAST_JACKKNIFE = 8
"""Treated and control units from which on leaving one out tells the noise of either side."""
MOST_BLOCKS = 40
"""Blocks a group is left out in: more say little more and cost as much again."""
LEAST_BLOCKS = 10
"""Periods before the start, in lengths of the time after, for the conformal test to reach a tenth."""

_LEAST_HELD_OUT, _LEAST_FOR_R = 3, 5
_FLAT = 1e-20


@dataclass(frozen=True, slots=True)
class Noise:
    """How much a method's effect varies where nothing happened.

    Attributes:
        se: Standard error the interval is made of [outcome].
        freedom: Degrees of freedom for Student's t.
        how: By which inference.
        effects: Placebo effects as they are, shape (placebos,); empty for the jackknife.
        gaps: Their paths, scaled to the real contrast, shape (placebos, moments).
        swings: Paths whose squares add up to the variance of the real one, shape (placebos or units left out, moments).
        ratios: Noise of the treated beside each placebo, shape (placebos,).
    """

    se: float
    freedom: float
    how: How
    effects: Floats
    gaps: Floats
    swings: Floats
    ratios: Floats | None = None

    @property
    def published_se(self) -> float | None:
        """Standard deviation of the placebo effects (ddof 1), as papers print it."""
        return float(self.effects.std(ddof=1)) if len(self.effects) > 1 else None


def measured_noise(
    method: Method,
    grid: Grid,
    cohorts: Sequence[Cohort],
    controls: Ints,
    real: Fit,
    seed: int,
    ratios: Floats | None = None,
) -> Noise | Refusal:
    """The noise by the inference that so many units support, or why there is none."""
    sizes = [len(c.units) for c in cohorts]
    if sum(sizes) >= LEAST_JACKKNIFE and min(sizes) >= 2 and len(controls) >= LEAST_JACKKNIFE:
        return jackknife(method, grid, cohorts, controls, seed)
    if len(controls) >= LEAST_CONTROLS and _room(controls) >= len(cohorts):
        return placebo(method, grid, cohorts, controls, real, seed, ratios)
    if min(sizes) >= 2 and len(controls) >= 2 and sum(sizes) + len(controls) >= LEAST_CONTROLS + 1:
        return jackknife(method, grid, cohorts, controls, seed)
    return Refusal(
        "too_few_units",
        "how sure the effect is",
        f"{sum(sizes)} treated and {len(controls)} control units cannot show what chance alone would do.",
        f"Add controls: {max(LEAST_CONTROLS, LEAST_CONTROLS - 1 + len(cohorts))} or more.",
    )


def jackknife_refusal(cohorts: Sequence[Cohort]) -> Refusal | None:
    """Why leaving one unit out cannot be used, if so."""
    if min(len(c.units) for c in cohorts) >= 2:
        return None
    return Refusal(
        "no_jackknife",
        "jackknife standard error",
        "With a single treated unit nothing is left once it is left out.",
        "Use the placebo standard error, or treat several units.",
    )


def _room(controls: Ints) -> int:
    """How many controls may pretend to be treated at once, so that enough are left to compare with."""
    return len(controls) - (LEAST_CONTROLS - 1)


def _placebo_sizes(cohorts: Sequence[Cohort], controls: Ints) -> list[int]:
    """Units of each pretended cohort: as many as were treated, or in proportion where the controls are fewer."""
    sizes = [len(c.units) for c in cohorts]
    # Half the controls at most: effects are brought to the spread of the real contrast anyway.
    most = min(_room(controls), max(len(controls) // 2, len(cohorts)))
    if sum(sizes) <= most:
        return sizes
    shrunk = [max(1, int(n * most / sum(sizes))) for n in sizes]
    while sum(shrunk) > most:
        shrunk[shrunk.index(max(shrunk))] -= 1
    return shrunk


def placebo_sets(cohorts: Sequence[Cohort], controls: Ints, seed: int, most: int = MOST_PLACEBOS) -> list[list[Cohort]]:
    """Controls in the place of the treated: every choice if they are few, else `most` drawn at random."""
    sizes = _placebo_sizes(cohorts, controls)
    if len(cohorts) == 1 and comb(len(controls), sizes[0]) <= most:
        only = cohorts[0]
        return [[Cohort(only.start, np.array(pick), only.end)] for pick in combinations(controls.tolist(), sizes[0])]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(most):
        parts = np.split(rng.permutation(controls)[: sum(sizes)], np.cumsum(sizes)[:-1])
        found.append([Cohort(c.start, np.sort(part), c.end) for c, part in zip(cohorts, parts, strict=True)])
    return found


def placebo(
    method: Method,
    grid: Grid,
    cohorts: Sequence[Cohort],
    controls: Ints,
    real: Fit,
    seed: int,
    ratios: Floats | None = None,
) -> Noise:
    """The noise from controls in the place of the treated.

    Args:
        method, grid, cohorts, controls, real: The contrast whose noise is asked for.
        seed: Of the choice of placebos.
        ratios: Noise of the treated beside each placebo, from `own_noise`; None to read it off the periods after the
            start themselves, which is right where nothing was done in them.
    """
    effects, scales, gaps = [], [], []
    for pretended in placebo_sets(cohorts, controls, seed):
        taken = np.concatenate([c.units for c in pretended])
        found = fit(method, grid, pretended, np.setdiff1d(controls, taken, assume_unique=True))
        effects.append(found.att)
        scales.append((real.spread / found.spread) ** 0.5)
        gaps.append(found.gap)
    paths = np.array(gaps)
    if ratios is None:
        ratios = own_noise(real.gap[real.moments >= 0], paths[:, real.moments >= 0], len(controls))
    scale = np.array(scales) * ratios
    freedom = placebo_freedom(len(controls))
    se = noise_of(scale * effects, freedom)
    gaps_scaled = scale[:, None] * paths
    swings = gaps_scaled / len(gaps_scaled) ** 0.5
    return Noise(se, freedom, "placebo", np.array(effects), gaps_scaled, swings, ratios)


def own_noise(real: Floats, placebos: Floats, units: int = 0) -> Floats:
    """How far the method errs on the treated beside each placebo, shape (placebos,).

    The RMSPE ratio of Abadie, Diamond and Hainmueller (2010), read off held-out periods, to which nothing was fitted;
    variances are shrunk to their common value as far as they differ by no more than chance (Smyth 2004, "Linear models
    and empirical Bayes methods", section 6.2). 1 where all units are alike noisy, the plain ratio where they are not.

    Args:
        real: What the method finds on the treated in held-out periods, shape (periods,).
        placebos: What it finds there on the placebos, shape (placebos, periods).
        units: Control units the placebos are made of; 0 where every placebo is a unit of its own.
    """
    if len(real) < _LEAST_HELD_OUT:
        return np.ones(len(placebos))
    own, others = float(np.mean(real**2)), np.mean(placebos**2, axis=1)
    # A unit that never moved, but for rounding, does not tell how it will move.
    flat = _FLAT * float(others.max(initial=0.0))
    if len(others) < LEAST_CONTROLS or min(own, float(others.min())) <= flat:
        return np.ones(len(others))
    freedom = _independent_periods(placebos)
    logs = np.log(others)
    # One standard error is taken off the spread: ratios are used where units plainly differ, not where they seem to.
    doubt = 1 - (2 / (min(len(logs), units or len(logs)) - 1)) ** 0.5
    excess = doubt * float(logs.var(ddof=1)) - float(special.polygamma(1, freedom / 2))
    if excess <= 0:
        return np.ones(len(others))
    prior = 2 * _inverse_trigamma(excess)
    common = float(np.exp(logs.mean()))
    return np.asarray(np.sqrt((prior * common + freedom * own) / (prior * common + freedom * others)))


def _independent_periods(paths: Floats) -> float:
    """Degrees of freedom of a variance over autocorrelated periods: T(1 − r²)/(1 + r²), r of lag one (Bartlett 1946).

    r is freed of its bias in short series (Kendall 1954, Biometrika 41); with fewer than 5 periods it cannot be, and the
    least is said.
    """
    periods = paths.shape[1]
    if periods < _LEAST_FOR_R:
        return 1.0
    centred = paths - paths.mean(axis=1, keepdims=True)
    below = float((centred**2).sum())
    r = float((centred[:, 1:] * centred[:, :-1]).sum()) / below if below > 0 else 0.0
    r = min(max((periods * r + 1) / (periods - 3), -0.95), 0.95)
    return float(max(1.0, periods * (1 - r * r) / (1 + r * r)))


def _inverse_trigamma(value: float) -> float:
    """X with trigamma(x) = value, by Newton steps (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        now = float(special.polygamma(1, x))
        step = now * (1 - now / value) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x


def placebo_freedom(controls: int) -> float:
    """Degrees of freedom of a placebo standard error."""
    # Placebos share donors and period weights, and the method was chosen among several: half the freedom covers.
    return controls / 2


@cache
def t_quantile(level: float, freedom: float) -> float:
    """Half-width of a two-sided interval of Student's t, in standard errors."""
    return float(stats.t.ppf((1 + level) / 2, freedom))


def noise_of(effects: Floats, freedom: float) -> float:
    """Standard error from effects found where nothing was done, shape (placebos,).

    Half root mean square, half the size that nine in ten stay below (as the rank of a further one would have it), read as
    Student's t: the former is carried away by a few wild units, the latter is coarse with few.
    """
    size = np.sort(np.abs(effects))
    by_square = float(np.sqrt(np.mean(size**2)))
    rank = LEVEL * (len(size) + 1)
    if rank > len(size):
        return by_square
    reach = float(np.interp(rank, np.arange(1, len(size) + 1), size))
    return (by_square + reach / t_quantile(LEVEL, freedom)) / 2


def jackknife(method: Method, grid: Grid, cohorts: Sequence[Cohort], controls: Ints, seed: int = 1) -> Noise:
    """The noise by leaving out one unit at a time, each time fitting anew; freedom after Satterthwaite.

    Of a group of many units a block is left out at a time (delete-a-group jackknife: Kott 2001, J. Official Statistics 17).
    """
    rng = np.random.default_rng(seed)
    variances, weights, swings = [], [], []
    for group in (*(c.units for c in cohorts), controls):
        blocks = np.array_split(rng.permutation(group), min(len(group), MOST_BLOCKS))
        fits = [_without(method, grid, cohorts, controls, gone) for gone in blocks]
        found, paths = np.array([f.att for f in fits]), np.array([f.gap for f in fits])
        n = len(blocks)
        variances.append((n - 1) / n * float(((found - found.mean()) ** 2).sum()))
        swings.append(((n - 1) / n) ** 0.5 * (paths - paths.mean(axis=0)))
        weights.append(max(n - 1, 1))
    parts = np.array(variances)
    freedom = parts.sum() ** 2 / max(float((parts**2 / np.array(weights)).sum()), 1e-300)
    none = np.zeros(0)
    return Noise(float(np.sqrt(parts.sum())), float(max(freedom, 1.0)), "jackknife", none, none, np.concatenate(swings))


def _without(method: Method, grid: Grid, cohorts: Sequence[Cohort], controls: Ints, gone: Ints) -> Fit:
    kept = [Cohort(c.start, np.setdiff1d(c.units, gone), c.end) for c in cohorts]
    return fit(method, grid, kept, np.setdiff1d(controls, gone))


def conformal_p(residuals_at: Callable[[float], Floats], effect: float, after: int) -> float:
    """p-value of a constant effect, by moving blocks.

    Args:
        residuals_at: Residuals of the treated over all periods once an effect has been taken off, fitted on all periods.
        effect: The effect to test.
        after: Periods after the start, the last ones.
    """
    size = np.abs(residuals_at(effect))
    total = np.concatenate([size, size[: after - 1]])
    sums = np.convolve(total, np.ones(after), mode="valid")
    return float(np.mean(sums >= sums[len(size) - after] - 1e-12))


def all_period_residuals(method: Method, outcomes: Floats, cohort: Cohort, controls: Ints) -> Callable[[float], Floats]:
    """Residuals of the treated under a supposed constant effect, the counterfactual fitted on all periods.

    Fitting on all periods under the supposed effect is what makes the permutation exact (CWZ 2021, section 2.2).
    """
    after = outcomes.shape[1] - cohort.start
    mean = outcomes[cohort.units].mean(axis=0)

    def residuals(effect: float) -> Floats:
        supposed = mean - effect * (np.arange(len(mean)) >= cohort.start)
        stacked = np.vstack([outcomes[controls], supposed])
        grid = Grid(np.hstack([stacked, stacked[:, -1:]]))
        whole = Cohort(len(mean), np.array([len(controls)]), len(mean) + 1)
        return fit(method, grid, [whole], np.arange(len(controls))).gap[: len(mean)]

    if after < 1:
        raise ValueError("no period after the start")
    return residuals


def conformal_interval(
    residuals_at: Callable[[float], Floats], around: float, reach: float, after: int, level: float, steps: int = 60
) -> tuple[float, float] | None:
    """Effects that the conformal test does not reject, from a grid of `steps` either side; None if they reach its ends."""
    effects = around + reach * np.linspace(-1, 1, 2 * steps + 1)
    kept = effects[[conformal_p(residuals_at, float(e), after) > 1 - level for e in effects]]
    if not len(kept) or kept.min() == effects[0] or kept.max() == effects[-1]:
        return None
    step = effects[1] - effects[0]
    return float(kept.min() - step), float(kept.max() + step)
