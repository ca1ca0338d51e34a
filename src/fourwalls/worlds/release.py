"""Release: payment, credit and fraud checks clear an order; done by the party that runs the channel."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.clocks import Calendar, open_days, working_clock
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Columns, Floats
from fourwalls.worlds.retailer import Retailer


def released(retailer: Retailer, days: Calendar, trouble: Trouble, lines: Columns) -> Floats:
    """Hour at which each line may be picked.

    Most orders clear by themselves. The others wait for somebody who works office hours (a marketplace: every day).
    """
    channel = lines["channel_id"]
    party = retailer.party_of("channel_id")[channel]
    trouble_here = trouble.severity("slow_release", lines, lines["day"], party)
    hours = np.empty(len(channel))
    for code, kind in enumerate(retailer.channels):
        here = channel == code
        at, bad = lines["at"][here], trouble_here[here]
        quick = at + kind.quick_hours * np.exp(0.8 * lines["luck_quick"][here])
        office = working_clock(open_days(days, kind.reviews_until, kind.reviews_until < 6), 8.0, 18.0)
        look = kind.review_hours * (1.0 + 4.0 * bad) * lines["luck_review"][here]
        looked = office.when(office.read(quick) + look)
        flagged = lines["luck_flag"][here] < kind.flagged_share + (1.0 - kind.flagged_share) * 0.45 * bad
        hours[here] = np.where(flagged, looked, quick)
    return hours
