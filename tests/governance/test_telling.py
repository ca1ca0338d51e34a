"""What the diagnosis says of partners that fail: worst first, and no price is a refusal."""

from __future__ import annotations

from dataclasses import replace

from fourwalls.figures import Refusal
from fourwalls.governance.outages import Outage
from fourwalls.governance.rules import Governance
from fourwalls.governance.settling import Rule
from fourwalls.governance.telling import controls_told, outages_told

OUTAGE = Outage("slow", 0.4, 0.5, 12.0, 30.0, "nobody says", True, 900.0, 1_500.0, "gross margin", 400.0)


def governance(rules: tuple[Rule, ...] = (), outages: tuple[Outage, ...] = ()) -> Governance:
    return Governance(contracts=(), rules=rules, sla=(), quality=(), outages=outages, refusals=(), notes=())


def test_the_costliest_outage_comes_first_and_what_is_not_priced_last() -> None:
    unpriced = replace(OUTAGE, party_id="odd", typical_amount=None, bound_amount=None)
    dear = replace(OUTAGE, party_id="dear", bound_amount=9_000.0)
    told = outages_told(governance(outages=(unpriced, OUTAGE, dear)), {"dear": "Dear Ltd"})
    assert [o.party_name for o in told] == ["Dear Ltd", "slow", "odd"]
    assert [o.bound for o in told[:2]] == [9_000.0, 1_500.0]
    assert isinstance(told[2].bound, Refusal)


def test_no_clause_is_a_control_that_is_absent() -> None:
    rule = Rule(
        party_id="slow",
        question="owner",
        status="open",
        because="no contract says it",
        remedy="Name one.",
        clauses=(),
        warnings=(),
    )
    told = controls_told(governance(rules=(rule, replace(rule, question="exit", status="unknown"))), {})
    assert [(c.question, c.clause, c.status) for c in told] == [("owner", None, "absent")]
