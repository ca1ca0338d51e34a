"""Departures: tours and pick-ups, the few hours of the week in which goods leave at all, by doer, carrier and destination."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Key = tuple[Hashable, ...]

HOURS = 168
_HOUR_S = 3600.0
_MONDAY_SHIFT_HOURS = 72
# Departures are looked for only among this many lines, which left in this many different weeks …
LEAST_LINES = 300
LEAST_WEEKS = 8
# … and hold nearly all of them in blocks of at most so many hours (a truck is early, clocks change), so far apart.
LEAST_SHARE = 0.95
LONGEST_BLOCK = 3
LEAST_APART = 6
# An hour of a departure sees at least this part of the lines that hours of departures see in the middle.
_LEAST_OF_MIDDLE = 0.1
# Lines that start piled up as they end wait for nothing: at no distance may more of the starts lie on the departures.
MOST_STARTED_ALIKE = 0.5
# What leaves on fewer days is a tour; where something leaves on most days of a week, the others are days of rest.
LEAST_DAYS_OF_WORK = 4
# Shapes of a log-logistic distribution that a fit may find: from nearly any length to nearly one length.
_SHAPES = (0.5, 8.0)
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Departures:
    """Hours of the week (UTC) in which goods leave; what is ready between two departures waits for the next.

    Attributes:
        is_open: Whether goods leave in an hour of the week, shape (168,).
        middle_hours, shape: Log-logistic distribution of how long the doer needs before goods can leave, see `handling`.
    """

    is_open: Bools
    middle_hours: float = 1.0
    shape: float = 1.0

    @property
    def wait_hours(self) -> Floats:
        """From the beginning of each hour to that of the next hour of a departure; 0 in one."""
        return _hours_to(self.is_open)

    @property
    def begun_hours(self) -> Floats:
        """From the beginning of the last departure to that of each hour, shape (168,)."""
        begins = self.is_open & ~np.roll(self.is_open, 1)
        return _hours_to(begins[::-1])[::-1]

    @property
    def since_hours(self) -> Floats:
        """From the end of the departure before to the beginning of each hour of a departure; NaN in other hours."""
        ends = np.roll(self.is_open, 1) & ~self.is_open
        back = _hours_to(ends[::-1])[::-1]
        return np.where(self.is_open, back, np.nan)

    @property
    def until_hours(self) -> Floats:
        """From the beginning of each hour to the end of the first departure that is not yet over."""
        last = self.is_open & ~np.roll(self.is_open, -1)
        return _hours_to(last) + 1.0

    @property
    def days(self) -> Bools:
        """Days of the week on which something leaves, shape (7,)."""
        found: Bools = np.asarray(self.is_open.reshape(7, 24).any(axis=1), np.bool_)
        return found


def _hours_to(marked: Bools) -> Floats:
    """Hours from each hour of the week to the next marked one, 0 in it."""
    at = np.flatnonzero(np.tile(marked, 2))
    hour = np.arange(HOURS)
    return (at[np.searchsorted(at, hour)] - hour).astype(np.float64)


def departures_of(ends: Floats, starts: Floats) -> Bools | None:
    """The hours in which goods leave, shape (168,); None if they may leave whenever they are ready.

    Goods leave at departures if nearly all ends lie in a few short blocks of hours, far apart, and starts do not: work that takes
    the same time from starts that come in batches ends in batches, too, though nobody waits.

    Args:
        ends, starts: Lines by the hour of the week in which the stage ended and began, shape (168,).
    """
    total = ends.sum()
    if total < LEAST_LINES:
        return None
    order = np.argsort(-ends, kind="stable")
    fewest = order[: int(np.searchsorted(np.cumsum(ends[order]), LEAST_SHARE * total)) + 1]
    is_open = ends >= max(1.0, _LEAST_OF_MIDDLE * float(np.median(ends[fewest])))
    if is_open.all() or not _is_narrow(is_open):
        return None
    alike = max(float(starts[np.roll(is_open, -shift)].sum()) for shift in range(HOURS))
    return is_open if alike <= MOST_STARTED_ALIKE * starts.sum() else None


def _is_narrow(is_open: Bools) -> bool:
    """Whether open hours are short blocks, far apart."""
    begins = np.flatnonzero(is_open & ~np.roll(is_open, 1))
    last = np.flatnonzero(is_open & ~np.roll(is_open, -1))
    after = last[np.searchsorted(last, begins) % len(last)]
    long = (after - begins) % HOURS + 1
    next_one = np.roll(begins, -1)
    apart = (next_one - after - 1) % HOURS
    return bool((long <= LONGEST_BLOCK).all() and (apart >= LEAST_APART).all())


def find_departures(keys: Sequence[Key], ends: Floats, starts: Floats, weeks: Ints) -> dict[Key, Bools]:
    """Departures of each key that has some; a shorter key holds for all keys that begin with it and are not told.

    Whether one doer's carriers, destinations or both have departures of their own is a comparison of nested multinomial models of
    when lines end, by the Bayesian information criterion (Schwarz 1978); cells with few lines are taken together.

    Args:
        keys: Doer, carrier and destination of each row.
        ends, starts: Lines by hour of the week in which the stage ended and began, shape (keys, 168).
        weeks: In how many different weeks lines ended in the hour in which most weeks saw some, shape (keys,).
    """
    found: dict[Key, Bools] = {}
    for doer in dict.fromkeys(key[0] for key in keys):
        mine = [i for i, key in enumerate(keys) if key[0] == doer]
        cells = _best_cells([keys[i] for i in mine], ends[mine], weeks[mine])
        for cell in cells:
            rows = [mine[i] for i in cell]
            if max(weeks[rows]) < LEAST_WEEKS:
                continue
            is_open = departures_of(ends[rows].sum(axis=0), starts[rows].sum(axis=0))
            if is_open is not None:
                found |= {keys[i]: is_open for i in rows} | ({(doer,): is_open} if len(cells) == 1 else {})
    return found


def _best_cells(keys: list[Key], ends: Floats, weeks: Ints) -> list[list[int]]:
    """Rows of one doer, taken together as explains best when lines end."""
    hours = max(int((ends.sum(axis=0) > 0).sum()) - 1, 1)
    price = hours * np.log(max(ends.sum(), 2.0))
    best: tuple[float, list[list[int]]] | None = None
    for columns in ((), (1,), (2,), (1, 2)):
        cells: dict[Key, list[int]] = {}
        for i, key in enumerate(keys):
            cells.setdefault(tuple(key[c] for c in columns), []).append(i)
        kept = [rows for rows in cells.values() if ends[rows].sum() >= LEAST_LINES and max(weeks[rows]) >= LEAST_WEEKS]
        rest = [i for rows in cells.values() if rows not in kept for i in rows]
        parts = [*kept, rest] if rest else kept
        lost = sum(_surprise(ends[rows].sum(axis=0)) for rows in parts)
        criterion = 2 * lost + price * len(parts)
        if best is None or criterion < best[0]:
            best = criterion, parts
    return [] if best is None else best[1]


def _surprise(counts: Floats) -> float:
    """Negative log-likelihood of counts under their own shares."""
    some = counts[counts > 0]
    return float(-(some * np.log(some / some.sum())).sum()) if len(some) else 0.0


def handling(lead: Floats, lines: Floats, caught: Floats) -> tuple[float, float]:
    """Median [hours] and shape of how long work takes before goods can leave, as a log-logistic distribution.

    How long it takes is never seen, only whether it was done before the first departure: current status data (Jewell and van der
    Laan 2003). If work is log-logistic, the odds to catch it are a power of the lead: a logistic regression on its logarithm, with
    half a line added to either side of each lead, so that leads at which all or none caught it have odds (Haldane 1956).

    Args:
        lead: Hours from start to the first departure, above 0.
        lines, caught: Lines with that lead, and how many of them left with it.
    """
    x = np.column_stack([np.ones(len(lead)), np.log(lead)])
    n, share = lines + 1.0, (caught + 0.5) / (lines + 1.0)
    beta = np.array([np.log(share @ n / ((1 - share) @ n)), 0.0])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-(x @ beta)))
        weight = n * p * (1 - p)
        # A little curvature keeps a single lead from having any slope.
        step = np.linalg.solve((x.T * weight) @ x + 1e-6 * np.eye(2), x.T @ (n * (share - p)))
        beta = beta + np.clip(step, -2.0, 2.0)
    shape = float(np.clip(beta[1], *_SHAPES))
    middle = float(np.exp(np.average(np.log(lead), weights=n) - _logit(float(share @ n / n.sum())) / shape))
    if _SHAPES[0] < beta[1] < _SHAPES[1]:
        middle = float(np.exp(-beta[0] / beta[1]))
    return float(np.clip(middle, lead.min() / 2, lead.max() * 2)), shape


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


@dataclass(frozen=True, slots=True)
class Leaving:
    """How each line left with departures.

    Attributes:
        calendars: Waits, and hours since the beginning of the last departure, by hour of the week, shape (2, calendars, 168).
        days: Days on which something leaves, shape (calendars, 7).
        number: Calendar of each line, -1 for none, shape (lines,).
        handled: Work before it could leave [s], NaN where it has not left or no departure was for it, shape (lines,).
        after: How long after the beginning of its departure it left [s], shape (lines,).
    """

    calendars: Floats
    days: Bools
    number: Ints
    handled: Floats
    after: Floats

    def part(self, part: slice) -> Leaving:
        """The same for some of the lines."""
        return Leaving(self.calendars, self.days, self.number[part], self.handled[part], self.after[part])

    def next(self, ready: Floats) -> Floats:
        """When what is ready at some time leaves [s]; as it is where no departure is for it."""
        moved = _shifted(ready, self.number, self.calendars[0])
        return np.where(np.isfinite(ready) & (self.number >= 0), moved + self.after, ready)

    def asked_by(self, start: Floats, cap: Floats, on_open_days: Floats) -> Floats:
        """The departure with which a target of so many hours asks each line to leave [s], NaN where none is for it.

        Where something leaves on most days of a week, days without a departure are days of rest: the last departure within the
        target's hours on other days, but never one before the first that comes. Tours on fewer days say nothing of rest, and nobody
        who set a target of 24 h meant that lorries should drive on other days: the work is asked to be done in the target's hours, and
        the next departure is the one.

        Args:
            start, cap: As in `order_flow.asked_by`.
            on_open_days: When the target's hours have passed on days of departures [s], shape (lines,).
        """
        first = _shifted(start, self.number, self.calendars[0])
        within = np.maximum(on_open_days, first)
        within -= np.maximum(_into(within, self.number, self.calendars[1]), 0.0)
        daily = self.days[np.maximum(self.number, 0)].sum(axis=1) >= LEAST_DAYS_OF_WORK
        due = np.where(daily, np.maximum(within, first), _shifted(start + cap, self.number, self.calendars[0]))
        return np.where((self.number >= 0) & np.isfinite(start) & np.isfinite(cap), due + self.after, np.nan)


def _hour_of(at: Floats) -> tuple[Floats, Ints]:
    whole = np.floor(np.where(np.isfinite(at), at, 0.0) / _HOUR_S)
    return whole, ((whole + _MONDAY_SHIFT_HOURS) % HOURS).astype(np.int64)


def _shifted(at: Floats, number: Ints, waits: Floats) -> Floats:
    """The beginning of the next departure, or the time itself within one."""
    whole, hour = _hour_of(at)
    wait = waits[np.maximum(number, 0), hour]
    return np.where(np.isfinite(at) & (number >= 0) & (wait > 0), (whole + wait) * _HOUR_S, at)


def _into(at: Floats, number: Ints, begun: Floats) -> Floats:
    """Seconds since the last departure began."""
    whole, hour = _hour_of(at)
    return np.where(np.isfinite(at), begun[np.maximum(number, 0), hour] * _HOUR_S + at - whole * _HOUR_S, 0.0)


def leaving(
    keys: Sequence[Key], code: Ints, start: Floats, end: Floats, known: Mapping[Key, Departures]
) -> Leaving | None:
    """How lines left with departures; None where none is known.

    Work took longer than until the last departure that was missed, and no longer than until the line left: the middle of what the
    doer's work takes within those bounds (`handling`). A line that left in an hour without a departure shows that none was for it.

    Args:
        keys: Doer, carrier and destination, and `code`, which of them each line has.
        start, end: When the stage began and ended [s], NaN where it did not.
        known: Departures by key, see `find_departures`.
    """
    if not known:
        return None
    each = list(known.values())
    numbers = {key: i for i, key in enumerate(known)}
    number = np.array([_number(key, numbers) for key in keys] or [-1], dtype=np.int64)[code]
    calendars = np.array([[d.wait_hours for d in each], [d.begun_hours for d in each]])
    since = np.array([d.since_hours for d in each])
    middle, shape = np.array([[round(d.middle_hours * _HOUR_S), d.shape] for d in each])[np.maximum(number, 0)].T
    whole, hour = _hour_of(end)
    seen = np.isfinite(end) & np.isfinite(start)
    back = since[np.maximum(number, 0), hour]
    number = np.where(seen & np.isnan(back), -1, number)
    least = np.maximum((whole - np.nan_to_num(back)) * _HOUR_S - start, 0.0)
    left = seen & (number >= 0)
    most = np.where(left, np.maximum(end - start, least), np.nan)
    survive = (1 / (1 + (least / middle) ** shape) + 1 / (1 + (most / middle) ** shape)) / 2
    handled = np.clip(np.floor(middle * (1 / survive - 1) ** (1 / shape)), least, most)
    after = np.where(left, end - _shifted(np.where(left, start + handled, np.nan), number, calendars[0]), 0.0)
    return Leaving(calendars, np.array([d.days for d in each]), number, handled, after)


def _number(key: Key, numbers: Mapping[Key, int]) -> int:
    """Number of the key, or of the longest beginning of it that has one; -1 if none has."""
    return next((numbers[key[:n]] for n in range(len(key), 0, -1) if key[:n] in numbers), -1)
