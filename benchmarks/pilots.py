"""Do pilots say what is true? Coverage and size on panels whose truth is known, promised against achieved power, speed.

    python -m benchmarks.pilots [PANELS]      print the tables
    python -m benchmarks.pilots --docs        write them, with the published answers, to docs/pilots.md
    python -m benchmarks.pilots --docs --kept the same from the panels kept so far; every row says how many
    python -m benchmarks.pilots --speed       print the ratios (they need `make .venv/rivals.done`)

Every panel is drawn with unit and period levels; what else moves it makes its kind. What a panel gave is kept under
build/pilots, so that a run can be stopped and taken up again; the first panels of every kind are asked again, and where
the code now answers otherwise, all that was kept of the kind is thrown away.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.figures import Estimate
from fourwalls.pilot import design, evaluate
from fourwalls.pilot.looks import level_at

Floats = npt.NDArray[np.float64]
COLUMNS = {"unit": "unit", "time": "time", "outcome": "y"}
LEVEL = 0.9
Mapped = Callable[..., Any]
HERE = Path(__file__).parents[1]
KEPT = HERE / "build" / "pilots"
ASKED_AGAIN, AT_ONCE = 3, 40
# The rules were made on seeds below 100,000.
COVERED_FROM, PROMISED_FROM, LOOKED_FROM = 200_000, 300_000, 400_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of panel.

    Attributes:
        name: As it stands in the table.
        units, periods: Size.
        starts: First treated period and number of units, cohort by cohort.
        rho: Autocorrelation of a unit's noise from one period to the next.
        trend: Spread of the units' own slopes, per period [noise].
        factor: Spread of loadings on a common random walk [noise].
        missing: Share of cells taken away at random.
        grows: Whether effects grow with time and differ by cohort.
    """

    name: str
    units: int
    periods: int
    starts: tuple[tuple[int, int], ...]
    rho: float = 0.0
    trend: float = 0.0
    factor: float = 0.0
    missing: float = 0.0
    grows: bool = False


KINDS = (
    Kind("few units", 10, 40, ((30, 1),)),
    Kind("autocorrelated", 25, 40, ((30, 1),), rho=0.7),
    Kind("own trends", 25, 40, ((30, 1),), rho=0.5, trend=0.1),
    Kind("common factor", 25, 40, ((30, 2),), rho=0.5, factor=0.3),
    Kind("missing cells", 25, 40, ((30, 1),), rho=0.5, missing=0.05),
    Kind("staggered, growing effects", 40, 20, ((8, 5), (12, 5), (15, 5)), rho=0.5, grows=True),
    Kind("randomised, ten and ten", 20, 40, ((30, 10),), rho=0.5),
)


def drawn(kind: Kind, seed: int) -> tuple[pa.Table, float]:
    """A panel of the kind, treated units drawn at random, and its true effect."""
    rng = np.random.default_rng(seed)
    y = _outcomes(kind, rng)
    order = rng.permutation(kind.units)
    d = np.zeros(y.shape, dtype=np.int64)
    effect = np.zeros(y.shape)
    taken = 0
    for start, count in kind.starts:
        units = order[taken : taken + count]
        taken += count
        d[units, start:] = 1
        if kind.grows:
            effect[units, start:] = 0.1 * np.arange(kind.periods - start) + start / kind.periods
    keep = rng.random(y.size) >= kind.missing
    n, t = y.shape
    columns = {
        "unit": [f"u{i:03d}" for i in range(n) for _ in range(t)],
        "time": list(range(t)) * n,
        "y": (y + effect).ravel(),
        "d": d.ravel(),
    }
    return pa.table(columns).filter(pa.array(keep)), float(effect[d == 1].mean())


def _outcomes(kind: Kind, rng: np.random.Generator) -> Floats:
    n, t = kind.units, kind.periods
    noise = rng.normal(size=(n, t))
    for i in range(1, t):
        noise[:, i] = kind.rho * noise[:, i - 1] + (1 - kind.rho**2) ** 0.5 * noise[:, i]
    levels = 50 + rng.normal(0, 10, (n, 1)) + rng.normal(size=t).cumsum()
    trends = kind.trend * rng.normal(size=(n, 1)) * np.arange(t)
    factor = kind.factor * rng.normal(size=(n, 1)) * rng.normal(size=t).cumsum()
    found: Floats = levels + trends + factor + noise
    return found


@dataclass(frozen=True, slots=True)
class Tally:
    """What came out on the panels of a kind: shares of those that were not refused."""

    kind: str
    panels: int
    refused: int
    coverage: float
    size: float
    error: float
    half_width: float
    chosen: str


def called(p_value: float | None, alpha: float = 1 - LEVEL) -> bool:
    """Whether an effect would be called; where none could be told, none was."""
    return p_value is not None and p_value <= alpha


def one(job: tuple[Kind, int]) -> tuple[str, float, float, bool] | None:
    """Method, error, half width and whether no effect was rejected (where the effect grows: on its panel without one)."""
    kind, seed = job
    panel, truth = drawn(kind, seed)
    found = evaluate(panel, **COLUMNS, treated="d", level=LEVEL, seed=seed)
    if not isinstance(found.effect, Estimate):
        return None
    null = found
    if kind.grows:
        flat, _ = drawn(Kind(**{**{f: getattr(kind, f) for f in Kind.__slots__}, "grows": False}), seed)
        null = evaluate(flat, **COLUMNS, treated="d", level=LEVEL, seed=seed)
    half = (found.effect.high - found.effect.low) / 2
    return found.chosen, found.effect.value - truth, half, called(null.p_value)


def kept(function: Callable[..., Any], kind: Kind, first: int, panels: int, mapped: Mapped | None) -> list[Any]:
    """What a function gives on panels of a kind, from those kept and else anew; only from those kept where `mapped` is None."""
    file = KEPT / f"{function.__name__} {re.sub('[^a-z]+', ' ', kind.name)}.json"
    found: list[Any] = json.loads(file.read_text()) if file.is_file() else []
    jobs = [(kind, first + number) for number in range(panels)]
    again = min(ASKED_AGAIN, len(found))
    if _plain_rows(map(function, jobs[:again])) != found[:again]:
        found = []
    KEPT.mkdir(parents=True, exist_ok=True)
    while mapped and len(found) < panels:
        found += _plain_rows(mapped(function, jobs[len(found) : len(found) + AT_ONCE]))
        file.write_text(json.dumps(found))
        print(f"{file.stem}: {len(found)} of {panels}", file=sys.stderr, flush=True)
    return found[:panels]


def _plain_rows(rows: Iterable[Any]) -> list[Any]:
    rows = [None if r is None else [v.item() if isinstance(v, np.generic) else v for v in r] for r in rows]
    return [r and [round(v, 9) if isinstance(v, float) else v for v in r] for r in rows]


def tally(kind: Kind, results: Sequence[Any]) -> Tally:
    """Coverage and size over what `one` gave on panels of a kind."""
    told = [r for r in results if r is not None]
    errors, halves = np.array([r[1] for r in told]), np.array([r[2] for r in told])
    chosen = Counter(r[0] for r in told).most_common()
    return Tally(
        kind.name, len(results), len(results) - len(told), float(np.mean(np.abs(errors) <= halves)), float(np.mean([r[3] for r in told])),
        float(np.sqrt(np.mean(errors**2))), float(halves.mean()), ", ".join(f"{m} {n / len(told):.0%}" for m, n in chosen),
    )  # fmt: skip


PROMISES = (
    Kind("independent noise", 20, 60, ()),
    Kind("few units", 10, 60, (), rho=0.3),
    Kind("autocorrelated", 20, 60, (), rho=0.7),
    Kind("own trends", 20, 60, (), rho=0.5, trend=0.1),
    Kind("common factor", 20, 60, (), rho=0.3, factor=0.2),
    Kind("missing cells", 20, 60, (), rho=0.5, missing=0.05),
)
LENGTH = 8
LOOKED = (KINDS[0], KINDS[1])
LOOKS = (3, 6, 10)


def promise(job: tuple[Kind, int], **asked: int) -> tuple[bool, float]:
    """Whether the effect that the design calls detectable was then called, upward or downward by turns, and the false positive share.

    Args:
        job: Kind of panel, and seed.
        asked: What else the design is asked for.
    """
    kind, seed = job
    rng = np.random.default_rng(seed)
    y = _outcomes(kind, rng)
    kept = rng.random(y.shape) >= kind.missing
    before = kind.periods - LENGTH
    history = _long(y[:, :before], kept[:, :before])
    plan = design(history, **COLUMNS, candidates=["u000"], lengths=(LENGTH,), seed=seed, **asked).plan
    effect = plan.detectable * (1 if seed % 2 else -1)
    y[0, before:] += effect
    found = evaluate(_long(y, kept), **COLUMNS, treated=["u000"], start=before, method=plan.method, seed=seed)
    is_called = called(found.p_value) and (found[plan.method].point or 0.0) * effect > 0
    return is_called, plan.false_positive_share


def _long(y: Floats, kept: npt.NDArray[np.bool_]) -> pa.Table:
    n, t = y.shape
    names = [f"u{i:03d}" for i in range(n)]
    columns = {"unit": np.repeat(names, t), "time": np.tile(np.arange(t), n), "y": y.ravel()}
    return pa.table(columns).filter(pa.array(kept.ravel()))


def looked(job: tuple[Kind, int]) -> tuple[bool, bool]:
    """Whether looking at some periods and at the end ever called an effect where there is none: with α spent, and without."""
    kind, seed = job
    panel, _ = drawn(kind, seed)
    first = kind.starts[0][0]
    spent, plain = False, False
    shares = [n / LOOKS[-1] for n in LOOKS]
    for number, periods in enumerate(LOOKS):
        now = panel.filter(pa.array(panel["time"].to_numpy() < first + periods))
        level = level_at(shares[: number + 1], 1 - LEVEL)
        p = evaluate(now, **COLUMNS, treated="d", method="sdid", seed=seed).p_value
        spent, plain = spent or called(p, 1 - level), plain or called(p)
    return spent, plain


PLACEBOS, RIVALS_PLACEBOS = 200, 20


def speed() -> list[tuple[str, float]]:
    """SDID with placebo replicates on 60 units × 60 periods: seconds of processor time for one replicate."""
    import pandas as pd

    from fourwalls.pilot.inference import placebo
    from fourwalls.pilot.methods import Cohort, Grid, fit

    kind = Kind("speed", 60, 60, ((45, 3),), rho=0.5)
    panel, _ = drawn(kind, 1)
    frame: pd.DataFrame = panel.to_pandas()
    wide = frame.pivot_table(index="unit", columns="time", values="y")
    d = frame.pivot_table(index="unit", columns="time", values="d").to_numpy()
    treated = np.flatnonzero(d[:, -1])
    controls = np.setdiff1d(np.arange(60), treated)
    cohorts = [Cohort(45, treated)]

    def ours() -> None:
        grid = Grid(wide.to_numpy())
        placebo("sdid", grid, cohorts, controls, fit("sdid", grid, cohorts, controls), 1, np.ones(1))

    ours()
    return [
        ("fourwalls", _timed(ours, PLACEBOS)),
        ("azcausal", _timed(lambda: _azcausal(wide, d), RIVALS_PLACEBOS)),
        ("plain Python", _timed(lambda: _plain(wide.to_numpy(), treated, controls), RIVALS_PLACEBOS)),
    ]


def _timed(run: Callable[[], None], replicates: int) -> float:
    begun = time.process_time()
    run()
    return (time.process_time() - begun) / replicates


def _azcausal(wide: Any, d: npt.NDArray[np.float64]) -> None:  # noqa: ANN401 - a pandas frame
    import pandas as pd
    from azcausal.core.error import Placebo
    from azcausal.core.panel import CausalPanel
    from azcausal.estimators.panel.sdid import SDID

    intervention = pd.DataFrame(d.astype(int), index=wide.index, columns=wide.columns)
    panel = CausalPanel({"outcome": wide.T, "intervention": intervention.T}).setup(
        outcome="outcome", intervention="intervention"
    )
    estimator = SDID()
    result = estimator.fit(panel)
    estimator.error(result, Placebo(n_samples=RIVALS_PLACEBOS))


def _plain(y: Floats, treated: npt.NDArray[np.int64], controls: npt.NDArray[np.int64], start: int = 45) -> None:
    """The same placebos as one would write them down: Frank–Wolfe steps, a placebo at a time."""
    rng = np.random.default_rng(1)

    def frank_wolfe(a: Floats, b: Floats, ridge: float) -> Floats:
        a, b = a - a.mean(axis=0), b - b.mean()
        w = np.full(a.shape[1], 1 / a.shape[1])
        for _ in range(1000):
            left = a @ w - b
            gradient = a.T @ left + ridge * w
            corner = np.zeros(len(w))
            corner[gradient.argmin()] = 1.0
            move = corner - w
            slope = a @ move
            step = -float(gradient @ move) / max(float(slope @ slope + ridge * move @ move), 1e-12)
            w = w + min(max(step, 0.0), 1.0) * move
        return w

    for _ in range(RIVALS_PLACEBOS):
        order = rng.permutation(controls)
        picked, rest = order[: len(treated)], order[len(treated) :]
        before, after = y[:, :start], y[:, start:]
        noise = np.diff(before[rest], axis=1).std(ddof=1)
        units = frank_wolfe(
            before[rest].T, before[picked].mean(axis=0), (len(picked) * after.shape[1]) ** 0.5 * noise**2 * start
        )
        periods = frank_wolfe(before[rest], after[rest].mean(axis=1), (1e-6 * noise) ** 2 * len(rest))
        gap = y[picked].mean(axis=0) - units @ y[rest]
        _ = gap[start:].mean() - periods @ gap[:start]


def search_seconds(units: int = 200, periods: int = 104, sets: int = 50, windows: int = 500) -> tuple[float, float]:
    """Seconds of processor time, and by the clock, for a design search of that size."""
    kind = Kind("search", units, periods, (), rho=0.5)
    y = _outcomes(kind, np.random.default_rng(1))
    names = [f"r{i:03d}" for i in range(units)]
    table = pa.table({"unit": np.repeat(names, periods), "time": np.tile(np.arange(periods), units), "y": y.ravel()})
    rng = np.random.default_rng(2)
    candidates = [[names[i] for i in rng.permutation(units)[:5]] for _ in range(sets)]
    begun, cpu = time.perf_counter(), time.process_time()
    design(table, **COLUMNS, candidates=candidates, lengths=(8,), least_windows=windows)
    return time.process_time() - cpu, time.perf_counter() - begun


def published(data: Path) -> list[str]:
    """Published answers beside ours, as rows of a table."""
    prop99 = evaluate(
        data / "prop99/california_prop99.csv", unit="State", time="Year", outcome="PacksPerCapita", treated="treated"
    )
    geolift = evaluate(
        data / "geolift/GeoLift_Test.csv",
        unit="location",
        time="date",
        outcome="Y",
        treated=["chicago", "portland"],
        start="2021-04-01",
    )
    ascm = geolift["ascm"]
    lift, total = (f.value if isinstance(f, Estimate) else float("nan") for f in (ascm.lift, ascm.total))
    rows = [
        ("Proposition 99, DiD", "−27.349", "1e-3", prop99["did"].point),
        ("Proposition 99, synthetic DiD", "−15.604", "0.005", prop99["sdid"].point),
        ("Proposition 99, synthetic control", "−19.5 to −19.6", "0.15", prop99["sc"].point),
        ("Proposition 99, placebo SE of DiD", "17.5 to 17.7", "0.2", prop99["did"].se),
        ("Proposition 99, placebo SE of synthetic DiD", "8.4 to 9.9 (random draws)", "in range", prop99["sdid"].se),
        ("GeoLift, ATT by synthetic control with fixed effects", "155.556", "1e-3", ascm.point),
        ("GeoLift, lift", "5.4 %", "0.05 points", 100 * lift),
        ("GeoLift, incremental", "4,667", "0.5", total),
        ("GeoLift, ridge-augmented (walkthrough: 5.5 %)", "156.8", "0.1", geolift["ridge"].point),
        ("GeoLift, plain DiD, misleading", "255.1", "0.05", geolift["did"].point),
    ]
    if (data / "panels").is_dir():
        rows += _staggered(data / "panels")
    return [f"| {name} | {told} | {within} | {_figure(ours)} |" for name, told, within, ours in rows]


def _figure(value: float | None) -> str:
    if value is None:
        return "refused"
    return (f"{value:,.3f}" if abs(value) >= 1 else f"{value:.4f}").replace("-", "−")


def _staggered(data: Path) -> list[tuple[str, str, str, float | None]]:
    wages = evaluate(data / "mpdta.csv", unit="countyreal", time="year", outcome="lemp", treated="first.treat")["cs"]
    organs = evaluate(
        data / "organ_donations.csv", unit="State", time="Quarter", outcome="Rate", treated="California", start="Q32011"
    )
    return [
        ("Minimum wages (`did` vignette), simple ATT by Callaway–Sant'Anna", "−0.0400", "5e-5", wages.point),
        ("Minimum wages, its standard error (bootstrap)", "0.0117 to 0.0122", "5e-4", wages.se),
        ('Organ donations ("The Effect", chapter 18), DiD', "−0.022", "5e-4", organs["did"].point),
    ]


def within(share: float, n: int) -> str:
    """A share with its 95 % Monte-Carlo interval."""
    return f"{share:.1%} ± {1.96 * (share * (1 - share) / n) ** 0.5:.1%}"


def tables(panels: int, *, anew: bool = True) -> str:
    """Coverage, promised power and looks as Markdown tables, each share with its 95 % Monte-Carlo interval."""
    if not anew:
        return _all_tables(panels, None)
    # Processes already: threads of their linear algebra would stand in each other's way.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        return _all_tables(panels, lambda f, jobs: pool.map(f, jobs, chunksize=5))


def _all_tables(panels: int, mapped: Mapped | None) -> str:
    return "\n\n".join((_covered(panels, mapped), _promised(3 * panels // 10, mapped), _looked_at(panels // 2, mapped)))


def _covered(panels: int, mapped: Mapped | None) -> str:
    lines = [
        "| kind of panel | panels | refused | coverage of 90 % intervals | size at α = 10 % | RMSE | half width | chosen |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        # Wide or growing effects make a share harder to tell: twice the panels.
        t = tally(kind, kept(one, kind, COVERED_FROM, panels * (2 if kind.trend or kind.grows else 1), mapped))
        n = t.panels - t.refused
        shares = f"{within(t.coverage, n)} | {within(t.size, n)} | {t.error:.2f} | {t.half_width:.2f}"
        lines.append(f"| {t.kind} | {t.panels} | {t.refused} | {shares} | {t.chosen} |")
    return "\n".join(lines)


def _promised(panels: int, mapped: Mapped | None) -> str:
    lines = ["| history | panels | promised power | achieved | false alarms promised ≤ 10 % |", "|---|---|---|---|---|"]
    for kind in PROMISES:
        found = kept(promise, kind, PROMISED_FROM, panels * (2 if kind.factor or kind.missing else 1), mapped)
        achieved, false = np.mean([f[0] for f in found]), np.mean([f[1] for f in found])
        lines.append(f"| {kind.name} | {len(found)} | 80 % | {within(float(achieved), len(found))} | {false:.1%} |")
    return "\n".join(lines)


def _looked_at(panels: int, mapped: Mapped | None) -> str:
    lines = [
        f"| kind of panel, looks after {', '.join(map(str, LOOKS))} periods | panels | ever called, α = 10 % spent | ever called, looking freely |",
        "|---|---|---|---|",
    ]
    for kind in LOOKED:
        found = kept(looked, kind, LOOKED_FROM, panels, mapped)
        spent, plain = (float(np.mean([f[i] for f in found])) for i in (0, 1))
        lines.append(f"| {kind.name} | {len(found)} | {within(spent, len(found))} | {within(plain, len(found))} |")
    return "\n".join(lines)


def speed_table() -> str:
    """Ratios in one run, and the design search."""
    rows = speed()
    own, searched = rows[0][1], search_seconds()
    lines = ["| SDID, 60 units × 60 periods | processor time of a placebo, as a multiple of ours |", "|---|---|"]
    lines += [f"| {name} | {cpu / own:,.0f} |" for name, cpu in rows]
    return "\n".join(
        [
            *lines,
            "",
            f"Design search, 200 regions × 104 weeks × 50 candidate sets × 500 placebo windows: {searched[0]:.0f} s of processor time on one core, {searched[1]:.0f} s by the clock (asked for: 60 s on two cores).",
        ]
    )


HEAD = HERE / "docs" / "pilots.head.md"


def page(known: str, fast: str) -> str:
    """docs/pilots.md: how pilots are designed and judged (pilots.head.md), then the figures."""
    rows = published(HERE.parent / "shared" / "data")
    return "\n".join(
        [
            HEAD.read_text("utf-8").rstrip(), "",
            "## Published answers", "",
            "Made by `python -m benchmarks.pilots --docs`; the same figures are tests (`tests/pilot/test_published.py`).", "",
            "| answer | published | within | ours |", "|---|---|---|---|", *rows, "",
            "GeoLift's walkthrough fits synthetic control on deviations from each city's mean (fixed effects); its weights are the "
            "one solution of a convex problem, so its printed digits must be met exactly. Synthetic control for California is told "
            "as −19.6 or −19.5 depending on when a solver stops; ours is the exact optimum. Placebo standard errors of synthetic "
            "DiD are random draws in the paper; ours takes all 38 placebos.", "",
            "## Known truth", "",
            "Treated units are drawn at random; refused panels are not counted in the shares; ± is the 95 % Monte-Carlo interval. No panel is "
            "of a seed that the rules were made on. The "
            "effect is 0 (methods move with a constant effect exactly, which is a test); staggered effects grow and differ by cohort. "
            "Promised power is asked of the design on the past alone, then the effect it calls detectable is planted, up and down by "
            "turns; the windows of one history are few independent ones where noise is autocorrelated, so the promise is itself "
            "uncertain there, and what is achieved lies a little below it. Looks: the effect is 0, and the pilot is looked at before its end.", "",
            known, "",
            "## Speed", "", fast, "",
            "The search is bound by its weight problems, one for each candidate or placebo set, date and held-out window; inner "
            "products are computed once for each date, and each problem is solved by pairwise steps in a compiled kernel on one core.", "",
        ]
    )  # fmt: skip


def _main(said: list[str]) -> None:
    count = next((int(a) for a in said if a.isdigit()), 1000)
    ratios = KEPT / "speed.md"
    if "--speed" in said:
        KEPT.mkdir(parents=True, exist_ok=True)
        ratios.write_text(speed_table(), "utf-8")
        print(ratios.read_text("utf-8"))
    elif "--docs" in said:
        anew = "--kept" not in said
        # First: it needs the rivals, and what is missing should not be found at the end.
        fast = speed_table() if anew else ratios.read_text("utf-8")
        (HERE / "docs" / "pilots.md").write_text(page(tables(count, anew=anew), fast), "utf-8")
    else:
        print(tables(count))


if __name__ == "__main__":
    _main(sys.argv[1:])
