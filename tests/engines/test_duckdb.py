from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fourwalls.engines.complaints import Place, complaint
from fourwalls.engines.csv_files import DELIMITERS
from fourwalls.engines.duckdb import DuckDBEngine, Opened
from fourwalls.errors import FourwallsError, MappingError, PortfolioError, TableError
from fourwalls.tables.schema import TABLES
from fourwalls.tables.sources import Source

BERLIN = "Europe/Berlin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tables"


@pytest.fixture
def engine(folder: Path) -> Iterator[DuckDBEngine]:
    (folder / "data").mkdir(parents=True)
    engine = DuckDBEngine((folder,), folder / "data")
    yield engine
    engine.close()


@pytest.fixture
def opened(engine: DuckDBEngine, folder: Path) -> Any:
    def open_(content: str | bytes | pa.Table, table: str = "order_lines", zone: str | None = None) -> Opened:
        if isinstance(content, pa.Table):
            path = folder / f"{table}.parquet"
            pq.write_table(content, path)
        else:
            raw = content.encode() if isinstance(content, str) else content
            path = folder / f"{table}.{'sql' if b'SELECT' in raw else 'csv'}"
            path.write_bytes(raw)
        return engine.open(Source(TABLES[table], path), zone)

    return open_


def values(engine: DuckDBEngine, found: Opened, *columns: str) -> list[Any]:
    table = engine.run(found.table.select(*columns))
    rows = list(zip(*(table[c].to_pylist() for c in columns), strict=True))
    return [row[0] for row in rows] if len(columns) == 1 else rows


def times(*texts: str, column: str = "ordered_at") -> str:
    rows = "".join(f"o{i},1,{t if column == 'ordered_at' else '2025-01-01 00:00'},{t}\n" for i, t in enumerate(texts))
    return f"order_id,line_id,ordered_at,{column if column != 'ordered_at' else 'other'}\n{rows}"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- how a CSV file may be written


PLAIN = 'order_id,line_id,ordered_at,price_amount,destination\no1,1,2025-01-06 07:10:00,9.50,"here, there"\no2,1,2025-01-06 07:10:00,1234.5,\n'
EXPECTED = [
    ("o1", "1", at("2025-01-06 07:10:00"), 9.5, "here, there"),
    ("o2", "1", at("2025-01-06 07:10:00"), 1234.5, None),
]
GERMAN = 'order_id;line_id;ordered_at;price_amount;destination\no1;1;2025-01-06 07:10:00;9,50;here, there\no2;1;2025-01-06 07:10:00;1.234,5;""\n'


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "\ufeff" + GERMAN.replace("\n", "\r\n"),
        PLAIN.replace('"here, there"', "here\tthere").replace(",", "\t").replace("here\tthere", "here, there"),
        PLAIN.replace('"here, there"', "here; there").replace(",", "|").replace("here; there", "here, there"),
        PLAIN.replace("order_id,line_id", " Order_ID , LINE_ID"),
        PLAIN.replace("\no2", "\n\n\no2").replace("o1,1", " o1 , 1 "),
        PLAIN.replace("destination\n", "destination,\n").replace('"\n', '",\n').replace("1234.5,\n", "1234.5,,\n"),
    ],
    ids=["plain", "mark", "dos", "german", "tabs", "bars", "loose names", "blanks", "delimiter at the end"],
)
def test_a_csv_file_as_programs_write_it(engine: DuckDBEngine, opened: Any, text: str) -> None:
    found = opened(text)
    assert values(engine, found, "order_id", "line_id", "ordered_at", "price_amount", "destination") == EXPECTED


def test_decimal_commas_are_told(opened: Any) -> None:
    assert opened(GERMAN).notes == ("tables/order_lines.csv: 'price_amount' uses decimal commas.",)


def test_line_breaks_and_quotes_within_quotes(engine: DuckDBEngine, opened: Any) -> None:
    text = 'order_id,line_id,ordered_at,destination\no1,1,2025-01-06,"two\nlines, ""quoted"""\n#o2,1,2025-01-06,x\n'
    assert values(engine, opened(text), "order_id", "destination") == [("o1", 'two\nlines, "quoted"'), ("#o2", "x")]


def test_first_lines_are_never_skipped(engine: DuckDBEngine, opened: Any) -> None:
    rows = "".join(f"o{i},1,2025-01-06,\n" for i in range(9)) + "o9,1,2025-01-06,3.5\n"
    found = opened(f"order_id,line_id,ordered_at,price_amount\n{rows}")
    assert values(engine, found, "order_id") == [f"o{i}" for i in range(10)]


def test_a_header_without_end(opened: Any) -> None:
    with pytest.raises(MappingError, match="no header can be read: field larger than field limit"):
        opened("x" * 200_000)


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_delimiters_are_told_apart_by_known_columns(engine: DuckDBEngine, opened: Any, delimiter: str) -> None:
    text = 'order_id,line_id,ordered_at,"a|b;c\td,e"\no,1,2025-01-06,x\n'
    assert values(engine, opened(text.replace(",", delimiter)), "order_id", "line_id") == [("o", "1")]


# --- times


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-01-06 07:10:05", "2025-01-06 07:10:05"),
        ("2025-01-06T07:10", "2025-01-06 07:10:00"),
        ("2025/1/6 7:10:05.250", "2025-01-06 07:10:05.250"),
        ("2025-01-06", "2025-01-06 00:00:00"),
        (" 2025-01-06 ", "2025-01-06 00:00:00"),
        ("2025-01-06T07:10:05Z", "2025-01-06 07:10:05"),
        ("2025-01-06 07:10:05 UTC", "2025-01-06 07:10:05"),
        ("2025-01-06 07:10:05+01", "2025-01-06 06:10:05"),
        ("2025-01-06 07:10:05 -0330", "2025-01-06 10:40:05"),
        ("2025-01-06T07:10:05.123456789+01:00", "2025-01-06 06:10:05.123456"),
    ],
)
def test_times_as_they_are_written(engine: DuckDBEngine, opened: Any, text: str, utc: str) -> None:
    assert values(engine, opened(times(text)), "ordered_at") == [at(utc)]


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-06 07:10:05 PM", "2025-01-06 07:10 Europe/Berlin", "06.01.2025", "01/06/2025", "45000", "infinity",
        "epoch", "290000-01-01", "2025-01-06 (BC)", "2025-02-30", "2025-01-06 25:00",
    ],
)  # fmt: skip
def test_times_that_are_not_understood_whole(opened: Any, text: str) -> None:
    with pytest.raises(TableError, match="found 1 of 1 values of another kind; first such value"):
        opened(times(text))


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2025-01-06 12:00", "2025-01-06 11:00"),
        ("2025-07-06 12:00", "2025-07-06 10:00"),
        ("2025-03-30 01:59:59", "2025-03-30 00:59:59"),
        # The clock went from 02:00 to 03:00: a time between never was, and is read one hour later.
        ("2025-03-30 02:30", "2025-03-30 01:30"),
        ("2025-03-30 03:00", "2025-03-30 01:00"),
        # The clock went from 03:00 back to 02:00: the hour came twice, and the later one is meant.
        ("2025-10-26 01:59", "2025-10-25 23:59"),
        ("2025-10-26 02:30", "2025-10-26 01:30"),
        ("2025-10-26 03:00", "2025-10-26 02:00"),
        # What carries an offset needs no zone.
        ("2025-10-26 02:30+02:00", "2025-10-26 00:30"),
    ],
)
def test_local_times_across_the_change_of_clocks(engine: DuckDBEngine, opened: Any, local: str, utc: str) -> None:
    assert values(engine, opened(times(local, "2025-01-01 00:00+00:00"), zone=BERLIN), "ordered_at")[0] == at(utc)


def test_columns_of_a_database_follow_the_same_clocks(engine: DuckDBEngine, opened: Any) -> None:
    sql = """SELECT 'o' AS order_id, 1 AS line_id, TIMESTAMP '2025-10-26 02:30' AS ordered_at,
        TIMESTAMPTZ '2025-10-26 02:30+02' AS released_at, DATE '2025-10-28' AS promised_at"""
    found = opened(sql, zone=BERLIN)
    expected = (at("2025-10-26 01:30"), at("2025-10-26 00:30"), at("2025-10-28 22:59:59"))
    assert values(engine, found, "ordered_at", "released_at", "promised_at") == [expected]


@pytest.mark.parametrize(("zone", "end"), [(None, "2025-07-28 23:59:59"), (BERLIN, "2025-07-28 21:59:59")])
def test_a_promised_day_ends_at_its_end(engine: DuckDBEngine, opened: Any, zone: str | None, end: str) -> None:
    text = times("2025-07-28", "2025-7-28", "2025-07-28 12:00", column="promised_at")
    first, second, timed = values(engine, opened(text, zone=zone), "promised_at")
    assert first == second == at(end)
    assert timed.minute == 0


def test_days_beside_times_with_offsets_need_no_zone(engine: DuckDBEngine, opened: Any) -> None:
    text = "order_id,line_id,ordered_at,promised_at\no,1,2025-01-06 07:10+01:00,2025-01-08\n"
    assert values(engine, opened(text), "ordered_at", "promised_at") == [
        (at("2025-01-06 06:10"), at("2025-01-08 23:59:59"))
    ]


# --- columns of other kinds


def test_other_kinds(engine: DuckDBEngine, opened: Any) -> None:
    text = "sku_id,brand,launched_on\n007,,2025-01-06 10:00\n 8 , b ,\n"
    found = opened(text, "products")
    assert values(engine, found, "sku_id", "brand", "launched_on") == [
        ("007", None, at("2025-01-06").date()),
        ("8", "b", None),
    ]
    found = opened("SELECT 1 AS case_id, 'x' AS case_kind, '' AS activity, now() AS at, 'yes' AS closed", "work_log")
    assert values(engine, found, "case_id", "activity", "closed") == [("1", None, True)]
    found = opened(
        "SELECT '' AS feed_id, 1 AS from_system, 2 AS to_system, now() AS expected_at, NULL AS arrived_at", "feeds"
    )
    assert values(engine, found, "feed_id", "from_system", "arrived_at") == [(None, "1", None)]


def test_days_of_a_database(engine: DuckDBEngine, opened: Any) -> None:
    days = ("DATE '2025-01-06'", "TIMESTAMP '2025-01-06 23:00'", "TIMESTAMPTZ '2025-01-07 01:00+02'")
    rows = " UNION ALL ".join(f"SELECT '{i}' AS sku_id, {day} AS launched_on" for i, day in enumerate(days[:2]))
    found = opened(f"{rows} ORDER BY sku_id", "products")
    assert values(engine, found, "launched_on") == [at("2025-01-06").date()] * 2
    found = opened(
        f"SELECT 's' AS feed_id, {days[2]} AS expected_at, 1 AS from_system, 2 AS to_system, NULL AS arrived_at",
        "feeds",
    )
    assert values(engine, found, "expected_at") == [at("2025-01-06 23:00")]
    found = opened(f"SELECT 'x' AS cause, 1 AS amount, {days[2]} AS day", "leakage")
    assert values(engine, found, "day") == [at("2025-01-06").date()]


def test_flags_of_a_database(engine: DuckDBEngine, opened: Any) -> None:
    found = opened("SELECT 1 AS case_id, 'x' AS case_kind, 'a' AS activity, now() AS at, true AS closed", "work_log")
    assert values(engine, found, "closed") == [True]


@pytest.mark.parametrize(
    ("table", "column", "sql"),
    [
        ("products", "sku_id", "SELECT 1.5::DOUBLE AS sku_id"),
        ("products", "launched_on", "SELECT 'a' AS sku_id, 3 AS launched_on"),
        ("work_log", "closed", "SELECT 1 AS case_id, 'x' AS case_kind, 'a' AS activity, now() AS at, 3 AS closed"),
        ("order_lines", "price_amount", "SELECT 'o' AS order_id, '1' AS line_id, now() AS ordered_at, [1] AS price_amount"),
    ],
)  # fmt: skip
def test_types_that_cannot_be_the_kind(opened: Any, table: str, column: str, sql: str) -> None:
    with pytest.raises(TableError, match=rf"column '{column}': found .*; allowed: "):
        opened(sql, table)


def test_text_numbers(engine: DuckDBEngine, opened: Any) -> None:
    rows = "".join(f"o{i},1,2025-01-06,{v}\n" for i, v in enumerate(("1e2", " 3 ", "-.5", "", '"  "')))
    found = opened("order_id,line_id,ordered_at,price_amount\n" + rows)
    assert values(engine, found, "price_amount") == [100.0, 3.0, -0.5, None, None]


def test_unreadable_values_up_to_a_hundredth(engine: DuckDBEngine, opened: Any) -> None:
    rows = [f"o{i},1,2025-01-06,{i}\n" for i in range(200)]
    rows[5], rows[9] = "o5,1,then,5\n", "o9,1,when,dear\n"
    found = opened("order_id,line_id,ordered_at,price_amount\n" + "".join(rows))
    broken = engine.run(found.table.filter(found.table.unreadable.notnull()))
    told = zip(*(broken[name].to_pylist() for name in ("order_id", "unreadable", "unreadable_text")), strict=True)
    assert sorted(told) == [("o5", "ordered_at", "then"), ("o9", "ordered_at", "when")]
    rows[11] = "o11,1,never,5\n"
    with pytest.raises(TableError, match=r"column 'ordered_at', row 6: found 3 of 200 .* 'then'"):
        opened("order_id,line_id,ordered_at,price_amount\n" + "".join(rows))


def test_columns_nobody_knows_are_told_and_a_currency_is_kept(opened: Any) -> None:
    found = opened("order_id,line_id,ordered_at,Currency,colour\no,1,2025-01-06,eur,red\n")
    assert (found.ignored, found.currency) == (("colour",), "EUR")
    assert opened("order_id,line_id,ordered_at,currency\no,1,2025-01-06,\n").currency is None


def test_parquet_as_it_is(engine: DuckDBEngine, opened: Any) -> None:
    table = pa.table({
        "ORDER_ID": [1, 2], "line_id": ["1", "1"], "ordered_at": pa.array([0, 10**9], pa.timestamp("ns", "UTC")),
        "price_amount": pa.array([1, None], pa.decimal128(9, 2)),
    })  # fmt: skip
    found = opened(table)
    assert found.source == "order_lines.parquet"
    assert values(engine, found, "order_id", "ordered_at", "price_amount") == [
        ("1", at("1970-01-01"), 1.0), ("2", at("1970-01-01 00:00:01"), None),
    ]  # fmt: skip


def test_times_as_text_in_parquet(engine: DuckDBEngine, opened: Any) -> None:
    found = opened(pa.table({"order_id": ["a"], "line_id": ["1"], "ordered_at": ["2025-01-06T07:10:00+01:00"]}))
    assert values(engine, found, "ordered_at") == [at("2025-01-06 06:10")]


@pytest.mark.parametrize("form", ["{}", "{};", "-- ü\n\n{} -- ; so\n ; -- and so\n/* ; */\n", "\ufeff{}", "({})"])
def test_a_statement_may_end_as_people_end_it(engine: DuckDBEngine, opened: Any, form: str) -> None:
    found = opened(form.format("SELECT 'ö;' AS order_id, '1' AS line_id, now() AS ordered_at"))
    assert values(engine, found, "order_id") == ["ö;"]


# --- what the engine cannot be made to do


def test_data_folders_of_any_name(tmp_path: Path) -> None:
    data = tmp_path / "it's {data} [a] * ü"
    data.mkdir()
    (data / "a.csv").write_text("id\n7\n")
    (tmp_path / "order_lines.sql").write_text(
        "SELECT id AS order_id, '1' AS line_id, now() AS ordered_at FROM read_csv('{data}/a.csv')"
    )
    engine = DuckDBEngine((tmp_path,), data)
    found = engine.open(Source(TABLES["order_lines"], tmp_path / "order_lines.sql"))
    assert values(engine, found, "order_id") == ["7"]
    engine.close()


def test_a_database_is_attached_to_be_read(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "my shop.duckdb")) as base:
        base.execute("CREATE TABLE lines AS SELECT 'o' AS order_id, '1' AS line_id, now() AS ordered_at")
    (tmp_path / "order_lines.sql").write_text("SELECT * FROM lines")
    engine = DuckDBEngine((tmp_path,), None, f"duckdb://{tmp_path}/my%20shop.duckdb")
    found = engine.open(Source(TABLES["order_lines"], tmp_path / "order_lines.sql"))
    assert values(engine, found, "order_id") == ["o"]
    engine.close()
    (tmp_path / "no.duckdb").write_text("this is no database, only text that stands in a file of that name" * 99)
    with pytest.raises(PortfolioError, match=r"source 'no\.duckdb' is no DuckDB file that can be opened") as raised:
        DuckDBEngine((), None, f"duckdb://{tmp_path}/no.duckdb")
    assert str(tmp_path) not in str(raised.value)


def test_settings_stay_as_they_are(engine: DuckDBEngine, opened: Any) -> None:
    told = opened(
        "SELECT name AS order_id, value AS line_id, now() AS ordered_at FROM duckdb_settings() WHERE name IN "
        "('enable_external_access', 'lock_configuration', 'allow_persistent_secrets', 'autoinstall_known_extensions')"
    )
    assert dict(values(engine, told, "order_id", "line_id")) == {
        "enable_external_access": "false", "lock_configuration": "true", "allow_persistent_secrets": "false",
        "autoinstall_known_extensions": "false",
    }  # fmt: skip


def test_the_spill_folder_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    engine = DuckDBEngine()
    (spill,) = tmp_path.iterdir()
    assert spill.is_dir()
    engine.close()
    assert not any(tmp_path.iterdir())


def test_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DuckDBEngine(memory_gib=0.01)
    rows = ibis.range(3_000_000).unnest().name("i").as_table()
    with pytest.raises(FourwallsError, match="needs more memory or disk than there is"):
        engine.run(rows.aggregate(everything=rows.i.collect()))
    engine.close()


def test_work_that_is_stopped(engine: DuckDBEngine) -> None:
    def work() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine._awaited(work)


def test_a_mistake_of_ours_is_no_bad_input(engine: DuckDBEngine) -> None:
    with pytest.raises(duckdb.CatalogException):
        engine.run(ibis.table({"a": "int64"}, name="nowhere"))


def test_a_file_that_breaks_late(engine: DuckDBEngine, folder: Path, opened: Any) -> None:
    """Parquet is read when it is needed; that it is broken shows only then."""
    found = opened(pa.table({"order_id": ["a" * 50] * 5000, "line_id": ["1"] * 5000, "ordered_at": ["2025-01-06"] * 5000})
                   .set_column(2, "ordered_at", pa.array([0] * 5000, pa.timestamp("us"))))  # fmt: skip
    path = folder / "order_lines.parquet"
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xff" * 196
    path.write_bytes(content)
    with pytest.raises(FourwallsError) as raised:
        values(engine, found, "order_id")
    assert str(folder) not in str(raised.value)


# --- complaints


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (duckdb.IOException('IO Error: Cannot open file "/home/me/shop/x.parquet": Permission denied'), 'tables/a.csv cannot be read: Cannot open file "…/x.parquet": Permission denied'),
        (duckdb.PermissionException("Permission Error: no"), "tables/a.csv reaches outside the folders that were named: no"),
        (duckdb.InvalidInputException("Invalid Input Error: CSV Error on Line: 7\nOriginal Line: \nMaximum line size of 2000000 bytes exceeded."), "tables/a.csv, line 7 is longer than 2 MB."),
        (duckdb.InvalidInputException("Invalid Input Error: CSV Error on Line: 7\nsomething new"), "tables/a.csv, line 7: CSV Error on Line: 7 something new"),
        (duckdb.Error("x" * 1000), "tables/a.csv cannot be read: " + "x" * 300 + " …"),
    ],
)  # fmt: skip
def test_complaints_of_other_kinds(error: duckdb.Error, told: str) -> None:
    assert complaint(error, Place("tables/a.csv", {})).what == told


def test_an_engine_that_was_stopped_answers_nobody(engine: DuckDBEngine) -> None:
    table = engine.load("rows", pa.table({"a": list(range(4000))}))
    joined = table.cross_join(table.select(b=table.a)).cross_join(table.select(c=table.a))
    long = joined.aggregate(s=(joined.a * joined.b % (joined.c + 1)).sum())  # minutes
    with ThreadPoolExecutor(1) as aside:
        asked = aside.submit(lambda: engine.run(long))
        time.sleep(0.5)
        engine.stop()
        with pytest.raises((CancelledError, FourwallsError, duckdb.Error)):
            asked.result(timeout=20)
    with pytest.raises(CancelledError):
        engine.run(table)
