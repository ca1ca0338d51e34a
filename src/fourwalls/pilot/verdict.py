"""The verdict of a pilot, by the rule that was frozen before it started."""

from __future__ import annotations

from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot.plan import Plan
from fourwalls.pilot.result import Answer, Evaluation, PilotVerdict
from fourwalls.pilot.told import number

SCALE: dict[str, Answer] = {"orchestrate": "scale orchestration", "operate": "expand the inside fix"}


def rules(smallest_worth: float, outcome: str, path: str, most_length: int) -> tuple[str, ...]:
    """The decision rule in sentences, in the order in which it is asked."""
    side = "above" if smallest_worth >= 0 else "below"
    return (
        "1. A guardrail is breached: stop.",
        "2. The effect cannot be told: extend while time is left, else stop.",
        "3. Before the end, and the interval of this look includes no effect: go on.",
        f"4. The whole interval lies on the good side of no effect, and the effect is {number(smallest_worth)} {outcome} or {side}: {SCALE[path]}.",
        f"5. The whole interval lies short of {number(smallest_worth)} {outcome}: stop.",
        f"6. Else extend, up to {most_length} periods in all; then stop.",
    )


def judge(found: Evaluation, plan: Plan, elapsed: int, *, may_decide: bool) -> PilotVerdict:
    """The verdict by the frozen rule.

    Args:
        found: What the pilot has shown, at the level of this look.
        plan: The frozen plan.
        elapsed: Periods since the start.
        may_decide: Whether this is a planned look, or the end.
    """
    effect = found.effect
    texts = plan.rules
    short = elapsed < plan.most_length
    breached = [g for g in found.guardrails if g.state == "breached"]

    def verdict(answer: Answer, sentence: str, rule: int) -> PilotVerdict:
        return PilotVerdict(answer, sentence, texts[rule - 1], plan.expected)

    if breached:
        return verdict(
            "stop", f"Stop: {breached[0].outcome} suffered more than was allowed ({_range(breached[0].effect)}).", 1
        )
    if isinstance(effect, Refusal):
        answer: Answer = "extend" if short else "stop"
        return verdict(answer, f"{answer.capitalize()}: the effect cannot be told, because {_lower(effect.because)}", 2)
    sign = 1.0 if plan.smallest_worth >= 0 else -1.0
    low, high = sorted((sign * effect.low, sign * effect.high))
    value, worth = sign * effect.value, abs(plan.smallest_worth)
    said = f"{number(effect.value)} {found.outcome} ({_range(effect)})"
    if elapsed < plan.length and (not may_decide or low <= 0 <= high):
        why = (
            "the interval of this look still includes no effect"
            if may_decide
            else "no look was planned now, and looking often makes chance look like an effect"
        )
        return verdict("go on", f"Go on: {elapsed} of {plan.length} periods are in; {why}.", 3)
    if low > 0 and value >= worth:
        scale = SCALE[plan.hypothesis.path]
        return verdict(
            scale,
            f"{scale[0].upper()}{scale[1:]}: the effect is {said}, at least the {number(plan.smallest_worth)} it takes.",
            4,
        )
    if high < worth:
        return verdict(
            "stop", f"Stop: the effect is {said}, all of it short of the {number(plan.smallest_worth)} it takes.", 5
        )
    answer = "extend" if short else "stop"
    after = f"; up to {plan.most_length} periods" if short else ", and the longest time agreed is over"
    return verdict(answer, f"{answer.capitalize()}: the effect is {said}, which settles neither way{after}.", 6)


def _range(effect: Estimate | Refusal) -> str:
    return f"{number(effect.low)} to {number(effect.high)}" if isinstance(effect, Estimate) else effect.because


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
