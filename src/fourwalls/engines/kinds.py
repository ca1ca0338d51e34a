"""The columns of a file as the kinds they should be: clocks, decimal commas, and values that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from fourwalls.engines.columns import HAS_CLOCK, HAS_OFFSET, STORED, ZONED, blank_is_null, name_sql, value_sql
from fourwalls.errors import TableError, listed
from fourwalls.tables.schema import KIND_IN_WORDS, Column, TableSpec

# Text values that are not of the column's kind: up to this share their rows are set aside; beyond, the column is wrong.
UNREADABLE_SHARE = 0.01
_COMMA, _POINT, _THOUSANDS = r"[+-]?[0-9.]*,[0-9]+", r"[+-]?[0-9]+\.[0-9]+", r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"


@dataclass(frozen=True, slots=True)
class Typed:
    """How the rows of a file become rows of a canonical table.

    Attributes:
        query: Gives every canonical column its type, and what could not be read, see `Opened`.
        present, parsed, currency, ignored, notes: See `Opened`.
    """

    query: str
    present: frozenset[str]
    parsed: frozenset[str]
    currency: str | None
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


class Typing:
    """Looks at the columns of one file.

    Args:
        raw: Connection in which the file is `view`.
        spec: The canonical table.
        place: Where the file is, for errors.
        view: Name of the file's rows.
        found: Column of the file → its type in DuckDB.
        zone: Zone of timestamps that carry none; None means UTC.
    """

    def __init__(
        self, raw: duckdb.DuckDBPyConnection, spec: TableSpec, place: str, view: str, found: dict[str, str], zone: str | None
    ) -> None:  # fmt: skip
        self._raw, self._spec, self._place, self._view, self._found, self._zone = raw, spec, place, view, found, zone
        self._by_name = {name.lower(): name for name in found}

    def typed(self) -> Typed:
        """The query that gives every canonical column its type.

        Raises:
            TableError: A needed column is missing, a column is of another kind, or the table is empty.
        """
        spec, place, view, found, by_name, zone = (
            self._spec, self._place, self._view, self._found, self._by_name, self._zone
        )  # fmt: skip
        for column in spec.columns:
            if column.needed and column.name not in by_name:
                raise TableError.missing_column(spec.name, column.name, found, place)
        if self._one(f"SELECT 1 FROM {view} LIMIT 1") is None:
            raise TableError(f"Table '{spec.name}' ({place}) is empty.", "Check the file, or remove it.")
        currency = self._one_currency(by_name["currency"]) if "currency" in by_name else None
        present = [c for c in spec.columns if c.name in by_name]
        notes: list[str] = []
        texts = {c.name for c in present if found[by_name[c.name]] == "VARCHAR"}
        zoned = self._zoned(present)
        selected, unreadable = [], []
        for column in spec.columns:
            if column.name not in by_name:
                selected.append(f"CAST(NULL AS {STORED[column.kind]}) AS {column.name}")
                continue
            raw = name_sql(by_name[column.name])
            kind_found = found[by_name[column.name]]
            is_number = column.kind in ("number", "count", "share")
            comma = column.name in texts and is_number and self._commas(column, raw)
            if comma:
                notes.append(f"{place}: '{column.name}' uses decimal commas.")
            value = value_sql(
                column,
                raw,
                kind_found,
                zone,
                zoned=column.name in zoned,
                comma=comma,
                trim=place.lower().endswith(".csv"),
            )
            if value is None:
                example = self._one(f"SELECT {raw} FROM {view} WHERE {raw} IS NOT NULL LIMIT 1")
                raise TableError.wrong_type(
                    spec.name, column.name, kind_found, KIND_IN_WORDS[column.kind], example, None, place
                )
            selected.append(f"{value} AS {column.name}")
            if column.name in texts and column.kind != "text":
                unreadable.append((column, f"{blank_is_null(raw)} IS NOT NULL AND {value} IS NULL"))
        self._mostly_readable(unreadable)
        cases = "".join(f" WHEN {condition} THEN '{column.name}'" for column, condition in unreadable)
        texts_of = "".join(f" WHEN {condition} THEN {name_sql(by_name[c.name])}" for c, condition in unreadable)
        flag = f"CASE{cases} END" if cases else "CAST(NULL AS VARCHAR)"
        text = f"CASE{texts_of} END" if cases else "CAST(NULL AS VARCHAR)"
        query = f"SELECT {', '.join(selected)}, {flag} AS unreadable, {text} AS unreadable_text FROM {view}"
        ignored = tuple(name for low, name in by_name.items() if low not in (*spec.names, "currency"))
        names = frozenset(c.name for c in present)
        parsed = frozenset(column.name for column, _ in unreadable)
        return Typed(query, names, parsed, currency, ignored, tuple(notes))

    def _one(self, query: str) -> object:
        row = self._raw.execute(query).fetchone()
        return None if row is None else row[0]

    def _one_currency(self, raw: str) -> str | None:
        spec, place, view = self._spec, self._place, self._view
        said = f"upper(trim(CAST({name_sql(raw)} AS VARCHAR)))"
        rows = self._raw.execute(f"SELECT DISTINCT {said} AS c FROM {view} WHERE {said} <> '' ORDER BY c LIMIT 99")
        currencies = [row[0] for row in rows.fetchall()]
        if len(currencies) > 1:
            raise TableError(
                f"Table '{spec.name}' ({place}) mixes currencies in column '{raw}': {listed(currencies)}; "
                "allowed: one, the portfolio's.",
                f"Convert the amounts in tables/{spec.name}.sql.",
            )
        return currencies[0] if currencies else None

    def _zoned(self, present: list[Column]) -> frozenset[str]:
        """Time columns whose values carry an offset; mixed ones are refused unless the zone of the others is known."""
        spec, place, view, found, by_name, zone = (
            self._spec, self._place, self._view, self._found, self._by_name, self._zone
        )  # fmt: skip
        zoned: set[str] = set()
        naive: set[str] = set()
        for column in (c for c in present if c.kind == "time"):
            raw = by_name[column.name]
            if found[raw] in ZONED:
                zoned.add(column.name)
            elif found[raw].startswith("TIMESTAMP"):
                naive.add(column.name)
            elif found[raw] == "VARCHAR":
                quoted = name_sql(raw)
                has_offset = f"regexp_full_match(trim({quoted}), '{HAS_OFFSET}')"
                has_none = f"regexp_full_match(trim({quoted}), '{HAS_CLOCK}')"
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
                if with_offset or without:
                    (zoned if with_offset else naive).add(column.name)
        if zoned and naive and zone is None:
            raise TableError(
                f"Table '{spec.name}' ({place}) mixes clocks: {listed(sorted(zoned))} carry a time zone, "
                f"{listed(sorted(naive))} do not.",
                'Say whose clock the others follow: [portfolio] time_zone = "…" (an IANA name, or "UTC").',
            )
        return frozenset(zoned)

    def _commas(self, column: Column, raw: str) -> bool:
        """Whether numbers are written with decimal commas; refused where the commas could as well part thousands."""
        spec, place, view = self._spec, self._place, self._view
        row = self._raw.execute(
            f"SELECT count(*) FILTER (regexp_full_match(trim({raw}), '{_COMMA}')), "
            f"count(*) FILTER (regexp_full_match(trim({raw}), '{_POINT}')), "
            f"count(*) FILTER (regexp_full_match(trim({raw}), '{_COMMA}') AND NOT regexp_full_match(trim({raw}), '{_THOUSANDS}')), "
            f"min(trim({raw})) FILTER (regexp_full_match(trim({raw}), '{_COMMA}')) FROM {view}"
        ).fetchone()
        commas, points, surely_decimal, example = row if row is not None else (0, 0, 0, None)
        if commas and not points and not surely_decimal:
            raise TableError(
                f"Table '{spec.name}' ({place}), column '{column.name}': '{example}' may be a decimal or a thousand; "
                "no value tells which.",
                "Write numbers with a point for decimals and nothing between thousands.",
            )
        return bool(commas and not points)

    def _mostly_readable(self, unreadable: list[tuple[Column, str]]) -> None:
        spec, place, view, by_name = self._spec, self._place, self._view, self._by_name
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
                    f"{n:,} of {total:,} values of another kind",
                    KIND_IN_WORDS[column.kind],
                    example,
                    number,
                    place,
                )
