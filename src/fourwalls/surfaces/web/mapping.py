"""What uploaded files are taken for: shown, confirmed or corrected column by column, tried out, and only then taken over."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.diagnosis import TableHealth
from fourwalls.errors import FourwallsError, MappingError, OvertakenError, PortfolioError
from fourwalls.study import open as open_study
from fourwalls.surfaces import wording
from fourwalls.surfaces.files import write_files
from fourwalls.surfaces.web.desk import Asked, page, status_of
from fourwalls.surfaces.web.editing import FILE
from fourwalls.surfaces.web.keeping import HIDDEN
from fourwalls.tables.draft import FACTS, FileSeen, Look, Said, files_seen, look_at_files, meanings

PLACE = "uploads"
_REPLACED = "replaced"
MOST_FILES = 50


def routes() -> list[BaseRoute]:
    """The addresses."""
    return [
        page("/p/{portfolio}/upload", shown, "analyst"),
        page("/p/{portfolio}/mapping", consider, "analyst", writes=True),
    ]


@dataclass(frozen=True, slots=True)
class Offered:
    """A table that could be taken over.

    Attributes:
        name, text: Which, and its SQL.
        is_there: Whether the portfolio has it: then it would be replaced.
        is_chosen: Whether it is to be taken over.
        is_readable: Whether it has all columns that it needs.
    """

    name: str
    text: str
    is_there: bool
    is_chosen: bool
    is_readable: bool


def shown(asked: Asked) -> Response:
    """The form, and what was uploaded."""
    return answer(asked)


def answer(
    asked: Asked,
    names: Sequence[str] = (),
    look: Look | None = None,
    wrong: FourwallsError | None = None,
    taken: Sequence[TableHealth] = (),
    seen: Sequence[FileSeen] = (),
    *,
    is_question: bool = False,
) -> Response:
    """The page: what lies there, what it is taken for, what is wrong or (a question) to be said by people, or was taken over."""
    place = asked.served.folder / PLACE
    files = sorted((f.name, f.stat().st_size) for f in place.iterdir() if f.is_file()) if place.is_dir() else []
    seen = look.seen if look else seen
    return asked.page(
        "upload.html.j2", status_of(wrong) if wrong and not is_question else 200, files=files, names=names, look=look, wrong=wrong, taken=taken,
        seen=seen, seal=_seal(seen), offered=_offered(asked, look) if look else (), facts=FACTS, meanings=meanings(),
        has_portfolio=(asked.served.folder / FILE).is_file(), most=asked.office.settings.upload_bytes,
    )  # fmt: skip


def looked(asked: Asked, names: Sequence[str], said: Mapping[str, Said] | None = None) -> Response:
    """The page with what files are taken for; where nothing in them is known, with their columns, so that people can say."""
    try:
        return answer(asked, names, look_at_files(asked.served.folder, _paths(asked, names), said))
    except MappingError as error:
        return answer(asked, names, wrong=error, seen=files_seen(_paths(asked, names)), is_question=not said)


def consider(asked: Asked) -> Response:
    """Looks again with what was said of the columns, or takes over what was found.

    Raises:
        FourwallsError: The files changed meanwhile, or nothing was chosen.
    """
    names = [str(n) for n in asked.form.getlist("file")]
    if asked.said("action") == "begin":
        return looked(asked, names)
    seen = files_seen(_paths(asked, names))
    if _seal(seen) != asked.said("seal"):
        told = "The files changed since this page was loaded. Nothing was taken over."
        raise OvertakenError(told, "Look at them again.", 0, "somebody", "")
    said = _said(asked, seen)
    if asked.said("action") != "write":
        return looked(asked, names, said)
    try:
        look = look_at_files(asked.served.folder, _paths(asked, names), said)
        return answer(asked, names, taken=_taken_over(asked, look))
    except FourwallsError as error:
        return answer(asked, names, wrong=error, seen=seen)


def _paths(asked: Asked, names: Sequence[str]) -> list[Path]:
    place = asked.served.folder / PLACE
    known = {f.name: f for f in place.iterdir() if f.is_file()} if place.is_dir() else {}
    missing = [n for n in names if n not in known]
    if missing or not names or len(names) > MOST_FILES:
        told = f"There is no upload '{missing[0][:80]}'." if missing else f"{len(names)} files were chosen."
        raise MappingError(told, f"Choose 1 to {MOST_FILES} of those that lie here.")
    return [known[n] for n in names]


def _seal(seen: Sequence[FileSeen]) -> str:
    told = [(s.label, s.rows, [c[0] for c in s.columns]) for s in seen]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _said(asked: Asked, seen: Sequence[FileSeen]) -> dict[str, Said]:
    """What the form says of files, where it says otherwise than what was shown; columns go by their place, whatever their names."""
    found = {}
    for i, file in enumerate(seen):
        columns = {}
        for j, (name, *_) in enumerate(file.columns):
            now, was = asked.said(f"m.{i}.{j}"), asked.said(f"was.{i}.{j}")
            if now != was or asked.said(f"said.{i}.{j}"):
                columns[name] = now
        found[file.name] = Said(asked.said(f"table.{i}") or None, columns)
    return found


def _offered(asked: Asked, look: Look) -> list[Offered]:
    """Tables of a look; where there is a portfolio, those it lacks are chosen, and dimensions only by people."""
    folder, sent, was_offered = asked.served.folder, asked.form.getlist("table"), asked.form.getlist("offered")
    has_portfolio = (folder / FILE).is_file()
    made = []
    for path, text in look.texts.items():
        if path != FILE:
            name = Path(path).stem.removeprefix("_")
            is_there, is_readable = bool(_there(folder, name)), not Path(path).name.startswith("_")
            is_default = is_readable and not is_there and (not has_portfolio or name in FACTS)
            made.append(Offered(name, text, is_there, name in sent if name in was_offered else is_default, is_readable))
    return made


def _there(folder: Path, table: str) -> list[Path]:
    """Files of the portfolio that fill a table."""
    return sorted((folder / "tables").glob(f"{table}.*")) if (folder / "tables").is_dir() else []


def _taken_over(asked: Asked, look: Look) -> list[TableHealth]:
    """Writes the chosen tables, once reading them was tried out beside the portfolio; what they replace is kept aside."""
    folder, place = asked.served.folder, asked.served.folder / PLACE
    data = asked.office.runner.data
    if data is not None and data.resolve() != place.resolve():
        told = f"This app reads {{data}} from '{data.name}', not from the uploads."
        raise PortfolioError(told, "Start it without --data, or put the files there and map them with fourwalls init.")
    chosen = [t for t in _offered(asked, look) if t.is_chosen]
    unreadable = [t.name for t in chosen if not t.is_readable]
    if not chosen or unreadable:
        told = f"{unreadable[0]} lacks columns it needs." if unreadable else "No table was chosen."
        raise MappingError(
            told, "Say which columns are meant, or leave the table out." if unreadable else "Choose one."
        )
    texts = {f"{t.name}.sql": t.text for t in chosen}
    toml = None if (folder / FILE).is_file() else look.texts[FILE]
    found = _tried(folder, texts, toml, place)
    names = {t.name for t in chosen}
    health = [t for t in found if t.table in names]
    empty = next((t for t in health if t.rows_in and not t.rows_used), None)
    if empty is not None:
        raise MappingError(
            f"No row of {empty.table} can be used: {wording.aside(empty)}.", "Say otherwise what its columns mean."
        )
    _written(folder, texts, toml)
    asked.note("mapping", f"{asked.served.slug} {', '.join(sorted(names))}")
    return health


def _tried(folder: Path, texts: Mapping[str, str], toml: str | None, data: Path) -> Sequence[TableHealth]:
    """Health of all tables as they would be."""
    place = folder / HIDDEN
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="try-", dir=place) as scratch:
        trial = Path(scratch) / folder.name
        (trial / "tables").mkdir(parents=True)
        replaced = {Path(n).stem for n in texts}
        for path in (folder / "tables").iterdir() if (folder / "tables").is_dir() else ():
            if path.is_file() and path.stem not in replaced:
                _linked(path, trial / "tables" / path.name)
        if toml is None:
            shutil.copyfile(folder / FILE, trial / FILE)
        write_files(trial / "tables", texts)
        if toml is not None:
            write_files(trial, {FILE: toml})
        with open_study(trial, data) as study:
            return study.check().tables


def _linked(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def _written(folder: Path, texts: Mapping[str, str], toml: str | None) -> None:
    aside = folder / HIDDEN / _REPLACED
    for name in texts:
        for old in _there(folder, Path(name).stem):
            aside.mkdir(parents=True, exist_ok=True)
            number = len(list(aside.glob(f"*-{old.name}"))) + 1
            shutil.copyfile(old, aside / f"{number}-{old.name}")
            if old.name not in texts:
                old.unlink()
    write_files(folder / "tables", texts)
    if toml is not None:
        # Last, as it is what makes the folder a portfolio.
        write_files(folder, {FILE: toml})
