from __future__ import annotations

import numpy as np
import pytest

from fourwalls.figures import Estimate, Refusal
from fourwalls.resampling import draw_clusters
from fourwalls.signals.steady_demand import demand_variation, measure, service_swing

from .made import WEEKS, loss, material, portfolio


def estimate(figure: object) -> Estimate:
    assert isinstance(figure, Estimate), figure
    return figure


def test_season_is_no_variation() -> None:
    season = 1000 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEKS) / WEEKS))
    assert np.std(season) / np.mean(season) > 0.3
    assert estimate(demand_variation(material(lines=season))).value < 0.06


def test_luck_of_few_lines_is_no_variation() -> None:
    values = [
        estimate(demand_variation(material(lines=np.random.default_rng(seed).poisson(20, WEEKS).astype(float)))).value
        for seed in range(60)
    ]
    # Weeks of 20 lines spread by 22 % without anything going on.
    assert np.mean(values) < 0.07


def test_weeks_cut_off_by_the_period_are_not_looked_at() -> None:
    lines = np.full(WEEKS, 1000.0)
    lines[[0, -1]] = 100
    whole = np.ones(WEEKS, dtype=np.bool_)
    assert estimate(demand_variation(material(lines=lines))).value > 0.1
    whole[[0, -1]] = False
    assert estimate(demand_variation(material(lines=lines, whole=whole))).value == 0


def test_variation_covers_its_truth() -> None:
    covered, n = 0, 200
    for seed in range(n):
        rng = np.random.default_rng(seed)
        lines = rng.poisson(500 * (1 + 0.1 * rng.standard_normal(WEEKS))).astype(float)
        found = estimate(demand_variation(material(lines=lines, draws=draw_clusters(WEEKS, seed))))
        covered += found.low <= 0.1 <= found.high
    assert 0.83 <= covered / n <= 0.97


def test_luck_of_lines_is_no_swing() -> None:
    values = []
    for seed in range(60):
        served = np.random.default_rng(seed).binomial(200, 0.9, WEEKS).astype(float)
        found = estimate(service_swing(material(due=np.full(WEEKS, 200.0), served=served)))
        values.append(found.value)
    # The spread of shares is 2.1 points by luck alone.
    assert np.mean(values) < 0.006


def test_swing_covers_its_truth() -> None:
    covered, n = 0, 200
    for seed in range(n):
        rng = np.random.default_rng(seed)
        p = 0.85 + 0.05 * rng.uniform(-(3**0.5), 3**0.5, WEEKS)
        served = rng.binomial(400, p).astype(float)
        found = estimate(
            service_swing(material(due=np.full(WEEKS, 400.0), served=served, draws=draw_clusters(WEEKS, seed)))
        )
        covered += found.low <= 0.05 <= found.high
    assert 0.83 <= covered / n <= 0.97


@pytest.mark.parametrize(
    ("losses", "lean"),
    [
        ((loss("fulfilment", 0.02, "inside"),), "operate"),
        ((loss("carriage", 0.02, "between"),), "neither"),
        ((loss("fulfilment", 0.012, "inside"), loss("carriage", 0.01, "between")), "operate"),
        ((loss("fulfilment", 0.02, "unknown"),), "cannot tell"),
        ((loss("waste", 0.02, "inside"),), "cannot tell"),
        ((loss("promise", 0.02, "inside"), loss("fulfilment", 0.01, "inside")), "neither"),
        ((loss("promise", 0.02, "inside"),), "neither"),
        ((loss("promise", 0.009, "inside"), loss("fulfilment", 0.01, "inside")), "operate"),
        ((loss("receiving", 0.02, "inside"), loss("carriage", 0.01, "between")), "neither"),
    ],
)
def test_stable_demand_with_failures_leans_by_whose_they_are(losses: tuple[object, ...], lean: str) -> None:
    found = measure(material(served=np.full(WEEKS, 880.0), losses=losses), portfolio())
    assert found.lean == lean
    assert (found.strength > 0) == (lean == "operate")


def test_service_that_swings_counts_even_at_target() -> None:
    served = np.where(np.arange(WEEKS) % 4, 990.0, 900.0)
    found = measure(material(served=served, losses=(loss("fulfilment", 0.02),)), portfolio())
    assert found.lean == "operate"


def test_unstable_demand_and_consistent_service_lean_nowhere() -> None:
    lines = np.where(np.arange(WEEKS) % 2, 500.0, 1500.0)
    assert measure(material(lines=lines, served=np.full(WEEKS, 800.0)), portfolio()).lean == "neither"
    assert measure(material(), portfolio()).lean == "neither"


def test_without_promises_it_cannot_be_told() -> None:
    found = measure(material(due=np.zeros(WEEKS), served=np.zeros(WEEKS)), portfolio())
    assert found.lean == "cannot tell"
    assert isinstance(found.readings[0].figure, Refusal)
    assert isinstance(found.readings[2].figure, Estimate)


def test_late_lines_that_the_verdict_leaves_alone_lean_nowhere() -> None:
    made = material(
        served=np.full(WEEKS, 880.0), losses=(loss("fulfilment", 0.02, "inside"),), weighs=frozenset({"stock"})
    )
    found = measure(made, portfolio())
    assert (found.lean, found.strength) == ("neither", 0.0)
    assert "too few to act on" in found.because
