"""Drafting a portfolio from the user's own files: what `fourwalls init` does.

files → profile → matching, durations, cautions → layout, orders, facts, dimensions → plan → proof → folder
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from fourwalls.errors import MappingError, did_you_mean, listed
from fourwalls.tables.draft.concepts import TABLES, meanings, named
from fourwalls.tables.draft.currency import currency
from fourwalls.tables.draft.dimensions import Known, dimension_tables
from fourwalls.tables.draft.facts import fact_tables
from fourwalls.tables.draft.files import data_folder, found_files, opened
from fourwalls.tables.draft.folder import portfolio_toml, refuse_existing, written
from fourwalls.tables.draft.layout import layout
from fourwalls.tables.draft.matching import can_be
from fourwalls.tables.draft.nearest import nearest
from fourwalls.tables.draft.orders import order_lines
from fourwalls.tables.draft.ours import Ours
from fourwalls.tables.draft.plan import Guess, Plan, text_of
from fourwalls.tables.draft.profile import Source, profiled
from fourwalls.tables.draft.proof import Proof, proven
from fourwalls.tables.draft.sqltext import glob_safe, literal, plain
from fourwalls.tables.schema import TABLES as SPECS

__all__ = ["Draft", "FileSeen", "Guess", "Look", "Said", "draft_portfolio", "files_seen", "look_at_files", "meanings"]

FACTS = ("order_lines", *TABLES)
"""Canonical tables that a file can be said to fill."""

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


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of one file, or of several of the same columns.

    Attributes:
        table: The canonical table it fills; None where we are to find out.
        columns: Column → what it means, "" for nothing we use; of the others we find out.
    """

    table: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file, or several of the same columns, as it was looked at.

    Attributes:
        name: The first file's.
        label: Its files, as told to a person.
        rows: Rows looked at.
        columns: Each column: its name, what it holds, frequent values, what it is taken to mean ("": nothing).
        said: What a person said of it.
    """

    name: str
    label: str
    rows: int
    columns: tuple[tuple[str, str, tuple[str, ...], str], ...]
    said: Said


@dataclass(frozen=True, slots=True)
class Look:
    """What files were taken for; nothing is written yet.

    Attributes:
        data_folder: The folder the mappings call `{data}`.
        texts: Name in the portfolio folder → text, portfolio.toml last.
        guesses, unsure, unused: As in `Draft`.
        next_steps: What to do once it is written.
        seen: The files.
    """

    data_folder: Path
    texts: Mapping[str, str]
    guesses: tuple[Guess, ...]
    unsure: tuple[str, ...]
    unused: tuple[str, ...]
    next_steps: tuple[str, ...]
    seen: tuple[FileSeen, ...]


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
    found = look_at_files(folder, files)
    made = written(folder, found.texts)
    return Draft(folder, found.data_folder, made, found.guesses, found.unsure, found.unused, found.next_steps)


def look_at_files(folder: Path, files: Sequence[Path], said: Mapping[str, Said] | None = None) -> Look:
    """What would be drafted from files, and from what a person says of them; nothing is written.

    Args:
        folder: The portfolio it is for; only its name is used.
        files: As for `draft_portfolio`.
        said: Name of a file, as `FileSeen.name` tells it → what a person says of it.

    Raises:
        MappingError: As for `draft_portfolio`; or a column cannot be what it is said to be.
    """
    paths = found_files(files)
    data = data_folder(paths)
    with tempfile.TemporaryDirectory(prefix="fourwalls-") as spill, _connected(spill) as connection:
        place = glob_safe(str(data))
        sources = profiled(connection, [opened(connection, path, data) for path in paths], place)
        sources = tuple(_told(source, (said or {}).get(source.files[0].name)) for source in sources)
        plans, us = _plans(connection, sources, folder.name)
        proofs = [proven(connection, plan, place) for plan in plans]
    toml, unsure = portfolio_toml(folder.name, us, currency(sources), proofs, _unzoned(sources, proofs))
    texts = {f"tables/{proof.file_name}": text_of(proof.plan, proof.told) for proof in proofs}
    guesses = tuple(guess for proof in proofs for guess in proof.plan.guesses())
    _heard(sources, guesses)
    return Look(
        data,
        {**texts, "portfolio.toml": toml},
        guesses,
        (*unsure, *(doubt for proof in proofs for doubt in proof.plan.unsure())),
        _unused(sources, proofs),
        _next_steps(folder, data, proofs),
        tuple(_seen(source, guesses) for source in sources),
    )


def files_seen(files: Sequence[Path]) -> tuple[FileSeen, ...]:
    """What the files hold, where nobody knows yet what they are.

    Raises:
        MappingError: One cannot be read.
    """
    paths = found_files(files)
    data = data_folder(paths)
    with tempfile.TemporaryDirectory(prefix="fourwalls-") as spill, _connected(spill) as connection:
        sources = profiled(connection, [opened(connection, p, data) for p in paths], glob_safe(str(data)))
    return tuple(_seen(source, ()) for source in sources)


def _told(source: Source, said: Said | None) -> Source:
    """A file with what a person says of it.

    Raises:
        MappingError: There is no such table or meaning.
    """
    if said is None:
        return source
    if said.table is not None and said.table not in FACTS:
        raise MappingError(
            f"A file cannot fill '{plain(said.table)}'.{did_you_mean(said.table, FACTS)}",
            f"Choose from {listed(FACTS)}.",
        )
    for name in said.columns.values():
        if name and name not in meanings():
            told = f"No column can mean '{plain(name)}'.{did_you_mean(name, meanings())}"
            raise MappingError(told, "Choose one of those that are offered, or leave it empty.")
    for c in source.columns:
        meant = said.columns.get(c.name)
        if meant and not any(can_be(concept, c) for concept in named(meant)):
            told = f"'{plain(c.name)}' of '{source.label}' cannot be {meant}: it holds {c.holds}."
            raise MappingError(told, "Take it back, or choose another column.")
    columns = tuple(replace(c, said=said.columns.get(c.name)) for c in source.columns)
    return replace(source, columns=columns, said=said.table)


def _origin(source: Source, column: str) -> str:
    return f"{source.label}: {plain(column)}"


def _heard(sources: Sequence[Source], guesses: Sequence[Guess]) -> None:
    """Looks whether what was said could be done: to say nothing would look like having listened.

    Raises:
        MappingError: A file does not fill the table it was said to fill.
    """
    filled = {g.table for g in guesses}
    for source in sources:
        if source.said is not None and source.said not in filled:
            told = (
                f"'{source.label}' does not fill {source.said}: columns it needs are missing, or hold something else."
            )
            needed = f"It needs {listed(SPECS[source.said].needed)}: say which columns these are, or leave it to us."
            raise MappingError(told, needed)


def _seen(source: Source, guesses: Sequence[Guess]) -> FileSeen:
    taken: dict[str, str] = {}
    for guess in guesses:
        taken.setdefault(guess.source, guess.column)
    columns = tuple(
        (c.name, c.holds, c.top[:3], taken.get(_origin(source, c.name), "") if c.said is None else c.said)
        for c in source.columns
    )
    said = Said(source.said, {c.name: c.said for c in source.columns if c.said is not None})
    return FileSeen(source.files[0].name, source.label, source.rows, columns, said)


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
    orders = layout(connection, [s for s in sources if s.said in (None, "order_lines")])
    used = {piece.source.table for piece in orders.pieces} if orders is not None else set()
    facts, meanings = fact_tables(connection, [s for s in sources if s.table not in used and s.said != "order_lines"])
    plans = [order_lines(connection, orders)] if orders is not None else []
    if not plans and not facts:
        raise _nothing(sources)
    dimensions, us = dimension_tables(connection, Known(sources, orders, meanings), name)
    return [*plans, *facts, *dimensions], us


def _nothing(sources: Sequence[Source]) -> MappingError:
    names = [column.name for source in sources for column in source.columns]
    doubts = "".join(f" In {source.label}, {doubt}." for source in sources for doubt in source.doubts)
    return MappingError(
        f"Nothing in these files looks like orders, stock, supply, work or labour; their columns are "
        f"{listed(plain(n, 30) for n in names)}.{nearest(sources)}{doubts}",
        "Name the file with your orders (order number, date, product), or write tables/order_lines.sql by hand.",
    )


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
    if not {"order_lines", "stock_days"} & {p.plan.table for p in proofs if not p.file_name.startswith("_")}:
        return (*steps, "Add the file with your orders or your stock by day: the diagnosis begins with them.")
    return (*steps, f"fourwalls diagnose {given}")
