"""DuckDB, embedded: all cores, bounded memory with spilling, and no way out of the folders the user named."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from fourwalls.engines.columns import OFFSET, STORED, blank_is_null, literal, name_sql, value_sql
from fourwalls.errors import FourwallsError, MappingError, PortfolioError, TableError, listed
from fourwalls.tables.schema import KIND_IN_WORDS, Column, TableSpec
from fourwalls.tables.sources import DATA_PLACEHOLDER, Source

# Below the 4 GiB a run may take as a whole: results, Arrow and Python need the rest.
MEMORY_GIB = 2.5
# Text values that are not of the column's kind: up to this share their rows are set aside; beyond, the column is wrong.
UNREADABLE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Opened:
    """A table as it was found.

    Attributes:
        spec: The canonical table.
        source: Name of its file.
        table: Every canonical column with its type (null where the file has none), and `unreadable`: the first
            column of the row whose text is not of its kind, or null.
        present: Canonical columns the file has.
        parsed: Those of them that were read from text.
        ignored: Columns of the file that are not canonical.
        notes: What the reader should know about how it was read.
    """

    spec: TableSpec
    source: str
    table: ir.Table
    present: frozenset[str]
    parsed: frozenset[str]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


@ibis.udf.scalar.builtin(name="hash", signature=((dt.string,), dt.uint64))
def _hash(text): ...  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202


class DuckDBEngine:
    """An embedded DuckDB that can read the named folders and nothing else.

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
        self._spill = Path(tempfile.mkdtemp(prefix="fourwalls-"))
        self._raw = duckdb.connect(config={"threads": os.cpu_count() or 1})
        self._raw.execute(f"SET memory_limit = '{memory_gib * 1024:.0f}MiB'")
        self._raw.execute(f"SET temp_directory = {literal(str(self._spill))}")
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
                f"portfolio.toml: source '{path.name}' cannot be opened: {_first_line(error)}", "Correct [source] url."
            ) from None

    def _lock(self, folders: list[Path]) -> None:
        allowed = ", ".join(literal(f"{folder.resolve()}{os.sep}") for folder in folders)
        self._raw.execute(f"SET allowed_directories = [{allowed}]")
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
            self._raw.execute(f"SET {setting} = false")
        self._raw.execute("SET enable_external_access = false")
        self._raw.execute("SET lock_configuration = true")

    def table(self, name: str) -> ir.Table:
        """A table that was loaded or kept under that name."""
        return self._ibis.table(name)

    def load(self, name: str, rows: pa.Table) -> ir.Table:
        """Rows handed over as Arrow, as a table of this engine."""
        self._raw.register(f"arrow_{name}", rows)
        self._raw.execute(f"CREATE OR REPLACE TEMP TABLE {name_sql(name)} AS SELECT * FROM {name_sql(f'arrow_{name}')}")
        self._raw.unregister(f"arrow_{name}")
        return self.table(name)

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """The result of an expression, held in memory or spilled, under a name."""
        # Not Ibis' own create_table: with overwrite it drops a table without saying which (Ibis 12.0 on DuckDB 2.0).
        self._raw.execute(f"CREATE OR REPLACE TEMP TABLE {name_sql(name)} AS {self._ibis.compile(expression)}")
        return self.table(name)

    def fingerprint(self, text: ir.StringValue) -> ir.IntegerValue:
        """A 64-bit number for a text."""
        # Ibis' own hash() goes through a bit string, which costs five times the hash.
        return _hash(text)

    def run(self, expression: ir.Table) -> pa.Table:
        """The result of an expression as Arrow."""
        # Not to_pyarrow: it imports pandas, a second that nobody needs.
        found = self._raw.sql(self._ibis.compile(expression)).to_arrow_table()
        # DuckDB adds integers up in 128 bits, which Arrow can only tell as decimals.
        whole = [pa.int64() if pa.types.is_decimal(f.type) and f.type.scale == 0 else f.type for f in found.schema]
        return found.cast(pa.schema(list(zip(found.column_names, whole, strict=True))))

    def close(self) -> None:
        """Give back memory and the spill folder."""
        self._raw.close()
        shutil.rmtree(self._spill, ignore_errors=True)

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
        try:
            query = self._query(path, place)
            # Parquet is read column by column as often as needed; everything else is parsed or joined once.
            kept = "VIEW" if path.suffix.lower() == ".parquet" else "TABLE"
            self._raw.execute(f"CREATE OR REPLACE TEMP {kept} {view} AS {query}")
            described = self._raw.execute(f"DESCRIBE {view}").fetchall()
            found = {str(row[0]): str(row[1]) for row in described}
            return self._typed(spec, place, view, found, time_zone)
        except duckdb.Error as error:
            raise _unreadable(place, error, self._data) from None

    def _query(self, path: Path, place: str) -> str:
        if path.suffix.lower() == ".parquet":
            return f"SELECT * FROM read_parquet({literal(str(path.resolve()))})"
        if path.suffix.lower() == ".csv":
            # As text, so that what cannot be read is told by us with its row, and no locale is guessed silently.
            return (
                f"SELECT * FROM read_csv({literal(str(path.resolve()))}, all_varchar = true, header = true, "
                "allow_quoted_nulls = true)"
            )
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise MappingError(f"{place} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
        return self._one_select(text, place)

    def _one_select(self, text: str, place: str) -> str:
        if DATA_PLACEHOLDER in text:
            if self._data is None:
                raise MappingError(
                    f"{place} reads '{DATA_PLACEHOLDER}', but no data folder was named.", "Add --data DIR."
                )
            text = text.replace(DATA_PLACEHOLDER, str(self._data.resolve()).replace("'", "''"))
        try:
            statements = duckdb.extract_statements(text)
        except duckdb.Error as error:
            raise MappingError(
                f"{place} is not SQL: {_first_line(error)}", "Mend it; the dialect is DuckDB's."
            ) from None
        kinds = [str(s.type).rsplit(".", 1)[-1] for s in statements]
        if kinds != ["SELECT"]:
            raise MappingError(
                f"{place} must be exactly one SELECT; found {' then '.join(kinds) or 'nothing'}.",
                "A mapping reads its source; it cannot write, attach or set anything.",
            )
        return re.sub(r";\s*$", "", statements[0].query.strip())

    def _typed(self, spec: TableSpec, place: str, view: str, found: dict[str, str], zone: str | None) -> Opened:
        by_name = {name.lower(): name for name in found}
        for column in spec.columns:
            if column.needed and column.name not in by_name:
                raise TableError.missing_column(spec.name, column.name, found, place)
        if self._one(f"SELECT 1 FROM {view} LIMIT 1") is None:
            raise TableError(f"Table '{spec.name}' ({place}) is empty.", "Check the file, or remove it.")
        if "currency" in by_name:
            self._one_currency(spec, place, view, by_name["currency"])
        present = [c for c in spec.columns if c.name in by_name]
        notes: list[str] = []
        texts = {c.name for c in present if found[by_name[c.name]] == "VARCHAR"}
        zoned = self._zoned(spec, place, view, present, by_name, found, zone)
        selected, unreadable = [], []
        for column in spec.columns:
            if column.name not in by_name:
                selected.append(f"CAST(NULL AS {STORED[column.kind]}) AS {column.name}")
                continue
            raw = name_sql(by_name[column.name])
            kind_found = found[by_name[column.name]]
            comma = column.name in texts and column.kind in ("number", "count", "share") and self._commas(view, raw)
            if comma:
                notes.append(f"{place}: '{column.name}' uses decimal commas.")
            value = value_sql(
                column, raw, kind_found, zone, zoned=column.name in zoned, comma=comma, trim=place.endswith(".csv")
            )
            if value is None:
                example = self._one(f"SELECT {raw} FROM {view} WHERE {raw} IS NOT NULL LIMIT 1")
                raise TableError.wrong_type(
                    spec.name, column.name, kind_found, KIND_IN_WORDS[column.kind], example, None, place
                )
            selected.append(f"{value} AS {column.name}")
            if column.name in texts and column.kind != "text":
                unreadable.append((column, f"{blank_is_null(raw)} IS NOT NULL AND {value} IS NULL"))
        self._mostly_readable(spec, place, view, unreadable, by_name)
        cases = "".join(f" WHEN {condition} THEN '{column.name}'" for column, condition in unreadable)
        flag = f"CASE{cases} END" if cases else "CAST(NULL AS VARCHAR)"
        typed = f"typed_{spec.name}"
        self._raw.execute(
            f"CREATE OR REPLACE TEMP VIEW {typed} AS SELECT {', '.join(selected)}, {flag} AS unreadable FROM {view}"
        )
        ignored = tuple(name for low, name in by_name.items() if low not in spec.names)
        names = frozenset(c.name for c in present)
        parsed = frozenset(column.name for column, _ in unreadable)
        return Opened(spec, place.rsplit("/", 1)[-1], self._ibis.table(typed), names, parsed, ignored, tuple(notes))

    def _one(self, query: str) -> object:
        row = self._raw.execute(query).fetchone()
        return None if row is None else row[0]

    def _one_currency(self, spec: TableSpec, place: str, view: str, raw: str) -> None:
        quoted = name_sql(raw)
        rows = self._raw.execute(f"SELECT DISTINCT {quoted} FROM {view} WHERE {quoted} IS NOT NULL LIMIT 9").fetchall()
        if len(rows) > 1:
            raise TableError(
                f"Table '{spec.name}' ({place}) mixes currencies in column '{raw}': {listed(r[0] for r in rows)}; "
                "allowed: one, the portfolio's.",
                f"Convert the amounts in tables/{spec.name}.sql.",
            )

    def _zoned(
        self,
        spec: TableSpec,
        place: str,
        view: str,
        present: list[Column],
        by_name: dict[str, str],
        found: dict[str, str],
        zone: str | None,
    ) -> frozenset[str]:
        """Time columns whose values carry an offset; mixed ones are refused unless the zone of the others is known."""
        zoned: set[str] = set()
        naive: set[str] = set()
        for column in (c for c in present if c.kind == "time"):
            raw = by_name[column.name]
            if found[raw] == "TIMESTAMP WITH TIME ZONE":
                zoned.add(column.name)
            elif found[raw].startswith("TIMESTAMP"):
                naive.add(column.name)
            elif found[raw] == "VARCHAR":
                quoted = name_sql(raw)
                has_offset = f"regexp_matches(trim({quoted}), '{OFFSET}')"
                has_none = f"regexp_matches({quoted}, '\\d:\\d') AND NOT {has_offset}"
                row = self._raw.execute(
                    f"SELECT count(*) FILTER ({has_offset}), count(*) FILTER ({has_none}), "
                    f"min({quoted}) FILTER ({has_none}) FROM {view}"
                ).fetchone()
                with_offset, without, example = row if row is not None else (0, 0, None)
                if with_offset and without and zone is None:
                    raise TableError(
                        f"Table '{spec.name}' ({place}), column '{column.name}': {with_offset} times carry a zone and "
                        f"{without} do not (first: {example!r}).",
                        'Say whose clock the others follow: [portfolio] time_zone = "…", or write all with an offset.',
                    )
                (zoned if with_offset else naive).add(column.name)
        if zoned and naive and zone is None:
            raise TableError(
                f"Table '{spec.name}' ({place}) mixes clocks: {listed(sorted(zoned))} carry a time zone, "
                f"{listed(sorted(naive))} do not.",
                'Say whose clock the others follow: [portfolio] time_zone = "…" (an IANA name, or "UTC").',
            )
        return frozenset(zoned)

    def _commas(self, view: str, raw: str) -> bool:
        row = self._raw.execute(
            f"SELECT count(*) FILTER (regexp_full_match(trim({raw}), '[+-]?[0-9.]*,[0-9]+')), "
            f"count(*) FILTER (regexp_full_match(trim({raw}), '[+-]?[0-9]+\\.[0-9]+')) FROM {view}"
        ).fetchone()
        return row is not None and row[0] > 0 and row[1] == 0

    def _mostly_readable(
        self, spec: TableSpec, place: str, view: str, unreadable: list[tuple[Column, str]], by_name: dict[str, str]
    ) -> None:
        if not unreadable:
            return
        counts = ", ".join(f"count(*) FILTER ({condition})" for _, condition in unreadable)
        row = self._raw.execute(f"SELECT count(*), {counts} FROM {view}").fetchone()
        total, bad = (row[0], row[1:]) if row is not None else (0, ())
        for (column, condition), n in zip(unreadable, bad, strict=True):
            if n > UNREADABLE_SHARE * total:
                raw = name_sql(by_name[column.name])
                first = self._raw.execute(
                    f"SELECT i, v FROM (SELECT row_number() OVER () AS i, {raw} AS v, {condition} AS bad FROM {view}) "
                    "WHERE bad ORDER BY i LIMIT 1"
                ).fetchone()
                number, example = first if first is not None else (None, None)
                raise TableError.wrong_type(
                    spec.name,
                    column.name,
                    f"{n} of {total} values that are not",
                    KIND_IN_WORDS[column.kind],
                    example,
                    number,
                    place,
                )


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _unreadable(place: str, error: duckdb.Error, data: Path | None) -> FourwallsError:
    message = _first_line(error)
    if data is not None:
        message = message.replace(str(data.resolve()), DATA_PLACEHOLDER)
    if isinstance(error, duckdb.PermissionException):
        return MappingError(
            f"{place} reaches outside the folders that were named: {message}",
            "Name the folder with --data and write {data}/file in the SQL.",
        )
    return MappingError(f"{place} cannot be read: {message}", "Mend the file or the SQL; the dialect is DuckDB's.")
