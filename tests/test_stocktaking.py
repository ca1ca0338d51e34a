"""From the stock tables to what was lost on every shelf: whose shelves, whose hands, what is refused, what is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

import fourwalls
from fourwalls.chain.accounts import WALLS
from fourwalls.chain.stock_flow import STAGES
from fourwalls.diagnosis import Availability
from fourwalls.errors import TableError
from fourwalls.figures import Refusal
from fourwalls.stocktaking import Stocktaking, sides
from fourwalls.stocktaking.doers import Doers, handed_down
from fourwalls.study import Study
from fourwalls.worlds import make

from . import small

Opened = Callable[[small.Small], Study]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    studies = []

    def run(portfolio: small.Small) -> Study:
        studies.append(fourwalls.open(portfolio.write(tmp_path / f"shop{len(studies)}")))
        return studies[-1]

    yield run
    for study in studies:
        study.close()


def taking(study: Study) -> Stocktaking:
    return study._stock


def told(study: Study) -> Availability:
    found = study.diagnose().total.availability
    assert isinstance(found, Availability), found
    return found


def refused(study: Study) -> Refusal:
    found = study.diagnose().total.availability
    assert isinstance(found, Refusal)
    return found


def notes(study: Study) -> str:
    return "\n".join(study.check().notes)


def only_stock(portfolio: small.Small) -> small.Small:
    del portfolio.tables["order_lines"]
    return portfolio


def test_a_small_shop_from_its_files(opened: Opened) -> None:
    study = opened(small.stocked())
    known = told(study)
    wanted = sum(1 + (d * 7 + n * 5 + d // 7) % 4 for d in range(small.STOCK_DAYS) for n in range(6))
    sold = sum(int(row["sold_units"]) for row in small.stocked().tables["stock_days"])
    assert known.shelves == 6
    assert known.wanted_units - sold == pytest.approx(wanted - sold, rel=0.5)
    assert wanted > sold, "something was lost, or the test shows nothing"
    assert "reproduces the record to the unit on all 420 shelf-days" in "\n".join(study.diagnose().health.notes)
    assert "balance on 100.0 % of the 414" in notes(study)


def test_shelves_behind_a_figure_add_up(opened: Opened) -> None:
    study = opened(small.stocked())
    known = told(study)
    rows = study.shelves()
    assert rows.num_rows == 6
    assert sum(rows["wanted_units"].to_pylist()) == pytest.approx(known.wanted_units)
    lost = rows["lost_units"].to_pylist()
    assert lost == sorted(lost, reverse=True)
    each = sum(sum(study.shelves(a).column("lost_units").to_pylist()) for a in ("chairs", "lamps", "rugs"))
    assert each == pytest.approx(sum(lost))


def test_who_does_what_on_each_shelf(opened: Opened) -> None:
    portfolio = small.stocked()
    for row in portfolio.tables["supply_orders"]:
        if row["sku_id"] == "s2" and row["to_node_id"] == "hall":
            row |= {"from_node_id": "dc", "supplier_id": ""}
    t = taking(opened(portfolio))
    shelves = list(zip(t.shelves["sku_id"].to_pylist(), t.shelves["node_id"].to_pylist(), strict=True))
    who = {
        stage: {
            shelf: (t.walls.parties[t.walls.party[i, n]], WALLS[t.walls.wall[i, n]]) for n, shelf in enumerate(shelves)
        }
        for i, stage in enumerate(STAGES)
    }
    assert who["supply"]["s0", "dc"] == ("mill", "between")
    assert who["supply"]["s1", "hall"] == ("forge", "between")
    assert who["supply"]["s2", "hall"] == ("mill", "between"), "a transfer is supplied by whoever supplies its giver"
    assert who["receiving"]["s0", "dc"] == ("us", "inside")
    assert who["receiving"]["s0", "hall"] == ("packers", "between")
    assert set(who["decision"].values()) == {("us", "inside")}


def test_who_supplies_is_handed_down_from_giver_to_taker() -> None:
    # Shelf 0 buys from 1 and, less, from 2; it refills 1, which refills 2. Shelves 3 and 4 refill each other; 6 gets what
    # nobody ever bought for 5.
    donor = np.array([-1, -1, 0, 1, 4, 3, 5, 0])
    shelf = np.array([0, 0, 1, 2, 3, 4, 6, 7])
    code = np.array([1, 2, 9, 9, 9, 9, 7, 9])
    weight = np.array([6.0, 4.0, 3.0, 2.0, 1.0, 1.0, 1.0, 5.0])
    assert handed_down(shelf, donor, code, weight, 8).tolist() == [1, 1, 1, 0, 0, 0, 7, 1]


def test_whose_demand_a_shelf_serves(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.toml = portfolio.toml.replace('["category"]', '["channel_id"]')
    t = taking(opened(portfolio))
    assert t.share is not None
    total = np.bincount(t.share.shelf, t.share.weight)
    assert total[total > 0] == pytest.approx(1.0)
    assert {a[0] for a in t.share.asset} == {"site", "bazaar"}
    units: dict[tuple[str, str, str], float] = {}
    for line in portfolio.lines:
        key = line["sku_id"], line["node_id"], line["channel_id"]
        units[key] = units.get(key, 0) + float(line["ordered_units"])
    shelves = list(zip(t.shelves["sku_id"].to_pylist(), t.shelves["node_id"].to_pylist(), strict=True))
    for shelf, asset, weight in zip(t.share.shelf.tolist(), t.share.asset, t.share.weight, strict=True):
        sku, node = shelves[shelf]
        both = sum(units.get((sku, node, c), 0) for c in ("site", "bazaar"))
        assert weight == pytest.approx(units[sku, node, str(asset[0])] / both)


def test_a_shelf_that_serves_no_line_takes_what_its_sku_fetches_and_costs_elsewhere(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.set("price_amount", "40")
    portfolio.set("cost_amount", "25")
    portfolio.set("node_id", portfolio.lines[0]["node_id"])
    t = taking(opened(portfolio))
    assert t.share is not None
    idle = np.array([n != portfolio.lines[0]["node_id"] for n in t.shelves["node_id"].to_pylist()])
    assert idle.any()
    sold = {line["sku_id"] for line in portfolio.lines}
    fetched = np.array([sku in sold for sku in t.shelves["sku_id"].to_pylist()])
    assert t.share.price[idle & fetched] == pytest.approx(40)
    assert t.share.cost[idle & fetched] == pytest.approx(25)


def test_lines_without_a_price_do_not_make_the_others_cheaper(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.set("price_amount", "40")
    portfolio.set("price_amount", "", rows=slice(0, None, 2))
    portfolio.set("cost_amount", "")
    t = taking(opened(portfolio))
    assert t.share is not None
    served = np.isfinite(t.share.price)
    assert served.any()
    assert t.share.price[served] == pytest.approx(40)
    assert np.isnan(t.share.cost).all()


def test_assets_that_shelves_cannot_tell_by_themselves_need_order_lines(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.toml = portfolio.toml.replace('["category"]', '["destination"]')
    portfolio.drop("node_id")
    assert refused(opened(portfolio)).code == "no_serving"
    without_lines = only_stock(small.stocked())
    without_lines.toml = portfolio.toml
    with pytest.raises(TableError, match="no table 'order_lines'"):
        opened(without_lines).diagnose()


def test_no_stock_record_no_stock_flow(opened: Opened) -> None:
    portfolio = small.good()
    study = opened(portfolio)
    assert refused(study).because.startswith("there is no table stock_days")
    with pytest.raises(TableError, match="stock_days"):
        study.shelves()


def test_a_stock_record_of_which_nothing_can_be_used(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.set("sold_units", "", table="stock_days")
    study = opened(portfolio)
    assert "no row of stock_days can be used" in refused(study).because
    assert "Stock:" not in notes(study)


def test_three_days_of_history_are_refused_not_judged(opened: Opened) -> None:
    portfolio = small.stocked()
    days = portfolio.tables["stock_days"]
    portfolio.tables["stock_days"] = [row for row in days if row["day"] < "2025-01-09"]
    found = refused(opened(portfolio))
    assert found.code == "too_few_spans"
    assert "3 periods" in found.because


def test_some_shelves_with_three_days_of_history_beside_others(opened: Opened) -> None:
    portfolio = small.stocked()
    days = portfolio.tables["stock_days"]
    portfolio.tables["stock_days"] = [row for row in days if row["sku_id"] != "s0" or row["day"] < "2025-01-09"]
    known = told(opened(portfolio))
    assert known.shelves == 6


@pytest.mark.parametrize(("skus", "nodes", "suppliers"), [(1, 1, 1), (3, 1, 1)])
def test_one_shelf_and_one_supplier(skus: int, nodes: int, suppliers: int, opened: Opened) -> None:
    portfolio = small.stocked()
    kept = [f"s{i}" for i in range(skus)]
    for name, node in (("stock_days", "node_id"), ("supply_orders", "to_node_id")):
        rows = portfolio.tables[name]
        portfolio.tables[name] = [r for r in rows if r["sku_id"] in kept and (nodes == 2 or r[node] == "dc")]
    if suppliers == 1:
        portfolio.set("supplier_id", "mill", table="supply_orders")
    known = told(opened(portfolio))
    assert known.shelves == skus * nodes
    assert "supply" in known.unjudged, "ten orders of one supplier show nothing"


def test_stock_never_counted_is_not_called_well_supplied(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.set("on_hand_units", "", table="stock_days")
    known = told(opened(portfolio))
    assert {"forecast", "decision", "supply", "receiving", "allocation"} <= set(known.unjudged)
    assert isinstance(known.stock.on_hand, Refusal)
    assert known.stages == ()


def test_the_period_holds_for_the_stock_record_too(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.toml += "start = 2025-01-13\nend = 2025-03-10\n"
    t = taking(opened(portfolio))
    assert t.days == 56
    assert t.record.books.days == 6 * 56


def test_targets_and_service_levels_cap_the_stages(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.toml += """
[targets]
receiving_hours = 2
[[service_levels]]
party_id = "mill"
stage = "supply"
value = 138
unit = "hours"
"""
    t = taking(opened(portfolio))
    r, s = t.repaired, t.supplies
    assert r is not None
    assert s is not None
    at = {name: bit for bit, name in enumerate(("decision", "supply", "receiving"))}
    supply_h = (r.arrives[:, 0] - r.arrives[:, 1 << at["supply"]]) / 3600
    assert supply_h[s.supplier == "mill"] == pytest.approx(2)
    assert supply_h[s.supplier == "forge"] == pytest.approx(0)
    assert (r.arrives[:, 0] - r.arrives[:, 1 << at["receiving"]]) / 3600 == pytest.approx(2)
    assert {r.standards[w] for w in r.words[2]} == {"at most 2 h, by target or service level"}
    assert {r.standards[w] for w in r.words[1][s.supplier == "mill"]} == {"at most 138 h, by target or service level"}
    assert r.held[2].all()
    assert r.held[1].tolist() == (s.supplier == "mill").tolist(), "the forge promised nothing, and has ten orders"


# What does not add up is told.


def test_gaps_and_jumps_and_negatives_are_counted(opened: Opened) -> None:
    portfolio = small.stocked()
    days = portfolio.tables["stock_days"]
    del days[10:13]
    days[100]["on_hand_units"] = "500"
    days[200]["on_hand_units"] = "-2"
    days[300]["sold_units"] = "-4"
    text = notes(opened(portfolio))
    assert "3 days without a row" in text
    # A jump is seen twice, up and down again; so is the slip below 0; a return with no stock behind it once.
    assert "Stock jumped without a receipt on 5 shelf-days" in text
    assert "Stock below 0 on 1 shelf-days, sales below 0 on 1" in text


def test_orders_for_no_shelf_and_orders_that_never_came_are_counted(opened: Opened) -> None:
    portfolio = small.stocked()
    orders = portfolio.tables["supply_orders"]
    orders.append(orders[0] | {"supply_order_id": "x1", "sku_id": "s5"})
    orders.append(orders[0] | {"supply_order_id": "x2", "to_node_id": "attic"})
    for row in orders[3:7]:
        row |= {"received_at": "", "available_at": "", "received_units": ""}
    text = notes(opened(portfolio))
    assert "a sku and node without a stock record: 2, not used" in text
    assert "has passed and that never came: 4;" in text


@pytest.mark.parametrize(("factor", "size"), [(1 / 12, 12), (6, 6), (1 / 24, 24)])
def test_cases_here_and_pieces_there(factor: float, size: int, opened: Opened) -> None:
    portfolio = small.stocked()
    for row in portfolio.tables["supply_orders"]:
        if row["supplier_id"] == "mill":
            row |= {name: str(16 * factor) for name in ("ordered_units", "received_units")}
    (found,) = [s for s in opened(portfolio).check().suspicions if s.code == "cases_and_eaches"]
    assert (
        f"On 4 of 6 shelves {'stock_days' if factor < 1 else 'supply_orders'} received about {size} times"
        in found.finding
    )
    assert "from mill" in found.finding
    assert found.rows == 4


def test_receipts_that_do_not_agree(opened: Opened) -> None:
    portfolio = small.stocked()
    portfolio.set("received_units", "11", rows=slice(0, 30), table="supply_orders")
    found = [s.code for s in opened(portfolio).check().suspicions]
    assert "receipts_differ" in found
    assert "receipts_differ" not in [s.code for s in opened(small.stocked()).check().suspicions]


def test_stock_alone_is_enough_where_shelves_tell_the_assets(opened: Opened) -> None:
    diagnosis = opened(only_stock(small.stocked())).diagnose()
    assert [a.name for a in diagnosis.assets] != []
    assert isinstance(diagnosis.total.availability, Availability)


def test_forecasts_are_read_beside_what_was_wanted(opened: Opened) -> None:
    portfolio = small.stocked()
    made = [
        {
            "sku_id": f"s{s}", "channel_id": "", "node_id": node, "forecast_on": str(day), "period_on": str(day),
            "period_days": 7, "forecast_units": units * 7, "forecaster_id": "us",
        }
        for s in range(3)
        for node in ("dc", "hall")
        for day, units in small_weeks()
    ]  # fmt: skip
    portfolio.tables["forecasts"] = made
    t = taking(opened(portfolio))
    names = sorted(set(t.share.asset), key=str)  # type: ignore[union-attr]
    found = sides(t, names, "EUR")
    assert len(found) == len(names) + 1
    told = t.forecasts.told  # type: ignore[union-attr]
    readings = {r.name: r.figure.value for r in found[-1].readings}  # type: ignore[union-attr]
    off = told.forecast - told.wanted
    assert readings["forecast_wape_share"] == pytest.approx(abs(off).sum() / told.wanted.sum())
    assert readings["forecast_bias_share"] == pytest.approx(off.sum() / told.wanted.sum())


def test_goods_found_missing_are_read_even_where_nobody_can_be_compared(opened: Opened) -> None:
    portfolio = small.stocked()
    for i, row in enumerate(portfolio.tables["stock_days"]):
        row["adjusted_units"] = -2.0 if i % 9 == 0 else 1.0 if i % 9 == 4 else 0.0
    t = taking(opened(portfolio))
    names = sorted(set(t.share.asset), key=str)  # type: ignore[union-attr]
    (read,) = [r for r in sides(t, names, "EUR")[-1].readings if r.name == "found_missing_share"]
    rows = portfolio.tables["stock_days"]
    sold = sum(float(r["sold_units"]) for r in rows)
    assert read.figure.value == pytest.approx(2.0 * len(rows[::9]) / sold, rel=0.02)  # type: ignore[union-attr]
    assert read.figure.low < read.figure.value < read.figure.high  # type: ignore[union-attr]
    for row in rows:
        row["adjusted_units"] = 0.0
    t = taking(opened(portfolio))
    assert not [r for r in sides(t, names, "EUR")[-1].readings if r.name == "found_missing_share"]


def small_weeks() -> list[tuple[date, float]]:
    first = min(date.fromisoformat(str(r["day"])) for r in small.stocked().tables["stock_days"])
    return [(first + timedelta(days=7 * w), 2.0 + w % 2) for w in range(small.STOCK_DAYS // 7)]


def test_hours_closed_for_want_of_capacity_are_no_fault_of_a_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("unused_partner", tmp_path / "w", seed=3, lines=15_000)
    with fourwalls.open(tmp_path / "w") as opened:
        hidden = float(opened._stock.hidden.units.sum())
    monkeypatch.setattr(Stocktaking, "_while_open", lambda _, rows: rows)
    with fourwalls.open(tmp_path / "w") as opened:
        with_closings = float(opened._stock.hidden.units.sum())
    # What the closings turn away is told from themselves.
    assert hidden < 0.2 * with_closings


@pytest.mark.parametrize(("giver", "whose"), [("us", "us"), ("friend", "friend")])
def test_what_our_own_centre_sends_we_share_out(giver: str, whose: str) -> None:
    """A centre refills a shop of ours and one of a friend's: who sends decides, not who gets too much."""
    fake = SimpleNamespace(
        shelves=SimpleNamespace(num_rows=3), book=SimpleNamespace(own="us"), _node_party=np.array([giver, "us", "friend"]),
        sku=np.zeros(3, np.int64), _donor=np.array([-1, 0, 0]), record=SimpleNamespace(sold=np.ones((3, 5))),
    )  # fmt: skip
    doers = Doers(cast("Stocktaking", fake))
    doers._number(doers._parties, "us")
    assert [doers._parties[i] for i in doers._sharers()[1:]] == [whose, whose]
