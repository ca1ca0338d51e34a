"""Readings: direct standardisation as in a textbook, refusals by name, ranges in their place."""

from __future__ import annotations

import numpy as np
import pytest

from fourwalls.figures import Estimate, Refusal
from fourwalls.readings import SHARES, Panel, effect_of_lateness, service_readings
from fourwalls.resampling import draw_clusters

WEEKS = 20
DRAWS = draw_clusters(WEEKS, seed=1, replicates=199)


def cube(*per_class: float) -> np.ndarray:
    return np.array([[x] * WEEKS for x in per_class], dtype=float)


def test_lateness_is_compared_among_lines_promised_alike() -> None:
    """Long promises rate lower anyway (Simpson): within each class late costs 0.2, whatever the crude difference says."""
    late, punctual = cube(10, 90), cube(90, 10)
    found = effect_of_lateness("r", "share", late, punctual, late * cube(0.7, 0.4), punctual * cube(0.9, 0.6), DRAWS)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(-0.2)
    crude = (10 * 0.7 + 90 * 0.4) / 100 - (90 * 0.9 + 10 * 0.6) / 100
    assert abs(crude + 0.2) > 0.2


def test_no_effect_is_claimed_from_a_handful_of_late_lines() -> None:
    found = effect_of_lateness("r", "share", cube(1), cube(50), cube(0), cube(40), DRAWS)
    assert isinstance(found, Refusal)


def counts(**given: float) -> dict[str, np.ndarray]:
    names = {name for share in SHARES for name in (share.above, share.below)}
    return {name: np.full((1, WEEKS), given.get(name, 0.0)) for name in names} | {"lines": np.full((1, WEEKS), 100.0)}


def test_a_reading_without_its_columns_is_refused_by_name() -> None:
    found = service_readings(Panel(counts(due=10, on_time=9), DRAWS), frozenset({"promised_at", "delivered_at"}))[0]
    by_name = {r.name: r.figure for r in found}
    assert by_name["on_time_share"] == Estimate(0.9, 0.9, 0.9, "share")
    otif = by_name["otif_share"]
    assert isinstance(otif, Refusal)
    assert "order_lines.shipped_units" in otif.because


def test_too_short_a_record_has_no_ranges() -> None:
    found = service_readings(Panel(counts(due=10, on_time=9), None), frozenset({"promised_at", "delivered_at"}))[0]
    assert all(isinstance(r.figure, Refusal) for r in found)


def test_nothing_to_divide_is_a_refusal_not_a_zero() -> None:
    found = service_readings(Panel(counts(), DRAWS), frozenset({"promised_at", "delivered_at"}))[0]
    assert all(isinstance(r.figure, Refusal) for r in found if r.name != "overdue_share")


def test_an_asset_of_a_few_weeks_has_no_ranges() -> None:
    young = {name: values.copy() for name, values in counts(due=10, on_time=9).items()}
    for values in young.values():
        values[:, 3:] = 0
    found = service_readings(Panel(young, DRAWS), frozenset({"promised_at", "delivered_at"}))[0]
    assert all(isinstance(r.figure, Refusal) for r in found)
