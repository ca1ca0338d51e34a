"""Laws of the order flow, and marginals a healthy retailer shows."""

import pytest

from fourwalls.tables.schema import TABLES


@pytest.mark.parametrize("recipe", ["whole_retailer", "surprise", "orders_only", "dirty_rows"])
def test_tables_have_the_canonical_columns_and_keys(world_of, recipe):
    made = world_of(recipe)
    for file in made.tables.glob("*.parquet"):
        spec = TABLES[file.stem]
        described = made.ask(f"DESCRIBE {file.stem}")
        assert {row[0] for row in described} <= set(spec.names)
        assert set(spec.needed) <= {row[0] for row in described}
        if spec.key and not (recipe == "dirty_rows" and file.stem == "order_lines"):
            key = ", ".join(k for k in spec.key if k in {row[0] for row in described})
            assert made.ask(f"SELECT count(*) - count(DISTINCT ({key})) FROM {file.stem}") == [(0,)]
        for column in spec.columns:
            is_damaged = recipe == "dirty_rows" and file.stem == "order_lines"
            if column.refers_to and column.name in {row[0] for row in described} and not is_damaged:
                other = TABLES[column.refers_to]
                [(strays,)] = made.ask(
                    f"SELECT count(*) FROM {file.stem} a ANTI JOIN {other.name} b "
                    f"ON a.{column.name} = b.{other.key[0]} "
                    f"WHERE a.{column.name} IS NOT NULL"
                )
                assert strays == 0, (file.stem, column.name)


@pytest.mark.parametrize(
    "recipe", ["whole_retailer", "surprise", "orders_only", "slow_release", "early_pickup", "strike"]
)
def test_times_run_forward_and_stay_in_the_period(world_of, recipe):
    made = world_of(recipe)
    [(backwards,)] = made.ask(
        "SELECT count(*) FROM order_lines WHERE released_at < ordered_at OR handed_over_at < released_at "
        "OR delivered_at < handed_over_at OR cancelled_at < ordered_at OR promised_at < ordered_at "
        "OR (handed_over_at IS NOT NULL AND released_at IS NULL)"
    )
    assert backwards == 0
    start, end = made.truth.start, made.truth.end
    [(outside,)] = made.ask(
        f"SELECT count(*) FROM order_lines WHERE ordered_at < '{start}' OR greatest(ordered_at, released_at, "
        f"handed_over_at, delivered_at, cancelled_at) >= '{end}'"
    )
    assert outside == 0


def test_a_line_is_shipped_or_cancelled_not_both(world_of):
    for recipe in ("healthy", "demo"):
        made = world_of(recipe)
        assert made.ask(
            "SELECT count(*) FROM order_lines WHERE (cancelled_at IS NOT NULL AND handed_over_at IS NOT NULL) "
            "OR (cancelled_at IS NULL) <> (cancel_reason IS NULL) OR (returned_units > 0 AND delivered_at IS NULL) "
            "OR (rating_share IS NOT NULL AND delivered_at IS NULL) OR shipped_units > ordered_units"
        ) == [(0,)]


def test_the_truth_counts_what_the_tables_show(world_of):
    made = world_of("demo")
    rows = made.ask(
        "SELECT category, destination, count(*), count(*) FILTER (delivered_at > promised_at), "
        f"count(*) FILTER (delivered_at IS NULL AND cancelled_at IS NULL AND promised_at < '{made.truth.end}'), "
        "count(cancelled_at) FROM order_lines JOIN products USING (sku_id) GROUP BY ALL"
    )
    shown = {(r[0], r[1]): r[2:] for r in rows}
    for a in made.truth.assets:
        told = (a.lines, a.as_recorded.late, a.as_recorded.overdue, a.as_recorded.cancelled)
        assert shown[tuple(a.asset.values())] == told


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_retailer_is_late_about_as_often_as_healthy_retailers_are(world_of, seed):
    made = world_of("healthy", seed, 40_000)
    lines = sum(a.lines for a in made.truth.assets)
    late = sum(a.as_recorded.late for a in made.truth.assets) / lines
    cancelled = sum(a.as_recorded.cancelled for a in made.truth.assets) / lines
    assert 0.02 <= late <= 0.06
    assert 0.008 <= cancelled <= 0.04
    assert all(a.best_path == "leave it" and a.first_bottleneck is None for a in made.truth.assets)


def test_late_customers_rate_lower_and_send_more_back(world_of):
    [(on_time, late, back, late_back)] = world_of("demo").ask(
        "SELECT avg(rating_share) FILTER (NOT late), avg(rating_share) FILTER (late), "
        "avg((returned_units > 0)::int) FILTER (NOT late), avg((returned_units > 0)::int) FILTER (late) "
        "FROM (SELECT *, delivered_at > promised_at AS late FROM order_lines)"
    )
    assert late < on_time - 0.1
    assert late_back > back


def test_nobody_works_when_closed(world_of):
    made = world_of("demo")
    assert made.ask(
        "SELECT count(*) FROM order_lines WHERE dayofweek(delivered_at) = 0 OR (carrier_id = 'terra' AND "
        "dayofweek(delivered_at) = 6) OR dayofweek(handed_over_at) = 0"
    ) == [(0,)]


def test_order_lines_number_about_what_was_asked_for(world_of):
    for seed in (1, 2, 3):
        lines = sum(a.lines for a in world_of("healthy", seed, 40_000).truth.assets)
        assert 34_000 < lines < 46_000


def test_a_careless_company_damages_as_many_rows_as_said(world_of):
    made = world_of("dirty_rows")
    [(damaged, rows)] = made.ask(
        "SELECT count(*) FILTER (ordered_at IS NULL OR delivered_at < '1980-01-01' OR carrier_id = 'unknown-carrier') + "
        "count(*) - count(DISTINCT (order_id, line_id)), count(*) FROM order_lines"
    )
    assert 0.035 < damaged / rows < 0.06
    assert sum(a.lines for a in made.truth.assets) < rows
