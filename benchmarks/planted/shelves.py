"""FreshRetailNet's shelves, its stores split in two halves by lot, and sales taken away from one of them.

What is taken away was really sold in those hours, so what an empty shelf cost is known to the unit.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

import fourwalls as fw
from fourwalls.diagnosis import Diagnosis

EXAMPLE = Path(__file__).parents[2] / "examples" / "freshretailnet"
FILE = "freshretailnet_cities_3_4_6_11_13.parquet"
HALVES = ("half one", "half two")
_HOURS = "range(1, 25)"


@dataclass(frozen=True, slots=True)
class Emptied:
    """Hours that are taken from the second half.

    Attributes:
        name: In words.
        hours: SQL condition on a row of days for the hour `h` (1 to 24) to be emptied.
        is_recorded: Whether the record says that the shelf was empty then.
    """

    name: str
    hours: str
    is_recorded: bool = True


NOTHING = Emptied("nothing", "false")
EVENINGS = Emptied("shelves of one half empty from 14:00 on every fourth day", "h > 14 AND day_lot % 4 = 0")
WHOLE_DAYS = Emptied("shelves of one half empty on whole days, one in eight", "day_lot % 8 = 0")
REFILLED_LATER = Emptied("one half refilled at noon after an evening without stock", "h <= 12 AND was_empty")
UNSEEN = Emptied("weeks without goods in one half, one in eight, that the record calls stocked", "week_lot % 8 = 0", is_recorded=False)  # fmt: skip


class Shelves:
    """One city's shelves, read once.

    Args:
        data: Folder that holds freshretailnet/.
        city: Which of the cities 3, 4, 6, 11 and 13.
    """

    def __init__(self, data: Path, city: int = 4) -> None:
        self._sql = duckdb.connect(config={"threads": 2})
        self._sql.execute(
            "CREATE TABLE real AS SELECT *, coalesce(lag(hours_stock_status[22]) OVER (PARTITION BY store_id, product_id "
            f"ORDER BY dt), 0) = 1 AS was_empty FROM '{data / 'freshretailnet' / FILE}' WHERE city_id = {city}"
        )

    def plant(self, what: Emptied, seed: int, folder: Path) -> float:
        """Writes a portfolio and its data with the hours emptied.

        Returns:
            Units that were sold in life and are not sold here.
        """
        self._sql.execute(
            "CREATE OR REPLACE TABLE faulty AS WITH lots AS (SELECT *, "
            f"hash(md5(concat_ws('|', store_id, product_id, dt, {seed}))) AS day_lot, "
            f"hash(md5(concat_ws('|', store_id, product_id, datediff('week', DATE '2024-01-01', dt::DATE), {seed}))) AS week_lot, "
            f"hash(md5(concat_ws('|', store_id, {seed}))) % 2 AS half FROM real) "
            f"SELECT *, list_transform({_HOURS}, lambda h: half = 1 AND ({what.hours})) AS gone FROM lots"
        )
        [(taken,)] = self._sql.execute(
            f"SELECT sum(list_sum(list_transform({_HOURS}, lambda h: CASE WHEN gone[h] THEN hours_sale[h] ELSE 0 END))) FROM faulty"
        ).fetchall()
        self._write(what, folder)
        return float(taken)

    def _write(self, what: Emptied, folder: Path) -> None:
        (folder / "tables").mkdir(parents=True)
        (folder / "data").mkdir()
        status = f"list_transform({_HOURS}, lambda h: CASE WHEN gone[h] THEN 1 ELSE hours_stock_status[h] END)"
        flag = f"{status} AS hours_stock_status" if what.is_recorded else "hours_stock_status"
        self._sql.execute(
            "COPY (SELECT * EXCLUDE (hours_sale, hours_stock_status, was_empty, day_lot, week_lot, half, gone), "
            f"list_transform({_HOURS}, lambda h: CASE WHEN gone[h] THEN 0 ELSE hours_sale[h] END) AS hours_sale, {flag} "
            f"FROM faulty) TO '{folder / 'data' / FILE}'"
        )
        for name in ("stock_days", "products", "parties"):
            (folder / "tables" / f"{name}.sql").write_text(
                (EXAMPLE / "tables" / f"{name}.sql").read_text("utf-8"), "utf-8"
            )
        self._sql.execute(
            "COPY (SELECT DISTINCT store_id::VARCHAR AS node_id, 'store' AS kind, 'retailer' AS party_id, "
            f"list_extract({list(HALVES)!r}, 1 + half::INT) AS region FROM faulty) TO '{folder / 'tables' / 'nodes.csv'}'"
        )
        (folder / "portfolio.toml").write_text(
            '[portfolio]\nname = "Shelves"\ncurrency = "CNY"\nown_party_id = "retailer"\nasset = ["node_region"]\n',
            "utf-8",
        )

    def diagnose(self, what: Emptied, seed: int) -> tuple[Diagnosis, float]:
        """What is told of the emptied shelves, and what was taken from them."""
        with tempfile.TemporaryDirectory() as kitchen:
            folder = Path(kitchen) / "shelves"
            taken = self.plant(what, seed, folder)
            with fw.open(folder, folder / "data") as study:
                return study.diagnose(), taken
