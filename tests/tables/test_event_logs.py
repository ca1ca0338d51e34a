"""Event logs written by hand in the published formats, read as work_log; what is broken is told in one sentence."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.small import Small, good

import fourwalls as fw
from fourwalls.errors import FourwallsError, MappingError, TableError
from fourwalls.tables.event_logs import EventLog, read_log

XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="2.0" xmlns="http://www.xes-standard.org/">
  <global scope="event"><string key="concept:name" value="never read"/></global>
  <string key="concept:name" value="order questions"/>
  <trace>
    <string key="concept:name" value="c1"/><string key="channel_id" value="site"/>
    <event>
      <string key="concept:name" value="ask"/><date key="time:timestamp" value="2025-03-01T10:00:00+01:00"/>
      <string key="org:resource" value="ann"/><string key="lifecycle:transition" value="start"/>
    </event>
    <event>
      <string key="concept:name" value="ask"><string key="inner" value="x"/></string>
      <date key="time:timestamp" value="2025-03-01T11:00:00+01:00"/>
      <string key="org:resource" value="ann"/><string key="lifecycle:transition" value="complete"/>
      <float key="effort_hours" value="0.5"/>
    </event>
    <event>
      <string key="concept:name" value="answer"/><date key="time:timestamp" value="2025-03-01T10:30:00Z"/>
      <string key="channel_id" value="bazaar"/>
    </event>
  </trace>
  <trace><event><string key="concept:name" value="lost"/></event></trace>
</log>
"""


def rows(log: EventLog) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if v is not None} for row in log.rows.to_pylist()]


def read(tmp_path: Path, name: str, content: str | bytes) -> EventLog:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_log(path, f"tables/{name}")


def test_a_xes_log(tmp_path: Path) -> None:
    log = read(tmp_path, "work_log.xes", XES)
    kind = {"case_kind": "order questions"}
    assert rows(log) == [
        {**kind, "case_id": "c1", "activity": "ask", "at": "2025-03-01T11:00:00+01:00", "actor_id": "ann", "effort_hours": "0.5", "channel_id": "site"},
        {**kind, "case_id": "c1", "activity": "answer", "at": "2025-03-01T10:30:00Z", "channel_id": "bazaar"},
        {**kind, "case_id": "trace 2", "activity": "lost"},
    ]  # fmt: skip
    assert log.notes == ("tables/work_log.xes: 1 events of another lifecycle than 'complete' were not read.",)


BOMB = '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><log><trace/></log>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE log SYSTEM "file:///etc/passwd"><log><trace/></log>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB, "declares a document type or entities"),
        (OUTSIDE, "declares a document type or entities"),
        ("<log><trace></log>", r"line 1: not XML: mismatched tag"),
        ("", "not XML: no element found"),
        ("<log/>", "holds no trace"),
        (b"\xff\xfe\x00", "not XML"),
    ],
)
def test_a_broken_xes_log(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said) as raised:
        read(tmp_path, "work_log.xes", content)
    assert str(tmp_path) not in str(raised.value)


OCEL: dict[str, Any] = {
    "objectTypes": [{"name": "claim", "attributes": []}, {"name": "parcel", "attributes": []}],
    "eventTypes": [{"name": "open", "attributes": []}],
    "objects": [
        {"id": "k1", "type": "claim", "attributes": [{"name": "region", "time": "1970-01-01T00:00:00Z", "value": "north"}]},
        {"id": "k2", "type": "claim"},
        {"id": "p1", "type": "parcel"},
        {"id": "ann", "type": "employee"},
        {"id": "erp", "type": "system"},
    ],
    "events": [
        {
            "id": "e1", "type": "open", "time": "2025-03-01T10:00:00Z",
            "attributes": [{"name": "effort_hours", "value": 0.5}],
            "relationships": [{"objectId": i, "qualifier": ""} for i in ("k1", "k2", "ann", "erp")],
        },
        {"id": "e2", "type": "settle", "time": "2025-03-02T10:00:00+02:00", "relationships": [{"objectId": "k1", "qualifier": ""}]},
        {"id": "e3", "type": "weigh", "time": None, "relationships": [{"objectId": "p1", "qualifier": ""}]},
    ],
}  # fmt: skip
FLAT = [
    {"case_kind": "claim", "case_id": "k1", "activity": "open", "at": "2025-03-01T10:00:00Z", "actor_id": "ann", "system_id": "erp", "effort_hours": "0.25", "region": "north"},
    {"case_kind": "claim", "case_id": "k2", "activity": "open", "at": "2025-03-01T10:00:00Z", "actor_id": "ann", "system_id": "erp", "effort_hours": "0.25"},
    {"case_kind": "claim", "case_id": "k1", "activity": "settle", "at": "2025-03-02T10:00:00+02:00", "region": "north"},
    {"case_kind": "claim", "activity": "weigh"},
]  # fmt: skip


def test_an_object_centric_log_in_json(tmp_path: Path) -> None:
    log = read(tmp_path, "work_log.jsonocel", json.dumps(OCEL))
    assert rows(log) == FLAT
    assert "objects of type 'claim', which 2 of 3 events touch" in log.notes[0]


def write_sqlite(path: Path) -> None:
    db = sqlite3.connect(path)
    db.executescript(
        """
        CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);
        CREATE TABLE object_map_type (ocel_type TEXT, ocel_type_map TEXT);
        CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);
        CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);
        CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);
        """
    )
    for kind, more in (("open", ", effort_hours REAL"), ("settle", ""), ("weigh", "")):
        db.execute("INSERT INTO event_map_type VALUES (?, ?)", (kind, kind.title()))
        db.execute(f"CREATE TABLE event_{kind.title()} (ocel_id TEXT, ocel_time TEXT{more})")
    for kind in ("claim", "parcel", "employee", "system"):
        db.execute("INSERT INTO object_map_type VALUES (?, ?)", (kind, kind.title()))
        db.execute(f"CREATE TABLE object_{kind.title()} (ocel_id TEXT, ocel_time TEXT, region TEXT)")
    for o in OCEL["objects"]:
        db.execute("INSERT INTO object VALUES (?, ?)", (o["id"], o["type"]))
        region = "north" if o["id"] == "k1" else None
        db.execute(f"INSERT INTO object_{o['type'].title()} VALUES (?, '1970-01-01', ?)", (o["id"], region))
    for e in OCEL["events"]:
        db.execute("INSERT INTO event VALUES (?, ?)", (e["id"], e["type"]))
        values = [e["id"], e["time"], *([0.5] if e["type"] == "open" else [])]
        db.execute(f"INSERT INTO event_{e['type'].title()} VALUES ({', '.join('?' * len(values))})", values)
        for r in e["relationships"]:
            db.execute("INSERT INTO event_object VALUES (?, ?, '')", (e["id"], r["objectId"]))
    db.commit()
    db.close()


def test_an_object_centric_log_in_sqlite(tmp_path: Path) -> None:
    write_sqlite(tmp_path / "work_log.sqlite")
    assert rows(read_log(tmp_path / "work_log.sqlite", "tables/work_log.sqlite")) == FLAT


def test_a_sqlite_log_without_a_table(tmp_path: Path) -> None:
    write_sqlite(tmp_path / "work_log.sqlite")
    db = sqlite3.connect(tmp_path / "work_log.sqlite")
    db.execute("DROP TABLE event_Settle")
    db.execute("CREATE VIEW event_Settle AS SELECT 'e2' AS ocel_id, '2025-01-01' AS ocel_time")
    db.commit()
    db.close()
    with pytest.raises(MappingError, match="has no table 'event_Settle'"):
        read_log(tmp_path / "work_log.sqlite", "tables/work_log.sqlite")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("jsonocel", "{", "line 1: not JSON"),
        ("jsonocel", "[" * 200_000, "nested too deep|not JSON"),
        ("jsonocel", b'{"events": "\xff"}', "not UTF-8"),
        ("jsonocel", "[]", "needs the lists 'events' and 'objects'; found list"),
        ("jsonocel", '{"ocel:events": {}}', "found 'ocel:events'"),
        ("jsonocel", '{"events": [{"id": "e"}], "objects": []}', "an event or object lacks 'type'"),
        ("jsonocel", '{"events": [7], "objects": []}', "an event or object is no object"),
        ("jsonocel", '{"events": [], "objects": []}', "no event names an object that could be a case"),
        ("sqlite", b"not a database at all, but long enough to be one", "no SQLite file of OCEL 2.0"),
        ("sqlite", b"", "has no table 'event', 'object'"),
    ],
)
def test_a_broken_object_centric_log(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(MappingError, match=said) as raised:
        read(tmp_path, f"work_log.{name}", content)
    assert str(tmp_path) not in str(raised.value)


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    for ending in ("xes", "jsonocel", "sqlite"):
        with pytest.raises(MappingError, match="cannot be read"):
            read_log(tmp_path / f"work_log.{ending}", f"tables/work_log.{ending}")


def with_log(name: str, content: bytes) -> Small:
    made = good()
    made.files[f"tables/{name}"] = content
    return made


def test_a_study_reads_it_in_utc_and_counts_what_has_no_time(tmp_path: Path) -> None:
    folder = with_log("work_log.xes", XES.encode()).write(tmp_path / "shop")
    with fw.open(folder) as study:
        health = study.check()
        table = study._engine.run(study._intake.rows["work_log"].order_by("at").select("at", "activity"))
    [log] = [t for t in health.tables if t.table == "work_log"]
    assert (log.rows_in, log.rows_used) == (3, 2)
    assert [a.reason for a in log.set_aside] == ["at is missing"]
    assert any("another lifecycle" in note for note in health.notes)
    hours = [(a.hour, a.minute) for a in table["at"].cast(pa.timestamp("us")).to_pylist()]
    assert hours == [(10, 0), (10, 30)]


def test_two_clocks_in_one_log_are_refused(tmp_path: Path) -> None:
    content = XES.replace("10:30:00Z", "10:30:00").encode()
    with (
        fw.open(with_log("work_log.xes", content).write(tmp_path / "shop")) as study,
        pytest.raises(TableError, match="times carry a zone"),
    ):
        study.check()


def test_only_a_work_log_can_be_an_event_log(tmp_path: Path) -> None:
    with pytest.raises(FourwallsError, match=r"tables/order_lines\.xes is no table"):
        fw.open(with_log("order_lines.xes", XES.encode()).write(tmp_path / "shop"))
