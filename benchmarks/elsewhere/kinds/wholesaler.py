"""A wholesaler: some dozens of customers with rhythms, large lumpy lines, backorders, containers, own tours.

What cannot be filled waits, unless the customer buys it elsewhere, as two in five do: some wholesalers write the rest as a
line of its own, others keep one line until all of it has left. Goods come in containers, six to twelve weeks after they are ordered, by reorder points that are set every quarter.
Own lorries drive tours on two days a week for each region; smaller customers get parcels.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.elsewhere import writing
from benchmarks.elsewhere.books import Booking, Delivery
from benchmarks.elsewhere.buying import Order
from benchmarks.elsewhere.kinds.frame import Books, Fault, House, Life, Lines, Shelves, Ways, beginning, chores
from benchmarks.elsewhere.luck import Floats, Ints, Luck, Words
from benchmarks.elsewhere.parcels import Calendar

SKUS, CUSTOMERS, WARM = 60, 44, 210
Change = Callable[[Floats, Fault, float], None]
Points = list[tuple[float, float]]
GRAINS = (("category", "destination"), ("brand",), ("channel_id", "category"), ("category",))
HAPPENINGS = ("", "", "strike", "new customer", "price rise", "collapse")


def house(seed: int) -> House:
    """A wholesaler."""
    luck = Luck(seed)
    words, rng = Words(luck.of("words")), luck.of("wholesaler")
    first, own_words = beginning(seed, words)
    own, group, second, partner, parcels = words.some(5)
    days = WARM + int(rng.integers(365, 540))
    brand_of = np.arange(SKUS) % 6
    suppliers = words.some(4)
    maker = [suppliers[b] for b in (0, 1, 2, 3, 0, 1)]
    price = np.round(rng.lognormal(1.6, 0.7, SKUS), 2)
    c = House(
        template="wholesaler", seed=seed, first=first, warm=WARM, days=days, own=own,
        kinds={own: "own company", group: "buying group", second: "buying group", partner: "3PL", parcels: "parcel carrier", **dict.fromkeys(suppliers, "supplier")},
        grain=GRAINS[seed % len(GRAINS)], sku=[f"{words.one()[:4].upper()}-{100 + i}" for i in range(SKUS)],
        brand=words.some(6), category=words.some(3), brand_of=brand_of, category_of=brand_of % 3,
        supplier_of=[maker[b] for b in brand_of], price=price, cost=price * rng.uniform(0.64, 0.74, SKUS),
        node=words.some(2), node_kind=["own DC", "3PL site"], node_party=[own, partner], region=words.some(2),
        channel=words.some(3), channel_kind=["wholesale", "wholesale", "wholesale"], channel_party=[own, second, group],
        destination=words.some(4), carrier=[own, parcels],
        money={"wage_amount_per_hour": 31.0, "carrying_rate_per_year": 0.18, "discount_rate": 0.08, "horizon_years": 3.0,
               "late_line_cost_share": 0.08, "attainable_share": 0.8, "ramp_weeks": 12.0},
        tables={"order_lines", "products", "nodes", "channels", "parties", "stock_days", "supply_orders", "leakage", "work_log", "feeds"}
        | ({"forecasts"} if rng.random() < 0.5 else set()),
        words=own_words, faults=FAULTS, sound=_sound(rng), live=live, made={},
        omitted={"stock_days": {"empty_share"} if rng.random() < 0.5 else set(),
                 "order_lines": {"returned_units"} | ({"customer_id"} if rng.random() < 0.5 else set())},
        service_levels=[{"party_id": own, "stage": "carriage", "value": 14, "unit": "hours"},
                        {"party_id": parcels, "stage": "carriage", "value": 3, "unit": "days"}],
    )  # fmt: skip
    c.contracts = dict.fromkeys((group, second, partner, parcels, *suppliers), True)
    c.made = {
        "feeder": [-1, 0], "splits": bool(rng.random() < 0.5), "happens": HAPPENINGS[int(rng.integers(len(HAPPENINGS)))],
        "supplier_at": np.array([suppliers.index(s) for s in c.supplier_of]), "suppliers": suppliers,
        "lead": rng.integers(42, 85, 4), "pack": rng.choice([4, 6, 10, 12, 20], SKUS),
        "tours": [(1, 4), (0, 3), (2, 4), (1, 3)], "parcel_days": np.array([1, 1, 2, 2]),
    }  # fmt: skip
    _wish(c, rng)
    return c


def _sound(rng: np.random.Generator) -> Ways:
    def about(level: float, *shape: int) -> Floats:
        return np.asarray(level * rng.lognormal(0.0, 0.12, shape), np.float64)

    return {
        "check": about(0.06, 3), "check_hours": 4.0, "feed": np.array([0.1, 0.1, 2.0]), "pace": np.array([1.7, 1.7]),
        "mislaid": about(0.01, 2, 3), "slip": about(0.03, 2, 4), "slip_days": np.array([1.0, 1.5]), "tight": np.zeros(3),
        "late": about(0.12, 4), "late_days": np.full(4, 4.0), "short": np.full(4, 0.03), "decide": np.full(3, 0.0),
        "bias": np.ones(3), "noise": 0.08, "dock": np.full((2, 3), 1.0), "vanish": np.full((2, 3), 0.0004),
        "tilt": np.ones(3), "waste": about(0.004, 3, 3), "charged": np.array([0.0, 0.003, 0.003]), "asks": about(0.03, 3, 3),
        "touches": np.ones((3, 3)), "garbled": 0.005,
    }  # fmt: skip


def _own(f: Fault) -> str:
    return str(f.house.own)


def _cats(f: Fault) -> slice | list[int]:
    return slice(None) if f.category is None else [f.category]


def _set(name: str, how: Change) -> Callable[[Ways, Fault, float], None]:
    def change(w: Ways, f: Fault, x: float) -> None:
        how(w[name], f, x)

    return change


def _feed(w: Ways, _: Fault, x: float) -> None:
    w["feed"][2] = 24.0 * (1 if x < 0.7 else 2 if x < 1.3 else 3)


def _picking(w: Ways, f: Fault, x: float) -> None:
    w["pace"][f.at] *= 1 - 0.24 * min(x, 1.5)
    w["mislaid"][f.at] += 0.15 * x


def _carrier(w: Ways, f: Fault, x: float) -> None:
    w["slip"][f.at] += 0.22 * x
    w["slip_days"][f.at] += 1.0


def _late(w: Ways, f: Fault, x: float) -> None:
    w["late"][f.at] = min(0.35 + 0.3 * x, 0.95)
    w["late_days"][f.at] = 10.0 + 18.0 * x


def _status(w: Ways, f: Fault, x: float) -> None:
    w["asks"][_cats(f), f.at] *= 2.5
    w["touches"][_cats(f), f.at] = 5 + 6 * x


def _charged(w: Ways, f: Fault, x: float) -> None:
    w["charged"][f.at] += 0.02 * x


def _put(x: Floats, at: object, value: float) -> None:
    x[at] = value


FAULTS: dict[str, Any] = {
    "points too low": ("forecast", _own, _set("bias", lambda v, f, x: _put(v, _cats(f), 1 - min(0.15 + 0.22 * x, 0.6)))),
    "points too high": ("forecast", _own, _set("bias", lambda v, f, x: _put(v, _cats(f), 1 + 0.7 * x))),
    "late supplier": ("supply", lambda f: f.house.made["suppliers"][f.at], _late),
    "short supplier": ("supply", lambda f: f.house.made["suppliers"][f.at], _set("short", lambda v, f, x: _put(v, f.at, 0.2 + 0.25 * x))),
    "slow buyer": ("decision", _own, _set("decide", lambda v, f, x: _put(v, _cats(f), 8 + 16 * x))),
    "slow dock": ("receiving", lambda f: f.house.node_party[f.at], _set("dock", lambda v, f, x: _put(v, (f.at, _cats(f)), 5 + 12 * x))),
    "phantom stock": ("record", lambda f: f.house.node_party[f.at], _set("vanish", lambda v, f, x: _put(v, (f.at, _cats(f)), 0.006 * x))),
    "stranded stock": ("allocation", _own, _set("tilt", lambda v, f, x: _put(v, _cats(f), 1 - min(0.35 + 0.25 * x, 0.85)))),
    "slow picking": ("fulfilment", lambda f: f.house.node_party[f.at], _picking),
    "late carrier": ("carriage", lambda f: f.house.carrier[f.at], _carrier),
    "slow credit": ("release", _own, _set("check", lambda v, f, x: _put(v, f.at, 0.08 + 0.45 * min(x, 1.6)))),
    "late order feed": ("release", lambda f: f.house.channel_party[2], _feed),
    "tight promise": ("promise", lambda f: f.house.channel_party[f.at], _set("tight", lambda v, f, x: _put(v, f.at, 0.2 + 0.35 * min(x, 1.6)))),
    "own waste": ("waste", _own, _set("waste", lambda v, f, x: _put(v, (_cats(f), f.at), 0.004 + 0.02 * x))),
    "chargebacks": ("waste", lambda f: f.house.channel_party[f.at], _charged),
    "status work": ("status", lambda f: f.house.channel_party[f.at], _status),
}  # fmt: skip


def _wish(c: House, rng: np.random.Generator) -> None:
    """What customers order, whatever becomes of it: each has a day of the week, an assortment, and a usual quantity."""
    size = rng.lognormal(0.0, 0.8, CUSTOMERS)
    channel = rng.choice(3, CUSTOMERS, p=[0.45, 0.25, 0.3])
    destination = rng.permutation(np.arange(CUSTOMERS) % 4)
    by_parcel = rng.random(CUSTOMERS) < 0.35
    every = rng.choice([1, 1, 1, 2], CUSTOMERS)
    weekday, offset = rng.integers(0, 5, CUSTOMERS), rng.integers(0, 2, CUSTOMERS)
    liked = rng.random((CUSTOMERS, SKUS)) < 0.45
    usual = rng.lognormal(0.0, 0.6, SKUS)
    peak = rng.integers(0, 365, 3)
    begins = np.zeros(CUSTOMERS, int)
    if c.made["happens"] == "new customer":
        begins[np.argmax(size)] = (c.warm + c.days) // 2
    rows: dict[str, list[Any]] = {k: [] for k in ("day", "ordered", "sku", "customer", "order", "units")}
    number = 0
    for day in range(c.days):
        for who in np.flatnonzero(weekday == c.weekday(day)):
            if (day // 7 + offset[who]) % every[who] or rng.random() > 0.93:
                continue
            number += 1
            hour = day * 24.0 + 8.0 + 8.5 * rng.random()
            wants = np.flatnonzero(liked[who] & (rng.random(SKUS) < 0.3))
            for s in wants:
                season = 1 + 0.25 * np.cos(2 * np.pi * (day - peak[c.category_of[s]]) / 365.25)
                fall = 0.55 if c.made["happens"] == "collapse" and c.category_of[s] == 0 and day > c.days - 150 else 1.0
                packs = rng.lognormal(-0.3, 0.75) * 2.2 * size[who] * usual[s] * season * fall * every[who]
                packs *= 6.0 if rng.random() < 0.01 else 1.0
                if day >= begins[who]:
                    for k, v in zip(
                        rows, (day, hour, s, who, number, max(1, round(packs)) * c.made["pack"][s]), strict=True
                    ):
                        rows[k].append(v)
    x: Lines = {k: np.array(v) for k, v in rows.items()}
    who = x["customer"]
    x |= {"channel": channel[who], "destination": destination[who], "node": np.isin(destination[who], (2, 3)).astype(int),
          "carrier": by_parcel[who].astype(int)}  # fmt: skip
    x["draws"] = rng.random((len(who), 16))
    order = np.argsort(x["ordered"], kind="stable")
    c.made |= {
        "wishes": {k: v[order] for k, v in x.items()},
        "customers": [f"K{7000 + 13 * i}" for i in range(CUSTOMERS)],
    }
    units = np.zeros((SKUS, 2, c.days))
    np.add.at(units, (x["sku"], x["node"], x["day"]), x["units"])
    c.made["mean"] = _smooth(units)
    c.made["spread"] = units.std(axis=2)


def _smooth(units: Floats) -> Floats:
    """Mean units a day over 13 weeks around each day, by sku, node, day."""
    total = np.concatenate([np.zeros((*units.shape[:2], 1)), np.cumsum(units, axis=2)], axis=2)
    day = np.arange(units.shape[2])
    low, high = np.maximum(day - 45, 0), np.minimum(day + 46, units.shape[2])
    return np.asarray((total[:, :, high] - total[:, :, low]) / (high - low), np.float64)


class _Stock:
    """Both warehouses day by day."""

    def __init__(self, c: House, w: Ways) -> None:
        self.c, self.w, self.made = c, w, c.made
        self.out = Shelves.none(c)
        luck = c.luck
        self.luck = luck.of("shelves").random((4, SKUS, 2, c.days))
        self.by_sku = luck.of("skus").random((3, SKUS, c.days))
        self.by_supplier = luck.of("suppliers").random((4, 4, c.days))
        self.by_quarter = luck.of("quarters").standard_normal((SKUS, c.days // 91 + 2))
        self.record = np.zeros((SKUS, 2), np.int64)
        self.really = np.zeros((SKUS, 2), np.int64)
        self.on_order = np.zeros((SKUS, 2), np.int64)
        self.coming: dict[int, list[tuple[int, int, int]]] = {}
        self.seen = np.full(SKUS, np.nan)
        self.signalled: dict[int, float] = {}
        self.forecasts: list[tuple[int, int, int, float]] = []
        self.waiting: dict[tuple[int, int], list[int]] = {}
        self.pieces: list[tuple[int, int, float]] = []
        x = c.made["wishes"]
        self.left = x["units"].copy()
        self.cancelled = np.full(len(self.left), np.nan)
        self.lost = np.zeros(len(self.left), np.int64)
        both = c.made["mean"].sum(axis=1)
        self.usual = both
        for s in range(SKUS):
            low, high = self._points(s, 0)
            self.record[s, 0] = ceil(0.6 * low + 0.4 * high) + 1
            self.record[s, 1] = ceil(c.made["mean"][s, 1, 0] * 20)
        self.really[:] = self.record

    def rate(self, s: int, day: int) -> float:
        """Units a day that buyers reckon with."""
        c, quarter = self.c, day // 91
        ahead = min(day + int(self.made["lead"][self.made["supplier_at"][s]]), c.days - 1)
        noise = self.w["noise"]
        wrong = np.exp(noise * self.by_quarter[s, quarter] - noise**2 / 2) * self.w["bias"][c.category_of[s]]
        return float(self.usual[s, day : ahead + 1].mean() * wrong)

    def _points(self, s: int, day: int) -> tuple[float, float]:
        lead = float(self.made["lead"][self.made["supplier_at"][s]]) + 14.0
        rate = self.rate(s, day - day % 28)
        spread = float(np.sqrt((self.made["spread"][s] ** 2).sum())) * self.w["bias"][self.c.category_of[s]]
        low = rate * lead + 1.5 * sqrt(lead * spread**2 + (5.0 * rate) ** 2)
        return low, low + 28.0 * rate + self.made["pack"][s]

    def run(self, released: Floats) -> None:
        """All days; lines come when they are released."""
        c, day_of = self.c, (released // 24).astype(np.int64)
        order = np.argsort(released, kind="stable")
        at = np.searchsorted(day_of[order], np.arange(c.days + 1))
        for day in range(c.days):
            self._vanish(day)
            for s, n, units in self.coming.pop(day, []):
                self.record[s, n] += units
                self.really[s, n] += units
                self.on_order[s, n] -= units
                self.out.received[s, n, day] += units
            if c.weekday(day) < 5:
                self._backorders(day)
            for i in order[at[day] : at[day + 1]]:
                self._take(int(i), day, float(released[i]))
            self._send(day)
            self._buy(day)
            bare = self.record <= 0
            self.out.empty[:, :, day] = np.where(bare, np.where(self.out.sold[:, :, day] > 0, 0.5, 1.0), 0.0)
            self.out.record[:, :, day] = self.record

    def _vanish(self, day: int) -> None:
        chance = self.w["vanish"][:, self.c.category_of].T
        for s, n in np.argwhere((self.luck[0, :, :, day] < chance) & (self.really > 0)):
            gone = ceil(self.really[s, n] * (0.08 + 0.2 * self.luck[1, s, n, day]))
            self.really[s, n] -= gone
            self.out.vanished[s, n, day] += gone
        for s, n in np.argwhere((self.record != self.really) & (self.luck[2, :, :, day] < 1 / 150)):
            self._count(int(s), int(n), day)

    def _count(self, s: int, n: int, day: int) -> None:
        self.out.adjusted[s, n, day] += self.really[s, n] - self.record[s, n]
        self.record[s, n] = self.really[s, n]

    def _take(self, i: int, day: int, hour: float) -> None:
        x = self.made["wishes"]
        s, n = int(x["sku"][i]), int(x["node"][i])
        have = int(min(self.really[s, n], self.left[i]))
        if have < self.left[i] <= self.record[s, n] and self.luck[3, s, n, day] < 0.3:
            self._count(s, n, day)
        if have:
            self.left[i] -= have
            self.record[s, n] -= have
            self.really[s, n] -= have
            self.out.sold[s, n, day] += have
            self.pieces.append((i, have, hour))
        if self.left[i] and x["draws"][i, 4] < 0.4:
            self._elsewhere(i, hour)
        elif self.left[i] and i not in (line := self.waiting.setdefault((s, n), [])):
            line.append(i)

    def _elsewhere(self, i: int, hour: float) -> None:
        """The customer takes what there is and buys the rest elsewhere."""
        self.lost[i], self.left[i] = self.left[i], 0
        x = self.made["wishes"]
        if self.made["splits"] or self.lost[i] == x["units"][i]:
            self.cancelled[i] = hour + 1.0

    def _backorders(self, day: int) -> None:
        x = self.made["wishes"]
        for (s, n), line in list(self.waiting.items()):
            for i in list(line):
                waited = day - x["day"][i]
                if x["draws"][i, 0] < 0.3 and waited > 18 + 25 * x["draws"][i, 1]:
                    self.cancelled[i], self.lost[i] = day * 24.0 + 9.0, self.left[i]
                    if not self.made["splits"]:
                        back = int(x["units"][i] - self.left[i])
                        self.record[s, n] += back
                        self.really[s, n] += back
                        self.out.adjusted[s, n, day] += back
                        self.pieces = [p for p in self.pieces if p[0] != i]
                        self.lost[i] = x["units"][i]
                    self.left[i] = 0
                elif self.really[s, n] > 0 and self.record[s, n] > 0:
                    self._take(i, day, day * 24.0 + 7.0)
                elif self.record[s, n] > 0 and self.luck[3, s, n, day] < 0.3:
                    self._count(s, n, day)
                if not self.left[i]:
                    line.remove(i)
            if not line:
                del self.waiting[s, n]

    def _owed(self, s: int, n: int) -> int:
        return int(sum(self.left[i] for i in self.waiting.get((s, n), [])))

    def _send(self, day: int) -> None:
        """Transfers to the second warehouse on Monday and Thursday evenings."""
        c = self.c
        if c.weekday(day) not in (0, 3):
            return
        for s in range(SKUS):
            pack = int(self.made["pack"][s])
            rate = float(self.made["mean"][s, 1, day])
            level = (rate * 9.0 + 2.0 * sqrt(9.0) * self.made["spread"][s, 1]) * self.w["tilt"][c.category_of[s]]
            want = level - self.record[s, 1] - self.on_order[s, 1] + self._owed(s, 1)
            have = int(min(self.record[s, 0], self.really[s, 0]))
            units = int(min(ceil(max(want, 0) / pack) * pack, have // pack * pack))
            if want <= 0 or units <= 0:
                continue
            self.record[s, 0] -= units
            self.really[s, 0] -= units
            self.out.adjusted[s, 0, day] -= units
            self.on_order[s, 1] += units
            at, came = day * 24.0 + 17.0, (day + 1) * 24.0 + 8.0
            ready = came + 24.0 * max(self.w["dock"][1, c.category_of[s]] - 0.9, 0.1)
            self.out.orders.append(Order(s, 1, 0, at, at, at, came + 4, at + 1, came, ready, units, units))
            self.coming.setdefault(int(ready // 24), []).append((s, 1, units))

    def _buy(self, day: int) -> None:
        """Fridays, supplier by supplier: an order of containers if something is at its reorder point."""
        c = self.c
        position = self.record[:, 0] + self.on_order[:, 0] + self.record[:, 1] + self.on_order[:, 1]
        points = [self._points(s, day) for s in range(SKUS)] if day % 7 == 4 or day % 7 == 2 else []
        if not points:
            return
        for s in range(SKUS):
            owed = self._owed(s, 0) + self._owed(s, 1)
            position[s] -= owed
            slow = self.w["decide"][c.category_of[s]] * (0.6 + 0.8 * self.by_sku[0, s, day // 28])
            if position[s] > points[s][0]:
                self.signalled.pop(s, None)
            elif s not in self.signalled:
                self.signalled[s] = day * 24.0 + 18.0
            self.seen[s] = self.signalled.get(s, np.inf) / 24.0 + slow
        if c.weekday(day) != 4:
            return
        for k in range(4):
            mine = np.flatnonzero(self.made["supplier_at"] == k)
            urgent = [s for s in mine if self.seen[s] <= day]
            if urgent:
                self._order(k, mine, urgent, position, points, day)

    def _order(self, k: int, mine: Ints, urgent: list[int], position: Ints, points: Points, day: int) -> None:
        c = self.c
        wants = {int(s): points[s][1] - position[s] for s in urgent}
        least = 21.0 * float((self.usual[mine, day] * c.cost[mine]).sum())
        others = sorted((s for s in mine if s not in wants), key=lambda s: position[s] / max(points[s][1], 1))
        for s in others:
            # What fills the container: whatever is closest to its point.
            if sum(u * c.cost[q] for q, u in wants.items()) >= least:
                break
            if points[s][1] > position[s]:
                wants[int(s)] = points[s][1] - position[s]
        placed = (day + 3) * 24.0 + 9.0
        promised = day + 3 + int(self.made["lead"][k])
        late = round(-2 + 4 * self.by_supplier[0, k, day])
        if self.by_supplier[1, k, day] < self.w["late"][k]:
            late += round(self.w["late_days"][k] * (0.5 + self.by_supplier[2, k, day]))
        arrives = promised + late
        arrives += {5: 2, 6: 1}.get(c.weekday(arrives), 0)
        for s, units in sorted(wants.items()):
            pack = int(self.made["pack"][s])
            ordered = max(ceil(units / pack), 1) * pack
            short = self.by_sku[1, s, day] < self.w["short"][k]
            came = int(ordered * (1 - (0.25 + 0.35 * self.by_sku[2, s, day]) * short)) // pack * pack
            received = arrives * 24.0 + 8.0 + 6 * self.by_supplier[3, k, day]
            ready = received + 24.0 * self.w["dock"][0, c.category_of[s]] * (0.6 + 0.8 * self.by_sku[0, s, day])
            decided = day * 24.0 + 11.0
            need = min(self.signalled.pop(s, decided - 1.0), decided - 0.5)
            # What was ordered to fill up was decided when it was seen.
            self.out.orders.append(Order(
                s, 0, -1, need, decided, placed, promised * 24.0 + 17.0, received - 24.0 * 30, received, ready, ordered, came
            ))  # fmt: skip
            self.on_order[s, 0] += came
            self.coming.setdefault(int(ready // 24), []).append((s, 0, came))


def live(c: House, w: Ways) -> Life:
    """One life of a wholesaler."""
    x, made = c.made["wishes"], c.made
    at, channel, draws = x["ordered"], x["channel"], x["draws"]
    came = np.where(w["feed"][channel] > 0.5, np.ceil(at / w["feed"][channel]) * w["feed"][channel], at)
    looked = draws[:, 2] < w["check"][channel]
    released = came + np.where(
        looked, w["check_hours"] * (0.5 + 6 * draws[:, 3] ** 2) * (1 + 2 * w["check"][channel]), 0.2
    )
    stock = _Stock(c, w)
    stock.run(released)
    lines = _pieces(c, w, stock, released)
    lines = {k: v[lines["ordered"] >= c.begin] for k, v in lines.items()}
    lines["customer_names"] = made["customers"]
    inside = at >= c.begin
    wishes = {k: v[inside] for k, v in x.items()}
    books = Books()
    books.events, hours = chores(c, w, {**wishes}, draws[inside][:, 6:14])
    books.events = [e for e in books.events if e.at < c.end]
    booked = _book(c, w, lines, books)
    _feeds(c, w, x, books)
    stock.out.orders.sort(key=lambda o: (o.placed, o.sku, o.node))
    other = {"forecasts": _forecasts(c, stock)} if "forecasts" in c.tables else {}
    return Life(c, lines, stock.out, books, hours, booked, wishes, other)


def _pieces(c: House, w: Ways, stock: _Stock, released: Floats) -> Lines:
    """Rows of order lines: what left, with its steps, and what still waits or was given up."""
    x = c.made["wishes"]
    rows: list[tuple[int, int, int, float, float]] = []  # wish, part, units, ready, cancelled
    parts: dict[int, int] = {}
    if c.made["splits"]:
        for i, units, hour in stock.pieces:
            rows.append((i, parts.get(i, 0), units, hour, np.nan))
            parts[i] = parts.get(i, 0) + 1
        rest = stock.left + stock.lost
        rows += [
            (i, parts.get(i, 0), int(rest[i]), np.nan, stock.cancelled[i]) for i in np.flatnonzero(rest > 0).tolist()
        ]
    else:
        last = {piece[0]: piece[2] for piece in stock.pieces}
        for i in range(len(x["sku"])):
            is_done = stock.left[i] == 0 and np.isnan(stock.cancelled[i])
            ready = last.get(i, np.nan) if is_done else np.nan
            rows.append((i, 0, int(x["units"][i]), ready, stock.cancelled[i]))
    rows.sort()
    i = np.array([r[0] for r in rows])
    part, units, ready = (np.array([r[k] for r in rows]) for k in (1, 2, 3))
    cancelled = np.array([r[4] for r in rows])
    out: Lines = {k: x[k][i] for k in ("ordered", "sku", "channel", "node", "destination", "carrier", "customer")}
    draws = c.luck.of("parts").random((len(x["sku"]), 4, 6))[i, part.clip(0, 3)]
    handed, delivered = _carry(c, w, out, _pick(c, w, out, ready, draws), draws)
    promised = _promise(c, w, out, x["draws"][i])
    for times in (handed, delivered):
        times[times >= c.end] = np.nan
    cancelled[cancelled >= c.end] = np.nan
    sent = units if c.made["splits"] else units - stock.lost[i]
    shipped = np.where(np.isnan(handed), 0, sent)
    factor = 1.06 if c.made["happens"] == "price rise" else 1.0
    price = c.price[out["sku"]] * np.where(out["ordered"] > 24.0 * (c.warm + c.days) / 2, factor, 1.0)
    gave_up = cancelled - released[i] > 48.0
    reason = np.where(np.isnan(cancelled), None, np.where(gave_up, "customer gave up waiting", "not available"))
    return out | {
        "order_id": [f"A{500_000 + int(n)}" for n in x["order"][i]],
        "line_id": np.array([f"{10 * (int(n) % 60 + 1)}" + (f".{p}" if p else "") for n, p in zip(x["sku"][i], part, strict=True)]),
        "promised": promised, "released": released[i], "handed": handed, "delivered": delivered, "cancelled": cancelled,
        "reason": reason, "ordered_units": units, "shipped_units": shipped, "returned_units": np.zeros(len(i), np.int64),
        "price": price, "fulfilment": np.where(out["carrier"] == 1, 6.5, 4.0) + 0.012 * units * c.price[out["sku"]],
    } | {"order_id": np.array([f"A{500_000 + int(n)}" for n in x["order"][i]])}  # fmt: skip


OFFICE = np.zeros((7, 24), bool)
OFFICE[:5, 6:20] = True


def _pick(c: House, w: Ways, x: Lines, ready: Floats, draws: Floats) -> Floats:
    clock, picked = Calendar(OFFICE.ravel(), c.first.weekday(), c.days), ready.copy()
    for n in range(2):
        mine = np.flatnonzero((x["node"] == n) & ~np.isnan(ready))
        usual = (x["node"] == n).sum() / (c.days / 7 * 70.0)
        each = 1.0 / (usual * w["pace"][n])
        mine = mine[np.argsort(ready[mine], kind="stable")]
        begin = clock.worked(ready[mine]) - each * np.arange(len(mine))
        picked[mine] = clock.when(each * (np.arange(len(mine)) + 1) + np.maximum.accumulate(begin))
    mislaid = draws[:, 0] < w["mislaid"][x["node"], c.category_of[x["sku"]]]
    return np.asarray(picked + np.where(mislaid, 40.0 * (0.5 + draws[:, 1]), 0.3), np.float64)


def _tours(c: House) -> list[np.ndarray]:
    """Days on which lorries leave for each region."""
    return [np.array([d for d in range(c.days + 60) if c.weekday(d) in days]) for days in c.made["tours"]]


def _next_tour(c: House, x: Lines, at: Floats) -> Floats:
    """Day of the first tour that leaves at six in the morning after a moment; of the next pick-up at five for parcels."""
    out = np.full(len(at), np.nan)
    some = ~np.isnan(at)
    for d, days in enumerate(_tours(c)):
        mine = some & (x["carrier"] == 0) & (x["destination"] == d)
        out[mine] = days[np.searchsorted(days * 24.0 + 6.0, at[mine]).clip(0, len(days) - 1)]
    weekdays = np.array([d for d in range(c.days + 60) if c.weekday(d) < 5])
    mine = some & (x["carrier"] == 1)
    out[mine] = weekdays[np.searchsorted(weekdays * 24.0 + 17.0, at[mine]).clip(0, len(weekdays) - 1)]
    return out


def _carry(c: House, w: Ways, x: Lines, picked: Floats, draws: Floats) -> tuple[Floats, Floats]:
    day, k = _next_tour(c, x, picked), x["carrier"]
    handed = day * 24.0 + np.where(k == 0, 6.0, 17.0)
    slipped = draws[:, 2] < w["slip"][k, x["destination"]]
    more = np.where(slipped, np.maximum(1.0, np.round(w["slip_days"][k] * (0.5 + draws[:, 3]))), 0.0)
    if c.made["happens"] == "strike":
        begin = (c.warm + c.days) // 2
        struck = (day >= begin) & (day < begin + 6) & (k == 1)
        more = np.where(struck, more + begin + 6 - day, more)
    road = np.where(k == 0, 0, c.made["parcel_days"][x["destination"]])
    arrive = day + road + more
    offset = np.array([{5: 2, 6: 1}.get(c.weekday(int(d)), 0) if not np.isnan(d) else 0 for d in arrive])
    return handed, (arrive + offset) * 24.0 + np.where((k == 0) & (more == 0), 8.0, 9.0) + 7.5 * draws[:, 4]


def _promise(c: House, w: Ways, x: Lines, draws: Floats) -> Floats:
    """The next tour after a day of work; where promises are tight, often the one before."""
    tight = draws[:, 15] < w["tight"][x["channel"]]
    day = _next_tour(c, x, x["ordered"] + np.where(tight, 1.0, 26.0))
    slack = np.where(x["carrier"] == 0, 0, c.made["parcel_days"][x["destination"]] + np.where(tight, 0, 1))
    day = day + slack
    offset = np.array([{5: 2, 6: 1}.get(c.weekday(int(d)), 0) for d in day])
    return np.asarray((day + offset) * 24.0 + 18.0, np.float64)


def _book(c: House, w: Ways, x: Lines, books: Books) -> Floats:
    """Breakage; what the buying group takes off for late lines by contract, and what it takes off beyond."""
    weeks, booked = (c.days - c.warm) // 7, np.zeros((3, 3))
    swing = c.luck.of("bookings").lognormal(-0.045, 0.3, (2, 3, 3, weeks + 1))
    week = ((x["ordered"] - c.begin) // 168).astype(int)
    worth = x["shipped_units"] * x["price"]
    late = (x["delivered"] > x["promised"]) & ~np.isnan(x["delivered"])
    k = c.category_of[x["sku"]]
    sales, failed = np.zeros((3, 3, weeks + 1)), np.zeros((3, 3, weeks + 1))
    np.add.at(sales, (k, x["channel"], week), worth)
    np.add.at(failed, (k, x["channel"], week), worth * late)
    for a in range(3):
        for j in range(3):
            for t in range(weeks):
                broken = sales[a, j, t] * w["waste"][a, j] * swing[0, a, j, t]
                taken = (sales[a, j, t] * w["charged"][j] * swing[1, a, j, t] + 0.03 * failed[a, j, t]) * (j > 0)
                for cause, amount, party in (
                    (c.words["damage"], broken, c.own),
                    ("chargeback", taken, c.channel_party[j]),
                ):
                    if amount > 0:
                        books.bookings.append(Booking(t, cause, float(amount), party, a, j))
                        booked[a, j] += amount
    return booked


def _feeds(c: House, w: Ways, x: Lines, books: Books) -> None:
    for j in (1, 2):
        lines = np.bincount(x["day"][x["channel"] == j], minlength=c.days)
        draws = c.luck.of("feeds", j).random((c.days, 2))
        for day in (d for d in range(c.warm, c.days) if c.weekday(d) < 5):
            rows, due = int(lines[day]), day * 24.0 + 18.0
            wrong = int(rows * w["garbled"] + draws[day, 0])
            books.deliveries.append(Delivery(j, due, due + 0.5 * draws[day, 1], rows, min(wrong, rows)))


def _forecasts(c: House, stock: _Stock) -> dict[str, Any]:
    """Every four weeks, for four periods of four weeks."""
    made = list(range(c.warm - 28 - c.warm % 28, c.days, 28))
    rows = [
        (s, d, d + 28 * k, 28 * stock.rate(s, d))
        for d in made
        for s in range(SKUS)
        for k in range(4)
        if d + 28 * k + 28 <= c.days
    ]
    s, on, of, units = (np.array(v) for v in zip(*rows, strict=True))
    cc: Any = c
    return {
        "sku_id": writing.names_at(c.sku, s), "forecast_on": writing.dates(cc, on),
        "period_on": writing.dates(cc, of), "period_days": pa.array(np.full(len(s), 28)),
        "forecast_units": pa.array(np.round(units, 1)), "forecaster_id": pa.array([c.own] * len(s)),
    }  # fmt: skip
