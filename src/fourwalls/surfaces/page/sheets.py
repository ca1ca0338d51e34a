"""One printed page for the portfolio and one for each asset: what they say, and the PDF made of them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, VerdictName
from fourwalls.numbers import acted_on
from fourwalls.surfaces import at_best, evidence_words, wording
from fourwalls.surfaces.page import evidence, worth
from fourwalls.surfaces.page.advice import advice
from fourwalls.surfaces.page.canvas import Canvas, clipped
from fourwalls.surfaces.page.fall import fall
from fourwalls.surfaces.page.portfolio_map import mark
from fourwalls.surfaces.page.tiles import tiles
from fourwalls.surfaces.page.waterfall import printed, shelf_steps, steps

_PACKAGE = "fourwalls.surfaces.page"
# What a page has room for at a size that can be read; what is left out is counted.
_MOST_ROWS, _MOST_LINES, _MOST_HOLES, _MOST_UNKNOWN, _MOST_TASKS, _MOST_ASSETS = 4, 10, 2, 2, 3, 24
_NAME, _LINE, _SENTENCE, _MOST_STAGES = 70, 46, 230, 4


@dataclass(frozen=True, slots=True)
class TilePrinted:
    """A short answer."""

    question: str
    answer: str
    note: str


@dataclass(frozen=True, slots=True)
class TablePrinted:
    """A table: its title, header, rows, the row that stands out (−1 for none), what was left out, further columns set to the left."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: int = -1
    more: str = ""
    left: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WeekPrinted:
    """One week of the plan: title of each task, then days and owner."""

    name: str
    tasks: tuple[tuple[str, str], ...]
    more: str


@dataclass(frozen=True, slots=True)
class SheetPrinted:
    """One page.

    Attributes:
        name, about, verdict, icon: The headline; the icon is a drawing.
        bottleneck, next_step, because: The verdict in sentences.
        tiles: The short answers.
        worth: What each path is worth.
        pictures: (title, drawing): value fan and chain, or the map.
        lists: The two lists; of the portfolio its assets.
        ten: Signals and tests.
        notes: (title, sentence, loud): rules, mistakes, role, what is not known, the pilot.
        weeks: The plan.
        footer: What stands below.
    """

    name: str
    about: str
    verdict: str
    icon: str
    bottleneck: str
    next_step: str
    because: str
    tiles: tuple[TilePrinted, ...]
    worth: TablePrinted | None
    pictures: tuple[tuple[str, str], ...]
    lists: tuple[TablePrinted, ...]
    ten: TablePrinted | None
    notes: tuple[tuple[str, str, bool], ...]
    weeks: tuple[WeekPrinted, ...]
    footer: str


def sheets(diagnosis: Diagnosis, most: int | None = None) -> tuple[SheetPrinted, ...]:
    """The portfolio's page, then one for each asset, most to recover first.

    Args:
        diagnosis: The result.
        most: So many assets at most; None for all.
    """
    return (_portfolio(diagnosis), *(asset_sheet(a, diagnosis) for a in evidence_words.ranked(diagnosis)[:most]))


def pdf(diagnosis: Diagnosis) -> bytes:
    """The pages as PDF, the same bytes for the same diagnosis. All text goes to the typesetter as data, none as markup."""
    # Late: most commands set no type.
    import typst

    told = json.dumps([asdict(s) for s in sheets(diagnosis)], ensure_ascii=False)
    made: bytes = typst.compile(
        files(_PACKAGE).joinpath("sheets.typ").read_bytes(),
        format="pdf",
        # The typesetter's own fonts know Latin, Greek and Cyrillic; for other scripts the machine's are asked.
        ignore_system_fonts=not _is_foreign(told),
        sys_inputs={"sheets": told},
    )
    return made


def _is_foreign(text: str) -> bool:
    known = ("LATIN", "GREEK", "CYRILLIC", "MODIFIER", "FEMININE", "MASCULINE", "MICRO")
    return any(c.isalpha() and not unicodedata.name(c, "").startswith(known) for c in set(text))


def asset_sheet(asset: AssetDiagnosis, diagnosis: Diagnosis) -> SheetPrinted:
    """The page of one asset."""
    level, currency = diagnosis.level, diagnosis.currency
    words = advice(asset)
    rules = evidence.rules(asset, currency)
    notes = [("Rules with partners", rules.told.value, rules.is_blocked)]
    notes += [(f"{'Blocks' if h.blocks else 'Warns'}: {h.party}", f"{h.question} {h.remedy}", h.blocks) for h in rules.holes[:_MOST_HOLES]]  # fmt: skip
    fired = [g for g in words.guards if g.state == "fires"]
    quiet = ", ".join(f"{g.label.lower()} ({g.state})" for g in words.guards)
    notes += [(f"Mistake: {g.label}", f"{g.because} {g.remedy}", True) for g in fired] or [("Four mistakes", f"None fires: {quiet}.", False)]  # fmt: skip
    notes.append((f"Role: {words.role}", f"{words.role_because} {words.asks}", False))
    unknown = wording.unknowns(asset)
    notes += [("Not known", f"{wording.opening(r.about)}: {wording.prose(r.because)}. Needed: {wording.prose(r.next_step)}", False) for r in unknown[:_MOST_UNKNOWN]]  # fmt: skip
    for w in asset.worth_knowing[:1]:
        about, amount = evidence_words.figure_name(w.about), wording.said(w.amount)
        notes.append(("Worth knowing first", f"{about}: {amount}. From {wording.plain(w.source)}", False))
    if len(unknown) > _MOST_UNKNOWN:
        notes.append(("Not known", f"{wording.count(len(unknown) - _MOST_UNKNOWN)} more on the page.", False))
    return SheetPrinted(
        name=_cut(wording.asset(asset), _NAME), about=_about(asset, diagnosis), verdict=wording.VERDICTS[asset.verdict],
        icon=_icon(asset.verdict), bottleneck=_cut(wording.sentence(asset.bottleneck), _SENTENCE),
        next_step=_cut(wording.sentence(asset.next_step), _SENTENCE), because=_cut(f"{wording.sentence(asset.because)} {at_best.beside(asset, diagnosis)}".strip(), 3 * _SENTENCE),
        tiles=_tiles(asset, diagnosis), worth=_worth(asset, diagnosis), pictures=_pictures(asset, currency, level),
        lists=_lists(asset, level), ten=_ten(asset, level),
        notes=(*((_cut(t, _LINE), _cut(text, _SENTENCE), loud) for t, text, loud in notes),
               ("Pilot to run next", _cut(f"{words.pilot} {words.command}", 2 * _SENTENCE), False)),
        weeks=_weeks(asset), footer=_footer(asset, diagnosis),
    )  # fmt: skip


def _portfolio(diagnosis: Diagnosis) -> SheetPrinted:
    total = diagnosis.total
    page = asset_sheet(total, diagnosis)
    most = worth.portfolio_worth(diagnosis, _MOST_ASSETS)
    pictures = (("Assets by what their two paths bring", str(most.picture)),) if most and most.picture else ()  # fmt: skip
    rows = tuple(_asset_row(n, a) for n, a in enumerate(evidence_words.ranked(diagnosis)[:_MOST_ASSETS], 1))
    left = len(diagnosis.assets) - len(rows)
    assets = TablePrinted(
        "Assets, most to recover first", ("Asset", "Verdict", "Where", "Worth after costs", "Best in"), rows, left=(1, 2),
        more=f"and {wording.plural(left, 'more asset')} on the pages that follow" if left else "",
    )  # fmt: skip
    return SheetPrinted(
        name=_cut(wording.name(diagnosis.portfolio), _NAME), about=page.about, verdict=page.verdict, icon=page.icon,
        bottleneck=page.bottleneck, next_step=page.next_step, because=page.because, tiles=page.tiles, worth=page.worth,
        pictures=(*_svg(pictures), *page.pictures[:1]) if pictures else page.pictures, lists=(assets,), ten=None, notes=(page.notes[0], page.notes[-1]),
        weeks=page.weeks, footer=page.footer,
    )  # fmt: skip


def _asset_row(number: int, a: AssetDiagnosis) -> tuple[str, ...]:
    chosen, told = acted_on(a), evidence_words.worth_told(a)
    value = "" if told is None else str(told)
    chance = "" if chosen is None else wording.chance(chosen.chance)
    return (
        f"{number}  {_cut(wording.asset(a), 58)}",
        wording.VERDICTS[a.verdict],
        _cut(wording.where(a), 58),
        value,
        chance,
    )


def _about(asset: AssetDiagnosis, diagnosis: Diagnosis) -> str:
    told = (wording.name(diagnosis.portfolio), wording.period(diagnosis.period), *wording.rests_on(asset))
    return _cut(" · ".join(told), 130)


def _footer(asset: AssetDiagnosis, diagnosis: Diagnosis) -> str:
    costs = f" {evidence_words.DEFAULT_COSTS}" if any(p.is_default for p in asset.paths) else ""
    told = f"fourwalls {wording.plain(diagnosis.version)}. Ranges are {wording.percent(diagnosis.level)} intervals, of values 80 %."
    return _cut(f"{told}{costs} Decided by rule {wording.sentence(asset.rule)}", 2 * _SENTENCE)


def _tiles(asset: AssetDiagnosis, diagnosis: Diagnosis) -> tuple[TilePrinted, ...]:
    told = tiles(asset, diagnosis.level, diagnosis)
    return tuple(TilePrinted(t.question, _cut(t.answer, 22), _cut(t.note, 120)) for t in told)


def _worth(asset: AssetDiagnosis, diagnosis: Diagnosis) -> TablePrinted | None:
    rows = at_best.rows(asset, diagnosis)
    if not rows:
        return None
    header = ("Path", "Value after costs", "Margin a year*", "To begin", "To run, a year", "Pays after", "Best in")
    more = f"* {known}" if (known := at_best.counted(diagnosis)) else ""
    told = tuple((r.path, str(r.value), r.gain, r.one_off, r.run, _cut(r.payback, 30), r.chance) for r in rows)
    return TablePrinted(
        "What each path is worth", header, told, next((i for i, r in enumerate(rows) if r.is_best), -1), more
    )


def _pictures(asset: AssetDiagnosis, currency: str, level: float) -> tuple[tuple[str, str], ...]:
    known = worth.worth(asset, currency)
    found = []
    if known is not None and known.picture:
        found.append(("Value of the paths, P10 to P90", str(known.picture)))
    for title, rows in (("Late lines", steps(asset, level)), ("Empty shelves", shelf_steps(asset, level))):
        if rows:
            found.append((f"{title}: where in the chain", fall(printed(rows, _MOST_STAGES), title)))
    return _svg(found)


def _svg(found: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Drawings that stand alone have a namespace."""
    named = "<svg xmlns="
    return tuple(
        (title, svg if svg.startswith(named) else svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))
        for title, svg in found
    )


def _lists(asset: AssetDiagnosis, level: float) -> tuple[TablePrinted, ...]:
    found = []
    for m in evidence.money_lists(asset, 1, level)[:2]:
        rows = [(f"{r.name}: {_cut(r.whose, 30)}", r.counted, r.amount.value) for r in m.rows[:_MOST_ROWS]]
        if m.total is not None:
            rows.append(("Together", "", str(m.total)))
        left = len(m.rows) - _MOST_ROWS
        more = "" if rows else "Nothing found on this side."
        more = f"{wording.plural(left, 'smaller stage')} on the page" if left > 0 else more
        found.append(TablePrinted(m.title, ("Stage, and whose", "Counted", "Margin a year"), _cells(rows), len(rows) - 1 if rows else -1, more))  # fmt: skip
    return tuple(found) or _counted_lists(asset)


def _counted_lists(asset: AssetDiagnosis) -> tuple[TablePrinted, ...]:
    """The two lists in lines and units, where nothing is priced."""
    found = []
    for wall in ("inside", "between"):
        parts = [p for f in wording.known_flows(asset) for p in wording.stage_parts(asset, wall, 1, f)]
        rows = [
            (f"{wording.stage(p.of.stage)}: {_cut(wording.whose((*p.biggest, *p.others)), 30)}",
             wording.counted(wording.size(p.of), wording.flow_of(p.of)), str(wording.said(p.of.share)))
            for p in parts[: _MOST_ROWS + 1]
        ]  # fmt: skip
        left = len(parts) - len(rows)
        more = (
            f"{wording.plural(left, 'smaller stage')} on the page"
            if left > 0
            else ""
            if rows
            else "Nothing found on this side."
        )
        found.append(TablePrinted(wording.LISTS[wall], ("Stage, and whose", "Could be kept", "Share"), _cells(rows), more=more))  # fmt: skip
    return tuple(found)


def _cells(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_cut(c, _LINE) for c in row) for row in rows)


def _ten(asset: AssetDiagnosis, level: float) -> TablePrinted | None:
    if not asset.signals:
        return None
    rows = [
        (line.label, line.how, line.lean, str(line.reading)) for line in evidence.ten_lines(asset, level)[:_MOST_LINES]
    ]
    return TablePrinted("Six signals and four tests", ("What it asks", "How we know", "Leans to", "Reading"), _cells(rows), left=(1, 2))  # fmt: skip


def _weeks(asset: AssetDiagnosis) -> tuple[WeekPrinted, ...]:
    made = []
    for w in advice(asset).weeks:
        tasks = tuple(
            (_cut(t.title, 90), _cut(f"{t.days} · {'to be named: ' if t.is_open else ''}{t.owner}", 60))
            for t in w.tasks[:_MOST_TASKS]
        )
        left = len(w.tasks) - len(tasks)
        made.append(WeekPrinted(f"Week {w.number}: {w.name.lower()}", tasks, f"and {left} more on the page" if left > 0 else ""))  # fmt: skip
    return tuple(made)


def _icon(verdict: VerdictName) -> str:
    canvas = Canvas(40, wording.VERDICTS[verdict])
    mark(canvas, verdict, (20, 20), 15)
    return canvas.svg().replace('viewBox="0 0 400 40"', 'viewBox="0 0 40 40"')


def _cut(text: str, most: int) -> str:
    return clipped(wording.prose(text), most)
