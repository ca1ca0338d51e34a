from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwalls import answers
from fourwalls.answers import NAMES, QUESTIONS, Answer, as_text, judged, judged_answers, parse_answers, read_answers
from fourwalls.errors import AnswersError
from fourwalls.portfolio import Portfolio, SignalThresholds

HEAD = "question,asset,respondent,answer,comment,answered_on\n"
THRESHOLDS = SignalThresholds()
SHOP = Portfolio(Path(), "Shop", "EUR", "us", ("brand",))


def said(name: str, *values: int | None, asset: str = "") -> list[Answer]:
    return [Answer(name, f"{asset}p{i}", v, asset=asset) for i, v in enumerate(values)]


def test_ten_questions_six_signals_and_four_tests() -> None:
    assert [q.kind for q in QUESTIONS] == ["signal"] * 6 + ["test"] * 4
    assert len(set(NAMES)) == 10


# The six rows of the published diagnostic table: what "yes" speaks for.
@pytest.mark.parametrize(
    ("name", "yes"),
    [
        ("steady_demand", "operate"),
        ("channel_complexity", "orchestrate"),
        ("status_work", "orchestrate"),
        ("disconnected_data", "orchestrate"),
        ("waste", "operate"),
        ("partners", "orchestrate"),
    ],
)
def test_signals_lean_as_the_published_table_says(name: str, yes: str) -> None:
    found = judged_answers(said(name, 5), THRESHOLDS)[name]
    assert (found.lean, found.strength) == (yes, 1.0)
    assert judged_answers(said(name, 1), THRESHOLDS)[name].lean == "neither"


def test_a_model_that_does_not_scale_leans_to_orchestrate() -> None:
    assert judged_answers(said("scale", 1), THRESHOLDS)["scale"].lean == "orchestrate"
    assert judged_answers(said("scale", 5), THRESHOLDS)["scale"].lean == "operate"


def test_missing_governance_leans_to_operate_and_clear_governance_to_nothing() -> None:
    assert judged_answers(said("governance", 1), THRESHOLDS)["governance"].lean == "operate"
    assert judged_answers(said("governance", 5), THRESHOLDS)["governance"].lean == "neither"


def test_an_answer_near_the_middle_leans_nowhere() -> None:
    assert judged_answers(said("waste", 3, 3, 4), THRESHOLDS)["waste"].lean == "neither"
    assert judged_answers(said("waste", 3, 4), THRESHOLDS)["waste"].lean == "operate"
    assert judged_answers(said("waste", 3, 4), SignalThresholds(judged_lean=0.3))["waste"].lean == "neither"


def test_do_not_know_counts_as_unsure_and_not_as_a_value() -> None:
    found = judged_answers(said("waste", 5, None, None), THRESHOLDS)["waste"]
    assert (found.mean, found.respondents, found.unsure) == (5.0, 1, 2)
    nobody = judged_answers(said("waste", None), THRESHOLDS)["waste"]
    assert (nobody.lean, nobody.mean, nobody.disagreement) == ("cannot tell", None, None)


@pytest.mark.parametrize(
    ("values", "by_hand"),
    [
        ([3, 3, 3], 0.0),
        ([1, 5], 1.0),
        ([1, 1, 5, 5], 1.0),
        # Mean 4: -(log2(1 - 1/4) + log2(1 - 1/4)) / 2.
        ([3, 5], -math.log2(0.75)),
        # Mean 4: -(2·log2(1 - 1/4) + log2(1)) / 3.
        ([3, 4, 5], -2 * math.log2(0.75) / 3),
    ],
)
def test_disagreement_as_by_hand(values: list[int], by_hand: float) -> None:
    assert answers.disagreement(values) == pytest.approx(by_hand)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=30))
def test_disagreement_is_between_none_and_all(values: list[int]) -> None:
    found = answers.disagreement(values)
    assert found is not None
    assert 0.0 <= found <= 1.0 + 1e-12
    assert (found == 0) == (len(set(values)) == 1)


def test_one_answer_cannot_disagree() -> None:
    assert answers.disagreement([4]) is None


def test_what_is_said_of_an_asset_goes_before_what_the_same_person_says_of_everything() -> None:
    rows = [Answer("waste", "A", 1), Answer("waste", "B", 1), Answer("waste", "A", 5, asset="Nord · toys")]
    assert judged_answers(rows, THRESHOLDS, "nord / Toys")["waste"].mean == 3.0
    assert judged_answers(rows[::-1], THRESHOLDS, "nord / Toys")["waste"].mean == 3.0
    assert judged_answers(rows, THRESHOLDS)["waste"].mean == 1.0


texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=30).filter(lambda t: "<" not in t)


@given(
    st.lists(
        st.builds(
            Answer,
            question=st.sampled_from(NAMES),
            respondent=texts.map(lambda t: f"p{t}"),
            answer=st.none() | st.integers(1, 5),
            comment=texts.filter(lambda t: not t.startswith("'")),
            answered_on=st.none() | st.dates(),
        ),
        max_size=8,
        unique_by=lambda a: (a.question, a.respondent.casefold()),
    )
)
def test_what_is_written_is_read_again(rows: list[Answer]) -> None:
    assert parse_answers(as_text(rows)) == tuple(rows)


@pytest.mark.parametrize("comment", ["=1+1", "+49", "-2", "@SUM(A1)", '=HYPERLINK("x")'])
def test_a_formula_sign_is_guarded_in_the_file_and_comes_back_as_it_was(comment: str) -> None:
    text = as_text([Answer("waste", "A", 3, comment)])
    assert f"\"'{comment[0]}" in text
    assert parse_answers(text)[0].comment == comment


@pytest.mark.parametrize(
    ("row", "tells"),
    [
        ("waste,,A,6,,", "answer is '6'; allowed: 1 to 5"),
        ("waste,,A,0,,", "answer is '0'"),
        ("waste,,A,3.5,,", "answer is '3.5'"),
        ("waste,,A,,,", "answer is ''"),
        ("waste,,A,٣,,", "answer is"),
        ("wastes,,A,3,,", "there is no question 'wastes'. Did you mean 'waste'?"),
        ("waste,,,3,,", "nobody is named"),
        ("waste,,=cmd(),3,,", "respondent begins like a formula"),
        ("waste,,A,3,=1+1,", "comment begins like a formula"),
        ("waste,,A,3,-2+3,", "comment begins like a formula"),
        ("waste,,A,3,<script>x</script>,", "comment holds markup"),
        ("waste,,A,3,see <img src=x>,", "comment holds markup"),
        ("waste,,A,3,a\x1bb,", "comment holds control characters"),
        (f"waste,,A,3,{'x' * 501},", "comment has 501 characters"),
        ("waste,,A,3,,1.3.2026", "answered_on is '1.3.2026'"),
        ("waste,,A,3,too,many,cells", "has 7 cells; the header has 6"),
    ],
)
def test_bad_rows_are_told_with_their_row(row: str, tells: str) -> None:
    with pytest.raises(AnswersError, match=r"answers\.csv, row 3: ") as error:
        parse_answers(f"{HEAD}waste,,B,3,,\n{row}\n")
    assert tells in error.value.what


@pytest.mark.parametrize("comment", ["- we wait", "less < more", "a = b", "5 > 3 & 2 < 4"])
def test_prose_is_no_formula(comment: str) -> None:
    assert parse_answers(f"{HEAD}waste,,A,3,{comment},\n")[0].comment == comment


def test_a_person_answers_a_question_once() -> None:
    with pytest.raises(AnswersError, match=r"row 4: 'ann' answers 'waste' again \(first in row 2\)"):
        parse_answers(f"{HEAD}waste,,Ann,3,,\nscale,,Ann,3,,\nwaste,,ann,4,,\n")


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("", "is empty"),
        ("question,respondent\n", "column 'answer' is missing"),
        ("question,respondent,answer,answr\n", "Did you mean 'answer'"),
        ("question,respondent,answer,answer\n", "stands there twice"),
        (HEAD + '"open,,A,3,,\n', "is no CSV"),
    ],
)
def test_bad_files_are_told(text: str, tells: str) -> None:
    with pytest.raises(AnswersError) as error:
        parse_answers(text)
    assert tells in error.value.what


def test_other_columns_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_bytes("\ufeffrespondent,question,answer\nA,waste,don’t know\n\n".encode())
    assert read_answers(tmp_path) == (Answer("waste", "A", None),)
    assert read_answers(tmp_path / "nowhere") == ()


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_bytes(b"question,respondent,answer\nwaste,J\xfcrgen,3\n")
    with pytest.raises(AnswersError, match="not UTF-8"):
        read_answers(tmp_path)


def test_assets_that_are_none_are_told() -> None:
    answers.unknown_assets(said("waste", 3, asset="toys / north"), ["Toys · North"])
    with pytest.raises(AnswersError, match="Did you mean 'Toys'"):
        answers.unknown_assets(said("waste", 3, asset="Toyz"), ["Toys"])


def test_opinions_alone_lean_but_carry_no_verdict() -> None:
    rows = [a for name in ("channel_complexity", "status_work", "disconnected_data", "partners") for a in said(name, 5)]
    found = judged(SHOP, [*rows, *said("waste", 1), *said("governance", 5)])
    assert (found.verdict, found.lean, found.governed) == ("cannot tell yet", "orchestrate", True)
    # Four of ten lines lean with full strength, nobody disagrees: half of 4/10.
    assert found.certainty == pytest.approx(0.2)
    assert dict(found.counts) == {"operate": 0, "orchestrate": 4, "neither": 2, "cannot tell": 4}
    assert {line.how for line in found.lines} == {"judged", "unknown"}


def test_divided_people_make_a_judgement_less_certain() -> None:
    names = ("steady_demand", "waste", "scale", "governance", "partners")
    agreed = judged(SHOP, [a for name in names for a in said(name, 4, 4)])
    divided = judged(SHOP, [a for name in names for a in said(name, 3, 5)])
    assert agreed.lean == divided.lean == "operate"
    assert divided.certainty < agreed.certainty


def test_few_answers_lean_nowhere_together() -> None:
    found = judged(SHOP, said("waste", 5))
    assert (found.lean, found.certainty) == ("cannot tell", 0.0)
    assert judged(SHOP, []).because == "Nobody has answered, and there are no records."


def test_certainty_never_passes_half() -> None:
    every = [Answer(q.name, "A", 5 if q.yes == "operate" else 1) for q in QUESTIONS]
    assert judged(SHOP, every).certainty <= 0.5


def test_every_threshold_says_where_it_comes_from() -> None:
    for name in SignalThresholds.__dataclass_fields__:
        told = answers.threshold(name, SHOP)
        assert "Default" in told.origin
        assert told.is_default


def test_days_are_kept() -> None:
    assert parse_answers(f"{HEAD}waste,,A,3,,2026-03-01\n")[0].answered_on == date(2026, 3, 1)
