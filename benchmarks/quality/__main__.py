"""Decision quality of the diagnosis as it stands: `python -m benchmarks.quality [--set held-out] [--few] [--out FILE]`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.quality.plan import few, trials
from benchmarks.quality.report import told
from benchmarks.quality.running import judge_all

FIRST_SEED = {"open": 1_000, "held-out": 73_000}
"""Develop on the open set; the held-out one is for the end, and for one version: once looked at, the next takes other seeds."""


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=main.__doc__)
    parser.add_argument("--set", choices=sorted(FIRST_SEED), default="open", help="which worlds")
    parser.add_argument("--few", action="store_true", help="five small worlds only")
    parser.add_argument("--workers", type=int, default=2, help="worlds judged side by side")
    parser.add_argument("--out", type=Path, help="also write the report to this file")
    said = parser.parse_args()
    begun = time.perf_counter()
    chosen = few() if said.few else trials(FIRST_SEED[said.set])
    by_rival, failures = judge_all(chosen, said.workers)
    report = told(by_rival, failures, time.perf_counter() - begun)
    print(report)
    if said.out:
        said.out.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
