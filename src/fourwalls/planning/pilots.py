"""The pilot to run next: what is tried, on which asset, judged by what; or why the records cannot carry one."""

from __future__ import annotations

from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, PilotNext
from fourwalls.figures import Refusal
from fourwalls.planning.doers import Doer, doers

ACTED_ON = ("operate", "orchestrate", "operate then orchestrate", "govern first")
# Placebo inference of the pilot room asks for so many units that nothing is done to.
LEAST_CONTROLS = 5
OUTCOMES = {"service": ("otif_share", "on time in full"), "stock": ("value_amount", "order value")}
"""Flow → measure by asset and week that shows it."""


def first_doer(asset: AssetDiagnosis) -> Doer | None:
    """Whose stage the first pilot is about: ours where we operate first, else the partner's; None where nothing is lost."""
    ours, theirs = doers(asset, "inside"), doers(asset, "between")
    order = (ours, theirs) if asset.verdict.startswith("operate") else (theirs, ours)
    return next((side[0] for side in order if side), None)


def pilot_of(asset: AssetDiagnosis, others: int) -> PilotNext | Refusal:
    """The pilot to run next on an asset.

    Args:
        asset: Its diagnosis.
        others: Assets beside it, with which it could be compared.
    """
    if asset.verdict not in ACTED_ON:
        because = f"the verdict is '{asset.verdict}', so nothing is to be tried yet"
        return _refused("nothing_to_try", because, asset.next_step)
    doer = first_doer(asset)
    if doer is None:
        return _refused("nothing_lost", "no stage is known to lose anything", "what is named as unknown")
    if doer.flow not in OUTCOMES:
        because = f"what {doer.stage} costs is not recorded by asset and week, so nothing could judge the pilot"
        return _refused(
            "no_weekly_outcome", because, "a history of its cost by unit and week: pilot design HISTORY.csv"
        )
    if others < LEAST_CONTROLS:
        because = (
            f"there are {others} other assets to compare with; {LEAST_CONTROLS} are needed to learn what chance does"
        )
        return _refused(
            "too_few_controls", because, "a finer grain of assets, or a history by store, region or channel"
        )
    path: Literal["operate", "orchestrate"] = "operate" if doer.wall == "inside" else "orchestrate"
    outcome, words = OUTCOMES[doer.flow]
    whose = "our own" if doer.wall == "inside" else f"{doer.party_name}'s"
    return PilotNext(
        path, asset.name, others, outcome, doer.stage, doer.party_name,
        ("fourwalls", "pilot", "design", "--portfolio", "FOLDER", "--asset", asset.name),
        f"Try {whose} {doer.stage} here first: it costs {doer.told}. Judged by {words}, week by week, against {others} other assets.",
    )  # fmt: skip


def _refused(code: str, because: str, remedy: str) -> Refusal:
    return Refusal(code, "the pilot to run next", because, remedy)
