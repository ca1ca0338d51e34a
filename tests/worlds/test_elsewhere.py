"""The other maker of worlds keeps its books, and its luck."""

from dataclasses import fields

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from benchmarks.elsewhere.buying import SERVED
from benchmarks.elsewhere.companies import company
from benchmarks.elsewhere.company import sound
from benchmarks.elsewhere.defects import KINDS, Defect, spoil
from benchmarks.elsewhere.judging import judge
from benchmarks.elsewhere.living import Assets, accounts, live
from benchmarks.elsewhere.truth import known, worth
from benchmarks.elsewhere.wishes import wishes
from benchmarks.elsewhere.worlds import World, worlds
from benchmarks.elsewhere.writing import write

TEMPLATES = ("depots", "webshop", "stall")


def short(template, grain=0):
    """A company of a few weeks."""
    c = company(template, 5, grain, 9000)
    c.warm, c.days = 14, 63
    return c


@pytest.fixture(scope="module", params=TEMPLATES)
def life(request):
    c = short(request.param)
    return live(c, spoil(c, sound(c), [Defect("late supplier", "high", category=1), Defect("phantom stock", "high")]))


def test_what_stands_on_a_shelf_is_what_came_less_what_went(life):
    x = life.shelves
    before = x.record[:, :, :-1]
    after = before + x.received[:, :, 1:] + x.adjusted[:, :, 1:] - x.sold[:, :, 1:]
    assert (after == x.record[:, :, 1:]).all()
    assert (x.record >= 0).all()
    assert (x.really <= x.record).all()
    assert x.adjusted.any()


def test_every_unit_sold_was_shipped_to_somebody_who_wished_for_it(life):
    x, w = life.shelves, life.wanted
    sold = np.zeros_like(x.sold)
    served = x.fate == SERVED
    np.add.at(sold, (w.sku[served], w.node[served], w.day[served]), x.shipped[served])
    assert (sold == x.sold).all()
    assert (x.shipped <= w.units).all()


def test_every_unit_that_arrived_was_ordered(life):
    x = life.shelves
    came = np.zeros_like(x.received)
    for o in x.orders:
        assert o.signalled <= o.decided <= o.placed <= o.received <= o.available
        assert 0 <= o.came <= o.ordered
        if o.available < life.c.days * 24:
            came[o.sku, o.node, int(o.available // 24)] += o.came
    assert (came == x.received).all()


def test_a_transfer_leaves_the_giver_on_the_day_it_is_sent():
    c = short("depots")
    x = live(c, sound(c)).shelves
    sent = np.zeros_like(x.adjusted)
    for o in x.orders:
        if o.feeder >= 0:
            sent[o.sku, o.feeder, int(o.placed // 24)] -= o.ordered
    assert sent.any()
    # What else was adjusted was counted.
    assert (x.adjusted[sent < 0] <= sent[sent < 0] + 100).all()
    assert x.adjusted.sum() == pytest.approx(sent.sum(), rel=0.05)


def test_parcels_take_their_steps_in_order(life):
    p, at = life.parcels, life.wanted.at[life.parcels.wish]
    for earlier, later in ((at, p.released), (p.released, p.handed), (p.handed, p.delivered)):
        both = ~np.isnan(earlier) & ~np.isnan(later)
        assert (earlier[both] <= later[both] + 1e-6).all()


def test_the_same_life_twice_is_the_same():
    c = short("webshop")
    ways, wanted = sound(c), wishes(c)
    assets = Assets(c, wanted)
    assert accounts(live(c, ways, wanted), assets) == accounts(live(c, spoil(c, sound(c), []), wishes(c)), assets)


@pytest.fixture(scope="module")
def nothing_wrong():
    c = short("webshop")
    wanted = wishes(c)
    return c, accounts(live(c, sound(c), wanted), Assets(c, wanted))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_mending_the_only_defect_is_having_had_none(kind, nothing_wrong):
    c, good = nothing_wrong
    d = Defect(kind, "high", category=1, channel=1, node=1, carrier=1, destination=1)
    true = known(c, [d])
    side = "operate" if d.is_inside(c) else "orchestrate"
    other = "orchestrate" if d.is_inside(c) else "operate"
    assert true.accounts[side] == true.accounts["operate then orchestrate"] == good
    assert true.accounts[other] == true.accounts["recorded"]
    changed = [f.name for f in fields(sound(c)) if np.any(getattr(true.life.w, f.name) != getattr(sound(c), f.name))]
    assert changed


def test_a_defect_stays_where_it_is():
    c = short("depots", 1)
    true = known(c, [Defect("late supplier", "high", category=1)])
    pairs = list(zip(true.accounts["recorded"], true.accounts["orchestrate"], strict=True))
    for asset, (was, would) in zip(true.truth, pairs, strict=True):
        if asset.asset["category"] == c.category[1]:
            assert would.gross > was.gross
        else:
            assert would == was


def test_value_by_a_slow_hand():
    c = short("stall")
    m = c.money
    total = 0.0
    for month in range(round(12 * m["horizon_years"])):
        t = (month + 0.5) / 12
        reached = min(1.0, t * 52 / m["ramp_weeks"]) * m["attainable_share"]
        total += (500.0 * reached - c.paths["operate"]["run"]) / 12 / (1 + m["discount_rate"]) ** t
    assert worth(c, 500.0, "operate") == pytest.approx(total - c.paths["operate"]["one_off"])


def test_a_sound_company_is_worth_no_path_and_left_alone(tmp_path):
    judged = judge(World("sound", "stall", 0, 3, (), "none"), tmp_path)
    assert judged.failure == ""
    assert all(v <= 0 for case in judged.cases for v in case.truth.path_value_amount.values())
    assert {case.verdict for case in judged.cases} == {"leave it"}


def test_what_is_written_is_what_happened(tmp_path):
    c = short("depots")
    life = live(c, sound(c))
    write(life, tmp_path)
    stock = pq.read_table(tmp_path / "tables" / "stock_days.parquet")
    assert pc.sum(stock["sold_units"]).as_py() == life.shelves.sold[:, :, c.warm :].sum()
    lines = pq.read_table(tmp_path / "tables" / "order_lines.parquet")
    assert lines.num_rows == (life.wanted.at[life.parcels.wish] >= c.warm * 24).sum()


def test_worlds_are_many_and_named_once():
    names = [w.name for w in worlds(1)]
    assert len(set(names)) == len(names) >= 24
    assert len(worlds(1, 5)) == 5
