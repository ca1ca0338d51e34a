"""Write canonical tables as Parquet, streamed block by block; codes become names, hours become UTC timestamps."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fourwalls.worlds.clocks import Calendar

TIME = pa.timestamp("us", tz="UTC")


class TableFile:
    """One canonical table on its way into a Parquet file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.parquet"
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, columns: dict[str, pa.Array]) -> None:
        """Append rows."""
        rows = pa.table(columns)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, rows.schema, compression="zstd", store_schema=False)
        self._writer.write_table(rows)


def write_table(folder: Path, name: str, columns: dict[str, pa.Array]) -> None:
    """Write a table that fits into memory."""
    with TableFile(folder, name) as file:
        file.add(columns)


def words(names: tuple[str, ...], codes: NDArray[Any]) -> pa.Array:
    """Codes as their names; an empty name is null."""
    known = pa.array([n or None for n in names], pa.string())
    return known.take(pa.array(codes))


def numbered(prefix: str, numbers: NDArray[Any], width: int = 9) -> pa.Array:
    """Numbers as ids: `o000000123`."""
    text = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), text, "")


def times(days: Calendar, hours: NDArray[Any]) -> pa.Array:
    """Hours of the world as UTC timestamps to the second; NaN is null."""
    epoch = datetime(days.first.year, days.first.month, days.first.day, tzinfo=UTC).timestamp()
    absent = np.isnan(hours)
    micros = ((np.round(np.where(absent, 0.0, hours) * 3600.0) + epoch) * 1e6).astype(np.int64)
    return pa.array(micros, mask=absent).cast(TIME)


def dates(days: Calendar, day: NDArray[Any]) -> pa.Array:
    """Days of the world as dates."""
    epoch = (days.first - date(1970, 1, 1)).days
    return pa.array((day + epoch).astype(np.int32)).cast(pa.date32())
