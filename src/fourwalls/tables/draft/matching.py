"""Which column of a file fills which column of ours: by its name, its values, and the order of its times."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from fourwalls.tables.draft.columns import Column
from fourwalls.tables.draft.concepts import DECOYS, PLACES, Concept
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import ident, plain
from fourwalls.tables.draft.words import MEANINGS, known, lemmas, words

LEAST_SCORE = 0.45
"""Below this a name says too little to be worth a guess."""
SURE_SCORE = 0.75
"""From this a name alone needs no remark."""

ENDED = frozenset({"cancel", "reject", "empty"})
"""Meanings of a status that ends an order before it is delivered."""
_STATUS_WORDS = frozenset(
    {"deliver", "ship", "cancel", "complete", "pay", "pick", "fulfil", "process", "confirm", "approve", "create", "close"}
    | {"return", "invoice", "reject", "empty", "resolve", "active"}
)  # fmt: skip
# Words that any column may have: alone they tell nothing.
_GENERAL = frozenset({"id", "name", "kind", "amount", "quantity", "count", "flag", "date", "unique", "first", "sub"})
_MEASURES = frozenset({"quantity", "amount", "count"})
_OF_ANY_TIME = frozenset({"date", "actual", "to"})
_UNITS_OF_TIME = frozenset({"date", "days", "hour", "minute"})
# Words after which an id is none: a carrier's status, a customer's purchase order, a parcel's tracking number.
_NO_ID = frozenset(
    {"status", "reason", "kind", "rating", "po", "tracking", "produce", "discount", "price", "cost", "tax", "late"}
)
_OF_ITEMS = frozenset({"quantity", "price", "sku", "product", "amount"})
_OF_OTHERS = frozenset({"forecast", "rival", "promise", "late"})
_CLOCKS = ("ordered_at", "released_at", "handed_over_at", "delivered_at")


@dataclass(frozen=True, slots=True)
class Match:
    """A column taken to mean something.

    Attributes:
        source: The file it is in.
        column: The column.
        score: How sure that is, 0 to 1.
        doubt: What speaks against it, if anything.
    """

    source: Source
    column: Column
    score: float
    doubt: str | None = None

    def doubted(self, why: str) -> Match:
        """The same match with one more doubt."""
        return dataclasses.replace(self, doubt=f"{self.doubt}; {why}" if self.doubt else why)


Matches = Mapping[str, Match]


def matches(source: Source, concepts: Sequence[Concept], decoys: Sequence[Concept] = DECOYS) -> dict[str, Match]:
    """The best assignment of a file's columns to concepts, each column and each concept at most once.

    Args:
        source: The file.
        concepts: What its columns may mean here.
        decoys: What they may mean besides, which is then not used.
    """
    scored = [
        (score(concept, column, _subject(source, concept, column)), concept.name, column)
        for concept in (*concepts, *decoys)
        for column in source.columns
    ]
    ranked = sorted((s for s in scored if s[0] >= LEAST_SCORE), key=lambda s: -s[0])
    wanted = {concept.name for concept in concepts}
    found: dict[str, Match] = {}
    used: set[str] = set()
    for points, name, column in ranked:
        if column.name in used or name in found:
            continue
        used.add(column.name)
        if name in wanted:
            found[name] = Match(source, column, points, _name_doubt(points, column, name))
    rivals = _rivals(ranked, found, used)
    return {name: match.doubted(rivals[name]) if name in rivals else match for name, match in found.items()}


def _subject(source: Source, concept: Concept, column: Column) -> frozenset[str]:
    """What a bare number or name is of: in a file of line items, the order where rows share it."""
    if concept.name != "order_id" or column.unique:
        return source.subject
    items = [m for c in source.columns if "item" in (m := known(c.called)) and m & _OF_ITEMS]
    return source.subject | {"order"} if len(items) > 1 else source.subject


def score(concept: Concept, column: Column, subject: frozenset[str]) -> float:
    """How well a column's name fits a concept, 0 to 1; 0 if its values cannot be that. What a person said counts alone."""
    if not can_be(concept, column):
        return 0.0
    if column.said is not None:
        return float(column.said == concept.name)
    meant = frozenset(lemmas(column.called))
    said = _core(meant, concept.values)
    best = max(
        0.0 if _turned(concept, pattern, meant) else weight * _fit(_core(pattern, concept.values), said, subject)
        for pattern, weight in concept.patterns
    )
    return min(best, 1.0 + 0.001 * len(said)) * _plausible(concept, column)


def places(source: Source) -> list[Match]:
    """Columns that name a place, the most useful size first: a region of which there are neither few nor many."""
    found = matches(source, PLACES)
    fitting = [m for m in found.values() if 2 <= m.column.distinct <= 100]
    return fitting or list(found.values())


def timed(connection: duckdb.DuckDBPyConnection, found: Mapping[str, Match]) -> dict[str, Match]:
    """Matches whose times run forward: where two are swapped in most rows, they change places, marked.

    A delivery time that every row has, while hand-overs are missing, is a promise.
    """
    settled = dict(found)
    for early, late in itertools.combinations([c for c in _CLOCKS if c in found], 2):
        backwards = backwards_share(connection, settled[early], settled[late])
        if backwards > 0.5 and settled[early].score < 1 and settled[late].score < 1:
            why = f"by name it was {late}, but its times run before those of '{plain(settled[early].column.name)}'"
            settled[early], settled[late] = (
                settled[late].doubted(why),
                settled[early].doubted(f"changed places with {early}"),
            )
        elif backwards > 0.02:
            settled[late] = settled[late].doubted(f"before {early} in {backwards:.0%} of rows")
    delivered, handed = settled.get("delivered_at"), settled.get("handed_over_at")
    always = delivered is not None and delivered.column.nulls == 0 and delivered.column.date_only
    if delivered and handed and always and handed.column.null_share > 0.01 and "promised_at" not in settled:
        settled["promised_at"] = settled.pop("delivered_at").doubted(
            "filled even where nothing was shipped, so it is read as a promise, not as the delivery"
        )
    return settled


def backwards_share(connection: duckdb.DuckDBPyConnection, early: Match, late: Match) -> float:
    """Share of rows in which the later time comes first, of those that have both."""
    a, b = (m.column.time(ident(m.column.name)) for m in (early, late))
    row = connection.execute(
        f"SELECT count(*) FILTER (CAST({a} AS DATE) > CAST({b} AS DATE)), count(*) FILTER ({a} <= {b} OR {a} > {b}) "
        f"FROM {early.source.table}"
    ).fetchone()
    return row[0] / row[1] if row and row[1] else 0.0


def ended(values: Iterable[str]) -> tuple[str, ...]:
    """The statuses among these that end an order undelivered."""
    return tuple(v for v in values if known(v) & ENDED)


def _fit(pattern: frozenset[str], name: frozenset[str], subject: frozenset[str]) -> float:
    """Likeness of a pattern and a name (Dice), where the file's subject may stand for what the name leaves out.

    `id` in orders.csv is an order's id and `order_status` a status, yet `review_id` in reviews.csv is no order's.
    """
    said = pattern & name
    implied = (pattern - name) & subject if name <= _GENERAL else frozenset()
    if not said or pattern - _GENERAL - said - implied:
        return 0.0
    extra = name - pattern - (frozenset() if said <= _GENERAL < pattern | _GENERAL else subject)
    if extra and pattern <= _GENERAL - {"date"}:
        return 0.0
    either = len(pattern) + len(said) + len(implied) + len(extra)
    return 2 * (len(said) + 0.7 * len(implied)) / either + 0.001 * len(said)


def _core(meanings: frozenset[str], values: str) -> frozenset[str]:
    """Meanings without those that tell nothing where others do: "date" of a time, "item" of a figure."""
    if values == "number" and "item" in meanings:
        rest = meanings - {"item", "order"}
    else:
        rest = meanings - (_OF_ANY_TIME if values == "time" else frozenset())
    return rest if rest & MEANINGS else meanings


def _turned(concept: Concept, pattern: frozenset[str], name: frozenset[str]) -> bool:
    """Whether a word makes another thing of what a name otherwise says: a carrier's status is no carrier."""
    besides = name - pattern
    if concept.values == "id":
        return bool(besides & _NO_ID)
    if concept.values != "number":
        return False
    lasting = bool(besides & _UNITS_OF_TIME) and "quantity" not in name
    money = concept.name.endswith("_units") and "amount" in besides and "quantity" not in name
    return lasting or money or bool(besides & _OF_OTHERS)


def can_be(concept: Concept, column: Column) -> bool:
    """Whether a column holds what a concept's values have to be."""
    if concept.values in ("id", "text") and _MEASURES & known(column.name):
        return False
    match concept.values:
        case "id":
            return column.holds == "text" or (column.holds == "number" and column.whole)
        case "text":
            return column.holds in ("text", "flag") or (column.holds == "number" and column.whole)
        case "time":
            return column.holds == "time"
        case "flag":
            return column.holds == "flag" or (column.whole and column.low == 0 and column.high == 1)
    return column.holds in ("number", "list") or (column.holds == "flag" and concept.name.endswith("_share"))


def _plausible(concept: Concept, column: Column) -> float:
    """What the values say of a guess by name: 1 if nothing against it."""
    statuses = 2 * sum(1 for value in column.top if known(value) & _STATUS_WORDS) >= len(column.top) > 0
    match concept.name:
        case "order_id":
            # "orders" in the plural counts them.
            return 0.0 if words(column.name) == ("orders",) else 1.0 if column.null_share < 0.05 else 0.6
        case "status":
            return 1.0 if statuses and column.distinct <= 60 else 0.6
        case "state" | "region":
            return 0.3 if statuses else 1.0
        case "rating":
            return 1.0 if (column.low or 0) >= 0 and (column.high or 0) <= 100 else 0.0
    return 0.9 if column.distinct <= 1 else 1.0


def _name_doubt(points: float, column: Column, name: str) -> str | None:
    return None if points >= SURE_SCORE else f"'{plain(column.name)}' is only near in name to {name}"


def _rivals(ranked: Sequence[tuple[float, str, Column]], found: Mapping[str, Match], used: set[str]) -> dict[str, str]:
    """For each concept, the unused columns that would fit nearly as well."""
    near: dict[str, list[str]] = {}
    for points, name, column in ranked:
        if name in found and column.name not in used and points >= 0.85 * found[name].score:
            near.setdefault(name, []).append(f"'{plain(column.name)}'")
    return {name: f"it could also be {' or '.join(names[:3])}" for name, names in near.items()}
