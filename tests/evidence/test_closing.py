"""Customers turned away, against a simulation whose demand is known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.evidence.closing import SLOTS, _shut_share, closed_nodes, demand_while_shut
from fourwalls.measures.turned_away import NOTHING

DAYS = 364
PROFILE = np.exp(-(((np.arange(24) - 14) / 5) ** 2))
WEEKDAY = np.array([1.3, 1.1, 1.0, 0.9, 1.0, 1.4, 0.6])


def lived(rng: np.random.Generator, capacity: int, spread: float, still: float = 0.0) -> tuple[np.ndarray, ...]:
    """A year of a place that closes for the day when it is full: lines, closed parts of slots, visits, lines turned away."""
    season = 1 + 0.3 * np.sin(np.arange(DAYS) * 2 * np.pi / DAYS)
    luck = rng.gamma(1 / spread, spread, DAYS) if spread else np.ones(DAYS)
    mean = 10 * season * luck * WEEKDAY[(np.arange(DAYS) + 3) % 7]
    lines, shut = np.zeros((DAYS, SLOTS)), np.zeros((DAYS, SLOTS))
    away = 0
    for day in range(DAYS):
        hours = rng.choice(24, rng.poisson(mean[day]), p=PROFILE / PROFILE.sum())
        slots = np.sort(hours + rng.uniform(size=len(hours))) * SLOTS / 24
        kept, late = slots[:capacity], slots[capacity:]
        np.add.at(lines[day], kept.astype(int), 1)
        if len(kept) == capacity:
            shut[day] = np.clip(np.arange(SLOTS) + 1 - kept[-1], 0, 1)
            came = rng.uniform(size=len(late)) < still
            np.add.at(lines[day], late[came].astype(int), 1)
            away += int((~came).sum())
    return lines, shut, mean * 40, np.array(away)


@pytest.mark.parametrize("capacity", [6, 9, 14])
def test_demand_in_closed_hours_is_told_although_only_busy_days_close(capacity: int) -> None:
    rng = np.random.default_rng(capacity)
    told = true = 0.0
    for _ in range(12):
        lines, shut, _, away = lived(rng, capacity, 0.0)
        found = demand_while_shut(lines, shut, None, 0)
        told, true = told + float(found.shut.sum() - found.still.sum()), true + float(away)
    assert told == pytest.approx(true, rel=0.08)


def test_days_that_differ_by_chance_need_visits() -> None:
    """Where demand swings from day to day, hours alone tell too little, never too much; with visits it is told."""
    rng = np.random.default_rng(5)
    alone, seen = [], []
    for _ in range(12):
        lines, shut, visits, away = lived(rng, 9, 0.1)
        for told, known in ((alone, None), (seen, visits)):
            found = demand_while_shut(lines, shut, known, 0)
            told.append((found.shut.sum() - found.still.sum()) / away)
    assert 0.6 < np.mean(alone) < 1.0
    assert np.mean(seen) == pytest.approx(1.0, abs=0.08)


def test_who_still_orders_was_not_turned_away() -> None:
    rng = np.random.default_rng(6)
    told = []
    for _ in range(12):
        lines, shut, _, away = lived(rng, 9, 0.0, still=1.0)
        assert away == 0
        found = demand_while_shut(lines, shut, None, 0)
        told.append((found.shut.sum() - found.still.sum()) / found.shut.sum())
    # Those in the slot of the closing count as before it: part of ten minutes.
    assert abs(np.mean(told)) < 0.05


def test_closed_hours_by_hand() -> None:
    """Closed on the first day at 10:45 until midnight, on the second from one to three."""
    day = 20_000
    rows = pa.table(
        {
            "shut_s": [day * 86_400 + int(10.75 * 3600), (day + 1) * 86_400 + 3600],
            "open_s": pa.array([None, (day + 1) * 86_400 + 3 * 3600], pa.int64()),
        }
    )
    share = _shut_share(rows, np.ones(2, dtype=np.bool_), day, 2)
    assert share.sum(axis=1).tolist() == [13.25 * 6, 12.0]
    assert share[0, 62:65].tolist() == [0.0, 0.0, 0.5]
    assert share[1, 5:19].tolist() == [0.0, *[1.0] * 12, 0.0]


@pytest.mark.parametrize(
    ("a_still", "b_still", "closed", "instead"),
    [(0, 40, ["a"], 0), (3, 41, ["a"], 0), (0, 0, ["a", "b"], 0), (38, 40, ["a", "b"], 0), (0, 78, ["a"], 38)],
)
def test_only_nodes_that_stopped_selling_had_closed(
    a_still: int, b_still: int, closed: list[str], instead: int
) -> None:
    """Two nodes of one place sell 60 lines each while it is open; in closed time some 80 lines are expected of both."""
    shut = np.zeros((2, SLOTS))
    shut[1] = 1.0
    node = np.array(["a", "b", "a", "b"], dtype=object)
    slot = np.array([5, 5, SLOTS + 5, SLOTS + 5])
    lines = np.array([60.0, 60.0, a_still, b_still])
    names, more = closed_nodes(node, slot, lines, shut, 80.0)
    assert (names.tolist(), more) == (closed, pytest.approx(instead))


def test_small_nodes_close_with_a_large_one_and_lines_without_a_node_are_one() -> None:
    """Too few lines to tell by themselves; what kept selling had not closed."""
    shut = np.zeros((2, SLOTS))
    shut[1] = 1.0
    names = ["big", *(f"s{i}" for i in range(9)), NOTHING]
    node = np.array(names * 2, dtype=object)
    slot = np.repeat([5, SLOTS + 5], len(names))
    lines = np.array([60.0, *[2.0] * 9, 30.0, 0.0, *[0.0] * 8, 2.0, 30.0])
    found, _ = closed_nodes(node, slot, lines, shut, 108.0)
    assert found.tolist() == ["big", *(f"s{i}" for i in range(8))]
    alone, _ = closed_nodes(node[-1:], slot[-1:], lines[-1:], shut, 30.0)
    assert alone.tolist() == [NOTHING]
