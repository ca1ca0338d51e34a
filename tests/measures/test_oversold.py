"""Lines sold from empty shelves, by hand, on both engines."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from fourwalls.engines.base import Engine
from fourwalls.measures.oversold import oversold_lines

DAY = 86_400
WEEK = 7 * DAY


def line(day: int, **given: Any) -> dict[str, Any]:
    base = {
        "brand": "b", "category": "shoes", "channel_id": "site", "destination": "north", "sku_id": "s", "node_id": "dc",
        "outcome": "cancelled", "ordered_s": day * DAY + 3600, "cancelled_s": day * DAY + 7200, "promised_s": (day + 3) * DAY,
        "span": day * DAY // WEEK, "value_amount": 10.0,
    }  # fmt: skip
    return base | given


def test_only_lines_cancelled_in_time_from_an_empty_shelf_of_their_node_count(either: Engine) -> None:
    lines = [
        line(14),
        line(14, value_amount=None),
        # Open, at another node, on a day with stock, without a node, given up after the promise: none of them counts.
        line(14, outcome="on time", cancelled_s=None),
        line(14, node_id="hub"),
        line(15),
        line(14, node_id=None),
        line(14, cancelled_s=18 * DAY),
        # No share of the day is told, but nothing stood there at its end; and no time of cancelling is known.
        line(16, cancelled_s=None),
    ]
    stock = [
        ("s", "dc", 14, 3, 0.2), ("s", "dc", 15, 3, 0.0), ("s", "dc", 16, 0, None), ("s", "hub", 14, 5, 0.0),
        ("t", "dc", 14, 0, 1.0),
    ]  # fmt: skip
    shelves = pa.table(
        {
            "sku_id": [r[0] for r in stock],
            "node_id": [r[1] for r in stock],
            "day": pa.array([date.fromordinal(date(1970, 1, 1).toordinal() + int(r[2])) for r in stock]),
            "on_hand_units": pa.array([r[3] for r in stock], pa.int64()),
            "empty_share": pa.array([r[4] for r in stock], pa.float64()),
        }
    )
    columns = {k: [r[k] for r in lines] for k in lines[0]}
    told = either.run(oversold_lines(either.load("judged", pa.table(columns)), either.load("shelves", shelves)))
    assert told.to_pylist() == [
        {
            "brand": "b",
            "category": "shoes",
            "channel_id": "site",
            "region": "north",
            "span": 2,
            "lines": 3,
            "value": 20.0,
        }
    ]
