"""Lines that had to be cancelled, by hand, on both engines."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fourwalls.engines.base import Engine
from fourwalls.measures.cancelled import cancelled_lines, taken_lines

DAY = 86_400
WEEK = 7 * DAY


def line(day: int, **given: Any) -> dict[str, Any]:
    base = {
        "brand": "b", "category": "shoes", "channel_id": "site", "destination": "north", "sku_id": "s", "node_id": "dc",
        "outcome": "cancelled", "cancel_reason": None, "ordered_s": day * DAY + 3600, "cancelled_s": day * DAY + 7200,
        "promised_s": (day + 3) * DAY, "span": day * DAY // WEEK, "value_amount": 10.0, "margin_amount": 4.0,
        "fulfilment_amount": None, "fulfilment_party": "us",
    }  # fmt: skip
    return base | given


LINES = [
    line(14),
    line(14, value_amount=None, cancel_reason="out_of_stock"),
    # Open, without a node, given up after the promise, taken back by the customer, over a counter, no hands: none of them counts.
    line(14, outcome="on time", cancelled_s=None, fulfilment_amount=2.0),
    line(14, node_id=None),
    line(14, cancelled_s=18 * DAY),
    line(14, cancel_reason="Customer_request"),
    line(14, channel_id="shop"),
    line(14, cancel_reason="No_capacity"),
    # Goods on record all day, at this node and at another.
    line(15),
    line(14, node_id="hub", fulfilment_party="them"),
    # No share of the day is told, but nothing stood there at its end; and no time of cancelling is known.
    line(16, cancelled_s=None),
]
STOCK = [("s", "dc", 14, 3, 0.2), ("s", "dc", 15, 3, 0.0), ("s", "dc", 16, 0, None), ("s", "hub", 14, 5, 0.0), ("t", "dc", 14, 0, 1.0)]  # fmt: skip


@pytest.fixture
def lines() -> pa.Table:
    columns = {k: [r[k] for r in LINES] for k in LINES[0]}
    texts = {k: pa.array(columns[k], pa.string()) for k in ("cancel_reason", "node_id", "channel_id")}
    return pa.table({**columns, **texts, "fulfilment_amount": pa.array(columns["fulfilment_amount"], pa.float64())})


@pytest.fixture
def shelves() -> pa.Table:
    return pa.table(
        {
            "sku_id": [r[0] for r in STOCK],
            "node_id": [r[1] for r in STOCK],
            "day": pa.array([date.fromordinal(date(1970, 1, 1).toordinal() + r[2]) for r in STOCK]),
            "on_hand_units": pa.array([r[3] for r in STOCK], pa.int64()),
            "empty_share": pa.array([r[4] for r in STOCK], pa.float64()),
        }
    )


def test_lines_cancelled_in_time_are_told_by_what_their_shelf_held_that_day(
    either: Engine, lines: pa.Table, shelves: pa.Table
) -> None:
    judged, stock = either.load("judged", lines), either.load("shelves", shelves)
    found = {
        row["node_id"]: row for row in either.run(cancelled_lines(judged, stock, ["shop"], ["capacity"])).to_pylist()
    }
    place = {"brand": "b", "category": "shoes", "channel_id": "site", "region": "north", "span": 2}
    assert found["dc"] == place | {
        "node_id": "dc", "empty_lines": 3, "held_lines": 1, "empty_value": 20.0, "held_value": 10.0, "held_margin": 4.0,
    }  # fmt: skip
    assert (found["hub"]["empty_lines"], found["hub"]["held_lines"]) == (0, 1)
    # Cancelled an hour after they came: with half an hour allowed, only the one whose time nobody knows is left.
    (late,) = either.run(cancelled_lines(judged, stock, ["shop"], ["capacity"], 1800.0)).to_pylist()
    assert (late["empty_lines"], late["held_lines"]) == (1, 0)


def test_lines_taken_are_those_of_recorded_shelves_not_sold_over_a_counter(
    either: Engine, lines: pa.Table, shelves: pa.Table
) -> None:
    judged, stock = either.load("judged", lines), either.load("shelves", shelves)
    told = either.run(taken_lines(judged, stock, ["shop"])).to_pylist()
    rows = {(r["node_id"], r["party_id"]): (r["lines"], r["fulfilment"], r["fulfilled"]) for r in told}
    assert rows == {("dc", "us"): (8, 2.0, 1), ("hub", "them"): (1, 0.0, 0)}
    assert sum(r["lines"] for r in either.run(taken_lines(judged, stock, [])).to_pylist()) == 10
    at_dc = either.load("dc_only", shelves.filter(pc.equal(shelves["node_id"], "dc")))
    assert {r["node_id"] for r in either.run(taken_lines(judged, at_dc, [])).to_pylist()} == {"dc"}
