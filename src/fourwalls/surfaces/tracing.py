"""The chain of one asset, down to the order lines, in a terminal."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.diagnosis import AssetDiagnosis, Availability, Diagnosis, Gap
from fourwalls.figures import Refusal
from fourwalls.surfaces import at_best, wording
from fourwalls.surfaces.evidence_terminal import show_losses, show_paths
from fourwalls.surfaces.terminal import show_stock

_STAGES = wording.LINE_STAGES
_TIMES = ("ordered_at", "released_at", "handed_over_at", "delivered_at")


def show_asset(diagnosis: Diagnosis, asset: AssetDiagnosis, console: Console) -> None:
    """Stage by stage in both flows: who did it, how long it takes, what it is held against, and what it cost."""
    level = diagnosis.level
    console.print(Text(f"{wording.asset(asset)}: {asset.verdict}", style="bold"))
    console.print(Text(wording.plain(asset.bottleneck)))
    console.print(Text(f"{wording.plain(asset.because)} {at_best.beside(asset, diagnosis)}".strip()))
    console.print(Text(f"Rule {wording.plain(asset.rule)}", style="bright_black"))
    show_paths(asset, diagnosis, console)
    show_losses(asset, level, console, with_standards=True)
    for flow in wording.FLOWS:
        split = wording.split(asset, flow)
        if isinstance(split, Refusal):
            what = "No gap" if flow == "service" else "No lost sale"
            console.print(Text(f"{what} can be given: {wording.plain(split.because)}."))
        elif isinstance(split, Gap):
            _late(asset, split, level, console)
        else:
            _unsold(asset, split, level, console)


def _late(asset: AssetDiagnosis, gap: Gap, level: float, console: Console) -> None:
    clocks = _table("How long each stage takes")
    for heading in ("Stage", "Median", "9 in 10 within", "Timed lines", "Held against"):
        clocks.add_column(heading, justify="left" if heading in ("Stage", "Held against") else "right")
    for c in asset.clocks:
        figures = (Text(str(wording.said(f, level))) for f in (c.median, c.p90))
        clocks.add_row(wording.stage(c.stage), *figures, wording.count(c.n), Text(wording.plain(c.standard) or "–"))
    console.print(clocks)
    parts = _table("Late lines: what could be recovered")
    for heading in ("Outcome", "Stage", "Side", "Party", "Lines", "Share of the asset's lines"):
        parts.add_column(heading, justify="right" if heading.startswith(("Lines", "Share")) else "left")
    for x in asset.contributions:
        parts.add_row(
            x.outcome, wording.stage(x.stage), x.wall, Text(wording.name(x.party_name)),
            wording.lines(x.lines), Text(str(wording.said(x.share, level))),
        )  # fmt: skip
    console.print(parts)
    rest = (("Missed", gap.missed), ("Nobody could have saved", gap.residual), ("Not traceable", gap.untraced))
    for label, figure in rest:
        console.print(Text(f"{label}: {wording.said(figure, level)}"))
    console.print(Text("The lines behind it: add --lines, or --stage NAME.", style="bright_black"))


def _unsold(asset: AssetDiagnosis, known: Availability, level: float, console: Console) -> None:
    parts = _table("Empty shelves: what would have been sold")
    for heading in ("Stage", "Side", "Party", "Units", "Of units wanted", "Gross margin", "Held against"):
        is_number = heading in ("Units", "Of units wanted", "Gross margin")
        parts.add_column(heading, justify="right" if is_number else "left")
    for stage in wording.SHELF_STAGES:
        for x in (c for c in known.contributions if c.stage == stage):
            parts.add_row(
                wording.stage(x.stage), x.wall, Text(wording.name(x.party_name)), wording.lines(x.units),
                Text(str(wording.said(x.share, level))), Text(str(wording.said(x.amount, level))),
                Text(wording.standard(x.standard) or "–"),
            )  # fmt: skip
    console.print(parts)
    if rising := wording.rising(asset):
        console.print(Text(rising))
    rest = (("Met an empty shelf", known.lost), ("Nobody could have sold", known.residual))
    for label, figure in rest:
        console.print(Text(f"{label}: {wording.said(figure, level)}"))
    if unjudged := wording.not_judged(known):
        console.print(Text(f"{wording.opening(unjudged)}: nothing to compare with."))
    show_stock(asset, console)
    console.print(Text("The shelves behind it: add --shelves, or --stage NAME.", style="bright_black"))


def show_lines(rows: pa.Table, most: int, console: Console) -> None:
    """Order lines with how long each stage took and the share it has in saving the line."""
    if rows.num_rows == 0:
        console.print(Text("No order line stands behind this."))
        return
    table = _table(f"{min(most, rows.num_rows):,} of {rows.num_rows:,} order lines, most telling first")
    table.add_column("Order / line", overflow="fold", min_width=12)
    table.add_column("Outcome", no_wrap=True)
    for heading in ("Allowed", *(s.capitalize() for s in _STAGES[:3])):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Would have been saved by", overflow="fold", min_width=16)
    for row in rows.slice(0, most).to_pylist():
        ends = [row[name] for name in _TIMES]
        stages = (_length(begin, end) for begin, end in itertools.pairwise(ends))
        name = Text(wording.name(f"{row['order_id']} / {row['line_id']}"))
        table.add_row(name, row["outcome"], _length(row["ordered_at"], row["promised_at"]), *stages, _saved_by(row))
    console.print(table)
    console.print(
        Text(
            "Hours and days each stage took, against what was allowed. All times and columns: add --out DIR.",
            style="bright_black",
        )
    )


def show_shelves(rows: pa.Table, most: int, stage: str | None, console: Console) -> None:
    """Shelves with what they lost and what each stage would have sold there."""
    if rows.num_rows == 0:
        console.print(Text("No shelf stands behind this."))
        return
    by = f"most by {stage}" if stage else "most lost"
    table = _table(f"{min(most, rows.num_rows):,} of {rows.num_rows:,} shelves, {by} first")
    table.add_column("Sku at node", overflow="fold", min_width=12)
    table.add_column("Wanted", justify="right", no_wrap=True)
    table.add_column("Lost", justify="right", no_wrap=True)
    if stage is None:
        table.add_column("Would have been sold by", overflow="fold", min_width=16)
    else:
        table.add_column(f"By {stage}", justify="right", no_wrap=True)
        table.add_column("Party", overflow="fold", min_width=8)
        table.add_column("Held against", overflow="fold", min_width=12)
    for row in rows.slice(0, most).to_pylist():
        cells = [Text(wording.name(f"{row['sku_id']} at {row['node_id']}"))]
        cells += [Text(f"{row[name]:,.1f}") for name in ("wanted_units", "lost_units")]
        if stage is None:
            cells.append(Text(_sold_by(row)))
        else:
            who = f"{wording.name(row['party_id'])} ({row['wall']})"
            cells += [Text(f"{row[f'{stage}_units']:,.1f}"), Text(who), Text(wording.standard(row["standard"]) or "–")]
        table.add_row(*cells)
    console.print(table)
    console.print(Text("Units of the whole record. All shelves and columns: add --out DIR.", style="bright_black"))


def _sold_by(row: dict[str, Any]) -> str:
    units = sorted(((row[f"{s}_units"], s) for s in wording.SHELF_STAGES), key=lambda x: -abs(x[0]))
    return ", ".join(f"{n:,.1f} {s}" for n, s in units if abs(n) >= 0.05) or "nothing shown"


def _length(begin: datetime | None, end: datetime | None) -> str:
    if begin is None or end is None:
        return "–"
    hours = (end - begin).total_seconds() / 3600
    return f"{hours / 24:.1f} d" if hours >= 48 else f"{hours:.1f} h"


def _saved_by(row: dict[str, Any]) -> str:
    shares = [(row[f"{name}_share"], name, row[f"{name}_wall"]) for name in _STAGES if row[f"{name}_share"] > 0]
    parts = [f"{name} ({wall})" if len(shares) == 1 else f"{share:.2f} {name} ({wall})" for share, name, wall in shares]
    return ", ".join(parts) or "nothing shown"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE, show_edge=False, pad_edge=False)
