"""Quality rules of contracts, run as queries on the canonical tables they name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np

from fourwalls.engines.base import Asks, Engine
from fourwalls.errors import FourwallsError
from fourwalls.governance.checks import KEPT_SHARE, LEAST_OCCASIONS, Status
from fourwalls.governance.contracts import Contract, plain
from fourwalls.governance.questions import quality_rules
from fourwalls.governance.records import Feed
from fourwalls.governance.shares import share_of

_NAME = re.compile(r"\$?\{(object|table|property|column)\}")


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """One quality rule and what the rows say of it.

    Attributes:
        contract_id, where: Whose, file and line.
        about: Table or table.column; the feed where its deliveries were counted.
        rule: In words, e.g. "nullValues must be 0".
        found: What was counted; None where it could not be.
        n: Rows (or deliveries) looked at.
        status, because: What follows, and why.
    """

    contract_id: str
    where: str
    about: str
    rule: str
    found: float | None
    n: int
    status: Status
    because: str


class _CannotTellError(Exception):
    """A rule that cannot be run; says why."""


def check_quality(
    contract: Contract,
    engine: Engine,
    rows: Mapping[str, ir.Table],
    feeds: Sequence[Feed],
    kept_share: float = KEPT_SHARE,
) -> tuple[QualityCheck, ...]:
    """Every quality rule of a contract.

    Rows are those intake kept: what it set aside is told in data health and counted here no second time. A row count of an object
    that is none of our tables is asked of each delivery of the contract's feed. Only a single SELECT is run of what is written as SQL.

    Args:
        contract: Whose rules.
        engine, rows: Where the canonical tables are.
        feeds: Deliveries of the contract's feeds.
        kept_share: Share of deliveries that must keep a rule on deliveries.
    """
    return tuple(
        _checked(contract, path, rule, engine, rows, feeds, kept_share) for path, rule in quality_rules(contract)
    )


def _checked(
    contract: Contract, path: tuple[str | int, ...], rule: Mapping[str, Any], engine: Engine, rows: Mapping[str, ir.Table],
    feeds: Sequence[Feed], kept_share: float,
) -> QualityCheck:  # fmt: skip
    table = contract.list_of("schema")[int(path[1])]
    column = table["properties"][int(path[3])] if path[2] == "properties" else None
    about = str(table["name"]) + (f".{column['name']}" if column else "")
    words, holds = _condition(rule)
    metric = rule.get("metric") or rule.get("rule")
    told = f"{metric or rule.get('type') or 'rule'} {words}".strip()
    head = (contract.id, contract.at(*path), about, told)
    try:
        name = _table_name(table, rows)
        if plain(metric) == "rowcount" and name is None and feeds:
            return QualityCheck(*head, *_by_delivery(feeds, holds, kept_share))
        found, n = _found(rule, metric, name, column, rows, engine, contract.at(*path))
        kept = holds(found)
    except _CannotTellError as error:
        return QualityCheck(*head, None, 0, "not checkable", str(error))
    except FourwallsError as error:
        return QualityCheck(*head, None, 0, "not checkable", error.what)
    shown = f"found {found:,.6g}"
    return QualityCheck(*head, found, n, "met" if kept else "missed", shown)


def table_of(table: Mapping[str, Any], rows: Mapping[str, Any]) -> str | None:
    """The canonical table an object of a contract's schema is about, by its name or physical name; None if none of ours."""
    return _table_name(table, rows)


def _table_name(table: Mapping[str, Any], rows: Mapping[str, Any]) -> str | None:
    ours = {plain(name): name for name in rows}
    for key in ("name", "physicalName"):
        # A physical name may carry schema and file ending: erp.order_lines, order_lines.parquet.
        for part in (str(table.get(key) or ""), *re.split(r"[./]", str(table.get(key) or ""))):
            if plain(part) in ours:
                return ours[plain(part)]
    return None


_OPERATORS: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "mustBe": ("must be", lambda a, b: math.isclose(a, b)),
    "mustNotBe": ("must not be", lambda a, b: not math.isclose(a, b)),
    "mustBeGreaterThan": ("must be above", lambda a, b: a > b),
    "mustBeGreaterOrEqualTo": ("must be at least", lambda a, b: a >= b),
    "mustBeLessThan": ("must be below", lambda a, b: a < b),
    "mustBeLessOrEqualTo": ("must be at most", lambda a, b: a <= b),
}


def _condition(rule: Mapping[str, Any]) -> tuple[str, Callable[[float], bool]]:
    """A rule's comparison in words, and as a question to a figure."""
    unit = " %" if _percent(rule) else ""
    for key, (words, holds) in _OPERATORS.items():
        if key in rule:
            return _single(words, rule[key], unit, holds)
    for key, inside in (("mustBeBetween", True), ("mustNotBeBetween", False)):
        if key in rule:
            return _between(rule[key], unit, inside=inside)
    return "", lambda _: _cannot("it says nothing to compare with")


def _single(
    words: str, value: object, unit: str, holds: Callable[[float, float], bool]
) -> tuple[str, Callable[[float], bool]]:
    if not isinstance(value, int | float):
        return f"{words} {value!r}", lambda _: _cannot(f"it compares with {value!r}, no number")
    return f"{words} {value:g}{unit}", lambda found: holds(found, float(value))


def _between(ends: Sequence[float], unit: str, *, inside: bool) -> tuple[str, Callable[[float], bool]]:
    low, high = ends
    words = f"must {'' if inside else 'not '}be between {low:g} and {high:g}{unit}"
    return words, lambda found: (low <= found <= high) is inside


def _cannot(why: str) -> bool:
    raise _CannotTellError(why)


def _percent(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("unit") or "").strip().lower() in ("percent", "%", "pct", "percentage")


def _by_delivery(
    feeds: Sequence[Feed], holds: Callable[[float], bool], bar: float
) -> tuple[float | None, int, Status, str]:
    """Share of deliveries whose rows keep a rule; one that did not come has none."""
    counts = np.concatenate([np.where(np.isfinite(f.arrived), f.arrived_rows, 0.0) for f in feeds])
    at = np.concatenate([f.expected for f in feeds])
    known = np.isfinite(counts)
    if known.sum() < LEAST_OCCASIONS:
        raise _CannotTellError(f"only {int(known.sum())} deliveries with their rows; {LEAST_OCCASIONS} are needed")
    kept = np.array([float(holds(c)) for c in counts[known].tolist()])
    figure = share_of(kept, at[known])
    status: Status = "met" if figure.value >= bar else "missed" if figure.high < bar else "undecided"
    return (
        figure.value,
        len(kept),
        status,
        f"kept by {figure.value:.1%} of {len(kept):,} deliveries; asked are {bar:.0%}",
    )


def _found(
    rule: Mapping[str, Any], metric: str | None, name: str | None, column: Mapping[str, Any] | None, rows: Mapping[str, ir.Table],
    engine: Engine, place: str,
) -> tuple[float, int]:  # fmt: skip
    """What a rule counts, and the rows it looked at."""
    kind = rule.get("type") or ("library" if metric else "text")
    if kind not in ("library", "sql"):
        raise _CannotTellError(f"a rule of type '{kind}' is for people or for another tool")
    if name is None:
        raise _CannotTellError("its object is none of our tables")
    table = rows[name]
    n = int(engine.run(table.aggregate(n=table.count()))["n"][0].as_py())
    if kind == "sql":
        return _asked(rule, name, column, engine, rows, place), n
    if plain(metric) == "rowcount":
        return float(n), n
    counted = _counted(rule, plain(metric), table, column)
    value = float(engine.run(table.aggregate(found=counted))["found"][0].as_py() or 0)
    return (100 * value / n if n else 0.0) if _percent(rule) else value, n


def _counted(
    rule: Mapping[str, Any], metric: str, table: ir.Table, column: Mapping[str, Any] | None
) -> ir.IntegerValue:
    arguments = rule.get("arguments") or {}
    if metric == "duplicatevalues":
        names = [str(p) for p in arguments.get("properties") or ([column["name"]] if column else [])]
        values = [_column(table, {"name": name}) for name in names]
        if not values:
            raise _CannotTellError("it names no property that must not repeat")
        known = ibis.and_(*(v.notnull() for v in values))
        key = ibis.struct({f"k{i}": v for i, v in enumerate(values)})
        # Rows beyond the first of each value; a null is no value.
        return known.sum() - key.nunique(where=known)
    if column is None:
        raise _CannotTellError(f"{metric} needs a property")
    value = _column(table, column)
    if metric == "nullvalues":
        return value.isnull().sum()
    text = value.cast("string")
    if metric == "missingvalues":
        listed = arguments.get("missingValues")
        gone = [str(v) for v in listed if v is not None] if listed is not None else [""]
        missing = text.isin(gone)
        return (missing | value.isnull()).sum() if listed is None or None in listed else missing.fill_null(False).sum()
    if metric == "invalidvalues":
        return _invalid(arguments, value, text)
    raise _CannotTellError(f"no metric '{metric}' is known")


def _invalid(arguments: Mapping[str, Any], value: ir.Value, text: ir.StringValue) -> ir.IntegerValue:
    allowed, pattern = arguments.get("validValues"), arguments.get("pattern")
    if allowed is None and pattern is None:
        raise _CannotTellError("it says neither validValues nor pattern")
    good = ibis.literal(True)
    if allowed is not None:
        good &= text.isin([str(v) for v in allowed])
    if pattern is not None:
        good &= text.re_search(str(pattern))
    return (value.notnull() & ~good).sum()


def _column(table: ir.Table, column: Mapping[str, Any]) -> ir.Value:
    ours = {plain(name): name for name in table.columns}
    for key in ("name", "physicalName"):
        if plain(column.get(key) or "") in ours:
            return table[ours[plain(column[key])]]
    raise _CannotTellError(f"our table has no column '{column.get('name')}'")


def _asked(
    rule: Mapping[str, Any],
    name: str,
    column: Mapping[str, Any] | None,
    engine: Engine,
    rows: Mapping[str, ir.Table],
    place: str,
) -> float:
    if not isinstance(engine, Asks):
        raise _CannotTellError("this engine runs no SQL of contracts")
    names = {
        "object": name,
        "table": name,
        "property": column["name"] if column else "",
        "column": column["name"] if column else "",
    }
    query = _NAME.sub(lambda m: '"' + str(names[m[1]]).replace('"', '""') + '"', str(rule["query"]))
    table = engine.ask(query, f"contracts/{place}", rows)
    if table.num_rows != 1 or table.num_columns != 1:
        raise _CannotTellError("its query does not give one number")
    value = table.column(0)[0].as_py()
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _CannotTellError(f"its query gives {value!r}, no number") from None
