"""What kinds of company share: a house, what may be wrong with it, one life's records, its money, the truth."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from benchmarks.elsewhere import truth, writing
from benchmarks.elsewhere.books import Booking, Delivery, Event
from benchmarks.elsewhere.buying import Order
from benchmarks.elsewhere.defects import LEVELS
from benchmarks.elsewhere.living import Account
from benchmarks.elsewhere.luck import Bools, Floats, Ints, Luck, Words

Ways = dict[str, Any]
"""How well everybody does, by name; faults change this and nothing else."""

Lines = dict[str, Any]
"""Order lines as arrays of one length, times in hours with nan for never; see `order_lines` for the names."""


@dataclass(slots=True)
class House:
    """A company: what no repair changes. Fields are named and meant as in `benchmarks.elsewhere.company.Company`.

    Attributes:
        faults: What can be wrong: kind → stage, whose fault (by where), what it changes (ways, where, how much).
        sound: How well it does when all is well.
        live: Lives through the time with some ways.
        made: What only this kind of company has.
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
    money: dict[str, float]
    tables: set[str]
    words: dict[str, str]
    faults: dict[str, tuple[str, Callable[[Fault], str], Callable[[Ways, Fault, float], None]]]
    sound: Ways
    live: Callable[[House, Ways], Life]
    made: dict[str, Any]
    paths: dict[str, dict[str, float]] = field(default_factory=dict)
    targets: dict[str, float] = field(default_factory=dict)
    service_levels: list[dict[str, Any]] = field(default_factory=list)
    omitted: dict[str, set[str]] = field(default_factory=dict)
    file_kind: str = "parquet"
    contracts: dict[str, bool] = field(default_factory=dict)
    time_zone: str = ""

    @property
    def luck(self) -> Luck:
        """Its chance."""
        return Luck(self.seed)

    @property
    def years(self) -> float:
        """Length of the record."""
        return (self.days - self.warm) / 365.0

    @property
    def begin(self) -> float:
        """Hour in which the record begins."""
        return self.warm * 24.0

    @property
    def end(self) -> float:
        """Hour in which the record ends."""
        return self.days * 24.0

    def weekday(self, day: int) -> int:
        """Monday is 0."""
        return (self.first.weekday() + day) % 7


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, somewhere.

    Attributes:
        kind, level: Which, and how much.
        at: Where: index of a supplier, node, carrier or channel, as the kind has it.
        category: Only there; None is in all.
        house: Whose; set when it is used.
    """

    kind: str
    level: str
    at: int = 0
    category: int | None = None
    house: Any = field(default=None, compare=False, hash=False, repr=False)

    @property
    def stage(self) -> str:
        """Stage it belongs to."""
        return str(self.house.faults[self.kind][0])

    def party(self, c: House) -> str:
        """Whose fault it is."""
        return str(c.faults[self.kind][1](self))

    def is_inside(self, c: House) -> bool:
        """Whether that is ourselves."""
        return self.party(c) == c.own


@dataclass(slots=True)
class Shelves:
    """Stock by sku, node, day."""

    record: Ints
    sold: Ints
    received: Ints
    adjusted: Ints
    vanished: Ints
    empty: Floats
    orders: list[Order]

    @classmethod
    def none(cls, c: House) -> Shelves:
        """Before anything happened."""
        shape = (len(c.sku), len(c.node), c.days)
        return cls(*(np.zeros(shape, np.int64) for _ in range(5)), np.zeros(shape), [])


@dataclass(slots=True)
class Books:
    """What is written down beside goods."""

    bookings: list[Booking] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class Life:
    """What happened. `hours` and `booked` are over the record by category and channel; `other` are more tables."""

    c: House
    lines: Lines
    shelves: Shelves
    books: Books
    hours: Floats
    booked: Floats
    wishes: Lines
    other: dict[str, dict[str, Any]] = field(default_factory=dict)


def _column(c: House, x: Lines, name: str) -> list[str]:
    at = {"brand": (c.brand, c.brand_of[x["sku"]]), "category": (c.category, c.category_of[x["sku"]]),
          "channel_id": (c.channel, x["channel"]), "channel_kind": (c.channel_kind, x["channel"]),
          "node_id": (c.node, x["node"]), "node_region": (c.region, x["node"]),
          "destination": (c.destination, x["destination"])}[name]  # fmt: skip
    return [at[0][i] for i in at[1]]


@dataclass(slots=True)
class Assets:
    """Keys of all assets; shares of shelves and of books (category × channel) in each, by what was wished for."""

    keys: list[tuple[str, ...]]
    of_shelf: Floats
    of_book: Floats

    @classmethod
    def by(cls, c: House, x: Lines) -> Assets:
        """From wishes."""
        of, keys = _number(c, x, None)
        worth = x["units"] * c.price[x["sku"]]
        shelf = np.zeros((len(c.sku), len(c.node), len(keys)))
        np.add.at(shelf, (x["sku"], x["node"], of), worth)
        for node, feeder in enumerate(c.made.get("feeder", [-1] * len(c.node))):
            if feeder >= 0:
                shelf[:, feeder] += shelf[:, node]
        book = np.zeros((len(c.category), len(c.channel), len(keys)))
        np.add.at(book, (c.category_of[x["sku"]], x["channel"], of), worth)
        for share in (shelf, book):
            share /= np.maximum(share.sum(axis=-1, keepdims=True), 1e-12)
        return cls(keys, shelf, book)


def _number(c: House, x: Lines, keys: list[tuple[str, ...]] | None) -> tuple[Ints, list[tuple[str, ...]]]:
    rows = list(zip(*(_column(c, x, name) for name in c.grain), strict=True))
    keys = sorted(set(rows)) if keys is None else keys
    number = {k: i for i, k in enumerate(keys)}
    return np.array([number[r] for r in rows]), keys


def accounts(life: Life, assets: Assets) -> list[Account]:
    """Money of each asset a year, as `benchmarks.elsewhere.living.accounts` counts it; goods sent back bring nothing."""
    c, x, n = life.c, life.lines, len(assets.keys)
    of, _ = _number(c, x, assets.keys)
    gone = ~np.isnan(x["cancelled"])
    late = ~gone & (x["delivered"] > x["promised"])
    overdue = ~gone & np.isnan(x["delivered"]) & (x["promised"] < c.end)
    kept = np.where(gone, 0, x["shipped_units"]) - x["returned_units"]
    worth = x["price"] * np.where(gone, 0, x["shipped_units"])
    gross = kept * (x["price"] - c.cost[x["sku"]]) - np.where(gone, 0.0, x["fulfilment"])
    share = c.money["late_line_cost_share"]

    def total(v: Floats | Bools) -> Floats:
        return np.asarray(np.bincount(of, np.asarray(v, np.float64), n), np.float64)

    held = life.shelves.record[:, :, c.warm :].mean(axis=2) * c.cost[:, None]
    stock = np.einsum("sn,sna->a", held, assets.of_shelf)
    lost = np.einsum("sn,sna->a", life.shelves.vanished[:, :, c.warm :].sum(axis=2) * c.cost[:, None], assets.of_shelf)
    booked = np.einsum("kc,kca->a", life.booked, assets.of_book) / c.years
    hours = np.einsum("kc,kca->a", life.hours, assets.of_book) / c.years
    margin = (total(gross) - total(np.where(late | overdue, share * worth, 0.0)) - lost) / c.years - booked
    margin = margin - hours * c.money["wage_amount_per_hour"] - c.money["carrying_rate_per_year"] * stock
    missed, lines = total(late | overdue), total(np.ones(len(of)))
    wished = np.bincount(_number(c, life.wishes, assets.keys)[0], minlength=n)
    return [
        Account(
            int(lines[a]), int(total(late)[a]), int(total(overdue)[a]), int(total(gone)[a]),
            float(total(kept * x["price"])[a] / c.years), float(total(gross)[a] / c.years), float(stock[a]),
            float(hours[a]), float(booked[a]), float(1 - missed[a] / max(lines[a], 1)),
            float(total(~gone)[a] / max(wished[a], 1)), float(margin[a]),
        )
        for a in range(n)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """One world of a new kind; as `benchmarks.elsewhere.worlds.World`."""

    name: str
    template: str
    seed: int
    defects: tuple[Fault, ...]
    level: str
    house: Callable[[int], House]
    no_contract: bool = False

    def known(self) -> truth.Known:
        """Live once as it is and once for each repair."""
        c = self.house(self.seed)
        faults = [Fault(f.kind, f.level, f.at, f.category, c) for f in self.defects]
        if any(f.stage == "decision" for f in faults):
            # Whoever does not write down when buying was decided cannot be told that it is slow.
            c.omitted.pop("supply_orders", None)
        if self.no_contract:
            c.contracts |= {f.party(c): False for f in faults}
        return known(c, faults)

    def write(self, life: Life, folder: Path) -> None:
        """Write its folder."""
        write(life, folder)


def spoil(c: House, faults: list[Fault]) -> Ways:
    """Ways with some faults."""
    out = copy.deepcopy(c.sound)
    for f in faults:
        c.faults[f.kind][2](out, f, LEVELS[f.level])
    return out


def known(c: House, faults: list[Fault]) -> truth.Known:
    """The truth by living again, as `benchmarks.elsewhere.truth.known`."""
    inside, between = [f for f in faults if f.is_inside(c)], [f for f in faults if not f.is_inside(c)]
    left = {"recorded": faults, "operate": between, "orchestrate": inside, "operate then orchestrate": []}
    for n in range(len(faults)):
        left[f"defect {n}"] = [f for m, f in enumerate(faults) if m != n]
    life = c.live(c, spoil(c, faults))
    assets = Assets.by(c, life.wishes)
    _costs(c, life, len(assets.keys))
    memory = {tuple(faults): accounts(life, assets)}
    found: dict[str, list[Account]] = {}
    for version, remaining in left.items():
        key = tuple(remaining)
        if key not in memory:
            memory[key] = accounts(c.live(c, spoil(c, remaining)), assets)
        found[version] = memory[key]
    told = [
        truth.asset_truth(cast("Any", c), cast("Any", faults), name, {v: f[a] for v, f in found.items()})
        for a, name in enumerate(assets.keys)
    ]
    return truth.Known(cast("Any", life), told, found)


def _costs(c: House, life: Life, n: int) -> None:
    x = life.wishes
    revenue = float((x["units"] * c.price[x["sku"]]).sum()) / c.years
    for path, (once, yearly) in {"operate": (0.005, 0.0012), "orchestrate": (0.007, 0.0018)}.items():
        c.paths[path] = {"one_off": once * revenue / n, "run": yearly * revenue / n}


def write(life: Life, folder: Path) -> None:
    """Write the folder of a house."""
    made = {**writing.MAKERS, "order_lines": order_lines}
    writing.write_with(cast("Any", life), folder, cast("Any", made), life.other)


def order_lines(life: Life) -> dict[str, Any]:
    """The table, from `lines`: sku, channel, node, destination, carrier (-1 none), customer (-1 none), ids, times, units."""
    c, x = life.c, life.lines
    cc = cast("Any", c)
    fulfiller = np.array(c.node_party, object)[x["node"]]
    reason = np.array(x["reason"], object)
    out = {
        "order_id": pa.array(x["order_id"]), "line_id": pa.array(x["line_id"]),
        "ordered_at": writing.moments(cc, x["ordered"]), "sku_id": writing.names_at(c.sku, x["sku"]),
        "channel_id": writing.names_at(c.channel, x["channel"]), "node_id": writing.names_at(c.node, x["node"]),
        "fulfiller_id": pa.array(fulfiller), "carrier_id": writing.names_at(c.carrier, x["carrier"], x["carrier"] < 0),
        "destination": writing.names_at(c.destination, x["destination"]),
        "promised_at": writing.moments(cc, x["promised"]), "released_at": writing.moments_so_far(cc, x["released"]),
        "handed_over_at": writing.moments_so_far(cc, x["handed"]), "delivered_at": writing.moments_so_far(cc, x["delivered"]),
        "cancelled_at": writing.moments_so_far(cc, x["cancelled"]), "cancel_reason": pa.array(reason, pa.string()),
        "ordered_units": pa.array(x["ordered_units"]), "shipped_units": pa.array(x["shipped_units"]),
        "returned_units": pa.array(x["returned_units"]),
        "price_amount": pa.array(np.round(x["price"], 2)), "cost_amount": pa.array(np.round(c.cost[x["sku"]], 4)),
        "fulfilment_amount": pa.array(np.round(np.where(np.isnan(x["cancelled"]), x["fulfilment"], 0.0), 2)),
    }  # fmt: skip
    if "customer" in x:
        out["customer_id"] = pa.array(
            np.array(x["customer_names"], object)[x["customer"]], pa.string(), mask=x["customer"] < 0
        )
    return out


def beginning(seed: int, words: Words) -> tuple[date, dict[str, str]]:
    """First Monday of warming up, and own words for things."""
    first = date(2022, 1, 3) + timedelta(days=7 * int(Luck(seed).of("company").integers(0, 90)))
    keys = ("status", "reconcile", "damage", "case", "asked", "told", "closed", "matched", "us")
    return first, {k: words.one() for k in keys}


def chores(c: House, w: Ways, x: Lines, draws: Floats) -> tuple[list[Event], Floats]:
    """Cases in which somebody asks where an order is: events, and our hours by category and channel."""
    hours = np.zeros((len(c.category), len(c.channel)))
    events: list[Event] = []
    category = c.category_of[x["sku"]]
    for i in np.flatnonzero(draws[:, 0] < w["asks"][category, x["channel"]]):
        k, j = int(category[i]), int(x["channel"][i])
        people = int(w["touches"][k, j] * (0.7 + 0.6 * draws[i, 1]) + draws[i, 2])
        across, name, at = c.channel_party[j] != c.own, f"{c.words['case']}{i}", float(x["ordered"][i]) + 20.0
        steps = [(1, True, 0.0)]
        for n in range(people):
            effort = 0.12 * (0.6 + 0.8 * draws[i, 3 + n % 5])
            hours[k, j] += effort
            steps += [(0, True, effort)] + [(2, False, 0.0)] * across
        steps.append((1, True, 0.0))
        for n, (who, ours, effort) in enumerate(steps):
            at += 0.3 + 2.0 * draws[i, n % 8]
            last = n == len(steps) - 1
            act = c.words["asked"] if n == 0 else c.words["closed"] if last else c.words["told"]
            events.append(Event(name, c.words["status"], act, at, who, ours, effort, last, k, j))
    return events, hours
