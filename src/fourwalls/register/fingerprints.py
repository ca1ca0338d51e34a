"""Fingerprints of what a run is made from: whoever has the same files gets the same diagnosis."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from fourwalls.errors import RegisterError
from fourwalls.register.records import Fingerprint
from fourwalls.register.tables import FILE


def take_fingerprints(folder: Path, data: Path | None = None) -> tuple[Fingerprint, ...]:
    """Sizes and hashes of portfolio.toml, answers.csv and every file under tables/, contracts/ and the data folder.

    Raises:
        RegisterError: One of them cannot be read.
    """
    found = []
    for name, path in (*_portfolio(folder), *_data(data)):
        try:
            with path.open("rb") as file:
                found.append(Fingerprint(name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()))
        except OSError as error:
            raise RegisterError(
                f"'{name}' cannot be read for its fingerprint: {error.strerror or 'the system refused'}.",
                "Check the file and its permissions.",
            ) from None
    return tuple(found)


def fingerprint(inputs: Iterable[Fingerprint], version: str) -> str:
    """One hash over all files and the version that read them, whatever their order."""
    lines = sorted(f"{f.sha256} {f.size} {f.name}" for f in inputs)
    return hashlib.sha256("\n".join([version, *lines]).encode("utf-8", "surrogateescape")).hexdigest()


def _portfolio(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in ("portfolio.toml", "answers.csv"):
        if (folder / name).is_file():
            yield name, folder / name
    for inner in ("tables", "contracts"):
        yield from _files(folder / inner, f"{inner}/")


def _data(data: Path | None) -> Iterator[tuple[str, Path]]:
    if data is not None:
        yield from _files(data, "data: ")


def _files(folder: Path, before: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith(FILE):
            yield before + path.relative_to(folder).as_posix(), path
