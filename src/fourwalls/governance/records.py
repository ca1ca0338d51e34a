"""What the records say of partners: deliveries of their feeds, and exceptions they took part in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.engines.base import Engine
from fourwalls.governance import words
from fourwalls.measures.order_lines import seconds

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Feed:
    """Deliveries of one feed, by when they were due.

    Attributes:
        feed_id, party_id: Which, and who sends; None where the record does not say.
        systems: From and to.
        expected: Due [s since 1970], ascending, shape (deliveries,).
        arrived: Arrived [s]; NaN where it did not, same shape.
        expected_rows, arrived_rows, mismatched_rows: NaN where unknown, same shape.
    """

    feed_id: str
    party_id: str | None
    systems: tuple[str, str]
    expected: Floats
    arrived: Floats
    expected_rows: Floats
    arrived_rows: Floats
    mismatched_rows: Floats


@dataclass(frozen=True)
class Cases:
    """Exceptions that a party (or an actor) took part in, one entry each.

    Attributes:
        opened: First event of the case [s since 1970], shape (cases,).
        closed: Event that closed it [s]; NaN while open, same shape.
        joined: First event of this party in it [s], same shape.
        others: First event of anybody else [s]; NaN where nobody else acted, same shape.
        about_data: Whether its kind says that it is about data, same shape.
    """

    opened: Floats
    closed: Floats
    joined: Floats
    others: Floats
    about_data: Bools


@dataclass(frozen=True)
class Records:
    """What is known of feeds and exceptions.

    Attributes:
        feeds: Feed → its deliveries; None where there is no table `feeds`.
        cases: Party → its exceptions; None where there is no work log that says who acted.
        actors: Actor named as an owner → exceptions that actor took part in.
        until: End of the record [s since 1970].
        closes: Whether the work log says what closes a case.
    """

    feeds: Mapping[str, Feed] | None
    cases: Mapping[str, Cases] | None
    actors: Mapping[str, Cases] = field(default_factory=dict)
    until: float = 0.0
    closes: bool = False


def midnight(day: date) -> float:
    """The instant a day begins, UTC [s since 1970]."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def read_records(
    engine: Engine, rows: Mapping[str, ir.Table], until: float, owners: frozenset[str] = frozenset()
) -> Records:
    """Feeds and exceptions as far as they are recorded.

    Args:
        engine: Runs the expressions.
        rows: Table → its rows as intake kept them.
        until: End of the record [s since 1970].
        owners: Names of owners in contracts; those that act in the work log are looked at by themselves.
    """
    feeds = _feeds(engine, rows["feeds"], until) if "feeds" in rows else None
    if "work_log" not in rows:
        return Records(feeds, None, {}, until)
    told = _exceptions(rows["work_log"])
    events = engine.keep("exceptions", told.select("case_id", "party_id", "actor_id", "at_s", "closes", "is_data"))
    by_party = _cases(engine, events, "party_id")
    known = (
        _cases(engine, events.filter(events.actor_id.lower().isin(sorted(owners))), "actor_id", events)
        if owners
        else {}
    )
    closes = any(np.isfinite(c.closed).any() for c in by_party.values())
    return Records(feeds, by_party or None, {name.casefold(): c for name, c in known.items()}, until, closes)


def _feeds(engine: Engine, feeds: ir.Table, until: float) -> dict[str, Feed]:
    told = feeds.mutate(expected_s=seconds(feeds.expected_at), arrived_s=seconds(feeds.arrived_at))
    table = engine.run(
        told.select(
            "feed_id", "party_id", "from_system", "to_system", "expected_s", "arrived_s", "expected_rows", "arrived_rows", "mismatched_rows"
        ).order_by("feed_id", "expected_s")
    )  # fmt: skip
    table = table.filter(pc.less(table["expected_s"], int(until)))
    found = {}
    for name in pc.unique(table["feed_id"]).to_pylist():
        part = table.filter(pc.equal(table["feed_id"], name))
        party = next((p for p in part["party_id"].to_pylist() if p is not None), None)
        numbers = [
            _numbers(part[c]) for c in ("expected_s", "arrived_s", "expected_rows", "arrived_rows", "mismatched_rows")
        ]
        # What arrives after the end of the record had not arrived in it.
        numbers[1] = np.where(numbers[1] > until, np.nan, numbers[1])
        found[str(name)] = Feed(
            str(name), party, (part["from_system"][0].as_py(), part["to_system"][0].as_py()), *numbers
        )
    return found


def _numbers(column: pa.ChunkedArray) -> Floats:
    values: Floats = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
    return values


def _exceptions(log: ir.Table) -> ir.Table:
    kind = log.case_kind.lower()
    said = log.closed.fill_null(False)
    closing = ibis.or_(*(log.activity.lower().contains(word) for word in ("close", "resolve", "solved")))
    # A log without the flag tells it by the name of what was done.
    closes = ibis.ifelse(log.closed.isnull(), closing, said)
    return log.filter(ibis.or_(*(kind.contains(word) for word in words.EXCEPTION_KINDS))).mutate(
        at_s=seconds(log.at), closes=closes, is_data=ibis.or_(*(kind.contains(word) for word in words.DATA_KINDS))
    )


def _cases(engine: Engine, events: ir.Table, who: str, every: ir.Table | None = None) -> dict[str, Cases]:
    events_all = events if every is None else every
    whole = events_all.group_by("case_id").agg(
        opened=events_all.at_s.min(),
        closed=events_all.at_s.max(where=events_all.closes),
        about_data=events_all.is_data.max(),
    )
    acted = events.filter(events[who].notnull())
    mine = acted.group_by("case_id", doer=acted[who]).agg(joined=acted.at_s.min())
    doers = events_all.mutate(other=events_all[who].fill_null(""))
    each = doers.group_by("case_id", "other").agg(first=doers.at_s.min())
    pair = mine.join(each, "case_id").filter(lambda t: t.doer != t.other)
    others = pair.group_by("case_id", "doer").agg(others=pair.first.min())
    both = mine.left_join(others, ["case_id", "doer"]).drop("case_id_right", "doer_right")
    table = engine.run(both.join(whole, "case_id").select("doer", "opened", "closed", "joined", "others", "about_data"))
    found = {}
    for name in pc.unique(table["doer"]).to_pylist():
        part = table.filter(pc.equal(table["doer"], name))
        opened, closed, joined, others = (_numbers(part[c]) for c in ("opened", "closed", "joined", "others"))
        about_data = np.array(part["about_data"].to_pylist(), dtype=np.bool_)
        found[str(name)] = Cases(opened, closed, joined, others, about_data)
    return found
