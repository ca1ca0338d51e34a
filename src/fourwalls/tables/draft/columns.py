"""What a column of a user's file holds, and the SQL that reads it as one of our kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fourwalls.tables.draft.sqltext import literal

Holds = Literal["text", "number", "time", "flag", "list", "other"]


@dataclass(frozen=True, slots=True)
class Wrap:
    """SQL around a reference: `before` + reference + `after`."""

    before: str = ""
    after: str = ""

    def __call__(self, ref: str) -> str:
        """The reference, wrapped."""
        return f"{self.before}{ref}{self.after}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a user's file, as its values show it.

    Attributes:
        name: As in the file.
        sql_type: As DuckDB reads it; VARCHAR for every column of a CSV.
        holds: What the values are, whatever their type.
        rows, nulls, distinct: Counts in the rows looked at; a missing-value mark counts as null.
        low, high: Smallest and largest number (of a list: element), if numbers.
        whole: Whether all numbers are whole.
        marks: Texts that stand for a missing value.
        parse: How text, or a number, becomes a time or a number.
        date_only: Times without time of day in their type or text.
        midnight: Times whose time of day is always 00:00.
        zoned: Times that carry a zone or an offset.
        top: The most frequent values, if there are few.
        doubt: Why the reading is unsure, if it is.
        said: What a person says it means, "" for nothing we use; None if nobody said.
        path: What the name begins with to tell which record it is of, as in `Order Reference/Order Date`.
    """

    name: str
    sql_type: str
    holds: Holds
    rows: int = 0
    nulls: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    whole: bool = False
    marks: tuple[str, ...] = ()
    parse: Wrap = Wrap()
    date_only: bool = False
    midnight: bool = False
    zoned: bool = False
    top: tuple[str, ...] = ()
    doubt: str | None = None
    said: str | None = None
    path: str = ""

    @property
    def called(self) -> str:
        """Its name without the path to it."""
        return self.name.removeprefix(self.path)

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 0 and self.nulls == 0 and self.distinct == self.rows

    @property
    def null_share(self) -> float:
        """Share of rows without a value."""
        return self.nulls / self.rows if self.rows else 0.0

    def text(self, ref: str) -> str:
        """SQL that reads the column as text, null where it says so."""
        if self.sql_type in ("FLOAT", "DOUBLE") and self.whole:
            ref = f"CAST(CAST({ref} AS BIGINT) AS VARCHAR)"
        elif self.sql_type != "VARCHAR":
            ref = f"CAST({ref} AS VARCHAR)"
        for mark in self.marks:
            ref = f"nullif({ref}, {literal(mark)})"
        return ref

    def time(self, ref: str) -> str:
        """SQL that reads the column as a timestamp."""
        if self.sql_type.startswith("TIMESTAMP"):
            return ref
        return f"CAST({ref} AS TIMESTAMP)" if self.sql_type == "DATE" else self.parse(self.text(ref))

    def day(self, ref: str) -> str:
        """SQL that reads the column as a date."""
        if self.sql_type == "DATE":
            return ref
        if self.date_only and self.parse == Wrap("CAST(", " AS TIMESTAMP)"):
            return f"CAST({self.text(ref)} AS DATE)"
        return f"CAST({self.time(ref)} AS DATE)"

    def number(self, ref: str, of_list: str = "list_sum") -> str:
        """SQL that reads the column as a number; a list is summed, or what `of_list` says."""
        if self.holds == "list":
            return f"{of_list}({ref})"
        if self.holds == "flag":
            return f"CAST({self.flag(ref)} AS INTEGER)"
        return ref if self.parse == Wrap() else self.parse(self.text(ref))

    def flag(self, ref: str) -> str:
        """SQL that reads the column as true or false."""
        if self.sql_type == "BOOLEAN":
            return ref
        if self.holds == "flag":
            return f"(lower({self.text(ref)}) IN ('true', 't', 'yes', 'y'))"
        return f"({self.number(ref)} = 1)"
