"""Pictures of the web app for the README: `python -m docs.shots FOLDER [OUT]`, of a folder that was diagnosed in it."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from fourwalls.surfaces.web.app import build
from fourwalls.surfaces.web.settings import Settings, named

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def main(folder: Path, out: Path) -> None:
    """Writes web.png, web_asset.png and web_phone.png."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = build(Settings(named([folder]), port=port), works=False)
    served = app.state.office.folders.first
    asset = served.address(served.diagnosis().assets[0].name)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    base = f"http://127.0.0.1:{port}/p/{served.slug}"
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, path, size in (
            ("web", "", DESK),
            ("web_asset", f"/assets/{asset}?assumptions.horizon_years=1#what-if", DESK),
            ("web_phone", f"/assets/{asset}", PHONE),
        ):
            page = browser.new_page(viewport=size)
            page.goto(base + path)
            page.screenshot(path=out / f"{name}.png")
            page.close()
        browser.close()
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "docs"))
