"""Ground for evidence, from a portfolio folder: what the product itself hands over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fourwalls as fw
from fourwalls.evidence.ground import Ground


@contextmanager
def ground_of(folder: Path, seed: int = 1) -> Iterator[Ground]:
    """The ground that a study of this folder stands on."""
    with fw.open(folder, seed=seed) as study:
        intake = study._intake
        axes, panel = study._counts
        book = study._book
        channels = intake.rows.get("channels")
        party_of = {}
        if channels is not None:
            told = study._engine.run(channels.select("channel_id", "party_id")).to_pylist()
            party_of = {row["channel_id"]: row["party_id"] for row in told if row["party_id"] is not None}
        yield Ground(
            engine=study._engine,
            rows=intake.rows,
            lines=intake.lines,
            portfolio=study.portfolio,
            party_names=book.names,
            channel_party=party_of,
            assets=axes.assets,
            spans=axes.spans,
            span_seconds=intake.span_seconds,
            draws=panel.draws,
            period=intake.period,
        )
