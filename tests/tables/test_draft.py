"""Drafting a portfolio from files: what is written truly runs, and what is unsure is marked."""

# ruff: noqa: DTZ001 - the product's times are naive UTC

from __future__ import annotations

import gzip
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings

from fourwalls.errors import FourwallsError, MappingError, OutputError, PortfolioError
from fourwalls.tables.draft import Draft, draft_portfolio
from fourwalls.tables.draft.columns import Column
from fourwalls.tables.draft.files import data_folder
from fourwalls.tables.draft.folder import toml_text
from fourwalls.tables.draft.numbers import number_text
from fourwalls.tables.draft.ours import is_own
from fourwalls.tables.draft.sqltext import comment, glob_safe, ident, literal, plain
from fourwalls.tables.draft.times import AMBIGUOUS, time_text
from fourwalls.tables.draft.words import _WORDS, lemmas
from fourwalls.tables.schema import TABLES

DATA = Path(__file__).parents[3] / "shared" / "data"
SQL_TYPES = {
    "text": {"VARCHAR"},
    "time": {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE"},
    "day": {"DATE"},
    "number": {"DOUBLE", "BIGINT", "INTEGER", "TINYINT", "HUGEINT"},
    "count": {"DOUBLE", "BIGINT", "INTEGER", "TINYINT", "HUGEINT"},
    "share": {"DOUBLE", "INTEGER"},
    "flag": {"BOOLEAN"},
}


# --- helpers ---------------------------------------------------------------------------------------------------------


def real(name: str) -> Path:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"public test data '{name}' is not on this machine")
    return folder


def csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


class Run:
    """A draft whose mappings are views of a DuckDB connection, each checked against its canonical table."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.texts = {p.name: p.read_text(encoding="utf-8") for p in draft.files}
        self.toml = tomllib.loads(self.texts["portfolio.toml"])["portfolio"]
        for name, text in self.texts.items():
            if name.endswith(".sql"):
                self._view(name, text)

    def _view(self, name: str, text: str) -> None:
        spec = TABLES[name.removesuffix(".sql").removeprefix("_")]
        bound = text.replace("{data}", glob_safe(str(self.draft.data_folder)).replace("'", "''"))
        (statement,) = duckdb.extract_statements(bound)
        assert str(statement.type).endswith("SELECT")
        self.connection.execute(f"CREATE TEMP TABLE {spec.name} AS {statement.query}")
        columns = dict(self.rows(f"SELECT column_name, column_type FROM (DESCRIBE {spec.name})"))
        for column, sql_type in columns.items():
            assert sql_type.replace("DECIMAL(9,2)", "DOUBLE") in SQL_TYPES[spec.column(column).kind], (
                name,
                column,
                sql_type,
            )
        assert name.startswith("_") == (not set(spec.needed) <= set(columns))
        key = [k for k in spec.key if k in columns]
        if key and not name.startswith("_"):
            twice = self.one(
                f"SELECT count(*) - count(DISTINCT ({', '.join(key)}, 1)) FROM (SELECT DISTINCT * FROM {spec.name})"
            )
            assert twice == 0, f"{name}: {twice} keys twice"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def doubt(self, table: str, column: str) -> str | None:
        (guess,) = [g for g in self.draft.guesses if (g.table, g.column) == (table, column)]
        return guess.doubt


def drafted(folder: Path, *files: Path) -> Run:
    return Run(draft_portfolio(folder, files))


# --- the public data -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return drafted(tmp_path_factory.mktemp("draft") / "olist", real("olist"))


def test_olist_needs_no_edit_to_run(olist: Run) -> None:
    assert set(olist.texts) == {
        "portfolio.toml", "order_lines.sql", "products.sql", "nodes.sql", "channels.sql", "parties.sql",
    }  # fmt: skip
    assert olist.draft.unused == ("olist_order_payments_dataset.csv",)
    assert olist.toml["start"] == date(2016, 9, 4)
    assert olist.toml["end"] == date(2018, 10, 18)
    assert olist.toml["currency"] == "BRL"
    assert olist.toml["asset"] == ["category"]


def test_olist_orders_survive_and_no_join_multiplies(olist: Run) -> None:
    # 8,365 item rows, and 775 of the 8,135 orders have none.
    assert olist.rows("SELECT count(*), count(DISTINCT order_id), count(sku_id) FROM order_lines") == [
        (8365 + 775, 8135, 8365)
    ]
    assert olist.one("SELECT round(sum(price_amount), 2) FROM order_lines") == 1_093_264.35
    assert olist.one("SELECT round(sum(fulfilment_amount), 2) FROM order_lines") == 172_288.39


def test_olist_stages_are_assigned_as_published(olist: Run) -> None:
    late, ratings = olist.rows(
        "SELECT avg(late), count(DISTINCT rating) FROM (SELECT order_id, any_value(delivered_at > promised_at)::INT AS late, "
        "any_value(rating_share) AS rating FROM order_lines WHERE delivered_at IS NOT NULL AND cancelled_at IS NULL GROUP BY 1)"
    )[0]
    assert late == pytest.approx(0.08, abs=0.001)
    assert ratings >= 5
    assert olist.rows("SELECT min(rating_share), max(rating_share) FROM order_lines") == [(0.0, 1.0)]
    assert olist.one("SELECT count(DISTINCT order_id) FROM order_lines WHERE cancelled_at IS NOT NULL") == 625 + 609
    assert olist.one("SELECT count(DISTINCT customer_id) FROM order_lines") == 8016
    assert olist.one("SELECT count(DISTINCT destination) FROM order_lines") == 27
    assert olist.one("SELECT count(*) FROM products WHERE category = 'health_beauty'") > 0


def test_olist_references_resolve(olist: Run) -> None:
    own = olist.toml["own_party_id"]
    assert olist.rows(f"SELECT kind FROM parties WHERE party_id = '{own}'") == [("own company",)]
    for column, table, key in (
        ("fulfiller_id", "parties", "party_id"),
        ("carrier_id", "parties", "party_id"),
        ("node_id", "nodes", "node_id"),
        ("channel_id", "channels", "channel_id"),
        ("sku_id", "products", "sku_id"),
    ):
        lost = olist.one(
            f"SELECT count(*) FROM order_lines WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM {table})"
        )
        assert lost == 0, column
    assert olist.one("SELECT count(*) FROM nodes WHERE party_id NOT IN (SELECT party_id FROM parties)") == 0


def test_olist_marks_what_it_is_unsure_of(olist: Run) -> None:
    for column in ("cancelled_at", "ordered_units", "channel_id", "fulfilment_amount", "promised_at", "carrier_id"):
        assert olist.doubt("order_lines", column), column
    for column in ("order_id", "ordered_at", "released_at", "handed_over_at", "delivered_at", "sku_id", "price_amount"):
        assert olist.doubt("order_lines", column) is None, column
    text = olist.texts["order_lines.sql"]
    assert text.count("UNSURE: ") == sum("order_lines." in u for u in olist.draft.unsure)
    assert "Ran on all rows: gives 9,140 rows, no order_id + line_id twice." in text
    assert "UNSURE" in olist.texts["portfolio.toml"]
    assert str(DATA) not in "".join(olist.texts.values())


def test_online_retail_is_one_file_of_lines(tmp_path: Path) -> None:
    run = drafted(tmp_path / "uci", real("uci_online_retail"))
    # 541,909 lines of which 10,624 have a quantity below zero.
    assert run.one("SELECT count(*) FROM order_lines") == 541_909 - 10_624
    assert run.toml["currency"] == "GBP"
    assert run.toml["asset"] == ["destination"]
    assert "left out" in (run.doubt("order_lines", "ordered_units") or "")
    assert run.one("SELECT count(*) FROM order_lines WHERE customer_id = ''") == 0
    # Some of its rows occur several times: they stay, and are told.
    assert any("are exact copies of another" in u for u in run.draft.unsure)


def test_freshretail_lacks_stock_and_says_so(tmp_path: Path) -> None:
    file = real("freshretailnet") / "freshretailnet_cities_3_4_6_11_13.parquet"
    run = drafted(tmp_path / "fresh", file)
    # Stock on hand unlocks the replay of supply; sales and empty hours are usable without.
    assert "ound for: on_hand_units" in run.texts["stock_days.sql"]
    rows, sold, empty = run.rows("SELECT count(*), sum(sold_units), avg(empty_share) FROM stock_days")[0]
    assert (rows, round(sold, 3)) == (934_110, 920_473.542)
    assert 0 < empty < 1
    assert run.rows("SELECT count(*), count(DISTINCT region) FROM nodes") == [(306, 5)]
    assert run.one("SELECT count(*) FROM products") == 609


def test_incidents_are_a_work_log(tmp_path: Path) -> None:
    run = drafted(tmp_path / "incidents", real("servicenow_incidents"))
    assert run.rows("SELECT count(*), count(DISTINCT case_id), count(*) FILTER (closed) FROM work_log") == [
        (141_712, 24_918, 24_985)
    ]
    # 29/2/2016 proves that the day comes first.
    assert run.one('SELECT min("at") FROM work_log') == datetime(2016, 2, 29, 1, 23)
    assert run.doubt("work_log", "at") is None
    assert run.doubt("work_log", "closed")


def test_garment_teams_are_labour_without_hours(tmp_path: Path) -> None:
    run = drafted(tmp_path / "garment", real("garment_labour"))
    text = run.texts["_labour.sql"]
    for column in ("node_id", "hours", "units"):
        assert f"TODO: {column}" in text
    assert "no_of_workers" in text
    # 1/13/2015 proves that the month comes first.
    assert run.rows("SELECT min(day), max(day) FROM labour") == [(date(2015, 1, 1), date(2015, 3, 11))]


@pytest.mark.parametrize("name", ["prop99", "geolift", "olist_marketing_funnel"])
def test_files_that_tell_no_fact_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MappingError, match="Nothing in these files looks like"):
        draft_portfolio(tmp_path / "out", [real(name)])
    assert list(tmp_path.iterdir()) == []


# --- other people's habits -------------------------------------------------------------------------------------------

GERMAN_ORDERS = (
    "\ufeffBestellnummer;Bestelldatum;Kundennummer;Status;Zahlungseingang;Versanddatum;Zustelldatum;Liefertermin;"
    "Bundesland;Versanddienstleister\n"
    "B-1;03.01.2025 09:00;K1;zugestellt;03.01.2025 10:00;04.01.2025 08:00;06.01.2025 12:00;07.01.2025;Bayern;DHL\n"
    "B-2;13.01.2025 09:30;K2;storniert;13.01.2025 10:00;;;17.01.2025;Hessen;DHL\n"
    "B-3;14.01.2025 09:30;K1;versendet;14.01.2025 10:00;15.01.2025 10:00;;18.01.2025;Bayern;Hermes\n"
)
GERMAN_LINES = (
    "\ufeffBestellnummer;Position;Artikelnummer;Menge;Einzelpreis\n"
    "B-1;1;A1;2;1.234,50\nB-1;2;A2;1;9,99\nB-3;1;A1;3;1.200,00\n"
)


def test_german_files_with_semicolons_commas_and_bom(tmp_path: Path) -> None:
    data = tmp_path / "data"
    csv(data / "Bestellungen.csv", GERMAN_ORDERS)
    csv(data / "Bestellpositionen.csv", GERMAN_LINES)
    csv(data / "Artikel.csv", "\ufeffArtikelnummer;Bezeichnung;Marke;Warengruppe\nA1;Stuhl;X;Möbel\nA2;Topf;Y;Küche\n")
    run = drafted(tmp_path / "out", data)
    lines = run.rows(
        "SELECT order_id, line_id, sku_id, ordered_units, price_amount, carrier_id, destination FROM order_lines ORDER BY 1, 2"
    )
    assert lines == [
        ("B-1", "1", "A1", 2.0, 1234.5, "DHL", "Bayern"),
        ("B-1", "2", "A2", 1.0, 9.99, "DHL", "Bayern"),
        ("B-2", "1", None, None, None, "DHL", "Hessen"),
        ("B-3", "1", "A1", 3.0, 1200.0, "Hermes", "Bayern"),
    ]
    assert run.rows(
        "SELECT ordered_at, released_at, handed_over_at, delivered_at, promised_at FROM order_lines WHERE line_id = '2'"
    ) == [
        (
            datetime(2025, 1, 3, 9), datetime(2025, 1, 3, 10), datetime(2025, 1, 4, 8), datetime(2025, 1, 6, 12),
            date(2025, 1, 7),
        )
    ]  # fmt: skip
    assert run.rows("SELECT order_id, cancelled_at FROM order_lines WHERE cancelled_at IS NOT NULL") == [
        ("B-2", datetime(2025, 1, 13, 10))
    ]
    assert run.rows("SELECT * FROM products ORDER BY 1") == [("A1", "X", "Möbel"), ("A2", "Y", "Küche")]
    assert {r[0] for r in run.rows("SELECT party_id FROM parties")} == {"own", "DHL", "Hermes"}


def test_a_shop_export_that_tells_orders_on_their_first_line_only(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders_export.csv",
        "Name,Email,Paid at,Fulfillment Status,Fulfilled at,Currency,Shipping,Created at,Lineitem quantity,"
        "Lineitem price,Lineitem sku,Shipping Province,Id\n"
        "#1,a@x.io,2025-01-03 09:03:00 +0100,fulfilled,2025-01-04 09:00:00 +0100,USD,6.00,2025-01-03 09:00:00 +0100,1,5.00,S1,NY,7001\n"
        "#1,a@x.io,,,,,,2025-01-03 09:00:00 +0100,2,7.00,S2,,\n"
        "#2,b@x.io,2025-01-13 09:03:00 +0100,,,USD,4.00,2025-01-13 09:00:00 +0100,1,5.00,S1,CA,7002\n",
    )
    run = drafted(tmp_path / "out", tmp_path / "orders_export.csv")
    assert run.toml["currency"] == "USD"
    assert run.rows(
        "SELECT order_id, line_id, sku_id, fulfilment_amount, destination, released_at = TIMESTAMPTZ '2025-01-03 08:03:00+00' "
        "FROM order_lines ORDER BY 1, 2"
    ) == [("#1", "1", "S1", 3.0, "NY", True), ("#1", "2", "S2", 3.0, "NY", True), ("#2", "1", "S1", 4.0, "CA", False)]


def test_orders_are_joined_by_the_key_whose_values_are_the_lines(tmp_path: Path) -> None:
    orders = "entity_id,increment_id,created_at,status\n" + "".join(
        f"{i},10000{i},2025-01-{i:02} 10:00:00,{'canceled' if i == 3 else 'complete'}\n" for i in range(1, 10)
    )
    items = "item_id,order_id,sku,qty_ordered,price,row_total\n" + "".join(
        f"{i},{1 + i % 9},S{i},2,3.5,7\n" for i in range(20)
    )
    shipments = "entity_id,order_id,created_at,carrier_code\n" + "".join(
        f"{90 + i},{i},2025-01-{i + day:02} 12:00:00,ups\n" for i in range(1, 9) for day in (1, 2)
    )
    csv(tmp_path / "sales_order.csv", orders)
    csv(tmp_path / "sales_order_item.csv", items)
    csv(tmp_path / "sales_shipment.csv", shipments)
    run = drafted(tmp_path / "out", tmp_path)
    assert run.one("SELECT count(*) FROM order_lines") == 20
    assert "increment_id" in (run.doubt("order_lines", "order_id") or "")
    # Two parcels per order: the later counts, and neither doubles a line.
    assert run.rows("SELECT DISTINCT handed_over_at, carrier_id FROM order_lines WHERE order_id = '1'") == [
        (datetime(2025, 1, 3, 12), "ups")
    ]


def test_a_warehouse_with_everything(tmp_path: Path) -> None:
    days = [f"2025-02-{d:02}" for d in range(1, 15)]
    files = {
        "purchase_orders.csv": "PO Number,Item,Vendor,Receiving Warehouse,Order Date,Requested Delivery Date,"
        "Goods Receipt Date,Order Qty,Received Qty,Unit Cost\n"
        + "".join(f"PO{i},S{i % 3},V{i % 2},WH1,{d},2025-03-01,2025-03-02,10,9,3.2\n" for i, d in enumerate(days)),
        "inventory_daily.csv": "SKU,Warehouse,Date,On Hand Qty,Sold Qty,Received Qty\n"
        + "".join(f"S{s},WH1,{d},5,1,0\n" for s in range(3) for d in days),
        "demand_forecast.csv": "sku,warehouse,created_on,week,forecast_qty\n"
        + "".join(f"S{s},WH1,2025-01-15,{w},7\n" for s in range(3) for w in ("2025-02-03", "2025-02-10", "2025-02-17")),
        "warehouses.csv": "Warehouse,Type,Operator,Country\nWH1,3PL site,Arvato,Poland\n",
        "vendors.csv": "Vendor,Vendor Name\nV0,Null & Sons\nV1,O'Brien\n",
        "labor_hours.csv": "warehouse,process,work_date,labor_hours,units_handled,labor_cost\n"
        + "".join(f"WH1,picking,{d},8,100,160\n" for d in days),
        "chargebacks.csv": "date,reason_code,carrier,amount\n" + "".join(f"{d},late,UPS,12.5\n" for d in days),
        "tickets.csv": "ticket_id,ticket_type,event,event_time,agent,system,handling_minutes\n"
        + "".join(
            f"{i},WISMO,{e},{d}T10:00:00Z,ann,Desk,6\n" for i, d in enumerate(days) for e in ("opened", "closed")
        ),
        "edi_feed_log.csv": "feed_name,source_system,target_system,due_at,received_at,rows,rejected_rows\n"
        + "".join(f"orders,SAP,WMS,{d} 06:00,{d} 06:20,100,1\n" for d in days),
        "listing_daily.csv": "sku,channel,date,our_price,competitor_price,sessions,orders,ad_spend\n"
        + "".join(f"S{s},web,{d},9.9,9.5,100,3,4.2\n" for s in range(3) for d in days),
    }
    for name, text in files.items():
        csv(tmp_path / "erp" / name, text)
    run = drafted(tmp_path / "out", tmp_path / "erp")
    assert set(run.texts) == {
        "portfolio.toml", "supply_orders.sql", "stock_days.sql", "forecasts.sql", "nodes.sql", "labour.sql", "leakage.sql",
        "work_log.sql", "feeds.sql", "listings.sql", "parties.sql", "channels.sql",
    }  # fmt: skip
    assert run.rows("SELECT DISTINCT period_days FROM forecasts") == [(7,)]
    assert run.rows("SELECT sum(effort_hours), count(*) FILTER (closed) FROM work_log") == [(pytest.approx(2.8), 14)]
    assert run.rows("SELECT * FROM nodes") == [("WH1", "3PL site", "Arvato", "Poland")]
    assert run.rows("SELECT party_id, kind, name FROM parties ORDER BY 1") == [
        ("Arvato", "3PL", "Arvato"), ("UPS", "partner", "UPS"), ("V0", "supplier", "Null & Sons"),
        ("V1", "supplier", "O'Brien"), ("own", "own company", "out"),
    ]  # fmt: skip
    assert not run.draft.unused


def test_a_delivery_date_that_is_always_there_is_a_promise(tmp_path: Path) -> None:
    rows = "".join(
        f"{i};{i:02}.03.2025 10:00;{'' if i % 2 else f'{i + 1:02}.03.2025 09:00'};{i + 3:02}.03.2025\n"
        for i in range(1, 25)
    )
    csv(tmp_path / "auftraege.csv", "Auftragsnummer;Auftragsdatum;Versanddatum;Lieferdatum\n" + rows)
    run = drafted(tmp_path / "out", tmp_path / "auftraege.csv")
    assert "promise" in (run.doubt("order_lines", "promised_at") or "")
    assert "delivered_at" not in {g.column for g in run.draft.guesses}


def test_times_that_run_backwards_are_told(tmp_path: Path) -> None:
    rows = "".join(f"{i},2025-03-{i + 2:02} 10:00:00,2025-03-{i:02} 10:00:00\n" for i in range(1, 25))
    csv(tmp_path / "orders.csv", "order_id,order_date,ship_date\n" + rows)
    run = drafted(tmp_path / "out", tmp_path / "orders.csv")
    assert "before ordered_at in 100% of rows" in (run.doubt("order_lines", "handed_over_at") or "")


def test_repeated_orders_are_kept_once(tmp_path: Path) -> None:
    rows = [f"{i},2025-03-01 10:00:00,DE" for i in range(100)]
    csv(tmp_path / "orders.csv", "\n".join(["order_id,ordered_at,country", *rows, "7,2025-03-02 10:00:00,FR"]))
    csv(tmp_path / "order_items.csv", "order_id,item_no,sku,qty\n" + "".join(f"{i},1,S,1\n" for i in range(100)))
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT count(*), max(destination) FROM order_lines") == [(100, "DE")]
    assert any("not unique" in u for u in run.draft.unsure)


@pytest.mark.parametrize("items", [0, 1, 3])
@pytest.mark.parametrize("reviews", [0, 2])
@pytest.mark.parametrize("parcels", [1, 2])
def test_no_join_multiplies_lines(tmp_path: Path, items: int, reviews: int, parcels: int) -> None:
    orders = range(1, 13)
    csv(tmp_path / "orders.csv", "order_id,ordered_at\n" + "".join(f"o{i},2025-03-{i:02} 10:00\n" for i in orders))
    csv(tmp_path / "order_lines.csv", "order_id,line_no,sku,qty\n" + "".join(
        f"o{i},{k},S{k},1\n" for i in orders for k in range(items if i % 2 else 2)
    ))  # fmt: skip
    csv(tmp_path / "reviews.csv", "order_id,score\n" + "".join(
        f"o{i},{1 + (i + k) % 5}\n" for i in orders for k in range(reviews if i % 3 else 1)
    ))  # fmt: skip
    csv(tmp_path / "shipments.csv", "order_id,ship_date,carrier\n" + "".join(
        f"o{i},2025-03-{i + k:02} 12:00,c{k}\n" for i in orders for k in range(1, 1 + parcels)
    ))  # fmt: skip
    run = drafted(tmp_path / "out", tmp_path)
    expected = sum(max(1, items if i % 2 else 2) for i in orders)
    assert run.rows("SELECT count(*), count(DISTINCT order_id) FROM order_lines") == [(expected, 12)]


def test_returns_customers_and_files_that_tell_nothing_new(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,customer_id,shipping_cost,store\n1,2025-01-01 10:00,c1,6,s1\n2,2025-01-13 11:00,c2,4,s2\n",
    )
    csv(tmp_path / "order_items.csv", "order_id,line_no,sku,qty,line_total\n1,1,S,2,8\n1,2,T,1,5\n2,1,S,1,4\n")
    csv(tmp_path / "returns.csv", "order_id,line_no,returned_qty,return_reason\n1,2,1,torn\n")
    csv(tmp_path / "payments.csv", "order_id,payment_date\n1,2025-01-01 10:05\n2,2025-01-13 11:05\n")
    csv(tmp_path / "order_notes.csv", "order_id,note_text\n1,hello\n")
    csv(tmp_path / "customers.csv", "customer_id,country\nc1,Germany\nc2,France\n")
    csv(
        tmp_path / "products.csv",
        "sku,category,launch_date\nS,k,2024-01-01\nT,k,2024-02-01\nT,k2,2024-02-01\n"
        + "".join(f"U{i},k,\n" for i in range(99)),
    )
    csv(tmp_path / "categories.csv", "category,title\nk,Kitchen\nk2,Garden\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows(
        "SELECT order_id, line_id, price_amount, returned_units, return_reason, fulfilment_amount, destination, node_id, "
        "released_at::VARCHAR FROM order_lines ORDER BY 1, 2"
    ) == [
        ("1", "1", 4.0, None, None, 3.0, "Germany", "s1", "2025-01-01 10:05:00"),
        ("1", "2", 5.0, 1.0, "torn", 3.0, "Germany", "s1", "2025-01-01 10:05:00"),
        ("2", "1", 4.0, None, None, 4.0, "France", "s2", "2025-01-13 11:05:00"),
    ]
    assert run.rows("SELECT category FROM products WHERE sku_id = 'S'") == [("Kitchen",)]
    assert any("a sku occurs more than once" in u for u in run.draft.unsure)
    assert run.draft.unused == ("order_notes.csv",)


def test_several_further_files_of_one_kind(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", "order_id,order_date\n1,2025-01-01 10:00\n2,2025-01-13 11:00\n")
    csv(tmp_path / "dispatches.csv", "order_id,ship_date,carrier\n1,2025-01-02 10:00,c\n2,2025-01-14 10:00,c\n")
    csv(tmp_path / "deliveries.csv", "order_id,delivery_date\n1,2025-01-03 10:00\n2,2025-01-15 10:00\n")
    csv(tmp_path / "refunds.csv", "order_id,refund_qty\n1,1\n")
    csv(tmp_path / "return_reasons.csv", "order_id,return_reason\n1,torn\n")
    csv(tmp_path / "stars.csv", "order_id,stars\n1,5\n2,1\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows(
        "SELECT handed_over_at, delivered_at, returned_units, return_reason, rating_share FROM order_lines WHERE order_id = '1'"
    ) == [(datetime(2025, 1, 2, 10), datetime(2025, 1, 3, 10), 1.0, "torn", 1.0)]
    assert not run.draft.unused


def test_returns_of_whole_orders_are_not_shared_out(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", "order_id,order_date\n1,2025-01-01 10:00\n2,2025-01-13 11:00\n")
    csv(tmp_path / "order_items.csv", "order_id,line_no,sku,qty\n1,1,S,2\n1,2,T,1\n2,1,S,1\n")
    csv(tmp_path / "returns.csv", "order_id,returned_qty\n1,2\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.draft.unused == ("returns.csv",)


def test_orders_without_lines_are_one_line_each(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,due_date,rating,carrier\n1,2025-01-01 10:00,2025-01-04,10,c\n2,2025-01-13 11:00,2025-01-14,0,c\n",
    )
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT line_id, rating_share FROM order_lines ORDER BY order_id") == [("1", 1.0), ("1", 0.0)]
    assert "from 0 to 10" in (run.doubt("order_lines", "rating_share") or "")


@pytest.mark.parametrize(
    ("scores", "shares"),
    [
        ("1,5", [0.0, 1.0]),
        ("1,1", [0.0, 0.0]),
        ("1,10", [0.0, 1.0]),
        ("0,0.5", [0.0, 0.5]),
        ("0,4", [0.0, 0.8]),
        ("0,50", [0.0, 0.5]),
    ],
)
def test_scales_of_ratings(tmp_path: Path, scores: str, shares: list[float]) -> None:
    low, high = scores.split(",")
    csv(
        tmp_path / "orders.csv",
        f"order_id,order_date,review_score\n1,2025-01-01 10:00,{low}\n2,2025-01-13 11:00,{high}\n",
    )
    run = drafted(tmp_path / "out", tmp_path)
    assert [r[0] for r in run.rows("SELECT rating_share FROM order_lines ORDER BY order_id")] == shares


def test_assets_are_as_fine_as_the_record_allows(tmp_path: Path) -> None:
    rows = "".join(f"{i},2025-01-{1 + i % 28:02} 10:00,S{i % 2},{'DE' if i % 3 else 'FR'}\n" for i in range(200))
    csv(tmp_path / "orders.csv", "order_id,order_date,sku,country\n" + rows)
    csv(tmp_path / "products.csv", "sku,category\nS0,k\nS1,k2\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.toml["asset"] == ["category", "destination"]
    assert (run.toml["start"], run.toml["end"]) == (date(2025, 1, 1), date(2025, 1, 29))
    assert run.toml["currency"] == "EUR"


def test_lines_of_other_orders_are_not_joined(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv", "order_id,order_date\n" + "".join(f"a{i},2025-01-{i:02} 10:00\n" for i in range(1, 20))
    )
    csv(tmp_path / "order_items.csv", "order_id,line_no,sku,qty\n" + "".join(f"b{i},1,S,1\n" for i in range(1, 20)))
    run = drafted(tmp_path / "out", tmp_path)
    assert (
        run.one("SELECT count(sku_id) FROM order_lines") == 0
        if "sku_id" in run.texts["order_lines.sql"].split("FROM")[0]
        else True
    )
    assert run.draft.unused == ("order_items.csv",)


def test_customers_of_many_orders_and_totals_without_quantities(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,customer_id,ship_date\n1,2025-01-01 10:00,c1,2025-01-02 10:00\n2,2025-01-13 11:00,c1,2025-01-14 10:00\n",
    )
    csv(tmp_path / "order_items.csv", "order_id,line_no,sku,line_total\n1,1,S,8\n1,2,T,5\n2,1,S,4\n")
    csv(tmp_path / "customers.csv", "customer_id,customer_unique_id,state\nc1,p1,NY\nc2,p2,CA\n")
    csv(
        tmp_path / "shipments.csv",
        "order_id,created_at,ship_date,location\n1,2025-01-01 12:00,2025-01-02 10:00,x\n2,2025-01-13 12:00,2025-01-14 10:00,x\n",
    )
    csv(tmp_path / "parts.csv", "sku,brand\nS,b\nT,b\n")
    csv(tmp_path / "colours.csv", "sku,brand,category\nQ,b,k\nR,b,k\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT customer_id, price_amount, node_id FROM order_lines ORDER BY order_id, line_id") == [
        ("c1", 8.0, "x"), ("c1", 5.0, "x"), ("c1", 4.0, "x"),
    ]  # fmt: skip
    assert "price of one unit" in (run.doubt("order_lines", "price_amount") or "")
    assert run.rows("SELECT kind FROM nodes") == [("own DC",)]
    # The brands of other skus than those sold are not ours to show.
    assert run.rows("SELECT sku_id FROM products ORDER BY 1") == [("S",), ("T",)]


def test_flags_of_events(tmp_path: Path) -> None:
    csv(
        tmp_path / "tickets.csv",
        "ticket_id,event,time,closed,minutes_spent\n1,open,2025-01-13 10:00,0,-5\n1,done,2025-01-13 11:00,1,6\n",
    )
    run = drafted(tmp_path / "csv", tmp_path / "tickets.csv")
    assert run.rows("SELECT closed FROM work_log ORDER BY 1") == [(False,), (True,)]
    assert "below 0" in (run.doubt("work_log", "effort_hours") or "")
    table = pa.table({"ticket_id": ["1"], "event": ["open"], "time": [datetime(2025, 1, 13)], "closed": [True]})
    pq.write_table(table, tmp_path / "tickets.parquet")
    assert drafted(tmp_path / "parquet", tmp_path / "tickets.parquet").rows("SELECT closed FROM work_log") == [(True,)]


def test_lines_without_a_time_wait_for_one(tmp_path: Path) -> None:
    csv(tmp_path / "order_items.csv", "order_id,line_no,sku,qty,amount\n1,1,S,2,3\n1,2,T,1,4\n2,1,S,1,5\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert "TODO: ordered_at" in run.texts["_order_lines.sql"]
    assert "start" not in run.toml


def test_times_whose_names_are_weak_change_places_if_they_run_backwards(tmp_path: Path) -> None:
    rows = "".join(
        f"{i},2025-03-01 10:00:00,2025-03-{i + 4:02} 10:00:00,2025-03-{i + 2:02} 10:00:00\n" for i in range(1, 20)
    )
    csv(tmp_path / "orders.csv", "order_id,order_date,pickup_xy_date,arrived_zz_date\n" + rows)
    run = drafted(tmp_path / "out", tmp_path)
    assert "changed places" in (run.doubt("order_lines", "delivered_at") or "")
    assert run.one("SELECT count(*) FROM order_lines WHERE delivered_at < handed_over_at") == 0


def test_what_parquet_already_knows(tmp_path: Path) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "COPY (SELECT i::DOUBLE AS order_no, uuid() AS customer_id, 20250100 + i::INTEGER AS order_date, "
        "(1735689600 + 86400 * i)::BIGINT AS ship_timestamp, (1735689600000 + 86400000 * i)::BIGINT AS delivered_at, "
        "DATE '2025-02-01' AS due_date, ['x', 'y'][1 + i % 2]::ENUM('x', 'y') AS carrier, {'a': 1} AS nested, "
        "TIMESTAMPTZ '2025-01-01 00:00:00+00' AS payment_time, (2.5)::DECIMAL(9, 2) AS price, i AS sku, TRUE AS gift, 20259900 + i AS other_no "
        f"FROM range(1, 20) t(i)) TO '{tmp_path / 'orders.parquet'}'"
    )
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows(
        "SELECT order_id, ordered_at, handed_over_at, delivered_at, promised_at, carrier_id, price_amount "
        "FROM order_lines WHERE order_id = '3'"
    ) == [("3", datetime(2025, 1, 3), datetime(2025, 1, 4), datetime(2025, 1, 4), date(2025, 2, 1), "y", 2.5)]
    assert "seconds since 1970" in (run.doubt("order_lines", "handed_over_at") or "")
    assert any("some times carry a time zone" in u for u in run.draft.unsure)


def test_rows_beyond_those_looked_at_can_stop_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fourwalls.tables.draft.profile.ROWS_LOOKED_AT", 5)
    rows = "".join(f"{i},2025-01-{i + 1:02} 10:00:00,S,1\n" for i in range(9))
    csv(tmp_path / "orders.csv", "order_id,order_date,sku,qty\n" + rows + "9,2025-01-10 10:00:00,S,many\n")
    draft = draft_portfolio(tmp_path / "out", [tmp_path / "orders.csv"])
    assert "_order_lines.sql" in {p.name for p in draft.files}
    assert any("does not run on all rows" in u and "many" in u for u in draft.unsure)
    assert str(tmp_path) not in "".join(p.read_text(encoding="utf-8") for p in draft.files)


def test_a_mapping_without_rows_waits(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", "order_id,order_date,sku,qty\n1,2025-01-13 10:00,S,-1\n2,2025-01-14 10:00,S,0\n")
    draft = draft_portfolio(tmp_path / "out", [tmp_path / "orders.csv"])
    assert any("it gives no rows" in u for u in draft.unsure)


def test_repeated_keys_and_missing_values_are_counted(tmp_path: Path) -> None:
    csv(
        tmp_path / "stock.csv",
        "sku,store,date,stock,sales,oos hours,open hours closed\nS,a,2025-01-13,5,1,6,x\nS,a,2025-01-13,4,1,24,x\nT,b,2025-01-14,3,,0,x\n",
    )
    draft = draft_portfolio(tmp_path / "out", [tmp_path / "stock.csv"])
    assert any("1 of 3 rows repeat the sku_id + node_id + day" in u for u in draft.unsure)
    assert any("1 rows have no sold_units" in u for u in draft.unsure)
    (guess,) = [g for g in draft.guesses if g.column == "empty_share"]
    assert "divided by 24" in (guess.doubt or "")


@pytest.mark.parametrize(
    ("values", "said"),
    [("true,false", None), ("0,1", None), ("0,100", "percent"), ("0,900", "no share")],
)
def test_scales_of_shares(tmp_path: Path, values: str, said: str | None) -> None:
    one, two = values.split(",")
    csv(tmp_path / "listings.csv", f"sku,date,listed,sessions\nS,2025-01-13,{one},5\nT,2025-01-14,{two},6\n")
    run = drafted(tmp_path / "out", tmp_path)
    doubt = run.doubt("listings", "listed_share")
    assert (said in doubt) if said and doubt else doubt is said
    assert run.rows("SELECT DISTINCT channel_id FROM listings") == [("main",)]


def test_facts_that_name_the_same_places(tmp_path: Path) -> None:
    csv(
        tmp_path / "stock_daily.csv",
        "sku,warehouse,date,on_hand,sold,country\nS,W1,2025-01-13,5,1,DE\nS,W2,2025-01-13,5,1,FR\n",
    )
    csv(
        tmp_path / "transfer_orders.csv",
        "transfer_id,sku,from_warehouse,to_warehouse,order_date,received_date,qty\nt1,S,W1,W3,2025-01-13,2025-01-14,5\nt2,S,,W2,2025-01-13,2025-01-14,5\n",
    )
    csv(tmp_path / "locations.csv", "id,colour\nW9,red\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT node_id FROM nodes ORDER BY 1") == [("W1",), ("W2",), ("W3",)]
    assert run.rows("SELECT from_node_id FROM supply_orders ORDER BY 1 NULLS LAST") == [("W1",), (None,)]


def test_channels_nodes_and_sellers_of_their_own(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,channel,merchant,sku,qty,warehouse\n1,2025-01-13 10:00,web,m1,S,1,W1\n2,2025-01-14 10:00,ebay,m2,S,1,W1\n",
    )
    csv(tmp_path / "channels.csv", "channel,type,partner\nweb,DTC site,own\nebay,marketplace,eBay\n")
    csv(tmp_path / "warehouses.csv", "warehouse,city\nW1,Rome\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT * FROM channels ORDER BY 1") == [
        ("ebay", "marketplace", "eBay"),
        ("web", "DTC site", "own"),
    ]
    assert run.rows("SELECT * FROM nodes") == [("W1", "own DC", "own", "Rome")]
    assert {r[0] for r in run.rows("SELECT party_id FROM parties")} >= {"own", "m1", "m2"}


def test_sellers_without_a_file_are_places_too(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,seller,sku,qty,department\n1,2025-01-13 10:00,m1,S,1,k\n2,2025-01-14 10:00,m1,S,1,k2\n",
    )
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT node_id, party_id FROM nodes") == [("m1", "m1")]
    assert "differs between rows" in (run.doubt("products", "category") or "")


def test_offers_and_forecasts_and_events_without_a_name(tmp_path: Path) -> None:
    csv(
        tmp_path / "partner_offers.csv",
        "partner,service,region,capacity_per_day,unit_price,onboarding_cost,ramp_days\nArvato,storage,EU,500,1.2,1000,30\n",
    )
    csv(tmp_path / "forecast.csv", "sku,period_start,forecast\nS,2025-01-13,5\n")
    csv(
        tmp_path / "events.csv",
        "case_id,activity,timestamp,resource\nc1,open,2025-01-13 10:00,ann\nc1,wait,2025-01-13 11:00,ann\n",
    )
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows("SELECT party_id, capacity_units_per_day, ramp_days FROM offers") == [("Arvato", 500.0, 30.0)]
    assert "TODO: forecast_on" in run.texts["_forecasts.sql"]
    assert run.rows("SELECT DISTINCT case_kind FROM work_log") == [("case",)]


# --- which party is us, doubled exports, split shipments -----------------------------------------------------------

SHOP_ORDERS = "order_id,order_date,warehouse,sku,qty\n" + "".join(
    f"{i},2025-01-{i:02} 10:00,{w},S,1\n" for i, w in enumerate(("B1", "P1", "B2", "P2", "B1"), 11)
)
SITES = {"B1": "Own DC", "B2": "Own DC", "P1": "3PL", "P2": "Dropship supplier"}


def sited(tmp_path: Path, header: str, *rows: str) -> Run:
    csv(tmp_path / "data" / "orders.csv", SHOP_ORDERS)
    csv(tmp_path / "data" / "warehouses.csv", "\n".join((header, *rows)) + "\n")
    run = drafted(tmp_path / "out", tmp_path / "data")
    assert run.draft.unsure[0].startswith("portfolio.toml own_party_id: which party is us?")
    assert run.rows(f"SELECT kind FROM parties WHERE party_id = '{run.toml['own_party_id']}'") == [("own company",)]
    assert run.one("SELECT count(*) FROM nodes WHERE party_id NOT IN (SELECT party_id FROM parties)") == 0
    return run


def test_who_operates_our_own_sites_is_us(tmp_path: Path) -> None:
    operators = {"B1": "OurShop", "B2": "OurShop", "P1": "FastFul GmbH", "P2": "Maker"}
    run = sited(tmp_path, "Warehouse,Type,Operator", *(f"{w},{kind},{operators[w]}" for w, kind in SITES.items()))
    assert run.toml["own_party_id"] == "OurShop"
    assert "'OurShop'" in run.draft.unsure[0]
    assert dict(run.rows("SELECT node_id, party_id FROM nodes")) == operators
    assert run.rows("SELECT * FROM parties ORDER BY 1") == [
        ("FastFul GmbH", "3PL", "FastFul GmbH"), ("Maker", "supplier", "Maker"), ("OurShop", "own company", "OurShop"),
    ]  # fmt: skip
    assert not any("no column tells what kind of party" in u for u in run.draft.unsure)
    assert run.rows("SELECT DISTINCT party_id FROM channels") == [("OurShop",)]


def test_several_operators_of_our_own_sites_are_asked_about(tmp_path: Path) -> None:
    operators = {"B1": "Shop DE", "B2": "Shop UK", "P1": "FastFul", "P2": ""}
    run = sited(tmp_path, "Warehouse,Type,Operator", *(f"{w},{kind},{operators[w]}" for w, kind in SITES.items()))
    assert run.toml["own_party_id"] == "own"
    assert "'Shop DE', 'Shop UK'" in run.draft.unsure[0]
    assert "several run our own sites" in (run.doubt("nodes", "party_id") or "")
    parties = {"B1": "own", "B2": "own", "P1": "FastFul", "P2": "P2"}
    assert dict(run.rows("SELECT node_id, party_id FROM nodes")) == parties
    assert {r[0] for r in run.rows("SELECT party_id FROM parties")} == {"own", "FastFul", "P2"}


def test_an_empty_operator_of_an_own_site_is_us(tmp_path: Path) -> None:
    run = sited(tmp_path, "Warehouse,Type,Operator", "B1,own,OurShop", "B2,store,", "P1,3PL,F", "P2,store,Franchisee")
    assert dict(run.rows("SELECT node_id, party_id FROM nodes")) == {
        "B1": "OurShop", "B2": "OurShop", "P1": "F", "P2": "Franchisee",
    }  # fmt: skip
    assert "'Franchisee' run sites of" in (run.doubt("nodes", "party_id") or "")
    bare = sited(tmp_path / "bare", "Warehouse,Type,Operator", "B1,own,", "B2,own,", "P1,3PL,F", "P2,3PL,G")
    assert dict(bare.rows("SELECT node_id, party_id FROM nodes")) == {"B1": "own", "B2": "own", "P1": "F", "P2": "G"}


def test_sites_whose_operator_no_column_names(tmp_path: Path) -> None:
    run = sited(tmp_path, "Lager;Typ", "B1;Eigenes Lager", "B2;Filiale", "P1;Logistik-Dienstleister", "P2;Halle")
    assert dict(run.rows("SELECT node_id, party_id FROM nodes")) == {"B1": "own", "B2": "own", "P1": "P1", "P2": "own"}
    assert run.rows("SELECT party_id, kind FROM parties ORDER BY 1") == [("P1", "3PL"), ("own", "own company")]
    doubt = run.doubt("nodes", "party_id") or ""
    assert "'Logistik-Dienstleister' is a party of its own" in doubt
    assert "'Halle' do not tell" in doubt


def test_operators_of_sites_of_no_kind_are_asked_about(tmp_path: Path) -> None:
    run = sited(tmp_path, "Lager,Betreiber", "B1,OurShop", "B2,OurShop", "P1,FastFul", "P2,FastFul")
    assert run.toml["own_party_id"] == "own"
    assert "'FastFul', 'OurShop'" in run.draft.unsure[0]


def test_operators_of_sites_of_an_unknown_kind_are_told(tmp_path: Path) -> None:
    run = sited(tmp_path, "Warehouse,Type,Operator", "B1,Own DC,Us", "B2,Hub,X", "P1,3PL,Y", "P2,3PL,")
    assert dict(run.rows("SELECT node_id, party_id FROM nodes")) == {"B1": "Us", "B2": "X", "P1": "Y", "P2": "P2"}
    assert run.doubt("parties", "kind") or any("'Hub' do not tell what kind" in u for u in run.draft.unsure)
    none = sited(tmp_path / "none", "Warehouse,Type,Operator", "B1,3PL,Us", "B2,3PL,X", "P1,3PL,Y", "P2,3PL,")
    assert none.rows("SELECT party_id FROM nodes ORDER BY node_id") == [("Us",), ("X",), ("Y",), ("P2",)]


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        *((k, True) for k in ("own", "Own DC", "OwnDC", "OWN", "Eigenlager", "eigenes Lager", "in-house", "Almacén propio")),
        *((k, True) for k in ("intern", "Company", "Store", "Filiale", "company-owned")),
        *((k, False) for k in ("3PL", "3-PL", "3pl site", "Logistik-Dienstleister", "Partner store", "external")),
        *((k, False) for k in ("Dropship", "Supplier", "Fremdlager", "not owned", "third party", "Franchise store")),
        *((k, None) for k in ("DC", "international", "own 3PL", "logistics company", "")),
    ],
)  # fmt: skip
def test_words_for_whose_a_site_is(kind: str, own: bool | None) -> None:
    assert is_own(kind) is own


LINES = (
    "order_id,order_date,sku,qty,note\n1,2025-01-13 10:00,S,1,a\n1,2025-01-13 10:00,S,1,b\n2,2025-01-14 10:00,T,1,c\n"
)


def test_a_doubled_export_keeps_its_line_numbers(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", LINES + LINES.split("\n", 1)[1])
    run = drafted(tmp_path / "out", tmp_path / "orders.csv")
    # Rows that differ in any column are lines of their own; copies stay copies, for intake to set aside.
    assert run.rows("SELECT order_id, line_id, count(*) FROM order_lines GROUP BY ALL ORDER BY 1, 2") == [
        ("1", "1", 2), ("1", "2", 2), ("2", "1", 2),
    ]  # fmt: skip
    assert any("order_lines: 3 of 6 rows are exact copies of another" in u for u in run.draft.unsure)
    assert "twice." not in run.texts["order_lines.sql"].split("WITH")[0]
    assert not any("repeat the" in u for u in run.draft.unsure)


def test_every_file_exported_twice(tmp_path: Path) -> None:
    files = {
        "orders.csv": "order_id,order_date,customer_id,shipping_cost\n1,2025-01-01 10:00,c1,6\n2,2025-01-13 11:00,c2,4\n",
        "order_items.csv": "order_id,line_no,sku,qty\n1,1,S,2\n1,2,T,1\n2,1,S,1\n",
        "customers.csv": "customer_id,country\nc1,Germany\nc2,France\n",
        "products.csv": "sku,category\nS,k\nT,k2\n",
        "returns.csv": "order_id,line_no,returned_qty\n1,2,1\n",
    }
    for name, text in files.items():
        csv(tmp_path / name, text + text.split("\n", 1)[1])
    run = drafted(tmp_path / "out", tmp_path)
    lines = run.rows(
        "SELECT order_id, line_id, destination, returned_units, fulfilment_amount, count(*) FROM order_lines "
        "GROUP BY ALL ORDER BY 1, 2"
    )
    assert lines == [
        ("1", "1", "Germany", None, 3.0, 2), ("1", "2", "Germany", 1.0, 3.0, 2), ("2", "1", "France", None, 4.0, 2),
    ]  # fmt: skip
    assert run.rows("SELECT * FROM products ORDER BY 1") == [("S", "k"), ("T", "k2")]
    for name in ("orders", "customers", "products", "returns"):
        assert any(f"rows in {name}.csv are exact copies" in u for u in run.draft.unsure), name


SPLIT = (
    "order_id,warehouse,carrier,shipped_at,delivered_at\n"
    "1,B1,DHL,2025-01-02 10:00,2025-01-09 10:00\n1,A1,ABC,2025-01-03 10:00,2025-01-05 10:00\n"
    "2,A1,ABC,2025-01-14 10:00,2025-01-15 10:00\n3,A1,ABC,2025-01-15 10:00,\n3,B1,DHL,2025-01-16 10:00,\n"
)


def test_a_split_shipment_is_the_one_that_arrived_last(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", "order_id,order_date\n" + "".join(f"{i},2025-01-{i + 12} 10:00\n" for i in (1, 2, 3)))
    csv(tmp_path / "shipments.csv", SPLIT)
    run = drafted(tmp_path / "out", tmp_path)
    assert run.rows(
        "SELECT order_id, node_id, carrier_id, handed_over_at, delivered_at FROM order_lines ORDER BY 1"
    ) == [
        ("1", "B1", "DHL", datetime(2025, 1, 2, 10), datetime(2025, 1, 9, 10)),
        ("2", "A1", "ABC", datetime(2025, 1, 14, 10), datetime(2025, 1, 15, 10)),
        ("3", "B1", "DHL", datetime(2025, 1, 16, 10), None),
    ]
    for column in ("node_id", "carrier_id"):
        assert "2 orders have several shipments in shipments.csv" in (run.doubt("order_lines", column) or "")


def test_a_split_shipment_without_times(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", "order_id,order_date\n1,2025-01-01 10:00\n2,2025-01-13 10:00\n")
    csv(tmp_path / "parcels.csv", "order_id,carrier\n1,DHL\n1,ABC\n2,DHL\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert "1 order has several shipments in parcels.csv; no time tells" in (
        run.doubt("order_lines", "carrier_id") or ""
    )


def test_what_to_do_next_is_ready_to_paste(tmp_path: Path) -> None:
    file = csv(
        tmp_path / "my data" / "orders.csv", "order_id,order_date,sku\n1,2025-01-01 10:00,S\n2,2025-01-13 10:00,T\n"
    )
    draft = draft_portfolio(tmp_path / "my shop", [file])
    given = f"'{draft.folder}' --data '{draft.data_folder}'"
    assert draft.next_steps[0] == f"fourwalls check {given}"
    assert draft.next_steps[-1] == f"fourwalls diagnose {given}"


# --- names nobody has vetted -----------------------------------------------------------------------------------------


def test_names_with_quotes_braces_and_newlines(tmp_path: Path) -> None:
    data = tmp_path / "it's [1] {data} ü"
    table = pa.table(
        {
            "order_id": ["1", "2"],
            "order date": [datetime(2025, 1, 1, 9), datetime(2025, 1, 2, 9)],
            'sku "{data}"': ["a", "b"],
            "x\n; DROP TABLE y --": [1, 2],
            "{data}": ["p", "q"],
        }
    )
    data.mkdir()
    pq.write_table(table, data / "orders {data} [2025]*.parquet")
    run = drafted(tmp_path / "out", data)
    assert run.rows("SELECT order_id, sku_id FROM order_lines ORDER BY 1") == [("1", "a"), ("2", "b")]
    assert "\n; DROP" not in run.texts["order_lines.sql"]


def test_files_in_two_folders_share_their_parent(tmp_path: Path) -> None:
    one = csv(tmp_path / "a" / "orders.csv", "order_id,order_date\n1,2025-01-01 10:00\n2,2025-01-02 11:00\n")
    two = csv(tmp_path / "b" / "c" / "order_items.csv", "order_id,sku,qty\n1,S,2\n2,S,1\n2,T,1\n")
    run = drafted(tmp_path / "out", one, two, one)
    assert run.draft.data_folder == tmp_path.resolve()
    assert "'{data}/b/c/order_items.csv'" in run.texts["order_lines.sql"]
    assert run.one("SELECT count(*) FROM order_lines") == 3


def test_files_of_the_same_columns_are_one_table(tmp_path: Path) -> None:
    for month in (1, 2):
        csv(tmp_path / f"orders_{month}.csv", f"order_id,order_date,sku,qty\n{month}1,2025-0{month}-01 10:00,S,2\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.one("SELECT count(*) FROM order_lines") == 2
    assert "['{data}/orders_1.csv', '{data}/orders_2.csv']" in run.texts["order_lines.sql"]


@pytest.mark.parametrize(
    ("name", "encoding", "told"),
    [
        ("o.csv", "utf-8-sig", False),
        ("o.csv", "utf-16-le", False),
        ("o.csv", "latin-1", True),
        ("o.txt", "utf-8", False),
    ],
)
def test_encodings(tmp_path: Path, name: str, encoding: str, told: bool) -> None:
    text = "Bestellnummer\tBestelldatum\tOrt\n1\t01.02.2025\tKöln\n2\t13.02.2025\tÅrhus\n"
    csv(tmp_path / name, ("\ufeff" if encoding == "utf-16-le" else "") + text, encoding)
    run = drafted(tmp_path / "out", tmp_path / name)
    assert run.rows("SELECT destination FROM order_lines ORDER BY order_id") == [("Köln",), ("Århus",)]
    assert any("Latin-1" in u for u in run.draft.unsure) == told


def test_gzip_and_a_declared_separator(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "orders.csv.gz", "wb") as stream:
        stream.write(b"sep=;\norder_id;order_date;sku\n1;2025-01-01 10:00;S\n2;2025-01-02 10:00;T\n")
    run = drafted(tmp_path / "out", tmp_path)
    assert run.one("SELECT count(*) FROM order_lines") == 2


def test_mixed_clocks_are_told(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,ship_date\n1,2025-01-01T10:00:00Z,2025-01-02 10:00\n2,2025-01-03T10:00:00Z,2025-01-04 10:00\n",
    )
    run = drafted(tmp_path / "out", tmp_path)
    assert any("time_zone" in u and "handed_over_at" in u for u in run.draft.unsure)


# --- what is refused -------------------------------------------------------------------------------------------------

GOOD = "order_id,order_date,sku\n1,2025-01-01 10:00,S\n2,2025-01-02 10:00,T\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b" \n\n", "is empty"),
        ("a.csv", b"order_id,order_date\n", "no rows"),
        ("a.csv", b"PK\x03\x04" + b"x" * 99, "Excel"),
        ("a.csv", b"PAR1" + b"x" * 99, "Parquet"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(99), "not text"),
        ("a.csv", b"\x1f\x8b\x08" + b"x" * 99, "gzip"),
        ("a.csv", "\ufeffa,b\n1,2\n".encode("utf-16-be"), "UTF-16"),
        ("a.csv.gz", b"no gzip at all", "damaged"),
        ("a.parquet", b"order_id,order_date\n1,2\n", "not Parquet"),
        ("a.parquet", b"PAR1" + b"x" * 99, "cannot be read"),
        ("a.xlsx", b"PK\x03\x04", "ending"),
        ("a.csv", b"colour,weight\nred,1\nblue,2\n", "Nothing in these files"),
    ],
)
def test_bad_files_are_told_and_nothing_is_written(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / name
    path.write_bytes(content)
    with pytest.raises(MappingError, match=said) as error:
        draft_portfolio(tmp_path / "new" / "out", [path])
    assert error.value.remedy
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted(["data", name])


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = csv(tmp_path / "orders.csv", GOOD)

    def failing(path: Path, mode: str = "r") -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(MappingError, match="Permission denied"):
        draft_portfolio(tmp_path / "out", [file])


def test_names_that_cannot_be_written_down_and_places_without_a_parent(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="characters that cannot be written down"):
        draft_portfolio(tmp_path / "out", [csv(tmp_path / "a\nb.csv", GOOD)])
    with pytest.raises(MappingError, match="different drives"):
        data_folder([Path("relative/a.csv"), Path("/absolute/b.csv")])


def test_files_without_a_header_or_without_a_form(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "blank.csv.gz", "wb") as stream:
        stream.write(b"\n \n")
    with pytest.raises(MappingError, match="is empty"):
        draft_portfolio(tmp_path / "out", [tmp_path / "blank.csv.gz"])
    with pytest.raises(MappingError, match=r"'column0'.*no header line"):
        draft_portfolio(tmp_path / "out", [csv(tmp_path / "a.csv", "1,2,3\n4,5,6\n7,8,9\n")])
    with pytest.raises(MappingError, match="not readable as CSV"):
        draft_portfolio(tmp_path / "out", [csv(tmp_path / "b.csv", "a,b\n" + "x" * 3_000_000 + "\n")])
    late = GOOD + "3,2025-01-03 10:00,U\n" * 30_000 + "4,2025-01-03 10:00,U,V,W\n"
    with pytest.raises(MappingError, match="cannot be read"):
        draft_portfolio(tmp_path / "out", [csv(tmp_path / "c.csv", late)])


def test_missing_files_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no file"):
        draft_portfolio(tmp_path / "out", [tmp_path / "nowhere.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MappingError, match="holds no CSV"):
        draft_portfolio(tmp_path / "out", [tmp_path / "empty"])
    with pytest.raises(MappingError, match="No file was named"):
        draft_portfolio(tmp_path / "out", [])


def test_two_files_of_one_name(tmp_path: Path) -> None:
    one, two = csv(tmp_path / "a" / "orders.csv", GOOD), csv(tmp_path / "b" / "orders.csv", GOOD)
    with pytest.raises(MappingError, match="Two files are called"):
        draft_portfolio(tmp_path / "out", [one, two])


def test_a_portfolio_is_never_written_over(tmp_path: Path) -> None:
    file = csv(tmp_path / "orders.csv", GOOD)
    draft_portfolio(tmp_path / "out", [file])
    with pytest.raises(PortfolioError, match=r"already has a portfolio\.toml"):
        draft_portfolio(tmp_path / "out", [file])
    (tmp_path / "out" / "portfolio.toml").unlink()
    with pytest.raises(PortfolioError, match="already has files in tables"):
        draft_portfolio(tmp_path / "out", [file])
    with pytest.raises(PortfolioError, match="is a file"):
        draft_portfolio(file, [file])


def test_a_folder_that_exists_is_filled(tmp_path: Path) -> None:
    csv(tmp_path / "orders.csv", GOOD)
    (tmp_path / "tables").mkdir()
    draft = draft_portfolio(tmp_path, [tmp_path])
    assert draft.folder == draft.data_folder == tmp_path.resolve()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["orders.csv", "portfolio.toml", "tables"]


@pytest.mark.parametrize("exists", [False, True])
def test_a_failing_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool) -> None:
    file = csv(tmp_path / "orders.csv", GOOD)
    out = tmp_path / "out"
    if exists:
        out.mkdir()
    last = "portfolio.toml" if exists else "draft"
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == last:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="No space left"):
        draft_portfolio(out, [file])
    assert sorted(p.name for p in tmp_path.rglob("*")) == (["orders.csv", "out"] if exists else ["orders.csv"])


# --- laws ------------------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@given(name=NAMES)
@example(name="select")
@example(name="at")
@example(name='a"b')
@example(name="current_date")
@example(name="columns")
@settings(max_examples=200, deadline=None)
def test_any_column_name_survives_quoting(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    cursor = connection.execute(f"SELECT t.{ident(name)} AS {ident(name)} FROM (SELECT 5 AS {quoted}) AS t")
    assert cursor.description[0][0] == name
    assert cursor.fetchall() == [(5,)]
    assert connection.execute(f"SELECT {ident(name)} FROM (SELECT 5 AS {quoted})").fetchall() == [(5,)]


def test_every_keyword_survives_quoting(connection: duckdb.DuckDBPyConnection) -> None:
    for (name,) in connection.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall():
        assert connection.execute(f'SELECT {ident(name)} AS {ident(name)} FROM (SELECT 5 AS "{name}")').fetchall() == [
            (5,)
        ]


@given(text=NAMES)
@settings(max_examples=200, deadline=None)
def test_any_text_survives_as_a_literal_and_as_toml(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert connection.execute(f"SELECT {literal(text)}").fetchall() == [(text,)]
    assert tomllib.loads(f"x = {toml_text(text)}") == {"x": text}


@given(text=st.text(max_size=200))
def test_a_comment_is_never_left(text: str) -> None:
    lines = comment(f"UNSURE: '{plain(text)}' looks odd.")
    assert all(line.startswith("-- ") and line.isprintable() for line in lines)
    assert "{data}" not in "".join(lines)


STAMPS = st.lists(
    st.datetimes(datetime(2001, 1, 1), datetime(2049, 12, 31)).map(lambda t: t.replace(microsecond=0)),
    min_size=1,
    max_size=8,
)
FORMATS = (
    "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p", "%Y/%m/%d %H:%M:%S", "%d-%b-%Y %H:%M:%S",
)  # fmt: skip


@given(stamps=STAMPS, form=st.sampled_from(FORMATS))
@settings(max_examples=80, deadline=None)
def test_times_read_back_as_they_were_written(
    connection: duckdb.DuckDBPyConnection, stamps: list[datetime], form: str
) -> None:
    # A day beyond the twelfth proves which of two numbers is the month.
    stamps = [*stamps, datetime(2024, 2, 29, 23, 59, 58)]
    values = [t.strftime(form) for t in stamps]
    column = time_text(connection, seen(connection, values))
    assert column is not None
    assert column.doubt is None
    assert read(connection, values, column.time("v")) == stamps


@given(numbers=st.lists(st.integers(-10_000_000, 10_000_000), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("form", ["plain", "comma", "eu", "us", "money"])
def test_numbers_read_back_as_they_were_written(
    connection: duckdb.DuckDBPyConnection, numbers: list[int], form: str
) -> None:
    amounts = [*(n / 100 for n in numbers), 1_234_567.89]
    values = [written_as(x, form) for x in amounts]
    column = number_text(connection, seen(connection, values))
    assert column is not None
    assert read(connection, values, column.number("v")) == pytest.approx(amounts)


def written_as(amount: float, form: str) -> str:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    return {
        "plain": f"{amount:.2f}", "comma": f"{amount:.2f}".replace(".", ","), "us": english, "eu": german,
        "money": f"{german} €",
    }[form]  # fmt: skip


def seen(connection: duckdb.DuckDBPyConnection, values: list[str]) -> Column:
    connection.execute("CREATE OR REPLACE TEMP TABLE seen AS SELECT DISTINCT unnest($1) AS v", [values])
    return Column("v", "VARCHAR", "text", len(values))


def read(connection: duckdb.DuckDBPyConnection, values: list[str], sql: str) -> list[Any]:
    return [row[0] for row in connection.execute(f"SELECT {sql} FROM (SELECT unnest($1) AS v)", [values]).fetchall()]


def test_an_ambiguous_day_order_is_told_and_settled_by_a_sibling(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i}/2/2025,{i}/3/2025\n" for i in range(1, 13))
    csv(tmp_path / "orders.csv", "order_id,order_date,ship_date\n" + rows)
    assert AMBIGUOUS in (drafted(tmp_path / "one", tmp_path / "orders.csv").doubt("order_lines", "ordered_at") or "")
    csv(tmp_path / "orders.csv", "order_id,order_date,ship_date\n" + rows + "13,1/2/2025,12/31/2025\n")
    run = drafted(tmp_path / "two", tmp_path / "orders.csv")
    assert AMBIGUOUS not in (run.doubt("order_lines", "ordered_at") or "")
    assert run.one("SELECT max(ordered_at) FROM order_lines") == datetime(2025, 12, 2)


def test_times_some_of_which_are_none(tmp_path: Path) -> None:
    good = [f"{d:02}.{m:02}.2025" for d in range(1, 29) for m in range(1, 4)]
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,sku\n" + "".join(f"{i},{d},S\n" for i, d in enumerate([*good, "later"])),
    )
    run = drafted(tmp_path / "one", tmp_path / "orders.csv")
    assert "1 values are no dates in that format" in (run.doubt("order_lines", "ordered_at") or "")
    assert run.one("SELECT count(*) - count(ordered_at) FROM order_lines") == 1
    iso = [f"2025-{m:02}-{d:02} 10:00:00{z}" for m in range(1, 5) for d in range(1, 29) for z in ("Z",)]
    csv(
        tmp_path / "orders.csv",
        "order_id,order_date,sku\n"
        + "".join(f"{i},{d},S\n" for i, d in enumerate([*iso, "soon", "2025-05-01 10:00:00"])),
    )
    doubt = drafted(tmp_path / "two", tmp_path / "orders.csv").doubt("order_lines", "ordered_at") or ""
    assert "1 values are no dates" in doubt
    assert "1 values carry no time zone" in doubt


def test_a_comma_before_three_digits_is_told(tmp_path: Path) -> None:
    csv(
        tmp_path / "orders.csv",
        "order_id;order_date;sku;price\n1;2025-01-13 10:00;S;1,250\n2;2025-01-13 10:00;S;2,500\n",
    )
    assert "decimal comma" in (drafted(tmp_path / "out", tmp_path).doubt("order_lines", "price_amount") or "")


def test_two_date_formats_in_one_column_are_told(tmp_path: Path) -> None:
    mixed = [*(f"{d}/3/2025" for d in range(13, 25)), *(f"3/{d}/2025" for d in range(13, 20))]
    csv(tmp_path / "orders.csv", "order_id,order_date,sku\n" + "".join(f"{i},{d},S\n" for i, d in enumerate(mixed)))
    run = drafted(tmp_path / "out", tmp_path)
    assert "a mix of two date formats: 7 values" in (run.doubt("order_lines", "ordered_at") or "")


def test_no_word_has_two_meanings() -> None:
    words = [word for meaning in _WORDS.values() for word in meaning.split()]
    assert len(words) == len(set(words))
    assert lemmas("Bestellnummer") == lemmas("orderId") == lemmas("ORDER_NO") == ("order", "id")
    assert lemmas("Kundennr") == lemmas("customer id")


CELLS = {
    "order_id": ["A1", "A2", "B-9", ""], "order date": ["2025-01-01", "13/01/2025", "?"], "created_at": ["2025-01-02 10:00:00"],
    "sku": ["S1", "?"], "qty": ["1", "-1", "1,5"], "price": ["2.50", "1.234,50", "€ 3"], "status": ["canceled", "delivered"],
    "rating": ["1", "5"], "warehouse": ["w"], "on_hand": ["5", "x"], "sold": ["0"], "carrier": ["DHL", ""], 'a"b': ["1"],
    "{data}": ["v"], "ticket_id": ["1"], "activity": ["open", "closed"], "id": ["1", "2"], "name": ["n"], "": ["0"],
}  # fmt: skip
TABLE = st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=6).flatmap(
    lambda names: st.tuples(
        st.just(names), st.lists(st.tuples(*(st.sampled_from(CELLS[n]) for n in names)), max_size=6)
    )
)


@given(
    tables=st.dictionaries(
        st.sampled_from(["orders", "items", "stock [1]", "it's", "tickets"]), TABLE, min_size=1, max_size=3
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_files_are_drafted_or_refused_in_our_words(tmp_path_factory: pytest.TempPathFactory, tables: dict) -> None:
    folder = tmp_path_factory.mktemp("any")
    for name, (header, rows) in tables.items():
        quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [header, *rows]]
        csv(folder / f"{name}.csv", "\n".join(quoted) + "\n")
    before = sorted(folder.iterdir())
    try:
        draft = draft_portfolio(folder / "out", [folder])
    except FourwallsError:
        draft = None
    if draft is None:
        assert sorted(folder.iterdir()) == before
        return
    for path in draft.files:
        if path.suffix == ".sql":
            assert len(duckdb.extract_statements(path.read_text(encoding="utf-8"))) == 1
    assert tomllib.loads((folder / "out" / "portfolio.toml").read_text(encoding="utf-8"))["portfolio"]["name"] == "out"
