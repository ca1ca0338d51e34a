from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fourwalls.figures import Refusal
from fourwalls.information import LEAST_DRAWS, Curve, Knowing, partial_information, perfect_information

N = 40_000


def told(knowing: Knowing | Refusal) -> Knowing:
    assert isinstance(knowing, Knowing)
    return knowing


def by_name(found: tuple[Knowing, ...] | Refusal) -> dict[str, Knowing]:
    assert not isinstance(found, Refusal)
    return {k.about: k for k in found}


def two_normals(n: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Net benefit p1 - p2 against 0; p1 ~ N(1, sd 1), p2 ~ N(0, sd 2)."""
    rng = np.random.default_rng(seed)
    p1, p2 = rng.normal(1, 1, n), rng.normal(0, 2, n)
    return np.c_[p1 - p2, np.zeros(n)], {"p1": p1, "p2": p2}


def unit_loss(mean: float, sd: float) -> float:
    """E max(X, 0) - max(E X, 0) for a normal X: the closed form."""
    return float(sd * norm.pdf(mean / sd) + mean * norm.cdf(mean / sd) - max(mean, 0.0))


def test_closed_form_of_two_normals() -> None:
    benefits, parameters = two_normals(N, 1)
    everything, one = told(perfect_information(benefits)), by_name(partial_information(benefits, parameters))
    assert unit_loss(1, np.sqrt(5)) == pytest.approx(0.4798, abs=5e-5)
    assert everything.value == pytest.approx(0.4798, abs=1e-2)
    assert one["p1"].value == pytest.approx(unit_loss(1, 1), abs=1e-2)
    assert one["p1"].value == pytest.approx(0.0833, abs=1e-2)
    assert one["p2"].value == pytest.approx(unit_loss(1, 2), abs=1e-2)
    assert one["p2"].value == pytest.approx(0.3956, abs=1e-2)
    assert list(one) == ["p2", "p1"], "largest first"


def test_errors_tell_how_far_draws_scatter() -> None:
    runs = [two_normals(1000, seed) for seed in range(60)]
    found = [by_name(partial_information(*run)) for run in runs]
    truth = {"p1": unit_loss(1, 1), "p2": unit_loss(1, 2)}
    for name, true in truth.items():
        inside = [abs(f[name].value - true) <= 1.96 * f[name].error for f in found]
        assert np.mean(inside) >= 0.85
        assert np.std([f[name].value for f in found]) == pytest.approx(np.mean([f[name].error for f in found]), rel=0.5)
    perfect = [told(perfect_information(b)) for b, _ in runs]
    assert np.mean([abs(k.value - unit_loss(1, np.sqrt(5))) <= 1.96 * k.error for k in perfect]) >= 0.85


def test_a_curve_and_several_options_against_nested_draws() -> None:
    """The slow twin: an outer loop over the figure, an inner one over all else."""
    rng = np.random.default_rng(4)

    def benefits(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack([3 * np.sin(2 * x) + y, x**2 - 1 + 2 * y, np.zeros_like(x + y)], axis=-1)

    x, y = rng.gamma(2, 0.6, N), rng.normal(0.2, 1, N)
    inner = rng.normal(0.2, 1, 2000)
    outer = np.array([benefits(np.full_like(inner, at), inner).mean(axis=0) for at in rng.gamma(2, 0.6, 4000)])
    twin = outer.max(axis=1).mean() - outer.mean(axis=0).max()
    error = (outer.max(axis=1) - outer[:, outer.mean(axis=0).argmax()]).std() / np.sqrt(len(outer))
    found = by_name(partial_information(benefits(x, y), {"x": x, "y": y}))["x"]
    assert abs(found.value - twin) < 3 * np.hypot(error, found.error)


def test_a_figure_of_two_cases() -> None:
    benefits, parameters = two_normals(N, 2)
    found = by_name(partial_information(benefits, {"is_above": (parameters["p2"] > 0).astype(float)}))["is_above"]
    assert found.value == pytest.approx((4 * norm.pdf(0) - 1) / 2, abs=3 * found.error)
    assert found.error < 1e-2


def test_what_is_certain_or_has_no_bearing_is_worth_nothing() -> None:
    benefits, _ = two_normals(2000, 3)
    noise = np.random.default_rng(9).normal(size=2000)
    found = by_name(partial_information(benefits, {"fixed": np.full(2000, 3.0), "noise": noise}))
    assert found["fixed"] == Knowing("fixed", 0.0, 0.0)
    assert found["noise"].value <= max(3 * found["noise"].error, 5e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.sampled_from([1e-6, 1.0, 1e9]))
def test_never_negative_never_more_than_everything(seed: int, options: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    figures = {"a": rng.standard_cauchy(300), "b": rng.integers(0, 4, 300).astype(float), "c": rng.random(300)}
    benefits = scale * (rng.normal(size=(300, options)) + np.outer(figures["c"], rng.normal(size=options)))
    everything = told(perfect_information(benefits))
    assert everything.value >= 0
    for one in by_name(partial_information(benefits, figures)).values():
        assert 0 <= one.value <= everything.value
        assert np.isfinite(one.error)


def test_worth_is_the_same_in_any_unit_of_the_figure() -> None:
    benefits, parameters = two_normals(3000, 5)
    plain = by_name(partial_information(benefits, {"p2": parameters["p2"]}))["p2"]
    bent = by_name(partial_information(benefits, {"p2": np.exp(7 * parameters["p2"])}))["p2"]
    assert bent.value == pytest.approx(plain.value)


def test_a_curve_can_be_read_between_draws() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 3, 5000)
    curve = Curve.fit(x, (np.sin(2 * x) + rng.normal(0, 0.3, 5000))[:, None])
    at = np.linspace(0.2, 2.8, 9)
    assert curve.at(at)[:, 0] == pytest.approx(np.sin(2 * at), abs=0.06)


def test_refusals() -> None:
    few = np.ones((LEAST_DRAWS - 1, 2))
    broken = np.where(np.arange(600).reshape(300, 2) == 7, np.nan, 1.0)
    whole, figure = np.ones((300, 2)), np.full(300, np.inf)
    for found, code in (
        (perfect_information(few), "too_few_draws"),
        (partial_information(few, {"a": few[:, 0]}), "too_few_draws"),
        (perfect_information(broken), "not_finite"),
        (partial_information(whole, {"a": figure}), "not_finite"),
    ):
        assert isinstance(found, Refusal)
        assert found.code == code
        assert found.next_step
    with pytest.raises(ValueError, match="expected"):
        perfect_information(np.ones((300, 1)))
    with pytest.raises(ValueError, match="a has shape"):
        partial_information(whole, {"a": np.ones(299)})
