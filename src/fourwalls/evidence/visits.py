"""Visits counted: the record of listings, and the margin of what they sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.evidence.ground import Ground
from fourwalls.figures import Refusal
from fourwalls.measures import conversion as measures

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Group = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Listings and the margin of what they sold.

    Attributes:
        groups: Brand, category and channel of each group of listings.
        group, sku, span: Number of each listing-span's group, sku and span, shape (rows,).
        rows: Columns of `listing_spans` by name, shape (rows,) each.
        visits, served, orders, unserved: By group and span, shape (groups, spans); unserved are orders that visits while not
            buyable would have brought at the listing's own conversion.
        pair_group, pair_asset: Groups dealt out to assets, shape (pairs,).
        margin, value, lines: Of what was sold, by pair and span, shape (pairs, spans); margin less what is booked as lost
            beside sales.
        to_asset: Share of each group in each asset, by lines, shape (groups, assets).
    """

    groups: tuple[Group, ...]
    group: Ints
    sku: Ints
    span: Ints
    rows: Mapping[str, Floats]
    visits: Floats
    served: Floats
    orders: Floats
    unserved: Floats
    pair_group: Ints
    pair_asset: Ints
    margin: Floats
    value: Floats
    lines: Floats
    to_asset: Floats


def sums_by(code: Ints, weights: Floats, groups: int) -> Floats:
    """Sums of weights by the number of their group, shape (groups,)."""
    sums: Floats = np.bincount(code, weights, minlength=groups).astype(np.float64)
    return sums


def codes_of(table: pa.Table, names: Sequence[str]) -> tuple[Ints, tuple[Group, ...]]:
    """Number of each row's values of some columns, and these values in the order of their numbers."""
    keys = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64), tuple(number)


def _days_table(ground: Ground) -> str:
    rows = ground.rows
    days = measures.listing_days(
        rows["listings"], rows.get("products"), rows.get("stock_days"), ground.period, ground.span_seconds
    )
    ground.engine.keep("listing_days", days)
    return "listing_days"


NO_VISITS = Refusal(
    "no_visits", "conversion", "no listing has both sessions and orders on record in the period",
    "listings.sessions and listings.orders",
)  # fmt: skip
NO_MARGIN = Refusal(
    "no_margin", "conversion", "no order line of the brands, categories and channels listed has a price and a cost",
    "order_lines.price_amount and cost_amount",
)  # fmt: skip


def record_of(ground: Ground) -> Record | Refusal:
    """The record of listings, or why there is none."""
    table = ground.engine.run(measures.listing_spans(ground.engine.table(_days_table(ground))))
    at = ground.span_index(table["span"].to_numpy().astype(np.int64)) if table.num_rows else np.zeros(0, np.int64)
    table, at = table.filter(pa.array(at >= 0)), at[at >= 0]
    names = ("visits", "orders", "served", "content", "content_on", "dear", "dear_on")
    rows = {name: np.nan_to_num(table[name].to_numpy().astype(np.float64)) for name in names}
    if not table.num_rows or rows["orders"].sum() <= 0 or rows["served"].sum() <= 0:
        return NO_VISITS
    group, groups = codes_of(table, measures.BOUGHT_BY)
    sku, _ = codes_of(table, ("sku_id",))
    listing, _ = codes_of(table, ("sku_id", "channel_id"))
    shape = (len(groups), len(ground.spans))

    def by_group(values: Floats) -> Floats:
        return sums_by(group * shape[1] + at, values, shape[0] * shape[1]).reshape(shape)

    served = np.bincount(listing, rows["served"])
    own = np.divide(np.bincount(listing, rows["orders"]), served, out=np.zeros(len(served)), where=served > 0)
    sold = _sold(ground, groups)
    if sold is None:
        return NO_MARGIN
    pair_group, pair_asset, margin, value, lines = sold
    margin = margin - leakage_shares(ground)[pair_asset][:, None] * value
    to_asset = np.zeros((len(groups), len(ground.assets)))
    np.add.at(to_asset, (pair_group, pair_asset), lines.sum(axis=1))
    to_asset /= np.maximum(to_asset.sum(axis=1, keepdims=True), 1.0)
    unserved = (rows["visits"] - rows["served"]) * own[listing]
    return Record(
        groups, group, sku, at, rows, by_group(rows["visits"]), by_group(rows["served"]), by_group(rows["orders"]),
        by_group(unserved), pair_group, pair_asset, margin, value, lines, to_asset,
    )  # fmt: skip


def leakage_shares(ground: Ground) -> Floats:
    """What is booked as lost beside each asset's sales, as a share of their value, shape (assets,).

    Returns, damage and goodwill come with sales: a further order brings them along.
    """
    found = np.zeros(len(ground.assets))
    if "leakage" not in ground.rows:
        return found
    for row in ground.engine.run(measures.leakage_by_place(ground.rows["leakage"], ground.period)).to_pylist():
        place = tuple(row[name] for name in ("brand", "category", "channel_id", "region"))
        found += ground.places.asset_weights(place) * float(row["amount"] or 0.0)
    value = ground.places.value.sum(axis=1) @ ground.places.of_asset
    shares: Floats = np.clip(np.divide(found, value, out=np.zeros(len(found)), where=value > 0), 0.0, 1.0)
    return shares


def _sold(ground: Ground, groups: tuple[Group, ...]) -> tuple[Ints, Ints, Floats, Floats, Floats] | None:
    assert ground.lines is not None  # noqa: S101 - the caller has refused
    grain = ground.portfolio.grain
    table = ground.engine.run(measures.margins(ground.lines, grain))
    number = {group: i for i, group in enumerate(groups)}
    asset_number = {asset: i for i, asset in enumerate(ground.assets)}
    of = list(zip(*(table[name].to_pylist() for name in measures.BOUGHT_BY), strict=True))
    assets = list(zip(*(table[name].to_pylist() for name in grain), strict=True))
    known = np.array([g in number for g in of], dtype=np.bool_)
    at = ground.span_index(table["span"].to_numpy().astype(np.int64)) if table.num_rows else np.zeros(0, np.int64)
    chosen = np.flatnonzero(known & (at >= 0)).tolist()
    if not chosen:
        return None
    keys = [(number[of[i]], asset_number[tuple(None if v is None else str(v) for v in assets[i])]) for i in chosen]
    pairs = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    row = np.array([pairs[key] for key in keys], dtype=np.int64)
    shape = (len(pairs), len(ground.spans))

    def by_pair(name: str) -> Floats:
        values = np.nan_to_num(table[name].to_numpy()[chosen].astype(np.float64))
        return sums_by(row * shape[1] + at[chosen], values, shape[0] * shape[1]).reshape(shape)

    pair = np.array(list(pairs), dtype=np.int64)
    return pair[:, 0], pair[:, 1], by_pair("margin"), by_pair("value"), by_pair("lines")
