"""Drafting a portfolio from the user's own files: what `fourwalls init` does.

files → profile → matching → layout, orders, facts, dimensions → plan → proof → folder
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fourwalls.errors import MappingError, listed
from fourwalls.tables.draft.currency import currency
from fourwalls.tables.draft.dimensions import Known, dimension_tables
from fourwalls.tables.draft.facts import fact_tables
from fourwalls.tables.draft.files import data_folder, found_files, opened
from fourwalls.tables.draft.folder import portfolio_toml, refuse_existing, written
from fourwalls.tables.draft.layout import layout
from fourwalls.tables.draft.orders import order_lines
from fourwalls.tables.draft.ours import Ours
from fourwalls.tables.draft.plan import Guess, Plan, text_of
from fourwalls.tables.draft.profile import Source, profiled
from fourwalls.tables.draft.proof import Proof, proven
from fourwalls.tables.draft.sqltext import glob_safe, literal, plain

__all__ = ["Draft", "Guess", "draft_portfolio"]

_MEMORY = "2GB"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was drafted, and what to look at before it is believed.

    Attributes:
        folder: The portfolio that was written.
        data_folder: The folder the mappings call `{data}`: what to name with --data.
        files: The files written.
        guesses: Each filled column of each table, with its source and how sure that is.
        unsure: Everything marked UNSURE or TODO, in a sentence each; which party is us comes first.
        unused: Files of which nothing was used, as told to a person.
        next_steps: What to do now, in order.
    """

    folder: Path
    data_folder: Path
    files: tuple[Path, ...]
    guesses: tuple[Guess, ...]
    unsure: tuple[str, ...]
    unused: tuple[str, ...]
    next_steps: tuple[str, ...]


def draft_portfolio(folder: Path, files: Sequence[Path]) -> Draft:
    """Draft portfolio.toml and the mappings under tables/ from a user's own files.

    Nothing is written unless all of it can be.

    Args:
        folder: The portfolio to write; it may exist, but not hold a portfolio.
        files: CSV (any separator, .gz too) or Parquet files, or folders of them.

    Returns:
        What was written, from which columns, and what is unsure.

    Raises:
        PortfolioError: There is a portfolio already.
        MappingError: A file is missing, unreadable, empty, no table, or none of them says anything we know.
        OutputError: The folder cannot be written.
    """
    folder = folder.resolve()
    refuse_existing(folder)
    paths = found_files(files)
    data = data_folder(paths)
    with tempfile.TemporaryDirectory(prefix="fourwalls-") as spill, _connected(spill) as connection:
        place = glob_safe(str(data))
        sources = profiled(connection, [opened(connection, path, data) for path in paths], place)
        plans, us = _plans(connection, sources, folder.name)
        proofs = [proven(connection, plan, place) for plan in plans]
    toml, unsure = portfolio_toml(folder.name, us, currency(sources), proofs, _unzoned(sources, proofs))
    texts = {f"tables/{proof.file_name}": text_of(proof.plan, proof.told) for proof in proofs}
    return Draft(
        folder,
        data,
        written(folder, {**texts, "portfolio.toml": toml}),
        tuple(guess for proof in proofs for guess in proof.plan.guesses()),
        (*unsure, *(doubt for proof in proofs for doubt in proof.plan.unsure())),
        _unused(sources, proofs),
        _next_steps(folder, data, proofs),
    )


def _connected(spill: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connection.execute(f"SET temp_directory = {literal(spill)}")
    connection.execute(f"SET memory_limit = '{_MEMORY}'")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _plans(connection: duckdb.DuckDBPyConnection, sources: tuple[Source, ...], name: str) -> tuple[list[Plan], Ours]:
    """The mappings, facts first, and who we are among the parties.

    Raises:
        MappingError: No file tells a fact.
    """
    orders = layout(connection, sources)
    used = {piece.source.table for piece in orders.pieces} if orders is not None else set()
    facts, meanings = fact_tables(connection, [s for s in sources if s.table not in used])
    plans = [order_lines(connection, orders)] if orders is not None else []
    if not plans and not facts:
        names = [column.name for source in sources for column in source.columns]
        doubts = "".join(f" In {source.label}, {doubt}." for source in sources for doubt in source.doubts)
        raise MappingError(
            f"Nothing in these files looks like orders, stock, supply, work or labour; their columns are "
            f"{listed(plain(n, 30) for n in names)}.{doubts}",
            "Name the file with your orders (order number, date, product), or write tables/order_lines.sql by hand.",
        )
    dimensions, us = dimension_tables(connection, Known(sources, orders, meanings), name)
    return [*plans, *facts, *dimensions], us


def _unzoned(sources: Sequence[Source], proofs: Sequence[Proof]) -> list[str]:
    read = {guess.source for proof in proofs for guess in proof.plan.guesses()}
    return [
        column.name
        for source in sources
        for column in source.columns
        if column.holds == "time" and not column.zoned and not column.date_only
        and f"{source.label}: {plain(column.name)}" in read
    ]  # fmt: skip


def _unused(sources: Sequence[Source], proofs: Sequence[Proof]) -> tuple[str, ...]:
    read = {label for proof in proofs for label in proof.plan.files}
    return tuple(source.label for source in sources if source.label not in read)


def _next_steps(folder: Path, data: Path, proofs: Sequence[Proof]) -> tuple[str, ...]:
    where = shlex.quote(str(folder))
    given = f"{where} --data {shlex.quote(str(data))}"
    waiting = [f"tables/{p.file_name}" for p in proofs if p.file_name.startswith("_")]
    steps = [f"fourwalls check {given}"]
    if waiting:
        steps.append(f"Fill in the TODO in {', '.join(waiting)}, then take the underscore off the name.")
    steps.append(f"Look through what is marked UNSURE in {where}/portfolio.toml and {where}/tables.")
    return (*steps, f"fourwalls diagnose {given}")
