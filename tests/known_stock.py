"""A small retailer whose lost sales are known, because its days can be lived again with one stage mended.

Made apart from the package and its worlds: weekly (s, S) buying on levels that are reviewed monthly, negative-binomial
demand, lead times with gamma noise, three suppliers, two places that buy for themselves and a shop that the first refills.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SKUS, DAYS, BEFORE, AFTER = 60, 364, 100, 60
NODES = ("dc", "hall", "shop")
DC, HALL, SHOP = range(3)
SUPPLIERS = ("mill", "forge", "loom")
CATEGORIES = ("chairs", "lamps", "rugs")
SLOT = (0, 1, 3)  # weekday on which each supplier takes orders
LEAD = np.array([6.0, 9.0, 13.0])
_START = datetime(2024, 1, 1)  # noqa: DTZ001 - times are naive UTC; a Monday

TOML = """\
[portfolio]
name = "Known"
currency = "EUR"
own_party_id = "us"
asset = ["category"]
"""


@dataclass(frozen=True)
class Defect:
    """What is wrong, each 0 where it is not.

    Attributes:
        late_days: The loom's orders come later than it confirms: mean extra days, on two orders in five.
        undecided_days: Buyers sit on orders for the loom.
        unstowed_days: The hall leaves goods on its dock.
        short_share: Part of what is ordered from the loom that does not come and is cancelled.
        bias_share: Forecasts of lamps are too low by this.
        skew: The hall is given less of rugs, and the dc more (log).
    """

    late_days: float = 0.0
    undecided_days: float = 0.0
    unstowed_days: float = 0.0
    short_share: float = 0.0
    bias_share: float = 0.0
    skew: float = 0.0


@dataclass
class Diary:
    """What happened, day by day and order by order; all days counted from the first simulated one."""

    demand: np.ndarray
    sold: np.ndarray
    closing: np.ndarray
    arrived: np.ndarray
    moved: np.ndarray
    empty: np.ndarray
    forecast: np.ndarray
    orders: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def inside(self) -> slice:
        """Days of the record."""
        return slice(BEFORE, BEFORE + DAYS)

    @property
    def lost(self) -> float:
        """Units wanted and not sold in the record."""
        return float((self.demand - self.sold)[..., self.inside].sum())

    def wanted(self) -> float:
        """Units wanted in the record."""
        return float(self.demand[..., self.inside].sum())


@dataclass(frozen=True)
class Luck:
    """Everything that is drawn, so that two lives differ only by what was mended."""

    rate: np.ndarray
    demand: np.ndarray
    guess: np.ndarray
    lead: np.ndarray
    late: np.ndarray
    late_days: np.ndarray
    sits: np.ndarray
    dock: np.ndarray
    short: np.ndarray
    hour: np.ndarray


def luck(seed: int) -> Luck:
    """One set of draws."""
    rng = np.random.default_rng(seed)
    shape = (SKUS, len(NODES), BEFORE + DAYS + AFTER)
    rate = rng.lognormal(0.6, 0.7, (SKUS, 1)) * np.array([1.0, 0.8, 0.7])
    rate[np.arange(SKUS) % 4 != 0, SHOP] = 0.0
    week = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.4, 0.9])
    mean = rate[:, :, None] * week[np.arange(shape[2]) % 7]
    dispersion = 3.0
    demand = rng.negative_binomial(dispersion, dispersion / (dispersion + np.maximum(mean, 1e-9))) * (mean > 0)
    return Luck(
        rate=rate,
        demand=demand,
        guess=rng.lognormal(-0.01, 0.15, (SKUS, len(NODES), shape[2] // 28 + 1)),
        lead=rng.gamma(4.0, 0.5, shape),
        late=rng.random(shape),
        late_days=rng.gamma(4.0, 0.25, shape),
        sits=rng.gamma(3.0, 1 / 3.0, shape),
        dock=rng.gamma(3.0, 0.1, shape),
        short=rng.beta(2.0, 2.0, shape) * 2,
        hour=rng.random(shape),
    )


def supplier_of(sku: np.ndarray) -> np.ndarray:
    """Number of each sku's supplier; every category has all of them."""
    return (sku // 3) % 3


def live(draws: Luck, defect: Defect, *, lots: float = 0.0, reserve: float = 1.0) -> Diary:
    """Lives through all days.

    Args:
        draws: What chance brings.
        defect: What is wrong.
        lots: Orders are made only from this many weeks of demand on: 0 for order-up-to, more for (s, S).
        reserve: Safety stock in standard deviations.
    """
    days = draws.demand.shape[2]
    sku = np.arange(SKUS)
    category = sku % 3
    shape = draws.demand.shape
    d = Diary(draws.demand, *(np.zeros(shape) for _ in range(6)))
    coming = np.zeros((*shape[:2], days + 200))
    on_hand, on_order = draws.rate * 14, np.zeros(shape[:2])
    guess = draws.rate[:, :, None] * draws.guess
    guess[category == 1] *= 1 - defect.bias_share
    d.forecast[:] = guess[:, :, np.arange(days) // 28]
    ends: list[list[tuple[int, int, float]]] = [[] for _ in range(days + 200)]
    for day in range(days):
        d.arrived[:, :, day] = coming[:, :, day]
        on_hand += coming[:, :, day]
        for s, n, units in ends[day]:
            on_order[s, n] -= units
        seen = d.forecast[:, :, day]
        _transfer(draws, d, day, seen, on_hand, on_order, coming, ends)
        for who in range(3):
            if day % 7 == SLOT[who]:
                _buy(draws, defect, d, day, who, seen, on_hand, on_order, coming, ends, lots, reserve)
        sold = np.minimum(draws.demand[:, :, day], on_hand)
        d.empty[:, :, day] = _empty(draws.demand[:, :, day], on_hand, draws.hour[:, :, day])
        on_hand = on_hand - sold
        d.sold[:, :, day], d.closing[:, :, day] = sold, on_hand
    return d


def _empty(demand: np.ndarray, stock: np.ndarray, luck_of_day: np.ndarray) -> np.ndarray:
    """Share of the day without stock: from the sale of the last unit on, sales being spread evenly by chance.

    The median of the order statistic stands for the draw where the stock runs out, by its usual approximation.
    """
    out = (demand >= stock) & (stock > 0)
    moment = np.clip((stock - 0.3 + 0.6 * (luck_of_day - 0.5)) / (demand + 0.4), 0.0, 1.0)
    return np.where(stock <= 0, 1.0, np.where(out, 1 - moment, 0.0))


def _transfer(draws, d, day, seen, on_hand, on_order, coming, ends) -> None:  # type: ignore[no-untyped-def]
    """Tuesdays and Fridays the shop is filled up from the dc, a day later on the shelf."""
    if day % 7 not in (1, 4):
        return
    level = np.ceil(seen[:, SHOP] * 5.5 + 1.3 * np.sqrt(seen[:, SHOP] * 5.5 * 1.7))
    want = np.maximum(level - on_hand[:, SHOP] - on_order[:, SHOP], 0) * (draws.rate[:, SHOP] > 0)
    sent = np.minimum(want, on_hand[:, DC])
    for s in np.flatnonzero(sent > 0):
        on_hand[s, DC] -= sent[s]
        d.moved[s, DC, day] -= sent[s]
        on_order[s, SHOP] += sent[s]
        coming[s, SHOP, day + 1] += sent[s]
        ends[day + 1].append((int(s), SHOP, sent[s]))
        at = day + 0.3
        d.orders.append((int(s), SHOP, DC, at, at, at, day + 1.3, day + 1.3, day + 1.3, sent[s], sent[s]))


def _buy(draws, defect, d, day, who, seen, on_hand, on_order, coming, ends, lots, reserve) -> None:  # type: ignore[no-untyped-def]
    sku = np.arange(SKUS)
    mine = (supplier_of(sku) == who)[:, None] & np.array([True, True, False])
    needed = seen.copy()
    needed[:, DC] += needed[:, SHOP]
    protects = 7 + LEAD[who] + 2.5
    level = needed * protects + reserve * np.sqrt(needed * protects * 1.9)
    level[sku % 3 == 2, HALL] *= np.exp(-defect.skew)
    level[sku % 3 == 2, DC] *= np.exp(0.5 * defect.skew)
    ordered = np.ceil(np.maximum(level - on_hand - on_order, 0))
    ordered[(ordered < 7 * lots * needed) | ~mine] = 0
    for s, n in zip(*np.nonzero(ordered), strict=True):
        units = float(ordered[s, n])
        is_loom = who == 2
        sits = 0.1 + (defect.undecided_days * draws.sits[s, n, day] if is_loom else 0.0)
        signalled = day + 0.2
        placed = signalled + sits
        confirmed = LEAD[who] + 3.5
        lead = LEAD[who] + draws.lead[s, n, day]
        if is_loom and defect.late_days and draws.late[s, n, day] < 0.4:
            lead = confirmed + defect.late_days * draws.late_days[s, n, day]
        received = placed + lead
        stay = draws.dock[s, n, day] + (defect.unstowed_days * draws.sits[s, n, day] if n == HALL else 0.0)
        available = received + stay
        missing = min(defect.short_share * draws.short[s, n, day], 1.0) if is_loom else 0.0
        come = float(np.round(units * (1 - missing)))
        on_order[s, n] += units
        coming[s, n, int(available)] += come
        ends[int(available)].append((int(s), int(n), units))
        d.orders.append(
            (int(s), int(n), None, signalled, placed, placed, placed + confirmed, received, available, units, come)
        )


def write(folder: Path, d: Diary, *, hours: bool = True) -> Path:
    """The portfolio as its owner would have it; without `hours`, nobody records when a shelf went empty."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "portfolio.toml").write_text(TOML)
    for name, table in _tables(d, hours=hours).items():
        pq.write_table(table, folder / "tables" / f"{name}.parquet")
    return folder


def _times(days: list[float | None]) -> pa.Array:
    end = BEFORE + DAYS
    told = [None if x is None or x >= end else _START + timedelta(seconds=round((x - BEFORE) * 86_400)) for x in days]
    return pa.array(told, pa.timestamp("s"))


def _tables(d: Diary, *, hours: bool) -> dict[str, pa.Table]:
    sku, node = np.nonzero(d.demand.sum(axis=2) > 0)
    ids = [f"s{s:02}" for s in range(SKUS)]
    stock: dict[str, pa.Array] = {
        "sku_id": pa.array(np.repeat([ids[s] for s in sku], DAYS)),
        "node_id": pa.array(np.repeat([NODES[n] for n in node], DAYS)),
        "day": pa.array([(_START + timedelta(days=t)).date() for t in range(DAYS)] * len(sku)),
    }
    names = {"on_hand_units": d.closing, "sold_units": d.sold, "received_units": d.arrived, "adjusted_units": d.moved}
    if hours:
        names["empty_share"] = d.empty
    stock |= {name: pa.array(values[sku, node, d.inside].ravel()) for name, values in names.items()}
    kept = [o for o in d.orders if o[4] < BEFORE + DAYS and o[8] >= BEFORE - 30]  # type: ignore[operator]
    columns = list(zip(*kept, strict=True))
    last = [a if a < BEFORE + DAYS else None for a in columns[7]]  # type: ignore[operator]
    supply = {
        "supply_order_id": pa.array([f"p{i}" for i in range(len(kept))]),
        "sku_id": pa.array([ids[s] for s in columns[0]]),
        "to_node_id": pa.array([NODES[n] for n in columns[1]]),
        "from_node_id": pa.array([None if n is None else NODES[n] for n in columns[2]], pa.string()),
        "supplier_id": pa.array([
            SUPPLIERS[int(supplier_of(np.array(s)))] if n is None else None for s, n in zip(columns[0], columns[2], strict=True)
        ], pa.string()),
        **{f"{t}_at": _times(list(columns[3 + i])) for i, t in enumerate(("signalled", "decided", "placed"))},
        # A date that was confirmed is known even where it lies ahead.
        "promised_at": pa.array([_START + timedelta(days=x - BEFORE) for x in columns[6]], pa.timestamp("s")),
        "received_at": _times(last),
        "available_at": _times(list(columns[8])),
        "ordered_units": pa.array(columns[9]),
        "received_units": pa.array([c if r is not None else None for c, r in zip(columns[10], last, strict=True)], pa.float64()),
    }  # fmt: skip
    weeks = range(0, DAYS, 7)
    forecasts = {
        "sku_id": pa.array(np.repeat([ids[s] for s in sku], len(weeks))),
        "node_id": pa.array(np.repeat([NODES[n] for n in node], len(weeks))),
        "forecast_on": pa.array([(_START + timedelta(days=w)).date() for w in weeks] * len(sku)),
        "period_on": pa.array([(_START + timedelta(days=w)).date() for w in weeks] * len(sku)),
        "period_days": pa.array([7] * (len(sku) * len(weeks))),
        "forecast_units": pa.array((7 * d.forecast[sku, node, d.inside][:, ::7]).ravel()),
        "forecaster_id": pa.array(["us"] * (len(sku) * len(weeks))),
    }
    kinds = [("us", "own company"), ("packers", "3PL"), *((s, "supplier") for s in SUPPLIERS)]
    return {
        "stock_days": pa.table(stock),
        "supply_orders": pa.table(supply),
        "forecasts": pa.table(forecasts),
        "products": pa.table({"sku_id": ids, "brand": ["own"] * SKUS, "category": [CATEGORIES[s % 3] for s in range(SKUS)]}),
        "nodes": pa.table({"node_id": list(NODES), "kind": ["own DC", "3PL site", "store"], "party_id": ["us", "packers", "us"],
                           "region": ["north"] * 3}),
        "parties": pa.table({"party_id": [k[0] for k in kinds], "kind": [k[1] for k in kinds], "name": [k[0] for k in kinds]}),
    }  # fmt: skip


def mended(defect: Defect) -> Defect:
    """The same world with nothing wrong."""
    return replace(defect, **dict.fromkeys(Defect.__dataclass_fields__, 0.0))
