"""Case work: what people do about lines that went wrong, and what they copy from system to system."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Columns, Floats, take
from fourwalls.worlds.retailer import OWN, Retailer

WHERE_IS_IT, EMPTY_PICK, STATUS, MISMATCH = range(4)
CASE_KINDS = ("exception: where is my order", "exception: nothing to pick", "status update", "reconciliation")

_ASKS_SHARE = 0.35
_HOURS = np.array([0.30, 0.25, 0.12, 0.20])
"""Mean work of a case of each kind [hours]."""


def cases(retailer: Retailer, trouble: Trouble, lines: Columns) -> Columns:
    """Cases that concluded lines give rise to, one row each.

    Columns: row (of the line), kind, opened [hour], hours (work), partner (party asked or copied from; OWN if none).
    """
    channel_party = retailer.party_of("channel_id")[lines["channel_id"]]
    manual = trouble.severity("manual_status_work", lines, lines["day"], channel_party)
    feeds = trouble.severity("late_feeds", lines, lines["day"], channel_party)
    is_oos = lines["is_cancelled"] & (lines["stocked"] <= 0)
    asked_of = np.where(
        lines["packed"] < lines["promised"],
        retailer.party_of("carrier_id")[lines["carrier_id"]],
        retailer.party_of("node_id")[lines["node_id"]],
    )
    found = [
        (WHERE_IS_IT, (lines["is_late"] | lines["is_overdue"]) & (lines["luck_case"] < _ASKS_SHARE), asked_of),
        (EMPTY_PICK, is_oos, retailer.party_of("node_id")[lines["node_id"]]),
        (STATUS, lines["luck_status"] < 0.03 + 0.55 * manual, channel_party),
        (MISMATCH, 1.0 - lines["luck_status"] < 0.01 + 0.25 * feeds, channel_party),
    ]
    opened = (lines["promised"] + 3.0, lines["packed"], lines["released"], lines["at"] + 26.0)
    rows = [np.flatnonzero(happens) for _, happens, _ in found]
    kind = np.concatenate([np.full(len(r), k) for (k, _, _), r in zip(found, rows, strict=True)])
    row = np.concatenate(rows)
    return {
        "row": row,
        "kind": kind,
        "opened": np.concatenate([o[r] for o, r in zip(opened, rows, strict=True)]),
        "hours": _HOURS[kind] * (0.25 + 0.75 * lines["luck_effort"][row]),
        "partner": np.concatenate([p[r] for (_, _, p), r in zip(found, rows, strict=True)]),
    }


def hours_by_line(found: Columns, n: int) -> Floats:
    """Hours of case work that each line caused."""
    hours: Floats = np.bincount(found["row"], found["hours"], minlength=n).astype(np.float64)
    return hours


_STEPS = (
    ("open", "ask", "answer", "close"),
    ("open", "check shelf", "close"),
    ("copy state", "close"),
    ("open", "compare", "correct", "close"),
)


def events(found: Columns, lines: Columns, end: float, cases_before: int) -> Columns:
    """Events of the cases of one version, in the order of the cases; those after the end have not happened.

    Columns: case, kind, step (index into `steps_of`), at, party, system, hours, closed, row.
    """
    parts = []
    number = cases_before + np.arange(len(found["row"]))
    for kind, steps in enumerate(_STEPS):
        mine = found["kind"] == kind
        some = take(found, mine) | {"case": number[mine]}
        luck = lines["luck_effort"][some["row"]]
        for step, name in enumerate(steps):
            by_partner = name in ("answer", "check shelf", "correct")
            party = np.where(by_partner, some["partner"], OWN)
            # A partner answers the next day; we do within hours.
            wait = step * np.where(some["partner"] != OWN, 14.0, 2.0) * (0.4 + 0.6 * luck)
            parts.append(
                {
                    "case": some["case"],
                    "kind": some["kind"],
                    "step": np.full(len(luck), STEP_NAMES.index(name)),
                    "at": some["opened"] + wait,
                    "party": party,
                    "hours": some["hours"] / len(steps),
                    "closed": np.full(len(luck), name == "close"),
                    "row": some["row"],
                    "ordinal": np.full(len(luck), step),
                }
            )
    together = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    order = np.lexsort((together["ordinal"], together["case"]))
    happened = take(together, order)
    return take(happened, happened["at"] < end)


STEP_NAMES = tuple(dict.fromkeys(name for steps in _STEPS for name in steps))
"""Names of the activities, by code."""
