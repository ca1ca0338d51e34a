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

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain import demand_pools
from fourwalls.chain.demand_hiding import LEAST_DAYS, LEAST_SD, Errors, errors_by_hiding
from fourwalls.chain.demand_rates import Pools, Seen, rates

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# A day with less of its usual demand in time with stock tells nothing about its level.
LEAST_STOCKED = 0.02
# Days of series from which pools are read; more do not move them.
MOST_CELLS = 1_000_000
# Series worked on at a time, so that memory stays bounded.
BLOCK = 10_000


@dataclass(frozen=True, slots=True)
class ShelfDays:
    """What the record says of each series and day.

    Attributes:
        sold: Units sold; NaN where the record has no row, shape (series, days).
        empty: Share of the day's usual demand that fell into time without stock, 0..1; NaN where unknown, same shape.
        weekday: 0..6 of each day, shape (days,).
        pool: Which series share a weekly pattern and unevenness, numbered from 0, shape (series,).
        lift: What moves demand and is known (discount, promotion, holiday), shape (series, days, k); NaN counts as usual.
        peers: Series that the same events move on the same day, such as one sku in the stores of a region (a price, an
            offer, a shortage elsewhere), numbered from 0, -1 for none, shape (series,).
    """

    sold: Floats32
    empty: Floats32
    weekday: Ints
    pool: Ints
    lift: Floats32 | None = None
    peers: Ints | None = None


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
    """How far sums of `lost` may be off; `sum_draws` turns it into draws of sums.

    Attributes:
        pool: Pool of each series, shape (series,).
        bias: True over estimated units where the truth had been hidden; told, not applied, shape (pools,).
        all_sd: Relative standard deviation of an error that all series share.
        pool_sd: Of the one that the series of a pool share over all days.
        week_sd: Of the one that they share within a week.
        series_sd: Of a series' own, shape (series,).
        grain: Variance per unit expected, where little is expected [units], shape (series,).
        steady: Gamma shape of the luck a day's hours share, shape (series,).
    """

    pool: Ints
    bias: Floats
    all_sd: float
    pool_sd: float
    week_sd: float
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
        seed: Of the choice of series (at most MOST_CELLS days of them) and of the days hidden to measure errors.
    """
    n_pools = max(int(shelf.pool.max(initial=0)) + 1, n_pools or 1)
    every = np.arange(len(shelf.pool))
    most = max(MOST_CELLS // max(len(shelf.weekday), 1), 1)
    rows = np.sort(np.random.default_rng(seed).choice(every, most, replace=False)) if len(every) > most else every
    seen = seen_of(shelf, rows)
    pools = demand_pools.read_pools(seen, n_pools)
    errors = errors_by_hiding(seen, pools, seed)
    if shelf.peers is not None and len(rows) < len(every):
        # Events are told by all peers, of which a sample may hold too few.
        groups = int(shelf.peers.max(initial=-1)) + 1
        pools = replace(pools, event=np.ones((groups, len(shelf.weekday)), np.float32))
        parts = [demand_pools.event_sums(pools, seen_of(shelf, b)) for b in _blocks(len(every))]
        got, due, members = (np.sum(x, axis=0) for x in zip(*parts, strict=True))
        pools = demand_pools.with_events(pools, got, due, members)
    return Statistics(pools, errors)


def _blocks(n: int) -> list[slice]:
    return [slice(first, first + BLOCK) for first in range(0, n, BLOCK)]


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
    for here in _blocks(len(shelf.pool)):
        seen = seen_of(shelf, here)
        rate[here] = rates(pools, seen)
        lost[here] = _lost(seen, shelf.empty[here], rate[here], pools)
        lost[here][np.isnan(shelf.sold[here])] = np.nan
        exposure[here], total[here] = (
            seen.stocked.sum(axis=1, dtype=np.float64),
            seen.sold.sum(axis=1, dtype=np.float64),
        )
    known = exposure >= LEAST_DAYS
    rate[~known] = np.nan
    lost[~known[:, None] & (shelf.empty > 0)] = np.nan
    return Demand(lost, rate, known, _spread(statistics, shelf.pool, total))


def seen_of(shelf: ShelfDays, rows: slice | Ints) -> Seen:
    """Some series; units and share of demand with stock are 0 where nothing can be learnt."""
    # More returns than sales on a day are no demand below nothing.
    sold, stocked = (
        np.maximum(shelf.sold[rows], 0),
        np.nan_to_num(1.0 - np.asarray(shelf.empty[rows], np.float32), nan=0.0),
    )
    nothing = np.isnan(sold) | (stocked < LEAST_STOCKED)
    pool = shelf.pool[rows]
    return Seen(
        sold=np.where(nothing, np.float32(0), sold).astype(np.float32),
        stocked=np.where(nothing, np.float32(0), stocked),
        pool=pool,
        peers=np.full(len(pool), -1) if shelf.peers is None else shelf.peers[rows],
        weekday=shelf.weekday,
        lift=None if shelf.lift is None else shelf.lift[rows],
    )


def _lost(seen: Seen, empty: Floats32, rate: Floats32, pools: Pools) -> Floats32:
    """The empty part of the day at its expected rate and with the luck seen in the stocked part."""
    grain, steady = (np.asarray(x[seen.pool, None], np.float32) for x in (pools.grain, pools.steady))
    luck = (steady + seen.sold / grain) / (steady + rate * seen.stocked / grain)
    return np.asarray(empty * rate * luck, np.float32)


def _spread(statistics: Statistics, pool: Ints, total: Floats) -> Spread:
    pools, errors = statistics.pools, statistics.errors
    series_sd = np.sqrt(errors.common + errors.scarce / (1.0 + np.maximum(total, 0.0) / pools.grain[pool]))
    own = (series_sd, pools.grain[pool], pools.steady[pool])
    return Spread(pool, errors.bias, LEAST_SD, errors.pool_sd, errors.week_sd, *own)


def chance_variance(lost: Floats32, spread: Spread) -> Floats32:
    """Variance of the lost units of a day around what was expected, shape of `lost`; adds up over series and days."""
    grain, steady = (np.asarray(x[:, None], np.float32) for x in (spread.grain, spread.steady))
    return np.asarray(lost * (grain + lost / steady), np.float32)


def sum_draws(
    lost: Floats, chance: Floats, group: Ints, spread: Spread, *, draws: int = 999, seed: int = 1
) -> Floats32:
    """Draws of sums of lost units over groups of series: their quantiles are ranges for the true sums.

    A factor shared by all series, one for each pool, one for each pool and week, one for each group and week, one for each
    series, and the chance of the units themselves. What moves a group in a week (a store's custom, a town's weather) is
    taken to be as large as what was measured for pools. Sums over weeks of a draw are draws of the sum.

    Args:
        lost: Lost units by series and week (or any part of them, such as what a repair recovers), shape (series, weeks).
        chance: `chance_variance` summed likewise; zeros if the range is to hold for expected, not for actual units.
        group: Group of each series, from 0; negative for none, shape (series,).
        spread: Of these series, in their order.
        draws: How many.
        seed: Of the draws.

    Returns:
        Shape (draws, groups, weeks).
    """
    rng = np.random.default_rng(seed)
    n_groups, weeks = int(group.max(initial=-1)) + 1, lost.shape[1]
    everywhere = error_factors(rng, spread.all_sd, (draws, 1))
    of_pool = error_factors(rng, spread.pool_sd, (draws, len(spread.bias), 1))
    of_week = error_factors(rng, spread.week_sd, (draws, len(spread.bias), weeks))
    of_group = error_factors(rng, spread.week_sd, (draws, n_groups, weeks))
    found, chances = np.zeros((draws, n_groups, weeks)), np.zeros((n_groups, weeks))
    for member in np.unique(np.stack([group, spread.pool]), axis=1).T:
        if member[0] < 0:
            continue
        mine = np.flatnonzero((group == member[0]) & (spread.pool == member[1]))
        shape = 1.0 / np.maximum(spread.series_sd[mine], 1e-3) ** 2
        own = rng.standard_gamma(shape, (draws, len(mine))) / shape
        found[:, member[0]] += own @ lost[mine] * of_pool[:, member[1]] * of_week[:, member[1]] * everywhere
        chances[member[0]] += chance[mine].sum(axis=0)
    found = found * of_group + rng.standard_normal(found.shape) * np.sqrt(chances)
    return np.maximum(found, 0.0).astype(np.float32)


def error_factors(rng: np.random.Generator, sd: float, shape: tuple[int, ...]) -> Floats:
    """Log-normal factors of mean 1."""
    log_sd = np.sqrt(np.log1p(sd**2))
    return np.asarray(np.exp(log_sd * rng.standard_normal(shape) - log_sd**2 / 2), np.float64)
