"""Material of a generated retailer against plain SQL over its files, and against arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from fourwalls import assembly, worlds
from fourwalls.figures import Estimate
from fourwalls.signals.capabilities import capabilities
from fourwalls.signals.gathering import materials
from fourwalls.signals.lines import ten_lines
from fourwalls.signals.material import Material
from fourwalls.study import open as open_study

from .made import loss
from .on_world import ground_of, held_stages

MARGIN = "ordered_units * (price_amount - cost_amount)"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gathering") / "shop"
    worlds.make("slow_approval", folder, seed=1, lines=6000)
    return folder


@pytest.fixture(scope="module")
def made(shop: Path) -> Iterator[tuple[Material, ...]]:
    with open_study(shop) as study:
        ground = ground_of(study)
        first = ground.assets[0]
        losses = [loss("waste", 0.02, asset=asset) for asset in ground.assets]
        yield materials(
            ground, study._counts[1].counts, losses, assembly.asset_name, orders=study._intake.referenced_lines,
            measured={first: ("status", "carriage")},
        )  # fmt: skip


@pytest.fixture(scope="module")
def ask(shop: Path) -> Any:
    con = duckdb.connect()
    for table in ("order_lines", "products", "supply_orders", "nodes"):
        con.sql(f"create view {table} as from '{shop / 'tables' / f'{table}.parquet'}'")

    def asked(sql: str) -> dict[tuple[str, ...], tuple[float, ...]]:
        rows = con.sql(
            f"select category, destination, {sql} from order_lines left join products using (sku_id) "
            "left join nodes using (node_id) group by all"
        ).fetchall()
        return {row[:2]: tuple(float(v) for v in row[2:]) for row in rows}

    asked.con = con  # type: ignore[attr-defined]
    return asked


def test_sums_equal_plain_sql(made: tuple[Material, ...], ask: Any) -> None:
    sent = "case when delivered_at is not null then {} end"
    rows = ask(
        f"count(*), count({sent.format('fulfilment_amount')}), sum({sent.format('fulfilment_amount')}), "
        f"sum({sent.format('ordered_units * price_amount')}), sum({sent.format(f'{MARGIN} - fulfilment_amount')})"
    )
    assert len(rows) == len(made) - 1
    for m in made[:-1]:
        assert m.costed_lines is not None
        sums = [a.sum() for a in (m.lines, m.costed_lines, m.fulfilment, m.margin_value, m.margin) if a is not None]
        assert sums == pytest.approx(rows[m.asset], rel=1e-9)


def test_hands_equal_plain_sql(made: tuple[Material, ...], ask: Any) -> None:
    party = "coalesce(fulfiller_id, party_id)"
    rows = ask(
        f"count(*) filter ({party} = 'own'), count(*) filter ({party} <> 'own'), count(*) filter ({party} is null), "
        "count(*) filter (carrier_id = 'own'), count(*) filter (carrier_id <> 'own'), count(*) filter (carrier_id is null)"
    )
    for m in made[:-1]:
        assert (*m.hands["fulfilment"], *m.hands["carriage"]) == rows[m.asset]


def test_skus_equal_plain_sql(made: tuple[Material, ...], ask: Any) -> None:
    rows = ask("count(distinct sku_id), count(*) filter (delivered_at is null and cancelled_at is not null)")
    channels = dict(ask.con.sql("select sku_id, count(distinct channel_id) from order_lines group by all").fetchall())
    for m in made[:-1]:
        assert m.skus is not None
        assert (len(m.skus.lines), m.skus.cancelled.sum()) == rows[m.asset]
        assert m.skus.lines.sum() == m.lines.sum()
    whole = made[-1].skus
    assert whole is not None
    assert np.average(whole.channels, weights=whole.lines) == pytest.approx(
        ask.con.sql("select avg(c) from order_lines join (select sku_id, count(distinct channel_id) c "
                    "from order_lines group by all) using (sku_id)").fetchall()[0][0]
    )  # fmt: skip
    assert set(whole.channels) <= set(channels.values())


def test_channels_equal_plain_sql(made: tuple[Material, ...], ask: Any) -> None:
    rows = ask("count(distinct channel_id), count(*) filter (delivered_at is null and cancelled_at is not null)")
    for m in made[:-1]:
        assert m.channels is not None
        assert (len(m.channels.names), m.channels.cancelled.sum()) == rows[m.asset]
        assert m.channels.lines.sum(axis=0) == pytest.approx(m.lines)
    whole = made[-1].channels
    assert whole is not None
    wanted = dict(ask.con.sql("select channel_id, count(*) from order_lines group by all").fetchall())
    assert dict(zip(whole.names, whole.lines.sum(axis=1).tolist(), strict=True)) == wanted


def test_supply_is_dealt_out_without_losing_any(made: tuple[Material, ...], ask: Any) -> None:
    n, wait, loop = ask.con.sql(
        "select count(*), sum(epoch(placed_at) - epoch(signalled_at)), "
        "sum(epoch(coalesce(available_at, received_at)) - epoch(signalled_at)) from supply_orders join products using (sku_id) "
        "where signalled_at is not null and coalesce(available_at, received_at) is not null and placed_at >= signalled_at "
        "and signalled_at >= timestamp '2025-01-01' and category in (select distinct category from order_lines join products using (sku_id))"
    ).fetchall()[0]
    whole = made[-1].loop
    assert whole is not None
    assert whole.orders.sum() == pytest.approx(n, rel=0.02)
    assert (whole.to_decide + whole.to_act).sum() / whole.orders.sum() == pytest.approx(wait / n, rel=0.02)
    assert whole.whole.sum() / whole.orders.sum() == pytest.approx(loop / n, rel=0.02)


def test_the_whole_is_the_sum_of_its_assets(made: tuple[Material, ...]) -> None:
    *assets, whole = made
    assert whole.asset == ()
    assert whole.lines == pytest.approx(np.sum([m.lines for m in assets], axis=0))
    assert sum(x.amount for x in whole.losses) == pytest.approx(sum(x.amount for m in assets for x in m.losses))
    assert whole.measured == {"status", "carriage"}
    assert [m.is_measured("status") for m in assets] == [True] + [False] * (len(assets) - 1)
    assert all(m.is_measured("waste") for m in assets)


def test_first_and_last_weeks_of_the_year_are_not_whole(made: tuple[Material, ...]) -> None:
    # 2025 begins on a Wednesday; weeks since 1970 begin on Thursdays, so the last one ends with the year.
    assert not made[0].whole[0]
    assert made[0].whole[1:-1].all()


def test_an_asset_is_held_to_the_better_ones_unless_the_user_says_what_to_hold_it_to(shop: Path) -> None:
    with open_study(shop) as study:
        ground, counts = ground_of(study), dict(study._counts[1].counts)
        due = counts["on_time_in_full_known"]
        served = 0.98 * due
        served[1] = 0.9 * due[1]
        counts["on_time_in_full"] = served
        found = materials(ground, counts, (), assembly.asset_name)
        assert found[1].target == pytest.approx(0.98, abs=0.003)
        assert found[1].target_origin == "what your better assets reach"
        counts["on_time_in_full"] = 0.8 * due
        assert materials(ground, counts, (), assembly.asset_name)[1].target == 0.95
        asked = replace(ground, portfolio=replace(ground.portfolio, targets={"on_time_share": 0.7}))
        found = materials(asked, counts, (), assembly.asset_name)
        assert [(m.target, m.target_origin) for m in found] == [(0.7, "your target")] * len(found)


def test_lines_and_matrix_of_a_whole_world(shop: Path) -> None:
    with open_study(shop) as study:
        told = study.diagnose()
        assert held_stages(told.assets[0])
        # What happens if a partner fails is in the diagnosis: its controls, and a bound that a mean outage does not pass.
        assert {c.status for c in told.controls} <= {"works", "fails", "untested", "absent"}
        assert {c.question for c in told.controls} >= {"owner", "escalation", "service_level", "fallback", "exit"}
        assert told.outages
        assert all(
            isinstance(o.bound, float) and isinstance(o.typical, float) and o.bound >= o.typical > 0
            for o in told.outages
        )
        found = materials(ground_of(study), study._counts[1].counts, (), assembly.asset_name)
        for m in found:
            lines = ten_lines(m, study.portfolio)
            assert len(lines) == 10
            # No evidence was handed over, so whatever rests on losses is unknown and not fine.
            assert {x.name for x in lines if x.how == "unknown"} >= {
                "status_work",
                "waste",
                "disconnected_data",
                "partners",
            }
            assert {c.level for c in capabilities(m, study.portfolio)} == {"unmeasured"}
        demand = next(x for x in ten_lines(found[-1], study.portfolio) if x.name == "steady_demand").readings[2]
        assert isinstance(demand.figure, Estimate)
        assert 0 < demand.figure.value < 0.5
