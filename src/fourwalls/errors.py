"""Every error a user can cause.

FourwallsError          bad input: what, where, found, allowed, remedy
├── PortfolioError      portfolio.toml or the folder around it
├── MappingError        a SQL or CSV/Parquet file under tables/
├── TableError          a canonical table whose columns or rows cannot be used
├── OutputError         a place that cannot be written
├── ContractError       a contract under contracts/
├── AnswersError        answers.csv
├── PanelError          a panel of units and periods for a pilot
├── PlanError           a frozen pilot plan
└── RegisterError       the register of runs, decisions, plans and outcomes
    ├── DamagedError    what is kept cannot be read
    └── OvertakenError  somebody else wrote first

A question that the data cannot answer is no error: it is a `Refusal` (see `figures`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known word, or an empty string."""
    near = difflib.get_close_matches(word, [k for k in known if k != word], n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def listed(words: Iterable[object], most: int = 12) -> str:
    """Words as a short readable list: `'a', 'b' and 3 more`."""
    all_words = [f"'{w}'" for w in words]
    shown = ", ".join(all_words[:most])
    return f"{shown} and {len(all_words) - most} more" if len(all_words) > most else shown or "none"


class FourwallsError(Exception):
    """Bad input, told in one sentence each: what is wrong, and what to do.

    Args:
        what: What is wrong, where, and what was found.
        remedy: What the user can do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n{remedy}")


class PortfolioError(FourwallsError):
    """portfolio.toml, or the folder around it, cannot be used."""

    @classmethod
    def at(cls, place: str, line: int | None, what: str, remedy: str) -> PortfolioError:
        """An error with the file and the line it stands in."""
        where = f"{place}, line {line}" if line else place
        return cls(f"{where}: {what}", remedy)


class MappingError(FourwallsError):
    """A file under tables/ cannot be read as a table."""


class TableError(FourwallsError):
    """A canonical table's columns or rows cannot be used."""

    @classmethod
    def missing_column(cls, table: str, column: str, found: Iterable[str], source: str) -> TableError:
        """A column the table cannot do without."""
        names = list(found)
        return cls(
            f"Table '{table}' ({source}) needs column '{column}'; found {listed(names)}.{did_you_mean(column, names)}",
            f"Add it, or map it in tables/{table}.sql: SELECT … AS {column}.",
        )

    @classmethod
    def wrong_type(
        cls, table: str, column: str, found: str, allowed: str, example: object, row: int | None, source: str
    ) -> TableError:
        """A column whose values are not of the kind the table asks for."""
        seen = f"; first such value {str(example)[:60]!r}" if example is not None else ""
        where = f", row {row}" if row is not None else ""
        return cls(
            f"Table '{table}' ({source}), column '{column}'{where}: found {found}{seen}; allowed: {allowed}.",
            f"Convert it in tables/{table}.sql, or correct the file.",
        )


class OutputError(FourwallsError):
    """A place that cannot be written."""


class ContractError(FourwallsError):
    """A contract under contracts/ cannot be read, or is none of the standard."""

    @classmethod
    def at(cls, place: str, line: int | None, what: str, remedy: str) -> ContractError:
        """An error with the file and the line it stands in."""
        where = f"{place}, line {line}" if line else place
        return cls(f"{where}: {what}", remedy)


class AnswersError(FourwallsError):
    """answers.csv cannot be used, or an answer is none."""

    @classmethod
    def at(cls, row: int, what: str, remedy: str) -> AnswersError:
        """An error with the row it stands in; row 1 is the header, row 0 is what is being typed."""
        return cls(f"answers.csv, row {row}: {what}" if row else f"This answer: {what}", remedy)


class PanelError(FourwallsError):
    """A panel (units by periods) cannot be used for a pilot."""


class PlanError(FourwallsError):
    """A frozen pilot plan cannot be used, or was changed after it was frozen."""


class AllocationError(FourwallsError):
    """Options, enablers or limits that no money can be shared out over."""


class RegisterError(FourwallsError):
    """The register cannot be used as asked: its place, its file, or what is to be written."""


class DamagedError(RegisterError):
    """What a register keeps cannot be read any more."""


class OvertakenError(RegisterError):
    """Somebody else wrote first: nothing of the later write was kept.

    Attributes:
        version: The version that stands now.
        who, at: Who wrote it, and when (UTC, by the clock of the machine that wrote it).
    """

    def __init__(self, what: str, remedy: str, version: int, who: str, at: str) -> None:
        super().__init__(what, remedy)
        self.version, self.who, self.at = version, who, at
