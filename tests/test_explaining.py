"""Every number of a diagnosis can be explained: formula, inputs that exist, a query that runs, and records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import pytest
from tests.surfaces import sample

from fourwalls import diagnosis as parts
from fourwalls import worlds
from fourwalls.diagnosis import Diagnosis, LostUnits, OutageTold
from fourwalls.errors import PortfolioError
from fourwalls.explaining import RECIPES, Explanation, explained, recipe_of, table_of
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.numbers import numbers
from fourwalls.study import Study
from fourwalls.study import open as open_study


def test_every_recipe_is_of_a_field_there_is() -> None:
    for name in RECIPES:
        kind, field = name.split(".")
        if kind != "Sum":
            owner = Reading if kind == "Reading" else getattr(parts, kind)
            assert field in {f.name for f in fields(owner)}


def with_partners() -> parts.Diagnosis:
    return replace(sample.usual(), controls=sample.controls(), outages=sample.outages())


@pytest.mark.parametrize(
    "make", [with_partners, sample.usual, sample.priced, sample.shelves_only, sample.refused, sample.hostile]
)
def test_every_number_has_a_formula_and_inputs_that_are_numbers(make: object) -> None:
    known = numbers(make())  # type: ignore[operator]
    for number in known.values():
        told = explained(number, known)
        assert told.formula.strip(" .")
        assert all(i.id in known and i.id != number.id for i in told.inputs)
        assert recipe_of(number).source != "lines" or table_of(number) == "order_lines"


@pytest.mark.parametrize("make", [sample.priced, sample.shelves_only])
def test_every_number_of_a_diagnosis_with_outages_has_a_recipe(make: Callable[[], Diagnosis]) -> None:
    known = numbers(replace(make(), outages=sample.outages()))  # one of them priced, one not
    asked = {n.field for n in known.values() if isinstance(n.owner, OutageTold)}
    assert asked == {"line_share", "days", "lines", "typical", "bound"}
    assert {f"{type(n.owner).__name__}.{n.field}" for n in known.values()} <= RECIPES.keys()
    for number in known.values():
        assert explained(number, known).formula.strip(" .")


def test_a_number_without_a_recipe_is_an_error_and_no_traceback() -> None:
    known = numbers(sample.usual())
    number = replace(next(iter(known.values())), field="shoe_size")
    with pytest.raises(PortfolioError, match=f"How '{number.id}' is made is not written down"):
        explained(number, known)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("explain") / "retailer"
    worlds.make("late_carrier", folder, lines=3_000)
    with open_study(folder) as opened:
        yield opened


def test_counts_are_those_of_the_records_behind_them(study: Study) -> None:
    found = study.diagnose()
    name = next(n for n in numbers(found) if n.endswith(".n_lines") and not n.startswith("portfolio"))
    told = study.explain(name, 3)
    assert isinstance(told, Explanation)
    assert told.in_all == told.value
    assert told.records is not None
    assert told.records.num_rows == 3
    assert told.query.lstrip().upper().startswith("SELECT")


def test_what_stages_saved_adds_up_from_the_lines_behind_it(study: Study) -> None:
    known = numbers(study.diagnose())
    name = next(n for n in known if n.startswith("portfolio.gap.stages.") and n.endswith(".lines"))
    number = known[name]
    told = study.explain(name, 100_000)
    assert told.records is not None
    stage, wall = number.owner.stage, number.owner.wall  # type: ignore[attr-defined]
    rows = told.records.to_pylist()
    assert sum(r[f"{stage}_share"] for r in rows if r[f"{stage}_wall"] == wall) == pytest.approx(told.value)
    inputs = [i.value for i in told.inputs]
    assert sum(x for x in inputs if isinstance(x, float)) == pytest.approx(told.value)


def test_each_record_comes_with_its_part_from_the_api_too(study: Study) -> None:
    known = numbers(study.diagnose())
    name = next(n for n in known if n.startswith("portfolio.gap.stages.") and n.endswith(".lines"))
    told = study.explain(name, 4)
    assert told.records is not None
    assert told.records.column_names[0] == "part"
    parts = told.records["part"].to_pylist()
    assert parts == sorted(parts, reverse=True)
    assert told.parts_sum == pytest.approx(told.value)
    plain = study.explain(name, 4, parts=False)
    assert plain.records is not None
    assert "part" not in plain.records.column_names
    assert plain.in_all is not None
    assert told.in_all is not None
    assert plain.in_all >= told.in_all


def test_the_query_gives_the_records(study: Study) -> None:
    told = study.explain("portfolio.n_lines", 2)
    assert study._engine._raw.sql(told.query).to_arrow_table().num_rows == told.value


def test_sums_name_their_parts(study: Study) -> None:
    told = study.explain("portfolio.lost")
    assert isinstance(told.value, Estimate)
    assert sum(i.value.value for i in told.inputs if isinstance(i.value, Estimate)) == pytest.approx(told.value.value)
    assert not told.query


@pytest.mark.parametrize(
    "wrong", ["", "nothing", "portfolio.gap.totl", "portfolo.gap.total", "'; DROP TABLE x; --", "a" * 5000]
)
def test_an_id_that_is_none_is_an_error_with_what_comes_near(study: Study, wrong: str) -> None:
    with pytest.raises(PortfolioError, match="There is no number") as error:
        study.explain(wrong)
    assert len(error.value.what) < 600
    if "tot" in wrong:
        assert "portfolio.gap.total" in error.value.what


# What is worked out from other numbers, and so has steps wherever it is told.
WORKED_OUT = {
    "Gap.total", "Gap.interaction", "Gap.residual", "StageShare.lines", "StageShare.share", "Contribution.share",
    "Availability.total", "Availability.interaction", "Availability.residual", "StageUnits.units", "StageUnits.share",
    "LostUnits.share", "PathWorth.value", "PathWorth.gain_per_year", "PathWorth.payback", "Sum.value",
}  # fmt: skip


def test_the_steps_lead_to_the_number(study: Study) -> None:
    known = numbers(study.diagnose())
    seen = set()
    for number in known.values():
        kind, steps = f"{type(number.owner).__name__}.{number.field}", explained(number, known).steps
        if isinstance(number.value, Refusal):
            assert not steps
            continue
        if not steps:
            assert kind not in WORKED_OUT, number.id
            continue
        value = number.value.value if isinstance(number.value, Estimate) else number.value
        assert steps[-1].value == pytest.approx(value, rel=1e-9, abs=1e-9), number.id
        seen.add(kind)
    assert seen >= WORKED_OUT | {"Told.amount", "PathWorth.links"}


def test_value_is_what_the_assumptions_make_of_a_margin_a_year(study: Study) -> None:
    """By a loop over months, without the code that made the value."""
    found = study.diagnose()
    said = {a.name: a.value for a in found.assumptions}
    for asset in found.assets:
        for path in asset.paths:
            value = -path.one_off
            for month in range(round(12 * said["horizon_years"])):
                t = (month + 0.5) / 12
                kept = path.gain_per_year * said["attainable_share"] * min(1.0, t * 52 / said["ramp_weeks"])
                value += (kept - path.run_per_year) / 12 / (1 + said["discount_rate"]) ** t
            assert isinstance(path.value, Estimate)
            assert value == pytest.approx(path.value.value, rel=1e-9, abs=1e-6)


def test_parts_of_records_add_up_to_the_number(study: Study) -> None:
    known = numbers(study.diagnose())
    looked_at = 0
    for name, number in known.items():
        if not name.startswith("portfolio.") or number.field not in ("lines", "units"):
            continue
        told = study.explain(name, 3)
        assert told.records is not None
        if told.is_parted:
            assert told.parts_sum == pytest.approx(told.value, abs=1e-6), name
        else:
            assert isinstance(number.owner, LostUnits), "which party each shelf's part is of, only shelves do not say"
            stage = number.owner.stage
            rows = [n for n in known.values() if isinstance(n.owner, LostUnits) and n.id.startswith("portfolio.") and n.field == "units"]  # fmt: skip
            assert told.parts_sum == pytest.approx(sum(n.owner.units for n in rows if n.owner.stage == stage)), name
        assert told.records.num_rows <= 3
        assert (told.in_all or 0) >= told.records.num_rows
        part = told.records["part"].to_pylist()
        assert part == sorted(part, key=lambda x: -abs(x))
        looked_at += 1
    assert looked_at >= 5


def test_of_all_that_was_missed_each_line_is_one(study: Study) -> None:
    found = study.diagnose()
    known = numbers(found)
    for field, whole in (("gap.missed", found.total.n_lines), ("gap.total", found.total.n_lines)):
        number = known[f"portfolio.{field}"]
        told = study.explain(number.id, 1)
        assert isinstance(told.value, Estimate)
        assert (told.parts_sum or 0) / whole == pytest.approx(told.value.value)
