"""Print decision quality as Markdown tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.quality import scoring, signals
from benchmarks.quality.scoring import Case, score

DIAGNOSIS = "fourwalls"

_ORDER_FLOW = ("release", "fulfilment", "carriage", "promise")


def told(by_rival: Mapping[str, Sequence[Case]], failures: Sequence[str], seconds: float) -> str:
    """The whole report."""
    mine = by_rival[DIAGNOSIS]
    worlds = len({c.trial.name for c in mine})
    lines = [
        f"# Decision quality on {worlds} known worlds, {len(mine)} assets",
        "",
        "Ranges are 90 % by bootstrap over worlds. What is not said counts as wrong.",
        "",
        "| who | right path | as good as the best | regret, of the oracle's value | the same where the records can tell | false alarms where nothing is wrong |",
        "|---|---|---|---|---|---|",
    ]
    for name, some in by_rival.items():
        cells = [
            score(some, m).told()
            for m in (
                scoring.right_path,
                scoring.as_good_as_best,
                scoring.regret,
                scoring.regret_seen,
                scoring.false_alarms,
            )
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", *_strata(mine), "", *_single_figures(mine), "", *_confusion(mine), *_reliability(mine)]
    if any(c.answer and c.answer.lines for c in mine):
        lines += ["", *signals.table(mine), "", *signals.by_defect(mine)]
    if failures:
        lines += ["", f"The diagnosis failed on {len(failures)} of {worlds} worlds; first: {failures[0]}"]
    lines += ["", f"Took {seconds:.0f} s."]
    return "\n".join(lines) + "\n"


def _strata(mine: Sequence[Case]) -> list[str]:
    lines = ["| stratum | right path | regret | first bottleneck |", "|---|---|---|---|"]
    groups = {
        name: [c for c in mine if c.trial.stratum == name] for name in dict.fromkeys(c.trial.stratum for c in mine)
    }
    groups |= {f"alone, {level}": [c for c in mine if c.trial.severity == level] for level in ("low", "medium", "high")}
    groups["bottleneck in the order flow"] = [c for c in mine if _first_stage(c) in _ORDER_FLOW]
    groups["bottleneck elsewhere"] = [c for c in mine if _first_stage(c) not in (*_ORDER_FLOW, "")]
    groups |= {
        f"{size:,} lines".replace(",", " "): [c for c in mine if c.trial.lines == size]
        for size in sorted({c.trial.lines for c in mine})
    }
    for name, some in groups.items():
        if some:
            cells = [score(some, m).told() for m in (scoring.right_path, scoring.regret, scoring.first_bottleneck)]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _first_stage(case: Case) -> str:
    """Stage of the true first bottleneck, where acting is worth it; else empty."""
    first = case.truth.first_bottleneck
    return first.stage if first and case.truth.best_path != "leave it" else ""


def _single_figures(mine: Sequence[Case]) -> list[str]:
    errors = scoring.value_errors(mine)
    middle = f"{100 * statistics.median(errors):.1f} % (n {len(errors)})" if errors else "nothing given"
    return [
        "| figure | value |",
        "|---|---|",
        f"| first bottleneck named (stage and party) | {score(mine, scoring.first_bottleneck).told()} |",
        f"| median error of the value of a path | {middle} |",
        f"| true values within their 80 % range | {score(mine, scoring.covered).told()} |",
        f"| Brier score of the chance of each path | {score(mine, scoring.brier).told(percent=False)} |",
        f"| refused where the telling table is missing | {score(mine, scoring.rightly_refused).told()} |",
        f"| refused although the data would tell | {score(mine, scoring.wrongly_refused).told()} |",
    ]


def _confusion(mine: Sequence[Case]) -> list[str]:
    rows = scoring.confusion(mine)
    said = list(dict.fromkeys(v for _, row in rows for v in row))
    lines = ["| true path, and what was said | " + " | ".join(said) + " |", "|---" * (len(said) + 1) + "|"]
    lines += [f"| {path} | " + " | ".join(str(row.get(v, 0)) for v in said) + " |" for path, row in rows]
    return lines


def _reliability(mine: Sequence[Case]) -> list[str]:
    rows = scoring.reliability(mine)
    if not rows:
        return []
    lines = ["", "| stated chance | paths | mean stated | came true |", "|---|---|---|---|"]
    return lines + [f"| {name} | {n} | {100 * p:.0f} % | {100 * t:.0f} % |" for name, n, p, t in rows]
