"""Methods against slow twins, other packages and laws they must keep."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from fourwalls.pilot import evaluate
from fourwalls.pilot.methods import METHODS, Cohort, Grid, fit
from fourwalls.pilot.weights import simplex_weights

from .panels import COLUMNS, drawn


def slow_simplex(gram: np.ndarray, goal: np.ndarray, ridge: float) -> np.ndarray:
    """The same problem by a general solver."""
    n = len(goal)
    return optimize.minimize(
        lambda w: w @ gram @ w - 2 * goal @ w + ridge * w @ w,
        np.full(n, 1 / n),
        jac=lambda w: 2 * (gram @ w - goal + ridge * w),
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-14},
    ).x


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), ridge=st.sampled_from([0.0, 0.5, 20.0]))
def test_weights_are_the_minimum(seed: int, ridge: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(12, 7)), rng.normal(size=12)
    found = simplex_weights(a.T @ a, a.T @ b, np.arange(7), ridge)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)

    def value(w: np.ndarray) -> float:
        return float(((a @ w - b) ** 2).sum() + ridge * w @ w)

    assert value(found) <= value(slow_simplex(a.T @ a, a.T @ b, ridge)) + 1e-6


def grid(seed: int = 1, units: int = 15, periods: int = 24) -> Grid:
    rng = np.random.default_rng(seed)
    return Grid(
        20 + rng.normal(0, 3, (units, 1)) + rng.normal(size=(1, periods)).cumsum(1) + rng.normal(size=(units, periods))
    )


ONE = [Cohort(16, np.array([0, 1]))]
REST = np.arange(2, 15)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_effect_is_added_exactly(method: str) -> None:
    """What the power curve rests on."""
    before = fit(method, grid(), ONE, REST).att  # type: ignore[arg-type]
    treated = grid()
    treated.outcomes[:2, 16:] += 3.5
    assert fit(method, treated, ONE, REST).att == pytest.approx(before + 3.5, abs=1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", [m for m in METHODS if m != "sc"])
def test_unit_levels_do_not_matter(method: str) -> None:
    before = fit(method, grid(), ONE, REST).att  # type: ignore[arg-type]
    moved = grid()
    moved.outcomes += np.linspace(-50, 50, 15)[:, None]
    assert fit(method, moved, ONE, REST).att == pytest.approx(before, abs=1e-5)  # type: ignore[arg-type]


def test_own_trends_are_carried_on() -> None:
    lined = grid()
    lined.outcomes[:2] += 0.7 * np.arange(24)
    assert fit("trend", lined, ONE, REST).att == pytest.approx(fit("trend", grid(), ONE, REST).att, abs=1e-9)
    assert abs(fit("did", lined, ONE, REST).att - fit("did", grid(), ONE, REST).att) > 5


def test_did_is_the_two_way_regression() -> None:
    found, y = fit("did", grid(), ONE, REST).att, grid().outcomes
    d = np.zeros_like(y)
    d[:2, 16:] = 1
    centred = d - d.mean(0) - d.mean(1, keepdims=True) + d.mean()
    assert found == pytest.approx((centred * y).sum() / (centred**2).sum())


def test_callaway_santanna_is_that_of_diff_diff() -> None:
    import diff_diff

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = diff_diff.generate_staggered_data(n_units=60, n_periods=10, seed=3)
        theirs = diff_diff.CallawaySantAnna(control_group="never_treated").fit(
            data, outcome="outcome", unit="unit", time="period", first_treat="first_treat"
        )
    data["d"] = ((data["period"] >= data["first_treat"]) & (data["first_treat"] > 0)).astype(int)
    ours = evaluate(data, unit="unit", time="period", outcome="outcome", treated="d")
    assert ours["cs"].point == pytest.approx(theirs.overall_att, abs=1e-9)
    assert ours["cs"].se == pytest.approx(theirs.overall_se, rel=0.1)  # jackknife against influence functions


def test_synthetic_did_is_that_of_diff_diff() -> None:
    import diff_diff
    import pandas as pd

    panel = pd.DataFrame(drawn(seed=4, treated=3, effect=2.0))
    panel["ever"] = panel.groupby("unit")["d"].transform("max")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = diff_diff.SyntheticDiD(n_bootstrap=2, seed=1).fit(
            panel, outcome="y", treatment="ever", unit="unit", time="time", post_periods=list(range(30, 40))
        )
    assert evaluate(panel, **COLUMNS, treated="d")["sdid"].point == pytest.approx(theirs.att, abs=0.02)


def test_callaway_santanna_agrees_with_diff_diff_on_counties() -> None:
    """The shape of the did package's mpdta: 500 counties, five years, starts in 2004, 2006, 2007 told by `first_treat`."""
    import pandas as pd
    from diff_diff import CallawaySantAnna

    rng = np.random.default_rng(4)
    first = np.r_[[2004] * 20, [2006] * 40, [2007] * 131, [0] * 309]
    years = np.arange(2003, 2008)
    y = rng.normal(6, 1, (500, 1)) + np.cumsum(rng.normal(0, 0.1, (500, 5)), axis=1)
    y += np.where((first[:, None] > 0) & (years >= first[:, None]), -0.04 - 0.02 * (years - first[:, None]), 0)
    panel = pd.DataFrame(
        {
            "county": np.repeat(np.arange(500), 5),
            "year": np.tile(years, 500),
            "lemp": y.ravel(),
            "first_treat": np.repeat(first, 5),
        }
    )
    ours = evaluate(panel, unit="county", time="year", outcome="lemp", treated="first_treat")
    fitted = CallawaySantAnna(control_group="never_treated").fit(
        panel, outcome="lemp", unit="county", time="year", first_treat="first_treat"
    )
    theirs = fitted
    assert ours.chosen == "cs"
    assert ours["cs"].point == pytest.approx(theirs.overall_att, abs=1e-9)
    assert ours["cs"].se == pytest.approx(theirs.overall_se, rel=0.1)  # jackknife by blocks against influence functions
