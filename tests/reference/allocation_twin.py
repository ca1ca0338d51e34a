"""The slow twin of the allocation: every choice looked at; and what a spreadsheet would do."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from fourwalls.allocation import Enabler, Limits, Option

OPERATED = ("operate", "operate then orchestrate")
PATHS = ("operate", "orchestrate", "operate then orchestrate")


def random_options(
    seed: int, assets: int, enablers: int = 3, draws: int = 0
) -> tuple[list[Option], list[Enabler], np.random.Generator]:
    """Assets of unequal size, some paths absent, barred, worth nothing, in need of enablers or of another asset."""
    rng = np.random.default_rng(seed)
    known = [Enabler(f"e{i}", float(rng.uniform(0, 60)), float(rng.integers(0, 4))) for i in range(enablers)]
    options = []
    for a in range(assets):
        size = rng.lognormal(3, 1)
        for path in PATHS:
            if rng.random() < 0.15:
                continue
            cost = 0.0 if rng.random() < 0.05 else float(size * rng.uniform(0.1, 1.0))
            value = float(size * rng.normal(0.8, 0.8))
            needs = (
                rng.choice([e.id for e in known], rng.integers(0, 3), replace=False) if "orchestrate" in path else []
            )
            after = (
                frozenset({f"a{rng.integers(assets)}"})
                if path == "orchestrate" and rng.random() < 0.25
                else frozenset()
            )
            options.append(
                Option(
                    f"a{a}", path, value, cost, float(rng.integers(0, 9)), frozenset(needs), after,
                    "a hole" if rng.random() < 0.08 else "",
                    value + size * rng.normal(0, 1.0, draws) if draws else None,
                )
            )  # fmt: skip
    return options, known, rng


def totals(chosen: Sequence[Option], enablers: Sequence[Enabler]) -> tuple[float, float, float]:
    """Value, cost and weeks of a choice, each enabler once."""
    used = frozenset().union(*(o.enablers for o in chosen))
    paid = [e for e in enablers if e.id in used]
    shared = sum(e.cost for e in paid)
    return (
        sum(o.value for o in chosen) - shared,
        sum(o.cost for o in chosen) + shared,
        sum(o.people_weeks for o in chosen) + sum(e.people_weeks for e in paid),
    )


def worst_mean(chosen: Sequence[Option], enablers: Sequence[Enabler], share: float) -> float:
    """Mean value in the worst share of draws."""
    if not chosen:
        return 0.0
    used = frozenset().union(*(o.enablers for o in chosen))
    drawn = np.sum([o.draws for o in chosen], axis=0) - sum(e.cost for e in enablers if e.id in used)
    return float(np.sort(drawn)[: max(1, round(len(drawn) * share))].mean())


def allowed(chosen: Sequence[Option], enablers: Sequence[Enabler], limits: Limits) -> bool:
    """Whether a choice keeps every rule and limit."""
    operated = {o.asset for o in chosen if o.path in OPERATED}
    if any(o.barred or not o.after <= operated for o in chosen):
        return False
    _, cost, weeks = totals(chosen, enablers)
    if cost > limits.budget + 1e-7 or (limits.people_weeks is not None and weeks > limits.people_weeks + 1e-9):
        return False
    return not limits.risk or worst_mean(chosen, enablers, limits.risk.share) >= -limits.risk.most_lost - 1e-5


def brute_force(options: Sequence[Option], enablers: Sequence[Enabler], limits: Limits) -> float:
    """Value of the best choice, by looking at all of them; -inf where none is allowed."""
    by_asset: dict[str, list[Option | None]] = {}
    for o in options:
        by_asset.setdefault(o.asset, [None]).append(o)
    best = -np.inf
    for choice in itertools.product(*by_asset.values()):
        chosen = [o for o in choice if o is not None]
        value = totals(chosen, enablers)[0]
        if value > best and allowed(chosen, enablers, limits):
            best = value
    return float(best)


def greedy(options: Sequence[Option], enablers: Sequence[Enabler], limits: Limits) -> float:
    """What a spreadsheet sorted by value per cost comes to: down the list, whatever still fits."""
    costs = {e.id: e.cost for e in enablers}
    alone = {id(o): sum(costs[e] for e in o.enablers) for o in options}
    order = sorted(options, key=lambda o: -(o.value - alone[id(o)]) / max(o.cost + alone[id(o)], 1e-9))
    chosen: list[Option] = []
    for o in order:
        further = [*chosen, o]
        if o.asset not in {c.asset for c in chosen} and totals(further, enablers)[0] > totals(chosen, enablers)[0]:
            chosen = further if allowed(further, enablers, limits) else chosen
    return totals(chosen, enablers)[0]
