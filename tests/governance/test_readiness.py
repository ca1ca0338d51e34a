"""Readiness and holes from rules that are known; figures by hand."""

from __future__ import annotations

import dataclasses

import pytest

from fourwalls.figures import Refusal
from fourwalls.governance.questions import QUESTIONS
from fourwalls.governance.readiness import readiness
from fourwalls.governance.rules import Governance
from fourwalls.governance.settling import Rule
from fourwalls.portfolio import RULES, Thresholds

ASSET = ("toys", "north")


def governance(**open_of):
    """Partners with the questions that are open (or broken, after a !); '?' means unknown."""
    rules = []
    for party, lacking in open_of.items():
        for question in QUESTIONS:
            status = (
                "unknown"
                if lacking == "?"
                else "broken"
                if f"!{question}" in lacking
                else "open"
                if question in lacking
                else "settled"
            )
            rules.append(Rule(party, question, status, (), "because", "remedy", ()))
    return Governance((), tuple(rules), (), (), (), (), ())


def ready(stakes, thresholds=None, **open_of):
    return readiness(governance(**open_of), {ASSET: stakes}, thresholds or Thresholds())[ASSET]


def test_the_names_are_those_of_the_portfolio():
    assert tuple(QUESTIONS) == RULES


def test_all_settled():
    found = ready([("a", 10.0), ("b", 30.0)], a=[], b=[])
    assert (found.share, found.required_share, found.is_blocked, found.holes) == (1.0, 1.0, False, ())


def test_holes_are_ranked_by_what_they_block():
    found = ready([("a", 10.0), ("b", 30.0), ("c", 60.0)], a=["owner"], b=["escalation", "exit"], c=["fallback"])
    assert [(h.party_id, h.question, h.blocks, h.amount) for h in found.holes] == [
        ("b", "escalation", True, 30.0), ("a", "owner", True, 10.0), ("c", "fallback", False, 60.0), ("b", "exit", False, 30.0),
    ]  # fmt: skip
    assert found.share == pytest.approx((10 * 6 + 30 * 5 + 60 * 6) / 7 / 100)
    assert found.required_share == pytest.approx((10 * 2 + 30 * 2 + 60 * 3) / 3 / 100)
    assert (found.is_blocked, found.blocked_amount) == (True, 40.0)


def test_what_warns_does_not_block():
    found = ready([("a", 10.0)], a=["quality", "credit", "fallback", "exit"])
    assert (found.is_blocked, found.share, found.required_share) == (False, pytest.approx(3 / 7), 1.0)


def test_a_broken_promise_counts_as_a_hole_and_does_not_block():
    found = ready([("a", 10.0)], a=["!service_level"])
    assert (found.is_blocked, found.share) == (False, pytest.approx(6 / 7))
    assert [(h.question, h.blocks) for h in found.holes] == [("service_level", False)]


def test_unknown_partners_neither_block_nor_count():
    found = ready([("a", 10.0), ("b", 90.0)], a=["owner"], b="?")
    assert (found.unknown_amount, found.share, found.is_blocked) == (90.0, pytest.approx(6 / 7), True)
    nothing = ready([("b", 90.0)], b="?")
    assert isinstance(nothing.share, Refusal)
    assert (nothing.is_blocked, nothing.holes, nothing.unknown, nothing.settled) == (False, (), 1.0, 0.0)


def test_what_is_at_stake_is_settled_or_not_or_unknown():
    found = ready([("a", 20.0), ("b", 30.0), ("c", 40.0), ("d", 10.0)], a=[], b=["owner"], c="?", d="?")
    assert (found.unknown, found.unknown_with) == (0.5, ("c", "d"))
    assert found.settled == pytest.approx((20 + 30 * 6 / 7) / 100)
    assert ready([], a=[]).unknown == 0.0
    named = readiness(governance(c="?"), {ASSET: [("c", 1.0)]}, Thresholds(), {"c": "Castle"})[ASSET]
    assert named.unknown_with == ("Castle",)


def test_a_partner_without_stake_does_not_matter():
    assert not ready([("a", 0.0), ("b", 5.0)], a=["owner"], b=[]).is_blocked


def test_the_user_says_what_is_required():
    lax = dataclasses.replace(Thresholds(), required_rules=())
    assert not ready([("a", 10.0)], lax, a=["owner", "escalation", "service_level"]).is_blocked
    strict = dataclasses.replace(Thresholds(), required_rules=("exit",))
    assert ready([("a", 10.0)], strict, a=["exit"]).is_blocked
