"""Concludes: what every record says of an asset, its money, its rules and its signals, put together to its diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fourwalls.assembly import Axes, asset_name, concentration, lasts_to_the_end
from fourwalls.availability import StockSide
from fourwalls.chain.accounts import OUTCOMES, PLAYER, WALLS, Entries
from fourwalls.diagnosis import (
    NO_REVENUE,
    AssetDiagnosis,
    Availability,
    Capability,
    Contribution,
    Gap,
    GovernanceTold,
    JudgedDiagnosis,
    RuleHole,
    SignalReading,
    StageClock,
    Told,
    VerdictName,
)
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.governance.readiness import Readiness
from fourwalls.losses import AssetKey, Loss
from fourwalls.portfolio import Portfolio
from fourwalls.readings import Panel
from fourwalls.resampling import LEVEL, REPLICATES, Draws
from fourwalls.value import Costs, PathValue, Worth, horizon, path_values, paths_told, worth_of
from fourwalls.verdict import YOUR_TARGET, Facts, Verdict, decide, percent
from fourwalls.weighing import Both, counted, decide_all, first_bottleneck, known_values, unseen_worth, weighed

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
# Seed of how apt parties are, beside those of weeks and costs.
_APT = 3
_CENT = 0.005


FLOW_WORDS = {"service": "lateness and cancellation", "stock": "empty shelves", "others": "other records"}


def _no_standard(stage: str) -> Refusal:
    if stage == "promise":
        because = "some stage before it has nothing to be compared with, so the promise cannot be told from it"
        return Refusal(
            "no_standard", "The promise", because, "targets or service levels for release, fulfilment and carriage"
        )
    because = (
        f"for most missed lines nothing comparable shows what {stage} could reach, so nothing is claimed for it there"
    )
    return Refusal(
        "no_standard", stage.capitalize(), because, f"a target ({stage}_hours), or a service level of the party"
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """All that is known of a list of assets, entry by entry in the order of the axes."""

    axes: Axes
    panel: Panel
    totals: Mapping[str, Floats]
    gaps: list[Gap | Refusal]
    contributions: list[list[Contribution]]
    clocks: list[list[StageClock]]
    readings: list[list[Reading]]
    service_worth: list[Worth]
    service_losses: list[list[Loss]]
    stock: list[StockSide]
    late_worth: list[Worth] = field(default_factory=list)


@dataclass(frozen=True)
class Beside:
    """What was found beside the two flows, entry by entry in the order of the axes.

    Attributes:
        losses: Bookings, hours, visits, offers.
        onboarding: What partners ask once to begin [portfolio currency].
        readings: What was measured.
    """

    losses: list[list[Loss]]
    onboarding: list[float]
    readings: list[tuple[Reading, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """One asset: what the verdict rests on, and every loss in money.

    Attributes:
        key: Which.
        both: What the verdict rests on; before rules with partners are asked without readiness.
        losses: Every loss in money.
        years: Length of the record.
        onboarding: What partners ask once to begin [portfolio currency].
        late_worth: The part of `both.service_worth` that is what late lines cost; None where nobody asked.
    """

    key: AssetKey
    both: Both
    losses: tuple[Loss, ...]
    years: float = 0.0
    onboarding: float = 0.0
    late_worth: Worth | None = None


@dataclass(frozen=True)
class Asked:
    """What rules with partners, signals and tests say of one asset."""

    readiness: Readiness | None = None
    signals: tuple[SignalReading, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    least: tuple[Reading, ...] = ()


def cases_of(
    parts: Parts, beside: Beside, portfolio: Portfolio, cost: Costs, names: Mapping[str, str], years: float
) -> list[Case]:
    """What the verdict of each asset rests on.

    Args:
        parts: What is known of the two flows.
        beside: What other records show.
        portfolio: With its assumptions.
        cost: What failures cost.
        names: party_id → as people call it.
        years: Length of the record.
    """
    all_facts = _facts(parts, portfolio)
    is_whole = not parts.axes.grain
    revenue = parts.panel.counts["value_amount"].sum(axis=1)
    made = []
    for i, key in enumerate(parts.axes.assets):
        side, others = parts.stock[i], [x for x in beside.losses[i] if x.amount > 0]
        event, outside, beyond = concentration(side.total[None].clip(min=0), side.wanted[None])
        both = Both(
            service=decide(all_facts[i], portfolio.thresholds),
            facts=all_facts[i],
            availability=side.availability,
            service_worth=parts.service_worth[i],
            stock_worth=side.worth,
            costs=cost,
            event_share=float(event[0]) if beyond[0] else 0.0,
            outside_event=float(outside[0]),
            currency=portfolio.currency,
            others=others,
            other_worth=worth_of(others),
            service_losses=parts.service_losses[i],
            revenue=float(revenue[i]),
            names=names,
            all_missed=_all_missed(parts, i, float(revenue[i]), cost, portfolio, years),
        )
        # Costs of paths are those of one asset.
        values = None if is_whole else values_of(both, portfolio, years, beside.onboarding[i])
        made.append(
            Case(
                key, replace(both, values=values), _all_losses(key, parts.service_losses[i], side, both.others), years,
                beside.onboarding[i], parts.late_worth[i] if parts.late_worth else None,
            )
        )  # fmt: skip
    return made


def _all_missed(parts: Parts, i: int, revenue: float, cost: Costs, portfolio: Portfolio, years: float) -> float | None:
    """What saving every line that came late or was cancelled would bring over the horizon; None where prices or times do not tell."""
    counts = {n: float(parts.panel.counts[n][i].sum()) for n in ("lines", "due", "on_time", "cancelled")}
    if revenue <= 0 or years <= 0 or counts["lines"] <= 0:
        return None
    late, lost = counts["due"] - counts["on_time"], counts["cancelled"]
    # What a late line costs is known within a factor at best.
    dear = cost.late if cost.late_draws is None else float(np.quantile(cost.late_draws, LEVEL))
    value = revenue / counts["lines"]
    amount = cost.counting(value * late, late) * max(dear, cost.late) + value * lost * max(cost.lost, 0.0)
    return horizon(portfolio.assumptions).gain * amount / years


def _value(figure: object) -> float:
    return figure.value if isinstance(figure, Estimate) else 0.0


def flows_of(b: Both, portfolio: Portfolio) -> Mapping[str, Worth]:
    """What repairing each side is worth by the records that carry weight, in words a leader reads."""
    chosen = counted(b, portfolio.thresholds)
    flows = (("service", b.service_worth), ("stock", b.stock_worth), ("others", b.other_worth))
    return {FLOW_WORDS[name]: worth for name, worth in flows if name in chosen and worth is not None}


def values_of(
    b: Both, portfolio: Portfolio, years: float, onboarding: float, spent: Mapping[str, Floats] | None = None
) -> Mapping[VerdictName, PathValue] | None:
    """What each path brings one asset over the horizon; None where that is not known in money.

    Args:
        b: What the verdict rests on.
        portfolio: With its assumptions.
        years: Length of the record.
        onboarding: What partners ask once to begin.
        spent: Costs of paths to use in place of drawn ones.
    """
    by_flow = flows_of(b, portfolio)
    if not all(w.is_money for w in by_flow.values()):
        return None
    worth = weighed(b, counted(b, portfolio.thresholds))
    return path_values(worth, years, portfolio, b.revenue / years, onboarding, by_flow, spent)


def values_told(cases: Sequence[Case], portfolio: Portfolio) -> list[Mapping[VerdictName, PathValue]]:
    """What each path brings, of the assets of which that is known."""
    return [known for case in cases if (known := known_values(case.both, portfolio.thresholds))]


def _all_losses(key: AssetKey, service: Sequence[Loss], side: StockSide, others: Sequence[Loss]) -> tuple[Loss, ...]:
    found = [*service, *others]
    if isinstance(side.availability, Availability):
        rng = np.random.default_rng(0)
        for c in side.availability.contributions:
            if isinstance(c.amount, Estimate):
                # The replicates of single stages are not kept; these have the same middle and width.
                sd = (c.amount.high - c.amount.low) / (2 * 1.645)
                draws = c.amount.value + sd * rng.standard_normal(REPLICATES)
                found.append(
                    Loss(key, "stock", c.stage, c.wall, c.party_id, c.amount.value, draws, c.units, "units", c.standard)
                )
    # Less than a cent is rounding.
    return tuple(sorted((x for x in found if abs(x.amount) >= _CENT), key=lambda x: -x.amount))


def _facts(parts: Parts, portfolio: Portfolio) -> list[Facts]:
    lines = parts.panel.counts["lines"]
    t = {name: values.sum(axis=1) for name, values in parts.totals.items()}
    event, outside, beyond = concentration(parts.totals["total"], lines)
    lasting = lasts_to_the_end(parts.totals["total"], lines - parts.panel.counts["open"])
    on_time, due = (parts.panel.counts[name].sum(axis=1) for name in ("on_time", "due"))
    # Given up after the promise had passed is no better than late.
    given_up = parts.panel.counts["cancelled_after_promise"].sum(axis=1)
    # Cancelled lines were due to nobody any more; lines still open are no evidence either way; what is taken along was never owed.
    taken = parts.panel.counts["taken_along"].sum(axis=1)
    owed = (lines - parts.panel.counts["open"] - parts.panel.counts["cancelled"]).sum(axis=1) - taken
    made = []
    for i in range(len(parts.axes.assets)):
        missed, total = float(t["missed"][i]), float(t["total"][i])
        made.append(
            Facts(
                lines=round(float(lines[i].sum() - parts.panel.counts["open"][i].sum())),
                gap=parts.gaps[i],
                contributions=tuple(parts.contributions[i]),
                unknown_share=float(t["by_unknown"][i]) / total if total else 0.0,
                untraced_share=float(t["untraced"][i]) / missed if missed else 0.0,
                unheld_share=float(t["unheld"][i]) / missed if missed else 0.0,
                event_share=float(event[i]) if beyond[i] and not lasting[i] else 0.0,
                outside_event=float(outside[i]),
                judged_share=float(due[i] / owed[i]) if owed[i] else float(taken[i] > 0),
                missed_of_due=1 - float(on_time[i] / (due[i] + given_up[i])) if due[i] else 0.0,
                on_time_target=portfolio.on_time_share,
                target_origin=YOUR_TARGET if "on_time_share" in portfolio.targets else "the default of this product",
            )
        )
    return made


def stakes_of(cases: Sequence[Case], own: str) -> dict[AssetKey, list[tuple[str, float]]]:
    """Partners that matter for each asset, with what is at stake with them over the record."""
    found: dict[AssetKey, list[tuple[str, float]]] = {}
    for case in cases:
        sums: dict[str, float] = {}
        for x in case.losses:
            if x.wall == "between" and x.party_id not in (None, own) and x.amount > 0:
                sums[str(x.party_id)] = sums.get(str(x.party_id), 0.0) + x.amount
        found[case.key] = sorted(sums.items(), key=lambda pair: -pair[1])
    return found


def judged_stages(case: Case, others: frozenset[str]) -> frozenset[str]:
    """Stages that were looked at in an asset and could be held to something."""
    found = set(others)
    if case.both.facts is not None and isinstance(case.both.facts.gap, Gap):
        found |= {"release", "fulfilment", "carriage", "promise"} - set(case.both.facts.gap.unjudged)
    if isinstance(case.both.availability, Availability):
        found |= set(NEEDS) - set(case.both.availability.unjudged)
    return frozenset(found)


def conclude(
    parts: Parts, cases: Sequence[Case], beside: Beside, asked: Sequence[Asked], portfolio: Portfolio, years: float
) -> list[AssetDiagnosis]:
    """The diagnosis of each asset.

    Args:
        parts: What is known of the two flows.
        cases: From `cases_of`.
        beside: What other records show.
        asked: Rules, signals and tests of each asset.
        portfolio: With its thresholds.
        years: Length of the record.
    """
    made = []
    for i, case in enumerate(cases):
        both = replace(case.both, readiness=asked[i].readiness)
        verdict = decide_all(both, portfolio.thresholds)
        gap = parts.gaps[i]
        unheld = [] if isinstance(gap, Refusal) else [_no_standard(stage) for stage in gap.unjudged]
        hidden = None if both.values is None else unseen_worth(both, portfolio.thresholds)
        refused = [r.figure for r in parts.readings[i] if isinstance(r.figure, Refusal)]
        made.append(
            AssetDiagnosis(
                asset=dict(zip(parts.axes.grain, case.key, strict=True)),
                name=asset_name(case.key),
                verdict=verdict.name,
                because=verdict.because,
                rule=verdict.rule,
                bottleneck=verdict.bottleneck,
                next_step=verdict.next_step,
                n_lines=round(float(parts.panel.counts["lines"][i].sum())),
                readings=tuple(parts.readings[i]),
                gap=gap,
                contributions=tuple(parts.contributions[i]),
                clocks=tuple(parts.clocks[i]),
                refusals=tuple(
                    dict.fromkeys(
                        [*([hidden] if hidden else []), *verdict.refusals, *unheld, *_unsold(parts.stock[i]), *refused]
                    )
                ),
                availability=parts.stock[i].availability,
                first_bottleneck=first_bottleneck(both),
                # A sum over what was seen would be read as what there is.
                paths=() if hidden else paths_told(both.values, portfolio.currency),
                losses=_told(case.losses, both, years),
                evidence=(*parts.stock[i].readings, *beside.readings[i], *asked[i].least),
                signals=asked[i].signals,
                capabilities=asked[i].capabilities,
                governance=_governance(asked[i].readiness),
                revenue_per_year=_a_year(both.revenue, years, both.currency),
            )
        )
    return made


def _told(losses: Sequence[Loss], both: Both, years: float) -> tuple[Told, ...]:
    if years <= 0:
        return ()
    found = []
    for x in losses:
        low, high = (float(v) / years for v in np.quantile(x.draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
        value = x.amount / years
        amount = Estimate(value, min(low, value), max(high, value), both.currency, LEVEL)
        found.append(
            Told(x.flow, x.stage, x.wall, x.party_id, both.named(x.party_id), amount, x.quantity, x.unit, x.standard)
        )
    return tuple(found)


def _a_year(revenue: float, years: float, currency: str) -> Estimate | Refusal:
    """What was ordered, a year; it was counted and not estimated, so it has no range."""
    if revenue <= 0 or years <= 0:
        return NO_REVENUE
    value = revenue / years
    return Estimate(value, value, value, currency, LEVEL)


def _governance(ready: Readiness | None) -> GovernanceTold | None:
    if ready is None:
        return None
    holes = tuple(
        RuleHole(h.party_id, h.party_name, h.asked, h.because, h.remedy, h.blocks, h.amount) for h in ready.holes
    )
    known = 0.0 if isinstance(ready.share, Refusal) else 1 - ready.unknown
    return GovernanceTold(
        ready.share, ready.is_blocked, ready.blocked_amount, holes,
        ready.settled, known - ready.settled, ready.unknown, ready.unknown_with,
    )  # fmt: skip


def _unsold(side: StockSide) -> list[Refusal]:
    """What cannot be told of availability."""
    known = side.availability
    if isinstance(known, Refusal):
        return [known]
    return [
        Refusal(
            "no_standard", stage.capitalize(), f"nothing to hold {stage} to, so no lost sale is claimed for it", data
        )
        for stage in known.unjudged
        for data in [NEEDS[stage]]
    ]


NEEDS = {
    "forecast": "forecasts by sku, node and period, with the day they were made",
    "decision": "supply_orders.signalled_at and decided_at",
    "supply": "supply_orders with placed_at, promised_at and received_at, of at least two suppliers or many weeks",
    "receiving": "supply_orders.received_at and available_at, of at least two nodes or many weeks",
    "allocation": "supply_orders for skus that several nodes hold",
    "record": "stock_days.adjusted_units and empty_share, of at least two nodes",
    "shelf": "stock_days.empty_share beside on_hand_units in stores",
    "listing": "listings.listed_share by sku, channel and day, and order_lines.channel_id",
}
NO_ORDER_FLOW = Verdict(
    "cannot tell yet",
    "There are no order lines, so nothing is known of lateness.",
    "0. There must be a gap to look at.",
    "Cannot tell: there are no order lines.",
    "Get order_lines.",
    (),
)


def service_worth(
    entries: Entries, totals: Mapping[str, Floats], draws: Draws | None, cost: Costs, *, priced: bool
) -> list[Worth]:
    """What repairing each side of the order flow is worth, asset by asset.

    A line that only both sides together would have saved counts in neither side alone, and in both together.

    Args:
        entries: Contributions by span.
        totals: From `assembly.totals_by_span`.
        draws: Bootstrap draws of the spans; None gives no replicates.
        cost: What failures cost.
        priced: Whether amounts are known; else lines are compared with each other.
    """
    found = []
    for asset in range(len(totals["total"])):
        value, drawn = [], []
        for wall, alone in (("inside", "operate"), ("between", "orchestrate")):
            mine = (entries.asset == asset) & (entries.wall == WALLS.index(wall))
            v, d = _cost_of(entries, mine, draws, cost, priced=priced)
            shared = float(totals[f"by_{wall}"][asset].sum())
            part = float(totals[alone][asset].sum()) / shared if shared > 0 else 1.0
            value.append((v, v * part))
            drawn.append(d * part)
        both = value[0][0] + value[1][0]
        found.append(Worth(value[0][1], value[1][1], drawn[0], drawn[1], both, is_money=priced))
    return found


def _cost_of(entries: Entries, mine: Bools, draws: Draws | None, cost: Costs, *, priced: bool) -> tuple[float, Floats]:
    """What some contributions cost over the record, and in each replicate."""
    amounts = np.nan_to_num(entries.amount if priced else entries.lines)
    is_lost = entries.outcome == OUTCOMES.index("cancelled")
    late, lost = amounts[mine & ~is_lost].sum(axis=0), amounts[mine & is_lost].sum(axis=0)
    if priced:
        late = cost.counting(late, entries.lines[mine & ~is_lost].sum(axis=0))
    value = cost.late * float(late.sum()) + cost.lost * float(lost.sum())
    if draws is None:
        return value, np.full(REPLICATES, value)
    share = cost.late if cost.late_draws is None else cost.late_draws
    found = share * (draws.counts @ late) + cost.lost * (draws.counts @ lost)
    slack = np.nan_to_num(entries.slack_amount if priced else entries.slack_lines)
    of_late = cost.counting(slack, entries.slack_lines) if priced else slack
    return value, _with_slack(
        found, entries, mine, (np.where(is_lost, 0.0, of_late), share), (np.where(is_lost, slack, 0.0), cost.lost)
    )


def _with_slack(drawn: Floats, entries: Entries, mine: Bools, *slacker: tuple[Floats, Floats | float]) -> Floats:
    """Draws that also vary by how far each party could reach what the standard shows; nothing told falls below nothing.

    A party is equally apt everywhere: in all assets and for each stage the same part of the draw.

    Args:
        drawn: Without that, shape (replicates,).
        entries, mine: Contributions, and which of them.
        slacker: What a slower standard would change, shape (entries,), and what each unit of it costs, in each replicate or in all.
    """
    doers = entries.stage * (1 << 24) + entries.party
    change = np.zeros_like(drawn)
    touched = mine & np.any([amount != 0 for amount, _ in slacker], axis=0)
    for doer in np.unique(doers[touched]).tolist():
        apt = np.random.default_rng([_APT, doer]).standard_normal(len(drawn))
        for amount, price in slacker:
            change += apt * price * float(amount[mine & (doers == doer)].sum())
    return np.where(drawn > 0, np.maximum(drawn + change, 0.0), drawn)


def service_losses(
    entries: Entries,
    keys: Sequence[AssetKey],
    parties: Sequence[str | None],
    words: Sequence[str],
    draws: Draws | None,
    cost: Costs,
) -> list[list[Loss]]:
    """What late, overdue and cancelled lines cost each asset, by stage, side and party.

    Args:
        entries: Contributions by span.
        keys: Assets in their order.
        parties: party_id by number; None where the record names nobody.
        words: Standards by number.
        draws: Bootstrap draws of the spans.
        cost: What failures cost.
    """
    found: list[list[Loss]] = [[] for _ in keys]
    columns = np.stack([entries.asset, entries.stage, entries.wall, entries.party])
    unique, inverse = np.unique(columns, axis=1, return_inverse=True)
    for number, (asset, stage, wall, party) in enumerate(unique.T.tolist()):
        mine = inverse.ravel() == number
        value, drawn = _cost_of(entries, mine, draws, cost, priced=True)
        if value > 0:
            lines = entries.lines[mine].sum(axis=1)
            standard = words[entries.standard[mine][int(lines.argmax())]]
            found[asset].append(
                Loss(
                    keys[asset],
                    "service",
                    PLAYER[stage],
                    WALLS[wall],
                    parties[party],
                    value,
                    drawn,
                    float(lines.sum()),
                    "lines",
                    standard,
                )
            )
    return found


def assets_without_orders(
    names: list[tuple[str | None, ...]],
    grain: tuple[str, ...],
    stock: list[StockSide],
    portfolio: Portfolio,
    cost: Costs,
) -> list[AssetDiagnosis]:
    """The diagnosis of each asset where there are no order lines, from the stock flow alone."""
    because = "there is no table order_lines"
    gap = Refusal("no_order_lines", "Service: what is late or cancelled", because, "order_lines with their stage times")
    none = np.zeros(REPLICATES)
    made = []
    for values, side in zip(names, stock, strict=True):
        event, outside, beyond = concentration(side.total[None].clip(min=0), side.wanted[None])
        both = Both(
            NO_ORDER_FLOW, None, side.availability, Worth(0.0, 0.0, none, none), side.worth, cost,
            float(event[0]) if beyond[0] else 0.0, float(outside[0]), currency=portfolio.currency,
        )  # fmt: skip
        verdict = decide_all(both, portfolio.thresholds)
        made.append(
            AssetDiagnosis(
                asset=dict(zip(grain, values, strict=True)) if values else {},
                name=asset_name(values),
                verdict=verdict.name,
                because=verdict.because,
                rule=verdict.rule,
                bottleneck=verdict.bottleneck,
                next_step=verdict.next_step,
                n_lines=0,
                readings=(),
                gap=gap,
                contributions=(),
                clocks=(),
                refusals=tuple(dict.fromkeys([gap, *verdict.refusals, *_unsold(side)])),
                availability=side.availability,
                first_bottleneck=first_bottleneck(both),
                evidence=side.readings,
            )
        )
    return made


NO_FLOWS = Refusal(
    "no_order_lines",
    "Service: what is late or cancelled",
    "there is no table order_lines",
    "order_lines with their stage times",
)
NO_SHELVES = Refusal("no_stock", "Availability: what empty shelves cost", "there is no table stock_days", "stock_days")


def assets_without_flows(
    keys: Sequence[AssetKey],
    grain: tuple[str, ...],
    readings: Mapping[AssetKey, tuple[Reading, ...]],
    refusals: Sequence[Refusal],
    judged: Mapping[AssetKey, JudgedDiagnosis],
    signals: Mapping[AssetKey, tuple[SignalReading, ...]],
) -> list[AssetDiagnosis]:
    """The diagnosis of each asset where neither order lines nor a stock record are there: what work logs and people say.

    The verdict is always "cannot tell yet": hours and opinions name where to look, and nothing says what is lost.

    Args:
        keys: Assets in their order; () is the whole portfolio.
        grain: Columns that make an asset.
        readings: Asset → what was measured.
        refusals: What could not be told.
        judged: Asset → what follows from people's answers.
        signals: Asset → its ten lines.
    """
    made = []
    for key in keys:
        told = judged[key]
        measured = readings.get(key, ())
        rests = "Only a work log was given" if measured else "No records were given"
        asked = f" {told.because}" if told.respondents else ""
        made.append(
            AssetDiagnosis(
                asset=dict(zip(grain, key, strict=True)) if key else {},
                name=asset_name(key),
                verdict="cannot tell yet",
                because=f"{rests}, so nothing shows what is lost and where.{asked}",
                rule="0. There must be a gap to look at.",
                bottleneck=_judged_bottleneck(told),
                next_step="Get order_lines with their stage times, and stock_days: they show what is lost, in which stage, with whom.",
                n_lines=0,
                readings=(),
                gap=NO_FLOWS,
                contributions=(),
                clocks=(),
                refusals=tuple(dict.fromkeys([NO_FLOWS, NO_SHELVES, *refusals])),
                availability=NO_SHELVES,
                evidence=measured,
                signals=signals[key],
            )
        )
    return made


def _judged_bottleneck(told: JudgedDiagnosis) -> str:
    if not told.respondents:
        return "Cannot tell: nothing that was given says what is lost."
    people = "one person" if told.respondents == 1 else f"{told.respondents} people"
    if told.lean in ("operate", "orchestrate"):
        return f"Judged, not measured: {people} lean to {told.lean} (certainty {percent(told.certainty)}, of at most 50 %)."
    return f"Judged, not measured: the answers of {people} lean neither way."
