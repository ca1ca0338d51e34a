"""Lines that were taken and cancelled before their promise: from an empty shelf, or from a record without goods."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from fourwalls.measures.ledger import PLACE
from fourwalls.measures.turned_away import names
from fourwalls.measures.work_words import said

_SECONDS_PER_DAY = 86_400
# Beginnings of words by which a reason says that it was the customer's own doing: English, German, French, Spanish,
# Portuguese, Italian, Dutch. Add yours.
_THEIRS = (
    "customer", "client", "buyer", "consumer", "shopper", "changed", "regret", "payment", "credit", "fraud", "duplicate", "address",
    "kunde", "käufer", "zahlung", "widerruf", "betrug", "acheteur", "paiement", "fraude", "compra", "pago", "pagamento", "klant",
    "koper", "betaling",
)  # fmt: skip


def taken_lines(lines: ir.Table, stock_days: ir.Table, shops: Sequence[str]) -> ir.Table:
    """Lines not sold over a counter, from shelves whose stock is recorded.

    Args:
        lines: From `judged_lines`.
        stock_days: Rows that intake kept.
        shops: Channels in which customers stand before the shelf.

    Grain: brand, category, channel_id, region, node_id, party_id, span.
    Gives: lines; fulfilment [portfolio currency] and how many lines tell it (fulfilled).
    """
    shelves = stock_days.select("sku_id", "node_id").distinct()
    t = _unseen(lines, shops).semi_join(shelves, ["sku_id", "node_id"])
    t = t.mutate(region=t.destination, party_id=t.fulfilment_party)
    return t.group_by(*PLACE, "node_id", "party_id", "span").agg(
        lines=t.count(), fulfilment=t.fulfilment_amount.sum().fill_null(0.0), fulfilled=t.fulfilment_amount.count()
    )


def cancelled_lines(
    lines: ir.Table,
    stock_days: ir.Table,
    shops: Sequence[str],
    not_for: Sequence[str] = (),
    within_s: float | None = None,
) -> ir.Table:
    """Lines cancelled in time, not by the customer, and what the record of their node said of their shelf that day.

    From an empty shelf were lines ordered on a day on which the record stood at nothing, for a part of the day at least;
    the others were taken from goods on record. Of lines that name no node, or one without a record, the shelf is not known:
    they do not count.

    Args:
        lines: From `judged_lines`.
        stock_days: Rows that intake kept.
        shops: Channels in which customers stand before the shelf.
        not_for: What reasons are called that have nothing to do with stock, whole words.
        within_s: Lines that were held longer than this before they were cancelled are another stage's; None for no limit.

    Grain: brand, category, channel_id, region, node_id, span.
    Gives: empty_lines, held_lines; empty_value, held_value, held_margin [portfolio currency; gross margin].
    """
    empty = ibis.coalesce(stock_days.empty_share, ibis.cases((stock_days.on_hand_units <= 0, 1.0), else_=0.0)) > 0
    shelves = stock_days.select(
        "sku_id",
        "node_id",
        day=(stock_days.day.cast("timestamp").epoch_seconds() // _SECONDS_PER_DAY).cast("int64"),
        is_empty=empty,
    )
    t = _unseen(lines, shops)
    gone = (
        (t.outcome == "cancelled")
        & (t.cancelled_s.isnull() | t.promised_s.isnull() | (t.cancelled_s <= t.promised_s))
        & ~said(t.cancel_reason, _THEIRS)
    )
    if not_for:
        gone &= t.cancel_reason.isnull() | ~names(t.cancel_reason, not_for)
    if within_s is not None:
        gone &= t.cancelled_s.isnull() | (t.cancelled_s - t.ordered_s <= within_s)
    found = t.filter(gone)
    found = found.mutate(region=found.destination, day=(found.ordered_s // _SECONDS_PER_DAY).cast("int64"))
    both = found.inner_join(shelves, ["sku_id", "node_id", "day"])
    value, margin = both.value_amount.fill_null(0.0), both.margin_amount.fill_null(0.0)
    return both.group_by(*PLACE, "node_id", "span").agg(
        empty_lines=ibis.cases((both.is_empty, 1), else_=0).sum().cast("int64"),
        held_lines=ibis.cases((both.is_empty, 0), else_=1).sum().cast("int64"),
        empty_value=ibis.cases((both.is_empty, value), else_=0.0).sum(),
        held_value=ibis.cases((both.is_empty, 0.0), else_=value).sum(),
        held_margin=ibis.cases((both.is_empty, 0.0), else_=margin).sum(),
    )


def _unseen(lines: ir.Table, shops: Sequence[str]) -> ir.Table:
    return lines.filter(lines.channel_id.isnull() | ~lines.channel_id.isin(list(shops))) if shops else lines
