"""What several tests need: the real data, if they are here, and small portfolios."""

from __future__ import annotations

import os
import shutil
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


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets; skipped where they are absent, a failure in CI."""
    if not REAL_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the real data are absent, and CI must not go without")
        pytest.skip("the real data are not on this machine")
    return REAL_DATA
