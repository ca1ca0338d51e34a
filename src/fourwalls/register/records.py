"""What the register keeps, as a reader gets it: runs, decisions, plans, milestones, pilots, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from fourwalls.figures import Estimate, Figure, Refusal

if TYPE_CHECKING:
    from fourwalls.pilot import Evaluation

State = Literal["open", "started", "done", "dropped"]
STATES: tuple[State, ...] = ("open", "started", "done", "dropped")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One file that a run was made from.

    Attributes:
        name: Its path inside the portfolio folder or the data folder.
        size: Bytes.
        sha256: Of its content.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded diagnosis.

    Attributes:
        id: 1 for the first.
        seq, at, who: Its place in the history, when, and who recorded it.
        portfolio, version, start, end: Name of the portfolio, version of fourwalls, days looked at.
        verdicts: Asset → verdict, as it said then.
        inputs: Files it was made from.
        fingerprint: Hash over all of them; equal for equal inputs.
        targets: Measure → target, as portfolio.toml said then.
        sha256: Of the diagnosis as JSON.
    """

    id: int
    seq: int
    at: str
    who: str
    portfolio: str
    version: str
    start: date
    end: date
    verdicts: Mapping[str, str]
    inputs: tuple[Fingerprint, ...]
    fingerprint: str
    targets: Mapping[str, float]
    sha256: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run with what a scoreboard shows of it.

    Attributes:
        run: Which.
        figures: Asset (None for the whole portfolio) → name of a measure → figure, as `measuring.read` finds them.
    """

    run: Run
    figures: Mapping[str | None, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about an asset.

    Attributes:
        asset, version, seq, at, who: Which, and who wrote it when.
        verdict: What was decided.
        proposed: What the run said.
        run: The run it rests on.
        is_overruled: Whether people decided otherwise than the run said.
        why: Their reason; never empty where it is overruled.
    """

    asset: str
    version: int
    seq: int
    at: str
    who: str
    verdict: str
    proposed: str
    run: int
    is_overruled: bool
    why: str


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do.

    Attributes:
        id: Short name, unique in its plan.
        week: Which of the plan's weeks it belongs to.
        title, why: What to do, and what for.
        owner: Who does it; "" while nobody does.
        start_day, end_day: First and last day, counted from 1, the day the plan starts.
        needs: Tasks that must be finished first.
    """

    id: str
    week: int
    title: str
    why: str
    owner: str
    start_day: int
    end_day: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Milestone:
    """A task with what became of it.

    Attributes:
        task: As planned.
        version: Of what was followed up; 0 if nothing was.
        state: "open", "started", "done" or "dropped".
        owner: Who does it now.
        started_on, done_on: Days; None while it has not.
        note: What was said last.
        at, who: When and by whom; "" for version 0.
    """

    task: Task
    version: int
    state: State
    owner: str
    started_on: date | None
    done_on: date | None
    note: str
    at: str
    who: str


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What is to be done about an asset, and how far it is.

    Attributes:
        asset, version, seq, at, who: Which, and who wrote it when.
        starts_on: First day.
        decision: Version of the decision it carries out; 0 for none.
        milestones: In the order of the plan.
    """

    asset: str
    version: int
    seq: int
    at: str
    who: str
    starts_on: date
    decision: int
    milestones: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True)
class PilotRecord:
    """A pilot: frozen, and later its result.

    Attributes:
        name, version, seq, at, who: Which, and who wrote it last.
        asset: What it is about.
        sha256: Seal of the frozen plan.
        plan: The plan, as `fourwalls pilot design` wrote it.
        result: Answer, sentence, effect and what was expected; None before there is one.
        advice, why: What its sheet said against running it, and why it is run all the same; "" where the sheet is for it.
    """

    name: str
    version: int
    seq: int
    at: str
    who: str
    asset: str
    sha256: str
    plan: Mapping[str, Any]
    result: Mapping[str, Any] | None
    advice: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a decision, beside what was predicted when it was made.

    Attributes:
        asset, version, seq, at, who: Which, and who wrote it.
        decision, run: The decision it is of, and the run that the prediction stands in.
        path: The path that was taken.
        measure: "gain_per_year" or "value".
        predicted: What the run said of that path; refused where it said nothing.
        stated_chance: The chance we gave that this path is the best, 0-1; None where none was stated.
        measured: What it really was, with its range.
        source: How that was measured, e.g. "pilot north" or "books of May to July".
        is_best: Whether it brought more than the alternatives; None if nobody can say.
    """

    asset: str
    version: int
    seq: int
    at: str
    who: str
    decision: int
    run: int
    path: str
    measure: str
    predicted: Figure
    stated_chance: float | None
    measured: Figure
    source: str
    is_best: bool | None


def figure(content: Mapping[str, Any]) -> Figure:
    """A figure out of JSON as `fourwalls diagnose` writes it."""
    if "refusal" in content:
        return Refusal(**{name: content["refusal"][name] for name in ("code", "about", "because", "next_step")})
    return Estimate(**{name: content[name] for name in ("value", "low", "high", "unit", "level")})


def plain(given: Figure) -> dict[str, Any]:
    """The same the other way round."""
    if isinstance(given, Refusal):
        names = ("code", "about", "because", "next_step")
        return {"refusal": {name: getattr(given, name) for name in names}}
    return {name: getattr(given, name) for name in ("value", "low", "high", "unit", "level")}


def pilot_told(found: Evaluation) -> dict[str, Any]:
    """What a pilot has shown, as the register keeps it."""
    verdict = found.verdict
    return {
        "answer": verdict.answer if verdict else "", "sentence": verdict.sentence if verdict else "",
        "rule": verdict.rule if verdict else "", "predicted": verdict.predicted if verdict else None,
        "outcome": found.outcome, "method": found.chosen, "effect": plain(found.effect), "lift": plain(found.lift),
        "worth": plain(found.worth) if found.worth is not None else None,
    }  # fmt: skip


def as_plain(thing: object) -> Any:  # noqa: ANN401 - JSON
    """Any of these as JSON: attributes by name, days as text, a refusal in the place of its figure; functions are left out."""
    if isinstance(thing, Estimate | Refusal):
        return plain(thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        named = {f.name: getattr(thing, f.name) for f in fields(thing)}
        return {name: as_plain(value) for name, value in named.items() if not callable(value)}
    if isinstance(thing, Mapping):
        return {str(name): as_plain(value) for name, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [as_plain(value) for value in thing]
    return thing.isoformat() if isinstance(thing, date) else thing


def day(text: str | None) -> date | None:
    """A day out of JSON."""
    return date.fromisoformat(text) if text else None
