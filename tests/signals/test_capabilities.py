from __future__ import annotations

from dataclasses import replace

from fourwalls.diagnosis import Capability
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.signals.capabilities import CAPABILITIES, capabilities
from fourwalls.signals.material import TABLE_OF, Material

from .made import loss, material, portfolio


def row(made: Material) -> dict[str, Capability]:
    return {c.name: c for c in capabilities(made, portfolio())}


def test_every_stage_belongs_to_one_capability() -> None:
    stages = [s for able in CAPABILITIES for s in able.stages]
    assert sorted([*stages, "overflow"]) == sorted(TABLE_OF)


def test_levels_by_what_is_lost() -> None:
    found = row(material(losses=(loss("carriage", 0.02, "between"), loss("fulfilment", 0.005), loss("waste", 0.001))))
    assert found["carriage"].level == "far below standard"
    assert found["picking"].level == "below standard"
    assert found["cost_control"].level == "at standard"
    assert found["forecasting"].level == "at standard"
    assert "a standard" in found["carriage"].reading


def test_what_is_not_measured_is_unmeasured_and_not_good() -> None:
    made = material()
    found = row(replace(made, measured=made.measured - {"forecast", "carriage"}))
    for name in ("forecasting", "carriage", "exception_handling"):
        assert found[name].level == "unmeasured"
        assert isinstance(found[name].loss, Refusal)
    assert row(replace(made, measured=frozenset()))["partner_management"].level == "unmeasured"


def test_hands_by_volume_before_losses() -> None:
    losses = (
        loss("carriage", 0.02, "between"),
        loss("fulfilment", 0.02),
        loss("waste", 0.01),
        loss("waste", 0.01, "between"),
    )
    volume = {"fulfilment": (50.0, 50.0, 0.0), "release": (10.0, 0.0, 90.0)}
    found = row(material(losses=losses, hands=volume))
    assert found["carriage"].hands == "partner"
    assert found["picking"].hands == "both"
    assert found["cost_control"].hands == "both"
    assert found["order_routing"].hands == "unknown"
    assert found["forecasting"].hands == "unknown"


def test_managing_partners_is_all_that_is_lost_with_them() -> None:
    losses = (loss("carriage", 0.01, "between"), loss("supply", 0.01, "between"), loss("overflow", 0.5, "between"))
    figure = row(material(losses=losses))["partner_management"].loss
    assert isinstance(figure, Estimate)
    assert round(figure.value, 9) == 0.02


def test_a_reading_without_standard_is_shown_and_held_to_nothing() -> None:
    hours = Reading("exception_closure_hours", "Closing an exception", Estimate(30, 25, 35, "hours"), 99, "…")
    found = row(material(readings={hours.name: hours}))["exception_handling"]
    assert found.level == "unmeasured"
    assert "30.0 hours" in found.reading
