"""Reads portfolio.toml; every error names its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fourwalls.allocation.problem import Enabler
from fourwalls.errors import PortfolioError, did_you_mean, listed
from fourwalls.figures import Period
from fourwalls.portfolio.described import (
    ASSUMPTIONS,
    GRAINS,
    HOURS_PER,
    LEVEL_STAGES,
    ROLES,
    RULES,
    TARGETS,
    WORK_CLASSES,
    Funds,
    Portfolio,
    ServiceLevel,
    SignalThresholds,
    Thresholds,
)
from fourwalls.portfolio.document import Document


def read_portfolio(folder: Path) -> Portfolio:
    """The portfolio described in `folder`/portfolio.toml.

    Raises:
        PortfolioError: The folder or file is missing, is no TOML, or says something that cannot be; names the line.
    """
    if not folder.is_dir():
        raise PortfolioError(
            f"There is no folder '{folder.name}'.", "Name an existing portfolio folder, or draft one: fourwalls init."
        )
    path = folder / "portfolio.toml"
    if not path.is_file():
        below = sorted(f"{folder.name}/{p.parent.name}" for p in folder.glob("*/portfolio.toml"))
        remedy = f"Draft one: fourwalls init {folder.name} --from FILES…"
        if below:
            remedy = f"There is one in {listed(below, 3)}: name that folder."
        raise PortfolioError(f"Folder '{folder.name}' has no portfolio.toml.", remedy)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PortfolioError(f"portfolio.toml is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    except OSError as error:
        raise PortfolioError(
            f"portfolio.toml cannot be read: {error.strerror or 'the system refused'}.",
            "Check the file and its permissions.",
        ) from None
    return portfolio_from(folder, text)


def portfolio_from(folder: Path, text: str, document: dict[str, Any] | None = None) -> Portfolio:
    """The portfolio that a text describes, as if it stood in `folder`/portfolio.toml.

    Args:
        folder: Where its tables are.
        text: What the file says; errors name its lines.
        document: What it says parsed, where something was changed in it.

    Raises:
        PortfolioError: The text is no TOML, or says something that cannot be; names the line.
    """
    if document is not None:
        return _Reader(folder, text, document).portfolio()
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        message = re.sub(r"\s*\(at .*\)$", "", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise PortfolioError.at(
            "portfolio.toml", line, f"not TOML: {message}.", "Mend that line; see toml.io."
        ) from None
    except RecursionError:
        raise PortfolioError("portfolio.toml: lists are nested too deep.", "See toml.io for what is meant.") from None
    return _Reader(folder, text, document).portfolio()


class _Reader(Document):
    """Turns the parsed document into a Portfolio, naming the line of whatever is wrong."""

    def __init__(self, folder: Path, text: str, document: dict[str, Any]) -> None:
        super().__init__(text, document)
        self._folder = folder

    def portfolio(self) -> Portfolio:
        known = (
            "portfolio",
            "source",
            "targets",
            "service_levels",
            "assumptions",
            "paths",
            "assets",
            "verdict",
            "work",
            "signals",
            "allocation",
        )
        self._only(self._document, known, "")
        head = self._section("portfolio")
        if "portfolio" not in self._document:
            raise PortfolioError.at(
                "portfolio.toml",
                None,
                "has no [portfolio] section.",
                "Add [portfolio] with name, currency, own_party_id, asset.",
            )
        self._only(head, ("name", "currency", "own_party_id", "asset", "start", "end", "time_zone"), "portfolio")
        verdict = self._section("verdict")
        self._only(verdict, tuple(Thresholds.__dataclass_fields__), "verdict")
        signals = self._section("signals")
        self._only(signals, tuple(SignalThresholds.__dataclass_fields__), "signals")
        source = self._section("source")
        self._only(source, ("url",), "source")
        paths = self._section("paths")
        self._only(paths, ("operate", "orchestrate"), "paths")
        for name in paths:
            self._path(name, paths[name])
        return Portfolio(
            folder=self._folder,
            name=self._text("portfolio", "name"),
            currency=self._currency(),
            own_party_id=self._text("portfolio", "own_party_id"),
            grain=self._grain(),
            period=self._period(head),
            time_zone=self._zone(head),
            source_url=self._text("source", "url") if "url" in source else None,
            targets=self._numbers("targets", TARGETS),
            service_levels=tuple(self._service_level(i, s) for i, s in enumerate(self._array("service_levels"))),
            assumptions=self._numbers("assumptions", ASSUMPTIONS),
            paths=paths,
            assets=tuple(self._asset(i, a) for i, a in enumerate(self._array("assets"))),
            funds=self._funds(),
            thresholds=self._thresholds(verdict),
            says=frozenset(verdict),
            work=self._work(),
            signals=self._signals(signals),
            says_signals=frozenset(signals),
        )

    def _currency(self) -> str:
        value = self._text("portfolio", "currency")
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise self._error(
                "portfolio",
                "currency",
                f"currency must be one ISO 4217 code; found {value!r}.",
                'Write e.g. currency = "EUR".',
            )
        return value

    def _grain(self) -> tuple[str, ...]:
        value = self._section("portfolio").get("asset")
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            raise self._error(
                "portfolio",
                "asset",
                f"asset must be a list of columns; found {value!r}.",
                f"Choose from {listed(GRAINS)}.",
            )
        for name in names:
            if name not in GRAINS:
                raise self._error(
                    "portfolio",
                    "asset",
                    f"asset cannot be made of '{name}'.{did_you_mean(name, GRAINS)}",
                    f"Choose from {listed(GRAINS)}.",
                )
        if len(set(names)) != len(names):
            raise self._error("portfolio", "asset", f"asset names a column twice: {names!r}.", "Name each once.")
        return tuple(names)

    def _day(self, head: Mapping[str, Any], key: str) -> date | None:
        value = head.get(key)
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self._error("portfolio", key, f"{key} must be a date; found {value!r}.", f"Write {key} = 2025-01-01.")
        return value

    def _period(self, head: Mapping[str, Any]) -> Period | None:
        start, end = self._day(head, "start"), self._day(head, "end")
        if start is None and end is None:
            return None
        if start is None or end is None:
            missing = "start" if start is None else "end"
            raise self._error(
                "portfolio",
                missing,
                f"[portfolio] has no '{missing}'.",
                "Give both start and end, or neither for all days.",
            )
        if end <= start:
            raise self._error(
                "portfolio",
                "end",
                f"the period ends {end} before it starts {start} (end is exclusive).",
                "Swap or correct.",
            )
        return Period(start, end)

    def _zone(self, head: Mapping[str, Any]) -> str | None:
        if "time_zone" not in head:
            return None
        value = self._text("portfolio", "time_zone")
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise self._error(
                "portfolio", "time_zone", f"there is no time zone {value!r}.", 'Use an IANA name, e.g. "Europe/Berlin".'
            ) from None
        return value

    def _numbers(self, section: str, known: tuple[str, ...]) -> dict[str, float]:
        table = self._section(section)
        self._only(table, known, section)
        numbers = {key: self._number(section, key, value) for key, value in table.items()}
        for key, value in numbers.items():
            if key == "horizon_years" and value <= 0:
                raise self._error(section, key, f"{key} must be above 0; found {value:g}.", "Write e.g. 3.")
            share = key.endswith("_share") and key != "forecast_bias_share"
            if share and not 0 <= value <= 1:
                raise self._error(section, key, f"{key} must lie from 0 to 1; found {value:g}.", "Write 95 % as 0.95.")
            if value < 0 and key != "forecast_bias_share":
                raise self._error(section, key, f"{key} must not be negative; found {value:g}.", "Correct the sign.")
        return numbers

    def _work(self) -> dict[str, tuple[str, ...]]:
        table = self._section("work")
        self._only(table, WORK_CLASSES, "work")
        for key, words in table.items():
            if not isinstance(words, list) or not all(isinstance(w, str) and w.strip() for w in words):
                raise self._error(
                    "work", key, f"[work] {key} must be a list of words; found {words!r}.", f'Write {key} = ["…"].'
                )
        return {key: tuple(w.strip() for w in words) for key, words in table.items()}

    def _service_level(self, index: int, row: dict[str, Any]) -> ServiceLevel:
        section = "service_levels"
        self._only(row, ("party_id", "stage", "value", "unit", "destination"), section, index)
        for key in ("party_id", "stage", "unit"):
            if not isinstance(row.get(key), str):
                raise self._error(
                    section,
                    key,
                    f"[[service_levels]] {key} must be text; found {row.get(key)!r}.",
                    f'Write {key} = "…".',
                    index,
                )
        if row["stage"] not in LEVEL_STAGES:
            raise self._error(
                section,
                "stage",
                f"no stage '{row['stage']}'.{did_you_mean(row['stage'], LEVEL_STAGES)}",
                f"Choose from {listed(LEVEL_STAGES)}.",
                index,
            )
        if row["unit"] not in HOURS_PER:
            raise self._error(
                section, "unit", f"unit must be hours or days; found {row['unit']!r}.", "Choose one.", index
            )
        value = self._number(section, "value", row.get("value"), index)
        if value < 0:
            raise self._error(section, "value", f"value must not be negative; found {value:g}.", "Correct it.", index)
        place = row.get("destination")
        if place is not None and not isinstance(place, str):
            raise self._error(
                section, "destination", f"destination must be text; found {place!r}.", "Correct it.", index
            )
        hours = value * HOURS_PER[row["unit"]]
        return ServiceLevel(row["party_id"], row["stage"], hours, place, self._line_of(section, "party_id", index))

    def _path(self, name: str, table: object) -> None:
        section = f"paths.{name}"
        if not isinstance(table, dict):
            raise self._error("paths", name, f"[{section}] must be a section.", f"Write [{section}].")
        self._only(table, ("one_off_amount", "run_amount_per_year", "shared_one_off", "people_weeks"), section)
        for key in ("one_off_amount", "run_amount_per_year", "people_weeks"):
            triple = table.get(key)
            if triple is None:
                continue
            shape = isinstance(triple, dict) and set(triple) == {"low", "mode", "high"}
            values = [self._number(section, key, v) for v in triple.values()] if shape else []
            if not shape or not triple["low"] <= triple["mode"] <= triple["high"] or min(values) < 0:
                weeks = key == "people_weeks"
                raise self._error(
                    section,
                    key,
                    f"{key} must be a range of {'weeks' if weeks else 'amounts'} with 0 <= low <= mode <= high; found {triple!r}.",
                    f"Write {key} = {'{low = 2, mode = 4, high = 8}' if weeks else '{low = 1e4, mode = 2e4, high = 5e4}'}.",
                )

    def _funds(self) -> Funds:
        section, table = "allocation", self._section("allocation")
        amounts = ("budget_amount", "people_weeks", "risk_share", "risk_limit_amount")
        self._only(table, (*amounts, "enablers"), section)
        said = {key: self._number(section, key, table[key]) for key in amounts if key in table}
        for key in ("budget_amount", "people_weeks"):
            if said.get(key, 0.0) < 0:
                raise self._error(
                    section, key, f"{key} must not be negative; found {said[key]:g}.", "Correct it, or leave it out."
                )
        if not 0 < said.get("risk_share", 0.1) <= 1:
            found = said["risk_share"]
            raise self._error(
                section,
                "risk_share",
                f"risk_share must lie above 0 and up to 1; found {found:g}.",
                "Write the worst tenth as 0.1.",
            )
        return Funds(**said, enablers=self._enablers(table.get("enablers", {})))

    def _enablers(self, tables: object) -> tuple[Enabler, ...]:
        if not isinstance(tables, dict):
            raise self._error(
                "allocation",
                "enablers",
                "enablers must be sections, one for each.",
                "Write [allocation.enablers.NAME] with cost_amount and, if it takes any, people_weeks.",
            )
        return tuple(self._enabler(name, table) for name, table in tables.items())

    def _enabler(self, name: str, table: object) -> Enabler:
        section = f"allocation.enablers.{name}"
        if not isinstance(table, dict):
            raise self._error("allocation.enablers", name, f"[{section}] must be a section.", f"Write [{section}].")
        self._only(table, ("cost_amount", "people_weeks"), section)
        values = []
        for key, default in (("cost_amount", None), ("people_weeks", 0.0)):
            value = self._number(section, key, table.get(key, default))
            if value < 0:
                raise self._error(section, key, f"{key} must not be negative; found {value:g}.", "Correct it.")
            values.append(value)
        return Enabler(name, *values)

    def _asset(self, index: int, row: dict[str, Any]) -> dict[str, Any]:
        self._only(
            row,
            (*self._grain(), "planned_revenue_amount", "role", "owner", "targets", "assumptions", "paths"),
            "assets",
            index,
        )
        role, owner = row.get("role"), row.get("owner")
        if role is not None and role not in ROLES:
            known = f"{did_you_mean(str(role), ROLES)}"
            raise self._error(
                "assets", "role", f"there is no role {role!r}.{known}", f"Choose from {listed(ROLES)}.", index
            )
        if owner is not None and (not isinstance(owner, str) or not owner.strip()):
            told = f"[[assets]] owner must be text; found {owner!r}."
            raise self._error("assets", "owner", told, 'Write owner = "…".', index)
        return row

    def _thresholds(self, verdict: Mapping[str, Any]) -> Thresholds:
        numbers = {key: value for key, value in verdict.items() if key != "required_rules"}
        values: dict[str, Any] = {key: self._number("verdict", key, value) for key, value in numbers.items()}
        for key, value in values.items():
            if key != "least_lines" and not 0 <= value <= 1:
                raise self._error("verdict", key, f"{key} must lie from 0 to 1; found {value:g}.", "Write 1 % as 0.01.")
            if key == "least_lines" and (value < 1 or value != int(value)):
                raise self._error(
                    "verdict", key, f"{key} must be a whole number from 1; found {value:g}.", "Correct it."
                )
        if "least_lines" in values:
            values["least_lines"] = int(values["least_lines"])
        if "required_rules" in verdict:
            values["required_rules"] = self._required(verdict["required_rules"])
        return Thresholds(**values)

    def _required(self, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(v, str) and v in RULES for v in value):
            return tuple(dict.fromkeys(value))
        raise self._error(
            "verdict",
            "required_rules",
            f"required_rules must be a list of rules; found {value!r}.",
            f"Choose from {listed(RULES)}; [] lets nothing block.",
        )

    def _signals(self, signals: Mapping[str, Any]) -> SignalThresholds:
        values = {key: self._number("signals", key, value) for key, value in signals.items()}
        for key, value in values.items():
            low, high = (1.0, 100.0) if key == "channels_per_sku" else (0.0, 1.0)
            if not low <= value <= high:
                told = f"{key} must lie from {low:g} to {high:g}; found {value:g}."
                raise self._error("signals", key, told, "Write 1 % as 0.01." if high == 1 else "Correct it.")
        return SignalThresholds(**values)
