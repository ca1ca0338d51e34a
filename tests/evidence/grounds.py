"""The ground evidence stands on, for tests: from a study that is open."""

from __future__ import annotations

from fourwalls.evidence.ground import Ground
from fourwalls.study import Study


def ground_of(study: Study) -> Ground:
    """Everything a study knows of its tables, as evidence asks for it."""
    intake, book = study._intake, study._book
    axes, panel = study._counts
    channels = intake.rows.get("channels")
    runs = {}
    if channels is not None:
        table = study._engine.run(channels.select("channel_id", "party_id"))
        runs = dict(zip(table["channel_id"].to_pylist(), table["party_id"].to_pylist(), strict=True))
    return Ground(
        engine=study._engine,
        rows=intake.rows,
        lines=intake.lines,
        portfolio=study.portfolio,
        party_names=book.names,
        channel_party={c: p for c, p in runs.items() if p is not None},
        assets=tuple(axes.assets),
        spans=axes.spans,
        span_seconds=intake.span_seconds,
        draws=panel.draws,
        period=intake.period,
    )
