"""Shelves, day by day: wishes met or missed, forecasts, orders, arrivals, put-away, stock that vanishes and is counted.

Policies: "weekly" reviews on one weekday and orders up to a level; "minmax" reviews every evening and orders up to a
maximum when the position has fallen to a minimum, both set anew each quarter from what was sold; "base" reviews twice
a week and orders up to a level. A node with a feeder gets transfers on Monday, Wednesday and Friday nights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, sqrt

import numpy as np

from benchmarks.elsewhere.company import Company, Ways
from benchmarks.elsewhere.luck import Bools, Floats, Ints
from benchmarks.elsewhere.wishes import Wishes, mean_units

LOST, SERVED, NOT_FOUND, OVERSOLD, NOT_WANTED = 0, 1, 2, 3, 4
AHEAD = 6
"""Weeks that a forecast looks ahead."""

TRANSFER_DAYS = (0, 2, 4)


@dataclass(slots=True)
class Order:
    """One supply order; times in hours, nan while they have not happened."""

    sku: int
    node: int
    feeder: int
    signalled: float
    decided: float
    placed: float
    promised: float
    shipped: float
    received: float
    available: float
    ordered: int
    came: int


@dataclass(slots=True)
class Shelves:
    """What became of stock.

    Attributes:
        fate: Of each wish; `shipped` units of it.
        record, really, sold, received, adjusted, vanished, empty: By sku, node, day; the first two at closing.
        orders: All supply orders.
        forecast: Units a week by sku, node, week made, weeks ahead; nan where none was made.
    """

    fate: Ints
    shipped: Ints
    record: Ints
    really: Ints
    sold: Ints
    received: Ints
    adjusted: Ints
    vanished: Ints
    empty: Floats
    forecast: Floats
    orders: list[Order] = field(default_factory=list)


class Buyer:
    """Runs all shelves of a company.

    Args:
        c: The company.
        w: How well everybody does.
        wanted: Wishes, and which of them would be orders were there stock (`stands`).
        chance: That they would be, by sku, channel, day.
    """

    def __init__(self, c: Company, w: Ways, wanted: Wishes, stands: Bools, chance: Floats) -> None:
        self.c, self.w, self.wanted, self.stands = c, w, wanted, stands
        s, n, _, _, _ = c.sizes
        shape = (s, n, c.days)
        zero = np.zeros(shape, np.int64)
        self.weeks = c.days // 7 + 1
        self.out = Shelves(
            np.full(len(wanted), NOT_WANTED), np.zeros(len(wanted), np.int64), zero.copy(), zero.copy(), zero.copy(),
            zero.copy(), zero.copy(), zero.copy(), np.zeros(shape), np.full((s, n, self.weeks, AHEAD), np.nan),
        )  # fmt: skip
        self.mean = mean_units(c, chance)
        rng = c.luck.of("supply")
        self.luck = rng.random((8, *shape))
        self.swing = rng.standard_normal((s, n, self.weeks))
        self.daylight = np.concatenate([[0.0], np.cumsum(c.hours) / c.hours.sum()])

    def run(self) -> Shelves:
        """Live through the whole time, sku by sku."""
        order = np.lexsort((self.wanted.at, self.wanted.sku))
        bounds = np.searchsorted(self.wanted.sku[order], np.arange(len(self.c.sku) + 1))
        for s in range(len(self.c.sku)):
            _Sku(self, s).run(order[bounds[s] : bounds[s + 1]])
        self.out.orders.sort(key=lambda o: (o.signalled, o.sku, o.node))
        return self.out

    def light(self, hour: float) -> float:
        """Share of the day's usual demand before an hour of the day."""
        return float(np.interp(hour, np.arange(25), self.daylight))


class _Sku:
    """One sku at all its nodes."""

    def __init__(self, b: Buyer, s: int) -> None:
        c = b.c
        self.b, self.c, self.s = b, c, s
        n = len(c.node)
        self.used = [bool(b.mean[s, x].sum() > 0) for x in range(n)]
        self.first_weekday = c.first.weekday()
        self.coming: list[dict[int, list[tuple[float, Order]]]] = [{} for _ in range(n)]
        self.to_place: dict[int, list[Order]] = {}
        self.on_order = [0] * n
        self.is_pending = [False] * n
        self.rate = [float(b.mean[s, x, : c.warm].mean()) for x in range(n)]
        self.low_high = [(0.0, 0.0)] * n
        self.record = [0] * n
        self.really = [0] * n

    def run(self, mine: Ints) -> None:
        c, w = self.c, self.b.wanted
        for x in range(len(c.node)):
            if self.used[x]:
                self._plan(x, 0)
                start = ceil(self._level(x, 0) * 0.8) if c.policy["kind"] != "minmax" else ceil(self.low_high[x][1])
                self.record[x] = self.really[x] = max(start, 1)
        days = w.day[mine]
        at = np.searchsorted(days, np.arange(c.days + 1))
        for day in range(c.days):
            self._day(day, mine[at[day] : at[day + 1]])

    def _day(self, day: int, mine: Ints) -> None:
        b, s = self.b, self.s
        for x in range(len(self.c.node)):
            if self.used[x] and day % 7 == 0 and day > 0:
                self._plan(x, day)
        self._place(day)
        for x in range(len(self.c.node)):
            if self.used[x]:
                self._open(day, x, [i for i in mine if b.wanted.node[i] == x])
        self._buy(day)
        for x in range(len(self.c.node)):
            b.out.record[s, x, day], b.out.really[s, x, day] = self.record[x], self.really[x]

    def _open(self, day: int, x: int, mine: list[int]) -> None:
        """Opening hours of one node."""
        b, s, out = self.b, self.s, self.b.out
        if b.luck[0, s, x, day] < b.w.vanish[s, x] and self.really[x] > 0:
            out.vanished[s, x, day] = ceil(self.really[x] * (0.3 + 0.7 * b.luck[1, s, x, day]))
            self.really[x] -= int(out.vanished[s, x, day])
        arrivals = sorted(self.coming[x].pop(day, []), key=lambda pair: pair[0])
        since, dark = 0.0, 0.0
        events = [(hour, -1, order) for hour, order in arrivals]
        events += [(float(b.wanted.at[i]) - 24.0 * day, int(i), None) for i in mine]  # type: ignore[misc]
        for hour, i, order in sorted(events, key=lambda e: e[0]):
            was_empty = self.record[x] <= 0
            if order is not None:
                self.record[x] += order.came
                self.really[x] += order.came
                self.on_order[x] -= order.came
                out.received[s, x, day] += order.came
            else:
                self._serve(day, x, i)
            if was_empty != (self.record[x] <= 0):
                if was_empty:
                    dark += b.light(hour) - b.light(since)
                since = hour
        if self.record[x] <= 0:
            dark += 1.0 - b.light(since)
        out.empty[s, x, day] = min(max(dark, 0.0), 1.0)
        if self.record[x] != self.really[x] and b.luck[2, s, x, day] < 1 / 60:
            self._count(day, x)

    def _serve(self, day: int, x: int, i: int) -> None:
        b, out, channel = self.b, self.b.out, self.b.wanted.channel[i]
        if not b.stands[i]:
            return
        want, shop = int(b.wanted.units[i]), bool(self.c.is_shop[channel])
        if self.record[x] <= 0:
            gone = b.wanted.draws[i, 0] < b.w.oversold[channel] and not shop
            out.fate[i] = OVERSOLD if gone else LOST
            return
        if self.really[x] <= 0:
            out.fate[i] = LOST if shop else NOT_FOUND
            if not shop and b.wanted.draws[i, 1] < 0.25:
                self._count(day, x)
            return
        if want > self.really[x] and not (self.c.keeps_lines or shop):
            out.fate[i] = LOST
            return
        sent = min(want, self.really[x])
        out.fate[i], out.shipped[i] = SERVED, sent
        self.record[x] -= sent
        self.really[x] -= sent
        out.sold[self.s, x, day] += sent

    def _count(self, day: int, x: int) -> None:
        self.b.out.adjusted[self.s, x, day] += self.really[x] - self.record[x]
        self.record[x] = self.really[x]

    def _weekday(self, day: int) -> int:
        return (self.first_weekday + day) % 7

    def _plan(self, x: int, day: int) -> None:
        """The forecast of a node for the weeks ahead, made in the evening."""
        b, s, week = self.b, self.s, day // 7
        wrong = b.w.bias[s] * np.exp(b.w.noise[s] * b.swing[s, x, week] - b.w.noise[s] ** 2 / 2)
        ends = [(7 * (week + k), min(7 * (week + k + 1), self.c.days)) for k in range(AHEAD)]
        truth = [b.mean[s, x, a:z].mean() * 7 if z > a else b.mean[s, x, -7:].mean() * 7 for a, z in ends]
        if self.c.policy["learns"]:
            usual = float(b.mean[s, x, max(0, day - 28) : day + 1].mean())
            truth = [t * self.rate[x] / max(usual, 1e-9) for t in truth]
        b.out.forecast[s, x, week] = np.array(truth) * wrong
        if self.c.policy["kind"] == "minmax" and (day // 7) % 13 == 0:
            rate = self.rate[x] * wrong
            low = self._safe(rate * (float(self.c.lead[s]) + 2), rate)
            self.low_high[x] = (low, low + max(rate * self.c.policy["extra_days"], self.c.pack[s]))

    def _safe(self, cover: float, rate: float) -> float:
        spread = sqrt(max(cover, 0.3) * self.c.policy["variance"] + (rate * 1.0) ** 2)
        return cover + float(self.c.policy["z"]) * spread

    def _level(self, x: int, day: int) -> float:
        """Order-up-to level by the forecasts at hand."""
        feeder, review = self.c.feeder[x], float(self.c.policy["review_days"])
        span = 3.0 if feeder >= 0 else float(self.c.lead[self.s]) + review + 1.0
        weekly = self.b.out.forecast[self.s, x, day // 7]
        offset, left, cover = (day % 7) / 7.0, span / 7.0, 0.0
        for k in range(AHEAD):
            part = min(1.0 - (offset if k == 0 else 0.0), left)
            cover += part * float(weekly[k])
            left -= part
            if left <= 0:
                break
        cover += max(left, 0.0) * float(weekly[-1])
        return self._safe(cover, float(weekly[0]) / 7)

    def _buy(self, day: int) -> None:
        c, weekday = self.c, self._weekday(day)
        for x in range(len(c.node)):
            if not self.used[x]:
                continue
            self._learn(x, day)
        self._transfer(day, weekday)
        for x in range(len(c.node)):
            if self.used[x] and c.feeder[x] < 0 and not self.is_pending[x]:
                quantity = self._quantity(x, day, weekday)
                if quantity > 0:
                    self._signal(x, day, quantity)

    def _learn(self, x: int, day: int) -> None:
        """What was sold on days with stock, seasons taken out where the company knows them."""
        b, s = self.b, self.s
        open_share = 1.0 - b.out.empty[s, x, day]
        if open_share > 0.3 and self.c.feeder.count(x) == 0:
            sold = b.out.sold[s, x, day] / open_share
            self.rate[x] += 0.03 * (sold - self.rate[x])
        elif self.c.feeder.count(x):
            self.rate[x] = sum(self.rate[y] for y, f in enumerate(self.c.feeder) if f == x)

    def _quantity(self, x: int, day: int, weekday: int) -> int:
        c, s = self.c, self.s
        position = self.record[x] + self.on_order[x]
        kind = c.policy["kind"]
        if kind == "minmax":
            low, high = (v * self.b.w.tilt[s, x] for v in self.low_high[x])
            if position > low:
                return 0
            wanted = high - position
        else:
            if weekday not in (c.policy["weekdays"][c.category_of[s] % len(c.policy["weekdays"])]):
                return 0
            wanted = self._level(x, day) * self.b.w.tilt[s, x] - position
        if wanted < 0.5 * c.pack[s]:
            return 0
        return self._in_packs(wanted)

    def _in_packs(self, wanted: float) -> int:
        pack = int(self.c.pack[self.s])
        return max(pack * ceil(wanted / pack), int(self.c.least[self.s]))

    def _signal(self, x: int, day: int, quantity: int) -> None:
        b, s = self.b, self.s
        draw = b.luck[3, s, x, day]
        signalled = day * 24.0 + 18.0 + draw
        slow = b.w.decide_hours[s] * (0.6 + 0.8 * b.luck[4, s, x, day])
        decided = self._office(signalled + slow)
        placed = decided + 0.5 + draw
        order = Order(s, x, -1, signalled, decided, placed, 0.0, 0.0, 0.0, 0.0, quantity, 0)
        self.is_pending[x] = True
        self.to_place.setdefault(max(int(placed // 24), day + 1), []).append(order)

    def _office(self, hour: float) -> float:
        """The next moment at which offices are open."""
        while self._weekday(int(hour // 24)) > 4 or not 8.0 <= hour % 24 < 18.0:
            hour = (hour // 24) * 24 + 8.2 if hour % 24 < 8.0 else (hour // 24 + 1) * 24 + 8.2
        return hour

    def _place(self, day: int) -> None:
        c, b, s = self.c, self.b, self.s
        for order in self.to_place.pop(day, []):
            x = order.node
            if c.policy["fresh"]:
                level = self._level(x, day) * b.w.tilt[s, x]
                wanted = max(level - self.record[x] - self.on_order[x], 1)
                order.ordered = self._in_packs(wanted)
            signal = int(order.signalled // 24)
            order.promised = self._weekday_only(int(order.placed // 24) + int(c.lead[s])) * 24.0 + 17.0
            # Hauliers come when they come: a day early or late is nothing.
            usual = float(np.searchsorted((0.22, 0.8, 0.95), b.luck[2, s, x, signal])) - 1.0
            late = usual
            if b.luck[5, s, x, signal] < b.w.late_share[s]:
                late += b.w.late_days[s] * (0.5 + b.luck[6, s, x, signal])
            arrives = self._weekday_only(int(order.promised // 24) + round(late))
            order.received = arrives * 24.0 + 8.0 + 6.0 * b.luck[4, s, x, signal]
            order.shipped = order.received - 30.0
            short = b.luck[7, s, x, signal] < b.w.short_share[s]
            part = b.w.short_part[s] * (0.7 + 0.6 * b.luck[1, s, x, signal]) if short else 0.0
            order.came = max(0, order.ordered - round(min(part, 1.0) * order.ordered))
            self._shelve(order, b.luck[6, s, x, signal])
            self.is_pending[x] = False

    def _weekday_only(self, day: int) -> int:
        return day + {5: 2, 6: 1}.get(self._weekday(day), 0)

    def _shelve(self, order: Order, draw: float) -> None:
        """Put away by the dock, which works on weekdays."""
        b, x = self.b, order.node
        ready = order.received + b.w.dock_hours[x, self.c.category_of[self.s]] * (0.5 + draw)
        while self._weekday(int(ready // 24)) > 4 and order.feeder < 0:
            ready += 24.0
        order.available = ready
        self.on_order[x] += order.came
        self.coming[x].setdefault(int(ready // 24), []).append((ready % 24, order))
        b.out.orders.append(order)

    def _transfer(self, day: int, weekday: int) -> None:
        c, b, s = self.c, self.b, self.s
        takers = [x for x in range(len(c.node)) if c.feeder[x] >= 0 and self.used[x]]
        if not takers or weekday not in TRANSFER_DAYS:
            return
        feeder = c.feeder[takers[0]]
        wants = [max(0, ceil(self._level(x, day) * b.w.tilt[s, x] - self.record[x] - self.on_order[x])) for x in takers]
        have = min(self.really[feeder], self.record[feeder])
        scale = min(1.0, have / max(sum(wants), 1))
        for x, want in zip(takers, wants, strict=True):
            sent = int(want * scale)
            if sent <= 0:
                continue
            at = day * 24.0 + 20.0
            arrival = (day + 1) * 24.0 + 6.0 + b.luck[3, s, x, day]
            order = Order(s, x, feeder, at, at, at, arrival + 1, at + 2, arrival, 0.0, sent, sent)
            self.record[feeder] -= sent
            self.really[feeder] -= sent
            b.out.adjusted[s, feeder, day] -= sent
            self._shelve(order, b.luck[6, s, x, day])
