"""`fourwalls explain`: where a number comes from, in a terminal or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fourwalls.explaining import Explanation
    from fourwalls.study import Study

_ALL = 10**9


def explain(
    number: Annotated[str, typer.Argument(metavar="NUMBER-ID", help="As the page tells it (data-id), or the sheet.")],
    folder: Annotated[Path, typer.Argument(help="Portfolio folder: portfolio.toml and tables/.")] = Path(),
    data: Annotated[Path | None, typer.Option(help="Folder that {data} in the SQL files stands for.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many records to print.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Say where a number comes from: formula, steps, numbers it is made of, the query, and each record's part in it."""
    from fourwalls.numbers import check_form
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.explain_terminal import as_plain, show

    check_form(number)
    with open_study(folder, data) as study:
        _check_last(number.strip(), folder, data)
        found = _explained(study, number.strip(), most)
    if as_json:
        import json

        typer.echo(json.dumps(as_plain(found), ensure_ascii=False, indent=2, allow_nan=False, default=str))
    else:
        from rich.console import Console

        show(found, Console())


def _explained(study: Study, number: str, most: int) -> Explanation:
    """The explanation, with each record's part where the number is made of missed lines or of shelves."""
    from fourwalls.explaining import is_of_lines, is_of_shelves, with_parts
    from fourwalls.numbers import numbers

    known = numbers(study.diagnose()).get(number)
    if known is None or not (is_of_lines(known) or is_of_shelves(known)):
        return study.explain(number, most)
    return with_parts(study.explain(number, _ALL), known, most)


def _check_last(number: str, folder: Path, data: Path | None) -> None:
    """Looks an id up in the last diagnosis of the folder, where nothing has changed since: a mistake is told at once.

    Raises:
        PortfolioError: There is no such number in it.
    """
    from fourwalls.errors import PortfolioError
    from fourwalls.explaining import no_such_number
    from fourwalls.numbers import numbers
    from fourwalls.surfaces.page import reading

    last = folder / "out" / "diagnosis.json"
    if not last.is_file():
        return
    made = last.stat().st_mtime
    rests_on = [folder / "portfolio.toml", folder / "answers.csv"]
    for part in (folder / "tables", folder / "contracts", *([data] if data else [])):
        rests_on += part.rglob("*")
    if any(p.stat().st_mtime > made for p in rests_on if p.exists()):
        return
    try:
        known = numbers(reading.read(last))
    except PortfolioError:
        # Of another version: the diagnosis itself will tell.
        return
    if number not in known:
        raise no_such_number(number, known)
