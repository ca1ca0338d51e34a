"""When supply orders arrived, and when they would have, had deciding, supplying and receiving been at standard.

Suppliers differ in their lead times by nature, so supplying is measured in shares of the lead time the supplier itself
confirmed, where it confirms one; deciding and receiving in hours. Doers are compared with each other where at least two
have enough orders, else a doer with its own other weeks, with the guards of `standards` against taking chance for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.comparison import LEAST_OWN_SPANS, LEAST_OWN_TIMES, NOBODY
from fourwalls.chain.standards import (
    LEAST_LINES,
    LEAST_WEEKS,
    OWN_WEEKS,
    PEERS,
    Cell,
    Detectable,
    Weekly,
    change_point,
    compare,
    pooled,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STAGES = ("decision", "supply", "receiving")
DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
# A weekday on which fewer than this share of a party's orders are placed or received is a day off.
_DAY_OFF_SHARE = 0.02
_HALVES = ("earlier", "later")
# Chance at which a supplier with few orders would be held to its word although it keeps it.
_CHANCE = 0.05
_MONDAY = 3  # 1970-01-01 was a Thursday


def coded(names: npt.NDArray[np.str_]) -> tuple[npt.NDArray[np.str_], Ints]:
    """The different names in their order, and the number of each; by hashing, since there are millions."""
    found = pa.chunked_array([pa.array(names[i : i + _BLOCK]) for i in range(0, len(names), _BLOCK)], pa.string())
    found = found.combine_chunks().dictionary_encode()
    known = np.array(found.dictionary.to_pylist(), dtype=np.str_)
    order = np.argsort(known, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    code = found.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return known[order], rank[code] if len(code) else code


_BLOCK = 1_000_000


@dataclass(frozen=True, slots=True)
class Supplies:
    """Supply orders for shelves, one entry each.

    Attributes:
        shelf: Number of the shelf it is for, shape (orders,).
        donor: Shelf it comes from; −1 for a purchase.
        supplier: Who supplies it: the supplier, or the donor's node.
        node: Who receives it.
        signalled, decided, placed, promised, received, available: Times [s since 1970]; NaN if unknown or not yet.
        ordered, come: Units; come is NaN while nothing was received.
    """

    shelf: Ints
    donor: Ints
    supplier: npt.NDArray[np.str_]
    node: npt.NDArray[np.str_]
    signalled: Floats
    decided: Floats
    placed: Floats
    promised: Floats
    received: Floats
    available: Floats
    ordered: Floats
    come: Floats


def supplies_from(table: pa.Table, node_of_shelf: Sequence[str]) -> Supplies:
    """Supply orders from `measures.stock.supplies`.

    Units received are taken as ordered where the record has an arrival and no units.
    """

    def numbers(name: str) -> Floats:
        values: Floats = pc.cast(table[name], pa.float64()).to_numpy(zero_copy_only=False)
        return values

    shelf = table["shelf"].to_numpy().astype(np.int64)
    donor = pc.fill_null(pc.cast(table["donor"], pa.int64()), -1).to_numpy().astype(np.int64)
    supplier_id, giver = (pc.cast(table[name], pa.string()) for name in ("supplier_id", "from_node_id"))
    # A transfer is the giving node's, whoever stands beside it as supplier.
    supplier = pc.if_else(pa.array(donor >= 0), giver, pc.coalesce(supplier_id, giver))
    supplier = pc.fill_null(supplier, NOBODY)
    clock = {name: numbers(f"{name}_s") for name in ("signalled", "decided", "placed", "promised", "received")}
    available = numbers("available_s")
    available = np.where(np.isnan(available), clock["received"], available)
    come = numbers("come")
    ordered = numbers("ordered")
    come = np.where(np.isnan(come) & ~np.isnan(clock["received"]), ordered, come)
    names = np.array([str(name) for name in node_of_shelf] or [""])
    return Supplies(
        shelf,
        donor,
        np.array(supplier.to_pylist(), dtype=np.str_),
        names[shelf],
        **clock,
        available=np.maximum(available, clock["received"]),
        ordered=ordered,
        come=come,
    )


@dataclass(frozen=True, slots=True)
class Repaired:
    """What repairs change about each order.

    Attributes:
        arrives: Time on the shelf by coalition of repairs, bit 0 decision, bit 1 supply, bit 2 receiving [s], shape
            (orders, 8); NaN where it never came.
        come: Units as recorded, and with supply at its standard, shape (orders, 2).
        held: Whether there was something to hold each stage to, shape (stages, orders).
        words: What it was held to; number in the list, shape (stages, orders).
        standards: The list: standards in words, the first empty.
        detectable: Stage → how slow whoever does it would have had to be to be told apart, in seconds or in shares of the
            confirmed lead time; absent where nobody could be compared.
    """

    arrives: Floats
    come: Floats
    held: Bools
    words: Ints
    standards: tuple[str, ...]
    detectable: Mapping[str, Detectable] = field(default_factory=dict)


def repaired(s: Supplies, end: float, asked: float, caps: Callable[[str], Floats | None]) -> Repaired:
    """What repairs change about each order.

    Args:
        s: The orders.
        end: End of the record [s since 1970].
        asked: Share of orders that is asked to come by the date their supplier confirmed, and of units to come at all.
        caps: Stage → longest time an order may take in it by target or service level [s], NaN where none is set; None
            if there is none at all.
    """
    standards = [""]
    has_decided = ~np.isnan(s.decided)
    decided = np.where(has_decided, s.decided, s.placed)
    lead, confirmed = s.received - s.placed, s.promised - s.placed
    slip = np.where(confirmed > 0, lead / confirmed, np.nan)
    week = np.floor(np.nan_to_num(s.placed) / WEEK_S).astype(np.int64)
    is_purchase = s.donor < 0
    cells: dict[str, list[Cell]] = {name: [] for name in STAGES}
    decide = _kept(
        decided - s.signalled, s.supplier, week, is_purchase, "h", standards, cells["decision"],
        peers=bool(has_decided.any()),
    )  # fmt: skip
    by_slip = _kept(slip, s.supplier, week, is_purchase, "of the confirmed lead time", standards, cells["supply"])
    # What came by the date its supplier confirmed has kept its word, however early others come.
    by_slip = _on_its_word(s.supplier, slip, is_purchase, asked, by_slip, standards)
    by_lead = _kept(lead, s.supplier, week, is_purchase & ~(confirmed > 0), "days", standards, [], peers=False)
    has_word = confirmed > 0
    supply = (
        np.where(has_word, by_slip[0], by_lead[0]),
        np.where(has_word, by_slip[1], by_lead[1]),
        np.where(has_word, by_slip[2], by_lead[2]),
    )
    receive = _kept(s.available - s.received, s.node, week, _stowed(s), "h", standards, cells["receiving"])
    stages = {"decision": decide, "supply": supply, "receiving": receive}
    duration = {"decision": decided - s.signalled, "supply": lead, "receiving": s.available - s.received}
    cap = {name: caps(name) for name in STAGES}
    saved = {name: _saved(duration[name], stages[name][0], cap[name]) for name in STAGES}
    come, short_words, short_held = _shortfall(s, week, is_purchase, asked, standards)
    words = np.stack([stages[name][1] for name in STAGES]).astype(np.int64)
    words[1] = np.where(words[1] > 0, words[1], short_words)
    held = np.stack([stages[name][2].astype(np.bool_) for name in STAGES])
    held[1] |= short_held
    for row, name in enumerate(STAGES):
        _told_of_caps(cap[name], duration[name], words[row], held[row], standards)
    far = {name: pooled((c, c.detectable.n if c.detectable else 0.0) for c in each) for name, each in cells.items()}
    told = {name: found for name, found in far.items() if found is not None}
    return Repaired(_arrivals(s, decided, saved, end), come, held, words, tuple(standards), told)


def _told_of_caps(cap: Floats | None, duration: Floats, words: Ints, held: Bools, standards: list[str]) -> None:
    """Puts targets and service levels in the place of what was demonstrated, in words too."""
    if cap is None:
        return
    for longest in np.unique(cap[~np.isnan(cap)]).tolist():
        mine = (cap == longest) & np.isfinite(duration)
        standards.append(f"at most {longest / 3600:g} h, by target or service level")
        words[mine] = len(standards) - 1
        held[mine] = True


def _stowed(s: Supplies) -> Bools:
    """Orders whose node records when goods of their kind are on the shelf; always the moment they arrive: nobody does."""
    names, node = coded(s.node)
    code = 2 * node + (s.donor < 0)
    stays = np.bincount(code, s.available > s.received, minlength=2 * len(names))
    found: Bools = (stays > 0)[code]
    return found


def _on_its_word(
    supplier: npt.NDArray[np.str_],
    slip: Floats,
    wanted: Bools,
    asked: float,
    peers: tuple[Floats, Ints, Bools],
    standards: list[str],
) -> tuple[Floats, Ints, Bools]:
    """Holds late orders to the dates their suppliers confirmed, as often as is asked, besides what peers reach.

    A confirmed date needs nobody to be compared with. Of a supplier with few orders it counts where as many late ones would be
    no chance in one who is late as often as is asked at most (exact binomial test at 5 %).
    """
    from scipy.stats import binom

    kept, words = np.where(slip > 1, peers[0], 1.0), peers[1].copy()
    names, code = coded(supplier)
    due = np.bincount(code, wanted & np.isfinite(slip), minlength=len(names))
    late = np.bincount(code, wanted & (slip > 1), minlength=len(names))
    told = (due >= LEAST_LINES) | (binom.sf(late - 1, due, 1 - asked) < _CHANCE)
    held = peers[2] | (wanted & np.isfinite(slip) & told[code])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(told, late / due, 0.0)
        too_often = np.clip((share - (1 - asked)) / share, 0.0, 1.0)
    part = np.nan_to_num(too_often)[code]
    own_word = np.where(slip > 1, 1 - part * (1 - 1 / np.where(slip > 1, slip, 1.0)), 1.0)
    standards.append(f"the date the supplier confirmed, kept {100 * asked:.0f} times in a hundred")
    words[wanted & (own_word < kept)] = len(standards) - 1
    return np.where(wanted, np.minimum(kept, own_word), kept), words, held


def _saved(duration: Floats, kept: Floats, cap: Floats | None) -> Floats:
    """Time saved [s]; a target or service level takes the place of what was demonstrated."""
    saved = duration * (1.0 - kept)
    if cap is not None:
        saved = np.where(np.isnan(cap), saved, np.maximum(duration - cap, 0.0))
    return np.nan_to_num(np.maximum(saved, 0.0))


def _arrivals(s: Supplies, decided: Floats, saved: dict[str, Floats], end: float) -> Floats:
    """Time on the shelf under each coalition, through the slots of suppliers and the working days of docks."""
    n = len(s.shelf)
    arrives = np.full((n, 8), np.nan)
    place_days, dock_days = _open_days(s.supplier, s.placed), _open_days(s.node, s.received)
    came = ~np.isnan(s.available)
    lead = s.received - s.placed
    for coalition in range(8):
        placed = s.placed
        if coalition & 1:
            # By as much as its slot comes earlier: what else an order waited for, deciding sooner does not spare it.
            slots = [_at_slot(at, s.placed, place_days) for at in (decided, decided - saved["decision"])]
            placed = s.placed - np.maximum(slots[0] - slots[1], 0.0)
        received = placed + lead - (saved["supply"] if coalition & 2 else 0.0)
        received = _on_open_day(received, s.received, dock_days)
        stay = s.available - s.received - (saved["receiving"] if coalition & 4 else 0.0)
        at = np.minimum(received + stay, s.available)
        arrives[:, coalition] = np.where(came & (at <= end), at, np.nan)
    return arrives


def _open_days(party: npt.NDArray[np.str_], at: Floats) -> Bools:
    """Weekdays on which the party of each order places or receives anything, shape (orders, 7)."""
    names, code = coded(party)
    weekday = np.nan_to_num((at // DAY_S + _MONDAY) % 7).astype(np.int64)
    counts = np.bincount(code * 7 + weekday, ~np.isnan(at), minlength=7 * len(names)).reshape(-1, 7)
    is_open = counts >= _DAY_OFF_SHARE * np.maximum(counts.sum(axis=1, keepdims=True), 1)
    found: Bools = is_open[code]
    return found


def _next_open(day: Floats, is_open: Bools) -> Floats:
    """First day on or after each day [days since 1970] that is open for the order's party."""
    weekday = np.nan_to_num((day + _MONDAY) % 7).astype(np.int64)
    rows = np.arange(len(day))
    wait = np.zeros(len(day))
    found = is_open[rows, weekday]
    for ahead in range(1, 7):
        here = is_open[rows, (weekday + ahead) % 7]
        wait = np.where(~found & here, ahead, wait)
        found |= here
    return day + wait


def _at_slot(decided: Floats, placed: Floats, is_open: Bools) -> Floats:
    """When an order decided earlier would have been placed: at the same time of day, on the next day that takes orders."""
    clock = placed % DAY_S
    day = np.floor(decided / DAY_S)
    day = _next_open(np.where(decided > day * DAY_S + clock, day + 1, day), is_open)
    return np.minimum(day * DAY_S + clock, placed)


def _on_open_day(at: Floats, received: Floats, is_open: Bools) -> Floats:
    """An arrival moved to the next day on which the node receives, never later than it was."""
    day = np.floor(at / DAY_S)
    moved = np.where(_next_open(day, is_open) > day, _next_open(day, is_open) * DAY_S + received % DAY_S, at)
    return np.minimum(moved, received)


def _kept(
    value: Floats,
    doer: npt.NDArray[np.str_],
    week: Ints,
    wanted: Bools,
    unit: str,
    standards: list[str],
    cells: list[Cell],
    *,
    peers: bool = True,
) -> tuple[Floats, Ints, Bools]:
    """What is left of each value at its standard (0-1), the number of the standard in words, whether it was held to one."""
    kept, words, held = np.ones(len(value)), np.zeros(len(value), np.int64), np.zeros(len(value), np.bool_)
    known = np.flatnonzero(wanted & np.isfinite(value) & (value >= 0) & (doer != NOBODY))
    if not len(known):
        return kept, words, held
    names, code = coded(doer[known])
    weekly = _weekly(value[known], code, week[known])
    able = {str(names[c]): w for c, w in weekly.items() if w.n >= LEAST_LINES and len(w.lines) >= LEAST_WEEKS}
    if peers and len(able) >= 2:
        cell = compare(able, PEERS)
        cells.append(cell)
        group = np.array([names[c] for c in code])
        _hold(cell, value, known, group, unit, kept, words, held, standards)
        return kept, words, held
    for c, name in enumerate(names):
        whole = weekly[c]
        if len(whole.lines) < LEAST_OWN_SPANS or whole.n < LEAST_OWN_TIMES * LEAST_LINES:
            continue
        at = change_point(whole.hours / whole.lines)
        if at is None:
            continue
        mine = known[code == c]
        is_later = week[mine] >= whole.weeks[at]
        halves = _weekly(value[mine], is_later.astype(np.int64), week[mine])
        cell = compare({_HALVES[h]: w for h, w in halves.items()}, OWN_WEEKS)
        _hold(
            cell,
            value,
            mine,
            np.array(_HALVES)[is_later.astype(np.int64)],
            unit,
            kept,
            words,
            held,
            standards,
            str(name),
        )
    return kept, words, held


def _weekly(value: Floats, code: Ints, week: Ints) -> dict[int, Weekly]:
    first = int(week.min())
    width = int(week.max()) - first + 1
    key, inverse = np.unique(code * width + week - first, return_inverse=True)
    lines = np.bincount(inverse).astype(np.float64)
    sums = np.bincount(inverse, value).astype(np.float64)
    names, begins = np.unique(key // width, return_index=True)
    weeks = key % width + first
    ends = [*begins[1:].tolist(), len(lines)]
    return {
        int(n): Weekly(lines[b:e], sums[b:e], weeks[b:e])
        for n, b, e in zip(names.tolist(), begins.tolist(), ends, strict=True)
    }


def _hold(
    cell: Cell,
    value: Floats,
    rows: Ints,
    group: npt.NDArray[np.str_],
    unit: str,
    kept: Floats,
    words: Ints,
    held: Bools,
    standards: list[str],
    whose: str = "",
) -> None:
    """Holds the rows of a cell to its standard: each takes the value of its own rank there."""
    held[rows] = cell.compared or bool(cell.best)
    if not cell.best:
        return
    standard = np.sort(value[rows[np.isin(group, list(cell.best))]])
    ranks = (np.arange(len(standard)) + 0.5) / len(standard)
    median, p90 = (_in_unit(float(q), unit) for q in np.quantile(standard, (0.5, 0.9)))
    of = f"best {len(cell.best)} of {len(cell.groups)}"
    origin = f"its own {'earlier' if 'earlier' in cell.best else 'later'} weeks" if whose else f"{of} that are compared"
    standards.append(f"{origin}: median {median}, 9 in 10 within {p90}")
    words[rows] = len(standards) - 1
    for name, reliability in cell.reliability.items():
        mine = rows[group == name]
        if reliability <= 0 or not len(mine):
            continue
        rank = (np.argsort(np.argsort(value[mine], kind="stable"), kind="stable") + 0.5) / len(mine)
        there = np.interp(rank, ranks, standard)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(value[mine] > 0, np.minimum(there / value[mine], 1.0), 1.0)
        kept[mine] = 1 - reliability * (1 - part)


def _in_unit(value: float, unit: str) -> str:
    if unit == "h":
        return f"{value / 3600:.1f} h"
    if unit == "days":
        return f"{value / DAY_S:.1f} days"
    return f"{100 * value:.0f} % {unit}"


def _shortfall(
    s: Supplies, week: Ints, wanted: Bools, asked: float, standards: list[str]
) -> tuple[Floats, Ints, Bools]:
    """Units that come as recorded and at the standard fill, with its words and whether it was held to any."""
    ended = ~np.isnan(s.come) & (s.ordered > 0)
    missing = np.where(ended, np.clip(1 - s.come / np.where(s.ordered > 0, s.ordered, 1.0), 0.0, 1.0), np.nan)
    words, held = np.zeros(len(week), np.int64), np.zeros(len(week), np.bool_)
    come = np.stack([np.nan_to_num(s.come), np.nan_to_num(s.come)], axis=1)
    known = np.flatnonzero(wanted & ended & (s.supplier != NOBODY))
    if not len(known):
        return come, words, held
    names, code = coded(s.supplier[known])
    weekly = _weekly(missing[known], code, week[known])
    able = {str(names[c]): w for c, w in weekly.items() if w.n >= LEAST_LINES and len(w.lines) >= LEAST_WEEKS}
    held[known] = np.isin(names[code], list(able))
    cell = compare(able, PEERS) if len(able) >= 2 else None
    best = 1.0
    if cell is not None and cell.best:
        best = float(np.mean(missing[known[np.isin(names[code], list(cell.best))]]))
        whose = f"best {len(cell.best)} of {len(cell.groups)} suppliers"
        standards.append(f"{whose}: {100 * (1 - best):.1f} % of what was ordered comes")
    standards.append(f"{100 * asked:.0f} % of what was ordered comes")
    for name, weeks in able.items():
        mine = known[names[code] == name]
        own = weeks.mean
        parts = [0.0, max(0.0, 1 - (1 - asked) / own) if own > 0 else 0.0]
        if cell is not None and cell.best and own > best:
            parts[0] = cell.reliability.get(name, 0.0) * (1 - best / own)
        if max(parts) > 0:
            come[mine, 1] += max(parts) * np.maximum(s.ordered[mine] - s.come[mine], 0.0)
            words[mine] = len(standards) - (2 if parts[0] >= parts[1] else 1)
    return come, words, held
