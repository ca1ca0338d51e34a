"""A diagnosis as one HTML page: no request leaves it, no script runs in it, and it prints on one A4 sheet."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, Gap, Health, StageClock, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.numbers import numbered, slug
from fourwalls.sensitivity import Swing
from fourwalls.surfaces import at_best, evidence_words, turning, wording
from fourwalls.surfaces.page import evidence
from fourwalls.surfaces.page.advice import Advice, advice
from fourwalls.surfaces.page.lists import Listed, Paper, two_lists
from fourwalls.surfaces.page.partners import partners
from fourwalls.surfaces.page.sheets import SheetPrinted, sheets
from fourwalls.surfaces.page.stock import Shelves, shelves
from fourwalls.surfaces.page.tiles import Tile, tiles
from fourwalls.surfaces.page.waterfall import (
    Bar,
    Month,
    Step,
    money_bar,
    months,
    printed,
    split_bar,
    steps,
    widest_gap,
    widest_loss,
)
from fourwalls.surfaces.page.worth import PortfolioWorth, Worth, portfolio_worth, worth

MOST_ASSETS = 200
"""Assets on the page; the JSON file carries all of them."""
MOST_PRINTED = 40
"""Assets with a printed page of their own; the PDF has one for all."""
_MOST_PARTIES = 5
_MOST_KNOWING = 5
_MOST_PARTIES_OF_ASSET = 2
_MOST_ASSETS_OF_FRAGMENT = 10
_PACKAGE = "fourwalls.surfaces.page"


@dataclass(frozen=True, slots=True)
class Fit:
    """How much fits: on the printed sheet, and of the assets, on a screen before one asks for more.

    The sheet's heights in sheet.css are made for these; change them together and look at the print test.
    """

    on_screen: int = 12
    assets: int = 7
    steps: int = 12
    parts: int = 4
    entries: int = 6
    readings: int = 7
    unknowns: int = 3
    tables: int = 4
    suspicions: int = 2
    notes: int = 2
    paths: int = 3
    losses: int = 5


_ONE_FLOW = Fit()
_BOTH_FLOWS = Fit(assets=5, parts=6, entries=0, steps=9, readings=4, unknowns=2, tables=3, suspicions=1, notes=1)
# Where paths have a value, they come first and take the room of what explains less.
_ONE_FLOW_PRICED = Fit(assets=6, parts=3, entries=4, readings=4, unknowns=2, tables=3, suspicions=1, notes=1, losses=4)
_BOTH_FLOWS_PRICED = Fit(
    assets=4, parts=4, entries=0, steps=6, readings=3, unknowns=1, tables=2, suspicions=1, notes=0, losses=4
)


@dataclass(frozen=True, slots=True)
class Row:
    """A reading, or a stage's clock, as one row of a table; of a clock, whether the stage could be judged."""

    label: str
    about: str
    said: tuple[wording.Said, ...]
    n: str
    is_judged: bool = True


@dataclass(frozen=True, slots=True)
class FlowRow:
    """What one flow could recover in an asset, as a line of the list of assets.

    Attributes:
        label: Which flow.
        where: The stage that holds most of it, and whose.
        bar: What could be recovered, by side; None if it is not known.
        counted, share: The same in words.
    """

    label: str
    where: str
    bar: Bar | None
    counted: wording.Said
    share: wording.Said


@dataclass(frozen=True, slots=True)
class AssetView:
    """One asset, or the whole portfolio, in words and bars.

    Attributes:
        name: Its name on one line.
        verdict, icon: The verdict, and its drawing.
        why: Where most of the loss lies, for the list of assets.
        where: The same in a few words, for a narrow list.
        because, rule, bottleneck, next_step: The verdict in sentences.
        records: What it rests on: order lines, shelves.
        is_known: Whether the split of a flow could be told.
        tiles: The short answers.
        flows: What each flow that the page shows could recover.
        alone: What repairing one side alone would recover.
        unjudged: Stages for which nothing is claimed; "" if there is none.
        nothing: What a side without a part says.
        steps: The waterfall of late lines; empty where it cannot be drawn.
        shelves: Empty shelves and the stock behind them; None if they are not known.
        lists: Inside fixes and outside dependencies, then those of unknown side if any.
        readings, clocks: Measured figures.
        unknowns: What cannot be told, and what would tell.
        worth: What each path is worth; None where nothing is priced.
        money: The two lists in margin a year; empty where nothing is priced.
        ten, ten_told: The six signals and four tests, and in one line.
        rules: How far rules with partners are settled.
        weak: Capabilities below their standard.
        evidence: Further readings; of the assets that a screen shows at once.
        advice: The plan of 30 days, the pilot to run next, the role, and the four mistakes.
        best: What the path of the verdict is worth; None where no path has a value.
        knowing: Figures worth knowing before choosing: what, how much that is worth, and the data that would tell.
        turns, turn_rows, tornado: Which assumptions would change the answer, in sentences, as a table, and drawn; empty where nobody asked.
    """

    name: str
    verdict: str
    icon: str
    why: str
    where: str
    because: str
    rule: str
    bottleneck: str
    next_step: str
    records: tuple[str, ...]
    is_known: bool
    tiles: tuple[Tile, ...]
    flows: tuple[FlowRow, ...]
    alone: tuple[tuple[str, wording.Said], ...]
    unjudged: str
    nothing: str
    steps: tuple[Step, ...]
    shelves: Shelves | None
    lists: tuple[Listed, ...]
    readings: tuple[Row, ...]
    clocks: tuple[Row, ...]
    unknowns: tuple[Refusal, ...]
    worth: Worth | None
    money: tuple[evidence.MoneyList, ...]
    ten: tuple[evidence.Line, ...]
    ten_told: str
    rules: evidence.Rules
    weak: tuple[tuple[str, evidence.Cell], ...]
    evidence: tuple[evidence.Group, ...]
    advice: Advice
    best: wording.Said | None
    knowing: tuple[tuple[str, wording.Said, str], ...]
    turns: tuple[str, ...]
    turn_rows: tuple[turning.Turn, ...]
    tornado: Markup


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything the templates may write.

    Attributes:
        portfolio, own_party, period, grain, level, version: The headline.
        fit: How much is printed.
        flows: Flows that the page shows.
        has_flows: Whether late lines or empty shelves are known of any asset.
        is_priced: Whether assets are listed by margin lost, in one line each, and not by lines and units.
        total: The answer for the portfolio.
        assets: Those shown, worst first.
        assets_in_all: How many there are.
        health: What was read and used.
        months: Its coverage as columns.
        paths: What the paths of all assets are worth; None where none is priced.
        horizon: How long values are counted.
        matrix: Capabilities by assets; None where nothing is known of any.
        assumed: Numbers that values rest on and that are not measured.
        knowing: The same over all assets, with the asset first, most worth first.
        flow_told: Where most of each flow is lost, in a line.
        two_told, guards_told: The two lists, and the four mistakes in all assets, in a line.
        sheets: A printed page for each of the first assets.
    """

    portfolio: str
    own_party: str
    period: str
    grain: str
    level: str
    version: str
    fit: Fit
    flows: tuple[wording.Flow, ...]
    has_flows: bool
    is_priced: bool
    total: AssetView
    assets: tuple[AssetView, ...]
    assets_in_all: int
    health: Health
    months: tuple[Month, ...]
    paths: PortfolioWorth | None
    horizon: str
    matrix: evidence.Matrix | None
    assumed: tuple[evidence.Given, ...]
    flow_told: tuple[str, ...]
    knowing: tuple[tuple[str, str, wording.Said, str], ...]
    two_told: str
    guards_told: str
    sheets: tuple[SheetPrinted, ...]


def render(diagnosis: Diagnosis, swings: Mapping[str, Sequence[Swing]] | None = None) -> str:
    """The whole page as one self-contained HTML document.

    Args:
        diagnosis: The result.
        swings: Name of an asset → what each assumption does to its choice, as `Study.sensitivity` gives it.
    """
    view = _page(numbered(diagnosis), MOST_ASSETS, swings)
    style = _style("page.css") + _style("evidence.css") + _style("sheet.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _write(
        "page.html.j2", page=view, fit=view.fit, partners=partners(diagnosis), style=Markup(style), style_hash=digest,  # noqa: S704 - our own file
    )  # fmt: skip


def fragment(diagnosis: Diagnosis) -> str:
    """The answer and the ranked assets as a piece of HTML, for a notebook."""
    view = _page(diagnosis, _MOST_ASSETS_OF_FRAGMENT)
    return _write("fragment.html.j2", page=view, style=Markup(_style("page.css")))  # noqa: S704 - our own file


def lend_words(environment: Environment) -> None:
    """Gives another surface's templates the words and figures of the page, so that they can use its pieces."""
    environment.filters.update(_templates().filters)
    environment.globals.update(_templates().globals)


def _page(diagnosis: Diagnosis, most_assets: int, swings: Mapping[str, Sequence[Swing]] | None = None) -> PageView:
    words = AssetWords(diagnosis, _MOST_PARTIES_OF_ASSET, swings)
    assets = evidence_words.ranked(diagnosis)
    return PageView(
        portfolio=wording.name(diagnosis.portfolio),
        own_party=wording.name(diagnosis.own_party),
        period=wording.period(diagnosis.period),
        grain=" × ".join(wording.plain(g).removesuffix("_id").replace("_", " ") for g in diagnosis.grain),
        level=wording.percent(diagnosis.level),
        version=wording.plain(diagnosis.version),
        fit=words.fit,
        flows=words.flows,
        has_flows=evidence_words.has_flows(diagnosis),
        is_priced=words.is_priced,
        total=AssetWords(diagnosis).view(diagnosis.total),
        assets=tuple(words.view(a, i < words.fit.on_screen) for i, a in enumerate(assets[:most_assets])),
        assets_in_all=len(diagnosis.assets),
        health=diagnosis.health,
        months=months(diagnosis.health.coverage),
        paths=portfolio_worth(diagnosis, words.fit.on_screen),
        horizon=evidence_words.horizon(diagnosis),
        matrix=evidence.matrix(diagnosis, words.fit.on_screen),
        assumed=evidence.assumed(diagnosis),
        knowing=_all_knowing(diagnosis),
        flow_told=tuple(
            wording.opening(
                wording.most_of(diagnosis.total, f) or wording.nothing_in(wording.split(diagnosis.total, f))
            )
            for f in words.flows
        ),
        two_told=_two_told(diagnosis.total),
        guards_told=_guards_told(diagnosis),
        sheets=sheets(diagnosis, min(most_assets, MOST_PRINTED))[1:],
    )


def _all_knowing(diagnosis: Diagnosis) -> tuple[tuple[str, str, wording.Said, str], ...]:
    """What is most worth knowing before choosing, over all assets."""
    known = [
        (w.amount.value, wording.asset(a), w)
        for a in diagnosis.assets
        for w in a.worth_knowing
        if isinstance(w.amount, Estimate)
    ]
    known.sort(key=lambda row: -row[0])
    return tuple(
        (name, evidence_words.figure_name(w.about), wording.said(w.amount), wording.sentence(w.source))
        for _, name, w in known[:_MOST_KNOWING]
    )


def _two_told(total: AssetDiagnosis) -> str:
    """What each side loses a year, in a line."""
    told = []
    for wall in ("inside", "between"):
        lost = evidence_words.lost(total, wall)
        if lost is not None:
            told.append(f"{wording.LISTS[wall].lower()} {wording.said(lost).value}")
    return f"{', '.join(told)} a year" if told else ""


def _guards_told(diagnosis: Diagnosis) -> str:
    """In how many assets a mistake fires."""
    fired = [a for a in diagnosis.assets if any(g.state == "fires" for g in a.guardrails)]
    if not fired:
        return "none fires"
    names = [wording.asset(a) for a in fired[:3]]
    return f"one fires in {wording.plural(len(fired), 'asset')}: {', '.join(names)}{' …' if len(fired) > 3 else ''}"


class AssetWords:
    """Puts assets into words; what all of them share is worked out once, which takes longer than an asset.

    Args:
        diagnosis: Whose assets.
        most_parties: Parties named at each stage.
        swings: Asset → what its assumptions do to the choice, where somebody worked it out.
    """

    def __init__(
        self,
        diagnosis: Diagnosis,
        most_parties: int = _MOST_PARTIES,
        swings: Mapping[str, Sequence[Swing]] | None = None,
    ) -> None:
        self.swings = swings or {}
        self.level, self.diagnosis = diagnosis.level, diagnosis
        self.flows = wording.flows(diagnosis)
        # A line is drawn as long as a unit: on scales of their own, the smaller flow would look as large as the other.
        self.widest = max(widest_gap(diagnosis.assets, f) for f in self.flows)
        self.is_priced = any(a.losses for a in diagnosis.assets)
        self.widest_loss = widest_loss(diagnosis.assets)
        self.fit = _fit(diagnosis, len(self.flows) > 1)
        self.currency = diagnosis.currency
        self.most_parties = most_parties

    def view(self, asset: AssetDiagnosis, with_evidence: bool = True) -> AssetView:
        """One asset in words and bars; its further readings only where asked for, since they are many."""
        return AssetView(
            name=wording.asset(asset),
            verdict=wording.VERDICTS[asset.verdict],
            icon=_icon(asset.verdict),
            why=wording.largest_part(asset),
            where=wording.where(asset),
            because=f"{wording.sentence(asset.because)} {at_best.beside(asset, self.diagnosis)}".strip(),
            rule=wording.sentence(asset.rule),
            bottleneck=wording.sentence(asset.bottleneck),
            next_step=wording.sentence(asset.next_step),
            records=wording.rests_on(asset),
            is_known=bool(wording.known_flows(asset)),
            tiles=tiles(asset, self.level, self.diagnosis),
            flows=(self._money(asset),) if self.is_priced else tuple(self._flow(asset, f) for f in self.flows),
            alone=self._alone(asset.gap),
            unjudged="" if isinstance(asset.gap, Refusal) else wording.not_judged(asset.gap),
            nothing=wording.nothing_found(asset.gap, asset.availability),
            steps=printed(steps(asset, self.level), self.fit.steps),
            shelves=shelves(asset, self.level, self.fit.steps),
            lists=two_lists(asset, self.most_parties, self.level, Paper(self.fit.parts, self.fit.entries)),
            readings=tuple(self._reading(r) for r in asset.readings),
            clocks=tuple(self._clock(c, asset.gap) for c in asset.clocks),
            unknowns=wording.unknowns(asset),
            worth=worth(asset, self.currency, self.diagnosis),
            money=evidence.money_lists(asset, self.most_parties, self.level),
            ten=evidence.ten_lines(asset, self.level),
            ten_told=evidence_words.ten_lines(asset.signals),
            rules=evidence.rules(asset, self.currency),
            weak=evidence.weak(asset),
            evidence=evidence.groups(asset, self.level) if with_evidence else (),
            advice=advice(asset),
            best=evidence_words.worth_told(asset),
            knowing=self._knowing(asset),
            **_turned(self.swings.get(asset.name, ()), self.currency),
        )

    def turned(self, view: AssetView, swings: Sequence[Swing] | Refusal) -> AssetView:
        """The same view with what would change the answer."""
        return replace(view, **_turned(swings, self.currency))

    def _knowing(self, asset: AssetDiagnosis) -> tuple[tuple[str, wording.Said, str], ...]:
        return tuple(
            (wording.opening(evidence_words.figure_name(w.about)), wording.said(w.amount), wording.sentence(w.source))
            for w in asset.worth_knowing[:_MOST_KNOWING]
        )

    def _said(self, figure: Figure) -> wording.Said:
        return wording.said(figure, self.level)

    def _flow(self, asset: AssetDiagnosis, flow: wording.Flow) -> FlowRow:
        split = wording.split(asset, flow)
        share, word = wording.headline(split)
        counted = wording.lines_of(share, wording.measure(asset, flow), self.level, flow)
        counted = counted._replace(value=f"{counted.value}{word}")
        where = wording.opening(wording.most_of(asset, flow) or wording.nothing_in(split))
        bar = split_bar(asset, self.widest, flow)
        return FlowRow(wording.FLOWS[flow], where, bar, counted, self._said(share))

    def _money(self, asset: AssetDiagnosis) -> FlowRow:
        """What all records together show, in margin a year."""
        total, revenue = evidence_words.lost_in_all(asset), asset.revenue_per_year
        sides = evidence_words.sides_of(asset)
        found = [(s, w) for w in sides for s in evidence_words.losses_of(asset, w)]
        most = max((s.amount.value for s, _ in found), default=0.0)
        if total is None or most <= 0:
            none = wording.Said("EUR 0".replace("EUR", self.currency) if asset.losses else wording.NOT_KNOWN, "")
            return FlowRow("Margin lost", "Nothing found", None, none, none)
        where = _where_lost(asset, found, max(sum(sides.values()), most))
        share = wording.Said("", "")
        if isinstance(revenue, Estimate) and revenue.value > 0:
            share = wording.Said(
                f"{wording.percent(total.value / revenue.value)} of revenue", "", wording.id_of(revenue)
            )
        return FlowRow("Margin lost", where, money_bar(asset, self.widest_loss), self._said(total), share)

    def _alone(self, gap: Gap | Refusal) -> tuple[tuple[str, wording.Said], ...]:
        return () if isinstance(gap, Refusal) else wording.alone(gap, self.level)

    def _reading(self, r: Reading) -> Row:
        return Row(wording.plain(r.label), wording.prose(r.definition), (self._said(r.figure),), wording.records(r))

    def _clock(self, c: StageClock, gap: Gap | Refusal) -> Row:
        said = (self._said(c.median), self._said(c.p90))
        judged = isinstance(gap, Refusal) or c.stage not in gap.unjudged
        return Row(wording.stage(c.stage), wording.standard(c.standard), said, wording.count(c.n), judged)


def _turned(swings: Sequence[Swing] | Refusal, currency: str) -> dict[str, Any]:
    """What would change the answer, by the fields of a view."""
    known = () if isinstance(swings, Refusal) else swings
    return {
        "turns": turning.sentences(known, currency) if known else (),
        "turn_rows": turning.rows(known, currency),
        "tornado": _drawn(turning.picture(known, currency)),
    }


def _where_lost(asset: AssetDiagnosis, found: list[tuple[evidence_words.StageLoss, Wall]], total: float) -> str:
    """The stage that the verdict names, with its part of the margin lost; the one that loses most, where it is another."""
    order = sorted(found, key=lambda pair: -pair[0].amount.value)
    named = wording.where(asset).partition(" · ")[0]
    first = next((pair for pair in order if wording.stage(pair[0].stage) == named), order[0])

    def told(loss: evidence_words.StageLoss, wall: Wall) -> str:
        return f"{wording.stage(loss.stage)}, {wording.WALLS[wall]}: {wording.percent(loss.amount.value / total)} of it"

    words = f"{told(*first)} · {first[0].whose}"
    return wording.prose(words if first == order[0] else f"{words}; most margin: {told(*order[0])}")


def _fit(diagnosis: Diagnosis, has_both: bool) -> Fit:
    priced = any(a.paths or a.signals or a.governance for a in (diagnosis.total, *diagnosis.assets))
    if priced:
        return _BOTH_FLOWS_PRICED if has_both else _ONE_FLOW_PRICED
    return _BOTH_FLOWS if has_both else _ONE_FLOW


def _icon(verdict: VerdictName) -> str:
    return verdict.replace(" ", "-")


def _write(template: str, **context: object) -> str:
    return _tight(_templates().get_template(template).render(**context))


def _style(name: str) -> str:
    # Tightened before its hash is taken: the page's policy admits this very text and no other style.
    return _tight(files(_PACKAGE).joinpath(name).read_text(encoding="utf-8"))


def _tight(text: str) -> str:
    """Text without indentation and empty lines; a page of 200 assets is a third smaller."""
    return re.sub(r"\n\s+", "\n", text)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader(_PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        plain=wording.plain,
        prose=wording.prose,
        opening=wording.opening,
        sentence=wording.sentence,
        count=wording.count,
        aside=wording.aside,
        pc=_pc,
        parent=_parent,
        drawn=_drawn,
        slug=slug,
    )
    templates.globals.update(plural=wording.plural, costs_sales=wording.COSTS_SALES)
    templates.globals.update(
        default_costs=[wording.sentence(x) for x in evidence_words.DEFAULT_COSTS.partition(": ")[::2]]
    )
    return templates


def _drawn(svg: str) -> Markup:
    """A drawing of our own: its words are escaped where it is drawn, and a page needs no namespace."""
    return Markup(svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))  # noqa: S704 - canvas escapes every word


def _parent(number: str) -> str:
    """The id of the part that a number is a field of."""
    return number.rpartition(".")[0]


def _pc(x: float) -> str:
    """A place in a drawing: "12.3%"."""
    return f"{x:.1f}".removesuffix(".0") + "%"
