"""From a history to a frozen plan, and from later data to its verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fourwalls.errors import PanelError, PlanError
from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot import design, dumps, judge, read_plan
from fourwalls.pilot.design import Design
from fourwalls.pilot.looks import boundaries, level_at
from fourwalls.stakes import Stakes, expected_best, weigh, weigh_at_best

from .panels import COLUMNS, drawn

QUICK = {"least_windows": 60, "lengths": (6,)}


@cache
def designed(**more: object) -> Design:
    """A quick design, made once for all tests that ask the same."""
    return design(history(), **COLUMNS, **QUICK, **more)  # type: ignore[arg-type]


def history(seed: int = 1, units: int = 16, periods: int = 40) -> dict[str, list[object]]:
    panel = drawn(seed=seed, units=units, periods=periods, treated=0)
    del panel["d"]
    return panel


def later(units: tuple[str, ...], effect: float, periods: int = 6, seed: int = 1) -> dict[str, list[object]]:
    """The periods after the history of the same seed, with an effect on some units."""
    panel = history(seed=seed, periods=40)
    rng = np.random.default_rng(99)
    level = {
        u: np.mean([y for v, y in zip(panel["unit"], panel["y"], strict=True) if v == u]) for u in set(panel["unit"])
    }  # type: ignore[arg-type]
    rows = [(u, 40 + t) for u in sorted(level) for t in range(periods)]  # type: ignore[type-var]
    return {
        "unit": [u for u, _ in rows],
        "time": [t for _, t in rows],
        "y": [float(level[u] + rng.normal() + effect * (u in units)) for u, _ in rows],
    }


def freeze(found: Design, folder: Path) -> Path:
    (folder / "plan.json").write_text(dumps(found.plan), "utf-8")
    (folder / "history.csv").write_text(found.history, "utf-8")
    return folder


def test_from_a_history_to_a_verdict(tmp_path: Path) -> None:
    found = designed(expected=0.1)
    folder = freeze(found, tmp_path)
    good = judge(folder, later(found.plan.treated, 8.0))
    assert good.verdict is not None
    assert good.verdict.answer == "scale orchestration"
    assert good.verdict.predicted == found.plan.expected
    nothing = judge(folder, later(found.plan.treated, 0.0))
    assert nothing.verdict is not None
    assert nothing.verdict.answer in ("stop", "extend")
    inside = freeze(designed(expected=0.1, path="operate", candidates=("u03",)), tmp_path)  # type: ignore[arg-type]
    fixed = judge(inside, later(read_plan(inside).treated, 8.0))
    assert fixed.verdict is not None
    assert fixed.verdict.answer == "expand the inside fix"


def test_before_the_end_nothing_is_decided_without_a_planned_look(tmp_path: Path) -> None:
    found = designed(expected=0.1)
    early = judge(freeze(found, tmp_path), later(found.plan.treated, 20.0, periods=3))
    assert early.verdict is not None
    assert early.verdict.answer == "go on"
    looked = designed(expected=0.1, looks=1, candidates=("u03",))
    assert looked.plan.looks == (3,)
    planned = judge(freeze(looked, tmp_path), later(looked.plan.treated, 20.0, periods=3))
    assert planned.verdict is not None
    assert planned.verdict.answer == "scale orchestration"
    assert planned.level > 0.98  # little of α is spent early


def test_a_plan_changed_after_it_was_frozen_is_refused(tmp_path: Path) -> None:
    found = designed(expected=0.1)
    folder = freeze(found, tmp_path)
    assert read_plan(folder) == found.plan
    text = json.loads((folder / "plan.json").read_text())
    text["plan"]["smallest_worth"] /= 2
    (folder / "plan.json").write_text(json.dumps(text))
    with pytest.raises(PlanError, match="changed after it was frozen"):
        read_plan(folder)
    freeze(found, tmp_path)
    (folder / "history.csv").write_text(found.history.replace("u00,0,", "u00,0,1"))
    with pytest.raises(PlanError, match=r"'history.csv' was changed"):
        judge(folder, later(found.plan.treated, 1.0))
    (folder / "plan.json").write_text("{}")
    with pytest.raises(PlanError, match="no plan of a pilot"):
        read_plan(folder)


def test_a_rewritten_history_is_told(tmp_path: Path) -> None:
    found = designed(expected=0.1)  # type: ignore[arg-type]
    past, new = history(), later(found.plan.treated, 0.0)
    both = {k: [*past[k], *new[k]] for k in past}
    both["y"][5] = 1e3
    told = judge(freeze(found, tmp_path), both)
    assert any(c.passed is False and "1 values" in c.finding for c in told.checks)


def test_later_data_without_news_are_an_error(tmp_path: Path) -> None:
    found = designed(expected=0.1)  # type: ignore[arg-type]
    with pytest.raises(PanelError, match="nothing is new"):
        judge(freeze(found, tmp_path), history())


def test_the_seal_covers_everything() -> None:
    plan = designed(expected=0.1).plan  # type: ignore[arg-type]
    assert replace(plan, seed=2).sha256 != plan.sha256
    assert replace(plan, rules=(*plan.rules, "7.")).sha256 != plan.sha256


def test_exposed_units_are_no_controls() -> None:
    found = design(history(), **COLUMNS, **QUICK, candidates=["u03"], exposed={"u03": ["u04", "u05"]})  # type: ignore[arg-type]
    assert {"u04", "u05"} <= set(found.plan.exposed)
    assert not {"u03", "u04", "u05"} & set(found.plan.controls)


def test_substitutes_are_found() -> None:
    panel = history(units=20, periods=80)
    rng = np.random.default_rng(5)
    swing = dict(enumerate(rng.normal(0, 6, 80)))
    panel["y"] = [
        y + (swing[t] if u == "u02" else -swing[t] if u == "u07" else 0)  # type: ignore[index, operator]
        for u, t, y in zip(panel["unit"], panel["time"], panel["y"], strict=True)
    ]
    found = design(panel, **COLUMNS, **QUICK, candidates=["u02", "u11"])  # type: ignore[arg-type]
    risks = {c.units[0]: c.risks for c in found.candidates}
    assert risks == {"u02": ("u07",), "u11": ()}


def test_false_alarms_and_power_stand_on_windows() -> None:
    found = design(history(units=24, periods=60), **COLUMNS, lengths=(6,), candidates=["u01"], expected=0.02)
    assert found.plan.windows >= 500
    assert found.plan.false_positive_share <= 0.1
    shares = [p for _, p in found.curve]
    assert shares == sorted(shares)  # a larger effect is never seen less often
    assert found.plan.power is not None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"candidates": ["u99"]}, "There is no unit 'u99'"),
        ({"lengths": (39,)}, "needs 47 or more"),
        ({"expected": (0.3, 0.2, 0.1)}, "low <= most likely <= high"),
        ({"exposed": {"u00": ["nobody"]}}, "There is no unit 'nobody'"),
    ],
)
def test_bad_questions_are_told(more: dict[str, object], words: str) -> None:
    with pytest.raises(PanelError, match=words):
        design(history(), **COLUMNS, **{**QUICK, **more})  # type: ignore[arg-type]


def test_too_few_units_for_a_design() -> None:
    with pytest.raises(PanelError, match="5 units"):
        design(history(units=5), **COLUMNS, **QUICK)  # type: ignore[arg-type]


STAKES = Stakes(
    -0.02,
    0.03,
    0.08,
    base=1000.0,
    unit_value=10.0,
    horizon=52,
    rollout_cost=15_000,
    pilot_cost=500,
    pilot_cost_per_period=10,
    currency="EUR",
)


def test_worth_is_what_simulated_decisions_earn() -> None:
    """Draw the truth, the pilot's estimate, decide by the updated belief, count the money."""
    noise, length, n = 0.02, 6, 400_000
    rng = np.random.default_rng(1)
    truth = rng.normal(STAKES.mean, STAKES.spread, n)
    seen = truth + rng.normal(0, noise, n)
    weight = STAKES.spread**2 / (STAKES.spread**2 + noise**2)
    belief = STAKES.mean + weight * (seen - STAKES.mean)
    per_share = STAKES.base * STAKES.unit_value * (STAKES.horizon - length)
    earned = np.where(per_share * belief > STAKES.rollout_cost, per_share * truth - STAKES.rollout_cost, 0.0)
    assert weigh(STAKES, noise, length).pilot == pytest.approx(earned.mean() - 560, rel=0.02)


def test_the_three_ways_each_win_where_they_should() -> None:
    assert weigh(STAKES, 0.01, 4).recommendation == "pilot"
    assert weigh(replace(STAKES, low=0.05, mode=0.06, high=0.07), 0.01, 4).recommendation == "act without a pilot"
    assert weigh(replace(STAKES, low=-0.07, mode=-0.06, high=-0.05), 0.01, 4).recommendation == "do nothing"
    assert expected_best(-5.0, 0.0) == 0.0


@pytest.mark.parametrize("shift", [-0.05, -0.01, 0.0, 0.02, 0.2])
def test_no_design_is_worth_more_than_one_that_tells_exactly_at_once(shift: float) -> None:
    stakes = replace(STAKES, low=STAKES.low + shift, mode=STAKES.mode + shift, high=STAKES.high + shift)
    best = weigh_at_best(stakes)
    for noise, length in ((0.0, 2), (0.005, 1), (0.02, 6), (0.1, 12)):
        found = weigh(stakes, noise, length)
        assert found.pilot <= best.pilot + 1e-9
        assert (found.act, found.nothing) == (best.act, best.nothing)
        if best.recommendation != "pilot":
            assert found.recommendation == best.recommendation


def test_without_stakes_worth_is_refused() -> None:
    worth = designed(candidates=("u03",)).worth  # type: ignore[arg-type]
    assert isinstance(worth, Refusal)
    assert "nobody said" in worth.because
    assert "what effect is expected" not in designed(candidates=("u03",), expected=0.05).worth.because  # type: ignore[arg-type, union-attr]


def test_boundaries_are_the_published_ones() -> None:
    """Five equal looks, α = 0.05, O'Brien–Fleming type: 4.877, 3.357, 2.680, 2.290, 2.031 (Lan and DeMets's program)."""
    assert boundaries([0.2, 0.4, 0.6, 0.8, 1.0], 0.05) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.003)


def test_looking_does_not_inflate_chance() -> None:
    rng = np.random.default_rng(2)
    paths = rng.normal(size=(20_000, 4)).cumsum(axis=1) / np.sqrt(np.arange(1, 5))
    called = (np.abs(paths) > boundaries([0.25, 0.5, 0.75, 1.0], 0.1)).any(axis=1).mean()
    assert called == pytest.approx(0.1, abs=0.007)
    assert level_at([1.0], 0.1) == pytest.approx(0.9, abs=1e-6)


def test_a_verdict_keeps_prediction_beside_measurement(tmp_path: Path) -> None:
    found = designed(expected=0.1, unit_value=2.0)
    result = judge(freeze(found, tmp_path), later(found.plan.treated, 5.0))
    assert result.verdict is not None
    assert result.verdict.predicted == pytest.approx(0.1 * found.level)
    assert isinstance(result.worth, Estimate)
    assert "SCALE" in repr(result)
