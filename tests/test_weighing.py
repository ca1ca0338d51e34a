"""The verdict from both flows: every rule fires on its case and not before, and lateness alone is judged as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.test_verdict import SOUND, gap

from fourwalls.diagnosis import Availability, Contribution, LostUnits, StageUnits, StockHeld
from fourwalls.figures import Estimate, Refusal
from fourwalls.governance.readiness import Hole, Readiness
from fourwalls.losses import Loss
from fourwalls.portfolio import Thresholds
from fourwalls.resampling import REPLICATES
from fourwalls.value import PATHS, Costs, PathValue, Worth, worth_of
from fourwalls.verdict import Verdict, decide
from fourwalls.weighing import (
    Both,
    counted,
    decide_all,
    first_bottleneck,
    known_values,
    standing_of,
    unseen_worth,
)

T = Thresholds()
NO_STOCK = Refusal("no_stock", "Availability", "there is none", "stock_days")
WANTED = 10_000.0
ALL = ("forecast", "decision", "supply", "receiving", "allocation", "listing")


def share(value: float, spread: float = 0.001) -> Estimate:
    return Estimate(value, value - spread, value + spread, "share")


def unsold(
    *parts: tuple[str, str, str | None, float], lost: float | None = None, wanted: float = WANTED,
    spread: float = 0.001, unjudged: tuple[str, ...] = (),
) -> Availability:  # fmt: skip
    """Availability from (stage, wall, party, share of demand)."""
    total = sum(p[3] for p in parts)
    inside, between = (sum(p[3] for p in parts if p[1] == wall) for wall in ("inside", "between"))
    none = Refusal("no_stock_figure", "stock", "none", "")
    return Availability(
        wanted_units=wanted,
        shelves=10,
        lost=share(total if lost is None else lost),
        total=share(total, spread),
        operate=share(inside),
        orchestrate=share(between),
        interaction=share(0),
        residual=share(0),
        inside_share=share(0.5),
        inside_chance=None,
        stages=tuple(StageUnits(s, w, x * wanted, share(x)) for s, w, _, x in parts),  # type: ignore[arg-type]
        contributions=tuple(
            LostUnits(s, w, p, p or "party not recorded", x * wanted, share(x), Estimate(x * wanted * 4, 0, 1e6, "EUR"), "")  # type: ignore[arg-type]
            for s, w, p, x in parts
        ),
        unjudged=unjudged,
        stock=StockHeld(*(none,) * 8),
    )  # fmt: skip


def worth(inside: float, between: float, chance: float | None = None) -> Worth:
    """Worth with a given chance that the inside is larger."""
    chance = (1.0 if inside > between else 0.0) if chance is None else chance
    wins = np.arange(100) < 100 * chance
    return Worth(inside, between, np.where(wins, 2.0, 0.0), np.where(wins, 0.0, 2.0))


def steady(inside: float, between: float, spread: float = 0.0) -> Worth:
    """Worth whose inside varies by so much, evenly."""
    return Worth(inside, between, inside + spread * np.linspace(-1, 1, 100), np.full(100, between))


SUPPLY = ("supply", "between", "mill", 0.06)
DECISION = ("decision", "inside", "us", 0.06)
NOTHING_LATE = replace(SOUND, gap=gap(0.002, 0.0, missed=0.01), missed_of_due=0.01, outside_event=0.002)


def both(availability: Availability | Refusal, stock: Worth, **given: Any) -> Both:
    facts = given.pop("facts", NOTHING_LATE)
    base = {
        "service": decide(facts, T) if facts is not None else UNKNOWN,
        "facts": facts,
        "service_worth": worth(0, 0, 0.5),
        "costs": Costs(0.1, 0.4),
        "event_share": 0.0,
        "outside_event": 0.05,
    }
    return Both(availability=availability, stock_worth=stock, **(base | given))


UNKNOWN = Verdict("cannot tell yet", "no order lines", "0.", "none", "none", ())


def rule(b: Both) -> tuple[str, str]:
    verdict = decide_all(b, T)
    return verdict.rule[:2], verdict.name


def test_much_lost_for_no_reason_seen_is_not_left_alone() -> None:
    known = unsold(("decision", "inside", "us", 0.001), lost=0.2, unjudged=("supply",))
    b = both(replace(known, residual=share(0.199)), worth(0.1, 0))
    verdict = decide_all(b, T)
    assert (verdict.rule[:2], verdict.name) == ("U2", "cannot tell yet")
    assert "20 % of what customers wanted" in verdict.because
    assert "supply" in verdict.next_step
    # As much as shelves usually lose, or stages that were all judged, or a user without shelves: nothing to wait for.
    assert rule(replace(b, availability=replace(known, residual=share(0.04))))[1] == "leave it"
    assert rule(replace(b, availability=replace(known, residual=share(0.199), unjudged=("shelf",))))[1] == "leave it"
    assert decide_all(b, replace(T, unseen_stock_share=0.0)).name == "leave it"


def test_s1_lost_at_a_stage_nobody_recorded() -> None:
    none_of_supply = unsold(lost=0.05, unjudged=ALL)
    verdict = decide_all(both(none_of_supply, worth(0, 0)), T)
    assert (verdict.rule[:2], verdict.name) == ("S1", "cannot tell yet")
    assert "supply_orders" in verdict.next_step
    # One stage of supply that can be judged, and the record does show something.
    assert rule(both(unsold(lost=0.05, unjudged=("forecast", "supply")), worth(0, 0)))[0] != "S1"
    assert rule(both(unsold(lost=0.005, unjudged=ALL), worth(0, 0)))[0] != "S1"


def test_s2_little_to_recover_and_no_order_lines() -> None:
    assert rule(both(unsold(("supply", "between", "mill", 0.004)), worth(0, 1), facts=None)) == ("S2", "leave it")
    # With order lines, what they say stands.
    assert rule(both(unsold(("supply", "between", "mill", 0.004)), worth(0, 1)))[0] != "S2"


def test_s3_more_than_half_with_nobody_knows_whom() -> None:
    parts = ("supply", "unknown", None, 0.05), ("decision", "inside", "us", 0.03)
    assert rule(both(unsold(*parts), worth(3, 0))) == ("S3", "cannot tell yet")
    parts = ("supply", "unknown", None, 0.03), ("decision", "inside", "us", 0.05)
    assert rule(both(unsold(*parts), worth(5, 0))) == ("S6", "operate")


def test_s4_both_sides_material() -> None:
    assert rule(both(unsold(SUPPLY, DECISION), steady(4, 6))) == ("S4", "operate then orchestrate")
    # A share of 33 % that may as well be 20 % must not turn the verdict.
    assert rule(both(unsold(SUPPLY, DECISION), steady(4, 8, 0.5)))[0] == "S4"
    assert rule(both(unsold(SUPPLY, DECISION), steady(4, 8, 2.5))) == ("S5", "orchestrate")
    # Inside holds too small a part.
    assert rule(both(unsold(SUPPLY, DECISION), worth(2, 8))) == ("S5", "orchestrate")
    # Inside holds its part, but of a share of demand that is not worth acting on.
    small = ("decision", "inside", "us", 0.009)
    assert rule(both(unsold(SUPPLY, small), worth(4, 6))) == ("S5", "orchestrate")


def test_s5_and_s6_partners_only_when_sure() -> None:
    assert rule(both(unsold(SUPPLY), worth(1, 9, chance=0.15))) == ("S5", "orchestrate")
    assert rule(both(unsold(SUPPLY), worth(1, 9, chance=0.25))) == ("S6", "operate")
    verdict = decide_all(both(unsold(DECISION), worth(9, 1)), T)
    assert (verdict.rule[:2], verdict.name) == ("S6", "operate")
    assert verdict.bottleneck.startswith("The bottleneck is decision inside our four walls (us): 100")


def valued(*values: float, is_default: bool = False) -> dict[str, PathValue]:
    return {
        p: PathValue(v, np.full(10, v), gain_per_year=10 * v, kept_per_year=8 * v, is_default=is_default)
        for p, v in zip(PATHS, values, strict=True)
    }


def test_m0_what_could_not_pay_however_it_came_out_is_left_alone() -> None:
    unheld = replace(SOUND, gap=gap(0.005, 0.0), unheld_share=0.9)
    b = replace(both(unsold(), worth(0, 0), facts=unheld), values=valued(-5, -9, -14))
    assert rule(b)[1] == "cannot tell yet"
    assert rule(replace(b, all_missed=6.0))[1] == "cannot tell yet"
    assert rule(replace(b, all_missed=4.0)) == ("M0", "leave it")
    # Costs nobody has set bound nothing; nor does a record in which few lines could be late at all.
    assert rule(replace(b, all_missed=4.0, values=valued(-5, -9, -14, is_default=True)))[1] == "cannot tell yet"
    few = replace(unheld, judged_share=0.3)
    assert rule(replace(b, all_missed=4.0, facts=few, service=decide(few, T)))[1] == "cannot tell yet"


def test_m1_what_costs_more_than_it_brings() -> None:
    b = both(unsold(DECISION), worth(9, 1))
    assert rule(replace(b, values=valued(-5, -1, -6))) == ("M1", "leave it")
    # Costs that nobody in the company has set do not decide.
    assert rule(replace(b, values=valued(-5, -1, -6, is_default=True))) == ("S6", "operate")
    # What was left alone for other reasons stays so, with its own rule.
    assert rule(replace(both(unsold(), worth(0, 0)), values=valued(-1, -1, -2)))[1] == "leave it"


def test_m2_the_path_worth_most_decides() -> None:
    b = both(unsold(DECISION), worth(9, 1))
    for path, values in zip(PATHS, ((5, -1, 4), (1, 6, 4), (3, 3, 6)), strict=True):
        assert rule(replace(b, values=valued(*values))) == ("M2", path)
    # Even where no single record is worth acting on.
    small = both(unsold(("supply", "between", "mill", 0.004)), worth(0, 1))
    verdict = decide_all(replace(small, values=valued(-1, 4, 2), currency="EUR"), T)
    assert (verdict.name, verdict.rule[:2]) == ("orchestrate", "M2")
    # The attainable part stands beside the value that counts it, and the whole gap beside both.
    assert "would keep EUR 32 of margin a year" in verdict.because
    assert "part of the EUR 40 that it could act on; after its costs that is worth EUR 4 " in verdict.because


def test_m3_a_near_tie_goes_to_operate() -> None:
    def drawn(operate: float, wins: int) -> dict[str, PathValue]:
        other = np.where(np.arange(10) < wins, operate + 1.5, operate - 1.0)
        values = {"operate": np.full(10, operate), "orchestrate": other, "operate then orchestrate": np.full(10, -9.0)}
        return {p: PathValue(float(v.mean()), v) for p, v in values.items()}

    b = both(unsold(SUPPLY, DECISION), worth(5, 5))
    assert rule(replace(b, values=drawn(5.0, 5))) == ("M3", "operate")
    assert rule(replace(b, values=drawn(5.0, 7))) == ("M2", "orchestrate")
    # Where operating does not pay, there is no tie.
    assert rule(replace(b, values=drawn(-0.1, 7))) == ("M2", "orchestrate")


def test_m3_a_second_half_that_may_add_nothing_waits() -> None:
    b = both(unsold(SUPPLY, DECISION), worth(5, 5))

    def drawn(wins: int) -> dict[str, PathValue]:
        two = np.where(np.arange(10) < wins, 10.0, 7.9)
        values = {"operate": np.full(10, 1.0), "orchestrate": np.full(10, 8.0), "operate then orchestrate": two}
        return {p: PathValue(float(v.mean()), v) for p, v in values.items()}

    assert rule(replace(b, values=drawn(5))) == ("M3", "orchestrate")
    assert rule(replace(b, values=drawn(7))) == ("M2", "operate then orchestrate")


def test_m1_what_pays_by_the_odds_of_a_coin_is_left() -> None:
    b = both(unsold(DECISION), worth(9, 1))

    def drawn(wins: int) -> dict[str, PathValue]:
        v = np.where(np.arange(10) < wins, 9.0, -1.0)
        return {p: PathValue(float((v - i).mean()), v - i) for i, p in enumerate(PATHS)}

    verdict = decide_all(replace(b, values=drawn(6)), T)
    assert (verdict.rule[:2], verdict.name) == ("M1", "leave it")
    assert "pays with a chance of 60 % only" in verdict.because
    assert rule(replace(b, values=drawn(7))) == ("M2", "operate")
    assert (
        rule(replace(b, values=drawn(6)))[1]
        != decide_all(replace(b, values=drawn(6)), replace(T, pays_chance=0.5)).name
    )


def open_rules(blocked: float, *, is_blocked: bool = True) -> Readiness:
    hole = Hole("mill", "Mill", "owner", "Who owns the data?", "nobody is named", "name an owner.", is_blocked, blocked)
    return Readiness((), 0.4, 0.3, is_blocked, blocked, 0.0, (hole,))


def test_g1_rules_with_partners_come_first() -> None:
    b = both(unsold(SUPPLY), worth(1, 9, chance=0.1))
    stakes = 0.06 * WANTED * 4
    for blocked, name in ((0.9 * stakes, "govern first"), (0.2 * stakes, "orchestrate")):
        assert rule(replace(b, readiness=open_rules(blocked)))[1] == name
    assert rule(replace(b, readiness=open_rules(stakes, is_blocked=False)))[1] == "orchestrate"
    # Partners without a contract might lack as much: nothing is vetoed, and that it is not known stays told.
    for unknown, told in ((0.9 * stakes, ["no_contracts"]), (0.2 * stakes, [])):
        asked = replace(open_rules(0.0), holes=(), is_blocked=False, unknown_amount=unknown, unknown_with=("Mill",))
        verdict = decide_all(replace(b, readiness=asked), T)
        assert verdict.name == "orchestrate"
        assert [r.code for r in verdict.refusals if r.about == "governance"] == told
        assert all("the rules with Mill are ready" in r.because for r in verdict.refusals if r.about == "governance")
    verdict = decide_all(replace(b, readiness=open_rules(stakes), values=valued(-1, 6, 4), currency="EUR"), T)
    assert verdict.rule[:2] == "G1"
    assert "Mill: Who owns the data?" in verdict.because
    assert "Every month of waiting costs about EUR 4" in verdict.because
    assert verdict.next_step == "Settle with Mill first: name an owner."
    # What we control comes first anyway, and leaves time for the rules.
    two = decide_all(replace(both(unsold(SUPPLY, DECISION), steady(4, 6)), readiness=open_rules(stakes)), T)
    assert two.name == "operate then orchestrate"
    assert "Before the second half, settle with partners: Mill: Who owns the data?" in two.next_step


def loss(stage: str, wall: Any, party: str | None, amount: float) -> Loss:
    return Loss(("a",), "work", stage, wall, party, amount, np.full(REPLICATES, amount), 10, "hours", "")


def test_what_contracts_say_is_not_called_unknown_where_no_path_pays() -> None:
    b = replace(
        both(unsold(SUPPLY), worth(1, 9, chance=0.1)), readiness=replace(open_rules(0.0), holes=(), is_blocked=False)
    )
    left = decide_all(replace(b, values=valued(-1, -2, -3)), T)
    assert left.name == "leave it"
    assert not [r for r in left.refusals if r.about == "governance"]


def test_other_records_are_worth_acting_on_too() -> None:
    status = loss("status", "between", "bazaar", 900.0)
    b = both(NO_STOCK, worth(0, 0), others=(status,), other_worth=worth_of([status]), revenue=100_000.0, currency="EUR")
    verdict = decide_all(b, T)
    assert (verdict.rule[:2], verdict.name) == ("S5", "orchestrate")
    assert "EUR 900 of avoidable cost" in verdict.because
    assert verdict.bottleneck.startswith("The bottleneck is status between us and our partners (bazaar)")
    found = first_bottleneck(b)
    assert found is not None
    assert (found.stage, found.party_id, found.flow) == ("status", "bazaar", "work")
    # 1 % of the revenue at a margin of 40 % is 400: less is left alone.
    few = loss("status", "between", "bazaar", 300.0)
    left = replace(b, others=(few,), other_worth=worth_of([few]))
    # Nobody looked at shelves, which usually cost more: only where there are none can the asset be left alone.
    assert rule(left) == ("U1", "cannot tell yet")
    assert "stock_days" in decide_all(left, T).next_step
    assert decide_all(left, replace(T, unseen_stock_share=0.0)).name == "leave it"
    # A sum over what was seen would be read as what there is: no path has a value, and which table would tell is said.
    hidden = unseen_worth(left, T)
    assert hidden is not None
    assert (hidden.code, "stock_days" in hidden.next_step) == ("unseen_worth", True)
    assert known_values(left, T) == {}
    assert unseen_worth(left, replace(T, unseen_stock_share=0.0)) is None
    assert unseen_worth(b, T) is None
    assert not decide_all(left, replace(T, unseen_stock_share=0.0, material_share=0.0)).rule.startswith("U1")


@pytest.mark.parametrize(
    "availability",
    [
        NO_STOCK,
        unsold(("supply", "between", "mill", 0.5), wanted=150.0),
        unsold(("supply", "between", "mill", 0.004)),
        unsold(SUPPLY, spread=0.07),
        unsold(lost=0.2, unjudged=ALL),
    ],
    ids=["unknown", "few units", "immaterial", "perhaps nothing", "untold"],
)
@pytest.mark.parametrize("facts", [SOUND, replace(SOUND, gap=gap(0.0, 0.08)), replace(SOUND, gap=gap(0.04, 0.05))])
def test_where_shelves_say_nothing_lateness_is_judged_as_it_was(availability: Any, facts: Any) -> None:
    assert decide_all(both(availability, worth(0, 9), facts=facts), T) == decide(facts, T)


def test_one_bad_week_of_shelves_is_no_state() -> None:
    b = both(unsold(SUPPLY), worth(0, 9), event_share=0.8, outside_event=0.004)
    assert standing_of(b, T) == "immaterial"
    assert standing_of(replace(b, outside_event=0.02), T) == "material"
    assert standing_of(replace(b, event_share=0.4), T) == "material"


def test_late_lines_cost_something_unless_somebody_asked_for_no_more() -> None:
    few = replace(NOTHING_LATE, gap=gap(0.002, 0.003, missed=0.02), missed_of_due=0.02, on_time_target=0.95)
    b = both(unsold(), worth(0, 0), facts=replace(few, target_origin="the default of this product"))
    assert b.service.name == "leave it"
    assert "service" in counted(b, T)
    assert "service" not in counted(replace(b, facts=few), T), "who asks for 95 % has it"
    assert b.facts is not None
    assert "service" not in counted(replace(b, facts=replace(b.facts, event_share=0.9)), T), "one event"
    chance = gap(0.0, 0.0, missed=0.02)
    assert "service" not in counted(replace(b, facts=replace(b.facts, gap=chance)), T)


def test_an_event_among_units_does_not_hide_what_stock_costs_besides_sales() -> None:
    few = unsold(("forecast", "inside", "us", 0.002))
    # 0.2 % of 1,000,000 at a margin of 40 % is 800, all in one week; stock given away costs 9,000.
    b = both(few, worth(9_000, 0), event_share=0.8, outside_event=0.0004, revenue=1_000_000.0)
    assert "stock" in counted(b, T)
    assert "stock" not in counted(replace(b, stock_worth=worth(800, 0)), T)


def test_lateness_that_is_acted_on_counts_beside_empty_shelves() -> None:
    # Ours on the shelves, theirs on the road: together both sides are worth acting on.
    facts = replace(SOUND, gap=gap(0.0, 0.08))
    b = both(unsold(DECISION), worth(5, 0), facts=facts, service_worth=worth(0, 5))
    verdict = decide_all(b, T)
    assert verdict.rule[:2] == "S6", "nothing of the gap is told by stage, so it is not known to be material"
    told = replace(facts.gap, stages=(_stage("carriage", "between", 0.08),))
    verdict = decide_all(replace(b, facts=replace(facts, gap=told)), T)
    assert verdict.name == "operate then orchestrate"
    assert "of order lines from failing" in verdict.because


def _stage(stage: str, wall: Any, x: float) -> Any:
    from fourwalls.diagnosis import StageShare

    return StageShare(stage, wall, 100 * x, share(x))


def test_the_first_bottleneck_is_the_dearest_over_all_records() -> None:
    late = Contribution(
        "late", "carriage", "between", "swift", "Swift", 50, share(0.05), Estimate(90_000, 0, 1e6, "EUR"), ""
    )
    b = both(unsold(SUPPLY, DECISION), worth(5, 5), facts=replace(SOUND, contributions=(late,)))
    found = first_bottleneck(b)
    assert found is not None
    # 600 units at a margin of 4 for each of two stages, and late lines of 90,000 at a tenth.
    assert (found.stage, found.party_id, found.flow) == ("carriage", "swift", "service")
    assert found.part == pytest.approx(9000 / (9000 + 2 * 2400))
    assert first_bottleneck(both(NO_STOCK, worth(0, 0), facts=None)) is None
