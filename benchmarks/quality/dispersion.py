"""How widely daily demand spreads in a healthy world, beside real retailers: `python -m benchmarks.quality.dispersion --data DIR`.

UCI Online Retail: order lines a day by product. FreshRetailNet: sales a day by store and product on days never empty, in
normalised amounts, so only the variation coefficient compares.
"""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
from pathlib import Path

import duckdb

from fourwalls.worlds import make

_LINES = """
WITH daily AS ({daily}), span AS (SELECT count(DISTINCT day) AS days FROM daily), spread AS (
    SELECT product, sum(units) / max(days) AS mean, sum(units * units) / max(days) - (sum(units) / max(days)) ^ 2 AS variance,
        1 - count(*) / max(days) AS none FROM daily, span GROUP BY product
)
SELECT mean, variance, none FROM spread WHERE mean >= 0.02
"""

_DAILY = {
    "healthy world": "SELECT sku_id AS product, ordered_at::DATE AS day, count(*) AS units FROM read_parquet('{file}') GROUP BY ALL",
    "UCI Online Retail": "SELECT StockCode AS product, InvoiceDate::DATE AS day, count(*) AS units FROM read_parquet('{file}') "
    "WHERE Quantity > 0 AND UnitPrice > 0 GROUP BY ALL",
}

_FRESH = """
WITH daily AS (
    SELECT store_id, product_id, list_sum(hours_sale) AS sold, list_sum(hours_stock_status[7:22]) AS empty
    FROM read_parquet('{file}')
), spread AS (
    SELECT stddev(sold) / avg(sold) AS variation FROM daily WHERE empty = 0
    GROUP BY store_id, product_id HAVING count(*) > 40 AND avg(sold) > 0
)
SELECT quantile_cont(variation, [0.1, 0.5, 0.9]), count(*) FROM spread
"""

_BINS = (0.02, 0.3, 1.0, 3.0, 10.0, math.inf)

Spread = list[tuple[float, float, float]]
"""Mean, variance and share of days without any, product by product."""


def spreads(data: Path, seed: int) -> dict[str, Spread]:
    """Daily spread of each source."""
    with tempfile.TemporaryDirectory() as kitchen, duckdb.connect() as connection:
        make("healthy", Path(kitchen) / "w", seed=seed)
        files = {
            "healthy world": Path(kitchen) / "w" / "tables" / "order_lines.parquet",
            "UCI Online Retail": data / "uci_online_retail" / "online_retail.parquet",
        }
        return {
            name: connection.execute(_LINES.format(daily=daily.format(file=files[name]))).fetchall()
            for name, daily in _DAILY.items()
        }


def table(found: dict[str, Spread]) -> str:
    """Variance over mean and days without any, by mean."""
    lines = ["| order lines a day | source | products | variance / mean | days without |", "|---|---|---|---|---|"]
    for low, high in itertools.pairwise(_BINS):
        for name, some in found.items():
            mine = [s for s in some if low <= s[0] < high]
            if mine:
                ratio, none = _median([v / m for m, v, _ in mine]), _median([z for *_, z in mine])
                lines.append(f"| {low:g} to {high:g} | {name} | {len(mine)} | {ratio:.2f} | {100 * none:.0f} % |")
    return "\n".join(lines)


def picture(found: dict[str, Spread]) -> str:
    """Variance against mean, both logarithmic, as SVG; the line is Poisson."""
    width, height = 560, 420

    def at(value: float, low: float, high: float, size: int) -> float:
        return 40 + (math.log10(max(value, 10**low)) - low) / (high - low) * (size - 60)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
    ]
    ends = [(at(v, -2, 1.3, width), height - at(v, -2, 2, height)) for v in (0.02, 15.0)]
    parts.append(f'<path d="M{ends[0][0]:.1f} {ends[0][1]:.1f} L{ends[1][0]:.1f} {ends[1][1]:.1f}" stroke="#777"/>')
    for number, ((name, some), colour) in enumerate(zip(found.items(), ("#0072b2", "#d55e00"), strict=True)):
        for mean, variance, _ in some:
            x, y = at(mean, -2, 1.3, width), height - at(variance, -2, 2, height)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}" fill-opacity="0.5"/>')
        parts.append(f'<text x="50" y="{20 + 16 * number}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{width - 150}" y="{height - 8}">mean a day, 0.01 to 20</text>')
    parts.append('<text x="8" y="62">variance, 0.01 to 100</text></svg>')
    return "\n".join(parts)


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def main() -> None:
    """Compare daily demand of a healthy world with real retailers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.dispersion", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with uci_online_retail/ and freshretailnet/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path, help="write the plot to this SVG file")
    said = parser.parse_args()
    found = spreads(said.data, said.seed)
    print(table(found))
    fresh = said.data / "freshretailnet" / "freshretailnet_cities_3_4_6_11_13.parquet"
    if fresh.is_file():
        with duckdb.connect() as connection:
            [(shares, n)] = connection.execute(_FRESH.format(file=fresh)).fetchall()
        ours = [math.sqrt(v) / m for m, v, _ in found["healthy world"] if m >= 1.0]
        print(
            f"\nFreshRetailNet, {n} series: variation of a day {shares[0]:.2f} / {shares[1]:.2f} / {shares[2]:.2f} (p10/p50/p90);"
        )
        print(f"healthy world, products above one line a day: median {_median(ours):.2f}.")
    if said.picture:
        said.picture.write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
