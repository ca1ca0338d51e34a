"""What a panel may look like, and what is said of one that cannot be used."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.errors import PanelError
from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot import evaluate
from fourwalls.pilot.panel import read_panel

from .panels import COLUMNS, drawn, table


def without(panel: dict[str, list[object]], rows: set[int]) -> dict[str, list[object]]:
    return {name: [v for i, v in enumerate(values) if i not in rows] for name, values in panel.items()}


def refused(panel: object, words: str, **more: object) -> PanelError:
    with pytest.raises(PanelError) as caught:
        evaluate(panel, **{**COLUMNS, "treated": "d", **more})  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert caught.value.remedy
    return caught.value


def test_missing_column_names_the_nearest() -> None:
    refused(drawn(), "Did you mean 'time'?", time="tme")


def test_duplicates_are_refused_with_the_first() -> None:
    panel = {name: [*values, values[5]] for name, values in drawn().items()}
    refused(panel, "'u00', time 5, 2 rows")


def test_treatment_that_switches_off() -> None:
    panel = drawn()
    panel["d"][39] = 0
    refused(panel, "Treatment of 'u00' switches off in 39 after it began in 30")


def test_no_untreated_unit() -> None:
    refused(drawn(treated=20), "No untreated unit")


def test_no_treated_unit() -> None:
    refused(drawn(treated=0), "No unit is treated")


def test_treated_throughout() -> None:
    refused(drawn(start=0), "no period before")


def test_all_zero() -> None:
    panel = drawn()
    panel["y"] = [0.0] * len(panel["y"])
    refused(panel, "is 0 in every row")


def test_constant_outcome() -> None:
    panel = drawn()
    panel["y"] = [3] * len(panel["y"])
    refused(panel, "is 3 in every row")


def test_text_outcome() -> None:
    panel = drawn()
    panel["y"] = [f"{v} EUR" for v in panel["y"]]
    refused(panel, "allowed: numbers")


def test_infinite_outcome() -> None:
    panel = drawn()
    panel["y"][3] = float("inf")
    refused(panel, "row 4: infinite")


def test_odd_treatment_value() -> None:
    panel = drawn()
    panel["d"] = ["maybe" if i == 7 else str(v) for i, v in enumerate(panel["d"])]
    refused(panel, "row 8: found 'maybe'")


def test_periods_whose_order_is_not_certain() -> None:
    panel = drawn()
    panel["time"] = [f"{v % 28 + 1}/1/2024" for v in panel["time"]]  # type: ignore[operator]
    refused(panel, "no period whose order is certain")


def test_empty_and_absent_files(tmp_path: Path) -> None:
    refused(tmp_path / "none.csv", "There is no file 'none.csv'")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    refused(empty, "'empty.csv' is empty")
    (tmp_path / "bad.parquet").write_text("not parquet")
    refused(tmp_path / "bad.parquet", "cannot be read as a table")


def test_unknown_unit_and_missing_start() -> None:
    refused(drawn(), "There is no unit 'u99'", treated=["u99"], start=30)
    refused(drawn(), "not when they begin", treated=["u00"])
    refused(drawn(), "after the last period", treated=["u00"], start=99)


def test_too_many_holes() -> None:
    rng = np.random.default_rng(1)
    rows = set(rng.choice(800, 300, replace=False).tolist())
    refused(without(drawn(), rows), "are missing")


def test_one_period_before_gives_did_alone() -> None:
    found = evaluate(drawn(start=1, effect=5.0), **COLUMNS, treated="d")
    assert found.chosen == "did"
    assert isinstance(found["sdid"].effect, Refusal)
    assert isinstance(found.effect, Estimate)
    assert all(c.passed is not True for c in found.checks if "before" in c.name)


def test_a_single_control_is_refused_not_guessed() -> None:
    found = evaluate(drawn(units=2, periods=12, start=9), **COLUMNS, treated="d")
    assert isinstance(found.effect, Refusal)
    assert found.p_value is None


def test_few_holes_are_bridged_and_told() -> None:
    panel = drawn(effect=4.0, units=30)
    found = evaluate(without(panel, {3, 50, 500, 35}), **COLUMNS, treated="d")
    assert any("missing" in n or "left out" in n for n in found.notes)
    full = evaluate(panel, **COLUMNS, treated="d")
    assert found["did"].point == pytest.approx(full["did"].point, abs=0.5)


def test_bridging_leaves_additive_panels_as_they_were() -> None:
    units, periods = np.arange(6.0)[:, None], np.sin(np.arange(9.0))[None]
    whole = units * 3 + periods
    flat = {
        "unit": np.repeat(np.arange(6), 9),
        "time": np.tile(np.arange(9), 6),
        "y": whole.ravel(),
        "d": np.zeros(54, int),
    }
    flat["d"][:9] = np.arange(9) >= 5
    keep = np.ones(54, dtype=bool)
    keep[[20, 33, 41]] = False
    panel = read_panel(pa.table({k: v[keep] for k, v in flat.items()}), **COLUMNS, treated="d")
    assert np.allclose(panel.outcomes, whole)
    assert panel.filled.sum() == 3


def test_a_missing_first_day_does_not_make_a_second_start() -> None:
    panel = drawn(treated=3, units=12)
    found = read_panel(table(without(panel, {30})), **COLUMNS, treated="d")
    assert [c.start for c in found.cohorts] == [30]


@pytest.mark.parametrize("kind", ["arrow", "pandas", "dict", "csv", "semicolon", "parquet"])
def test_every_source_gives_the_same_panel(kind: str, tmp_path: Path) -> None:
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    rows = table(drawn())
    source: object = rows
    if kind == "pandas":
        source = rows.to_pandas()
    elif kind == "dict":
        source = drawn()
    elif kind == "parquet":
        source = tmp_path / "p.parquet"
        pq.write_table(rows, source)
    elif kind in ("csv", "semicolon"):
        source = tmp_path / "p.csv"
        delimiter = ";" if kind == "semicolon" else ","
        pa_csv.write_csv(rows, source, pa_csv.WriteOptions(delimiter=delimiter))
    assert np.allclose(
        read_panel(source, **COLUMNS, treated="d").outcomes, read_panel(rows, **COLUMNS, treated="d").outcomes
    )


def test_dates_months_and_flags_as_text() -> None:
    panel = drawn()
    days = [(date(2024, 1, 1) + timedelta(days=int(t))).isoformat() for t in panel["time"]]  # type: ignore[call-overload]
    months = [f"{2020 + t // 12}-{t % 12 + 1:02d}" for t in panel["time"]]  # type: ignore[operator]
    for times in (days, months):
        found = read_panel(
            {**panel, "time": times, "d": ["yes" if d else "no" for d in panel["d"]]}, **COLUMNS, treated="d"
        )
        assert found.start == 30


def test_who_is_treated_may_be_a_column_without_time() -> None:
    panel = drawn()
    panel["d"] = [int(u == "u00") for u in panel["unit"]]
    assert read_panel(panel, **COLUMNS, treated="d", start=30).start == 30
    refused(panel, "Give start")


def test_all_treated_in_the_end_leaves_the_last_as_controls() -> None:
    panel = drawn(treated=20)
    panel["d"] = [int(t >= (20 if u < "u10" else 30)) for u, t in zip(panel["unit"], panel["time"], strict=True)]  # type: ignore[operator]
    found = read_panel(panel, **COLUMNS, treated="d")
    assert len(found.times) == 30
    assert len(found.controls) == 10
    assert any("serve as controls" in n for n in found.notes)


def test_a_start_is_read_as_the_periods_are() -> None:
    panel = drawn()
    quarters = [f"{2000 + t // 4}-Q{t % 4 + 1}" for t in panel["time"]]  # type: ignore[operator]
    glued = [q.replace("-", "") for q in quarters]
    months = [f"{2000 + t // 12}-{t % 12 + 1}" for t in panel["time"]]  # type: ignore[operator]
    years = [str(1970 + t) for t in panel["time"]]  # type: ignore[operator]
    days = [(date(2024, 1, 1) + timedelta(days=int(t))).isoformat() for t in panel["time"]]  # type: ignore[call-overload]
    for times, start in (
        (quarters, "2007-Q3"), (glued, "2007-Q3"), (quarters, "2007Q3"), (months, "2002-07"), (months, "2002-7"),
        (years, "2000"), (years, 2000), (days, "2024-01-31"), (days, date(2024, 1, 31)), (days, np.datetime64("2024-01-31")),
    ):  # fmt: skip
        assert read_panel({**panel, "time": times}, **COLUMNS, treated=["u00"], start=start).start == 30, start


def test_a_midnight_among_hours_is_an_hour() -> None:
    panel = drawn()
    hours = [str(np.datetime64("2024-01-01T20:00:00") + np.timedelta64(int(t), "h")) for t in panel["time"]]  # type: ignore[call-overload]
    found = read_panel({**panel, "time": hours}, **COLUMNS, treated=["u00"], start="2024-01-03T02:00:00")
    assert found.start == 30
    assert len(set(map(type, found.times))) == 1


def test_periods_of_two_kinds_are_refused() -> None:
    panel = drawn()
    panel["time"] = [f"{2000 + t}" if t < 20 else f"{2000 + t}-01" for t in panel["time"]]  # type: ignore[operator]
    refused(panel, "mixes kinds of periods")


@pytest.mark.parametrize("never", [0, None, float("inf")])
def test_a_column_of_first_treated_periods(never: float | None) -> None:
    """As `first_treat` in the did package's data: 0 or empty where never treated; one that begins after the end counts so."""
    panel = drawn(units=20, treated=0)
    first = {"u00": 15, "u01": 15, "u02": 20, "u03": 99}
    panel["first"] = [first.get(str(u), never) for u in panel["unit"]]
    found = read_panel(panel, **COLUMNS, treated="first")
    assert [(c.start, c.units.tolist()) for c in found.cohorts] == [(15, [0, 1]), (20, [2])]
    assert len(found.controls) == 17
    panel["first"][3] = 16
    refused(panel, "more than one first treated period for 'u00'", treated="first")


def test_dates_of_first_treatment() -> None:
    panel = drawn(units=12, treated=0)
    days = [date(2024, 1, 1) + timedelta(days=int(t)) for t in panel["time"]]  # type: ignore[call-overload]
    first = [date(2024, 1, 21) if u == "u00" else None for u in panel["unit"]]
    for form in (lambda d: d, lambda d: d and d.isoformat()):
        found = read_panel({**panel, "time": [form(d) for d in days], "first": [form(d) for d in first]}, **COLUMNS, treated="first")  # fmt: skip
        assert [c.start for c in found.cohorts] == [20]


def test_a_unit_may_be_named_alone() -> None:
    assert read_panel(drawn(), **COLUMNS, treated="u00", start=30).start == 30


def test_figures_do_not_hang_on_the_unit_of_account() -> None:
    panel = drawn(units=12, effect=4.0)
    tiny = {**panel, "y": [1e-12 * v for v in panel["y"]]}  # type: ignore[operator]
    found, small = (evaluate(p, **COLUMNS, treated="d") for p in (panel, tiny))
    assert found.chosen == small.chosen
    assert [m.point for m in small.methods] == pytest.approx([1e-12 * (m.point or 0) for m in found.methods], rel=1e-4)
