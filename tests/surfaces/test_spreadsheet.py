"""The Excel file, read back cell by cell from its XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import OutputError
from fourwalls.figures import Estimate
from fourwalls.numbers import numbers
from fourwalls.surfaces.spreadsheet import as_xlsx, sheets_of, write_spreadsheet

from . import sample

NAMES = ["Portfolio", "Losses", "Paths", "Signals", "Governance", "Health", "Assumptions"]
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Rows = list[dict[str, str | float]]


def read(content: bytes) -> dict[str, Rows]:
    """Sheet → rows, each column letter → text or number."""
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        assert pack.testzip() is None
        names = [s.attrib["name"] for s in ET.fromstring(pack.read("xl/workbook.xml")).iter(f"{SPACE}sheet")]
        strings = ET.fromstring(pack.read("xl/sharedStrings.xml"))
        texts = ["".join(t.text or "" for t in item.iter(f"{SPACE}t")) for item in strings]
        found = {}
        for number, name in enumerate(names, 1):
            sheet = ET.fromstring(pack.read(f"xl/worksheets/sheet{number}.xml"))
            assert not list(sheet.iter(f"{SPACE}f")), "a formula"
            assert not list(sheet.iter(f"{SPACE}hyperlink")), "a link"
            found[name] = [_row(row, texts) for row in sheet.iter(f"{SPACE}row")]
    return found


def _row(row: ET.Element, texts: list[str]) -> dict[str, str | float]:
    cells: dict[str, str | float] = {}
    for cell in row:
        value = cell.findtext(f"{SPACE}v")
        if value is not None:
            letter = cell.attrib["r"].rstrip("0123456789")
            cells[letter] = texts[int(value)] if cell.attrib.get("t") == "s" else float(value)
    return cells


@pytest.mark.parametrize(
    "made", [sample.usual, sample.stocked, sample.hostile, sample.empty, sample.refused, sample.shelves_only]
)
def test_every_diagnosis_can_be_written_and_read(made: Callable[[], Diagnosis]) -> None:
    found = made()
    sheets = read(as_xlsx(sheets_of(found, {})))
    assert list(sheets) == NAMES
    assert len(sheets["Portfolio"]) == 1 + len(found.assets) + 1
    assert len(sheets["Losses"]) == 1 + sum(len(a.losses) for a in found.assets)


def test_figures_are_numbers_and_what_is_refused_is_empty() -> None:
    found = sample.usual()
    first = found.assets[0]
    head, row = read(as_xlsx(sheets_of(found, {first.name: 1234.5})))["Portfolio"][:2]
    told = {head[letter]: value for letter, value in row.items()}
    assert told["verdict"] == first.verdict
    assert told["order lines"] == first.n_lines
    assert told["EUR of orders in the record"] == 1234.5
    assert not isinstance(first.gap, sample.Refusal)
    assert isinstance(first.gap.total, Estimate)
    assert told["gap"] == pytest.approx(first.gap.total.value)
    bare = read(as_xlsx(sheets_of(sample.refused(), {})))["Portfolio"]
    assert "gap" not in [bare[0][letter] for letter in bare[1]]


def test_nothing_from_the_data_can_run() -> None:
    cells = [
        cell
        for rows in read(as_xlsx(sheets_of(sample.hostile(), {}))).values()
        for row in rows
        for cell in row.values()
    ]
    texts = [cell for cell in cells if isinstance(cell, str)]
    assert any(text.startswith("=cmd|") for text in texts), "kept, as text"
    assert not any("\x1b" in text or "\u202e" in text for text in texts)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    found = sample.empty()
    write_spreadsheet(found, tmp_path / "new" / "all.XLSX")
    assert (tmp_path / "new" / "all.XLSX").read_bytes()[:2] == b"PK"
    (tmp_path / "dir.xlsx").mkdir()
    (tmp_path / "file").write_text("")
    for place, what in (("all.csv", "no Excel file"), ("dir.xlsx", "is a folder"), ("file/a.xlsx", "Cannot write")):
        with pytest.raises(OutputError, match=what):
            write_spreadsheet(found, tmp_path / place)


def test_ids_can_be_explained() -> None:
    made = sample.priced()
    known = numbers(made)
    for sheet in sheets_of(made, {}):
        titles = [title for title, _ in sheet.columns]
        if "id" in titles:
            ids = [row[titles.index("id")] for row in sheet.rows]
            assert ids
            assert set(ids) <= known.keys()
    begin = [row[-1] for row in sheets_of(made, {})[0].rows]
    assert all(any(name.startswith(f"{first}.") for name in known) for first in begin)
