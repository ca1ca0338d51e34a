"""Which asset comes first, looked at one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fourwalls.allocation.problem import Enabler, Option


@dataclass(frozen=True, slots=True)
class Ranked:
    """An asset's place.

    Attributes:
        asset, path: The asset, and its path of most value among those that may be chosen.
        value: What that brings on its own, after the full cost of its enablers [money].
        first_chance: Chance that no asset brings more, 0-1, shared among equals; None without draws.
    """

    asset: str
    path: str
    value: float
    first_chance: float | None


def ranking(options: Sequence[Option], enablers: Sequence[Enabler]) -> tuple[Ranked, ...]:
    """The assets by what the best path of each brings on its own, most first.

    Each asset is valued without looking at the others: a copy of one, or another asset, never turns the order of two
    around. What limits and shared enablers make of it is the business of the plan. The path is chosen on average, not
    draw by draw, since nobody can choose after the fact.
    """
    costs = {e.id: e.cost for e in enablers}
    best: dict[str, tuple[float, Option]] = {}
    for option in options:
        if option.barred:
            continue
        alone = option.value - sum(costs[e] for e in option.enablers)
        if option.asset not in best or (alone, option.path) > (best[option.asset][0], best[option.asset][1].path):
            best[option.asset] = (alone, option)
    chances = _first(best)
    rows = [Ranked(asset, o.path, value, chances.get(asset)) for asset, (value, o) in best.items()]
    return tuple(sorted(rows, key=lambda r: (-r.value, r.asset)))


def _first(best: Mapping[str, tuple[float, Option]]) -> dict[str, float]:
    drawn = [o.draws - (o.value - alone) for alone, o in best.values() if o.draws is not None]
    if not best or len(drawn) < len(best):
        return {}
    table = np.stack(drawn)
    is_first = table == table.max(axis=0)
    shares = (is_first / is_first.sum(axis=0)).mean(axis=1)
    return {asset: float(share) for asset, share in zip(best, shares, strict=True)}
