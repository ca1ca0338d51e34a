"""Entries of the journal as the records they are."""

from __future__ import annotations

from datetime import date

from fourwalls.register.journal import Entry
from fourwalls.register.records import Decision, Fingerprint, Outcome, PilotRecord, Run, figure


def run_of(entry: Entry) -> Run:
    """A run."""
    c = entry.content
    start, end = (date.fromisoformat(c["period"][name]) for name in ("start", "end"))
    return Run(
        int(entry.key), entry.seq, entry.at, entry.who, c["portfolio"], c["version"], start, end, c["verdicts"],
        tuple(Fingerprint(**f) for f in c["inputs"]), c["fingerprint"], c["targets"], c["sha256"],
    )  # fmt: skip


def decision_of(entry: Entry) -> Decision:
    """A decision."""
    c = entry.content
    return Decision(
        entry.key, entry.version, entry.seq, entry.at, entry.who, c["verdict"], c["proposed"], c["run"],
        c["is_overruled"], c["why"],
    )  # fmt: skip


def pilot_of(entry: Entry) -> PilotRecord:
    """A pilot."""
    c = entry.content
    return PilotRecord(
        entry.key, entry.version, entry.seq, entry.at, entry.who, c["asset"], c["sha256"], c["plan"], c["result"],
        c.get("advice", ""), c.get("why", ""),
    )  # fmt: skip


def outcome_of(entry: Entry) -> Outcome:
    """An outcome."""
    c = entry.content
    return Outcome(
        c["asset"], entry.version, entry.seq, entry.at, entry.who, c["decision"], c["run"], c["path"], c["measure"],
        figure(c["predicted"]), c["stated_chance"], figure(c["measured"]), c["source"], c["is_best"],
    )  # fmt: skip
