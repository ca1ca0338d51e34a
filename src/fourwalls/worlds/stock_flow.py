"""The stock flow: day by day, in all versions of the world at once, from the forecast to the sale."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fourwalls.worlds import allocation, buying, capacity, conversion, listing, records, shelf, stores, supply
from fourwalls.worlds.assortment import Assortment
from fourwalls.worlds.clocks import Calendar
from fourwalls.worlds.defects import SeverityByVersion, Trouble
from fourwalls.worlds.draws import Bools, Columns, Floats, Ints, generator
from fourwalls.worlds.forecasting import Forecaster
from fourwalls.worlds.offering import overflow_offers
from fourwalls.worlds.retailer import MEDIA, Retailer

MEDIA_SHARE = 0.12
"""Media money as a share of planned revenue, where campaigns are aimed at what sells best and so runs out."""

AHEAD = 200
"""Days ahead for which arrivals are kept."""


@dataclass(slots=True)
class Sales:
    """What a block of wishes came to.

    Attributes:
        fate: What became of each wish (see `shelf`), shape (versions, lines).
        shipped: Units each gets, same shape.
        partner_amount: What a partner asks per unit to pick and pack it; 0 where we do, same shape.
        closes: Hour of the day at which a section can pack no more, shape (days, nodes, categories), first version.
        stock_days: Rows of the first version: day, place, on_hand, sold, received, adjusted, empty_share.
        shown_share: Share of each day a place could be bought, shape (days, channels, places), first version.
        supply_orders: Orders signalled in the block, first version.
        stock_value: Record stock at cost, summed over the days of the record, shape (versions, places).
        written_off: Units found missing at counts, same shape.
        media_on_empty_amount: Media money spent on empty shelves, same shape.
        marked_down_amount: Loss on stock that will not sell in time, same shape.
        bookings: Write-offs and mark-downs of the first version: day, place, amount, is_shrink.
        forecasts: Forecasts made in the block, first version.
    """

    fate: NDArray[np.int8]
    shipped: NDArray[np.int16]
    partner_amount: Floats
    closes: Floats
    stock_days: Columns
    shown_share: Floats
    supply_orders: list[Columns]
    stock_value: Floats
    written_off: Ints
    media_on_empty_amount: Floats
    marked_down_amount: Floats
    bookings: list[Columns]
    forecasts: list[Columns]


@dataclass(slots=True)
class StockFlow:
    """Stock, orders on their way and forecasts of every version of a world.

    Attributes:
        retailer, days, places, seed: The world.
        versions: What is wrong in each version; the first is the one that is recorded.
        forecaster: Its forecasts.
        record, physical: Stock as booked and as it is [units], shape (versions, places).
        on_order: Signalled and not yet put away [units], same shape.
    """

    retailer: Retailer
    days: Calendar
    places: Assortment
    seed: int
    versions: list[Trouble]
    forecaster: Forecaster = field(init=False)
    record: Ints = field(init=False)
    physical: Ints = field(init=False)
    on_order: Ints = field(init=False)
    _coming: Ints = field(init=False)
    _closing: Ints = field(init=False)
    _empty_since: Floats = field(init=False)
    _back_since: Floats = field(init=False)
    _missed: Ints = field(init=False)
    _turn: Ints = field(init=False)
    _bad: dict[str, SeverityByVersion] = field(init=False)
    _desks: list[buying.Desk] = field(init=False)
    _docks: list[supply.Dock] = field(init=False)
    _known: Bools = field(init=False)
    _stores: stores.Stores = field(init=False)
    _capacity: capacity.OwnCapacity = field(init=False)
    _orders: int = 0

    def __post_init__(self) -> None:
        p, r, n_v = self.places, self.retailer, len(self.versions)
        shape = (n_v, len(p.sku))
        self.forecaster = Forecaster(r, p, self.seed, self.versions)
        self._desks = [buying.desk(s, self.days) for s in r.suppliers]
        self._docks = [supply.dock(n, self.days) for n in r.nodes]
        doer = {
            "slow_approval": r.party_of("buyer")[p.supplier],
            "late_supplier": r.party_of("supplier_id")[p.supplier],
            "short_shipments": r.party_of("supplier_id")[p.supplier],
            "slow_dock": r.party_of("node_id")[p.node],
            "poor_records": r.party_of("node_id")[p.node],
            "skewed_allocation": r.allocator[p.category],
            "media_on_empty": np.full(len(p.sku), MEDIA),
        }
        self._bad = {kind: SeverityByVersion(kind, self.versions, p.rows(), who) for kind, who in doer.items()}
        self._stores = stores.Stores(r, p, self.versions)
        self._capacity = capacity.OwnCapacity(r, p, overflow_offers(r, self.seed), self.versions)
        protect = np.array([buying.protected_days(s) for s in r.suppliers])[p.supplier]
        protect = np.where(p.source >= 0, stores.COVER_DAYS, protect)
        rate = p.planned(0, protect).sum(axis=0)
        first = np.round(buying.wanted_level(rate, 1.0, protect) - rate * np.maximum(protect - 12.0, 0.0) * 0.6).astype(
            np.int64
        )
        self.record = np.tile(np.maximum(first, 0), (n_v, 1))
        self.physical = self.record.copy()
        self.on_order = np.zeros(shape, dtype=np.int64)
        self._coming = np.zeros((*shape, AHEAD), dtype=np.int64)
        self._closing = np.zeros((*shape, AHEAD), dtype=np.int64)
        self._empty_since = np.where(self.record > 0, np.inf, 0.0)
        self._back_since = np.full(shape, -np.inf)
        self._missed = np.zeros(shape, dtype=np.int64)
        self._known = np.zeros(len(p.sku), dtype=np.bool_)
        self._turn = generator(self.seed, "counts").integers(0, records.COUNT_EVERY_DAYS, len(p.sku))

    def sell(self, wishes: Columns, comes: Bools, first: int, last: int) -> Sales:
        """Live through days `first` to `last` (exclusive) with their wishes (which have node_id).

        Args:
            wishes: In any order.
            comes: Whether the customer still comes to us, shape (versions, lines).
            first: First day.
            last: First day after.
        """
        n_v, n_p = len(self.versions), len(self.places.sku)
        place = self.places.of[wishes["sku"], wishes["node_id"]]
        order = np.lexsort((wishes["at"], place, wishes["day"]))
        wants = conversion.convinced(self.retailer, self.versions, wishes) & comes
        shared = self._capacity.share_out(wishes, wants, first, last)
        wants = (wants & ~shared.turned_away)[:, order]
        lags = listing.Lags(self.retailer, self.versions)
        bounds = np.searchsorted(wishes["day"][order], np.arange(first, last + 1))
        fate = np.zeros((n_v, len(order)), dtype=np.int8)
        shipped = np.zeros((n_v, len(order)), dtype=np.int16)
        shown = np.zeros((last - first, len(self.retailer.channels), n_p))
        days: list[Columns] = []
        orders: list[Columns] = []
        value = np.zeros((n_v, n_p))
        written_off = np.zeros((n_v, n_p), dtype=np.int64)
        media, marked_down = np.zeros((n_v, n_p)), np.zeros((n_v, n_p))
        forecasts: list[Columns] = []
        bookings: list[Columns] = []
        cost, price = self.retailer.skus.cost[self.places.sku], self.retailer.skus.price[self.places.sku]
        for day in range(first, last):
            received = self._put_away(day)
            luck = generator(self.seed, "stock", day)
            adjusted, missing = self._count(day, luck.random(n_p))
            if self.days.weekday[day] == 0:
                self.forecaster.renew(day)
                forecasts += self._forecast_rows(day)
            orders += self._buy(day, supply.draw_supply_luck(luck, n_p), float(luck.standard_gamma(2.0, 1)[0]) / 2.0)
            if self.days.weekday[day] == allocation.WEEKDAY and len(self.places.pairs):
                moved, moves = self._even_out(day)
                adjusted -= moved
                orders += moves
            to_stores = np.zeros_like(self.record)
            if len(self._stores.rows):
                if self.days.weekday[day] in stores.ORDER_WEEKDAYS:
                    to_stores, moves = self._feed_stores(day)
                    adjusted -= to_stores
                    orders += moves
                self._stores.fill(day, self.physical, generator(self.seed, "shelves", day).random(n_p))
            on_show = self._stores.on_show(self.record)
            rows = order[bounds[day - first] : bounds[day - first + 1]]
            here = slice(bounds[day - first], bounds[day - first + 1])
            hour = wishes["at"][rows] - day * 24.0
            self._note_return(day, on_show)
            up, down = lags.of_wishes(
                day,
                place[rows],
                wishes["channel_id"][rows],
                wishes["category"][rows],
                self._back_since,
                self._empty_since,
            )
            served = shelf.serve(
                place[rows],
                hour,
                wishes["units"][rows],
                wants[:, here],
                on_show,
                self._stores.on_show(self.physical),
                up,
                down,
            )
            fate[:, rows], shipped[:, rows] = served.fate, served.shipped
            self._missed = served.hidden
            opened = on_show > 0
            self.record = self.record - served.sold
            self.physical = self.physical - served.sold
            self._stores.take(served.sold)
            on_show = self._stores.on_show(self.record)
            ran_out = opened & (on_show <= 0)
            self._empty_since = np.where(ran_out, day * 24.0 + served.empty_at, self._empty_since)
            open_share = np.where(ran_out, served.empty_at / 24.0, (on_show > 0) * 1.0)
            shown[day - first] = lags.shown_share(
                day, self.places, open_share[0], self._back_since[0], self._empty_since[0], shared.closes[day - first]
            )
            self.forecaster.watch(served.sold + to_stores, open_share)
            self.physical = self.physical - records.gone_astray(
                self.physical, luck.random(n_p), luck.standard_exponential(n_p), self._bad["poor_records"].on(day)
            )
            if day >= self.days.warm_up:
                value += self.record * cost
                written_off += missing
                spent = MEDIA_SHARE * price * self.places.planned(day, 1).sum(axis=0)
                media += spent * (1.0 - open_share) * self._bad["media_on_empty"].on(day)
                if self.days.weekday[day] == 0:
                    down = records.written_down(self.record, self.forecaster.believed(day)) * cost
                    marked_down += down
                    bookings += _booked(day, down[0], is_shrink=False)
                bookings += _booked(day, missing[0] * cost, is_shrink=True)
                days.append(self._rows(day, served.sold, received, adjusted, open_share))
        fate[~comes] = shelf.LOST_CUSTOM
        fate[shared.turned_away] = shelf.LOST_UNSERVED
        stock_days = {k: np.concatenate([d[k] for d in days]) for k in days[0]} if days else {}
        return Sales(
            fate=fate,
            shipped=shipped,
            partner_amount=shared.partner_amount,
            closes=shared.closes,
            stock_days=stock_days,
            shown_share=shown,
            supply_orders=orders,
            stock_value=value,
            written_off=written_off,
            media_on_empty_amount=media,
            marked_down_amount=marked_down,
            bookings=bookings,
            forecasts=forecasts,
        )

    def _forecast_rows(self, day: int) -> list[Columns]:
        """Forecasts for the next week and for the fourth, of the first version."""
        out = []
        for weeks in (1, 4):
            units = 7.0 * self.forecaster.per_day(day + 7 * (weeks - 1), 7)[0]
            channel, place = (x.ravel() for x in np.indices(units.shape))
            made = {"channel": channel, "place": place, "units": units.ravel()}
            made |= {"day": np.full(channel.shape, day), "period": np.full(channel.shape, day + 7 * (weeks - 1))}
            out.append(made)
        return out

    def _rows(self, day: int, sold: Ints, received: Ints, adjusted: Ints, open_share: Floats) -> Columns:
        launched = self.retailer.skus.launched[self.places.sku]
        # A product has no stock record before it was first delivered or launched.
        self._known |= (launched <= day) | (self.record[0] > 0) | (received[0] > 0)
        place = np.flatnonzero(self._known)
        return {
            "day": np.full(len(place), day),
            "place": place,
            "on_hand": self.record[0, place],
            "sold": sold[0, place],
            "received": received[0, place],
            "adjusted": adjusted[0, place],
            "empty_share": 1.0 - open_share[0, place],
        }

    def _put_away(self, day: int) -> Ints:
        slot = day % AHEAD
        received: Ints = self._coming[:, :, slot].copy()
        self.record = self.record + received
        self.physical = self.physical + received
        self.on_order = self.on_order - self._closing[:, :, slot]
        self._coming[:, :, slot] = 0
        self._closing[:, :, slot] = 0
        return received

    def _count(self, day: int, luck: Floats) -> tuple[Ints, Ints]:
        is_counted = records.counted(day, self._turn, luck, self._missed, self._bad["poor_records"].on(day))
        missing = np.where(is_counted, self.record - self.physical, 0)
        self.record = self.record - missing
        emptied = (self.record <= 0) & np.isinf(self._empty_since)
        self._empty_since = np.where(emptied, day * 24.0, self._empty_since)
        return -missing, missing

    def _note_return(self, day: int, on_show: Ints) -> None:
        """Stock that came back to an empty shelf this morning, and what left for the stores."""
        is_gone = (on_show <= 0) & np.isinf(self._empty_since)
        self._empty_since = np.where(is_gone, day * 24.0, self._empty_since)
        is_back = (on_show > 0) & np.isfinite(self._empty_since)
        self._back_since = np.where(is_back, day * 24.0 + supply.ON_SHELF, self._back_since)
        self._empty_since = np.where(is_back, np.inf, self._empty_since)

    def _buy(self, day: int, luck: supply.SupplyLuck, sign_luck: float) -> list[Columns]:
        out = []
        for code, supplier in enumerate(self.retailer.suppliers):
            mine = np.flatnonzero((self.places.supplier == code) & (self.places.source < 0))
            if supplier.review_weekday != self.days.weekday[day] or not len(mine):
                continue
            out += self._buy_from(day, code, mine, luck, sign_luck)
        return out

    def _buy_from(
        self, day: int, code: int, mine: Ints, all_luck: supply.SupplyLuck, sign_luck: float
    ) -> list[Columns]:
        supplier = self.retailer.suppliers[code]
        luck = supply.SupplyLuck(*(getattr(all_luck, name)[mine] for name in supply.SupplyLuck.__dataclass_fields__))
        protect = buying.protected_days(supplier)
        per_day = self.forecaster.per_day(day, protect).sum(axis=1)[:, mine]
        bend = allocation.tilt(self.places.pairs, self.record.shape[1], self._bad["skewed_allocation"].on(day))
        level = buying.wanted_level(per_day, protect, bend[:, mine])
        units = buying.ordered(
            level, (self.record + self.on_order)[:, mine], self.retailer.skus.pack[self.places.sku[mine]]
        )
        if not units.any():
            return []
        signalled = day * 24.0 + 6.0
        decided = self._desks[code].decided(signalled, sign_luck, self._bad["slow_approval"].on(day)[:, mine])
        placed = self._desks[code].placed(decided)
        shipped, gate = supply.arrived(supplier, placed, luck, self._bad["late_supplier"].on(day)[:, mine])
        come = supply.received_units(units, luck, self._bad["short_shipments"].on(day)[:, mine])
        received, on_shelf = self._at_dock(mine, gate, luck, day)
        self._expect(mine, day, on_shelf, units, come)
        rows = np.flatnonzero(units[0] > 0)
        if not len(rows):
            return []
        made = {
            "order": self._orders + np.arange(len(rows)),
            "place": mine[rows],
            "from_node": np.full(len(rows), -1),
            "supplier": np.full(len(rows), code),
            "signalled": np.full(len(rows), signalled),
            "decided": decided[0, rows],
            "placed": placed[0, rows],
            "promised": supply.promised(supplier, placed[0, rows]),
            "shipped": shipped[0, rows],
            "received": received[0, rows],
            "available": supply.on_shelf_hour(on_shelf[0, rows]),
            "units": units[0, rows],
            "come": come[0, rows],
        }
        self._orders += len(rows)
        return [made]

    def _at_dock(self, mine: Ints, gate: Floats, luck: supply.SupplyLuck, day: int) -> tuple[Floats, Ints]:
        received, on_shelf = np.empty_like(gate), np.empty(gate.shape, dtype=np.int64)
        bad = self._bad["slow_dock"].on(day)[:, mine]
        for node, at in enumerate(self._docks):
            here = self.places.node[mine] == node
            if here.any():
                received[:, here] = at.received(gate[:, here], luck.hour[here])
                on_shelf[:, here] = at.on_shelf_day(received[:, here], luck.dock[here], bad[:, here])
        return received, on_shelf

    def _expect(self, mine: Ints, day: int, on_shelf: Ints, units: Ints, come: Ints) -> None:
        slot = np.minimum(on_shelf, day + AHEAD - 1) % AHEAD
        version = np.broadcast_to(np.arange(len(units))[:, None], units.shape)
        where = np.broadcast_to(mine[None, :], units.shape)
        np.add.at(self._coming, (version, where, slot), come)
        np.add.at(self._closing, (version, where, slot), units)
        self.on_order[:, mine] += units

    def _even_out(self, day: int) -> tuple[Ints, list[Columns]]:
        pairs = self.places.pairs
        per_day = self.forecaster.per_day(day, 14).sum(axis=1)
        bad = self._bad["skewed_allocation"].on(day)
        left = np.zeros_like(self.record)
        made = []
        for to_second in (True, False):
            giver, taker = (0, 1) if to_second else (1, 0)
            units = allocation.transfers(pairs, self.physical, self.on_order, per_day, bad, to_second)
            if not units.any():
                continue
            left[:, pairs[:, giver]] += units
            on_shelf = np.full(units.shape, day + allocation.TRANSFER_DAYS)
            self._expect(pairs[:, taker], day, on_shelf, units, units)
            rows = np.flatnonzero(units[0] > 0)
            if len(rows):
                here, there = pairs[rows, giver], pairs[rows, taker]
                made.append(self._moved(day, here, there, units[0, rows], allocation.TRANSFER_DAYS))
        self.record = self.record - left
        self.physical = self.physical - left
        return left, made

    def _feed_stores(self, day: int) -> tuple[Ints, list[Columns]]:
        """What leaves each place for the stores, and the orders of the first version."""
        free = np.minimum(self.record, self.physical)
        per_day = self.forecaster.per_day(day, stores.COVER_DAYS).sum(axis=1)
        units = self._stores.shipments(day, self.record + self.on_order, free, per_day)
        mine = self._stores.rows
        source = self.places.source[mine]
        left = np.zeros_like(self.record)
        np.add.at(left.T, source, units.T)
        self.record = self.record - left
        self.physical = self.physical - left
        self._expect(mine, day, np.full(units.shape, day + stores.TRANSFER_DAYS), units, units)
        rows = np.flatnonzero(units[0] > 0)
        if not len(rows):
            return left, []
        return left, [self._moved(day, source[rows], mine[rows], units[0, rows], stores.TRANSFER_DAYS)]

    def _moved(self, day: int, giver: Ints, taker: Ints, units: Ints, takes: int) -> Columns:
        made = allocation.transfer_orders(day, self._orders, self.places.node[giver], taker, units, takes)
        self._orders += len(units)
        return made


def _booked(day: int, amount: Floats, *, is_shrink: bool) -> list[Columns]:
    place = np.flatnonzero(amount > 0.0)
    n = len(place)
    return [{"day": np.full(n, day), "place": place, "amount": amount[place], "is_shrink": np.full(n, is_shrink)}]
