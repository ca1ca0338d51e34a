"""Failures in the week they come to light, hours by case, and later custom against a slow twin."""

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
    usual = {
        category: np.mean([r["margin_amount"] - 2.0 for r in rows if (r["category"], r["outcome"] == "cancelled") == (category, False)])
        for category in ("shoes", "toys")
    }  # fmt: skip
    orders: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for r in rows:
        orders[r["order_key"]].append(r)
    expected: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    purses: dict[tuple[Any, ...], list[tuple[str, str, float]]] = defaultdict(list)

    def brought(order: list[dict[str, Any]]) -> float:
        return float(sum(usual[r["category"]] for r in order if r["outcome"] != "cancelled"))

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
        key = (
            first["span"],
            first["channel_id"],
            category,
            before if before <= 3 else 2 + int(np.log2(before)),
            min(len(order), 3),
        )
        purses[key].append((first["customer_id"], went, later))
        expected[key][f"orders_{went}"] += 1
        expected[key][f"later_{went}"] += later
        expected[key]["lines_late"] += late if went == "late" else 0
    table = duck.load("buying", pa.Table.from_pylist(rows))
    followed = failures.followed_orders(table, 1, duck.fingerprint(table.customer_id))
    found = duck.run(failures.bought_afterwards(followed)).to_pylist()
    assert len(found) == len(expected)
    for f in found:
        e = expected[f["span"], f["channel_id"], f["category"], f["before"], f["size"]]
        for name in ("orders_well", "orders_late", "orders_cancelled", "later_well", "later_late", "lines_late"):
            assert f[name] == pytest.approx(e[name])
    apart: dict[str, float] = defaultdict(float)
    for mine in purses.values():
        late, well = ([x for _, went, x in mine if went == which] for which in ("late", "well"))
        for customer, went, x in mine:
            if late and well and went in ("late", "well"):
                of = well if went == "late" else late
                away = (x - np.mean(well)) if went == "well" else -(x - np.mean(late))
                apart[customer] += away * len(of) / (len(late) + len(well))
    by_customer = duck.run(failures.apart_by_customer(followed, "late", 1 << 40))
    assert sorted(by_customer["apart"].to_pylist()) == pytest.approx(sorted(apart.values()))
    assert set(by_customer["customers"].to_pylist()) == {1}


def test_a_sample_keeps_whole_customers(duck: DuckDBEngine) -> None:
    table = duck.load("sampling", pa.Table.from_pylist(lines()))
    hashed = duck.fingerprint(table.customer_id)
    kept = duck.run(table.filter(hashed % 3 == 0).select("customer_id").distinct()).num_rows
    found = duck.run(failures.bought_afterwards(failures.followed_orders(table, 3, hashed)))
    assert 5 < kept < 40
    all_of_them = duck.run(table.filter(hashed % 3 == 0).select("order_id").distinct()).num_rows
    told = sum(sum(found[f"orders_{w}"].to_pylist()) for w in ("well", "late", "cancelled"))
    assert 0.8 * all_of_them < told <= all_of_them


def test_hours_are_of_people_and_count_where_the_case_began(duck: DuckDBEngine) -> None:
    at = [datetime(2025, 1, 6), datetime(2025, 1, 20), datetime(2025, 1, 7), datetime(2025, 1, 8)]  # noqa: DTZ001 - naive UTC
    rows = pa.table(
        {
            "case_id": ["1"] * 4, "case_kind": ["claim"] * 4, "at": pa.array(at, pa.timestamp("us")),
            "party_id": ["us", None, "them", None], "effort_hours": [1.0, 0.5, 9.0, 4.0], "actor_kind": ["person", None, None, "bot"],
            "brand": ["b"] * 4, "category": ["toys"] * 4, "channel_id": ["site"] * 4, "region": ["north"] * 4,
        }
    )  # fmt: skip
    found = duck.run(failures.case_hours(duck.load("cases", rows))).to_pylist()
    assert [(r["span"], r["hours"]) for r in found] == [(2870, 10.5)]
