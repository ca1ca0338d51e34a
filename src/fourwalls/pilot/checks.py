"""What must hold before a pilot's result is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from fourwalls.figures import Refusal
from fourwalls.pilot.choice import HeldOut
from fourwalls.pilot.inference import Noise
from fourwalls.pilot.methods import LABELS, Cohort, Fit, Grid, Method, fit
from fourwalls.pilot.panel import Panel
from fourwalls.pilot.result import Check
from fourwalls.pilot.told import number, p_value, signed
from fourwalls.pilot.weights import Ints

_DOUBT = 0.05
_MOST_SHIFT = 0.5


def parallel_trends(panel: Panel, grid: Grid) -> Check:
    """Whether treated and controls moved alike before the start: the slope of their difference against the controls' own."""
    name = "Treated and controls ran parallel before"
    starts = [c for c in panel.cohorts if c.start >= 3]
    if not starts or len(panel.controls) < 3:
        return Check(
            name, None, "Fewer than three periods before, or three controls: it cannot be seen.", "DiD rests on belief."
        )
    slope, noise = 0.0, 0.0
    sizes = np.array([len(c.units) for c in starts], dtype=np.float64)
    for share, cohort in zip(sizes / sizes.sum(), starts, strict=True):
        when = np.arange(cohort.start) - (cohort.start - 1) / 2
        slopes = grid.outcomes[:, : cohort.start] @ when / (when @ when)
        others = slopes[panel.controls]
        slope += share * float(slopes[cohort.units].mean() - others.mean())
        noise += share**2 * float(others.var(ddof=1)) * (1 / len(cohort.units) + 1 / len(others))
    p = float(2 * stats.t.sf(abs(slope) / max(noise, 1e-300) ** 0.5, len(panel.controls) - 1)) if slope else 1.0
    finding = f"their difference moved by {signed(slope)} a period before the start (p {p_value(p)})."
    return Check(
        name,
        p >= _DOUBT,
        finding,
        "" if p >= _DOUBT else "Plain DiD would carry that on; it is not to be trusted here.",
    )


def before_start(method: Method, held_out: HeldOut | None) -> Check:
    """Whether the chosen method sees an effect where nothing had been done."""
    name = "Nothing is seen before the start"
    if held_out is None:
        return Check(name, None, "The record before the start is too short to hold periods out.", "")
    ratio = abs(held_out.effect) / held_out.se if held_out.se > 0 else 0.0
    finding = f"{LABELS[method]} finds {signed(held_out.effect)} in the last periods before, {ratio:.1f} times its noise there."
    widened = f"Intervals are {held_out.widening:.1f} times as wide for it." if held_out.widening > 1.05 else ""
    return Check(name, ratio < 2, finding, widened)


def pre_fit(real: Fit, noise: Noise | Refusal) -> Check:
    """Whether the counterfactual follows the treated before the start as well as it follows the controls."""
    name = "The counterfactual fits before the start"
    if isinstance(noise, Refusal) or not noise.gaps.size:
        return Check(
            name, None, f"Its error there is {number(real.pre_error)}; there are no placebos to compare it with.", ""
        )
    errors = np.sqrt((noise.gaps[:, real.moments < 0] ** 2).mean(axis=1))
    share = float((errors >= real.pre_error).mean())
    finding = (
        f"its error there is {number(real.pre_error)}; the middle placebo's is {number(float(np.median(errors)))}."
    )
    bad = share < _DOUBT and real.pre_error > 1.5 * float(np.median(errors))
    return Check(
        name,
        not bad,
        finding,
        "The treated are unlike any mix of controls: read the size of the effect with care." if bad else "",
    )


def hull_refusal(grid: Grid, cohort: Cohort, controls: Ints) -> Refusal | None:
    """Why no mix of controls can reach the treated's level, if so."""
    before = grid.outcomes[:, : cohort.start]
    treated, donors = before[cohort.units].mean(axis=0), before[controls]
    above, below = float((treated > donors.max(axis=0)).mean()), float((treated < donors.min(axis=0)).mean())
    if max(above, below) <= 0.5:
        return None
    where, side = ("above", "highest") if above > below else ("below", "lowest")
    return Refusal(
        "no_donor_hull",
        "synthetic control",
        f"The treated lie {where} the {side} control in {max(above, below):.0%} of the periods before: no mix of controls reaches their level.",
        "Use synthetic control with fixed effects, synthetic DiD or DiD, which compare changes; or an outcome per head or store.",
    )


def donor_dependence(method: Method, grid: Grid, panel: Panel, real: Fit, noise: Noise | Refusal) -> Check:
    """Whether the answer hangs on one control: a rival campaign or a spill-over there would pass for the effect."""
    name = "No single control carries the answer"
    weights = -real.unit_weights[panel.controls]
    heaviest = int(weights.argmax())
    if len(panel.controls) < 4 or isinstance(noise, Refusal):
        return Check(name, None, "There are too few controls to leave one out and tell.", "")
    rest = np.delete(panel.controls, heaviest)
    moved = fit(method, grid, panel.cohorts, rest).att - real.att
    finding = f"without {panel.units[panel.controls[heaviest]]} (weight {weights[heaviest]:.0%}) the effect moves by {signed(moved)}."
    passed = abs(moved) <= _MOST_SHIFT * noise.se * 2
    return Check(name, passed, finding, "" if passed else "Look at what happened to that control after the start.")


def interference(exposed: Sequence[str]) -> Check:
    """Whether spill-over onto controls has been looked at."""
    name = "Controls are untouched by the pilot"
    if exposed:
        return Check(
            name,
            True,
            f"{len(exposed)} units named as exposed are no controls; their own change is told as spill-over.",
            "",
        )
    return Check(
        name,
        None,
        "no unit was named as exposed.",
        "If customers or stock can move between treated and controls, name those units as exposed: a loss of theirs would pass for lift.",
    )


def two_witnesses(by_units: float | None, by_record: float | Refusal, alpha: float) -> tuple[Check, ...]:
    """Whether other units and the treated's own record say the same of chance; they ask different questions."""
    if by_units is None or isinstance(by_record, Refusal):
        return ()
    name = "Other units and its own record agree"
    finding = f"chance does as much with p {p_value(by_units)} by other units, with p {p_value(by_record)} by the treated's own record."
    if (by_units <= alpha) == (by_record <= alpha):
        return (Check(name, True, finding, ""),)
    if by_record <= alpha:
        why = "Untreated units have moved as much since the start: what is unusual for the treated is not unusual for its time. The answer keeps to the units."
    else:
        why = "The treated's own record swings as much; the units it is compared with do not. The answer keeps to the units."
    return (Check(name, None, finding, why),)
