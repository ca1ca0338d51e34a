from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import fourwalls
from fourwalls.diagnosis import SetAside, Suspicion
from fourwalls.portfolio import Portfolio, ServiceLevel
from fourwalls.suspicions import suspicions

from . import small

N = 2000
HOUR, DAY = 3600.0, 86_400.0
SHOP = Portfolio(Path("shop"), "Shop", "EUR", "us", ("category",))
PARTIES = frozenset({"us", "packers", "swift", "bazaar"})
PRESENT = frozenset({"ordered_at", "released_at", "handed_over_at", "delivered_at", "promised_at", "cancelled_at"})

Columns = dict[str, Any]


def clean() -> Columns:
    """Lines of a retailer whose records can be believed."""
    rng = np.random.default_rng(5)
    ordered = 1_735_689_600 + rng.uniform(0, 300 * DAY, N).round()
    released = ordered + rng.uniform(60, 5 * HOUR, N).round()
    handed_over = released + rng.uniform(HOUR, 40 * HOUR, N).round()
    delivered = handed_over + rng.uniform(10 * HOUR, 90 * HOUR, N).round()
    promised = ordered + rng.uniform(60 * HOUR, 150 * HOUR, N).round()
    outcome = np.where(delivered <= promised, "on time", "late").astype(object)
    outcome[::40] = "cancelled"
    delivered[::40] = np.nan
    return {
        "ordered_s": ordered, "released_s": released, "handed_over_s": handed_over, "delivered_s": delivered,
        "promised_s": promised, "outcome": outcome, "is_traceable": np.ones(N, dtype=bool), "waits": np.zeros(N, dtype=bool),
        "release_party": np.where(np.arange(N) % 5 == 0, "bazaar", "us").astype(object),
        "fulfilment_party": np.where(np.arange(N) % 3 == 0, "packers", "us").astype(object),
        "carrier_id": np.full(N, "swift", dtype=object),
        "value_amount": rng.uniform(10, 90, N), "margin_amount": rng.uniform(1, 9, N),
    }  # fmt: skip


def told(
    columns: Columns,
    portfolio: Portfolio = SHOP,
    parties: frozenset[str] | None = PARTIES,
    present: frozenset[str] = PRESENT,
    **more: Any,
) -> dict[str, Suspicion]:
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    found = suspicions(pa.table(arrays), present, portfolio, parties, more.pop("set_aside", ()), **more)
    assert list(found) == sorted(found, key=lambda s: -s.rows)
    assert all(s.table == "order_lines" and s.finding.endswith(".") and s.consequence.endswith(".") for s in found)
    return {s.code: s for s in found}


def test_clean_records_raise_no_suspicion() -> None:
    assert told(clean()) == {}
    assert told({name: values[:99] for name, values in clean().items()}) == {}
    assert told({name: values[:0] for name, values in clean().items()}) == {}


def test_a_clean_portfolio_raises_none_either(tmp_path: Path) -> None:
    with fourwalls.open(small.good().write(tmp_path / "shop")) as study:
        assert study.check().suspicions == ()


Plant = Callable[[Columns], None]
PLANTED: dict[str, tuple[Plant, str, str]] = {}


def planted(code: str, column: str, finding: str) -> Callable[[Plant], Plant]:
    def add(plant: Plant) -> Plant:
        PLANTED[plant.__name__] = (plant, code + "|" + column, finding)
        return plant

    return add


@planted("batch_stamp", "handed_over_at", "fall in the hour from 23:00 UTC")
def stamps_of_a_nightly_run(c: Columns) -> None:
    c["handed_over_s"] = c["handed_over_s"] // DAY * DAY + 23 * HOUR + np.arange(N) % 1800
    c["delivered_s"] += DAY


@planted("batch_stamp", "released_at", "are dates without a time of day")
def dates_for_times(c: Columns) -> None:
    c["released_s"] = c["released_s"] // DAY * DAY


@planted("automatic_close", "delivered_at", "exactly the same 72 hours between handed_over_at and delivered_at")
def closed_by_a_system(c: Columns) -> None:
    c["delivered_s"][1::3] = c["handed_over_s"][1::3] + 72 * HOUR


@planted("no_promise", "promised_at", "25 % of the delivered lines carry no promise")
def promises_missing(c: Columns) -> None:
    delivered = np.flatnonzero(np.isfinite(c["delivered_s"]))[::4]
    c["promised_s"][delivered], c["outcome"][delivered] = np.nan, "no promise"


@planted("promise_at_midnight", "promised_at", "came on the promised day and count as late")
def promises_of_a_day_read_as_its_beginning(c: Columns) -> None:
    c["promised_s"] = c["promised_s"] // DAY * DAY


@planted("promise_rewritten", "promised_at", "came exactly on the promised day")
def promise_moved_to_the_delivery(c: Columns) -> None:
    c["promised_s"] = np.where(np.arange(N) % 3 > 0, c["delivered_s"] // DAY * DAY + 20 * HOUR, c["promised_s"])


@planted("only_delivered", "delivered_at", "All 1950 lines looked at were delivered")
def chosen_by_their_end(c: Columns) -> None:
    keep = np.isfinite(c["delivered_s"])
    for name in c:
        c[name] = c[name][keep]


@planted("many_undelivered", "delivered_at", "40 % of the lines were cancelled or never delivered")
def cases_and_controls(c: Columns) -> None:
    c["outcome"][: int(0.4 * N)] = "overdue"
    c["outcome"][int(0.4 * N) :] = "on time"


@planted("stages_out_of_order", "released_at, handed_over_at, delivered_at", "In 10 % of the lines")
def stages_that_run_backwards(c: Columns) -> None:
    c["is_traceable"][::10] = False


@planted("unknown_party", "carrier_id", "1 parties are not in the table of parties, first 'ghost' on 200 lines")
def a_party_nobody_knows(c: Columns) -> None:
    c["carrier_id"][:200] = "ghost"


@planted("nobody_named", "carrier_id", "For a quarter of the lines or more nothing says who did it")
def nobody_named(c: Columns) -> None:
    c["carrier_id"][: N // 3] = None


@planted(
    "no_own_work", "fulfiller_id, carrier_id, channels.party_id", "No stage of any line is done by our own party 'us'"
)
def nothing_of_our_own(c: Columns) -> None:
    c["release_party"][:], c["fulfilment_party"][:] = "bazaar", "packers"


@planted(
    "only_own_work",
    "fulfiller_id, carrier_id, channels.party_id",
    "Every stage of every line is done by our own party 'us'",
)
def everything_our_own(c: Columns) -> None:
    c["release_party"][:], c["fulfilment_party"][:], c["carrier_id"][:] = "us", "us", "us"


@planted(
    "one_side_dropped",
    "released_at, handed_over_at",
    "in our own hands fulfilment is timed, for 0 % of those in others'",
)
def partners_do_not_report(c: Columns) -> None:
    c["handed_over_s"][c["fulfilment_party"] == "packers"] = np.nan


@planted("one_side_dropped", "promised_at", "in our own hands a promise is given, for 14 % of those in others'")
def promises_on_one_side(c: Columns) -> None:
    market = np.flatnonzero(c["release_party"] == "bazaar")
    c["promised_s"][market[np.arange(len(market)) % 4 > 0]] = np.nan


@planted(
    "day_and_month",
    "ordered_at, released_at, handed_over_at, delivered_at, promised_at",
    "come right when day and month",
)
def two_date_formats(c: Columns) -> None:
    for i in range(0, N, 2):
        at = datetime(2025, 1, 1) + timedelta(seconds=c["handed_over_s"][i] - 1_735_689_600)  # noqa: DTZ001
        if at.day <= 12:
            c["handed_over_s"][i] += (at.replace(day=at.month, month=at.day) - at).total_seconds()


@planted("no_price", "price_amount", "60 % of the lines are worth nothing")
def prices_left_at_zero(c: Columns) -> None:
    c["value_amount"][: int(0.6 * N)] = 0.0


@planted("below_cost", "cost_amount", "12 % of the lines are sold below their cost")
def cost_of_a_case_beside_the_price_of_a_piece(c: Columns) -> None:
    c["margin_amount"][::8] -= 100


@pytest.mark.parametrize("name", PLANTED)
def test_each_suspicion_fires_on_its_own_case(name: str) -> None:
    plant, place, finding = PLANTED[name]
    code, column = place.split("|")
    columns = clean()
    plant(columns)
    found = told(columns)
    assert code in found, found
    assert found[code].column == column
    assert finding in found[code].finding, found[code].finding
    assert found[code].rows > 0
    # What was planted may show in a second way (a promise at midnight is a batch stamp, too), but not in a third.
    assert len(found) <= 2, found


def test_a_release_nobody_recorded_is_no_stamp() -> None:
    columns = clean()
    columns["released_s"] = columns["ordered_s"].copy()
    columns["ordered_s"] = columns["ordered_s"] // DAY * DAY
    columns["released_s"] = columns["ordered_s"]
    assert set(told(columns, present=PRESENT - {"released_at"})) == {"batch_stamp"}


def test_a_file_without_parties_knows_no_strangers() -> None:
    columns = clean()
    columns["carrier_id"][:200] = "ghost"
    assert "unknown_party" not in told(columns, parties=None)


def test_a_service_level_that_binds_nobody() -> None:
    levels = (
        ServiceLevel("swift", "carriage", 48),
        ServiceLevel("swift", "fulfilment", 48),
        ServiceLevel("us", "release", 1),
    )
    found = told(clean(), replace(SHOP, service_levels=levels))
    assert set(found) == {"idle_service_level"}
    assert "binds 'swift' in fulfilment" in found["idle_service_level"].finding
    assert told(clean(), replace(SHOP, service_levels=levels[:1])) == {}


def test_rows_that_a_join_multiplied() -> None:
    aside = (
        SetAside("order_lines", "same order_id, line_id with different content", 7, "o1 / 1"),
        SetAside("order_lines", "delivered_at comes before ordered_at", 3, "o2 / 1"),
    )
    found = told(clean(), set_aside=aside)
    assert set(found) == {"repeated_key"}
    assert found["repeated_key"].rows == 7
    assert told(clean(), set_aside=aside[1:]) == {}


def test_an_asset_that_was_set_aside() -> None:
    far = SetAside("order_lines", "promised_at lies outside 1990 to 2100", 300, "o1 / 1")
    found = told(clean(), set_aside=(far,))
    assert set(found) == {"many_set_aside"}
    assert "300 order lines were set aside, most of them because promised_at lies" in found["many_set_aside"].finding
    wanted = (
        replace(far, reason="ordered outside the period"),
        replace(far, reason="exact copy of a row with the same order_id"),
    )
    assert told(clean(), set_aside=wanted) == {}
    assert told(clean(), set_aside=(replace(far, rows=99),)) == {}


@pytest.mark.parametrize(
    ("table", "column"), [("products", "sku_id"), ("nodes", "node_id"), ("channels", "channel_id")]
)
def test_ids_written_in_two_ways(table: str, column: str, tmp_path: Path) -> None:
    shop = small.good()
    first = min(row[column] for row in shop.tables[table])
    for row in shop.lines:
        row[column] = "00" + row[column]
    with fourwalls.open(shop.write(tmp_path / "shop")) as study:
        found = {s.code: s for s in study.check().suspicions}
    assert found["unknown_id"].column == column
    assert found["unknown_id"].rows == small.LINES
    assert (
        f"100 % of the rows of order_lines have a {column} that is not in {table}, which holds e.g. '{first}'; first '00{first}'"
        in found["unknown_id"].finding
    )


def test_shelves_of_other_skus_and_another_year(tmp_path: Path) -> None:
    shop = small.stocked()
    for row in shop.tables["stock_days"]:
        row["sku_id"], row["day"] = row["sku_id"] + ".0", "2027" + row["day"][4:]
    with fourwalls.open(shop.write(tmp_path / "shop")) as study:
        found = {s.code: s for s in study.check().suspicions}
    assert (found["unknown_id"].table, found["unknown_id"].column) == ("stock_days", "sku_id")
    assert "is not in products, which holds e.g. 's0'; first 's0.0'" in found["unknown_id"].finding
    assert "stock_days run from 2027-01-06" in found["other_days"].finding
    with fourwalls.open(small.stocked().write(tmp_path / "good")) as study:
        assert study.check().suspicions == ()


def test_a_few_new_products_are_no_question(tmp_path: Path) -> None:
    shop = small.good()
    shop.set("sku_id", "new", rows=slice(0, 14))
    with fourwalls.open(shop.write(tmp_path / "shop")) as study:
        assert study.check().suspicions == ()


def test_rows_that_run_backwards_for_another_reason() -> None:
    """A wrong year, or clocks that disagree by hours, is no matter of day and month."""
    at = 1_740_000_000 + np.arange(100) * DAY
    backwards = pa.table({"earlier_s": at, "later_s": at - 365 * DAY})
    assert told(clean(), backwards=backwards) == {}
    assert told(clean(), backwards=pa.table({"earlier_s": at, "later_s": at - 5 * HOUR})) == {}


def test_two_date_formats_that_set_rows_aside(tmp_path: Path) -> None:
    portfolio = small.good()
    for row in portfolio.lines:
        for column in (name for name in row if name.endswith("_at")):  # from winter to summer: days before months
            for winter, summer in (("-01-", "-07-"), ("-02-", "-08-"), ("-03-", "-09-")):
                row[column] = row[column].replace(f"2025{winter}", f"2025{summer}")
        for column in ("delivered_at", "promised_at"):
            year, month, rest = row[column].split("-") if row[column] else ("", "", "")
            day, _, clock = rest.partition(" ")
            if row[column] and row["node_id"] == "hall" and int(day) <= 12:
                row[column] = f"{year}-{day}-{month} {clock}"
    with fourwalls.open(portfolio.write(tmp_path / "shop")) as study:
        health = study.check()
    found = {s.code: s for s in health.suspicions}
    assert found["day_and_month"].rows >= 20
    aside = next(t.set_aside for t in health.tables if t.table == "order_lines")
    assert {a.reason for a in aside} == {"delivered_at comes before ordered_at", "promised_at comes before ordered_at"}


def test_lines_that_wait_for_goods_are_no_broken_chain() -> None:
    lines = clean()
    lines["is_traceable"] = np.arange(N) % 3 > 0
    assert "stages_out_of_order" in told(lines)
    lines["waits"] = ~lines["is_traceable"]
    assert "stages_out_of_order" not in told(lines)
