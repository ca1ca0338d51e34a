"""At which position shelves are ordered for, beside the reorder point that textbooks set for what customers wanted.

Where nobody writes forecasts down, the orders still tell what somebody expected: the position (on hand and on order) at
which they were made. It has to last for the lead time and the review, and for bad luck meanwhile: m·(L + R) + z·σ (Silver,
Pyke and Peterson 1998, section 7.7; Axsäter 2015, section 5.3). Real policies are rough, so that only positions outside a
wide band are a fault: below it even the least of reasonable rates and the dates suppliers confirm leave stock at too little;
above it the highest rate, a whole cycle ordered early, a broken case and uncertain lead times do not explain it.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fourwalls.chain.levels import Lanes, Levels, decided_day, drawn_on
from fourwalls.chain.shifts import WEEKS_PER_BLOCK, sure_part
from fourwalls.chain.supply import DAY_S, Supplies

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LOW_SERVICE, HIGH_SERVICE = 0.80, 0.999
"""Shares of order cycles without a stock-out between which any safety stock is somebody's choice."""

# A mean over fewer of the days asked for is no mean.
_LEAST_PART = 0.5
_LEAST_ORDERS = 3
_BLOCK_DAYS = 7 * WEEKS_PER_BLOCK


@dataclass(frozen=True, slots=True)
class Wanted:
    """What customers wanted of each shelf and, through it, of those it refills.

    Attributes:
        upto: Units on all days before each, shape (shelves, days + 1).
        known: Days of them that lie in the shelf's record, same shape.
        week_sd: Standard deviation of a week's units, shape (shelves,).
        around_sd: The same around the mean of 13 weeks, so that season is no risk.
    """

    upto: Floats
    known: Floats
    week_sd: Floats
    around_sd: Floats

    def mean(self, shelf: Ints, start: Floats | Ints, end: Floats | Ints) -> Floats:
        """Units a day from `start` to before `end`; NaN where half of those days or more lie outside the record."""
        last = self.upto.shape[1] - 1
        a, b = (np.clip(np.round(x), 0, last).astype(np.int64) for x in (start, end))
        days = self.known[shelf, b] - self.known[shelf, a]
        enough = days >= np.maximum(_LEAST_PART * (end - start), 1.0)
        return np.where(enough, (self.upto[shelf, b] - self.upto[shelf, a]) / np.maximum(days, 1.0), np.nan)


def wanted_of(units: Floats32, active: Bools, donor: Ints) -> Wanted:
    """What was wanted through each shelf.

    Args:
        units: Wanted from each shelf by its own customers, shape (shelves, days).
        active: Days inside each shelf's record, same shape.
        donor: Shelf that refills each, −1 for none, shape (shelves,).
    """
    through = drawn_on(np.where(active, units, 0.0).astype(np.float64), donor)
    zero = np.zeros((len(through), 1))
    upto, known = (np.concatenate([zero, np.cumsum(x, axis=1)], axis=1) for x in (through, active.astype(np.float64)))
    week = np.arange(7, upto.shape[1], 7)
    of_week, whole = upto[:, week] - upto[:, week - 7], known[:, week] - known[:, week - 7] >= 7
    low, high = np.maximum(week - 49, 0), np.minimum(week + 42, upto.shape[1] - 1)
    around = (upto[:, high] - upto[:, low]) / np.maximum(known[:, high] - known[:, low], 1) * 7
    n = np.maximum(whole.sum(axis=1), 1)
    mean = np.where(whole, of_week, 0.0).sum(axis=1) / n

    def sd(centre: Floats) -> Floats:
        found: Floats = np.sqrt(np.where(whole, (of_week - centre) ** 2, 0.0).sum(axis=1) / np.maximum(n - 1, 1))
        return found

    return Wanted(upto, known, sd(mean[:, None]), sd(around))


@dataclass(frozen=True, slots=True)
class Points:
    """Reorder points of each shelf beside what textbooks set.

    Attributes:
        judged: Whether enough orders and demand are there to hold the shelf's points to anything, shape (shelves,).
        high, low: How much of what its points lie above or below the textbook's counts, 0-1, same shape.
        lasts: Days that an order has to last at most, with what is excused, and at least, shape (2, shelves).
        safety: Units of safety stock at the asked service for the first and for the second, same shape.
        cycle: Mean order [units], shape (shelves,).
        pack: Units every order is a multiple of, same shape.
        below: Mean position of the shelves it refills [units], same shape.
        wanted: What customers wanted.
        known: What orders imply.
        closing: Stock at the end of each day [units], shape (shelves, days).
    """

    judged: Bools
    high: Floats
    low: Floats
    lasts: Floats
    safety: Floats
    cycle: Floats
    pack: Ints
    below: Floats
    wanted: Wanted
    known: Levels
    closing: Floats32

    def shift(self, shelf: Ints, day: Ints) -> Floats:
        """By how much the level on some days would lie higher or lower at the textbook's point [units]."""
        found = np.zeros(len(shelf))
        off = (self.high + self.low)[shelf] > 0
        i, at = shelf[off], day[off]
        point = self.known.at(i, at) - self.cycle[i]
        most, least = (self._due(i, at, kind) + self.safety[kind, i] for kind in (0, 1))
        less = np.maximum(point - most - self.pack[i], 0.0) * self.high[i]
        less = np.minimum(less, self._idle(i, at))
        more = np.maximum(least - point - self.below[i], 0.0) * self.low[i]
        found[off] = np.nan_to_num(more - less)
        return found

    def _idle(self, shelf: Ints, day: Ints) -> Floats:
        """What lay untouched from some days until what was ordered on them had come and lasted a cycle [units].

        No formula knows what large orders were to come; what they took was not too much.
        """
        found = np.zeros(len(shelf))
        for number in np.unique(shelf).tolist():
            mine = shelf == number
            length = max(int(np.ceil(self.lasts[0, number])), 1)
            ahead = np.append(self.closing[number], np.full(length, np.inf, np.float32))
            least = np.lib.stride_tricks.sliding_window_view(ahead, length + 1).min(axis=1)
            found[mine] = least[day[mine]]
        return found

    def _due(self, shelf: Ints, day: Ints, kind: int) -> Floats:
        """What will be wanted until the next order is there; where the record ends before, what was wanted as long before."""
        length = self.lasts[kind, shelf]
        ahead, behind = (self.wanted.mean(shelf, day + a * length, day + b * length) for a, b in ((0, 1), (-1, 0)))
        found: Floats = np.where(np.isfinite(ahead), ahead, behind) * length
        return found


def points(
    s: Supplies,
    lane: Lanes,
    known: Levels,
    wanted: Wanted,
    closing: Floats32,
    pack: Ints,
    cell: Ints,
    among: Bools,
    asked: float,
) -> Points:
    """Reorder points of shelves beside what textbooks set.

    What is judged together, a node's shelves of one kind of product, is judged over months and over shelves, each with the
    same guards against chance as the bias of forecasts; the milder of the two counts.

    Args:
        s, lane, known: Orders, who supplies, and what orders imply, as of `levels`.
        wanted: What customers wanted.
        closing: Stock at the end of each day [units], shape (shelves, days).
        pack: Units every order for a shelf is a multiple of, shape (shelves,).
        cell: Number of what is judged together, same shape.
        among: Shelves to look at; of the others forecasts are known, same shape.
        asked: Share of order cycles that is asked to pass without a stock-out.
    """
    shelves = len(cell)
    lasts, spread = _lasts(s, lane, known, shelves)
    review = np.where(lane.of_shelf >= 0, np.nan_to_num(lane.between)[np.maximum(lane.of_shelf, 0)], 0.0)
    rate = wanted.upto[:, -1] / np.maximum(wanted.known[:, -1], 1.0)
    # Demand over an uncertain time has variance L·σ² + m²·var(L) (Silver, Pyke and Peterson 1998, section 7.10).
    risk = np.stack([np.sqrt(lasts[0] / 7 * wanted.week_sd**2 + (rate * spread) ** 2),
                     np.sqrt((lasts[1] + review) / 7) * wanted.around_sd])  # fmt: skip
    orders = np.bincount(known.shelf, minlength=shelves)
    looked = among & (lane.donor < 0) & (orders >= _LEAST_ORDERS) & np.isfinite(lasts).all(axis=0) & (rate > 0)
    knots = np.flatnonzero(looked[known.shelf])
    i, day = known.shelf[knots], known.day[knots]
    stands = known.position[i, day].astype(np.float64)
    below = drawn_on(known.position.mean(axis=1, dtype=np.float64), lane.donor)
    below -= known.position.mean(axis=1, dtype=np.float64)
    due = [_rates(wanted, i, day, lasts[kind, i], rate[i]) * lasts[kind, i] for kind in (0, 1)]
    most = due[0].max(axis=0) + _z(HIGH_SERVICE) * risk[0, i] + pack[i]
    least = due[1].min(axis=0) + _z(LOW_SERVICE) * risk[1, i]
    high, low, judged = np.zeros(shelves), np.zeros(shelves), np.zeros(shelves, np.bool_)
    for number in np.unique(cell[i]).tolist():
        mine = cell[i] == number
        groups = [np.unique(x[mine], return_inverse=True)[1].ravel() for x in (day // _BLOCK_DAYS, i)]
        parts = [
            [sure_part(*(np.bincount(g, x[mine]).astype(np.float64) for x in (stock, bound))) for g in groups]
            for stock, bound in ((stands, most), (stands + below[i], least))
        ]
        if np.isnan(parts).any():
            continue
        of_cell = looked & (cell == number)
        judged |= of_cell
        high[of_cell], low[of_cell] = max(min(parts[0]), 0.0), max(min(-x for x in parts[1]), 0.0)
    ordered = np.bincount(known.shelf, known.level - known.position[known.shelf, known.day], minlength=shelves)
    return Points(
        judged,
        high,
        low,
        lasts,
        _z(asked) * risk,
        ordered / np.maximum(orders, 1),
        pack,
        below,
        wanted,
        known,
        closing,
    )


def _z(service: float) -> float:
    return NormalDist().inv_cdf(min(max(service, LOW_SERVICE), HIGH_SERVICE))


def _rates(wanted: Wanted, shelf: Ints, day: Ints, length: Floats, rate: Floats) -> Floats:
    """What a buyer may have reckoned with: what came, what had been, and the mean of the record [units/day], (3, orders)."""
    ahead, behind = wanted.mean(shelf, day, day + length), wanted.mean(shelf, day - length, day)
    found: Floats = np.stack([np.where(np.isfinite(x), x, rate) for x in (ahead, behind, rate)])
    return found


def _lasts(s: Supplies, lane: Lanes, known: Levels, shelves: int) -> tuple[Floats, Floats]:
    """Days an order has to last, shape (2, shelves), and the standard deviation of what it took [days].

    At most: a whole cycle of the shelf and what it took. At least: what was confirmed, or took if that is less.
    """
    took = s.available / DAY_S - decided_day(s)
    least = (np.fmin(s.received, np.where(s.promised > s.placed, s.promised, np.nan)) - s.placed) / DAY_S
    lanes = len(lane.protects)
    means, medians, sds = (np.full(lanes, np.nan) for _ in range(3))
    for number in range(lanes):
        mine = (lane.of_order == number) & np.isfinite(took)
        if mine.sum() >= _LEAST_ORDERS:
            means[number], sds[number] = float(took[mine].mean()), float(took[mine].std(ddof=1))
            seen = least[mine & np.isfinite(least)]
            medians[number] = float(np.median(seen)) if len(seen) else np.nan
    at = np.maximum(lane.of_shelf, 0)
    gap = np.diff(known.day, append=0).astype(np.float64)
    inner = np.flatnonzero(known.shelf[1:] == known.shelf[:-1])
    cycles = np.bincount(known.shelf[inner], gap[inner], minlength=shelves)
    cycle = cycles / np.maximum(np.bincount(known.shelf[inner], minlength=shelves), 1)
    has = lane.of_shelf >= 0
    most = means[at] + np.fmax(cycle, lane.between[at])
    return np.where(has, np.stack([most, medians[at]]), np.nan), np.where(has, sds[at], np.nan)
