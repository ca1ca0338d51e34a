"""Make the worlds, judge the diagnosis, print what came of it."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.elsewhere.judging import judge, table, wrong
from benchmarks.elsewhere.kinds import plans
from benchmarks.elsewhere.worlds import worlds


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.elsewhere", description=__doc__)
    parser.add_argument("--worlds", type=int, default=None, help="so many, spread over all; all by default")
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    parser.add_argument("--kind", choices=(*plans.HOUSES, "new"), help="worlds of that kind, or of all new kinds")
    parser.add_argument("--only", default="", help="worlds whose name contains this")
    parser.add_argument("--out", type=Path, default=None, help="write what is printed to a file, too")
    parser.add_argument("--keep", type=Path, default=None, help="keep the worlds' folders here")
    said = parser.parse_args()
    every = plans.worlds(said.kind, said.seed, said.worlds) if said.kind else worlds(said.seed, said.worlds)
    some = [w for w in every if said.only in w.name]
    if not some:
        parser.error(f"no world has '{said.only}' in its name; such are: {', '.join(w.name for w in every[:5])} …")
    with tempfile.TemporaryDirectory() as kitchen:
        keep = said.keep or Path(kitchen)
        keep.mkdir(parents=True, exist_ok=True)
        judged = []
        for world in some:
            one = judge(world, keep)
            judged.append(one)
            good = sum(c.is_right for c in one.cases)
            print(
                f"{world.name}: {good} of {len(one.cases)} right, {one.seconds[0]:.0f} + {one.seconds[1]:.0f} s",
                flush=True,
            )
    text = "\n".join([*table(judged), "", *wrong(judged)])
    print(text)
    if said.out:
        said.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
