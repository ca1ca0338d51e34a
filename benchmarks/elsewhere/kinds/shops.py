"""A chain of shops with one centre: walk-in sales at the till, planograms, promotions, and goods brought home by a partner.

Whoever finds an empty shelf goes home without a word. Shops are refilled three times a week or daily, case by case, as far as
the shelf has room; the last third of them is run by a franchisee. One order in eight is fetched, one in ten brought home.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.elsewhere import writing
from benchmarks.elsewhere.books import Booking, Delivery
from benchmarks.elsewhere.buying import Order
from benchmarks.elsewhere.kinds.frame import Books, Fault, House, Life, Lines, Shelves, Ways, beginning, chores
from benchmarks.elsewhere.luck import Bools, Floats, Ints, Luck, Words

SKUS, WARM = 30, 63
GRAINS = (("category", "node_region"), ("brand",), ("node_region",), ("channel_id", "category"))
HAPPENINGS = ("", "", "strike", "new shop", "price rise", "long weekend")
OPEN, CLOSE = 8.0, 20.0


def house(seed: int) -> House:
    """A chain."""
    luck = Luck(seed)
    words, rng = Words(luck.of("words")), luck.of("shops")
    first, own_words = beginning(seed, words)
    own, franchise, bringer = words.some(3)
    shops, days = int(rng.integers(8, 13)), WARM + int(rng.integers(365, 430))
    suppliers, brand_of = words.some(5), np.arange(SKUS) % 6
    maker = [suppliers[b] for b in (0, 1, 2, 3, 4, 1)]
    price = np.round(rng.lognormal(1.4, 0.6, SKUS), 2)
    region_of = np.arange(shops) * 3 // shops
    regions = words.some(3)
    c = House(
        template="shops", seed=seed, first=first, warm=WARM, days=days, own=own,
        kinds={own: "own company", franchise: "franchisee", bringer: "delivery platform", **dict.fromkeys(suppliers, "supplier")},
        grain=GRAINS[seed % len(GRAINS)], sku=[f"{2000 + 7 * i}" for i in range(SKUS)], brand=words.some(6),
        category=words.some(3), brand_of=brand_of, category_of=brand_of % 3, supplier_of=[maker[b] for b in brand_of],
        price=price, cost=price * rng.uniform(0.6, 0.72, SKUS), node=[words.one(), *(f"F{i + 1:02d}" for i in range(shops))],
        node_kind=["own DC", *["store"] * shops], node_party=[own, *(franchise if r == 2 else own for r in region_of)],
        region=["centre", *(regions[r] for r in region_of)], channel=words.some(3),
        channel_kind=["store", "click and collect", "home delivery"], channel_party=[own, own, bringer],
        destination=regions, carrier=[bringer],
        money={"wage_amount_per_hour": 23.0, "carrying_rate_per_year": 0.2, "discount_rate": 0.08, "horizon_years": 3.0,
               "late_line_cost_share": 0.1, "attainable_share": 0.8, "ramp_weeks": 10.0},
        tables={"order_lines", "products", "nodes", "channels", "parties", "stock_days", "supply_orders", "leakage", "work_log", "feeds"}
        | ({"forecasts"} if rng.random() < 0.6 else set()),
        words=own_words, faults=FAULTS, sound=_sound(rng), live=live, made={},
        omitted={"order_lines": {"returned_units", "cancel_reason"}, "supply_orders": {"signalled_at", "decided_at"} if rng.random() < 0.4 else set()},
    )  # fmt: skip
    c.contracts = dict.fromkeys((franchise, bringer, *suppliers), True)
    skewed = np.sort(rng.lognormal(-1.6, 1.1, SKUS))[::-1]
    c.made = {
        "feeder": [-1, *[0] * shops], "shops": shops, "region_of": np.array([3, *region_of]), "suppliers": suppliers,
        "supplier_at": np.array([suppliers.index(s) for s in c.supplier_of]), "lead": rng.integers(3, 10, 5),
        "happens": HAPPENINGS[int(rng.integers(len(HAPPENINGS)))], "bare": bool(rng.random() < 0.35),
        "rounds": (0, 2, 4) if rng.random() < 0.6 else (0, 1, 2, 3, 4, 5),
        "rate": rng.permutation(skewed)[:, None] * rng.lognormal(0.0, 0.35, shops)[None, :] * rng.lognormal(0, 0.3, (SKUS, shops)),
    }  # fmt: skip
    c.made["rate"] *= 27_000 / (c.made["rate"].sum() * (days - WARM))
    _demand(c, rng)
    return c


def _sound(rng: np.random.Generator) -> Ways:
    def about(level: float, *shape: int) -> Floats:
        return np.asarray(level * rng.lognormal(0.0, 0.12, shape), np.float64)

    # By region, the centre being the fourth.
    return {
        "bias": np.ones(3), "noise": np.full(3, 0.1), "tilt": np.ones((4, 3)), "late": about(0.08, 5), "late_days": np.full(5, 1.5),
        "short": np.full(5, 0.03), "decide": np.zeros(3), "dock": np.full((4, 3), 2.0), "vanish": np.full((4, 3), 0.0008),
        "pick": np.full(4, 0.8), "forgot": about(0.02, 4), "slip": 0.035, "feed": 0.2, "tight": np.zeros(3),
        "waste": np.array([[0.02], [0.006], [0.004]]) * about(1.0, 3, 3), "charged": np.array([0.0, 0.0, 0.004]),
        "asks": about(0.01, 3, 3), "touches": np.ones((3, 3)),
    }  # fmt: skip


def _own(f: Fault) -> str:
    return str(f.house.own)


def _region(f: Fault) -> str:
    c = f.house
    return str(c.node_party[int(np.flatnonzero(c.made["region_of"] == f.at)[0])])


def _supplier(f: Fault) -> str:
    return str(f.house.made["suppliers"][f.at])


def _channel(f: Fault) -> str:
    return str(f.house.channel_party[f.at])


def _cats(f: Fault) -> slice | list[int]:
    return slice(None) if f.category is None else [f.category]


def _too_low(w: Ways, f: Fault, x: float) -> None:
    w["bias"][_cats(f)] = 1 - min(0.15 + 0.25 * x, 0.65)


def _too_high(w: Ways, f: Fault, x: float) -> None:
    w["bias"][_cats(f)] = 1 + 0.7 * x


def _late(w: Ways, f: Fault, x: float) -> None:
    w["late"][f.at], w["late_days"][f.at] = min(0.35 + 0.3 * x, 0.95), 3.0 + 5.0 * x


def _short(w: Ways, f: Fault, x: float) -> None:
    w["short"][f.at] = min(0.25 + 0.3 * x, 0.9)


def _buyer(w: Ways, f: Fault, x: float) -> None:
    w["decide"][_cats(f)] = 2.0 + 4.0 * x


def _dock(w: Ways, f: Fault, x: float) -> None:
    w["dock"][f.at, _cats(f)] = 24.0 * (1 + 2.2 * x)


def _phantom(w: Ways, f: Fault, x: float) -> None:
    w["vanish"][f.at, _cats(f)] = 0.006 * x


def _skewed(w: Ways, f: Fault, x: float) -> None:
    w["tilt"][:3, _cats(f)] *= 1.5
    w["tilt"][f.at, _cats(f)] = 1 - min(0.35 + 0.22 * x, 0.8)


def _picking(w: Ways, f: Fault, x: float) -> None:
    w["pick"][f.at] *= 1 + 1.5 * x
    w["forgot"][f.at] += 0.14 * x


def _carrier(w: Ways, _: Fault, x: float) -> None:
    w["slip"] += 0.16 * x


def _feed(w: Ways, _: Fault, x: float) -> None:
    w["feed"] = 4.0 + 6.0 * x


def _tight(w: Ways, f: Fault, x: float) -> None:
    w["tight"][f.at] = 2.0 + 0.6 * x


def _waste(w: Ways, f: Fault, x: float) -> None:
    w["waste"][_cats(f), f.at] += 0.025 * x


def _charged(w: Ways, f: Fault, x: float) -> None:
    w["charged"][f.at] += 0.03 * x


def _status(w: Ways, f: Fault, x: float) -> None:
    w["asks"][_cats(f), f.at] *= 5.0
    w["touches"][_cats(f), f.at] = 2 + 2 * x


FAULTS: dict[str, Any] = {
    "forecast too low": ("forecast", _own, _too_low),
    "forecast too high": ("forecast", _own, _too_high),
    "late supplier": ("supply", _supplier, _late),
    "short supplier": ("supply", _supplier, _short),
    "slow buyer": ("decision", _own, _buyer),
    "slow back room": ("receiving", _region, _dock),
    "phantom stock": ("record", _region, _phantom),
    "stranded stock": ("allocation", _own, _skewed),
    "slow picking": ("fulfilment", _region, _picking),
    "late carrier": ("carriage", lambda f: f.house.carrier[0], _carrier),
    "late order feed": ("release", lambda f: f.house.channel_party[2], _feed),
    "tight promise": ("promise", _channel, _tight),
    "own waste": ("waste", _own, _waste),
    "chargebacks": ("waste", _channel, _charged),
    "status work": ("status", _channel, _status),
}


def _demand(c: House, rng: np.random.Generator) -> None:
    """Mean lines by sku, shop and day, and what customers want to buy, whether or not it is there."""
    m, days = c.made, np.arange(c.days)
    weekday = np.array([0.85, 0.85, 0.95, 1.0, 1.35, 1.5, 0.0])[(c.first.weekday() + days) % 7]
    peak = rng.integers(0, 365, 3)
    season = 1 + 0.2 * np.cos(2 * np.pi * (days[None, :] - peak[:, None]) / 365.25)
    promoted = np.zeros((SKUS, c.days), bool)
    for week in range(c.days // 7):
        promoted[rng.permutation(SKUS)[:2], 7 * week : 7 * week + 6] = True
    lift = np.where(promoted, 2.6, 1.0)
    holiday = np.zeros(c.days, bool)
    holiday[rng.choice(c.days, 9, replace=False)] = True
    weekday = np.where(holiday, 0.0, weekday)
    mean = m["rate"][:, :, None] * (season[c.category_of] * lift * weekday)[:, None, :]
    if m["happens"] == "new shop":
        opens = (c.warm + c.days) // 2
        mean[:, -1, :opens] = 0.0
        mean[:, -2, opens:] *= 0.75
    if m["happens"] == "long weekend":
        mean[:, :, c.warm + 150 : c.warm + 153] *= 0.0
    if m["happens"] == "price rise":
        mean[:, :, c.warm + 200 :] *= 0.93
    swing = rng.gamma(25.0, 1 / 25.0, (SKUS, c.days // 7 + 1))[:, days // 7]
    counts = rng.poisson(mean * swing[:, None, :])
    s, shop, day = np.nonzero(counts)
    s, shop, day = (np.repeat(v, counts[counts > 0]) for v in (s, shop, day))
    n = len(s)
    at = day * 24.0 + OPEN + (CLOSE - OPEN) * rng.beta(2.2, 1.8, n)
    order = np.lexsort((at, s))
    channel = np.searchsorted([0.78, 0.9], rng.random(n))
    x: Lines = {
        "ordered": at,
        "day": day,
        "sku": s,
        "node": shop + 1,
        "channel": channel,
        "units": 1 + rng.poisson(0.6, n),
    }
    x = {k: v[order] for k, v in x.items()}
    x["destination"] = m["region_of"][x["node"]]
    x["draws"] = rng.random((n, 16))
    m |= {"wishes": x, "mean": mean * 1.6, "promoted": promoted, "holiday": holiday}


class _Stock:
    """The centre and all shops, sku by sku, day by day."""

    def __init__(self, c: House, w: Ways) -> None:
        self.c, self.w, self.m = c, w, c.made
        self.out, nodes = Shelves.none(c), len(c.node)
        self.luck = c.luck.of("shelves").random((6, SKUS, nodes, c.days))
        self.swing = c.luck.of("forecasts").standard_normal((SKUS, nodes, c.days // 7 + 2))
        self.fate = np.zeros(len(c.made["wishes"]["sku"]), np.int64)  # 1 sold, 2 not found, 0 lost
        self.by_supplier = c.luck.of("suppliers").random((4, 5, c.days))
        weeks = c.days // 7 + 3
        mean = np.concatenate([c.made["mean"], np.repeat(c.made["mean"][:, :, -14:], 3, axis=2)], axis=2)[
            :, :, : 7 * weeks
        ]
        by_week = mean.reshape(SKUS, nodes - 1, weeks, 7).sum(axis=3)
        self.weekly = np.concatenate([by_week.sum(axis=1, keepdims=True), by_week], axis=1)
        k, made = c.category_of, c.days // 7 + 1
        wrong = w["bias"][k][:, None, None] * np.exp(w["noise"][k][:, None, None] * self.swing[:, :, :made])
        self.forecast = np.stack([self.weekly[:, :, a : a + made] * wrong for a in (0, 1)], axis=3)
        self.levels = self._levels()

    def _levels(self) -> Floats:
        """What shelf and road should hold, and the centre beyond, by sku, node, day, by the forecast at hand."""
        c, m = self.c, self.m
        days = np.arange(c.days)
        now, then = self.forecast[:, :, days // 7, 0], self.forecast[:, :, days // 7, 1]
        near = (days % 7) / 7.0
        span = (m["lead"][m["supplier_at"]] + 8.0)[:, None] / 7.0
        part = np.minimum(1 - near[None, :], span)
        cover = now[:, 0] * part + then[:, 0] * np.maximum(span - part, 0.0)
        tilt = self.w["tilt"][:, c.category_of]
        gap = 3.5 if len(m["rounds"]) == 3 else 2.0
        out = gap / 7.0 * (now * (1 - near) + then * near)
        out = np.maximum((out + 1.9 * np.sqrt(np.maximum(out, 0.1) * 1.8)) * tilt[m["region_of"]].T[:, :, None], 1.0)
        out[:, 0] = (cover + 1.8 * np.sqrt(np.maximum(cover, 0.2) * 3.0)) * tilt[3][:, None]
        return np.asarray(out, np.float64)

    def run(self) -> None:
        """All skus."""
        x = self.m["wishes"]
        bounds = np.searchsorted(x["sku"], np.arange(SKUS + 1))
        for s in range(SKUS):
            self._sku(s, np.arange(bounds[s], bounds[s + 1]))
        self.out.orders.sort(key=lambda o: (o.placed, o.sku, o.node))

    def _sku(self, s: int, mine: Ints) -> None:
        c, m, x = self.c, self.m, self.m["wishes"]
        nodes, k = len(c.node), int(c.category_of[s])
        usual = self.weekly[s].mean(axis=1) / 7.0
        self.pack = int(max(2, min(24, round(float(usual[1:].mean()) * 5))))
        self.record = [max(ceil(v), 1) for v in self.levels[s, :, 0]]
        self.really, self.on_order = list(self.record), [0] * nodes
        self.coming: dict[int, list[tuple[float, int, int]]] = {}
        self.placing: dict[int, list[Order]] = {}
        gone = self.luck[0, s] < self.w["vanish"][m["region_of"], k][:, None]
        self.thefts = gone.any(axis=0)
        self.gone = gone
        total = self.levels[s].sum(axis=0)
        self.total = total
        of_day = np.searchsorted(x["day"][mine], np.arange(c.days + 1))
        for day in range(c.days):
            self._shop_day(s, day, mine[of_day[day] : of_day[day + 1]])
            self._refill(s, k, day)
            self._buy(s, k, day)
            self.out.record[s, :, day] = self.record

    def _shop_day(self, s: int, day: int, mine: Ints) -> None:
        out, x, luck = self.out, self.m["wishes"], self.luck
        if self.thefts[day]:
            for n in np.flatnonzero(self.gone[:, day]).tolist():
                units = ceil(self.really[n] * (0.3 + 0.6 * luck[1, s, n, day])) if n else ceil(self.really[n] * 0.03)
                self.really[n] -= units
                out.vanished[s, n, day] += units
        if self.record != self.really:
            for n, (a, b) in enumerate(zip(self.record, self.really, strict=True)):
                if a != b and luck[2, s, n, day] < 1 / 100:
                    self._count(s, n, day)
        bare_since = [0.0 if v <= 0 else np.nan for v in self.record]
        events: list[tuple[float, int, int]] = [(h, -n - 1, u) for h, n, u in self.coming.pop(day, [])]
        events += [(float(x["ordered"][i]) - 24.0 * day, int(i), 0) for i in mine]
        for hour, i, units in sorted(events):
            n = -i - 1 if i < 0 else int(x["node"][i])
            if i < 0:
                if units and self.record[n] <= 0 and not np.isnan(bare_since[n]):
                    out.empty[s, n, day] += _light(bare_since[n], hour)
                    bare_since[n] = np.nan
                self.record[n] += units
                self.really[n] += units
                self.on_order[n] -= units
                out.received[s, n, day] += units
                continue
            self._serve(s, n, day, i)
            if self.record[n] <= 0 and np.isnan(bare_since[n]):
                bare_since[n] = hour
        for n, since in enumerate(bare_since):
            if since == since and self.record[n] <= 0:
                out.empty[s, n, day] += _light(since, 24.0)

    def _serve(self, s: int, n: int, day: int, i: int) -> None:
        x = self.m["wishes"]
        walks = x["channel"][i] == 0
        if self.record[n] <= 0 and not walks:
            return
        if self.really[n] <= 0:
            self.fate[i] = 0 if walks else 2
            if not walks and x["draws"][i, 1] < 0.4:
                self._count(s, n, day)
            return
        sent = int(min(x["units"][i], self.really[n]))
        self.fate[i] = 1
        x["sent"][i] = sent
        self.record[n] -= sent
        self.really[n] -= sent
        self.out.sold[s, n, day] += sent
        if self.record[n] < self.really[n]:
            self._count(s, n, day)

    def _count(self, s: int, n: int, day: int) -> None:
        self.out.adjusted[s, n, day] += self.really[n] - self.record[n]
        self.record[n] = self.really[n]

    def _refill(self, s: int, k: int, day: int) -> None:
        """In the evening of a round: what shops lack goes out at night, case by case, as far as shelves have room."""
        c, pack = self.c, self.pack
        if c.weekday(day) not in self.m["rounds"]:
            return
        wants = {}
        levels = self.levels[s, :, day].tolist()
        for n in range(1, len(c.node)):
            level, position = levels[n], self.record[n] + self.on_order[n]
            if position < level:
                room = max(level * 2.2, 1.5 * pack) - position
                cases = max(1, min(ceil((level - position) / pack), int(room // pack)))
                wants[n] = cases * pack
        have = int(min(self.record[0], self.really[0]))
        total = sum(wants.values())
        for rank, n in enumerate(sorted(wants, key=lambda n: self.luck[3, s, n, day])):
            units = int(min(wants[n] if total <= have or rank == 0 else wants[n] * have // total // pack * pack, have))
            units = units // pack * pack
            if units <= 0:
                continue
            have -= units
            self.record[0] -= units
            self.really[0] -= units
            self.out.adjusted[s, 0, day] -= units
            at, came = day * 24.0 + 20.5, (day + 1) * 24.0 + 6.0 + self.luck[4, s, n, day]
            ready = came + self.w["dock"][self.m["region_of"][n], k] * (0.5 + self.luck[5, s, n, day])
            self._shelve(Order(s, n, 0, at - 0.5, at - 0.2, at, came + 2, at + 1, came, ready, units, units))

    def _shelve(self, o: Order) -> None:
        self.on_order[o.node] += o.came
        self.coming.setdefault(int(o.available // 24), []).append((o.available % 24, o.node, o.came))
        self.out.orders.append(o)

    def _buy(self, s: int, k: int, day: int) -> None:
        c, supplier = self.c, int(self.m["supplier_at"][s])
        lead = int(self.m["lead"][supplier])
        for o in self.placing.pop(day, []):
            self._place(o, s, supplier, lead, day)
        if c.weekday(day) != supplier % 5:
            return
        lacks = float(self.total[day]) - sum(self.record) - sum(self.on_order)
        if lacks <= 0 or any(self.placing.values()):
            return
        wait = self.w["decide"][k] * (0.6 + 0.8 * self.luck[3, s, 0, day])
        signalled = day * 24.0 + 12.0
        decided = signalled + 2.0 + 24.0 * wait
        o = Order(s, 0, -1, signalled, decided, decided + 1.0, 0, 0, 0, 0, ceil(lacks / self.pack) * self.pack, 0)
        if int(o.placed // 24) <= day:
            self._place(o, s, supplier, lead, day)
        else:
            self.placing.setdefault(int(o.placed // 24), []).append(o)

    def _place(self, o: Order, s: int, supplier: int, lead: int, day: int) -> None:
        c, luck = self.c, self.by_supplier
        promised = day + lead
        promised += {5: 2, 6: 1}.get(c.weekday(promised), 0)
        late = (
            round(self.w["late_days"][supplier] * (0.5 + luck[1, supplier, day]))
            if luck[0, supplier, day] < self.w["late"][supplier]
            else 0
        )
        arrives = promised + late
        arrives += {5: 2, 6: 1}.get(c.weekday(arrives), 0)
        short = self.luck[4, s, 0, day] < self.w["short"][supplier]
        o.came = int(o.ordered * (1 - (0.3 + 0.5 * self.luck[5, s, 0, day]) * short))
        o.promised, o.received = promised * 24.0 + 16.0, arrives * 24.0 + 7.0 + 5.0 * luck[2, supplier, day]
        o.shipped = o.received - 24.0
        o.available = o.received + self.w["dock"][3, c.category_of[s]] * (1 + 2 * luck[3, supplier, day])
        self._shelve(o)


def _light(since: float, until: float) -> float:
    """Share of a day's opening hours between two hours."""
    a, b = (min(max((h - OPEN) / (CLOSE - OPEN), 0.0), 1.0) for h in (since, until))
    return max(b - a, 0.0)


def live(c: House, w: Ways) -> Life:
    """One life of a chain."""
    x = c.made["wishes"]
    x["sent"] = np.zeros(len(x["sku"]), np.int64)
    stock = _Stock(c, w)
    stock.run()
    inside = x["ordered"] >= c.begin
    i = np.flatnonzero(inside & (stock.fate > 0))
    i = i[np.argsort(x["ordered"][i], kind="stable")]
    lines = _lines(c, w, {k: v[i] for k, v in x.items()}, stock.fate[i])
    lines["order_id"] = np.array([f"T{n // 3}" for n in i])
    lines["line_id"] = np.array([str(n % 3 + 1) for n in i])
    books = Books()
    online = np.where(lines["channel"] > 0)[0]
    asked = {k: lines[k][online] for k in ("sku", "channel", "ordered")}
    books.events, hours = chores(c, w, asked, c.luck.of("asked").random((len(x["sku"]), 8))[i[online]])
    books.events = [e for e in books.events if e.at < c.end]
    booked = _book(c, w, lines, books)
    rows = np.bincount(x["day"][x["channel"] == 2], minlength=c.days)
    for day in range(c.warm, c.days):
        due = day * 24.0 + 21.0
        late = float(c.luck.of("feed", day).random())
        books.deliveries.append(Delivery(2, due, due + late * (0.5 + w["feed"] / 3), int(rows[day]) + 5, 0))
    other = {"stock_days": _stock_days(c, stock)}
    if "forecasts" in c.tables:
        other["forecasts"] = _forecasts(c, stock)
    return Life(c, lines, stock.out, books, hours, booked, {k: v[inside] for k, v in x.items()}, other)


def _lines(c: House, w: Ways, x: Lines, fate: Ints) -> Lines:
    at, channel, draws = x["ordered"], x["channel"], x["draws"]
    region = c.made["region_of"][x["node"]]
    released = at + np.where(channel == 2, w["feed"] * draws[:, 2], 0.05)
    work = w["pick"][region] * np.exp(0.5 * (2 * draws[:, 3] - 1)) + np.where(
        draws[:, 4] < w["forgot"][region], 3 + 14 * draws[:, 5], 0
    )
    picked = _open(c, released, work)
    fetch = np.where(channel == 2, _fetched(c, picked), picked)
    slip = draws[:, 6] < w["slip"]
    if c.made["happens"] == "strike":
        middle = (c.warm + c.days) // 2 * 24.0
        slip = slip | ((fetch > middle) & (fetch < middle + 96))
    home = _open(c, fetch + np.where(slip, 22.0, 0.0), 0.7 + 1.6 * draws[:, 7], 8.0, 22.0)
    delivered = np.where(channel == 2, home, fetch)
    promised = np.where(
        channel == 2, _fetched(c, _open(c, at, np.full(len(at), 3.2))) + 3.0, _open(c, at, np.full(len(at), 4.0))
    )
    promised = np.ceil(promised - w["tight"][channel])
    promised = np.maximum(promised, np.ceil(at))
    walks = channel == 0
    for v in (released, fetch, delivered):
        v[walks] = np.nan if c.made["bare"] else at[walks]
    if c.made["bare"]:
        delivered[walks] = at[walks] if c.seed % 2 else np.nan
    promised = np.where(walks, np.nan, promised)
    gone = fate == 2
    cancelled = np.where(gone, released + 2.0, np.nan)
    fetch, delivered = np.where(gone, np.nan, fetch), np.where(gone, np.nan, delivered)
    for v in (fetch, delivered, cancelled):
        v[v >= c.end] = np.nan
    factor = np.where((c.made["happens"] == "price rise") & (x["day"] >= c.warm + 200), 1.07, 1.0)
    factor = factor * np.where(c.made["promoted"][x["sku"], x["day"]], 0.85, 1.0)
    return {
        "ordered": at, "sku": x["sku"], "channel": channel, "node": x["node"], "destination": x["destination"],
        "carrier": np.where(channel == 2, 0, -1), "promised": promised, "released": released, "handed": fetch,
        "delivered": delivered, "cancelled": cancelled, "reason": np.full(len(at), None), "ordered_units": np.where(walks, x["sent"], x["units"]),
        "shipped_units": np.where(np.isnan(fetch) & ~(walks & ~gone), 0, x["sent"]), "returned_units": np.zeros(len(at), np.int64),
        "price": c.price[x["sku"]] * factor, "fulfilment": np.array([0.0, 0.5, 0.7])[channel],
    }  # fmt: skip


def _shut(c: House, day: Ints) -> Bools:
    days = np.clip(day, 0, c.days - 1)
    return ((c.first.weekday() + day) % 7 == 6) | c.made["holiday"][days]


def _open(c: House, at: Floats, work: Floats, begin: float = OPEN, end: float = CLOSE) -> Floats:
    """When so much work is done that begins at some moment, in the hours shops are open (shut on Sundays and holidays)."""
    at, left = at.copy(), work.copy()
    for _ in range(6):
        day = (at // 24).astype(np.int64)
        at = np.maximum(at, day * 24.0 + begin)
        room = np.where(_shut(c, day), 0.0, np.maximum(day * 24.0 + end - at, 0.0))
        over = left > room
        at = np.where(over, (day + 1) * 24.0 + begin, at + left)
        left = np.where(over, left - room, 0.0)
    return at


def _fetched(c: House, at: Floats) -> Floats:
    """The platform fetches at 11, 15 and 18 o'clock."""
    day = (at // 24).astype(np.int64)
    hour = at - 24.0 * day
    next_one = np.where(hour <= 11, 11.0, np.where(hour <= 15, 15.0, np.where(hour <= 18, 18.0, 35.0)))
    out = day * 24.0 + next_one
    for _ in range(3):
        shut = _shut(c, (out // 24).astype(np.int64))
        out = np.where(shut, (out // 24 + 1) * 24.0 + 11.0, out)
    return np.asarray(out, np.float64)


def _book(c: House, w: Ways, x: Lines, books: Books) -> Floats:
    weeks, booked = (c.days - c.warm) // 7, np.zeros((3, 3))
    swing = c.luck.of("bookings").lognormal(-0.045, 0.3, (2, 3, 3, weeks + 1))
    sales = np.zeros((3, 3, weeks + 1))
    week = ((x["ordered"] - c.begin) // 168).astype(int)
    np.add.at(sales, (c.category_of[x["sku"]], x["channel"], week), x["shipped_units"] * x["price"])
    for a in range(3):
        for j in range(3):
            for t in range(weeks):
                lost, taken = (
                    sales[a, j, t] * w["waste"][a, j] * swing[0, a, j, t],
                    sales[a, j, t] * w["charged"][j] * swing[1, a, j, t],
                )
                for cause, amount, party in (
                    (c.words["damage"], lost, c.own),
                    ("chargeback", taken, c.channel_party[j]),
                ):
                    if amount > 0:
                        books.bookings.append(Booking(t, cause, float(amount), party, a, j))
                        booked[a, j] += amount
    return booked


def _stock_days(c: House, stock: _Stock) -> dict[str, Any]:
    x, cc = stock.out, c
    s, n, day = np.nonzero(np.ones(x.record.shape, bool))
    mine = day >= c.warm
    if c.made["happens"] == "new shop":
        mine &= (n < len(c.node) - 1) | (day >= (c.warm + c.days) // 2)
    at = (s[mine], n[mine], day[mine])
    anyhow: Any = cc
    return {
        "sku_id": writing.names_at(c.sku, at[0]), "node_id": writing.names_at(c.node, at[1]), "day": writing.dates(anyhow, at[2]),
        "on_hand_units": pa.array(x.record[at]), "sold_units": pa.array(x.sold[at]), "received_units": pa.array(x.received[at]),
        "adjusted_units": pa.array(x.adjusted[at]), "empty_share": pa.array(np.round(np.minimum(x.empty[at], 1.0), 4)),
        "is_promoted": pa.array(c.made["promoted"][at[0], at[2]] & (at[1] > 0)),
        "discount_share": pa.array(np.where(c.made["promoted"][at[0], at[2]] & (at[1] > 0), 0.15, 0.0)),
        "is_holiday": pa.array(c.made["holiday"][at[2]]),
    }  # fmt: skip


def _forecasts(c: House, stock: _Stock) -> dict[str, Any]:
    first = c.warm // 7
    s, n, week, ahead = np.nonzero(np.ones((SKUS, len(c.node) - 1, c.days // 7 - first, 2), bool))
    week, n = week + first, n + 1
    keep = 7 * (week + ahead) + 7 <= c.days
    s, n, week, ahead = s[keep], n[keep], week[keep], ahead[keep]
    anyhow: Any = c
    return {
        "sku_id": writing.names_at(c.sku, s), "node_id": writing.names_at(c.node, n), "forecast_on": writing.dates(anyhow, 7 * week),
        "period_on": writing.dates(anyhow, 7 * (week + ahead)), "period_days": pa.array(np.full(len(s), 7)),
        "forecast_units": pa.array(np.round(stock.forecast[s, n, week, ahead], 3)), "forecaster_id": pa.array([c.own] * len(s)),
    }  # fmt: skip
