"""What may be wrong: each defect changes how well somebody does, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.elsewhere.company import Company, Ways
from benchmarks.elsewhere.luck import Bools

LEVELS = {"low": 0.45, "medium": 1.0, "high": 1.8}


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong.

    Attributes:
        kind: One of KINDS.
        level: low, medium or high.
        brand, category, channel, node, destination, carrier: Where; None is anywhere. Indexes.
    """

    kind: str
    level: str
    brand: int | None = None
    category: int | None = None
    channel: int | None = None
    node: int | None = None
    destination: int | None = None
    carrier: int | None = None

    @property
    def stage(self) -> str:
        """Stage it belongs to."""
        return KINDS[self.kind][0]

    def party(self, c: Company) -> str:
        """Whoever does that stage there."""
        by = KINDS[self.kind][1]
        if by == "channel":
            return c.channel_party[self.channel or 0]
        if by == "node":
            return c.node_party[self.node or 0]
        if by == "carrier":
            return c.carrier[self.carrier or 0]
        if by == "supplier":
            return c.supplier_of[int(np.flatnonzero(self.skus(c))[0])]
        return c.own

    def is_inside(self, c: Company) -> bool:
        """Whether that is ourselves."""
        return self.party(c) == c.own

    def skus(self, c: Company) -> Bools:
        """Skus it concerns."""
        of_brand = np.ones(len(c.sku), bool) if self.brand is None else c.brand_of == self.brand
        of_category = np.ones(len(c.sku), bool) if self.category is None else c.category_of == self.category
        both: Bools = of_brand & of_category
        return both


@dataclass(frozen=True, slots=True)
class Place:
    """Where a defect is, for those that change ways.

    Attributes:
        c: The company.
        of: The defect.
    """

    c: Company
    of: Defect

    @property
    def skus(self) -> Bools:
        """Its skus."""
        return self.of.skus(self.c)

    @property
    def node(self) -> int:
        """Its node."""
        return self.of.node or 0

    @property
    def channel(self) -> int:
        """Its channel."""
        return self.of.channel or 0

    @property
    def carrier(self) -> int:
        """Its carrier."""
        return self.of.carrier or 0

    def at(self, columns: list[int]) -> tuple[Any, ...]:
        """Index of its skus in these columns."""
        return np.ix_(np.flatnonzero(self.skus), np.array(columns, np.int64))

    @property
    def shelves(self) -> tuple[Any, ...]:
        """Its skus at its node."""
        return self.at([self.node])

    @property
    def listings(self) -> tuple[Any, ...]:
        """Its skus in its channel."""
        return self.at([self.channel])


def spoil(c: Company, w: Ways, defects: list[Defect]) -> Ways:
    """Ways with some defects."""
    out = w.copy()
    for d in defects:
        KINDS[d.kind][2](Place(c, d), out, LEVELS[d.level])
    return out


def _all(at: int | None) -> slice | list[int]:
    return slice(None) if at is None else [at]


def _picking(p: Place, w: Ways, x: float) -> None:
    """Too few hands in the queue, and things put where nobody looks."""
    zones = sorted({int(z) for z in np.atleast_1d(p.c.zone[p.node, _all(p.of.category)])})
    w.pace[zones] *= 1 - 0.2 * min(x, 1.6)
    w.mislaid[p.node, _all(p.of.category)] += 0.22 * x


def _partner_slow(p: Place, w: Ways, x: float) -> None:
    w.mislaid[p.node, _all(p.of.category)] += 0.3 * x


def _carrier(p: Place, w: Ways, x: float) -> None:
    w.slip[p.carrier, _all(p.of.destination)] += 0.4 * x
    w.slip_days[p.carrier, _all(p.of.destination)] += 1.0


def _release(p: Place, w: Ways, x: float) -> None:
    w.check_share[p.channel] = min(0.06 + 0.45 * x, 0.9)
    w.check_hours[p.channel] = 32.0


def _order_feed(p: Place, w: Ways, x: float) -> None:
    w.feed_hours[p.channel] = 24.0 * (1 if x < 0.7 else 2 if x < 1.3 else 3)


def _promise(p: Place, w: Ways, x: float) -> None:
    w.buffer_days[_all(p.of.channel), _all(p.of.destination)] -= 1.0 if x < 1.3 else 2.0


def _supplier_late(p: Place, w: Ways, x: float) -> None:
    w.late_share[p.skus] = min(0.35 + 0.3 * x, 0.95)
    w.late_days[p.skus] = 4.0 + 7.0 * x


def _supplier_short(p: Place, w: Ways, x: float) -> None:
    w.short_share[p.skus] = min(0.3 + 0.3 * x, 0.95)
    w.short_part[p.skus] = min(0.35 + 0.25 * x, 0.9)


def _buyer(p: Place, w: Ways, x: float) -> None:
    w.decide_hours[p.skus] = 24.0 * (3 + 6 * x)


def _too_low(p: Place, w: Ways, x: float) -> None:
    w.bias[p.skus] = 1 - min(0.28 * x + 0.1, 0.65)


def _too_high(p: Place, w: Ways, x: float) -> None:
    w.bias[p.skus] = 1 + 0.7 * x


def _noisy(p: Place, w: Ways, x: float) -> None:
    w.noise[p.skus] = 0.35 + 0.4 * x


def _dock(p: Place, w: Ways, x: float) -> None:
    w.dock_hours[p.node, _all(p.of.category)] = 24.0 * (2 + 5 * x)


def _phantom(p: Place, w: Ways, x: float) -> None:
    w.vanish[p.shelves] = 0.012 * x


def _stranded(p: Place, w: Ways, x: float) -> None:
    others = [n for n in range(len(p.c.node)) if n != p.node and p.c.feeder[n] == p.c.feeder[p.node]]
    w.tilt[p.at(others)] *= 1 - min(0.3 + 0.2 * x, 0.8)
    w.tilt[p.shelves] *= 1.6 + 0.3 * x


def _off(p: Place, w: Ways, x: float) -> None:
    w.off[p.listings] = 0.1 * x


def _content(p: Place, w: Ways, x: float) -> None:
    w.content[p.listings] -= 0.22 * x


def _dear(p: Place, w: Ways, x: float) -> None:
    w.price[p.listings] *= 1 + 0.16 * x


def _oversold(p: Place, w: Ways, x: float) -> None:
    w.oversold[p.channel] = 0.9 * min(x, 1.1)


def _waste(p: Place, w: Ways, x: float) -> None:
    w.waste[_all(p.of.category), _all(p.of.channel)] += 0.02 * x


def _charged(p: Place, w: Ways, x: float) -> None:
    w.charged[p.channel] += 0.022 * x


def _chores(p: Place, w: Ways, x: float) -> None:
    w.chore_touches[_all(p.of.category), _all(p.of.channel)] = 4 + 5 * x
    w.chores[_all(p.of.category), _all(p.of.channel)] *= 2.0


def _garbled(p: Place, w: Ways, x: float) -> None:
    w.garbled[p.channel] = 0.06 + 0.10 * x
    w.feed_delay[p.channel] = 6.0


Spoils = Callable[[Place, Ways, float], None]
KINDS: dict[str, tuple[str, str, Spoils]] = {
    "slow picking": ("fulfilment", "node", _picking),
    "slow partner": ("fulfilment", "node", _partner_slow),
    "late carrier": ("carriage", "carrier", _carrier),
    "slow release": ("release", "channel", _release),
    "late order feed": ("release", "channel", _order_feed),
    "tight promise": ("promise", "channel", _promise),
    "late supplier": ("supply", "supplier", _supplier_late),
    "short supplier": ("supply", "supplier", _supplier_short),
    "slow buyer": ("decision", "own", _buyer),
    "forecast too low": ("forecast", "own", _too_low),
    "forecast too high": ("forecast", "own", _too_high),
    "noisy forecast": ("forecast", "own", _noisy),
    "slow dock": ("receiving", "node", _dock),
    "phantom stock": ("record", "node", _phantom),
    "stranded stock": ("allocation", "node", _stranded),
    "listing off": ("listing", "channel", _off),
    "weak content": ("content", "channel", _content),
    "dear": ("price", "channel", _dear),
    "overselling": ("listing", "channel", _oversold),
    "own waste": ("waste", "own", _waste),
    "chargebacks": ("waste", "channel", _charged),
    "status work": ("status", "channel", _chores),
    "garbled feed": ("feed", "channel", _garbled),
}
"""Kind → stage, who does it, and what it changes."""
