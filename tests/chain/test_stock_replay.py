"""The stock replay: reproduces the record, agrees with a slow twin, obeys its laws, and textbook policies run on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.stock_twin import play

from fourwalls.chain.attribution import shapley
from fourwalls.chain.stock_replay import COALITIONS, FIXED, NEVER, PLAYERS, Occasions, Shelves, replay

DAYS = 40


def made(seed: int, *, donors: bool = True, shift: float = 2.0, repairs: bool = True) -> tuple[Shelves, Occasions]:
    """Three shelves, the first of which may refill the others, with whole units so that sums are exact."""
    rng = np.random.default_rng(seed)
    n = 3
    lost = rng.poisson(1.0, (n, DAYS)) * (rng.random((n, DAYS)) < 0.3)
    closing = np.where(lost > 0, 0, rng.poisson(4.0, (n, DAYS)))
    hidden = rng.poisson(1.0, (n, DAYS)) * (rng.random((n, DAYS)) < 0.2)
    day = np.sort(rng.integers(0, DAYS, 24))
    shelf = rng.integers(0, n, 24)
    donor = np.where((shelf > 0) & donors & (rng.random(24) < 0.5), 0, -1)
    ordered = rng.poisson(5.0, 24) * (rng.random(24) < 0.8)
    need = np.where(ordered > 0, ordered, -rng.integers(0, 4, 24)).astype(np.float32)
    # Some givers kept a rest though more was wanted.
    need += rng.integers(0, 5, 24) * ((donor >= 0) & (rng.random(24) < 0.3) & (need >= 0))
    need[rng.random(24) < 0.1] = FIXED
    recorded = day + rng.integers(1, 15, 24)
    recorded[rng.random(24) < 0.1] = NEVER
    saved = rng.integers(0, 4, (24, 3)) * repairs
    bits = np.array([[(c >> b) & 1 for b in range(3)] for c in range(8)])
    arrives = np.maximum(recorded[:, None] - saved @ bits.T, day[:, None])
    arrives[recorded == NEVER] = NEVER
    come = np.where(recorded < NEVER, ordered - rng.binomial(ordered, 0.1), 0)
    better = np.where(recorded < NEVER, come + rng.binomial(ordered - come, 0.5) * repairs, 0)
    low = np.arange(8)
    moves = rng.integers(0, 2, 24)[:, None] * (low & 1) + rng.integers(-1, 2, 24)[:, None] * ((low >> 1) & 1)
    shelves = Shelves(
        lost.astype(np.float32), hidden.astype(np.float32) * repairs, closing.astype(np.float32),
        np.array([0, n], np.int32), np.array([0, 24], np.int32), (np.arange(DAYS) // 7).astype(np.int32),
        np.zeros(n, np.bool_),
    )  # fmt: skip
    occasions = Occasions(
        shelf.astype(np.int32), donor.astype(np.int32), day.astype(np.int32), need, ordered.astype(np.float32),
        np.stack([come, better], axis=1).astype(np.float32), np.ones((24, 2), np.float32),
        (shift * moves).astype(np.float32) * repairs, arrives.astype(np.int32),
    )  # fmt: skip
    return shelves, occasions


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_every_coalition_as_the_slow_twin_has_it(seed: int) -> None:
    shelves, occasions = made(seed)
    out = replay(shelves, occasions)
    for coalition in (0, 1, 2, 4, 8, 16, 32, 21, 42, 63):
        gained, held = play(shelves, occasions, coalition)
        by_span = np.add.reduceat(gained, np.arange(0, DAYS, 7), axis=1)
        assert np.allclose(out.gained[:, :, coalition], by_span, atol=1e-4)
        assert np.allclose(out.held[:, coalition], held.sum(axis=1), atol=1e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_after_its_last_day_a_shelf_neither_sells_nor_holds(seed: int) -> None:
    shelves, occasions = made(seed)
    last = np.random.default_rng(seed).integers(1, DAYS, 3).astype(np.int32)
    out = replay(shelves, occasions, last=last)
    for coalition in (0, 1, 16, 42, 63):
        gained, held = play(shelves, occasions, coalition, last)
        assert np.allclose(out.gained[:, :, coalition].sum(axis=1), gained.sum(axis=1), atol=1e-4)
        assert np.allclose(out.held[:, coalition], held.sum(axis=1), atol=1e-3)
        assert np.allclose(out.left[:, coalition], held[np.arange(3), last], atol=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_nothing_repaired_reproduces_the_record(seed: int) -> None:
    out = replay(*made(seed))
    assert not out.gained[:, :, 0].any()
    assert not out.held[:, 0].any()
    assert not out.bought[:, 0].any()


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_no_repair_sells_more_than_was_wanted_nor_less_than_nothing(seed: int) -> None:
    shelves, occasions = made(seed)
    out = replay(shelves, occasions)
    wanted = (shelves.lost + shelves.hidden).sum()
    assert (out.gained.sum(axis=(0, 1)) <= wanted + 1e-3).all()


@given(st.integers(0, 10_000), st.floats(0.5, 5.0))
@settings(max_examples=25, deadline=None)
def test_more_stock_never_sells_less(seed: int, more: float) -> None:
    """Higher levels on every occasion of a shelf that stands alone."""
    shelves, occasions = made(seed, donors=False)
    higher = np.zeros_like(occasions.shift)
    # More of a fixed amount that never comes would be waited for.
    higher[occasions.need < FIXED, 1::2] = np.float32(more)
    out = replay(shelves, occasions._replace(shift=higher))
    without, with_ = out.gained[:, :, 0].sum(axis=1), out.gained[:, :, 1].sum(axis=1)
    assert (with_ >= without - 1e-4).all()
    assert (out.held[:, 1] >= -1e-3).all()


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_shapley_adds_up_and_an_untouched_stage_gets_nothing(seed: int) -> None:
    shelves, occasions = made(seed)
    untouched = occasions._replace(
        arrives=occasions.arrives[:, [0, 0, 2, 2, 4, 4, 6, 6]].astype(np.int32)
    )  # without the bit of decision
    worth = replay(shelves, untouched).gained.sum(axis=1).T.astype(np.float64)
    parts = shapley(worth, len(PLAYERS))
    assert np.allclose(parts.sum(axis=0), worth[COALITIONS - 1] - worth[0])
    assert not parts[PLAYERS.index("decision")].any()


def test_what_a_giver_has_bounds_what_it_sends() -> None:
    """A store wants ten more; the centre has four left."""
    closing = np.array([[4.0] * 5, [0.0] * 5], np.float32)
    lost = np.array([[0.0] * 5, [3.0] * 5], np.float32)
    shelves = Shelves(
        lost, np.zeros_like(lost), closing, np.array([0, 2], np.int32), np.array([0, 1], np.int32),
        np.zeros(5, np.int32), np.zeros(2, np.bool_),
    )  # fmt: skip
    shift = np.zeros((1, 8), np.float32)
    shift[0, 1::2] = 10.0
    one = np.ones(1, np.float32)
    occasions = Occasions(
        np.array([1], np.int32), np.array([0], np.int32), np.array([0], np.int32), 2 * one, 2 * one,
        np.full((1, 2), 2, np.float32), np.ones((1, 2), np.float32), shift, np.ones((1, 8), np.int32),
    )  # fmt: skip
    out = replay(shelves, occasions)
    assert out.gained[1, 0, 1] == pytest.approx(4.0)
    assert out.held[0, 1] == pytest.approx(-4.0 * 5)


def test_what_a_giver_kept_though_more_was_wanted_it_keeps() -> None:
    """A store got 2 of 6 while one unit stayed behind; a repair brings the centre 3 more, and those are sent."""
    closing = np.array([[1.0] * 5, [0.0] * 5], np.float32)
    lost = np.array([[0.0] * 5, [3.0] * 5], np.float32)
    shelves = Shelves(
        lost, np.zeros_like(lost), closing, np.array([0, 2], np.int32), np.array([0, 2], np.int32),
        np.zeros(5, np.int32), np.zeros(2, np.bool_),
    )  # fmt: skip
    arrives = np.array([[0, 4][c & 1 == 0] for c in range(8)], np.int32)  # the centre's order, with decision repaired
    occasions = Occasions(
        np.array([0, 1], np.int32), np.array([-1, 0], np.int32), np.array([0, 1], np.int32),
        np.array([3, 6], np.float32), np.array([3, 2], np.float32),
        np.array([[3, 3], [2, 2]], np.float32), np.ones((2, 2), np.float32), np.zeros((2, 8), np.float32),
        np.stack([arrives, np.full(8, 2, np.int32)]),
    )  # fmt: skip
    out = replay(shelves, occasions)
    assert not out.gained[:, 0, 0].any()
    assert out.gained[1, 0, 8] == pytest.approx(3.0)


def simulated(demand: np.ndarray, level: np.ndarray, lead: int, *, waits: bool) -> tuple[Shelves, Occasions]:
    """A periodic-review base-stock policy from nothing, as a repair that lifts the level of an empty record."""
    n, days = demand.shape
    starts = np.arange(n + 1, dtype=np.int32)
    shelves = Shelves(
        demand.astype(np.float32), np.zeros((n, days), np.float32), np.zeros((n, days), np.float32), starts,
        starts * days, np.arange(days, dtype=np.int32), np.full(n, waits),
    )  # fmt: skip
    k = n * days
    shift = np.zeros((k, 8), np.float32)
    shift[:, 1::2] = np.repeat(level, days)[:, None]
    day = np.tile(np.arange(days), n)
    zero = np.zeros(k, np.float32)
    arrives = np.repeat((day + lead)[:, None], 8, axis=1)
    occasions = Occasions(
        np.repeat(np.arange(n), days).astype(np.int32), np.full(k, -1, np.int32), day.astype(np.int32), zero, zero,
        np.zeros((k, 2), np.float32), np.ones((k, 2), np.float32), shift, arrives.astype(np.int32),
    )  # fmt: skip
    return shelves, occasions


def test_newsvendor_by_long_simulation() -> None:
    """Snyder and Shen (2019), example 4.3: h 0.18, p 0.70, demand N(50, 8²) has its least cost at 56.603956."""
    rng = np.random.default_rng(1)
    levels = np.array([54.0, 55.5, 56.6, 58.0, 60.0])
    demand = np.tile(rng.normal(50, 8, 40_000).clip(0), (len(levels), 1))
    shelves, occasions = simulated(demand, levels, 0, waits=False)
    # Refilled before each period, a shelf that sells what it can is a newsvendor every day.
    sold = replay(shelves, occasions).gained[:, :, 1].astype(np.float64)
    cost = (0.18 * (levels[:, None] - sold) + 0.70 * (demand - sold)).mean(axis=1)
    # A parabola through the cost finds its bottom; a quarter of a unit is the error of 40,000 periods.
    bottom = np.polyfit(levels, cost, 2)
    assert -bottom[1] / (2 * bottom[0]) == pytest.approx(56.603956, abs=0.25)
    assert cost.argmin() == 2


@pytest.mark.parametrize(("rate", "lead", "level"), [(4.0, 3, 16), (1.5, 5, 10), (10.0, 1, 22)])
def test_poisson_base_stock_net_stock(rate: float, lead: int, level: int) -> None:
    """With customers who wait, net stock is S less the demand of lead + 1 periods (Zipkin 2000, section 6.2)."""
    rng = np.random.default_rng(2)
    days = 60_000
    demand = rng.poisson(rate, (1, days))
    shelves, occasions = simulated(demand, np.array([float(level)]), lead, waits=True)
    out = replay(shelves, occasions)
    held_mean = float(out.held[0, 1]) / days
    assert held_mean == pytest.approx(level - rate * (lead + 1), abs=0.15)


@pytest.mark.parametrize(("rate", "level"), [(4.0, 5), (2.0, 2), (8.0, 10)])
def test_lost_sales_with_next_day_delivery_against_the_exact_chain(rate: float, level: int) -> None:
    """Base stock with lost sales and arrival before the next period sells min(D, S): its fill rate is E[min(D, S)] / E[D]."""
    rng = np.random.default_rng(3)
    days = 40_000
    demand = rng.poisson(rate, (1, days))
    shelves, occasions = simulated(demand, np.array([float(level)]), 0, waits=False)
    out = replay(shelves, occasions)
    sold = float(out.gained[0, :, 1].sum())
    k = np.arange(0, 60)
    pmf = np.exp(-rate + k * np.log(rate) - np.cumsum(np.log(np.maximum(k, 1))))
    exact = float((np.minimum(k, level) * pmf).sum() / rate)
    assert sold / demand.sum() == pytest.approx(exact, abs=0.01)
