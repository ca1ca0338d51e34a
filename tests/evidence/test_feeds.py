"""Feeds of a known world: the bad one stands out, the ranges of shares hold their value, keys that do not join are counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence.feeds import _exact, find
from fourwalls.figures import Estimate
from fourwalls.worlds import make


def test_the_bad_feed_stands_out_and_the_others_do_not(tmp_path: Path) -> None:
    make("late_feeds", tmp_path / "w", seed=3, lines=5_000)
    toml = tmp_path / "w" / "portfolio.toml"
    toml.write_text(toml.read_text("utf-8").replace('"destination"]', '"channel_id"]'), "utf-8")
    with ground_of(tmp_path / "w") as ground:
        found = find(ground)
    late = {r.name: r.figure for r in found.readings[()] if r.name.startswith("feed_late_share: ")}
    low = {name: f.low for name, f in late.items() if isinstance(f, Estimate) and name.endswith("-market")}
    high = {name: f.high for name, f in late.items() if isinstance(f, Estimate) and not name.endswith("-market")}
    assert len(low) == 2
    assert min(low.values()) > max(high.values())
    assert not found.losses
    of_market = [r for asset, rs in found.readings.items() if "market" in asset for r in rs]
    assert of_market
    assert all("-market" in r.name for r in of_market)


def test_keys_nobody_knows_are_named(tmp_path: Path) -> None:
    make("dirty_rows", tmp_path / "w", seed=3, lines=5_000)
    with ground_of(tmp_path / "w") as ground:
        found = find(ground)
    assert any("carrier_id that parties does not know" in note for note in found.notes)
    shares = {r.name: r.figure for r in found.readings[()] if r.name.startswith("unknown_key_share")}
    carrier, sku = (shares[f"unknown_key_share: order_lines.{c}"] for c in ("carrier_id", "sku_id"))
    assert isinstance(carrier, Estimate)
    assert carrier.low > 0
    assert isinstance(sku, Estimate)
    assert sku.value == sku.low == 0 < sku.high


def test_exact_range_agrees_with_the_textbook() -> None:
    # 0 of n: 1 - (alpha/2)^(1/n), see Clopper and Pearson; and it is symmetric.
    assert _exact(0, 20) == pytest.approx((0.0, 1 - 0.05 ** (1 / 20)))
    low, high = _exact(3, 20)
    assert _exact(17, 20) == pytest.approx((1 - high, 1 - low))
    assert low < 3 / 20 < high


def test_without_feeds_keys_are_still_told(tmp_path: Path) -> None:
    make("orders_only", tmp_path / "w", seed=3, lines=3_000)
    with ground_of(tmp_path / "w") as ground:
        found = find(ground)
    assert [r.code for r in found.refusals] == ["no_feeds"]
