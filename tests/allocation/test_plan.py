from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference.allocation_twin import brute_force, random_options, totals, worst_mean

from fourwalls.allocation import Allocation, Enabler, Limits, Option, Risk, allocate, ranking
from fourwalls.errors import AllocationError
from fourwalls.figures import Refusal

WIDE = Limits(1e9)


def plan(options: list[Option], enablers: list[Enabler], limits: Limits, **asked: int) -> Allocation:
    found = allocate(options, enablers, limits, **asked)  # type: ignore[arg-type]
    assert isinstance(found, Allocation), found
    return found


def brief(options: list[Option], enablers: list[Enabler], limits: Limits) -> Allocation:
    return plan(options, enablers, limits, explained=0, points=2)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.booleans(), st.booleans())
def test_equal_to_looking_at_every_choice(seed: int, assets: int, is_risky: bool, has_people: bool) -> None:
    options, enablers, rng = random_options(seed, assets, draws=40 if is_risky else 0)
    if not options:
        return
    limits = Limits(
        float(rng.uniform(0.05, 0.6) * sum(o.cost for o in options) + 1),
        float(rng.integers(2, 20)) if has_people else None,
        Risk(0.1, float(rng.uniform(-15, 20))) if is_risky else None,
    )
    best = brute_force(options, enablers, limits)
    found = allocate(options, enablers, limits, explained=0, points=2)
    if isinstance(found, Refusal):
        assert (found.code, best) == ("risk_limit", -np.inf)
        return
    assert found.value == pytest.approx(best, rel=2e-5, abs=1e-4)
    by_key = {(o.asset, o.path): o for o in options}
    chosen = [by_key[c.asset, c.path] for c in found.chosen]
    assert (found.value, found.cost, found.people_weeks) == pytest.approx(totals(chosen, enablers))
    assert found.cost <= limits.budget * (1 + 1e-6)
    if limits.risk:
        assert found.worst_mean == pytest.approx(worst_mean(chosen, enablers, 0.1))


def test_equal_with_twelve_assets() -> None:
    options, enablers, _ = random_options(11, 12)
    options = [o for o in options if o.path != "operate then orchestrate" or o.asset == "a0"]
    limits = Limits(0.2 * sum(o.cost for o in options), 30.0)
    assert brief(options, enablers, limits).value == pytest.approx(brute_force(options, enablers, limits), rel=2e-5)


def test_nothing_is_chosen_where_everything_is_barred() -> None:
    shut = Option("a", "orchestrate", 60.0, 10.0, barred="no owner", draws=np.array([1.0, 2.0]))
    found = allocate([shut], [], Limits(100.0, risk=Risk(0.1, 5.0)), explained=0, points=2)
    assert isinstance(found, Allocation)
    assert found.chosen == ()


def test_an_enabler_is_paid_once() -> None:
    options = [Option(a, "orchestrate", 60.0, 10.0, enablers=frozenset({"carrier"})) for a in "abc"]
    found = plan(options, [Enabler("carrier", 100.0)], WIDE)
    assert (found.value, found.cost, found.enablers) == (80.0, 130.0, ("carrier",))
    assert plan(options[:1], [Enabler("carrier", 100.0)], WIDE).chosen == ()


def test_orchestrating_waits_for_operating() -> None:
    alone = Option("a", "orchestrate", 50.0, 10.0, after=frozenset({"a"}))
    both = Option("a", "operate then orchestrate", 40.0, 20.0)
    assert [c.path for c in plan([alone, both], [], WIDE).chosen] == ["operate then orchestrate"]
    other = Option("b", "orchestrate", 50.0, 10.0, after=frozenset({"a"}))
    loss = Option("a", "operate", -20.0, 5.0)
    assert {(c.asset, c.path) for c in plan([other, loss], [], WIDE).chosen} == {("a", "operate"), ("b", "orchestrate")}


def test_governance_bars_a_path_and_is_told() -> None:
    found = plan(
        [Option("a", "orchestrate", 50.0, 10.0, barred="no exit clause"), Option("b", "operate", 5.0, 1.0)], [], WIDE
    )
    assert [c.asset for c in found.chosen] == ["b"]
    assert [(r.asset, r.reason, r.barred, r.value_short) for r in found.left_out] == [
        ("a", "barred", "no exit clause", None)
    ]


def test_what_would_have_to_change_by_hand() -> None:
    # Budget 10: a (worth 30 for 10) beats b (20 for 10) and c (12 for 12).
    options = [
        Option("a", "operate", 30.0, 10.0),
        Option("b", "operate", 20.0, 10.0),
        Option("c", "operate", 12.0, 12.0),
    ]
    found = plan(options, [], Limits(10.0))
    b, c = found.left_out
    assert (b.asset, b.reason, b.is_exact) == ("b", "others bring more", True)
    # Forced in, b leaves 20: 10 short. Made 10 cheaper it fits beside a; so it is 10 by either way.
    assert (b.value_short, b.cost_over) == pytest.approx((10.0, 10.0))
    # c does not fit even alone, whatever it brings; for nothing it fits beside a.
    assert c.value_short is None
    assert c.cost_over == pytest.approx(12.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_thresholds_hold_when_they_are_put_in(seed: int) -> None:
    options, enablers, _ = random_options(seed, 6)
    options = [replace(o, after=frozenset()) for o in options]
    limits = Limits(0.3 * sum(o.cost for o in options) + 1)
    found = plan(options, enablers, limits, points=2)
    for row in found.left_out:
        if row.value_short is None:
            continue

        def chosen_with(more: float, cheaper: float, asset: str = row.asset, path: str = row.path) -> bool:
            changed = [
                replace(o, value=o.value + more + cheaper, cost=max(o.cost - cheaper, 0.0))
                if (o.asset, o.path) == (asset, path)
                else o
                for o in options
            ]
            return asset in {c.asset for c in brief(changed, enablers, limits).chosen}

        slack = 1e-3 * max(o.value for o in options)
        assert chosen_with(row.value_short + slack, 0.0)
        assert not chosen_with(row.value_short - slack, 0.0) or row.value_short < slack


def test_more_money_by_hand() -> None:
    options = [Option("a", "operate", 30.0, 10.0), Option("b", "operate", 20.0, 10.0)]
    found = plan(options, [], Limits(10.0))
    assert found.marginal_value == 0.0
    assert found.next_step is not None
    assert found.next_step.assets == ("b",)
    assert found.next_step.dropped == ()
    assert found.next_step.gain == pytest.approx(20.0)
    assert found.next_step.extra == pytest.approx(12.8)
    tight = plan([*options, Option("c", "operate", 7.0, 0.1)], [], Limits(10.0))
    assert tight.marginal_value == pytest.approx(7.0 / 0.1)
    assert plan(options, [], Limits(25.0)).next_step is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_frontier_never_falls(seed: int) -> None:
    options, enablers, _ = random_options(seed, 8)
    limits = Limits(0.3 * sum(o.cost for o in options) + 1)
    found = plan(options, enablers, limits, explained=0)
    assert [p.budget for p in found.frontier] == sorted(p.budget for p in found.frontier)
    assert all(a.value <= b.value + 1e-9 for a, b in zip(found.frontier, found.frontier[1:], strict=False))
    assert limits.budget in [p.budget for p in found.frontier]
    unbound = brief(options, enablers, WIDE)
    assert found.frontier[-1].value >= unbound.value * (1 - 2e-3) - 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 5))
def test_a_copy_never_turns_the_order_of_others(seed: int, copied: int) -> None:
    options, enablers, _ = random_options(seed, 6, draws=50)
    copies = [replace(o, asset="copy", after=frozenset()) for o in options if o.asset == f"a{copied}"]
    before, after = ranking(options, enablers), ranking([*options, *copies], enablers)
    assert [r.asset for r in after if r.asset != "copy"] == [r.asset for r in before]
    if before:
        assert sum(r.first_chance or 0.0 for r in after) == pytest.approx(1.0)
    was, now = ({r.asset: r.first_chance for r in rows} for rows in (before, after))
    if copies and f"a{copied}" in now:
        assert now["copy"] == pytest.approx(now[f"a{copied}"])
        assert now["copy"] == pytest.approx((was[f"a{copied}"] or 0.0) / 2)
        assert all(now[a] == pytest.approx(was[a]) for a in was if a != f"a{copied}")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_order_of_options_and_copies_in_a_plan_without_want(seed: int) -> None:
    options, enablers, rng = random_options(seed, 5)
    if not options:
        return
    limits = Limits(0.3 * sum(o.cost for o in options) + 1)
    shuffled = [options[i] for i in rng.permutation(len(options))]
    assert brief(options, enablers, limits) == brief(shuffled, enablers, limits)
    plain = [replace(o, enablers=frozenset()) for o in options]
    copies = [replace(o, asset="copy", after=frozenset()) for o in plain if o.asset == "a0"]
    kept = {(c.asset, c.path) for c in brief([*plain, *copies], [], WIDE).chosen if c.asset != "copy"}
    assert kept == {(c.asset, c.path) for c in brief(plain, [], WIDE).chosen}


def test_chance_of_being_first_by_hand() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 1, 20_000), rng.normal(0, 1, 20_000)
    rows = ranking([Option("a", "operate", 1.0, 1.0, draws=a), Option("b", "operate", 0.0, 1.0, draws=b)], [])
    # P(N(1, 2) > 0) = 0.7602
    assert [r.first_chance for r in rows] == pytest.approx([0.7602, 0.2398], abs=0.01)


GOOD = Option("a", "operate", 1.0, 1.0, draws=np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("options", "enablers", "limits", "says"),
    [
        ([GOOD], [], Limits(-1.0), "budget must be an amount from 0; found -1.0"),
        ([GOOD], [], Limits(float("nan")), "budget"),
        ([GOOD], [], Limits(1.0, -2.0), "people_weeks must be weeks from 0"),
        ([GOOD], [], Limits(1.0, None, Risk(0.0, 1.0)), "risk_share must lie above 0"),
        ([GOOD], [], Limits(1.0, None, Risk(0.1, float("nan"))), "risk_limit_amount"),
        ([replace(GOOD, cost=-1.0)], [], WIDE, "cost must be a number from 0; found -1.0"),
        ([replace(GOOD, value=float("nan"))], [], WIDE, "value must be a number; found nan"),
        ([replace(GOOD, people_weeks=float("inf"))], [], WIDE, "people_weeks must be a number from 0; found inf"),
        ([replace(GOOD, draws=np.array([1.0, np.nan]))], [], WIDE, "draws that are not all numbers"),
        ([replace(GOOD, draws=None)], [], Limits(1.0, None, Risk(0.1, 1.0)), "has no draws"),
        ([GOOD, replace(GOOD, asset="b", draws=np.ones(3))], [], WIDE, "different length"),
        ([GOOD, GOOD], [], WIDE, "is there twice"),
        ([replace(GOOD, enablers=frozenset({"x"}))], [], WIDE, "needs enabler 'x', which is not described"),
        ([GOOD], [Enabler("x", -1.0)], WIDE, "Enabler 'x': cost"),
        ([GOOD], [Enabler("x", 1.0), Enabler("x", 1.0)], WIDE, "Enabler 'x' is there twice"),
    ],
)
def test_bad_input(options: list[Option], enablers: list[Enabler], limits: Limits, says: str) -> None:
    with pytest.raises(AllocationError) as raised:
        allocate(options, enablers, limits)
    assert says in raised.value.what
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("options", "limits", "code"),
    [
        ([], WIDE, "no_assets"),
        ([GOOD], Limits(0.0), "no_budget"),
        ([GOOD], Limits(5.0, None, Risk(0.5, -10.0)), "risk_limit"),
    ],
)
def test_refusals(options: list[Option], limits: Limits, code: str) -> None:
    found = allocate(options, [], limits)
    assert isinstance(found, Refusal)
    assert found.code == code
    assert found.next_step


def test_all_barred_is_a_plan_that_leaves_all_alone() -> None:
    found = plan([replace(GOOD, barred="no contract")], [], WIDE)
    assert (found.chosen, found.value, found.cost) == ((), 0.0, 0.0)
    assert [r.reason for r in found.left_out] == ["barred"]
    assert found.ranking == ()


def test_no_time_is_told_and_never_taken_for_no_choice() -> None:
    options, enablers, _ = random_options(3, 60, draws=99)
    limits = Limits(0.05 * sum(o.cost for o in options), 40.0, Risk(0.1, 0.0))
    with pytest.raises(AllocationError, match="was found in 0 seconds"):
        allocate(options, enablers, limits, seconds=0.0)
