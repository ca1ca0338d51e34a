"""Order-up-to levels as orders imply them, worked out by hand; and the occasions on which something could be ordered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fourwalls.chain import levels as book
from fourwalls.chain.levels import Levels, lanes, levels, occasions, of_counted, short_days
from fourwalls.chain.stock_replay import FIXED, NEVER
from fourwalls.chain.supply import DAY_S, Repaired, Supplies

FIRST = 20_000
NAN = float("nan")


def orders(rows: list[tuple[Any, ...]], **given: Any) -> Supplies:
    """Orders as (shelf, donor, day, arrives on day, ordered[, come]); days of the record."""
    rows = [(*r, r[4] if len(r) == 5 else r[5]) if len(r) == 5 else r for r in rows]
    shelf, donor, day, arrives, ordered, come = (np.array(c, float) for c in zip(*rows, strict=True))
    n = len(shelf)
    placed, available = (FIRST + day) * DAY_S, (FIRST + arrives) * DAY_S
    base = {
        "shelf": shelf.astype(np.int64),
        "donor": donor.astype(np.int64),
        "supplier": np.where(donor >= 0, "dc", "mill"),
        "node": np.array([f"n{int(s)}" for s in shelf]),
        "signalled": np.full(n, NAN),
        "decided": placed,
        "placed": placed,
        "promised": np.full(n, NAN),
        "received": available,
        "available": available,
        "ordered": ordered,
        "come": np.where(np.isnan(available), NAN, come),
    }
    return Supplies(**(base | given))


def unrepaired(s: Supplies) -> Repaired:
    n = len(s.shelf)
    come = np.nan_to_num(np.stack([s.come, s.come], axis=1))
    return Repaired(np.tile(s.available[:, None], 8), come, np.ones((3, n), bool), np.zeros((3, n), np.int64), ("",))


def closing(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_who_mainly_supplies_a_shelf() -> None:
    s = orders([(0, -1, 0, 3, 10), (0, -1, 7, 10, 10), (0, 1, 4, 5, 12), (1, -1, 0, 2, 5)])
    lane = lanes(s, 3)
    assert lane.refills.tolist() == [True, True, False, True], "20 units bought, 12 moved"
    assert lane.donor.tolist() == [-1, -1, -1]
    assert lane.of_shelf[2] == -1
    mine = lane.of_shelf[0]
    assert lane.between[mine] == 7
    assert lane.protects[mine] == 7 + 3
    assert np.isnan(lane.protects[lane.of_shelf[1]]), "one order shows no rhythm"


def test_a_supplier_and_a_node_of_one_name_are_two() -> None:
    s = orders([(0, 1, 0, 1, 6), (0, 1, 2, 3, 6), (0, -1, 3, 5, 10)], supplier=np.array(["dc", "dc", "dc"]))
    lane = lanes(s, 2)
    assert lane.refills.tolist() == [True, True, False]
    assert lane.donor[0] == 1


def test_the_level_is_position_and_order() -> None:
    # Closing 8, 5, 2 | order 18 on day 3 against 2 on the shelf: level 20; it arrives on day 5.
    # Day 6: 15 on the shelf, nothing on order, order 5: level 20.
    stock = closing([8, 5, 2, 1, 0, 15, 12, 10, 14, 12])
    s = orders([(0, -1, 3, 5, 18), (0, -1, 6, 8, 5)])
    known = levels(s, lanes(s, 1), stock, FIRST)
    assert known.day.tolist() == [3, 6]
    assert known.level.tolist() == [20, 20]
    # What is on order counts from the day after, what comes on a day before anything is ordered on it.
    assert known.position[0].tolist() == [8, 8, 5, 2, 1 + 18, 0 + 18, 15, 12 + 5, 10 + 5, 14]


def test_an_order_that_comes_on_its_own_day() -> None:
    stock = closing([6, 4, 9, 7, 5, 3])
    s = orders([(0, -1, 2, 2, 7)])
    known = levels(s, lanes(s, 1), stock, FIRST)
    assert known.position[0].tolist() == [6, 6, 4, 9, 7, 5]
    assert known.level.tolist() == [11]


def test_orders_from_before_the_record_are_on_order_in_it() -> None:
    stock = closing([6, 4, 12, 10, 8, 6])
    s = orders([(0, -1, -3, 2, 10), (0, -1, 0, 4, 5), (0, -1, -9, -2, 40), (0, -1, 3, NAN, 2)])
    known = levels(s, lanes(s, 1), stock, FIRST)
    assert known.position[0].tolist() == [16, 6 + 15, 4 + 15, 12 + 5, 10 + 7, 8 + 2]
    assert known.day.tolist() == [0, 3]
    assert known.level.tolist() == [21, 19]


def test_of_a_short_shipment_only_what_came_is_there() -> None:
    stock = closing([6, 4, 8, 6, 4, 3])
    s = orders([(0, -1, 0, 2, 10, 6), (0, -1, 2, 5, 5)])
    known = levels(s, lanes(s, 1), stock, FIRST)
    assert known.position[0].tolist() == [6, 16, 4 + 6, 8 + 5, 6 + 5, 4 + 5]
    assert known.level.tolist() == [16, 15]


def test_between_orders_the_level_is_interpolated() -> None:
    stock = np.full((2, 11), 4, np.float32)
    s = orders([(0, -1, 2, 3, 6), (0, -1, 6, 7, 14), (0, -1, 6, 7, 2)])
    known = levels(s, lanes(s, 2), stock, FIRST)
    shelf = np.zeros(5, np.int64)
    # 10 on day 2; 20 on day 6, in two parts.
    assert known.at(shelf, np.array([0, 2, 3, 6, 10])).tolist() == [10, 10, 12.5, 20, 20]
    assert np.isnan(known.at(np.ones(1, np.int64), np.array([4]))).all(), "another shelf's level is no level"


def test_transfers_cut_by_an_empty_giver_show_no_level() -> None:
    giver, taker = [30, 30, 0, 30, 30, 30], [2, 2, 2, 2, 2, 2]
    s = orders([(1, 0, 0, 1, 8), (1, 0, 2, 3, 3), (1, 0, 4, 5, 10)])
    stock = closing(giver, taker)
    lane = lanes(s, 2)
    known = levels(s, lane, stock, FIRST)
    assert known.day.tolist() == [0, 4]
    assert known.level.tolist() == [10, 12]
    ready, _ = occasions(s, unrepaired(s), lane, known, np.ones((2, 6), bool), FIRST)
    mine = [k for k in range(len(ready.day)) if ready.shelf[k] == 1]
    need = dict(zip(ready.day[mine].tolist(), ready.need[mine].tolist(), strict=True))
    # On day 2 the level was 11 and 2 were there: 9 were wanted where 3 came.
    assert need == {0: 8, 2: pytest.approx(9), 4: 10}


def test_a_giver_that_kept_a_rest_was_short_where_more_was_wanted() -> None:
    # Two shelves are filled up to 10 each. On day 2 there are 7 for the 16 that they lack: 3 each, and one stays behind.
    # On day 4, when a shelf of another sku is filled up, nothing is sent; on day 6 the centre is full again.
    full = [(k, 0, 0, 1, 6) for k in (1, 2)] + [(k, 0, 6, 7, 9) for k in (1, 2)]
    s = orders([*full, (1, 0, 2, 3, 3), (2, 0, 2, 3, 3), (4, 3, 4, 5, 1)], node=np.array(["shop"] * 7))
    stock = closing([40, 40, 1, 1, 1, 1, 40, 40], *[[4, 2, 2, 2, 1, 1, 3, 3]] * 2, [9] * 8, [5] * 8)
    lane, active = lanes(s, 5), np.ones((5, 8), bool)
    short = short_days(s, lane, stock, active, FIRST)
    assert np.flatnonzero(short[0]).tolist() == [2, 4]
    known = levels(s, lane, stock, FIRST, short)
    assert known.level[known.shelf == 1].tolist() == [10, 10]
    ready, _ = occasions(s, unrepaired(s), lane, known, active, FIRST)
    mine = {int(ready.day[k]): float(ready.need[k]) for k in range(len(ready.day)) if ready.shelf[k] == 1}
    assert mine == {0: 6, 2: 8, 4: 8, 6: 9}


def test_a_giver_with_little_left_was_not_short_where_all_had_what_they_wanted() -> None:
    s = orders([(1, 0, day, day + 1, 4) for day in range(0, 12, 2)])
    stock = closing([40, 40, 40, 40, 2, 2, 40, 40, 40, 40, 40, 40], [6] * 12)
    short = short_days(s, lanes(s, 2), stock, np.ones((2, 12), bool), FIRST)
    assert not short.any()


def test_what_was_asked_for_beside_what_was_sent_is_the_wish() -> None:
    s = orders([(1, 0, 0, 1, 8), (1, 0, 2, 3, 9, 3), (1, 0, 4, 5, 10)])
    stock = closing([30, 30, 0, 30, 30, 30], [2, 2, 2, 2, 2, 2])
    lane = lanes(s, 2)
    known = levels(s, lane, stock, FIRST)
    assert known.level.tolist() == [10, 11, 12]
    ready, _ = occasions(s, unrepaired(s), lane, known, np.ones((2, 6), bool), FIRST)
    (row,) = np.flatnonzero((ready.shelf == 1) & (ready.day == 2))
    assert (ready.need[row], ready.ordered[row], ready.fill[row].tolist()) == (9, 3, [1, 1])


def test_occasions_on_which_nothing_was_ordered() -> None:
    # Two shelves of one supplier that takes orders on days 1 and 4; the second shelf needs nothing on day 4.
    s = orders([(0, -1, 1, 3, 4), (0, -1, 4, 6, 5), (1, -1, 1, 3, 6)], node=np.array(["dc"] * 3))
    stock = closing([5, 4, 3, 6, 5, 4, 8], [4, 3, 2, 12, 8, 8, 8])
    lane = lanes(s, 2)
    known = levels(s, lane, stock, FIRST)
    ready, lane_of = occasions(s, unrepaired(s), lane, known, np.ones((2, 7), bool), FIRST)
    rows = list(zip(ready.shelf.tolist(), ready.day.tolist(), ready.ordered.tolist(), strict=True))
    assert rows == [(0, 1, 4), (1, 1, 6), (0, 4, 5), (1, 4, 0)]
    # Level 4 + 6, position 12 (a return): two less, and something would have been ordered. It would come after 2 days.
    assert ready.need[3] == -2
    assert ready.arrives[3].tolist() == [6] * 8
    assert len(set(lane_of.tolist())) == 1


def test_outside_its_own_record_a_shelf_has_no_occasions() -> None:
    s = orders([(0, -1, 1, 3, 4), (0, -1, 4, 6, 5), (1, -1, 1, 3, 6)], node=np.array(["dc"] * 3))
    stock = closing([5, 4, 3, 6, 5, 4, 8], [4, 3, 2, 8, 8, 8, 8])
    active = np.ones((2, 7), bool)
    active[1, 4:] = False
    lane = lanes(s, 2)
    ready, _ = occasions(s, unrepaired(s), lane, levels(s, lane, stock, FIRST), active, FIRST)
    assert 0 not in ready.ordered.tolist()


def test_orders_at_the_edges_of_the_record() -> None:
    rows = [
        (0, -1, -9, -1, 4),  # over before it begins: part of the opening stock
        (0, -1, -5, 2, 5),  # ordered before, comes in it
        (0, -1, 3, NAN, 6),  # never came
        (0, -1, 5, 9, 7),  # comes after it
        (0, -1, 8, 9, 8),  # ordered after it
        (0, -1, 2, 4, 0),  # nothing ordered
    ]
    s = orders(rows)
    stock = closing([5.0] * 6)
    lane = lanes(s, 1)
    ready, _ = occasions(s, unrepaired(s), lane, levels(s, lane, stock, FIRST), np.ones((1, 6), bool), FIRST)
    known = [k for k in range(len(ready.day)) if ready.ordered[k] > 0]
    assert ready.ordered[known].tolist() == [5, 6, 7]
    assert ready.day[known].tolist() == [0, 3, 5]
    assert ready.arrives[known, 0].tolist() == [2, NEVER, 9]
    # How much was ordered before the record does not hang on what stands there in it.
    assert ready.need[known].tolist() == [FIXED, 6, 7]


def test_moves_off_the_main_lane_are_carried_as_they_are() -> None:
    s = orders([(0, -1, 0, 2, 9), (0, -1, 3, 5, 9), (0, 1, 2, 3, 4)])
    stock = closing([5.0] * 6, [7.0] * 6)
    lane = lanes(s, 2)
    ready, _ = occasions(s, unrepaired(s), lane, levels(s, lane, stock, FIRST), np.ones((2, 6), bool), FIRST)
    moved = ready.ordered.tolist().index(4)
    assert ready.need[moved] == FIXED
    assert ready.donor[moved] == -1


def test_what_a_shelf_without_counts_gives_is_bought() -> None:
    s = orders([(0, 1, 0, 2, 9), (1, -1, 0, 2, 9), (2, 0, 1, 2, 3)])
    counted = np.array([True, False, True])
    kept, r = of_counted(s, unrepaired(s), counted)
    assert kept.shelf.tolist() == [0, 2]
    assert kept.donor.tolist() == [-1, 0]
    assert r.arrives.shape == (2, 8)


def test_a_need_is_seen_before_it_is_placed() -> None:
    s = orders([(0, -1, 3, 5, 4)], signalled=np.array([(FIRST + 1.9) * DAY_S]))
    assert book.decided_day(s).tolist() == [FIRST + 1]


def test_levels_that_follow_the_forecast_are_read_between_orders_in_days_of_it() -> None:
    # Every fourth day a level of ten days of forecast is ordered up to; the forecast swings from order to order.
    days, level_days = 41, 10.0
    rng = np.random.default_rng(5)
    swings = np.repeat(rng.uniform(1.0, 9.0, 11), 4)[:days].astype(np.float32)[None, :]
    knots = np.arange(0, days, 4, dtype=np.int64)
    shelf = np.zeros(len(knots), np.int64)
    known = Levels(
        np.zeros((1, days), np.float32),
        shelf,
        knots,
        level_days * swings[0, knots].astype(np.float64),
        np.zeros((1, days), bool),
    )
    followed = known.following(swings, np.zeros(1, np.int64))
    every = np.arange(days)
    np.testing.assert_allclose(followed.at(np.zeros(days, np.int64), every), level_days * swings[0], rtol=1e-6)
    # Levels that do not move with the forecast stay as they are, and so does a day without a forecast.
    steady = replace(known, level=np.full(len(knots), 30.0))
    assert steady.following(swings, np.zeros(1, np.int64)) is steady
    hole = swings.copy()
    hole[0, 6] = 0.0
    read = known.following(hole, np.zeros(1, np.int64)).at(np.zeros(1, np.int64), np.array([6]))
    np.testing.assert_allclose(read, (known.level[1] + known.level[2]) / 2)
