"""One run in a process of its own: whatever it does to memory, the web app stays up. Tells its steps, one JSON a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fourwalls.errors import FourwallsError


def main(folder: str, who: str, data: str = "", kind: str = "diagnose", content: str = "{}") -> int:
    """Diagnoses a folder, records the run and keeps the result, or designs a pilot; 2 for what the user can mend."""
    # Lines on the true output are steps; what libraries print must not be taken for one.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**content: Any) -> None:  # noqa: ANN401 - what can be JSON
        with suppress(BrokenPipeError):
            told.write(json.dumps(content) + "\n")
            told.flush()

    go_first()
    try:
        place, files = Path(folder), Path(data) if data else None
        if kind == "pilot":
            done: str | int = design_pilot(place, files, who, json.loads(content), lambda step: tell(step=step))
        elif kind == "judge":
            done = judge_pilot(place, files, who, json.loads(content)["name"], lambda step: tell(step=step))
        else:
            done = diagnose(place, files, who, lambda step: tell(step=step))
    except FourwallsError as error:
        tell(error=error.what, remedy=error.remedy)
        return 2
    except MemoryError:
        tell(
            error="The run needed more memory than there is.",
            remedy="Diagnose a shorter period, or on a larger machine.",
        )
        return 2
    tell(done=done)
    return 0


def diagnose(folder: Path, data: Path | None, who: str, step: Callable[[str], None]) -> int:
    """The run's number, once it is recorded and kept."""
    from dataclasses import replace

    from fourwalls.reconsidering import Kept
    from fourwalls.register import Register, take_fingerprints
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.register_cli import place_of
    from fourwalls.surfaces.web.keeping import Result, read_result, recorded, write_result
    from fourwalls.surfaces.web.records import looked_up
    from fourwalls.surfaces.web.telling import telling

    with open_study(folder, data, progress=step) as study:
        inputs = take_fingerprints(folder, data)
        last = read_result(folder)
        if last is None or tuple(last.inputs) != inputs:
            found, kept = study.diagnose(), study.kept
            is_kept = kept if isinstance(kept, Kept) else None
            last = Result(0, found, is_kept, inputs=inputs, targets=study.portfolio.targets, is_whole=False)
        # Else the same files were read by the same code: what it told stands.
        step("recording the run")
        with Register.open(place_of(folder)) as register:
            last = recorded(folder, register, last, who)
        if not last.is_whole:
            step("asking which data would be worth having")
            told = telling(last.kept) if last.kept else ()
            step("looking up the first records behind the numbers")
            records = looked_up(study, last.diagnosis)
            write_result(folder, replace(last, telling=told, records=records, is_whole=True))
    return last.run


def design_pilot(
    folder: Path, data: Path | None, who: str, asked: Mapping[str, str], step: Callable[[str], None]
) -> str:
    """The name of the pilot, once its sheet is written, and its plan frozen; one that the sheet is against, people freeze."""
    from fourwalls.figures import Refusal
    from fourwalls.pilot import design, design_proposed, dumps, propose
    from fourwalls.register import Register
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.files import write_files
    from fourwalls.surfaces.page.pilot import pdf, render
    from fourwalls.surfaces.register_cli import place_of
    from fourwalls.surfaces.web.keeping import read_result
    from fourwalls.surfaces.web.pilots import ADVICE, PLACE, against, frozen

    result = read_result(folder)
    proposal = propose(result.diagnosis, asked["asset"]) if result else None
    # Where nothing is priced there is no proposal: the plan is then made without what it would be worth.
    known = None if proposal is None or isinstance(proposal, Refusal) else proposal
    outcome = known.measure if known else asked["outcome"]
    with open_study(folder, data, progress=step) as study:
        panel = study.panel(outcome)
    step("designing the pilot on the panel's own history")
    if known:
        found = design_proposed(panel, known, unit="asset", time="week")
    else:
        found = design(
            panel, unit="asset", time="week", outcome=outcome, candidates=[[asked["candidate"]]], stage=asked["stage"],
            path="operate" if asked["path"] == "operate" else "orchestrate", party=asked["party"],
        )  # fmt: skip
    place = folder / PLACE / asked["name"]
    advice = against(found)
    files = {"plan.json": dumps(found.plan), "history.csv": found.history, "design.html": render(found)}
    write_files(place, {**files, ADVICE: json.dumps({"asset": asked["asset"], "against": advice})})
    (place / "design.pdf").write_bytes(pdf(found))
    if not advice:
        with Register.open(place_of(folder)) as register:
            register.freeze_pilot(asked["name"], asked["asset"], frozen(found.plan), who)
    return asked["name"]


def judge_pilot(folder: Path, data: Path | None, who: str, name: str, step: Callable[[str], None]) -> str:
    """The name of the pilot, once it is judged by its frozen plan on what the records say now, and its result is kept."""
    from fourwalls.errors import RegisterError
    from fourwalls.pilot import judge, read_plan
    from fourwalls.pilot.plan import RECORD_FILE
    from fourwalls.pilot.record import recorded as record_of
    from fourwalls.register import Register
    from fourwalls.register.records import pilot_told
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.files import write_bytes, write_files
    from fourwalls.surfaces.page.pilot import pdf, render
    from fourwalls.surfaces.pilot_cli import weekly
    from fourwalls.surfaces.register_cli import place_of
    from fourwalls.surfaces.web.pilots import PLACE

    place = folder / PLACE / name
    plan = read_plan(place)
    with Register.open(place_of(folder)) as register:
        known = next((p for p in register.pilots() if p.name == name), None)
        if known is None:
            raise RegisterError(f"Pilot '{name}' is not frozen.", "Freeze its plan first.")
        with open_study(folder, data, progress=step) as study:
            later = weekly(study, (plan.outcome, *(measure for measure, _ in plan.guardrails)))
        step("judging the pilot by its frozen plan")
        found = judge(place, later)
        write_files(place, {"result.html": render(found), RECORD_FILE: record_of(place, plan, found)})
        write_bytes(place / "result.pdf", pdf(found))
        register.pilot_result(name, pilot_told(found), plan.sha256, who, expected_version=known.version)
    return name


def go_first() -> None:
    """Where memory runs out, the system ends this process and not the web app."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:6]))
