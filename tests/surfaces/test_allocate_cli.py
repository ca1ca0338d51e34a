from __future__ import annotations

import io
import json

import numpy as np
from rich.console import Console

from fourwalls.allocation import Allocation, Enabler, Limits, Option, Risk, allocate
from fourwalls.figures import Refusal
from fourwalls.surfaces.allocate_cli import as_json, show_allocation

DRAWS = np.array([-1.0, 0.0, 1.0, 2.0])
OPTIONS = [
    Option("Bicycles", "orchestrate", 300_000.0, 100_000.0, 6, frozenset({"carrier"}), draws=300_000 + 1e4 * DRAWS),
    Option("Lamps", "operate", 200_000.0, 100_000.0, 3, draws=200_000 + 1e4 * DRAWS),
    Option("Wine\x1b[31m", "orchestrate", 50_000.0, 1_000.0, barred="no exit clause", draws=50_000 + 1e4 * DRAWS),
]


def shown(found: Allocation | Refusal) -> str:
    out = io.StringIO()
    show_allocation(found, "EUR", Console(file=out, width=200, color_system=None))
    return out.getvalue()


def found() -> Allocation | Refusal:
    limits = Limits(130_000.0, None, Risk(0.25, 0.0))
    return allocate(OPTIONS, [Enabler("carrier", 20_000.0, 1.0)], limits)


def test_the_plan_is_told() -> None:
    text = shown(found())
    for said in (
        "120k of 130k EUR and 7 weeks of people on 1 asset brings 280k EUR.",
        "1300 EUR more would bring 0. Next asset in: Lamps, with 166k more, which brings 200k.",
        "Paid once for all: carrier.",
        "In the worst 25 % of cases it brings 270k EUR on average.",
        "Looked at one by one, Bicycles comes first in 100 % of cases.",
        "others bring more",
        "no exit clause",
    ):
        assert said in text, text
    assert "\x1b" not in text


def test_a_refusal_is_told() -> None:
    text = shown(allocate(OPTIONS, [Enabler("carrier", 20_000.0)], Limits(0.0)))
    assert "the budget is 0" in text
    assert "→ Give a budget" in text


def test_json_carries_everything_and_no_draws() -> None:
    told = json.loads(json.dumps(as_json(found())))
    assert told["chosen"][0]["asset"] == "Bicycles"
    assert told["limits"]["risk"] == {"share": 0.25, "most_lost": 0.0}
    assert told["left_out"][-1]["barred"] == "no exit clause"
    assert json.loads(json.dumps(as_json(allocate([], [], Limits(1.0)))))["refused"]["code"] == "no_assets"


def test_paths_that_open_rules_bar_are_named_even_where_another_path_was_chosen() -> None:
    sink = io.StringIO()
    refused = Refusal("no_budget", "allocation", "No budget is given.", "Give --budget.")
    barred = {f"asset {i}": "rules with partners are open: Terra: Who owns the interface, by name?" for i in range(7)}
    show_allocation(refused, "EUR", Console(file=sink, width=120), barred)
    told = sink.getvalue()
    assert "Open rules with partners bar a path of 7 assets" in told
    assert "asset 4: rules with partners are open: Terra" in told
    assert "and 2 more" in told
