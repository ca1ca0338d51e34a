"""Case work against a log whose hours are known: what was added is found, with its party, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.evidence import case_work
from fourwalls.evidence.ground import Finding, Ground
from fourwalls.figures import Estimate, Period, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import draw_clusters
from fourwalls.tables.schema import WORK_LOG
from fourwalls.worlds import make

from .grounds import ground_of

WEEKS, LINES, FIRST = 40, 30, 2870  # weeks; lines by place and week; number of the first week since 1970
CATEGORIES, CHANNELS, REGIONS = ("lamps", "rugs"), ("site", "bazaar"), ("coast", "hills")
CELLS = [(c, ch, r) for c in CATEGORIES for ch in CHANNELS for r in REGIONS]
WEEK = 7 * 86_400
WAGE = 20.0
KINDS = {"time": pa.timestamp("us"), "count": pa.float64(), "flag": pa.bool_()}
Rates = Mapping[tuple[str, str, str], float]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


def cases(rates: Rates, kind: str, party: str = "us", seed: int = 1, **more: Any) -> list[dict[str, Any]]:
    """One case of an hour on average for each drawn need of a place's lines."""
    rng = np.random.default_rng(seed)
    log = []
    for (category, channel, region), rate in rates.items():
        for week in range(WEEKS):
            for n in range(rng.poisson(rate * LINES)):
                at = datetime(1970, 1, 1) + timedelta(seconds=(FIRST + week) * WEEK + int(rng.integers(WEEK - 90_000)))  # noqa: DTZ001
                case = {
                    "case_id": f"{kind}{category}{channel}{region}{week}-{n}", "case_kind": kind, "category": category,
                    "channel_id": channel, "region": region, "actor_id": "ann", "party_id": "us", "effort_hours": rng.gamma(4, 0.125),
                }  # fmt: skip
                log.append({**case, "activity": "open", "at": at} | more)
                log.append(
                    {**case, "activity": "close", "at": at + timedelta(hours=5), "party_id": party, "closed": True}
                    | more
                )
    return log


def ground(engine: DuckDBEngine, log: list[dict[str, Any]], wage: float | None = WAGE, currency: str = "EUR") -> Ground:
    schema = pa.schema([(c.name, KINDS.get(c.kind, pa.string())) for c in WORK_LOG.columns])
    table = pa.Table.from_pylist([{n: e.get(n) for n in schema.names} for e in log], schema=schema)
    rows = [(*cell, FIRST + week) for cell in CELLS for week in range(WEEKS) for _ in range(LINES)]
    lines = pa.table(
        {
            "brand": pa.array(["b"] * len(rows)),
            **{
                n: pa.array([r[i] for r in rows])
                for i, n in enumerate(("category", "channel_id", "destination", "span"))
            },
            "shipped_units": pa.array([1.0] * len(rows)),
            "value_amount": pa.array([10.0] * len(rows)),
        }
    )
    assumptions = {} if wage is None else {"wage_amount_per_hour": wage}
    spans = np.arange(FIRST, FIRST + WEEKS)
    return Ground(
        engine, {"work_log": engine.load("work_log", table)}, engine.load("lines", lines),
        Portfolio(Path(), "Small", currency, "us", ("category", "destination"), assumptions=assumptions),
        {}, {"site": "us", "bazaar": "bazaar"}, tuple((c, r) for c in CATEGORIES for r in REGIONS), spans, WEEK,
        draw_clusters(WEEKS, 1), Period(date(2025, 1, 1), date(2025, 10, 8)),
    )  # fmt: skip


def rates(base: float = 0.02, **at: float) -> Rates:
    """The same rate of cases per line everywhere, but for channels named."""
    return {cell: at.get(cell[1], base) for cell in CELLS}


def reading(found: Finding, name: str, asset: tuple[str, ...] = ()) -> Any:
    return next(r for r in found.readings[asset] if r.name == name)


@pytest.mark.parametrize(
    ("kind", "stage"), [("status update", "status"), ("reconciliation", "feed"), ("sales report", "status")]
)
def test_hours_added_for_one_channel_are_found_with_its_party(engine: DuckDBEngine, kind: str, stage: str) -> None:
    found = case_work.find(ground(engine, cases(rates(bazaar=0.2), kind)))
    assert {(a.stage, a.wall, a.party_id, a.flow, a.unit) for a in found.losses} == {
        (stage, "between", "bazaar", "work", "hours")
    }
    assert len(found.losses) == 4
    for loss in found.losses:
        true = (0.2 - 0.02) * LINES * WEEKS * WAGE
        assert loss.amount == pytest.approx(true, rel=0.12)
        assert loss.quantity * WAGE == pytest.approx(loss.amount)
        low, high = np.quantile(loss.draws, [0.01, 0.99])
        assert low < loss.amount < high
        assert low < true < high


def test_a_category_that_is_alike_in_all_its_channels_is_named_and_not_claimed(engine: DuckDBEngine) -> None:
    all_rugs = {cell: 0.2 if cell[0] == "rugs" else 0.02 for cell in CELLS}
    found = case_work.find(ground(engine, cases(all_rugs, "status update")))
    assert not found.losses
    told = next(r for r in found.refusals if r.code == "alike_throughout")
    assert told.because.startswith("rugs takes 20 hours per 100 order lines in all its channels and regions")
    equal = case_work.find(ground(engine, cases(rates(), "status update")))
    assert not [r for r in equal.refusals if r.code == "alike_throughout"]


def test_a_category_that_only_one_place_works_at_is_named(engine: DuckDBEngine) -> None:
    some = {cell: 0.2 for cell in CELLS if cell[0] == "lamps" or cell[1:] == ("site", "coast")}
    lines = ground(engine, cases(some, "status update"))
    one = lines.lines.filter((lines.lines.category == "lamps") | (lines.lines.channel_id == "site"))  # type: ignore[union-attr]
    one = one.filter((one.category == "lamps") | (one.destination == "coast"))
    found = case_work.find(replace(lines, lines=one))
    told = [r.because for r in found.refusals if r.code == "nothing_to_compare"]
    assert told == ["nothing is comparable with what is done for rugs: only one channel or region of it does enough"]
    assert found.judged is not None
    assert {asset for asset, stages in found.judged.items() if "status" in stages} == {
        ("lamps", "coast"),
        ("lamps", "hills"),
    }


def test_where_nothing_can_be_compared_no_stage_of_that_work_is_judged(engine: DuckDBEngine) -> None:
    alone = {cell: 0.2 for cell in CELLS if cell[1:] == ("site", "coast")}
    given = ground(engine, cases(alone, "status update"))
    one = given.lines.filter((given.lines.channel_id == "site") & (given.lines.destination == "coast"))  # type: ignore[union-attr]
    found = case_work.find(replace(given, lines=one))
    assert "nothing_to_compare" in {r.code for r in found.refusals}
    # That there are no reports does not make up for status work held to nothing; there is no reconciling, and that is known.
    assert set((found.judged or {}).values()) == {frozenset({"feed"})}


def test_our_own_channel_is_inside_and_a_party_in_the_case_is_between(engine: DuckDBEngine) -> None:
    inside = case_work.find(ground(engine, cases(rates(site=0.2), "status update")))
    assert {(a.wall, a.party_id) for a in inside.losses} == {("inside", "us")}
    carrier = case_work.find(ground(engine, cases(rates(site=0.2), "status update", party="swift")))
    assert {(a.wall, a.party_id) for a in carrier.losses} == {("between", "swift")}


def test_nobody_named_is_unknown(engine: DuckDBEngine) -> None:
    nameless = ground(engine, cases(rates(site=0.2), "status update", party_id=None))
    found = case_work.find(replace(nameless, channel_party={}))
    assert {(a.wall, a.party_id) for a in found.losses} == {("unknown", None)}


def test_equal_places_and_exceptions_owe_nothing(engine: DuckDBEngine) -> None:
    alarms = sum(
        bool(case_work.find(ground(engine, cases(rates(0.1), "status update", seed=s))).losses) for s in range(12)
    )
    assert alarms <= 3  # two categories at 5 % each: 1.2 of 12 expected; more than 3 has a chance of 3 %
    exceptions = case_work.find(ground(engine, cases(rates(bazaar=0.3), "exception: late parcel")))
    assert not exceptions.losses
    assert exceptions.refusals[0].code == "no_status_work"
    assert isinstance(reading(exceptions, "exception_closure_hours").figure, Estimate)


def test_work_that_names_only_its_channel_is_dealt_out_by_lines(engine: DuckDBEngine) -> None:
    whole = case_work.find(ground(engine, cases(rates(bazaar=0.2), "status update")))
    vague = cases(rates(bazaar=0.2), "status update", category=None, region=None)
    found = case_work.find(ground(engine, vague))
    assert sum(a.amount for a in found.losses) == pytest.approx(sum(a.amount for a in whole.losses), rel=0.1)
    assert len({round(a.amount, 6) for a in found.losses}) == 1


def test_what_names_no_place_is_read_not_booked(engine: DuckDBEngine) -> None:
    nowhere = cases(rates(bazaar=0.2), "weekly report", category=None, region=None, channel_id=None)
    found = case_work.find(ground(engine, nowhere))
    assert not found.losses
    assert any("name no place" in note for note in found.notes)
    assert isinstance(reading(found, "time_to_report_hours").figure, Estimate)
    assert reading(found, "time_to_report_hours", ("lamps", "coast")).figure.code == "too_few_cases"


def test_readings_count_what_is_there_and_parts_add_up(engine: DuckDBEngine) -> None:
    log = cases(rates(0.1), "exception", party="swift") + cases(rates(0.1), "status update", seed=2)
    given = ground(engine, log)
    found = case_work.find(given)
    n = len(log) // 2
    hours = sum(e["effort_hours"] for e in log)
    status = sum(e["effort_hours"] for e in log if e["case_kind"] == "status update")
    lines = len(CELLS) * WEEKS * LINES
    expected = {
        "case_hours_per_100_lines": 100 * hours / lines, "hours_per_case": hours / n, "touches_per_case": 2.0,
        "status_share_of_hours": status / hours, "handoffs_parties_per_case": sum(e["case_kind"] == "exception" for e in log) / 2 / n,
        "reopened_share": 0.0, "closed_share": 1.0, "exception_closure_hours": 5.0, "exception_closure_hours_p90": 5.0,
    }  # fmt: skip
    for name, value in expected.items():
        shown = reading(found, name)
        assert shown.figure.value == pytest.approx(value), name
        assert shown.figure.low <= value <= shown.figure.high
    assert (
        sum(reading(found, "touches_per_case", asset).n for asset in given.assets)
        == n
        == reading(found, "touches_per_case").n
    )


def test_without_effort_hours_are_refused_and_counts_are_told(engine: DuckDBEngine) -> None:
    found = case_work.find(ground(engine, cases(rates(bazaar=0.2), "status update", effort_hours=None)))
    assert not found.losses
    assert [r.code for r in found.refusals] == ["no_effort"]
    assert reading(found, "hours_per_case").figure.code == "no_effort"
    assert reading(found, "waiting_share").figure.code == "no_effort"
    assert reading(found, "touches_per_case").figure.value == 2.0


def test_a_wage_that_nobody_set(engine: DuckDBEngine) -> None:
    log = cases(rates(bazaar=0.2), "status update")
    euros = case_work.find(ground(engine, log, wage=None))
    assert any("32 EUR" in note for note in euros.notes)
    set_to = case_work.find(ground(engine, log, wage=32.0))
    assert [a.amount for a in euros.losses] == pytest.approx([a.amount for a in set_to.losses])
    yen = case_work.find(ground(engine, log, wage=None, currency="JPY"))
    assert (yen.losses, yen.refusals[0].code) == ((), "no_wage")


def test_our_own_words_for_status_work(engine: DuckDBEngine) -> None:
    odd = ground(engine, cases(rates(bazaar=0.2), "Rundruf"))
    assert case_work.find(odd).refusals[0].code == "no_status_work"
    assert any("[work]" in note for note in case_work.find(odd).notes)
    told = replace(odd, portfolio=replace(odd.portfolio, work={"status": ("rundruf",)}))
    assert len(case_work.find(told).losses) == 4


# Kinds, and activities that open and close, as other companies may call them.
FOREIGN = [
    ("T-417", "A1", "Z9"),  # codes
    ("Kõne klient", "avatud", "suletud"),  # a language we have no words for
    ("ticket", "paso 1", "paso 2"),
]


@pytest.mark.parametrize(("kind", "opens", "closes"), FOREIGN)
def test_work_under_words_unknown_to_us_is_refused_and_never_none(
    engine: DuckDBEngine, kind: str, opens: str, closes: str
) -> None:
    log = [
        {**e, "activity": opens if e["activity"] == "open" else closes, "closed": None}
        for e in cases(rates(bazaar=0.2), kind)
    ]
    # Beside it, some work that is called by a word we know.
    log += cases(rates(0.01), "reconciliation", seed=2)
    odd = ground(engine, log)
    found = case_work.find(odd)
    assert "status" not in {s for stages in (found.judged or {}).values() for s in stages}
    assert all("feed" in stages for stages in (found.judged or {}).values())
    told = next(r for r in found.refusals if r.code == "no_words")
    assert "[work]" in told.next_step
    assert reading(found, "status_share_of_hours").figure.code == "no_words"
    assert any(kind in note for note in found.notes)
    # Once the company says what it is, it is found.
    said = replace(odd, portfolio=replace(odd.portfolio, work={"status": (kind.lower(),)}))
    assert len(case_work.find(said).losses) == 4


@pytest.mark.parametrize(
    "kind", ["Statusmeldung Kunde", "Copia de estado", "Mise à jour du statut", "Nachfassen Lieferant"]
)
def test_status_work_in_other_languages_is_found(engine: DuckDBEngine, kind: str) -> None:
    found = case_work.find(ground(engine, cases(rates(bazaar=0.2), kind)))
    assert {x.stage for x in found.losses} == {"status"}


def test_cases_that_nothing_is_known_to_close_are_not_all_open(engine: DuckDBEngine) -> None:
    log = [{**e, "activity": "Z9", "closed": None} for e in cases(rates(), "status update")]
    found = case_work.find(ground(engine, log))
    assert reading(found, "closed_share").figure.code == "no_closed"
    assert reading(found, "reopened_share").figure.code == "no_closed"


def test_none_of_a_kind_is_measured_only_where_the_log_holds_such_work(engine: DuckDBEngine) -> None:
    only = case_work.find(ground(engine, cases(rates(), "exception: late parcel")))
    for name in ("status_share_of_hours", "status_hours_per_100_lines", "reconciliation_hours_per_100_lines"):
        assert reading(only, name).figure.code == "no_words"
    assert not set().union(*(only.judged or {}).values())
    log = cases(rates(), "exception: late parcel") + cases(rates(), "reconciliation", seed=2)
    both = case_work.find(ground(engine, log))
    assert reading(both, "status_share_of_hours").figure.value == 0.0
    assert all({"status", "feed"} <= stages for stages in (both.judged or {}).values())


def test_no_log_no_cases_no_lines(engine: DuckDBEngine) -> None:
    given = ground(engine, cases(rates(bazaar=0.2), "status update"))
    assert case_work.find(replace(given, rows={})).refusals[0].code == "no_work_log"
    assert case_work.find(replace(given, spans=given.spans + 1000)).refusals[0].code == "no_cases"
    found = case_work.find(replace(given, lines=None))
    assert [r.code for r in found.refusals] == ["no_order_lines"]
    assert isinstance(reading(found, "case_hours_per_100_lines").figure, Refusal)
    assert reading(found, "touches_per_case", ("rugs", "hills")).figure.value == 2.0
    short = case_work.find(replace(given, draws=None))
    assert short.refusals[0].code == "too_few_spans"


def test_one_place_alone_is_compared_with_nothing(engine: DuckDBEngine) -> None:
    given = ground(engine, cases(rates(bazaar=0.2), "status update"))
    lines = given.lines.filter((given.lines.channel_id == "bazaar") & (given.lines.destination == "coast"))
    found = case_work.find(replace(given, lines=lines, assets=(("lamps", "coast"), ("rugs", "coast"))))
    assert [r.code for r in found.refusals] == ["nothing_to_compare"]


def test_a_channel_that_never_had_such_a_case_shows_nothing_of_those_that_have(engine: DuckDBEngine) -> None:
    log = cases({cell: 0.02 for cell in CELLS if cell[1] == "bazaar"}, "reconciliation")
    on = ground(engine, log)
    found = case_work.find(on)
    assert found.losses == ()
    assert not found.refusals
    assert set(found.judged.values()) == {frozenset({"feed", "status"})}  # the bazaar's regions were compared
    coast = on.lines.filter(on.lines.destination == "coast")
    refused = case_work.find(replace(on, lines=coast, assets=(("lamps", "coast"), ("rugs", "coast")))).refusals
    assert any("site never had such a case" in r.because for r in refused)


def test_work_that_nobody_says_which_channel_it_is_for_leaves_the_rest_judged(engine: DuckDBEngine) -> None:
    nowhere = {"channel_id": None, "category": None, "region": None}
    log = cases(rates(bazaar=0.02), "status update") + cases(rates(bazaar=0.02), "report", **nowhere)
    found = case_work.find(ground(engine, log))
    assert all("status" in stages for stages in found.judged.values())


def test_a_feed_that_never_needs_a_hand_shows_how_little_would_do(engine: DuckDBEngine) -> None:
    log = cases({cell: 0.02 for cell in CELLS if cell[1] == "bazaar"}, "reconciliation")
    on = ground(engine, log)
    feeds = engine.load("feeds", pa.table({"feed_id": ["a"], "party_id": ["us"]}))
    found = case_work.find(replace(on, rows=dict(on.rows) | {"feeds": feeds}))
    true = 0.02 * LINES * WEEKS * WAGE
    assert sum(x.amount for x in found.losses) == pytest.approx(4 * true, rel=0.2)
    assert {(x.stage, x.party_id) for x in found.losses} == {("feed", "bazaar")}


def test_a_log_alone_is_read(engine: DuckDBEngine) -> None:
    given = ground(engine, cases(rates(0.1), "exception"))
    alone = case_work.log_ground(engine, given.rows, given.portfolio)
    assert alone.lines is None
    assert alone.assets == given.assets
    assert set(given.spans.tolist()) >= set(alone.spans.tolist())
    found = case_work.find(alone)
    assert reading(found, "exception_closure_hours", ("rugs", "hills")).figure.value == pytest.approx(5.0)
    assert [r.code for r in found.refusals] == ["no_status_work"]


@pytest.mark.parametrize(
    ("recipe", "stage"), [("manual_status_work", "status"), ("late_feeds", "feed"), ("healthy", None)]
)
def test_known_worlds(tmp_path: Path, recipe: str, stage: str | None) -> None:
    truth = make(recipe, tmp_path / "world", seed=1, lines=20_000)
    with ground_of(tmp_path / "world") as world:
        found = case_work.find(world)
    told = {(a.stage, a.wall, a.party_id) for a in found.losses}
    if stage is None:
        assert not told
        return
    assert told == {(stage, "between", "bazaar")}
    true = sum(asset.margin_change(stage) for asset in truth.assets)
    assert sum(a.amount for a in found.losses) == pytest.approx(true, rel=0.15)
