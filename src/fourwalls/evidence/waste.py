"""Waste: what is booked as leakage beyond what the best doers of the same work need, by cause and by who caused it.

Left to others: bookings that follow late and cancelled lines (they are part of what a failure costs), and shrink,
write-offs and markdowns (they are what became of stock, and told from the stock record). Both are shown as readings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.diagnosis import Wall
from fourwalls.evidence.doer_places import Places, compare_places, gentler
from fourwalls.evidence.doers import Comparison, compare
from fourwalls.evidence.failure_costs import FailureCosts, draws_of, lines_of, measure
from fourwalls.evidence.ground import PLACE, Finding, Ground
from fourwalls.evidence.rates import stand_out_as_a_whole
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import ledger
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, Draws, ratio_ranges

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# From this part on, a cause is taken to follow failures wholly.
_MOSTLY = 0.5
_NAMED_PART = 0.95
# Chance that anything is called waste where all doers are equal, over all causes.
_CHANCE = 0.05
_ROLES: tuple[ledger.Role, ...] = ("fulfilment", "channel", "carriage")


def find(ground: Ground, costs: FailureCosts | None = None) -> Finding:
    """Leakage as a share of revenue by cause, and what of it better work would avoid.

    A cause is laid to those who handle the lines in one role: the nodes that pack them, the channels that sell them, or the carriers;
    that role whose parties are those that bookings name. What a doer causes is told apart from what a category brings with it by
    rates that multiply (`doers.compare`): a doer is held to the better quarter of the doers of the same categories, or of
    categories that other doers connect; one whom nobody can be compared with, to its own better places (`doer_places`).

    Args:
        ground: Tables, assets and weeks.
        costs: What failures cost, if it was measured before.
    """
    refusal = _cannot(ground)
    if refusal is not None:
        return Finding(refusals=(refusal,))
    booked = _booked(ground)
    if not booked.texts:
        step = "leakage booked within the period of the order lines"
        return Finding(
            refusals=(Refusal("no_waste", "avoidable waste", "leakage holds no booking of these weeks", step),)
        )
    costs = costs or measure(ground)
    losses: list[Loss] = []
    refusals: list[Refusal] = []
    notes: list[str] = []
    least: dict[AssetKey, dict[str, float]] = {}
    compared = np.zeros((2, 2, len(ground.assets)))
    handled = {role: _handled(ground, role) for role in _ROLES}
    chance = _CHANCE / max(1, len(booked.texts))
    for text in booked.texts:
        cause = ledger.cause_of(text)
        follows = costs.follows.get(text, 0.0)
        if cause.name in ledger.STOCK_CAUSES:
            notes.append(f"bookings '{text}' are told from the stock record, not as waste")
        elif follows >= _MOSTLY:
            notes.append(f"bookings '{text}' follow late and cancelled lines, and are part of what those cost")
        else:
            found, refused, beside, seen = _wasted(
                ground, handled, booked.of(text), (text, cause, 1 - follows, chance), least
            )
            compared += _by_asset(ground, booked.of(text)) if seen is None else seen
            losses += found
            refusals += refused
            notes += beside
    return Finding(
        tuple(losses), _readings(ground, booked), tuple(refusals), tuple(notes), _judged(ground, compared), least
    )


def _cannot(ground: Ground) -> Refusal | None:
    because = None
    if "leakage" not in ground.rows:
        because, step = "there is no table leakage", "leakage: bookings by day, cause and place"
    elif ground.lines is None:
        because, step = "there are no order lines to compare bookings with", "order_lines"
    elif ground.draws is None:
        because, step = "the record is too short for ranges", f"at least {LEAST_CLUSTERS} weeks"
    return None if because is None else Refusal("no_waste", "avoidable waste", because, step)


@dataclass(frozen=True)
class _Booked:
    """Bookings: one entry each by cause, party, place and span, all of equal length."""

    causes: Sequence[str]
    party: Sequence[str | None]
    place: Sequence[tuple[str | None, ...]]
    span: Ints
    amount: Floats
    count: Floats

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Causes as booked, in order of their names."""
        return tuple(sorted(set(self.causes)))

    @cached_property
    def named(self) -> tuple[int, ...]:
        """Columns of PLACE that nearly all of the amount names."""
        size, total = np.abs(self.amount), float(np.abs(self.amount).sum())
        told = [[place[i] is not None for place in self.place] for i in range(len(PLACE))]
        return tuple(i for i, known in enumerate(told) if float(size[known].sum()) >= _NAMED_PART * total)

    def of(self, text: str) -> _Booked:
        """Only those of one cause."""
        at = [i for i, c in enumerate(self.causes) if c == text]
        return _Booked(
            [text] * len(at), [self.party[i] for i in at], [self.place[i] for i in at],
            self.span[at], self.amount[at], self.count[at],
        )  # fmt: skip


def _booked(ground: Ground) -> _Booked:
    table = ground.engine.run(ledger.bookings(ground.rows["leakage"], ground.span_seconds))
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    table, span = table.filter(pa.array(span >= 0)), span[span >= 0]
    return _Booked(
        [str(c) for c in table["cause"].to_pylist()],
        table["party_id"].to_pylist(),
        list(zip(*(table[c].to_pylist() for c in PLACE), strict=True)),
        span,
        _floats(table["amount"]),
        _floats(table["bookings"]),
    )


def _floats(column: pa.ChunkedArray) -> Floats:
    values = pc.fill_null(pc.cast(column, pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    return np.nan_to_num(np.asarray(values, np.float64))


@dataclass(frozen=True)
class Handled:
    """Lines by place, doer and asset: what could have caused a booking.

    Attributes:
        place, doer, party, asset: Of each row.
        lines, value: By row and span, shape (rows, spans).
    """

    place: list[tuple[str | None, ...]]
    doer: list[str]
    party: list[str | None]
    asset: Ints
    lines: Floats
    value: Floats


def _handled(ground: Ground, role: ledger.Role) -> Handled:
    grain = ground.portfolio.grain
    table = ground.engine.run(ledger.handled_lines(lines_of(ground), role, grain))
    table = table.filter(pc.is_valid(table["doer"]))
    named = [table[c].to_pylist() for c in (*PLACE, "doer", "party_id", *(f"asset_{i}" for i in range(len(grain))))]
    keys = list(zip(*named, strict=True))
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    row = np.array([number[key] for key in keys], dtype=np.int64)
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    inside = span >= 0
    sums = {name: np.zeros((len(number), len(ground.spans))) for name in ("lines", "value")}
    for name, into in sums.items():
        np.add.at(into, (row[inside], span[inside]), _floats(table[name])[inside])
    asset = {key: i for i, key in enumerate(ground.assets)}
    n = len(PLACE)
    at = [asset.get(tuple(None if v is None else str(v) for v in key[n + 2 :]), -1) for key in number]
    return Handled(
        [key[:n] for key in number], [str(key[n]) for key in number], [key[n + 1] for key in number],
        np.array(at, dtype=np.int64), sums["lines"], sums["value"],
    )  # fmt: skip


def _wasted(
    ground: Ground,
    by_role: Mapping[ledger.Role, Handled],
    booked: _Booked,
    about: tuple[str, ledger.Cause, float, float],
    least: dict[AssetKey, dict[str, float]],
) -> tuple[list[Loss], list[Refusal], list[str], Floats | None]:
    text, cause, part, chance = about
    step = "leakage with the party that caused it and the category, channel and region it belongs to"
    found = _role(by_role, booked, cause, ground.own)
    if found is None:
        because = "bookings name no party that handles order lines, and the cause does not say whose work it comes from"
        return [], [Refusal("no_causer", f"waste by {text}", because, step)], [], None
    role, handled = found
    named = booked.named
    if not {"category", "brand"} & {PLACE[i] for i in named} and len(set(_kinds(handled))) > 1:
        because = "bookings do not say which category or brand they belong to"
        return [], [Refusal("no_category", f"waste by {text}", because, step)], [], None
    if not {"channel_id", "region"} <= {PLACE[i] for i in named}:
        # Where the place is half told, doers of one party cannot be told apart.
        handled = replace(handled, doer=[p or d for p, d in zip(handled.party, handled.doer, strict=True)])
    base = handled.value if _scales_with_value(booked, handled) else handled.lines
    matrix = _matrix(booked, handled, ground)
    compared = compare(matrix, base, _kinds(handled), handled.doer, draws_of(ground), chance)
    alone = np.array([not compared.held[compared.doers.index(d)] for d in handled.doer], dtype=np.bool_)
    places = _places(handled, compared, matrix, base, (booked.named, alone, chance), draws_of(ground))
    open_ = sorted({d for d, left in zip(handled.doer, alone & ~places.held, strict=True) if left})
    refusals = []
    if open_:
        because = (
            f"nobody else of whom such bookings are known does the same work as {', '.join(open_)}, and bookings do not "
            "tell two channels or regions apart at which the same goods are handled"
        )
        refusals = [Refusal("no_peers", f"waste by {text}", because, "a record of more than one place or partner")]
    _add_detectable(ground, handled, compared, places, (chance, part), least)
    losses = _losses(ground, handled, (compared, places), booked, text, (cause, role), part)
    alike = _alike_throughout(handled, compared, base, text, draws_of(ground), chance, places)
    return losses, refusals, alike, _held(ground, handled, compared, places)


def _places(
    handled: Handled, compared: Comparison, matrix: Matrix, base: Floats, about: tuple[tuple[int, ...], Bools, float],
    draws: Draws,
) -> Places:  # fmt: skip
    """The channels and regions of those who are compared with nobody, as far as bookings tell them apart."""
    named, alone, chance = about
    at = [i for i in named if PLACE[i] in ("channel_id", "region")]
    below = base.sum(axis=1)
    in_cell = np.bincount(matrix.cell, below[matrix.row], len(matrix.count))
    dealt = matrix.count[matrix.cell] * below[matrix.row] / np.maximum(in_cell[matrix.cell], 1e-12)
    bookings = np.bincount(matrix.row, dealt, len(below)).astype(np.float64)
    where = [tuple(place[i] for i in at) for place in handled.place]
    # Where others handle a part of the goods, bookings need not be about the doer's own part.
    shared, mine = (
        np.unique([repr(key) for key in zip(*parts, strict=True)], return_inverse=True)[1]
        for parts in ((_kinds(handled), where), (_kinds(handled), where, handled.doer))
    )
    every, own = (np.bincount(code, below)[code] for code in (shared, mine))
    alone = alone & (own >= _NAMED_PART * every)
    of = handled.doer, _kinds(handled), where
    bases = [handled.lines, *([handled.value] if handled.value.sum() > 0 else [])]
    found = [compare_places(compared.amount, b, bookings, of, alone, draws, chance) for b in bases]
    return found[0] if len(found) == 1 else gentler(*found)


def _by_asset(ground: Ground, booked: _Booked) -> Floats:
    """What is booked on each asset by a cause that could be held to nothing, as `_held` gives it."""
    found = np.zeros((2, 2, len(ground.assets)))
    for place, amount in zip(booked.place, booked.amount, strict=True):
        found[0, 1] += abs(amount) * ground.places.asset_weights(place)
    return found


def _held(ground: Ground, handled: Handled, compared: Comparison, places: Places | None = None) -> Floats:
    """Bookings and lines of each asset, of what was compared and of all, shape (bookings and lines, held and all, assets)."""
    found = np.zeros((2, 2, len(ground.assets)))
    is_held = np.array([compared.held[compared.doers.index(d)] for d in handled.doer], dtype=np.bool_)
    is_held |= False if places is None else places.held
    for kind, sums in enumerate((compared.amount.sum(axis=1), handled.lines.sum(axis=1))):
        for every, chosen in enumerate((is_held, np.ones_like(is_held))):
            rows = chosen & (handled.asset >= 0)
            np.add.at(found[kind, every], handled.asset[rows], sums[rows])
    return found


def _judged(ground: Ground, compared: Floats) -> dict[AssetKey, frozenset[str]]:
    """Assets most of whose bookings are of doers that were compared; most of whose lines, where nothing is booked."""
    (booked, of_booked), (lines, of_lines) = compared
    judged = np.where(of_booked > 0, booked >= 0.5 * of_booked, (lines > 0) & (lines >= 0.5 * of_lines))
    return {key: frozenset({"waste"}) for key, is_judged in zip(ground.assets, judged, strict=True) if is_judged}


def _add_detectable(
    ground: Ground, handled: Handled, compared: Comparison, places: Places, about: tuple[float, float],
    least: dict[AssetKey, dict[str, float]],
) -> None:  # fmt: skip
    """Adds the smallest waste of our own that would have been told apart, asset by asset; of it, what does not follow failures."""
    chance, part = about
    ours = np.array([p == ground.own for p in handled.party], dtype=np.bool_)
    of_doer = np.array([compared.doers.index(d) for d in handled.doer])
    for asset, key in enumerate(ground.assets):
        mine = ours & (handled.asset == asset)
        for doer in np.unique(of_doer[mine]).tolist():
            amount = part * compared.detectable(doer, mine & (of_doer == doer), chance)
            amount += part * places.detectable(mine & (of_doer == doer))
            of_asset = least.setdefault(key, {})
            of_asset["waste"] = of_asset.get("waste", 0.0) + amount


def _alike_throughout(
    handled: Handled, compared: Comparison, base: Floats, text: str, draws: Draws, chance: float,
    places: Places | None = None,
) -> list[str]:  # fmt: skip
    """Categories that lose more of it than others with all who handle them: they may have to, and nothing is claimed."""
    kinds = _kinds(handled)
    claimed = {k for k, d in zip(kinds, handled.doer, strict=True) if compared.excess[compared.doers.index(d)] > 0}
    if places is not None:
        claimed |= {cell[1] for cell, more in zip(places.cells, places.excess.amount, strict=True) if more > 0}
    whole = stand_out_as_a_whole(kinds, compared.amount, base, draws, chance, tuple(claimed))
    if not whole:
        return []
    named = "; ".join(f"{w.name} {w.rate / w.standard:.1f} times" if w.standard > 0 else w.name for w in whole)
    told = (
        f"waste by {text}: whoever handles them, some categories lose more than the better quarter of them ({named}); whether "
        "they have to is not known, and none of that is claimed"
    )
    return [told]


def _role(
    by_role: Mapping[ledger.Role, Handled], booked: _Booked, cause: ledger.Cause, own: str
) -> tuple[ledger.Role, Handled] | None:
    """The role whose parties agree best with those that bookings name, and who handled lines in it."""
    named = [i for i, p in enumerate(booked.party) if p is not None]
    if not named:
        return None if cause.role is None else (cause.role, by_role[cause.role])
    columns = booked.named
    at = [tuple(place[i] for i in columns) for place in booked.place]
    best: tuple[float, ledger.Role, Handled] | None = None
    for role, handled in by_role.items():
        lines: dict[tuple[object, ...], float] = {}
        for full, party, n in zip(handled.place, handled.party, handled.lines.sum(axis=1), strict=True):
            place = tuple(full[i] for i in columns)
            for key in (("all", place), (party, place)):
                lines[key] = lines.get(key, 0.0) + float(n)
        # The chance that a line of the place was handled by the party the booking names, in bits over all bookings.
        seen = [
            booked.count[i]
            * np.log((lines.get((booked.party[i], at[i]), 0.0) + 0.5) / (lines.get(("all", at[i]), 0.0) + 1))
            for i in named
        ]
        if best is None or sum(seen) > best[0]:
            best = float(sum(seen)), role, handled
    if best is None:
        return None
    if set(booked.party) == {own} and (everywhere := _ours(booked, best[2], columns, own)) is not None:
        return best[1], everywhere
    known = {p for p in best[2].party if p is not None}
    return (best[1], best[2]) if any(booked.party[i] in known for i in named) else None


def _ours(booked: _Booked, handled: Handled, columns: tuple[int, ...], own: str) -> Handled | None:
    """All lines as our own, where bookings that all name us come as well from places where others handle every line.

    What our customer service or buying causes is booked to us wherever goods are packed or sold: no role of an order line tells it. Where
    it came with what we handle, those places would have no bookings; where it comes with all lines, as many as they have lines. Nearer
    to the second is taken for it.
    """
    at = [tuple(full[i] for i in columns) for full in handled.place]
    of_us = {place for place, party in zip(at, handled.party, strict=True) if party == own}
    elsewhere = np.array([tuple(place[i] for i in columns) not in of_us for place in booked.place], dtype=np.bool_)
    lines, theirs = handled.lines.sum(axis=1), np.array([place not in of_us for place in at], dtype=np.bool_)
    part = float(booked.count[elsewhere].sum() / max(booked.count.sum(), 1e-12))
    if part <= 0 or part <= float(lines[theirs].sum() / max(lines.sum(), 1e-12)) / 2:
        return None
    n = len(handled.place)
    return replace(handled, doer=[own] * n, party=[own] * n)


def _scales_with_value(booked: _Booked, handled: Handled) -> bool:
    """Whether a booking is the larger the dearer the goods: its mean varies less between categories by value than by line."""
    kinds = _kinds(handled)
    per: list[tuple[float, float]] = []
    for kind in dict.fromkeys(kinds):
        rows = [i for i, k in enumerate(kinds) if k == kind]
        at = [i for i, p in enumerate(booked.place) if _kind(p) == kind]
        lines, value, n = handled.lines[rows].sum(), handled.value[rows].sum(), booked.count[at].sum()
        if n >= 5 and lines > 0 and value > 0:
            mean = float(booked.amount[at].sum() / n)
            per.append((mean, mean / float(value / lines)))
    if len(per) < 2:
        return bool(handled.value.sum() > 0)
    by_line, by_value = (float(np.std(x) / np.mean(x)) for x in zip(*per, strict=True))
    return by_value < by_line


def _kind(place: tuple[str | None, ...]) -> str | None:
    return place[PLACE.index("category")] or place[PLACE.index("brand")]


def _kinds(handled: Handled) -> list[str | None]:
    return [_kind(place) for place in handled.place]


@dataclass(frozen=True)
class Matrix:
    """Which rows of handled lines each cell of bookings can belong to.

    Attributes:
        amount: By cell and span, shape (cells, spans).
        count: Bookings in each cell, shape (cells,).
        cell, row: Pairs of a cell and a row that it can belong to.
    """

    amount: Floats
    count: Floats
    cell: Ints
    row: Ints


def _matrix(booked: _Booked, handled: Handled, ground: Ground) -> Matrix:
    keys = list(zip(booked.place, booked.party, strict=True))
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    at = np.array([number[key] for key in keys], dtype=np.int64)
    amount = np.zeros((len(number), len(ground.spans)))
    np.add.at(amount, (at, booked.span), booked.amount)
    columns = [np.array([str(p[i]) for p in handled.place], dtype=object) for i in range(len(PLACE))]
    parties = np.array([str(p) for p in handled.party], dtype=object)
    cells, rows = [], []
    for (place, party), i in number.items():
        fits = np.ones(len(handled.place), dtype=np.bool_)
        for column, value in zip(columns, place, strict=True):
            fits &= True if value is None else column == value
        fits &= True if party is None else parties == party
        found = np.flatnonzero(fits)
        cells.append(np.full(len(found), i))
        rows.append(found)
    count = np.bincount(at, booked.count, len(number)).astype(np.float64)
    return Matrix(np.maximum(amount, 0.0), count, np.concatenate(cells), np.concatenate(rows))


def _losses(
    ground: Ground, handled: Handled, found: tuple[Comparison, Places], booked: _Booked, text: str,
    about: tuple[ledger.Cause, ledger.Role], part: float,
) -> list[Loss]:  # fmt: skip
    (compared, places), (cause, role) = found, about
    doers = {d: i for i, d in enumerate(compared.doers)}
    of_doer = np.array([doers[d] for d in handled.doer])
    losses: list[Loss] = []

    def lose(rows: Bools, amount: float, drawn: Floats, standard: str) -> None:
        party = next((handled.party[i] for i in np.flatnonzero(rows) if handled.party[i] is not None), None)
        wall: Wall = "unknown" if party is None else "inside" if party == ground.own else "between"
        key: AssetKey = ground.assets[int(handled.asset[rows][0])]
        per_booking = float(booked.amount.sum() / max(booked.count.sum(), 1.0))
        losses.append(
            Loss(key, "ledger", "waste", wall, party, part * amount, part * drawn, part * amount / per_booking, "bookings", standard)
        )  # fmt: skip

    for d in np.flatnonzero(compared.excess > 0).tolist():
        best = ", ".join(compared.doers[i] for i in compared.best[d])
        ratio = 1 / max(1 - compared.excess[d], 1e-9)
        standard = (
            f"{text} at {compared.doers[d]} is {ratio:.1f} times what it is at {best}, category by category "
            f"(the better quarter of {compared.peers[d]} compared in {role}); {cause.side}"
        )
        for rows in _by_assets(handled, of_doer == d):
            amount, drawn = compared.wasted(d, rows)
            if amount > 0:
                lose(rows, amount, drawn, standard)
    for c in np.flatnonzero(places.excess.amount > 0).tolist():
        for rows in _by_assets(handled, places.cell == c):
            amount, drawn = places.wasted(rows)
            if amount > 0:
                lose(rows, amount, drawn, f"{text} of {places.in_words(c)}; {cause.side}")
    return losses


def _by_assets(handled: Handled, rows: Bools) -> Iterator[Bools]:
    for asset in np.unique(handled.asset[rows & (handled.asset >= 0)]).tolist():
        yield rows & (handled.asset == asset)


def _readings(ground: Ground, booked: _Booked) -> dict[AssetKey, tuple[Reading, ...]]:
    """Leakage as a share of revenue, in all and by cause, of every asset and of the whole portfolio."""
    places = ground.places
    spans, n = len(ground.spans), len(ground.assets)
    weights: dict[tuple[str | None, ...], Floats] = {}
    by_cause = {text: np.zeros((n, spans)) for text in booked.texts}
    for text, place, span, amount in zip(booked.causes, booked.place, booked.span, booked.amount, strict=True):
        if place not in weights:
            weights[place] = places.asset_weights(place)
        by_cause[text][:, span] += amount * weights[place]
    value = places.of_asset.T @ places.value
    counts = {text: float(booked.of(text).count.sum()) for text in booked.texts}
    found: dict[AssetKey, tuple[Reading, ...]] = {}
    for row, asset in [(slice(i, i + 1), a) for i, a in enumerate(ground.assets)] + [(slice(0, n), ())]:
        below = value[row].sum(axis=0)
        every = np.sum([a[row].sum(axis=0) for a in by_cause.values()], axis=0)
        named = [("leakage_share", "Leakage", every, sum(counts.values()))]
        for text, amounts in by_cause.items():
            cause = ledger.cause_of(text)
            named.append(
                (f"leakage_share: {text}", f"Leakage: {text} ({cause.side})", amounts[row].sum(axis=0), counts[text])
            )
        found[asset] = tuple(_share(ground, *one, below) for one in named)
    return _against_quarter(ground, found)


def _against_quarter(ground: Ground, found: dict[AssetKey, tuple[Reading, ...]]) -> dict[AssetKey, tuple[Reading, ...]]:
    """The same, with what the better quarter of assets shows beside each; assets differ, so it is a mark and no loss."""
    values: dict[str, list[float]] = {}
    for asset in ground.assets:
        for r in found[asset]:
            if isinstance(r.figure, Estimate):
                values.setdefault(r.name, []).append(r.figure.value)
    marks = {
        name: f"; better quarter of {len(v)} assets: {np.quantile(v, 0.25):.2%}"
        for name, v in values.items()
        if len(v) > 1
    }
    return {
        asset: tuple(replace(r, definition=r.definition + marks.get(r.name, "")) for r in readings)
        for asset, readings in found.items()
    }


def _share(ground: Ground, name: str, label: str, above: Floats, n: float, below: Floats) -> Reading:
    figure: Figure = Refusal("no_value", label, "order lines have no price above 0", "price_amount in order_lines")
    if below.sum() > 0:
        value, low, high = (float(x[0]) for x in ratio_ranges(above[None, :], below, draws_of(ground)))
        figure = Estimate(value, low, high, "share", LEVEL)
    return Reading(name, label, figure, int(n), "amount booked / value of order lines, in the weeks of either")
