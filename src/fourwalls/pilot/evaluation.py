"""From a panel to what a pilot has shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from scipy import stats

from fourwalls.errors import PanelError, did_you_mean, listed
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.pilot import checks, choice
from fourwalls.pilot.choice import HeldOut
from fourwalls.pilot.columns import read_table
from fourwalls.pilot.inference import (
    LEAST_BLOCKS,
    Noise,
    all_period_residuals,
    conformal_interval,
    conformal_p,
    jackknife_refusal,
    measured_noise,
)
from fourwalls.pilot.methods import Fit, Grid, Method, fit
from fourwalls.pilot.panel import Panel, read_panel
from fourwalls.pilot.result import (
    Check,
    Evaluation,
    Guardrail,
    GuardrailState,
    MethodResult,
    Moment,
    PortfolioLift,
    figure_at,
)
from fourwalls.pilot.weights import Floats
from fourwalls.resampling import LEVEL

_LEAST_WEIGHT = 0.005
_LEAST_TAKERS = 0.1
_WEIGHTED: tuple[Method, ...] = ("sc", "sdid")


@dataclass(frozen=True, slots=True)
class _Run:
    """One method on one panel, before it is put in words."""

    method: Method
    fit: Fit
    noise: Noise | Refusal
    held_out: HeldOut | None

    @property
    def widened(self) -> float:
        return self.held_out.widening if self.held_out else 1.0

    def quantile(self, level: float) -> float:
        """Half-width of an interval in standard errors, before widening."""
        if isinstance(self.noise, Refusal):
            raise TypeError("no noise, no quantile")
        return float(stats.t.ppf((1 + level) / 2, self.noise.freedom))


def evaluate(
    panel: object,
    *,
    unit: str,
    time: str,
    outcome: str,
    treated: str | Iterable[object],
    start: object = None,
    method: Method | None = None,
    exposed: Sequence[str] = (),
    received: str | None = None,
    guardrails: Mapping[str, float] | None = None,
    unit_value: float | None = None,
    currency: str = "money",
    level: float = LEVEL,
    seed: int = 1,
) -> Evaluation:
    """What a treatment did to the treated units, by several methods side by side, with checks.

    Args:
        panel: One row for each unit and period: pandas, polars, Arrow, or the path of a .csv or .parquet file.
        unit, time, outcome: Names of its columns. Periods are numbers or dates; the outcome is a number.
        treated: Column that is 1 where and when a unit is treated, or that names each unit's first treated period (0 or
            empty: never); or the names of the treated units (then with `start`).
        start: First treated period, where `treated` does not tell it.
        method: Method that carries the answer; default: by the rules in `fourwalls.pilot.choice`.
        exposed: Units that the pilot may touch without treating them (they share customers or stock): no controls,
            their own change is told as spill-over.
        received: Column with the share (0 to 1) of a unit that really took part; gives the effect on takers.
        guardrails: Columns that must not suffer, with how far they may move: −0.01 for a fall, 0.5 for a rise.
        unit_value: Money that one unit of outcome is worth.
        currency: Its name.
        level: Coverage of the intervals.
        seed: Of the placebo draws.

    Raises:
        PanelError: The panel cannot be used.
    """
    if not 0.5 <= level < 1:
        raise PanelError(f"Level is {level}; allowed: 0.5 to below 1.", "Give the coverage of the intervals, e.g. 0.9.")
    exposed = (exposed,) if isinstance(exposed, str) else exposed
    table = read_table(panel)
    whole = read_panel(table, unit=unit, time=time, outcome=outcome, treated=treated, start=start)
    used = without_units(whole, exposed)
    grid = Grid(used.outcomes)
    runs, refused = _run_all(used, grid, seed)
    chosen, why = choice.choose({m: r.held_out for m, r in runs.items()}, used.cohorts, tuple(runs))
    if method is not None:
        if method not in runs:
            raise PanelError(
                f"Method '{method}' cannot be run on this panel.{did_you_mean(method, runs)}",
                f"Choose from {listed(runs)}.",
            )
        chosen, why = method, "It was asked for."
    run = runs[chosen]
    results = [_told(r, used, level) for r in runs.values()]
    results += [_refused(m, r) for m, r in refused.items()]
    conformal = _conformal(run, used, level)
    results = [_with_conformal(r, conformal, used, level) if r.method == chosen else r for r in results]
    answer = next(r for r in results if r.method == chosen)

    def again(column: str) -> _Run:
        return _other_outcome(table, used, column, run, unit=unit, time=time, seed=seed)

    return Evaluation(
        outcome=outcome,
        time=time,
        treated=tuple(used.units[i] for i in used.treated),
        controls=len(used.controls),
        starts=tuple(used.times[c.start] for c in used.cohorts),
        periods_before=used.start,
        periods_after=len(used.times) - used.start,
        observed=_observed(used),
        chosen=chosen,
        why=why,
        methods=tuple(results),
        checks=(
            *_checks(run, used, grid, exposed),
            *checks.two_witnesses(
                answer.p_value if answer.inference == "placebo" else None,
                conformal if isinstance(conformal, Refusal) else conformal.p_value,
                1 - level,
            ),
        ),
        events=_events(run, used, level),
        band="" if isinstance(run.noise, Refusal) else run.noise.how,
        conformal_p=conformal if isinstance(conformal, Refusal) else conformal.p_value,
        jackknife=jackknife_refusal(used.cohorts),
        treatment_on_treated=None if received is None else _on_takers(answer.effect, again(received).fit, received),
        guardrails=tuple(_guardrail(c, t, again(c), level) for c, t in (guardrails or {}).items()),
        portfolio=_portfolio_lift(whole, exposed, answer, chosen, level, seed) if exposed else None,
        worth=None if unit_value is None else _times_value(answer.total, unit_value, currency),
        verdict=None,
        level=level,
        notes=used.notes,
    )


def without_units(panel: Panel, names: Sequence[str]) -> Panel:
    """The panel without some of its untreated units."""
    known = {u: i for i, u in enumerate(panel.units)}
    for name in names:
        if name not in known:
            raise PanelError(
                f"There is no unit '{name}' to be exposed.{did_you_mean(name, known)}", f"Choose from {listed(known)}."
            )
        if known[name] in panel.treated:
            raise PanelError(
                f"'{name}' is treated, so it cannot be exposed as well.", "Take it off one of the two lists."
            )
    gone = {known[n] for n in names}
    kept = np.array([c for c in panel.controls if c not in gone], dtype=np.int64)
    if not len(kept):
        raise PanelError(
            "Every untreated unit is named as exposed: no control is left.", "Keep units that the pilot does not touch."
        )
    return replace(panel, controls=kept)


def _run_all(panel: Panel, grid: Grid, seed: int) -> tuple[dict[Method, _Run], dict[Method, Refusal]]:
    runs: dict[Method, _Run] = {}
    refused: dict[Method, Refusal] = {}
    for method in choice.offered(panel.cohorts, panel.controls):
        outside = checks.hull_refusal(grid, panel.cohorts[0], panel.controls) if method == "sc" else None
        if outside is not None:
            refused[method] = outside
        else:
            runs[method] = _run(method, panel, grid, seed)
    if "sdid" not in runs and panel.start < 2:
        for method in _WEIGHTED:
            refused[method] = Refusal(
                "one_period_before",
                "weights",
                "One period before the start cannot tell which controls move like the treated.",
                "Add earlier periods.",
            )
    return runs, refused


def _run(method: Method, panel: Panel, grid: Grid, seed: int) -> _Run:
    found = fit(method, grid, panel.cohorts, panel.controls)
    held_out = choice.hold_out(method, grid, panel.cohorts, panel.controls, seed)
    # Periods after the start hold the effect itself: only held-out ones may say how noisy the treated are.
    ratios = held_out.ratios if held_out and held_out.ratios is not None else np.ones(1)
    noise = measured_noise(method, grid, panel.cohorts, panel.controls, found, seed, ratios)
    return _Run(method, found, noise, held_out)


def _told(run: _Run, panel: Panel, level: float) -> MethodResult:
    found, noise = run.fit, run.noise
    effect: Figure
    p_value: float | None = None
    se: float | None = None
    if isinstance(noise, Refusal):
        effect = noise
    elif noise.se <= 0:
        effect = Refusal(
            "no_noise",
            "how sure the effect is",
            "The controls show no variation at all, so nothing tells what chance would do.",
            "Check the outcomes of the controls.",
        )
    else:
        half = run.quantile(level) * noise.se * run.widened
        effect = figure_at(found.att, half, panel.outcome, level)
        p_value = float(2 * stats.t.sf(abs(found.att) / (noise.se * run.widened), noise.freedom))
        se = noise.published_se if noise.how == "placebo" else noise.se
    weights = [
        (panel.units[i], float(-found.unit_weights[i]))
        for i in panel.controls
        if abs(found.unit_weights[i]) >= _LEAST_WEIGHT
    ]
    periods = [(panel.times[i], float(w)) for i, w in enumerate(found.time_weights) if w >= _LEAST_WEIGHT]
    return MethodResult(
        method=run.method,
        effect=effect,
        point=found.att,
        se=se,
        p_value=p_value,
        rank_p=_rank_p(run, panel),
        lift=_lift(effect, found.att, panel),
        total=_times(effect, found.cells, panel.outcome),
        inference="" if isinstance(noise, Refusal) else noise.how,
        widened=run.widened,
        held_out=run.held_out,
        pre_error=found.pre_error if run.method != "cs" else None,
        weights=tuple(sorted(weights, key=lambda w: -w[1])),
        period_weights=tuple(sorted(periods, key=lambda w: -w[1])),
    )


def _refused(method: Method, why: Refusal) -> MethodResult:
    return MethodResult(method, why, None, None, None, None, why, why, "", 1.0, None, None, (), ())


def _rank_p(run: _Run, panel: Panel) -> float | None:
    noise = run.noise
    if isinstance(noise, Refusal) or not noise.gaps.size or panel.is_staggered or panel.start < 2:
        return None
    before = run.fit.moments < 0

    def ratio(paths: Floats) -> Floats:
        errors = (paths[..., ~before] ** 2).mean(axis=-1), (paths[..., before] ** 2).mean(axis=-1)
        return np.asarray(errors[0] / np.maximum(errors[1], 1e-300))

    as_far = int((ratio(noise.gaps) >= ratio(run.fit.gap) * (1 - 1e-9)).sum())
    return (1 + as_far) / (1 + len(noise.gaps))


def _observed(panel: Panel) -> float:
    cells = [panel.outcomes[c.units, c.start :] for c in panel.cohorts]
    return float(sum(c.sum() for c in cells) / sum(c.size for c in cells))


def _times(effect: Figure, factor: float, unit: str) -> Figure:
    if isinstance(effect, Refusal):
        return effect
    ends = sorted((effect.low * factor, effect.high * factor))
    return Estimate(effect.value * factor, ends[0], ends[1], unit, effect.level)


def _times_value(total: Figure, unit_value: float, currency: str) -> Figure:
    return _times(total, unit_value, currency)


def _lift(effect: Figure, att: float, panel: Panel) -> Figure:
    """Effect over what would have been, treated cells only; the counterfactual's own noise is left in the effect."""
    would_have = _observed(panel) - att
    if isinstance(effect, Refusal):
        return effect
    if would_have <= 0:
        return Refusal(
            "no_base",
            "lift",
            "What would have been is not above zero, so a share of it means nothing.",
            "Read the effect itself.",
        )
    # The ends move the counterfactual too: a high effect stands on a low base.
    base = would_have + att

    def share(e: float) -> float:
        return e / max(base - e, 1e-12 * abs(base)) if base - e > 0 else float("inf")

    low, value, high = share(effect.low), share(att), share(effect.high)
    if not np.isfinite(high):
        return Refusal(
            "no_base",
            "lift",
            "The range of what would have been includes zero, so a share of it has no bound.",
            "Read the effect itself.",
        )
    return Estimate(value, low, high, "share", effect.level)


@dataclass(frozen=True, slots=True)
class _Conformal:
    p_value: float
    interval: tuple[float, float] | None


def _conformal(run: _Run, panel: Panel, level: float) -> _Conformal | Refusal:
    """The conformal test of no effect; its interval only where no other inference is to be had."""
    about = "conformal p-value"
    if panel.is_staggered:
        return Refusal(
            "several_starts", about, "The conformal test needs one start.", "Read the interval of the chosen method."
        )
    after = len(panel.times) - panel.start
    if len(panel.times) < LEAST_BLOCKS * min(after, len(panel.times)) // 2 or len(panel.times) * (1 - level) < 1:
        return Refusal(
            "short_record",
            about,
            f"{panel.start} periods before are too few beside {after} after for blocks of that length to show chance.",
            f"Add earlier periods: {LEAST_BLOCKS // 2 * after} in all.",
        )
    method: Method = run.method if run.method in ("did", "ascm", "sc") else "ascm"
    residuals = all_period_residuals(method, panel.outcomes, panel.cohorts[0], panel.controls)
    p = conformal_p(residuals, 0.0, after)
    interval = None
    if isinstance(run.noise, Refusal):
        reach = 6 * float(np.std(residuals(run.fit.att))) + abs(run.fit.att)
        interval = conformal_interval(residuals, run.fit.att, reach, after, level)
    return _Conformal(p, interval)


def _with_conformal(result: MethodResult, conformal: _Conformal | Refusal, panel: Panel, level: float) -> MethodResult:
    """Where units are too few for placebos, the record of the treated itself speaks."""
    if (
        not isinstance(result.effect, Refusal)
        or isinstance(conformal, Refusal)
        or conformal.interval is None
        or result.point is None
    ):
        return result
    low, high = conformal.interval
    effect = Estimate(result.point, min(low, result.point), max(high, result.point), panel.outcome, level)
    cells = sum(c.units.size * (len(panel.times) - c.start) for c in panel.cohorts)
    return replace(
        result,
        effect=effect,
        p_value=conformal.p_value,
        inference="conformal",
        lift=_lift(effect, result.point, panel),
        total=_times(effect, cells, panel.outcome),
    )


def _checks(run: _Run, panel: Panel, grid: Grid, exposed: Sequence[str]) -> tuple[Check, ...]:
    found = [checks.before_start(run.method, run.held_out), checks.parallel_trends(panel, grid)]
    if panel.start >= 2 and run.method != "cs":
        found.append(checks.pre_fit(run.fit, run.noise))
    found.append(checks.donor_dependence(run.method, grid, panel, run.fit, run.noise))
    found.append(checks.interference(exposed))
    return tuple(found)


def _events(run: _Run, panel: Panel, level: float) -> tuple[Moment, ...]:
    found, noise = run.fit, run.noise
    half: Floats | None = None
    if isinstance(noise, Noise):
        spread = np.sqrt((noise.swings**2).sum(axis=0))
        half = run.quantile(level) * run.widened * spread
    single = not panel.is_staggered
    mean = panel.outcomes[panel.treated].mean(axis=0)
    totals = _totals(run, level) if single else {}
    moments = []
    for i, since in enumerate(found.moments.tolist()):
        gap = float(found.gap[i])
        ends = (None, None) if half is None else (gap - float(half[i]), gap + float(half[i]))
        observed = float(mean[i]) if single else None
        would = None if observed is None else observed - gap
        when = panel.times[i] if single else None
        moments.append(Moment(since, when, observed, would, gap, *ends, *totals.get(since, ())))
    return tuple(moments)


def _totals(run: _Run, level: float) -> dict[int, tuple[float, float | None, float | None]]:
    """Gaps added up since the start, with the range that placebos, or units left out, give."""
    after = run.fit.moments >= 0
    sums = np.cumsum(run.fit.gap[after])
    reach: list[float | None] = [None] * len(sums)
    if isinstance(run.noise, Noise):
        spread = np.sqrt((np.cumsum(run.noise.swings[:, after], axis=1) ** 2).sum(axis=0))
        reach = (run.quantile(level) * run.widened * spread).tolist()
    rows = zip(run.fit.moments[after].tolist(), sums.tolist(), reach, strict=True)
    return {t: (s, None, None) if r is None else (s, s - r, s + r) for t, s, r in rows}


def _other_outcome(table: pa.Table, panel: Panel, column: str, run: _Run, *, unit: str, time: str, seed: int) -> _Run:
    """The same contrast, by the same method, on another column of the table."""
    other = read_panel(table, unit=unit, time=time, outcome=column)
    row = {u: i for i, u in enumerate(other.units)}
    at = {t: i for i, t in enumerate(other.times)}
    missing = [u for u in panel.units if u not in row] + [str(t) for t in panel.times if t not in at]
    if missing:
        raise PanelError(
            f"Column '{column}' is empty where the outcome is not, e.g. for '{missing[0]}'.",
            "Fill it in, or leave it out.",
        )
    outcomes = other.outcomes[np.ix_([row[u] for u in panel.units], [at[t] for t in panel.times])]
    same = replace(panel, outcomes=outcomes, outcome=column)
    grid = Grid(outcomes)
    found = fit(run.method, grid, same.cohorts, same.controls)
    return _Run(
        run.method, found, measured_noise(run.method, grid, same.cohorts, same.controls, found, seed, np.ones(1)), None
    )


def _on_takers(effect: Figure, taking: Fit, column: str) -> Figure:
    """Effect on those that took part: effect of being chosen over the change in taking part (Bloom 1984; Wald)."""
    if isinstance(effect, Refusal):
        return effect
    if not _LEAST_TAKERS <= taking.att <= 1 + 1e-9:
        return Refusal(
            "no_takers",
            "effect on those that took part",
            f"Being treated raised '{column}' by {taking.att:.1%}; below {_LEAST_TAKERS:.0%} the division says nothing, above 1 it is no share.",
            "Give the share of each unit that really took part, 0 to 1, in every period.",
        )
    return _times(effect, 1 / taking.att, effect.unit)


def _guardrail(column: str, tolerance: float, run: _Run, level: float) -> Guardrail:
    if isinstance(run.noise, Refusal):
        return Guardrail(column, tolerance, run.noise, "unsure")
    effect = figure_at(run.fit.att, run.quantile(level) * run.noise.se, column, level)
    # Harm is a fall where the tolerance is negative or zero, else a rise.
    worst, best = (effect.low, effect.high) if tolerance <= 0 else (-effect.high, -effect.low)
    bound = -abs(tolerance)
    state: GuardrailState = "held" if worst >= bound else "breached" if best < bound else "unsure"
    return Guardrail(column, tolerance, effect, state)


def _portfolio_lift(
    panel: Panel, exposed: Sequence[str], answer: MethodResult, method: Method, level: float, seed: int
) -> PortfolioLift:
    """Spill-over is the same contrast with the exposed in the place of the treated, against the same controls."""
    if isinstance(answer.total, Refusal):
        return PortfolioLift(answer.total, answer.total, answer.total)
    numbers = np.array([panel.units.index(n) for n in exposed])
    touched = replace(without_units(panel, exposed), cohorts=(replace(panel.cohorts[0], units=numbers),))
    run = _run(method if len(panel.cohorts) == 1 else "did", touched, Grid(panel.outcomes), seed)
    if isinstance(run.noise, Refusal):
        return PortfolioLift(answer.total, run.noise, run.noise)
    half = run.quantile(level) * run.noise.se * run.widened * run.fit.cells
    spill = figure_at(run.fit.att * run.fit.cells, half, panel.outcome, level)
    reach = float(np.hypot(half, (answer.total.high - answer.total.low) / 2))
    return PortfolioLift(answer.total, spill, figure_at(answer.total.value + spill.value, reach, panel.outcome, level))
