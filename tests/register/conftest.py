"""A register on either engine; PostgreSQL runs in a folder of its own, without a network, as a user who is not root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fourwalls.register import Register

from ..conftest import postgresql  # noqa: TID252 - tests are no package that could be named


def _as_user(*command: str | Path) -> None:
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, *map(str, command)], capture_output=True, text=True, timeout=120, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Address of an empty database of a PostgreSQL that was started for these tests."""
    programs = postgresql()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is absent, and CI must not go without")
        pytest.skip("PostgreSQL IS NOT INSTALLED: the register is tested on SQLite alone")
    # A socket's path has at most 107 signs: pytest's own folders are too deep.
    home = Path(tempfile.mkdtemp(prefix="fw-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    settings = (
        f"-c listen_addresses='' -c unix_socket_directories='{home}' -c max_connections=150 -c shared_buffers=32MB"
    )
    try:
        _as_user(
            programs / "initdb", "-D", home / "data", "-A", "trust", "-U", "fw", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        _as_user(programs / "pg_ctl", "-D", home / "data", "-l", home / "log", "-w", "-o", settings, "start")
        yield f"postgresql://fw@/postgres?host={home}"
    finally:
        if (home / "data" / "postmaster.pid").is_file():
            _as_user(programs / "pg_ctl", "-D", home / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a register may be made: a folder, or a schema of the database."""
    if request.param == "sqlite":
        return str(tmp_path)
    return f"{request.getfixturevalue('cluster')}&schema=s{uuid.uuid4().hex}"


@pytest.fixture
def register(place: str) -> Iterator[Register]:
    """An empty register."""
    with Register.open(place) as opened:
        yield opened
