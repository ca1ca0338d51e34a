"""What a column of a user's file may mean, and by which words it is known.

A pattern is a set of meanings (see `words`) with a weight: how sure one is of the concept when the name says
exactly that. `=1` is the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Values = Literal["id", "text", "time", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Concept:
    """One meaning a column can have.

    Attributes:
        name: As the canonical column it fills, or a word of our own for what fills none.
        values: What its values have to be.
        patterns: Sets of meanings with the certainty each gives.
    """

    name: str
    values: Values
    patterns: tuple[tuple[frozenset[str], float], ...]


def _concept(name: str, values: Values, patterns: str) -> Concept:
    return Concept(name, values, tuple(_pattern(p) for p in patterns.split(";")))


def _pattern(text: str) -> tuple[frozenset[str], float]:
    words, _, weight = text.partition("=")
    return frozenset(words.split()), float(weight or 1)


PLACES = (
    _concept("state", "text", "state; ship state; deliver state; to state; order state=.95; customer state=.9"),
    _concept(
        "region",
        "text",
        "region; ship region; deliver region; to region; order region=.95; customer region=.9; to=.8; to location=.8",
    ),
    _concept(
        "country",
        "text",
        "country; ship country; deliver country; to country; order country=.95; customer country=.9; country id",
    ),
    _concept("city", "text", "city; ship city; deliver city; to city; order city=.95; customer city=.9; city id"),
)
"""Places, the most useful size for a destination first."""

# Columns that would otherwise be taken for something: known, and not used.
DECOYS = (
    _concept("zip", "id", "zip; zip id; customer zip; ship zip; address"),
    _concept("updated_at", "time", "update; update create=.9"),
    _concept("reviewed_at", "time", "review; review create; rating"),
    _concept("ship_due_at", "time", "ship limit; ship promise; limit; ship by; limit ship promise"),
    _concept("tracking_id", "id", "tracking; tracking id; ship tracking id; carrier tracking id"),
    _concept(
        "tax_amount",
        "number",
        "tax; tax amount; tax price; discount; discount amount; quantity discount; promote; promote discount; promote amount",
    ),
    _concept("paid_amount", "number", "pay; pay amount"),
    _concept("size", "number", "size; product size; product quantity size; quantity size"),
    _concept("other_quantity", "number", "receive quantity; invoice quantity; backorder quantity; product quantity=.6"),
    _concept("number_of", "number", "labour quantity; quantity count"),
)

_ORDER_ID = _concept(
    "order_id", "id",
    "order id; order=.9; sale order id; order name=.8; invoice id=.9; invoice=.8; sale id=.75; transaction id=.75;"
    "transaction=.65; purchase id=.6; customer order id; document id=.8; sale document=.85; sale document id=.85;"
    "from document=.7",
)  # fmt: skip
_SKU_ID = _concept(
    "sku_id", "id",
    "product id; sku; sku id; product sku; item sku; item product id; item id=.85; product=.7; item=.6; stock id=.7;"
    "product unique id=.9; product number=.8; product name=.55; item name=.55",
)  # fmt: skip
_NODE_ID = _concept(
    "node_id", "id",
    "warehouse id; warehouse; store id=.9; store=.85; location id=.9; location=.8; fulfil warehouse; ship warehouse;"
    "warehouse name=.7; store name=.65; location name=.7; from location=.9; from warehouse; from store=.85",
)  # fmt: skip
_CHANNEL_ID = _concept(
    "channel_id", "id", "channel id; channel; sale channel; sale channel id; channel name=.8; order channel; from=.5; order from=.5"
)  # fmt: skip
_CURRENCY = _concept("currency", "text", "currency; currency id; price currency; order currency")

ORDER_LINES = (
    _ORDER_ID,
    _concept("line_id", "id", "line id; order line id; order item id; line=.9; order line=.9; item line id; item id=.6"),
    _concept(
        "ordered_at", "time",
        "order; purchase; order purchase; order create; create=.85; invoice=.9; sale=.7; transaction=.8; date=.6;"
        "pay order=.5; purchase create; document=.8",
    ),
    _concept("customer_id", "id", "customer id; customer; customer unique id=.95; person id=.7; customer person id=.8; email=.7; customer email=.8"),
    _SKU_ID,
    _CHANNEL_ID,
    _NODE_ID,
    _concept("seller_id", "id", "seller id; seller; partner id; partner; seller name=.7"),
    _concept(
        "carrier_id", "id",
        "carrier id; carrier; ship carrier; ship carrier id; carrier name=.8; ship provider; ship capability=.7;"
        "ship method=.6; carrier company=.9; ship partner=.8; tracking company",
    ),
    _concept(
        "promised_at", "time",
        "promise; promise deliver; deliver limit; deliver by; promise arrive; promise receive; promise order=.8",
    ),
    _concept("released_at", "time", "release; approve; pay; order approve; confirm=.8; order confirm=.8; pay approve; pay create"),
    _concept(
        "handed_over_at", "time",
        "ship; deliver carrier; carrier; pick=.8; fulfil=.8; ship create; ship order; carrier pick; ship carrier;"
        "fulfil create=.8; carrier receive=.9; transfer=.6",
    ),
    _concept("delivered_at", "time", "deliver; deliver customer; customer receive=.9; arrive=.8; receive=.7; ship deliver"),
    _concept("cancelled_at", "time", "cancel; order cancel; reject=.7"),
    _concept("cancel_reason", "text", "cancel reason; reject reason; cancel id; cancel kind"),
    _concept("ordered_units", "number", "quantity; order quantity; item quantity; quantity purchase; transaction quantity; product quantity=.9"),
    _concept("shipped_units", "number", "ship quantity; deliver quantity=.9; fulfil quantity; ship item quantity"),
    _concept("returned_units", "number", "return quantity; return item quantity; return=.7"),
    _concept("return_reason", "text", "return reason; return kind=.8; return reason id"),
    _concept("price_amount", "number", "price; net price; item price; sale price; quantity price; product price; gross price=.8"),
    _concept(
        "line_amount", "number",
        "amount; line amount; row amount; sale=.8; sale amount=.9; net amount; item amount; order amount=.9; line price=.8;"
        "row price=.8",
    ),
    _concept("cost_amount", "number", "cost; quantity cost; item cost; purchase price; product cost; cost price; cost amount=.8"),
    _concept(
        "fulfilment_amount", "number",
        "freight; freight amount; freight price; ship cost; ship price; ship amount; deliver cost; fulfil cost; ship=.7;"
        "deliver amount; deliver price; freight cost; ship freight",
    ),
    _concept("rating", "number", "rating; review rating; customer rating; rating amount; review=.6"),
    _concept("status", "text", "status; order status; item status; deliver status=.8; fulfil status=.9; state=.55; order state=.7"),
    _CURRENCY,
)  # fmt: skip

_CATEGORY = _concept(
    "category", "text",
    "category; category name; product category; product category name; category id=.9; product kind=.75; kind=.5;"
    "product category id=.9; first category=.95; first category id=.9; item category; sub category=.8;"
    "sub category id=.75; sub category name=.8",
)  # fmt: skip

PRODUCTS = (
    _SKU_ID,
    _concept("brand", "text", "brand; brand name; product brand; supplier=.5; supplier name=.5; brand id"),
    _CATEGORY,
    _concept("launched_on", "time", "launch; product launch; list=.7; create=.5; release; first sale=.9"),
)

_DAY = _concept("day", "time", "date; sale=.8; stock=.8; order=.5; period=.5; run=.7; invoice=.4; create=.4")

TABLES: dict[str, tuple[Concept, ...]] = {
    "order_lines": ORDER_LINES,
    "products": PRODUCTS,
    "stock_days": (
        _SKU_ID, _NODE_ID, _DAY,
        _concept(
            "on_hand_units", "number",
            "hand; hand quantity; stock; stock quantity; stock hand; close stock; close stock quantity; stock amount=.6",
        ),
        _concept("sold_units", "number", "sale; sale quantity; sale hour=.9; sale amount=.7; demand=.6; order quantity=.6; quantity=.5"),
        _concept("received_units", "number", "receive quantity; receive; receive stock=.9; arrive quantity"),
        _concept("adjusted_units", "number", "adjust; adjust quantity; stock adjust; transfer quantity=.8"),
        _concept("discount_share", "number", "discount; discount share; discount flag=.6; discount rate; discount percent"),
        _concept("is_promoted", "flag", "promote; promote flag; media flag; media=.6"),
        _concept("is_holiday", "flag", "holiday; holiday flag; state holiday=.7"),
        _concept("empty_share", "number", "empty; empty hour=.8; empty share; stock status=.7; stock status hour=.7; empty flag=.9"),
    ),
    "listings": (
        _SKU_ID, _CHANNEL_ID, _DAY,
        _concept("listed_share", "number", "list; list share; list flag; in stock share"),
        _concept("price_amount", "number", "price; net price; sale price; price amount"),
        _concept("rival_price_amount", "number", "rival price; rival price amount; rival amount"),
        _concept("content_share", "number", "content; content rating; content share"),
        _concept("sessions", "number", "session; session quantity; session count"),
        _concept("orders", "number", "order; order quantity; order count; purchase=.8"),
        _concept("media_amount", "number", "media; media amount; media cost"),
    ),
    "forecasts": (
        _SKU_ID, _CHANNEL_ID, _NODE_ID,
        _concept("forecast_on", "time", "forecast create; forecast run; run; create; forecast=.8; publish; limit=.7; forecast date"),
        _concept("period_on", "time", "period; period date; date=.7; to=.7; forecast period; target date=.8; deliver=.5"),
        _concept("period_days", "number", "period days; horizon days; period day; horizon day; period date"),
        _concept("forecast_units", "number", "forecast; forecast quantity; demand forecast; forecast sale; promise quantity=.7; forecast amount=.7; demand=.6"),
        _concept("forecaster_id", "id", "forecaster; actor=.6; forecast actor; forecast party"),
    ),
    "supply_orders": (
        _concept(
            "supply_order_id", "id",
            "po id; po; po line id=.9; supplier order id; transfer id; transfer order id; order id=.7; purchase id=.8; order=.6",
        ),
        _SKU_ID,
        _concept(
            "to_node_id", "id",
            "to warehouse; to warehouse id; to location; to location id; to store; to store id; receive warehouse; warehouse id=.9;"
            "warehouse=.9; location=.8; location id=.8; store id=.8; store=.8; receive location=.9",
        ),
        _concept("from_node_id", "id", "from warehouse; from warehouse id; from location; from location id; from store"),
        _concept("supplier_id", "id", "supplier id; supplier; supplier name=.8; seller id=.6"),
        _concept("signalled_at", "time", "signal; signal create"),
        _concept("decided_at", "time", "decide; approve; release=.8"),
        _concept("placed_at", "time", "order; create; po; purchase; po create; order create; date=.5; po order; document=.8"),
        _concept("promised_at", "time", "promise; promise deliver; promise receive; promise arrive; deliver=.55; deliver limit"),
        _concept("shipped_at", "time", "ship; supplier ship"),
        _concept("received_at", "time", "receive; deliver=.7; deliver customer=.65; arrive; receive deliver; receive arrive"),
        _concept("available_at", "time", "shelved; hand; close=.5"),
        _concept("ordered_units", "number", "quantity; order quantity; po quantity; purchase quantity; line quantity"),
        _concept("received_units", "number", "receive quantity; deliver quantity=.9; receive=.7"),
        _concept("cost_amount", "number", "cost; quantity cost; price=.8; net price=.8; purchase price; cost price"),
    ),
    "work_log": (
        _concept("case_id", "id", "case id; case; case name=.8; id=.5; order id=.4"),
        _concept("case_kind", "text", "case kind; kind=.8; function=.6; case category=.7; case name kind"),
        _concept("activity", "text", "activity; activity name; activity kind=.8; status=.7; case status=.8; case state=.85; state=.7"),
        _concept("at", "time", "date; activity; activity date; update=.9; complete=.8; create=.6; close=.5; activity create; activity end=.9"),
        _concept("actor_id", "id", "actor; actor id; update by; assign to=.75; assign=.7; person=.7; actor name=.8; person id=.8; create by=.7"),
        _concept("system_id", "id", "system; system id; from system; system name"),
        _concept("effort_hours", "number", "effort; effort hour; hour=.8; labour hour=.9; effort minute=.8; activity effort; minute=.5"),
        _concept("closed", "flag", "close; close flag; resolve=.8; resolve flag=.8; complete=.8"),
    ),
    "labour": (
        _NODE_ID,
        _concept("function", "text", "function; activity=.9; category=.8; function name; activity name=.9; labour kind=.8; kind=.6; category name=.8"),
        _DAY,
        _concept("hours", "number", "hour; labour hour; hour quantity; hour labour quantity; effort hour; labour effort=.8"),
        _concept("units", "number", "quantity; output; output quantity; line quantity=.9; pick quantity; fulfil quantity; product quantity=.9"),
        _concept("cost_amount", "number", "cost; wage; labour cost; wage amount; labour cost amount; wage cost"),
    ),
    "leakage": (
        _DAY,
        _concept("cause", "text", "reason; leakage kind; leakage reason; reason id; kind=.7; reason name; booking reason; leakage=.7"),
        _concept("amount", "number", "amount; leakage; leakage amount; cost=.9; booking amount; cost amount=.9"),
        _concept("party_id", "id", "party; party id; partner=.9; carrier=.8; supplier=.8; carrier id=.8; supplier id=.8"),
    ),
    "feeds": (
        _concept("feed_id", "id", "feed; feed id; feed name=.9"),
        _concept("from_system", "id", "from system; from; from name=.8; from feed=.6"),
        _concept("to_system", "id", "to system; to; to name=.8"),
        _concept("party_id", "id", "party; party id; partner; partner id"),
        _concept("expected_at", "time", "promise; promise arrive; promise receive; promise feed"),
        _concept("arrived_at", "time", "arrive; receive; deliver; actual; update=.7; feed date=.6"),
        _concept("expected_rows", "number", "promise rows"),
        _concept("arrived_rows", "number", "rows; receive rows; arrive rows; rows quantity; update rows"),
        _concept("mismatched_rows", "number", "mismatch; mismatch rows; reject rows; reject quantity=.7"),
    ),
    "offers": (
        _concept("party_id", "id", "party; party id; partner; partner id; supplier=.7; partner name=.8; supplier id=.7; carrier=.7"),
        _concept("capability", "text", "capability; capability kind; capability name; kind=.5; function=.6"),
        _concept("region", "text", "region; country=.9; state=.9"),
        _CHANNEL_ID,
        _concept("capacity_units_per_day", "number", "capacity; capacity quantity; capacity quantity date; capacity date"),
        _concept("unit_amount", "number", "price; quantity amount; quantity cost; cost; quantity price; cost quantity"),
        _concept("onboarding_amount", "number", "onboard; onboard cost; onboard amount; onboard price"),
        _concept("ramp_days", "number", "ramp; ramp days; onboard days=.8"),
    ),
}  # fmt: skip
"""For each canonical table drafted from one file, what its columns are known by."""

DIMENSIONS: dict[str, tuple[Concept, ...]] = {
    "customers": (
        _concept("customer_id", "id", "customer id; id=.5; customer=.8"),
        _concept("person_id", "id", "customer unique id; person id=.8; customer person id; unique id=.8"),
        *PLACES,
    ),
    "sellers": (
        _concept("seller_id", "id", "seller id; seller; partner id; partner; supplier id=.7"),
        _concept("name", "text", "name; seller name; seller; partner name; supplier name=.8"),
        *PLACES,
    ),
    "suppliers": (
        _concept("supplier_id", "id", "supplier id; supplier=.9"),
        _concept("name", "text", "name; supplier name"),
    ),
    "carriers": (
        _concept("carrier_id", "id", "carrier id; carrier=.9"),
        _concept("name", "text", "name; carrier name"),
    ),
    "partners": (
        _concept("party_id", "id", "partner id; partner=.9; party id; party=.9"),
        _concept("name", "text", "name; partner name; party name"),
    ),
    "nodes": (
        _NODE_ID,
        _concept("kind", "text", "kind; warehouse kind; store kind; location kind"),
        _concept("party_id", "id", "party; party id; partner; partner id; supplier id=.7; actor=.8"),
        *PLACES,
    ),
    "channels": (
        _CHANNEL_ID,
        _concept("kind", "text", "kind; channel kind"),
        _concept("party_id", "id", "party; party id; partner; partner id"),
    ),
}
"""Files with one row per customer, seller, place …"""


def meanings() -> tuple[str, ...]:
    """Names of everything a column can be said to mean."""
    return tuple(sorted({concept.name for concept in _usable()}))


def named(name: str) -> tuple[Concept, ...]:
    """All meanings of a name: it may stand for another thing in another table."""
    return tuple(concept for concept in _usable() if concept.name == name)


def _usable() -> tuple[Concept, ...]:
    groups = (ORDER_LINES, PRODUCTS, *TABLES.values(), *DIMENSIONS.values())
    return tuple(concept for group in groups for concept in group)


MARKS: dict[str, frozenset[str]] = {
    "labour": frozenset({"labour", "hour", "wage", "productivity", "over", "minute"}),
    "forecasts": frozenset({"forecast"}),
    "leakage": frozenset({"leakage", "reason", "booking"}),
    "feeds": frozenset({"feed", "rows", "system"}),
    "offers": frozenset({"capability", "capacity", "onboard", "ramp"}),
    "work_log": frozenset({"case", "activity", "actor", "assign", "resolve"}),
    "supply_orders": frozenset({"po", "supplier", "transfer", "purchase", "signal", "shelved"}),
    "stock_days": frozenset({"stock", "hand", "empty", "close", "sale"}),
    "listings": frozenset({"session", "list", "rival", "content", "media"}),
}
"""Meanings of which a file must name at least one to be taken for that table."""
