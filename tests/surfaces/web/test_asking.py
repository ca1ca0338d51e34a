"""The questionnaire: several people at once, and the same file as on the command line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fourwalls.answers import NAMES, read_answers

from .conftest import Web

PAGE = "/p/shop/questions"


def test_answers_are_kept(web: Web) -> None:
    answer = web.send(
        PAGE, **{"as": "AB", "answer.waste": "4", "comment.waste": "=1+1, we know", "answer.scale": "unsure"}
    )
    assert answer.status_code == 303
    found = {a.question: a for a in read_answers(web.folder)}
    assert (found["waste"].answer, found["waste"].respondent) == (4, "AB")
    assert found["scale"].answer is None
    assert found.keys() == {"waste", "scale"}
    text = web.get(answer.headers["location"]).text
    assert "2 answers kept" in text
    assert 'name="answer.waste" value="4" checked' in text


def test_the_last_word_counts(web: Web) -> None:
    for said in ("4", "2"):
        web.send(PAGE, **{"as": "AB", "answer.waste": said})
    web.send(PAGE, **{"as": "cd", "answer.waste": "5"})
    assert sorted((a.respondent, a.answer) for a in read_answers(web.folder)) == [("AB", 2), ("cd", 5)]
    assert "2 people so far" in web.get(PAGE).text


def test_many_at_once_lose_nothing(web: Web) -> None:
    fields = web.fields(PAGE)
    cookies = dict(web.client.cookies)

    def answer(n: int) -> int:
        data = {**fields, "as": f"p{n}", **{f"answer.{q}": str(n % 5 + 1) for q in NAMES}}
        return int(
            web.client.post(PAGE, data=data, headers=web.headers, cookies=None, follow_redirects=False).status_code
        )

    assert cookies
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(answer, range(16))) == {303}
    assert len(read_answers(web.folder)) == 16 * len(NAMES)


def test_wrong_answers_are_told(web: Web) -> None:
    for wrong in (
        {"as": "", "answer.waste": "4"},
        {"as": "AB", "answer.waste": "6"},
        {"as": "AB", "answer.waste": "<b>"},
        {"as": "x" * 200, "answer.waste": "1"},
    ):
        assert web.send(PAGE, **wrong).status_code == 400
    assert read_answers(web.folder) == ()


def test_who_is_logged_in_answers_for_themselves(guarded: Web) -> None:
    guarded.log_in("reader")
    assert guarded.send(PAGE, **{"as": "the boss", "answer.waste": "4"}).status_code == 303
    assert [a.respondent for a in read_answers(guarded.folder)] == ["reader"]
