"""What repairs change about supply orders: slots, docks, promises as service levels, peers, own weeks, short shipments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.chain.comparison import NOBODY
from fourwalls.chain.supply import DAY_S, Repaired, Supplies, repaired, supplies_from

MONDAY = 4.0  # 1970-01-05
DECISION, SUPPLY, RECEIVING = 1, 2, 4
FAR = 10_000.0


def orders(n: int, **given: Any) -> Supplies:
    """Orders for one shelf, one each week; times in days since 1970."""
    placed = np.asarray(given.pop("placed", MONDAY + 7.0 * np.arange(n)), float)
    received = np.asarray(given.pop("received", placed + 4.0), float)
    times = {"signalled": placed, "decided": placed, "promised": placed + 4.0, "available": received}
    times |= {k: np.broadcast_to(np.asarray(given.pop(k), float), n) for k in tuple(times) if k in given}
    base = {
        "shelf": np.zeros(n, np.int64),
        "donor": np.full(n, -1),
        "supplier": np.array(["mill"] * n),
        "node": np.array(["dc"] * n),
        "ordered": np.full(n, 10.0),
        "come": np.where(np.isnan(received), np.nan, 10.0),
    }
    clock = {k: np.array(v) * DAY_S for k, v in {**times, "placed": placed, "received": received}.items()}
    return Supplies(**{**base, **clock, **given})


def with_caps(**hours: float) -> Any:
    return lambda stage: np.full(1, hours[stage] * 3600.0) if stage in hours else None


def days(r: Repaired, coalition: int) -> np.ndarray:
    """Days of arrival on the shelf."""
    return r.arrives[:, coalition] / DAY_S


def held(s: Supplies, asked: float = 0.95, end: float = FAR, **hours: float) -> Repaired:
    return repaired(s, end * DAY_S, asked, with_caps(**hours))


def test_nothing_repaired_is_the_record() -> None:
    s = orders(3, received=[9.0, 17.0, np.nan], available=[10.0, 18.5, np.nan])
    r = held(s, decision=0.0, supply=0.0, receiving=0.0)
    assert days(r, 0)[:2].tolist() == [10.0, 18.5]
    assert np.isnan(r.arrives[2]).all(), "what never came comes under no repair"
    assert r.come[:, 0].tolist() == [10, 10, 0]


def test_what_came_after_the_record_may_come_within_it() -> None:
    s = orders(1, placed=[MONDAY], received=[MONDAY + 14])
    r = held(s, end=MONDAY + 8, supply=24 * 7)
    assert np.isnan(days(r, 0)[0])
    assert days(r, SUPPLY)[0] == MONDAY + 7


def test_a_target_takes_the_place_of_what_was_demonstrated() -> None:
    s = orders(2, received=[MONDAY + 9, MONDAY + 10], available=[MONDAY + 11, MONDAY + 12])
    r = held(s, supply=24 * 3, receiving=24)
    # The second is placed on day 7 after the first and took 3 days: it was never late.
    assert days(r, SUPPLY).tolist() == [MONDAY + 5, MONDAY + 12]
    assert days(r, RECEIVING).tolist() == [MONDAY + 10, MONDAY + 11]
    assert days(r, SUPPLY | RECEIVING).tolist() == [MONDAY + 4, MONDAY + 11]


def test_an_earlier_decision_waits_for_the_suppliers_slot() -> None:
    # Mondays only; the need was seen on the Thursday ten days before the order was placed.
    placed = MONDAY + 7.0 * np.arange(8) + 0.5
    s = orders(8, placed=placed, received=placed + 4.0, signalled=placed - 10.7)
    r = held(s, decision=0.0)
    # Thursday evening: the next Monday, one week earlier than it was; the lead time stays.
    assert (days(r, DECISION) - days(r, 0)).tolist() == [-7.0] * 8


def test_a_decision_after_the_slots_time_of_day_waits_for_the_next() -> None:
    placed = MONDAY + 7.0 * np.arange(8) + 0.5
    early = held(orders(8, placed=placed, received=placed + 4, signalled=placed - 7.0), decision=0.0)
    late = held(orders(8, placed=placed, received=placed + 4, signalled=placed - 6.9), decision=0.0)
    assert (days(early, DECISION) - days(early, 0)).tolist() == [-7.0] * 8
    assert (days(late, DECISION) - days(late, 0)).tolist() == [0.0] * 8


def test_what_an_order_waited_for_after_its_decision_is_no_loss_of_the_decision() -> None:
    # Orders go out on any weekday; these were decided at once and lay for a week all the same.
    placed = MONDAY + np.arange(20.0) + 7.0
    s = orders(20, placed=placed, received=placed + 4, signalled=placed - 7.2, decided=placed - 7.1)
    r = held(s, decision=2.4)
    assert days(r, DECISION).tolist() == days(r, 0).tolist()
    # Decided a day late, they come a day earlier, whatever else they waited for.
    slow = orders(20, placed=placed, received=placed + 4, signalled=placed - 7.2, decided=placed - 6.1)
    assert (days(held(slow, decision=2.4), DECISION) - days(r, 0)).tolist() == [-1.0] * 20


def test_an_earlier_arrival_waits_for_the_dock() -> None:
    # The dock receives on Mondays to Fridays; two days less would be a Saturday.
    placed = MONDAY + 7.0 * np.arange(10)
    came = placed + np.array([7, 8, 9, 10, 11] * 2)
    r = held(orders(10, placed=placed, received=came, promised=np.nan), supply=24 * 5)
    assert ((days(r, 0) - MONDAY) % 7).tolist() == [0, 1, 2, 3, 4] * 2
    assert (days(r, SUPPLY) - placed).tolist() == [7] * 10
    no_days_off = held(orders(7, placed=placed[:7], received=placed[:7] + 7 + np.arange(7)), supply=24 * 5)
    assert (days(no_days_off, SUPPLY) - placed[:7]).tolist() == [5] * 7


def test_a_confirmed_date_is_kept_as_often_as_is_asked() -> None:
    placed = MONDAY + np.arange(100.0)
    late = np.arange(100) % 5 == 0
    s = orders(100, placed=placed, received=placed + np.where(late, 8.0, 4.0))
    # 20 of 100 are late where 5 may be: three quarters of each delay (4 of 8 days) is not excused.
    r = held(s)
    assert days(r, SUPPLY)[late] == pytest.approx((placed + 5.0)[late])
    assert days(r, SUPPLY)[~late].tolist() == (placed + 4.0)[~late].tolist()
    assert r.held[1].all()
    assert {r.standards[w] for w in r.words[1, late]} == {"the date the supplier confirmed, kept 95 times in a hundred"}


def test_a_supplier_with_few_orders_is_held_to_dates_it_missed_beyond_chance() -> None:
    placed = MONDAY + np.arange(48.0)
    late = np.arange(48) % 5 > 0
    r = held(orders(48, placed=placed, received=placed + np.where(late, 16.0, 4.0)))
    assert r.held[1].all()
    # 39 of 48 are late where 5 % may be.
    excused = 0.05 / (39 / 48)
    assert days(r, SUPPLY)[late] == pytest.approx((placed + 4.0 + 12.0 * excused)[late], abs=1.0)


@pytest.mark.parametrize(("late", "n"), [(0.04, 100), (0.1, 20)])
def test_few_late_orders_and_few_orders_claim_nothing(late: float, n: int) -> None:
    placed = MONDAY + np.arange(float(n))
    is_late = np.arange(n) % round(1 / late) == 0
    s = orders(n, placed=placed, received=placed + np.where(is_late, 8.0, 4.0))
    r = held(s)
    assert days(r, SUPPLY).tolist() == days(r, 0).tolist()
    # Where there are too few orders, nobody can say that the supplier keeps its word either.
    assert r.held[1].any() == (n >= 60)


def two_suppliers(*, slow: float, n: int = 160) -> Supplies:
    rng = np.random.default_rng(1)
    placed = MONDAY + np.arange(n / 1.0)
    lead = 10.0 + rng.normal(0, 0.5, n)
    who = np.where(np.arange(n) % 2, "fast", "slow")
    lead = np.where(who == "slow", lead * slow, lead)
    return orders(n, placed=placed, received=placed + lead, promised=placed + 40.0, supplier=who)


def test_suppliers_are_held_to_the_better_ones_share_of_what_they_confirmed() -> None:
    s = two_suppliers(slow=2.0)
    r = held(s)
    # Nobody is late by its own word: all came by the date that was confirmed, however early others come.
    assert np.all(days(r, 0) == days(r, SUPPLY))
    late_by_word = Supplies(**{n: getattr(s, n) for n in Supplies.__dataclass_fields__ if n != "promised"},
                            promised=s.placed + 8.0 * DAY_S)  # fmt: skip
    saved = days(held(late_by_word, asked=0.0), 0) - days(held(late_by_word, asked=0.0), SUPPLY)
    assert np.median(saved[s.supplier == "slow"]) == pytest.approx(10.0, abs=0.3)
    assert np.all(saved[s.supplier == "fast"] == 0)


def test_docks_alike_are_not_told_apart_and_a_slow_one_is() -> None:
    rng = np.random.default_rng(2)
    n = 200
    node = np.where(np.arange(n) % 2, "north", "south")
    stay = rng.gamma(4.0, 0.25, n)
    placed = MONDAY + np.arange(n / 1.0)
    alike = held(orders(n, placed=placed, available=placed + 4 + stay, node=node))
    assert days(alike, RECEIVING).tolist() == days(alike, 0).tolist()
    assert alike.held[2].all(), "peers were compared"
    stay = np.where(node == "south", stay + 3.0, stay)
    slow = held(orders(n, placed=placed, available=placed + 4 + stay, node=node))
    saved = days(slow, 0) - days(slow, RECEIVING)
    assert saved[node == "north"].max() == 0
    assert saved[node == "south"].mean() == pytest.approx(3.0, abs=0.2)


def test_a_lone_dock_is_held_to_its_own_better_half() -> None:
    rng = np.random.default_rng(3)
    n = 1000
    placed = MONDAY + np.arange(n) / 3.0
    bad = np.arange(n) > 500
    stay = rng.gamma(4.0, 0.25, n) + np.where(bad, 2.0, 0.0)
    r = held(orders(n, placed=placed, available=placed + 4 + stay))
    saved = days(r, 0) - days(r, RECEIVING)
    assert saved[bad].mean() == pytest.approx(2.0, abs=0.35)
    assert saved[~bad].mean() < 0.2
    assert any(w.startswith("its own earlier weeks") for w in r.standards)
    unsteady = (np.arange(n) // 21) % 2 == 1
    stay = rng.gamma(4.0, 0.25, n) + np.where(unsteady, 2.0, 0.0)
    r = held(orders(n, placed=placed, available=placed + 4 + stay))
    assert days(r, RECEIVING).tolist() == days(r, 0).tolist(), "ups and downs are no change for the worse"


def test_short_shipments_are_filled_up_to_what_is_asked() -> None:
    n = 100
    come = np.where(np.arange(n) % 2, 10.0, 6.0)  # 80 % of the units come
    r = held(orders(n, placed=MONDAY + np.arange(n / 1.0), come=come), asked=0.9)
    assert r.come[:, 0].tolist() == come.tolist()
    assert r.come[:, 1].sum() == pytest.approx(0.9 * 10 * n)
    assert (r.come[:, 1] >= r.come[:, 0]).all()
    assert {r.standards[w] for w in r.words[1, come < 10]} == {"90 % of what was ordered comes"}


def test_short_shipments_beside_a_supplier_who_ships_in_full() -> None:
    n = 200
    who = np.where(np.arange(n) % 2, "full", "short")
    rng = np.random.default_rng(4)
    come = np.where(who == "short", rng.binomial(10, 0.7, n), 10.0)
    r = held(orders(n, placed=MONDAY + np.arange(n / 1.0), come=come, supplier=who), asked=0.5)
    assert r.come[who == "full", 1].tolist() == [10.0] * 100
    assert r.come[who == "short", 1].mean() == pytest.approx(10.0, abs=0.1)
    assert r.standards[r.words[1, 0]] == "best 1 of 2 suppliers: 100.0 % of what was ordered comes"


def test_more_than_was_ordered_is_left_as_it_came() -> None:
    r = held(orders(100, placed=MONDAY + np.arange(100.0), come=np.full(100, 12.0)))
    assert (r.come == 12.0).all()


def test_transfers_are_not_held_to_fill_or_promise() -> None:
    n = 100
    s = orders(n, placed=MONDAY + np.arange(n / 1.0), received=MONDAY + np.arange(n) + 9.0, donor=np.full(n, 1),
               come=np.full(n, 5.0))  # fmt: skip
    r = held(s)
    assert days(r, SUPPLY).tolist() == days(r, 0).tolist()
    assert (r.come == 5.0).all()
    assert not r.held[1].any()


def test_orders_are_read_with_what_they_leave_out() -> None:
    columns = {
        "shelf": [0, 1, 1, 1],
        "donor": [None, 0, None, None],
        "supplier_id": ["mill", "us", None, None],
        "from_node_id": [None, "dc", "attic", None],
        **{f"{t}_s": [None, None, None, None] for t in ("signalled", "decided", "promised")},
        "placed_s": [100, 200, 300, 400],
        "received_s": [500, None, 600, 700],
        "available_s": [None, None, 550, 900],
        "ordered": [10.0, 5.0, 4.0, 3.0],
        "come": [None, None, 2.0, None],
    }
    s = supplies_from(pa.table(columns), ["dc", "shop"])
    assert s.node.tolist() == ["dc", "shop", "shop", "shop"]
    # A transfer is the giving node's, even where a supplier is named; an unknown giver is a supplier like any other.
    assert s.supplier.tolist() == ["mill", "dc", "attic", NOBODY]
    assert s.donor.tolist() == [-1, 0, -1, -1]
    assert np.isnan(s.come[1])
    assert s.come[[0, 2, 3]].tolist() == [10.0, 2.0, 3.0]
    assert np.isnan(s.available[1])
    assert s.available[[0, 2, 3]].tolist() == [500, 600, 900], "put away not before it arrived"


def test_a_node_that_does_not_record_putting_away_is_no_standard_for_those_that_do() -> None:
    n = 200
    node = np.where(np.arange(n) % 2, "shop", "dc")
    rng = np.random.default_rng(6)
    placed = MONDAY + np.arange(n / 1.0)
    stay = np.where(node == "dc", rng.gamma(4.0, 0.25, n), 0.0)
    r = held(orders(n, placed=placed, available=placed + 4 + stay, node=node))
    assert days(r, RECEIVING).tolist() == days(r, 0).tolist()
    assert not r.held[2, node == "shop"].any()
