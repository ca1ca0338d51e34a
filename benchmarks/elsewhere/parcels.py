"""Order lines on their way: released, picked in queues of first come first served, fetched by carriers, driven home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.elsewhere.buying import NOT_FOUND, OVERSOLD, SERVED, Shelves
from benchmarks.elsewhere.company import Company, Ways
from benchmarks.elsewhere.luck import Bools, Floats, Ints
from benchmarks.elsewhere.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Parcels:
    """Order lines; times in hours, nan where they do not happen.

    Attributes:
        wish: Index of the wish behind each line.
        promised, released, handed, delivered, cancelled: Times.
        reason: Why it was cancelled: 0 not, 1 customer waited too long, 2 not found, 3 gone.
    """

    wish: Ints
    promised: Floats
    released: Floats
    handed: Floats
    delivered: Floats
    cancelled: Floats
    reason: Ints


class Calendar:
    """Working time of somebody who works some hours of the week."""

    def __init__(self, week: Bools, first_weekday: int, days: int) -> None:
        hours = np.tile(week, days // 7 + 10)[24 * first_weekday :][: (days + 60) * 24].astype(np.float64)
        self._clock = np.arange(len(hours) + 1, dtype=np.float64)
        # A breath of progress outside working hours keeps the inverse unique.
        self._done = np.concatenate([[0.0], np.cumsum(hours)]) + 1e-7 * self._clock
        self._open = np.flatnonzero(hours > 0)

    def worked(self, at: Floats) -> Floats:
        """Working hours until a moment."""
        return np.asarray(np.interp(at, self._clock, self._done), np.float64)

    def when(self, worked: Floats) -> Floats:
        """The moment at which so many hours have been worked."""
        return np.asarray(np.interp(worked, self._done, self._clock), np.float64)

    def next_open(self, at: Floats) -> Floats:
        """Begin of the first open hour at or after a moment."""
        found = np.searchsorted(self._open, np.ceil(at)).clip(0, len(self._open) - 1)
        return np.asarray(self._open[found], np.float64)


def send(c: Company, w: Ways, wanted: Wishes, shelves: Shelves) -> Parcels:
    """Take all accepted lines through release, picking and carriage."""
    lines = np.flatnonzero(np.isin(shelves.fate, (SERVED, NOT_FOUND, OVERSOLD)))
    fate, at, draws = shelves.fate[lines], wanted.at[lines], wanted.draws[lines]
    channel = wanted.channel[lines]
    released = _release(w, at, channel, draws)
    handed = _pick(c, w, wanted, lines, released)
    delivered = _carry(c, w, wanted, lines, handed)
    promised = _promise(c, w, wanted, lines)
    shop = c.is_shop[channel]
    released[shop], handed[shop], delivered[shop], promised[shop] = at[shop], at[shop], at[shop], np.nan
    cancelled, reason = np.full(len(lines), np.nan), np.zeros(len(lines), np.int64)
    lost = (fate != SERVED) & ~shop
    cancelled[lost] = released[lost] + 4.0 + 10.0 * draws[lost, 2]
    reason[lost] = np.where(fate[lost] == NOT_FOUND, 2, 3)
    limit = promised + 24.0 * c.patience_days * (0.5 + draws[:, 3])
    tired = (handed > limit) & (draws[:, 4] < 0.5) & ~lost
    cancelled[tired], reason[tired] = limit[tired], 1
    gone = lost | tired
    handed[gone], delivered[gone] = np.nan, np.nan
    end = c.days * 24.0
    times = [np.where(x >= end, np.nan, x) for x in (released, handed, delivered, cancelled)]
    return Parcels(lines, promised, times[0], times[1], times[2], times[3], np.where(cancelled < end, reason, 0))


def _release(w: Ways, at: Floats, channel: Ints, draws: Floats) -> Floats:
    """Feeds bring orders in batches; some orders are looked at by people."""
    every = w.feed_hours[channel]
    came = np.where(every > 0.5, np.ceil(at / every) * every, at) + 0.2
    looked = draws[:, 5] < w.check_share[channel]
    hours = w.check_hours[channel] * (0.4 + 1.2 * draws[:, 6])
    return np.asarray(came + np.where(looked, hours, 0.05), np.float64)


def _pick(c: Company, w: Ways, wanted: Wishes, lines: Ints, released: Floats) -> Floats:
    category, node = c.category_of[wanted.sku[lines]], wanted.node[lines]
    zone, draws = c.zone[node, category], wanted.draws[lines]
    picked = released.copy()
    shop = c.is_shop[wanted.channel[lines]]
    for z in range(len(c.staffed)):
        mine = np.flatnonzero((zone == z) & ~shop)
        if len(mine) == 0:
            continue
        clock = Calendar(c.staffed[z], c.first.weekday(), c.days)
        mine = mine[np.argsort(released[mine], kind="stable")]
        each = 1.0 / w.pace[z]
        ready = clock.worked(released[mine]) - each * np.arange(len(mine))
        done = each * (np.arange(len(mine)) + 1) + np.maximum.accumulate(ready)
        picked[mine] = clock.when(done)
    mislaid = draws[:, 7] < w.mislaid[node, category]
    picked = picked + np.where(mislaid, w.mislaid_hours * (0.5 + draws[:, 8]), 0.3)
    carrier, handed = wanted.carrier[lines], picked.copy()
    for k in range(len(c.carrier)):
        mine = np.flatnonzero(carrier == k)
        handed[mine] = Calendar(c.handed[k], c.first.weekday(), c.days).next_open(picked[mine])
    return handed


def _drive(c: Company, carrier: Ints, day: Ints, steps: Ints) -> Ints:
    """The day after so many driving days of a carrier."""
    out = day.copy()
    for k in range(len(c.carrier)):
        drives = np.tile(c.drives[k], c.days // 7 + 12)[c.first.weekday() :].astype(np.int64)
        done = np.cumsum(drives)
        mine = carrier == k
        out[mine] = np.searchsorted(done, done[day[mine].clip(0, len(done) - 40)] + steps[mine])
    return out


def _carry(c: Company, w: Ways, wanted: Wishes, lines: Ints, handed: Floats) -> Floats:
    carrier, destination, draws = wanted.carrier[lines], wanted.destination[lines], wanted.draws[lines]
    slipped = draws[:, 9] < w.slip[carrier, destination]
    more = np.where(slipped, np.maximum(1, np.round(w.slip_days[carrier, destination] * (0.5 + draws[:, 10]))), 0)
    day = (handed // 24).astype(np.int64)
    for party, since, until in c.strikes:
        hit = (np.array([k == party for k in c.carrier])[carrier]) & (day >= since) & (day < until)
        more = np.where(hit, more + until - day, more)
    arrives = _drive(c, carrier, day, (c.roads[carrier, destination] + more).astype(np.int64))
    # What leaves and arrives on one day is driven at once.
    same = handed + 1.0 + 4.5 * draws[:, 11]
    return np.where(arrives > day, arrives * 24.0 + 9.0 + 9.5 * draws[:, 11], same)


def _promise(c: Company, w: Ways, wanted: Wishes, lines: Ints) -> Floats:
    """What the shop's page says at the moment of ordering: next pick-up, usual days on the road, some days more."""
    at, carrier, destination = wanted.at[lines], wanted.carrier[lines], wanted.destination[lines]
    channel, fetched = wanted.channel[lines], at.copy()
    for k in range(len(c.carrier)):
        mine = np.flatnonzero(carrier == k)
        fetched[mine] = Calendar(c.handed[k], c.first.weekday(), c.days).next_open(at[mine] + 5.0)
    steps = np.maximum(c.roads[carrier, destination] + np.floor(w.buffer_days[channel, destination]), 0)
    day = _drive(c, carrier, (fetched // 24).astype(np.int64), steps.astype(np.int64))
    return np.asarray(day * 24.0 + 21.0, np.float64)
