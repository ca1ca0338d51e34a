"""Speed of the stock replay, as ratios in the same run.

    python -m benchmarks.stock_replay [SHELVES] [DAYS]

The kernel replays every shelf-day under all 64 coalitions, with weekly orders whose amounts and arrivals depend on the
coalition; beside it stands numpy copying the arrays that the kernel reads and writes. Then one base-stock policy on one
shelf, which stockpyl simulates too: same net stock to 1e-6, and periods per second of both.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from fourwalls.chain.stock_replay import COALITIONS, Occasions, Outcome, Shelves, replay

ROUNDS = 5


def retailer(shelves: int, days: int) -> tuple[Shelves, Occasions]:
    """Shelves that stand alone, ordered for once a week; every stage moves something."""
    rng = np.random.default_rng(0)
    lost = (rng.random((shelves, days)) < 0.1) * rng.poisson(2.0, (shelves, days))
    closing = np.where(lost > 0, 0, rng.poisson(10.0, (shelves, days)))
    per_shelf = np.arange(3, days, 7)
    k = shelves * len(per_shelf)
    day = np.tile(per_shelf, shelves)
    units = rng.poisson(14.0, k).astype(np.float32)
    saved = rng.integers(0, 4, (k, 3)) @ np.array([[(c >> b) & 1 for c in range(8)] for b in range(3)])
    lift = rng.random((k, 1), dtype=np.float32) * (np.arange(8) & 1) + rng.normal(0, 1, (k, 1)) * (
        (np.arange(8) >> 1) & 1
    )
    one = np.arange(shelves + 1, dtype=np.int32)
    return (
        Shelves(
            lost.astype(np.float32), (rng.random((shelves, days)) < 0.02).astype(np.float32), closing.astype(np.float32),
            one, one * len(per_shelf), (np.arange(days) // 7).astype(np.int32), np.zeros(shelves, np.bool_),
        ),
        Occasions(
            np.repeat(np.arange(shelves), len(per_shelf)).astype(np.int32), np.full(k, -1, np.int32), day.astype(np.int32),
            units, units, np.stack([units * np.float32(0.95), units], axis=1), np.full((k, 2), 0.95, np.float32),
            lift.astype(np.float32), (day[:, None] + 21 - saved).astype(np.int32),
        ),
    )  # fmt: skip


def copied(shelves: Shelves, occasions: Occasions, out: Outcome) -> float:
    """Seconds numpy needs to copy what the kernel reads and writes."""
    arrays = [x for part in (shelves, occasions, out) for x in part]
    begun = time.perf_counter()
    for array in arrays:
        array.copy()
    return time.perf_counter() - begun


def kernel(n_shelves: int, days: int) -> None:
    """The full replay beside a copy."""
    shelves, occasions = retailer(n_shelves, days)
    out = replay(*retailer(8, days))
    times, copies = [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        out = replay(shelves, occasions)
        times.append(time.perf_counter() - begun)
        copies.append(copied(shelves, occasions, out))
    steps = n_shelves * days * COALITIONS
    best, copy = min(times), min(copies)
    print(f"{n_shelves:,} shelves x {days} days x {COALITIONS} coalitions, {len(occasions.day):,} orders, one core")
    print(
        f"  replay {best:.2f} s: {steps / best / 1e6:,.0f} million shelf-days a second; {best / copy:.1f}x a numpy copy of its arrays ({copy:.2f} s)"
    )


def base_stock(periods: int = 200_000, lead: int = 3, level: float = 40.0) -> None:
    """One base-stock policy with customers who wait: ours beside stockpyl's."""
    from stockpyl.sim import simulation  # installed by `make bench` only
    from stockpyl.supply_chain_network import single_stage_system

    rng = np.random.default_rng(1)
    theirs_n = 2_000
    demand = rng.poisson(8.0, periods).astype(np.float64)
    network = single_stage_system(
        holding_cost=1.0, stockout_cost=9.0, demand_type="D", demand_list=demand[:theirs_n].tolist(), policy_type="BS",
        base_stock_level=level, shipment_lead_time=lead, initial_inventory_level=0,
    )  # fmt: skip
    begun = time.perf_counter()
    simulation(network, theirs_n, progress_bar=False)
    theirs = time.perf_counter() - begun
    node = network.nodes[0]
    told = np.array([sum(node.state_vars[t].inventory_level.values()) for t in range(theirs_n)])
    shelves, occasions = policy(demand[None], level, lead)
    replay(*policy(demand[None, :8], level, lead))
    begun = time.perf_counter()
    replay(shelves, occasions)
    ours = time.perf_counter() - begun
    # stockpyl orders once the period's demand is seen, we before it: its lead of L periods is ours of L − 1.
    # What is held is told as a sum over days: equal sums over many first days are equal days.
    firsts = np.unique(np.linspace(lead + 2, theirs_n, 60).astype(int))  # once the pipeline is full
    held = np.array([float(replay(*policy(demand[None, :n], level, lead - 1)).held[0, 1]) for n in firsts])
    theirs_held = np.cumsum(told)[firsts - 1]
    off = float(np.abs((held - held[0]) - (theirs_held - theirs_held[0])).max())
    print(
        f"base stock {level:g}, lead {lead}: net stock as stockpyl has it, to {off:.1e} units over {len(firsts)} windows"
    )
    rate = COALITIONS * periods / ours, theirs_n / theirs
    print(
        f"  {rate[0] / 1e6:,.1f} million periods a second (64 policies side by side) against {rate[1]:,.0f}: {rate[0] / rate[1]:,.0f}x"
    )
    print(f"  one policy alone: {periods / ours / rate[1]:,.0f}x")


def policy(demand: np.ndarray, level: float, lead: int) -> tuple[Shelves, Occasions]:
    """Periodic review every period, customers wait; the policy is a repair that lifts the level of an empty record."""
    n, days = demand.shape
    k = n * days
    day = np.tile(np.arange(days), n)
    starts = np.arange(n + 1, dtype=np.int32)
    shift = np.zeros((k, 8), np.float32)
    shift[:, 1::2] = level
    zero = np.zeros(k, np.float32)
    empty = np.zeros((n, days), np.float32)
    return (
        Shelves(
            demand.astype(np.float32), empty, empty, starts, starts * days, np.arange(days, dtype=np.int32) // 7,
            np.ones(n, np.bool_),
        ),
        Occasions(
            np.repeat(np.arange(n), days).astype(np.int32), np.full(k, -1, np.int32), day.astype(np.int32), zero, zero,
            np.zeros((k, 2), np.float32), np.ones((k, 2), np.float32), shift,
            np.repeat((day + lead)[:, None], 8, axis=1).astype(np.int32),
        ),
    )  # fmt: skip


def main(said: list[str]) -> None:
    """Prints the table."""
    shelves, days = (int(x) for x in (*said, "10000", "365")[:2]) if said else (10_000, 365)
    kernel(shelves, days)
    base_stock()


if __name__ == "__main__":
    main(sys.argv[1:])
