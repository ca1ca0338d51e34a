from __future__ import annotations

import numpy as np

from fourwalls.chain.demand import ShelfDays, censored_demand, demand_statistics


def lived(
    seed: int, series: int = 600, days: int = 180, mean: float = 1.0, steady: float = np.inf
) -> tuple[ShelfDays, np.ndarray]:
    """A record of shelves restocked every few days, and the units truly lost; customers come over 12 hours."""
    rng = np.random.default_rng(seed)
    weekday = np.arange(days) % 7
    week = np.array([0.8, 0.8, 0.9, 0.9, 1.0, 1.3, 1.3])
    level = mean * rng.gamma(3.0, 1 / 3.0, (series, 1))
    luck = rng.gamma(steady, 1 / steady, (series, days)) if np.isfinite(steady) else 1.0
    wanted = rng.poisson((level * week[weekday] * luck)[:, :, None] / 12.0 * np.ones(12))
    stock = np.zeros(series)
    sold, empty, lost = np.zeros((series, days)), np.zeros((series, days)), np.zeros((series, days))
    for t in range(days):
        stock = np.where(rng.random(series) < 0.3, np.ceil(level[:, 0] * 3), stock)
        for h in range(12):
            empty[:, t] += (stock <= 0) / 12.0
            took = np.minimum(stock, wanted[:, t, h])
            sold[:, t] += took
            lost[:, t] += wanted[:, t, h] - took
            stock = stock - took
    f = np.float32
    return ShelfDays(sold.astype(f), empty.astype(f), weekday, np.zeros(series, np.int64)), lost


def test_total_lost_is_told_without_bias() -> None:
    for mean in (0.1, 1.0, 5.0):
        shelf, lost = lived(1, mean=mean)
        told = censored_demand(shelf)
        assert abs(np.nansum(told.lost) / lost[told.known].sum() - 1) < 0.05


def test_any_partition_gives_the_same_figures() -> None:
    shelf, _ = lived(2)
    statistics = demand_statistics(shelf)
    whole = censored_demand(shelf, statistics=statistics)
    part = ShelfDays(shelf.sold[100:150], shelf.empty[100:150], shelf.weekday, shelf.pool[100:150])
    assert np.array_equal(whole.lost[100:150], censored_demand(part, statistics=statistics).lost, equal_nan=True)
