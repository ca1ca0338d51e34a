"""Predicted beside measured: one entry for each look, kept under the seal of its plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fourwalls.errors import PlanError
from fourwalls.figures import Estimate
from fourwalls.pilot import judge
from fourwalls.pilot.plan import RECORD_FILE
from fourwalls.pilot.record import recorded

from .test_design import designed, freeze, later


def test_predicted_and_measured_stand_side_by_side(tmp_path: Path) -> None:
    found = designed(expected=0.1, unit_value=2.0, looks=1, candidates=("u03",))
    folder = freeze(found, tmp_path)
    for periods in (3, 6, 6):  # judged again: the entry is replaced
        result = judge(folder, later(found.plan.treated, 8.0, periods=periods))
        (tmp_path / RECORD_FILE).write_text(recorded(folder, found.plan, result), "utf-8")
    kept = json.loads((tmp_path / RECORD_FILE).read_text())
    assert [e["periods"] for e in kept["looks"]] == [3, 6]
    last = kept["looks"][-1]
    assert last["predicted"] == pytest.approx(0.1 * found.level)
    assert isinstance(result.effect, Estimate)
    assert last["measured"]["value"] == pytest.approx(result.effect.value)
    assert last["predicted_money"] == pytest.approx(2.0 * 6 * len(found.plan.treated) * last["predicted"])
    assert last["predicted_is_in_range"] == (result.effect.low <= last["predicted"] <= result.effect.high)
    assert last["verdict"] == "scale orchestration"


def test_a_record_of_another_plan_is_not_written_over(tmp_path: Path) -> None:
    found = designed(expected=0.1)
    result = judge(freeze(found, tmp_path), later(found.plan.treated, 8.0))
    (tmp_path / RECORD_FILE).write_text(recorded(tmp_path, found.plan, result), "utf-8")
    with pytest.raises(PlanError, match="belongs to another plan"):
        recorded(tmp_path, replace(found.plan, seed=9), result)
    (tmp_path / RECORD_FILE).write_text("[]")
    with pytest.raises(PlanError, match="is no record of a pilot"):
        recorded(tmp_path, found.plan, result)
