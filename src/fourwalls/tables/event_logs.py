"""Event logs in the formats of process mining, read as work_log: XES (IEEE 1849-2023) and OCEL 2.0 (JSON, SQLite)."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from fourwalls.errors import MappingError, listed
from fourwalls.tables.schema import WORK_LOG

Row = dict[str, str | None]

# Our own column names are read wherever an event, or the case it belongs to, has an attribute of that name.
_NAMED = tuple(name for name in WORK_LOG.names if name not in ("case_id", "activity", "at"))
_RESOURCES = ("actor_id", "org:resource", "resource")
_PEOPLE = (
    "resource",
    "resources",
    "employee",
    "employees",
    "person",
    "people",
    "user",
    "users",
    "worker",
    "agent",
    "staff",
)
_SYSTEMS = ("system", "systems", "application", "machine")
_SPLIT = ("effort_hours",)


@dataclass(frozen=True, slots=True)
class EventLog:
    """A log as it was read.

    Attributes:
        rows: Columns of work_log, all text.
        notes: What a reader should know about how it was read.
    """

    rows: pa.Table
    notes: tuple[str, ...] = ()


def read_log(path: Path, place: str) -> EventLog:
    """An event log as rows of work_log.

    XES: a trace is a case; only events whose lifecycle is complete, or is not told, are rows. OCEL: objects of the type
    that most events touch are the cases; an event that touches several of them counts in each, its effort in equal parts.

    Args:
        path: The file.
        place: Its name, as an error shows it.

    Raises:
        MappingError: The file cannot be opened or is not of its format.
    """
    readers = {".xes": _read_xes, ".jsonocel": _read_json, ".sqlite": _read_sqlite}
    try:
        return readers[path.suffix.lower()](path, place)
    except OSError as error:
        raise MappingError(
            f"{place} cannot be read: {error.strerror or 'the system refused'}.", "Check the file and its permissions."
        ) from None


def _table(rows: Iterable[Row]) -> pa.Table:
    listed_rows = list(rows)
    told = [n for n in WORK_LOG.names if n in WORK_LOG.needed or any(row.get(n) is not None for row in listed_rows)]
    return pa.table({name: pa.array([row.get(name) for row in listed_rows], pa.string()) for name in told})


def _named(*sources: Mapping[str, Any]) -> Row:
    """Columns of ours among attributes; what is named first wins."""
    found: Row = {}
    for name in _NAMED:
        for source in sources:
            if source.get(name) is not None:
                found[name] = str(source[name])
                break
    return found


def _first(source: Mapping[str, Any], names: Iterable[str]) -> str | None:
    return next((str(source[name]) for name in names if source.get(name) is not None), None)


class _RefusedError(Exception):
    """The document declares entities: they can blow up to any size, and no event log needs them."""


@dataclass(slots=True)
class _Xes:
    """Hears the elements of a XES document as they come."""

    rows: list[Row] = field(default_factory=list)
    skipped: int = 0
    traces: int = 0
    path: list[str] = field(default_factory=list)
    log: dict[str, str] = field(default_factory=dict)
    trace: dict[str, str] = field(default_factory=dict)
    event: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, str]] = field(default_factory=list)

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit(":", 1)[-1]
        above = self.path[-1] if self.path else ""
        if name == "trace":
            self.trace, self.events = {}, []
        elif name == "event":
            self.event = {}
        elif "key" in attributes and above in ("log", "trace", "event"):
            kept = {"log": self.log, "trace": self.trace, "event": self.event}[above]
            kept[attributes["key"]] = attributes.get("value", "")
        self.path.append(name)

    def closed(self, _tag: str) -> None:
        name = self.path.pop()
        if name == "event":
            if self.event.get("lifecycle:transition", "complete").lower() == "complete":
                self.events.append(self.event)
            else:
                self.skipped += 1
        elif name == "trace":
            self.traces += 1
            # After the whole trace: its attributes may stand behind its events.
            self.rows += [self.row(event) for event in self.events]
            self.events = []

    def row(self, event: dict[str, str]) -> Row:
        kind = self.trace.get("case_kind") or self.log.get("concept:name") or "case"
        return {
            "case_kind": kind,
            **_named(event, self.trace),
            "case_id": self.trace.get("concept:name") or f"trace {self.traces}",
            "activity": event.get("concept:name"),
            "at": event.get("time:timestamp"),
            "actor_id": _first(event, _RESOURCES),
        }


def _refuse(*_: object) -> None:
    raise _RefusedError


def _read_xes(path: Path, place: str) -> EventLog:
    heard, parser = _Xes(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = heard.opened, heard.closed
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except _RefusedError:
        raise MappingError(
            f"{place}, line {parser.CurrentLineNumber}: it declares a document type or entities, which no XES log needs.",
            "Export the log again without a DOCTYPE.",
        ) from None
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise MappingError(f"{place}, line {error.lineno}: not XML: {what}.", "Export the log again as XES.") from None
    if not heard.traces:
        raise MappingError(f"{place} holds no trace; allowed: a XES log with traces of events.", "Export it as XES.")
    notes = (
        [f"{place}: {heard.skipped:,} events of another lifecycle than 'complete' were not read."]
        if heard.skipped
        else []
    )
    return EventLog(_table(heard.rows), tuple(notes))


@dataclass(frozen=True, slots=True)
class _Ocel:
    """An object-centric log.

    Attributes:
        events: (type, time, attributes, ids of objects).
        types: Object → type.
        objects: Object → attributes.
    """

    events: Sequence[tuple[str | None, str | None, Mapping[str, Any], list[str]]]
    types: Mapping[str, str]
    objects: Mapping[str, Mapping[str, Any]]


def _flattened(log: _Ocel, place: str) -> EventLog:
    """Cases from objects of one type (van der Aalst 2019, Object-Centric Process Mining, section 4: flattening)."""
    case_type, touching = _case_type(log)
    if case_type is None:
        raise MappingError(f"{place}: no event names an object that could be a case.", "Map it with SQL instead.")
    rows: list[Row] = []
    for kind, at, attributes, related in log.events:
        by_type: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys(related):
            by_type[log.types.get(name, "")].append(name)
        cases: list[str | None] = [*by_type.get(case_type, [])] or [None]
        people = next((ids[0] for t, ids in by_type.items() if t.lower() in _PEOPLE), None)
        systems = next((ids[0] for t, ids in by_type.items() if t.lower() in _SYSTEMS), None)
        for case in cases:
            row: Row = {
                "case_kind": case_type,
                "system_id": systems,
                **_named(attributes, log.objects.get(case or "", {})),
                "case_id": case,
                "activity": kind,
                "at": at,
                "actor_id": _first(attributes, _RESOURCES) or people,
            }
            rows.append(row | _parts(attributes, len(cases)))
    note = f"{place}: cases are objects of type '{case_type}', which {touching:,} of {len(log.events):,} events touch; SQL can choose another."
    return EventLog(_table(rows), (note,))


def _parts(attributes: Mapping[str, Any], among: int) -> Row:
    """Effort of an event in equal parts, so that hours add up to what was worked."""
    found: Row = {}
    for name in _SPLIT:
        try:
            found[name] = str(float(attributes[name]) / among)
        except (KeyError, TypeError, ValueError):
            continue  # not told, or no number: the table's own rules say so
    return found


def _case_type(log: _Ocel) -> tuple[str | None, int]:
    """The type that most events touch; of equals the one with the most objects, then by name."""
    touched: Counter[str] = Counter()
    for *_, related in log.events:
        touched.update({log.types[name] for name in related if name in log.types})
    many = Counter(log.types.values())
    ranked = sorted((-n, -many[t], t) for t, n in touched.items() if t.lower() not in (*_PEOPLE, *_SYSTEMS))
    return (ranked[0][2], -ranked[0][0]) if ranked else (None, 0)


def _read_json(path: Path, place: str) -> EventLog:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MappingError(f"{place} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise MappingError(f"{place}, line {error.lineno}: not JSON: {error.msg}.", "Export the log again.") from None
    except RecursionError:
        raise MappingError(f"{place}: lists are nested too deep.", "Export the log again as OCEL 2.0.") from None
    if not isinstance(document, dict) or not all(isinstance(document.get(k), list) for k in ("events", "objects")):
        found = listed(document) if isinstance(document, dict) else type(document).__name__
        raise MappingError(
            f"{place} is no OCEL 2.0 log: it needs the lists 'events' and 'objects'; found {found}.",
            "Export it as OCEL 2.0 (JSON); older versions must be converted.",
        )
    try:
        objects = {str(o["id"]): o for o in document["objects"]}
        types = {name: str(o["type"]) for name, o in objects.items()}
        attributes = {name: _pairs(o) for name, o in objects.items()}
        events = [
            (
                _text(e["type"]),
                _text(e.get("time")),
                _pairs(e),
                [str(r["objectId"]) for r in e.get("relationships") or ()],
            )
            for e in document["events"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else "is no object with the standard's keys"
        raise MappingError(
            f"{place} is no OCEL 2.0 log: an event or object {what}.", "Check it against the schema of OCEL 2.0."
        ) from None
    return _flattened(_Ocel(events, types, attributes), place)


def _pairs(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by name, the first value of each: what an object was when its case began."""
    found: dict[str, Any] = {}
    for pair in entry.get("attributes") or ():
        found.setdefault(str(pair["name"]), pair["value"])
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _read_sqlite(path: Path, place: str) -> EventLog:
    with path.open("rb") as file:
        file.read(1)  # a file that cannot be read says so here, in words
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error as error:
        raise MappingError(f"{place} cannot be opened: {error}.", "Export it as OCEL 2.0 (SQLite).") from None
    try:
        db.execute("PRAGMA trusted_schema = OFF")
        return _flattened(_ocel_of(db, place), place)
    except sqlite3.Error as error:
        raise MappingError(f"{place} is no SQLite file of OCEL 2.0: {error}.", "Export the log again.") from None
    finally:
        db.close()


def _ocel_of(db: sqlite3.Connection, place: str) -> _Ocel:
    # Real tables only: a view could be made to run forever.
    there = {str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = [t for t in ("event", "object", "event_object", "event_map_type", "object_map_type") if t not in there]
    if missing:
        raise MappingError(
            f"{place} is no OCEL 2.0 log: it has no table {listed(missing)}; found {listed(sorted(there))}.",
            "Export it as OCEL 2.0 (SQLite).",
        )
    related: dict[str, list[str]] = defaultdict(list)
    for event, named in db.execute("SELECT ocel_event_id, ocel_object_id FROM event_object"):
        related[str(event)].append(str(named))
    types = {str(name): str(kind) for name, kind in db.execute("SELECT ocel_id, ocel_type FROM object")}
    objects: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in _typed_rows(db, "object", there, place):
        for name, value in row.items():
            if value is not None:
                objects[str(row["ocel_id"])].setdefault(name, value)
    told = {str(row["ocel_id"]): row for row in _typed_rows(db, "event", there, place)}
    events = []
    for name, kind in db.execute("SELECT ocel_id, ocel_type FROM event"):
        row = told.get(str(name), {})
        events.append((_text(kind), _text(row.get("ocel_time")), row, related[str(name)]))
    return _Ocel(events, types, objects)


def _typed_rows(db: sqlite3.Connection, what: str, there: set[str], place: str) -> Iterable[dict[str, Any]]:
    for (mapped,) in db.execute(f"SELECT DISTINCT ocel_type_map FROM {what}_map_type").fetchall():  # noqa: S608 - ours
        name = f"{what}_{mapped}"
        if name not in there:
            raise MappingError(f"{place} is no OCEL 2.0 log: it has no table '{name}'.", "Export the log again.")
        quoted = name.replace('"', '""')
        rows = db.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a table that is there, quoted
        columns = [str(c[0]) for c in rows.description]
        for row in rows:
            yield dict(zip(columns, row, strict=True))
