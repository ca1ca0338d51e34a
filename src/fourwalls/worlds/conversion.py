"""Conversion: which wishes never become orders because of what the customer sees of the product."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Bools, Columns, Floats
from fourwalls.worlds.retailer import OWN, Retailer

ELASTICITY = 4.5
"""Of shoppers who can compare prices with a click."""

DEAR_SHARE = 0.15
"""How far a price gets out of line at worst."""

CONTENT_LOSS = 0.35
"""Share of customers lost where content is as weak as it gets."""


def dearness(trouble: Trouble, rows: Columns, lines: int) -> Floats:
    """How far our price is above the sound one, as a share."""
    return DEAR_SHARE * trouble.severity("dear_price", rows, rows["day"], np.full(lines, OWN))


def convinced(retailer: Retailer, versions: list[Trouble], wishes: Columns) -> Bools:
    """Whether content and price keep each customer, in every version, shape (versions, lines)."""
    party = retailer.party_of("channel_id")[wishes["channel_id"]]
    own = np.full(len(party), OWN)
    stay = np.ones((len(versions), len(party)), dtype=np.bool_)
    for row, trouble in enumerate(versions):
        weak = CONTENT_LOSS * trouble.severity("weak_content", wishes, wishes["day"], party)
        dear = DEAR_SHARE * trouble.severity("dear_price", wishes, wishes["day"], own)
        stay[row] = (wishes["luck_content"] >= weak) & (wishes["luck_price"] < (1.0 + dear) ** -ELASTICITY)
    return stay
