from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fourwalls.chain.demand import ShelfDays, demand_statistics
from fourwalls.chain.demand_phantom import on_record, phantom_days

SERIES, DAYS = 600, 150


def healthy(seed: int, steady: float = np.inf, mean: float = 1.5) -> tuple[ShelfDays, np.ndarray]:
    """Shelves that are never empty: levels shift once, weekends sell more, days have luck."""
    rng = np.random.default_rng(seed)
    weekday = np.arange(DAYS) % 7
    level = mean * rng.gamma(1.5, 1 / 1.5, (SERIES, 1)) * np.where(weekday >= 5, 1.5, 0.8)
    shift = np.where(np.arange(DAYS) >= rng.integers(30, 120, (SERIES, 1)), rng.uniform(0.3, 3.0, (SERIES, 1)), 1.0)
    luck = rng.gamma(steady, 1 / steady, (SERIES, DAYS)) if np.isfinite(steady) else 1.0
    sold = rng.poisson(level * shift * luck).astype(np.float32)
    shelf = ShelfDays(sold, np.zeros_like(sold), weekday, np.zeros(SERIES, np.int64))
    return shelf, np.full_like(sold, 20.0)


@pytest.mark.parametrize(("steady", "mean"), [(np.inf, 1.5), (1.5, 1.5), (np.inf, 0.1)])
def test_a_healthy_record_is_silent(steady: float, mean: float) -> None:
    for seed in range(2):
        shelf, on_hand = healthy(seed, steady, mean)
        found = phantom_days(shelf, on_hand, demand_statistics(shelf))
        assert found.runs > 100
        assert not found.days.any()


def test_shelves_that_went_bare_with_stock_on_record_are_found() -> None:
    shelf, on_hand = healthy(5, mean=4.0)
    sold = shelf.sold.copy()
    planted = np.zeros(sold.shape, np.bool_)
    planted[:200, 80:100] = True
    sold[planted] = 0
    found = phantom_days(replace(shelf, sold=sold), on_hand, demand_statistics(replace(shelf, sold=sold)))
    quick = shelf.sold[:200, 52:128].mean(axis=1) > 2.0
    assert found.days[:200, 80:100][quick].mean() > 0.95
    # A run may reach into days that sold nothing anyway, no further.
    assert not found.days[200:].any()
    assert (sold[found.days] == 0).all()


def test_no_stock_on_record_or_no_row_is_no_phantom() -> None:
    shelf, on_hand = healthy(6, mean=4.0)
    sold = shelf.sold.copy()
    sold[:, 80:100] = 0
    statistics = demand_statistics(shelf)
    for nothing in (0.0, np.nan):
        bare = on_hand.copy()
        bare[:, 80:100] = nothing
        assert not phantom_days(replace(shelf, sold=sold), bare, statistics).days.any()
    sold[:, 80:100] = np.nan
    assert not phantom_days(replace(shelf, sold=sold), on_hand, statistics).days.any()


def test_a_partition_finds_what_the_whole_finds() -> None:
    shelf, on_hand = healthy(7, mean=4.0)
    sold = shelf.sold.copy()
    sold[:50, 80:100] = 0
    shelf = replace(shelf, sold=sold)
    statistics = demand_statistics(shelf)
    whole = phantom_days(shelf, on_hand, statistics)
    part = ShelfDays(sold[:40], shelf.empty[:40], shelf.weekday, shelf.pool[:40])
    assert np.array_equal(phantom_days(part, on_hand[:40], statistics, runs=whole.runs).days, whole.days[:40])


def test_a_flag_that_says_stocked_is_stock_on_record_where_nobody_counts() -> None:
    shelf, _ = healthy(5, mean=4.0)
    uncounted = np.full_like(shelf.sold, np.nan)
    sold = shelf.sold.copy()
    sold[:200, 80:87] = 0
    quiet = replace(shelf, sold=sold)
    there = on_record(uncounted, quiet.empty, told=True)
    found = phantom_days(quiet, there, demand_statistics(quiet))
    quick = shelf.sold[:200, 52:115].mean(axis=1) > 4.0
    assert found.days[:200, 80:87][quick].mean() > 0.95
    assert not found.days[200:].any()
    # Flags that say empty are believed; so are they where stock is counted beside them.
    empty = shelf.empty.copy()
    empty[:200, 80:87] = 1.0
    bare = replace(quiet, empty=empty)
    assert not phantom_days(bare, on_record(uncounted, empty, told=True), demand_statistics(bare)).days.any()
    assert np.isnan(on_record(np.ones_like(sold), quiet.empty, told=True)).all()
    assert (on_record(np.ones_like(sold), quiet.empty, told=False) == 1).all()


@pytest.mark.parametrize("mean", [1.5, 0.1])
def test_flags_of_shelves_that_never_were_bare_stay_silent(mean: float) -> None:
    for seed in range(3):
        shelf, _ = healthy(10 + seed, mean=mean)
        there = on_record(np.full_like(shelf.sold, np.nan), shelf.empty, told=True)
        found = phantom_days(shelf, there, demand_statistics(shelf))
        assert found.runs > 100
        assert not found.days.any()
