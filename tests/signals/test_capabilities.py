from __future__ import annotations

from dataclasses import replace

import pytest

from fourwalls.chain.standards import Detectable
from fourwalls.diagnosis import Capability
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.signals.capabilities import CAPABILITIES, capabilities, least_readings
from fourwalls.signals.material import TABLE_OF, Material

from .made import REVENUE, WEEKS, loss, material, portfolio


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


def test_stages_at_which_nothing_is_lost_say_what_would_have_been_seen() -> None:
    far = {
        "decision": Detectable(3.0, 12.0, 400.0),
        "listing": Detectable(0.01, 0.02, 90.0),
        "carriage": Detectable(1.0, 10.0, 50.0),
    }
    made = material(
        distances=far, detectable={"record": 0.001 * REVENUE * WEEKS}, losses=(loss("carriage", 0.01),),
        measured=frozenset(TABLE_OF) - {"listing"},
    )  # fmt: skip
    told = {r.name: r.figure.value for r in least_readings(made) if isinstance(r.figure, Estimate)}
    # Carriage lost something, and nobody could say what listing reaches.
    assert told == {"least_decision_least_delay": 0.25, "least_record_least_seen": pytest.approx(0.001)}
    words = {c.name: c.reading for c in capabilities(made, portfolio())}
    assert words["buying"].endswith("; whoever took 25 % longer than others would have been seen four times in five")
    assert "record: from 0.1 % of revenue on lines cancelled for it would have been seen" in words["stock_accuracy"]
    assert words["allocation"].endswith("this comparison does not tell")
    assert words["listing"] == "unmeasured"
