"""Puts the pilot, the plan, the role and the guardrails onto finished diagnoses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fourwalls.diagnosis import AssetDiagnosis, PathWorth
from fourwalls.figures import Estimate, Refusal
from fourwalls.planning.doers import Owners
from fourwalls.planning.mistakes import guardrails
from fourwalls.planning.pilots import NOTHING_TO_TRY, pilot_of
from fourwalls.planning.plan import plan_of
from fourwalls.planning.roles import Sales, role_of
from fourwalls.portfolio import Portfolio

_NO_PILOT = Refusal(
    "nothing_to_try",
    "the pilot to run next",
    "no asset has a verdict that asks for a trial",
    "what is named under what we do not know",
)


@dataclass(frozen=True)
class Known:
    """What advice rests on beside the diagnoses.

    Attributes:
        portfolio: With owners and roles of assets, and thresholds.
        partners: party_id → owner of the interface, by the contracts.
        sales: Name of an asset → its sales by week.
    """

    portfolio: Portfolio
    partners: Mapping[str, str] = field(default_factory=dict)
    sales: Mapping[str, Sales] = field(default_factory=dict)


def advised(
    assets: Sequence[AssetDiagnosis], total: AssetDiagnosis, known: Known, others: int | None = None
) -> tuple[tuple[AssetDiagnosis, ...], AssetDiagnosis]:
    """The same diagnoses with pilot, plan, role and guardrails; the whole portfolio pilots on the asset worth most.

    Args:
        assets, total: Without them.
        known: What they rest on.
        others: Assets beside each; those given, if it is not said.
    """
    others = len(assets) - 1 if others is None else others
    said = {a.name: _said(a, known.portfolio) for a in (*assets, total)}
    owners = Owners({name: str(row["owner"]) for name, row in said.items() if row.get("owner")}, known.partners)
    needs_data = any("{data}" in p.read_text("utf-8", "replace") for p in known.portfolio.folder.glob("tables/*.sql"))
    made = []
    for a in assets:
        named = said[a.name].get("role")
        role = role_of(None if named is None else str(named), known.sales.get(a.name))
        made.append(
            _with_plan(
                replace(a, role=role, pilot=pilot_of(a, others, assets, known.portfolio, needs_data)), owners, known
            )
        )
    first = max((a for a in made if not isinstance(a.pilot, Refusal)), key=_worth, default=None)
    # Of the whole, an asset says why no pilot can be run: it names no asset of its own.
    refused = next((a.pilot for a in made if isinstance(a.pilot, Refusal) and a.pilot.code not in NOTHING_TO_TRY), None)
    pilot = first.pilot if first is not None else refused or _NO_PILOT
    whole = Refusal(
        "whole_portfolio",
        "role in the portfolio",
        "the whole portfolio has no role in itself",
        "the roles of its assets",
    )
    return tuple(made), _with_plan(replace(total, role=whole, pilot=pilot), owners, known, made)


def _with_plan(
    asset: AssetDiagnosis, owners: Owners, known: Known, assets: Sequence[AssetDiagnosis] = ()
) -> AssetDiagnosis:
    plan = plan_of(asset, owners, assets)
    return replace(asset, guardrails=guardrails(asset, known.portfolio.signals), plan=plan)


def _said(asset: AssetDiagnosis, portfolio: Portfolio) -> Mapping[str, object]:
    """What [[assets]] says of an asset: the first row whose grain columns are its own."""
    for row in portfolio.assets:
        named = {name: row[name] for name in portfolio.grain if name in row}
        if named and all(asset.asset.get(name) == value for name, value in named.items()):
            return row
    return {}


def _worth(asset: AssetDiagnosis) -> float:
    known = [_value(p) for p in asset.paths]
    return max(known) if known else sum(c.lines for c in asset.contributions) * 1e-9


def _value(path: PathWorth) -> float:
    return path.value.value if isinstance(path.value, Estimate) else 0.0
