"""Closings, and who was turned away, by hand, in DuckDB and in Sail."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from fourwalls.engines.base import Engine
from fourwalls.evidence.closing import CLOSING_WORDS, OPENING_WORDS, REASON_WORDS
from fourwalls.figures import Period
from fourwalls.measures import turned_away as measures

START = datetime(2025, 3, 3)  # noqa: DTZ001 - times are naive UTC
SECOND = int((START - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - times are naive UTC
PERIOD = Period(START.date(), date(2025, 3, 10))
TEXTS = ("case_id", "case_kind", "activity", "brand", "category", "channel_id", "region")


def events(*rows: tuple[str, str, str, float]) -> pa.Table:
    made = [
        dict.fromkeys(TEXTS) | {"case_id": c, "case_kind": k, "activity": a, "at": START + timedelta(hours=h)}
        for c, k, a, h in rows
    ]
    return pa.Table.from_pylist(made, pa.schema([*((n, pa.string()) for n in TEXTS), ("at", pa.timestamp("us"))]))


def told(engine: Engine, table: pa.Table) -> dict[str, tuple[float, float | None]]:
    found = engine.run(measures.closings(engine.load("log", table), CLOSING_WORDS, OPENING_WORDS, PERIOD)).to_pylist()
    return {
        r["case_id"]: (
            (r["shut_s"] - SECOND) / 3600,
            None if r["open_s"] is None else (r["open_s"] - SECOND) / 3600,
        )
        for r in found
    }


@pytest.mark.parametrize(
    ("kind", "activity"),
    [("exception: day full", "close"), ("Capacity_reached", "note"), ("exception", "Stop taking orders"),
     ("pick wave", "No more slots"), ("exception", "closed for the day")],
)  # fmt: skip
def test_what_a_full_day_is_called(either: Engine, kind: str, activity: str) -> None:
    assert told(either, events(("c", kind, activity, 15.5))) == {"c": (15.5, None)}


@pytest.mark.parametrize(
    ("kind", "activity"),
    [("exception: late fulfilment", "open"), ("approval", "close"), ("status update", "carefully copied"),
     ("capacity planning report", "send report")],
)  # fmt: skip
def test_what_is_no_closing(either: Engine, kind: str, activity: str) -> None:
    assert told(either, events(("c", kind, activity, 15.5))) == {}


def test_a_case_that_ends_open_again_and_one_outside_the_period(either: Engine) -> None:
    log = events(
        ("a", "day full", "close", 10), ("a", "day full", "reopen", 13), ("b", "day full", "close", 24 * 8),
    )  # fmt: skip
    assert told(either, log) == {"a": (10.0, 13.0)}


def lines() -> pa.Table:
    rows: list[dict[str, Any]] = [
        {"ordered_s": SECOND + 60, "outcome": "on time", "ordered_units": 2.0},
        {"ordered_s": SECOND + 3000, "outcome": "late", "ordered_units": None, "node_id": None},
        {"ordered_s": SECOND + 4000, "outcome": "cancelled", "cancel_reason": "no_capacity", "ordered_units": 3.0},
        {"ordered_s": SECOND + 4000, "outcome": "cancelled", "cancel_reason": "customer", "ordered_units": 5.0},
        {"ordered_s": SECOND + 4000, "outcome": "cancelled", "cancel_reason": "day full", "promised_s": SECOND + 9,
         "cancelled_s": SECOND + 10_000, "ordered_units": 7.0},  # cancelled when late: the order flow's
    ]  # fmt: skip
    usual = {
        "brand": "own", "category": "chairs", "channel_id": None, "destination": "north", "cancel_reason": None,
        "promised_s": None, "cancelled_s": None, "margin_amount": 4.0, "value_amount": 10.0, "node_id": "dc",
    }  # fmt: skip
    numbers = ("ordered_s", "promised_s", "cancelled_s")
    floats = ("ordered_units", "margin_amount", "value_amount")
    schema = [(n, pa.int64()) for n in numbers] + [(n, pa.float64()) for n in floats]
    schema += [(n, pa.string()) for n in (*measures.AT, "outcome", "cancel_reason", "node_id")]
    return pa.Table.from_pylist([usual | row for row in rows], pa.schema(schema))


def test_orders_by_slot_where_it_closed(either: Engine) -> None:
    at = {"brand": ["own"], "category": ["chairs"], "channel_id": [measures.NOTHING], "destination": ["north"]}
    scopes = either.load("scopes", pa.table(at | {"scope": [0], "place": [7]}))
    judged = either.load("judged", lines())
    found = either.run(measures.line_slots(judged, scopes)).to_pylist()
    by_slot = {(r["node_id"], r["slot"] - SECOND // 600): (r["lines"], r["units"]) for r in found}
    assert by_slot == {("dc", 0): (1, 2.0), (measures.NOTHING, 5): (1, 1.0), ("dc", 6): (3, 15.0)}
    by_place = {
        (r["place"], r["node_id"]): r["lines"] for r in either.run(measures.line_nodes(judged, scopes)).to_pylist()
    }
    assert by_place == {(7, "dc"): 4, (7, measures.NOTHING): 1}


def test_lines_cancelled_for_capacity_before_they_were_late(either: Engine) -> None:
    found = either.run(measures.refused_lines(either.load("judged", lines()), REASON_WORDS)).to_pylist()
    assert [(r["lines"], r["units"], r["day"]) for r in found] == [(1, 3.0, SECOND // 86_400)]


def test_margin_of_a_unit_ordered_counts_the_cancelled_as_nothing(either: Engine) -> None:
    (row,) = either.run(measures.unit_margins(either.load("judged", lines()), ("category",))).to_pylist()
    assert (row["units"], row["margin"], row["value"]) == (18.0, 8.0, 20.0)


def test_visits_by_day(either: Engine) -> None:
    listings = pa.table(
        {
            "sku_id": ["a", "a", "b"], "channel_id": ["site"] * 3, "day": pa.array([START.date()] * 3, pa.date32()),
            "sessions": pa.array([10.0, 5.0, None], pa.float64()),
        }
    )  # fmt: skip
    products = pa.table({"sku_id": ["a", "b"], "brand": ["own"] * 2, "category": ["chairs"] * 2})
    at = {
        "brand": ["own"] * 2,
        "category": ["chairs"] * 2,
        "channel_id": ["site"] * 2,
        "destination": ["north", "south"],
    }
    loaded = [either.load(n, t) for n, t in (("listed", listings), ("products", products))]
    found = either.run(measures.visit_days(*loaded, either.load("scopes", pa.table(at | {"scope": [0, 0]}))))
    assert [(r["scope"], r["visits"]) for r in found.to_pylist()] == [(0, 15.0)]
    bare = {"brand": [measures.NOTHING], "category": [measures.NOTHING], "channel_id": ["site"], "destination": ["x"]}
    without = measures.visit_days(loaded[0], None, either.load("bare", pa.table(bare | {"scope": [3]})))
    assert [(r["scope"], r["visits"]) for r in either.run(without).to_pylist()] == [(3, 15.0)]
