"""Expected demand of a series from its own days and from what it shares with others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be learnt from.

    Attributes:
        sold: Units sold, 0 where unknown, shape (series, days).
        stocked: Share of the day's usual demand that fell into time with stock, 0 where unknown, same shape.
        pool: Pool of each series.
        peers: Group of each series that the same events move, from 0; -1 for none.
        weekday: Weekday of each day.
        lift: What moves demand, shape (series, days, k).
    """

    sold: Floats32
    stocked: Floats32
    pool: Ints
    peers: Ints
    weekday: Ints
    lift: Floats32 | None

    def of(self, rows: slice | Ints) -> Seen:
        """Some of the series."""
        lift = None if self.lift is None else self.lift[rows]
        return replace(
            self,
            sold=self.sold[rows],
            stocked=self.stocked[rows],
            pool=self.pool[rows],
            peers=self.peers[rows],
            lift=lift,
        )


@dataclass(frozen=True, slots=True)
class Pools:
    """What is read off many series together, and used for each of them.

    Attributes:
        week: Factor of each weekday, shape (pools, 7).
        day: Factor of each day beyond its weekday, shape (pools, days).
        event: Factor of each day for a group of peers beyond that, shape (groups, days).
        slope: Effect of each lift column on the log of demand, shape (pools, k).
        lift_mean: Mean of each lift column, from which its effect counts, shape (k,).
        mean: Units a usual series sells on a usual day, shape (pools,).
        alike: Gamma shape of the levels of series within a pool: large where they are alike, shape (pools,).
        grain: Variance of a day's sales per unit expected, where little is expected [units], shape (pools,).
        steady: Gamma shape of the luck that all hours of a day share; large if there is none, shape (pools,).
        decay: What a day further away counts less, 0..1.
        strength: What a series' mean over all days counts against the days around [grains].
        piece: What sales come in at least: a small quantile of the sales of days that sold [units], shape (pools,).
    """

    week: Floats
    day: Floats
    event: Floats32
    slope: Floats
    lift_mean: Floats
    mean: Floats
    alike: Floats
    grain: Floats
    steady: Floats
    decay: float
    strength: float
    piece: Floats


def factors(pools: Pools, seen: Seen) -> Floats32:
    """What weekday, day, events and lift make of a series' level, shape (series, days)."""
    base = (pools.week[:, seen.weekday] * pools.day).astype(np.float32)
    found: Floats32 = base[seen.pool]
    with_peers = np.flatnonzero((seen.peers >= 0) & (seen.peers < len(pools.event)))
    found[with_peers] *= pools.event[seen.peers[with_peers]]
    if seen.lift is not None:
        moved = np.zeros_like(found)
        slope, mean = pools.slope.astype(np.float32), pools.lift_mean.astype(np.float32)
        for i in range(seen.lift.shape[2]):
            moved += np.nan_to_num(seen.lift[:, :, i] - mean[i]) * slope[seen.pool, i, None]
        found *= np.exp(moved)
    return found


def known_before(pools: Pools, pool: Ints) -> Floats:
    """What is known of each series before its own days are looked at, as `demand_kernels.expect` reads it."""
    columns = (pools.mean, pools.alike, pools.grain, pools.steady, np.full(len(pools.mean), pools.strength))
    return np.stack([c[pool] for c in columns], axis=1)


def rates(pools: Pools, seen: Seen) -> Floats32:
    """Expected demand of each whole day, from the other days of the series, shape (series, days)."""
    from fourwalls.chain.demand_kernels import expect

    rate = np.empty_like(seen.sold)
    expect(seen.sold, seen.stocked, factors(pools, seen), known_before(pools, seen.pool), pools.decay, rate)
    return rate


def sums_by(values: npt.NDArray[np.floating], key: Ints, n: int) -> Floats:
    """Sums of rows by key, shape (n, ...); rows with a negative key belong to none."""
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(key[order], 0) :]
    found = np.zeros((n, *values.shape[1:]))
    if order.size:
        present, starts = np.unique(key[order], return_index=True)
        found[present] = np.add.reduceat(values[order], starts, axis=0, dtype=np.float64)
    return found
