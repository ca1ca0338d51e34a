"""Whether goods bought before anybody saw how they sell were bought too much or too little: the newsvendor's problem.

How much is bought is a choice that weighs what is missed against what is left over (Arrow, Harris and Marschak 1951; Silver,
Pyke and Peterson 1998, chapter 10): the best buy lies at the quantile (p − c) / p of what may be wanted where nothing is
got for what is left. One buy tells nothing, since what is foreseen of a season before it begins errs widely (Fisher and
Raman 1996); what all buys of one kind have in common, over orders and over seasons, does. So much of it is a fault as lies
outside of the range from the buy without bias to the newsvendor's; what single skus miss of it nobody could have known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.chain.shifts import CHANCE, LEAST_SKUS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# What begins to sell within a quarter of a year shares its season's luck.
_SEASON_DAYS = 91
# Where nobody knows what a unit brings, missing one costs what one left over does.
_EVEN_ODDS = 0.5


def seasons_of(begins: Ints, among: Bools) -> Ints:
    """Number of the season to which each shelf belongs, in the order of time."""
    number, start, seen = np.zeros(len(begins), np.int64), -np.inf, -1
    for day in np.unique(begins[among]).tolist():
        if day - start >= _SEASON_DAYS:
            start, seen = day, seen + 1
        number[begins == day] = seen
    return number


@dataclass(frozen=True, slots=True)
class Bought:
    """What is held to what, of the shelves whose season is over, shape (shelves,) each.

    Attributes:
        there, bought: Units there ever were, and those of them that did not come back from customers.
        full, wanted: Units wanted, those at a discount by the margin they leave, and all of them.
        said, came: What was forecast before the shelf sold, and what was wanted over the same days.
        kind, season, order: Numbers of the kind of product, of the season and of the order they were bought with.
        margin: Of a unit.
    """

    there: Floats
    bought: Floats
    full: Floats
    wanted: Floats
    said: Floats
    came: Floats
    kind: Ints
    season: Ints
    order: Ints
    margin: Floats


def factors(x: Bought, kinds: int) -> tuple[Floats, Bools]:
    """Factor on the buys of each kind, and whether enough is known of it, shape (kinds,).

    Too little is what falls short even of what was wanted at full price; too much what exceeds even what was wanted at any,
    with what came back to be sold again left out where nobody said what was expected. Where somebody did before anything
    sold, only what the forecast was off by as well counts: a buyer who followed a forecast without bias has no bias.
    """
    factor, known = np.ones(kinds), np.zeros(kinds, np.bool_)
    told = (x.said > 0) & (x.came > 0)
    written = np.bincount(x.kind[told], minlength=kinds) > np.bincount(x.kind, minlength=kinds) / 2
    of_kinds = (x.kind[told], x.season[told], x.order[told], kinds)
    for stock, due, came, sign in (
        (x.there, x.full, x.came, -1.0),
        # Who foresees a season may have meant all that is sold of it, to the last clearance.
        (np.where(written[x.kind], x.there, x.bought), x.wanted, np.maximum(x.came, x.wanted), 1.0),
    ):
        of_forecast = lean_of(x.said[told], came[told], *of_kinds)
        lean, error, crit = lean_of(stock, due, x.kind, x.season, x.order, kinds)
        known |= np.isfinite(lean) & (~written | np.isfinite(of_forecast[0]))
        for kind in np.flatnonzero(known).tolist():
            mine = x.kind == kind
            wise = np.log(newsvendor(stock[mine], due[mine], x.margin[mine]))
            off = lean[kind] - (min(wise, 0.0) if sign < 0 else max(wise, 0.0))
            parts = [sure_of(sign * off, error[kind], crit)]
            if written[kind]:
                parts.append(sure_of(sign * of_forecast[0][kind], of_forecast[1][kind], of_forecast[2]))
            if min(parts) > 0:
                factor[kind] = np.exp(-sign * min(parts))
    return factor, known


def sure_of(beyond: float, error: float, crit: float) -> float:
    """The part that is no chance, after shrinking as in `shifts.bias`."""
    z = beyond / max(error, 1e-9)
    return float(beyond * (1 - 1 / z**2)) if z > crit else 0.0


def lean_of(
    there: Floats, due: Floats, kind: Ints, season: Ints, order: Ints, kinds: int, rank: float = 1.0
) -> tuple[Floats, Floats, float]:
    """Log of what was there over what was wanted, by kind, its standard error, and how many of these chance may reach.

    Seasons have luck of their own, and what is bought with one order hangs together: sizes of a style, styles of a maker.
    All kinds are taken to have such luck in like measure: within kinds, what seasons differ by is pooled, and what orders
    differ by; the larger error counts. All kinds are asked at once, so that chance is kept for all of them together
    (Bonferroni). NaN where no season can be set beside another.

    Args:
        there, due: Units of each shelf.
        kind, season, order: Numbers of what it belongs to.
        kinds: How many there are.
        rank: Part of the kinds that are free to differ.
    """
    from scipy.stats import t  # takes as long to import as the command line may take to answer

    lean, error = np.full(kinds, np.nan), np.zeros(kinds)
    luck: tuple[dict[int, tuple[Floats, Floats]], ...] = ({}, {})
    for number in np.unique(kind).tolist():
        mine = kind == number
        x, y = float(there[mine].sum()), float(due[mine].sum())
        if mine.sum() < LEAST_SKUS or x <= 0 or y <= 0:
            continue
        lean[number] = np.log(x / y)
        for found, of in zip(luck, (season, order), strict=True):
            groups = np.unique(of[mine], return_inverse=True)[1].ravel()
            parts = [np.bincount(groups, v[mine]) for v in (there, due)]
            both = (parts[0] > 0) & (parts[1] > 0)
            off = np.log(parts[0][both] / parts[1][both] * y / x)
            found[number] = off, parts[1][both] / parts[1][both].sum()
    free = [rank * sum(len(off) - 1 for off, _ in found.values()) for found in luck]
    if min(free) < 1:
        return np.full(kinds, np.nan), error, np.inf
    for found, left in zip(luck, free, strict=True):
        spread = sum(len(off) * float(part @ off**2) for off, part in found.values()) / left
        for number, (_, part) in found.items():
            error[number] = max(error[number], np.sqrt(spread * float(part @ part)))
    chance = CHANCE / 2 / max(rank * len(luck[0]), 1.0)
    return lean, error, float(t.ppf(1 - chance, min(free)))


def newsvendor(there: Floats, due: Floats, margin: Floats) -> float:
    """By which factor on buys without bias missed margin and stock left over, worth nothing, balance best.

    The quantile (p − c) / p of what was wanted beside what was bought, over skus: sample average approximation (Levi,
    Roundy and Shmoys 2007).
    """
    known = np.isfinite(margin)
    odds = float(np.average(margin[known], weights=there[known])) if known.any() else _EVEN_ODDS
    ratio = due / there * (there.sum() / max(due.sum(), 1e-9))
    order = np.argsort(ratio, kind="stable")
    upto = np.cumsum(there[order]) / there.sum()
    at = min(int(np.searchsorted(upto, min(max(odds, 0.0), 1.0))), len(order) - 1)
    return float(max(ratio[order[at]], 1e-9))
