"""Values, switches and worths of knowing, and the plan, from the command line."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from fourwalls import worlds
from fourwalls.figures import Estimate
from fourwalls.study import Study
from fourwalls.study import open as open_study
from fourwalls.surfaces import cli, value_cli

from .. import small  # noqa: TID252 - tests are no package that could be named

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: exit code, what it printed, what it complained about."""
    monkeypatch.setenv("COLUMNS", "160")

    def ran(*argv: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["fourwalls", *map(str, argv)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return (code, *capsys.readouterr())

    return ran


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A retailer whose orders alone are kept, looked at once for all tests."""
    folder = tmp_path_factory.mktemp("value") / "shop"
    worlds.make("orders_only", folder, lines=2000)
    with open_study(folder) as study:
        yield study


@pytest.fixture
def world(read_once: Study, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its folder; commands find the study open."""
    monkeypatch.setattr(cli, "_study", lambda *_: nullcontext(read_once))
    return read_once.portfolio.folder


def test_values_add_up_and_name_what_decides(run: Run, world: Path) -> None:
    code, out, err = run("value", world, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assets = told["assets"]
    paths = [p for a in assets for p in a["paths"]]
    assert paths
    for path in paths:
        value = path["value"]["value"]
        assert sum(amount for _, amount in path["links"]) == pytest.approx(value, rel=1e-3)
    for a in assets:
        if not a["paths"]:
            # Nothing to act on in the orders, and nobody saw a shelf: no value is told, and it says which table would.
            assert "stock_days" in str(a["swings"])
            continue
        base = a["swings"][0]["at_base"]
        assert {p["path"]: p["value"]["value"] for p in a["paths"]} == pytest.approx(
            {k: v for k, v in base.items() if k != "leave it"}
        )
        assert all(u["value"] >= 0 for u in a["information"])
    by_verdict = [p["value"]["value"] for a in assets for p in a["paths"] if p["path"] == a["verdict"]]
    assert told["portfolio"]["value"]["value"] == pytest.approx(sum(v for v in by_verdict if v > 0), rel=1e-9)
    assert "portfolio" not in json.loads(run("value", world, "--asset", assets[0]["name"], "--json")[1])


def test_one_asset_in_words_and_a_name_nobody_knows(run: Run, world: Path) -> None:
    name = json.loads(run("value", world, "--json")[1])["assets"][0]["name"]
    code, out, err = run("value", world, "--asset", name)
    assert (code, err) == (0, "")
    for said in ("over the horizon", "to begin, once", "P10 to P90", "chance to be best"):
        assert said in out, out
    code, _, err = run("value", world, "--asset", "nobody")
    assert code == 2
    assert err.startswith("PortfolioError: There is no asset 'nobody'.")


def test_a_plan_and_what_stands_in_its_way(run: Run, world: Path) -> None:
    code, out, err = run("allocate", world, "--budget", "1e9", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["value"] == pytest.approx(sum(row["value"] for row in told["chosen"]))
    code, out, _ = run("allocate", world)
    assert code == 0
    assert "No budget is given." in out
    code, _, err = run("allocate", world, "--budget", "-5")
    assert code == 2
    assert err.startswith("AllocationError: The budget must be an amount from 0; found -5.0.")


def test_a_month_is_one_and_nothing_is_never_below_nothing() -> None:
    assert value_cli._payback(Estimate(1.0, 1.0, 2.0, "months")) == "1 month"
    assert value_cli._payback(Estimate(7.2, 5.0, 9.0, "months")) == "7 months"
    assert [value_cli._whole(x) for x in (-0.02, 0.4, -1200.0)] == ["0", "0", "−1,200"]


def test_nothing_priced_is_said(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = small.good()
    bare.drop("price_amount")
    with open_study(bare.write(tmp_path / "shop")) as study:
        monkeypatch.setattr(cli, "_study", lambda *_: nullcontext(study))
        assert "no asset has a path with a value in money" in run("allocate", "shop", "--budget", "10")[1]
        code, out, err = run("value", "shop")
    assert (code, err) == (0, "")
    assert "No path has a value in money." in out


def test_a_spreadsheet_beside_the_page(run: Run, world: Path, tmp_path: Path) -> None:
    folder = world
    code, out, err = run("diagnose", folder, "--out", tmp_path, "--xlsx", tmp_path / "all.xlsx")
    assert (code, err) == (0, "")
    assert "The spreadsheet:" in out
    assert zipfile.is_zipfile(tmp_path / "all.xlsx")
    code, _, err = run("diagnose", folder, "--xlsx", tmp_path / "all.csv")
    assert code == 2
    assert err.startswith("OutputError: 'all.csv' is no Excel file.")
