"""How long each stage took, for whom, and against what it can be compared."""

from __future__ import annotations

import math
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from fourwalls.measures.order_lines import SECONDS_PER_HOUR

HOURS_PER_WEEK = 168
# 1970-01-01 was a Thursday; hour 0 of the week is Monday 00:00 UTC.
_MONDAY_SHIFT_HOURS = 72
# Relative width of a duration bin: a quantile read from counts is at most 1 % off (Masson, Rim, Lee 2019, DDSketch).
BIN_WIDTH = 0.02
_LOG_STEP = math.log1p(BIN_WIDTH)
# Durations below a minute are one bin: no stage of a parcel is managed to the second.
_SHORTEST_S = 60
QUANTILES = (
    0.3,
    0.35,
    0.4,
    0.45,
    0.48,
    0.5,
    0.52,
    0.55,
    0.6,
    0.65,
    0.7,
    0.8,
    0.84,
    0.87,
    0.89,
    0.9,
    0.91,
    0.93,
    0.96,
    0.99,
)


class Stage(NamedTuple):
    """A stage of the order flow that takes time.

    Attributes:
        name: Name of the stage.
        start, end: Columns of its clock [s].
        doer: Column that names who is compared with whom.
        place: Columns that say among which lines a comparison is fair, besides the size class.
        gate: Columns by which a calendar is looked for.
        party: Column of the party that did it.
    """

    name: str
    start: str
    end: str
    doer: str
    place: tuple[str, ...]
    gate: tuple[str, ...]
    party: str


STAGES = (
    Stage("release", "ordered_s", "released_s", "channel_id", ("customer_kind",), ("channel_id",), "release_party"),
    Stage("fulfilment", "released_s", "handed_over_s", "fulfilled_at", ("category",), ("fulfilled_at",), "fulfilment_party"),
    Stage(
        "carriage", "handed_over_s", "delivered_s", "carrier_id", ("origin", "destination"),
        ("carrier_id", "fulfilled_at"), "carrier_id",
    ),
)  # fmt: skip


FULFILMENT = STAGES[1]
DEPARTS_BY = ("fulfilled_at", "carrier_id", "destination")
"""Columns by which departures are looked for; what is not recorded is one value of its own."""


def duration_bin(duration_s: ir.NumericValue) -> ir.IntegerValue:
    """Number of the bin a duration falls into; bins grow by 2 %."""
    # A hair above the edge keeps engines with another logarithm in the same bin.
    return ((duration_s.cast("float64") / _SHORTEST_S + 1.0).ln() / _LOG_STEP + 1e-9).floor().cast("int64")


def bin_number(duration_s: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The same as `duration_bin` for durations that are no longer in the engine."""
    return np.floor(np.log(duration_s / _SHORTEST_S + 1.0) / _LOG_STEP + 1e-9).astype(np.int64)


def bin_hours(bins: int) -> list[float]:
    """Middle of each bin [hours]."""
    return [math.expm1((i + 0.5) * _LOG_STEP) * _SHORTEST_S / SECONDS_PER_HOUR for i in range(bins)]


def hour_of_week(at_s: ir.IntegerValue) -> ir.IntegerValue:
    """0 for Monday 00:00 to 01:00 UTC, up to 167."""
    return (at_s // SECONDS_PER_HOUR + _MONDAY_SHIFT_HOURS) % HOURS_PER_WEEK


def timed(lines: ir.Table, stage: Stage) -> ir.Table:
    """Lines that passed the stage, in order of time, with `duration_s`."""
    passed = lines.filter(lines.is_traceable & lines[stage.end].notnull() & lines[stage.start].notnull())
    return passed.mutate(duration_s=passed[stage.end] - passed[stage.start])


def durations_by_start(lines: ir.Table, stage: Stage) -> ir.Table:
    """Durations by the hour of the week in which the stage began, to see calendars and cut-offs.

    Grain: the stage's gate columns, hour_of_week.
    Gives: lines; hours [sum, counted from the beginning of the starting hour]; square [sum of squares of that].
    """
    t = timed(lines, stage)
    from_hour = (t.duration_s + t[stage.start] % SECONDS_PER_HOUR) / SECONDS_PER_HOUR
    t = t.mutate(from_hour=from_hour, how=hour_of_week(t[stage.start]))
    return t.group_by(*stage.gate, hour_of_week="how").agg(
        lines=t.count(), hours=t.from_hour.sum(), square=(t.from_hour * t.from_hour).sum()
    )


def hours_left(lines: ir.Table, *, at_end: bool) -> ir.Table:
    """Lines by the hour of the week in which fulfilment ended (or began), to see tours and pick-ups.

    Grain: DEPARTS_BY ("" where not recorded), hour_of_week.
    Gives: lines; weeks [different weeks in which there was one].
    """
    t = timed(lines, FULFILMENT)
    at = t[FULFILMENT.end if at_end else FULFILMENT.start]
    t = t.mutate(how=hour_of_week(at), week=_week(at))
    keys = {name: t[name].cast("string").fill_null("") for name in DEPARTS_BY}
    return t.group_by(**keys, hour_of_week=t.how).agg(lines=t.count(), weeks=t.week.nunique())


def caught(lines: ir.Table, departures: ir.Table) -> ir.Table:
    """How many lines left with the first departure after they began, by the lead they had.

    Args:
        lines: From `judged_lines`.
        departures: DEPARTS_BY, hour_of_week; from the beginning of that hour: lead_h and working_lead_h [hours of all and of working days to
            the beginning of the first departure], until_s [to its end].

    Grain: DEPARTS_BY[0], lead_h, working_lead_h.
    Gives: lines, caught.
    """
    t = timed(lines, FULFILMENT)
    t = t.mutate(how=hour_of_week(t[FULFILMENT.start]), into_s=t[FULFILMENT.start] % SECONDS_PER_HOUR)
    t = _with_departures(t, departures, "how", outer=False)
    is_caught = ibis.cases((t.duration_s + t.into_s <= t.until_s, 1), else_=0)
    return t.group_by(
        doer=t[DEPARTS_BY[0]].cast("string").fill_null(""), lead_h=t.lead_h, working_lead_h=t.working_lead_h
    ).agg(lines=t.count(), caught=is_caught.sum().cast("int64"))


def _with_departures(t: ir.Table, departures: ir.Table, how: str, *, outer: bool) -> ir.Table:
    d = departures.rename(**{f"{how}_{name}": name for name in DEPARTS_BY}, **{f"at_{how}": "hour_of_week"})
    matches = [t[name].cast("string").fill_null("") == d[f"{how}_{name}"] for name in DEPARTS_BY]
    return t.join(d, [*matches, t[how] == d[f"at_{how}"]], how="left" if outer else "inner")


def handled(lines: ir.Table, departures: ir.Table, gates: ir.Table | None) -> ir.Table:
    """Timed lines with `work_s`: what fulfilment took before goods could leave, as `departures.leaving` reads it.

    Args:
        lines: From `judged_lines`.
        departures: DEPARTS_BY, hour_of_week, done_s and runs [seconds that the clock of work has run from Monday to the beginning of that
            hour, and whether it runs in it], week_s [in a week], since_s [from the end of the last departure that was over to
            the beginning of that hour, by that clock], middle_s and shape of the time work takes, log-logistic.
        gates: As in `worked`, for doers without departures.
    """
    t = worked(lines, FULFILMENT, gates)
    begun, ended = t[FULFILMENT.start], t[FULFILMENT.end]
    t = t.mutate(how_begun=hour_of_week(begun), how_ended=hour_of_week(ended))
    first = departures.select(*DEPARTS_BY, "hour_of_week", begun_s="done_s", begun_runs="runs")
    t = _with_departures(_with_departures(t, first, "how_begun", outer=True), departures, "how_ended", outer=True)
    clock = t.done_s + t.runs * (t[FULFILMENT.end] % SECONDS_PER_HOUR)
    clock = clock - t.begun_s - t.begun_runs * (t[FULFILMENT.start] % SECONDS_PER_HOUR)
    weeks = _week(t[FULFILMENT.end]) - _week(t[FULFILMENT.start])
    t = t.mutate(most_s=clock + weeks * t.week_s)
    least = ibis.greatest(t.most_s - t.runs * (t[FULFILMENT.end] % SECONDS_PER_HOUR) - t.since_s, 0)
    survive = sum(1 / (1 + (x.cast("float64") / t.middle_s) ** t["shape"]) for x in (least, t.most_s)) / 2
    middle = (t.middle_s * (1 / survive - 1) ** (1 / t["shape"])).floor().cast("int64")
    work = ibis.least(t.most_s, ibis.greatest(middle, least + 1))
    return t.mutate(work_s=ibis.cases((t.since_s.isnull(), t.work_s), else_=work))


def _week(at_s: ir.IntegerValue) -> ir.IntegerValue:
    return (at_s // SECONDS_PER_HOUR + _MONDAY_SHIFT_HOURS) // HOURS_PER_WEEK


def span_durations(worked: ir.Table, stage: Stage) -> ir.Table:
    """Mean working time of each doer among comparable lines, span by span.

    Reads: lines from `worked`.
    Grain: doer, place, size_class, span.
    Gives: lines, hours [sum of working time], elapsed [hours, sum of the whole time, waiting for gates included], late
    [came after their promise].
    """
    t = worked
    keys = {"doer": t[stage.doer], **{name: t[name] for name in stage.place}}
    return t.group_by(**keys, size_class=t.size_class, span=t.span).agg(
        lines=t.count(),
        hours=(t.work_s / SECONDS_PER_HOUR).sum(),
        elapsed=(t.duration_s / SECONDS_PER_HOUR).sum(),
        late=ibis.cases((t.outcome == "late", 1), else_=0).sum().cast("int64"),
    )


def duration_counts(worked: ir.Table, stage: Stage, by_block: bool, spans_per_block: int) -> ir.Table:
    """Counts of working times in 2 % bins, from which any quantile follows.

    Reads: lines from `worked`.
    Grain: doer, place, size_class, block [of spans; 0 if not by block], bin.
    Gives: lines.
    """
    t = worked
    block = t.span // spans_per_block if by_block else ibis.literal(0, "int64")
    keys = {"doer": t[stage.doer], **{name: t[name] for name in stage.place}}
    t = t.mutate(block=block, bin=duration_bin(t.work_s))
    return t.group_by(**keys, size_class=t.size_class, block=t.block, bin=t.bin).agg(lines=t.count())


def worked(lines: ir.Table, stage: Stage, gates: ir.Table | None) -> ir.Table:
    """Timed lines with `work_s`: the duration less the wait for a gate to open.

    Args:
        lines: From `judged_lines`.
        stage: The stage.
        gates: The stage's gate columns, hour_of_week, wait_s [from the beginning of that hour]; None if it has none.
    """
    t = timed(lines, stage)
    if gates is None:
        return t.mutate(work_s=t.duration_s)
    t = t.mutate(how=hour_of_week(t[stage.start]), into_hour_s=t[stage.start] % SECONDS_PER_HOUR)
    g = gates.rename(**{f"gate_{name}": name for name in stage.gate}, gate_how="hour_of_week")
    matches = [t[name] == g[f"gate_{name}"] for name in stage.gate]
    t = t.left_join(g, [*matches, t.how == g.gate_how])
    wait = ibis.greatest(t.wait_s.fill_null(0) - t.into_hour_s, 0)
    # A line that got through before the gate shows that the gate was not for it.
    return t.mutate(
        work_s=ibis.cases((t.wait_s.isnull() | (wait > t.duration_s), t.duration_s), else_=t.duration_s - wait)
    )


def stage_quantiles(lines: ir.Table, *, pooled: bool) -> ir.Table:
    """Exact quantiles of every stage's duration, for each asset or for all of them together.

    Grain: asset_key (0 if pooled).
    Gives: `<stage>_lines`, `<stage>_quantiles` [s; at QUANTILES].
    """
    t = lines.filter(lines.is_traceable)
    sums = {}
    for stage in STAGES:
        duration = (t[stage.end] - t[stage.start]).cast("float64")
        sums[f"{stage.name}_lines"] = duration.count()
        sums[f"{stage.name}_quantiles"] = duration.quantile(list(QUANTILES))
    if pooled:
        return t.aggregate(**sums).mutate(asset_key=ibis.literal(0, "int64"))
    return t.group_by("asset_key").agg(**sums)


def lines_below(lines: ir.Table, marks: ir.Table) -> ir.Table:
    """Lines that passed each stage within the asset's own median and its own nine-tenths quantile.

    Args:
        lines: From `judged_lines`.
        marks: asset_key and `<stage>_50`, `<stage>_90` [s]; a single row without asset_key holds for all lines.

    Grain: asset_key (0 for a single row of marks), span.
    Gives: `<stage>_lines`, `<stage>_within_50`, `<stage>_within_90`.
    """
    t = lines.filter(lines.is_traceable)
    if "asset_key" in marks.columns:
        t = t.inner_join(marks, "asset_key")
    else:
        t = t.cross_join(marks).mutate(asset_key=ibis.literal(0, "int64"))
    sums = {}
    for stage in STAGES:
        duration = t[stage.end] - t[stage.start]
        sums[f"{stage.name}_lines"] = duration.count()
        for percent in (50, 90):
            within = (duration <= t[f"{stage.name}_{percent}"]).fill_null(False)
            sums[f"{stage.name}_within_{percent}"] = ibis.cases((within, 1), else_=0).sum().cast("int64")
    return t.group_by("asset_key", "span").agg(**sums)


def timely_lines(lines: ir.Table) -> ir.Table:
    """Lines that came on time, by what was promised alike, and when they were ordered.

    Reads: lines from `judged_lines`.
    Grain: asset_key, channel_id, span.
    Gives: lines.
    """
    t = lines.filter(lines.outcome == "on time")
    return t.group_by("asset_key", "channel_id", "span").agg(lines=t.count())


def untimely_lines(lines: ir.Table) -> ir.Table:
    """Every line that was late, overdue or cancelled, as the replay needs it.

    Reads: lines from `judged_lines`.
    Grain: order_id, line_id.
    """
    t = lines.filter(lines.outcome.isin(["late", "overdue", "cancelled"]))
    names = (
        "asset_key", "span", "outcome", "is_traceable", "waits", "ordered_s", "released_s", "handed_over_s", "delivered_s",
        "promised_s", "cancelled_s", "channel_id", "customer_kind", "fulfilled_at", "carrier_id", "release_party", "fulfilment_party",
        "origin", "destination", "category", "size_class", "value_amount", "order_key", "line_key",
    )  # fmt: skip
    return t.select(*names)
