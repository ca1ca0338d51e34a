"""Bad days of the app: two servers on one register, no room on the disk, other versions, a clock that goes back."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from tests.register.test_strain import later
from tests.small import good

from fourwalls.errors import FourwallsError
from fourwalls.register import Register, book, journal
from fourwalls.register.connecting import Database, url_of
from fourwalls.register.migrating import bring_up
from fourwalls.surfaces import cli
from fourwalls.surfaces.web import jobs, uploading

from .conftest import ASSET, Web, serving
from .test_uploading import upload, workbook


@pytest.fixture
def two(folder: Path):
    """Two servers on one folder."""
    for one in serving(folder):
        for other in serving(folder):
            yield one, other


def runner(web: Web) -> jobs.Runner:
    found: jobs.Runner = web.client.app.state.office.runner
    return found


def register(web: Web) -> Register:
    found: Register = web.client.app.state.office.folders.first.register
    return found


def test_what_one_server_writes_the_other_shows(two: tuple[Web, Web]) -> None:
    one, other = two
    page = f"{ASSET}/decide"
    stale = other.fields(page)
    assert "Not decided yet" in other.get(ASSET).text
    assert one.send(page, verdict="operate", why="first").status_code == 303
    assert "Not decided yet" not in other.get(ASSET).text  # though it remembered the page
    late = other.send(page, verdict="leave it", why="second", expected_version=stale["expected_version"])
    assert late.status_code == 409
    assert register(other).decision("chairs").why == "first"
    assert other.send(page, verdict="leave it", why="second").status_code == 303
    assert [e.content["why"] for e in register(one).history(kinds=["decision"])] == ["first", "second"]


def test_many_decide_through_two_servers_and_none_is_lost(two: tuple[Web, Web]) -> None:
    """Each sends until it is through; every version is somebody's, and nobody's is lost."""
    barrier, through = threading.Barrier(8), []
    forms = [web.fields(f"{ASSET}/decide") for web in two]

    def decide(number: int) -> None:
        web, name = two[number % 2], f"writer {number}"
        barrier.wait()
        for _ in range(20):
            seen = register(web).decision("chairs")
            version = {"expected_version": str(seen.version if seen else 0)}
            sent = {**forms[number % 2], "verdict": "leave it", "why": name, **version}
            answer = web.client.post(f"{ASSET}/decide", data=sent, headers=web.headers, follow_redirects=False)
            if answer.status_code == 303:
                through.append(name)
                return
            assert answer.status_code == 409, answer.text

    threads = [threading.Thread(target=decide, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [e.content["why"] for e in register(two[0]).history(kinds=["decision"])]
    assert sorted(kept) == sorted(through) == [f"writer {n}" for n in range(8)]


def test_two_servers_run_each_job_once(two: tuple[Web, Web], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, real = tmp_path / "seen", subprocess.Popen
    script = f"import json, time; open({str(seen)!r}, 'a').write('x'); time.sleep(.2); print(json.dumps({{'done': 1}}))"

    def fake(_: list[str], **more: Any) -> Any:
        return real([sys.executable, "-c", script], **more)

    monkeypatch.setattr(jobs.subprocess, "Popen", fake)
    for number in range(3):
        register(two[number % 2]).desk.add_job("diagnose", {"number": number}, "ana", time.time())
    threads = [threading.Thread(target=lambda w=web: [runner(w)._one(served(w)) for _ in range(3)]) for web in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen.read_text() == "xxx"
    assert {j.state for j in register(two[0]).desk.jobs()} == {"done"}


def served(web: Web) -> Any:
    return web.client.app.state.office.folders.first


@pytest.fixture
def empty(tmp_path: Path):
    (tmp_path / "new").mkdir()
    yield from serving(tmp_path / "new")


class Full:
    """A file on a disk with room for so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, content: bytes) -> int:
        self.room -= len(content)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def test_no_room_for_an_upload_keeps_nothing_of_it(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def opened(path: Path, mode: str = "r", *args: Any, **more: Any) -> Any:
        return Full(10) if path.name == "second.csv" and "w" in mode else real(path, mode, *args, **more)

    monkeypatch.setattr(Path, "open", opened)
    answer = upload(empty, ("first.csv", b"a,b\n1,2\n"), ("second.csv", b"a,b\n" + b"1,2\n" * 100))
    assert answer.status_code == 507
    assert "There is no room left on the disk" in answer.text
    assert "Free some space" in answer.text
    # The first had room: still, all of it or nothing.
    assert list((empty.folder / "uploads").iterdir()) == []
    assert not (empty.folder / "portfolio.toml").exists()


def test_no_room_while_a_workbook_is_unpacked(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def sheets(_: Path) -> list[Path]:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(uploading, "sheets", sheets)
    answer = upload(empty, ("book.xlsx", workbook([["a"], [1]])))
    assert answer.status_code == 507
    assert "Disk quota exceeded" in answer.text
    assert list((empty.folder / "uploads").iterdir()) == []


def test_no_room_to_receive_it_at_all(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent first lies in the system's own place for files, which can be full too."""

    async def form(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    token = empty.token("/p/new/upload")
    monkeypatch.setattr("starlette.requests.Request.form", form)
    files = [("files", ("a.csv", b"a,b\n1,2\n", "text/csv"))]
    answer = empty.client.post("/p/new/upload", data={"form_token": token}, files=files, headers=empty.headers)
    assert answer.status_code == 507
    assert "There is no room left on the disk" in answer.text


def test_an_older_register_is_brought_up_when_the_app_opens_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Register.open(folder) as before:
        before.decide("chairs", 1, "operate", "ana", "so")
    scripts, revisions = later(tmp_path)
    monkeypatch.setattr(book, "bring_up", partial(bring_up, scripts=scripts, revisions=revisions))
    for web in serving(folder):
        assert "Decided:" in web.get(ASSET).text
        assert web.send(f"{ASSET}/decide", verdict="leave it", why="later").status_code == 303
    assert [p.name for p in folder.glob("register.db.before-*")] == ["register.db.before-r0001"]


def test_a_newer_register_is_refused_in_words(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(url_of(folder))
    bring_up(database, *later(tmp_path))
    database.close()
    with pytest.raises(FourwallsError, match="written by a newer fourwalls"):
        next(serving(folder))
    monkeypatch.setattr(sys, "argv", ["fourwalls", "serve", str(folder)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "written by a newer fourwalls" in told
    assert "Install the newer fourwalls" in told
    assert "Traceback" not in told


def test_a_register_that_became_newer_while_served_is_told_on_the_page(folder: Path, tmp_path: Path) -> None:
    """Of several folders the others are opened later: each tells for itself."""
    other = good().write(tmp_path / "other")
    Register.open(other).close()
    database = Database(url_of(other))
    bring_up(database, *later(tmp_path))
    database.close()
    for web in serving(folder):
        served(web)._register.close()
        served(web)._register, served(web).folder = None, other
        answer = web.get("/p/shop/register")
        assert answer.status_code == 400
        assert "written by a newer fourwalls" in answer.text


def test_a_clock_that_goes_back_ends_no_session_and_changes_no_order(
    guarded: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded.log_in("decider")
    page = f"{ASSET}/decide"
    assert guarded.send(page, verdict="operate", why="before").status_code == 303
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3 * 86400)
    monkeypatch.setattr(journal, "now", lambda: "2020-01-01T00:00:00.000+00:00")
    guarded.client.app.state.office.access._seen.clear()  # as a second later
    assert guarded.send(page, verdict="leave it", why="after").status_code == 303
    found = guarded.get("/p/shop/register?kind=decision").text
    assert found.index("after") < found.index("before")  # latest first, by place and not by clock
    assert "2020-01-01" in found
    assert register(guarded).decision("chairs").why == "after"
    assert guarded.send(page, to="/p/shop/runs").status_code == 303
    listed = json.loads(guarded.get("/api/portfolios/shop/jobs/1").text)
    assert listed["state"] == "queued"
    assert register(guarded).desk.take_job("me", time.time(), time.time() - jobs.STALE_SECONDS) is not None
    # A new session ends when its time has passed by the clock of the day.
    guarded.log_in("decider")
    monkeypatch.setattr(time, "time", lambda: real() + 86400)
    guarded.client.app.state.office.access._seen.clear()
    assert re.match("/login", guarded.get(ASSET).headers["location"])
