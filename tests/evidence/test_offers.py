"""Offers against known worlds, by hand, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ibis
import numpy as np
import pytest
from scipy import stats
from tests.evidence.grounds import ground_of

from fourwalls.evidence import offers
from fourwalls.evidence.ground import Finding, Ground
from fourwalls.evidence.offers import within_capacity
from fourwalls.figures import Estimate, Reading
from fourwalls.worlds import Truth, make


@pytest.fixture(scope="module")
def turned_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ground, Truth, Finding]]:
    folder = tmp_path_factory.mktemp("worlds") / "away"
    truth = make("unused_partner", folder, seed=3, lines=20_000)
    with ground_of(folder) as ground:
        yield ground, truth, offers.find(ground)


def reading(finding: Finding, name: str, asset: tuple[str | None, ...] = ()) -> Reading:
    return next(r for r in finding.readings[asset] if r.name == name)


def value(finding: Finding, name: str, asset: tuple[str | None, ...] = ()) -> float:
    figure = reading(finding, name, asset).figure
    assert isinstance(figure, Estimate)
    return figure.value


def test_what_the_partner_could_serve_is_found_where_it_was_turned_away(
    turned_away: tuple[Ground, Truth, Finding],
) -> None:
    _, truth, finding = turned_away
    true = {tuple(a.asset.values()): a for a in truth.assets}
    assert {loss.asset for loss in finding.losses} == {k for k, a in true.items() if a.margin_change("overflow")}
    for loss in finding.losses:
        assert (loss.flow, loss.stage, loss.wall, loss.party_id) == (
            "overflow", "overflow", "between", "polar-logistics",
        )  # fmt: skip
        assert loss.amount == pytest.approx(true[loss.asset].margin_change("overflow"), rel=0.25)
        low, high = np.quantile(loss.draws, [0.01, 0.99])
        assert low <= true[loss.asset].margin_change("overflow") <= high
        onboarding = true[loss.asset].onboarding_amount
        assert value(finding, "offer_onboarding_amount", loss.asset) == pytest.approx(onboarding, abs=1)
    lines = sum(a.repaired["overflow"].lines - a.as_recorded.lines for a in truth.assets)
    assert sum(loss.quantity for loss in finding.losses) == pytest.approx(lines, rel=0.15)
    assert value(finding, "offered_units") <= value(finding, "turned_away_units")


def test_an_offer_that_costs_more_than_the_margin_is_none(turned_away: tuple[Ground, Truth, Finding]) -> None:
    ground, _, finding = turned_away
    rows = dict(ground.rows)
    dear = rows | {"offers": rows["offers"].mutate(unit_amount=rows["offers"].unit_amount + 1000.0)}
    found = offers.find(replace(ground, rows=dear))
    assert (found.losses, [r.code for r in found.refusals]) == ((), ["no_margin"])
    # The engine adds floats up in no fixed order.
    assert value(found, "turned_away_units") == pytest.approx(value(finding, "turned_away_units"), rel=1e-9)
    only = rows["offers"].filter(rows["offers"].capability == "carriage")
    found = offers.find(replace(ground, rows=rows | {"offers": only}))
    assert (found.losses, [r.code for r in found.refusals]) == ((), ["no_offer"])
    del rows["offers"]
    assert [r.code for r in offers.find(replace(ground, rows=rows)).refusals] == ["no_offer"]


def test_overflow_is_judged_only_where_demand_was_turned_away_and_a_price_is_known(
    turned_away: tuple[Ground, Truth, Finding],
) -> None:
    ground, truth, finding = turned_away
    away = {tuple(a.asset.values()) for a in truth.assets if a.margin_change("overflow")}
    judged = finding.judged or {}
    assert away <= set(judged)
    assert set(judged) == {a for a in ground.assets if any(r.name == "turned_away_units" for r in finding.readings[a])}
    t = ground.rows["offers"]
    unpriced = offers.find(
        replace(ground, rows=dict(ground.rows) | {"offers": t.mutate(unit_amount=t.unit_amount.nullif(t.unit_amount))})
    )
    assert unpriced.judged == {}


def test_only_what_fits_in_a_day_and_only_in_the_region(turned_away: tuple[Ground, Truth, Finding]) -> None:
    ground, _, finding = turned_away
    t = ground.rows["offers"]
    north = t.filter(t.region == "north").mutate(capacity_units_per_day=1.0)
    found = offers.find(replace(ground, rows=dict(ground.rows) | {"offers": north}))
    assert {loss.asset[1] for loss in found.losses} == {"north"}
    days = (ground.period.end - ground.period.start).days
    assert sum(loss.quantity for loss in found.losses) <= days
    assert sum(loss.amount for loss in found.losses) < sum(loss.amount for loss in finding.losses)


def test_where_nobody_is_turned_away_it_is_refused(tmp_path: Path) -> None:
    make("healthy", tmp_path / "w", seed=1, lines=5_000)
    with ground_of(tmp_path / "w") as ground:
        for changed in (ground, replace(ground, rows={k: v for k, v in ground.rows.items() if k != "work_log"})):
            found = offers.find(changed)
            assert (found.losses, [r.code for r in found.refusals]) == ((), ["no_closing"])
        assert [r.code for r in offers.find(replace(ground, lines=None)).refusals] == ["no_order_lines"]
        assert [r.code for r in offers.find(replace(ground, draws=None)).refusals] == ["too_few_spans"]


def test_closings_that_nobody_felt_are_no_loss(turned_away: tuple[Ground, Truth, Finding], tmp_path: Path) -> None:
    """The same words in the log of a retailer who went on selling."""
    folder = tmp_path / "w"
    make("healthy", folder, seed=3, lines=20_000)
    log = turned_away[0].engine.run(turned_away[0].rows["work_log"])
    with ground_of(folder) as ground:
        found = offers.find(replace(ground, rows=dict(ground.rows) | {"work_log": ground.engine.load("log", log)}))
        units = value(turned_away[2], "turned_away_units")
        assert sum(loss.quantity for loss in found.losses) < 0.1 * units


@pytest.mark.parametrize(
    ("mean", "per_line", "capacity"), [(4.0, 1.0, 6.0), (3.0, 1.5, 4.0), (0.5, 1.0, 0.5), (9.0, 2.0, 7.0)]
)
def test_what_fits_is_the_mean_of_the_lesser(mean: float, per_line: float, capacity: float) -> None:
    n = np.arange(200)
    by_hand = (stats.poisson.pmf(n, mean / per_line) * np.minimum(n * per_line, capacity)).sum()
    assert within_capacity(np.array([mean]), per_line, capacity)[0] == pytest.approx(by_hand, rel=1e-9)
    assert within_capacity(np.array([mean]), per_line, float("inf"))[0] == mean


def test_concentration_by_hand(turned_away: tuple[Ground, Truth, Finding]) -> None:
    ground, _, finding = turned_away
    assert ground.lines is not None
    t = ground.lines
    counts = ground.engine.run(t.group_by("fulfilment_party").agg(n=t.count()))["n"].to_numpy()
    assert value(finding, "fulfiller_hhi") == pytest.approx(((counts / counts.sum()) ** 2).sum())
    nobody = t.mutate(fulfilment_party=t.fulfilment_party.nullif(t.fulfilment_party))
    refused = reading(offers.find(replace(ground, lines=nobody)), "fulfiller_hhi").figure
    assert not isinstance(refused, Estimate)


def test_only_customers_of_the_node_that_closed_were_turned_away(tmp_path: Path) -> None:
    """Two nodes sell what one of them can no longer take; nothing in the log says which."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[[defects]]\nkind = "unused_partner"\nseverity = 0.95\nnode_id = "dc-south"\n', encoding="utf-8")
    truth = make(recipe, tmp_path / "away", seed=72, lines=20_000)
    with ground_of(tmp_path / "away") as ground:
        told = {loss.asset: loss.amount for loss in offers.find(ground).losses}
    true = {tuple(a.asset.values()): a.margin_change("overflow") for a in truth.assets}
    near, far = ("home", "south"), ("home", "north")
    assert true[near] > 2 * true[far] > 0
    for asset in (near, far):
        assert told[asset] == pytest.approx(true[asset], rel=0.3)


def test_lines_that_name_no_node_are_of_one(turned_away: tuple[Ground, Truth, Finding]) -> None:
    ground, _, finding = turned_away
    assert ground.lines is not None
    found = offers.find(replace(ground, lines=ground.lines.mutate(node_id=ibis.null("string"))))
    told, before = (sum(loss.amount for loss in f.losses) for f in (found, finding))
    assert told == pytest.approx(before, rel=0.3)
