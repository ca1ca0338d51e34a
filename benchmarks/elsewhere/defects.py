"""What may be wrong: each defect changes how well somebody does, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
        return of_brand & of_category


def spoil(c: Company, w: Ways, defects: list[Defect]) -> Ways:
    """Ways with some defects."""
    out = w.copy()
    for d in defects:
        KINDS[d.kind][2](c, out, d, LEVELS[d.level])
    return out


def _all(at: int | None) -> slice | list[int]:
    return slice(None) if at is None else [at]


def _picking(c: Company, w: Ways, d: Defect, x: float) -> None:
    """Too few hands in the queue, and things put where nobody looks."""
    zones = sorted({int(c.zone[d.node or 0, k]) for k in ([d.category] if d.category is not None else range(len(c.category)))})
    w.pace[zones] *= 1 - 0.2 * min(x, 1.6)
    w.mislaid[d.node or 0, _all(d.category)] += 0.22 * x


def _partner_slow(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.mislaid[d.node or 0, _all(d.category)] += 0.3 * x


def _carrier(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.slip[d.carrier or 0, _all(d.destination)] += 0.4 * x
    w.slip_days[d.carrier or 0, _all(d.destination)] += 1.0


def _release(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.check_share[d.channel or 0] = min(0.06 + 0.45 * x, 0.9)
    w.check_hours[d.channel or 0] = 32.0


def _order_feed(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.feed_hours[d.channel or 0] = 24.0 * (1 if x < 0.7 else 2 if x < 1.3 else 3)


def _promise(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.buffer_days[_all(d.channel), _all(d.destination)] -= 1.0 if x < 1.3 else 2.0


def _supplier_late(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.late_share[d.skus(c)] = min(0.35 + 0.3 * x, 0.95)
    w.late_days[d.skus(c)] = 4.0 + 7.0 * x


def _supplier_short(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.short_share[d.skus(c)] = min(0.3 + 0.3 * x, 0.95)
    w.short_part[d.skus(c)] = min(0.35 + 0.25 * x, 0.9)


def _buyer(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.decide_hours[d.skus(c)] = 24.0 * (3 + 6 * x)


def _too_low(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.bias[d.skus(c)] = 1 - min(0.28 * x + 0.1, 0.65)


def _too_high(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.bias[d.skus(c)] = 1 + 0.7 * x


def _noisy(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.noise[d.skus(c)] = 0.35 + 0.4 * x


def _dock(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.dock_hours[d.node or 0, _all(d.category)] = 24.0 * (2 + 5 * x)


def _phantom(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.vanish[np.ix_(d.skus(c), [d.node or 0])] = 0.012 * x


def _stranded(c: Company, w: Ways, d: Defect, x: float) -> None:
    skus = d.skus(c)
    others = [n for n in range(len(c.node)) if n != d.node and c.feeder[n] == c.feeder[d.node or 0]]
    w.tilt[np.ix_(skus, others)] *= 1 - min(0.3 + 0.2 * x, 0.8)
    w.tilt[np.ix_(skus, [d.node or 0])] *= 1.6 + 0.3 * x


def _off(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.off[np.ix_(d.skus(c), [d.channel or 0])] = 0.1 * x


def _content(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.content[np.ix_(d.skus(c), [d.channel or 0])] -= 0.22 * x


def _dear(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.price[np.ix_(d.skus(c), [d.channel or 0])] *= 1 + 0.16 * x


def _oversold(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.oversold[d.channel or 0] = 0.9 * min(x, 1.1)


def _waste(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.waste[_all(d.category), _all(d.channel)] += 0.02 * x


def _charged(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.charged[d.channel or 0] += 0.022 * x


def _chores(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.chore_touches[_all(d.category), _all(d.channel)] = 4 + 5 * x
    w.chores[_all(d.category), _all(d.channel)] *= 2.0


def _garbled(c: Company, w: Ways, d: Defect, x: float) -> None:
    w.garbled[d.channel or 0] = 0.06 + 0.10 * x
    w.feed_delay[d.channel or 0] = 6.0


Spoils = Callable[[Company, Ways, Defect, float], None]
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
