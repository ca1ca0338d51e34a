from __future__ import annotations

import json
from pathlib import Path

import pytest

from fourwalls.diagnosis import Diagnosis
from fourwalls.figures import Estimate
from fourwalls.register import Register
from fourwalls.register.tables import FILE
from fourwalls.surfaces import tracking
from fourwalls.surfaces.page.json import to_dict
from fourwalls.surfaces.register_cli import PLACE_VARIABLE

from ..register.made import INPUTS, asset, document, estimate, reading  # noqa: TID252 - tests are no package that could be named
from . import sample
from .test_cli import Run, run, shop

__all__ = ["run", "shop"]

TASKS = [
    {"id": "map", "title": "Map the chain", "owner": "Bo", "start_day": 1, "end_day": 5},
    {"id": "fix", "title": "Fix release", "start_day": 6, "end_day": 12, "needs": ["map"]},
]


@pytest.fixture(autouse=True)
def no_other_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PLACE_VARIABLE, raising=False)


def month(n: int, share: float) -> dict[str, object]:
    lamps = asset("Lamps", readings=[reading("on_time_share", estimate(share, 0.01))])
    return document(lamps, start=f"2025-0{n}-01", end=f"2025-0{n + 1}-01", total={**lamps, "asset": {}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A portfolio with five recorded months."""
    with Register.open(tmp_path) as register:
        for n in range(1, 6):
            register.record_run(month(n, 0.8 + 0.02 * n), INPUTS, "Ada", {"on_time_share": 0.95})
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS))
    (tmp_path / "portfolio.toml").write_text("")
    return tmp_path


def test_from_a_diagnosis_to_a_decision_with_a_plan_and_its_score(run: Run, shop: Path) -> None:
    (shop / FILE).unlink(missing_ok=True)
    code, out, _ = run("diagnose", shop, "--quiet", "--record", "--who", "Ada")
    assert code == 0
    assert "Recorded: run 1." in out
    with Register.open(shop) as register:
        kept = register.run()
        name, said = next(iter(kept.verdicts.items()))
        assert {f.name for f in kept.inputs} >= {"portfolio.toml", "tables/order_lines.csv"}
        assert kept.targets["carriage_hours"] == 24
        assert register.document() == json.loads((shop / "out" / "diagnosis.json").read_text("utf-8"))
    code, out, _ = run("track", "decide", shop, name, said, "--who", "Bo")
    assert code == 0
    assert f"{name}: {said}, as the diagnosis said (run 1, version 1, Bo)" in out
    (shop / "tasks.json").write_text(json.dumps(TASKS))
    code, out, _ = run("track", "plan", shop, name, "--tasks", shop / "tasks.json", "--starts-on", "2026-01-05")
    assert code == 0
    assert "in half, by" in out
    code, out, _ = run("track", "score", shop, name)
    assert code == 0
    assert "On time" in out
    assert "No outcome of a decision is recorded yet" in out


def test_a_plan_is_followed_up_and_its_slips_are_told(run: Run, folder: Path) -> None:
    run("track", "plan", folder, "Lamps", "--tasks", folder / "tasks.json", "--starts-on", "2026-01-05")
    code, out, _ = run(
        "track", "task", folder, "Lamps", "map", "--started", "2026-01-05", "--done", "2026-01-19", "--who", "Cy"
    )
    assert code == 0
    assert "Map the chain: 10 days late (10 by taking longer itself)." in out
    assert "by waiting for Map the chain" in out
    code, out, _ = run("track", "status", folder, "--json")
    found = json.loads(out)
    assert found["plans"][0]["plan"]["milestones"][0]["state"] == "done"
    assert found["plans"][0]["schedule"]["learnt_from"] == 1


def test_the_scoreboard_and_past_verdicts(run: Run, folder: Path) -> None:
    run("track", "decide", folder, "Lamps", "operate", "--run", 1, "--who", "Bo")
    code, out, _ = run("track", "score", folder, "Lamps")
    assert code == 0
    assert "run 1 (until 1 Feb 2025) against run 5 (until 1 Jun 2025)" in out
    assert "better" in out
    assert "(missed)" in out
    code, _, err = run(
        "track", "outcome", folder, "Lamps", 90, "--low", 80, "--high", 100, "--source", "books", "--measure", "value"
    )
    assert (code, err) == (0, "")
    code, out, _ = run("track", "score", folder, "Lamps", "--json")
    found = json.loads(out)
    scores = {s["measure"]["name"]: s for s in found["scoreboard"]["scores"]}
    assert scores["on_time_share"]["change"]["value"] == pytest.approx(0.08)
    assert scores["on_time_share"]["trend"]["value"] == pytest.approx(0.02, rel=0.05)
    assert scores["conversion_share"]["now"]["refusal"]["code"] == "not_in_run"
    assert found["past_verdicts"]["compared"][0]["is_inside"] is True
    assert found["past_verdicts"]["chances"]["refusal"]["code"] == "too_few_outcomes"


def test_backup_restore_export_and_check(run: Run, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    code, out, _ = run("register", "backup", folder, tmp_path / "b.gz")
    assert (code, out.split(": ")[1]) == (0, "5 journal, 5 runs, 0 accesses, 0 users, 0 jobs\n")
    assert run("register", "restore", other, tmp_path / "b.gz")[0] == 0
    code, _, err = run("register", "restore", other, tmp_path / "b.gz")
    assert code == 2
    assert "is not empty; nothing was touched" in err
    assert "register.db.before-restore" in run("register", "restore", other, tmp_path / "b.gz", "--replace")[1]
    code, _, err = run("register", "check", other)
    assert (code, "it has no portfolio.toml" in err) == (2, True)
    (other / "portfolio.toml").write_text("")
    assert "5 entries, no gaps" in run("register", "check", other)[1]
    assert run("register", "export", other, tmp_path / "all.jsonl")[0] == 0
    code, out, _ = run("register", "show", other, "--json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [1, 2, 3, 4, 5]


def test_the_register_may_be_elsewhere(run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLACE_VARIABLE, str(tmp_path / "central.db"))
    code, _, err = run("track", "status", folder)
    assert (code, err) == (0, "")
    assert (tmp_path / "central.db").is_file()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("decide", "Lamps", "orchestrate"), "overrules it without a reason"),
        (("decide", "Lamp", "operate"), "There is no asset 'Lamp'. Did you mean 'Lamps'?"),
        (("decide", "Lamps", "operate", "--seen", "4"), "There is no decision 'Lamps' yet, but version 4"),
        (("plan", "Lamps"), "The last run has no plan for 'Lamps'"),
        (("plan", "Lamps", "--tasks", "nowhere.json"), "'nowhere.json' cannot be read as JSON"),
        (("task", "Lamps", "map", "--done", "tomorrow"), "--done is 'tomorrow', which is no day"),
        (("task", "Lamps", "map"), "There is no plan for 'Lamps'"),
        (
            ("outcome", "Lamps", "1", "--low", "2", "--high", "0", "--source", "x"),
            "The outcome 1.0 has the range 2.0 to 0.0",
        ),
        (("outcome", "Lamps", "1", "--low", "0", "--high", "2", "--source", "x"), "Nothing was decided about 'Lamps'"),
        (("score", "Lamps", "--baseline", "9"), "There is no run 9"),
    ],
)
def test_what_cannot_be_tracked(run: Run, folder: Path, command: tuple[str, ...], said: str) -> None:
    code, _, err = run("track", command[0], folder, *command[1:])
    assert code == 2
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"id": "a"}, "is no list of tasks"),
        ([{"id": "a"}], "task 'a' has no usable 'title', 'start_day', 'end_day'"),
        ([{"id": "a", "title": "A", "start_day": 1, "end_day": 2, "needs": "b"}], "no usable 'needs'"),
        ([{"id": "a", "title": "A", "start_day": 1.5, "end_day": 2}], "no usable 'start_day'"),
    ],
)
def test_tasks_that_are_none(run: Run, folder: Path, rows: object, said: str) -> None:
    (folder / "bad.json").write_text(json.dumps(rows))
    code, _, err = run("track", "plan", folder, "Lamps", "--tasks", folder / "bad.json")
    assert code == 2
    assert said in err


def test_hostile_names_are_shown_plain(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = "=1+1<b>\x1b[31m'; DROP TABLE journal;--"
    found: Diagnosis = sample.hostile()
    with Register.open(tmp_path) as register:
        register.record_run(to_dict(found), INPUTS, "Ada")
        name = found.assets[0].name
        with pytest.raises(Exception, match=r"no line breaks"):
            register.decide(name, 1, found.assets[0].verdict, bad)
        register.decide(name, 1, found.assets[0].verdict, "'; DROP TABLE journal;--", f"{bad}")
    (tmp_path / "portfolio.toml").write_text("")
    for command in (("track", "status"), ("register", "show"), ("track", "score")):
        code, out, _ = run(*command, tmp_path)
        assert code == 0
        assert "\x1b" not in out
    assert run("register", "check", tmp_path)[0] == 0


def test_scores_of_chances_are_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from fourwalls.register.scoring import score

    from ..register.test_scoring import outcome  # noqa: TID252

    monkeypatch.setenv("COLUMNS", "160")
    one = Estimate(100.0, 80.0, 120.0, "EUR")
    cases = [outcome(one, one, 0.8, n % 5 != 0) for n in range(20)] + [
        outcome(one, one, 0.3, n % 2 == 0) for n in range(10)
    ]
    tracking.show_past_verdicts(score(cases))
    out = capsys.readouterr().out
    assert "Brier score of our chances: 0.203" in out
    assert "Measured inside the predicted range: 100 %" in out
    assert "agree with what happened" in out
