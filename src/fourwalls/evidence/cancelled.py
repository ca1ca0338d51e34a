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
from fourwalls.evidence.rates import LEAST_BASE, Excess, excess
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import cancelled as measures
from fourwalls.measures.order_lines import is_shop
from fourwalls.resampling import LEVEL, Draws, ratio_ranges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CHANNEL, _CATEGORY = PLACE.index("channel_id"), PLACE.index("category")
# Chance that any channel or node is told apart although all are equal.
_CHANCE = 0.05
# Channels, and nodes, whose share is read out: those of the highest.
_MOST_READ = 6
_HOUR_S = 3600.0


def find(ground: Ground, costs: FailureCosts) -> Finding:
    """Lines that had to be cancelled beyond what comparable channels and nodes let happen, and what they cost.

    Not those that the customer cancelled, nor those given up for want of capacity.

    Sold from an empty shelf (stage listing): channels are compared that sell the same category. They sell from the same shelves,
    so that a shelf that is often empty meets all of them, and only what one channel hears late is its own. Such a line costs
    what a cancelled line was measured to cost beyond its margin, since the goods were not there to be sold.

    Sold from a record without goods (stage record): the record said all day that there was stock, and nobody found it. Nodes are
    compared. Such a line costs its margin besides: a record that is right orders what is missing in time. Lines held longer
    than a target or service level allows are not among them: the order flow lays those to the stage that held them.

    Only lines from shelves with a stock record count, taken and cancelled. Needs stock_days, order_lines with node_id, channels
    with their kind (over a counter nobody sells what is not there), and a measured cost of a cancelled line; refuses by name
    what is missing. Where no line has a cancel_reason, customers' own cancellations count as well.
    """
    refusal = _cannot(ground, costs)
    if refusal is not None or ground.draws is None or costs.lost is None:
        return Finding(refusals=(refusal,) if refusal is not None else ())
    record = _read(ground)
    if not record.taken.num_rows:
        return Finding(refusals=(_refusal("no line names a node whose stock is recorded", "order_lines.node_id"),))
    cases = (_oversold(ground, record), _not_found(ground, record))
    sets = sum(len({p for p in case.peers if list(case.peers).count(p) > 1}) for case in cases)
    losses: list[Loss] = []
    readings: list[Reading] = []
    judged: dict[AssetKey, frozenset[str]] = {}
    least: dict[AssetKey, dict[str, float]] = {}
    for case in cases:
        found = excess(case.gone, case.lines, case.peers, ground.draws, error=_CHANCE / max(1, sets))
        losses += _losses(ground, case, found, costs.lost)
        readings += _readings(case, ground.draws)
        compared = found.held & (found.peers > 1)
        for a in np.flatnonzero((case.lines_of_asset[compared] > 0).any(axis=0)).tolist():
            key = ground.assets[a]
            judged[key] = judged.get(key, frozenset()) | {case.stage}
        for a, amount in enumerate(_detectable(case, found, costs.lost).tolist()):
            if amount > 0:
                least.setdefault(ground.assets[a], {})[case.stage] = amount
    return Finding(tuple(losses), {(): tuple(readings)}, judged=judged, detectable=least)


def _refusal(because: str, data: str) -> Refusal:
    return Refusal("no_cancelled", "lines that had to be cancelled", because, data)


def _cannot(ground: Ground, costs: FailureCosts) -> Refusal | None:
    because, data = "", ""
    if ground.lines is None or "stock_days" not in ground.rows:
        because, data = "there are no order lines beside a stock record", "order_lines with node_id, and stock_days"
    elif ground.draws is None:
        because, data = "the record is too short for ranges", "at least eight weeks"
    elif costs.lost is None:
        because = f"what a cancelled line costs is not known; {LEAST_FAILURES} of them are needed"
        data = "customer_id in order_lines; leakage and work_log"
    elif not any(_kinds(ground).values()):
        because = "nothing says which channels are shops, where nobody sells what is not on the shelf"
        data = "channels with kind"
    return _refusal(because, data) if because else None


def _kinds(ground: Ground) -> dict[str, str]:
    """Channel → what kind it is; "" where nothing says so."""
    channels = ground.rows.get("channels")
    if channels is None or "kind" not in channels.columns:
        return {}
    rows = ground.engine.run(channels.select("channel_id", "kind")).to_pylist()
    return {str(row["channel_id"]): str(row["kind"] or "") for row in rows}


@dataclass(frozen=True, slots=True)
class _Record:
    """Lines taken from recorded shelves, and those of them that were cancelled.

    Attributes:
        taken, gone: From the measures, rows inside the record only, in the order of their names.
        taken_place, taken_span, gone_place, gone_span: Numbers in `Ground.places` and `Ground.spans`, by row.
    """

    taken: pa.Table
    taken_place: Ints
    taken_span: Ints
    gone: pa.Table
    gone_place: Ints
    gone_span: Ints


def _read(ground: Ground) -> _Record:
    shops = sorted(channel for channel, kind in _kinds(ground).items() if is_shop(kind))
    lines, stock = lines_of(ground), ground.rows["stock_days"]
    levels = [x.hours for x in ground.portfolio.service_levels if x.stage in ("release", "fulfilment")]
    levels += [
        ground.portfolio.targets[n] for n in ("release_hours", "fulfilment_hours") if n in ground.portfolio.targets
    ]
    within = min(levels) * _HOUR_S if levels else None
    tables = (
        ground.engine.run(measures.taken_lines(lines, stock, shops)),
        ground.engine.run(measures.cancelled_lines(lines, stock, shops, REASON_WORDS, within)),
    )
    number = {name: i for i, name in enumerate(ground.places.names)}
    parts: list[pa.Table | Ints] = []
    for table in tables:
        # An engine gives rows in any order, and sums must not depend on it.
        table = table.sort_by([(c, "ascending") for c in (*PLACE, "node_id", "span")])
        named = zip(*(_texts(table[c]) for c in PLACE), strict=True)
        place = np.array([number.get(name, -1) for name in named], dtype=np.int64)
        span = ground.span_index(table["span"].to_numpy().astype(np.int64))
        inside = np.flatnonzero((place >= 0) & (span >= 0))
        parts += [table.take(pa.array(inside)), place[inside], span[inside]]
    return _Record(*parts)


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if v is None else str(v) for v in column.to_pylist()]


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = pc.fill_null(pc.cast(column, pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    return values


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
        lines_of_asset, of_asset: Lines of each group in each asset; share of its cancelled lines, shape (groups, assets).
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
    lines_of_asset: Floats
    of_asset: Floats


def _oversold(ground: Ground, record: _Record) -> _Case:
    names = ground.places.names
    keys = [(names[p][_CHANNEL], names[p][_CATEGORY]) for p in record.taken_place.tolist()]
    groups = sorted({k for k in keys if k[0] is not None}, key=str)
    number = {k: i for i, k in enumerate(groups)}
    taken = np.array([number.get(k, -1) for k in keys], dtype=np.int64)
    gone = np.array(
        [number.get((names[p][_CHANNEL], names[p][_CATEGORY]), -1) for p in record.gone_place.tolist()], np.int64
    )
    lines, cancelled, value, _, lines_of_asset, of_asset = _summed(ground, record, taken, gone, len(groups), "empty")
    return _Case(
        "listing", "sold from empty shelves", [str(channel) for channel, _ in groups], [category for _, category in groups],
        [ground.channel_party.get(str(channel)) for channel, _ in groups], lines, cancelled, value, np.zeros(len(groups)),
        lines_of_asset, of_asset,
    )  # fmt: skip


def _not_found(ground: Ground, record: _Record) -> _Case:
    nodes = [str(n) for n in record.taken["node_id"].to_pylist()]
    groups = sorted(set(nodes))
    number = {node: i for i, node in enumerate(groups)}
    taken = np.array([number[n] for n in nodes], dtype=np.int64)
    gone = np.array([number.get(str(n), -1) for n in record.gone["node_id"].to_pylist()], dtype=np.int64)
    lines, cancelled, value, margin, lines_of_asset, of_asset = _summed(
        ground, record, taken, gone, len(groups), "held"
    )
    # A line that is kept has to be picked and brought.
    paid, told = (
        np.bincount(taken, _floats(record.taken[c]), minlength=len(groups)) for c in ("fulfilment", "fulfilled")
    )
    margin = margin - np.divide(paid, told, out=np.zeros(len(groups)), where=told > 0) * cancelled.sum(axis=1)
    by_party: dict[tuple[str, str], float] = {}
    of_row = zip(nodes, _texts(record.taken["party_id"]), _floats(record.taken["lines"]).tolist(), strict=True)
    for node, party, n in of_row:
        if party is not None:
            by_party[node, party] = by_party.get((node, party), 0.0) + n
    whose = {node: party for (node, party), _ in sorted(by_party.items(), key=lambda i: (i[1], i[0]))}
    return _Case(
        "record", "sold from a record without goods", groups, ["nodes"] * len(groups), [whose.get(n) for n in groups],
        lines, cancelled, value, margin, lines_of_asset, of_asset,
    )  # fmt: skip


def _summed(
    ground: Ground, record: _Record, taken: Ints, gone: Ints, groups: int, which: str
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Lines and cancelled lines by group and span, value and margin of the latter, and how both are spread over assets."""
    of_place = ground.places.of_asset

    def by_span(group: Ints, span: Ints, counts: Floats) -> Floats:
        sums = np.zeros((groups, len(ground.spans)))
        np.add.at(sums, (group[group >= 0], span[group >= 0]), counts[group >= 0])
        return sums

    def by_asset(group: Ints, place: Ints, counts: Floats) -> Floats:
        sums = np.zeros((groups, len(ground.assets)))
        np.add.at(sums, group[group >= 0], counts[group >= 0, None] * of_place[place[group >= 0]])
        return sums

    def by_group(column: str) -> Floats:
        mine = gone >= 0
        return np.bincount(gone[mine], _floats(record.gone[column])[mine], minlength=groups).astype(np.float64)

    counts, lost = _floats(record.taken["lines"]), _floats(record.gone[f"{which}_lines"])
    told = by_asset(gone, record.gone_place, lost)
    total = told.sum(axis=1, keepdims=True)
    return (
        by_span(taken, record.taken_span, counts),
        by_span(gone, record.gone_span, lost),
        by_group(f"{which}_value"),
        by_group("held_margin") if which == "held" else np.zeros(groups),
        by_asset(taken, record.taken_place, counts),
        np.divide(told, total, out=np.zeros(told.shape), where=total > 0),
    )


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


def _detectable(case: _Case, found: Excess, cost: Cost) -> Floats:
    """The smallest amount of it that would have been told apart, by asset, shape (assets,); 0 where nothing says what a line costs.

    A line costs what those cancelled anywhere for this reason cost on average: a group told apart from nobody may have none.
    """
    n = float(case.gone.sum())
    if n <= 0:
        return np.zeros(case.lines_of_asset.shape[1])
    a_line = float(case.margin.sum()) / n + float(case.value.sum()) / n * cost.share.value
    lines = case.lines_of_asset.sum(axis=1, keepdims=True)
    part = np.divide(case.lines_of_asset, lines, out=np.zeros(case.lines_of_asset.shape), where=lines > 0)
    amounts: Floats = a_line * (np.nan_to_num(found.detectable) @ part)
    return amounts


def _readings(case: _Case, draws: Draws) -> list[Reading]:
    """Share of lines that had to be cancelled, by channel or by node, the highest first."""
    made = []
    for name in dict.fromkeys(case.groups):
        mine = [i for i, group in enumerate(case.groups) if group == name]
        above, below = case.gone[mine].sum(axis=0)[None], case.lines[mine].sum(axis=0)[None]
        if below.sum() < LEAST_BASE:
            continue
        value, low, high = ratio_ranges(above, below, draws)
        figure = Estimate(float(value[0]), float(low[0]), float(high[0]), "share", LEVEL)
        label = f"{case.told[0].upper()}{case.told[1:]}: {name}"
        words = f"lines {case.told} and cancelled / lines from shelves whose stock is recorded"
        made.append(
            (float(value[0]), Reading(f"cancelled_{case.stage}: {name}", label, figure, int(below.sum()), words))
        )
    return [reading for _, reading in sorted(made, key=lambda m: -m[0])[:_MOST_READ]]
