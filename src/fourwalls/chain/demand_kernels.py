"""The loop over series and days behind the demand estimate; numpy would pass over memory for each day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

MEAN, ALIKE, GRAIN, STEADY, STRENGTH = range(5)
"""Columns of the table of what is known of a series beforehand."""

ROUNDS = 3


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def expect(sold: Floats32, stocked: Floats32, factor: Floats32, before: Floats, decay: float, rate: Floats32) -> None:
    """Expected demand of each whole day, from the other days of the series.

    The level of a series is that of the days around, nearer ones counting more, drawn towards its mean over all days,
    which is drawn towards the mean of its pool: gamma priors, Poisson-like sales. A day weighs 1 / (1 + expected /
    (grain x steady)): the score of the negative binomial, in which the luck of one day counts once.

    Args:
        sold: Units sold, 0 where nothing is known, shape (series, days).
        stocked: Share of the day's usual demand that fell into time with stock, 0 where nothing is known, same shape.
        factor: What weekday, day and lift make of the level, same shape.
        before: Known of each series beforehand, in the order of the columns above, shape (series, 5).
        decay: What a day further away counts less, 0..1.
        rate: Filled with expected demand of the whole day [units], same shape.
    """
    n_series, n_days = sold.shape
    n, e, past_n, past_e = np.empty(n_days), np.empty(n_days), np.empty(n_days), np.empty(n_days)
    for s in range(n_series):
        mean, alike, grain, steady, strength = before[s]
        own = alike / mean
        total_n, total_e = 0.0, 0.0
        for t in range(n_days):
            total_n += sold[s, t] / grain
            total_e += stocked[s, t] * factor[s, t] / grain
        for t in range(n_days):
            rate[s, t] = factor[s, t] * (alike + total_n) / (own + total_e)
        for _ in range(ROUNDS):
            total_n, total_e = 0.0, 0.0
            near_n, near_e = 0.0, 0.0
            for t in range(n_days):
                weight = 1.0 / (grain + rate[s, t] * stocked[s, t] / steady)
                n[t], e[t] = weight * sold[s, t], weight * stocked[s, t] * factor[s, t]
                past_n[t], past_e[t] = near_n, near_e
                near_n, near_e = decay * (near_n + n[t]), decay * (near_e + e[t])
                total_n += n[t]
                total_e += e[t]
            near_n, near_e = 0.0, 0.0
            for t in range(n_days - 1, -1, -1):
                level = (alike + total_n - n[t]) / (own + total_e - e[t])
                local = (strength + past_n[t] + near_n) / (strength / level + past_e[t] + near_e)
                rate[s, t] = local * factor[s, t]
                near_n, near_e = decay * (near_n + n[t]), decay * (near_e + e[t])
