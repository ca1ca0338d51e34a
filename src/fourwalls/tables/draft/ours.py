"""Which party is us: read off the kind of each site and who operates it."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from fourwalls.errors import listed
from fourwalls.tables.draft.matching import Match
from fourwalls.tables.draft.plan import value_sql
from fourwalls.tables.draft.sqltext import literal, literals, plain
from fourwalls.tables.draft.words import words

OWN_PARTY = "own"
"""Our own company among the parties, where no file names it."""

_QUESTION = "which party is us?"
_OWN = frozenset(
    [
        "own",
        "owned",
        "self",
        "selbst",
        "inhouse",
        "captive",
        "intern",
        "interne",
        "interner",
        "internes",
        "internen",
        "internal",
        "interno",
        "interna",
        "propio",
        "propia",
        "propios",
        "propias",
        "propre",
        "propres",
        "proprio",
        "propria",
        "proprie",
    ]
)
# Ours as a rule; a type that says "own" tells more.
_USUALLY_OWN = frozenset(
    [
        "company",
        "firma",
        "store",
        "stores",
        "shop",
        "shops",
        "boutique",
        "outlet",
        "tienda",
        "negozio",
        "winkel",
        "loja",
        "magasin",
        "hq",
        "headquarters",
    ]
)
_SUPPLIER = (
    "supplier",
    "vendor",
    "lieferant",
    "dropship",
    "proveedor",
    "fournisseur",
    "fornitor",
    "fornecedor",
    "leveranc",
)
_OTHER = (
    "3pl", "4pl", "partner", "extern", "third", "provider", "prestataire", "dienstleist", "logistikdienst", "fremd",
    "outsourc", "contract", "franchis", "seller", "merchant", "marketplace", "marktplatz", "fba", "consign", "konsign",
    "spedit", "socio", "tercero", "terceiro", "operador", *_SUPPLIER,
)  # fmt: skip
_NOT = frozenset({"not", "non", "no", "nicht", "kein", "keine"})


@dataclass(frozen=True, slots=True)
class Ours:
    """Who we are among the parties, and who runs each site.

    Attributes:
        party_id: Our own company.
        named: Whether a file names it.
        doubt: The question to the reader, with what was taken.
        site_party: SQL of the party that runs a site, over the file of sites; None if the file does not tell.
        site_doubt: What is unsure about that.
        party_kind: SQL of the kind of party that runs a site of others; None if the file does not tell.
        kind_doubt: What is unsure about that.
    """

    party_id: str = OWN_PARTY
    named: bool = False
    doubt: str = (
        f"{_QUESTION} No file tells, so '{OWN_PARTY}' stands for us; if a party in tables/parties.sql is us, name it"
    )
    site_party: str | None = None
    site_doubt: str | None = None
    party_kind: str | None = None
    kind_doubt: str | None = None


@dataclass(frozen=True, slots=True)
class _Kinds:
    """The kinds of sites that a file tells, by whose they are."""

    own: tuple[str, ...]
    others: tuple[str, ...]
    suppliers: tuple[str, ...]
    untold: tuple[str, ...]


def ours(connection: duckdb.DuckDBPyConnection, sites: Mapping[str, Match] | None) -> Ours:
    """Who we are among the parties.

    Args:
        connection: Where the samples are.
        sites: What the columns of the file of sites mean, if there is such a file.
    """
    if sites is None:
        return Ours()
    operator = sites.get("party_id")
    kinds = _kinds(sites["kind"].column.top) if "kind" in sites else _kinds(())
    if operator is None:
        return _by_kind(sites, kinds) if kinds.own or kinds.others else Ours()
    us = _by_operator(connection, sites, kinds)
    if not kinds.others or not kinds.untold:
        return us
    return dataclasses.replace(us, kind_doubt=f"{_quoted(kinds.untold)} do not tell what kind of party runs the site")


def is_own(kind: str) -> bool | None:
    """Whether a site of that kind is our own; None if the kind does not tell."""
    said = _said(kind)
    other = any(w.startswith(_OTHER) for w in said) or _follows(said, "3", "pl")
    if _says_own(said):
        return None if other else not _NOT.intersection(said)
    if other:
        return False
    usual = _USUALLY_OWN.intersection(said) or any(w.startswith("filial") for w in said)
    return True if usual and not any(w.startswith("logist") for w in said) else None


def _says_own(said: Sequence[str]) -> bool:
    return bool(_OWN.intersection(said)) or any(w.startswith("eigen") for w in said) or _follows(said, "in", "house")


def _said(kind: str) -> tuple[str, ...]:
    """The words of a kind, cut at capitals and not: OwnDC, 3PL."""
    return (*words(kind), *words(kind.lower()))


def _follows(said: Sequence[str], first: str, second: str) -> bool:
    return (first, second) in itertools.pairwise(said)


def _kinds(values: Sequence[str]) -> _Kinds:
    told = {value: is_own(value) for value in values}
    others = tuple(v for v, own in told.items() if own is False)
    return _Kinds(
        tuple(v for v, own in told.items() if own),
        others,
        tuple(v for v in others if any(w.startswith(_SUPPLIER) for w in _said(v))),
        tuple(v for v, own in told.items() if own is None),
    )


def _by_kind(sites: Mapping[str, Match], kinds: _Kinds) -> Ours:
    """Sites of others are run by a party each, as no column names their operators."""
    kind, node = (value_sql("text", sites[n].column) for n in ("kind", "node_id"))
    name = plain(sites["kind"].column.name)
    party, doubts = literal(OWN_PARTY), []
    if kinds.others:
        party = f"CASE WHEN {kind} IN ({literals(kinds.others)}) THEN {node} ELSE {literal(OWN_PARTY)} END"
        doubts.append(f"no column names the operator, so each site of {_quoted(kinds.others)} is a party of its own")
    if kinds.untold:
        doubts.append(f"{_quoted(kinds.untold)} do not tell whose the site is; taken as ours")
    taken = f"sites of {_quoted(kinds.own)}" if kinds.own else "all other sites"
    doubt = f"{_QUESTION} '{OWN_PARTY}' stands for us and runs {taken}, by '{name}' in {sites['node_id'].source.label}"
    return Ours(OWN_PARTY, False, doubt, party, "; ".join(doubts) or None, _party_kind(kind, kinds))


def _by_operator(connection: duckdb.DuckDBPyConnection, sites: Mapping[str, Match], kinds: _Kinds) -> Ours:
    source = sites["node_id"].source
    operator, node = (value_sql("text", sites[n].column) for n in ("party_id", "node_id"))
    operator_name = plain(sites["party_id"].column.name)
    kind = value_sql("text", sites["kind"].column) if "kind" in sites else "NULL"
    others = f"CASE WHEN {kind} IN ({literals(kinds.others)}) THEN {node} END" if kinds.others else None
    if not kinds.own:
        every = _operators(connection, sites, None)
        doubt = (
            f"{_QUESTION} '{OWN_PARTY}' stands for us; if one of {_quoted(every)} ('{operator_name}' in {source.label}) "
            "is us, name it, or its sites count as a partner's"
        )
        party = _or(operator, others if sites["party_id"].column.nulls else None)
        return Ours(doubt=doubt, site_party=party, party_kind=_party_kind(kind, kinds))
    strong = tuple(v for v in kinds.own if _says_own(_said(v))) or kinds.own
    running = _operators(connection, sites, strong)
    own_sites = f"{kind} IN ({literals(strong)})"
    where = f"sites of {_quoted(strong)} in {source.label}"
    if len(running) > 1:
        party = f"CASE WHEN {own_sites} THEN {literal(OWN_PARTY)} ELSE {_or(operator, others)} END"
        doubt = f"{_QUESTION} {_quoted(running)} run {where}; all are taken as us, as party '{OWN_PARTY}'"
        why = f"several run our own sites ({_quoted(running)}), so these are put under '{OWN_PARTY}'"
        return Ours(OWN_PARTY, False, doubt, party, why, _party_kind(kind, kinds))
    us = running[0] if running else OWN_PARTY
    stand = f"CASE WHEN {kind} IN ({literals(kinds.own)}) THEN {literal(us)} ELSE {others or 'NULL'} END"
    party = f"coalesce({operator}, {stand})" if sites["party_id"].column.nulls else operator
    doubt = (
        f"{_QUESTION} '{plain(us)}' is taken, as the '{operator_name}' of {where}"
        if running
        else f"{_QUESTION} '{OWN_PARTY}' stands for us and runs {where}, whose '{operator_name}' is empty"
    )
    elsewhere = tuple(o for o in _operators(connection, sites, kinds.own) if o != us)
    others_too = (
        f"{_quoted(elsewhere)} run sites of {_quoted(kinds.own)}, taken as others' sites" if elsewhere else None
    )
    return Ours(us, bool(running), doubt, party, others_too, _party_kind(kind, kinds))


def _or(sql: str, other: str | None) -> str:
    return f"coalesce({sql}, {other})" if other else sql


def _operators(
    connection: duckdb.DuckDBPyConnection, sites: Mapping[str, Match], kinds: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Who runs sites of these kinds, whoever runs the most first."""
    operator = value_sql("text", sites["party_id"].column)
    where = f"WHERE {value_sql('text', sites['kind'].column)} IN ({literals(kinds)})" if kinds else ""
    rows = connection.execute(
        f"SELECT o FROM (SELECT {operator} AS o FROM {sites['party_id'].source.table} {where}) "
        "WHERE o IS NOT NULL GROUP BY o ORDER BY count(*) DESC, o"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _party_kind(kind: str, kinds: _Kinds) -> str | None:
    if not kinds.others:
        return None
    if not kinds.suppliers:
        return "'3PL'"
    return f"CASE WHEN {kind} IN ({literals(kinds.suppliers)}) THEN 'supplier' ELSE '3PL' END"


def _quoted(values: Sequence[str]) -> str:
    return listed((plain(v, 30) for v in values), 4)
