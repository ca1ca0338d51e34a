"""Each rule fires on its case and not before; what is printed is what fired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fourwalls.diagnosis import Gap
from fourwalls.figures import Estimate, Refusal
from fourwalls.portfolio import Thresholds
from fourwalls.verdict import Facts, decide, percent


def share(value: float, spread: float = 0.0) -> Estimate:
    return Estimate(value, value - spread, value + spread, "share")


def gap(inside: float, between: float, missed: float = 0.15, chance: float | None = None) -> Gap:
    total = inside + between
    return Gap(
        total=share(total),
        operate=share(inside),
        orchestrate=share(between),
        interaction=share(0.0),
        missed=share(missed),
        residual=share(max(missed - total, 0.0)),
        untraced=share(0.0),
        inside_share=share(inside / total) if total else Refusal("no_gap", "part", "nothing", ""),
        inside_chance=(1.0 if inside > between else 0.0) if chance is None else chance,
        stages=(),
        unjudged=(),
    )


SOUND = Facts(
    lines=5000,
    gap=gap(0.08, 0.0),
    contributions=(),
    unknown_share=0.0,
    untraced_share=0.0,
    unheld_share=0.0,
    event_share=0.0,
    outside_event=0.08,
    judged_share=1.0,
    missed_of_due=0.15,
    on_time_target=0.95,
    target_origin="your target",
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "operate"),
        ({"gap": gap(0.0, 0.08)}, "orchestrate"),
        ({"gap": gap(0.04, 0.05)}, "operate then orchestrate"),
        ({"gap": gap(0.004, 0.1)}, "orchestrate"),
        ({"gap": gap(0.006, 0.005)}, "operate"),  # both sides hold a part, neither is material alone: near tie
        ({"gap": gap(0.06, 0.02, chance=0.5)}, "operate"),
        ({"lines": 199}, "cannot tell yet"),
        ({"judged_share": 0.1, "gap": gap(0.0, 0.0, missed=0.0)}, "cannot tell yet"),
        ({"gap": gap(0.003, 0.0, missed=0.004)}, "leave it"),
        ({"missed_of_due": 0.05}, "leave it"),
        ({"untraced_share": 0.51}, "cannot tell yet"),
        ({"gap": gap(0.005, 0.0), "unheld_share": 0.9}, "cannot tell yet"),
        ({"gap": gap(0.005, 0.0), "unheld_share": 0.1}, "leave it"),
        ({"event_share": 0.9, "outside_event": 0.002}, "leave it"),
        ({"event_share": 0.9, "outside_event": 0.05}, "operate"),
        ({"unknown_share": 0.6}, "cannot tell yet"),
        ({"gap": Refusal("too_few_spans", "gap", "the record spans 3 days", "a longer period")}, "cannot tell yet"),
    ],
)
def test_the_first_rule_that_fits_decides(change: dict, verdict: str) -> None:
    assert decide(replace(SOUND, **change), Thresholds()).name == verdict


def test_the_rule_that_fired_is_printed_with_the_users_threshold() -> None:
    found = decide(replace(SOUND, lines=400), Thresholds(least_lines=500))
    assert found.rule.startswith("1.")
    assert "500" in found.rule


def test_orchestrating_says_that_governance_was_not_looked_at() -> None:
    assert [r.code for r in decide(replace(SOUND, gap=gap(0.0, 0.08)), Thresholds()).refusals] == ["no_contracts"]
    assert not decide(SOUND, Thresholds()).refusals


def test_percent_never_rounds_small_shares_away() -> None:
    assert percent(0.004) == "0.4 %"


@pytest.mark.parametrize(("inside", "between", "verdict"), [(0.08, 0.0, "operate"), (0.0, 0.08, "orchestrate")])
def test_a_side_held_to_nothing_is_unknown_and_not_nothing(inside: float, between: float, verdict: str) -> None:
    refused = Refusal("side_not_held", "part inside the wall", "nothing shows what it could reach", "a target")
    found = decide(
        replace(SOUND, gap=replace(gap(inside, between), inside_share=refused, inside_chance=None)), Thresholds()
    )
    assert found.name == verdict
    assert "nothing shows" in found.because
    assert "%" not in found.because
