"""Which worlds are judged: every kind of defect on both sides of the wall, alone and together, and nothing wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PLACES: tuple[tuple[str, dict[str, str]], ...] = (
    ("slow_release", {"channel_id": "site"}),
    ("slow_release", {"channel_id": "market"}),
    ("slow_picking", {"node_id": "dc-north", "category": "footwear"}),
    ("slow_picking", {"node_id": "dc-south"}),
    ("slow_picking", {"node_id": "hub-east"}),
    ("early_pickup", {"carrier_id": "swift", "node_id": "dc-north"}),
    ("late_carrier", {"carrier_id": "terra", "destination": "south"}),
    ("late_carrier", {"carrier_id": "swift"}),
    ("tight_promise", {"channel_id": "site", "category": "home"}),
    ("tight_promise", {"channel_id": "market"}),
    ("low_forecast", {"channel_id": "site"}),
    ("low_forecast", {"channel_id": "market"}),
    ("high_forecast", {"channel_id": "site", "category": "toys"}),
    ("noisy_forecast", {"channel_id": "site"}),
    ("slow_approval", {"supplier_id": "nordica"}),
    ("slow_approval", {"supplier_id": "castle-trade"}),
    ("late_supplier", {"supplier_id": "nordica"}),
    ("late_supplier", {"supplier_id": "atlas-mills"}),
    ("short_shipments", {"supplier_id": "atlas-mills"}),
    ("slow_dock", {"node_id": "dc-north"}),
    ("slow_dock", {"node_id": "hub-east"}),
    ("poor_records", {"node_id": "dc-south"}),
    ("poor_records", {"node_id": "hub-east"}),
    ("skewed_allocation", {"category": "home"}),
    ("skewed_allocation", {"category": "toys"}),
    ("stale_listings", {"channel_id": "market"}),
    ("weak_content", {"channel_id": "site", "category": "toys"}),
    ("dear_price", {"category": "outdoor"}),
    ("avoidable_waste", {"node_id": "dc-north"}),
    ("chargebacks", {"channel_id": "market"}),
    ("manual_status_work", {"channel_id": "site"}),
    ("manual_status_work", {"channel_id": "market"}),
    ("late_feeds", {"channel_id": "market"}),
)

LATER: tuple[tuple[str, str, tuple[tuple[str, dict[str, str]], ...]], ...] = (
    ("alone", "medium", (("unused_partner", {"node_id": "dc-north", "category": "footwear"}),)),
    ("alone", "high", (("unused_partner", {"node_id": "dc-south"}),)),
    ("alone", "medium", (("unfilled_shelves", {"node_id": "store-north"}),)),
    ("alone", "high", (("unfilled_shelves", {}),)),
    ("together", "high", (("media_on_empty", {}), ("late_supplier", {"supplier_id": "nordica"}))),
)
"""Worlds that joined after the others: at the end, so that the seeds and combinations of those stay what they were."""

SEVERITIES = {"low": 0.35, "medium": 0.65, "high": 0.95}
SIZES = (15_000, 30_000, 60_000)

TABLES_OF_STAGE = {
    "forecast": ("forecasts", "stock_days"),
    "decision": ("supply_orders", "stock_days"),
    "supply": ("supply_orders", "stock_days"),
    "receiving": ("supply_orders", "stock_days"),
    "allocation": ("stock_days",),
    "record": ("stock_days",),
    "shelf": ("stock_days",),
    "overflow": ("offers",),
    "listing": ("listings",),
    "content": ("listings",),
    "price": ("listings",),
    "media": ("listings",),
    "waste": ("leakage",),
    "status": ("work_log",),
    "feed": ("feeds",),
}
"""The tables without which nobody can see what a stage costs: a late supply order costs nothing while shelves are full.
Stages of the order flow are seen in the order lines."""

_BEYOND_ORDERS = tuple(sorted({table for tables in TABLES_OF_STAGE.values() for table in tables} | {"labour"}))

_SPRING = {"start": "2025-03-01", "end": "2025-06-01"}

_UNGOVERNED = (
    ("slow_picking", {"node_id": "hub-east"}, "polar-logistics"),
    ("late_carrier", {"carrier_id": "terra"}, "terra"),
    ("chargebacks", {"channel_id": "market"}, "bazaar"),
)
"""A partner's defect, and the partner in whose contract the rules are missing."""

_CONFOUNDERS: tuple[dict[str, Any], ...] = (
    {"kind": "strike", "severity": 1.0, "carrier_id": "swift", "since": "2025-06-10", "until": "2025-06-18"},
    {"kind": "demand_collapse", "severity": 0.9, "brand": "footwear-classic", "since": "2025-04-01"},
    {"kind": "price_war", "severity": 0.8, "category": "toys", "since": "2025-05-01", "until": "2025-07-01"},
    {"kind": "promotion", "severity": 0.8, "since": "2025-11-24", "until": "2025-12-01"},
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One world to be judged.

    Attributes:
        name: Unique, also its folder.
        stratum: "alone", "together", "ungoverned", "healthy", "confounded", "tables missing" or "dirty".
        severity: "low", "medium", "high", "mixed" or "none".
        seed, lines: Of the world.
        recipe: What goes into its TOML file.
    """

    name: str
    stratum: str
    severity: str
    seed: int
    lines: int
    recipe: dict[str, Any]

    @property
    def missing(self) -> frozenset[str]:
        """Tables the company does not have."""
        return frozenset(self.recipe.get("retailer", {}).get("leaves_out", ()))

    def write(self, folder: Path) -> Path:
        """Write the recipe as TOML."""
        path = folder / f"{self.name}.toml"
        path.write_text("\n".join(_toml(self.recipe)) + "\n", encoding="utf-8")
        return path


def trials(first_seed: int) -> list[Trial]:
    """All worlds of a set; the recipes are the same for every set, the luck and the combinations are not."""
    return [
        Trial(f"{number:02d}", stratum, severity, first_seed + number, SIZES[number % 3], recipe)
        for number, (stratum, severity, recipe) in enumerate(_recipes(random.Random(first_seed)))  # noqa: S311 - a plan, not a secret
    ]


def few() -> list[Trial]:
    """Five small worlds of three months that touch most strata, for the tests."""
    whole = {t.stratum: t for t in trials(1)}
    return [
        replace(t, lines=2_000, recipe={**t.recipe, "retailer": {**t.recipe["retailer"], **_SPRING}})
        for name, t in whole.items()
        if name not in ("dirty", "ungoverned")
    ]


def _recipes(luck: random.Random) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for number, (kind, place) in enumerate(PLACES):
        level = tuple(SEVERITIES)[number % 3]
        yield "alone", level, _recipe([_defect(kind, place, SEVERITIES[level])], number)
    for number in range(16):
        yield "together", "mixed", _recipe(_drawn(luck), number) | _holes(luck)
    for number, (kind, place, party) in enumerate(_UNGOVERNED):
        holes = [{"party_id": party, "lacks": ["owner", "escalation", "service_level"]}]
        yield "ungoverned", "mixed", _recipe([_defect(kind, place, 0.8)], number) | {"holes": holes}
    for number in range(6):
        yield "healthy", "none", _recipe([], number)
    for number, confounder in enumerate((*_CONFOUNDERS, *_CONFOUNDERS[:2])):
        with_defect = _drawn(luck)[:1] if number >= len(_CONFOUNDERS) else []
        severity = "mixed" if with_defect else "none"
        yield "confounded", severity, _recipe(with_defect, number) | {"confounders": [confounder]}
    for number in range(5):
        out = _BEYOND_ORDERS if number % 2 else tuple(luck.sample(_BEYOND_ORDERS, 3))
        recipe = _recipe(_drawn(luck), number)
        recipe["retailer"] = {**recipe.get("retailer", {}), "leaves_out": list(out)}
        yield "tables missing", "mixed", recipe
    for number in range(2):
        recipe = _recipe(_drawn(luck), number)
        recipe["retailer"] = {**recipe.get("retailer", {}), "dirty_share": 0.04}
        yield "dirty", "mixed", recipe
    for number, (stratum, level, defects) in enumerate(LATER):
        recipe = _recipe([_defect(kind, place, SEVERITIES[level]) for kind, place in defects], number)
        if defects[0][0] == "unfilled_shelves":
            recipe["retailer"] = {**recipe["retailer"], "channels": ["site", "stores"]}
        yield stratum, "mixed" if stratum == "together" else level, recipe


def _recipe(defects: list[dict[str, Any]], number: int) -> dict[str, Any]:
    knows = ([], ["late_line_cost_share"], ["targets", "late_line_cost_share"], ["service_levels"])[number % 4]
    return {"retailer": {"knows": knows}, "defects": defects}


def _drawn(luck: random.Random) -> list[dict[str, Any]]:
    chosen = luck.sample(PLACES, luck.randint(2, 4))
    return [_defect(kind, place, luck.choice(list(SEVERITIES.values()))) for kind, place in chosen]


def _holes(luck: random.Random) -> dict[str, Any]:
    if luck.random() < 0.4:
        party = luck.choice(("polar-logistics", "bazaar", "terra", "swift"))
        return {"holes": [{"party_id": party, "lacks": ["owner", "escalation", "service_level"]}]}
    return {}


def _defect(kind: str, place: dict[str, str], severity: float) -> dict[str, Any]:
    return {"kind": kind, "severity": severity, **place}


def _toml(recipe: dict[str, Any]) -> list[str]:
    lines = ['about = "A world of the quality benchmark."']
    for section, value in recipe.items():
        if isinstance(value, dict):
            lines += [f"[{section}]", *_entries(value)]
        else:
            for item in value:
                lines += [f"[[{section}]]", *_entries(item)]
    return lines


def _entries(table: dict[str, Any]) -> list[str]:
    days = ("since", "until", "start", "end")
    return [f"{key} = {value if key in days else json.dumps(value)}" for key, value in table.items()]
