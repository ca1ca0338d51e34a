"""A small portfolio, good as it is, that a test breaks in one place."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

Row = dict[str, str]

TOML = """\
[portfolio]
name = "Small"
currency = "EUR"
own_party_id = "us"
asset = ["category"]
"""

LINES = 300
_FIRST = datetime(2025, 1, 6, 7, 10)  # noqa: DTZ001 - times are naive UTC


@dataclass(slots=True)
class Small:
    """What lies in the folder.

    Attributes:
        tables: Table → its rows, written as CSV.
        toml: Text of portfolio.toml.
        files: Path in the folder → bytes; they win over tables and toml. None leaves a file out.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    toml: str = TOML
    files: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def lines(self) -> list[Row]:
        """Order lines."""
        return self.tables["order_lines"]

    def set(self, column: str, value: str, *, rows: slice = slice(None), table: str = "order_lines") -> None:
        """The same value in a column of many rows."""
        for row in self.tables[table][rows]:
            row[column] = value

    def drop(self, column: str, table: str = "order_lines") -> None:
        """A table without a column."""
        for row in self.tables[table]:
            row.pop(column, None)

    def sql(self, table: str, text: str) -> None:
        """A table as SQL in place of rows."""
        self.tables.pop(table, None)
        self.files[f"tables/{table}.sql"] = text.encode()

    def write(self, folder: Path) -> Path:
        """The folder on disk."""
        (folder / "tables").mkdir(parents=True, exist_ok=True)
        texts: dict[str, bytes | None] = {"portfolio.toml": self.toml.encode()}
        texts |= {f"tables/{name}.csv": as_csv(rows).encode() for name, rows in self.tables.items()}
        for name, content in (texts | self.files).items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        return folder


def as_csv(rows: list[Row], delimiter: str = ",") -> str:
    """Rows as a CSV file; quoted only where it must be."""
    sink = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sink, names, delimiter=delimiter, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()


def good() -> Small:
    """300 order lines of ten weeks with the tables they refer to; nothing in them is wrong or odd."""
    return Small(
        {
            "order_lines": [_line(i) for i in range(LINES)],
            "products": [
                {"sku_id": f"s{i}", "brand": f"brand {i % 2}", "category": ("chairs", "lamps", "rugs")[i % 3]}
                for i in range(6)
            ],
            "nodes": [
                {"node_id": "dc", "kind": "own DC", "party_id": "us", "region": "north"},
                {"node_id": "hall", "kind": "3PL site", "party_id": "packers", "region": "south"},
            ],
            "channels": [
                {"channel_id": "site", "kind": "DTC site", "party_id": "us"},
                {"channel_id": "bazaar", "kind": "marketplace", "party_id": "bazaar"},
            ],
            "parties": [
                {"party_id": "us", "kind": "own company", "name": "Us"},
                {"party_id": "packers", "kind": "3PL", "name": "Packers Ltd"},
                {"party_id": "swift", "kind": "carrier", "name": "Swift"},
                {"party_id": "bazaar", "kind": "marketplace", "name": "Bazaar"},
            ],
        }
    )


def _line(i: int) -> Row:
    spread = (i * 7919) % 1009 / 1009  # a fixed scatter from 0 to 1
    ordered = _FIRST + timedelta(hours=5.6 * i, seconds=(i * 37) % 3600)
    released = ordered + timedelta(minutes=20 + 300 * spread, seconds=i % 60)
    handed_over = released + timedelta(hours=6 + 40 * ((i * 31) % 97 / 97), seconds=i % 47)
    delivered = handed_over + timedelta(hours=18 + 50 * ((i * 17) % 89 / 89), seconds=i % 53)
    is_cancelled = i % 40 == 7
    return {
        "order_id": f"o{i // 2}",
        "line_id": str(i % 2 + 1),
        "ordered_at": _text(ordered),
        "sku_id": f"s{i % 6}",
        "channel_id": "bazaar" if i % 5 == 0 else "site",
        "node_id": "hall" if i % 3 == 0 else "dc",
        "fulfiller_id": "packers" if i % 3 == 0 else "us",
        "carrier_id": "swift",
        "destination": ("coast", "hills")[i % 2],
        "promised_at": _text(ordered + timedelta(hours=84, seconds=i % 3000)),
        "released_at": _text(released),
        "handed_over_at": "" if is_cancelled else _text(handed_over),
        "delivered_at": "" if is_cancelled else _text(delivered),
        "cancelled_at": _text(released + timedelta(hours=2)) if is_cancelled else "",
        "ordered_units": str(1 + i % 3),
        "shipped_units": "" if is_cancelled else str(1 + i % 3),
        "price_amount": f"{10 + spread * 90:.2f}",
        "cost_amount": f"{6 + spread * 50:.2f}",
        "rating_share": ("0", "0.25", "0.5", "0.75", "1")[i % 5],
    }


def _text(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat(sep=" ")


STOCK_DAYS = 70
_STOCK_FIRST = datetime(2025, 1, 6)  # noqa: DTZ001 - times are naive UTC; a Monday


def stocked() -> Small:
    """The good portfolio with ten weeks of stock of three skus at two nodes, bought weekly from two suppliers."""
    made = good()
    made.tables["parties"] += [
        {"party_id": "mill", "kind": "supplier", "name": "Mill"},
        {"party_id": "forge", "kind": "supplier", "name": "Forge"},
    ]
    made.tables["stock_days"], made.tables["supply_orders"] = [], []
    for sku in range(3):
        for node in ("dc", "hall"):
            _shelf(made, sku, node)
    return made


def _shelf(made: Small, sku: int, node: str) -> None:
    on_hand, number = 20, sku * 2 + (node == "hall")
    for day in range(STOCK_DAYS):
        week, weekday = divmod(day, 7)
        wanted = 1 + (day * 7 + number * 5 + week) % 4
        received = 16 if weekday == 3 and week else 0
        sold = min(wanted, on_hand + received)
        on_hand += received - sold
        row = {
            "sku_id": f"s{sku}",
            "node_id": node,
            "day": _STOCK_FIRST + timedelta(days=day),
            "on_hand_units": on_hand,
            "sold_units": sold,
            "received_units": received,
            "empty_share": f"{1 - sold / wanted:.3f}",
        }
        made.tables["stock_days"].append({k: str(v.date() if isinstance(v, datetime) else v) for k, v in row.items()})
        if received:
            placed = _STOCK_FIRST + timedelta(days=day - 6, hours=9)
            order = {
                "supply_order_id": f"p{number}-{week}",
                "sku_id": f"s{sku}",
                "to_node_id": node,
                "supplier_id": ("mill", "forge")[sku % 2],
                "signalled_at": _text(placed - timedelta(hours=5)),
                "placed_at": _text(placed),
                "promised_at": _text(placed + timedelta(days=6)),
                "received_at": _text(placed + timedelta(days=5, hours=20)),
                "available_at": _text(placed + timedelta(days=6)),
                "ordered_units": "16",
                "received_units": "16",
            }
            made.tables["supply_orders"].append(order)
