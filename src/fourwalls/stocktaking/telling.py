"""What the stock flow says: of each asset, of its own books, and of the shelves behind a figure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.availability import Beside, Serving, StockSide, availability, drawn, luck, nothing_known, stock_side
from fourwalls.chain.accounts import WALLS
from fourwalls.chain.stock_flow import STAGES
from fourwalls.figures import Refusal
from fourwalls.stocktaking.accuracy import forecast_readings, missing_readings
from fourwalls.stocktaking.taking import STOCK_STAGES, Stocktaking
from fourwalls.value import costs, defaults_used

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Units below this are rounding.
_DUST = 1e-6


def sides(taking: Stocktaking, assets: list[tuple[str | None, ...]], currency: str) -> list[StockSide]:
    """What the stock flow says of each asset, and of the whole portfolio last.

    Args:
        taking: The stock flow.
        assets: Values of the grain, one tuple for each asset.
        currency: Of the amounts.
    """
    refused = taking.refusal
    share = taking.share if refused is None else None
    if refused is not None or share is None:
        return [nothing_known(refused or NOT_SERVED)] * (len(assets) + 1)
    number = {values: i for i, values in enumerate(assets)}
    asset = np.array([number.get(values, -1) for values in share.asset], dtype=np.int64)
    keep = asset >= 0
    serving = Serving(
        share.shelf[keep],
        asset[keep],
        share.weight[keep],
        share.price[keep],
        share.cost[keep],
        share.follows[keep],
        *_waiting(taking, share.shelf[keep]),
        len(assets),
        share.kept[keep],
    )
    spans = len(np.unique(taking.spans))
    chance = luck(taking.demand.spread, spans, taking.seed)
    accounts, walls = taking.accounts, taking.walls
    carrying = taking.portfolio.assumptions.get("carrying_rate_per_year", 0.0)
    beside = Beside(taking.markdowns, carrying, taking.lost_at_cost)
    found = drawn(accounts, walls, serving, chance, taking.days, costs(taking.portfolio, None), beside)
    absent = taking.absent_stages
    each = (f(taking, serving, chance) for f in (forecast_readings, missing_readings))
    read = [a + b for a, b in zip(*each, strict=True)]
    return [
        stock_side(d, availability(d, walls, taking.book, spans, currency, absent), r)
        for d, r in zip(found, read, strict=True)
    ]


def _waiting(taking: Stocktaking, shelf: Ints) -> tuple[Floats, Floats]:
    """Part of what met an empty shelf that was lost with it, and that came late, for each pair."""
    n = taking.shelves.num_rows
    unfilled, late = np.ones(n), np.zeros(n)
    if (found := taking.backorders) is not None:
        unfilled[found.shelves], late[found.shelves] = found.unfilled, found.late
    return unfilled[shelf], late[shelf]


def stock_notes(taking: Stocktaking, *, replayed: bool) -> tuple[str, ...]:
    """What did not add up in the stock record, in sentences; and, after a replay, that it reproduces the record."""
    books = taking.record.books
    told = f"Stock: {taking.shelves.num_rows:,} shelves (sku at node), {books.days:,} shelf-days"
    if books.checked:
        share = 100 * (1 - books.unbalanced / books.checked)
        told += f"; the record's own books balance on {share:.1f} % of the {books.checked:,} that can be checked"
    notes = [f"{told}."]
    if books.unbalanced:
        notes.append(f"Stock jumped without a receipt on {books.unbalanced:,} shelf-days: carried as recorded.")
    if books.missing:
        notes.append(
            f"Stock: {books.missing:,} days without a row inside the record of their shelf: nothing sold or lost there."
        )
    if books.negative or books.returned:
        notes.append(
            f"Stock below 0 on {books.negative:,} shelf-days, sales below 0 on {books.returned:,}: counted as 0."
        )
    notes += taking.supply_notes()
    if replayed and taking.refusal is None and taking.share is not None:
        n = taking.accounts.replayed
        notes.append(f"With nothing repaired, the replay reproduces the record to the unit on all {n:,} shelf-days.")
        if untold := int((~taking.demand.known).sum()):
            notes.append(
                f"Shelves with too few stocked days to tell what they would sell: {untold:,}; no lost sale is counted there."
            )
        if (found := taking.backorders) is not None:
            waited = 1 - float((found.asked.sum(axis=1) * found.unfilled).sum() / found.asked.sum())
            notes.append(
                f"Orders are taken on {len(found.shelves):,} shelves though they are empty: what was ordered on such days counts as "
                f"wanted; {100 * waited:.0f} % of it was served later and costs what a late line costs, not its margin."
            )
        sold = np.nansum(taking.record.sold, axis=1)[taking.share.shelf] > 0
        used = defaults_used(taking.portfolio, is_costed=bool(np.isfinite(taking.share.cost[sold]).all()))
        notes += [f"Default assumption used: {x}." for x in used]
    return tuple(notes)


NOT_SERVED = Refusal(
    "no_serving",
    "Availability",
    "nothing says whose demand the shelves serve",
    "order_lines with sku_id and node_id, or assets made of brand, category, node or its region",
)


def shelves_behind(taking: Stocktaking, chosen: set[tuple[str | None, ...]] | None, stage: str | None) -> pa.Table:
    """The shelves behind the lost sales of some assets, see `Study.shelves`.

    Args:
        taking: The stock flow.
        chosen: Values of the grain; None for all assets.
        stage: One of STOCK_STAGES, or None.
    """
    share, accounts, walls = taking.share, taking.accounts, taking.walls
    if share is None:
        return pa.table({})
    keep = np.array([chosen is None or values in chosen for values in share.asset], dtype=np.bool_)
    n = taking.shelves.num_rows
    weight = np.bincount(share.shelf[keep], share.weight[keep], minlength=n)
    saved = {s: accounts.stage[STAGES.index(s)].sum(axis=1, dtype=np.float64) * weight for s in STOCK_STAGES}
    lost = accounts.lost.sum(axis=1) * weight
    order_by = lost if stage is None else saved[stage]
    rows = np.flatnonzero((weight > 0) & (np.abs(order_by) > _DUST if stage is not None else np.ones(n, np.bool_)))
    rows = rows[np.argsort(-order_by[rows], kind="stable")]
    columns = {
        "sku_id": taking.shelves["sku_id"].take(pa.array(rows)),
        "node_id": taking.shelves["node_id"].take(pa.array(rows)),
        "demand_share": pa.array(np.minimum(weight[rows], 1.0)),
        "wanted_units": pa.array((accounts.demand.sum(axis=1) * weight)[rows]),
        "lost_units": pa.array(lost[rows]),
        **{f"{s}_units": pa.array(values[rows]) for s, values in saved.items()},
    }
    if stage is not None:
        at = STAGES.index(stage)
        columns["party_id"] = pa.array([walls.parties[p] for p in walls.party[at, rows].tolist()])
        columns["wall"] = pa.array([WALLS[w] for w in walls.wall[at, rows].tolist()])
        columns["standard"] = pa.array([walls.words[w] for w in walls.standard[at, rows].tolist()])
    return pa.table(columns)
