"""How widely daily demand spreads in a healthy world, beside real retailers.

`python -m benchmarks.quality.dispersion --data DIR --out FILE`. UCI Online Retail: order lines a day by product.
FreshRetailNet: sales a day by store and product on days never empty, in normalised amounts, so only the variation
coefficient compares.
"""

from __future__ import annotations

import argparse
import itertools
import math
import tempfile
from pathlib import Path

import duckdb

from benchmarks.quality import plots
from fourwalls.worlds import make

WORLD, UCI, FRESH = "healthy world", "UCI Online Retail", "FreshRetailNet"

_LINES = """
WITH daily AS ({daily}), span AS (SELECT count(DISTINCT day) AS days FROM daily), spread AS (
    SELECT product, sum(units) / max(days) AS mean, sum(units * units) / max(days) - (sum(units) / max(days)) ^ 2 AS variance,
        1 - count(*) / max(days) AS none FROM daily, span GROUP BY product
)
SELECT mean, variance, none FROM spread WHERE mean >= 0.02 ORDER BY ALL
"""

_DAILY = {
    WORLD: "SELECT sku_id AS product, ordered_at::DATE AS day, count(*) AS units FROM read_parquet('{file}') GROUP BY ALL",
    UCI: "SELECT StockCode AS product, InvoiceDate::DATE AS day, count(*) AS units FROM read_parquet('{file}') "
    "WHERE Quantity > 0 AND UnitPrice > 0 GROUP BY ALL",
}

_FRESH = """
WITH daily AS (
    SELECT store_id, product_id, list_sum(hours_sale) AS sold, list_sum(hours_stock_status[7:22]) AS empty
    FROM read_parquet('{file}')
)
SELECT stddev(sold) / avg(sold) AS variation FROM daily WHERE empty = 0
GROUP BY store_id, product_id HAVING count(*) > 40 AND avg(sold) > 0 ORDER BY 1
"""

_BINS = (0.02, 0.3, 1.0, 3.0, 10.0, math.inf)

Spread = list[tuple[float, float, float]]
"""Mean, variance and share of days without any, product by product."""


def spreads(data: Path, seed: int) -> dict[str, Spread]:
    """Daily spread of each source that counts order lines."""
    with tempfile.TemporaryDirectory() as kitchen, duckdb.connect() as connection:
        make("healthy", Path(kitchen) / "w", seed=seed)
        files = {
            WORLD: Path(kitchen) / "w" / "tables" / "order_lines.parquet",
            UCI: data / "uci_online_retail" / "online_retail.parquet",
        }
        return {
            name: connection.execute(_LINES.format(daily=daily.format(file=files[name]))).fetchall()
            for name, daily in _DAILY.items()
        }


def variations(found: dict[str, Spread], fresh: list[float]) -> dict[str, list[float]]:
    """Standard deviation over mean of a day, product by product; of products above one line a day, and of all of Fresh."""
    out = {name: sorted(math.sqrt(v) / m for m, v, _ in some if m >= 1.0) for name, some in found.items()}
    return {name: values for name, values in (out | {FRESH: fresh}).items() if values}


def rows(found: dict[str, Spread]) -> list[tuple[str, ...]]:
    """Variance over mean and days without any, by mean."""
    out: list[tuple[str, ...]] = []
    for low, high in itertools.pairwise(_BINS):
        for name, some in found.items():
            mine = [s for s in some if low <= s[0] < high]
            if mine:
                ratio, none = _quantile([v / m for m, v, _ in mine], 0.5), _quantile([z for *_, z in mine], 0.5)
                span = f"{low:g} to {high:g}" if math.isfinite(high) else f"above {low:g}"
                out.append((span, name, str(len(mine)), f"{ratio:.2f}", f"{100 * none:.0f} %"))
    return out


HEAD = ("order lines a day", "source", "products", "variance / mean", "days without")
VARIATION_HEAD = ("source", "series", "tenth", "median", "nine tenths")


def variation_rows(by_source: dict[str, list[float]]) -> list[tuple[str, ...]]:
    """Quantiles of the variation of each source."""
    return [
        (name, str(len(values)), *(f"{_quantile(values, share):.2f}" for share in (0.1, 0.5, 0.9)))
        for name, values in by_source.items()
    ]


def report(found: dict[str, Spread], fresh: list[float]) -> str:
    """One page of HTML with both plots and both tables; nothing is loaded from elsewhere."""
    by_source = variations(found, fresh)
    points = {name: [(m, v) for m, v, _ in some] for name, some in found.items()}
    return plots.page(
        "Daily demand: a healthy world and real retailers",
        [
            "<h2>Variance against mean</h2><p>One point per product, order lines a day; the line is Poisson.</p>",
            plots.scatter(points),
            plots.table(HEAD, rows(found)),
            (
                "<h2>Variation of a day</h2><p>Share of series whose standard deviation over mean is at most so much: products "
                "above one order line a day, and FreshRetailNet's store and product series on days never empty.</p>"
            ),
            plots.shares(by_source),
            plots.table(VARIATION_HEAD, variation_rows(by_source)),
        ],
    )


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _fresh(data: Path) -> list[float]:
    file = data / "freshretailnet" / "freshretailnet_cities_3_4_6_11_13.parquet"
    if not file.is_file():
        return []
    with duckdb.connect() as connection:
        return [float(v) for (v,) in connection.execute(_FRESH.format(file=file)).fetchall()]


def main() -> None:
    """Compare daily demand of a healthy world with real retailers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.dispersion", description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with uci_online_retail/ and freshretailnet/")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the report with its plots to this HTML file")
    said = parser.parse_args()
    found, fresh = spreads(said.data, said.seed), _fresh(said.data)
    for head, body in ((HEAD, rows(found)), (VARIATION_HEAD, variation_rows(variations(found, fresh)))):
        print("\n".join("| " + " | ".join(row) + " |" for row in (head, ("---",) * len(head), *body)) + "\n")
    if said.out:
        said.out.write_text(report(found, fresh), encoding="utf-8")


if __name__ == "__main__":
    main()
