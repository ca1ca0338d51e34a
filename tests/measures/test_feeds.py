"""Deliveries and unknown keys by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.measures import feeds

DUE = datetime(2025, 1, 6, 4)  # noqa: DTZ001 - naive UTC


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


def test_deliveries_by_hand(duck: DuckDBEngine) -> None:
    # Early, half an hour late, three hours late, never, and one that is not yet due.
    waits = [timedelta(hours=-2), timedelta(minutes=30), timedelta(hours=3), None, timedelta(0)]
    due = [DUE, DUE, DUE, DUE, DUE + timedelta(days=30)]
    came = [None if w is None else d + w for d, w in zip(due, waits, strict=True)]
    rows = pa.table(
        {
            "feed_id": ["orders"] * 5, "from_system": ["shop"] * 5, "to_system": ["erp"] * 5, "party_id": ["us"] * 5,
            "expected_at": pa.array(due, pa.timestamp("us")), "arrived_at": pa.array(came, pa.timestamp("us")),
            "expected_rows": [100, 100, None, 100, 100], "arrived_rows": [100, 90, 80, None, 1],
            "mismatched_rows": [0, 5, 8, None, 1],
        }
    )  # fmt: skip
    until = int((DUE + timedelta(days=1) - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - naive UTC
    found = duck.run(feeds.deliveries(duck.load("feeds", rows), until)).to_pylist()
    assert len(found) == 1
    told = {
        name: found[0][name]
        for name in found[0]
        if name not in ("feed_id", "from_system", "to_system", "party_id", "span")
    }
    assert told == {
        "due": 4, "missing": 1, "arrived": 3, "late": 1, "late_hours": 3.5, "expected_rows": 200.0, "missing_rows": 10.0,
        "checked_rows": 270.0, "mismatched_rows": 13.0,
    }  # fmt: skip


def test_unknown_keys_are_counted_in_rows_and_values(duck: DuckDBEngine) -> None:
    rows = {
        "stock_days": duck.load("stock_days", pa.table({"sku_id": ["a", "x", "x", "y", None]})),
        "products": duck.load("products", pa.table({"sku_id": ["a", "b"]})),
    }
    found = duck.run(feeds.unknown_keys(rows, "stock_days", "sku_id", "products")).to_pylist()
    assert found == [{"rows": 4, "unknown": 3, "keys": 2, "example": "x"}]
