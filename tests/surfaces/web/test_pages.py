"""Pages to read: complete without a script, safe with any names, and told where there is nothing."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.small import good

from fourwalls.numbers import numbers
from fourwalls.surfaces.web import keeping

from .conftest import ASSET, Web, serving

PAGES = (
    "",
    "/compare",
    "/plans",
    "/pilots",
    "/scoreboard",
    "/register",
    "/data",
    "/questions",
    "/settings",
    "/upload",
    "/runs",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers(web: Web, path: str) -> None:
    answer = web.get(f"/p/shop{path}")
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert "undefined" not in answer.text.casefold()


def test_links_lead_somewhere(web: Web) -> None:
    seen: set[str] = set()
    left = ["/", ASSET, f"{ASSET}/plan"]
    while left and len(seen) < 120:
        path = left.pop(0)
        seen.add(path)
        answer = web.get(path)
        assert answer.status_code in (200, 303), path
        if "text/html" in answer.headers.get("content-type", ""):
            found = {h.replace("&amp;", "&").partition("#")[0] for h in re.findall(r'href="(/[^"]*)"', answer.text)}
            # One number of each kind stands for the others.
            kept = {re.sub(r"numbers/[^/.]+", "numbers/*", h): h for h in sorted(found) if "pages.pdf" not in h}
            left += [h for h in kept.values() if h not in seen and h not in left]


def test_the_asset_says_what_the_run_said(web: Web) -> None:
    found = web.client.app.state.office.folders.first.diagnosis()
    asset = next(a for a in found.assets if a.name == "chairs")
    text = web.get(ASSET).text
    assert (
        f'class="w-verdict">{"Operate" if asset.verdict == "operate" else ""}' in text
        or asset.verdict in text.casefold()
    )
    for path in asset.paths:
        assert f'href="/p/shop/numbers/chairs.paths.{path.path.replace(" ", "-")}.value"' in text


def test_what_would_change_the_answer_is_told_drawn_and_listed(web: Web) -> None:
    text = web.get(ASSET).text
    _, _, part = text.partition('id="fw-h-turns"')
    part = part.partition("</section>")[0]
    assert "What would change the answer" in part
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', part)
    assert 1 <= len(rows) <= 5
    for name, cells in rows:
        assert name in part.partition("<table")[0], "the picture has the same"
        assert re.findall(r'data-label="([^"]+)"', cells) == [
            "Taken",
            "Looked at",
            "Worth at the low end",
            "At the high end",
            "The answer",
        ]
    other = web.get(f"{ASSET}?assumptions.horizon_years=1").text
    assert 'data-label="Taken">1 year' in other, "it follows what the address supposes"


def test_every_number_on_the_asset_opens(web: Web) -> None:
    links = sorted(set(re.findall(r'href="(/p/shop/numbers/[^"]+)"', web.get(ASSET).text)))
    assert len(links) > 20
    for link in links[:: max(len(links) // 12, 1)]:
        answer = web.get(link)
        assert answer.status_code == 200, link
        assert "Counted in" in answer.text


def test_a_number_leads_to_its_records(web: Web) -> None:
    text = web.get("/p/shop/numbers/chairs.n-lines").text
    if "Not found" in text:
        text = web.get("/p/shop/numbers/chairs.n_lines").text
    assert "order_id" in text
    assert "SELECT" in text
    known = numbers(web.client.app.state.office.folders.first.plain())
    assert web.get(f"/p/shop/numbers/{next(iter(known))}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/p/none",
        "/p/shop/assets/none",
        "/nothing",
        "/p/shop/numbers/none",
        "/p/shop/runs/99",
        "/p/shop/pilots/x/design",
        "/p/shop/pilots/..%2f..%2fx/design",
    ],
)
def test_what_is_not_there(web: Web, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 404
    assert "Back to" in answer.text


def test_assets_are_sorted_and_chosen_by_address(web: Web) -> None:
    names = re.findall(r'href="/p/shop/assets/(\w+)"><svg', web.get("/p/shop?sort=name").text)
    assert names == ["chairs", "lamps", "rugs"]
    verdict = web.client.app.state.office.folders.first.diagnosis().assets[0].verdict
    text = web.get(f"/p/shop?verdict={verdict}").text
    assert "Show all" in text
    assert "No asset has this verdict" in web.get("/p/shop?verdict=%3Cb%3E").text


def test_names_from_the_data_write_nothing_into_the_page(tmp_path: Path, diagnosed: Path) -> None:
    from fourwalls.surfaces.web import worker

    evil = "<img src=x onerror=alert(1)>\"'</title><script>"
    made = good()
    for number, row in enumerate(made.tables["products"]):
        row["category"] = (evil, "../../etc/passwd", "=cmd|' /C calc'!A0", "'; DROP TABLE runs; --")[number % 4]
    for row in made.tables["parties"]:
        row["name"] = evil
    made.toml = (
        made.toml.replace('"Small"', "'''" + evil + "'''").replace("'''<img", "'''<img")
        + "\n[verdict]\nleast_lines = 20\n"
    )
    folder = made.write(tmp_path / "evil")
    worker.diagnose(folder, None, "<b>me</b>", lambda _: None)
    for web in serving(folder):
        pages = ["/p/evil", "/p/evil/data", "/p/evil/compare", "/p/evil/register", "/p/evil/runs", "/p/evil/plans"]
        slugs = web.client.app.state.office.folders.first.slugs()
        pages += [f"/p/evil/assets/{s}" for s in slugs] + [f"/p/evil/assets/{s}/plan" for s in slugs]
        for path in pages:
            answer = web.get(path)
            assert answer.status_code == 200, path
            assert "<img" not in answer.text, path
            assert "<b>me" not in answer.text
            assert answer.text.count("<script") == 1, path
        assert web.client.get("/api/portfolios/evil/runs").headers["content-type"] == "application/json"


def test_before_the_first_run(tmp_path: Path) -> None:
    folder = good().write(tmp_path / "fresh")
    for web in serving(folder):
        text = web.get("/p/fresh").text
        assert "Run the diagnosis" in text
        for path in ("/data", "/compare", "/pilots", "/assets/x", "/scoreboard", "/plans"):
            assert web.get(f"/p/fresh{path}").status_code == 200
        assert web.client.get("/api/portfolios/fresh/diagnosis").status_code == 409


def test_a_folder_deleted_while_it_is_served(web: Web) -> None:
    assert web.get("/p/shop").status_code == 200
    shutil.rmtree(web.folder)
    for path in ("/p/shop", ASSET, "/p/shop/settings"):
        assert web.get(path).status_code == 400
    assert "is gone" in web.get("/p/shop").text


def test_an_unreadable_portfolio_is_told(web: Web) -> None:
    (web.folder / "portfolio.toml").write_text("[portfolio\n")
    assert web.get("/p/shop").status_code == 200
    answer = web.get("/p/shop/settings")
    assert answer.status_code == 400
    assert "portfolio.toml, line 1" in answer.text


def test_a_result_somebody_else_made_is_not_opened(web: Web) -> None:
    place = web.folder / keeping.HIDDEN / keeping.FILE
    content = place.read_bytes()
    assert keeping.read_result(web.folder) is not None
    for wrong in (
        content[:-1],
        content + b"x",
        b"",
        b"x" * 100,
        content[:60] + bytes([content[60] ^ 1]) + content[61:],
    ):
        place.write_bytes(wrong)
        assert keeping.read_result(web.folder) is None
    assert "Run the diagnosis" in web.get("/p/shop").text


def test_a_result_of_another_version_is_made_anew(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_made_by", lambda: b"x" * 32)
    assert keeping.read_result(web.folder) is None
    assert "Run the diagnosis" in web.get("/p/shop").text


def test_static_files_are_kept_by_browsers_and_are_these_alone(web: Web) -> None:
    text = web.get("/p/shop").text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
        answer = web.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    for path in ("/static/app.py", "/static/..%2fapp.py", "/static/none"):
        assert web.get(path).status_code == 404


def test_on_paper(web: Web) -> None:
    answer = web.get("/p/shop/pages.pdf")
    assert answer.content.startswith(b"%PDF")
    assert "attachment" in answer.headers["content-disposition"]


def test_a_result_of_another_version_is_found_again(web: Web) -> None:
    (web.folder / ".fourwalls" / "result.bin").unlink()
    text = web.get("/p/shop").text
    assert "1 run recorded" in text
    assert "nobody has looked" not in text
    assert "Run the diagnosis" in text
