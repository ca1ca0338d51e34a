"""Tables that fit the terminal: the least important columns go before a name or a figure is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP, _EDGES = 3, 2
_LEAST_WORDS = 14


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        heading: Its title.
        is_words: Whether its cells may be wrapped; figures may not.
        goes: The higher, the earlier it goes where there is no room; 0 stays.
    """

    heading: str
    is_words: bool = False
    goes: int = 0

    def least(self, cells: Sequence[Text]) -> int:
        """The width below which something of it would be cut."""
        longest = max((cell.cell_len for cell in cells), default=0)
        if self.is_words:
            words = [len(word) for cell in cells for word in cell.plain.split()]
            longest = min(longest, max([_LEAST_WORDS, *words]))
        heading = [len(word) for word in self.heading.split()] if self.is_words else [len(self.heading)]
        return max([longest, *heading])


def fitted(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[Text]], console: Console, header: str = ""
) -> Table:
    """A table no wider than the console; what had to go is named below it.

    Args:
        title: Its title; "" for none.
        columns: Its columns.
        rows: Cells, as many in each as there are columns.
        console: Which it is for.
        header: Style of the headings.
    """
    cells = [[row[i] for row in rows] for i in range(len(columns))]
    least = [c.least(mine) for c, mine in zip(columns, cells, strict=True)]
    shown = list(range(len(columns)))
    for i in sorted(shown, key=lambda i: -columns[i].goes):
        if sum(least[j] for j in shown) <= _room(console, shown) or not columns[i].goes:
            break
        shown.remove(i)
    gone = [c.heading for i, c in enumerate(columns) if i not in shown]
    caption = f"At this width without: {', '.join(gone).lower()}." if gone else None
    table = Table(
        title=Text(title, "bold") if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
        header_style=header, caption=caption, caption_justify="left",
    )  # fmt: skip
    for i, width in _widths(columns, cells, least, shown, _room(console, shown)).items():
        c = columns[i]
        justify: Literal["left", "right"] = "left" if c.is_words else "right"
        table.add_column(Text(c.heading), justify=justify, no_wrap=not c.is_words, width=width, overflow="fold")
    for row in rows:
        table.add_row(*(row[i] for i in shown))
    return table


def _room(console: Console, shown: Sequence[int]) -> int:
    """Signs that cells have between the edges of the table and the gaps."""
    return console.width - _GAP * (len(shown) - 1) - _EDGES


def _widths(
    columns: Sequence[Column], cells: Sequence[Sequence[Text]], least: Sequence[int], shown: Sequence[int], room: int
) -> dict[int, int]:
    """The width of each column: as much as it asks for; where that is too much, the widest words are wrapped first."""
    widths = {i: max([len(columns[i].heading), *(cell.cell_len for cell in cells[i])]) for i in shown}
    while sum(widths.values()) > room:
        wide = [i for i in shown if columns[i].is_words and widths[i] > least[i]]
        if not wide:
            break
        widths[max(wide, key=lambda i: widths[i])] -= 1
    return widths
