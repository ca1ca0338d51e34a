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
    """Say where a number comes from: formula, numbers it is made of, the query, and the first records behind it."""
    from fourwalls.study import open as open_study
    from fourwalls.surfaces.explain_terminal import as_plain, show

    with open_study(folder, data) as study:
        found = study.explain(number, most)
    if as_json:
        import json

        typer.echo(json.dumps(as_plain(found), ensure_ascii=False, indent=2, allow_nan=False, default=str))
    else:
        from rich.console import Console

        show(found, Console())
