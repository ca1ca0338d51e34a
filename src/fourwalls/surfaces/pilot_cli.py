"""`fourwalls pilot design` and `fourwalls pilot evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fourwalls.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from fourwalls.pilot import Design, Evaluation, Plan
    from fourwalls.study import Study

_WEEKLY = {"unit": "asset", "time": "week"}

pilot_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Pilots: which one, how long, worth it; then what really happened.",
)

Unit = Annotated[str | None, typer.Option(help="Column that names the unit (asset, region, store).")]
Time = Annotated[str | None, typer.Option(help="Column of the period: a number or a date.")]
Outcome = Annotated[str | None, typer.Option(help="Column of the outcome; with a portfolio folder: a measure.")]
Level = Annotated[float, typer.Option(help="Coverage of the intervals.")]
Guardrail = Annotated[
    list[str] | None,
    typer.Option(help="COLUMN=TOLERANCE that must not suffer: -0.01 for a fall, 0.5 for a rise; repeatable."),
]
Exposed = Annotated[
    list[str] | None,
    typer.Option(help="Design: UNIT:OTHER,OTHER that share customers or stock. Evaluate: UNIT. Repeatable."),
]
UnitValue = Annotated[float | None, typer.Option(help="Money that one unit of outcome is worth.")]
Currency = Annotated[str, typer.Option(help="Its name.")]
Seed = Annotated[int, typer.Option(help="Of the placebo draws.")]


@pilot_app.command("design")
def pilot_design(
    panel: Annotated[
        Path | None,
        typer.Argument(
            help="History: CSV or Parquet, one row for each unit and period; or a portfolio folder.", show_default=False
        ),
    ] = None,
    portfolio: Annotated[
        Path | None,
        typer.Option(help="Portfolio folder: what to try, on what and for how much come from its diagnosis."),
    ] = None,
    asset: Annotated[
        str | None, typer.Option(help="With --portfolio: the asset to try it on, as the page prints it.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="With a portfolio folder: folder that {data} in its SQL files stands for.")
    ] = None,
    diagnosis: Annotated[
        Path | None, typer.Option(help="With --portfolio: its diagnosis.json, so that it is not made again.")
    ] = None,
    unit: Unit = None,
    time: Time = None,
    outcome: Outcome = None,
    out: Annotated[Path, typer.Option(help="Folder to write the frozen plan and the design sheet to.")] = Path("pilot"),
    candidate: Annotated[
        list[str] | None,
        typer.Option(help="Units to consider together, comma between them; repeatable. Default: all sets."),
    ] = None,
    size: Annotated[
        list[int] | None, typer.Option(help="Units in a set, where no candidate is named; repeatable.")
    ] = None,
    length: Annotated[list[int] | None, typer.Option(help="Periods it may run; repeatable.")] = None,
    start: Annotated[str | None, typer.Option(help="First treated period; default: the one after the history.")] = None,
    expected: Annotated[
        str | None, typer.Option(help="Expected effect as a share: 0.03, or LOW,LIKELY,HIGH; negative for a fall.")
    ] = None,
    smallest_worth: Annotated[float | None, typer.Option(help="Smallest effect worth scaling, as a share.")] = None,
    path: Annotated[str | None, typer.Option(help="What is tried: orchestrate (default) or operate.")] = None,
    stage: Annotated[str | None, typer.Option(help="Stage in which value is believed to be trapped.")] = None,
    party: Annotated[str | None, typer.Option(help="With whom.")] = None,
    guardrail: Guardrail = None,
    exposed: Exposed = None,
    looks: Annotated[int, typer.Option(min=0, help="How often to look before the end.")] = 0,
    unit_value: UnitValue = None,
    currency: Annotated[str | None, typer.Option(help="Its name.")] = None,
    horizon: Annotated[float | None, typer.Option(help="Periods the change would pay.")] = None,
    rollout_cost: Annotated[float | None, typer.Option(help="Money to change all units.")] = None,
    pilot_cost: Annotated[float | None, typer.Option(help="Money for the pilot.")] = None,
    pilot_cost_per_period: Annotated[float | None, typer.Option(help="Money for each period of it.")] = None,
    level: Level = 0.9,
    seed: Seed = 1,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put the plan in the place of one that is frozen there and not yet judged."),
    ] = False,
) -> None:
    """Choose units, controls and length on the history, weigh the pilot, and freeze the plan."""
    from fourwalls.pilot import design, dumps
    from fourwalls.pilot.plan import refuse_to_replace
    from fourwalls.surfaces.files import write_files

    if path not in (None, "orchestrate", "operate"):
        raise PanelError(f"Path '{path}' is not known.", "Choose orchestrate or operate.")
    given: dict[str, Any] = {
        "candidates": [c.split(",") for c in candidate] if candidate else None,
        "sizes": tuple(size) if size else None,
        "lengths": length or None,
        "start": start,
        "exposed": _pairs(exposed) or None,
        "expected": _expected(expected),
        "smallest_worth": smallest_worth,
        "path": path,
        "stage": stage,
        "party": party,
        "guardrails": _tolerances(guardrail) or None,
        "looks": looks,
        "unit_value": unit_value,
        "currency": currency,
        "horizon": horizon,
        "rollout_cost": rollout_cost,
        "pilot_cost": pilot_cost,
        "pilot_cost_per_period": pilot_cost_per_period,
        "level": level,
        "seed": seed,
    }
    said = {name: value for name, value in given.items() if value is not None}
    if portfolio is not None:
        found = _proposed(portfolio, data, asset, diagnosis, said)
    elif panel is None:
        raise PanelError("No history is given.", "Name a CSV or Parquet file, or --portfolio FOLDER --asset NAME.")
    else:
        table, columns = _panel(panel, unit, time, outcome, tuple(given["guardrails"] or ()), data)
        found = design(table, **columns, **said)
    refuse_to_replace(out, found.plan, may_replace=replace)
    write_files(out, {"plan.json": dumps(found.plan), "history.csv": found.history, "design.html": _html(found)})
    _write_pdf(out / "design.pdf", found)
    typer.echo(found)
    typer.echo(f"\nFrozen:  {out / 'plan.json'}\nSheet:   {out / 'design.html'} and design.pdf")
    typer.echo(f"Later:   fourwalls pilot evaluate LATER.csv --plan {out}")


@pilot_app.command("evaluate")
def pilot_evaluate(
    panel: Annotated[
        Path, typer.Argument(help="Later data of a planned pilot, or any panel with its past: CSV or Parquet.")
    ],
    plan: Annotated[Path | None, typer.Option(help="Frozen plan, or the folder that `pilot design` wrote.")] = None,
    unit: Unit = None,
    time: Time = None,
    outcome: Outcome = None,
    treated: Annotated[
        str | None, typer.Option(help="Column that is 1 where and when treated; or treated units, comma between them.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First treated period, where the column does not tell.")] = None,
    method: Annotated[str | None, typer.Option(help="Method that carries the answer; default: by rule.")] = None,
    exposed: Exposed = None,
    received: Annotated[str | None, typer.Option(help="Column with the share (0 to 1) that really took part.")] = None,
    guardrail: Guardrail = None,
    unit_value: UnitValue = None,
    currency: Currency = "money",
    level: Level = 0.9,
    seed: Seed = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result sheet; default: the plan's, else ./pilot.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="With a portfolio folder: folder that {data} in its SQL files stands for.")
    ] = None,
) -> None:
    """Say what the pilot really did, by several methods side by side, and judge it by its frozen rule."""
    from fourwalls.pilot import evaluate, judge, read_plan
    from fourwalls.pilot.plan import RECORD_FILE
    from fourwalls.pilot.record import recorded
    from fourwalls.surfaces.files import write_files

    files: dict[str, str | None] = {}
    if plan is not None:
        frozen = read_plan(plan)
        found = judge(plan, _later(panel, frozen, data))
        folder = out or (plan if plan.is_dir() else plan.parent)
        files = {RECORD_FILE: recorded(folder, frozen, found)}
    else:
        table, columns = _panel(panel, unit, time, outcome, data=data)
        if treated is None:
            raise PanelError(
                "Nothing says who is treated.",
                "Add --treated COLUMN, or --treated UNIT,UNIT --start PERIOD; or --plan for a planned pilot.",
            )
        names: Any = treated if treated in table.column_names else [t.strip() for t in treated.split(",")]
        found = evaluate(
            table, **columns, treated=names, start=start, method=_method(method), exposed=exposed or (), received=received,
            guardrails=_tolerances(guardrail), unit_value=unit_value, currency=currency, level=level, seed=seed,
        )  # fmt: skip
        folder = out or Path("pilot")
    write_files(folder, {"result.html": _html(found), **files})
    _write_pdf(folder / "result.pdf", found)
    typer.echo(found)
    typer.echo(f"\nSheet:   {folder / 'result.html'} and result.pdf")
    if files:
        typer.echo(f"Record:  {folder / RECORD_FILE} (predicted beside measured)")


def _panel(
    source: Path,
    unit: str | None,
    time: str | None,
    outcome: str | None,
    others: Sequence[str] = (),
    data: Path | None = None,
) -> tuple[Any, dict[str, Any]]:
    """The table and the names of its columns; a portfolio folder gives asset by week."""
    from fourwalls.pilot.columns import read_table

    if source.is_dir():
        from fourwalls.study import open as open_study

        measure = outcome or "otif_share"
        with open_study(source, data) as study:
            return weekly(study, (measure, *others)), {**_WEEKLY, "outcome": measure}
    table = read_table(source)
    for name, given in (("--unit", unit), ("--time", time), ("--outcome", outcome)):
        if given is None:
            raise PanelError(
                f"{name} is missing.", f"Name a column of the panel: {', '.join(table.column_names[:20])}."
            )
    return table, {"unit": str(unit), "time": str(time), "outcome": str(outcome)}


def weekly(study: Study, measures: Sequence[str]) -> pa.Table:
    """Measures by asset and week, one column each."""
    tables = [study.panel(m) for m in dict.fromkeys(measures)]
    joined = tables[0]
    for table in tables[1:]:
        joined = joined.append_column(table.schema.field(2), table.column(2))
    return joined


def _proposed(folder: Path, data: Path | None, asset: str | None, file: Path | None, said: dict[str, Any]) -> Design:
    """The design of what the diagnosis of the folder suggests for the asset; what was said goes before it."""
    from fourwalls.figures import Refusal
    from fourwalls.pilot import design_proposed, propose
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.page import reading

    with open_study(folder, data) as study:
        found = study.diagnose() if file is None else reading.read(file)
        if asset is None:
            raise PanelError(
                "No asset is named.", f"Add --asset, one of: {'; '.join(a.name for a in found.assets[:20])}."
            )
        proposal = propose(found, asset)
        if isinstance(proposal, Refusal):
            raise PanelError(f"No pilot is suggested for '{asset}': {proposal.because}", proposal.next_step)
        panel = weekly(study, (proposal.measure, *said.get("guardrails", ())))
    return design_proposed(panel, proposal, unit=_WEEKLY["unit"], time=_WEEKLY["time"], **said)


def _later(source: Path, plan: Plan, data: Path | None) -> Any:  # noqa: ANN401 - a path or a table
    """Later data: a file as it is; a portfolio folder gives the measures of the plan."""
    if not source.is_dir():
        return source
    from fourwalls.study import open as open_study

    with open_study(source, data) as study:
        return weekly(study, (plan.outcome, *(name for name, _ in plan.guardrails)))


def _html(found: Design | Evaluation) -> str:
    from fourwalls.surfaces.page.pilot import render

    return render(found)


def _write_pdf(place: Path, found: Design | Evaluation) -> None:
    from fourwalls.surfaces.page.pilot import pdf

    place.write_bytes(pdf(found))


def _method(name: str | None) -> Any:  # noqa: ANN401 - the API names the methods
    from fourwalls.errors import did_you_mean, listed
    from fourwalls.pilot.methods import METHODS

    if name is not None and name not in METHODS:
        raise PanelError(
            f"Method '{name}' is not known.{did_you_mean(name, METHODS)}", f"Choose from {listed(METHODS)}."
        )
    return name


def _expected(text: str | None) -> tuple[float, float, float] | float | None:
    if text is None:
        return None
    try:
        parts = [float(p) for p in text.split(",")]
    except ValueError:
        parts = []
    if len(parts) == 1:
        return parts[0]
    if len(parts) != 3:
        raise PanelError(
            f"--expected is '{text[:40]}'; allowed: one share, or three with commas.", "Write 0.03, or 0.01,0.03,0.06."
        )
    return parts[0], parts[1], parts[2]


def _tolerances(given: list[str] | None) -> dict[str, float]:
    found = {}
    for text in given or []:
        column, _, value = text.rpartition("=")
        try:
            found[column] = float(value)
        except ValueError:
            column = ""
        if not column:
            raise PanelError(f"--guardrail is '{text[:60]}'; allowed: COLUMN=NUMBER.", "Write otif_share=-0.01.")
    return found


def _pairs(given: list[str] | None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given or []:
        unit, colon, others = text.partition(":")
        if not colon or not others:
            raise PanelError(
                f"--exposed is '{text[:60]}'; allowed: UNIT:OTHER,OTHER.", "Write chicago:milwaukee,detroit."
            )
        found.setdefault(unit.strip(), []).extend(o.strip() for o in others.split(","))
    return found
