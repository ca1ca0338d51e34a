"""Runs in processes of their own: done, failed, stopped, crashed, and taken up again after a restart."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.small import good

from fourwalls import pilot
from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import FourwallsError, PanelError
from fourwalls.pilot.plan import Hypothesis
from fourwalls.register import Register
from fourwalls.stakes import Worth
from fourwalls.study import Study
from fourwalls.surfaces import serve_cli
from fourwalls.surfaces.cli import app
from fourwalls.surfaces.web import jobs, worker
from fourwalls.surfaces.web.folders import Folders
from fourwalls.surfaces.web.keeping import read_result

from .conftest import ASSET, PASSWORD, TOML, Web, serving

FAKE = "import sys, json, time, os, signal\n"


@pytest.fixture
def runner(folder: Path) -> jobs.Runner:
    return jobs.Runner(Folders({"shop": folder}))


def done_by(runner: jobs.Runner, monkeypatch: pytest.MonkeyPatch, script: str, *, stop_after: float = 0.0):
    """The job once a program in the place of the worker has run."""
    real = subprocess.Popen

    def fake(command: list[str], **more: object) -> subprocess.Popen[str]:
        return real([sys.executable, "-c", FAKE + script], **more)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(jobs.subprocess, "Popen", fake)
    monkeypatch.setattr(jobs, "_BEAT_SECONDS", 0.05)
    served = runner._folders.first
    job = runner.add(served, "ana")
    desk = served.register.desk
    if stop_after:
        real_beat = desk.beat

        def beat(*given: object):
            if time.monotonic() > begun + stop_after:
                desk.cancel_job(job.id)
            return real_beat(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(desk, "beat", beat)
    begun = time.monotonic()
    assert runner._one(served)
    return desk.job(job.id)


def test_done_and_how_far(runner: jobs.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "print(json.dumps({'step': 'reading signals and tests'}), flush=True)\ntime.sleep(.3)\nprint(json.dumps({'done': 7}))"
    found = done_by(runner, monkeypatch, script)
    assert (found.state, found.result, found.step) == ("done", {"done": 7}, "reading signals and tests")
    assert 0.8 < found.progress < 1


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("print(json.dumps({'error': 'no such table', 'remedy': 'add it'})); sys.exit(2)", "no such table"),
        ("sys.exit(3)", "ended unexpectedly (code 3)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended unexpectedly (code -9)"),
        ("x = bytearray(10**15)", "ended unexpectedly (code 1)"),
        ("print('no json'); print('[1]'); sys.stdout.write('x' * 10**6)", "ended unexpectedly (code 0)"),
    ],
)
def test_failed_and_why(runner: jobs.Runner, monkeypatch: pytest.MonkeyPatch, script: str, told: str) -> None:
    found = done_by(runner, monkeypatch, script)
    assert found.state == "failed"
    assert told in found.result["error"]
    assert found.result["remedy"]


def test_stopped(runner: jobs.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.monotonic()
    found = done_by(runner, monkeypatch, "time.sleep(60)", stop_after=0.1)
    assert found.state == "cancelled"
    assert time.monotonic() - begun < 30


def test_the_same_twice_is_one(runner: jobs.Runner) -> None:
    served = runner._folders.first
    assert runner.add(served, "a").id == runner.add(served, "b").id
    assert runner.add(served, "a", "pilot", {"name": "x"}).id == 2


def test_what_a_dead_worker_left_is_taken_up(runner: jobs.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    served = runner._folders.first
    job = runner.add(served, "ana")
    long_ago = time.time() - jobs.STALE_SECONDS - 1
    assert served.register.desk.take_job("dead", long_ago, 0.0, jobs.KINDS).id == job.id
    assert done_by(runner, monkeypatch, "print(json.dumps({'done': 1}))").id == job.id
    assert served.register.desk.job(job.id).state == "done"


def test_what_another_is_at_is_left_alone(runner: jobs.Runner) -> None:
    served = runner._folders.first
    runner.add(served, "ana")
    served.register.desk.take_job("alive", time.time(), 0.0, jobs.KINDS)
    assert not runner._one(served)


def test_a_real_run_from_the_form_to_the_result(tmp_path: Path) -> None:
    made = good()
    made.toml += "\n[verdict]\nleast_lines = 20\n"
    folder = made.write(tmp_path / "shop")
    for web in serving(folder, works=True):
        assert web.send("/p/shop/runs").status_code == 303
        waited = time.monotonic() + 120
        while web.get("/api/portfolios/shop/jobs/1").json()["state"] in ("queued", "running"):
            assert "hx-get" in web.get("/p/shop/runs").text
            assert time.monotonic() < waited
            time.sleep(0.3)
        assert web.get("/api/portfolios/shop/jobs/1").json()["result"] == {"done": 1}
        assert 'class="w-map"' in web.get("/p/shop").text or "nothing here is priced" in web.get("/p/shop").text
    assert read_result(folder) is not None


def test_what_the_command_line_found_is_not_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small(tmp_path / "shop")
    app(["diagnose", str(folder), "--quiet"], standalone_mode=False)
    found = read_result(folder)
    assert (found.run, found.is_whole) == (0, False)
    for web in serving(folder):
        assert "run 1" in web.get("/p/shop").text
        assert "Its records are being looked up" in web.get("/p/shop/numbers/chairs.n_lines").text
        assert web.send(f"{ASSET}/decide", verdict="operate", why="so", expected_version="0").status_code == 303
        runner = web.client.app.state.office.runner
        for _ in range(2):
            runner._complete(web.client.app.state.office.folders.first)
        assert [j.who for j in web.client.app.state.office.folders.first.register.desk.jobs()] == ["command line"]
    # What the command line did not look up is looked up, and the run stays the run.
    assert worker.diagnose(folder, None, "ana", lambda _: None) == 1
    assert read_result(folder).is_whole
    monkeypatch.setattr(Study, "diagnose", None)  # finding it again would fail
    assert worker.diagnose(folder, None, "ana", lambda _: None) == 1
    with Register.open(folder) as register:
        assert [(r.id, r.who) for r in register.runs()] == [(1, "command line")]
    # A register that was lost gets the run anew.
    for path in folder.glob("register.db*"):
        path.unlink()
    assert worker.diagnose(folder, None, "ana", lambda _: None) == 1
    with Register.open(folder) as register:
        assert [(r.id, r.who) for r in register.runs()] == [(1, "ana")]
    toml = folder / "portfolio.toml"
    toml.write_text(toml.read_text().replace("fulfilment_hours = 10", "fulfilment_hours = 11"))
    with pytest.raises(TypeError):
        worker.diagnose(folder, None, "ana", lambda _: None)


def test_a_mistake_in_the_folder_fails_with_its_remedy(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = good()
    made.drop("ordered_at")
    folder = made.write(tmp_path / "shop")
    answer = subprocess.run(
        [sys.executable, "-m", "fourwalls.surfaces.web.worker", str(folder), "ana"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "needs column 'ordered_at'" in answer.stdout.splitlines()[-1]
    assert "Traceback" not in answer.stderr


@pytest.fixture
def address(cluster: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of an empty schema, named in the environment as people do."""
    named = f"{cluster}&schema=s{uuid.uuid4().hex}"
    monkeypatch.setenv("FOURWALLS_REGISTER", named)
    return named


def small(folder: Path) -> Path:
    made = good()
    made.toml += TOML
    return made.write(folder)


def run_by(folders: Folders, name: str) -> None:
    """A true run by the true worker."""
    runner = jobs.Runner(folders)
    job = runner.add(folders[name], "ana")
    assert runner._one(folders[name])
    found = folders[name].register.desk.job(job.id)
    assert (found.state, found.result) == ("done", {"done": 1})


def test_a_run_is_kept_where_the_app_keeps_it(address: str, tmp_path: Path) -> None:
    folders = Folders({"shop": small(tmp_path / "shop")})
    run_by(folders, "shop")
    assert [e.kind for e in folders.first.register.history()] == ["run"]
    assert not (tmp_path / "shop" / "register.db").exists()
    folders.close()
    with Register.open(address) as register:
        assert register.history()[0].who == "ana"


def test_of_several_folders_each_keeps_its_own_runs(address: str, tmp_path: Path) -> None:
    folders = Folders({n: small(tmp_path / n) for n in ("shop", "store")})
    run_by(folders, "store")
    folders.close()
    with Register.open(tmp_path / "store") as register:
        assert [e.kind for e in register.history()] == ["run"]
    with Register.open(address) as register:
        assert register.history() == []


def test_users_are_added_where_the_app_looks_for_them(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small(tmp_path / "shop")
    monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
    serve_cli.users_add(folder, "ana", "decider")
    assert not (folder / "register.db").exists()
    for web in serving(folder, is_login_wanted=True):
        assert web.log_in("ana").headers["location"] == "/"


def test_nothing_to_run(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for web in serving(tmp_path / "shop"):
        assert web.send("/p/shop/runs").status_code == 400


def test_an_own_process_group_is_ended(tmp_path: Path) -> None:
    script = "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(p.pid, flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    jobs.end(process)
    process.stdout.close()
    for _ in range(50):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        os.kill(child, signal.SIGKILL)
        raise AssertionError("it still runs")


def test_steps_go_forward() -> None:
    told = [
        "reading order_lines",
        "checking products",
        "fetching late, overdue and cancelled lines",
        "reading signals and tests",
        "recording the run",
    ]
    far = [jobs.how_far(t) for t in told]
    assert far == sorted(far)
    assert 0 < far[0] < far[-1] < 1
    assert jobs.how_far("something new") == 0


def test_a_pilot_is_designed_and_frozen(tmp_path: Path, folder: Path) -> None:
    # Three assets carry no pilot: it is told, and nothing is left behind.
    with pytest.raises(FourwallsError):
        worker.design_pilot(folder, None, "ana", {**ASKED, "outcome": "otif_share"}, lambda _: None)
    assert not (folder / "pilots").exists()
    with Register.open(folder) as register:
        assert register.pilots() == []


def test_a_pilot_knows_what_the_diagnosis_expects_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suggested, seen = SimpleNamespace(measure="on_time_share"), []

    def noted(panel: object, proposal: object, **_: object) -> None:
        seen.append((panel.column_names, proposal))  # type: ignore[attr-defined]
        raise PanelError("Enough.", "Nothing.")

    monkeypatch.setattr(pilot, "propose", lambda found, asset: suggested if asset in found_in(found) else None)
    monkeypatch.setattr(pilot, "design_proposed", noted)
    with pytest.raises(PanelError, match="Enough"):
        worker.design_pilot(
            folder, None, "ana", {"name": "chairs", "asset": "chairs", "outcome": "otif_share"}, lambda _: None
        )
    assert seen == [(["asset", "week", "on_time_share"], suggested)]


def designed(recommendation: str) -> SimpleNamespace:
    """A design as the sheet would tell it."""
    plan = pilot.Plan(
        Hypothesis("operate", "fulfilment", "Us", 0.03, "It helps."), "asset", "week", "on_time_share", ("chairs",),
        ("lamps", "tables"), (), "", 8, 12, (4,), "did", 0.9, 0.01, 0.02, 0.03, 0.9, 0.1, 20, (),
        None, "EUR", ("rule",), ("stop",), 1, "0" * 64,
    )  # fmt: skip
    worth = Worth(900.0, 0.0, 100.0, 10.0, 5.0, recommendation, 0.97, f"{recommendation}: expected 900 EUR.", "EUR")  # type: ignore[arg-type]
    return SimpleNamespace(plan=plan, worth=worth, history="asset,week\n")


ASKED = {
    "name": "chairs", "asset": "chairs", "candidate": "chairs", "outcome": "on_time_share", "path": "operate",
    "stage": "fulfilment", "party": "Us",
}  # fmt: skip


@pytest.mark.parametrize("recommendation", ["act without a pilot", "pilot"])
def test_a_pilot_its_sheet_is_against_needs_a_reason(
    web: Web, recommendation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pilot, "propose", lambda *_: SimpleNamespace(measure="on_time_share"))
    monkeypatch.setattr(pilot, "design_proposed", lambda *_, **__: designed(recommendation))
    monkeypatch.setattr("fourwalls.surfaces.page.pilot.render", lambda _: "<p>the sheet")
    monkeypatch.setattr("fourwalls.surfaces.page.pilot.pdf", lambda _: b"%PDF")
    assert worker.design_pilot(web.folder, None, "ana", ASKED, lambda _: None) == "chairs"
    register = web.client.app.state.office.folders.first.register
    assert "the sheet" in web.get("/p/shop/pilots/chairs/design").text
    if recommendation == "pilot":
        assert [(p.name, p.why) for p in register.pilots()] == [("chairs", "")]
        return
    assert register.pilots() == []
    give = {"to": "/p/shop/pilots/chairs/freeze", "form_token": web.token("/p/shop/runs")}
    silent = web.send("/p/shop/pilots", **give, why=" ")
    assert silent.status_code == 400
    assert "advises against it" in silent.text
    assert register.pilots() == []
    assert web.send("/p/shop/pilots", **give, why="the <board> wants it").status_code == 303
    text = web.get("/p/shop/pilots").text
    assert "Against the advice of its sheet" in text
    assert "the &lt;board&gt; wants it" in text
    assert "against the advice of its sheet" in web.get("/p/shop/register").text
    assert web.send("/p/shop/pilots", **{**give, "to": "/p/shop/pilots/none/freeze"}, why="x").status_code == 404


def test_a_pilot_is_judged_in_the_browser(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frozen plan, the measures it names, the panel of now; what is found is kept beside the plan and shown."""
    monkeypatch.setattr(pilot, "propose", lambda *_: SimpleNamespace(measure="on_time_share"))
    monkeypatch.setattr(pilot, "design_proposed", lambda *_, **__: designed("pilot"))
    monkeypatch.setattr("fourwalls.surfaces.page.pilot.render", lambda _: "<p>the result sheet")
    monkeypatch.setattr("fourwalls.surfaces.page.pilot.pdf", lambda _: b"%PDF")
    worker.design_pilot(web.folder, None, "ana", ASKED, lambda _: None)
    assert "Judge it on the records of now" in web.get("/p/shop/pilots").text
    assert web.send("/p/shop/pilots", to="/p/shop/pilots/chairs/judge").status_code == 303
    register = web.client.app.state.office.folders.first.register
    assert [(j.kind, j.content) for j in register.desk.jobs(("queued",))] == [("judge", {"name": "chairs"})]
    none = {"to": "/p/shop/pilots/none/judge", "form_token": web.token("/p/shop/pilots")}
    assert web.send("/p/shop/pilots", **none).status_code == 404
    # The truth first: records that end before the pilot begins cannot judge it.
    with pytest.raises(FourwallsError):
        worker.judge_pilot(web.folder, None, "ana", "chairs", lambda _: None)
    assert register.pilots()[0].result is None
    seen = []

    def judged(place: Path, later: object) -> object:
        seen.append((place.name, later.column_names, later.num_rows))  # type: ignore[attr-defined]
        return SimpleNamespace()

    told = {"answer": "scale", "sentence": "It helped."}
    monkeypatch.setattr(pilot, "judge", judged)
    monkeypatch.setattr("fourwalls.register.records.pilot_told", lambda _: told)
    monkeypatch.setattr("fourwalls.pilot.record.recorded", lambda *_: "{}")
    assert worker.judge_pilot(web.folder, None, "bo", "chairs", lambda _: None) == "chairs"
    assert seen[0][:2] == ("chairs", ["asset", "week", "on_time_share"])
    assert seen[0][2] > 0
    assert (register.pilots()[0].result, register.pilots()[0].version) == (told, 2)
    assert "It helped." in web.get("/p/shop/pilots").text
    assert "the result sheet" in web.get("/p/shop/pilots/chairs/result").text


def found_in(found: Diagnosis) -> list[str]:
    return [a.name for a in found.assets]


def test_a_pilot_the_records_do_not_carry_is_not_asked_for(web: Web) -> None:
    answer = web.send(
        "/p/shop/pilots", to="/p/shop/pilots/design", form_token=web.token("/p/shop/runs"), asset="chairs"
    )
    assert answer.status_code == 400
    assert "No pilot can be run on chairs" in answer.text
