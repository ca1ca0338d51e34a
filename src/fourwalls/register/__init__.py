"""The register: what was found, decided, planned, tried, and what came of it; append-only, in SQLite or PostgreSQL."""

from __future__ import annotations

from fourwalls.register.book import Register
from fourwalls.register.fingerprints import take_fingerprints
from fourwalls.register.journal import Entry
from fourwalls.register.keeping import restore
from fourwalls.register.records import Decision, Fingerprint, Milestone, Outcome, PilotRecord, Run, Task, TaskPlan

__all__ = [
    "Decision", "Entry", "Fingerprint", "Milestone", "Outcome", "PilotRecord", "Register", "Run", "Task", "TaskPlan",
    "restore", "take_fingerprints",
]  # fmt: skip
