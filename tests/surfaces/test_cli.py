from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import typer

from fourwalls.errors import OutputError
from fourwalls.surfaces import cli
from fourwalls.surfaces.files import as_csv, write_files

from .. import small  # noqa: TID252 - tests are no package that could be named
from .golden import assert_golden

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: exit code, what it printed, what it complained about."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")

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
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    portfolio = small.good()
    portfolio.toml += "[targets]\ncarriage_hours = 24\nfulfilment_hours = 12\n"
    portfolio.set("delivered_at", "2020-01-01 00:00:00", rows=slice(2))
    return portfolio.write(tmp_path_factory.mktemp("cli") / "shop")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group, as a person types it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


@pytest.mark.parametrize("width", ["100", "60"])
def test_help_is_what_it_was(run: Run, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    texts = []
    for path in commands(typer.main.get_command(cli.app)):
        code, out, err = run(*path, "--help")
        assert (code, err) == (0, "")
        texts.append("\n".join(line.rstrip() for line in out.splitlines()))
    if width == "100":
        assert_golden("cli_help.txt", "\n\n".join(texts) + "\n")
    assert all(len(line) <= int(width) for text in texts for line in text.splitlines())


def test_a_place_the_system_refuses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = run("worlds", "make", "demo", tmp_path / "file" / "shop")
    assert code == 2
    assert err.startswith("OutputError: 'file' cannot be used: File exists.")


def test_version(run: Run) -> None:
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "fourwalls")


def test_mistakes_in_the_command_itself(run: Run) -> None:
    assert run("chek") == (
        2,
        "",
        "Usage: fourwalls [OPTIONS] COMMAND [ARGS]...\nTry 'fourwalls --help' for help.\n\nError: No such command 'chek'. Did you mean 'check'?\n",
    )
    for argv in (("check",), ("check", "a", "b"), ("check", "a", "--dta", "b"), ("chain", "a", "--most", "0")):
        code, out, err = run(*argv)
        assert (code, out) == (2, "")
        assert "Error: " in err
    code, _, err = run("init", "folder")
    assert (code, err) == (
        2,
        "PortfolioError: No file was named to draft from.\nAdd --from FILE, for each of your files, or a folder.\n",
    )


def test_check_says_what_was_read(run: Run, shop: Path) -> None:
    code, out, err = run("check", shop)
    assert (code, err) == (0, "")
    assert "delivered_at comes before ordered_at" in out
    assert not (shop / "out").exists()


def test_diagnose_writes_a_page_and_names_it(run: Run, shop: Path, tmp_path: Path) -> None:
    code, out, err = run("diagnose", shop, "--out", tmp_path / "a" / "b")
    assert (code, err) == (0, "")
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == ["diagnosis.json", "page.html"]
    assert f"The page: {tmp_path / 'a' / 'b' / 'page.html'}" in out


def test_chain_goes_down_to_the_lines(run: Run, shop: Path, tmp_path: Path) -> None:
    code, out, _ = run("chain", shop, "--asset", "CHAIRS")
    assert code == 0
    assert "chairs" in out
    assert "add --lines" in out
    code, out, _ = run("chain", shop, "--stage", "carriage", "--most", 3, "--out", tmp_path)
    assert code == 0
    assert "3 of " in out
    with (tmp_path / "order_lines.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 3
    assert all(float(row["carriage_share"]) > 0 for row in rows)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight skus at two nodes for ten weeks, three of them short every third week; names a spreadsheet would run."""
    portfolio = small.Small({}, small.TOML.replace('"category"', '"node_id"'))
    rng, rows = random.Random(3), []
    for sku, node in itertools.product(range(8), ("dc-a", "dc-b")):
        on_hand = 20
        for day in range(70):
            on_hand += 22 if day % 7 == 0 and not (sku < 3 and day % 21 == 0) else 0
            sold = min(on_hand, rng.randint(1, 5))
            on_hand -= sold
            date = str(dt.date(2025, 1, 6) + dt.timedelta(days=day))
            units = {"on_hand_units": str(on_hand), "sold_units": str(sold)}
            rows.append({"sku_id": f"=s{sku}", "node_id": node, "day": date, **units})
    portfolio.tables["stock_days"] = rows
    return portfolio.write(tmp_path_factory.mktemp("cli") / "shelves")


def test_chain_goes_down_to_the_shelves(run: Run, shelves: Path, tmp_path: Path) -> None:
    code, out, err = run("chain", shelves, "--shelves", "--most", 3, "--out", tmp_path)
    assert (code, err) == (0, "")
    assert "3 of 16 shelves, most lost first" in out
    assert "=s0 at dc-a" in out
    with (tmp_path / "shelves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16
    assert all(row["sku_id"].startswith("'=s") for row in rows)
    lost = [float(row["lost_units"]) for row in rows]
    assert lost == sorted(lost, reverse=True)
    assert {row["sku_id"] for row in rows[:6]} == {"'=s0", "'=s1", "'=s2"}
    assert [p.name for p in tmp_path.iterdir()] == ["shelves.csv"]


def test_chain_of_one_flow_where_the_other_is_not_there(run: Run, shop: Path, shelves: Path, tmp_path: Path) -> None:
    code, out, _ = run("chain", shelves, "--asset", "dc-a")
    assert (code, "Empty shelves: what would have been sold" in out) == (0, True)
    code, out, _ = run("chain", shelves, "--out", tmp_path)
    assert (code, "shelves.csv" in out, "order_lines.csv" in out) == (0, True, False)
    code, _, err = run("chain", shelves, "--lines")
    assert (code, err.startswith("TableError: There is no table 'order_lines'")) == (2, True)
    code, _, err = run("chain", shop, "--stage", "supply")
    assert (code, err.startswith("TableError: Availability: there is no table stock_days")) == (2, True)
    code, _, err = run("chain", shop, "--stage", "suply")
    assert code == 2
    assert err.startswith("PortfolioError: There is no stage 'suply'. Did you mean 'supply'?")
    assert all(stage in err for stage in ("release", "listing"))


def test_progress_is_told_to_people_only(shop: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, err = run("check", shop)
    assert "… reading order_lines" in err
    assert err.endswith("\r\x1b[2K")
    _, _, err = run("check", shop, "--quiet")
    assert "…" not in err


def test_a_place_that_is_no_portfolio_is_not_cleared_for_the_demo(run: Run, tmp_path: Path) -> None:
    (tmp_path / "retailer").mkdir()
    (tmp_path / "retailer" / "mine.txt").write_text("mine")
    code, _, err = run("demo", "--out", tmp_path)
    assert code == 2
    assert err.startswith("OutputError: 'retailer' is in the way and ")
    assert (tmp_path / "retailer" / "mine.txt").read_text() == "mine"


# --- files


def test_no_cell_is_a_formula() -> None:
    texts = ["=1", "+1", "-1", "@x", "\tx", "\rx", "\n=x", "＝1", "＠x", "plain", "a=1", "", None, 'say "x"', "a;=1"]
    table = pa.table(
        {"n": pa.array([-1.5, *[None] * (len(texts) - 1)]), "t": texts, "large": pa.array(texts, pa.large_string())}
    )
    rows = list(csv.DictReader(io.StringIO(as_csv(table), newline="")))
    for column in ("t", "large"):
        cells = [row[column] for row in rows]
        assert cells[:9] == ["'" + text for text in texts[:9]]  # type: ignore[operator]
        assert cells[9:] == [text or "" for text in texts[9:]]
    assert rows[0]["n"] == "-1.5"


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    write_files(out, {"a.txt": "a", "b.txt": "b"})
    write_files(out, {"a.txt": "ü", "b.txt": None, "c.txt": None})
    assert {p.name: p.read_text("utf-8") for p in out.iterdir()} == {"a.txt": "ü"}
    (out / "d.txt").mkdir()
    with pytest.raises(OutputError, match=r"Cannot write to 'out': d\.txt is a folder"):
        write_files(out, {"a.txt": "new", "d.txt": "d"})
    assert (out / "a.txt").read_text("utf-8") == "ü"
    assert sorted(p.name for p in out.iterdir()) == ["a.txt", "d.txt"]
