"""Writing SQL from names and values nobody has vetted."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import duckdb

DATA = "{data}"
"""What stands for the data folder in a mapping; see `tables.sources`."""

COMMENT_WIDTH = 110


def ident(name: str) -> str:
    """A column's name as SQL: bare where that is safe, else quoted."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in _keywords():
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def literals(values: tuple[str, ...]) -> str:
    """Texts as a SQL list of strings: `'a', 'b'`."""
    return ", ".join(literal(v) for v in values)


def plain(text: str, most: int = 60) -> str:
    """Text from a file as it may stand in a comment: one line, no control characters, not too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = line.replace(DATA, "{ data }")
    return line if len(line) <= most else line[: most - 1] + "…"


def comment(text: str, indent: str = "") -> list[str]:
    """A comment in lines of readable width."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) + 1 > COMMENT_WIDTH - len(indent):
            lines.append(line)
            line = "  " + word
        else:
            line = f"{line} {word}" if line else word
    return [f"{indent}-- {part}" for part in [*lines, line]]


def bound(sql: str, data: str) -> str:
    """SQL with the data folder in place of `{data}`."""
    return sql.replace(DATA, data.replace("'", "''"))


def glob_safe(name: str) -> str:
    """A file's relative name in which no character stands for others."""
    return re.sub(r"[*?\[]|\{(?=data\})", lambda found: f"[{found[0]}]", name)


def one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The only row of a query, e.g. of an aggregate."""
    return tuple(connection.execute(query).fetchall()[0])


@cache
def _keywords() -> frozenset[str]:
    query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    with duckdb.connect() as connection:
        return frozenset(row[0] for row in connection.execute(query).fetchall())
