"""The stock flow of a portfolio: its tables, read once each, and what follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.availability import CHAIN
from fourwalls.chain import listing, stock_flow, supply, unseen_stock
from fourwalls.chain.comparison import NOBODY
from fourwalls.chain.forecast_noise import Noise, better, noise
from fourwalls.chain.levels import drawn_on
from fourwalls.chain.shifts import Bias, Compared, ForecastRows, bias, compared
from fourwalls.chain.single_buys import Goods, sizes_of
from fourwalls.chain.standards import Detectable
from fourwalls.diagnosis import Suspicion
from fourwalls.evidence.closing import CLOSING_WORDS, OPENING_WORDS
from fourwalls.figures import Period
from fourwalls.measures import stock, turned_away
from fourwalls.stocktaking.doers import Doers, usual
from fourwalls.stocktaking.tables import DAY_S, StockTables
from fourwalls.suspicions import Receipts, receipt_suspicions

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

# What companies call it when stock is given away below its price, or given up.
_MARKDOWN = re.compile(r"mark.?down|clearance|liquidat|write.?off|written.?off|obsole|outlet|sell.?off|overstock")
_EPOCH = date(1970, 1, 1).toordinal()
STOCK_STAGES = CHAIN
"""Stages of the stock flow in the order a unit passes them."""


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts for shelves.

    Attributes:
        rows: One entry each.
        told: Beside what was wanted.
        bias, noise: Of each cell.
        forecasters: The party that forecasts each cell.
    """

    rows: ForecastRows
    told: Compared
    bias: Bias
    noise: Noise
    forecasters: list[str]


class Stocktaking(StockTables):
    """What follows from the stock tables: what repairs change, and what was lost where; see `StockTables` for arguments."""

    @cached_property
    def suspicions(self) -> tuple[Suspicion, ...]:
        """What came by supply orders beside what came by the stock record."""
        s = self.supplies if self.has("stock_days", "received_units") else None
        if s is None:
            return ()
        n = self.shelves.num_rows
        first, last = (self.shelves[name].to_numpy()[s.shelf] for name in ("first_day", "last_day"))
        day = s.available // DAY_S
        inside = (day >= first) & (day <= last)
        names, code = supply.coded(s.supplier)
        come = np.where(inside, np.nan_to_num(s.come), 0.0)
        return receipt_suspicions(Receipts(
            pc.cast(self.shelves["received"], pa.float64()).to_numpy(zero_copy_only=False),
            np.bincount(s.shelf, come, minlength=n).astype(np.float64),
            np.bincount(s.shelf, inside, minlength=n).astype(np.int64),
            names[usual(s.shelf, code.astype(np.int64), come, n)],
        ))  # fmt: skip

    def supply_notes(self) -> list[str]:
        """Supply orders that could not be used, in sentences."""
        if "supply_orders" not in self._reception.rows:
            return []
        notes = []
        table = self._engine.run(stock.shelfless(self._reception.rows["supply_orders"], self._numbered))
        shelfless = int(table["orders"][0].as_py())
        if shelfless:
            notes.append(f"Supply orders for a sku and node without a stock record: {shelfless:,}, not used.")
        s = self.supplies
        if s is not None:
            end = (self.first_day + self.days) * DAY_S
            never = int((np.isnan(s.received) & (s.promised < end)).sum())
            if never:
                notes.append(
                    f"Supply orders whose confirmed date has passed and that never came: {never:,}; nothing is claimed for them, "
                    "since the record does not tell the late from the cancelled."
                )
        return notes

    @cached_property
    def repaired(self) -> supply.Repaired | None:
        """When supply orders would have arrived with their stages at standard."""
        if self.supplies is None:
            return None
        end = (self.first_day + self.days) * DAY_S
        return supply.repaired(self.supplies, end, self.portfolio.on_time_share, self._cap)

    def _while_open(self, rows: pa.Table) -> pa.Table:
        """Listings without the days on which a place closed because it could take no more: no feed is late there.

        What was turned away then is told from the closings themselves.
        """
        log = self._reception.rows.get("work_log")
        if log is None:
            return rows
        first = date.fromordinal(_EPOCH + self.first_day)
        period = Period(first, first + timedelta(days=self.days))
        cases = self._engine.run(turned_away.closings(log, CLOSING_WORDS, OPENING_WORDS, period))
        if not cases.num_rows:
            return rows
        shut = cases["shut_s"].to_numpy().astype(np.float64)
        until = np.fmax(cases["open_s"].to_numpy(zero_copy_only=False).astype(np.float64), shut)
        about = list(zip(*(cases[name].to_pylist() for name in ("brand", "category", "channel_id")), strict=True))
        columns = [self.shelves[name].to_pylist() for name in ("sku_id", "brand", "category")]
        kind = {sku: (brand, category) for sku, brand, category in zip(*columns, strict=True)}
        sku = pc.dictionary_encode(pc.cast(rows["sku_id"], pa.string())).combine_chunks()
        kinds = [kind.get(name, (None, None)) for name in sku.dictionary.to_pylist()]
        of_sku, day = sku.indices.to_numpy(zero_copy_only=False), rows["day"].to_numpy().astype(np.int64)
        channel = np.array(rows["channel_id"].to_pylist(), dtype=object)
        closed = np.zeros(rows.num_rows, np.bool_)
        for named in dict.fromkeys(about):
            mine = [i for i, a in enumerate(about) if a == named]
            days = np.unique(np.concatenate([np.arange(shut[i] // DAY_S, until[i] // DAY_S + 1) for i in mine]))
            alike = np.array([named[0] in (None, b) and named[1] in (None, c) for b, c in kinds], np.bool_)
            hit = alike[of_sku] & np.isin(day, days)
            closed |= hit if named[2] is None else hit & (channel == named[2])
        return rows.filter(pa.array(~closed))

    def _cap(self, stage: str) -> Floats | None:
        supplies = self.supplies
        if supplies is None:
            return None
        targets, hours = self.portfolio.targets, None
        if stage == "decision":
            hours = targets.get("decision_hours", targets.get("approval_hours"))
        elif stage == "receiving":
            hours = targets.get("receiving_hours")
        elif "supply_days" in targets:
            hours = 24 * targets["supply_days"]
        if hours is not None:
            return np.full(len(supplies.shelf), hours * 3600.0)
        levels = [x for x in self.portfolio.service_levels if x.stage == stage]
        if not levels:
            return None
        doer = supplies.supplier if stage == "supply" else self._node_party[supplies.shelf]
        cap = np.full(len(supplies.shelf), np.nan)
        for level in levels:
            cap[doer == level.party_id] = level.hours * 3600.0
        return cap

    @cached_property
    def hidden(self) -> listing.Hidden:
        """Units wanted while there was stock that could not be bought, beyond the best listed."""
        names, shares = self._channel_shares
        n, days = self.lost.shape
        if "listings" not in self._reception.rows or not names:
            return listing.nothing(n, days)
        self._progress("looking for stock that could not be bought")
        # In a shop the shelf is the listing: what cannot be bought there is the shelf's doing.
        rows = self._engine.run(stock.listed_days(self._reception.rows["listings"]))
        shops = pa.array(sorted(self._shops), pa.string())
        rows = self._while_open(rows.filter(pc.invert(pc.is_in(pc.cast(rows["channel_id"], pa.string()), shops))))
        rate = np.nan_to_num(self.demand.rate)
        ids = self.shelves["sku_id"].to_pylist()
        return listing.hidden_units(
            rows, ids, self._code("category"), names, shares, self.record, rate, self.first_day, self.spans
        )

    @property
    def distances(self) -> dict[str, Detectable]:
        """Stage → by how much whoever does it would have had to be worse than peers to be told apart; only stages compared so."""
        found = {} if self.repaired is None else dict(self.repaired.detectable)
        if self.hidden.detectable is not None:
            found["listing"] = self.hidden.detectable
        return found

    @cached_property
    def unseen(self) -> unseen_stock.Unseen:
        """Stock that was on record and not on the shelf, beyond what comparable nodes show."""
        node, refilled = self._code("node_id"), self._donor >= 0
        return unseen_stock.unseen(
            self.record, self.lost, self.sent, self._code("node_id", "category"), node, refilled, self.spans,
            self._is_shop, self._code("category"),
        )  # fmt: skip

    @property
    def _is_shop(self) -> Bools | None:
        """Whether customers stand before each shelf; None where the record does not say what kind its channels are."""
        names, shares = self._channel_shares
        if not names or not self.has("channels", "kind"):
            return None
        return np.asarray((np.nan_to_num(shares) > 0)[:, [n in self._shops for n in names]].any(axis=1), np.bool_)

    @property
    def sent(self) -> Floats32 | None:
        """Units sent on from each shelf to others, shape (shelves, days); None if none ever were."""
        s = self.supplies
        if s is None or not (s.donor >= 0).any():
            return None
        day = np.nan_to_num(s.placed // DAY_S - self.first_day, nan=-1).astype(np.int64)
        rows = np.flatnonzero((s.donor >= 0) & (day >= 0) & (day < self.days))
        sent = np.zeros(self.lost.shape, np.float32)
        np.add.at(sent, (s.donor[rows], day[rows]), s.ordered[rows].astype(np.float32))
        return sent

    @cached_property
    def forecasts(self) -> Forecasts | None:
        """Forecasts for shelves beside what was wanted; None without any."""
        if "forecasts" not in self._reception.rows:
            return None
        self._progress("comparing forecasts with what customers wanted")
        rows = self._engine.run(stock.forecast_rows(self._reception.rows["forecasts"], self._numbered))
        if rows.num_rows == 0:
            return None
        channel = pc.fill_null(pc.cast(rows["channel_id"], pa.string()), NOBODY).combine_chunks().dictionary_encode()
        who = pc.fill_null(pc.cast(rows["forecaster_id"], pa.string()), NOBODY).combine_chunks().dictionary_encode()
        of = rows["shelf"].to_numpy().astype(np.int64)
        channels, forecasters = channel.dictionary.to_pylist(), who.dictionary.to_pylist()
        ch, fc = (x.indices.to_numpy(zero_copy_only=False).astype(np.int64) for x in (channel, who))
        product = self._code("category" if "brand" not in self.portfolio.grain else "brand")[of]
        cells, cell = np.unique((fc * len(channels) + ch) * (product.max() + 1) + product, return_inverse=True)
        made = ForecastRows(
            of,
            ch,
            cell.astype(np.int64),
            rows["forecast_day"].to_numpy().astype(np.int64) - self.first_day,
            rows["period_day"].to_numpy().astype(np.int64) - self.first_day,
            rows["period_days"].to_numpy().astype(np.int64),
            rows["units"].to_numpy(),
        )
        wanted, share = self.record.sold + self.lost, self._wanted_share(channels)
        whole = rows["whole"].to_numpy(zero_copy_only=False).astype(np.bool_)
        if whole.any():
            part = np.where(whole, self._part_of_sku(wanted, share)[of, ch], 1.0)
            made = replace(made, units=(made.units * part).astype(np.float32))
        told = compared(made, wanted, share, self._donor)
        found = bias(made, told, self.days, len(cells))
        swings = noise(made, told, wanted, share, self._donor, len(cells))
        of_cell = (cells // (product.max() + 1)) // len(channels)
        return Forecasts(made, told, found, swings, [forecasters[i] for i in of_cell.tolist()])

    def _part_of_sku(self, wanted: Floats32, share: Floats) -> Floats:
        """Part of what is wanted of a sku in each channel that passes through each shelf, shape (shelves, channels).

        A forecast of all nodes is spread as customers want it; a shelf that refills others foresees what they need, too.
        """
        of_shelf: Floats = np.nansum(wanted, axis=1, dtype=np.float64)
        own = of_shelf[:, None] * np.nan_to_num(share)
        total = np.zeros((int(self.sku.max()) + 1, own.shape[1]))
        np.add.at(total, self.sku, own)
        whole = total[self.sku]
        return np.divide(drawn_on(own, self._donor), whole, out=np.zeros_like(own), where=whole > 0)

    def _wanted_share(self, channels: list[str]) -> Floats:
        """Part of each shelf's demand that belongs to each forecast channel, shape (shelves, channels).

        A forecast without a channel is for all of them. Where no order line tells the channels of a shelf, NaN.
        """
        names, shares = self._channel_shares
        found = np.full((self.shelves.num_rows, len(channels)), np.nan)
        for i, channel in enumerate(channels):
            if channel == NOBODY:
                found[:, i] = 1.0
            elif channel in names:
                found[:, i] = shares[:, names.index(channel)]
            elif len(channels) == 1:
                found[:, i] = 1.0
        return found

    @cached_property
    def _plan(self) -> stock_flow.Plan:
        self._progress("reading order-up-to levels from supply orders")
        f = self.forecasts
        forecasts = None if f is None else (f.rows, better(f.rows, f.bias, f.noise))
        start = np.searchsorted(np.unique(self.spans), self.spans)
        return stock_flow.plan(
            self.record, self.lost, self.hidden.units, self.sku, self._code("node_id", "category"), start,
            self.supplies, self.repaired, forecasts, self.first_day, self.unseen, (self._unforetold, self._asked_service, self._never_sold),
            self._goods,
        )  # fmt: skip

    @property
    def _goods(self) -> Goods:
        """What the shelves hold; the margin of a unit as its orders tell it."""
        n, share = self.shelves.num_rows, self.share
        margin = np.full(n, np.nan)
        if share is not None:
            known = np.isfinite(share.price * share.cost) & (share.price > 0)
            weight, at = share.weight[known], share.shelf[known]
            total = np.bincount(at, weight, minlength=n)
            with np.errstate(divide="ignore", invalid="ignore"):
                margin = np.bincount(at, weight * (1 - share.cost / share.price)[known], minlength=n) / total
        kind = self._code("category" if "brand" not in self.portfolio.grain else "brand")
        return Goods(kind, margin, self._never_sold, sizes_of(self.shelves["sku_id"].to_pylist()))

    @property
    def _asked_service(self) -> float:
        """Share of what customers want that is asked to be there: the target, else what is asked of orders."""
        return self.portfolio.targets.get("fill_rate", self.portfolio.on_time_share)

    @property
    def _never_sold(self) -> Floats32:
        """Units wanted from empty shelves, without those of customers who waited: they are among what was sold later."""
        if self.backorders is None:
            return self.lost
        never = self.lost.copy()
        never[self.backorders.shelves] *= self.backorders.unfilled[:, None].astype(np.float32)
        return never

    @cached_property
    def _unforetold(self) -> Bools:
        """Shelves of skus for which no forecast can be held to anything."""
        found = self.forecasts
        told = np.zeros(int(self.sku.max(initial=-1)) + 1, np.bool_)
        if found is not None:
            told[self.sku[found.rows.shelf[np.isfinite(found.bias.share[found.rows.cell])]]] = True
        return ~told[self.sku]

    @property
    def absent_stages(self) -> tuple[str, ...]:
        """Stages whose tables are not there at all; where orders show what somebody expected, the forecast is not."""
        points, buys = self._plan.points, self._plan.buys
        held = any(x is not None and x.judged.any() for x in (points, buys))
        return tuple(stage for stage in super().absent_stages if not (stage == "forecast" and held))

    @cached_property
    def accounts(self) -> stock_flow.StockAccounts:
        """What was lost on each shelf, and where it would have been saved."""
        n = self.shelves.num_rows
        self._progress(f"replaying {n * self.days:,} shelf-days under every coalition of repairs")
        return stock_flow.attribute(self._plan, self.record, self.lost, self.walls)

    @cached_property
    def _booked_markdowns(self) -> list[dict[str, Any]]:
        """Bookings of stock given away below its price, or given up, see `measures.stock.bookings`."""
        leakage = self._reception.rows.get("leakage")
        if leakage is None:
            return []
        period = self.portfolio.period
        rows = self._engine.run(stock.bookings(leakage if period is None else stock.within(leakage, period)))
        return [row for row in rows.to_pylist() if _MARKDOWN.search(str(row["cause"]).lower())]

    @cached_property
    def markdowns(self) -> Floats:
        """What giving stock away below its price cost on each shelf [portfolio currency], shape (shelves,).

        Bookings name a brand or a category; they are dealt out to its shelves by their excess stock, since that is what is
        given away.
        """
        found = np.zeros(self.shelves.num_rows)
        excess = np.nan_to_num(self.accounts.excess)
        of = {name: np.array(self.shelves[name].to_pylist(), dtype=object) for name in ("brand", "category")}
        for row in self._booked_markdowns:
            mine = np.ones(len(found), np.bool_)
            for name, values in of.items():
                if row[name] is not None:
                    mine &= values == row[name]
            total = excess[mine].sum()
            if total > 0 and row["amount"]:
                found[mine] += row["amount"] * excess[mine] / total
        return found

    @property
    def lost_at_cost(self) -> float:
        """Part of its cost that goods given up at the end of their season lose: what is booked for them, else all of it."""
        up, share = self.accounts.given_up, self.share
        if up is None or share is None or not up.any():
            return 1.0
        at_cost = float((up[share.shelf] * share.weight * np.nan_to_num(share.cost)).sum())
        booked = float(self.markdowns[up > 0].sum())
        return min(1.0, booked / at_cost) if booked > 0 and at_cost > 0 else 1.0

    @cached_property
    def walls(self) -> stock_flow.Walls:
        """Who does each stage for each shelf, and what it is held to."""
        return Doers(self).walls()
