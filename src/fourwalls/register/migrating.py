"""Makes a register, or brings an older one to the tables of this version, after a copy of it was kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, inspect

from fourwalls.errors import RegisterError
from fourwalls.register.connecting import Database
from fourwalls.register.tables import REVISIONS

SCRIPTS = Path(__file__).parent / "migrations"


def bring_up(database: Database, scripts: Path = SCRIPTS, revisions: tuple[str, ...] = REVISIONS) -> str | None:
    """Makes the register where there is none, and migrates an older one.

    Args:
        database: Which.
        scripts, revisions: What is known of its versions, oldest first.

    Returns:
        Name of the copy that was kept before a migration; None where there was nothing to migrate.

    Raises:
        RegisterError: A newer version of fourwalls wrote it, or it is none; nothing was touched.
    """
    if database.exists():
        with database.reading() as connection:
            found = _revision(connection, database, revisions)
        if found == revisions[-1]:
            return None
    else:
        database.make()
    with database.writing() as connection:
        # Again: somebody else may have made or migrated it in between.
        found = _revision(connection, database, revisions)
        if found == revisions[-1]:
            return None
        copy = _keep_copy(database, connection, found) if found is not None else None
        upgrade(connection, scripts)
        return copy


def _revision(connection: Connection, database: Database, revisions: tuple[str, ...]) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise RegisterError(
                f"{database.name} is a database, but no register of fourwalls.", "Name another place for the register."
            )
        return None
    rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    found = str(rows[0]) if rows else None
    if found is not None and found not in revisions:
        raise RegisterError(
            f"The register {database.name} was written by a newer fourwalls: its tables are of version {found}, "
            f"this one knows them up to {revisions[-1]}. Nothing was touched.",
            "Install the newer fourwalls, or name another register.",
        )
    return found


def upgrade(connection: Connection, scripts: Path = SCRIPTS) -> None:
    """Runs the migrations that are still to be run, in the transaction it is given."""
    # Alembic takes a quarter of a second to import; most openings need none of it.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    command.upgrade(config, "head")


def _keep_copy(database: Database, connection: Connection, revision: str) -> str:
    if database.file is not None:
        return copy_file(database.file, f"before-{revision}").name
    schema = f"{database.schema}_before_{revision}"
    names = inspect(connection).get_table_names()
    connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
    for name in names:
        connection.exec_driver_sql(f'CREATE TABLE "{schema}"."{name}" AS TABLE "{name}"')
    return schema


def copy_file(file: Path, why: str) -> Path:
    """A whole copy of a register's file as it stands, beside it; nothing is overwritten."""
    number, target = 1, file.with_name(f"{file.name}.{why}")
    while target.exists():
        number, target = number + 1, file.with_name(f"{file.name}.{why}-{number + 1}")
    # As closed to others as the register itself: hashes of passwords are in it.
    target.touch(mode=0o600)
    source, copy = sqlite3.connect(file), sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        source.close()
        copy.close()
    return target
