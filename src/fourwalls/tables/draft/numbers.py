"""Text that is a number: decimal points or commas, thousands separators, currency signs."""
# ruff: noqa: S608 - every name and value goes through sqltext

from __future__ import annotations

import dataclasses

import duckdb

from fourwalls.tables.draft.columns import Column, Wrap
from fourwalls.tables.draft.sqltext import one_row

_PATTERNS = {
    "plain": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "comma": r"[+-]?\d+(,\d+)?",
    "us": r"[+-]?\d{1,3}(,\d{3})*(\.\d+)?",
    "eu": r"[+-]?\d{1,3}(\.\d{3})*(,\d+)?",
}
_SQL = {
    "plain": Wrap("CAST(", " AS DOUBLE)"),
    "comma": Wrap("CAST(replace(", ", ',', '.') AS DOUBLE)"),
    "us": Wrap("CAST(replace(", ", ',', '') AS DOUBLE)"),
    "eu": Wrap("CAST(replace(replace(", ", '.', ''), ',', '.') AS DOUBLE)"),
}
# What may surround the digits of an amount: a currency sign or code, spaces, a percent sign.
_AROUND = r"[^\d,.+-]"
_SIGN = r"([€$£¥₹]|R\$|kr|[A-Z]{3})?"
_MONEY = rf"\s*{_SIGN}\s*[+-]?[\d.,]+\s*(%|{_SIGN})\s*"
_STRIPPED = Wrap("regexp_replace(", rf", '{_AROUND}', '', 'g')")


def number_text(connection: duckdb.DuckDBPyConnection, column: Column) -> Column | None:
    """The column as numbers; None if its values, in the table `seen`, are none.

    Digits with a leading zero are an id, not a number.
    """
    matches = ", ".join(f"count(*) FILTER (regexp_full_match(n, '{pattern}'))" for pattern in _PATTERNS.values())
    bare = f"CASE WHEN regexp_full_match(v, '{_PATTERNS['plain']}') THEN v ELSE {_STRIPPED('v')} END"
    total, strange, signs, zeros, *counts = one_row(
        connection,
        f"SELECT count(*), count(*) FILTER (n <> v AND NOT regexp_full_match(v, '{_MONEY}')), "
        rf"count(*) FILTER (n <> v), count(*) FILTER (regexp_matches(v, '^0\d')), {matches} "
        f"FROM (SELECT v, {bare} AS n FROM seen)",
    )
    form = next((f for f, n in zip(_PATTERNS, counts, strict=True) if n == total), None)
    if not total or strange or zeros or form is None:
        return None
    parse = _SQL[form]
    if signs:
        parse = Wrap(parse.before + _STRIPPED.before, _STRIPPED.after + parse.after)
    low, high, fractions = one_row(
        connection, f"SELECT min(x), max(x), count(*) FILTER (x <> floor(x)) FROM (SELECT {parse('v')} AS x FROM seen)"
    )
    doubt = None
    if form == "comma" and counts[list(_PATTERNS).index("us")] == total:
        doubt = "a comma before three digits, read as a decimal comma"
    return dataclasses.replace(
        column, holds="number", parse=parse, low=low, high=high, whole=fractions == 0, doubt=doubt
    )
