"""A diagnosis, or the health of the data alone, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, Gap, Health, Suspicion, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.surfaces import wording

_MOST_ASSETS = 20
_MOST_PARTIES = 3
_BAR = 18
_WIDE = 104

_INSIDE, _BETWEEN, _SOFT = "dodger_blue2", "dark_orange3", "bright_black"
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
    _answer(total, level, console)
    _assets(diagnosis.assets, level, console)
    _two_lists(total, level, console)
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
        wording.plural(diagnosis.total.n_lines, "order line"),
        f"inside is {wording.name(diagnosis.own_party)}",
    )
    console.print(_text(" · ".join(facts), _SOFT))
    console.print()


def _answer(total: AssetDiagnosis, level: float, console: Console) -> None:
    console.print(_verdict(total.verdict, "bold"))
    console.print(_text(wording.sentence(total.bottleneck)))
    console.print(_text(f"→ {wording.sentence(total.next_step)}", "bold"))
    console.print(_text(wording.sentence(total.because), _SOFT))
    if isinstance(total.gap, Gap):
        for sentence in _gap_sentences(total, total.gap, level):
            console.print(_text(sentence))
    console.print()


def _gap_sentences(diagnosed: AssetDiagnosis, gap: Gap, level: float) -> list[str]:
    """How much, which side, and how sure."""
    total, missed = wording.said(gap.total, level), wording.said(gap.missed, level)
    sentences = [f"Could be recovered: {total} of order lines; missed: {missed}."]
    wall, part = wording.side(gap)
    if isinstance(part, Estimate):
        judged = ", as far as judged" if gap.unjudged else ""
        sentences.append(f"{wording.SIDES[wall]}: {wording.said(part, level)} of what could be recovered{judged}.")
    if sure := wording.certainty(diagnosed, gap, level):
        answer, note = sure
        is_chance = note.startswith("chance")
        sentences.append(f"{wording.opening(note)}: {answer}." if is_chance else f"{answer}: {note}.")
    if unjudged := wording.not_judged(gap):
        sentences.append(f"{wording.sentence(unjudged).removesuffix('.')}: nothing to compare with.")
    return sentences


def _assets(assets: Sequence[AssetDiagnosis], level: float, console: Console) -> None:
    if not assets:
        console.print(_text("No asset has an order line in this period.", _SOFT))
        return
    is_wide = console.width >= _WIDE
    table = _table("Assets, most lines to recover first")
    table.add_column("Asset", ratio=1, min_width=14)
    table.add_column("Verdict", no_wrap=True)
    if is_wide:
        table.add_column("█ inside ▒ between", no_wrap=True, width=_BAR)
    table.add_column("Lines", justify="right", no_wrap=True)
    table.add_column("Recoverable share", justify="right", no_wrap=True)
    shown = assets[:_MOST_ASSETS]
    most = max((_lines(a) for a in shown), default=0.0)
    for asset in shown:
        share: Figure = asset.gap.total if isinstance(asset.gap, Gap) else asset.gap
        lines = wording.lines(share.value * asset.n_lines) if isinstance(share, Estimate) else "–"
        wide = (_bar(asset, most),) if is_wide else ()
        name, told = wording.asset(asset), str(wording.said(share, level))
        table.add_row(_text(name), _verdict(asset.verdict), *wide, _text(lines), _text(told))
    console.print(table)
    if hidden := len(assets) - len(shown):
        console.print(_text(f"  and {wording.plural(hidden, 'more asset')}, in diagnosis.json", _SOFT))
        console.print()


def _bar(asset: AssetDiagnosis, most: float) -> Text:
    """What could be recovered by side, as blocks of three textures."""
    bar = Text()
    sums = wording.by_wall(asset.gap) if isinstance(asset.gap, Gap) else {}
    for wall, lines in sums.items():
        sign, style = _FILLS[wall]
        bar.append(sign * round(lines / most * _BAR) if most else "", style)
    return bar


def _lines(asset: AssetDiagnosis) -> float:
    return sum(wording.by_wall(asset.gap).values()) if isinstance(asset.gap, Gap) else 0.0


def _two_lists(total: AssetDiagnosis, level: float, console: Console) -> None:
    for wall, title in wording.LISTS.items():
        parts = wording.stage_parts(total, wall, _MOST_PARTIES)
        if parts:
            console.print(_list(title, parts, total.n_lines, level))


def _list(title: str, parts: Sequence[wording.StagePart], n_lines: int, level: float) -> Table:
    table = _table(title)
    table.add_column("Stage, and whose", no_wrap=True, overflow="ellipsis", ratio=1, min_width=18)
    table.add_column("Lines", justify="right", no_wrap=True)
    table.add_column("Their order value", justify="right", no_wrap=True)

    def lines(n: float, share: Figure) -> str:
        return str(wording.Said(wording.lines(n), wording.said(wording.as_lines(share, n_lines), level).interval))

    for part in parts:
        table.add_row(_text(wording.stage(part.of.stage), "bold"), _text(lines(part.of.lines, part.of.share)))
        for c in part.biggest:
            who = f"  {wording.name(c.party_name)}, {wording.OUTCOMES[c.outcome]}"
            table.add_row(_text(who), _text(lines(c.lines, c.share)), _text(str(wording.said(c.amount, level))))
        if part.others:
            table.add_row(_text(f"  {wording.further(part.biggest, part.others)}", _SOFT))
    return table


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
    for r in refusals:
        told = _text(f"{wording.opening(r.about)}. {wording.sentence(r.because)} ")
        told.append(f"→ {wording.plain(r.next_step)}", _SOFT)
        console.print(Padding(told, (0, 0, 0, 2)))
    console.print()


def _rows(health: Health, console: Console) -> None:
    """One line on the data; `show_health` has the rest."""
    for t in health.tables:
        if t.table == "order_lines":
            aside = f", {wording.count(t.rows_in - t.rows_used)} set aside: {wording.aside(t)}" if t.set_aside else ""
            console.print(
                _text(f"Order lines: {wording.count(t.rows_in)} read, {wording.count(t.rows_used)} used{aside}.")
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
