"""The bias of forecasts, what it does to levels, and how unevenly stock is shared out; cases worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fourwalls.chain.forecast_noise import better, quiet
from fourwalls.chain.shifts import Bias, ForecastRows, compared, even_share, on_each_day, skew
from fourwalls.chain.shifts import bias as bias_of

WEEKS = 32
DAYS = 7 * WEEKS


def forecasts(units: np.ndarray, **given: Any) -> ForecastRows:
    """Weekly forecasts made two days before the week, one row a shelf and week; `units` a day, shape (shelves, weeks)."""
    shelves, weeks = units.shape
    shelf, week = (x.ravel() for x in np.meshgrid(np.arange(shelves), np.arange(weeks), indexing="ij"))
    zero = np.zeros(len(shelf), np.int64)
    base = {
        "shelf": shelf,
        "channel": zero,
        "cell": zero,
        "made": 7 * week - 2,
        "start": 7 * week,
        "length": zero + 7,
        "units": units.ravel().astype(np.float32),
    }
    return ForecastRows(**(base | given))


def bias(rows: ForecastRows, demand: np.ndarray, share: np.ndarray, donor: np.ndarray, cells: int) -> Bias:
    return bias_of(rows, compared(rows, demand, share, donor), demand.shape[1], cells)


def shift(rows: ForecastRows, found: Bias, days: int, shelves: int) -> np.ndarray:
    return on_each_day(rows, better(rows, found, quiet(rows, 1)) - rows.units, days, shelves)


def one_channel(shelves: int) -> np.ndarray:
    return np.ones((shelves, 1))


def alone(shelves: int) -> np.ndarray:
    return np.full(shelves, -1)


def test_a_lasting_bias_is_found_and_hardly_shrunk() -> None:
    rng = np.random.default_rng(1)
    demand = rng.poisson(20.0, (4, DAYS)).astype(np.float32)
    found = bias(forecasts(np.full((4, WEEKS), 16.0)), demand, one_channel(4), alone(4), 1)
    expected = 16 * demand.size / demand.sum() - 1
    assert found.share[0] == pytest.approx(expected)
    assert found.counts[0] == pytest.approx(expected, rel=0.01)
    assert found.blocks[0] == 8


def test_an_even_error_of_known_size_by_hand() -> None:
    # Eight months of 100 units; forecasts 110 and 130 in turn: bias 0.2, spread of a month 10, error 10/√8/100·√(8/7).
    demand = np.full((1, DAYS), 100 / 28, np.float32)
    month = np.arange(WEEKS) // 4
    found = bias(forecasts(np.where(month % 2, 130.0, 110.0)[None] / 28), demand, one_channel(1), alone(1), 1)
    error = 10 / 100 / 8**0.5 * (8 / 7) ** 0.5
    z = 0.2 / error
    assert found.share[0] == pytest.approx(0.2)
    assert found.counts[0] == pytest.approx(0.2 * (1 - 1 / z**2))


def test_chance_is_no_bias() -> None:
    taken = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        level = rng.gamma(25.0, 1 / 25.0, WEEKS // 4)[np.arange(DAYS) // 28]
        demand = rng.poisson(5.0 * level)[None].astype(np.float32)
        found = bias(forecasts(np.full((1, WEEKS), 5.0)), demand, one_channel(1), alone(1), 1)
        taken += found.counts[0] != 0
    # Two-sided 5 % by the normal distribution; with 8 months, Student's is 9 %.
    assert 4 <= taken <= 32


def test_too_short_a_record_shows_no_bias() -> None:
    days = 7 * 20
    found = bias(forecasts(np.full((1, 20), 9.0)), np.full((1, days), 3.0, np.float32), one_channel(1), alone(1), 1)
    assert found.blocks[0] == 5
    assert np.isnan(found.share[0])
    assert found.counts[0] == 0


def test_days_without_a_record_are_no_days_without_demand() -> None:
    demand = np.full((1, DAYS), 4.0, np.float32)
    demand[0, ::20] = np.nan
    rng = np.random.default_rng(5)
    found = bias(forecasts(rng.normal(4, 0.1, (1, WEEKS))), demand, one_channel(1), alone(1), 1)
    assert abs(found.share[0]) < 0.02
    assert found.counts[0] == pytest.approx(0, abs=0.02)


def test_forecasts_of_a_channel_are_held_to_its_share() -> None:
    demand = np.full((1, DAYS), 10.0, np.float32)
    rows = forecasts(np.full((1, WEEKS), 3.0), channel=np.ones(WEEKS, np.int64))
    found = bias(rows, demand, np.array([[0.7, 0.3]]), alone(1), 1)
    assert found.share[0] == pytest.approx(0, abs=1e-6)
    unknown = bias(rows, demand, np.array([[0.7, np.nan]]), alone(1), 1)
    assert np.isnan(unknown.share[0])


def test_a_centre_is_held_to_what_its_shelves_need() -> None:
    demand = np.concatenate([np.full((1, DAYS), 1.0), np.full((2, DAYS), 5.0)]).astype(np.float32)
    donor = np.array([-1, 0, 0])
    rows = forecasts(np.full((1, WEEKS), 11.0))
    assert bias(rows, demand, one_channel(3), donor, 1).share[0] == pytest.approx(0, abs=1e-6)
    own = forecasts(np.full((1, WEEKS), 1.0))
    assert bias(own, demand, one_channel(3), donor, 1).share[0] == pytest.approx(0, abs=1e-6)


def test_the_shift_is_what_an_unbiased_forecast_would_have_said_more() -> None:
    rows = forecasts(np.array([[8.0, 8.0, 16.0]]))
    found = shift(rows, Bias(np.array([-0.2]), np.array([-0.2]), np.array([8])), 21, 1)
    # 8 / 0.8 − 8; the third week's forecast was made on day 12.
    assert found[0].tolist() == pytest.approx([2.0] * 12 + [4.0] * 9)


def test_of_two_periods_forecast_on_one_day_the_nearer_counts() -> None:
    rows = ForecastRows(
        np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros(2, np.int64), np.array([3, 3]), np.array([14, 7]),
        np.array([7, 7]), np.array([40.0, 8.0], np.float32),
    )  # fmt: skip
    found = shift(rows, Bias(np.array([-0.2]), np.array([-0.2]), np.array([8])), 10, 1)
    assert found[0].tolist() == [0.0] * 3 + [2.0] * 7


def shared(lean: float, seed: int = 1, skus: int = 60) -> tuple[np.ndarray, ...]:
    """Skus at two nodes with levels of `rate^-0.3` cover; the second node gets `exp(lean)` times as much."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2.0, 2.0, 2 * skus) + 0.2
    sku, node = np.repeat(np.arange(skus), 2), np.tile([0, 1], skus)
    protects = np.full(2 * skus, 14.0)
    level = rate**0.7 * protects * 1.5 * np.exp(rng.normal(0, 0.1, 2 * skus) + lean * node)
    return level, rate, protects, sku, node


def test_uneven_sharing_is_found_node_by_node() -> None:
    level, rate, protects, sku, node = shared(0.8)
    found = skew(level, rate, protects, sku, node)
    assert found.judged.all()
    lean = [found.lean[node == k].mean() for k in (0, 1)]
    assert lean[1] - lean[0] == pytest.approx(0.8, abs=0.1)


def test_even_sharing_is_left_alone() -> None:
    taken = 0
    for seed in range(40):
        level, rate, protects, sku, node = shared(0.0, seed)
        taken += bool(skew(level, rate, protects, sku, node).lean.any())
    assert taken <= 6


def test_lanes_that_differ_in_minutes_explain_no_uneven_sharing() -> None:
    level, rate, protects, sku, node = shared(0.0, 3)
    kind = sku % 3
    level = level * np.exp(np.where(kind == 0, 1.0 * node, 0.0))
    found = skew(level, rate, protects * (1 + 1e-4 * node), sku, 3 * node + kind)
    assert [abs(found.lean[kind == k]).max() for k in (1, 2)] == pytest.approx([0, 0], abs=0.05)
    lean = [found.lean[(kind == 0) & (node == k)].mean() for k in (0, 1)]
    assert lean[1] - lean[0] == pytest.approx(1.0, abs=0.15)


def test_a_sku_at_one_node_is_not_shared_out() -> None:
    level, rate, protects, sku, node = shared(0.8)
    found = skew(np.where(node == 1, level, np.nan), rate, protects, sku, node)
    assert not found.judged.any()
    assert not found.lean.any()


def test_evening_out_neither_makes_nor_loses_stock() -> None:
    level, rate, protects, sku, node = shared(0.8)
    # One shelf is refilled from elsewhere: its level is unknown, and nothing may be taken from it or given to it.
    level = np.concatenate([level, [np.nan]])
    sku = np.concatenate([sku, sku[-1:]])
    lean = np.concatenate([skew(level[:-1], rate, protects, sku[:-1], node).lean, [0.0]])
    factor = even_share(level, lean, sku)
    before = np.bincount(sku, np.nan_to_num(level))
    after = np.bincount(sku, np.nan_to_num(level * factor))
    assert after == pytest.approx(before)
    assert (factor[:-1][node == 0] > 1).all()
    assert (factor[:-1][node == 1] < 1).all()
    assert factor[-1] == 1.0
