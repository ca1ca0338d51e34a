"""One life of a company: the same wishes and luck, with its people and partners doing as well as they are said to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.elsewhere.books import Books, keep_books
from benchmarks.elsewhere.buying import SERVED, Buyer, Shelves
from benchmarks.elsewhere.company import Company, Ways
from benchmarks.elsewhere.luck import Bools, Floats, Ints
from benchmarks.elsewhere.parcels import Parcels, send
from benchmarks.elsewhere.wishes import Wishes, wishes


@dataclass(frozen=True, slots=True)
class Listed:
    """Listings by sku, channel, day."""

    off: Bools
    content: Floats
    price: Floats
    rival: Floats
    sessions: Ints


@dataclass(frozen=True, slots=True)
class Life:
    """What happened.

    Attributes:
        c, w: Who lived, and how well.
        wanted: Wishes.
        stands: Which of them would be orders were there stock.
        listed, shelves, parcels, books: What became of listings, stock, lines, and what was booked.
    """

    c: Company
    w: Ways
    wanted: Wishes
    stands: Bools
    listed: Listed
    shelves: Shelves
    parcels: Parcels
    books: Books

    @property
    def unit_price(self) -> Floats:
        """Our price by line of `parcels`."""
        i = self.parcels.wish
        s, ch, day = self.wanted.sku[i], self.wanted.channel[i], self.wanted.day[i]
        return np.asarray(self.listed.price[s, ch, day], np.float64)


def live(c: Company, w: Ways, wanted: Wishes | None = None) -> Life:
    """Live through the whole time."""
    wanted = wishes(c) if wanted is None else wanted
    listed, chance = _listed(c, w, wanted)
    day = wanted.day
    stands = (wanted.draws[:, 12] < chance[wanted.sku, wanted.channel, day]) & ~listed.off[
        wanted.sku, wanted.channel, day
    ]
    shelves = Buyer(c, w, wanted, stands, chance * (1 - w.off[:, :, None])).run()
    parcels = send(c, w, wanted, shelves)
    value = np.zeros(len(wanted))
    i = parcels.wish
    value[i] = shelves.shipped[i] * listed.price[wanted.sku[i], wanted.channel[i], day[i]]
    return Life(c, w, wanted, stands, listed, shelves, parcels, keep_books(c, w, wanted, value))


def _listed(c: Company, w: Ways, wanted: Wishes) -> tuple[Listed, Floats]:
    """Listings, and the chance that a wish becomes an order on them."""
    s, _, ch, _, _ = c.sizes
    rng = c.luck.of("listings")
    spells = c.days // 3 + 1
    block = np.arange(c.days) // 3
    off = (rng.random((s, ch, spells)) < w.off[:, :, None])[:, :, block]
    weeks = c.days // 7 + 1
    drift = 1.02 + 0.015 * rng.standard_normal((s, ch, weeks))[:, :, np.arange(c.days) // 7]
    rival = c.price[:, None, None] * drift
    if c.price_war is not None:
        since, cut, who = c.price_war
        rival[np.isin(c.category_of, who), :, since:] *= 1 - cut
    price = np.broadcast_to((c.price[:, None] * w.price)[:, :, None], rival.shape)
    content = np.broadcast_to(w.content[:, :, None], rival.shape)
    shops = c.is_shop[None, :, None]
    chance = np.minimum(1.0, (price / rival / 0.93) ** -c.elasticity) * np.minimum(1.0, content / 0.97) ** 1.3
    chance = np.where(shops, 1.0, chance)
    came = np.zeros((s, ch, c.days), np.int64)
    np.add.at(came, (wanted.sku, wanted.channel, wanted.day), 1)
    sessions = np.where(off, 0, came + wanted.browsing)
    return Listed(off & ~shops, content, price, rival, sessions), chance


@dataclass(frozen=True, slots=True)
class Account:
    """Money a year of one asset; lines, late lines and cancelled lines over the record."""

    lines: int
    late: int
    overdue: int
    cancelled: int
    revenue: float
    gross: float
    stock: float
    hours: float
    booked: float
    on_time: float
    available: float
    margin: float


class Assets:
    """Which asset each wish belongs to, and how shelves and bookings are shared out.

    Args:
        c: The company.
        wanted: Its wishes; assets without any are none.
    """

    def __init__(self, c: Company, wanted: Wishes) -> None:
        values = [_grain(c, wanted, column) for column in c.grain]
        rows = np.array(values, dtype=object).T
        keys = sorted({tuple(r) for r in rows.tolist()})
        number = {k: i for i, k in enumerate(keys)}
        self.keys: list[tuple[str, ...]] = keys
        self.of: Ints = np.array([number[tuple(r)] for r in rows.tolist()])
        self.of_shelf = self._share(c, wanted, (wanted.sku, wanted.node), (len(c.sku), len(c.node)))
        for x, feeder in enumerate(c.feeder):
            if feeder >= 0:
                self.of_shelf[:, feeder] += self.of_shelf[:, x]
        self.of_shelf /= np.maximum(self.of_shelf.sum(axis=-1, keepdims=True), 1e-12)
        category = c.category_of[wanted.sku]
        self.of_book = self._share(c, wanted, (category, wanted.channel), (len(c.category), len(c.channel)))
        self.of_book /= np.maximum(self.of_book.sum(axis=-1, keepdims=True), 1e-12)

    def _share(self, c: Company, wanted: Wishes, by: tuple[Ints, Ints], shape: tuple[int, int]) -> Floats:
        out = np.zeros((*shape, len(self.keys)))
        np.add.at(out, (*by, self.of), wanted.units * c.price[wanted.sku])
        return out


def _grain(c: Company, wanted: Wishes, column: str) -> list[str]:
    names, index = {
        "brand": (c.brand, c.brand_of[wanted.sku]),
        "category": (c.category, c.category_of[wanted.sku]),
        "channel_id": (c.channel, wanted.channel),
        "channel_kind": (c.channel_kind, wanted.channel),
        "node_id": (c.node, wanted.node),
        "node_region": (c.region, wanted.node),
        "destination": (c.destination, wanted.destination),
    }[column]
    return [names[i] for i in index]


def accounts(life: Life, assets: Assets) -> list[Account]:
    """Money of each asset over the record, a year."""
    c, p, wanted, money = life.c, life.parcels, life.wanted, life.c.money
    begin, end, years = c.warm * 24.0, c.days * 24.0, c.years
    n = len(assets.keys)
    inside = wanted.at[p.wish] >= begin
    i = p.wish[inside]
    of, units = assets.of[i], life.shelves.shipped[i]
    price, promised = life.unit_price[inside], p.promised[inside]
    delivered, reason = p.delivered[inside], p.reason[inside]
    kept = (reason == 0) & (life.shelves.fate[i] == SERVED)
    late = kept & (delivered > promised)
    overdue = kept & np.isnan(delivered) & (promised < end)
    worth = units * price
    fulfilment = np.where(c.is_shop[wanted.channel[i]], 0.0, c.handling)
    gross = np.where(kept, units * (price - c.cost[wanted.sku[i]]) - fulfilment, 0.0)
    penalty = np.where(late | overdue, money["late_line_cost_share"] * worth, 0.0)

    def total(x: Floats | Bools) -> Floats:
        return np.asarray(np.bincount(of, np.asarray(x, np.float64), n), np.float64)

    stock = np.einsum("sn,sna->a", life.shelves.record[:, :, c.warm :].mean(axis=2) * c.cost[:, None], assets.of_shelf)
    booked = np.einsum("kcw,kca->a", life.books.booked, assets.of_book) / years
    hours = np.bincount(assets.of[life.books.case_wish], life.books.case_hours, n) / years
    feed_hours = np.einsum("kc,kca->a", life.books.feed_hours, assets.of_book) / years
    hours = hours + feed_hours
    margin = (total(gross) - total(penalty)) / years - booked - hours * money["wage_amount_per_hour"]
    margin = margin - money["carrying_rate_per_year"] * stock
    gone = life.shelves.vanished[:, :, c.warm :].sum(axis=2) * c.cost[:, None]
    margin = margin - np.einsum("sn,sna->a", gone, assets.of_shelf) / years
    asked = np.bincount(assets.of[life.stands & (wanted.at >= begin)], minlength=n)
    lines, missed = total(np.ones(len(i))), total(late | overdue)
    cancelled, revenue = total(reason > 0), total(np.where(kept, worth, 0.0)) / years
    return [
        Account(
            int(lines[a]), int(total(late)[a]), int(total(overdue)[a]), int(cancelled[a]), float(revenue[a]),
            float(total(gross)[a] / years), float(stock[a]), float(hours[a]), float(booked[a]),
            float(1 - missed[a] / max(lines[a], 1)), float(total(kept)[a] / max(asked[a], 1)), float(margin[a]),
        )
        for a in range(n)
    ]  # fmt: skip
