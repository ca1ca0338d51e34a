from __future__ import annotations

import io
import json

import numpy as np
import pytest
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
        "EUR 120,000 of EUR 130,000 to begin and 7 weeks of people, on 1 asset, brings EUR 280,000 after all costs.",
        "A budget 1 % larger (EUR 1,300) changes nothing.",
        "Next in is Lamps: with EUR 166,000 more, which brings EUR 200,000 more (1.2 for each unit of money).",
        "Paid once for all: carrier.",
        "In the worst 25 % of cases it brings EUR 270,000 on average.",
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
    assert "To orchestrate may not be chosen yet for 7 assets" in told
    words = " ".join(told.split())
    assert "asset 0, asset 1, asset 2, asset 3 and 3 more: rules with partners are open: Terra: Who owns" in words
    assert told.count("Who owns the interface") == 1, "one reason is told once"


def test_assets_without_a_value_in_money_are_named() -> None:
    out = io.StringIO()
    show_allocation(found(), "EUR", Console(file=out, width=200, color_system=None), None, ["Rugs", "Vases"])
    assert "Not weighed, for no path has a value in money: Rugs and Vases." in out.getvalue()
    assert "Not weighed" not in shown(found())


def test_what_would_have_to_change_is_about_a_path_that_pays() -> None:
    options = [Option("Lamps", "operate", -50.0, 10.0), Option("Lamps", "orchestrate", 100.0, 80.0), Option("Wine", "operate", 500.0, 40.0)]  # fmt: skip
    found = allocate(options, [], Limits(100.0))
    assert isinstance(found, Allocation)
    (row,) = found.left_out
    assert (row.asset, row.path) == ("Lamps", "orchestrate")
    assert row.cost_over == pytest.approx(20.0)
    assert "EUR 20.0 cheaper to begin" in " ".join(shown(found).split())


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_no_name_is_cut(width: int) -> None:
    out = io.StringIO()
    show_allocation(found(), "EUR", Console(file=out, width=width, color_system=None))
    assert all(len(line) <= width for line in out.getvalue().splitlines())
    words = " ".join(out.getvalue().split())
    assert all(w in words for w in ("Bicycles", "Lamps", "Wine", "orchestrate", "others bring more"))
