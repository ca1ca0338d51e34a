"""Settings of a portfolio: targets, assumptions and what paths cost, written back into portfolio.toml as people left it."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.errors import OvertakenError, PortfolioError
from fourwalls.portfolio import ASSUMPTIONS, TARGETS, portfolio_from
from fourwalls.surfaces.files import write_files
from fourwalls.surfaces.web.desk import Asked, page

FILE = "portfolio.toml"
PATHS = tuple(f"paths.{p}.{k}" for p in ("operate", "orchestrate") for k in ("one_off_amount", "run_amount_per_year"))
PARTS = ("low", "mode", "high")
_LOCK = threading.Lock()


def routes() -> list[BaseRoute]:
    """The address."""
    return [page("/p/{portfolio}/settings", shown), page("/p/{portfolio}/settings", save, "analyst", writes=True)]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: its name in portfolio.toml, in words, its unit, and what stands there."""

    name: str
    label: str
    unit: str
    value: str


def shown(asked: Asked) -> Response:
    """The form, as the file stands."""
    return _form(asked, {}, None, 200)


def _form(asked: Asked, sent: Mapping[str, str], wrong: PortfolioError | None, status: int) -> Response:
    folder = asked.served.folder
    text = _text(asked)
    found = portfolio_from(folder, text)
    given: dict[str, str] = {f"targets.{k}": f"{v:.12g}" for k, v in found.targets.items()}
    given |= {f"assumptions.{k}": f"{v:.12g}" for k, v in found.assumptions.items()}
    for name in PATHS:
        _, path, key = name.split(".")
        for part, value in found.paths.get(path, {}).get(key, {}).items():
            given[f"{name}.{part}"] = f"{value:.12g}"
    given |= sent
    groups = {
        "Targets": [_field(f"targets.{k}", given) for k in TARGETS],
        "Assumptions": [_field(f"assumptions.{k}", given) for k in ASSUMPTIONS],
    }
    paths = [
        (name, [Field(f"{name}.{p}", p, found.currency, given.get(f"{name}.{p}", "")) for p in PARTS]) for name in PATHS
    ]
    return asked.page(
        "settings.html.j2", status, found=found, groups=groups, paths=paths, seal=_seal(text), wrong=wrong
    )


def _field(name: str, given: Mapping[str, str]) -> Field:
    key = name.partition(".")[2]
    units = {
        "_share": "share, 0 to 1",
        "_hours": "hours",
        "_days": "days",
        "_weeks": "weeks",
        "_years": "years",
        "_rate": "a year",
    }
    unit = next((u for end, u in units.items() if key.endswith(end)), "share, 0 to 1" if key == "fill_rate" else "")
    label = re.sub(r"_(share|hours|days|weeks|years|amount)(?=_|$)", "", key).replace("_", " ").capitalize()
    return Field(name, label, unit, given.get(name, ""))


def save(asked: Asked) -> Response:
    """Writes what changed, once all of it can be; every other line of the file stays as it is.

    Raises:
        OvertakenError: Somebody changed the file meanwhile.
    """
    names = [f"targets.{k}" for k in TARGETS] + [f"assumptions.{k}" for k in ASSUMPTIONS]
    sent = {n: asked.said(n) for n in (*names, *(f"{p}.{x}" for p in PATHS for x in PARTS))}
    with _LOCK:
        text = _text(asked)
        if _seal(text) != asked.said("seal"):
            told = "Somebody changed portfolio.toml since you loaded this page. Yours was not kept."
            raise OvertakenError(told, "Load the page again and repeat it.", 0, "somebody", "")
        try:
            new = written(text, sent)
            portfolio_from(asked.served.folder, new)
        except PortfolioError as error:
            return _form(asked, sent, error, 400)
        write_files(asked.served.folder, {FILE: new})
    asked.note("settings", asked.served.slug)
    return asked.go("settings", saved="1")


def written(text: str, sent: Mapping[str, str]) -> str:
    """The text with other values; an empty one takes the line out.

    Raises:
        PortfolioError: A value is no number, or of three one is missing.
    """
    values: dict[tuple[str, str], str | None] = {}
    for name, value in sent.items():
        if name.startswith("paths."):
            continue
        section, _, key = name.partition(".")
        values[section, key] = _number(name, value) if value else None
    for name in PATHS:
        parts = [sent.get(f"{name}.{p}", "") for p in PARTS]
        section, _, key = name.rpartition(".")
        if any(parts) and not all(parts):
            raise PortfolioError(
                f"{name.replace('.', ' ').replace('_', ' ')}: one of low, mode and high is missing.",
                "Give all three, or none.",
            )
        told = ", ".join(f"{p} = {_number(name, v)}" for p, v in zip(PARTS, parts, strict=True)) if all(parts) else ""
        values[section, key] = "{" + told + "}" if told else None
    for (section, key), given in values.items():
        text = _set(text, section, key, given)
    return text


def _number(name: str, text: str) -> str:
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not abs(found) < float("inf"):
        raise PortfolioError(
            f"{name.partition('.')[2].replace('_', ' ')}: '{text[:40]}' is no number.", "Write e.g. 0.95."
        )
    return f"{found:.12g}" if re.fullmatch(r"-?\d+(\.\d+)?", f"{found:.12g}") else repr(found)


def _set(text: str, section: str, key: str, value: str | None) -> str:
    """One line of a section changed, added or taken out; comments and order stay."""
    lines = text.splitlines()
    header = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
    here, start, at = "", None, None
    for number, line in enumerate(lines):
        opened = header.match(line)
        if opened:
            here = opened[1].replace('"', "")
            start = number if here == section and start is None else start
        elif here == section and re.match(rf'^\s*"?{re.escape(key)}"?\s*=', line):
            at = number
    if at is not None:
        said = re.match(r"^(\s*\S+\s*=\s*)(\{[^}]*\}|[^#]*?)(\s*#.*)?$", lines[at])
        if value is None:
            del lines[at]
        elif said and said[2].strip().replace(" ", "") != value.replace(" ", ""):
            lines[at] = f"{said[1]}{value}{said[3] or ''}"
    elif value is not None and start is not None:
        lines.insert(start + 1, f"{key} = {value}")
    elif value is not None:
        lines += ["", f"[{section}]", f"{key} = {value}"]
    return "\n".join(lines) + "\n"


def _text(asked: Asked) -> str:
    try:
        return (asked.served.folder / FILE).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        told = f"'{asked.served.folder.name}' has no portfolio.toml that can be read."
        raise PortfolioError(told, "Upload files to draft one.") from None


def _seal(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
