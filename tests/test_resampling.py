"""Ranges cover what they claim, in worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwalls.resampling import draw_clusters, ratio_ranges, share_estimate, student_quantile


@pytest.mark.parametrize(
    ("p", "freedom", "table"),
    [(0.95, 7, 1.895), (0.95, 12, 1.782), (0.975, 20, 2.086), (0.95, 30, 1.697), (0.9, 5, 1.476)],
)
def test_students_quantiles_as_in_the_tables(p: float, freedom: int, table: float) -> None:
    assert student_quantile(p, freedom) == pytest.approx(table, abs=0.004)


@pytest.mark.parametrize(("weeks", "shock"), [(10, 0.0), (26, 0.4), (52, 0.4)])
def test_ranges_of_a_share_cover_ninety_per_cent(weeks: int, shock: float) -> None:
    """Late lines arise week by week with a shock common to the week; 600 worlds, so ± 3.7 points is chance."""
    rng = np.random.default_rng(weeks)
    truth, covered, worlds = 0.1, 0, 600
    for world in range(worlds):
        lines = rng.poisson(200, weeks).astype(float)
        chance = truth * np.exp(rng.normal(0, shock, weeks)) / np.exp(shock**2 / 2)
        late = rng.binomial(lines.astype(int), np.minimum(chance, 1)).astype(float)
        _, low, high = ratio_ranges(late[None], lines, draw_clusters(weeks, seed=world, replicates=299))
        covered += low[0] <= truth <= high[0]
    assert 0.85 <= covered / worlds <= 0.95


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=8, max_size=20))
def test_a_ratio_lies_within_its_own_range(pairs: list[tuple[int, int]]) -> None:
    above = np.array([[float(a) for a, _ in pairs]])
    below = np.array([float(b) for _, b in pairs])
    value, low, high = ratio_ranges(above, below, draw_clusters(len(pairs), seed=1, replicates=99))
    assert low[0] <= value[0] <= high[0]


def test_none_seen_is_not_never() -> None:
    estimate = share_estimate(0.0, 0.0, 0.0, n=100)
    assert estimate.high == pytest.approx(1 - 0.05 ** (1 / 100))
    assert estimate.low == 0


def test_nothing_to_divide_by_is_no_figure() -> None:
    value, low, high = ratio_ranges(np.zeros((1, 9)), np.zeros(9), draw_clusters(9, seed=1, replicates=9))
    assert np.isnan([value, low, high]).all()
