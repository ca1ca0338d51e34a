"""Stock that is only on record: runs of days without a sale that are too long to be chance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.demand import ShelfDays, Statistics, seen_of
from fourwalls.chain.demand_rates import factors

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Chance that a healthy record shows any phantom run at all.
FALSE_ALARM = 0.01
# Two days without a sale are a shelf that was filled late; a record is wrong for longer.
LEAST_RUN_DAYS = 3
# Days before and after a run that tell what it should have sold.
AROUND_DAYS = 28


@dataclass(frozen=True, slots=True)
class Phantom:
    """Days on which stock stood on record and hardly on the shelf.

    Attributes:
        days: Whether the day belongs to such a run, shape (series, days).
        runs: Runs of at least LEAST_RUN_DAYS days without a sale that were looked at.
        series, first, last: Of each run found, shape (found,).
        chance: How likely a run so empty is in a healthy record, before allowing for how many were looked at, (found,).
    """

    days: Bools
    runs: int
    series: Ints
    first: Ints
    last: Ints
    chance: Floats


def phantom_days(shelf: ShelfDays, on_hand: Floats32, statistics: Statistics, *, runs: int | None = None) -> Phantom:
    """Finds runs of zero sales, with stock on record all the while, that what sold around them makes too unlikely.

    N grains sold in the AROUND_DAYS days before, on exposure E, tell the level of the run; a day that should sell m sells
    nothing with chance (1 + m / (grain x steady)) ^ -steady (negative binomial in pieces of a grain). Averaged over what N
    leaves open about the level, a run is so empty with chance (1 + surprise / N) ^ -N; for Poisson sales that is the exact
    chance that all N fell outside the run. The same is asked of the days after, and the larger chance counts: demand that
    changed its level during the run explains a silence as well as a bare shelf does. Bonferroni's bound over all runs keeps
    the chance of any false alarm at FALSE_ALARM. Runs at the ends of the record are not judged: demand may have ended.

    Args:
        shelf: The record.
        on_hand: Closing stock on record [units]; NaN where unknown, shape (series, days).
        statistics: From `demand_statistics`.
        runs: Runs looked at in all partitions, if these are only some of the series.
    """
    seen = seen_of(shelf, slice(None))
    pools = statistics.pools
    # Events are left out: a product that no store sells on a day may be on no shelf that day.
    usual = seen.stocked * factors(replace(pools, event=pools.event[:0]), seen)
    grain, steady = pools.grain[seen.pool], pools.steady[seen.pool]
    series, first, last = _runs(shelf, on_hand)
    n_days = shelf.sold.shape[1]
    sold_to, due_to = _running(seen.sold / grain[:, None]), _running(usual)
    low, high = np.maximum(first - AROUND_DAYS, 0), np.minimum(last + 1 + AROUND_DAYS, n_days)
    due = due_to[series, last + 1] - due_to[series, first]
    # The day that should sell most bounds how much luck, shared by the hours of a day, can explain.
    most = np.array([usual[s, a : b + 1].max() for s, a, b in zip(series, first, last, strict=True)])
    chance = np.zeros(len(series))
    for start, end in ((low, first), (last + 1, high)):
        units = sold_to[series, end] - sold_to[series, start]
        level = units / np.maximum(due_to[series, end] - due_to[series, start], 1e-9)
        # log1p(x) / x falls with x: at the largest day it understates what the others say.
        slack = np.log1p(level * most / steady[series]) / np.maximum(level * most / steady[series], 1e-12)
        surprise = level * due * np.minimum(slack, 1.0)
        chance = np.maximum(chance, np.exp(-units * np.log1p(surprise / np.maximum(units, 1e-9))))
    found = chance * max(len(chance) if runs is None else runs, 1) <= FALSE_ALARM
    marked = np.zeros((len(shelf.pool), n_days + 1), np.int64)
    np.add.at(marked, (series[found], first[found]), 1)
    np.add.at(marked, (series[found], last[found] + 1), -1)
    kept = (series[found], first[found], last[found], chance[found])
    return Phantom(np.cumsum(marked, axis=1)[:, :-1] > 0, len(chance), *kept)


def on_record(closing: Floats32, empty: Floats32, *, told: bool) -> Floats32:
    """Stock on record [units]: the closing stock; where shelves are told empty or not and no stock is ever counted, some.

    Where both are recorded, somebody looked at the shelf besides the books, and a silence is what it is: no stock is given.

    Args:
        closing: Closing stock [units]; NaN where unknown, shape (series, days).
        empty: Share of the day without stock; NaN where unknown, same shape.
        told: Whether the record says itself when shelves are empty.
    """
    if not told:
        return closing
    uncounted = ~np.isfinite(closing).any(axis=1, keepdims=True)
    return np.where(uncounted & (empty == 0), np.float32(1.0), np.float32(np.nan))


def _runs(shelf: ShelfDays, on_hand: Floats32) -> tuple[Ints, Ints, Ints]:
    """Series, first and last day of each run of days without a sale and with stock from the evening before on."""
    bare = (shelf.sold == 0) & (on_hand > 0) & (shelf.empty == 0)
    bare[:, 1:] &= on_hand[:, :-1] > 0
    bare[:, 0] = False
    edge = np.zeros((len(bare), 1), np.int8)
    change = np.diff(bare.astype(np.int8), axis=1, prepend=edge, append=edge)
    series, first = np.nonzero(change == 1)
    last = np.nonzero(change == -1)[1] - 1
    long_ = last + 1 - first >= LEAST_RUN_DAYS
    return series[long_], first[long_], last[long_]


def _running(values: Floats | Floats32) -> Floats:
    """Sums of all days before each day, shape (series, days + 1)."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=np.float64)], axis=1)
