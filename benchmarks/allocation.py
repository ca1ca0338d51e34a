"""Allocation over many assets: time, and value beside a list sorted by value per cost.

    python -m benchmarks.allocation [ASSETS]

Random assets of unequal size with three paths each, a twentieth as many enablers, a budget of a twentieth of all costs
and a limit of weeks. Prints seconds for the plan alone and explained, the gap the solver leaves, and the share of its
value that the sorted list reaches; then the same over ten draws of fifty assets.
"""

from __future__ import annotations

import sys
import time

from tests.reference.allocation_twin import greedy, random_options

from fourwalls.allocation import Allocation, Enabler, Limits, Option, allocate


def problem(seed: int, assets: int) -> tuple[list[Option], list[Enabler], Limits]:
    """Options, enablers and limits."""
    options, enablers, _ = random_options(seed, assets, max(assets // 20, 2))
    return options, enablers, Limits(0.05 * sum(o.cost for o in options), 0.8 * assets)


def planned(options: list[Option], enablers: list[Enabler], limits: Limits) -> Allocation:
    """The plan without its explanations."""
    plan = allocate(options, enablers, limits, explained=0, points=2)
    if not isinstance(plan, Allocation):
        raise TypeError(plan)
    return plan


def main(assets: int = 500) -> None:
    """Prints the table."""
    options, enablers, limits = problem(7, assets)
    begun = time.perf_counter()
    plan = planned(options, enablers, limits)
    alone = time.perf_counter() - begun
    allocate(options, enablers, limits)
    explained = time.perf_counter() - begun - alone
    print(
        f"{assets} assets, {len(options)} options: {alone:.1f} s, explained with frontier {explained:.1f} s, gap {plan.gap:.1e}"
    )
    print(f"sorted list reaches {greedy(options, enablers, limits) / plan.value:.3f} of its value")
    ratios = []
    for seed in range(10):
        options, enablers, limits = problem(100 + seed, 50)
        small = planned(options, enablers, limits)
        ratios.append(greedy(options, enablers, limits) / small.value)
    print(f"50 assets, ten draws: {min(ratios):.3f} to {max(ratios):.3f}, mean {sum(ratios) / len(ratios):.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
