"""What several tests need: the real data, if they are here, and small portfolios."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"


def pytest_report_header() -> list[str]:
    """Says loudly whether the real data and PostgreSQL are here."""
    return [
        "real data: found" if REAL_DATA.is_dir() else "real data: NOT FOUND, tests on them are skipped",
        "PostgreSQL: found" if postgresql() else "PostgreSQL: NOT FOUND, the register is tested on SQLite alone",
    ]


def postgresql() -> Path | None:
    """The folder of PostgreSQL's own programs, which Debian keeps off the path."""
    found = shutil.which("initdb")
    places = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        *([Path(found).parent] if found else []),
    ]
    return next((p for p in places if (p / "initdb").is_file() and (p / "pg_ctl").is_file()), None)


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tests' own key for results that are kept, and no register but theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("FOURWALLS_REGISTER", raising=False)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets; skipped where they are absent, a failure in CI."""
    if not REAL_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the real data are absent, and CI must not go without")
        pytest.skip("the real data are not on this machine")
    return REAL_DATA


def _as_user(*command: str | Path) -> None:
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, *map(str, command)], capture_output=True, text=True, timeout=120, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Address of an empty database of a PostgreSQL that was started for these tests: in a folder of its own, without a network, as a user who is not root."""
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
