"""The canonical tables: columns, types, grain and rules. Every table is optional; `*` columns make it usable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "day", "number", "count", "share", "flag", "hours"]

KIND_IN_WORDS: dict[Kind, str] = {
    "text": "text",
    "time": "a timestamp (ISO 8601, e.g. 2025-03-01 14:05:00)",
    "day": "a date (ISO 8601, e.g. 2025-03-01)",
    "number": "a number",
    "count": "a number of 0 or more",
    "share": "a number from 0 to 1",
    "flag": "true or false",
    "hours": "a list of 24 numbers, the hour from midnight first",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: As the user writes it.
        kind: What its values are.
        about: What it means, with the unit.
        needed: Whether the table is of no use without it.
        may_be_null: Whether a needed column may lack a value (a time that has not come yet).
        refers_to: The table whose key it is, if any.
    """

    name: str
    kind: Kind
    about: str
    needed: bool = False
    may_be_null: bool = False
    refers_to: str | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One canonical table.

    Attributes:
        name: Plural noun; also the name of the file under tables/.
        grain: What one row is, in words.
        columns: In the order they are documented.
        key: Columns that together name a row once; empty if rows have no key.
        time_order: Stage times in their order; a row in which they run backwards is kept but cannot be traced.
        never_before: Pairs (earlier, later); a row in which the later one comes first is set aside.
        parts: Pairs (part, whole); a row in which the part is the larger is set aside.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    time_order: tuple[str, ...] = ()
    never_before: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """All column names, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns the table is of no use without."""
        return tuple(c.name for c in self.columns if c.needed)


def _asset_columns() -> tuple[Column, ...]:
    return (
        Column("brand", "text", "brand, where the row belongs to one"),
        Column("category", "text", "category, where the row belongs to one"),
        Column("channel_id", "text", "channel, where the row belongs to one", refers_to="channels"),
        Column("region", "text", "region, where the row belongs to one"),
    )


ORDER_LINES = TableSpec(
    "order_lines",
    "one line of one customer order",
    (
        Column("order_id", "text", "the customer's order", needed=True),
        Column("line_id", "text", "the line within the order", needed=True),
        Column("ordered_at", "time", "order placed (UTC)", needed=True),
        Column("customer_id", "text", "who ordered; unlocks the effect of lateness on coming back"),
        Column("sku_id", "text", "what was ordered", refers_to="products"),
        Column("channel_id", "text", "where demand arrived", refers_to="channels"),
        Column("node_id", "text", "the place it was sent from", refers_to="nodes"),
        Column("fulfiller_id", "text", "the party that picked and packed it", refers_to="parties"),
        Column("carrier_id", "text", "the party that carried it", refers_to="parties"),
        Column("destination", "text", "region it went to"),
        Column("promised_at", "time", "delivery promised to the customer (UTC)"),
        Column("released_at", "time", "payment, credit and fraud checks cleared (UTC)"),
        Column("handed_over_at", "time", "handed to the carrier (UTC)"),
        Column("delivered_at", "time", "delivered to the customer (UTC)"),
        Column("cancelled_at", "time", "cancelled (UTC)"),
        Column("cancel_reason", "text", "why it was cancelled"),
        Column("ordered_units", "count", "sales units ordered"),
        Column("shipped_units", "count", "sales units shipped"),
        Column("returned_units", "count", "sales units returned"),
        Column("return_reason", "text", "why they were returned"),
        Column("price_amount", "number", "net price per unit [portfolio currency]"),
        Column("cost_amount", "number", "cost per unit [portfolio currency]"),
        Column("fulfilment_amount", "number", "cost of fulfilling the line [portfolio currency]"),
        Column("rating_share", "share", "the customer's rating, worst 0 to best 1"),
    ),
    key=("order_id", "line_id"),
    time_order=("ordered_at", "released_at", "handed_over_at", "delivered_at"),
    never_before=(("ordered_at", "delivered_at"), ("ordered_at", "cancelled_at"), ("ordered_at", "promised_at")),
)

PRODUCTS = TableSpec(
    "products",
    "one sku",
    (
        Column("sku_id", "text", "the sku", needed=True),
        Column("brand", "text", "its brand"),
        Column("category", "text", "its category"),
        Column("launched_on", "day", "first day on sale"),
    ),
    key=("sku_id",),
)

NODES = TableSpec(
    "nodes",
    "one place that holds stock",
    (
        Column("node_id", "text", "the node", needed=True),
        Column("kind", "text", "own DC, store, 3PL site, supplier site …"),
        Column("party_id", "text", "who runs it", refers_to="parties"),
        Column("region", "text", "where it stands"),
    ),
    key=("node_id",),
)

CHANNELS = TableSpec(
    "channels",
    "one channel in which demand arrives",
    (
        Column("channel_id", "text", "the channel", needed=True),
        Column("kind", "text", "DTC site, marketplace, wholesale, store …"),
        Column("party_id", "text", "who runs it: releases orders and makes the promise", refers_to="parties"),
    ),
    key=("channel_id",),
)

PARTIES = TableSpec(
    "parties",
    "one party",
    (
        Column("party_id", "text", "the party", needed=True),
        Column("kind", "text", "own company, supplier, 3PL, carrier, marketplace, seller, media partner …"),
        Column("name", "text", "as people call it"),
    ),
    key=("party_id",),
)

STOCK_DAYS = TableSpec(
    "stock_days",
    "sku × node × day",
    (
        Column("sku_id", "text", "the sku", needed=True, refers_to="products"),
        Column("node_id", "text", "the node", needed=True, refers_to="nodes"),
        Column("day", "day", "the day", needed=True),
        Column("on_hand_units", "number", "closing stock, available (put away) [units]; unlocks the replay of supply"),
        Column("sold_units", "number", "sold [units/day]", needed=True),
        Column("received_units", "number", "became available [units/day]"),
        Column("adjusted_units", "number", "corrections and transfers out, signed [units/day]"),
        Column("empty_share", "share", "share of the day's usual demand that falls into hours without stock"),
        Column(
            "sold_by_hour", "hours", "sold in each hour [units/hour]; with empty_by_hour, `empty_share` follows from it"
        ),
        Column("empty_by_hour", "hours", "share of each hour without stock"),
        Column("discount_share", "share", "taken off the usual price"),
        Column("is_promoted", "flag", "whether it was advertised or in a campaign"),
        Column("is_holiday", "flag", "whether the day was a holiday where the node is"),
    ),
    key=("sku_id", "node_id", "day"),
)

LISTINGS = TableSpec(
    "listings",
    "sku × channel × day",
    (
        Column("sku_id", "text", "the sku", needed=True, refers_to="products"),
        Column("channel_id", "text", "the channel", needed=True, refers_to="channels"),
        Column("day", "day", "the day", needed=True),
        Column("listed_share", "share", "share of the day it could be bought"),
        Column("price_amount", "number", "our net price per unit [portfolio currency]"),
        Column("rival_price_amount", "number", "the rival's price per unit [portfolio currency]"),
        Column("content_share", "share", "completeness of content"),
        Column("sessions", "count", "visits to the listing [1/day]"),
        Column("orders", "count", "orders from it [1/day]"),
        Column("media_amount", "number", "spent on media [portfolio currency/day]"),
    ),
    key=("sku_id", "channel_id", "day"),
)

FORECASTS = TableSpec(
    "forecasts",
    "sku × place × period × date made",
    (
        Column("sku_id", "text", "the sku", needed=True, refers_to="products"),
        Column("channel_id", "text", "the channel", refers_to="channels"),
        Column("node_id", "text", "the node; empty: all nodes of the sku together", refers_to="nodes"),
        Column("forecast_on", "day", "day it was made", needed=True),
        Column("period_on", "day", "first day of the period forecast", needed=True),
        Column("period_days", "count", "length of the period [days]", needed=True),
        Column("forecast_units", "count", "forecast [units/period]", needed=True),
        Column("forecaster_id", "text", "the party that made it", refers_to="parties"),
    ),
    key=("sku_id", "channel_id", "node_id", "forecast_on", "period_on"),
)

SUPPLY_ORDERS = TableSpec(
    "supply_orders",
    "line of a purchase or transfer order",
    (
        Column("supply_order_id", "text", "the order line", needed=True),
        Column("sku_id", "text", "the sku", needed=True, refers_to="products"),
        Column("to_node_id", "text", "where it goes", needed=True, refers_to="nodes"),
        Column("from_node_id", "text", "where it comes from, for a transfer", refers_to="nodes"),
        Column("supplier_id", "text", "who supplies it, for a purchase", refers_to="parties"),
        Column("signalled_at", "time", "the need became visible (UTC)"),
        Column("decided_at", "time", "the buy was decided (UTC)"),
        Column("placed_at", "time", "the order was placed (UTC)", needed=True),
        Column("promised_at", "time", "arrival promised (UTC)"),
        Column("shipped_at", "time", "shipped (UTC)"),
        Column("received_at", "time", "arrived (UTC); null while it has not", needed=True, may_be_null=True),
        Column("available_at", "time", "put away (UTC)"),
        Column("ordered_units", "count", "ordered [units]", needed=True),
        Column("received_units", "count", "received [units]"),
        Column("cost_amount", "number", "cost per unit [portfolio currency]"),
    ),
    key=("supply_order_id", "sku_id", "to_node_id"),
    time_order=("signalled_at", "decided_at", "placed_at", "shipped_at", "received_at", "available_at"),
    never_before=(("placed_at", "received_at"),),
)

WORK_LOG = TableSpec(
    "work_log",
    "event of a case",
    (
        Column("case_id", "text", "the case", needed=True),
        Column("case_kind", "text", "exception, approval, report, status update …", needed=True),
        Column("activity", "text", "what was done", needed=True),
        Column("at", "time", "when (UTC)", needed=True),
        Column("actor_id", "text", "who did it"),
        Column("actor_kind", "text", "person or automatic"),
        Column("system_id", "text", "the system it was done in"),
        Column("party_id", "text", "the party of the actor", refers_to="parties"),
        Column("effort_hours", "count", "work spent [hours]"),
        Column("closed", "flag", "whether this event closes the case"),
        *_asset_columns(),
    ),
)

LABOUR = TableSpec(
    "labour",
    "node × function × day",
    (
        Column("node_id", "text", "the node", needed=True, refers_to="nodes"),
        Column("function", "text", "receiving, picking, packing …", needed=True),
        Column("day", "day", "the day", needed=True),
        Column("hours", "count", "worked [hours]", needed=True),
        Column("units", "count", "handled [units]", needed=True),
        Column("cost_amount", "number", "paid [portfolio currency]"),
        Column("overtime_hours", "count", "part of hours that was overtime [hours]"),
    ),
    key=("node_id", "function", "day"),
    parts=(("overtime_hours", "hours"),),
)

LEAKAGE = TableSpec(
    "leakage",
    "booking",
    (
        Column("day", "day", "the day", needed=True),
        Column("cause", "text", "expedite, mis-pick, markdown, shrink, return, chargeback …", needed=True),
        Column("amount", "number", "booked [portfolio currency]", needed=True),
        Column("party_id", "text", "who caused it", refers_to="parties"),
        *_asset_columns(),
    ),
)

FEEDS = TableSpec(
    "feeds",
    "delivery of a feed",
    (
        Column("feed_id", "text", "the feed", needed=True),
        Column("from_system", "text", "who sends", needed=True),
        Column("to_system", "text", "who receives", needed=True),
        Column("party_id", "text", "the party that sends", refers_to="parties"),
        Column("expected_at", "time", "due (UTC)", needed=True),
        Column("arrived_at", "time", "arrived (UTC); null if it did not", needed=True, may_be_null=True),
        Column("expected_rows", "count", "rows expected"),
        Column("arrived_rows", "count", "rows that arrived"),
        Column("mismatched_rows", "count", "rows that did not reconcile"),
    ),
    key=("feed_id", "expected_at"),
)

OFFERS = TableSpec(
    "offers",
    "what a partner can do for us",
    (
        Column("party_id", "text", "the partner", needed=True, refers_to="parties"),
        Column("capability", "text", "what it can do", needed=True),
        Column("region", "text", "where"),
        Column("channel_id", "text", "in which channel", refers_to="channels"),
        Column("capacity_units_per_day", "count", "how much [units/day]"),
        Column("unit_amount", "number", "price per unit [portfolio currency]"),
        Column("onboarding_amount", "number", "to begin [portfolio currency]"),
        Column("ramp_days", "count", "until full capacity [days]"),
    ),
    key=("party_id", "capability", "region", "channel_id"),
)

TABLES: dict[str, TableSpec] = {
    t.name: t
    for t in (
        ORDER_LINES, PRODUCTS, NODES, CHANNELS, PARTIES, STOCK_DAYS, LISTINGS, FORECASTS,
        SUPPLY_ORDERS, WORK_LOG, LABOUR, LEAKAGE, FEEDS, OFFERS,
    )
}  # fmt: skip
"""Every canonical table by name."""
