"""What DuckDB complains about, told as an error of ours: the file, the line, what was found; never a path of the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fourwalls.errors import FourwallsError, MappingError

_MOST_TOLD = 300
# An absolute path, also one that a user wrote into the SQL; not the slashes of an address or after {data}.
_PATH = re.compile(r"""(?<![\w:/}.])/(?:[^/\s"']+/)+""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error arose.

    Attributes:
        name: File as the user knows it, e.g. "tables/order_lines.sql".
        folders: Folder → what stands for it in an error.
        lines_before: Lines of the file above the statement that was run.
    """

    name: str
    folders: Mapping[Path, str]
    lines_before: int = 0


def complaint(error: duckdb.Error, place: Place) -> FourwallsError:
    """The error as the user should read it."""
    message = _without_paths(str(error), place.folders)
    if isinstance(error, duckdb.OutOfMemoryException):
        return MappingError(
            f"{place.name} needs more memory or disk than there is: {_sentence(message)}",
            "Read fewer rows or columns, or free disk space for temporary files.",
        )
    if found := re.search(r"CSV Error on Line: (\d+)", message):
        return _csv_complaint(place.name, message, int(found[1]))
    if "state machine" in message:
        return MappingError(
            f"{_csv_name(place.name, message)} is no regular CSV: its lines end in different ways, or quotes do not match.",
            "Save it again, with one kind of line end and quotes doubled inside quotes.",
        )
    if "data-modifying" in message:
        return MappingError(
            f"{place.name} must be exactly one SELECT; found one that changes tables in its WITH.",
            "A mapping reads its source; it cannot write, attach or set anything.",
        )
    line = re.search(r"^LINE (\d+):", message, re.MULTILINE)
    is_sql = place.name.lower().endswith(".sql")
    where = f"{place.name}, line {int(line[1]) + place.lines_before}" if line and is_sql else place.name
    if isinstance(error, duckdb.PermissionException):
        outside = re.search(r'Cannot access (?:file|directory) "(.*?)"', message)
        return MappingError(
            f"{where} reaches outside the folders that were named"
            + (f": it reads '{outside[1]}'." if outside else f": {_sentence(message)}"),
            "Name the folder with --data and write {data}/file in the SQL; links that lead out of it are not followed.",
        )
    if isinstance(error, duckdb.ParserException):
        return MappingError(f"{where} is not SQL: {_sentence(message)}", "Mend it; the dialect is DuckDB's.")
    return MappingError(
        f"{where} cannot be read: {_sentence(message)}",
        "Mend it; the dialect is DuckDB's." if is_sql else "Write the file again.",
    )


def _csv_complaint(name: str, message: str, line: int) -> MappingError:
    where = f"{_csv_name(name, message)}, line {line}"
    if found := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message):
        return MappingError(
            f"{where}: {found[2]} values where the header names {found[1]} columns.",
            "Put text that holds the delimiter or a line break into double quotes.",
        )
    if "unicode" in message:
        return MappingError(f"{where} is not UTF-8 text.", "Save the file as UTF-8 (in Excel: CSV UTF-8).")
    if "unterminated quote" in message:
        return MappingError(
            f"{where}: a double quote opens and does not close where the value ends.",
            "Close it, and double the quotes inside quoted text.",
        )
    if "aximum line size" in message:
        return MappingError(f"{where} is longer than 2 MB.", "Look for a double quote that is never closed.")
    return MappingError(f"{where}: {_sentence(message)}", "Mend that line.")


def _csv_name(name: str, message: str) -> str:
    found = re.search(r"^\s*file = (.*)$", message, re.MULTILINE)
    file = found[1].strip().rsplit("/", 1)[-1] if found else ""
    return f"{name} ({file})" if file and name.endswith(".sql") else name


def _sentence(message: str) -> str:
    """The words before the quoted line of SQL, without the kind of error, on one line."""
    words = message.split("\nLINE ", 1)[0]
    words = " ".join(re.sub(r"^(?:[A-Z]\w*[ -])+Error: ", "", words).split())
    return words if len(words) <= _MOST_TOLD else words[:_MOST_TOLD] + " …"


def _without_paths(message: str, folders: Mapping[Path, str]) -> str:
    for folder, stands_for in sorted(folders.items(), key=lambda f: -len(str(f[0]))):
        message = message.replace(str(folder), stands_for)
    return _PATH.sub("…/", message)
