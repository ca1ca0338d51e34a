"""Broken folders: one clear error and nothing written, or rows set aside and counted; never a traceback."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import fourwalls
from fourwalls.diagnosis import Health
from fourwalls.figures import Refusal
from fourwalls.study import Study
from fourwalls.surfaces import cli

from . import small

Break = Callable[[small.Small], None]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The command line, in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def ran(*argv: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["fourwalls", *map(str, argv)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return ran


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_one_clear_error(ran: Ran, kind: str, says: tuple[str, ...], folder: Path) -> None:
    assert ran.code == 2, ran
    assert ran.err.startswith(f"{kind}: "), ran.err
    assert len(ran.err.splitlines()) == 2, "one sentence, one remedy"
    for words in says:
        assert words in ran.err, ran.err
    assert "Traceback" not in ran.err
    assert str(folder) not in ran.err
    assert "/root/" not in ran.err
    assert not re.search(r"(?<![\w:/}.…])/\w+/", ran.err), "a path of this machine"


# ---------------------------------------------------------------------------------------------------------------------
# Folders that cannot be used: each breaks the good portfolio in one place.


@dataclass(frozen=True)
class Refused:
    name: str
    break_: Break
    kind: str
    says: tuple[str, ...]
    argv: tuple[str, ...]


REFUSED: list[Refused] = []


def refused(kind: str, *says: str, argv: tuple[str, ...] = ()) -> Callable[[Break], Break]:
    def add(break_: Break) -> Break:
        REFUSED.append(Refused(break_.__name__, break_, kind, says, argv))
        return break_

    return add


def refused_sql(name: str, sql: str, *says: str) -> None:
    def break_(s: small.Small) -> None:
        s.sql("order_lines", sql)

    REFUSED.append(Refused(f"sql_{name}", break_, "MappingError", ("tables/order_lines.sql", *says), ("--data", DATA)))


def refused_toml(name: str, text: str, *says: str) -> None:
    def break_(s: small.Small) -> None:
        s.toml = text

    REFUSED.append(Refused(f"toml_{name}", break_, "PortfolioError", ("portfolio.toml", *says), ()))


DATA = "{a folder with data in it}"


@refused(
    "TableError",
    "Table 'order_lines' (tables/order_lines.csv) needs column 'ordered_at'",
    "'order_id'",
    "AS ordered_at",
)
def missing_column(s: small.Small) -> None:
    s.drop("ordered_at")


@refused("TableError", "needs column 'ordered_at'", "Did you mean 'ordered_ta'?")
def misspelt_column(s: small.Small) -> None:
    for row in s.lines:
        row["ordered_ta"] = row.pop("ordered_at")


@refused("TableError", "column 'price_amount', row 1: found 300 of 300 values", "'cheap'", "a number")
def text_where_a_number_belongs(s: small.Small) -> None:
    s.set("price_amount", "cheap")


@refused("TableError", "column 'released_at', row 11: found 290 of 300 values", "'45000.5'", "a timestamp (ISO 8601")
def number_where_a_time_belongs(s: small.Small) -> None:
    s.set("released_at", "45000.5", rows=slice(10, None))


@refused("TableError", "column 'ordered_at', row 1", "'06.01.2025 07:10'", "ISO 8601")
def times_written_another_way(s: small.Small) -> None:
    for row in s.lines:
        day, clock = row["ordered_at"].split(" ")
        year, month, date = day.split("-")
        row["ordered_at"] = f"{date}.{month}.{year} {clock[:5]}"


@refused("TableError", "column 'ordered_at', row 1", "'2025-01-06 07:10:00 PM'")
def half_a_day_clock(s: small.Small) -> None:
    for row in s.lines:
        row["ordered_at"] += " PM"


@refused("TableError", "Table 'order_lines' (tables/order_lines.sql), column 'ordered_at'", "found DOUBLE", "1.5")
def number_column_where_a_time_belongs(s: small.Small) -> None:
    s.sql("order_lines", "SELECT 'o' AS order_id, '1' AS line_id, 1.5::DOUBLE AS ordered_at")


@refused("TableError", "column 'order_id'", "found TIMESTAMP", "allowed: text")
def time_column_where_text_belongs(s: small.Small) -> None:
    s.sql("order_lines", "SELECT now()::TIMESTAMP AS order_id, '1' AS line_id, now() AS ordered_at")


@refused(
    "TableError",
    "Table 'products' (products.csv): 1 values of sku_id stand more than once",
    "first 's0'",
    "Keep one version",
)
def product_in_two_versions(s: small.Small) -> None:
    s.tables["products"].append({"sku_id": "s0", "brand": "new brand", "category": "chairs"})


@refused("TableError", "Table 'channels'", "stand more than once with different content", "first 'site'")
def channel_of_two_parties(s: small.Small) -> None:
    s.tables["channels"].append({"channel_id": "site", "kind": "DTC site", "party_id": "bazaar"})


@refused(
    "TableError", "Table 'stock_days' (tables/stock_days.csv) needs column 'sold_units'", "'sold'", "AS sold_units"
)
def stock_without_sales(s: small.Small) -> None:
    for row in with_stock(s):
        row["sold"] = row.pop("sold_units")


@refused("TableError", "Table 'stock_days' (tables/stock_days.csv), column 'on_hand_units'", "'a few'", "a number")
def stock_in_words(s: small.Small) -> None:
    with_stock(s)
    s.set("on_hand_units", "a few", table="stock_days")


@refused("TableError", "Table 'supply_orders' (tables/supply_orders.csv), column 'placed_at'", "'week 3'")
def orders_placed_in_weeks(s: small.Small) -> None:
    with_stock(s, "supply_orders")
    s.set("placed_at", "week 3", table="supply_orders")


@refused("TableError", "Table 'stock_days' (tables/stock_days.csv) is empty")
def stock_header_only(s: small.Small) -> None:
    s.files["tables/stock_days.csv"] = b"sku_id,node_id,day,on_hand_units,sold_units\n"


@refused("TableError", "Table 'order_lines' (tables/order_lines.csv) is empty")
def header_only(s: small.Small) -> None:
    s.files["tables/order_lines.csv"] = b"order_id,line_id,ordered_at\n"


@refused("TableError", "needs column 'order_id'")
def file_of_no_bytes(s: small.Small) -> None:
    s.files["tables/order_lines.csv"] = b""


@refused("TableError", "needs column 'order_id'")
def file_of_blank_lines(s: small.Small) -> None:
    s.files["tables/order_lines.csv"] = b"\n \n\n"


@refused("TableError", "Table 'order_lines' (tables/order_lines.sql) is empty")
def sql_without_rows(s: small.Small) -> None:
    s.sql("order_lines", "SELECT 'o' AS order_id, '1' AS line_id, now() AS ordered_at WHERE false")


@refused("TableError", "Table 'order_lines' (tables/order_lines.sql) is empty")
def secrets_of_this_machine(s: small.Small) -> None:
    s.sql("order_lines", "SELECT name AS order_id, type AS line_id, now() AS ordered_at FROM duckdb_secrets()")


@refused("MappingError", "tables/order_lines.parquet cannot be read", "order_lines.parquet'")
def parquet_that_is_none(s: small.Small) -> None:
    s.tables.pop("order_lines")
    s.files["tables/order_lines.parquet"] = b"this is no Parquet file at all"


@refused("TableError", "mixes currencies in column 'currency': 'EUR', 'USD'", "Convert the amounts")
def two_currencies(s: small.Small) -> None:
    s.set("currency", "EUR")
    s.set("currency", " usd ", rows=slice(7))


@refused("TableError", "Table 'order_lines' (order_lines.csv) is in USD; allowed: EUR")
def currency_of_another_portfolio(s: small.Small) -> None:
    s.set("currency", "USD")


@refused("TableError", "column 'delivered_at'", "carry a zone and", "time_zone")
def offsets_in_some_rows(s: small.Small) -> None:
    for row in s.lines[:50]:
        row["delivered_at"] += "+01:00" if row["delivered_at"] else ""


@refused("TableError", "mixes clocks: 'delivered_at' carry a time zone", "'ordered_at'", "time_zone")
def offsets_in_some_columns(s: small.Small) -> None:
    for row in s.lines:
        row["delivered_at"] += "Z" if row["delivered_at"] else ""


@refused("TableError", "mixes clocks: 'delivered_at' carry a time zone, 'ordered_at' do not")
def zone_types_beside_naive_ones(s: small.Small) -> None:
    s.sql(
        "order_lines",
        "SELECT 'o' AS order_id, '1' AS line_id, TIMESTAMP '2025-01-01 10:00' AS ordered_at, "
        "TIMESTAMPTZ '2025-01-02 10:00+01' AS delivered_at",
    )


@refused("TableError", "column 'price_amount': '1,234' may be a decimal or a thousand", "point for decimals")
def commas_of_unknown_meaning(s: small.Small) -> None:
    s.set("price_amount", "1,234")


@refused("TableError", "column 'price_amount'", "found 150 of 300 values", "'9,50'")
def commas_and_points_mixed(s: small.Small) -> None:
    s.set("price_amount", "9,50", rows=slice(150, None))


@refused("MappingError", "tables/products.csv, line 3 is not UTF-8 text", "Save the file as UTF-8")
def windows_1252(s: small.Small) -> None:
    s.files["tables/products.csv"] = "sku_id,brand\ns0,Plain\ns1,Möbel\n".encode("cp1252")


@refused("MappingError", "tables/products.csv is UTF-16", "Save it as UTF-8")
def utf_16(s: small.Small) -> None:
    s.files["tables/products.csv"] = "sku_id,brand\ns0,Plain\n".encode("utf-16")


@refused("MappingError", "tables/products.csv, line 3: 4 values where the header names 3 columns")
def row_with_too_many_values(s: small.Small) -> None:
    s.files["tables/products.csv"] = b"sku_id,brand,category\ns0,b,c\ns1,b,c,d\n"


@refused("MappingError", "tables/products.csv, line 2: a double quote opens and does not close")
def quote_that_never_closes(s: small.Small) -> None:
    s.files["tables/products.csv"] = b'sku_id,brand\ns0,"b\ns1,c\n'


@refused("MappingError", "tables/products.csv is no regular CSV: its lines end in different ways")
def lines_that_end_in_two_ways(s: small.Small) -> None:
    s.files["tables/products.csv"] = b"sku_id,brand\ns0,b\r\ns1,c\n"


@refused("MappingError", "tables/products.csv, line 1: the header names column 'SKU_ID' twice")
def column_named_twice(s: small.Small) -> None:
    s.files["tables/products.csv"] = b"sku_id,SKU_ID\ns0,s1\n"


@refused(
    "PortfolioError", "portfolio.toml: own_party_id 'we' is not among the parties", "'packers'", "Correct own_party_id"
)
def own_party_unknown(s: small.Small) -> None:
    s.toml = s.toml.replace('"us"', '"we"')


@refused(
    "PortfolioError",
    "portfolio.toml, line 15: [[service_levels]] party_id 'swft' is not among",
    "Did you mean 'swift'?",
)
def service_level_of_a_stranger(s: small.Small) -> None:
    good, bad = (
        f'[[service_levels]]\nparty_id = "{p}"\nstage = "carriage"\nvalue = 2\nunit = "days"\n'
        for p in ("swift", "swft")
    )
    s.toml += "\n" + good + "\n# the second\n" + bad.replace("party_id", " party_id")


@refused(
    "TableError", "There is no table 'order_lines'; found 'products'", "Add tables/order_lines.csv", argv=("diagnose",)
)
def no_order_lines(s: small.Small) -> None:
    s.tables.pop("order_lines")


@refused("TableError", "no line can be used: 300 because ordered outside the period", "period")
def nothing_in_the_period(s: small.Small) -> None:
    s.toml += "start = 2019-01-01\nend = 2020-01-01\n"


@refused("TableError", "no line can be used", "300 because order_id is missing")
def every_key_missing(s: small.Small) -> None:
    s.set("order_id", " ")


@refused("MappingError", "Table 'order_lines' is given twice: order_lines.csv and order_lines.sql")
def two_files_for_one_table(s: small.Small) -> None:
    s.files["tables/order_lines.sql"] = b"SELECT 1"


@refused("MappingError", "tables/order_lines.csv is a folder")
def folder_named_like_a_table(s: small.Small) -> None:
    s.tables.pop("order_lines")
    s.files["tables/order_lines.csv/part.csv"] = b"order_id\n1\n"


@refused(
    "MappingError", "tables/orderlines.csv: there is no canonical table 'orderlines'", "Did you mean 'order_lines'?"
)
def file_of_another_name(s: small.Small) -> None:
    s.files["tables/orderlines.csv"] = b"order_id\n1\n"


@refused("MappingError", "tables/order_lines.xlsx is no table", "'.csv'")
def spreadsheet(s: small.Small) -> None:
    s.files["tables/order_lines.xlsx"] = b"PK"


@refused("MappingError", "/tables is empty")
def empty_tables(s: small.Small) -> None:
    s.tables.clear()


@refused("PortfolioError", "has no portfolio.toml", "fourwalls init")
def no_portfolio_file(s: small.Small) -> None:
    s.files["portfolio.toml"] = None


@refused("PortfolioError", "has no portfolio.toml", "There is one in", "shop/inner': name that folder")
def portfolio_file_one_folder_below(s: small.Small) -> None:
    s.files["portfolio.toml"] = None
    s.files["inner/portfolio.toml"] = small.TOML.encode()


@refused("PortfolioError", "portfolio.toml is not UTF-8 text")
def portfolio_in_latin_1(s: small.Small) -> None:
    s.files["portfolio.toml"] = small.TOML.replace("Small", "Möbel").encode("latin-1")


@refused("MappingError", "tables/order_lines.sql is not UTF-8 text")
def sql_in_latin_1(s: small.Small) -> None:
    s.tables.pop("order_lines")
    s.files["tables/order_lines.sql"] = "SELECT 'ü' AS order_id".encode("latin-1")


@refused("MappingError", "reads '{data}', but no data folder was named", "Add --data DIR")
def placeholder_without_data(s: small.Small) -> None:
    s.sql("order_lines", "SELECT * FROM read_csv('{data}/a.csv')")


@refused("PortfolioError", "There is no data folder 'nowhere'", argv=("check", "--data", "nowhere"))
def data_folder_missing(s: small.Small) -> None:
    pass


@refused(
    "PortfolioError",
    "There is no asset ''; DROP TABLE x --'",
    "'chairs'",
    argv=("chain", "--asset", "'; DROP TABLE x --"),
)
def sql_for_an_asset(s: small.Small) -> None:
    pass


@refused("PortfolioError", "There is no stage '../x'", "'release'", argv=("chain", "--stage", "../x"))
def path_for_a_stage(s: small.Small) -> None:
    pass


refused_sql("copy", "COPY (SELECT 1) TO '{data}/written.csv'", "exactly one SELECT; found COPY")
refused_sql("insert", "INSERT INTO t VALUES (1)", "found INSERT")
refused_sql("create", "CREATE TABLE t AS SELECT 1", "found CREATE")
refused_sql("attach", "ATTACH '{data}/x.duckdb'", "found ATTACH")
refused_sql("set", "SET memory_limit = '1TB'", "found SET")
refused_sql("pragma", "PRAGMA version", "found PRAGMA")
refused_sql("install", "INSTALL httpfs", "found INSTALL")
refused_sql("export", "EXPORT DATABASE '{data}'", "found EXPORT")
refused_sql("several", "SELECT 1; SELECT 2", "found SELECT then SELECT")
refused_sql("drop", "SELECT 1; DROP TABLE t", "found SELECT then DROP")
refused_sql("comment_trick", "SELECT 1 /* ; -- */ ; -- all good\nDROP TABLE t", "found SELECT then DROP")
refused_sql("closing_bracket", "SELECT 1) t; DROP TABLE t; SELECT * FROM (SELECT 1", "line 1 is not SQL")
refused_sql("nothing", "-- to be written", "found nothing")
refused_sql(
    "write_in_with",
    "WITH gone AS (DELETE FROM duckdb_tables RETURNING *) SELECT * FROM gone",
    "changes tables in its WITH",
)
refused_sql("copy_by_query", "SELECT * FROM query('COPY (SELECT 1) TO ''{data}/written.csv''')", "line 1 is not SQL")
refused_sql("passwd_text", "SELECT * FROM read_text('/etc/passwd')", "line 1 reaches outside", "'…/passwd'", "--data")
refused_sql("passwd_csv", "\n\nSELECT *\nFROM read_csv('/etc/passwd')", "line 4 reaches outside", "'…/passwd'")
refused_sql("passwd_bare", "FROM '/etc/passwd.csv'", "reaches outside", "'…/passwd.csv'")
refused_sql("dots", "SELECT * FROM read_text('{data}/../secret.txt')", "reaches outside", "/../secret.txt")
refused_sql("glob", "SELECT * FROM glob('/etc/*')", "reaches outside")
refused_sql(
    "link", "SELECT content AS order_id FROM read_text('{data}/link.txt')", "reaches outside", "links that lead out"
)
refused_sql(
    "address", "SELECT * FROM read_parquet('https://example.com/x.parquet')", "reaches outside", "https://example.com"
)
refused_sql("environment", "SELECT getenv('HOME') AS order_id", "getenv does not exist")
refused_sql("python_variable", "SELECT * FROM source", "Table with name source does not exist")
refused_sql("syntax", "-- my lines\nSELEC order_id\nFROM t", 'line 2 is not SQL: syntax error at or near "SELEC"')
refused_sql(
    "missing_column",
    "SELECT y,\n  nothing\nFROM read_csv('{data}/a.csv')",
    "line 2",
    '"nothing" not found',
    'Candidate bindings: "x"',
)
refused_sql("missing_file", "SELECT * FROM read_csv('{data}/b.csv')", "line 1", '/b.csv"')
refused_sql(
    "broken_file",
    "SELECT * FROM read_csv('{data}/ragged.csv', header = true, auto_detect = false, columns = {'x': 'INT', 'y': 'INT'})",
    "(ragged.csv), line 3",
    "3 values where the header names 2",
)

HEAD = small.TOML
LEVEL = '[[service_levels]]\nparty_id = "swift"\nstage = "carriage"\nvalue = 2\nunit = "days"\n'

refused_toml("syntax", HEAD + "[targets]\non_time_share = \n", "line 7: not TOML")
refused_toml("cut_off", '[portfolio]\nname = """Small\n', "line 3: not TOML")
refused_toml("nested", "a = " + "[" * 5000, "portfolio.toml")
refused_toml("no_section", "[targets]\n", "has no [portfolio] section")
refused_toml("unknown_section", HEAD + "[target]\n", "line 6: does not know 'target'", "Did you mean 'targets'?")
refused_toml(
    "unknown_key",
    HEAD + "own_party = 1\n",
    "line 6: [portfolio] does not know 'own_party'",
    "Did you mean 'own_party_id'?",
)
refused_toml(
    "unknown_target",
    HEAD + "[targets]\non_time = 0.9\n",
    "line 7: [targets] does not know 'on_time'",
    "Did you mean 'on_time_share'?",
)
refused_toml("no_name", HEAD.replace('name = "Small"', 'name = "  "'), "line 2: [portfolio] name must be text")
refused_toml("currency", HEAD.replace("EUR", "€"), "line 3: currency must be one ISO 4217 code; found '€'")
refused_toml(
    "start_text", HEAD + 'start = "yesterday"\nend = 2025-01-01\n', "line 6: start must be a date; found 'yesterday'"
)
refused_toml("start_without_end", HEAD + "start = 2025-01-01\n", "[portfolio] has no 'end'")
refused_toml(
    "end_first",
    HEAD + "start = 2025-02-01\nend = 2025-01-01\n",
    "line 7: the period ends 2025-01-01 before it starts 2025-02-01",
)
refused_toml("impossible_day", HEAD + "start = 2025-02-30\n", "line 6: not TOML")
refused_toml(
    "share_above_1",
    HEAD + "[targets]\n# percent\non_time_share = 95\n",
    "line 8: on_time_share must lie from 0 to 1; found 95",
    "0.95",
)
refused_toml(
    "negative_hours", HEAD + "[targets]\nrelease_hours = -4\n", "line 7: release_hours must not be negative; found -4"
)
refused_toml("nan", HEAD + "[targets]\nrelease_hours = nan\n", "line 7: release_hours must be a number; found nan")
refused_toml(
    "endless_number", HEAD + "[targets]\nrelease_hours = 1" + "0" * 400 + "\n", "line 7: release_hours must be a number"
)
refused_toml(
    "level_stage",
    HEAD + LEVEL + LEVEL.replace("carriage", "carrige"),
    "line 13: no stage 'carrige'",
    "Did you mean 'carriage'?",
)
refused_toml(
    "level_unit", HEAD + LEVEL.replace('"days"', '"weeks"'), "line 10: unit must be hours or days; found 'weeks'"
)
refused_toml(
    "level_value", HEAD + LEVEL + LEVEL + LEVEL.replace("= 2", "= -2"), "line 19: value must not be negative; found -2"
)
refused_toml(
    "level_without_party",
    HEAD + LEVEL.replace('party_id = "swift"\n', ""),
    "line 6: [[service_levels]] party_id must be text",
)
refused_toml(
    "level_no_list",
    HEAD + LEVEL.replace("[[", "[").replace("]]", "]"),
    "line 6: 'service_levels' must be a list of sections",
)
refused_toml(
    "asset_sql",
    HEAD.replace('["category"]', '["category; DROP TABLE x"]'),
    "line 5: asset cannot be made of 'category; DROP TABLE x'",
    "'brand'",
)
refused_toml("asset_path", HEAD.replace('["category"]', '"../../etc"'), "line 5: asset cannot be made of '../../etc'")
refused_toml(
    "asset_twice", HEAD.replace('["category"]', '["category", "category"]'), "line 5: asset names a column twice"
)
refused_toml("time_zone", HEAD + 'time_zone = "Europe/Berlyn"\n', "line 6: there is no time zone 'Europe/Berlyn'")
refused_toml("time_zone_path", HEAD + 'time_zone = "../../etc/passwd"\n', "line 6: there is no time zone")
refused_toml(
    "source_scheme", HEAD + '[source]\nurl = "postgres://me:hunter2@db/x"\n', "source url begins with 'postgres:'"
)
refused_toml(
    "source_missing", HEAD + '[source]\nurl = "duckdb:////nowhere/of/x.duckdb"\n', "source 'x.duckdb' is not there"
)
refused_toml(
    "range",
    HEAD + "[paths.operate]\none_off_amount = {low = 2, mode = 1, high = 3}\n",
    "line 7: one_off_amount must be a range",
)
refused_toml(
    "range_no_range", HEAD + "[paths.operate]\nrun_amount_per_year = 5\n", "line 7: run_amount_per_year must be a range"
)
refused_toml(
    "weeks_low_above_high",
    HEAD + "[paths.orchestrate]\npeople_weeks = {low = 9, mode = 4, high = 8}\n",
    "line 7: people_weeks must be a range of weeks with 0 <= low <= mode <= high",
)
refused_toml("ramp", HEAD + "[assumptions]\nramp_weeks = -1\n", "line 7: ramp_weeks must not be negative; found -1")
refused_toml("horizon", HEAD + "[assumptions]\nhorizon_years = 0\n", "line 7: horizon_years must be above 0; found 0")
refused_toml(
    "discount", HEAD + "[assumptions]\ndiscount_rate = -1\n", "line 7: discount_rate must not be negative; found -1"
)
refused_toml(
    "attainable", HEAD + "[assumptions]\nattainable_share = 1.2\n", "line 7: attainable_share must lie from 0 to 1"
)
refused_toml(
    "budget", HEAD + "[allocation]\nbudget_amount = -5\n", "line 7: budget_amount must not be negative; found -5"
)
refused_toml(
    "budget_nan", HEAD + "[allocation]\nbudget_amount = nan\n", "line 7: budget_amount must be a number; found nan"
)
refused_toml(
    "budget_word", HEAD + "[allocation]\nbudget = 5\n", "line 7: [allocation] does not know 'budget'", "'budget_amount'"
)
refused_toml(
    "risk_share", HEAD + "[allocation]\nrisk_share = 10\n", "line 7: risk_share must lie above 0 and up to 1; found 10"
)
refused_toml("enablers", HEAD + "[allocation]\nenablers = 5\n", "line 7: enablers must be sections")
refused_toml(
    "enabler_cost",
    HEAD + "[allocation.enablers.carrier]\npeople_weeks = 2\ncost_amount = -1\n",
    "line 8: cost_amount must not be negative",
)
refused_toml(
    "enabler_free",
    HEAD + "[allocation.enablers.carrier]\npeople_weeks = 2\n",
    "cost_amount must be a number; found None",
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda c: c.name)
def test_refused_with_one_clear_error(case: Refused, tmp_path: Path, run: Callable[..., Ran]) -> None:
    portfolio = small.good()
    case.break_(portfolio)
    folder = portfolio.write(tmp_path / "shop")
    data = tmp_path / "it's {my} [data] ü"
    if DATA in case.argv:
        data.mkdir()
        (data / "a.csv").write_text("x,y\n1,2\n")
        (data / "ragged.csv").write_text("x,y\n1,2\n1,2,3\n")
        (tmp_path / "secret.txt").write_text("a secret")
        (data / "link.txt").symlink_to(tmp_path / "secret.txt")
    before = files(tmp_path)
    command, *argv = case.argv if case.argv and not case.argv[0].startswith("-") else ("check", *case.argv)
    ran = run(command, folder, *(data if a == DATA else a for a in argv))
    assert_one_clear_error(ran, case.kind, case.says, tmp_path)
    assert "secret" not in ran.err.replace("secret.txt", "")
    assert "hunter2" not in ran.err
    assert not ran.out
    assert files(tmp_path) == before


# ---------------------------------------------------------------------------------------------------------------------
# Rows that cannot be used: set aside, counted by reason, written out on request.


@dataclass(frozen=True)
class SetAside:
    name: str
    break_: Break
    reasons: dict[str, int]
    table: str


SET_ASIDE: list[SetAside] = []


def set_aside(reasons: dict[str, int], table: str = "order_lines") -> Callable[[Break], Break]:
    def add(break_: Break) -> Break:
        SET_ASIDE.append(SetAside(break_.__name__, break_, reasons, table))
        return break_

    return add


COPIES, CLASH = "exact copy of a row with the same order_id, line_id", "same order_id, line_id with different content"


@set_aside({COPIES: 5})
def identical_rows(s: small.Small) -> None:
    s.lines.extend(dict(row) for row in s.lines[:5])


@set_aside({COPIES: 1, CLASH: 4})
def one_key_for_different_rows(s: small.Small) -> None:
    s.lines.extend(dict(row, price_amount="1") for row in [*s.lines[:2], s.lines[0]])


@set_aside({"exact copy of a row with the same sku_id": 2}, table="products")
def identical_products(s: small.Small) -> None:
    s.tables["products"] += s.tables["products"][:2]


@set_aside({"delivered_at comes before ordered_at": 3})
def delivered_before_ordered(s: small.Small) -> None:
    s.set("delivered_at", "2024-12-01 10:00:00", rows=slice(3))


@set_aside({"cancelled_at comes before ordered_at": 1})
def cancelled_before_ordered(s: small.Small) -> None:
    s.set("cancelled_at", "2024-12-01 10:00:00", rows=slice(7, 8))


@set_aside({"promised_at comes before ordered_at": 2})
def promised_before_ordered(s: small.Small) -> None:
    s.set("promised_at", "2024-12-01", rows=slice(2))


@set_aside({"price_amount is not a number (NaN)": 2, "price_amount is implausibly large (over 1e+12)": 3})
def numbers_that_are_none(s: small.Small) -> None:
    for row, text in zip(s.lines, ("nan", "NaN", "inf", "-Infinity", "1e300"), strict=False):
        row["price_amount"] = text


@set_aside({
    "ordered_units is negative": 1,
    "shipped_units is implausibly large (over 1e+09)": 1,
    "rating_share is above 1": 2,
    "rating_share is negative": 1,
})  # fmt: skip
def numbers_out_of_range(s: small.Small) -> None:
    s.set("ordered_units", "-1", rows=slice(1))
    s.set("shipped_units", "1e12", rows=slice(1, 2))
    s.set("rating_share", "4", rows=slice(2, 4))
    s.set("rating_share", "-0.5", rows=slice(4, 5))


@set_aside({"delivered_at cannot be read as a time": 2, "price_amount cannot be read as a number": 1})
def few_values_unreadable(s: small.Small) -> None:
    s.set("delivered_at", "=soon()", rows=slice(1))
    s.set("delivered_at", "2025-02-30 10:00:00", rows=slice(1, 2))
    s.set("price_amount", "12 €", rows=slice(2, 3))


@set_aside({"promised_at lies outside 1990 to 2100": 2, "ordered_at lies outside 1990 to 2100": 1})
def times_outside_the_century(s: small.Small) -> None:
    s.set("promised_at", "9999-12-31", rows=slice(2))
    s.set("ordered_at", "0025-01-06 07:10:00", rows=slice(2, 3))


@set_aside({"delivered_at lies outside 1990 to 2100": 3})
def times_beyond_any_calendar(s: small.Small) -> None:
    s.sql(
        "order_lines",
        "SELECT 'o' || i AS order_id, '1' AS line_id, TIMESTAMP '2025-01-06' + to_hours(i) AS ordered_at, CASE i "
        "WHEN 0 THEN TIMESTAMP 'infinity' WHEN 1 THEN TIMESTAMP '-infinity' WHEN 2 THEN TIMESTAMP '290000-01-01' END "
        "AS delivered_at FROM range(150) t(i)",
    )


@set_aside({"order_id is missing": 1, "line_id is missing": 2, "ordered_at is missing": 1})
def keys_missing(s: small.Small) -> None:
    s.set("order_id", "", rows=slice(1))
    s.set("line_id", "  ", rows=slice(1, 3))
    s.set("ordered_at", "", rows=slice(3, 4))


@set_aside({"ordered outside the period": 180})
def part_outside_the_period(s: small.Small) -> None:
    s.toml += "start = 2025-02-01\nend = 2025-03-01\n"


@set_aside({"sku_id is missing": 1}, table="products")
def product_without_a_name(s: small.Small) -> None:
    s.tables["products"].append({"sku_id": "", "brand": "b", "category": "c"})


@set_aside(
    {
        "period_on cannot be read as a date": 1,
        "same sku_id, channel_id, node_id, forecast_on, period_on with different content": 2,
    },
    table="forecasts",
)
def keys_with_gaps(s: small.Small) -> None:
    row = {
        "sku_id": "s0",
        "forecast_on": "2025-01-01",
        "period_on": "2025-01-08",
        "period_days": "7",
        "forecast_units": "1",
    }
    s.tables["forecasts"] = [dict(row, sku_id=f"s{i}") for i in range(200)]
    s.tables["forecasts"] += [dict(row, forecast_units="2"), dict(row, sku_id="x", period_on="then")]


def with_stock(s: small.Small, table: str = "stock_days") -> list[small.Row]:
    """Rows of one of the stock tables, put beside the order lines."""
    s.tables[table] = small.stocked().tables[table]
    return s.tables[table]


@set_aside(
    {
        "exact copy of a row with the same sku_id, node_id, day": 3,
        "same sku_id, node_id, day with different content": 4,
    },
    table="stock_days",
)
def stock_counted_twice(s: small.Small) -> None:
    rows = with_stock(s)
    rows += [dict(r) for r in rows[:3]] + [dict(r, on_hand_units="99") for r in rows[10:12]]


@set_aside(
    {
        "on_hand_units is not a number (NaN)": 1,
        "sold_units is implausibly large (over 1e+09)": 2,
        "sold_units is missing": 1,
        "empty_share is above 1": 1,
        "day lies outside 1990 to 2100": 1,
    },
    table="stock_days",
)
def stock_that_is_no_stock(s: small.Small) -> None:
    rows = with_stock(s)
    rows[0]["on_hand_units"], rows[1]["sold_units"], rows[2]["sold_units"] = "nan", "inf", "-1e12"
    rows[3]["sold_units"], rows[4]["empty_share"], rows[5]["day"] = "", "1.5", "1025-01-09"


@set_aside(
    {
        "received_at comes before placed_at": 2,
        "ordered_units is negative": 1,
        "received_units is not a number (NaN)": 1,
        "placed_at is missing": 1,
    },
    table="supply_orders",
)
def received_before_it_was_ordered(s: small.Small) -> None:
    rows = with_stock(s, "supply_orders")
    for row in rows[:2]:
        row["received_at"] = "2024-12-24 08:00:00"
    rows[2]["ordered_units"], rows[3]["received_units"], rows[4]["placed_at"] = "-16", "NaN", ""


@pytest.fixture
def healths(monkeypatch: pytest.MonkeyPatch) -> list[Health]:
    """What `check` found, besides what it printed."""
    found: list[Health] = []
    really = Study.check

    def check(study: Study) -> Health:
        found.append(really(study))
        return found[-1]

    monkeypatch.setattr(Study, "check", check)
    return found


def assert_rows_add_up(health: Health) -> None:
    for table in health.tables:
        assert table.rows_in == table.rows_used + sum(a.rows for a in table.set_aside), table


@pytest.mark.parametrize("case", SET_ASIDE, ids=lambda c: c.name)
def test_rows_set_aside_are_counted_and_written(
    case: SetAside, tmp_path: Path, run: Callable[..., Ran], healths: list[Health]
) -> None:
    portfolio = small.good()
    case.break_(portfolio)
    # The others are as good as ever, and each takes its time.
    portfolio.tables = {name: rows for name, rows in portfolio.tables.items() if name in ("order_lines", case.table)}
    ran = run("check", portfolio.write(tmp_path / "shop"), "--out", tmp_path / "aside")
    assert (ran.code, ran.err) == (0, "")
    (health,) = healths
    assert_rows_add_up(health)
    told = {table.table: {a.reason: a.rows for a in table.set_aside} for table in health.tables}
    assert told.pop(case.table) == case.reasons
    assert not any(told.values()), told
    for reason in case.reasons:
        assert reason in " ".join(ran.out.split())
    expected = {reason: n for reason, n in case.reasons.items() if "exact copy" not in reason}
    if not expected:
        assert not files(tmp_path / "aside")
        return
    with (tmp_path / "aside" / f"{case.table}_set_aside.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = [row["set_aside_reason"] for row in rows]
    assert {r: sum(w.split(":")[0] == r for w in written) for r in expected} == expected
    assert len(written) == sum(expected.values())


def test_what_could_not_be_read_is_quoted_in_the_file(tmp_path: Path, run: Callable[..., Ran]) -> None:
    portfolio = small.good()
    few_values_unreadable(portfolio)
    portfolio.set("destination", '=HYPERLINK("http://x")', rows=slice(2))
    out = tmp_path / "aside"
    assert run("check", portfolio.write(tmp_path / "shop"), "--out", out).code == 0
    text = (out / "order_lines_set_aside.csv").read_text(encoding="utf-8")
    assert "delivered_at cannot be read as a time: =soon()" in text
    assert "price_amount cannot be read as a number: 12 €" in text
    assert '"\'=HYPERLINK(""http://x"")"' in text
    # Mended, and checked again: what was written before is gone.
    assert run("check", small.good().write(tmp_path / "shop"), "--out", out).code == 0
    assert not files(out)


# ---------------------------------------------------------------------------------------------------------------------
# Rows that are odd but used: told as a suspicion.


def test_stages_out_of_order_are_kept_but_untraced(tmp_path: Path) -> None:
    portfolio = small.good()
    for row in portfolio.lines[:60]:
        row["released_at"], row["handed_over_at"] = row["handed_over_at"], row["released_at"]
    portfolio.toml += "[targets]\nfulfilment_hours = 1\ncarriage_hours = 1\n"
    with fourwalls.open(portfolio.write(tmp_path / "shop")) as study:
        health, gap = study.check(), study.diagnose().total.gap
    assert_rows_add_up(health)
    assert [t.rows_used for t in health.tables if t.table == "order_lines"] == [300]
    assert [s.rows for s in health.suspicions if s.code == "stages_out_of_order"] == [60]
    assert gap.untraced.value > 0  # type: ignore[union-attr]


def test_prices_below_zero_are_no_order_value_to_divide_by(tmp_path: Path) -> None:
    made = small.good()
    for n, row in enumerate(made.lines):
        row["price_amount"] = f"-{10 + n % 90}"
    days = sorted({row["ordered_at"][:10] for row in made.lines})
    made.tables["leakage"] = [
        {"day": day, "cause": "expedite", "amount": "20", "category": "chairs"} for day in days[::3]
    ]
    with fourwalls.open(made.write(tmp_path / "shop")) as study:
        told = [r for r in study.diagnose().total.evidence if r.name == "leakage_share"]
    assert [isinstance(r.figure, Refusal) and r.figure.code for r in told] == ["no_value"]


def test_promise_missing_for_a_third(tmp_path: Path) -> None:
    portfolio = small.good()
    for row in portfolio.lines[::3]:
        row["promised_at"] = ""
    with fourwalls.open(portfolio.write(tmp_path / "shop")) as study:
        health, readings = study.check(), study.diagnose().total.readings
    assert_rows_add_up(health)
    assert [s.column for s in health.suspicions if s.code == "no_promise"] == ["promised_at"]
    assert 150 < next(r.n for r in readings if r.name == "on_time_share") <= 200


def test_a_party_nobody_knows_is_on_neither_side(tmp_path: Path) -> None:
    portfolio = small.good()
    portfolio.set("carrier_id", "ghost", rows=slice(150))
    portfolio.toml += "[targets]\ncarriage_hours = 20\n"
    with fourwalls.open(portfolio.write(tmp_path / "shop")) as study:
        health, contributions = study.check(), study.diagnose().total.contributions
    assert [(s.column, s.rows) for s in health.suspicions if s.code == "unknown_party"] == [("carrier_id", 150)]
    walls = {(c.party_id, c.wall) for c in contributions if c.stage == "carriage"}
    assert walls == {("swift", "between"), ("ghost", "unknown")}


# ---------------------------------------------------------------------------------------------------------------------
# Names that would do something where they are shown.

HOSTILE = (
    "<script>alert(1)</script>", '=HYPERLINK("http://x","y")', "@SUM(1)", "two\nlines", "\u202eevil", "x" * 10_000,
    "\x1b[31mred", "a;=1+1", "' OR 1=1 --", "{{ 7 * 7 }}",
)  # fmt: skip


def test_hostile_names_are_only_names(tmp_path: Path, run: Callable[..., Ran]) -> None:
    portfolio = small.good()
    portfolio.tables["products"] = [{"sku_id": f"s{i}", "category": name} for i, name in enumerate(HOSTILE)]
    for i, row in enumerate(portfolio.lines):
        row["sku_id"], row["order_id"] = f"s{i % len(HOSTILE)}", f"{HOSTILE[i % len(HOSTILE)]}{i}"
        row["destination"] = HOSTILE[i % len(HOSTILE)]
    out = tmp_path / "out"
    folder = portfolio.write(tmp_path / "shop")
    ran = run("diagnose", folder, "--out", out)
    assert (ran.code, ran.err) == (0, "")
    lines = run("chain", folder, "--lines", "--out", out)
    assert lines.code == 0, lines.err
    page = (out / "page.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\u202e" not in page + ran.out + lines.out
    assert "\x1b" not in page + ran.out + lines.out
    assert "{{" not in page.replace("{{ 7 * 7 }}", "")
    found = json.loads((out / "diagnosis.json").read_text(encoding="utf-8"))
    assert {a["asset"]["category"] for a in found["assets"]} == set(HOSTILE)
    with (out / "order_lines.csv").open(encoding="utf-8", newline="") as file:
        cells = [value for row in csv.DictReader(file) for value in (row["order_id"], row["destination"])]
    assert cells
    assert not [c for c in cells if c.startswith(("=", "@", "+", "-", "\t", "\n", "\r"))]
    assert '"a;=1+1"' in (out / "order_lines.csv").read_text(encoding="utf-8")
    unknown = run("chain", folder, "--asset", "nothing\x1b[31m")
    assert_one_clear_error(unknown, "PortfolioError", ("There is no asset 'nothing[31m'",), tmp_path)
    assert len(unknown.err) < 2500


# ---------------------------------------------------------------------------------------------------------------------
# Places that cannot be read or written.


def test_folder_missing(tmp_path: Path, run: Callable[..., Ran]) -> None:
    ran = run("check", tmp_path / "nowhere")
    assert_one_clear_error(ran, "PortfolioError", ("There is no folder 'nowhere'", "fourwalls init"), tmp_path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("order_lines.csv", "MappingError"), ("order_lines.sql", "MappingError"), ("portfolio.toml", "PortfolioError")],
)
def test_permission_denied(
    name: str, kind: str, tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio = small.good()
    if name.endswith(".sql"):
        portfolio.sql("order_lines", "SELECT 1")
    folder = portfolio.write(tmp_path / "shop")
    really = Path.open

    def refuse(path: Path, *args: object, **kwargs: object) -> object:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *args, **kwargs)  # type: ignore[call-overload]

    # Not chmod: tests may run as root, whom nothing is denied.
    monkeypatch.setattr(Path, "open", refuse)
    assert_one_clear_error(run("check", folder), kind, (name, "cannot be read: Permission denied"), tmp_path)


def test_a_table_that_is_a_link_out_of_the_folder(tmp_path: Path, run: Callable[..., Ran]) -> None:
    portfolio = small.good()
    (tmp_path / "mine.csv").write_text(small.as_csv(portfolio.tables.pop("order_lines")))
    folder = portfolio.write(tmp_path / "shop")
    (folder / "tables" / "order_lines.csv").symlink_to(tmp_path / "mine.csv")
    ran = run("check", folder)
    assert_one_clear_error(ran, "MappingError", ("order_lines.csv is a link that leads out of the folder",), tmp_path)


def old_page(folder: Path) -> Path:
    folder.mkdir()
    (folder / "page.html").write_text("the old page")
    return folder


def test_out_is_a_file(tmp_path: Path, run: Callable[..., Ran]) -> None:
    (tmp_path / "taken").write_text("mine")
    ran = run("diagnose", small.good().write(tmp_path / "shop"), "--out", tmp_path / "taken")
    assert_one_clear_error(ran, "OutputError", ("Cannot write to 'taken'", "--out"), tmp_path)
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.parametrize("step", ["mkdtemp", "write_text", "is_dir"])
def test_out_cannot_be_written(
    step: str, tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small.good().write(tmp_path / "shop")
    out = old_page(tmp_path / "out")

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device", str(out))

    really = tempfile.mkdtemp
    if step == "mkdtemp":
        monkeypatch.setattr(tempfile, "mkdtemp", lambda *a, **k: fail() if out in k.values() else really(*a, **k))
    elif step == "write_text":
        monkeypatch.setattr(Path, "write_text", fail)
    else:
        (out / "diagnosis.json").mkdir()
    ran = run("diagnose", folder, "--out", out)
    assert_one_clear_error(ran, "OutputError", ("Cannot write to 'out'",), tmp_path)
    assert files(out) == {"page.html": b"the old page"}


def test_no_place_for_temporary_files(tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/root/x']")

    monkeypatch.setattr(tempfile, "mkdtemp", fail)
    ran = run("check", small.good().write(tmp_path / "shop"))
    assert_one_clear_error(ran, "OutputError", ("No temporary folder can be made", "TMPDIR"), tmp_path)


def test_a_new_folder_that_cannot_be_filled_goes(
    tmp_path: Path, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small.good().write(tmp_path / "shop")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    ran = run("diagnose", folder, "--out", tmp_path / "new")
    assert_one_clear_error(ran, "OutputError", ("Read-only file system",), tmp_path)
    assert not (tmp_path / "new").exists()


def test_an_old_page_survives_bad_input(tmp_path: Path, run: Callable[..., Ran]) -> None:
    portfolio = small.good()
    portfolio.drop("ordered_at")
    out = old_page(tmp_path / "out")
    assert run("diagnose", portfolio.write(tmp_path / "shop"), "--out", out).code == 2
    assert files(out) == {"page.html": b"the old page"}


def test_ctrl_c(tmp_path: Path) -> None:
    portfolio = small.good()
    portfolio.sql("order_lines", "SELECT sum(a.range * b.range) AS order_id FROM range(1000000) a, range(1000000) b")
    (tmp_path / "tmp").mkdir()
    running = subprocess.Popen(
        [sys.executable, "-c", "from fourwalls.surfaces.cli import main; main()", "diagnose", portfolio.write(tmp_path / "shop")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        # Whoever runs the tests in the background may have had the signal ignored for all below.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        while not any((tmp_path / "tmp").iterdir()) and running.poll() is None:
            time.sleep(0.05)
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    finally:
        running.kill()
        running.wait()
    assert (running.returncode, out, err.strip()) == (130, "", "Stopped.")
    assert not any((tmp_path / "tmp").iterdir())
    assert not (tmp_path / "shop" / "out").exists()


def test_a_terminal_that_knows_no_dashes(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from fourwalls.surfaces.cli import main; main()", "check", small.good().write(tmp_path / "shöp")],
        capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


# ---------------------------------------------------------------------------------------------------------------------
# Whatever stands in the file.

COLUMNS = tuple(small.good().lines[0])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    portfolio = small.good()
    portfolio.tables = {"order_lines": portfolio.lines}
    return portfolio.write(tmp_path_factory.mktemp("any") / "shop")


def checked(folder: Path) -> None:
    """The command ends as it may; everything else is an exception that fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["fourwalls", "check", str(folder)])
        try:
            cli.main()
        except SystemExit as stop:
            assert stop.code in (0, 2)  # noqa: PT017


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(COLUMNS), st.text(st.characters(codec="utf-8"), max_size=40)), min_size=1, max_size=3
    )
)
@example([("delivered_at", "infinity"), ("ordered_at", "-infinity"), ("price_amount", "1e999")])
@example([("order_id", "\x00"), ("ordered_at", "0000-00-00"), ("ordered_units", "\ufeff")])
def test_any_text_in_any_column(shop: Path, changes: list[tuple[str, str]]) -> None:
    lines = small.good().lines
    for number, (column, text) in enumerate(changes):
        lines[number][column] = text
    (shop / "tables" / "order_lines.csv").write_text(small.as_csv(lines), encoding="utf-8", newline="")
    checked(shop)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_for_a_file(shop: Path, content: bytes, has_header: bool) -> None:
    header = b"order_id,line_id,ordered_at\n" if has_header else b""
    (shop / "tables" / "order_lines.csv").write_bytes(header + content)
    checked(shop)
