"""What a sum would be had a part of the record not been seen: standards are estimates, and their error belongs in the range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.accounts import Entries
from fourwalls.chain.order_flow import TIMED

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def with_shifts(sums: Floats, without: Floats, fold: Ints) -> Floats:
    """Sums by span that carry, besides what happened in each span, what the span did to the standards.

    Redrawing these redraws the standards along with the lines, to first order: the infinitesimal jackknife over folds of
    the record (Efron 1982, "The Jackknife, the Bootstrap and Other Resampling Plans", chapter 6; folds of consecutive
    spans as in Künsch 1989). Row sums stay what they were.

    Args:
        sums: Sums by span with the standards as they are, shape (rows, spans).
        without: Sums over all spans with standards read without each fold, shape (rows, folds).
        fold: Number of each span's fold, from 0, shape (spans,).

    Returns:
        Shape (rows, spans); single entries may be negative.
    """
    shift = without - sums.sum(axis=1, keepdims=True)
    per_span = (shift.mean(axis=1, keepdims=True) - shift) / np.bincount(fold, minlength=without.shape[1])
    shifted: Floats = sums + per_span[:, fold]
    return shifted


def totals_with_shifts(
    totals: Mapping[str, Floats],
    without: Sequence[Mapping[str, Floats]],
    scale: float,
    sampled: Mapping[str, Floats],
    fold: Ints,
) -> dict[str, Floats]:
    """`with_shifts` for named sums, shape (assets, spans) each.

    Args:
        totals: With the standards as they are.
        without: Fold → the same for a sample of the lines, shape (assets, 1).
        scale: All lines, divided by those in the sample.
        sampled: The sample's sums with the standards as they are, shape (assets, 1).
        fold: Number of each span's fold.
    """
    found = {}
    for name, sums in totals.items():
        change = np.hstack([each[name] - sampled[name] for each in without]) * scale
        found[name] = with_shifts(sums, sums.sum(axis=1, keepdims=True) + change, fold)
    return found


def entries_with_shifts(
    entries: Entries, without: Sequence[Entries], slacker: Entries, scale: float, sampled: Entries, fold: Ints
) -> Entries:
    """The same for contributions, and what slacker standards change; what only a changed standard would book is left out."""
    codes = _codes(entries)
    order = np.argsort(codes)

    def placed(part: Entries, values: Floats) -> Floats:
        sums = np.zeros(len(codes))
        mine = _codes(part)
        at = np.searchsorted(codes, mine, sorter=order).clip(max=max(len(codes) - 1, 0))
        known = codes[order[at]] == mine if len(codes) else np.zeros(len(mine), dtype=np.bool_)
        sums[order[at[known]]] = values[known, 0]
        return sums

    def slack(name: str) -> Floats:
        change = placed(slacker, getattr(slacker, name)) - placed(sampled, getattr(sampled, name))
        return np.where(entries.stage < TIMED, change * scale, 0.0)

    def shifted(name: str) -> Floats:
        values: Floats = getattr(entries, name)
        base = placed(sampled, getattr(sampled, name))
        change = np.stack([placed(each, getattr(each, name)) - base for each in without], axis=1) * scale
        return with_shifts(values, values.sum(axis=1, keepdims=True) + change, fold)

    return replace(
        entries,
        lines=shifted("lines"),
        amount=shifted("amount"),
        slack_lines=slack("lines"),
        slack_amount=slack("amount"),
    )


def _codes(entries: Entries) -> Ints:
    code = entries.asset.astype(np.int64)
    for values, size in ((entries.outcome, 8), (entries.stage, 8), (entries.wall, 4), (entries.party, 1 << 24)):
        code = code * size + values
    return code
