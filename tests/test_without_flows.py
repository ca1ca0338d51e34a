"""What can be said without order lines and stock: people's answers, or a work log, and never a verdict about money."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.small import good

import fourwalls as fw
from fourwalls.errors import AnswersError, MappingError
from fourwalls.figures import Refusal

HEAD = '[portfolio]\nname = "Shop"\ncurrency = "EUR"\nown_party_id = "us"\nasset = ["category"]\n'
ANSWERS = """question,respondent,answer
waste,Ann,5
waste,Bo,4
steady_demand,Ann,5
status_work,Bo,2
"""
LOG = "case_id,case_kind,activity,at,effort_hours,party_id,category\n" + "".join(
    f"c{i},status update,copy state,2025-{1 + i // 28:02d}-{1 + i % 28:02d} 09:00:00,0.5,us,{'shoes' if i % 2 else 'toys'}\n"
    for i in range(300)
)


def shop(folder: Path, **files: str) -> Path:
    (folder / "portfolio.toml").write_text(HEAD)
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def test_answers_alone_are_a_judged_diagnosis(tmp_path: Path) -> None:
    with fw.open(shop(tmp_path, answers_csv=ANSWERS)) as study:
        found = study.diagnose()
    assert found.assets == ()
    assert found.total.verdict == "cannot tell yet"
    assert found.total.bottleneck.startswith("Judged, not measured: ")
    assert "2 people" in found.total.bottleneck
    leans = {s.name: s.lean for s in found.total.signals if s.how == "judged"}
    assert (leans["waste"], leans["steady_demand"]) == ("operate", "operate")
    assert [s.name for s in found.total.signals if s.how == "judged"] == ["steady_demand", "status_work", "waste"]
    assert sum(s.how == "unknown" for s in found.total.signals) == 7
    assert found.total.paths == ()
    assert {r.code for r in found.total.refusals} >= {"no_order_lines", "no_stock"}


def test_a_work_log_alone_is_read_and_answers_stand_beside_it(tmp_path: Path) -> None:
    with fw.open(shop(tmp_path, tables__work_log_csv=LOG, answers_csv=ANSWERS)) as study:
        found = study.diagnose()
    assert [a.name for a in found.assets] == ["shoes", "toys"]
    hours = {r.name: r for r in found.total.evidence}
    assert hours["hours_per_case"].figure.value == pytest.approx(0.5)  # type: ignore[union-attr]
    waste = next(s for s in found.total.signals if s.name == "waste")
    assert (waste.how, waste.lean) == ("judged", "operate")
    assert found.total.verdict == "cannot tell yet"


def test_neither_records_nor_answers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="no tables/ folder"):
        fw.open(shop(tmp_path))


def test_an_answer_about_an_asset_that_is_none_is_not_passed_over(tmp_path: Path) -> None:
    answers = "question,respondent,answer,asset\nwaste,Ann,5,boots\n"
    with (
        fw.open(shop(tmp_path, tables__work_log_csv=LOG, answers_csv=answers)) as study,
        pytest.raises(AnswersError, match="there is no asset 'boots'"),
    ):
        study.diagnose()


def test_a_few_days_are_no_year(tmp_path: Path) -> None:
    """What two days cost times 182 is no value of a path: it is refused, and the data that would tell are named."""
    small = good()
    small.tables["order_lines"] = small.lines[:8]
    with fw.open(small.write(tmp_path / "small")) as opened:
        found = opened.diagnose()
    for asset in found.assets:
        assert asset.paths == ()
        assert "too_few_spans" in {r.code for r in asset.refusals if r.about == "What each path is worth"}


def test_without_a_delivery_on_record_no_promise_is_called_missed(tmp_path: Path) -> None:
    small = good()
    small.drop("delivered_at")
    with fw.open(small.write(tmp_path / "small")) as opened:
        found = opened.diagnose()
    for asset in found.assets:
        assert asset.verdict == "cannot tell yet"
        assert not asset.losses
        assert "order_lines.delivered_at is not in the record" in {r.because for r in asset.refusals}


def test_sales_alone_do_not_tell_whether_shelves_were_empty(tmp_path: Path) -> None:
    small = good()
    small.tables["stock_days"] = [
        {"sku_id": f"s{i}", "node_id": "dc", "day": f"2025-0{1 + d // 28}-{1 + d % 28:02d}", "sold_units": str(d % 4)}
        for i in range(6)
        for d in range(84)
    ]
    with fw.open(small.write(tmp_path / "small")) as opened:
        found = opened.diagnose()
    for asset in found.assets:
        refused = asset.availability
        assert isinstance(refused, Refusal)
        assert "neither what lay there nor when shelves were empty" in refused.because
