"""The sheets of a pilot and its two commands."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from functools import cache
from html import unescape
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pytest
from tests.pilot.test_proposal import diagnosis as suggested

from fourwalls.diagnosis import Diagnosis
from fourwalls.pilot import Design, Evaluation, design, evaluate
from fourwalls.surfaces import cli
from fourwalls.surfaces.page import json as page_json
from fourwalls.surfaces.page import pilot as sheets
from fourwalls.surfaces.page import plots

NASTY = "<script>alert(1)</script>#let x = $ \u202eevil"


def panel(periods: int = 40, first: int = 0, effect: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(1)
    y = 50 + rng.normal(0, 5, (14, 1)) + rng.normal(size=(14, 60))
    names = [NASTY, *(f"u{i:02d}" for i in range(1, 14))]
    d = np.zeros((14, 60), dtype=int)
    d[0, 40:] = 1
    y += effect * d
    part = slice(first, first + periods)
    columns = {
        "unit": np.repeat(names, periods),
        "time": np.tile(np.arange(60)[part], 14),
        "y": y[:, part].ravel(),
        "d": d[:, part].ravel(),
    }
    return pa.table(columns)


@cache
def found() -> Evaluation:
    return evaluate(panel(50, effect=6.0), unit="unit", time="time", outcome="y", treated="d")


@cache
def planned() -> Design:
    return design(
        panel(), unit="unit", time="time", outcome="y", candidates=[NASTY, "u01"], lengths=(6,), least_windows=60, expected=0.05,
        unit_value=5.0, horizon=52, rollout_cost=100.0,
    )  # fmt: skip


@pytest.mark.parametrize("sheet", [found, planned], ids=["result", "design"])
def test_sheets_are_self_contained_and_escaped(sheet: Callable[[], Evaluation | Design]) -> None:
    page = sheets.render(sheet())
    assert "<script" not in page
    assert "\u202e" not in page
    assert not re.search(r"(src|href)\s*=", page)
    assert "alert(1)" in unescape(page)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower().replace("finance", "")
    assert 'style="' not in page  # the page's policy would drop it


@pytest.mark.parametrize("sheet", [found, planned], ids=["result", "design"])
def test_pdf_takes_text_for_text(sheet: Callable[[], Evaluation | Design]) -> None:
    assert sheets.pdf(sheet()).startswith(b"%PDF")


def test_the_sheet_says_what_the_result_says() -> None:
    page = unescape(sheets.render(found()))
    assert "A clear effect" in page
    assert sheets._num(found().effect.value) in page  # type: ignore[union-attr]
    assert all(m.label in page for m in found().methods)
    assert "Event study" in page
    assert "fw-pilot" in found()._repr_html_()
    assert "fw-pilot" in planned()._repr_html_()


def test_a_refusal_is_shown_as_one() -> None:
    few = pc.is_in(panel(46)["unit"], pa.array([NASTY, "u01", "u02"]))
    small = panel(46).filter(pc.and_(few, pc.greater_equal(panel(46)["time"], 30)))
    refused = evaluate(small, unit="unit", time="time", outcome="y", treated="d")
    page = unescape(sheets.render(refused))
    assert "Cannot tell yet" in page
    assert sheets.pdf(refused).startswith(b"%PDF")


def test_ticks_are_round() -> None:
    assert (
        plots.ticks(-0.13, 0.42) == pytest.approx([-0.1, 0.0, 0.1, 0.2, 0.3, 0.4], abs=0.06)
        or len(plots.ticks(-0.13, 0.42)) <= 6
    )
    assert plots.ticks(3, 3) == [3]
    assert plots.short(2_500_000) == "2.5m"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ran(*argv: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fourwalls", *map(str, argv)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return (code, *capsys.readouterr())

    return ran


def test_two_commands_from_history_to_result(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    history, later, out = tmp_path / "history.csv", tmp_path / "later.csv", tmp_path / "plan"
    pa_csv.write_csv(panel().drop(["d"]), history)
    pa_csv.write_csv(panel(8, 40, effect=9.0).drop(["d"]), later)
    columns = ["--unit", "unit", "--time", "time", "--outcome", "y"]
    code, said, _ = run(
        "pilot", "design", history, *columns, "--candidate", "u01", "--length", 8, "--expected", 0.1, "--out", out
    )
    assert code == 0
    assert "Sealed" in said
    assert {p.name for p in out.iterdir()} == {"plan.json", "history.csv", "design.html", "design.pdf"}
    again = ["pilot", "design", history, *columns, "--candidate", "u02", "--length", 8, "--out", out]
    code, _, said = run(*again)
    assert code == 2
    assert "holds another frozen plan" in said
    assert json.loads((out / "plan.json").read_text("utf-8"))["plan"]["treated"] == ["u01"]
    code, said, _ = run("pilot", "evaluate", later, "--plan", out)
    assert code == 0
    assert "Verdict" in said
    code, _, said = run(*again, "--replace")
    assert code == 2
    assert "on record" in said
    assert (out / "result.pdf").read_bytes().startswith(b"%PDF")
    assert '"predicted"' in (out / "record.json").read_text("utf-8")


def test_evaluate_without_a_plan(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    pa_csv.write_csv(panel(50, effect=6.0), path)
    columns = ["--unit", "unit", "--time", "time", "--outcome", "y", "--out", tmp_path / "o"]
    assert run("pilot", "evaluate", path, *columns, "--treated", "d")[0] == 0
    assert run("pilot", "evaluate", path, *columns, "--treated", "u03,u04", "--start", 45)[0] == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (
            ["evaluate", "no.csv", "--unit", "u", "--time", "t", "--outcome", "y", "--treated", "d"],
            "There is no file 'no.csv'",
        ),
        (["evaluate", "no.csv", "--plan", "nowhere"], "There is no plan 'nowhere'"),
        (["design", "{panel}", "--unit", "unit", "--time", "time"], "--outcome is missing"),
        (
            ["design", "{panel}", "--unit", "unit", "--time", "time", "--outcome", "y", "--expected", "much"],
            "allowed: one share",
        ),
        (
            ["design", "{panel}", "--unit", "unit", "--time", "time", "--outcome", "y", "--guardrail", "otif"],
            "COLUMN=NUMBER",
        ),
        (["design", "{panel}", "--unit", "unit", "--time", "time", "--outcome", "y", "--path", "hope"], "Path 'hope'"),
        (
            ["design", "{panel}", "--unit", "unit", "--time", "time", "--outcome", "y", "--expected", "3"],
            "which is +300% of the outcome",
        ),
        (["evaluate", "{panel}", "--unit", "unit", "--time", "time", "--outcome", "y"], "Nothing says who is treated"),
        (
            [
                "evaluate",
                "{panel}",
                "--unit",
                "unit",
                "--time",
                "time",
                "--outcome",
                "y",
                "--treated",
                "d",
                "--method",
                "sdd",
            ],
            "Did you mean 'sdid'",
        ),
    ],
)
def test_mistakes_are_one_sentence_and_code_2(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, argv: list[str], words: str
) -> None:
    path = tmp_path / "panel.csv"
    pa_csv.write_csv(panel(), path)
    code, _, err = run("pilot", *(str(path) if a == "{panel}" else a for a in argv))
    assert code == 2
    assert words in err
    assert "Traceback" not in err


class _Study:
    """A study of ten assets whose diagnosis suggests a pilot on the first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def diagnose(self) -> Diagnosis:
        return suggested()

    def panel(self, measure: str) -> pa.Table:
        rng = np.random.default_rng(len(measure))
        names = ["a", "b", *(f"c{i}" for i in range(8))]
        weeks = np.datetime64("2025-01-06") + 7 * np.arange(self.weeks)
        share = np.clip(0.8 + rng.normal(0, 0.02, (10, 60))[:, : self.weeks], 0, 1)
        share[0, 40:] += 0.1
        return pa.table({"asset": np.repeat(names, len(weeks)), "week": np.tile(weeks, 10), measure: share.ravel()})

    weeks = 40


def test_a_pilot_from_the_diagnosis_of_a_portfolio(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = _Study()
    monkeypatch.setattr("fourwalls.study.open", lambda *_: study)
    out = tmp_path / "plan"
    argv = ["pilot", "design", "--portfolio", tmp_path, "--out", out, "--guardrail", "fill_rate=-0.02", "--length", 8]
    code, _, err = run(*argv)
    assert code == 2
    assert "one of: a; b" in err
    code, said, _ = run(*argv, "--asset", "a")
    assert code == 0
    assert "rises from 80.0% to 88.0% in a" in said
    kept = json.loads((out / "plan.json").read_text("utf-8"))["plan"]
    assert (kept["hypothesis"]["stage"], kept["hypothesis"]["party"]) == ("fulfilment", "Own company")
    assert kept["guardrails"] == [["fill_rate", -0.02]]
    # 0.8 × 2,600 EUR a year, for a tenth of a share of about 0.8.
    assert kept["unit_value"] == pytest.approx(40 / 0.08, rel=0.02)
    study.weeks = 48
    code, said, _ = run("pilot", "evaluate", tmp_path, "--plan", out)
    assert code == 0
    assert "EXPAND THE INSIDE FIX" in said
    look = json.loads((out / "record.json").read_text("utf-8"))["looks"][0]
    assert look["predicted_money"] == pytest.approx(8 * 40, rel=0.02)
    assert look["measured_money"]["unit"] == "EUR"


def test_no_pilot_is_suggested_where_nothing_is_worth_trying(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    diagnosis = tmp_path / "diagnosis.json"
    diagnosis.write_text(page_json.dumps(suggested("leave it")), "utf-8")
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patched:
        patched.setattr("fourwalls.study.open", lambda *_: _Study())
        code, _, err = run("pilot", "design", "--portfolio", tmp_path, "--asset", "a", "--diagnosis", diagnosis)
    assert code == 2
    assert "No pilot is suggested for 'a'" in err
    assert run("pilot", "design")[0] == 2
