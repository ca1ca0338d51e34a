"""Offers: what partners could take over, at a price near what the work costs today."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.draws import generator
from fourwalls.worlds.retailer import LOGISTICS, Retailer


@dataclass(frozen=True, slots=True)
class Offer:
    """What a partner could do for us in a region.

    Attributes:
        party: Who offers it.
        capability: "fulfilment" or "carriage".
        destination: The region.
        units_per_day: How much.
        unit_amount: Price per unit.
        onboarding_amount: To begin, once.
        ramp_days: Until full capacity.
    """

    party: int
    capability: str
    destination: int
    units_per_day: float
    unit_amount: float
    onboarding_amount: float
    ramp_days: int


def offers_of(retailer: Retailer, seed: int) -> list[Offer]:
    """Every partner's offer in every region."""
    luck = generator(seed, "offers")
    who = [
        (party, capability, dest)
        for party, capability in ((LOGISTICS, "fulfilment"), (3, "carriage"), (4, "carriage"))
        for dest in range(len(retailer.destinations))
    ]
    n = len(who)
    units = np.round(luck.uniform(0.1, 0.5, n) * float(retailer.rate.sum()))
    price = np.round(luck.uniform(1.8, 4.5, n), 2)
    onboarding = np.round(luck.uniform(2_000.0, 15_000.0, n), -2)
    ramp = np.round(luck.uniform(14.0, 90.0, n)).astype(np.int64)
    return [Offer(*who[k], float(units[k]), float(price[k]), float(onboarding[k]), int(ramp[k])) for k in range(n)]


def overflow_offers(retailer: Retailer, seed: int) -> list[Offer]:
    """The logistics partner's offers to pick and pack for us, one per region, in their order."""
    return [o for o in offers_of(retailer, seed) if o.party == LOGISTICS and o.capability == "fulfilment"]
