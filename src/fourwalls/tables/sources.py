"""Which file of a portfolio folder fills which canonical table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fourwalls.errors import MappingError, did_you_mean, listed
from fourwalls.tables.schema import TABLES, WORK_LOG, TableSpec

ENDINGS = (".sql", ".parquet", ".csv")
LOG_ENDINGS = (".jsonocel", ".sqlite", ".xes")
"""Endings of event logs, which only work_log can be read from."""
DATA_PLACEHOLDER = "{data}"


@dataclass(frozen=True, slots=True)
class Source:
    """The file that fills a table.

    Attributes:
        spec: The canonical table.
        path: The file.
    """

    spec: TableSpec
    path: Path


def sources(folder: Path) -> tuple[Source, ...]:
    """The files under `folder`/tables, in the order of the canonical tables.

    Raises:
        MappingError: There is no such folder, a file has an unknown name or ending or lies elsewhere (portfolio folders are
            handed on: a link in one must not carry a reader's own files into the page), or two fill one table.
    """
    tables = folder / "tables"
    if not tables.is_dir():
        raise MappingError(
            f"Folder '{folder.name}' has no tables/ folder.",
            f"Put order_lines.csv, .parquet or .sql there, or draft it: fourwalls init {folder.name} --from FILES…",
        )
    found: dict[str, Path] = {}
    for path in sorted(p for p in tables.iterdir() if not p.name.startswith((".", "_"))):
        if not path.resolve().is_relative_to(tables.resolve()):
            raise MappingError(
                f"tables/{path.name} is a link that leads out of the folder.",
                "Put the file itself there, or read it in SQL from a folder named with --data.",
            )
        read = (*ENDINGS, *LOG_ENDINGS) if path.stem == WORK_LOG.name else ENDINGS
        if path.suffix.lower() not in read or not path.is_file():
            raise MappingError(
                f"tables/{path.name} is {'a folder' if path.is_dir() else 'no table'}; read are files ending in {listed(read)}.",
                "Convert it, or move it out of tables/.",
            )
        name = path.stem
        if name not in TABLES:
            raise MappingError(
                f"tables/{path.name}: there is no canonical table '{name}'.{did_you_mean(name, TABLES)}",
                f"Name it after one of {listed(TABLES, 20)}.",
            )
        if name in found:
            raise MappingError(
                f"Table '{name}' is given twice: {found[name].name} and {path.name}.", "Keep one of the two."
            )
        found[name] = path
    if not found:
        raise MappingError(f"Folder '{folder.name}'/tables is empty.", "Put order_lines.csv, .parquet or .sql there.")
    return tuple(Source(TABLES[name], found[name]) for name in TABLES if name in found)
