"""What series that sell alike share: weekly pattern, what moves demand, how uneven days are, how much series differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.demand_rates import Pools, Seen, factors, known_before, rates, sums_by

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

ROUNDS, SPREAD_ROUNDS, REACH_AFTER = 5, 3, (1, 3)
# Half-lives [days] of the weight of days around and strengths [grains] of a series' own mean among which its own days choose.
HALF_LIVES = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
STRENGTHS = (1.0, 4.0, 16.0, 64.0, 256.0)
# Shapes beyond which chance alone is meant.
MOST_ALIKE, MOST_STEADY, MOST_UNSTEADY = 1e3, 1e6, 4.0
# A day's surprise counts at most so many standard deviations when spread is measured: one bulk sale is no pattern.
MOST_SURPRISE = 6.0
# Most a lift column may change the log of demand, per standard deviation of the column.
MOST_SLOPE = 2.0
# Days of a series that a pool's spread needs before it counts as much as that of all pools.
CELLS = 2_000.0
# Series that must share an event for it to be told from one series' luck; days on which the reach is tried.
LEAST_PEERS, FORETOLD = 5, 300_000
# Share of days that sold which sold less than a piece, as records have it.
PIECE = 0.01
# Squared relative difference that factors are always allowed, and the most they are.
LEAST_BETWEEN, MOST_BETWEEN = 1e-6, 1.0


def read_pools(seen: Seen, n_pools: int, like: Pools | None = None) -> Pools:
    """Fits what pools share by turns: each part by the sales that the others leave unexplained.

    Args:
        seen: The series to learn from.
        n_pools: Number of pools, also of those that no series given belongs to.
        like: Whose reach over days is taken as it is; None to look for it.
    """
    pools = _first(seen, n_pools)
    if like is not None:
        pools = replace(pools, decay=like.decay, strength=like.strength)
    for turn in range(ROUNDS):
        rate = rates(pools, seen)
        pools = _spread(pools, seen, rate)
        weight = (1.0 / (1.0 + rate * seen.stocked / (pools.grain * pools.steady)[seen.pool, None])).astype(np.float32)
        got, due = weight * seen.sold, weight * rate * seen.stocked
        for part in (_slopes, _calendar, _events):
            # What one part now explains must not be explained again by the next.
            before = factors(pools, seen)
            pools = part(pools, seen, got, due)
            due = due * (factors(pools, seen) / before)
        pools = _levels(pools, seen)
        if like is None and turn in REACH_AFTER:
            pools = _reach(pools, seen)
    return pools


def _first(seen: Seen, n_pools: int) -> Pools:
    sold, stocked, lift = seen.sold, seen.stocked, seen.lift
    per_day = max(float(sold.sum(dtype=np.float64)) / max(float(stocked.sum(dtype=np.float64)), 1.0), 1e-6)
    k = 0 if lift is None else lift.shape[2]
    steps = sold[sold > 0]
    ones = np.ones(n_pools)
    return Pools(
        week=np.ones((n_pools, 7)),
        day=np.ones((n_pools, sold.shape[1])),
        event=np.ones((int(seen.peers.max(initial=-1)) + 1, sold.shape[1]), np.float32),
        slope=np.zeros((n_pools, k)),
        lift_mean=np.zeros(0) if lift is None else _mean_lift(lift),
        mean=ones * per_day,
        alike=ones,
        grain=ones * (float(np.median(steps)) if steps.size else 1.0),
        steady=ones * 3.0,
        decay=0.5 ** (1.0 / 16.0),
        strength=16.0,
        piece=_pieces(seen, n_pools),
    )


def _mean_lift(lift: Floats32) -> Floats:
    known = np.isfinite(lift).sum(axis=(0, 1))
    return np.asarray(np.nan_to_num(lift).sum(axis=(0, 1), dtype=np.float64) / np.maximum(known, 1), np.float64)


def _pieces(seen: Seen, n_pools: int) -> Floats:
    steps = seen.sold[seen.sold > 0]
    found = np.full(n_pools, float(np.quantile(steps, PIECE)) if steps.size else 1.0)
    for pool in np.unique(seen.pool):
        mine = seen.sold[seen.pool == pool]
        if (mine > 0).sum() * PIECE >= 1.0:
            found[pool] = np.quantile(mine[mine > 0], PIECE)
    return found


def _spread(pools: Pools, seen: Seen, rate: Floats32) -> Pools:
    """Grain and steadiness, from how far sales lie from what was expected, whatever rule ended the day.

    Squares alone would not do: a shelf that its own sales emptied shows less spread than its customers had. Given the luck g
    of a day, E(x - g M)^2 = grain E(g M) however the day was stopped, and over all days E(g - 1)^2 = 1 / steady. With the
    posterior of g, gamma(steady + x / grain, steady + M / grain), in place of g these are two equations in what is seen:
    grain x sum w M + (1 / steady) sum w x M = sum w (x - M)^2 and
    grain x sum v (2 M - x) + (1 / steady) sum v M^2 = sum v (x - M)^2, where w and v hold (1 + M / (grain x steady))^-2 and
    weights that depend on the whole day's rate only, which is known before the day begins.
    """
    n = len(pools.mean)
    open_ = seen.stocked > 0
    due, cells = rate * seen.stocked, sums_by(open_.sum(axis=1).astype(np.float64), seen.pool, n)
    own = cells / (cells + CELLS)
    for _ in range(SPREAD_ROUNDS):
        grain, steady = (np.asarray(x[seen.pool, None], np.float32) for x in (pools.grain, pools.steady))
        most = MOST_SURPRISE**2 * (due * (grain + due / steady) + grain**2)
        square = np.minimum((seen.sold - due) ** 2, most)
        again = np.where(open_, (1.0 + due / (grain * steady)) ** -2 / (grain + 2.0 * rate), np.float32(0))
        weight = again / (grain + 2.0 * rate)
        rows = (
            weight * due, weight * seen.sold * due, weight * square,
            again * (2.0 * due - seen.sold), again * due**2, again * square,
        )  # fmt: skip
        sums = np.stack([sums_by(r.sum(axis=1, dtype=np.float64), seen.pool, n) for r in rows])
        grains, unsteady = _two(
            np.concatenate([sums, sums.sum(axis=1, keepdims=True)], axis=1), np.append(pools.piece, pools.piece.mean())
        )
        shared = np.median(grains[:-1][cells > 0]) if (cells > 0).any() else grains[-1]
        pools = replace(
            pools,
            grain=own * grains[:-1] + (1 - own) * shared,
            steady=1.0 / (own * unsteady[:-1] + (1 - own) * unsteady[-1]),
        )
    return pools


def _two(sums: Floats, piece: Floats) -> tuple[Floats, Floats]:
    """Grain and 1 / steady of a x + b y = c, d x + e y = f by pool, the second not negative and the first no less than a piece."""
    a, b, c, d, e, f = sums
    alone = c / np.maximum(a, 1e-30)
    det = a * e - b * d
    told = det > 1e-6 * a * e
    det = np.where(told, det, 1.0)
    grain = np.where(told, (c * e - b * f) / det, alone)
    unsteady = np.where(told, (a * f - c * d) / det, 0.0)
    grain = np.where(unsteady <= 1.0 / MOST_STEADY, alone, grain)
    small = grain < piece
    grain = np.maximum(np.where(small, piece, grain), 1e-9)
    unsteady = np.where(small, (c - a * grain) / np.maximum(b, 1e-30), unsteady)
    return grain, np.clip(unsteady, 1.0 / MOST_STEADY, MOST_UNSTEADY)


def _slopes(pools: Pools, seen: Seen, got: Floats32, due: Floats32) -> Pools:
    """One Newton step of the log effect of each lift column, drawn towards that of all pools."""
    if seen.lift is None:
        return pools
    lift, pool = seen.lift, seen.pool
    n, k = len(pools.mean), lift.shape[2]
    centred = np.nan_to_num(lift - pools.lift_mean.astype(np.float32))
    scale = np.maximum(centred.reshape(-1, k).std(axis=0, dtype=np.float64), 1e-9)
    gradient, curve = np.zeros((n, k)), np.zeros((n, k, k))
    left = got - due
    for i in range(k):
        # Within series only: what is always discounted says nothing about what a discount does.
        zi = _within(centred[:, :, i], due)
        gradient[:, i] = sums_by((left * zi).sum(axis=1, dtype=np.float64), pool, n) / scale[i]
        for j in range(i, k):
            zj = _within(centred[:, :, j], due) if j != i else zi
            curve[:, i, j] = curve[:, j, i] = sums_by((due * zi * zj).sum(axis=1, dtype=np.float64), pool, n) / (
                scale[i] * scale[j]
            )
    grain = pools.grain[:, None]
    gradient, curve = gradient / grain, curve / grain[:, :, None]
    now = pools.slope * scale
    common = np.linalg.solve(
        curve.sum(axis=0) + np.eye(k), (gradient + np.einsum("pij,pj->pi", curve, now)).sum(axis=0)
    )
    # A pool's own effect differs from the common one by about 0.25 per standard deviation of the column.
    prior = 16.0 * np.eye(k)
    target = gradient + np.einsum("pij,pj->pi", curve, now) + prior @ common
    step = np.linalg.solve(curve + prior, target[:, :, None])[:, :, 0]
    return replace(pools, slope=np.clip(step, -MOST_SLOPE, MOST_SLOPE) / scale)


def _within(column: Floats32, due: Floats32) -> Floats32:
    total = np.maximum(due.sum(axis=1, keepdims=True), 1e-12)
    found: Floats32 = column - (column * due).sum(axis=1, keepdims=True) / total
    return found


def _calendar(pools: Pools, seen: Seen, got: Floats32, due: Floats32) -> Pools:
    """Factors of weekdays and of single days; each drawn towards what is common by as much as chance explains."""
    n, pool, weekday = len(pools.mean), seen.pool, seen.weekday
    got_by_day, due_by_day = sums_by(got, pool, n), sums_by(due, pool, n)
    without = due_by_day / (pools.week[:, weekday] * pools.day)
    in_week = np.zeros((weekday.size, 7))
    in_week[np.arange(weekday.size), weekday] = 1.0
    got_week, due_week = got_by_day @ in_week, (without * pools.day) @ in_week
    # One grain beforehand: a day on which nobody sold is no day on which nobody can.
    grain = pools.grain.mean()
    common = (grain + got_week.sum(axis=0)) / (grain + due_week.sum(axis=0))
    week = _drawn(got_week, due_week, common, pools.grain)
    usual = np.bincount(weekday, minlength=7) / weekday.size
    week /= (week @ usual)[:, None]
    expected = without * week[:, weekday]
    together = (grain + got_by_day.sum(axis=0)) / (grain + expected.sum(axis=0))
    day = _drawn(got_by_day, expected, together, pools.grain)
    return replace(pools, week=week, day=day / day.mean(axis=1, keepdims=True))


def _drawn(got: Floats, due: Floats, common: Floats, grain: Floats) -> Floats:
    """Ratios got / due by row, drawn towards the common ones: gamma prior, its strength from how rows differ."""
    weight = due / grain[:, None] * np.maximum(common, 1e-12)
    ratio = got / np.maximum(due * common, 1e-12)
    prior = 1.0 / _between(ratio, weight, got.shape[1])
    found: Floats = common * (prior + got / grain[:, None]) / (prior + weight)
    return found


def _between(ratio: Floats, weight: Floats, fitted: int) -> float:
    """Variance of ratios around 1 beyond chance 1 / weight: the moment estimate of DerSimonian and Laird (1986)."""
    seen = weight > 0
    q = float((weight * (ratio - 1.0) ** 2)[seen].sum())
    total = max(float(weight.sum()), 1e-12)
    spread = max(total - float((weight**2).sum()) / total, 1e-12)
    return float(np.clip((q - max(int(seen.sum()) - fitted, 1)) / spread, LEAST_BETWEEN, MOST_BETWEEN))


def _events(pools: Pools, seen: Seen, got: Floats32, due: Floats32) -> Pools:
    return with_events(pools, *_event_sums(pools, seen, got, due))


def event_sums(pools: Pools, seen: Seen) -> tuple[Floats, Floats, Ints]:
    """What `with_events` needs, summed over the series given; sums over parts of the series add up."""
    rate = rates(pools, seen)
    weight = (1.0 / (1.0 + rate * seen.stocked / (pools.grain * pools.steady)[seen.pool, None])).astype(np.float32)
    return _event_sums(pools, seen, weight * seen.sold, weight * rate * seen.stocked)


def _event_sums(pools: Pools, seen: Seen, got: Floats32, due: Floats32) -> tuple[Floats, Floats, Ints]:
    n = len(pools.event)
    grain = pools.grain[seen.pool, None].astype(np.float32)
    due_by = sums_by(due / grain, seen.peers, n) / pools.event
    return sums_by(got / grain, seen.peers, n), due_by, np.bincount(seen.peers[seen.peers >= 0], minlength=n)


def with_events(pools: Pools, got: Floats, due: Floats, members: Ints) -> Pools:
    """Pools with factors of single days for peers, where there are enough to tell an event from one series' luck.

    Args:
        pools: All but the events.
        got: Sold by group of peers and day [grains], weighted as in `event_sums`.
        due: Due without any event, likewise.
        members: Series of each group.
    """
    enough = (members >= LEAST_PEERS)[:, None]
    if not enough.any():
        return pools
    due = np.where(enough, due, 0.0)
    prior = 1.0 / _between(got / np.maximum(due, 1e-12), due, 0)
    event = np.where(enough, (prior + got) / (prior + due), 1.0)
    return replace(pools, event=np.asarray(event / event.mean(axis=1, keepdims=True), np.float32))


def _levels(pools: Pools, seen: Seen) -> Pools:
    """Mean and likeness of the levels of the series of a pool, by moments."""
    n = len(pools.mean)
    pool = seen.pool
    due = (seen.stocked * factors(pools, seen)).sum(axis=1, dtype=np.float64)
    known = due > 1.0
    level = seen.sold.sum(axis=1, dtype=np.float64) / np.maximum(due, 1e-9)
    count = sums_by(known.astype(np.float64), pool, n)
    mean = sums_by(np.where(known, level, 0.0), pool, n) / np.maximum(count, 1.0)
    everywhere = float(level[known].mean()) if known.any() else 1.0
    mean = (count * mean + everywhere) / (count + 1.0)
    chance = pools.grain[pool] * level / np.maximum(due, 1e-9)
    square = sums_by(np.where(known, (level - mean[pool]) ** 2 - chance, 0.0), pool, n)
    # One pseudo-series that lies a mean away: a pool of few series is not taken to be alike.
    between = (np.maximum(square, 0.0) + mean**2) / (count + 1.0)
    mean = np.maximum(mean, 1e-6)
    return replace(pools, mean=mean, alike=np.clip(mean**2 / np.maximum(between, 1e-12), 0.05, MOST_ALIKE))


def _reach(pools: Pools, seen: Seen) -> Pools:
    """How far the days around count: the reach under which each day is best foretold by the others."""
    from fourwalls.chain.demand_kernels import expect

    few = seen.of(slice(None, None, max(-(-seen.sold.size // FORETOLD), 1)))
    factor, grain, steady = factors(pools, few), pools.grain[few.pool], pools.steady[few.pool]
    best, chosen = np.inf, pools
    rate = np.empty_like(few.sold)
    for half_life in HALF_LIVES:
        for strength in STRENGTHS:
            tried = replace(pools, decay=0.5 ** (1.0 / half_life), strength=strength)
            expect(few.sold, few.stocked, factor, known_before(tried, few.pool), tried.decay, rate)
            loss = _loss(few.sold, rate * few.stocked, grain, steady)
            if loss < best:
                best, chosen = loss, tried
    return chosen


def _loss(sold: Floats32, due: Floats32, grain: Floats, steady: Floats) -> float:
    """Negative binomial log loss in units of the grain, without what does not depend on `due`."""
    n, m = sold / grain[:, None], np.maximum(due / grain[:, None], 1e-9)
    k = np.minimum(steady, 1e4)[:, None]
    return float(((n + k) * np.log(k + m) - n * np.log(m) - k * np.log(k)).sum())
