"""What is settled, broken, open and unknown, from contracts written by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from fourwalls.figures import Refusal
from fourwalls.governance.checks import SlaCheck
from fourwalls.governance.questions import QUESTIONS, promises
from fourwalls.governance.records import Records
from fourwalls.governance.settling import LEAST_EXCEPTIONS, Partner, settle
from fourwalls.portfolio import ServiceLevel

from .test_questions import FULL, OWNER
from .written import DAY, START, cases, contract

TODAY = date(2026, 1, 1)
UNTIL = START + 365 * DAY


def partner(contracts=(), *, is_evident=True, is_asked=True, void=(), status="met", levels=(), quality=()):
    refused = Refusal("x", "x", "x", "x")
    sla = tuple(
        SlaCheck(c.id, "bazaar", (), p.name, p.text, p.where, refused, 0, status, "so it is")
        for c in contracts
        for p in promises(c)
    )
    return Partner("bazaar", tuple(contracts), void, is_evident, is_asked, sla, quality, levels, (), None)


def records(**cases_of):
    return Records(None, cases_of or None, {}, UNTIL, closes=bool(cases_of))


def status(question, who, told=None):
    return settle(question, who, told or records(), TODAY).status


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question(tmp_path, question):
    full, empty = contract(tmp_path / "a", FULL), contract(tmp_path / "b")
    assert status(question, partner([full])) == "settled"
    assert status(question, partner([empty])) == "open"
    assert status(question, partner([])) == "open"
    assert status(question, partner([], is_evident=False)) == "unknown"
    assert status(question, partner([], is_evident=False, void=("it is 'retired'",))) == "open"
    assert status(question, partner([full], is_asked=False)) == "unknown"
    assert "nothing of it" in settle(question, partner([full, empty]), records(), TODAY).warnings[0]


def test_a_promise_that_is_missed_does_not_count_and_says_what_a_failure_is(tmp_path):
    found = settle("service_level", partner([contract(tmp_path, FULL)], status="missed"), records(), TODAY)
    assert found.status == "broken"
    assert "missed: latency 2 h" in found.because


@pytest.mark.parametrize("seen", ["met", "undecided", "not checkable"])
def test_a_promise_counts_unless_it_is_missed(tmp_path, seen):
    assert status("service_level", partner([contract(tmp_path, FULL)], status=seen)) == "settled"


def test_a_contradiction_is_no_promise(tmp_path):
    body = "slaProperties:\n  - {property: latency, value: 2, unit: h}\n  - {property: latency, value: 4, unit: h}\n"
    found = settle("service_level", partner([contract(tmp_path, body)]), records(), TODAY)
    assert found.status == "open"
    assert "promises latency twice" in found.because


def test_the_portfolio_may_say_the_service_level():
    level = ServiceLevel("bazaar", "release", 4.0, line=12)
    found = settle("service_level", partner([], levels=(level,)), records(), TODAY)
    assert found.status == "settled"
    assert found.clauses[0].where == "portfolio.toml, line 12"


def closing(n, closed):
    hours = np.full(n, np.nan)
    hours[:closed] = 5.0
    return cases(hours)


@pytest.mark.parametrize(
    ("n", "closed", "expected"),
    [(40, 0, "open"), (40, 1, "settled"), (40, 40, "settled"), (LEAST_EXCEPTIONS - 1, 0, "settled")],
)
def test_an_owner_that_never_closes_an_exception_is_none(tmp_path, n, closed, expected):
    told = records(bazaar=closing(n, closed), own=closing(30, 30))
    found = settle("owner", partner([contract(tmp_path, OWNER)]), told, TODAY)
    assert found.status == expected
    if expected == "open":
        assert "40 exceptions, and none was closed" in found.because


def test_a_named_owner_who_acts_is_judged_by_what_he_did(tmp_path):
    told = Records(None, {"bazaar": closing(40, 40)}, {"ann": closing(20, 0)}, UNTIL, closes=True)
    found = settle("owner", partner([contract(tmp_path, OWNER)]), told, TODAY)
    assert found.status == "open"
    assert found.because.startswith("ann took part in 20")


def test_young_exceptions_are_not_held_against_an_owner(tmp_path):
    young = cases(np.full(10, np.nan))
    told = Records(None, {"bazaar": young, "own": closing(30, 30)}, {}, START + 9.1 * DAY, closes=True)
    assert status("owner", partner([contract(tmp_path, OWNER)]), told) == "open"
    told = Records(None, {"bazaar": young, "own": cases(np.full(30, 2000.0))}, {}, START + 9.1 * DAY, closes=True)
    assert status("owner", partner([contract(tmp_path, OWNER)]), told) == "settled"
