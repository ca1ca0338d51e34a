"""The first records behind numbers, looked up with the run, so that a page can show them without reading tables again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fourwalls.diagnosis import Diagnosis
from fourwalls.explaining import is_of_lines, is_of_shelves, stage_of, table_of
from fourwalls.numbers import Number, numbers
from fourwalls.study import Study
from fourwalls.surfaces import wording

# Assets whose records are looked up: each look takes some hundredths of a second.
MOST_ASSETS, MOST_RECORDS = 20, 5
_LONGEST = 60

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Records:
    """The first records behind some numbers.

    Attributes:
        source: What they are.
        query: The SQL that reads them.
        in_all: How many there are; None where nobody counted.
        columns: Their names.
        rows: The first of them, as text.
    """

    source: str
    query: str
    in_all: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def key_of(number: Number) -> Key:
    """What numbers have in common that were counted in the same records."""
    asset, table = number.asset.name if number.asset else "", table_of(number)
    if not (is_of_lines(number) or is_of_shelves(number)):
        return asset, table, ""
    kind = "lines" if is_of_lines(number) else "shelves"
    return asset, table, f"{kind}:{stage_of(number) or ''}"


def looked_up(study: Study, found: Diagnosis) -> Mapping[Key, Records]:
    """Records of the whole and of the assets with most to recover."""
    wanted = {"", found.total.name, *(a.name for a in found.assets[:MOST_ASSETS])}
    one_of: dict[Key, str] = {}
    for number in numbers(found).values():
        key = key_of(number)
        if key[0] in wanted and key[1]:
            one_of.setdefault(key, number.id)
    made = {}
    for key, name in one_of.items():
        told = study.explain(name, MOST_RECORDS, parts=False)
        if told.records is not None:
            rows = tuple(tuple(_shown(v) for v in row.values()) for row in told.records.to_pylist())
            made[key] = Records(told.source, told.query, told.in_all, tuple(told.records.column_names), rows)
    return made


def _shown(value: object) -> str:
    text = "–" if value is None else f"{value:.6g}" if isinstance(value, float) else wording.plain(str(value))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
