"""Waste against known truth: what better work would save, by asset and side; nothing in sound worlds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence.ground import Finding
from fourwalls.evidence.waste import find
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
