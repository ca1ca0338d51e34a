"""The retailer itself: parties, nodes, channels, carriers, products, and how they are tied together, all sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.clocks import Calendar
from fourwalls.worlds.draws import Bools, Floats, Ints, generator
from fourwalls.worlds.recipe import Recipe

OWN = 0
"""Code of our own party."""

LOGISTICS = 1
"""Code of the logistics partner."""

MEDIA = 10
"""Code of the media partner."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who does something."""

    party_id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Node:
    """A place that holds stock; works from Monday to `last_weekday`, `opens` to `closes`."""

    node_id: str
    kind: str
    party: int
    region: str
    last_weekday: int
    opens: float
    closes: float


@dataclass(frozen=True, slots=True)
class Channel:
    """Where demand arrives, and how its orders are cleared.

    Attributes:
        cut_off: Orders after this hour count as the next day's [hour].
        quick_hours: Median time to clear an order that nobody looks at [hours].
        flagged_share: Orders somebody does look at.
        review_hours: Mean work and waiting of such a look [working hours].
        reviews_until: Last weekday on which they look.
        units: Mean units per line.
    """

    channel_id: str
    kind: str
    party: int
    share: float
    cut_off: float
    quick_hours: float
    flagged_share: float
    review_hours: float
    reviews_until: int
    units: float


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who carries; delivers from Monday to `last_weekday`."""

    carrier_id: str
    party: int
    last_weekday: int
    pickup_hour: float


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who makes the goods of some brands, and who buys them there.

    Attributes:
        supplier_id, party: Who ships.
        buyer: Party that approves and places the orders.
        lead_days: Median days from order to arrival.
        review_weekday: Day of the week on which needs are looked at.
        slots: Weekdays on which orders are taken.
    """

    supplier_id: str
    party: int
    buyer: int
    lead_days: float
    review_weekday: int
    slots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Skus:
    """Products, one entry per sku.

    Attributes:
        category, brand, supplier: Codes.
        pack: Units in which it is bought.
        weight: Popularity within its category.
        price, cost: Per unit.
        launched: Day of the world it went on sale; far below 0 for the old ones.
        stand_in: An older sku of the same category, sold in its place before that.
    """

    category: Ints
    brand: Ints
    supplier: Ints
    pack: Ints
    weight: Floats
    price: Floats
    cost: Floats
    launched: Ints
    stand_in: Ints


@dataclass(frozen=True, slots=True)
class Retailer:
    """A sound retailer.

    Attributes:
        parties, nodes, channels, carriers, suppliers: By code.
        categories, destinations, brands: Names by code.
        skus: The products.
        rate: Order lines to expect a day, shape (categories, destinations).
        channel_share: Shape (categories, channels); rows add up to 1.
        node_share: Where a line is sent from, unless it is bought in a store, shape (categories, destinations, nodes).
        allocator: Party that shares out a category among its nodes, shape (categories,).
        carrier_share: Who carries it, shape (destinations, carriers).
        linehaul_hours: Median time from pick-up to the depot of delivery, shape (nodes, destinations, carriers).
        pick_minutes: Mean work of a line, shape (categories,).
        season_peak: Day of the year of the most demand, shape (categories,).
        season_depth: How far it swings, shape (categories,).
        trend: Growth a year as a share, shape (categories,).
        return_share: Lines that come back, shape (categories,).
    """

    parties: tuple[Party, ...]
    nodes: tuple[Node, ...]
    channels: tuple[Channel, ...]
    carriers: tuple[Carrier, ...]
    suppliers: tuple[Supplier, ...]
    categories: tuple[str, ...]
    destinations: tuple[str, ...]
    brands: tuple[str, ...]
    skus: Skus
    rate: Floats
    channel_share: Floats
    node_share: Floats
    allocator: Ints
    carrier_share: Floats
    linehaul_hours: Floats
    pick_minutes: Floats
    season_peak: Floats
    season_depth: Floats
    trend: Floats
    return_share: Floats

    def codes(self, column: str) -> dict[str, int]:
        """Codes of the values of a column, by value."""
        names: dict[str, tuple[str, ...]] = {
            "category": self.categories,
            "destination": self.destinations,
            "brand": self.brands,
            "node_id": tuple(n.node_id for n in self.nodes),
            "channel_id": tuple(c.channel_id for c in self.channels),
            "carrier_id": tuple(c.carrier_id for c in self.carriers),
            "supplier_id": tuple(s.supplier_id for s in self.suppliers),
            "party_id": tuple(p.party_id for p in self.parties),
        }
        return {name: code for code, name in enumerate(names[column])}

    def is_in_store(self, channel: Ints) -> Bools:
        """Whether each channel is a store's till: what is bought there is carried home at once."""
        found: Bools = np.array([c.kind == "store" for c in self.channels])[channel]
        return found

    def store_at(self, destination: Ints) -> Ints:
        """Node of the store at each destination; only where there are stores."""
        nodes = self.codes("node_id")
        return np.array([nodes[f"store-{name}"] for name in self.destinations], dtype=np.int64)[destination]

    def stock_share(self, channel: int) -> Floats:
        """Part of a channel's demand each node holds stock for: a store, and the DC that feeds it, all of it.

        Shape (categories, destinations, nodes).
        """
        if self.channels[channel].kind != "store":
            return self.node_share
        share = np.zeros_like(self.node_share)
        for dest in range(len(self.destinations)):
            share[:, dest, self.store_at(np.array([dest]))] = 1.0
            share[np.arange(len(share)), dest, self.node_share[:, dest].argmax(axis=1)] = 1.0
        return share

    def party_of(self, column: str) -> Ints:
        """The party behind each node, channel, carrier, supplier, buyer (by supplier), allocator (by category) or offer."""
        if column == "own":
            return np.array([OWN], dtype=np.int64)
        if column == "media":
            return np.array([MEDIA], dtype=np.int64)
        if column == "offer":
            return np.array([LOGISTICS], dtype=np.int64)
        if column == "allocator":
            return self.allocator
        if column == "buyer":
            return np.array([s.buyer for s in self.suppliers], dtype=np.int64)
        things: dict[str, tuple[Node | Channel | Carrier | Supplier, ...]] = {
            "node_id": self.nodes,
            "channel_id": self.channels,
            "carrier_id": self.carriers,
            "supplier_id": self.suppliers,
        }
        return np.array([t.party for t in things[column]], dtype=np.int64)


_PARTIES = (
    Party("own", "own company", "Own company"),
    Party("polar-logistics", "3PL", "Polar Logistics"),
    Party("bazaar", "marketplace", "Bazaar"),
    Party("swift", "carrier", "Swift Parcel"),
    Party("terra", "carrier", "Terra Freight"),
    Party("atlas-mills", "supplier", "Atlas Mills"),
    Party("orient-works", "supplier", "Orient Works"),
    Party("nordica", "supplier", "Nordica Goods"),
    Party("castle-trade", "supplier", "Castle Trade"),
    Party("brightside", "buying agent", "Brightside Sourcing"),
    Party("adreach", "media partner", "Adreach"),
)

_NODES = (
    Node("dc-north", "own DC", OWN, "north", 5, 6.0, 20.0),
    Node("dc-south", "own DC", OWN, "south", 4, 6.0, 20.0),
    Node("hub-east", "3PL site", LOGISTICS, "east", 4, 7.0, 19.0),
)

_CHANNELS = (
    Channel("site", "DTC site", OWN, 0.62, 14.0, 0.2, 0.10, 4.0, 4, 1.2),
    Channel("market", "marketplace", 2, 0.38, 12.0, 2.5, 0.06, 6.0, 6, 1.1),
    Channel("wholesale", "wholesale", OWN, 0.12, 10.0, 1.0, 0.60, 5.0, 4, 9.0),
    Channel("stores", "store", OWN, 0.90, 24.0, 0.0, 0.0, 0.0, 5, 1.3),
)

_CARRIERS = (
    Carrier("swift", 3, 5, 18.0),
    Carrier("terra", 4, 4, 17.0),
    Carrier("own-vans", OWN, 5, 19.0),
)

_SUPPLIERS = (
    Supplier("atlas-mills", 5, OWN, 9.0, 0, (0, 1, 2, 3, 4)),
    Supplier("orient-works", 6, 9, 20.0, 1, (2,)),
    Supplier("nordica", 7, OWN, 6.0, 2, (0, 1, 2, 3, 4)),
    Supplier("castle-trade", 8, 9, 12.0, 3, (1, 4)),
)

_HOMES = ("dc-north", "hub-east", "north and south", "north and hub")


def build(recipe: Recipe, seed: int, lines: int, days: Calendar) -> Retailer:
    """The retailer of a recipe, with parameters drawn from sane ranges."""
    luck = generator(seed, "retailer")
    n_cat, n_dest = len(recipe.categories), len(recipe.destinations)
    channels = tuple(c for c in _CHANNELS if c.channel_id in recipe.channels)
    carriers = _CARRIERS if recipe.own_fleet else _CARRIERS[:2]
    stores = tuple(Node(f"store-{d}", "store", OWN, d, 5, 9.0, 20.0) for d in recipe.destinations)
    nodes = (*_NODES, *(stores if any(c.kind == "store" for c in channels) else ()))
    size = luck.gamma(8.0, 1.0, n_cat)[:, None] * luck.gamma(12.0, 1.0, n_dest)[None, :]
    size *= luck.gamma(20.0, 1.0, (n_cat, n_dest))
    lean = np.array([c.share for c in channels]) * luck.gamma(14.0, 1.0, (n_cat, len(channels)))
    return Retailer(
        parties=_PARTIES,
        nodes=nodes,
        channels=channels,
        carriers=carriers,
        suppliers=_SUPPLIERS,
        categories=recipe.categories,
        destinations=recipe.destinations,
        brands=tuple(f"{c}-{word}" for c in recipe.categories for word in ("classic", "sport")),
        skus=_skus(n_cat, lines, days, luck),
        rate=size / size.sum() * lines / (days.days - days.warm_up),
        channel_share=lean / lean.sum(axis=1, keepdims=True),
        node_share=_node_share(n_cat, n_dest, len(nodes), luck),
        allocator=np.array([1 if _home(c) == "north and hub" else OWN for c in range(n_cat)], dtype=np.int64),
        carrier_share=_carrier_share(recipe, len(carriers), luck),
        linehaul_hours=_linehaul(recipe, nodes, len(carriers), luck),
        pick_minutes=luck.uniform(1.5, 4.0, n_cat),
        season_peak=luck.uniform(0.0, 365.0, n_cat),
        season_depth=luck.uniform(0.05, 0.30, n_cat),
        trend=luck.uniform(-0.08, 0.20, n_cat),
        return_share=luck.uniform(0.04, 0.18, n_cat),
    )


def _home(category: int) -> str:
    return _HOMES[category % len(_HOMES)]


def _node_share(n_cat: int, n_dest: int, n_nodes: int, luck: np.random.Generator) -> Floats:
    """Every category has a home: one node, our two DCs (each mostly for its own half), or our north DC and the 3PL."""
    share = np.zeros((n_cat, n_dest, n_nodes))
    north, south, hub = 0, 1, 2
    for cat in range(n_cat):
        home = _home(cat)
        for dest in range(n_dest):
            part = float(luck.uniform(0.72, 0.85))
            if home == "dc-north":
                share[cat, dest, north] = 1.0
            elif home == "hub-east":
                share[cat, dest, hub] = 1.0
            elif home == "north and south":
                share[cat, dest, [north, south][dest % 2]] = part
                share[cat, dest, [north, south][1 - dest % 2]] = 1.0 - part
            else:
                share[cat, dest, [north, hub]] = part - 0.25, 1.25 - part
    return share


def _carrier_share(recipe: Recipe, n_carriers: int, luck: np.random.Generator) -> Floats:
    """Each destination has a main carrier; our vans take most of it where we run them."""
    share = np.zeros((len(recipe.destinations), n_carriers))
    for dest, name in enumerate(recipe.destinations):
        main = float(luck.uniform(0.78, 0.92))
        share[dest, dest % 2] = main
        share[dest, 1 - dest % 2] = 1.0 - main
        if name in recipe.own_fleet:
            share[dest] *= 0.25
            share[dest, 2] = 0.75
    return share


def _linehaul(recipe: Recipe, nodes: tuple[Node, ...], n_carriers: int, luck: np.random.Generator) -> Floats:
    hours = np.zeros((len(nodes), len(recipe.destinations), n_carriers))
    for node, place in enumerate(nodes):
        for dest, name in enumerate(recipe.destinations):
            near = place.region == name
            hours[node, dest] = luck.uniform(8.0, 14.0) if near else luck.uniform(18.0, 34.0)
    return hours * luck.uniform(0.9, 1.15, n_carriers)


def _skus(n_cat: int, lines: int, days: Calendar, luck: np.random.Generator) -> Skus:
    per_category = int(np.clip(lines / 450 / n_cat, 12, 500))
    n = per_category * n_cat
    category = np.repeat(np.arange(n_cat), per_category)
    rank = np.tile(np.arange(per_category), n_cat)
    level = luck.normal(np.log(38.0), 0.3, n_cat)[category] + luck.normal(0.0, 0.45, n)
    price: Floats = np.round(np.exp(level), 2).astype(np.float64)
    is_new = (luck.random(n) < 0.15) & (rank > 1)
    launched = np.where(is_new, luck.integers(days.warm_up, days.days - 14, n), -luck.integers(60, 1200, n))
    brand = 2 * category + (luck.random(n) < 0.4)
    return Skus(
        category=category,
        brand=brand,
        supplier=(brand + category) % len(_SUPPLIERS),
        pack=luck.choice(np.array([1, 2, 4, 6]), n),
        weight=1.0 / (rank + 3.0) ** luck.uniform(0.7, 1.0, n_cat)[category],
        price=price,
        cost=np.round(price * luck.uniform(0.45, 0.62, n), 2),
        launched=launched,
        stand_in=category * per_category + rank % 2 * (per_category > 1),
    )
