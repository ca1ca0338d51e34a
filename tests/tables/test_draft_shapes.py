"""Drafting from header rows as many systems write them: one small table for each thing the drafting has to know."""

# ruff: noqa: DTZ001 - the product's times are naive UTC

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fourwalls.errors import MappingError
from fourwalls.tables.draft import Draft, draft_portfolio
from fourwalls.tables.draft.concepts import DECOYS, ORDER_LINES
from fourwalls.tables.draft.words import lemmas, words

DAYS = range(13, 25)


def draft(tmp_path: Path, name: str, header: str, rows: Sequence[str]) -> Draft:
    file = tmp_path / "data" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return draft_portfolio(tmp_path / f"out_{file.stem}", [file.parent])


def guessed(found: Draft, table: str = "order_lines") -> dict[str, str]:
    """Column of ours → column of the file."""
    return {g.column: g.source.rpartition(": ")[2] for g in found.guesses if g.table == table}


def doubt(found: Draft, column: str, table: str = "order_lines") -> str:
    return next(g.doubt or "" for g in found.guesses if (g.table, g.column) == (table, column))


def read(found: Draft, table: str, columns: str) -> list[tuple[Any, ...]]:
    (path,) = (p for p in found.files if p.name == f"{table}.sql")
    sql = path.read_text(encoding="utf-8").replace("{data}", str(found.data_folder))
    return duckdb.connect().execute(f"SELECT {columns} FROM ({sql}\n) ORDER BY ALL").fetchall()


# --- lengths of time -------------------------------------------------------------------------------------------------


def test_days_from_the_order_become_a_promise_and_a_delivery(tmp_path: Path) -> None:
    header = "Order Id,order date (DateOrders),Sku,Qty,Days for shipping (real),Days for shipment (scheduled),Days late"
    found = draft(tmp_path, "orders.csv", header, [f"{i},1/{i}/2025 22:24,S,1,{i % 3},2,1" for i in DAYS])
    # A promise in whole days counts until the end of that day; what took place keeps its hour.
    assert read(found, "order_lines", "order_id, promised_at, delivered_at")[1] == (
        "14", date(2025, 1, 16), datetime(2025, 1, 16, 22, 24),
    )  # fmt: skip
    for column in ("promised_at", "delivered_at"):
        assert "days from 'order date (DateOrders)'" in doubt(found, column)


def test_days_without_a_promise_end_with_the_hand_over(tmp_path: Path) -> None:
    header = "order_id,order_date,sku,qty,ShippingHours,transit_days,days_since_last_order,ship_day"
    found = draft(tmp_path, "orders.csv", header, [f"{i},2025-01-{i} 10:00,S,1,1.5,2,9,3" for i in DAYS])
    assert guessed(found)["handed_over_at"] == "ShippingHours"
    assert {"delivered_at", "shipped_units", "promised_at"}.isdisjoint(guessed(found))
    assert read(found, "order_lines", "handed_over_at")[0] == (datetime(2025, 1, 13, 11, 30),)


def test_transit_begins_with_the_hand_over(tmp_path: Path) -> None:
    header = "order_id,order_date,ship_date,sku,qty,transit_days"
    found = draft(tmp_path, "orders.csv", header, [f"{i},2025-01-{i} 10:00,2025-01-{i} 12:00,S,1,2" for i in DAYS])
    assert read(found, "order_lines", "delivered_at")[0] == (datetime(2025, 1, 15, 12),)


def test_a_counted_delivery_on_the_day_of_the_hand_over_is_told(tmp_path: Path) -> None:
    header = "order_id,order_date,ship_date,sku,qty,delivery_days"
    found = draft(tmp_path, "orders.csv", header, [f"{i},2025-01-{i},2025-01-{i + 2},S,1,2" for i in DAYS])
    assert "one of the two is not what it is taken for" in doubt(found, "delivered_at")
    assert "the same day" in doubt(found, "handed_over_at")


def test_a_date_of_its_own_comes_before_a_number_of_days(tmp_path: Path) -> None:
    header = "order_id,order_date,sku,qty,delivered_at,delivery_days"
    found = draft(tmp_path, "orders.csv", header, [f"{i},2025-01-{i} 10:00,S,1,2025-02-01 08:00,2" for i in DAYS])
    assert guessed(found)["delivered_at"] == "delivered_at"
    assert doubt(found, "delivered_at") == ""


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("item_nbr", ("item", "id")),
        ("PO / SO #", ("po", "order", "id")),
        ("# of units", ("quantity", "quantity")),
        ("Quantity (- Refund)", ("quantity",)),
        ("Unit Price Excl. VAT", ("price", "net")),
        ("Inventory Level", ("stock",)),
        ("N° de commande", ("id", "order")),
        ("Date d'expédition prévue", ("date", "ship", "promise")),
        ("PO Sent to Vendor Date", ("po", "create", "date")),
        ("Customer Reference", ("po",)),
        ("MySupplyChain", ("my", "chain")),
    ],
)
def test_words_that_mean_something_else_together(name: str, meant: tuple[str, ...]) -> None:
    assert lemmas(name) == meant


def test_a_number_sign_is_a_word() -> None:
    assert words("Order #") == ("order", "number")
    assert words("#Orders") == ("number", "of", "orders")


def test_a_status_or_a_parcel_number_is_no_carrier(tmp_path: Path) -> None:
    header = "Order ID,Date,Status,Courier Status,Tracking Number,ship-service-level,SKU,Qty"
    rows = [f"{i},01-{i}-25,Shipped,{'Shipped' if i % 2 else 'Unshipped'},1Z{i},Standard,S,1" for i in DAYS]
    found = draft(tmp_path, "sale_report.csv", header, rows)
    assert "carrier_id" not in guessed(found)
    # 01-24-25 proves that the month comes first.
    assert read(found, "order_lines", "min(ordered_at)") == [(datetime(2025, 1, 13),)]


def test_month_first_with_dashes_and_two_digits_is_doubted_where_nothing_proves_it(tmp_path: Path) -> None:
    found = draft(tmp_path, "orders.csv", "order_id,order_date,sku,qty", ["1,01-02-25,S,1", "2,03-04-25,S,1"])
    assert "no value tells day from month" in doubt(found, "ordered_at")


def test_a_path_before_a_name_tells_the_record_only(tmp_path: Path) -> None:
    header = "Order Reference,Order Reference/Order Date,Order Reference/Customer,Product,Quantity"
    found = draft(tmp_path, "lines.csv", header, [f"S{i},2025-01-{i} 10:00:00,C{i},P,1" for i in DAYS])
    assert guessed(found)["order_id"] == "Order Reference"
    assert guessed(found)["customer_id"] == "Order Reference/Customer"
    assert doubt(found, "ordered_at") == ""


def test_a_bare_name_that_lines_share_is_the_order(tmp_path: Path) -> None:
    header = "Name,Created at,Lineitem quantity,Lineitem sku,Lineitem price,Id"
    found = draft(tmp_path, "export.csv", header, [f"#{i // 2},2025-01-{i} 10:00:00 +0000,1,S{i},5,{i}" for i in DAYS])
    assert guessed(found)["order_id"] == "Name"
    assert "only near in name" in doubt(found, "order_id")


def test_money_is_no_quantity(tmp_path: Path) -> None:
    header = "Order ID,Purchase Date,SKU,Qty,Total Refunded,Order Subtotal,Item Cost"
    found = draft(tmp_path, "orders.csv", header, [f"{i // 2},2025-01-{i} 10:00,S{i},1,0,9.5,4.5" for i in DAYS])
    assert "returned_units" not in guessed(found)
    assert "whole order's" in doubt(found, "price_amount")
    assert "it is the price_amount" in doubt(found, "cost_amount")


def test_decoys_are_not_meanings_of_orders() -> None:
    assert {c.name for c in DECOYS}.isdisjoint(c.name for c in ORDER_LINES)


# --- orders, supply and stock told apart -----------------------------------------------------------------------------


def test_technical_names_of_orders_and_deliveries(tmp_path: Path) -> None:
    draft(tmp_path, "LIKP.csv", "VBELN,ERDAT,WADAT_IST", [f"8{i},202501{i},202501{i}" for i in DAYS])
    draft(tmp_path, "LIPS.csv", "VBELN,POSNR,MATNR,LFIMG,VGBEL,VGPOS", [f"8{i},10,M,1,1{i},10" for i in DAYS])
    draft(tmp_path, "VBAK.csv", "VBELN,ERDAT,KUNNR,VDATU", [f"1{i},202501{i},K,202502{i}" for i in DAYS])
    found = draft(tmp_path, "VBAP.csv", "VBELN,POSNR,MATNR,KWMENG", [f"1{i},10,M,1" for i in DAYS])
    assert {g.source.partition(":")[0] for g in found.guesses if g.column in ("ordered_at", "customer_id")} == {
        "VBAK.csv"
    }
    assert guessed(found)["sku_id"] == "MATNR"
    assert read(found, "order_lines", "count(*), min(ordered_at)") == [(12, datetime(2025, 1, 13))]


def test_orders_to_a_supplier_are_supply(tmp_path: Path) -> None:
    header = (
        "ID,PO / SO #,PO Sent to Vendor Date,Scheduled Delivery Date,Delivered to Client Date,Vendor,Item Description,"
        "Line Item Quantity,Manufacturing Site,Unit Price"
    )
    rows = [f"{i},P-{i},1/{i}/25,{i}-Feb-25,{i}-Feb-25,V,thing {i},20,Z,2.5" for i in DAYS]
    found = draft(tmp_path, "history.csv", header, rows)
    assert read(found, "supply_orders", "supply_order_id, placed_at, promised_at, ordered_units")[0] == (
        "P-13", datetime(2025, 1, 13), datetime(2025, 2, 13), 20.0,
    )  # fmt: skip
    assert "taken as of one" in doubt(found, "to_node_id", "supply_orders")
    assert doubt(found, "sku_id", "supply_orders")
    # Supply alone is not diagnosed, and nobody is sent there.
    assert not any("diagnose" in step for step in found.next_steps)


def test_orders_that_name_a_supplier_and_no_customer_are_doubted(tmp_path: Path) -> None:
    header = "order_id,order_date,sku,qty,Supplier"
    found = draft(tmp_path, "orders.csv", header, [f"{i},2025-01-{i} 10:00,S,1,V" for i in DAYS])
    assert "belongs in supply_orders" in doubt(found, "order_id")


def test_sales_by_day_are_stock_without_stock(tmp_path: Path) -> None:
    header = "id,date,store_nbr,item_nbr,unit_sales,onpromotion"
    found = draft(tmp_path, "train.csv", header, [f"{i},2025-01-{i},1,100,{i}.5,{i % 2 == 0}" for i in DAYS])
    assert set(guessed(found, "stock_days")) == {"sku_id", "node_id", "day", "sold_units", "is_promoted"}
    assert read(found, "stock_days", "count(*), count(*) FILTER (is_promoted)") == [(12, 6)]


def test_sales_with_fractions_may_be_money(tmp_path: Path) -> None:
    found = draft(tmp_path, "sales.csv", "date,item,sales", [f"2025-01-{i},S,{i}.99" for i in DAYS])
    assert "money" in doubt(found, "sold_units", "stock_days")
    assert "taken as of one" in doubt(found, "node_id", "stock_days")
    assert read(found, "nodes", "node_id") == [("main",)]


def test_stock_with_a_forecast_beside_it(tmp_path: Path) -> None:
    header = (
        "Date,Store ID,Product ID,Inventory Level,Units Sold,Units Ordered,Demand Forecast,Discount,Holiday/Promotion"
    )
    found = draft(tmp_path, "store.csv", header, [f"2025-01-{i},A,P,50,3,9,3.5,{i},{i % 2}" for i in DAYS])
    stock = guessed(found, "stock_days")
    assert (stock["on_hand_units"], stock["sold_units"]) == ("Inventory Level", "Units Sold")
    assert "percent" in doubt(found, "discount_share", "stock_days")
    assert "only near in name" in doubt(found, "is_promoted", "stock_days")
    assert guessed(found, "forecasts")["forecast_units"] == "Demand Forecast"
    assert "very day" in doubt(found, "period_on", "forecasts")
    # Nothing tells when it was made, so the table waits.
    assert "_forecasts.sql" in {p.name for p in found.files}


def test_a_planned_day_in_a_file_of_shipments_may_be_the_day_to_send(tmp_path: Path) -> None:
    draft(tmp_path, "sale_orders.csv", "order_id,order_date,sku,qty", [f"{i},2025-01-{i} 10:00,S,1" for i in DAYS])
    header = "Source Document,Scheduled Date,Date of Transfer,Carrier"
    found = draft(tmp_path, "picking.csv", header, [f"{i},2025-02-{i} 10:00,2025-02-{i} 12:00,X" for i in DAYS])
    assert "should be sent" in doubt(found, "promised_at")
    assert "only near in name" in doubt(found, "handed_over_at")
    assert any("a promise is told but no delivery" in u for u in found.unsure)


# --- refusals that say what is missing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        (
            "Order Reference,Planned Delivery,Actual Delivery,Carrier",
            "{i},2025-02-{i},2025-02-{i},X",
            r"Closest is order_lines: .*order_id in 'Order Reference'.*no column was found for ordered_at \(order placed",
        ),
        (
            "Tracking Number,Ship Date,Delivered Date,Carrier,Warehouse",
            "1Z{i},2025-01-{i},2025-02-{i},X,W",
            r"Closest is order_lines: .*no column was found for order_id \(the customer's order\)",
        ),
        (
            "Store,Date,Sales,Customers",
            "1,2025-01-{i},{i}5.5,9",
            r"Closest is stock_days: .*sold_units in 'Sales'.*no column was found for sku_id",
        ),
        (
            "PO_ID,Supplier,Order_Date,Delivery_Date,Quantity",
            "P{i},V,2025-01-{i},2025-02-{i},5",
            r"Closest is supply_orders: .*no column was found for sku_id",
        ),
    ],
)
def test_the_nearest_table_and_what_it_lacks(tmp_path: Path, header: str, row: str, told: str) -> None:
    with pytest.raises(MappingError, match=told):
        draft(tmp_path, "export.csv", header, [row.format(i=i) for i in DAYS])
