"""What an engine can do; nothing else of the code knows which one runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import ibis.expr.types as ir
import pyarrow as pa


class Engine(Protocol):
    """Runs expressions where the data are.

    A table an engine hands out has naive UTC timestamps and can be used in expressions of that engine only.
    """

    def table(self, name: str) -> ir.Table:
        """A table that was loaded or kept under that name."""

    def load(self, name: str, rows: pa.Table) -> ir.Table:
        """Rows handed over as Arrow, as a table of this engine."""

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """The result of an expression under a name, so that what follows need not compute it again."""

    def fingerprint(self, text: ir.StringValue) -> ir.IntegerValue:
        """A 64-bit number for a text: the same for the same text within this engine, whatever else it is."""

    def run(self, expression: ir.Table) -> pa.Table:
        """The result of an expression as Arrow."""

    def sql(self, expression: ir.Table) -> str:
        """The SQL that an expression runs as, laid out for people."""

    def stop(self) -> None:
        """Answer no more: what is asked at the moment ends, and whoever asks later gets an error. Only closing is left."""

    def close(self) -> None:
        """Give back what the engine holds; tables of it are gone afterwards."""


@runtime_checkable
class Asks(Protocol):
    """An engine that can also run SQL a user wrote, locked to reading: not every one can."""

    def ask(self, query: str, place: str, tables: Mapping[str, ir.Table], seconds: float = 30.0) -> pa.Table:
        """The first rows of one SELECT."""
