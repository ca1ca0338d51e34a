"""Other assumptions from what is kept: the same as a new run that reads and replays everything."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

import fourwalls as fw
from fourwalls.errors import PortfolioError
from fourwalls.figures import Refusal
from fourwalls.reconsidering import Change, Kept, reconsidered, swings_kept
from fourwalls.surfaces.page.json import to_dict

from .small import good

CHANGES: dict[str, Change] = {
    "assumptions.discount_rate": 0.2,
    "assumptions.horizon_years": 1.5,
    "assumptions.late_line_cost_share": 0.4,
    "verdict.material_share": 0.08,
    "verdict.least_lines": 20,
    "signals.waste_share": 0.02,
    "signals.service_swing": 0.2,
    "paths.operate.one_off_amount": {"low": 10.0, "mode": 20.0, "high": 90.0},
}
TOML = """
[assumptions]
discount_rate = 0.2
horizon_years = 1.5
late_line_cost_share = 0.4
[verdict]
material_share = 0.08
least_lines = 20
[signals]
waste_share = 0.02
service_swing = 0.2
[paths.operate]
one_off_amount = {low = 10.0, mode = 20.0, high = 90.0}
"""


def priced(folder: Path, more: str = "") -> fw.Study:
    made = good()
    for number, line in enumerate(made.lines):
        line["price_amount"] = str(10 + number % 7)
    made.toml += more
    return fw.open(made.write(folder))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with priced(tmp_path_factory.mktemp("kept")) as study:
        found = study.kept
        assert isinstance(found, Kept)
        # What is kept is kept in a file between two starts of the web app.
        yield pickle.loads(pickle.dumps(found))


def unlike(a: object, b: object, at: str = "") -> Iterator[str]:
    """Places where two results differ by more than the order in which a database adds up."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a:
            yield from unlike(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for number, pair in enumerate(zip(a, b, strict=True)):
            yield from unlike(*pair, f"{at}[{number}]")
    elif isinstance(a, float) and isinstance(b, float):
        if not math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9):
            yield at
    elif a != b:
        yield at


def test_the_same_as_a_new_run(kept: Kept, tmp_path: Path) -> None:
    with priced(tmp_path, TOML) as study:
        again = study.diagnose()
    found = reconsidered(kept, CHANGES)
    assert list(unlike(to_dict(found), to_dict(again))) == []
    assert any(a.paths for a in found.assets)


def test_what_would_change_the_answer_is_as_in_a_run(kept: Kept, tmp_path: Path) -> None:
    for name, toml, changes in (("as it was", "", {}), ("changed", TOML, CHANGES)):
        with priced(tmp_path / name, toml) as study:
            for asset in study.diagnose().assets:
                mine, theirs = swings_kept(kept, asset.name, changes), study.sensitivity(asset.name)
                assert not isinstance(mine, Refusal)
                assert not isinstance(theirs, Refusal)
                assert not list(unlike([asdict(s) for s in mine], [asdict(s) for s in theirs]))


def test_something_moves(kept: Kept) -> None:
    before = to_dict(kept.told)
    places = " ".join(unlike(before, to_dict(reconsidered(kept, CHANGES))))
    moved = set(re.findall(r"assets\[\d+\]\.(\w+)", places))
    assert {"paths", "signals", "because"} <= moved


def test_taking_back_a_change_takes_it_back(kept: Kept) -> None:
    assert reconsidered(kept, {}) == kept.told
    same = reconsidered(kept, {"assumptions.horizon_years": 3.0})
    assert same.assets == kept.told.assets
    assert same.total == kept.told.total


def test_one_asset_alone_is_as_in_all(kept: Kept) -> None:
    whole = reconsidered(kept, CHANGES)
    for number, asset in enumerate(kept.told.assets):
        alone = reconsidered(kept, CHANGES, asset.name)
        assert alone.assets[number] == whole.assets[number]
        others = [a for i, a in enumerate(alone.assets) if i != number]
        assert others == [a for i, a in enumerate(kept.told.assets) if i != number]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"assumptions.discount_rat": 0.1}, "Did you mean 'assumptions.discount_rate'"),
        ({"targets.on_time_share": 0.9}, "cannot be changed without a new run"),
        ({"assumptions.horizon_years": 0.0}, "horizon_years must be above 0; found 0"),
        ({"verdict.material_share": 3.0}, "material_share must lie from 0 to 1; found 3"),
        ({"paths.operate.one_off_amount": {"low": 5.0, "mode": 2.0, "high": 9.0}}, "low <= mode <= high"),
    ],
)
def test_what_cannot_be(kept: Kept, changes: dict[str, Change], told: str) -> None:
    with pytest.raises(PortfolioError) as error:
        reconsidered(kept, changes)
    assert told in str(error.value)


def test_an_asset_that_is_none(kept: Kept) -> None:
    with pytest.raises(PortfolioError, match=r"There is no asset 'chair'\. Did you mean 'chairs'"):
        reconsidered(kept, CHANGES, "chair")


def test_without_order_lines_nothing_is_kept(tmp_path: Path) -> None:
    made = good()
    made.tables = {}
    made.files["answers.csv"] = b"question,respondent,answer\nwaste,AB,4\n"
    folder = made.write(tmp_path)
    (folder / "tables").rmdir()
    with fw.open(folder) as study:
        found = study.reconsider(CHANGES)
    assert isinstance(found, fw.Refusal)
