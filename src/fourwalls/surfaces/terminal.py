"""A diagnosis, or the health of the data alone, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Availability,
    Contribution,
    Diagnosis,
    Gap,
    Health,
    Suspicion,
    VerdictName,
    Wall,
)
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.surfaces import at_best, wording
from fourwalls.surfaces.evidence_terminal import show_evidence, show_losses

_MOST_ASSETS = 20
_MOST_PARTIES = 3
_MOST_SILENT = 3
_MOST_UNKNOWN = 8
_BAR = 18
_WIDE = 104

_INSIDE, _BETWEEN, _SOFT = "dodger_blue2", "dark_orange3", "bright_black"
_NOUNS: dict[wording.Flow, str] = {flow: f"{noun}s" for flow, noun in wording.NOUNS.items()}
_SIGNS: dict[VerdictName, tuple[str, str]] = {
    "operate": ("■", _INSIDE),
    "orchestrate": ("●", _BETWEEN),
    "operate then orchestrate": ("■●", _INSIDE),
    "govern first": ("▲", "magenta"),
    "leave it": ("–", "green"),
    "cannot tell yet": ("?", _SOFT),
}
_FILLS: dict[Wall, tuple[str, str]] = {"inside": ("█", _INSIDE), "between": ("▒", _BETWEEN), "unknown": ("░", _SOFT)}


def show(diagnosis: Diagnosis, console: Console) -> None:
    """The answer, the assets worst first, the two lists, the readings and what is not known."""
    level, total = diagnosis.level, diagnosis.total
    _headline(diagnosis, console)
    _answer(diagnosis, console)
    _assets(diagnosis, console)
    show_evidence(diagnosis, console)
    if total.losses:
        show_losses(total, level, console)
    else:
        _two_lists(total, level, console)
    show_stock(total, console)
    _readings(total.readings, level, console)
    _unknowns(wording.unknowns(total), console)
    _rows(diagnosis.health, console)
    console.print(_text(f"Ranges are {wording.percent(level)} intervals.", _SOFT))


def show_health(health: Health, console: Console) -> None:
    """What was read, used and set aside, and what to ask before believing it."""
    if not health.tables:
        console.print(_text("No table was read."))
    else:
        console.print(_tables(health))
    if any(t.set_aside for t in health.tables):
        console.print(_set_aside(health))
    _absent(health, console)
    if health.coverage:
        console.print(_coverage(health.coverage))
    _suspicions(health.suspicions, console)
    for note in health.notes:
        console.print(_text(f"· {wording.plain(note)}", _SOFT))


def _headline(diagnosis: Diagnosis, console: Console) -> None:
    console.print(_text(wording.name(diagnosis.portfolio), "bold"))
    facts = (
        wording.period(diagnosis.period),
        wording.plural(len(diagnosis.assets), "asset"),
        *wording.rests_on(diagnosis.total),
        f"inside is {wording.name(diagnosis.own_party)}",
    )
    console.print(_text(" · ".join(facts), _SOFT))
    console.print()


def _answer(diagnosis: Diagnosis, console: Console) -> None:
    level, total = diagnosis.level, diagnosis.total
    console.print(_verdict(total.verdict, "bold"))
    console.print(_text(wording.sentence(total.bottleneck)))
    console.print(_text(f"→ {wording.sentence(total.next_step)}", "bold"))
    console.print(_text(f"{wording.sentence(total.because)} {at_best.beside(total, diagnosis)}".strip(), _SOFT))
    flows = wording.known_flows(total)
    for flow in flows:
        split = wording.split(total, flow)
        if not isinstance(split, Refusal):
            lead = f"{wording.FLOWS[flow]}: " if len(flows) > 1 else ""
            for sentence in _split_sentences(total, split, level):
                console.print(_text(f"{lead}{sentence}"))
    console.print()


def _split_sentences(diagnosed: AssetDiagnosis, split: Gap | Availability, level: float) -> list[str]:
    """How much, which side, and how sure."""
    total = wording.said(split.total, level)
    if isinstance(split, Gap):
        lost = wording.said(split.missed, level)
        sentences = [f"Could be recovered: {total} of order lines; missed: {lost}."]
    else:
        lost = wording.said(split.lost, level)
        sentences = [f"Could be sold: {total} of units wanted; met an empty shelf: {lost}."]
    wall, part = wording.side(split)
    if isinstance(part, Estimate):
        judged = ", as far as judged" if split.unjudged else ""
        sentences.append(f"{wording.SIDES[wall]}: {wording.said(part, level)} of what could be recovered{judged}.")
    if sure := wording.certainty(diagnosed, split, level):
        answer, note = sure
        is_chance = note.startswith("chance")
        sentences.append(f"{wording.opening(note)}: {answer}." if is_chance else f"{answer}: {note}.")
    if unjudged := wording.not_judged(split):
        sentences.append(f"{wording.sentence(unjudged).removesuffix('.')}: nothing to compare with.")
    return sentences


def _assets(diagnosis: Diagnosis, console: Console) -> None:
    assets, flows = diagnosis.assets, wording.flows(diagnosis)
    if not assets:
        console.print(_text("No asset has an order line in this period.", _SOFT))
        return
    # Beside two flows there is room for bars only on the widest of terminals, and none for ranges.
    is_wide = console.width >= _WIDE and len(flows) == 1
    table = _table(
        "Assets, most to recover first" if len(flows) > 1 else f"Assets, most {_NOUNS[flows[0]]} to recover first"
    )
    table.add_column("Asset", ratio=1, min_width=14)
    table.add_column("Verdict", no_wrap=True)
    if is_wide:
        table.add_column("█ inside ▒ between", no_wrap=True, width=_BAR)
    for flow in flows:
        table.add_column(_NOUNS[flow].capitalize(), justify="right", no_wrap=True)
        heading = "Recoverable share" if len(flows) == 1 else "Of all" if flow == "service" else "Of wanted"
        table.add_column(heading, justify="right", no_wrap=True)
    silent = [a for a in assets if a.verdict == "cannot tell yet" and not wording.known_flows(a)]
    folded = silent if len(silent) > _MOST_SILENT else []
    shown = [a for a in assets if a not in folded][:_MOST_ASSETS]
    most = max((_size(a, flows[0]) for a in shown), default=0.0)
    for asset in shown:
        wide = (_bar(asset, flows[0], most),) if is_wide else ()
        cells = [_text(cell) for flow in flows for cell in _counted(asset, flow, diagnosis.level, len(flows) == 1)]
        table.add_row(_text(wording.asset(asset)), _verdict(asset.verdict), *wide, *cells)
    if shown:
        console.print(table)
    if folded:
        names = ", ".join(wording.asset(a) for a in folded[:_MOST_SILENT])
        console.print(_text(f"{wording.plural(len(folded), 'asset')}: cannot tell yet ({names} …)", _SOFT))
        console.print()
    if hidden := len(assets) - len(shown) - len(folded):
        console.print(_text(f"  and {wording.plural(hidden, 'more asset')}, in diagnosis.json", _SOFT))
        console.print()


def _counted(asset: AssetDiagnosis, flow: wording.Flow, level: float, with_range: bool) -> tuple[str, str]:
    """What one flow could recover in an asset: the number, and its share."""
    split = wording.split(asset, flow)
    share, word = wording.headline(split)
    said = wording.said(share, level)
    number = "–" if isinstance(share, Refusal) else wording.lines(share.value * wording.measure(asset, flow)) + word
    return number, str(said) if with_range else said.value


def _bar(asset: AssetDiagnosis, flow: wording.Flow, most: float) -> Text:
    """What could be recovered by side, as blocks of three textures."""
    bar = Text()
    split = wording.split(asset, flow)
    sums = {} if isinstance(split, Refusal) else wording.by_wall(split)
    for wall, lines in sums.items():
        sign, style = _FILLS[wall]
        bar.append(sign * round(max(lines, 0.0) / most * _BAR) if most else "", style)
    return bar


def _size(asset: AssetDiagnosis, flow: wording.Flow) -> float:
    split = wording.split(asset, flow)
    return 0.0 if isinstance(split, Refusal) else sum(max(x, 0.0) for x in wording.by_wall(split).values())


def _two_lists(total: AssetDiagnosis, level: float, console: Console) -> None:
    flows = wording.known_flows(total)
    for wall, title in wording.LISTS.items():
        for flow in flows:
            parts = wording.stage_parts(total, wall, _MOST_PARTIES, flow)
            if parts:
                named = f"{title}: {wording.FLOWS[flow].lower()}" if len(flows) > 1 else title
                console.print(_list(named, parts, wording.measure(total, flow), flow, level))


def _list(title: str, parts: Sequence[wording.StagePart], n: float, flow: wording.Flow, level: float) -> Table:
    table = _table(title)
    table.add_column("Stage, and whose", no_wrap=True, overflow="ellipsis", ratio=1, min_width=18)
    table.add_column(_NOUNS[flow].capitalize(), justify="right", no_wrap=True)
    table.add_column(wording.AMOUNTS[flow], justify="right", no_wrap=True)

    def counted(part: wording.Taken | wording.StageTaken) -> Text:
        interval = wording.said(wording.as_lines(part.share, n), level).interval
        return _text(str(wording.Said(wording.lines(wording.size(part)), interval)))

    for part in parts:
        costs = wording.size(part.of) < 0
        table.add_row(
            _text(wording.stage(part.of.stage), "bold"), counted(part.of), _text(wording.COSTS_SALES if costs else "")
        )
        for c in part.biggest:
            outcome = f", {wording.OUTCOMES[c.outcome]}" if isinstance(c, Contribution) else ""
            who = f"  {wording.name(c.party_name)}{outcome}"
            table.add_row(_text(who), counted(c), _text(str(wording.said(c.amount, level))))
        if part.others:
            table.add_row(_text(f"  {wording.further(part.biggest, part.others)}", _SOFT))
    return table


def show_stock(asset: AssetDiagnosis, console: Console) -> None:
    """The stock behind an asset's shelves; nothing where it is not known."""
    if isinstance(asset.availability, Refusal):
        return
    table = _table("Stock behind the shelves")
    table.add_column("", ratio=1, min_width=14)
    table.add_column("Figure", justify="right", no_wrap=True)
    for label, meaning, figure in wording.stock_figures(asset.availability):
        row = Text(label)
        if meaning:
            row.append(f", {meaning}", _SOFT)
        table.add_row(row, _text(str(figure)))
    console.print(table)


def _readings(readings: Sequence[Reading], level: float, console: Console) -> None:
    if not readings:
        return
    table = _table("Key readings")
    table.add_column("Reading", ratio=1, min_width=14)
    table.add_column("Figure", justify="right", ratio=1)
    table.add_column("Records", justify="right", no_wrap=True)
    for r in readings:
        told = str(wording.said(r.figure, level))
        table.add_row(_text(wording.plain(r.label)), _text(told), _text(wording.records(r)))
    console.print(table)


def _unknowns(refusals: Sequence[Refusal], console: Console) -> None:
    if not refusals:
        return
    console.print(_text("What we do not know", "bold"))
    for r in refusals[:_MOST_UNKNOWN]:
        told = _text(f"{wording.opening(r.about)}. {wording.sentence(r.because)} ")
        told.append(f"→ {wording.plain(r.next_step)}", _SOFT)
        console.print(Padding(told, (0, 0, 0, 2)))
    if (left := len(refusals) - _MOST_UNKNOWN) > 0:
        console.print(_text(f"  and {wording.count(left)} more on the page", _SOFT))
    console.print()


def _rows(health: Health, console: Console) -> None:
    """One line on the data; `show_health` has the rest."""
    for t in health.tables:
        if t.table == "order_lines" or t.set_aside:
            aside = f", {wording.count(t.rows_in - t.rows_used)} set aside: {wording.aside(t)}" if t.set_aside else ""
            console.print(
                _text(
                    f"{wording.opening(t.table.replace('_', ' '))}: {wording.count(t.rows_in)} read, {wording.count(t.rows_used)} used{aside}."
                )
            )
    if health.suspicions:
        console.print(_text(f"{wording.plural(len(health.suspicions), 'suspicion')}; see fourwalls check."))


def _tables(health: Health) -> Table:
    table = _table("Tables")
    table.add_column("Table", no_wrap=True, overflow="ellipsis")
    table.add_column("Source", no_wrap=True, overflow="ellipsis")
    table.add_column("Read", justify="right", no_wrap=True)
    table.add_column("Used", justify="right", no_wrap=True)
    table.add_column("Set aside", justify="right", no_wrap=True)
    table.add_column("Without", overflow="ellipsis", ratio=1)
    for t in health.tables:
        table.add_row(
            _text(wording.name(t.table)),
            _text(wording.name(t.source)),
            _text(wording.count(t.rows_in)),
            _text(wording.count(t.rows_used)),
            _text(wording.count(t.rows_in - t.rows_used)),
            _text(", ".join(wording.plain(c) for c in t.absent_columns), _SOFT),
        )
    return table


def _set_aside(health: Health) -> Table:
    table = _table("Set aside")
    table.add_column("Table", no_wrap=True, overflow="ellipsis")
    table.add_column("Rows", justify="right", no_wrap=True)
    table.add_column("Why", ratio=1)
    table.add_column("For example", overflow="ellipsis")
    for t in health.tables:
        for s in t.set_aside:
            example = _text(wording.plain(s.example), _SOFT)
            table.add_row(
                _text(wording.name(t.table)), _text(wording.count(s.rows)), _text(wording.plain(s.reason)), example
            )
    return table


def _absent(health: Health, console: Console) -> None:
    if health.absent_tables:
        absent = ", ".join(wording.plain(t) for t in health.absent_tables)
        console.print(_text(f"Not given: {absent}.", _SOFT))
        console.print()


def _coverage(coverage: Sequence[tuple[str, int]]) -> Table:
    """Order lines by month; a month without any stands out."""
    table = _table("Order lines by month")
    table.add_column("Month", no_wrap=True)
    table.add_column("Lines", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=_BAR)
    most = max(n for _, n in coverage)
    for first, n in coverage:
        bar = "▒" * max(1, round(n / most * _BAR)) if n else "none"
        table.add_row(_text(wording.month(first)), _text(wording.count(n)), _text(bar, _SOFT if n else "bold"))
    return table


def _suspicions(suspicions: Sequence[Suspicion], console: Console) -> None:
    if not suspicions:
        console.print(_text("Nothing looked suspicious."))
        return
    console.print(_text("Before you believe it", "bold"))
    for s in suspicions:
        console.print(Padding(_text(wording.prose(s.finding)), (0, 0, 0, 2)))
        place = f"{wording.plain(s.table)}.{wording.plain(s.column)}, {wording.plural(s.rows, 'row')}"
        console.print(Padding(_text(f"{wording.prose(s.consequence)} ({place})", _SOFT), (0, 0, 0, 4)))
    console.print()


def _verdict(verdict: VerdictName, style: str = "") -> Text:
    sign, colour = _SIGNS[verdict]
    text = Text(f"{sign} ", colour)
    text.append(wording.VERDICTS[verdict], style)
    return text


def _table(title: str) -> Table:
    head = Text(title, "bold")
    return Table(title=head, title_justify="left", box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style=_SOFT)


def _text(words: str, style: str = "") -> Text:
    """Words as they are: what looks like console markup in a name is only part of the name."""
    return Text(words, style)
