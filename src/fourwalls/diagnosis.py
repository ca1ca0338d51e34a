"""The result of a diagnosis: one object that every surface renders and the JSON file carries."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from fourwalls.figures import Figure, Period, Reading, Refusal

Wall = Literal["inside", "between", "unknown"]
Outcome = Literal["late", "overdue", "cancelled"]
Flow = Literal["service", "stock", "conversion", "ledger", "work", "overflow", "cancelled"]
VerdictName = Literal[
    "operate", "orchestrate", "operate then orchestrate", "govern first", "leave it", "cannot tell yet"
]


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


@dataclass(frozen=True, slots=True)
class PathWorth:
    """What one path brings over the horizon after its costs, by the costs and assumptions in portfolio.toml.

    Attributes:
        path: "operate", "orchestrate" or "operate then orchestrate".
        value: Over the horizon, after costs; its range is P10 to P90 [portfolio currency].
        middle: P50 of the same.
        chance: Chance that no other path, and doing nothing, brings more, 0-1.
        gain_per_year: Margin a year once it is reached, before costs [portfolio currency].
        one_off, run_per_year: What it costs to begin, and a year [portfolio currency].
        stock: Change of stock at cost on a mean day [portfolio currency].
        payback: Months until it has paid for itself, from its start; refused where it does not within the horizon.
        links: From gains to value: (what, amount over the horizon); adds up to `value`.
        is_default: Whether its costs are a default that nobody in the company has set.
    """

    path: VerdictName
    value: Figure
    middle: float
    chance: float
    gain_per_year: float
    one_off: float
    run_per_year: float
    stock: float
    payback: Figure
    links: tuple[tuple[str, float], ...]
    is_default: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What one stage, in the hands of one party, costs an asset a year, in money, whatever record it was seen in.

    Attributes:
        flow: "service", "stock", "conversion", "ledger", "work", "overflow" or "cancelled": where it was seen.
        stage, wall, party_id, party_name: Which, on which side, and whose.
        amount: Margin a year [portfolio currency].
        quantity, unit: What was counted over the record, e.g. 412 "hours".
        standard: What it was held to, in words, with its origin.
    """

    flow: str
    stage: str
    wall: Wall
    party_id: str | None
    party_name: str
    amount: Figure
    quantity: float
    unit: str
    standard: str


@dataclass(frozen=True, slots=True)
class RuleHole:
    """A question about a partner that is not settled.

    Attributes:
        party_id, party_name, question: Which; the question as a person asks it.
        because, remedy: Why it is open, and what would close it.
        blocks: Whether nothing more can be asked of the partner before it is closed; else it warns.
        amount: At stake with this partner in this asset [portfolio currency over the record].
    """

    party_id: str
    party_name: str
    question: str
    because: str
    remedy: str
    blocks: bool
    amount: float


@dataclass(frozen=True, slots=True)
class GovernanceTold:
    """How far the rules with an asset's partners are settled.

    Attributes:
        share: Part of the questions that are settled, 0-1; refused where nothing is known of any.
        is_blocked: Whether a partner that matters lacks a rule without which nothing more can be asked of it.
        blocked_amount: At stake with such partners [portfolio currency over the record].
        holes: Those that block first, then by amount.
        settled, unsettled, unknown: Parts of what is at stake between the walls: under rules that are settled, under rules that
            are not, and with partners of whose rules no contract says anything; they add up to 1, or are 0 where nothing is at stake.
        unknown_with: Those partners, by what is at stake with them.
    """

    share: float | Refusal
    is_blocked: bool
    blocked_amount: float
    holes: tuple[RuleHole, ...]
    settled: float = 0.0
    unsettled: float = 0.0
    unknown: float = 0.0
    unknown_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlTold:
    """One clause of a contract with a partner, how one would notice that it fails, and what the records say of it.

    Attributes:
        party_id, party_name, question: Whose clause, and which of the seven questions it answers.
        clause: What it says and where; None where there is none.
        control: How a failure would be noticed, or bounded.
        evidence: What the records say; why they say nothing.
        status: "works" or "fails" by the records, "untested" where they cannot tell, "absent" where there is no clause.
    """

    party_id: str
    party_name: str
    question: str
    clause: str | None
    control: str
    evidence: str
    status: Literal["works", "fails", "untested", "absent"]


@dataclass(frozen=True, slots=True)
class OutageTold:
    """What it would cost if a partner failed until we could do without it.

    Attributes:
        party_id, party_name: Who.
        line_share: Part of order lines that pass through its hands, 0-1.
        days, days_from, is_default: Until we could do without it; who says so; whether nobody does.
        lines: Order lines in the costliest such stretch on record.
        typical: Of what passes in so many mean days [portfolio currency]; refused where nothing is priced.
        bound: The same in the costliest stretch: lines that nobody else takes over cannot cost more.
        amount_is: What both amounts are: "gross margin", or "order value" where costs are unknown.
    """

    party_id: str
    party_name: str
    line_share: float
    days: float
    days_from: str
    is_default: bool
    lines: float
    typical: float | Refusal
    bound: float | Refusal
    amount_is: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """A number the values rest on that is not measured in the records.

    Attributes:
        name, value, unit: Which.
        origin: "portfolio.toml", "measured", or "default": nobody has set it.
        about: What it means.
    """

    name: str
    value: float
    unit: str
    origin: Literal["portfolio.toml", "measured", "default"]
    about: str


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a plan.

    Attributes:
        id: Stable within the plan of an asset, in lower-case words with dashes.
        week: 1 map, 2 separate, 3 quantify, 4 pilot.
        title, why: What to do, and what in this diagnosis asks for it.
        owner: As contracts or portfolio.toml name a person; else "to be named: " and the role.
        start_day, end_day: First and last day, 1 to 30.
        needs: Ids of tasks that must be done before.
    """

    id: str
    week: Literal[1, 2, 3, 4]
    title: str
    why: str
    owner: str
    start_day: int
    end_day: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do in the first 30 days.

    Attributes:
        tasks: In the order of their days; every need stands before what needs it.
    """

    tasks: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True)
class PilotNext:
    """The pilot to run next, as far as the records can carry one.

    Attributes:
        path: What is tried.
        candidate: The asset it is tried on.
        controls: Assets it can be compared with.
        outcome: Measure that judges it, by asset and week.
        stage, party_name: Where value is believed to be trapped.
        command: What designs it, word by word, without the folder.
        because: Why this one.
    """

    path: Literal["operate", "orchestrate"]
    candidate: str
    controls: int
    outcome: str
    stage: str
    party_name: str
    command: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Role:
    """What an asset is for in the portfolio.

    Attributes:
        name: One of the three.
        origin: "portfolio.toml", or "measured".
        because: What speaks for it, with figures.
        asks: What the role asks of whoever decides.
    """

    name: Literal["engine", "experiment", "heritage"]
    origin: Literal["portfolio.toml", "measured"]
    because: str
    asks: str


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One of the mistakes leaders commonly make, looked for in this diagnosis and its plan.

    Attributes:
        name, label: Which.
        rule: When it fires, in words.
        state: "fires", "quiet", or "cannot tell".
        because: The readings that say so.
        remedy: What to do about it; "" unless it fires.
    """

    name: str
    label: str
    rule: str
    state: Literal["fires", "quiet", "cannot tell"]
    because: str
    remedy: str


@dataclass(frozen=True, slots=True)
class WorthKnowing:
    """A figure nobody knows for sure, and what knowing it before choosing a path would be worth.

    Attributes:
        about: Which, in words or as in portfolio.toml.
        amount: Expected gain from knowing it (EVPPI); its range is the error of the calculation [portfolio currency].
        source: The data that would tell.
    """

    about: str
    amount: Figure
    source: str


NO_REVENUE = Refusal("no_revenue", "revenue a year", "no order line carries a price", "order_lines.price_amount")
NO_PILOT = Refusal(
    "no_pilot", "the pilot to run next", "nothing shows yet what a pilot would try", "what is named as unknown"
)
NO_ROLE = Refusal(
    "no_role",
    "role in the portfolio",
    "less than two years of priced orders show no growth",
    'role = "engine" under [[assets]]',
)


@dataclass(frozen=True, slots=True)
class AssetDiagnosis:
    """One asset's page: verdict, reasons and figures.

    Attributes:
        asset: Grain column → value, in the order of the portfolio's grain; None where a record has no value.
        name: The same as one string.
        verdict: One of the six.
        because: Why, in a sentence or two.
        rule: The rule that fired.
        bottleneck: The one sentence a leader reads first.
        next_step: What to do first.
        n_lines: Order lines of the asset in the period.
        readings, contributions, clocks, refusals: The evidence. Contributions are largest first.
        gap: The split of what could be recovered; a refusal if it cannot be known.
        availability: What empty shelves cost, and which stages would have kept it; a refusal if it cannot be known.
        first_bottleneck: Where the most margin is lost, over all records; None if nothing could be recovered.
        paths: What each path is worth; empty where nothing is priced.
        losses: What each stage and party costs a year, over all records, largest first; empty where nothing is priced.
        evidence: What work logs, bookings, feeds, labour, listings and offers measured of it.
        signals: The six signals and four tests.
        capabilities: How well each capability serves it, and in whose hands it is.
        governance: How far the rules with its partners are settled; None where no partner matters for it.
        revenue_per_year: Net value of what was ordered, a year [portfolio currency]; a refusal where nothing is priced.
        role: What it is for in the portfolio; a refusal where neither records nor portfolio.toml say.
        guardrails: The four mistakes, looked for.
        pilot: The pilot to run next; a refusal where the records cannot carry one.
        plan: What to do in the first 30 days.
        worth_knowing: Figures that would be worth looking up before choosing, most worth first; of the first twenty assets.
    """

    asset: dict[str, str | None]
    name: str
    verdict: VerdictName
    because: str
    rule: str
    bottleneck: str
    next_step: str
    n_lines: int
    readings: tuple[Reading, ...]
    gap: Gap | Refusal
    contributions: tuple[Contribution, ...]
    clocks: tuple[StageClock, ...]
    refusals: tuple[Refusal, ...]
    availability: Availability | Refusal
    first_bottleneck: Bottleneck | None = None
    paths: tuple[PathWorth, ...] = ()
    losses: tuple[Told, ...] = ()
    evidence: tuple[Reading, ...] = ()
    signals: tuple[SignalReading, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    governance: GovernanceTold | None = None
    revenue_per_year: Figure = NO_REVENUE
    role: Role | Refusal = NO_ROLE
    guardrails: tuple[Guardrail, ...] = ()
    pilot: PilotNext | Refusal = NO_PILOT
    plan: Plan = Plan()
    worth_knowing: tuple[WorthKnowing, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows of a table that were not used, by reason.

    Attributes:
        table, reason: Where and why.
        rows: How many.
        example: Key of one such row.
    """

    table: str
    reason: str
    rows: int
    example: str


@dataclass(frozen=True, slots=True)
class TableHealth:
    """What became of one table at intake.

    Attributes:
        table, source: Its name and the file it came from (name only, no folder).
        rows_in, rows_used: Rows read and rows that went on.
        set_aside: The difference, by reason; adds up to rows_in − rows_used.
        absent_columns: Canonical columns it does not have.
    """

    table: str
    source: str
    rows_in: int
    rows_used: int
    set_aside: tuple[SetAside, ...]
    absent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a careful analyst would ask before believing a table.

    Attributes:
        code: Stable word.
        table, column: Where.
        finding: What was seen, with figures.
        consequence: What it would do to the page if true, and what to do.
        rows: Rows concerned.
    """

    code: str
    table: str
    column: str
    finding: str
    consequence: str
    rows: int


@dataclass(frozen=True, slots=True)
class Health:
    """Data health: tables, rows set aside, coverage and suspicions.

    Attributes:
        tables: Each table given.
        absent_tables: Canonical tables that are not there.
        suspicions: Findings, most rows first.
        coverage: (first day of the month, order lines) for every month of the period, zeros included.
        notes: Further lines worth reading: how times were read, which defaults were used.
    """

    tables: tuple[TableHealth, ...]
    absent_tables: tuple[str, ...]
    suspicions: tuple[Suspicion, ...]
    coverage: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


Lean = Literal["operate", "orchestrate", "neither", "cannot tell"]
How = Literal["measured", "judged", "unknown"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What people answered to one question; an opinion, and shown as one.

    Attributes:
        question: Name of the signal or test.
        lean, strength: Which way the mean answer leans, and how far from the middle of the scale, 0-1.
        respondents: People who answered on the scale.
        unsure: People who said they do not know.
        mean, lowest, highest: Of the answers on the scale from 1 to 5; None where nobody answered on it.
        disagreement: Dissention of the answers, 0 (all alike) to 1 (half at either end); None with fewer than two.
        comments: (who, what), as they wrote it.
    """

    question: str
    lean: Lean
    strength: float
    respondents: int
    unsure: int
    mean: float | None
    lowest: int | None
    highest: int | None
    disagreement: float | None
    comments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where the lean of a signal or test changes.

    Attributes:
        name: The setting under [signals] in portfolio.toml.
        value: What it is.
        is_default: Whether nobody has set it.
        origin: What it means, and where the default comes from.
    """

    name: str
    value: float
    is_default: bool
    origin: str


@dataclass(frozen=True, slots=True)
class SignalReading:
    """One of the six signals or four tests in one asset.

    Attributes:
        name, label, kind: Which, as a leader reads it, and whether it is a "signal" or a "test".
        how: Whether the lean is measured, judged by people, or unknown.
        lean: Which path it speaks for.
        strength: How firmly, 0-1; 0 where it leans nowhere.
        because: Why, in a sentence with figures.
        direction: How the reading moves the lean, in words.
        formula: How it is calculated.
        needs: Records it is calculated from.
        readings: What was measured; the first decides.
        thresholds: Where the lean changes.
        judged: What people answered; None where nobody was asked.
        differs: Whether people see it otherwise than the records do.
    """

    name: str
    label: str
    kind: Literal["signal", "test"]
    how: How
    lean: Lean
    strength: float
    because: str
    direction: str
    formula: str
    needs: str
    readings: tuple[Reading, ...]
    thresholds: tuple[Threshold, ...]
    judged: Judged | None = None
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Capability:
    """How well one capability serves one asset, and in whose hands it is.

    Attributes:
        name, label: Which, e.g. "allocation".
        level: What it loses against its standard, in words; "unmeasured" where nothing was held to anything.
        hands: Who does it, by what it loses, else by volume; "unknown" where the records do not say.
        loss: Margin it loses as a share of the asset's revenue, or why that is not known.
        inside_share: Part of that (or of the volume) in our own hands, 0-1; None where unknown.
        reading: What the cell rests on, in words.
    """

    name: str
    label: str
    level: Literal["at standard", "below standard", "far below standard", "unmeasured"]
    hands: Literal["inside", "partner", "both", "unknown"]
    loss: Figure
    inside_share: float | None
    reading: str


@dataclass(frozen=True, slots=True)
class JudgedDiagnosis:
    """What follows from people's answers alone, where there are no records to measure.

    Attributes:
        asset: Name of the asset, or of the whole portfolio.
        verdict: Always "cannot tell yet": opinions name where to look, and carry no verdict about money.
        lean: Which way the answers lean together; "neither" where they are divided.
        certainty: 0-1, at most 0.5: opinions alone are never more than half of what a measurement would be (a choice).
        because: Why, in a sentence.
        counts: Lean → how many of the ten lines.
        lines: The ten lines.
        respondents: How many people answered.
        governed: Whether the answers say that rules with partners are clear; None where nobody said.
    """

    asset: str
    verdict: VerdictName
    lean: Lean
    certainty: float
    because: str
    counts: tuple[tuple[Lean, int], ...]
    lines: tuple[SignalReading, ...]
    respondents: int
    governed: bool | None


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis:
    """Everything the page says.

    Attributes:
        portfolio: Name of the portfolio.
        currency: ISO 4217 code of all amounts.
        grain: Columns that make an asset.
        own_party: Our own party, by name.
        period: Days looked at.
        assets: Worst first: by lines that could be recovered.
        total: The whole portfolio, as if it were one asset.
        health: What was read, used and set aside.
        level: Coverage all ranges claim.
        version: Version of fourwalls.
        assumptions: Numbers that values rest on and that are not measured.
        controls: Clauses of contracts with partners, and whether what they promise can be seen to hold.
        outages: What it would cost if a partner failed, the costliest first.
    """

    portfolio: str
    currency: str
    grain: tuple[str, ...]
    own_party: str
    period: Period
    assets: tuple[AssetDiagnosis, ...]
    total: AssetDiagnosis
    health: Health
    level: float
    version: str
    assumptions: tuple[Assumed, ...] = ()
    controls: tuple[ControlTold, ...] = ()
    outages: tuple[OutageTold, ...] = ()

    def __repr__(self) -> str:
        return f"Diagnosis({self.portfolio!r}: {self.total.verdict}; {len(self.assets)} assets, {self.total.n_lines:,} order lines)"

    def _repr_html_(self) -> str:
        # The one import against the order of the rooms, and only when a notebook asks: results show themselves there.
        page = import_module("fourwalls.surfaces.page.html")
        shown: str = page.fragment(self)
        return shown
