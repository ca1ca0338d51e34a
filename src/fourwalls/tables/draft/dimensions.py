"""Mappings for products, nodes, channels and parties, from files of their own or from the facts that name them."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from fourwalls.tables.draft.concepts import DIMENSIONS, PRODUCTS
from fourwalls.tables.draft.facts import MAIN_NODE
from fourwalls.tables.draft.gaps import unnamed_carrier
from fourwalls.tables.draft.layout import Layout
from fourwalls.tables.draft.matching import Match, matches, places
from fourwalls.tables.draft.orders import MAIN_CHANNEL, THE_CARRIER
from fourwalls.tables.draft.ours import OWN_PARTY, Ours, ours
from fourwalls.tables.draft.plan import Item, Part, Plan, Query, from_match, left_of, made, passed, value_sql
from fourwalls.tables.draft.profile import Source, overlap
from fourwalls.tables.draft.sqltext import ident, literal, plain
from fourwalls.tables.draft.words import known

_NEARLY_ALL = 0.98
_LEAST_OVERLAP = 0.3
_LOOKUP_OVERLAP = 0.8
_LEAST_TELLING = 0.6
_NODE_KINDS = {"store": "store", "warehouse": "own DC"}


@dataclass(frozen=True, slots=True)
class Known:
    """What the facts name.

    Attributes:
        sources: All files.
        orders: The files of customers' orders, if any.
        facts: What the columns of the other tables' files mean, by table.
    """

    sources: tuple[Source, ...]
    orders: Layout | None
    facts: Mapping[str, Mapping[str, Match]]

    def naming(self, name: str) -> tuple[Match, ...]:
        """Every column that holds ids of that kind, the orders' first."""
        giver = self.orders.giver(name) if self.orders is not None else None
        first = [giver.found[name]] if giver is not None else []
        return (*first, *(found[name] for found in self.facts.values() if name in found))

    @property
    def fact_tables(self) -> frozenset[str]:
        """Names of the sources that are orders or other facts."""
        pieces = self.orders.pieces if self.orders is not None else ()
        return frozenset(p.source.table for p in pieces if p.name != "customers").union(
            m.source.table for found in self.facts.values() for m in found.values()
        )


def dimension_tables(connection: duckdb.DuckDBPyConnection, known_facts: Known, name: str) -> tuple[list[Plan], Ours]:
    """Mappings for products, nodes, channels and parties, as far as the files tell them, and who we are among them.

    Args:
        connection: Where the samples are.
        known_facts: What the facts name.
        name: What the portfolio is called, for our own company.
    """
    sites = _sites(connection, known_facts)
    us = ours(connection, sites)
    plans = (
        _products(connection, known_facts),
        _nodes(connection, known_facts, sites, us),
        _channels(connection, known_facts, us),
        _parties(connection, known_facts, name, sites, us),
    )
    return [plan for plan in plans if plan is not None], us


def _products(connection: duckdb.DuckDBPyConnection, facts: Known) -> Plan | None:
    named = facts.naming("sku_id")
    best: dict[str, Match] = {}
    for source in facts.sources:
        found = matches(source, PRODUCTS)
        key = found.get("sku_id")
        if key is None or source.table in facts.fact_tables or not _is_key(key) or len(found) < 2:
            continue
        if len(found) > len(best) and _names(connection, named, key):
            best = found
    if best:
        return _products_of_file(connection, best, facts.sources)
    for match in named:
        found = matches(match.source, PRODUCTS)
        found = {name: m for name, m in found.items() if m.score >= _LEAST_TELLING}
        if {"category", "brand"} & found.keys():
            return _products_of_fact(connection, {**found, "sku_id": match})
    return None


def _products_of_file(
    connection: duckdb.DuckDBPyConnection, found: Mapping[str, Match], sources: Sequence[Source]
) -> Plan:
    source = found["sku_id"].source
    order = ("sku_id", "brand", "category", "launched_on")
    items = [_read(name, found[name], "day" if name == "launched_on" else "text") for name in order if name in found]
    left = left_of(source, found.values())
    tail = () if found["sku_id"].column.unique else (_first_of(found["sku_id"]),)
    doubts = _told(source)
    if tail:
        doubts += ("a sku occurs more than once in the file; one of its rows is kept",)
    names = _lookup(connection, found["category"], sources) if "category" in found else None
    if names is None:
        return Plan("products", (source.label,), (), (Query(tuple(items), source.once, tail, left),), doubts)
    key, name = names
    parts = (
        Part("products", f"{source.label}: one row per sku", Query(tuple(items), source.once, tail, left)),
        Part(
            "names",
            f"{key.source.label}: one row per category",
            Query((_read("category", key, "text"), _read("shown", name, "text")), key.source.once),
        ),
    )
    shown = tuple(
        passed("category", "coalesce(names.shown, products.category)") if i.name == "category"
        else passed(i.name, f"products.{i.name}")
        for i in items
    )  # fmt: skip
    query = Query(shown, "products", ("LEFT JOIN names ON names.category = products.category",))
    return Plan("products", (source.label, key.source.label), parts, (query,), doubts)


def _lookup(
    connection: duckdb.DuckDBPyConnection, category: Match, sources: Sequence[Source]
) -> tuple[Match, Match] | None:
    """A small file that gives each category another name: its key and the name."""
    for source in sources:
        if source is category.source or not 2 <= len(source.columns) <= 3:
            continue
        texts = [c for c in source.columns if c.holds in ("text", "number")]
        keys = [
            c for c in texts
            if c.unique and overlap(connection, category.source, category.column.name, source, c.name) >= _LOOKUP_OVERLAP
        ]  # fmt: skip
        others = [c for c in texts if keys and c is not keys[0] and c.holds == "text"]
        if others:
            return Match(source, keys[0], 1.0), Match(source, others[0], 1.0)
    return None


def _products_of_fact(connection: duckdb.DuckDBPyConnection, found: Mapping[str, Match]) -> Plan:
    sku = found["sku_id"]
    told = [_least(connection, sku, name, found[name]) for name in ("brand", "category") if name in found]
    items = (_read("sku_id", sku, "text"), *told)
    doubts = ("there is no file of products; these are the skus that occur in the facts", *sku.source.doubts)
    return Plan(
        "products", (sku.source.label,), (), (Query(items, sku.source.reader, _each_once(sku, "GROUP BY 1")),), doubts
    )


def _places_named(facts: Known) -> list[Match]:
    return [m for name in ("node_id", "to_node_id", "from_node_id") for m in facts.naming(name)]


def _sites(connection: duckdb.DuckDBPyConnection, facts: Known) -> Mapping[str, Match] | None:
    """The file with one row per place, of those that the facts name."""
    named = _places_named(facts)
    return _file_of(connection, facts, "nodes", "node_id", named) if named else None


def _nodes(
    connection: duckdb.DuckDBPyConnection, facts: Known, sites: Mapping[str, Match] | None, us: Ours
) -> Plan | None:
    named = _places_named(facts)
    if not named:
        sellers = facts.naming("seller_id")
        if sellers:
            return _seller_nodes(connection, facts, sellers[0])
        return _one_node() if facts.facts.keys() & {"stock_days", "supply_orders"} else None
    if sites is not None:
        return _nodes_of_file(sites, us)
    queries = tuple(_node_query(connection, match) for match in named)
    return _union(
        "nodes", "node_id", queries, named, "there is no file of nodes; these are the ones that occur in the facts"
    )


def _nodes_of_file(found: Mapping[str, Match], us: Ours) -> Plan:
    node = found["node_id"]
    items = [_read("node_id", node, "text")]
    if "kind" in found:
        items.append(_read("kind", found["kind"], "text"))
    else:
        items.append(_node_kind(node))
    items.append(_site_party(found, us))
    items += _region(node.source)
    return Plan("nodes", (node.source.label,), (), (Query(tuple(items), node.source.once),), _told(node.source))


def _site_party(found: Mapping[str, Match], us: Ours) -> Item:
    if us.site_party is None:
        return _own_node()
    if "party_id" not in found:
        return made("party_id", us.site_party, us.site_doubt)
    match = found["party_id"]
    return from_match("party_id", match.doubted(us.site_doubt) if us.site_doubt else match, us.site_party)


def _node_query(connection: duckdb.DuckDBPyConnection, node: Match) -> Query:
    found = places(node.source)
    items = [_read("node_id", node, "text"), _node_kind(node), _own_node()]
    constant = [p for p in found if p.column.name != node.column.name and _constant(connection, node, p)]
    # Only a place that is the node's own: where orders go to differs from row to row.
    items += [_least(connection, node, "region", p) for p in constant[:1]]
    return Query(tuple(items), node.source.reader, _each_once(node, "GROUP BY 1"))


def _seller_nodes(connection: duckdb.DuckDBPyConnection, facts: Known, seller: Match) -> Plan:
    own_file = _file_of(connection, facts, "sellers", "seller_id", (seller,))
    key = own_file["seller_id"] if own_file is not None else seller
    items = [
        _read("node_id", key, "text"),
        made("kind", "'seller site'"),
        made("party_id", value_sql("text", key.column), "each seller is taken to run one place, its own"),
        *(_region(key.source) if own_file is not None else ()),
    ]
    tail = () if own_file is not None else _each_once(key, "GROUP BY ALL")
    reader, doubts = (key.source.reader, key.source.doubts) if tail else (key.source.once, _told(key.source))
    return Plan("nodes", (key.source.label,), (), (Query(tuple(items), reader, tail),), doubts)


def _node_kind(node: Match) -> Item:
    named = known(node.column.name) | node.source.subject
    kind = next((kind for word, kind in _NODE_KINDS.items() if word in named), None)
    if kind is not None:
        return made("kind", literal(kind))
    return made("kind", "'own DC'", "no column tells what kind of place it is")


def _own_node() -> Item:
    return made("party_id", literal(OWN_PARTY), "no column tells who runs it; places of a 3PL need its party_id")


def _one_node() -> Plan:
    """The place of all stock, where no file names one."""
    node = made("node_id", literal(MAIN_NODE), note="One place for all: no column names one")
    return Plan("nodes", (), (), (Query((node, made("kind", "'own DC'", "a guess: own DC, store, 3PL"), _own_node())),))


def _region(source: Source) -> list[Item]:
    return [_read("region", match, "text") for match in places(source)[:1]]


def _channels(connection: duckdb.DuckDBPyConnection, facts: Known, us: Ours) -> Plan | None:
    named = facts.naming("channel_id")
    party = made(
        "party_id", literal(us.party_id), "a marketplace or a wholesale customer's channel is run by another party"
    )
    if named:
        own_file = _file_of(connection, facts, "channels", "channel_id", named)
        if own_file is not None:
            key = own_file["channel_id"]
            items = [_read(n, own_file[n], "text") for n in ("channel_id", "kind", "party_id") if n in own_file]
            items += [] if "party_id" in own_file else [party]
            return Plan("channels", (key.source.label,), (), (Query(tuple(items), key.source.once),), _told(key.source))
        queries = tuple(
            Query((_read("channel_id", m, "text"), party), m.source.reader, _each_once(m, "GROUP BY ALL"))
            for m in named
        )
        return _union(
            "channels", "channel_id", queries, named, "there is no file of channels; these occur in the facts"
        )
    if facts.orders is None and "listings" not in facts.facts:
        return None
    kind = "marketplace" if facts.naming("seller_id") else "DTC site"
    items = [
        made("channel_id", literal(MAIN_CHANNEL), note="One channel for all: no column names one"),
        made("kind", literal(kind), "a guess: DTC site, marketplace, wholesale or store"),
        made("party_id", literal(us.party_id)),
    ]
    return Plan("channels", (), (), (Query(tuple(items)),))


def _parties(
    connection: duckdb.DuckDBPyConnection, facts: Known, name: str, sites: Mapping[str, Match] | None, us: Ours
) -> Plan:
    own = Query(
        (
            made("party_id", literal(us.party_id), note="Us; named as own_party_id in portfolio.toml"),
            made("kind", "'own company'"),
            made("name", literal(us.party_id if us.named else name)),
        )
    )
    fixed = (own, *((_carrier(),) if facts.orders is not None and unnamed_carrier(facts.orders) else ()))
    groups = _party_groups(connection, facts)
    queries = tuple(_party_query(kind, key, shown, us) for kind, key, shown in groups)
    if sites is not None and us.site_party is not None and ("party_id" in sites or us.party_kind is not None):
        groups.append(("3PL", sites["node_id"], sites["node_id"]))
        queries += (_operators(sites, us),)
    labels = tuple(dict.fromkeys(key.source.label for _, key, _ in groups))
    if len(queries) < 2:
        return Plan("parties", labels, (), (*fixed, *queries))
    parts = tuple(
        Part(f"{kind}s".replace("3PLs", "operators"), f"{key.source.label}: one row per {kind}", query)
        for (kind, key, _), query in zip(groups, queries, strict=True)
    )
    everyone = "\n    UNION ALL ".join(f"SELECT * FROM {part.name}" for part in parts)
    # A party may do several things; it is still one.
    others = tuple(passed(n, n if n == "party_id" else f"min({n})") for n in ("party_id", "kind", "name"))
    return Plan("parties", labels, parts, (*fixed, Query(others, f"(\n    {everyone}\n)", ("GROUP BY 1",))))


def _carrier() -> Query:
    doubt = "stands for all carriers, as no column tells which"
    told = (made("party_id", literal(THE_CARRIER), doubt), made("kind", "'carrier'"), made("name", "'the carrier'"))
    return Query(told)


def _party_groups(connection: duckdb.DuckDBPyConnection, facts: Known) -> list[tuple[str, Match, Match]]:
    """Kind, ids and names of all parties that are told."""
    groups = []
    for kind, column, files in (
        ("seller", "seller_id", "sellers"),
        ("carrier", "carrier_id", "carriers"),
        ("supplier", "supplier_id", "suppliers"),
        ("partner", "party_id", "partners"),
    ):
        named = facts.naming(column)
        if not named:
            continue
        own_file = _file_of(connection, facts, files, column, named)
        key = own_file[column] if own_file is not None else named[0]
        groups.append((kind, key, own_file["name"] if own_file is not None and "name" in own_file else key))
    return groups


def _operators(sites: Mapping[str, Match], us: Ours) -> Query:
    """Who runs the sites of others."""
    party = us.site_party or "NULL"
    unsure = us.kind_doubt if us.party_kind is not None else "no column tells what kind of party it is"
    kind = made("kind", f"min({us.party_kind})" if us.party_kind is not None else "'3PL'", unsure)
    key = sites.get("party_id")
    ids = (from_match(n, key, party) if key is not None else made(n, party) for n in ("party_id", "name"))
    party_id, name = ids
    source = sites["node_id"].source
    return Query((party_id, kind, name), source.reader, (f"WHERE {party} <> {literal(us.party_id)}", "GROUP BY ALL"))


def _party_query(kind: str, key: Match, name: Match, us: Ours) -> Query:
    told = made("kind", literal(kind))
    if kind == "partner":
        told = made("kind", literal(kind), "no column tells what kind of party it is")
    party = value_sql("text", key.column)
    items = (_read("party_id", key, "text"), told, _read("name", name, "text"))
    where = f"WHERE {party} <> {literal(us.party_id)}"
    each = key.column.unique and not key.source.copies
    return Query(items, key.source.reader, (where,) if each else (where, "GROUP BY ALL"))


def _file_of(
    connection: duckdb.DuckDBPyConnection, facts: Known, kind: str, key: str, named: Iterable[Match]
) -> Mapping[str, Match] | None:
    """The file with one row per seller, node …, whose ids occur in the facts."""
    for source in facts.sources:
        found = matches(source, DIMENSIONS[kind])
        if source.table in facts.fact_tables or key not in found or not found[key].column.unique:
            continue
        if _names(connection, named, found[key]):
            return found
    return None


def _names(connection: duckdb.DuckDBPyConnection, named: Iterable[Match], key: Match) -> bool:
    """Whether ids in the facts are found among a file's keys; true if no fact names any."""
    shares = [overlap(connection, m.source, m.column.name, key.source, key.column.name) for m in named]
    return not shares or max(shares) >= _LEAST_OVERLAP


def _union(table: str, key: str, queries: tuple[Query, ...], named: Sequence[Match], doubt: str) -> Plan:
    """The distinct rows of several facts, each key once."""
    labels = tuple(dict.fromkeys(m.source.label for m in named))
    if len(queries) == 1:
        return Plan(table, labels, (), queries, (doubt,))
    names = [n for n in (i.name for i in queries[0].items) if all(n in {i.name for i in q.items} for q in queries)]
    parts = tuple(
        Part(
            f"facts_{position}",
            match.source.label,
            dataclasses.replace(query, items=tuple(i for i in query.items if i.name in names)),
        )
        for position, (query, match) in enumerate(zip(queries, named, strict=True), 1)
    )
    everything = "\n    UNION ALL ".join(f"SELECT * FROM {part.name}" for part in parts)
    items = (passed(key, key), *(passed(n, f"min({n})") for n in names if n != key))
    return Plan(table, labels, parts, (Query(items, f"(\n    {everything}\n)", ("GROUP BY 1",)),), (doubt,))


def _each_once(match: Match, group: str) -> tuple[str, ...]:
    """The end of a query that gives each value of a column once, and no null."""
    return (f"WHERE {value_sql('text', match.column)} IS NOT NULL", group)


def _told(source: Source) -> tuple[str, ...]:
    """What is unsure about reading a file of which each row is taken once."""
    return (*source.doubts, *((f"{source.copied}; each is taken once",) if source.copies else ()))


def _read(name: str, match: Match, kind: str) -> Item:
    return from_match(name, match, value_sql(kind, match.column))


def _least(connection: duckdb.DuckDBPyConnection, key: Match, name: str, match: Match) -> Item:
    """One value per key, with a doubt if there are several."""
    item = from_match(name, match, f"min({value_sql('text', match.column)})")
    if _constant(connection, key, match):
        return item
    return dataclasses.replace(
        item, doubt=f"'{plain(match.column.name)}' differs between rows of one key; the least is taken"
    )


def _constant(connection: duckdb.DuckDBPyConnection, key: Match, match: Match) -> bool:
    one, other = (ident(m.column.name) for m in (key, match))
    row = connection.execute(
        f"SELECT max(n) FROM (SELECT count(DISTINCT {other}) AS n FROM {key.source.table} GROUP BY {one})"
    ).fetchone()
    return row is not None and (row[0] or 0) <= 1


def _is_key(match: Match) -> bool:
    return match.column.distinct >= _NEARLY_ALL * match.source.rows


def _first_of(match: Match) -> str:
    return f"QUALIFY row_number() OVER (PARTITION BY {value_sql('text', match.column)}) = 1"
