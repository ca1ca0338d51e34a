"""How well is hidden demand told? Stocked hours of FreshRetailNet, hidden in the pattern of real stock-outs.

    python -m benchmarks.censored_demand --data DIR [--city N ...] [--flat] [--seed N]

DIR holds freshretailnet_*.parquet (any cities). Each series borrows the whole record of empty hours of another series of
the same city that sells about as much: real runs, whole days and evenings. Hours that were stocked here and empty there
are hidden, and their sales are the truth. Whoever is compared sees the rest, and all are given the same hour-of-day weights.
`all hours` scores every hidden hour; `stocked days` only those of days on which the shelf was never empty: such days are
days of low demand (that is why they did not run out), so whoever is right on average reads high there.
`--flat` weighs all hours from 6 to 22 alike instead: what the hours are worth.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from fourwalls.chain.demand import Demand, ShelfDays, censored_demand, chance_variance, sum_draws
from fourwalls.chain.demand_hours import usual_hours

HOURS, NEAR, OPEN, WEEK = 24, 50, slice(6, 22), 7


@dataclass(frozen=True)
class City:
    """One city. Arrays are (series, days[, hours])."""

    sold: np.ndarray
    empty: np.ndarray
    lift: np.ndarray
    weekday: np.ndarray
    store: np.ndarray
    product: np.ndarray
    category: np.ndarray


@dataclass(frozen=True)
class Task:
    """What those who are compared may see, and what they do not."""

    sold: np.ndarray
    """Units sold in hours left, (series, days)."""
    empty: np.ndarray
    """Share of the day's usual demand in empty or hidden hours."""
    hidden: np.ndarray
    """Share of the day's usual demand in hidden hours."""
    truth: np.ndarray
    """Units sold in hidden hours."""
    scored: np.ndarray
    """Whether any hour is hidden."""
    whole: np.ndarray
    """Whether the shelf was never empty in opening hours before hiding."""
    stocked: np.ndarray
    """Whether nothing is empty or hidden in opening hours."""


def cities(data: Path) -> list[int]:
    """Cities in the folder."""
    return [
        row[0]
        for row in duckdb.sql(f"SELECT DISTINCT city_id FROM '{data}/freshretailnet_*.parquet' ORDER BY 1").fetchall()
    ]


def read(data: Path, city: int) -> City:
    """The record of a city; series without all days are left out."""
    table = duckdb.sql(
        f"""WITH rows AS (
              SELECT store_id, product_id, first_category_id, dt, hours_sale::FLOAT[] AS s, hours_stock_status AS e,
                     1 - discount AS discount, activity_flag, holiday_flag, count(*) OVER (PARTITION BY store_id, product_id) AS n
              FROM '{data}/freshretailnet_*.parquet' WHERE city_id = {city}
            )
            SELECT * FROM rows WHERE n = (SELECT max(n) FROM rows) ORDER BY store_id, product_id, dt"""
    ).to_arrow_table()
    days = table["n"][0].as_py()

    def column(name: str) -> np.ndarray:
        return table[name].to_numpy().reshape(-1, days)

    def hours(name: str, kind: type) -> np.ndarray:
        return table[name].combine_chunks().flatten().to_numpy().astype(kind).reshape(-1, days, HOURS)

    lift = np.stack([column(c).astype(np.float32) for c in ("discount", "activity_flag", "holiday_flag")], axis=-1)
    on = table["dt"].to_numpy()[:days].astype("datetime64[D]").astype(np.int64)
    keys = (np.unique(column(c)[:, 0], return_inverse=True)[1] for c in ("store_id", "product_id", "first_category_id"))
    return City(hours("s", np.float32), hours("e", np.bool_), lift, (on + 3) % WEEK, *keys)


def hide(city: City, seed: int, flat: bool) -> Task:
    """Hides stocked hours in the pattern of a series of similar sales."""
    rng = np.random.default_rng(seed)
    n = len(city.sold)
    rate = (city.sold * ~city.empty).sum(axis=(1, 2)) / np.maximum((~city.empty).sum(axis=(1, 2)), 1)
    order = np.argsort(rate, kind="stable")
    lender = np.empty(n, np.int64)
    lender[order] = order[np.clip(np.arange(n) + rng.integers(1, NEAR + 1, n) * rng.choice((-1, 1), n), 0, n - 1)]
    hidden = city.empty[lender] & ~city.empty
    empty = city.empty[lender] | city.empty
    left = np.where(empty, np.float32(0), city.sold)
    if flat:
        weight = np.zeros((n, HOURS))
        weight[:, OPEN] = 1.0
    else:
        stocked = (~empty).sum(axis=1).astype(np.float64)
        shares, bend = usual_hours(left.sum(axis=1, dtype=np.float64), stocked, city.product, city.store)
        weight = shares[city.product] * bend[city.store]
    weight /= weight.sum(axis=1, keepdims=True)
    share = np.clip(np.einsum("sdh,sh->sd", empty, weight), 0.0, 1.0)
    share = np.where(share < 1e-6, 0.0, np.where(share > 1 - 1e-6, 1.0, share)).astype(np.float32)
    return Task(
        sold=left.sum(axis=2),
        empty=share,
        hidden=np.einsum("sdh,sh->sd", hidden, weight),
        truth=np.where(hidden, city.sold, np.float32(0)).sum(axis=2, dtype=np.float64),
        scored=hidden.any(axis=2),
        whole=~city.empty[:, :, OPEN].any(axis=2),
        stocked=~empty[:, :, OPEN].any(axis=2),
    )


def mean_of_weekday(city: City, task: Task) -> np.ndarray:
    """Demand of a day is the mean of the series' stocked days of that weekday; else of its stocked days; else of the day's rest."""
    sold, on = task.sold * task.stocked, task.stocked
    overall = sold.sum(axis=1) / np.maximum(on.sum(axis=1), 1)
    found = np.repeat(overall[:, None], sold.shape[1], axis=1)
    for day in range(WEEK):
        these = city.weekday == day
        n = on[:, these].sum(axis=1)
        found[:, these] = np.where(n > 0, sold[:, these].sum(axis=1) / np.maximum(n, 1), overall)[:, None]
    return found * task.hidden


def expanded(city: City, task: Task) -> np.ndarray:  # noqa: ARG001
    """Demand of a day is what it sold over its share with stock; of an empty day the mean of the series' days."""
    share = 1.0 - task.empty
    some = share > 0
    day = np.where(some, task.sold / np.where(some, share, 1.0), 0.0)
    mean = day.sum(axis=1) / np.maximum(some.sum(axis=1), 1)
    return np.where(some, day, mean[:, None]) * task.hidden


def ratio_of_series(city: City, task: Task) -> np.ndarray:  # noqa: ARG001
    """Demand of each day is all the series sold over all its share with stock: right on average, the same every day."""
    level = task.sold.sum(axis=1) / np.maximum((1.0 - task.empty).sum(axis=1), 1e-9)
    return level[:, None] * task.hidden


def smoothed(city: City, task: Task) -> np.ndarray:
    """Exponential smoothing (0.2) over days with stock, expanded by share, with the city's weekday factors."""
    share = 1.0 - task.empty
    week = np.array([task.sold[:, city.weekday == d].sum() / share[:, city.weekday == d].sum() for d in range(WEEK)])
    factor = (week / week.mean())[city.weekday]
    level = task.sold.sum(axis=1) / np.maximum(share.sum(axis=1), 1e-9)
    found = np.empty_like(share)
    for day in range(share.shape[1]):
        found[:, day] = level * factor[day]
        seen = task.sold[:, day] / np.where(share[:, day] > 0, share[:, day], 1.0) / factor[day]
        level = np.where(share[:, day] > 0.5, level + 0.2 * (seen - level), level)
    return found * task.hidden


RIVALS = {
    "sales as they are": lambda city, task: np.zeros_like(task.truth),  # noqa: ARG005
    "mean of weekday": mean_of_weekday,
    "sold / open, day": expanded,
    "sold / open, series": ratio_of_series,
    "exp. smoothing": smoothed,
}


def ours(city: City, task: Task, seed: int) -> tuple[np.ndarray, Demand]:
    """The product's estimate of the hidden part of the empty time."""
    shelf = ShelfDays(task.sold, task.empty, city.weekday, city.category, city.lift, city.product)
    told = censored_demand(shelf, seed=seed)
    part = np.where(task.empty > 0, task.hidden / np.maximum(task.empty, 1e-9), 0.0)
    return np.nan_to_num(told.lost) * part, told


def row(name: str, task: Task, told: np.ndarray) -> str:
    """Errors of one estimate: by day and by series, over all hidden hours and over those of stocked days."""
    cells = []
    for scope in (task.scored, task.scored & task.whole):
        truth, found = task.truth * scope, told * scope
        total = truth.sum()
        by_series = np.abs(found.sum(axis=1) - truth.sum(axis=1)).sum() / total
        cells.append(f"{np.abs(found - truth).sum() / total:8.3f}{by_series:8.3f}{found.sum() / total - 1:+8.3f}")
    return f"{name:<22}{cells[0]}   {cells[1]}"


def coverage(city: City, task: Task, told: np.ndarray, demand: Demand, seed: int) -> list[str]:
    """How often ranges of sums hold the truth, and how wide they are."""
    week = np.arange(0, told.shape[1], WEEK)
    lost = np.add.reduceat(told, week, axis=1)
    chance = np.add.reduceat(chance_variance(told.astype(np.float32), demand.spread).astype(np.float64), week, axis=1)
    truth = np.add.reduceat(np.where(demand.known[:, None], task.truth, 0.0), week, axis=1)
    lines = []
    for name, group in (("category", city.category), ("store", city.store), ("ten stores", city.store // 10)):
        draws = sum_draws(lost, chance, group, demand.spread, seed=seed)
        sums = np.zeros((draws.shape[1], truth.shape[1]))
        np.add.at(sums, group, truth)
        for span, d, t in (("all weeks", draws.sum(axis=2), sums.sum(axis=1)), ("each week", draws, sums)):
            held, some = [], d.mean(axis=0) > 0
            for level in (0.8, 0.9):
                low, high = np.quantile(d, [0.5 - level / 2, 0.5 + level / 2], axis=0)
                held.append(((low <= t) & (t <= high))[some].mean())
            wide = np.median((high - low)[some] / d.mean(axis=0)[some]) / 2
            lines.append(
                f"  {name:<11}{span:<10}{some.sum():>6} sums   80 %: {held[0]:.2f}   90 %: {held[1]:.2f}   ± {wide:.0%}"
            )
    return lines


def main() -> None:
    """Prints a table for each city."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--city", type=int, nargs="*")
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for number in args.city or cities(args.data):
        city = read(args.data, number)
        task = hide(city, args.seed, args.flat)
        share = task.truth.sum() / city.sold.sum()
        print(
            f"city {number}: {len(city.sold):,} series, {task.truth.sum():,.0f} units hidden ({share:.0%} of all sold)"
        )
        print(f"{'':<22}{'all hours: day':>14}{'series':>8}{'bias':>8}   {'stocked days':>12}{'series':>8}{'bias':>8}")
        for name, estimate in RIVALS.items():
            print(row(name, task, estimate(city, task)))
        told, demand = ours(city, task, args.seed)
        print(row("fourwalls", task, told))
        print("\n".join(coverage(city, task, told, demand, args.seed)), flush=True)


if __name__ == "__main__":
    main()
