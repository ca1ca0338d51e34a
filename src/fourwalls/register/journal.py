"""The journal: everything that was written down, in the order it was kept, one row a version."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from fourwalls.errors import OvertakenError, RegisterError
from fourwalls.register.tables import JOURNAL

# Characters of a name, and of what is written about one thing.
MOST_NAME, MOST_KEY, MOST_CONTENT = 200, 500, 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one thing in the register.

    Attributes:
        seq: Its place in the history, without gaps: order is by this, never by the clock, which may go back.
        kind, key: What it is about, e.g. "decision" and the name of an asset.
        version: 1 for the first.
        at: When, by the clock of the machine that wrote it (UTC, ISO 8601).
        who: Who wrote it.
        content: What was written.
    """

    seq: int
    kind: str
    key: str
    version: int
    at: str
    who: str
    content: Mapping[str, Any]


def now() -> str:
    """This moment by this machine's clock, UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def canonical(content: object) -> str:
    """JSON, always the same text for the same content."""
    # Half a sign (a lone surrogate) is no text that a database keeps.
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def append(
    connection: Connection,
    kind: str,
    key: str,
    who: str,
    content: Mapping[str, Any],
    expected: int | None,
    at: str = "",
) -> Entry:
    """Writes the next version of a thing.

    Args:
        connection: A transaction that writes.
        kind, key, who, content: As in `Entry`.
        expected: The version the writer has seen, 0 for none; None where only one version is ever written.
        at: When; now, if not said.

    Raises:
        OvertakenError: Somebody else wrote a version after the one expected.
        RegisterError: A name is empty or too long.
    """
    who = checked_name("Who writes", who)
    checked_name("The name of what is written about", key, MOST_KEY)
    text = canonical(content)
    if len(text) > MOST_CONTENT:
        raise RegisterError(
            f"What is written about {kind} '{key}' has {len(text):,} characters.", f"Write at most {MOST_CONTENT:,}."
        )
    last = latest(connection, kind, key)
    version = last.version if last else 0
    if (expected is not None and expected != version) or (expected is None and last is not None):
        raise _overtaken(kind, key, expected, last)
    seq = int(connection.execute(select(func.coalesce(func.max(JOURNAL.c.seq), 0))).scalar_one()) + 1
    entry = Entry(seq, kind, key, version + 1, at or now(), who, json.loads(text))
    row = {name: getattr(entry, name) for name in ("seq", "kind", "key", "version", "at", "who")}
    connection.execute(JOURNAL.insert().values(**row, content=text))
    return entry


def latest(connection: Connection, kind: str, key: str) -> Entry | None:
    """The version of a thing that stands now; None if nobody wrote any."""
    found = select(JOURNAL).where(JOURNAL.c.kind == kind, JOURNAL.c.key == key).order_by(JOURNAL.c.version.desc())
    row = connection.execute(found.limit(1)).mappings().first()
    return _entry(row) if row else None


def last_of(connection: Connection, kind: str) -> Entry | None:
    """The thing of a kind that was written last; None if there is none."""
    found = select(JOURNAL).where(JOURNAL.c.kind == kind).order_by(JOURNAL.c.seq.desc()).limit(1)
    row = connection.execute(found).mappings().first()
    return _entry(row) if row else None


def standing(connection: Connection, kind: str, starting: str = "") -> list[Entry]:
    """What stands now of everything of a kind whose key begins so, in the order of the keys."""
    last = (
        select(JOURNAL.c.key, func.max(JOURNAL.c.version).label("version"))
        .where(JOURNAL.c.kind == kind, JOURNAL.c.key.startswith(starting, autoescape=True))
        .group_by(JOURNAL.c.key)
        .subquery()
    )
    query = select(JOURNAL).join(
        last, (JOURNAL.c.key == last.c.key) & (JOURNAL.c.version == last.c.version) & (JOURNAL.c.kind == kind)
    )
    found = [_entry(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda e: e.key)


def past(
    connection: Connection,
    kinds: Sequence[str] = (),
    key: str | None = None,
    about: str | None = None,
    after: int = 0,
    most: int | None = None,
) -> list[Entry]:
    """The history in the order it was kept.

    Args:
        connection: A transaction.
        kinds: Only these; all, if none is named.
        key: Only of this thing.
        about: Only things whose content names this asset.
        after: Only what was kept after this place.
        most: At most so many; the first of them.
    """
    query = select(JOURNAL).where(JOURNAL.c.seq > after).order_by(JOURNAL.c.seq)
    if kinds:
        query = query.where(JOURNAL.c.kind.in_(kinds))
    if key is not None:
        query = query.where(JOURNAL.c.key == key)
    if about is not None:
        # Keys are the asset, or begin with it; a pilot has a name of its own.
        named = (JOURNAL.c.key == about) | JOURNAL.c.key.startswith(f"{about}/", autoescape=True)
        query = query.where(named | (JOURNAL.c.kind == "pilot"))
    found = (_entry(row) for row in connection.execute(query).mappings())
    chosen = [e for e in found if about is None or e.content.get("asset") == about]
    return chosen[:most]


def checked_name(what: str, name: str, most: int = MOST_NAME) -> str:
    """A name as it is kept.

    Raises:
        RegisterError: It is empty, too long, or has signs that cannot be seen.
    """
    kept = name.strip()
    if not kept or len(kept) > most or any(ord(s) < 32 or ord(s) == 127 or 0xD800 <= ord(s) < 0xE000 for s in kept):
        shown = repr(name[:40])
        raise RegisterError(f"{what} is {shown}.", f"Write 1 to {most} characters, no line breaks.")
    return kept


def _entry(row: RowMapping) -> Entry:
    return Entry(row["seq"], row["kind"], row["key"], row["version"], row["at"], row["who"], json.loads(row["content"]))


def _overtaken(kind: str, key: str, expected: int | None, last: Entry | None) -> RegisterError:
    if last is None:
        return RegisterError(
            f"There is no {kind} '{key}' yet, but version {expected} of it was expected.", "Write it as the first: 0."
        )
    told = ", ".join(f"{name}: {value}" for name, value in last.content.items() if isinstance(value, str) and value)
    told = f" ({told[:200]})" if told else ""
    saw = "nobody had written any" if not expected else f"you saw version {expected}"
    return OvertakenError(
        f"{last.who} wrote version {last.version} of {kind} '{key}' at {last.at}{told}; {saw}. Yours was not kept.",
        "Look at what stands now; if you still want yours, write it again on top.",
        last.version, last.who, last.at,
    )  # fmt: skip
