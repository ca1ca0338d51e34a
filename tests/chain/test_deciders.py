"""Whose decision it was, told by when people worked: own names, unlogged decisions, chance."""

from __future__ import annotations

import numpy as np

from fourwalls.chain.deciders import Worked, deciders

DAY = 86_400.0
RNG = np.random.default_rng(3)
# One decision a working morning, at an odd minute.
DECIDED = np.arange(60.0) * DAY + 9 * 3600.0 + RNG.integers(0, 60, 60) * 60.0 + RNG.integers(0, 60, 60).astype(float)
OURS, AGENT = 0, 1
SUPPLIER = np.arange(60) % 2


def log(minute: np.ndarray, activity: np.ndarray | int, party: np.ndarray | int) -> Worked:
    return Worked(
        minute.astype(np.int64), np.broadcast_to(activity, minute.shape), np.broadcast_to(party, minute.shape)
    )


def together(*logs: Worked) -> Worked:
    return Worked(
        *(np.concatenate(column) for column in zip(*((w.minute, w.activity, w.party) for w in logs), strict=True))
    )


def routine(n: int = 4_000) -> Worked:
    """Other work of ours in the same hours, every day."""
    return log(RNG.integers(0, 60, n) * 1440 + 9 * 60 + RNG.integers(0, 60, n), 1, OURS)


def test_each_decision_is_whose_event_falls_on_it() -> None:
    signed = log(DECIDED // 60, 0, np.where(SUPPLIER == 1, AGENT, OURS))
    assert deciders(DECIDED, SUPPLIER, together(signed, routine())).tolist() == SUPPLIER.tolist()


def test_unlogged_decisions_go_to_who_decided_most_of_the_suppliers_others() -> None:
    logged = np.arange(60) % 5 != 0
    signed = log(DECIDED[logged] // 60, 0, np.where(SUPPLIER[logged] == 1, AGENT, OURS))
    assert deciders(DECIDED, SUPPLIER, together(signed, routine())).tolist() == SUPPLIER.tolist()


def test_routine_work_in_the_same_hours_decides_nothing() -> None:
    assert (deciders(DECIDED, SUPPLIER, routine()) == -1).all()


def test_transfers_unknown_times_and_parties_are_left_open() -> None:
    signed = log(DECIDED // 60, 0, np.where(SUPPLIER == 1, -1, OURS))
    times = DECIDED.copy()
    times[0] = np.nan
    found = deciders(times, np.where(np.arange(60) == 2, -1, SUPPLIER), signed)
    assert found[0] == found[2] == -1
    assert (found[SUPPLIER == 1] == -1).all()
    assert (found[4::2] == OURS).all()


def test_too_few_decisions_name_nobody() -> None:
    assert (deciders(DECIDED[:3], SUPPLIER[:3], log(DECIDED[:3] // 60, 0, AGENT)) == -1).all()
