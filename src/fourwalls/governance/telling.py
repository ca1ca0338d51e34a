"""What governance found of partners that fail, as the diagnosis carries it: controls, and what an outage would cost."""

from __future__ import annotations

from collections.abc import Mapping

from fourwalls.diagnosis import ControlTold, OutageTold
from fourwalls.figures import Refusal
from fourwalls.governance.controls import controls
from fourwalls.governance.rules import Governance

_NO_PRICE = Refusal(
    "no_price", "Cost of an outage", "no line that passes through this partner's hands has a price",
    "order_lines.price_amount, and cost_amount for its margin",
)  # fmt: skip


def controls_told(governance: Governance, names: Mapping[str, str]) -> tuple[ControlTold, ...]:
    """Each clause with its control and what the records say, those that fail or are absent first within a partner."""
    order = {"fails": 0, "absent": 1, "untested": 2, "works": 3}
    found = [
        ControlTold(c.party_id, names.get(c.party_id, c.party_id), c.question, c.clause, c.control, c.evidence, c.status)
        for c in controls(governance)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda c: (c.party_name, order[c.status])))


def outages_told(governance: Governance, names: Mapping[str, str]) -> tuple[OutageTold, ...]:
    """What an outage of each partner would cost at most, the costliest first."""
    found = [
        OutageTold(
            o.party_id, names.get(o.party_id, o.party_id), o.line_share, o.days, o.days_from, o.is_default, o.lines,
            _NO_PRICE if o.typical_amount is None else o.typical_amount,
            _NO_PRICE if o.bound_amount is None else o.bound_amount, o.amount_is,
        )
        for o in governance.outages
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda o: (o.lines if isinstance(o.bound, Refusal) else -o.bound, o.party_name)))
