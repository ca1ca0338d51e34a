"""What each asset could do, put up for choice under one budget."""

from __future__ import annotations

from collections.abc import Sequence

from fourwalls.allocation import Allocation, Limits, Option, Risk, allocate
from fourwalls.assembly import asset_name
from fourwalls.concluding import Case
from fourwalls.errors import PortfolioError
from fourwalls.figures import Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.value import SIDES
from fourwalls.weighing import blocking, known_values


def options_of(cases: Sequence[Case], portfolio: Portfolio) -> list[Option]:
    """Every path of every asset that has a value in money.

    To orchestrate is barred where rules with the partners it rests on are open, as in the verdict. To operate first is not
    where operating alone pays: partners are needed only afterwards. Else it would be a way round the rules.

    Args:
        cases: What the verdict of each asset rests on.
        portfolio: With what paths cost and need.

    Raises:
        PortfolioError: What a path shares with others is no list of names.
    """
    found = []
    for case in cases:
        holes = blocking(case.both)
        waits = "; ".join(f"{h.party_name}: {h.asked}" for h in holes[:3])
        values = known_values(case.both, portfolio.thresholds)
        for path, known in values.items():
            is_barred = holes and (path == "orchestrate" or (path != "operate" and values["operate"].value <= 0))
            sides = SIDES[path]
            found.append(
                Option(
                    asset_name(case.key), path, known.value, known.one_off,
                    sum(_weeks(portfolio, side) for side in sides),
                    frozenset(name for side in sides for name in _shared(portfolio, side)),
                    barred=f"rules with partners are open: {waits}" if is_barred else "",
                    draws=known.draws,
                )
            )  # fmt: skip
    return found


def barred_of(cases: Sequence[Case], portfolio: Portfolio) -> dict[str, str]:
    """Assets of which a path is barred by open rules with partners, with what is open."""
    return {o.asset: o.barred for o in options_of(cases, portfolio) if o.barred}


def allocation_of(
    cases: Sequence[Case], portfolio: Portfolio, budget: float | None = None, people_weeks: float | None = None
) -> Allocation | Refusal:
    """The choice that brings most under the budget; where there is none, what all that pays would cost.

    Args:
        cases: What the verdict of each asset rests on.
        portfolio: With its funds, used where budget or weeks are not given.
        budget: For what paths cost once [portfolio currency].
        people_weeks: Weeks of our people.
    """
    funds = portfolio.funds
    budget = funds.budget_amount if budget is None else budget
    weeks = funds.people_weeks if people_weeks is None else people_weeks
    risk = None if funds.risk_limit_amount is None else Risk(funds.risk_share, funds.risk_limit_amount)
    options = options_of(cases, portfolio)
    if not options:
        because = "No money can be shared out: no asset has a path with a value in money."
        step = "Add price_amount to order_lines, or unit prices and costs to stock_days or products."
        return Refusal("nothing_priced", "allocation", because, step)
    if weeks is not None and not any("people_weeks" in path for path in portfolio.paths.values()):
        because = "People's time cannot be shared out: nobody has said how many weeks a path takes."
        step = "Add people_weeks = {low = …, mode = …, high = …} under [paths.operate] and [paths.orchestrate]."
        return Refusal("no_people_weeks", "allocation", because, step)
    if budget is not None:
        return allocate(options, funds.enablers, Limits(budget, weeks, risk))
    most = sum(o.cost for o in options) + sum(e.cost for e in funds.enablers)
    everything = allocate(options, funds.enablers, Limits(most, weeks, risk), explained=0, points=2)
    step = "Give --budget, or budget_amount under [allocation] in portfolio.toml."
    told = "No budget is given."
    if isinstance(everything, Allocation):
        money = f"{portfolio.currency} {everything.cost:,.0f}"
        told = (
            f"{told} All that pays would take {money} to begin and bring {portfolio.currency} {everything.value:,.0f}."
        )
    return Refusal("no_budget", "allocation", told, step)


def _weeks(portfolio: Portfolio, side: str) -> float:
    """Mean of the triangle over low, mode and high."""
    said = portfolio.paths.get(side, {}).get("people_weeks")
    return 0.0 if said is None else (float(said["low"]) + float(said["mode"]) + float(said["high"])) / 3


def _shared(portfolio: Portfolio, side: str) -> list[str]:
    said = portfolio.paths.get(side, {}).get("shared_one_off", [])
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise PortfolioError(
            f"portfolio.toml: [paths.{side}] shared_one_off must be a list of names; found {said!r}.",
            'Write e.g. shared_one_off = ["carrier"], and describe [allocation.enablers.carrier].',
        )
    return list(said)
