"""Contrasts against independent witnesses: a general optimiser, textbook regression, and known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from fourwalls.evidence.contrasts import Slope, group_slopes, multiplied_rates
from fourwalls.resampling import student_quantile


def test_rates_are_the_maximum_of_the_poisson_likelihood() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 3, 60), rng.integers(0, 4, 60)
    exposure = rng.uniform(0.5, 3.0, 60)
    count = rng.poisson(exposure * np.array([1.0, 3.0, 5.0])[a] * np.array([1.0, 2.0, 0.5, 1.5])[b]).astype(float)
    design = np.column_stack([np.eye(3)[a], np.eye(4)[b][:, 1:]])

    def minus_likelihood(beta: np.ndarray) -> float:
        eta = np.log(exposure) + design @ beta
        return float((np.exp(eta) - count * eta).sum())

    best = optimize.minimize(minus_likelihood, np.zeros(6), method="BFGS", tol=1e-10)
    expected, rates = multiplied_rates(count, exposure, [a, b])
    assert expected == pytest.approx(exposure * np.exp(design @ best.x), rel=1e-4)
    assert expected == pytest.approx(exposure * rates[0][a] * rates[1][b], rel=1e-9)


def test_groups_that_never_had_a_count_have_rate_nothing() -> None:
    expected, rates = multiplied_rates(
        np.array([0.0, 0.0, 4.0]), np.ones(3), [np.array([0, 0, 1]), np.array([0, 1, 1])]
    )
    assert rates[0][0] == 0
    assert expected.tolist() == pytest.approx([0.0, 0.0, 4.0])


def test_slope_of_many_groups_is_textbook_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 1, 12)
    y = 0.3 - 2 * x + rng.normal(0, 0.2, 12)
    (found,) = group_slopes(y, np.full(12, 1e9), x[:, None], [])
    witness = stats.linregress(x, y)
    assert found is not None
    assert (found.value, found.error, found.freedom) == (
        pytest.approx(witness.slope), pytest.approx(witness.stderr, rel=1e-6), 10,
    )  # fmt: skip


def test_few_counts_are_never_more_certain_than_poisson() -> None:
    """Rates that happen to lie on a line are no proof: 50 orders know their rate to a seventh."""
    x = np.linspace(0, 1, 6)
    (found,) = group_slopes(-0.5 * x, np.full(6, 50.0), x[:, None], [])
    assert found is not None
    assert found.value == pytest.approx(-0.5)
    assert found.error == pytest.approx((1 / 50 / ((x - x.mean()) ** 2).sum()) ** 0.5)


def test_effects_are_taken_out_and_what_never_moves_tells_nothing() -> None:
    kind, channel = np.repeat(np.arange(4), 2), np.tile([0, 1], 4)
    content = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5, 0.9])
    rate = np.array([1.0, 2.0, 3.0, 4.0])[kind] + 0.3 * channel + 0.7 * content
    content_slope, price_slope = group_slopes(
        rate, np.full(8, 1e6), np.column_stack([content, np.arange(8) // 2 / 10]), [kind, channel]
    )
    assert content_slope is not None
    assert content_slope.value == pytest.approx(0.7)
    assert content_slope.freedom == 2
    assert price_slope is None  # the same in both channels: only the kinds differ in it


def test_too_few_groups_tell_nothing() -> None:
    x = np.array([0.0, 0.5, 1.0])
    assert group_slopes(x, np.full(3, 1e3), x[:, None], []) == [None]
    assert group_slopes(np.full(3, np.nan), np.zeros(3), x[:, None], []) == [None]


@pytest.mark.parametrize("groups", [4, 6, 10])
def test_groups_with_luck_of_their_own_rarely_show_an_effect_and_ranges_cover(groups: int) -> None:
    """Half the groups differ by 0.1 in a factor; each has lasting luck besides."""
    rng = np.random.default_rng(groups)
    x = np.where(np.arange(groups) < groups // 2, 0.1, 0.0)
    alarms = covered = 0
    for _ in range(400):
        n = rng.integers(200, 4000, groups).astype(float)
        luck = rng.normal(0, 0.15, groups)
        for true in (0.0, -4.0):
            count = rng.poisson(n * np.exp(luck + true * x)).astype(float)
            (found,) = group_slopes(np.log(count / n), count, x[:, None], [])
            assert found is not None
            if true == 0.0:
                alarms += found.is_sure(-1)
            else:
                covered += abs(found.value - true) < found.reach * found.error
    assert alarms <= 32  # 5 % of 400 is 20; 32 has a chance below 1 %
    assert covered >= 345  # 90 % of 400 is 360; 345 has a chance of 1 %


def test_draws_have_the_slopes_middle_and_reach() -> None:
    slope = Slope(-4.0, 0.5, 8)
    drawn = slope.drawn(40_000, 1)
    low, high = np.quantile(drawn, [0.05, 0.95])
    assert drawn.mean() == pytest.approx(-4.0, abs=0.02)
    assert (high - low) / 2 == pytest.approx(student_quantile(0.95, 8) * 0.5, rel=0.03)
    assert np.abs(drawn + 4.0).max() <= 2.0
