"""The pilot that a diagnosis suggests: path, stage, party, size and worth are the diagnosis's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.surfaces import sample

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Diagnosis, PathWorth, Told
from fourwalls.errors import PanelError
from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot import Proposal, design_proposed, propose


def share(value: float) -> Estimate:
    return Estimate(value, value / 2, 2 * value, "share")


def money(value: float) -> Estimate:
    return Estimate(value, 0.0, 2 * value, "EUR")


def diagnosis(verdict: str = "operate", flow: str = "service") -> Diagnosis:
    """Two assets that lose 2,600 and 5,200 EUR a year by our own fulfilment, and 1,000 by a carrier's carriage."""
    usual = sample.usual()

    def asset(name: str, amount: float) -> AssetDiagnosis:
        own = Told(flow, "fulfilment", "inside", "own", "Own company", money(amount), 100.0, "lines", "best 2 of 6")
        theirs = Told("service", "carriage", "between", "terra", "Terra", money(1000.0), 50.0, "lines", "best 1 of 2")
        return replace(
            usual.assets[0],
            name=name,
            verdict=verdict,
            readings=tuple(
                replace(r, name="otif_share", label="OTIF", figure=Estimate(0.8, 0.7, 0.9, "share"))
                for r in usual.assets[0].readings[:1]
            ),
            losses=(theirs, own),
            contributions=tuple(
                Contribution(
                    outcome, "fulfilment", "inside", "own", "Own company", 10.0, share(0.05), money(1.0), "best 2 of 6"
                )
                for outcome in ("late", "overdue", "cancelled")
            ),
            paths=(
                PathWorth("operate", money(1.0), 1.0, 0.5, amount, 520.0, 104.0, 0.0, money(1.0), (), is_default=False),
            ),
        )  # fmt: skip

    known = {"attainable_share": 0.8, "horizon_years": 2.0}
    return replace(
        usual,
        assets=(asset("a", 2600.0), asset("b", 5200.0)),
        assumptions=tuple(replace(sample.priced().assumptions[0], name=n, value=v) for n, v in known.items()),
    )


def test_size_and_worth_are_those_of_the_diagnosis() -> None:
    found = propose(diagnosis(), "a")
    assert isinstance(found, Proposal)
    assert (found.path, found.stage, found.party, found.measure) == (
        "operate",
        "fulfilment",
        "Own company",
        "otif_share",
    )
    # Late and overdue lines, not cancelled ones: 10 points of lines, of which 0.8 can be had, on 80 %.
    assert found.expected == pytest.approx((0.0, 0.1, 0.25))
    assert found.rolled_out == ("a", "b")
    assert found.own_gain_per_week == pytest.approx(0.8 * 2600 / 52)
    assert found.gain_per_week == pytest.approx(0.8 * 7800 / 52)
    assert found.rollout_cost == pytest.approx(2 * (520 + 2 * 104))
    assert (found.pilot_cost, found.pilot_cost_per_week, found.horizon) == pytest.approx((520.0, 2.0, 104.0))
    assert "from 80.0% to 88.0% in a" in found.words
    assert found.command.endswith("--asset a")


def test_a_share_cannot_rise_above_one() -> None:
    high = diagnosis()
    full = replace(
        high,
        assets=tuple(replace(a, contributions=tuple(replace(c, share=share(0.3)) for c in a.contributions)) for a in high.assets),
    )  # fmt: skip
    found = propose(full, "a")
    assert isinstance(found, Proposal)
    assert found.expected == pytest.approx((0.0, 0.25, 0.25))


@pytest.mark.parametrize(
    ("verdict", "flow", "code"),
    [
        ("leave it", "service", "leave_it"),
        ("cannot tell yet", "service", "cannot_tell"),
        ("govern first", "service", "govern_first"),
        ("operate", "work", "no_measure"),
    ],
)
def test_without_a_path_or_a_measure_there_is_none(verdict: str, flow: str, code: str) -> None:
    found = propose(diagnosis(verdict, flow), "a")
    assert isinstance(found, Refusal)
    assert found.code == code
    assert found.next_step


def test_unknown_asset() -> None:
    with pytest.raises(PanelError, match="There is no asset 'c'"):
        propose(diagnosis(), "c")


def test_the_design_weighs_what_the_proposal_says_is_at_stake() -> None:
    found = propose(diagnosis(), "a")
    assert isinstance(found, Proposal)
    rng = np.random.default_rng(2)
    y = 0.8 + rng.normal(0, 0.01, (8, 40))
    panel = {"asset": np.repeat(list("abcdefgh"), 40), "week": np.tile(np.arange(40), 8), "otif_share": y.ravel()}
    made = design_proposed(panel, found, unit="asset", time="week", lengths=(4,), least_windows=60).worth
    assert not isinstance(made, Refusal)
    assert made.act == pytest.approx(found.worth_at_best.act)
    assert made.chance == pytest.approx(found.worth_at_best.chance)
    assert made.pilot <= found.worth_at_best.pilot
