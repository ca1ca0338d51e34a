"""A Ground on a portfolio folder, for tests of evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fourwalls as fw
from fourwalls.evidence.ground import Ground


@contextmanager
def ground_of(folder: Path) -> Iterator[Ground]:
    """What evidence is found on, as a study sees it."""
    with fw.open(folder) as study:
        intake = study._intake
        axes, panel = study._counts
        channels = intake.rows.get("channels")
        table = study._engine.run(channels.select("channel_id", "party_id")).to_pydict() if channels is not None else {}
        pairs = zip(table.get("channel_id", []), table.get("party_id", []), strict=True)
        yield Ground(
            study._engine,
            intake.rows,
            study._lines,
            study.portfolio,
            study._book.names,
            {c: p for c, p in pairs if p is not None},
            axes.assets,
            axes.spans,
            intake.span_seconds,
            panel.draws,
            intake.period,
        )
