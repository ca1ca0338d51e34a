"""Which method carries the answer: the one that is least noisy on the untreated, unless it plainly fails on the treated.

Every method is asked, with the data until some periods before the start, what effect it sees in those periods, in which
nothing had been done. Rules, in order:

1. One period before: DiD, the only method that needs no more.
2. Too short a record to hold periods out: DiD; with several starts Callaway–Sant'Anna.
3. A method that sees an effect there of three times its noise or more is passed over, where another does not.
4. Else the method with the smallest noise there. Synthetic DiD (with several starts Callaway–Sant'Anna) stays unless
   another is a tenth less noisy.

What a method finds on the treated before the start does not decide otherwise: to take the one that looks best there would
take its luck for skill, and make ranges too narrow (Roth 2022, "Pretest with caution", AER: Insights 4; measured in
docs/pilots.md). It widens the range instead. Nothing after the start is looked at. Plain synthetic control and the ridge
correction are shown beside, never chosen: the one has no remedy for a difference in level, the other extrapolates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fourwalls.figures import Refusal
from fourwalls.pilot.inference import measured_noise
from fourwalls.pilot.methods import LABELS, Cohort, Grid, Method, fit
from fourwalls.pilot.weights import Floats, Ints

_LEAST_LEFT = 3
_BETTER = 0.9
_FAILS = 3.0
_BLOCK: tuple[Method, ...] = ("sdid", "did", "trend", "ascm")
_STAGGERED: tuple[Method, ...] = ("cs", "did", "sdid")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a method found in the last periods before the start, where nothing had been done.

    Attributes:
        effect: On the treated [outcome].
        se: Its noise [outcome].
        ratios: How far it errs there on the treated beside each placebo, shape (placebos,); None without placebos.
    """

    effect: float
    se: float
    ratios: Floats | None

    @property
    def widening(self) -> float:
        """By how much intervals are widened: never less than 1."""
        return max(1.0, abs(self.effect) / self.se) if self.se > 0 else 1.0

    @property
    def fails(self) -> bool:
        """Whether the method plainly sees an effect where there was none."""
        return self.widening >= _FAILS


def offered(cohorts: Sequence[Cohort], controls: Ints) -> tuple[Method, ...]:
    """Methods that can be run on such a panel, in the order they are shown."""
    start = min(c.start for c in cohorts)
    if len(cohorts) > 1:
        return ("did", "cs", "sdid") if start >= _LEAST_LEFT else ("did", "cs")
    if start < 2 or len(controls) < 2:
        return ("did",)
    return ("did", "trend", "sc", "ascm", "ridge", "sdid") if start >= _LEAST_LEFT else ("did", "sc", "ascm", "sdid")


def held_out_cohorts(cohorts: Sequence[Cohort], periods: int) -> list[Cohort] | None:
    """The same units beginning earlier and ending before they really begin; None if the record is too short."""
    found = []
    for cohort in cohorts:
        length = min((cohort.end or periods) - cohort.start, max(1, cohort.start // 3))
        if cohort.start - length < _LEAST_LEFT:
            return None
        found.append(Cohort(cohort.start - length, cohort.units, cohort.start))
    return found


def hold_out(method: Method, grid: Grid, cohorts: Sequence[Cohort], controls: Ints, seed: int) -> HeldOut | None:
    """What the method sees in the last periods before the start; None if it cannot be told."""
    earlier = held_out_cohorts(cohorts, grid.outcomes.shape[1])
    if earlier is None:
        return None
    found = fit(method, grid, earlier, controls)
    noise = measured_noise(method, grid, earlier, controls, found, seed)
    return None if isinstance(noise, Refusal) else HeldOut(found.att, noise.se, noise.ratios)


def choose(
    held_out: Mapping[Method, HeldOut | None], cohorts: Sequence[Cohort], offer: Sequence[Method]
) -> tuple[Method, str]:
    """The method that carries the answer, and why, in a sentence."""
    staggered = len(cohorts) > 1
    if min(c.start for c in cohorts) == 1 and not staggered:
        return "did", "There is one period before the start; DiD needs no more."
    usual: Method = "cs" if staggered else "sdid"
    told = {m: h for m in (_STAGGERED if staggered else _BLOCK) if m in offer and (h := held_out.get(m))}
    if usual not in told:
        short: Method = "cs" if staggered else "did"
        return (
            short,
            "The record before the start, or the number of controls, is too small to try methods out; the plainest is taken.",
        )
    sound = {m: h for m, h in told.items() if not h.fails} or told
    best = min(sound, key=lambda m: sound[m].se)
    if usual not in sound:
        return best, (
            f"{LABELS[usual]} plainly sees an effect on the treated before the start, where there was none; "
            f"{LABELS[best]} is the least noisy of those that do not."
        )
    if best != usual and sound[best].se < _BETTER * sound[usual].se:
        return best, (
            f"{LABELS[best]} is the least noisy on units where nothing was done: "
            f"{sound[best].se / sound[usual].se:.0%} of the noise of {LABELS[usual]}."
        )
    return usual, f"{LABELS[usual]} is the default, and no other method is a tenth less noisy where nothing was done."
