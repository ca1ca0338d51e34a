"""Failures in the week they come to light, our own hours by case, and later custom against a slow twin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.measures import failures

WEEK = 7 * 24 * 3600
TEXTS = ("customer_id", "order_id", "line_id", "brand", "category", "channel_id", "destination", "outcome")


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


def lines() -> list[dict[str, Any]]:
    """A year of 400 orders by 60 customers, of up to four lines each."""
    rng = np.random.default_rng(1)
    rows = []
    for order in range(400):
        ordered = int(rng.integers(0, 52 * WEEK))
        customer, channel = f"c{rng.integers(60)}", str(rng.choice(["site", "market"]))
        for line in range(int(rng.integers(1, 5))):
            outcome = str(
                rng.choice(["on time", "late", "overdue", "cancelled", "open"], p=[0.8, 0.08, 0.02, 0.07, 0.03])
            )
            rows.append(
                {
                    "customer_id": customer, "order_id": str(order), "line_id": str(line), "order_key": order, "brand": "b",
                    "category": str(rng.choice(["shoes", "toys"])), "channel_id": channel, "destination": "north",
                    "outcome": outcome, "ordered_s": ordered, "span": ordered // WEEK, "promised_s": ordered + 10 * 86400,
                    "cancelled_s": ordered + 3 * 86400 if outcome == "cancelled" else None,
                    "margin_amount": float(rng.integers(5, 50)), "fulfilment_amount": 2.0, "value_amount": 60.0,
                }
            )  # fmt: skip
    return rows


def test_failures_count_in_the_week_they_come_to_light(duck: DuckDBEngine) -> None:
    rows = lines()
    expected: dict[tuple[str, str, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for r in rows:
        place = r["category"], r["channel_id"]
        expected[*place, r["span"]]["lines"] += 1
        expected[*place, r["promised_s"] // WEEK]["due"] += 1
        if r["outcome"] in ("late", "overdue"):
            expected[*place, r["promised_s"] // WEEK]["late"] += 1
            expected[*place, r["promised_s"] // WEEK]["late_value"] += 60.0
        elif r["outcome"] == "cancelled":
            expected[*place, r["cancelled_s"] // WEEK]["cancelled"] += 1
    found = duck.run(failures.failed_lines(duck.load("failing", pa.Table.from_pylist(rows)))).to_pylist()
    assert len(found) == len(expected)
    for f in found:
        e = expected[f["category"], f["channel_id"], f["span"]]
        assert (f["lines"], f["due"], f["late"], f["cancelled"], f["late_value"]) == (
            e["lines"], e["due"], e["late"], e["cancelled"], e["late_value"],
        )  # fmt: skip


def test_later_custom_agrees_with_a_slow_twin(duck: DuckDBEngine) -> None:
    rows = lines()
    orders: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for r in rows:
        orders[r["order_key"]].append(r)
    expected: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def brought(order: list[dict[str, Any]]) -> float:
        return sum(r["margin_amount"] - 2.0 for r in order if r["outcome"] != "cancelled")

    for number, order in orders.items():
        first = order[0]
        when = first["ordered_s"], number
        mine = [(o[0]["ordered_s"], n, o) for n, o in orders.items() if o[0]["customer_id"] == first["customer_id"]]
        before = sum((s, n) < when for s, n, _ in mine)
        later = sum(brought(o) for s, n, o in mine if (s, n) > when)
        late = sum(r["outcome"] in ("late", "overdue") for r in order)
        cancelled = sum(r["outcome"] == "cancelled" for r in order)
        is_open = any(r["outcome"] == "open" for r in order)
        went = "late" if late and not cancelled else "cancelled" if cancelled and not late else "well"
        if (late and cancelled) or (went == "well" and is_open):
            went = "other"
        category = min(r["category"] for r in order)
        key = first["span"], first["channel_id"], category, min(before, 3), min(len(order), 3)
        expected[key][f"orders_{went}"] += 1
        expected[key][f"later_{went}"] += later
        expected[key]["lines_late"] += late if went == "late" else 0
    table = duck.load("buying", pa.Table.from_pylist(rows))
    found = duck.run(failures.bought_afterwards(table, 1, duck.fingerprint(table.customer_id))).to_pylist()
    assert len(found) == len(expected)
    for f in found:
        e = expected[f["span"], f["channel_id"], f["category"], f["before"], f["size"]]
        for name in ("orders_well", "orders_late", "orders_cancelled", "later_well", "later_late", "lines_late"):
            assert f[name] == pytest.approx(e[name])


def test_a_sample_keeps_whole_customers(duck: DuckDBEngine) -> None:
    table = duck.load("sampling", pa.Table.from_pylist(lines()))
    hashed = duck.fingerprint(table.customer_id)
    kept = duck.run(table.filter(hashed % 3 == 0).select("customer_id").distinct()).num_rows
    found = duck.run(failures.bought_afterwards(table, 3, hashed))
    assert 5 < kept < 40
    all_of_them = duck.run(table.filter(hashed % 3 == 0).select("order_id").distinct()).num_rows
    told = sum(sum(found[f"orders_{w}"].to_pylist()) for w in ("well", "late", "cancelled"))
    assert 0.8 * all_of_them < told <= all_of_them


def test_hours_are_ours_and_count_where_the_case_began(duck: DuckDBEngine) -> None:
    at = [datetime(2025, 1, 6), datetime(2025, 1, 20), datetime(2025, 1, 7)]  # noqa: DTZ001 - naive UTC
    rows = pa.table(
        {
            "case_id": ["1", "1", "1"], "case_kind": ["claim"] * 3, "at": pa.array(at, pa.timestamp("us")),
            "party_id": ["us", None, "them"], "effort_hours": [1.0, 0.5, 9.0], "brand": ["b"] * 3, "category": ["toys"] * 3,
            "channel_id": ["site"] * 3, "region": ["north"] * 3,
        }
    )  # fmt: skip
    found = duck.run(failures.case_hours(duck.load("cases", rows), "us")).to_pylist()
    assert [(r["span"], r["hours"]) for r in found] == [(2870, 1.5)]
