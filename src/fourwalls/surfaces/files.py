"""Writes result files: all of them or none, and nothing a spreadsheet would run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from fourwalls.errors import OutputError

# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = r"^[=+\-@\t\r]"


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes texts as files of a folder; if one cannot be written, none is.

    Raises:
        OutputError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".fourwalls-", dir=folder))
        try:
            for name, text in texts.items():
                (draft / name).write_text(text, encoding="utf-8")
            for name in texts:
                (draft / name).replace(folder / name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"Cannot write to '{folder.name}': {error.strerror or error}.", "Name another folder with --out."
        ) from None


def as_csv(rows: pa.Table) -> str:
    """A table as CSV; text that a spreadsheet would take for a formula gets an apostrophe in front."""
    safe = rows
    for index, field in enumerate(rows.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = rows[field.name]
            text = pc.if_else(
                pc.match_substring_regex(column, _FORMULA), pc.binary_join_element_wise("'", column, ""), column
            )
            safe = safe.set_column(index, field.name, text)
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(safe, sink)
    written: str = sink.getvalue().to_pybytes().decode("utf-8")
    return written
