"""Availability by hand: points and draws add up, the portfolio is the sum of its assets, ranges hold, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fourwalls.availability import Beside, Drawn, Luck, Serving, availability, drawn, luck, nothing_known, stock_side
from fourwalls.chain.accounts import PartyBook
from fourwalls.chain.demand import Spread
from fourwalls.chain.stock_flow import STAGES, StockAccounts, Walls
from fourwalls.diagnosis import Availability
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.value import Costs

SPANS, DAYS = 12, 84
BOOK = PartyBook("us", {"us": "Us", "mill": "Mill Ltd"})
SUPPLY, DECISION, RECEIVING = (STAGES.index(s) for s in ("supply", "decision", "receiving"))


def accounts(shelves: int = 4, seed: int = 1) -> StockAccounts:
    """Supply (the mill's) and decision (ours) save units, at random over the weeks."""
    rng = np.random.default_rng(seed)
    stage = np.zeros((len(STAGES), shelves, SPANS), np.float32)
    stage[SUPPLY] = rng.gamma(2.0, 2.0, (shelves, SPANS))
    stage[DECISION] = rng.gamma(2.0, 0.5, (shelves, SPANS))
    total = stage.sum(axis=0)
    lost = total + rng.gamma(2.0, 1.0, (shelves, SPANS))
    held = np.zeros((3, shelves))
    held[0] = 1.5
    return StockAccounts(
        demand=lost + 40.0,
        lost=lost.astype(float),
        stage=stage,
        total=total,
        inside=stage[DECISION],
        between=stage[SUPPLY],
        held=held,
        stage_held=np.zeros((len(STAGES), shelves)),
        on_hand=np.full(shelves, 60.0),
        excess=np.full(shelves, 15.0),
        replayed=shelves * DAYS,
        astray=np.zeros(shelves),
        stage_over=np.zeros((len(STAGES), shelves)),
    )


def walls(shelves: int = 4) -> Walls:
    party, side = np.zeros((len(STAGES), shelves), np.int64), np.full((len(STAGES), shelves), 2)
    party[DECISION], side[DECISION] = 1, 0
    party[SUPPLY], side[SUPPLY] = 2, 1
    held = np.zeros((len(STAGES), shelves), bool)
    held[[DECISION, SUPPLY]] = True
    return Walls(party, side, party, held, ("(unknown)", "us", "mill"), ("", "own best weeks", "its own word"))


COST = Costs(0.1, 0.35)


def serving(asset: list[int], shelf: list[int] | None = None, **given: Any) -> Serving:
    n = len(asset)
    base = {
        "weight": np.ones(n),
        "price": np.full(n, 10.0),
        "cost": np.full(n, 6.0),
        "follows": np.zeros(n),
        "unfilled": np.ones(n),
        "late": np.zeros(n),
    } | given
    return Serving(np.arange(n) if shelf is None else np.array(shelf), np.array(asset), assets=max(asset) + 1, **base)


def no_luck(shelves: int = 4, replicates: int = 50) -> Luck:
    """Every replicate is the record."""
    return Luck(
        np.ones((replicates, SPANS), np.float32),
        np.ones((replicates, shelves), np.float32),
        np.ones((replicates, 1, SPANS), np.float32),
        np.zeros(shelves, np.int64),
        0.0,
        np.ones((replicates, len(STAGES))),
        1,
    )


def some_luck(shelves: int = 4, sd: float = 0.1) -> Luck:
    zero = np.zeros(shelves, np.int64)
    of = np.full(shelves, 1.0)
    return luck(Spread(zero, np.zeros(1), sd, sd, sd, np.full(shelves, sd), of, of), SPANS, 1, 199)


def told(found: Drawn, absent: tuple[str, ...] = ()) -> Availability:
    known = availability(found, walls(), BOOK, SPANS, "EUR", absent)
    assert isinstance(known, Availability)
    return known


def value(figure: Figure) -> float:
    assert isinstance(figure, Estimate)
    return figure.value


def test_one_asset_by_hand() -> None:
    a = accounts()
    (one, total) = drawn(a, walls(), serving([0] * 4), no_luck(), DAYS, COST)
    known = told(one)
    demand = a.demand.sum()
    assert known.wanted_units == pytest.approx(demand)
    assert known.shelves == 4
    assert value(known.lost) == pytest.approx(a.lost.sum() / demand)
    assert value(known.total) == pytest.approx(a.total.sum() / demand)
    assert value(known.operate) + value(known.orchestrate) + value(known.interaction) == pytest.approx(
        value(known.total)
    )
    assert value(known.residual) == pytest.approx(value(known.lost) - value(known.total))
    assert sum(s.units for s in known.stages) == pytest.approx(a.total.sum(), rel=1e-6)
    assert [(s.stage, s.wall) for s in known.stages] == [("decision", "inside"), ("supply", "between")]
    assert [(c.stage, c.party_name, c.standard) for c in known.contributions] == [
        ("supply", "Mill Ltd", "its own word"),
        ("decision", "Us", "own best weeks"),
    ]
    assert value(known.contributions[0].amount) == pytest.approx(4.0 * a.stage[SUPPLY].sum(), rel=1e-6)
    assert value(known.inside_share) == pytest.approx(a.inside.sum() / a.total.sum(), rel=1e-6)
    # Nothing can be held to account for the other six stages.
    assert known.unjudged == ("forecast", "receiving", "record", "allocation", "shelf", "listing")
    assert told(total).lost == known.lost


def test_without_luck_ranges_are_points_and_with_it_they_hold_the_point() -> None:
    (sure, _) = drawn(accounts(), walls(), serving([0] * 4), no_luck(), DAYS, COST)
    lost = told(sure).lost
    assert isinstance(lost, Estimate)
    assert lost.low == pytest.approx(lost.value, rel=1e-5)
    assert lost.high == pytest.approx(lost.value, rel=1e-5)
    (one, _) = drawn(accounts(), walls(), serving([0] * 4), some_luck(), DAYS, COST)
    known = told(one)
    figures = [known.lost, known.total, known.operate, known.orchestrate, known.residual, known.inside_share]
    for figure in [*figures, *(s.share for s in known.stages), *(c.amount for c in known.contributions)]:
        assert isinstance(figure, Estimate)
        assert figure.low < figure.value < figure.high


def test_the_portfolio_is_the_sum_of_its_assets() -> None:
    shelf, asset = [0, 1, 1, 2, 3], [0, 0, 1, 1, 2]
    weight = np.array([1.0, 0.25, 0.75, 1.0, 1.0])
    found = drawn(accounts(), walls(), serving(asset, shelf, weight=weight), some_luck(), DAYS, COST)
    *assets, total = found
    assert len(assets) == 3
    for name, sums in total.point.items():
        assert sums == pytest.approx(sum(d.point[name] for d in assets))
        assert total.draws[name] == pytest.approx(np.sum([d.draws[name] for d in assets], axis=0))
    assert total.point["lost"] == pytest.approx(accounts().lost.sum(), rel=1e-6)
    for key, part in total.parts.items():
        assert part[0] == pytest.approx(sum(d.parts[key][0] for d in assets if key in d.parts))
    assert total.pairs == 4, "a shelf that serves two assets counts once"
    assert sum(d.total_by_span.sum() for d in assets) == pytest.approx(total.total_by_span.sum())


def test_an_asset_of_many_rows_is_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    a, w, chance = accounts(40), walls(40), some_luck(40)
    (whole, _) = drawn(a, w, serving([0] * 40), chance, DAYS, COST)
    monkeypatch.setattr("fourwalls.availability._ROWS", 7)
    (parts, _) = drawn(a, w, serving([0] * 40), chance, DAYS, COST)
    for name, sums in whole.point.items():
        assert parts.point[name] == pytest.approx(sums, rel=1e-5)
        assert parts.draws[name] == pytest.approx(whole.draws[name], rel=1e-5)
    assert parts.unheld == pytest.approx(whole.unheld, rel=1e-5)
    assert parts.stock == pytest.approx(whole.stock, rel=1e-6)


def test_stock_figures_by_hand() -> None:
    (one, _) = drawn(accounts(), walls(), serving([0] * 4), no_luck(), DAYS, COST)
    held = told(one).stock
    assert value(held.on_hand) == 240
    assert value(held.weeks_of_cover) == pytest.approx(240 / (accounts().demand.sum() / 12))
    assert value(held.excess) == pytest.approx(0.25)
    assert value(held.amount) == pytest.approx(240 * 6)
    # 40 sold a week and shelf at a margin of 4, over 1440 tied up.
    assert value(held.gmroi) == pytest.approx(4 * 40 * 12 * 4 * 365.25 / 84 / 1440, rel=1e-5)
    assert value(held.both) == pytest.approx(6 / 240)


@pytest.mark.parametrize("missing", ["price", "cost"])
def test_what_has_no_price_is_refused_not_zero(missing: str) -> None:
    amounts = np.array([10.0, np.nan, 10.0, 10.0])
    (one, _) = drawn(accounts(), walls(), serving([0] * 4, **{missing: amounts}), no_luck(), DAYS, COST)
    known = told(one)
    assert isinstance(known.stock.amount, Refusal) == (missing == "cost")
    assert isinstance(known.stock.gmroi, Refusal)
    assert all(isinstance(c.amount, Refusal) == (missing == "price") for c in known.contributions)


def test_refusals() -> None:
    a = accounts()
    two_assets_one_of_them_empty = replace(serving([0] * 4), assets=2)
    (one, none, _) = drawn(a, walls(), two_assets_one_of_them_empty, no_luck(), DAYS, COST)
    nobody = availability(none, walls(), BOOK, SPANS, "EUR", ())
    assert isinstance(nobody, Refusal)
    assert nobody.code == "no_shelf"
    short = availability(one, walls(), BOOK, 3, "EUR", ())
    assert isinstance(short, Refusal)
    assert short.code == "too_few_spans"
    assert "3 periods" in short.because
    side = stock_side(none, nobody)
    assert side.availability is nobody
    assert nothing_known(nobody).worth.inside == 0


def test_stages_whose_tables_are_absent_are_not_judged() -> None:
    (one, _) = drawn(accounts(), walls(), serving([0] * 4), no_luck(), DAYS, COST)
    assert "supply" not in told(one).unjudged
    assert "supply" in told(one, ("supply",)).unjudged


def test_weeks_without_any_demand_do_not_break_the_range() -> None:
    a = accounts(1)
    for values in (a.demand, a.lost, a.stage, a.total, a.inside, a.between):
        values[..., 1:] = 0
    (one, _) = drawn(a, walls(1), serving([0]), some_luck(1), DAYS, COST)
    # A third of the draws has not got the only week in which anybody came.
    assert (one.draws["demand"] == 0).mean() > 0.2
    known = availability(one, walls(1), BOOK, SPANS, "EUR", ())
    assert isinstance(known, Availability)
    assert isinstance(known.lost, Estimate)
    assert 0 < known.lost.low <= known.lost.high < 1


def test_luck_has_no_bias_of_its_own() -> None:
    chance = some_luck(30, sd=0.2)
    assert chance.weeks.sum(axis=1).tolist() == [SPANS] * 199
    assert chance.of_shelf.mean() == pytest.approx(1.0, abs=0.05)
    assert chance.of_week.mean() == pytest.approx(1.0, abs=0.02)


def test_what_it_costs_to_reach_the_customer_is_no_margin() -> None:
    (free, _) = drawn(accounts(), walls(), serving([0] * 4), no_luck(), DAYS, COST)
    (paid, _) = drawn(accounts(), walls(), serving([0] * 4, follows=np.full(4, 1.0)), no_luck(), DAYS, COST)
    assert paid.point["inside_worth"] == pytest.approx(free.point["inside_worth"] * 3 / 4)
    assert paid.draws["between_worth"] == pytest.approx(free.draws["between_worth"] * 3 / 4)


def test_a_shelf_without_a_price_is_not_worth_one_unit_of_currency() -> None:
    (priced, _) = drawn(
        accounts(), walls(), serving([0] * 4, cost=np.full(4, np.nan)), no_luck(), DAYS, Costs(0.1, 0.4)
    )
    one_unknown = np.array([10.0, np.nan, 10.0, 10.0])
    (some, _) = drawn(
        accounts(),
        walls(),
        serving([0] * 4, price=one_unknown, cost=np.full(4, np.nan)),
        no_luck(),
        DAYS,
        Costs(0.1, 0.4),
    )
    assert some.point["inside_worth"] == pytest.approx(priced.point["inside_worth"])
    assert priced.point["inside_worth"] == pytest.approx(10 * 0.4 * accounts().inside.sum(), rel=1e-6)
    (none, _) = drawn(
        accounts(),
        walls(),
        serving([0] * 4, price=np.full(4, np.nan), cost=np.full(4, np.nan)),
        no_luck(),
        DAYS,
        Costs(0.1, 0.4),
    )
    assert none.point["inside_worth"] == pytest.approx(0.4 * accounts().inside.sum(), rel=1e-6)


def test_a_unit_that_waited_brings_what_lateness_costs_by_hand() -> None:
    """Of 10 units that met an empty shelf 4 were lost, at 10 - 6 each; 3 came late, at a tenth of 10 each; 3 in time."""
    (lost, _) = drawn(accounts(), walls(), serving([0] * 4), no_luck(), DAYS, COST)
    waiting = serving([0] * 4, unfilled=np.full(4, 0.4), late=np.full(4, 0.3))
    (waited, _) = drawn(accounts(), walls(), waiting, no_luck(), DAYS, COST)
    assert waited.point["total_worth"] == pytest.approx(lost.point["total_worth"] * (0.4 * 4 + 0.3 * 1) / 4)
    assert waited.point["total"] == lost.point["total"]


def test_what_stock_costs_besides_sales_by_hand() -> None:
    """Decision frees 5 of 15 units of excess and 2 units on hand; 3 units would not have gone astray."""
    free = np.zeros((len(STAGES), 4))
    free[DECISION] = -5.0
    held = np.zeros((len(STAGES), 4))
    held[DECISION] = -2.0
    a = replace(accounts(), stage_over=free, stage_held=held, astray=np.array([3.0, 0.0, 0.0, 0.0]))
    w = walls()
    w.party[STAGES.index("record")], w.wall[STAGES.index("record")] = 1, 0
    beside = Beside(np.full(4, 90.0), 0.2)
    without, whole = (drawn(a, w, serving([0] * 4), no_luck(), DAYS, COST, b)[0] for b in (None, beside))
    markdowns, astray = 4 * 90 * 5 / 15, 3 * 6.0
    carried = 4 * 2 * 6.0 * 0.2 * DAYS / 365.25
    mine = {c.stage: value(c.amount) for c in availability(whole, w, BOOK, SPANS, "EUR", ()).contributions}  # type: ignore[union-attr]
    before = {c.stage: value(c.amount) for c in availability(without, w, BOOK, SPANS, "EUR", ()).contributions}  # type: ignore[union-attr]
    assert mine["decision"] - before["decision"] == pytest.approx(markdowns + carried)
    assert mine["record"] == pytest.approx(astray)
    assert mine["supply"] == pytest.approx(before["supply"])
    # Paths bear the change of stock by themselves; everything else is in their worth.
    assert whole.point["inside_worth"] - without.point["inside_worth"] == pytest.approx(markdowns)
    assert without.point["inside_worth"] == pytest.approx(4.0 * a.inside.sum() + astray, rel=1e-6)


def test_a_repair_that_only_frees_stock_is_told() -> None:
    held = np.zeros((len(STAGES), 4))
    held[STAGES.index("forecast")] = -2.0
    w = walls()
    w.party[STAGES.index("forecast")], w.wall[STAGES.index("forecast")] = 1, 0
    (one, _) = drawn(
        replace(accounts(), stage_held=held), w, serving([0] * 4), no_luck(), DAYS, COST, Beside(np.zeros(4), 0.2)
    )
    forecast = next(c for c in told(one).contributions if c.stage == "forecast")
    assert forecast.units == 0
    assert value(forecast.amount) == pytest.approx(4 * 2 * 6.0 * 0.2 * DAYS / 365.25)


def test_stages_share_what_they_free_together() -> None:
    over = np.zeros((len(STAGES), 4))
    over[[DECISION, SUPPLY]] = -10.0
    freed = replace(accounts(), stage_over=over).freed()
    assert freed[DECISION].tolist() == [0.5] * 4
    assert freed.sum(axis=0).max() <= 1.0


def test_a_repair_that_only_costs_is_in_no_path_and_in_the_list() -> None:
    a = accounts()
    stage = a.stage.copy()
    stage[DECISION] *= -1.0
    held = np.zeros((len(STAGES), 4))
    held[DECISION] = -0.5
    total = stage.sum(axis=0)
    a = replace(a, stage=stage, total=total, inside=stage[DECISION], stage_held=held)
    beside = Beside(np.zeros(4), 0.2)
    (one, _) = drawn(a, walls(), serving([0] * 4), no_luck(), DAYS, COST, beside)
    worth = stock_side(one, told(one)).worth
    # Nobody orders worse to hold half a unit less: to operate is worth nothing, to orchestrate all that supply saves.
    assert worth.inside == pytest.approx(0.0, abs=1e-3)
    assert np.abs(worth.inside_draws).max() == pytest.approx(0.0, abs=1e-3)
    assert worth.between == pytest.approx(4.0 * a.stage[SUPPLY].sum(), rel=1e-6)
    assert worth.together == pytest.approx(worth.between, rel=1e-6)
    assert one.stock["operate_value"] == pytest.approx(0.5 * 4 * 6.0)
    decision = next(c for c in told(one).contributions if c.stage == "decision")
    assert decision.units < 0
    assert value(decision.amount) < 0
