"""A diagnosis as one HTML page: no request leaves it, no script runs in it, and it prints on one A4 sheet."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Diagnosis, Gap, Health, StageClock, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.surfaces import wording
from fourwalls.surfaces.page.waterfall import Bar, Month, Step, months, split_bar, steps, widest_gap

MOST_ASSETS = 200
"""Assets on the page; the JSON file carries all of them."""
_MOST_PARTIES = 5
_MOST_PARTIES_OF_ASSET = 2
_MOST_ASSETS_OF_FRAGMENT = 10
_PACKAGE = "fourwalls.surfaces.page"


class Fit:
    """How much fits: on the printed sheet, and of the assets, on a screen before one asks for more.

    The sheet's heights in sheet.css are made for these; change them together and look at the print test.
    """

    on_screen = 12
    assets = 7
    entries = 6
    readings = 7
    unknowns = 3
    tables = 4
    suspicions = 2
    notes = 2


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the short answers under the verdict; with a wall where it speaks for one side only."""

    question: str
    answer: str
    note: str
    wall: Wall | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A contribution as one row of a list."""

    party: str
    outcome: str
    lines: str
    interval: str
    amount: wording.Said


@dataclass(frozen=True, slots=True)
class Part:
    """A stage in one of the two lists.

    Attributes:
        stage, lines, interval: Which, and what it took.
        standard: What it is held against; "" where a clock of the stage tells.
        entries: Its biggest parties.
        in_print: How many of these go on paper.
        further, further_in_print: The parties left out, on screen and on paper; "" if none is.
    """

    stage: str
    lines: str
    interval: str
    standard: str
    entries: tuple[Entry, ...]
    in_print: int
    further: str
    further_in_print: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One of the two lists: what one side of the wall can repair, stage by stage."""

    wall: Wall
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A reading, or a stage's clock, as one row of a table; of a clock, whether the stage could be judged."""

    label: str
    about: str
    said: tuple[wording.Said, ...]
    n: str
    is_judged: bool = True


@dataclass(frozen=True, slots=True)
class AssetView:
    """One asset, or the whole portfolio, in words and bars.

    Attributes:
        name: Its name on one line.
        verdict, icon: The verdict, and its drawing.
        why: Where most of the gap lies, for the list of assets.
        where: The same in a few words, for a narrow list.
        because, rule, bottleneck, next_step: The verdict in sentences.
        n_lines: Order lines looked at.
        is_known: Whether its gap could be told.
        tiles: The short answers.
        split: What can be recovered, by side.
        gap_lines, gap_share: The same in words.
        alone: What repairing one side alone would recover.
        unjudged: Stages for which nothing is claimed; "" if there is none.
        nothing: What a side without a part says.
        steps: The waterfall; empty where it cannot be drawn.
        lists: Inside fixes and outside dependencies, then those of unknown side if any.
        readings, clocks: Measured figures.
        unknowns: What cannot be told, and what would tell.
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
    n_lines: str
    is_known: bool
    tiles: tuple[Tile, ...]
    split: Bar | None
    gap_lines: wording.Said
    gap_share: wording.Said
    alone: tuple[tuple[str, wording.Said], ...]
    unjudged: str
    nothing: str
    steps: tuple[Step, ...]
    lists: tuple[Listed, ...]
    readings: tuple[Row, ...]
    clocks: tuple[Row, ...]
    unknowns: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything the templates may write.

    Attributes:
        portfolio, own_party, period, grain, level, version: The headline.
        total: The answer for the portfolio.
        assets: Those shown, worst first.
        assets_in_all: How many there are.
        health: What was read and used.
        months: Its coverage as columns.
    """

    portfolio: str
    own_party: str
    period: str
    grain: str
    level: str
    version: str
    total: AssetView
    assets: tuple[AssetView, ...]
    assets_in_all: int
    health: Health
    months: tuple[Month, ...]


def render(diagnosis: Diagnosis) -> str:
    """The whole page as one self-contained HTML document."""
    view = _page(diagnosis, MOST_ASSETS)
    style = _style("page.css") + _style("sheet.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _write("page.html.j2", page=view, fit=Fit, style=Markup(style), style_hash=digest)  # noqa: S704 - our own file


def fragment(diagnosis: Diagnosis) -> str:
    """The answer and the ranked assets as a piece of HTML, for a notebook."""
    view = _page(diagnosis, _MOST_ASSETS_OF_FRAGMENT)
    return _write("fragment.html.j2", page=view, style=Markup(_style("page.css")))  # noqa: S704 - our own file


def _page(diagnosis: Diagnosis, most_assets: int) -> PageView:
    words = _AssetWords(diagnosis, _MOST_PARTIES_OF_ASSET)
    return PageView(
        portfolio=wording.name(diagnosis.portfolio),
        own_party=wording.name(diagnosis.own_party),
        period=wording.period(diagnosis.period),
        grain=" × ".join(wording.plain(g).removesuffix("_id").replace("_", " ") for g in diagnosis.grain),
        level=wording.percent(diagnosis.level),
        version=wording.plain(diagnosis.version),
        total=_AssetWords(diagnosis, _MOST_PARTIES).view(diagnosis.total),
        assets=tuple(words.view(a) for a in diagnosis.assets[:most_assets]),
        assets_in_all=len(diagnosis.assets),
        health=diagnosis.health,
        months=months(diagnosis.health.coverage),
    )


class _AssetWords:
    """Puts assets into words; what all of them share is worked out once."""

    def __init__(self, diagnosis: Diagnosis, most_parties: int) -> None:
        self.level = diagnosis.level
        self.widest = widest_gap(diagnosis.assets)
        self.most_parties = most_parties

    def view(self, asset: AssetDiagnosis) -> AssetView:
        """One asset in words and bars."""
        share: Figure = asset.gap.total if isinstance(asset.gap, Gap) else asset.gap
        return AssetView(
            name=wording.asset(asset),
            verdict=wording.VERDICTS[asset.verdict],
            icon=_icon(asset.verdict),
            why=wording.largest_part(asset),
            where=wording.where(asset),
            because=wording.sentence(asset.because),
            rule=wording.sentence(asset.rule),
            bottleneck=wording.sentence(asset.bottleneck),
            next_step=wording.sentence(asset.next_step),
            n_lines=wording.count(asset.n_lines),
            is_known=isinstance(share, Estimate),
            tiles=_tiles(asset, self.level),
            split=split_bar(asset, self.widest),
            gap_lines=wording.lines_of(share, asset.n_lines, self.level),
            gap_share=self._said(share),
            alone=self._alone(asset.gap),
            unjudged="" if isinstance(asset.gap, Refusal) else wording.not_judged(asset.gap),
            nothing=wording.nothing_found(asset.gap),
            steps=steps(asset, self.level),
            lists=self._lists(asset),
            readings=tuple(self._reading(r) for r in asset.readings),
            clocks=tuple(self._clock(c, asset.gap) for c in asset.clocks),
            unknowns=wording.unknowns(asset),
        )

    def _said(self, figure: Figure) -> wording.Said:
        return wording.said(figure, self.level)

    def _alone(self, gap: Gap | Refusal) -> tuple[tuple[str, wording.Said], ...]:
        if isinstance(gap, Refusal):
            return ()
        return (
            ("Repairing inside only", self._said(gap.operate)),
            ("Repairing between only", self._said(gap.orchestrate)),
            ("Only both together", self._said(gap.interaction)),
        )

    def _lists(self, asset: AssetDiagnosis) -> tuple[Listed, ...]:
        lists = (Listed(wall, title, self._parts(asset, wall)) for wall, title in wording.LISTS.items())
        return tuple(x for x in lists if x.parts or x.wall != "unknown")

    def _parts(self, asset: AssetDiagnosis, wall: Wall) -> tuple[Part, ...]:
        parts = wording.stage_parts(asset, wall, self.most_parties)
        timed = {c.stage for c in asset.clocks}
        on_paper = Fit.entries // len(parts) if parts else 0
        return tuple(self._part(p, max(1, on_paper), asset.n_lines, p.of.stage not in timed) for p in parts)

    def _part(self, part: wording.StagePart, on_paper: int, n_lines: int, untimed: bool) -> Part:
        cut = _whole_parties(part.biggest, on_paper)
        printed, others = part.biggest[:cut], (*part.biggest[cut:], *part.others)
        return Part(
            stage=wording.stage(part.of.stage),
            lines=wording.lines(part.of.lines),
            interval=self._said(wording.as_lines(part.of.share, n_lines)).interval,
            standard=wording.standard(part.biggest[0].standard) if untimed and part.biggest else "",
            entries=tuple(self._entry(c, n_lines) for c in part.biggest),
            in_print=cut,
            further=wording.further(part.biggest, part.others),
            further_in_print=wording.further(printed, others),
        )

    def _entry(self, c: Contribution, n_lines: int) -> Entry:
        return Entry(
            party=wording.name(c.party_name),
            outcome=wording.OUTCOMES[c.outcome],
            lines=wording.lines(c.lines),
            interval=self._said(wording.as_lines(c.share, n_lines)).interval,
            amount=self._said(c.amount),
        )

    def _reading(self, r: Reading) -> Row:
        return Row(wording.plain(r.label), wording.prose(r.definition), (self._said(r.figure),), wording.records(r))

    def _clock(self, c: StageClock, gap: Gap | Refusal) -> Row:
        said = (self._said(c.median), self._said(c.p90))
        judged = isinstance(gap, Refusal) or c.stage not in gap.unjudged
        return Row(wording.stage(c.stage), wording.standard(c.standard), said, wording.count(c.n), judged)


def _whole_parties(entries: Sequence[Contribution], most: int) -> int:
    """How many of the first entries are at most so many and leave no party half told; one party may fill them all."""
    cut = min(most, len(entries))
    while 0 < cut < len(entries) and entries[cut].party_id == entries[cut - 1].party_id:
        cut -= 1
    return cut or min(most, len(entries))


def _tiles(asset: AssetDiagnosis, level: float) -> tuple[Tile, ...]:
    """How much, which side, how sure, and the first thing to look at on either side."""
    if isinstance(asset.gap, Refusal):
        return ()
    gap = asset.gap
    much, missed = wording.said(gap.total, level), wording.said(gap.missed, level)
    within = f"({much.interval}) " if much.interval else ""
    note = wording.prose(f"{within}of order lines could be recovered; {missed.value} missed")
    tiles = [Tile("How much", much.value, note), _side_tile(asset, gap, level), _sure_tile(asset, gap, level)]
    return (*tiles, _first_tile(asset, "inside", "Largest inside"), _first_tile(asset, "between", "Largest between"))


def _side_tile(asset: AssetDiagnosis, gap: Gap, level: float) -> Tile:
    wall, part = wording.side(gap)
    if isinstance(part, Refusal):
        return Tile("Which side", wording.NOT_KNOWN, wording.sentence(part.because))
    told = wording.said(part, level)
    if asset.verdict == "operate then orchestrate":
        return Tile(
            "Which side", "Both", wording.prose(f"the larger part, {told.value}, is {wording.SIDES[wall].lower()}")
        )
    judged = ", as far as judged" if gap.unjudged else ""
    return Tile("Which side", wording.SIDES[wall], wording.prose(f"{told} of what could be recovered{judged}"))


def _sure_tile(asset: AssetDiagnosis, gap: Gap, level: float) -> Tile:
    sure = wording.certainty(asset, gap, level)
    if sure is None:
        return Tile("How sure", wording.NOT_KNOWN, "the chance was not computed")
    return Tile("How sure", wording.opening(sure[0]), sure[1])


def _first_tile(asset: AssetDiagnosis, wall: Wall, question: str) -> Tile:
    parts = wording.stage_parts(asset, wall, 1)
    if not parts:
        unjudged = "" if isinstance(asset.gap, Refusal) else wording.not_judged(asset.gap)
        return Tile(question, "Nothing found", unjudged or "no lines to recover on this side", wall)
    part = parts[0]
    who = wording.whose((*part.biggest, *part.others))
    note = wording.in_lines(part.of.lines) + (f": {who}" if who else "")
    return Tile(question, wording.stage(part.of.stage), note, wall)


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
    )
    templates.globals.update(plural=wording.plural)
    return templates


def _pc(x: float) -> str:
    """A place in a drawing: "12.3%"."""
    return f"{x:.1f}".removesuffix(".0") + "%"
