"""Carriage: from the truck at the node's door to the customer's."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.clocks import TAIL_DAYS, Calendar, next_open, open_days
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.demand import Demand
from fourwalls.worlds.draws import Columns, Floats
from fourwalls.worlds.retailer import Retailer

_ASTRAY_SHARE = 0.012
_FAIL_SHARE = 0.05


def crowding(retailer: Retailer, demand: Demand) -> Floats:
    """How far a lane is above what was agreed with its carrier, shape (destinations, carriers, days).

    0 up to 40 % above plan; a carrier slows down for what comes beyond.
    """
    agreed = np.einsum("cdhy,dk->dky", demand.planned, retailer.carrier_share)
    sent = np.einsum("cdhy,dk->dky", demand.actual, retailer.carrier_share)
    ratio = np.divide(sent, agreed, out=np.ones_like(sent), where=agreed > 0.0)
    above: Floats = np.clip(ratio - 1.4, 0.0, 1.5)
    return above


def delivered(retailer: Retailer, days: Calendar, trouble: Trouble, crowd: Floats, lines: Columns) -> Floats:
    """Hour at which each line reaches the customer.

    Line-haul runs day and night, delivery rounds start in the morning of a working day; some parcels go astray, and
    some customers are not at home.
    """
    carrier, dest, node = lines["carrier_id"], lines["destination"], lines["node_id"]
    party = retailer.party_of("carrier_id")[carrier]
    hand = lines["handed_over"]
    day = np.minimum(np.floor(hand / 24).astype(np.int64), days.days + TAIL_DAYS - 1)
    bad = trouble.severity("late_carrier", lines, day, party)
    full = crowd[dest, carrier, np.minimum(lines["day"], crowd.shape[2] - 1)]
    haul = retailer.linehaul_hours[node, dest, carrier] * np.exp(0.22 * lines["luck_haul"])
    haul = haul * (1.0 + 0.5 * full + 0.75 * bad)
    astray = lines["luck_astray"] < _ASTRAY_SHARE + 0.10 * bad
    haul = haul + np.where(astray, 24.0 + 48.0 * lines["luck_astray_days"], 0.0)
    haul = haul + _stopped(trouble, lines, hand)
    at_depot = hand + haul
    # Rounds are loaded at five in the morning.
    round_day = np.minimum(np.ceil((at_depot - 5.0) / 24).astype(np.int64), days.days + TAIL_DAYS - 2)
    fails = lines["luck_attempt"] < _FAIL_SHARE + 0.15 * bad
    out = np.empty(len(carrier))
    for code, c in enumerate(retailer.carriers):
        here = carrier == code
        goes = next_open(open_days(days, c.last_weekday))
        first = goes[round_day[here]]
        last = np.where(fails[here], goes[np.minimum(first + 1, len(goes) - 1)], first)
        out[here] = last * 24.0 + 8.0 + 10.0 * lines["luck_slot"][here]
    return np.maximum(out, hand + 1.0)


def _stopped(trouble: Trouble, lines: Columns, hand: Floats) -> Floats:
    """Hours a strike holds up what is handed over while it lasts: nothing moves until it ends."""
    wait = np.zeros(len(hand))
    for placed in trouble.placed:
        if placed.defect.kind != "strike":
            continue
        here = (hand >= placed.first * 24.0) & (hand < placed.last * 24.0)
        for name, code in placed.codes.items():
            here = here & (lines[name] == code)
        wait = np.where(here, np.maximum(wait, placed.last * 24.0 - hand), wait)
    return wait
