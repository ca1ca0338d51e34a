"""Signals and tests that read losses: status work, disconnected data, waste, partners, facing, governance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fourwalls.chain.standards import Detectable
from fourwalls.diagnosis import SignalReading
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.signals.facing import CUSTOMER_FACING
from fourwalls.signals.leaning import firmness, revenue_share
from fourwalls.signals.lines import ten_lines
from fourwalls.signals.material import TABLE_OF, Material, Rules

from .made import REVENUE, WEEKS, loss, material, portfolio


def line(name: str, made: Material, **signals: float) -> SignalReading:
    return {x.name: x for x in ten_lines(made, portfolio(**signals))}[name]


@pytest.mark.parametrize(
    ("name", "losses", "lean"),
    [
        ("status_work", (loss("status", 0.01, "inside"),), "operate"),
        ("status_work", (loss("status", 0.01, "between"),), "orchestrate"),
        ("status_work", (loss("status", 0.01, "between"), loss("status", 0.01, "inside")), "orchestrate"),
        ("status_work", (loss("status", 0.01, "unknown"),), "cannot tell"),
        ("status_work", (loss("status", 0.001, "between"),), "neither"),
        ("status_work", (), "neither"),
        ("disconnected_data", (loss("feed", 0.01, "between"),), "orchestrate"),
        ("disconnected_data", (loss("feed", 0.01, "inside"),), "orchestrate"),
        ("disconnected_data", (loss("feed", 0.001, "between"),), "neither"),
        ("waste", (loss("waste", 0.02, "inside"),), "operate"),
        ("waste", (loss("waste", 0.02, "between"),), "neither"),
        ("waste", (loss("waste", 0.001, "inside"),), "neither"),
        ("partners", (loss("overflow", 0.02, "between"),), "orchestrate"),
        ("partners", (loss("overflow", 0.001, "between"),), "neither"),
        ("facing", (loss("content", 0.02, "between"), loss("fulfilment", 0.005)), "orchestrate"),
        ("facing", (loss("content", 0.005, "between"), loss("fulfilment", 0.02)), "operate"),
        ("facing", (loss("content", 0.005, "between"), loss("carriage", 0.02, "between")), "neither"),
        ("facing", (loss("content", 0.02, "between"), loss("fulfilment", 0.02)), "neither"),
        ("facing", (loss("content", 0.001, "between"),), "neither"),
        ("facing", (), "neither"),
    ],
)
def test_leans_follow_the_answer_key(name: str, losses: tuple[object, ...], lean: str) -> None:
    found = line(name, material(losses=losses))
    assert found.lean == lean
    assert found.how == ("unknown" if lean == "cannot tell" else "measured")
    assert (found.strength > 0) == (lean in ("operate", "orchestrate"))


def test_our_own_feeds_speak_half_as_firmly_as_partners() -> None:
    ours = line("disconnected_data", material(losses=(loss("feed", 0.01, "inside"),)))
    theirs = line("disconnected_data", material(losses=(loss("feed", 0.01, "between"),)))
    assert ours.strength == theirs.strength / 2


@pytest.mark.parametrize(
    ("name", "table"),
    [("status_work", "work_log"), ("disconnected_data", "feeds"), ("waste", "leakage"), ("partners", "offers")],
)
def test_without_its_table_a_signal_cannot_be_told_and_is_not_nothing(name: str, table: str) -> None:
    made = material(measured=frozenset())
    found = line(name, replace(made, tables=made.tables - {table}))
    assert (found.lean, found.how) == ("cannot tell", "unknown")
    assert table in found.because
    assert isinstance(found.readings[0].figure, Refusal)


def test_a_stage_held_to_nothing_is_not_nothing() -> None:
    found = line("waste", material(measured=frozenset()))
    assert found.lean == "cannot tell"
    assert "nothing shows what waste could reach" in found.because.lower()


def test_without_prices_shares_of_revenue_are_refused() -> None:
    found = line("waste", material(losses=(loss("waste", 0.02),), revenue=np.zeros(WEEKS)))
    assert found.lean == "cannot tell"


def test_thresholds_of_the_user_move_the_lean() -> None:
    made = material(losses=(loss("waste", 0.02),))
    assert line("waste", made, waste_share=0.05).lean == "neither"
    told = line("waste", made, waste_share=0.05).thresholds[0]
    assert (told.value, told.is_default) == (0.05, False)


def test_share_of_revenue_and_its_range_as_by_hand() -> None:
    one = loss("waste", 0.02, draws=np.linspace(0.01, 0.03, 999) * REVENUE * WEEKS)
    found = revenue_share(material(), "waste", [one, loss("waste", 0.01, "between")])
    assert isinstance(found, Estimate)
    tail = material().draws.tail  # type: ignore[union-attr]
    assert found.value == pytest.approx(0.03)
    assert found.low == pytest.approx(0.02 + 0.02 * tail, rel=1e-3)
    assert found.high == pytest.approx(0.04 - 0.02 * tail, rel=1e-3)


def test_fewer_replicates_of_one_flow_are_no_obstacle() -> None:
    short = loss("forecast", 0.02, draws=np.full(399, 0.02 * REVENUE * WEEKS))
    found = revenue_share(material(), "all", [short, loss("waste", 0.01)])
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == (pytest.approx(0.03), pytest.approx(0.03))


def test_a_range_that_reaches_below_the_bar_halves_the_strength() -> None:
    assert firmness(Estimate(0.02, 0.015, 0.03, "share"), 0.01) == 0.75
    assert firmness(Estimate(0.02, 0.005, 0.03, "share"), 0.01) == 0.375


def test_facing_parts_and_the_rest_make_the_whole() -> None:
    losses = tuple(loss(stage, 0.001 * (i + 1)) for i, stage in enumerate((*CUSTOMER_FACING, "fulfilment", "waste")))
    found = line("facing", material(losses=losses)).readings[0].figure
    assert isinstance(found, Estimate)
    # 1 + 2 + 3 + 4 + 5 of 1 + … + 7.
    assert found.value == pytest.approx(15 / 28)


def test_the_parts_of_facing_add_up_exactly_and_what_is_unmeasured_is_refused() -> None:
    losses = tuple(loss(stage, 0.001 * (i + 1)) for i, stage in enumerate((*CUSTOMER_FACING, "fulfilment", "waste")))
    parts = {r.name: r.figure for r in line("facing", material(losses=losses)).readings if r.name.endswith("_part")}
    assert set(parts) == {f"{s}_part" for s in (*CUSTOMER_FACING, "behind")}
    assert sum(f.value for f in parts.values() if isinstance(f, Estimate)) == pytest.approx(1, abs=1e-12)
    some = material(losses=losses[4:], measured=frozenset(TABLE_OF) - {"content", "price", "media"})
    told = {r.name: r.figure for r in line("facing", some).readings}
    assert isinstance(told["content_part"], Refusal)
    assert isinstance(told["listing_part"], Estimate)


def test_what_the_verdict_leaves_alone_does_not_outweigh_what_customers_see() -> None:
    losses = (loss("content", 0.004, "between"), loss("carriage", 0.004, "between"))
    assert line("facing", material(losses=losses)).lean == "neither"
    assert line("facing", material(losses=losses, weighs=frozenset({"stock"}))).lean == "orchestrate"


def test_facing_is_unknown_where_nothing_was_held_to_anything() -> None:
    assert line("facing", material(measured=frozenset())).lean == "cannot tell"
    some = line("facing", material(measured=frozenset({"release", "content"})))
    assert some.lean == "cannot tell"
    assert "price, media, promise, listing could not be measured" in some.because


@pytest.mark.parametrize(
    ("name", "stage"), [("status_work", "status"), ("disconnected_data", "feed"), ("waste", "waste")]
)
def test_none_tells_the_least_that_would_have_been_seen(name: str, stage: str) -> None:
    seen = {stage: 0.0015 * REVENUE * WEEKS}
    found = line(name, material(detectable=seen))
    assert "from 0.15 % of revenue on it would have been seen four times in five" in found.because
    told = next(r.figure for r in found.readings if r.name == f"{stage}_least_seen")
    assert isinstance(told, Estimate)
    assert told.value == pytest.approx(0.0015)
    some = line(name, material(detectable=seen, losses=(loss(stage, 0.001),)))
    assert not [r for r in some.readings if r.name.endswith("_least_seen")]
    assert "would have been seen" not in line(name, material()).because


def test_a_delay_that_would_have_been_seen_is_told_where_deciding_costs_nothing() -> None:
    far = {"decision": Detectable(3.0, 12.0, 400.0)}
    found = line("speed", material(distances=far))
    assert "whoever took 25 % longer than others would have been seen four times in five" in found.because
    least = next(r for r in found.readings if r.name == "decision_least_delay")
    assert isinstance(least.figure, Estimate)
    assert (least.figure.value, least.n) == (0.25, 400)
    some = line("speed", material(distances=far, losses=(loss("decision", 0.001),)))
    assert "would have been seen" not in some.because
    nobody = line("speed", material(distances=far, measured=frozenset()))
    assert nobody.lean == "cannot tell"
    assert "would have been seen" not in nobody.because


def test_no_sentence_says_nought_of_revenue() -> None:
    dust = tuple(loss(s, 1e-5) for s in ("waste", "status", "feed", "overflow", "decision"))
    for made in (material(), material(losses=dust)):
        for found in ten_lines(made, portfolio()):
            assert "0.0 %" not in found.because
            assert " 0 % of revenue" not in found.because
    assert "costs less than 0.1 % of revenue" in line("waste", material(losses=dust)).because
    assert "could add margin of less than 0.1 % of revenue" in line("partners", material(losses=dust)).because


def test_partners_who_could_add_nothing_are_told_with_what_is_turned_away() -> None:
    away = Reading("turned_away_units", "Units turned away", Estimate(120.0, 80.0, 170.0, "units"), 9, "…")
    found = line("partners", material(readings={away.name: away}))
    assert (found.how, found.lean) == ("measured", "neither")
    assert "(120 units, at most 170 by its range): priced, not tested" in found.because


def test_demand_turned_away_is_not_customer_facing_or_system_facing() -> None:
    made = (loss("content", 0.02, "between"), loss("overflow", 0.5, "between"))
    assert line("facing", material(losses=made)).readings[0].figure.value == 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("ready", "lean", "strength"),
    [
        (Rules(0.9), "neither", 0.0),
        (Rules(0.35, holes=("no owner of orders-feed",)), "operate", 0.5),
        (Rules(0.9, is_blocked=True, holes=("no owner of orders-feed",)), "operate", 0.5),
        (Rules(1.0, unknown=0.2, unknown_with=("Castle Trade",)), "neither", 0.0),
        (Rules(1.0, unknown=0.4, unknown_with=("Castle Trade",)), "cannot tell", 0.0),
        (Rules(0.5, unknown=0.3, unknown_with=("Castle Trade",)), "operate", 1 - 0.65 / 0.7),
        (Rules(1.0, is_blocked=True, unknown=0.4, holes=("no owner of orders-feed",)), "operate", 0.5),
        (None, "cannot tell", 0.0),
        (Rules(Refusal("none", "Governance", "nobody told", "contracts")), "cannot tell", 0.0),
    ],
)
def test_governance_that_is_not_ready_leans_to_operate(ready: Rules | None, lean: str, strength: float) -> None:
    found = line("governance", material(rules=ready))
    assert (found.lean, found.strength) == (lean, pytest.approx(strength))
    if ready is not None and ready.holes:
        assert "no owner of orders-feed" in found.because
    if ready is not None and ready.unknown_with:
        assert "are unknown (no contract is with Castle Trade)" in found.because
        parts = [r.figure.value for r in found.readings if isinstance(r.figure, Estimate)]
        assert sum(parts) == pytest.approx(1.0)
        first = found.readings[0].figure
        assert isinstance(first, Estimate)
        assert first.high - first.low == pytest.approx(ready.unknown)
