"""What a register must stand: a crowd, a kill, a full disk, a clock that goes back, a folder that goes away."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.register import crowded
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from fourwalls.errors import FourwallsError, RegisterError
from fourwalls.register import Register, journal
from fourwalls.register.connecting import Database, url_of
from fourwalls.register.migrating import SCRIPTS, bring_up
from fourwalls.register.tables import FILE, REVISIONS

from .made import asset, recorded

ROOT = Path(__file__).parents[2]
ADDED = '''"""A later version, for the test."""

import sqlalchemy as sa
from alembic import op

revision = "r9002"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("users", sa.Column("mail", sa.Text, nullable=True))
    {more}
'''


def test_a_hundred_writers_at_once(place: str) -> None:
    found = crowded(place, 100, persistent=25)
    assert found["first_winners"] == 1
    assert (found["lost"], found["unsound"]) == (0, False)
    assert found["versions"] == 100 - found["gave_up"]
    assert found["versions"] in (25, 26)
    assert found["overtaken"] >= 99


def strained(*command: object) -> dict[str, dict[str, int]]:
    """What the benchmark found; in a process of its own, which may fork."""
    run = [sys.executable, "-m", "benchmarks.register", *map(str, command)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    assert all((part["lost"], part["unsound"]) == (0, 0) for part in found.values())
    return found


def test_killed_while_writing(place: str) -> None:
    kills = 20 if "://" not in place else 8
    found = strained("--kills", kills, "--makes", 0, "--writers", 0, "--place", place)["killed"]
    assert found["kills"] == kills
    assert found["told"] >= kills


def test_killed_while_made_and_while_restored() -> None:
    found = strained("--kills", 0, "--makes", 6, "--writers", 0)
    assert found["killed_while_restored"]["old"] + found["killed_while_restored"]["new"] == 6
    assert found["killed_while_made"]["kills"] == 6


def test_two_servers_see_each_other_and_share_the_queue(place: str) -> None:
    with Register.open(place) as one, Register.open(place) as two:
        recorded(one)
        two.decide("Lamps", 1, "operate", "Bo")
        assert one.decisions() == two.decisions()
        jobs = [one.desk.add_job("diagnose", {}, "Bo", 1.0).id for _ in range(20)]
        taken: dict[str, list[int]] = {"one": [], "two": []}

        def work(name: str, register: Register) -> None:
            while job := register.desk.take_job(name, 2.0, 0.0):
                taken[name].append(job.id)

        threads = [threading.Thread(target=work, args=pair) for pair in (("one", one), ("two", two))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken["one"] + taken["two"]) == jobs


def test_a_server_that_was_restarted_is_found_again(cluster: str) -> None:
    name = f"s{uuid.uuid4().hex}"
    with Register.open(f"{cluster}&schema={name}") as register, Register.open(f"{cluster}&schema={name}") as other:
        recorded(register)
        with other.database.reading() as connection:
            cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'fw'"
            assert connection.exec_driver_sql(cut).scalar()
        register.decide("Lamps", 1, "operate", "Bo")
        assert register.check() == []


def test_many_open_a_new_register_at_once(place: str) -> None:
    barrier, failed = threading.Barrier(8), []

    def open_it() -> None:
        barrier.wait()
        try:
            Register.open(place).close()
        except FourwallsError as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with Register.open(place) as register:
        assert register.check() == []


def test_a_full_disk_keeps_what_was_there(tmp_path: Path) -> None:
    with Register.open(tmp_path) as register:
        recorded(register)
        before = register.history()
        raw = sqlite3.connect(tmp_path / FILE)
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
        raw.close()
    with Register.open(tmp_path) as register:
        engine = register.database._engine
        event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {pages + 2}"))
        engine.dispose()
        with pytest.raises(RegisterError, match=r"full: the disk has no room. Nothing of this change was kept"):
            recorded(register, *(asset(f"{hashlib.sha256(bytes([n])).hexdigest() * 9}"[:400]) for n in range(250)))
        assert register.history() == before
    with Register.open(tmp_path) as register:
        assert register.check() == []
        recorded(register)


def test_a_clock_that_goes_back_changes_no_order(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(["2026-05-02T00:00:00.000+00:00", "2026-05-01T00:00:00.000+00:00", "2020-01-01T00:00:00.000+00:00"])
    monkeypatch.setattr(journal, "now", lambda: next(clock))
    recorded(register)
    register.decide("Lamps", 1, "operate", "Bo")
    register.decide("Lamps", 1, "orchestrate", "Cy", "later", expected_version=1)
    history = register.history()
    assert [e.seq for e in history] == [1, 2, 3]
    assert [e.at for e in history] == sorted((e.at for e in history), reverse=True)
    decision = register.decision("Lamps")
    assert decision is not None
    assert (decision.who, decision.version) == ("Cy", 2)


def test_a_folder_that_is_deleted_while_open(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with Register.open(folder) as register:
        recorded(register)
        shutil.rmtree(folder)
        for act in (register.history, lambda: register.decide("Lamps", 1, "operate", "Bo")):
            with pytest.raises(RegisterError, match=r"no longer there.*not kept"):
                act()
        assert not folder.exists()
        folder.mkdir()
        Register.open(folder).close()
        assert register.history() == []


def test_a_file_that_is_put_in_place_anew_while_open(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    Register.open(tmp_path / "other").close()
    with Register.open(tmp_path) as register:
        recorded(register)
        (tmp_path / "other" / FILE).replace(tmp_path / FILE)
        for ending in ("-wal", "-shm"):
            (tmp_path / (FILE + ending)).unlink(missing_ok=True)
        with pytest.raises(RegisterError, match="put in place anew while in use"):
            register.decide("Lamps", 1, "operate", "Bo")
        assert register.history() == []


def test_a_folder_that_is_deleted_between_writing_and_keeping(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with Register.open(folder) as register:
        with pytest.raises(RegisterError, match="no longer there"):
            write_and_delete(register, folder)
        assert not folder.exists()


def write_and_delete(register: Register, folder: Path) -> None:
    with register.database.writing() as connection:
        journal.append(connection, "note", "x", "Bo", {}, 0)
        shutil.rmtree(folder)


def later(tmp_path: Path, more: str = "") -> tuple[Path, tuple[str, ...]]:
    """The migrations of a version to come."""
    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "r9002_later.py").write_text(ADDED.format(before=REVISIONS[-1], more=more))
    return scripts, (*REVISIONS, "r9002")


def columns(database: Database, schema: str = "") -> int:
    with database.reading() as connection:
        return len(connection.exec_driver_sql(f"SELECT * FROM {schema}users").keys())


def test_an_older_register_is_migrated_after_a_copy(place: str, tmp_path: Path) -> None:
    with Register.open(place) as register:
        recorded(register)
        before = register.history()
    database = Database(url_of(place))
    copy = bring_up(database, *later(tmp_path))
    assert copy is not None
    assert columns(database) == 7
    assert bring_up(database, *later(tmp_path / "again")) is None
    if database.file:
        database.close()
        with Register.open(database.file.with_name(copy).rename(tmp_path / "old.db")) as old:
            assert old.history() == before
    else:
        assert columns(database, f"{copy}.") == 6
        database.close()


def test_a_migration_that_fails_leaves_the_register_as_it_was(place: str, tmp_path: Path) -> None:
    with Register.open(place) as register:
        recorded(register)
        before = register.history()
    database = Database(url_of(place))
    with pytest.raises(RegisterError):
        bring_up(database, *later(tmp_path, 'op.execute("SELECT no_such_column FROM users")'))
    database.close()
    with Register.open(place) as register:
        assert register.history() == before
        assert columns(register.database) == 6


def test_a_newer_register_is_not_touched(place: str, tmp_path: Path) -> None:
    Register.open(place).close()
    database = Database(url_of(place))
    bring_up(database, *later(tmp_path))
    database.close()
    sha = hashlib.sha256(database.file.read_bytes()).hexdigest() if database.file else ""
    with pytest.raises(RegisterError, match=r"newer fourwalls: its tables are of version r9002.*Nothing was touched"):
        Register.open(place)
    assert not database.file or hashlib.sha256(database.file.read_bytes()).hexdigest() == sha


def test_known_revisions_are_those_that_ship() -> None:
    assert sorted(p.name.split("_")[0] for p in (SCRIPTS / "versions").glob("r*.py")) == sorted(REVISIONS)


acts = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.sampled_from(["operate", "orchestrate", "nonsense"]), st.integers(0, 6), st.text(max_size=8)),
        st.tuples(st.just("run")),
        st.tuples(st.just("user"), st.text(max_size=5)),
        st.tuples(st.just("fail")),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(steps=acts)
def test_whatever_is_done_history_only_grows(shelf: Register, steps: list[tuple[str, ...]]) -> None:
    before = shelf.history()
    for kind, *given_ in steps:
        try:
            if kind == "run":
                recorded(shelf)
            elif kind == "decide":
                shelf.decide("Lamps", 1, given_[0], given_[2], given_[2], expected_version=int(given_[1]))
            elif kind == "user":
                shelf.desk.add_user(given_[0], "reader", None)
            else:
                fail_half_way(shelf)
        except RegisterError:
            assert shelf.history() == before
        after = shelf.history()
        assert after[: len(before)] == before
        assert len(after) <= len(before) + 1
        assert [e.seq for e in after] == list(range(1, len(after) + 1))
        before = after
    assert shelf.check() == []


def fail_half_way(register: Register) -> None:
    with register.database.writing() as connection:
        journal.append(connection, "note", f"half {len(journal.past(connection))}", "Bo", {}, 0)
        raise RegisterError("Stopped half way.", "")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    with Register.open(tmp_path_factory.mktemp("shelf")) as register:
        recorded(register)
        yield register
