"""Writes the pages that are made from code: docs/tables.md and docs/portfolio.md. `make docs`; a test checks for drift."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

from fourwalls.portfolio import (
    ASSUMPTIONS,
    DEFAULT_ON_TIME_SHARE,
    GRAINS,
    STAGES,
    TARGETS,
    WORK_CLASSES,
    SignalThresholds,
    Thresholds,
)
from fourwalls.tables.schema import KIND_IN_WORDS, TABLES

HERE = Path(__file__).parent
EVENT_LOGS = """\
Also read: `work_log.xes` (XES: a trace is a case; events whose lifecycle is not `complete` are left out and counted), `work_log.jsonocel` and
`work_log.sqlite` (OCEL 2.0: objects of the type that most events touch are the cases; an event of several cases counts in each, its effort in
equal parts). `concept:name`, `time:timestamp` and `org:resource` become activity, at and actor_id; attributes named like a column above fill it.
"""


def tables_page() -> str:
    """Every canonical table with its columns."""
    parts = [
        "# Canonical tables\n",
        "Made by `make docs`. Every table is optional but `order_lines`; `*` marks columns a table cannot do without. Times without a "
        "zone are read as UTC unless portfolio.toml says `time_zone`; a promise given as a date counts until the end of that day; money is in the portfolio's currency; quantities in sales units. "
        "This version diagnoses from `order_lines`, `products`, `nodes`, `channels` and `parties`; `fourwalls check` reads them all.\n",
    ]
    for table in TABLES.values():
        key = f" Key: {', '.join(table.key)}." if table.key else ""
        parts.append(f"## {table.name}\n\nOne row is {_with_article(table.grain)}.{key}\n")
        parts.append("| column | kind | meaning |\n|---|---|---|")
        rows = [
            f"| {c.name}{'*' if c.needed else ''} | {KIND_IN_WORDS[c.kind].split(' (')[0]} | {c.about} |"
            for c in table.columns
        ]
        parts.append("\n".join(rows) + "\n")
        if table.name == "work_log":
            parts.append(EVENT_LOGS)
        if table.never_before:
            pairs = "; ".join(f"{later} before {earlier}" for earlier, later in table.never_before)
            parts.append(f"Rows with {pairs} are set aside.\n")
    return "\n".join(parts)


def _with_article(grain: str) -> str:
    return grain if grain.startswith(("one ", "what ")) else f"one {grain}"


def _settings(kind: type[Thresholds | SignalThresholds]) -> str:
    about = dict(re.findall(r"^    (\w+): (.+?)(?=^    \w+:|\Z)", inspect.getdoc(kind) or "", re.DOTALL | re.MULTILINE))
    return "\n".join(
        f"| {f.name} | {f.default} | {' '.join(about[f.name].split())} |" for f in dataclasses.fields(kind)
    )


def portfolio_page() -> str:
    """Every setting of portfolio.toml."""
    thresholds, signals = _settings(Thresholds), _settings(SignalThresholds)
    return f"""# portfolio.toml

Made by `make docs`. Unknown settings are errors that name the line.

```toml
[portfolio]
name = "My shop"
currency = "EUR"                       # ISO 4217, of all amounts
own_party_id = "own"                   # us, as in the table parties
asset = ["category", "destination"]    # any of {", ".join(GRAINS)}
start = 2025-01-01                     # optional, with end (exclusive); default: all days on record
end = 2026-01-01
time_zone = "Europe/Berlin"            # optional: zone of timestamps that carry none; default UTC

[source]
url = "duckdb:///path/to/file.duckdb"  # optional: tables the SQL files may name besides {{data}}

[targets]                              # optional; on_time_share is {DEFAULT_ON_TIME_SHARE} where you set none
on_time_share = 0.95
fulfilment_hours = 24

[[service_levels]]                     # optional: what a party has promised
party_id = "swift"
stage = "carriage"                     # {", ".join(STAGES[:3])}
value = 2
unit = "days"                          # or hours
destination = "south"                  # optional
```

**[targets]** {", ".join(TARGETS)}. This version uses on_time_share and the hours of release, fulfilment and carriage; where the record shows a gate (docs/method.md), hours of a target stand still on days on which it never opens, and behind a tour the next tour after them is asked for.

**[assumptions]** {", ".join(ASSUMPTIONS)}; **[paths.operate]** and **[paths.orchestrate]** one_off_amount and run_amount_per_year as
{{low, mode, high}}, people_weeks likewise in weeks, shared_one_off = ["NAME"] for enablers it needs; **[[assets]]** overrides, role ("engine", "experiment", "heritage") and owner, both shown on the page. They are checked and carried, for the value of a path.

**[allocation]** budget_amount, people_weeks; risk_limit_amount, the mean loss that can be borne in the worst risk_share (0.1) of the draws;
**[allocation.enablers.NAME]** cost_amount, people_weeks: what is paid once and serves several assets.

**[work]** {", ".join(WORK_CLASSES)}: lists of words by which your cases and activities of that kind are called, beside those we know
(`status = ["call round"]`). A word counts where a word of the text begins with it; with `*` before it, anywhere.

**[verdict]** thresholds:

| setting | default | meaning |
|---|---|---|
{thresholds}

**[signals]** where a signal or test begins to lean (see evidence.md):

| setting | default | meaning |
|---|---|---|
{signals}
"""


PAGES = {"tables.md": tables_page, "portfolio.md": portfolio_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), "utf-8")
