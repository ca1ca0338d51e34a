"""From what paths are worth to one plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fourwalls.allocation import Allocation, Enabler
from fourwalls.assembly import asset_name
from fourwalls.choosing import allocation_of, options_of
from fourwalls.errors import AllocationError, PortfolioError
from fourwalls.figures import Refusal
from fourwalls.portfolio import Funds
from fourwalls.value import PATHS
from fourwalls.weighing import decide_all

from .hand_made import NONE, case, portfolio, triple

SAID = portfolio(triple(30), triple(20))
CASES = [case(SAID, 100, 0, "chairs"), case(SAID, 70, 90, "lamps"), case(SAID, 10, 5, "rugs")]


def plan(**given: float) -> Allocation:
    found = allocation_of(CASES, SAID, **given)
    assert isinstance(found, Allocation)
    return found


def test_options_carry_value_cost_and_draws() -> None:
    found = {(o.asset, o.path): o for o in options_of(CASES, SAID)}
    # Of the chairs a partner loses nothing, so to orchestrate does not pay there; rugs are left alone and say what they lack.
    assert {key for key in found if key[0] == "chairs"} == {
        ("chairs", "operate"),
        ("chairs", "operate then orchestrate"),
    }
    assert {key[1] for key in found if key[0] == "lamps"} == set(PATHS)
    assert all(o.value < 0 for key, o in found.items() if key[0] == "rugs")
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
        assert {o.path for o in options if o.barred} == ({"orchestrate"} if is_barred else set())


def test_operating_first_is_no_way_round_the_rules() -> None:
    found = allocation_of([case(SAID, 10, 90, blocked=90)], SAID, 1_000)
    assert isinstance(found, Allocation)
    assert found.chosen == ()
    assert (found.left_out[0].path, found.left_out[0].reason) == ("orchestrate", "barred"), "to operate does not pay"
    pays = allocation_of([case(SAID, 50, 90, blocked=90)], SAID, 1_000)
    assert isinstance(pays, Allocation)
    assert [c.path for c in pays.chosen] == ["operate then orchestrate"]


def test_without_limits_the_choice_is_what_the_verdicts_act_on() -> None:
    """Also where on average another path would bring more, or where what would bring something is not likely to pay."""
    doubtful = case(SAID, 40, 0, "bowls")
    values = doubtful.both.values
    assert values is not None
    draws = np.where(np.arange(len(NONE)) % 5 < 3, 100.0, -50.0)
    unlikely = replace(values["operate"], value=float(draws.mean()), draws=draws)
    doubtful = replace(doubtful, both=replace(doubtful.both, values={**values, "operate": unlikely}))
    tie = case(SAID, 70, 0, "mugs")
    values = tie.both.values
    assert values is not None
    wins = np.where(np.arange(len(NONE)) % 2 == 0, 50.0, 31.0)
    tied = replace(values["operate then orchestrate"], value=float(wins.mean()), draws=wins)
    tie = replace(tie, both=replace(tie.both, values={**values, "operate then orchestrate": tied}))
    cases = [*CASES, doubtful, tie]
    for unseen, verdict, why in (
        (0.0, "leave it", "it pays with a chance of 60 % only"),
        (0.05, "cannot tell yet", "the records cannot tell yet what to do"),
    ):
        at = replace(SAID, thresholds=replace(SAID.thresholds, unseen_stock_share=unseen))
        found = allocation_of(cases, at, 1e6)
        assert isinstance(found, Allocation)
        said = {asset_name(c.key): decide_all(c.both, at.thresholds).name for c in cases}
        assert {c.asset: c.path for c in found.chosen} == {name: v for name, v in said.items() if v in PATHS}
        assert (said["bowls"], said["mugs"]) == (verdict, "operate")
        assert {row.asset: row.barred for row in found.left_out if row.barred} == {"bowls": why}
        assert found.value == pytest.approx(180 + 40)


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
