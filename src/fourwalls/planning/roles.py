"""What an asset is for: engine, experiment or heritage, by portfolio.toml, else by share, growth and age of its sales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import NO_ROLE, Role
from fourwalls.figures import Refusal

Floats = npt.NDArray[np.float64]
RoleName = Literal["engine", "experiment", "heritage"]

ASKS: Mapping[RoleName, str] = {
    "engine": "An engine carries the rest: deepen what works in-house, and change one thing at a time.",
    "experiment": "An experiment has to learn fast: several partners and channels, small stakes, an end date.",
    "heritage": "Heritage is renewed in a few chosen places, often with partners, and not made larger as a whole.",
}
WEEKS = 52
# Choices. Growth counts as clear from ten points a year beside the portfolio on, the cut of the growth-share matrix
# (Henderson 1970), and only where its whole range is beyond; sales younger than half a year are young.
CLEAR_GROWTH = 0.10
YOUNG_WEEKS = 26
_BLOCK, _DRAWS = 4, 999
_REMEDY = 'two years of priced orders, or role = "engine", "experiment" or "heritage" under [[assets]]'


@dataclass(frozen=True, slots=True)
class Sales:
    """Net order value of one asset and of the whole portfolio, week by week, shape (weeks,); no week is left out.

    Attributes:
        asset, portfolio: Which.
        assets: How many there are.
    """

    asset: Floats
    portfolio: Floats
    assets: int


def role_of(said: str | None, sales: Sales | None) -> Role | Refusal:
    """The role of one asset; a refusal where neither portfolio.toml nor the records tell.

    Args:
        said: What portfolio.toml calls it; None where it says nothing.
        sales: Its record; None where nothing is priced, or the record is too short for weeks.
    """
    if said is not None:
        name: RoleName = "engine" if said == "engine" else "experiment" if said == "experiment" else "heritage"
        return Role(name, "portfolio.toml", "portfolio.toml says so.", ASKS[name])
    if sales is None or sales.portfolio.sum() <= 0 or sales.asset.sum() <= 0:
        return Refusal(NO_ROLE.code, NO_ROLE.about, "no priced orders by week show how it sells", _REMEDY)
    share = float(sales.asset.sum() / sales.portfolio.sum())
    part = f"{100 * share:.0f} % of the order value (an even part is {100 / sales.assets:.0f} %)"
    begun = int(np.flatnonzero(sales.asset > 0)[0])
    weeks = len(sales.asset) - begun
    if weeks <= YOUNG_WEEKS and begun >= YOUNG_WEEKS:
        return _measured("experiment", f"It first sold {weeks} weeks before the end of the record, and has {part}.")
    if weeks < 2 * WEEKS:
        because = f"{weeks} weeks of sales show no growth that seasons could not explain; it has {part}"
        return Refusal(NO_ROLE.code, NO_ROLE.about, because, _REMEDY)
    if _base(sales.asset) <= 0 or _base(sales.portfolio) <= 0 or sales.portfolio[-WEEKS:].sum() <= 0:
        because = f"the last two years of its record lack a year of sales to measure growth by; it has {part}"
        return Refusal(NO_ROLE.code, NO_ROLE.about, because, _REMEDY)
    growth, low, high = growth_beside(sales)
    told = f"It has {part} and grew {100 * growth:+.0f} % in a year beside the portfolio (range {100 * low:+.0f} to {100 * high:+.0f} %)."
    is_large = share >= 1 / sales.assets
    if low >= CLEAR_GROWTH and not is_large:
        return _measured("experiment", told)
    if high <= -CLEAR_GROWTH:
        return _measured("heritage", told)
    if is_large:
        return _measured("engine", told)
    because = f"it is small and neither grows nor shrinks clearly: {told[0].lower()}{told[1:].rstrip('.')}"
    return Refusal(NO_ROLE.code, NO_ROLE.about, because, _REMEDY)


def growth_beside(sales: Sales) -> tuple[float, float, float]:
    """Growth of the last 52 weeks over the 52 before, over that of the portfolio, with a range of 90 %.

    Each week is paired with the same week a year before, so seasons cancel; blocks of four pairs are drawn. Asset and
    portfolio must have sold in the 52 weeks before, and the portfolio in the last 52.
    """
    pairs = [np.stack([x[-WEEKS:], x[-2 * WEEKS : -WEEKS]]) for x in (sales.asset, sales.portfolio)]
    starts = np.random.default_rng(0).integers(0, WEEKS, (_DRAWS, WEEKS // _BLOCK))
    chosen = (starts[:, :, None] + np.arange(_BLOCK)).reshape(_DRAWS, -1) % WEEKS
    drawn = [p[:, chosen].sum(axis=2) for p in pairs]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (drawn[0][0] / drawn[0][1]) / (drawn[1][0] / drawn[1][1]) - 1
    last, before = pairs[0].sum(axis=1)
    last_all, before_all = pairs[1].sum(axis=1)
    value = float(last / before / (last_all / before_all) - 1)
    known = ratio[np.isfinite(ratio)]
    low, high = (float(x) for x in np.quantile(known, [0.05, 0.95])) if len(known) else (-np.inf, np.inf)
    return value, min(low, value), max(high, value)


def _base(weeks: Floats) -> float:
    """What was sold in the year that growth is measured from."""
    return float(weeks[-2 * WEEKS : -WEEKS].sum())


def _measured(name: RoleName, because: str) -> Role:
    return Role(name, "measured", because, ASKS[name])
