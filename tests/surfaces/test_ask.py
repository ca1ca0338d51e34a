from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fourwalls.answers import NAMES, read_answers
from fourwalls.surfaces import cli

Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """Typed by a person."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def ran(typed: str, *argv: str, is_person: bool = False) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", Terminal(typed) if is_person else io.StringIO(typed))
        monkeypatch.setattr(sys, "argv", ["fourwalls", "ask", str(tmp_path), *argv])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return (code, *capsys.readouterr())

    return ran


def test_ten_answers_from_a_pipe(ask: Run, tmp_path: Path) -> None:
    code, out, err = ask("Ann\n" + "".join(f"{n % 5 + 1}\n" for n in range(10)))
    assert (code, err) == (0, "")
    assert [(a.question, a.respondent, a.answer) for a in read_answers(tmp_path)] == [
        (name, "Ann", n % 5 + 1) for n, name in enumerate(NAMES)
    ]
    assert "10 of 10 answered" in out


def test_stopping_keeps_what_was_said_and_the_same_person_goes_on(ask: Run, tmp_path: Path) -> None:
    ask("4 the dock is chaotic\nd\ns\nq\n", "--as", "Ann")
    first = read_answers(tmp_path)
    assert [(a.question, a.answer, a.comment) for a in first] == [
        (NAMES[0], 4, "the dock is chaotic"),
        (NAMES[1], None, ""),
    ]
    _, out, _ = ask("2\n", "--as", "ann")
    assert "2 answered, 8 to go" in out
    # What was skipped is asked again.
    assert read_answers(tmp_path)[2].question == NAMES[2]


def test_a_second_person_is_added(ask: Run, tmp_path: Path) -> None:
    ask("5\n", "--as", "Ann")
    ask("1\n", "--as", "Bob")
    ask("3\n", "--as", "Bob", "--asset", "Toys · North")
    assert [(a.respondent, a.answer, a.asset) for a in read_answers(tmp_path)] == [
        ("Ann", 5, ""),
        ("Bob", 1, ""),
        ("Bob", 3, "Toys · North"),
    ]


def test_a_person_is_asked_again_and_a_pipe_is_refused(ask: Run, tmp_path: Path) -> None:
    code, out, _ = ask("7\n4\nq\n", "--as", "Ann", is_person=True)
    assert code == 0
    assert "allowed: 1 to 5" in out
    assert [a.answer for a in read_answers(tmp_path)] == [4]
    code, _, err = ask("seven\n", "--as", "Bob")
    assert code == 2
    assert "AnswersError" in err
    assert "Traceback" not in err


def test_signs_and_markup_do_no_harm(ask: Run, tmp_path: Path) -> None:
    ask('4 =HYPERLINK("http://x")\ndon\'t know, ask Bob\n', "--as", "Ann")
    assert "\"'=HYPERLINK" in (tmp_path / "answers.csv").read_text("utf-8")
    found = read_answers(tmp_path)
    assert found[0].comment == '=HYPERLINK("http://x")'
    assert (found[1].answer, found[1].comment) == (None, "ask Bob")
    code, _, err = ask("4 <b>bold</b>\n", "--as", "Bob")
    assert code == 2
    assert "markup" in err


def test_nobody_and_nowhere_are_refused(ask: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = ask("")
    assert code == 2
    assert "Nobody is named" in err
    monkeypatch.setattr(sys, "argv", ["fourwalls", "ask", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="2"):
        cli.main()


def test_a_broken_file_is_left_as_it_is(ask: Run, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("question,respondent,answer\nwaste,Ann,9\n", "utf-8")
    code, _, err = ask("4\n", "--as", "Bob")
    assert code == 2
    assert "row 2" in err
    assert "Ann,9" in (tmp_path / "answers.csv").read_text("utf-8")


def test_all_answered_asks_nothing(ask: Run) -> None:
    ask("3\n" * 10, "--as", "Ann")
    code, out, _ = ask("", "--as", "Ann")
    assert code == 0
    assert "10 answered, 0 to go" in out
    assert "> " not in out
