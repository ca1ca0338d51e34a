"""From a history to a frozen plan: who, against whom, how long, what would be seen, and whether it is worth it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fourwalls.errors import PanelError, did_you_mean, listed
from fourwalls.figures import Refusal
from fourwalls.pilot import verdict
from fourwalls.pilot.columns import read_table
from fourwalls.pilot.evaluation import without_units
from fourwalls.pilot.inference import LEAST_CONTROLS
from fourwalls.pilot.methods import LABELS, Cohort, Grid, Method, fit
from fourwalls.pilot.panel import Panel, read_panel
from fourwalls.pilot.periods import Time
from fourwalls.pilot.plan import Hypothesis, Path_, Plan
from fourwalls.pilot.power import LEAST_BEFORE, Past, pasts, windows
from fourwalls.pilot.weights import Floats, Ints
from fourwalls.resampling import LEVEL
from fourwalls.stakes import Stakes, Worth, weigh

MOST_CANDIDATES = 50
POWER = 0.8
_JUDGES: tuple[Method, ...] = ("sdid", "did", "ascm")
_BETTER = 0.9
_SUBSTITUTES = -0.5
_CURVE_POINTS = 25
_COMMON = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One set of units the pilot might be run on.

    Attributes:
        units: Names of its units.
        detectable: Minimum detectable effect at the length looked at [outcome], power 0.8.
        detectable_share: The same as a share of its own level.
        fit_error: Root mean squared held-out gap, as a share of its own level.
        false_positive_share: Share of placebo windows that would have called an effect.
        risks: Units that seem to gain when it loses (they may share customers or stock): no controls of it.
    """

    units: tuple[str, ...]
    detectable: float
    detectable_share: float
    fit_error: float
    false_positive_share: float
    risks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LengthOption:
    """One length the pilot might have.

    Attributes:
        length: Periods.
        detectable, detectable_share: Minimum detectable effect [outcome], and as a share.
        power: Chance of calling the expected effect; None without one.
        worth: Against acting now and doing nothing; None without stakes.
    """

    length: int
    detectable: float
    detectable_share: float
    power: float | None
    worth: Worth | None


@dataclass(frozen=True, slots=True)
class Design:
    """A pilot as proposed: the plan, and what it was chosen from.

    Attributes:
        plan: What is to be frozen.
        candidates: Sets of units that were looked at, best first, at a length of `compared_at` periods.
        lengths: Lengths that were looked at, for the best candidate.
        curve: Effect as a share, and the chance of calling it, for the length proposed.
        fit: Periods, what the treated did, and what their counterfactual says, over the history.
        weights: Controls with their weight, heaviest first.
        level: The treated's mean outcome [outcome].
        worth: The three ways on; or why they cannot be weighed.
        power_target: Power the minimum detectable effect is stated for.
        why_method: Why this method judges.
        notes: What was done to the history on the way.
        history: The history as it is kept beside the plan, as CSV.
    """

    plan: Plan
    candidates: tuple[Candidate, ...]
    compared_at: int
    lengths: tuple[LengthOption, ...]
    curve: tuple[tuple[float, float], ...]
    fit: tuple[tuple[Time, float, float], ...]
    weights: tuple[tuple[str, float], ...]
    level: float
    worth: Worth | Refusal
    power_target: float
    why_method: str
    notes: tuple[str, ...]
    history: str = field(repr=False)

    def __repr__(self) -> str:
        from fourwalls.pilot.told import told_design

        return told_design(self)

    def _repr_html_(self) -> str:
        from importlib import import_module

        shown: str = import_module("fourwalls.surfaces.page.pilot").fragment(self)
        return shown


@dataclass(frozen=True, slots=True)
class _Look:
    """A candidate with its past."""

    units: Ints
    gone: Ints
    risks: tuple[str, ...]
    past: Past


def design(
    panel: object,
    *,
    unit: str,
    time: str,
    outcome: str,
    candidates: Sequence[Sequence[str] | str] | None = None,
    sizes: Sequence[int] = (1, 2, 3),
    lengths: Sequence[int] | None = None,
    start: object = None,
    exposed: Mapping[str, Sequence[str]] | None = None,
    expected: tuple[float, float, float] | float | None = None,
    smallest_worth: float | None = None,
    path: Path_ = "orchestrate",
    stage: str = "",
    party: str = "",
    guardrails: Mapping[str, float] | None = None,
    looks: int = 0,
    unit_value: float | None = None,
    currency: str = "money",
    horizon: float | None = None,
    rollout_cost: float = 0.0,
    pilot_cost: float = 0.0,
    pilot_cost_per_period: float = 0.0,
    kept_cost: float = 0.0,
    rollout_base: float | None = None,
    words: str = "",
    method: Method | None = None,
    level: float = LEVEL,
    least_windows: int = 500,
    seed: int = 1,
) -> Design:
    """Which units to try it on, against which, how long, what would be seen, and whether it is worth it.

    Args:
        panel: The history, one row for each unit and period: pandas, polars, Arrow, or a path.
        unit, time, outcome: Names of its columns.
        candidates: Sets of units to choose from; default: every unit, and sets of `sizes` that are near the average.
        sizes: How many units a set has, where candidates are not given.
        lengths: Periods the pilot may run; default: about 5, 10, 15 and 20 % of the history.
        start: Name of the first treated period; default: the one after the history.
        exposed: For a unit, those that share customers or stock with it: they are no controls of it.
        expected: Effect as a share of the outcome, most likely or (low, mode, high); negative where a fall is wanted.
        smallest_worth: Smallest effect worth scaling, as a share; default: half of what is expected, else what can be seen.
        path: What is tried: orchestrate, or operate.
        stage, party: Where value is believed to be trapped, as the chain says.
        guardrails: Columns that must not suffer, and how far they may move: −0.01 for a fall, 0.5 for a rise.
        looks: How often to look in between.
        unit_value, currency: Money for one unit of outcome.
        horizon: Periods the change would pay; with unit_value and expected gives the worth of the pilot.
        rollout_cost, pilot_cost, pilot_cost_per_period: Money.
        kept_cost: Part of the rollout's cost that the pilot's has paid by then.
        rollout_base: Outcome, summed over all that would change, in one period; default: of all units of the history.
        words: The hypothesis in a sentence; default: made from path, stage, party and what is expected.
        method: Method that judges; default: the one with the least noise on the history.
        level: Coverage of the interval that judges.
        least_windows: Placebo windows behind each figure.
        seed: Of the placebo sets.

    Raises:
        PanelError: The history cannot be used.
    """
    three = _three(expected)
    table = read_table(panel)
    history = read_panel(table, unit=unit, time=time, outcome=outcome)
    for column in guardrails or {}:
        read_panel(table, unit=unit, time=time, outcome=column)
    grid = Grid(history.outcomes)
    options = _lengths(history, lengths)
    sets = _candidates(history, candidates, sizes, seed)
    gone = [_excluded(history, units, exposed or {}) for units in sets]
    judge, why = (
        (method, "It was asked for.") if method else _judge(grid, sets, gone, options[len(options) // 2], level, seed)
    )
    middle = options[len(options) // 2]
    found = pasts(judge, grid, sets, [g[0] for g in gone], middle, level=level, seed=seed, least_windows=least_windows)
    ranked = sorted(
        (_Look(u, g[0], g[1], p) for u, g, p in zip(sets, gone, found, strict=True)),
        key=lambda c: c.past.detectable(POWER) / max(_level(history, c.units), 1e-12),
    )
    best = ranked[0]
    by_length = {
        n: best.past
        if n == middle
        else pasts(judge, grid, [best.units], [best.gone], n, level=level, seed=seed, least_windows=least_windows)[0]
        for n in options
    }
    base = _level(history, best.units)
    stakes = _stakes(
        history, three, unit_value, currency, horizon, rollout_cost, pilot_cost, pilot_cost_per_period, kept_cost, rollout_base,
    )  # fmt: skip
    rows = tuple(_length_option(n, p, base, three, stakes) for n, p in by_length.items())
    row = _chosen_length(rows)
    past = by_length[row.length]
    worth_share = smallest_worth if smallest_worth is not None else (three[1] / 2 if three else row.detectable_share)
    names = tuple(history.units[i] for i in best.units)
    outside = tuple(history.units[i] for i in np.setdiff1d(best.gone, best.units))
    controls = tuple(u for u in history.units if u not in names and u not in outside)
    kept = _kept(table, unit, time, [outcome, *(guardrails or {})])
    most = 2 * row.length
    plan = Plan(
        hypothesis=_hypothesis(path, stage, party, three, outcome, names, words),
        unit=unit, time=time, outcome=outcome, treated=names, controls=controls, exposed=outside,
        start_name="" if start is None else str(start), length=row.length, most_length=most,
        looks=tuple(int(x) for x in np.unique(np.linspace(0, row.length, looks + 2)[1:-1].round()) if 0 < x < row.length),
        method=judge, level=level, smallest_worth=worth_share * base, detectable=row.detectable,
        expected=None if three is None else three[1] * base, power=row.power,
        false_positive_share=past.false_positive_share, windows=len(past.draws),
        guardrails=tuple((guardrails or {}).items()), unit_value=unit_value, currency=currency,
        rules=verdict.rules(worth_share * base, outcome, path, most),
        stop_rules=_stop_rules(guardrails or {}), seed=seed, history_sha256=hashlib.sha256(kept.encode()).hexdigest(),
    )  # fmt: skip
    return Design(
        plan=plan,
        candidates=tuple(_candidate(c, history) for c in ranked),
        compared_at=middle,
        lengths=rows,
        curve=_curve(past, base, three),
        fit=_fit(judge, grid, history, best, row.length),
        weights=_weights(judge, grid, history, best, row.length),
        level=base,
        worth=row.worth or _no_stakes(three, unit_value, horizon),
        power_target=POWER,
        why_method=why,
        notes=history.notes,
        history=kept,
    )


def _level(history: Panel, units: Ints) -> float:
    return abs(float(history.outcomes[units].mean()))


def _lengths(history: Panel, asked: Sequence[int] | None) -> list[int]:
    periods = len(history.times)
    lengths = sorted(set(asked)) if asked else sorted({max(1, round(periods * s)) for s in (0.05, 0.1, 0.15, 0.2)})
    usable = [n for n in lengths if n >= 1 and windows(periods, n)]
    if not usable:
        raise PanelError(
            f"The history has {periods} periods; a pilot of {min(lengths)} needs {LEAST_BEFORE + max(min(lengths), 1)} or more to be tried on the past.",
            "Give a longer history, shorter periods (weeks for months), or shorter lengths.",
        )
    if len(history.units) < LEAST_CONTROLS + 2:
        raise PanelError(
            f"The history has {len(history.units)} units; a pilot needs one to treat and {LEAST_CONTROLS + 1} others to learn what chance does.",
            "Give smaller units (stores for regions), so that there are more.",
        )
    return usable


def _candidates(
    history: Panel, given: Sequence[Sequence[str] | str] | None, sizes: Sequence[int], seed: int
) -> list[Ints]:
    if given is not None:
        known = {u: i for i, u in enumerate(history.units)}
        found = []
        for candidate in given:
            names = [candidate] if isinstance(candidate, str) else list(candidate)
            for name in names:
                if name not in known:
                    raise PanelError(
                        f"There is no unit '{name}'.{did_you_mean(name, known)}", f"Choose from {listed(known)}."
                    )
            found.append(np.unique([known[n] for n in names]))
        _refuse_large(found, history)
        return found
    rng = np.random.default_rng(seed)
    most = max(1, (len(history.units) - LEAST_CONTROLS) // 3)
    wanted = [s for s in sizes if 1 <= s <= most] or [1]
    return [pick for size in wanted for pick in _near_average(history, size, MOST_CANDIDATES // len(wanted), rng)]


def _refuse_large(sets: Sequence[Ints], history: Panel) -> None:
    for units in sets:
        if 3 * len(units) > len(history.units) + len(units):
            raise PanelError(
                f"A candidate has {len(units)} of {len(history.units)} units: too few are left to learn what chance does.",
                "Name smaller candidates.",
            )


def _near_average(history: Panel, size: int, most: int, rng: np.random.Generator) -> list[Ints]:
    """Sets whose changes follow those of all units best, among many drawn at random; all units if singles are few."""
    units = len(history.units)
    if size == 1 and units <= most:
        return [np.array([u]) for u in range(units)]
    centred = history.outcomes - history.outcomes.mean(axis=1, keepdims=True)
    centred = centred / np.maximum(centred.std(axis=1, keepdims=True), 1e-12)
    goal = centred.mean(axis=0)
    drawn = {tuple(np.sort(rng.permutation(units)[:size]).tolist()) for _ in range(20 * most)}
    ranked = sorted(drawn, key=lambda s: float(((centred[list(s)].mean(axis=0) - goal) ** 2).sum()))
    return [np.array(s) for s in ranked[:most]]


def _excluded(history: Panel, units: Ints, exposed: Mapping[str, Sequence[str]]) -> tuple[Ints, tuple[str, ...]]:
    """Units that cannot be controls of a candidate: named by the user, or seeming to gain when it loses."""
    known = {u: i for i, u in enumerate(history.units)}
    for name in {n for k, v in exposed.items() for n in (k, *v)}:
        if name not in known:
            raise PanelError(
                f"There is no unit '{name}' among the exposed.{did_you_mean(name, known)}",
                f"Choose from {listed(known)}.",
            )
    named = {known[n] for i in units for n in exposed.get(history.units[i], ())}
    named |= {known[k] for k, v in exposed.items() if {known[n] for n in v} & set(units.tolist())}
    seeming = _substitutes(history, units)
    everyone = np.setdiff1d(np.arange(len(history.units)), units)
    gone = np.array(sorted((named | seeming) - set(units.tolist())), dtype=np.int64)
    if len(np.setdiff1d(everyone, gone)) < LEAST_CONTROLS:
        gone = np.array(sorted(named - set(units.tolist())), dtype=np.int64)
    if len(np.setdiff1d(everyone, gone)) < LEAST_CONTROLS:
        raise PanelError(
            f"With its exposed units left out, '{history.units[units[0]]}' has fewer than {LEAST_CONTROLS} controls.",
            "Name fewer exposed units, or other candidates.",
        )
    return gone, tuple(history.units[i] for i in sorted(seeming | named))


def _substitutes(history: Panel, units: Ints) -> set[int]:
    """Units whose changes run clearly against the candidate's, once what moves everybody is taken off: demand may shift."""
    changes = np.diff(history.outcomes, axis=1)
    if changes.shape[1] < LEAST_BEFORE:
        return set()
    changes = changes - changes.mean(axis=1, keepdims=True)
    changes = changes / np.maximum(changes.std(axis=1, keepdims=True), 1e-12)
    # Seasons and common shocks load on units unlike; without taking them off, every flat unit would look like a rival.
    # A pair that trades demand makes an eigenvalue of 2 at most, so only larger ones are common.
    u, size, vt = np.linalg.svd(changes, full_matrices=False)
    chance = (1 + (len(changes) / changes.shape[1]) ** 0.5) ** 2
    common = min(_COMMON, int((size**2 / changes.shape[1] > max(3.0, chance)).sum()))
    changes = changes - (u[:, :common] * size[:common]) @ vt[:common]
    own = changes[units].mean(axis=0)
    scale = np.sqrt((changes**2).sum(axis=1) * (own**2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.where(scale > 0, changes @ own / scale, 0.0)
    # Beyond what chance gives the most extreme of so many units.
    chance = -np.sqrt(2 * np.log(2 * len(history.units)) / max(changes.shape[1], 1))
    return {int(i) for i in np.flatnonzero(correlation < min(_SUBSTITUTES, 1.2 * chance)) if i not in units}


def _judge(
    grid: Grid, sets: Sequence[Ints], gone: Sequence[tuple[Ints, tuple[str, ...]]], length: int, level: float, seed: int
) -> tuple[Method, str]:
    """The method with the least noise on the history, tried on a few candidates; synthetic DiD unless another is a tenth better."""
    few = range(0, len(sets), max(1, len(sets) // 4))
    noise = {}
    for method in _JUDGES:
        found = pasts(
            method,
            grid,
            [sets[i] for i in few],
            [gone[i][0] for i in few],
            length,
            level=level,
            seed=seed,
            least_windows=100,
        )
        noise[method] = float(np.mean([p.noise for p in found]))
    best = min(noise, key=lambda m: noise[m])
    if best != "sdid" and noise[best] < _BETTER * noise["sdid"]:
        return (
            best,
            f"On the history {LABELS[best]} is the least noisy: {noise[best] / noise['sdid']:.0%} of {LABELS['sdid']}.",
        )
    return "sdid", f"{LABELS['sdid']} is the default, and no other method is a tenth less noisy on the history."


def _three(expected: tuple[float, float, float] | float | None) -> tuple[float, float, float] | None:
    if expected is None:
        return None
    if isinstance(expected, int | float):
        _refuse_percent(expected)
        # Said without a range: taken as anything from nothing to twice as much.
        return (min(0.0, 2.0 * expected), float(expected), max(0.0, 2.0 * expected))
    low, mode, high = expected
    _refuse_percent(mode)
    if not low <= mode <= high or low == high:
        raise PanelError(
            f"Expected effect is {low}, {mode}, {high}; allowed: low <= most likely <= high.",
            "Give shares, e.g. 0.01, 0.03, 0.06.",
        )
    return low, mode, high


def _refuse_percent(share: float) -> None:
    if abs(share) > 1:
        raise PanelError(
            f"Expected effect is {share:g}, which is {share:+.0%} of the outcome; allowed: shares from -1 to 1.",
            f"Write {share / 100:g} for {share:g} %.",
        )


def _stakes(
    history: Panel,
    three: tuple[float, float, float] | None,
    unit_value: float | None,
    currency: str,
    horizon: float | None,
    rollout_cost: float,
    pilot_cost: float,
    pilot_cost_per_period: float,
    kept_cost: float,
    rollout_base: float | None,
) -> Stakes | None:
    if three is None or unit_value is None or horizon is None:
        return None
    base = float(history.outcomes.sum(axis=0).mean()) if rollout_base is None else rollout_base
    return Stakes(
        *three, base, unit_value, horizon, rollout_cost, pilot_cost, pilot_cost_per_period, currency, kept_cost
    )


def _no_stakes(three: object, unit_value: object, horizon: object) -> Refusal:
    given = {
        "what effect is expected": three,
        "what one unit of outcome is worth": unit_value,
        "for how many periods it would pay": horizon,
    }
    missing = [words for words, value in given.items() if value is None]
    said = " nor ".join(missing) if len(missing) < 3 else f"{missing[0]}, {missing[1]} nor {missing[2]}"
    return Refusal(
        "no_stakes",
        "worth of the pilot",
        f"What the pilot is worth is not known: nobody said {said}.",
        "Give expected, unit_value and horizon, and the costs (on the command line --expected, --unit-value, --horizon).",
    )


def _length_option(
    length: int, past: Past, base: float, three: tuple[float, float, float] | None, stakes: Stakes | None
) -> LengthOption:
    detectable = past.detectable(POWER)
    power = None if three is None else past.power(three[1] * base)
    worth = None if stakes is None else weigh(stakes, past.noise / base, length)
    return LengthOption(length, detectable, detectable / base, power, worth)


def _chosen_length(rows: Sequence[LengthOption]) -> LengthOption:
    """The length that is worth most; without stakes the shortest that would call the expected effect; else the most telling."""
    weighed = [(r.worth.pilot, r) for r in rows if r.worth is not None]
    if weighed:
        return max(weighed, key=lambda w: w[0])[1]
    enough = [r for r in rows if r.power is not None and r.power >= POWER]
    return enough[0] if enough else min(rows, key=lambda r: r.detectable_share)


def _hypothesis(
    path: Path_,
    stage: str,
    party: str,
    three: tuple[float, float, float] | None,
    outcome: str,
    names: Sequence[str],
    words: str,
) -> Hypothesis:
    what = "coordinating partners" if path == "orchestrate" else "working better inside"
    where = f" in {stage}" if stage else ""
    who = f" with {party}" if party else ""
    size = "changes" if three is None else f"changes by {three[1]:+.1%}"
    return Hypothesis(
        path,
        stage,
        party,
        None if three is None else three[1],
        words or f"By {what}{where}{who}, {outcome} {size} in {_few(names)}.",
    )


def _few(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _stop_rules(guardrails: Mapping[str, float]) -> tuple[str, ...]:
    guards = tuple(
        f"{c} {'falls' if t <= 0 else 'rises'} by more than {abs(t):g} beyond its interval."
        for c, t in guardrails.items()
    )
    return (
        *guards,
        "A treated unit or a heavy control is hit by something else (closure, strike, rival campaign): stop, and say so.",
    )


def _kept(table: pa.Table, unit: str, time: str, columns: Sequence[str]) -> str:
    """The columns the plan rests on, as CSV."""
    names = [unit, time, *columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(zip(*(["" if v is None else v for v in table[n].to_pylist()] for n in names), strict=True))
    return text.getvalue()


def _candidate(look: _Look, history: Panel) -> Candidate:
    base = max(_level(history, look.units), 1e-12)
    detectable = look.past.detectable(POWER)
    return Candidate(
        tuple(history.units[i] for i in look.units),
        detectable,
        detectable / base,
        look.past.error / base,
        look.past.false_positive_share,
        look.risks,
    )


def _curve(past: Past, base: float, three: tuple[float, float, float] | None) -> tuple[tuple[float, float], ...]:
    """Power by size of the effect, on the side that is hoped for."""
    sign = -1.0 if three and three[1] < 0 else 1.0
    reach = max(2 * past.detectable(POWER), abs(three[1]) * base * 1.2 if three else 0.0)
    return tuple((float(e) / base, past.power(float(e))) for e in sign * np.linspace(0, reach, _CURVE_POINTS))


def _last_window(history: Panel, look: _Look, length: int) -> tuple[Panel, Cohort]:
    periods = len(history.times)
    cohort = Cohort(max(periods - length, 3), look.units)
    rest = np.setdiff1d(np.arange(len(history.units)), np.concatenate([look.units, look.gone]))
    return without_units(
        Panel(
            history.units,
            history.times,
            history.outcomes,
            history.filled,
            (cohort,),
            rest,
            history.outcome,
            history.time,
        ),
        (),
    ), cohort


def _fit(method: Method, grid: Grid, history: Panel, look: _Look, length: int) -> tuple[tuple[Time, float, float], ...]:
    panel, cohort = _last_window(history, look, length)
    found = fit(method, grid, [cohort], panel.controls)
    observed: Floats = history.outcomes[look.units].mean(axis=0)
    return tuple((t, float(o), float(o - g)) for t, o, g in zip(history.times, observed, found.gap, strict=True))


def _weights(method: Method, grid: Grid, history: Panel, look: _Look, length: int) -> tuple[tuple[str, float], ...]:
    panel, cohort = _last_window(history, look, length)
    found = fit(method, grid, [cohort], panel.controls)
    weights = [(history.units[i], float(-found.unit_weights[i])) for i in panel.controls]
    return tuple(sorted(weights, key=lambda w: -w[1]))
