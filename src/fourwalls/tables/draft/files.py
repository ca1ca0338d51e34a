"""The user's own files: which they are, and how each is to be read."""

from __future__ import annotations

import codecs
import gzip
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import duckdb

from fourwalls.errors import MappingError, listed
from fourwalls.tables.draft.sqltext import DATA, glob_safe, literal, plain

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
ENDINGS = (*TEXT_ENDINGS, ".parquet")

_MAGIC = {
    b"PAR1": ("a Parquet file", "Give it the ending .parquet."),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "Save the sheet as CSV, or unpack it."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save the sheet as CSV."),
    b"\x1f\x8b": ("compressed with gzip", "Give it the ending .csv.gz."),
    b"SQLite format 3": ("a SQLite database", "Export its tables as CSV or Parquet."),
}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file and the options that read it.

    Attributes:
        path: Where it lies.
        name: Its name relative to the data folder, with forward slashes.
        options: What `read_csv` has to be told, as SQL; None for a Parquet file.
        doubt: Why the reading is unsure, if it is.
    """

    path: Path
    name: str
    options: tuple[str, ...] | None
    doubt: str | None = None

    @property
    def place(self) -> str:
        """The file as a SQL string over `{data}`."""
        return literal(f"{DATA}/{glob_safe(self.name)}")


def found_files(given: Sequence[Path]) -> tuple[Path, ...]:
    """The files meant, a folder standing for all CSV and Parquet files in it.

    Raises:
        MappingError: One does not exist or cannot be read here, a folder has none, or two have the same name.
    """
    if not given:
        raise MappingError("No file was named.", "Name your files, or the folder they lie in.")
    paths: dict[Path, None] = {}
    for path in given:
        for one in _in_folder(path) if path.is_dir() else [path]:
            paths[_checked(one).resolve()] = None
    by_name: dict[str, Path] = {}
    for path in paths:
        other = by_name.setdefault(path.name.lower(), path)
        if other != path:
            raise MappingError(
                f"Two files are called '{plain(path.name)}': in '{plain(other.parent.name)}' and in "
                f"'{plain(path.parent.name)}'.",
                "Rename one of them, or leave one out.",
            )
    return tuple(paths)


def data_folder(paths: Sequence[Path]) -> Path:
    """The nearest folder that holds all files."""
    try:
        return Path(os.path.commonpath([path.parent for path in paths]))
    except ValueError:
        raise MappingError(
            "The files lie on different drives.", "Copy them below one folder, so that it can be named with --data."
        ) from None


def opened(connection: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> DataFile:
    """How a file is to be read.

    Raises:
        MappingError: It cannot be read, is empty, or is no table.
    """
    name = path.relative_to(folder).as_posix()
    try:
        with path.open("rb") as stream:
            head = stream.read(_CHUNK)
    except OSError as error:
        raise MappingError(
            f"File '{plain(path.name)}' cannot be read: {error.strerror}.", "Check its permissions."
        ) from None
    if not head.strip():
        raise MappingError(f"File '{plain(path.name)}' is empty.", "Leave it out, or export it again.")
    if path.suffix.lower() == ".parquet":
        if head[:4] != b"PAR1":
            raise MappingError(f"File '{plain(path.name)}' is not Parquet inside.", "Check its ending.")
        return DataFile(path, name, None)
    return _opened_text(connection, path, name)


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".") and _ending(p))
    if not files:
        raise MappingError(
            f"Folder '{plain(folder.name)}' holds no CSV or Parquet file.", "Name another folder, or files."
        )
    return files


def _ending(path: Path) -> str | None:
    return next((e for e in sorted(ENDINGS, key=len, reverse=True) if path.name.lower().endswith(e)), None)


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise MappingError(f"There is no file '{plain(str(path), 120)}'.", "Check the spelling and the folder.")
    if not path.name.isprintable():
        raise MappingError(
            f"The name of file '{plain(path.name)}' has characters that cannot be written down.", "Rename it."
        )
    if _ending(path) is None:
        raise MappingError(
            f"File '{plain(path.name)}' has an ending that is not read; read are {listed(ENDINGS)}.",
            "Save it as CSV or Parquet.",
        )
    return path


def _opened_text(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> DataFile:
    encoding, first = _encoding(path)
    told = () if encoding == "utf-8" else (f"encoding = {literal(encoding)}",)
    doubt = None
    if encoding == "latin-1":
        doubt = "the file is not UTF-8; read as Latin-1, so check letters such as € and quotation marks"
    declared = re.fullmatch(r"sep=(.)", first)
    if declared:
        separator = (f"delim = {literal(declared[1])}", "header = true", "quote = '\"'", "skip = 1")
        return DataFile(path, name, (*separator, *told), doubt)
    delimiter, quote, has_header, skip = _sniffed(connection, path, told)
    if not has_header:
        doubt = "the file seems to have no header line, so its columns have no names to guess from"
    options = [f"delim = {literal(delimiter)}", f"header = {str(has_header).lower()}"]
    # The sniffer sees a sample: quotes may come later, so they are always allowed for.
    options.append(f"quote = {literal(quote if quote == chr(39) else chr(34))}")
    options += [f"skip = {skip}"] if skip else []
    return DataFile(path, name, (*options, *told), doubt)


def _sniffed(connection: duckdb.DuckDBPyConnection, path: Path, told: tuple[str, ...]) -> tuple[str, str, bool, int]:
    options = ", ".join(("all_varchar = true", *told))
    try:
        row = connection.execute(
            f"SELECT Delimiter, Quote, HasHeader, SkipRows FROM sniff_csv($1, {options})",  # noqa: S608
            [glob_safe(str(path))],
        ).fetchone()
    except duckdb.Error:
        row = None
    if row is None:
        raise MappingError(
            f"File '{plain(path.name)}' is not readable as CSV: its lines have no common number of columns.",
            "Check that it has a header line and one separator throughout.",
        )
    return str(row[0]), str(row[1]), bool(row[2]), int(row[3])


def _encoding(path: Path) -> tuple[str, str]:
    """The encoding of a text file and its first line; refuses what is no text."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    encoding, first = "utf-8", ""
    try:
        with _stream(path) as stream:
            head = stream.read(_CHUNK)
            if head[:2] == codecs.BOM_UTF16_BE:
                raise MappingError(f"File '{plain(path.name)}' is UTF-16 (big-endian).", "Save it as UTF-8.")
            if head[:2] == codecs.BOM_UTF16_LE:
                return "utf-16", head.decode("utf-16", "replace").split("\n", 1)[0].strip()
            _refuse_binary(path, head)
            first = head.decode("utf-8-sig", "replace").split("\n", 1)[0].strip()
            chunk = head
            while chunk:
                decoder.decode(chunk)
                chunk = stream.read(_CHUNK)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        encoding = "latin-1"
    except (OSError, EOFError, ValueError):
        raise MappingError(
            f"File '{plain(path.name)}' is damaged and cannot be unpacked.", "Export it again."
        ) from None
    return encoding, first


def _stream(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _refuse_binary(path: Path, head: bytes) -> None:
    for magic, (what, remedy) in _MAGIC.items():
        if head.startswith(magic):
            raise MappingError(f"File '{plain(path.name)}' is {what} inside.", remedy)
    controls = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13, 26))
    if b"\x00" in head or controls > len(head) / 100:
        raise MappingError(f"File '{plain(path.name)}' is not text inside.", "Export it as CSV (UTF-8) or Parquet.")
    if not head.strip():
        raise MappingError(f"File '{plain(path.name)}' is empty.", "Leave it out, or export it again.")
