"""How fast the web app is: 50 people at once on 200 assets, the first view in Chromium, and what-if.

`python -m benchmarks.web [PEOPLE]`; prints a table. Needs Chromium for the first view. The portfolio is a known world of eight
assets, each told 25 times under another name, so that every page has real content and its real length.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path

import httpx
import numpy as np

from fourwalls import worlds
from fourwalls.assembly import asset_name
from fourwalls.concluding import Beside, Parts
from fourwalls.diagnosis import Diagnosis
from fourwalls.reconsidering import Kept, Side
from fourwalls.register import Register
from fourwalls.study import open as open_study
from fourwalls.surfaces.page.json import to_dict
from fourwalls.surfaces.web.keeping import Result, write_result
from fourwalls.surfaces.web.records import looked_up
from fourwalls.surfaces.web.settings import slug

TIMES = 25
# Seconds somebody looks at a page before the next click, on average; exponentially spread.
THINK_SECONDS = 5.0
SECONDS = 30.0


def main(people: int = 50) -> None:
    """Builds, serves, measures, prints."""
    with tempfile.TemporaryDirectory(prefix="fourwalls-bench-") as place:
        folder = Path(place) / "retailer"
        names = _made(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "fourwalls.surfaces.cli", "serve", str(folder), "--port", str(port)]
        environment = {**os.environ, "XDG_STATE_HOME": str(Path(place) / "state")}
        server = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", "from fourwalls.surfaces.cli import main; main()", *command[3:]],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base)
            _row("what", "p50 ms", "p95 ms", "n")
            _one_by_one(base, names)
            found = asyncio.run(_crowd(base, names, people))
            for name, each in found.items():
                _row(f"{people} people at once: {name}", *_quantiles(each))
            _row(f"{people} people at once: all pages", *_quantiles([t for each in found.values() for t in each]))
            _first_view(base)
        finally:
            server.terminate()
            server.wait()


def _made(folder: Path) -> list[str]:
    os.environ["XDG_STATE_HOME"] = str(folder.parent / "state")
    worlds.make("demo", folder, seed=1)
    with open_study(folder) as study:
        found, kept = study.diagnose(), study.kept
        assert isinstance(kept, Kept)  # noqa: S101
        many = _many(kept)
        records = looked_up(study, found)
    with Register.open(folder) as register:
        run = register.record_run(to_dict(many.told), (), "bench", study.portfolio.targets)
        for a in many.told.assets[::4]:
            register.decide(a.name, run.id, a.verdict, "bench")
    write_result(folder, Result(run.id, many.told, many, (), records))
    return [slug(a.name) for a in many.told.assets]


def _many(kept: Kept) -> Kept:
    """The same assets under many names."""
    keys = [tuple(f"{v} {n}" for v in key) for n in range(TIMES) for key in kept.each.parts.axes.assets]
    old = list(kept.each.parts.axes.assets)
    told = _told(kept.told, old, keys)
    parts, count = kept.each.parts, len(old)
    lists = {f.name: getattr(parts, f.name) * TIMES for f in fields(Parts) if isinstance(getattr(parts, f.name), list)}
    axes = replace(parts.axes, keys=np.arange(len(keys)), assets=tuple(keys))
    panel = replace(parts.panel, counts={n: np.tile(v, (TIMES, 1)) for n, v in parts.panel.counts.items()})
    totals = {n: np.tile(v, (TIMES, 1)) for n, v in parts.totals.items()}
    booked = kept.each.entries
    rows = {f.name: np.concatenate([getattr(booked, f.name)] * TIMES) for f in fields(booked)}
    rows["asset"] = np.concatenate([booked.asset + n * count for n in range(TIMES)])
    beside = Beside(*(getattr(kept.each.beside, f.name) * TIMES for f in fields(Beside)))
    side = Side(
        replace(parts, axes=axes, panel=panel, totals=totals, **lists),
        beside,
        replace(booked, **rows),
        kept.each.priced,
    )
    by_key = {m.asset: m for m in kept.material}
    material = [replace(by_key[old[i % count]], asset=key, name=asset_name(key)) for i, key in enumerate(keys)]
    return replace(kept, each=side, material=(*material, by_key[()]), told=told)


def _told(found: Diagnosis, old: list[tuple[str | None, ...]], keys: list[tuple[str, ...]]) -> Diagnosis:
    by_name = {a.name: a for a in found.assets}
    made = []
    for i, key in enumerate(keys):
        a = by_name[asset_name(old[i % len(old)])]
        made.append(replace(a, name=asset_name(key), asset=dict(zip(found.grain, key, strict=True))))
    return replace(found, assets=tuple(made))


def _pages(names: list[str], rng: random.Random) -> tuple[str, str]:
    name = rng.choice(names)
    kind = rng.choices(("portfolio", "asset", "what-if", "plan", "compare", "data", "number"), (3, 4, 4, 1, 1, 1, 2))[0]
    path = {
        "portfolio": f"/p/retailer?sort={rng.choice(('loss', 'worth', 'name'))}",
        "asset": f"/p/retailer/assets/{name}",
        "what-if": f"/p/retailer/assets/{name}/what-if?assumptions.discount_rate={rng.uniform(0.04, 0.2):.4f}",
        "plan": f"/p/retailer/assets/{name}/plan",
        "compare": f"/p/retailer/compare?a={name}&b={rng.choice(names)}",
        "data": "/p/retailer/data",
        "number": f"/p/retailer/numbers/{name}.paths.operate.value",
    }[kind]
    return kind, path


async def _crowd(base: str, names: list[str], people: int) -> dict[str, list[float]]:
    """Everybody clicks, looks for a while, and clicks again."""
    found: dict[str, list[float]] = {}
    until = time.monotonic() + SECONDS

    async def person(number: int) -> None:
        rng = random.Random(number)  # noqa: S311
        async with httpx.AsyncClient(base_url=base, timeout=60) as client:
            await asyncio.sleep(rng.uniform(0, THINK_SECONDS))
            while time.monotonic() < until:
                kind, path = _pages(names, rng)
                headers = {"hx-request": "true"} if kind == "what-if" else {}
                begun = time.perf_counter()
                answer = await client.get(path, headers=headers)
                assert answer.status_code == 200, (path, answer.status_code)  # noqa: S101
                found.setdefault(kind, []).append(time.perf_counter() - begun)
                await asyncio.sleep(rng.expovariate(1 / THINK_SECONDS))

    await asyncio.gather(*(person(n) for n in range(people)))
    return found


def _one_by_one(base: str, names: list[str]) -> None:
    rng = random.Random(0)  # noqa: S311
    with httpx.Client(base_url=base, timeout=60) as client:
        for kind in ("portfolio", "asset", "what-if", "plan", "compare", "data", "number"):
            times, size = [], 0
            while len(times) < 12:
                picked, path = _pages(names, rng)
                if picked == kind:
                    begun = time.perf_counter()
                    answer = client.get(path, headers={"hx-request": "true"} if kind == "what-if" else {})
                    times.append(time.perf_counter() - begun)
                    size = answer.num_bytes_downloaded
            _row(f"alone: {kind} ({size / 1000:.0f} kB)", *_quantiles(times[2:]))


def _first_view(base: str) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        print("no Chromium: the first view was not measured")
        return
    from playwright.sync_api import sync_playwright

    timing = "(() => { const n = performance.getEntriesByType('navigation')[0]; const p = performance.getEntriesByName('first-contentful-paint')[0]; return [p ? p.startTime : 0, n.loadEventEnd, n.transferSize + performance.getEntriesByType('resource').reduce((s, r) => s + r.transferSize, 0)] })()"
    with sync_playwright() as tools:
        opened = tools.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for path in ("/p/retailer", "/p/retailer/assets/footwear-0-south-0"):
            context = opened.new_context(viewport={"width": 1280, "height": 900})
            page, elsewhere, rows = context.new_page(), [], []
            page.on("request", lambda r, seen=elsewhere: seen.append(r.url) if not r.url.startswith(base) else None)
            for _ in range(6):
                page.goto(base + path)
                page.wait_for_timeout(100)
                rows.append(page.evaluate(timing))
            warm = rows[1:]
            _row(f"Chromium, first paint of {path[:30]}", *_quantiles([r[0] / 1000 for r in warm]))
            _row(f"Chromium, loaded {path[:30]}", *_quantiles([r[1] / 1000 for r in warm]))
            print(
                f"transferred: {rows[0][2] / 1000:.0f} kB at the first view, {warm[0][2] / 1000:.0f} kB after; requests elsewhere: {len(elsewhere)}"
            )
            context.close()
        opened.close()


def _wait(base: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{base}/p/retailer", timeout=60).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the app did not start")


def _quantiles(seconds: list[float]) -> tuple[str, str, str]:
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    return f"{p50:.0f}", f"{p95:.0f}", str(len(seconds))


def _row(*cells: str) -> None:
    print(f"{cells[0]:<56}" + "".join(f"{c:>9}" for c in cells[1:]), flush=True)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
