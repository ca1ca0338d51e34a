"""Four mistakes leaders commonly make, as rules over one diagnosis: each says when it fires and by which readings."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Literal, TypeGuard

from fourwalls.diagnosis import AssetDiagnosis, Availability, Guardrail, SignalReading
from fourwalls.figures import Estimate, Refusal
from fourwalls.planning.doers import between_shares
from fourwalls.portfolio import SignalThresholds

State = Literal["fires", "quiet", "cannot tell"]
Look = Callable[[AssetDiagnosis, SignalThresholds], tuple[State, str]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake.

    Attributes:
        name, label: Which.
        rule: When it fires, in words.
        remedy: What to do then.
        look: The state it is in for an asset, and the readings that say so.
    """

    name: str
    label: str
    rule: str
    remedy: str
    look: Look


def guardrails(asset: AssetDiagnosis, thresholds: SignalThresholds) -> tuple[Guardrail, ...]:
    """The four mistakes, looked for in one diagnosis.

    Args:
        asset: Its diagnosis.
        thresholds: What counts as a clear split.
    """
    found = []
    for m in MISTAKES:
        state, because = m.look(asset, thresholds)
        found.append(Guardrail(m.name, m.label, m.rule, state, because, m.remedy if state == "fires" else ""))
    return tuple(found)


def _execution(asset: AssetDiagnosis, t: SignalThresholds) -> tuple[State, str]:
    shares = between_shares(asset)
    leans = [s.lean for s in asset.signals if s.how == "measured"]
    operate, orchestrate = leans.count("operate"), leans.count("orchestrate")
    if not shares and not leans:
        return "cannot tell", "Nothing shows on which side of the wall the loss lies."
    parts = ", ".join(f"{100 * s:.0f} % of what is lost{_in(unit, shares)}" for unit, s in shares.items())
    told = f"{parts or '0 % of what is lost'} lies between walls; {operate} measured lines lean to operate, {orchestrate} to orchestrate."
    if asset.verdict != "operate":
        return "quiet", f"{told} The verdict is not to operate alone."
    # What cannot be added up lies clearly between walls only if every kind of it does.
    wrong = (len(shares) > 0 and min(shares.values()) >= t.clear_share) or orchestrate > operate + 1
    return ("fires" if wrong else "quiet"), told


def _in(unit: str, shares: Sized) -> str:
    return f" in {unit}" if len(shares) > 1 else ""


def _ungoverned(asset: AssetDiagnosis, _: SignalThresholds) -> tuple[State, str]:
    if asset.verdict == "govern first":
        return "quiet", "Open rules are closed before partners are asked for more: that is the verdict."
    if asset.verdict not in ("orchestrate", "operate then orchestrate"):
        return "quiet", "No partner is asked for more."
    ready = asset.governance
    if ready is None or isinstance(ready.share, Refusal):
        return "cannot tell", "No contract says how far the rules with these partners are settled."
    holes = [h for h in ready.holes if h.blocks]
    told = f"{100 * ready.share:.0f} % of the rules with its partners are settled"
    if not holes:
        return "quiet", f"{told}; none that is required is open."
    return "fires", f"{told}; required and open: {holes[0].party_name}: {holes[0].question}"


def _inputs(asset: AssetDiagnosis, _: SignalThresholds) -> tuple[State, str]:
    outcomes = [r.label for r in asset.readings if isinstance(r.figure, Estimate)]
    if isinstance(asset.availability, Availability) and isinstance(asset.availability.lost, Estimate):
        outcomes.append("Sales lost to empty shelves")
    activity = [r.label for r in asset.evidence if isinstance(r.figure, Estimate)]
    if outcomes:
        return "quiet", f"{len(outcomes)} outcomes are measured, {outcomes[0]} first."
    if activity:
        return "fires", f"{len(activity)} readings tell of activity ({activity[0]} first), none of an outcome."
    return "cannot tell", "Neither activity nor outcomes are measured."


def _automation(asset: AssetDiagnosis, _: SignalThresholds) -> tuple[State, str]:
    lines = {s.name: s for s in asset.signals}
    status, speed = lines.get("status_work"), lines.get("speed")
    if not _is_measured(status) or not _is_measured(speed):
        return "cannot tell", "Status work or the wait for decisions is not measured."
    told = f"{status.because} {speed.because}"
    if status.lean == "neither":
        return "quiet", told
    # Work on states costs money, yet no decision waits for it.
    return ("fires" if speed.lean == "neither" else "quiet"), told


def _is_measured(line: SignalReading | None) -> TypeGuard[SignalReading]:
    return line is not None and line.how == "measured"


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "execution_cure", "An execution cure for a problem of the model",
        "The verdict is to operate alone, and the clear part of the loss (of each kind that is not priced, too) lies between walls, or measured lines lean to orchestrate by two or more.",
        "Ask what would have to be true of partners, channels or systems before more discipline is asked of our own people.",
        _execution,
    ),
    Mistake(
        "orchestrate_ungoverned", "Orchestrating before the rules are ready",
        "A path leads to partners, and a required rule with one that matters is open.",
        "Close the required rules before partners are asked for more; operate meanwhile.",
        _ungoverned,
    ),
    Mistake(
        "inputs_measured", "Measuring activity in the place of outcomes",
        "Readings of activity are there, and none of an outcome (on time in full, fill rate, sales lost).",
        "Record an outcome before anything is started: else nothing can show that it paid.",
        _inputs,
    ),
    Mistake(
        "idle_automation", "Automation that changes no decision",
        "Status work costs enough to count, and no decision waits for it.",
        "Name the decision that would be made sooner or better; automate for that one, or not at all.",
        _automation,
    ),
)  # fmt: skip
"""In the order the page shows them."""
