"""What the files of orders leave open as a whole."""

from __future__ import annotations

from fourwalls.tables.draft.layout import Layout
from fourwalls.tables.draft.words import known
from fourwalls.tables.schema import TABLES


def gaps(found: Layout) -> tuple[str, ...]:
    """What to know of the orders as a whole, in a sentence each."""
    return (*_mixed_clocks(found), *_no_carrier(found), *_no_delivery(found))


def unnamed_carrier(found: Layout) -> bool:
    """Whether goods are handed to a carrier, as the column's name tells, whom no column names."""
    handed = found.giver("handed_over_at")
    told = handed is not None and "carrier" in known(handed.found["handed_over_at"].column.name)
    return told and found.giver("carrier_id") is None


def _no_carrier(found: Layout) -> tuple[str, ...]:
    if found.giver("carrier_id") is not None or found.giver("delivered_at") is None or unnamed_carrier(found):
        return ()
    return ("no column names the carrier; if one brings all parcels, add '…' AS carrier_id, and it to parties.sql",)


def _mixed_clocks(found: Layout) -> tuple[str, ...]:
    times = {
        name: piece.found[name].column.zoned
        for piece in found.pieces
        for name in piece.found
        if name in TABLES["order_lines"].names and TABLES["order_lines"].column(name).kind == "time"
    }
    if len(set(times.values())) < 2:
        return ()
    bare = ", ".join(name for name, zoned in times.items() if not zoned)
    return (f"some times carry a time zone, but {bare} do not: set time_zone in portfolio.toml",)


def _no_delivery(found: Layout) -> tuple[str, ...]:
    if found.giver("promised_at") is None or found.giver("delivered_at") is not None:
        return ()
    return ("a promise is told but no delivery: without delivered_at nothing is said of lateness",)
