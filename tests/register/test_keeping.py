from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from fourwalls.errors import RegisterError
from fourwalls.register import Register, Task, keeping, migrating, restore
from fourwalls.register.desk import Session
from fourwalls.register.tables import FILE

from .made import asset, recorded


@pytest.fixture
def full(register: Register) -> Register:
    recorded(register, asset("Lamps"), asset("Vasen ‘ü’"))
    register.decide("Lamps", 1, "orchestrate", "Bo", "as agreed")
    register.plan("Lamps", [Task("a", 1, "A", "", "", 1, 5)], date(2026, 1, 5), "Bo")
    register.follow("Lamps", "a", "Cy", expected_version=0, owner="Cy")
    register.desk.add_user("Ada", "decider", "$argon2$hash")
    register.desk.keep_session(Session("t" * 64, "Ada", {}, 0.0, 9e9))
    register.desk.note_access("Ada", "login")
    register.desk.add_job("diagnose", {"folder": "x"}, "Ada", 1.0)
    return register


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest, place: str) -> Iterator[str]:
    if place.startswith("postgresql"):
        yield f"{place.split('&schema')[0]}&schema=s{uuid.uuid4().hex}"
    else:
        (tmp_path / "elsewhere").mkdir()
        yield str(tmp_path / "elsewhere")


def lines(path: Path) -> list[dict[str, object]]:
    raw = path.read_bytes()
    return [json.loads(x) for x in (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).splitlines()]


def test_a_backup_comes_back_whole(full: Register, elsewhere: str, tmp_path: Path) -> None:
    kept = full.backup(tmp_path / "b.gz")
    assert kept.rows == {"journal": 4, "runs": 1, "accesses": 1, "users": 1, "jobs": 1}
    assert restore(elsewhere, tmp_path / "b.gz").rows == kept.rows
    with Register.open(elsewhere) as again:
        assert again.history() == full.history()
        assert again.document() == full.document()
        assert again.desk.users() == full.desk.users()
        assert again.desk.jobs() == full.desk.jobs()
        assert again.desk.session("t" * 64) is None
        assert again.check() == []
        # Also the bytes: all but the head's clock and with it the seal.
        again.backup(tmp_path / "c.gz")
        assert lines(tmp_path / "b.gz")[1:-1] == lines(tmp_path / "c.gz")[1:-1]
        again.decide("Lamps", 1, "operate", "Bo", expected_version=1)


def test_an_export_has_no_secrets_and_can_be_imported(full: Register, elsewhere: str, tmp_path: Path) -> None:
    full.export(tmp_path / "all.jsonl")
    text = (tmp_path / "all.jsonl").read_text("utf-8")
    assert "argon2" not in text
    assert "t" * 64 not in text
    assert '"Vasen ‘ü’"' in text
    restore(elsewhere, tmp_path / "all.jsonl")
    with Register.open(elsewhere) as again:
        assert again.history() == full.history()
        assert [u.secret for u in again.desk.users()] == [None]


def test_a_register_that_is_not_empty_is_replaced_only_when_asked(full: Register, place: str, tmp_path: Path) -> None:
    full.backup(tmp_path / "b.gz")
    before = full.history()
    full.decide("Lamps", 1, "leave it", "Di", "no money", expected_version=1)
    with pytest.raises(RegisterError, match=r"not empty.*nothing was touched"):
        restore(place, tmp_path / "b.gz")
    kept = restore(place, tmp_path / "b.gz", replace=True)
    # Whoever has it open sees what was put back.
    assert full.history() == before
    assert full.check() == []
    full.decide("Lamps", 1, "operate", "Bo", expected_version=1)
    assert kept.copy is not None
    if full.database.file:
        with Register.open(full.database.file.with_name(kept.copy).rename(tmp_path / "old.db")) as old:
            assert len(old.history()) == len(before) + 1
    else:
        with full.database.reading() as connection:
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {kept.copy}.journal").scalar() == len(before) + 1


def sealed(text: bytes) -> bytes:
    """The same with a seal that fits: what somebody wrote by hand."""
    body = text[: text.rstrip(b"\n").rindex(b"\n") + 1]
    return body + json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode() + b"\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[:-20], "torn or was changed|cannot be read"),
        (lambda t: t.replace(b"as agreed", b"as sworn!"), "torn or was changed"),
        (lambda t: t.replace(b'"revision":"r0001"', b'"revision":"r9001"'), "torn|newer"),
        (lambda t: b"", "torn or was changed"),
        (lambda t: b"\x1f\x8bxx", "cannot be read"),
        (lambda t: b'{"a":1}\n', "torn or was changed"),
        (lambda t: b"[1]\n[2]\n", "cannot be read"),
        (lambda t: b"[" * 100_000 + b"\n{}\n", "cannot be read"),
        (lambda t: b'{"a":1}\n{"b":2}\n', "no backup of a register"),
        (lambda t: t.replace(b'"table":"users"', b'"table":["users"]'), "unknown table"),
        (lambda t: sealed(t.replace(b'"role":"decider"', b'"rule":"decider"')), "has a row that does not fit"),
        (lambda t: sealed(t.replace(b'"revision":"r0001"', b'"revision":"r9001"')), "written by a newer fourwalls"),
    ],
)
def test_a_damaged_backup_touches_nothing(
    full: Register, place: str, tmp_path: Path, change: object, said: str
) -> None:
    full.export(tmp_path / "all.jsonl")
    (tmp_path / "bad").write_bytes(change((tmp_path / "all.jsonl").read_bytes()))  # type: ignore[operator]
    before = full.history()
    with pytest.raises(RegisterError, match=said):
        restore(place, tmp_path / "bad", replace=True)
    assert full.history() == before


def test_a_backup_is_not_written_over_the_register(full: Register) -> None:
    if full.database.file:
        with pytest.raises(RegisterError, match="is the register itself"):
            full.backup(full.database.file)
    assert full.check() == []


def test_what_is_packed_to_burst_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_MOST_LINE", 1 << 20)
    with gzip.open(tmp_path / "bomb.gz", "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    with pytest.raises(RegisterError, match="cannot be read as a backup"):
        restore(tmp_path, tmp_path / "bomb.gz")


def test_a_copy_that_finds_no_room_stops_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Register.open(tmp_path) as register:
        recorded(register)

        def full_disk(*_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(migrating, "copy_file", full_disk)
        with pytest.raises(RegisterError, match="the disk has no room"):
            migrating.bring_up(register.database, revisions=("r0001", "r9002"))
        assert register.check() == []


def test_a_place_that_cannot_be_written(full: Register, tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match=r"'b.gz' cannot be written"):
        full.backup(tmp_path / "nowhere" / "b.gz")
    assert not list(tmp_path.glob(".b.gz*"))


def read_all(place: Path) -> object:
    with Register.open(place) as register:
        assert register.check()
        return register.history(), register.document()


def test_a_damaged_file_is_told_and_replaced(tmp_path: Path) -> None:
    with Register.open(tmp_path) as register:
        recorded(register, *(asset(f"A{n} {'x' * 300}") for n in range(300)))
        register.backup(tmp_path / "b.gz")
        history = register.history()
    file = tmp_path / FILE
    raw = bytearray(file.read_bytes())
    raw[4096 * 2 : 4096 * 6] = b"\x5a" * (4096 * 4)
    file.write_bytes(raw)
    with pytest.raises(RegisterError, match="damaged"):
        assert read_all(tmp_path) == "never"
    kept = restore(tmp_path, tmp_path / "b.gz", replace=True)
    assert kept.copy is not None
    with Register.open(tmp_path) as register:
        assert register.history() == history
        assert register.check() == []


def test_check_finds_what_is_missing(tmp_path: Path) -> None:
    with Register.open(tmp_path) as register:
        recorded(register)
        register.decide("Lamps", 1, "operate", "Bo")
        register.decide("Lamps", 1, "operate", "Bo", expected_version=1)
        assert register.check() == []
    raw = sqlite3.connect(tmp_path / FILE)
    for name in ("journal_no_delete", "runs_no_update"):
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute("DELETE FROM journal WHERE seq = 2")
    raw.execute("UPDATE runs SET document = x'00'")
    raw.commit()
    raw.close()
    with Register.open(tmp_path) as register:
        assert register.check() == [
            "Table 'journal' has 2 rows, but its last place is 3.",
            "Of decision 'Lamps' there are 1 versions, but the last is 2.",
            "What was kept of run 1 is damaged.",
        ]
