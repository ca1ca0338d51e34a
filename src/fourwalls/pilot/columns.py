"""A user's table, and its columns as arrays: pandas, polars, Arrow, rows, or the path of a file."""

from __future__ import annotations

import csv
import math
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from fourwalls.errors import PanelError, did_you_mean, listed
from fourwalls.pilot.periods import period_from_text
from fourwalls.pilot.weights import Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

Flags = npt.NDArray[np.bool_]

_YES, _NO = (
    {"1", "1.0", "true", "yes", "y", "t", "x", "treated", "treatment", "test"},
    {"0", "0.0", "false", "no", "n", "f", "control", "untreated"},
)
_EMPTY = {"", "none", "nan"}
_NEVER = {"", "never", "none", "nan", "inf"}
_POINT = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?%?")
_COMMA = re.compile(r"[+-]?\d+(,\d+)?%?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+%?")
_HEAD_BYTES = 64_000
_REMEDY = "Give a pandas or polars data frame, an Arrow table, or the path of a .csv or .parquet file."


def read_table(source: object) -> pa.Table:
    """A table from pandas, polars, Arrow, columns, rows, or the path of a .csv or .parquet file."""
    if isinstance(source, str | Path):
        return _read_file(Path(source))
    if isinstance(source, pa.Table):
        return source
    if hasattr(source, "collect") and hasattr(source, "collect_schema"):
        source = source.collect()
    if isinstance(source, list) and all(isinstance(row, dict) for row in source):
        return pa.Table.from_pylist(source)
    if hasattr(source, "__arrow_c_stream__") or isinstance(source, dict):
        try:
            return pa.table(source)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise PanelError(
                f"The panel cannot be read as a table: {str(error).splitlines()[0][:200]}",
                "Give every column values of one kind, as many in each.",
            ) from None
    raise PanelError(f"A panel of type {type(source).__name__} cannot be read.", _REMEDY)


def _read_file(path: Path) -> pa.Table:
    if not path.is_file():
        raise PanelError(
            f"There is no file '{path.name}'.", "Name a .csv or .parquet file with one row for each unit and period."
        )
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pq.read_table(path)
        with pa.input_stream(str(path)) as stream:  # takes off .gz by itself
            head = stream.read(_HEAD_BYTES)
        if not head.strip():
            raise PanelError(
                f"'{path.name}' is empty.", "Give a file with a header line and one row for each unit and period."
            )
        return _read_csv(path, head)
    except (pa.ArrowInvalid, csv.Error, UnicodeDecodeError) as error:
        raise PanelError(
            f"'{path.name}' cannot be read as a table: {str(error).splitlines()[0][:200]}",
            "Give a CSV with a header line, separated by commas, semicolons or tabs; or a Parquet file. Save a spreadsheet as CSV.",
        ) from None


def _read_csv(path: Path, head: bytes) -> pa.Table:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    first = head.decode(encoding, errors="replace").splitlines()[0]
    delimiter = max(";,\t|", key=first.count)
    options = pa_csv.ConvertOptions(
        strings_can_be_null=True, null_values=["", "NA", "NaN", "nan", "null", "NULL", "None"]
    )

    def read(encoding: str) -> pa.Table:
        return pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(encoding=encoding),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter),
            convert_options=options,
        )

    table = read(encoding)
    # Text that is no UTF-8 is left as bytes; the encoding of Western spreadsheets reads any byte.
    return read("cp1252") if any(pa.types.is_binary(t) for t in table.schema.types) else table


def need_columns(table: pa.Table, names: Sequence[str]) -> None:
    """Raises where a column is not there, with the nearest name."""
    for name in names:
        if name not in table.column_names:
            raise PanelError(
                f"The panel has no column '{name}'; found {listed(table.column_names)}.{did_you_mean(name, table.column_names)}",
                "Name its columns: unit, time, outcome and treated.",
            )


def unit_name(value: object) -> str:
    """A unit's name: without blanks around it, and whole numbers without their .0."""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def unit_names(column: pa.ChunkedArray, name: str) -> npt.NDArray[Any]:
    """Names of the units, row by row."""
    values = column.to_pylist()
    names = ["" if v is None else unit_name(v) for v in values]
    if "" in names:
        raise PanelError(
            f"Column '{name}', row {names.index('') + 1}: the unit is empty.",
            "Name the unit in every row, or leave such rows out.",
        )
    written: dict[str, str] = {}
    for known in dict.fromkeys(names):
        other = written.setdefault(known.casefold(), known)
        if other != known:
            raise PanelError(
                f"Column '{name}': '{other}' and '{known}' differ in capital letters only.",
                "Write each unit in one way.",
            )
    return np.array(names)


def numbers(column: pa.ChunkedArray, name: str) -> Floats:
    """Outcomes, row by row; text is read where it can mean one thing only."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = pa.chunked_array([pa.array(_from_text(column.to_pylist(), name), pa.float64())])
    elif not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        raise PanelError(f"Column '{name}' (outcome): found {kind}; allowed: numbers.", "Name a column with numbers.")
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    if np.isinf(values).any():
        raise PanelError(
            f"Column '{name}' (outcome), row {int(np.isinf(values).argmax()) + 1}: infinite.",
            "Correct it, or leave it empty.",
        )
    return values


def _from_text(values: list[str | None], name: str) -> list[float | None]:
    """Numbers with a decimal point or comma, per cent signs taken off; a comma must not be a thousands sign."""
    kept = [None if v is None or not v.strip() else v.strip() for v in values]
    texts = [v for v in kept if v is not None]
    comma = all(_COMMA.fullmatch(v) for v in texts) and not all(
        _THOUSANDS.fullmatch(v) or "," not in v for v in texts if v
    )
    pattern = _COMMA if comma else _POINT
    wrong = next((i for i, v in enumerate(kept) if v is not None and not pattern.fullmatch(v)), None)
    if wrong is not None:
        raise PanelError(
            f"Column '{name}' (outcome), row {wrong + 1}: found '{str(values[wrong])[:40]}'; allowed: numbers.",
            "Give plain numbers with a point for decimals and no unit or thousands sign.",
        )
    return [None if v is None else float(v.rstrip("%").replace(",", ".")) for v in kept]


def flags(column: pa.ChunkedArray, name: str) -> Flags:
    """Whether each row is treated; where nobody is said not to be, an empty cell says so."""
    texts = ["" if v is None else str(v).strip().lower() for v in column.to_pylist()]
    empty: set[str] = set() if _NO & set(texts) else _EMPTY
    for number, text in enumerate(texts):
        if text not in _YES | _NO | empty:
            raise PanelError(
                f"Column '{name}' (treated), row {number + 1}: found '{text[:40]}'; allowed: 1 or 0, true or false, yes or no.",
                "Set it to 1 where and when a unit is treated, else 0; or name the treated units, and the start.",
            )
    return np.array([text in _YES for text in texts])


def names_starts(column: pa.ChunkedArray) -> bool:
    """Whether a column holds first treated periods, as in `first_treat`: numbers or dates other than 0 and 1."""
    values = [v for v in column.unique().to_pylist() if not is_never(v)]
    if not values or {str(v).strip().lower() for v in values} <= _YES | _NO:
        return False
    if all(isinstance(v, int | float | date) and not isinstance(v, bool) for v in values):
        return True
    return all(isinstance(v, str) and period_from_text(v) is not None for v in values)


def is_never(value: object) -> bool:
    """Whether a first treated period says that there is none."""
    if isinstance(value, str):
        return value.strip().lower() in _NEVER
    return value is None or (isinstance(value, int | float) and (value == 0 or not math.isfinite(value)))
