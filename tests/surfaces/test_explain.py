"""`fourwalls explain` in a terminal and as JSON: text of the data stays text."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console
from tests import small
from tests.surfaces import sample
from typer.testing import CliRunner

from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import PortfolioError
from fourwalls.explaining import Explanation, Input
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import check_form, numbers
from fourwalls.surfaces.cli import app
from fourwalls.surfaces.explain_terminal import as_plain, show

BAD = "\x1b[31m[bold]x[/bold]\u202eevil\n<script>"


def told(found: Explanation) -> str:
    sink = io.StringIO()
    show(found, Console(file=sink, width=120, force_terminal=False))
    return sink.getvalue()


def test_text_of_the_data_steers_nothing() -> None:
    rows = pa.table({BAD: [BAD, BAD], "n": [1.23456789, 2.0], "empty": pa.array([None, None], pa.string())})
    value = Estimate(0.1, 0.05, 0.2, "share")
    found = Explanation(
        BAD, BAD, value, BAD, (Input(BAD, Refusal("x", BAD, BAD, BAD)),), 3, "/a/0", BAD, f"SELECT\n  '{BAD}'", rows, 9
    )
    text = told(found)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold]" in text
    assert "and 3 more" in text
    assert "First 2 of 9" in text
    assert "empty" not in text
    assert json.loads(json.dumps(as_plain(found)))["inputs"][0]["value"]["refusal"]["code"] == "x"


def test_the_command_explains_and_refuses(tmp_path: Path) -> None:
    folder = small.good().write(tmp_path / "shop")
    done = CliRunner().invoke(app, ["explain", "portfolio.gap.missed", str(folder)])
    assert done.exit_code == 0
    for words in ("portfolio.gap.missed", "Lines late, overdue or cancelled", "Query", "SELECT", "First 5 of"):
        assert words in done.output
    given = json.loads(
        CliRunner().invoke(app, ["explain", "portfolio.n_lines", str(folder), "--json", "--most", "2"]).output
    )
    assert given["value"] == given["in_all"] == 300
    assert len(given["records"]) == 2
    failed = CliRunner().invoke(app, ["explain", "portfolio.gap.mised", str(folder)])
    assert isinstance(failed.exception, PortfolioError)
    with pytest.raises(PortfolioError, match="Did you mean 'missed'"):
        raise failed.exception


def test_a_mistake_is_told_before_any_table_is_read(tmp_path: Path) -> None:
    folder = small.good().write(tmp_path / "shop")
    (folder / "tables" / "order_lines.csv").write_text("not a table")
    for asked in ("portfolio.gap.mised", "some.pths.operate.value", "portfolio.paths.operate"):
        with pytest.raises(PortfolioError, match=r"There is no number|is no number but has some"):
            check_form(asked)
        failed = CliRunner().invoke(app, ["explain", asked, str(folder)])
        assert isinstance(failed.exception, PortfolioError), failed.exception


def test_an_unchanged_folder_knows_its_numbers_from_the_last_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small.good().write(tmp_path / "shop")
    CliRunner().invoke(app, ["diagnose", str(folder)])
    monkeypatch.setattr("fourwalls.study.Study.diagnose", lambda _: pytest.fail("the diagnosis was made again"))
    failed = CliRunner().invoke(app, ["explain", "portfolo.gap.missed", str(folder)])
    assert isinstance(failed.exception, PortfolioError)
    with pytest.raises(PortfolioError, match=r"portfolio\.gap\.missed"):
        raise failed.exception


def _keep_from_another_data(folder: Path, tmp_path: Path) -> list[str]:
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.csv").write_text("x\n1\n")
    return ["--data", str(other)]


def _change_portfolio(folder: Path, tmp_path: Path) -> list[str]:
    place = folder / "portfolio.toml"
    before = place.stat()
    place.write_text(place.read_text("utf-8") + "\n# another\n", "utf-8")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))  # older than the last result, as a restored file is
    return []


def _bring_a_result_of_another_folder(folder: Path, tmp_path: Path) -> list[str]:
    other = small.good().write(tmp_path / "elsewhere")
    toml = other / "portfolio.toml"
    toml.write_text(toml.read_text("utf-8") + "\n# elsewhere\n", "utf-8")
    CliRunner().invoke(app, ["diagnose", str(other)])
    shutil.copytree(other / ".fourwalls", folder / ".fourwalls", dirs_exist_ok=True)
    return []


@pytest.mark.parametrize("change", [_keep_from_another_data, _change_portfolio, _bring_a_result_of_another_folder])
def test_a_result_made_from_other_files_is_not_believed(
    change: Callable[[Path, Path], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small.good().write(tmp_path / "shop")
    assert CliRunner().invoke(app, ["diagnose", str(folder)]).exit_code == 0
    further = change(folder, tmp_path)
    # An id that the last result does not have may be one of the new: nothing is refused before it is found.
    monkeypatch.setattr("fourwalls.explaining.no_such_number", lambda *_: pytest.fail("an old result was believed"))
    done = CliRunner().invoke(app, ["explain", "portfolio.n_lines", str(folder), *further])
    assert done.exit_code == 0, done.output
    assert "The last result was made from other files" in done.stderr
    assert "everything is found anew" in done.stderr
    again = CliRunner().invoke(app, ["explain", "portfolio.n_lines", str(folder), "--json", *further])
    assert json.loads(again.stdout)["value"] == 300


@pytest.mark.parametrize("make", [sample.usual, sample.priced, sample.shelves_only, sample.refused, sample.hostile])
def test_every_id_there_is_has_a_form(make: Callable[[], Diagnosis]) -> None:
    for name in numbers(make()):
        check_form(name)


def test_steps_and_parts_are_told(tmp_path: Path) -> None:
    folder = small.good().write(tmp_path / "shop")
    for name, words in (
        ("portfolio.gap.residual", ("Step by step", "less what cannot be traced", "together")),
        ("portfolio.gap.missed", ("“part” is each record's part in the number", "add up to")),
    ):
        done = CliRunner().invoke(app, ["explain", name, str(folder)])
        assert all(w in done.output for w in words), done.output
