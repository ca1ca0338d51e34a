"""A small retailer with a centre and two depots whose lost sales are known: its days can be lived again with one thing mended.

Made apart from the package and its worlds: the centre buys weekly up to a level and the depots are filled up from it three
times a week. Where it has too little it shares out in whole cases, so that something always stays behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SKUS, DAYS, BEFORE = 40, 364, 90
CENTRE, NORTH, SOUTH = range(3)
NODES = ("centre", "north", "south")
SUPPLIERS, CATEGORIES = ("kiln", "yard"), ("bowls", "logs")
LEAD, SLOT, TRANSFERS = (8, 12), (0, 2), (1, 3, 5)
_START = datetime(2024, 1, 1)  # noqa: DTZ001 - times are naive UTC; a Monday

TOML = """\
[portfolio]
name = "Two echelons"
currency = "EUR"
own_party_id = "us"
asset = ["category"]
"""


@dataclass(frozen=True)
class Defect:
    """What is wrong, each 0 where it is not.

    Attributes:
        late_days: Every other order from the kiln comes later than it confirms, by so many days on average.
        undecided_days: Buyers sit on orders for the kiln.
        unstowed_days: The centre, which others run for us, leaves goods of the kiln on its dock.
        tilt: Of the levels for logs, the north has more (log) and the south less.
    """

    late_days: float = 0.0
    undecided_days: float = 0.0
    unstowed_days: float = 0.0
    tilt: float = 0.0


@dataclass
class Diary:
    """What happened, by sku, node and day; days counted from the first simulated one."""

    demand: np.ndarray
    sold: np.ndarray
    closing: np.ndarray
    arrived: np.ndarray
    moved: np.ndarray
    empty: np.ndarray
    orders: list[tuple[float, ...]] = field(default_factory=list)

    def lost(self) -> float:
        """Units wanted and not sold in the record."""
        return float((self.demand - self.sold)[:, :, BEFORE:].sum())


def live(seed: int, defect: Defect, *, case: int = 1) -> Diary:
    """Lives through all days; what chance brings depends on the seed alone.

    Args:
        seed: Of all draws.
        defect: What is wrong.
        case: Units that transfers are a multiple of.
    """
    rng = np.random.default_rng(seed)
    days = BEFORE + DAYS
    rate = rng.lognormal(0.8, 0.6, (SKUS, 1)) * np.array([0.0, 1.0, 0.8])
    demand = rng.poisson(rate[:, :, None] * rng.gamma(6.0, 1 / 6.0, (SKUS, 3, days))).astype(float)
    is_late, slips, sits, stays = (rng.random((SKUS, days)) for _ in range(4))
    d = Diary(demand, *(np.zeros(demand.shape) for _ in range(5)))
    category = np.arange(SKUS) % 2
    tilt = np.where(category[:, None] == 1, np.exp(defect.tilt * np.array([0.0, 1.0, -1.0])), 1.0)
    stock, on_order = rate * 5 + rate.sum(axis=1, keepdims=True) * np.array([12.0, 0, 0]), np.zeros((SKUS, 3))
    coming = np.zeros((SKUS, 3, days + 120))
    for day in range(days):
        stock += coming[:, :, day]
        on_order -= coming[:, :, day]
        d.arrived[:, :, day] = coming[:, :, day]
        if day % 7 in TRANSFERS:
            level = 3.4 * rate + 1.3 * np.sqrt(3.4 * rate)
            # Tilted, levels add up to what they would.
            level = level * tilt * (level.sum(axis=1) / (level * tilt).sum(axis=1))[:, None]
            wish = case * np.ceil(np.maximum(level - stock - on_order, 0)[:, 1:] / case)
            short = np.minimum(stock[:, CENTRE] / np.maximum(wish.sum(axis=1), 1), 1)
            sent = case * np.floor(wish * short[:, None] / case + 1e-9)
            stock[:, CENTRE] -= sent.sum(axis=1)
            d.moved[:, CENTRE, day] -= sent.sum(axis=1)
            for s, n in np.argwhere(sent > 0):
                _comes(
                    d,
                    coming,
                    on_order,
                    (s, n + 1, CENTRE),
                    (day + 0.2,) * 3,
                    (day + 1.1,) * 2 + (day + 1.1 + 0.2 * stays[s, day],),
                    sent[s, n],
                )
        for who in np.flatnonzero(np.array(SLOT) == day % 7):
            need = rate.sum(axis=1)
            protects = LEAD[who] + 10
            level = need * protects + 1.4 * np.sqrt(need * protects * 1.5)
            amount = np.ceil(np.maximum(level - stock[:, CENTRE] - on_order[:, CENTRE], 0)) * (category == who)
            for s in np.flatnonzero(amount):
                wrong = 1.0 if who == 0 else 0.0
                placed = day + 0.3 + 0.1 * sits[s, day] + wrong * defect.undecided_days * (0.5 + sits[s, day])
                promised = placed + LEAD[who] + 1
                late = wrong * defect.late_days * 2 * slips[s, day] if is_late[s, day] < 0.5 else 0.0
                received = promised - slips[s, day] + late
                stowed = received + 0.2 * stays[s, day] + wrong * defect.unstowed_days * (0.5 + stays[s, day])
                _comes(
                    d,
                    coming,
                    on_order,
                    (s, CENTRE, -1),
                    (day + 0.3, placed, placed),
                    (promised, received, stowed),
                    amount[s],
                )
        sold = np.minimum(demand[:, :, day], stock)
        ran_out = np.where(demand[:, :, day] >= stock, 1 - stock / (demand[:, :, day] + 1), 0.0)
        d.empty[:, :, day] = np.where(stock <= 0, 1.0, ran_out)
        stock = stock - sold
        d.sold[:, :, day], d.closing[:, :, day] = sold, stock
    return d


def _comes(d, coming, on_order, where, before, after, units) -> None:  # type: ignore[no-untyped-def]
    s, node, giver = where
    coming[s, node, int(after[2])] += units
    on_order[s, node] += units
    d.orders.append((s, node, giver, *before, *after, units))


def write(folder: Path, d: Diary) -> Path:
    """The portfolio as its owner would have it."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "portfolio.toml").write_text(TOML)
    for name, table in _tables(d).items():
        pq.write_table(table, folder / "tables" / f"{name}.parquet")
    return folder


def _times(days: np.ndarray, *, until: float = np.inf) -> pa.Array:
    told = [None if x >= until else _START + timedelta(seconds=round((x - BEFORE) * 86_400)) for x in days.tolist()]
    return pa.array(told, pa.timestamp("s"))


def _tables(d: Diary) -> dict[str, pa.Table]:
    ids, end = [f"s{s:02}" for s in range(SKUS)], float(BEFORE + DAYS)
    stock = {
        "sku_id": np.repeat(ids, 3 * DAYS),
        "node_id": np.tile(np.repeat(NODES, DAYS), SKUS),
        "day": [(_START + timedelta(days=t)).date() for t in range(DAYS)] * (3 * SKUS),
    }
    kept = {"on_hand": d.closing, "sold": d.sold, "received": d.arrived, "adjusted": d.moved}
    stock |= {f"{name}_units": values[:, :, BEFORE:].ravel() for name, values in kept.items()}
    stock["empty_share"] = d.empty[:, :, BEFORE:].ravel()
    o = np.array([o for o in d.orders if o[4] < end and o[8] >= BEFORE - 30])
    sku, node, giver = o[:, :3].astype(int).T
    received = _times(o[:, 7], until=end)
    supply = {
        "supply_order_id": [f"p{i}" for i in range(len(o))],
        "sku_id": [ids[s] for s in sku],
        "to_node_id": [NODES[n] for n in node],
        "from_node_id": [None if n < 0 else NODES[n] for n in giver],
        "supplier_id": [SUPPLIERS[s % 2] if n < 0 else None for s, n in zip(sku, giver, strict=True)],
        **{f"{t}_at": _times(o[:, 3 + i]) for i, t in enumerate(("signalled", "decided", "placed", "promised"))},
        "received_at": received,
        "available_at": _times(o[:, 8], until=end),
        "ordered_units": o[:, 9],
        "received_units": [u if r.is_valid else None for u, r in zip(o[:, 9].tolist(), received, strict=True)],
    }
    kinds = [("us", "own company"), ("stack", "3PL"), *((s, "supplier") for s in SUPPLIERS)]
    return {
        "stock_days": pa.table(stock),
        "supply_orders": pa.table(supply),
        "products": pa.table({"sku_id": ids, "brand": ["own"] * SKUS, "category": [CATEGORIES[s % 2] for s in range(SKUS)]}),
        "nodes": pa.table({"node_id": list(NODES), "kind": ["3PL site", "own DC", "own DC"],
                           "party_id": ["stack", "us", "us"], "region": ["middle", "north", "south"]}),
        "parties": pa.table({"party_id": [k[0] for k in kinds], "kind": [k[1] for k in kinds], "name": [k[0] for k in kinds]}),
    }  # fmt: skip
