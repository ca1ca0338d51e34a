"""`fourwalls register …` and `fourwalls track …`: what was found, decided, planned, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fourwalls.errors import RegisterError

if TYPE_CHECKING:
    from fourwalls.diagnosis import Diagnosis
    from fourwalls.figures import Estimate
    from fourwalls.register import Milestone, Register, Run, Task

# Where the register is, if not in the portfolio folder; an address holds a password, which no command line should.
PLACE_VARIABLE = "FOURWALLS_REGISTER"

register_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=f"The register of a portfolio: check, backup, restore, export. It is FOLDER/register.db, or the postgresql:// address in {PLACE_VARIABLE}.",
)
track_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Decide, plan, follow up, and see what moved and whether we were right.",
)

Folder = Annotated[Path, typer.Argument(help="Portfolio folder.")]
AssetName = Annotated[str, typer.Argument(help="Name of an asset, as the diagnosis prints it.")]
Who = Annotated[str | None, typer.Option(help="Who writes; default: who is logged in on this machine.")]
Seen = Annotated[
    int | None,
    typer.Option(
        help="The version you saw; if somebody wrote since, nothing is kept. Default: the one that stands now."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


@register_app.command("show")
def register_show(
    folder: Folder,
    asset: Annotated[str | None, typer.Option(help="Only of this asset.")] = None,
    as_json: Json = False,
) -> None:
    """Print the whole history in the order it was kept: who wrote what when."""
    from fourwalls.surfaces import tracking

    with _register(folder) as register:
        tracking.show_history(register.history(asset), as_json=as_json)


@register_app.command("check")
def register_check(folder: Folder) -> None:
    """Look whether the register is whole: no gaps, nothing damaged."""
    with _register(folder) as register:
        wrong = register.check()
        for sentence in wrong:
            typer.echo(sentence)
        if wrong:
            raise RegisterError(
                f"The register {register.database.name} is not whole.", "Restore a backup: fourwalls register restore."
            )
        typer.echo(f"The register {register.database.name} is whole: {len(register.history()):,} entries, no gaps.")


@register_app.command("backup")
def register_backup(
    folder: Folder, file: Annotated[Path, typer.Argument(help="File to write, e.g. register.jsonl.gz.")]
) -> None:
    """Write everything to one file, from which `restore` puts it back on SQLite or PostgreSQL."""
    with _register(folder) as register:
        typer.echo(f"Kept in {file}: {_counted(register.backup(file).rows)}")


@register_app.command("restore")
def register_restore(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="What `backup` or `export` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of what is there; a copy of that is kept.")
    ] = False,
) -> None:
    """Put a backup back: all of it, or nothing."""
    from fourwalls.register import restore

    kept = restore(place_of(folder), file, replace=replace)
    typer.echo(f"Put back: {_counted(kept.rows)}")
    if kept.copy:
        typer.echo(f"What was there before: {kept.copy}")


@register_app.command("export")
def register_export(
    folder: Folder, file: Annotated[Path, typer.Argument(help="File to write, e.g. register.jsonl.")]
) -> None:
    """Write everything as JSON Lines for other programs, without the hashes of passwords."""
    with _register(folder) as register:
        typer.echo(f"Written to {file}: {_counted(register.export(file).rows)}")


@track_app.command("decide")
def track_decide(
    folder: Folder,
    asset: AssetName,
    verdict: Annotated[str, typer.Argument(help="What is decided: one of the six verdicts.")],
    why: Annotated[str, typer.Option(help="The reason; needed where it is not what the diagnosis said.")] = "",
    run: Annotated[int | None, typer.Option(help="The run it rests on; default: the last.")] = None,
    who: Who = None,
    seen: Seen = None,
) -> None:
    """Write down what was decided about an asset, overruled or not, and why."""
    with _register(folder) as register:
        before = register.decision(asset)
        version = seen if seen is not None else before.version if before else 0
        found = register.decide(asset, register.run(run).id, verdict, _who(who), why, expected_version=version)
        told = f", overruling '{found.proposed}'" if found.is_overruled else ", as the diagnosis said"
        typer.echo(f"{asset}: {found.verdict}{told} (run {found.run}, version {found.version}, {found.who})")
        typer.echo(f"Next:  fourwalls track plan {folder} '{asset}'")


@track_app.command("plan")
def track_plan(
    folder: Folder,
    asset: AssetName,
    starts_on: Annotated[str | None, typer.Option(help="First day, e.g. 2026-01-05; default: today.")] = None,
    tasks: Annotated[
        Path | None,
        typer.Option(
            help="JSON file: a list of tasks with id, title, start_day, end_day and, if you like, why, week, owner, needs. Default: the plan in the run."
        ),
    ] = None,
    who: Who = None,
    seen: Seen = None,
) -> None:
    """Write down the plan of an asset: tasks with owners, days and what they need."""
    with _register(folder) as register:
        before = register.plan_of(asset)
        version = seen if seen is not None else before.version if before else 0
        given = _tasks_of_file(tasks) if tasks else _tasks_of_run(register, asset)
        start = _day("--starts-on", starts_on) or date.today()  # noqa: DTZ011 - a day as people write it
        register.plan(asset, given, start, _who(who), expected_version=version)
        _show_status(register, asset, as_json=False)


@track_app.command("task")
def track_task(
    folder: Folder,
    asset: AssetName,
    task: Annotated[str, typer.Argument(help="Id of a task of its plan.")],
    state: Annotated[str | None, typer.Option(help="open, started, done or dropped.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who does it now.")] = None,
    started: Annotated[str | None, typer.Option(help="Day it was started, e.g. 2026-01-05.")] = None,
    done: Annotated[str | None, typer.Option(help="Day it was done.")] = None,
    note: Annotated[str | None, typer.Option(help="What is to be said about it.")] = None,
    who: Who = None,
    seen: Seen = None,
) -> None:
    """Write down what became of a task; what is not said stays."""
    with _register(folder) as register:
        version = seen if seen is not None else _milestone_version(register, asset, task)
        days = {"started_on": _day("--started", started), "done_on": _day("--done", done)}
        register.follow(
            asset,
            task,
            _who(who),
            expected_version=version,
            state=state,
            owner=owner,
            note=note,
            **days,
        )
        _show_status(register, asset, as_json=False)


@track_app.command("pilot")
def track_pilot(
    folder: Folder,
    name: Annotated[str, typer.Argument(help="How the pilot is called.")],
    plan: Annotated[Path, typer.Argument(help="Frozen plan, or the folder that `pilot design` wrote.")],
    asset: Annotated[str | None, typer.Option(help="The asset it is about; needed when it is frozen.")] = None,
    later: Annotated[Path | None, typer.Option(help="Later data: judge the pilot, and keep its result.")] = None,
    who: Who = None,
) -> None:
    """Keep a pilot's frozen plan; with --later, judge it by that plan and keep the result."""
    from fourwalls.pilot import judge, read_plan

    sealed = read_plan(plan)
    with _register(folder) as register:
        known = next((p for p in register.pilots() if p.name == name), None)
        if known is None:
            if asset is None:
                raise RegisterError(f"Pilot '{name}' is not kept yet, and no asset is named.", "Add --asset NAME.")
            from dataclasses import asdict

            frozen = {"format": 1, "sha256": sealed.sha256, "plan": asdict(sealed)}
            known = register.freeze_pilot(name, asset, frozen, _who(who))
            typer.echo(f"Frozen: {name} ({known.asset}), {known.sha256[:12]}…")
        elif later is None:
            raise RegisterError(
                f"Pilot '{name}' is kept already.", "Add --later FILE to judge it, or choose another name."
            )
        if later is not None:
            from fourwalls.register.records import pilot_told

            found = judge(plan, later)
            register.pilot_result(name, pilot_told(found), sealed.sha256, _who(who), expected_version=known.version)
            typer.echo(found)


@track_app.command("outcome")
def track_outcome(
    folder: Folder,
    asset: AssetName,
    value: Annotated[float, typer.Argument(help="What the decision really brought.")],
    low: Annotated[float, typer.Option(help="Lower end of its range.")],
    high: Annotated[float, typer.Option(help="Upper end of its range.")],
    source: Annotated[str, typer.Option(help="How it was measured, e.g. 'pilot north' or 'books of May to July'.")],
    measure: Annotated[str, typer.Option(help="gain_per_year, or value: over the horizon.")] = "gain_per_year",
    best: Annotated[
        bool | None,
        typer.Option(
            "--best/--not-best",
            help="Whether it brought more than the alternatives would have; say nothing if nobody can tell.",
        ),
    ] = None,
    who: Who = None,
    seen: Seen = None,
) -> None:
    """Write down what a decision really brought, beside what was predicted when it was made."""
    with _register(folder) as register:
        before = register.outcome(asset)
        version = seen if seen is not None else before.version if before else 0
        measured = _estimate(register, value, low, high, measure)
        found = register.record_outcome(
            asset,
            measured,
            source,
            _who(who),
            measure=measure,
            is_best=best,
            expected_version=version,
        )
        from fourwalls.surfaces import tracking

        tracking.show_past([found])


@track_app.command("status")
def track_status(
    folder: Folder,
    asset: Annotated[str | None, typer.Argument(help="Only this asset.")] = None,
    as_json: Json = False,
) -> None:
    """Say what is decided and planned, when it will be finished (P50, P80), and what made it slip."""
    with _register(folder) as register:
        _show_status(register, asset, as_json=as_json)


@track_app.command("score")
def track_score(
    folder: Folder,
    asset: Annotated[str | None, typer.Argument(help="An asset; default: the whole portfolio.")] = None,
    baseline: Annotated[
        int | None, typer.Option(help="The run to compare with; default: that of the decision, else the first.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the scoreboard (baseline, now, target, trend) and how past verdicts came out."""
    from fourwalls.register.records import as_plain
    from fourwalls.register.scoreboard import scoreboard
    from fourwalls.register.scoring import score
    from fourwalls.surfaces import tracking

    with _register(folder) as register:
        if baseline is None and asset is not None and (decision := register.decision(asset)):
            baseline = decision.run
        board, past = scoreboard(register.recorded(), asset, baseline), score(register.outcomes())
    if as_json:
        _print_json({"scoreboard": as_plain(board), "past_verdicts": as_plain(past)})
        return
    tracking.show_scoreboard(board)
    tracking.show_past_verdicts(past)


def record(folder: Path, data: Path | None, found: Diagnosis, targets: Mapping[str, float], who: str | None) -> Run:
    """Keeps a diagnosis in the register, with the fingerprints of what it was made from."""
    from fourwalls.register import take_fingerprints
    from fourwalls.surfaces.page.json import to_dict

    with _register(folder) as register:
        return register.record_run(to_dict(found), take_fingerprints(folder, data), _who(who), targets)


def place_of(folder: Path) -> str:
    """Where the register of a portfolio folder is kept."""
    return os.environ.get(PLACE_VARIABLE) or str(folder)


@contextmanager
def _register(folder: Path) -> Iterator[Register]:
    # Late, so that --help answers at once.
    from fourwalls.register import Register

    if not (folder / "portfolio.toml").is_file():
        # Else a slip of the pen would leave an empty register in the wrong folder.
        raise RegisterError(
            f"'{folder.name}' is no portfolio folder: it has no portfolio.toml.", "Name the folder you diagnosed."
        )
    with Register.open(place_of(folder)) as register:
        if register.copy:
            typer.echo(f"The register was brought up to this version; what it was before: {register.copy}", err=True)
        yield register


def _who(given: str | None) -> str:
    if given:
        return given
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise RegisterError("Nobody is logged in by name on this machine.", "Add --who NAME.") from None


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RegisterError(f"{option} is '{text[:40]}', which is no day.", "Write it as 2026-01-05.") from None


def _counted(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in rows.items())


def _print_json(values: object) -> None:
    import json

    typer.echo(json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False))


def _show_status(register: Register, asset: str | None, *, as_json: bool) -> None:
    from fourwalls.register.records import as_plain
    from fourwalls.register.schedule import forecast
    from fourwalls.surfaces import tracking

    plans = register.plans()
    today = date.today()  # noqa: DTZ011 - a day as people write it
    decided = [d for d in register.decisions() if asset in (None, d.asset)]
    shown = [
        (p, forecast(p, today, [o for o in plans if o.asset != p.asset])) for p in plans if asset in (None, p.asset)
    ]
    if as_json:
        rows = [{"plan": as_plain(p), "schedule": as_plain(s)} for p, s in shown]
        _print_json({"decisions": as_plain(decided), "plans": rows})
        return
    tracking.show_status(decided, shown)


def _tasks_of_run(register: Register, asset: str) -> list[Task]:
    from fourwalls.register.planning import tasks_of

    document = register.document()
    found = next((a for a in document["assets"] if a["name"] == asset), None)
    rows = ((found or {}).get("plan") or {}).get("tasks")
    if not rows:
        raise RegisterError(f"The last run has no plan for '{asset}'.", "Name a file of tasks: --tasks FILE.")
    return tasks_of(rows, "The plan of the run")


def _tasks_of_file(path: Path) -> list[Task]:
    import json

    from fourwalls.register.planning import tasks_of

    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RegisterError(f"'{path.name}' cannot be read as JSON: {error}.", "Write a list of tasks.") from None
    return tasks_of(rows, f"'{path.name}'")


def _milestone_version(register: Register, asset: str, task: str) -> int:
    plan = register.plan_of(asset)
    found: Milestone | None = next((m for m in plan.milestones if m.task.id == task), None) if plan else None
    return found.version if found else 0


def _estimate(register: Register, value: float, low: float, high: float, measure: str) -> Estimate:
    from fourwalls.figures import Estimate

    currency = register.document().get("currency", "money")
    try:
        return Estimate(value, low, high, currency if measure == "value" else f"{currency} a year")
    except ValueError:
        raise RegisterError(
            f"The outcome {value} has the range {low} to {high}.", "Give finite numbers with low <= value <= high."
        ) from None
