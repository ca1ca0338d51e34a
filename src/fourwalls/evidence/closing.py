"""Closed for want of capacity: how many customers would have ordered meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.evidence.contrasts import multiplied_rates
from fourwalls.evidence.ground import Ground
from fourwalls.measures import turned_away as measures
from fourwalls.resampling import REPLICATES, Draws

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# What people call it when a place can take no more; whole words in case_kind or activity. Add yours.
CLOSING_WORDS = (
    "full", "fully booked", "overbooked", "at capacity", "over capacity", "no capacity", "capacity reached",
    "capacity exceeded", "out of capacity", "overloaded?", "overflow", "turned away", "turn away", "stop orders", "order stop",
    "stop taking orders", "orders? paused", "pause orders", "no (more )?slots?", "closed? for the day", "closed? early",
)  # fmt: skip
OPENING_WORDS = ("reopen", "reopened", "open again", "opened again", "resume", "resumed", "resume orders")
# The same for reasons of cancelled lines.
REASON_WORDS = (*CLOSING_WORDS, "capacity", "overload", "backlog", "cannot pack", "could not pack")

SLOTS = 86_400 // measures.SLOT_S
_SLOTS_OF_HOUR = 3600 // measures.SLOT_S
# Season: rates are read within stretches of four weeks.
_SEASON_DAYS = 28
# Standard errors by which a node's sales must fall short of the usual to have closed.
_BY_CHANCE = 2.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Places of order lines that closed together, and what that turned away.

    Attributes:
        places: Numbers of the places (`Ground.places`), shape (places,).
        parts: Part of what was turned away that each of them would have ordered, same shape, adds up to 1.
        lines: Lines turned away by day, mean, shape (days,); cancelled ones included.
        draws: All of them in each replicate as a multiple of the days drawn, shape (REPLICATES,).
        units_per_line: Mean.
        closings: Days on which it closed.
        cancelled: Lines among them that were taken and cancelled.
    """

    places: Ints
    parts: Floats
    lines: Floats
    draws: Floats
    units_per_line: float
    closings: int
    cancelled: int


def scopes_of(ground: Ground) -> list[Scope]:
    """Where and when customers were turned away.

    Sales by hour are explained by hour of the day, weekday and season, from the hours that were open, on closed days too:
    when a place closes depends on what it has sold before, so what comes while it is open, over the open time, is a fair
    measure of demand (occurrence over exposure; Andersen, Borgan, Gill and Keiding 1993, Statistical Models Based on
    Counting Processes, section II.4). Days that were never closed alone would be the quiet ones. Where listings count visits,
    a day's demand goes with them. What still sold while closed is taken off. Of several nodes that serve a place, only those that sold
    next to nothing meanwhile had closed, and only their customers were turned away.
    """
    days = (ground.period.end - ground.period.start).days
    first = int(np.datetime64(ground.period.start, "D").astype(np.int64))
    found = []
    if "work_log" in ground.rows and ground.lines is not None:
        rows = ground.engine.run(
            measures.closings(ground.rows["work_log"], CLOSING_WORDS, OPENING_WORDS, ground.period)
        )
        found = _closed(ground, rows, first, days)
    return [*found, *_refused(ground, first, days)]


def _closed(ground: Ground, rows: pa.Table, first: int, days: int) -> list[Scope]:
    if not rows.num_rows:
        return []
    about = list(zip(*(rows[n].to_pylist() for n in ("brand", "category", "channel_id", "region")), strict=True))
    kinds = list(dict.fromkeys(about))
    kind = np.array([kinds.index(a) for a in about], dtype=np.int64)
    shut = [_shut_share(rows, kind == k, first, days) for k in range(len(kinds))]
    groups: dict[tuple[int, ...], list[int]] = {}
    closed_by: dict[int, list[int]] = {}
    for k, name in enumerate(kinds):
        for place in _matching(ground, name).tolist():
            closed_by.setdefault(place, []).append(k)
    for place, by in closed_by.items():
        groups.setdefault(tuple(by), []).append(place)
    together = [(np.array(places), np.maximum.reduce([shut[k] for k in by])) for by, places in groups.items()]
    table = _scope_table(ground, [places for places, _ in together])
    sold = _sold(ground, table, first, days)
    visits = _visits(ground, table, len(together), first, days)
    made = [_scope(ground, places, closed, sold.of(i), visits[i], first) for i, (places, closed) in enumerate(together)]
    return [scope for scope in made if scope is not None]


def _matching(ground: Ground, name: tuple[str | None, ...]) -> Ints:
    """Places an event is about; a region that is no destination of ours names where we stand, and all are meant."""
    at = ground.places.matching(name)
    return at if len(at) else ground.places.matching((*name[:3], None))


def _shut_share(rows: pa.Table, mine: Bools, first: int, days: int) -> Floats:
    """Part of each slot of the day that was closed, shape (days, SLOTS)."""
    shut = rows["shut_s"].to_numpy().astype(np.float64)[mine] - first * 86_400.0
    midnight = (np.floor(shut / 86_400) + 1) * 86_400
    again = rows["open_s"].to_numpy(zero_copy_only=False).astype(np.float64)[mine] - first * 86_400.0
    end = np.where(np.isfinite(again), again, midnight)
    width = float(measures.SLOT_S)
    slot = np.arange(days * SLOTS) * width
    share = np.zeros(days * SLOTS)
    for a, b in zip(shut.tolist(), end.tolist(), strict=True):
        low, high = max(0, int(a // width)), min(days * SLOTS, int(b // width) + 1)
        part = (np.minimum(slot[low:high] + width, b) - np.maximum(slot[low:high], a)) / width
        share[low:high] = np.maximum(share[low:high], np.clip(part, 0.0, 1.0))
    return share.reshape(days, SLOTS)


def _scope_table(ground: Ground, scopes: Sequence[Ints]) -> ir.Table:
    names = [ground.places.names[p] for places in scopes for p in places.tolist()]
    columns: dict[str, object] = {
        column: [measures.NOTHING if name[i] is None else name[i] for name in names]
        for i, column in enumerate(measures.AT)
    }
    columns["scope"] = np.repeat(np.arange(len(scopes)), [len(p) for p in scopes])
    columns["place"] = np.concatenate(scopes)
    return ground.engine.load("closed_scopes", pa.table(columns))


@dataclass(frozen=True, slots=True)
class _Sold:
    """What was ordered of each node by slot of time, and of each place by node, row by row.

    Attributes:
        scope, node, slot: Of each row of the first kind, slots counted from the first day.
        lines, units: Ordered.
        place, place_node, place_lines: The same of places.
        days: Days looked at.
    """

    scope: Ints
    node: npt.NDArray[np.object_]
    slot: Ints
    lines: Floats
    units: Floats
    place: Ints
    place_node: npt.NDArray[np.object_]
    place_lines: Floats
    days: int

    def of(self, scope: int) -> _Sold:
        """Of one scope alone; places stay as they are."""
        mine = self.scope == scope
        return replace(
            self, scope=self.scope[mine], node=self.node[mine], slot=self.slot[mine], lines=self.lines[mine],
            units=self.units[mine],
        )  # fmt: skip

    def by_slot(self, nodes: npt.NDArray[np.object_]) -> tuple[Floats, float]:
        """Lines of some nodes by day and slot, shape (days, SLOTS), and the units of a line."""
        mine = np.isin(self.node, nodes)
        lines = np.bincount(self.slot[mine], self.lines[mine], minlength=self.days * SLOTS).reshape(self.days, SLOTS)
        return lines.astype(np.float64), float(self.units[mine].sum() / max(self.lines[mine].sum(), 1.0))

    def parts(self, places: Ints, nodes: npt.NDArray[np.object_]) -> Floats:
        """Part of the lines of some nodes that each place ordered, shape (places,)."""
        mine = np.isin(self.place_node, nodes)
        lines = np.bincount(self.place[mine], self.place_lines[mine], minlength=int(places.max()) + 1)[places]
        found: Floats = lines / max(float(lines.sum()), 1e-12)
        return found


def _sold(ground: Ground, table: ir.Table, first: int, days: int) -> _Sold:
    assert ground.lines is not None  # noqa: S101 - the caller has looked
    rows = ground.engine.run(measures.line_slots(ground.lines, table))
    slot = rows["slot"].to_numpy().astype(np.int64) - first * SLOTS
    at = np.flatnonzero((slot >= 0) & (slot < days * SLOTS))
    of_places = ground.engine.run(measures.line_nodes(ground.lines, table))
    return _Sold(
        rows["scope"].to_numpy()[at], _texts(rows["node_id"])[at], slot[at],
        rows["lines"].to_numpy().astype(np.float64)[at], rows["units"].to_numpy().astype(np.float64)[at],
        of_places["place"].to_numpy(), _texts(of_places["node_id"]), of_places["lines"].to_numpy().astype(np.float64), days,
    )  # fmt: skip


def _texts(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.object_)


def closed_nodes(
    node: npt.NDArray[np.object_], slot: Ints, lines: Floats, shut: Floats, expected: float
) -> tuple[npt.NDArray[np.object_], float]:
    """Nodes that sold next to nothing while the place was closed, or all of them where none did; and what others sold in their stead.

    Next to nothing: less than half of what is expected. That any node closed takes one that falls short of it by more than chance, and
    that others sold in its stead, that all of them together sold more than usual by more than chance.

    Args:
        node, slot: Of each row, slots counted from the first day.
        lines: Ordered.
        shut: Part of each slot that was closed, shape (days, SLOTS).
        expected: Lines of all nodes expected in closed time.
    """
    part = shut.ravel()[slot]
    names, number = np.unique(node, return_inverse=True)
    seen = np.bincount(number, np.where(part < 1, lines, 0.0), minlength=len(names))
    still = np.bincount(number, np.where(part >= 1, lines, 0.0), minlength=len(names))
    usual = expected * seen / max(float(seen.sum()), 1e-12)
    stopped = still < usual / 2
    if not (stopped & (usual - still > _BY_CHANCE * np.sqrt(usual))).any():
        return names, 0.0
    more, of_open = float((still - usual)[~stopped].sum()), float(usual[~stopped].sum())
    return names[stopped], more if more > _BY_CHANCE * of_open**0.5 else 0.0


def _visits(ground: Ground, table: ir.Table, scopes: int, first: int, days: int) -> list[Floats | None]:
    """Visits by day of each scope; None where some day has none on record."""
    found = np.zeros((scopes, days))
    if "listings" in ground.rows:
        rows = ground.engine.run(measures.visit_days(ground.rows["listings"], ground.rows.get("products"), table))
        day = rows["day"].to_numpy().astype(np.int64) - first
        inside = (day >= 0) & (day < days)
        found[rows["scope"].to_numpy()[inside], day[inside]] = rows["visits"].to_numpy()[inside]
    return [row if (row > 0).all() else None for row in found]


@dataclass(frozen=True, slots=True)
class Demand:
    """What was ordered while open, and what is expected, by day, shape (days,) each.

    Attributes:
        seen: Lines while open.
        open, shut: Lines expected in open and in closed time.
        still: Lines that came although closed.
    """

    seen: Floats
    open: Floats
    shut: Floats
    still: Floats


def demand_while_shut(lines: Floats, shut: Floats, visits: Floats | None, first: int) -> Demand:
    """What would have been ordered in closed hours.

    Args:
        lines: Orders by day and slot, shape (days, SLOTS).
        shut: Part of each slot that was closed, same shape.
        visits: Visits by day, shape (days,); None where not recorded.
        first: Number of the first day since 1970, for weekdays.
    """
    days = len(lines)
    # Sales in the slot of the closing came before it.
    while_open = np.where(shut < 1, lines, 0.0)
    drawn_to = np.ones(days) if visits is None else visits / visits.mean()
    usual = np.repeat(drawn_to, SLOTS)
    day, slot = np.divmod(np.arange(days * SLOTS), SLOTS)
    effects = [
        slot // _SLOTS_OF_HOUR,
        (day + first + 3) % 7,
        np.minimum(day // _SEASON_DAYS, max(0, days // _SEASON_DAYS - 1)),
    ]
    open_part = 1 - shut.ravel()
    expected, rates = multiplied_rates(while_open.ravel(), usual * open_part, effects)
    all_day = usual * rates[0][effects[0]] * rates[1][effects[1]] * rates[2][effects[2]]
    return Demand(
        while_open.sum(axis=1),
        expected.reshape(days, SLOTS).sum(axis=1),
        (all_day * shut.ravel()).reshape(days, SLOTS).sum(axis=1),
        np.where(shut >= 1, lines, 0.0).sum(axis=1),
    )


def _scope(ground: Ground, places: Ints, shut: Floats, sold: _Sold, visits: Floats | None, first: int) -> Scope | None:
    draws = ground.draws
    if draws is None or sold.lines.sum() <= 0:
        return None
    nodes = np.unique(sold.node)
    lines, per_line = sold.by_slot(nodes)
    found = demand_while_shut(lines, shut, visits, first)
    closed, instead = closed_nodes(sold.node, sold.slot, sold.lines, shut, float(found.shut.sum()))
    if len(closed) < len(nodes):
        lines, per_line = sold.by_slot(closed)
        found = demand_while_shut(lines, shut, visits, first)
    # Who was served by another node was not turned away.
    found = replace(found, still=found.still + instead * found.shut / max(float(found.shut.sum()), 1e-12))
    turned = found.shut.sum() - found.still.sum()
    if turned <= 0:
        return None
    # What still came is taken off all closed time alike.
    by_day = found.shut * (turned / found.shut.sum())
    again = _drawn(ground, found, by_day, draws)
    drawn_total = draws.counts @ by_span(ground, by_day, first)
    if np.quantile(again * drawn_total, draws.tail) <= 0:
        return None
    closings = int((shut.sum(axis=1) > 0).sum())
    return Scope(places, sold.parts(places, closed), by_day, again, per_line, closings, 0)


def by_span(ground: Ground, by_day: Floats, first: int) -> Floats:
    """Sums of days by span of time, shape (spans,); days in no span are left out."""
    at = ground.span_index((first + np.arange(len(by_day))) * 86_400 // ground.span_seconds)
    sums: Floats = np.bincount(at[at >= 0], by_day[at >= 0], minlength=len(ground.spans)).astype(np.float64)
    return sums


def _drawn(ground: Ground, found: Demand, by_day: Floats, draws: Draws) -> Floats:
    """What is turned away in each replicate, the level of demand drawn with it, over the days as drawn."""
    first = int(np.datetime64(ground.period.start, "D").astype(np.int64))
    seen, expected, shut, still, turned = (
        draws.counts @ by_span(ground, x, first) for x in (found.seen, found.open, found.shut, found.still, by_day)
    )
    level = np.divide(seen, expected, out=np.ones(len(seen)), where=expected > 0)
    again: Floats = np.divide(level * shut - still, turned, out=np.zeros(len(seen)), where=turned > 0)
    return again


def _refused(ground: Ground, first: int, days: int) -> list[Scope]:
    """Lines cancelled for want of capacity, place by place."""
    if ground.lines is None or ground.draws is None:
        return []
    rows = ground.engine.run(measures.refused_lines(ground.lines, REASON_WORDS)).to_pylist()
    by_place: dict[tuple[str | None, ...], list[Mapping[str, object]]] = {}
    for row in rows:
        by_place.setdefault(tuple(row[name] for name in measures.AT), []).append(row)
    found = []
    for name, mine in by_place.items():
        lines = np.zeros(days)
        units = 0.0
        for row in mine:
            day = int(str(row["day"])) - first
            if 0 <= day < days:
                lines[day] += float(str(row["lines"]))
                units += float(str(row["units"]))
        if lines.sum() > 0:
            total = int(lines.sum())
            places = ground.places.matching(name)
            usual = ground.places.lines.sum(axis=1)[places]
            parts = usual / max(float(usual.sum()), 1e-12)
            found.append(Scope(places, parts, lines, np.ones(REPLICATES), units / total, int((lines > 0).sum()), total))
    return found
