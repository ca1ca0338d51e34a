"""Retailers other than the usual one, and worlds so large that they are lived through in short blocks."""

from datetime import date

import numpy as np
import pytest

from fourwalls.worlds import make
from fourwalls.worlds.living import live
from fourwalls.worlds.recipe import recipe_from
from fourwalls.worlds.sums import assets
from fourwalls.worlds.world import found

ODD = {
    "one category, one destination": {"categories": ["bread"], "destinations": ["here"]},
    "wholesale and own vans": {
        "channels": ["site", "wholesale"],
        "own_fleet": ["north"],
        "asset": ["channel_kind", "node_region"],
    },
    "brands by channel": {"asset": ["brand", "channel_id"]},
    "twelve small assets": {"categories": list("abcdef"), "destinations": ["north", "south"]},
    "more than a year": {"start": date(2024, 2, 10), "end": date(2025, 5, 10)},
    "one month": {"start": date(2024, 2, 1), "end": date(2024, 3, 1)},
}


@pytest.mark.parametrize("name", ODD)
def test_it_lives(name):
    said = {
        "retailer": {"end": date(2025, 5, 1), **ODD[name]},
        "defects": [{"kind": "slow_picking", "severity": 0.5}, {"kind": "low_forecast", "severity": 0.5}],
    }
    world = found(recipe_from("odd", said), 2, 4_000)
    sums = live(world)
    base = sums["as_recorded"]
    assert len(base["lines"]) == len(assets(world))
    assert 2_000 < base["lines"].sum() < 8_000
    for version in sums.values():
        for values in version.values():
            assert np.isfinite(values).all()
            assert (values >= 0).all()
    accounted = sum(base[f"lost_{why}"].sum() for why in ("empty", "unseen", "unconvinced", "custom"))
    assert 0 < accounted < 0.5 * base["wished"].sum()


def test_a_small_one_is_written_whole(tmp_path):
    file = tmp_path / "odd.toml"
    file.write_text(
        '[retailer]\nend = 2025-03-01\nchannels = ["site", "wholesale"]\nown_fleet = ["north"]\nasset = ["brand", "channel_kind"]\n'
        '[[confounders]]\nkind = "price_war"\n[[defects]]\nkind = "late_carrier"\n'
    )
    truth = make(file, tmp_path / "w", lines=1_000)
    assert {tuple(a.asset) for a in truth.assets} == {("brand", "channel_kind")}
    assert ("own", "inside") in truth.defects[0].doers


def test_short_blocks_tell_the_same_story(monkeypatch):
    """A world lived in blocks of two weeks has other luck, but the same laws and about the same figures."""
    said = {
        "retailer": {"start": date(2025, 1, 1), "end": date(2025, 7, 1)},
        "defects": [{"kind": "late_supplier", "severity": 0.7}, {"kind": "late_carrier", "severity": 0.7}],
    }
    whole = live(found(recipe_from("x", said), 1, 4_000))["as_recorded"]
    monkeypatch.setattr("fourwalls.worlds.demand.BLOCK_LINES", 14 * 4_000 / 181)
    short = live(found(recipe_from("x", said), 1, 4_000))["as_recorded"]
    for name in ("lines", "revenue", "late", "lost_empty"):
        assert abs(short[name].sum() / whole[name].sum() - 1) < (0.05 if name in ("lines", "revenue") else 0.35), name
