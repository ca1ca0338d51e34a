"""Which rows of a table can be used, and why the others cannot."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir

from fourwalls.figures import Period
from fourwalls.tables.schema import Column, TableSpec

# Wider than any retail record; what lies beyond is a typo or a "never" written as a date.
EARLIEST, LATEST = datetime(1990, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - times are naive UTC
# More units in one row, or more money per unit, than any retail record holds.
MOST_UNITS, MOST_AMOUNT = 10**9, 10**12
# Characters of a value that could not be read.
MOST_SHOWN = 200
HOURS = 24

ASIDE = "set_aside_because"
READING = ("unreadable", "unreadable_text")
"""Columns of a table as it was opened that say what could not be read; rows that are used have none."""


Profile = Mapping[str, Any]
"""Sums over a table, see `profile` and `reversals`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason to set a row aside.

    Attributes:
        reason: As the page shows it.
        broken: Boolean expression; true for a row that breaks the rule, null counts as kept.
        may_be_broken: Whether the profile of the table leaves room for a row that breaks it.
    """

    reason: str
    broken: ir.BooleanValue
    may_be_broken: Callable[[Profile], bool]


def rules(
    table: ir.Table, spec: TableSpec, present: frozenset[str], parsed: frozenset[str], period: Period | None = None
) -> list[Rule]:
    """The rules that rows of a canonical table have to keep, in the order in which they are told.

    Args:
        table: Typed rows with the columns READING.
        spec: The canonical table.
        present: Columns that the source has; rules over others do not apply.
        parsed: Those of them that were read from text, so that single values may be unreadable.
        period: Days looked at; order lines ordered outside are set aside.
    """
    found = [c for c in spec.columns if c.name in present]
    kept = [
        Rule(f"{c.name} cannot be read as {_kind_word(c.kind)}", table.unreadable == c.name, lambda _: True)
        for c in found
        if c.name in parsed
    ]
    kept += [
        Rule(f"{c.name} is missing", table[c.name].isnull(), _has_gaps(c.name))
        for c in found
        if c.needed and not c.may_be_null
    ]
    for column in found:
        kept += _value_rules(table[column.name], column)
    for earlier, later in spec.never_before:
        if earlier in present and later in present:
            kept.append(
                Rule(f"{later} comes before {earlier}", table[later] < table[earlier], _is_true(f"{later}_first"))
            )
    for part, whole in spec.parts:
        if part in present and whole in present:
            kept.append(Rule(f"{part} is more than {whole}", table[part] > table[whole], _may_exceed(part, whole)))
    if period is not None and spec.name == "order_lines":
        start, end = (datetime.combine(d, time()) for d in (period.start, period.end))
        outside = (table.ordered_at < ibis.literal(start)) | (table.ordered_at >= ibis.literal(end))
        kept.append(Rule("ordered outside the period", outside, _outside("ordered_at", start, end)))
    return kept


def _value_rules(value: ir.Value, column: Column) -> list[Rule]:
    name, kept = column.name, []
    if column.kind in ("number", "count", "share"):
        kept.append(Rule(f"{name} is not a number (NaN)", value.isnan(), _not_finite(name)))
    if column.kind in ("count", "share"):
        kept.append(Rule(f"{name} is negative", value < 0, _outside(name, 0.0, None)))
    if column.kind == "share":
        kept.append(Rule(f"{name} is above 1", value > 1, _beyond(name, 1.0)))
    if column.kind in ("number", "count"):
        most = MOST_AMOUNT if name.endswith("_amount") else MOST_UNITS
        kept.append(Rule(f"{name} is implausibly large (over {most:g})", value.abs() > most, _beyond(name, most)))
    if column.kind == "hours":
        kept.append(
            Rule(f"{name} does not hold {HOURS} values", value.length() != HOURS, _outside(name, HOURS, HOURS + 1))
        )
    if column.kind in ("time", "day"):
        ends = [d if column.kind == "time" else d.date() for d in (EARLIEST, LATEST)]
        outside = (value < ibis.literal(ends[0])) | (value >= ibis.literal(ends[1]))
        kept.append(Rule(f"{name} lies outside {EARLIEST.year} to {LATEST.year}", outside, _outside(name, *ends)))
    return kept


def _may_exceed(part: str, whole: str) -> Callable[[Profile], bool]:
    def may(p: Profile) -> bool:
        high, low = p[f"{part}_high"], p[f"{whole}_low"]
        return high is not None and low is not None and bool(high > low)

    return may


def _has_gaps(name: str) -> Callable[[Profile], bool]:
    return lambda p: p[f"{name}_known"] < p["rows"]


def _is_true(name: str) -> Callable[[Profile], bool]:
    return lambda p: bool(p[name])


def _outside(name: str, least: float | date, end: float | date | None) -> Callable[[Profile], bool]:
    def check(p: Profile) -> bool:
        low, high = p[f"{name}_low"], p[f"{name}_high"]
        return low is not None and (low < least or (end is not None and high >= end))

    return check


def _beyond(name: str, most: float) -> Callable[[Profile], bool]:
    def check(p: Profile) -> bool:
        low, high = p[f"{name}_low"], p[f"{name}_high"]
        # NaN compares as false: written so that it, too, asks for a closer look.
        return low is not None and not (-most <= low and high <= most)

    return check


def _not_finite(name: str) -> Callable[[Profile], bool]:
    return _beyond(name, sys.float_info.max)


def profile(table: ir.Table, spec: TableSpec, present: frozenset[str]) -> ir.Table:
    """One row from which most rules can be seen to be kept without looking at every row.

    Gives: rows; for each column its known values, low and high.
    """
    sums: dict[str, ir.Scalar] = {}
    for column in (c for c in spec.columns if c.name in present):
        value = table[column.name]
        if column.needed and not column.may_be_null:
            sums[f"{column.name}_known"] = value.count()
        if column.kind not in ("text", "flag"):
            value = value.length() if column.kind == "hours" else value
            ends = value.min(), value.max()
            low, high = (_tellable(v) for v in ends) if column.kind in ("time", "day") else ends
            sums[f"{column.name}_low"], sums[f"{column.name}_high"] = low, high
    return table.aggregate(rows=table.count(), **sums)


def reversals(table: ir.Table, spec: TableSpec, present: frozenset[str]) -> ir.Table:
    """One row: for each pair that never runs backwards, `<later>_first`: whether the later ever comes first.

    Apart from `profile`, which engines answer from the statistics of a Parquet file without reading it.
    """
    pairs = [(earlier, later) for earlier, later in spec.never_before if earlier in present and later in present]
    return table.aggregate(
        rows_compared=table.count(),
        **{f"{later}_first": (table[later] < table[earlier]).any() for earlier, later in pairs},
    )


def _tellable(at: ir.Scalar) -> ir.Scalar:
    """A time or day within what Python can hold; one outside the years we accept stays outside."""
    is_time = at.type().is_timestamp()
    early, late = (d if is_time else d.date() for d in (EARLIEST - timedelta(days=1), LATEST))
    return ibis.cases(
        (at < ibis.literal(early), ibis.literal(early)), (at > ibis.literal(late), ibis.literal(late)), else_=at
    )


def refused(table: ir.Table, spec: TableSpec, checks: list[Rule]) -> ir.Table:
    """The rows of a table from `marked` that break a rule, see `told`; what could not be read is quoted."""
    because = ibis.cases(*((table[ASIDE] == i, rule.reason) for i, rule in enumerate(checks)), else_=None)
    quoted = ibis.literal(": ") + table.unreadable_text.substr(0, MOST_SHOWN)
    broken = table.filter(table[ASIDE].notnull())
    return told(broken, spec, because + ibis.coalesce(quoted, ibis.literal(""))).drop(ASIDE, *READING)


def told(table: ir.Table, spec: TableSpec, reason: ir.StringValue) -> ir.Table:
    """Rows with `set_aside_reason`, for people to read: times as text, since not every one can be held as a time."""
    times = {c.name: table[c.name].cast("string") for c in spec.columns if c.kind in ("time", "day")}
    return table.mutate(set_aside_reason=reason, **times)


def marked(table: ir.Table, checks: list[Rule]) -> ir.Table:
    """The table with `set_aside_because`: number of the first rule a row breaks; null if it keeps them all."""
    if not checks:
        return table.mutate(**{ASIDE: ibis.null("int64")})
    cases = [(rule.broken.fill_null(False), ibis.literal(i, "int64")) for i, rule in enumerate(checks)]
    return table.mutate(**{ASIDE: ibis.cases(*cases, else_=ibis.null("int64"))})


def counts_by_reason(table: ir.Table, spec: TableSpec) -> ir.Table:
    """Rows set aside by reason.

    Reads: a table from `marked`.
    Gives: set_aside_because, rows, example (key of one such row, as text).
    """
    key = spec.key or spec.needed[:2]
    shown = [ibis.coalesce(table[name].cast("string"), ibis.literal("(none)")) for name in key]
    example = shown[0]
    for part in shown[1:]:
        example = example + " / " + part
    aside = table.filter(table[ASIDE].notnull())
    return aside.group_by(ASIDE).agg(rows=aside.count(), example=example.min())


def _kind_word(kind: str) -> str:
    return {"time": "a time", "day": "a date", "flag": "true or false"}.get(kind, "a number")
