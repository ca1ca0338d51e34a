"""Which files hold the customers' orders, and how they belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from fourwalls.tables.draft.cautions import cautious
from fourwalls.tables.draft.concepts import DIMENSIONS, ORDER_LINES
from fourwalls.tables.draft.durations import with_counted
from fourwalls.tables.draft.matching import SURE_SCORE, Match, matches, timed
from fourwalls.tables.draft.profile import Source, overlap
from fourwalls.tables.draft.sqltext import plain

ADDED = {
    "rating": "avg", "handed_over_at": "max", "delivered_at": "max", "released_at": "max", "promised_at": "min",
    "cancelled_at": "min", "cancel_reason": "min", "carrier_id": "min", "node_id": "min", "returned_units": "sum",
    "return_reason": "min",
}  # fmt: skip
"""What a further file may add to an order, and how its rows become one per order."""
OF_SHIPMENT = ("node_id", "carrier_id", "handed_over_at")
"""What is told of the shipment that came last, where an order has several."""

_OF_LINE = frozenset(
    {"line_id", "sku_id", "ordered_units", "shipped_units", "returned_units", "return_reason", "price_amount"}
    | {"line_amount", "cost_amount", "fulfilment_amount", "seller_id", "node_id"}
)  # fmt: skip
# Figures of a whole order, which its lines must not each carry.
_SUMS = frozenset({"price_amount", "line_amount", "cost_amount", "ordered_units", "shipped_units", "returned_units"})
# Subjects of files whose orders are not those of customers.
_NOT_CUSTOMERS = frozenset({"po", "transfer", "supplier", "forecast", "case", "feed"})
# Names that tell a line of an order, and how strongly.
_LINE_SIGNS = {"sku_id": 2, "line_id": 1, "ordered_units": 1, "price_amount": 1, "line_amount": 0.5, "shipped_units": 1}
# What the bare date in a file about deliveries, payments … is the date of.
_DATED = {
    "deliver": "delivered_at", "ship": "handed_over_at", "fulfil": "handed_over_at", "pay": "released_at",
    "cancel": "cancelled_at",
}  # fmt: skip
_LEAST_OVERLAP = 0.3
_CLEARLY = 0.5
_NEARLY_ALL = 0.98


@dataclass(frozen=True, slots=True)
class Piece:
    """A file's part in the orders.

    Attributes:
        name: What it is called in the SQL.
        source: The file.
        found: What its columns mean.
        by: Meanings of the columns that join it; empty for the one all others are joined to.
        doubt: What is unsure about joining it.
        clocks: Of a further file, the times that tell which of an order's rows came last, the most telling first.
    """

    name: str
    source: Source
    found: Mapping[str, Match]
    by: tuple[str, ...] = ()
    doubt: str | None = None
    clocks: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Which file gives what.

    Attributes:
        base: One row per order; or per line, if the orders have no file of their own.
        lines: One row per line, joined to the orders; None if there is no such file beside the base.
        added: Files with further facts about an order.
        customers: One row per customer.
    """

    base: Piece
    lines: Piece | None = None
    added: tuple[Piece, ...] = ()
    customers: Piece | None = None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All of them, in the order in which they are joined."""
        return tuple(p for p in (self.base, self.lines, *self.added, self.customers) if p is not None)

    @property
    def has_lines(self) -> bool:
        """Whether rows are lines, not only orders."""
        return self.lines is not None or self.base.name == "lines"

    def giver(self, name: str) -> Piece | None:
        """The piece that gives a column: what belongs to a line from the lines, what to an order from the orders."""
        first = (self.lines, self.base) if name in _OF_LINE else (self.base, self.lines)
        pieces: tuple[Piece | None, ...] = (*first, *self.added)
        giving = [
            piece
            for piece in pieces
            if piece is not None and name in piece.found and not self._is_sum_of_order(piece, name)
        ]
        return next((p for p in giving if p.found[name].score >= SURE_SCORE), giving[0] if giving else None)

    def _is_sum_of_order(self, piece: Piece, name: str) -> bool:
        return name in _SUMS and piece is self.base and self.lines is not None


def layout(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> Layout | None:
    """How the files of customers' orders belong together; None if there are none."""
    usable = [s for s in sources if s.said is not None or not s.subject & _NOT_CUSTOMERS]
    found = {s.table: _meant(connection, s) for s in usable}
    holders = [s for s in usable if "order_id" in found[s.table]]
    lines = max(holders, key=lambda s: _line_signs(found[s.table]), default=None)
    if lines is not None and _line_signs(found[lines.table]) < 2:
        lines = None
    heads = [s for s in holders if s is not lines and "ordered_at" in found[s.table] and _one_per_order(s, found)]
    # Of several, the one whose orders the lines are of: a delivery has a number and a date too.
    heads = [s for s in heads if _joined_share(connection, s, lines, found) >= _LEAST_OVERLAP] or heads
    head = max(heads, key=lambda s: len(found[s.table]), default=None)
    if head is not None and lines is not None:
        found[head.table] = _rekeyed(connection, head, lines, found)
    share = _joined_share(connection, head, lines, found)
    if share < _LEAST_OVERLAP:
        head, lines = (None, lines) if lines and "ordered_at" in found[lines.table] else (head, None)
    bare = _bare(head, lines, found, share)
    if bare is None:
        return None
    used = {piece.source.table for piece in bare.pieces}
    added = _added(connection, bare, [s for s in holders if s.table not in used], found)
    return Layout(
        bare.base, bare.lines, added, _customers(connection, bare, [s for s in sources if s.table not in used])
    )


def _meant(connection: duckdb.DuckDBPyConnection, source: Source) -> dict[str, Match]:
    """What a file's columns mean among orders."""
    return timed(connection, cautious(source, with_counted(connection, source, matches(source, ORDER_LINES))))


def _line_signs(found: Mapping[str, Match]) -> float:
    return sum(weight for name, weight in _LINE_SIGNS.items() if name in found)


def _one_per_order(source: Source, found: Mapping[str, Mapping[str, Match]]) -> bool:
    return found[source.table]["order_id"].column.distinct >= _NEARLY_ALL * source.rows


def _rekeyed(
    connection: duckdb.DuckDBPyConnection,
    head: Source,
    lines: Source,
    found: Mapping[str, Mapping[str, Match]],
) -> dict[str, Match]:
    """What the orders' columns mean, the order number being the one that the lines refer to."""
    given, theirs = found[head.table], found[lines.table]["order_id"].column
    keys = [given["order_id"].column, *(c for c in head.columns if c.unique and c.holds in ("text", "number"))]
    shares = {c.name: overlap(connection, lines, theirs.name, head, c.name) for c in keys}
    best = max(keys, key=lambda c: shares[c.name])
    if shares[best.name] - shares[keys[0].name] < _CLEARLY:
        return dict(given)
    others = {name: match for name, match in given.items() if match.column.name not in (best.name, keys[0].name)}
    why = f"not '{plain(keys[0].name)}', as its values are the ones in {lines.label}"
    return {**others, "order_id": Match(head, best, 0.8, why)}


def _of_file(given: Mapping[str, Match]) -> dict[str, Match]:
    """What a further file's columns mean, its bare date being that of what the file is about."""
    dated = given.get("ordered_at")
    if dated is None:
        return dict(given)
    about = next((name for word, name in _DATED.items() if word in dated.source.subject), None)
    if about is None or about in given:
        return dict(given)
    others = {name: match for name, match in given.items() if name != "ordered_at"}
    return {**others, about: dated.doubted(f"the date of a row in {dated.source.label}")}


def _joined_share(
    connection: duckdb.DuckDBPyConnection,
    head: Source | None,
    lines: Source | None,
    found: Mapping[str, Mapping[str, Match]],
) -> float:
    """Share of the orders in the lines that the orders know; 1 if there is only one of the two."""
    if head is None or lines is None:
        return 1.0
    one, other = (found[s.table]["order_id"].column.name for s in (lines, head))
    return overlap(connection, lines, one, head, other)


def _bare(
    head: Source | None, lines: Source | None, found: Mapping[str, Mapping[str, Match]], share: float
) -> Layout | None:
    if head is None:
        return None if lines is None else Layout(Piece("lines", lines, found[lines.table]))
    order_id = found[head.table]["order_id"].column
    repeated = None
    if not order_id.unique:
        repeated = f"'{plain(order_id.name)}' is not unique in {head.label}; the earliest row of an order is kept"
    base = Piece("orders", head, found[head.table], (), repeated)
    if lines is None:
        return Layout(base)
    orphans = f"{1 - share:.1%} of the orders in {lines.label} are not in {head.label}; their lines are left out"
    doubt = orphans if share < 1 and head.whole else None
    return Layout(base, Piece("lines", lines, found[lines.table], ("order_id",), doubt))


def _added(
    connection: duckdb.DuckDBPyConnection,
    bare: Layout,
    others: Sequence[Source],
    found: Mapping[str, Mapping[str, Match]],
) -> tuple[Piece, ...]:
    """Further files about orders, each reduced to what neither the orders nor another of them tells."""
    pieces: list[Piece] = []
    givers = {name: bare.giver(name) for name in ADDED}
    known = {name for name, piece in givers.items() if piece is not None and piece.found[name].score >= SURE_SCORE}
    order_id = bare.base.found["order_id"].column.name
    for source in sorted(others, key=lambda s: -len(found[s.table])):
        given = _of_file(found[source.table])
        new = {name: match for name, match in given.items() if name in ADDED and name not in known}
        by = _shared_key(bare, given, new)
        related = overlap(connection, source, given["order_id"].column.name, bare.base.source, order_id)
        if not new or by is None or related < _LEAST_OVERLAP:
            continue
        known |= set(new)
        keys = {name: given[name] for name in by}
        clocks = tuple(given[name] for name in ("delivered_at", "handed_over_at") if name in given)
        name = _piece_name(new, {p.name for p in pieces})
        pieces.append(Piece(name, source, {**keys, **new}, by, clocks=clocks))
    return tuple(pieces)


def _shared_key(bare: Layout, given: Mapping[str, Match], new: Mapping[str, Match]) -> tuple[str, ...] | None:
    """What joins a further file; None if it counts units of something finer than can be joined."""
    if "returned_units" not in new or not bare.has_lines:
        return ("order_id",)
    for finer in ("line_id", "sku_id"):
        if finer in given and bare.giver(finer) is not None:
            return ("order_id", finer)
    return None


def _piece_name(new: Mapping[str, Match], taken: set[str]) -> str:
    about = {"rating": "ratings", "returned_units": "returns", "return_reason": "returns", "delivered_at": "deliveries"}
    name = next((plural for column, plural in about.items() if column in new), "further")
    if "handed_over_at" in new:
        name = "shipments"
    return name if name not in taken else f"{name}_{len(taken) + 1}"


def _customers(connection: duckdb.DuckDBPyConnection, bare: Layout, others: Sequence[Source]) -> Piece | None:
    giver = bare.giver("customer_id")
    if giver is None:
        return None
    own = giver.found["customer_id"].column.name
    for source in others:
        found = matches(source, DIMENSIONS["customers"])
        key = found.get("customer_id")
        if key is None or not key.column.unique:
            continue
        if overlap(connection, giver.source, own, source, key.column.name) >= _LEAST_OVERLAP:
            return Piece("customers", source, found, ("customer_id",))
    return None
