"""What portfolio.toml can say, with its defaults and where these come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fourwalls.allocation.problem import Enabler
from fourwalls.figures import Period

GRAINS = ("brand", "category", "channel_id", "channel_kind", "node_id", "node_region", "destination")
"""Columns an asset can be made of."""

STAGES = ("release", "fulfilment", "carriage", "promise")
"""Stages of the order flow, in the order a line passes them; the promise is what they are held to."""

LEVEL_STAGES = (*STAGES[:3], "decision", "supply", "receiving")
"""Stages a party can promise a time for: of the order flow, and of supplying stock."""

TARGETS = (
    "on_time_share", "fill_rate", "release_hours", "fulfilment_hours", "carriage_hours", "approval_hours",
    "decision_hours", "receiving_hours", "supply_days", "listed_share", "content_share", "price_index",
    "forecast_bias_share", "wape", "in_stock_share",
    "units_per_labour_hour", "conversion_share", "time_to_report_hours", "exception_closure_hours",
)  # fmt: skip
"""Measures a target may be set for."""

ASSUMPTIONS = (
    "wage_amount_per_hour", "carrying_rate_per_year", "discount_rate", "horizon_years", "late_line_cost_share",
    "attainable_share", "ramp_weeks", "gross_margin_share", "tax_rate", "working_capital_rate_per_year",
    "overtime_premium_share",
)  # fmt: skip
"""Assumptions the value of a path may rest on."""

WORK_CLASSES = ("exception", "reconciliation", "approval", "report", "status")
"""Classes of case work, in the order in which their words are tried; what fits none is "other"."""

DEFAULT_ON_TIME_SHARE = 0.95
HOURS_PER = {"hours": 1.0, "days": 24.0}


RULES = ("owner", "escalation", "service_level", "quality", "credit", "fallback", "exit")
"""What there is to settle with a partner."""
ROLES = ("engine", "experiment", "heritage")
"""What an asset may be for in the portfolio."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one verdict ends and the next begins; each can be set under [verdict].

    Attributes:
        material_share: A gap below this share of order lines is not worth acting on. Default 0.01: a choice; a
            smaller gap is within the range of most assets' shares.
        least_lines: Fewer judged order lines than this cannot carry a verdict. Default 200: at a late share of 8 %
            the 90 % range of a share is then about three points either way.
        both_share: Either side of the wall counts as material when it holds at least this part of the gap. Default 0.3.
        sure_chance: Chance by bootstrap from which a side counts as the larger one. Default 0.8.
        pays_chance: A path is acted on only if it pays over the horizon with at least this chance. Default two in three: what
            the IPCC's guidance on uncertainties calls likely (Mastrandrea et al. 2010).
        unknown_share: Part of the gap that may lie with unknown parties before the split says nothing. Default 0.5.
        untraced_share: Part of the missed lines without usable stage times before the chain says nothing. Default 0.5.
        kept_share: A partner's service level counts as met if it held on this share of occasions. Default 0.95: what parcel
            carriers are commonly held to; nobody keeps one always.
        unseen_stock_share: What empty shelves are taken to cost where no stock is on record, as a share of sales; an asset
            is not left alone while that could be material. Default 0.03: 8.3 % of items are not on the shelf, and about a
            third of those sales are lost to the retailer (Gruen, Corsten and Bharadwaj 2002). 0 where there are no shelves.
        required_rules: What must be settled with a partner before it can be asked for more; the other questions warn. Default
            owner, escalation and service_level: without them nobody answers, nobody can be reached, and nothing is a failure.
    """

    material_share: float = 0.01
    least_lines: int = 200
    both_share: float = 0.3
    sure_chance: float = 0.8
    pays_chance: float = 2 / 3
    unknown_share: float = 0.5
    untraced_share: float = 0.5
    kept_share: float = 0.95
    unseen_stock_share: float = 0.03
    required_rules: tuple[str, ...] = ("owner", "escalation", "service_level")


@dataclass(frozen=True, slots=True)
class SignalThresholds:
    """Where a signal or test begins to lean; each can be set under [signals].

    Attributes:
        steady_variation: Demand is stable up to this spread from week to week, as a share of its mean. Default 0.25: class X
            of XYZ analysis, whose cut is drawn between 0.2 and 0.5.
        service_swing: Service is inconsistent from this spread of weekly on time in full on, luck taken out. Default 0.03:
            a choice; three points are what a month's report would show.
        missed_share: Or from this share of lines missed beyond the target on. Default 0.02: a choice.
        channels_per_sku: Channel complexity can cost something only from so many channels for each sku on. Default 1.5:
            a choice; below, most skus have one channel.
        complexity_share: Growth counts as capped where complexity costs this share of revenue. Default 0.005: a choice;
            about a tenth of a retailer's usual operating margin of 5 %.
        status_share: Status work counts from this share of revenue on. Default 0.002: a choice; an hour in twenty of
            staff whose pay is 4 % of revenue.
        feed_share: Disconnected data count from this share of revenue on. Default 0.002: as status_share.
        waste_share: Avoidable waste counts from this share of revenue on. Default 0.005: as complexity_share.
        partner_share: Partners count from this share of revenue, as margin they could add, on. Default 0.005: likewise.
        growth: Growth that the scale test asks about. Default 0.3: a third of a business more is what breaks habits.
        scale_change: A change of unit cost, service or margin at that growth below this share is none. Default 0.02:
            a choice.
        latency_value: Deciding counts as slow when what is lost while waiting is this share of revenue. Default 0.005: as
            complexity_share.
        latency_share: Where nothing shows what waiting costs: when it takes this part of the loop from need to shelf.
            Default 0.25: a choice; with four steps in the loop an even part is a quarter.
        clear_share: A split (inside or between, customer-facing or not) is clear when the larger part has this share.
            Default 0.6: a choice.
        ready_share: Governance is ready from this share of rules in place on. Default 0.7: a choice.
        level_below: A capability is below its standard from a loss of this share of revenue on. Default 0.002: as status_share.
        level_far: And far below from this share on. Default 0.01: a choice; a point of margin.
        judged_lean: An answer leans when its mean is this part of the way from the middle of the scale to its end.
            Default 0.25: half a step on the scale from 1 to 5.
    """

    steady_variation: float = 0.25
    service_swing: float = 0.03
    missed_share: float = 0.02
    channels_per_sku: float = 1.5
    complexity_share: float = 0.005
    status_share: float = 0.002
    feed_share: float = 0.002
    waste_share: float = 0.005
    partner_share: float = 0.005
    growth: float = 0.3
    scale_change: float = 0.02
    latency_value: float = 0.005
    latency_share: float = 0.25
    clear_share: float = 0.6
    ready_share: float = 0.7
    level_below: float = 0.002
    level_far: float = 0.01
    judged_lean: float = 0.25


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What a party has promised for a stage.

    Attributes:
        party_id, stage: Who and what.
        hours: The longest a line may take [hours].
        destination: Only for lines going there; None for all.
        line: Where portfolio.toml says so.
    """

    party_id: str
    stage: str
    hours: float
    destination: str | None = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Funds:
    """What [allocation] says may be spent on all assets together.

    Attributes:
        budget_amount: Money for one-off costs and enablers; None where nobody said.
        people_weeks: Weeks of our people; None for no limit.
        risk_share: Part of the draws that counts as bad, 0-1.
        risk_limit_amount: Mean loss that can be borne in that part; None for no limit.
        enablers: What is paid once and serves several assets.
    """

    budget_amount: float | None = None
    people_weeks: float | None = None
    risk_share: float = 0.1
    risk_limit_amount: float | None = None
    enablers: tuple[Enabler, ...] = ()


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What portfolio.toml says.

    Attributes:
        folder: Where it lies.
        name, currency, own_party_id: As the user wrote them.
        grain: Columns that make an asset.
        period: Days looked at; None means all days in the record.
        time_zone: Zone of timestamps that carry none; None means UTC.
        source_url: Where the tables of `.sql` files live besides the data folder; None for files alone.
        targets: Measure → target.
        service_levels: What parties have promised.
        assumptions, paths, assets: Carried for the value of a path.
        funds: What may be spent on all assets together.
        thresholds: Where verdicts change.
        says: Which thresholds the user set.
        work: Class of case work → words by which the company calls it, beside those we know.
        signals: Where signals and tests begin to lean.
        says_signals: Which of those the user set.
    """

    folder: Path
    name: str
    currency: str
    own_party_id: str
    grain: tuple[str, ...]
    period: Period | None = None
    time_zone: str | None = None
    source_url: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    service_levels: tuple[ServiceLevel, ...] = ()
    assumptions: Mapping[str, float] = field(default_factory=dict)
    paths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: tuple[Mapping[str, Any], ...] = ()
    funds: Funds = Funds()
    thresholds: Thresholds = Thresholds()
    says: frozenset[str] = frozenset()
    work: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signals: SignalThresholds = SignalThresholds()
    says_signals: frozenset[str] = frozenset()

    @property
    def on_time_share(self) -> float:
        """Share of lines asked to be on time: the target, or 0.95, what parcel carriers are commonly held to."""
        return self.targets.get("on_time_share", DEFAULT_ON_TIME_SHARE)
