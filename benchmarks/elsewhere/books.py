"""What is written down beside goods and orders: bookings, case work, feeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.elsewhere.company import Company, Ways
from benchmarks.elsewhere.luck import Floats, Ints
from benchmarks.elsewhere.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Booking:
    """One amount by week, category and channel."""

    week: int
    cause: str
    amount: float
    party: str
    category: int
    channel: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of a feed; times in hours."""

    channel: int
    expected: float
    arrived: float
    rows: int
    mismatched: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a case; `who` is 0 for our people, 1 for a machine, 2 for the partner."""

    case: str
    kind: str
    activity: str
    at: float
    who: int
    is_ours: bool
    hours: float
    is_last: bool
    category: int
    channel: int


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that is written down.

    Attributes:
        booked: Amounts over the record by category, channel and kind of booking (0 own damage, 1 chargeback).
        bookings, deliveries, events: As they stand in the tables.
        case_wish, case_hours: Status cases over the record: the wish behind each and our hours in it.
        feed_hours: Hours of putting feeds right over the record, by category and channel.
    """

    booked: Floats
    bookings: list[Booking]
    deliveries: list[Delivery]
    events: list[Event]
    case_wish: Ints
    case_hours: Floats
    feed_hours: Floats


def keep_books(c: Company, w: Ways, wanted: Wishes, value: Floats) -> Books:
    """Write the books of one life.

    Args:
        c: Company.
        w: How well everybody does.
        wanted: Wishes.
        value: Of what was shipped for each wish.
    """
    booked, bookings = _bookings(c, w, wanted, value) if "leakage" in c.tables else (np.zeros((1, 1, 1)), [])
    if not bookings:
        booked = np.zeros((len(c.category), len(c.channel), 2))
    has_cases, has_feeds = "work_log" in c.tables, "feeds" in c.tables
    events, case_wish, hours = _chores(c, w, wanted) if has_cases else ([], np.zeros(0, np.int64), np.zeros(0))
    deliveries, more, feed_hours = _feeds(c, w, wanted) if has_feeds else ([], [], None)
    if feed_hours is None or not has_cases:
        feed_hours, more = np.zeros((len(c.category), len(c.channel))), []
    return Books(booked, bookings, deliveries, events + more, case_wish, hours, feed_hours)


def _bookings(c: Company, w: Ways, wanted: Wishes, value: Floats) -> tuple[Floats, list[Booking]]:
    weeks, begin = (c.days - c.warm) // 7, c.warm
    cat, ch = len(c.category), len(c.channel)
    sales = np.zeros((cat, ch, weeks))
    week = (wanted.day - begin) // 7
    mine = (wanted.day >= begin) & (week < weeks)
    np.add.at(sales, (c.category_of[wanted.sku[mine]], wanted.channel[mine], week[mine]), value[mine])
    rng = c.luck.of("bookings")
    swing = rng.lognormal(-0.045, 0.3, (2, cat, ch, weeks))
    partner = np.array([p != c.own for p in c.channel_party])
    damage = sales * w.waste[:, :, None] * swing[0]
    charges = sales * (w.charged * partner)[None, :, None] * swing[1]
    out = []
    for k in range(cat):
        for j in range(ch):
            for t in range(weeks):
                if damage[k, j, t] > 0:
                    out.append(Booking(t, c.words["damage"], float(damage[k, j, t]), c.own, k, j))
                if charges[k, j, t] > 0:
                    out.append(Booking(t, "chargeback", float(charges[k, j, t]), c.channel_party[j], k, j))
    return np.stack([damage.sum(axis=2), charges.sum(axis=2)], axis=2), out


def _chores(c: Company, w: Ways, wanted: Wishes) -> tuple[list[Event], Ints, Floats]:
    """Cases in which somebody asks where an order is and others tell."""
    category = c.category_of[wanted.sku]
    is_case = (wanted.draws[:, 13] < w.chores[category, wanted.channel]) & (wanted.at >= c.warm * 24.0)
    events: list[Event] = []
    hours = []
    mine = np.flatnonzero(is_case)
    for i in mine:
        k, j = int(category[i]), int(wanted.channel[i])
        touches = w.chore_touches[k, j] * (0.7 + 0.6 * wanted.draws[i, 14])
        people = int(touches) + int(wanted.draws[i, 15] < touches % 1)
        across = c.channel_party[j] != c.own
        at, name, spent = float(wanted.at[i]) + 20.0, f"{c.words['case']}{i}", 0.0
        steps = [(1, True, 0.0)]
        for n in range(people):
            effort = 0.12 * (0.6 + 0.8 * wanted.draws[i, (3 + n) % 16])
            spent += effort
            steps.append((0, True, effort))
            if across:
                steps.append((2, False, 0.0))
        steps.append((1, True, 0.0))
        for n, (who, ours, effort) in enumerate(steps):
            at += 0.3 + 2.0 * wanted.draws[i, n % 16]
            act = c.words["asked"] if n == 0 else c.words["closed"] if n == len(steps) - 1 else c.words["told"]
            events.append(Event(name, c.words["status"], act, at, who, ours, effort, n == len(steps) - 1, k, j))
        hours.append(spent)
    return events, mine, np.array(hours)


def _feeds(c: Company, w: Ways, wanted: Wishes) -> tuple[list[Delivery], list[Event], Floats]:
    """Daily deliveries of partners' channels; each row that does not match is put right by hand."""
    rng = c.luck.of("feeds")
    cat, ch = len(c.category), len(c.channel)
    lines = np.zeros((ch, c.days), np.int64)
    np.add.at(lines, (wanted.channel, wanted.day), 1)
    late, wrong, choice = rng.exponential(1.0, (ch, c.days)), rng.random((ch, c.days)), rng.random((ch, c.days, 40))
    out: list[Delivery] = []
    events: list[Event] = []
    spent = np.zeros((cat, ch))
    for j in range(ch):
        if c.channel_party[j] == c.own:
            continue
        for day in range(c.warm, c.days):
            rows = int(lines[j, day]) + 30
            mean = rows * w.garbled[j]
            # The inverse of a geometric distribution with this mean: one draw, whatever the mean.
            bad = min(int(np.log(1 - wrong[j, day]) / np.log(mean / (1 + mean))) if mean > 0 else 0, 40)
            out.append(Delivery(j, day * 24.0 + 5.0, day * 24.0 + 5.0 + w.feed_delay[j] * late[j, day], rows, bad))
            for n in range(min(bad, 40)):
                k = int(choice[j, day, n] * cat)
                name, at = f"{c.words['case']}f{j}-{day}-{n}", day * 24.0 + 9.0 + 0.2 * n
                for m, (who, ours, effort) in enumerate(((0, True, 0.15), (2, False, 0.0), (0, True, 0.1))):
                    act = c.words["closed"] if m == 2 else c.words["matched"]
                    events.append(Event(name, c.words["reconcile"], act, at + m, who, ours, effort, m == 2, k, j))
                spent[k, j] += 0.25
    return out, events, spent
