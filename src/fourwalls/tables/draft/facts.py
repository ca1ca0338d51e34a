"""Mappings for canonical tables that one file fills: stock, listings, forecasts, supply, work, labour, leakage, feeds, offers."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from fourwalls.tables.draft.columns import Column
from fourwalls.tables.draft.concepts import MARKS, TABLES
from fourwalls.tables.draft.matching import SURE_SCORE, Match, matches
from fourwalls.tables.draft.orders import MAIN_CHANNEL
from fourwalls.tables.draft.plan import Item, Plan, Query, from_match, left_of, made, value_sql
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import ident, literal, literals
from fourwalls.tables.draft.words import known, lemmas, words
from fourwalls.tables.schema import TABLES as SPECS

MUST: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "stock_days": (frozenset({"sku_id", "day"}), frozenset({"on_hand_units", "sold_units", "empty_share"})),
    "listings": (
        frozenset({"sku_id", "day"}),
        frozenset({"sessions", "listed_share", "rival_price_amount", "content_share", "media_amount"}),
    ),
    "forecasts": (frozenset({"sku_id", "forecast_units"}), frozenset({"period_on", "forecast_on"})),
    "supply_orders": (
        frozenset({"sku_id", "ordered_units"}), frozenset({"received_at", "supplier_id", "from_node_id", "promised_at"}),
    ),
    "work_log": (frozenset({"case_id", "at"}), frozenset({"activity"})),
    "labour": (frozenset({"day"}), frozenset({"hours", "units", "function", "cost_amount"})),
    "leakage": (frozenset({"day", "amount"}), frozenset({"cause"})),
    "feeds": (frozenset({"feed_id"}), frozenset({"expected_at", "arrived_at"})),
    "offers": (frozenset({"party_id", "capability"}), frozenset({"capacity_units_per_day", "unit_amount", "ramp_days"})),
}  # fmt: skip
"""What a file must have to be looked at as a table at all: all of the first, one of the second."""
MAIN_NODE = "main"
"""The place of all stock or supply where no column names one."""
_CLOSING = ("close", "resolve", "complete", "cancel")
_HOURS_OF_DAY = 24


def fact_tables(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]
) -> tuple[list[Plan], dict[str, Mapping[str, Match]]]:
    """Mappings for every such table that a file looks like, and what the columns of these files mean.

    Args:
        connection: Where the samples are.
        sources: Files that tell no customers' orders.
    """
    plans: list[Plan] = []
    meanings: dict[str, Mapping[str, Match]] = {}
    for source in sources:
        likenesses = [(*_likeness(source, table), table) for table in MUST]
        share, found, table = max(
            likenesses, key=lambda likeness: (likeness[0], sum(m.score for m in likeness[1].values()))
        )
        if share <= 0 or table in meanings:
            continue
        meanings[table] = found
        plans.append(_plan(connection, table, source, found))
    return plans + _besides(connection, meanings), meanings


def _besides(connection: duckdb.DuckDBPyConnection, meanings: Mapping[str, Mapping[str, Match]]) -> list[Plan]:
    """The forecast that a file of stock tells beside it, where there is no file of forecasts."""
    stock = meanings.get("stock_days")
    if stock is None or "forecasts" in meanings:
        return []
    source = stock["sku_id"].source
    found = {n: m for n, m in matches(source, TABLES["forecasts"]).items() if n in stock or m.score >= SURE_SCORE}
    units = found.get("forecast_units")
    if source.said is not None or units is None or units.column in {m.column for m in stock.values()}:
        return []
    day = stock["day"].doubted("taken as a forecast of the very day it stands by")
    return [_plan(connection, "forecasts", source, {**found, "period_on": day})]


def _likeness(source: Source, table: str) -> tuple[float, dict[str, Match]]:
    """How much of a table a file fills, 0 if it is another thing, and what its columns mean there."""
    found = matches(source, TABLES[table], *([()] if table in ("work_log", "feeds") else []))
    every, some = MUST[table]
    if source.said is not None:
        return float(source.said == table and every <= found.keys()), found
    if not every <= found.keys() or not some & found.keys() or not marked(source, table):
        return 0.0, found
    needed = SPECS[table].needed
    about = 0.5 if MARKS[table] & source.subject else 0.0
    return sum(found[n].score for n in needed if n in found) / len(needed) + about, found


def marked(source: Source, table: str) -> bool:
    """Whether a file's name, or that of a column, has a word by which the table is known."""
    return bool(MARKS[table] & source.subject.union(*(known(c.name) for c in source.columns)))


def _plan(connection: duckdb.DuckDBPyConnection, table: str, source: Source, found: Mapping[str, Match]) -> Plan:
    spec = SPECS[table]
    items = [_item(table, name, found[name]) for name in spec.names if name in found]
    items += _derived(connection, table, source, found)
    order = {name: i for i, name in enumerate(spec.names)}
    items.sort(key=lambda i: order[i.name])
    return Plan(
        table,
        (source.label,),
        (),
        (Query(tuple(items), source.reader, (), left_of(source, found.values())),),
        source.doubts,
    )


def _item(table: str, name: str, match: Match) -> Item:
    kind, column = SPECS[table].column(name).kind, match.column
    if kind == "share":
        sql, doubt = _share(name, column)
    elif name.endswith("hours") or name == "hours":
        sql, doubt = _hours(column)
    else:
        sql, doubt = value_sql(kind, column), None
    if name == "sold_units" and not (column.whole or column.holds == "list" or "quantity" in known(column.called)):
        doubt = "it has fractions: if it is money, it is not the units sold"
    if kind in ("number", "count") and column.holds == "list":
        doubt = "a list in each row, summed up"
    if kind == "count" and (column.low or 0) < 0:
        doubt = "some values are below 0; their rows will be set aside"
    return from_match(name, match.doubted(doubt) if doubt else match, sql)


def _share(name: str, column: Column) -> tuple[str, str | None]:
    """SQL of a share, and what is unsure about its scale."""
    if column.holds == "flag":
        return column.number(ident(column.name)), None
    value = column.number(ident(column.name), "list_avg")
    high = column.high or 0
    if high <= 1:
        turned = "; check that 1 means empty, and which hours the shop is open" if name == "empty_share" else ""
        return value, f"flags of the hours of a day, averaged{turned}" if column.holds == "list" else None
    if "hour" in lemmas(column.name) and high <= _HOURS_OF_DAY:
        return f"{value} / {_HOURS_OF_DAY}.0", "hours, divided by 24; divide by the opening hours instead"
    if high <= 100:
        return f"{value} / 100.0", "read as percent"
    return value, f"values up to {high:g} are no share"


def _hours(column: Column) -> tuple[str, str | None]:
    value = value_sql("number", column)
    if "minute" in lemmas(column.name):
        return f"{value} / 60.0", None
    return value, None if "hour" in lemmas(column.name) else "its unit is not told; taken as hours"


def _derived(
    connection: duckdb.DuckDBPyConnection, table: str, source: Source, found: Mapping[str, Match]
) -> list[Item]:
    """What no column tells, but the file as a whole does."""
    match table:
        case "work_log":
            return _case_items(source, found)
        case "listings" if "channel_id" not in found:
            return [
                made("channel_id", literal(MAIN_CHANNEL), "no column names a channel, so all rows are taken as of one")
            ]
        case "stock_days" if "node_id" not in found:
            return [_one_place("node_id")]
        case "supply_orders" if "to_node_id" not in found:
            return [_one_place("to_node_id")]
        case "forecasts" if "period_days" not in found and "period_on" in found:
            return _period_days(connection, found["period_on"])
    return []


def _one_place(name: str) -> Item:
    return made(name, literal(MAIN_NODE), "no column names a place, so all rows are taken as of one")


def _case_items(source: Source, found: Mapping[str, Match]) -> list[Item]:
    items = []
    if "case_kind" not in found:
        file_words = words(source.files[0].path.name.split(".")[0])
        named = next((w for w in file_words if "case" in lemmas(w)), "case")
        items.append(made("case_kind", literal(named), "no column names a kind of case, so all are of one"))
    closing = _closing(found["activity"].column.top) if "activity" in found else ()
    if "closed" not in found and closing:
        activity = value_sql("text", found["activity"].column)
        items.append(made("closed", f"{activity} IN ({literals(closing)})", "read off the activity"))
    return items


def _closing(values: Sequence[str]) -> tuple[str, ...]:
    """The activities that close a case: those of the strongest word that occurs."""
    for meaning in _CLOSING:
        named = tuple(v for v in values if meaning in lemmas(v))
        if named:
            return named
    return ()


def _period_days(connection: duckdb.DuckDBPyConnection, match: Match) -> list[Item]:
    day = match.column.day(ident(match.column.name))
    row = connection.execute(
        f"SELECT mode(d - before) FROM (SELECT d, lag(d) OVER (ORDER BY d) AS before "
        f"FROM (SELECT DISTINCT {day} AS d FROM {match.source.table} WHERE {day} IS NOT NULL))"
    ).fetchone()
    if row is None or row[0] is None:
        return []
    return [made("period_days", str(int(row[0])), "the usual distance between the periods in the file")]
