"""Demand against truth: shelves that run empty because they sold, so that what is seen is chosen by what is sought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourwalls.chain import demand as demand_module
from fourwalls.chain.demand import (
    Demand,
    ShelfDays,
    censored_demand,
    chance_variance,
    demand_statistics,
    sum_draws,
)

DAYS, HOURS = 140, 48
WEEK = np.array([0.8, 0.8, 0.9, 0.9, 1.0, 1.3, 1.3])


@dataclass(frozen=True)
class Life:
    """A record and what it does not tell: units truly lost and true expected demand, shape (series, days)."""

    shelf: ShelfDays
    lost: np.ndarray
    expected: np.ndarray


@cache
def lived(
    seed: int, mean: float = 1.0, steady: float = np.inf, series: int = 400, cover: float = 3.0, pools: int = 2,
    refill: float = 0.3, shift: bool = False, promoted: float = 0.0,
) -> Life:  # fmt: skip
    """Shelves refilled now and then; customers come over the hours of the day, at a level, on a weekday, with luck.

    Args:
        seed: Of everything.
        mean, steady: Demand per day, and the gamma shape of a day's luck.
        series, pools: How many.
        cover: Usual days that a refill lasts.
        refill: Chance of a refill in the morning.
        shift: Whether each series changes its level once, by a factor between a half and two.
        promoted: Log effect of promotions, which take a fifth of all days.
    """
    rng = np.random.default_rng(seed)
    weekday = np.arange(DAYS) % 7
    level = mean * rng.gamma(3.0, 1 / 3.0, (series, 1)) * WEEK[weekday]
    if shift:
        after = np.arange(DAYS) >= rng.integers(30, DAYS - 30, (series, 1))
        level = np.where(after, level * np.exp(rng.uniform(-np.log(2), np.log(2), (series, 1))), level)
    promotion = rng.random((series, DAYS)) < 0.2
    level = level * np.exp(promoted * promotion)
    luck = rng.gamma(steady, 1 / steady, (series, DAYS)) if np.isfinite(steady) else 1.0
    wanted = rng.poisson((level * luck)[:, :, None] / HOURS * np.ones(HOURS))
    stock = np.zeros(series)
    sold, empty, lost = (np.zeros((series, DAYS)) for _ in range(3))
    for t in range(DAYS):
        stock = np.where(rng.random(series) < refill, np.maximum(stock, np.ceil(level[:, 0] * cover)), stock)
        for h in range(HOURS):
            empty[:, t] += (stock <= 0) / HOURS
            took = np.minimum(stock, wanted[:, t, h])
            sold[:, t] += took
            lost[:, t] += wanted[:, t, h] - took
            stock = stock - took
    lift = promotion.astype(np.float32)[:, :, None] if promoted else None
    pool = np.arange(series) % pools
    shelf = ShelfDays(sold.astype(np.float32), np.minimum(empty, 1).astype(np.float32), weekday, pool, lift)
    return Life(shelf, lost, level)


def bias(life: Life, told: Demand) -> float:
    return float(np.nansum(told.lost) / life.lost[told.known].sum() - 1)


@pytest.mark.parametrize(
    "kind",
    [
        {"mean": 0.05, "series": 2000}, {"mean": 0.3}, {"mean": 1.0}, {"mean": 6.0}, {"mean": 1.0, "steady": 1.5},
        {"mean": 5.0, "steady": 3.0}, {"mean": 1.0, "shift": True}, {"mean": 1.0, "promoted": 1.0},
        {"mean": 2.0, "refill": 0.15}, {"mean": 0.3, "cover": 1.0},
    ],
    ids=str,
)  # fmt: skip
def test_total_lost_is_told_without_bias(kind: dict[str, float]) -> None:
    life = lived(1, **kind)  # type: ignore[arg-type]
    told = censored_demand(life.shelf)
    # A record holds a few thousand lost units: their own chance is 1 to 2 %.
    assert abs(bias(life, told)) < 0.05
    assert told.known.mean() > 0.95


def test_rivals_are_biased_where_we_are_not() -> None:
    """The shelf was chosen by its sales: stocked days are too low, days' ratios are too high."""
    life = lived(2, mean=1.0, cover=1.0)
    sold, empty, lost = life.shelf.sold, life.shelf.empty, life.lost.sum()
    stocked = empty == 0
    by_stocked = (sold.sum(axis=1, where=stocked) / stocked.sum(axis=1))[:, None] * empty
    ratio = np.divide(sold, 1 - empty, out=np.zeros_like(sold), where=empty < 1)
    by_day = (
        np.where(empty < 1, ratio, ratio.sum(axis=1, keepdims=True) / (empty < 1).sum(axis=1, keepdims=True)) * empty
    )
    assert by_stocked.sum() / lost - 1 < -0.1
    assert by_day.sum() / lost - 1 > 0.2
    assert abs(bias(life, censored_demand(life.shelf))) < 0.05


@pytest.mark.parametrize("steady", [np.inf, 2.0])
def test_promotions_and_weekdays_are_told(steady: float) -> None:
    life = lived(3, mean=2.0, promoted=0.8, steady=steady, series=800)
    pools = demand_statistics(life.shelf).pools
    assert pools.slope[:, 0] == pytest.approx(0.8, abs=0.1)
    assert pools.week == pytest.approx(np.tile(WEEK, (2, 1)), abs=0.08)


def test_luck_of_days_is_told_from_pieces() -> None:
    quiet, lucky = (demand_statistics(lived(4, mean=4.0, steady=k, series=800).shelf).pools for k in (np.inf, 2.0))
    assert lucky.steady == pytest.approx(2.0, rel=0.35)
    assert quiet.steady.min() > 15
    assert quiet.grain == pytest.approx(1.0, abs=0.25)


def test_a_level_that_shifted_is_followed() -> None:
    life = lived(5, mean=4.0, shift=True)
    told = censored_demand(life.shelf)
    flat = np.nanmean(told.rate, axis=1, keepdims=True) * np.ones(DAYS)
    assert np.nanmean(np.abs(told.rate - life.expected)) < 0.6 * np.nanmean(np.abs(flat - life.expected))


def test_events_of_peers_are_told() -> None:
    life = lived(6, mean=3.0, series=600)
    rng = np.random.default_rng(6)
    peers = np.repeat(np.arange(30), 20)
    factor = rng.gamma(8.0, 1 / 8.0, (30, DAYS))[peers]
    sold = rng.poisson(life.expected * factor * (1 - life.shelf.empty)).astype(np.float32)
    shelf = replace(life.shelf, sold=sold, peers=peers)
    with_events, without = (
        np.nanmean(np.abs(censored_demand(s).rate - life.expected * factor))
        for s in (shelf, replace(shelf, peers=None))
    )
    assert with_events < 0.6 * without


@pytest.mark.parametrize("steady", [np.inf, 2.0])
def test_ranges_of_sums_cover(steady: float) -> None:
    held: dict[float, list[bool]] = {0.8: [], 0.9: []}
    for seed in range(10, 16):
        life = lived(seed, mean=0.6, steady=steady, pools=4)
        told = censored_demand(life.shelf)
        week = np.arange(0, DAYS, 7)
        lost, chance, truth = (
            np.add.reduceat(np.nan_to_num(x).astype(np.float64), week, axis=1)
            for x in (told.lost, chance_variance(told.lost, told.spread), np.where(told.known[:, None], life.lost, 0))
        )
        group = np.arange(len(lost)) % 5
        draws = sum_draws(lost, chance, group, told.spread)
        sums = np.stack([truth[group == g].sum(axis=0) for g in range(5)])
        for level, found in held.items():
            for d, t in ((draws, sums), (draws.sum(axis=2), sums.sum(axis=1))):
                low, high = np.quantile(d, [0.5 - level / 2, 0.5 + level / 2], axis=0)
                found += ((low <= t) & (t <= high)).ravel().tolist()
    assert 0.74 <= np.mean(held[0.8]) <= 0.93
    assert 0.85 <= np.mean(held[0.9]) <= 0.98


def test_draws_add_up_and_centre_on_what_is_told() -> None:
    told = censored_demand(lived(7).shelf)
    lost = told.lost.sum(axis=1, keepdims=True).astype(np.float64)
    group = np.arange(len(lost)) % 3
    draws = sum_draws(lost, np.zeros_like(lost), group, told.spread, draws=4000)
    assert draws.mean(axis=0)[:, 0] == pytest.approx([lost[group == g].sum() for g in range(3)], rel=0.01)
    assert sum_draws(lost, np.zeros_like(lost), np.full(len(lost), -1), told.spread).shape == (999, 0, 1)


def test_any_partition_gives_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = replace(lived(2).shelf, peers=np.repeat(np.arange(20), 20))
    monkeypatch.setattr(demand_module, "BLOCK", 64)
    monkeypatch.setattr(demand_module, "MOST_CELLS", 200 * DAYS)
    statistics = demand_statistics(shelf)
    whole = censored_demand(shelf, statistics=statistics)
    here = slice(100, 150)
    assert shelf.peers is not None
    part = ShelfDays(
        shelf.sold[here], shelf.empty[here], shelf.weekday, shelf.pool[here], None, shelf.peers[here]
    )  # fmt: skip
    assert np.array_equal(whole.lost[here], censored_demand(part, statistics=statistics).lost, equal_nan=True)
    assert not (statistics.pools.event == 1.0).all()


def test_the_same_seed_gives_the_same_figures() -> None:
    one, two = (censored_demand(lived(2).shelf, seed=3) for _ in range(2))
    assert np.array_equal(one.lost, two.lost, equal_nan=True)
    assert one.spread.pool_sd == two.spread.pool_sd


def test_what_cannot_be_told_is_not_told() -> None:
    shelf = lived(8).shelf
    sold, empty = shelf.sold.copy(), shelf.empty.copy()
    sold[0, 3:] = np.nan  # three days of history
    empty[1], sold[1] = 1.0, 0.0  # never in stock
    sold[2, 50:60] = np.nan  # a gap
    empty[3, 70:75] = np.nan  # emptiness unknown
    told = censored_demand(replace(shelf, sold=sold, empty=empty))
    assert not told.known[:2].any()
    assert np.isnan(told.lost[1]).all()
    assert np.isnan(told.rate[:2]).all()
    assert np.isnan(told.lost[2, 50:60]).all()
    assert np.isnan(told.lost[3, 70:75]).all()
    assert told.known[2:].all()
    kept = (empty == 0) & np.isfinite(sold)
    assert (told.lost[kept] == 0).all()
    assert (told.lost[2:][np.isfinite(told.lost[2:])] >= 0).all()


def test_a_series_that_never_sold_is_expected_to_sell_little() -> None:
    shelf = lived(9, mean=2.0).shelf
    sold, empty = shelf.sold.copy(), shelf.empty.copy()
    sold[0], empty[0] = 0.0, 0.0
    told = censored_demand(replace(shelf, sold=sold, empty=empty))
    assert told.known[0]
    assert 0 < told.rate[0].max() < 0.05


def test_a_long_empty_stretch_lies_between_its_sides() -> None:
    shelf = lived(9, mean=4.0).shelf
    sold, empty = shelf.sold.copy(), np.zeros_like(shelf.empty)
    rng = np.random.default_rng(0)
    sold[:] = rng.poisson(4.0, sold.shape)
    sold[0] = rng.poisson(np.where(np.arange(DAYS) < 70, 2.0, 8.0))
    sold[0, 50:90], empty[0, 50:90] = 0.0, 1.0
    told = censored_demand(replace(shelf, sold=sold, empty=empty))
    assert 1.5 < told.rate[0, 50:90].mean() < 8.0
    assert told.rate[0, 52] < told.rate[0, 88]


STATISTICS_OF = lived(2).shelf


@cache
def statistics() -> demand_module.Statistics:
    return demand_statistics(STATISTICS_OF)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_more_empty_time_loses_more(seed: int, more: float) -> None:
    """Of days that sold nothing: the longer they were empty, the more was lost, and nothing else changes sign."""
    rng = np.random.default_rng(seed)
    row, day = rng.integers(0, 400), rng.integers(0, DAYS)
    here = slice(row, row + 1)
    sold, empty = STATISTICS_OF.sold[here].copy(), STATISTICS_OF.empty[here].copy()
    sold[0, day], empty[0, day] = 0.0, more * 0.5
    longer = empty.copy()
    longer[0, day] = more
    less, greater = (
        censored_demand(ShelfDays(sold, e, STATISTICS_OF.weekday, STATISTICS_OF.pool[here]), statistics=statistics())
        for e in (empty, longer)
    )
    if less.known[0] and greater.known[0]:
        assert 0 <= less.lost[0, day] < greater.lost[0, day]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_more_sales_expect_more(seed: int) -> None:
    """A unit more sold on one day never lowers what is expected of another."""
    rng = np.random.default_rng(seed)
    row, day = rng.integers(0, 400), rng.integers(0, DAYS)
    here = slice(row, row + 1)
    sold = STATISTICS_OF.sold[here].copy()
    one = censored_demand(
        ShelfDays(sold, STATISTICS_OF.empty[here], STATISTICS_OF.weekday, STATISTICS_OF.pool[here]),
        statistics=statistics(),
    )
    sold[0, day] += STATISTICS_OF.empty[row, day] < 0.9
    two = censored_demand(
        ShelfDays(sold, STATISTICS_OF.empty[here], STATISTICS_OF.weekday, STATISTICS_OF.pool[here]),
        statistics=statistics(),
    )
    others = np.arange(DAYS) != day
    assert (two.rate[0, others] >= one.rate[0, others] * (1 - 1e-3)).all()


def test_units_are_a_matter_of_scale() -> None:
    """Cases instead of pieces: everything told is told in cases."""
    shelf = lived(12, mean=3.0).shelf
    pieces, cases = censored_demand(shelf), censored_demand(replace(shelf, sold=shelf.sold / 8))
    assert np.nansum(cases.lost) * 8 == pytest.approx(np.nansum(pieces.lost), rel=1e-3)
    assert cases.rate * 8 == pytest.approx(pieces.rate, rel=0.02, nan_ok=True)
    assert cases.spread.grain * 8 == pytest.approx(pieces.spread.grain, rel=0.02)


ODD = {
    "no series": (np.zeros((0, 30)), np.zeros((0, 30)), None),
    "one series": (np.full((1, 30), 2.0), np.zeros((1, 30)), None),
    "one day": (np.full((5, 1), 2.0), np.zeros((5, 1)), None),
    "nothing known": (np.full((3, 30), np.nan), np.full((3, 30), np.nan), None),
    "never in stock": (np.zeros((3, 30)), np.ones((3, 30)), None),
    "never sold": (np.zeros((3, 30)), np.zeros((3, 30)), None),
    "more returned than sold": (np.full((3, 30), -1.0), np.zeros((3, 30)), None),
    "lift unknown": (np.full((3, 30), 2.0), np.zeros((3, 30)), np.full((3, 30, 2), np.nan)),
    "lift always": (np.full((3, 30), 2.0), np.zeros((3, 30)), np.ones((3, 30, 1))),
    "a bulk sale": (np.where(np.arange(90).reshape(3, 30) == 40, 1e5, 2.0), np.eye(3, 30), None),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_records_are_told_or_not_told_but_never_wrongly(name: str) -> None:
    """No warnings (they are errors here), nothing below zero, NaN only where the series is not known."""
    sold, empty, lift = (None if x is None else x.astype(np.float32) for x in ODD[name])
    assert sold is not None
    assert empty is not None
    shelf = ShelfDays(sold, empty, np.arange(sold.shape[1]) % 7, 3 * np.arange(len(sold)), lift)
    told = censored_demand(shelf)
    assert (np.isfinite(told.rate) == told.known[:, None]).all()
    assert (told.lost[told.known] >= 0).all()
    assert (told.rate[told.known] >= 0).all()
    assert np.isfinite(told.spread.series_sd).all()
