"""Text that is a time: the format proven by the values."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import duckdb

from fourwalls.tables.draft.columns import Column, Wrap
from fourwalls.tables.draft.sqltext import literals, one_row

AMBIGUOUS = "no value tells day from month; read as day first"
"""The doubt of a column whose values fit two orders of day and month."""

_DATES = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%d.%m.%y",
    "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d %b %Y", "%d %b %y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
    "%Y%m%d",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f", "T%H:%M")
_ZONED_CLOCKS = (" %H:%M:%S %z", " %H:%M:%S%z", "T%H:%M:%S%z", " %H:%M %z", " %H:%M:%S.%f %z", " %H:%M:%S %Z")
_SWAPPED = {
    "%d/%m/%Y": "%m/%d/%Y", "%m/%d/%Y": "%d/%m/%Y", "%d-%m-%Y": "%m-%d-%Y", "%m-%d-%Y": "%d-%m-%Y",
    "%d/%m/%y": "%m/%d/%y", "%m/%d/%y": "%d/%m/%y", "%d-%m-%y": "%m-%d-%y", "%m-%d-%y": "%d-%m-%y",
}  # fmt: skip
_ZONE = r":\d{2}(\.\d+)? ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"
# A column counts as times if at least this share of its values are; the others become null, marked.
_MOSTLY = 0.98
_TRIED_FIRST = 500


def time_text(connection: duckdb.DuckDBPyConnection, column: Column) -> Column | None:
    """The column as times; None if its values, in the table `seen`, are none."""
    total, dated, iso, zoned = one_row(
        connection,
        r"SELECT count(*), count(*) FILTER (regexp_matches(v, '\d.*[-/., ].*\d|^\d{8}$')), "
        r"count(*) FILTER (regexp_matches(v, '^\d{4}-\d{1,2}-\d{1,2}([ T]|$)')), "
        f"count(*) FILTER (regexp_matches(v, '{_ZONE}')) FROM seen",
    )
    if not total or dated < _MOSTLY * total:
        return None
    typed = _iso(connection, column, total, zoned) if iso >= _MOSTLY * total else None
    return typed or _formatted(connection, column, total, _ZONED_CLOCKS if zoned >= _MOSTLY * total else _CLOCKS)


def day_order_settled(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns in which an ambiguous order of day and month follows the proven columns of the same file."""
    proven = {_date_of(c) for c in columns if AMBIGUOUS not in (c.doubt or "")}
    return tuple(_settled(c, proven) if AMBIGUOUS in (c.doubt or "") else c for c in columns)


def _settled(column: Column, proven: set[str | None]) -> Column:
    date = _date_of(column)
    if date is None or (date in proven) == (_SWAPPED[date] in proven):
        return column
    after = column.parse.after if date in proven else column.parse.after.replace(date, _SWAPPED[date])
    return dataclasses.replace(column, parse=Wrap(column.parse.before, after), doubt=None)


def _date_of(column: Column) -> str | None:
    """The date format of a column in which day and month could be swapped."""
    return next((date for date in _SWAPPED if f"'{date}" in column.parse.after), None)


def _iso(connection: duckdb.DuckDBPyConnection, column: Column, total: int, zoned: int) -> Column | None:
    sql_type = "TIMESTAMPTZ" if zoned else "TIMESTAMP"
    good, clock, awake = one_row(
        connection,
        f"SELECT count(t), count(*) FILTER (v LIKE '%:%'), count(*) FILTER (t <> date_trunc('day', t)) "
        f"FROM (SELECT v, TRY_CAST(v AS {sql_type}) AS t FROM seen)",
    )
    if good < _MOSTLY * total:
        return None
    doubts = [f"{total - good} values are no dates and become null"] if good < total else []
    if zoned and zoned < clock:
        doubts.append(f"{clock - zoned} values carry no time zone while the others do; read as UTC")
    parse = Wrap("CAST(", f" AS {sql_type})")
    if good < total:
        # trim() keeps DuckDB 2.0.0 from making the TRY_CAST a strict type of read_csv.
        parse = Wrap("TRY_CAST(trim(", f") AS {sql_type})")
    return dataclasses.replace(
        column, holds="time", parse=parse, date_only=clock == 0, midnight=awake == 0, zoned=zoned > 0,
        doubt="; ".join(doubts) or None,
    )  # fmt: skip


def _formatted(
    connection: duckdb.DuckDBPyConnection, column: Column, total: int, clocks: Sequence[str]
) -> Column | None:
    counts = _counts(connection, clocks)
    best = max(counts)
    date = _DATES[counts.index(best)]
    doubts = []
    if best < _MOSTLY * total:
        if date not in _SWAPPED or _either(connection, date, clocks) < _MOSTLY * total:
            return None
        doubts.append(
            f"a mix of two date formats: {total - best} values fit only with day and month the other way round"
        )
    elif best < total:
        doubts.append(f"{total - best} values are no dates in that format and become null")
    elif date in _SWAPPED and counts[_DATES.index(_SWAPPED[date])] == best:
        doubts.append(AMBIGUOUS)
    used = [clock for clock in clocks if one_row(connection, f"SELECT {_parsed(date, (clock,))} FROM seen")[0]]
    formats = literals(tuple(date + clock for clock in used))
    function = "strptime" if best == total else "try_strptime"
    parse = Wrap(f"{function}(", f", {formats if len(used) == 1 else f'[{formats}]'})")
    (awake,) = one_row(
        connection, f"SELECT count(*) FILTER (t <> date_trunc('day', t)) FROM (SELECT {parse('v')} AS t FROM seen)"
    )
    return dataclasses.replace(
        column, holds="time", parse=parse, date_only=used == [""], midnight=awake == 0, zoned=clocks is _ZONED_CLOCKS,
        doubt="; ".join(doubts) or None,
    )  # fmt: skip


def _counts(connection: duckdb.DuckDBPyConnection, clocks: Sequence[str]) -> list[int]:
    """For each date format, how many values it fits."""
    every = ", ".join(_parsed(date, clocks) for date in _DATES)
    # Most formats fall out on a few hundred values; only what is left is tried on all.
    first = one_row(connection, f"SELECT {every} FROM (FROM seen LIMIT {_TRIED_FIRST})")
    likely = [date for date, n in zip(_DATES, first, strict=True) if n >= max(first) / 2 > 0]
    every = ", ".join(_parsed(date, clocks) if date in likely else "0" for date in _DATES)
    return list(one_row(connection, f"SELECT {every} FROM seen"))


def _parsed(date: str, clocks: Sequence[str]) -> str:
    formats = literals(tuple(date + clock for clock in clocks))
    return f"count(*) FILTER (year(try_strptime(v, [{formats}])) BETWEEN 1970 AND 2100)"


def _either(connection: duckdb.DuckDBPyConnection, date: str, clocks: Sequence[str]) -> int:
    """How many values fit with day and month either way round."""
    formats = literals(tuple(d + clock for d in (date, _SWAPPED[date]) for clock in clocks))
    (fitting,) = one_row(connection, f"SELECT count(try_strptime(v, [{formats}])) FROM seen")
    return int(fitting)
