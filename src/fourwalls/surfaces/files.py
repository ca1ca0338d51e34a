"""Writes result files: all of them or none, and nothing a spreadsheet would run."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from fourwalls.errors import OutputError

# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection); the wide signs are what Excel in Japan reads.
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"


def write_files(folder: Path, texts: Mapping[str, str | None]) -> None:
    """Writes texts as files of a folder, and takes away those whose text is None; if one cannot be written, none is.

    Raises:
        OutputError: The folder cannot be made or written.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, texts)
    except OSError as error:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise OutputError(
            f"Cannot write to '{folder.name}': {error.strerror or 'the system refused'}.",
            "Name another folder with --out.",
        ) from None


def check_ending(place: Path, ending: str) -> None:
    """Raises OutputError where a file of that kind cannot be written, before anything long is begun."""
    if place.suffix.lower() != ending:
        raise OutputError(f"'{place.name}' does not end in {ending}.", f"Name a file that ends in {ending}.")
    if place.is_dir():
        raise OutputError(f"'{place.name}' is a folder.", "Name another file.")


def write_bytes(place: Path, content: bytes) -> None:
    """Writes one file.

    Raises:
        OutputError: The place cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    except OSError as error:
        why = error.strerror or "the system refused"
        raise OutputError(f"Cannot write '{place.name}': {why}.", "Name another place.") from None


def _write(folder: Path, texts: Mapping[str, str | None]) -> None:
    for name in texts:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
    draft = Path(tempfile.mkdtemp(prefix=".fourwalls-", dir=folder))
    try:
        for name, text in texts.items():
            if text is not None:
                (draft / name).write_text(text, encoding="utf-8")
        for name, text in texts.items():
            if text is None:
                (folder / name).unlink(missing_ok=True)
            else:
                (draft / name).replace(folder / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def as_csv(rows: pa.Table) -> str:
    """A table as CSV; text that a spreadsheet would take for a formula gets an apostrophe in front."""
    safe = rows
    for index, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = pc.cast(rows[field.name], pa.string())
            text = pc.if_else(
                pc.match_substring_regex(column, _FORMULA), pc.binary_join_element_wise("'", column, ""), column
            )
            safe = safe.set_column(index, field.name, text)
    sink = pa.BufferOutputStream()
    # Quoted throughout, so that no other list separator than ours can part a cell and lay a formula bare.
    pa_csv.write_csv(safe, sink, pa_csv.WriteOptions(quoting_style="all_valid"))
    written: str = sink.getvalue().to_pybytes().decode("utf-8")
    return written
