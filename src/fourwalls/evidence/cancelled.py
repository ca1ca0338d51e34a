"""Lines that had to be cancelled: what it costs that a channel sells what is gone, or a record promises what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.diagnosis import Wall
from fourwalls.evidence.closing import REASON_WORDS
from fourwalls.evidence.failure_costs import LEAST_FAILURES, Cost, FailureCosts, lines_of
from fourwalls.evidence.ground import PLACE, Finding, Ground
from fourwalls.evidence.rates import Excess, excess
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import cancelled as measures
from fourwalls.measures.order_lines import is_shop
from fourwalls.resampling import LEVEL, Draws, ratio_ranges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CHANNEL, _CATEGORY = PLACE.index("channel_id"), PLACE.index("category")


def find(ground: Ground, costs: FailureCosts) -> Finding:
    """Lines taken and cancelled, not by the customer nor for want of capacity, beyond what comparable channels and nodes let happen, and what they cost.

    Sold from an empty shelf (stage listing): channels are compared that sell the same category. They sell from the same shelves,
    so that a shelf that is often empty meets all of them, and only what one channel hears late is its own. Such a line costs
    what a cancelled line was measured to cost beyond its margin, since the goods were not there to be sold.

    Sold from a record without goods (stage record): the record said all day that there was stock, and nobody found it. Nodes are
    compared. Such a line costs its margin besides: a record that is right orders what is missing in time.

    Needs stock_days, order_lines with node_id and cancel_reason, channels with their kind (over a counter nobody sells what is
    not there), and a measured cost of a cancelled line; refuses by name what is missing.
    """
    refusal = _cannot(ground, costs)
    if refusal is not None or ground.draws is None or costs.lost is None:
        return Finding(refusals=(refusal,) if refusal is not None else ())
    record = _read(ground)
    cases = (_oversold(ground, record), _not_found(ground, record))
    losses: list[Loss] = []
    readings: list[Reading] = []
    judged: dict[AssetKey, frozenset[str]] = {}
    for case in cases:
        found = excess(case.gone, case.lines, case.peers, ground.draws)
        losses += _losses(ground, case, found, costs.lost)
        readings += _readings(case, ground.draws)
        compared = found.held & (found.peers > 1)
        for a in np.flatnonzero((case.of_asset[compared] > 0).any(axis=0)).tolist():
            key = ground.assets[a]
            judged[key] = judged.get(key, frozenset()) | {case.stage}
    return Finding(tuple(losses), {(): tuple(readings)}, judged=judged)


def _cannot(ground: Ground, costs: FailureCosts) -> Refusal | None:
    because, data = "", ""
    if ground.lines is None or "stock_days" not in ground.rows:
        because, data = "there are no order lines beside a stock record", "order_lines with node_id, and stock_days"
    elif ground.draws is None:
        because, data = "the record is too short for ranges", "at least eight weeks"
    elif costs.lost is None:
        because = f"what a cancelled line costs is not known; {LEAST_FAILURES} of them are needed"
        data = "customer_id in order_lines; leakage and work_log"
    return Refusal("no_cancelled", "lines that had to be cancelled", because, data) if because else None


@dataclass(frozen=True, slots=True)
class _Cancelled:
    """Cancelled lines, one entry for each place, node and span.

    Attributes:
        place, span: Numbers in `Ground.places` and `Ground.spans`, shape (entries,).
        node: Names.
        sums: Column of the measure → values, shape (entries,).
        shops: Channels with a counter.
    """

    place: Ints
    span: Ints
    node: list[str]
    sums: dict[str, Floats]
    shops: tuple[str, ...]


def _read(ground: Ground) -> _Cancelled:
    shops = _shops(ground)
    table = ground.engine.run(
        measures.cancelled_lines(lines_of(ground), ground.rows["stock_days"], shops, REASON_WORDS)
    )
    number = {name: i for i, name in enumerate(ground.places.names)}
    named = zip(*(_texts(table[c]) for c in PLACE), strict=True)
    place = np.array([number.get(name, -1) for name in named], dtype=np.int64)
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    inside = np.flatnonzero((place >= 0) & (span >= 0))
    table = table.take(inside)
    sums = {
        name: pc.cast(table[name], pa.float64()).to_numpy(zero_copy_only=False)
        for name in ("empty_lines", "held_lines", "empty_value", "held_value", "held_margin")
    }
    return _Cancelled(place[inside], span[inside], [str(n) for n in table["node_id"].to_pylist()], sums, shops)


def _shops(ground: Ground) -> tuple[str, ...]:
    channels = ground.rows.get("channels")
    if channels is None or "kind" not in channels.columns:
        return ()
    rows = ground.engine.run(channels.select("channel_id", "kind")).to_pylist()
    return tuple(sorted(str(row["channel_id"]) for row in rows if is_shop(str(row["kind"] or ""))))


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if v is None else str(v) for v in column.to_pylist()]


@dataclass(frozen=True, slots=True)
class _Case:
    """One reason why lines had to be cancelled, by group of those that are compared.

    Attributes:
        stage, told: Whose it is; what happened, in words.
        groups: Name of each group.
        peers: Label of each group: those of one label are compared.
        party: Who answers for each group; None where the record does not say.
        lines, gone: Taken, and cancelled, by group and span, shape (groups, spans).
        value, margin: Of the lines cancelled, and what of it is lost with the line itself, shape (groups,).
        of_asset: Share of each group's cancelled lines in each asset, shape (groups, assets).
    """

    stage: str
    told: str
    groups: list[str]
    peers: Sequence[object]
    party: list[str | None]
    lines: Floats
    gone: Floats
    value: Floats
    margin: Floats
    of_asset: Floats


def _oversold(ground: Ground, record: _Cancelled) -> _Case:
    places = ground.places
    key = [(n[_CHANNEL], n[_CATEGORY]) for n in places.names]
    groups = [k for k in dict.fromkeys(key) if k[0] is not None and k[0] not in record.shops]
    number = {k: i for i, k in enumerate(groups)}
    of_place = np.array([number.get(k, -1) for k in key], dtype=np.int64)
    lines = np.zeros((len(groups), len(ground.spans)))
    np.add.at(lines, of_place[of_place >= 0], places.lines[of_place >= 0])
    gone, value, _, of_asset = _summed(ground, record, of_place[record.place], len(groups), "empty")
    return _Case(
        "listing", "sold from empty shelves", [str(channel) for channel, _ in groups], [category for _, category in groups],
        [ground.channel_party.get(str(channel)) for channel, _ in groups], lines, gone, value, np.zeros(len(groups)), of_asset,
    )  # fmt: skip


def _not_found(ground: Ground, record: _Cancelled) -> _Case:
    table = ground.engine.run(measures.lines_by_node(lines_of(ground), record.shops))
    nodes = dict.fromkeys(str(n) for n in table["node_id"].to_pylist())
    number = {node: i for i, node in enumerate(nodes)}
    at = np.array([number[str(n)] for n in table["node_id"].to_pylist()], dtype=np.int64)
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    counts = table["lines"].to_numpy().astype(np.float64)
    lines = np.zeros((len(number), len(ground.spans)))
    np.add.at(lines, (at[span >= 0], span[span >= 0]), counts[span >= 0])
    party: dict[str, str | None] = {}
    for i in np.argsort(counts, kind="stable").tolist():  # the one of the largest count is written last
        party[str(table["node_id"][i].as_py())] = table["party_id"][i].as_py()
    group = np.array([number[n] for n in record.node], dtype=np.int64)
    gone, value, margin, of_asset = _summed(ground, record, group, len(number), "held")
    # A line that is kept has to be picked and brought.
    paid, fulfilled = (
        pc.cast(table[c], pa.float64()).to_numpy(zero_copy_only=False) for c in ("fulfilment", "fulfilled")
    )
    sums = [np.bincount(at, x, minlength=len(number)) for x in (paid, fulfilled)]
    margin = margin - np.divide(sums[0], sums[1], out=np.zeros(len(number)), where=sums[1] > 0) * gone.sum(axis=1)
    return _Case(
        "record", "sold from a record without goods", list(number), ["nodes"] * len(number), [party[n] for n in number],
        lines, gone, value, margin, of_asset,
    )  # fmt: skip


def _summed(
    ground: Ground, record: _Cancelled, group: Ints, groups: int, which: str
) -> tuple[Floats, Floats, Floats, Floats]:
    """Cancelled lines by group and span, their value and margin by group, and how they are spread over assets."""
    mine = group >= 0
    group, place, span = group[mine], record.place[mine], record.span[mine]
    lines = record.sums[f"{which}_lines"][mine]
    gone = np.zeros((groups, len(ground.spans)))
    np.add.at(gone, (group, span), lines)
    value = np.bincount(group, record.sums[f"{which}_value"][mine], minlength=groups).astype(np.float64)
    margin = np.zeros(groups)
    if which == "held":
        margin = np.bincount(group, record.sums["held_margin"][mine], minlength=groups).astype(np.float64)
    of_asset = np.zeros((groups, len(ground.assets)))
    np.add.at(of_asset, group, lines[:, None] * ground.places.of_asset[place])
    total = of_asset.sum(axis=1, keepdims=True)
    return gone, value, margin, np.divide(of_asset, total, out=np.zeros(of_asset.shape), where=total > 0)


def _losses(ground: Ground, case: _Case, found: Excess, cost: Cost) -> list[Loss]:
    made = []
    for g in np.flatnonzero(found.amount > 0).tolist():
        n = float(case.gone[g].sum())
        value, margin = float(case.value[g]) / n, float(case.margin[g]) / n
        party = case.party[g]
        wall: Wall = "unknown" if party is None else "inside" if party == ground.own else "between"
        drawn = found.draws[:, g] * (margin + value * cost.draws)
        amount = float(found.amount[g]) * (margin + value * cost.share.value)
        words = f"best quarter of {int(found.peers[g])} that are compared: {found.standard[g]:.2%} of lines {case.told}"
        for a in np.flatnonzero(case.of_asset[g] > 0).tolist():
            part = float(case.of_asset[g, a])
            if amount > 0:
                made.append(
                    Loss(
                        ground.assets[a], "cancelled", case.stage, wall, party, amount * part, drawn * part,
                        float(found.amount[g]) * part, "lines", words,
                    )
                )  # fmt: skip
    return made


def _readings(case: _Case, draws: Draws) -> list[Reading]:
    """Share of lines that had to be cancelled, by channel or by node."""
    made = []
    for name in dict.fromkeys(case.groups):
        mine = [i for i, group in enumerate(case.groups) if group == name]
        above, below = case.gone[mine].sum(axis=0)[None], case.lines[mine].sum(axis=0)[None]
        value, low, high = ratio_ranges(above, below, draws)
        if np.isfinite(value[0]):
            figure = Estimate(float(value[0]), float(low[0]), float(high[0]), "share", LEVEL)
            made.append(
                Reading(
                    f"cancelled_{case.stage}: {name}", f"{case.told[0].upper()}{case.told[1:]}: {name}", figure,
                    int(below.sum()), f"lines {case.told} and cancelled / lines",
                )
            )  # fmt: skip
    return made
