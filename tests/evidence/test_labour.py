"""Labour: units per hour by hand, fixed crews told from crews that follow the work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence.labour import find
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.worlds import make


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reading]:
    folder = tmp_path_factory.mktemp("labour") / "w"
    make("healthy", folder, seed=3, lines=3_000)
    rng = np.random.default_rng(1)
    rows = []
    for d in range(360):
        for node, fixed, per_unit in (("dc-north", 8.0, 0.0), ("dc-south", 0.0, 0.1), ("hub-east", 4.0, 0.05)):
            units = float(rng.integers(40, 121))
            row = {"node_id": node, "function": "picking", "day": date(2025, 1, 1) + timedelta(days=d), "units": units}
            rows.append({**row, "hours": fixed + per_unit * units, "cost_amount": 10.0 * (fixed + per_unit * units)})
    pq.write_table(pa.Table.from_pylist(rows), next((folder / "tables").glob("labour.*")))
    with ground_of(folder) as ground:
        found = find(ground)
    assert not found.losses
    return {r.name: r for r in found.readings[()]}


def value(readings: dict[str, Reading], name: str) -> Estimate:
    figure = readings[name].figure
    assert isinstance(figure, Estimate)
    return figure


def test_units_per_hour_and_cost_per_unit(readings: dict[str, Reading]) -> None:
    assert value(readings, "units_per_labour_hour: dc-south picking").value == pytest.approx(10.0)
    assert value(readings, "labour_cost_per_unit: dc-south picking").value == pytest.approx(1.0)
    fixed = value(readings, "units_per_labour_hour: dc-north picking")
    assert fixed.low < 10.0 < fixed.high  # 80 units a day on average in 8 hours
    assert "better quarter of 3 nodes" in readings["units_per_labour_hour: dc-north picking"].definition


def test_crews_that_stay_are_told_from_crews_that_follow(readings: dict[str, Reading]) -> None:
    assert value(readings, "hours_following_share: dc-north picking").value == pytest.approx(0.0, abs=1e-9)
    assert value(readings, "hours_following_share: dc-south picking").value == pytest.approx(1.0)
    half = value(readings, "hours_following_share: hub-east picking")
    assert half.value == pytest.approx(0.5, abs=0.02)  # 4 of 8 hours on the average day
    assert half.low <= half.value <= half.high


def test_overtime_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    make("healthy", folder, seed=3, lines=3_000)
    rows = []
    for d in range(360):
        for node, overtime, paid in (("dc-north", 2.0, True), ("dc-south", 0.0, True), ("hub-east", 1.0, False)):
            # Ten hours, two of them at time and a half, of a wage of 20: 8 x 20 + 2 x 30 = 220, of which 20 are premium.
            cost = 20.0 * (10 + 0.5 * overtime) if paid else None
            row = {"node_id": node, "function": "picking", "day": date(2025, 1, 1) + timedelta(days=d), "units": 80.0}
            rows.append({**row, "hours": 10.0, "overtime_hours": overtime, "cost_amount": cost})
    rows[0]["overtime_hours"] = 11.0  # more than was worked: no such row
    pq.write_table(pa.Table.from_pylist(rows), next((folder / "tables").glob("labour.*")))
    toml = folder / "portfolio.toml"
    text = "\n".join(x for x in toml.read_text("utf-8").splitlines() if not x.startswith("wage_amount"))
    toml.write_text(text, "utf-8")
    with ground_of(folder) as ground:
        found = find(ground)
        assert ground.engine.run(ground.rows["labour"].count().as_table()).to_pylist()[0].popitem()[1] == len(rows) - 1
    told = {r.name: r for r in found.readings[()]}
    assert value(told, "overtime_share: dc-north picking").value == pytest.approx(0.2)
    assert "better quarter of 3 nodes: 5.0 %" in told["overtime_share: dc-south picking"].definition.replace("%", " %")
    assert value(told, "overtime_share: dc-south picking").value == 0.0
    assert value(told, "overtime_premium_amount: dc-north picking").value == pytest.approx(20.0 * 359)
    unpaid = told["overtime_premium_amount: hub-east picking"].figure
    assert isinstance(unpaid, Refusal)
    assert unpaid.code == "no_pay"
    assert any("50% more" in n for n in found.notes)


@pytest.mark.parametrize(
    ("every", "premium", "amount"),
    [(1, 0.5, 20.0 * 360), (2, 0.5, 20.0 * 360), (10, 0.5, None), (1, 0.0, 0.0)],
    ids=["all paid", "half paid", "a tenth paid", "no premium"],
)
def test_overtime_that_is_paid_in_part_or_like_other_hours(
    tmp_path: Path, every: int, premium: float, amount: float | None
) -> None:
    folder = tmp_path / "w"
    make("healthy", folder, seed=3, lines=3_000)
    rows = [
        # As above: 20 of 220 are premium; of the rows without pay nothing is known.
        {"node_id": "dc-north", "function": "picking", "day": date(2025, 1, 1) + timedelta(days=d), "units": 80.0,
         "hours": 10.0, "overtime_hours": 2.0, "cost_amount": 220.0 if d % every == 0 else None}
        for d in range(360)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), next((folder / "tables").glob("labour.*")))
    with ground_of(folder) as ground:
        assumptions = {k: v for k, v in ground.portfolio.assumptions.items() if k != "wage_amount_per_hour"}
        said = replace(ground.portfolio, assumptions=assumptions | {"overtime_premium_share": premium})
        found = find(replace(ground, portfolio=said))
    told = {r.name: r for r in found.readings[()]}["overtime_premium_amount: dc-north picking"]
    if amount is None:
        assert isinstance(told.figure, Refusal)
        assert "72 of 720 hours" in told.figure.because
    else:
        assert isinstance(told.figure, Estimate)
        assert told.figure.value == pytest.approx(amount)
        assert told.figure.low <= amount <= told.figure.high
        assert ("taken for all" in told.definition) == (every > 1)


def test_without_overtime_on_record_it_is_refused(readings: dict[str, Reading]) -> None:
    assert not [name for name in readings if name.startswith("overtime")]
