from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.figures import Period
from fourwalls.tables import intake
from fourwalls.tables.schema import ORDER_LINES, STOCK_DAYS, SUPPLY_ORDERS, TABLES, TableSpec

at = datetime.fromisoformat
TYPES = {
    "text": pa.string(), "time": pa.timestamp("us"), "day": pa.date32(), "number": pa.float64(), "count": pa.float64(),
    "share": pa.float64(), "flag": pa.bool_(), "hours": pa.list_(pa.float32()),
}  # fmt: skip
GOOD: dict[str, Any] = {
    "text": "x", "time": at("2025-03-01 12:00"), "day": date(2025, 3, 1), "number": 1.0, "count": 1.0, "share": 0.5, "flag": True,
    "hours": [0.5] * 24,
}  # fmt: skip
EVERYTHING = {name: frozenset(spec.names) for name, spec in TABLES.items()}


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine()
    yield engine
    engine.close()


def typed(engine: DuckDBEngine, spec: TableSpec, *rows: dict[str, Any]) -> Any:
    """Rows as an engine opens them: good but for what is given."""
    full = [
        {**{c.name: GOOD[c.kind] for c in spec.columns}, "unreadable": None, "unreadable_text": None, **r} for r in rows
    ]
    fields = [(c.name, TYPES[c.kind]) for c in spec.columns]
    schema = pa.schema([*fields, *((name, pa.string()) for name in intake.READING)])
    return engine.load(f"some_{spec.name}", pa.Table.from_pylist(full, schema))


def seen(engine: DuckDBEngine, table: Any, spec: TableSpec, present: frozenset[str]) -> dict[str, Any]:
    """What is asked of a table before its rows are looked at."""
    sums: dict[str, Any] = {}
    for asked in (intake.profile, intake.reversals):
        sums |= engine.run(asked(table, spec, present)).to_pylist()[0]
    return sums


def broken(
    engine: DuckDBEngine, spec: TableSpec, *rows: dict[str, Any], period: Period | None = None, parsed: str = ""
) -> dict[str, int]:
    """Reasons for which rows are set aside; every rule that a row breaks must have been in question."""
    table, present = typed(engine, spec, {}, *rows), EVERYTHING[spec.name]
    every = intake.rules(table, spec, present, frozenset(parsed.split()), period)
    profile = seen(engine, table, spec, present)
    rules = [rule for rule in every if rule.may_be_broken(profile)]
    told = engine.run(intake.counts_by_reason(intake.marked(table, rules), spec)).to_pylist()
    found = {rules[row[intake.ASIDE]].reason: row["rows"] for row in told}
    by_all = engine.run(intake.counts_by_reason(intake.marked(table, every), spec)).to_pylist()
    assert found == {every[row[intake.ASIDE]].reason: row["rows"] for row in by_all}
    return found


@pytest.mark.parametrize("name", TABLES)
def test_good_rows_break_no_rule(engine: DuckDBEngine, name: str) -> None:
    spec = TABLES[name]
    assert broken(engine, spec, {}) == {}
    nothing = {c.name: None for c in spec.columns if c.may_be_null or not c.needed}
    assert broken(engine, spec, nothing) == {}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("order_id", None, "order_id is missing"),
        ("ordered_at", None, "ordered_at is missing"),
        ("price_amount", float("nan"), "price_amount is not a number (NaN)"),
        ("price_amount", float("inf"), "price_amount is implausibly large (over 1e+12)"),
        ("price_amount", -2e12, "price_amount is implausibly large (over 1e+12)"),
        ("ordered_units", float("-inf"), "ordered_units is negative"),
        ("ordered_units", -0.1, "ordered_units is negative"),
        ("ordered_units", 2e9, "ordered_units is implausibly large (over 1e+09)"),
        ("rating_share", float("inf"), "rating_share is above 1"),
        ("rating_share", 1.01, "rating_share is above 1"),
        ("rating_share", -0.01, "rating_share is negative"),
        ("delivered_at", at("1970-01-01 00:00"), "delivered_at lies outside 1990 to 2100"),
        ("promised_at", at("2100-01-01 00:00"), "promised_at lies outside 1990 to 2100"),
        ("delivered_at", at("2025-03-01 11:59"), "delivered_at comes before ordered_at"),
        ("cancelled_at", at("2025-02-01 00:00"), "cancelled_at comes before ordered_at"),
        ("promised_at", at("2025-02-01 00:00"), "promised_at comes before ordered_at"),
    ],
)
def test_a_row_breaks_the_rule_of_its_column(engine: DuckDBEngine, column: str, value: Any, reason: str) -> None:
    assert broken(engine, ORDER_LINES, {column: value}, {column: value}) == {reason: 2}


def test_stages_out_of_order_break_no_rule(engine: DuckDBEngine) -> None:
    assert (
        broken(engine, ORDER_LINES, {"released_at": at("2025-02-01 00:00"), "handed_over_at": at("2025-01-01 00:00")})
        == {}
    )


def test_a_row_is_told_by_the_first_rule_it_breaks(engine: DuckDBEngine) -> None:
    row = {"unreadable": "delivered_at", "delivered_at": None, "order_id": None, "price_amount": float("nan")}
    assert broken(engine, ORDER_LINES, row, parsed="delivered_at") == {"delivered_at cannot be read as a time": 1}


def test_the_period_ends_before_its_end(engine: DuckDBEngine) -> None:
    days = [{"ordered_at": at("2025-03-01 00:00") + timedelta(seconds=s)} for s in (-1, 0, 86_399, 86_400)]
    found = broken(engine, ORDER_LINES, *days, period=Period(date(2025, 3, 1), date(2025, 3, 2)))
    # The day before and the day after; the first second of the day comes before the promise of noon.
    assert found == {"ordered outside the period": 1, "delivered_at comes before ordered_at": 2}


def test_other_tables_have_their_own_rules(engine: DuckDBEngine) -> None:
    assert broken(engine, SUPPLY_ORDERS, {"received_at": at("2025-02-01 00:00")}) == {
        "received_at comes before placed_at": 1
    }
    assert broken(engine, SUPPLY_ORDERS, {"received_at": None}) == {}
    assert broken(engine, STOCK_DAYS, {"day": date(1980, 1, 1)}) == {"day lies outside 1990 to 2100": 1}
    assert broken(engine, STOCK_DAYS, {"adjusted_units": -5.0}) == {}
    assert broken(engine, STOCK_DAYS, {"empty_by_hour": [1.0] * 23}) == {"empty_by_hour does not hold 24 values": 1}


def test_a_profile_holds_times_that_no_calendar_holds(engine: DuckDBEngine) -> None:
    ends = pa.array([-(2**63) + 1, 2**63 - 1], pa.int64()).cast(pa.timestamp("us"))
    table = typed(engine, ORDER_LINES, {}, {}).drop("delivered_at")
    engine.load("ends", pa.table({"delivered_at": ends}))
    both = table.cross_join(engine.table("ends"))
    sums = seen(engine, both, ORDER_LINES, EVERYTHING["order_lines"])
    assert sums["delivered_at_low"] < intake.EARLIEST
    assert sums["delivered_at_high"] >= intake.LATEST
    assert seen(engine, both.filter(False), ORDER_LINES, EVERYTHING["order_lines"])["delivered_at_low"] is None


def test_rows_set_aside_are_told_with_what_could_not_be_read(engine: DuckDBEngine) -> None:
    row = {"order_id": "o9", "unreadable": "delivered_at", "unreadable_text": "y" * 300, "delivered_at": None}
    table = typed(engine, ORDER_LINES, {}, row, {"order_id": None})
    every = intake.rules(table, ORDER_LINES, EVERYTHING["order_lines"], frozenset({"delivered_at"}))
    told = engine.run(intake.refused(intake.marked(table, every), ORDER_LINES, every))
    assert sorted(told["set_aside_reason"].to_pylist()) == [
        "delivered_at cannot be read as a time: " + "y" * intake.MOST_SHOWN,
        "order_id is missing",
    ]
    assert set(told.column_names) == {*ORDER_LINES.names, "set_aside_reason"}
    assert told["ordered_at"].to_pylist() == ["2025-03-01 12:00:00"] * 2
    assert engine.run(intake.marked(table, []))[intake.ASIDE].null_count == 3
