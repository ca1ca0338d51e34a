"""Forecasting: each channel's party says every Monday what it will sell; the plan, corrected by what was sold lately."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fourwalls.worlds.assortment import Assortment
from fourwalls.worlds.defects import SeverityByVersion, Trouble
from fourwalls.worlds.draws import Floats, Ints, generator
from fourwalls.worlds.retailer import Retailer

NOISE = 0.10
"""Spread of a sound forecast around the plan, as a share."""

_SMOOTHING = 0.15


@dataclass(slots=True)
class Forecaster:
    """Forecasts of all versions of a world.

    Attributes:
        retailer, places, seed: The world.
        versions: What is wrong in each version.
        ratio: What lately sold, against the plan, shape (versions, places).
        tilt: What the forecaster of a channel makes of it, shape (versions, channels, places).
    """

    retailer: Retailer
    places: Assortment
    seed: int
    versions: list[Trouble]
    ratio: Floats = field(init=False)
    tilt: Floats = field(init=False)
    _kinds: dict[str, SeverityByVersion] = field(init=False)
    _sold: Floats = field(init=False)
    _open: Floats = field(init=False)

    def __post_init__(self) -> None:
        n, n_ch = len(self.places.sku), len(self.retailer.channels)
        self.ratio = np.ones((len(self.versions), n))
        self.tilt = np.ones((len(self.versions), n_ch, n))
        rows = {name: np.tile(codes, n_ch) for name, codes in self.places.rows().items()}
        rows["channel_id"] = np.repeat(np.arange(n_ch), n)
        party = self.retailer.party_of("channel_id")[rows["channel_id"]]
        self._kinds = {
            kind: SeverityByVersion(kind, self.versions, rows, party)
            for kind in ("low_forecast", "high_forecast", "noisy_forecast")
        }
        self._sold = np.zeros_like(self.ratio)
        self._open = np.zeros_like(self.ratio)

    def watch(self, sold: Ints, open_share: Floats) -> None:
        """See a day's sales, and the share of the day in which there was something to sell."""
        self._sold += sold
        self._open += open_share

    def renew(self, day: int) -> None:
        """Make Monday's forecast: last week, freed of empty days as well as one can, moves the ratio a little."""
        planned = self.places.planned(day - 7, 7).sum(axis=0) * self._open if day >= 7 else np.zeros_like(self._open)
        weight = _SMOOTHING * planned / (planned + 6.0)
        seen = np.divide(self._sold, planned, out=np.ones_like(self._sold), where=planned > 0.0)
        self.ratio += weight * (np.clip(seen, 0.0, 4.0) - self.ratio)
        self._sold[:] = 0.0
        self._open[:] = 0.0
        n_ch = len(self.retailer.channels)
        luck = generator(self.seed, "forecast", day).standard_normal((n_ch, len(self.places.sku)))
        shape = self.tilt.shape
        low, high, noisy = (
            self._kinds[k].on(day).reshape(shape) for k in ("low_forecast", "high_forecast", "noisy_forecast")
        )
        spread = NOISE + 0.55 * noisy
        swing = np.exp(spread * luck[None] - spread**2 / 2)
        self.tilt = np.maximum(1.0 - 0.5 * low + 0.8 * high, 0.1) * swing

    def believed(self, day: int) -> Floats:
        """Units a day that sales of late would bear out, free of anyone's tilt, shape (versions, places)."""
        believed: Floats = self.places.planned(day, 28).sum(axis=0) * self.ratio
        return believed

    def per_day(self, first: int, days: Floats | float) -> Floats:
        """Units a day forecast for the next `days`, shape (versions, channels, places)."""
        return self.places.planned(first, days)[None] * self.tilt * self.ratio[:, None, :]
