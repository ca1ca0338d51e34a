"""A register on either engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fourwalls.register import Register


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
