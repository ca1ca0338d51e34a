"""Write a life as the folder that its company would hand over: tables, portfolio.toml, contracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from benchmarks.elsewhere.buying import AHEAD
from benchmarks.elsewhere.company import Company
from benchmarks.elsewhere.living import Life
from benchmarks.elsewhere.luck import Bools, Floats, Ints

Columns = dict[str, Any]
REASONS = ("", "customer: took too long", "not found", "sold out")


def write(life: Life, folder: Path) -> None:
    """Write the folder of a company."""
    write_with(life, folder, MAKERS, {})


def write_with(
    life: Life, folder: Path, makers: dict[str, Callable[[Life], Columns]], other: dict[str, Columns]
) -> None:
    """Write the folder of a company whose tables are made so, or are there already."""
    c = life.c
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name in sorted(c.tables):
        columns = other[name] if name in other else makers[name](life)
        kept = {k: v for k, v in columns.items() if k not in c.omitted.get(name, set())}
        table = pa.table(kept)
        if c.file_kind == "csv":
            pcsv.write_csv(table, folder / "tables" / f"{name}.csv")
        else:
            pq.write_table(table, folder / "tables" / f"{name}.parquet")
    (folder / "portfolio.toml").write_text(_portfolio(c), encoding="utf-8")
    if c.contracts:
        (folder / "contracts").mkdir(exist_ok=True)
        for party, is_there in c.contracts.items():
            if is_there:
                (folder / "contracts" / f"{party}.yaml").write_text(_contract(c, party), encoding="utf-8")


def _midnight(c: Company) -> datetime:
    return datetime(c.first.year, c.first.month, c.first.day, tzinfo=UTC)


def moments(c: Company, hours: Floats | Sequence[float]) -> pa.Array:
    """Timestamps, to the second; null where nan or after the end of the record."""
    x = np.asarray(hours, np.float64)
    gone = np.isnan(x)
    seconds = np.where(gone, 0, np.round(np.nan_to_num(x) * 3600)).astype(np.int64)
    base = int(_midnight(c).timestamp())
    if c.time_zone:
        # Clocks that are put forward never show the hour between.
        seconds = np.where(
            np.isin((base + seconds) // 3600, _skipped(_midnight(c).replace(tzinfo=None), c.days, c.time_zone)),
            seconds + 3600,
            seconds,
        )
    kind = pa.timestamp("s", "UTC") if c.file_kind != "csv" else pa.timestamp("s")
    return pa.array(seconds + base, pa.int64(), mask=gone).cast(kind)


@cache
def _skipped(start: datetime, days: int, time_zone: str) -> list[int]:
    """Hours since 1970 that clocks on the wall never show."""
    zone = ZoneInfo(time_zone)
    out = []
    for hour in range(24 * (days + 40)):
        wall = start + timedelta(hours=hour)
        if wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
            out.append(int(wall.replace(tzinfo=UTC).timestamp()) // 3600)
    return out


def moments_so_far(c: Company, hours: Floats | Sequence[float]) -> pa.Array:
    """Timestamps; null also for what happens after the record ends."""
    x = np.asarray(hours, np.float64)
    return moments(c, np.where(x >= c.days * 24.0, np.nan, x))


def dates(c: Company, days: Ints) -> pa.Array:
    """Dates of days counted from the first day of warming up."""
    epoch = (_midnight(c) - datetime(1970, 1, 1, tzinfo=UTC)).days
    return pa.array((np.asarray(days) + epoch).astype(np.int32), pa.int32()).cast(pa.date32())


def names_at(names: Sequence[str], index: Ints, nobody: Bools | None = None) -> pa.Array:
    """Names by index; null for nobody."""
    return pa.array(np.array(names, object)[np.asarray(index)], pa.string(), mask=nobody)


def _order_lines(life: Life) -> Columns:
    c, w, p = life.c, life.wanted, life.parcels
    here = w.at[p.wish] >= c.warm * 24.0
    i = p.wish[here]
    price = np.round(life.unit_price[here], 2)
    cancelled, reason = p.cancelled[here], p.reason[here]
    party = np.array(c.node_party, object)[w.node[i]]
    shipped = np.where(np.isnan(p.handed[here]) & ~c.is_shop[w.channel[i]], 0, life.shelves.shipped[i])
    shop = c.is_shop[w.channel[i]]
    return {
        "order_id": pa.array([f"{7 * int(n) + 100_003}" for n in i // 2]),
        "line_id": pa.array([f"{int(n) % 2 + 1}" for n in i]),
        "ordered_at": moments(c, w.at[i]),
        "sku_id": names_at(c.sku, w.sku[i]), "channel_id": names_at(c.channel, w.channel[i]),
        "node_id": names_at(c.node, w.node[i]), "fulfiller_id": pa.array(party),
        "carrier_id": names_at(c.carrier, w.carrier[i], shop),
        "destination": names_at(c.destination, w.destination[i]),
        "promised_at": moments(c, p.promised[here]), "released_at": moments(c, p.released[here]),
        "handed_over_at": moments(c, p.handed[here]), "delivered_at": moments(c, p.delivered[here]),
        "cancelled_at": moments(c, cancelled),
        "cancel_reason": names_at(REASONS, reason, reason == 0),
        "ordered_units": pa.array(w.units[i]), "shipped_units": pa.array(shipped),
        "price_amount": pa.array(price), "cost_amount": pa.array(np.round(c.cost[w.sku[i]], 4)),
        "fulfilment_amount": pa.array(np.where(shop | ~np.isnan(cancelled), 0.0, c.handling)),
    }  # fmt: skip


def _products(life: Life) -> Columns:
    c = life.c
    return {"sku_id": c.sku, "brand": names_at(c.brand, c.brand_of), "category": names_at(c.category, c.category_of)}


def _nodes(life: Life) -> Columns:
    c = life.c
    return {"node_id": c.node, "kind": c.node_kind, "party_id": c.node_party, "region": c.region}


def _channels(life: Life) -> Columns:
    c = life.c
    return {"channel_id": c.channel, "kind": c.channel_kind, "party_id": c.channel_party}


def _parties(life: Life) -> Columns:
    kinds = life.c.kinds
    return {"party_id": list(kinds), "kind": list(kinds.values()), "name": [k.capitalize() + " & Co" for k in kinds]}


def _stock_days(life: Life) -> Columns:
    c, x = life.c, life.shelves
    used = (x.record + x.sold + x.received).sum(axis=2) > 0
    s, n, day = np.nonzero(np.broadcast_to(used[:, :, None], x.record.shape))
    mine = day >= c.warm
    at = (s[mine], n[mine], day[mine])
    return {
        "sku_id": names_at(c.sku, at[0]), "node_id": names_at(c.node, at[1]), "day": dates(c, at[2]),
        "on_hand_units": pa.array(x.record[at]), "sold_units": pa.array(x.sold[at]),
        "received_units": pa.array(x.received[at]), "adjusted_units": pa.array(x.adjusted[at]),
        "empty_share": pa.array(np.round(x.empty[at], 4)),
    }  # fmt: skip


def _supply_orders(life: Life) -> Columns:
    c = life.c
    mine = [o for o in life.shelves.orders if o.received >= c.warm * 24.0 and o.placed < c.days * 24.0]

    def some(name: str) -> Floats:
        return np.array([getattr(o, name) for o in mine], np.float64)

    came = [o.came if o.received < c.days * 24.0 else None for o in mine]
    return {
        "supply_order_id": [f"B{100 + n}" for n in range(len(mine))],
        "sku_id": [c.sku[o.sku] for o in mine], "to_node_id": [c.node[o.node] for o in mine],
        "from_node_id": pa.array([c.node[o.feeder] if o.feeder >= 0 else None for o in mine], pa.string()),
        "supplier_id": pa.array([c.supplier_of[o.sku] if o.feeder < 0 else None for o in mine], pa.string()),
        "signalled_at": moments(c, some("signalled")), "decided_at": moments(c, some("decided")),
        "placed_at": moments(c, some("placed")), "promised_at": moments(c, some("promised")),
        "shipped_at": moments_so_far(c, some("shipped")), "received_at": moments_so_far(c, some("received")),
        "available_at": moments_so_far(c, some("available")),
        "ordered_units": [o.ordered for o in mine], "received_units": pa.array(came, pa.int64()),
        "cost_amount": [round(float(c.cost[o.sku]), 4) for o in mine],
    }  # fmt: skip


def _forecasts(life: Life) -> Columns:
    c, x = life.c, life.shelves.forecast
    s, n, week, ahead = np.nonzero(~np.isnan(x[:, :, :, :AHEAD]))
    mine = (7 * week >= c.warm - 28) & (7 * (week + ahead) < c.days)
    s, n, week, ahead = s[mine], n[mine], week[mine], ahead[mine]
    return {
        "sku_id": names_at(c.sku, s), "node_id": names_at(c.node, n), "forecast_on": dates(c, 7 * week),
        "period_on": dates(c, 7 * (week + ahead)), "period_days": pa.array(np.full(len(s), 7)),
        "forecast_units": pa.array(np.round(x[s, n, week, ahead], 2)), "forecaster_id": pa.array([c.own] * len(s)),
    }  # fmt: skip


def _listings(life: Life) -> Columns:
    c, x, w, p = life.c, life.listed, life.wanted, life.parcels
    orders = np.zeros(x.sessions.shape, np.int64)
    np.add.at(orders, (w.sku[p.wish], w.channel[p.wish], w.day[p.wish]), 1)
    s, ch, day = np.nonzero(np.broadcast_to(~c.is_shop[None, :, None], x.sessions.shape))
    mine = day >= c.warm
    at = (s[mine], ch[mine], day[mine])
    return {
        "sku_id": names_at(c.sku, at[0]), "channel_id": names_at(c.channel, at[1]), "day": dates(c, at[2]),
        "listed_share": pa.array(1.0 - x.off[at]), "price_amount": pa.array(np.round(x.price[at], 2)),
        "rival_price_amount": pa.array(np.round(x.rival[at], 2)), "content_share": pa.array(np.round(x.content[at], 3)),
        "sessions": pa.array(x.sessions[at]), "orders": pa.array(orders[at]),
    }  # fmt: skip


def _leakage(life: Life) -> Columns:
    c, rows = life.c, life.books.bookings
    return {
        "day": dates(c, np.array([c.warm + 7 * b.week + 6 for b in rows])), "cause": [b.cause for b in rows],
        "amount": [round(b.amount, 2) for b in rows], "party_id": [b.party for b in rows],
        "category": [c.category[b.category] for b in rows], "channel_id": [c.channel[b.channel] for b in rows],
    }  # fmt: skip


def _work_log(life: Life) -> Columns:
    c = life.c
    rows = [e for e in life.books.events if e.at < c.days * 24.0]
    ours, theirs = c.words["us"], [f"{p}-desk" for p in c.channel_party]
    return {
        "case_id": [e.case for e in rows], "case_kind": [e.kind for e in rows], "activity": [e.activity for e in rows],
        "at": moments(c, [e.at for e in rows]),
        "actor_id": [f"{c.own}-{hash_of(e.case) % 6}" if e.is_ours else theirs[e.channel] for e in rows],
        "actor_kind": ["automatic" if e.who == 1 else "person" for e in rows],
        "system_id": [ours if e.is_ours else f"{c.channel_party[e.channel]}-portal" for e in rows],
        "party_id": [c.own if e.is_ours else c.channel_party[e.channel] for e in rows],
        "effort_hours": [round(e.hours, 3) for e in rows], "closed": pa.array([bool(e.is_last) for e in rows]),
        "category": [c.category[e.category] for e in rows], "channel_id": [c.channel[e.channel] for e in rows],
    }  # fmt: skip


def hash_of(text: str) -> int:
    """A small number by a text, the same on every machine."""
    return sum(ord(x) * (i + 1) for i, x in enumerate(text))


def _feeds(life: Life) -> Columns:
    c, rows = life.c, life.books.deliveries
    return {
        "feed_id": [f"{c.channel_party[r.channel]}-{c.words['told']}" for r in rows],
        "from_system": [f"{c.channel_party[r.channel]}-portal" for r in rows], "to_system": [c.words["us"]] * len(rows),
        "party_id": [c.channel_party[r.channel] for r in rows], "expected_at": moments(c, [r.expected for r in rows]),
        "arrived_at": moments_so_far(c, [r.arrived for r in rows]), "expected_rows": [r.rows for r in rows],
        "arrived_rows": [r.rows for r in rows], "mismatched_rows": [r.mismatched for r in rows],
    }  # fmt: skip


MAKERS: dict[str, Callable[[Life], Columns]] = {
    "order_lines": _order_lines, "products": _products, "nodes": _nodes, "channels": _channels, "parties": _parties,
    "stock_days": _stock_days, "supply_orders": _supply_orders, "forecasts": _forecasts, "listings": _listings,
    "leakage": _leakage, "work_log": _work_log, "feeds": _feeds,
}  # fmt: skip
"""What makes each table."""


def _portfolio(c: Company) -> str:
    start, end = (c.first + timedelta(days=d) for d in (c.warm, c.days))
    out = ["[portfolio]", f'name = "{c.words["us"].capitalize()}"', 'currency = "EUR"', f'own_party_id = "{c.own}"']
    out += ["asset = [" + ", ".join(f'"{g}"' for g in c.grain) + "]", f"start = {start}", f"end = {end}"]
    out += [f'time_zone = "{c.time_zone}"'] * bool(c.time_zone) + [""]
    if c.targets:
        out += ["[targets]", *(f"{k} = {v}" for k, v in c.targets.items()), ""]
    for level in c.service_levels:
        out += ["[[service_levels]]", *(f"{k} = {_literal(v)}" for k, v in level.items()), ""]
    out += ["[assumptions]", *(f"{k} = {v}" for k, v in c.money.items()), ""]
    for path, costs in c.paths.items():
        out.append(f"[paths.{path}]")
        for name, key in (("one_off_amount", "one_off"), ("run_amount_per_year", "run")):
            x = costs[key]
            out.append(f"{name} = {{ low = {0.9 * x:.2f}, mode = {x:.2f}, high = {1.1 * x:.2f} }}")
        out.append("")
    if "work_log" in c.tables:
        out += ["[work]", f'status = ["{c.words["status"]}"]', f'reconciliation = ["{c.words["reconcile"]}"]', ""]
    return "\n".join(out)


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _contract(c: Company, party: str) -> str:
    return f"""apiVersion: v3.1.0
kind: DataContract
id: {party}-service
name: {party}-service
version: 1.0.0
status: active
customProperties:
  - property: party_id
    value: {party}
  - property: fallback
    value: another partner within 20 days
  - property: exit
    value: three months' notice
  - property: credit
    value: late lines are credited
  - property: qualityReview
    value: monthly
team:
  members:
    - username: {c.words["us"]}@example.com
      role: owner
support:
  - channel: {party}-hotline
    tool: other
slaProperties:
  - property: responseTime
    value: 4
    unit: h
"""
