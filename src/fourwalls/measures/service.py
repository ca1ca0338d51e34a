"""Counts from which the service readings follow: OTIF, perfect order, fill rate, cancellation."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fourwalls.measures.order_lines import passed_promise


def _count(condition: ir.BooleanValue) -> ir.IntegerScalar:
    return ibis.cases((condition.fill_null(False), 1), else_=0).sum().cast("int64")


def _amount(condition: ir.BooleanValue, amount: ir.NumericValue) -> ir.FloatingScalar:
    return ibis.cases((condition.fill_null(False), amount.fill_null(0.0)), else_=0.0).sum()


def service_counts(lines: ir.Table, grain: tuple[str, ...]) -> ir.Table:
    """What became of the order lines of each asset in each span of time.

    Reads: lines from `judged_lines`.
    Grain: the asset's columns, span.
    Gives: lines; one count per outcome; timed_in_full, timed_in_full_known [lines whose OTIF is known];
        ordered_units, shipped_units [of delivered lines whose both are known]; cancelled_after_promise,
        passed_promise [lines]; value_amount and the same for late, overdue, cancelled and cancelled after the promise.
    """
    t = lines
    delivered = t.outcome.isin(["on time", "late", "no promise"])
    due = t.outcome.isin(["on time", "late", "overdue"])
    both_units = t.in_full.notnull() & delivered
    after = (t.outcome == "cancelled") & (t.cancelled_s > t.promised_s)
    unmet = t.outcome == "overdue"
    return t.group_by(*grain, "span").agg(
        lines=t.count(),
        on_time=_count(t.outcome == "on time"),
        late=_count(t.outcome == "late"),
        overdue=_count(t.outcome == "overdue"),
        cancelled=_count(t.outcome == "cancelled"),
        open=_count(t.outcome == "open"),
        no_promise=_count(t.outcome == "no promise"),
        untraced_late=_count((t.outcome == "late") & ~t.is_traceable),
        on_time_in_full=_count((t.outcome == "on time") & t.in_full),
        on_time_in_full_known=_count(due & (t.in_full.notnull() | unmet)),
        ordered_units=_amount(both_units, t.ordered_units),
        shipped_units=_amount(both_units, ibis.least(t.shipped_units, t.ordered_units)),
        returned=_count(delivered & t.is_returned),
        returned_known=_count(delivered & t.is_returned.notnull()),
        passed_promise=_count(passed_promise(t)),
        cancelled_after_promise=_count(after),
        value_amount=_amount(t.outcome.notnull(), t.value_amount),
        cancelled_after_promise_amount=_amount(after, t.value_amount),
    )


def perfect_orders(lines: ir.Table, grain: tuple[str, ...]) -> ir.Table:
    """Perfect order fulfilment (SCOR RL.1.1) of each asset in each span of time, as far as the record knows.

    An order is due once one of its lines is on time, late, overdue or cancelled. It is perfect if every line was
    delivered on time, in full where units are known, and not returned where returns are known.

    Reads: lines from `judged_lines`.
    Grain: the asset's columns, span (of the order's first line).
    Gives: orders, perfect_orders.
    """
    t = lines.filter(lines.outcome.isin(["on time", "late", "overdue", "cancelled"]))
    flawless = (t.outcome == "on time") & t.in_full.fill_null(True) & ~t.is_returned.fill_null(False)
    orders = t.group_by(*grain, "order_key").agg(
        span=t.span.min(), flaws=ibis.cases((flawless, 0), else_=1).max().cast("int64")
    )
    return orders.group_by(*grain, "span").agg(
        orders=orders.count(), perfect_orders=(1 - orders.flaws).sum().cast("int64")
    )


def repeated_keys(lines: ir.Table) -> ir.Table:
    """Keys that stand on more than one order line.

    Reads: lines from `judged_lines`.
    Gives: order_key, line_key, copies.
    """
    counted = lines.group_by("order_key", "line_key").agg(copies=lines.count())
    return counted.filter(counted.copies > 1)
