"""Labour: units per hour by hand, fixed crews told from crews that follow the work."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence.labour import find
from fourwalls.figures import Estimate, Reading
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
