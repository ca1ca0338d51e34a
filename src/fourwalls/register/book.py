"""The register of a portfolio: what was found, decided, planned, tried and what came of it."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Self, get_args

from sqlalchemy import Connection, select

from fourwalls.diagnosis import VerdictName
from fourwalls.errors import RegisterError, did_you_mean, listed
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register import journal, keeping
from fourwalls.register.connecting import Database, url_of
from fourwalls.register.desk import Desk
from fourwalls.register.fingerprints import fingerprint
from fourwalls.register.journal import Entry, canonical
from fourwalls.register.measuring import read
from fourwalls.register.migrating import bring_up
from fourwalls.register.planning import checked_tasks, milestone_content, milestones_of
from fourwalls.register.reading import decision_of, outcome_of, pilot_of, run_of
from fourwalls.register.records import (
    Decision,
    Fingerprint,
    Milestone,
    Outcome,
    PilotRecord,
    Recorded,
    Run,
    Task,
    TaskPlan,
    figure,
    plain,
)
from fourwalls.register.tables import RUNS

VERDICTS: tuple[str, ...] = get_args(VerdictName)
MEASURES = ("gain_per_year", "value")


class Register:
    """A register, open. Every method that writes is one transaction; a change that was overtaken raises `OvertakenError`.

    Attributes:
        database: Where it is kept.
        desk: Users, sessions, accesses and jobs of the web app.
        copy: Name of the copy that was kept before this opening migrated it; None if it did not.
    """

    def __init__(self, database: Database, copy: str | None) -> None:
        self.database = database
        self.copy = copy
        self.desk = Desk(database)
        self._figures: dict[str, Mapping[str | None, Mapping[str, Figure]]] = {}

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """Opens the register of a portfolio folder (or a file ending in .db, or a postgresql:// address); makes or migrates it.

        Several portfolios share one PostgreSQL database by `?schema=NAME` at the end of the address.

        Raises:
            RegisterError: It cannot be reached or used, or a newer fourwalls wrote it.
        """
        database = Database(url_of(place))
        try:
            copy = bring_up(database)
        except BaseException:
            database.close()
            raise
        return cls(database, copy)

    def close(self) -> None:
        """Lets go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Runs

    def record_run(
        self,
        document: Mapping[str, Any],
        inputs: Sequence[Fingerprint],
        who: str,
        targets: Mapping[str, float] | None = None,
        *,
        once: bool = False,
    ) -> Run:
        """Keeps a diagnosis.

        Args:
            document: The diagnosis in the published form: `surfaces.page.json.to_dict`.
            inputs: What it was made from: `take_fingerprints`.
            who: Who records it.
            targets: Measure → target in portfolio.toml.
            once: Whether the last run stands where it found the same in the same files.
        """
        text = canonical(document).encode()
        seal = hashlib.sha256(text).hexdigest()
        content = {
            "portfolio": document["portfolio"], "version": document["version"], "period": dict(document["period"]),
            "verdicts": {a["name"]: a["verdict"] for a in document["assets"]},
            "inputs": [asdict(f) for f in inputs], "fingerprint": fingerprint(inputs, document["version"]),
            "targets": dict(targets or {}), "sha256": seal,
        }  # fmt: skip
        packed = zlib.compress(text, 6)
        with self.database.writing() as connection:
            last = journal.last_of(connection, "run")
            if once and last and all(last.content[k] == content[k] for k in ("fingerprint", "sha256")):
                return run_of(last)
            number = int(last.key) + 1 if last else 1
            entry = journal.append(connection, "run", str(number), who, content, None)
            connection.execute(RUNS.insert().values(id=number, document=packed, sha256=seal))
        return run_of(entry)

    def runs(self) -> list[Run]:
        """All recorded runs, in the order they were kept."""
        with self.database.reading() as connection:
            return [run_of(e) for e in journal.past(connection, ["run"])]

    def run(self, number: int | None = None) -> Run:
        """One run; the last, if none is named.

        Raises:
            RegisterError: There is no such run.
        """
        with self.database.reading() as connection:
            return _run(connection, number)

    def document(self, number: int | None = None) -> dict[str, Any]:
        """The diagnosis of one run as it was kept; of the last, if none is named.

        Raises:
            RegisterError: There is no such run, or what was kept of it is damaged.
        """
        with self.database.reading() as connection:
            return _document(connection, _run(connection, number).id)

    def recorded(self, most: int | None = None) -> list[Recorded]:
        """The last so many runs (all, if no number is named) with their figures: what a scoreboard is made from.

        Reading a diagnosis takes a while; a run never changes, so that each is read once.
        """
        with self.database.reading() as connection:
            runs = [run_of(e) for e in journal.past(connection, ["run"])]
            chosen = runs if most is None else runs[-most:]
            for run in chosen:
                if run.sha256 not in self._figures:
                    self._figures[run.sha256] = read(_document(connection, run.id))
            return [Recorded(run, self._figures[run.sha256]) for run in chosen]

    # Decisions

    def decide(
        self, asset: str, run: int, verdict: str, who: str, why: str = "", *, expected_version: int = 0
    ) -> Decision:
        """Writes down what was decided about an asset.

        Args:
            asset: Its name.
            run: The run it rests on.
            verdict: One of the six; another than the run's is an overruling, and needs a reason.
            who: Who decided.
            why: The reason.
            expected_version: The version of the decision the writer has seen; 0 for none.

        Raises:
            OvertakenError: Somebody else decided meanwhile.
            RegisterError: There is no such run, asset or verdict, or the reason is missing.
        """
        _known("verdict", verdict, VERDICTS)
        with self.database.writing() as connection:
            verdicts = _run(connection, run).verdicts
            _known("asset", asset, verdicts)
            is_overruled = verdict != verdicts[asset]
            if is_overruled and not why.strip():
                raise RegisterError(
                    f"The run says '{verdicts[asset]}' of '{asset}', and '{verdict}' overrules it without a reason.",
                    "Say why: it is what one learns from later.",
                )
            content = {
                "asset": asset, "verdict": verdict, "proposed": verdicts[asset], "run": run,
                "is_overruled": is_overruled, "why": why.strip(),
            }  # fmt: skip
            return decision_of(journal.append(connection, "decision", asset, who, content, expected_version))

    def decision(self, asset: str) -> Decision | None:
        """What stands decided about an asset; None if nothing was."""
        with self.database.reading() as connection:
            found = journal.latest(connection, "decision", asset)
        return decision_of(found) if found else None

    def decisions(self) -> list[Decision]:
        """What stands decided, by asset."""
        with self.database.reading() as connection:
            return [decision_of(e) for e in journal.standing(connection, "decision")]

    # Plans

    def plan(
        self, asset: str, tasks: Sequence[Task], starts_on: date, who: str, *, expected_version: int = 0
    ) -> TaskPlan:
        """Writes down what is to be done about an asset; what was followed up of tasks that stay is kept.

        Raises:
            OvertakenError: Somebody else planned meanwhile.
            RegisterError: Tasks lack days, need each other in a circle, or need what is not there.
        """
        rows = checked_tasks(asset, tasks)
        with self.database.writing() as connection:
            decision = journal.latest(connection, "decision", asset)
            content = {
                "asset": asset, "starts_on": starts_on.isoformat(), "tasks": rows,
                "decision": decision.version if decision else 0,
            }  # fmt: skip
            entry = journal.append(connection, "plan", asset, who, content, expected_version)
            return _plan(connection, entry)

    def plan_of(self, asset: str) -> TaskPlan | None:
        """What stands planned for an asset; None if nothing is."""
        with self.database.reading() as connection:
            entry = journal.latest(connection, "plan", asset)
            return _plan(connection, entry) if entry else None

    def plans(self) -> list[TaskPlan]:
        """All plans, by asset."""
        with self.database.reading() as connection:
            followed = {e.key: e for e in journal.standing(connection, "milestone")}
            return [_plan(connection, e, followed) for e in journal.standing(connection, "plan")]

    def follow(
        self,
        asset: str,
        task: str,
        who: str,
        *,
        expected_version: int,
        state: str | None = None,
        owner: str | None = None,
        started_on: date | None = None,
        done_on: date | None = None,
        note: str | None = None,
    ) -> Milestone:
        """Writes down what became of a task; what is not said stays.

        Raises:
            OvertakenError: Somebody else wrote about this task meanwhile.
            RegisterError: There is no such plan or task, or the days cannot be.
        """
        with self.database.writing() as connection:
            entry = journal.latest(connection, "plan", asset)
            if entry is None:
                raise RegisterError(f"There is no plan for '{asset}'.", "Make one first: fourwalls track plan.")
            before = {m.task.id: m for m in _plan(connection, entry).milestones}
            _known("task", task, before)
            content = milestone_content(asset, before[task], state, owner, started_on, done_on, note)
            journal.append(connection, "milestone", f"{asset}/{task}", who, content, expected_version)
            return next(m for m in _plan(connection, entry).milestones if m.task.id == task)

    # Pilots

    def freeze_pilot(
        self, name: str, asset: str, plan: Mapping[str, Any], who: str, why: str = "", *, advice: str = ""
    ) -> PilotRecord:
        """Keeps the frozen plan of a pilot before it starts.

        Args:
            name: How the pilot is called.
            asset: What it is about.
            plan: Content of the file that `fourwalls pilot design` wrote: format, sha256 and plan.
            who: Who froze it.
            why: Why it is run though its sheet says otherwise.
            advice: What the sheet says against running it; "" where it is for it.

        Raises:
            RegisterError: The plan is none, was changed after it was frozen, is advised against and no reason is given, or a
                pilot of this name is kept already.
        """
        seal = _sealed(plan)
        if advice and not why.strip():
            told = f"The sheet of '{name}' advises against it: {advice}"
            raise RegisterError(told, "Say why you run it all the same: it is what one learns from later.")
        content = {
            "asset": journal.checked_name("The asset", asset),
            "sha256": seal,
            "plan": dict(plan),
            "result": None,
            "advice": advice,
            "why": why.strip(),
        }
        with self.database.writing() as connection:
            return pilot_of(journal.append(connection, "pilot", name, who, content, 0))

    def pilot_result(
        self, name: str, result: Mapping[str, Any], sha256: str, who: str, *, expected_version: int
    ) -> PilotRecord:
        """Writes the result of a pilot beside its plan.

        Args:
            name: Which.
            result: What was found: answer, sentence, rule, predicted and effect (`pilot_told`).
            sha256: Seal of the plan it was judged by.
            who: Who.
            expected_version: As seen.

        Raises:
            OvertakenError: Somebody else wrote it meanwhile.
            RegisterError: There is no such pilot, or it was judged by another plan than the frozen one.
        """
        with self.database.writing() as connection:
            before = journal.latest(connection, "pilot", name)
            if before is None:
                raise RegisterError(f"There is no pilot '{name}'.", "Freeze its plan first.")
            if before.content["sha256"] != sha256:
                raise RegisterError(
                    f"Pilot '{name}' was frozen with plan {before.content['sha256'][:12]}…, and this result was judged by {sha256[:12]}….",
                    "Judge it by the frozen plan; a new plan is a new pilot.",
                )
            content = {**before.content, "result": dict(result)}
            return pilot_of(journal.append(connection, "pilot", name, who, content, expected_version))

    def pilots(self) -> list[PilotRecord]:
        """All pilots, by name."""
        with self.database.reading() as connection:
            return [pilot_of(e) for e in journal.standing(connection, "pilot")]

    # Outcomes

    def record_outcome(
        self,
        asset: str,
        measured: Estimate,
        source: str,
        who: str,
        *,
        measure: str = "gain_per_year",
        is_best: bool | None = None,
        expected_version: int = 0,
    ) -> Outcome:
        """Writes down what a decision really brought; what was predicted is read from the run it rested on.

        Raises:
            OvertakenError: Somebody else wrote it meanwhile.
            RegisterError: Nothing was decided about the asset, or the measure is not known.
        """
        _known("measure", measure, MEASURES)
        with self.database.writing() as connection:
            decided = journal.latest(connection, "decision", asset)
            if decided is None:
                raise RegisterError(f"Nothing was decided about '{asset}'.", "Decide first: fourwalls track decide.")
            decision = decision_of(decided)
            predicted, chance = _predicted(_document(connection, decision.run), asset, decision.verdict, measure)
            content = {
                "asset": asset, "decision": decision.version, "run": decision.run, "path": decision.verdict,
                "measure": measure, "predicted": plain(predicted), "stated_chance": chance, "measured": plain(measured),
                "source": journal.checked_name("How it was measured", source), "is_best": is_best,
            }  # fmt: skip
            key = f"{asset}/{decision.version}"
            return outcome_of(journal.append(connection, "outcome", key, who, content, expected_version))

    def outcome(self, asset: str) -> Outcome | None:
        """What came of the decision that stands about an asset; None if nobody wrote it, or nothing is decided."""
        with self.database.reading() as connection:
            decided = journal.latest(connection, "decision", asset)
            found = journal.latest(connection, "outcome", f"{asset}/{decided.version}") if decided else None
        return outcome_of(found) if found else None

    def outcomes(self) -> list[Outcome]:
        """What stands measured of every decision, also of those that were decided anew later; by asset."""
        with self.database.reading() as connection:
            return [outcome_of(e) for e in journal.standing(connection, "outcome")]

    # History

    def history(
        self,
        asset: str | None = None,
        *,
        kinds: Sequence[str] = (),
        key: str | None = None,
        after: int = 0,
        most: int | None = None,
    ) -> list[Entry]:
        """What was ever written, in the order it was kept; of one asset, of some kinds, after a place in it."""
        with self.database.reading() as connection:
            return journal.past(connection, kinds, key, asset, after, most)

    # Keeping

    def backup(self, path: str | Path) -> keeping.Kept:
        """Writes everything to one file (JSON Lines, gzip) from which `restore` puts it back, on either engine."""
        return keeping.write(self.database, Path(path), with_secrets=True, is_compressed=True)

    def export(self, path: str | Path) -> keeping.Kept:
        """Writes everything as JSON Lines for other programs, without the hashes of passwords."""
        return keeping.write(self.database, Path(path), with_secrets=False, is_compressed=False)

    def check(self) -> list[str]:
        """What is wrong with the register, in sentences; empty if nothing is."""
        return keeping.check(self.database)


def _known(what: str, word: str, known: Sequence[str] | Mapping[str, Any]) -> None:
    if word not in known:
        raise RegisterError(f"There is no {what} '{word}'.{did_you_mean(word, known)}", f"Choose from {listed(known)}.")


def _run(connection: Connection, number: int | None) -> Run:
    if number is None:
        last = journal.last_of(connection, "run")
        if last is None:
            raise RegisterError("No run was recorded.", "Record one: fourwalls diagnose FOLDER --record.")
        return run_of(last)
    entry = journal.latest(connection, "run", str(number))
    if entry is None:
        raise RegisterError(f"There is no run {number}.", "See them: fourwalls register show.")
    return run_of(entry)


def _document(connection: Connection, number: int) -> dict[str, Any]:
    row = connection.execute(select(RUNS).where(RUNS.c.id == number)).mappings().first()
    text = b""
    with suppress(zlib.error):
        text = zlib.decompress(row["document"]) if row else b""
    if row is None or hashlib.sha256(text).hexdigest() != row["sha256"]:
        raise RegisterError(
            f"What was kept of run {number} is damaged.", "Restore a backup: fourwalls register restore."
        )
    found: dict[str, Any] = json.loads(text)
    return found


def _plan(connection: Connection, entry: Entry, followed: Mapping[str, Entry] | None = None) -> TaskPlan:
    if followed is None:
        followed = {e.key: e for e in journal.standing(connection, "milestone", f"{entry.key}/")}
    content = entry.content
    return TaskPlan(
        entry.key, entry.version, entry.seq, entry.at, entry.who, date.fromisoformat(content["starts_on"]),
        content["decision"], milestones_of(entry.key, content["tasks"], followed),
    )  # fmt: skip


def _sealed(plan: Mapping[str, Any]) -> str:
    try:
        inner, seal = plan["plan"], str(plan["sha256"])
        text = json.dumps(inner, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (KeyError, TypeError, ValueError):
        raise RegisterError(
            "This is no frozen plan of a pilot.", "Use the file that `fourwalls pilot design` wrote."
        ) from None
    if hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() != seal:
        raise RegisterError("The plan was changed after it was frozen.", "Put back the frozen file.")
    return seal


def _predicted(document: Mapping[str, Any], asset: str, path: str, measure: str) -> tuple[Figure, float | None]:
    found = next((a for a in document["assets"] if a["name"] == asset), None)
    worth = next((p for p in (found or {}).get("paths", ()) if p["path"] == path), None)
    if worth is None:
        about = f"{measure} of '{path}' for {asset}"
        return Refusal("no_prediction", about, "the run priced no such path", "a run with prices and costs"), None
    if measure == "value":
        return figure(worth["value"]), worth["chance"]
    gain, unit = worth["gain_per_year"], document["currency"] + " a year"
    if not isinstance(gain, int | float):
        return figure(gain), worth["chance"]
    # Stated as a point; its range is that of the value, and is not carried over.
    return Estimate(gain, gain, gain, unit, document["level"]), worth["chance"]
