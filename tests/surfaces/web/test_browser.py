"""In a real browser: what leaders and analysts do, on a phone and by keyboard too, and what axe finds."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from fourwalls.surfaces.web.app import build
from fourwalls.surfaces.web.settings import Settings, named

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGES = {
    "portfolio": "", "asset": "/assets/chairs", "supposed": "/assets/chairs?assumptions.horizon_years=1", "decide": "/assets/chairs/decide",
    "plan": "/assets/chairs/plan", "plans": "/plans", "compare": "/compare", "pilots": "/pilots", "scoreboard": "/scoreboard",
    "register": "/register", "data": "/data", "questions": "/questions", "settings": "/settings", "upload": "/upload", "runs": "/runs",
    "number": "/numbers/chairs.n_lines", "lost": "/nowhere",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(diagnosed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Path(shutil.copytree(diagnosed, tmp_path_factory.mktemp("browser") / "shop"))
    with (folder / "portfolio.toml").open("a", encoding="utf-8") as toml:
        toml.write("# Changed since the run, so that another takes its time.\n")
    (folder.parent / "fresh").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = build(Settings(named([folder, folder.parent / "fresh"]), port=port))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/p/shop"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium")
    with sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    yield from opened(browser, viewport=request.param)


def opened(browser: Browser, **options: object) -> Iterator[Page]:
    """A page that tells of errors, and of requests to elsewhere."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    made, wrong = context.new_page(), []
    made.on("console", lambda m: wrong.append(m.text) if m.type == "error" and "404" not in m.text else None)
    made.on("pageerror", lambda e: wrong.append(str(e)))
    made.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(("http://127.0.0.1:", "data:")) else None)
    yield made
    context.close()
    assert wrong == []


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_leader_from_the_portfolio_to_a_decision_with_a_plan(page: Page, served: str) -> None:
    page.goto(served)
    page.locator(".w-assets").get_by_role("link", name="lamps").click()
    page.get_by_role("link", name="Decide", exact=True).or_(page.get_by_role("link", name="Decide again")).click()
    page.get_by_label("Operate", exact=False).first.check()
    page.get_by_label("Why").fill("it is ours to mend")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator("h1")).to_contain_text("lan: lamps")
    page.get_by_role("button", name="Make it our plan").or_(page.get_by_role("button", name="Save owners")).click()
    expect(page.locator("main")).to_contain_text("0 of")
    task = page.locator(".w-task").first
    task.get_by_text("Follow up").click()
    fits(page)
    page.goto(f"{served}/plans")
    expect(page.get_by_role("link", name="lamps").first).to_be_visible()


def test_a_leader_asks_what_if(page: Page, served: str) -> None:
    page.goto(f"{served}/assets/chairs")
    page.get_by_role("heading", name="What if").click()
    before = page.locator("#what-if-result").inner_text()
    page.get_by_label("How long value is counted").fill("1")
    expect(page.locator("#what-if-result")).to_contain_text("1 thing changed")
    assert page.locator("#what-if-result").inner_text() != before
    assert "assumptions.horizon_years=1" in page.url
    page.reload()
    expect(page.locator(".w-supposed")).to_be_visible()
    expect(page.get_by_label("How long value is counted")).to_have_value("1")
    page.get_by_role("link", name="As it is").click()
    page.get_by_role("heading", name="What if").click()
    expect(page.get_by_label("How long value is counted")).to_have_value("3")
    fits(page)


def test_a_leader_asks_why_down_to_the_records(page: Page, served: str) -> None:
    page.goto(f"{served}/assets/chairs")
    page.get_by_role("heading", name="Readings").click()
    page.locator(".fw-fold:has(#fw-h-readings) a.fw-number").first.click()
    expect(page.get_by_role("heading", name="Counted in")).to_be_visible()
    expect(page.locator(".w-records tbody tr").first).to_be_visible()
    page.get_by_text("The query that reads them").click()
    expect(page.locator(".w-query")).to_contain_text("SELECT")
    fits(page)


def test_a_leader_opens_an_asset_from_the_map(page: Page, served: str) -> None:
    page.goto(served)
    mark = page.locator(".w-map a").first
    name = mark.locator("title").first.text_content() or ""
    mark.click()
    expect(page.locator(".w-kicker").first).to_contain_text(name.partition(":")[0])


def test_a_leader_compares(page: Page, served: str) -> None:
    page.goto(f"{served}/compare")
    page.get_by_label("First").select_option("rugs")
    page.get_by_label("Second").select_option("chairs")
    page.get_by_role("button", name="Compare").click()
    assert "a=rugs&b=chairs" in page.url
    expect(page.locator("thead")).to_contain_text("rugs")
    fits(page)


def test_a_meeting_answers(page: Page, served: str) -> None:
    page.goto(f"{served}/questions")
    page.get_by_label("Who answers").fill("AB")
    page.locator('input[name="answer.waste"][value="4"]').check()
    page.get_by_role("button", name="Keep my answers").click()
    expect(page.get_by_role("status")).to_contain_text("1 answer kept")
    fits(page)


def test_an_analyst_sets_a_target(page: Page, served: str) -> None:
    page.goto(f"{served}/settings")
    page.locator('input[name="targets.on_time_share"]').fill("0.93")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    fits(page)


def test_an_analyst_sees_what_the_data_carry(page: Page, served: str) -> None:
    page.goto(f"{served}/data")
    expect(page.get_by_role("heading", name="What we do not know, and which data would tell")).to_be_visible()
    expect(page.locator("#h-tables ~ .fw-scroll")).to_contain_text("order_lines")
    fits(page)


def test_an_analyst_reads_the_register(page: Page, served: str) -> None:
    page.goto(f"{served}/register")
    page.get_by_label("Kind").select_option("run")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".w-history").first).to_contain_text("Run")
    fits(page)


def test_an_analyst_uploads_and_says_what_columns_mean(browser: Browser, served: str, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("Tosite;Pvm;Tuote\n" + "".join(f"B{n};2025-01-{n % 28 + 1:02d};W{n % 5}\n" for n in range(60)))
    for page in opened(browser, viewport=DESK):
        page.goto(served.replace("/shop", "/fresh"))
        page.get_by_role("link", name="Upload files").click()
        page.get_by_label("Files").set_input_files(export)
        page.get_by_role("button", name="Upload and look").click()
        expect(page.get_by_role("alert")).to_contain_text("Nothing in these files looks like orders")
        page.get_by_label("What is one row?").select_option("order_lines")
        for name, meaning in (("Tosite", "order_id"), ("Pvm", "ordered_at"), ("Tuote", "sku_id")):
            page.get_by_label(f"What {name} means").fill(meaning)
        page.get_by_role("button", name="Look again").click()
        for size in (PHONE, DESK):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            fits(page)
            found = Axe().run(page).response["violations"]
            assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
        page.get_by_role("button", name="That is right").click()
        expect(page.get_by_role("status")).to_contain_text("order_lines")
        page.get_by_role("button", name="Run the diagnosis").click()
        expect(page.locator(".w-job").first).to_be_visible()


def test_an_analyst_runs_and_stops(browser: Browser, served: str) -> None:
    for page in opened(browser, viewport=DESK):
        page.goto(f"{served}/runs")
        page.get_by_role("button", name="Run the diagnosis").click()
        page.get_by_role("button", name="Stop it").click()
        expect(page.locator(".w-job").first).to_contain_text("cancelled", timeout=20_000)


def test_by_keyboard_alone(browser: Browser, served: str) -> None:
    for page in opened(browser, viewport=DESK):
        page.goto(served)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(
                "(document.activeElement.getAttribute('href') || '').endsWith('/assets/rugs') && !!document.activeElement.closest('table')"
            ):
                break
        shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert shown != "none"
        page.keyboard.press("Enter")
        expect(page.locator(".w-kicker").first).to_contain_text("rugs")
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.startsWith('Decide')"):
                break
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("Decide: rugs")
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name === 'verdict'"):
                break
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.type("by keyboard")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("lan: rugs")


def test_without_scripts_everything_can_be_read(browser: Browser, served: str) -> None:
    for page in opened(browser, viewport=DESK, java_script_enabled=False):
        page.goto(f"{served}/assets/chairs")
        page.get_by_role("heading", name="What if").click()
        page.get_by_label("How long value is counted").fill("1")
        page.get_by_role("button", name="Work it out").click()
        expect(page.locator(".w-supposed")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser: Browser, served: str, name: str) -> None:
    for page in opened(browser, viewport=DESK):
        page.goto(f"{served}{PAGES[name]}")
        for size in (DESK, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            fits(page)
            found = Axe().run(page).response["violations"]
            serious = [
                f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in ("serious", "critical")
            ]
            assert serious == []
