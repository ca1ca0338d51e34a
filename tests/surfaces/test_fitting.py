"""Tables that fit: what goes first, what is wrapped, and that nothing is cut."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from fourwalls.surfaces.fitting import Column, fitted

COLUMNS = (
    Column("Asset", is_words=True),
    Column("Brings"),
    Column("To begin", goes=2),
    Column("Why", is_words=True, goes=1),
)
ROWS = [
    [Text(x) for x in ("Leisure, family and car · Rest of Southeast", "EUR 1,200,000", "EUR 40,000", "others bring more")],
    [Text(x) for x in ("Wine", "EUR 40", "EUR 1", "may not be chosen")],
]  # fmt: skip


def printed(width: int, rows: list[list[Text]] = ROWS) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    console.print(fitted("", COLUMNS, rows, console))
    return out.getvalue()


def test_with_room_everything_stands_on_one_line() -> None:
    assert "Leisure, family and car · Rest of Southeast   EUR 1,200,000   EUR 40,000   others bring more" in printed(
        120
    )


def test_the_least_important_go_first_and_are_named() -> None:
    assert "At this width without" not in printed(80)
    assert "At this width without: to begin." in printed(52)
    assert "At this width without: to begin, why." in " ".join(printed(40).split())


@pytest.mark.parametrize("width", [40, 52, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(width: int) -> None:
    text = printed(width)
    assert all(len(line) <= width for line in text.splitlines())
    assert "EUR 1,200,000" in text
    assert all(word in text for word in ["Leisure,", "family", "and", "car", "Rest", "of", "Southeast"])


@given(st.integers(36, 130), st.lists(st.text("ab ", min_size=1, max_size=60), min_size=1, max_size=4))
def test_any_words_are_kept_whole_in_their_letters(width: int, names: list[str]) -> None:
    text = printed(width, [[Text(name), Text("EUR 1"), Text("EUR 2"), Text("why not")] for name in names])
    assert all(len(line) <= width for line in text.splitlines())
    letters = [c for c in text.partition("───")[2] if c in "ab"]
    assert len([c for c in letters if c == "b"]) >= sum(name.count("b") for name in names)
