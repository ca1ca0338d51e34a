from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from fourwalls.sensitivity import Assumption, Swing, deciding, tornado

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


def test_no_range_is_an_error() -> None:
    for bad in ((2.0, 1.0, 3.0), (0.0, np.nan, 1.0), (0.0, 2.0, 1.0)):
        with pytest.raises(ValueError, match="no range"):
            Assumption("x", *bad)
