"""Who loses most on each side of the wall, and who would answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fourwalls.diagnosis import AssetDiagnosis, Availability, Wall
from fourwalls.figures import Estimate

NOT_NAMED = "to be named: "
ROLES: Mapping[str, str] = {
    "release": "head of order desk", "fulfilment": "head of warehouse", "carriage": "head of transport",
    "promise": "head of online trading", "forecast": "demand planner", "decision": "head of buying",
    "supply": "head of supplier relations", "receiving": "head of goods-in", "allocation": "head of allocation",
    "listing": "channel manager", "record": "stock control", "shelf": "head of stores", "content": "channel manager",
    "price": "pricing manager", "media": "media manager", "status": "process owner", "feed": "data owner",
    "waste": "operations controller", "overflow": "partner manager",
}  # fmt: skip
"""Stage → who usually answers for it."""
ANALYST, FINANCE, LEAD = "analyst", "finance controller", "whoever owns the asset"


@dataclass(frozen=True, slots=True)
class Doer:
    """One stage in one party's hands, with what it costs.

    Attributes:
        flow, stage, wall, party_id, party_name: Which.
        amount: Margin a year; order lines or units over the record where nothing is priced.
        told: The same in words.
    """

    flow: str
    stage: str
    wall: Wall
    party_id: str | None
    party_name: str
    amount: float
    told: str


@dataclass(frozen=True)
class Owners:
    """People who were named.

    Attributes:
        assets: Name of an asset → its owner, by portfolio.toml.
        partners: party_id → owner of the interface, by the contracts.
    """

    assets: Mapping[str, str] = field(default_factory=dict)
    partners: Mapping[str, str] = field(default_factory=dict)

    def of_asset(self, asset: AssetDiagnosis, role: str = LEAD) -> str:
        """Who owns the asset, else the role that is to be named."""
        return self.assets.get(asset.name) or NOT_NAMED + role

    def of_partner(self, party_id: str | None, name: str) -> str:
        """Who owns the interface with a partner, else that somebody is to be named."""
        return self.partners.get(party_id or "") or f"{NOT_NAMED}partner manager for {name}"

    def of(self, doer: Doer) -> str:
        """Who answers for a stage in a party's hands."""
        if doer.wall == "between":
            return self.of_partner(doer.party_id, doer.party_name)
        return NOT_NAMED + ROLES.get(doer.stage, f"head of {doer.stage}")


def doers(asset: AssetDiagnosis, wall: Wall) -> tuple[Doer, ...]:
    """Stages and parties of one side, largest loss first: in money where it is known, else in lines and units."""
    found: dict[tuple[str, str | None], Doer] = {}
    for d in _priced(asset) or _counted(asset):
        if d.wall == wall and d.amount > 0:
            key = (d.stage, d.party_id)
            found[key] = d if key not in found else max(found[key], d, key=lambda x: x.amount)
    return tuple(sorted(found.values(), key=lambda d: (-d.amount, d.stage, d.party_name)))


def _priced(asset: AssetDiagnosis) -> list[Doer]:
    return [
        Doer(
            x.flow, x.stage, x.wall, x.party_id, x.party_name, x.amount.value,
            f"{x.amount.unit} {x.amount.value:,.0f} a year",
        )
        for x in asset.losses
        if isinstance(x.amount, Estimate)
    ]  # fmt: skip


def _counted(asset: AssetDiagnosis) -> list[Doer]:
    found: dict[tuple[str, str | None], list[float]] = {}
    first: dict[tuple[str, str | None], Doer] = {}
    for c in asset.contributions:
        key = (c.stage, c.party_id)
        first.setdefault(key, Doer("service", c.stage, c.wall, c.party_id, c.party_name, 0.0, ""))
        found.setdefault(key, []).append(c.lines)
    made = [
        Doer(d.flow, d.stage, d.wall, d.party_id, d.party_name, sum(found[k]), f"{sum(found[k]):,.0f} order lines")
        for k, d in first.items()
    ]
    if isinstance(asset.availability, Availability):
        made += [
            Doer("stock", u.stage, u.wall, u.party_id, u.party_name, u.units, f"{u.units:,.0f} units not sold")
            for u in asset.availability.contributions
        ]
    return made
