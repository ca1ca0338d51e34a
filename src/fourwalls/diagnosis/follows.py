"""What follows from it: what paths are worth, rules with partners, plan, pilot and role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fourwalls.diagnosis.found import Wall
from fourwalls.figures import Figure, Refusal

VerdictName = Literal[
    "operate", "orchestrate", "operate then orchestrate", "govern first", "leave it", "cannot tell yet"
]


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
NO_PLAN = Plan()
