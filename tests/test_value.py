"""What failures cost: assumptions, measured margins, and the worth of both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fourwalls.allocation import Enabler
from fourwalls.figures import Estimate
from fourwalls.portfolio import Funds, Portfolio, read_portfolio
from fourwalls.value import (
    DEFAULT_COSTS,
    DEFAULT_GROSS_MARGIN_SHARE,
    DEFAULT_LATE_LINE_COST_SHARE,
    MeasuredLate,
    Worth,
    assumed,
    costs,
    defaults_used,
    path_values,
    paths_told,
    portfolio_values,
)

from . import small


@pytest.fixture
def portfolio(tmp_path: Path) -> Portfolio:
    return read_portfolio(small.good().write(tmp_path / "shop"))


def worth(inside: float, between: float, a: list[float], b: list[float]) -> Worth:
    return Worth(inside, between, np.array(a), np.array(b))


def test_a_measured_margin_wins_over_an_assumed_one_and_that_over_the_default(portfolio: Portfolio) -> None:
    said = replace(portfolio, assumptions={"gross_margin_share": 0.5, "late_line_cost_share": 0.2})
    assert costs(portfolio, None).lost == DEFAULT_GROSS_MARGIN_SHARE
    assert costs(said, None).lost == 0.5
    assert costs(said, 0.4).lost == 0.4
    assert (costs(portfolio, None).late, costs(said, None).late) == (DEFAULT_LATE_LINE_COST_SHARE, 0.2)


def test_outcomes_cost_a_late_or_a_lost_line(portfolio: Portfolio) -> None:
    cost = costs(portfolio, 0.4)
    assert cost.of("cancelled") == 0.4
    assert cost.of("late") == cost.of("overdue") == DEFAULT_LATE_LINE_COST_SHARE


def test_defaults_are_told_unless_they_were_set_or_measured(portfolio: Portfolio) -> None:
    assert len(defaults_used(portfolio, is_costed=False)) == 2
    assert [x.split("(")[-1] for x in defaults_used(portfolio, is_costed=True)] == ["late_line_cost_share)"]
    said = replace(portfolio, assumptions={"gross_margin_share": 0.5, "late_line_cost_share": 0.2})
    assert defaults_used(said, is_costed=False) == ()


def test_flows_add_up() -> None:
    both = worth(3, 1, [3, 4], [1, 0]).plus(worth(1, 5, [2, 1, 9], [4, 6, 9]))
    assert (both.inside, both.between) == (4, 6)
    assert (both.inside_draws.tolist(), both.between_draws.tolist()) == ([5, 5], [5, 6])


def test_a_repair_that_costs_counts_on_neither_side() -> None:
    assert worth(3, -1, [1], [0]).inside_share == 1.0
    assert worth(3, 1, [1], [0]).inside_share == 0.75
    assert worth(-1, -1, [1], [0]).inside_share == 0.5
    assert worth(0, 0, [], []).inside_share == 0.5


def test_the_chance_of_the_larger_side_shares_ties() -> None:
    assert worth(1, 1, [2, 1, 0, 1], [1, 2, 0, 0]).inside_chance == (2 + 0.5) / 4
    assert worth(1, 1, [], []).inside_chance == 0.5


def of(amount: float) -> dict[str, float]:
    return {"low": amount, "mode": amount, "high": amount}


def with_costs(portfolio: Portfolio, **assumptions: float) -> Portfolio:
    """A year of horizon, nothing discounted, reached at once and in full, unless said otherwise."""
    plain = {"horizon_years": 1.0, "discount_rate": 0.0, "ramp_weeks": 0.0, "attainable_share": 1.0}
    paths = {"operate": {"one_off_amount": of(30)}, "orchestrate": {"one_off_amount": of(10), "run_amount_per_year": of(5)}}  # fmt: skip
    return replace(portfolio, assumptions=plain | assumptions, paths=paths)


def test_a_path_by_hand(portfolio: Portfolio) -> None:
    # Two years of record brought 200 and 80, both 300.
    known = Worth(200, 80, np.array([250.0, 150.0]), np.array([80.0, 80.0]), both=300, carrying=(50, 0, 50))
    found = path_values(known, 2.0, with_costs(portfolio), 1000.0)
    assert found is not None
    assert [found[p].value for p in found] == pytest.approx([100 - 30, 40 - 15, 150 - 45])
    assert found["operate"].draws.tolist() == pytest.approx([95, 45])
    assert found["operate then orchestrate"].draws.tolist() == pytest.approx(
        [330 * 300 / 280 / 2 - 45, 230 * 300 / 280 / 2 - 45]
    )
    dear = path_values(known, 2.0, with_costs(portfolio, carrying_rate_per_year=0.2), 1000.0)
    assert dear is not None
    assert [dear[p].value for p in dear] == pytest.approx([100 - 10 - 30, 40 - 15, 150 - 10 - 45])
    half = path_values(known, 2.0, with_costs(portfolio, attainable_share=0.5), 1000.0)
    assert half is not None
    assert half["operate"].value == pytest.approx(50 - 30)


def test_later_money_is_worth_less_and_reached_slowly(portfolio: Portfolio) -> None:
    known = Worth(100, 0, np.array([100.0]), np.array([0.0]))
    for said, least, most in (
        ({"discount_rate": 0.1}, 100 / 1.1, 100 / 1.1**0.4),
        ({"ramp_weeks": 52.0}, 49, 51),
        ({"ramp_weeks": 26.0}, 74, 76),
    ):
        found = path_values(known, 1.0, with_costs(portfolio, **said), 1000.0)
        assert found is not None
        assert least < found["operate"].value + 30 < most


def test_no_value_without_prices_or_anything_to_scale_costs_to(portfolio: Portfolio) -> None:
    known = Worth(100, 0, np.array([100.0]), np.array([0.0]))
    assert path_values(replace(known, is_money=False), 1.0, with_costs(portfolio), 1000.0) is None
    assert path_values(known, 1.0, replace(portfolio, paths={}), 0.0) is None
    assert path_values(known, 0.0, with_costs(portfolio), 1000.0) is None
    assert paths_told(None, "EUR") == ()


def test_the_chance_of_being_best_includes_doing_nothing(portfolio: Portfolio) -> None:
    draws = np.array([0.0, 20.0, 100.0, 100.0])
    found = path_values(Worth(50, 0, draws, np.zeros(4)), 1.0, with_costs(portfolio), 1000.0)
    told = {p.path: p for p in paths_told(found, "EUR")}
    assert told["operate"].chance == 0.5
    assert told["orchestrate"].chance == 0.0
    value = told["operate"].value
    assert isinstance(value, Estimate)
    assert value.low < value.value == pytest.approx(25), "the mean of what may be"


def test_costs_that_nobody_set_are_scaled_to_revenue_and_marked(portfolio: Portfolio) -> None:
    plain = replace(with_costs(portfolio), paths={})
    found = path_values(Worth(0, 0, np.zeros(4000), np.zeros(4000)), 1.0, plain, 1_000_000.0)
    assert found is not None
    assert all(v.is_default for v in found.values())
    one_off, run = (sum(DEFAULT_COSTS["operate"][k]) / 3 for k in ("one_off_amount", "run_amount_per_year"))
    assert found["operate"].one_off == pytest.approx(1e6 * one_off, rel=0.02)
    assert found["operate"].run_per_year == pytest.approx(1e6 * run, rel=0.02)
    rows = {a.name: a.origin for a in assumed(plain, costs(plain, None))}
    assert rows["paths.operate.one_off_amount"] == rows["late_line_cost_share"] == "default"
    assert rows["horizon_years"] == "portfolio.toml"


def test_links_add_up_to_the_value(portfolio: Portfolio) -> None:
    rng = np.random.default_rng(1)
    flows = {
        "a": Worth(100, 40, rng.normal(100, 9, 500), rng.normal(40, 5, 500), both=170, carrying=(5, 1, 6)),
        "b": Worth(20, 60, rng.normal(20, 2, 500), rng.normal(60, 5, 500)),
    }
    whole = flows["a"].plus(flows["b"])
    said = with_costs(portfolio, carrying_rate_per_year=0.2, ramp_weeks=20.0, discount_rate=0.1, horizon_years=3.0)
    found = path_values(whole, 2.0, said, 1000.0, onboarding=7.0, by_flow=flows)
    assert found is not None
    for path, v in found.items():
        assert sum(amount for _, amount in v.links) == pytest.approx(v.value, rel=1e-3), path
        assert {"a", "b"} <= {name for name, _ in v.links}
    assert found["orchestrate"].one_off == 17.0
    # What both sides bring together beyond each alone is in both.
    gain = found["operate then orchestrate"].gain_per_year
    assert gain > found["operate"].gain_per_year + found["orchestrate"].gain_per_year + 10


def test_payback_by_hand(portfolio: Portfolio) -> None:
    # 120 a year less 12 to run is 9 a month: 30 are back in the fourth.
    paths = {
        "operate": {"one_off_amount": of(30), "run_amount_per_year": of(12)},
        "orchestrate": {"one_off_amount": of(0)},
    }
    said = replace(with_costs(portfolio), paths=paths)
    found = path_values(Worth(120, 0, np.full(9, 120.0), np.zeros(9)), 1.0, said, 1000.0)
    assert found is not None
    assert found["operate"].payback == 4
    assert found["orchestrate"].payback is None, "it costs nothing, brings nothing, and pays nothing back"
    poor = path_values(Worth(20, 0, np.full(9, 20.0), np.zeros(9)), 1.0, said, 1000.0)
    assert poor is not None
    assert poor["operate"].payback is None


def test_a_measured_cost_of_lateness_goes_before_an_assumed_one(portfolio: Portfolio) -> None:
    said = replace(portfolio, assumptions={"late_line_cost_share": 0.2})
    drawn = np.random.default_rng(1).normal(0.15, 0.01, 999)
    cost = costs(said, None, MeasuredLate(0.15, drawn, is_whole=True))
    assert (cost.late, cost.origin) == (0.15, "measured")
    assert cost.late_draws is not None
    assert cost.late_draws.mean() == pytest.approx(0.15, rel=0.03)
    # The sampling error of 7 % widens by what measuring it on known worlds missed by.
    assert cost.late_draws.std() / 0.15 == pytest.approx((0.2**2 + 0.067**2) ** 0.5, rel=0.1)
    assert costs(said, None).origin == "portfolio.toml"
    assert costs(portfolio, None).origin == "default"
    # Bookings and hours without the custom that is lost are a part: what somebody says of the whole stands, unless that part is more.
    part = MeasuredLate(0.15, drawn, is_whole=False)
    assert (costs(said, None, part).late, costs(said, None, part).origin) == (0.2, "portfolio.toml")
    assert costs(portfolio, None, MeasuredLate(0.02, drawn, is_whole=False)).origin == "default"
    less = replace(portfolio, assumptions={"late_line_cost_share": 0.1})
    assert (costs(less, None, part).late, costs(less, None, part).origin) == (0.15, "measured")


def test_what_a_late_line_costs_whatever_it_is_worth_is_counted_by_line(portfolio: Portfolio) -> None:
    """30 % of 0.2 of a usual 50 is 3 a line; the rest is 14 % of what goods are worth."""
    drawn = np.full(999, 0.2)
    cost = costs(portfolio, None, MeasuredLate(0.2, drawn, is_whole=True, by_line=0.3, usual_value=50.0))
    for value in (5.0, 50.0, 500.0):
        assert cost.late * cost.counting(value * 7, 7.0) == pytest.approx(7 * (3.0 + 0.14 * value))
    told = {a.name: a.value for a in assumed(portfolio, cost)}
    assert (told["late_line_cost_by_line_share"], told["late_line_value_amount"]) == (0.3, 50.0)
    said = costs(replace(portfolio, assumptions={"late_line_cost_share": 0.2}), None)
    assert said.counting(70.0, 7.0) == 70.0
    assert "late_line_cost_by_line_share" not in {a.name for a in assumed(portfolio, said)}


def test_a_path_whose_cost_nobody_gave_is_never_free(portfolio: Portfolio) -> None:
    said = replace(
        with_costs(portfolio), paths={"operate": {"one_off_amount": of(30)}, "orchestrate": {"people_weeks": of(3)}}
    )
    found = path_values(Worth(0, 0, np.zeros(999), np.zeros(999)), 1.0, said, 1_000_000.0)
    assert found is not None
    assert [v.is_default for v in found.values()] == [False, True, True]
    assert found["orchestrate"].one_off > 0
    assert "paths.orchestrate.one_off_amount" in {a.name for a in assumed(said, costs(said, None))}


def test_either_side_alone_saves_the_same_lines(portfolio: Portfolio) -> None:
    rng = np.random.default_rng(1)
    drawn = 100 * rng.triangular(1 / 3, 1, 3, 999)
    free = {"operate": {"one_off_amount": of(0)}, "orchestrate": {"one_off_amount": of(0)}}
    found = path_values(Worth(100, 100, drawn, drawn, both=100), 1.0, replace(with_costs(portfolio), paths=free), 1.0)
    assert found is not None
    assert found["operate then orchestrate"].value == pytest.approx(found["operate"].value)
    assert np.allclose(found["operate then orchestrate"].draws, found["operate"].draws)


def test_the_default_cost_of_a_late_line_is_the_mean_of_what_is_drawn(portfolio: Portfolio) -> None:
    cost = costs(portfolio, None)
    assert cost.late_draws is not None
    assert cost.late_draws.mean() == pytest.approx(cost.late)


def test_values_of_the_portfolio_are_sums_over_the_same_draws(portfolio: Portfolio) -> None:
    flat = {"horizon_years": 1.0, "discount_rate": 0.0, "ramp_weeks": 0.0, "attainable_share": 1.0}
    cost = {"one_off_amount": {"low": 10.0, "mode": 10.0, "high": 10.0}, "shared_one_off": ["hub"]}
    said = replace(
        portfolio, assumptions=flat, paths={"operate": cost, "orchestrate": {**cost, "shared_one_off": []}},
        funds=Funds(enablers=(Enabler("hub", 7.0), Enabler("unused", 99.0))),
    )  # fmt: skip
    each = [path_values(worth(a, b, [a, a + 2], [b, b - 2]), 1.0, said, 1.0) for a, b in ((50, 20), (30, 40))]
    found = portfolio_values([v for v in each if v is not None], said)
    assert found is not None
    # By hand: (50 + 52) / 2 + (30 + 32) / 2 = 82, less 2 × 10 and the hub once.
    assert found["operate"].value == pytest.approx(82 - 20 - 7)
    assert found["operate"].draws == pytest.approx([80 - 27, 84 - 27])
    assert found["orchestrate"].value == pytest.approx(58 - 20)
    assert found["operate then orchestrate"].value == pytest.approx(140 - 40 - 7)
    for path in found.values():
        assert sum(amount for _, amount in path.links) == pytest.approx(path.value, rel=1e-3)
    assert portfolio_values([], said) is None
