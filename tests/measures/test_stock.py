"""What the stock tables say, by hand, in DuckDB and in Sail."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from fourwalls.engines.base import Engine
from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.engines.spark import SparkEngine
from fourwalls.figures import Period
from fourwalls.measures import stock
from fourwalls.tables.schema import (
    FORECASTS,
    LISTINGS,
    NODES,
    ORDER_LINES,
    PRODUCTS,
    STOCK_DAYS,
    SUPPLY_ORDERS,
    TableSpec,
)

START = date(2025, 3, 3)
DAY = (START - date(1970, 1, 1)).days
KINDS = {
    "text": pa.string(),
    "time": pa.timestamp("us"),
    "flag": pa.bool_(),
    "day": pa.date32(),
    "hours": pa.list_(pa.float64()),
}
NUMBERED = pa.table(
    {"sku_id": ["a", "a", "b"], "node_id": ["dc", "shop", "dc"], "shelf": pa.array([0, 1, 2], pa.int32())}
)


@pytest.fixture(scope="module", params=["duckdb", "sail"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "duckdb":
        duck = DuckDBEngine()
        yield duck
        duck.close()
        return
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    logging.getLogger("pyspark").setLevel(logging.ERROR)
    server = SparkConnectServer(port=0)
    server.start(background=True)
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
    yield SparkEngine(session)
    session.stop()
    server.stop()


def table(spec: TableSpec, *rows: dict[str, Any]) -> pa.Table:
    schema = pa.schema([(c.name, KINDS.get(c.kind, pa.float64())) for c in spec.columns])
    return pa.Table.from_pylist([dict.fromkeys(spec.names) | row for row in rows], schema)


def day(n: int) -> date:
    return START + timedelta(days=n)


def at(n: float) -> datetime:
    return datetime(START.year, START.month, START.day) + timedelta(days=n)  # noqa: DTZ001 - times are naive UTC


def stock_row(sku: str, node: str, n: int, on_hand: float | None, sold: float, **given: Any) -> dict[str, Any]:
    return {"sku_id": sku, "node_id": node, "day": day(n), "on_hand_units": on_hand, "sold_units": sold} | given


STOCK = table(
    STOCK_DAYS,
    stock_row("b", "dc", 2, 4.0, 1.0),
    stock_row("a", "shop", 0, 0.5, 0.25, is_promoted=True, discount_share=0.1, received_units=1.5),
    stock_row("a", "dc", 0, None, 2.0, empty_share=0.5),
    stock_row("a", "dc", 3, -1.0, -2.0, adjusted_units=-3.0, is_holiday=False),
)


def rows(engine: Engine, expression: Any, *by: str) -> list[dict[str, Any]]:
    return sorted(engine.run(expression).to_pylist(), key=lambda r: tuple(str(r[name]) for name in by))


def test_shelves_in_their_order_with_what_they_are_called(engine: Engine) -> None:
    products = table(PRODUCTS, {"sku_id": "a", "brand": "own", "category": "chairs"}, {"sku_id": "unsold"})
    nodes = table(NODES, {"node_id": "shop", "kind": "store", "party_id": "us", "region": "north"})
    loaded = [engine.load(n, t) for n, t in (("stock", STOCK), ("products", products), ("nodes", nodes))]
    found = engine.run(stock.shelves(*loaded)).to_pylist()
    assert [(r["sku_id"], r["node_id"]) for r in found] == [("a", "dc"), ("a", "shop"), ("b", "dc")]
    assert [(r["first_day"] - DAY, r["last_day"] - DAY, r["days"]) for r in found] == [(0, 3, 2), (0, 0, 1), (2, 2, 1)]
    assert [r["category"] for r in found] == ["chairs", "chairs", None]
    assert [(r["party_id"], r["node_kind"], r["node_region"]) for r in found] == [
        (None, None, None),
        ("us", "store", "north"),
        (None, None, None),
    ]
    bare = engine.run(stock.shelves(loaded[0], None, None)).to_pylist()
    assert all(r["brand"] is None and r["party_id"] is None for r in bare)


def test_days_outside_the_period_are_left_out(engine: Engine) -> None:
    kept = rows(engine, stock.within(engine.load("stock", STOCK), Period(day(0), day(3))), "sku_id", "node_id")
    assert [(r["sku_id"], r["node_id"], r["day"]) for r in kept] == [
        ("a", "dc", day(0)),
        ("a", "shop", day(0)),
        ("b", "dc", day(2)),
    ]


def test_the_record_of_some_shelves(engine: Engine) -> None:
    loaded, numbered = engine.load("stock", STOCK), engine.load("numbered", NUMBERED)
    found = rows(engine, stock.shelf_days(loaded, numbered, 0, 2), "shelf", "day")
    assert [(r["shelf"], r["day"] - DAY) for r in found] == [(0, 0), (0, 3), (1, 0)]
    first, second, third = found
    assert (first["on_hand"], first["sold"], first["empty"]) == (None, 2.0, 0.5)
    assert (second["on_hand"], second["sold"], second["adjusted"], second["holiday"]) == (-1.0, -2.0, -3.0, 0.0)
    assert (third["on_hand"], third["received"], third["promoted"]) == (0.5, 1.5, 1.0)
    assert third["discount"] == pytest.approx(0.1)
    assert third["holiday"] is None
    assert [r["shelf"] for r in rows(engine, stock.shelf_days(loaded, numbered, 2, 9), "shelf")] == [2]


def test_purchases_transfers_and_what_goes_to_no_shelf(engine: Engine) -> None:
    def order(name: str, sku: str, to: str, **given: Any) -> dict[str, Any]:
        base = {"supply_order_id": name, "sku_id": sku, "to_node_id": to, "placed_at": at(1.25), "ordered_units": 6.0}
        return base | given

    orders = table(
        SUPPLY_ORDERS,
        order("1", "a", "dc", supplier_id="mill", received_at=at(4), received_units=5.5),
        order("2", "a", "shop", from_node_id="dc"),
        order("3", "b", "dc", from_node_id="attic"),
        order("4", "b", "shop", supplier_id="mill"),
        order("5", "unknown", "dc", supplier_id="mill"),
    )
    found = rows(engine, stock.supplies(engine.load("orders", orders), engine.load("numbered", NUMBERED)), "shelf")
    assert [(r["shelf"], r["donor"], r["supplier_id"], r["from_node_id"]) for r in found] == [
        (0, None, "mill", None),
        (1, 0, None, "dc"),
        (2, None, None, "attic"),
    ]
    assert found[0]["placed_s"] == DAY * 86_400 + 108_000
    assert found[0]["received_s"] == (DAY + 4) * 86_400
    assert (found[0]["come"], found[1]["come"], found[1]["received_s"]) == (5.5, None, None)


def test_forecasts_as_units_a_day(engine: Engine) -> None:
    def forecast(node: str | None, days: float, units: float) -> dict[str, Any]:
        made = {"sku_id": "a", "node_id": node, "forecast_on": day(0), "period_on": day(7), "forecaster_id": "us"}
        return made | {"period_days": days, "forecast_units": units}

    rows_in = table(FORECASTS, forecast("dc", 7, 21), forecast(None, 7, 70), forecast("shop", 0, 5))
    found = engine.run(stock.forecast_rows(engine.load("forecasts", rows_in), engine.load("numbered", NUMBERED)))
    (row,) = found.to_pylist()
    assert (row["shelf"], row["units"], row["period_days"], row["whole"]) == (0, 3.0, 7, False)
    assert (row["forecast_day"] - DAY, row["period_day"] - DAY) == (0, 7)
    alone = table(FORECASTS, forecast(None, 7, 70))
    found = engine.run(stock.forecast_rows(engine.load("alone", alone), engine.load("numbered", NUMBERED)))
    assert {(r["shelf"], r["units"], r["whole"]) for r in found.to_pylist()} == {
        (n, 10.0, True)
        for n, sku in zip(NUMBERED["shelf"].to_pylist(), NUMBERED["sku_id"].to_pylist(), strict=True)
        if sku == "a"
    }


def test_whose_orders_a_shelf_serves(engine: Engine) -> None:
    def line(n: int, node: str, channel: str, **given: Any) -> dict[str, Any]:
        return {
            "order_id": str(n),
            "line_id": "1",
            "ordered_at": at(0),
            "sku_id": "a",
            "node_id": node,
            "channel_id": channel,
        } | given

    lines = table(
        ORDER_LINES,
        line(1, "dc", "site", ordered_units=3.0, price_amount=10.0, cost_amount=6.0, fulfilment_amount=1.5),
        line(2, "dc", "site", ordered_units=1.0, price_amount=20.0),
        line(3, "dc", "site", ordered_units=4.0),
        line(4, "dc", "bazaar"),
        line(5, "attic", "site", ordered_units=9.0),
    )
    loaded = engine.load("lines", lines)
    found = rows(
        engine, stock.shelf_demand_shares(loaded, ("channel_id",), engine.load("numbered", NUMBERED)), "channel_id"
    )
    bazaar, site = found
    assert (bazaar["units"], bazaar["lines"], bazaar["shelf"]) == (1.0, 1, 0), "a line without units is one unit"
    assert bazaar["value"] is None
    assert (site["units"], site["lines"]) == (8.0, 3)
    # Lines without a price say nothing about the mean price.
    assert (site["value"], site["valued_units"]) == (50.0, 4.0)
    assert (site["cost"], site["costed_units"]) == (18.0, 3.0)
    assert (site["fulfilment"], site["fulfilled_units"]) == (1.5, 3.0)


def test_days_with_a_listing(engine: Engine) -> None:
    listed = table(
        LISTINGS,
        {"sku_id": "a", "channel_id": "site", "day": day(1), "listed_share": 0.75},
        {"sku_id": "a", "channel_id": "site", "day": day(2)},
    )
    (row,) = engine.run(stock.listed_days(engine.load("listings", listed))).to_pylist()
    assert (row["sku_id"], row["channel_id"], row["day"] - DAY, row["listed"]) == ("a", "site", 1, 0.75)
