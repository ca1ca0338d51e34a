"""What a company is, and how it works when nothing is wrong."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from benchmarks.elsewhere.luck import Bools, Floats, Ints, Luck

HOUR, DAY = 1.0, 24.0


@dataclass(slots=True)
class Company:
    """Everything that a repair leaves as it is. Times are hours since midnight of the first day of warming up.

    Attributes:
        template, seed: What it was made from.
        first: First day of warming up; the record begins `warm` days later and ends after `days`.
        own: Our own party.
        kinds: Kind of each party.
        grain: Columns that make an asset.
        sku, brand, category: Ids; `brand_of` and `category_of` by sku, `supplier_of` by sku.
        rate: Units of demand: lines a day by sku and channel, before seasons.
        going: By destination and channel, the share of orders that go there.
        shelf: Node that serves sku, channel, destination.
        zone: Queue of picking by node and category.
        staffed: Working hours of the week of each zone, 168 flags.
        handed: Hours of the week at which carriers fetch, by carrier.
        roads: Days on the way by carrier and destination; `drives` says on which weekdays a carrier moves.
        chosen: Share of each carrier by channel.
        is_shop: Channels where goods are taken along at once.
        keeps_lines: Short orders keep a line with fewer units shipped.
        seasons: Demand by category and day; `weekdays` by channel and weekday; `hours` of the day.
        policy: How it buys; see `buying`.
        lead: Days from placing to arrival as confirmed, by sku.
        pack, least: Units in a case, and least units of an order, by sku.
        feeder: Node that refills each node; -1 where suppliers do.
        money: Assumptions of portfolio.toml.
        time_zone: Of the clocks on its walls, where tables carry no zone.
        tables: Tables it keeps; `omitted` columns by table.
        words: Own words for things that have no id.
    """

    template: str
    seed: int
    first: date
    warm: int
    days: int
    own: str
    kinds: dict[str, str]
    grain: tuple[str, ...]
    sku: list[str]
    brand: list[str]
    category: list[str]
    brand_of: Ints
    category_of: Ints
    supplier_of: list[str]
    price: Floats
    cost: Floats
    node: list[str]
    node_kind: list[str]
    node_party: list[str]
    region: list[str]
    channel: list[str]
    channel_kind: list[str]
    channel_party: list[str]
    destination: list[str]
    carrier: list[str]
    rate: Floats
    going: Floats
    shelf: Ints
    zone: Ints
    staffed: Bools
    handed: list[Bools]
    roads: Ints
    drives: Bools
    chosen: Floats
    is_shop: Bools
    keeps_lines: bool
    seasons: Floats
    weekdays: Floats
    hours: Floats
    units_more: Floats
    policy: dict[str, Any]
    lead: Floats
    pack: Ints
    least: Ints
    feeder: list[int]
    elasticity: float
    conversion: float
    patience_days: float
    handling: float
    money: dict[str, float]
    paths: dict[str, dict[str, float]]
    targets: dict[str, float]
    service_levels: list[dict[str, Any]]
    tables: set[str]
    omitted: dict[str, set[str]]
    file_kind: str
    words: dict[str, str]
    contracts: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    time_zone: str = ""
    price_war: tuple[int, float, list[int]] | None = None
    strikes: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def luck(self) -> Luck:
        """Its chance."""
        return Luck(self.seed)

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        """Numbers of skus, nodes, channels, destinations, carriers."""
        return len(self.sku), len(self.node), len(self.channel), len(self.destination), len(self.carrier)

    @property
    def years(self) -> float:
        """Length of the record."""
        return (self.days - self.warm) / 365.0


@dataclass(slots=True)
class Ways:
    """How well everybody does; defects change this and nothing else.

    Attributes:
        check_share, check_hours: Orders that somebody looks at before release, and for how long, by channel.
        feed_hours: A channel hands over its orders every so many hours.
        pace: Lines picked in a working hour, by zone.
        mislaid, mislaid_hours: Lines that are not found at once, by node and category.
        slip, slip_days: Parcels that take longer, and by how much, by carrier and destination.
        buffer_days: Days promised beyond what carriers usually take, by channel and destination.
        late_days, late_share: Suppliers' delays by sku.
        short_share, short_part: Short deliveries by sku.
        decide_hours: From seeing the need to deciding, by sku.
        bias, noise: Of forecasts by sku.
        dock_hours: From arrival to shelf, by node and category.
        vanish: Chance a day that units vanish unseen, by sku and node.
        tilt: What levels are multiplied by, by sku and node.
        off: Part of days that a listing is off, by sku and channel.
        content: Completeness by sku and channel.
        price: Our price over the list price, by sku and channel.
        oversold: Chance that a channel sells what is gone, by channel.
        waste: Own damage as a share of sales, by category and channel.
        charged: Chargebacks as a share of sales, by channel.
        chores: Cases of status work for each line, by category and channel; `chore_touches` and who shares in them.
        garbled: Rows of feeds that do not match, by channel; `feed_delay` hours.
    """

    check_share: Floats
    check_hours: Floats
    feed_hours: Floats
    pace: Floats
    mislaid: Floats
    mislaid_hours: float
    slip: Floats
    slip_days: Floats
    buffer_days: Floats
    late_share: Floats
    late_days: Floats
    short_share: Floats
    short_part: Floats
    decide_hours: Floats
    bias: Floats
    noise: Floats
    dock_hours: Floats
    vanish: Floats
    tilt: Floats
    off: Floats
    content: Floats
    price: Floats
    oversold: Floats
    waste: Floats
    charged: Floats
    chores: Floats
    chore_touches: Floats
    garbled: Floats
    feed_delay: Floats

    def copy(self) -> Ways:
        """One that can be changed."""
        return copy.deepcopy(self)


def sound(c: Company) -> Ways:
    """How a sound company of this make does."""
    s, n, ch, d, k = c.sizes
    cat, rng = len(c.category), c.luck.of("sound")

    def about(level: float, spread: float, *shape: int) -> Floats:
        return level * rng.lognormal(0.0, spread, shape)

    lines = _lines_an_hour(c)
    return Ways(
        check_share=about(0.06, 0.1, ch),
        check_hours=about(5.0, 0.05, ch),
        feed_hours=np.where([p == c.own for p in c.channel_party], 0.1, 1.0),
        pace=1.55 * lines * np.ones(len(lines)),
        mislaid=about(0.012, 0.1, n, cat),
        mislaid_hours=30.0,
        slip=about(0.035, 0.1, k, d),
        slip_days=np.full((k, d), 1.4),
        buffer_days=np.ones((ch, d)),
        late_share=about(0.10, 0.15, s),
        late_days=np.full(s, 1.5),
        short_share=np.full(s, 0.02),
        short_part=np.full(s, 0.15),
        decide_hours=np.full(s, 8.0),
        bias=np.ones(s),
        noise=np.full(s, 0.08),
        dock_hours=about(7.0, 0.05, n, cat),
        vanish=np.full((s, n), 0.0006),
        tilt=np.ones((s, n)),
        off=np.full((s, ch), 0.004),
        content=np.clip(rng.normal(0.94, 0.02, (s, ch)), 0.85, 1.0),
        price=np.ones((s, ch)),
        oversold=np.full(ch, 0.01),
        waste=about(0.006, 0.08, cat, ch),
        charged=about(0.004, 0.08, ch),
        chores=about(0.03, 0.05, cat, ch),
        chore_touches=np.full((cat, ch), 1.0),
        garbled=about(0.004, 0.1, ch),
        feed_delay=np.full(ch, 0.4),
    )


def _lines_an_hour(c: Company) -> Floats:
    """Mean lines per working hour of each zone."""
    load = np.zeros(len(c.staffed))
    for s in range(len(c.sku)):
        for ch in range(len(c.channel)):
            if c.is_shop[ch]:
                continue
            for d, share in enumerate(c.going[ch]):
                load[c.zone[c.shelf[s, ch, d], c.category_of[s]]] += c.rate[s, ch] * share
    worked: Floats = c.staffed.sum(axis=1).astype(np.float64)
    return np.asarray(np.maximum(load, 0.2) * 7.0 / worked, np.float64)
