"""The mapping for order_lines: orders, their lines and what other files say about them, joined without multiplying."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses

import duckdb

from fourwalls.tables.draft.columns import Column
from fourwalls.tables.draft.concepts import ORDER_LINES
from fourwalls.tables.draft.gaps import gaps, unnamed_carrier
from fourwalls.tables.draft.layout import ADDED, OF_SHIPMENT, Layout, Piece
from fourwalls.tables.draft.matching import SURE_SCORE, Match, ended, places
from fourwalls.tables.draft.plan import Item, Part, Plan, Query, from_match, left_of, made, passed, value_sql
from fourwalls.tables.draft.sqltext import ident, literals, one_row, plain
from fourwalls.tables.draft.words import lemmas
from fourwalls.tables.schema import TABLES

MAIN_CHANNEL = "main"
"""The channel of all orders where no column names one."""
THE_CARRIER = "carrier"
"""The carrier of all parcels where a column tells of a carrier, but none which."""

_KINDS = {concept.name: concept.values for concept in ORDER_LINES}
_HELPERS = ("line_amount", "rating", "seller_id", "status")
_STAMPS = ("ordered_at", "released_at", "handed_over_at")
_PERSON_RATIO = 0.999


def order_lines(connection: duckdb.DuckDBPyConnection, found: Layout) -> Plan:
    """The mapping for order_lines.

    Args:
        connection: Where the samples are.
        found: The files and how they belong together.
    """
    wanted = _wanted(found)
    parts = tuple(_part(connection, found, piece, wanted.get(piece.name, {})) for piece in found.pieces)
    files = tuple(piece.source.label for piece in found.pieces)
    doubts = tuple(d for piece in found.pieces for d in (piece.doubt, *piece.source.doubts, _once(piece)) if d)
    query = Query(_selected(connection, found, wanted), found.base.name, tuple(_joins(found)))
    return Plan("order_lines", files, parts, (query,), (*doubts, *gaps(found)))


def _once(piece: Piece) -> str | None:
    """What to know of copied rows, which are taken once; copied lines are kept, and told by the proof."""
    if not piece.source.copies or piece.name == "lines":
        return None
    return f"{piece.source.copied}; each is taken once"


def _wanted(found: Layout) -> dict[str, dict[str, Match]]:
    """For each piece, what is taken from it: its keys and the columns that it gives."""
    wanted: dict[str, dict[str, Match]] = {p.name: {k: p.found[k] for k in p.by} for p in found.pieces}
    wanted[found.base.name]["order_id"] = found.base.found["order_id"]
    helpers = [h for h in _HELPERS if h != "line_amount" or found.giver("price_amount") is None]
    for name in (*TABLES["order_lines"].names, *helpers):
        giver = found.giver(name)
        if giver is not None:
            wanted[giver.name][name] = giver.found[name]
    destination = _destination(found)
    if destination is not None:
        wanted[destination[0].name]["destination"] = destination[1]
    person = _person(found)
    if person is not None and found.customers is not None:
        wanted["customers"]["person_id"] = person
    return wanted


def _destination(found: Layout) -> tuple[Piece, Match] | None:
    for piece in (found.base, found.lines, found.customers):
        if piece is None:
            continue
        taken = {match.column.name for match in piece.found.values()} if piece.name != "customers" else set()
        fitting = [
            m
            for m in places(piece.source)
            if m.score >= SURE_SCORE and m.column.distinct > 1 and m.column.name not in taken
        ]
        if fitting:
            others = ", ".join(f"'{plain(m.column.name)}'" for m in fitting[1:])
            return piece, fitting[0].doubted(f"it could also be {others}") if others else fitting[0]
    return None


def _person(found: Layout) -> Match | None:
    """The column that knows a customer again, where every order has a customer number of its own."""
    giver = found.giver("customer_id")
    if giver is None or found.customers is None or "person_id" not in found.customers.found:
        return None
    own = giver.found["customer_id"].column
    person = found.customers.found["person_id"]
    if own.distinct < _PERSON_RATIO * own.rows or person.column.distinct >= own.distinct:
        return None
    return person.doubted(f"every order has a '{plain(own.name)}' of its own, so this is taken for who ordered")


def _part(connection: duckdb.DuckDBPyConnection, found: Layout, piece: Piece, taken: dict[str, Match]) -> Part:
    reduced = piece in found.added
    key = tuple(name for name in piece.by or ("order_id",) if name in taken)
    names = [*key, *(n for n in taken if n not in key)]
    items = tuple(_staged(name, taken[name], reduced=reduced and name not in key) for name in names)
    if reduced:
        items = _of_last_shipment(connection, piece, items, key)
    if piece.name == "lines" and _numbered(connection, piece):
        items = (*(i for i in items if i.name != "line_id"), _number(piece))
    tail: list[str] = []
    if "ordered_units" in taken and (taken["ordered_units"].column.low or 0) < 0:
        tail.append(f"WHERE {value_sql('number', taken['ordered_units'].column)} > 0")
        items = tuple(_negative(connection, i, taken[i.name]) if i.name == "ordered_units" else i for i in items)
    if reduced:
        tail.append(f"GROUP BY {', '.join(str(i + 1) for i in range(len(key)))}")
    if piece is found.base and piece.doubt:
        order_id, ordered_at = (value_sql(k, taken[n].column) for k, n in (("id", "order_id"), ("time", "ordered_at")))
        tail.append(f"QUALIFY row_number() OVER (PARTITION BY {order_id} ORDER BY {ordered_at}) = 1")
    about = f"{piece.source.label}: one row per {_grain(piece, reduced=reduced)}"
    return Part(
        piece.name,
        about,
        Query(
            items,
            piece.source.reader if piece.name == "lines" else piece.source.once,
            tuple(tail),
            left_of(piece.source, taken.values()),
        ),
    )


def _of_last_shipment(
    connection: duckdb.DuckDBPyConnection, piece: Piece, items: tuple[Item, ...], key: tuple[str, ...]
) -> tuple[Item, ...]:
    """What is staged of a further file, where an order has several shipments: all of the one that came last."""
    several = _several(connection, piece, key)
    if not several or not {"node_id", "carrier_id"} & {i.name for i in items}:
        return items
    clocks = [value_sql("time", match.column) for match in piece.clocks]
    seen = "" if piece.source.whole else " in the rows looked at"
    which = "the one that came last counts" if clocks else "no time tells which came last, so the least value is taken"
    orders = "1 order has" if several == 1 else f"{several:,} orders have"
    doubt = f"{orders} several shipments in {piece.source.label}{seen}; {which}"
    return tuple(_last_of(i, piece, clocks, doubt) if i.name in OF_SHIPMENT else i for i in items)


def _last_of(item: Item, piece: Piece, clocks: list[str], doubt: str) -> Item:
    column = piece.found[item.name].column
    value = value_sql(_KINDS[item.name], column)
    told = [f"arg_max({value}, {clock})" for clock in clocks if clock != value]
    fallback = f"{ADDED[item.name]}({value})"
    if item.name == "handed_over_at" and not told:
        return item
    steps = ",\n    ".join((*told, fallback))
    sql = f"coalesce(\n    {steps}\n)" if told else fallback
    if item.name == "handed_over_at":
        return dataclasses.replace(item, sql=sql, note="Several per order: of the one that arrived last")
    both = f"{item.doubt}; {doubt}" if item.doubt else doubt
    return Item(item.name, sql, item.source, 0.7 * item.confidence, both)


def _several(connection: duckdb.DuckDBPyConnection, piece: Piece, key: tuple[str, ...]) -> int:
    """Orders of which a further file has several rows."""
    keys = ", ".join(value_sql("id", piece.found[name].column) for name in key)
    groups = f"SELECT 1 FROM {piece.source.table} GROUP BY {keys} HAVING count(*) > 1"
    return int(one_row(connection, f"SELECT count(*) FROM ({groups})")[0])


def _grain(piece: Piece, *, reduced: bool) -> str:
    if piece.name in ("lines", "customers"):
        return piece.name.removesuffix("s")
    return "order and " + piece.by[1].removesuffix("_id") if reduced and len(piece.by) > 1 else "order"


def _staged(name: str, match: Match, *, reduced: bool) -> Item:
    column = match.column
    if name == "rating":
        sql, doubt = _rating(column)
        match = match.doubted(doubt) if doubt else match
        return from_match("rating_share", match, f"avg({sql})" if reduced else sql)
    if name == "promised_at" and column.date_only:
        sql = column.day(ident(column.name))
    else:
        sql = value_sql(_KINDS.get(name, "id"), column)
    note = None
    if name == "promised_at" and column.midnight and not column.date_only:
        match = match.doubted("always midnight; if it means by the end of that day, write CAST(… AS DATE)")
    if name == "ordered_at" and column.midnight:
        match = match.doubted("without a time of day, so hours counted from it are rough")
    if name == "node_id" and "store" in lemmas(column.name):
        match = match.doubted("a store that ships; if it is where the customer bought, it is the channel_id")
    if name == "fulfilment_amount":
        match = match.doubted("taken as our cost of fulfilling; if it is only what the customer pays, drop it")
    if reduced:
        sql = f"{ADDED[name]}({sql})"
        note = "Several per order: the last counts" if ADDED[name] == "max" else None
    if name == "person_id":
        return from_match("person_id", match, sql)
    return from_match(name, match, sql, note=note)


def _rating(column: Column) -> tuple[str, str | None]:
    """SQL of a rating from worst 0 to best 1, and what is unsure about its scale."""
    low, high = column.low or 0, column.high or 0
    value = column.number(ident(column.name))
    if high <= 1 and low < 1:
        return value, None
    worst, best = next((w, b) for w, b in ((1, 5), (0, 5), (1, 10), (0, 10), (0, 100)) if w <= low and high <= b)
    seen = None if (low, high) == (worst, best) == (1, 5) else f"read as a scale from {worst} to {best}"
    if worst == 0:
        return f"{value} / {best}.0", seen
    return f"({value} - {worst}) / {best - worst}.0", seen


def _negative(connection: duckdb.DuckDBPyConnection, item: Item, match: Match) -> Item:
    value = value_sql("number", match.column)
    row = connection.execute(f"SELECT count(*) FILTER ({value} <= 0), count(*) FROM {match.source.table}").fetchone()
    below, rows = row if row is not None else (0, 0)
    seen = "" if match.source.whole else " looked at"
    why = f"{below:,} of {rows:,} rows{seen} are not above 0 (returns, corrections?) and are left out"
    doubt = f"{item.doubt}; {why}" if item.doubt else why
    return Item(item.name, item.sql, item.source, 0.7 * item.confidence, doubt, item.note)


def _joins(found: Layout) -> list[str]:
    lines = []
    for piece in found.pieces[1:]:
        on = " AND ".join(f"{piece.name}.{name} = {_holder(found, piece, name)}.{name}" for name in piece.by)
        lines.append(f"LEFT JOIN {piece.name} ON {on}")
    return lines


def _holder(found: Layout, piece: Piece, name: str) -> str:
    """The piece, joined before, that has the other side of a join."""
    if name == "order_id":
        return found.base.name
    giver = found.giver(name)
    return giver.name if giver is not None and giver is not piece else found.base.name


def _selected(
    connection: duckdb.DuckDBPyConnection, found: Layout, wanted: dict[str, dict[str, Match]]
) -> tuple[Item, ...]:
    home = _homes(found, wanted)
    once = _told_once(connection, found.base, wanted["lines"]) if found.base.name == "lines" else frozenset()
    refs = {name: _reference(name, piece, once) for name, piece in home.items()}
    made_here = {
        "line_id": _line_id(found),
        "customer_id": passed("customer_id", refs["person_id"]) if "person_id" in refs else None,
        "channel_id": None if "channel_id" in refs else _one_channel(),
        "node_id": None if "node_id" in refs else _sellers_place(refs),
        "fulfiller_id": passed("fulfiller_id", refs["seller_id"]) if "seller_id" in refs else None,
        "carrier_id": _one_carrier() if unnamed_carrier(found) else None,
        "cancelled_at": None if "cancelled_at" in refs else _cancelled_at(found, refs),
        "cancel_reason": None if "cancel_reason" in refs else _cancel_reason(found, refs),
        "ordered_units": None if "ordered_units" in refs else _one_unit(found),
        "price_amount": None if "price_amount" in refs else _price(refs),
        "fulfilment_amount": _fulfilment(found, home, refs, once),
        "rating_share": passed("rating_share", refs["rating_share"]) if "rating_share" in refs else None,
    }
    chosen = (
        made_here.get(name) or (_handed_on(name, refs[name], once) if name in refs else None)
        for name in TABLES["order_lines"].names
    )
    return tuple(item for item in chosen if item is not None)


def _homes(found: Layout, wanted: dict[str, dict[str, Match]]) -> dict[str, str]:
    """For each staged column, the step it is in."""
    keys = {piece.name: piece.by for piece in found.pieces}
    home = {name: piece for piece, names in wanted.items() for name in names if name not in keys[piece]}
    home["order_id"] = found.base.name
    giver = found.giver("customer_id")
    if giver is not None:
        home["customer_id"] = giver.name
    if "rating" in home:
        home["rating_share"] = home.pop("rating")
    return home


def _reference(name: str, piece: str, once: frozenset[str]) -> str:
    return f"max({piece}.{name}) OVER (PARTITION BY {piece}.order_id)" if name in once else f"{piece}.{name}"


def _handed_on(name: str, reference: str, once: frozenset[str]) -> Item:
    return (
        made(name, reference, note="Told on one line of each order only") if name in once else passed(name, reference)
    )


def _told_once(connection: duckdb.DuckDBPyConnection, base: Piece, taken: dict[str, Match]) -> frozenset[str]:
    """Columns of a file of lines that only one line of each order fills, as in the exports of some shop systems."""
    names = [n for n in taken if n not in ("order_id", "line_id", "sku_id") and taken[n].column.nulls]
    if not names:
        return frozenset()
    filled = ", ".join(
        f"count({taken[n].column.text(ident(taken[n].column.name))}) AS n{i}" for i, n in enumerate(names)
    )
    # Of the orders of several lines that fill it at all, nearly all do so in a single line.
    single = (f"count(*) FILTER (n{i} = 1) > 0.9 * count(*) FILTER (n{i} > 0)" for i in range(len(names)))
    flags = one_row(
        connection,
        f"SELECT {', '.join(single)} FROM (SELECT {filled} FROM {base.source.table} "
        f"GROUP BY {value_sql('id', taken['order_id'].column)} HAVING count(*) > 1)",
    )
    return frozenset(n for n, is_single in zip(names, flags, strict=True) if is_single)


def _line_id(found: Layout) -> Item:
    if not found.has_lines:
        return made("line_id", "'1'", note="The files tell orders, not their lines: each order is one line")
    return passed("line_id", "coalesce(lines.line_id, '1')" if found.lines else "lines.line_id")


def _numbered(connection: duckdb.DuckDBPyConnection, piece: Piece) -> bool:
    """Whether lines are numbered here, as the file does not."""
    return "line_id" not in piece.found or not _names_lines(connection, piece)


def _number(piece: Piece) -> Item:
    """A line's number: rows that differ in any column differ in it, exact copies have the same."""
    telling = ("line_id", "sku_id", "ordered_units", "price_amount")
    names = [piece.found[n].column.name for n in telling if n in piece.found]
    names += [c.name for c in piece.source.columns if c.name != piece.found["order_id"].column.name]
    order = ", ".join(ident(name) for name in dict.fromkeys(names))
    order_id = value_sql("id", piece.found["order_id"].column)
    over = f"PARTITION BY {order_id} ORDER BY {order}" if order else f"PARTITION BY {order_id}"
    own = "line_id" in piece.found
    why = "The file's own line number is not unique within an order" if own else "The file numbers no lines"
    sql = f"CAST(dense_rank() OVER ({over}) AS VARCHAR)"
    return made("line_id", sql, note=f"{why}: numbered here, rows that are the same in every column alike")


def _names_lines(connection: duckdb.DuckDBPyConnection, piece: Piece) -> bool:
    order, line = (value_sql("id", piece.found[n].column) for n in ("order_id", "line_id"))
    rows, names = one_row(
        connection, f"SELECT count(*), count(DISTINCT hash({order}, {line})) FROM {piece.source.table}"
    )
    return bool(rows == names)


def _one_channel() -> Item:
    return made("channel_id", f"'{MAIN_CHANNEL}'", "no column names a channel, so all orders are taken as of one")


def _one_carrier() -> Item:
    doubt = "goods go to a carrier, but no column tells which, so one party stands for all; write 'own' for own vans"
    return made("carrier_id", f"'{THE_CARRIER}'", doubt)


def _sellers_place(refs: dict[str, str]) -> Item | None:
    if "seller_id" not in refs:
        return None
    return made("node_id", refs["seller_id"], "each seller is taken to ship from one place of its own")


def _cancelled(found: Layout, refs: dict[str, str]) -> str | None:
    """The condition that an order was cancelled, by its status."""
    giver = found.giver("status")
    values = ended(giver.found["status"].column.top) if giver is not None else ()
    return f"{refs['status']} IN ({literals(values)})" if values else None


def _cancelled_at(found: Layout, refs: dict[str, str]) -> Item | None:
    condition = _cancelled(found, refs)
    stamps = [refs[name] for name in _STAMPS if name in refs]
    if condition is None or not stamps:
        return None
    latest = stamps[0] if len(stamps) == 1 else f"greatest({', '.join(stamps)})"
    sql = f"CASE\n    WHEN {condition}\n    THEN {latest}\nEND"
    return made("cancelled_at", sql, "no column tells when; the last time known before is taken for these statuses")


def _cancel_reason(found: Layout, refs: dict[str, str]) -> Item | None:
    condition = _cancelled(found, refs)
    if condition is None:
        return None
    sql = f"CASE WHEN {condition} THEN {refs['status']} END"
    return made("cancel_reason", sql, "no column tells why; the status stands for it")


def _one_unit(found: Layout) -> Item | None:
    if not found.has_lines:
        return None
    orders = ", and of an order without lines as well" if found.lines else ""
    return made("ordered_units", "1", f"no column tells a quantity; one unit per line is assumed{orders}")


def _price(refs: dict[str, str]) -> Item | None:
    if "line_amount" not in refs:
        return None
    if "ordered_units" not in refs:
        return made("price_amount", refs["line_amount"], "the line's amount, taken as the price of one unit")
    return made("price_amount", f"{refs['line_amount']} / nullif({refs['ordered_units']}, 0)", note="Per unit")


def _fulfilment(found: Layout, home: dict[str, str], refs: dict[str, str], once: frozenset[str]) -> Item | None:
    per_order = home.get("fulfilment_amount") == "orders" and found.lines is not None
    if not per_order and "fulfilment_amount" not in once:
        return None
    piece = found.lines or found.base
    # A copy of a line is no further line.
    lines = f"count(DISTINCT {_line_id(found).sql})" if piece.source.copies else "count(*)"
    sql = f"{refs['fulfilment_amount']} / {lines} OVER (PARTITION BY {found.base.name}.order_id)"
    return made("fulfilment_amount", sql, "told once per order, so shared equally among its lines")
