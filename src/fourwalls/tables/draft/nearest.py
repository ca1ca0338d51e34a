"""What files that tell no fact come nearest to, for the refusal that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fourwalls.tables.draft.concepts import ORDER_LINES, TABLES
from fourwalls.tables.draft.facts import MUST, marked
from fourwalls.tables.draft.matching import Match, matches
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import plain
from fourwalls.tables.schema import TABLES as SPECS

# What makes a file one of orders; their lines can be numbered here.
_OF_ORDERS = ("order_id", "ordered_at", "sku_id")


@dataclass(frozen=True, slots=True)
class _Near:
    """How near a file comes to a table: what it tells and what it lacks, the shares of it that are there first."""

    source: Source
    table: str
    found: Mapping[str, Match]
    wanted: tuple[str, ...]

    @property
    def share(self) -> float:
        return sum(min(self.found[n].score, 1.0) for n in self.wanted if n in self.found) / len(self.wanted)

    @property
    def used(self) -> float:
        """Share of the file's columns that the table has a place for."""
        return sum(n in SPECS[self.table].names for n in self.found) / len(self.source.columns)

    def told(self) -> str:
        spec = SPECS[self.table]
        seen = ", ".join(f"{n} in '{plain(m.column.name, 30)}'" for n, m in self.found.items() if n in spec.names)
        lacking = ", ".join(f"{n} ({spec.column(n).about})" for n in self.wanted if n not in self.found)
        text = f" Closest is {self.table}: {self.source.label} tells {seen}"
        if lacking:
            return f"{text}; no column was found for {lacking}."
        _, some = MUST.get(self.table, (frozenset(), frozenset()))
        other = ", ".join(sorted(some - self.found.keys()))
        return f"{text}; no column was found for any of {other}." if other else f"{text}."


def nearest(sources: Sequence[Source]) -> str:
    """The table that comes nearest, what was recognised of it and what is missing, as a sentence; empty if none does."""
    near = [
        _Near(source, table, matches(source, concepts), _wanted(table))
        for source in sources
        for table, concepts in {"order_lines": ORDER_LINES, **{t: TABLES[t] for t in MUST}}.items()
    ]
    known_by = [n for n in near if n.table == "order_lines" or marked(n.source, n.table)]
    best = max(known_by, key=lambda n: n.share + n.used)
    return best.told() if best.used > 0 else ""


def _wanted(table: str) -> tuple[str, ...]:
    return _OF_ORDERS if table == "order_lines" else SPECS[table].needed
