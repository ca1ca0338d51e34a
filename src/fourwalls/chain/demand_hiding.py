"""How far the demand estimate is off: stocked days are hidden in the pattern of real stock-outs and estimated again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.demand_pools import read_pools
from fourwalls.chain.demand_rates import Pools, Seen, rates, sums_by

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WEEK = 7
# A day of another series that was emptier than this hides the same day here.
HIDES = 0.3
# Neighbours by rate among which a series borrows its pattern.
NEAR = 50
# Largest relative error of a series that counts, and largest surprise in standard deviations.
MOST_ERROR = 3.0
# Usual days left to see, below which a series would be refused, not estimated.
LEAST_DAYS = 7.0
# Hiding whole days cannot show that flags are set late or that hours are weighed wrongly: an error of so much is taken to be
# shared by all series, and again by those of a pool.
LEAST_SD = 0.02


@dataclass(frozen=True, slots=True)
class Errors:
    """How far estimates of hidden units were off, as parts of a variance.

    Attributes:
        pool_sd: Standard deviation of the relative error that series of a pool share over all days.
        week_sd: Of the one that they share within a week, beyond that.
        bias: True over estimated units, drawn towards 1 by what chance explains, shape (pools,).
        common: Squared relative error of a series, however much it sells.
        scarce: What is added to it, divided by 1 + units sold in grains.
        hidden: Units hidden, shape (pools,).
    """

    pool_sd: float
    week_sd: float
    bias: Floats
    common: float
    scarce: float
    hidden: Floats


def errors_by_hiding(seen: Seen, pools: Pools, seed: int) -> Errors:
    """Hides days of each series on which a series of similar sales was empty, and compares with what was sold.

    Args:
        seen: The series.
        pools: What they share.
        seed: Of who borrows whose pattern.
    """
    sold, stocked, pool = seen.sold, seen.stocked, seen.pool
    hides = _borrowed(sold, stocked, np.random.default_rng(seed)) & (stocked > 0)
    left, kept = np.where(hides, np.float32(0), stocked), np.where(hides, np.float32(0), sold)
    hides &= (left.sum(axis=1) >= LEAST_DAYS)[:, None]
    blind = replace(seen, sold=kept, stocked=left)
    # What series share is read again too: else a day's event would tell of the very sales that are hidden.
    rate = rates(read_pools(blind, len(pools.mean), like=pools), blind)
    due = np.where(hides, rate * stocked, np.float32(0))
    chance = due * (pools.grain[pool, None] + due / pools.steady[pool, None])
    starts = np.arange(0, sold.shape[1], WEEK)
    truth, told, chance = (
        np.add.reduceat(x.astype(np.float64), starts, axis=1)
        for x in (np.where(hides, sold, np.float32(0)), due, chance)
    )
    scarcity = 1.0 / (1.0 + kept.sum(axis=1, dtype=np.float64) / pools.grain[pool])
    common, scarce = _by_scarcity(truth.sum(axis=1), told.sum(axis=1), chance.sum(axis=1), scarcity)
    own = (common + scarce * scarcity)[:, None]
    n = len(pools.mean)
    got, due_by = sums_by(truth, pool, n), sums_by(told, pool, n)
    whole = _ratios(got.sum(axis=1), due_by.sum(axis=1), sums_by(chance.sum(1) + own[:, 0] * told.sum(1) ** 2, pool, n))
    weekly = _ratios(got.ravel(), due_by.ravel(), sums_by(chance + own * told**2, pool, n).ravel())
    between = _between(*whole)
    trust = between / (between + whole[1])
    bias = np.where(np.isfinite(trust), np.maximum(1.0 + trust * (whole[0] - 1.0), 0.1), 1.0)
    week = max(_between(*weekly) - between, 0.0)
    return Errors(
        float(np.hypot(np.sqrt(between), LEAST_SD)), float(np.sqrt(week)), bias, common, scarce, got.sum(axis=1)
    )


def _borrowed(sold: Floats32, stocked: Floats32, rng: np.random.Generator) -> Bools:
    """Days to hide: those on which a series of about the same level was empty."""
    n = len(sold)
    level = sold.sum(axis=1) / np.maximum(stocked.sum(axis=1), 1e-9)
    order = np.argsort(level, kind="stable")
    step = rng.integers(1, NEAR + 1, n) * rng.choice((-1, 1), n)
    lender = np.empty(n, np.int64)
    lender[order] = order[np.clip(np.arange(n) + step, 0, n - 1)]
    found: Bools = (stocked < 1.0 - HIDES)[lender] & (lender != np.arange(n))[:, None]
    return found


def _by_scarcity(truth: Floats, told: Floats, chance: Floats, scarcity: Floats) -> tuple[float, float]:
    """Squared relative errors beyond chance as common + scarce x scarcity, by weighted least squares, neither negative."""
    some = told > 0
    if some.sum() < 2:
        return 0.25, 1.0
    told, few = told[some], scarcity[some]
    relative = np.maximum(chance[some], 1e-12) / told**2
    # A bulk sale among what was hidden is one series' fate, not what series err by.
    square = np.minimum(((truth[some] - told) / told) ** 2, MOST_ERROR**2 * (relative + 1.0)) - relative
    # The variance of a square is about twice the square of its expectation; a fifth of it is what series err by.
    weight = 1.0 / (relative + 0.2 * np.median(relative)) ** 2
    a, b, c = weight.sum(), (weight * few).sum(), (weight * few**2).sum()
    u, v = (weight * square).sum(), (weight * few * square).sum()
    det = a * c - b * b
    common, scarce = ((u * c - v * b) / det, (v * a - u * b) / det) if det > 1e-9 * a * c else (u / a, 0.0)
    if common < 0:
        common, scarce = 0.0, v / c
    elif scarce < 0:
        common, scarce = u / a, 0.0
    return max(float(common), 0.0), max(float(scarce), 0.0)


def _ratios(got: Floats, due: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """True over told, and its variance by chance; infinite where too little was hidden for a ratio to mean anything."""
    ratio = np.where(due > 0, got / np.maximum(due, 1e-12), 1.0)
    relative = np.where(due > 0, variance / np.maximum(due, 1e-12) ** 2, np.inf)
    return ratio, np.where(relative < 1.0, relative, np.inf)


def _between(ratio: Floats, relative: Floats) -> float:
    """Variance of ratios beyond chance (DerSimonian and Laird 1986, around 1)."""
    seen = np.isfinite(relative)
    if seen.sum() < 2:
        return 0.0
    weight = 1.0 / relative[seen]
    q = float((weight * (ratio[seen] - 1.0) ** 2).sum())
    return max((q - float(seen.sum())) / float(weight.sum()), 0.0)
