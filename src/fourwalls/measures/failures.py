"""Failures by place and week, and what customers whose order failed bought afterwards."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fourwalls.measures.ledger import PLACE
from fourwalls.measures.order_lines import SECONDS_PER_WEEK, seconds

# Customers who have bought three times and more are one class, the regulars; so are orders of three lines and more.
_MOST_BEFORE = 3
_MOST_LINES = 3


def failed_lines(lines: ir.Table, span_seconds: int = SECONDS_PER_WEEK) -> ir.Table:
    """Lines by place and week: ordered, due, late and cancelled, each in the week in which that came to light.

    A line is due, and a late or overdue one comes to light, when its promise runs out; a cancelled line when it is cancelled.

    Reads: lines from `judged_lines`.
    Grain: brand, category, channel_id, region, span.
    Gives: lines, due, late, cancelled; late_value, cancelled_value [portfolio currency].
    """
    is_late, is_cancelled = lines.outcome.isin(["late", "overdue"]), lines.outcome == "cancelled"
    t = lines.mutate(
        region=lines.destination, what=ibis.cases((is_late, "late"), (is_cancelled, "cancelled"), else_="well")
    )
    ordered = t.select(*PLACE, "span", n=ibis.literal(1), what=ibis.literal("lines"), value=t.value_amount)
    at = ibis.cases((t.what == "late", t.promised_s), else_=ibis.coalesce(t.cancelled_s, t.promised_s, t.ordered_s))
    failed = t.mutate(span=at // span_seconds).filter(t.what != "well")
    failed = failed.select(*PLACE, "span", n=ibis.literal(1), what=failed.what, value=failed.value_amount)
    due = t.filter(t.promised_s.notnull()).mutate(span=t.promised_s // span_seconds)
    due = due.select(*PLACE, "span", n=ibis.literal(1), what=ibis.literal("due"), value=due.value_amount)
    both = ordered.union(failed, due)
    return both.group_by(*PLACE, "span").agg(
        lines=ibis.cases((both.what == "lines", 1), else_=0).sum().cast("int64"),
        due=ibis.cases((both.what == "due", 1), else_=0).sum().cast("int64"),
        late=ibis.cases((both.what == "late", 1), else_=0).sum().cast("int64"),
        cancelled=ibis.cases((both.what == "cancelled", 1), else_=0).sum().cast("int64"),
        late_value=ibis.cases((both.what == "late", both.value), else_=0.0).sum(),
        cancelled_value=ibis.cases((both.what == "cancelled", both.value), else_=0.0).sum(),
    )


def case_hours(work_log: ir.Table, own: str, span_seconds: int = SECONDS_PER_WEEK) -> ir.Table:
    """Our own people's hours by kind of case, place and the week in which the case began.

    Grain: case_kind, brand, category, channel_id, region, span.
    Gives: hours.
    """
    t = work_log.mutate(at_s=seconds(work_log["at"]))
    t = t.mutate(span=t.at_s.min().over(group_by="case_id") // span_seconds)
    t = t.filter((t.party_id.isnull() | (t.party_id == own)) & t.effort_hours.notnull())
    return t.group_by("case_kind", *PLACE, "span").agg(hours=t.effort_hours.sum())


def bought_afterwards(lines: ir.Table, keep_one_in: int, fingerprint: ir.IntegerValue) -> ir.Table:
    """What customers bought after an order until the record ends, by how the order went, among like orders.

    Like orders: same category, channel and destination (of the order's lines the first by name), same week, same number of orders
    before (0, 1, 2, more) and of lines (1, 2, more): who buys much has more lines that can fail, and buys more again. Later lines that were cancelled brought nothing. Of each order, lines that failed:
    a customer is lost by the order, but repairs are counted in lines.

    Args:
        lines: From `judged_lines`.
        keep_one_in: Of the customers, chosen by a hash, so that big records stay quick.
        fingerprint: The engine's hash of customer_id.

    Grain: span, channel_id, destination, category, before, size.
    Gives: orders_well, orders_late, orders_cancelled; later_well, later_late, later_cancelled [margin after
        fulfilment]; lines_late, lines_cancelled.
    """
    t = lines.filter(lines.customer_id.notnull() & (fingerprint % keep_one_in == 0))
    brought = t.margin_amount.fill_null(0.0) - t.fulfilment_amount.fill_null(0.0)
    t = t.mutate(
        customer=fingerprint,
        brought=ibis.cases((t.outcome == "cancelled", 0.0), else_=brought),
        is_late=ibis.cases((t.outcome.isin(["late", "overdue"]), 1), else_=0),
        is_cancelled=ibis.cases((t.outcome == "cancelled", 1), else_=0),
        is_open=ibis.cases((t.outcome.isin(["open", "no promise", "taken along"]), 1), else_=0),
    )
    orders = t.group_by("customer", "order_key").agg(
        ordered_s=t.ordered_s.min(),
        span=t.span.min(),
        late=t.is_late.sum(),
        cancelled=t.is_cancelled.sum(),
        open=t.is_open.sum(),
        size=ibis.least(t.count(), ibis.literal(_MOST_LINES)),
        brought=t.brought.sum(),
        **{name: t[name].min() for name in ("channel_id", "destination", "category")},
    )
    by_time = [orders.ordered_s, orders.order_key]
    by_customer = ibis.window(group_by="customer", order_by=by_time)
    later = ibis.window(group_by="customer", order_by=by_time, rows=(1, None))
    orders = orders.mutate(
        later=orders.brought.sum().over(later).fill_null(0.0),
        before=ibis.least(ibis.row_number().over(by_customer), ibis.literal(_MOST_BEFORE)),
    )
    went = ibis.cases(
        ((orders.late > 0) & (orders.cancelled == 0), "late"), ((orders.cancelled > 0) & (orders.late == 0), "cancelled"),
        ((orders.late == 0) & (orders.open == 0), "well"), else_="other",
    )  # fmt: skip
    orders = orders.mutate(went=went)

    def among(what: str, value: ir.NumericValue) -> ir.NumericValue:
        return ibis.cases((orders.went == what, value), else_=0).sum()

    one = ibis.literal(1)
    return orders.group_by("span", "channel_id", "destination", "category", "before", "size").agg(
        **{f"orders_{w}": among(w, one).cast("int64") for w in ("well", "late", "cancelled")},
        **{f"later_{w}": among(w, orders.later) for w in ("well", "late", "cancelled")},
        lines_late=among("late", orders.late).cast("int64"),
        lines_cancelled=among("cancelled", orders.cancelled).cast("int64"),
    )
