"""Units hidden while there was stock: by hand, beside the best listed, and never more than was wanted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.chain.listing import Hidden, hidden_units, nothing
from fourwalls.chain.stock_record import Books, Record

FIRST, DAYS = 20_000, 70
SPAN = np.arange(DAYS) // 7


def record_of(empty: np.ndarray) -> Record:
    shape = empty.shape
    ones = np.ones(shape, np.float32)
    return Record(ones, ones, empty.astype(np.float32), np.ones(shape, bool), np.zeros(shape[0], bool), None, Books())


def listings(share: dict[tuple[str, str], np.ndarray]) -> pa.Table:
    rows = [
        {"sku_id": sku, "channel_id": channel, "day": FIRST + day, "listed": float(x)}
        for (sku, channel), values in share.items()
        for day, x in enumerate(values)
        if not np.isnan(x)
    ]
    schema = pa.schema([("sku_id", pa.string()), ("channel_id", pa.string()), ("day", pa.int32()), ("listed", pa.float32())])  # fmt: skip
    return pa.Table.from_pylist(rows, schema)


def found_in(
    share: dict[tuple[str, str], np.ndarray], *, empty: np.ndarray | None = None, channels: tuple[str, ...] = ("site", "bazaar")
) -> Hidden:  # fmt: skip
    """Two skus on one shelf each, two wanted a day, half of it in each channel."""
    empty = np.zeros((2, DAYS)) if empty is None else empty
    shares = np.full((2, len(channels)), 1 / len(channels))
    return hidden_units(
        listings(share), ["a", "b"], np.zeros(2, np.int64), list(channels), shares, record_of(empty),
        np.full((2, DAYS), 2.0, np.float32), FIRST, SPAN,
    )  # fmt: skip


def noisy(mean: float, seed: int) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(mean, 0.01, DAYS), 0, 1)


def test_what_the_worse_channel_hides_beyond_the_better() -> None:
    share = {(s, c): noisy(1.0 if c == "site" else 0.6, i) for i, (s, c) in enumerate([("a", "site"), ("b", "site"), ("a", "bazaar"), ("b", "bazaar")])}  # fmt: skip
    found = found_in(share)
    # One unit a day and sku in the bazaar, four in ten of them not buyable; the site shows almost everything.
    assert found.units.sum() == pytest.approx(0.4 * 2 * DAYS, rel=0.03)
    assert [found.channels[m] for m in found.main] == ["bazaar", "bazaar"]
    assert found.judged.all()
    assert found.words[0].startswith("best 1 of 2 listed")


def test_what_is_not_in_stock_need_not_be_listed() -> None:
    empty = np.zeros((2, DAYS))
    empty[0, :] = 1.0
    share = {("a", "site"): noisy(0, 1), ("b", "site"): noisy(1, 2), ("a", "bazaar"): noisy(0, 3), ("b", "bazaar"): noisy(0.6, 4)}  # fmt: skip
    found = found_in(share, empty=empty)
    assert not found.units[0].any()
    assert found.units[1].sum() == pytest.approx(0.4 * DAYS, rel=0.05)


def test_channels_alike_hide_nothing() -> None:
    share = {(s, c): noisy(0.9, i) for i, (s, c) in enumerate([("a", "site"), ("b", "site"), ("a", "bazaar"), ("b", "bazaar")])}  # fmt: skip
    found = found_in(share)
    assert not found.units.any()
    assert found.judged.all()


def test_one_channel_has_nobody_to_be_compared_with() -> None:
    found = found_in({("a", "site"): noisy(0.5, 1), ("b", "site"): noisy(0.5, 2)}, channels=("site",))
    assert not found.judged.any()
    assert not found.units.any()
    assert found.words == ["", ""]


def test_days_without_a_listing_row_and_unknown_skus_claim_nothing() -> None:
    gaps = noisy(1.0, 1)
    gaps[::2] = np.nan
    share = {("a", "site"): gaps, ("b", "site"): noisy(1, 2), ("a", "bazaar"): np.full(DAYS, np.nan), ("zzz", "bazaar"): noisy(0, 3), ("b", "bazaar"): noisy(1, 4)}  # fmt: skip
    assert found_in(share).units.sum() < 2


def test_no_listings_hide_nothing() -> None:
    assert not found_in({}).judged.any()
    empty = nothing(3, 5)
    assert empty.units.shape == (3, 5)
    assert not empty.judged.any()
