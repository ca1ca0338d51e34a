"""Promises held to records in which it is known what was kept."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.figures import Estimate, Refusal
from fourwalls.governance import units
from fourwalls.governance.checks import Evidence, check
from fourwalls.governance.questions import PROPERTIES, Promise
from fourwalls.governance.shares import share_of

from .written import DAY, HOUR, START, cases, feed

DAYS = 200
UNTIL = START + DAYS * DAY


def verdict(name, value, unit=None, *, feeds=(), told=None, rows=None, until=UNTIL):
    return check(Promise(name, value, unit, None, "here"), Evidence(feeds, told, rows or {}, until, None))


LATE = np.where(np.arange(DAYS) % 5 == 0, 3.0, 0.5)  # one delivery in five is three hours late


@pytest.mark.parametrize(
    ("name", "value", "unit", "feed_", "status", "share"),
    [
        ("latency", 2, "h", feed(DAYS), "met", 1.0),
        ("latency", 2, "h", feed(DAYS, late_hours=LATE), "missed", 0.8),
        ("latency", 180, "min", feed(DAYS, late_hours=LATE), "met", 1.0),
        ("latency", "PT2H", None, feed(DAYS, missing=tuple(range(0, DAYS, 10))), "missed", 0.9),
        ("latency", 2, "h", feed(DAYS, missing=tuple(range(0, DAYS, 18))), "undecided", 188 / 200),
        ("frequency", 1, "d", feed(DAYS, missing=(3, 4)), "met", 197 / 199),
        ("frequency", 12, "h", feed(DAYS), "missed", 200 / 399),
        ("frequency", 1, "w", feed(DAYS), "met", 1.0),
        ("timeOfAvailability", "06:00+00:00", None, feed(DAYS, late_hours=LATE), "missed", 0.8),
        ("timeOfAvailability", "07:00+00:00", None, feed(DAYS, late_hours=LATE), "met", 1.0),
        ("timeOfAvailability", "08:00+01:00", None, feed(DAYS, late_hours=LATE), "met", 1.0),
        ("timeOfAvailability", "05:00+01:00", None, feed(DAYS, late_hours=0.1), "missed", 0.0),
        ("availability", "99.5%", None, feed(DAYS), "met", 1.0),
        ("availability", 99, "percent", feed(DAYS, missing=tuple(range(0, DAYS, 10))), "missed", 0.9),
        ("errorRate", 1, "percent", feed(DAYS, wrong=0.004), "met", 0.004),
        ("errorRate", 0.01, None, feed(DAYS, wrong=0.05), "missed", 0.05),
    ],
)  # fmt: skip
def test_what_a_feed_kept(name, value, unit, feed_, status, share):
    figure, n, found, because = verdict(name, value, unit, feeds=[feed_])
    assert found == status, because
    assert isinstance(figure, Estimate)
    assert figure.value == pytest.approx(share)
    assert figure.low <= share <= figure.high
    assert n > 20


def test_throughput_is_missed_only_if_more_was_due():
    full, n, status, _ = verdict("throughput", 50, "rows/d", feeds=[feed(DAYS)])
    assert (status, n) == ("met", DAYS)
    assert full.value == pytest.approx(100, rel=0.01)
    assert verdict("throughput", 500, "rows/d", feeds=[feed(DAYS)])[2] == "not checkable"
    starved = feed(DAYS, missing=tuple(range(0, DAYS, 3)))
    assert verdict("throughput", 90, "rows/d", feeds=[starved])[2] == "missed"


@pytest.mark.parametrize(
    ("value", "unit", "first", "status"),
    [(90, "d", START, "met"), (1, "y", START, "not checkable"), (150, "d", UNTIL - 100 * DAY, "missed")],
)
def test_retention(value, unit, first, status):
    assert verdict("retention", value, unit, feeds=[feed(DAYS)], rows={"order_lines": (first, UNTIL)})[2] == status


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("generalAvailability", "2024-06-01", "met"),
        ("generalAvailability", "2030-06-01", "not checkable"),
        ("endOfSupport", "2030-06-01T00:00:00Z", "met"),
        ("endOfLife", "2025-02-01", "missed"),
        ("endOfLife", "someday", "not checkable"),
    ],
)
def test_dates(name, value, status):
    assert verdict(name, value, feeds=[feed(DAYS)])[2] == status


def test_a_feed_that_fell_silent_is_not_supported():
    silent = feed(DAYS, missing=tuple(range(100, DAYS)))
    assert verdict("endOfSupport", "2030-01-01", feeds=[silent])[2] == "missed"


def test_a_feed_that_began_late():
    late = feed(DAYS, missing=tuple(range(30)))
    assert verdict("generalAvailability", "2025-01-01", feeds=[late])[2] == "missed"


def test_repair_counts_what_stays_open():
    quick = np.full(100, 5.0)
    assert verdict("timeToRepair", 24, "h", told=cases(quick))[2] == "met"
    stuck = np.where(np.arange(100) % 3 == 0, np.nan, 5.0)
    figure, n, status, _ = verdict("timeToRepair", 24, "h", told=cases(stuck))
    assert (status, n) == ("missed", 100)
    assert figure.value == pytest.approx(66 / 100)


def test_repair_does_not_judge_what_is_still_young():
    hours = np.full(100, 5.0)
    hours[-3:] = np.nan
    _, n, status, _ = verdict("timeToRepair", 24 * 5, "h", told=cases(hours), until=START + 100 * DAY)
    assert (status, n) == ("met", 97)


def test_notify_looks_only_at_what_the_party_opened():
    assert verdict("timeToNotify", 2, "h", told=cases(np.full(50, 9.0)))[2] == "met"
    assert verdict("timeToNotify", 30, "min", told=cases(np.full(50, 9.0)))[2] == "missed"
    assert "opened by this party" in verdict("timeToNotify", 2, "h", told=cases(np.full(50, 9.0), joined=3.0))[3]


def test_detect_pairs_a_bad_delivery_with_the_case_that_follows():
    """A feed fails at four every third day; cases about data are opened at midnight that follows: 20 hours later."""
    failing = feed(DAYS, missing=tuple(range(0, DAYS, 3)))
    opened = cases(np.full(DAYS, 5.0), about_data=True)
    assert verdict("timeToDetect", 21, "h", feeds=[failing], told=opened)[2] == "met"
    assert verdict("timeToDetect", 19, "h", feeds=[failing], told=opened)[2] == "missed"
    assert verdict("timeToDetect", 19, "h", feeds=[failing], told=cases(np.full(DAYS, 5.0)))[2] == "not checkable"


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize(
    ("value", "unit"), [(None, None), ("soon", "h"), (2, "furlongs"), (-1, "d"), (True, "d"), (2, None)]
)
def test_nothing_is_made_up(name, value, unit):
    """Without records and without a figure nothing is met and nothing missed."""
    figure, n, status, because = verdict(name, value, unit)
    assert isinstance(figure, Refusal)
    assert (n, status) == (0, "not checkable")
    assert because


@pytest.mark.parametrize("name", [p for p in PROPERTIES if not p.startswith("timeTo")])
def test_without_a_feed_nothing_is_said(name):
    value, unit = {"timeOfAvailability": ("06:00", None), "generalAvailability": ("2024-01-01", None)}.get(
        name, (1, "d")
    )
    value, unit = {"endOfSupport": ("2030-01-01", None), "endOfLife": ("2030-01-01", None)}.get(name, (value, unit))
    value, unit = {"availability": (0.9, None), "errorRate": (0.1, None)}.get(name, (value, unit))
    assert verdict(name, value, unit)[2] == "not checkable"


def test_few_occasions_decide_nothing():
    assert "only 10 deliveries" in verdict("latency", 2, "h", feeds=[feed(10)])[3]


def test_ranges_cover_the_truth():
    """Feeds that keep 93 % of deliveries, with bad weeks: nine ranges in ten hold the truth."""
    rng = np.random.default_rng(7)
    held = 0
    for seed in range(300):
        weekly = np.clip(rng.normal(0.93, 0.05, 40), 0, 1).repeat(7)
        at = START + DAY * np.arange(280)
        found = share_of((rng.random(280) < weekly).astype(float), at, seed)
        held += found.low <= np.clip(0.93, 0, 1) <= found.high
    assert 0.85 <= held / 300 <= 0.99


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Sent by hand after 24 hours.", 1.0),
        ("Ninety days' notice; data back within ten days", 90.0),
        ("two weeks", 14.0),
        ("as soon as we can", None),
        ("phone 4711 for help", None),
    ],
)
def test_times_in_sentences(text, days):
    assert units.longest_duration(text) == days


def test_hours_are_what_a_witness_counts():
    assert units.seconds(2, "days") == 2 * 24 * HOUR
    assert units.seconds("P1DT12H", None) == 1.5 * DAY
