"""What customers want, minute by minute, whether or not they get it. Nothing here depends on how well anybody works."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.elsewhere.company import Company
from benchmarks.elsewhere.luck import Floats, Ints


@dataclass(frozen=True, slots=True)
class Wishes:
    """Lines that customers would order if all were well, in order of time.

    Attributes:
        at: Hours since midnight of the first day.
        sku, channel, destination, carrier, node: Indexes.
        units: Wanted.
        draws: Private luck of each wish, shape (n, 16).
        browsing: Visits that come to nothing, by sku, channel, day.
    """

    at: Floats
    sku: Ints
    channel: Ints
    destination: Ints
    carrier: Ints
    node: Ints
    units: Ints
    draws: Floats
    browsing: Ints

    def __len__(self) -> int:
        return len(self.at)

    @property
    def day(self) -> Ints:
        """Day of each wish."""
        return (self.at // 24).astype(np.int64)


def wishes(c: Company) -> Wishes:
    """Draw all wishes of a company."""
    s, _, _, d, k = c.sizes
    rng = c.luck.of("wishes")
    mean = mean_lines(c)
    weeks = c.days // 7 + 1
    swing = rng.gamma(12.0, 1 / 12.0, (s, weeks))[:, np.arange(c.days) // 7]
    counts = rng.poisson(mean * swing[:, None, :])
    i, j, day = np.nonzero(counts)
    times = counts[i, j, day]
    sku, channel, day = np.repeat(i, times), np.repeat(j, times), np.repeat(day, times)
    n = len(sku)
    hour = np.searchsorted(np.cumsum(c.hours) / c.hours.sum(), rng.random(n)).clip(0, 23)
    at = day * 24.0 + hour + rng.random(n)
    order = np.argsort(at, kind="stable")
    sku, channel, at = sku[order], channel[order], at[order]
    destination = _pick(np.cumsum(c.going, axis=1)[channel], rng.random(n)).clip(0, d - 1)
    carrier = _pick(np.cumsum(c.chosen, axis=1)[channel], rng.random(n)).clip(0, k - 1)
    browsing = rng.poisson(mean * (1 / c.conversion - 1))
    return Wishes(
        at, sku, channel, destination, carrier, c.shelf[sku, channel, destination],
        1 + rng.poisson(c.units_more[channel]), rng.random((n, 16)), browsing,
    )  # fmt: skip


def mean_lines(c: Company) -> Floats:
    """Expected lines by sku, channel and day."""
    weekday = np.array([(c.first.weekday() + t) % 7 for t in range(c.days)])
    return np.asarray(
        c.rate[:, :, None] * c.seasons[c.category_of][:, None, : c.days] * c.weekdays[:, weekday][None, :, :],
        np.float64,
    )


def mean_units(c: Company, chance: Floats) -> Floats:
    """Expected units by sku, node and day, of those wishes that become orders.

    Args:
        c: Company.
        chance: That a wish becomes an order where there is stock, by sku, channel, day.
    """
    by_channel = mean_lines(c) * (1 + c.units_more)[None, :, None] * chance
    s, n, ch, d, _ = c.sizes
    out = np.zeros((s, n, c.days))
    for j in range(ch):
        for x in range(d):
            share = c.going[j, x]
            for node in range(n):
                mine = c.shelf[:, j, x] == node
                out[mine, node] += share * by_channel[mine, j]
    for node, feeder in enumerate(c.feeder):
        if feeder >= 0:
            out[:, feeder] += out[:, node]
    return out


def _pick(steps: Floats, draw: Floats) -> Ints:
    return np.asarray((draw[:, None] > steps).sum(axis=1), np.int64)
