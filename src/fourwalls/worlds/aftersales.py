"""What becomes of a line in the end: cancelled, delivered, sent back, rated."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.draws import Bools, Columns, Floats, Ints
from fourwalls.worlds.retailer import Retailer

NOT_CANCELLED, CHANGED_MIND, OUT_OF_STOCK, WAITED_TOO_LONG = range(4)
CANCEL_REASONS = ("", "customer", "out_of_stock", "waited_too_long")
RETURN_REASONS = ("", "fit_or_taste", "damaged", "too_late")

_MIND_SHARE = 0.014
_RATES_SHARE = 0.42


def cancelled(lines: Columns) -> tuple[Floats, Ints]:
    """Hour and reason of the cancellation of each line; infinity where there is none.

    A line can be cancelled until it is on the truck: by a customer who changes her mind, because the shelf was empty
    though the record said otherwise, or because the customer waited too long after the promised day.
    """
    never = np.inf
    mind = np.where(lines["luck_mind"] < _MIND_SHARE, lines["at"] + 7.0 * lines["luck_mind_hours"], never)
    shelf = np.where(lines["stocked"] <= 0, lines["packed"], never)
    patience = lines["promised"] + 110.0 * np.exp(0.6 * lines["luck_patience"])
    hours = np.stack([mind, shelf, patience])
    hours = np.where(hours < lines["handed_over"], hours, never)
    first = hours.min(axis=0)
    reason: Ints = np.where(np.isfinite(first), hours.argmin(axis=0) + 1, NOT_CANCELLED)
    return first, reason


def returned(retailer: Retailer, lines: Columns) -> tuple[Bools, Ints]:
    """Whether each line comes back, if delivered, and why; late ones come back more often."""
    late_days = np.maximum(lines["delivered"] - lines["promised"], 0.0) / 24.0
    usual = retailer.return_share[lines["category"]]
    for_lateness = 0.03 * np.minimum(late_days, 5.0)
    luck = lines["luck_return"]
    reason: Ints = np.select([luck < 0.88 * usual, luck < usual, luck < usual + for_lateness], [1, 2, 3], 0)
    return reason > 0, reason


def rating(lines: Columns) -> Floats:
    """Stars from 0 to 1 of those who rate, NaN of those who do not; lateness costs most in its first days."""
    late_days = np.maximum(lines["delivered"] - lines["promised"], 0.0) / 24.0
    mood = 1.15 + 0.9 * lines["luck_stars"] - 1.9 * (1.0 - np.exp(-late_days / 1.5))
    stars = np.clip(np.round(4.0 / (1.0 + np.exp(-1.7 * mood))), 0.0, 4.0) / 4.0
    return np.where(lines["luck_rates"] < _RATES_SHARE, stars, np.nan)
