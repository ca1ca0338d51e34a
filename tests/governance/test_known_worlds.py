"""Holes found are the holes planted, in worlds that are made and through the command line."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil

import duckdb
import pytest
import yaml

from fourwalls import study, worlds
from fourwalls.governance.contracts import read_contract, read_contracts
from fourwalls.governance.controls import controls
from fourwalls.governance.drafting import draft_contracts, write_drafts
from fourwalls.governance.readiness import readiness
from fourwalls.governance.records import read_records
from fourwalls.governance.rules import govern
from fourwalls.governance.standing import ground_from

from ..surfaces.test_cli import run  # noqa: F401, TID252

LINES = 1000


def found_in(folder):
    with study.open(folder) as opened:
        rows = {**opened._intake.rows, "order_lines": opened._intake.referenced_lines}
        return govern(ground_from(opened._engine, rows, opened._intake.lines, opened.portfolio), read_contracts(folder))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Recipe → folder of a small world, made once."""
    place, known = tmp_path_factory.mktemp("worlds"), {}

    def make(name, text=None):
        if name not in known:
            recipe = name
            if text is not None:
                recipe = place / f"{name}.toml"
                recipe.write_text(text)
            worlds.make(recipe, place / name, seed=1, lines=LINES)
            known[name] = place / name
        return known[name]

    return make


def open_rules(found):
    return {(r.party_id, r.question) for r in found.rules if r.status in ("open", "broken")}


def test_a_healthy_world_has_no_holes(made):
    found = found_in(made("healthy"))
    assert open_rules(found) == set()
    assert {s.status for s in found.sla} == {"met"}
    assert {q.status for q in found.quality} == {"met"}
    assert {c.party_id for c in found.contracts} == {"own", "bazaar", "polar-logistics", "swift", "terra"}


def test_govern_first_names_the_planted_partner(made):
    folder = made("govern_first")
    found = found_in(folder)
    truth = json.loads((folder.parent / "govern_first.truth.json").read_text())
    assert {party for party, _ in open_rules(found)} == set(truth["holes"])
    assert open_rules(found) == {("polar-logistics", q) for q in ("owner", "escalation", "service_level")}
    stakes = {
        ("outdoor", "north"): [("polar-logistics", 900.0), ("swift", 100.0)],
        ("footwear", "north"): [("swift", 50.0)],
    }
    with study.open(folder) as opened:
        ready = readiness(found, stakes, opened.portfolio.thresholds, {"polar-logistics": "Polar Logistics"})
    assert ready["outdoor", "north"].is_blocked
    assert not ready["footwear", "north"].is_blocked
    assert json.loads(json.dumps([dataclasses.asdict(x) for x in (found, *ready.values(), *controls(found))]))
    absent = {(c.party_id, c.question) for c in controls(found) if c.status == "absent"}
    assert absent == open_rules(found)


PLANTED = {
    "bazaar": ("credit", "fallback"),
    "polar-logistics": ("service_level",),
    "swift": ("owner",),
    "terra": ("quality", "exit"),
}


def test_each_planted_hole_is_found_and_no_other(made):
    holes = [f"[[holes]]\nparty_id = '{party}'\nlacks = {list(lacks)}\n" for party, lacks in PLANTED.items()]
    found = open_rules(found_in(made("holes", 'about = "x"\n' + "".join(holes))))
    assert found == {(party, q) for party, lacks in PLANTED.items() for q in lacks}


def test_late_feeds_break_their_promise_and_nothing_blocks(made):
    found = found_in(made("late_feeds"))
    assert open_rules(found) == {("bazaar", "service_level")}
    assert {r.status for r in found.rules_of("bazaar")} == {"settled", "broken"}
    assert {s.party_id for s in found.sla if s.status == "missed"} == {"bazaar"}


def test_without_contracts_nothing_is_known_and_nothing_open(made):
    found = found_in(made("orders_only"))
    assert open_rules(found) == set()
    with study.open(made("healthy")) as opened:
        ground = ground_from(opened._engine, opened._intake.rows, opened._intake.lines, opened.portfolio)
        nothing = govern(ground, None)
    assert {r.status for r in nothing.rules} == {"unknown"}
    assert "no_contracts" in {r.code for r in nothing.refusals}


def test_outages_are_what_passes_through_a_partner(made):
    folder = made("healthy")
    for outage in found_in(folder).outages:
        share, worst, mean = duckdb.sql(f"""
            WITH lines AS (
                SELECT l.ordered_at::DATE AS day, ordered_units * (price_amount - cost_amount) AS margin,
                    '{outage.party_id}' IN (coalesce(fulfiller_id, n.party_id), carrier_id, c.party_id) AS mine
                FROM '{folder}/tables/order_lines.parquet' l
                LEFT JOIN '{folder}/tables/nodes.parquet' n USING (node_id) LEFT JOIN '{folder}/tables/channels.parquet' c USING (channel_id))
            SELECT avg(mine::INT), (SELECT max(m) FROM (SELECT sum(margin) FILTER (mine) AS m FROM lines GROUP BY day)),
                sum(margin) FILTER (mine) / 365 FROM lines""").fetchall()[0]
        assert outage.line_share == pytest.approx(share)
        assert outage.days == 1.0  # "after 24 hours" in the clause
        assert outage.bound_amount == pytest.approx(worst)
        assert outage.typical_amount == pytest.approx(mean)
        assert outage.typical_amount <= outage.bound_amount


@pytest.fixture
def bare(made, tmp_path):
    """A world whose contracts were taken away."""
    shutil.copytree(made("healthy"), tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "contracts")
    return tmp_path / "bare"


def test_drafts_are_contracts_that_bind_nobody(bare, run):  # noqa: F811
    code, out, _ = run("contracts", "draft", bare)
    assert code == 0
    assert "Who owns the interface, by name?" in out
    files = sorted((bare / "contracts").iterdir())
    assert len(files) == 7
    for file in files:
        text = file.read_text()
        assert not re.search(r"todo|fixme|xxx", text, re.IGNORECASE)
        assert read_contract(file).status == "draft"
        observed = {p["property"] for p in yaml.safe_load(text)["slaProperties"]}
        assert {"frequency", "latency", "availability"} <= observed
    assert {r.status for r in found_in(bare).rules} == {"unknown"}


def test_signed_drafts_keep_what_they_say(bare, run):  # noqa: F811
    """What is suggested was observed: once active, no promise is missed and the schema's rules hold."""
    run("contracts", "draft", bare)
    for file in (bare / "contracts").iterdir():
        file.write_text(file.read_text().replace("status: draft", "status: active"))
    found = found_in(bare)
    assert "missed" not in {s.status for s in found.sla} | {q.status for q in found.quality}
    assert any(q.about.startswith("stock_days") and q.status == "met" for q in found.quality)
    assert ("bazaar", "service_level") not in open_rules(found)
    assert ("bazaar", "owner") in open_rules(found)


def test_drafting_overwrites_nothing(bare, run):  # noqa: F811
    (bare / "contracts").mkdir()
    mine = bare / "contracts" / "orders-market.odcs.yaml"
    mine.write_text("apiVersion: v3.1.0\nkind: DataContract\nid: mine\nversion: '1'\n")
    before = mine.read_text()
    code, out, _ = run("contracts", "draft", bare)
    assert code == 0
    assert "Left as they were:" in out
    assert mine.read_text() == before
    again, out, _ = run("contracts", "draft", bare)
    assert again == 0
    assert "Covered by a contract already:" in out


def test_nothing_to_draft_from(made, run):  # noqa: F811
    code, _, err = run("contracts", "draft", made("orders_only"))
    assert code == 2
    assert "no record of feeds" in err


def test_feed_names_make_safe_file_names(tmp_path, made):
    with study.open(made("healthy")) as opened:
        rows = opened._intake.rows
        feeds = read_records(opened._engine, rows, 2e9).feeds
        odd = dataclasses.replace(feeds["stock-site"], feed_id="../../etc: *x\n# y", party_id=None)
        drafts = draft_contracts({"a": odd, "b": odd}, opened._engine, rows)
    written, there = write_drafts(tmp_path, drafts)
    assert (written, there) == (("etc-x-y.odcs.yaml", "etc-x-y-2.odcs.yaml"), ())
    assert read_contract(tmp_path / "contracts" / written[0]).id == odd.feed_id


def test_the_command_line_tells_partners_and_holes(made, run):  # noqa: F811
    code, out, _ = run("contracts", "check", made("govern_first"))
    assert code == 0
    assert re.search(r"Polar Logistics\s+NO\s+NO\s+NO\s+yes\s+yes\s+yes\s+yes", out)
    assert "no owner, escalation, service level" in out
    code, out, _ = run("contracts", "check", made("orders_only"))
    assert code == 0
    assert "contracts draft" in out or "contracts" in out


def test_a_broken_contract_is_one_sentence(bare, run):  # noqa: F811
    (bare / "contracts").mkdir()
    (bare / "contracts" / "x.yaml").write_text("id: [")
    code, out, err = run("contracts", "check", bare)
    assert (code, out) == (2, "")
    assert "ContractError: contracts/x.yaml, line" in err
    assert "Traceback" not in err
