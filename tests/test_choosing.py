"""From what paths are worth to one plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fourwalls.allocation import Allocation, Enabler
from fourwalls.choosing import allocation_of, options_of
from fourwalls.errors import AllocationError, PortfolioError
from fourwalls.figures import Refusal
from fourwalls.portfolio import Funds

from .hand_made import case, portfolio, triple

SAID = portfolio(triple(30), triple(20))
CASES = [case(SAID, 100, 0, "chairs"), case(SAID, 70, 90, "lamps"), case(SAID, 10, 5, "rugs")]


def plan(**given: float) -> Allocation:
    found = allocation_of(CASES, SAID, **given)
    assert isinstance(found, Allocation)
    return found


def test_options_carry_value_cost_and_draws() -> None:
    found = {(o.asset, o.path): o for o in options_of(CASES, SAID)}
    assert len(found) == 9
    lamps = found["lamps", "operate then orchestrate"]
    assert (lamps.value, lamps.cost) == pytest.approx((70 + 90 - 50, 50))
    assert lamps.draws is not None
    assert lamps.draws.mean() == pytest.approx(lamps.value)


@pytest.mark.parametrize(
    ("budget", "value", "chosen"),
    [
        (20, 70, {("lamps", "orchestrate")}),
        (50, 140, {("chairs", "operate"), ("lamps", "orchestrate")}),
        (1_000, 180, {("chairs", "operate"), ("lamps", "operate then orchestrate")}),
    ],
)
def test_the_budget_decides(budget: float, value: float, chosen: set[tuple[str, str]]) -> None:
    found = plan(budget=budget)
    assert found.value == pytest.approx(value)
    assert {(c.asset, c.path) for c in found.chosen} == chosen
    assert "rugs" in [row.asset for row in found.left_out], "it costs more than it brings"


def test_open_rules_bar_orchestrating_where_they_hold_half_of_what_is_at_stake() -> None:
    for blocked, is_barred in ((44.0, False), (45.0, True)):
        options = options_of([case(SAID, 70, 90, blocked=blocked)], SAID)
        assert [bool(o.barred) for o in options] == [False, is_barred, False]


def test_operating_first_is_no_way_round_the_rules() -> None:
    found = allocation_of([case(SAID, 10, 90, blocked=90)], SAID, 1_000)
    assert isinstance(found, Allocation)
    assert found.chosen == ()
    assert found.left_out[0].path == "operate", "only that may be chosen, and it does not pay"
    pays = allocation_of([case(SAID, 50, 90, blocked=90)], SAID, 1_000)
    assert isinstance(pays, Allocation)
    assert [c.path for c in pays.chosen] == ["operate then orchestrate"]


def test_without_a_budget_it_says_what_all_that_pays_would_take() -> None:
    found = allocation_of(CASES, SAID)
    assert isinstance(found, Refusal)
    assert found.code == "no_budget"
    assert "EUR 80 to begin and bring EUR 180" in found.because
    funded = replace(SAID, funds=Funds(budget_amount=50))
    told = allocation_of(CASES, funded)
    assert isinstance(told, Allocation)
    assert told.limits.budget == 50


def test_weeks_of_people_bind_only_where_they_are_known() -> None:
    refused = allocation_of(CASES, SAID, 1_000, 5)
    assert isinstance(refused, Refusal)
    assert refused.code == "no_people_weeks"
    timed = replace(
        SAID, paths={"operate": {**SAID.paths["operate"], "people_weeks": triple(2, 4, 6)}, "orchestrate": {**SAID.paths["orchestrate"]}}
    )  # fmt: skip
    found = allocation_of(CASES, timed, 1_000, 4)
    assert isinstance(found, Allocation)
    assert found.people_weeks == pytest.approx(4)
    assert found.value == pytest.approx(140), "one is operated, the other orchestrated"


def test_what_paths_share_is_paid_once() -> None:
    paths = {"operate": SAID.paths["operate"], "orchestrate": {**SAID.paths["orchestrate"], "shared_one_off": ["edi"]}}
    shared = replace(SAID, paths=paths, funds=Funds(enablers=(Enabler("edi", 15.0),)))
    cases = [case(shared, 0, 90, name) for name in ("chairs", "lamps")]
    found = allocation_of(cases, shared, 55)
    assert isinstance(found, Allocation)
    assert (found.value, found.cost, found.enablers) == (pytest.approx(125), pytest.approx(55), ("edi",))
    with pytest.raises(AllocationError, match="not described"):
        allocation_of(cases, replace(shared, funds=Funds()), 55)
    odd = replace(SAID, paths={"operate": {**SAID.paths["operate"], "shared_one_off": 3}})
    with pytest.raises(PortfolioError, match="list of names; found 3"):
        options_of(CASES, odd)


def test_bad_budgets_and_nothing_priced() -> None:
    none = allocation_of(CASES, SAID, 0)
    assert isinstance(none, Refusal)
    assert none.code == "no_budget"
    for wrong in (-1.0, float("nan")):
        with pytest.raises(AllocationError, match="budget must be an amount"):
            allocation_of(CASES, SAID, wrong)
    unpriced = [replace(CASES[0], both=replace(CASES[0].both, values=None))]
    for cases in ([], unpriced):
        found = allocation_of(cases, SAID, 10)
        assert isinstance(found, Refusal)
        assert found.code == "nothing_priced"
