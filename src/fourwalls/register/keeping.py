"""Backup, restore, export and check of a register: one format for both engines, JSON Lines with a seal."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Column, Connection, Table, func, inspect, select

from fourwalls.errors import DamagedError, RegisterError
from fourwalls.register.connecting import Database, url_of
from fourwalls.register.journal import canonical, now
from fourwalls.register.migrating import bring_up, copy_file, upgrade
from fourwalls.register.tables import ACCESSES, JOBS, JOURNAL, REVISIONS, RUNS, USERS

FORMAT = "fourwalls register"
# Sessions are left out: after a restore people log in again, and a copy that is stolen opens no door.
KEPT = (JOURNAL, RUNS, ACCESSES, USERS, JOBS)
# No row is near this long: what is packed to burst is refused before it fills the memory.
_MOST_LINE = 1 << 28
_COMPRESSED = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was written or read.

    Attributes:
        rows: Table → rows.
        copy: Name of the copy of what was there before; None if nothing was.
    """

    rows: Mapping[str, int]
    copy: str | None = None


def write(database: Database, path: Path, *, with_secrets: bool, is_compressed: bool) -> Kept:
    """Writes everything as JSON Lines: a head, one line a row, and a last line with a hash over all before it.

    Args:
        database: From where.
        path: To where; an existing file is replaced only when the new one is whole.
        with_secrets: Whether the hashes of passwords go along: in a backup, not in an export.
        is_compressed: Whether by gzip.

    Raises:
        RegisterError: It cannot be read or written.
    """
    if database.file is not None and path.resolve() == database.file:
        raise RegisterError(f"'{path.name}' is the register itself.", "Name another file.")
    draft = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        draft = Path(name)
        with os.fdopen(handle, "wb") as raw:
            rows = _pour(database, raw, with_secrets=with_secrets, is_compressed=is_compressed)
            raw.flush()
            os.fsync(raw.fileno())
        draft.replace(path)
    except OSError as error:
        raise RegisterError(
            f"'{path.name}' cannot be written: {error.strerror or 'the system refused'}.", "Name another place."
        ) from None
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
    return Kept(rows)


def restore(place: str | Path, path: Path, *, replace: bool = False) -> Kept:
    """Puts back what a backup (or an export) holds, all of it or nothing.

    Args:
        place: The register, as for `Register.open`; made if it is not there.
        path: The backup.
        replace: Whether what is there now may be replaced; a copy of it is kept.

    Raises:
        RegisterError: The backup is damaged or of a newer version, or the register is not empty and may not be replaced.
    """
    # Read to the end before anything is touched: a torn copy must not replace a whole register.
    counted = _count(path)
    database = Database(url_of(place))
    try:
        try:
            bring_up(database)
        except DamagedError:
            if not replace:
                raise
        if database.file is not None:
            return _restore_file(database, path, counted, replace=replace)
        return _restore_schema(database, path, counted, replace=replace)
    finally:
        database.close()


def check(database: Database) -> list[str]:
    """What is wrong with a register, in sentences; empty if nothing is.

    Looks whether the file is sound, places in the history and versions have no gaps, and every run reads back as it was kept.
    """
    wrong: list[str] = []
    with database.reading() as connection:
        if database.file is not None:
            found = [str(x) for x in connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars()]
            wrong += [f"The file is damaged: {x}." for x in found if x != "ok"]
        for table in (JOURNAL, ACCESSES):
            count, last = connection.execute(select(func.count(), func.coalesce(func.max(table.c.seq), 0))).one()
            if count != last:
                wrong.append(f"Table '{table.name}' has {count} rows, but its last place is {last}.")
        grouped = select(JOURNAL.c.kind, JOURNAL.c.key, func.count(), func.max(JOURNAL.c.version))
        for kind, key, count, version in connection.execute(grouped.group_by(JOURNAL.c.kind, JOURNAL.c.key)):
            if count != version:
                wrong.append(f"Of {kind} '{key}' there are {count} versions, but the last is {version}.")
        runs = select(JOURNAL.c.key, JOURNAL.c.content).where(JOURNAL.c.kind == "run")
        seals = {row.key: row.content for row in connection.execute(runs)}
        for number, packed, seal in connection.execute(select(RUNS.c.id, RUNS.c.document, RUNS.c.sha256)):
            told = json.loads(seals.pop(str(number), "{}")).get("sha256")
            if told != seal or _seal(packed) != seal:
                wrong.append(f"What was kept of run {number} is damaged.")
        wrong += [f"Run {number} has lost its diagnosis." for number in seals]
    return wrong


def _seal(packed: bytes) -> str:
    try:
        return hashlib.sha256(zlib.decompress(packed)).hexdigest()
    except zlib.error:
        return ""


def _pour(database: Database, raw: IO[bytes], *, with_secrets: bool, is_compressed: bool) -> dict[str, int]:
    # A time inside the archive would make equal registers unequal files.
    out: IO[bytes] = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if is_compressed else raw  # type: ignore[assignment]
    seal, rows = hashlib.sha256(), {}

    def line(content: Mapping[str, Any]) -> None:
        text = (canonical(content) + "\n").encode()
        seal.update(text)
        out.write(text)

    line({"format": FORMAT, "revision": REVISIONS[-1], "at": now()})
    with database.reading() as connection:
        for table in KEPT:
            rows[table.name] = 0
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings():
                hidden = {"secret": None} if table is USERS and not with_secrets else {}
                line({"table": table.name, "row": _out({**row, **hidden})})
                rows[table.name] += 1
    out.write((canonical({"sha256": seal.hexdigest(), "rows": rows}) + "\n").encode())
    if is_compressed:
        out.close()
    return rows


def _out(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON: content as it is, a run's document as the diagnosis it is."""
    found = dict(row)
    for name in ("content", "result"):
        if name in found:
            found[name] = json.loads(found[name])
    if "document" in found:
        try:
            found["document"] = json.loads(zlib.decompress(found["document"]))
        except (zlib.error, ValueError):
            # A damaged one is carried over as it is: whoever looks later may still mend it.
            found["document"] = {"damaged": base64.b64encode(found["document"]).decode()}
    return found


def _in(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(row)
    for name in ("content", "result"):
        if name in found:
            found[name] = canonical(found[name])
    if "document" in found:
        damaged = found["document"].get("damaged") if set(found["document"]) == {"damaged"} else None
        packed = base64.b64decode(damaged) if damaged else zlib.compress(canonical(found["document"]).encode(), 6)
        found["document"] = packed
    columns: set[str] = {c.name for c in table.columns if isinstance(c, Column)}
    if set(found) != columns:
        raise ValueError(f"columns {sorted(set(found) ^ columns)}")
    return found


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Head and rows of a backup, and its tail checked.

    Raises:
        RegisterError: It is none, damaged, torn or too new.
    """
    seal, last = hashlib.sha256(), b""
    try:
        with path.open("rb") as raw:
            is_compressed = raw.read(2) == _COMPRESSED
        with gzip.open(path, "rb") if is_compressed else path.open("rb") as file:
            for text in iter(lambda: file.readline(_MOST_LINE), b""):
                if last:
                    seal.update(last)
                    yield _object(last)
                last = text
        tail = _object(last) if last else {}
    except (OSError, EOFError, zlib.error, ValueError, TypeError, RecursionError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "it is torn or damaged"
        raise RegisterError(f"'{path.name}' cannot be read as a backup: {said}.", "Use another backup.") from None
    if tail.get("sha256") != seal.hexdigest():
        raise RegisterError(
            f"'{path.name}' is torn or was changed: its last line is no seal over the rest.", "Use another backup."
        )


def _object(text: bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _count(path: Path) -> dict[str, int]:
    rows = {table.name: 0 for table in KEPT}
    for number, line in enumerate(_lines(path)):
        if number == 0:
            if line.get("format") != FORMAT:
                raise RegisterError(f"'{path.name}' is no backup of a register.", "Use what `register backup` wrote.")
            if line.get("revision") not in REVISIONS:
                raise RegisterError(
                    f"'{path.name}' was written by a newer fourwalls (version {line.get('revision')} of the tables, "
                    f"this one knows them up to {REVISIONS[-1]}). Nothing was touched.",
                    "Install the newer fourwalls.",
                )
        elif str(line.get("table")) in rows:
            rows[str(line["table"])] += 1
        else:
            raise RegisterError(f"'{path.name}' has rows of an unknown table.", "Use what `register backup` wrote.")
    return rows


def _fill(connection: Connection, path: Path) -> None:
    tables = {table.name: table for table in KEPT}
    try:
        for number, line in enumerate(_lines(path)):
            if number:
                table = tables[line["table"]]
                connection.execute(table.insert().values(**_in(table, line["row"])))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RegisterError(f"'{path.name}' has a row that does not fit: {error}.", "Use another backup.") from None


def _is_empty(connection: Connection) -> bool:
    return all(connection.execute(select(func.count()).select_from(table)).scalar_one() == 0 for table in KEPT)


def _not_empty(database: Database) -> RegisterError:
    return RegisterError(
        f"The register {database.name} is not empty; nothing was touched.",
        "Say --replace to put the backup in its place; a copy of what is there is kept.",
    )


def _restore_file(database: Database, path: Path, rows: Mapping[str, int], *, replace: bool) -> Kept:
    """Builds the register beside, then pours it over the old one, which others may have open: they see the new at once."""
    file = database.file
    assert file is not None  # noqa: S101 - asked by the only caller
    if not replace:
        with database.writing() as connection:
            if not _is_empty(connection):
                raise _not_empty(database)
            _fill(connection, path)
        return Kept(rows)
    with tempfile.TemporaryDirectory(prefix=".register-", dir=file.parent) as folder:
        fresh = Path(folder) / file.name
        other = Database(url_of(fresh))
        try:
            bring_up(other)
            with other.writing() as connection:
                _fill(connection, path)
        finally:
            other.close()
        with database.told():
            return Kept(rows, _pour_over(fresh, file))


def _pour_over(fresh: Path, file: Path) -> str | None:
    copy = None
    try:
        copy = copy_file(file, "before-restore").name
        source, target = sqlite3.connect(fresh), sqlite3.connect(file, timeout=60)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()
    except sqlite3.DatabaseError as error:
        if "malformed" not in str(error) and "not a database" not in str(error):
            raise RegisterError(f"The register cannot be replaced: {error}.", "Close what has it open.") from None
        # What is damaged cannot be poured over: it is put aside as it is, with the files beside it.
        aside = file.with_name(f"{file.name}.damaged")
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                file.with_name(file.name + ending).rename(aside.with_name(aside.name + ending))
        fresh.rename(file)
        copy = aside.name
    return copy


def _restore_schema(database: Database, path: Path, rows: Mapping[str, int], *, replace: bool) -> Kept:
    with database.writing() as connection:
        if _is_empty(connection):
            _fill(connection, path)
            return Kept(rows)
        if not replace:
            raise _not_empty(database)
        last = connection.execute(select(func.coalesce(func.max(JOURNAL.c.seq), 0))).scalar_one()
        copy = f"{database.schema}_before_restore_{last}"
        connection.exec_driver_sql(f'CREATE SCHEMA "{copy}"')
        # Functions of the triggers go along with their tables; the new ones are made by the same migrations.
        for table in inspect(connection).get_table_names():
            connection.exec_driver_sql(f'ALTER TABLE "{table}" SET SCHEMA "{copy}"')
        for table in ("journal", "runs", "accesses"):
            connection.exec_driver_sql(f'ALTER FUNCTION {table}_append_only() SET SCHEMA "{copy}"')
        upgrade(connection)
        _fill(connection, path)
    return Kept(rows, copy)
