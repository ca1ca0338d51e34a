"""The result of a diagnosis: one object that every surface renders and the JSON file carries."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from fourwalls.diagnosis.follows import (
    NO_PILOT,
    NO_PLAN,
    NO_REVENUE,
    NO_ROLE,
    Assumed,
    ControlTold,
    GovernanceTold,
    Guardrail,
    OutageTold,
    PathWorth,
    PilotNext,
    Plan,
    Role,
    Told,
    VerdictName,
    WorthKnowing,
)
from fourwalls.diagnosis.found import Availability, Bottleneck, Contribution, Gap, StageClock
from fourwalls.diagnosis.signals import Capability, SignalReading
from fourwalls.figures import Figure, Period, Reading, Refusal


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
    plan: Plan = NO_PLAN
    worth_knowing: tuple[WorthKnowing, ...] = ()


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
