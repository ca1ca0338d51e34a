"""A drafted mapping before it is text: what is selected, from where, and what is unsure about it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fourwalls.tables.draft.columns import Column
from fourwalls.tables.draft.matching import SURE_SCORE, Match
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import comment, ident, plain
from fourwalls.tables.schema import TABLES, TableSpec

MADE = "made here"
"""The source of a column that no file gives."""

_INDENT = "    "
_ALIGNED_UP_TO = 72


@dataclass(frozen=True, slots=True)
class Guess:
    """Where a column of a canonical table is drafted from.

    Attributes:
        table, column: What is filled.
        source: The file and column it comes from, or how it is made.
        confidence: How sure that is, 0 to 1.
        doubt: What to check; None if nothing.
    """

    table: str
    column: str
    source: str
    confidence: float
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a SELECT list.

    Attributes:
        name: Its alias.
        sql: Its expression.
        source: Where it comes from, for a person; empty if it only passes on another item.
        confidence: How sure that is, 0 to 1.
        doubt: What to check; printed as UNSURE.
        note: What to know; printed as it is.
    """

    name: str
    sql: str
    source: str = ""
    confidence: float = 1.0
    doubt: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT.

    Attributes:
        items: What is selected.
        source: What follows FROM; empty for a row of literals.
        tail: Lines after it: joins, WHERE, GROUP BY.
        left: Columns of the file that are not used.
    """

    items: tuple[Item, ...]
    source: str = ""
    tail: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A named step before the last SELECT.

    Attributes:
        name: Its name.
        about: What one row of it is, for a person.
        query: The SELECT.
    """

    name: str
    about: str
    query: Query


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping for one canonical table.

    Attributes:
        table: Its name.
        files: The files it reads, for a person.
        parts: Steps before the last SELECT.
        queries: SELECTs whose rows are put together.
        doubts: What to check about the table as a whole.
    """

    table: str
    files: tuple[str, ...]
    parts: tuple[Part, ...]
    queries: tuple[Query, ...]
    doubts: tuple[str, ...] = ()

    @property
    def spec(self) -> TableSpec:
        """The canonical table."""
        return TABLES[self.table]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it fills."""
        return tuple(item.name for item in self.queries[0].items)

    @property
    def missing(self) -> tuple[str, ...]:
        """Columns it lacks without which the table is of no use."""
        return tuple(name for name in self.spec.needed if name not in self.columns)

    @property
    def file_name(self) -> str:
        """Name under tables/; with an underscore, so that it is not read, while a needed column is missing."""
        return f"{'_' if self.missing else ''}{self.table}.sql"

    def guesses(self) -> tuple[Guess, ...]:
        """Every column with where it comes from."""
        told = (self._origin(item) for item in self.queries[-1].items)
        return tuple(Guess(self.table, i.name, i.source or MADE, round(i.confidence, 2), i.doubt) for i in told)

    def _origin(self, item: Item) -> Item:
        """An item with the source of what it hands on from a step before."""
        if item.source not in ("", MADE):
            return item
        staged = {(part.name, i.name): i for part in self.parts for i in part.query.items}
        handed = [staged[ref] for ref in re.findall(r"(\w+)\.(\w+)", item.sql) if ref in staged]
        if not handed:
            return item
        doubt = "; ".join(d for d in (item.doubt, handed[0].doubt) if d) or None
        confidence = min(item.confidence, handed[0].confidence)
        return dataclasses.replace(item, source=handed[0].source, confidence=confidence, doubt=doubt)

    def unsure(self) -> tuple[str, ...]:
        """Every doubt, in a sentence each."""
        named = [f"{self.table}.{i.name}: {i.doubt}" for i in self._items() if i.doubt]
        lacking = [
            f"{self.table}.{name}: no column found for it; the table is not read without" for name in self.missing
        ]
        return (*lacking, *(f"{self.table}: {doubt}" for doubt in self.doubts), *named)

    def _items(self) -> Iterator[Item]:
        for query in (*(part.query for part in self.parts), *self.queries):
            yield from query.items


def from_match(name: str, match: Match, sql: str, *, note: str | None = None) -> Item:
    """An item that a column of a file fills."""
    column = match.column
    doubt = "; ".join(d for d in (match.doubt, column.doubt) if d) or None
    confidence = min(match.score, 1.0) * (0.7 if doubt and match.score >= SURE_SCORE else 1.0)
    return Item(name, sql, f"{match.source.label}: {plain(column.name)}", confidence, doubt, note)


def made(name: str, sql: str, doubt: str | None = None, *, note: str | None = None) -> Item:
    """An item that no column fills."""
    return Item(name, sql, MADE, 0.5 if doubt else 1.0, doubt, note)


def passed(name: str, sql: str) -> Item:
    """An item handed on from a step before."""
    return Item(name, sql)


def left_of(source: Source, used: Iterable[Match]) -> tuple[str, ...]:
    """Columns of a file that none of these matches uses."""
    names = {match.column.name for match in used}
    return tuple(column.name for column in source.columns if column.name not in names)


def value_sql(kind: str, column: Column) -> str:
    """SQL that reads a column of a file as one of the canonical kinds."""
    ref = ident(column.name)
    match kind:
        case "text" | "id":
            return column.text(ref)
        case "time":
            return column.time(ref)
        case "day":
            return column.day(ref)
        case "flag":
            return column.flag(ref)
    return column.number(ref)


def sql_of(plan: Plan) -> str:
    """The mapping as bare SQL."""
    return "\n".join(_body(plan))


def text_of(plan: Plan, ran: str) -> str:
    """The mapping as the file that is written.

    Args:
        plan: The mapping.
        ran: What running it showed, in a sentence.
    """
    origin = f" from {', '.join(plan.files)}" if plan.files else "; it reads no file"
    head = [f"{plan.table}: {plan.spec.grain}.", f"Drafted by `fourwalls init`{origin}.", ran]
    if plan.missing:
        head.append("Not read yet: fill in what is marked TODO, then take the underscore off this file's name.")
    head.append("UNSURE marks a guess: check it, then drop the remark.")
    lines = [line for sentence in head for line in comment(sentence)]
    lines += [line for doubt in plan.doubts for line in comment(f"UNSURE: {doubt}.")]
    return "\n".join([*lines, "", *_body(plan)]) + "\n"


def _body(plan: Plan) -> list[str]:
    lines: list[str] = []
    for i, part in enumerate(plan.parts):
        opening = "WITH " if i == 0 else ""
        lines += [f"{opening}{part.name} AS (  -- {part.about}"]
        lines += [f"{_INDENT}{line}" for line in _select(part.query)]
        lines += ["),"] if i < len(plan.parts) - 1 else [")"]
    closing = _absent(plan)
    for i, query in enumerate(plan.queries):
        lines += ["UNION ALL"] if i else []
        lines += _select(query, closing if i == 0 else ())
    return lines


def _select(query: Query, closing: Sequence[str] = ()) -> list[str]:
    width = max((len(i.sql) for i in query.items if len(i.sql) <= _ALIGNED_UP_TO and "\n" not in i.sql), default=0)
    lines = ["SELECT"]
    for position, item in enumerate(query.items):
        if item.note:
            lines += comment(f"{item.note}.", _INDENT)
        if item.doubt:
            lines += comment(f"UNSURE: {item.doubt}.", _INDENT)
        comma = "," if position < len(query.items) - 1 else ""
        wide = 0 if "\n" in item.sql else width
        entry = f"{item.sql.ljust(wide)} AS {ident(item.name)}{comma}"
        lines += [f"{_INDENT}{line}" for line in entry.split("\n")]
    lines += closing
    if query.left:
        lines += comment(f"Not used: {', '.join(plain(name) for name in query.left)}.", _INDENT)
    if query.source:
        lines.append(f"FROM {query.source}")
    return [*lines, *query.tail]


def _absent(plan: Plan) -> list[str]:
    """Remarks on the columns that are not filled."""
    lines: list[str] = []
    for name in plan.missing:
        lines += comment(f"TODO: {name}, {plan.spec.column(name).about}; no column was found for it.", _INDENT)
    left = [n for n in plan.spec.names if n not in plan.columns and n not in plan.missing]
    if left:
        lines += comment(f"No column was found for: {', '.join(left)}.", _INDENT)
    return lines
