"""What would follow from other assumptions and thresholds: the replays are kept, value and verdict are worked out anew."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from fourwalls import assembly, concluding
from fourwalls.answers import Answer, judged_answers
from fourwalls.chain.accounts import Entries
from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, VerdictName
from fourwalls.errors import PortfolioError, did_you_mean, listed
from fourwalls.figures import Refusal
from fourwalls.governance.readiness import readiness
from fourwalls.governance.rules import Governance
from fourwalls.hinges import swings_of
from fourwalls.losses import Loss
from fourwalls.planning import Known, advised
from fourwalls.portfolio import Portfolio, SignalThresholds, Thresholds, portfolio_from
from fourwalls.sensitivity import Swing
from fourwalls.signals.capabilities import capabilities, least_readings
from fourwalls.signals.governing import rules_of
from fourwalls.signals.lines import ten_lines
from fourwalls.signals.material import Material
from fourwalls.value import Costs, MeasuredLate, PathValue, assumed, costs, paths_told, portfolio_values
from fourwalls.whole import of_whole

Change = float | Mapping[str, float] | Sequence[str]

# What moves a replay itself (targets, service levels, what carrying stock costs, how often a partner kept its promise) needs a new run.
CHANGEABLE: tuple[str, ...] = (
    *(f"assumptions.{n}" for n in ("attainable_share", "discount_rate", "horizon_years", "ramp_weeks", "late_line_cost_share")),
    *(f"verdict.{n}" for n in Thresholds.__dataclass_fields__ if n != "kept_share"),
    *(f"paths.{p}.{n}" for p in ("operate", "orchestrate") for n in ("one_off_amount", "run_amount_per_year")),
    *(f"signals.{n}" for n in SignalThresholds.__dataclass_fields__),
)  # fmt: skip
"""What can be changed without looking at the records again, named as in portfolio.toml."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of a list of assets, or of the whole as if it were one.

    Attributes:
        parts, beside: Of the two flows, and beside them.
        entries: Contributions by span.
        priced: Whether their amounts are known.
    """

    parts: concluding.Parts
    beside: concluding.Beside
    entries: Entries
    priced: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything a diagnosis rests on once the records were read.

    Attributes:
        portfolio, text: portfolio.toml as it was, read and as it stood.
        each, whole: What is known asset by asset, and of all together.
        governance: What is settled with partners.
        material: What signals and tests need, asset by asset, the whole last.
        answers: What people said.
        late: What a late line was measured to cost, and its draws; None where the records do not tell.
        years: Length of the record.
        names: party_id → as people call it.
        parties, words: Of contributions, by number.
        advice: What plans and roles rest on.
        told: The diagnosis as it was.
    """

    portfolio: Portfolio
    text: str
    each: Side
    whole: Side
    governance: Governance
    material: tuple[Material, ...]
    answers: tuple[Answer, ...]
    late: MeasuredLate | None
    years: float
    names: Mapping[str, str]
    parties: tuple[str | None, ...]
    words: tuple[str, ...]
    advice: Known
    told: Diagnosis


def reconsidered(kept: Kept, changes: Mapping[str, Change], asset: str | None = None) -> Diagnosis:
    """The diagnosis under other assumptions and thresholds, the same as a new run with them in portfolio.toml.

    Args:
        kept: From `Study.kept`.
        changes: Name as in portfolio.toml → value, e.g. {"assumptions.discount_rate": 0.08}; `CHANGEABLE` names all.
        asset: Consider only this one anew, by its name; all others and the whole stay as they were, which is faster.

    Raises:
        PortfolioError: A name is not among them, a value cannot be, or there is no such asset.
    """
    portfolio = changed(kept.portfolio, kept.text, changes)
    if not changes:
        return kept.told
    cost = costs(portfolio, None, kept.late)
    named = {a.name: a for a in kept.told.assets}
    if asset is not None:
        if asset not in named:
            told = f"There is no asset '{asset}'.{did_you_mean(asset, named)}"
            raise PortfolioError(told, f"Choose from {listed(named)}.")
        found = _concluded(_only(kept.each, asset), kept, portfolio, cost).assets[0]
        known = replace(kept.advice, portfolio=portfolio)
        new = advised([found], kept.told.total, known, len(named) - 1)[0][0]
        return replace(kept.told, assets=tuple(new if a.name == asset else a for a in kept.told.assets))
    each = _concluded(kept.each, kept, portfolio, cost)
    whole = _concluded(kept.whole, kept, portfolio, cost, each.losses).assets[0]
    made = {a.name: a for a in each.assets}
    whole = replace(whole, paths=paths_told(portfolio_values(each.values, portfolio), portfolio.currency))
    whole = of_whole(whole, [made[n] for n in named], portfolio.thresholds)
    assets, total = advised([made[n] for n in named], whole, replace(kept.advice, portfolio=portfolio))
    return replace(kept.told, assets=assets, total=total, assumptions=assumed(portfolio, cost))


def cases_kept(kept: Kept) -> list[tuple[str, concluding.Case]]:
    """Name of each asset, and what its verdict rests on."""
    side, cost = kept.each, costs(kept.portfolio, None, kept.late)
    cases = concluding.cases_of(side.parts, side.beside, kept.portfolio, cost, kept.names, kept.years)
    return [(assembly.asset_name(case.key), case) for case in cases]


def swings_kept(kept: Kept, asset: str, changes: Mapping[str, Change]) -> tuple[Swing, ...] | Refusal:
    """What each assumption does to the choice for one asset, under other assumptions; or why none can be told.

    Args:
        kept: From `Study.kept`.
        asset: Its name.
        changes: As `reconsidered` takes them.

    Raises:
        PortfolioError: A name is not among those that can be changed, or a value cannot be.
    """
    portfolio = changed(kept.portfolio, kept.text, changes) if changes else kept.portfolio
    cost = costs(portfolio, None, kept.late)
    side = _repriced(_only(kept.each, asset), kept, cost)
    (case,) = concluding.cases_of(side.parts, side.beside, portfolio, cost, kept.names, kept.years)
    return swings_of(case, portfolio)


@dataclass(frozen=True, slots=True)
class _Anew:
    assets: list[AssetDiagnosis]
    losses: list[Loss]
    values: list[Mapping[VerdictName, PathValue]]


def _concluded(side: Side, kept: Kept, portfolio: Portfolio, cost: Costs, every: Sequence[Loss] | None = None) -> _Anew:
    """The diagnosis of each asset of a side, all their losses and values; signals of the whole stand on `every` loss of its assets."""
    side = _repriced(side, kept, cost)
    cases = concluding.cases_of(side.parts, side.beside, portfolio, cost, kept.names, kept.years)
    asked = _asked(cases, kept, portfolio, every)
    found = concluding.conclude(side.parts, cases, side.beside, asked, portfolio, kept.years)
    return _Anew(found, [x for case in cases for x in case.losses], concluding.values_told(cases, portfolio))


def _only(side: Side, name: str) -> Side:
    """What is known of one asset alone."""
    parts, booked = side.parts, side.entries
    at = [assembly.asset_name(key) for key in parts.axes.assets].index(name)
    one = slice(at, at + 1)
    mine = booked.asset == at
    rows = {f.name: getattr(booked, f.name)[mine] for f in fields(booked)}
    lists = {f.name: getattr(parts, f.name)[one] for f in fields(parts) if isinstance(getattr(parts, f.name), list)}
    axes = replace(parts.axes, keys=parts.axes.keys[one], assets=parts.axes.assets[one])
    panel = replace(parts.panel, counts={n: v[one] for n, v in parts.panel.counts.items()})
    totals = {n: v[one] for n, v in parts.totals.items()}
    beside = concluding.Beside(*(getattr(side.beside, f.name)[one] for f in fields(side.beside)))
    entries = replace(booked, **{**rows, "asset": np.zeros(int(mine.sum()), np.int64)})
    return Side(replace(parts, axes=axes, panel=panel, totals=totals, **lists), beside, entries, side.priced)


def changed(portfolio: Portfolio, text: str, changes: Mapping[str, Change]) -> Portfolio:
    """A portfolio with other settings, checked as if they stood in portfolio.toml.

    Args:
        portfolio: As it was read.
        text: What portfolio.toml says.
        changes: Name → value.

    Raises:
        PortfolioError: A name is not among those that can be changed so, or a value cannot be.
    """
    document = tomllib.loads(text)
    for name, value in changes.items():
        if name not in CHANGEABLE:
            told = f"'{name}' cannot be changed without a new run.{did_you_mean(name, CHANGEABLE)}"
            raise PortfolioError(told, f"Choose from {listed(CHANGEABLE, 40)}; or change portfolio.toml and diagnose.")
        *sections, key = name.split(".")
        table: dict[str, Any] = document
        for section in sections:
            table = table.setdefault(section, {})
        table[key] = value
    return portfolio_from(portfolio.folder, text, document)


def _repriced(side: Side, kept: Kept, cost: Costs) -> Side:
    """The same with what late and cancelled lines cost by other assumptions."""
    parts = side.parts
    draws, booked = parts.panel.draws, side.entries
    worth = concluding.service_worth(booked, parts.totals, draws, cost, priced=side.priced)
    late = concluding.service_worth(booked, parts.totals, draws, replace(cost, lost=0.0), priced=side.priced)
    losses = parts.service_losses
    if side.priced:
        losses = concluding.service_losses(booked, parts.axes.assets, kept.parties, kept.words, draws, cost)
    return replace(side, parts=replace(parts, service_worth=worth, service_losses=losses, late_worth=late))


def _asked(
    cases: list[concluding.Case], kept: Kept, portfolio: Portfolio, every: Sequence[Loss] | None
) -> list[concluding.Asked]:
    stakes = concluding.stakes_of(cases, portfolio.own_party_id)
    ready = readiness(kept.governance, stakes, portfolio.thresholds, kept.names)
    materials = {m.asset: m for m in kept.material}
    found = []
    for case in cases:
        rules, mine, known = None, ready.get(case.key), materials[case.key]
        if mine is not None:
            rules = rules_of(mine)
        material = replace(known, losses=tuple(case.losses if every is None else every), rules=rules)
        said = judged_answers(kept.answers, portfolio.signals, material.name if case.key else None)
        found.append(
            concluding.Asked(
                mine, ten_lines(material, portfolio, said), capabilities(material, portfolio), least_readings(material)
            )
        )
    return found
