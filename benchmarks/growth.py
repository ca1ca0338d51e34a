"""How the time and memory of a whole diagnosis grow with the order lines, on known worlds with all tables.

    python -m benchmarks.growth [LINES …]

Makes each world once (recipe `whole_retailer`, seed 1), diagnoses it in a process of its own from folder to page and JSON,
and prints the table that stands in docs/speed.md. CPU seconds are those of all threads, imports included: on a machine
that others share only they can be compared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fourwalls.worlds import make

SIZES = (1_000_000, 3_000_000, 10_000_000)
RECIPE, SEED = "whole_retailer", 1
PLACE = Path("build") / "bench"


@dataclass(frozen=True, slots=True)
class Run:
    """One diagnosis.

    Attributes:
        lines: Order lines that were read.
        seconds, cpu: That passed, and of all threads [s].
        gib: Most memory held [GiB].
    """

    lines: int
    seconds: float
    cpu: float
    gib: float


def made(lines: int) -> Path:
    """A world of about so many order lines, made once."""
    folder = PLACE / f"world-{lines}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(RECIPE, folder, seed=SEED, lines=lines)
    return folder


def diagnosed(folder: Path) -> Run:
    """A diagnosis of a folder, measured."""
    out = folder.with_name(f"{folder.name}-out")
    command = [
        sys.executable, "-c", "import sys; from fourwalls.surfaces.cli import main; sys.exit(main())",
        "diagnose", str(folder), "--out", str(out), "--quiet",
    ]  # fmt: skip
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:  # noqa: S603 - our own interpreter
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    if running.returncode:
        raise SystemExit(f"The diagnosis of {folder.name} failed.")
    health = json.loads((out / "diagnosis.json").read_text("utf-8"))["health"]
    lines = next(table["rows_in"] for table in health["tables"] if table["table"] == "order_lines")
    return Run(lines, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2)


def main(sizes: tuple[int, ...]) -> None:
    """Prints a row for each size."""
    print("| order lines | seconds passed | CPU seconds | peak GiB | lines, times | CPU, times | load before |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    first: Run | None = None
    for size in sizes:
        folder, load = made(size), os.getloadavg()[0]
        run = diagnosed(folder)
        first = first or run
        print(
            f"| {run.lines:,} | {run.seconds:.0f} | {run.cpu:.0f} | {run.gib:.1f} | {run.lines / first.lines:.1f} "
            f"| {run.cpu / first.cpu:.1f} | {load:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(tuple(int(a) for a in sys.argv[1:]) or SIZES)
