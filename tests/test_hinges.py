"""What a decision hinges on: switches and worths of knowing that can be told by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fourwalls.concluding import Case, values_of
from fourwalls.figures import Refusal
from fourwalls.hinges import LEAVE, _with_late, swings_of, unknowns_of
from fourwalls.information import perfect_information
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import REPLICATES
from fourwalls.sensitivity import Swing, deciding
from fourwalls.value import Worth
from fourwalls.weighing import counted

from .hand_made import case, portfolio, triple


def swings(of: Case, said: Portfolio) -> dict[str, Swing]:
    found = swings_of(of, said)
    assert isinstance(found, tuple)
    return {s.assumption.name: s for s in found}


def test_switches_by_hand() -> None:
    said = portfolio(triple(80))
    found = swings(case(said, 100), said)
    # 100 · share − 80, and 100 · months / 12 − 80: eleven months bring 11.67, ten lose; months change in their middle.
    assert found["attainable_share"].switches[0].at == pytest.approx(0.8)
    assert found["attainable_share"].switches[0].to == LEAVE
    slow = portfolio(triple(150))
    later = swings(case(slow, 100), slow)["horizon_years"]
    assert later.best == LEAVE
    assert later.switches[0].at == pytest.approx(18.5 / 12)
    assert later.switches[0].to == "operate"


def test_the_cost_at_which_it_no_longer_pays() -> None:
    said = portfolio(triple(60, 80, 130))
    found = swings(case(said, 100), said)["paths.operate.one_off_amount"]
    assert found.assumption.base == pytest.approx(90, rel=0.02)
    assert found.switches[0].at == pytest.approx(100)
    assert found.width == pytest.approx(found.assumption.high - found.assumption.low)


def test_what_is_taken_gives_the_values_as_told_and_each_switch_switches() -> None:
    said = portfolio(triple(20, 40, 90), triple(10, 25, 60), discount_rate=0.1, horizon_years=2.0, ramp_weeks=13.0)
    made = case(said, 60, 40)
    assert made.both.values is not None
    found = swings(made, said)
    for swing in found.values():
        for path, known in made.both.values.items():
            assert swing.at_base[path] == pytest.approx(known.value, rel=1e-9)
    looked_at = 0
    for swing in found.values():
        name = swing.assumption.name
        if name not in said.assumptions:
            continue
        for switch in swing.switches:
            away = 1e-6 * (1 if switch.at > swing.assumption.base else -1)
            for at, best in ((switch.at - away, swing.best), (switch.at + away, switch.to)):
                there = replace(said, assumptions={**said.assumptions, name: at})
                again = values_of(made.both, there, made.years, made.onboarding)
                assert again is not None
                values = {LEAVE: 0.0, **{p: v.value for p, v in again.items()}}
                assert max(values, key=lambda p: values[p]) == best, (name, at)
            looked_at += 1
    assert looked_at >= 1


def test_dearer_late_lines_move_only_what_is_late() -> None:
    said = portfolio(triple(80))
    plain = case(said, 0)
    hundred = Worth(100, 0, np.full(REPLICATES, 100.0), np.zeros(REPLICATES))
    forty = Worth(40, 0, np.full(REPLICATES, 40.0), np.zeros(REPLICATES))
    both = replace(plain.both, service_worth=hundred)
    made = replace(plain, both=replace(both, values=values_of(both, said, 1.0, 0.0)), late_worth=forty)
    assert "service" not in counted(both, said.thresholds)
    assert "late_line_cost_share" in swings(made, said)
    dearer = _with_late(hundred, forty, 1.5)
    assert (dearer.inside, dearer.together, dearer.inside_draws.mean()) == (120, 120, 120)


def test_nothing_decides_where_everything_speaks_for_one_path() -> None:
    said = portfolio(triple(1))
    assert deciding(tuple(swings(case(said, 100), said).values())) == ()


def test_what_a_quote_is_worth_by_hand() -> None:
    # Gain 100; cost a triangle over 60, 90, 150, so it pays just as often as not. Knowing it first is worth the mean of
    # what remains below 100: the integral of the distribution function up to there, 7.72.
    said = portfolio(triple(60, 90, 150))
    made = case(said, 100)
    found = unknowns_of(made, said)
    assert isinstance(found, tuple)
    assert [u.about for u in found] == ["paths.operate.one_off_amount"], "nothing else varies"
    exact = 30**3 / (3 * 90 * 30) + 10 - (60**3 - 50**3) / (3 * 90 * 60)
    assert found[0].value == pytest.approx(exact, abs=4 * found[0].error)
    assert 60 < found[0].low < found[0].high < 150
    assert made.both.values is not None
    everything = perfect_information(np.stack([np.zeros(REPLICATES), made.both.values["operate"].draws], axis=1))
    assert not isinstance(everything, Refusal)
    assert found[0].value <= everything.value + 1e-9


def test_the_links_add_up_to_the_value() -> None:
    said = portfolio(triple(20, 40, 90), triple(10, 25, 60), discount_rate=0.1, horizon_years=2.0)
    values = case(said, 60, 40).both.values
    assert values is not None
    for known in values.values():
        assert sum(amount for _, amount in known.links) == pytest.approx(known.value, rel=1e-3)


def test_no_hinge_without_money() -> None:
    said = portfolio(triple(80))
    made = case(said, 100)
    bare = replace(made, both=replace(made.both, values=None))
    for found in (swings_of(bare, said), unknowns_of(bare, said)):
        assert isinstance(found, Refusal)
        assert found.code == "nothing_priced"
