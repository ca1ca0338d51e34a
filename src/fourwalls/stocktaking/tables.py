"""The tables of the stock flow, read once each: shelves, their record, what was ordered, and whose demand they serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain import stock_record, supply
from fourwalls.chain.accounts import PartyBook
from fourwalls.chain.backorders import Backorders, backorders
from fourwalls.chain.comparison import NOBODY
from fourwalls.chain.deciders import Worked, deciders
from fourwalls.chain.demand import Demand, ShelfDays, censored_demand, demand_statistics
from fourwalls.chain.demand_hours import HOURS, usual_hours
from fourwalls.chain.demand_phantom import on_record, phantom_days
from fourwalls.chain.levels import lanes
from fourwalls.engines.base import Engine
from fourwalls.figures import Refusal
from fourwalls.measures import shelf, stock
from fourwalls.measures.ledger import OTHER, STOCK_CAUSES, cause_of
from fourwalls.measures.order_lines import is_shop
from fourwalls.portfolio import Portfolio
from fourwalls.reception import Reception

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

# Shelf-days read from the engine at a time.
PART = 4_000_000
# Grain columns that a shelf has by itself; for others the order lines must say whose demand it serves.
OWN_COLUMNS = {
    "brand": "brand",
    "category": "category",
    "node_id": "node_id",
    "node_region": "node_region",
}
DAY_S = 86_400.0
# Bookings on fewer days cannot be held against what was sold meanwhile.
_BOOKING_DAYS = 20

NO_ROWS = Refusal(
    "no_stock",
    "Availability",
    "no row of stock_days can be used: all were set aside, or lie outside the period",
    "stock_days for the period, mended",
)
NO_STOCK = Refusal(
    "no_stock",
    "Availability",
    "there is no table stock_days, so nobody can tell what empty shelves cost",
    "stock_days: closing stock and units sold by sku, node and day",
)


NOT_LOOKED = Refusal(
    "no_stock",
    "Availability",
    "stock_days tells what was sold and neither what lay there nor when shelves were empty, so nobody can tell what empty shelves cost",
    "stock_days.on_hand_units, or empty_share",
)
_TELLS_EMPTY = ("on_hand_units", "empty_share", "empty_by_hour")


@dataclass(frozen=True, slots=True)
class Share:
    """Which assets the shelves serve.

    Attributes:
        shelf: Number of the shelf, shape (pairs,).
        asset: Values of the grain, one tuple for each pair.
        weight: Part of the shelf's demand that is the asset's, 0-1, shape (pairs,).
        price, cost: Mean net price and cost of a unit [amount]; NaN where the record has none, shape (pairs,).
        follows: What a unit sold brings along [amount], same shape: getting it to the customer, bookings that come with sales, and
            the margin of those sent back; 0 where the record has none.
        kept: Part of the units shipped that is not sent back, same shape; 1 where the record has none.
    """

    shelf: Ints
    asset: list[tuple[str | None, ...]]
    weight: Floats
    price: Floats
    cost: Floats
    follows: Floats
    kept: Floats


class StockTables:
    """The stock tables of a portfolio; nothing is read before it is asked for.

    Args:
        engine: Where the tables are.
        reception: The tables, checked.
        portfolio: What portfolio.toml says.
        book: Whose the parties are.
        seed: Of the demand estimate.
        progress: Called with a line of text when a longer step begins.
    """

    def __init__(
        self,
        engine: Engine,
        reception: Reception,
        portfolio: Portfolio,
        book: PartyBook,
        seed: int,
        progress: Callable[[str], None],
    ) -> None:
        self._engine, self._reception = engine, reception
        self.portfolio, self.book, self.seed = portfolio, book, seed
        self._progress = progress

    @property
    def refusal(self) -> Refusal | None:
        """Why there is no stock flow to look at; None if there is."""
        if "stock_days" not in self._reception.rows:
            return NO_STOCK
        if not any(self.has("stock_days", name) for name in _TELLS_EMPTY):
            return NOT_LOOKED
        return None if self.shelves.num_rows else NO_ROWS

    @cached_property
    def absent_stages(self) -> tuple[str, ...]:
        """Stages whose tables are not there at all."""
        rows = self._reception.rows
        absent = [] if self.supplies is not None else ["decision", "supply", "receiving", "allocation"]
        absent += [] if "forecasts" in rows else ["forecast"]
        return (*absent, *([] if "listings" in rows else ["listing"]))

    def has(self, table: str, *columns: str) -> bool:
        """Whether a table is there, with these columns."""
        return table in self._reception.rows and set(columns) <= self._reception.present(table)

    @property
    def _looked_at(self) -> ir.Table:
        """The stock record inside the period."""
        rows, period = self._reception.rows["stock_days"], self.portfolio.period
        return rows if period is None else stock.within(rows, period)

    @cached_property
    def shelves(self) -> pa.Table:
        """Every sku at every node, numbered, see `measures.stock.shelves`."""
        rows = self._reception.rows
        found = self._engine.run(stock.shelves(self._looked_at, rows.get("products"), rows.get("nodes")))
        return found.append_column("shelf", pa.array(np.arange(found.num_rows, dtype=np.int32)))

    @cached_property
    def _numbered(self) -> ir.Table:
        return self._engine.load("shelves", self.shelves.select(["sku_id", "node_id", "shelf"]))

    @cached_property
    def first_day(self) -> int:
        """First day of the record [days since 1970]."""
        return int(pc.min(self.shelves["first_day"]).as_py())

    @cached_property
    def days(self) -> int:
        """Days of the record."""
        return int(pc.max(self.shelves["last_day"]).as_py()) - self.first_day + 1

    @cached_property
    def spans(self) -> Ints:
        """Number of each day's span of time since 1970: weeks, as for order lines; days where the record is short."""
        day = self.first_day + np.arange(self.days)
        return day // 7 if self.days >= 56 else day

    @cached_property
    def record(self) -> stock_record.Record:
        """The stock record of all shelves; silences too long for chance count as empty where nobody looked besides the record."""
        read = self._as_read
        told = self.has("stock_days", "empty_share") or self.has("stock_days", "empty_by_hour")
        there = on_record(read.closing, read.empty, told=told)
        if not np.isfinite(there).any():
            return read
        self._progress("looking for stock that is only on record")
        known = self._known(read)
        silent = phantom_days(known, there, demand_statistics(known, seed=self.seed)).days
        return replace(read, empty=np.where(silent, np.float32(1.0), read.empty)) if silent.any() else read

    @cached_property
    def _as_read(self) -> stock_record.Record:
        n, days = self.shelves.num_rows, self.days
        per_part = max(1, PART // days)
        parts = []
        for first in range(0, n, per_part):
            self._progress(f"reading stock: {min(first + per_part, n):,} of {n:,} shelves")
            after = min(first + per_part, n)
            rows = self._engine.run(stock.shelf_days(self._stock_days, self._numbered, first, after))
            parts.append(stock_record.record(rows, first, after - first, self.first_day, days))
        return stock_record.joined(parts)

    @cached_property
    def _stock_days(self) -> ir.Table:
        """The stock record; where hours are recorded, the empty ones weigh what usually sells in them."""
        rows = self._looked_at
        if not self.has("stock_days", "sold_by_hour", "empty_by_hour"):
            return rows
        self._progress("reading at which hours each sku usually sells")
        told = self._engine.run(shelf.hours_by_series(rows))
        hours = [np.stack([told[f"{x}{h}"].to_numpy() for h in range(HOURS)], axis=1) for x in ("s", "o")]
        sku, node = (told[name].combine_chunks().dictionary_encode() for name in ("sku_id", "node_id"))
        codes = [x.indices.to_numpy(zero_copy_only=False).astype(np.int64) for x in (sku, node)]
        of_skus, of_nodes = usual_hours(hours[0], hours[1], *codes)

        def table(name: str, ids: pa.Array, key: str, values: Floats) -> ir.Table:
            columns = {f"{key}{h}": values[:, h] for h in range(HOURS)}
            return self._engine.load(name, pa.table({f"{name}_id": ids, **columns}))

        weighed = shelf.with_empty_share(
            rows, table("sku", sku.dictionary, "h", of_skus), table("node", node.dictionary, "f", of_nodes)
        )
        return self._engine.keep("weighed_stock_days", weighed)

    def _code(self, *names: str) -> Ints:
        """Number of each shelf's combination of some columns."""
        columns = [pc.fill_null(pc.cast(self.shelves[name], pa.string()), NOBODY) for name in names]
        coded = pc.dictionary_encode(pc.binary_join_element_wise(*columns, "\x1f"))
        found: Ints = coded.combine_chunks().indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return found

    @cached_property
    def demand(self) -> Demand:
        """What customers wanted."""
        self._progress(f"estimating what empty shelves would have sold, {self.shelves.num_rows:,} shelves")
        return censored_demand(self._known(self.record), seed=self.seed)

    def _known(self, record: stock_record.Record) -> ShelfDays:
        """What the estimate of demand is told."""
        weekday = (self.first_day + 3 + np.arange(self.days)) % 7
        return ShelfDays(
            record.sold, record.empty, weekday, self._code("category", "node_region"), record.lift,
            self._code("sku_id", "node_region"),
        )  # fmt: skip

    @cached_property
    def lost(self) -> Floats32:
        """Units wanted from empty shelves, shape (shelves, days); 0 where it cannot be told, which a note counts.

        Estimated; where orders are taken on empty days, what was ordered on them.
        """
        estimated = np.maximum(np.nan_to_num(self.demand.lost), 0.0).astype(np.float32)
        if self.backorders is None:
            return estimated
        found = self.backorders
        estimated[found.shelves] = np.where(found.without, found.asked, estimated[found.shelves])
        return estimated

    @cached_property
    def backorders(self) -> Backorders | None:
        """Shelves whose orders are taken though they are empty; None where there are none."""
        known = self._reception.present("order_lines") >= {"sku_id", "node_id", "ordered_units", "ordered_at"}
        lines = self._reception.referenced_lines
        if lines is None or not known:
            return None
        self._progress("looking whether orders are taken on empty shelves")
        found = self._engine.run(stock.asked_for(lines, self._looked_at, self._numbered))
        return backorders(
            found, self.record, self.demand.lost.astype(np.float64), self._code("category", "node_id"), self.first_day
        )

    @cached_property
    def sku(self) -> Ints:
        """Number of each shelf's sku; shelves lie by sku."""
        return self._code("sku_id")

    @cached_property
    def supplies(self) -> supply.Supplies | None:
        """Supply orders for shelves; None if there are none."""
        if "supply_orders" not in self._reception.rows:
            return None
        self._progress("reading supply orders")
        rows = self._engine.run(stock.supplies(self._reception.rows["supply_orders"], self._numbered))
        if rows.num_rows == 0:
            return None
        return supply.supplies_from(rows, self.shelves["node_id"].to_pylist())

    @cached_property
    def deciders(self) -> npt.NDArray[np.str_] | None:
        """The party that decided each supply order, NOBODY where the log of work does not show it; None without a log."""
        s = self.supplies
        if s is None or not self.has("work_log", "party_id"):
            return None
        rows = self._engine.run(stock.worked_minutes(self._reception.rows["work_log"]))
        if rows.num_rows == 0:
            return None
        activity, who = (pc.fill_null(pc.cast(rows[name], pa.string()), NOBODY) for name in ("activity", "party_id"))
        codes = activity.combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
        parties = who.combine_chunks().dictionary_encode()
        names = np.array([*parties.dictionary.to_pylist(), NOBODY], dtype=np.str_)
        party = parties.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        party = np.where(names[party] == NOBODY, -1, party)
        _, group = supply.coded(s.supplier)
        log = Worked(rows["minute"].to_numpy().astype(np.int64), codes, party)
        return np.asarray(names[deciders(s.decided, np.where(s.donor < 0, group, -1), log)], dtype=np.str_)

    @cached_property
    def _node_party(self) -> npt.NDArray[np.str_]:
        return np.array([p or NOBODY for p in self.shelves["party_id"].to_pylist()], dtype=np.str_)

    @cached_property
    def _served(self) -> pa.Table | None:
        """Units ordered from each shelf by asset and channel."""
        lines = self._reception.referenced_lines
        if lines is None or not {"sku_id", "node_id"} <= self._reception.present("order_lines"):
            return None
        self._progress("reading whose orders each shelf serves")
        return self._engine.run(stock.shelf_demand_shares(lines, self.portfolio.grain, self._numbered))

    @cached_property
    def share(self) -> Share | None:
        """Which assets the shelves serve; None where the record does not say."""
        grain = self.portfolio.grain
        served = self._served
        if set(grain) <= set(OWN_COLUMNS):
            columns = [self.shelves[OWN_COLUMNS[name]].to_pylist() for name in grain]
            n = self.shelves.num_rows
            amounts = self._unit_amounts(np.arange(n), None)
            return Share(np.arange(n), list(zip(*columns, strict=True)), np.ones(n), *amounts)
        if served is None or served.num_rows == 0:
            return None
        assets = list(zip(*(served[name].to_pylist() for name in grain), strict=True))
        at, units = served["shelf"].to_numpy().astype(np.int64), served["units"].to_numpy()
        names = sorted(set(assets), key=str)
        number = {name: i for i, name in enumerate(names)}
        pair = at * len(names) + np.array([number[a] for a in assets], dtype=np.int64)
        pairs, inverse = np.unique(pair, return_inverse=True)
        total = np.bincount(inverse, units)
        of = pairs // len(names)
        everything = np.bincount(of, total, minlength=self.shelves.num_rows)
        amounts = self._unit_amounts(of, inverse)
        weight = np.divide(total, everything[of], out=np.zeros(len(total)), where=everything[of] > 0)
        return Share(of, [names[i] for i in (pairs % len(names)).tolist()], weight, *amounts)

    def _unit_amounts(self, of: Ints, inverse: Ints | None) -> tuple[Floats, Floats, Floats, Floats]:
        """Mean price and cost of a unit, and what it brings along, for each pair; from the shelf where the pair is the shelf itself.

        A shelf that serves no order line (a centre that refills others) takes what its sku fetches and costs elsewhere.
        """
        nothing = np.full(len(of), np.nan)
        if self._served is None:
            return nothing, nothing, np.zeros(len(of)), np.ones(len(of))
        key = self._served["shelf"].to_numpy().astype(np.int64) if inverse is None else inverse
        served = self._served

        def summed(name: str) -> Floats:
            values = pc.cast(served[name], pa.float64()).to_numpy(zero_copy_only=False)
            return np.bincount(key, np.nan_to_num(values), minlength=len(of)).astype(np.float64)

        sku, skus = self.sku[of], int(self.sku.max(initial=-1)) + 1

        def ratio(sums: Floats, units: Floats) -> Floats:
            return np.where((units > 0) & (sums > 0), sums / np.maximum(units, 1e-12), np.nan)

        def mean(amount: str, units_with_it: str) -> Floats:
            sums, units = summed(amount), summed(units_with_it)
            known = ratio(sums, units)
            of_sku = ratio(*(np.bincount(sku, x, minlength=skus).astype(np.float64) for x in (sums, units)))
            return np.where(np.isfinite(known), known, of_sku[sku])

        price, cost = mean("value", "valued_units"), mean("cost", "costed_units")
        rate, are_returns_booked = self._booked
        follows = np.nan_to_num(mean("fulfilment", "fulfilled_units")) + np.nan_to_num(rate[of] * price)
        back = np.nan_to_num(mean("returned", "shipped"))
        if not are_returns_booked:
            follows += np.nan_to_num(back * (price - cost))
        return price, cost, follows, 1 - np.minimum(back, 1.0)

    @cached_property
    def _booked(self) -> tuple[Floats, bool]:
        """Bookings that come with sales as a share of the net value sold, shape (shelves,), and whether returns are booked.

        Damage, mis-picks, returns, chargebacks, expedites. Where returns are not booked, units sent back must tell what they cost.
        """
        rate, are_returns_booked = np.zeros(self.shelves.num_rows), False
        leakage, lines = self._reception.rows.get("leakage"), self._reception.referenced_lines
        if (
            leakage is None
            or lines is None
            or not {"price_amount", "ordered_at"} <= self._reception.present("order_lines")
        ):
            return rate, are_returns_booked
        period = self.portfolio.period
        leakage = leakage if period is None else stock.within(leakage, period)
        booked = self._engine.run(
            leakage.aggregate(first=leakage.day.min(), last=leakage.day.max(), days=leakage.day.nunique())
        )
        about = booked.to_pylist()[0]
        if about["days"] < _BOOKING_DAYS:
            # Bookings of a year on one day say nothing of what was sold on that day.
            return rate, are_returns_booked
        rows = self._engine.run(stock.bookings(leakage)).to_pylist()
        sold = stock.sold_value(lines).filter(lambda t: (t.day >= about["first"]) & (t.day <= about["last"]))
        value = self._engine.run(sold.group_by("brand", "category").agg(value=sold.value.sum())).to_pylist()
        of = {name: np.array(self.shelves[name].to_pylist(), dtype=object) for name in ("brand", "category")}
        for row in rows:
            cause = cause_of(str(row["cause"]))
            if cause.name in STOCK_CAUSES or cause is OTHER:
                continue
            are_returns_booked |= cause.name == "return"
            named = [name for name in of if row[name] is not None]
            among = sum(v["value"] for v in value if all(v[name] == row[name] for name in named))
            if among > 0:
                mine = np.logical_and.reduce([np.ones(len(rate), np.bool_), *(of[name] == row[name] for name in named)])
                rate[mine] += row["amount"] / among
        return rate, are_returns_booked

    @cached_property
    def _channel_shares(self) -> tuple[list[str], Floats]:
        """Channels, and the part of each shelf's demand that comes from each, shape (shelves, channels); NaN if unknown."""
        served = self._served
        if served is None or served.num_rows == 0:
            return [], np.zeros((self.shelves.num_rows, 0))
        channel = pc.fill_null(pc.cast(served["channel_id"], pa.string()), NOBODY).to_pylist()
        names = sorted(set(channel))
        number = {name: i for i, name in enumerate(names)}
        units = np.zeros((self.shelves.num_rows, len(names)))
        np.add.at(
            units,
            (served["shelf"].to_numpy(), np.array([number[c] for c in channel])),
            served["units"].to_numpy(),
        )
        total = units.sum(axis=1, keepdims=True)
        return names, np.divide(units, total, out=np.full(units.shape, np.nan), where=total > 0)

    @cached_property
    def _donor(self) -> Ints:
        """Shelf that refills each shelf; −1 for those that are bought for."""
        from_lanes = np.full(self.shelves.num_rows, -1, np.int64)
        if self.supplies is not None:
            from_lanes = lanes(self.supplies, self.shelves.num_rows).donor
        return from_lanes

    @cached_property
    def _shops(self) -> set[str]:
        """Channels in which customers stand before a shelf."""
        if not self.has("channels", "kind"):
            return set()
        rows = self._engine.run(self._reception.rows["channels"].select("channel_id", "kind")).to_pylist()
        kinds = {row["channel_id"]: str(row["kind"] or "") for row in rows}
        return {c for c, kind in kinds.items() if is_shop(kind)}

    @cached_property
    def channel_parties(self) -> dict[str, str]:
        """Channel → the party that runs it, where the record says so."""
        channels = self._reception.rows.get("channels")
        if channels is None:
            return {}
        rows = self._engine.run(channels.select("channel_id", "party_id"))
        return {c: p for c, p in zip(rows["channel_id"].to_pylist(), rows["party_id"].to_pylist(), strict=True) if p}
