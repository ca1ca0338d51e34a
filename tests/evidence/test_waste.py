"""Waste against known truth: what better work would save, by asset and side; nothing in sound worlds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import ibis
import numpy as np
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence.doers import compare
from fourwalls.evidence.failure_costs import draws_of, measure
from fourwalls.evidence.ground import Finding, Ground
from fourwalls.evidence.waste import Handled, Matrix, _alike_throughout, _held, _judged, find
from fourwalls.figures import Estimate
from fourwalls.worlds import make, read_truth


def found_in(folder: Path) -> tuple[Finding, dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
    truth = read_truth(folder.parent / f"{folder.name}.truth.json")
    true = {
        tuple(str(v) for v in a.asset.values()): a.margin_change("waste") if "waste" in a.repaired else 0.0
        for a in truth.assets
    }
    with ground_of(folder) as ground:
        found = find(ground)
    told = dict.fromkeys(true, 0.0)
    for loss in found.losses:
        told[tuple(str(v) for v in loss.asset)] += loss.amount
    return found, told, true


@pytest.mark.parametrize(
    ("recipe", "party", "wall"), [("avoidable_waste", "own", "inside"), ("chargebacks", "bazaar", "between")]
)
def test_what_is_avoidable_is_told_by_asset_and_laid_to_its_causer(
    tmp_path: Path, recipe: str, party: str, wall: str
) -> None:
    make(recipe, tmp_path / "w", seed=4, lines=20_000)
    found, told, true = found_in(tmp_path / "w")
    assert sum(told.values()) == pytest.approx(sum(true.values()), rel=0.1)
    for asset, amount in true.items():
        assert told[asset] == pytest.approx(amount, rel=0.2, abs=0.02 * sum(true.values()))
    assert {(x.party_id, x.wall, x.flow, x.stage) for x in found.losses} == {(party, wall, "ledger", "waste")}
    assert all(x.draws.shape == (999,) and np.isfinite(x.draws).all() for x in found.losses)
    total = np.sum([x.draws for x in found.losses], axis=0)
    low, high = np.quantile(total, [0.05, 0.95])
    assert low <= sum(true.values()) <= high


def test_a_sound_world_wastes_nothing_and_its_shares_add_up(tmp_path: Path) -> None:
    make("healthy", tmp_path / "w", seed=4, lines=20_000)
    found, told, _ = found_in(tmp_path / "w")
    assert not any(told.values())
    assert any("goodwill" in note for note in found.notes)
    values = [r.figure.value for r in found.readings[()] if isinstance(r.figure, Estimate)]
    assert values[0] == pytest.approx(sum(values[1:]))


def test_bookings_that_name_no_party_are_laid_to_the_usual_doers(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    make("avoidable_waste", tmp_path / "w", seed=4, lines=20_000)
    file = next((tmp_path / "w" / "tables").glob("leakage.*"))
    table = pq.read_table(file)
    at = table.column_names.index("party_id")
    pq.write_table(table.set_column(at, "party_id", pa.nulls(table.num_rows, pa.string())), file)
    found, told, true = found_in(tmp_path / "w")
    assert sum(told.values()) == pytest.approx(sum(true.values()), rel=0.25)
    assert {r.code for r in found.refusals} == {"no_causer"}  # returns: the word does not say whose work they come from


@pytest.fixture(scope="module")
def wasteful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("waste") / "w"
    make("avoidable_waste", folder, seed=4, lines=20_000)
    with ground_of(folder) as ground:
        yield ground


def test_assets_of_a_doer_without_peers_are_not_judged_and_the_others_are(wasteful: Ground) -> None:
    leakage = wasteful.rows["leakage"]
    asset = wasteful.assets[0]
    of_one = [leakage[c] == v for c, v in zip(wasteful.portfolio.grain, asset, strict=True) if c in leakage.columns]
    assert find(wasteful).judged == dict.fromkeys(wasteful.assets, frozenset({"waste"}))
    # Bookings that nobody can be held to, and more than all the rest of this asset: it alone is left open.
    more = leakage.filter(of_one).mutate(
        cause=ibis.literal("devolucion"), party_id=ibis.null("string"), amount=leakage.amount * 9
    )
    found = find(replace(wasteful, rows=dict(wasteful.rows) | {"leakage": leakage.union(more)}))
    assert found.judged is not None
    assert asset not in found.judged
    assert len(found.judged) > 0


def test_who_works_alone_leaves_only_its_own_assets_open(wasteful: Ground) -> None:
    n = len(wasteful.assets)
    made = Handled(
        [("b", f"k{i // 2}", None, None) for i in range(4)], ["x", "y", "z", "z"], ["x", "y", "z", "z"],
        np.array([0, 0, 1, 1]), np.full((4, len(wasteful.spans)), 10.0), np.zeros((4, len(wasteful.spans))),
    )  # fmt: skip
    luck = np.random.default_rng(1).poisson(5.0, (4, len(wasteful.spans))).astype(float)
    cells = Matrix(luck, luck.sum(axis=1), np.arange(4), np.arange(4))
    kinds = [place[1] for place in made.place]
    compared = compare(cells, made.lines, kinds, made.doer, draws_of(wasteful))
    assert compared.held.tolist() == [True, True, False]
    judged = _judged(wasteful, _held(wasteful, made, compared))
    assert judged == {wasteful.assets[0]: frozenset({"waste"})}
    assert n > 1


def test_what_is_claimed_of_a_category_is_not_called_unclaimed(wasteful: Ground) -> None:
    spans = len(wasteful.spans)
    made = Handled(
        [(None, k, None, None) for k in ("lamps", "lamps", "rugs", "rugs")], ["x", "y", "y", "z"], ["x", "y", "y", "z"],
        np.array([0, 0, 1, 1]), np.full((4, spans), 100.0), np.zeros((4, spans)),
    )  # fmt: skip
    kinds = [place[1] for place in made.place]

    def notes(*rates: float) -> list[str]:
        luck = np.random.default_rng(1).poisson(np.array(rates)[:, None], (4, spans)).astype(float)
        cells = Matrix(luck, luck.sum(axis=1), np.arange(4), np.arange(4))
        compared = compare(cells, made.lines, kinds, made.doer, draws_of(wasteful))
        assert (compared.excess[0] > 0) == (rates[0] > rates[1])
        return _alike_throughout(made, compared, made.lines, "damage", draws_of(wasteful), 0.05)

    assert "lamps" in notes(30, 30, 10, 10)[0]
    assert notes(30, 10, 10, 10) == []  # what x loses is booked as a loss


def test_what_follows_failures_is_no_part_of_what_would_be_seen(wasteful: Ground) -> None:
    costs = measure(wasteful)
    none = find(wasteful, replace(costs, follows=dict.fromkeys(costs.follows, 0.0))).detectable
    some = find(wasteful, replace(costs, follows=dict.fromkeys(costs.follows, 0.4))).detectable
    assert none
    assert all(some[asset]["waste"] == pytest.approx(0.6 * of["waste"]) for asset, of in none.items())


def test_without_bookings_it_is_refused(tmp_path: Path) -> None:
    make("orders_only", tmp_path / "w", seed=1, lines=2_000)
    with ground_of(tmp_path / "w") as ground:
        found = find(ground)
    assert [r.code for r in found.refusals] == ["no_waste"]
    assert not found.losses


@pytest.mark.parametrize(
    ("unsaid", "told_of_true", "codes"),
    [
        (("brand", "channel_id", "region"), 1.0, set()),
        (("brand", "category", "channel_id", "region"), 0.0, {"no_category"}),
    ],
    ids=["half told", "not told"],
)
def test_bookings_of_untold_places_are_compared_by_party_or_refused(
    tmp_path: Path, unsaid: tuple[str, ...], told_of_true: float, codes: set[str]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    make("avoidable_waste", tmp_path / "w", seed=4, lines=20_000)
    file = next((tmp_path / "w" / "tables").glob("leakage.*"))
    table = pq.read_table(file)
    for name in unsaid:
        table = table.set_column(table.column_names.index(name), name, pa.nulls(table.num_rows, pa.string()))
    pq.write_table(table, file)
    found, told, true = found_in(tmp_path / "w")
    assert sum(told.values()) == pytest.approx(told_of_true * sum(true.values()), rel=0.1)
    assert {r.code for r in found.refusals} == codes


def test_who_cannot_be_compared_is_held_to_its_own_better_channels(wasteful: Ground) -> None:
    lines = wasteful.lines
    assert lines is not None
    # One cause, booked week by week by us alone: the same share of sales everywhere, six times that in one channel of one category.
    sold = lines.filter((lines.outcome != "cancelled") & (lines.fulfilment_party == "own"))
    category, channel = (
        min(wasteful.engine.run(sold.select(c).distinct())[c].to_pylist()) for c in ("category", "channel_id")
    )
    week = sold.group_by("category", "channel_id", "span").agg(value=sold.value_amount.sum())
    bad = (week.category == category) & (week.channel_id == channel)
    leakage = week.select(
        day=ibis.literal(0).cast("int64").cast("timestamp").cast("date"), span="span", cause=ibis.literal("xu"),
        amount=week.value * ibis.ifelse(bad, 0.036, 0.006), party_id=ibis.literal("own"), brand=ibis.null("string"),
        category="category", channel_id="channel_id", region=ibis.null("string"),
    )  # fmt: skip
    leakage = leakage.mutate(day=(leakage.span * wasteful.span_seconds).as_timestamp("s").date()).drop("span")
    rows = dict(wasteful.rows) | {"leakage": leakage}
    ours = sold.span % 2 == 0
    shared = sold.mutate(
        fulfilment_party=ibis.ifelse(ours, "own", "polar-logistics"),
        fulfilled_at=ibis.ifelse(ours, sold.fulfilled_at, "hall"),
    )
    # Of goods that others handle, too, bookings do not tell the part.
    assert find(replace(wasteful, rows=rows, lines=shared)).losses == ()
    # Booked to us where another party packs everything, too: then it is no packing, and we are held to all our places.
    here = sold.channel_id == channel
    elsewhere = sold.mutate(
        fulfilment_party=ibis.ifelse(here, "own", "polar-logistics"),
        fulfilled_at=ibis.ifelse(here, sold.fulfilled_at, "hall"),
    )
    for lines_ in (sold, elsewhere):
        _one_bad_place(
            find(replace(wasteful, rows=rows, lines=lines_)), wasteful, week.filter(bad), (category, channel)
        )


def _one_bad_place(found: Finding, wasteful: Ground, week: ibis.Table, place: tuple[str, str]) -> None:
    category, channel = place
    told = sum(x.amount for x in found.losses)
    true = 0.03 * wasteful.engine.run(week.agg(v=week.value.sum()))["v"][0].as_py()
    assert told == pytest.approx(true, rel=0.15)
    assert {(x.party_id, x.wall) for x in found.losses} == {("own", "inside")}
    assert all(f"xu of {category} in {channel}" in x.standard for x in found.losses)
    assert len(found.judged or {}) > 0
