"""Conversion against known worlds, sums that are exact, and refusals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evidence.grounds import ground_of

from fourwalls.evidence import conversion
from fourwalls.evidence.ground import Finding
from fourwalls.evidence.lost_orders import split
from fourwalls.figures import Estimate, Refusal
from fourwalls.worlds import Truth, make

Known = Callable[[str, int], tuple[Finding, Truth]]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """What is found in a world, and its truth."""
    told: dict[tuple[str, int], tuple[Finding, Truth]] = {}

    def of(recipe: str, seed: int) -> tuple[Finding, Truth]:
        if (recipe, seed) not in told:
            folder = tmp_path_factory.mktemp("worlds") / recipe
            truth = make(recipe, folder, seed=seed, lines=20_000)
            with ground_of(folder) as ground:
                told[recipe, seed] = conversion.find(ground), truth
        return told[recipe, seed]

    return of


def by_asset(finding: Finding, stage: str) -> dict[tuple[str | None, ...], float]:
    sums: dict[tuple[str | None, ...], float] = defaultdict(float)
    for loss in finding.losses:
        if loss.stage == stage:
            sums[loss.asset] += loss.amount
    return sums


@pytest.mark.parametrize(
    ("recipe", "stage", "party"),
    [("weak_content", "content", "own"), ("dear_price", "price", "own"), ("media_on_empty", "media", "adreach")],
)
def test_a_planted_defect_is_found_where_it_is_for_what_it_costs(
    known: Known, recipe: str, stage: str, party: str
) -> None:
    finding, truth = known(recipe, 1)
    found = by_asset(finding, stage)
    true = {tuple(a.asset.values()): a.margin_change(stage) for a in truth.assets}
    for asset, amount in true.items():
        assert abs(found.get(asset, 0.0) - amount) < 0.35 * amount + 40
    assert sum(found.values()) == pytest.approx(sum(true.values()), rel=0.25)
    most = max(finding.losses, key=lambda loss: loss.amount)
    assert (most.stage, most.party_id, most.flow) == (stage, party, "conversion")
    assert most.wall == ("inside" if party == "own" else "between")
    for loss in finding.losses:
        amount = true[loss.asset] if loss.stage == stage else 0.0
        low, high = np.quantile(loss.draws, [0.01, 0.99])
        assert low <= amount <= high or loss.amount < 0.02 * sum(true.values())
    other = sum(loss.amount for loss in finding.losses if loss.stage != stage)
    assert other < 0.02 * sum(true.values())


@pytest.mark.parametrize("recipe", ["healthy", "price_war", "big_promotion"])
def test_nothing_is_claimed_where_nothing_is_wrong_with_us(known: Known, recipe: str) -> None:
    finding, _ = known(recipe, 2)
    assert sum(loss.amount for loss in finding.losses) < 5.0
    assert {"no_content_contrast", "no_price_contrast"} <= {r.code for r in finding.refusals}


def test_a_price_that_is_worth_its_customers_is_no_loss(known: Known) -> None:
    """With margins this thin a lower price loses money: the truth says so, and nothing is claimed."""
    finding, truth = known("dear_price", 2)
    assert all(a.margin_change("price") <= 0 for a in truth.assets)
    assert not by_asset(finding, "price")
    effect = next(r for r in finding.readings[()] if r.name == "price_effect")
    assert isinstance(effect.figure, Estimate)
    assert effect.figure.low > 0


def test_what_is_at_its_standard_is_judged_and_what_nothing_tells_is_not(known: Known) -> None:
    # Content of which it is known what it does, and prices at their usual: both are judged, lost or not.
    judged = known("weak_content", 1)[0].judged
    assert judged is not None
    assert all({"content", "price"} <= stages for stages in judged.values())
    untold = Refusal("no_effect", "content", "may be chance", "a pilot")
    gap, words = np.array([0.0, 0.1, 0.0]), ("90 %, best", "90 %, best", "")
    assert conversion.could_be_held(gap, words, untold).tolist() == [True, False, False]
    assert conversion.could_be_held(gap, words, None).tolist() == [True, True, False]


def test_the_split_on_the_page_adds_up(known: Known) -> None:
    finding, _ = known("weak_content", 1)
    for readings in finding.readings.values():
        told = {r.name: r.figure for r in readings if r.name.endswith("_amount")}
        total = told.pop("conversion_lost_amount")
        parts = [f.value for f in told.values() if isinstance(f, Estimate)]
        assert isinstance(total, Estimate)
        assert sum(parts) == pytest.approx(total.value, abs=1e-6)
        assert isinstance(told["conversion_promise_amount"], Refusal)


@given(
    st.floats(-100, 1e4), st.floats(0, 1e5), st.floats(0, 2), st.floats(0, 2), st.floats(0, 0.9), st.floats(0, 1)
)  # fmt: skip
def test_the_split_sums_exactly_to_everything_repaired(
    margin: float, value: float, content: float, price: float, cut: float, unserved: float
) -> None:
    given_ = [np.array([x]) for x in (margin, value, content, price, cut, unserved)]
    parts = split(*given_)
    all_repaired = np.exp(content + price) * (margin - cut * value) * (1 + unserved)
    assert sum(float(p[0]) for p in parts) == pytest.approx(all_repaired - margin, rel=1e-9, abs=1e-6)


def test_the_split_by_hand() -> None:
    """100 of margin on 200 of sales; content would bring ×1.1, a tenth off the price ×1.5; no visit was turned away."""
    one = np.ones(1)
    content, price, availability = split(
        100 * one, 200 * one, np.log(1.1) * one, np.log(1.5) * one, 0.1 * one, 0.25 * one
    )
    # Alone 10 and 20, both 1.65·80 − 100 = 32: the two more are shared.
    assert (content[0], price[0], availability[0]) == (pytest.approx(11), pytest.approx(21), pytest.approx(0.25 * 132))


def test_targets_come_first(known: Known, tmp_path: Path) -> None:
    make("weak_content", tmp_path / "w", seed=1, lines=20_000)
    with ground_of(tmp_path / "w") as ground:
        asked = replace(ground, portfolio=replace(ground.portfolio, targets={"content_share": 0.7}))
        finding = conversion.find(asked)
    assert {loss.standard for loss in finding.losses if loss.stage == "content"} == {"content of 70%, target"}
    demonstrated = sum(by_asset(known("weak_content", 1)[0], "content").values())
    assert 0 < sum(by_asset(finding, "content").values()) < demonstrated


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    make("healthy", tmp_path / "w", seed=1, lines=5_000)
    with ground_of(tmp_path / "w") as ground:
        rows = dict(ground.rows)
        listings = rows.pop("listings")

        def refused(**changed: object) -> list[str]:
            finding = conversion.find(replace(ground, **changed))
            assert not [loss for loss in finding.losses if loss.stage != "media"]
            return [r.code for r in finding.refusals]

        assert refused(rows=rows) == ["no_listings"]
        assert refused(lines=None) == ["no_order_lines"]
        assert refused(draws=None) == ["too_few_spans"]
        nothing = listings.mutate(sessions=listings.sessions.nullif(listings.sessions))
        assert refused(rows=rows | {"listings": nothing}) == ["no_visits"]
        unlisted = listings.mutate(media_amount=listings.media_amount.nullif(listings.media_amount))
        assert "no_media" in refused(rows=rows | {"listings": unlisted})
        unpriced = listings.mutate(rival_price_amount=listings.rival_price_amount.nullif(listings.rival_price_amount))
        assert "no_price_contrast" in refused(rows=rows | {"listings": unpriced})
        assert refused(rows={k: v for k, v in ground.rows.items() if k != "products"}) == ["no_margin"]
