"""Listing: a channel shows what its feed last told it; stale feeds oversell, and hide what has come back."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.assortment import Assortment
from fourwalls.worlds.defects import SeverityByVersion, Trouble
from fourwalls.worlds.draws import Floats, Ints
from fourwalls.worlds.retailer import OWN, Retailer

_OWN_LAG = 0.2
_PARTNER_LAG = 1.0
_WORST_LAG = 84.0
"""Hours until a channel knows of a change of stock: on our own site, at a partner, and at worst."""


class Lags:
    """How late each channel learns of stock, in every version.

    Args:
        retailer: The retailer.
        versions: What is wrong in each version.
    """

    def __init__(self, retailer: Retailer, versions: list[Trouble]) -> None:
        self._n_cat = len(retailer.categories)
        channel = np.repeat(np.arange(len(retailer.channels)), self._n_cat)
        rows = {"channel_id": channel, "category": np.tile(np.arange(self._n_cat), len(retailer.channels))}
        party = retailer.party_of("channel_id")[channel]
        self._bad = SeverityByVersion("stale_listings", versions, rows, party)
        self._sound = np.where(party == OWN, _OWN_LAG, _PARTNER_LAG)
        # In a store the customer stands before the shelf.
        self._listed = 1.0 - retailer.is_in_store(channel)

    def hours(self, day: int) -> Floats:
        """Lag by channel and category on a day, shape (versions, channels × categories)."""
        return self._listed * (self._sound + _WORST_LAG * self._bad.on(day))

    def of_wishes(
        self, day: int, place: Ints, channel: Ints, category: Ints, back_since: Floats, empty_since: Floats
    ) -> tuple[Floats, Floats]:
        """From which hour of the day a wish sees stock, and how long it sees what is gone, shape (versions, wishes)."""
        lag = self.hours(day)[:, channel * self._n_cat + category]
        began = day * 24.0
        up_from = back_since[:, place] + lag - began
        since = empty_since[:, place]
        down_from = np.where(np.isfinite(since), np.maximum(since + lag - began, 0.0), lag)
        return up_from, down_from

    def shown_share(
        self, day: int, places: Assortment, open_share: Floats, back: Floats, gone: Floats, closes: Floats
    ) -> Floats:
        """Share of the day each place could be bought in each channel, first version, shape (channels, places)."""
        lag = self.hours(day)[0].reshape(-1, self._n_cat)[:, places.category]
        began = day * 24.0
        up = np.clip(back[None, :] + lag - began, 0.0, 24.0)
        down = np.where(np.isfinite(gone)[None, :], np.clip(gone[None, :] + lag - began, 0.0, 24.0), 24.0)
        # Where no more can be packed today, nothing more is sold today.
        down = np.minimum(down, closes[places.node, places.category])
        return np.where(open_share[None, :] > 0.0, np.maximum(down - up, 0.0), down) / 24.0
