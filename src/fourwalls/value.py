"""What a failure costs: the one place that knows prices, margins and assumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import Assumed, Outcome, PathWorth, VerdictName
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.losses import Loss
from fourwalls.numbers import PAID_ONCE
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import REPLICATES

Floats = npt.NDArray[np.float64]
_Money = TypeVar("_Money", float, Floats)

# Choices, both marked on the page where they were used: a late line is mostly kept, and costs goodwill and returns; the
# margin is the middle of what general merchandise retailers report.
DEFAULT_LATE_LINE_COST_SHARE = 0.1
# What a late line costs is known within a factor of three at best where nobody has said: low, mode, high of that factor.
LATE_COST_FACTOR = (1 / 3, 1.0, 3.0)
DEFAULT_GROSS_MARGIN_SHARE = 0.35
# What the records measure of the cost of a late line is off by about a fifth beyond its sampling error: in 22 generated worlds
# ranges without this covered 64 % of the truths instead of 90 %.
MEASURED_LATE_COST_SD = 0.2
DEFAULT_HORIZON_YEARS = 3.0
DEFAULT_DISCOUNT_RATE = 0.1
DEFAULT_RAMP_WEEKS = 13.0
DEFAULT_ATTAINABLE_SHARE = 0.8
# Judgement, for want of anything better, and marked wherever it is used: costs of a path as shares of the asset's revenue a year,
# low, mode and high. A retailer spends one to three per cent of revenue on all its systems and change together; one path in
# one asset is a part of that, and partners cost more than doing it oneself.
DEFAULT_COSTS = {
    "operate": {"one_off_amount": (0.001, 0.004, 0.010), "run_amount_per_year": (0.0003, 0.001, 0.003)},
    "orchestrate": {"one_off_amount": (0.002, 0.006, 0.015), "run_amount_per_year": (0.0005, 0.0015, 0.004)},
}
# Values of paths are told with P10 and P90.
VALUE_LEVEL = 0.8


@dataclass(frozen=True, slots=True)
class Costs:
    """What failures cost, as shares of the net value of a line.

    Attributes:
        late: A line that comes late, or not yet.
        lost: A line that is never sold or is cancelled: its gross margin.
        late_draws: What `late` may be instead, shape (REPLICATES,); None where somebody set it.
        origin: Where `late` comes from.
        by_line: Part of `late` that is the same sum for every line whatever it is worth, 0-1: people's hours.
        usual_value: Mean value of a late line, of which `late` is the share [portfolio currency]; 0 where `by_line` is.
    """

    late: float
    lost: float
    late_draws: Floats | None = None
    origin: Literal["portfolio.toml", "measured", "default"] = "portfolio.toml"
    by_line: float = 0.0
    usual_value: float = 0.0

    def counting(self, amount: _Money, lines: _Money) -> _Money:
        """What late lines count for `late` [portfolio currency]: their value, and for the part by line that of usual ones.

        Args:
            amount: What they are worth.
            lines: How many they are.
        """
        return (1 - self.by_line) * amount + self.by_line * self.usual_value * lines

    def of(self, outcome: Outcome) -> float:
        """Cost of an outcome as a share of the line's net value."""
        return self.lost if outcome == "cancelled" else self.late


class MeasuredLate(NamedTuple):
    """What a late line was measured to cost.

    Attributes:
        share: Of its value.
        draws: The same in each replicate, shape (REPLICATES,).
        is_whole: Whether the custom it costs was measured, too; else it is what bookings and hours show, and at least that.
        by_line: Part of it that is the same sum for every line whatever it is worth, 0-1.
        usual_value: Mean value of a late line [portfolio currency].
    """

    share: float
    draws: Floats
    is_whole: bool
    by_line: float = 0.0
    usual_value: float = 0.0


@dataclass(frozen=True, slots=True)
class Worth:
    """What repairing each side would be worth, as it is and as it would be in other weeks.

    Attributes:
        inside, between: Over the record, in money, or in comparable units where nothing is priced.
        inside_draws, between_draws: The same in each replicate, shape (replicates,).
        both: Repairing both sides; None where that is their sum.
        carrying: Value of the stock that repairing inside, between and both adds on a mean day.
        is_money: Whether it is in money.
        both_draws: Repairing both sides in each replicate; None where it moves as the two sides do.
    """

    inside: float
    between: float
    inside_draws: Floats
    between_draws: Floats
    both: float | None = None
    carrying: tuple[float, float, float] = (0.0, 0.0, 0.0)
    is_money: bool = True
    both_draws: Floats | None = None

    def plus(self, other: Worth) -> Worth:
        """Both together; replicates of different flows are independent."""
        n = min(len(self.inside_draws), len(other.inside_draws))
        return Worth(
            self.inside + other.inside,
            self.between + other.between,
            self.inside_draws[:n] + other.inside_draws[:n],
            self.between_draws[:n] + other.between_draws[:n],
            self.together + other.together,
            (
                self.carrying[0] + other.carrying[0],
                self.carrying[1] + other.carrying[1],
                self.carrying[2] + other.carrying[2],
            ),
            self.is_money and other.is_money,
            self.together_draws[:n] + other.together_draws[:n],
        )

    @property
    def together_draws(self) -> Floats:
        """What repairing both sides is worth in each replicate."""
        if self.both_draws is not None:
            return self.both_draws
        drawn = self.inside_draws + self.between_draws
        alone = self.inside + self.between
        # What both bring beyond each alone grows and shrinks with them.
        return drawn * (self.together / alone) if alone > 0 else drawn + (self.together - alone)

    @property
    def together(self) -> float:
        """What repairing both sides is worth."""
        return self.inside + self.between if self.both is None else self.both

    @property
    def inside_share(self) -> float:
        """Part of the worth that is inside, 0-1; what a repair costs counts on neither side."""
        a, b = max(self.inside, 0.0), max(self.between, 0.0)
        return a / (a + b) if a + b > 0 else 0.5

    @property
    def inside_chance(self) -> float:
        """Chance that the inside is worth more, 0-1."""
        a, b = self.inside_draws, self.between_draws
        return float((a > b).mean() + (a == b).mean() / 2) if len(a) else 0.5


def costs(portfolio: Portfolio, margin_share: float | None, late: MeasuredLate | None = None) -> Costs:
    """What failures cost.

    Args:
        portfolio: With its assumptions.
        margin_share: Gross margin as the order lines show it; None where they do not.
        late: What a late line was measured to cost; None where the records do not tell. Measured as a whole it goes before what is
            said or assumed; a part of it only where that part alone is more.
    """
    said = portfolio.assumptions
    lost = margin_share if margin_share is not None else said.get("gross_margin_share", DEFAULT_GROSS_MARGIN_SHARE)
    rng = np.random.default_rng(0)
    usual = said.get("late_line_cost_share", DEFAULT_LATE_LINE_COST_SHARE)
    if late is not None and late.share > (0.0 if late.is_whole else usual):
        off = np.exp(MEASURED_LATE_COST_SD * rng.standard_normal(len(late.draws)) - MEASURED_LATE_COST_SD**2 / 2)
        drawn = np.maximum(late.draws, 0.0) * off
        return Costs(late.share, lost, drawn, "measured", late.by_line, late.usual_value)
    if "late_line_cost_share" in said:
        return Costs(said["late_line_cost_share"], lost)
    factor = rng.triangular(*LATE_COST_FACTOR, REPLICATES)
    # What is drawn has the default as its mean: point and draws must not tell two costs.
    return Costs(DEFAULT_LATE_LINE_COST_SHARE, lost, DEFAULT_LATE_LINE_COST_SHARE * factor / factor.mean(), "default")


def worth_of(losses: Sequence[Loss]) -> Worth:
    """What repairing each side is worth, by losses that add up."""
    sides = []
    for wall in ("inside", "between"):
        mine = [x for x in losses if x.wall == wall]
        drawn = np.sum([x.draws for x in mine], axis=0) if mine else np.zeros(REPLICATES)
        sides.append((sum(x.amount for x in mine), np.asarray(drawn, np.float64)))
    return Worth(sides[0][0], sides[1][0], sides[0][1], sides[1][1])


def assumed(portfolio: Portfolio, cost: Costs) -> tuple[Assumed, ...]:
    """Numbers the values rest on, with where each comes from."""
    said = portfolio.assumptions
    rows = [
        ("horizon_years", DEFAULT_HORIZON_YEARS, "years", "how long the value of a path is counted"),
        ("discount_rate", DEFAULT_DISCOUNT_RATE, "a year", "what money costs"),
        ("ramp_weeks", DEFAULT_RAMP_WEEKS, "weeks", "until a path brings all it can"),
        ("attainable_share", DEFAULT_ATTAINABLE_SHARE, "share", "part of a gap that a path closes"),
        ("carrying_rate_per_year", 0.0, "a year", "what stock costs, as a share of its value"),
    ]
    found = [
        Assumed(name, said.get(name, default), unit, "portfolio.toml" if name in said else "default", about)
        for name, default, unit, about in rows
    ]
    about = "what a late line of usual value costs, as a share of that"
    found.append(Assumed("late_line_cost_share", cost.late, "share", cost.origin, about))
    if cost.by_line:
        about = "part of what a late line costs that is the same sum for every line, whatever it is worth"
        found.append(Assumed("late_line_cost_by_line_share", cost.by_line, "share", cost.origin, about))
        found.append(
            Assumed(
                "late_line_value_amount", cost.usual_value, portfolio.currency, cost.origin, "mean value of a late line"
            )
        )
    origin: Literal["portfolio.toml", "default"] = "portfolio.toml" if "gross_margin_share" in said else "default"
    about = "gross margin of a line that is never sold, where its own cost is not recorded"
    found.append(Assumed("gross_margin_share", cost.lost, "share", origin, about))
    for path, table in DEFAULT_COSTS.items():
        if not is_costed(portfolio, path):
            for name, (low, mode, high) in table.items():
                about = f"{name.replace('_', ' ')} to {path}, as a share of revenue a year: {low:.2%} to {high:.2%}"
                found.append(Assumed(f"paths.{path}.{name}", mode, "share", "default", about))
    return tuple(found)


def defaults_used(portfolio: Portfolio, is_costed: bool) -> tuple[str, ...]:
    """Assumptions that were not set and whose default was used, in words."""
    notes = []
    if "late_line_cost_share" not in portfolio.assumptions:
        notes.append(
            f"a late line costs {100 * DEFAULT_LATE_LINE_COST_SHARE:.0f} % of its value (late_line_cost_share)"
        )
    if not is_costed and "gross_margin_share" not in portfolio.assumptions:
        notes.append(f"gross margin is {100 * DEFAULT_GROSS_MARGIN_SHARE:.0f} % (gross_margin_share)")
    return tuple(notes)


PATHS: tuple[VerdictName, VerdictName, VerdictName] = ("operate", "orchestrate", "operate then orchestrate")
SIDES = {
    "operate": ("operate",),
    "orchestrate": ("orchestrate",),
    "operate then orchestrate": ("operate", "orchestrate"),
}
Range = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class PathValue:
    """What one path brings over the horizon, after what it costs [portfolio currency].

    Attributes:
        value: Expected, over the draws.
        draws: In other weeks and with other costs, shape (replicates,).
        gain_per_year: Margin a year of the whole gap, before costs.
        kept_per_year: What of it is attained at the end of the ramp.
        one_off, run_per_year: Expected costs.
        stock: Change of stock at cost on a mean day.
        payback: Months until it has paid for itself; None where it does not within the horizon.
        links: What adds up to `value`, in words.
        is_default: Whether its costs are the product's default.
    """

    value: float
    draws: Floats
    gain_per_year: float = 0.0
    one_off: float = 0.0
    run_per_year: float = 0.0
    stock: float = 0.0
    payback: float | None = None
    links: tuple[tuple[str, float], ...] = ()
    is_default: bool = False
    kept_per_year: float = 0.0


@dataclass(frozen=True, slots=True)
class Horizon:
    """How a margin a year becomes a value over the horizon.

    Attributes:
        months: Middle of each month from the start [years].
        discount: Worth today of one unit in each of them.
        ramp: Part of the gain that is reached by then, of what can be attained.
    """

    months: Floats
    discount: Floats
    ramp: Floats

    @property
    def gain(self) -> float:
        """Value of one unit a year of gap."""
        return float((self.ramp * self.discount).sum()) / 12

    @property
    def spending(self) -> float:
        """Value of one unit a year of running cost."""
        return float(self.discount.sum()) / 12


def horizon(said: Mapping[str, float]) -> Horizon:
    """The horizon by assumptions named as in portfolio.toml; what is not among them is this product's default."""
    months = (np.arange(round(12 * said.get("horizon_years", DEFAULT_HORIZON_YEARS))) + 0.5) / 12
    discount = (1 + said.get("discount_rate", DEFAULT_DISCOUNT_RATE)) ** -months
    ramp = np.minimum(1.0, months / max(said.get("ramp_weeks", DEFAULT_RAMP_WEEKS) / 52, 1e-9))
    return Horizon(months, discount, ramp * said.get("attainable_share", DEFAULT_ATTAINABLE_SHARE))


def value_over(over: Horizon, gain_per_year: _Money, one_off: _Money, run_per_year: _Money) -> _Money:
    """What a margin a year brings over the horizon after what it costs to begin and to run, discounted."""
    return over.gain * gain_per_year - one_off - over.spending * run_per_year


COSTS = ("one_off_amount", "run_amount_per_year")
"""What a path costs, named as in portfolio.toml."""


def is_costed(portfolio: Portfolio, path: str) -> bool:
    """Whether portfolio.toml says what a path costs; else this product's default is used and marked."""
    return any(key in portfolio.paths.get(path, {}) for key in COSTS)


def _cost_ranges(portfolio: Portfolio, revenue_per_year: float) -> Mapping[str, Mapping[str, Range]]:
    none = {"low": 0.0, "mode": 0.0, "high": 0.0}
    found: dict[str, dict[str, Range]] = {}
    for path, table in DEFAULT_COSTS.items():
        said = portfolio.paths.get(path, {})
        if is_costed(portfolio, path):
            ranges = {key: said.get(key, none) for key in COSTS}
            found[path] = {k: (float(r["low"]), float(r["mode"]), float(r["high"])) for k, r in ranges.items()}
        else:
            found[path] = {
                k: (low * revenue_per_year, mode * revenue_per_year, high * revenue_per_year)
                for k, (low, mode, high) in table.items()
            }
    return found


def cost_draws(portfolio: Portfolio, revenue_per_year: float, n: int, seed: int = 1) -> Mapping[str, Floats]:
    """What paths may cost, drawn from triangles over low, mode and high: name as in portfolio.toml to draws, shape (n,).

    Args:
        portfolio: With costs of paths; where it gives none, the product's defaults are used.
        revenue_per_year: Of the asset, which default costs are scaled to.
        n: How many draws.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    ranges = _cost_ranges(portfolio, revenue_per_year)
    return {f"paths.{p}.{k}": _triangle(rng, r, n) for p, table in ranges.items() for k, r in table.items()}


def path_values(
    worth: Worth,
    years: float,
    portfolio: Portfolio,
    revenue_per_year: float,
    onboarding: float = 0.0,
    by_flow: Mapping[str, Worth] | None = None,
    spent: Mapping[str, Floats] | None = None,
) -> Mapping[VerdictName, PathValue] | None:
    """What each path brings over the horizon, after what it costs.

    Benefits a year rise over the ramp, of which the attainable share is reached, are discounted month by month, and bear
    the carrying cost of the stock that they need (or keep that of the stock they free). Costs are drawn from triangles over
    low, mode and high. None where nothing is priced.

    Args:
        worth: What repairing is worth over the record.
        years: Length of the record.
        portfolio: With its assumptions and costs; where it gives none, the product's defaults are used and marked.
        revenue_per_year: Of the asset, which default costs are scaled to.
        onboarding: What partners ask once to begin, of paths with them.
        by_flow: The parts of `worth`, for the links.
        spent: Costs to use in place of those that `cost_draws` gives.
    """
    costed = {path: is_costed(portfolio, path) for path in DEFAULT_COSTS}
    if not worth.is_money or years <= 0 or (not all(costed.values()) and revenue_per_year <= 0):
        return None
    over, carrying = horizon(portfolio.assumptions), portfolio.assumptions.get("carrying_rate_per_year", 0.0)
    n = len(worth.inside_draws)
    drawn_costs = cost_draws(portfolio, revenue_per_year, n) if spent is None else spent
    gains = (worth.inside_draws, worth.between_draws, worth.together_draws)
    found: dict[VerdictName, PathValue] = {}
    for number, (path, drawn) in enumerate(zip(PATHS, gains, strict=True)):
        stock = worth.carrying[number]
        one_off = np.sum([drawn_costs[f"paths.{x}.one_off_amount"] for x in SIDES[path]], axis=0)
        one_off = one_off + (onboarding if "orchestrate" in SIDES[path] else 0.0)
        run = np.sum([drawn_costs[f"paths.{x}.run_amount_per_year"] for x in SIDES[path]], axis=0)
        yearly = drawn / years - carrying * stock
        draws = value_over(over, yearly, one_off, run)
        mean = float(yearly.mean())
        links = _links(by_flow or {}, number, over.gain / years, over.gain * mean, n)
        if carrying and stock:
            links = (*links, ("carrying cost of stock", -over.gain * carrying * stock))
        costs_told = (("to begin, once", -float(one_off.mean())), ("to run", -over.spending * float(run.mean())))
        total = over.gain * float(drawn.mean()) / years
        rest = total - sum(amount for name, amount in links if name != "carrying cost of stock")
        # What the mean of the draws and the sum of the parts differ by is told, so that the links add up.
        others = (("together, beyond the parts", rest),) if abs(rest) > 1e-9 else ()
        found[path] = PathValue(
            float(draws.mean()), np.asarray(draws, np.float64), mean, float(one_off.mean()), float(run.mean()), stock,
            _payback(over, mean, float(one_off.mean()), float(run.mean())), (*links, *others, *costs_told), not all(costed[x] for x in SIDES[path]), over.ramp[-1] * mean,
        )  # fmt: skip
    return found


def portfolio_values(
    each: Sequence[Mapping[VerdictName, PathValue]], portfolio: Portfolio
) -> Mapping[VerdictName, PathValue] | None:
    """What each path brings if every asset takes it: draws are added one by one, since weeks are drawn for all assets alike.

    Costs move together over assets, too: who errs in one, errs in all, so ranges are rather too wide than too narrow. What is
    paid once for all (enablers under [allocation]) is taken off once. None where no asset has values.

    Args:
        each: Values of each asset that has them.
        portfolio: With its assumptions, and enablers that paths share.
    """
    if not each:
        return None
    over = horizon(portfolio.assumptions)
    n = min(len(v.draws) for values in each for v in values.values())
    found: dict[VerdictName, PathValue] = {}
    for path in PATHS:
        mine = [values[path] for values in each if path in values]
        shared = _paid_once(portfolio, path)
        links: dict[str, float] = {}
        for name, amount in (link for v in mine for link in v.links):
            links[name] = links.get(name, 0.0) + amount
        if shared:
            links[PAID_ONCE] = -shared
        gain, one_off, run = (
            sum(getattr(v, field) for v in mine) for field in ("gain_per_year", "one_off", "run_per_year")
        )
        found[path] = PathValue(
            sum(v.value for v in mine) - shared, np.sum([v.draws[:n] for v in mine], axis=0) - shared, gain, one_off + shared,
            run, sum(v.stock for v in mine), _payback(over, gain, one_off + shared, run), tuple(links.items()),
            any(v.is_default for v in mine), sum(v.kept_per_year for v in mine),
        )  # fmt: skip
    return found


def _paid_once(portfolio: Portfolio, path: VerdictName) -> float:
    """Cost of the enablers that a path needs."""
    wanted = {name for side in SIDES[path] for name in portfolio.paths.get(side, {}).get("shared_one_off", [])}
    return sum(e.cost for e in portfolio.funds.enablers if e.id in wanted)


def _links(
    by_flow: Mapping[str, Worth], number: int, scale: float, total: float, n: int
) -> tuple[tuple[str, float], ...]:
    """What each flow brings to a path over the horizon, by the `n` draws all flows have; the whole where none are given."""
    if not by_flow:
        return (("recovered margin", total),)
    sums = {
        flow: (float(w.inside_draws[:n].mean()), float(w.between_draws[:n].mean()), 0.0)[number] if number < 2 else
        float(w.together_draws[:n].mean())
        for flow, w in by_flow.items()
    }  # fmt: skip
    return tuple((flow, scale * amount) for flow, amount in sums.items() if amount)


def _payback(over: Horizon, gain: float, one_off: float, run: float) -> float | None:
    """Months until what came in has paid for what went out, not discounted; None where nothing comes in."""
    if gain <= 0:
        return None
    flow = np.cumsum(over.ramp * gain / 12 - run / 12) - one_off
    paid = np.flatnonzero(flow >= 0)
    return float(paid[0] + 1) if len(paid) and flow[-1] >= 0 else None


def _triangle(rng: np.random.Generator, part: Range, n: int) -> Floats:
    low, mode, high = part
    return rng.triangular(low, mode, high, n) if high > low else np.full(n, mode)


def paths_told(values: Mapping[VerdictName, PathValue] | None, currency: str) -> tuple[PathWorth, ...]:
    """The value of each path with P10 and P90, and the chance that it is the best, doing nothing included."""
    if values is None:
        return ()
    drawn = np.stack([*(v.draws for v in values.values()), np.zeros(len(next(iter(values.values())).draws))])
    best = drawn.argmax(axis=0)
    told = []
    for number, (path, v) in enumerate(values.items()):
        tail = (1 - VALUE_LEVEL) / 2
        low, middle, high = (float(x) for x in np.quantile(v.draws, [tail, 0.5, 1 - tail]))
        figure = Estimate(v.value, min(low, v.value), max(high, v.value), currency, VALUE_LEVEL)
        payback: Figure = (
            Estimate(v.payback, v.payback, v.payback, "months", VALUE_LEVEL)
            if v.payback is not None
            else Refusal("no_payback", "payback", "it does not pay for itself within the horizon", "a longer horizon")
        )
        told.append(
            PathWorth(
                path, figure, middle, float((best == number).mean()), v.gain_per_year, v.one_off, v.run_per_year, v.stock,
                payback, v.links, v.is_default,
            )
        )  # fmt: skip
    return tuple(told)
