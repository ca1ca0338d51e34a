"""Feeds between systems and offers of partners as canonical tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fourwalls.worlds.defects import AS_RECORDED
from fourwalls.worlds.draws import generator
from fourwalls.worlds.offering import offers_of
from fourwalls.worlds.parquet import times
from fourwalls.worlds.retailer import OWN
from fourwalls.worlds.world import World

Table = dict[str, pa.Array]


@dataclass(frozen=True, slots=True)
class Feed:
    """A daily feed from one system to another.

    Attributes:
        feed_id, from_system, to_system: Its names.
        party: Who sends it.
        channel: Channel it serves; None for nodes and carriers.
        kind: "orders", "stock", "dispatch" or "tracking".
    """

    feed_id: str
    from_system: str
    to_system: str
    party: int
    channel: int | None
    kind: str


def feeds_of(world: World) -> list[Feed]:
    """Feeds the retailer lives on."""
    r = world.retailer
    out = []
    for code, c in enumerate(r.channels):
        system = "shop" if c.party == OWN else f"{r.parties[c.party].party_id}-api"
        out.append(Feed(f"orders-{c.channel_id}", system, "erp", c.party, code, "orders"))
        out.append(Feed(f"stock-{c.channel_id}", "erp", system, c.party, code, "stock"))
    partners = [(f"dispatch-{n.node_id}", "wms", n.party, "dispatch") for n in r.nodes]
    partners += [(f"tracking-{k.carrier_id}", "api", k.party, "tracking") for k in r.carriers]
    out += [
        Feed(feed_id, f"{r.parties[party].party_id}-{system}", "erp", party, None, kind)
        for feed_id, system, party, kind in partners
        if party != OWN
    ]
    return out


def feeds(world: World) -> Table:
    """Rows of `feeds`: one delivery a day, due at four in the morning."""
    days = np.arange(world.days.warm_up, world.days.days)
    recorded = world.trouble(AS_RECORDED)
    known = feeds_of(world)
    n = len(days)
    due, came, rows, wrong, arrived_rows = [], [], [], [], []
    for feed in known:
        luck = generator(world.seed, "feed", feed.feed_id)
        party = np.full(n, feed.party)
        place = {"channel_id": np.full(n, -1 if feed.channel is None else feed.channel), "category": np.full(n, -1)}
        late = recorded.severity("late_feeds", place, days, party)
        stale = recorded.severity("stale_listings", place, days, party) if feed.kind == "stock" else np.zeros(n)
        expected = days * 24.0 + 4.0
        delay = 0.25 * np.exp(0.7 * luck.standard_normal(n)) + (24.0 * late + 40.0 * stale) * luck.random(n)
        is_missing = luck.random(n) < 0.002 + 0.10 * late
        arrived = np.where(is_missing | (expected + delay >= world.days.end_hour), np.nan, expected + delay)
        volume = luck.poisson(np.full(n, world.retailer.rate.sum() + 5.0))
        bad = luck.binomial(volume, np.minimum(0.004 + 0.12 * late, 1.0))
        lost = luck.binomial(volume, np.minimum(0.001 + 0.04 * late, 1.0))
        due.append(expected)
        came.append(arrived)
        rows.append(volume)
        wrong.append(np.where(np.isnan(arrived), 0, np.minimum(bad, volume - lost)))
        arrived_rows.append(np.where(np.isnan(arrived), 0, volume - lost))

    def named(values: list[str]) -> pa.Array:
        return pa.array(np.repeat(np.array(values), n))

    return {
        "feed_id": named([f.feed_id for f in known]),
        "from_system": named([f.from_system for f in known]),
        "to_system": named([f.to_system for f in known]),
        "party_id": named([world.retailer.parties[f.party].party_id for f in known]),
        "expected_at": times(world.days, np.concatenate(due)),
        "arrived_at": times(world.days, np.concatenate(came)),
        "expected_rows": pa.array(np.concatenate(rows)),
        "arrived_rows": pa.array(np.concatenate(arrived_rows)),
        "mismatched_rows": pa.array(np.concatenate(wrong)),
    }


def offers(world: World) -> Table:
    """Rows of `offers`: what partners could take over."""
    known = offers_of(world.retailer, world.seed)
    parties, regions = world.retailer.parties, world.retailer.destinations
    return {
        "party_id": pa.array([parties[o.party].party_id for o in known]),
        "capability": pa.array([o.capability for o in known]),
        "region": pa.array([regions[o.destination] for o in known]),
        "channel_id": pa.array([None] * len(known), pa.string()),
        "capacity_units_per_day": pa.array([o.units_per_day for o in known]),
        "unit_amount": pa.array([o.unit_amount for o in known]),
        "onboarding_amount": pa.array([o.onboarding_amount for o in known]),
        "ramp_days": pa.array([o.ramp_days for o in known], pa.int64()),
    }
