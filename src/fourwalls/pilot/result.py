"""What a pilot has shown: frozen figures that surfaces render, and whose `repr` is the result."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from typing import Literal

import pyarrow as pa

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.pilot.choice import HeldOut
from fourwalls.pilot.inference import LEAST_JACKKNIFE
from fourwalls.pilot.methods import LABELS, Method
from fourwalls.pilot.periods import Time

Answer = Literal["scale orchestration", "expand the inside fix", "stop", "extend", "go on"]
GuardrailState = Literal["held", "breached", "unsure"]


@dataclass(frozen=True, slots=True)
class MethodResult:
    """What one method says.

    Attributes:
        method: Which; `label` is its name as read.
        effect: Mean effect over treated unit-periods (ATT) with its interval [outcome]; or why it is refused.
        point: The same without an interval, None where the method cannot run.
        se: Standard error [outcome]: of placebos as papers print it (ddof 1), or of the jackknife; None if there is none.
        p_value: Two-sided, of no effect; None where the effect has no interval.
        rank_p: Rank of the treated among placebos by the ratio of their errors after and before the start, as a p-value
            (Abadie, Diamond and Hainmueller 2010); None without placebos of one start.
        lift: Effect as a share of what would have been.
        total: Effect summed over all treated unit-periods [outcome].
        inference: By what the interval was made.
        widened: Factor by which the interval was widened for what the method wrongly saw before the start; 1 if not.
        held_out: What that was; None if the record is too short.
        pre_error: Root mean squared gap before the start [outcome].
        weights: Controls with their weight, heaviest first.
        period_weights: Periods before with their weight, heaviest first.
    """

    method: Method
    effect: Figure
    point: float | None
    se: float | None
    p_value: float | None
    rank_p: float | None
    lift: Figure
    total: Figure
    inference: str
    widened: float
    held_out: HeldOut | None
    pre_error: float | None
    weights: tuple[tuple[str, float], ...]
    period_weights: tuple[tuple[Time, float], ...]

    @property
    def label(self) -> str:
        """Its name as read."""
        return LABELS[self.method]


@dataclass(frozen=True, slots=True)
class Check:
    """A condition of believing the result.

    Attributes:
        name: As a leader reads it.
        passed: True, False, or None where it cannot be told.
        finding: What was seen.
        consequence: What follows from it.
    """

    name: str
    passed: bool | None
    finding: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One period of the event study.

    Attributes:
        since: Periods since the start; 0 is the first treated one.
        when: Its name, where all units begin together; else None.
        observed: Treated mean [outcome]; None with several starts.
        counterfactual: What it would have been [outcome]; None with several starts.
        gap: Observed minus counterfactual [outcome].
        low, high: Its interval; None where there is none.
        total, total_low, total_high: Gaps added up since the start, with their interval [outcome]; None before it, or with
            several starts.
    """

    since: int
    when: Time | None
    observed: float | None
    counterfactual: float | None
    gap: float
    low: float | None
    high: float | None
    total: float | None = None
    total_low: float | None = None
    total_high: float | None = None


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A measure that must not suffer.

    Attributes:
        outcome: Its column.
        tolerance: How far it may move to the bad side; negative: it may fall so far; positive: it may rise so far.
        effect: What the pilot did to it.
        state: held, breached, or unsure.
    """

    outcome: str
    tolerance: float
    effect: Figure
    state: GuardrailState


@dataclass(frozen=True, slots=True)
class PortfolioLift:
    """Unit lift + spill-over = portfolio lift, summed over the periods after the start [outcome].

    Attributes:
        units: On the treated.
        spill_over: On those exposed: they share customers or stock with the treated and are no controls.
        portfolio: Both together.
    """

    units: Figure
    spill_over: Figure
    portfolio: Figure


@dataclass(frozen=True, slots=True)
class PilotVerdict:
    """What to do, by the frozen rule.

    Attributes:
        answer: Scale orchestration, expand the inside fix, stop, extend; or go on, at an interim look.
        sentence: The verdict in a sentence.
        rule: The rule that fired.
        predicted: Effect that was expected [outcome]; None without a plan.
    """

    answer: Answer
    sentence: str
    rule: str
    predicted: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a pilot has shown.

    Attributes:
        outcome, time: Names of the columns.
        treated: Names of the treated units.
        controls: How many untreated units it is compared with.
        starts: First treated period of each cohort.
        periods_before, periods_after: How many.
        observed: Mean outcome of the treated since the start [outcome].
        chosen: Method that carries the answer; `why` says why.
        methods: All that could be run, side by side.
        checks: Conditions of believing it.
        events: The event study of the chosen method.
        band: How the event study's interval was made.
        conformal_p: p-value of no effect by conformal test; or why there is none.
        jackknife: Why there is no jackknife; None where it is possible.
        treatment_on_treated: Effect on those that really took part (Bloom; Wald); None if compliance was not given.
        guardrails: Measures that must not suffer.
        portfolio: Lift with spill-over; None if nobody was named as exposed.
        worth: Effect in money; None without a value of one unit of outcome.
        verdict: By the frozen rule; None without a plan.
        level: Coverage of the intervals.
        notes: What was done to the panel on the way.
    """

    outcome: str
    time: str
    treated: tuple[str, ...]
    controls: int
    starts: tuple[Time, ...]
    periods_before: int
    periods_after: int
    observed: float
    chosen: Method
    why: str
    methods: tuple[MethodResult, ...]
    checks: tuple[Check, ...]
    events: tuple[Moment, ...]
    band: str
    conformal_p: float | Refusal
    jackknife: Refusal | None
    treatment_on_treated: Figure | None
    guardrails: tuple[Guardrail, ...]
    portfolio: PortfolioLift | None
    worth: Figure | None
    verdict: PilotVerdict | None
    level: float
    notes: tuple[str, ...]

    def __getitem__(self, method: str) -> MethodResult:
        """The result of one method: did, trend, sc, ascm, ridge, sdid, cs."""
        for result in self.methods:
            if result.method == method:
                return result
        raise KeyError(f"{method}: not among {', '.join(r.method for r in self.methods)}")

    @property
    def effect(self) -> Figure:
        """The answer: mean effect on the treated, by the chosen method."""
        return self[self.chosen].effect

    @property
    def sure_by(self) -> str:
        """By which inference the interval is made, and why by that; "" where there is none. The rules: docs/pilots.md."""
        treated, how = len(self.treated), self[self.chosen].inference
        if how == "jackknife":
            return f"Jackknife: each of {treated} treated and {self.controls} control units, or block of them, is left out in turn."
        if how == "conformal":
            return (
                f"Conformal: {self.controls} controls are too few to stand in for the treated, so the treated are compared "
                "with their own past, in blocks as long as the pilot."
            )
        if how != "placebo":
            return ""
        few = f"there are fewer than {LEAST_JACKKNIFE} treated units to leave out one by one"
        why = few if treated < LEAST_JACKKNIFE else "not every start has two treated units, or controls are few"
        own = (
            " The conformal test, which compares the treated with their own past only, takes a shock that hit other units too "
            "for an effect: it stands beside, and decides only where controls are too few."
            if isinstance(self.conformal_p, float)
            else ""
        )
        return f"Placebo: the method is run on controls in the place of the treated, because {why}.{own}"

    @property
    def counterfactual(self) -> Figure:
        """Mean outcome of the treated since the start as it would have been [outcome]."""
        effect = self.effect
        if isinstance(effect, Refusal):
            return effect
        at = self.observed
        return Estimate(at - effect.value, at - effect.high, at - effect.low, effect.unit, effect.level)

    def path(self) -> pa.Table:
        """The event study as a table, one row for each period: what a plot of one's own is drawn from."""
        return pa.table({f.name: [getattr(m, f.name) for m in self.events] for f in fields(Moment)})

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value of no effect, by the chosen method."""
        return self[self.chosen].p_value

    @property
    def lift(self) -> Figure:
        """The effect as a share of what would have been."""
        return self[self.chosen].lift

    @property
    def total(self) -> Figure:
        """The effect summed over all treated unit-periods."""
        return self[self.chosen].total

    def __repr__(self) -> str:
        from fourwalls.pilot.told import told

        return told(self)

    def _repr_html_(self) -> str:
        # A notebook asks the result to show itself: the one import against the order, as in `Diagnosis`.
        shown: str = import_module("fourwalls.surfaces.page.pilot").fragment(self)
        return shown


def figure_at(value: float, half: float, unit: str, level: float) -> Estimate:
    """An estimate with a symmetric interval."""
    return Estimate(value, value - half, value + half, unit, level)
