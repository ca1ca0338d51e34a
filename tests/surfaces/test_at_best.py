"""Each asset at its best, the verdict beside the money, rules without a contract, and sums that are seen to add up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from tests.surfaces import sample
from tests.test_numbers import worth

from fourwalls import worlds
from fourwalls.allocation import Allocation
from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, SignalReading
from fourwalls.figures import Estimate, Reading
from fourwalls.numbers import numbers, sum_at_best
from fourwalls.sensitivity import Assumption, tornado
from fourwalls.study import Study
from fourwalls.study import open as open_study
from fourwalls.surfaces import at_best, evidence_words, turning, value_cli, wording
from fourwalls.surfaces.page import html, sheets
from fourwalls.surfaces.page import json as page_json
from fourwalls.surfaces.page.tiles import tiles
from fourwalls.surfaces.spreadsheet import sheets_of
from fourwalls.value import PATHS


def portfolio(total: AssetDiagnosis, *assets: AssetDiagnosis) -> Diagnosis:
    return replace(sample.priced(is_default=False), assets=assets, total=total)


WHOLE = portfolio(
    replace(worth("whole", {"operate": 90.0}), verdict="operate then orchestrate"),
    worth("a", {"operate": 100.0}),
    worth("b", {"orchestrate": 60.0, "operate": 20.0}),
    worth("c", {}),
)


def test_the_portfolio_is_worth_what_each_asset_brings_by_its_best_path() -> None:
    told = {t.question: t for t in tiles(WHOLE.total, 0.9, WHOLE)}
    assert told["Worth"].answer == "EUR 160"
    assert "2 of 3 assets by its own verdict; one path for all: EUR 90, to operate" in told["Worth"].note
    assert told["Worth"].id == "portfolio.best"
    assert told["How sure"].answer.replace("\u00a0", " ") == "50 %"
    alone = {t.question: t for t in tiles(replace(WHOLE.assets[0], verdict="operate"), 0.9, WHOLE)}
    assert alone["Worth"].answer == "EUR 100", "an asset has its own"


def test_verdict_and_money_are_told_together_where_they_differ() -> None:
    told = at_best.beside(WHOLE.total, WHOLE)
    assert (
        told
        == "Together they bring EUR 160 over 3 years; the same path for all would bring EUR 90, to operate, at most."
    )
    agreed = WHOLE.assets[0]
    assert at_best.beside(agreed, WHOLE) == ""
    other = at_best.beside(replace(agreed, verdict="orchestrate"), WHOLE)
    assert other.startswith("To operate would bring EUR 100 on average: too close to tell apart")
    costs = tuple(replace(p, is_default=True) for p in agreed.paths)
    other = at_best.beside(replace(agreed, verdict="orchestrate", paths=costs), WHOLE)
    assert other.startswith("The verdict says where the losses lie; in money to operate brings most: EUR 100")
    nothing = at_best.beside(replace(WHOLE.assets[2], verdict="orchestrate"), WHOLE)
    assert "in money no path brings more than it costs" in nothing
    left = at_best.beside(replace(WHOLE.assets[0], verdict="leave it"), WHOLE)
    assert "To operate is expected to bring EUR 100" in left
    assert "chance that it is best is 50" in left
    because = "But over the horizon no path is likely to bring more than it costs; the best, to operate, pays with a chance of 60 % only."
    assert at_best.beside(replace(WHOLE.assets[0], verdict="leave it", because=because), WHOLE) == "", "said once"


def test_rules_say_what_is_settled_what_is_not_and_what_nobody_knows() -> None:
    asset = sample.priced().assets[0]
    assert asset.governance is not None
    told = evidence_words.readiness(asset).replace("\u00a0", " ")
    assert told.startswith(
        "73 % of what is at stake with partners is under settled rules, 17 % is not, and 10 % is unknown;"
    )
    assert told.endswith("No contract says anything of Nordkai Goods.")
    known = replace(
        asset, governance=replace(asset.governance, settled=1.0, unsettled=0.0, unknown=0.0, unknown_with=(), holes=())
    )
    told = evidence_words.readiness(known).replace("\u00a0", " ")
    assert told == "100 % of what is at stake with partners is under settled rules."


def test_nothing_seen_is_told_with_the_least_that_would_have_been_seen() -> None:
    signal = sample.priced().assets[0].signals[0]
    nought = Reading("waste_share", "Waste", Estimate(0.0, 0.0, 0.0, "share"), 0, "…")
    least = Reading("waste_least_seen", "Least", Estimate(0.004, 0.004, 0.004, "share"), 0, "…")
    some = Reading("waste_share", "Waste", Estimate(0.01, 0.005, 0.02, "share"), 3, "…")

    def told(*readings: Reading) -> str:
        made: SignalReading = replace(signal, readings=readings)
        return str(evidence_words.reading_told(made)).replace("\u00a0", " ")

    assert told(nought, least) == "less than 0.4 %"
    assert told(nought) == "less than can be told"
    assert told(some, least) == "1.0 % (0.5–2.0)"
    refused = replace(some, figure=sample.NO_PROMISE)
    assert told(refused, some) == "1.0 % (0.5–2.0)", "the first that is known decides"
    assert told(refused) == wording.NOT_KNOWN


def test_what_turns_the_answer_is_told_and_drawn() -> None:
    swings = tornado(
        lambda a: {"operate": 100 * a["attainable_share"] - 60, "leave it": 0 * a["attainable_share"]},
        [Assumption("attainable_share", 0.5, 0.8, 1.0, "share")],
    )
    lead, line = turning.sentences(swings, "EUR")
    assert lead == "What is worth most by value (operate) would change:"
    assert line.startswith("to leave it, with part of a gap that a path closes below 60")
    assert "turns at 60" in turning.picture(swings, "EUR")
    holds = tornado(lambda a: {"operate": 1 + a["x"], "leave it": 0 * a["x"]}, [Assumption("x", 0.0, 1.0, 2.0)])
    assert turning.sentences(holds, "EUR") == (turning.NOTHING,)
    asset = sample.priced(is_default=False).assets[0]
    page = html.render(sample.priced(is_default=False), {asset.name: swings})
    assert "What would change the answer: 1 switch" in page
    assert "fw-tornado" in page.partition("</style>")[2]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("at_best") / "retailer"
    worlds.make("late_carrier", folder, lines=3_000)
    with open_study(folder) as opened:
        yield opened


def test_the_row_names_what_the_verdict_names(study: Study) -> None:
    found = study.diagnose()
    for asset in (found.total, *found.assets):
        for stage in re.findall(r"(?:^|then )(\w+)", wording.where(asset)):
            assert stage.lower() in asset.bottleneck.lower(), asset.name


def amounts(cells: list[str]) -> list[float]:
    return [
        float(c.replace("EUR", "").replace(" ", "").replace(",", "").replace(wording.MINUS, "-"))
        for c in cells
        if "EUR" in c
    ]


def test_steps_printed_on_the_page_add_up_within_a_thousandth(study: Study) -> None:
    page = html.render(study.diagnose()).replace("\u00a0", " ")
    tables = [t for t in page.split("<table") if "Over the horizon" in t]
    assert tables
    for table in tables:
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table.split("<tr")[2:]]
        plain = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows if row]
        for column in zip(*plain, strict=True):
            *steps, value = amounts([c if "EUR" in c else "EUR 0" for c in column])
            # Each step is told to the whole unit of money.
            assert sum(steps) == pytest.approx(value, rel=1e-3, abs=len(steps))


def test_what_all_bring_is_the_sum_of_the_rows(study: Study) -> None:
    found = study.diagnose()
    best, known = sum_at_best(found), numbers(found)
    assert best is not None
    values = [
        p.value.value
        for a in found.assets
        for p in a.paths
        if p.path == a.verdict and isinstance(p.value, Estimate) and p.value.value > 0
    ]
    assert best.value == pytest.approx(sum(values), rel=1e-3)
    assert known["portfolio.best"].value == best


def test_every_surface_and_the_allocation_tell_the_same(study: Study) -> None:
    found = study.diagnose()
    best = sum_at_best(found)
    assert best is not None
    assert best.value > 0
    assert page_json.to_dict(found)["at_best"]["value"]["value"] == best.value
    portfolio_sheet = sheets_of(found, {})[0]
    column = [title for title, _ in portfolio_sheet.columns].index(f"by its verdict, {found.currency}")
    *each, together = (row[column] for row in portfolio_sheet.rows)
    assert together == best.value == pytest.approx(sum(x for x in each if isinstance(x, float)))
    assert value_cli.as_json([], found.currency, found)["portfolio"]["value"]["value"] == best.value
    chosen = study.allocate(budget=1e9)
    assert isinstance(chosen, Allocation)
    assert chosen.value == pytest.approx(best.value, rel=1e-9)
    assert {(c.asset, c.path) for c in chosen.chosen} == {
        (a.name, a.verdict) for a in found.assets if a.verdict in PATHS
    }
    told = str(wording.said(best).value)
    page = html.render(found)
    assert page.count(f'data-id="portfolio.best">{told}') >= 1
    assert f"each by its verdict: {wording.said(best)}" in page
    assert told in {t.question: t.answer for t in tiles(found.total, 0.9, found)}["Worth"]


@pytest.mark.parametrize("make", [sample.priced, sample.shelves_only, sample.usual])
def test_each_asset_has_one_printed_page(make: Callable[[], Diagnosis]) -> None:
    assert len(sheets.sheets(make())) == 1 + len(make().assets)
