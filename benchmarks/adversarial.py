"""Worlds made to mislead: shocks that last, peers that are none, tails behind equal means, sides nobody can be held to.

    python -m benchmarks.adversarial [WORLDS] [WORD]

Each scenario is lived WORLDS times (only those whose name holds WORD). The truth is known line by line: the same line with
the same luck, its doer as good as the sound ones. Ranges claim 90 %. These worlds share nothing with `fourwalls.worlds`.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from fourwalls.diagnosis import AssetDiagnosis
from fourwalls.figures import Estimate
from fourwalls.study import open as open_study

Floats = npt.NDArray[np.float64]
HOUR = 3600
TOML = '[portfolio]\nname = "a"\ncurrency = "EUR"\nown_party_id = "own"\nasset = ["destination"]\n'
START = np.datetime64("2024-01-01", "us").astype(np.int64)


@dataclass
class Record:
    """Order lines with the hours of each stage as they were and as they would be with sound doers.

    Attributes:
        week: Week of each line, shape (lines,).
        hours, sound: Hours of release, fulfilment and carriage, shape (3, lines).
        promise: Hours from the order to the promise, shape (lines,).
        gives_up: Hours after which the customer cancels what has not left the house, shape (lines,).
        channel, node, carrier, category: Who, and what, shape (lines,).
        kinds: Channel → its kind.
        after: Hours the record goes on after the last order.
    """

    week: npt.NDArray[np.int64]
    hours: Floats
    sound: Floats
    promise: Floats
    gives_up: Floats
    channel: npt.NDArray[np.str_]
    node: npt.NDArray[np.str_]
    carrier: npt.NDArray[np.str_]
    category: npt.NDArray[np.str_]
    kinds: dict[str, str] = field(default_factory=lambda: {"web": "DTC site"})
    after: float = 400.0

    def truth(self) -> float:
        """Lines missed that sound doers would have kept, as a share of all."""
        return float((self._missed(self.hours) & ~self._missed(self.sound)).mean())

    def _missed(self, hours: Floats) -> npt.NDArray[np.bool_]:
        return (hours.sum(axis=0) > self.promise) | (hours[:2].sum(axis=0) > self.gives_up)

    def write(self, folder: Path, rng: np.random.Generator) -> None:
        """The record as tables."""
        n = len(self.week)
        ordered = (self.week * 168 + rng.uniform(0, 168, n)) * HOUR
        ends = np.cumsum(self.hours, axis=0)
        given_up = ends[1] > self.gives_up

        def stamp(hours: Floats, known: npt.NDArray[np.bool_] | None = None) -> pa.Array:
            at = (START + (ordered + np.minimum(hours, 1e6) * HOUR) * 1_000_000).astype(np.int64)
            return pa.array(at, pa.timestamp("us"), mask=None if known is None else ~known)

        table = pa.table(
            {
                "order_id": np.arange(n).astype(str),
                "line_id": np.repeat("1", n),
                "sku_id": self.category,
                "ordered_at": stamp(np.zeros(n)),
                "released_at": stamp(ends[0], ends[0] <= self.gives_up),
                "handed_over_at": stamp(ends[1], ~given_up),
                "delivered_at": stamp(ends[2], ~given_up),
                "cancelled_at": stamp(self.gives_up, given_up),
                "promised_at": stamp(self.promise),
                "channel_id": self.channel,
                "node_id": self.node,
                "fulfiller_id": np.where(np.char.startswith(self.node, "dc"), "own", self.node),
                "carrier_id": self.carrier,
                "destination": np.repeat("north", n),
            }
        )
        (folder / "tables").mkdir(parents=True)
        pq.write_table(table, folder / "tables" / "order_lines.parquet")
        names = list(self.kinds)
        channels = pa.table({"channel_id": names, "kind": list(self.kinds.values()), "party_id": ["own"] * len(names)})
        pq.write_table(channels, folder / "tables" / "channels.parquet")
        skus = sorted(set(self.category.tolist()))
        pq.write_table(pa.table({"sku_id": skus, "category": skus}), folder / "tables" / "products.parquet")
        (folder / "portfolio.toml").write_text(TOML, "utf-8")


def shocks(rng: np.random.Generator, weeks: int, doers: int, sd: float, memory: float) -> Floats:
    """Weekly shocks of each doer in logs, AR(1) with the given memory, shape (weeks, doers)."""
    at = rng.normal(0, sd, doers)
    found = []
    for _ in range(weeks):
        at = memory * at + rng.normal(0, sd * (1 - memory**2) ** 0.5, doers)
        found.append(at)
    return np.array(found)


def plain(
    rng: np.random.Generator,
    weeks: int = 52,
    per_week: int = 200,
    carriers: int = 4,
    sd: float = 0.06,
    memory: float = 0.0,
) -> Record:
    """Equal carriers behind two equal warehouses; one line in twenty or so is late."""
    n = weeks * per_week
    week = np.repeat(np.arange(weeks), per_week)
    carrier, node = rng.integers(0, carriers, n), rng.integers(0, 2, n)
    on_road = shocks(rng, weeks, carriers, sd, memory)[week, carrier]
    hours = np.array(
        [
            rng.uniform(0.5, 1.5, n),
            np.exp(np.log(14) + rng.normal(0, 0.5, n)),
            np.exp(np.log(40) + on_road + rng.normal(0, 0.35, n)),
        ]
    )
    return Record(
        week, hours, hours.copy(), np.full(n, 96.0), np.full(n, np.inf),
        np.repeat("web", n), np.array(["dc1", "dc2"])[node], np.char.add("c", carrier.astype(str)), np.repeat("all", n),
    )  # fmt: skip


def slow_carrier(rng: np.random.Generator, carriers: int, slower: float, **options: float) -> Record:
    """One of several carriers takes longer."""
    record = plain(rng, carriers=carriers, **options)  # type: ignore[arg-type]
    record.hours[2] *= np.where(record.carrier == "c0", 1 + slower, 1.0)
    return record


def tail(rng: np.random.Generator) -> Record:
    """One carrier forgets a parcel in ten for four days, and is quicker with the others, so that its mean is the same.

    The truth counts the lines lost; those its quickness saves are not set against them, as a comparison by rank does.
    """
    record = plain(rng)
    mine = record.carrier == "c0"
    lost = mine & (rng.uniform(size=len(mine)) < 0.1)
    record.hours[2] = np.where(mine, record.hours[2] * (1 - 9.6 / 42.6), record.hours[2]) + 96 * lost
    return record


def lone_warehouse(rng: np.random.Generator, slow_from: float = 2.0) -> Record:
    """One warehouse; furniture takes longer to pack than books, by nature. From a part of the record on it is slow."""
    record = plain(rng)
    n = len(record.week)
    kind = rng.integers(0, 4, n)
    record.category = np.array(["books", "lamps", "shoes", "sofas"])[kind]
    record.node = np.repeat("dc1", n)
    record.sound[1] *= np.array([0.7, 0.9, 1.1, 1.6])[kind]
    record.hours[1] = record.sound[1] * np.where(record.week >= slow_from * record.week.max(), 2.5, 1.0)
    return record


def alike_categories(rng: np.random.Generator) -> Record:
    """One warehouse, categories alike, twice as slow in the last eighth of the record."""
    record = lone_warehouse(rng)
    record.sound[1] = record.hours[1] = np.exp(np.log(14) + rng.normal(0, 0.5, len(record.week)))
    record.hours[1] = record.sound[1] * np.where(record.week >= record.week.max() * 7 / 8, 2.5, 1.0)
    return record


def two_kinds(rng: np.random.Generator) -> Record:
    """Wholesale orders wait for a credit check, as they have to; the site does not."""
    record = plain(rng)
    wholesale = rng.uniform(size=len(record.week)) < 0.4
    record.channel = np.where(wholesale, "shops", "web")
    record.kinds = {"web": "DTC site", "shops": "wholesale"}
    record.hours[0] = np.where(wholesale, record.hours[0] * 24, record.hours[0])
    record.sound[0] = record.hours[0]
    return record


def given_up(rng: np.random.Generator) -> Record:
    """Customers of a slow warehouse cancel once the promise has passed; hardly a line is delivered late."""
    record = plain(rng)
    record.promise[:] = 110.0
    record.gives_up = record.promise + 12
    record.hours[1] += np.where((record.node == "dc2") & (rng.uniform(size=len(record.week)) < 0.15), 150.0, 0.0)
    return record


def lone_own_side(rng: np.random.Generator) -> Record:
    """One warehouse of ours, which nobody can be compared with, and a slow carrier among four."""
    record = slow_carrier(rng, 4, 0.4)
    record.node = np.repeat("dc1", len(record.week))
    return record


def decline(rng: np.random.Generator, begin: float, end: float) -> Record:
    """A carrier is slow during a part of the record."""
    record = plain(rng)
    at = record.week / record.week.max()
    record.hours[2] *= np.where((record.carrier == "c0") & (at >= begin) & (at <= end), 2.5, 1.0)
    return record


SCENARIOS: dict[str, Callable[[np.random.Generator], Record]] = {
    "equal carriers": plain,
    "equal carriers, 26 weeks": lambda r: plain(r, weeks=26),
    "equal carriers, shocks last (.5)": lambda r: plain(r, sd=0.15, memory=0.5),
    "equal carriers, shocks last (.8)": lambda r: plain(r, sd=0.15, memory=0.8),
    "two equal carriers, shocks last (.8)": lambda r: plain(r, carriers=2, sd=0.15, memory=0.8),
    "lone carrier, shocks last (.8)": lambda r: plain(r, carriers=1, sd=0.15, memory=0.8),
    "one of 2 carriers 25 % slower": lambda r: slow_carrier(r, 2, 0.25),
    "one of 3 carriers 25 % slower": lambda r: slow_carrier(r, 3, 0.25),
    "one of 6 carriers 25 % slower": lambda r: slow_carrier(r, 6, 0.25),
    "one of 4 carriers 60 % slower": lambda r: slow_carrier(r, 4, 0.6),
    "one of 3 slower, shocks last (.5)": lambda r: slow_carrier(r, 3, 0.25, sd=0.1, memory=0.5),
    "one of 3 slower, few lines": lambda r: slow_carrier(r, 3, 0.4, per_week=40),
    "a tail behind an equal mean": tail,
    "one warehouse, categories differ": lone_warehouse,
    "one warehouse, slow of late": alike_categories,
    "a site and wholesale": two_kinds,
    "given up after the promise": given_up,
    "our side held to nothing": lone_own_side,
    "slow in the last tenth": lambda r: decline(r, 0.9, 1.0),
    "slow in a tenth in the middle": lambda r: decline(r, 0.5, 0.6),
}  # fmt: skip


def judged(make: Callable[[np.random.Generator], Record], seed: int) -> tuple[float, AssetDiagnosis]:
    """The true gap of one world, and what the diagnosis says."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "world"
        record = make(rng)
        record.write(folder, rng)
        with open_study(folder, seed=seed) as study:
            return record.truth(), study.diagnose().assets[0]


def total_of(found: AssetDiagnosis) -> Estimate:
    """The gap that was told."""
    figure = getattr(found.gap, "total", found.gap)
    if not isinstance(figure, Estimate):
        raise TypeError(f"no gap: {figure}")
    return figure


def main(worlds: int, word: str) -> None:
    """Prints a row for each scenario."""
    print(f"{'':38} {'true gap':>9} {'told':>8} {'covered':>8}   verdicts in {worlds} worlds; ranges claim 90 %")
    for name, make in SCENARIOS.items():
        if word not in name:
            continue
        found = [judged(make, seed) for seed in range(worlds)]
        told = [(truth, total_of(diagnosed)) for truth, diagnosed in found]
        verdicts = Counter(
            d.verdict + ("" if isinstance(getattr(d.gap, "inside_share", None), Estimate) else "*") for _, d in found
        )
        means = np.mean([[truth, e.value] for truth, e in told], axis=0)
        covered = np.mean([e.low <= truth <= e.high for truth, e in told])
        words = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
        print(f"{name:38} {means[0]:>9.2%} {means[1]:>8.2%} {covered:>8.0%}   {words}", flush=True)
    print("* the part inside the wall is refused")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2] if len(sys.argv) > 2 else "")
