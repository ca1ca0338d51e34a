"""Customers turned away: when we closed for want of capacity, what still came, and who else could serve."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from fourwalls.figures import Period
from fourwalls.measures.order_lines import seconds

AT = ("brand", "category", "channel_id", "destination")
"""Columns of order lines by which closings say what they are about; `region` of an event is the customers'."""
NOTHING = "\x00"
SLOT_S = 600
"""Seconds of a slot of the day: who orders in the slot of a closing counts as before it."""


def closings(work_log: ir.Table, words: Sequence[str], again: Sequence[str], period: Period) -> ir.Table:
    """Cases in which a place of ours closed because it could take no more.

    Args:
        work_log: Rows that intake kept.
        words: What such cases are called, whole words in case_kind or activity.
        again: What it is called when such a case ends with the place open again.
        period: Days looked at.

    Grain: case_id.
    Gives: brand, category, channel_id, region [null where not said]; shut_s, open_s [s since 1970; null open_s: until the
        end of that day].
    """
    t = work_log.filter(
        (work_log.at >= ibis.timestamp(str(period.start))) & (work_log.at < ibis.timestamp(str(period.end)))
    )
    # An underscore is a letter to a regular expression, and none to people.
    said = (t.case_kind + " " + t.activity).lower().replace("_", " ")
    reopens = t.activity.lower().replace("_", " ").re_search(_any_of(again))
    t = t.mutate(is_closing=said.re_search(_any_of(words)) & ~reopens, reopens=reopens, at_s=seconds(t.at))
    cases = t.group_by("case_id", "brand", "category", "channel_id", "region").agg(
        shut_s=t.at_s.min(where=t.is_closing), open_s=t.at_s.max(where=t.reopens)
    )
    return cases.filter(cases.shut_s.notnull()).mutate(
        open_s=(cases.open_s > cases.shut_s).ifelse(cases.open_s, ibis.null("int64"))
    )


def _any_of(words: Sequence[str]) -> str:
    return r"\b(" + "|".join(words) + r")\b"


def line_slots(lines: ir.Table, scopes: ir.Table) -> ir.Table:
    """Orders by slot of the day where closings are about.

    Args:
        lines: From `measures.order_lines.judged_lines`.
        scopes: AT (NOTHING for null), scope [number].

    Grain: scope, node_id [NOTHING where not recorded], slot [number since 1970].
    Gives: lines; units [ordered].
    """
    t = _at_nodes(lines).inner_join(scopes, list(AT))
    return t.group_by("scope", "node_id", "slot").agg(lines=t.count(), units=t.units.sum())


def line_nodes(lines: ir.Table, scopes: ir.Table) -> ir.Table:
    """Orders by place and node where closings are about.

    Args:
        lines: From `measures.order_lines.judged_lines`.
        scopes: AT (NOTHING for null), place [number].

    Grain: place, node_id [NOTHING where not recorded].
    Gives: lines.
    """
    t = _at_nodes(lines).inner_join(scopes, list(AT))
    return t.group_by("place", "node_id").agg(lines=t.count())


def _at_nodes(lines: ir.Table) -> ir.Table:
    return lines.select(
        **{name: lines[name].fill_null(NOTHING) for name in (*AT, "node_id")},
        slot=lines.ordered_s // SLOT_S,
        units=lines.ordered_units.fill_null(1).cast("float64"),
    )


def visit_days(listings: ir.Table, products: ir.Table | None, scopes: ir.Table) -> ir.Table:
    """Visits by day where closings are about.

    Args:
        listings: Rows that intake kept.
        products: One row per sku; None if there is no such table.
        scopes: AT (NOTHING for null), scope [number].

    Grain: scope, day [number since 1970].
    Gives: visits.
    """
    t = listings.filter(listings.sessions.notnull())
    if products is None:
        t = t.mutate(brand=ibis.null("string"), category=ibis.null("string"))
    else:
        t = t.left_join(products.select("sku_id", "brand", "category"), "sku_id").drop("sku_id_right")
    keys = ("brand", "category", "channel_id")
    named = t.select(
        **{name: t[name].fill_null(NOTHING) for name in keys},
        day=(t.day.cast("timestamp").epoch_seconds() // 86_400).cast("int64"),
        visits=t.sessions.cast("float64"),
    )
    known = scopes.select(*keys, "scope").distinct()
    joined = named.inner_join(known, list(keys))
    return joined.group_by("scope", "day").agg(visits=joined.visits.sum())


def refused_lines(lines: ir.Table, words: Sequence[str]) -> ir.Table:
    """Orders we took and cancelled for want of capacity, before they were late.

    Args:
        lines: From `measures.order_lines.judged_lines`.
        words: What such reasons are called, whole words in cancel_reason.

    Grain: AT, day [number since 1970].
    Gives: lines; units [ordered].
    """
    early = lines.promised_s.isnull() | (lines.cancelled_s <= lines.promised_s)
    t = lines.filter((lines.outcome == "cancelled") & names(lines.cancel_reason, words) & early.fill_null(True)).mutate(
        day=lines.ordered_s // 86_400
    )
    return t.group_by(*AT, "day").agg(lines=t.count(), units=t.ordered_units.fill_null(1).sum().cast("float64"))


def names(reason: ir.StringValue, words: Sequence[str]) -> ir.BooleanValue:
    """Whether a reason holds one of these as a whole word; null for null."""
    return reason.lower().replace("_", " ").re_search(_any_of(words))


def unit_margins(lines: ir.Table, grain: tuple[str, ...]) -> ir.Table:
    """Gross margin of a unit ordered, before it is fulfilled; what is cancelled brings nothing.

    Grain: AT, the grain columns.
    Gives: units [ordered]; margin [amount: price less cost]; value [net amount].
    """
    t = lines.filter(lines.margin_amount.notnull())
    sold = t.outcome != "cancelled"
    return t.group_by(*dict.fromkeys((*AT, *grain))).agg(
        units=t.ordered_units.fill_null(1).sum().cast("float64"),
        margin=t.margin_amount.sum(where=sold).fill_null(0.0).cast("float64"),
        value=t.value_amount.sum(where=sold).fill_null(0.0).cast("float64"),
    )


def party_lines(lines: ir.Table, grain: tuple[str, ...]) -> ir.Table:
    """Who fulfilled how many lines.

    Grain: fulfilment_party, the grain columns, span.
    Gives: lines.
    """
    t = lines.filter(lines.fulfilment_party.notnull())
    return t.group_by(*dict.fromkeys(("fulfilment_party", *grain, "span"))).agg(lines=t.count())
