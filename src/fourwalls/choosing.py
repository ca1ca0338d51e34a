"""What each asset could do, put up for choice under one budget."""

from __future__ import annotations

from collections.abc import Sequence

from fourwalls.allocation import Allocation, Limits, Option, Risk, allocate
from fourwalls.assembly import asset_name
from fourwalls.concluding import Case
from fourwalls.diagnosis import VerdictName
from fourwalls.errors import PortfolioError
from fourwalls.figures import Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.value import SIDES, PathValue
from fourwalls.verdict import percent
from fourwalls.weighing import blocking, chance_to_pay, decide_all, pays


def options_of(cases: Sequence[Case], portfolio: Portfolio) -> list[Option]:
    """Every path of every asset that has a value in money and that its verdict leaves open; others say what bars them.

    The verdict is asked, so that without any limit what is chosen is what the verdicts act on. Open are the path it names, and
    those worth less than it that are likely to pay, too, which take less money; what is worth more by too little to tell is no
    option. Where it acts on nothing, what would bring something on average is barred.

    Args:
        cases: What the verdict of each asset rests on.
        portfolio: With what paths cost and need.

    Raises:
        PortfolioError: What a path shares with others is no list of names.
    """
    found = []
    for case in cases:
        for path, (known, barred) in _open_to(case, portfolio).items():
            sides = SIDES[path]
            found.append(
                Option(
                    asset_name(case.key), path, known.value, known.one_off,
                    sum(_weeks(portfolio, side) for side in sides),
                    frozenset(name for side in sides for name in _shared(portfolio, side)),
                    barred=barred, draws=known.draws,
                )
            )  # fmt: skip
    return found


def _open_to(case: Case, portfolio: Portfolio) -> dict[VerdictName, tuple[PathValue, str]]:
    """Paths with what bars them; "" where nothing does. A path that costs more than it brings stands for what it lacks."""
    t, values = portfolio.thresholds, case.both.values or {}
    verdict = decide_all(case.both, t).name
    if verdict in values:
        named = values[verdict].value
        others = [p for p, v in values.items() if v.value < named and pays(v, t)] if named > 0 else []
        barred = f"rules with partners are open: {_waits(case)}" if blocking(case.both) else ""
        return {p: (values[p], barred if p == "orchestrate" and p != verdict else "") for p in (verdict, *others)}
    gaining = {p: v for p, v in values.items() if v.value > 0}
    if not gaining:
        return {p: (v, "") for p, v in values.items()}
    if verdict == "govern first":
        return {p: (v, f"rules with partners are open: {_waits(case)}") for p, v in gaining.items()}
    if verdict == "cannot tell yet":
        return {p: (v, "the records cannot tell yet what to do") for p, v in gaining.items()}
    return {p: (v, f"it pays with a chance of {percent(chance_to_pay(v))} only") for p, v in gaining.items()}


def _waits(case: Case) -> str:
    return "; ".join(f"{h.party_name}: {h.asked}" for h in blocking(case.both)[:3])


def barred_of(cases: Sequence[Case], portfolio: Portfolio) -> dict[str, str]:
    """Assets whose verdict waits for rules with partners, with what is open."""
    waiting = (c for c in cases if decide_all(c.both, portfolio.thresholds).name == "govern first")
    return {asset_name(c.key): f"rules with partners are open: {_waits(c)}" for c in waiting}


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
