"""Waste: money lost line by line to damage, wrong picks, chargebacks, returns and goodwill."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds import economics
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Columns, Floats, Ints
from fourwalls.worlds.retailer import Retailer

CAUSES = ("damage", "expedite", "chargeback", "return", "goodwill")
DAMAGE, EXPEDITE, CHARGEBACK, RETURN, GOODWILL = range(5)

_RETURN_AMOUNT = 4.5


def bookings(retailer: Retailer, trouble: Trouble, lines: Columns, value: Floats) -> list[tuple[int, Floats, Ints]]:
    """Amounts booked for each line, by cause, with the party that caused them.

    Args:
        retailer: The retailer.
        trouble: What is wrong in this version.
        lines: Concluded lines.
        value: Net value of each line.
    """
    node_party = retailer.party_of("node_id")[lines["node_id"]]
    channel_party = retailer.party_of("channel_id")[lines["channel_id"]]
    carrier_party = retailer.party_of("carrier_id")[lines["carrier_id"]]
    careless = trouble.severity("avoidable_waste", lines, lines["day"], node_party)
    charged = trouble.severity("chargebacks", lines, lines["day"], channel_party)
    luck = lines["luck_waste"]
    shipped = lines["shipped_units"] > 0
    return [
        (DAMAGE, np.where(shipped & (luck < 0.004 + 0.10 * careless), 0.5 * value, 0.0), node_party),
        (EXPEDITE, np.where(shipped & ((luck + 0.5) % 1.0 < 0.003 + 0.10 * careless), 9.0, 0.0), node_party),
        (
            CHARGEBACK,
            np.where(shipped & ((luck + 0.25) % 1.0 < 0.002 + 0.16 * charged), 0.35 * value, 0.0),
            channel_party,
        ),
        (RETURN, np.where(lines["returned_units"] > 0, _RETURN_AMOUNT, 0.0), node_party),
        (GOODWILL, np.where(lines["is_late"], economics.GOODWILL_SHARE * value, 0.0), carrier_party),
    ]
