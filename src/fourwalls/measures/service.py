"""Counts from which the service readings follow: OTIF, perfect order, fill rate, cancellation."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def outcome_counts(lines: ir.Table, grain: tuple[str, ...]) -> ir.Table:
    """What became of the order lines of each asset in each span of time.

    Reads: lines from `judged_lines`.
    Grain: asset_key, span, outcome, in_full, is_returned, after_promise [cancelled after the promise].
    Gives: the asset's columns; lines; ordered_units; shipped_units [at most as many as ordered]; value_amount.
    """
    t = lines.mutate(
        after_promise=((lines.outcome == "cancelled") & (lines.cancelled_s > lines.promised_s)).fill_null(False),
        filled_units=ibis.least(lines.shipped_units, lines.ordered_units),
    )
    return t.group_by("asset_key", "span", "outcome", "in_full", "is_returned", "after_promise").agg(
        **{name: t[name].max() for name in grain},
        lines=t.count(),
        ordered_units=t.ordered_units.sum(),
        shipped_units=t.filled_units.sum(),
        value_amount=t.value_amount.sum(),
    )


NOT_DUE, FLAWLESS, FLAWED = 0, 1, 2


def _state(t: ir.Table) -> ir.IntegerValue:
    """The worst line makes the state of its order."""
    flawless = (t.outcome == "on time") & t.in_full.fill_null(True) & ~t.is_returned.fill_null(False)
    return ibis.cases(
        (flawless, FLAWLESS), (t.outcome.isin(["open", "no promise", "taken along"]), NOT_DUE), else_=FLAWED
    )


def perfect_orders(lines: ir.Table) -> ir.Table:
    """Perfect order fulfilment (SCOR RL.1.1) of each asset in each span of time, as far as the record knows.

    An order is due once one of its lines is on time, late, overdue or cancelled. It is perfect if every line that is due
    was delivered on time, in full where units are known, and not returned where returns are known. An order with lines
    of several assets counts in each of them, by the lines it has there.

    Reads: lines from `judged_lines`, whole orders.
    Grain: asset_key, span (of the order's first line).
    Gives: orders, perfect_orders.
    """
    t = lines.mutate(state=_state(lines))
    orders = t.group_by("asset_key", "order_key").agg(span=t.span.min(), state=t.state.max())
    due = orders.filter(orders.state > NOT_DUE)
    return due.group_by("asset_key", "span").agg(
        orders=due.count(), perfect_orders=(FLAWED - due.state).sum().cast("int64")
    )
