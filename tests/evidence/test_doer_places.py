"""Places of one doer: a place that wastes more is found, equal ones are not told apart, and neither are those that differ by nature."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.chain.standards import NATURAL_SPREAD
from fourwalls.evidence.doer_places import Places, compare_places, gentler
from fourwalls.resampling import blocks_per_fold, draw_clusters, spans_per_block

WEEKS = 48
DRAWS = draw_clusters(WEEKS, 1, block=np.arange(WEEKS) // (spans_per_block(WEEKS) * blocks_per_fold(WEEKS)))
KINDS, CHANNELS = ("lamps", "rugs", "vases"), ("site", "bazaar", "shop")
CELLS = [(kind, channel) for kind in KINDS for channel in CHANNELS]


def compared(rate: np.ndarray, seed: int, bookings: np.ndarray | None = None) -> tuple[Places, np.ndarray]:
    """Nine places of one doer; each week books a share of what was sold, give or take a third."""
    rng = np.random.default_rng(seed)
    value = rng.lognormal(7, 0.7, (len(CELLS), 1)) * rng.lognormal(0, 0.2, (len(CELLS), WEEKS))
    amount = value * rate[:, None] * rng.lognormal(-0.045, 0.3, value.shape)
    n = np.full(len(CELLS), float(WEEKS)) if bookings is None else bookings
    of = (["us"] * len(CELLS), [kind for kind, _ in CELLS], [(channel,) for _, channel in CELLS])
    return compare_places(amount, value, n, of, np.ones(len(CELLS), np.bool_), DRAWS, 0.05), value


def test_a_place_that_wastes_more_is_found_with_its_amount() -> None:
    rate = np.full(len(CELLS), 0.006)
    rate[4] = 0.036
    found, value = compared(rate, seed=1)
    assert np.flatnonzero(found.excess.amount).tolist() == [4]
    mine = np.arange(len(CELLS)) == 4
    amount, drawn = found.wasted(mine)
    assert amount == pytest.approx(0.03 * value[4].sum(), rel=0.15)
    assert np.quantile(drawn, 0.05) < amount < np.quantile(drawn, 0.95)
    assert found.held.all()
    assert found.in_words(found.cell[4]).startswith("rugs in bazaar at us is 5.6 times")
    assert 0 < found.detectable(mine) < amount


@pytest.mark.parametrize("spread", [0.0, NATURAL_SPREAD])
def test_equal_places_are_told_apart_no_more_than_chance_allows(spread: float) -> None:
    told = 0
    for seed in range(60):
        luck = np.random.default_rng(1000 + seed).normal(size=len(CELLS))
        found, _ = compared(0.006 * np.exp(spread * luck), seed)
        told += bool((found.excess.amount > 0).any())
    assert told <= 7  # 5 % of 60, and no more than chance adds to it in 1 of 100 cases


def test_a_place_that_hardly_books_anything_is_no_standard() -> None:
    rate = np.array([0.02, 1e-6, 0.02] * 3)
    found, _ = compared(rate, seed=2, bookings=np.array([WEEKS, 2.0, WEEKS] * 3))
    assert not found.excess.amount.any()
    assert found.held.tolist() == [True, False, True] * 3


def test_without_places_or_with_one_nothing_is_held() -> None:
    draws = DRAWS
    amount, base = np.full((2, WEEKS), 5.0), np.full((2, WEEKS), 100.0)
    for place, alone in (((None,), True), (("site",), True), (("site",), False)):
        of = (["us", "us"], ["lamps", "rugs"], [place, place])
        found = compare_places(amount, base, np.full(2, 50.0), of, np.full(2, alone), draws, 0.05)
        assert not found.held.any()
        assert found.wasted(np.ones(2, np.bool_))[0] == 0.0
        assert found.detectable(np.ones(2, np.bool_)) == 0.0


def test_dear_lines_are_no_waste_whichever_way_bookings_are_counted() -> None:
    rng = np.random.default_rng(5)
    dear = np.array([1.0, 1.0, 8.0] * 3)[:, None]
    lines = rng.poisson(60.0, (len(CELLS), WEEKS)).astype(float)
    value = lines * 20.0 * dear
    of = (["us"] * len(CELLS), [kind for kind, _ in CELLS], [(channel,) for _, channel in CELLS])
    n, alone = np.full(len(CELLS), float(WEEKS)), np.ones(len(CELLS), np.bool_)
    for by in (lines, value):
        amount = by * 0.006 * rng.lognormal(-0.045, 0.3, by.shape)
        each = [compare_places(amount, base, n, of, alone, DRAWS, 0.05) for base in (lines, value)]
        assert any(one.excess.amount.any() for one in each)
        assert not gentler(*each).excess.amount.any()
    amount = (
        value * np.where(np.arange(len(CELLS)) == 4, 0.036, 0.006)[:, None] * rng.lognormal(-0.045, 0.3, value.shape)
    )
    found = gentler(*(compare_places(amount, base, n, of, alone, DRAWS, 0.05) for base in (lines, value)))
    assert np.flatnonzero(found.excess.amount).tolist() == [4]
