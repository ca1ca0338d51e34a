"""The plan: what is chosen, why the rest is not, and what more money would buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fourwalls.allocation.model import Model, Solution, worst
from fourwalls.allocation.problem import Enabler, Limits, Option, check
from fourwalls.allocation.ranking import Ranked, ranking
from fourwalls.errors import AllocationError
from fourwalls.figures import Refusal

Reason = Literal["barred", "brings nothing", "others bring more"]

FRONTIER_POINTS = 12
EXPLAINED = 20
"""Assets left out for which the programme is solved again; for the others the relaxed programme's prices tell."""
_MOST_EXACT = 60
_STEPS = 8
_SMALL = 1e-6
# A point of the frontier is read off a picture: a thousandth is less than its dot.
_DRAWN_GAP = 1e-3


@dataclass(frozen=True, slots=True)
class Chosen:
    """An asset that is taken up.

    Attributes:
        asset, path: What is done with which.
        value, cost: What it brings and takes, without enablers [money].
        people_weeks: Weeks of our people, without enablers.
        enablers: What it needs, paid once for all.
    """

    asset: str
    path: str
    value: float
    cost: float
    people_weeks: float
    enablers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An asset that is left alone, and what would have to change.

    Attributes:
        asset: Which.
        path: The path that would come first; of a barred asset the one that is barred.
        reason: Why it is left alone.
        barred: What bars it, in words.
        value_short: By how much its value would have to rise to come in [money]; None where it may not be
            chosen, or would not fit whatever it brings.
        cost_over: By how much it would have to become cheaper instead, which spares the budget and adds to its value
            [money]; None where even for nothing it would not come in.
        is_exact: Whether the programme was solved again for it; if not, both are estimates from the prices of the
            programme without whole numbers.
    """

    asset: str
    path: str
    reason: Reason
    barred: str = ""
    value_short: float | None = None
    cost_over: float | None = None
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the next money would buy.

    Attributes:
        extra: The first of 1, 2, 4, … 128 % of the budget more with which the best plan takes up a further asset
            [money]. Less may bring a mere swap of small ones, which is no answer to what comes next.
        gain: What the best plan with it brings beyond this one [money].
        assets: Assets that come in then.
        dropped: Assets that go out for them.
    """

    extra: float
    gain: float
    assets: tuple[str, ...]
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """What a budget could bring at best [money]."""

    budget: float
    value: float


@dataclass(frozen=True, slots=True)
class Allocation:
    """The plan under the limits, and what stands behind it.

    Attributes:
        limits: What could be spent.
        chosen: Assets taken up, most value first.
        enablers: Ids of what is paid once.
        value, cost, people_weeks: Of all that is chosen, enablers included.
        left_out: Assets left alone, nearest to coming in first.
        marginal_value: What the best plan gains with a budget of `marginal_step` more, for each unit of it; plans come in
            lumps, so it can be 0 where the next step is not.
        marginal_step: A hundredth of the budget [money].
        next_step: The next asset in; None where no money up to 128 % more takes one up.
        frontier: Budget against value, from nothing to where money no longer binds.
        ranking: The assets one by one.
        worst_mean: Mean value in the worst share of the draws [money]; None without a limit on risk.
        gap: How much better a plan could be at most, as a share: at most 1e-5 unless time ran out.
    """

    limits: Limits
    chosen: tuple[Chosen, ...]
    enablers: tuple[str, ...]
    value: float
    cost: float
    people_weeks: float
    left_out: tuple[LeftOut, ...]
    marginal_value: float
    marginal_step: float
    next_step: NextStep | None
    frontier: tuple[FrontierPoint, ...]
    ranking: tuple[Ranked, ...]
    worst_mean: float | None
    gap: float


def allocate(
    options: Sequence[Option],
    enablers: Sequence[Enabler],
    limits: Limits,
    explained: int | None = None,
    points: int = FRONTIER_POINTS,
    seconds: float = 20.0,
) -> Allocation | Refusal:
    """The choice of one path, or none, for each asset that brings most within the limits.

    Args:
        options: Of all assets; the order plays no part.
        enablers: What options need and is paid once.
        limits: Budget, people, risk.
        explained: For how many assets left out the programme is solved again; by default 20, and none with more than
            60 assets.
        points: Of the frontier.
        seconds: How long one solve may take; `gap` tells if that was too short.

    Returns:
        The plan, or why there is none: no assets, no budget, a limit on risk nothing can keep.

    Raises:
        AllocationError: Something that is no number, negative, given twice or not described; or time ran out before any
            choice was found.
    """
    options = sorted(options, key=lambda o: (o.asset, o.path))
    enablers = sorted(enablers, key=lambda e: e.id)
    check(options, enablers, limits)
    if not options:
        return _refusal("no_assets", "there is no asset with a path that has a value", "Diagnose at least one asset.")
    if limits.budget == 0:
        return _refusal("no_budget", "the budget is 0", "Give a budget: [allocation] budget_amount, or --budget.")
    usable = [o for o in options if not o.barred]
    if not usable and limits.risk and limits.risk.most_lost < 0:
        # Nothing chosen loses nothing and gains nothing.
        return _no_such_risk()
    model = Model(usable, enablers, limits if usable else replace(limits, risk=None), seconds)
    found = model.best()
    if model.ran_out:
        raise AllocationError(
            f"No choice among {len(model.by_asset)} assets was found in {seconds:g} seconds.",
            "Allow it more, or loosen the limit on risk.",
        )
    if found is None:
        return _no_such_risk()
    if explained is None:
        explained = EXPLAINED if len(model.by_asset) <= _MOST_EXACT else 0
    step = limits.budget / 100
    gain, following = _more_money(model, found, step)
    return replace(
        _plan(model, found, limits),
        left_out=_left_out(model, found, options, explained),
        marginal_value=gain / step,
        marginal_step=step,
        next_step=following,
        frontier=_frontier(model, found, points),
        ranking=ranking(options, enablers),
    )


def _no_such_risk() -> Refusal:
    because = "no choice keeps the mean of the bad cases within the limit on risk"
    return _refusal("risk_limit", because, "Raise risk_limit_amount, or leave it out.")


def _refusal(code: str, because: str, next_step: str) -> Refusal:
    return Refusal(code, "allocation", f"No money can be shared out: {because}.", next_step)


def _plan(model: Model, found: Solution, limits: Limits) -> Allocation:
    taken = sorted((model.options[i] for i in found.chosen), key=lambda o: (-o.value, o.asset))
    rows = (Chosen(o.asset, o.path, o.value, o.cost, o.people_weeks, tuple(sorted(o.enablers))) for o in taken)
    paid = [model.enablers[i] for i in sorted(found.enablers)]
    bad = None
    if limits.risk:
        each = [o.draws for o in taken if o.draws is not None]
        drawn = np.sum(each, axis=0) - sum(e.cost for e in paid) if each else np.zeros(1)
        bad = float(np.sort(drawn)[: worst(len(drawn), limits.risk.share)].mean())
    return Allocation(
        limits, tuple(rows), tuple(e.id for e in paid), found.value, model.spent(found), model.weeks(found),
        (), 0.0, 0.0, None, (), (), bad, found.gap,
    )  # fmt: skip


def _left_out(model: Model, found: Solution, options: Sequence[Option], explained: int) -> tuple[LeftOut, ...]:
    taken = {model.options[i].asset for i in found.chosen}
    barred = {o.asset: LeftOut(o.asset, o.path, "barred", o.barred) for o in options if o.barred}
    shut = [row for asset, row in sorted(barred.items()) if asset not in taken | model.by_asset.keys()]
    price, reduced = model.relaxed_worth()
    rows = []
    for asset, mine in model.by_asset.items():
        if asset not in taken:
            nearest = max(mine, key=lambda i: (reduced[i], model.options[i].path))
            short = max(-float(reduced[nearest]), 0.0)
            over = short / (1 + price)
            cheaper = over if over <= model.options[nearest].cost else None
            path, why = model.options[nearest].path, _why(model, mine)
            rows.append(LeftOut(asset, path, why, "", short, cheaper, is_exact=False))
    rows.sort(key=lambda r: (r.value_short or 0.0, r.asset))
    near = sorted((_solved(model, found, row) for row in rows[:explained]), key=_nearest)
    return (*near, *rows[explained:], *shut)


def _nearest(row: LeftOut) -> tuple[bool, float, str]:
    return row.value_short is None, row.value_short or 0.0, row.asset


def _why(model: Model, mine: Sequence[int]) -> Reason:
    return "others bring more" if max(model.options[i].value for i in mine) > 0 else "brings nothing"


def _solved(model: Model, found: Solution, row: LeftOut) -> LeftOut:
    """The same row with what the programme says when the asset is forced in."""
    every = model.by_asset[row.asset]
    # Nobody asks what a path would need that brings nothing, where another of the asset brings something.
    mine = [i for i in every if model.options[i].value > 0] or every
    forced = model.best_with(mine)
    # Where it does not even fit alone, the path that needs the least relief is told.
    numbers = mine if forced is None else [i for i in mine if i in forced.chosen]
    cheaper = [(r.relief, i) for i in numbers if (r := model.least_relief(i, found.value)) is not None]
    number = min(cheaper)[1] if cheaper else numbers[0]
    return replace(
        row,
        path=model.options[number].path,
        value_short=max(found.value - forced.value, 0.0) if forced else None,
        cost_over=min(cheaper)[0] if cheaper else None,
        is_exact=True,
    )


def _more_money(model: Model, found: Solution, step: float) -> tuple[float, NextStep | None]:
    """What one step more would bring, and the first of doubling steps that takes up a further asset."""
    before = {model.options[i].asset for i in found.chosen}
    gain = 0.0
    for doubled in range(_STEPS if model.by_asset.keys() - before else 1):
        extra = step * 2**doubled
        then = model.best(model.limits.budget + extra)
        if then is None or then.value <= found.value:
            continue
        gain = then.value - found.value if doubled == 0 else gain
        after = {model.options[i].asset for i in then.chosen}
        if after - before:
            more = then.value - found.value
            return gain, NextStep(extra, more, tuple(sorted(after - before)), tuple(sorted(before - after)))
    return gain, None


def _frontier(model: Model, found: Solution, points: int) -> tuple[FrontierPoint, ...]:
    """The budgets looked at run to what the plan without a budget would cost, and hold the one that was given."""
    most = model.best(1e15 * model.unit, _DRAWN_GAP)
    top = model.spent(most) if most else model.limits.budget
    budgets = {*np.linspace(0.0, max(top, _SMALL), max(points, 2)).tolist(), model.limits.budget}
    rows, before = [], -np.inf
    for budget in sorted(budgets):
        best = found if budget == model.limits.budget else model.best(budget, _DRAWN_GAP)
        if best is not None:
            before = max(before, best.value)
            rows.append(FrontierPoint(budget, before))
    return tuple(rows)
