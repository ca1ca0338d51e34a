from __future__ import annotations

from pathlib import Path

import pytest

from fourwalls.errors import MappingError
from fourwalls.tables.schema import TABLES
from fourwalls.tables.sources import sources


def folder(tmp_path: Path, *names: str) -> Path:
    (tmp_path / "shop" / "tables").mkdir(parents=True)
    for name in names:
        (tmp_path / "shop" / "tables" / name).write_text("x")
    return tmp_path / "shop"


def test_each_file_fills_the_table_it_is_named_after(tmp_path: Path) -> None:
    found = sources(folder(tmp_path, "parties.CSV", "order_lines.sql", "products.parquet", ".DS_Store", "_notes.txt"))
    assert [(s.spec.name, s.path.name) for s in found] == [
        ("order_lines", "order_lines.sql"), ("products", "products.parquet"), ("parties", "parties.CSV"),
    ]  # fmt: skip
    assert all(s.spec is TABLES[s.spec.name] for s in found)


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    shop = folder(tmp_path, "_lines_2025.csv")
    (shop / "tables" / "order_lines.csv").symlink_to("_lines_2025.csv")
    assert [s.path.name for s in sources(shop)] == ["order_lines.csv"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"Folder '.*' has no tables/ folder") as raised:
        sources(tmp_path)
    assert str(tmp_path) not in str(raised.value)


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    shop = folder(tmp_path)
    (shop / "tables" / "order_lines.csv").symlink_to("gone.csv")
    with pytest.raises(MappingError, match=r"tables/order_lines\.csv is no table"):
        sources(shop)
