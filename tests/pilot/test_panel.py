"""What a panel may look like, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
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
    panel["time"] = [f"{v % 12 + 1:02d}/{v // 12 + 1:02d}/2024" for v in panel["time"]]  # type: ignore[operator]
    refused(panel, "may be day first or month first, and nothing in the column tells")
    panel["time"] = [f"the {v}th" for v in panel["time"]]
    refused(panel, "no period whose order is certain")


_MONDAYS = [date(2024, 1, 1) + timedelta(weeks=i) for i in range(40)]
_MONTHS = [date(2020 + i // 12, i % 12 + 1, 1) for i in range(40)]


@pytest.mark.parametrize(
    "write",
    [
        lambda i: _MONDAYS[i].isoformat(),
        lambda i: _MONDAYS[i].strftime("%d/%m/%Y"),
        lambda i: _MONDAYS[i].strftime("%m/%d/%Y"),
        lambda i: _MONDAYS[i].strftime("%d.%m.%Y"),
        lambda i: _MONDAYS[i].strftime("%Y/%m/%d"),
        lambda i: _MONDAYS[i].strftime("%Y%m%d"),
        lambda i: _MONDAYS[i].strftime("%G-W%V"),
        lambda i: _MONDAYS[i].strftime("%GW%V"),
        lambda i: _MONDAYS[i].strftime("%G-W%V-1"),
        lambda i: _MONDAYS[i].strftime("W%V %G"),
        lambda i: f"Week {i + 1}",
        lambda i: _MONTHS[i].strftime("%b %Y"),
        lambda i: _MONTHS[i].strftime("%m/%Y"),
        lambda i: f"{_MONTHS[i].year}-{_MONTHS[i].month}",
        lambda i: f"Q{i % 4 + 1}{2010 + i // 4}",
        lambda i: f"{2010 + i // 4}-Q{i % 4 + 1}",
    ],
)
def test_periods_are_put_in_order_however_they_are_written(write: Callable[[int], str]) -> None:
    plain = drawn(effect=3.0)
    written = {**plain, "time": [write(t) for t in plain["time"]]}  # type: ignore[arg-type]
    expected = evaluate(plain, **COLUMNS, treated="d", method="did")["did"]
    found = evaluate(written, **COLUMNS, treated="d", method="did")["did"]
    named = evaluate(written, **COLUMNS, treated=["u00"], start=write(30), method="did")["did"]
    assert found.point == named.point == expected.point
    assert found.effect == expected.effect


def test_pandas_periods_keep_their_names() -> None:
    frame = pd.DataFrame(drawn())
    frame["time"] = pd.PeriodIndex(frame.time.map(lambda i: pd.Period("2020-01", freq="M") + i))
    assert read_panel(frame, **COLUMNS).times[:2] == ("2020-01", "2020-02")
    assert evaluate(frame, **COLUMNS, treated=["u00"], start="2022-07").starts == ("2022-07",)


@pytest.mark.parametrize(
    ("on", "off"),
    [(1, 0), (True, False), (1.0, 0.0), ("yes", "no"), ("TRUE", "FALSE"), ("Treated", "Control"), (1, None), ("x", "")],
)
def test_treated_is_said_in_many_ways(on: object, off: object) -> None:
    panel = drawn(effect=3.0)
    expected = evaluate(panel, **COLUMNS, treated="d", method="did")["did"].point
    panel["d"] = [on if d else off for d in panel["d"]]
    assert evaluate(panel, **COLUMNS, treated="d", method="did")["did"].point == expected


def test_an_empty_cell_beside_a_no_is_not_guessed() -> None:
    panel = drawn()
    panel["d"] = ["yes" if d else "no" for d in panel["d"]]
    panel["d"][7] = ""
    refused(panel, "row 8: found ''")


@pytest.mark.parametrize("names", [range(20), [float(i) for i in range(20)], [f" u{i} " for i in range(20)]])
def test_units_are_named_by_numbers_or_with_blanks_around(names: Sequence[object]) -> None:
    panel = drawn(effect=3.0)
    expected = evaluate(panel, **COLUMNS, treated="d", method="did")["did"].point
    panel["unit"] = [names[int(str(u)[1:])] for u in panel["unit"]]
    first = names[0]
    for treated in (first, [first]):
        assert evaluate(panel, **COLUMNS, treated=treated, start=30, method="did")["did"].point == expected  # type: ignore[arg-type]


def test_units_that_differ_in_capitals_only_are_refused() -> None:
    panel = drawn()
    panel["unit"][0] = "U00"
    refused(panel, "'U00' and 'u00' differ in capital letters only")


@pytest.mark.parametrize("write", [str, lambda v: f"{v:.6f}".replace(".", ","), lambda v: f"{v:.6f}%"])
def test_numbers_as_text_are_read_where_they_mean_one_thing(write: Callable[[object], str]) -> None:
    panel = drawn(effect=3.0)
    expected = evaluate(panel, **COLUMNS, treated="d", method="did")["did"].point
    panel["y"] = [write(v) for v in panel["y"]]
    found = evaluate(panel, **COLUMNS, treated="d", method="did")["did"].point
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("write", [lambda v: f"{1000 * v:,.0f}", lambda v: f"€{v:.2f}"])
def test_numbers_that_may_mean_two_things_are_refused(write: Callable[[object], str]) -> None:
    panel = drawn()
    panel["y"] = [write(v) for v in panel["y"]]
    refused(panel, "Column 'y' (outcome), row 1: found")


def test_a_start_between_two_periods_is_told() -> None:
    panel = drawn()
    panel["time"] = [_MONDAYS[t] for t in panel["time"]]  # type: ignore[index]
    found = evaluate(panel, **COLUMNS, treated=["u00"], start="2024-07-31")
    assert any("lies between 2024-07-29 and 2024-08-05" in n for n in found.notes)


def test_a_unit_that_never_moves_is_told_and_does_not_make_chance_look_small() -> None:
    """A treated unit stuck at one value before says nothing of how it will move: its range is that of the others."""
    panel = drawn(units=12)
    panel["y"] = [0.0 if u in ("u00", "u05") else y for u, y in zip(panel["unit"], panel["y"], strict=True)]
    found = evaluate(panel, **COLUMNS, treated="d")
    assert "'u00', 'u05'" in found.notes[0]
    did = found["did"]
    assert isinstance(did.effect, Estimate)
    assert did.effect.high - did.effect.low > 2 * (did.se or 0)


def test_files_as_spreadsheets_write_them(tmp_path: Path) -> None:
    frame = pd.DataFrame(drawn())
    frame["unit"] = "Köln " + frame.unit
    expected = evaluate(frame, **COLUMNS, treated="d", method="did")["did"].point
    frame.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    frame.to_csv(tmp_path / "b.csv", index=False, encoding="utf-16", sep="\t")
    frame.to_csv(tmp_path / "c.csv.gz", index=False)
    for name in ("a.csv", "b.csv", "c.csv.gz"):
        found = evaluate(tmp_path / name, **COLUMNS, treated="d", method="did")
        assert found.treated == ("Köln u00",)
        assert found["did"].point == pytest.approx(expected)


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


@pytest.mark.parametrize(
    "as_given", [lambda f: f, lambda f: f.lazy(), lambda f: f.with_columns(pl.col("unit").cast(pl.Categorical))]
)
def test_polars_gives_what_arrow_gives(as_given: Callable[[pl.DataFrame], object]) -> None:
    panel = drawn(effect=3.0)
    panel["time"] = [_MONDAYS[t] for t in panel["time"]]  # type: ignore[index]
    expected = evaluate(table(panel), **COLUMNS, treated="d")
    found = evaluate(as_given(pl.DataFrame(panel)), **COLUMNS, treated="d")
    assert found.effect == expected.effect
    assert found.starts == expected.starts == (_MONDAYS[30],)
