"""Every bold figure of docs/evidence.md, calculated by the product."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fourwalls.answers import NAMES, Answer, disagreement, judged, judged_answers
from fourwalls.figures import Estimate, Figure
from fourwalls.portfolio import SignalThresholds
from fourwalls.resampling import draw_clusters
from fourwalls.signals.channel_complexity import channel_cancellations
from fourwalls.signals.leaning import firmness
from fourwalls.signals.lines import ten_lines
from fourwalls.signals.material import Loop, Material, Rules, Skus
from fourwalls.signals.scale import response_to_volume
from fourwalls.signals.speed import latency_share
from fourwalls.signals.steady_demand import demand_variation, service_swing

from .made import WEEKS, loss, material, portfolio

DOC = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text("utf-8")


def value(figure: Figure) -> float:
    assert isinstance(figure, Estimate), figure
    return figure.value


def told(section: str, *figures: float) -> None:
    """The bold figures of a section's examples are these, in this order."""
    text = DOC.split(f"{section}\n", 1)[1].split("\n#", 1)[0]
    bold = [part for part in text.split("**")[1::2] if part.replace(".", "").isdigit()]
    assert [float(b) for b in bold] == pytest.approx(figures, abs=0.0005 + 1e-9), section


def strength(name: str, made: Material) -> float:
    line = {x.name: x for x in ten_lines(made, portfolio())}[name]
    assert line.lean in ("operate", "orchestrate")
    return line.strength


def test_strength() -> None:
    near, far = (firmness(Estimate(0.02, low, 0.03, "share"), 0.01) for low in (0.015, 0.005))
    told("# Signals and tests", near, far)


def test_stable_demand() -> None:
    lines = np.tile([1000.0, 1200.0], WEEKS // 2)
    served, due = np.tile([98.0, 82.0], 4), np.full(8, 100.0)
    short = material(
        served=served, due=due, lines=due, revenue=due, whole=np.ones(8, dtype=np.bool_), draws=draw_clusters(8, 1)
    )
    told(
        "### Stable demand, inconsistent service",
        value(demand_variation(material(lines=lines))),
        value(service_swing(short)),
    )


def test_channel_complexity() -> None:
    # As many lines of each sku, channels 2 and 3 in equal parts: mean 2.5, and 0.006 more cancelled for one more.
    channels = np.tile([2.0, 3.0], 50)
    rise = channel_cancellations(Skus(channels, np.full(100, 1000.0), np.where(channels > 2, 26.0, 20.0)))
    told("### Growth capped by channel complexity", value(rise) * 0.4)


def test_status_work() -> None:
    def split(inside: float) -> Material:
        return material(losses=(loss("status", 0.006 * inside), loss("status", 0.006 * (1 - inside), "between")))

    told(
        "### Manual status work",
        300 * 30 / 1_500_000,
        strength("status_work", split(0.7)),
        strength("status_work", split(0.2)),
    )
    assert strength("status_work", split(0.5)) == pytest.approx(0.8333 / 2, abs=1e-4)


def test_disconnected_data() -> None:
    theirs, ours = (material(losses=(loss("feed", 0.004, wall),)) for wall in ("between", "inside"))
    told("### Disconnected data", strength("disconnected_data", theirs), strength("disconnected_data", ours))


def test_waste() -> None:
    made = material(losses=(loss("waste", 0.012), loss("waste", 0.004, "between")))
    told("### Avoidable operational waste", strength("waste", made))


def test_partners() -> None:
    told("### Partners unlock growth", strength("partners", material(losses=(loss("overflow", 0.01, "between"),))))


def test_scale() -> None:
    lines = np.tile([1000.0, 1300.0], WEEKS // 2)
    cost = np.tile([3.00, 3.12], WEEKS // 2)
    slope = value(response_to_volume(material(lines=lines), "cost", cost * lines, lines, is_log=True))
    told("### Scale", slope, math.exp(slope * math.log(1.3)) - 1)


def test_speed() -> None:
    half, rest = np.full(WEEKS, 30.0), np.full(WEEKS, 10.0)
    # Two orders a week: 60 of 240 hours and 20 of 160.
    loop = Loop(half * 3600, (half + 2 * rest) * 3600, np.full(WEEKS, 400.0 * 3600), np.full(WEEKS, 2.0))
    told("### Speed of decisions", value(latency_share(material(loop=loop))))


def test_facing() -> None:
    amounts = {"content": 6, "listing": 3, "fulfilment": 5, "supply": 4, "waste": 2}
    made = material(losses=tuple(loss(stage, amount / 1000) for stage, amount in amounts.items()))
    line = {x.name: x for x in ten_lines(made, portfolio())}["facing"]
    assert line.lean == "neither"
    told("### Customer-facing or system-facing", value(line.readings[0].figure))


def test_governance() -> None:
    told("### Governance", strength("governance", material(rules=Rules(0.35))))


def test_answers() -> None:
    rows = [Answer("waste", f"p{i}", v) for i, v in enumerate((4, 5, 5, 3))]
    found = judged_answers(rows, SignalThresholds())["waste"]
    four = [n for n in NAMES if n in ("channel_complexity", "status_work", "disconnected_data", "partners")]
    alone = judged(portfolio(), [Answer(name, "A", 5) for name in four])
    told("## Answers", found.strength, disagreement([3, 5]) or 0.0, alone.certainty)


def test_defaults_in_the_text_are_those_of_the_product() -> None:
    t = SignalThresholds()
    assert (t.steady_variation, t.service_swing, t.missed_share) == (0.25, 0.03, 0.02)
    assert (t.channels_per_sku, t.complexity_share, t.clear_share) == (1.5, 0.005, 0.6)
    assert (t.growth, t.scale_change, t.latency_value, t.latency_share) == (0.3, 0.02, 0.005, 0.25)
    assert (t.level_below, t.level_far, t.ready_share, t.judged_lean) == (0.002, 0.01, 0.7, 0.25)
