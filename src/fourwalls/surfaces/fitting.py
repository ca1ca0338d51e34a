"""Tables that fit the terminal: the least important columns go before a name or a figure is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 3
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
        return max(longest, len(self.heading))


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
    least = [c.least([row[i] for row in rows]) for i, c in enumerate(columns)]
    shown = list(range(len(columns)))
    for i in sorted(shown, key=lambda i: -columns[i].goes):
        if sum(least[j] + _GAP for j in shown) <= console.width or not columns[i].goes:
            break
        shown.remove(i)
    gone = [c.heading for i, c in enumerate(columns) if i not in shown]
    caption = f"At this width without: {', '.join(gone).lower()}." if gone else None
    table = Table(
        title=Text(title, "bold") if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
        header_style=header, caption=caption, caption_justify="left", expand=bool(title),
    )  # fmt: skip
    for i in shown:
        c = columns[i]
        justify: Literal["left", "right"] = "left" if c.is_words else "right"
        table.add_column(
            Text(c.heading), justify=justify, no_wrap=not c.is_words, min_width=least[i],
            overflow="fold", ratio=1 if c.is_words and title and i == shown[0] else None,
        )  # fmt: skip
    for row in rows:
        table.add_row(*(row[i] for i in shown))
    return table
