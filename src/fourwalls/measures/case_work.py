"""What people do to keep cases moving: touches, hours, hand-offs, reopenings, waiting, closing."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
from ibis import _

from fourwalls.measures.work_words import AUTOMATIC, CLOSING, class_of, said

SECONDS_PER_HOUR = 3600
PLACE = ("brand", "category", "channel_id", "region")
# Closure times are counted in bins of 1 %: fine enough for any quantile, and few whatever the number of cases.
_BIN = 1.01

SUMS = (
    "cases", "touches", "hours", "other_hours", "status_hours", "people_touches", "told_touches", "automatic_touches",
    "handoffs_within", "handoffs_systems", "handoffs_parties", "reopened", "elapsed_hours", "waiting_hours", "closed_cases",
    "told_actor_id", "told_system_id", "told_party_id", "told_actor_kind", "told_closed", "closings",
)  # fmt: skip
"""What `by_place` sums."""


def events(log: ir.Table, own: str, words: Mapping[str, tuple[str, ...]]) -> ir.Table:
    """Events of cases in their order, each with what changed since the one before.

    Sorted by time within the case; events of one instant stay in the order of the file. A hand-off is a change of hands:
    to another party, else to another system, else to another actor within one system; where the records do not say who
    or where, none is seen. A reopening is an event after a closing one that does not close.

    Grain: event.
    Reads: work_log; own: our own party_id; words: class → words added under [work].
    Gives: rank [from 0], at_s, gap_s [s since the event before], is_automatic, is_status (it only moves information),
    is_closing, is_reopening, handoff ("within", "systems", "parties" or null), hours [person hours, null if not told],
    elsewhere (party_id unless it is ours).
    """
    t = log.mutate(
        given=ibis.row_number().over(),
        # Truncated first: DuckDB rounds the rest of a second.
        at_s=log["at"].truncate("s").epoch_seconds().cast("int64"),
        elsewhere=log.party_id.nullif(own),
    )
    t = told_by(t, "case_kind", case_class=class_of(_.case_kind, words))
    t = told_by(t, "activity", activity_class=class_of(_.activity, words), sounds_closing=said(_.activity, CLOSING))
    t = told_by(t, "actor_kind", is_automatic=said(_.actor_kind, AUTOMATIC))
    t = t.mutate(
        is_closing=ibis.coalesce(t.closed, t.sounds_closing, ibis.literal(False)),
        is_automatic=t.is_automatic.fill_null(False),
    )
    t = t.mutate(is_status=(t.case_class == "status") | t.activity_class.isin(["status", "report"]))
    in_case = ibis.window(group_by="case_id", order_by=["at_s", "given"])
    before = {f"{name}_before": t[name].lag().over(in_case) for name in ("actor_id", "system_id", "party_id", "at_s")}
    t = t.mutate(rank=ibis.row_number().over(in_case), closed_before=t.is_closing.lag().over(in_case), **before)
    moved = {name: (t[name] != t[f"{name}_before"]).fill_null(False) for name in ("party_id", "system_id", "actor_id")}
    return t.mutate(
        gap_s=t.at_s - t.at_s_before,
        is_reopening=t.closed_before.fill_null(False) & ~t.is_closing,
        is_first_closing=t.is_closing & ~t.closed_before.fill_null(False),
        handoff=ibis.cases(
            (moved["party_id"], "parties"), (moved["system_id"], "systems"), (moved["actor_id"], "within"), else_=None
        ),
        hours=ibis.cases((t.is_automatic, ibis.literal(0.0)), else_=t.effort_hours),
    )


def told_by(t: ir.Table, column: str, **found: ir.Value) -> ir.Table:
    """Each row with what its text says; every text is looked at once, however many rows repeat it."""
    texts = t.select(column).distinct().mutate(**found)
    return t.left_join(texts, column).drop(f"{column}_right")


def cases(events: ir.Table) -> ir.Table:
    """Cases with what was done in them.

    Grain: case_id.
    Reads: events from `events`.
    Gives: case_kind, activity [of the first event], case_class, PLACE [of the first event that says], first_s, last_s;
    elsewhere [first party in it that is not ours], knows_party; the counts and hours of SUMS (told_…: events that say);
    closure_hours [from the first event to the closing that lasted; null while open].
    """
    t = events
    first = {name: t[name].argmin(t.rank, where=t[name].notnull()) for name in (*PLACE, "elsewhere")}
    found = t.group_by("case_id").agg(
        case_kind=t.case_kind.argmin(t.rank),
        case_class=t.case_class.argmin(t.rank),
        **first,
        knows_party=t.party_id.notnull().any(),
        first_s=t.at_s.min(),
        last_s=t.at_s.max(),
        touches=t.count(),
        hours=t.hours.sum().fill_null(0.0),
        other_hours=t.hours.sum(where=t.elsewhere.notnull()).fill_null(0.0),
        status_hours=t.hours.sum(where=t.is_status).fill_null(0.0),
        people_touches=t.count(where=~t.is_automatic),
        told_touches=t.count(where=~t.is_automatic & t.effort_hours.notnull()),
        automatic_touches=t.count(where=t.is_automatic),
        **{f"handoffs_{kind}": t.count(where=t.handoff == kind) for kind in ("within", "systems", "parties")},
        **{f"told_{name}": t[name].count() for name in ("actor_id", "system_id", "party_id", "actor_kind", "closed")},
        closings=t.count(where=t.is_closing),
        reopenings=t.count(where=t.is_reopening),
        closing_s=t.at_s.max(where=t.is_first_closing),
        is_closed=t.is_closing.argmax(t.rank),
    )
    elapsed = (found.last_s - found.first_s) / SECONDS_PER_HOUR
    closure = (found.closing_s - found.first_s) / SECONDS_PER_HOUR
    return found.mutate(
        cases=ibis.literal(1),
        reopened=(found.reopenings > 0).cast("int64"),
        elapsed_hours=elapsed,
        # Work may be told that was done before the first event: there is no waiting below none.
        waiting_hours=ibis.greatest(elapsed - found.hours, 0.0),
        closure_hours=ibis.cases((found.is_closed, closure), else_=None),
        closed_cases=found.is_closed.cast("int64"),
    ).drop("closing_s")


def by_place(cases: ir.Table, span_seconds: int) -> ir.Table:
    """Case work summed; a case counts, with all its work, in the span in which it began.

    Grain: case_class, PLACE, elsewhere, knows_party, span.
    Reads: cases from `cases`.
    Gives: SUMS.
    """
    t = cases.mutate(span=_.first_s // span_seconds)
    grain = ("case_class", *PLACE, "elsewhere", "knows_party", "span")
    return t.group_by(*grain).agg(**{name: t[name].sum() for name in SUMS}).order_by(*grain)


def unnamed(cases: ir.Table, most: int) -> ir.Table:
    """Kinds of case we have no word for, those with most touches first.

    Grain: case_kind.
    Reads: cases from `cases`.
    Gives: touches; hours [of people].
    """
    t = cases.filter((cases.case_class == "other") & cases.case_kind.notnull())
    found = t.group_by("case_kind").agg(touches=t.touches.sum(), hours=t.hours.sum())
    return found.order_by(ibis.desc("touches"), "case_kind").limit(most)


def closures(cases: ir.Table, span_seconds: int) -> ir.Table:
    """How long closed cases took, in bins of 1 %.

    Grain: case_class, PLACE, span, bin.
    Reads: cases from `cases`.
    Gives: cases, closure_hours [sum over the bin].
    """
    t = cases.filter(cases.closure_hours.notnull())
    # Under a minute is at once: a logarithm needs something to stand on.
    floored = ibis.greatest(t.closure_hours, 1 / 60)
    t = t.mutate(span=t.first_s // span_seconds, bin=(floored.log(_BIN)).floor().cast("int64"))
    grain = ("case_class", *PLACE, "span", "bin")
    return t.group_by(*grain).agg(cases=t.count(), closure_hours=t.closure_hours.sum()).order_by(*grain)


def waits(events: ir.Table) -> ir.Table:
    """Time between neighbouring events of a case, by what was done before and after.

    Grain: activity_before, activity.
    Reads: events from `events`.
    Gives: times, wait_hours [sum].
    """
    in_case = ibis.window(group_by="case_id", order_by=["rank"])
    t = events.mutate(activity_before=events.activity.lag().over(in_case)).filter(_.rank > 0)
    return t.group_by("activity_before", "activity").agg(times=t.count(), wait_hours=t.gap_s.sum() / SECONDS_PER_HOUR)
