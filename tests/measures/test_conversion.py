"""Listings by hand, in DuckDB and in Sail."""

from __future__ import annotations

from datetime import date, timedelta
from math import log
from typing import Any

import pyarrow as pa
import pytest

from fourwalls.engines.base import Engine
from fourwalls.figures import Period
from fourwalls.measures import conversion

START = date(2025, 1, 2)  # a Thursday: weeks since 1970 begin here
WEEK = 7 * 86_400
FIRST_WEEK = (START - date(1970, 1, 1)).days // 7
PERIOD = Period(START, START + timedelta(days=14))
NUMBERS = (
    "listed_share", "price_amount", "rival_price_amount", "content_share", "sessions", "orders", "media_amount",
)  # fmt: skip
LISTINGS = pa.schema(
    [("sku_id", pa.string()), ("channel_id", pa.string()), ("day", pa.date32()), *((n, pa.float64()) for n in NUMBERS)]
)


def listed(n: int, **given: float | None) -> dict[str, Any]:
    usual = {
        "listed_share": 1.0,
        "price_amount": 11.0,
        "rival_price_amount": 10.0,
        "content_share": 0.8,
        "sessions": 100.0,
    }
    row = {"sku_id": "a", "channel_id": "site", "day": START + timedelta(days=n)}
    return row | usual | {"orders": 4.0, "media_amount": 5.0} | given


ROWS = pa.Table.from_pylist(
    [
        listed(-1, orders=99.0),  # before the period
        listed(0),
        listed(1, listed_share=0.5, media_amount=9.0),
        listed(2, rival_price_amount=5.0),  # the rival gives it away for a day
        listed(3, listed_share=None, price_amount=0.0),
        listed(4, content_share=None, rival_price_amount=None),
        listed(7, orders=None),
        listed(8),
    ],
    LISTINGS,
)
PRODUCTS = pa.table({"sku_id": ["a"], "brand": ["own"], "category": ["chairs"]})
STOCK = pa.table(
    {
        "sku_id": ["a", "a", "a"],
        "node_id": ["dc", "shop", "dc"],
        "day": pa.array([START, START, START + timedelta(days=8)], pa.date32()),
        "empty_share": [1.0, 0.25, 1.0],
    }
)


@pytest.fixture
def days(either: Engine) -> list[dict[str, Any]]:
    tables = [either.load(n, t) for n, t in (("listed", ROWS), ("products", PRODUCTS), ("stock", STOCK))]
    found = either.run(conversion.listing_days(*tables, PERIOD, WEEK)).to_pylist()
    return sorted(found, key=lambda r: (r["span"], r["orders"] is None, str(r)))


def test_a_day_can_be_bought_where_it_is_listed_and_in_stock_somewhere(days: list[dict[str, Any]]) -> None:
    assert len(days) == 7
    assert sorted(r["buyable"] for r in days if r["buyable"] is not None) == [0.0, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_the_rivals_usual_price_is_the_median_whatever_a_day_brings(days: list[dict[str, Any]]) -> None:
    told = {r["dear"] for r in days if r["dear"] is not None}
    assert len([r for r in days if r["dear"] is None]) == 1
    assert {round(x, 12) for x in told} == {round(log(1.1), 12)}


def test_listings_by_week(either: Engine) -> None:
    tables = [either.load(n, t) for n, t in (("listed", ROWS), ("products", PRODUCTS))]
    by_day = conversion.listing_days(*tables, None, PERIOD, WEEK)
    first, second = sorted(either.run(conversion.listing_spans(by_day)).to_pylist(), key=lambda r: r["span"])
    assert (first["span"], second["span"]) == (FIRST_WEEK, FIRST_WEEK + 1)
    assert (first["visits"], first["orders"], first["served"]) == (500.0, 20.0, 450.0)
    assert (first["content"], first["content_on"]) == (pytest.approx(0.8 * 350), 350.0)
    assert (first["dear"], first["dear_on"]) == (pytest.approx(log(1.1) * 350), 350.0)
    assert (second["visits"], second["orders"]) == (100.0, 4.0)  # the day without orders says nothing


def test_media_on_whole_days_and_on_others(either: Engine) -> None:
    tables = [either.load(n, t) for n, t in (("listed", ROWS), ("products", PRODUCTS))]
    by_day = conversion.listing_days(*tables, None, PERIOD, WEEK)
    first, _ = sorted(either.run(conversion.media_spans(by_day)).to_pylist(), key=lambda r: r["span"])
    assert (first["whole_media"], first["whole_visits"]) == (15.0, 300.0)
    assert (first["part_media"], first["part_visits"], first["shut_days"]) == (9.0, 50.0, 0.5)


def test_without_products_listings_have_no_category(either: Engine) -> None:
    found = either.run(conversion.listing_days(either.load("listed", ROWS), None, None, PERIOD, WEEK)).to_pylist()
    assert {(r["brand"], r["category"]) for r in found} == {(None, None)}


def test_leakage_by_place(either: Engine) -> None:
    table = pa.table(
        {
            "day": pa.array([START, START, START - timedelta(days=1)], pa.date32()),
            "amount": [2.0, 3.0, 50.0],
            **{n: pa.array([None, None, None], pa.string()) for n in ("brand", "channel_id", "region")},
            "category": ["chairs", "chairs", "chairs"],
        }
    )
    (row,) = either.run(conversion.leakage_by_place(either.load("leaks", table), PERIOD)).to_pylist()
    assert (row["category"], row["amount"]) == ("chairs", 5.0)


def test_margins_leave_out_what_was_cancelled(either: Engine) -> None:
    table = pa.table(
        {
            "outcome": ["on time", "late", "cancelled", "on time"],
            "brand": ["own"] * 4, "category": ["chairs"] * 4, "channel_id": ["site"] * 4, "span": [1, 1, 1, 1],
            "value_amount": [10.0, 20.0, 40.0, 80.0],
            "margin_amount": pa.array([4.0, 8.0, 16.0, None], pa.float64()),
            "fulfilment_amount": pa.array([1.0, None, 1.0, 1.0], pa.float64()),
        }
    )  # fmt: skip
    (row,) = either.run(conversion.margins(either.load("judged", table), ("category",))).to_pylist()
    assert (row["value"], row["margin"], row["lines"]) == (30.0, 11.0, 2)
