"""What failures cost: assumptions, measured margins, and the worth of both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fourwalls.portfolio import Portfolio, read_portfolio
from fourwalls.value import DEFAULT_GROSS_MARGIN_SHARE, DEFAULT_LATE_LINE_COST_SHARE, Worth, costs, defaults_used

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
