from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwalls.figures import Estimate, Figure, Period, Refusal
from fourwalls.surfaces import wording

from . import sample


@pytest.mark.parametrize(
    ("figure", "reads"),
    [
        (Estimate(0.079, 0.068, 0.091, "share"), "7.9 % (6.8–9.1)"),
        (Estimate(0.62, 0.51, 0.72, "share"), "62 % (51–72)"),
        (Estimate(0.984, 0.981, 0.987, "share"), "98.4 % (98.1–98.7)"),
        (Estimate(0.9997, 0.9995, 0.9999, "share"), "99.97 % (99.95–99.99)"),
        (Estimate(0.0002, 0.00018, 0.00023, "share"), "0.020 % (0.018–0.023)"),
        (Estimate(-0.012, -0.03, 0.008, "share"), "−1.2 % (−3.0 to 0.8)"),
        (Estimate(0.5, 0.5, 0.5, "share"), "50 %"),
        (Estimate(0.0, 0.0, 0.0, "share"), "0 %"),
        (Estimate(0.4, 0.3, 0.5, "hours"), "24 min (18–30)"),
        (Estimate(3.2, 2.9, 3.6, "hours"), "3.2 h (2.9–3.6)"),
        (Estimate(77.0, 70.0, 85.0, "hours"), "3.2 days (2.9–3.5)"),
        (Estimate(12_345.0, 9_800.0, 15_100.0, "lines"), "12,000 lines (10,000–15,000)"),
        (Estimate(12_345.0, 12_290.0, 12_410.0, "lines"), "12,300 lines (12,300–12,400)"),
        (Estimate(1.0, 1.0, 1.0, "lines"), "1 line"),
        (Estimate(1_639.6, 1_639.6, 1_639.6, "units"), "1,640 units"),
        (Estimate(1.0, 1.0, 1.0, "units"), "1 unit"),
        (Estimate(2.021, 2.021, 2.021, "weeks"), "2.0 weeks"),
        (Estimate(14.13, 14.13, 14.13, "ratio"), "14.1"),
        (Estimate(3e-9, -1e-9, 2e-8, "share"), "0 %"),
        (Estimate(1e-4, 0.0, 2e-4, "EUR"), "EUR 0"),
        (Estimate(12_345.0, 11_200.0, 13_400.0, "EUR"), "EUR 12,300 (11,200–13,400)"),
        (Estimate(2.34e6, 1.9e6, 2.8e6, "EUR"), "EUR 2.3 million (1.9–2.8)"),
        (Estimate(1.2e9, 1.0e9, 1.5e9, "EUR/week"), "EUR 1.2 billion/week (1.0–1.5)"),
        (Estimate(12.4, 9.1, 15.2, "EUR per late line"), "EUR 12 per late line (9–15)"),
        (Estimate(-0.44, -0.48, -0.4, "rating share"), "−0.44 points of rating, 0 to 1 (−0.48 to −0.40)"),
        (Estimate(8.7, 8.6, 8.8, "touches per case"), "8.70 touches per case (8.60–8.80)"),
    ],
)
def test_figures_read(figure: Estimate, reads: str) -> None:
    assert str(wording.said(figure)) == reads


def test_a_range_of_another_coverage_says_so() -> None:
    figure = Estimate(0.079, 0.068, 0.091, "share", level=0.8)
    assert str(wording.said(figure, 0.9)) == "7.9 % (6.8–9.1, 80 % interval)"
    assert str(wording.said(figure, 0.8)) == "7.9 % (6.8–9.1)"


@given(
    st.tuples(*[st.floats(-1e12, 1e12)] * 3).map(sorted),
    st.sampled_from(["share", "hours", "lines", "EUR", "", "touches per case"]),
)
def test_what_is_read_lies_in_its_range_and_differs_only_by_rounding(numbers: list[float], unit: str) -> None:
    low, value, high = numbers
    said = wording.said(Estimate(value, low, high, unit))
    assert not re.search(r"nan|inf|e[+-]?\d", str(said))
    if said.interval:
        bounds = re.split("–| to ", said.interval)
        read = [float(x.replace(",", "").replace(wording.MINUS, "-")) for x in bounds]
        assert read[0] <= read[1]
        assert read[0] < read[1] or high - low < 1e-3 * max(abs(low), abs(high), 1)


@given(st.text())
def test_plain_text_is_one_line_that_steers_nothing(text: str) -> None:
    kept = wording.plain(text)
    assert not set(kept) & set("\n\r\t\x00\x1b\x7f\x85\u2028\u202e\u2066\u200f")
    assert wording.plain(kept) == kept
    kept.encode()


def test_a_chance_from_finite_draws_is_never_certain() -> None:
    assert [wording.chance(p) for p in (0.0, 0.004, 0.5, 0.973, 1.0)] == [
        "less than 1 %",
        "less than 1 %",
        "50 %",
        "97 %",
        "more than 99 %",
    ]


def test_only_the_whole_is_100_percent() -> None:
    assert wording.percent(1.0) == "100 %"
    assert wording.percent(0.99999) == "over 99.9 %"


def test_a_period_ends_on_its_last_day() -> None:
    assert wording.period(Period(date(2024, 7, 1), date(2025, 7, 1))) == "1 Jul 2024 to 30 Jun 2025"


def test_parties_are_ranked_by_what_they_took_over_all_outcomes() -> None:
    late = sample.loss(sample.CARRIER, 60.0)
    cancelled = sample.loss(sample.CARRIER, 50.0, outcome="cancelled")
    other = sample.loss(sample.CARRIER, 100.0, party="Slow Freight")
    asset = sample.asset({}, [late, cancelled, other], 1_000, "orchestrate", "")
    (part,) = wording.stage_parts(asset, "between", 1)
    assert part.of.lines == 210
    assert [(c.party_name, c.outcome) for c in part.biggest] == [
        ("Rapid Parcel", "late"),
        ("Rapid Parcel", "cancelled"),
    ]
    assert wording.further(part.biggest, part.others) == "and 1 further party: 100 lines"
    assert wording.further(part.biggest[:1], part.biggest[1:]) == "and the rest: 50 lines"
    assert wording.further(part.biggest, ()) == ""
    assert wording.whose((*part.biggest, *part.others)) == "2 parties, first Rapid Parcel"
    assert wording.largest_part(asset) == "Carriage, between: 100\u00a0% of it · 2 parties, first Rapid Parcel"
    assert wording.stage_parts(asset, "inside", 1) == ()


def test_each_unknown_is_told_once() -> None:
    asset = sample.usual().total
    told = wording.unknowns(asset)
    assert [(r.code, r.about) for r in told] == [
        ("no_cost", "cost of lateness"),
        ("no_stock", "Availability"),
        ("no_price", "order value"),
    ]


def test_the_other_side_mirrors_its_range() -> None:
    mirrored = wording.other_side(Estimate(0.3, 0.2, 0.45, "share"))
    assert str(wording.said(mirrored)) == "70 % (55–80)"


def test_where_most_lies_in_a_few_words() -> None:
    usual = sample.usual()
    assert wording.where(usual.assets[0]) == "Carriage · Rapid Parcel"
    assert wording.where(usual.assets[1]) == "Fulfilment · Kestrel & Finch, then Carriage · Rapid Parcel"
    assert wording.where(usual.assets[-1]) == ""


@pytest.mark.parametrize(
    ("stages", "reads"),
    [
        ((), ""),
        (("release",), "release not judged"),
        (("release", "promise"), "release and promise not judged"),
        (("release", "carriage", "promise"), "release, carriage and promise not judged"),
    ],
)
def test_stages_not_judged_read(stages: tuple[str, ...], reads: str) -> None:
    gap = sample.gap([], 100, 1.0, 1.0, stages)
    assert wording.not_judged(gap) == reads
    assert wording.nothing_found(gap) == (f"nothing found; {reads}" if reads else "nothing found on this side")


@pytest.mark.parametrize(
    ("figure", "reads"),
    [
        (sample.exactly(0.085, "share"), "+8.5\u00a0%"),
        (sample.exactly(-0.356, "share"), "−35.6\u00a0%"),
        (sample.exactly(0.0001, "share"), "none"),
        (sample.NO_EXCESS, "not known"),
    ],
)
def test_changes_carry_their_sign(figure: Figure, reads: str) -> None:
    assert wording.change(figure) == reads


def test_the_flow_a_verdict_rests_on_leads() -> None:
    assets = {a.name: a for a in sample.stocked().assets}
    assert wording.known_flows(assets["Harrier · web"]) == ("stock", "service")
    assert wording.known_flows(assets["Plover · web"]) == ("service", "stock")
    assert wording.known_flows(assets["Osprey · web"]) == ("service",)
    assert wording.known_flows(assets["Teal · web"]) == ("stock",)
    assert wording.flows(sample.usual()) == ("service",)
    assert wording.flows(sample.stocked()) == ("service", "stock")
    assert wording.flows(sample.shelves_only()) == ("stock",)


def test_both_sides_are_claimed_of_the_flow_that_decided_alone() -> None:
    both = next(a for a in sample.stocked().assets if a.verdict == "operate then orchestrate")
    of = {flow: wording.split(both, flow) for flow in wording.FLOWS}
    told = {flow: wording.certainty(both, s) for flow, s in of.items() if not isinstance(s, Refusal)}
    assert told["stock"] is not None
    assert told["stock"][0] == "Both sides"
    assert told["service"] is not None
    assert told["service"][1] == "chance that the larger part is inside"


def test_stages_are_ranked_by_margin_where_it_is_known_and_by_units_where_not() -> None:
    cheap = replace(sample.SUPPLIER, units=100.0, margin=1.0)
    dear = replace(sample.SUPPLIER, stage="listing", units=40.0, margin=20.0)
    for parts, first in (([cheap, dear], "listing"), ([cheap, replace(dear, margin=None)], "supply")):
        asset = replace(sample.stocked().total, availability=sample.shelves(parts, 1_000.0, 10.0))
        assert wording.stage_parts(asset, "between", 1, "stock")[0].of.stage == first


def test_what_rounds_to_no_unit_is_no_part() -> None:
    too_high = sample.too_high().total
    assert [s.stage for s in wording.stages(too_high, "stock")] == ["forecast", "allocation"]
    assert wording.stage_parts(too_high, "between", 1, "stock")[0].of.stage == "forecast"
    assert wording.where(too_high) == "Carriage · Rapid Parcel"


def test_of_shelves_a_stage_can_be_judged_in_part() -> None:
    known = sample.shelves([sample.OWN_ALLOCATION], 1_000.0, 10.0, ("allocation", "listing"))
    assert wording.not_judged(known) == "listing not judged; allocation not judged on most shelves"


def test_other_small_words() -> None:
    assert str(wording.lines_of(sample.share(0.0123), 10_000)) == "123 lines (108–138)"
    assert wording.lines_of(sample.NO_PROMISE, 10) == wording.Said(wording.NOT_KNOWN, "")
    refused = sample.NO_PROMISE
    assert wording.as_lines(refused, 10) is refused
    assert wording.other_side(refused) is refused
    assert wording.month("2025-03-01") == "Mar 2025"
    assert wording.month("Q1 2025") == "Q1 2025"
    assert wording.lines(-0.4) == ">−1"
    assert [wording.counted(n, "service") for n in (0.3, 1.0, 2.0)] == ["<1 line", "1 line", "2 lines"]
    assert wording.standard("no standard") == ""
    assert wording.name(" \n") == "(no name)"
    assert wording.sentence("91 % of lines are late") == "91\u00a0% of lines are late."
