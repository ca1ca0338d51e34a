"""The folder a user describes: what the assets are, who we are, what was promised and what is assumed."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fourwalls.allocation.problem import Enabler
from fourwalls.errors import PortfolioError, did_you_mean, listed
from fourwalls.figures import Period

GRAINS = ("brand", "category", "channel_id", "channel_kind", "node_id", "node_region", "destination")
"""Columns an asset can be made of."""

STAGES = ("release", "fulfilment", "carriage", "promise")
"""Stages of the order flow, in the order a line passes them; the promise is what they are held to."""

LEVEL_STAGES = (*STAGES[:3], "decision", "supply", "receiving")
"""Stages a party can promise a time for: of the order flow, and of supplying stock."""

TARGETS = (
    "on_time_share", "fill_rate", "release_hours", "fulfilment_hours", "carriage_hours", "approval_hours",
    "decision_hours", "receiving_hours", "supply_days", "listed_share", "content_share", "price_index",
    "forecast_bias_share", "wape", "in_stock_share",
    "units_per_labour_hour", "conversion_share", "time_to_report_hours", "exception_closure_hours",
)  # fmt: skip
"""Measures a target may be set for."""

ASSUMPTIONS = (
    "wage_amount_per_hour", "carrying_rate_per_year", "discount_rate", "horizon_years", "late_line_cost_share",
    "attainable_share", "ramp_weeks", "gross_margin_share", "tax_rate", "working_capital_rate_per_year",
    "overtime_premium_share",
)  # fmt: skip
"""Assumptions the value of a path may rest on."""

WORK_CLASSES = ("exception", "reconciliation", "approval", "report", "status")
"""Classes of case work, in the order in which their words are tried; what fits none is "other"."""

DEFAULT_ON_TIME_SHARE = 0.95
HOURS_PER = {"hours": 1.0, "days": 24.0}


RULES = ("owner", "escalation", "service_level", "quality", "credit", "fallback", "exit")
"""What there is to settle with a partner."""
ROLES = ("engine", "experiment", "heritage")
"""What an asset may be for in the portfolio."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where one verdict ends and the next begins; each can be set under [verdict].

    Attributes:
        material_share: A gap below this share of order lines is not worth acting on. Default 0.01: a choice; a
            smaller gap is within the range of most assets' shares.
        least_lines: Fewer judged order lines than this cannot carry a verdict. Default 200: at a late share of 8 %
            the 90 % range of a share is then about three points either way.
        both_share: Either side of the wall counts as material when it holds at least this part of the gap. Default 0.3.
        sure_chance: Chance by bootstrap from which a side counts as the larger one. Default 0.8.
        pays_chance: A path is acted on only if it pays over the horizon with at least this chance. Default two in three: what
            the IPCC's guidance on uncertainties calls likely (Mastrandrea et al. 2010).
        unknown_share: Part of the gap that may lie with unknown parties before the split says nothing. Default 0.5.
        untraced_share: Part of the missed lines without usable stage times before the chain says nothing. Default 0.5.
        kept_share: A partner's service level counts as met if it held on this share of occasions. Default 0.95: what parcel
            carriers are commonly held to; nobody keeps one always.
        unseen_stock_share: What empty shelves are taken to cost where no stock is on record, as a share of sales; an asset
            is not left alone while that could be material. Default 0.03: 8.3 % of items are not on the shelf, and about a
            third of those sales are lost to the retailer (Gruen, Corsten and Bharadwaj 2002). 0 where there are no shelves.
        required_rules: What must be settled with a partner before it can be asked for more; the other questions warn. Default
            owner, escalation and service_level: without them nobody answers, nobody can be reached, and nothing is a failure.
    """

    material_share: float = 0.01
    least_lines: int = 200
    both_share: float = 0.3
    sure_chance: float = 0.8
    pays_chance: float = 2 / 3
    unknown_share: float = 0.5
    untraced_share: float = 0.5
    kept_share: float = 0.95
    unseen_stock_share: float = 0.03
    required_rules: tuple[str, ...] = ("owner", "escalation", "service_level")


@dataclass(frozen=True, slots=True)
class SignalThresholds:
    """Where a signal or test begins to lean; each can be set under [signals].

    Attributes:
        steady_variation: Demand is stable up to this spread from week to week, as a share of its mean. Default 0.25: class X
            of XYZ analysis, whose cut is drawn between 0.2 and 0.5.
        service_swing: Service is inconsistent from this spread of weekly on time in full on, luck taken out. Default 0.03:
            a choice; three points are what a month's report would show.
        missed_share: Or from this share of lines missed beyond the target on. Default 0.02: a choice.
        channels_per_sku: Channel complexity can cost something only from so many channels for each sku on. Default 1.5:
            a choice; below, most skus have one channel.
        complexity_share: Growth counts as capped where complexity costs this share of revenue. Default 0.005: a choice;
            about a tenth of a retailer's usual operating margin of 5 %.
        status_share: Status work counts from this share of revenue on. Default 0.002: a choice; an hour in twenty of
            staff whose pay is 4 % of revenue.
        feed_share: Disconnected data count from this share of revenue on. Default 0.002: as status_share.
        waste_share: Avoidable waste counts from this share of revenue on. Default 0.005: as complexity_share.
        partner_share: Partners count from this share of revenue, as margin they could add, on. Default 0.005: likewise.
        growth: Growth that the scale test asks about. Default 0.3: a third of a business more is what breaks habits.
        scale_change: A change of unit cost, service or margin at that growth below this share is none. Default 0.02:
            a choice.
        latency_value: Deciding counts as slow when what is lost while waiting is this share of revenue. Default 0.005: as
            complexity_share.
        latency_share: Where nothing shows what waiting costs: when it takes this part of the loop from need to shelf.
            Default 0.25: a choice; with four steps in the loop an even part is a quarter.
        clear_share: A split (inside or between, customer-facing or not) is clear when the larger part has this share.
            Default 0.6: a choice.
        ready_share: Governance is ready from this share of rules in place on. Default 0.7: a choice.
        level_below: A capability is below its standard from a loss of this share of revenue on. Default 0.002: as status_share.
        level_far: And far below from this share on. Default 0.01: a choice; a point of margin.
        judged_lean: An answer leans when its mean is this part of the way from the middle of the scale to its end.
            Default 0.25: half a step on the scale from 1 to 5.
    """

    steady_variation: float = 0.25
    service_swing: float = 0.03
    missed_share: float = 0.02
    channels_per_sku: float = 1.5
    complexity_share: float = 0.005
    status_share: float = 0.002
    feed_share: float = 0.002
    waste_share: float = 0.005
    partner_share: float = 0.005
    growth: float = 0.3
    scale_change: float = 0.02
    latency_value: float = 0.005
    latency_share: float = 0.25
    clear_share: float = 0.6
    ready_share: float = 0.7
    level_below: float = 0.002
    level_far: float = 0.01
    judged_lean: float = 0.25


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What a party has promised for a stage.

    Attributes:
        party_id, stage: Who and what.
        hours: The longest a line may take [hours].
        destination: Only for lines going there; None for all.
        line: Where portfolio.toml says so.
    """

    party_id: str
    stage: str
    hours: float
    destination: str | None = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Funds:
    """What [allocation] says may be spent on all assets together.

    Attributes:
        budget_amount: Money for one-off costs and enablers; None where nobody said.
        people_weeks: Weeks of our people; None for no limit.
        risk_share: Part of the draws that counts as bad, 0-1.
        risk_limit_amount: Mean loss that can be borne in that part; None for no limit.
        enablers: What is paid once and serves several assets.
    """

    budget_amount: float | None = None
    people_weeks: float | None = None
    risk_share: float = 0.1
    risk_limit_amount: float | None = None
    enablers: tuple[Enabler, ...] = ()


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What portfolio.toml says.

    Attributes:
        folder: Where it lies.
        name, currency, own_party_id: As the user wrote them.
        grain: Columns that make an asset.
        period: Days looked at; None means all days in the record.
        time_zone: Zone of timestamps that carry none; None means UTC.
        source_url: Where the tables of `.sql` files live besides the data folder; None for files alone.
        targets: Measure → target.
        service_levels: What parties have promised.
        assumptions, paths, assets: Carried for the value of a path.
        funds: What may be spent on all assets together.
        thresholds: Where verdicts change.
        says: Which thresholds the user set.
        work: Class of case work → words by which the company calls it, beside those we know.
        signals: Where signals and tests begin to lean.
        says_signals: Which of those the user set.
    """

    folder: Path
    name: str
    currency: str
    own_party_id: str
    grain: tuple[str, ...]
    period: Period | None = None
    time_zone: str | None = None
    source_url: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    service_levels: tuple[ServiceLevel, ...] = ()
    assumptions: Mapping[str, float] = field(default_factory=dict)
    paths: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: tuple[Mapping[str, Any], ...] = ()
    funds: Funds = Funds()
    thresholds: Thresholds = Thresholds()
    says: frozenset[str] = frozenset()
    work: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signals: SignalThresholds = SignalThresholds()
    says_signals: frozenset[str] = frozenset()

    @property
    def on_time_share(self) -> float:
        """Share of lines asked to be on time: the target, or 0.95, what parcel carriers are commonly held to."""
        return self.targets.get("on_time_share", DEFAULT_ON_TIME_SHARE)


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


class _Reader:
    """Turns the parsed document into a Portfolio, naming the line of whatever is wrong."""

    def __init__(self, folder: Path, text: str, document: dict[str, Any]) -> None:
        self._folder = folder
        self._lines = text.splitlines()
        self._document = document

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

    def _error(self, section: str, key: str, what: str, remedy: str, index: int = 0) -> PortfolioError:
        return PortfolioError.at("portfolio.toml", self._line_of(section, key, index), what, remedy)

    def _line_of(self, section: str, key: str, index: int = 0) -> int | None:
        here, seen, header = "", -1, None
        for number, line in enumerate(self._lines, 1):
            stripped = line.strip()
            opened = re.match(r"^\[\[?\s*([^\]]+?)\s*\]\]?", stripped)
            if opened:
                here = opened[1].replace('"', "")
                if here == section:
                    seen += 1
                    if seen == index:
                        header = number
            elif here == section and max(seen, 0) == index and re.match(rf'^"?{re.escape(key)}"?\s*=', stripped):
                return number
        # A section may also stand as a key above all sections: targets = {…}.
        return header if header or not section else self._line_of("", section)

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], section: str, index: int = 0) -> None:
        for key in table:
            if key not in known:
                where = f"[{section}] " if section else ""
                line = self._line_of(section, key, index) if section else self._line_of(key, key)
                raise PortfolioError.at(
                    "portfolio.toml",
                    line,
                    f"{where}does not know '{key}'.{did_you_mean(key, known)}",
                    f"Known here: {listed(known, 40)}.",
                )

    def _section(self, name: str) -> dict[str, Any]:
        table = self._document.get(name, {})
        if not isinstance(table, dict):
            raise self._error(name, name, f"'{name}' must be a section.", f"Write [{name}] on a line of its own.")
        return table

    def _array(self, name: str) -> list[dict[str, Any]]:
        rows = self._document.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise self._error(name, name, f"'{name}' must be a list of sections.", f"Write [[{name}]] before each.")
        return rows

    def _text(self, section: str, key: str) -> str:
        value = self._section(section).get(key)
        if not isinstance(value, str) or not value.strip():
            found = "nothing" if value is None else repr(value)
            raise self._error(section, key, f"[{section}] {key} must be text; found {found}.", f'Write {key} = "…".')
        return value

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

    def _number(self, section: str, key: str, value: object, index: int = 0) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
            raise self._error(
                section, key, f"{key} must be a number; found {value!r}.", "Write e.g. 0.95 or 24.", index
            )
        return float(value)

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
                    f"{key} must be a range of {'weeks' if weeks else 'amounts'} with low <= mode <= high; found {triple!r}.",
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
