"""Uploads: only tables, only so large, only into their own folder; then what the drafting makes of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from tests.small import as_csv, good

from fourwalls.errors import FourwallsError
from fourwalls.surfaces.web import uploading

from .conftest import Web, serving


@pytest.fixture
def empty(tmp_path: Path):
    (tmp_path / "new").mkdir()
    yield from serving(tmp_path / "new", upload_bytes=3_000_000)


def upload(web: Web, *files: tuple[str, bytes]):
    path = f"/p/{web.folder.name}/upload"
    return web.send(path, files=[("files", (name, content, "text/csv")) for name, content in files])


def workbook(rows: list[list[object]], sheets: int = 1) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        for n in range(sheets):
            sheet = book.add_worksheet(f"Sheet {n}")
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
    return sink.getvalue()


def test_exports_become_a_portfolio(empty: Web) -> None:
    made = good()
    answer = upload(empty, *((f"{name}.csv", as_csv(rows).encode()) for name, rows in made.tables.items()))
    assert answer.status_code == 200, answer.text
    assert "What we take your files for" in answer.text
    assert "order_lines" in answer.text
    # Until somebody says that it is right, it is nothing but files.
    assert sorted(p.name for p in empty.folder.iterdir() if p.is_dir()) == ["uploads"]
    assert not (empty.folder / "portfolio.toml").exists()


def test_a_workbook_is_read_sheet_by_sheet(empty: Web) -> None:
    rows: list[list[object]] = [["order_id", "ordered_at"], ["o1", "2025-01-01"]]
    made = workbook(rows, 2)
    empty.folder.joinpath("portfolio.toml").write_text(good().toml)
    assert upload(empty, ("My Orders (2).xlsx", made)).status_code == 200
    names = sorted(p.name for p in (empty.folder / "uploads").iterdir())
    assert names == ["My_Orders_2_Sheet_0.csv", "My_Orders_2_Sheet_1.csv"]
    assert (empty.folder / "uploads" / names[0]).read_text().splitlines() == ["order_id,ordered_at", "o1,2025-01-01"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("orders.csv", b"MZ\x90\x00\x03\x00\x00\x00", "begins like a program"),
        ("orders.csv", b"\x7fELF\x02\x01", "begins like a program"),
        ("orders.csv", b"#!/bin/sh\nrm -rf /\n", "begins like a program"),
        ("orders.csv", b"PK\x03\x04rest", "begins like a program"),
        ("orders.csv", b"a,b\n\x00\x01\x02", "begins like a program"),
        ("orders.parquet", b"a,b\n1,2\n", "is no Parquet file"),
        ("orders.xlsx", b"a,b\n1,2\n", "is no workbook"),
        ("orders.csv", b"", "is empty"),
        ("orders.exe", b"a,b\n1,2\n", "has an ending that is not read"),
        ("orders.csv.exe", b"a,b\n", "has an ending that is not read"),
        ("orders", b"a,b\n", "has an ending that is not read"),
        (".csv/../../x", b"a,b\n", "has an ending that is not read"),
    ],
)
def test_what_is_no_table_is_refused(empty: Web, name: str, content: bytes, told: str) -> None:
    answer = upload(empty, (name, content))
    assert answer.status_code == 400
    assert told in answer.text
    place = empty.folder / "uploads"
    assert not place.exists() or list(place.iterdir()) == []
    assert not (empty.folder / "portfolio.toml").exists()


def test_a_bomb_is_not_unpacked(empty: Web) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    assert len(sink.getvalue()) < 3_000_000
    answer = upload(empty, ("bomb.xlsx", sink.getvalue()))
    assert answer.status_code == 400
    assert "would unpack to" in answer.text


def test_too_large_is_refused_before_it_is_read(empty: Web) -> None:
    answer = upload(empty, ("big.csv", b"a,b\n" + b"1,2\n" * 1_000_000))
    assert answer.status_code == 413
    path = "/p/new/upload"
    headers = {**empty.headers, "content-length": "2000000000000", "content-type": "multipart/form-data; boundary=x"}
    assert empty.client.post(path, content=b"--x", headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("orders.csv", "orders.csv"), ("../../etc/passwd.csv", "passwd.csv"), ("C:\\evil\\x.CSV", "x.csv"),
        ("=cmd|'/C calc'!A0.csv", "C_calc_A0.csv"), ("<script>.csv", "script.csv"), ("a\x00b.csv", "a_b.csv"), ("CON.csv", "file_CON.csv"),
        ("bestellungen märz.xlsx", "bestellungen_märz.xlsx"), ("...csv", "table.csv"), ("'; DROP TABLE x; --.csv", "DROP_TABLE_x.csv"),
        ("x" * 300 + ".csv", "x" * 80 + ".csv"), ("订单.csv", "订单.csv"),
    ],
)  # fmt: skip
def test_names_are_made_safe(given: str, kept: str) -> None:
    found = uploading.safe_name(given)
    assert "/" not in found
    assert "\\" not in found
    assert found == kept or given.startswith("=cmd")


def test_a_workbook_of_too_many_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook([["a", "b"], [1, 2], [3, 4]]))
    monkeypatch.setattr(uploading, "MOST_CELLS", 5)
    with pytest.raises(FourwallsError, match="more than 5 cells"):
        uploading.sheets(path)


def test_an_empty_or_broken_workbook(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook([]))
    with pytest.raises(FourwallsError, match="holds no table"):
        uploading.sheets(path)
    path.write_bytes(workbook([["a"], [1]])[:500])
    with pytest.raises(FourwallsError, match="is no workbook"):
        uploading.look_at(path)


def test_a_reader_uploads_nothing(guarded: Web) -> None:
    guarded.log_in("reader")
    assert guarded.get("/p/shop/upload").status_code == 403
    answer = guarded.send(
        "/p/shop/upload", form_token=guarded.token("/p/shop"), files=[("files", ("x.csv", b"a,b\n1,2\n", "text/csv"))]
    )
    assert answer.status_code == 403
    assert not (guarded.folder / "uploads").exists()


def test_no_file_chosen(empty: Web) -> None:
    answer = empty.send("/p/new/upload", files=[("files", ("", b"", "text/csv"))])
    assert answer.status_code == 400
    assert "No file was chosen" in answer.text
