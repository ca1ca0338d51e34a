"""Which rows of a table can be used, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from fourwalls.figures import Period
from fourwalls.tables.schema import TableSpec

# Wider than any retail record; what lies beyond is a typo or a "never" written as a date.
EARLIEST, LATEST = "1990-01-01", "2100-01-01"
# More units in one row, or more money per unit, than any retail record holds.
MOST_UNITS, MOST_AMOUNT = 1e9, 1e12

ASIDE = "set_aside_because"


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason to set a row aside.

    Attributes:
        reason: As the page shows it.
        broken: Boolean expression; true for a row that breaks the rule, null counts as kept.
    """

    reason: str
    broken: ir.BooleanValue


def rules(table: ir.Table, spec: TableSpec, present: frozenset[str], period: Period | None = None) -> list[Rule]:
    """The rules that rows of a canonical table have to keep, in the order in which they are told.

    Args:
        table: Typed rows with the column `unreadable`.
        spec: The canonical table.
        present: Columns that the source has; rules over others do not apply.
        period: Days looked at; order lines ordered outside are set aside.
    """
    found = [c for c in spec.columns if c.name in present]
    texts = [c for c in found if c.kind != "text"]
    kept: list[Rule] = [
        Rule(f"{c.name} cannot be read as {_kind_word(c.kind)}", table.unreadable == c.name) for c in texts
    ]
    kept += [Rule(f"{c.name} is missing", table[c.name].isnull()) for c in found if c.needed and not c.may_be_null]
    for column in found:
        value = table[column.name]
        if column.kind in ("number", "count", "share"):
            kept.append(Rule(f"{column.name} is not a number (NaN or infinite)", value.isnan() | value.isinf()))
        if column.kind in ("count", "share"):
            kept.append(Rule(f"{column.name} is negative", value < 0))
        if column.kind == "share":
            kept.append(Rule(f"{column.name} is above 1", value > 1))
        if column.kind in ("number", "count"):
            most = MOST_AMOUNT if column.name.endswith("_amount") else MOST_UNITS
            kept.append(Rule(f"{column.name} is implausibly large (over {most:g})", value.abs() > most))
        if column.kind in ("time", "day"):
            earliest, latest = (ibis.literal(d).cast(value.type()) for d in (EARLIEST, LATEST))
            outside = (value < earliest) | (value >= latest)
            kept.append(Rule(f"{column.name} lies outside {EARLIEST[:4]} to {LATEST[:4]}", outside))
    for earlier, later in spec.never_before:
        if earlier in present and later in present:
            kept.append(Rule(f"{later} comes before {earlier}", table[later] < table[earlier]))
    if period is not None and spec.name == "order_lines":
        start, end = (ibis.literal(d.isoformat()).cast("timestamp") for d in (period.start, period.end))
        kept.append(Rule("ordered outside the period", (table.ordered_at < start) | (table.ordered_at >= end)))
    return kept


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
