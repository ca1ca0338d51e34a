"""Lines that had to be cancelled on known worlds, and where nothing of it may be claimed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ibis
import numpy as np
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence import cancelled, failure_costs
from fourwalls.evidence.failure_costs import FailureCosts
from fourwalls.evidence.ground import Ground
from fourwalls.evidence.rates import excess
from fourwalls.figures import Estimate
from fourwalls.resampling import draw_clusters
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
    found = cancelled.find(ground, costs)
    spared = sum(a.as_recorded.cancelled - a.repaired["listing"].cancelled for a in truth.assets)
    assert sum(x.quantity for x in found.losses) == pytest.approx(spared, rel=0.2)
    assert {(x.flow, x.stage, x.wall) for x in found.losses} == {("cancelled", "listing", "between")}
    worth = costs.lost.amount.value if costs.lost is not None else 0.0
    assert sum(x.amount for x in found.losses) == pytest.approx(spared * worth, rel=0.35)
    shares = {
        r.name: r.figure.value for r in found.readings[()] if isinstance(r.figure, Estimate) and "listing" in r.name
    }
    assert max(shares, key=lambda name: shares[name]) == f"cancelled_listing: {_stale_channel(truth)}"
    assert all("listing" in stages for stages in found.judged.values())


def _stale_channel(truth: Truth) -> str:
    return next(str(d.place["channel_id"]) for d in truth.defects if d.kind == "stale_listings")


def test_what_is_missing_is_named(stale: Made) -> None:
    ground, _, costs = stale
    rows = {k: v for k, v in ground.rows.items() if k != "stock_days"}
    for missing in (replace(ground, rows=rows), replace(ground, lines=None), replace(ground, draws=None)):
        found = cancelled.find(missing, costs)
        assert (found.losses, [r.code for r in found.refusals]) == ((), ["no_cancelled"])
    assert [r.code for r in cancelled.find(ground, replace(costs, lost=None)).refusals] == ["no_cancelled"]
    nameless = replace(ground, rows={k: v for k, v in ground.rows.items() if k != "channels"})
    assert "shops" in cancelled.find(nameless, costs).refusals[0].because
    assert ground.lines is not None
    nowhere = replace(ground, lines=ground.lines.mutate(node_id=ibis.null("string")))
    assert "names a node" in cancelled.find(nowhere, costs).refusals[0].because


def test_shelves_without_a_record_are_no_standard_for_those_that_have_one(tmp_path: Path) -> None:
    # Two halves of one channel, alike; the stock of one node alone is recorded.
    make("healthy", tmp_path / "w", seed=4, lines=20_000)
    with ground_of(tmp_path / "w") as ground:
        costs = failure_costs.measure(ground)
        stock = ground.rows["stock_days"]
        rows = ground.rows | {"stock_days": stock.filter(stock.node_id == "dc-north")}
        assert ground.lines is not None
        lines = ground.lines.mutate(cancel_reason=ibis.null("string"))
        assert cancelled.find(replace(ground, rows=rows, lines=lines), costs).losses == ()


def test_shops_are_no_standard_for_channels_that_sell_unseen(stale: Made) -> None:
    ground, _, costs = stale
    channels = ground.rows["channels"]
    shops = ground.rows | {"channels": channels.mutate(kind=ibis.literal("flagship store"))}
    found = cancelled.find(replace(ground, rows=shops), costs)
    assert found.losses == ()
    assert not found.readings


def test_lines_that_nobody_found_goods_for_are_the_records(tmp_path: Path) -> None:
    truth = make("poor_records", tmp_path / "w", seed=4, lines=30_000)
    with ground_of(tmp_path / "w") as ground:
        found = cancelled.find(ground, failure_costs.measure(ground))
    (planted,) = truth.defects
    assert {(x.flow, x.stage, x.party_id) for x in found.losses} == {("cancelled", "record", planted.doers[0][0])}
    spared = sum(a.as_recorded.cancelled - a.repaired["record"].cancelled for a in truth.assets)
    assert sum(x.quantity for x in found.losses) == pytest.approx(spared, rel=0.25)
    # What goes missing besides is told from the stock record.
    gained = sum(a.repaired["record"].gross_margin_amount - a.as_recorded.gross_margin_amount for a in truth.assets)
    assert sum(x.amount for x in found.losses) == pytest.approx(gained, rel=0.4)


@pytest.mark.parametrize("recipe", ["healthy", "late_supplier"])
def test_shelves_that_are_often_empty_are_no_ones_cancelling(recipe: str, tmp_path: Path) -> None:
    make(recipe, tmp_path / "w", seed=4, lines=20_000)
    with ground_of(tmp_path / "w") as ground:
        assert cancelled.find(ground, failure_costs.measure(ground)).losses == ()


def test_what_would_have_been_seen_falls_with_the_root_of_what_was_recorded(stale: Made) -> None:
    ground, _, costs = stale
    found = cancelled.find(ground, costs)
    least = sum(stages.get("listing", 0.0) for stages in found.detectable.values())
    assert least > 0
    assert set(found.detectable) <= set(ground.assets)
    # A record four times as long shows half as much: errors of means fall with the root of what was seen.
    assert ground.draws is not None
    again = excess(np.full((2, 52), 3.0) + np.arange(52) % 2, np.full((2, 52), 100.0), ["a", "a"], draw_clusters(52, 1))
    longer = excess(
        np.full((2, 208), 3.0) + np.arange(208) % 2, np.full((2, 208), 100.0), ["a", "a"], draw_clusters(208, 1)
    )
    assert longer.detectable / 208 == pytest.approx(again.detectable / 52 / 2, rel=0.02)


def test_nothing_is_told_of_who_has_no_peer(stale: Made) -> None:
    ground, _, costs = stale
    assert ground.lines is not None
    one = ground.lines.filter(ground.lines.channel_id == ground.lines.channel_id.max())
    found = cancelled.find(replace(ground, lines=one), costs)
    assert all("listing" not in stages for stages in found.detectable.values())
    assert all("listing" not in stages for stages in found.judged.values())
