"""Sold from an empty shelf: what it costs that a channel goes on selling what is gone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.diagnosis import Wall
from fourwalls.evidence.failure_costs import LEAST_FAILURES, Cost, FailureCosts, lines_of
from fourwalls.evidence.ground import PLACE, Finding, Ground
from fourwalls.evidence.rates import Excess, excess
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.losses import Loss
from fourwalls.measures import oversold as measures
from fourwalls.measures.order_lines import is_shop
from fourwalls.resampling import LEVEL, Draws, ratio_ranges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CHANNEL, _CATEGORY = PLACE.index("channel_id"), PLACE.index("category")
STAGE = "listing"


def find(ground: Ground, costs: FailureCosts) -> Finding:
    """Lines that channels took from empty shelves and had to cancel, beyond what the better channels let happen, and what they cost.

    Channels are compared that sell the same category: they sell from the same shelves, so that a wrong record or a shelf
    that is often empty meets all of them, and only what one channel hears late is its own. Such a line costs what a cancelled line
    was measured to cost beyond its margin, since the goods were not there to be sold.

    Needs stock_days, order_lines with node_id, channels with their kind (a shop cannot sell what is not on its shelf), and
    a measured cost of a cancelled line; refuses by name what is missing.
    """
    refusal = _cannot(ground, costs)
    if refusal is not None or ground.draws is None or costs.lost is None:
        return Finding(refusals=(refusal,) if refusal is not None else ())
    sums = _Sums(ground)
    found = excess(sums.oversold, sums.lines, [category for _, category in sums.groups], ground.draws)
    judged = {
        ground.assets[a]: frozenset({STAGE})
        for a in np.flatnonzero((sums.of_asset[found.held & (found.peers > 1)] > 0).any(axis=0)).tolist()
    }
    return Finding(tuple(_losses(ground, sums, found, costs.lost)), {(): _readings(sums, ground.draws)}, judged=judged)


def _cannot(ground: Ground, costs: FailureCosts) -> Refusal | None:
    because, data = "", ""
    if ground.lines is None or "stock_days" not in ground.rows:
        because, data = "there are no order lines beside a stock record", "order_lines with node_id, and stock_days"
    elif ground.draws is None:
        because, data = "the record is too short for ranges", "at least eight weeks"
    elif costs.lost is None:
        because, data = (
            f"what a cancelled line costs is not known; {LEAST_FAILURES} of them are needed",
            "customer_id in order_lines; leakage and work_log",
        )
    return Refusal("no_oversold", "lines sold from empty shelves", because, data) if because else None


class _Sums:
    """Lines, and those sold from empty shelves, by channel and category.

    Attributes:
        groups: Channel and category of each group.
        lines, oversold, value: By group and span, shape (groups, spans).
        of_asset: Share of each group's oversold lines in each asset, shape (groups, assets).
    """

    def __init__(self, ground: Ground) -> None:
        places = ground.places
        shops = _shops(ground)
        key = [(n[_CHANNEL], n[_CATEGORY]) for n in places.names]
        self.groups = [k for k in dict.fromkeys(key) if k[0] is not None and k[0] not in shops]
        group = np.array([self.groups.index(k) if k in self.groups else -1 for k in key], dtype=np.int64)
        table = ground.engine.run(measures.oversold_lines(lines_of(ground), ground.rows["stock_days"]))
        number = {name: i for i, name in enumerate(places.names)}
        named = zip(*(_texts(table[c]) for c in PLACE), strict=True)
        place = np.array([number.get(name, -1) for name in named], dtype=np.int64)
        span = ground.span_index(table["span"].to_numpy().astype(np.int64))
        inside = (place >= 0) & (span >= 0)
        of_place = np.zeros((2, *places.lines.shape))
        for i, name in enumerate(("lines", "value")):
            values = pc.cast(table[name], pa.float64()).to_numpy(zero_copy_only=False)
            np.add.at(of_place[i], (place[inside], span[inside]), values[inside])
        shape = (len(self.groups), places.lines.shape[1])
        self.lines, self.oversold, self.value = (np.zeros(shape) for _ in range(3))
        mine = group >= 0
        for into, values in ((self.lines, places.lines), (self.oversold, of_place[0]), (self.value, of_place[1])):
            np.add.at(into, group[mine], values[mine])
        told = np.zeros((len(self.groups), places.of_asset.shape[1]))
        np.add.at(told, group[mine], of_place[0][mine].sum(axis=1)[:, None] * places.of_asset[mine])
        total = told.sum(axis=1, keepdims=True)
        self.of_asset = np.divide(told, total, out=np.zeros(told.shape), where=total > 0)


def _shops(ground: Ground) -> set[str]:
    channels = ground.rows.get("channels")
    if channels is None or "kind" not in channels.columns:
        return set()
    rows = ground.engine.run(channels.select("channel_id", "kind")).to_pylist()
    return {str(row["channel_id"]) for row in rows if is_shop(str(row["kind"] or ""))}


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if v is None else str(v) for v in column.to_pylist()]


def _losses(ground: Ground, sums: _Sums, found: Excess, cost: Cost) -> list[Loss]:
    made = []
    for g in np.flatnonzero(found.amount > 0).tolist():
        channel, category = sums.groups[g]
        lines = float(sums.oversold[g].sum())
        worth = float(sums.value[g].sum()) / lines if lines else 0.0
        party = ground.channel_party.get(str(channel))
        wall: Wall = "unknown" if party is None else "inside" if party == ground.own else "between"
        drawn = found.draws[:, g] * worth * cost.draws
        for a in np.flatnonzero(sums.of_asset[g] > 0).tolist():
            part = float(sums.of_asset[g, a])
            amount = float(found.amount[g]) * worth * cost.share.value * part
            if amount > 0:
                made.append(
                    Loss(
                        ground.assets[a], "oversold", STAGE, wall, party, amount, drawn * part,
                        float(found.amount[g]) * part, "lines",
                        f"best quarter of {int(found.peers[g])} channels that sell {category or 'the same'}: "
                        f"{found.standard[g]:.2%} of lines sold from empty shelves",
                    )
                )  # fmt: skip
    return made


def _readings(sums: _Sums, draws: Draws) -> tuple[Reading, ...]:
    """Share of lines sold from empty shelves, channel by channel."""
    made = []
    for channel in dict.fromkeys(c for c, _ in sums.groups):
        mine = [i for i, (c, _) in enumerate(sums.groups) if c == channel]
        above, below = sums.oversold[mine].sum(axis=0)[None], sums.lines[mine].sum(axis=0)[None]
        value, low, high = ratio_ranges(above, below, draws)
        if np.isfinite(value[0]):
            figure = Estimate(float(value[0]), float(low[0]), float(high[0]), "share", LEVEL)
            made.append(
                Reading(
                    f"oversold: {channel}", f"Sold from empty shelves: {channel}", figure, int(below.sum()),
                    "lines ordered while their shelf stood empty and cancelled / lines",
                )
            )  # fmt: skip
    return tuple(made)
