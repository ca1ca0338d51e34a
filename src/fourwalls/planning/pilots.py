"""The pilot to run next: what is tried, on which asset, judged by what; or why the records cannot carry one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis, PilotNext
from fourwalls.figures import Refusal
from fourwalls.planning.doers import Doer, doers
from fourwalls.planning.proposals import Path_, Proposal, proposed
from fourwalls.portfolio import Portfolio
from fourwalls.value import DEFAULT_ATTAINABLE_SHARE, DEFAULT_HORIZON_YEARS

# Flow → measure by asset and week that shows it, and what people call it.
_OUTCOMES = {"service": ("otif_share", "on time in full"), "stock": ("value_amount", "order value")}
ACTED_ON = ("operate", "orchestrate", "operate then orchestrate", "govern first")
# Placebo inference of the pilot room asks for so many units that nothing is done to.
LEAST_CONTROLS = 5
NOTHING_TO_TRY = frozenset({"leave_it", "cannot_tell"})
"""Codes of refusals by which the verdict itself asks for no trial."""


def first_doer(asset: AssetDiagnosis) -> Doer | None:
    """Whose stage comes first: ours where we operate first, else the partner's; None where nothing is lost."""
    ours, theirs = doers(asset, "inside"), doers(asset, "between")
    order = (ours, theirs) if asset.verdict.startswith("operate") else (theirs, ours)
    return next((side[0] for side in order if side), None)


def pilot_of(
    asset: AssetDiagnosis, others: int, assets: Sequence[AssetDiagnosis], portfolio: Portfolio, needs_data: bool = False
) -> PilotNext | Refusal:
    """The pilot to run next on an asset, by the rule that designs it; refused, too, where it would be worth less than it takes.

    Args:
        asset: Its diagnosis.
        others: Assets beside it, with which it could be compared.
        assets: All of them: what a pilot tells here serves those that lose by the same stage and party on the same path.
        portfolio: With its assumptions.
        needs_data: Whether the portfolio is read with --data.
    """
    said = portfolio.assumptions
    known = {
        "attainable_share": said.get("attainable_share", DEFAULT_ATTAINABLE_SHARE),
        "horizon_years": said.get("horizon_years", DEFAULT_HORIZON_YEARS),
    }
    found: _Tried | Refusal = _tried(asset, proposed(asset, assets, known, portfolio.currency))
    if isinstance(found, Refusal):
        return found
    if others < LEAST_CONTROLS:
        because = (
            f"there are {others} other assets to compare with; {LEAST_CONTROLS} are needed to learn what chance does"
        )
        return _refused(
            "too_few_controls", because, "a finer grain of assets, or a history by store, region or channel"
        )
    worth = "" if found.proposal is None else _worth(found.proposal, any(p.is_default for p in asset.paths))
    if isinstance(worth, Refusal):
        return worth
    data = ("--data", "DATA") if needs_data else ()
    # The words of a proposal name the measure already.
    judged = (
        f"Judged by {found.label}, week by week, against"
        if found.proposal is None
        else "Judged by that, week by week, against"
    )
    return PilotNext(
        found.path, asset.name, others, found.measure, found.stage, found.party_name,
        ("fourwalls", "pilot", "design", "--portfolio", "FOLDER", *data, "--asset", asset.name),
        f"{found.words} {judged} {others} other assets. {worth}".strip(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tried:
    """What is tried and what it is judged by; with the proposal where it is priced."""

    path: Path_
    measure: str
    label: str
    stage: str
    party_name: str
    words: str
    proposal: Proposal | None = None


def _tried(asset: AssetDiagnosis, found: Proposal | Refusal) -> _Tried | Refusal:
    """The proposal; where nothing is priced the stage that loses most lines or units, without what the pilot would be worth."""
    if not isinstance(found, Refusal):
        return _Tried(found.path, found.measure, found.label, found.stage, found.party, found.words, found)
    doer = first_doer(asset)
    if found.code != "nothing_priced" or doer is None or doer.is_priced or doer.flow not in _OUTCOMES:
        return found
    measure, label = _OUTCOMES[doer.flow]
    path: Path_ = "operate" if doer.wall == "inside" else "orchestrate"
    whose = "our own" if doer.wall == "inside" else f"{doer.party_name}'s"
    words = f"Try {whose} {doer.stage} here first: it costs {doer.told}."
    return _Tried(path, measure, label, doer.stage, doer.party_name, words)


def _worth(found: Proposal, is_default: bool) -> str | Refusal:
    """What a pilot could add at best to deciding now; a refusal where even that is less than it takes and nothing pays."""
    at_best, money = found.worth_at_best, found.currency
    if at_best.recommendation == "pilot":
        more = at_best.pilot - max(at_best.act, 0.0)
        return f"Deciding after it could be worth up to {money} {more:,.0f} more than deciding now."
    if at_best.recommendation == "act without a pilot":
        return "No pilot has to come first: even one that told the effect exactly would be worth less than it takes. Measure it as you begin."
    because = (
        f"by itself {found.stage} ({found.party}) would bring {money} {-at_best.act:,.0f} less than to {found.path} costs, and even a "
        "pilot that told its effect exactly would be worth less than it takes"
    )
    costs = "your own costs of paths: [paths] in portfolio.toml" if is_default else "lower costs, or larger losses"
    return _refused("not_worth_it", because, costs)


def _refused(code: str, because: str, remedy: str) -> Refusal:
    return Refusal(code, "the pilot to run next", because, remedy)
