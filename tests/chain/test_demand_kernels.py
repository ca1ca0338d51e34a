"""The kernel against a slow twin that writes out every sum, compiled and not."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.chain import demand_kernels


def twin(sold: np.ndarray, stocked: np.ndarray, factor: np.ndarray, before: np.ndarray, decay: float) -> np.ndarray:
    """Expected demand of each day: every other day's sales and exposure, added up day by day."""
    rate = np.empty(sold.shape)
    days = np.arange(sold.shape[1])
    for s, (mean, alike, grain, steady, strength) in enumerate(before):
        level = (alike + sold[s].sum() / grain) / (alike / mean + (stocked[s] * factor[s]).sum() / grain)
        rate[s] = level * factor[s]
        for _ in range(demand_kernels.ROUNDS):
            weight = 1 / (grain * (1 + rate[s] * stocked[s] / (grain * steady)))
            n, e = weight * sold[s], weight * stocked[s] * factor[s]
            told = np.empty(len(days))
            for t in days:
                others = days != t
                own = (alike + n[others].sum()) / (alike / mean + e[others].sum())
                near = np.where(others, decay ** np.abs(days - t), 0.0)
                told[t] = factor[s, t] * (strength + (near * n).sum()) / (strength / own + (near * e).sum())
            rate[s] = told
    return rate


@pytest.mark.parametrize("compiled", [True, False])
def test_the_kernel_adds_up_what_its_twin_adds_up(compiled: bool) -> None:
    rng = np.random.default_rng(1)
    shape = (6, 25)
    stocked = np.where(rng.random(shape) < 0.4, rng.random(shape), 1.0).astype(np.float32)
    stocked[0, 5:15] = 0.0
    sold = np.where(stocked > 0, rng.poisson(3.0, shape), 0).astype(np.float32)
    factor = rng.gamma(20.0, 0.05, shape).astype(np.float32)
    before = np.column_stack(
        [rng.gamma(5.0, 0.5, 6), rng.gamma(3.0, 1.0, 6), rng.gamma(5.0, 0.2, 6), [1.0, 2.0, 5.0, 50.0, 1e3, 1e6], rng.gamma(5.0, 2.0, 6)]
    )  # fmt: skip
    rate = np.empty(shape, np.float32)
    run = demand_kernels.expect if compiled else demand_kernels.expect.py_func
    run(sold, stocked, factor, before, 0.9, rate)
    assert rate == pytest.approx(twin(sold, stocked, factor, before, 0.9), rel=1e-4)


def test_the_day_itself_does_not_count() -> None:
    """What a day sold says nothing about what was expected of it, but for how unevenly it weighs the others."""
    sold = np.full((2, 30), 2.0, np.float32)
    sold[1, 10] = 50.0
    rate = np.empty_like(sold)
    ones = np.ones_like(sold)
    demand_kernels.expect(sold, ones, ones, np.tile([2.0, 3.0, 1.0, 1e9, 10.0], (2, 1)), 0.9, rate)
    assert rate[1, 10] == pytest.approx(rate[0, 10], rel=1e-5)
    assert rate[1, 11] > 1.5 * rate[0, 11]
