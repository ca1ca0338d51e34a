"""Three companies that have little in common but the tables they write.

*depots*: a distributor of groceries. Own centre, own depots in regions, which serve wholesale customers by own lorries
and by a haulier, and counters where goods are taken along. Buys every week in cases; depots are refilled three times a week.
*webshop*: sells on its own site and two marketplaces, from its own centre and a partner's, with three carriers. Customers
compare prices, and cancel what does not come.
*stall*: one room, a few dozen skus, a site and a marketplace, minimum and maximum on a card, hardly any tables.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from benchmarks.elsewhere.company import Company
from benchmarks.elsewhere.luck import Bools, Floats, Luck, Words

WEEKDAYS = np.array([1, 1, 1, 1, 1, 0, 0], bool)
SIX_DAYS = np.array([1, 1, 1, 1, 1, 1, 0], bool)
GRAINS = {
    "depots": (("category", "node_region"), ("category",), ("channel_id", "category")),
    "webshop": (("category", "channel_id"), ("brand",), ("channel_id",), ("destination",)),
    "stall": (("category",), ("brand",), ("destination",), ("category", "channel_id")),
}


def company(template: str, seed: int, grain: int, lines: int) -> Company:
    """Make a company.

    Args:
        template: "depots", "webshop" or "stall".
        seed: Of everything.
        grain: Which of the template's grains.
        lines: About how many order lines it has.
    """
    c = {"depots": _depots, "webshop": _webshop, "stall": _stall}[template](seed)
    c.grain = GRAINS[template][grain % len(GRAINS[template])]
    c.rate *= lines / (c.rate.sum() * (c.days - c.warm))
    revenue = 365 * float((c.rate * (1 + c.units_more)[None, :] * c.price[:, None]).sum())
    n = {1: 4, 2: 7}[len(c.grain)]
    for path, (once, yearly) in {"operate": (0.005, 0.0012), "orchestrate": (0.007, 0.0018)}.items():
        c.paths[path] = {"one_off": once * revenue / n, "run": yearly * revenue / n}
    return c


def _week(days: Bools, begin: int, end: int) -> Bools:
    hours = np.zeros((7, 24), bool)
    hours[days, begin:end] = True
    return hours.ravel()


def _fetches(days: Bools, *at: int) -> Bools:
    hours = np.zeros((7, 24), bool)
    for hour in at:
        hours[days, hour] = True
    return hours.ravel()


def _common(seed: int, words: Words) -> dict[str, Any]:
    rng = Luck(seed).of("company")
    first = date(2023, 1, 2) + timedelta(days=7 * int(rng.integers(0, 90)))
    return {
        "seed": seed, "first": first, "own": words.one(), "grain": (), "paths": {}, "targets": {}, "service_levels": [],
        "contracts": {},
        "words": {
            k: words.one() for k in ("status", "reconcile", "damage", "case", "asked", "told", "closed", "matched", "us")
        },
    }  # fmt: skip


def _assortment(rng: np.random.Generator, words: Words, categories: int, brands: int, skus: int) -> dict[str, Any]:
    brand_of = np.arange(skus) % brands
    category_of = brand_of % categories
    suppliers = [words.one() for _ in range(brands)]
    price = np.round(rng.lognormal(0.0, 0.5, skus), 2)
    return {
        "brand": words.some(brands), "category": words.some(categories), "brand_of": brand_of,
        "category_of": category_of, "supplier_of": [suppliers[b] for b in brand_of], "price": price,
        "cost": price * rng.uniform(0.55, 0.68, skus),
    }  # fmt: skip


def _seasons(rng: np.random.Generator, categories: int, days: int, depth: float) -> Floats:
    t = np.arange(days)
    rows = []
    for _ in range(categories):
        peak, growth = rng.integers(0, 365), rng.normal(0.0, 0.08)
        year = 1 + depth * rng.uniform(0.4, 1.0) * np.cos(2 * np.pi * (t - peak) / 365.25)
        rows.append(year * (1 + growth * t / 365.0))
    return np.array(rows)


_OFFICE_DAY = np.array([0, 0, 0, 0, 0, 1, 4, 8, 9, 9, 8, 7, 6, 6, 6, 5, 4, 2, 1, 1, 0, 0, 0, 0], float)
_WEB_DAY = np.array([2, 1, 1, 0, 0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 9, 8, 6, 4], float)


def _depots(seed: int) -> Company:
    words, rng = Words(Luck(seed).of("words")), Luck(seed).of("depots")
    base = _common(seed, words)
    own, days, warm, skus = base["own"], int(rng.integers(300, 420)), 63, 36
    haulier = words.one()
    goods = _assortment(rng, words, 3, 6, skus)
    goods["price"], goods["cost"] = goods["price"] * 3.0, goods["cost"] * 3.0
    region = words.some(3)
    rate = rng.lognormal(0.0, 0.7, (skus, 3)) * np.array([1.0, 0.8, 1.0])
    shelf = np.broadcast_to(np.array([1, 2])[None, None, np.array([0, 0, 1, 1])], (skus, 3, 4)).copy()
    zone = np.zeros((3, 3), np.int64)
    zone[1], zone[2] = (0, 1, 2), (3, 4, 5)
    staffed = np.array([_week(SIX_DAYS, 5, 14)] * 6)
    suppliers = set(goods["supplier_of"])
    return Company(
        **base, **goods, template="depots", warm=warm, days=warm + days,
        kinds={own: "own company", haulier: "haulier", **dict.fromkeys(suppliers, "supplier")},
        sku=[f"{4000000 + 37 * i}" for i in range(skus)],
        node=words.some(3), node_kind=["own DC", "depot", "depot"], node_party=[own] * 3, region=region,
        channel=words.some(3), channel_kind=["wholesale", "wholesale", "store"], channel_party=[own] * 3,
        destination=words.some(4), carrier=[own, haulier], rate=rate,
        going=rng.dirichlet((6, 6, 6, 6), 3), shelf=shelf, zone=zone, staffed=staffed,
        handed=[_fetches(SIX_DAYS, 8, 14), _fetches(WEEKDAYS, 8, 14)], roads=np.array([[0, 1, 0, 1], [0, 1, 0, 1]]),
        drives=np.array([SIX_DAYS, WEEKDAYS]), chosen=np.array([[0.6, 0.4], [0.5, 0.5], [1.0, 0.0]]),
        is_shop=np.array([False, False, True]), keeps_lines=True, seasons=_seasons(rng, 3, warm + days, 0.25),
        weekdays=np.array([[1.3, 1.1, 1.0, 1.2, 1.3, 0.8, 0.3], [1.2, 1.1, 1.0, 1.1, 1.2, 0.9, 0.5], [1, 1, 1, 1, 1.4, 1.6, 0.0]]),
        hours=_OFFICE_DAY, units_more=np.array([8.0, 5.0, 1.0]),
        policy={"kind": "weekly", "review_days": 7, "z": 1.7, "variance": 9.0, "weekdays": ((0,), (1,), (3,)), "learns": True, "fresh": True},
        lead=rng.integers(4, 10, skus).astype(float), pack=rng.choice([6, 12, 24], skus), least=np.full(skus, 24),
        feeder=[-1, 0, 0], elasticity=0.0, conversion=1.0, patience_days=3.0, handling=1.2,
        money=_money(rng, 0.10, 26.0),
        tables={"order_lines", "products", "nodes", "channels", "parties", "stock_days", "supply_orders", "forecasts", "leakage", "work_log"},
        omitted={}, file_kind="parquet",
    )  # fmt: skip


def _webshop(seed: int) -> Company:
    words, rng = Words(Luck(seed).of("words")), Luck(seed).of("webshop")
    base = _common(seed, words)
    own, days, warm, skus = base["own"], int(rng.integers(365, 500)), 70, 54
    partner, first, second = words.some(3)
    carriers = words.some(3)
    goods = _assortment(rng, words, 3, 6, skus)
    goods["price"], goods["cost"] = goods["price"] * 45.0, goods["cost"] * 45.0
    shelf = np.zeros((skus, 3, 4), np.int64)
    shelf[:, 1] = 1  # the first marketplace is served by the partner
    shelf[goods["brand_of"] % 2 == 0, 2] = 1  # the second by both, brand by brand
    zone = np.array([[0, 1, 2], [3, 3, 3]])
    staffed = np.array([_week(SIX_DAYS, 7, 19)] * 3 + [_week(WEEKDAYS, 8, 18)])
    sellers = set(goods["supplier_of"])
    kinds = {own: "own company", partner: "3PL", first: "marketplace", second: "marketplace"}
    c = Company(
        **base, **goods, template="webshop", warm=warm, days=warm + days,
        kinds={**kinds, **dict.fromkeys(carriers, "carrier"), **dict.fromkeys(sellers, "supplier")},
        sku=[f"{words.one().upper()}/{i:03d}-{'XSML'[i % 4]}" for i in range(skus)],
        node=words.some(2), node_kind=["own DC", "3PL site"], node_party=[own, partner], region=words.some(2),
        channel=words.some(3), channel_kind=["DTC site", "marketplace", "marketplace"], channel_party=[own, first, second],
        destination=words.some(4), carrier=carriers, rate=rng.lognormal(0.0, 0.7, (skus, 3)) * np.array([1.4, 1.0, 0.8]),
        going=rng.dirichlet((7, 6, 5, 5), 3), shelf=shelf, zone=zone, staffed=staffed,
        handed=[_fetches(SIX_DAYS, 17), _fetches(WEEKDAYS, 16), _fetches(SIX_DAYS, 12, 20)],
        roads=np.array([[1, 1, 2, 2], [1, 2, 2, 3], [1, 1, 2, 3]]), drives=np.array([SIX_DAYS, WEEKDAYS, SIX_DAYS]),
        chosen=np.array([[0.4, 0.25, 0.35], [0.3, 0.4, 0.3], [0.35, 0.3, 0.35]]), is_shop=np.zeros(3, bool), keeps_lines=False,
        seasons=_seasons(rng, 3, warm + days, 0.3), weekdays=np.array([[1.1, 1, 1, 0.9, 0.9, 0.9, 1.2]] * 3), hours=_WEB_DAY,
        units_more=np.array([0.2, 0.1, 0.1]),
        policy={"kind": "base", "review_days": 4, "z": 1.9, "variance": 1.5, "weekdays": ((0, 3), (1, 4)), "learns": False, "fresh": False},
        lead=rng.integers(10, 22, skus).astype(float), pack=np.ones(skus, np.int64), least=np.full(skus, 4),
        feeder=[-1, -1], elasticity=4.5, conversion=0.05, patience_days=2.0, handling=4.6, money=_money(rng, 0.12, 29.0),
        tables={"order_lines", "products", "nodes", "channels", "parties", "stock_days", "supply_orders", "forecasts", "listings", "leakage", "work_log", "feeds"},
        omitted={}, file_kind="parquet",
    )  # fmt: skip
    c.targets = {"release_hours": 6}
    c.contracts = dict.fromkeys((partner, first, second, *carriers), True)
    return c


def _stall(seed: int) -> Company:
    words, rng = Words(Luck(seed).of("words")), Luck(seed).of("stall")
    base = _common(seed, words)
    base["own"] = "1"
    days, warm, skus = int(rng.integers(200, 300)), 98, 20
    market, posts = words.one(), words.some(2)
    goods = _assortment(rng, words, 2, 4, skus)
    goods["price"], goods["cost"] = goods["price"] * 22.0, goods["cost"] * 22.0
    sellers = set(goods["supplier_of"])
    base |= {"targets": {"fulfilment_hours": 26}, "time_zone": "Europe/Berlin" if seed % 2 else ""}
    return Company(
        **base, **goods, template="stall", warm=warm, days=warm + days,
        kinds={"1": "us", market: "marketplace", **dict.fromkeys(posts, "carrier"), **dict.fromkeys(sellers, "supplier")},
        sku=[f"{i + 1}" for i in range(skus)], node=["7"], node_kind=["own DC"], node_party=["1"], region=[words.one()],
        channel=["10", "20"], channel_kind=["DTC site", "marketplace"], channel_party=["1", market],
        destination=words.some(3), carrier=posts, rate=rng.lognormal(0.0, 0.5, (skus, 2)) * np.array([1.0, 0.8]),
        going=rng.dirichlet((6, 5, 5), 2), shelf=np.zeros((skus, 2, 3), np.int64), zone=np.array([[0, 1]]),
        staffed=np.array([_week(WEEKDAYS, 9, 17)] * 2), handed=[_fetches(WEEKDAYS, 17), _fetches(WEEKDAYS, 17)],
        roads=np.array([[1, 2, 2], [1, 2, 2]]), drives=np.array([SIX_DAYS, SIX_DAYS]), chosen=np.array([[0.6, 0.4], [0.45, 0.55]]),
        is_shop=np.zeros(2, bool), keeps_lines=False, seasons=_seasons(rng, 2, warm + days, 0.15),
        weekdays=np.array([[1.1, 1, 1, 1, 1, 0.9, 1.0]] * 2), hours=_WEB_DAY, units_more=np.array([0.3, 0.2]),
        policy={"kind": "minmax", "review_days": 1, "z": 1.8, "variance": 2.0, "extra_days": 14, "weekdays": ((0,),), "learns": True, "fresh": False},
        lead=rng.integers(5, 12, skus).astype(float), pack=rng.choice([1, 5, 10], skus), least=np.full(skus, 10),
        feeder=[-1], elasticity=1.5, conversion=0.04, patience_days=3.0, handling=3.9, money=_money(rng, 0.10, 22.0),
        tables={"order_lines", "products", "nodes", "channels", "parties", "stock_days", "supply_orders"},
        omitted={"order_lines": {"released_at", "fulfiller_id", "cancel_reason"} if rng.random() < 0.3 else {"cancel_reason"}, "stock_days": {"empty_share"}, "supply_orders": {"shipped_at"}},
        file_kind="csv",
    )  # fmt: skip


def _money(rng: np.random.Generator, late: float, wage: float) -> dict[str, float]:
    return {
        "wage_amount_per_hour": wage,
        "carrying_rate_per_year": float(rng.choice([0.15, 0.2, 0.25])),
        "discount_rate": float(rng.choice([0.07, 0.09, 0.11])),
        "horizon_years": float(rng.choice([2.0, 3.0])),
        "late_line_cost_share": late,
        "attainable_share": float(rng.choice([0.75, 0.85])),
        "ramp_weeks": float(rng.choice([8, 13])),
    }
