"""Plant faults in real records, diagnose them, and write what was told beside what was done."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.planted import judging
from benchmarks.planted.market import Market
from benchmarks.planted.shelves import Shelves

DATA = Path(__file__).parents[3] / "shared" / "data"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planted", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds olist/ and freshretailnet/")
    parser.add_argument("--lots", type=int, default=6, help="how often each fault is planted")
    parser.add_argument("--empty-lots", type=int, default=30, help="how often nothing is")
    parser.add_argument("--out", type=Path, default=None, help="write what is printed to a file, too")
    said = parser.parse_args()
    absent = [name for name in ("olist", "freshretailnet") if not (said.data / name).is_dir()]
    if absent:
        sys.exit(f"Real data are not there: {', '.join(absent)}. Name the folder that holds them with --data FOLDER.")
    market = Market(said.data)
    parts = [
        judging.HEAD,
        *judging.of_faults(market, judging.FAULTS, said.lots),
        *judging.of_life(Market(said.data, by="life")),
        *judging.of_sellers(Market(said.data, by="sellers"), said.lots),
        *judging.of_shocks(market, said.lots),
        *judging.of_nothing(market, Market(said.data, by="seller_id"), said.empty_lots),
        *judging.of_shelves(Shelves(said.data), said.lots),
    ]
    text = "\n".join(parts).rstrip() + "\n"
    print(text)
    if said.out:
        said.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
