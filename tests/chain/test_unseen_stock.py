"""Stock on record that nobody finds: whose it is by how a silence ends, standards by comparable nodes, chance left alone."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.chain.stock_record import Books, Record
from fourwalls.chain.unseen_stock import DEFAULT_BARE_SHARE, Unseen, unseen

DAYS = 140
SPAN = np.arange(DAYS) // 7


def record_of(n: int, **given: np.ndarray) -> Record:
    """Ten on every shelf, two sold a day; `empty`, `received`, `missing`, `closing` as given."""
    shape = (n, DAYS)
    full = {"sold": 2.0, "closing": 10.0, "empty": 0.0, "received": 0.0, "missing": 0.0}
    panels = {k: np.full(shape, v, np.float32) for k, v in full.items()} | given
    panels["sold"] = panels["sold"] * (1 - panels["empty"])
    return Record(
        panels["sold"], panels["closing"], panels["empty"], np.ones(shape, np.bool_), np.zeros(n, np.bool_), None, Books(),
        panels["received"], panels["missing"],
    )  # fmt: skip


def found(record: Record, *, shops: bool = True, sent: np.ndarray | None = None) -> Unseen:
    n = len(record.sold)
    node = np.arange(n)
    return unseen(record, 2 * record.empty, sent, node, node, np.full(n, shops), SPAN)


def silent(days: dict[int, list[tuple[int, int]]], n: int) -> np.ndarray:
    empty = np.zeros((n, DAYS), np.float32)
    for shelf, runs in days.items():
        for first, after in runs:
            empty[shelf, first:after] = 1.0
    return empty


def every(length: int, step: int, first: int = 5) -> list[tuple[int, int]]:
    return [(d, d + length) for d in range(first, DAYS - 10, step)]


def test_goods_that_sell_again_without_a_receipt_were_behind_the_shelf() -> None:
    record = record_of(4, empty=silent({0: every(4, 14)}, 4))
    u = found(record)
    assert u.waiting[0].sum() == 2 * record.empty[0].sum()
    assert not u.ghost.any()
    assert 0 < u.bare[0].sum() <= u.waiting[0].sum()
    assert not u.bare[1:].any()


@pytest.mark.parametrize("end", ["received", "missing"])
def test_a_long_silence_that_ends_with_a_receipt_or_a_correction_was_no_stock(end: str) -> None:
    runs = every(4, 14)
    moved = np.zeros((4, DAYS), np.float32)
    for _, after in runs:
        moved[0, after] = 6.0
    record = record_of(4, empty=silent({0: runs}, 4), **{end: moved})
    u = found(record)
    assert not u.waiting.any()
    assert 0 < u.ghost[0].sum() <= 2 * record.empty[0].sum()
    assert u.judged[0].all()


def test_a_short_silence_before_a_receipt_is_a_shelf_filled_late() -> None:
    runs = every(2, 14)
    come = np.zeros((4, DAYS), np.float32)
    for _, after in runs:
        come[0, after] = 6.0
    u = found(record_of(4, empty=silent({0: runs}, 4), received=come))
    assert u.waiting[0].any()
    assert not u.ghost.any()


def test_a_shelf_that_ran_out_is_neither() -> None:
    runs = every(4, 14)
    empty = silent({0: runs}, 2)
    u = found(record_of(2, empty=empty, closing=np.where(empty > 0, 0, 10).astype(np.float32)))
    assert not u.any
    assert not u.waiting.any()


def test_shops_that_are_all_alike_are_held_to_the_default() -> None:
    record = record_of(4, empty=silent({i: every(1, 20, 5 + i) for i in range(4)}, 4))
    u = found(record)
    share = float(record.empty.mean())
    assert share > DEFAULT_BARE_SHARE
    assert u.bare.sum() / u.waiting.sum() == pytest.approx(1 - DEFAULT_BARE_SHARE / share, abs=0.15)
    assert "default of this product" in u.words[1][0]
    assert not found(record, shops=False).bare.any(), "a warehouse has no shelf to fill"


def test_what_goes_astray_beyond_other_nodes() -> None:
    rng = np.random.default_rng(1)
    missing = (rng.random((4, DAYS)) < 0.2) * np.array([[5.0], [1.0], [1.0], [1.0]])
    record = record_of(4, missing=missing.astype(np.float32))
    u = found(record, shops=False)
    assert u.astray[0].sum() == pytest.approx(0.8 * missing[0].sum(), rel=0.15)
    assert not u.astray[1:].any()
    assert found(record, shops=False, sent=missing.astype(np.float32)).astray.sum() == 0, "what was sent on is no loss"


def test_equal_nodes_are_told_apart_no_more_often_than_chance_allows() -> None:
    taken = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        missing = (rng.random((3, DAYS)) < 0.1) * rng.geometric(0.3, (3, DAYS))
        taken += bool(found(record_of(3, missing=missing.astype(np.float32)), shops=False).astray.any())
    assert taken <= 6


def centre_and_depot(missing: np.ndarray, shop: np.ndarray | None) -> Unseen:
    record, node = record_of(2, missing=missing.astype(np.float32)), np.arange(2)
    return unseen(record, 2 * record.empty, None, node, node, np.array([False, True]), SPAN, shop, 0 * node)


def test_a_centre_and_the_one_depot_it_refills_are_compared_and_a_shop_is_not() -> None:
    rng = np.random.default_rng(4)
    missing = (rng.random((2, DAYS)) < 0.2) * np.array([[1.0], [5.0]])
    staff = np.zeros(2, bool)
    u = centre_and_depot(missing, staff)
    # Four parts in five are beyond the centre's; of two nodes, the distance counts only as far as it is sure.
    assert 0.6 < u.astray[1].sum() / missing[1].sum() < 0.85
    assert not u.astray[0].any()
    assert u.judged[0].all()
    for shop in (None, np.array([False, True])):
        u = centre_and_depot(missing, shop)
        assert not u.any
        assert not u.judged[0].any(), "nobody else does the same"


def test_a_depot_with_peers_of_its_own_kind_is_compared_with_them() -> None:
    rng = np.random.default_rng(5)
    missing = (rng.random((3, DAYS)) < 0.2) * np.array([[1.0], [5.0], [5.0]])
    record, node = record_of(3, missing=missing.astype(np.float32)), np.arange(3)
    refilled, staff = np.array([False, True, True]), np.zeros(3, bool)
    assert not unseen(record, 2 * record.empty, None, node, node, refilled, SPAN, staff, 0 * node).astray.any()


def test_a_centre_and_a_depot_alike_are_told_apart_no_more_often_than_chance_allows() -> None:
    taken = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        missing = (rng.random((2, DAYS)) < 0.1) * rng.geometric(0.3, (2, DAYS))
        taken += bool(centre_and_depot(missing, np.zeros(2, bool)).astray.any())
    assert taken <= 6


def test_a_centre_and_a_depot_are_compared_goods_by_goods() -> None:
    """The depot loses of one kind only; and has more of the kind of which everybody loses more."""
    rng = np.random.default_rng(6)
    often = np.array([[0.1], [0.3], [0.3], [0.3], [0.3], [0.3]])
    size = np.array([[1.0], [8.0], [2.0], [2.0], [2.0], [2.0]])
    missing = (rng.random((6, DAYS)) < often) * size
    node, goods = np.array([0, 1, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    record = record_of(6, missing=missing.astype(np.float32))
    u = unseen(record, 2 * record.empty, None, 2 * node + goods, node, node == 1, SPAN, np.zeros(6, bool), goods)
    assert u.astray[1].sum() > 0.7 * missing[1].sum()
    assert not np.delete(u.astray, 1, axis=0).any()
