"""Promises held to the records: each SLA property of the standard, met, missed, undecided or not checkable and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.governance import units
from fourwalls.governance.questions import Promise
from fourwalls.governance.records import Cases, Feed, midnight
from fourwalls.governance.shares import ratio_of, share_of
from fourwalls.governance.units import UnclearError

Floats = npt.NDArray[np.float64]
Status = Literal["met", "missed", "undecided", "not checkable"]

KEPT_SHARE = 0.95
"""A promise is kept if it held on this share of occasions. Nobody keeps one always; 95 % is what parcel carriers are commonly held to."""
LEAST_OCCASIONS = 20
_MOST_WINDOWS = 100_000


@dataclass(frozen=True, slots=True)
class SlaCheck:
    """One promise and what the records say of it.

    Attributes:
        contract_id, party_id, feeds: Whose promise, about which feeds.
        property: As the standard spells it.
        promised: In words, e.g. "latency 2 h".
        where: File and line.
        measured: Share of occasions on which it held, or the rate itself; a refusal where nothing tells.
        n: Occasions behind it.
        status: What follows.
        because: In a sentence.
    """

    contract_id: str
    party_id: str | None
    feeds: tuple[str, ...]
    property: str
    promised: str
    where: str
    measured: Figure
    n: int
    status: Status
    because: str


@dataclass(frozen=True)
class Evidence:
    """What one contract can be held to.

    Attributes:
        feeds: Deliveries of its feeds.
        cases: Exceptions its party took part in; None where nothing says.
        first_rows: Table.column of its schema that we have → its first and last time [s]; for retention.
        until: End of the record [s since 1970].
        zone: Time zone of clock times that carry none.
        kept_share: Bar, see KEPT_SHARE.
    """

    feeds: Sequence[Feed]
    cases: Cases | None
    first_rows: Mapping[str, tuple[float, float]]
    until: float
    zone: str | None
    kept_share: float = KEPT_SHARE


@dataclass(frozen=True, slots=True)
class _Held:
    """Occasions on which a promise held or not."""

    held: Floats
    at: Floats
    what: str


_Verdict = tuple[Figure, int, Status, str]


def check(promise: Promise, evidence: Evidence) -> _Verdict:
    """What the records say of a promise: measured, occasions, status, reason."""
    if promise.contradicted:
        return _no("contradicted", f"it contradicts {promise.contradicted}", "one figure for each promise")
    if promise.value is None:
        return _no("no_value", "it says no value", "a value in the contract")
    known = _CHECKS.get(promise.name)
    if known is None:
        return _no("unknown_property", "no rule of ours reads this property", f"one of {', '.join(_CHECKS)}")
    try:
        return known(promise, evidence)
    except UnclearError as error:
        return _no("unclear", str(error), "a figure with its unit in the contract")


def _no(code: str, because: str, next_step: str) -> _Verdict:
    return Refusal(code, "service level", because, next_step), 0, "not checkable", because


def _share_verdict(found: _Held, bar: float) -> _Verdict:
    if len(found.held) < LEAST_OCCASIONS:
        return _no("too_few", f"only {len(found.held)} {found.what}; {LEAST_OCCASIONS} are needed", "a longer record")
    figure = share_of(found.held, found.at)
    told = f"held for {_ranged(figure)} of {len(found.held):,} {found.what}; asked are {bar:.1%}"
    return figure, len(found.held), _status(figure, bar), told


def _ranged(figure: Estimate) -> str:
    return f"{figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%})"


def _status(figure: Estimate, least: float) -> Status:
    if figure.value >= least:
        return "met"
    return "missed" if figure.high < least else "undecided"


def _no_feed() -> _Verdict:
    return _no("no_feed", "no delivery of its feed is on record", "table feeds with this feed_id")


def _latency(promise: Promise, e: Evidence) -> _Verdict:
    most = units.seconds(promise.value, promise.unit)
    return _deliveries(e, lambda feed: feed.arrived - feed.expected <= most)


def _deliveries(e: Evidence, held: Callable[[Feed], npt.NDArray[np.bool_]]) -> _Verdict:
    if not e.feeds:
        return _no_feed()
    # What never arrived held nothing: comparisons with NaN are false.
    with np.errstate(invalid="ignore"):
        kept = np.concatenate([held(feed).astype(np.float64) for feed in e.feeds])
    at = np.concatenate([feed.expected for feed in e.feeds])
    return _share_verdict(_Held(kept, at, "deliveries due"), e.kept_share)


def _time_of_availability(promise: Promise, e: Evidence) -> _Verdict:
    due = units.clock(promise.value, e.zone)

    def in_time(feed: Feed) -> npt.NDArray[np.bool_]:
        latest = np.array([_next(due, s) for s in feed.expected.tolist()])
        found: npt.NDArray[np.bool_] = feed.arrived <= latest
        return found

    return _deliveries(e, in_time)


def _next(due: time, after: float) -> float:
    """The first such time of day at or after an instant."""
    here = datetime.fromtimestamp(after, UTC).astimezone(due.tzinfo)
    at = datetime.combine(here.date(), due)
    return (at if at >= here else datetime.combine(here.date() + timedelta(days=1), due)).timestamp()


def _frequency(promise: Promise, e: Evidence) -> _Verdict:
    period = units.seconds(promise.value, promise.unit)
    if period <= 0:
        raise UnclearError("its value is 0")
    if not e.feeds:
        return _no_feed()
    held, at = [], []
    for feed in e.feeds:
        if len(feed.expected) == 0 or (e.until - feed.expected[0]) / period > _MOST_WINDOWS:
            continue
        # Windows around the times due: an arrival that is early or late by less than half a period stays in its own.
        edges = np.arange(feed.expected[0] - period / 2, e.until - period / 2 + 1, period)
        if len(edges) < 2:
            continue
        counted, _ = np.histogram(feed.arrived[np.isfinite(feed.arrived)], edges)
        held.append((counted > 0).astype(np.float64))
        at.append(edges[:-1] + period / 2)
    if not held:
        return _no(
            "too_short", "the record holds fewer than two of its periods, or too many to count", "a longer record"
        )
    return _share_verdict(_Held(np.concatenate(held), np.concatenate(at), "periods"), e.kept_share)


def _availability(promise: Promise, e: Evidence) -> _Verdict:
    least = units.share(promise.value, promise.unit)
    if not e.feeds:
        return _no_feed()
    came = _Held(
        np.concatenate([np.isfinite(f.arrived).astype(np.float64) for f in e.feeds]),
        np.concatenate([f.expected for f in e.feeds]),
        "deliveries due",
    )
    return _share_verdict(came, least)


def _rows(e: Evidence, name: str) -> tuple[Floats, Floats]:
    values = np.concatenate([getattr(f, name) for f in e.feeds])
    at = np.concatenate([f.expected for f in e.feeds])
    known = np.isfinite(values)
    return np.where(known, values, 0.0), at


def _error_rate(promise: Promise, e: Evidence) -> _Verdict:
    most = units.share(promise.value, promise.unit)
    if not e.feeds:
        return _no_feed()
    wrong, at = _rows(e, "mismatched_rows")
    came, _ = _rows(e, "arrived_rows")
    known = np.concatenate([np.isfinite(f.mismatched_rows) & np.isfinite(f.arrived_rows) for f in e.feeds])
    rate = ratio_of(wrong * known, came * known, at, "share") if known.any() else None
    if rate is None:
        return _no(
            "no_rows",
            "the feed's rows are not counted, or for less than eight weeks",
            "feeds.arrived_rows and mismatched_rows",
        )
    status: Status = "met" if rate.value <= most else "missed" if rate.low > most else "undecided"
    return rate, int(known.sum()), status, f"{_ranged(rate)} of rows did not reconcile; promised were {most:.2%}"


def _throughput(promise: Promise, e: Evidence) -> _Verdict:
    unit = (promise.unit or "").strip().lower()
    per = unit.rpartition("/")[2].strip() if "/" in unit else unit
    if per not in units.SECONDS:
        raise UnclearError(f"its unit is '{unit}'; rows per what? e.g. rows/d")
    least = units.number(promise.value)
    if not e.feeds:
        return _no_feed()
    came, at = _rows(e, "arrived_rows")
    due, _ = _rows(e, "expected_rows")
    # Each delivery stands for its part of the record.
    length = np.full(len(came), (e.until - at.min()) / len(came) / units.SECONDS[per])
    rate = ratio_of(came, length, at, f"rows/{per}") if came.any() else None
    if rate is None:
        return _no("no_rows", "the feed's rows are not counted, or for less than eight weeks", "feeds.arrived_rows")
    told = f"{rate.value:,.0f} ({rate.low:,.0f} to {rate.high:,.0f}) rows/{per} arrived; promised were {least:,.0f}"
    if rate.high < least and due.sum() <= came.sum():
        return _no("not_tried", f"{told}; no more was due, so what could have come is not known", "a busier spell")
    status: Status = "met" if rate.value >= least else "missed" if rate.high < least else "undecided"
    return rate, len(came), status, told


def _retention(promise: Promise, e: Evidence) -> _Verdict:
    asked = units.seconds(promise.value, promise.unit)
    if not e.first_rows:
        return _no(
            "no_table",
            "no table of ours holds what it is about",
            "the name of a canonical table in the contract's schema",
        )
    name, (first, _) = min(e.first_rows.items(), key=lambda item: item[1][0])
    kept = e.until - first
    told = f"{name} reaches back {kept / units.DAY_S:,.0f} days; promised are {asked / units.DAY_S:,.0f}"
    figure = Estimate(*(kept / units.DAY_S,) * 3, "days", 1.0)
    if kept >= asked:
        return figure, 1, "met", told
    begun = min((float(f.expected[0]) for f in e.feeds if len(f.expected)), default=e.until)
    if e.until - begun >= asked:
        return figure, 1, "missed", f"{told}, and its feed has run for {(e.until - begun) / units.DAY_S:,.0f}"
    return _no("too_short", f"{told}; the record is younger than that", "a longer record")


def _general_availability(promise: Promise, e: Evidence) -> _Verdict:
    start = midnight(units.day(promise.value))
    if start > e.until:
        return _no("not_begun", "it begins after the end of the record", "a later record")
    came = [float(f.arrived[np.isfinite(f.arrived)].min()) for f in e.feeds if np.isfinite(f.arrived).any()]
    if not came:
        return _no_feed()
    first, usual = min(came), max(_step(f) for f in e.feeds)
    recorded = min(float(f.expected[0]) for f in e.feeds)
    late = max(0.0, first - max(start, recorded)) / units.DAY_S
    figure = Estimate(late, late, late, "days", 1.0)
    status: Status = "met" if late * units.DAY_S <= 2 * usual else "missed"
    return figure, 1, status, f"the first delivery came {late:,.1f} days after it was due to begin"


def _step(feed: Feed) -> float:
    """Usual time between two deliveries [s]."""
    return float(np.median(np.diff(feed.expected))) if len(feed.expected) > 1 else units.DAY_S


def _end(promise: Promise, e: Evidence) -> _Verdict:
    end = midnight(units.day(promise.value))
    left = (end - e.until) / units.DAY_S
    if left < 0:
        return (
            Estimate(left, left, left, "days", 1.0),
            1,
            "missed",
            f"it ended {-left:,.0f} days before the end of the record",
        )
    came = [float(np.nanmax(f.arrived)) for f in e.feeds if np.isfinite(f.arrived).any()]
    if not came:
        return _no_feed()
    silent = (e.until - max(came)) / units.DAY_S
    figure = Estimate(left, left, left, "days", 1.0)
    if silent * units.DAY_S > 3 * max(_step(f) for f in e.feeds):
        return figure, 1, "missed", f"nothing has come for {silent:,.0f} days, though it has {left:,.0f} days to run"
    return figure, 1, "met", f"it has {left:,.0f} days to run, and deliveries come"


def _no_cases() -> _Verdict:
    return _no("no_cases", "no exception in the work log names this party", "table work_log with party_id")


def _within(spent: Floats, at: Floats, age: Floats, most: float, what: str, bar: float) -> _Verdict:
    """Spent times against a limit; what is still open counts once it is older than the limit, else it is not yet known."""
    known = np.isfinite(spent) | (age > most)
    with np.errstate(invalid="ignore"):
        held = (spent <= most).astype(np.float64)[known]
    return _share_verdict(_Held(held, at[known], what), bar)


def _repair(promise: Promise, e: Evidence) -> _Verdict:
    most = units.seconds(promise.value, promise.unit)
    if e.cases is None or not len(e.cases.opened):
        return _no_cases()
    c = e.cases
    if not np.isfinite(c.closed).any() and (e.until - c.opened <= most).all():
        return _no("not_closed", "no exception of this party has been closed", "work_log.closed")
    return _within(c.closed - c.opened, c.opened, e.until - c.opened, most, "exceptions", e.kept_share)


def _notify(promise: Promise, e: Evidence) -> _Verdict:
    """From the party's own first step to the first of anybody else: only cases it opened itself show when it knew."""
    most = units.seconds(promise.value, promise.unit)
    if e.cases is None:
        return _no_cases()
    c, opened_it = e.cases, e.cases.joined <= e.cases.opened
    if not opened_it.any():
        return _no(
            "not_opened",
            "no exception was opened by this party, so nothing shows when it knew",
            "cases it opens itself",
        )
    told = np.where(np.isfinite(c.others), c.others, np.nan) - c.opened
    return _within(
        told[opened_it],
        c.opened[opened_it],
        (e.until - c.opened)[opened_it],
        most,
        "exceptions it opened",
        e.kept_share,
    )


def _detect(promise: Promise, e: Evidence) -> _Verdict:
    """From a bad delivery to the data case that follows, where just one bad delivery lies between two cases: else none belongs to it surely."""
    most = units.seconds(promise.value, promise.unit)
    if not e.feeds:
        return _no_feed()
    if e.cases is None or not e.cases.about_data.any():
        return _no(
            "no_data_cases", "no case about data names this party", "cases about feeds in work_log with party_id"
        )
    bad = np.sort(np.concatenate([_went_bad(f) for f in e.feeds]))
    opened = np.sort(e.cases.opened[e.cases.about_data])
    before = np.concatenate([[-np.inf], opened[:-1]])
    number = np.searchsorted(bad, opened, side="right") - np.searchsorted(bad, before, side="right")
    sure = number == 1
    if sure.sum() < LEAST_OCCASIONS:
        return _no(
            "not_paired", f"only {int(sure.sum())} cases follow one bad delivery alone", "cases that name their feed"
        )
    since = opened[sure] - bad[np.searchsorted(bad, opened[sure], side="right") - 1]
    return _share_verdict(_Held((since <= most).astype(np.float64), opened[sure], "cases"), e.kept_share)


def _went_bad(feed: Feed) -> Floats:
    """When deliveries showed to be bad: on arrival with rows that do not reconcile, or when due and not come."""
    wrong = np.nan_to_num(feed.mismatched_rows) > 0
    absent = ~np.isfinite(feed.arrived)
    found: Floats = np.concatenate([feed.arrived[wrong & ~absent], feed.expected[absent]])
    return found


_CHECKS: Mapping[str, Callable[[Promise, Evidence], _Verdict]] = {
    "availability": _availability,
    "throughput": _throughput,
    "errorRate": _error_rate,
    "generalAvailability": _general_availability,
    "endOfSupport": _end,
    "endOfLife": _end,
    "retention": _retention,
    "frequency": _frequency,
    "latency": _latency,
    "timeToDetect": _detect,
    "timeToNotify": _notify,
    "timeToRepair": _repair,
    "timeOfAvailability": _time_of_availability,
}
