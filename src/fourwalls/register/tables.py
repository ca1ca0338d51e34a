"""The tables of a register, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISIONS = ("r0001",)
"""Versions of these tables, oldest first; a register says which it has (`alembic_version`)."""

FILE = "register.db"
"""The register of a portfolio folder, where no database is named."""

META = MetaData()

# `seq` is given in the transaction that writes, under a lock: it has no gaps, and its order is the order of commits.
JOURNAL = Table(
    "journal", META,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("key", String(500), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("content", Text, nullable=False),
    UniqueConstraint("kind", "key", "version"),
)  # fmt: skip
"""Everything that was ever written down, one row a version; nothing is changed or taken out."""

RUNS = Table(
    "runs", META,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
)  # fmt: skip
"""The diagnosis of each run as compressed JSON; what is known about a run stands in the journal."""

ACCESSES = Table(
    "accesses", META,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("action", String(80), nullable=False),
    Column("about", Text, nullable=False),
    Column("address", String(80), nullable=False),
    Column("is_granted", Boolean, nullable=False),
)  # fmt: skip
"""Who asked for what, and whether it was granted; nothing is changed or taken out."""

USERS = Table(
    "users", META,
    Column("name", String(200), primary_key=True),
    Column("role", String(40), nullable=False),
    Column("secret", Text, nullable=True),
    Column("is_active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", String(32), nullable=False),
)  # fmt: skip

SESSIONS = Table(
    "sessions", META,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_name", String(200), nullable=False),
    Column("content", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Index("sessions_by_user", "user_name"),
)  # fmt: skip
"""Who is logged in: times are seconds since 1970."""

JOBS = Table(
    "jobs", META,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("who", String(200), nullable=False),
    Column("content", Text, nullable=False),
    Column("progress", Float, nullable=False),
    Column("step", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("worker", String(200), nullable=False),
    Column("is_cancel_wanted", Boolean, nullable=False),
    Column("created", Float, nullable=False),
    Column("heartbeat", Float, nullable=False),
    Index("jobs_by_state", "state"),
)  # fmt: skip
