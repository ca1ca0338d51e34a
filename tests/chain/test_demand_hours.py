"""When in the day series sell: known hours of skus and nodes, seen through shelves that are empty in the evening."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.chain.demand_hours import usual_hours


def seen(units: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    sku, node = (x.ravel() for x in np.indices((8, 12)))
    share, bend = rng.gamma(3.0, 1.0, (8, 24)), rng.gamma(20.0, 0.05, (12, 24))
    usual = share[sku] * bend[node]
    usual /= usual.sum(axis=1, keepdims=True)
    level = units * rng.gamma(1.0, 1.0, (96, 1))
    # The more a series sells the emptier its evenings: mean sales of stocked hours would tell too little of evenings.
    closes = np.clip(24 - level / units * 4, 8, 24)
    stocked = 90.0 * np.where(np.arange(24) < closes, 1.0, 0.2)
    return rng.poisson(level * usual * stocked).astype(float), stocked, sku, node, usual


def test_hours_are_told() -> None:
    sold, stocked, sku, node, usual = seen(200.0)
    share, bend = usual_hours(sold, stocked, sku, node)
    told = share[sku] * bend[node]
    told /= told.sum(axis=1, keepdims=True)
    assert np.abs(told / usual - 1).max() < 0.15
    assert np.abs(told - usual).sum(axis=1).mean() < 0.02
    assert share.sum(axis=1) == pytest.approx(1.0)
    evening = slice(18, 24)
    mean = sold.sum(axis=0) / stocked.sum(axis=0)
    plain = mean / mean.sum()
    assert plain[evening].sum() < 0.9 * usual[:, evening].mean(axis=0).sum()
    assert told[:, evening].sum() == pytest.approx(usual[:, evening].sum(), rel=0.02)


def test_who_sells_nothing_keeps_the_hours_of_all() -> None:
    sold, stocked, sku, node, _ = seen(5.0)
    sold[sku == 0] = 0.0
    share, _ = usual_hours(sold, stocked, sku, node)
    assert np.isfinite(share).all()
    assert share[0].sum() == pytest.approx(1.0)
    assert share[0] == pytest.approx(share[1:].mean(axis=0), abs=0.03)


def test_days_never_stocked_tell_nothing() -> None:
    share, bend = usual_hours(np.zeros((2, 24)), np.zeros((2, 24)), np.array([0, 1]), np.array([0, 0]))
    assert np.isfinite(share).all()
    assert np.isfinite(bend).all()
