"""The stock flow put together: attribution adds up, sides split it, networks keep a sku together; small cases by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chain.test_stock_replay import made

from fourwalls.chain import stock_flow
from fourwalls.chain.attribution import shapley
from fourwalls.chain.levels import drawn_on
from fourwalls.chain.shifts import Skew
from fourwalls.chain.stock_flow import (
    STAGES,
    Plan,
    StockAccounts,
    Walls,
    attribute,
    empty_occasions,
    in_packs,
    networks,
    packs,
    plan,
    sharing,
)
from fourwalls.chain.stock_record import Books, Record
from fourwalls.chain.stock_replay import Occasions, Shelves, replay
from fourwalls.chain.supply import DAY_S, Repaired, Supplies
from fourwalls.chain.unseen_stock import Unseen

INSIDE, BETWEEN = 0, 1
FIRST = 20_000


def record_of(sold: np.ndarray, closing: np.ndarray) -> Record:
    active = np.isfinite(sold)
    empty = np.zeros(sold.shape, np.float32)
    n = len(sold)
    return Record(sold.astype(np.float32), closing.astype(np.float32), empty, active, np.zeros(n, bool), None, Books())


def walls_of(sides: np.ndarray) -> Walls:
    same = np.zeros(sides.shape, np.int64)
    return Walls(same, sides, same, np.ones(sides.shape, bool), ("us",), ("",))


def accounts_of(shelves: Shelves, occasions: Occasions, sides: np.ndarray) -> StockAccounts:
    n = len(shelves.lost)
    ready = Plan(shelves, occasions, None, None, Skew(np.zeros(n), np.zeros(n, bool)))
    record = record_of(np.ones(shelves.lost.shape), shelves.closing)
    return attribute(ready, record, shelves.lost, walls_of(sides))


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_stages_add_up_and_sides_are_their_coalitions(seed: int) -> None:
    shelves, occasions = made(seed)
    rng = np.random.default_rng(seed)
    sides = rng.integers(0, 3, (len(STAGES), 3))
    found = accounts_of(shelves, occasions, sides)
    assert found.stage.sum(axis=0) == pytest.approx(found.total, abs=1e-3)
    assert found.stage_held.sum(axis=0) == pytest.approx(found.held[0], abs=1e-3)
    all_inside = accounts_of(shelves, occasions, np.full_like(sides, INSIDE))
    assert (all_inside.inside == all_inside.total).all()
    assert not all_inside.between.any()


def test_nothing_to_repair_gives_nothing() -> None:
    shelves, occasions = made(3, shift=0.0, repairs=False)
    found = accounts_of(shelves, occasions, np.zeros((len(STAGES), 3), np.int64))
    assert not found.total.any()
    assert np.abs(found.stage).max() == 0


def test_networks_hold_a_sku_together_only_where_its_shelves_refill_each_other() -> None:
    sku = np.array([0, 0, 1, 1, 1, 2, 3, 3])
    donor = np.array([-1, -1, -1, 2, -1, -1, 7, -1])
    assert networks(sku, donor).tolist() == [0, 1, 2, 5, 6, 8]
    assert networks(np.zeros(1, np.int64), np.array([-1])).tolist() == [0, 1]


def one_late_order(*, late: float = 4.0, wanted: float = 3.0) -> tuple[Record, np.ndarray, Supplies, Repaired]:
    """Ten days; the shelf is empty from day 3 until an order that should have come on day 4 comes `late` days later."""
    days = 10
    arrives = int(4 + late)
    sold = np.full((1, days), wanted)
    sold[0, 3:arrives] = 0
    closing = np.zeros((1, days))
    closing[0, :3] = [6, 3, 0]
    closing[0, arrives:] = 20 - wanted * np.arange(1, days - arrives + 1)
    lost = np.zeros((1, days), np.float32)
    lost[0, 3:arrives] = wanted
    at = {"placed": 1, "signalled": 1, "decided": 1, "received": arrives, "available": arrives, "promised": 4}
    times = {name: np.array([(FIRST + t + 0.1) * DAY_S]) for name, t in at.items()}
    s = Supplies(
        np.zeros(1, np.int64), np.array([-1]), np.array(["mill"]), np.array(["dc"]), **times,
        ordered=np.array([20.0]), come=np.array([20.0]),
    )  # fmt: skip
    arrivals = np.array([[(FIRST + (4.1 if c & 2 else arrives + 0.1)) * DAY_S for c in range(8)]])
    one = np.ones((3, 1), np.int64)
    r = Repaired(arrivals, np.array([[20.0, 20.0]]), one.astype(bool), 0 * one, ("",))
    return record_of(sold, closing), lost, s, r


def planned(record: Record, lost: np.ndarray, s: Supplies | None, r: Repaired | None, **given: Any) -> Plan:
    n, days = lost.shape
    zero = np.zeros(n, np.int64)
    base = {"hidden": np.zeros_like(lost), "sku": np.arange(n), "cell": zero, "span": np.arange(days)} | given
    return plan(
        record, lost, base["hidden"], base["sku"], base["cell"], base["span"], s, r, None, FIRST
    )  # fmt: skip


def test_a_late_order_by_hand() -> None:
    record, lost, s, r = one_late_order()
    found = attribute(planned(record, lost, s, r), record, lost, walls_of(np.full((len(STAGES), 1), BETWEEN)))
    # Empty on days 3 to 7; in time, the order would have come on day 4: four days of three units.
    assert found.lost.sum() == 15
    assert found.total.sum() == 12
    assert found.stage[STAGES.index("supply")].sum() == 12
    assert not np.delete(found.stage, STAGES.index("supply"), axis=0).any()
    assert found.total[0].tolist() == [0, 0, 0, 0, 3, 3, 3, 3, 0, 0]
    assert found.between.sum() == 12
    assert found.inside.sum() == 0
    assert found.demand.sum() == 15 + 15
    # 20 units on the shelf on days 4 to 7, less what sells of them, and then 12 less than were recorded.
    assert found.held[0, 0] * 10 == pytest.approx(17 + 14 + 11 + 8 - 12 - 12)


def test_stock_that_is_not_recorded_is_not_replayed() -> None:
    record, lost, s, r = one_late_order()
    unknown = record_of(record.sold, np.full((1, 10), np.nan))
    ready = planned(unknown, lost, s, r)
    assert ready.lanes is None
    found = attribute(ready, unknown, lost, walls_of(np.zeros((len(STAGES), 1), np.int64)))
    assert found.lost.sum() == 15
    assert found.total.sum() == 0
    assert np.isnan(found.excess).all()


def test_one_shelf_without_counts_beside_one_with_them() -> None:
    record, lost, s, r = one_late_order()
    both = record_of(np.tile(record.sold, (2, 1)), np.concatenate([record.closing, np.full((1, 10), np.nan)]))
    twice = {n: np.concatenate([getattr(s, n)] * 2) for n in Supplies.__dataclass_fields__} | {"shelf": np.arange(2)}
    repaired = Repaired(np.tile(r.arrives, (2, 1)), np.tile(r.come, (2, 1)), np.tile(r.held, 2), np.tile(r.words, 2), ("",))  # fmt: skip
    lost2 = np.tile(lost, (2, 1))
    found = attribute(planned(both, lost2, Supplies(**twice), repaired), both, lost2, walls_of(np.ones((len(STAGES), 2), np.int64)))  # fmt: skip
    assert found.total.sum(axis=1).tolist() == [12, 0]
    assert found.lost.sum(axis=1).tolist() == [15, 15]


def test_no_supply_orders_no_replay_but_hidden_stock_is_shown() -> None:
    record, lost, _, _ = one_late_order()
    hidden = np.zeros_like(lost)
    hidden[0, [0, 2, 9]] = 2.0
    found = attribute(planned(record, lost, None, None, hidden=hidden), record, lost, walls_of(np.zeros((len(STAGES), 1), np.int64)))  # fmt: skip
    # Two of the six units of the first day are sold then already, and missing on day 2, when nothing is left for more.
    assert found.stage[STAGES.index("listing")].tolist() == [[2, 0, -2, 0, 0, 0, 0, 0, 0, 2]]
    assert found.total.sum() == 2
    assert found.lost.sum() == 15 + 6


def test_stock_of_a_mean_day_and_its_excess() -> None:
    record, lost, s, r = one_late_order()
    ready = planned(record, lost, s, r)
    found = attribute(ready, record, lost, walls_of(np.zeros((len(STAGES), 1), np.int64)))
    assert found.on_hand[0] == pytest.approx((6 + 3 + 17 + 14) / 10)
    assert np.isnan(found.excess[0]), "one order shows no rhythm"


def test_empty_occasions_are_empty() -> None:
    none = empty_occasions()
    assert len(none.day) == 0
    assert none.shift.shape == (0, 8)
    assert none.arrives.shape == (0, 8)


def test_stock_is_shared_out_in_whole_packs() -> None:
    assert in_packs(np.array([7.0, -2.0, 0.4, -9.0]), np.array([6, 6, 1, 6])).tolist() == [6, 0, 0.4, -12]


def test_the_pack_of_a_shelf_divides_all_its_orders() -> None:
    orders = SimpleNamespace(shelf=np.array([0, 0, 0, 1, 1, 2]), ordered=np.array([12.0, 18.0, 6.0, 4.0, 9.0, 2.5]))
    assert packs(orders, 4).tolist() == [6, 1, 1, 1]  # type: ignore[arg-type]


def unseen_of(shape: tuple[int, int], **given: np.ndarray) -> Unseen:
    none = {k: np.zeros(shape, np.float32) for k in ("bare", "ghost", "waiting", "astray")} | given
    words = [""] * shape[0]
    return Unseen(**none, judged=np.ones((2, shape[0]), bool), words=(words, words))


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_record_and_shelf_are_players_like_the_others(seed: int) -> None:
    shelves, occasions = made(seed)
    rng = np.random.default_rng(seed)
    shape = shelves.lost.shape
    bare, ghost = (rng.poisson(1.0, shape) * (rng.random(shape) < 0.1) * (shelves.closing > 0) for _ in range(2))
    astray = rng.poisson(2.0, shape) * (rng.random(shape) < 0.05)
    lost = shelves.lost + ghost.astype(np.float32)
    there = unseen_of(
        shape, bare=bare.astype(np.float32), ghost=ghost.astype(np.float32), astray=astray.astype(np.float32)
    )
    n = len(shelves.lost)
    sides = rng.integers(0, 3, (len(STAGES), n))
    ready = Plan(shelves._replace(lost=lost), occasions, None, None, Skew(np.zeros(n), np.zeros(n, bool)), there)
    found = attribute(ready, record_of(np.ones(shape), shelves.closing), lost, walls_of(sides))
    assert found.stage.sum(axis=0) == pytest.approx(found.total, abs=1e-3)
    assert found.stage_held.sum(axis=0) == pytest.approx(found.held[0], abs=1e-3)
    assert found.astray.tolist() == astray.sum(axis=1).tolist()
    # The exact shares of eight players, coalition by coalition.
    worth = np.zeros((256, n))
    for which in range(4):
        by_record, by_shelf = which & 1, which >> 1
        outcome = replay(
            shelves._replace(lost=lost - by_record * ghost.astype(np.float32)), occasions,
            (by_record * ghost + by_shelf * bare).astype(np.float32), (by_record * astray).astype(np.float32),
        )  # fmt: skip
        worth[64 * which : 64 * which + 64] = outcome.gained.sum(axis=1).T
    assert found.stage.sum(axis=2) == pytest.approx(shapley(worth, 8), abs=1e-3)


def test_a_bare_shelf_and_a_wrong_record_by_hand() -> None:
    closing = np.array([[5, 5, 5, 5, 5, 2, 0, 0, 0, 0]], np.float32)
    record = record_of(np.ones((1, 10)), closing)
    bare, astray, lost = (np.zeros((1, 10), np.float32) for _ in range(3))
    bare[0, 1] = 2.0
    astray[0, 5] = 3.0
    lost[0, [1, 7]] = 2.0, 4.0
    there = unseen_of((1, 10), bare=bare, waiting=bare, astray=astray)
    zero = np.zeros(1, np.int64)
    ready = plan(record, lost, np.zeros_like(lost), zero, zero, np.arange(10), None, None, None, FIRST, there)
    found = attribute(ready, record, lost, walls_of(np.zeros((len(STAGES), 1), np.int64)))
    # Two sold early are missing on the sixth day; three that did not go astray cover them, and one more is sold on the eighth.
    assert found.total[0].tolist() == [0, 2, 0, 0, 0, 0, 0, 1, 0, 0]
    assert found.lost.sum() == 6
    # Without the shelf, three of the four; without the record, two early and two too few later: nothing.
    assert found.stage[STAGES.index("shelf")].sum() == pytest.approx(((2 - 2) + (3 - 3)) / 2)
    assert found.stage[STAGES.index("record")].sum() == pytest.approx(3)


def test_what_is_wanted_of_a_giver_is_what_its_takers_need_as_well() -> None:
    assert drawn_on(np.array([1.0, 2.0, 4.0, 8.0]), np.array([-1, 0, 1, 0])).tolist() == [15, 6, 4, 8]
    # Two that refill each other end, and those that buy keep their own.
    assert np.isfinite(drawn_on(np.array([1.0, 2.0]), np.array([1, 0]))).all()
    assert drawn_on(np.array([1.0, 2.0]), np.array([-1, -1])).tolist() == [1, 2]


def test_a_sku_is_shared_out_among_its_buyers_and_among_those_one_giver_refills() -> None:
    among = sharing(np.array([0, 0, 0, 0, 1, 1]), np.array([-1, -1, 0, 0, -1, 4]))
    assert len(set(among.tolist())) == 4
    assert among[0] == among[1]
    assert among[2] == among[3]


@pytest.mark.parametrize("bias", [0.5, 1.0, 2.2])
def test_a_level_made_from_a_forecast_moves_to_the_level_of_the_better_one(bias: float) -> None:
    true, days, reserve = 4.0, 10.0, 1.5
    level = true * bias * days + reserve * np.sqrt(true * bias * days)
    foreseen = np.full((1, 30), true * bias, np.float32)
    change = np.full((1, 30), true - true * bias, np.float32)
    one = np.zeros(1, np.int64)
    moved = stock_flow._moved(np.array([level]), foreseen, change, np.array([days]), one, one + 7)
    # What the same buyer would have made of the true demand: no more, and above all not less than it.
    assert level + moved[0] == pytest.approx(true * days + reserve * np.sqrt(true * days), rel=1e-6)


def test_a_level_that_nothing_shows_moves_by_the_forecast_alone() -> None:
    foreseen, change = np.full((1, 30), 4.0, np.float32), np.full((1, 30), -1.0, np.float32)
    one = np.zeros(1, np.int64)
    moved = stock_flow._moved(np.array([np.nan]), foreseen, change, np.array([10.0]), one, one)
    assert moved.tolist() == pytest.approx([-10.0])
