"""Make each world, ask the diagnosis and its rivals, throw the world away."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality.answers import always, counting_signals, late_minutes, read_diagnosis
from benchmarks.quality.plan import Trial
from benchmarks.quality.report import DIAGNOSIS
from benchmarks.quality.scoring import Case, cases
from fourwalls.worlds import Truth, make


@dataclass(frozen=True, slots=True)
class Judged:
    """What everybody said about one world.

    Attributes:
        by_rival: Cases by who speaks.
        failure: Why the diagnosis said nothing; empty if it did.
    """

    by_rival: dict[str, list[Case]]
    failure: str


Diagnose = Callable[[Path], dict[str, Any]]


def diagnose(folder: Path) -> dict[str, Any]:
    """The diagnosis of a folder, as its JSON has it."""
    from fourwalls import study  # here, so that the benchmark's own parts run without it

    with study.open(folder) as opened:
        said: dict[str, Any] = json.loads(json.dumps(asdict(opened.diagnose()), default=str))
    return said


def judge(trial: Trial, ask: Diagnose = diagnose) -> Judged:
    """Make one world, in a folder of its own that holds no truth, and ask everybody."""
    with tempfile.TemporaryDirectory() as kitchen, tempfile.TemporaryDirectory() as shop:
        recipe = trial.write(Path(kitchen))
        folder = Path(shop) / "retailer"
        truth = make(recipe, folder, seed=trial.seed, lines=trial.lines, truth_path=Path(kitchen) / "truth.json")
        failure = ""
        try:
            said = read_diagnosis(ask(folder))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in the diagnosis counts against it
            said, failure = {}, f"{trial.name}: {type(error).__name__}: {error}"
        rivals = _rivals(folder, truth)
    return Judged(
        {name: cases(trial, truth, answers) for name, answers in {DIAGNOSIS: said, **rivals}.items()}, failure
    )


def _rivals(folder: Path, truth: Truth) -> dict[str, Any]:
    return {
        "always operate": always("operate", truth),
        "always orchestrate": always("orchestrate", truth),
        "leave it": always("leave it", truth),
        "counting six true answers": counting_signals(truth),
        "share of late minutes": late_minutes(folder, truth),
    }


def judge_all(some: Sequence[Trial], workers: int) -> tuple[dict[str, list[Case]], list[str]]:
    """Judge worlds side by side; cases by who speaks, and failures."""
    together: dict[str, list[Case]] = {}
    failures = []
    with ProcessPoolExecutor(workers) as pool:
        for judged in pool.map(judge, some):
            for name, mine in judged.by_rival.items():
                together.setdefault(name, []).extend(mine)
            if judged.failure:
                failures.append(judged.failure)
    return together, failures
