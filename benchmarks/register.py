"""Puts a register under strain: writers that are killed at any moment, and many who write at once.

python -m benchmarks.register [--kills 200] [--makes 50] [--writers 100] [--place FOLDER_OR_ADDRESS] [--seed 1]

A child writes decisions, runs and plans as fast as it can, and tells each only after it was kept. It is killed with
SIGKILL at a random moment; then the register is opened again, must be sound, and must hold everything that was told.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

from fourwalls.errors import OvertakenError
from fourwalls.register import Fingerprint, Register, Task, restore
from fourwalls.register.tables import FILE

INPUTS = (Fingerprint("portfolio.toml", 1, "a" * 64),)
TASKS = (Task("map", 1, "Map", "", "", 1, 5), Task("fix", 2, "Fix", "", "", 6, 12, ("map",)))
ASSETS = tuple(f"Asset {n}" for n in range(20))


def document(n: int) -> dict[str, Any]:
    """A diagnosis of the shape a register keeps, of a size that does not fit a page of a database."""
    assets = [{"name": a, "verdict": "operate", "paths": [], "because": f"{n} " * 400} for a in ASSETS]
    period = {"start": "2025-01-01", "end": "2025-07-01"}
    return {"portfolio": "P", "currency": "EUR", "version": str(n), "level": 0.9, "period": period, "assets": assets}


def write_until_killed(place: str, told: int, who: str) -> None:
    """What the child does: writes of every kind, each told once it is kept, as its last place in the history."""
    with Register.open(place) as register:
        n = 0
        while True:
            n += 1
            asset = ASSETS[n % len(ASSETS)]
            if n % 3 == 1:
                seq = register.record_run(document(n), INPUTS, who).seq
            elif n % 3 == 2:
                version = getattr(register.decision(asset), "version", 0)
                seq = register.decide(asset, register.run().id, "operate", who, str(n), expected_version=version).seq
            else:
                version = getattr(register.plan_of(asset), "version", 0)
                seq = register.plan(asset, TASKS, date(2026, 1, 5), who, expected_version=version).seq
            os.write(told, f"{seq}\n".encode())


def killed(place: str, kills: int, seed: int) -> dict[str, int]:
    """Kills a child at random moments, so many times.

    Returns:
        kills; told (writes that were told as kept); lost (told, but not there); unsound (openings after which the check
        found something, or history was changed); kept_untold (kept by a child that was killed before it could say so).
    """
    rng, found = random.Random(seed), {"kills": kills, "told": 0, "lost": 0, "unsound": 0, "kept_untold": 0}  # noqa: S311
    with Register.open(place) as register:
        before = register.history()
    for number in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            write_until_killed(place, writing, f"child {number}")
        os.close(writing)
        # From its first kept write on, any moment may be the last.
        select.select([reading], [], [], 30)
        time.sleep(rng.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading) as pipe:
            told = [int(line) for line in pipe.read().splitlines() if line]
        with Register.open(place) as register:
            history, wrong = register.history(), register.check()
        mine = {e.seq for e in history if e.who == f"child {number}"}
        found["told"] += len(told)
        found["lost"] += len(set(told) - mine)
        found["kept_untold"] += len(mine - set(told))
        found["unsound"] += bool(wrong) or history[: len(before)] != before
        before = history
    return found


def killed_while_made(kills: int, seed: int) -> dict[str, int]:
    """Kills whoever makes a register, at random moments; the next to open it must find a sound one, or make it."""
    rng, found = random.Random(seed), {"kills": kills, "begun": 0, "lost": 0, "unsound": 0}  # noqa: S311
    for _ in range(kills):
        with tempfile.TemporaryDirectory() as folder:
            child = os.fork()
            if child == 0:
                Register.open(folder)
                time.sleep(60)
            time.sleep(rng.uniform(0, 0.12))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            found["begun"] += (Path(folder) / FILE).exists()
            with Register.open(folder) as register:
                register.record_run(document(1), INPUTS, "after")
                found["unsound"] += bool(register.check())
    return found


def killed_while_restored(kills: int, seed: int) -> dict[str, int]:
    """Kills a restore that replaces a register, at random moments: the old one must stand, or the new one, whole."""
    rng, found = random.Random(seed), {"kills": kills, "old": 0, "new": 0, "lost": 0, "unsound": 0}  # noqa: S311
    with tempfile.TemporaryDirectory() as other:
        backup = _filled(Path(other), "new", 30)
        for _ in range(kills):
            with tempfile.TemporaryDirectory() as folder:
                _filled(Path(folder), "old", 5)
                child = os.fork()
                if child == 0:
                    restore(folder, backup, replace=True)
                    time.sleep(60)
                time.sleep(rng.uniform(0, 0.4))
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                with Register.open(folder) as register:
                    state = sorted(e.who for e in register.history())
                    found["unsound"] += bool(register.check())
                found["old"] += state == ["old"] * 5
                found["new"] += state == ["new"] * 30
    found["lost"] = kills - found["old"] - found["new"]
    return found


def _filled(folder: Path, who: str, runs: int) -> Path:
    with Register.open(folder) as register:
        for n in range(runs):
            register.record_run(document(n), INPUTS, who)
        register.backup(folder / "backup.gz")
    return folder / "backup.gz"


def crowded(place: str, writers: int, persistent: int | None = None) -> dict[str, int]:
    """Many write to one decision at once, through ten servers: first all from the same version, then each until it has come through once.

    Args:
        place: The register.
        writers: How many.
        persistent: How many of them try again when they were overtaken; all, if not said.

    Returns:
        writers; gave_up; first_winners (of those who all saw version 0); versions kept; lost (writers whose write is not there);
        overtaken (times somebody was told that another was first); unsound (whether the check found something).
    """
    with Register.open(place) as register:
        run = register.record_run(document(0), INPUTS, "first").id
        base = getattr(register.decision("Asset 0"), "version", 0)
    barrier, lock = threading.Barrier(writers), threading.Lock()
    most = writers if persistent is None else persistent
    found = {"writers": writers, "first_winners": 0, "versions": 0, "lost": 0, "overtaken": 0, "gave_up": 0}
    kept: list[int] = []

    def write(number: int) -> None:
        register = servers[number % len(servers)]
        register.decision("Asset 0")
        barrier.wait()
        version, is_first = base, True
        while True:
            try:
                decision = register.decide("Asset 0", run, "operate", f"writer {number}", expected_version=version)
            except OvertakenError as error:
                version, is_first = error.version, False
                with lock:
                    found["overtaken"] += 1
                    found["gave_up"] += number >= most
                if number >= most:
                    return
            else:
                with lock:
                    kept.append(decision.version)
                    found["first_winners"] += is_first
                return

    servers = [Register.open(place) for _ in range(min(10, writers))]
    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for server in servers:
        server.close()
    with Register.open(place) as register:
        history = [e for e in register.history("Asset 0", kinds=["decision"]) if e.version > base]
        wrong = register.check()
    found["versions"] = len({e.version for e in history})
    found["lost"] = writers - found["gave_up"] - len({e.who for e in history})
    found["unsound"] = bool(wrong) or sorted(kept) != [e.version for e in history]
    return found


def main() -> None:
    """Runs both and prints what was found as JSON; exit code 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument(
        "--makes", type=int, default=50, help="Kills while a register is made, and while one is restored."
    )
    parser.add_argument("--writers", type=int, default=100)
    parser.add_argument("--place", default=None, help="Folder or postgresql:// address; default: a new folder.")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = given.place or folder
        if "://" not in place:
            Path(place).mkdir(exist_ok=True)
        found = {"killed": killed(place, given.kills, given.seed)} if given.kills else {}
        if given.makes:
            found["killed_while_made"] = killed_while_made(given.makes, given.seed)
            found["killed_while_restored"] = killed_while_restored(given.makes, given.seed)
        if given.writers:
            found["crowded"] = crowded(place, given.writers)
    print(json.dumps(found))
    sys.exit(any(part["lost"] or part["unsound"] for part in found.values()))


if __name__ == "__main__":
    main()
