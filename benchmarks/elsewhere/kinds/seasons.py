"""A fashion retailer: one big buy for half a year, sizes, goods sent back, markdowns at the end; own warehouse and a 3PL.

Each style comes in four sizes and belongs to one season; what its buyers forecast half a year before is bought at once, part of
it for a second delivery eight weeks into the season. What is left is marked down for the last weeks and cleared afterwards.
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
from benchmarks.elsewhere.parcels import Calendar

SEASON, STYLES, SIZES, WARM = 182, 18, ("S", "M", "L", "XL"), 56
CURVE = np.array([0.2, 0.33, 0.29, 0.18])
GRAINS = (("category", "channel_id"), ("brand",), ("channel_id",), ("category",))
HAPPENINGS = ("", "", "strike", "warm autumn", "price rise")


def house(seed: int) -> House:
    """A fashion retailer; the record is two or three seasons long."""
    luck = Luck(seed)
    words, rng = Words(luck.of("words")), luck.of("seasons")
    first, own_words = beginning(seed, words)
    own, market, other, partner, posts, slow = words.some(6)
    seasons = 3
    days = WARM + SEASON * seasons
    skus = STYLES * len(SIZES) * seasons
    style_of = np.arange(skus) // len(SIZES)
    season_of = style_of // STYLES
    brand_of = style_of % 6
    suppliers = words.some(4)
    maker = [suppliers[b] for b in (0, 1, 2, 3, 0, 1)]
    price = np.round(rng.lognormal(3.7, 0.4, STYLES * seasons), 0)[style_of] - 0.05
    c = House(
        template="seasons", seed=seed, first=first, warm=WARM, days=days, own=own,
        kinds={own: "own company", market: "marketplace", other: "marketplace", partner: "3PL", posts: "carrier", slow: "carrier",
               **dict.fromkeys(suppliers, "supplier")},
        grain=GRAINS[seed % len(GRAINS)], sku=[f"{'FS'[k % 2]}{k // 2 + 3}-{s:03d}-{SIZES[i % 4]}" for i, (k, s) in enumerate(zip(season_of, style_of, strict=True))],
        brand=words.some(6), category=words.some(3), brand_of=brand_of, category_of=brand_of % 3,
        supplier_of=[maker[b] for b in brand_of], price=price, cost=price * rng.uniform(0.34, 0.42, STYLES * seasons)[style_of],
        node=words.some(2), node_kind=["own DC", "3PL site"], node_party=[own, partner], region=words.some(2),
        channel=words.some(3), channel_kind=["DTC site", "marketplace", "marketplace"], channel_party=[own, market, other],
        destination=words.some(3), carrier=[posts, slow],
        money={"wage_amount_per_hour": 27.0, "carrying_rate_per_year": 0.25, "discount_rate": 0.09, "horizon_years": 2.0,
               "late_line_cost_share": 0.1, "attainable_share": 0.75, "ramp_weeks": 13.0},
        tables={"order_lines", "products", "nodes", "channels", "parties", "stock_days", "supply_orders", "leakage", "work_log", "feeds", "forecasts"},
        words=own_words, faults=FAULTS, sound=_sound(rng), live=live, made={}, targets={"fulfilment_hours": 36},
        omitted={"order_lines": {"cancel_reason"}},
    )  # fmt: skip
    c.contracts = dict.fromkeys((market, other, partner, posts, slow, *suppliers), True)
    c.made = {
        "feeder": [-1, -1], "suppliers": suppliers, "supplier_at": np.array([suppliers.index(s) for s in c.supplier_of]),
        "style_of": style_of, "season_of": season_of, "happens": HAPPENINGS[int(rng.integers(len(HAPPENINGS)))],
        "back": rng.uniform(0.22, 0.42, 3), "shelf": np.array([0, 0, 1]),
    }  # fmt: skip
    _demand(c, rng)
    return c


def _sound(rng: np.random.Generator) -> Ways:
    def about(level: float, *shape: int) -> Floats:
        return np.asarray(level * rng.lognormal(0.0, 0.12, shape), np.float64)

    return {
        "bias": np.ones(3), "noise": np.full(3, 0.15), "curve": np.zeros(3), "tilt": np.zeros(3), "late": about(0.15, 4), "late_days": np.full(4, 6.0),
        "dock": np.full((2, 3), 2.0), "vanish": np.full((2, 3), 0.0004), "pace": np.array([1.7, 1.7]), "mislaid": about(0.015, 2, 3),
        "slip": about(0.03, 2, 3), "check": about(0.05, 3), "feed": np.array([0.2, 1.0, 1.0]), "tight": np.zeros(3), "off": np.full(3, 0.004),
        "slow_back": np.array([5.0, 5.0]), "back": np.zeros(3), "waste": about(0.006, 3, 3), "charged": np.array([0.0, 0.005, 0.005]),
        "asks": about(0.03, 3, 3), "touches": np.ones((3, 3)),
    }  # fmt: skip


def _own(f: Fault) -> str:
    return str(f.house.own)


def _node(f: Fault) -> str:
    return str(f.house.node_party[f.at])


def _channel(f: Fault) -> str:
    return str(f.house.channel_party[f.at])


def _cats(f: Fault) -> slice | list[int]:
    return slice(None) if f.category is None else [f.category]


def _too_little(w: Ways, f: Fault, x: float) -> None:
    w["bias"][_cats(f)] = 1 - min(0.12 + 0.2 * x, 0.55)


def _too_much(w: Ways, f: Fault, x: float) -> None:
    w["bias"][_cats(f)] = 1 + 0.35 * x


def _wrong_sizes(w: Ways, f: Fault, x: float) -> None:
    w["curve"][_cats(f)] = 0.22 * x


def _skewed(w: Ways, f: Fault, x: float) -> None:
    w["tilt"][_cats(f)] = -min(0.3 + 0.25 * x, 0.8)


def _late(w: Ways, f: Fault, x: float) -> None:
    w["late"][f.at], w["late_days"][f.at] = min(0.4 + 0.3 * x, 0.95), 12.0 + 16.0 * x


def _dock(w: Ways, f: Fault, x: float) -> None:
    w["dock"][f.at, _cats(f)] = 5.0 + 10.0 * x


def _phantom(w: Ways, f: Fault, x: float) -> None:
    w["vanish"][f.at, _cats(f)] = 0.004 * x


def _picking(w: Ways, f: Fault, x: float) -> None:
    w["pace"][f.at] *= 1 - 0.24 * min(x, 1.5)
    w["mislaid"][f.at] += 0.17 * x


def _carrier(w: Ways, f: Fault, x: float) -> None:
    w["slip"][f.at] += 0.2 * x


def _check(w: Ways, f: Fault, x: float) -> None:
    w["check"][f.at] = 0.1 + 0.45 * min(x, 1.6)


def _feed(w: Ways, f: Fault, x: float) -> None:
    w["feed"][f.at] = 24.0 * (1 if x < 0.7 else 2 if x < 1.3 else 3)


def _tight(w: Ways, f: Fault, x: float) -> None:
    w["tight"][f.at] = 1.0 if x < 1.3 else 2.0


def _off(w: Ways, f: Fault, x: float) -> None:
    w["off"][f.at] = 0.1 * x


def _returns(w: Ways, f: Fault, x: float) -> None:
    w["slow_back"][f.at] = 12.0 + 18.0 * x


def _waste(w: Ways, f: Fault, x: float) -> None:
    w["waste"][_cats(f), f.at] += 0.022 * x


def _charged(w: Ways, f: Fault, x: float) -> None:
    w["charged"][f.at] += 0.025 * x


def _status(w: Ways, f: Fault, x: float) -> None:
    w["asks"][_cats(f), f.at] *= 2.5
    w["touches"][_cats(f), f.at] = 4 + 5 * x


FAULTS: dict[str, Any] = {
    "bought too little": ("forecast", _own, _too_little),
    "bought too much": ("forecast", _own, _too_much),
    "wrong sizes": ("forecast", _own, _wrong_sizes),
    "stranded stock": ("allocation", _own, _skewed),
    "late supplier": ("supply", lambda f: f.house.made["suppliers"][f.at], _late),
    "slow dock": ("receiving", _node, _dock),
    "phantom stock": ("record", _node, _phantom),
    "slow picking": ("fulfilment", _node, _picking),
    "late carrier": ("carriage", lambda f: f.house.carrier[f.at], _carrier),
    "slow release": ("release", _channel, _check),
    "late order feed": ("release", _channel, _feed),
    "tight promise": ("promise", _channel, _tight),
    "slow returns": ("receiving", _node, _returns),
    "own waste": ("waste", _own, _waste),
    "chargebacks": ("waste", _channel, _charged),
    "status work": ("status", _channel, _status),
}


def _demand(c: House, rng: np.random.Generator) -> None:
    """What customers want at full price, style by style; a markdown doubles what is wanted of a season's last six weeks."""
    m, skus, days = c.made, len(c.sku), np.arange(c.days)
    styles = STYLES * 3
    starts = WARM + SEASON * (np.arange(styles) // STYLES)
    age = (days[None, :] - starts[:, None]) / SEASON
    shape = np.where((age >= 0.0) & (age < 1.0), np.exp(-(((age - 0.35) / 0.3) ** 2)), 0.0)
    marked = (age >= 1 - 42 / SEASON) & (age < 1.0)
    shape = np.where(marked, shape * 2.6 + 0.25, shape)
    # What is left of a season is sold off for some weeks more.
    shape = np.where((age >= 1.0) & (age < 1.25), 0.12, shape)
    hype = rng.lognormal(0.0, 0.55, styles)
    if m["happens"] == "warm autumn":
        hype[(np.arange(styles) // STYLES == 1) & (np.arange(styles) % 3 == 0)] *= 0.6
    share = CURVE * np.exp(0.12 * rng.standard_normal((styles, 4)))
    share /= share.sum(axis=1, keepdims=True)
    by_channel = rng.dirichlet((9, 6, 6), styles)
    weekday = np.array([1.15, 1.0, 0.95, 0.95, 0.95, 0.9, 1.1])[(c.first.weekday() + days) % 7]
    mean = (hype[:, None] * shape * weekday)[:, None, None, :] * share[:, :, None, None] * by_channel[:, None, :, None]
    mean = mean.reshape(skus, 3, c.days)
    mean *= 23_000 / mean.sum()
    swing = rng.gamma(12.0, 1 / 12.0, (styles, c.days // 7 + 1))[m["style_of"]][:, days // 7]
    counts = rng.poisson(mean * swing[:, None, :])
    s, ch, day = (np.repeat(v, counts[counts > 0]) for v in np.nonzero(counts))
    n = len(s)
    at = day * 24.0 + 24.0 * rng.beta(3.0, 1.6, n)
    order = np.argsort(at, kind="stable")
    x: Lines = {"ordered": at, "day": day, "sku": s, "channel": ch, "units": np.ones(n, np.int64), "node": m["shelf"][ch],
                "destination": rng.integers(0, 3, n), "carrier": (rng.random(n) < 0.4).astype(int), "draws": rng.random((n, 16))}  # fmt: skip
    m |= {
        "wishes": {k: v[order] for k, v in x.items()},
        "mean": mean,
        "starts": starts[m["style_of"]],
        "marked": marked[m["style_of"]] | (age[m["style_of"]] >= 1.0),
    }


def _forecast(c: House, w: Ways) -> Floats:
    """Units of the whole season by sku and node, as buyers saw it; returns come back to the shelf, so less is bought than ordered."""
    m, k = c.made, c.category_of
    total = m["mean"].sum(axis=2)
    by_node = np.stack([total[:, :2].sum(axis=1), total[:, 2]], axis=1)
    luck = c.luck.of("forecasts")
    noise = w["noise"][k] * luck.standard_normal(STYLES * 3)[m["style_of"]]
    small = np.array([1.0, -1.0, -0.6, 1.2])[np.arange(len(c.sku)) % 4]
    curve = np.exp(w["curve"][k] * small)
    # A wrong curve moves units between sizes, not their sum.
    weight = by_node.sum(axis=1)
    sums = np.bincount(m["style_of"], weight)
    curve = curve * (sums / np.maximum(np.bincount(m["style_of"], weight * curve), 1e-9))[m["style_of"]]
    return np.asarray(by_node * (w["bias"][k] * np.exp(noise) * curve)[:, None], np.float64)


class _Stock:
    """Both warehouses: two deliveries a season, sales, returns."""

    def __init__(self, c: House, w: Ways) -> None:
        self.c, self.w, self.m = c, w, c.made
        self.out, skus = Shelves.none(c), len(c.sku)
        self.luck = c.luck.of("shelves").random((4, skus, 2, c.days))
        self.batch = c.luck.of("batches").random((5, 4, 4, 3))  # what, supplier, delivery, season
        self.record, self.really = np.zeros((skus, 2), np.int64), np.zeros((skus, 2), np.int64)
        self.coming: dict[int, list[tuple[int, int, int, bool]]] = {}
        self.fate = np.zeros(len(c.made["wishes"]["sku"]), np.int64)
        self.seen = _forecast(c, w)
        self.over = c.made["starts"] + int(1.25 * SEASON)
        self.cleared: list[tuple[int, int, int, int]] = []
        self._order()

    def _order(self) -> None:
        c, m, w = self.c, self.m, self.w
        k = c.category_of
        back = m["back"].mean()
        for s in range(len(c.sku)):
            supplier, season = int(m["supplier_at"][s]), int(m["season_of"][s])
            need = self.seen[s] * (1 - 0.8 * back) * 1.06
            moved = w["tilt"][k[s]] * need[1]
            need = np.array([need[0] - moved, need[1] + moved])
            for n in range(2):
                for part, share, at in ((0, 0.6, -10), (1, 0.4, 56)):
                    units = ceil(need[n] * share)
                    start = int(m["starts"][s]) + at
                    if units <= 0:
                        continue
                    draw = self.batch[:, supplier, part + 2 * n, season]
                    promised = max(start, 4)
                    promised += {5: 2, 6: 1}.get(c.weekday(promised), 0)
                    late = (
                        round(w["late_days"][supplier] * (0.5 + draw[1]))
                        if draw[0] < w["late"][supplier]
                        else round(2 * draw[1] - 1)
                    )
                    arrives = max(promised + late, 1)
                    arrives += {5: 2, 6: 1}.get(c.weekday(arrives), 0)
                    placed = (promised - 120) * 24.0 + 10.0 + 5 * draw[3]
                    received = arrives * 24.0 + 8.0 + 5 * draw[2]
                    ready = received + 24.0 * w["dock"][n, k[s]] * (0.6 + 0.8 * draw[4])
                    self.out.orders.append(
                        Order(
                            s,
                            n,
                            -1,
                            placed - 60.0,
                            placed - 12.0,
                            placed,
                            promised * 24.0 + 16.0,
                            received - 24.0 * 21,
                            received,
                            ready,
                            units,
                            units,
                        )
                    )
                    self.coming.setdefault(int(ready // 24), []).append((s, n, units, True))

    def run(self) -> None:
        """All days."""
        c, x, out = self.c, self.m["wishes"], self.out
        bounds = np.searchsorted(x["day"], np.arange(c.days + 1))
        chance = self.w["vanish"][:, c.category_of].T
        off = c.luck.of("off").random((len(c.sku), 3, c.days // 3 + 1)) < self.w["off"][None, :, None]
        self.off = off
        for day in range(c.days):
            for s, n in np.argwhere((self.luck[0, :, :, day] < chance) & (self.really > 2)):
                gone = ceil(self.really[s, n] * (0.1 + 0.25 * self.luck[1, s, n, day]))
                self.really[s, n] -= gone
                out.vanished[s, n, day] += gone
            for s, n in np.argwhere((self.record != self.really) & (self.luck[2, :, :, day] < 1 / 120)):
                self._count(int(s), int(n), day)
            for s, n, units, bought in self.coming.pop(day, []):
                self.record[s, n] += units
                self.really[s, n] += units
                (out.received if bought else out.adjusted)[s, n, day] += units
            self._clear(day)
            start_bare = self.record <= 0
            for i in range(bounds[day], bounds[day + 1]):
                self._serve(i, day)
            bare = self.record <= 0
            out.empty[:, :, day] = np.where(bare, np.where(start_bare & (out.sold[:, :, day] == 0), 1.0, 0.5), 0.0)
            out.record[:, :, day] = self.record

    def _clear(self, day: int) -> None:
        """What a season leaves goes to a clearer for a quarter of its cost."""
        for s in np.flatnonzero(self.over == day):
            for n in np.flatnonzero(self.really[s] > 0):
                self.cleared.append((day, int(s), int(n), int(self.really[s, n])))
            self.out.adjusted[s, :, day] -= self.record[s]
            self.record[s] = self.really[s] = 0

    def _serve(self, i: int, day: int) -> None:
        x = self.m["wishes"]
        s, n, ch = int(x["sku"][i]), int(x["node"][i]), int(x["channel"][i])
        if self.off[s, ch, day // 3] or self.record[s, n] <= 0:
            return
        if self.really[s, n] <= 0:
            self.fate[i] = 2
            if x["draws"][i, 0] < 0.3:
                self._count(s, n, day)
            return
        self.fate[i] = 1
        self.record[s, n] -= 1
        self.really[s, n] -= 1
        self.out.sold[s, n, day] += 1
        if x["draws"][i, 1] < self.m["back"][self.c.category_of[s]] + self.w["back"][ch]:
            self.fate[i] = 3
            # Four in five can be sold again.
            ready = day + 9 + int(6 * x["draws"][i, 2]) + int(self.w["slow_back"][n] * (0.6 + 0.8 * x["draws"][i, 3]))
            if x["draws"][i, 4] < 0.8:
                self.coming.setdefault(ready, []).append((s, n, 1, False))

    def _count(self, s: int, n: int, day: int) -> None:
        self.out.adjusted[s, n, day] += self.really[s, n] - self.record[s, n]
        self.record[s, n] = self.really[s, n]


def live(c: House, w: Ways) -> Life:
    """One life of a fashion retailer."""
    x, stock = c.made["wishes"], _Stock(c, w)
    stock.run()
    stock.out.orders.sort(key=lambda o: (o.placed, o.sku, o.node))
    inside = x["ordered"] >= c.begin
    i = np.flatnonzero(inside & (stock.fate > 0))
    lines = _lines(c, w, {k: v[i] for k, v in x.items()}, stock.fate[i])
    lines |= {"order_id": np.array([f"W{n // 2 + 40000}" for n in i]), "line_id": np.array([str(n % 2) for n in i])}
    books = Books()
    books.events, hours = chores(c, w, lines, x["draws"][i][:, 5:13])
    books.events = [e for e in books.events if e.at < c.end]
    booked = _book(c, w, lines, books)
    for day, sku, node, units in stock.cleared:
        week, a, j = (day - c.warm) // 7, int(c.category_of[sku]), 2 * node
        if week < (c.days - c.warm) // 7:
            amount = 0.75 * units * float(c.cost[sku])
            books.bookings.append(Booking(week, "write-off", amount, c.own, a, j))
            booked[a, j] += amount
    draws = c.luck.of("feeds").random((c.days, 3))
    for day in range(c.warm, c.days):
        for j in (1, 2):
            due = day * 24.0 + 6.0
            books.deliveries.append(Delivery(j, due, due + draws[day, j], 40, 0))
    return Life(
        c,
        lines,
        stock.out,
        books,
        hours,
        booked,
        {k: v[inside] for k, v in x.items()},
        {"forecasts": _told(c, stock), "stock_days": _days(c, stock)},
    )


WORK = np.zeros((7, 24), bool)
WORK[:6, 7:19] = True
FETCH = np.zeros((7, 24), bool)
FETCH[:6, 18] = True


def _lines(c: House, w: Ways, x: Lines, fate: Ints) -> Lines:
    at, channel, draws, k = x["ordered"], x["channel"], x["draws"], x["carrier"]
    came = np.ceil(at / w["feed"][channel]) * w["feed"][channel] * (w["feed"][channel] > 0.5) + at * (
        w["feed"][channel] <= 0.5
    )
    released = came + 0.1 + np.where(draws[:, 5] < w["check"][channel], 3.0 + 36.0 * draws[:, 6] ** 2, 0.0)
    picked = _pick(c, w, x, released)
    handed = Calendar(FETCH.ravel(), c.first.weekday(), c.days).next_open(picked)
    slipped = draws[:, 7] < w["slip"][k, x["destination"]]
    day = (handed // 24).astype(int)
    more = np.where(slipped, 1 + np.round(2.5 * draws[:, 8]), 0)
    if c.made["happens"] == "strike":
        begin = (c.warm + c.days) // 2
        more = np.where((day >= begin) & (day < begin + 6) & (k == 0), more + begin + 6 - day, more)
    arrive = _working(c, day + 1 + k + more.astype(int))
    delivered = arrive * 24.0 + 9.0 + 9.0 * draws[:, 9]
    promised = Calendar(FETCH.ravel(), c.first.weekday(), c.days).next_open(at + 10.0)
    promised = _working(c, (promised // 24).astype(int) + 2 + k - w["tight"][channel].astype(int)) * 24.0 + 21.0
    gone = fate == 2
    cancelled = np.where(gone, released + 10.0, np.nan)
    handed, delivered = np.where(gone, np.nan, handed), np.where(gone, np.nan, delivered)
    for v in (handed, delivered, cancelled):
        v[v >= c.end] = np.nan
    marked = c.made["marked"][x["sku"], x["day"]]
    factor = np.where(marked, 0.6, 1.0) * np.where(
        (c.made["happens"] == "price rise") & (x["day"] > c.warm + 250), 1.05, 1.0
    )
    shipped = np.where(np.isnan(handed), 0, 1)
    back = (fate == 3) & (shipped == 1) & (delivered + 24.0 * 12 < c.end)
    return {
        "ordered": at, "sku": x["sku"], "channel": channel, "node": x["node"], "destination": x["destination"], "carrier": k,
        "promised": promised, "released": np.where(released < c.end, released, np.nan), "handed": handed, "delivered": delivered,
        "cancelled": cancelled, "reason": np.full(len(at), None), "ordered_units": x["units"], "shipped_units": shipped,
        "returned_units": back.astype(np.int64), "price": c.price[x["sku"]] * factor,
        "fulfilment": np.where(x["node"] == 0, 3.4, 3.9) + np.array([0.0, 0.12, 0.12])[channel] * c.price[x["sku"]] * factor,
    }  # fmt: skip


def _working(c: House, day: Ints) -> Ints:
    return day + ((c.first.weekday() + day) % 7 == 6)


def _pick(c: House, w: Ways, x: Lines, released: Floats) -> Floats:
    """Queues of first come, first served; hands are hired with what is expected, week by week."""
    picked, clock = released.copy(), Calendar(WORK.ravel(), c.first.weekday(), c.days)
    for n in range(2):
        mine = np.flatnonzero(x["node"] == n)
        mine = mine[np.argsort(released[mine], kind="stable")]
        weekly = np.bincount(
            (released[mine] // 168).astype(int).clip(0, c.days // 7), minlength=c.days // 7 + 1
        ).astype(float)
        expected = np.convolve(np.pad(weekly, 2, mode="edge"), np.ones(5) / 5, "valid") + 15.0
        each = 72.0 / (expected[(released[mine] // 168).astype(int).clip(0, c.days // 7)] * w["pace"][n])
        done = 0.0
        begin = clock.worked(released[mine])
        out = np.empty(len(mine))
        for j in range(len(mine)):
            done = max(done, begin[j]) + each[j]
            out[j] = done
        picked[mine] = clock.when(out)
    mislaid = x["draws"][:, 10] < w["mislaid"][x["node"], c.category_of[x["sku"]]]
    return np.asarray(picked + np.where(mislaid, 20.0 + 30.0 * x["draws"][:, 11], 0.3), np.float64)


def _book(c: House, w: Ways, x: Lines, books: Books) -> Floats:
    weeks, booked = (c.days - c.warm) // 7, np.zeros((3, 3))
    swing = c.luck.of("bookings").lognormal(-0.045, 0.3, (2, 3, 3, weeks + 1))
    sales = np.zeros((3, 3, weeks + 1))
    np.add.at(
        sales,
        (c.category_of[x["sku"]], x["channel"], ((x["ordered"] - c.begin) // 168).astype(int)),
        x["shipped_units"] * x["price"],
    )
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


def _on_sale(c: House) -> Bools:
    """Days from ten before a sku's season until a quarter after it."""
    days = np.arange(c.days)[None, :]
    return (days >= c.made["starts"][:, None] - 10) & (days < c.made["starts"][:, None] + 1.25 * SEASON)


def _days(c: House, stock: _Stock) -> dict[str, Any]:
    x, anyhow = stock.out, c
    s, n, day = np.nonzero(np.broadcast_to(_on_sale(c)[:, None, :], x.record.shape))
    mine = day >= c.warm
    at = (s[mine], n[mine], day[mine])
    cc: Any = anyhow
    return {
        "sku_id": writing.names_at(c.sku, at[0]), "node_id": writing.names_at(c.node, at[1]), "day": writing.dates(cc, at[2]),
        "on_hand_units": pa.array(x.record[at]), "sold_units": pa.array(x.sold[at]), "received_units": pa.array(x.received[at]),
        "adjusted_units": pa.array(x.adjusted[at]), "empty_share": pa.array(np.round(x.empty[at], 2)),
        "discount_share": pa.array(np.where(c.made["marked"][at[0], at[2]], 0.4, 0.0)),
    }  # fmt: skip


def _told(c: House, stock: _Stock) -> dict[str, Any]:
    """The forecast of a season, made half a year before."""
    s, n = (v.ravel() for v in np.indices((len(c.sku), 2)))
    keep = c.made["starts"][s] + SEASON <= c.days
    s, n = s[keep], n[keep]
    cc: Any = c
    return {
        "sku_id": writing.names_at(c.sku, s), "node_id": writing.names_at(c.node, n),
        "forecast_on": writing.dates(cc, c.made["starts"][s] - 130), "period_on": writing.dates(cc, c.made["starts"][s]),
        "period_days": pa.array(np.full(len(s), SEASON)), "forecast_units": pa.array(np.round(stock.seen[s, n], 1)),
        "forecaster_id": pa.array([c.own] * len(s)),
    }  # fmt: skip
