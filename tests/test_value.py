"""What failures cost: assumptions, measured margins, and the worth of both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fourwalls.figures import Estimate
from fourwalls.portfolio import Portfolio, read_portfolio
from fourwalls.value import (
    DEFAULT_GROSS_MARGIN_SHARE,
    DEFAULT_LATE_LINE_COST_SHARE,
    Worth,
    costs,
    defaults_used,
    path_values,
    paths_told,
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
    found = path_values(known, 2.0, with_costs(portfolio))
    assert found is not None
    assert [found[p].value for p in found] == pytest.approx([100 - 30, 40 - 15, 150 - 45])
    assert found["operate"].draws.tolist() == pytest.approx([95, 45])
    assert found["operate then orchestrate"].draws.tolist() == pytest.approx([130, 80])
    dear = path_values(known, 2.0, with_costs(portfolio, carrying_rate_per_year=0.2))
    assert dear is not None
    assert [dear[p].value for p in dear] == pytest.approx([100 - 10 - 30, 40 - 15, 150 - 10 - 45])
    half = path_values(known, 2.0, with_costs(portfolio, attainable_share=0.5))
    assert half is not None
    assert half["operate"].value == pytest.approx(50 - 30)


def test_later_money_is_worth_less_and_reached_slowly(portfolio: Portfolio) -> None:
    known = Worth(100, 0, np.array([100.0]), np.array([0.0]))
    for said, least, most in (
        ({"discount_rate": 0.1}, 100 / 1.1, 100 / 1.1**0.4),
        ({"ramp_weeks": 52.0}, 49, 51),
        ({"ramp_weeks": 26.0}, 74, 76),
    ):
        found = path_values(known, 1.0, with_costs(portfolio, **said))
        assert found is not None
        assert least < found["operate"].value + 30 < most


def test_no_value_without_prices_or_costs(portfolio: Portfolio) -> None:
    known = Worth(100, 0, np.array([100.0]), np.array([0.0]))
    assert path_values(replace(known, is_money=False), 1.0, with_costs(portfolio)) is None
    assert path_values(known, 1.0, replace(portfolio, paths={})) is None
    assert path_values(known, 0.0, with_costs(portfolio)) is None
    assert paths_told(None, "EUR", 0.9) == ()


def test_the_chance_of_being_best_includes_doing_nothing(portfolio: Portfolio) -> None:
    draws = np.array([0.0, 20.0, 100.0, 100.0])
    found = path_values(Worth(50, 0, draws, np.zeros(4)), 1.0, with_costs(portfolio))
    told = {p.path: p for p in paths_told(found, "EUR", 0.9)}
    assert told["operate"].chance == 0.5
    assert told["orchestrate"].chance == 0.0
    value = told["operate"].value
    assert isinstance(value, Estimate)
    assert value.low < value.value == pytest.approx(25), "the mean of what may be"
