"""Who loses most on each side of the wall, and who would answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fourwalls.diagnosis import AssetDiagnosis, Availability, Contribution, LostUnits, Told, Wall
from fourwalls.figures import Estimate
from fourwalls.losses import FLOWS

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
WALLS: tuple[Wall, Wall] = ("inside", "between")
ANALYST, FINANCE, LEAD = "analyst", "finance controller", "whoever owns the asset"


@dataclass(frozen=True, slots=True)
class Doer:
    """One stage in one party's hands, with what it costs.

    Attributes:
        flow, stage, wall, party_id, party_name: Which; the flow that loses most where several are priced.
        amount, unit: Margin a year; order lines, units and the like over the record where it is not priced.
        told: The same in words.
        is_priced: Which of the two it is.
    """

    flow: str
    stage: str
    wall: Wall
    party_id: str | None
    party_name: str
    amount: float
    unit: str
    told: str
    is_priced: bool


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
    """Stages and parties of one side, largest loss first: in money over all records, then what nobody priced, flow by flow.

    Lines and units are never compared with each other: the flow of the bottleneck comes first.
    """
    found = [d for d in (*_priced(asset), *_counted(asset)) if d.wall == wall and d.amount > 0]
    first = asset.first_bottleneck.flow if asset.first_bottleneck is not None else ""

    def order(d: Doer) -> tuple[object, ...]:
        kind = () if d.is_priced else (d.flow != first, FLOWS.index(d.flow), d.unit)
        return (not d.is_priced, *kind, -d.amount, d.stage, d.party_name)

    return tuple(sorted(found, key=order))


def between_shares(asset: AssetDiagnosis) -> dict[str, float]:
    """Unit → part of what is lost that lies between walls, 0-1: of money, and of each unit nobody priced."""
    sides: dict[tuple[str, str], list[float]] = {}
    for side, wall in enumerate(WALLS):
        for d in doers(asset, wall):
            sides.setdefault(("" if d.is_priced else d.flow, d.unit), [0.0, 0.0])[side] += d.amount
    return {unit: between / (inside + between) for (_, unit), (inside, between) in sides.items()}


def _priced(asset: AssetDiagnosis) -> list[Doer]:
    found: dict[tuple[str, Wall, str | None], list[tuple[Told, Estimate]]] = {}
    for x in asset.losses:
        if isinstance(x.amount, Estimate):
            found.setdefault((x.stage, x.wall, x.party_id), []).append((x, x.amount))
    made = []
    for each in found.values():
        largest, amount = max(each, key=lambda e: e[1].value)
        total = sum(a.value for _, a in each)
        made.append(_doer(largest.flow, largest, total, amount.unit, f"{amount.unit} {total:,.0f} a year", True))
    return made


def _counted(asset: AssetDiagnosis) -> list[Doer]:
    """What no price is known for, by flow, stage and party: a flow without any price, and single refused amounts."""
    known = {(x.flow, x.stage, x.wall, x.party_id) for x in asset.losses if isinstance(x.amount, Estimate)}
    flows = {flow for flow, *_ in known}
    found: dict[tuple[str, ...], list[tuple[Told | Contribution | LostUnits, float]]] = {}
    counts: list[tuple[str, str, Told | Contribution | LostUnits, float]]
    counts = [(x.flow, x.unit, x, x.quantity) for x in asset.losses]
    told = {(x.flow, x.stage, x.wall, x.party_id) for x in asset.losses}
    counts += [("service", "order lines", c, c.lines) for c in asset.contributions if ("service", *_who(c)) not in told]
    if isinstance(asset.availability, Availability):
        lost = asset.availability.contributions
        counts += [("stock", "units not sold", u, u.units) for u in lost if ("stock", *_who(u)) not in told]
    for flow, unit, x, amount in counts:
        if (flow, *_who(x)) not in known and (flow not in flows or not isinstance(x.amount, Estimate)):
            found.setdefault((flow, unit, x.stage, x.wall, x.party_id or ""), []).append((x, amount))
    made = []
    for (flow, unit, *_), each in found.items():
        total = sum(amount for _, amount in each)
        made.append(_doer(flow, each[0][0], total, unit, f"{total:,.0f} {unit}", False))
    return made


def _who(x: Told | Contribution | LostUnits) -> tuple[str, Wall, str | None]:
    return x.stage, x.wall, x.party_id


def _doer(flow: str, x: Told | Contribution | LostUnits, amount: float, unit: str, told: str, is_priced: bool) -> Doer:
    return Doer(flow, x.stage, x.wall, x.party_id, x.party_name, amount, unit, told, is_priced)
