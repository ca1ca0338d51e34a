"""SQL that reads a column, as it was found, as its canonical kind."""

from __future__ import annotations

from fourwalls.tables.schema import Column, Kind

NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
REALS = ("FLOAT", "DOUBLE", "DECIMAL")
_DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_CLOCK = _DAY + r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
HAS_CLOCK = _CLOCK
"""A time of day without a zone."""
HAS_OFFSET = _CLOCK + r" ?([+-]\d{2}(:?\d{2})?|Z|UTC)"
"""A time of day with one."""

ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")

STORED: dict[Kind, str] = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "day": "DATE",
    "number": "DOUBLE",
    "count": "DOUBLE",
    "share": "DOUBLE",
    "flag": "BOOLEAN",
    "hours": "FLOAT[]",
}


def value_sql(
    column: Column, raw: str, found: str, zone: str | None, *, zoned: bool, comma: bool, trim: bool
) -> str | None:
    """SQL for a column as its canonical kind; None if what was found cannot be that kind."""
    base = found.split("(")[0]
    if found == '"NULL"':
        return f"CAST({raw} AS {STORED[column.kind]})"
    match column.kind:
        case "text":
            return _text(raw, found, base, trim=trim)
        case "time":
            return _time(raw, found, zone, zoned=zoned, end_of_day=column.name == "promised_at")
        case "day":
            return _day(raw, found)
        case "flag":
            return _flag(raw, found)
        case "hours":
            return f"CAST({raw} AS FLOAT[])" if found.endswith("[]") and base.rstrip("[]") in NUMBERS + REALS else None
    if base in REALS or base in NUMBERS:
        return f"CAST({raw} AS DOUBLE)"
    if found == "VARCHAR":
        blank = blank_is_null(raw)
        digits = f"replace(replace({blank}, '.', ''), ',', '.')" if comma else blank
        return f"TRY_CAST({digits} AS DOUBLE)"
    return None


def _text(raw: str, found: str, base: str, *, trim: bool) -> str | None:
    if found == "VARCHAR":
        # People leave blanks around what they type; what a database holds is taken as it is.
        return blank_is_null(raw) if trim else f"nullif({raw}, '')"
    return (
        f"CAST({raw} AS VARCHAR)"
        if base in NUMBERS or base in ("UUID", "BOOLEAN") or found.startswith("ENUM")
        else None
    )


def _time(raw: str, found: str, zone: str | None, *, zoned: bool, end_of_day: bool) -> str | None:
    # A promise given as a day is kept if the parcel comes on that day.
    last_second = " + INTERVAL 1 DAY - INTERVAL 1 SECOND" if end_of_day else ""
    if found == "DATE":
        return _to_utc(f"(CAST({raw} AS TIMESTAMP){last_second})", zone)
    if found in ZONED:
        return f"timezone('UTC', CAST({raw} AS TIMESTAMPTZ))"
    if found.startswith("TIMESTAMP"):
        return _to_utc(f"CAST({raw} AS TIMESTAMP)", zone)
    if found != "VARCHAR":
        return None
    blank = blank_is_null(raw)
    # DuckDB reads the beginning of a text and lets the rest go, a zone or "PM" too: only what is understood whole is cast.
    local = f"CASE WHEN regexp_full_match({blank}, '{_DAY}|{_CLOCK}') THEN TRY_CAST({blank} AS TIMESTAMP) END"
    if end_of_day:
        local = f"(CASE WHEN regexp_full_match({blank}, '{_DAY}') THEN {local}{last_second} ELSE {local} END)"
    naive = _to_utc(local, zone)
    if not zoned:
        return naive
    return (
        f"(CASE WHEN regexp_full_match({blank}, '{HAS_OFFSET}') "
        f"THEN timezone('UTC', TRY_CAST(regexp_replace({blank}, ' ([+-])', '\\1') AS TIMESTAMPTZ)) ELSE {naive} END)"
    )


def _day(raw: str, found: str) -> str | None:
    if found in ZONED:
        return f"CAST(timezone('UTC', CAST({raw} AS TIMESTAMPTZ)) AS DATE)"
    if found == "DATE" or found.startswith("TIMESTAMP"):
        return f"CAST({raw} AS DATE)"
    if found != "VARCHAR":
        return None
    blank = blank_is_null(raw)
    return f"CASE WHEN regexp_full_match({blank}, '{_DAY}|{_CLOCK}') THEN TRY_CAST({blank} AS DATE) END"


def _flag(raw: str, found: str) -> str | None:
    if found == "BOOLEAN":
        return raw
    return f"TRY_CAST({blank_is_null(raw)} AS BOOLEAN)" if found == "VARCHAR" else None


def _to_utc(local: str, zone: str | None) -> str:
    # A clock time that a change of the clocks skipped is read one gap later, one that occurs twice as the later of the two.
    return local if zone in (None, "UTC") else f"timezone('UTC', timezone({literal(str(zone))}, {local}))"


def blank_is_null(raw: str) -> str:
    """Text whose blanks count as no value."""
    return f"nullif(trim({raw}), '')"


def literal(text: str) -> str:
    """Text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def name_sql(text: str) -> str:
    """A column's name as SQL, whatever is in it."""
    return '"' + text.replace('"', '""') + '"'
