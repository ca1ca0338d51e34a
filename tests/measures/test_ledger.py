"""Causes in five languages, and bookings, handled lines and labour by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.measures import ledger

# The first Monday of 2025, and the number of its week since 1970 (weeks begin on Thursdays, as 1970 did).
MONDAY, WEEK = date(2025, 1, 6), 2870


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("damage", "damage"), ("Transportschaden", "damage"), ("casse", "damage"), ("daño en tránsito", "damage"),
        ("mis-pick", "mis-pick"), ("Fehlpick", "mis-pick"), ("erreur de préparation", "mis-pick"),
        ("EXPEDITE", "expedite"), ("Eilfracht", "expedite"), ("spedizione urgente", "expedite"),
        ("chargeback", "chargeback"), ("Vertragsstrafe Händler", "chargeback"), ("pénalité enseigne", "chargeback"),
        ("Rücksendung", "return"), ("retour client", "return"), ("devolución", "return"), ("resi", "return"),
        ("markdown", "markdown"), ("rebajas", "markdown"), ("shrink", "shrink"), ("Schwund", "shrink"),
        ("démarque inconnue", "shrink"), ("write_off", "write-off"), ("Kulanz", "goodwill"), ("late refund", "goodwill"),
        ("phase of the moon", "other"), ("", "other"), ("preserved", "other"),
    ],
)  # fmt: skip
def test_causes_are_known_by_the_beginnings_of_their_words(text: str, name: str) -> None:
    assert ledger.cause_of(text).name == name


def test_effort_spent_is_an_input_and_what_broke_an_outcome() -> None:
    assert {c.name for c in ledger.CAUSES if c.side == "input"} == {"expedite"}
    assert ledger.cause_of("other").side == "outcome"


def test_bookings_are_summed_by_cause_place_and_week(duck: DuckDBEngine) -> None:
    rows = pa.table(
        {
            "day": pa.array([MONDAY, MONDAY, date(2025, 1, 9)]),
            "cause": ["damage", "damage", "damage"],
            "amount": [2.0, 3.0, 4.0],
            "party_id": ["us", "us", "us"],
            "brand": pa.array([None, None, None], pa.string()),
            "category": ["shoes", "shoes", "shoes"],
            "channel_id": ["site", "site", "site"],
            "region": ["north", "north", "north"],
        }
    )
    found = duck.run(ledger.bookings(duck.load("leakage", rows)).order_by("span")).to_pylist()
    assert [(r["span"], r["amount"], r["bookings"]) for r in found] == [(WEEK, 5.0, 2), (WEEK + 1, 4.0, 1)]


def test_each_role_has_its_own_doers_and_cancelled_lines_are_nobodys(duck: DuckDBEngine) -> None:
    lines = pa.table(
        {
            "brand": ["b"] * 3, "category": ["shoes"] * 3, "channel_id": ["site"] * 3, "destination": ["north"] * 3,
            "fulfilled_at": ["dc", "dc", "hub"], "fulfilment_party": ["us", "us", "them"], "release_party": ["us"] * 3,
            "carrier_id": ["swift", "terra", "swift"], "outcome": ["late", "cancelled", "on time"],
            "value_amount": [10.0, 20.0, 30.0], "span": [1, 1, 1],
        }
    )  # fmt: skip
    table = duck.load("judged", lines)
    told = {}
    for role in ("fulfilment", "channel", "carriage"):
        found = duck.run(ledger.handled_lines(table, role, ("category",))).to_pylist()
        told[role] = {(r["doer"], r["party_id"], r["asset_0"]): (r["lines"], r["value"]) for r in found}
    assert told["fulfilment"] == {("dc", "us", "shoes"): (1, 10.0), ("hub", "them", "shoes"): (1, 30.0)}
    assert told["channel"] == {("site", "us", "shoes"): (2, 40.0)}
    assert told["carriage"] == {("swift", "swift", "shoes"): (2, 40.0)}


def test_labour_sums_by_hand(duck: DuckDBEngine) -> None:
    rows = pa.table(
        {
            "node_id": ["dc"] * 3, "function": ["picking"] * 3, "day": [MONDAY, date(2025, 1, 7), date(2025, 1, 8)],
            "hours": [8.0, 4.0, 0.0], "units": [80.0, 50.0, 0.0], "cost_amount": [160.0, 80.0, 0.0],
            "overtime_hours": [2.0, None, 0.0],
        }
    )  # fmt: skip
    labour = duck.load("labour", rows)
    week = duck.run(ledger.labour_days(labour)).to_pylist()[0]
    assert (week["hours"], week["units"], week["cost_amount"], week["days"]) == (12.0, 130.0, 240.0, 3)
    # 160 for 6 hours and 2 at time and a half: 9 hours' worth, of which 1 is premium.
    assert (week["overtime_hours"], week["told_hours"]) == (2.0, 8.0)
    assert week["premium_amount"] == pytest.approx(160 / 9)
    line = duck.run(ledger.hours_against_units(labour)).to_pylist()[0]
    assert (line["days"], line["hours_units"], line["units_units"]) == (2, 840.0, 8900.0)
