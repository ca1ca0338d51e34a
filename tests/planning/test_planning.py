"""Plans, pilots, roles and the four mistakes, from diagnoses made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests import small
from tests.surfaces import sample

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Availability,
    Bottleneck,
    Contribution,
    Diagnosis,
    GovernanceTold,
    PilotNext,
    Plan,
    Role,
    RuleHole,
    Task,
    Told,
)
from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot import Proposal, inference, propose
from fourwalls.planning import Known, Sales, advised
from fourwalls.planning.doers import NOT_NAMED, between_shares, doers
from fourwalls.planning.mistakes import MISTAKES, guardrails
from fourwalls.planning.pilots import LEAST_CONTROLS
from fourwalls.planning.plan import _titled
from fourwalls.planning.roles import growth_beside, role_of
from fourwalls.portfolio import Portfolio, SignalThresholds
from fourwalls.study import open as open_study

MADE = [sample.usual, sample.stocked, sample.priced, sample.shelves_only, sample.empty, sample.refused, sample.hostile]


def portfolio(**row: object) -> Portfolio:
    return Portfolio(Path(), "By hand", "EUR", "us", ("brand", "channel_id"), assets=(row,) if row else ())


def plans(made: Diagnosis, known: Known | None = None) -> list[AssetDiagnosis]:
    assets, total = advised(made.assets, made.total, known or Known(portfolio()))
    return [*assets, total]


def by_id(plan: Plan) -> dict[str, Task]:
    return {t.id: t for t in plan.tasks}


@pytest.mark.parametrize("make", MADE)
def test_every_plan_can_be_done_in_its_order(make: Callable[[], Diagnosis]) -> None:
    for asset in plans(make()):
        tasks = asset.plan.tasks
        assert tasks
        assert len({t.id for t in tasks}) == len(tasks)
        done: dict[str, int] = {}
        for t in tasks:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", t.id)
            assert 1 <= t.start_day <= t.end_day <= 30
            assert all(done[need] < t.start_day for need in t.needs)
            assert all((t.title, t.owner))
            done[t.id] = t.end_day


def acting(name: str = "", high: float = 0.1) -> AssetDiagnosis:
    """An asset to orchestrate that loses EUR 10,000 a year by a carrier: 5 % of its lines, of which 80 % come in full and on time."""
    asset = next(a for a in sample.priced().assets if a.verdict == "orchestrate")
    share, money = Estimate(0.05, 0.02, high, "share"), sample.signed(1.0, "EUR")
    late = Contribution("late", "carriage", "between", "rapid", "Rapid Parcel", 400.0, share, money, "48 h")
    otif = replace(asset.readings[0], name="otif_share", label="OTIF", figure=Estimate(0.8, 0.7, 0.9, "share"))
    return replace(asset, name=name or asset.name, contributions=(late,), readings=(otif, *asset.readings[1:]))


def alike(high: float = 0.1) -> tuple[AssetDiagnosis, ...]:
    """Seven of them, which all would change if a pilot on the first works."""
    return (acting(high=high), *(acting(f"like it {n}", high) for n in range(6)))


def test_a_plan_maps_separates_quantifies_and_pilots_this_asset() -> None:
    asset = plans(replace(sample.priced(), assets=alike()))[0]
    tasks = by_id(asset.plan)
    assert {t.week for t in tasks.values()} == {1, 2, 3, 4}
    assert "Rapid Parcel" in tasks["map-chain"].title
    assert "carriage of Rapid Parcel" in tasks["list-outside"].why.replace("Carriage", "carriage")
    assert tasks["agree-value"].why.startswith("To orchestrate is put at EUR")
    assert isinstance(asset.pilot, PilotNext)
    assert asset.pilot.command[-2:] == ("--asset", asset.name)
    # The rule that blocks has to be settled before partners are tried; the other has not.
    assert "settle-rapid-owner" in tasks["design-pilot"].needs
    assert tasks["design-pilot"].start_day > tasks["settle-rapid-owner"].end_day


def test_owners_are_those_who_were_named() -> None:
    asset = acting()
    key = {name: value for name, value in asset.asset.items() if value is not None}
    known = Known(portfolio(owner="Ada Price", **key), {"rapid": "Ben Parcel"})
    tasks = by_id(plans(replace(sample.priced(), assets=(asset,)), known)[0].plan)
    assert tasks["start-pilot"].owner == "Ada Price"
    assert tasks["settle-rapid-owner"].owner == "Ben Parcel"
    assert tasks["list-inside"].owner.startswith(NOT_NAMED)


def costing(one_off: float, high: float = 0.1) -> Diagnosis:
    """Seven assets alike that each take as much to begin, and nothing to run; of their lines `high` may be lost at most."""
    each = tuple(
        replace(a, paths=tuple(replace(p, one_off=one_off, run_per_year=0.0, is_default=False) for p in a.paths))
        for a in alike(high)
    )
    known = tuple(
        replace(sample.priced().assumptions[0], name=n, value=v)
        for n, v in (("attainable_share", 0.8), ("horizon_years", 3.0))
    )
    return replace(sample.priced(), assets=each, assumptions=known)


@pytest.mark.parametrize(
    ("one_off", "high", "recommended", "words"),
    [
        (24_000.0, 0.1, "pilot", "more than deciding now"),
        (100.0, 0.05, "act without a pilot", "No pilot has to come first"),
        (70_000.0, 0.1, "do nothing", "less than to orchestrate costs"),
    ],
)
def test_the_page_and_the_design_propose_by_one_rule(one_off: float, high: float, recommended: str, words: str) -> None:
    made = costing(one_off, high)
    found = propose(made, made.assets[0].name)
    assert isinstance(found, Proposal)
    assert found.worth_at_best.recommendation == recommended
    told = plans(made)[0].pilot
    assert words in told.because
    if isinstance(told, Refusal):
        assert (recommended, told.code) == ("do nothing", "not_worth_it")
        # 24,000 of margin in three years from each asset, of which the middle of what is believed can be had.
        assert f"EUR {-found.worth_at_best.act:,.0f} less" in told.because
    else:
        assert (told.path, told.stage, told.party_name, told.outcome) == (
            found.path,
            found.stage,
            found.party,
            found.measure,
        )
        assert found.words in told.because
        best = found.worth_at_best
        assert (f"EUR {best.pilot - max(best.act, 0.0):,.0f} more" in told.because) == (recommended == "pilot")


@pytest.mark.parametrize("make", MADE)
def test_what_the_design_refuses_the_page_refuses_too(make: Callable[[], Diagnosis]) -> None:
    made = make()
    for asset, planned in zip(made.assets, plans(made), strict=False):
        if asset.losses and isinstance(found := propose(made, asset.name), Refusal):
            assert planned.pilot == found


def test_as_many_are_compared_with_as_placebos_need() -> None:
    assert LEAST_CONTROLS == inference.LEAST_CONTROLS


def test_the_command_of_a_pilot_names_the_data_where_the_portfolio_needs_it(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "order_lines.sql").write_text("SELECT * FROM read_csv('{data}/orders.csv')")
    known = Known(replace(portfolio(), folder=tmp_path))
    made, _ = advised(alike(), sample.priced().total, known)
    pilot = made[0].pilot
    assert isinstance(pilot, PilotNext)
    assert pilot.command[3:7] == ("--portfolio", "FOLDER", "--data", "DATA")


def test_a_pilot_is_refused_by_name_where_records_cannot_carry_it() -> None:
    few = plans(replace(sample.priced(), assets=alike()[:3]))[0].pilot
    assert isinstance(few, Refusal)
    assert few.code == "too_few_controls"
    nothing = next(a for a in plans(sample.priced()) if a.verdict == "leave it").pilot
    assert isinstance(nothing, Refusal)
    assert nothing.code == "leave_it"
    worked = replace(acting(), losses=(replace(sample.told()[0], flow="work", stage="status"),))
    unseen = plans(replace(sample.priced(), assets=(worked,) * 9))[0].pilot
    assert isinstance(unseen, Refusal)
    assert unseen.code == "no_measure"


def losing(*losses: Told, lines: float = 0.0, units: float = 0.0) -> AssetDiagnosis:
    """An asset with priced losses, order lines of a carrier, and units of a supplier, each without a price."""
    base = acting()
    no_price = Refusal("no_price", "margin", "no price", "prices")
    line = replace(base.contributions[0], stage="carriage", wall="between", party_id="rapid", party_name="Rapid Parcel")
    late = (
        replace(line, lines=lines, amount=no_price),
        replace(line, lines=lines, outcome="cancelled", amount=no_price),
    )
    shelves = base.availability
    assert isinstance(shelves, Availability)
    unsold = replace(shelves.contributions[0], stage="allocation", wall="inside", party_id="own", party_name="Own", units=units, amount=no_price)  # fmt: skip
    return replace(
        base, losses=losses, contributions=late if lines else (), first_bottleneck=None,
        availability=replace(shelves, contributions=(unsold,) if units else ()),
    )  # fmt: skip


def test_losses_in_money_are_added_up_over_records() -> None:
    late, ledger, other = (replace(sample.told()[0], flow=f, quantity=1.0) for f in ("service", "ledger", "service"))
    other = replace(other, party_id="slow", party_name="Slow Parcel", amount=sample.signed(12_000.0, "EUR"))
    first, second = doers(losing(late, ledger, other), "between")
    assert (first.party_id, first.amount, first.told) == ("rapid", 18_000.0, "EUR 18,000 a year")
    assert (second.party_id, second.amount) == ("slow", 12_000.0)


def test_a_loss_in_money_does_not_hide_what_nobody_priced() -> None:
    found = losing(replace(sample.told()[0], flow="ledger", stage="waste"), lines=200.0, units=9_000.0)
    assert [d.told for d in doers(found, "between")] == ["EUR 9,000 a year", "400 order lines"]
    assert [d.told for d in doers(found, "inside")] == ["9,000 units not sold"]


def test_lines_and_units_are_not_weighed_against_each_other() -> None:
    both = losing(lines=200.0, units=9_000.0)
    assert between_shares(both) == {"order lines": 1.0, "units not sold": 0.0}
    shelves = both.availability
    assert isinstance(shelves, Availability)
    # 9,000 units of a supplier do not come before 400 lines, unless the bottleneck is among empty shelves.
    outside = replace(both, availability=replace(shelves, contributions=(replace(shelves.contributions[0], wall="between", party_name="Mill"),)))  # fmt: skip
    assert [d.unit for d in doers(outside, "between")] == ["order lines", "units not sold"]
    shelf = Bottleneck("allocation", "between", "own", "Mill", "stock", 1.0)
    assert doers(replace(outside, first_bottleneck=shelf), "between")[0].unit == "units not sold"
    # All late lines are the carrier's: with few units of our own or many, it is not clear where all of it lies.
    few = losing(lines=200.0, units=4.0)
    assert states(replace(few, verdict="operate", signals=()))["execution_cure"] == "quiet"
    assert states(replace(losing(lines=200.0), verdict="operate", signals=()))["execution_cure"] == "fires"


def states(asset: AssetDiagnosis) -> dict[str, str]:
    return {g.name: g.state for g in guardrails(asset, SignalThresholds())}


def test_the_four_mistakes_fire_by_their_readings() -> None:
    asset = acting()
    assert len(MISTAKES) == 4
    assert states(asset)["execution_cure"] == "quiet"
    # 10,000 of 17,000 lie between: below the clear part of 0.6. Without our own 7,000 all of it does.
    between = tuple(x for x in asset.losses if x.wall == "between")
    assert states(replace(asset, verdict="operate", losses=between, signals=()))["execution_cure"] == "fires"
    inside = tuple(x for x in asset.losses if x.wall == "inside")
    assert states(replace(asset, verdict="operate", losses=inside, signals=()))["execution_cure"] == "quiet"
    assert states(asset)["orchestrate_ungoverned"] == "fires"
    assert states(replace(asset, verdict="govern first"))["orchestrate_ungoverned"] == "quiet"
    assert states(replace(asset, governance=None))["orchestrate_ungoverned"] == "cannot tell"
    hole = RuleHole("p", "P", "Who?", "", "", False, 1.0)
    assert (
        states(replace(asset, governance=GovernanceTold(0.9, False, 0.0, (hole,))))["orchestrate_ungoverned"] == "quiet"
    )
    assert states(asset)["inputs_measured"] == "quiet"
    assert states(replace(asset, readings=(), availability=sample.NO_STOCK))["inputs_measured"] == "fires"
    assert (
        states(replace(asset, readings=(), availability=sample.NO_STOCK, evidence=()))["inputs_measured"]
        == "cannot tell"
    )
    assert states(asset)["idle_automation"] == "cannot tell"
    line = sample.signals()[0]
    status, speed = replace(line, name="status_work", lean="operate"), replace(line, name="speed", lean="neither")
    assert states(replace(asset, signals=(status, speed)))["idle_automation"] == "fires"
    assert states(replace(asset, signals=(status, replace(speed, lean="operate"))))["idle_automation"] == "quiet"
    for found in guardrails(asset, SignalThresholds()):
        assert bool(found.remedy) == (found.state == "fires")


def sales(asset: np.ndarray, rest: np.ndarray | None = None) -> Sales:
    asset = np.asarray(asset, np.float64)
    other = np.full(len(asset), 300.0) if rest is None else rest
    return Sales(asset, asset + other, 4)


def name_of(role: Role | Refusal) -> str:
    return role.code if isinstance(role, Refusal) else role.name


def test_roles_come_from_portfolio_toml_else_from_sales() -> None:
    two, season = 104, 1 + 0.5 * np.sin(2 * np.pi * np.arange(104) / 52)
    said = role_of("heritage", None)
    assert isinstance(said, Role)
    assert said.origin == "portfolio.toml"
    assert name_of(role_of(None, sales(150 * season, 300 * season))) == "engine"
    assert name_of(role_of(None, sales(np.repeat([20.0, 40.0], 52)))) == "experiment"
    assert name_of(role_of(None, sales(np.repeat([90.0, 50.0], 52)))) == "heritage"
    assert name_of(role_of(None, sales(np.full(two, 20.0)))) == "no_role"
    assert name_of(role_of(None, sales(np.r_[np.zeros(80), np.full(24, 30.0)]))) == "experiment"
    # One year cannot tell growth from a season.
    assert name_of(role_of(None, sales((150 * season)[:52]))) == "no_role"
    assert name_of(role_of(None, None)) == "no_role"


def test_an_empty_first_week_does_not_hide_a_role() -> None:
    # The first week of a record is often a part of one: 110 weeks are left to judge by.
    late = np.r_[0.0, np.full(110, 150.0)]
    assert name_of(role_of(None, sales(late))) == "engine"
    # Begun so late that there is no base year, in however long a record.
    assert name_of(role_of(None, sales(np.r_[np.zeros(80), np.full(60, 150.0)]))) == "no_role"


def test_growth_from_a_year_without_sales_is_refused() -> None:
    paused = role_of(None, sales(np.r_[np.full(52, 150.0), np.zeros(52), np.full(52, 150.0)]))
    assert isinstance(paused, Refusal)
    assert "year of sales to measure growth by" in paused.because
    ended = np.r_[np.full(104, 150.0), np.zeros(52)]
    assert name_of(role_of(None, Sales(ended, ended, 1))) == "no_role"


def test_days_of_a_short_record_are_not_taken_for_weeks(tmp_path: Path) -> None:
    made = small.good()
    # 51 days, rugs only in the last 18: told by days, they would first have sold "17 weeks" before the end.
    rows = made.lines[:220]
    made.tables["order_lines"] = [row for i, row in enumerate(rows) if i >= 140 or row["sku_id"] not in ("s2", "s5")]
    with open_study(made.write(tmp_path)) as study:
        found = study.diagnose()
    assert {"rugs", "chairs", "lamps"} == {a.name for a in found.assets}
    for asset in found.assets:
        assert isinstance(asset.role, Refusal)
        assert "by week" in asset.role.because


def test_growth_is_beside_the_portfolio_by_hand() -> None:
    value, low, high = growth_beside(sales(np.repeat([100.0, 150.0], 52), np.full(104, 300.0)))
    assert value == pytest.approx(1.5 / (450 / 400) - 1)
    assert low == pytest.approx(value)
    assert high == pytest.approx(value)


def test_a_long_step_becomes_a_title_that_a_register_takes() -> None:
    step = "Get contracts with these partners: " + "who owns the data, who is called when it fails, " * 5
    assert _titled("Get stock_days") == ("Get stock_days", "")
    assert _titled(step) == ("Get contracts with these partners", f"; {step.partition(': ')[2]}")
    title, rest = _titled("Get " + "one thing and another " * 12)
    assert len(title) <= 200
    assert title.endswith(" …")
    assert rest == ""
