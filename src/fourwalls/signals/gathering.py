"""Fills the material of every asset from the ground, the counts of order lines and the losses that evidence found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.standards import Detectable
from fourwalls.evidence.ground import Ground
from fourwalls.evidence.rates import excess
from fourwalls.figures import Reading
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures.order_lines import SECONDS_PER_WEEK, seconds
from fourwalls.signals.material import Bools, Channels, Floats, Loop, Material, Rules, Skus
from fourwalls.verdict import YOUR_TARGET

Ints = npt.NDArray[np.int64]
_SECONDS_PER_DAY = 86_400
BOTH_FLOWS = frozenset({"service", "stock"})
_COUNTS = ("lines", "on_time_in_full_known", "on_time_in_full", "value_amount")


def materials(
    ground: Ground,
    counts: Mapping[str, Floats],
    losses: Iterable[Loss],
    named: Callable[[AssetKey], str],
    *,
    orders: ir.Table | None = None,
    measured: Mapping[AssetKey, Iterable[str]] | None = None,
    readings: Mapping[AssetKey, Sequence[Reading]] | None = None,
    rules: Mapping[AssetKey, Rules] | None = None,
    weighs: Mapping[AssetKey, frozenset[str]] | None = None,
    detectable: Mapping[AssetKey, Mapping[str, float]] | None = None,
    distances: Mapping[str, Detectable] | None = None,
) -> tuple[Material, ...]:
    """The material of every asset in the order of `ground.assets`, and of the whole portfolio last.

    Args:
        ground: What evidence is found on.
        counts: From `assembly.service_sums`: lines, on_time_in_full_known, on_time_in_full and value_amount, shape (assets,
            spans) each; empty where there are no order lines.
        losses: Of all assets, over all flows; those of asset () are not added to the whole again.
        named: What people call an asset.
        orders: Order lines as intake kept them, with brand, category, node and channel (`Reception.referenced_lines`); None
            leaves cost and margin unknown.
        measured: Asset → stages that were looked at and could be held to something. A stage that is in neither this nor the
            losses is unmeasured, and never taken to be at its standard.
        readings: Asset → what evidence measured.
        rules: Asset → rules with partners.
        weighs: Asset → which of the two flows carry weight in its verdict; both, where it is not there.
        detectable: Asset → stage → the smallest loss that would have been told apart from chance.
        distances: Stage → how far from its peers whoever does it would have had to be to be told apart.
    """
    assets, spans = len(ground.assets), len(ground.spans)
    none = np.zeros((assets, spans))
    sums = [counts.get(name, none) for name in _COUNTS]
    costs, hands, loops = _costs(ground, orders), _hands(ground), _loops(ground)
    skus, channels = _skus(ground), _channels(ground)
    targets = _targets(ground, sums[1], sums[2])
    by_asset: dict[AssetKey, list[Loss]] = {asset: [] for asset in ground.assets}
    for loss in losses:
        if loss.asset in by_asset:
            by_asset[loss.asset].append(loss)
    said, held = readings or {}, measured or {}
    made = []
    for i, asset in enumerate(ground.assets):
        lines, due, served, revenue = (np.asarray(s[i], dtype=np.float64) for s in sums)
        spent = {name: None if cube is None else cube[i] for name, cube in costs.items()}
        made.append(
            Material(
                asset,
                named(asset),
                ground.draws,
                whole_spans(ground),
                ground.span_seconds == SECONDS_PER_WEEK,
                lines,
                due,
                served,
                revenue,
                targets[i][0],
                targets[i][1],
                costed_lines=spent["costed_lines"],
                fulfilment=spent["fulfilment"],
                margin_value=spent["margin_value"],
                margin=spent["margin"],
                losses=tuple(by_asset[asset]),
                tables=_tables(ground),
                measured=frozenset(held.get(asset, ())),
                hands=hands[i],
                readings={r.name: r for r in said.get(asset, ())},
                skus=skus[i],
                channels=channels[i],
                loop=loops[i],
                rules=(rules or {}).get(asset),
                weighs=(weighs or {}).get(asset, BOTH_FLOWS),
                detectable=(detectable or {}).get(asset, {}),
            )
        )
    whole = _whole(ground, made, said, held, rules or {}, named)
    seen = (detectable or {}).get((), {})
    whole = replace(whole, weighs=(weighs or {}).get((), BOTH_FLOWS), detectable=seen)
    return tuple(replace(m, distances=distances or {}) for m in (*made, whole))


def _tables(ground: Ground) -> frozenset[str]:
    return frozenset(ground.rows) | ({"order_lines"} if ground.lines is not None else set())


def _targets(ground: Ground, due: Floats, served: Floats) -> list[tuple[float, str]]:
    """What each asset is held to: the user's target, else what the better quarter of assets shows, but no less than 95 %."""
    asked = ground.portfolio.on_time_share
    if "on_time_share" in ground.portfolio.targets:
        return [(asked, YOUR_TARGET)] * len(due)
    default = (asked, "the default of this product")
    if ground.draws is None:
        return [default] * len(due)
    missed = excess(due - served, due, ["asset"] * len(due), ground.draws).standard
    shown = "what your better assets reach"
    return [(1 - m, shown) if np.isfinite(m) and 1 - m > asked else default for m in missed.tolist()]


def _mean_target(ground: Ground, made: Sequence[Material]) -> tuple[float, str]:
    due = np.array([m.due.sum() for m in made])
    if not due.sum():
        return ground.portfolio.on_time_share, "the default of this product"
    origins = {m.target_origin for m in made}
    shown = origins.pop() if len(origins) == 1 else "what your assets are held to"
    return float((due * [m.target for m in made]).sum() / due.sum()), shown


def whole_spans(ground: Ground) -> Bools:
    """Spans all of whose days lie in the period."""
    epoch = date(1970, 1, 1)
    start, end = (((day - epoch).days * _SECONDS_PER_DAY) for day in (ground.period.start, ground.period.end))
    first = ground.spans * ground.span_seconds
    whole: Bools = np.asarray((first >= start) & (first + ground.span_seconds <= end))
    return whole


def _whole(
    ground: Ground, made: Sequence[Material], readings: Mapping[AssetKey, Sequence[Reading]],
    measured: Mapping[AssetKey, Iterable[str]], rules: Mapping[AssetKey, Rules], named: Callable[[AssetKey], str],
) -> Material:  # fmt: skip
    """All assets as one. A stage is measured where it is so in any asset, unless that is told of the whole."""
    spans = np.zeros(len(ground.spans))

    def summed(name: str) -> Floats:
        total: Floats = np.sum([spans, *(getattr(m, name) for m in made)], axis=0)
        return total

    def known(name: str) -> Floats | None:
        return None if any(getattr(m, name) is None for m in made) or not made else summed(name)

    stages = {stage for m in made for stage in m.hands}
    hands = {s: _added([m.hands.get(s, (0.0, 0.0, 0.0)) for m in made]) for s in stages}
    some = frozenset[str]().union(*(m.measured for m in made))
    loops = [m.loop for m in made if m.loop is not None]
    loop = None
    if loops:
        loop = Loop(
            *(np.sum([getattr(x, n) for x in loops], axis=0) for n in ("to_decide", "to_act", "whole", "orders"))
        )
    return Material(
        (), named(()), ground.draws, whole_spans(ground), ground.span_seconds == SECONDS_PER_WEEK,
        summed("lines"), summed("due"), summed("served"), summed("revenue"), *_mean_target(ground, made),
        known("costed_lines"), known("fulfilment"), known("margin_value"), known("margin"),
        losses=tuple(loss for m in made for loss in m.losses), tables=_tables(ground),
        measured=frozenset(measured.get((), some)), hands=hands, readings={r.name: r for r in readings.get((), ())},
        skus=_joined([m.skus for m in made if m.skus is not None]),
        channels=_together([m.channels for m in made if m.channels is not None]), loop=loop, rules=rules.get(()),
    )  # fmt: skip


def _added(parts: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    return sum(p[0] for p in parts), sum(p[1] for p in parts), sum(p[2] for p in parts)


def _joined(parts: Sequence[Skus]) -> Skus | None:
    """Skus of several assets side by side: a sku that serves two is counted in each with its own lines."""
    if not parts:
        return None
    return Skus(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("channels", "lines", "cancelled")))


def _together(parts: Sequence[Channels]) -> Channels | None:
    """Channels of several assets, added up by name."""
    names = tuple(dict.fromkeys(name for p in parts for name in p.names))
    if not names:
        return None
    shape = (len(names), parts[0].lines.shape[1])
    lines, cancelled = np.zeros(shape), np.zeros(shape)
    for p in parts:
        at = [names.index(name) for name in p.names]
        lines[at] += p.lines
        cancelled[at] += p.cancelled
    return Channels(names, lines, cancelled)


def _cube(ground: Ground, table: pa.Table, names: Sequence[str]) -> tuple[Floats, ...]:
    """Columns of a table by asset and span, shape (assets, spans) each."""
    asset, span = _asset_numbers(ground, table), ground.span_index(table["span"].to_numpy().astype(np.int64))
    at = np.flatnonzero((asset >= 0) & (span >= 0))
    found = []
    for name in names:
        sums = np.zeros((len(ground.assets), len(ground.spans)))
        np.add.at(sums, (asset[at], span[at]), _floats(table[name])[at])
        found.append(sums)
    return tuple(found)


def _asset_numbers(ground: Ground, table: pa.Table) -> Ints:
    key = {asset: i for i, asset in enumerate(ground.assets)}
    columns = [[None if v is None else str(v) for v in table[name].to_pylist()] for name in ground.portfolio.grain]
    return np.array([key.get(values, -1) for values in zip(*columns, strict=True)], dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = pc.fill_null(pc.cast(column, pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    return np.nan_to_num(values)


def _costs(ground: Ground, orders: ir.Table | None) -> dict[str, Floats | None]:
    """Lines whose cost of fulfilment is known, that cost, value of lines whose margin is known, and that margin.

    What was never sent cost nothing to fulfil, and says nothing of what sending costs.
    """
    names = ("costed_lines", "fulfilment", "margin_value", "margin")
    if orders is None:
        return dict.fromkeys(names)
    t = orders.filter(orders.delivered_at.notnull())
    spent = t.fulfilment_amount.cast("float64")
    earned = (t.ordered_units * (t.price_amount - t.cost_amount)).cast("float64")
    table = ground.engine.run(
        t.group_by(*ground.portfolio.grain, span=seconds(t.ordered_at) // ground.span_seconds).agg(
            costed_lines=spent.count(),
            fulfilment=spent.sum(),
            margin_value=ibis.ifelse(earned.notnull(), (t.ordered_units * t.price_amount).cast("float64"), 0.0).sum(),
            margin=(earned - spent.fill_null(0.0)).sum(),
        )
    )
    cubes = dict(zip(names, _cube(ground, table, names), strict=True))
    known = {name: cubes["costed_lines" if name in names[:2] else "margin_value"].any() for name in names}
    return {name: cube if known[name] else None for name, cube in cubes.items()}


def _skus(ground: Ground) -> list[Skus | None]:
    found: list[Skus | None] = [None] * len(ground.assets)
    if ground.lines is None:
        return found
    t = ground.lines.filter(ground.lines.sku_id.notnull() & ground.lines.channel_id.notnull())
    grain = tuple(dict.fromkeys((*ground.portfolio.grain, "sku_id", "channel_id")))
    sums = t.group_by(*grain).agg(lines=t.count(), cancelled=(t.outcome == "cancelled").sum())
    # In one order whatever the engine's threads did: draws go by number.
    table = ground.engine.run(sums.order_by(*grain))
    if table.num_rows == 0:
        return found
    sku, channel = (np.unique(_codes(table[name]), return_inverse=True)[1] for name in ("sku_id", "channel_id"))
    pairs = np.unique(np.stack([sku, channel]), axis=1)
    channels = np.bincount(pairs[0], minlength=sku.max() + 1).astype(np.float64)
    asset, lines, cancelled = _asset_numbers(ground, table), _floats(table["lines"]), _floats(table["cancelled"])
    for i in range(len(ground.assets)):
        mine = asset == i
        if mine.any():
            ids, inverse = np.unique(sku[mine], return_inverse=True)
            found[i] = Skus(
                channels[ids], *(np.bincount(inverse, x[mine]).astype(np.float64) for x in (lines, cancelled))
            )
    return found


def _channels(ground: Ground) -> list[Channels | None]:
    found: list[Channels | None] = [None] * len(ground.assets)
    if ground.lines is None:
        return found
    t = ground.lines.filter(ground.lines.channel_id.notnull())
    table = ground.engine.run(
        t.group_by(*dict.fromkeys((*ground.portfolio.grain, "channel_id", "span"))).agg(
            lines=t.count(), cancelled=(t.outcome == "cancelled").sum()
        )
    )
    asset, span = _asset_numbers(ground, table), ground.span_index(table["span"].to_numpy().astype(np.int64))
    name = np.array(table["channel_id"].to_pylist(), dtype=object)
    sums = _floats(table["lines"]), _floats(table["cancelled"])
    for i in range(len(ground.assets)):
        mine = np.flatnonzero((asset == i) & (span >= 0))
        if len(mine):
            names, number = np.unique(name[mine].astype(str), return_inverse=True)
            cubes = np.zeros((2, len(names), len(ground.spans)))
            for cube, values in zip(cubes, sums, strict=True):
                np.add.at(cube, (number, span[mine]), values[mine])
            found[i] = Channels(tuple(names.tolist()), cubes[0], cubes[1])
    return found


def _codes(column: pa.ChunkedArray) -> Ints:
    codes: Ints = pc.dictionary_encode(column.combine_chunks()).indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _hands(ground: Ground) -> list[dict[str, tuple[float, float, float]]]:
    """Order lines by whose hands a stage of the order flow is in."""
    found: list[dict[str, tuple[float, float, float]]] = [{} for _ in ground.assets]
    if ground.lines is None:
        return found
    t = ground.lines
    doers = {
        "release": t.release_party,
        "fulfilment": t.fulfilment_party,
        "carriage": t.carrier_id,
        "promise": t.release_party,
    }
    sums: dict[str, ir.Value] = {}
    for stage, doer in doers.items():
        sums[f"{stage}_inside"] = (doer == ground.own).fill_null(False).sum()
        sums[f"{stage}_between"] = (doer != ground.own).fill_null(False).sum()
        sums[f"{stage}_unknown"] = doer.isnull().sum()
    table = ground.engine.run(t.group_by(*ground.portfolio.grain).agg(**sums))
    for row, asset in enumerate(_asset_numbers(ground, table).tolist()):
        if asset >= 0:
            for stage in doers:
                inside, between, unknown = (
                    float(table[f"{stage}_{side}"][row].as_py() or 0) for side in ("inside", "between", "unknown")
                )
                found[asset][stage] = inside, between, unknown
    return found


def _loops(ground: Ground) -> list[Loop | None]:
    """Supply from need to shelf, dealt out to assets by the order lines of the brand and category it supplies."""
    found: list[Loop | None] = [None] * len(ground.assets)
    orders, products = ground.rows.get("supply_orders"), ground.rows.get("products")
    if orders is None or ground.lines is None:
        return found
    t = orders.mutate(need=seconds(orders.signalled_at), placed=seconds(orders.placed_at))
    t = t.mutate(
        done=ibis.coalesce(seconds(orders.available_at), seconds(orders.received_at)),
        decided=ibis.coalesce(seconds(orders.decided_at), t.placed),
    )
    t = t.filter(t.need.notnull() & t.done.notnull() & (t.placed >= t.need) & (t.done >= t.placed))
    if products is not None:
        t = t.left_join(products.select("sku_id", "brand", "category"), "sku_id")
    else:
        t = t.mutate(brand=ibis.null("string"), category=ibis.null("string"))
    decided = ibis.least(ibis.greatest(t.decided, t.need), t.placed)
    table = ground.engine.run(
        t.group_by("brand", "category", span=t.need // ground.span_seconds).agg(
            to_decide=(decided - t.need).sum(),
            to_act=(t.placed - decided).sum(),
            whole=(t.done - t.need).sum(),
            orders=t.count(),
        )
    )
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    columns = [_floats(table[name]) for name in ("to_decide", "to_act", "whole", "orders")]
    sums = np.zeros((len(columns), len(ground.assets), len(ground.spans)))
    weights: dict[tuple[str | None, str | None], Floats] = {}
    for row, place in enumerate(zip(table["brand"].to_pylist(), table["category"].to_pylist(), strict=True)):
        if span[row] >= 0:
            weight = weights.setdefault(place, ground.places.asset_weights((place[0], place[1], None, None)))
            for number, values in enumerate(columns):
                sums[number, :, span[row]] += values[row] * weight
    return [Loop(*sums[:, i]) if sums[3, i].sum() > 0 else None for i in range(len(ground.assets))]
