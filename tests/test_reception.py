from __future__ import annotations

from pathlib import Path

import pytest

import fourwalls
from fourwalls import reception
from fourwalls.diagnosis import Health

from . import small


def check(folder: Path, portfolio: small.Small) -> Health:
    with fourwalls.open(portfolio.write(folder)) as study:
        return study.check()


def test_what_the_reader_should_know_is_noted(tmp_path: Path) -> None:
    portfolio = small.good()
    portfolio.tables = {"order_lines": portfolio.lines}
    portfolio.drop("released_at")
    portfolio.set("colour", "red")
    portfolio.toml += 'time_zone = "Europe/Berlin"\n[targets]\nwape = 0.2\n'
    health = check(tmp_path / "shop", portfolio)
    assert health.notes == (
        "Timestamps without a zone were read as Europe/Berlin (portfolio.toml).",
        "order_lines.released_at is not in the record: time for release counts as fulfilment.",
        "order_lines: columns that are not canonical were ignored: 'colour'.",
        "Targets that no measure of this version uses: 'wape'.",
    )
    assert health.absent_tables[:4] == ("products", "nodes", "channels", "parties")
    assert "released_at" in health.tables[0].absent_columns


def test_tables_without_order_lines_can_be_checked(tmp_path: Path) -> None:
    portfolio = small.good()
    portfolio.tables = {
        "leakage": [{"day": "2025-01-06", "cause": "shrink", "amount": "-3.5"}] * 2
        + [{"day": "", "cause": "x", "amount": "1"}]
    }
    with fourwalls.open(portfolio.write(tmp_path / "shop")) as study:
        (table,) = study.check().tables
        aside = study.set_aside()
    # Bookings have no key: two alike are two.
    assert (table.rows_in, table.rows_used) == (3, 2)
    assert aside["leakage"]["set_aside_reason"].to_pylist() == ["day is missing"]


def test_months_without_a_line_are_in_the_coverage(tmp_path: Path) -> None:
    portfolio = small.good()
    del portfolio.lines[100:280]
    portfolio.toml += "start = 2024-12-15\nend = 2025-04-01\n"
    assert check(tmp_path / "shop", portfolio).coverage == (
        ("2024-12-01", 0), ("2025-01-01", 100), ("2025-02-01", 0), ("2025-03-01", 20),
    )  # fmt: skip


def test_rates_of_all_lines_whatever_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio = small.good()
    portfolio.toml += "[targets]\ncarriage_hours = 24\nfulfilment_hours = 12\n"
    folder = portfolio.write(tmp_path / "shop")
    with fourwalls.open(folder) as study:
        whole = study.diagnose().total
    monkeypatch.setattr(reception, "MOST_SAMPLED", 100)
    with fourwalls.open(folder) as study:
        sampled = study.diagnose().total
    assert sampled.n_lines == whole.n_lines == 300
    late = [{r.name: r.figure for r in total.readings}["on_time_share"] for total in (whole, sampled)]
    assert late[0] == late[1]
    for total in (whole, sampled):
        assert [c.stage for c in total.contributions] == ["carriage", "fulfilment", "fulfilment"]
    assert [c.lines for c in sampled.contributions] == pytest.approx([c.lines for c in whole.contributions])
