"""Reaches the database of a register: transactions, waiting for others, and what goes wrong in plain words."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from fourwalls.errors import DamagedError, RegisterError
from fourwalls.register.tables import FILE

# Seconds a writer waits for others: a hundred writers at once are through in a few.
WAIT_SECONDS = 60
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def url_of(place: str | Path) -> URL:
    """The database meant by a portfolio folder, a file ending in .db, or a postgresql:// address.

    Raises:
        RegisterError: The address is none, the folder is not there, or the kind of database is not known.
    """
    text = str(place)
    if "://" not in text:
        path = Path(place)
        if path.suffix != ".db":
            if not path.is_dir():
                raise RegisterError(f"There is no folder '{path.name}'.", "Name an existing portfolio folder.")
            path /= FILE
        if not path.parent.is_dir():
            raise RegisterError(f"There is no folder '{path.parent.name}' for the register.", "Make it first.")
        return URL.create("sqlite", database=str(path.resolve()))
    try:
        url = make_url(text)
    except ArgumentError:
        raise RegisterError(
            "The address of the register is none.", "Write it as postgresql://USER:PASSWORD@HOST/DATABASE."
        ) from None
    if url.get_backend_name() == "sqlite" and url.database:
        return URL.create("sqlite", database=str(Path(url.database).resolve()))
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise RegisterError(
            f"A register cannot be kept in '{url.get_backend_name()}'.",
            "Name a portfolio folder (SQLite), or a postgresql:// address.",
        )
    return url.set(drivername="postgresql+psycopg")


class Database:
    """One database, whichever it is.

    Attributes:
        file: The file of SQLite; None for PostgreSQL.
        name: How it is called in messages; never with a password.
        schema: The schema of PostgreSQL the tables are in; None for SQLite.
    """

    def __init__(self, url: URL) -> None:
        self.file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        self.schema: str | None = None
        self._inode: int | None = None
        self._engine = self._sqlite(self.file) if self.file else self._postgresql(url)
        self.name = (
            f"'{self.file.parent.name}/{self.file.name}'"
            if self.file
            else f"'{url.database}' on {url.host or 'this machine'}"
        )

    def _sqlite(self, file: Path) -> Engine:
        # Only the register's own code makes the file: a folder that was deleted must not come back by a look at it.
        address = f"file:{_quoted(str(file))}?mode=rw"
        engine = create_engine(
            "sqlite://",
            poolclass=QueuePool,
            creator=lambda: _connect_sqlite(address),
            pool_size=8,
            max_overflow=120,
            pool_timeout=WAIT_SECONDS,
        )
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql(self, url: URL) -> Engine:
        schema = url.query.get("schema", "fourwalls")
        if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
            raise RegisterError(
                "The schema of the register's address is no plain name.", "Use small letters, digits and underscores."
            )
        self.schema = schema
        return create_engine(
            url.difference_update_query(["schema"]),
            connect_args={"connect_timeout": 10, "options": f"-csearch_path={schema} -clock_timeout={int(1000 * WAIT_SECONDS)}"},
            pool_size=8, max_overflow=24, pool_timeout=WAIT_SECONDS, pool_pre_ping=True,
        )  # fmt: skip

    def make(self) -> None:
        """Makes the file of SQLite or the schema of PostgreSQL, empty; says nothing where it is there."""
        with self.told():
            if self.file is not None:
                # Not through the engine, which only opens what is there.
                os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))
                self._inode = self.file.stat().st_ino
            else:
                with self._engine.begin() as connection:
                    self._lock(connection)
                    connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')

    def exists(self) -> bool:
        """Whether the file or the schema is there; an empty file is not."""
        if self.file is not None:
            return self.file.is_file() and self.file.stat().st_size > 0
        with self.told(), self._engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self.schema,))
            return found.first() is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state."""
        with self.told():
            self._still_there()
            options: dict[str, Any] = (
                {} if self.file else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            with self._engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; others that write wait. All of it is kept, or nothing."""
        with self.told():
            self._still_there()
            with self._engine.connect().execution_options(fourwalls_writes=True) as connection, connection.begin():
                if self.file is None:
                    self._lock(connection)
                yield connection
            # A file that was deleted meanwhile takes every write without a complaint, and keeps none.
            self._still_there()

    @contextmanager
    def told(self) -> Iterator[None]:
        """What a database complains about, in plain words; passwords never stand in them."""
        try:
            yield
        except DBAPIError as error:
            raise _in_words(self.name, str(error.orig)) from None
        except sqlite3.Error as error:
            raise _in_words(self.name, str(error)) from None
        except SQLAlchemyError as error:
            raise _in_words(self.name, type(error).__name__) from None
        except OSError as error:
            raise _in_words(self.name, error.strerror or "the system refused") from None

    def close(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()

    def _lock(self, connection: Connection) -> None:
        """Waits until nobody else writes: SQLite has one writer by itself."""
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"fourwalls {self.schema}",)
        )

    def _still_there(self) -> None:
        if self.file is None:
            return
        inode = None
        with suppress(OSError):
            inode = self.file.stat().st_ino
        if self._inode is None:
            self._inode = inode
        if inode is None:
            self._inode = None
            self._engine.dispose()
            raise RegisterError(
                f"The register {self.name} is no longer there: it was deleted or moved while in use. The last change was not kept.",
                "Put the folder back, or restore a backup: fourwalls register restore.",
            )
        if inode != self._inode:
            self._inode = inode
            self._engine.dispose()
            raise RegisterError(
                f"The register {self.name} was put in place anew while in use. The last change was not kept.",
                "Look at what it says now, and try again.",
            )


def _quoted(path: str) -> str:
    """A path inside a file: address of SQLite."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _connect_sqlite(address: str) -> Any:  # noqa: ANN401 - what the driver returns
    connection = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        # Two that open a new file at once: the switch to WAL does not wait by itself.
        until = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _begin_sqlite(connection: Connection) -> None:
    # Whoever will write says so at once: two readers that both turn writers would refuse each other.
    writes = connection.get_execution_options().get("fourwalls_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# What a database says → what to tell, and what to do.
_COMPLAINTS = (
    (("disk is full", "no space left", "could not extend", "disk full"),
     "is full: the disk has no room. Nothing of this change was kept", "Make room, and try again."),
    (("malformed", "not a database", "disk image"),
     "is damaged", "Restore a backup: fourwalls register restore. Keep the damaged file aside."),
    (("unable to open", "no such file"), "cannot be opened", "Check that the folder is there and its permissions."),
    (("readonly", "read-only", "permission denied"), "cannot be written", "Check the permissions of the folder or of the user of the database."),
    (("locked", "busy", "lock timeout"), "is held by somebody else for too long", "Try again; close other programs that have the file open."),
    (("password authentication", "authentication failed"), "did not let us in", "Check user and password of its address."),
    (("does not exist",), "has no such database, user or table", "Check the address of the register."),
    (("connection", "could not translate", "timeout expired", "terminating"), "cannot be reached", "Check that the database server runs and the address is right."),
    (("append-only",), "keeps its history: nothing is changed or taken out", "Write a new version instead."),
)  # fmt: skip


def _in_words(name: str, said: str) -> RegisterError:
    plain = said.lower()
    for words, what, remedy in _COMPLAINTS:
        if any(word in plain for word in words):
            kind = DamagedError if "damaged" in what else RegisterError
            return kind(f"The register {name} {what}.", remedy)
    first = said.splitlines()[0] if said else "no reason given"
    return RegisterError(f"The register {name} cannot be used: {first}.", "Check it: fourwalls register check.")
