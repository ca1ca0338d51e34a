from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from fourwalls.sensitivity import Assumption, Swing, deciding, payback, tornado, tornado_of_draws

Floats = np.ndarray
MARGIN = Assumption("margin", 0.2, 0.3, 0.5, "share")
RAMP = Assumption("ramp_weeks", 0.0, 10.0, 40.0, "weeks")
COST = Assumption("cost", 0.0, 10.0, 20.0, "EUR")
IDLE = Assumption("idle", -1.0, 0.0, 1.0)


def values(a: Mapping[str, Floats]) -> dict[str, Floats]:
    """Operate 100 a share of margin less cost; orchestrate 60 a share that comes early; leaving things brings nothing."""
    return {
        "operate": 100 * a["margin"] - a["cost"] - 0 * a["idle"],
        "orchestrate": 60 * a["margin"] - 0.1 * a["ramp_weeks"],
        "leave it": 0 * a["margin"],
    }


def told() -> dict[str, Swing]:
    return {s.assumption.name: s for s in tornado(values, (MARGIN, RAMP, COST, IDLE))}


def test_ends_and_widths() -> None:
    swings = tornado(values, (IDLE, COST, RAMP, MARGIN))
    assert [s.assumption.name for s in swings] == ["margin", "cost", "idle", "ramp_weeks"]
    margin = swings[0]
    assert margin.best == "operate"
    assert margin.at_low == pytest.approx({"operate": 10.0, "orchestrate": 11.0, "leave it": 0.0})
    assert margin.at_high == pytest.approx({"operate": 40.0, "orchestrate": 29.0, "leave it": 0.0})
    assert margin.width == pytest.approx(30.0)


def test_switching_values_by_hand() -> None:
    swings = told()
    # 100 m - 10 = 60 m - 1 at m = 0.225; 30 - c = 17 at c = 13; the ramp alone never makes operate second.
    assert swings["margin"].switches[0].at == pytest.approx(0.225)
    assert swings["cost"].switches[0].at == pytest.approx(13.0)
    assert {s.to for name in ("margin", "cost") for s in swings[name].switches} == {"orchestrate"}
    assert swings["ramp_weeks"].switches == ()
    assert swings["idle"].switches == ()


def test_the_assumptions_that_decide_come_nearest_first() -> None:
    swings = told()
    assert swings["cost"].nearness == pytest.approx(0.3)
    assert swings["margin"].nearness == pytest.approx(0.75)
    assert [s.assumption.name for s in deciding(tuple(swings.values()))] == ["cost", "margin"]
    assert deciding([swings["idle"]]) == ()


def test_two_switches_are_told_nearest_first() -> None:
    swing = tornado(lambda a: {"in": 1 - a["x"] ** 2, "out": 0 * a["x"]}, [Assumption("x", -4.0, 0.2, 2.0)])[0]
    assert [s.at for s in swing.switches] == pytest.approx([-1.0, 1.0])
    assert swing.nearness == pytest.approx(1.2 / 4.2)


@given(st.floats(0.05, 3), st.floats(-2, 2), st.floats(0.1, 5))
def test_a_switch_is_where_brent_finds_it(slope: float, level: float, bend: float) -> None:
    def gap(x: float) -> float:
        return slope * x + bend * (np.exp(x) - 1) - level

    swing = tornado(
        lambda a: {"a": slope * a["x"] + bend * np.expm1(a["x"]), "b": np.full_like(a["x"], level)},
        [Assumption("x", -3.0, 0.0, 3.0)],
    )[0]
    if gap(-3.0) < 0 < gap(3.0) and abs(level) > 1e-6:
        assert swing.switches[0].at == pytest.approx(brentq(gap, -3.0, 3.0), abs=1e-6)
    elif gap(-3.0) > 0 or gap(3.0) < 0:
        assert swing.switches == ()


def test_from_draws_the_same_switch() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(1, 1, 20_000), rng.normal(0, 1, 20_000)
    swings = tornado_of_draws({"x": x, "y": y, "sure": np.ones(20_000)}, {"go": x + y, "stay": np.zeros(20_000)})
    by = {s.assumption.name: s for s in swings}
    assert set(by) == {"x", "y"}
    assert by["x"].best == "go"
    # Given x, going brings x on average: worth less than nothing below 0; the range of the middle 80 % is 1 ± 1.2816.
    assert by["x"].switches[0].at == pytest.approx(0.0, abs=0.05)
    assert by["x"].at_low["go"] == pytest.approx(-0.2816, abs=0.06)
    assert by["y"].switches[0].at == pytest.approx(-1.0, abs=0.06)


def test_no_range_is_an_error() -> None:
    for bad in ((2.0, 1.0, 3.0), (0.0, np.nan, 1.0), (0.0, 2.0, 1.0)):
        with pytest.raises(ValueError, match="no range"):
            Assumption("x", *bad)


def test_payback_by_hand() -> None:
    # -100, then 40 a month: 60, 20 below, then 20 above: back half-way through the fourth month.
    assert payback([[-100.0, 40, 40, 40, 40]]).middle == pytest.approx(3.5)
    assert payback([[10.0, 1]]).middle == 0.0, "nothing was spent"
    # Back, then below again, then back for good.
    assert payback([[-10.0, 20, -20, 20]]).middle == pytest.approx(3.5)


def test_payback_knows_when_it_never_comes() -> None:
    flows = np.array([[-100.0, *[10.0] * 11]] * 70 + [[-100.0, *[5.0] * 11]] * 30)
    found = payback(flows)
    assert found.chance == pytest.approx(0.7)
    assert found.low == found.middle == pytest.approx(11.0)
    assert found.high is None
    assert found.horizon_months == 12
    never = payback(-np.ones((5, 6)))
    assert (never.chance, never.low, never.middle, never.high) == (0.0, None, None, None)


@given(st.integers(0, 10**6))
def test_payback_is_what_a_loop_finds(seed: int) -> None:
    flows = np.random.default_rng(seed).normal(0.3, 1, (1, 14))
    total, back = 0.0, 0.0
    for month, flow in enumerate(flows[0]):
        before, total = total, total + flow
        if total < 0:
            back = np.inf
        elif before < 0:
            back = month + -before / flow
    assert (payback(flows).middle or 0.0) == pytest.approx(back if np.isfinite(back) else 0.0)


def test_flows_must_be_money() -> None:
    for bad in ([[np.nan, 1.0]], np.empty((0, 3))):
        with pytest.raises(ValueError, match="finite"):
            payback(bad)
