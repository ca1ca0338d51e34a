"""How a CSV file is read: its first line names the columns and shows the delimiter; nothing else is guessed."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from fourwalls.engines.columns import literal
from fourwalls.errors import MappingError

DELIMITERS = (",", ";", "\t", "|")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def csv_reader(path: Path, place: str, known: Collection[str]) -> str:
    """DuckDB's table function that reads a CSV file, with every value as text.

    Args:
        path: The file.
        place: Its name, as an error shows it.
        known: Columns it may have; the delimiter under which the header names most of them is the file's.

    Raises:
        MappingError: The file cannot be opened, is no UTF-8 text, or its header is unusable.
    """
    delimiter, names = _header(path, place, known)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    # Without DuckDB's own detection: it may take the first lines for rubbish, or a line for a comment, and say nothing.
    return (
        f"read_csv({literal(str(path.resolve()))}, auto_detect = false, columns = {{{columns}}}, "
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', comment = '', header = true, skip = 0, "
        "nullstr = '', allow_quoted_nulls = true)"
    )


def _header(path: Path, place: str, known: Collection[str]) -> tuple[str, list[str]]:
    try:
        with path.open("rb") as file:
            if file.read(2) in _UTF_16:
                raise MappingError(f"{place} is UTF-16, not UTF-8 text.", "Save it as UTF-8.")
        read = [(delimiter, _first_record(path, delimiter)) for delimiter in DELIMITERS]
    except OSError as error:
        raise MappingError(
            f"{place} cannot be read: {error.strerror or 'the system refused'}.", "Check the file and its permissions."
        ) from None
    except csv.Error as error:
        raise MappingError(
            f"{place}, line 1: no header can be read: {error}.", "The first line must name the columns."
        ) from None
    delimiter, names = max(read, key=lambda d: (len({n.lower() for n in d[1]} & set(known)), len(d[1])))
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise MappingError(f"{place}, line 1: the header names column '{name}' twice.", "Rename one of the two.")
        seen.add(name.lower())
    return delimiter, names


def _first_record(path: Path, delimiter: str) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        record = next(csv.reader(file, delimiter=delimiter), [])
    if not any(name.strip() for name in record):
        return ["(nothing)"]
    return [name.strip() or f"(column {number})" for number, name in enumerate(record, 1)]
