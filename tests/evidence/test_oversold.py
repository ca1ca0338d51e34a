"""Overselling on a known world, and where nothing of it may be claimed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ibis
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence import failure_costs, oversold
from fourwalls.evidence.failure_costs import FailureCosts
from fourwalls.evidence.ground import Ground
from fourwalls.figures import Estimate
from fourwalls.worlds import Truth, make

Made = tuple[Ground, Truth, FailureCosts]


@pytest.fixture(scope="module")
def stale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("worlds") / "stale"
    truth = make("stale_listings", folder, seed=2, lines=30_000)
    with ground_of(folder) as ground:
        yield ground, truth, failure_costs.measure(ground)


def test_lines_sold_from_empty_shelves_are_the_cancelled_ones_that_a_fresh_listing_spares(stale: Made) -> None:
    ground, truth, costs = stale
    found = oversold.find(ground, costs)
    spared = sum(a.as_recorded.cancelled - a.repaired["listing"].cancelled for a in truth.assets)
    assert sum(x.quantity for x in found.losses) == pytest.approx(spared, rel=0.2)
    assert {(x.flow, x.stage, x.wall) for x in found.losses} == {("oversold", "listing", "between")}
    worth = costs.lost.amount.value if costs.lost is not None else 0.0
    assert sum(x.amount for x in found.losses) == pytest.approx(spared * worth, rel=0.35)
    shares = {r.name: r.figure.value for r in found.readings[()] if isinstance(r.figure, Estimate)}
    assert max(shares, key=lambda name: shares[name]) == f"oversold: {_stale_channel(truth)}"
    assert all("listing" in stages for stages in found.judged.values())


def _stale_channel(truth: Truth) -> str:
    return next(str(d.place["channel_id"]) for d in truth.defects if d.kind == "stale_listings")


def test_what_is_missing_is_named(stale: Made) -> None:
    ground, _, costs = stale
    rows = {k: v for k, v in ground.rows.items() if k != "stock_days"}
    for missing in (replace(ground, rows=rows), replace(ground, lines=None), replace(ground, draws=None)):
        found = oversold.find(missing, costs)
        assert (found.losses, [r.code for r in found.refusals]) == ((), ["no_oversold"])
    assert [r.code for r in oversold.find(ground, replace(costs, lost=None)).refusals] == ["no_oversold"]


def test_shops_are_no_standard_for_channels_that_sell_unseen(stale: Made) -> None:
    ground, _, costs = stale
    channels = ground.rows["channels"]
    shops = ground.rows | {"channels": channels.mutate(kind=ibis.literal("flagship store"))}
    found = oversold.find(replace(ground, rows=shops), costs)
    assert found.losses == ()
    assert not found.readings[()]


@pytest.mark.parametrize("recipe", ["poor_records", "late_supplier"])
def test_a_wrong_record_or_an_empty_shelf_is_no_ones_overselling(recipe: str, tmp_path: Path) -> None:
    make(recipe, tmp_path / "w", seed=4, lines=20_000)
    with ground_of(tmp_path / "w") as ground:
        assert oversold.find(ground, failure_costs.measure(ground)).losses == ()
