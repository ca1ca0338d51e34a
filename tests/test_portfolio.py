from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fourwalls.allocation import Enabler
from fourwalls.errors import PortfolioError
from fourwalls.figures import Period
from fourwalls.portfolio import GRAINS, Funds, Portfolio, ServiceLevel, SignalThresholds, Thresholds, read_portfolio

HEAD = """\
[portfolio]
name = "Shop"
currency = "EUR"
own_party_id = "us"
asset = ["brand", "channel_id"]
"""


def read(tmp_path: Path, text: str) -> Portfolio:
    (tmp_path / "portfolio.toml").write_bytes(text.encode())
    return read_portfolio(tmp_path)


def test_signals_may_be_set(tmp_path: Path) -> None:
    portfolio = read(tmp_path, HEAD + "[signals]\nwaste_share = 0.02\nchannels_per_sku = 3\n")
    assert (portfolio.signals.waste_share, portfolio.signals.channels_per_sku) == (0.02, 3.0)
    assert portfolio.signals.status_share == SignalThresholds().status_share
    assert portfolio.says_signals == {"waste_share", "channels_per_sku"}


def error(tmp_path: Path, text: str) -> str:
    with pytest.raises(PortfolioError) as raised:
        read(tmp_path, text)
    assert raised.value.remedy
    return raised.value.what


def test_the_least_that_can_be_said(tmp_path: Path) -> None:
    portfolio = read(tmp_path, HEAD)
    assert (portfolio.name, portfolio.currency, portfolio.own_party_id) == ("Shop", "EUR", "us")
    assert portfolio.grain == ("brand", "channel_id")
    assert portfolio.period is None
    assert portfolio.time_zone is None
    assert portfolio.source_url is None
    assert portfolio.on_time_share == 0.95
    assert portfolio.thresholds == Thresholds()
    assert not portfolio.says


def test_all_that_can_be_said(tmp_path: Path) -> None:
    portfolio = read(
        tmp_path,
        HEAD.replace('asset = ["brand", "channel_id"]', 'asset = "brand"')
        + """
start = 2025-01-01
end = 2025-04-01
time_zone = "Europe/Berlin"
[source]
url = "duckdb:///shop.duckdb"
[targets]
on_time_share = 0.9
forecast_bias_share = -0.1
[assumptions]
horizon_years = 3
[verdict]
least_lines = 50
material_share = 0.02
[paths.operate]
one_off_amount = {low = 1, mode = 2, high = 3}
[paths.orchestrate]
[[assets]]
brand = "a"
planned_revenue_amount = 1e6
[[service_levels]]
party_id = "swift"
stage = "carriage"
value = 2
unit = "days"
destination = "coast"
[[service_levels]]
party_id = "packers"
stage = "fulfilment"
value = 30
unit = "hours"
""",
    )
    assert portfolio.grain == ("brand",)
    assert portfolio.period == Period(date(2025, 1, 1), date(2025, 4, 1))
    assert portfolio.time_zone == "Europe/Berlin"
    assert portfolio.source_url == "duckdb:///shop.duckdb"
    assert portfolio.on_time_share == 0.9
    assert portfolio.targets["forecast_bias_share"] == -0.1
    assert portfolio.assumptions == {"horizon_years": 3.0}
    assert portfolio.thresholds == Thresholds(least_lines=50, material_share=0.02)
    assert portfolio.says == {"least_lines", "material_share"}
    assert portfolio.service_levels == (
        ServiceLevel("swift", "carriage", 48.0, "coast"),
        ServiceLevel("packers", "fulfilment", 30.0),
    )
    assert [level.line for level in portfolio.service_levels] == [27, 33]
    assert portfolio.assets[0]["brand"] == "a"


def test_every_grain_can_be_named(tmp_path: Path) -> None:
    for grain in GRAINS:
        assert read(tmp_path, HEAD.replace('["brand", "channel_id"]', f'"{grain}"')).grain == (grain,)


def test_a_mark_at_the_beginning_and_dos_line_ends(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + HEAD.replace("\n", "\r\n")).name == "Shop"


LEVEL = """
[[service_levels]]   # {n}
  stage = "carriage"
  "party_id" = "swift"
  # value = "a remark"
  value = {value}
  unit = "days"
"""


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_the_line_of_repeated_sections(tmp_path: Path, bad: int) -> None:
    text = HEAD + "".join(LEVEL.format(n=n, value='"two"' if n == bad else 2) for n in range(3))
    line = text.split("\n").index('  value = "two"') + 1
    assert error(tmp_path, text) == f"portfolio.toml, line {line}: value must be a number; found 'two'."


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_the_line_of_a_repeated_section_that_lacks_a_key(tmp_path: Path, bad: int) -> None:
    sections = [LEVEL.format(n=n, value=2) for n in range(3)]
    sections[bad] = sections[bad].replace('"party_id" = "swift"', "")
    text = HEAD + "".join(sections)
    line = text.split("\n").index(f"[[service_levels]]   # {bad}") + 1
    assert error(tmp_path, text).startswith(f"portfolio.toml, line {line}: [[service_levels]] party_id must be text")


def test_sections_of_a_list_are_told_apart(tmp_path: Path) -> None:
    text = HEAD + '[[assets]]\nbrand = "a"\n[targets]\n[[assets]]\nbrand = "b"\nbrnd = "c"\n'
    assert error(tmp_path, text) == "portfolio.toml, line 11: [assets] does not know 'brnd'. Did you mean 'brand'?"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("portfolio = 3", "line 1: 'portfolio' must be a section"),
        (HEAD + "[[targets]]", "line 6: 'targets' must be a section"),
        ("targets = {on_time = 0.9}\n" + HEAD, "line 1: [targets] does not know 'on_time'"),
        ("# mine\nshop = 1\n" + HEAD, "line 2: does not know 'shop'"),
        (HEAD + "targets = 3", "line 6: [portfolio] does not know 'targets'"),
        (HEAD.replace('"Shop"', "3"), "line 2: [portfolio] name must be text; found 3"),
        (HEAD.replace('own_party_id = "us"\n', ""), "line 1: [portfolio] own_party_id must be text; found nothing"),
        (HEAD.replace('["brand", "channel_id"]', "[]"), "line 5: asset must be a list of columns; found []"),
        (HEAD.replace('["brand", "channel_id"]', "[1]"), "line 5: asset must be a list of columns"),
        (HEAD + "start = 2025-01-01T00:00:00\nend = 2025-01-02", "line 6: start must be a date"),
        (HEAD + "end = 2025-01-02", "line 1: [portfolio] has no 'start'"),
        (HEAD + "start = 2025-01-02\nend = 2025-01-02", "line 7: the period ends 2025-01-02 before it starts"),
        (HEAD + "time_zone = 2", "line 6: [portfolio] time_zone must be text"),
        (HEAD + 'time_zone = "Europe"', "line 6: there is no time zone 'Europe'"),
        (HEAD + "[targets]\non_time_share = true", "line 7: on_time_share must be a number; found True"),
        (HEAD + "[assumptions]\ntax_rate = -1", "line 7: tax_rate must not be negative"),
        (HEAD + LEVEL.format(n=0, value=2) + "destination = 3", "line 13: destination must be text; found 3"),
        (HEAD + "[paths]\noperate = 3", "line 7: [paths.operate] must be a section"),
        (HEAD + "[paths.operate]\nrun_amount_per_year = {low = 1}", "line 7: run_amount_per_year must be a range"),
        (HEAD + "[paths.operate]\nrun_amount_per_year = 3", "line 7: run_amount_per_year must be a range"),
        (HEAD + "[paths.automate]", "[paths] does not know 'automate'"),
        (HEAD + "[verdict]\nmaterial_share = 2", "line 7: material_share must lie from 0 to 1; found 2"),
        (HEAD + "[signals]\nwaste_shar = 0.1", "[signals] does not know 'waste_shar'. Did you mean 'waste_share'?"),
        (HEAD + "[signals]\nwaste_share = 2", "line 7: waste_share must lie from 0 to 1; found 2"),
        (HEAD + "[signals]\ngrowth = true", "line 7: growth must be a number"),
        (HEAD + "[signals]\nchannels_per_sku = 0.5", "line 7: channels_per_sku must lie from 1 to 100; found 0.5"),
        (HEAD + "[verdict]\nleast_lines = 0.5", "line 7: least_lines must be a whole number from 1; found 0.5"),
        (HEAD + "[verdict]\nkept_share = 95", "line 7: kept_share must lie from 0 to 1; found 95"),
        (
            HEAD + "[verdict]\nrequired_rules = ['boss']",
            "line 7: required_rules must be a list of rules; found ['boss']",
        ),
        (HEAD + "[verdict]\nrequired_rules = 'exit'", "line 7: required_rules must be a list of rules; found 'exit'"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    assert says in error(tmp_path, text)


def test_own_words_for_case_work(tmp_path: Path) -> None:
    said = read(tmp_path, HEAD + '[work]\nstatus = [" call round ", "*ruf"]\n')
    assert said.work == {"status": ("call round", "*ruf")}
    assert "does not know 'statuses'. Did you mean 'status'?" in error(tmp_path, HEAD + '[work]\nstatuses = ["x"]\n')
    for bad in ('"copy"', "[1]", '[""]', "{}"):
        assert "portfolio.toml, line 7: [work] report must be a list of words" in error(
            tmp_path, HEAD + f"[work]\nreport = {bad}\n"
        )


def test_what_must_be_settled_with_a_partner_is_the_user_s_to_say(tmp_path: Path) -> None:
    (tmp_path / "portfolio.toml").write_text(
        HEAD + '[verdict]\nrequired_rules = ["exit", "owner", "exit"]\nkept_share = 0.9\n'
    )
    thresholds = read_portfolio(tmp_path).thresholds
    assert thresholds.required_rules == ("exit", "owner")
    assert thresholds.kept_share == 0.9


def test_what_may_be_spent(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD).funds == Funds()
    text = """
[allocation]
budget_amount = 250_000
people_weeks = 40
risk_limit_amount = 30_000
[allocation.enablers.carrier]
cost_amount = 20_000
people_weeks = 3
[allocation.enablers."price feed"]
cost_amount = 5_000
[paths.operate]
people_weeks = {low = 2, mode = 4, high = 8}
"""
    portfolio = read(tmp_path, HEAD + text)
    known = (Enabler("carrier", 20_000.0, 3.0), Enabler("price feed", 5_000.0))
    assert portfolio.funds == Funds(250_000.0, 40.0, 0.1, 30_000.0, known)
    assert portfolio.paths["operate"]["people_weeks"]["mode"] == 4


def test_roles_and_owners_of_assets_are_read_or_refused(tmp_path: Path) -> None:
    good = HEAD + '[[assets]]\nbrand = "a"\nrole = "engine"\nowner = "Ada"\n'
    (tmp_path / "portfolio.toml").write_text(good, "utf-8")
    assert read_portfolio(tmp_path).assets[0]["owner"] == "Ada"
    told = error(tmp_path, HEAD + '[[assets]]\nbrand = "a"\nrole = "engin"\n')
    assert "there is no role 'engin'. Did you mean 'engine'?" in told
    assert "owner must be text" in error(tmp_path, HEAD + '[[assets]]\nbrand = "a"\nowner = 3\n')
