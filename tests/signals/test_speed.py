from __future__ import annotations

import numpy as np
import pytest

from fourwalls.figures import Estimate
from fourwalls.signals.material import Loop
from fourwalls.signals.speed import latency_share, measure

from .made import WEEKS, loss, material, portfolio

HOURS = 3600.0 * np.ones(WEEKS)


def loop(decide: float, act: float, whole: float) -> Loop:
    return Loop(10 * decide * HOURS, 10 * act * HOURS, 10 * whole * HOURS, 10 * np.ones(WEEKS))


def test_share_and_hours_as_by_hand() -> None:
    made = material(loop=loop(48, 24, 240), losses=(loss("decision", 0.02),))
    found = latency_share(made)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.3)
    hours = {r.name: r.figure for r in measure(made, portfolio()).readings}
    assert hours["hours_to_decide"].value == pytest.approx(48)  # type: ignore[union-attr]
    assert hours["hours_to_act"].value == pytest.approx(24)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("losses", "lean"),
    [
        ((loss("decision", 0.02, "between"),), "orchestrate"),
        ((loss("decision", 0.02, "inside"),), "operate"),
        ((loss("decision", 0.02, "inside"), loss("decision", 0.02, "between")), "orchestrate"),
        ((loss("decision", 0.02, "unknown"),), "cannot tell"),
        ((loss("decision", 0.001, "between"),), "neither"),
        ((), "neither"),
    ],
)
def test_costly_waiting_leans_by_who_decides(losses: tuple[object, ...], lean: str) -> None:
    assert measure(material(loop=loop(48, 24, 240), losses=losses), portfolio()).lean == lean


def test_where_its_cost_is_unknown_the_share_of_the_loop_speaks_with_half_the_strength() -> None:
    blind = frozenset[str]()
    assert measure(material(loop=loop(48, 24, 240), measured=blind), portfolio()).lean == "orchestrate"
    assert measure(material(loop=loop(48, 24, 240), measured=blind), portfolio()).strength < 0.5
    assert measure(material(loop=loop(2, 2, 240), measured=blind), portfolio()).lean == "neither"
    assert measure(material(measured=blind), portfolio()).lean == "cannot tell"
