"""What stands behind a number: its formula in words, the numbers it is made of, and the records it was counted in."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

import pyarrow as pa

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Capability,
    LostUnits,
    SignalReading,
    StageUnits,
    TableHealth,
    Told,
)
from fourwalls.errors import PortfolioError, listed
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.numbers import Number, Sum
from fourwalls.reckoning import Step as Step
from fourwalls.reckoning import parts, steps
from fourwalls.signals.material import TABLE_OF

Source = Literal["lines", "order_lines", "shelves", "table", ""]
_MOST_NEAR, _MOST_INPUTS = 5, 30


@dataclass(frozen=True, slots=True)
class Input:
    """A number that another is made of."""

    id: str
    value: Estimate | Refusal | float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a number comes from.

    Attributes:
        id: Its own.
        about: The asset or table it is about.
        value: The figure, refusal or count.
        formula: How it is calculated, in words.
        inputs: Numbers it is made of; their own ids can be asked for in turn.
        inputs_left_out: How many more there are.
        pointer: Where it stands in diagnosis.json (RFC 6901); "" for sums that only surfaces show.
        source: What the records below are.
        query: The SQL that reads them; "" where a number rests on other numbers alone.
        records: The first of them; None where there is no query.
        in_all: How many there are; None where nobody counted.
        parts_sum: What the column "part" of all of them adds up to, in lines or units; None where a record has no part of its own.
        is_parted: Whether these are parts of the number; else of its stage, since records do not say which party each is of.
        steps: From these numbers to this one, which is the last; empty where it is counted in records, or read from draws.
    """

    id: str
    about: str
    value: Estimate | Refusal | float
    formula: str
    inputs: tuple[Input, ...]
    inputs_left_out: int
    pointer: str
    source: str = ""
    query: str = ""
    records: pa.Table | None = None
    in_all: int | None = None
    parts_sum: float | None = None
    is_parted: bool = True
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the numbers of one field are made.

    Attributes:
        formula: In words.
        inputs: Patterns of ids; {part} is the part the field lies in, {asset} its asset.
        source: What kind of record it was counted in.
    """

    formula: str
    inputs: tuple[str, ...] = ()
    source: Source = ""


_SHAPLEY = "replayed under every coalition of repairs; a stage's part is its mean contribution over all orders of repair (Shapley value)"
RECIPES: Mapping[str, Recipe] = {
    "AssetDiagnosis.n_lines": Recipe("Order lines of the asset in the period, counted.", source="order_lines"),
    "AssetDiagnosis.revenue_per_year": Recipe("Sum of ordered units times net price, over the years of the record.", source="order_lines"),
    "AssetDiagnosis.gap": Recipe("What every stage at its standard would save; it cannot be told.", source="order_lines"),
    "AssetDiagnosis.availability": Recipe("What empty shelves cost; it cannot be told.", source="shelves"),
    "Gap.total": Recipe("Lines that would have met their promise with every stage at its standard, over all lines; the sum of the stages.", ("{part}.stages.*.share",), "lines"),
    "Gap.operate": Recipe("The same with only the stages inside the wall repaired.", ("{part}.stages.*-inside.share",), "lines"),
    "Gap.orchestrate": Recipe("The same with only the stages between walls repaired.", ("{part}.stages.*-between.share",), "lines"),
    "Gap.interaction": Recipe("What both sides together save, less the sum of each alone.", ("{part}.total", "{part}.operate", "{part}.orchestrate"), "lines"),
    "Gap.missed": Recipe("Lines late, overdue or cancelled, over all lines.", source="lines"),
    "Gap.residual": Recipe("Missed lines less what every stage at its standard would save, less lines that cannot be traced.", ("{part}.missed", "{part}.total", "{part}.untraced"), "lines"),
    "Gap.untraced": Recipe("Missed lines whose stage times are absent or out of order, over all lines.", source="lines"),
    "Gap.inside_share": Recipe("Shares of the stages inside, over the shares of all stages.", ("{part}.stages.*.share",)),
    "Gap.inside_chance": Recipe("Part of the bootstrap draws of weeks in which the stages inside take more than those between.", ("{part}.stages.*.share",)),
    "StageShare.lines": Recipe(f"Missed lines, each {_SHAPLEY}; summed over the parties.", ("{asset}.contributions.*-{stage}-{wall}-*.lines",), "lines"),
    "StageShare.share": Recipe("Lines of the stage over all lines of the asset.", ("{part}.lines", "{asset}.n_lines"), "lines"),
    "Contribution.lines": Recipe(f"Lines with this outcome and doer, each {_SHAPLEY}.", source="lines"),
    "Contribution.share": Recipe("These lines over all lines of the asset.", ("{part}.lines", "{asset}.n_lines"), "lines"),
    "Contribution.amount": Recipe("Net order value of these lines, each weighed by the part the stage has in it.", ("{part}.lines",), "lines"),
    "StageClock.median": Recipe("Middle of the stage's durations over timed lines.", ("{part}.n",), "order_lines"),
    "StageClock.p90": Recipe("Duration within which nine in ten timed lines pass the stage.", ("{part}.n",), "order_lines"),
    "StageClock.n": Recipe("Lines with both ends of the stage recorded.", source="order_lines"),
    "Availability.wanted_units": Recipe("Units sold, plus units that empty shelves of comparable days would have sold.", source="shelves"),
    "Availability.shelves": Recipe("Skus at nodes that serve the asset, counted.", source="shelves"),
    "Availability.lost": Recipe("Units wanted and not sold, over units wanted.", ("{part}.wanted_units",), "shelves"),
    "Availability.total": Recipe("Units every stage at its standard would have sold, over units wanted; the sum of the stages.", ("{part}.stages.*.share",), "shelves"),
    "Availability.operate": Recipe("The same with only the stages inside repaired.", ("{part}.stages.*-inside.share",), "shelves"),
    "Availability.orchestrate": Recipe("The same with only the stages between walls repaired.", ("{part}.stages.*-between.share",), "shelves"),
    "Availability.interaction": Recipe("What both sides together sell, less the sum of each alone.", ("{part}.total", "{part}.operate", "{part}.orchestrate"), "shelves"),
    "Availability.residual": Recipe("Units lost, less what every stage at its standard would have sold.", ("{part}.lost", "{part}.total"), "shelves"),
    "Availability.inside_share": Recipe("Shares of the stages inside, over the shares of all stages.", ("{part}.stages.*.share",)),
    "Availability.inside_chance": Recipe("Part of the bootstrap draws in which the stages inside take more than those between.", ("{part}.stages.*.share",)),
    "StageUnits.units": Recipe(f"Shelves {_SHAPLEY}; summed over the parties.", ("{asset}.availability.contributions.{stage}-{wall}-*.units",), "shelves"),
    "StageUnits.share": Recipe("Units of the stage over units wanted.", ("{part}.units", "{asset}.availability.wanted_units"), "shelves"),
    "LostUnits.units": Recipe(f"Shelves {_SHAPLEY}; those of this doer.", source="shelves"),
    "LostUnits.share": Recipe("These units over units wanted.", ("{part}.units", "{asset}.availability.wanted_units"), "shelves"),
    "LostUnits.amount": Recipe("Margin of these units after carrying, shrink and markdowns.", ("{part}.units",), "shelves"),
    "StockHeld.on_hand": Recipe("Mean of the stock at the end of each day.", source="shelves"),
    "StockHeld.weeks_of_cover": Recipe("Stock on a mean day over units wanted a week.", ("{part}.on_hand", "{asset}.availability.wanted_units"), "shelves"),
    "StockHeld.excess": Recipe("Stock beyond twice what must last until the next order arrives, over all stock.", ("{part}.on_hand",), "shelves"),
    "StockHeld.amount": Recipe("Stock on a mean day times unit cost.", ("{part}.on_hand",), "shelves"),
    "StockHeld.gmroi": Recipe("Gross margin a year over stock at cost.", ("{part}.amount",), "shelves"),
    "StockHeld.operate": Recipe("Stock on a mean day with the inside repaired, against the record.", ("{part}.on_hand",), "shelves"),
    "StockHeld.orchestrate": Recipe("Stock on a mean day with the stages between repaired, against the record.", ("{part}.on_hand",), "shelves"),
    "StockHeld.both": Recipe("Stock on a mean day with every stage repaired, against the record.", ("{part}.on_hand",), "shelves"),
    "Bottleneck.part": Recipe("Margin lost at this stage with this party, over all margin that could be kept.", ("{asset}.losses.*.amount",)),
    "PathWorth.value": Recipe("Margin a year, times the part of the gap that is attainable, rising over the ramp, discounted month by month over the horizon, less what the path costs; the sum of the links.", ("{part}.gain_per_year", "{part}.one_off", "{part}.run_per_year", "{part}.links.*", "assumptions.horizon_years.value", "assumptions.discount_rate.value", "assumptions.ramp_weeks.value", "assumptions.attainable_share.value")),
    "PathWorth.middle": Recipe("Median of the draws behind the value.", ("{part}.value",)),
    "PathWorth.chance": Recipe("Part of the draws in which this path brings more than every other and more than nothing.", ("{asset}.paths.*.value",)),
    "PathWorth.gain_per_year": Recipe("Margin a year that repairs would keep if the whole gap closed at once: mean of the draws, before the attainable share, the ramp and all costs.", ("{part}.links.*", "{asset}.losses.*.amount")),
    "PathWorth.one_off": Recipe("Mean of what the path costs to begin, from its range in portfolio.toml or the default, and what partners ask to begin.", ("assumptions.paths-*.value",)),
    "PathWorth.run_per_year": Recipe("Mean of what the path costs a year, from its range in portfolio.toml or the default.", ("assumptions.paths-*.value",)),
    "PathWorth.stock": Recipe("Change of the stock on a mean day that the path's repairs need, at cost.", ("{asset}.availability.stock.*",)),
    "PathWorth.payback": Recipe("First month after which margin kept since the start, with its ramp and attainable share, has paid what the path costs to begin and to run; not discounted.", ("{part}.gain_per_year", "{part}.one_off", "{part}.run_per_year", "assumptions.ramp_weeks.value", "assumptions.attainable_share.value")),
    "PathWorth.links": Recipe("One step from gains to value over the horizon, discounted; all steps of a path add up to its value.", ("{part}.value", "assumptions.horizon_years.value", "assumptions.discount_rate.value", "assumptions.ramp_weeks.value", "assumptions.attainable_share.value")),
    "Told.amount": Recipe("What was counted, at what each failure costs in margin, over the years of the record.", ("{part}.quantity", "assumptions.late_line_*.value", "assumptions.gross_margin_share.value"), "table"),
    "Told.quantity": Recipe("Counted over the whole record: the part of each record that this stage and party has.", source="table"),
    "RuleHole.amount": Recipe("Margin lost with this partner in this asset over the record.", ("{asset}.losses.*-between-*.amount",)),
    "OutageTold.line_share": Recipe("Order lines that pass through this partner's hands over all order lines.", source="order_lines"),
    "OutageTold.days": Recipe("Days until we could do without the partner: what the contract says, or this product's default."),
    "OutageTold.lines": Recipe("Order lines through this partner in the costliest stretch of so many days on record, counted.", ("{part}.days",), "order_lines"),
    "OutageTold.typical": Recipe("What passes through this partner on a mean day, times the days.", ("{part}.days", "{part}.line_share"), "order_lines"),
    "OutageTold.bound": Recipe("What passed through this partner in the costliest stretch of so many days on record: lines that nobody else takes over cannot cost more.", ("{part}.days", "{part}.lines"), "order_lines"),
    "GovernanceTold.share": Recipe("Settled questions over all questions, partners weighed by what is at stake with them.", ("{part}.holes.*.amount",)),
    "GovernanceTold.settled": Recipe("Part of what is at stake with partners that is under settled rules: settled questions of each, weighed by its amount; partners without a contract count as unknown.", ("{part}.share", "{part}.unknown")),
    "GovernanceTold.unsettled": Recipe("Part of what is at stake with partners that is under rules that are not settled.", ("{part}.share", "{part}.unknown")),
    "GovernanceTold.unknown": Recipe("Part of what is at stake with partners of whose rules no contract says anything.", ("{asset}.losses.*-between-*.amount",)),
    "GovernanceTold.blocked_amount": Recipe("Sum at stake with partners that lack a required rule.", ("{part}.holes.*.amount",)),
    "WorthKnowing.amount": Recipe("Expected value of the best path if this figure were known before choosing, less that of the best path now (EVPPI), by regression over the draws.", ("{asset}.paths.*.value",)),
    "Assumed.value": Recipe("Not measured: set in portfolio.toml, or this product's default."),
    "SetAside.rows": Recipe("Rows that break this rule, counted.", source="table"),
    "TableHealth.rows_in": Recipe("Rows of the file, counted.", source="table"),
    "TableHealth.rows_used": Recipe("Rows read less rows set aside.", ("{part}.rows_in", "{part}.set_aside.*.rows"), "table"),
    "Suspicion.rows": Recipe("Rows in which it was seen, counted.", source="table"),
    "Health.coverage": Recipe("Order lines of the month, counted.", source="order_lines"),
    "Judged.strength": Recipe("Distance of the mean answer from the middle of the scale, over its half width.", ("{part}.mean",)),
    "Judged.respondents": Recipe("People who answered on the scale, in answers.csv."),
    "Judged.unsure": Recipe("People who said they do not know, in answers.csv."),
    "Judged.mean": Recipe("Mean of the answers on the scale from 1 to 5.", ("{part}.respondents",)),
    "Judged.lowest": Recipe("Lowest answer."),
    "Judged.highest": Recipe("Highest answer."),
    "Judged.disagreement": Recipe("Dissention of the answers (Tastle and Wierman): 0 all alike, 1 half at either end.", ("{part}.respondents",)),
    "Threshold.value": Recipe("A setting under [signals] in portfolio.toml, or its default."),
    "SignalReading.strength": Recipe("How far the deciding reading lies beyond its threshold, 0 to 1.", ("{part}.readings.*", "{part}.thresholds.*")),
    "Capability.loss": Recipe("Margin lost at this capability's stages, over revenue.", ("{asset}.losses.*.amount", "{asset}.revenue_per_year")),
    "Capability.inside_share": Recipe("Part of that loss, or of the volume, in our own hands.", ("{asset}.losses.*.amount",)),
    "Reading.figure": Recipe("", ("{part}.n",), "table"),
    "Reading.n": Recipe("Records the reading rests on, counted.", source="table"),
    "Diagnosis.level": Recipe("Coverage that ranges claim, by design of the bootstrap."),
    "Sum.value": Recipe("Sum of the numbers below, or their mean where they have weights; bounds of ranges are added up, rather too wide than too narrow."),
}  # fmt: skip
"""Part and field → how such a number is made."""

# First words of a reading's name → the table it was counted in.
_TABLES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("forecast",), "forecasts"), (("feed",), "feeds"), (("leakage", "waste", "chargeback", "markdown"), "leakage"),
    (("units_per_labour", "labour", "hours_following"), "labour"), (("offer", "turned_away", "partner"), "offers"),
    (("conversion", "content", "price", "media", "visit", "promise_effect"), "listings"),
    (("case", "status", "reconciliation", "hours_per_case", "touches", "handoffs", "reopened", "closed", "waiting",
      "automatic", "exception", "time_to_report", "approval", "overdue_cases", "work_"), "work_log"),
    (("record", "shelf", "stock"), "stock_days"), (("cancelled",), "order_lines"),
)  # fmt: skip
_FLOW_TABLES = {
    "ledger": "leakage",
    "work": "work_log",
    "conversion": "listings",
    "overflow": "offers",
    "cancelled": "order_lines",
}


def recipe_of(number: Number) -> Recipe:
    """How a number is made.

    Raises:
        PortfolioError: Nobody has written down how numbers of this field are made.
    """
    recipe = RECIPES.get(f"{type(number.owner).__name__}.{number.field}")
    if recipe is None:
        what = f"How '{number.id}' is made is not written down in this version of fourwalls."
        raise PortfolioError(what, "Ask for a number beside it, and report this id: every number should be explained.")
    return recipe


def explained(number: Number, known: Mapping[str, Number]) -> Explanation:
    """A number with its formula and inputs; without query and records.

    Args:
        number: Which.
        known: All numbers by id.
    """
    recipe = recipe_of(number)
    wanted = (
        (*number.owner.parts, *number.owner.less, *number.owner.weights)
        if isinstance(number.owner, Sum)
        else _input_ids(number, recipe, known)
    )
    inputs = tuple(Input(name, known[name].value) for name in wanted[:_MOST_INPUTS])
    asset = number.asset
    about = asset.name if asset is not None else getattr(number.owner, "table", "") or number.id.partition(".")[0]
    return Explanation(
        number.id, about, number.value, _formula(number, recipe), inputs, max(len(wanted) - _MOST_INPUTS, 0), number.pointer,
        steps=steps(number, known),
    )  # fmt: skip


def _formula(number: Number, recipe: Recipe) -> str:
    owner = number.owner
    if isinstance(owner, Reading) and number.field == "figure":
        return f"{owner.label}: {owner.definition}"
    if isinstance(owner, SignalReading):
        return f"{owner.formula}. {owner.direction}. {recipe.formula}"
    if isinstance(owner, Capability):
        return f"{recipe.formula} {owner.reading}"
    words = [recipe.formula]
    words += [f"{word}: {getattr(owner, word)}." for word in ("standard", "about", "origin") if _says(owner, word)]
    return " ".join(words)


def _says(owner: object, word: str) -> bool:
    value = getattr(owner, word, "")
    return isinstance(value, str) and bool(value)


def _input_ids(number: Number, recipe: Recipe, known: Mapping[str, Number]) -> tuple[str, ...]:
    part = number.id if number.field == "figure" else number.id.rpartition(".")[0]
    part = part.rpartition(".")[0] if number.field == "links" else part
    asset = number.id.partition(".")[0]
    names = {
        "part": part,
        "asset": asset,
        "stage": getattr(number.owner, "stage", ""),
        "wall": getattr(number.owner, "wall", ""),
    }
    found: dict[str, None] = {}
    for pattern in recipe.inputs:
        wanted = pattern.format(**names)
        if "*" in wanted:
            found |= dict.fromkeys(n for n in known if fnmatchcase(n, wanted))
        elif wanted in known:
            found[wanted] = None
    return tuple(n for n in found if n != number.id)


def table_of(number: Number) -> str:
    """The canonical table a number was counted in; "" where it rests on other numbers alone."""
    source, owner = recipe_of(number).source, number.owner
    if source in ("lines", "order_lines"):
        return "order_lines"
    if source == "shelves":
        return "stock_days"
    if isinstance(owner, Told):
        return {"service": "order_lines", "stock": "stock_days"}.get(owner.flow) or _FLOW_TABLES.get(owner.flow, "")
    if isinstance(owner, TableHealth) or hasattr(owner, "table"):
        return str(getattr(owner, "table", ""))
    return _table_of_reading(number) if isinstance(owner, Reading) else ""


def _table_of_reading(number: Number) -> str:
    reading, asset = number.owner, number.asset
    if not isinstance(reading, Reading):
        return ""
    if reading.name.startswith("unknown_key_share: "):
        return reading.name.partition(": ")[2].partition(".")[0]
    if asset is not None and any(reading is r for r in asset.readings):
        return "order_lines"
    if reading.name.startswith("least_"):
        return TABLE_OF.get(reading.name.split("_")[1], "")
    return next((table for starts, table in _TABLES if reading.name.startswith(starts)), "order_lines")


def stage_of(number: Number) -> str | None:
    """The stage whose records are meant; None for all."""
    stage = getattr(number.owner, "stage", None)
    return str(stage) if stage else None


def is_of_shelves(number: Number) -> bool:
    """Whether the records are shelves, and not order lines."""
    return recipe_of(number).source == "shelves" or isinstance(number.owner, StageUnits | LostUnits) or (
        isinstance(number.owner, Told) and number.owner.flow == "stock"
    )  # fmt: skip


def is_of_lines(number: Number) -> bool:
    """Whether the records are missed order lines with the part each stage has in them."""
    return recipe_of(number).source == "lines" or (isinstance(number.owner, Told) and number.owner.flow == "service")


def with_parts(found: Explanation, number: Number, most: int) -> Explanation:
    """The same with each record's part in the number, records with the largest part first; records without one are left out.

    Args:
        found: With all records behind the number, as `Study.explain` gives them.
        number: The number.
        most: How many records to keep.
    """
    rows = found.records
    known = None if rows is None else parts(number, rows)
    if rows is None or known is None:
        return found if rows is None else replace(found, records=rows.slice(0, most))
    part, is_of_number = known
    order = [i for i in sorted(range(len(part)), key=lambda i: -abs(part[i])) if part[i]]
    kept = order[:most]
    shown = rows.take(pa.array(kept, pa.int64())).add_column(0, "part", pa.array([part[i] for i in kept], pa.float64()))
    first = ("part", *_FIRST_COLUMNS)
    names = [n for n in first if n in shown.column_names] + [n for n in shown.column_names if n not in first]
    return replace(
        found, records=shown.select(names), in_all=len(order), parts_sum=math.fsum(part), is_parted=is_of_number
    )


_FIRST_COLUMNS = ("order_id", "line_id", "outcome", "ordered_at", "promised_at", "delivered_at", "sku_id", "node_id", "wanted_units", "lost_units", "standard")  # fmt: skip


def no_such_number(asked: str, known: Mapping[str, Number]) -> PortfolioError:
    """The error for an id that is none, with ids that come near."""
    first, _, rest = asked.casefold().partition(".")
    assets = list(dict.fromkeys(name.partition(".")[0] for name in known))
    if first not in assets:
        near = difflib.get_close_matches(first, assets, _MOST_NEAR, 0.5)
        near = [f"{name}.{rest}" if f"{name}.{rest}" in known else name for name in near]
        hint = f" Ids that begin near it: {listed(near)}." if near else f" Ids begin with {listed(assets, 8)}."
    else:
        mine = [name for name in known if name.partition(".")[0] == first]
        near = difflib.get_close_matches(asked.casefold(), mine, _MOST_NEAR, 0.5)
        hint = f" Near it: {listed(near)}." if near else f" {first} has {len(mine):,} numbers."
    told = asked if len(asked) <= 120 else asked[:119] + "…"
    return PortfolioError(f"There is no number '{told}'.{hint}", "Copy an id from the page (data-id), or from the spreadsheet.")  # fmt: skip


def asset_key(asset: AssetDiagnosis | None) -> Mapping[str, str | None] | None:
    """The asset as `Study.lines` takes it; None for the whole portfolio."""
    return asset.asset if asset is not None and asset.asset else None
