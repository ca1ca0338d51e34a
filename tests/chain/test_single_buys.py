"""Goods of one season, bought before it: shops whose buyer is known, lived day by day, told to be sound, too bare or too full."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pytest
from tests.chain.test_stock_flow import walls_of

from fourwalls.chain.newsvendor import newsvendor, seasons_of
from fourwalls.chain.shifts import ForecastRows
from fourwalls.chain.single_buys import Buys, Goods, sizes_of
from fourwalls.chain.stock_flow import STAGES, StockAccounts, attribute, plan
from fourwalls.chain.stock_record import Books, Record
from fourwalls.chain.supply import DAY_S, Supplies, repaired

FIRST, LIFE, SEASONS, MAKERS, STYLES = 20_000, 150, 4, 8, 3
DAYS = SEASONS * 182
FORECAST, ALLOCATION = STAGES.index("forecast"), STAGES.index("allocation")


@dataclass
class Lived:
    """Shops that buy twice for a season of 150 days, before it: a third is there on the first day, the rest 40 days later."""

    wish: np.ndarray
    record: Record
    supplies: Supplies
    kind: np.ndarray
    node: np.ndarray

    @property
    def lost(self) -> np.ndarray:
        return np.where(self.record.active, self.wish - np.nan_to_num(self.record.sold), 0).astype(np.float32)


def wishes(seed: int, nodes: int = 1, luck: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """What customers want of each shelf, and what was to be expected of its style; shelves by sku, then node."""
    rng = np.random.default_rng(seed)
    skus = 2 * SEASONS * MAKERS * STYLES
    expected = np.exp(rng.normal(4.3, 0.6, skus))
    # Season by season and kind by kind something goes better or worse; styles err besides.
    season = np.arange(skus) // (MAKERS * STYLES) % SEASONS
    kind = np.arange(skus) // (MAKERS * STYLES * SEASONS)
    turn = np.exp(rng.normal(0, luck, (2, SEASONS)))[kind, season]
    true = np.repeat(expected * turn * np.exp(rng.normal(-0.03125, 0.25, skus)), nodes) / nodes
    wish = np.zeros((skus * nodes, DAYS))
    start = np.repeat(season, nodes) * 182 + 10
    shape = np.sin(np.pi * (np.arange(LIFE) + 0.5) / LIFE)
    for i in range(len(wish)):
        wish[i, start[i] : start[i] + LIFE] = rng.poisson(true[i] * shape / shape.sum())
    return wish, np.repeat(expected, nodes) / nodes


def live(wish: np.ndarray, buy: np.ndarray, nodes: int = 1, give_up: bool = True) -> Lived:
    n = len(wish)
    sku = np.arange(n) // nodes
    season, kind = sku // (MAKERS * STYLES) % SEASONS, sku // (MAKERS * STYLES * SEASONS)
    start = season * 182 + 10
    first = np.round(buy / 3)
    parts = np.stack([first, np.round(buy) - first], axis=1)
    sold, closing, missing = (np.zeros((n, DAYS), np.float32) for _ in range(3))
    active = np.zeros((n, DAYS), bool)
    for i in range(n):
        on_hand = 0.0
        for day in range(start[i], start[i] + LIFE):
            on_hand += parts[i, 0] * (day == start[i]) + parts[i, 1] * (day == start[i] + 40)
            sold[i, day] = min(wish[i, day], on_hand)
            on_hand -= sold[i, day]
            closing[i, day] = on_hand
        end = start[i] + LIFE
        active[i, start[i] : end + 1] = True
        closing[i, end:] = 0 if give_up else on_hand
        missing[i, end] = on_hand if give_up else 0
    sold[~active] = np.nan
    record = Record(
        sold, closing, np.zeros((n, DAYS), np.float32), active, np.zeros(n, bool), None, Books(), None, missing
    )
    rows = np.repeat(np.arange(n), 2)
    come = (FIRST + np.stack([start, start + 40], axis=1).ravel() + 0.1) * DAY_S
    placed = (FIRST + np.repeat(start, 2) - 90 + 0.3) * DAY_S
    maker = np.array([f"maker{i}" for i in sku // STYLES % MAKERS])[rows]
    node = np.array([f"shop{i}" for i in np.arange(n) % nodes])[rows]
    supplies = Supplies(
        rows, np.full(2 * n, -1), maker, node, signalled=placed, decided=placed, placed=placed, promised=come,
        received=come, available=come, ordered=parts.ravel(), come=parts.ravel(),
    )  # fmt: skip
    return Lived(wish, record, supplies, kind, np.arange(n) % nodes)


def told(
    x: Lived, rows: ForecastRows | None = None, sizes: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[Buys | None, StockAccounts]:
    n, lost = len(x.wish), x.lost
    r = repaired(x.supplies, (FIRST + DAYS) * DAY_S, 0.95, lambda _: None)
    nodes = int(x.node.max()) + 1
    goods = Goods(x.kind, np.full(n, 0.6), lost, sizes)
    ready = plan(
        x.record, lost, np.zeros_like(lost), np.arange(n) // nodes, x.kind * nodes + x.node, np.arange(DAYS) // 7, x.supplies, r,
        None if rows is None else (rows, rows.units), FIRST, goods=goods,
    )  # fmt: skip
    return ready.buys, attribute(ready, x.record, lost, walls_of(np.zeros((len(STAGES), n), np.int64)))


def test_a_buyer_without_bias_is_let_go() -> None:
    """Styles sell a quarter more or less than expected, kinds and seasons have luck: shelves run empty, and nobody is at fault."""
    wrong = 0
    for seed in range(12):
        wish, expected = wishes(seed, luck=0.08)
        buys, found = told(live(wish, expected))
        assert buys is not None
        assert buys.judged.all()
        wrong += bool((buys.factor != 1).any())
        assert found.lost.sum() > 0.05 * found.demand.sum()
    assert wrong <= 2


@pytest.mark.parametrize("bias", [0.55, 1.6])
def test_a_lasting_bias_is_found_and_its_repair_is_what_buying_otherwise_would_have_sold(bias: float) -> None:
    """The witness lives the same wishes again with buys without bias, and counts."""
    wish, expected = wishes(3)
    kind = np.arange(len(wish)) // (MAKERS * STYLES * SEASONS)
    off = np.where(kind == 1, bias, 1.0)
    was, right = live(wish, expected * off), live(wish, expected)
    buys, found = told(was)
    assert buys is not None
    assert (buys.factor[kind == 0] == 1).all()
    factor = buys.factor[kind == 1][0]
    # Too little is brought to what was wanted, too much to the newsvendor's, with chance taken off.
    assert factor == pytest.approx(1 / bias, rel=0.2)
    again = live(wish, expected * off * np.where(kind == 1, factor, 1.0))
    sold = [np.nansum(x.record.sold[kind == 1]) for x in (was, again, right)]
    gained = found.stage[FORECAST][kind == 1].sum()
    assert gained == pytest.approx(sold[1] - sold[0], abs=0.02 * float(sold[0]))
    assert found.fewer is not None
    assert found.given_up is not None
    left = [x.record.missing[kind == 1].sum() for x in (was, again)]  # type: ignore[index]
    assert found.fewer[FORECAST][kind == 1].sum() == pytest.approx(left[0] - left[1], abs=0.02 * float(sold[0]))
    assert found.given_up[kind == 1].sum() == left[0]
    stock = [x.record.closing[kind == 1].sum(dtype=np.float64) / DAYS for x in (was, again)]
    assert found.stage_held[FORECAST][kind == 1].sum() == pytest.approx(stock[1] - stock[0], rel=0.1)
    assert not found.stage[:, kind == 0].any()


def test_one_bad_season_is_no_bias() -> None:
    wish, expected = wishes(5)
    sku = np.arange(len(wish))
    bad = (sku // (MAKERS * STYLES) % SEASONS == 1) & (sku // (MAKERS * STYLES * SEASONS) == 0)
    buys, found = told(live(wish, expected * np.where(bad, 0.6, 1.0)))
    assert buys is not None
    assert (buys.factor == 1).all()
    assert not found.stage.any()


def test_a_buyer_who_followed_a_forecast_without_bias_has_none() -> None:
    """Goods that come back are sold again, more of one kind than of another: that is no forecast's bias."""
    wish, expected = wishes(7)
    n = len(wish)
    start = (np.arange(n) // (MAKERS * STYLES) % SEASONS) * 182 + 10

    def written(units: np.ndarray) -> ForecastRows:
        zero = np.zeros(n, np.int64)
        return ForecastRows(
            np.arange(n), zero, zero, start - 100, start, np.full(n, LIFE), (units / LIFE).astype(np.float32)
        )

    kind = np.arange(n) // (MAKERS * STYLES * SEASONS)
    many = live(wish, expected * np.where(kind == 1, 1.6, 1.0))
    for said, is_at_fault in ((expected, False), (expected * np.where(kind == 1, 1.6, 1.0), True)):
        buys, _ = told(many, written(said))
        assert buys is not None
        assert (buys.factor[kind == 1][0] < 1) == is_at_fault
        assert (buys.factor[kind == 0] == 1).all()


def test_what_one_node_gets_too_much_of_goes_to_the_other() -> None:
    wish, expected = wishes(11, nodes=2)
    node, kind = np.arange(len(wish)) % 2, np.arange(len(wish)) // (2 * MAKERS * STYLES * SEASONS)
    off = np.where(kind == 1, np.where(node == 1, 1.5, 0.5), 1.0)
    was = live(wish, expected * off, nodes=2)
    buys, found = told(was)
    assert buys is not None
    assert buys.uneven.judged.all()
    assert (buys.factor == 1).all()
    assert buys.even[(kind == 1) & (node == 1)].mean() == pytest.approx(1 / 1.5, abs=0.08)
    assert buys.even[(kind == 1) & (node == 0)].mean() == pytest.approx(2, abs=0.2)
    right = live(wish, expected, nodes=2)
    sold = [np.nansum(x.record.sold[kind == 1]) for x in (was, right)]
    assert found.stage[ALLOCATION][kind == 1].sum() == pytest.approx(sold[1] - sold[0], rel=0.15)
    assert not found.stage[:, kind == 0].any()


def test_sizes_bought_wrongly_of_styles_bought_rightly_are_told() -> None:
    """Three skus of a maker are the sizes of one style; of kind 1 the first gets half as much again as is wanted, the last half."""
    wish, expected = wishes(13)
    sku = np.arange(len(wish))
    kind, size = sku // (MAKERS * STYLES * SEASONS), sku % STYLES
    off = np.where(kind == 1, np.array([1.5, 1.0, 0.5])[size], 1.0)
    sizes = (sku // STYLES, size)
    buys, found = told(live(wish, expected * off), sizes=sizes)
    assert buys is not None
    assert (buys.factor[kind == 0] == 1).all()
    for number, due in enumerate((1 / 1.5, 1.0, 2.0)):
        assert buys.factor[(kind == 1) & (size == number)].mean() == pytest.approx(due, rel=0.2)
    sold = [np.nansum(live(wish, expected * x).record.sold) for x in (off, 1.0)]
    assert found.stage[FORECAST].sum() == pytest.approx(float(sold[1] - sold[0]), rel=0.2)
    unsized, _ = told(live(wish, expected * off))
    assert unsized is not None
    assert (unsized.factor == 1).all()


def test_styles_and_sizes_are_read_where_endings_recur() -> None:
    found = sizes_of([f"{brand}-{n}/{size}" for brand in ("A", "B") for n in range(4) for size in ("S", "M", "L")])
    assert found is not None
    assert found[0].tolist() == np.repeat(np.arange(8), 3).tolist()
    assert len(np.unique(found[1])) == 3
    assert found[1][:3].tolist() == found[1][3:6].tolist()
    assert sizes_of([f"s{n:05}" for n in range(40)]) is None
    assert sizes_of([f"A-{n:05}" for n in range(40)]) is None
    assert sizes_of([f"{n:05}-X" for n in range(40)]) is None


def test_shelves_that_are_ordered_for_as_they_sell_or_whose_season_is_not_over_are_not_bought_once() -> None:
    wish, expected = wishes(1)
    x = live(wish, expected)
    later = x.supplies.placed.copy()
    later[1::2] = (FIRST + np.repeat(np.arange(len(wish)) // (MAKERS * STYLES) % SEASONS * 182 + 60, 2)[1::2]) * DAY_S
    seen = replace(x, supplies=replace(x.supplies, signalled=later, decided=later, placed=later))
    assert told(seen)[0] is None
    active = x.record.active.copy()
    active[:, -1] = True
    active = np.logical_or.accumulate(active, axis=1)
    running = replace(
        x, record=replace(x.record, active=active, sold=np.where(active, np.nan_to_num(x.record.sold), np.nan))
    )
    buys, found = told(running)
    assert buys is None or not buys.judged.any()
    assert not found.stage.any()


@pytest.mark.parametrize("odds", [0.3, 0.6, 0.9])
def test_the_best_buy_is_the_textbooks(odds: float) -> None:
    """For demand of normal distribution μ + z·σ (Silver, Pyke and Peterson 1998, chapter 10)."""
    n = 4000
    due = 100 + 20 * np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)])
    best = 100 + 20 * NormalDist().inv_cdf(odds)
    assert 100 * newsvendor(np.full(n, 100.0), due, np.full(n, odds)) == pytest.approx(best, rel=2e-3)
    assert newsvendor(np.full(n, 100.0), due, np.full(n, np.nan)) == pytest.approx(1, abs=2e-3)


def test_seasons_begin_a_quarter_apart() -> None:
    begins = np.array([0, 10, 182, 90, 200, 400])
    assert seasons_of(begins, np.ones(6, bool)).tolist() == [0, 0, 1, 0, 1, 2]
