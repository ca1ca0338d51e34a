"""DuckDB, embedded: all cores, bounded memory with spilling, and no way out of the folders the user named."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from fourwalls.engines.columns import literal, name_sql
from fourwalls.engines.complaints import Place, complaint
from fourwalls.engines.csv_files import csv_reader
from fourwalls.engines.kinds import Typing
from fourwalls.errors import MappingError, OutputError, PortfolioError
from fourwalls.tables.event_logs import read_log
from fourwalls.tables.schema import TableSpec
from fourwalls.tables.sources import DATA_PLACEHOLDER, LOG_ENDINGS, Source

# Below the 4 GiB a run may take as a whole: results, Arrow and Python need the rest.
MEMORY_GIB = 2.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """A table as it was found.

    Attributes:
        spec: The canonical table.
        source: Name of its file.
        table: Every canonical column with its type (null where the file has none); `unreadable`: the first column
            of the row whose text is not of its kind, or null; `unreadable_text`: that text.
        present: Canonical columns the file has.
        parsed: Those of them that were read from text.
        currency: What its column `currency` says, if it has one.
        ignored: Columns of the file that are not canonical.
        notes: What the reader should know about how it was read.
    """

    spec: TableSpec
    source: str
    table: ir.Table
    present: frozenset[str]
    parsed: frozenset[str]
    currency: str | None
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


@ibis.udf.scalar.builtin(name="hash", signature=((dt.string,), dt.uint64))
def _hash(text): ...  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202


class DuckDBEngine:
    """An embedded DuckDB that can read the named folders and nothing else.

    Links inside those folders are followed as long as they do not lead out of them.

    Args:
        readable: Folders whose files mappings may read.
        data: The folder that `{data}` stands for; None if the user named none.
        source_url: `duckdb:///path/to/file.duckdb`, attached read-only; None for files alone.
        memory_gib: Memory limit, beyond which it spills to a temporary folder.
    """

    def __init__(
        self,
        readable: tuple[Path, ...] = (),
        data: Path | None = None,
        source_url: str | None = None,
        memory_gib: float = MEMORY_GIB,
    ) -> None:
        self._data = data
        self._folders = {folder.resolve(): folder.name for folder in readable}
        if data is not None:
            # As the user knows it: the placeholder stands in SQL files, and says nothing about where they point.
            self._folders[data.resolve()] = data.resolve().name
        self._spill = _temporary_folder()
        self._worker = ThreadPoolExecutor(1)
        self._stopped = False
        self._raw = duckdb.connect(config={"threads": os.cpu_count() or 1})
        self._raw.execute(f"SET memory_limit = '{memory_gib * 1024:.0f}MiB'")
        self._raw.execute(f"SET temp_directory = {literal(self._spill.name)}")
        # Ibis sets the time zone of the session to UTC, so it comes before the lock.
        self._ibis = ibis.duckdb.from_connection(self._raw)
        self._raw.execute("SET enable_progress_bar = false")
        try:
            if source_url is not None:
                self._attach(source_url)
            self._lock([*readable, *([data] if data is not None else [])])
        except BaseException:
            self.close()
            raise

    def _attach(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "duckdb":
            raise PortfolioError(
                f"portfolio.toml: source url begins with '{parts.scheme}:'; this version reads 'duckdb:///path/to/file.duckdb'.",
                "Export the tables to Parquet and name their folder with --data, or use a DuckDB file.",
            )
        path = Path(unquote(parts.netloc + parts.path))
        if not path.is_file():
            raise PortfolioError(f"portfolio.toml: source '{path.name}' is not there.", "Correct [source] url.")
        try:
            self._raw.execute(f"ATTACH {literal(str(path))} AS source (READ_ONLY)")
            self._raw.execute("USE source")
            # Our own tables must not land in the user's database, which is read-only anyway.
            self._raw.execute("USE memory")
            self._raw.execute("SET search_path = 'memory.main,source.main'")
        except duckdb.Error as error:
            raise PortfolioError(
                f"portfolio.toml: source '{path.name}' is no DuckDB file that can be opened.", "Correct [source] url."
            ) from error

    def _lock(self, folders: list[Path]) -> None:
        allowed = ", ".join(literal(f"{folder.resolve()}{os.sep}") for folder in folders)
        self._raw.execute(f"SET allowed_directories = [{allowed}]")
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
            self._raw.execute(f"SET {setting} = false")
        self._raw.execute("SET allow_persistent_secrets = false")
        self._raw.execute("SET python_enable_replacements = false")
        self._raw.execute("SET enable_external_access = false")
        self._raw.execute("SET lock_configuration = true")

    def table(self, name: str) -> ir.Table:
        """A table that was loaded or kept under that name."""
        # A connection refuses a second caller, and two parts of a diagnosis ask side by side.
        return self._awaited(lambda: self._ibis.table(name))

    def load(self, name: str, rows: pa.Table) -> ir.Table:
        """Rows handed over as Arrow, as a table of this engine."""
        query = f"CREATE OR REPLACE TEMP TABLE {name_sql(name)} AS SELECT * FROM {name_sql(f'arrow_{name}')}"

        def load() -> None:
            self._raw.register(f"arrow_{name}", rows)
            self._raw.execute(query)
            self._raw.unregister(f"arrow_{name}")

        self._awaited(load)
        return self.table(name)

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """The result of an expression, held in memory or spilled, under a name."""
        # Not Ibis' own create_table: with overwrite it drops a table without saying which (Ibis 12.0 on DuckDB 2.0).
        query = f"CREATE OR REPLACE TEMP TABLE {name_sql(name)} AS {self._ibis.compile(expression)}"
        with self._complaints():
            self._awaited(lambda: self._raw.execute(query))
        return self.table(name)

    def view(self, name: str, expression: ir.Table) -> ir.Table:
        """An expression under a name, computed anew, and only as far as needed, by whatever asks for it.

        What is built upon a name is compiled without what stands behind it, which Ibis would rewrite each time.
        """
        query = f"CREATE OR REPLACE TEMP VIEW {name_sql(name)} AS {self._ibis.compile(expression)}"
        with self._complaints():
            self._awaited(lambda: self._raw.execute(query))
        return self.table(name)

    def fingerprint(self, text: ir.StringValue) -> ir.IntegerValue:
        """A 64-bit number for a text."""
        # Ibis' own hash() goes through a bit string, which costs five times the hash.
        return _hash(text)

    def run(self, expression: ir.Table) -> pa.Table:
        """The result of an expression as Arrow."""
        # Not to_pyarrow: it imports pandas, a second that nobody needs.
        query = self._ibis.compile(expression)
        with self._complaints():
            found = self._awaited(lambda: self._raw.sql(query).to_arrow_table())
        # DuckDB adds integers up in 128 bits, which Arrow can only tell as decimals.
        whole = [pa.int64() if pa.types.is_decimal(f.type) and f.type.scale == 0 else f.type for f in found.schema]
        return found.cast(pa.schema(list(zip(found.column_names, whole, strict=True))))

    def sql(self, expression: ir.Table) -> str:
        """The SQL that an expression runs as, laid out for people."""
        return str(self._ibis.compile(expression, pretty=True))

    def ask(self, query: str, place: str, tables: Mapping[str, ir.Table], seconds: float = 30.0) -> pa.Table:
        """The first rows of one SELECT that a user wrote, over the tables kept here and the folders that were named.

        Args:
            query: SQL; as a subquery it can change nothing.
            place: Where it stands, for errors.
            tables: What names in it stand for, where nothing is kept under them.
            seconds: It is stopped after so long.

        Raises:
            MappingError: It is not one SELECT, cannot be run, or takes too long.
        """
        text, _ = self._one_select(query, place)
        kept = {
            row[0]
            for row in self._awaited(
                lambda: self._raw.execute("SELECT table_name FROM information_schema.tables").fetchall()
            )
        }
        named = [(name, table) for name, table in tables.items() if name not in kept and name in query]
        parts = ", ".join(f"{name_sql(name)} AS ({self._ibis.compile(table)})" for name, table in named)
        whole = f"{f'WITH {parts} ' if parts else ''}SELECT * FROM ({text}\n) LIMIT 2"
        running = self._worker.submit(lambda: self._raw.sql(whole).to_arrow_table())
        try:
            return running.result(timeout=seconds)
        except TimeoutError:
            self._raw.interrupt()
            wait([running])
            raise MappingError(f"{place} took more than {seconds:g} s.", "Ask a smaller question.") from None
        except duckdb.Error as error:
            raise complaint(error, Place(place, self._folders)) from None

    @contextmanager
    def _complaints(self) -> Iterator[None]:
        """Files are read when they are needed: what is wrong with them, or with the machine, may show late."""
        try:
            yield
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.InternalError):
            raise  # a mistake of ours
        except duckdb.Error as error:
            raise complaint(error, Place("tables", self._folders)) from None

    def _awaited(self, work: Callable[[], T]) -> T:
        """What a long statement gives. Run aside, since DuckDB itself does not hear Ctrl-C before it is done."""
        if self._stopped:
            raise CancelledError
        running = self._worker.submit(work)
        try:
            return running.result()
        except KeyboardInterrupt:
            # What waits its turn has nothing to interrupt: that would hit another's statement.
            if not running.cancel():
                self._raw.interrupt()
                wait([running])
            raise

    def stop(self) -> None:
        """Answer no more, so that parts of a diagnosis that run aside come to an end."""
        self._stopped = True
        self._raw.interrupt()

    def close(self) -> None:
        """Give back memory and the spill folder."""
        self._worker.shutdown()
        self._raw.close()
        self._spill.cleanup()

    def open(self, source: Source, time_zone: str | None = None) -> Opened:
        """A canonical table read from its file, each column as its kind.

        Args:
            source: The table and its file.
            time_zone: Zone of timestamps that carry none; None means UTC.

        Raises:
            MappingError: The file cannot be read, or its SQL is not one SELECT over what the user named.
            TableError: A needed column is missing, a column is of another kind, or the table is empty.
        """
        spec, path = source.spec, source.path
        place = f"tables/{path.name}"
        view = f"raw_{spec.name}"
        notes: tuple[str, ...] = ()
        if path.suffix.lower() in LOG_ENDINGS:
            log = read_log(path, place)
            self._raw.register("event_log", log.rows)
            query, lines_before, notes = "SELECT * FROM event_log", 0, log.notes
        else:
            query, lines_before = self._query(source, place)
        try:
            # Parquet is read column by column as often as needed; everything else is parsed or joined once.
            kept = "VIEW" if path.suffix.lower() == ".parquet" else "TABLE"
            self._awaited(lambda: self._raw.execute(f"CREATE OR REPLACE TEMP {kept} {view} AS {query}"))
            described = self._raw.execute(f"DESCRIBE {view}").fetchall()
            found = {str(row[0]): str(row[1]) for row in described}
            typed = Typing(self._raw, spec, place, view, found, time_zone).typed()
            # What has to be parsed is parsed once.
            name, kept = f"typed_{spec.name}", "TABLE" if typed.parsed else "VIEW"
            self._awaited(lambda: self._raw.execute(f"CREATE OR REPLACE TEMP {kept} {name} AS {typed.query}"))
            if typed.parsed and path.suffix.lower() != ".parquet":
                self._raw.execute(f"DROP TABLE {view}")
            return Opened(
                spec, path.name, self._ibis.table(name), typed.present, typed.parsed, typed.currency, typed.ignored,
                (*notes, *typed.notes),
            )  # fmt: skip
        except duckdb.Error as error:
            raise complaint(error, Place(place, self._folders, lines_before)) from None

    def _query(self, source: Source, place: str) -> tuple[str, int]:
        """SQL that reads a file, and how many lines of the file stand above it."""
        path, ending = source.path, source.path.suffix.lower()
        if ending == ".parquet":
            return f"SELECT * FROM read_parquet({literal(str(path.resolve()))})", 0
        if ending == ".csv":
            return f"SELECT * FROM {csv_reader(path, place, source.spec.names)}", 0
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise MappingError(f"{place} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
        except OSError as error:
            raise MappingError(
                f"{place} cannot be read: {error.strerror or 'the system refused'}.",
                "Check the file and its permissions.",
            ) from None
        return self._one_select(text, place)

    def _one_select(self, text: str, place: str) -> tuple[str, int]:
        if DATA_PLACEHOLDER in text:
            if self._data is None:
                raise MappingError(
                    f"{place} reads '{DATA_PLACEHOLDER}', but no data folder was named.", "Add --data DIR."
                )
            text = text.replace(DATA_PLACEHOLDER, str(self._data.resolve()).replace("'", "''"))
        try:
            statements = duckdb.extract_statements(text)
        except duckdb.Error as error:
            raise complaint(error, Place(place, self._folders)) from None
        if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
            found = " then ".join(s.query.split(maxsplit=1)[0].upper().rstrip(";") for s in statements)
            raise MappingError(
                f"{place} must be exactly one SELECT; found {found or 'nothing'}.",
                "A mapping reads its source; it cannot write, attach or set anything.",
            )
        query = statements[0].query
        # As a subquery it can change nothing: DuckDB lets a WITH at the top level insert and delete.
        return f"SELECT * FROM ({_without_semicolon(query)}\n)", text.partition(query)[0].count("\n")


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="fourwalls-", ignore_cleanup_errors=True)
    except OSError:
        raise OutputError(
            "No temporary folder can be made: large tables are spilled there.", "Name one in TMPDIR."
        ) from None


def _without_semicolon(query: str) -> str:
    """One statement without the semicolon that ends it, whatever is remarked behind it."""
    text = query.encode()
    last = [at for at, kind in duckdb.tokenize(query) if kind is not duckdb.token_type.comment][-1]
    return text[:last].decode() if text[last:].startswith(b";") else query
