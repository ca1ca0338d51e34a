"""What may be wrong with a guess although its name fits: it depends on what the other columns tell."""

from __future__ import annotations

from collections.abc import Mapping

from fourwalls.tables.draft.matching import Match
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import plain
from fourwalls.tables.draft.words import known

_ARRIVES = frozenset({"deliver", "arrive", "receive"})
_SENDS = frozenset({"ship", "fulfil", "pick", "transfer"})


def cautious(source: Source, found: Mapping[str, Match]) -> dict[str, Match]:
    """Matches of orders, marked where the file as a whole speaks against them.

    Args:
        source: The file.
        found: What its columns mean.
    """
    marked = dict(found)
    for name, doubt in (
        ("order_id", _supplied(source, found)),
        ("cost_amount", _unpriced(found)),
        ("line_amount", _of_order(found)),
        ("promised_at", _to_send(source, found)),
    ):
        if doubt and name in marked:
            marked[name] = marked[name].doubted(doubt)
    return marked


def _supplied(source: Source, found: Mapping[str, Match]) -> str | None:
    """Orders that name a supplier and nobody who bought may be our own, to that supplier."""
    supplier = next((c.name for c in source.columns if "supplier" in known(c.called)), None)
    if supplier is None or {"customer_id", "channel_id", "destination"} & found.keys():
        return None
    return f"'{plain(supplier)}' is told but no customer: if we ordered from it, this file belongs in supply_orders"


def _unpriced(found: Mapping[str, Match]) -> str | None:
    if "price_amount" in found:
        return None
    return "no column tells a price per unit beside it; if this is what the customer pays, it is the price_amount"


def _to_send(source: Source, found: Mapping[str, Match]) -> str | None:
    """A planned day that names no delivery, in a file about sending goods, may be the day to send them."""
    promise = found.get("promised_at")
    if promise is None or known(promise.column.called) & _ARRIVES or not source.subject & _SENDS:
        return None
    return "it may be the day the goods should be sent, not the day promised to the customer"


def _of_order(found: Mapping[str, Match]) -> str | None:
    """An order's total that every line of it repeats is no line's amount."""
    order, amount = found.get("order_id"), found.get("line_amount")
    if order is None or amount is None or order.column.unique or "order" not in known(amount.column.called):
        return None
    if {"item", "line"} & known(amount.column.called):
        return None
    return "it may be the whole order's, repeated on each of its lines"
