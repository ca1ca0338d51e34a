"""Paths, losses in money, ten lines and rules with partners in a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, Lean
from fourwalls.numbers import acted_on
from fourwalls.surfaces import at_best, evidence_words, wording
from fourwalls.surfaces.fitting import Column, fitted

_MOST_ASSETS = 10
_MOST_PARTIES = 3
_MOST_HOLES = 3
_SOFT, _LOUD = "bright_black", "bold red"
_SIGNS: dict[Lean, str] = {"operate": "■", "orchestrate": "●", "neither": "–", "cannot tell": "?"}


def show_evidence(diagnosis: Diagnosis, console: Console) -> None:
    """What paths are worth, the ten lines in short, and how far rules are settled; nothing where none is known."""
    total = diagnosis.total
    if total.paths:
        show_paths(total, diagnosis, console)
    elif any(a.paths for a in diagnosis.assets):
        _all_paths(diagnosis, console)
    _ten(total, console)
    _rules(total, console)


def show_paths(asset: AssetDiagnosis, diagnosis: Diagnosis, console: Console) -> None:
    """The paths of one asset; nothing where none is priced."""
    if not asset.paths:
        return
    rows = []
    for p in at_best.rows(asset, diagnosis):
        style = "bold" if p.is_best else ""
        cells = (p.path, p.value.value, p.value.interval, p.chance, p.payback, p.gain, p.one_off, p.run)
        rows.append([Text(c, style) for c in cells])
    columns = (
        Column("Path", is_words=True), Column("After costs"), Column("P10 to P90"), Column("Best", goes=1),
        Column("Pays after", is_words=True, goes=2), Column("Margin a year", goes=4), Column("To begin", goes=3), Column("To run", goes=5),
    )  # fmt: skip
    title = f"What each path is worth over {evidence_words.horizon(diagnosis)}, after what it costs"
    console.print(fitted(title, columns, rows, console, _SOFT))
    if counted := at_best.counted(diagnosis):
        console.print(Text(counted, _SOFT))
        console.print()
    _defaults(any(p.is_default for p in asset.paths), console)


def show_losses(asset: AssetDiagnosis, level: float, console: Console, with_standards: bool = False) -> None:
    """Where an asset loses money, one side of the wall after the other; nothing where nothing is priced.

    Args:
        asset: The asset.
        level: Coverage of ranges, as announced.
        console: Where to.
        with_standards: Whether to say what each party is held to.
    """
    for wall, title in wording.LISTS.items():
        parts = evidence_words.losses_of(asset, wall)
        total = evidence_words.lost(asset, wall)
        if total is None:
            continue
        table = _table(f"{title}, margin lost a year")
        table.add_column("Stage, and whose", ratio=1, min_width=14)
        table.add_column("Counted", justify="right")
        table.add_column("Margin a year", justify="right")
        for s in parts:
            table.add_row(
                Text(wording.stage(s.stage), "bold"), Text(s.counted), Text(str(wording.said(s.amount, level)))
            )
            for p in s.parties[:_MOST_PARTIES]:
                held = f", held to {p.standard}" if with_standards and p.standard else ""
                amount = "" if len(s.parties) == 1 else str(wording.said(p.amount, level))
                table.add_row(Text(f"  {p.name}").append(held, _SOFT), Text(""), Text(amount))
            if (left := len(s.parties) - _MOST_PARTIES) > 0:
                table.add_row(Text(f"  and {wording.count(left)} more", _SOFT), "", "")
        table.add_row(Text("Together", "bold"), "", Text(str(wording.said(total, level)), "bold"))
        console.print(table)


def _all_paths(diagnosis: Diagnosis, console: Console) -> None:
    priced = [a for a in diagnosis.assets if a.paths]
    names = tuple(dict.fromkeys(p.path for a in priced for p in a.paths))
    title = f"What each path is worth over {evidence_words.horizon(diagnosis)} after its costs; * by its verdict"
    rows = []
    for a in priced[:_MOST_ASSETS]:
        chosen = acted_on(a)
        by_name = {p.path: p for p in a.paths}
        cells = [Text(wording.asset(a))]
        for name in names:
            p = by_name.get(name)
            told = "–" if p is None else wording.said(p.value).value
            cells.append(Text(f"{told} *" if p is not None and p is chosen else told, "bold" if p is chosen else ""))
        rows.append(cells)
    columns = [Column("Asset", is_words=True), *(Column(wording.VERDICTS[name]) for name in names)]
    console.print(fitted(title, columns, rows, console, _SOFT))
    if (left := len(priced) - _MOST_ASSETS) > 0:
        console.print(Text(f"  and {wording.plural(left, 'more asset')}, on the page", _SOFT))
    _defaults(any(p.is_default for a in priced for p in a.paths), console)


def _defaults(is_default: bool, console: Console) -> None:
    if is_default:
        console.print(Text(f"! {evidence_words.DEFAULT_COSTS}", _LOUD))
        console.print()


def _ten(asset: AssetDiagnosis, console: Console) -> None:
    if not asset.signals:
        return
    table = _table(f"Six signals and four tests: {evidence_words.ten_lines(asset.signals)}")
    table.add_column("What it asks", ratio=1, min_width=14)
    table.add_column("Leans to")
    table.add_column("Known by")
    table.add_column("Reading", justify="right")
    for s in asset.signals:
        figure = str(evidence_words.reading_told(s))
        differs = "; people differ" if s.differs else ""
        lean = f"{_SIGNS[s.lean]} {evidence_words.LEANS[s.lean]}"
        table.add_row(Text(wording.plain(s.label)), Text(lean), Text(f"{s.how}{differs}"), Text(figure))
    console.print(table)


def _rules(asset: AssetDiagnosis, console: Console) -> None:
    if asset.governance is None:
        return
    console.print(Text("Rules with partners", "bold"))
    console.print(Text(f"  {evidence_words.readiness(asset)}"))
    for h in asset.governance.holes[:_MOST_HOLES]:
        word = "blocks" if h.blocks else "warns"
        told = Text(f"  {word}: {wording.name(h.party_name)}: {wording.prose(h.question)} ")
        told.append(f"→ {wording.plain(h.remedy)}", _SOFT)
        console.print(told)
    if (left := len(asset.governance.holes) - _MOST_HOLES) > 0:
        console.print(Text(f"  and {wording.count(left)} more on the page", _SOFT))
    console.print()


def _table(title: str) -> Table:
    head = Text(title, "bold")
    return Table(title=head, title_justify="left", box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style=_SOFT)
