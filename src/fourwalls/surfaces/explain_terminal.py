"""The explanation of a number, in a terminal and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.explaining import Explanation, Step
from fourwalls.figures import Estimate, Refusal
from fourwalls.surfaces import wording

# A column of a record takes about so much room; below it, words are cut to nonsense.
_COLUMN, _LEAST_COLUMNS = 15, 4


def as_plain(found: Explanation) -> dict[str, Any]:
    """The explanation as plain values; a refusal under "refusal"."""
    told = {
        name: getattr(found, name)
        for name in ("id", "about", "formula", "pointer", "source", "query", "in_all", "parts_sum", "is_parted")
    }
    inputs = [{"id": i.id, "value": _plain(i.value)} for i in found.inputs]
    records = [] if found.records is None else found.records.to_pylist()
    return {
        **told,
        "value": _plain(found.value),
        "inputs": inputs,
        "steps": [asdict(step) for step in found.steps],
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
    if found.steps:
        console.print(Text("\nStep by step", "bold"))
        console.print(_steps(found.steps))
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


def _steps(steps: Sequence[Step]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for number, step in enumerate(steps):
        style = "bold" if number == len(steps) - 1 else ""
        table.add_row(Text(f"  {wording.prose(step.words)}", style), Text(_exact(step.value, step.unit), style))
    return table


def _exact(value: float, unit: str) -> str:
    """A value with digits enough to reckon with: "EUR 12,345.67", "12.345 %", "1.9034 years"."""
    if unit == "share":
        return wording.prose(f"{100 * value:.5g} %")
    if unit in ("years", "months", ""):
        return f"{value:,.6g} {unit}".strip() if abs(value) < 1e4 else f"{value:,.1f} {unit}".strip()
    return f"{wording.plain(unit)} {value:,.2f}".replace("-", wording.MINUS)


def _records(found: Explanation, rows: pa.Table, console: Console) -> None:
    in_all = "" if found.in_all is None else f" of {wording.count(found.in_all)}"
    console.print(Text(f"\nFirst {wording.count(rows.num_rows)}{in_all}: {wording.plain(found.source)}", "bold"))
    if found.parts_sum is not None:
        part = (
            "each record's part in the number"
            if found.is_parted
            else "what the stage has in each record, whoever did it"
        )
        told = f"“part” is {part}; all {wording.count(found.in_all or 0)} add up to {found.parts_sum:,.6g}."
        console.print(Text(told))
    most = max(_LEAST_COLUMNS, console.width // _COLUMN)
    names = [n for n in rows.column_names if rows[n].null_count < rows.num_rows][:most]
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
