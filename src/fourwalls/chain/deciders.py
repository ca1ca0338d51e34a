"""Whose buying decision it was: the party that was working on it at the minute in which it was decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MINUTE_S = 60.0
# An activity that falls on decisions this many times as often as its hours of the week alone would make it is deciding.
_LIFT = 3.0
# Fewer decisions than this name nobody as the one who decides for a supplier.
LEAST_DECISIONS = 4
_HOURS = 168


@dataclass(frozen=True, slots=True)
class Worked:
    """Events of the log of work, one entry for each minute, activity and party.

    Attributes:
        minute: Minutes since 1970, shape (events,).
        activity: Number of the kind of case and activity, same shape.
        party: Number of the party; −1 where the log does not say, same shape.
    """

    minute: Ints
    activity: Ints
    party: Ints


def minutes_of(at: Floats) -> Ints:
    """The minute of each time [s since 1970]; −1 if unknown."""
    return np.where(np.isfinite(at), np.floor(np.nan_to_num(at) / MINUTE_S), -1).astype(np.int64)


def deciders(decided: Floats, group: Ints, log: Worked) -> Ints:
    """The party that decided each order; −1 where the log does not show it.

    What approving is called differs from company to company, so it is known by when it happens: an activity counts as
    deciding if it falls on the minutes of decisions much more often than the same activity falls on minutes of other weeks
    at the same hours. Each order is then its decision's; an order whose decision was not logged goes to the party that
    decided most of its supplier's others.

    Args:
        decided: When each order was decided [s since 1970], NaN if unknown, shape (orders,).
        group: Number of the supplier of each order, −1 for transfers, same shape.
        log: Who did what when.
    """
    minute = minutes_of(decided)
    found = np.full(len(decided), -1, np.int64)
    usable = (minute >= 0) & (group >= 0)
    moments = np.unique(minute[usable])
    deciding = np.isin(log.activity, _deciding(moments, log)) & (log.party >= 0) & np.isin(log.minute, moments)
    if not deciding.any():
        return found
    order = np.unique(np.stack([log.minute[deciding], log.party[deciding]]), axis=1)
    when, who = order
    alone = np.isin(when, when[:-1][when[1:] == when[:-1]], invert=True)
    at = np.searchsorted(when[alone], minute).clip(0, max(int(alone.sum()) - 1, 0))
    if alone.any():
        own = usable & (when[alone][at] == minute)
        found[own] = who[alone][at[own]]
    return _most(found, minute, np.where(usable, group, -1))


def _deciding(moments: Ints, log: Worked) -> Ints:
    """Activities that fall on decisions far more often than their hours explain."""
    activities = int(log.activity.max(initial=-1)) + 1
    hour = (log.minute // 60) % _HOURS
    n = np.bincount(log.activity, minlength=activities)
    hits = np.bincount(log.activity, np.isin(log.minute, moments), minlength=activities)
    # Chance that a minute of an hour of the week is one of a decision.
    weeks = max((int(log.minute.max(initial=0)) - int(log.minute.min(initial=0))) / (60 * _HOURS), 1.0)
    usual = np.bincount((moments // 60) % _HOURS, minlength=_HOURS) / (60 * weeks)
    expected = np.bincount(log.activity, usual[hour], minlength=activities)
    return np.flatnonzero((hits >= LEAST_DECISIONS) & (hits > _LIFT * expected) & (hits >= n / 4))


def _most(found: Ints, minute: Ints, group: Ints) -> Ints:
    """Fills orders of unlogged decisions with whoever decided most of their supplier's others."""
    filled = found.copy()
    for number in np.unique(group[group >= 0]).tolist():
        mine = group == number
        known = np.unique(np.stack([minute[mine & (found >= 0)], found[mine & (found >= 0)]]), axis=1)
        if known.shape[1] < LEAST_DECISIONS:
            filled[mine] = -1
            continue
        votes = np.bincount(known[1])
        if votes.max() > known.shape[1] / 2:
            filled[mine & (found < 0)] = int(votes.argmax())
    return filled
