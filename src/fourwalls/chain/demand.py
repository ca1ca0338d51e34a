"""Censored demand: what would have sold on empty shelves, for each series (sku x node) and day, with its uncertainty.

A shelf runs empty on days of high demand and right after a sale, so neither stocked days nor sold / open share of a single
day tell the demand. Sales until the stock ran out are a process stopped at a time that depends on nothing but itself: the
likelihood is that of the sales and of the time with stock, whatever the rule that stopped it (Agrawal and Smith 1996 and
Conlon and Mortimer 2013 treat the same censoring). Estimating equations in (units sold, exposed share) are therefore right,
ratios of single days and means of stocked days are not.

Sales of a day are gamma-Poisson: level of the series x weekday x day x lift x luck of the day. The level is read from the
days around and drawn towards the series, the series towards its pool (empirical Bayes; Robbins 1956). Given what was sold
before the shelf went empty, the luck of that day is (steady + sold) / (steady + expected), which the empty part inherits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.chain import demand_pools
from fourwalls.chain.demand_hiding import Errors, errors_by_hiding
from fourwalls.chain.demand_pools import Pools

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Usual days with stock before a series is said to be known.
LEAST_DAYS = 7.0
# A day with less of its usual demand in time with stock tells nothing about its level.
LEAST_STOCKED = 0.02
# Series from which pools are read; more do not move them.
MOST_SERIES = 20_000
# Series worked on at a time, so that memory stays bounded.
BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class ShelfDays:
    """What the record says of each series and day.

    Attributes:
        sold: Units sold; NaN where the record has no row, shape (series, days).
        empty: Share of the day's usual demand that fell into time without stock, 0..1; NaN where unknown, same shape.
        weekday: 0..6 of each day, shape (days,).
        pool: Which series share a weekly pattern and unevenness, numbered from 0, shape (series,).
        lift: What moves demand and is known (discount, promotion, holiday), shape (series, days, k); NaN counts as usual.
    """

    sold: Floats32
    empty: Floats32
    weekday: Ints
    pool: Ints
    lift: Floats32 | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What censored demand needs beyond a series' own days: read once, used for every partition of the series.

    Attributes:
        pools: What series of a pool share.
        errors: How far estimates were off where the truth had been hidden.
    """

    pools: Pools
    errors: Errors


@dataclass(frozen=True, slots=True)
class Spread:
    """How far sums of `lost` may be off; see `error_draws` and `chance_variance`.

    Attributes:
        pool: Pool of each series, shape (series,).
        pool_sd: Standard deviation of the log of the error that all series of a pool share, shape (pools,).
        bias: True over estimated units where the truth had been hidden; told, not applied, shape (pools,).
        series_sd: Relative standard deviation of a series' own error, shape (series,).
        grain: Variance per unit expected, where little is expected [units], shape (series,).
        steady: Gamma shape of the luck a day's hours share, shape (series,).
    """

    pool: Ints
    pool_sd: Floats
    bias: Floats
    series_sd: Floats
    grain: Floats
    steady: Floats


@dataclass(frozen=True, slots=True)
class Demand:
    """What would have sold.

    Attributes:
        lost: Units that would have sold in the empty time; 0 where nothing was empty, NaN where it cannot be told, shape
            (series, days).
        rate: Expected demand of the whole day, from the other days of the series [units], NaN where the series is not
            known, same shape.
        known: Whether the record tells enough about the series, shape (series,).
        spread: What a range on a sum of `lost` needs.
    """

    lost: Floats32
    rate: Floats32
    known: Bools
    spread: Spread


def demand_statistics(shelf: ShelfDays, *, n_pools: int | None = None, seed: int = 1) -> Statistics:
    """Reads what series share from all series given, or from a sample of them.

    Args:
        shelf: Some or all series; their choice must not depend on what they sold.
        n_pools: Number of pools, if some have no series here.
        seed: Of the choice of at most MOST_SERIES series and of the days hidden to measure errors.
    """
    n_pools = int(shelf.pool.max(initial=-1)) + 1 if n_pools is None else n_pools
    chosen = slice(None)
    if len(shelf.pool) > MOST_SERIES:
        picked = np.random.default_rng(seed).choice(len(shelf.pool), MOST_SERIES, replace=False)
        chosen = np.sort(picked)  # type: ignore[assignment]
    lift = None if shelf.lift is None else shelf.lift[chosen]
    sold, stocked = _seen(shelf.sold[chosen], shelf.empty[chosen])
    pool = shelf.pool[chosen]
    pools = demand_pools.read_pools(sold, stocked, pool, shelf.weekday, lift, n_pools)
    return Statistics(pools, errors_by_hiding(sold, stocked, pools, pool, shelf.weekday, lift, seed))


def censored_demand(shelf: ShelfDays, *, statistics: Statistics | None = None, seed: int = 1) -> Demand:
    """Estimates what would have sold in the empty time of each series and day.

    Args:
        shelf: The series; any partition of them gives the same figures if `statistics` is given.
        statistics: From `demand_statistics`; read from these series if None.
        seed: Of the statistics, if they are read here.
    """
    statistics = demand_statistics(shelf, seed=seed) if statistics is None else statistics
    pools = statistics.pools
    lost, rate = np.empty_like(shelf.sold, dtype=np.float32), np.empty_like(shelf.sold, dtype=np.float32)
    exposure, total = np.empty(len(shelf.pool)), np.empty(len(shelf.pool))
    for first in range(0, len(shelf.pool), BLOCK):
        here = slice(first, first + BLOCK)
        lift = None if shelf.lift is None else shelf.lift[here]
        sold, stocked = _seen(shelf.sold[here], shelf.empty[here])
        rate[here] = demand_pools.rates(sold, stocked, pools, shelf.pool[here], shelf.weekday, lift)
        lost[here] = _lost(sold, stocked, shelf.empty[here], rate[here], pools, shelf.pool[here])
        lost[here][np.isnan(shelf.sold[here])] = np.nan
        exposure[here], total[here] = stocked.sum(axis=1, dtype=np.float64), sold.sum(axis=1, dtype=np.float64)
    known = exposure >= LEAST_DAYS
    rate[~known] = np.nan
    lost[~known[:, None] & (shelf.empty > 0)] = np.nan
    return Demand(lost, rate, known, _spread(statistics, shelf.pool, total))


def _seen(sold: Floats32, empty: Floats32) -> tuple[Floats32, Floats32]:
    """Units and share of demand with stock; both 0 where nothing can be learnt."""
    stocked = np.nan_to_num(1.0 - empty.astype(np.float32), nan=0.0)
    nothing = np.isnan(sold) | (stocked < LEAST_STOCKED)
    return np.where(nothing, np.float32(0), sold).astype(np.float32), np.where(nothing, np.float32(0), stocked)


def _lost(sold: Floats32, stocked: Floats32, empty: Floats32, rate: Floats32, pools: Pools, pool: Ints) -> Floats32:
    """The empty part of the day at its expected rate and with the luck seen in the stocked part."""
    grain, steady = (np.asarray(x[pool, None], np.float32) for x in (pools.grain, pools.steady))
    luck = (steady + sold / grain) / (steady + rate * stocked / grain)
    return np.asarray(empty * rate * luck, np.float32)


def _spread(statistics: Statistics, pool: Ints, total: Floats) -> Spread:
    pools, errors = statistics.pools, statistics.errors
    series_sd = np.sqrt(errors.common + errors.scarce / (1.0 + np.maximum(total, 0.0) / pools.grain[pool]))
    return Spread(pool, errors.pool_sd, errors.bias, series_sd, pools.grain[pool], pools.steady[pool])


def chance_variance(lost: Floats32, spread: Spread) -> Floats32:
    """Variance of the units themselves around their expectation, shape of `lost`; adds up over series and days."""
    grain, steady = (np.asarray(x[:, None], np.float32) for x in (spread.grain, spread.steady))
    return np.asarray(lost * (grain + lost / steady), np.float32)


def error_draws(spread: Spread, draws: int, seed: int = 1) -> Floats32:
    """Factors by which the lost units of each series may have to be multiplied, shape (draws, series), mean 1.

    A series keeps its factor over all days, a pool shares one. Multiply any sums of `lost` by series with them and add over
    series; then add normal draws with the summed `chance_variance` if the range is to hold for the units themselves and
    not for their expectation.
    """
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((draws, len(spread.pool_sd))) * spread.pool_sd - spread.pool_sd**2 / 2
    shape = 1.0 / np.maximum(spread.series_sd, 1e-3) ** 2
    own = rng.standard_gamma(shape, (draws, len(shape))) / shape
    found: Floats32 = (np.exp(common)[:, spread.pool] * own).astype(np.float32)
    return found
