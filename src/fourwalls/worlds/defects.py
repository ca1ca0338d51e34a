"""What can be wrong with a world: defects that a path would cure, and confounders that none would.

A defect has a kind, a severity, a place and a time window. Its stage comes from the kind; its wall does not: that
follows from the party who does the stage in the records it touches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fourwalls.worlds.draws import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of defect or confounder.

    Attributes:
        stage: The stage it sits in; empty for a confounder.
        done_by: What names the party that does the stage: "channel_id", "node_id", "carrier_id" …
        places: What its place can be narrowed to.
        about: What goes wrong, in a sentence.
    """

    stage: str
    done_by: str
    places: tuple[str, ...]
    about: str


_ORDER = ("channel_id", "category", "destination")
_PLAN = ("channel_id", "category", "brand")
_BUY = ("supplier_id", "category", "brand")

DEFECTS: dict[str, Kind] = {
    "low_forecast": Kind("forecast", "channel_id", _PLAN, "whoever forecasts a channel believes in too little"),
    "high_forecast": Kind("forecast", "channel_id", _PLAN, "whoever forecasts a channel believes in too much"),
    "noisy_forecast": Kind("forecast", "channel_id", _PLAN, "the forecast swings from week to week without a reason"),
    "slow_approval": Kind("decision", "buyer", _BUY, "a buy that everyone can see is needed waits for signatures"),
    "late_supplier": Kind("supply", "supplier_id", _BUY, "the supplier ships later than it confirms"),
    "short_shipments": Kind("supply", "supplier_id", _BUY, "the supplier ships less than was ordered"),
    "slow_dock": Kind("receiving", "node_id", ("node_id", "category"), "goods stand at the dock for days"),
    "poor_records": Kind(
        "record", "node_id", ("node_id", "category"), "stock goes astray, and counts come too rarely to notice"
    ),
    "unfilled_shelves": Kind(
        "shelf", "node_id", ("node_id", "category"), "goods wait in a store's back room while its shelf is empty"
    ),
    "skewed_allocation": Kind(
        "allocation", "allocator", ("category",), "one node gets too much, another too little, and nobody evens it out"
    ),
    "stale_listings": Kind(
        "listing", "channel_id", ("channel_id", "category"), "the channel learns of stock hours or days late"
    ),
    "weak_content": Kind(
        "content", "channel_id", ("channel_id", "category", "brand"), "pictures and descriptions are missing"
    ),
    "dear_price": Kind("price", "own", ("channel_id", "category", "brand"), "our price is above the rival's"),
    "media_on_empty": Kind("media", "media", ("category", "brand"), "media money brings customers to empty shelves"),
    "slow_release": Kind("release", "channel_id", _ORDER, "more orders are held for review, and each takes longer"),
    "slow_picking": Kind(
        "fulfilment", "node_id", ("node_id", "category"), "hands are short, waves wait, more lines are picked twice"
    ),
    "unused_partner": Kind(
        "overflow",
        "offer",
        ("node_id", "category"),
        "our own DC turns away what it cannot pack, and a partner who offers to serve it is not asked",
    ),
    "early_pickup": Kind(
        "carriage", "carrier_id", ("carrier_id", "node_id"), "the carrier's truck leaves hours before the shift ends"
    ),
    "late_carrier": Kind(
        "carriage",
        "carrier_id",
        ("carrier_id", "destination"),
        "line-haul takes longer, parcels go astray, first deliveries fail",
    ),
    "tight_promise": Kind("promise", "channel_id", _ORDER, "customers are promised days that were never kept"),
}

DEFECTS |= {
    "avoidable_waste": Kind(
        "waste", "node_id", ("node_id", "category"), "damage, mis-picks and expedites that better work would avoid"
    ),
    "chargebacks": Kind("waste", "channel_id", _ORDER, "the channel charges back for rules that nobody has sorted out"),
    "manual_status_work": Kind(
        "status", "channel_id", _ORDER, "people copy states from one place to another, line by line"
    ),
    "late_feeds": Kind("feed", "channel_id", ("channel_id",), "the channel's feed comes late and does not reconcile"),
}

CONFOUNDERS: dict[str, Kind] = {
    "strike": Kind("", "carrier_id", ("carrier_id", "destination"), "nothing moves for some days"),
    "demand_collapse": Kind("", "", ("category", "brand", "destination"), "customers no longer want it"),
    "price_war": Kind("", "", ("category", "channel_id"), "a rival gives its goods away"),
    "promotion": Kind("", "", ("category", "destination", "channel_id"), "a big promotion"),
}


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong, or merely happens (a confounder).

    Attributes:
        kind: A name in DEFECTS or CONFOUNDERS.
        severity: From 0 (not there) to 1 (as bad as retailers live through).
        place: What it is narrowed to, e.g. {"node_id": "dc-north"}.
        since, until: Days it lasts, `until` exclusive; None for the whole world.
    """

    kind: str
    severity: float
    place: dict[str, str] = field(default_factory=dict)
    since: date | None = None
    until: date | None = None

    @property
    def stage(self) -> str:
        """The stage it sits in."""
        return DEFECTS[self.kind].stage


@dataclass(frozen=True, slots=True)
class Repairs:
    """Which stages perform as in the sound world, in whose hands.

    Attributes:
        name: How the truth calls this version of the world.
        stages: Repaired stages; None for all.
        parties: Party codes whose doing is repaired; None for all.
    """

    name: str
    stages: frozenset[str] | None
    parties: frozenset[int] | None

    def covers(self, stage: str, party: Ints) -> Bools:
        """Where a stage is repaired, by the party that does it."""
        if self.stages is not None and stage not in self.stages:
            return np.zeros(len(party), dtype=np.bool_)
        if self.parties is None:
            return np.ones(len(party), dtype=np.bool_)
        return np.isin(party, list(self.parties))


AS_RECORDED = Repairs("as_recorded", frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class PlacedDefect:
    """A defect with its place and window as codes of the world.

    Attributes:
        defect: What the recipe said.
        codes: Place as codes, e.g. {"node_id": 0}.
        first, last: Days of the world it lasts, `last` exclusive.
    """

    defect: Defect
    codes: dict[str, int]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Everything that is wrong or happens in a world, and what of it has been repaired.

    Attributes:
        placed: Defects and confounders.
        repairs: What is repaired in this version of the world.
    """

    placed: Sequence[PlacedDefect]
    repairs: Repairs

    def severity(self, kind: str, rows: Mapping[str, NDArray[Any]], day: Ints, party: Ints | None = None) -> Floats:
        """How bad a kind of defect is for each row: summed over defects, at most 1.5.

        Args:
            kind: A name in DEFECTS or CONFOUNDERS.
            rows: Codes of the places of each row; at least those the kind may be narrowed to.
            day: Day of the world that decides whether it lasts.
            party: Who does the stage; needed for defects, which can be repaired.
        """
        total = np.zeros(len(day))
        for placed in self.placed:
            if placed.defect.kind != kind:
                continue
            here: Bools = (day >= placed.first) & (day < placed.last)
            for name, code in placed.codes.items():
                here = here & (rows[name] == code)
            if party is not None:
                here = here & ~self.repairs.covers(placed.defect.stage, party)
            total += here * placed.defect.severity
        return np.minimum(total, 1.5)


class SeverityByVersion:
    """How bad one kind of defect is in every version of a world at once, for a fixed set of rows.

    Args:
        kind: A name in DEFECTS.
        versions: What is wrong in each version.
        rows: Codes of the places of each row.
        party: Who does the stage, shape (rows,).
    """

    def __init__(self, kind: str, versions: Sequence[Trouble], rows: Mapping[str, NDArray[Any]], party: Ints) -> None:
        self._kind, self._versions, self._rows, self._party = kind, versions, rows, party
        mine = [p for p in versions[0].placed if p.defect.kind == kind]
        self.is_absent = not mine
        self._edges = np.array(sorted({edge for p in mine for edge in (p.first, p.last)}), dtype=np.int64)
        self._known: dict[int, Floats] = {}
        self._none = np.zeros((len(versions), len(party)))

    def on(self, day: int) -> Floats:
        """Severity on a day, shape (versions, rows)."""
        if self.is_absent:
            return self._none
        window = int(np.searchsorted(self._edges, day, side="right"))
        if window not in self._known:
            days = np.full(len(self._party), day, dtype=np.int64)
            self._known[window] = np.stack(
                [t.severity(self._kind, self._rows, days, self._party) for t in self._versions]
            )
        return self._known[window]
