"""What happens if a partner fails, as the page shows it: cost of an outage, and whether contracts would be noticed broken."""

from __future__ import annotations

from dataclasses import dataclass

from fourwalls.diagnosis import ControlTold, Diagnosis, OutageTold
from fourwalls.figures import Refusal
from fourwalls.numbers import slug
from fourwalls.surfaces import evidence_words, wording

STATUSES = ("fails", "absent", "untested", "works")


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A clause, its control and what the records say."""

    question: str
    clause: str
    control: str
    evidence: str
    status: str


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner: what an outage costs at most, and its controls, the worst first.

    Attributes:
        name: As people call it.
        lines: Part of order lines through its hands; "" where none pass.
        bound, typical: Cost of an outage until we could do without it, at most and on mean days.
        days, days_from: How long that is, and who says so.
        is_default: Whether nobody says so.
        counts: Status → how many controls.
        controls: Clause by clause.
        id: Of its outage, see `numbers`; "" where there is none.
    """

    name: str
    lines: str
    bound: str
    typical: str
    days: str
    days_from: str
    is_default: bool
    counts: tuple[tuple[str, int], ...]
    controls: tuple[ControlRow, ...]
    id: str


@dataclass(frozen=True, slots=True)
class Partners:
    """Partners with a contract, or whose hands order lines pass through, the costliest outage first."""

    rows: tuple[PartnerRow, ...]
    amount_is: str


def partners(diagnosis: Diagnosis) -> Partners | None:
    """Outages and controls, partner by partner; None where nothing is known of any.

    Args:
        diagnosis: The result.
    """
    outage = {o.party_id: o for o in diagnosis.outages}
    mine: dict[str, list[ControlTold]] = {}
    for c in diagnosis.controls:
        mine.setdefault(c.party_id, []).append(c)
    names = {o.party_id: o.party_name for o in diagnosis.outages} | {
        c.party_id: c.party_name for c in diagnosis.controls
    }
    rows = tuple(_row(name, outage.get(p), mine.get(p, []), diagnosis.currency) for p, name in names.items())
    kinds = {o.amount_is for o in diagnosis.outages}
    return Partners(rows, kinds.pop() if len(kinds) == 1 else "gross margin or order value") if rows else None


def _row(name: str, outage: OutageTold | None, controls: list[ControlTold], currency: str) -> PartnerRow:
    said = tuple(
        ControlRow(
            wording.opening(c.question.replace("_", " ")), wording.prose(c.clause or "no clause"), wording.sentence(c.control),
            wording.sentence(c.evidence), c.status,
        )
        for c in controls
    )  # fmt: skip
    counts = tuple((s, n) for s in STATUSES if (n := sum(c.status == s for c in controls)))
    if outage is None:
        return PartnerRow(wording.name(name), "", "", "", "", "", False, counts, said, "")
    bound, typical = (
        wording.NOT_KNOWN if isinstance(x, Refusal) else evidence_words.money(x, currency)
        for x in (outage.bound, outage.typical)
    )
    return PartnerRow(
        wording.name(name), wording.percent(outage.line_share), bound, typical, _days(outage.days),
        wording.prose(outage.days_from), outage.is_default, counts, said, f"outages.{slug(outage.party_id)}",
    )  # fmt: skip


def _days(days: float) -> str:
    """A length of time: "1 day", "2.5 days"."""
    return wording.plural(1, "day") if days == 1 else f"{days:,.4g} days"
