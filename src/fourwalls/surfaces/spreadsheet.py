"""The diagnosis as an Excel file: every figure a number, every text a text."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.errors import OutputError
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.numbers import acted_on, numbered, slug, sum_at_best
from fourwalls.surfaces import wording
from fourwalls.surfaces.wording import plain

if TYPE_CHECKING:
    from xlsxwriter import Workbook

Cell = str | float | int | bool | None
# What a cell of Excel holds at most.
_MOST_CHARACTERS = 32_767
_FORMATS = {"text": "@", "money": "#,##0", "share": "0.0%", "number": "#,##0.0", "count": "#,##0"}
_WIDEST = 60
# What `fourwalls explain` asks for.
_ID = ("id", "text")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: As on its tab.
        columns: (title, format) of each column.
        rows: Cells; None is an empty cell: what was refused has no number.
    """

    name: str
    columns: Sequence[tuple[str, str]]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)


def write_spreadsheet(found: Diagnosis, place: Path, revenue: Mapping[str, float] | None = None) -> None:
    """Writes portfolio, losses, paths, signals, governance, health and assumptions, a sheet each.

    Nothing from the data can become a formula or a link: all text is written as text.

    Args:
        found: The diagnosis.
        place: The file, ending in .xlsx.
        revenue: Name of an asset → net value of its orders in the period; None where nothing is priced.

    Raises:
        OutputError: The name does not end in .xlsx, or the place cannot be written.
    """
    check_place(place)
    content = as_xlsx(sheets_of(found, revenue or {}))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    except OSError as error:
        why = error.strerror or "the system refused"
        raise OutputError(f"Cannot write '{place.name}': {why}.", "Name another place with --xlsx.") from None


def check_place(place: Path) -> None:
    """Raises OutputError where a spreadsheet cannot be written, before anything long is begun."""
    if place.suffix.lower() != ".xlsx":
        raise OutputError(f"'{place.name}' is no Excel file.", "Name a file that ends in .xlsx.")
    if place.is_dir():
        raise OutputError(f"'{place.name}' is a folder.", "Name another file with --xlsx.")


def as_xlsx(sheets: Iterable[Sheet]) -> bytes:
    """The sheets as the bytes of an Excel file."""
    # Late: most commands write no spreadsheet.
    import xlsxwriter

    sink = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(sink, options) as book:
        for sheet in sheets:
            _write(book, sheet)
    return sink.getvalue()


def _write(book: Workbook, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = [book.add_format({"num_format": _FORMATS[kind], "valign": "top"}) for _, kind in sheet.columns]
    for column, (title, _) in enumerate(sheet.columns):
        page.write_string(0, column, title, head)
        longest = max((len(str(row[column])) for row in sheet.rows if isinstance(row[column], str)), default=12)
        page.set_column(column, column, min(max(longest, len(title), 10), _WIDEST))
    for number, row in enumerate(sheet.rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                page.write_string(number, column, plain(cell)[:_MOST_CHARACTERS], formats[column])
            elif isinstance(cell, bool):
                page.write_string(number, column, "yes" if cell else "no", formats[column])
            elif cell is not None and math.isfinite(cell):
                page.write_number(number, column, cell, formats[column])
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)


def sheets_of(found: Diagnosis, revenue: Mapping[str, float]) -> list[Sheet]:
    """All sheets of a diagnosis; the whole portfolio is the last row of the first."""
    found = numbered(found)
    assets = found.assets
    return [
        _portfolio(found, revenue),
        _sheet(
            "Losses",
            (("asset", "text"), ("flow", "text"), ("stage", "text"), ("wall", "text"), ("party", "text"),
             (f"{found.currency} a year", "money"), ("low", "money"), ("high", "money"), ("counted", "number"),
             ("unit", "text"), ("standard", "text"), _ID),
            ((wording.asset(a), x.flow, x.stage, x.wall, x.party_name, *_three(x.amount), x.quantity, x.unit, x.standard, wording.id_of(x.amount))
             for a in assets for x in a.losses),
        ),
        _sheet(
            "Paths",
            (("asset", "text"), ("path", "text"), ("link", "text"), (f"{found.currency} over the horizon", "money"), _ID),
            (row for a in assets for row in _links(a)),
        ),
        _sheet(
            "Signals",
            (("asset", "text"), ("kind", "text"), ("line", "text"), ("how", "text"), ("lean", "text"),
             ("strength", "share"), ("because", "text"), _ID),
            ((wording.asset(a), s.kind, s.label, s.how, s.lean, s.strength, s.because, _id(a, "signals", slug(s.name), "strength"))
             for a in assets for s in a.signals),
        ),
        _sheet(
            "Governance",
            (("asset", "text"), ("partner", "text"), ("question", "text"), ("blocks", "text"),
             (f"{found.currency} at stake", "money"), ("because", "text"), ("remedy", "text"), _ID),
            ((wording.asset(a), h.party_name, h.question, h.blocks, h.amount, h.because, h.remedy,
              _id(a, "governance.holes", slug(h.party_id, h.question), "amount"))
             for a in assets if a.governance is not None for h in a.governance.holes),
        ),
        _sheet(
            "Health",
            (("table", "text"), ("file or column", "text"), ("what", "text"), ("rows", "count"), ("so", "text")),
            _health(found),
        ),
        _sheet(
            "Assumptions",
            (("assumption", "text"), ("value", "number"), ("unit", "text"), ("origin", "text"), ("about", "text"), _ID),
            ((a.name, a.value, a.unit, a.origin, a.about, f"assumptions.{slug(a.name)}.value") for a in found.assumptions),
        ),
    ]  # fmt: skip


def _sheet(name: str, columns: Sequence[tuple[str, str]], rows: Iterable[tuple[Cell, ...]]) -> Sheet:
    return Sheet(name, columns, list(rows))


def _portfolio(found: Diagnosis, revenue: Mapping[str, float]) -> Sheet:
    money = found.currency
    columns = (
        ("asset", "text"), ("verdict", "text"), ("bottleneck", "text"), ("next step", "text"),
        ("order lines", "count"), (f"{money} of orders in the record", "money"), ("gap", "share"), ("gap low", "share"), ("gap high", "share"),
        ("inside", "share"), ("demand kept from empty shelves", "share"), (f"{money} lost a year", "money"),
        (f"by its verdict, {money}", "money"), (f"operate, {money}", "money"), ("chance operate is best", "share"),
        (f"orchestrate, {money}", "money"), ("chance orchestrate is best", "share"),
        (f"operate then orchestrate, {money}", "money"), ("chance both is best", "share"), ("why", "text"),
        ("ids begin with", "text"),
    )  # fmt: skip
    rows = [_row(a, revenue.get(a.name), _of_verdict(a)) for a in found.assets]
    best = sum_at_best(found)
    rows.append(_row(found.total, sum(revenue.values()) if revenue else None, None if best is None else best.value))
    return Sheet("Portfolio", columns, rows)


def _of_verdict(a: AssetDiagnosis) -> float | None:
    """What the path of its verdict brings: nothing where it acts on nothing; None where nothing is priced."""
    chosen = acted_on(a)
    return (0.0 if a.paths else None) if chosen is None else _value(chosen.value)


def _row(a: AssetDiagnosis, revenue: float | None, by_verdict: float | None) -> tuple[Cell, ...]:
    gap = None if isinstance(a.gap, Refusal) else a.gap
    shelves = None if isinstance(a.availability, Refusal) else a.availability
    worth = {p.path: p for p in a.paths}
    told: list[Cell] = []
    for path in ("operate", "orchestrate", "operate then orchestrate"):
        known = worth.get(path)
        told += [None, None] if known is None else [_value(known.value), known.chance]
    return (
        wording.asset(a), a.verdict, a.bottleneck, a.next_step, a.n_lines, revenue,
        *(_three(gap.total) if gap else (None, None, None)), _value(gap.inside_share) if gap else None,
        _value(shelves.total) if shelves else None, sum(_value(x.amount) or 0.0 for x in a.losses) if a.losses else None,
        by_verdict, *told, a.because, _id(a),
    )  # fmt: skip


def _links(a: AssetDiagnosis) -> Iterator[tuple[Cell, ...]]:
    name = wording.asset(a)
    for p in a.paths:
        at = wording.id_of(p.value)
        for link, amount in p.links:
            yield name, p.path, link, amount, f"{at.rpartition('.')[0]}.links.{slug(link)}"
        yield name, p.path, "value", _value(p.value), at
        for title, bound in zip(("P10", "P90"), _three(p.value)[1:], strict=True):
            yield name, p.path, title, bound, at


def _id(asset: AssetDiagnosis, *words: str) -> str:
    """The id of a number of an asset; with no further words what all its ids begin with."""
    figures = (
        asset.revenue_per_year,
        *(r.figure for r in (*asset.readings, *asset.evidence)),
        *(x.amount for x in asset.losses),
    )
    first = next((wording.id_of(f).partition(".")[0] for f in figures if wording.id_of(f)), slug(asset.name))
    return ".".join((first, *words))


def _health(found: Diagnosis) -> Iterator[tuple[Cell, ...]]:
    for t in found.health.tables:
        yield t.table, t.source, "rows read", t.rows_in, ""
        yield t.table, t.source, "rows used", t.rows_used, ""
        for s in t.set_aside:
            yield s.table, t.source, f"set aside: {s.reason}", s.rows, f"e.g. {s.example}"
    for x in found.health.suspicions:
        yield x.table, x.column, x.finding, x.rows, x.consequence
    for note in found.health.notes:
        yield "", "", note, None, ""


def _value(figure: Figure) -> float | None:
    return figure.value if isinstance(figure, Estimate) else None


def _three(figure: Figure) -> tuple[float | None, float | None, float | None]:
    return (figure.value, figure.low, figure.high) if isinstance(figure, Estimate) else (None, None, None)
