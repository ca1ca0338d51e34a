"""How far the demand estimate is off: stocked days are hidden in the pattern of real stock-outs and estimated again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.chain.demand_pools import Pools, rates

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# A day of another series that was emptier than this hides the same day here.
HIDES = 0.3
# Neighbours by rate among which a series borrows its pattern.
NEAR = 50
# Where pools say too little about what they share, an error of so much is assumed (log).
LEAST_SD = 0.01


@dataclass(frozen=True, slots=True)
class Errors:
    """How far estimates of hidden units were off.

    Attributes:
        pool_sd: Standard deviation of the log error that series of a pool share, shape (pools,).
        bias: True over estimated units, drawn towards 1 by what chance explains, shape (pools,).
        common: Squared relative error of a series, however much it sells.
        scarce: What is added to it, divided by 1 + units sold in grains.
        hidden: Units hidden, shape (pools,).
    """

    pool_sd: Floats
    bias: Floats
    common: float
    scarce: float
    hidden: Floats


def errors_by_hiding(
    sold: Floats32, stocked: Floats32, pools: Pools, pool: Ints, weekday: Ints, lift: Floats32 | None, seed: int
) -> Errors:
    """Hides days of each series on which a series of similar sales was empty, and compares with what was sold.

    Args:
        sold, stocked, pool, weekday, lift: As in `demand_pools.read_pools`.
        pools: What they share.
        seed: Of who borrows whose pattern.
    """
    hides = _borrowed(sold, stocked, np.random.default_rng(seed)) & (stocked > 0)
    left = np.where(hides, np.float32(0), stocked)
    kept = np.where(hides, np.float32(0), sold)
    rate = rates(kept, left, pools, pool, weekday, lift)
    # A series with next to nothing left to see would be refused, not estimated.
    hides &= (left.sum(axis=1) >= 7.0)[:, None]
    due = np.where(hides, rate * stocked, 0).astype(np.float32)
    truth = np.where(hides, sold, 0).sum(axis=1, dtype=np.float64)
    chance = (pools.grain[pool, None] * due + due**2 / pools.steady[pool, None]).sum(axis=1)
    told = due.sum(axis=1, dtype=np.float64)
    common, scarce = _by_scarcity(truth, told, chance, kept.sum(axis=1, dtype=np.float64) / pools.grain[pool])
    own = (common + scarce / (1.0 + kept.sum(axis=1, dtype=np.float64) / pools.grain[pool])) * told**2
    return _by_pool(truth, told, chance + own, pool, len(pools.mean), common, scarce)


def _borrowed(sold: Floats32, stocked: Floats32, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    n = len(sold)
    level = sold.sum(axis=1) / np.maximum(stocked.sum(axis=1), 1e-9)
    order = np.argsort(level, kind="stable")
    step = rng.integers(1, NEAR + 1, n) * rng.choice((-1, 1), n)
    lender = np.empty(n, np.int64)
    lender[order] = order[np.clip(np.arange(n) + step, 0, n - 1)]
    found: npt.NDArray[np.bool_] = (stocked < 1.0 - HIDES)[lender] & (lender != np.arange(n))[:, None]
    return found


def _by_scarcity(truth: Floats, told: Floats, chance: Floats, seen: Floats) -> tuple[float, float]:
    """Least squares of the squared relative errors beyond chance on 1 and 1 / (1 + units seen), neither negative."""
    some = told > 0
    if some.sum() < 2:
        return 0.25, 1.0
    weight = told[some] ** 2 / np.maximum(chance[some], 1e-12)
    square = ((truth[some] - told[some]) ** 2 - chance[some]) / told[some] ** 2
    few = 1.0 / (1.0 + seen[some])
    w = weight**2 / (1.0 + weight * 0.05) ** 2
    m = np.array([[w.sum(), (w * few).sum()], [(w * few).sum(), (w * few**2).sum()]])
    v = np.array([(w * square).sum(), (w * few * square).sum()])
    common, scarce = np.linalg.lstsq(m, v, rcond=None)[0]
    if common < 0:
        common, scarce = 0.0, v[1] / m[1, 1]
    elif scarce < 0:
        common, scarce = v[0] / m[0, 0], 0.0
    return max(float(common), 0.0), max(float(scarce), 0.0)


def _by_pool(
    truth: Floats, told: Floats, variance: Floats, pool: Ints, n_pools: int, common: float, scarce: float
) -> Errors:
    """What all series of a pool are off by together, drawn towards nothing by what chance explains."""
    sums = [np.bincount(pool, x, n_pools) for x in (truth, told, variance)]
    got, due, var = sums
    ratio = np.where(due > 0, got / np.maximum(due, 1e-12), 1.0)
    relative = np.where(due > 0, var / np.maximum(due, 1e-12) ** 2, np.inf)
    seen = np.isfinite(relative) & (relative < 1.0)
    between = LEAST_SD**2
    if seen.sum() > 1:
        w = 1.0 / relative[seen]
        q = float((w * (ratio[seen] - 1.0) ** 2).sum())
        between = max((q - seen.sum()) / w.sum(), between)
    trust = between / (between + relative)
    bias = np.maximum(1.0 + trust * (ratio - 1.0), 0.1)
    return Errors(np.full(n_pools, np.sqrt(between)), bias, common, scarce, got.astype(np.float64))
