"""What the values of a user's file show: kinds, formats, keys, marks of missing values."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from fourwalls.errors import MappingError
from fourwalls.tables.draft.columns import Column, Wrap
from fourwalls.tables.draft.files import DataFile
from fourwalls.tables.draft.numbers import number_text
from fourwalls.tables.draft.sqltext import bound, ident, literals, one_row, plain
from fourwalls.tables.draft.times import day_order_settled, time_text
from fourwalls.tables.draft.words import known

ROWS_LOOKED_AT = 200_000
"""Rows of each source that are profiled; what is drafted is then run on all of them."""

_MARKS = ("", "?", "NULL", "null", "NaN", "nan", "N/A", "n/a", "#N/A", "\\N", "NaT")
# Only a mark where everything else is a number or a time: NA is also Namibia, "-" also a size.
_SOFT_MARKS = ("-", "NA", "None", "none", "00000000", "0000-00-00", "0000-00-00 00:00:00")
_INTEGERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
)  # fmt: skip
_FEW = 200
_FIRST_DAY, _LAST_DAY = 19_900_101, 21_000_101
_FIRST_SECOND, _LAST_SECOND = 631_152_000, 4_102_444_800
_TIMES = frozenset({"date", "create", "update"})


@dataclass(frozen=True, slots=True)
class Source:
    """One table of the user: a file, or several of the same columns.

    Attributes:
        table: Its name in the profiling connection.
        files: The files.
        reader: SQL that reads them, over `{data}`.
        columns: What each column holds.
        rows: Rows looked at, exact copies of another left out.
        whole: Whether these are all rows.
        subject: Meanings of the words in the file name.
        doubts: Why the reading is unsure.
        copies: Rows, of those looked at, that are exact copies of another.
        said: The canonical table that a person says it fills; None if nobody said.
    """

    table: str
    files: tuple[DataFile, ...]
    reader: str
    columns: tuple[Column, ...]
    rows: int
    whole: bool
    subject: frozenset[str]
    doubts: tuple[str, ...] = ()
    copies: int = 0
    said: str | None = None

    @property
    def once(self) -> str:
        """SQL that reads the files without exact copies of a row."""
        return f"(SELECT DISTINCT * FROM {self.reader})" if self.copies else self.reader

    @property
    def copied(self) -> str:
        """How many rows are exact copies, as told to a person."""
        seen = "" if self.whole else " looked at"
        total = f"{self.copies + self.rows:,} rows{seen} in {self.label}"
        return f"{self.copies:,} of {total} are exact copies of another (exported twice?)"

    @property
    def label(self) -> str:
        """Its files, as told to a person."""
        first = plain(self.files[0].name)
        return first if len(self.files) == 1 else f"{first} and {len(self.files) - 1} like it"

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)


def profiled(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], data: str) -> tuple[Source, ...]:
    """Every source with what its columns hold; files of the same columns are one source.

    Args:
        connection: Where samples are kept.
        files: The user's files.
        data: The data folder.

    Raises:
        MappingError: A file cannot be read, or has no rows.
    """
    groups: dict[object, list[DataFile]] = {}
    for file in files:
        groups.setdefault((file.options, _header(connection, file, data)), []).append(file)
    return tuple(_source(connection, f"source_{i}", g, data) for i, g in enumerate(groups.values()))


def overlap(connection: duckdb.DuckDBPyConnection, left: Source, one: str, right: Source, other: str) -> float:
    """Share of the distinct values of a column that occur in a column of another source."""
    a, b = (s.column(n).text(ident(n)) for s, n in ((left, one), (right, other)))
    row = connection.execute(
        f"SELECT count(*), count(*) FILTER (v IN (SELECT {b} FROM {right.table})) "
        f"FROM (SELECT DISTINCT {a} AS v FROM {left.table}) WHERE v IS NOT NULL"
    ).fetchone()
    return row[1] / row[0] if row and row[0] else 0.0


def _reader(files: Sequence[DataFile]) -> str:
    places = ", ".join(file.place for file in files)
    listed = places if len(files) == 1 else f"[{places}]"
    options = files[0].options
    if options is None:
        return f"read_parquet({listed})"
    return f"read_csv({', '.join((listed, *options, 'all_varchar = true'))})"


def _header(connection: duckdb.DuckDBPyConnection, file: DataFile, data: str) -> tuple[tuple[str, str], ...]:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {bound(_reader([file]), data)}").fetchall()
    except duckdb.Error as error:
        raise _unreadable([file], error) from None
    return tuple((str(row[0]), str(row[1])) for row in rows)


def _source(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[DataFile], data: str) -> Source:
    header = _header(connection, files[0], data)
    alias = _renamed([name for name, _ in header])
    doubts = tuple(dict.fromkeys(file.doubt for file in files if file.doubt))
    try:
        each = ROWS_LOOKED_AT // len(files)
        parts = (f"(SELECT * FROM {bound(_reader([f]) + alias, data)} LIMIT {each + 1})" for f in files)
        connection.execute(f"CREATE TEMP TABLE {table} AS {' UNION ALL '.join(parts)}")
        if len(files) > 1 and _repeats(connection, files, data):
            doubts += (f"{len(files)} files of the same columns are read as one table, yet some rows occur in several",)
    except duckdb.Error as error:
        raise _unreadable(files, error) from None
    rows = one_row(connection, f"SELECT count(*) FROM {table}")[0]
    if not rows:
        raise MappingError(
            f"File '{plain(files[0].name)}' has a header line but no rows.", "Leave it out, or export it again."
        )
    whole = rows <= each * len(files)
    distinct = one_row(connection, f"SELECT count(*) FROM (SELECT DISTINCT * FROM {table})")[0]
    copies, rows = rows - distinct, distinct
    if copies:
        # What a column holds is judged by what was exported, not by how often.
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT * FROM {table}")
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    paths = _paths([str(row[0]) for row in described])
    columns = [_column(connection, table, str(row[0]), str(row[1]), rows) for row in described]
    columns = [dataclasses.replace(c, path=paths.get(c.name, "")) for c in columns]
    subject = known(files[0].path.name.split(".")[0])
    settled = day_order_settled(columns)
    return Source(table, tuple(files), _reader(files) + alias, settled, rows, whole, subject, doubts, copies)


def _paths(names: Sequence[str]) -> dict[str, str]:
    """Column → the path it begins with, where another column, or the path itself, begins alike."""
    begun = {name: name.rpartition("/")[0] for name in names}
    often = {path for path in begun.values() if path and (path in begun or list(begun.values()).count(path) > 1)}
    return {name: f"{path}/" for name, path in begun.items() if path in often}


def _renamed(names: list[str]) -> str:
    """Column aliases, where a name could be taken for the placeholder of the data folder or leave its line."""
    if all(name.isprintable() and not set(name) & set("{}") for name in names):
        return ""
    aliases: list[str] = []
    for name in names:
        plainer = "".join(c if c.isprintable() else " " for c in name).replace("{", "(").replace("}", ")")
        taken = {alias.casefold() for alias in aliases}
        aliases.append(
            next(
                a for a in (plainer, *(f"{plainer}_{n}" for n in range(2, len(names) + 2))) if a.casefold() not in taken
            )
        )
    return f" AS source ({', '.join(map(ident, aliases))})"


def _repeats(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile], data: str) -> bool:
    first, second = (f"(SELECT * FROM {bound(_reader([file]), data)} LIMIT 20000)" for file in (files[0], files[1]))
    same, all_rows = one_row(
        connection,
        f"SELECT (SELECT count(*) FROM (SELECT * FROM {first} INTERSECT SELECT * FROM {second})), "
        f"(SELECT count(*) FROM (SELECT DISTINCT * FROM {second}))",
    )
    return bool(same * 20 > all_rows)


def _column(connection: duckdb.DuckDBPyConnection, table: str, name: str, sql_type: str, rows: int) -> Column:
    column = Column(name, sql_type, "other", rows)
    if sql_type == "VARCHAR" or sql_type.startswith("ENUM"):
        return _text_column(connection, table, column)
    ref = ident(name)
    base = sql_type.split("(")[0]
    counted = one_row(connection, f"SELECT count({ref}), count(DISTINCT {ref}) FROM {table}")
    column = dataclasses.replace(column, nulls=rows - counted[0], distinct=counted[1])
    if base in _INTEGERS or base in ("FLOAT", "DOUBLE", "DECIMAL"):
        return _number_column(connection, table, column, base)
    if sql_type.startswith("TIMESTAMP") or sql_type == "DATE":
        return _time_column(connection, table, column)
    if sql_type == "BOOLEAN":
        return dataclasses.replace(column, holds="flag")
    if sql_type == "UUID":
        return dataclasses.replace(column, holds="text")
    element = sql_type.removesuffix("[]")
    if sql_type.endswith("[]") and element.split("(")[0] in (*_INTEGERS, "FLOAT", "DOUBLE", "DECIMAL"):
        low, high = one_row(connection, f"SELECT min(list_min({ref})), max(list_max({ref})) FROM {table}")
        return dataclasses.replace(column, holds="list", low=_float(low), high=_float(high))
    return column


def _number_column(connection: duckdb.DuckDBPyConnection, table: str, column: Column, base: str) -> Column:
    ref = ident(column.name)
    low, high, fractions = one_row(
        connection, f"SELECT min({ref}), max({ref}), count(*) FILTER ({ref} <> floor({ref})) FROM {table}"
    )
    column = dataclasses.replace(
        column, holds="number", low=_float(low), high=_float(high), whole=base in _INTEGERS or fractions == 0
    )
    column = dataclasses.replace(column, top=_top(connection, table, column))
    dated = _dated_number(connection, table, column) if column.whole else None
    return dated or _since_1970(column) or column


def _dated_number(connection: duckdb.DuckDBPyConnection, table: str, column: Column) -> Column | None:
    """A number whose digits are a date, e.g. 20250301."""
    if (column.low or 0) < _FIRST_DAY or (column.high or 0) > _LAST_DAY or column.distinct < 2:
        return None
    digits = column.text(ident(column.name))
    dates = one_row(connection, f"SELECT count(try_strptime({digits}, '%Y%m%d')) FROM {table}")[0]
    if dates < column.rows - column.nulls:
        return None
    return dataclasses.replace(
        column, holds="time", parse=Wrap("strptime(", ", '%Y%m%d')"), date_only=True, midnight=True
    )


def _since_1970(column: Column) -> Column | None:
    """Whole numbers of seconds or milliseconds since 1970, where the name says that it is a time."""
    if not column.whole or not _TIMES & known(column.name):
        return None
    for unit, (one_second, factor) in {"seconds": (1, "1000000"), "milliseconds": (1000, "1000")}.items():
        if _FIRST_SECOND * one_second <= (column.low or 0) and (column.high or 0) <= _LAST_SECOND * one_second:
            parse = Wrap(f"make_timestamp({factor} * CAST(", " AS BIGINT))")
            doubt = f"a number, read as {unit} since 1970"
            return dataclasses.replace(column, holds="time", parse=parse, doubt=doubt)
    return None


def _time_column(connection: duckdb.DuckDBPyConnection, table: str, column: Column) -> Column:
    ref = ident(column.name)
    days = column.sql_type == "DATE"
    clock = (
        0
        if days
        else one_row(connection, f"SELECT count(*) FILTER ({ref} <> date_trunc('day', {ref})) FROM {table}")[0]
    )
    return dataclasses.replace(
        column, holds="time", date_only=days, midnight=clock == 0, zoned=column.sql_type == "TIMESTAMP WITH TIME ZONE"
    )


def _text_column(connection: duckdb.DuckDBPyConnection, table: str, column: Column) -> Column:
    ref = f"CAST({ident(column.name)} AS VARCHAR)"
    values = f"SELECT {ref} AS v FROM {table} WHERE {ref} IS NOT NULL AND {ref} NOT IN ({literals(_MARKS)})"
    filled, distinct = one_row(connection, f"SELECT count(v), count(DISTINCT v) FROM ({values})")
    found = connection.execute(
        f"SELECT DISTINCT {ref} FROM {table} WHERE {ref} IN ({literals((*_MARKS, *_SOFT_MARKS))}) ORDER BY 1"
    ).fetchall()
    marks = tuple(str(row[0]) for row in found)
    hard = tuple(m for m in marks if m in _MARKS)
    column = dataclasses.replace(column, holds="text", nulls=column.rows - filled, distinct=distinct, marks=hard)
    if not filled:
        return dataclasses.replace(column, holds="other")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE seen AS SELECT DISTINCT v FROM ({values}) WHERE v NOT IN ({literals(_SOFT_MARKS)})"
    )
    soft = dataclasses.replace(column, marks=marks)
    typed = _flag_text(connection, column) or time_text(connection, soft) or number_text(connection, soft) or column
    typed = _since_1970(typed) or typed
    return dataclasses.replace(typed, top=_top(connection, table, typed))


def _flag_text(connection: duckdb.DuckDBPyConnection, column: Column) -> Column | None:
    if column.distinct > 2:
        return None
    others = one_row(
        connection,
        "SELECT count(*) FROM seen WHERE lower(v) NOT IN ('true', 'false', 't', 'f', 'yes', 'no', 'y', 'n')",
    )[0]
    return None if others else dataclasses.replace(column, holds="flag")


def _top(connection: duckdb.DuckDBPyConnection, table: str, column: Column) -> tuple[str, ...]:
    if not 0 < column.distinct <= _FEW:
        return ()
    value = column.text(ident(column.name))
    rows = connection.execute(
        f"SELECT v FROM (SELECT {value} AS v FROM {table}) WHERE v IS NOT NULL GROUP BY v ORDER BY count(*) DESC, v"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _unreadable(files: Sequence[DataFile], error: duckdb.Error) -> MappingError:
    first = plain(str(error).split("\n", 1)[0].replace(str(files[0].path), files[0].name), 200)
    return MappingError(f"File '{plain(files[0].name)}' cannot be read: {first}", "Check it, or export it again.")
