"""The command line: a thin skin over the Python API."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from fourwalls.errors import FourwallsError, OutputError, PortfolioError, did_you_mean, listed
from fourwalls.surfaces.ask_cli import ask
from fourwalls.surfaces.contracts_cli import contracts_app
from fourwalls.surfaces.explain_cli import explain
from fourwalls.surfaces.pilot_cli import pilot_app
from fourwalls.surfaces.register_cli import record, register_app, track_app
from fourwalls.surfaces.serve_cli import serve, users_app

if TYPE_CHECKING:
    from pyarrow import Table
    from rich.console import Console

    from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
    from fourwalls.sensitivity import Swing
    from fourwalls.study import Study

# What a shell reports of a program that was stopped with Ctrl-C.
_STOPPED = 130
# Characters of an error: more is no help.
_MOST_TOLD = 1000
# Assets for which the page says what would change the answer: a tenth of a second each.
_MOST_TURNED = 12

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Operate it better in-house, or orchestrate it across partners? From your own records to a verdict.",
)

Folder = Annotated[Path, typer.Argument(help="Portfolio folder: portfolio.toml and tables/.")]
Data = Annotated[Path | None, typer.Option(help="Folder that {data} in the SQL files stands for.")]
Out = Annotated[Path | None, typer.Option(help="Where to write; default: FOLDER/out.")]
Asset = Annotated[str | None, typer.Option(help="Name of an asset, as the diagnosis prints it.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress lines.")]


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"fourwalls {installed('fourwalls')}")
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Portfolio folder to draft; must not have a portfolio.toml yet.")],
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="FILE", help="Your CSV or Parquet files, or a folder of them; repeatable."),
    ] = None,
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="FILES", help="Further files.", show_default=False)
    ] = None,
) -> None:
    """Look at your files and draft portfolio.toml and the SQL that maps them, with what is unsure marked."""
    from fourwalls.tables.draft import draft_portfolio

    given = [*(files or []), *(more or [])]
    if not given:
        raise PortfolioError(
            "No file was named to draft from.", "Add --from FILE, for each of your files, or a folder."
        )
    draft = draft_portfolio(folder, given)
    typer.echo(f"Drafted {', '.join(f.name for f in draft.files)} in {draft.folder}")
    for title, sentences in (
        ("Unsure, and marked so:", draft.unsure),
        ("Not used:", draft.unused),
        ("Next:", draft.next_steps),
    ):
        if sentences:
            typer.echo(f"\n{title}")
            for sentence in sentences:
                typer.echo(f"  - {sentence}")


@app.command()
def check(
    folder: Folder,
    data: Data = None,
    out: Annotated[Path | None, typer.Option(help="Write the rows set aside there, one CSV a table.")] = None,
    quiet: Quiet = False,
) -> None:
    """Read the tables and say what can be used, what was set aside and why, and what looks suspicious."""
    with _study(folder, data, quiet) as study:
        from fourwalls.surfaces import terminal
        from fourwalls.surfaces.files import as_csv, write_files

        health = study.check()
        terminal.show_health(health, _console())
        if out is not None:
            texts = {f"{name}_set_aside.csv": as_csv(rows) for name, rows in study.set_aside().items()}
            # What an earlier check wrote of tables that are clean by now must not stay.
            write_files(out, dict.fromkeys(f"{t.table}_set_aside.csv" for t in health.tables) | texts)
            typer.echo(f"Rows set aside: {listed(sorted(texts)) if texts else 'none'} in {out}")


@app.command()
def diagnose(
    folder: Folder,
    data: Data = None,
    out: Out = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write all figures to this Excel file too.")] = None,
    keep: Annotated[
        bool, typer.Option("--record", help="Keep this run in the register, to decide on and compare with.")
    ] = False,
    who: Annotated[str | None, typer.Option(help="Who records it; default: who is logged in.")] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Write this PDF too: a page for the portfolio, then one for each asset.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Say for each asset where its service losses come from, on which side of the wall, with whom, and what follows."""
    from fourwalls.surfaces.files import check_ending, write_bytes
    from fourwalls.surfaces.spreadsheet import check_place, write_spreadsheet

    if xlsx is not None:
        check_place(xlsx)
    if pdf is not None:
        check_ending(pdf, ".pdf")
    with _study(folder, data, quiet) as study:
        found = _diagnose(study, out or folder / "out", folder, data)
        if xlsx is not None:
            write_spreadsheet(found, xlsx, _revenue(study) if found.total.n_lines else None)
            typer.echo(f"The spreadsheet: {xlsx}")
        if keep:
            run = record(folder, data, found, study.portfolio.targets, who)
            typer.echo(f"Recorded: run {run.id}. Next: fourwalls track decide {folder} ASSET VERDICT")
        if pdf is not None:
            from fourwalls.surfaces.page import sheets

            write_bytes(pdf, sheets.pdf(found))
            typer.echo(f"On paper: {pdf}")


def _revenue(study: Study) -> dict[str, float]:
    """Net value of orders by asset; empty where nothing is priced."""
    rows = study.panel("value_amount").group_by("asset").aggregate([("value_amount", "sum")])
    found = dict(zip(rows["asset"].to_pylist(), rows["value_amount_sum"].to_pylist(), strict=True))
    return {name: value for name, value in found.items() if value} if any(found.values()) else {}


def _diagnose(study: Study, out: Path, folder: Path, data: Path | None) -> Diagnosis:
    from fourwalls.register import take_fingerprints
    from fourwalls.surfaces import terminal
    from fourwalls.surfaces.files import write_files
    from fourwalls.surfaces.page import html, json
    from fourwalls.surfaces.web.keeping import keep_found

    inputs = take_fingerprints(folder, data)
    found = study.diagnose()
    keep_found(folder, found, study.kept, inputs, study.portfolio.targets)
    page = html.render(found, _swings(study, found))
    write_files(out, {"page.html": page, "diagnosis.json": json.dumps(found)})
    terminal.show(found, _console())
    typer.echo(f"\nThe page: {out / 'page.html'}\nAll figures: {out / 'diagnosis.json'}")
    return found


def _swings(study: Study, found: Diagnosis) -> dict[str, tuple[Swing, ...]]:
    """What each assumption does to the choice, for the first assets in which something is to be done."""
    from fourwalls.figures import Refusal
    from fourwalls.surfaces.evidence_words import ranked

    acting = [a for a in ranked(found) if a.paths and a.verdict not in ("leave it", "cannot tell yet")]
    told = {a.name: study.sensitivity(a.asset) for a in acting[:_MOST_TURNED]}
    return {name: swings for name, swings in told.items() if not isinstance(swings, Refusal)}


@app.command()
def chain(
    folder: Folder,
    data: Data = None,
    asset: Asset = None,
    stage: Annotated[
        str | None,
        typer.Option(
            help="Of order lines: release, fulfilment, carriage, promise; "
            "of shelves: forecast, decision, supply, receiving, allocation, listing, record, shelf."
        ),
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="The very order lines behind the numbers.")] = False,
    shelves: Annotated[bool, typer.Option("--shelves", help="The very shelves behind the lost sales.")] = False,
    most: Annotated[int, typer.Option(min=1, help="How many lines or shelves to print.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Write all of them to this folder as order_lines.csv and shelves.csv.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Trace the chain of one asset: which stage, on which side, with whom; with --lines and --shelves down to the records."""
    with _study(folder, data, quiet) as study:
        from fourwalls.surfaces import tracing

        of_shelves = _is_stock_stage(stage)
        found = study.diagnose()
        chosen = found.total if asset is None else _asset(found, asset)
        console = _console()
        # A stage says which records are meant; without one, --out writes what there is.
        wants_all = out is not None and stage is None and not (lines or shelves)
        if lines or of_shelves is False or (wants_all and chosen.n_lines):
            rows = study.lines(chosen.asset or None, None if of_shelves else stage)
            tracing.show_lines(rows, most, console)
            _export(rows, out, "order_lines", "lines")
        if shelves or of_shelves or (wants_all and _has_shelves(chosen)):
            rows = study.shelves(chosen.asset or None, stage if of_shelves else None)
            tracing.show_shelves(rows, most, stage if of_shelves else None, console)
            _export(rows, out, "shelves", "shelves")
        if not (lines or shelves or stage or out):
            tracing.show_asset(found, chosen, console)


def _is_stock_stage(stage: str | None) -> bool | None:
    """Whether a stage is one of the stock flow; None where no stage is named."""
    from fourwalls.surfaces.wording import LINE_STAGES, SHELF_STAGES

    if stage is None:
        return None
    known = (*LINE_STAGES, *SHELF_STAGES)
    if stage not in known:
        raise PortfolioError(
            f"There is no stage '{stage}'.{did_you_mean(stage, known)}", f"Choose from {listed(known)}."
        )
    return stage in SHELF_STAGES


def _has_shelves(asset: AssetDiagnosis) -> bool:
    from fourwalls.figures import Refusal

    return not isinstance(asset.availability, Refusal)


def _export(rows: Table, out: Path | None, name: str, noun: str) -> None:
    from fourwalls.surfaces.files import as_csv, write_files

    if out is not None:
        write_files(out, {f"{name}.csv": as_csv(rows)})
        typer.echo(f"All {rows.num_rows:,} {noun}: {out / f'{name}.csv'}")


@app.command()
def value(folder: Folder, data: Data = None, asset: Asset = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Say what each path is worth, which assumptions would change the answer, and which data would tell."""
    with _study(folder, data, quiet) as study:
        from fourwalls.surfaces import value_cli

        found = study.diagnose()
        chosen = found.assets if asset is None else (_asset(found, asset),)
        valued = [value_cli.Valued(a, study.sensitivity(a.asset), study.information(a.asset)) for a in chosen]
        whole = found if asset is None else None
        if as_json:
            _print_json(value_cli.as_json(valued, found.currency, whole))
        else:
            value_cli.show_values(valued, found.currency, _console(), whole)


@app.command()
def allocate(
    folder: Folder,
    data: Data = None,
    budget: Annotated[
        float | None, typer.Option(help="Money for what paths cost once; default: as portfolio.toml says.")
    ] = None,
    people_weeks: Annotated[
        float | None, typer.Option(help="Weeks of our people; default: as portfolio.toml says.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Choose for each asset the path, or none, so that all together bring most within the budget."""
    with _study(folder, data, quiet) as study:
        from fourwalls.surfaces import allocate_cli

        found = study.allocate(budget, people_weeks)
        if as_json:
            _print_json(allocate_cli.as_json(found))
        else:
            unpriced = [a.name for a in study.diagnose().assets if not a.paths]
            allocate_cli.show_allocation(found, study.portfolio.currency, _console(), study.barred(), unpriced)
            if not study.portfolio.paths:
                typer.echo("Costs of paths are defaults that nobody has set: see [paths] in portfolio.toml.")


def _print_json(values: object) -> None:
    import json

    typer.echo(json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where to make the retailer and write its page.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed makes another retailer.")] = 1,
) -> None:
    """Make a retailer whose trouble is known, diagnose it, and name the page to open."""
    import shutil

    from fourwalls import worlds

    folder = out / "retailer"
    if folder.exists():
        # Only what this command itself made before is made anew.
        if not (out / "retailer.truth.json").is_file():
            raise OutputError(
                f"'{folder.name}' is in the way and was not made by this command.", "Name another place with --out."
            )
        shutil.rmtree(folder)
    truth = worlds.make("demo", folder, seed=seed)
    with _study(folder, None, quiet=False) as study:
        found = _diagnose(study, out, folder, None)
    said = {tuple(a.asset.items()): a.verdict for a in found.assets}
    typer.echo(
        "\nWhat would really have been best, by living the year again without the trouble (the diagnosis never sees it):"
    )
    for asset in truth.assets:
        verdict = said.get(tuple(asset.asset.items()), "not found")
        mark = "as said" if verdict == asset.best_path else f"but said: {verdict}"
        typer.echo(f"  {' · '.join(asset.asset.values()):24} {asset.best_path:26} {mark}")
    typer.echo(f"The whole truth: {out / 'retailer.truth.json'}")
    typer.echo(f"In a browser:    fourwalls serve {folder}")


worlds_app = typer.Typer(
    no_args_is_help=True, help="Known worlds: retailers whose truth is known.", rich_markup_mode=None
)
app.add_typer(worlds_app, name="worlds")
app.add_typer(pilot_app, name="pilot")
app.add_typer(contracts_app, name="contracts")
app.add_typer(track_app, name="track")
app.add_typer(register_app, name="register")
app.command()(ask)
app.command()(serve)
app.add_typer(users_app, name="users")
app.command()(explain)


@worlds_app.command("make")
def worlds_make(
    recipe: Annotated[
        str, typer.Argument(help="Name of a recipe (see `worlds list`), or a path to a recipe of your own.")
    ],
    out: Annotated[Path, typer.Argument(help="Portfolio folder to write; the truth is written beside it.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same retailer.")] = 1,
    lines: Annotated[
        int | None, typer.Option(min=1000, help="About how many order lines; default: as the recipe says.")
    ] = None,
) -> None:
    """Make a retailer with planted trouble, and its truth: to train a team, rehearse a decision, test a mapping."""
    from fourwalls import worlds

    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        raise OutputError(f"'{out.name}' is already there.", "Name a new folder.")
    path = Path(recipe)
    truth = worlds.make(path if path.suffix == ".toml" else recipe, out, seed=seed, lines=lines)
    typer.echo(f"{truth.about}\nPortfolio: {out}\nTruth:     {out.parent / (out.name + '.truth.json')}")
    typer.echo(f"Next:      fourwalls diagnose {out}")


@worlds_app.command("list")
def worlds_list() -> None:
    """Name the recipes that come with fourwalls."""
    from fourwalls import worlds

    names = worlds.recipe_names()
    for name in names:
        typer.echo(f"{name:<{max(map(len, names))}}  {worlds.read_recipe(name).about}".rstrip())


def _asset(found: Diagnosis, name: str) -> AssetDiagnosis:
    from fourwalls.surfaces import wording

    def plain(text: str) -> str:
        return " ".join(text.replace("·", " ").replace("/", " ").casefold().split())

    by_name = {plain(wording.asset(a)): a for a in found.assets}
    chosen = by_name.get(plain(name))
    if chosen is None:
        names = [wording.asset(a) for a in found.assets]
        raise PortfolioError(f"There is no asset '{name}'.{did_you_mean(name, names)}", f"Choose from {listed(names)}.")
    return chosen


@contextmanager
def _study(folder: Path, data: Path | None, quiet: bool) -> Iterator[Study]:
    with _progress(quiet) as tell:
        # Late, so that --help and mistakes in the command answer at once.
        from fourwalls.study import open as open_study

        with open_study(folder, data, progress=tell) as study:
            yield study


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Tells what is being done, on the error stream, where a person looks on."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return

    def tell(step: str) -> None:
        sys.stderr.write(f"\r\x1b[2K… {step}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def _console() -> Console:
    from rich.console import Console

    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[2K")
    return Console()


def main() -> None:
    """Runs the command line; a user's mistake is one sentence, a remedy and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a sign gets a question mark in its place, not an error.
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="fourwalls")
    except FourwallsError as error:
        _refuse(error)
    except OSError as error:
        place = Path(error.filename).name if error.filename else "A file"
        why = error.strerror or "the system refused"
        _refuse(OutputError(f"'{place}' cannot be used: {why}.", "Check the place and its permissions."))
    except SystemExit as stop:
        if stop.code == _STOPPED:
            sys.stderr.write("Stopped.\n")
        raise


def _refuse(error: FourwallsError) -> NoReturn:
    from fourwalls.surfaces.wording import plain

    # Names from the data stand in it: they must neither steer the terminal nor bury the sentence.
    told = (_shortened(plain(text)) for text in (f"{type(error).__name__}: {error.what}", error.remedy))
    sys.stderr.write("".join(f"{text}\n" for text in told))
    sys.exit(2)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_TOLD else text[:_MOST_TOLD] + " …"
