"""Past verdicts scored: what was predicted against what was measured, and whether our chances were true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register.intervals import difference, share_of
from fourwalls.register.records import Outcome

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_SCORED = 20
"""Outcomes below which chances are not scored: one case then moves the score by more than its usual skill (a choice)."""

LEAST_COMPARED = 5
"""Pairs of predicted and measured below which their errors are not summed up (a choice)."""

_BINS = 5
_DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Bin:
    """Chances that were stated alike, and how often it came true.

    Attributes:
        low, high: Edges of the stated chances, 0-1.
        n: Cases.
        stated: Mean of the stated chances.
        happened: Share that came true, with Wilson's range.
    """

    low: float
    high: float
    n: int
    stated: float
    happened: Estimate


@dataclass(frozen=True, slots=True)
class Reliability:
    """How true our chances were: the score of Brier (1950), taken apart after Murphy (1973).

    brier = reliability − resolution + uncertainty + within; `within` after Stephenson, Coelho and Jolliffe (2008).

    Attributes:
        n: Cases.
        brier: Mean squared distance between chance and what happened, 0 (perfect) to 1, with its range over cases.
        reliability: Part of it because chances were not true; 0 is best.
        resolution: Part saved by telling cases apart; higher is better.
        uncertainty: What always stating the share that happens would score.
        within: What is left over by binning.
        skill: 1 − brier / uncertainty: above 0 is better than always stating that share; refused where all went one way.
        calibration_p: p-value of all chances being true (Broecker and Smith 2007, Weather and Forecasting 22).
        bins: The reliability diagram.
    """

    n: int
    brier: Estimate
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    skill: float | Refusal
    calibration_p: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One prediction beside what was measured.

    Attributes:
        outcome: The record.
        error: Predicted less measured; refused where either is.
        is_inside: Whether what was measured lies in the predicted range; None where there is no range, or no figure.
    """

    outcome: Outcome
    error: Figure
    is_inside: bool | None


@dataclass(frozen=True, slots=True)
class PastVerdicts:
    """All outcomes, scored.

    Attributes:
        compared: One by one.
        bias: Mean of predicted less measured, as a share of mean measured size; refused below five pairs.
        inside: Share of measured values inside the predicted range (it claims `level`); refused below five.
        chances: Whether stated chances were true; refused below twenty.
    """

    compared: tuple[Compared, ...]
    bias: Figure
    inside: Figure
    chances: Reliability | Refusal


def score(outcomes: Sequence[Outcome], seed: int = 1) -> PastVerdicts:
    """Past verdicts against what came of them."""
    compared = tuple(_compare(o) for o in outcomes)
    stated = [(o.stated_chance, o.is_best) for o in outcomes if o.stated_chance is not None and o.is_best is not None]
    chances = reliability([c for c, _ in stated if c is not None], [bool(b) for _, b in stated], seed)
    return PastVerdicts(compared, _bias(compared, seed), _inside(compared), chances)


def _compare(outcome: Outcome) -> Compared:
    predicted, measured = outcome.predicted, outcome.measured
    if isinstance(predicted, Refusal):
        return Compared(outcome, predicted, None)
    if isinstance(measured, Refusal):
        return Compared(outcome, measured, None)
    error = difference(predicted, measured)
    has_range = predicted.high > predicted.low
    return Compared(outcome, error, predicted.low <= measured.value <= predicted.high if has_range else None)


def _bias(compared: Sequence[Compared], seed: int) -> Figure:
    pairs = [
        (c.outcome.predicted.value, c.outcome.measured.value)
        for c in compared
        if isinstance(c.outcome.predicted, Estimate) and isinstance(c.outcome.measured, Estimate)
    ]
    about = "bias of predictions"
    if len(pairs) < LEAST_COMPARED:
        return _too_few(about, len(pairs), LEAST_COMPARED)
    values = np.asarray(pairs)
    size = np.abs(values[:, 1])
    if size.sum() == 0:
        return Refusal("nothing_measured", about, "all that was measured is 0", "outcomes that are not")
    drawn = np.random.default_rng(seed).integers(0, len(values), (_DRAWS, len(values)))
    error = values[:, 0] - values[:, 1]
    below = size[drawn].sum(axis=1)
    draws = error[drawn].sum(axis=1)[below > 0] / below[below > 0]
    value = float(error.sum() / size.sum())
    low, high = (float(x) for x in np.quantile(draws, [0.05, 0.95]))
    return Estimate(value, min(low, value), max(high, value), "share", 0.9)


def _inside(compared: Sequence[Compared]) -> Figure:
    known = [c.is_inside for c in compared if c.is_inside is not None]
    if len(known) < LEAST_COMPARED:
        return _too_few("share inside the predicted range", len(known), LEAST_COMPARED)
    return share_of(sum(known), len(known))


def reliability(chances: Sequence[float], happened: Sequence[bool], seed: int = 1) -> Reliability | Refusal:
    """Brier score, its decomposition and the reliability diagram.

    Args:
        chances: Stated, 0-1.
        happened: Whether it came true.
        seed: Of the bootstrap over cases that gives the score's range.
    """
    n = len(chances)
    if n < LEAST_SCORED:
        return _too_few("Brier score of our chances", n, LEAST_SCORED)
    p, y = np.asarray(chances, dtype=np.float64), np.asarray(happened, dtype=np.float64)
    squares = (p - y) ** 2
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, n, (_DRAWS, n))
    low, high = (float(x) for x in np.quantile(squares[drawn].mean(axis=1), [0.05, 0.95]))
    brier, rate = float(squares.mean()), float(y.mean())
    number = _numbers(p)
    true = resolved = within = 0.0
    bins = []
    for k in np.unique(number):
        inside = number == k
        count, stated, share = int(inside.sum()), float(p[inside].mean()), float(y[inside].mean())
        true += count * (stated - share) ** 2 / n
        resolved += count * (share - rate) ** 2 / n
        within += float(((p[inside] - stated) ** 2 - 2 * (p[inside] - stated) * (y[inside] - share)).sum()) / n
        bins.append(
            Bin(float(p[inside].min()), float(p[inside].max()), count, stated, share_of(int(y[inside].sum()), count))
        )
    spread = rate * (1 - rate)
    skill = 1 - brier / spread if spread > 0 else Refusal(
        "one_way", "skill", "all cases went one way", "cases that went both ways"
    )  # fmt: skip
    return Reliability(
        n, Estimate(brier, min(low, brier), max(high, brier), "score", 0.9), true, resolved, spread, within, skill,
        _calibration(p, y, number, rng), tuple(bins),
    )  # fmt: skip


def _numbers(p: Floats) -> Ints:
    """Bins of about equal numbers of cases: chances cluster, and bins of equal width would be empty."""
    found: Ints = np.searchsorted(np.unique(np.quantile(p, np.arange(1, _BINS) / _BINS)), p, side="right")
    return found


def _calibration(p: Floats, y: Floats, number: Ints, rng: np.random.Generator) -> float:
    """Chance of a reliability term this large if all chances were true (consistency resampling: Broecker and Smith 2007)."""
    counts = np.maximum(np.bincount(number), 1)

    def distance(happened: Floats) -> Floats:
        off = np.stack([((p - happened) * (number == k)).sum(axis=-1) for k in range(len(counts))], axis=-1)
        found: Floats = (off**2 / counts).sum(axis=-1)
        return found

    drawn = distance((rng.uniform(size=(_DRAWS, len(p))) < p).astype(np.float64))
    return float((1 + (drawn >= distance(y) - 1e-12).sum()) / (1 + _DRAWS))


def _too_few(about: str, n: int, least: int) -> Refusal:
    cases = "outcome is" if n == 1 else "outcomes are"
    return Refusal(
        "too_few_outcomes", about, f"{n} {cases} recorded that tell, and it needs {least}", "more decisions followed up"
    )
