"""Time and memory of the stock flow from folder to diagnosis, beside one query that reads the same columns.

    python -m benchmarks.stock_flow [MILLION SHELF-DAYS …]

Each side runs in a process of its own; time is taken after imports.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import duckdb

SIZES = (10,)
DAYS = 365
LIMIT_S, LIMIT_GIB = 60.0, 6.0
PLACE = Path("build") / "bench"

# A weekly order of what sold in the last week, four to nine days on the way; supplier 3 takes a week more.
MAKE = {
    "stock_days": """
      WITH shelf AS (SELECT i AS k, 's' || (i // 20) AS sku_id, 'n' || (i % 20) AS node_id FROM range({shelves}) t(i)),
      day AS (
        SELECT k, sku_id, node_id, DATE '2025-01-01' + d::INT AS day, (hash(k * 1000 + d) % 5)::INT AS wanted,
          (hash(k + d // 17) % 11 = 0) AS is_empty, 3 + (hash(k * 7 + d) % 23)::INT AS stock
        FROM shelf, range({days}) r(d)
      )
      SELECT sku_id, node_id, day, CASE WHEN is_empty THEN 0 ELSE stock END AS on_hand_units,
        CASE WHEN is_empty THEN 0 ELSE wanted END AS sold_units, is_empty::INT::DOUBLE AS empty_share FROM day""",
    "supply_orders": """
      WITH placed AS (
        SELECT row_number() OVER () AS n, 's' || (i // 20) AS sku_id, 'n' || (i % 20) AS to_node_id, (i // 20) % 8 AS supplier,
          TIMESTAMP '2025-01-01 06:00:00' + INTERVAL (7 * w + (i // 20) % 7) DAY AS signalled_at, hash(i * 100 + w) AS luck
        FROM range({shelves}) t(i), range({days} // 7) r(w)
      ), timed AS (
        SELECT *, signalled_at + INTERVAL (4 + luck % 30) HOUR AS placed_at FROM placed
      )
      SELECT 'b' || n AS supply_order_id, sku_id, to_node_id, 'sup' || supplier AS supplier_id, signalled_at, placed_at,
        placed_at + INTERVAL 7 DAY AS promised_at,
        placed_at + INTERVAL (96 + luck % 120 + CASE WHEN supplier = 3 THEN 168 ELSE 0 END) HOUR AS received_at,
        placed_at + INTERVAL (96 + luck % 120 + CASE WHEN supplier = 3 THEN 168 ELSE 0 END + 5 + luck % 20) HOUR AS available_at,
        8 + luck % 12 AS ordered_units, 8 + luck % 12 AS received_units FROM timed""",
    "forecasts": """
      SELECT 's' || (i // 20) AS sku_id, 'n' || (i % 20) AS node_id, DATE '2025-01-01' + (7 * w)::INT AS forecast_on,
        DATE '2025-01-01' + (7 * w)::INT AS period_on, 7 AS period_days, 9.0 + hash(i + w) % 9 AS forecast_units, 'own' AS forecaster_id
      FROM range({shelves}) t(i), range({days} // 7) r(w)""",
    "products": "SELECT 's' || i AS sku_id, 'brand ' || (i % 9) AS brand, 'kind ' || (i % 25) AS category FROM range({shelves} // 20 + 1) t(i)",
    "nodes": "SELECT 'n' || i AS node_id, 'DC' AS kind, CASE WHEN i < 14 THEN 'own' ELSE '3pl' END AS party_id, 'r' || (i % 4) AS region FROM range(20) t(i)",
}
QUERY = """
SELECT sku_id, node_id, count(*), sum(sold_units), sum(on_hand_units), avg(empty_share), min(day), max(day),
  regr_slope(sold_units, epoch(day)), quantile_cont(on_hand_units, [0.1, 0.5, 0.9])
FROM read_parquet('{folder}/stock_days.parquet') GROUP BY ALL
"""
TOML = """
[portfolio]
name = "Bench"
currency = "EUR"
own_party_id = "own"
asset = ["category", "node_region"]
"""


def made(million: float) -> Path:
    """A portfolio with that many million shelf-days, made once."""
    folder = PLACE / f"shelf-days-{million:g}m"
    tables = folder / "tables"
    shelves = round(million * 1e6 / DAYS)
    if not (folder / "portfolio.toml").exists():
        tables.mkdir(parents=True, exist_ok=True)
        for name, query in MAKE.items():
            duckdb.sql(
                f"COPY ({query.format(shelves=shelves, days=DAYS)}) TO '{tables / name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
        (folder / "portfolio.toml").write_text(TOML, "utf-8")
    return folder


def timed(work: str, folder: Path) -> dict[str, float]:
    """Seconds and peak memory of one side, in a process of its own."""
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "benchmarks.stock_flow", work, str(folder)], capture_output=True, text=True, check=True
    )
    told: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return told


def _work(work: str, folder: Path) -> None:
    import fourwalls as fw

    if work == "diagnose":
        fw.open(folder)  # imports come first
        begun = time.perf_counter()
        with fw.open(folder, progress=lambda said: print(f"  {time.perf_counter() - begun:6.1f} s  {said}")) as study:
            study.diagnose()
    else:
        begun = time.perf_counter()
        duckdb.sql(QUERY.format(folder=folder / "tables")).to_arrow_table()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": time.perf_counter() - begun, "gib": peak}))


def main(said: list[str]) -> None:
    """Prints the table."""
    if said and said[0] in ("diagnose", "query"):
        _work(said[0], Path(said[1]))
        return
    for million in [float(x) for x in said] or SIZES:
        folder = made(million)
        ours, query = timed("diagnose", folder), timed("query", folder)
        print(
            f"{million:g} million shelf-days: {ours['seconds']:.1f} s, {ours['gib']:.1f} GiB (limits {LIMIT_S:g} s, {LIMIT_GIB:g} GiB at 10); "
            f"{ours['seconds'] / query['seconds']:.0f}x one query over the stock record ({query['seconds']:.2f} s)"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
