"""Make a world, ask the diagnosis, hold it against the truth."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.elsewhere.kinds import frame
from benchmarks.elsewhere.truth import Known
from benchmarks.elsewhere.worlds import World
from benchmarks.quality import scoring
from benchmarks.quality.answers import Answer, key_of, read_diagnosis
from benchmarks.quality.plan import Trial
from benchmarks.quality.scoring import Case, Measure


@dataclass(frozen=True, slots=True)
class Judged:
    """One world, judged.

    Attributes:
        world: Which.
        cases: One for each asset.
        said: The diagnosis as JSON, by asset; empty if it failed.
        known: The truth with all lives.
        failure: What the diagnosis died of.
        seconds: Making and diagnosing.
    """

    world: World | frame.World
    cases: list[Case]
    said: dict[tuple[str, ...], dict[str, Any]]
    known: Known
    failure: str
    seconds: tuple[float, float]


def judge(world: World | frame.World, keep: Path) -> Judged:
    """Make a world in `keep`, ask the diagnosis."""
    from fourwalls import study  # here, so that worlds can be made without it

    begin = time.perf_counter()
    true = world.known()
    folder = keep / world.name
    shutil.rmtree(folder, ignore_errors=True)
    world.write(true.life, folder)
    (keep / f"{world.name}.truth.json").write_text(
        json.dumps([asdict(t) for t in true.truth], indent=1), encoding="utf-8"
    )
    made = time.perf_counter()
    failure, said = "", {}
    answers: dict[tuple[str, ...], Answer] = {}
    try:
        with study.open(folder) as opened:
            told = json.loads(json.dumps(asdict(opened.diagnose()), default=str))
        answers = read_diagnosis(told)
        said = {tuple(str(v) for v in a["asset"].values()): a for a in told["assets"]}
        (keep / f"{world.name}.said.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in the diagnosis counts against it
        failure = f"{type(error).__name__}: {error}"
    stratum = "healthy" if not world.defects else "alone" if len(world.defects) == 1 else "together"
    absent = sorted({"listings", "leakage", "work_log", "feeds", "forecasts"} - true.life.c.tables)
    trial = Trial(world.name, stratum, world.level, world.seed, 0, {"retailer": {"leaves_out": absent}})
    cases = [Case(trial, t, answers.get(key_of(t))) for t in true.truth]
    return Judged(world, cases, said, true, failure, (made - begin, time.perf_counter() - made))


MEASURES: tuple[tuple[str, Measure], ...] = (
    ("right path", scoring.right_path),
    ("as good as the best", scoring.as_good_as_best),
    ("regret", scoring.regret),
    ("first bottleneck", scoring.first_bottleneck),
    ("refused", scoring.wrongly_refused),
    ("covered by 80 % ranges", scoring.covered),
)


def sound_assets(cases: Sequence[Case]) -> list[Case]:
    """Assets that nothing is worth doing for, in any world."""
    return [c for c in cases if c.truth.best_path == "leave it"]


def table(judged: Sequence[Judged]) -> list[str]:
    """The figures, as Markdown."""
    every = [c for j in judged for c in j.cases]
    lines = [
        "| worlds | assets | " + " | ".join(name for name, _ in MEASURES) + " |",
        "|---" * (len(MEASURES) + 2) + "|",
    ]
    for name, mine in _strata(judged):
        row = [scoring.score(mine, m).told() for _, m in MEASURES]
        lines.append(f"| {name} | {len(mine)} | " + " | ".join(row) + " |")
    alarms = scoring.score(every, scoring.false_alarms).told()
    sound = sound_assets(every)
    acted = sum(c.verdict not in ("leave it", "cannot tell yet") for c in sound)
    errors = scoring.value_errors(every)
    lines += [
        "",
        f"False alarms in worlds without a defect: {alarms}; on all assets best left alone: {acted} of {len(sound)}.",
        f"Median error of the value of a path: {median(errors):.0%} (n {len(errors)})." if errors else "No values.",
        f"Brier score of the chance of each path: {scoring.score(every, scoring.brier).told(percent=False)}.",
        "",
        "| true path, and what was said | |", "|---|---|",
    ]  # fmt: skip
    return lines + [f"| {path} | {row} |" for path, row in scoring.confusion(every)]


def _strata(judged: Sequence[Judged]) -> list[tuple[str, list[Case]]]:
    def those(test: Callable[[Judged], bool]) -> list[Case]:
        return [c for j in judged if test(j) for c in j.cases]

    out = [("all", those(lambda _: True))]
    out += [(t, those(lambda j, t=t: j.world.template == t)) for t in sorted({j.world.template for j in judged})]  # type: ignore[misc]
    kinds = sorted({d.kind for j in judged for d in j.world.defects})
    out.append(("sound", those(lambda j: not j.world.defects)))
    out += [(k, those(lambda j, k=k: len(j.world.defects) == 1 and j.world.defects[0].kind == k)) for k in kinds]  # type: ignore[misc]
    out.append(("several defects", those(lambda j: len(j.world.defects) > 1)))
    return [(name, cases) for name, cases in out if cases]


def wrong(judged: Sequence[Judged]) -> list[str]:
    """One line for each asset that was judged wrongly: the truth, what was said, and why."""
    out = []
    for j in judged:
        if j.failure:
            out.append(f"{j.world.name}: FAILED {j.failure}")
            continue
        out += [_wrong(j, case) for case in j.cases if not case.is_right]
    return out


def _wrong(j: Judged, case: Case) -> str:
    said = j.said.get(key_of(case.truth), {})
    now = case.truth.as_recorded
    scale = max(now.revenue_amount, 1.0)
    true = {
        k: f"{(v.margin_amount - now.margin_amount) / scale:+.2%}"
        for k, v in case.truth.repaired.items()
        if " by " in k
    }
    told: dict[str, float] = {}
    years = j.known.life.c.years
    for loss in said.get("losses") or []:
        amount = (
            loss["amount"]["value"]
            if isinstance(loss["amount"], dict) and "value" in loss["amount"]
            else loss["amount"]
        )
        if isinstance(amount, int | float):
            name = f"{loss['stage']} by {loss['party_id']}"
            told[name] = told.get(name, 0.0) + amount / years / scale
    largest = sorted(told.items(), key=lambda x: -abs(x[1]))[:4]
    values = {p: f"{v / scale:+.2%}" for p, v in case.truth.path_value_amount.items()}
    answered = {p: f"{v[1] / scale:+.2%}" for p, v in (case.answer.value if case.answer else {}).items()}
    return (
        f"{j.world.name} | {' · '.join(key_of(case.truth))} | true {case.truth.best_path} {list(values.values())} {true}"
        f" | said {case.verdict} {list(answered.values())} | {said.get('rule', '')} |"
        f" told {', '.join(f'{k} {v:+.2%}' for k, v in largest)}"
    )
