"""Which clause answers which question."""

from __future__ import annotations

from datetime import date

import pytest

from fourwalls.governance.questions import QUESTIONS, clauses, not_in_force, owners, promises, property_name

from .written import HEAD, contract

TODAY = date(2026, 1, 1)
OWNER = "team:\n  members:\n    - {username: ann, role: Data Owner}\n"
FULL = (
    OWNER
    + "support:\n  - {channel: desk, scope: issues}\n"
    + "slaProperties:\n  - {property: latency, value: 2, unit: h}\n"
    + "schema:\n  - name: orders\n    quality:\n      - {metric: rowCount, mustBeGreaterThan: 0}\n"
    + "customProperties:\n  - {property: creditRules, value: they}\n  - {property: exitPlan, value: notice}\n"
    + "authoritativeDefinitions:\n  - {type: business-continuity, url: 'https://wiki.example/plan'}\n"
)


def answered(found):
    return {c.question for c in clauses(found, TODAY)[0]}


def test_a_full_contract_answers_all(tmp_path):
    assert answered(contract(tmp_path, FULL)) == set(QUESTIONS)


def test_an_empty_one_answers_nothing(tmp_path):
    assert clauses(contract(tmp_path), TODAY) == ((), {})


@pytest.mark.parametrize(
    ("team", "is_owned"),
    [
        (OWNER, True),
        ("team:\n  - {username: ann, role: owner}\n", True),  # a list, as before 3.1
        ("team: {name: Orders}\n", False),
        ("team:\n  members:\n    - {username: ann, role: analyst}\n", False),
        ("team:\n  members:\n    - {username: ann, role: owner, dateOut: '2025-06-30'}\n", False),
        ("team:\n  members:\n    - {username: ann, role: owner, dateOut: '2026-06-30'}\n", True),
        ("team:\n  members:\n    - {username: ' ', role: owner}\n", False),
        ("roles:\n  - {role: reader, access: read}\n", False),
        ("roles:\n  - {role: interface owner, firstLevelApprovers: ann}\n", True),
        ("customProperties:\n  - {property: data_owner, value: ann}\n", True),
        ("customProperties:\n  - {property: owner, value: ''}\n", False),
    ],
)
def test_who_owns(tmp_path, team, is_owned):
    found = contract(tmp_path, team)
    assert ("owner" in answered(found)) is is_owned
    if team.startswith("team") and not is_owned:
        assert "nobody in it who owns" in clauses(found, TODAY)[1]["owner"]
        assert owners(found, TODAY) == []


@pytest.mark.parametrize(
    ("body", "can_call"),
    [
        ("support:\n  - {channel: desk}\n", True),
        ("support:\n  - {channel: news, scope: announcements}\n", False),
        ("support:\n  - {channel: desk}\nslaProperties:\n  - {property: endOfSupport, value: '2025-06-01'}\n", False),
        ("support:\n  - {channel: desk}\nslaProperties:\n  - {property: es, value: '2027-06-01'}\n", True),
        ("customProperties:\n  - {property: escalationPath, value: call Bo}\n", True),
    ],
)
def test_where_to_call(tmp_path, body, can_call):
    assert ("escalation" in answered(contract(tmp_path, body))) is can_call


def test_lifecycle_is_no_service(tmp_path):
    body = "slaProperties:\n  - {property: retention, value: 3, unit: y}\n  - {property: generalAvailability, value: '2024-01-01'}\n"
    assert "service_level" not in answered(contract(tmp_path, body))


@pytest.mark.parametrize(
    ("written", "name"),
    [("LATENCY", "latency"), ("ly", "latency"), ("freshness", "latency"), ("tr", "timeToRepair"), ("own", "own")],
)
def test_names_of_the_standard_know_no_case_and_have_synonyms(written, name):
    assert property_name(written) == name


def test_two_figures_for_one_thing_contradict(tmp_path):
    body = "slaProperties:\n  - {property: latency, value: 2, unit: h}\n  - {property: ly, value: 4, unit: h}\n"
    found = contract(tmp_path, body)
    assert [bool(p.contradicted) for p in promises(found)] == [True, True]
    said, why = clauses(found, TODAY)
    assert not said
    assert "promises latency twice" in why["service_level"]


def test_the_same_figure_twice_and_other_drivers_do_not(tmp_path):
    body = (
        "slaProperties:\n  - {property: latency, value: 2, unit: h}\n  - {property: latency, value: 120, unit: min}\n"
        "  - {property: timeOfAvailability, value: '09:00-08:00', driver: regulatory}\n"
        "  - {property: timeOfAvailability, value: '08:00-08:00', driver: analytics}\n"
        "  - {property: latency, value: 5, unit: h, element: tab1.col}\n"
    )
    assert not any(p.contradicted for p in promises(contract(tmp_path, body)))


@pytest.mark.parametrize(
    ("status", "sla", "says"),
    [
        ("active", "", None),
        ("Deprecated", "", None),
        ("draft", "", "is 'draft', not in force"),
        ("retired", "", "is 'retired'"),
        ("active", "slaProperties:\n  - {property: endOfLife, value: '2025-12-31'}\n", "ended on 2025-12-31"),
        ("active", "slaProperties:\n  - {property: endOfLife, value: '2026-12-31'}\n", None),
    ],
)
def test_what_binds(tmp_path, status, sla, says):
    found = not_in_force(contract(tmp_path, sla, head=HEAD.format(id="a").replace("active", status)), TODAY)
    assert found is None if says is None else says in found
