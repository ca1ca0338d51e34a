"""What customers want: orders wished for, day by day, with all the luck that will befall each line.

A wish exists in every version of the world. Repairs only change what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds import custom
from fourwalls.worlds.clocks import Calendar
from fourwalls.worlds.defects import AS_RECORDED, PlacedDefect, Trouble
from fourwalls.worlds.draws import Columns, Floats, Ints, generator, pick
from fourwalls.worlds.retailer import Retailer

BLOCK_LINES = 450_000
"""Order lines lived through at once, about; memory grows with this, not with the size of the world."""

LINES_PER_ORDER = 1.31
"""Mean of the basket sizes below."""

FASHION = 0.35
"""Spread of a product's popularity from week to week; brings daily dispersion to what online retailers show."""

_BASKET = np.array([0.76, 0.17, 0.07])
_WEEK = {
    "DTC site": np.array([1.12, 1.02, 0.98, 0.97, 0.92, 0.92, 1.07]),
    "marketplace": np.array([1.10, 1.04, 1.00, 0.98, 0.92, 0.93, 1.03]),
    "store": np.array([0.85, 0.85, 0.90, 1.00, 1.30, 1.60, 0.00]),
    "wholesale": np.array([1.70, 1.45, 1.35, 1.30, 1.00, 0.15, 0.05]),
}
# Orders by hour of the day (UTC): the small hours are quiet, the evening is not.
_BY_HOUR = np.array(
    [1, 0.5, 0.3, 0.2, 0.3, 0.8, 1.8, 3, 4.2, 5, 5.5, 5.6, 5.8, 5.4, 5.1, 5, 5.2, 5.6, 6.3, 7, 7.2, 6.4, 4.5, 2.3]
)

_OPENS, _OPEN_HOURS = 9.0, 11.0
"""When stores are open."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Expected order lines a day.

    Attributes:
        planned: What the company foresees: trend, season, week, its own promotions;
            shape (categories, destinations, channels, days).
        actual: The mean of what comes, with unforeseen swings; same shape.
        discount: Share off the price, shape (categories, days).
    """

    planned: Floats
    actual: Floats
    discount: Floats


def block_days(retailer: Retailer) -> int:
    """Days lived through at once: four weeks, fewer in very large worlds."""
    return int(np.clip(BLOCK_LINES / retailer.rate.sum(), 1, 28))


def expected(retailer: Retailer, days: Calendar, happenings: list[PlacedDefect], seed: int) -> Demand:
    """Demand of every category, destination, channel and day, before chance deals out single orders."""
    n_cat, n_dest = len(retailer.categories), len(retailer.destinations)
    day = np.arange(days.days)
    age = (day - days.days / 2) / 365.0
    year_day = day + days.first.timetuple().tm_yday
    season = 1.0 + retailer.season_depth[:, None] * np.cos(
        2 * np.pi * (year_day[None, :] - retailer.season_peak[:, None]) / 365.25
    )
    trend = np.exp(np.log1p(retailer.trend)[:, None] * age[None, :])
    week = np.stack([_WEEK[c.kind][days.weekday[: days.days]] for c in retailer.channels])
    promoted = _promotions(n_cat, days, generator(seed, "promotions"))
    planned: Floats = (
        retailer.rate[:, :, None, None]
        * retailer.channel_share[:, None, :, None]
        * (season * trend * (1.0 + 0.9 * promoted))[:, None, None, :]
        * week[None, None, :, :]
    )
    luck = generator(seed, "demand swings")
    daily = luck.gamma(30.0, 1 / 30.0, (n_cat, n_dest, 1, days.days))
    weekly = np.exp(0.07 * luck.standard_normal((n_cat, n_dest, 1, days.days // 7 + 1)))
    actual = planned * daily * np.repeat(weekly, 7, axis=3)[..., : days.days]
    rows = np.indices(planned.shape).reshape(4, -1)
    place = {"category": rows[0], "destination": rows[1], "channel_id": rows[2]}
    trouble = Trouble(happenings, AS_RECORDED)
    shape = planned.shape
    pushed = 1.0 + 3.0 * trouble.severity("promotion", place, rows[3]).reshape(shape)
    # The buyers know of the big promotion; they believe in half of it.
    planned = planned * (1.0 + 0.5 * (pushed - 1.0))
    actual = actual * pushed
    discount = 0.15 * promoted + 0.2 * np.minimum(1.0, (pushed - 1.0)).max(axis=(1, 2))
    return Demand(planned=planned, actual=actual, discount=np.minimum(discount, 0.35))


def _promotions(n_cat: int, days: Calendar, luck: np.random.Generator) -> Floats:
    """Five days of promotion about every ten weeks, category by category, as a share of a full promotion."""
    promoted = np.zeros((n_cat, days.days))
    for cat in range(n_cat):
        first = int(luck.integers(0, 70))
        for start in range(first, days.days, 70):
            promoted[cat, start : start + 5] = luck.uniform(0.5, 1.0)
    return promoted


def wishes(
    retailer: Retailer,
    demand: Demand,
    happenings: list[PlacedDefect],
    seed: int,
    first: int,
    last: int,
    orders_before: int,
) -> Columns:
    """The order lines customers wish for on days `first` to `last` (exclusive), in the order of time.

    Columns: order, line, day, at [hour], category, destination, channel_id, sku, brand, units, node_id, carrier_id,
    customer, and luck_* for all that chance will decide later.
    """
    luck = generator(seed, "wishes", first)
    mean = demand.actual[..., first:last] / LINES_PER_ORDER
    counts = luck.poisson(mean).astype(np.int64)
    n = int(counts.sum())
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    category, destination, channel, day = (c.astype(np.int64) for c in np.unravel_index(cells, counts.shape))
    ladder = np.concatenate([[0.0], np.cumsum(_BY_HOUR / _BY_HOUR.sum())])
    when = luck.random(n)
    hour = np.interp(when, ladder, np.arange(25.0))
    at = (first + day) * 24.0 + np.where(retailer.is_in_store(channel), _OPENS + _OPEN_HOURS * when, hour)
    order = np.argsort(at, kind="stable")
    pool = custom.shoppers(retailer)
    customer = (category * len(retailer.destinations) + destination) * pool + np.floor(
        luck.random(n) ** 1.4 * pool
    ).astype(np.int64)
    orders: Columns = {
        "order": orders_before + np.arange(n),
        "day": (first + day)[order],
        "at": at[order],
        "category": category[order],
        "destination": destination[order],
        "channel_id": channel[order],
        "customer": customer[order],
        "luck_away": luck.random(n),
        "luck_flag": luck.random(n),
        "luck_quick": luck.standard_normal(n),
        "luck_review": luck.standard_gamma(2.0, n) / 2.0,
        "luck_node": luck.random(n),
        "luck_carrier": luck.random(n),
    }
    basket = pick(_BASKET, luck.random(n)) + 1
    rows = np.repeat(np.arange(n), basket)
    lines = {name: values[rows] for name, values in orders.items()}
    starts = np.cumsum(basket) - basket
    lines["line"] = np.arange(len(rows)) - starts[rows]
    lines |= _line_luck(luck, len(rows))
    lines["sku"] = _skus(retailer, seed, lines["category"], lines["day"], luck.random(len(rows)))
    lines["brand"] = retailer.skus.brand[lines["sku"]]
    mean_units = np.array([c.units for c in retailer.channels])[lines["channel_id"]]
    lines["units"] = 1 + np.floor(luck.standard_exponential(len(rows)) * (mean_units - 1.0) / 0.9).astype(np.int64)
    return _still_wanted(lines, happenings, luck)


def _still_wanted(lines: Columns, happenings: list[PlacedDefect], luck: np.random.Generator) -> Columns:
    """Leave out what a collapse of demand or a price war takes away."""
    trouble = Trouble(happenings, AS_RECORDED)
    lost = 0.75 * np.minimum(trouble.severity("demand_collapse", lines, lines["day"]), 1.0)
    to_rival = 0.45 * np.minimum(trouble.severity("price_war", lines, lines["day"]), 1.0)
    wanted = luck.random(len(lost)) >= 1.0 - (1.0 - lost) * (1.0 - to_rival)
    return {name: values[wanted] for name, values in lines.items()}


def _line_luck(luck: np.random.Generator, n: int) -> Columns:
    """Everything that chance will decide about a line, drawn once for all versions of the world."""
    return {
        "luck_work": luck.standard_gamma(3.0, n) / 3.0,
        "luck_wave": luck.random(n),
        "luck_again": luck.random(n),
        "luck_again_hours": luck.standard_exponential(n),
        "luck_haul": luck.standard_normal(n),
        "luck_astray": luck.random(n),
        "luck_astray_days": luck.standard_gamma(2.0, n) / 2.0,
        "luck_attempt": luck.random(n),
        "luck_slot": luck.random(n),
        "luck_promise": luck.random(n),
        "luck_mind": luck.random(n),
        "luck_mind_hours": luck.standard_exponential(n),
        "luck_patience": luck.standard_normal(n),
        "luck_content": luck.random(n),
        "luck_price": luck.random(n),
        "luck_return": luck.random(n),
        "luck_rates": luck.random(n),
        "luck_stars": luck.standard_normal(n),
        "luck_case": luck.random(n),
        "luck_status": luck.random(n),
        "luck_heart": luck.random(n),
        "luck_effort": luck.standard_gamma(2.0, n) / 2.0,
        "luck_waste": luck.random(n),
    }


def _skus(retailer: Retailer, seed: int, category: Ints, day: Ints, luck: Floats) -> Ints:
    """Which product each line is for; before its launch, an older one of the same category.

    What is popular changes from week to week, which nobody's plan foresees.
    """
    skus = retailer.skus
    chosen = np.empty(len(category), dtype=np.int64)
    for week in np.unique(day // 7):
        fashion = np.exp(FASHION * generator(seed, "fashion", int(week)).standard_normal(len(skus.weight)))
        for code in range(len(retailer.categories)):
            mine = np.flatnonzero(skus.category == code)
            here = (category == code) & (day // 7 == week)
            chosen[here] = mine[pick(skus.weight[mine] * fashion[mine], luck[here])]
    return np.where(skus.launched[chosen] <= day, chosen, skus.stand_in[chosen])
