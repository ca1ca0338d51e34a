"""Ground from a folder, as the study would lay it, without the rest of a diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from fourwalls import study
from fourwalls.evidence.ground import Ground


@contextmanager
def ground_of(folder: Path) -> Iterator[Ground]:
    with study.open(folder) as s:
        intake, (axes, panel) = s._intake, s._counts
        channels = intake.rows.get("channels")
        of: dict[str, str] = {}
        if channels is not None:
            table: pa.Table = s._engine.run(channels.select("channel_id", "party_id"))
            pairs = zip(table["channel_id"].to_pylist(), table["party_id"].to_pylist(), strict=True)
            of = {str(c): str(p) for c, p in pairs if p is not None}
        yield Ground(
            engine=s._engine,
            rows=intake.rows,
            lines=intake.lines,
            portfolio=s.portfolio,
            party_names=s._book.names,
            channel_party=of,
            assets=axes.assets,
            spans=axes.spans,
            span_seconds=intake.span_seconds,
            draws=panel.draws,
            period=intake.period,
        )
