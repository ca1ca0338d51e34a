"""A slow, obvious twin of the stock replay: one coalition at a time, with the stock itself instead of differences."""

from __future__ import annotations

import numpy as np

from fourwalls.chain.stock_replay import FIXED, Occasions, Shelves


def play(
    shelves: Shelves, occasions: Occasions, coalition: int, last: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Units sold beyond the record by shelf and day, and stock beyond it, both of shape (shelves, days); up to a last day."""
    low = coalition & 7
    n, days = shelves.lost.shape
    gained, held = np.zeros((n, days)), np.zeros((n, days))
    for net in range(len(shelves.network) - 1):
        members = range(shelves.network[net], shelves.network[net + 1])
        mine = range(shelves.occasion[net], shelves.occasion[net + 1])
        ahead = dict.fromkeys(members, 0.0)  # stock of this coalition less recorded stock
        awaited = dict.fromkeys(members, 0.0)
        diary: list[tuple[int, int, float, float]] = []  # day, shelf, stock, orders that end
        for day in range(days):
            for when, shelf, stock, ends in diary:
                if when == day:
                    ahead[shelf] += stock
                    awaited[shelf] -= ends
            for k in (k for k in mine if occasions.day[k] == day):
                _order(shelves, occasions, k, coalition, day, days, ahead, awaited, diary)
            for shelf in (m for m in members if last is None or day <= last[m]):
                lost, hidden = float(shelves.lost[shelf, day]), float(shelves.hidden[shelf, day])
                closing = float(shelves.closing[shelf, day])
                more = min(lost, ahead[shelf]) if ahead[shelf] > 0 else min(0.0, closing + ahead[shelf])
                if low & 4:
                    more += min(hidden, max(closing + ahead[shelf] - more, 0.0))
                ahead[shelf] -= more
                gained[shelf, day], held[shelf, day] = more, ahead[shelf]
    return gained, held


def _order(
    shelves: Shelves,
    occasions: Occasions,
    k: int,
    coalition: int,
    day: int,
    days: int,
    ahead: dict[int, float],
    awaited: dict[int, float],
    diary: list[tuple[int, int, float, float]],
) -> None:
    low, high = coalition & 7, coalition >> 3
    supply = (high >> 1) & 1
    shelf, donor = int(occasions.shelf[k]), int(occasions.donor[k])
    ordered = float(occasions.ordered[k])
    units = ordered
    if occasions.need[k] < FIXED:
        position = ahead[shelf] + awaited[shelf]
        units = max(0.0, float(occasions.need[k]) + float(occasions.shift[k, low]) - position)
        if donor >= 0:
            kept = 0.0 if occasions.need[k] > occasions.ordered[k] else float(shelves.closing[donor, day])
            left = kept + ahead[donor]
            units = ordered + min(units - ordered, max(left, -ordered))
            ahead[donor] -= units - ordered
    elif donor < 0:
        units = max(0.0, ordered + float(occasions.shift[k, low]))
    awaited[shelf] += units - ordered
    come = float(occasions.come[k, supply]) + float(occasions.fill[k, supply]) * (units - ordered)
    was, arrives = int(occasions.arrives[k, 0]), int(occasions.arrives[k, high])
    for when, stock, ends in ((arrives, come, units), (was, -float(occasions.come[k, 0]), -ordered)):
        if when <= day:
            ahead[shelf] += stock
            awaited[shelf] -= ends
        elif when < days:
            diary.append((when, shelf, stock, ends))
