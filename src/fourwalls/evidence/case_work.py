"""Case work: what copying states and reconciling data cost, and how cases run.

Only work that merely moves information is a loss here: stage "status" (copying or reporting a state) and "feed" (making data
agree that came late or do not match). Work about exceptions is read, not booked: it is part of what a late or failed line
costs, and counted there. Approvals are read, too: their price is the time they take, which the stock flow counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.diagnosis import Wall
from fourwalls.engines.base import Engine
from fourwalls.evidence.case_readings import LEAST_TOLD, Columns, are_named, readings_of
from fourwalls.evidence.ground import PLACE, Finding, Ground
from fourwalls.evidence.rates import Excess, excess, stand_out_as_a_whole
from fourwalls.figures import Period, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import case_work
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEAST_CLUSTERS, Draws, blocks_per_fold, draw_clusters, spans_per_block

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

STAGE = {"status": "status", "report": "status", "reconciliation": "feed"}
"""Class of case → stage that loses its hours."""
_ABOUT = {"status": "copying and telling states", "report": "reports", "reconciliation": "making data agree"}

# What an hour costs the employer, where nobody has said: Eurostat, hourly labour costs 2023, mean of the EU.
DEFAULT_WAGE = {"EUR": 32.0}
_ERROR = 0.05
_MOST_UNNAMED = 5
# A place of the log is compared by these; brands of a category are worked alike.
_COMPARED = ("category", "channel_id", "region")


def find(ground: Ground) -> Finding:
    """What the work log says; without order lines only readings, since nothing says what hours should be divided by."""
    log = ground.rows.get("work_log")
    if log is None:
        return Finding(
            refusals=(Refusal("no_work_log", "case work", "there is no table work_log", "the table work_log"),)
        )
    cases = ground.engine.keep("cases", case_work.cases(case_work.events(log, ground.own, ground.portfolio.work)))
    sums = _columns(ground, ground.engine.run(case_work.by_place(cases, ground.span_seconds)))
    closures = _columns(ground, ground.engine.run(case_work.closures(cases, ground.span_seconds)))
    if not len(sums.span):
        because = "no case of work_log began within the period looked at"
        return Finding(refusals=(Refusal("no_cases", "case work", because, "cases of the same period"),))
    losses, refusals, judged, least = _losses(sums, ground)
    unnamed = ground.engine.run(case_work.unnamed(cases, _MOST_UNNAMED)).to_pylist()
    notes = _notes(sums, ground, unnamed, is_priced=bool(losses))
    return Finding(tuple(losses), readings_of(sums, closures, ground), tuple(refusals), notes, judged, least)


def _columns(ground: Ground, table: pa.Table) -> Columns:
    """Rows of the log's sums within the period, with the assets that each place belongs to."""
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    table, span = table.filter(pa.array(span >= 0)), span[span >= 0]
    named = list(zip(*(table[name].to_pylist() for name in PLACE), strict=True))
    number = {name: i for i, name in enumerate(dict.fromkeys(named))}
    place = np.array([number[name] for name in named], dtype=np.int64)
    weights = np.array([_asset_weights(ground, name) for name in number]).reshape(len(number), len(ground.assets))
    text = ("case_class", "elsewhere", "knows_party")
    numbers = {
        name: table[name].to_numpy(zero_copy_only=False).astype(np.float64)
        for name in table.column_names
        if name not in (*text, *PLACE, "span")
    }
    words = {name: np.array(table[name].to_pylist(), dtype=object) for name in text if name in table.column_names}
    return Columns(tuple(number), place, span, weights, words, numbers)


def _asset_weights(ground: Ground, place: tuple[str | None, ...]) -> Floats:
    if all(value is None for value in place):
        return np.zeros(len(ground.assets))  # a report about everything says nothing of one asset
    if ground.lines is not None:
        return ground.places.asset_weights(place)
    said = dict(zip((*PLACE, "destination"), (*place, place[-1]), strict=True))
    key = tuple(said.get(name) for name in ground.portfolio.grain)
    return np.array([float(key == asset) for asset in ground.assets])


_Judged = dict[AssetKey, frozenset[str]]
_Found = tuple[list[Loss], list[Refusal], _Judged, dict[AssetKey, dict[str, float]]]


def _losses(sums: Columns, ground: Ground) -> _Found:
    about = "cost of status work and reconciling"
    present = [name for name in STAGE if (sums.words["case_class"] == name).any()]
    told, people = (float(sums.numbers[f"{x}_touches"][_is(sums, present)].sum()) for x in ("told", "people"))
    wage = ground.portfolio.assumptions.get("wage_amount_per_hour", DEFAULT_WAGE.get(ground.portfolio.currency))
    refused = [
        (not present, "no_status_work", "no case of work_log is called by a word we know for it", _OWN_WORDS),
        (ground.lines is None, "no_order_lines", "hours need something to be divided by", "the table order_lines"),
        (ground.draws is None, "too_few_spans", "the record is too short to compare weeks", "a longer period"),
        (told < LEAST_TOLD * people, "no_effort", f"{told:,.0f} of {people:,.0f} touches by people tell their effort", "work_log.effort_hours"),
        (wage is None, "no_wage", "nothing says what an hour costs", "[assumptions] wage_amount_per_hour"),
    ]  # fmt: skip
    for applies, code, because, next_step in refused:
        if applies:
            return [], [Refusal(code, about, because, next_step)], {}, {}
    if ground.draws is None or wage is None:
        return [], [], {}, {}
    return _by_class(sums, ground, present, ground.draws, wage)


_OWN_WORDS = "words under [work] in portfolio.toml"


def _by_class(sums: Columns, ground: Ground, present: list[str], draws: Draws, wage: float) -> _Found:
    losses: list[Loss] = []
    refusals: list[Refusal] = []
    judged: dict[str, Bools] = {}  # class of cases → assets in which it is none, or was compared
    least: dict[AssetKey, dict[str, float]] = {}
    for name in STAGE:
        if name not in present:
            if are_named(sums, name):
                judged[name] = np.ones(len(ground.assets), dtype=np.bool_)
            elif STAGE[name] not in [STAGE[x] for x in present]:
                because = "no case of work_log is called by a word we know for it, and many by no word we know"
                refusals.append(Refusal("no_words", f"cost of {_ABOUT[name]}", because, _OWN_WORDS))
            continue
        found = _compared(sums, ground, name, draws, len(present))
        judged[name] = found.mostly_held
        if not found.excess.held.any():
            because = "no two places (channel or region) of one category do enough of it to be compared"
            if found.without:
                because += (
                    f"; {', '.join(found.without)} never had such a case, and shows nothing of those that have them"
                )
            refusals.append(
                Refusal(
                    "nothing_to_compare",
                    f"cost of {_ABOUT[name]}",
                    because,
                    "category, channel_id or region in work_log",
                )
            )
            continue
        refusals += _not_compared(found, name, draws, len(present))
        losses += _booked(found, ground, name, wage)
        for asset, hours in zip(ground.assets, np.nan_to_num(found.excess.detectable) @ found.weights, strict=True):
            of_asset = least.setdefault(asset, {})
            of_asset[STAGE[name]] = of_asset.get(STAGE[name], 0.0) + float(hours) * wage
    return losses, refusals, _judged_stages(ground, judged), least


def _judged_stages(ground: Ground, judged: Mapping[str, Bools]) -> _Judged:
    """Stages of each asset: a stage of several classes of cases is judged where none of them is left open."""
    stages = {
        stage: np.logical_and.reduce([judged[name] for name in judged if STAGE[name] == stage])
        for stage in dict.fromkeys(STAGE[name] for name in judged)
    }
    return {key: frozenset(s for s, where in stages.items() if where[i]) for i, key in enumerate(ground.assets)}


def _not_compared(found: _Compared, name: str, draws: Draws, kinds: int) -> Iterator[Refusal]:
    """Categories none of whose channels and regions shows how little of this work would do: alone, or all alike."""
    about = f"cost of {_ABOUT[name]}"
    worked = [key[0] for key, hours in zip(found.names, found.hours.sum(axis=1), strict=True) if hours > 0]
    held = {key[0] for key, is_held in zip(found.names, found.excess.held, strict=True) if is_held}
    alone = sorted({str(c) for c in worked if c not in held and c is not None})
    if alone:
        because = f"nothing is comparable with what is done for {', '.join(alone)}: only one channel or region of it does enough"
        if found.without:
            because += (
                f", and that {', '.join(found.without)} never had such a case shows nothing of those that have them"
            )
        yield Refusal("nothing_to_compare", about, because, "a record of more channels or regions, or a pilot there")
    looked_into = [key[0] for key, more in zip(found.names, found.excess.amount, strict=True) if more > 0]
    names = [key[0] if key[0] in held else None for key in found.names]
    for whole in stand_out_as_a_whole(names, found.hours, found.lines, draws, _ERROR / kinds, looked_into):
        because = (
            f"{whole.name} takes {100 * whole.rate:.2g} hours per 100 order lines in all its channels and regions, where other "
            f"categories take {100 * whole.standard:.2g}; none of them does it better, so nothing says what it could do without"
        )
        yield Refusal(
            "alike_throughout", about, because, f"a pilot in {whole.name}, or whoever does that work elsewhere"
        )


def _is(sums: Columns, classes: Iterable[str]) -> npt.NDArray[np.bool_]:
    return np.isin(sums.words["case_class"], list(classes))


@dataclass(frozen=True, slots=True)
class _Compared:
    """Places compared by hours per order line.

    Attributes:
        names: Category, channel and region of each.
        weights: Share of each place's hours in each asset, shape (places, assets).
        doers: (wall, party) → share of the place's hours, shape (places,).
        hours, lines: Of each by span, shape (places, spans).
        excess: What exceeds the standard [hours].
        mostly_held: Whether at least half of an asset's lines are in places that could be compared, shape (assets,).
        without: Channels that never had such a case; they were compared with nobody, and their lines are left out.
    """

    names: tuple[tuple[str | None, ...], ...]
    weights: Floats
    doers: Mapping[tuple[Wall, str | None], Floats]
    hours: Floats
    lines: Floats
    excess: Excess
    mostly_held: Bools
    without: tuple[str, ...] = ()


def _compared(sums: Columns, ground: Ground, name: str, draws: Draws, kinds: int) -> _Compared:
    """Hours of one class of cases, per order line, by category × channel × region; what names less is dealt out by lines."""
    places = ground.places
    at = [PLACE.index(column) for column in _COMPARED]
    cell = {key: i for i, key in enumerate(dict.fromkeys(tuple(n[i] for i in at) for n in places.names))}
    of = np.array([cell[tuple(n[i] for i in at)] for n in places.names], dtype=np.int64)
    shape = (len(cell), places.lines.shape[1])
    lines, hours = np.zeros(shape), np.zeros(shape)
    without = _channels_without(sums, ground, name)
    idle = np.array([n[PLACE.index("channel_id")] in without for n in places.names], dtype=np.bool_)
    np.add.at(lines, of[~idle], places.lines[~idle])
    weights = np.zeros((len(cell), len(ground.assets)))
    doers: dict[tuple[Wall, str | None], Floats] = {}
    for place, rows in _placed(sums, name):
        where = places.matching(place)
        share = places.lines[where].sum(axis=1)
        share /= max(float(share.sum()), 1e-12)
        worked = np.bincount(sums.span[rows], sums.numbers["hours"][rows], minlength=shape[1])
        np.add.at(hours, of[where], np.outer(share, worked))
        np.add.at(weights, of[where], share[:, None] * places.of_asset[where] * worked.sum())
        for row in rows.tolist():
            doer = _doer(place, sums.words["elsewhere"][row], bool(sums.words["knows_party"][row]), ground)
            booked = doers.setdefault(doer, np.zeros(len(cell)))
            np.add.at(booked, of[where], sums.numbers["hours"][row] * share)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    total = np.maximum(sum(doers.values(), np.zeros(len(cell))), 1e-12)
    peer = [key[0] for key in cell]
    # Every category and every kind of work is a chance to be fooled: all of them together may be, one time in twenty.
    found = excess(hours, lines, peer, draws, error=_ERROR / (len(set(peer)) * kinds))
    of_asset = places.lines.sum(axis=1)[:, None] * places.of_asset
    # Where none of it is done, nothing of it can be lost.
    held = of_asset[found.held[of] | idle].sum(axis=0)
    mostly: Bools = (held > 0) & (held >= 0.5 * of_asset.sum(axis=0)) & found.held.any()
    shares = {k: v / total for k, v in doers.items()}
    return _Compared(tuple(cell), weights, shares, hours, lines, found, mostly, without)


def _channels_without(sums: Columns, ground: Ground, name: str) -> tuple[str, ...]:
    """Channels that never had a case of a class, nor a feed whose data could fail to agree.

    They have no such work by their nature, or do not log it; a channel that has it cannot learn from them how little would do.
    A feed that comes without ever a case shows just that, and stays.
    """
    at = PLACE.index("channel_id")
    cases = np.bincount(sums.place[_is(sums, [name])], sums.numbers["cases"][_is(sums, [name])], len(sums.places))
    worked = {
        place[at] for place, n in zip(sums.places, cases, strict=True) if n > 0 and any(v is not None for v in place)
    }
    channels = {str(n[at]) for n in ground.places.names if n[at] is not None}
    # Of work that nobody says which channel it is for, no channel can be said to have none.
    if not worked or None in worked or channels <= worked:
        return ()
    if STAGE[name] == "feed" and "feeds" in ground.rows:
        senders = set(ground.engine.run(ground.rows["feeds"].select("party_id").distinct())["party_id"].to_pylist())
        worked |= {c for c in channels if ground.channel_party.get(c) in senders - {None}}
    return tuple(sorted(channels - worked))


def _placed(sums: Columns, name: str) -> Iterator[tuple[tuple[str | None, ...], Ints]]:
    """Rows of a class of cases by place; a report about everything has no place to be compared by."""
    chosen = np.flatnonzero(_is(sums, [name]))
    chosen = chosen[np.argsort(sums.place[chosen], kind="stable")]
    starts = np.flatnonzero(np.diff(sums.place[chosen], prepend=-1))
    for rows in np.split(chosen, starts[1:]) if len(chosen) else ():
        place = sums.places[sums.place[rows[0]]]
        if any(value is not None for value in place):
            yield place, rows


def _doer(
    place: tuple[str | None, ...], elsewhere: str | None, knows_party: bool, ground: Ground
) -> tuple[Wall, str | None]:
    """Between two parties if another one is in the case, or runs the channel it is about; nobody else can close the gap alone."""
    channel = place[PLACE.index("channel_id")]
    runs = ground.channel_party.get(channel) if channel is not None else None
    if elsewhere is not None:
        return "between", elsewhere
    if runs is not None and runs != ground.own:
        return "between", runs
    return ("inside", ground.own) if knows_party or runs is not None else ("unknown", None)


def _booked(found: _Compared, ground: Ground, name: str, wage: float) -> list[Loss]:
    worse = np.flatnonzero(found.excess.amount > 0)
    losses = []
    for asset, key in enumerate(ground.assets):
        for (wall, party), share in found.doers.items():
            part = found.weights[worse, asset] * share[worse]
            hours = float(part @ found.excess.amount[worse])
            if hours <= 0:
                continue
            draws = found.excess.draws[:, worse] @ part * wage
            standard = _standard(found.excess, worse[part > 0], name)
            losses.append(Loss(key, "work", STAGE[name], wall, party, hours * wage, draws, hours, "hours", standard))
    return losses


def _standard(found: Excess, places: Ints, name: str) -> str:
    ends = 100 * found.standard[places]
    low, high = float(ends.min()), float(ends.max())
    said = f"{low:.2g}" if high - low < 0.05 * high else f"{low:.2g} to {high:.2g}"
    return (
        f"{said} hours of {_ABOUT[name]} per 100 order lines, what the better quarter of this category's channels and regions "
        "demonstrably needs, whoever runs them; work that all of them need alike is no loss"
    )


def _notes(
    sums: Columns, ground: Ground, unnamed: Sequence[Mapping[str, object]], *, is_priced: bool
) -> tuple[str, ...]:
    notes = []
    stages = _is(sums, STAGE)
    hours, others = (float(sums.numbers[x][stages].sum()) for x in ("hours", "other_hours"))
    currency = ground.portfolio.currency
    if is_priced and "wage_amount_per_hour" not in ground.portfolio.assumptions and currency in DEFAULT_WAGE:
        notes.append(
            f"An hour of case work is priced at {DEFAULT_WAGE[currency]:g} {currency}, a mean of the EU; set wage_amount_per_hour."
        )
    if others > 0.01 * hours:
        notes.append(
            f"work_log: {others:,.0f} of {hours:,.0f} hours of status work and reconciling are by people of other parties; "
            "they are priced alike, as effort that is written down is effort somebody charges for."
        )
    unplaced = float(sums.numbers["hours"][stages & (sums.weights.sum(axis=1)[sums.place] == 0)].sum())
    if ground.lines is not None and unplaced > 0:
        notes.append(
            f"work_log: {unplaced:,.0f} of {hours:,.0f} such hours name no place with order lines; they are read, not booked."
        )
    other = float(sums.numbers["touches"][_is(sums, ["other"])].sum())
    if other:
        notes.append(
            f"work_log: {other:,.0f} of {sums.numbers['touches'].sum():,.0f} events are in cases of a kind we have no word for"
            + (f" (most of them {', '.join(str(u['case_kind']) for u in unnamed)})" if unnamed else "")
            + "; add words under [work] in portfolio.toml."
        )
    return tuple(notes)


def log_ground(engine: Engine, rows: Mapping[str, ir.Table], portfolio: Portfolio, seed: int = 1) -> Ground:
    """A ground on which a work log alone is read: its weeks, and the assets that its events name in full.

    Args:
        engine: Runs the expressions.
        rows: Tables as intake kept them; work_log is among them, order lines are not.
        portfolio: What portfolio.toml says.
        seed: Of the bootstrap draws.
    """
    log = rows["work_log"]
    asked = engine.run(log.aggregate(first=log["at"].min(), last=log["at"].max())).to_pylist()[0]
    period = portfolio.period or Period(asked["first"].date(), asked["last"].date() + timedelta(days=1))
    days = (period.end - period.start).days
    day = 86_400
    seconds = 7 * day if days >= 7 * LEAST_CLUSTERS else day
    ends = [(d - date(1970, 1, 1)).days * day for d in (period.start, period.end)]
    spans = np.arange(ends[0] // seconds, (ends[1] - 1) // seconds + 1)
    fold = spans_per_block(len(spans)) * blocks_per_fold(len(spans))
    draws = draw_clusters(len(spans), seed, block=spans // fold) if len(spans) >= LEAST_CLUSTERS else None
    named = engine.run(log.select(*PLACE).distinct())
    said = {**{name: named[name].to_pylist() for name in PLACE}, "destination": named["region"].to_pylist()}
    absent: list[str | None] = [None] * named.num_rows
    keys = zip(*(said.get(name, absent) for name in portfolio.grain), strict=True)
    assets: tuple[AssetKey, ...] = tuple(sorted({key for key in keys if None not in key}, key=str))
    parties, channels = rows.get("parties"), rows.get("channels")
    names = _pairs(engine, parties, "party_id", "name")
    return Ground(
        engine, rows, None, portfolio, names, _pairs(engine, channels, "channel_id", "party_id"), assets, spans, seconds, draws, period,
    )  # fmt: skip


def _pairs(engine: Engine, table: ir.Table | None, key: str, value: str) -> dict[str, str]:
    if table is None:
        return {}
    found = engine.run(table.select(key, value))
    pairs = zip(found[key].to_pylist(), found[value].to_pylist(), strict=True)
    return {k: v for k, v in pairs if v is not None}
