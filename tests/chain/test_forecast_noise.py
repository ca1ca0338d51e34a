"""Forecasts that swing without a reason: beside the naive forecast, chance left alone, levels calmed, promotions kept."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.chain.forecast_noise import Noise, better, noise
from fourwalls.chain.shifts import ForecastRows, bias, compared

SHELVES, WEEKS = 12, 48
DAYS = 7 * WEEKS


def rows_of(units: np.ndarray) -> ForecastRows:
    """Weekly forecasts a day, made on the first day of the week; shelves of odd number belong to another cell."""
    shelf, week = (x.ravel() for x in np.meshgrid(np.arange(SHELVES), np.arange(WEEKS), indexing="ij"))
    zero = np.zeros(len(shelf), np.int64)
    return ForecastRows(shelf, zero, shelf % 2, 7 * week, 7 * week, zero + 7, units.ravel().astype(np.float32))


def told(units: np.ndarray, demand: np.ndarray) -> tuple[ForecastRows, Noise]:
    rows, share, alone = rows_of(units), np.ones((SHELVES, 1)), np.full(SHELVES, -1)
    return rows, noise(rows, compared(rows, demand, share, alone), demand, share, alone, 2)


def world(seed: int, swing: float) -> tuple[np.ndarray, np.ndarray]:
    """Poisson demand of known rates, forecast rightly but for swings in the second cell."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(4.0, 0.5, (SHELVES, 1)) * np.exp(0.3 * np.sin(np.arange(WEEKS) / 8))
    demand = rng.poisson(np.repeat(rate, 7, axis=1)).astype(np.float32)
    off = np.where(np.arange(SHELVES)[:, None] % 2 == 1, swing, 0.0)
    return rate * np.exp(rng.normal(0, 1, rate.shape) * off - off**2 / 2), demand


def test_swings_are_found_in_their_cell_and_taken_out() -> None:
    units, demand = world(1, 0.5)
    truth, _ = world(1, 0.0)
    rows, found = told(units, demand)
    assert found.skill[0] < 1 < found.skill[1]
    assert found.kept[0] == 1
    assert found.kept[1] < 0.3
    lasting = bias(rows, compared(rows, demand, np.ones((SHELVES, 1)), np.full(SHELVES, -1)), DAYS, 2)
    calmed = better(rows, lasting, found).reshape(SHELVES, WEEKS)
    odd = slice(1, None, 2)
    before, after = (np.abs(x[odd] - truth[odd]).mean() for x in (units, calmed))
    assert after < 0.45 * before
    assert calmed[odd].mean() == pytest.approx(units[odd].mean(), rel=0.05), "calming is no bias"
    assert (calmed[::2] == units[::2].astype(np.float32)).all()


def test_sound_forecasts_are_left_alone() -> None:
    for seed in range(40):
        units, demand = world(seed, 0.0)
        assert (told(units, demand)[1].kept == 1).all()


def test_forecasts_as_good_as_naive_are_held_to_nothing_more_often_than_chance_allows() -> None:
    taken, first = 0, 7 * np.arange(WEEKS)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        rate = rng.gamma(4.0, 0.5, (SHELVES, 1))
        demand = rng.poisson(np.repeat(rate, DAYS, axis=1)).astype(np.float32)
        upto = np.concatenate([np.zeros((SHELVES, 1)), np.cumsum(demand, axis=1)], axis=1)
        # Six other weeks than the naive forecast's: as good where demand stands still, and not the same.
        units = (upto[:, np.maximum(first - 42, 0)] - upto[:, np.maximum(first - 84, 0)]) / 42
        units = np.where(first >= 84, units, rate)
        taken += int((told(units, demand)[1].kept < 1).sum())
    assert taken <= 0.1 * 200


def test_a_promotion_known_beforehand_is_no_swing() -> None:
    rng = np.random.default_rng(2)
    rate = np.full((SHELVES, WEEKS), 2.0)
    rate[:, 5::6] *= 3
    demand = rng.poisson(np.repeat(rate, 7, axis=1)).astype(np.float32)
    assert (told(rate, demand)[1].kept == 1).all()


def test_too_short_a_record_shows_nothing() -> None:
    units, demand = world(3, 0.8)
    rows = rows_of(units)
    early = ForecastRows(*(getattr(rows, n)[rows.start < 70] for n in ForecastRows.__dataclass_fields__))
    share, alone = np.ones((SHELVES, 1)), np.full(SHELVES, -1)
    found = noise(early, compared(early, demand, share, alone), demand, share, alone, 2)
    assert np.isnan(found.skill).all()
    assert (found.kept == 1).all()
