"""Do the ranges of the gap cover the truth? Small order records with one slow carrier, lived many times over.

    python -m benchmarks.coverage [WORLDS]

The truth of a world is what its own lines would have done had the slow carrier drawn from the sound carriers' times at
the same luck: known line by line, because the luck is kept. Ranges claim 90 %.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fourwalls.figures import Estimate
from fourwalls.study import open as open_study

WEEKS, PER_WEEK, HOUR = 40, 250, 3600
TOML = '[portfolio]\nname = "c"\ncurrency = "EUR"\nown_party_id = "own"\nasset = ["destination"]\n'


def live(folder: Path, seed: int, slower: float) -> float:
    """Writes one record and returns its true gap: lines late now and not with a sound carrier, as a share."""
    rng = np.random.default_rng(seed)
    n = WEEKS * PER_WEEK
    week = np.repeat(np.arange(WEEKS), PER_WEEK)
    ordered = (week * 168 + rng.uniform(0, 168, n)) * HOUR
    carrier = rng.integers(0, 4, n)
    shock = rng.normal(0, 0.06, (WEEKS, 4))[week, carrier]
    luck = rng.normal(0, 0.35, n)
    pack = np.exp(np.log(14) + rng.normal(0, 0.5, n))
    sound = np.exp(np.log(30) + shock + luck)
    real = np.where(carrier == 0, sound * (1 + slower), sound)
    promise = 96.0
    before = 1 + pack
    late, late_if_sound = before + real > promise, before + sound > promise
    start = np.datetime64("2025-01-06", "us").astype(np.int64)

    def stamp(hours_after: np.ndarray) -> pa.Array:
        return pa.array((start + (ordered + hours_after * HOUR) * 1_000_000).astype(np.int64), pa.timestamp("us"))

    table = pa.table(
        {
            "order_id": np.arange(n).astype(str),
            "line_id": np.repeat("1", n),
            "ordered_at": stamp(np.zeros(n)),
            "released_at": stamp(np.ones(n)),
            "handed_over_at": stamp(before),
            "delivered_at": stamp(before + real),
            "promised_at": stamp(np.full(n, promise)),
            "channel_id": np.repeat("site", n),
            "node_id": np.repeat("dc", n),
            "fulfiller_id": np.repeat("own", n),
            "carrier_id": np.char.add("c", carrier.astype(str)),
            "destination": np.repeat("north", n),
        }
    )
    (folder / "tables").mkdir(parents=True)
    pq.write_table(table, folder / "tables" / "order_lines.parquet")
    channels = pa.table({"channel_id": ["site"], "kind": ["site"], "party_id": ["own"]})
    pq.write_table(channels, folder / "tables" / "channels.parquet")
    (folder / "portfolio.toml").write_text(TOML, "utf-8")
    return float((late & ~late_if_sound).mean())


def judged(seed: int, slower: float) -> tuple[float, Estimate]:
    """The true gap of one world, and what the diagnosis says."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "world"
        truth = live(folder, seed, slower)
        with open_study(folder, seed=seed) as study:
            gap = study.diagnose().assets[0].gap
        if not hasattr(gap, "total") or not isinstance(gap.total, Estimate):
            raise TypeError(f"no gap: {gap}")
        return truth, gap.total


def main(worlds: int) -> None:
    """Prints a row for each severity."""
    print(f"{'slower by':>9} {'true gap':>9} {'told':>9} {'covered':>9}   of {worlds} worlds; ranges claim 90 %")
    for slower in (0.0, 0.3, 0.6, 1.0):
        found = [judged(seed, slower) for seed in range(worlds)]
        truth, told = np.mean([t for t, _ in found]), np.mean([e.value for _, e in found])
        covered = np.mean([e.low <= t <= e.high for t, e in found])
        print(f"{slower:>8.0%} {truth:>9.2%} {told:>9.2%} {covered:>9.0%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
