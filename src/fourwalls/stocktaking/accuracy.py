"""How far forecasts lay from what customers wanted, and how much was found missing, asset by asset."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fourwalls.availability import Luck, Serving
from fourwalls.chain.unseen_stock import found_missing
from fourwalls.figures import Estimate, Figure, Reading
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, expanded_tail
from fourwalls.stocktaking.taking import Forecasts, Stocktaking

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def forecast_readings(taking: Stocktaking, serving: Serving, chance: Luck) -> list[tuple[Reading, ...]]:
    """WAPE and bias of the forecasts behind each asset, and behind the whole portfolio last; lost sales count as wanted.

    Args:
        taking: The stock flow.
        serving: Which shelf serves which asset.
        chance: Other weeks to draw.
    """
    found = taking.forecasts
    spans = chance.weeks.shape[1]
    if found is None or spans < LEAST_CLUSTERS or not len(found.told.at):
        return [()] * (serving.assets + 1)
    off, forecast, wanted, rows = _by_shelf(taking, found, spans)
    sums = []
    for asset in range(serving.assets):
        mine = serving.asset == asset
        shelf, weight = serving.shelf[mine], serving.weight[mine]
        sums.append(np.stack([weight @ x[shelf] for x in (off, forecast, wanted, rows)]))
    if not sums:
        return [()]
    weeks = chance.weeks.astype(np.float64)
    return [_told(s[0], s[1], s[2], s[3], weeks) for s in (*sums, np.sum(sums, axis=0))]


def missing_readings(taking: Stocktaking, serving: Serving, chance: Luck) -> list[tuple[Reading, ...]]:
    """Goods found missing by unit that left the shelves behind each asset, and behind the whole portfolio last; () if none were.

    Arguments are those of `forecast_readings`.
    """
    record, sent = taking.record, taking.sent
    missing = found_missing(record, sent)
    weeks = chance.weeks.astype(np.float64)
    if record.missing is None or weeks.shape[1] < LEAST_CLUSTERS:
        return [()] * (serving.assets + 1)
    starts = np.flatnonzero(np.diff(taking.spans, prepend=taking.spans[0] - 1))
    left = np.nan_to_num(record.sold) + (0.0 if sent is None else sent)
    by_span = [np.add.reduceat(x, starts, axis=1, dtype=np.float64) for x in (missing, left)]
    sums = [np.zeros((2, weeks.shape[1])) for _ in range(serving.assets)]
    for asset in range(serving.assets):
        mine = serving.asset == asset
        sums[asset] += np.stack([serving.weight[mine] @ x[serving.shelf[mine]] for x in by_span])
    return [_missing(s[0], s[1], weeks) for s in (*sums, np.sum([np.zeros_like(weeks[:2]), *sums], axis=0))]


def _missing(missing: Floats, left: Floats, weeks: Floats) -> tuple[Reading, ...]:
    total, below = float(left.sum()), weeks @ left
    if total <= 0 or not missing.any():
        return ()
    tail = expanded_tail(weeks.shape[1], LEVEL)
    value = float(missing.sum()) / total
    low, high = np.quantile((weeks @ missing)[below > 0] / below[below > 0], [tail, 1 - tail])
    figure = Estimate(value, min(float(low), value), max(float(high), value), "share", LEVEL)
    return (
        Reading(
            "found_missing_share", "Goods found missing", figure, round(total),
            "Σ units by which the record was lowered by hand and that were not sent on / Σ units sold or sent on",
        ),
    )  # fmt: skip


def _by_shelf(taking: Stocktaking, found: Forecasts, spans: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Absolute error, forecast, what was wanted, and forecasts, by shelf and span of the period's first day."""
    told, rows = found.told, found.rows
    number = np.searchsorted(np.unique(taking.spans), taking.spans)
    at = rows.shelf[told.at] * spans + number[rows.start[told.at]]
    n = taking.shelves.num_rows

    def summed(values: Floats | None) -> Floats:
        return np.bincount(at, values, minlength=n * spans).reshape(n, spans).astype(np.float64)

    return summed(np.abs(told.forecast - told.wanted)), summed(told.forecast), summed(told.wanted), summed(None)


def _told(off: Floats, forecast: Floats, wanted: Floats, rows: Floats, weeks: Floats) -> tuple[Reading, ...]:
    total = float(wanted.sum())
    below = weeks @ wanted
    if total <= 0:
        return ()
    tail = expanded_tail(weeks.shape[1], LEVEL)

    def share(above: Floats) -> Figure:
        value = float(above.sum()) / total
        low, high = np.quantile((weeks @ above)[below > 0] / below[below > 0], [tail, 1 - tail])
        return Estimate(value, min(float(low), value), max(float(high), value), "share", LEVEL)

    n = round(float(rows.sum()))
    return (
        Reading(
            "forecast_wape_share", "Forecast error (WAPE)", share(off), n,
            "Σ |forecast − wanted| / Σ wanted over sku, node, channel and period; lost sales count as wanted",
        ),
        Reading(
            "forecast_bias_share", "Forecast bias", share(forecast - wanted), n,
            "Σ (forecast − wanted) / Σ wanted; above 0: forecast too much",
        ),
    )  # fmt: skip
