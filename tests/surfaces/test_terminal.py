from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from fourwalls.diagnosis import Diagnosis
from fourwalls.surfaces import terminal, wording

from . import sample
from .golden import assert_golden


def shown(diagnosis: Diagnosis, width: int = 110, colour: bool = False) -> str:
    console = Console(width=width, force_terminal=colour, color_system="truecolor" if colour else None, record=True)
    with console.capture() as capture:
        terminal.show(diagnosis, console)
    return capture.get()


def shown_health(diagnosis: Diagnosis, width: int = 110) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        terminal.show_health(diagnosis.health, console)
    return capture.get()


def test_golden() -> None:
    usual = sample.usual()
    lines = (
        shown(usual) + "\n" + shown_health(usual) + "\n" + shown(sample.stocked()) + "\n" + shown(sample.priced())
    ).splitlines()
    assert_golden("terminal.txt", "\n".join(line.rstrip() for line in lines) + "\n")


def test_both_flows_are_told_with_their_own_units_and_amounts() -> None:
    rows = [" ".join(line.split()) for line in shown(sample.stocked(), width=140).splitlines()]
    text = "\n".join(rows)
    assert "Empty shelves: Could be sold: 3.7\u00a0% (2.9–4.4) of units wanted" in text.replace("3.7 %", "3.7\u00a0%")
    assert "Late lines: Could be recovered: " in text
    assert text.index("Outside dependencies: empty shelves") < text.index("Outside dependencies: late lines")
    assert "Stage, and whose Units Their gross margin" in rows
    assert "Stage, and whose Lines Their order value" in rows
    assert any(r.startswith("Forecast −320") and r.endswith("repair costs sales") for r in rows)
    assert any(r.startswith("Harrier · web") and r.endswith("130 1.7 % 1,146 2.7 %") for r in rows)
    assert any(r.startswith("Osprey · web") and r.endswith("300 5.0 % – not known") for r in rows)
    assert any(r.startswith("Stock at cost EUR 33,800") for r in rows)


def test_without_order_lines_units_take_the_place_of_lines() -> None:
    rows = [" ".join(line.split()) for line in shown(sample.shelves_only()).splitlines()]
    assert "Assets, most units to recover first" in rows
    assert any(r.startswith("Harrier · web ● Orchestrate") and "1,083 2.6 % (2.1–3.1)" in r for r in rows)
    assert not any("Lines" in r for r in rows)


def test_what_to_do_first_and_how_sure_follow_the_bottleneck() -> None:
    usual = shown(sample.usual(), width=140)
    assert f"→ {sample.usual().total.next_step}" in usual
    assert "Both sides: inside 40\u00a0% (31–48), the rest between." in usual
    partly = shown(sample.partly_judged(), width=140)
    assert "Chance that the larger part of what was judged is between: more than 99 %." in partly
    assert "Release and promise not judged: nothing to compare with." in partly


def test_assets_tell_their_lines_and_readings_their_whole_names_on_any_width() -> None:
    usual = sample.usual()
    text = " ".join(shown(usual, width=80).split())
    assert "● Orchestrate 2,026" in text
    assert "Order to delivery, 9 in 10 within" in text
    rows = [line.split() for line in shown(usual).splitlines()]
    assert ["Cost", "of", "lateness", "not", "known", "–"] in rows


def test_every_contribution_is_told() -> None:
    usual = sample.usual()
    rows = shown(usual, width=140).splitlines()
    for c in usual.total.contributions:
        in_lines = wording.said(wording.as_lines(c.share, usual.total.n_lines)).interval
        figures = (
            f"{c.party_name}, {c.outcome}",
            f"{wording.lines(c.lines)} ({in_lines})",
            str(wording.said(c.amount)),
        )
        assert any(all(figure in row for figure in figures) for row in rows), figures


def test_of_many_parties_the_biggest_are_told_and_the_others_counted() -> None:
    text = shown(sample.marketplace(106))
    assert "Seller 002" in text
    assert "Seller 003" not in text
    assert "and 103 further parties: 772 lines" in text


def test_assets_keep_their_order_and_say_how_many_more() -> None:
    many = sample.large(30)
    text = shown(many)
    places = [text.index(wording.asset(a)[:12]) for a in many.assets[:1]]
    assert places
    assert "number 0019" in shown(many, width=160)
    assert "number 0020" not in shown(many, width=160)
    assert "and 10 more assets, in diagnosis.json" in text


def test_paths_signals_rules_and_losses_are_told_in_money() -> None:
    rows = [" ".join(line.split()) for line in shown(sample.priced(), width=140).splitlines()]
    text = "\n".join(rows)
    assert "Harrier · web EUR 38,000 EUR 61,000 * EUR −4,000" in rows
    assert "! Costs are this product's defaults, not yours: set [paths] in portfolio.toml" in text
    assert "operate 4, orchestrate 2, neither 3, cannot tell 1; measured 7, judged 2, unknown 1" in text
    assert any(r.startswith("Signal 1 ■ Operate measured; people differ") for r in rows)
    assert any(r.startswith("Signal 5 ? Cannot tell unknown not known") for r in rows)
    assert "blocks: Rapid Parcel: Who owns the interface, by name? → Name an owner" in rows
    assert "Carriage 452 lines EUR 10,000 (8,000–12,000)" in rows
    assert [r for r in rows if r.startswith("Together")] == [
        "Together EUR 7,000 (5,600–8,400)", "Together EUR 14,000 (11,000–17,000)", "Together EUR 9,000 (7,200–10,800)",
    ]  # fmt: skip
    assert "default" not in shown(sample.priced(is_default=False))


def test_the_paths_of_the_total_say_when_they_pay() -> None:
    found = sample.priced()
    text = " ".join(shown(replace(found, total=replace(found.total, paths=sample.paths_of())), width=160).split())
    assert "All assets: orchestrate EUR 61,000 49,000–73,000 85 % 5 months (4–7) EUR 30,500 EUR 1,200" in text
    assert "not within the horizon" in text


@pytest.mark.parametrize("width", [40, 80, 104, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for diagnosis in (
        sample.priced(),
        sample.priced(words="a rather long sentence " * 9),
        sample.usual(),
        sample.stocked(),
        sample.worst(),
        sample.worst(is_stocked=True),
    ):
        assert all(len(line) <= width for line in shown(diagnosis, width).splitlines())


@pytest.mark.parametrize(
    "make", [sample.hostile, lambda: sample.priced(sample.hostile(), words=sample.HOSTILE_NAMES[4])]
)
def test_names_cannot_steer_the_terminal(make: Callable[[], Diagnosis]) -> None:
    hostile = make()
    plain = shown(hostile) + shown_health(hostile)
    assert not set(plain) & set("\x1b\u202e\u202c\t")
    assert "[bold]markup[/bold]" in shown(hostile, width=240)
    coloured = shown(hostile, width=240, colour=True)
    assert "\x1b[31m" not in coloured


def test_what_is_refused_is_said_with_the_data_that_would_tell() -> None:
    text = shown(sample.refused())
    assert "Cannot tell yet" in text
    assert "No order line of this asset carries a promised date." in text
    assert "Add promised_at to order_lines." in text
    assert "0 %" not in text.replace("90 %", "")


def test_an_empty_portfolio_reads_well() -> None:
    assert "No asset has an order line in this period." in shown(sample.empty())
    assert "No table was read." in shown_health(sample.empty())


def test_health_tells_rows_reasons_and_empty_months() -> None:
    text = shown_health(sample.usual())
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert any(r.startswith("order_lines order_lines.parquet 152,340 149,116 3,224") for r in rows)
    assert any(r.startswith("order_lines 1,984 delivered before ordered order_id=K-10293") for r in rows)
    assert "Feb 2025 0 none" in rows
    assert "Not given: stock_days, forecasts, supply_orders, leakage." in rows


def test_health_without_coverage_or_suspicions() -> None:
    usual = sample.usual()
    quiet = replace(usual, health=replace(usual.health, suspicions=(), coverage=()))
    assert "Nothing looked suspicious." in shown_health(quiet)
