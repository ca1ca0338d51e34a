"""What the records show: gaps, units lost, clocks, and the one bottleneck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fourwalls.figures import Figure

Wall = Literal["inside", "between", "unknown"]
Outcome = Literal["late", "overdue", "cancelled"]
Flow = Literal["service", "stock", "conversion", "ledger", "work", "overflow", "cancelled"]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one stage, in the hands of one party, took from an outcome.

    The contributions of an asset add up to its gap, outcome by outcome.

    Attributes:
        outcome: Which failure would have been avoided.
        stage: "release", "fulfilment", "carriage" or "promise".
        wall: Which side the stage is on in these records.
        party_id: Who did it; None where the records do not say.
        party_name: As people call it.
        lines: Order lines recovered, by this stage's Shapley share [lines].
        share: The same as a share of the asset's order lines [share].
        amount: Net order value of those lines [portfolio currency]; not a loss in itself.
        standard: What the stage was measured against, in words, with its origin.
    """

    outcome: Outcome
    stage: str
    wall: Wall
    party_id: str | None
    party_name: str
    lines: float
    share: Figure
    amount: Figure
    standard: str


@dataclass(frozen=True, slots=True)
class StageShare:
    """What one stage on one side of the wall took, all parties and outcomes together.

    Attributes:
        stage, wall: Which.
        lines: Order lines recovered, by Shapley share [lines].
        share: The same as a share of the asset's order lines [share].
    """

    stage: str
    wall: Wall
    lines: float
    share: Figure


@dataclass(frozen=True, slots=True)
class Gap:
    """What repairing stages would recover, as shares of the asset's order lines.

    Attributes:
        total: Every stage repaired.
        operate: Only the stages inside the wall repaired.
        orchestrate: Only the stages between walls repaired.
        interaction: What repairing both sides recovers beyond (or, if negative, short of) the sum of each alone.
        missed: Lines late, overdue or cancelled, the pool the gap is taken from.
        residual: Missed lines that no repair would have saved.
        untraced: Missed lines whose stage times are absent or out of order.
        inside_share: Part of the attributed gap on our side of the wall, between 0 and 1; refused where the other side could mostly
            be held to nothing and might be the larger.
        inside_chance: Chance, by bootstrap, that more of the gap is inside than between, 0-1; None if there is no gap, or
            the part is refused.
        stages: The gap by stage and wall, in the order of the chain; adds up to the total.
        unjudged: Stages that could be held to nothing on most of the missed lines: nothing is claimed for them there.
    """

    total: Figure
    operate: Figure
    orchestrate: Figure
    interaction: Figure
    missed: Figure
    residual: Figure
    untraced: Figure
    inside_share: Figure
    inside_chance: float | None
    stages: tuple[StageShare, ...]
    unjudged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LostUnits:
    """What one stage, in the hands of one party, cost an asset in sales from empty or hidden shelves.

    Attributes:
        stage: "forecast", "decision", "supply", "receiving", "allocation", "listing", "record" or "shelf".
        wall: Which side the stage is on in these records.
        party_id: Who did it; None where the records do not say.
        party_name: As people call it.
        units: Units that would have been sold, by this stage's Shapley share [units].
        share: The same as a share of the units customers wanted [share].
        amount: Margin of those units after carrying, shrink and markdowns, where prices and costs are known [portfolio currency].
        standard: What the stage was measured against, in words, with its origin.
    """

    stage: str
    wall: Wall
    party_id: str | None
    party_name: str
    units: float
    share: Figure
    amount: Figure
    standard: str


@dataclass(frozen=True, slots=True)
class StockHeld:
    """How much stock stands behind an asset, and what repairs would do to it.

    Attributes:
        on_hand: Stock on a mean day [units].
        weeks_of_cover: The same in weeks of demand [weeks].
        excess: Part of it beyond twice what must last until the next order has arrived [share].
        amount: Stock on a mean day at cost [portfolio currency].
        gmroi: Gross margin a year over that amount (gross margin return on inventory) [ratio].
        operate, orchestrate, both: Change of stock on a mean day by repairing inside, between, all stages [share].
    """

    on_hand: Figure
    weeks_of_cover: Figure
    excess: Figure
    amount: Figure
    gmroi: Figure
    operate: Figure
    orchestrate: Figure
    both: Figure


@dataclass(frozen=True, slots=True)
class Availability:
    """What an asset did not sell because shelves were empty or could not be bought from; shares of units wanted.

    Attributes:
        wanted_units: Units customers wanted in the record [units].
        shelves: Skus at nodes that serve the asset.
        lost: Units they did not get.
        total: What repairing every stage would have sold.
        operate, orchestrate: Only the stages inside, only those between walls.
        interaction: What repairing both sides brings beyond (or, if negative, short of) the sum of each alone.
        residual: Lost units that no repair would have sold.
        inside_share: Part of what is attributed that is on our side of the wall, 0-1.
        inside_chance: Chance that more of it is inside than between, 0-1; None if there is nothing.
        stages: By stage and wall, largest first; adds up to the total.
        contributions: By stage, wall and party, largest first; adds up to the total.
        unjudged: Stages that could be held to nothing on most of the lost units.
        stock: The stock behind it.
    """

    wanted_units: float
    shelves: int
    lost: Figure
    total: Figure
    operate: Figure
    orchestrate: Figure
    interaction: Figure
    residual: Figure
    inside_share: Figure
    inside_chance: float | None
    stages: tuple[StageUnits, ...]
    contributions: tuple[LostUnits, ...]
    unjudged: tuple[str, ...]
    stock: StockHeld


@dataclass(frozen=True, slots=True)
class StageUnits:
    """What one stage on one side of the wall cost, all parties together.

    Attributes:
        stage, wall: Which.
        units: Units that would have been sold, by Shapley share [units].
        share: The same as a share of the units customers wanted [share].
    """

    stage: str
    wall: Wall
    units: float
    share: Figure


@dataclass(frozen=True, slots=True)
class StageClock:
    """How long one stage takes in one asset, and what it is held against.

    Attributes:
        stage: Name of the stage.
        median, p90: Actual duration [hours].
        standard: What it is held against, in words, with its origin.
        n: Order lines timed.
    """

    stage: str
    median: Figure
    p90: Figure
    standard: str
    n: int


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The stage in the hands of one party whose repair is worth most, over all records.

    Attributes:
        stage, wall, party_id, party_name: Which, and whose.
        flow: Where it was seen: "service" (lines late or cancelled), "stock" (units not sold), "conversion", "ledger", "work", "overflow", "cancelled".
        part: Part of all that could be recovered, weighed by margin, 0-1.
    """

    stage: str
    wall: Wall
    party_id: str | None
    party_name: str
    flow: Flow
    part: float
