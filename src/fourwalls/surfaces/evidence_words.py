"""How losses in money, paths, signals, rules and further readings read; every surface uses these words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Capability,
    Diagnosis,
    Lean,
    PathWorth,
    SignalReading,
    Told,
    Wall,
)
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.numbers import Numbered, acted_on, slug
from fourwalls.surfaces import wording

DEFAULT_COSTS = "Costs are this product's defaults, not yours: set [paths] in portfolio.toml before you rely on them."
LEANS: dict[Lean, str] = {
    "operate": "Operate",
    "orchestrate": "Orchestrate",
    "neither": "Neither",
    "cannot tell": "Cannot tell",
}
_LEAST_AMOUNT = 0.5
"""Less than this a year is an estimate's dust, in any currency."""
_MOST_NAMED = 3
# A share below it reads as 0.
_NOUGHT = 5e-7
_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Case work", ("case", "status_", "reconciliation", "hours_per_case", "touches", "handoffs", "reopened", "closed",
                   "waiting", "automatic", "exception", "time_to_report", "approval", "overdue_cases", "work_")),
    ("Feeds and keys", ("feed", "unknown_key")),
    ("Bookings", ("leakage", "waste", "chargeback", "markdown", "shrink", "ledger")),
    ("Labour", ("units_per_labour", "labour", "hours_following")),
    ("Before the order", ("conversion", "content", "price", "media", "visit", "promise_effect")),
    ("Partners", ("fulfiller", "offer", "turned_away", "partner", "channel_imbalance", "channels")),
    ("Forecasts", ("forecast",)),
    ("Where nothing was seen", ("least_",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartyLoss:
    """What one party costs at one stage, over all its records."""

    name: str
    amount: Estimate
    counted: str
    standard: str


@dataclass(frozen=True, slots=True)
class StageLoss:
    """What one stage costs on one side of the wall, a year.

    Attributes:
        stage: Which.
        amount: Sum of its parties; their ranges are added up, so it is rather too wide than too narrow.
        counted: What was counted over the record.
        parties: Largest first.
    """

    stage: str
    amount: Estimate
    counted: str
    parties: tuple[PartyLoss, ...]

    @property
    def whose(self) -> str:
        """Its party, or how many there are and which comes first."""
        first = self.parties[0].name
        return first if len(self.parties) == 1 else f"{wording.count(len(self.parties))} parties, first {first}"


@dataclass(frozen=True, slots=True)
class PathTold:
    """One path as a row.

    Attributes:
        path: Which.
        value: Over the horizon after costs, P10 to P90.
        gain, one_off, run, stock, payback: In words.
        chance: That it is the best, in words.
        is_best: Whether it is what the verdict acts on.
        at: What the ids of its figures begin with; "" where they have none.
    """

    path: str
    value: wording.Said
    gain: str
    one_off: str
    run: str
    stock: str
    payback: str
    chance: str
    is_best: bool
    at: str = ""

    def for_all(self, whom: str) -> PathTold:
        """The same as one path that all of them would take."""
        return replace(self, path=f"{whom}: {self.path[:1].lower()}{self.path[1:]}", is_best=False)


def losses_of(asset: AssetDiagnosis, wall: Wall) -> tuple[StageLoss, ...]:
    """What one side of the wall loses in money, by stage and party, largest first; without what rounds to nothing."""
    by_stage: dict[str, list[Told]] = {}
    for x in asset.losses:
        if x.wall == wall and isinstance(x.amount, Estimate):
            by_stage.setdefault(x.stage, []).append(x)
    found = [_stage_loss(stage, mine, wall) for stage, mine in by_stage.items()]
    return tuple(sorted((s for s in found if s.parties), key=lambda s: -s.amount.value))


def lost(asset: AssetDiagnosis, wall: Wall) -> Estimate | None:
    """The sum of one side; None where nothing is lost there."""
    parts = losses_of(asset, wall)
    if not parts:
        return None
    return _with_id(added(p.amount for p in parts), _asset_id(x.amount for x in asset.losses), "lost", wall)


def sides_of(asset: AssetDiagnosis) -> dict[Wall, float]:
    """Margin lost a year on each side; 0 where nothing is."""
    found = {wall: lost(asset, wall) for wall in wording.WALLS}
    return {wall: max(x.value, 0.0) if x is not None else 0.0 for wall, x in found.items()}


def lost_in_all(asset: AssetDiagnosis) -> Estimate | None:
    """Margin lost a year on all sides; None where nothing is priced."""
    known = [x for wall in wording.WALLS if (x := lost(asset, wall)) is not None]
    return _with_id(added(known), _asset_id(x.amount for x in asset.losses), "lost") if known else None


def has_flows(diagnosis: Diagnosis) -> bool:
    """Whether order lines or shelves are known of anything, and not a work log or people's answers alone."""
    each = (diagnosis.total, *diagnosis.assets)
    return any(a.n_lines or not isinstance(a.availability, Refusal) for a in each)


def ranked(diagnosis: Diagnosis) -> tuple[AssetDiagnosis, ...]:
    """Assets by margin lost where that is known, most first; else as the diagnosis ranks them, by lines and units."""
    if not has_flows(diagnosis):
        # Nothing says what is lost: those of which most is recorded come first.
        most = {a.name: max((r.n for r in (*a.evidence, *a.readings)), default=0) for a in diagnosis.assets}
        return tuple(sorted(diagnosis.assets, key=lambda a: -most[a.name]))
    if not any(a.losses for a in diagnosis.assets):
        return diagnosis.assets
    return tuple(sorted(diagnosis.assets, key=lambda a: -sum(sides_of(a).values())))


_FIGURES = {
    "late_line_cost_share": "what a late line costs",
    "late_line_cost_by_line_share": "part of that which is the same for every line",
    "late_line_value_amount": "the mean value of a late line",
    "gross_margin_share": "the gross margin",
    "attainable_share": "part of a gap that a path closes",
    "discount_rate": "what money costs a year",
    "horizon_years": "how long values are counted",
    "ramp_weeks": "weeks until a path brings all it can",
    "carrying_rate_per_year": "what stock costs a year",
    "one_off_amount": "what it costs to begin to",
    "run_amount_per_year": "what it costs a year to",
}


def figure_name(name: str) -> str:
    """An assumption as people call it: "what it costs to begin to operate"; other words stay as they are.

    >>> figure_name("paths.operate.one_off_amount"), figure_name("a quote")
    ('what it costs to begin to operate', 'a quote')
    """
    head, _, field = name.rpartition(".")
    words = _FIGURES.get(field)
    if words is None:
        return wording.plain(name)
    return f"{words} {head.removeprefix('paths.')}" if head.startswith("paths.") else words


def added(amounts: Iterable[Estimate]) -> Estimate:
    """A sum of amounts; bounds are added up, too."""
    given = list(amounts)
    value, low, high = (sum(getattr(a, field) for a in given) for field in ("value", "low", "high"))
    return Estimate(value, min(low, value), max(high, value), given[0].unit, given[0].level)


def money(amount: float, currency: str) -> str:
    """An amount without a range: "EUR 55,200"."""
    return wording.said(Estimate(amount, amount, amount, currency)).value


def _with_id(amount: Estimate, *words: str) -> Estimate:
    """A sum with the id under which it can be explained; without one where its asset has none."""
    if not words[0]:
        return amount
    return Numbered(amount.value, amount.low, amount.high, amount.unit, amount.level, ".".join(words))


def _asset_id(figures: Iterable[Figure]) -> str:
    return next((wording.id_of(f).partition(".")[0] for f in figures if wording.id_of(f)), "")


def path_rows(asset: AssetDiagnosis, currency: str) -> tuple[PathTold, ...]:
    """What each path is worth, in words."""
    chosen = acted_on(asset)
    return tuple(
        PathTold(
            path=wording.VERDICTS[p.path],
            value=wording.said(p.value),
            gain=money(p.gain_per_year, currency),
            one_off=money(p.one_off, currency),
            run=money(p.run_per_year, currency),
            stock=money(p.stock, currency),
            payback=payback(p.payback),
            chance=wording.chance(p.chance),
            is_best=p is chosen,
            at=wording.id_of(p.value).rpartition(".")[0],
        )
        for p in asset.paths
    )


def payback(figure: Figure) -> str:
    """Months until a path has paid for itself: "3 months", "3 to 5 months", "not within the horizon"."""
    if isinstance(figure, Refusal):
        return "not within the horizon" if figure.code == "no_payback" else wording.prose(figure.because)
    low, high = (f"{x:.0f}" for x in (figure.low, figure.high))
    months = f"{figure.value:.0f} month{'' if round(figure.value) == 1 else 's'}"
    return months if low == high else f"{months} ({low}–{high})"


def doing_nothing(paths: Sequence[PathWorth]) -> str:
    """The chance that doing nothing is best, where it is worth a word; else ""."""
    rest = 1 - sum(p.chance for p in paths)
    return f"Chance that doing nothing is best: {wording.chance(rest)}." if paths and rest > 0.005 else ""


def horizon(diagnosis: Diagnosis) -> str:
    """How long values are counted: "3 years"; "the horizon" where nothing says."""
    years = next((a.value for a in diagnosis.assumptions if a.name == "horizon_years"), None)
    return "the horizon" if years is None else f"{years:g} year{'' if years == 1 else 's'}"


def best_path(asset: AssetDiagnosis) -> PathWorth | None:
    """The path that is worth most on average, whatever the verdict; None where none is worth more than it costs."""
    found = max(asset.paths, key=lambda p: _value(p.value), default=None)
    return found if found is not None and _value(found.value) > 0 else None


def worth_told(asset: AssetDiagnosis) -> wording.Said | None:
    """What the path of the verdict brings; in words why nothing is counted, or None where nothing is priced."""
    if not asset.paths:
        return None
    chosen = acted_on(asset)
    if chosen is not None:
        return wording.said(chosen.value)
    words = {"govern first": "waits for rules", "cannot tell yet": wording.NOT_KNOWN.lower()}
    return wording.Said(words.get(asset.verdict, "not likely to pay" if best_path(asset) else "nothing pays"), "")


def ten_lines(lines: Sequence[SignalReading]) -> str:
    """Ten lines in one: "operate 2, orchestrate 2, neither 5, cannot tell 1; measured 9, judged 0, unknown 1"."""
    leans = ", ".join(f"{lean} {sum(s.lean == lean for s in lines)}" for lean in LEANS)
    hows = ", ".join(f"{how} {sum(s.how == how for s in lines)}" for how in ("measured", "judged", "unknown"))
    return f"{leans}; {hows}"


UNTOLD = "less than can be told"
"""Where something was looked for and nothing stood out: it may be there and be small."""


def deciding(signal: SignalReading) -> Reading | None:
    """The reading a signal goes by: the first that is known, else the first; None where there is none."""
    known = (r for r in signal.readings if isinstance(r.figure, Estimate))
    return next(known, signal.readings[0] if signal.readings else None)


def reading_told(signal: SignalReading, level: float | None = None) -> wording.Said:
    """That reading in words: "4.5 % (3.6–5.3)"; where nothing stood out, "less than 0.5 %", the least that would have been seen."""
    first = deciding(signal)
    if first is None or isinstance(first.figure, Refusal):
        return wording.Said(wording.NOT_KNOWN, "")
    if first.figure.unit != "share" or abs(first.figure.value) >= _NOUGHT or first.figure.high >= _NOUGHT:
        return wording.said(first.figure, level)
    least = next((r.figure for r in signal.readings if r.name.endswith("_least_seen")), None)
    if isinstance(least, Estimate):
        return wording.Said(wording.prose(f"less than {wording.percent(least.value)}"), "", wording.id_of(least))
    slower = next((r.figure for r in signal.readings if r.name.endswith("_least_delay")), None)
    if isinstance(slower, Estimate):
        return wording.Said(wording.prose(f"less than {round(100 * slower.value)} % slower"), "", wording.id_of(slower))
    return wording.Said(UNTOLD, "", wording.id_of(first.figure))


def threshold(signal: SignalReading) -> str:
    """Where the lean changes: "status share 0.2 %, clear share 60 %"; "(yours)" after one that somebody has set."""
    told = []
    for t in signal.thresholds:
        value = wording.percent(t.value) if 0 < t.value < 1 else f"{t.value:g}"
        told.append(f"{wording.plain(t.name).replace('_', ' ')} {value}{'' if t.is_default else ' (yours)'}")
    return ", ".join(told)


def readiness(asset: AssetDiagnosis) -> str:
    """How far rules are settled: "81 % of what is at stake with partners is under settled rules, 9 % is not; 2 open, 2 of them block".

    Args:
        asset: The asset.
    """
    g = asset.governance
    if g is None:
        if not asset.losses and isinstance(asset.gap, Refusal) and isinstance(asset.availability, Refusal):
            return "Nothing that was given says what is at stake with partners, so their rules are not known."
        return "No partner matters here, so there is no rule to settle."
    if isinstance(g.share, Refusal):
        return wording.sentence(g.share.because)
    told = f"{wording.percent(g.settled)} of what is at stake with partners is under settled rules"
    told += f", {wording.percent(g.unsettled)} is not" if g.unsettled >= _NOUGHT else ""
    told += f", and {wording.percent(g.unknown)} is unknown" if g.unknown >= _NOUGHT else ""
    blocking = sum(h.blocks for h in g.holes)
    if g.holes:
        told += f"; {wording.plural(len(g.holes), 'rule')} open"
        told += f", {wording.count(blocking)} of them block" if blocking else ", none of them blocks"
    return wording.prose(f"{told}. {_without_contract(g.unknown_with)}".strip())


def _without_contract(names: Sequence[str]) -> str:
    """Whose rules nobody knows."""
    if not names:
        return ""
    named = ", ".join(wording.name(n) for n in names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
    return f"No contract says anything of {named}."


def groups(readings: Sequence[Reading]) -> tuple[tuple[str, tuple[Reading, ...]], ...]:
    """Further readings by where they come from, in a fixed order; what fits nowhere comes last."""
    found: dict[str, list[Reading]] = {title: [] for title in (*(t for t, _ in _GROUPS), "Other")}
    for r in readings:
        title = next((t for t, starts in _GROUPS if r.name.startswith(starts)), "Other")
        found[title].append(r)
    return tuple((title, tuple(mine)) for title, mine in found.items() if mine)


def is_detail(reading: Reading) -> bool:
    """Whether a reading is of one feed, place or cause among several."""
    return ": " in reading.name


def is_weak(capability: Capability) -> bool:
    """Whether a capability loses more than its standard allows."""
    return capability.level in ("below standard", "far below standard")


def _stage_loss(stage: str, told: Sequence[Told], wall: Wall) -> StageLoss:
    by_party: dict[tuple[str | None, str], list[Told]] = {}
    for x in told:
        by_party.setdefault((x.party_id, x.party_name), []).append(x)
    parties = [
        PartyLoss(wording.name(name), _of_party(mine), _counted(mine), wording.standard(mine[0].standard))
        for (_, name), mine in by_party.items()
    ]
    kept = [p for p in parties if abs(p.amount.value) >= _LEAST_AMOUNT]
    asset = _asset_id(x.amount for x in told)
    total = _with_id(added(p.amount for p in kept or parties), asset, "lost", wall, slug(stage))
    return StageLoss(stage, total, _counted(told), tuple(sorted(kept, key=lambda p: -p.amount.value)))


def _of_party(told: Sequence[Told]) -> Estimate:
    """What one party costs; with its id where one record tells it."""
    amounts = _amounts(told)
    return amounts[0] if len(amounts) == 1 else added(amounts)


def _amounts(told: Iterable[Told]) -> list[Estimate]:
    return [x.amount for x in told if isinstance(x.amount, Estimate)]


def _counted(told: Iterable[Told]) -> str:
    """What was counted, unit by unit: "1,213 units; 96 hours"."""
    sums: dict[str, float] = {}
    for x in told:
        sums[x.unit] = sums.get(x.unit, 0.0) + x.quantity
    return "; ".join(f"{wording.lines(n)} {wording.plain(unit)}" for unit, n in sums.items())


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else float("-inf")
