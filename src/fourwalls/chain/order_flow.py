"""Order flow: replay every untimely line with stages at their standard, and see which would have kept the promise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fourwalls.chain.calendars import HOURS, hours_of_open_days
from fourwalls.chain.departures import Leaving, after_open_hours

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TIMED = 3
"""Release, fulfilment and carriage take time; the promise, the fourth player, is what they are held to."""
PLAYERS = 4
COALITIONS = 1 << PLAYERS
PROMISE = 1 << TIMED
_IN_HOUSE = (1 << (TIMED - 1)) - 1
_FULFILMENT = 1
_HOUR_S = 3600.0
# Each group is looked at in so many parts of the record, of at least so many spans; fewer parts say nothing of what is usual.
_PARTS, _LEAST_SPANS, _LEAST_PARTS = 12, 3, 4
# How far beyond the usual is far [standard deviations], and what a median absolute deviation is of one.
_FAR, _MAD_OF_NORMAL = 3.0, 1.4826
_MONDAY_SHIFT_HOURS = 72


@dataclass(frozen=True, slots=True)
class Lines:
    """Untimely lines, one entry each; times in seconds since 1970, NaN for what has not happened.

    Attributes:
        ordered, promised, cancelled: Shape (lines,).
        ends: End of release, fulfilment and carriage, shape (3, lines); NaN from the stage on where the line is stuck.
        waited_until: When a stuck line was cancelled, or the record ended, shape (lines,).
    """

    ordered: Floats
    promised: Floats
    cancelled: Floats
    ends: Floats
    waited_until: Floats


@dataclass(frozen=True, slots=True)
class Repairs:
    """What repairing each stage does to each line.

    Attributes:
        gates: Waits of every gate by hour of the week [hours], shape (gates, 168).
        gate: Gate of each stage and line, -1 for none, shape (3, lines).
        kept: What is left of a passed stage's working time, 0-1, shape (3, lines); NaN where no standard is known.
        cap: Longest a stage may take from its start [s], shape (3, lines); infinite where nothing was promised.
        usual: Working time of a stage the line never finished, as it is: the median [s], shape (3, lines).
        sound: The same at standard: median, .8, .9 quantile and the quantile a sound promise is made at [s],
            shape (4, 3, lines). NaN where unknown.
        judged: Whether every stage of the line was compared with something, so that its promise can be, shape (lines,).
        by_calendar: Stages whose cap passes through their gates, see `asked_by`, shape (3,).
        leaving: Departures with which lines leave fulfilment; None where goods leave whenever they are ready.
    """

    gates: Floats
    gate: Ints
    kept: Floats
    cap: Floats
    usual: Floats
    sound: Floats
    judged: Bools
    by_calendar: Bools = field(default_factory=lambda: np.zeros(TIMED, dtype=np.bool_))
    leaving: Leaving | None = None


def wait_at_gate(start: Floats, gate: Ints, gates: Floats) -> Floats:
    """Seconds from `start` until the gate opens; 0 without a gate. Shapes (lines,), (lines,), (gates, 168)."""
    if not len(gates):
        return np.zeros_like(start)
    known = np.isfinite(start)
    whole = np.floor(np.where(known, start, 0.0) / _HOUR_S)
    hour = ((whole + _MONDAY_SHIFT_HOURS) % HOURS).astype(np.int64)
    wait = gates[np.maximum(gate, 0), hour] * _HOUR_S - (np.where(known, start, 0.0) - whole * _HOUR_S)
    return np.where((gate >= 0) & known, np.maximum(wait, 0.0), 0.0)


def asked_by(start: Floats, cap: Floats, gate: Ints, gates: Floats) -> Floats:
    """When a target of so many hours asks a stage to be through [s], shape (lines,).

    Its clock stands still on days on which the gate never opens, and nobody is asked to be through before the gate first opens:
    what a target does not say is that people should work on Sundays. Whoever starts later is never asked to be through earlier.

    Args:
        start, cap: When each line starts, and the target [s], shape (lines,).
        gate, gates: As in `Repairs`.
    """
    asked = start + cap
    behind = np.isfinite(asked) & (gate >= 0)
    for number in np.unique(gate[behind]).tolist():
        mine = behind & (gate == number)
        opens = start[mine] + wait_at_gate(start[mine], gate[mine], gates)
        asked[mine] = np.maximum(after_open_hours(start[mine], cap[mine], hours_of_open_days(gates[number])), opens)
    return asked


def _leaves(stage: int, at: Floats, work: Floats, repairs: Repairs) -> Floats:
    """When a line is out of the stage whose work begins at some time [s]."""
    if stage != _FULFILMENT or repairs.leaving is None:
        return at + work
    return repairs.leaving.left(at, work)


def working_times(ordered: Floats, ends: Floats, gates_of: Ints, gates: Floats) -> tuple[Floats, Ints]:
    """Working time of each passed stage, and the gates that really held the line.

    Args:
        ordered, ends: As in `Lines`.
        gates_of, gates: As in `Repairs`.

    Returns:
        Duration less the wait at the gate [s], NaN where not passed, shape (3, lines); and `gate`, -1 also where the
        line got through before the gate opened, which shows that the gate was not for it.
    """
    work, gate = np.empty_like(ends), gates_of.copy()
    start = ordered
    for stage in range(TIMED):
        duration = ends[stage] - start
        wait = wait_at_gate(start, gate[stage], gates)
        missed = np.isfinite(duration) & (wait > duration)
        gate[stage] = np.where(missed, -1, gate[stage])
        work[stage] = np.where(missed, duration, duration - wait)
        start = ends[stage]
    return work, gate


def recovered(lines: Lines, repairs: Repairs) -> Bools:
    """Which lines every coalition of repairs would have saved.

    A line is saved if it arrives by its promise and, if it was cancelled, had left the house before that. Bit s of a
    coalition's number stands for stage s (release, fulfilment, carriage), bit 3 for the promise.

    Returns:
        Shape (16, lines). Nothing repaired saves nothing; a larger coalition never saves less.
    """
    actual, gate = working_times(lines.ordered, lines.ends, repairs.gate, repairs.gates)
    actual, repaired = _with_stuck(lines, repairs, actual)
    promised = sound_promise(lines, repairs, gate)
    saved = np.zeros((COALITIONS, len(lines.ordered)), dtype=np.bool_)
    handed_over, delivered = _replays(lines.ordered, actual, repaired, gate, repairs)
    for coalition in range(1 << TIMED):
        shipped = ~(handed_over[coalition & _IN_HOUSE] > lines.cancelled)
        saved[coalition] = shipped & (delivered[coalition] <= lines.promised)
        saved[coalition | PROMISE] = shipped & (delivered[coalition] <= promised)
    return saved


def replayed_ends(lines: Lines, repairs: Repairs, coalition: int) -> Floats:
    """When each line would have been delivered with a coalition of stages repaired [s], shape (lines,)."""
    actual, gate = working_times(lines.ordered, lines.ends, repairs.gate, repairs.gates)
    actual, repaired = _with_stuck(lines, repairs, actual)
    return _replays(lines.ordered, actual, repaired, gate, repairs)[1][coalition]


def _replays(
    ordered: Floats, actual: Floats, repaired: Floats, gate: Ints, repairs: Repairs
) -> tuple[list[Floats], list[Floats]]:
    """When each line leaves the house and when it arrives, by coalition of repairs up to there.

    Coalitions that agree on the stages so far share their times so far.
    """
    handed_over, ends = [ordered], [ordered]
    for stage in range(TIMED):
        as_is, mended = [], []
        for at in ends:
            wait = wait_at_gate(at, gate[stage], repairs.gates)
            as_is.append(_leaves(stage, at + wait, actual[stage], repairs))
            full = np.minimum(as_is[-1], _latest(at, stage, gate, repairs))
            mended.append(np.minimum(_leaves(stage, at + wait, repaired[stage], repairs), full))
        ends = as_is + mended
        handed_over = ends if stage == TIMED - 2 else handed_over
    return handed_over, ends


def _latest(start: Floats, stage: int, gate: Ints, repairs: Repairs) -> Floats:
    """When the cap of a stage has passed [s], shape (lines,)."""
    if not repairs.by_calendar[stage]:
        end: Floats = start + repairs.cap[stage]
        return end
    if stage == _FULFILMENT and repairs.leaving is not None:
        free = asked_by(start, repairs.cap[stage], gate[stage], repairs.gates)
        return np.where(repairs.leaving.number >= 0, repairs.leaving.asked_by(start, repairs.cap[stage]), free)
    return asked_by(start, repairs.cap[stage], gate[stage], repairs.gates)


def _with_stuck(lines: Lines, repairs: Repairs, actual: Floats) -> tuple[Floats, Floats]:
    """Working times as they are and as repaired, also of stages a line never finished.

    A stage in which a line is stuck never ends unless it is repaired; and repair helps only a line that has waited
    longer than nine in ten do at standard, for until then nothing says that the stage was slow. Stages after it would
    take the usual time.
    """
    kept = np.where(np.isfinite(repairs.kept), repairs.kept, 1.0)
    if repairs.leaving is not None:
        handled = repairs.leaving.handled
        actual = actual.copy()
        actual[_FULFILMENT] = np.where(np.isnan(handled), actual[_FULFILMENT], handled)
    as_is, repaired = actual.copy(), actual * kept
    start = lines.ordered
    stuck_before = np.zeros(len(start), dtype=np.bool_)
    for stage in range(TIMED):
        missing = ~np.isfinite(lines.ends[stage])
        stuck = missing & ~stuck_before
        known = np.isfinite(repairs.sound[0, stage])
        cap = repairs.cap[stage]
        waited = lines.waited_until - start
        # Given up while the promise could still be kept is nobody's doing, unless a cap was broken.
        in_time = lines.cancelled <= lines.promised
        slow = (known & (waited > repairs.sound[2, stage]) & ~in_time) | (
            lines.waited_until > _latest(start, stage, repairs.gate, repairs)
        )
        median = np.where(known, np.minimum(repairs.sound[0, stage], cap), cap)
        as_is[stage] = np.where(stuck, np.inf, np.where(missing, repairs.usual[stage], as_is[stage]))
        repaired[stage] = np.where(stuck, np.where(slow, median, np.inf), repaired[stage])
        repaired[stage] = np.where(missing & stuck_before, np.fmin(median, repairs.usual[stage]), repaired[stage])
        stuck_before |= missing
        start = lines.ends[stage]
    as_is = np.where(np.isnan(as_is), np.inf, as_is)
    return as_is, np.where(np.isnan(repaired), np.inf, repaired)


def sound_promise(lines: Lines, repairs: Repairs, gate: Ints) -> Floats:
    """The promise a sound rule would have made [s], never before the one that was made; shape (lines,).

    Only where every stage was held to something: else a slow stage that nobody can be compared with would pass for a
    tight promise. The rule: a promise that stages at standard would miss more often than one time in five was not theirs to keep.
    It is replaced by the time within which they deliver the target share. Spreads of stages are independent, so
    their distances from the median add in square.
    """
    at, spread, reach = _standard_arrival(lines, repairs, gate)
    unsound = repairs.judged & (lines.promised < at + spread)
    return np.where(unsound, np.maximum(lines.promised, at + reach), lines.promised)


def _standard_arrival(lines: Lines, repairs: Repairs, gate: Ints) -> tuple[Floats, Floats, Floats]:
    """When stages at standard deliver in the middle [s], and how much later four in five and the target share arrive [s]."""
    # A target or a service level bounds the whole distribution, not only its middle.
    median, in_four_of_five, _, in_target = np.minimum(repairs.sound, repairs.cap)
    at = lines.ordered
    for stage in range(TIMED):
        begins = at + wait_at_gate(at, gate[stage], repairs.gates)
        at = _leaves(stage, begins, np.minimum(median[stage], repairs.cap[stage]), repairs)
    spread = np.sqrt(((in_four_of_five - median) ** 2).sum(axis=0))
    reach = np.sqrt(((in_target - median) ** 2).sum(axis=0))
    return at, spread, reach


def at_fault(
    lines: Lines, repairs: Repairs, traceable: Bools, group: Ints, span: Ints, timely: Floats, on_time_share: float
) -> Bools:
    """Lines whose promise may be called unsound, shape (lines,).

    A promise that is kept as often as asked once every stage is at its standard is sound, however one line fared under it:
    of those that were promised alike, as many as keep them from the asked share are at fault, the tightest first, and of
    equally tight ones the first. Of as tight promises that stages alone would keep, the same part is at fault as of all late ones
    that tight: where stages would keep nearly all of them, the promise was sound, and a slow stage must not hide behind it.
    Spans that something passing spoiled (`spoiled`) say nothing of a rule that holds all year; what other spans say of it holds in them.

    Args:
        lines: Late and overdue lines.
        repairs: Their standards; `judged` says where the promise can be judged at all.
        traceable: Whether the line can be replayed, shape (lines,); others say nothing of promises.
        group: Number of the lines' group that was promised alike, shape (lines,).
        span: The span of time in which the line was ordered, shape (lines,).
        timely: Lines of each group that came on time in each span, shape (groups, spans).
        on_time_share: What is asked.
    """
    actual, gate = working_times(lines.ordered, lines.ends, repairs.gate, repairs.gates)
    actual, repaired = _with_stuck(lines, repairs, actual)
    delivered = _replays(lines.ordered, actual, repaired, gate, repairs)[1][(1 << TIMED) - 1]
    due = traceable & np.isnan(lines.cancelled) & ~np.isnan(lines.promised)
    in_time = due & (delivered <= lines.promised)
    missed = np.zeros(timely.shape)
    np.add.at(missed, (group, span), (due & ~in_time).astype(np.float64))
    total = timely.copy()
    np.add.at(total, (group, span), due.astype(np.float64))
    passing = spoiled(missed, total, on_time_share)
    timely = np.where(passing, 0.0, timely).sum(axis=1)
    telling = ~passing[group, span]
    at, spread, reach = _standard_arrival(lines, repairs, gate)
    tight = np.where(repairs.judged, np.nan_to_num(at + spread - lines.promised, nan=-np.inf), -np.inf)
    helped = due & ~in_time & (tight > 0) & (delivered <= np.maximum(lines.promised, at + reach))
    due, in_time, helps = due & telling, in_time & telling, helped & telling
    owed = timely + np.bincount(group[due], minlength=len(timely))
    short = on_time_share * owed - timely - np.bincount(group[in_time], minlength=len(timely))
    # The tightest promises that help, by group, until the asked share is reached.
    order = np.lexsort((-tight, group))
    needed = _first(order, group, helps, np.ceil(np.maximum(short, 0.0)))
    bar = np.full(len(timely), np.inf)
    np.minimum.at(bar, group[needed], tight[needed])
    as_tight = tight >= bar[group]
    kept = repairs.judged & in_time & ~needed & (tight > bar[group])
    # A rule that is unsound at other times is so in spoiled ones.
    then = helped & ~telling & as_tight
    counts = {
        n: np.bincount(group[x], minlength=len(timely))
        for n, x in zip(("needed", "kept", "then", "helps"), (needed, kept, then, helps & as_tight), strict=True)
    }
    of_both, of_helps = (
        np.divide(counts["needed"], all_, out=np.zeros(len(timely)), where=counts["needed"] > 0)
        for all_ in (counts["needed"] + counts["kept"], counts["helps"])
    )
    also = _first(order, group, kept, np.round(of_both * counts["kept"]))
    found: Bools = needed | also | _first(order, group, then, np.round(of_helps * counts["then"]))
    return found


def _first(order: Ints, group: Ints, among: Bools, most: Floats) -> Bools:
    """So many lines of each group, in some order of all lines by group, shape (lines,)."""
    rank = np.cumsum(among[order])
    begin = np.searchsorted(group[order], np.arange(len(most)))
    before = np.concatenate([[0], rank])[begin]
    found = np.zeros(len(group), np.bool_)
    found[order[among[order] & (rank - before[group[order]] <= most[group[order]])]] = True
    return found


def spoiled(missed: Floats, total: Floats, on_time_share: float) -> Bools:
    """Spans in which far more promises were missed than usual, and that passed; shape (groups, spans).

    Looked at over all groups span by span, for what strikes one strikes others, and for each group by twelfths of the record.

    Args:
        missed, total: Lines of each group and span that missed their promise with every stage at its standard, and all that were due.
        on_time_share: What is asked.
    """
    spans = total.shape[1]
    parts = max(1, min(_PARTS, spans // _LEAST_SPANS))
    begin = np.arange(parts) * spans // parts
    of_part = np.repeat(np.arange(parts), np.diff([*begin, spans]))
    together = _passing(missed.sum(axis=0, keepdims=True), total.sum(axis=0, keepdims=True), on_time_share)
    alone = _passing(np.add.reduceat(missed, begin, axis=1), np.add.reduceat(total, begin, axis=1), on_time_share)
    found: Bools = together | alone[:, of_part]
    return found


def _passing(missed: Floats, total: Floats, on_time_share: float) -> Bools:
    """Parts with far more missed than usual, shape (groups, parts).

    Far more: beyond three standard deviations, of chance and of how parts differ anyhow (median absolute deviation, Hampel 1974,
    JASA 69), above the usual share or the one that may be missed. What holds for half of the time until the record ends is no accident,
    nor is what spoils more than a quarter of it.
    """
    share = np.divide(missed, total, out=np.full(total.shape, np.nan), where=total > 0)
    found = np.zeros(total.shape, dtype=np.bool_)
    for row in np.flatnonzero(np.isfinite(share).sum(axis=1) >= _LEAST_PARTS):
        seen = share[row][np.isfinite(share[row])]
        middle = float(np.median(seen))
        usual = max(middle, 1 - on_time_share)
        apart = _MAD_OF_NORMAL * float(np.median(np.abs(seen - middle)))
        sd = np.sqrt(usual * (1 - usual) / np.maximum(total[row], 1.0) + apart**2)
        beyond = np.nan_to_num(share[row]) > usual + _FAR * sd
        lasts = (np.cumsum(beyond[::-1]) / np.arange(1, len(beyond) + 1))[::-1] >= 1 / 2
        passing = beyond & ~lasts
        if passing.sum() <= len(seen) / 4:
            found[row] = passing
    return found
