"""Departures: tours and pick-ups, the few hours of the week in which goods leave at all, by doer, carrier and destination."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
# Hours of work that are tried to see which departure lines could have caught.
_LONGEST_WORK = 24
_LEAST_SELDOM = 5
# What leaves on more days of the week than these has a daily cut-off, if any.
_TOUR_DAYS = 4
# Shapes of a log-logistic distribution that a fit may find: from nearly any length to nearly one length.
_SHAPES = (0.5, 8.0)
_STEPS = 25


@dataclass(frozen=True, slots=True)
class Handling:
    """Log-logistic distribution of how long a doer's work takes, see `handling`.

    Attributes:
        middle_hours, shape: Its median, and its shape.
        works: Days of the week on which its clock runs, shape (7,).
    """

    middle_hours: float
    shape: float
    works: Bools

    @property
    def clock(self) -> Floats:
        """1 for hours of the week in which the clock runs, else 0, shape (168,)."""
        hours: Floats = np.repeat(self.works, 24).astype(np.float64)
        return hours


EVERY_DAY: Bools = np.ones(7, dtype=np.bool_)


def after_open_hours(start: Floats, work: Floats, hours: Floats) -> Floats:
    """When so many seconds of open hours of the week have passed; `hours` says which are open, 1 or 0, shape (168,)."""
    done = np.concatenate([[0.0], np.cumsum(hours)])
    monday = start / _HOUR_S + _MONDAY_SHIFT_HOURS
    weeks = np.floor(monday / HOURS)
    worked = weeks * done[-1] + np.interp(monday - weeks * HOURS, np.arange(HOURS + 1), done) + work / _HOUR_S
    weeks, left = np.divmod(worked, done[-1])
    which = np.flatnonzero(hours)[np.floor(left).astype(np.int64).clip(max=int(done[-1]) - 1)]
    clock = weeks * HOURS + which + (left - np.floor(left))
    end: Floats = (clock - _MONDAY_SHIFT_HOURS) * _HOUR_S
    return end


def open_seconds(start: Floats, end: Floats, hours: Floats) -> Floats:
    """Seconds of open hours of the week between two times, see `after_open_hours`."""
    done = np.concatenate([[0.0], np.cumsum(hours)])

    def until(at: Floats) -> Floats:
        monday = at / _HOUR_S + _MONDAY_SHIFT_HOURS
        weeks = np.floor(monday / HOURS)
        passed: Floats = weeks * done[-1] + np.interp(monday - weeks * HOURS, np.arange(HOURS + 1), done)
        return passed

    found: Floats = np.round((until(end) - until(start)) * _HOUR_S)
    return found


@dataclass(frozen=True, slots=True)
class Departures:
    """Hours of the week (UTC) in which goods leave; what is ready between two departures waits for the next.

    Attributes:
        is_open: Whether goods leave in an hour of the week, shape (168,).
        took: How long the doer's work takes before goods can leave.
    """

    is_open: Bools
    took: Handling

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
        """From the end of the last departure that was over to the beginning of each hour, shape (168,)."""
        ends = np.roll(self.is_open, 1) & ~self.is_open
        return _hours_to(ends[::-1])[::-1]

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
        opens: list[tuple[list[int], Bools]] = []
        for rows in ([mine[i] for i in cell] for cell in cells):
            if max(weeks[rows]) >= LEAST_WEEKS:
                is_open = departures_of(ends[rows].sum(axis=0), starts[rows].sum(axis=0))
                opens += [] if is_open is None else [(rows, is_open)]
        for rows, is_open in opens:
            full = _with_seldom(is_open, ends[rows].sum(axis=0), starts[rows].sum(axis=0))
            found |= {keys[i]: full for i in rows} | ({(doer,): full} if len(cells) == 1 else {})
    return found


def _with_seldom(is_open: Bools, ends: Floats, starts: Floats) -> Bools:
    """With hours in which few goods leave because few begin so that they could, unlike trips that are out of the ordinary."""
    for hour in np.argsort(-ends, kind="stable")[: int((ends >= _LEAST_SELDOM).sum())]:
        if is_open[hour]:
            continue
        more = is_open.copy()
        more[hour] = True
        would = (np.arange(HOURS) + _hours_to(more)).astype(np.int64) % HOURS == hour
        expected = min(float(starts[np.roll(would, -lead)].sum()) for lead in range(_LONGEST_WORK))
        if ends[hour] >= expected / 2 and _is_narrow(more):
            is_open = more
    return is_open


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


def on_tours(found: Mapping[Key, Bools]) -> dict[Key, Bools]:
    """Departures of doers of whom something leaves on a few days of the week only.

    Cut-offs of every working day are told more sharply by how long lines wait for them (`calendars.find_gates`): behind a departure
    work is only bounded.

    Args:
        found: Doer, or doer, carrier and destination → hours of the week at which something leaves, shape (168,).
    """
    tours = {key[0] for key, is_open in found.items() if is_open.reshape(7, -1).any(axis=1).sum() <= _TOUR_DAYS}
    return {key: is_open for key, is_open in found.items() if key[0] in tours}


def rest_days(opens: Sequence[Bools]) -> Bools | None:
    """Days on which none of one doer's departures is, as working days, shape (7,); None where there is no such day, or hardly others."""
    works: Bools = np.asarray(np.any(opens, axis=0).reshape(7, 24).any(axis=1), np.bool_)
    return works if LEAST_DAYS_OF_WORK <= works.sum() < len(works) else None


def handling(leads: Sequence[tuple[Bools, Floats]], lines: Floats, caught: Floats) -> Handling:
    """How long work takes before goods can leave.

    How long it takes is never seen, only whether it was done before the first departure: current status data (Jewell and van der
    Laan 2003). If work is log-logistic, the odds to catch it are a power of the lead: a logistic regression on its logarithm.

    Args:
        leads: Days on which a clock may run, and the hours that it shows from start to the first departure; the likelier is taken.
        lines, caught: Lines with each lead, and how many of them left with that departure.
    """
    fits = [(*_log_logistic(np.maximum(lead - 0.5, 0.25), lines, caught), works) for works, lead in leads]
    middle, shape, _, works = max(fits, key=lambda fit: fit[2])
    return Handling(middle, shape, works)


def _log_logistic(lead: Floats, lines: Floats, caught: Floats) -> tuple[float, float, float]:
    """Median, shape and log-likelihood; half a line is added to either side of each lead, so that all have odds (Haldane 1956)."""
    x = np.column_stack([np.ones(len(lead)), np.log(lead)])
    n, share = lines + 1.0, (caught + 0.5) / (lines + 1.0)
    beta = np.array([_logit(float(share @ n / n.sum())), 0.0])
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
    middle = float(np.clip(middle, lead.min() / 2, lead.max() * 2))
    odds = shape * (np.log(lead) - np.log(middle))
    return middle, shape, float(n @ (share * odds - np.logaddexp(0.0, odds)))


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


@dataclass(frozen=True, slots=True)
class Leaving:
    """How each line left with departures.

    Attributes:
        calendars: Waits, and hours since the beginning of the last departure, by hour of the week, shape (2, calendars, 168).
        days: Days on which something leaves, shape (calendars, 7).
        works: Days on which the clock of work runs, shape (calendars, 7).
        number: Calendar of each line, -1 for none, shape (lines,).
        handled: Work before it could leave, by that clock [s], NaN where it has not left or no departures are known, shape (lines,).
        after: How long after the beginning of its departure it left, or after its work if it left between departures [s].
    """

    calendars: Floats
    days: Bools
    works: Bools
    number: Ints
    handled: Floats
    after: Floats

    def part(self, part: slice) -> Leaving:
        """The same for some of the lines."""
        return Leaving(self.calendars, self.days, self.works, self.number[part], self.handled[part], self.after[part])

    def left(self, begins: Floats, work: Floats) -> Floats:
        """When what takes so much work from some time on leaves [s]; at the end of work where no departure is for it."""
        ready = _ready(begins, work, self.number, self.works)
        moved = _shifted(ready, self.number, self.calendars[0])
        return np.where(
            np.isfinite(ready), np.where(self.number >= 0, moved, begins + work) + self.after, begins + work
        )

    def asked_by(self, start: Floats, cap: Floats) -> Floats:
        """When a target of so many hours asks each line to leave [s]; what it says where no departure is for the line.

        Where something leaves on most days of a week, days without a departure are days of rest: the last departure within the
        target's hours on other days, but never one before the first that comes. Tours on fewer days say nothing of rest, and nobody
        who set a target of 24 h meant that lorries should drive on other days: the work is asked to be done in the target's hours, by
        its own clock, and the next departure is the one.

        Args:
            start, cap: As in `order_flow.asked_by`.
        """
        first = _shifted(start, self.number, self.calendars[0])
        within = np.maximum(_ready(start, cap, self.number, self.days), first)
        within = within - _into(within, self.number, self.calendars[1])
        is_daily = self.days[np.maximum(self.number, 0)].sum(axis=1) >= LEAST_DAYS_OF_WORK
        worked = _shifted(_ready(start, cap, self.number, self.works), self.number, self.calendars[0])
        due = np.where(is_daily, np.maximum(within, first), worked) + self.after
        return np.where((self.number >= 0) & np.isfinite(start + cap), due, start + cap)


def _ready(begins: Floats, work: Floats, number: Ints, works: Bools) -> Floats:
    """When work is done by the clock of each line's calendar [s]."""
    ready: Floats = begins + work
    for days in np.unique(works[~works.all(axis=1)], axis=0):
        at_rest = (number >= 0) & (works[np.maximum(number, 0)] == days).all(axis=1) & np.isfinite(ready)
        ready[at_rest] = after_open_hours(begins[at_rest], work[at_rest], np.repeat(days, 24).astype(np.float64))
    return ready


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
    doer's work takes within those bounds (`handling`). A line that left between departures shows that it did not wait for one;
    what it waited after its work stays.

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
    works = np.array([d.took.works for d in each])
    since = np.array([d.since_hours for d in each])
    whole, hour = _hour_of(end)
    back = since[np.maximum(number, 0), hour]
    left = np.isfinite(end) & np.isfinite(start) & (number >= 0)
    handled = np.full(len(start), np.nan)
    for i, d in enumerate(each):
        mine = np.flatnonzero(left & (number == i))
        begun, clock = start[mine], d.took.clock
        least = open_seconds(begun, np.maximum((whole - back)[mine] * _HOUR_S, begun), clock)
        handled[mine] = within(least, open_seconds(begun, end[mine], clock), d.took)
    number = np.where(left & (calendars[0][np.maximum(number, 0), hour] > 0), -1, number)
    ready = _shifted(_ready(start, handled, number, works), number, calendars[0])
    after = np.where(left, end - ready, 0.0)
    return Leaving(calendars, np.array([d.days for d in each]), works, number, handled, after)


def within(least: Floats, most: Floats, took: Handling) -> Floats:
    """The middle of what work takes if it takes more than one time and no more than another [whole s]."""
    middle = round(took.middle_hours * _HOUR_S)
    survive = sum(1 / (1 + (x / middle) ** took.shape) for x in (least, most)) / 2
    found: Floats = np.minimum(np.maximum(np.floor(middle * (1 / survive - 1) ** (1 / took.shape)), least + 1.0), most)
    return found


def table_columns(each: Sequence[Departures]) -> dict[str, pa.Array]:
    """Columns of `stage_times.caught` and `handled`: 168 rows for each calendar, one after the other."""
    clock = np.array([d.took.clock for d in each])
    done = np.cumsum(clock, axis=1) - clock
    week = np.repeat(clock.sum(axis=1)[:, None], HOURS, axis=1)
    both = np.hstack([done, done + week])
    hour = np.arange(HOURS)
    wait = np.array([d.wait_hours for d in each])
    lead = np.take_along_axis(both, (hour + wait).astype(np.int64), axis=1) - done
    since = np.array([d.since_hours for d in each])
    gone = done + week - np.take_along_axis(both, (hour + HOURS - since).astype(np.int64), axis=1)
    seconds = {
        "until_s": np.array([d.until_hours for d in each]), "done_s": done, "week_s": week, "since_s": gone,
        "middle_s": np.repeat([[d.took.middle_hours] for d in each], HOURS, axis=1),
    }  # fmt: skip
    columns = {name: np.round(x * _HOUR_S) for name, x in seconds.items()} | {
        "lead_h": wait, "working_lead_h": lead, "runs": clock
    }  # fmt: skip
    found = {name: pa.array(x.ravel()).cast(pa.int64()) for name, x in columns.items()}
    return found | {"shape": pa.array(np.repeat([d.took.shape for d in each], HOURS))}


def _number(key: Key, numbers: Mapping[Key, int]) -> int:
    """Number of the key, or of the longest beginning of it that has one; -1 if none has."""
    return next((numbers[key[:n]] for n in range(len(key), 0, -1) if key[:n] in numbers), -1)
