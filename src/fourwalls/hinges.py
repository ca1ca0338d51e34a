"""What the decision on one asset hinges on: which assumptions would change it, and which data would be worth having first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.concluding import Case, flows_of, values_of
from fourwalls.diagnosis import WorthKnowing
from fourwalls.figures import Estimate, Refusal
from fourwalls.information import partial_information
from fourwalls.portfolio import Portfolio
from fourwalls.sensitivity import Assumption, Swing, tornado
from fourwalls.value import (
    COSTS,
    DEFAULT_ATTAINABLE_SHARE,
    DEFAULT_DISCOUNT_RATE,
    DEFAULT_HORIZON_YEARS,
    DEFAULT_RAMP_WEEKS,
    LATE_COST_FACTOR,
    SIDES,
    Worth,
    cost_draws,
    horizon,
    value_over,
)
from fourwalls.weighing import Both, unseen_worth

Floats = npt.NDArray[np.float64]

LEAVE = "leave it"
# How far assumptions may be off where nobody gives a range: choices, wide enough that a decision which holds over all of them
# is no matter of taste. A range is widened to what portfolio.toml says.
RANGES = {
    "attainable_share": (DEFAULT_ATTAINABLE_SHARE, 0.5, 1.0, "share"),
    "discount_rate": (DEFAULT_DISCOUNT_RATE, 0.04, 0.20, "a year"),
    "horizon_years": (DEFAULT_HORIZON_YEARS, 1.0, 5.0, "years"),
    "ramp_weeks": (DEFAULT_RAMP_WEEKS, 4.0, 52.0, "weeks"),
}
_LATE = "late_line_cost_share"
# What moves by less than this part of the revenue a year is rounding.
_LEAST_SPREAD = 1e-9
_SIDE_WORDS = {"inside": "our own work", "between": "partners' work"}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A figure nobody knows for sure, and what knowing it before choosing a path would be worth.

    Attributes:
        about: The figure, in words or as in portfolio.toml.
        value: Expected gain from knowing it (EVPPI); 0 where no outcome would change the choice [portfolio currency].
        error: Standard error of `value`.
        low, high: P10 and P90 of the figure, in its own unit.
        source: The data that would tell.
    """

    about: str
    value: float
    error: float
    low: float
    high: float
    source: str


def worth_knowing(case: Case, portfolio: Portfolio) -> tuple[WorthKnowing, ...]:
    """Figures that are worth knowing before choosing, most worth first: without those whose worth may be nothing but error."""
    found = unknowns_of(case, portfolio)
    if isinstance(found, Refusal):
        return ()
    kept = (u for u in found if u.value > 2 * u.error and u.value >= 1)
    return tuple(
        WorthKnowing(
            u.about,
            Estimate(u.value, max(u.value - 1.645 * u.error, 0.0), u.value + 1.645 * u.error, portfolio.currency),
            u.source,
        )
        for u in kept
    )


def swings_of(case: Case, portfolio: Portfolio) -> tuple[Swing, ...] | Refusal:
    """What each assumption does to the choice for one asset, widest first; the rest as taken, leaving it alone among the paths.

    `sensitivity.deciding` picks those that would change it.

    Args:
        case: What the verdict rests on.
        portfolio: With its assumptions and costs.

    Returns:
        One swing for each assumption, or why there is none.
    """
    if case.both.values is None:
        return _unvalued()
    if hidden := unseen_worth(case.both, portfolio.thresholds):
        return hidden
    spent = _spent(case, portfolio)
    assumptions = _assumptions(case.both, portfolio, spent)

    def values(at: Mapping[str, Floats]) -> Mapping[str, Floats]:
        n = len(next(iter(at.values())))
        rows = [_expected(case, portfolio, spent, {k: float(v[i]) for k, v in at.items()}) for i in range(n)]
        return {path: np.array([row[path] for row in rows]) for path in rows[0]}

    return tornado(values, assumptions)


def unknowns_of(case: Case, portfolio: Portfolio) -> tuple[Unknown, ...] | Refusal:
    """Figures that are uncertain for one asset, those first that are most worth knowing before a path is chosen.

    Args:
        case: What the verdict rests on.
        portfolio: With its assumptions and costs.

    Returns:
        One for each figure that is drawn: costs of paths, the cost of a late line, and what each record says is lost on each
        side a year; or why none can be valued.
    """
    known = case.both.values
    if known is None:
        return _unvalued()
    if hidden := unseen_worth(case.both, portfolio.thresholds):
        return hidden
    drawn = _drawn(case, portfolio, len(known["operate"].draws))
    net = np.stack([np.zeros(len(known["operate"].draws)), *(v.draws for v in known.values())], axis=1)
    found = partial_information(net, {name: draws for name, (draws, _) in drawn.items()})
    if isinstance(found, Refusal):
        return found
    rows = []
    for worth in found:
        draws, source = drawn[worth.about]
        low, high = (float(x) for x in np.quantile(draws, [0.1, 0.9]))
        rows.append(Unknown(worth.about, worth.value, worth.error, low, high, source))
    return tuple(sorted(rows, key=lambda r: (-r.value, r.about)))


def _unvalued() -> Refusal:
    because = "No path of this asset has a value in money."
    return Refusal("nothing_priced", "What the decision hinges on", because, "Add price_amount to order_lines.")


def _spent(case: Case, portfolio: Portfolio) -> Mapping[str, Floats]:
    n = len(case.both.values["operate"].draws) if case.both.values is not None else 0
    return cost_draws(portfolio, case.both.revenue / case.years, n)


def _assumptions(b: Both, portfolio: Portfolio, spent: Mapping[str, Floats]) -> Sequence[Assumption]:
    found = []
    for name, (default, low, high, unit) in RANGES.items():
        base = portfolio.assumptions.get(name, default)
        found.append(Assumption(name, min(low, base), base, max(high, base), unit))
    late, drawn = b.costs.late, b.costs.late_draws
    if late > 0:
        low, high = late * LATE_COST_FACTOR[0], late * LATE_COST_FACTOR[2]
        if b.costs.origin == "measured" and drawn is not None:
            low, high = (float(x) for x in np.quantile(drawn, [0.1, 0.9]))
        found.append(Assumption(_LATE, min(low, late), late, max(high, late), "share"))
    for name, draws in spent.items():
        # What is taken is the mean, as in the value of the path.
        found.append(Assumption(name, float(draws.min()), float(draws.mean()), float(draws.max()), "money"))
    return [a for a in found if a.high > a.low]


def _expected(
    case: Case, portfolio: Portfolio, spent: Mapping[str, Floats], at: Mapping[str, float]
) -> Mapping[str, float]:
    """What each path brings with other assumptions, leaving the asset alone among them."""
    over = horizon({**portfolio.assumptions, **{k: v for k, v in at.items() if k in RANGES}})
    costs = {k: at.get(k, float(draws.mean())) for k, draws in spent.items()}
    b = case.both
    values = b.values or {}
    if case.late_worth is not None and b.costs.late > 0 and at.get(_LATE, b.costs.late) != b.costs.late:
        # Only the margin itself moves with this one, so only here is it worked out anew.
        b = replace(b, service_worth=_with_late(b.service_worth, case.late_worth, at[_LATE] / b.costs.late))
        values = values_of(b, portfolio, case.years, case.onboarding, spent) or {}
    found = {LEAVE: 0.0}
    for path, known in values.items():
        one_off, run = (sum(costs[f"paths.{x}.{name}"] for x in SIDES[path]) for name in COSTS)
        one_off += case.onboarding if "orchestrate" in SIDES[path] else 0.0
        found[path] = value_over(over, known.gain_per_year, one_off, run)
    return found


def _with_late(service: Worth, late: Worth, factor: float) -> Worth:
    """The worth of repairs where a late line costs `factor` times as much."""
    more = factor - 1
    return replace(
        service,
        inside=service.inside + more * late.inside,
        between=service.between + more * late.between,
        inside_draws=service.inside_draws + more * late.inside_draws,
        between_draws=service.between_draws + more * late.between_draws,
        both=service.together + more * late.together,
    )


def _drawn(case: Case, portfolio: Portfolio, n: int) -> dict[str, tuple[Floats, str]]:
    """Every figure that varies over the draws, and the data that would tell it."""
    found: dict[str, tuple[Floats, str]] = {}
    for name, draws in _spent(case, portfolio).items():
        kind = (
            "a quote, or what the like cost before" if name.endswith("one_off_amount") else "what the like costs a year"
        )
        found[name] = draws, f"{kind}; then a narrower range in portfolio.toml"
    late = case.both.costs.late_draws
    if late is not None:
        found[_LATE] = (
            late,
            "refunds, returns, ratings and customers coming back, by lateness; or set it in portfolio.toml",
        )
    for flow, worth in flows_of(case.both, portfolio).items():
        is_service = worth is case.both.service_worth
        for side in ("inside", "between"):
            draws = _at_usual_cost(case, side) if is_service else _of_side(worth, side)
            found[f"{flow}: lost a year by {_SIDE_WORDS[side]}"] = draws / case.years, "a longer record, or a pilot"
    least = _LEAST_SPREAD * max(case.both.revenue / case.years, 1.0)
    return {name: (draws[:n], source) for name, (draws, source) in found.items() if _varies(name, draws[:n], least)}


def _varies(name: str, draws: Floats, least: float) -> bool:
    return bool(np.ptp(draws) > (0.0 if name == _LATE else least))


def _of_side(worth: Worth, side: str) -> Floats:
    return worth.inside_draws if side == "inside" else worth.between_draws


def _at_usual_cost(case: Case, side: str) -> Floats:
    """What late and cancelled lines cost in other weeks, a late line at its usual cost: how dear it is, is a figure of its own."""
    draws, late, drawn = _of_side(case.both.service_worth, side), case.late_worth, case.both.costs.late_draws
    if late is None or drawn is None:
        return draws
    mine = _of_side(late, side)
    share = np.divide(case.both.costs.late, drawn, out=np.ones_like(drawn), where=drawn > 0)
    return np.asarray(draws + mine * (share - 1), np.float64)
