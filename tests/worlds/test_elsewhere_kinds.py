"""New kinds of company keep their books, pass the tables' checks, and are worth nothing to repair where nothing is wrong."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from benchmarks.elsewhere.kinds.frame import Assets, Fault, accounts, known, spoil
from benchmarks.elsewhere.kinds.plans import HOUSES, PLANS, worlds
from benchmarks.elsewhere.kinds.wholesaler import house as wholesaler

from fourwalls import study


@pytest.fixture(scope="module", params=sorted(HOUSES))
def sound(request):
    return next(w for w in worlds(request.param, 11) if not w.defects).known()


def test_a_sound_company_is_worth_no_path(sound):
    assert sound.truth
    for asset in sound.truth:
        assert asset.best_path == "leave it"
        assert all(v < 0 for v in asset.path_value_amount.values())
        assert all(o.margin_amount == asset.as_recorded.margin_amount for o in asset.repaired.values())


def test_its_tables_pass_the_checks(sound, tmp_path):
    world = next(w for w in worlds(sound.life.c.template, 11) if not w.defects)
    world.write(sound.life, tmp_path)
    with study.open(tmp_path) as opened:
        found = opened.check()
    assert not [t for t in found.tables if t.set_aside]
    lines = pq.read_table(tmp_path / "tables" / "order_lines.parquet")
    assert 10_000 < lines.num_rows < 30_000
    keys = set(zip(lines["order_id"].to_pylist(), lines["line_id"].to_pylist(), strict=True))
    assert len(keys) == lines.num_rows


def test_what_stands_on_a_shelf_is_what_came_less_what_went(sound):
    x, c = sound.life.shelves, sound.life.c
    after = x.record[:, :, :-1] + x.received[:, :, 1:] + x.adjusted[:, :, 1:] - x.sold[:, :, 1:]
    assert (after == x.record[:, :, 1:]).all()
    assert (x.record >= 0).all()
    came = np.zeros_like(x.received)
    for o in x.orders:
        assert o.placed <= o.received <= o.available
        if 0 <= o.available < c.end:
            came[o.sku, o.node, int(o.available // 24)] += o.came
    assert (came == x.received).all()


def test_steps_come_in_order(sound):
    x = sound.life.lines
    for earlier, later in (("ordered", "released"), ("released", "handed"), ("handed", "delivered")):
        both = ~np.isnan(x[earlier]) & ~np.isnan(x[later])
        assert (x[earlier][both] <= x[later][both] + 1e-6).all()
    assert (x["shipped_units"] <= x["ordered_units"]).all()
    assert (x["returned_units"] <= x["shipped_units"]).all()


@pytest.mark.parametrize("kind", ["late supplier", "phantom stock", "slow picking", "chargebacks"])
def test_mending_the_only_fault_is_having_had_none(kind):
    fault = next(f for plan in PLANS["wholesaler"] for f in plan if f.kind == kind)
    c = wholesaler(12)
    fault = Fault(fault.kind, "high", fault.at, fault.category, c)
    true = known(c, [fault])
    life = c.live(c, spoil(c, []))
    side, other = ("operate", "orchestrate") if fault.is_inside(c) else ("orchestrate", "operate")
    assert true.accounts[side] == accounts(life, Assets.by(c, life.wishes))
    assert true.accounts[other] == true.accounts["recorded"] != true.accounts[side]


def test_every_fault_of_every_plan_changes_something():
    for kind, house in HOUSES.items():
        c = house(13)
        assert set(c.faults) >= {f.kind for plan in PLANS[kind] for f in plan}
        for f in (Fault(f.kind, f.level, f.at, f.category, c) for plan in PLANS[kind] for f in plan):
            ways = spoil(c, [f])
            assert any(np.any(np.asarray(ways[k]) != np.asarray(c.sound[k])) for k in ways), f.kind
            assert f.party(c) in c.kinds
