"""Time and memory of a diagnosis, as ratios to one hand-written query over the same columns.

    python -m benchmarks.diagnose [LINES …]

Each side runs in a process of its own, in turn, three times; medians are printed. Time is taken after imports, from
opening the folder to the written page and JSON, against one query that only computes stage durations and late shares.
CPU seconds of all threads stand beside the seconds that passed: on a machine that others share only they can be compared.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import duckdb

SIZES = (1_000_000, 10_000_000)
ROUNDS = 3
LIMIT_RATIO, LIMIT_GIB = 5.0, 4.0
PLACE = Path("build") / "bench"

MAKE = """
COPY (
  WITH line AS (
    SELECT i, TIMESTAMP '2025-01-01' + to_seconds((i * 31536000.0 / {n})::BIGINT) AS ordered_at,
      hash(i) % 5000 AS sku, hash(i + 1) % 4 AS channel, hash(i + 2) % 12 AS node, hash(i + 3) % 5 AS carrier,
      hash(i + 4) % 10 AS region, (hash(i + 5) % 10000) / 10000.0 AS a, (hash(i + 6) % 10000) / 10000.0 AS b,
      (hash(i + 7) % 10000) / 10000.0 AS c, 1 + hash(i + 8) % 6 AS units
    FROM range({n}) t(i)
  ), clocked AS (
    SELECT *, ordered_at + to_seconds((1200 - 4 * 3600 * ln(1 - a))::BIGINT) AS released_at FROM line
  ), packed AS (
    SELECT *, released_at + to_seconds((3600 * (2 - (14 + CASE WHEN node = 7 THEN 16 ELSE node % 3 END) * ln(1 - b)))::BIGINT)
      AS handed_over_at FROM clocked
  )
  SELECT 'o' || (i * 5 // 7) AS order_id, (i * 5 % 7 // 5) + 1 AS line_id, ordered_at, 's' || sku AS sku_id, 'ch' || channel AS channel_id,
    'n' || node AS node_id, CASE WHEN node < 8 THEN 'own' ELSE 'p' || node END AS fulfiller_id, 'c' || carrier AS carrier_id,
    'r' || region AS destination, ordered_at + INTERVAL 5 DAY AS promised_at, released_at,
    CASE WHEN a < 0.99 THEN handed_over_at END AS handed_over_at,
    CASE WHEN a < 0.985 THEN handed_over_at + to_seconds((3600 * (6 - (18 + CASE WHEN carrier = 3 THEN 14 ELSE carrier % 2 END)
      * ln(1 - c)))::BIGINT) END AS delivered_at,
    CASE WHEN a >= 0.99 THEN handed_over_at END AS cancelled_at, units::DOUBLE AS ordered_units,
    CASE WHEN c < 0.02 THEN greatest(units::INT - 1, 0) ELSE units END::DOUBLE AS shipped_units, 10.0 + (i % 997) / 10 AS price_amount
  FROM packed
) TO '{file}' (FORMAT parquet, COMPRESSION zstd)
"""

QUERY = """
SELECT channel_id, destination, count(*), avg((delivered_at > promised_at)::INT),
  quantile_cont(epoch(released_at - ordered_at), [0.5, 0.9]), quantile_cont(epoch(handed_over_at - released_at), [0.5, 0.9]),
  quantile_cont(epoch(delivered_at - handed_over_at), [0.5, 0.9]), count(cancelled_at), sum(ordered_units), sum(shipped_units),
  sum(price_amount * ordered_units), max(order_id), max(line_id), max(sku_id), max(node_id), max(fulfiller_id), max(carrier_id)
FROM read_parquet('{file}') GROUP BY ALL
"""

TOML = """
[portfolio]
name = "Bench"
currency = "EUR"
own_party_id = "own"
asset = ["channel_id", "destination"]
"""


def made(lines: int) -> Path:
    """A portfolio with that many order lines, made once."""
    folder = PLACE / f"lines-{lines}"
    file = folder / "tables" / "order_lines.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        (folder / "portfolio.toml").write_text(TOML, "utf-8")
        draft = file.with_suffix(".part")
        duckdb.sql(MAKE.format(n=lines, file=draft))
        draft.rename(file)
    return folder


def run_query(folder: Path) -> dict[str, float]:
    """The hand-written query, timed."""
    begin = _clocks()
    connection = duckdb.connect()
    connection.execute(QUERY.format(file=folder / "tables" / "order_lines.parquet")).fetchall()
    return _measured(begin)


def run_diagnose(folder: Path) -> dict[str, float]:
    """The diagnosis with page and JSON, timed."""
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.page import html
    from fourwalls.surfaces.page import json as page_json

    begin = _clocks()
    with open_study(folder) as study:
        found = study.diagnose()
    (folder / "page.html").write_text(html.render(found), "utf-8")
    (folder / "diagnosis.json").write_text(page_json.dumps(found), "utf-8")
    return _measured(begin)


def _measured(begin: tuple[float, float]) -> dict[str, float]:
    seconds, cpu = (now - then for now, then in zip(_clocks(), begin, strict=True))
    return {"seconds": seconds, "cpu": cpu, "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2}


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _child(what: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.diagnose", what, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main(sizes: tuple[int, ...]) -> None:
    """Prints a row for each size."""
    print(
        f"{'order lines':>12} {'query s':>8} {'diagnose s':>11} {'ratio':>6} {'query CPU s':>12} {'diagnose CPU s':>15} "
        f"{'CPU ratio':>10} {'peak GiB':>9}   limits: {LIMIT_RATIO:g}x, {LIMIT_GIB:g} GiB"
    )
    for lines in sizes:
        folder = made(lines)
        query, diagnose = [], []
        for _ in range(ROUNDS):
            query.append(_child("query", folder))
            diagnose.append(_child("diagnose", folder))
        told = [f"{lines:>12,}"]
        for clock, widths in (("seconds", (8, 11, 6)), ("cpu", (12, 15, 10))):
            ratio = statistics.median(d[clock] / q[clock] for d, q in zip(diagnose, query, strict=True))
            middles = (statistics.median(run[clock] for run in runs) for runs in (query, diagnose))
            told += [f"{value:>{width}.2f}" for value, width in zip((*middles, ratio), widths, strict=True)]
        print(*told, f"{max(d['gib'] for d in diagnose):>9.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] in ("query", "diagnose"):
        print(json.dumps({"query": run_query, "diagnose": run_diagnose}[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main(tuple(int(a) for a in sys.argv[1:]) or SIZES)
