"""Promises and deliveries told as a number of days or hours, counted from the order."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import duckdb

from fourwalls.tables.draft.columns import Column, Wrap
from fourwalls.tables.draft.matching import Match, backwards_share
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import ident, plain
from fourwalls.tables.draft.words import lemmas, words

# Only the plural: `ship_day` is a day of the week or of the month. Unit → its words, and the most of it believed.
_UNITS = {
    "DAY": (frozenset({"days", "tage", "tagen", "jours", "dias", "giorni", "dagen"}), 400),
    "HOUR": (frozenset({"hours", "hrs", "stunden", "heures", "horas", "uren"}), 9600),
}
_UNIT_MEANINGS = frozenset({"date", "days", "hour"})
# A name that says anything else is of another time: days since, days late, days of cover.
_SAID = frozenset({"ship", "deliver", "arrive", "transit", "fulfil", "process", "promise"})
_BESIDES = frozenset({"actual", "order", "to", "quantity", "count"})
# Less sure than a date of its own, whatever the name says.
_SCORE = 0.6
_NEARLY_ALL = 0.9


def with_counted(connection: duckdb.DuckDBPyConnection, source: Source, found: Mapping[str, Match]) -> dict[str, Match]:
    """Matches of orders, with the times that are told as days or hours from the order; each is marked.

    Args:
        connection: Where the samples are.
        source: The file.
        found: What its columns mean.
    """
    counted = dict(found)
    start = found.get("ordered_at")
    taken = {match.column.name for match in found.values()}
    lasting = {c: unit for c in source.columns if c.name not in taken and c.said is None and (unit := _unit(c))}
    if start is None:
        return counted
    promised_ship = any({"ship", "promise"} <= set(lemmas(c.called)) for c in lasting)
    for column, unit in lasting.items():
        name = _stage(set(lemmas(column.called)), promised_ship or "handed_over_at" in found)
        begin = found.get("handed_over_at") if "transit" in lemmas(column.called) else start
        if name not in counted and begin is not None:
            counted[name] = _counted(begin, column, unit, name)
    return _told_apart(connection, counted, found)


def _unit(column: Column) -> str | None:
    """The unit of a column of lengths of time that belong to an order; None if it is none."""
    meant = set(lemmas(column.called)) - _UNIT_MEANINGS
    if column.holds != "number" or (column.low or 0) < 0 or not meant & _SAID or meant - _SAID - _BESIDES:
        return None
    said = set(words(column.called))
    return next((u for u, (names, most) in _UNITS.items() if said & names and (column.high or 0) <= most), None)


def _stage(meant: set[str], ends_later: bool) -> str:
    """What a length of time ends with. Shipping ends at the customer where the hand-over is told otherwise."""
    if "promise" in meant:
        return "promised_at"
    if meant & {"deliver", "arrive", "transit"} or ("ship" in meant and ends_later):
        return "delivered_at"
    return "handed_over_at"


def _counted(begin: Match, column: Column, unit: str, name: str) -> Match:
    """A time that lies a number of days or hours after another."""
    number = column.parse if column.parse != Wrap() else Wrap("CAST(", " AS DOUBLE)")
    start = begin.column.time(ident(begin.column.name))
    parse = Wrap(f"{start} + INTERVAL 1 {unit} * {number.before}", number.after)
    by_day = name == "promised_at" and unit == "DAY" and column.whole
    said = "the promise" if name == "promised_at" else "the hand-over" if name == "handed_over_at" else "the delivery"
    doubt = (
        f"'{plain(column.name)}' is read as {unit.lower()}s from '{plain(begin.column.name)}' to {said}; "
        "check what they count to, and whether days off count"
    )
    time = dataclasses.replace(
        column, holds="time", parse=parse, date_only=by_day, midnight=begin.column.midnight, zoned=begin.column.zoned
    )
    return Match(begin.source, time, _SCORE, doubt)


def _told_apart(
    connection: duckdb.DuckDBPyConnection, counted: dict[str, Match], found: Mapping[str, Match]
) -> dict[str, Match]:
    """Marks a counted delivery that falls on the day of the hand-over: the two may be one."""
    handed, delivered = found.get("handed_over_at"), counted.get("delivered_at")
    if handed is None or delivered is None or "delivered_at" in found:
        return counted
    if (
        backwards_share(connection, handed, delivered) + backwards_share(connection, delivered, handed)
        < 1 - _NEARLY_ALL
    ):
        why = f"it is the day of '{plain(handed.column.name)}' in most rows, so one of the two is not what it is taken for"
        counted["delivered_at"] = delivered.doubted(why)
        counted["handed_over_at"] = handed.doubted(
            f"the same day as the one counted by '{plain(delivered.column.name)}'"
        )
    return counted
