"""`fourwalls explain`: where a number comes from, in a terminal or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
        found = study.explain(number, most)
    if as_json:
        import json

        typer.echo(json.dumps(as_plain(found), ensure_ascii=False, indent=2, allow_nan=False, default=str))
    else:
        from rich.console import Console

        show(found, Console())


def _check_last(number: str, folder: Path, data: Path | None) -> None:
    """Looks an id up in the last result of the folder, if it was made from these very files: a mistake is told at once.

    What was made from other tables, another data folder or another portfolio.toml says nothing of this one: it is found anew,
    and that is said.

    Raises:
        PortfolioError: There is no such number in it.
    """
    from fourwalls.explaining import no_such_number
    from fourwalls.numbers import numbers
    from fourwalls.register import take_fingerprints
    from fourwalls.surfaces.web.keeping import read_result

    last = read_result(folder)
    if last is None:
        return
    changed = sorted({f.name for f in set(last.inputs) ^ set(take_fingerprints(folder, data))})
    if changed:
        from fourwalls.errors import listed

        told = f"The last result was made from other files ({listed(changed, 3)}): everything is found anew."
        typer.echo(told, err=True)
        return
    known = numbers(last.diagnosis)
    if number not in known:
        raise no_such_number(number, known)
