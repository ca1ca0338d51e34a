"""Picking: a queue in every section of every node, whose hands follow the plan and not the day."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds import capacity
from fourwalls.worlds.clocks import TAIL_DAYS, Calendar, Clock, next_open, open_days, working_clock
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.demand import Demand
from fourwalls.worlds.draws import Columns, Floats, Ints, take
from fourwalls.worlds.retailer import LOGISTICS, Retailer

USED_SHARE = 0.80
"""Share of the hands that planned work takes in a sound node."""

_AGAIN_SHARE = 0.025
_AGAIN_HOURS = 5.0

_FETCH_HOURS = 3.0
"""Working hours until a partner who helps out has fetched the goods from our DC."""


def section(retailer: Retailer, node: Ints, category: Ints) -> Ints:
    """Code of the section of a node: each category has its own aisles and its own people."""
    return node * len(retailer.categories) + category


def section_clocks(retailer: Retailer, days: Calendar, demand: Demand, trouble: Trouble) -> list[Clock | None]:
    """For each section a clock in minutes of picking; None where nothing is ever picked.

    Hands are set by the plan of the last four weeks and the next: peaks beyond it wait.
    """
    sent = demand.planned[:, :, ~retailer.is_in_store(np.arange(len(retailer.channels)))]
    planned = np.einsum("cdhy,cdn->ncy", sent, retailer.node_share)
    minutes = planned * retailer.pick_minutes[None, :, None]
    clocks: list[Clock | None] = []
    for code, node in enumerate(retailer.nodes):
        is_open = open_days(days, node.last_weekday)
        for cat in range(len(retailer.categories)):
            work = minutes[code, cat]
            if work.max() <= 0.0:
                clocks.append(None)
                continue
            smooth = np.convolve(np.pad(work, (14, 14), mode="edge"), np.ones(29) / 29, mode="valid")
            daily = np.concatenate([smooth, np.full(TAIL_DAYS, smooth[-1])]) * 7.0 / is_open[:7].sum()
            all_days = np.arange(len(daily))
            where = np.full(len(daily), code), np.full(len(daily), cat)
            daily = daily * (1.0 - capacity.lacking_share(trouble, retailer, *where, all_days))
            # Hands come in whole shifts: a small section never has less than a fifth of a person on the floor.
            hands = np.maximum(daily / USED_SHARE, 0.2 * 60.0 * (node.closes - node.opens))
            rows = {"node_id": where[0], "category": where[1]}
            bad = trouble.severity("slow_picking", rows, all_days, np.full(len(hands), node.party))
            slack = 1.0 - daily / hands
            hands = hands * (1.0 - bad * np.minimum(slack, 0.2))
            clocks.append(working_clock(is_open, node.opens, node.closes, hands / (node.closes - node.opens)))
    return clocks


def packed(
    retailer: Retailer, days: Calendar, trouble: Trouble, clocks: list[Clock | None], lines: Columns, last_done: Floats
) -> tuple[Floats, Floats]:
    """Hour at which each line is packed: first come, first served in its section, or by the partner who helps out.

    Args:
        retailer: The world's retailer.
        days: Its calendar.
        trouble: What is wrong in this version of it.
        clocks: One per section.
        lines: With `released` [hour]; any order.
        last_done: What each section's clock showed when its last line was done, shape (sections,).

    Returns:
        Hour packed, shape (lines,), and `last_done` after these lines.
    """
    place = section(retailer, lines["node_id"], lines["category"])
    party = retailer.party_of("node_id")[lines["node_id"]]
    bad = trouble.severity("slow_picking", lines, np.floor(lines["released"] / 24).astype(np.int64), party)
    work = retailer.pick_minutes[lines["category"]] * lines["luck_work"]
    hour = np.empty(len(place))
    done_after = last_done.copy()
    helped = lines["partner_amount"] > 0.0
    place = np.where(helped, len(clocks), place)
    order = np.lexsort((lines["released"], place))
    bounds = np.searchsorted(place[order], np.arange(len(clocks) + 1))
    for code, clock in enumerate(clocks):
        rows = order[bounds[code] : bounds[code + 1]]
        if clock is None or len(rows) == 0:
            continue
        effort = np.cumsum(work[rows])
        come = clock.read(lines["released"][rows])
        begun = np.maximum(np.maximum.accumulate(come - effort + work[rows]), last_done[code])
        done = begun + effort
        done_after[code] = done[-1]
        hour[rows] = clock.when(done)
    hour[helped] = lines["released"][helped]
    packed_at = _checked(retailer, days, lines, bad, hour)
    packed_at[helped] = _packed_by_partner(retailer, days, take(lines, helped))
    return packed_at, done_after


def _packed_by_partner(retailer: Retailer, days: Calendar, lines: Columns) -> Floats:
    """Hour at which a partner who keeps hands free for us has fetched and packed each line."""
    [site] = [n for n in retailer.nodes if n.party == LOGISTICS]
    shift = working_clock(open_days(days, site.last_weekday), site.opens, site.closes)
    work = retailer.pick_minutes[lines["category"]] * lines["luck_work"] / 60.0
    return shift.when(shift.read(lines["released"]) + _FETCH_HOURS * lines["luck_wave"] + work)


def _checked(retailer: Retailer, days: Calendar, lines: Columns, bad: Floats, hour: Floats) -> Floats:
    """Waves that wait, and lines that have to be picked again, in the node's working hours."""
    out = hour.copy()
    for code, node in enumerate(retailer.nodes):
        here = lines["node_id"] == code
        shift = working_clock(open_days(days, node.last_weekday), node.opens, node.closes)
        wave = 1.5 * lines["luck_wave"][here] * (1.0 + 7.0 * bad[here])
        again = lines["luck_again"][here] < _AGAIN_SHARE + 0.22 * bad[here]
        more = np.where(again, _AGAIN_HOURS * (1.0 + 2.0 * bad[here]) * lines["luck_again_hours"][here], 0.0)
        out[here] = shift.when(shift.read(hour[here]) + wave + more)
    return out


def handed_over(retailer: Retailer, days: Calendar, trouble: Trouble, lines: Columns) -> Floats:
    """Hour at which the carrier's truck takes each line: the first pick-up after it is packed."""
    carrier, node = lines["carrier_id"], lines["node_id"]
    party = retailer.party_of("carrier_id")[carrier]
    leaves = np.array([c.pickup_hour for c in retailer.carriers])[carrier]
    day = np.floor(lines["packed"] / 24).astype(np.int64)
    leaves = leaves - 10.0 * trouble.severity("early_pickup", lines, day, party)
    missed = lines["packed"] - day * 24.0 > leaves
    day = np.minimum(day + missed, days.days + TAIL_DAYS - 1)
    taken = np.empty(len(carrier))
    for c_code, c in enumerate(retailer.carriers):
        for n_code, n in enumerate(retailer.nodes):
            here = (carrier == c_code) & (node == n_code)
            both = open_days(days, min(c.last_weekday, n.last_weekday))
            goes = next_open(both)[day[here]]
            # Scanned while loading, in the half hour before the truck leaves; never before it is packed.
            scanned = goes * 24.0 + leaves[here] - 0.5 * lines["luck_wave"][here]
            taken[here] = np.maximum(scanned, lines["packed"][here])
    return taken
