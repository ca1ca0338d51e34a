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

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.figures import Refusal
from fourwalls.surfaces import wording

_STAGES = ("release", "fulfilment", "carriage", "promise")
_TIMES = ("ordered_at", "released_at", "handed_over_at", "delivered_at")


def show_asset(diagnosis: Diagnosis, asset: AssetDiagnosis, console: Console) -> None:
    """Stage by stage: who did it, how long it takes, what it is held against, and what it cost."""
    level = diagnosis.level
    console.print(Text(f"{wording.asset(asset)}: {asset.verdict}", style="bold"))
    console.print(Text(wording.plain(asset.bottleneck)))
    console.print(Text(wording.plain(asset.because)))
    console.print(Text(f"Rule {wording.plain(asset.rule)}", style="bright_black"))
    if isinstance(asset.gap, Refusal):
        console.print(Text(f"No gap can be given: {wording.plain(asset.gap.because)}."))
        return
    clocks = _table("How long each stage takes")
    for heading in ("Stage", "Median", "9 in 10 within", "Timed lines", "Held against"):
        clocks.add_column(heading, justify="left" if heading in ("Stage", "Held against") else "right")
    for c in asset.clocks:
        figures = (Text(str(wording.said(f, level))) for f in (c.median, c.p90))
        clocks.add_row(wording.stage(c.stage), *figures, wording.count(c.n), Text(wording.plain(c.standard) or "–"))
    console.print(clocks)
    parts = _table("What could be recovered")
    for heading in ("Outcome", "Stage", "Side", "Party", "Lines", "Share of the asset's lines"):
        parts.add_column(heading, justify="right" if heading.startswith(("Lines", "Share")) else "left")
    for x in asset.contributions:
        parts.add_row(
            x.outcome, wording.stage(x.stage), x.wall, Text(wording.name(x.party_name)),
            wording.lines(x.lines), Text(str(wording.said(x.share, level))),
        )  # fmt: skip
    console.print(parts)
    rest = (
        ("Missed", asset.gap.missed),
        ("Nobody could have saved", asset.gap.residual),
        ("Not traceable", asset.gap.untraced),
    )
    for label, figure in rest:
        console.print(Text(f"{label}: {wording.said(figure, level)}"))
    console.print(Text("The lines behind it: add --lines, or --stage NAME.", style="bright_black"))


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
