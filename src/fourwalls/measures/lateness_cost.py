"""What lateness does to ratings and to coming back, among lines that are otherwise alike."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

SECONDS_PER_DAY = 86_400
# Customers promised a long wait are other customers: late and punctual lines are compared within these classes.
_LEADS_DAYS = (3, 7, 14, 21, 28)
RETURN_DAYS = 90


def _lead_class(lines: ir.Table) -> ir.IntegerValue:
    lead = (lines.promised_s - lines.ordered_s) // SECONDS_PER_DAY
    return ibis.cases(*((lead < days, i) for i, days in enumerate(_LEADS_DAYS)), else_=len(_LEADS_DAYS))


def _within(after_s: ir.IntegerValue, horizon: int) -> ir.BooleanValue:
    return ((after_s > 0) & (after_s <= horizon)).fill_null(False)


def ratings_by_lateness(lines: ir.Table) -> ir.Table:
    """Ratings of late and of punctual lines, by asset, promised lead time and span of time.

    Reads: lines from `judged_lines`.
    Grain: asset_key, lead, span.
    Gives: late, punctual [rated lines]; late_rating, punctual_rating [sums of shares].
    """
    t = lines.filter(lines.outcome.isin(["on time", "late"]) & lines.rating_share.notnull())
    t = t.mutate(lead=_lead_class(t), is_late=t.outcome == "late")
    return t.group_by("asset_key", "lead", "span").agg(
        late=ibis.cases((t.is_late, 1), else_=0).sum().cast("int64"),
        punctual=ibis.cases((t.is_late, 0), else_=1).sum().cast("int64"),
        late_rating=ibis.cases((t.is_late, t.rating_share), else_=0).sum(),
        punctual_rating=ibis.cases((~t.is_late, t.rating_share), else_=0).sum(),
    )


def returning_by_lateness(lines: ir.Table, observed_until: int) -> ir.Table:
    """Orders after which the customer ordered next within 90 days of the promise, late against punctual.

    Counted from the promise, not from delivery: a late delivery would else have the longer window. Only orders promised
    at least 90 days before the record ends.

    Reads: lines from `judged_lines`.
    Grain: asset_key, lead, span.
    Gives: late, punctual [orders]; late_returned, punctual_returned [of those].
    """
    t = lines.filter(lines.customer_id.notnull())
    orders = t.group_by("customer_id", "order_key").agg(
        ordered_s=t.ordered_s.min(),
        promised_s=t.promised_s.min(),
        span=t.span.min(),
        is_late=ibis.cases((t.outcome == "late", 1), else_=0).max(),
        complete=ibis.cases((t.outcome.isin(["on time", "late"]), 1), else_=0).min(),
        # Of the first line: the smallest hash would be another asset on another engine.
        asset_key=t.asset_key.argmin(t.line_id),
    )
    window = ibis.window(group_by="customer_id", order_by=["ordered_s", "order_key"])
    orders = orders.mutate(next_s=orders.ordered_s.lead().over(window))
    horizon = RETURN_DAYS * SECONDS_PER_DAY
    seen = orders.filter((orders.complete == 1) & (orders.promised_s < observed_until - horizon))
    seen = seen.mutate(lead=_lead_class(seen), came_back=_within(seen.next_s - seen.promised_s, horizon))
    late, punctual = seen.is_late == 1, seen.is_late == 0
    return seen.group_by("asset_key", "lead", "span").agg(
        late=ibis.cases((late, 1), else_=0).sum().cast("int64"),
        punctual=ibis.cases((punctual, 1), else_=0).sum().cast("int64"),
        late_returned=ibis.cases((late & seen.came_back, 1), else_=0).sum().cast("int64"),
        punctual_returned=ibis.cases((punctual & seen.came_back, 1), else_=0).sum().cast("int64"),
    )
