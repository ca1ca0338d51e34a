"""A recipe: the small TOML file a world is made from, read strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from fourwalls.errors import FourwallsError, did_you_mean, listed
from fourwalls.worlds.defects import CONFOUNDERS, DEFECTS, Defect

KNOWABLE = ("targets", "service_levels", "late_line_cost_share")
"""What a company may have written into its portfolio.toml."""

LACKS = ("owner", "escalation", "service_level", "quality", "fallback", "exit", "credit")
"""What a contract can lack."""

GRAIN = ("brand", "category", "channel_id", "channel_kind", "node_id", "node_region", "destination")
"""Columns an asset may be made of."""


class RecipeError(FourwallsError):
    """A recipe that cannot be cooked."""


@dataclass(frozen=True, slots=True)
class Hole:
    """What the contract with a partner lacks.

    Attributes:
        party_id: The partner.
        lacks: Words of LACKS.
    """

    party_id: str
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a world is made from.

    Attributes:
        name: Name of the recipe.
        about: What it shows, in a sentence.
        lines: Order lines to expect in the period, unless the caller says otherwise.
        start, end: The recorded period, `end` exclusive.
        asset: Columns that make an asset.
        categories, destinations, channels: What the retailer sells, where to, and where demand arrives.
        own_fleet: Destinations our own vans deliver to.
        knows: What the company writes into its portfolio.toml, of KNOWABLE.
        leaves_out: Tables the company does not have.
        dirty_share: Share of order lines that are damaged on their way into the table.
        defects, confounders: What is wrong, and what merely happens.
        holes: What contracts with partners lack.
        surprise: Least and most defects to draw at random besides; (0, 0) for none.
        title: What the company calls itself; it must not give the answer away.
    """

    name: str
    about: str
    lines: int = 40_000
    start: date = date(2025, 1, 1)
    end: date = date(2026, 1, 1)
    asset: tuple[str, ...] = ("category", "destination")
    categories: tuple[str, ...] = ("footwear", "outdoor", "home", "toys")
    destinations: tuple[str, ...] = ("north", "south")
    channels: tuple[str, ...] = ("site", "market")
    own_fleet: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    leaves_out: tuple[str, ...] = ()
    dirty_share: float = 0.0
    defects: tuple[Defect, ...] = field(default=())
    confounders: tuple[Defect, ...] = field(default=())
    holes: tuple[Hole, ...] = ()
    surprise: tuple[int, int] = (0, 0)
    title: str = "A known retailer"


def recipe_names() -> tuple[str, ...]:
    """Recipes that come with the package."""
    folder = files("fourwalls.worlds") / "recipes"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def read_recipe(recipe: str | Path) -> Recipe:
    """A recipe of the package by name, or a TOML file of one's own by path.

    Raises:
        RecipeError: If it is not there, not TOML, or says something a world cannot be.
    """
    name = str(recipe)
    if name in recipe_names():
        text = (files("fourwalls.worlds") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        path = Path(recipe)
        if not path.is_file():
            hint = did_you_mean(name, recipe_names())
            raise RecipeError(
                f"There is no recipe '{name}'.{hint}", f"Give a TOML file, or one of {listed(recipe_names(), 40)}."
            )
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"Recipe '{path.name}' cannot be read: {error}.", "Save it as UTF-8 text.") from error
        name = path.stem
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Recipe '{name}' is not TOML: {error}.", "Correct that line.") from error
    return recipe_from(name, said)


def recipe_from(name: str, said: Mapping[str, Any]) -> Recipe:
    """A recipe from what its TOML says.

    Raises:
        RecipeError: If an entry is unknown, of the wrong type, or out of range.
    """
    _only(name, "the recipe", said, ("about", "retailer", "defects", "confounders", "holes", "surprise"))
    retailer = said.get("retailer", {})
    lists = ("asset", "categories", "destinations", "channels", "own_fleet", "knows", "leaves_out")
    _only(name, "[retailer]", retailer, ("title", "lines", "start", "end", "dirty_share", *lists))
    fields: dict[str, Any] = {}
    for key, value in retailer.items():
        if key in lists:
            fields[key] = _words(name, key, value)
        elif key == "title":
            fields[key] = str(value)
        elif key in ("start", "end"):
            fields[key] = _day(name, key, value)
        else:
            fields[key] = _number(name, key, value, 0.0, 1.0 if key == "dirty_share" else 1e9)
    if "lines" in fields:
        fields["lines"] = int(fields["lines"])
    surprise = said.get("surprise", [0, 0])
    if not (isinstance(surprise, list) and len(surprise) == 2 and all(isinstance(n, int) for n in surprise)):
        raise RecipeError(f"Recipe '{name}', surprise: found {surprise!r}.", "Write surprise = [least, most].")
    made = Recipe(
        name=name,
        about=str(said.get("about", "")),
        defects=tuple(_defect(name, d, DEFECTS) for d in said.get("defects", [])),
        confounders=tuple(_defect(name, d, CONFOUNDERS) for d in said.get("confounders", [])),
        holes=tuple(_hole(name, h) for h in said.get("holes", [])),
        surprise=(surprise[0], surprise[1]),
        **fields,
    )
    return _checked(made)


def _checked(made: Recipe) -> Recipe:
    if not (made.end - made.start).days >= 28:
        raise RecipeError(
            f"Recipe '{made.name}': the period {made.start} to {made.end} is shorter than 28 days.", "Make it longer."
        )
    for key, words, allowed in (
        ("asset", made.asset, GRAIN),
        ("knows", made.knows, KNOWABLE),
        ("channels", made.channels, ("site", "market", "wholesale", "stores")),
        ("own_fleet", made.own_fleet, made.destinations),
    ):
        for word in words:
            if word not in allowed:
                raise RecipeError(
                    f"Recipe '{made.name}', {key}: found '{word}'.{did_you_mean(word, allowed)}",
                    f"Allowed: {listed(allowed)}.",
                )
    for key, words in (
        ("asset", made.asset),
        ("categories", made.categories),
        ("destinations", made.destinations),
        ("channels", made.channels),
    ):
        if not words or len(set(words)) < len(words):
            raise RecipeError(f"Recipe '{made.name}', {key}: empty, or a word twice.", "Name each once.")
    return made


def _only(name: str, where: str, said: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for key in said:
        if key not in allowed:
            raise RecipeError(
                f"Recipe '{name}': {where} has an unknown entry '{key}'.{did_you_mean(key, allowed)}",
                f"Allowed: {listed(allowed, 40)}.",
            )


def _words(name: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise RecipeError(f"Recipe '{name}', {key}: found {value!r}.", 'Write a list of words: ["a", "b"].')
    return tuple(value)


def _day(name: str, key: str, value: object) -> date:
    if type(value) is not date:
        raise RecipeError(f"Recipe '{name}', {key}: found {value!r}.", "Write a day without quotes: 2025-03-01.")
    return value


def _number(name: str, key: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RecipeError(f"Recipe '{name}', {key}: found {value!r}.", f"Write a number from {low:g} to {high:g}.")
    return float(value)


def _hole(name: str, said: Mapping[str, Any]) -> Hole:
    _only(name, "a hole", said, ("party_id", "lacks"))
    lacks = _words(name, "lacks", said.get("lacks", list(LACKS[:3])))
    for word in lacks:
        if word not in LACKS:
            raise RecipeError(
                f"Recipe '{name}', lacks: found '{word}'.{did_you_mean(word, LACKS)}", f"Allowed: {listed(LACKS)}."
            )
    return Hole(str(said.get("party_id", "")), lacks)


def _defect(name: str, said: Mapping[str, Any], kinds: Mapping[str, Any]) -> Defect:
    kind = str(said.get("kind"))
    if kind not in kinds:
        raise RecipeError(
            f"Recipe '{name}': found kind {kind!r}.{did_you_mean(kind, kinds)}", f"Allowed: {listed(kinds, 40)}."
        )
    places = kinds[kind].places
    _only(name, f"'{kind}'", said, ("kind", "severity", "since", "until", *places))
    return Defect(
        kind=kind,
        severity=_number(name, "severity", said.get("severity", 0.6), 0.0, 1.0),
        place={key: str(said[key]) for key in places if key in said},
        since=_day(name, "since", said["since"]) if "since" in said else None,
        until=_day(name, "until", said["until"]) if "until" in said else None,
    )
