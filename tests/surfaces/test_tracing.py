from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest
from rich.console import Console

from fourwalls.diagnosis import AssetDiagnosis
from fourwalls.surfaces import tracing, wording

from . import sample


def shown(draw: Callable[[Console], None], width: int = 160) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        draw(console)
    return capture.get()


def traced(asset: AssetDiagnosis, width: int = 160) -> str:
    return shown(lambda console: tracing.show_asset(sample.stocked(), asset, console), width)


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_one_asset_is_told_in_both_flows_with_party_margin_and_standard() -> None:
    text = traced(sample.stocked().assets[0])
    told = rows(text)
    assert "Carriage" in text
    assert any(
        r.startswith("Supply between Nordica Goods 987") and "EUR 15,000" in r and "best 1 of 4" in r for r in told
    )
    stages = [r.split(" ")[0] for r in told if " inside Kestrel" in r or " between " in r]
    order = [s for s in stages if s.lower() in wording.SHELF_STAGES]
    assert order == sorted(order, key=lambda s: wording.SHELF_STAGES.index(s.lower()))
    assert "Cover, that stock in weeks of demand 2.0 weeks" in told
    assert any(r.startswith("Excess") and r.endswith("not known") for r in told)


def test_losses_in_money_and_paths_of_one_asset_are_told_with_what_they_are_held_to() -> None:
    one = sample.priced()
    text = " ".join(shown(lambda console: tracing.show_asset(one, one.assets[0], console), 200).split())
    assert "Rapid Parcel, held to 48 h, from the service level" in text
    assert "Carriage 452 lines EUR 10,000 (8,000–12,000)" in text
    assert "What each path is worth over 3 years" in text
    assert "Orchestrate EUR 61,000 49,000–73,000" in text


def test_what_repairs_would_cost_is_explained() -> None:
    text = traced(sample.too_high().total)
    assert "−320" in text
    assert "The forecast is too high" in text


def test_a_flow_that_is_refused_is_named_and_the_other_told() -> None:
    only_lines = traced(sample.usual().assets[0])
    assert "No lost sale can be given: there is no table stock_days" in only_lines
    assert "Late lines: what could be recovered" in only_lines
    only_shelves = traced(sample.shelves_only().total)
    assert "No gap can be given: there is no table order_lines." in only_shelves
    assert "Empty shelves: what would have been sold" in only_shelves
    assert "Forecast not judged: nothing to compare with." in only_shelves


def a_shelf(sku: str, **units: float) -> dict[str, object]:
    parts = {f"{s}_units": units.get(s, 0.0) for s in wording.SHELF_STAGES}
    return {"sku_id": sku, "node_id": "dc", "wanted_units": 90.0, "lost_units": 12.5, **parts}


def test_shelves_say_which_stage_would_have_sold_there() -> None:
    table = pa.Table.from_pylist([a_shelf("K-1", supply=7.5, forecast=-2.0), a_shelf("K-2", supply=0.01)])
    told = rows(shown(lambda console: tracing.show_shelves(table, 20, None, console)))
    assert "2 of 2 shelves, most lost first" in told
    assert "K-1 at dc 90.0 12.5 7.5 supply, -2.0 forecast" in told
    assert "K-2 at dc 90.0 12.5 nothing shown" in told


def test_shelves_of_one_stage_say_whose_and_against_what() -> None:
    more = {"party_id": "nordica", "wall": "between", "standard": "the confirmed date"}
    table = pa.Table.from_pylist([a_shelf("K-1", supply=7.5) | more, a_shelf("K-2", supply=7.0) | more])
    told = rows(shown(lambda console: tracing.show_shelves(table, 1, "supply", console)))
    assert "1 of 2 shelves, most by supply first" in told
    assert "K-1 at dc 90.0 12.5 7.5 nordica (between) the confirmed date" in told
    assert not [r for r in told if r.startswith("K-2")]


def test_no_shelf_at_all() -> None:
    assert rows(shown(lambda console: tracing.show_shelves(pa.table({}), 20, "supply", console)))[0] == (
        "No shelf stands behind this."
    )


@pytest.mark.parametrize("width", [60, 200])
def test_names_cannot_steer_the_terminal(width: int) -> None:
    hostile = sample.hostile().total
    text = traced(replace(hostile, because="x"), width)
    table = pa.Table.from_pylist(
        [a_shelf(n, supply=1.0) | {"party_id": n, "wall": "between", "standard": n} for n in sample.HOSTILE_NAMES]
    )
    text += shown(lambda console: tracing.show_shelves(table, 20, "supply", console), width)
    assert not set(text) & set("\x1b\u202e\u202c\t")
    assert all(len(line) <= width for line in text.splitlines())
