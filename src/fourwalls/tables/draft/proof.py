"""Running a drafted mapping on all rows, before anybody else has to."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb

from fourwalls.tables.draft.plan import Plan, sql_of
from fourwalls.tables.draft.sqltext import bound, ident, plain

GRAINS = ("category", "destination", "brand", "channel_id", "node_id")
"""Columns that may make an asset, the most telling first."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What running a mapping showed.

    Attributes:
        plan: The mapping, with the doubts that running it raised.
        rows: Rows it gives.
        told: That, in a sentence.
        first, last: First and last day in its first time column; None if it has none.
        distinct: Number of values of each column an asset can be made of, roughly.
        stopped: Why the mapping cannot be used as it is; None if it can.
    """

    plan: Plan
    rows: int
    told: str
    first: date | None = None
    last: date | None = None
    distinct: Mapping[str, int] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def file_name(self) -> str:
        """Name under tables/; with an underscore, so that it is not read, if it cannot be used as it is."""
        return f"_{self.plan.table}.sql" if self.stopped else self.plan.file_name


def proven(connection: duckdb.DuckDBPyConnection, plan: Plan, data: str) -> Proof:
    """What a mapping gives on all rows of its files.

    Args:
        connection: Where to run it.
        plan: The mapping.
        data: The data folder.
    """
    columns = plan.columns
    times = [n for n in columns if plan.spec.column(n).kind in ("time", "day")]
    grains = [n for n in GRAINS if n in columns]
    key = [n for n in plan.spec.key if n in columns]
    measures = [
        "count(*)",
        f"count(DISTINCT hash({', '.join(ident(n) for n in key)}))" if key else "count(*)",
        f"count(DISTINCT hash({', '.join(ident(n) for n in columns)}))" if key else "count(*)",
        *(
            (f"CAST(min({ident(times[0])}) AS DATE)", f"CAST(max({ident(times[0])}) AS DATE)")
            if times
            else ("NULL", "NULL")
        ),
        *(f"approx_count_distinct({ident(name)})" for name in grains),
        *(f"count({ident(name)})" for name in columns),
    ]
    query = f"SELECT {', '.join(measures)} FROM ({bound(sql_of(plan), data)}\n)"
    try:
        rows, keys, different, first, last, *counts = connection.execute(query).fetchall()[0]
    except duckdb.Error as error:
        why = plain(str(error).replace(data, "DATA"), 200)
        return _stopped(plan, 0, f"it does not run on all rows: {why}")
    if not rows:
        return _stopped(plan, 0, "it gives no rows")
    filled = dict(zip(columns, counts[len(grains) :], strict=True))
    plan = dataclasses.replace(plan, doubts=(*plan.doubts, *_doubts(plan, rows, keys, different, filled)))
    copies = f", {rows - different:,} of them exact copies of another" if different < rows else ""
    unique = f", no {' + '.join(key)} twice" if key and keys == rows else ""
    told = f"Ran on all rows: gives {rows:,} row{'s' if rows > 1 else ''}{copies}{unique}."
    return Proof(plan, rows, told, first, last, dict(zip(grains, counts, strict=False)))


def _doubts(plan: Plan, rows: int, keys: int, different: int, filled: Mapping[str, int]) -> list[str]:
    doubts = []
    key = " + ".join(n for n in plan.spec.key if n in filled)
    if different < rows:
        doubts.append(
            f"{rows - different:,} of {rows:,} rows are exact copies of another (exported twice?): they keep its {key}, "
            "so they are set aside; if they truly happened twice, tell them apart"
        )
    if keys < different:
        doubts.append(f"{different - keys:,} of {rows:,} rows repeat the {key} of another: sum them up, or drop them")
    for column in plan.spec.columns:
        lacking = rows - filled.get(column.name, rows)
        if column.needed and not column.may_be_null and lacking:
            doubts.append(f"{lacking:,} rows have no {column.name} and will be set aside")
    return doubts


def _stopped(plan: Plan, rows: int, why: str) -> Proof:
    plan = dataclasses.replace(plan, doubts=(*plan.doubts, why))
    return Proof(plan, rows, f"TODO: {why}. Mend it, then take the underscore off this file's name.", stopped=why)
