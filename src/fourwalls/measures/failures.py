"""Failures by place and week, and what customers whose order failed bought afterwards."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
from ibis import _

from fourwalls.measures.case_work import told_by
from fourwalls.measures.ledger import PLACE
from fourwalls.measures.order_lines import SECONDS_PER_WEEK, seconds
from fourwalls.measures.work_words import AUTOMATIC, said

# So many orders before are told apart one by one, more of them by doublings; orders of three lines and more are one class.
_FEW_BEFORE = 3
_MOST_LINES = 3
_CHOSEN_BY = 4096
LIKE = ("span", "channel_id", "destination", "category", "before", "size")
"""What orders must share to be held against each other."""


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


def case_hours(work_log: ir.Table, span_seconds: int = SECONDS_PER_WEEK) -> ir.Table:
    """People's hours by kind of case, place and the week in which the case began.

    Of other parties, too, as everywhere: effort that is written down is effort somebody charges for.

    Grain: case_kind, brand, category, channel_id, region, span.
    Gives: hours.
    """
    t = work_log.mutate(at_s=seconds(work_log["at"]))
    t = t.mutate(span=t.at_s.min().over(group_by="case_id") // span_seconds)
    t = told_by(t, "actor_kind", is_automatic=said(_.actor_kind, AUTOMATIC))
    t = t.filter(t.effort_hours.notnull() & ~t.is_automatic.fill_null(False))
    return t.group_by("case_kind", *PLACE, "span").agg(hours=t.effort_hours.sum())


def followed_orders(lines: ir.Table, keep_one_in: int, fingerprint: ir.IntegerValue) -> ir.Table:
    """Orders of known customers: how each went, what the customer bought afterwards until the record ends, and what it is like.

    Like orders are those of one category, channel and destination (of the order's lines the first by name), one week, as many orders
    before (0, 1, 2, 3, then in doublings) and lines (1, 2, more): who buys much has more that can fail, and buys more again.
    Later lines that were cancelled brought nothing, the others what a line of their category brings: whom we let down buys less
    often, and single dear purchases should not tell.

    Args:
        lines: From `judged_lines`.
        keep_one_in: Of the customers, chosen by a hash, so that big records stay quick.
        fingerprint: The engine's hash of customer_id.

    Grain: customer [its hash], order_key.
    Gives: went ("well", "late", "cancelled", "other"); later [margin after fulfilment]; late, cancelled [lines]; LIKE.
    """
    t = lines.filter(lines.customer_id.notnull() & (fingerprint % keep_one_in == 0))
    brought = t.margin_amount.fill_null(0.0) - t.fulfilment_amount.fill_null(0.0)
    usual = brought.mean(where=t.outcome != "cancelled").over(group_by="category").fill_null(0.0)
    t = t.mutate(
        customer=fingerprint,
        brought=ibis.cases((t.outcome == "cancelled", 0.0), else_=usual),
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
    number = ibis.row_number().over(ibis.window(group_by="customer", order_by=by_time))
    later = ibis.window(group_by="customer", order_by=by_time, rows=(1, None))
    orders = orders.mutate(later=orders.brought.sum().over(later).fill_null(0.0), before=number)
    went = ibis.cases(
        ((orders.late > 0) & (orders.cancelled == 0), "late"), ((orders.cancelled > 0) & (orders.late == 0), "cancelled"),
        ((orders.late == 0) & (orders.open == 0), "well"), else_="other",
    )  # fmt: skip
    doublings = 2 + ibis.greatest(orders.before, 1).log2().floor().cast("int64")
    before = ibis.cases((orders.before <= _FEW_BEFORE, orders.before), else_=doublings)
    return orders.mutate(went=went, before=before).select(
        "customer", "order_key", "went", "later", "late", "cancelled", *LIKE
    )


def bought_afterwards(orders: ir.Table) -> ir.Table:
    """What customers bought after an order, by how it went, among like orders.

    Of each order, lines that failed: a customer is lost by the order, but repairs are counted in lines.

    Args:
        orders: From `followed_orders`.

    Grain: LIKE.
    Gives: orders_well, orders_late, orders_cancelled; later_well, later_late, later_cancelled [margin after
        fulfilment]; lines_late, lines_cancelled.
    """

    def among(what: str, value: ir.NumericValue) -> ir.NumericValue:
        return ibis.cases((orders.went == what, value), else_=0).sum()

    one = ibis.literal(1)
    return orders.group_by(*LIKE).agg(
        **{f"orders_{w}": among(w, one).cast("int64") for w in ("well", "late", "cancelled")},
        **{f"later_{w}": among(w, orders.later) for w in ("well", "late", "cancelled")},
        lines_late=among("late", orders.late).cast("int64"),
        lines_cancelled=among("cancelled", orders.cancelled).cast("int64"),
    )


def apart_by_customer(orders: ir.Table, event: str, buckets: int) -> ir.Table:
    """How far customers stand from their likes, on the side of the difference between sound and failed orders they are on.

    The part of each customer in `less` of `bought_afterwards` that is its own: what it bought after its orders is one purse, however
    many of them there were. Weights are those of the difference (overlap: failed x sound / both).

    Args:
        orders: From `followed_orders`.
        event: "late" or "cancelled".
        buckets: Customers are put together into so many.

    Grain: bucket.
    Gives: apart [margin after fulfilment]; customers.
    """
    t = orders.filter(orders.went.isin(["well", event]))
    likes = ibis.window(group_by=list(LIKE))
    failed = t.went == event
    t = t.mutate(
        failed=failed,
        n_failed=failed.sum().over(likes),
        n_well=(~failed).sum().over(likes),
        mean_failed=t.later.mean(where=failed).over(likes),
        mean_well=t.later.mean(where=~failed).over(likes),
        # Other digits of the hash than those by which customers were chosen.
        bucket=(t.customer // _CHOSEN_BY).abs() % buckets,
    )
    t = t.filter((t.n_failed > 0) & (t.n_well > 0))
    both = t.n_failed + t.n_well
    part = ibis.cases(
        (t.failed, -(t.later - t.mean_failed) * t.n_well / both), else_=(t.later - t.mean_well) * t.n_failed / both
    )
    return t.group_by("bucket").agg(apart=part.sum(), customers=t.customer.nunique())
