"""From replayed lines to accounts: who, at which stage, on which side of the wall, could have saved how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.attribution import shapley, worth_of
from fourwalls.chain.calendars import HOURS, Calendars, hours_of_open_days
from fourwalls.chain.comparison import NOBODY, Key, coded_keys, group_numbers
from fourwalls.chain.demonstrated import Standards
from fourwalls.chain.departures import LEAST_DAYS_OF_WORK, Leaving, leaving
from fourwalls.chain.order_flow import COALITIONS, PLAYERS, TIMED, Lines, Repairs, at_fault, recovered, working_times
from fourwalls.chain.standards import BINS
from fourwalls.diagnosis import Outcome, Wall
from fourwalls.measures.stage_times import DEPARTS_BY, STAGES, bin_number
from fourwalls.portfolio import STAGES as PLAYER_NAMES
from fourwalls.portfolio import Portfolio

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

INSIDE, BETWEEN, UNKNOWN = 0, 1, 2
WALLS: tuple[Wall, ...] = ("inside", "between", "unknown")
OUTCOMES: tuple[Outcome, ...] = ("late", "overdue", "cancelled")
# Lines replayed at a time: 16 coalitions of these stay well within the memory a run may take.
_CHUNK = 400_000
_HOUR_S = 3600.0
# A stage that usually takes less of the promised time cannot make a promise look tight.
_MINOR_SHARE = 0.1
_PROMISED_ALIKE = ("asset_key", "channel_id")
# Shapley weights of four players are multiples of 1/12; below this a share is rounding.
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class PartyBook:
    """Who is who.

    Attributes:
        own: Our own party.
        names: Party → name, for all parties of the portfolio; empty if it has no table of them.
    """

    own: str
    names: Mapping[str, str]

    def wall(self, party: str) -> int:
        """Which side of the wall a party's work is on; unknown if the portfolio has never heard of it."""
        if party == self.own:
            return INSIDE
        return UNKNOWN if party == NOBODY or (self.names and party not in self.names) else BETWEEN


@dataclass(frozen=True, slots=True)
class Promises:
    """How often promises were kept, for those who were promised alike: the lines of an asset in a channel.

    Attributes:
        timely: Asset key and channel → lines that came on time, by span of time, shape (spans,).
        first: The first of these spans.
    """

    timely: Mapping[Key, Floats]
    first: int

    @classmethod
    def read(cls, table: pa.Table) -> Promises:
        """From `measures.stage_times.timely_lines`."""
        keys, code = coded_keys([table[name] for name in _PROMISED_ALIKE])
        span = table["span"].to_numpy().astype(np.int64)
        first, spans = (int(span.min()), int(np.ptp(span)) + 1) if len(span) else (0, 0)
        lines = np.zeros((len(keys), spans))
        np.add.at(lines, (code, span - first), table["lines"].to_numpy().astype(np.float64))
        return cls(dict(zip(keys, lines, strict=True)), first)

    def groups(self, untimely: pa.Table) -> tuple[Ints, Ints, Floats]:
        """The group and the span of each untimely line, from the first on; lines that came on time, shape (groups, spans)."""
        keys, code = coded_keys([untimely[name] for name in _PROMISED_ALIKE])
        span = untimely["span"].to_numpy().astype(np.int64)
        known = max((len(x) for x in self.timely.values()), default=0)
        ends = [self.first, self.first + known] if known else [0, 1]
        if len(span):
            ends = (
                [min(ends[0], int(span.min())), max(ends[1], int(span.max()) + 1)]
                if known
                else [int(span.min()), int(span.max()) + 1]
            )
        timely = np.zeros((len(keys), ends[1] - ends[0]))
        for i, key in enumerate(keys):
            if key in self.timely:
                timely[i, self.first - ends[0] :][:known] = self.timely[key]
        return code, span - ends[0], timely


@dataclass(frozen=True, slots=True)
class Accounts:
    """Untimely lines and what would have saved them, one entry each.

    Attributes:
        contribution: Shapley share of release, fulfilment, carriage and promise, shape (4, lines).
        party, wall: Number of the party in `parties`, and its side, shape (4, lines).
        parties: Names of party ids; NOBODY where the record names none.
        total, operate, orchestrate, known: Saved by repairing every stage, those inside, those between, those on a
            known side, shape (lines,).
        traceable: Whether the line could be replayed at all, shape (lines,).
        standard: Number of the standard in `words`, shape (4, lines).
        words: What lines were held to, in words.
        held: Whether the stage was held to something: peers, a target, a service level, own better weeks, shape (3, lines).
        promise_held: Whether the promise was: to what every stage was held to, or its doers show together, shape (lines,).
        open_sides: Whether most of a line's time inside, and between, passed in stages of which neither peers nor a target nor
            a service level say what they could reach, shape (2, lines).
        at_fault: Whether the promise may be what was wrong, shape (lines,).
        waits: Whether the line waited for goods, so that no stage of the order flow could have saved it, shape (lines,).
    """

    contribution: Floats
    party: Ints
    wall: Ints
    parties: tuple[str, ...]
    total: Bools
    operate: Bools
    orchestrate: Bools
    known: Bools
    traceable: Bools
    standard: Ints
    words: tuple[str, ...]
    held: Bools
    promise_held: Bools
    open_sides: Bools
    at_fault: Bools
    waits: Bools


def numbers_s(column: pa.ChunkedArray) -> Floats:
    """Seconds as floats, NaN for null."""
    values: Floats = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def party_columns(untimely: pa.Table) -> list[pa.ChunkedArray]:
    """The party of each player: the channel's for release and promise, the fulfiller's, the carrier's."""
    named = [untimely["release_party"], untimely["fulfilment_party"], untimely["carrier_id"], untimely["release_party"]]
    return [pc.fill_null(pc.cast(column, pa.string()), NOBODY) for column in named]


def account(
    untimely: pa.Table,
    standards: Mapping[str, Standards],
    calendars: Calendars,
    portfolio: Portfolio,
    book: PartyBook,
    observed_until: int,
    promises: Promises | Bools,
) -> Accounts:
    """Replays every untimely line under every coalition of repairs.

    Args:
        untimely: From `untimely_lines`.
        standards: Stage → what it is held to; a stage that is not there has none.
        calendars: Gates of each stage, and departures.
        portfolio: Targets and service levels.
        book: Who is who.
        observed_until: When the record ends [s since 1970].
        promises: Lines that came on time, to judge promises by; or which lines' promises are at fault, shape (lines,).
    """
    lines = _lines(untimely, observed_until)
    columns = party_columns(untimely)
    parties, party = _party_numbers(columns)
    side = np.array([book.wall(name) for name in parties] or [UNKNOWN], dtype=np.int64)
    wall = side[party]
    repairs, standard, words, held, compared, promise_held = _repairs(
        untimely, lines, standards, calendars, portfolio, columns
    )
    cancelled_when = (pc.equal(untimely["outcome"], "cancelled")).to_numpy(zero_copy_only=False)
    traceable, waits = (untimely[n].to_numpy(zero_copy_only=False).astype(np.bool_) for n in ("is_traceable", "waits"))
    traceable &= ~(cancelled_when.astype(np.bool_) & np.isnan(lines.cancelled)) & ~np.isnan(lines.promised)
    if isinstance(promises, Promises):
        promises = at_fault(lines, repairs, traceable, *promises.groups(untimely), portfolio.on_time_share)
    repairs = replace(repairs, judged=repairs.judged & promises)
    n = len(lines.ordered)
    contribution = np.zeros((PLAYERS, n))
    totals = np.zeros((4, n), dtype=np.bool_)
    bit = 1 << np.arange(PLAYERS, dtype=np.int64)[:, None]
    inside, between = ((wall == side_) * bit for side_ in (INSIDE, BETWEEN))
    masks = (inside.sum(axis=0), between.sum(axis=0), (inside + between).sum(axis=0))
    for begin in range(0, n, _CHUNK):
        part = slice(begin, min(begin + _CHUNK, n))
        saved = recovered(_slice_lines(lines, part), _slice_repairs(repairs, part)) & traceable[part]
        contribution[:, part] = shapley(saved, PLAYERS)
        totals[0, part] = saved[COALITIONS - 1]
        for row, mask in enumerate(masks, 1):
            totals[row, part] = worth_of(saved, mask[part])
    sides = _open_sides(lines, wall[:TIMED], compared)
    total, operate, orchestrate, known = totals
    return Accounts(
        contribution, party, wall, parties, total, operate, orchestrate, known, traceable, standard, words, held,
        promise_held, sides,
        repairs.judged, waits,
    )  # fmt: skip


def _open_sides(lines: Lines, wall: Ints, compared: Bools) -> Bools:
    starts = np.vstack([lines.ordered[None], lines.ends[:-1]])
    until = np.where(np.isnan(lines.ends), lines.waited_until, lines.ends)
    hours = np.where(np.isnan(starts), 0.0, np.maximum(until - starts, 0.0))
    sides = np.array([wall == side for side in (INSIDE, BETWEEN)])
    spent = np.where(sides, hours, 0.0)
    is_open: Bools = np.where(compared, 0.0, spent).sum(axis=1) > spent.sum(axis=1) / 2
    return is_open


def _lines(untimely: pa.Table, observed_until: int) -> Lines:
    cancelled = numbers_s(untimely["cancelled_s"])
    ends = np.array([numbers_s(untimely[stage.end]) for stage in STAGES])
    return Lines(
        numbers_s(untimely["ordered_s"]),
        numbers_s(untimely["promised_s"]),
        cancelled,
        ends,
        np.where(np.isnan(cancelled), float(observed_until), cancelled),
    )


def _party_numbers(columns: list[pa.ChunkedArray]) -> tuple[tuple[str, ...], Ints]:
    coded = pc.dictionary_encode(
        pa.chunked_array([chunk for c in columns for chunk in c.chunks], pa.string())
    ).combine_chunks()
    numbers = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return tuple(coded.dictionary.to_pylist()), numbers.reshape(len(columns), -1)


def _repairs(
    untimely: pa.Table,
    lines: Lines,
    standards: Mapping[str, Standards],
    calendars: Calendars,
    portfolio: Portfolio,
    columns: list[pa.ChunkedArray],
) -> tuple[Repairs, Ints, tuple[str, ...], Bools, Bools, Bools]:
    n = len(lines.ordered)
    span = untimely["span"].to_numpy().astype(np.int64)
    tables, gate = _gate_numbers(untimely, calendars)
    kept, usual = np.full((TIMED, n), np.nan), np.full((TIMED, n), np.nan)
    cap, sound = np.full((TIMED, n), np.inf), np.full((4, TIMED, n), np.nan)
    standard, compared = np.zeros((PLAYERS, n), dtype=np.int64), np.zeros((TIMED, n), dtype=np.bool_)
    held, borrowed, as_one = compared.copy(), compared.copy(), compared.copy()
    words = ["no standard"]
    start, work = lines.ordered, working_times(lines.ordered, lines.ends, gate, tables)[0]
    leaves = leaving(*coded_keys([untimely[x] for x in DEPARTS_BY]), lines.ends[0], lines.ends[1], calendars.departures)
    if leaves is not None:
        work[1] = np.where(np.isnan(leaves.handled), work[1], leaves.handled)
    for s, stage in enumerate(STAGES):
        known = standards.get(stage.name)
        if known is not None:
            keyed = untimely.append_column("doer", untimely[stage.doer])
            group = group_numbers(known.plan, keyed, span)
            found = group >= 0
            safe = np.maximum(group, 0)
            bins = bin_number(np.where(work[s] > 0, work[s], 0.0)).clip(0, BINS - 1)
            kept[s] = np.where(found, known.kept[safe, bins], np.nan)
            usual[s] = np.where(found, known.actual[safe, 0], np.nan) * _HOUR_S
            sound[:, s] = np.where(found, known.reached[safe].T, np.nan) * _HOUR_S
            numbers = np.array([_number(words, w) for w in known.words] or [0], dtype=np.int64)
            standard[s] = np.where(found, numbers[safe], 0)
            held[s] = standard[s] > 0
            compared[s] = found & np.array([cell.compared for cell, _ in known.plan.cells] or [False])[safe]
            as_one[s] = found & np.array([cell.as_one for cell, _ in known.plan.cells] or [False])[safe]
            slow = [cell.compared and cell.reliability.get(name, 0.0) > 0 for cell, name in known.plan.cells]
            borrowed[s] = found & np.array(slow or [False])[safe]
        # A line that never came out of a stage is held to what nearly all of the same doer's lines do, peers or not.
        stuck = np.isnan(lines.ends[s]) & ~np.isnan(start) & (standard[s] == 0)
        for who, mine in (("of the same doer", ~as_one[s]), ("of all who do the same", as_one[s])):
            number = _number(words, f"what nine in ten lines {who} reach")
            standard[s] = np.where(stuck & mine, number, standard[s])
        said = _besides_rest(tables[np.unique(gate[s][gate[s] >= 0])], leaves if s == 1 else None)
        _apply_caps(s, stage.name, portfolio, untimely, columns[s], cap, kept, standard, compared, words, said)
        start = lines.ends[s]
    # A stage nobody can be compared with is taken as it is in a sound promise, if it is a small part of it. Doers whom only
    # shocks tell apart have shown together what a promise can count on.
    is_small = np.nan_to_num(usual, nan=np.inf) <= _MINOR_SHARE * (lines.promised - lines.ordered)
    shown = compared | as_one
    judged = np.logical_and.reduce(shown | is_small, axis=0) & shown.any(axis=0)
    # What a slower party than the standard's could have promised, nothing shows: a promise made for a fast party looks
    # tight beside what the next best reaches.
    is_target = np.array([[f"{stage.name}_hours" in portfolio.targets] for stage in STAGES])
    judged &= ~(borrowed & ~is_target & ~is_small).any(axis=0)
    standard[TIMED] = _number(words, "what stages at standard deliver in four of five cases")
    return (
        Repairs(tables, gate, kept, cap, usual, sound, judged, is_target[:, 0], leaves),
        standard,
        tuple(words),
        held | compared,
        compared,
        np.logical_and.reduce(held | shown, axis=0),
    )


def _apply_caps(
    s: int,
    stage: str,
    portfolio: Portfolio,
    untimely: pa.Table,
    parties: pa.ChunkedArray,
    cap: Floats,
    kept: Floats,
    standard: Ints,
    compared: Bools,
    words: list[str],
    said: str,
) -> None:
    """A target takes the place of what was demonstrated; what the party has promised bounds it.

    A service level is what a party must keep, not what it can reach: a loose one must not hide what peers show.
    """
    target = portfolio.targets.get(f"{stage}_hours")
    if target is not None:
        cap[s], kept[s], compared[s] = target * _HOUR_S, 1.0, True
        standard[s] = _number(words, f"own target: {target:g} h{said}")
        return
    for level in (x for x in portfolio.service_levels if x.stage == stage):
        mine = pc.equal(parties, level.party_id)
        if level.destination is not None:
            mine = pc.and_(mine, pc.fill_null(pc.equal(untimely["destination"], level.destination), False))
        at = mine.to_numpy(zero_copy_only=False).astype(np.bool_)
        cap[s, at] = np.minimum(cap[s, at], level.hours * _HOUR_S)
        kept[s, at], compared[s, at] = np.nan_to_num(kept[s, at], nan=1.0), True
        shown = np.array([_number(words, _besides(level.hours, word)) for word in words])
        standard[s, at] = shown[standard[s, at]]


def _besides_rest(waits: Floats, leaves: Leaving | None) -> str:
    """What a target does not ask for, in words."""
    days = np.array([hours_of_open_days(w).reshape(7, 24)[:, 0] for w in waits]).reshape(-1, 7)
    tours = False
    if leaves is not None:
        used = leaves.days[np.unique(leaves.number[leaves.number >= 0])]
        is_tour = used.sum(axis=1) < LEAST_DAYS_OF_WORK
        tours, days = bool(is_tour.any()), np.vstack([days, used[~is_tour]])
    rests = not days.astype(np.bool_).all()
    return ", days without a slot not counted" * rests + ", then the next tour" * tours


def _besides(hours: float, shown: str) -> str:
    """A service level in words, beside what comparable lines show."""
    level = f"its service level: {hours:g} h"
    return f"{shown}; at most {level}" if shown and "service level" not in shown else level


def _number(words: list[str], text: str) -> int:
    if not text:
        return 0
    if text not in words:
        words.append(text)
    return words.index(text)


def _gate_numbers(untimely: pa.Table, calendars: Calendars) -> tuple[Floats, Ints]:
    tables: list[Floats] = []
    gate = np.full((TIMED, untimely.num_rows), -1, dtype=np.int64)
    for s, stage in enumerate(STAGES):
        known = calendars.gates.get(stage.name, {})
        if not known:
            continue
        numbers = {key: len(tables) + i for i, key in enumerate(known)}
        tables += [g.wait_hours for g in known.values()]
        keys, code = coded_keys([untimely[name] for name in stage.gate])
        gate[s] = np.array([numbers.get(key, -1) for key in keys] or [-1], dtype=np.int64)[code]
    return (np.array(tables) if tables else np.zeros((0, HOURS))), gate


def _slice_lines(lines: Lines, part: slice) -> Lines:
    return Lines(
        lines.ordered[part], lines.promised[part], lines.cancelled[part], lines.ends[:, part], lines.waited_until[part]
    )


def _slice_repairs(repairs: Repairs, part: slice) -> Repairs:
    return Repairs(
        repairs.gates,
        repairs.gate[:, part],
        repairs.kept[:, part],
        repairs.cap[:, part],
        repairs.usual[:, part],
        repairs.sound[:, :, part],
        repairs.judged[part],
        repairs.by_calendar,
        None if repairs.leaving is None else repairs.leaving.part(part),
    )


@dataclass(frozen=True, slots=True)
class Entries:
    """Contributions summed by asset, outcome, stage, wall and party, over spans of time.

    Attributes:
        asset, outcome, stage, wall, party, standard: Numbers, shape (entries,).
        lines: Lines recovered, shape (entries, spans).
        amount: Net order value of those lines, shape (entries, spans); NaN where a price is missing.
        slack_lines, slack_amount: What both would change by, over all spans, were peers held to a standard that is slower by as much
            as sound parties differ (one standard deviation), shape (entries,).
    """

    asset: Ints
    outcome: Ints
    stage: Ints
    wall: Ints
    party: Ints
    standard: Ints
    lines: Floats
    amount: Floats
    slack_lines: Floats
    slack_amount: Floats


def entries(accounts: Accounts, asset: Ints, span: Ints, spans: int, outcome: Ints, amount: Floats) -> Entries:
    """Adds the contributions of lines up.

    Args:
        accounts: From `account`.
        asset: Number of each line's asset.
        span: Number of each line's span of time, from 0.
        spans: How many spans there are.
        outcome: Number of each line's outcome in OUTCOMES.
        amount: Net order value of each line.
    """
    player, line = np.nonzero(accounts.contribution > _NOTHING)
    weight = accounts.contribution[player, line]
    wall, party = accounts.wall[player, line], accounts.party[player, line]
    sizes = (int(asset.max(initial=0)) + 1, len(OUTCOMES), PLAYERS, len(WALLS), len(accounts.parties))
    code = np.ravel_multi_index((asset[line], outcome[line], player, wall, party), sizes)
    unique, inverse = np.unique(code, return_inverse=True)
    cells = inverse.astype(np.int64)
    flat = cells * spans + span[line]
    size = len(unique) * spans
    shape = (len(unique), spans)
    lines = np.bincount(flat, weight, minlength=size).astype(np.float64).reshape(shape)
    money = np.bincount(flat, weight * amount[line], minlength=size).astype(np.float64).reshape(shape)
    words = len(accounts.words)
    votes = np.bincount(cells * words + accounts.standard[player, line], weight, minlength=shape[0] * words)
    usual = votes.reshape(shape[0], words).argmax(axis=1) if shape[0] else np.zeros(0, dtype=np.int64)
    a, o, p, w, party_number = (part.astype(np.int64) for part in np.unravel_index(unique, sizes))
    no_slack = np.zeros((2, len(unique)))
    return Entries(a, o, p, w, party_number, usual.astype(np.int64), lines, money, *no_slack)


def summed(values: npt.NDArray[np.bool_] | Floats, asset: Ints, assets: int, span: Ints, spans: int) -> Floats:
    """Sums of a value per line by asset and span of time, shape (assets, spans)."""
    flat = np.bincount(asset * spans + span, values.astype(np.float64), minlength=assets * spans)
    return flat.reshape(assets, spans).astype(np.float64)


PLAYER = PLAYER_NAMES
"""Names of the players, in the order of their numbers."""
