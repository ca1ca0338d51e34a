"""Laws of the stock flow, seen in the tables alone."""

import pytest

STOCKED = [
    "store_out_of_stocks",
    "healthy",
    "whole_retailer",
    "surprise",
    "poor_records",
    "high_forecast",
    "stale_listings",
    "slow_dock",
    "unused_partner",
]


@pytest.mark.parametrize("recipe", STOCKED)
def test_stock_is_conserved_to_the_unit(world_of, recipe):
    rows = world_of(recipe).ask(
        "SELECT count(*) FROM (SELECT on_hand_units - received_units - adjusted_units + sold_units AS opening, "
        "lag(on_hand_units) OVER (PARTITION BY sku_id, node_id ORDER BY day) AS before FROM stock_days) "
        "WHERE opening <> before"
    )
    assert rows == [(0,)]


@pytest.mark.parametrize("recipe", STOCKED)
def test_nothing_is_sold_that_was_not_there(world_of, recipe):
    made = world_of(recipe)
    assert made.ask(
        "SELECT count(*) FROM stock_days WHERE on_hand_units < 0 OR sold_units < 0 "
        "OR (empty_share = 1 AND sold_units > 0)"
    ) == [(0,)]


def test_what_was_sold_is_what_order_lines_promise_to_ship(world_of):
    """Units sold on a day are those of the lines ordered that day for which there was stock."""
    made = world_of("whole_retailer")
    [(shipped, sold)] = made.ask(
        "SELECT (SELECT sum(shipped_units) FROM order_lines), (SELECT sum(sold_units) FROM stock_days)"
    )
    assert 0.95 * sold < shipped <= sold


def test_every_receipt_has_its_orders(world_of):
    made = world_of("whole_retailer")
    assert made.ask(
        "SELECT count(*) FROM (SELECT sku_id, node_id, day, received_units FROM stock_days) s FULL JOIN "
        "(SELECT sku_id, to_node_id AS node_id, available_at::DATE AS day, sum(received_units) AS units "
        "FROM supply_orders WHERE available_at IS NOT NULL GROUP BY ALL) o USING (sku_id, node_id, day) "
        "WHERE coalesce(s.received_units, 0) <> coalesce(o.units, 0)"
    ) == [(0,)]


def test_supply_orders_run_forward(world_of):
    for recipe in STOCKED:
        assert world_of(recipe).ask(
            "SELECT count(*) FROM supply_orders WHERE signalled_at > decided_at OR decided_at > placed_at "
            "OR placed_at > shipped_at OR shipped_at > received_at OR received_at > available_at "
            "OR received_units > ordered_units OR (from_node_id IS NULL) = (supplier_id IS NULL)"
        ) == [(0,)]


def test_transfers_leave_the_giver_as_adjustments(world_of):
    made = world_of("healthy", 1, 40_000)
    [(moved, taken)] = made.ask(
        "SELECT sum(o.ordered_units), sum(least(-s.adjusted_units, o.ordered_units)) FROM supply_orders o "
        "JOIN stock_days s ON s.sku_id = o.sku_id AND s.node_id = o.from_node_id AND s.day = o.shipped_at::DATE"
    )
    assert moved == taken > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_retailer_is_as_available_as_good_retailers_are(world_of, seed):
    [(empty,)] = world_of("healthy", seed, 40_000).ask("SELECT avg(empty_share) FROM stock_days")
    assert 0.005 <= empty <= 0.06


@pytest.mark.parametrize(("recipe", "sign"), [("low_forecast", -1), ("high_forecast", 1), ("healthy", 0)])
def test_forecast_bias_shows_in_the_forecasts(world_of, recipe, sign):
    """Against what was sold on days that were never empty, so that shortage does not pass for bias."""
    rows = world_of(recipe).ask(
        "WITH open AS (SELECT sku_id, node_id, day, sold_units FROM stock_days WHERE empty_share = 0), "
        "made AS (SELECT sku_id, node_id, period_on, sum(forecast_units) / 7 AS daily FROM forecasts "
        "WHERE forecast_on = period_on GROUP BY ALL) "
        "SELECT sum(daily) / sum(sold_units) - 1 FROM made JOIN open USING (sku_id, node_id) "
        "WHERE day >= period_on AND day < period_on + INTERVAL 7 DAY"
    )
    bias = rows[0][0]
    if sign == 0:
        assert abs(bias) < 0.15
    else:
        assert bias * sign > 0.15


@pytest.mark.parametrize(
    ("recipe", "query"),
    [
        ("slow_approval", "SELECT avg(epoch(decided_at) - epoch(signalled_at)) FROM supply_orders"),
        ("late_supplier", "SELECT avg((received_at > promised_at)::INT) FROM supply_orders"),
        ("short_shipments", "SELECT 1 - sum(received_units) / sum(ordered_units) FROM supply_orders WHERE received_units >= 0"),
        ("slow_dock", "SELECT avg(epoch(available_at) - epoch(received_at)) FROM supply_orders"),
        ("poor_records", "SELECT count(*) FROM order_lines WHERE cancel_reason = 'out_of_stock'"),
        ("weak_content", "SELECT 1 - avg(content_share) FROM listings"),
        ("dear_price", "SELECT avg(price_amount / rival_price_amount - 0.95) FROM listings"),
        ("media_on_empty", "SELECT sum(media_amount) FILTER (listed_share < 0.5) FROM listings"),
        ("manual_status_work", "SELECT count(*) FROM work_log WHERE case_kind = 'status update'"),
        ("late_feeds", "SELECT avg(mismatched_rows / expected_rows) FROM feeds"),
        ("avoidable_waste", "SELECT sum(amount) FROM leakage WHERE cause = 'damage'"),
        ("chargebacks", "SELECT sum(amount) FROM leakage WHERE cause = 'chargeback'"),
        ("unused_partner", "SELECT 1 - avg(listed_share) FROM listings"),
        ("stale_listings", "SELECT count(*) FROM feeds WHERE arrived_at > expected_at + INTERVAL 6 HOUR"),
    ],
)  # fmt: skip
def test_a_defect_leaves_its_mark_in_the_records(world_of, recipe, query):
    [(sick,)] = world_of(recipe).ask(query)
    [(sound,)] = world_of("healthy").ask(query)
    assert sick > 1.25 * (sound or 0.0)


def test_the_record_can_be_wrong(world_of):
    """Orders are taken for stock the record shows and the shelf does not have."""
    rows = world_of("poor_records").ask(
        "SELECT count(*) FROM order_lines l JOIN stock_days s ON s.sku_id = l.sku_id AND s.node_id = l.node_id "
        "AND s.day = l.ordered_at::DATE WHERE l.cancel_reason = 'out_of_stock' AND s.on_hand_units > 0"
    )
    assert rows[0][0] > 50


def test_labour_hours_and_cases_are_booked(world_of):
    made = world_of("whole_retailer")
    [(hours, units, picked)] = made.ask(
        "SELECT sum(hours), sum(units), (SELECT sum(shipped_units) FROM order_lines) FROM labour "
        "WHERE function = 'picking'"
    )
    assert hours > 0
    assert abs(units - picked) < 0.05 * picked
    assert made.ask("SELECT count(*) FROM (SELECT case_id FROM work_log GROUP BY 1 HAVING sum(closed::INT) > 1)") == [
        (0,)
    ]
