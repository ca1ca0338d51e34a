"""The pilot to run next: what is tried, on which asset, judged by what; or why the records cannot carry one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, PilotNext
from fourwalls.figures import Estimate, Refusal
from fourwalls.information import most_worth_knowing
from fourwalls.planning.doers import Doer, doers

ACTED_ON = ("operate", "orchestrate", "operate then orchestrate", "govern first")
# Placebo inference of the pilot room asks for so many units that nothing is done to.
LEAST_CONTROLS = 5
# Standard deviations of a normal between its first and its last tenth.
_P10_TO_P90 = 2.563
OUTCOMES = {"service": ("otif_share", "on time in full"), "stock": ("value_amount", "order value")}
"""Flow → measure by asset and week that shows it."""


def first_doer(asset: AssetDiagnosis) -> Doer | None:
    """Whose stage the first pilot is about: ours where we operate first, else the partner's; None where nothing is lost."""
    ours, theirs = doers(asset, "inside"), doers(asset, "between")
    order = (ours, theirs) if asset.verdict.startswith("operate") else (theirs, ours)
    return next((side[0] for side in order if side), None)


def pilot_of(
    asset: AssetDiagnosis, others: int, assets: Sequence[AssetDiagnosis] = (), needs_data: bool = False
) -> PilotNext | Refusal:
    """The pilot to run next on an asset; refused, too, where the path loses and to know for sure would be worth less than it takes.

    Args:
        asset: Its diagnosis.
        others: Assets beside it, with which it could be compared.
        assets: All of them: what a pilot tells here serves those that lose by the same stage and party on the same path.
        needs_data: Whether the portfolio is read with --data.
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
    alike = [asset, *(a for a in assets if a.name != asset.name and _is_alike(a, path, doer))]
    worth = _at_most(path, alike)
    if isinstance(worth, Refusal):
        return worth
    outcome, words = OUTCOMES[doer.flow]
    whose = "our own" if doer.wall == "inside" else f"{doer.party_name}'s"
    return PilotNext(
        path, asset.name, others, outcome, doer.stage, doer.party_name,
        ("fourwalls", "pilot", "design", "--portfolio", "FOLDER", *(("--data", "DATA") if needs_data else ()), "--asset", asset.name),
        f"Try {whose} {doer.stage} here first: it costs {doer.told}. Judged by {words}, week by week, against {others} other assets. {worth}".strip(),
    )  # fmt: skip


def _is_alike(other: AssetDiagnosis, path: str, doer: Doer) -> bool:
    """Whether the same pilot would tell of another asset: the same stage of the same party on the same path."""
    if other.verdict not in ACTED_ON or not any(p.path == path for p in other.paths):
        return False
    mine = first_doer(other)
    return mine is not None and (mine.stage, mine.wall, mine.party_id) == (doer.stage, doer.wall, doer.party_id)


def _at_most(path: str, alike: Sequence[AssetDiagnosis]) -> str | Refusal:
    """What is to be said of a pilot's worth: "" where it may bring more than it takes, or nothing is priced.

    Where even to know for sure would be worth less than it takes to begin: that no pilot has to come first if the path pays; a
    refusal if it does not.
    """
    known = [p for a in alike for p in a.paths if p.path == path]
    values = [p.value for p in known if isinstance(p.value, Estimate)]
    if not values or len(values) < len(known):
        return ""
    # What is uncertain here is uncertain there: spreads of alike assets are added up, rather too wide than too narrow.
    mean, sd = sum(v.value for v in values), sum(v.high - v.low for v in values) / _P10_TO_P90
    most, begin, unit = most_worth_knowing(mean, sd), known[0].one_off, values[0].unit
    if most >= begin:
        return ""
    told = f"to know for sure would be worth {unit} {most:,.0f} at most, and to begin takes {unit} {begin:,.0f}"
    if mean > 0:
        return f"No pilot has to come first: {told}. Measure it as you begin."
    costs = (
        "your own costs of paths: [paths] in portfolio.toml" if known[0].is_default else "lower costs, or larger losses"
    )
    return _refused("not_worth_it", f"to {path} is expected to lose {unit} {-mean:,.0f} after its costs; {told}", costs)


def _refused(code: str, because: str, remedy: str) -> Refusal:
    return Refusal(code, "the pilot to run next", because, remedy)
