"""Calendars and working clocks: who works when, and how much of it gets done by a given hour.

Times are hours (UTC) since midnight of the world's first day; days are counted from that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from fourwalls.worlds.draws import Bools, Floats, Ints

TAIL_DAYS = 240
"""Days the calendars run on after the last one that matters, for work that is still waiting then."""

_HOLIDAYS = {(1, 1), (1, 6), (5, 1), (10, 3), (12, 25), (12, 26)}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a world.

    Attributes:
        first: Day 0.
        warm_up: Days before the recorded period, in which the world settles.
        days: Days lived through, warm-up included.
        weekday: Monday 0 … Sunday 6, shape (days + TAIL_DAYS,).
        is_holiday: Public holidays, same shape.
    """

    first: date
    warm_up: int
    days: int
    weekday: Ints
    is_holiday: Bools

    @property
    def end_hour(self) -> float:
        """Hour at which the record ends."""
        return self.days * 24.0

    def index(self, day: date) -> int:
        """Number of a day, counted from day 0."""
        return (day - self.first).days


def calendar(start: date, end: date, warm_up: int) -> Calendar:
    """The days from `warm_up` days before `start` up to `end` (exclusive)."""
    first = start - timedelta(days=warm_up)
    days = (end - first).days
    whole = [first + timedelta(days=d) for d in range(days + TAIL_DAYS)]
    return Calendar(
        first=first,
        warm_up=warm_up,
        days=days,
        weekday=np.array([d.weekday() for d in whole], dtype=np.int64),
        is_holiday=np.array([(d.month, d.day) in _HOLIDAYS for d in whole], dtype=np.bool_),
    )


def open_days(days: Calendar, last_weekday: int, keeps_holidays: bool = True) -> Bools:
    """Days on which someone works who works from Monday to `last_weekday` (6 is Sunday)."""
    works = days.weekday <= last_weekday
    return works & ~days.is_holiday if keeps_holidays else works


def next_open(is_open: Bools) -> Ints:
    """For each day, the first open day at or after it; the last day stands for all that lie beyond."""
    n = len(is_open)
    days = np.where(is_open, np.arange(n), n - 1)
    return np.minimum.accumulate(days[::-1])[::-1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that only runs while someone works.

    Attributes:
        hour: Break points [hours since day 0], strictly rising.
        done: Work that could be done until then, strictly rising.
    """

    hour: Floats
    done: Floats

    def read(self, hour: Floats) -> Floats:
        """What the clock shows at an hour."""
        return np.interp(hour, self.hour, self.done)

    def when(self, done: Floats) -> Floats:
        """The hour at which the clock shows a value."""
        return np.interp(done, self.done, self.hour)


def working_clock(is_open: Bools, opens: float, closes: float, per_hour: Floats | float = 1.0) -> Clock:
    """A clock that runs on open days from `opens` to `closes`, at `per_hour` (one figure, or one per day)."""
    n = len(is_open)
    midnight = np.arange(n) * 24.0
    hour = np.stack([midnight + opens, midnight + closes], axis=1).ravel()
    gain = np.where(is_open, np.broadcast_to(per_hour, (n,)) * (closes - opens), 0.0)
    # A closed clock creeps on, so that reading it backwards has one answer.
    creep = 1e-7
    steps = np.stack([np.full(n, creep), gain + creep], axis=1).ravel()
    return Clock(hour=hour, done=np.cumsum(steps))
