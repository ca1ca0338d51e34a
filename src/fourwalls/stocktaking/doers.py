"""The doer, the side of the wall and the standard of every stage for every shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fourwalls.chain import stock_flow, supply
from fourwalls.chain.accounts import WALLS
from fourwalls.chain.comparison import NOBODY
from fourwalls.chain.forecast_noise import NAIVE_DAYS
from fourwalls.chain.levels import ECHELONS
from fourwalls.chain.stock_flow import STAGES
from fourwalls.chain.supply import DAY_S

if TYPE_CHECKING:
    from fourwalls.stocktaking.taking import Stocktaking

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Doers:
    """Finds the doer, the side of the wall and the standard of every stage for every shelf."""

    def __init__(self, taking: Stocktaking) -> None:
        self._t = taking
        self._n = taking.shelves.num_rows
        self._parties: list[str] = [NOBODY]
        self._words: list[str] = [""]
        shape = (len(STAGES), self._n)
        self._party, self._standard = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self._held = np.zeros(shape, np.bool_)

    def walls(self) -> stock_flow.Walls:
        """All of it."""
        own = self._number(self._parties, self._t.book.own)
        for stage in ("decision", "allocation", "forecast"):
            self._party[STAGES.index(stage)] = own
        self._receiving()
        self._supply()
        self._decision()
        self._forecast()
        self._points()
        self._single_buys()
        self._allocation()
        self._keeping()
        # Where nobody knows what stood on a shelf, no supply can be replayed, however well it is recorded.
        self._held &= stock_flow.stock_known(self._t.record)
        self._listing()
        own_book = self._t.book.own
        side = np.array(
            [WALLS.index("unknown" if p == NOBODY else "inside" if p == own_book else "between") for p in self._parties]
        )
        return stock_flow.Walls(
            self._party, side[self._party], self._standard, self._held, tuple(self._parties), tuple(self._words)
        )

    @staticmethod
    def _number(names: list[str], name: str) -> int:
        if name not in names:
            names.append(name)
        return names.index(name)

    def _named(self, names: npt.NDArray[np.str_]) -> Ints:
        unique, inverse = supply.coded(names)
        return np.array([self._number(self._parties, str(u)) for u in unique], dtype=np.int64)[inverse]

    def _receiving(self) -> None:
        """Whose dock it is; where goods pass several, the one on which they would have lain longest beyond its standard."""
        at = STAGES.index("receiving")
        s, r = self._t.supplies, self._t.repaired
        dock = np.arange(self._n)
        if s is not None and r is not None:
            row, donor = supply.STAGES.index("receiving"), self._t._donor  # noqa: SLF001
            # Bit 2 of a coalition is receiving.
            days = np.nan_to_num(r.arrives[:, 0] - r.arrives[:, 4]) / DAY_S
            units = np.bincount(s.shelf, s.ordered, minlength=self._n)
            lain = np.bincount(s.shelf, days * s.ordered, minlength=self._n) / np.maximum(units, 1e-9)
            held = self._mostly(s.shelf, r.held[row])
            words = usual(s.shelf, self._words_of(r.standards)[r.words[row]], s.ordered, self._n)
            up = donor
            self._held[at] = held
            for _ in range(ECHELONS):
                here = np.maximum(up, 0)
                dock = np.where((up >= 0) & (lain[here] > lain[dock]), here, dock)
                self._held[at] |= (up >= 0) & held[here]
                up = np.where(up >= 0, donor[here], -1)
            self._standard[at] = words[dock]
        self._party[at] = self._named(self._t._node_party[dock])  # noqa: SLF001

    def _mostly(self, shelf: Ints, is_so: Bools) -> Bools:
        """Whether something is so of more than half of the orders of each shelf."""
        found: Bools = np.bincount(shelf, is_so, minlength=self._n) > np.bincount(shelf, minlength=self._n) / 2
        return found

    def _words_of(self, standards: tuple[str, ...]) -> Ints:
        return np.array([self._number(self._words, w) if w else 0 for w in standards], dtype=np.int64)

    def _supply(self) -> None:
        """Who supplies a shelf is who supplies the shelf that refills it: what an empty centre cannot send, it lacked itself."""
        s, r = self._t.supplies, self._t.repaired
        if s is None or r is None:
            return
        numbers = self._words_of(r.standards)
        giver = np.where(s.donor >= 0, self._t._node_party[np.maximum(s.donor, 0)], s.supplier)  # noqa: SLF001
        for stage in ("decision", "supply"):
            at, row = STAGES.index(stage), supply.STAGES.index(stage)
            held = handed_down(s.shelf, s.donor, r.held[row].astype(np.int64), np.ones(len(s.shelf)), self._n)
            self._held[at] = held > 0
            self._standard[at] = handed_down(s.shelf, s.donor, numbers[r.words[row]], s.ordered, self._n)
        self._party[STAGES.index("supply")] = handed_down(s.shelf, s.donor, self._named(giver), s.ordered, self._n)

    def _decision(self) -> None:
        """Buying is ours, unless the log of work shows that somebody else decides for a supplier."""
        s, who = self._t.supplies, self._t.deciders
        if s is None or who is None:
            return
        at = STAGES.index("decision")
        told = np.where(who == NOBODY, self._t.book.own, who)
        self._party[at] = handed_down(s.shelf, s.donor, self._named(told), s.ordered, self._n)
        # Where nothing was ever bought nobody decided.
        self._party[at, np.bincount(s.shelf, minlength=self._n) == 0] = self._number(self._parties, self._t.book.own)

    def _forecast(self) -> None:
        found = self._t.forecasts
        if found is None:
            return
        rows, counts, kept = found.rows, found.bias.counts, found.noise.kept
        at = STAGES.index("forecast")
        off = np.abs(counts) + (1 - kept)
        cell_party = self._named(np.array(found.forecasters, dtype=np.str_))
        self._party[at] = usual(rows.shelf, cell_party[rows.cell], (off[rows.cell] + 1e-6) * rows.units + 1e-9, self._n)
        known = np.bincount(rows.shelf, np.isfinite(found.bias.share[rows.cell]), minlength=self._n)
        self._held[at] = known > 0
        words = [
            self._number(self._words, "a forecast without lasting bias against what customers wanted"),
            self._number(self._words, f"a forecast nearer to demand than the mean of the {NAIVE_DAYS} days before it"),
        ]
        swings = np.bincount(rows.shelf, ((1 - kept) > np.abs(counts))[rows.cell] * rows.units, minlength=self._n)
        mostly = swings > np.bincount(rows.shelf, rows.units, minlength=self._n) / 2
        self._standard[at] = np.where(self._held[at], np.where(mostly, words[1], words[0]), 0)

    def _points(self) -> None:
        """Where nobody forecasts on record, what was expected shows in when it was bought: whoever decides on that expects it."""
        points = self._t._plan.points  # noqa: SLF001
        s = self._t.supplies
        if s is None or points is None or not points.judged.any():
            return
        at, decision = STAGES.index("forecast"), STAGES.index("decision")
        weight = np.ones(len(s.shelf))
        held = handed_down(s.shelf, s.donor, points.judged[s.shelf].astype(np.int64), weight, self._n) > 0
        self._held[at] |= held
        self._party[at] = np.where(held, self._party[decision], self._party[at])
        word = self._number(
            self._words, "reorder points between what 80 and 99.9 % of cycles without a stock-out ask for"
        )
        self._standard[at] = np.where(held, word, self._standard[at])

    def _single_buys(self) -> None:
        """What is bought for once is a forecast, written down or not: of who wrote it, else of who decides on the buy."""
        buys, found = self._t._plan.buys, self._t.forecasts  # noqa: SLF001
        if buys is None:
            return
        at, decision = STAGES.index("forecast"), STAGES.index("decision")
        written = np.zeros(self._n, np.bool_)
        if found is not None:
            written[found.rows.shelf] = True
        self._held[at] |= buys.judged
        self._party[at] = np.where(buys.judged & ~written, self._party[decision], self._party[at])
        word = self._number(self._words, "a buy between what was wanted and the newsvendor's")
        self._standard[at] = np.where(buys.judged, word, self._standard[at])

    def _allocation(self) -> None:
        at = STAGES.index("allocation")
        plan = self._t._plan  # noqa: SLF001
        alone = np.bincount(self._t.sku, minlength=self._n)[self._t.sku] < 2
        self._held[at] = alone | plan.skew.judged
        buys = plan.buys
        # No node's stock answers a buy made before anything sold: whoever buys has shared it out.
        by_buyer = np.zeros(self._n, np.bool_) if buys is None else buys.once
        self._party[at] = np.where(by_buyer, self._party[STAGES.index("decision")], self._sharers())
        word = self._number(self._words, "days of cover as this portfolio usually gives to demand and lead time")
        self._standard[at] = np.where(plan.skew.judged, word, 0)

    def _sharers(self) -> Ints:
        """Who has to be spoken with to share a sku out otherwise: the other party that keeps most of it; else ourselves.

        Those that buy a sku share it among them, and those that one giver refills with it. What our own centre sends, we share
        out, whoever it goes to.
        """
        own = self._number(self._parties, self._t.book.own)
        keeper = self._named(self._t._node_party)  # noqa: SLF001
        among = stock_flow.sharing(self._t.sku, self._t._donor)  # noqa: SLF001
        groups = int(among.max(initial=-1)) + 1
        foreign = (keeper != own) & (keeper != 0)
        kept = np.where(foreign, np.nansum(self._t.record.sold, axis=1, dtype=np.float64) + 1e-9, 0.0)
        other = usual(among[foreign], keeper[foreign], kept[foreign], groups)
        shared = np.bincount(among, minlength=groups) >= 2
        donor = self._t._donor  # noqa: SLF001
        sent_by_us = (donor >= 0) & (keeper[np.maximum(donor, 0)] == own)
        return np.where((shared & (other > 0))[among] & ~sent_by_us, other[among], own)

    def _keeping(self) -> None:
        """The record and the shelf are in the hands of whoever runs the node."""
        unseen = self._t.unseen
        for i, stage in enumerate(("record", "shelf")):
            at = STAGES.index(stage)
            self._party[at] = self._named(self._t._node_party)  # noqa: SLF001
            self._held[at] = unseen.judged[i]
            self._standard[at] = [self._number(self._words, w) if w else 0 for w in unseen.words[i]]

    def _listing(self) -> None:
        at = STAGES.index("listing")
        hidden = self._t.hidden
        kinds = self._t.channel_parties
        parties = np.array([kinds.get(c, NOBODY) for c in hidden.channels] or [NOBODY], dtype=np.str_)
        self._party[at] = self._named(parties)[np.minimum(hidden.main, len(parties) - 1)]
        self._held[at] = hidden.judged
        self._standard[at] = [self._number(self._words, w) if w else 0 for w in hidden.words]


def handed_down(shelf: Ints, donor: Ints, code: Ints, weight: Floats, shelves: int) -> Ints:
    """The code of most weight among the orders of each shelf, a transfer having that of the shelf it comes from.

    Args:
        shelf, donor: Whom each order is for, and which shelf it comes from (−1 for a purchase), shape (orders,).
        code: Of each order; of a transfer it counts where nothing was ever ordered for the shelf it comes from, same shape.
        weight: Of each order, same shape.
        shelves: How many there are.
    """
    supplied = np.bincount(shelf, minlength=shelves) > 0
    giver = np.maximum(donor, 0)
    passes = (donor >= 0) & supplied[giver]
    found = usual(shelf[~passes], code[~passes], weight[~passes], shelves)
    for _ in range(ECHELONS if passes.any() else 0):
        found = usual(shelf, np.where(passes, found[giver], code), weight, shelves)
    return found


def usual(group: Ints, code: Ints, weight: Floats, groups: int) -> Ints:
    """The code of most weight in each group; 0 where there is none."""
    codes = int(code.max(initial=0)) + 1
    key, inverse = np.unique(group * codes + code, return_inverse=True)
    total = np.bincount(inverse, weight)
    order = np.argsort(total, kind="stable")
    found = np.zeros(groups, np.int64)
    found[key[order] // codes] = key[order] % codes
    return found
