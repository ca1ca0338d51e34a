"""The explanation of a number, in a terminal and as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.explaining import Explanation
from fourwalls.figures import Estimate, Refusal
from fourwalls.surfaces import wording

_MOST_COLUMNS = 8


def as_plain(found: Explanation) -> dict[str, Any]:
    """The explanation as plain values; a refusal under "refusal"."""
    told = {name: getattr(found, name) for name in ("id", "about", "formula", "pointer", "source", "query", "in_all")}
    inputs = [{"id": i.id, "value": _plain(i.value)} for i in found.inputs]
    records = [] if found.records is None else found.records.to_pylist()
    return {
        **told,
        "value": _plain(found.value),
        "inputs": inputs,
        "inputs_left_out": found.inputs_left_out,
        "records": records,
    }


def show(found: Explanation, console: Console) -> None:
    """One explanation; nothing of the data can steer the terminal."""
    console.print(Text.assemble((wording.plain(found.id), "bold"), "  ", _told(found.value)))
    console.print(Text(f"{wording.name(found.about)}. {wording.prose(found.formula)}"))
    if isinstance(found.value, Refusal):
        console.print(
            Text(f"Not known: {wording.prose(found.value.because)}. → {wording.prose(found.value.next_step)}")
        )
    if found.pointer:
        console.print(Text(f"In diagnosis.json at {wording.plain(found.pointer)}", "bright_black"))
    if found.inputs:
        console.print(Text("\nMade of", "bold"))
        for i in found.inputs:
            console.print(Text(f"  {wording.plain(i.id)}  {_told(i.value)}"))
        if found.inputs_left_out:
            console.print(Text(f"  and {found.inputs_left_out:,} more", "bright_black"))
    if found.query:
        console.print(Text("\nQuery", "bold"))
        console.print(Text("\n".join(wording.plain_line(line) for line in found.query.splitlines())), soft_wrap=True)
    if found.records is not None:
        _records(found, found.records, console)


def _records(found: Explanation, rows: pa.Table, console: Console) -> None:
    in_all = "" if found.in_all is None else f" of {wording.count(found.in_all)}"
    console.print(Text(f"\nFirst {wording.count(rows.num_rows)}{in_all}: {wording.plain(found.source)}", "bold"))
    names = [n for n in rows.column_names if rows[n].null_count < rows.num_rows][:_MOST_COLUMNS]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(Text(wording.plain(name)), overflow="fold")
    for row in rows.select(names).to_pylist():
        table.add_row(*(Text(_cell(row[name])) for name in names))
    console.print(table)
    left = len(rows.column_names) - len(names)
    if left > 0:
        console.print(Text(f"{left} more columns: --json, or fourwalls chain --out", "bright_black"))


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else wording.plain(str(value)) if value is not None else "–"


def _told(value: Estimate | Refusal | float) -> str:
    if isinstance(value, int | float):
        return f"{value:,.6g}" if isinstance(value, float) else wording.count(value)
    return str(wording.said(value))


def _plain(value: Estimate | Refusal | float) -> object:
    if isinstance(value, Refusal):
        return {"refusal": asdict(value)}
    return {k: v for k, v in asdict(value).items() if k != "id"} if isinstance(value, Estimate) else value
