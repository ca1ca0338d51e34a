"""Gates are found where they are, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.chain.calendars import CANDIDATES, HOURS, Gate, find_gate


def sums(start: np.ndarray, duration: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hour = np.floor(start).astype(int) % HOURS
    from_hour = duration + start % 1
    return tuple(np.bincount(hour, w, minlength=HOURS) for w in (np.ones_like(start), from_hour, from_hour**2))  # type: ignore[return-value]


def starts(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(0, HOURS, n)


def gated(gate: Gate, start: np.ndarray) -> np.ndarray:
    return np.maximum(gate.wait_hours[np.floor(start).astype(int) % HOURS] - start % 1, 0)


@pytest.mark.parametrize(("hour", "days"), [(16, "Monday to Friday"), (6, "every day"), (11, "Monday to Saturday")])
def test_a_planted_gate_is_found(hour: int, days: str) -> None:
    rng = np.random.default_rng(1)
    gate = next(g for g in CANDIDATES if (g.hour, g.days) == (hour, days))
    start = starts(rng, 3000)
    found = find_gate(*sums(start, gated(gate, start) + rng.gamma(4, 5, 3000)))
    assert found is not None
    assert (found.hour, found.days) == (hour, days)


def test_no_gate_is_seen_where_durations_do_not_depend_on_the_hour() -> None:
    rng = np.random.default_rng(2)
    found = [find_gate(*sums(starts(rng, 1000), rng.gamma(2, 15, 1000))) for _ in range(200)]
    assert sum(g is not None for g in found) <= 2


def test_slow_nights_are_no_gate() -> None:
    """Durations that merely double at night do not fall by an hour each hour."""
    rng = np.random.default_rng(3)
    start = starts(rng, 3000)
    night = (start % 24 < 6) | (start % 24 > 20)
    assert find_gate(*sums(start, rng.gamma(4, 2, 3000) * np.where(night, 2, 1))) is None


def test_too_few_lines_have_no_calendar() -> None:
    gate = CANDIDATES[16]
    start = starts(np.random.default_rng(4), 100)
    assert find_gate(*sums(start, gated(gate, start) + 1)) is None
